#include "tests/vectors/bsi_cvc.h"
#include "tests/vectors/hexbytes.h"
#include "trust/cvchain.h"

#define DAY 86400
#define NEW_YEAR_2026 INT64_C(1767225600)
#define MADE_MAX 700u

/* One of a chain in the making. */
struct entity {
	struct sj_key *key;
	struct sj_ec_point point;
	struct sj_cvc plan;
	uint8_t bytes[MADE_MAX];
	size_t len;
};

static struct sj_span made(const struct entity *e)
{
	return sj_span(e->bytes, e->len);
}

/* A holder of this name and role with all rights, in 2026. */
static void enter(struct entity *e, const char *name, enum sj_cvc_role role)
{
	*e = (struct entity){ .key = sj_key_generate("P-256") };
	assert_true(sj_cvc_key_of(e->key, &e->point, &e->plan.key));
	e->plan.holder = sj_span((const uint8_t *)name, strlen(name));
	e->plan.rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, role);
	e->plan.from = NEW_YEAR_2026;
	e->plan.until = NEW_YEAR_2026 + 364 * DAY;
}

static void sign(struct entity *e, const struct entity *by)
{
	struct sj_writer w = SJ_WRITER_OF(e->bytes);

	e->plan.authority = by->plan.holder;
	assert_true(sj_cvc_put(&w, &e->plan, by->key));
	e->len = w.len;
}

enum { CA, NEXT, DV, FOREIGN, TERMINAL, COUNT };

static int make(void **state)
{
	struct entity *e = calloc(COUNT, sizeof(*e));

	assert_non_null(e);
	enter(&e[CA], "UTCVCA00001", SJ_CVC_CVCA);
	enter(&e[NEXT], "UTCVCA00002", SJ_CVC_CVCA);
	enter(&e[DV], "UTDV00001", SJ_CVC_DV_DOMESTIC);
	enter(&e[FOREIGN], "XODV00001", SJ_CVC_DV_FOREIGN);
	enter(&e[TERMINAL], "UTTERM00001", SJ_CVC_TERMINAL);
	sign(&e[CA], &e[CA]);
	sign(&e[NEXT], &e[CA]);
	sign(&e[DV], &e[CA]);
	sign(&e[FOREIGN], &e[CA]);
	sign(&e[TERMINAL], &e[DV]);
	*state = e;
	return 0;
}

static int drop(void **state)
{
	struct entity *e = *state;

	for (size_t i = 0; i < COUNT; i++)
		sj_key_free(e[i].key);
	free(e);
	return 0;
}

/* The fault of this step from the end of that chain, which stays what it was on one. */
static enum sj_cv_fault step(struct sj_cv_end *end, const struct entity *e)
{
	const struct sj_cv_end before = *end;
	const enum sj_cv_fault fault = sj_cv_step(end, made(e));

	if (fault != SJ_CV_GOOD)
		assert_memory_equal(end, &before, sizeof(before));
	return fault;
}

static void a_chain_holds_and_narrows(void **state)
{
	struct entity *e = *state;
	struct sj_cv_end end;

	e[DV].plan.rights.bits &= ~UINT64_C(0xF00);
	e[DV].plan.rights.extra[SJ_CVC_SOJOURN] = 0x0FF0;
	sign(&e[DV], &e[CA]);
	e[TERMINAL].plan.rights.extra[SJ_CVC_SOJOURN] = 0xFF00;
	sign(&e[TERMINAL], &e[DV]);
	assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_GOOD);
	assert_int_equal(step(&end, &e[DV]), SJ_CV_GOOD);
	assert_int_equal(step(&end, &e[TERMINAL]), SJ_CV_GOOD);
	assert_true(end.effective.bits == (UINT64_C(0x3FFFFFFFFF) & ~UINT64_C(0xF00)));
	assert_true(end.effective.extra[SJ_CVC_SOJOURN] == 0x0F00);
	assert_int_equal(sj_cvc_role(&end.effective), SJ_CVC_TERMINAL);
}

static void through_a_link(void **state)
{
	struct entity *e = *state;
	struct sj_cv_end end;

	sign(&e[DV], &e[NEXT]);
	assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_GOOD);
	assert_int_equal(step(&end, &e[DV]), SJ_CV_ISSUER);
	assert_int_equal(step(&end, &e[NEXT]), SJ_CV_GOOD);
	assert_int_equal(step(&end, &e[DV]), SJ_CV_GOOD);
	assert_int_equal(step(&end, &e[TERMINAL]), SJ_CV_GOOD);
}

/* Every role under every other: 2.5 allows CVCA to CVCA, CVCA to DVs, DVs to terminals. */
static void who_may_certify_whom(void **state)
{
	static const bool may[4][4] = {
		[SJ_CVC_CVCA] = { false, true, true, true },
		[SJ_CVC_DV_DOMESTIC] = { true, false, false, false },
		[SJ_CVC_DV_FOREIGN] = { true, false, false, false },
	};
	struct entity *e = *state;
	struct sj_cv_end end;

	for (int issuer = 0; issuer < 4; issuer++) {
		for (int holder = 0; holder < 4; holder++) {
			assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_GOOD);
			sj_cvc_set_role(&end.cvc.rights, (enum sj_cvc_role)issuer);
			sj_cvc_set_role(&e[NEXT].plan.rights, (enum sj_cvc_role)holder);
			sign(&e[NEXT], &e[CA]);
			assert_int_equal(step(&end, &e[NEXT]),
					 may[issuer][holder] ? SJ_CV_GOOD : SJ_CV_ROLE);
		}
	}
}

static void faults_of_a_step(void **state)
{
	struct entity *e = *state;
	struct sj_cv_end end;

	assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_GOOD);
	e[DV].bytes[e[DV].len - 1] ^= 1;
	assert_int_equal(step(&end, &e[DV]), SJ_CV_SIGNATURE);
	e[DV].len--;
	assert_int_equal(step(&end, &e[DV]), SJ_CV_MALFORMED);
	e[DV].plan.rights = sj_cvc_all_rights(SJ_CVC_INSPECTION, SJ_CVC_DV_DOMESTIC);
	sign(&e[DV], &e[CA]);
	assert_int_equal(step(&end, &e[DV]), SJ_CV_KIND);
	e[FOREIGN].plan.from = e[CA].plan.until + DAY;
	e[FOREIGN].plan.until = e[FOREIGN].plan.from;
	sign(&e[FOREIGN], &e[CA]);
	assert_int_equal(step(&end, &e[FOREIGN]), SJ_CV_DATES);
	e[FOREIGN].plan.from = e[CA].plan.from - DAY;
	sign(&e[FOREIGN], &e[CA]);
	assert_int_equal(step(&end, &e[FOREIGN]), SJ_CV_DATES);
}

/* A DV whose certificate carries parameters, and a key that is not on its issuer's curve. */
static void keys_that_do_not_fit(void **state)
{
	struct entity *e = *state;
	struct sj_key *other = sj_key_generate("brainpoolP256r1");
	struct sj_cv_end end;

	assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_GOOD);
	assert_true(sj_cvc_key_of(other, &e[DV].point, &e[DV].plan.key));
	sign(&e[DV], &e[CA]);
	assert_int_equal(step(&end, &e[DV]), SJ_CV_KEY);
	sj_key_free(other);
}

static void what_begins_a_chain(void **state)
{
	struct entity *e = *state;
	struct sj_cv_end end;

	assert_int_equal(sj_cv_begin(made(&e[NEXT]), &end), SJ_CV_GOOD); /* a link, on his word */
	assert_int_equal(sj_cv_begin(made(&e[DV]), &end), SJ_CV_ROLE);
	e[CA].bytes[e[CA].len - 1] ^= 1;
	assert_int_equal(sj_cv_begin(made(&e[CA]), &end), SJ_CV_SIGNATURE);
	assert_int_equal(sj_cv_begin(sj_span(e[CA].bytes, 10), &end), SJ_CV_MALFORMED);
}

/* The BSI's worked example: a CVCA for inspection systems above a DV of another kind. */
static void the_worked_example_mixes_kinds(void **state)
{
	struct sj_cv_end end;

	(void)state;
	assert_int_equal(sj_cv_begin(hex(BSI_EC_CVCA), &end), SJ_CV_GOOD);
	assert_int_equal(sj_cv_step(&end, hex(BSI_EC_DV)), SJ_CV_KIND);
	end.cvc.rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_CVCA);
	assert_int_equal(sj_cv_step(&end, hex(BSI_EC_DV)), SJ_CV_GOOD);
	assert_int_equal(sj_cv_step(&end, hex(BSI_EC_AT)), SJ_CV_GOOD);
	assert_int_equal(sj_cv_begin(hex(BSI_RSA_CVCA), &end), SJ_CV_GOOD);
	end.cvc.rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_CVCA);
	assert_int_equal(sj_cv_step(&end, hex(BSI_RSA_DV)), SJ_CV_GOOD);
	assert_int_equal(sj_cv_step(&end, hex(BSI_RSA_AT)), SJ_CV_GOOD);
}

static void links_are_admitted(void **state)
{
	struct entity *e = *state, self = e[NEXT];
	struct sj_span store[2] = { made(&e[CA]) };

	sign(&self, &self);
	assert_int_equal(sj_cv_admit(store, 1, made(&e[CA])), SJ_CV_GOOD);
	assert_int_equal(sj_cv_admit(store, 1, made(&self)), SJ_CV_ISSUER);
	assert_int_equal(sj_cv_admit(store, 1, made(&e[NEXT])), SJ_CV_GOOD);
	assert_int_equal(sj_cv_admit(store, 1, made(&e[DV])), SJ_CV_ROLE);
	store[1] = made(&e[NEXT]);
	assert_int_equal(sj_cv_admit(store, 2, made(&self)), SJ_CV_GOOD);
	assert_int_equal(sj_cv_admit(NULL, 0, made(&e[NEXT])), SJ_CV_ISSUER);
}

/* Names that the store knows, keys that it does not. */
static void imitations_are_not_admitted(void **state)
{
	struct entity *e = *state, self = e[NEXT], stranger;
	const struct sj_span store[2] = { made(&e[CA]), made(&e[NEXT]) };

	enter(&stranger, "UTCVCA00001", SJ_CVC_CVCA);
	sign(&self, &stranger);
	assert_int_equal(sj_cv_admit(store, 2, made(&self)), SJ_CV_SIGNATURE);
	sign(&stranger, &stranger);
	assert_int_equal(sj_cv_admit(store, 2, made(&stranger)), SJ_CV_SIGNATURE);
	sj_key_free(stranger.key);
}

static void every_fault_has_a_text(void **state)
{
	(void)state;
	for (int f = SJ_CV_GOOD; f <= SJ_CV_DATES; f++)
		assert_string_not_equal(sj_cv_fault_text((enum sj_cv_fault)f), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_chain_holds_and_narrows, make, drop),
		cmocka_unit_test_setup_teardown(through_a_link, make, drop),
		cmocka_unit_test_setup_teardown(who_may_certify_whom, make, drop),
		cmocka_unit_test_setup_teardown(faults_of_a_step, make, drop),
		cmocka_unit_test_setup_teardown(keys_that_do_not_fit, make, drop),
		cmocka_unit_test_setup_teardown(what_begins_a_chain, make, drop),
		cmocka_unit_test(the_worked_example_mixes_kinds),
		cmocka_unit_test_setup_teardown(links_are_admitted, make, drop),
		cmocka_unit_test_setup_teardown(imitations_are_not_admitted, make, drop),
		cmocka_unit_test(every_fault_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
