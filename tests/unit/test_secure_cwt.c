/* Tokens of the gate profile: what GATE.md allows, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "secure/cwt.h"
#include "tests/by_scalar.h"

#define NOW 1790000000u

static const uint8_t x[SJ_CWT_KEY] = { 1, 2, 3 };

static struct sj_cwt sample(void)
{
	return (struct sj_cwt){ .kind = SJ_CWT_READER,
				.issuer = SJ_SPAN_STR("UTO"),
				.not_before = NOW,
				.expires = NOW + 1,
				.key_x = SJ_SPAN_OF(x),
				.reader = { 0x4711, 1, 2, 3 } };
}

/* Signs the claims; false: they are none of a token. */
static bool put(const struct sj_cwt *claims, struct sj_writer *w)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_ec_secret key;

	assert_true(sj_ec_secret_random(SJ_P256, &rnd, &key));
	return cwt_put_by(w, claims, &key);
}

static void what_was_put_comes_back(void **state)
{
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const struct sj_cwt claims = sample();
	struct sj_cwt back;

	(void)state;
	assert_true(put(&claims, &w));
	assert_true(sj_cwt_parse(sj_written(&w), &back));
	assert_int_equal(back.kind, SJ_CWT_READER);
	assert_true(sj_span_eq(back.issuer, claims.issuer));
	assert_true(sj_span_eq(back.key_x, claims.key_x));
	assert_int_equal(back.expires, NOW + 1);
	assert_int_equal(back.reader.operator_id, 0x4711);
	for (size_t n = 0; n < w.len; n++)
		assert_false(sj_cwt_parse(sj_span(bytes, n), &back));
}

/* Names are compared as bytes here and as C strings there: a zero would make two one. */
static void an_issuer_is_visible_characters(void **state)
{
	static const struct sj_span names[] = {
		{ (const uint8_t *)"UTO\0X", 5 },    { (const uint8_t *)"UTO\0", 4 },
		{ (const uint8_t *)"\0", 1 },        { (const uint8_t *)"UT O", 4 },
		{ (const uint8_t *)"UT\n", 3 },      { (const uint8_t *)"UT\x7F", 3 },
		{ (const uint8_t *)"UT\xFF", 3 },    { (const uint8_t *)"", 0 },
		{ (const uint8_t *)"UTOPIAUTO", 9 },
	};
	struct sj_cwt claims = sample();
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		w = sj_writer(bytes, sizeof(bytes));
		claims.issuer = names[i];
		if (put(&claims, &w))
			fail_msg("name %zu", i);
	}
	w = sj_writer(bytes, sizeof(bytes));
	claims.issuer = SJ_SPAN_STR("UTOPIA-1");
	assert_true(put(&claims, &w));
}

static void times_and_keys_must_fit(void **state)
{
	struct sj_cwt claims = sample();
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	claims.expires = NOW - 1; /* before it begins */
	assert_false(put(&claims, &w));
	claims = sample();
	claims.key_y = SJ_SPAN_OF(x); /* a signer's */
	w = sj_writer(bytes, sizeof(bytes));
	assert_false(put(&claims, &w));
	claims = sample();
	claims.key_x = sj_span(x, 31);
	w = sj_writer(bytes, sizeof(bytes));
	assert_false(put(&claims, &w));
	claims = sample();
	claims.kind = SJ_CWT_SIGNER;
	claims.signer = 4; /* none of the three */
	claims.key_y = SJ_SPAN_OF(x);
	w = sj_writer(bytes, sizeof(bytes));
	assert_false(put(&claims, &w));
}

/* A token of the profile is ES256, whatever other curve has 32 bytes. */
static void only_p256_signs(void **state)
{
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const struct sj_cwt claims = sample();
	struct sj_key *key = sj_key_generate("brainpoolP256r1");

	(void)state;
	assert_false(sj_cwt_put(&w, &claims, key));
	assert_int_equal(w.len, 0);
	sj_key_free(key);
}

static void a_signer_is_of_three_kinds(void **state)
{
	uint8_t bytes[SJ_CWT_MAX];
	struct sj_cwt claims = sample();

	(void)state;
	claims.kind = SJ_CWT_SIGNER;
	claims.key_y = claims.key_x;
	for (uint8_t kind = 0; kind < 6; kind++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		claims.signer = kind;
		assert_true(put(&claims, &w) == (kind >= 1 && kind <= 3));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_comes_back),
		cmocka_unit_test(an_issuer_is_visible_characters),
		cmocka_unit_test(times_and_keys_must_fit),
		cmocka_unit_test(only_p256_signs),
		cmocka_unit_test(a_signer_is_of_three_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
