#include "wire/cms.h"

#include "wire/std/rfc5652.h"

#define ATTRIBUTES 4u
#define ATTRIBUTE_MAX 544u /* OID, SET, and a hash of 64 bytes or another value of 512 */

/* --- time -------------------------------------------------------------------- */

struct civil {
	unsigned year, month, day, hour, minute, second;
};

/* Gregorian, from days since the first of March of the year 0. */
static struct civil civil_from(int64_t seconds)
{
	int64_t days = seconds / 86400 + 719468, rest = seconds % 86400;
	int64_t era = days / 146097, of_era = days % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* March is 0 */

	return (struct civil){
		.year = (unsigned)(year + era * 400 + (month >= 10 ? 1 : 0)),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
		.hour = (unsigned)(rest / 3600),
		.minute = (unsigned)(rest / 60 % 60),
		.second = (unsigned)(rest % 60),
	};
}

static void put_digits(struct sj_writer *w, size_t n, unsigned value)
{
	uint8_t *at = sj_put_space(w, n);

	for (size_t i = n; at != NULL && i > 0; i--, value /= 10)
		at[i - 1] = (uint8_t)('0' + value % 10);
}

/* RFC 5652, 11.3: UTCTime to 2049, GeneralizedTime from 2050. */
static void put_time(struct sj_writer *w, int64_t seconds)
{
	struct civil t;
	size_t at = sj_tlv_open(w);

	if (seconds < 0 || seconds >= INT64_C(253402300800)) { /* 1970 to 9999 */
		w->failed = true;
		return;
	}
	t = civil_from(seconds);
	put_digits(w, t.year < 2050 ? 2 : 4, t.year);
	put_digits(w, 2, t.month);
	put_digits(w, 2, t.day);
	put_digits(w, 2, t.hour);
	put_digits(w, 2, t.minute);
	put_digits(w, 2, t.second);
	sj_put_u8(w, 'Z');
	sj_tlv_close(w, t.year < 2050 ? SJ_ASN1_UTC_TIME : SJ_ASN1_GENERALIZED_TIME, at);
}

/* --- attributes ------------------------------------------------------------------ */

static void put_attribute(struct sj_writer *w, struct sj_span type, struct sj_span value)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, type);
	sj_tlv_put(w, SJ_ASN1_SET, value);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

void sj_cms_put_attributes(struct sj_writer *w, struct sj_span content_type, struct sj_span digest,
			   int64_t signed_at)
{
	const struct sj_span none = { NULL, 0 };

	sj_cms_put_attributes_and(w, content_type, digest, signed_at, none, none);
}

void sj_cms_put_attributes_and(struct sj_writer *w, struct sj_span content_type,
			       struct sj_span digest, int64_t signed_at, struct sj_span type,
			       struct sj_span more)
{
	uint8_t value[ATTRIBUTE_MAX], bytes[ATTRIBUTES][ATTRIBUTE_MAX];
	struct sj_writer v = SJ_WRITER_OF(value), a[ATTRIBUTES];
	struct sj_span elements[ATTRIBUTES];
	size_t n = 0;

	for (size_t i = 0; i < ATTRIBUTES; i++)
		a[i] = sj_writer(bytes[i], ATTRIBUTE_MAX);
	sj_tlv_put(&v, SJ_ASN1_OID, content_type);
	put_attribute(&a[n++], SJ_OID_ATTR_CONTENT_TYPE, sj_written(&v));
	if (signed_at != 0) {
		v.len = 0;
		put_time(&v, signed_at);
		put_attribute(&a[n++], SJ_OID_ATTR_SIGNING_TIME, sj_written(&v));
	}
	v.len = 0;
	sj_tlv_put(&v, SJ_ASN1_OCTET_STRING, digest);
	put_attribute(&a[n++], SJ_OID_ATTR_MESSAGE_DIGEST, sj_written(&v));
	if (type.len > 0)
		put_attribute(&a[n++], type, more);
	for (size_t i = 0; i < n; i++) {
		elements[i] = sj_written(&a[i]);
		w->failed = w->failed || a[i].failed;
	}
	w->failed = w->failed || v.failed;
	sj_der_put_set(w, elements, n);
}

/* --- SignedData --------------------------------------------------------------------- */

static void put_signer(struct sj_writer *w, const struct sj_cms_recipe *r)
{
	size_t at = sj_tlv_open(w), id;

	sj_der_put_small(w, 1);
	id = sj_tlv_open(w);
	sj_put(w, r->issuer);
	sj_tlv_put(w, SJ_ASN1_INTEGER, r->serial);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, id);
	sj_put(w, r->digest_algorithm);
	sj_put_u8(w, SJ_ASN1_CONTEXT(0)); /* IMPLICIT: in place of the SET's tag */
	sj_put(w, sj_span(r->attributes.ptr + 1, r->attributes.len - 1));
	sj_put(w, r->signature_algorithm);
	sj_tlv_put(w, SJ_ASN1_OCTET_STRING, r->signature);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

static void put_content(struct sj_writer *w, const struct sj_cms_recipe *r)
{
	size_t at = sj_tlv_open(w), explicit;

	sj_tlv_put(w, SJ_ASN1_OID, r->content_type);
	explicit = sj_tlv_open(w);
	if (r->content.ptr != NULL) {
		sj_tlv_put(w, SJ_ASN1_OCTET_STRING, r->content);
		sj_tlv_close(w, SJ_ASN1_CONTEXT(0), explicit);
	}
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

/* A SET OF, its tag replaced by an IMPLICIT one. */
static void put_certificates(struct sj_writer *w, const struct sj_cms_recipe *r)
{
	const size_t at = w->len;

	if (r->certificate_count == 0)
		return;
	sj_der_put_set(w, r->certificates, r->certificate_count);
	if (!w->failed)
		w->ptr[at] = SJ_ASN1_CONTEXT(0);
}

void sj_cms_put(struct sj_writer *w, const struct sj_cms_recipe *r)
{
	size_t info = sj_tlv_open(w), explicit, data, signers;

	if (r->attributes.len < 2 || r->attributes.ptr[0] != SJ_ASN1_SET) {
		w->failed = true;
		return;
	}
	sj_tlv_put(w, SJ_ASN1_OID, SJ_OID_SIGNED_DATA);
	explicit = sj_tlv_open(w);
	data = sj_tlv_open(w);
	sj_der_put_small(w, 3); /* RFC 5652, 5.1: the content is not id-data */
	sj_tlv_put(w, SJ_ASN1_SET, r->digest_algorithm);
	put_content(w, r);
	put_certificates(w, r);
	signers = sj_tlv_open(w);
	put_signer(w, r);
	sj_tlv_close(w, SJ_ASN1_SET, signers);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, data);
	sj_tlv_close(w, SJ_ASN1_CONTEXT(0), explicit);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, info);
}
