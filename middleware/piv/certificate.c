/* certificate.c -- certificates of card keys, described and judged. */
#include <sojourn/certificate.h>

#include <string.h>

#include "crypt/x509.h"
#include "reader/memory.h"
#include "trust/keyca.h"
#include "wire/hex.h"
#include "wire/std/rfc5652.h"
#include "wire/std/sp800-73.h"
#include "wire/tlv.h"

enum sj_rc sj_certificate_describe(const uint8_t *der, size_t len, struct sj_certificate_info *out)
{
	const unsigned mark = sj_memory_mark();
	const size_t size = out->size;
	struct sj_certificate_info info = { .size = size };
	struct sj_cert cert;

	if (!sj_cert_read(sj_span(der, len), &cert))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	sj_name_text(cert.subject, info.subject, sizeof(info.subject));
	sj_name_text(cert.issuer, info.issuer, sizeof(info.issuer));
	if (!sj_hex_text(cert.serial, SJ_HEX_UPPER, info.serial, sizeof(info.serial)))
		info.serial[0] = '\0';
	info.not_before = cert.not_before;
	info.not_after = cert.not_after;
	info.self_signed = sj_name_eq(cert.issuer, cert.subject);
	memcpy(out, &info, size < sizeof(info) ? size : sizeof(info));
	return SJ_OK;
}

/* --- attestation -------------------------------------------------------------- */

/* The extensions 1.3.6.1.4.1.41482.3.x by their last arc. */
enum { EXTENSION_VERSION = 3, EXTENSION_SERIAL = 7, EXTENSION_POLICY = 8 };

/* The list of extensions; empty: there is none. */
static struct sj_span extensions_of(const struct sj_cert *cert)
{
	struct sj_span tbs = cert->tbs, content, outer, list;

	if (sj_tlv_take(&tbs, SJ_ASN1_SEQUENCE, &content) != SJ_TLV_FOUND ||
	    sj_tlv_find(content, SJ_ASN1_CONTEXT(3), &outer) != SJ_TLV_FOUND ||
	    sj_tlv_take(&outer, SJ_ASN1_SEQUENCE, &list) != SJ_TLV_FOUND)
		return sj_span(NULL, 0);
	return list;
}

/* The value of a Yubico extension. False: the statement has none, or it is malformed. */
static bool find_extension(struct sj_span list, uint8_t last_arc, struct sj_span *value)
{
	const uint8_t sought[] = { 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xC4, 0x0A, 0x03, last_arc };
	struct sj_span extension, oid, critical;

	while (sj_tlv_take(&list, SJ_ASN1_SEQUENCE, &extension) == SJ_TLV_FOUND) {
		if (sj_tlv_take(&extension, SJ_ASN1_OID, &oid) != SJ_TLV_FOUND)
			return false;
		if (!sj_span_eq(oid, SJ_SPAN_OF(sought)))
			continue;
		if (sj_tlv_take(&extension, SJ_ASN1_BOOLEAN, &critical) == SJ_TLV_MALFORMED)
			return false;
		return sj_tlv_take(&extension, SJ_ASN1_OCTET_STRING, value) == SJ_TLV_FOUND;
	}
	return false;
}

/* What the statement says. False: not such a statement. */
static bool read_statement(const struct sj_cert *cert, struct sj_attestation *out)
{
	const struct sj_span list = extensions_of(cert);
	struct sj_span value;

	if (cert->spki.len > sizeof(out->spki) ||
	    !find_extension(list, EXTENSION_VERSION, &value) || value.len != sizeof(out->version))
		return false;
	memcpy(out->version, value.ptr, value.len);
	memcpy(out->spki, cert->spki.ptr, cert->spki.len);
	out->spki_len = cert->spki.len;
	if (find_extension(list, EXTENSION_SERIAL, &value) &&
	    !sj_der_take_small(&value, &out->serial))
		return false;
	if (find_extension(list, EXTENSION_POLICY, &value)) {
		if (value.len != 2)
			return false;
		out->pin_always = value.ptr[0] == YUBICO_PIN_POLICY_ALWAYS;
		out->pin_never = value.ptr[0] == YUBICO_PIN_POLICY_NEVER;
	}
	return true;
}

enum sj_rc sj_attestation_judge(struct sj_trust *trust, const uint8_t *statement,
				size_t statement_len, const uint8_t *attester, size_t attester_len,
				int64_t now, struct sj_attestation *out)
{
	const unsigned mark = sj_memory_mark();
	const size_t size = out->size;
	const struct sj_span der = sj_span(attester, attester_len);
	enum sj_rc rc;
	struct sj_attestation a = { .size = size };
	struct sj_cert stated, signer;

	if (!sj_cert_read(sj_span(statement, statement_len), &stated) ||
	    !sj_cert_read(der, &signer) || !read_statement(&stated, &a))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	if (!sj_name_eq(stated.issuer, signer.subject) || !sj_cert_signed_by(&stated, signer.spki))
		return sj_memory_rc(mark, SJ_CHAIN_SIGNATURE);
	memcpy(out, &a, size < sizeof(a) ? size : sizeof(a));
	rc = sj_trust_judge_key(trust, der, SJ_KEY_OF_ATTESTATION, now);
	if (rc == SJ_OK && sj_trust_key_status(trust, der, now) == SJ_CARD_REVOKED)
		rc = SJ_CARD_REVOKED;
	return sj_memory_rc(mark, rc);
}
