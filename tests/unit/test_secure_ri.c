#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "secure/ri.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

static void key_pair(enum sj_curve curve, uint8_t n, struct sj_ec_secret *secret,
		     struct sj_ec_point *point)
{
	assert_true(sj_ec_secret_read(curve, sj_span(&n, 1), secret));
	assert_true(sj_ec_multiply(curve, secret, NULL, point));
}

static size_t put_key(uint8_t out[static 512], enum sj_curve curve)
{
	struct sj_writer w = sj_writer(out, 512);
	struct sj_ec_secret secret;
	struct sj_ec_point point;

	key_pair(curve, 7, &secret, &point);
	sj_ri_key_put(&w, curve, &point);
	assert_false(w.failed);
	return w.len;
}

static struct sj_span content_of(const uint8_t *bytes, size_t len)
{
	struct sj_span in = sj_span(bytes, len), content;

	assert_int_equal(sj_tlv_take(&in, SJ_TAG_PUBLIC_KEY, &content), SJ_TLV_FOUND);
	assert_int_equal(in.len, 0);
	return content;
}

/* TR-03110-3, A.5.4: SHA-256 of the x coordinate; 1 * G has a printed one (SEC 2, 2.4.2). */
static void identifier_is_the_hash_of_the_x_coordinate(void **state)
{
	static const uint8_t sha256_of_gx[SJ_RI_IDENTIFIER] = {
		0x40, 0x57, 0x70, 0x91, 0xD9, 0x62, 0xD2, 0xC3, 0x62, 0x17, 0xB8,
		0xE1, 0xA3, 0xC7, 0xEE, 0xE4, 0xA0, 0x8D, 0x3C, 0x1A, 0xD4, 0xDE,
		0xBA, 0xAC, 0xC9, 0xFA, 0x2E, 0x25, 0x9F, 0xF4, 0x51, 0x18
	};
	struct sj_ec_secret one;
	struct sj_ec_point g;
	uint8_t id[SJ_RI_IDENTIFIER];

	(void)state;
	key_pair(SJ_P256, 1, &one, &g);
	assert_true(sj_ri_identifier(SJ_P256, &one, &g, id));
	assert_memory_equal(id, sha256_of_gx, sizeof(id));
}

/* The authority revokes with the sector's private key and the card's public one. */
static void both_halves_give_the_same_identifier(void **state)
{
	struct sj_ec_secret card, sector;
	struct sj_ec_point card_key, sector_key;
	uint8_t a[SJ_RI_IDENTIFIER], b[SJ_RI_IDENTIFIER];

	(void)state;
	key_pair(SJ_BP256R1, 5, &card, &card_key);
	key_pair(SJ_BP256R1, 9, &sector, &sector_key);
	assert_true(sj_ri_identifier(SJ_BP256R1, &card, &sector_key, a));
	assert_true(sj_ri_identifier(SJ_BP256R1, &sector, &card_key, b));
	assert_memory_equal(a, b, sizeof(a));
}

static void keys_come_back(void **state)
{
	const enum sj_curve curves[] = { SJ_P256, SJ_BP256R1, SJ_P384, SJ_BP512R1 };
	struct sj_ec_secret secret;
	struct sj_ec_point point, out;
	enum sj_curve curve;
	uint8_t bytes[512 + 256];

	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		key_pair(curves[i], 7, &secret, &point);
		sj_ri_key_put(&w, curves[i], &point);
		assert_false(w.failed);
		assert_true(sj_ri_key_read(content_of(bytes, w.len), &curve, &out));
		assert_int_equal(curve, curves[i]);
		assert_true(sj_span_eq(sj_ec_point_span(&out), sj_ec_point_span(&point)));
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t bytes[512];
	const struct sj_span content = content_of(bytes, put_key(bytes, SJ_P256));
	struct sj_ec_point out;
	enum sj_curve curve;

	(void)state;
	for (size_t n = 0; n < content.len; n++)
		/* The cofactor alone may be absent (D.3.3). */
		if (n != content.len - 3)
			assert_false(sj_ri_key_read(sj_span(content.ptr, n), &curve, &out));
}

static void keys_without_parameters_or_of_another_algorithm_are_refused(void **state)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span content;
	struct sj_ec_secret secret;
	struct sj_ec_point point, out;
	enum sj_curve curve;

	(void)state;
	key_pair(SJ_P256, 7, &secret, &point);
	sj_tlv_put(&w, 0x06, sj_ri_oid());
	sj_tlv_put(&w, SJ_TAG_PUBLIC_POINT, sj_ec_point_span(&point));
	assert_false(sj_ri_key_read(sj_written(&w), &curve, &out));
	content = content_of(bytes, put_key(bytes, SJ_P256));
	assert_true(sj_ri_key_read(content, &curve, &out));
	bytes[content.ptr - bytes + 2 + 9]++; /* SHA-384 instead of SHA-256 */
	assert_false(sj_ri_key_read(content, &curve, &out));
}

/* C.3.2.1: over the public key object, not over what the command carries. */
static void hash_is_over_the_whole_object(void **state)
{
	uint8_t bytes[512], hash[SJ_HASH_MAX], expected[SJ_HASH_MAX];
	const size_t len = put_key(bytes, SJ_P256);
	const struct sj_span whole = sj_span(bytes, len), content = content_of(bytes, len);

	(void)state;
	for (enum sj_hash alg = SJ_SHA1; alg <= SJ_SHA512; alg++) {
		const struct sj_span said = sj_span(hash, sj_hash_size(alg));

		assert_true(sj_ri_key_hash(alg, content, hash));
		assert_true(sj_hash(alg, &whole, 1, expected));
		assert_memory_equal(hash, expected, said.len);
		assert_true(sj_ri_key_is(content, said));
		assert_false(sj_ri_key_is(content, sj_span(hash, said.len - 1)));
		hash[0] ^= 1;
		assert_false(sj_ri_key_is(content, said));
	}
	assert_false(sj_ri_key_is(content, sj_span(NULL, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifier_is_the_hash_of_the_x_coordinate),
		cmocka_unit_test(both_halves_give_the_same_identifier),
		cmocka_unit_test(keys_come_back),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(keys_without_parameters_or_of_another_algorithm_are_refused),
		cmocka_unit_test(hash_is_over_the_whole_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
