/* Diffie-Hellman in the groups of RFC 5114: what both ends get, and what is refused. */
#include "crypt/dh.h"
#include "tests/vectors/hexbytes.h"

#define GROUPS 3u

/* RFC 5114, 2.1, but for its last byte, 71. */
#define P_BUT_LAST \
	"B10B8F96A080E01DDE92DE5EAE5D54EC52C99FBCFB06A3C69A6A9DCA52D23B616073E28675A23D189838" \
	"EF1E2EE652C013ECB4AEA906112324975C3CD49B83BFACCBDD7D90C4BD7098488E9C219A73724EFFD6FA" \
	"E5644738FAA31A4FF55BCCC0A151AF5F0DC8B4BD45BF37DF365C1A65E68CFDA76D4DA708DF1FB2BC2E4A" \
	"43"

static const size_t sizes[GROUPS] = { 128, 256, 256 };

static struct sj_dh_public key_pair(unsigned group, struct sj_dh_secret *x)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_dh_public y;

	assert_true(sj_dh_secret_random((enum sj_dh_group)group, &rnd, x));
	assert_true(sj_dh_power((enum sj_dh_group)group, x, NULL, &y));
	return y;
}

static void both_ends_agree(void **state)
{
	(void)state;
	for (unsigned g = 0; g < GROUPS; g++) {
		const enum sj_dh_group group = (enum sj_dh_group)g;
		struct sj_dh_secret a, b;
		struct sj_dh_public pa = key_pair(g, &a), pb = key_pair(g, &b), read;
		uint8_t ka[SJ_DH_MAX], kb[SJ_DH_MAX];

		assert_int_equal(sj_dh_size(group), sizes[g]);
		assert_true(sj_dh_public_read(group, sj_dh_public_span(&pa), &read));
		assert_memory_equal(read.bytes, pa.bytes, pa.len);
		assert_true(sj_dh_agree(group, &a, &pb, ka) && sj_dh_agree(group, &b, &pa, kb));
		assert_memory_equal(ka, kb, sizes[g]);
	}
}

/* Numbers travel without leading zeros; a secret keeps them (RFC 2631, 2.1.2). */
static void leading_zeros(void **state)
{
	struct sj_dh_secret x, one = { .bytes = { 1 }, .len = 1 };
	struct sj_dh_public y, g;
	uint8_t shared[SJ_DH_MAX], padded[1 + SJ_DH_MAX] = { 0 };

	(void)state;
	assert_true(sj_dh_power(SJ_DH_1024_160, &one, NULL, &g));
	do
		y = key_pair(SJ_DH_1024_160, &x);
	while (y.len != 127);
	assert_true(sj_dh_agree(SJ_DH_1024_160, &x, &g, shared));
	assert_int_equal(shared[0], 0);
	assert_memory_equal(shared + 1, y.bytes, 127);
	memcpy(padded + 2, y.bytes, 127);
	assert_true(sj_dh_public_read(SJ_DH_1024_160, sj_span(padded, 129), &g));
	assert_int_equal(g.len, 127);
}

/* RFC 2631, 2.1.5: out of range, or of another subgroup. */
static void what_is_no_public_key(void **state)
{
	static const char *const wrong[] = {
		"",
		"00",
		"01",
		P_BUT_LAST "70",
		P_BUT_LAST "71",
		P_BUT_LAST "72",
		"02",
		"01" P_BUT_LAST "71",
	};
	struct sj_dh_public y;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(sj_dh_public_read(SJ_DH_1024_160, hex(wrong[i]), &y));
	assert_false(sj_dh_public_read((enum sj_dh_group)3, hex("02"), &y));
}

static void what_is_no_exponent(void **state)
{
	struct sj_dh_secret x = { .bytes = { 0 }, .len = 20 };
	struct sj_dh_public y;

	(void)state;
	assert_false(sj_dh_power(SJ_DH_1024_160, &x, NULL, &y));
	memcpy(x.bytes, hex(P_BUT_LAST "71").ptr, 128);
	x.len = 128;
	assert_false(sj_dh_power(SJ_DH_1024_160, &x, NULL, &y));
	memcpy(x.bytes, hex("F518AA8781A8DF278ABA4E7D64B7CB9D49462353").ptr, 20); /* q */
	x.len = 20;
	assert_false(sj_dh_power(SJ_DH_1024_160, &x, NULL, &y)); /* 1 */
}

static void mappings_that_give_no_generator(void **state)
{
	struct sj_dh_secret x;
	struct sj_dh_public h = key_pair(0, &x), out;

	(void)state;
	assert_true(sj_dh_map_generic(SJ_DH_1024_160, hex("00"), &h, &out)); /* g^0 h = h */
	assert_memory_equal(out.bytes, h.bytes, h.len);
	assert_false(sj_dh_map_integrated(SJ_DH_1024_160, hex("01"), &out));
	assert_false(sj_dh_map_integrated(SJ_DH_1024_160, hex(P_BUT_LAST "71"), &out)); /* 0 */
	assert_true(sj_dh_map_integrated(SJ_DH_1024_160, hex("02"), &out));
	assert_true(sj_dh_public_read(SJ_DH_1024_160, sj_dh_public_span(&out), &h));
}

static void names_and_back(void **state)
{
	enum sj_dh_group group;

	(void)state;
	for (unsigned g = 0; g < GROUPS; g++) {
		assert_true(sj_dh_from_name(sj_dh_name((enum sj_dh_group)g), &group));
		assert_int_equal(group, g);
	}
	assert_false(sj_dh_from_name("modp-4096", &group));
	assert_string_equal(sj_dh_name((enum sj_dh_group)3), "unknown group");
	assert_int_equal(sj_dh_size((enum sj_dh_group)3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_agree),
		cmocka_unit_test(leading_zeros),
		cmocka_unit_test(what_is_no_public_key),
		cmocka_unit_test(what_is_no_exponent),
		cmocka_unit_test(mappings_that_give_no_generator),
		cmocka_unit_test(names_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
