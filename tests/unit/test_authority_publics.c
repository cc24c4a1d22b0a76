/* Whether what a card calls its public key is one of the kind that was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/perso.h"
#include "crypt/sign.h"

/* In a buffer of its own size, for the sanitizer. */
static bool is(struct sj_span spki, enum sj_curve curve)
{
	uint8_t *copy = malloc(spki.len + 1);
	bool good;

	assert_non_null(copy);
	memcpy(copy, spki.ptr, spki.len);
	copy = realloc(copy, spki.len > 0 ? spki.len : 1);
	assert_non_null(copy);
	good = perso_key_is(sj_span(copy, spki.len), curve);
	free(copy);
	return good;
}

static struct sj_writer made(const char *kind, uint8_t *bytes, size_t cap)
{
	struct sj_writer w = sj_writer(bytes, cap);
	struct sj_key *key = sj_key_generate(kind);

	assert_non_null(key);
	assert_true(sj_key_put_public(key, false, &w));
	sj_key_free(key);
	return w;
}

static void a_key_is_of_the_kind_that_was_asked_for(void **state)
{
	uint8_t bytes[600];
	struct sj_writer w = made("P-256", bytes, sizeof(bytes));

	(void)state;
	assert_true(is(sj_written(&w), SJ_P256));
	assert_false(is(sj_written(&w), SJ_P384));
	assert_false(is(sj_written(&w), SJ_CURVE_NONE));
	w = made("RSA-2048", bytes, sizeof(bytes));
	assert_true(is(sj_written(&w), SJ_CURVE_NONE));
	assert_false(is(sj_written(&w), SJ_P256));
}

static void no_truncation_and_nothing_off_the_curve_is_a_key(void **state)
{
	uint8_t bytes[600];
	struct sj_writer w = made("P-256", bytes, sizeof(bytes));

	(void)state;
	for (size_t n = 0; n < w.len; n++)
		assert_false(is(sj_span(bytes, n), SJ_P256));
	bytes[w.len++] = 0;
	assert_false(is(sj_written(&w), SJ_P256));
	w.len--;
	bytes[w.len - 1] ^= 1;
	assert_false(is(sj_written(&w), SJ_P256));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_of_the_kind_that_was_asked_for),
		cmocka_unit_test(no_truncation_and_nothing_off_the_curve_is_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
