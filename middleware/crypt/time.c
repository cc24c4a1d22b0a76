#include "crypt/time.h"
#include "wire/tlv.h"

/* Takes n decimal digits. */
static bool take_digits(struct sj_span *in, size_t n, unsigned *out)
{
	struct sj_span rest = *in, digits;
	unsigned value = 0;

	if (!sj_take(&rest, n, &digits))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return false;
		value = value * 10 + (unsigned)(digits.ptr[i] - '0');
	}
	*out = value;
	*in = rest;
	return true;
}

static bool leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01; the Gregorian calendar throughout. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	const int64_t before = (int64_t)year - 1;
	int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

	for (unsigned m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1;
}

/* Z, or the offset of local time from UTC in seconds. */
static bool take_zone(struct sj_span *in, int64_t *offset)
{
	unsigned hour, minute;
	uint8_t sign;

	if (!sj_take_u8(in, &sign))
		return false;
	*offset = 0;
	if (sign == 'Z')
		return true;
	if ((sign != '+' && sign != '-') || !take_digits(in, 2, &hour) ||
	    !take_digits(in, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*offset = (int64_t)hour * 3600 + (int64_t)minute * 60;
	if (sign == '-')
		*offset = -*offset;
	return true;
}

bool sj_time_read(uint32_t tag, struct sj_span text, int64_t *out)
{
	unsigned year, month, day, hour, minute, second = 0;
	int64_t offset;

	if (tag != SJ_TAG_UTC_TIME && tag != SJ_TAG_GENERALIZED_TIME)
		return false;
	if (!take_digits(&text, tag == SJ_TAG_UTC_TIME ? 2 : 4, &year))
		return false;
	if (tag == SJ_TAG_UTC_TIME)
		year += year < 50 ? 2000 : 1900;
	if (!take_digits(&text, 2, &month) || !take_digits(&text, 2, &day) ||
	    !take_digits(&text, 2, &hour) || !take_digits(&text, 2, &minute))
		return false;
	if (text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9' &&
	    !take_digits(&text, 2, &second))
		return false;
	if (!take_zone(&text, &offset) || text.len != 0)
		return false;
	if (year == 0 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
	    hour > 23 || minute > 59 || second > 60)
		return false;
	*out = days_since_1970(year, month, day) * 86400 + (int64_t)hour * 3600 +
	       (int64_t)minute * 60 + second - offset;
	return true;
}

bool sj_time_take(struct sj_span *in, int64_t *out)
{
	struct sj_span rest = *in, text;
	uint32_t tag;

	if (sj_tlv_next(&rest, &tag, &text) != SJ_TLV_FOUND || !sj_time_read(tag, text, out))
		return false;
	*in = rest;
	return true;
}
