#include "crypt/x509.h"
#include "crypt/internal.h"
#include "crypt/time.h"

#define TAG_BOOLEAN 0x01u
#define TAG_INTEGER 0x02u
#define TAG_BIT_STRING 0x03u
#define TAG_OCTET_STRING 0x04u
#define TAG_OID 0x06u
#define TAG_SEQUENCE 0x30u

/* id-ce (2.5.29): the last byte of its extensions, RFC 5280, 4.2.1. */
enum ce {
	CE_SUBJECT_KEY_ID = 14,
	CE_KEY_USAGE = 15,
	CE_PRIVATE_KEY_USAGE_PERIOD = 16,
	CE_SUBJECT_ALT_NAME = 17,
	CE_ISSUER_ALT_NAME = 18,
	CE_BASIC_CONSTRAINTS = 19,
	CE_CERTIFICATE_POLICIES = 32,
	CE_AUTHORITY_KEY_ID = 35,
	CE_EXTENDED_KEY_USAGE = 37,
};

/* id-icao-mrtd-security-extensions 2.23.136.1.1.6 (Doc 9303-10, table 99). */
static const uint8_t icao_extensions[] = { 0x67, 0x81, 0x08, 0x01, 0x01, 0x06 };

struct extension {
	struct sj_span oid, value;
	bool critical;
};

static bool take_extension(struct sj_span *in, struct extension *e)
{
	struct sj_span body, flag;

	e->critical = false;
	if (!sj_der_take(in, TAG_SEQUENCE, &body) || !sj_der_take(&body, TAG_OID, &e->oid))
		return false;
	if (sj_der_take(&body, TAG_BOOLEAN, &flag)) {
		if (flag.len != 1)
			return false;
		e->critical = flag.ptr[0] != 0;
	}
	return sj_der_take(&body, TAG_OCTET_STRING, &e->value) && body.len == 0;
}

/* The last byte of an id-ce OID, 0 for any other. */
static unsigned ce_number(struct sj_span oid)
{
	return oid.len == 3 && oid.ptr[0] == 0x55 && oid.ptr[1] == 0x1D ? oid.ptr[2] : 0;
}

static bool read_key_usage(struct sj_span value, struct sj_cert *out)
{
	struct sj_span bits;
	uint8_t unused, first = 0;

	if (!sj_der_take(&value, TAG_BIT_STRING, &bits) || !sj_take_u8(&bits, &unused) ||
	    unused > 7)
		return false;
	if (bits.len > 0)
		first = bits.ptr[0];
	out->key_usage = (first & 0x80 ? SJ_USAGE_SIGNATURE : 0u) |
			 (first & 0x04 ? SJ_USAGE_CERT_SIGN : 0u) |
			 (first & 0x02 ? SJ_USAGE_CRL_SIGN : 0u);
	return true;
}

static bool read_private_period(struct sj_span value, struct sj_cert *out)
{
	struct sj_span body, text;

	if (!sj_der_take(&value, TAG_SEQUENCE, &body))
		return false;
	if (sj_der_take(&body, 0x80, &text) &&
	    !sj_time_read(SJ_TAG_GENERALIZED_TIME, text, &out->private_from))
		return false;
	if (sj_der_take(&body, 0x81, &text) &&
	    !sj_time_read(SJ_TAG_GENERALIZED_TIME, text, &out->private_until))
		return false;
	return body.len == 0;
}

static bool read_basic_constraints(struct sj_span value, struct sj_cert *out)
{
	struct sj_span body, flag;

	if (!sj_der_take(&value, TAG_SEQUENCE, &body))
		return false;
	if (sj_der_take(&body, TAG_BOOLEAN, &flag))
		out->is_ca = flag.len == 1 && flag.ptr[0] != 0;
	return true;
}

static bool read_authority_key_id(struct sj_span value, struct sj_cert *out)
{
	struct sj_span body;

	if (!sj_der_take(&value, TAG_SEQUENCE, &body))
		return false;
	return sj_tlv_find(body, 0x80, &out->authority_key_id) != SJ_TLV_MALFORMED;
}

/* False: malformed. An extension that nobody here reads is only noted. */
static bool read_extension(const struct extension *e, struct sj_cert *out)
{
	struct sj_span value = e->value;

	switch (ce_number(e->oid)) {
	case CE_SUBJECT_KEY_ID:
		return sj_der_take(&value, TAG_OCTET_STRING, &out->subject_key_id);
	case CE_KEY_USAGE:
		return read_key_usage(value, out);
	case CE_PRIVATE_KEY_USAGE_PERIOD:
		return read_private_period(value, out);
	case CE_BASIC_CONSTRAINTS:
		return read_basic_constraints(value, out);
	case CE_AUTHORITY_KEY_ID:
		return read_authority_key_id(value, out);
	case CE_EXTENDED_KEY_USAGE:
		return sj_der_take(&value, TAG_SEQUENCE, &out->extended_key_usage);
	case CE_SUBJECT_ALT_NAME:
	case CE_ISSUER_ALT_NAME:
	case CE_CERTIFICATE_POLICIES:
		return true;
	default:
		break;
	}
	if (e->critical && !(e->oid.len == sizeof(icao_extensions) + 1 &&
			     sj_span_eq(sj_span(e->oid.ptr, sizeof(icao_extensions)),
					SJ_SPAN_OF(icao_extensions))))
		out->unknown_critical = true;
	return true;
}

/* An extension that stands twice is refused (RFC 5280, 4.2). */
static bool read_extensions(struct sj_span in, struct sj_cert *out)
{
	struct sj_span list;
	struct extension e;
	uint64_t seen = 0;

	if (!sj_der_take(&in, TAG_SEQUENCE, &list) || in.len != 0)
		return false;
	out->extensions = list;
	while (list.len > 0) {
		unsigned number;

		if (!take_extension(&list, &e))
			return false;
		number = ce_number(e.oid);
		if (number > 0 && number < 64) {
			if (seen >> number & 1)
				return false;
			seen |= (uint64_t)1 << number;
		}
		if (!read_extension(&e, out))
			return false;
	}
	return true;
}

static bool take_signature(struct sj_span *in, struct sj_span *algorithm, struct sj_span *signature)
{
	uint8_t unused;

	return sj_tlv_take_element(in, TAG_SEQUENCE, algorithm) == SJ_TLV_FOUND &&
	       sj_der_take(in, TAG_BIT_STRING, signature) && in->len == 0 &&
	       sj_take_u8(signature, &unused) && unused == 0;
}

/* The key's AlgorithmIdentifier has a SEQUENCE and the key is not RSA: an explicit curve. */
static bool has_explicit_parameters(struct sj_span spki)
{
	static const uint8_t ansi_x9_62[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D };
	struct sj_span body, algorithm, oid, parameters;

	return sj_der_take(&spki, TAG_SEQUENCE, &body) &&
	       sj_der_take(&body, TAG_SEQUENCE, &algorithm) &&
	       sj_der_take(&algorithm, TAG_OID, &oid) && oid.len >= sizeof(ansi_x9_62) &&
	       sj_span_eq(sj_span(oid.ptr, sizeof(ansi_x9_62)), SJ_SPAN_OF(ansi_x9_62)) &&
	       sj_der_take(&algorithm, TAG_SEQUENCE, &parameters);
}

static bool read_validity(struct sj_span *in, struct sj_cert *out)
{
	struct sj_span validity;

	return sj_der_take(in, TAG_SEQUENCE, &validity) &&
	       sj_time_take(&validity, &out->not_before) &&
	       sj_time_take(&validity, &out->not_after) && validity.len == 0;
}

/* TBSCertificate of RFC 5280, 4.1, `in` its content; *algorithm: its `signature` field. */
static bool read_tbs(struct sj_span in, struct sj_cert *out, struct sj_span *algorithm)
{
	struct sj_span ignored, extensions;

	if (sj_tlv_take(&in, 0xA0, &ignored) == SJ_TLV_MALFORMED ||
	    !sj_der_take(&in, TAG_INTEGER, &out->serial) || out->serial.len == 0 ||
	    sj_tlv_take_element(&in, TAG_SEQUENCE, algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&in, TAG_SEQUENCE, &out->issuer) != SJ_TLV_FOUND ||
	    !read_validity(&in, out) ||
	    sj_tlv_take_element(&in, TAG_SEQUENCE, &out->subject) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&in, TAG_SEQUENCE, &out->spki) != SJ_TLV_FOUND)
		return false;
	if (sj_tlv_take(&in, 0x81, &ignored) == SJ_TLV_MALFORMED ||
	    sj_tlv_take(&in, 0x82, &ignored) == SJ_TLV_MALFORMED)
		return false;
	if (in.len == 0)
		return true;
	return sj_der_take(&in, 0xA3, &extensions) && in.len == 0 &&
	       read_extensions(extensions, out);
}

bool sj_cert_read(struct sj_span der, struct sj_cert *out)
{
	struct sj_cert c = { .der = der, .key_usage = ~0u };
	struct sj_span body, tbs, inner;

	if (der.len > SJ_CERT_MAX || !sj_der_take(&der, TAG_SEQUENCE, &body) || der.len != 0 ||
	    sj_tlv_take_element(&body, TAG_SEQUENCE, &c.tbs) != SJ_TLV_FOUND)
		return false;
	tbs = c.tbs;
	if (!take_signature(&body, &c.signature_algorithm, &c.signature) ||
	    !sj_der_take(&tbs, TAG_SEQUENCE, &body) || !read_tbs(body, &c, &inner) ||
	    !sj_span_eq(inner, c.signature_algorithm)) /* RFC 5280, 4.1.1.2 */
		return false;
	c.explicit_parameters = has_explicit_parameters(c.spki);
	*out = c;
	return true;
}

bool sj_cert_extension(const struct sj_cert *cert, struct sj_span oid, struct sj_span *value)
{
	struct sj_span list = cert->extensions;
	struct extension e;

	while (take_extension(&list, &e)) {
		if (sj_span_eq(e.oid, oid)) {
			*value = e.value;
			return true;
		}
	}
	return false;
}
