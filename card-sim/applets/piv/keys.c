/*
 * keys.c -- private keys: stored, and used.
 *
 * Source: NIST SP 800-73-5, part 1, 5.1 (table 5); SP 800-78-5, tables 8 and 9;
 * policies and the two curves of RFC 7748 and 8032 as YubiKey 5.7 has them.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "secure/piv_spki.h"
#include "state.h"
#include "wire/tlv.h"

#define HEAD_SIZE 4u /* algorithm, policies, origin */
#define DIGEST_MAX 64u
#define TAG_INTEGER 0x02
#define TAG_OCTETS 0x04
#define TAG_SEQUENCE 0x30

bool piv_key_ref_is(uint8_t ref)
{
	return ref == PIV_KEY_SECURE_MESSAGING || sj_piv_key_is(ref);
}

static bool is_rsa(uint8_t algorithm)
{
	return algorithm == PIV_ALG_RSA_2048 || algorithm == PIV_ALG_RSA_3072 ||
	       algorithm == YUBICO_ALG_RSA_4096;
}

bool piv_key_may_agree(uint8_t ref)
{
	return ref == PIV_KEY_MANAGEMENT ||
	       (ref >= PIV_KEY_RETIRED_FIRST && ref <= PIV_KEY_RETIRED_LAST);
}

bool piv_key_fits(uint8_t ref, uint8_t algorithm)
{
	if (ref == PIV_KEY_SECURE_MESSAGING)
		return algorithm == PIV_ALG_CS2 || algorithm == PIV_ALG_CS7;
	if (!sj_piv_key_is(ref))
		return false;
	return is_rsa(algorithm) || algorithm == PIV_ALG_P256 || algorithm == PIV_ALG_P384 ||
	       algorithm == YUBICO_ALG_ED25519 ||
	       (algorithm == YUBICO_ALG_X25519 && piv_key_may_agree(ref));
}

static uint8_t policy_of(uint8_t ref)
{
	if (ref == PIV_KEY_CARD_AUTHENTICATION || ref == PIV_KEY_SECURE_MESSAGING)
		return YUBICO_PIN_POLICY_NEVER;
	return ref == PIV_KEY_SIGNATURE ? YUBICO_PIN_POLICY_ALWAYS : YUBICO_PIN_POLICY_ONCE;
}

/* --- the store ---------------------------------------------------------------------- */

bool piv_key_find(const struct card_store *store, uint8_t ref, struct piv_key *out)
{
	struct sj_span in;

	if (!piv_key_ref_is(ref) || !card_store_get(store, PIV_STORE_KEY + ref, &in) ||
	    !sj_take_u8(&in, &out->algorithm) || !sj_take_u8(&in, &out->pin_policy) ||
	    !sj_take_u8(&in, &out->touch_policy) || !sj_take_u8(&in, &out->origin))
		return false;
	out->secret = in;
	return true;
}

bool piv_key_public(const struct card_store *store, uint8_t ref, struct sj_span *content)
{
	return piv_key_ref_is(ref) && card_store_get(store, PIV_STORE_PUBLIC + ref, content);
}

static bool store_key(struct card_store *store, uint8_t ref, const struct piv_key *key)
{
	uint8_t bytes[HEAD_SIZE + PIV_PRIVATE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool ok;

	sj_put_u8(&w, key->algorithm);
	sj_put_u8(&w, key->pin_policy);
	sj_put_u8(&w, key->touch_policy);
	sj_put_u8(&w, key->origin);
	sj_put(&w, key->secret);
	ok = !w.failed && card_store_set(store, PIV_STORE_KEY + ref, sj_written(&w));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/* A positive INTEGER without its leading zero. */
static bool take_number(struct sj_span *in, struct sj_span *out)
{
	uint8_t zero;

	if (sj_tlv_take(in, TAG_INTEGER, out) != SJ_TLV_FOUND)
		return false;
	if (out->len > 1 && out->ptr[0] == 0)
		return sj_take_u8(out, &zero);
	return true;
}

/* Modulus and exponent of a PKCS#8 key (RFC 5208, 5; RFC 8017, A.1.2). */
static bool rsa_public(struct sj_span pkcs8, struct sj_piv_public *out)
{
	struct sj_span body, version, algorithm, octets, numbers;

	return sj_tlv_take(&pkcs8, TAG_SEQUENCE, &body) == SJ_TLV_FOUND &&
	       sj_tlv_take(&body, TAG_INTEGER, &version) == SJ_TLV_FOUND &&
	       sj_tlv_take(&body, TAG_SEQUENCE, &algorithm) == SJ_TLV_FOUND &&
	       sj_tlv_take(&body, TAG_OCTETS, &octets) == SJ_TLV_FOUND &&
	       sj_tlv_take(&octets, TAG_SEQUENCE, &numbers) == SJ_TLV_FOUND &&
	       sj_tlv_take(&numbers, TAG_INTEGER, &version) == SJ_TLV_FOUND &&
	       take_number(&numbers, &out->modulus) && take_number(&numbers, &out->exponent);
}

/* The public half; `point` holds one that is computed. False: not a key of its algorithm. */
static bool public_of(const struct piv_key *key, struct sj_ec_point *point,
		      struct sj_piv_public *out)
{
	enum sj_curve curve = sj_piv_curve(key->algorithm);
	struct sj_ec_secret k = { .len = 0 };
	bool ok = false;

	*out = (struct sj_piv_public){ .point = sj_span(NULL, 0) };
	point->len = 0;
	if (is_rsa(key->algorithm))
		return sj_rsa_private_size(key->secret) == sj_piv_algorithm_size(key->algorithm) &&
		       rsa_public(key->secret, out);
	if (curve != SJ_CURVE_NONE) {
		ok = sj_ec_secret_read(curve, key->secret, &k) &&
		     sj_ec_multiply(curve, &k, NULL, point);
		sj_wipe(&k, sizeof(k));
	} else if (key->secret.len == SJ_CFRG_KEY) {
		point->len = SJ_CFRG_KEY;
		ok = key->algorithm == YUBICO_ALG_ED25519
			     ? sj_ed25519_public(key->secret.ptr, point->bytes)
			     : sj_x25519_public(key->secret.ptr, point->bytes);
	}
	out->point = sj_ec_point_span(point);
	return ok;
}

static bool store_public(struct card_store *store, uint8_t ref, const struct sj_piv_public *public)
{
	uint8_t bytes[PIV_PUBLIC_MAX + 8u];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span whole, content;

	sj_piv_public_put(&w, public);
	whole = sj_written(&w);
	return !w.failed && sj_tlv_take(&whole, PIV_TAG_PUBLIC_KEY, &content) == SJ_TLV_FOUND &&
	       card_store_set(store, PIV_STORE_PUBLIC + ref, content);
}

uint16_t piv_key_set(struct card *card, uint8_t ref, const struct piv_key *key)
{
	struct card_store *store = card_store_of(card);
	struct sj_piv_public public;
	struct sj_ec_point point;
	struct piv_key whole = *key;

	if (whole.pin_policy == 0)
		whole.pin_policy = policy_of(ref);
	if (whole.touch_policy == 0)
		whole.touch_policy = YUBICO_TOUCH_POLICY_NEVER;
	if (!piv_key_fits(ref, key->algorithm) || whole.pin_policy > YUBICO_PIN_POLICY_ALWAYS ||
	    whole.touch_policy != YUBICO_TOUCH_POLICY_NEVER || !public_of(key, &point, &public))
		return SJ_SW_WRONG_DATA;
	if (!store_key(store, ref, &whole) || !store_public(store, ref, &public) ||
	    (ref == PIV_KEY_SECURE_MESSAGING && !card_store_delete(store, PIV_STORE_CVC)) ||
	    !piv_content_change(card))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

uint16_t piv_key_delete(struct card *card, uint8_t ref)
{
	struct card_store *store = card_store_of(card);
	struct piv_key key;

	if (!piv_key_find(store, ref, &key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!card_store_delete(store, PIV_STORE_KEY + ref) ||
	    !card_store_delete(store, PIV_STORE_PUBLIC + ref) || !piv_content_change(card))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

uint16_t piv_key_move(struct card *card, uint8_t from, uint8_t to)
{
	uint8_t secret[PIV_PRIVATE_MAX];
	struct sj_writer w = SJ_WRITER_OF(secret);
	struct piv_key key;
	uint16_t sw;

	if (from == to || !piv_key_find(card_store_of(card), from, &key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	sj_put(&w, key.secret);
	key.secret = sj_written(&w);
	sw = w.failed ? SJ_SW_MEMORY_FAILURE : piv_key_set(card, to, &key);
	if (sw == SJ_SW_OK)
		sw = piv_key_delete(card, from);
	sj_wipe(secret, sizeof(secret));
	return sw;
}

/* --- use ------------------------------------------------------------------------------ */

static uint16_t use_rsa(const struct piv_key *key, struct sj_span in, struct sj_writer *out)
{
	uint8_t result[SJ_RSA_MAX];
	uint16_t sw = SJ_SW_WRONG_DATA; /* also a block that is not below the modulus */

	if (in.len == sj_rsa_private_size(key->secret) && sj_rsa_private(key->secret, in, result)) {
		sj_put(out, sj_span(result, in.len));
		sw = SJ_SW_OK;
	}
	sj_wipe(result, sizeof(result));
	return sw;
}

static uint16_t use_ec(const struct piv_key *key, bool exchange, struct sj_span in,
		       struct sj_writer *out)
{
	enum sj_curve curve = sj_piv_curve(key->algorithm);
	uint8_t plain[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_secret k = { .len = 0 };
	struct sj_ec_point peer;
	uint16_t sw = SJ_SW_WRONG_DATA;
	size_t n;

	if (exchange ? !sj_ec_point_read(curve, in, &peer) : in.len == 0 || in.len > DIGEST_MAX)
		return sw;
	sw = SJ_SW_UNKNOWN;
	if (!sj_ec_secret_read(curve, key->secret, &k))
		goto out;
	if (!exchange && sj_ec_sign(curve, &k, in, plain, &n) &&
	    sj_ecdsa_to_der(sj_span(plain, n), out))
		sw = SJ_SW_OK;
	if (exchange && sj_ec_agree(curve, &k, &peer, plain)) {
		sj_put(out, sj_span(plain, sj_curve_field_size(curve)));
		sw = SJ_SW_OK;
	}
out:
	sj_wipe(&k, sizeof(k));
	sj_wipe(plain, sizeof(plain));
	return sw;
}

static uint16_t use_cfrg(const struct piv_key *key, bool exchange, struct sj_span in,
			 struct sj_writer *out)
{
	bool agrees = key->algorithm == YUBICO_ALG_X25519;
	uint8_t result[SJ_ED25519_SIGNATURE];
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (agrees != exchange || key->secret.len != SJ_CFRG_KEY)
		return sw;
	if (agrees && in.len == SJ_CFRG_KEY && sj_x25519_agree(key->secret.ptr, in.ptr, result)) {
		sj_put(out, sj_span(result, SJ_CFRG_KEY));
		sw = SJ_SW_OK;
	}
	if (!agrees && sj_ed25519_sign(key->secret.ptr, in, result)) {
		sj_put(out, SJ_SPAN_OF(result));
		sw = SJ_SW_OK;
	}
	sj_wipe(result, sizeof(result));
	return sw;
}

uint16_t piv_key_use(const struct piv_key *key, bool exchange, struct sj_span in,
		     struct sj_writer *out)
{
	if (is_rsa(key->algorithm))
		return exchange ? SJ_SW_WRONG_DATA : use_rsa(key, in, out);
	if (sj_piv_curve(key->algorithm) != SJ_CURVE_NONE)
		return use_ec(key, exchange, in, out);
	return use_cfrg(key, exchange, in, out);
}
