#include "tests/card/transcript.h"

#define WINDOW 8u /* bytes in a row that no two answers have by accident */
#define GRAM 4u /* so many that all cards say make a window no mark */

void note(struct transcript *t, struct sj_span bytes)
{
	assert_true(t->count < SAID_MAX && bytes.len <= SAID_ROOM - t->used);
	t->said[t->count].at = t->used;
	t->said[t->count].len = bytes.len;
	t->said[t->count++].waited_ms = t->b->waited_ms;
	if (bytes.len > 0)
		memcpy(t->bytes + t->used, bytes.ptr, bytes.len);
	t->used += bytes.len;
	t->b->waited_ms = 0;
}

/* Strings of `size` bytes out of answers, sorted. */
struct strings {
	size_t count, size;
	uint8_t *bytes;
};

static int compare_windows(const void *a, const void *b)
{
	return memcmp(a, b, WINDOW);
}

static int compare_grams(const void *a, const void *b)
{
	return memcmp(a, b, GRAM);
}

static struct strings strings_of(const struct transcript *t, size_t size)
{
	struct strings s = { .size = size, .bytes = malloc((t->used + 1) * size) };

	assert_non_null(s.bytes);
	for (size_t i = 0; i < t->count; i++)
		for (size_t at = 0; at + size <= t->said[i].len; at++)
			memcpy(s.bytes + size * s.count++, t->bytes + t->said[i].at + at, size);
	qsort(s.bytes, s.count, size, size == GRAM ? compare_grams : compare_windows);
	return s;
}

static bool has_string(const struct strings *s, const uint8_t *bytes)
{
	return bsearch(bytes, s->bytes, s->count, s->size,
		       s->size == GRAM ? compare_grams : compare_windows) != NULL;
}

/* None of it is something that the other card says as well. */
static bool is_own(const struct strings *others, const uint8_t window[static WINDOW])
{
	for (size_t i = 0; i + GRAM <= WINDOW; i++)
		if (has_string(others, window + i))
			return false;
	return true;
}

bool share(const struct transcript *first, const struct transcript *second,
	   const struct transcript *other)
{
	struct strings one = strings_of(first, WINDOW), two = strings_of(second, WINDOW),
		       others = strings_of(other, GRAM);
	bool found = false;

	for (size_t i = 0; i < one.count; i++)
		found = found || (has_string(&two, one.bytes + WINDOW * i) &&
				  is_own(&others, one.bytes + WINDOW * i));
	free(one.bytes);
	free(two.bytes);
	free(others.bytes);
	return found;
}
