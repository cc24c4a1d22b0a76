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

/* The card keeps the last try back over the air: that is the state here. */
static void tries_over_the_air_are_those_of_the_air(void **state)
{
	struct piv_stage *s = piv_stage_new(&private_card);
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	int left = 99;

	(void)state;
	s->answers[0] = CAN;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin), SJ_OK);
	assert_int_equal(pin.tries_left, PIN_TRIES - 1);
	do {
		assert_int_equal(sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin), SJ_OK);
		assert_int_equal(pin.tries, PIN_TRIES - 1);
		assert_true(left == 99 || pin.tries_left == left);
		assert_int_equal(pin.blocked, left == 0);
	} while (sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, &left) == SJ_WRONG_PIN);
	assert_int_equal(left, 0);
	assert_int_equal(sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin), SJ_OK);
	assert_true(pin.blocked);
	assert_int_equal(pin.tries_left, 0);
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

/* --- codes ------------------------------------------------------------------------- */

static void a_wrong_can_is_asked_again(void **state)
{
	struct piv_stage *s = piv_stage_new(&private_card);

	(void)state;
	s->answers[0] = "000000";
	s->answers[1] = "12";
	s->answers[2] = CAN;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 3);
	assert_true(s->again);
	piv_stage_free(s);
}

static void a_wrong_pairing_code_is_asked_again(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);

	(void)state;
	s->answers[0] = "00000000";
	s->answers[1] = STAGE_PAIRING;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 2);
	sign_something(s);
	piv_stage_free(s);
}

static void who_gives_up_is_told_why(void **state)
{
	struct piv_stage *s = piv_stage_new(&private_card);

	(void)state;
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	s->questions = 0;
	s->answers[0] = "000000";
	assert_int_equal(piv_stage_open(s), SJ_WRONG_CAN);
	s->questions = 0;
	s->answers[0] = "12345";
	assert_int_equal(piv_stage_open(s), SJ_SECRET_MALFORMED);
	s->options.ask = NULL;
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	piv_stage_free(s);

	s = piv_stage_new(&open_card);
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	s->questions = 0;
	s->answers[0] = "00000000";
	assert_int_equal(piv_stage_open(s), SJ_WRONG_PAIRING_CODE);
	piv_stage_free(s);
}

static void questions_end(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);

	(void)state;
	for (size_t i = 0; i < 8; i++)
		s->answers[i] = "00000000";
	assert_int_equal(piv_stage_open(s), SJ_WRONG_PAIRING_CODE);
	assert_true(s->questions <= 5);
	piv_stage_free(s);
}

static void without_a_channel_the_open_card_tells_little(void **state)
{
	struct piv_stage *s = piv_stage_new(&open_card);
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	(void)state;
	s->options.only_plain = true;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(channel_of(s), SJ_PIV_PLAIN);
	assert_int_equal(sj_piv_sign(s->piv, 0x9E, SJ_PIV_P256, out, 32, out, &len), SJ_OK);
	assert_int_not_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL), SJ_OK);
	assert_int_equal(s->questions, 0);
	piv_stage_free(s);
}

/* --- remembered codes (MEMORY.md) ----------------------------------------------------- */

#define OTHER_GUID "ffffffffffffffffffffffffffffffff"
#define CARD_GUID "00112233445566778899aabbccddeeff"

static char folder[40];
#define FOLDER_CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sojourn-codes-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
	char command[80];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void path_of(const char *name, char out[static 128])
{
	snprintf(out, 128, "%s/%s", folder, name);
}

static bool kept(const char *name, mode_t *mode)
{
	struct stat st;
	char path[128];

	path_of(name, path);
	if (stat(path, &st) != 0)
		return false;
	*mode = st.st_mode & 07777;
	return true;
}

static void keep(const char *name, const char *digits, const char *when)
{
	char command[300], path[128];
	FILE *f;

	path_of(name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", digits);
	fclose(f);
	snprintf(command, sizeof(command), "touch -d '%s' %s", when, path);
	assert_int_equal(system(command), 0);
}

static struct piv_stage *remembering(const struct piv_plan *plan, const char *code)
{
	struct piv_stage *s = piv_stage_new(plan);

	s->options.memory = folder;
	s->answers[0] = code;
	s->remember = true;
	return s;
}

static void a_pairing_code_is_remembered_by_guid(void **state)
{
	struct piv_stage *s = remembering(&open_card, STAGE_PAIRING);
	mode_t mode = 0;

	(void)state;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_true(kept(CARD_GUID ".pairing", &mode));
	assert_int_equal(mode, 0600);
	piv_stage_close(s);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 1);
	sign_something(s);
	piv_stage_free(s);
}

static void what_is_not_to_be_remembered_is_not(void **state)
{
	struct piv_stage *s = remembering(&open_card, STAGE_PAIRING);
	mode_t mode;

	(void)state;
	s->remember = false;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_false(kept(CARD_GUID ".pairing", &mode));
	piv_stage_free(s);
}

static void a_refused_pairing_code_is_forgotten(void **state)
{
	struct piv_stage *s = remembering(&open_card, STAGE_PAIRING);
	mode_t mode;

	(void)state;
	keep(CARD_GUID ".pairing", "00000000", "2026-01-01");
	s->remember = false;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 1);
	assert_false(s->again);
	assert_false(kept(CARD_GUID ".pairing", &mode));
	piv_stage_free(s);
}

static void a_can_is_remembered_after_the_card_took_it(void **state)
{
	struct piv_stage *s = remembering(&private_card, CAN);
	mode_t mode = 0;

	(void)state;
	s->questions = 1; /* nobody answers: filled by hand first */
	s->answers[1] = CAN;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	/* The rig's CHUID names nothing, so that nothing could be kept; with one it is. */
	assert_false(kept(CARD_GUID ".can", &mode));
	piv_stage_fill(s);
	piv_stage_close(s);
	s->questions = 1;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_true(kept(CARD_GUID ".can", &mode));
	assert_int_equal(mode, 0600);
	piv_stage_close(s);
	s->questions = 2;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(s->questions, 2);
	piv_stage_free(s);
}

/* PACE runs of an opening: MSE:Set AT begins each. */
static unsigned attempts(const struct piv_stage *s)
{
	unsigned n = 0;

	for (const char *p = s->log; (p = strstr(p, "22 ")) != NULL; p++)
		n++;
	return n;
}

static void one_remembered_can_is_tried_and_no_more(void **state)
{
	struct piv_stage *s = remembering(&private_card, NULL);
	mode_t mode;

	(void)state;
	keep(CARD_GUID ".can", CAN, "2026-01-01");
	keep(OTHER_GUID ".can", "000000", "2026-02-01");
	keep("0" OTHER_GUID ".can", "111111", "2026-03-01");
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	assert_int_equal(attempts(s), 1);
	assert_true(kept(OTHER_GUID ".can", &mode));
	keep(CARD_GUID ".can", CAN, "2026-04-01");
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(attempts(s), 2);
	piv_stage_free(s);
}

static void a_folder_of_others_is_not_used(void **state)
{
	struct piv_stage *s = remembering(&private_card, NULL);

	(void)state;
	keep(CARD_GUID ".can", CAN, "2026-01-01");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(piv_stage_open(s), SJ_SECRET_NEEDED);
	assert_int_equal(attempts(s), 0);
	piv_stage_free(s);
}

static void codes_are_forgotten(void **state)
{
	mode_t mode;

	(void)state;
	keep(CARD_GUID ".can", CAN, "2026-01-01");
	keep(CARD_GUID ".pairing", STAGE_PAIRING, "2026-01-01");
	keep(OTHER_GUID ".can", CAN, "2026-01-01");
	keep("notes.txt", "mine", "2026-01-01");
	assert_int_equal(sj_piv_forget(folder, HEX(CARD_GUID).ptr), SJ_OK);
	assert_false(kept(CARD_GUID ".can", &mode) || kept(CARD_GUID ".pairing", &mode));
	assert_true(kept(OTHER_GUID ".can", &mode));
	assert_int_equal(sj_piv_forget(folder, NULL), SJ_OK);
	assert_false(kept(OTHER_GUID ".can", &mode));
	assert_true(kept("notes.txt", &mode));
	assert_int_equal(sj_piv_forget("/nonexistent", NULL), SJ_INPUT_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_card_is_paired),
		cmocka_unit_test(tries_over_the_air_are_those_of_the_air),
		cmocka_unit_test(the_other_suite_works_too),
		cmocka_unit_test(a_private_card_opens_by_its_can),
		cmocka_unit_test(a_wrong_can_is_asked_again),
		cmocka_unit_test(a_wrong_pairing_code_is_asked_again),
		cmocka_unit_test(who_gives_up_is_told_why),
		cmocka_unit_test(questions_end),
		cmocka_unit_test(without_a_channel_the_open_card_tells_little),
		FOLDER_CASE(a_pairing_code_is_remembered_by_guid),
		FOLDER_CASE(what_is_not_to_be_remembered_is_not),
		FOLDER_CASE(a_refused_pairing_code_is_forgotten),
		FOLDER_CASE(a_can_is_remembered_after_the_card_took_it),
		FOLDER_CASE(one_remembered_can_is_tried_and_no_more),
		FOLDER_CASE(a_folder_of_others_is_not_used),
		FOLDER_CASE(codes_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
