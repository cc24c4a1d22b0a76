/* The key applet's STATES.md: every cell of its tables. */
#include "tests/card/piv_rig.h"

#define CHANGE_PIN "0024008010" PIN_HEX PIN_HEX
#define CHANGE_GLOBAL "0024000010" GLOBAL_HEX GLOBAL_HEX
#define CHANGE_PUK "0024008110" PUK_HEX PUK_HEX
#define RESET_PIN "002C008010" PUK_HEX PIN_HEX
#define WRONG_HEX "393939393939FFFF"
#define PUT_FACE "00DB3FFF085C035FC108530101"
#define GENERATE_9D "0047009D05AC0380011100"
#define IF_PIN 1u /* 9000 with the PIN, else 6982 */
#define IF_FRESH 2u /* the same, right after VERIFY */
#define IF_ADMIN 3u /* 9000 with the management key, else 6982 */

/* --- where a command comes from ---------------------------------------------------------- */

struct row {
	const char *command; /* NULL: GENERAL AUTHENTICATE with `ref` */
	uint8_t ref;
	uint16_t sw[PIV_WAYS]; /* contact, PACE, VCI, messaging, air; IF_* */
};

#define ALL(sw) \
	{ \
		sw, sw, sw, sw, sw \
	}
#define SEEN(sw) \
	{ \
		sw, sw, sw, 0x6982, 0x6982 \
	}
#define GET(tag) "00CB3FFF055C03" tag "00"

static const struct row rows[] = {
	{ SELECT_PIV, 0, ALL(0x9000) },
	{ "00CB3FFF035C017E00", 0, ALL(0x9000) },
	{ "00CB3FFF045C027F6100", 0, ALL(0x9000) },
	{ GET("5FC101"), 0, ALL(0x9000) },
	{ GET("5FC122"), 0, ALL(0x9000) },
	{ GET("5FFF50"), 0, ALL(0x9000) },
	{ GET("5FC109"), 0, SEEN(IF_PIN) },
	{ GET("5FC105"), 0, SEEN(0x9000) },
	{ VERIFY_PIN, 0, SEEN(0x9000) },
	{ VERIFY_GLOBAL, 0, SEEN(0x9000) },
	{ "00200080", 0, SEEN(0x9000) },
	{ "0020FF00", 0, SEEN(0x9000) },
	{ CHANGE_PIN, 0, SEEN(0x9000) },
	{ CHANGE_GLOBAL, 0, SEEN(0x9000) },
	{ VERIFY_PAIRING, 0, { 0x9000, 0x9000, 0x9000, 0x9000, 0x6982 } },
	{ CHANGE_PUK, 0, { 0x9000, 0x9000, 0x6982, 0x6982, 0x6982 } },
	{ RESET_PIN, 0, { 0x9000, 0x9000, 0x6A81, 0x6A81, 0x6A81 } },
	{ NULL, 0x9E, ALL(0x9000) },
	{ NULL, 0x9B, { 0x9000, 0x9000, 0x6982, 0x6982, 0x6982 } },
	{ NULL, 0x9A, SEEN(IF_PIN) },
	{ NULL, 0x9D, SEEN(IF_PIN) },
	{ NULL, 0x82, SEEN(IF_PIN) },
	{ NULL, 0x9C, SEEN(IF_FRESH) },
	{ PUT_FACE, 0, { IF_ADMIN, IF_ADMIN, 0x6A81, 0x6A81, 0x6A81 } },
	{ GENERATE_9D, 0, { IF_ADMIN, IF_ADMIN, 0x6A81, 0x6A81, 0x6A81 } },
};

static uint16_t give(struct piv_visit *v, const struct row *row)
{
	return row->command != NULL ? visit_say(v, row->command) : visit_use(v, row->ref);
}

static void expect(struct piv_visit *v, const struct row *row, uint16_t sw)
{
	uint16_t got = give(v, row);

	if (got != sw)
		fail_msg("way %d, %s %02X: %04X, not %04X", (int)v->way,
			 row->command != NULL ? row->command : "key", row->ref, got, sw);
}

/* A row that wants something: without it, and with it. */
static void walk_condition(struct piv_visit *v, const struct row *row, uint16_t condition)
{
	expect(v, row, SJ_SW_SECURITY_STATUS);
	if (condition == IF_ADMIN)
		piv_administer(v->b);
	else
		assert_int_equal(visit_say(v, VERIFY_PIN), SJ_SW_OK);
	expect(v, row, SJ_SW_OK);
	expect(v, row, condition == IF_FRESH ? SJ_SW_SECURITY_STATUS : SJ_SW_OK);
}

static void walk_way(enum piv_way way)
{
	struct piv_visit v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint16_t sw = rows[i].sw[way];

		visit_begin(&v, way);
		if (sw <= IF_ADMIN)
			walk_condition(&v, &rows[i], sw);
		else if (rows[i].command != NULL && strcmp(rows[i].command, "00200080") == 0 &&
			 sw == SJ_SW_OK)
			expect(&v, &rows[i], way == CONTACT ? 0x63C5 : 0x63C4);
		else
			expect(&v, &rows[i], sw);
		visit_end(&v);
	}
}

static void commands_over_contact(void **state)
{
	(void)state;
	walk_way(CONTACT);
}

static void commands_in_pace(void **state)
{
	(void)state;
	walk_way(PACE);
}

static void commands_over_the_virtual_contact_interface(void **state)
{
	(void)state;
	walk_way(VCI);
}

static void commands_in_messaging_alone(void **state)
{
	(void)state;
	walk_way(MESSAGING);
}

static void commands_over_the_air(void **state)
{
	(void)state;
	walk_way(AIR);
}

static void commands_on_another_channel(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "0070000100"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "01A404000BA00000030800001000010000"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "01CB3FFF035C017E00"), SJ_SW_CHANNEL_NOT_SUPPORTED);
	assert_int_equal(bench_do(b, "0120008008" PIN_HEX), SJ_SW_CHANNEL_NOT_SUPPORTED);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "01A4000C"), SJ_SW_OK); /* leaves the other channel alone */
	assert_int_equal(bench_do(b, "00200080"), SJ_SW_OK);
}

/* --- security status ------------------------------------------------------------------------ */

enum status { ST_PIN, ST_GLOBAL, ST_PAIRING, ST_ADMIN, ST_SESSION, STATUSES };

static bool has_status(struct bench *b, struct piv_reader *r, enum status which)
{
	switch (which) {
	case ST_PIN:
		return bench_do(b, "00200080") == SJ_SW_OK;
	case ST_GLOBAL:
		return bench_do(b, "00200000") == SJ_SW_OK;
	case ST_PAIRING:
		return bench_do(b, "00200098") == SJ_SW_OK;
	case ST_ADMIN:
		return bench_do(b, PUT_FACE) == SJ_SW_OK;
	case ST_SESSION:
	case STATUSES:
		break;
	}
	return piv_secure_hex(r, "00CB3FFF035C017E00") == SJ_SW_OK;
}

static void admin_answer(struct bench *b)
{
	piv_administer(b);
}

static void admin_wrong(struct bench *b)
{
	assert_int_equal(piv_authenticate(b, PIV_ALG_AES_192, 0x9B, "8100"), SJ_SW_OK);
	assert_int_equal(
		piv_authenticate(b, PIV_ALG_AES_192, 0x9B, "821000000000000000000000000000000000"),
		SJ_SW_SECURITY_STATUS);
}

static void power(struct bench *b)
{
	bench_power(b);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
}

static void reset(struct bench *b)
{
	uint8_t atr[CARD_ATR_MAX];

	assert_true(card_reset(b->card, atr) > 0);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
}

static void other_application(struct bench *b)
{
	assert_int_equal(bench_do(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
}

static void master_file(struct bench *b)
{
	assert_int_equal(bench_do(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
}

static void establish(struct bench *b)
{
	struct piv_reader other;

	piv_open(&other, b, PIV_ALG_CS2);
}

/* An event, as a command with its answer or as a function, from all or from nothing. */
static const struct event {
	const char *command;
	uint16_t sw;
	void (*run)(struct bench *b);
	const char *after; /* by status: '+' set, '-' forgotten, ' ' as before */
} events[] = {
	{ NULL, 0, power, "-----" },
	{ NULL, 0, reset, "-----" },
	{ SELECT_PIV, 0x9000, NULL, "     " },
	{ "00A4040009A0000003080000100000", 0x9000, NULL, "     " },
	{ "00A4040005A000000999", 0x6A82, NULL, "     " },
	{ NULL, 0, other_application, "- ---" },
	{ NULL, 0, master_file, "- ---" },
	{ VERIFY_PIN, 0x9000, NULL, "+    " },
	{ VERIFY_GLOBAL, 0x9000, NULL, " +   " },
	{ VERIFY_PAIRING, 0x9000, NULL, "  +  " },
	{ "0020008008" WRONG_HEX, 0x63C4, NULL, "-    " },
	{ "0020000008" WRONG_HEX, 0x63C2, NULL, " -   " },
	{ "00200098083030303030303030", 0x6300, NULL, "  -  " },
	{ "002000800731323334353637", 0x6A80, NULL, "     " },
	{ "0020FF80", 0x9000, NULL, "-    " },
	{ "0020FF00", 0x9000, NULL, " -   " },
	{ "0020FF98", 0x9000, NULL, "  -  " },
	{ CHANGE_PIN, 0x9000, NULL, "+    " },
	{ CHANGE_GLOBAL, 0x9000, NULL, " +   " },
	{ "0024008010" WRONG_HEX PIN_HEX, 0x63C4, NULL, "-    " },
	{ "0024000010" WRONG_HEX GLOBAL_HEX, 0x63C2, NULL, " -   " },
	{ CHANGE_PUK, 0x9000, NULL, "     " },
	{ RESET_PIN, 0x9000, NULL, "     " },
	{ "002C008010" WRONG_HEX PIN_HEX, 0x63C2, NULL, "-    " },
	{ NULL, 0, admin_answer, "   + " },
	{ NULL, 0, admin_wrong, "   - " },
	{ NULL, 0, establish, "    -" },
	{ "00CB3FFF035C017E00", 0x9000, NULL, "     " },
	{ "00EE0000", 0x6D00, NULL, "     " },
};

static void run_event(struct bench *b, const struct event *e)
{
	if (e->run != NULL)
		e->run(b);
	else if (e->sw != 0)
		assert_int_equal(bench_do(b, e->command), e->sw);
	else
		bench_do(b, e->command);
}

static void walk_event(const struct event *e, bool from_all, enum status which)
{
	struct bench *b = piv_contact();
	struct piv_reader r = { .b = b };
	bool expected = e->after[which] == ' ' ? from_all : e->after[which] == '+';

	if (from_all) {
		assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
		assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_OK);
		assert_int_equal(bench_do(b, VERIFY_PAIRING), SJ_SW_OK);
		piv_administer(b);
		piv_open(&r, b, PIV_ALG_CS2);
	} else if (which == ST_SESSION) {
		bench_free(b);
		return;
	}
	run_event(b, e);
	if (has_status(b, &r, which) != expected)
		fail_msg("event %zu (%s), status %d: not %d", (size_t)(e - events),
			 e->command != NULL ? e->command : "", (int)which, expected);
	bench_free(b);
}

static void security_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		for (enum status which = ST_PIN; which < STATUSES; which++) {
			walk_event(&events[i], true, which);
			walk_event(&events[i], false, which);
		}
}

/* A wrong MAC: keys gone, everything else stays. */
static void an_error_of_messaging_ends_the_session_only(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	piv_open(&r, b, PIV_ALG_CS2);
	r.keys.mac[0] ^= 1;
	assert_int_equal(piv_secure_hex(&r, "00CB3FFF035C017E00"), SJ_SW_SM_INCORRECT);
	r.keys.mac[0] ^= 1;
	assert_int_equal(piv_secure_hex(&r, "00CB3FFF035C017E00"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "00200080"), SJ_SW_OK);
}

/* --- the management key ------------------------------------------------------------------------ */

enum step { IDLE, CHALLENGED, WITNESSED, STEPS };
enum input { IN_CHALLENGE, IN_WITNESS, IN_RIGHT, IN_WRONG, IN_MUTUAL, IN_MUTUAL_WRONG, INPUTS };

static const struct cell {
	uint16_t sw;
	enum step next;
} cells[STEPS][INPUTS] = {
#define ASKS \
	{ 0x9000, CHALLENGED }, \
	{ \
		0x9000, WITNESSED \
	}
#define NO \
	{ \
		0x6982, IDLE \
	}
	[IDLE] = { ASKS, NO, NO, NO, NO },
	[CHALLENGED] = { ASKS, { 0x9000, IDLE }, NO, NO, NO },
	[WITNESSED] = { ASKS, NO, NO, { 0x9000, IDLE }, NO },
};

/* What the card asked last: its challenge sealed, its witness opened. */
struct asked {
	uint8_t challenge[SJ_CIPHER_BLOCK_MAX], witness[SJ_CIPHER_BLOCK_MAX];
};

static uint16_t send_admin(struct bench *b, const struct sj_piv_auth *auth)
{
	uint8_t data[128];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = PIV_ALG_AES_192, .p2 = 0x9B, .ne = 256 };

	sj_piv_auth_put(&w, auth);
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

static uint16_t ask(struct bench *b, struct asked *a, enum input in)
{
	uint16_t sw =
		piv_authenticate(b, PIV_ALG_AES_192, 0x9B, in == IN_CHALLENGE ? "8100" : "8000");
	const uint8_t *key = HEX(ADMIN_HEX).ptr;
	struct sj_piv_auth auth;

	assert_true(sj_piv_auth_read(b->data, &auth));
	if (in == IN_CHALLENGE)
		assert_true(
			sj_cbc_encrypt(SJ_CIPHER_AES192, key, NULL, auth.challenge, a->challenge));
	else
		assert_true(sj_cbc_decrypt(SJ_CIPHER_AES192, key, NULL, auth.witness, a->witness));
	return sw;
}

static uint16_t input(struct bench *b, struct asked *a, enum input in)
{
	struct sj_piv_auth auth = { .has_response = true };
	bool wrong = in == IN_WRONG || in == IN_MUTUAL_WRONG;
	uint8_t block[SJ_CIPHER_BLOCK_MAX];

	if (in == IN_CHALLENGE || in == IN_WITNESS)
		return ask(b, a, in);
	memcpy(block, in == IN_RIGHT || in == IN_WRONG ? a->challenge : a->witness, sizeof(block));
	block[0] ^= wrong;
	auth.response = in == IN_RIGHT || in == IN_WRONG ? SJ_SPAN_OF(block) : sj_span(NULL, 0);
	if (in == IN_MUTUAL || in == IN_MUTUAL_WRONG) {
		auth.has_witness = auth.has_challenge = true;
		auth.witness = SJ_SPAN_OF(block);
		auth.challenge = SJ_SPAN_STR("sixteen bytes...");
	}
	return send_admin(b, &auth);
}

static void reach(struct bench *b, struct asked *a, enum step step)
{
	if (step == CHALLENGED)
		assert_int_equal(input(b, a, IN_CHALLENGE), SJ_SW_OK);
	if (step == WITNESSED)
		assert_int_equal(input(b, a, IN_WITNESS), SJ_SW_OK);
}

/* The one input that a step takes, or none. */
static bool is_in(struct bench *b, struct asked *a, enum step step)
{
	if (step == IDLE)
		return input(b, a, IN_RIGHT) == SJ_SW_SECURITY_STATUS &&
		       input(b, a, IN_MUTUAL) == SJ_SW_SECURITY_STATUS;
	return input(b, a, step == CHALLENGED ? IN_RIGHT : IN_MUTUAL) == SJ_SW_OK;
}

static void management_key(void **state)
{
	(void)state;
	for (enum step from = IDLE; from < STEPS; from++)
		for (enum input in = IN_CHALLENGE; in < INPUTS; in++) {
			struct bench *b = piv_contact();
			struct asked a = { .challenge = { 0 } };

			reach(b, &a, from);
			assert_int_equal(input(b, &a, in), cells[from][in].sw);
			assert_true(is_in(b, &a, cells[from][in].next));
			bench_free(b);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_over_contact),
		cmocka_unit_test(commands_in_pace),
		cmocka_unit_test(commands_over_the_virtual_contact_interface),
		cmocka_unit_test(commands_in_messaging_alone),
		cmocka_unit_test(commands_over_the_air),
		PIV_CASE(commands_on_another_channel),
		cmocka_unit_test(security_status),
		PIV_CASE(an_error_of_messaging_ends_the_session_only),
		cmocka_unit_test(management_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
