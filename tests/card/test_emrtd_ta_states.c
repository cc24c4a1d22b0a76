/* STATES.md, Terminal Authentication 1 and 2, Chip Authentication 2: every state by every command. */
#include "applets/emrtd/emrtd.h"
#include "applets/emrtd/state.h"
#include "host/card_internal.h"
#include "tests/card/eac_rig.h"

/* The page's states: those of `ta`, what it holds, and what the terminal has reached. */
enum place {
	IDLE,
	SIGNER_ANCHOR,
	VERIFIED_DV,
	SIGNER_DV,
	VERIFIED_TERMINAL,
	SET,
	CHALLENGED,
	AUTHENTICATED,
	CHIP_SET,
	IN_FORCE,
	PLACES,
};

enum input {
	DST_ANCHOR,
	DST_DV,
	DST_TERMINAL,
	PSO_DV,
	PSO_TERMINAL,
	SET_AT,
	GET_CHALLENGE,
	EXTERNAL,
	SET_CA,
	AGREE,
	READ,
	INPUTS,
};

#define OK SJ_SW_OK
#define NO SJ_SW_CONDITIONS
#define NAME SJ_SW_REFERENCE_NOT_FOUND
#define BAD SJ_SW_NO_INFORMATION

/* What each is answered with, and the next state. */
static const struct cell {
	uint16_t sw;
	enum place next;
} cells[PLACES][INPUTS] = {
	[IDLE] = { { OK, SIGNER_ANCHOR },
		   { NAME, IDLE },
		   { NAME, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { OK, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { OK, IDLE } },
	[SIGNER_ANCHOR] = { { OK, SIGNER_ANCHOR },
			    { NAME, SIGNER_ANCHOR },
			    { NAME, SIGNER_ANCHOR },
			    { OK, VERIFIED_DV },
			    { BAD, SIGNER_ANCHOR },
			    { NO, SIGNER_ANCHOR },
			    { OK, SIGNER_ANCHOR },
			    { NO, SIGNER_ANCHOR },
			    { NO, SIGNER_ANCHOR },
			    { NO, SIGNER_ANCHOR },
			    { OK, SIGNER_ANCHOR } },
	[VERIFIED_DV] = { { OK, SIGNER_ANCHOR },
			  { OK, SIGNER_DV },
			  { NAME, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { OK, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { OK, VERIFIED_DV } },
	[SIGNER_DV] = { { OK, SIGNER_ANCHOR },
			{ OK, SIGNER_DV },
			{ NAME, SIGNER_DV },
			{ BAD, SIGNER_DV },
			{ OK, VERIFIED_TERMINAL },
			{ NO, SIGNER_DV },
			{ OK, SIGNER_DV },
			{ NO, SIGNER_DV },
			{ NO, SIGNER_DV },
			{ NO, SIGNER_DV },
			{ OK, SIGNER_DV } },
	[VERIFIED_TERMINAL] = { { OK, SIGNER_ANCHOR },
				{ NAME, VERIFIED_TERMINAL },
				{ NAME, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ OK, SET },
				{ OK, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ OK, VERIFIED_TERMINAL } },
	[SET] = { { OK, SIGNER_ANCHOR },
		  { NAME, SET },
		  { NAME, SET },
		  { NO, SET },
		  { NO, SET },
		  { OK, SET },
		  { OK, CHALLENGED },
		  { NO, SET },
		  { NO, SET },
		  { NO, SET },
		  { OK, SET } },
	[CHALLENGED] = { { OK, SIGNER_ANCHOR },
			 { NAME, CHALLENGED },
			 { NAME, CHALLENGED },
			 { NO, CHALLENGED },
			 { NO, CHALLENGED },
			 { OK, CHALLENGED },
			 { OK, CHALLENGED },
			 { OK, AUTHENTICATED },
			 { NO, CHALLENGED },
			 { NO, CHALLENGED },
			 { OK, CHALLENGED } },
	[AUTHENTICATED] = { { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { NO, AUTHENTICATED },
			    { OK, CHIP_SET },
			    { NO, AUTHENTICATED },
			    { OK, AUTHENTICATED } },
	[CHIP_SET] = { { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { NO, CHIP_SET },
		       { OK, CHIP_SET },
		       { OK, IN_FORCE },
		       { OK, AUTHENTICATED } },
	[IN_FORCE] = { { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { NO, IN_FORCE },
		       { OK, IN_FORCE } },
};

struct fixture {
	bool one; /* version 1, in LDS1 after BAC and Chip Authentication 1 */
	struct eac_chain chain;
	struct eac_card card;
	struct eac_terminal t;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	eac_chain(&f->chain, "P-256", SJ_CVC_AUTHENTICATION);
	eac_issue_eid(&f->card, &f->chain);
	*state = f;
	return 0;
}

static int setup_1(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct eac_plan plan = {
		.flags = CARD_EAC_TA1, .date = EAC_2026, .access = ACCESS_BOTH, .ca1 = true
	};

	assert_non_null(f);
	f->one = true;
	eac_chain(&f->chain, "P-256", SJ_CVC_INSPECTION);
	plan.anchors[0] = eac_made(&f->chain.cvca);
	eac_issue(&f->card, &plan);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->chain);
	free(f);
	return 0;
}

static uint16_t give(struct fixture *f, enum input input)
{
	struct eac_terminal *t = &f->t;

	switch (input) {
	case DST_ANCHOR:
		return eac_dst(t, f->chain.cvca.plan.holder);
	case DST_DV:
		return eac_dst(t, f->chain.dv.plan.holder);
	case DST_TERMINAL:
		return eac_dst(t, f->chain.terminal.plan.holder);
	case PSO_DV:
		return eac_pso(t, eac_made(&f->chain.dv));
	case PSO_TERMINAL:
		return eac_pso(t, eac_made(&f->chain.terminal));
	case SET_AT:
		return f->one ? eac_ta1_set(t) : eac_ta_set(t);
	case GET_CHALLENGE:
		return eac_challenge(t);
	case EXTERNAL:
		return eac_external(t);
	case SET_CA:
		return eac_ca_set(t);
	case AGREE:
		return eac_ca_agree(t, &t->sk, &t->pk);
	case READ:
	case INPUTS:
		break;
	}
	return bench_do(f->card.b, f->one ? "00B09E0000" : "00B09C0000");
}

/* A new session, in which Terminal Authentication may begin. */
static void begin(struct fixture *f)
{
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->chain);
	if (!f->one) {
		assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
		return;
	}
	bench_bac(f->card.b);
	f->t.id_icc_len = 10; /* the document number with its check digit */
	memcpy(f->t.id_icc, MRZ, 10);
	assert_int_equal(eac_ca1(&f->t, &f->card.keys[0]), SJ_SW_OK);
}

/* From a new session to that place, by the inputs that lead there. */
static void go(struct fixture *f, enum place place)
{
	static const enum input way[] = { DST_ANCHOR,    PSO_DV,   DST_DV, PSO_TERMINAL, SET_AT,
					  GET_CHALLENGE, EXTERNAL, SET_CA, AGREE };

	begin(f);
	for (unsigned i = 0; i < (unsigned)place; i++)
		assert_int_equal(give(f, way[i]), SJ_SW_OK);
}

static enum sj_cvc_role role_of(const struct emrtd_ta_link *link)
{
	struct sj_cvc c;

	assert_true(sj_cvc_read(sj_span(link->certificate, link->len), &c));
	return sj_cvc_role(&c.rights);
}

static enum place where(struct fixture *f)
{
	struct card *card = f->card.b->card;
	const struct emrtd_state *st =
		card_state_of(card, f->one ? &card_applet_emrtd : &card_applet_mf);
	const struct emrtd_ta *ta = &st->ta;

	if (card_terminal(card)->in_force)
		return IN_FORCE;
	if (st->ca2.state == CA2_SET)
		return CHIP_SET;
	if (card_terminal(card)->authenticated)
		return AUTHENTICATED;
	if (ta->signer.len > 0)
		return role_of(&ta->signer) == SJ_CVC_CVCA ? SIGNER_ANCHOR : SIGNER_DV;
	if (ta->set)
		return ta->challenged ? CHALLENGED : SET;
	if (ta->held.len > 0)
		return role_of(&ta->held) == SJ_CVC_TERMINAL ? VERIFIED_TERMINAL : VERIFIED_DV;
	return IDLE;
}

/* In version 1 rights are in force at once; and the last two commands are those of ca.c. */
static struct cell expected(const struct fixture *f, enum place place, enum input input)
{
	struct cell cell = cells[place][input];

	if (f->one && cell.next == AUTHENTICATED)
		cell.next = IN_FORCE;
	return cell;
}

static void every_cell(void **state)
{
	struct fixture *f = *state;

	for (enum place place = IDLE; place < (f->one ? AUTHENTICATED : PLACES); place++) {
		for (enum input input = DST_ANCHOR; input < INPUTS; input++) {
			const struct cell cell = expected(f, place, input);
			uint16_t sw;

			if (f->one && (input == SET_CA || input == AGREE))
				continue;
			go(f, place);
			assert_int_equal(where(f), place);
			sw = give(f, input);
			if (sw != cell.sw || where(f) != cell.next)
				fail_msg("state %d, command %d: %04X, state %d", place, input, sw,
					 where(f));
		}
	}
}

/* On another channel than the one it was begun on nothing goes on. */
static void other_channels_know_nothing(void **state)
{
	struct fixture *f = *state;

	go(f, CHALLENGED);
	assert_int_equal(bench_do(f->card.b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "01820000020102"), SJ_SW_CONDITIONS);
	go(f, CHIP_SET);
	assert_int_equal(bench_do(f->card.b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, "01860000047C02800000"), SJ_SW_CONDITIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_cell, setup, teardown),
		{ "every_cell_of_version_1", every_cell, setup_1, teardown, NULL },
		cmocka_unit_test_setup_teardown(other_channels_know_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
