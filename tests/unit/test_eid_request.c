/* test_eid_request.c -- what a terminal asks its authority for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sojourn/service.h>

#include "eid/terminal.h"

struct asked {
	uint8_t key[SJ_TERMINAL_KEY_MAX], request[SJ_TERMINAL_REQUEST_MAX];
	size_t key_len, request_len;
	struct sj_cvc_request read;
};

static struct sj_span text(const char *s)
{
	return sj_span((const uint8_t *)s, strlen(s));
}

static void ask(struct asked *a, const char *holder, const char *curve,
		const struct sj_terminal *previous)
{
	a->key_len = sizeof(a->key);
	a->request_len = sizeof(a->request);
	assert_int_equal(sj_terminal_request(holder, curve, previous, a->key, &a->key_len,
					     a->request, &a->request_len),
			 SJ_OK);
	assert_true(sj_cvc_request_read(sj_span(a->request, a->request_len), &a->read));
}

static void a_request_proves_that_its_maker_has_the_key(void **state)
{
	static const char *const curves[] = { "P-256", "P-384", "P-521", "brainpoolP256r1" };
	struct asked a;

	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		ask(&a, "UTHOTEL00001", curves[i], NULL);
		assert_true(sj_span_eq(a.read.cvc.holder, text("UTHOTEL00001")));
		assert_int_equal(a.read.cvc.key.curve, sj_curve_from_name(curves[i]));
		assert_true(sj_cvc_verify(&a.read.cvc, &a.read.cvc.key));
		assert_int_equal(a.read.outer_authority.len, 0);
	}
}

static void the_key_that_is_handed_out_is_that_of_the_request(void **state)
{
	struct sj_ec_point point;
	struct sj_cvc_key key;
	struct sj_key *read;
	struct asked a;

	(void)state;
	ask(&a, "UTHOTEL00001", "P-256", NULL);
	read = sj_key_read(sj_span(a.key, a.key_len));
	assert_non_null(read);
	assert_true(sj_cvc_key_of(read, &point, &key));
	assert_true(sj_span_eq(key.point, a.read.cvc.key.point));
	sj_key_free(read);
}

static void the_key_in_use_vouches_for_the_next(void **state)
{
	struct sj_terminal *previous = calloc(1, sizeof(*previous));
	struct sj_ec_point point;
	struct sj_cvc_key key;
	struct asked a;

	(void)state;
	assert_non_null(previous);
	previous->own.cvc.holder = text("UTHOTEL00001");
	previous->key = sj_key_generate("P-256");
	assert_true(sj_cvc_key_of(previous->key, &point, &key));
	ask(&a, "UTHOTEL00002", "P-256", previous);
	assert_true(sj_span_eq(a.read.outer_authority, text("UTHOTEL00001")));
	assert_true(sj_cvc_verify_outer(&a.read, &key));
	assert_false(sj_cvc_verify_outer(&a.read, &a.read.cvc.key));
	sj_key_free(previous->key);
	free(previous);
}

static void no_request_for_a_name_or_curve_that_is_none_or_without_room(void **state)
{
	uint8_t key[SJ_TERMINAL_KEY_MAX], request[SJ_TERMINAL_REQUEST_MAX];
	size_t k = sizeof(key), r = sizeof(request), little = 20;

	(void)state;
	assert_int_equal(sj_terminal_request("hotel", "P-256", NULL, key, &k, request, &r),
			 SJ_USAGE);
	assert_int_equal(sj_terminal_request("UTHOTEL00001", "P-7", NULL, key, &k, request, &r),
			 SJ_USAGE);
	assert_int_equal(
		sj_terminal_request("UTHOTEL00001", "P-256", NULL, key, &k, request, &little),
		SJ_USAGE);
	little = 20;
	r = sizeof(request);
	assert_int_equal(
		sj_terminal_request("UTHOTEL00001", "P-256", NULL, key, &little, request, &r),
		SJ_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_proves_that_its_maker_has_the_key),
		cmocka_unit_test(the_key_that_is_handed_out_is_that_of_the_request),
		cmocka_unit_test(the_key_in_use_vouches_for_the_next),
		cmocka_unit_test(no_request_for_a_name_or_curve_that_is_none_or_without_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
