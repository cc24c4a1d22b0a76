/* time.c -- it is at least as late as what was signed. */
#include <inttypes.h>
#include <stdio.h>

#include "trust/time.h"

#define TIME_TEXT_MAX 24u
#define TIME_LATEST INT64_C(253402300799) /* 9999-12-31 23:59:59, the last that X.509 can say */

static bool read_number(struct sj_span text, int64_t *out)
{
	int64_t value = 0;
	uint8_t c;

	if (text.len < 2 || text.ptr[text.len - 1] != '\n')
		return false;
	for (text.len--; sj_take_u8(&text, &c);) {
		if (c < '0' || c > '9' || value > TIME_LATEST)
			return false;
		value = value * 10 + (c - '0');
	}
	*out = value;
	return value <= TIME_LATEST;
}

enum sj_rc sj_trust_time_read(struct sj_trust *trust)
{
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(trust->dir, "time", TIME_TEXT_MAX, &file);

	if (rc == SJ_TRUST_MISSING)
		return SJ_OK;
	if (rc == SJ_OK && !read_number(sj_span(file.bytes, file.len), &trust->evidence))
		rc = SJ_TRUST_UNREADABLE;
	sj_trust_file_free(&file);
	return rc;
}

int64_t sj_trust_time(const struct sj_trust *trust, int64_t now, bool *behind)
{
	*behind = now < trust->evidence;
	return *behind ? trust->evidence : now;
}

enum sj_rc sj_trust_note_time(struct sj_trust *trust, int64_t when)
{
	char text[TIME_TEXT_MAX];
	enum sj_rc rc;
	int len;

	if (when <= trust->evidence || when > TIME_LATEST)
		return SJ_OK;
	/* Another process may have noted a later one meanwhile. */
	trust->evidence = when;
	rc = sj_trust_time_read(trust);
	if (rc == SJ_OK && trust->evidence > when)
		return SJ_OK;
	trust->evidence = when;
	len = snprintf(text, sizeof(text), "%" PRId64 "\n", when);
	rc = sj_trust_write(trust->dir, "time", sj_span((const uint8_t *)text, (size_t)len));
	if (rc == SJ_OK)
		rc = sj_trust_sync(trust->dir, ".");
	if (rc != SJ_OK)
		sj_trust_say(trust, "time",
			     "The newest evidence of the time could not be written.");
	return rc;
}
