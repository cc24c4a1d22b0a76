#include "wire/cms.h"

#include <string.h>

#include "wire/std/rfc5652.h"

#define CONTEXT_PRIMITIVE_0 0x80u

/* --- reading, RFC 5652, 3 and 5.1 --------------------------------------------- */

/* An element with nothing after it. */
static bool whole(struct sj_span in, uint32_t tag, struct sj_span *value)
{
	return sj_tlv_take(&in, tag, value) == SJ_TLV_FOUND && in.len == 0;
}

/* encapContentInfo: SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING } */
static bool content_read(struct sj_span in, struct sj_cms *out)
{
	struct sj_span explicit;

	return sj_tlv_take(&in, SJ_ASN1_OID, &out->content_type) == SJ_TLV_FOUND &&
	       whole(in, SJ_ASN1_CONTEXT(0), &explicit) &&
	       whole(explicit, SJ_ASN1_OCTET_STRING, &out->content);
}

/* An optional element; false: something malformed comes next. */
static bool take_optional(struct sj_span *in, uint32_t tag, struct sj_span *value)
{
	return sj_tlv_take(in, tag, value) != SJ_TLV_MALFORMED;
}

static bool signed_data_read(struct sj_span in, struct sj_cms *out)
{
	struct sj_span encapsulated;

	return sj_der_take_small(&in, &out->version) &&
	       sj_tlv_take(&in, SJ_ASN1_SET, &out->digest_algorithms) == SJ_TLV_FOUND &&
	       sj_tlv_take(&in, SJ_ASN1_SEQUENCE, &encapsulated) == SJ_TLV_FOUND &&
	       content_read(encapsulated, out) &&
	       take_optional(&in, SJ_ASN1_CONTEXT(0), &out->certificates) &&
	       take_optional(&in, SJ_ASN1_CONTEXT(1), &out->crls) &&
	       whole(in, SJ_ASN1_SET, &out->signers) && sj_tlv_well_formed(out->certificates) &&
	       sj_tlv_well_formed(out->crls) && sj_tlv_well_formed(out->signers);
}

bool sj_cms_parse(struct sj_span in, struct sj_cms *out)
{
	struct sj_span info, type, explicit, body;

	memset(out, 0, sizeof(*out));
	return whole(in, SJ_ASN1_SEQUENCE, &info) &&
	       sj_tlv_take(&info, SJ_ASN1_OID, &type) == SJ_TLV_FOUND &&
	       sj_span_eq(type, SJ_OID_SIGNED_DATA) && whole(info, SJ_ASN1_CONTEXT(0), &explicit) &&
	       whole(explicit, SJ_ASN1_SEQUENCE, &body) && signed_data_read(body, out);
}

enum sj_tlv_rc sj_cms_certificate(struct sj_span *certificates, struct sj_span *der)
{
	struct sj_span rest = *certificates, element;
	enum sj_tlv_rc rc;

	while ((rc = sj_tlv_take_any(&rest, &element)) == SJ_TLV_FOUND) {
		if (element.ptr[0] != SJ_ASN1_SEQUENCE)
			continue;
		*der = element;
		*certificates = rest;
		return SJ_TLV_FOUND;
	}
	return rc;
}

/* --- signers, RFC 5652, 5.3 and 11 ----------------------------------------------- */

/* SignerIdentifier: IssuerAndSerialNumber, or [0] SubjectKeyIdentifier. */
static bool signer_id_read(struct sj_span *in, struct sj_cms_signer *out)
{
	struct sj_span both;

	if (sj_tlv_take(in, CONTEXT_PRIMITIVE_0, &out->key_id) == SJ_TLV_FOUND)
		return out->key_id.len > 0;
	return sj_tlv_take(in, SJ_ASN1_SEQUENCE, &both) == SJ_TLV_FOUND &&
	       sj_tlv_take_element(&both, SJ_ASN1_SEQUENCE, &out->issuer) == SJ_TLV_FOUND &&
	       whole(both, SJ_ASN1_INTEGER, &out->serial) && out->serial.len > 0;
}

/* Sets *slot from the value of an attribute that may stand once. */
static bool attribute_set(struct sj_span value, uint32_t tag, struct sj_span *slot)
{
	return slot->ptr == NULL && whole(value, tag, slot);
}

static bool signing_time_set(struct sj_span value, struct sj_cms_signer *out)
{
	if (out->signing_time.ptr != NULL || !sj_cms_time(value, &out->signed_at))
		return false;
	out->signing_time = value;
	return true;
}

/* Attribute: SEQUENCE { attrType, attrValues SET } */
static bool attribute_read(struct sj_span in, struct sj_cms_signer *out)
{
	struct sj_span type, values, value;

	if (sj_tlv_take(&in, SJ_ASN1_OID, &type) != SJ_TLV_FOUND ||
	    !whole(in, SJ_ASN1_SET, &values))
		return false;
	value = values; /* one value: an element with nothing after it */
	if (sj_span_eq(type, SJ_OID_ATTR_CONTENT_TYPE))
		return attribute_set(value, SJ_ASN1_OID, &out->content_type);
	if (sj_span_eq(type, SJ_OID_ATTR_MESSAGE_DIGEST))
		return attribute_set(value, SJ_ASN1_OCTET_STRING, &out->message_digest);
	if (sj_span_eq(type, SJ_OID_ATTR_SIGNING_TIME))
		return signing_time_set(value, out);
	return sj_tlv_well_formed(values);
}

bool sj_cms_attributes(struct sj_span element, struct sj_cms_signer *out)
{
	struct sj_span attributes, attribute;

	if (!whole(element, SJ_ASN1_CONTEXT(0), &attributes))
		return false;
	while (attributes.len > 0) {
		if (sj_tlv_take(&attributes, SJ_ASN1_SEQUENCE, &attribute) != SJ_TLV_FOUND ||
		    !attribute_read(attribute, out))
			return false;
	}
	return true;
}

static bool attributes_read(struct sj_span *in, struct sj_cms_signer *out)
{
	enum sj_tlv_rc rc = sj_tlv_take_element(in, SJ_ASN1_CONTEXT(0), &out->signed_attributes);

	if (rc != SJ_TLV_FOUND)
		return rc == SJ_TLV_ABSENT && in->len > 0;
	return sj_cms_attributes(out->signed_attributes, out);
}

static bool digest_read(struct sj_span *in, struct sj_cms_signer *out)
{
	struct sj_span copy = *in, algorithm;

	return sj_tlv_take_element(in, SJ_ASN1_SEQUENCE, &out->digest_algorithm) == SJ_TLV_FOUND &&
	       sj_tlv_take(&copy, SJ_ASN1_SEQUENCE, &algorithm) == SJ_TLV_FOUND &&
	       sj_tlv_take(&algorithm, SJ_ASN1_OID, &out->digest_oid) == SJ_TLV_FOUND;
}

enum sj_tlv_rc sj_cms_signer(struct sj_span *signers, struct sj_cms_signer *out)
{
	struct sj_span rest = *signers, in, unsigned_attributes;

	memset(out, 0, sizeof(*out));
	if (rest.len == 0)
		return SJ_TLV_ABSENT;
	if (sj_tlv_take(&rest, SJ_ASN1_SEQUENCE, &in) != SJ_TLV_FOUND ||
	    !sj_der_take_small(&in, &out->version) || !signer_id_read(&in, out) ||
	    !digest_read(&in, out) || !attributes_read(&in, out) ||
	    sj_tlv_take_element(&in, SJ_ASN1_SEQUENCE, &out->signature_algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take(&in, SJ_ASN1_OCTET_STRING, &out->signature) != SJ_TLV_FOUND ||
	    !take_optional(&in, SJ_ASN1_CONTEXT(1), &unsigned_attributes) || in.len != 0)
		return SJ_TLV_MALFORMED;
	*signers = rest;
	return SJ_TLV_FOUND;
}

/* --- time, RFC 5652, 11.3 ------------------------------------------------------------ */

static bool take_digits(struct sj_span *in, size_t n, unsigned *out)
{
	struct sj_span digits;

	if (!sj_take(in, n, &digits))
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(digits.ptr[i] - '0');
	}
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Days since 1970-01-01, Gregorian; years begin with March here, so that leap days end them. */
static int64_t days_since_epoch(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
	int64_t m = month <= 2 ? (int64_t)month + 9 : (int64_t)month - 3; /* March is 0 */

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + (int64_t)day - 1 - 719468;
}

bool sj_cms_time(struct sj_span element, int64_t *out)
{
	unsigned year, month, day, hour, minute, second;
	struct sj_span in;

	if (whole(element, SJ_ASN1_UTC_TIME, &in)) {
		if (!take_digits(&in, 2, &year))
			return false;
		year += year < 50 ? 2000 : 1900;
	} else if (!whole(element, SJ_ASN1_GENERALIZED_TIME, &in) || !take_digits(&in, 4, &year) ||
		   year < 1900) {
		return false;
	}
	if (!take_digits(&in, 2, &month) || !take_digits(&in, 2, &day) ||
	    !take_digits(&in, 2, &hour) || !take_digits(&in, 2, &minute) ||
	    !take_digits(&in, 2, &second) || !sj_span_eq(in, SJ_SPAN_STR("Z")) || month < 1 ||
	    month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return false;
	*out = days_since_epoch(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/* --- master lists, Doc 9303-12, 9 ------------------------------------------------------ */

bool sj_masterlist_parse(struct sj_span content, struct sj_masterlist *out)
{
	struct sj_span body;

	memset(out, 0, sizeof(*out));
	return whole(content, SJ_ASN1_SEQUENCE, &body) && sj_der_take_small(&body, &out->version) &&
	       whole(body, SJ_ASN1_SET, &out->certificates) &&
	       sj_tlv_well_formed(out->certificates);
}

void sj_masterlist_put(struct sj_writer *w, const struct sj_span *certificates, size_t n)
{
	size_t at = sj_tlv_open(w);

	sj_der_put_small(w, 0);
	sj_der_put_set(w, certificates, n);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}
