/*
 * The whole card against a reader without rights: nothing that a card says
 * comes again in another tap, unless every card of the model says it.
 *
 * Two cards of one model, of two people, and a rogue that does everything that
 * it can think of, twice to each. What may mark a card all the same is the list
 * `known` below, each with its reason.
 */
#include "tests/card/eid_rig.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "tests/card/transcript.h"

/* The last answer, status word included. */
static void note_answer(struct transcript *t)
{
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_put(&w, t->b->data);
	sj_put_be(&w, 2, t->b->sw);
	assert_false(w.failed);
	note(t, sj_written(&w));
}

static void ask(struct transcript *t, const char *command)
{
	bench_hex(t->b, command);
	note_answer(t);
}

/* --- what a rogue does: card and files ------------------------------------------------------ */

static void power(struct transcript *t)
{
	uint8_t atr[CARD_ATR_MAX];
	size_t n;

	t->b->secured = false;
	n = card_power_on(t->b->card, atr);
	note(t, sj_span(atr, n));
	note(t, card_uid(t->b->card));
}

static void try_names(struct transcript *t)
{
	static const char *const names[] = {
		"00A4040008A00000015100000000", /* GlobalPlatform's manager */
		"00A4040008A00000000300000000",
		"00A4040007A000000247100100", /* LDS1 */
		"00A4040007A000000247200100", /* travel records, visas, biometrics */
		"00A4040007A000000247200200",
		"00A4040007A000000247200300",
		"00A4040009E80704007F0007030200", /* eID */
		"00A404000BA00000030800001000010000", /* PIV */
		"00A4040005A00000030800",
		"00A404000E325041592E5359532E444446303100", /* payment */
		"00A4040007D276000085010100", /* NDEF */
		"00A4040006D2760001240100", /* OpenPGP */
		"00A404000CA000000063504B43532D313500", /* PKCS #15 */
		"00A4040009F0534F4A4F55524E0100", /* gate */
		"00A404000DF0534F4A4F55524E010000000100",
		"00A4040001A000",
		"00A4040001F000",
		"00A4040000",
		"00A4040200",
		"00A4040100",
		"00A4040300",
		"00A4000C023F00",
		"00A4000C",
		"00A40000023F0000",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ask(t, names[i]);
}

/* CPLC, issuer and card numbers, key diversification, sequence counters, and so on. */
static void try_data(struct transcript *t)
{
	static const char *const commands[] = {
		"80CA9F7F00",
		"00CA9F7F00",
		"80CA004200",
		"80CA004500",
		"80CA00CF00",
		"80CA00C100",
		"80CA00E000",
		"80CA006600",
		"80CA006700",
		"00CA010100",
		"00CB3FFF055C035FC10200",
		"00CB3FFF055C035FC10700",
		"8050000008000102030405060700",
		"80500100080001020304050607",
		"8482000010000102030405060708090A0B0C0D0E0F",
		"80F28000024F0000",
		"80F24000024F0000",
		"00C0000000",
		"0084000008",
		"0084000000",
		"0020008000",
		"0020000000",
		"0088000008000102030405060700",
		"00B09C0000",
		"00B0810000",
		"00B0820000",
		"00B0830000",
		"00B09D0000",
		"00B09E0000",
		"00B0000000",
		"00B1011C0454024F0000",
		"00A4020C02011C",
		"00B0000000",
		"00A4020C02011D",
		"00B0000000",
		"00A4020C022F00",
		"00B0000000",
		"00A4020C022F01",
		"00B0000000",
		"00A4020C020101",
		"00B0000000",
		"002241A60691046B6B6B6B",
		"0022C1A406800100830102",
		"0070000001",
		"0070800100",
		"0C70000001",
		"0CB0000000",
		"0CA4040C02011E",
		"10B0000000",
		"FFCA000000",
		"FF",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		ask(t, commands[i]);
}

/* Every instruction: what a card says of what it cannot. */
static void try_instructions(struct transcript *t)
{
	static const uint8_t classes[] = { 0x00, 0x80, 0x01, 0x0C, 0x84 };

	for (size_t i = 0; i < sizeof(classes); i++)
		for (unsigned ins = 0; ins <= 0xFF; ins++) {
			const uint8_t command[] = { classes[i], (uint8_t)ins, 0, 0, 0 };

			bench_raw(t->b, SJ_SPAN_OF(command));
			note_answer(t);
		}
}

/* --- what a rogue does: documents ------------------------------------------------------------- */

/* PACE with passwords that are guessed, left after every step. */
static void try_pace(struct transcript *t)
{
	static const struct {
		enum sj_pace_password kind;
		const char *password;
	} guesses[] = { { SJ_PACE_CAN, "000000" }, { SJ_PACE_MRZ, "X00000000<000101<300101<" } };

	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++)
		for (int last = 1; last <= 5; last++) {
			struct pace_reader p;

			power(t);
			pace_init(&p, t->b, SUITE_DEFAULT, guesses[i].kind, guesses[i].password);
			pace_until(&p, last);
			note_answer(t);
			ask(t, SELECT_MANAGER);
			ask(t, "80CA9F7F00"); /* CPLC */
			ask(t, "80CA00C100");
			ask(t, "8050000008010203040506070800"); /* a secure channel */
			ask(t, "848233001000000000000000000000000000000000");
			ask(t, "00B0810001");
		}
}

/* A terminal's steps without its passwords and certificates; PIN and PUK up to what costs a try. */
static void try_terminal(struct transcript *t)
{
	static const char *const commands[] = {
		"002281B60D830B5554435643413030303031",
		"002A00BE027F4E00",
		"002281A40483025554",
		"0084000008",
		"00820000020102",
		"002241A40C800A04007F00070202030202",
		"002C0203063232323232323200",
		"002C0303",
		"00041003",
		"00441003",
		"00B09D0000",
		"00A4040C09E80704007F00070302",
		"00B0810000",
	};
	static const char *const guesses[] = { "X00000000<000101<300101<", "000000", "000000",
					       "0000000000" };

	for (unsigned kind = SJ_PACE_MRZ; kind <= SJ_PACE_PUK; kind++)
		for (unsigned type = SJ_CVC_INSPECTION; type <= SJ_CVC_SIGNATURE; type++) {
			const struct sj_cvc_rights chat =
				sj_cvc_all_rights((enum sj_cvc_terminal)type, SJ_CVC_TERMINAL);
			struct pace_reader p;

			power(t);
			pace_init(&p, t->b, SUITE_DEFAULT, (enum sj_pace_password)kind,
				  guesses[kind - SJ_PACE_MRZ]);
			p.chat = &chat;
			pace_until(&p, 4);
			note_answer(t);
			for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
				ask(t, commands[i]);
		}
}

static void try_bac(struct transcript *t)
{
	power(t);
	ask(t, SELECT_LDS);
	ask(t, "0084000008");
	ask(t, "0084000008");
	bac_run(t->b, "X00000000<000101<300101<");
	note_answer(t);
	ask(t, "00B0810001");
}

/* --- what a rogue does: gates -------------------------------------------------------------------- */

struct rogue {
	struct issuer fake; /* its own authority, of the right name */
	struct rig_reader reader; /* credential by that */
	struct rig_token stolen; /* a true credential, which is public, without its key */
};

/* SELECT, then one lie; all of it noted, and what a message_3 can be opened to. */
static void lie(struct transcript *t, const struct rogue *r, unsigned which, bool named)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	struct rig_reader reader = r->reader;
	struct sj_span ticket = { NULL, 0 };
	bool psk;

	assert_non_null(tap);
	tap->b = t->b;
	psk = tap_select(tap, named, RIG_OPERATOR) == SJ_EDHOC_PSK;
	note_answer(t);
	if (which == 1)
		reader.token = r->stolen;
	if (which == 2)
		reader.key[0] ^= 1;
	tap_make_2(tap, psk ? NULL : &reader);
	if (which == 3)
		tap->message_2[40] ^= 1;
	if (which > 3)
		ask(t, which == 4 ? "00870000067C048F02016000" : "00870000057C0382014000");
	else if (tap_send_2(tap, psk ? NULL : &reader) &&
		 responder_take_3(&tap->r, sj_span(tap->message_3, tap->message_3_len)))
		ticket = tap->r.id_cred; /* method 4: whoever asks can open it, once */
	note_answer(t);
	note(t, ticket);
	ask(t, "00870000097C078405444444444400");
	ask(t, "00870000047C02850000");
	card_settle(t->b->card);
	free(tap);
}

static void try_gates(struct transcript *t, const struct rogue *r)
{
	for (unsigned which = 0; which <= 5; which++)
		for (unsigned named = 0; named < 2; named++) {
			power(t);
			lie(t, r, which, named != 0);
			lie(t, r, which, named == 0);
			ask(t, SELECT_LDS);
			lie(t, r, which, named != 0);
		}
}

/* --- a tap of the rogue --------------------------------------------------------------------------- */

static struct transcript *tap_by_rogue(struct bench *b, const struct rogue *r)
{
	struct transcript *t = calloc(1, sizeof(*t));
	static const char *const places[] = { SELECT_LDS, GATE_SELECT, "00A4000C023F00" };

	assert_non_null(t);
	t->b = b;
	b->waited_ms = 0;
	power(t);
	try_names(t);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		power(t);
		ask(t, places[i]);
		try_data(t);
		ask(t, places[i]);
		try_instructions(t);
	}
	try_pace(t);
	try_terminal(t);
	try_bac(t);
	try_gates(t, r);
	return t;
}

/* --- what is the same -------------------------------------------------------------------------------- */

static bool same_answer(const struct transcript *a, const struct transcript *b, size_t i)
{
	return sj_span_eq(sj_span(a->bytes + a->said[i].at, a->said[i].len),
			  sj_span(b->bytes + b->said[i].at, b->said[i].len));
}

/* The same question, the same answer twice by one card: then by the other, too; and in length and time. */
static void assert_no_answer_tells(const struct transcript *first, const struct transcript *second,
				   const struct transcript *other)
{
	assert_int_equal(first->count, second->count);
	assert_int_equal(first->count, other->count);
	for (size_t i = 0; i < first->count; i++) {
		if (same_answer(first, second, i))
			assert_true(same_answer(first, other, i));
		assert_int_equal(first->said[i].len, other->said[i].len);
		assert_int_equal(first->said[i].waited_ms, other->said[i].waited_ms);
	}
}

/* --- two cards ------------------------------------------------------------------------------------------ */

#define ACCESS_OTHER_MRZ "8218443233313435383930373734303831323231323034313539"
#define ACCESS_OTHER_CAN "8106363534333231"
#define ACCESS_OTHER_EID \
	"800102" ACCESS_OTHER_MRZ ACCESS_OTHER_CAN \
	"8406313233343536850A39383736353433323130830300010D"
#define ACCESS_OTHER "800103" ACCESS_OTHER_MRZ ACCESS_OTHER_CAN "830300010D"

struct people {
	struct issuer ca;
	struct rig_reader reader;
	struct rogue rogue;
	struct eac_chain chain; /* made where there are eID cards */
	struct bench *a, *b;
};

/* The key applet, with a GUID and a CHUID of this person's. */
static void give_keys(struct bench *b, uint8_t person)
{
	uint8_t chuid[3 + 40] = { 0x5F, 0xC1, 0x02 }, identity[PIV_GUID_SIZE + 4];

	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	memset(chuid + 3, person, sizeof(chuid) - 3);
	memset(identity, person, sizeof(identity));
	assert_int_equal(bench_dgi(b, 0x0001, SJ_SPAN_OF(identity)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0010, SJ_SPAN_OF(chuid)), SJ_SW_OK);
}

static struct bench *card_of(const struct issuer *ca, const char *access, uint8_t person)
{
	struct bench *b = bench_new();
	uint8_t dg1[DG1_SIZE];

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, access), SJ_SW_OK);
	bench_perso_files(b);
	memset(dg1, person, sizeof(dg1));
	assert_int_equal(bench_file(b, 0x0101, 0x0101, SJ_SPAN_OF(dg1)), SJ_SW_OK);
	assert_int_equal(bench_file(b, 0x3F00, 0x011D, SJ_SPAN_OF(dg1)), SJ_SW_OK);
	gate_personalise_all(b, ca);
	give_keys(b, person);
	bench_lock(b);
	return b;
}

/* The same of an eID card; its date is a day of its own. */
static struct bench *eid_card_of(const struct people *p, const char *access, uint8_t person)
{
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026 + person * EAC_DAY,
				       .access = access,
				       .anchors = { eac_made(&p->chain.cvca) },
				       .keys = true };
	struct bench *b = bench_new();
	struct eac_card card;
	uint8_t dg1[DG1_SIZE];

	bench_install(b);
	eac_personalise(&card, b, &plan);
	memset(dg1, person, sizeof(dg1));
	assert_int_equal(bench_file(b, 0x0101, 0x0101, SJ_SPAN_OF(dg1)), SJ_SW_OK);
	eid_personalise_all(b, NULL);
	gate_personalise_all(b, &p->ca);
	give_keys(b, person);
	bench_lock(b);
	return b;
}

static int setup(void **state)
{
	struct people *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	issuer_make(&p->ca);
	reader_make(&p->reader, &p->ca);
	issuer_make(&p->rogue.fake);
	reader_make(&p->rogue.reader, &p->rogue.fake);
	p->rogue.stolen = p->reader.token;
	p->a = card_of(&p->ca, ACCESS_BOTH, 'A');
	p->b = card_of(&p->ca, ACCESS_OTHER, 'B');
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct people *p = *state;

	bench_free(p->a);
	bench_free(p->b);
	eac_chain_forget(&p->chain);
	free(p);
	return 0;
}

/* A tap of each at a true gate before: readers known, tickets there, dates moved. */
static void use(struct people *p, struct bench *b, const uint8_t *ticket)
{
	struct tap *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->b = b;
	tap_first(t, &p->reader, &p->ca, ticket);
	tap_end(t);
	free(t);
}

static void compare(struct people *p)
{
	struct transcript *a_1 = tap_by_rogue(p->a, &p->rogue),
			  *a_2 = tap_by_rogue(p->a, &p->rogue);
	struct transcript *b_1 = tap_by_rogue(p->b, &p->rogue),
			  *b_2 = tap_by_rogue(p->b, &p->rogue);

	assert_true(a_1->used > 10000);
	assert_false(share(a_1, a_2, b_1));
	assert_false(share(b_1, b_2, a_1));
	assert_no_answer_tells(a_1, a_2, b_1);
	assert_no_answer_tells(a_2, a_1, b_2);
	free(a_1);
	free(a_2);
	free(b_1);
	free(b_2);
}

static void new_cards(void **state)
{
	compare(*state);
}

static void new_eid_cards(void **state)
{
	struct people *p = *state;

	bench_free(p->a);
	bench_free(p->b);
	eac_chain(&p->chain, "P-256", SJ_CVC_AUTHENTICATION);
	p->a = eid_card_of(p, EAC_ACCESS, 'A');
	p->b = eid_card_of(p, ACCESS_OTHER_EID, 'B');
	compare(p);
}

static void used_cards(void **state)
{
	static const uint8_t tickets[2][SJ_GATE_TICKET] = { { 1, 2, 3, 4, 5, 6, 7 },
							    { 8, 9, 10, 11, 12, 13, 14 } };
	struct people *p = *state;

	use(p, p->a, tickets[0]);
	use(p, p->b, tickets[1]);
	compare(p);
}

/* --- what is known to mark a card: the reasons stand beside ------------------------------------------------ */

/*
 * Failures of passwords cost time until the right one or minutes of power come: else a CAN
 * could be guessed (BSI TR-03110-2, 2.2). All cards with as many failures
 * wait as long, so it tells apart some cards, not one.
 */
static void known_failures_cost_time(void **state)
{
	struct people *p = *state;
	struct pace_reader guess;

	bench_power(p->a);
	pace_init(&guess, p->a, SUITE_DEFAULT, SJ_PACE_CAN, "000000");
	assert_int_equal(pace_until(&guess, 5), SJ_SW_NO_INFORMATION);
	p->a->waited_ms = p->b->waited_ms = 0;
	bench_power(p->a);
	bench_power(p->b);
	pace_init(&guess, p->a, SUITE_DEFAULT, SJ_PACE_CAN, "000000");
	assert_int_equal(pace_until(&guess, 2), SJ_SW_OK);
	pace_init(&guess, p->b, SUITE_DEFAULT, SJ_PACE_CAN, "000000");
	assert_int_equal(pace_until(&guess, 2), SJ_SW_OK);
	assert_int_equal(p->a->waited_ms, 1000);
	assert_int_equal(p->b->waited_ms, 0);
}

/*
 * MSE:Set AT tells how many tries the PIN has (BSI TR-03110-3, B.14.1): who enters it must know.
 * Until the holder enters it rightly, a card of a few among all.
 */
static void known_a_pin_that_failed_shows(void **state)
{
	struct bench *b = bench_issued("800103" ACCESS_MRZ ACCESS_CAN ACCESS_PIN "830300010D");
	const struct sj_span oid = sj_pace_oid(&SUITE_DEFAULT);

	(void)state;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_PIN, "000000"), SJ_SW_COUNTER | 2);
	bench_power(b);
	assert_int_equal(mse_pace(b, oid, SJ_PACE_PIN, MSE_NO_PARAMETER), SJ_SW_COUNTER | 2);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_PIN, PIN), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(mse_pace(b, oid, SJ_PACE_PIN, MSE_NO_PARAMETER), SJ_SW_OK);
	bench_free(b);
}

/*
 * Whoever knows an operator's id sees whether the card holds a ticket of it,
 * once, and of one operator a power-up (GATE.md, "Who learns what").
 */
static void known_a_ticket_shows_once(void **state)
{
	static const uint8_t ticket[SJ_GATE_TICKET] = { 1 };
	struct people *p = *state;
	struct tap *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	use(p, p->a, ticket);
	t->b = p->a;
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
	free(t);
}

/* An open card says what the standards let it say; here the manager's name and its own number. */
static void known_an_open_card_shows_its_manager(void **state)
{
	struct bench *b = bench_issued_as(ACCESS_BOTH, PROFILE_OPEN);

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "80CA9F7F00"), SJ_SW_OK);
	bench_free(b);
}

#define PEOPLE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PEOPLE_CASE(new_cards),
		PEOPLE_CASE(used_cards),
		PEOPLE_CASE(new_eid_cards),
		PEOPLE_CASE(known_failures_cost_time),
		cmocka_unit_test(known_a_pin_that_failed_shows),
		PEOPLE_CASE(known_a_ticket_shows_once),
		cmocka_unit_test(known_an_open_card_shows_its_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
