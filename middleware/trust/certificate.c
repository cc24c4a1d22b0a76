/* certificate.c -- small questions about one certificate. */
#include <ctype.h>
#include <stdio.h>

#include "crypt/ec.h"
#include "trust/certificate.h"
#include "wire/tlv.h"

#define MODULUS_MIN 128u /* bytes */
#define MODULUS_MAX 1024u

/* rsaEncryption and id-RSASSA-PSS, RFC 4055, 1.2 and 3.1. */
static const uint8_t oid_rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 };
static const uint8_t oid_rsa_pss[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10 };
static const uint8_t oid_country[] = { 0x55, 0x04, 0x06 }; /* id-at-countryName, X.520 */

static void copy_country(struct sj_span text, char out[static 4])
{
	size_t i;

	for (i = 0; i < text.len && i < 3 && isalpha(text.ptr[i]); i++)
		out[i] = (char)toupper(text.ptr[i]);
	out[i] = 0;
}

/* One AttributeTypeAndValue of a RelativeDistinguishedName. */
static bool take_attribute(struct sj_span *set, struct sj_span *type, struct sj_span *value)
{
	struct sj_span attribute;
	uint32_t tag;

	return sj_tlv_take(set, 0x30, &attribute) == SJ_TLV_FOUND &&
	       sj_tlv_take(&attribute, 0x06, type) == SJ_TLV_FOUND &&
	       sj_tlv_next(&attribute, &tag, value) == SJ_TLV_FOUND;
}

void sj_name_country(struct sj_span name, char out[static 4])
{
	struct sj_span rdns, set, type, value;

	out[0] = 0;
	if (sj_tlv_take(&name, 0x30, &rdns) != SJ_TLV_FOUND)
		return;
	while (sj_tlv_take(&rdns, 0x31, &set) == SJ_TLV_FOUND)
		while (take_attribute(&set, &type, &value))
			if (sj_span_eq(type, SJ_SPAN_OF(oid_country)))
				copy_country(value, out);
}

/*
 * Bytes of an RSA modulus; 0: not an RSA key of a size that
 * sj_signature_verify() takes. Larger ones than raw RSA has (crypt/rsa.h) are
 * in use: 6144 bits in Moldova's CSCA certificates.
 */
static size_t modulus_size(struct sj_span spki)
{
	struct sj_span key, algorithm, oid, bits, numbers, n;
	uint8_t unused;

	if (sj_tlv_take(&spki, 0x30, &key) != SJ_TLV_FOUND ||
	    sj_tlv_take(&key, 0x30, &algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take(&algorithm, 0x06, &oid) != SJ_TLV_FOUND ||
	    sj_tlv_take(&key, 0x03, &bits) != SJ_TLV_FOUND)
		return 0;
	if (!sj_span_eq(oid, SJ_SPAN_OF(oid_rsa)) && !sj_span_eq(oid, SJ_SPAN_OF(oid_rsa_pss)))
		return 0;
	if (!sj_take_u8(&bits, &unused) || unused != 0 ||
	    sj_tlv_take(&bits, 0x30, &numbers) != SJ_TLV_FOUND ||
	    sj_tlv_take(&numbers, 0x02, &n) != SJ_TLV_FOUND)
		return 0;
	while (n.len > 0 && n.ptr[0] == 0)
		n = sj_span(n.ptr + 1, n.len - 1);
	return n.len >= MODULUS_MIN && n.len <= MODULUS_MAX ? n.len : 0;
}

void sj_cert_key_text(const struct sj_cert *cert, char *out, size_t cap)
{
	size_t modulus = modulus_size(cert->spki);
	struct sj_ec_point point;
	enum sj_curve curve;

	if (modulus > 0)
		snprintf(out, cap, "RSA-%zu", modulus * 8);
	else if (sj_ec_spki_read(cert->spki, &curve, &point))
		snprintf(out, cap, "%s", sj_curve_name(curve));
	else
		snprintf(out, cap, "unknown");
}

bool sj_cert_key_usable(const struct sj_cert *cert)
{
	struct sj_ec_point point;
	enum sj_curve curve;

	return modulus_size(cert->spki) > 0 || sj_ec_spki_read(cert->spki, &curve, &point);
}

bool sj_cert_may_certify(const struct sj_cert *cert)
{
	return cert->is_ca && (cert->key_usage & SJ_USAGE_CERT_SIGN) && !cert->unknown_critical;
}

bool sj_cert_identifies_issuer(const struct sj_cert *cert, const struct sj_cert *issuer)
{
	return cert->authority_key_id.len > 0 &&
	       sj_span_eq(cert->authority_key_id, issuer->subject_key_id);
}

bool sj_cert_names_issuer(const struct sj_cert *cert, const struct sj_cert *issuer)
{
	bool both = cert->authority_key_id.len > 0 && issuer->subject_key_id.len > 0;

	return sj_name_eq(cert->issuer, issuer->subject) &&
	       (!both || sj_cert_identifies_issuer(cert, issuer));
}

bool sj_cert_is_own_issuer(const struct sj_cert *cert)
{
	return sj_cert_names_issuer(cert, cert);
}

bool sj_cert_valid_at(const struct sj_cert *cert, int64_t when)
{
	return cert->not_before <= when && when <= cert->not_after;
}

bool sj_cert_has_extended_usage(const struct sj_cert *cert, struct sj_span oid)
{
	struct sj_span rest = cert->extended_key_usage, one;

	while (sj_tlv_take(&rest, 0x06, &one) == SJ_TLV_FOUND)
		if (sj_span_eq(one, oid))
			return true;
	return false;
}
