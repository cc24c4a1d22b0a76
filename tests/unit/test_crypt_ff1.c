#include "crypt/ff1.h"

#include <string.h>

#include "tests/vectors/hexbytes.h"

#define KEY "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"

/* NIST's samples for SP 800-38G, FF1 with AES-256: 7, 8 and 9. */
static const struct {
	const char *tweak, *plain, *cipher;
	uint32_t radix;
} samples[] = {
	{ "", "0123456789", "6657667009", 10 },
	{ "39383736353433323130", "0123456789", "1001623463", 10 },
	{ "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd", 36 },
};

static uint64_t number(const char *digits, size_t n, uint32_t radix)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * radix + (uint64_t)(strchr(alphabet, digits[i]) - alphabet);
	return value;
}

static void samples_of_nist(void **state)
{
	const struct sj_span key = hex(KEY);

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const size_t n = strlen(samples[i].plain), u = n / 2;
		const uint32_t radix = samples[i].radix;
		const struct sj_span tweak = hex(samples[i].tweak);
		struct sj_ff1 *f = sj_ff1_new(key.ptr, radix, (unsigned)n);
		uint64_t first = number(samples[i].plain, u, radix);
		uint64_t rest = number(samples[i].plain + u, n - u, radix);

		assert_non_null(f);
		assert_true(sj_ff1_encrypt(f, tweak, &first, &rest));
		assert_int_equal(first, number(samples[i].cipher, u, radix));
		assert_int_equal(rest, number(samples[i].cipher + u, n - u, radix));
		sj_ff1_free(f);
	}
}

static void every_number_once(void **state)
{
	const struct sj_span key = hex(KEY);
	struct sj_ff1 *f = sj_ff1_new(key.ptr, 2, 11);
	bool seen[1 << 11] = { false };

	(void)state;
	assert_non_null(f);
	for (uint64_t i = 0; i < 1 << 11; i++) {
		uint64_t first = i >> 6, rest = i & 0x3F;

		assert_true(sj_ff1_encrypt(f, sj_span(NULL, 0), &first, &rest));
		assert_true(first < 1 << 5 && rest < 1 << 6);
		assert_false(seen[first << 6 | rest]);
		seen[first << 6 | rest] = true;
	}
	sj_ff1_free(f);
}

static void what_does_not_fit_is_refused(void **state)
{
	const struct sj_span key = hex(KEY);
	struct sj_ff1 *f = sj_ff1_new(key.ptr, 2, 20);
	uint64_t first = 1 << 10, rest = 0;

	(void)state;
	assert_null(sj_ff1_new(key.ptr, 1, 20));
	assert_null(sj_ff1_new(key.ptr, 2, 1));
	assert_null(sj_ff1_new(key.ptr, 2, 120));
	assert_null(sj_ff1_new(key.ptr, 65537, 4));
	assert_non_null(f);
	assert_false(sj_ff1_encrypt(f, sj_span(NULL, 0), &first, &rest));
	assert_int_equal(first, 1 << 10);
	sj_ff1_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_nist),
		cmocka_unit_test(every_number_once),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
