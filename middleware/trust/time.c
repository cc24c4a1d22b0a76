/* time.c -- it is at least as late as what was signed. */
#include <inttypes.h>
#include <stdio.h>

#include "reader/memory.h"
#include "trust/time.h"

#define TIME_TEXT_MAX 24u
#define NEWEST "time"
#define IMPORTED "time-imported"
#define CLOCKS_DIFFER 60 /* seconds between two that are set by the network, or nearly so */
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

static enum sj_rc read_time(const struct sj_trust *trust, const char *name, int64_t *out)
{
	struct sj_trust_file file = { NULL, 0 };
	enum sj_rc rc = sj_trust_read(trust->dir, name, TIME_TEXT_MAX, &file);

	if (rc == SJ_TRUST_MISSING)
		return SJ_OK;
	if (rc == SJ_OK && !read_number(sj_span(file.bytes, file.len), out))
		rc = SJ_TRUST_UNREADABLE;
	sj_trust_file_free(&file);
	return rc;
}

enum sj_rc sj_trust_time_read(struct sj_trust *trust)
{
	enum sj_rc rc = read_time(trust, NEWEST, &trust->evidence);

	return rc == SJ_OK ? read_time(trust, IMPORTED, &trust->imported) : rc;
}

bool sj_trust_time_behind(int64_t evidence, int64_t now)
{
	return evidence - now > CLOCKS_DIFFER;
}

int64_t sj_trust_time(const struct sj_trust *trust, int64_t now, bool *behind)
{
	*behind = sj_trust_time_behind(trust->evidence, now);
	return now < trust->evidence ? trust->evidence : now;
}

bool sj_trust_time_plausible(const struct sj_trust *trust, int64_t when, int64_t now)
{
	return when - SJ_TRUST_TIME_AHEAD <= (now > trust->imported ? now : trust->imported);
}

/* Moves *known, kept in this file, forward to `when`. */
static enum sj_rc advance(struct sj_trust *trust, const char *name, int64_t *known, int64_t when)
{
	char text[TIME_TEXT_MAX];
	enum sj_rc rc;
	int len;

	if (when <= *known || when > TIME_LATEST)
		return SJ_OK;
	/* Another process may have noted a later one meanwhile. */
	*known = when;
	rc = read_time(trust, name, known);
	if (rc == SJ_OK && *known > when)
		return SJ_OK;
	*known = when;
	len = snprintf(text, sizeof(text), "%" PRId64 "\n", when);
	rc = sj_trust_write(&trust->io, trust->dir, name,
			    sj_span((const uint8_t *)text, (size_t)len));
	if (rc == SJ_OK)
		rc = sj_trust_sync(&trust->io, trust->dir, ".");
	if (rc != SJ_OK)
		sj_trust_say(trust, name, "The newest evidence of the time could not be written.");
	return rc;
}

enum sj_rc sj_trust_time_imported(struct sj_trust *trust, int64_t when)
{
	return advance(trust, IMPORTED, &trust->imported, when);
}

enum sj_rc sj_trust_note_time(struct sj_trust *trust, int64_t when)
{
	const unsigned mark = sj_memory_mark();
	enum sj_rc rc = sj_trust_time_imported(trust, when);

	return sj_memory_rc(mark,
			    rc == SJ_OK ? advance(trust, NEWEST, &trust->evidence, when) : rc);
}

enum sj_rc sj_trust_learn_time(struct sj_trust *trust, int64_t when, int64_t now)
{
	if (!sj_trust_time_plausible(trust, when, now))
		return SJ_OK;
	return advance(trust, NEWEST, &trust->evidence, when);
}
