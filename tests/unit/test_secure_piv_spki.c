/* Public keys as a PIV card gives them, as SubjectPublicKeyInfo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypt/ec.h"
#include "crypt/rsa.h"
#include "secure/piv_spki.h"

/* The base point of P-256. */
#define POINT \
	"\x04\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03\x7D\x81\x2D" \
	"\xEB\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96\x4F\xE3\x42\xE2\xFE\x1A\x7F\x9B\x8E\xE7\xEB" \
	"\x4A\x7C\x0F\x9E\x16\x2B\xCE\x33\x57\x6B\x31\x5E\xCE\xCB\xB6\x40\x68\x37\xBF\x51\xF5"
/* RFC 8410, 10.1. */
#define ED25519 \
	"\x19\xBF\x44\x09\x69\x84\xCD\xFE\x85\x41\xBA\xC1\x67\xDC\x3B\x96\xC8\x50\x86\xAA\x30\xB6" \
	"\xB6\xCB\x0C\x5C\x38\xAD\x70\x31\x66\xE1"

static void a_point(void **state)
{
	const struct sj_piv_public key = { .point = SJ_SPAN_STR(POINT) };
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_ec_point point;
	enum sj_curve curve;

	(void)state;
	assert_true(sj_piv_key_spki_put(&w, PIV_ALG_P256, &key));
	assert_true(sj_ec_spki_read(sj_written(&w), &curve, &point));
	assert_int_equal(curve, SJ_P256);
	assert_true(sj_span_eq(sj_ec_point_span(&point), key.point));
	w.len = 0;
	assert_true(sj_piv_key_spki_put(&w, PIV_ALG_CS2, &key));
	assert_false(sj_piv_key_spki_put(&w, PIV_ALG_P384, &key));
}

static void keys_of_rfc_8410(void **state)
{
	const struct sj_piv_public key = { .point = SJ_SPAN_STR(ED25519) };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_true(sj_piv_key_spki_put(&w, YUBICO_ALG_ED25519, &key));
	assert_true(sj_span_eq(
		sj_written(&w),
		SJ_SPAN_STR("\x30\x2A\x30\x05\x06\x03\x2B\x65\x70\x03\x21\x00" ED25519)));
	w.len = 0;
	assert_true(sj_piv_key_spki_put(&w, YUBICO_ALG_X25519, &key));
	assert_int_equal(bytes[8], 0x6E);
}

static void rsa_of_the_size_it_should_have(void **state)
{
	uint8_t modulus[257] = { 0 }, bytes[400];
	struct sj_piv_public key = { .modulus = sj_span(modulus + 1, 256),
				     .exponent = SJ_SPAN_STR("\x01\x00\x01") };
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	modulus[1] = 0x80;
	modulus[256] = 1;
	assert_true(sj_piv_key_spki_put(&w, PIV_ALG_RSA_2048, &key));
	assert_int_equal(sj_rsa_modulus_size(sj_written(&w)), 256);
	assert_false(sj_piv_key_spki_put(&w, PIV_ALG_RSA_3072, &key));
	key.modulus = sj_span(modulus, 257); /* a sign byte is not for a card to send */
	assert_false(sj_piv_key_spki_put(&w, PIV_ALG_RSA_2048, &key));
	key.modulus = sj_span(modulus, 256);
	assert_false(sj_piv_key_spki_put(&w, PIV_ALG_RSA_2048, &key));
}

static void what_is_no_such_key_is_refused(void **state)
{
	const struct sj_piv_public none = { .point = { NULL, 0 } },
				   off = { .point = SJ_SPAN_STR("\x04\x01\x02") };
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	for (unsigned algorithm = 0; algorithm < 256; algorithm++) {
		assert_false(sj_piv_key_spki_put(&w, (uint8_t)algorithm, &none));
		assert_false(sj_piv_key_spki_put(&w, (uint8_t)algorithm, &off));
	}
}

static void room_that_is_too_small_is_told(void **state)
{
	const struct sj_piv_public key = { .point = SJ_SPAN_STR(ED25519) };
	uint8_t bytes[64];

	(void)state;
	for (size_t room = 0; room < 44; room++) {
		struct sj_writer w = sj_writer(bytes, room);

		assert_false(sj_piv_key_spki_put(&w, YUBICO_ALG_ED25519, &key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point),
		cmocka_unit_test(keys_of_rfc_8410),
		cmocka_unit_test(rsa_of_the_size_it_should_have),
		cmocka_unit_test(what_is_no_such_key_is_refused),
		cmocka_unit_test(room_that_is_too_small_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
