/* Channels to the key application: secure messaging and pairing, PACE, and cards that are not ours. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/reader/piv_stage.h"

static const struct piv_plan open_card = { .interface = CARD_CONTACTLESS };
static const struct piv_plan cs7_card = { .interface = CARD_CONTACTLESS, .suite = PIV_ALG_CS7 };
static const struct piv_plan private_card = { .interface = CARD_CONTACTLESS, .is_private = true };

static enum sj_piv_channel channel_of(struct piv_stage *s)
{
	struct sj_piv_info info = { .size = sizeof(info) };

	assert_int_equal(sj_piv_get_info(s->piv, &info), SJ_OK);
	assert_true(info.contactless);
	return info.channel;
}

static void sign_something(struct piv_stage *s)
{
	uint8_t digest[32] = { 7 }, out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_P256, digest, 32, out, &len), SJ_OK);
}

static void an_open_card_is_paired(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);

	(void)state;
	s->answers[0] = STAGE_PAIRING;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->asked, SJ_PIV_PAIRING_CODE);
	assert_true(s->guid_told);
	assert_int_equal(channel_of(s), SJ_PIV_VCI);
	sign_something(s);
	piv_stage_free(s);
}

static void the_other_suite_works_too(void **state)
{
	struct piv_stage *s = piv_stage_new(&cs7_card);

	(void)state;
	s->answers[0] = STAGE_PAIRING;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	sign_something(s);
	piv_stage_free(s);
}

static void a_private_card_opens_by_its_can(void **state)
{
	struct piv_stage *s = piv_stage_new(&private_card);

	(void)state;
	s->answers[0] = CAN;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->asked, SJ_PIV_CAN);
	assert_false(s->guid_told);
	assert_int_equal(channel_of(s), SJ_PIV_PACE);
	sign_something(s);
	piv_stage_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_card_is_paired),
		cmocka_unit_test(the_other_suite_works_too),
		cmocka_unit_test(a_private_card_opens_by_its_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
