/* PIN and PUK of an identity card: every cell of STATES.md, the rights of terminals, power cuts. */
#include <stdio.h>

#include "applets/emrtd/state.h"
#include "tests/card/eac_rig.h"
#include "tests/card/store_rig.h"
#include "wire/std/tr03110.h"

#define ACCESS_ALL "800103" ACCESS_MRZ ACCESS_CAN ACCESS_PIN "830300010D"
#define WRONG "111111"
#define NEW "222222"
#define CHANGE \
	"002C020306" \
	"323232323232"
#define UNBLOCK "002C0303"
#define DEACTIVATE "00041003"
#define ACTIVATE "00441003"

static int issue(void **state)
{
	*state = bench_issued(ACCESS_ALL);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

/* The PIN as the store has it, after a new power-up. */
static void give_pin(struct bench *b, uint8_t tries, bool active)
{
	uint8_t bytes[8] = { tries, active };

	memcpy(bytes + 2, PIN, 6);
	assert_true(card_store_set(b->store, EMRTD_OBJECT_PIN, SJ_SPAN_OF(bytes)));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
	bench_power(b);
}

static unsigned tries_left(struct bench *b)
{
	struct sj_span stored;

	if (!card_store_get(b->store, EMRTD_OBJECT_PIN, &stored))
		return EMRTD_PIN_TRIES;
	return stored.ptr[0];
}

static unsigned uses_left(struct bench *b)
{
	struct sj_span stored;

	return card_store_get(b->store, EMRTD_OBJECT_PUK, &stored) ? stored.ptr[0] : EMRTD_PUK_USES;
}

static uint16_t run(struct bench *b, enum sj_pace_password kind, const char *password)
{
	return pace_run(b, SUITE_DEFAULT, kind, password);
}

/* --- the table ------------------------------------------------------------------------ */

struct cell {
	uint16_t mse, sw; /* of MSE:Set AT, and of the last command */
	unsigned left;
};

struct row {
	uint8_t tries;
	bool active;
	struct cell right, wrong; /* in plain */
	struct cell resumed_right, resumed_wrong; /* inside the session that the CAN opened */
};

static const struct row rows[] = {
	{ 3,
	  true,
	  { 0x9000, 0x9000, 3 },
	  { 0x9000, 0x63C2, 2 },
	  { 0x9000, 0x9000, 3 },
	  { 0x9000, 0x63C2, 2 } },
	{ 2,
	  true,
	  { 0x63C2, 0x9000, 3 },
	  { 0x63C2, 0x63C1, 1 },
	  { 0x63C2, 0x9000, 3 },
	  { 0x63C2, 0x63C1, 1 } },
	{ 1,
	  true,
	  { 0x63C1, 0x6985, 1 },
	  { 0x63C1, 0x6985, 1 },
	  { 0x63C1, 0x9000, 3 },
	  { 0x63C1, 0x63C0, 0 } },
	{ 0,
	  true,
	  { 0x63C0, 0x6983, 0 },
	  { 0x63C0, 0x6983, 0 },
	  { 0x63C0, 0x6983, 0 },
	  { 0x63C0, 0x6983, 0 } },
	{ 3,
	  false,
	  { 0x6283, 0x6984, 3 },
	  { 0x6283, 0x6984, 3 },
	  { 0x6283, 0x6984, 3 },
	  { 0x6283, 0x6984, 3 } },
};

static void check_cell(struct bench *b, const char *password, const struct cell *expected)
{
	struct pace_reader p;

	pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_PIN, password);
	assert_int_equal(pace_set(&p), expected->mse);
	assert_int_equal(pace_until(&p, 5), expected->sw);
	assert_int_equal(tries_left(b), expected->left);
}

static void test_every_state_of_the_pin(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];

		give_pin(b, r->tries, r->active);
		check_cell(b, PIN, &r->right);
		give_pin(b, r->tries, r->active);
		check_cell(b, WRONG, &r->wrong);
		give_pin(b, r->tries, r->active);
		assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
		check_cell(b, PIN, &r->resumed_right);
		give_pin(b, r->tries, r->active);
		assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
		check_cell(b, WRONG, &r->resumed_wrong);
	}
}

/* The CAN resumes it in the session that it opened, not after that. */
static void test_resuming_ends_with_the_session(void **state)
{
	struct bench *b = *state;

	give_pin(b, 1, true);
	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_CONDITIONS);
	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	b->secured = false; /* the next command ends it */
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_CONDITIONS);
	assert_int_equal(tries_left(b), 1);
}

/* A session of another password resumes nothing, nor is another password taken inside one. */
static void test_only_the_pin_inside_only_the_can(void **state)
{
	static const struct {
		enum sj_pace_password kind;
		const char *text;
	} all[] = { { SJ_PACE_MRZ, MRZ },
		    { SJ_PACE_CAN, CAN },
		    { SJ_PACE_PIN, PIN },
		    { SJ_PACE_PUK, PUK } };
	struct bench *b = *state;

	for (size_t outer = 0; outer < 4; outer++) {
		for (size_t inner = 0; inner < 4; inner++) {
			bool may = all[outer].kind == SJ_PACE_CAN && all[inner].kind == SJ_PACE_PIN;

			bench_power(b);
			assert_int_equal(run(b, all[outer].kind, all[outer].text), SJ_SW_OK);
			assert_int_equal(run(b, all[inner].kind, all[inner].text),
					 may ? SJ_SW_OK : SJ_SW_CONDITIONS);
		}
	}
}

/* MSE in one kind of protection, the steps in another. */
static void test_a_step_in_plain_after_mse_in_the_session(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_PIN, PIN);
	assert_int_equal(pace_set(&p), SJ_SW_OK);
	b->secured = false;
	assert_int_equal(pace_nonce(&p), SJ_SW_CONDITIONS);
}

static void test_cards_without_pin(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);

	(void)state;
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(run(b, SJ_PACE_PUK, PUK), SJ_SW_REFERENCE_NOT_FOUND);
	bench_free(b);
}

/* PACE with the MRZ or the CAN still opens a plain document; so does the PIN. */
static void test_reads_after_the_pin(void **state)
{
	struct bench *b = *state;

	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09E0000"), SJ_SW_OK);
}

/* --- management -------------------------------------------------------------------------- */

static void test_changing_wants_the_pin(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, CHANGE), SJ_SW_SECURITY_STATUS);
	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_SECURITY_STATUS);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PUK, PUK), SJ_SW_OK);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_SECURITY_STATUS);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "002C020306"
				     "31323334353A"),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "002C020305"
				     "3132333435"),
			 SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_COUNTER | 2);
	assert_int_equal(run(b, SJ_PACE_PIN, NEW), SJ_SW_OK);
}

static void test_unblocking_wants_the_puk(void **state)
{
	struct bench *b = *state;

	give_pin(b, 0, true);
	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_SECURITY_STATUS);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PUK, "9876543211"), SJ_SW_NO_INFORMATION);
	assert_int_equal(run(b, SJ_PACE_PUK, PUK), SJ_SW_OK);
	assert_int_equal(uses_left(b), EMRTD_PUK_USES);
	assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_OK);
	assert_int_equal(uses_left(b), EMRTD_PUK_USES - 1);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_OK);
}

static void test_the_puk_can_be_used_ten_times(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	assert_int_equal(run(b, SJ_PACE_PUK, PUK), SJ_SW_OK);
	for (unsigned i = 0; i < EMRTD_PUK_USES; i++)
		assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_OK);
	assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_AUTH_BLOCKED);
	bench_power(b);
	pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_PUK, PUK);
	assert_int_equal(pace_set(&p), SJ_SW_COUNTER);
	assert_int_equal(pace_until(&p, 5), SJ_SW_AUTH_BLOCKED);
}

/* A wrong PUK costs time, as a wrong CAN does, and no use. */
static void test_a_wrong_puk_costs_time(void **state)
{
	struct bench *b = *state;

	assert_int_equal(run(b, SJ_PACE_PUK, "0000000000"), SJ_SW_NO_INFORMATION);
	b->waited_ms = 0;
	assert_int_equal(run(b, SJ_PACE_PUK, PUK), SJ_SW_OK);
	assert_int_equal(b->waited_ms, 1000);
	assert_int_equal(uses_left(b), EMRTD_PUK_USES);
}

/* What Terminal and Chip Authentication leave behind. */
static void give_rights(struct bench *b, enum sj_cvc_terminal kind, uint64_t bits)
{
	struct card_terminal *t = card_terminal(b->card);

	t->authenticated = t->in_force = true;
	t->rights = (struct sj_cvc_rights){ .terminal = kind, .bits = bits };
}

static void test_the_right_to_manage(void **state)
{
	static const char *const commands[] = { CHANGE, UNBLOCK, DEACTIVATE, ACTIVATE };
	struct bench *b = *state;

	for (size_t i = 0; i < 4; i++) {
		bench_power(b);
		assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
		assert_int_equal(bench_do(b, commands[i]), SJ_SW_SECURITY_STATUS);
		give_rights(b, SJ_CVC_AUTHENTICATION, ~(1ull << SJ_AT_PIN_MANAGEMENT));
		assert_int_equal(bench_do(b, commands[i]), SJ_SW_SECURITY_STATUS);
		give_rights(b, SJ_CVC_INSPECTION, ~0ull);
		assert_int_equal(bench_do(b, commands[i]), SJ_SW_SECURITY_STATUS);
		give_rights(b, SJ_CVC_AUTHENTICATION, 1ull << SJ_AT_PIN_MANAGEMENT);
		assert_int_equal(bench_do(b, commands[i]), SJ_SW_OK);
		assert_int_equal(bench_hex(b, commands[i]), SJ_SW_SECURITY_STATUS);
	}
	assert_int_equal(uses_left(b), EMRTD_PUK_USES); /* the right costs none */
}

static void test_an_inactive_pin_is_none_until_it_is_activated(void **state)
{
	struct bench *b = *state;

	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	give_rights(b, SJ_CVC_AUTHENTICATION, 1ull << SJ_AT_PIN_MANAGEMENT);
	assert_int_equal(bench_do(b, DEACTIVATE), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_DATA_INVALIDATED);
	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	give_rights(b, SJ_CVC_AUTHENTICATION, 1ull << SJ_AT_PIN_MANAGEMENT);
	assert_int_equal(bench_do(b, ACTIVATE), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(run(b, SJ_PACE_PIN, PIN), SJ_SW_OK);
}

/* --- what the terminal is known by afterwards ----------------------------------------------- */

static void test_what_pace_leaves(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_PIN, PIN);
	assert_int_equal(pace_until(&p, 5), SJ_SW_OK);
	assert_int_equal(card_terminal(b->card)->password, SJ_PACE_PIN);
	assert_false(card_terminal(b->card)->chat);
	assert_int_equal(card_terminal(b->card)->id_icc_len, 32);
	assert_memory_equal(card_terminal(b->card)->id_icc, p.pk_dh_ic.bytes + 1, 32);
	b->secured = false;
	bench_hex(b, "00B09C0001");
	assert_int_equal(card_terminal(b->card)->password, 0);
}

/* A wrong PIN inside the CAN's session leaves that as it was. */
static void test_a_failure_leaves_the_session(void **state)
{
	struct bench *b = *state;

	assert_int_equal(run(b, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(run(b, SJ_PACE_PIN, WRONG), SJ_SW_COUNTER | 2);
	assert_int_equal(card_terminal(b->card)->password, SJ_PACE_CAN);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_SECURITY_STATUS);
}

/* --- what the holder allows --------------------------------------------------------------- */

#define OID "800A04007F00070202040202"
#define CHAT "7F4C12060904007F0007030102025305"
#define EXTENSIONS \
	"6517" \
	"7315060A04007F000703010202015307"

static uint16_t mse(struct bench *b, const char *data)
{
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4, .data = HEX(data) };

	return bench_send(b, &apdu);
}

/* A card with anchors reads them; one without passes them over (test_emrtd_pace.c). */
static void test_rights_that_are_none(void **state)
{
	static const char *const wrong[] = {
		OID "830103" EXTENSIONS "00000000000001", /* without a CHAT */
		OID "8301037F4C12060904007F0007030102045305FFFFFFFFFF", /* no such kind */
		OID "8301037F4C0E060904007F0007030102025301FF", /* of an inspection system's size */
		OID "8301037F4C0B060904007F000703010202", /* no bits */
		OID "830103" CHAT "FFFFFFFFFF" CHAT "FFFFFFFFFF", /* twice */
		OID "830103" CHAT "FFFFFFFFFF"
		    "6500",
		OID "830103" CHAT "FFFFFFFFFF"
		    "65027300", /* no OID */
	};
	static struct eac_chain chain;
	static struct eac_card card;

	(void)state;
	eac_chain(&chain, "P-256", SJ_CVC_AUTHENTICATION);
	eac_issue_eid(&card, &chain);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(mse(card.b, wrong[i]), SJ_SW_WRONG_DATA);
	assert_int_equal(mse(card.b, OID "830103" CHAT "FFFFFFFFFF"), SJ_SW_OK);
	assert_int_equal(mse(card.b, OID "830103" CHAT "FFFFFFFFFF" EXTENSIONS "00000000000001"),
			 SJ_SW_OK);
	bench_free(card.b);
	eac_chain_forget(&chain);
}

/* --- power ------------------------------------------------------------------------------------ */

struct cuts {
	struct room *room;
	struct bench *b;
	uint8_t *image;
	size_t len;
};

static void insert(struct cuts *c)
{
	struct card_store *s = NULL;

	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->b = bench_new_in(s);
}

static int setup_cuts(void **state)
{
	struct cuts *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	assert_int_equal(store_rig_setup((void **)&c->room), 0);
	c->b = bench_new_in(create(c->room));
	bench_install(c->b);
	assert_int_equal(bench_dgi_hex(c->b, 0x0001, ACCESS_ALL), SJ_SW_OK);
	bench_perso_files(c->b);
	bench_lock(c->b);
	bench_free(c->b);
	c->image = store_rig_image(c->room, &c->len);
	*state = c;
	return 0;
}

static int teardown_cuts(void **state)
{
	struct cuts *c = *state;
	void *room = c->room;

	free(c->image);
	free(c);
	return store_rig_teardown(&room);
}

/* The last step of PACE with this PIN, stopped at the k-th call of the system. */
static bool cut_token(struct cuts *c, const char *password, unsigned k, uint16_t *sw)
{
	struct pace_reader p;
	unsigned calls;

	put_file(c->room, c->image, c->len);
	insert(c);
	pace_init(&p, c->b, SUITE_DEFAULT, SJ_PACE_PIN, password);
	assert_int_equal(pace_until(&p, 4), SJ_SW_OK);
	c->room->calls = 0;
	c->room->fail_at = k;
	c->room->fail_on = true;
	*sw = pace_confirm(&p);
	calls = c->room->calls;
	bench_free(c->b);
	insert(c);
	return calls >= k;
}

/* Told "wrong": it has cost a try. Not told: it may have, and nothing was compared if not. */
static void test_no_guess_is_free_when_power_goes(void **state)
{
	struct cuts *c = *state;
	unsigned k = 1;
	uint16_t sw;
	bool cut;

	do {
		cut = cut_token(c, WRONG, k, &sw);
		assert_true(sw == (SJ_SW_COUNTER | 2) || sw == SJ_SW_MEMORY_FAILURE);
		assert_true(sw == SJ_SW_MEMORY_FAILURE || tries_left(c->b) == 2);
		assert_true(tries_left(c->b) >= 2);
		bench_free(c->b);
	} while (cut && k++ < 100);
	assert_in_range(k, 3, 99);
}

/* A right one may cost a try when power goes, and never leaves more than there were. */
static void test_a_right_pin_when_power_goes(void **state)
{
	struct cuts *c = *state;
	unsigned k = 1;
	uint16_t sw;
	bool cut;

	do {
		cut = cut_token(c, PIN, k, &sw);
		assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
		assert_true(tries_left(c->b) == (sw == SJ_SW_OK ? 3u : tries_left(c->b)));
		assert_in_range(tries_left(c->b), 2, 3);
		bench_free(c->b);
	} while (cut && k++ < 100);
	assert_in_range(k, 3, 99);
}

/* The PUK's use and the PIN's tries are one: neither without the other. */
static void test_unblocking_when_power_goes(void **state)
{
	struct cuts *c = *state;
	const uint8_t blocked[8] = { 0, 1, '6', '5', '4', '3', '2', '1' };
	unsigned k = 0, calls;
	uint16_t sw;

	do {
		k++;
		put_file(c->room, c->image, c->len);
		insert(c);
		assert_true(card_store_set(c->b->store, EMRTD_OBJECT_PIN, SJ_SPAN_OF(blocked)));
		assert_int_equal(card_store_commit(c->b->store), CARD_STORE_OK);
		assert_int_equal(run(c->b, SJ_PACE_PUK, PUK), SJ_SW_OK);
		c->room->calls = 0;
		c->room->fail_at = k;
		c->room->fail_on = true;
		sw = bench_do(c->b, UNBLOCK);
		calls = c->room->calls;
		bench_free(c->b);
		insert(c);
		assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
		assert_int_equal(uses_left(c->b) == EMRTD_PUK_USES, tries_left(c->b) == 0);
		assert_true(sw != SJ_SW_OK || tries_left(c->b) == EMRTD_PIN_TRIES);
		bench_free(c->b);
	} while (calls >= k && k < 100);
	assert_in_range(k, 3, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_state_of_the_pin, issue, discard),
		cmocka_unit_test_setup_teardown(test_resuming_ends_with_the_session, issue,
						discard),
		cmocka_unit_test_setup_teardown(test_only_the_pin_inside_only_the_can, issue,
						discard),
		cmocka_unit_test_setup_teardown(test_a_step_in_plain_after_mse_in_the_session,
						issue, discard),
		cmocka_unit_test(test_cards_without_pin),
		cmocka_unit_test_setup_teardown(test_reads_after_the_pin, issue, discard),
		cmocka_unit_test_setup_teardown(test_changing_wants_the_pin, issue, discard),
		cmocka_unit_test_setup_teardown(test_unblocking_wants_the_puk, issue, discard),
		cmocka_unit_test_setup_teardown(test_the_puk_can_be_used_ten_times, issue, discard),
		cmocka_unit_test_setup_teardown(test_a_wrong_puk_costs_time, issue, discard),
		cmocka_unit_test_setup_teardown(test_the_right_to_manage, issue, discard),
		cmocka_unit_test_setup_teardown(test_an_inactive_pin_is_none_until_it_is_activated,
						issue, discard),
		cmocka_unit_test_setup_teardown(test_what_pace_leaves, issue, discard),
		cmocka_unit_test_setup_teardown(test_a_failure_leaves_the_session, issue, discard),
		cmocka_unit_test(test_rights_that_are_none),
		cmocka_unit_test_setup_teardown(test_unblocking_when_power_goes, setup_cuts,
						teardown_cuts),
		cmocka_unit_test_setup_teardown(test_no_guess_is_free_when_power_goes, setup_cuts,
						teardown_cuts),
		cmocka_unit_test_setup_teardown(test_a_right_pin_when_power_goes, setup_cuts,
						teardown_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
