#include "authority/der.h"

#include <string.h>
#include <time.h>

void sj_der_put_unsigned(struct sj_writer *w, struct sj_span number)
{
	size_t at = sj_tlv_open(w);

	while (number.len > 1 && number.ptr[0] == 0)
		number = sj_span(number.ptr + 1, number.len - 1);
	if (number.len == 0 || number.ptr[0] & 0x80)
		sj_put_u8(w, 0);
	sj_put(w, number);
	sj_tlv_close(w, SJ_ASN1_INTEGER, at);
}

void sj_der_put_bits(struct sj_writer *w, struct sj_span bytes)
{
	sj_tlv_put_header(w, SJ_ASN1_BIT_STRING, bytes.len + 1);
	sj_put_u8(w, 0);
	sj_put(w, bytes);
}

void sj_der_put_text(struct sj_writer *w, uint32_t tag, const char *text)
{
	sj_tlv_put(w, tag, sj_span((const uint8_t *)text, strlen(text)));
}

/* Writes YYYYMMDDHHMMSSZ from the digit `from` on. */
static void put_digits(struct sj_writer *w, uint32_t tag, int64_t when, size_t from)
{
	const time_t seconds = (time_t)when;
	char text[40];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 9999 - 1900 ||
	    strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) != 15) {
		w->failed = true;
		return;
	}
	sj_der_put_text(w, tag, text + from);
}

void sj_der_put_time(struct sj_writer *w, int64_t when)
{
	const int64_t year_2050 = 2524608000;

	if (when < year_2050)
		put_digits(w, SJ_ASN1_UTC_TIME, when, 2);
	else
		put_digits(w, SJ_ASN1_GENERALIZED_TIME, when, 0);
}

void sj_der_put_generalized(struct sj_writer *w, uint32_t tag, int64_t when)
{
	put_digits(w, tag, when, 0);
}

void sj_der_put_algorithm(struct sj_writer *w, struct sj_span oid)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_OID, oid);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}

bool sj_der_public_key_bits(struct sj_span spki, struct sj_span *bits)
{
	struct sj_span content, algorithm, key;
	uint8_t unused;

	if (sj_tlv_take(&spki, SJ_ASN1_SEQUENCE, &content) != SJ_TLV_FOUND || spki.len != 0 ||
	    sj_tlv_take(&content, SJ_ASN1_SEQUENCE, &algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take(&content, SJ_ASN1_BIT_STRING, &key) != SJ_TLV_FOUND || content.len != 0 ||
	    !sj_take_u8(&key, &unused) || unused != 0)
		return false;
	*bits = key;
	return true;
}
