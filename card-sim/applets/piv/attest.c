/*
 * attest.c -- the attestation of a key that was made on the card: an X.509
 * certificate (RFC 5280) signed by key F9, in the form of YubiKeys.
 */
#include <string.h>

#include "crypt/random.h"
#include "crypt/scheme.h"
#include "secure/piv_spki.h"
#include "wire/std/rfc5652.h"
#include "wire/sw.h"
#include "wire/tlv.h"
#include "yubico.h"

#define TBS_MAX 1600u /* with an RSA-4096 key, and names of some hundred bytes */
#define SIGNATURE_MAX SJ_RSA_MAX
#define VERSION_3 2u

/* Extensions 1.3.6.1.4.1.41482.3.x ("PIV attestation" of Yubico's documentation). */
#define EXTENSION_FIRMWARE 3
#define EXTENSION_SERIAL 7
#define EXTENSION_POLICY 8
#define EXTENSION_FORM_FACTOR 9
#define FORM_FACTOR_UNSPECIFIED "\x00"

/* RFC 8410, 3. */
static const uint8_t ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70 };

/* --- the parts of a certificate ------------------------------------------------------- */

static void put_bits(struct sj_writer *w, struct sj_span bits)
{
	sj_tlv_put_header(w, SJ_ASN1_BIT_STRING, bits.len + 1);
	sj_put_u8(w, 0);
	sj_put(w, bits);
}

/* A DER INTEGER from an unsigned number. */
static void put_unsigned(struct sj_writer *w, struct sj_span n)
{
	const bool pad = n.len == 0 || (n.ptr[0] & 0x80) != 0;

	sj_tlv_put_header(w, SJ_ASN1_INTEGER, n.len + pad);
	if (pad)
		sj_put_u8(w, 0);
	sj_put(w, n);
}

/* SubjectPublicKeyInfo from the content of 7F49. */
static bool put_public(struct sj_writer *w, uint8_t algorithm, struct sj_span content)
{
	struct sj_piv_public key;

	return sj_piv_public_read(content, &key) && sj_piv_key_spki_put(w, algorithm, &key);
}

/* CN=Sojourn PIV Attestation 9a */
static void put_subject(struct sj_writer *w, uint8_t ref)
{
	static const uint8_t common_name[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
	static const char digits[] = "0123456789abcdef";
	size_t name = sj_tlv_open(w), set = sj_tlv_open(w), pair = sj_tlv_open(w), text;

	sj_put(w, SJ_SPAN_OF(common_name));
	text = sj_tlv_open(w);
	sj_put(w, SJ_SPAN_STR("Sojourn PIV Attestation "));
	sj_put_u8(w, (uint8_t)digits[ref >> 4]);
	sj_put_u8(w, (uint8_t)digits[ref & 0x0F]);
	sj_tlv_close(w, SJ_ASN1_PRINTABLE_STRING, text);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, pair);
	sj_tlv_close(w, SJ_ASN1_SET, set);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, name);
}

static void put_extension(struct sj_writer *w, uint8_t last_arc, struct sj_span value)
{
	static const uint8_t arc[] = { 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xC4, 0x0A, 0x03 };
	size_t extension = sj_tlv_open(w), oid = sj_tlv_open(w);

	sj_put(w, SJ_SPAN_OF(arc));
	sj_put_u8(w, last_arc);
	sj_tlv_close(w, SJ_ASN1_OID, oid);
	sj_tlv_put(w, SJ_ASN1_OCTET_STRING, value);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, extension);
}

/* A card without serial number has no such extension. */
static void put_extensions(struct sj_writer *w, const struct piv_key *key, uint32_t serial)
{
	const uint8_t policy[] = { key->pin_policy, key->touch_policy };
	uint8_t number[4], integer[8];
	struct sj_writer n = SJ_WRITER_OF(number), i = SJ_WRITER_OF(integer);
	size_t outer = sj_tlv_open(w), list = sj_tlv_open(w), zeros = 0;

	put_extension(w, EXTENSION_FIRMWARE, SJ_SPAN_STR(YUBICO_VERSION));
	if (serial != 0) {
		sj_put_be(&n, sizeof(number), serial);
		while (number[zeros] == 0)
			zeros++;
		put_unsigned(&i, sj_span(number + zeros, sizeof(number) - zeros));
		put_extension(w, EXTENSION_SERIAL, sj_written(&i));
	}
	put_extension(w, EXTENSION_POLICY, SJ_SPAN_OF(policy));
	put_extension(w, EXTENSION_FORM_FACTOR, SJ_SPAN_STR(FORM_FACTOR_UNSPECIFIED));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, list);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(3), outer);
}

/* --- who signs --------------------------------------------------------------------------- */

struct signer {
	struct piv_key key;
	struct yubico_signer certificate;
};

static bool take_element(struct sj_span *in, uint32_t tag, struct sj_span *out)
{
	return sj_tlv_take_element(in, tag, out) == SJ_TLV_FOUND;
}

bool yubico_signer_read(struct sj_span der, struct yubico_signer *out)
{
	struct sj_span certificate, tbs, skipped;

	return sj_tlv_take(&der, SJ_ASN1_SEQUENCE, &certificate) == SJ_TLV_FOUND && der.len == 0 &&
	       sj_tlv_take(&certificate, SJ_ASN1_SEQUENCE, &tbs) == SJ_TLV_FOUND &&
	       take_element(&tbs, SJ_ASN1_CONTEXT(0), &skipped) &&
	       take_element(&tbs, SJ_ASN1_INTEGER, &skipped) &&
	       take_element(&tbs, SJ_ASN1_SEQUENCE, &skipped) && /* algorithm */
	       take_element(&tbs, SJ_ASN1_SEQUENCE, &skipped) && /* issuer */
	       take_element(&tbs, SJ_ASN1_SEQUENCE, &out->validity) &&
	       take_element(&tbs, SJ_ASN1_SEQUENCE, &out->subject);
}

static bool find_signer(const struct card_store *store, struct signer *out)
{
	struct sj_piv_certificate c;
	struct sj_span value;

	return piv_key_find(store, YUBICO_KEY_ATTESTATION, &out->key) &&
	       out->key.algorithm != YUBICO_ALG_X25519 &&
	       piv_data_find(store, YUBICO_OBJECT_ATTESTATION_CERTIFICATE, &value) &&
	       sj_piv_certificate_read(value, &c) && !c.gzip &&

	       yubico_signer_read(c.certificate, &out->certificate);
}

static struct sj_scheme scheme_of(const struct piv_key *key)
{
	const enum sj_hash hash = key->algorithm == PIV_ALG_P384 ? SJ_SHA384 : SJ_SHA256;

	return (struct sj_scheme){
		.kind = sj_piv_curve(key->algorithm) != SJ_CURVE_NONE ? SJ_SCHEME_ECDSA
								      : SJ_SCHEME_PKCS1,
		.hash = hash,
	};
}

static bool put_algorithm(const struct piv_key *key, struct sj_writer *w)
{
	const struct sj_scheme scheme = scheme_of(key);

	if (key->algorithm != YUBICO_ALG_ED25519)
		return sj_scheme_put(&scheme, w);
	sj_put(w, SJ_SPAN_OF(ed25519));
	return true;
}

/* EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 9.2). */
static void pad(struct sj_writer *w, size_t size, struct sj_span digest)
{
	static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

	sj_put_be(w, 2, 1);
	sj_put_fill(w, 0xFF, size - 3 - sizeof(info) - digest.len);
	sj_put_u8(w, 0);
	sj_put(w, SJ_SPAN_OF(info));
	sj_put(w, digest);
}

static uint16_t sign(const struct piv_key *key, struct sj_span tbs, struct sj_writer *out)
{
	const struct sj_scheme scheme = scheme_of(key);
	uint8_t hash[SJ_HASH_MAX], block[SJ_RSA_MAX];
	struct sj_writer padded = SJ_WRITER_OF(block);
	struct sj_span digest = sj_span(hash, sj_hash_size(scheme.hash));

	if (key->algorithm == YUBICO_ALG_ED25519)
		return piv_key_use(key, false, tbs, out);
	if (!sj_hash(scheme.hash, &tbs, 1, hash))
		return SJ_SW_UNKNOWN;
	if (scheme.kind == SJ_SCHEME_ECDSA)
		return piv_key_use(key, false, digest, out);
	pad(&padded, sj_piv_algorithm_size(key->algorithm), digest);
	return piv_key_use(key, false, sj_written(&padded), out);
}

/* --- the whole ------------------------------------------------------------------------------ */

/* Positive, 16 bytes whatever it is. */
static bool put_serial_number(struct card *card, struct sj_writer *w)
{
	uint8_t n[16];

	if (!sj_random_fill(card_random(card), n, sizeof(n)))
		return false;
	n[0] = (uint8_t)((n[0] & 0x3F) | 0x40);
	put_unsigned(w, SJ_SPAN_OF(n));
	return true;
}

/* The key that may be attested: 9000, else why not. */
static uint16_t find_attested(const struct card_store *store, uint8_t ref, struct piv_key *key,
			      struct sj_span *public_key)
{
	if (!sj_piv_key_is(ref) || ref == YUBICO_KEY_ATTESTATION)
		return SJ_SW_WRONG_DATA;
	if (!piv_key_find(store, ref, key) || !piv_key_public(store, ref, public_key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return key->origin == PIV_GENERATED ? SJ_SW_OK : SJ_SW_WRONG_DATA;
}

static bool put_tbs(struct card *card, uint8_t ref, const struct signer *signer,
		    struct sj_writer *w)
{
	const struct card_store *store = card_store_of(card);
	size_t tbs = sj_tlv_open(w), at = sj_tlv_open(w);
	struct sj_span public_key;
	struct piv_key key;

	sj_der_put_small(w, VERSION_3);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), at);
	if (find_attested(store, ref, &key, &public_key) != SJ_SW_OK ||
	    !put_serial_number(card, w) || !put_algorithm(&signer->key, w))
		return false;
	sj_put(w, signer->certificate.subject);
	sj_put(w, signer->certificate.validity);
	put_subject(w, ref);
	if (!put_public(w, key.algorithm, public_key))
		return false;
	put_extensions(w, &key, yubico_serial(store));
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, tbs);
	return !w->failed;
}

uint16_t yubico_attestation(struct card *card, uint8_t ref, struct sj_writer *out)
{
	const struct card_store *store = card_store_of(card);
	uint8_t tbs[TBS_MAX], signature[SIGNATURE_MAX];
	struct sj_writer t = SJ_WRITER_OF(tbs), s = SJ_WRITER_OF(signature);
	const size_t at = sj_tlv_open(out);
	struct sj_span public_key;
	struct signer signer;
	struct piv_key key;
	uint16_t sw = find_attested(store, ref, &key, &public_key);

	if (sw != SJ_SW_OK)
		return sw;
	if (!find_signer(store, &signer))
		return SJ_SW_CONDITIONS;
	if (!put_tbs(card, ref, &signer, &t))
		return SJ_SW_UNKNOWN;
	sw = sign(&signer.key, sj_written(&t), &s);
	if (sw != SJ_SW_OK)
		return sw;
	sj_put(out, sj_written(&t));
	if (!put_algorithm(&signer.key, out))
		return SJ_SW_UNKNOWN;
	put_bits(out, sj_written(&s));
	sj_tlv_close(out, SJ_ASN1_SEQUENCE, at);
	return SJ_SW_OK;
}

/* P1 names the key. A private key is used: as those are, only over the contact interface or VCI. */
uint16_t piv_attest(struct card_call *call)
{
	if (!piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	return yubico_attestation(call->card, call->apdu->p1, call->out);
}
