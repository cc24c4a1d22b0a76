#include "crypt/rsa.h"
#include "crypt/x509.h"
#include "objects.h"
#include "wire/tlv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Curve names of RFC 8032 and 7748 as PrintableString, a form of CKA_EC_PARAMS (3.1, 6.3.3). */
static const uint8_t name_ed25519[] = { 0x13, 12,  'e', 'd', 'w', 'a', 'r',
					'd',  's', '2', '5', '5', '1', '9' };
static const uint8_t name_x25519[] = { 0x13, 10, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9' };
/* pkcs11-tool 0.23 writes the second with a length that is one too long. */
static const uint8_t name_x25519_opensc[] = { 0x13, 11,  'c', 'u', 'r', 'v',
					      'e',  '2', '5', '5', '1', '9' };
/* The other form: OBJECT IDENTIFIERs of RFC 8410, and of those before it. */
static const uint8_t oid_ed25519[] = { 0x06, 3, 0x2B, 0x65, 0x70 };
static const uint8_t oid_x25519[] = { 0x06, 3, 0x2B, 0x65, 0x6E };
static const uint8_t oid_ed25519_gnu[] = { 0x06, 9,    0x2B, 0x06, 0x01, 0x04,
					   0x01, 0xDA, 0x47, 0x0F, 0x01 };
static const uint8_t oid_x25519_openpgp[] = { 0x06, 10,   0x2B, 0x06, 0x01, 0x04,
					      0x01, 0x97, 0x55, 0x01, 0x05, 0x01 };

static CK_KEY_TYPE key_type(enum sj_public_kind kind)
{
	switch (kind) {
	case SJ_PUBLIC_RSA:
		return CKK_RSA;
	case SJ_PUBLIC_EC:
		return CKK_EC;
	case SJ_PUBLIC_ED25519:
		return CKK_EC_EDWARDS;
	case SJ_PUBLIC_X25519:
		return CKK_EC_MONTGOMERY;
	case SJ_PUBLIC_NONE:
		break;
	}
	return P11_NOBODY;
}

enum sj_piv_algorithm p11_curve_algorithm(CK_KEY_TYPE type, struct sj_span parameters)
{
	if (type == CKK_EC_EDWARDS && (sj_span_eq(parameters, SJ_SPAN_OF(name_ed25519)) ||
				       sj_span_eq(parameters, SJ_SPAN_OF(oid_ed25519)) ||
				       sj_span_eq(parameters, SJ_SPAN_OF(oid_ed25519_gnu))))
		return SJ_PIV_ED25519;
	if (type == CKK_EC_MONTGOMERY && (sj_span_eq(parameters, SJ_SPAN_OF(name_x25519)) ||
					  sj_span_eq(parameters, SJ_SPAN_OF(name_x25519_opensc)) ||
					  sj_span_eq(parameters, SJ_SPAN_OF(oid_x25519)) ||
					  sj_span_eq(parameters, SJ_SPAN_OF(oid_x25519_openpgp))))
		return SJ_PIV_X25519;
	if (type != CKK_EC)
		return SJ_PIV_ALGORITHM_NONE;
	if (sj_curve_from_parameters(parameters) == SJ_P256)
		return SJ_PIV_P256;
	return sj_curve_from_parameters(parameters) == SJ_P384 ? SJ_PIV_P384
							       : SJ_PIV_ALGORITHM_NONE;
}

bool p11_put_public(struct p11_attributes *a, CK_OBJECT_CLASS class, struct sj_span spki)
{
	struct sj_public key;

	if (!sj_public_read(spki, &key))
		return false;
	p11_put_ulong(a, CKA_KEY_TYPE, key_type(key.kind));
	p11_put(a, CKA_PUBLIC_KEY_INFO, spki);
	if (key.kind == SJ_PUBLIC_RSA) {
		p11_put(a, CKA_MODULUS, key.modulus);
		p11_put(a, CKA_PUBLIC_EXPONENT, key.exponent);
		if (class == CKO_PUBLIC_KEY)
			p11_put_ulong(a, CKA_MODULUS_BITS, key.bits);
		return true;
	}
	if (key.kind == SJ_PUBLIC_EC)
		p11_put(a, CKA_EC_PARAMS, key.parameters);
	else
		p11_put(a, CKA_EC_PARAMS,
			key.kind == SJ_PUBLIC_ED25519 ? SJ_SPAN_OF(name_ed25519)
						      : SJ_SPAN_OF(name_x25519));
	p11_put_element(a, CKA_EC_POINT, 0x04, sj_ec_point_span(&key.point));
	return true;
}

/* --- templates ---------------------------------------------------------------- */

/* The bytes of CKA_EC_POINT: an OCTET STRING, or bare as older programs write them. */
static struct sj_span point_of(struct sj_span value, size_t bare)
{
	struct sj_span in = value, content;

	if (value.len != bare && sj_tlv_take(&in, 0x04, &content) == SJ_TLV_FOUND && in.len == 0)
		return content;
	return value;
}

static bool put_point(CK_KEY_TYPE type, struct sj_span parameters, struct sj_span value,
		      struct sj_writer *spki)
{
	const enum sj_curve curve = sj_curve_from_parameters(parameters);
	struct sj_ec_point point;

	if (type == CKK_EC)
		return sj_ec_point_read(curve, point_of(value, 1 + 2 * sj_curve_field_size(curve)),
					&point) &&
		       sj_ec_spki_put(spki, curve, &point, false);
	value = point_of(value, SJ_CFRG_KEY);
	if (value.len != SJ_CFRG_KEY ||
	    p11_curve_algorithm(type, parameters) == SJ_PIV_ALGORITHM_NONE)
		return false;
	sj_public_put_cfrg(spki, type == CKK_EC_EDWARDS ? SJ_PUBLIC_ED25519 : SJ_PUBLIC_X25519,
			   value.ptr);
	return true;
}

CK_RV p11_template_public(const CK_ATTRIBUTE *t, CK_ULONG n, struct sj_writer *spki)
{
	const struct sj_span modulus = p11_template_span(t, n, CKA_MODULUS);
	const struct sj_span exponent = p11_template_span(t, n, CKA_PUBLIC_EXPONENT);
	const struct sj_span parameters = p11_template_span(t, n, CKA_EC_PARAMS);
	const struct sj_span point = p11_template_span(t, n, CKA_EC_POINT);
	CK_KEY_TYPE type;

	if (!p11_template_ulong(t, n, CKA_KEY_TYPE, &type))
		return CKR_TEMPLATE_INCOMPLETE;
	if (type == CKK_RSA) {
		if (modulus.len == 0 || exponent.len == 0)
			return CKR_TEMPLATE_INCOMPLETE;
		sj_public_put_rsa(spki, modulus, exponent);
		return spki->failed || sj_rsa_modulus_size(sj_written(spki)) == 0
			       ? CKR_ATTRIBUTE_VALUE_INVALID
			       : CKR_OK;
	}
	if (type != CKK_EC && type != CKK_EC_EDWARDS && type != CKK_EC_MONTGOMERY)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (parameters.len == 0 || point.len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (type == CKK_EC && sj_curve_from_parameters(parameters) == SJ_CURVE_NONE)
		return CKR_CURVE_NOT_SUPPORTED;
	return put_point(type, parameters, point, spki) && !spki->failed
		       ? CKR_OK
		       : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* An unsigned INTEGER. */
static void put_number(struct sj_writer *w, struct sj_span n)
{
	while (n.len > 1 && n.ptr[0] == 0)
		n = sj_span(n.ptr + 1, n.len - 1);
	sj_tlv_put_header(w, 0x02, n.len + (n.ptr[0] >> 7));
	if (n.ptr[0] & 0x80)
		sj_put_u8(w, 0);
	sj_put(w, n);
}

/* RSAPrivateKey (RFC 8017, A.1.2) in PrivateKeyInfo (RFC 5208). */
static CK_RV put_rsa_private(const CK_ATTRIBUTE *t, CK_ULONG n, struct sj_writer *w)
{
	static const CK_ATTRIBUTE_TYPE parts[] = { CKA_MODULUS,          CKA_PUBLIC_EXPONENT,
						   CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
						   CKA_PRIME_2,          CKA_EXPONENT_1,
						   CKA_EXPONENT_2,       CKA_COEFFICIENT };
	const size_t at = sj_tlv_open(w);
	size_t octets, key;

	sj_der_put_small(w, 0);
	sj_put(w, SJ_SPAN_STR("\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05"));
	sj_put_u8(w, 0);
	octets = sj_tlv_open(w);
	key = sj_tlv_open(w);
	sj_der_put_small(w, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct sj_span number = p11_template_span(t, n, parts[i]);

		if (number.len == 0)
			return CKR_TEMPLATE_INCOMPLETE;
		put_number(w, number);
	}
	sj_tlv_close(w, 0x30, key);
	sj_tlv_close(w, 0x04, octets);
	sj_tlv_close(w, 0x30, at);
	return w->failed ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK;
}

/* ECPrivateKey (RFC 5915), or CurvePrivateKey (RFC 8410), in PrivateKeyInfo. */
static CK_RV put_curve_private(CK_KEY_TYPE type, const CK_ATTRIBUTE *t, CK_ULONG n,
			       struct sj_writer *w)
{
	const struct sj_span parameters = p11_template_span(t, n, CKA_EC_PARAMS);
	const struct sj_span value = p11_template_span(t, n, CKA_VALUE);
	const enum sj_piv_algorithm algorithm = p11_curve_algorithm(type, parameters);
	const size_t size = algorithm == SJ_PIV_P384 ? 48 : 32;
	const size_t at = sj_tlv_open(w);
	size_t inner, key;

	if (parameters.len == 0 || value.len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (algorithm == SJ_PIV_ALGORITHM_NONE)
		return CKR_CURVE_NOT_SUPPORTED;
	if (value.len > size || (type != CKK_EC && value.len != size))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	sj_der_put_small(w, 0);
	inner = sj_tlv_open(w);
	if (type == CKK_EC) {
		sj_put(w, SJ_SPAN_STR("\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01"));
		sj_put(w, parameters);
	} else {
		sj_put(w,
		       type == CKK_EC_EDWARDS ? SJ_SPAN_OF(oid_ed25519) : SJ_SPAN_OF(oid_x25519));
	}
	sj_tlv_close(w, 0x30, inner);
	inner = sj_tlv_open(w);
	key = sj_tlv_open(w);
	if (type == CKK_EC)
		sj_der_put_small(w, 1);
	sj_tlv_put_header(w, 0x04, size);
	for (size_t i = value.len; i < size; i++)
		sj_put_u8(w, 0);
	sj_put(w, value);
	if (type == CKK_EC)
		sj_tlv_close(w, 0x30, key);
	sj_tlv_close(w, 0x04, inner);
	sj_tlv_close(w, 0x30, at);
	return w->failed ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK;
}

CK_RV p11_template_private(const CK_ATTRIBUTE *t, CK_ULONG n, struct sj_writer *pkcs8)
{
	CK_KEY_TYPE type;

	if (!p11_template_ulong(t, n, CKA_KEY_TYPE, &type))
		return CKR_TEMPLATE_INCOMPLETE;
	if (type == CKK_RSA)
		return put_rsa_private(t, n, pkcs8);
	if (type == CKK_EC || type == CKK_EC_EDWARDS || type == CKK_EC_MONTGOMERY)
		return put_curve_private(type, t, n, pkcs8);
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

/* --- certificates --------------------------------------------------------------- */

static void put_date(struct p11_attributes *a, CK_ATTRIBUTE_TYPE type, int64_t when)
{
	const time_t seconds = (time_t)when;
	char text[sizeof(CK_DATE) + 1];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099 ||
	    strftime(text, sizeof(text), "%Y%m%d", &tm) != sizeof(CK_DATE))
		return;
	p11_put(a, type, sj_span((const uint8_t *)text, sizeof(CK_DATE)));
}

bool p11_put_certificate(struct p11_attributes *a, struct sj_span der)
{
	struct sj_cert cert;

	p11_put(a, CKA_VALUE, der);
	p11_put_ulong(a, CKA_CERTIFICATE_TYPE, CKC_X_509);
	p11_put_ulong(a, CKA_NAME_HASH_ALGORITHM, CKM_SHA_1);
	p11_put(a, CKA_SUBJECT, sj_span(NULL, 0));
	if (!sj_cert_read(der, &cert))
		return false;
	p11_put(a, CKA_SUBJECT, cert.subject);
	p11_put(a, CKA_ISSUER, cert.issuer);
	p11_put_element(a, CKA_SERIAL_NUMBER, 0x02, cert.serial);
	p11_put(a, CKA_PUBLIC_KEY_INFO, cert.spki);
	put_date(a, CKA_START_DATE, cert.not_before);
	put_date(a, CKA_END_DATE, cert.not_after);
	return true;
}
