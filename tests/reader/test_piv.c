/* The key application behind sojourn/piv.h, on our card over contact. */
#include "tests/reader/piv_stage.h"

#include "crypt/public.h"

static void opening_takes_one_command(void **state)
{
	struct piv_stage *s = *state;

	assert_string_equal(s->log, "A4 ");
	assert_int_equal(sj_piv_commands(s->piv), 1);
	assert_int_equal(sj_piv_status_word(s->piv), 0x9000);
}

static void the_card_tells_who_it_is(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_info info = { .size = sizeof(info) };

	piv_stage_fill(s);
	assert_int_equal(sj_piv_get_info(s->piv, &info), SJ_OK);
	assert_true(info.has_guid);
	assert_memory_equal(info.guid, HEX(PIV_GUID).ptr, SJ_PIV_GUID);
	assert_true(info.has_content && info.extensions);
	assert_false(info.contactless);
	assert_int_equal(info.channel, SJ_PIV_PLAIN);
	assert_int_equal(info.serial, 0x00BC614E);
	assert_true(info.pin && info.global_pin && info.prefers_global);
	assert_int_equal(info.cvc, SJ_UNDECIDED);
}

static void a_known_card_is_recognised_in_three_commands(void **state)
{
	struct piv_stage *s = *state;
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid, has_content;

	piv_stage_fill(s);
	piv_stage_close(s);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_identify(s->piv, guid, &has_guid, content, &has_content), SJ_OK);
	assert_true(has_guid && has_content);
	assert_int_equal(sj_piv_commands(s->piv), 3);
}

static void content_changes_with_an_object(void **state)
{
	struct piv_stage *s = *state;
	uint8_t guid[SJ_PIV_GUID], before[SJ_PIV_CONTENT], after[SJ_PIV_CONTENT];
	bool has;

	assert_int_equal(sj_piv_identify(s->piv, guid, &has, before, &has), SJ_OK);
	piv_stage_administer(s);
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF10, (const uint8_t *)"note", 4), SJ_OK);
	assert_int_equal(sj_piv_identify(s->piv, guid, &has, after, &has), SJ_OK);
	assert_memory_not_equal(before, after, sizeof(before));
}

static void an_object_comes_back_as_written(void **state)
{
	struct piv_stage *s = *state;
	static uint8_t big[3000], back[4096];
	size_t len = sizeof(back);

	memset(big, 0x5A, sizeof(big));
	piv_stage_administer(s);
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF11, big, sizeof(big)), SJ_OK);
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_OK);
	assert_int_equal(len, sizeof(big));
	assert_memory_equal(back, big, len);
	len = 100;
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_FILE_TOO_LARGE);
	assert_int_equal(len, sizeof(big));
	assert_int_equal(sj_piv_write(s->piv, 0x5FFF11, NULL, 0), SJ_OK);
	len = sizeof(back);
	assert_int_equal(sj_piv_read(s->piv, 0x5FFF11, back, &len), SJ_KEY_ABSENT);
}

static void a_signature_verifies(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t digest[32] = { 1, 2, 3 }, signature[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(signature);
	struct sj_ec_point point;
	enum sj_curve curve;
	unsigned before;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x9A, &info), SJ_OK);
	assert_int_equal(info.algorithm, SJ_PIV_P256);
	assert_true(info.generated);
	before = sj_piv_commands(s->piv);
	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_P256, digest, 32, signature, &len),
			 SJ_OK);
	assert_int_equal(sj_piv_commands(s->piv), before + 1);
	assert_int_equal(len, 64);
	assert_true(sj_ec_spki_read(sj_span(info.spki, info.spki_len), &curve, &point));
	assert_true(sj_ec_verify(curve, &point, SJ_SPAN_OF(digest), sj_span(signature, len)));
}

static void a_wrong_pin_counts_down(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	int left = 99;

	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, &left), SJ_WRONG_PIN);
	assert_int_equal(left, PIN_TRIES - 1);
	assert_int_equal(sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin), SJ_OK);
	assert_false(pin.verified || pin.blocked);
	assert_int_equal(pin.tries_left, PIN_TRIES - 1);
	assert_int_equal(pin.tries, PIN_TRIES);
	assert_int_equal(s->passwords, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(opening_takes_one_command),
		STAGE_CASE(the_card_tells_who_it_is),
		STAGE_CASE(a_known_card_is_recognised_in_three_commands),
		STAGE_CASE(content_changes_with_an_object),
		STAGE_CASE(an_object_comes_back_as_written),
		STAGE_CASE(a_signature_verifies),
		STAGE_CASE(a_wrong_pin_counts_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
