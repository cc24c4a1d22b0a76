#include "crypt/internal.h"
#include "crypt/sign.h"
#include "crypt/time.h"
#include "crypt/x509.h"

/* id-ce (2.5.29) extensions that need nothing done: RFC 5280, 5.2 and 5.3. */
static const uint8_t harmless[] = {
	18, /* issuerAltName */
	20, /* cRLNumber */
	21, /* reasonCode */
	24, /* invalidityDate */
	35, /* authorityKeyIdentifier */
};

/* Notes a critical extension that changes what the list means; false: malformed. */
static bool look_for_critical(struct sj_span list, bool *unknown)
{
	while (list.len > 0) {
		struct sj_span body, oid, flag, value;
		bool known = false;

		if (!sj_der_take(&list, 0x30, &body) || !sj_der_take(&body, 0x06, &oid))
			return false;
		for (size_t i = 0; i < sizeof(harmless); i++)
			known = known || (oid.len == 3 && oid.ptr[0] == 0x55 &&
					  oid.ptr[1] == 0x1D && oid.ptr[2] == harmless[i]);
		if (sj_der_take(&body, 0x01, &flag) && (flag.len != 1 || flag.ptr[0] != 0) &&
		    !known)
			*unknown = true;
		if (!sj_der_take(&body, 0x04, &value) || body.len != 0)
			return false;
	}
	return true;
}

struct entry {
	struct sj_span serial, extensions;
	int64_t date;
};

static bool take_entry(struct sj_span *in, struct entry *e)
{
	struct sj_span body;

	e->extensions = sj_span(NULL, 0);
	if (!sj_der_take(in, 0x30, &body) || !sj_der_take(&body, 0x02, &e->serial) ||
	    e->serial.len == 0 || !sj_time_take(&body, &e->date))
		return false;
	return body.len == 0 || (sj_der_take(&body, 0x30, &e->extensions) && body.len == 0);
}

static bool check_entries(struct sj_span list, bool *unknown)
{
	struct entry e;

	while (list.len > 0)
		if (!take_entry(&list, &e) || !look_for_critical(e.extensions, unknown))
			return false;
	return true;
}

static bool next_is(struct sj_span in, uint32_t tag)
{
	struct sj_span value;

	return sj_der_take(&in, tag, &value);
}

/* TBSCertList of RFC 5280, 5.1, `in` its content. */
static bool read_tbs(struct sj_span in, struct sj_crl *out, struct sj_span *algorithm)
{
	struct sj_span ignored, extensions, list;

	if (sj_tlv_take(&in, 0x02, &ignored) == SJ_TLV_MALFORMED ||
	    sj_tlv_take_element(&in, 0x30, algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&in, 0x30, &out->issuer) != SJ_TLV_FOUND ||
	    !sj_time_take(&in, &out->this_update))
		return false;
	if ((next_is(in, SJ_TAG_UTC_TIME) || next_is(in, SJ_TAG_GENERALIZED_TIME)) &&
	    !sj_time_take(&in, &out->next_update))
		return false;
	if (sj_tlv_take(&in, 0x30, &out->revoked) == SJ_TLV_MALFORMED ||
	    !check_entries(out->revoked, &out->unknown_critical))
		return false;
	if (in.len == 0)
		return true;
	return sj_der_take(&in, 0xA0, &extensions) && in.len == 0 &&
	       sj_der_take(&extensions, 0x30, &list) && extensions.len == 0 &&
	       look_for_critical(list, &out->unknown_critical);
}

bool sj_crl_read(struct sj_span der, struct sj_crl *out)
{
	struct sj_crl c = { .next_update = 0 };
	struct sj_span body, tbs, inner;
	uint8_t unused;

	if (!sj_der_take(&der, 0x30, &body) || der.len != 0 ||
	    sj_tlv_take_element(&body, 0x30, &c.tbs) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&body, 0x30, &c.signature_algorithm) != SJ_TLV_FOUND ||
	    !sj_der_take(&body, 0x03, &c.signature) || body.len != 0 ||
	    !sj_take_u8(&c.signature, &unused) || unused != 0)
		return false;
	tbs = c.tbs;
	if (!sj_der_take(&tbs, 0x30, &body) || !read_tbs(body, &c, &inner) ||
	    !sj_span_eq(inner, c.signature_algorithm))
		return false;
	*out = c;
	return true;
}

bool sj_crl_signed_by(const struct sj_crl *crl, struct sj_span spki)
{
	return sj_signature_verify(spki, crl->signature_algorithm, SJ_HASH_NONE, crl->tbs,
				   crl->signature);
}

/* The serial without leading zeros, so that a forgotten sign byte hides nothing. */
static struct sj_span bare(struct sj_span serial)
{
	while (serial.len > 1 && serial.ptr[0] == 0)
		serial = sj_span(serial.ptr + 1, serial.len - 1);
	return serial;
}

bool sj_crl_lists(const struct sj_crl *crl, struct sj_span serial, int64_t *date)
{
	struct sj_span list = crl->revoked;
	struct entry e;

	while (take_entry(&list, &e)) {
		if (sj_span_eq(bare(e.serial), bare(serial))) {
			*date = e.date;
			return true;
		}
	}
	return false;
}
