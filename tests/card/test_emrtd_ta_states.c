/* STATES.md, Terminal Authentication 2 and Chip Authentication 2: every state by every command. */
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
		   { NO, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { NO, IDLE },
		   { OK, IDLE } },
	[SIGNER_ANCHOR] = { { OK, SIGNER_ANCHOR },
			    { NAME, IDLE },
			    { NAME, IDLE },
			    { OK, VERIFIED_DV },
			    { BAD, IDLE },
			    { NO, IDLE },
			    { NO, IDLE },
			    { NO, IDLE },
			    { NO, SIGNER_ANCHOR },
			    { NO, SIGNER_ANCHOR },
			    { OK, SIGNER_ANCHOR } },
	[VERIFIED_DV] = { { OK, SIGNER_ANCHOR },
			  { OK, SIGNER_DV },
			  { NAME, IDLE },
			  { NO, IDLE },
			  { NO, IDLE },
			  { NO, IDLE },
			  { NO, IDLE },
			  { NO, IDLE },
			  { NO, VERIFIED_DV },
			  { NO, VERIFIED_DV },
			  { OK, VERIFIED_DV } },
	[SIGNER_DV] = { { OK, SIGNER_ANCHOR },
			{ OK, SIGNER_DV },
			{ NAME, IDLE },
			{ BAD, IDLE },
			{ OK, VERIFIED_TERMINAL },
			{ NO, IDLE },
			{ NO, IDLE },
			{ NO, IDLE },
			{ NO, SIGNER_DV },
			{ NO, SIGNER_DV },
			{ OK, SIGNER_DV } },
	[VERIFIED_TERMINAL] = { { OK, SIGNER_ANCHOR },
				{ NAME, IDLE },
				{ NAME, IDLE },
				{ NO, IDLE },
				{ NO, IDLE },
				{ OK, SET },
				{ NO, IDLE },
				{ NO, IDLE },
				{ NO, VERIFIED_TERMINAL },
				{ NO, VERIFIED_TERMINAL },
				{ OK, VERIFIED_TERMINAL } },
	[SET] = { { OK, SIGNER_ANCHOR },
		  { NAME, IDLE },
		  { NAME, IDLE },
		  { NO, IDLE },
		  { NO, IDLE },
		  { NO, IDLE },
		  { OK, CHALLENGED },
		  { NO, IDLE },
		  { NO, SET },
		  { NO, SET },
		  { OK, SET } },
	[CHALLENGED] = { { OK, SIGNER_ANCHOR },
			 { NAME, IDLE },
			 { NAME, IDLE },
			 { NO, IDLE },
			 { NO, IDLE },
			 { NO, IDLE },
			 { NO, IDLE },
			 { OK, AUTHENTICATED },
			 { NO, IDLE },
			 { NO, IDLE },
			 { OK, IDLE } },
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
		return eac_ta_set(t);
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
	return bench_do(f->card.b, "00B09C0000");
}

/* From a new session to that place, by the inputs that lead there. */
static void go(struct fixture *f, enum place place)
{
	static const enum input way[] = { DST_ANCHOR,    PSO_DV,   DST_DV, PSO_TERMINAL, SET_AT,
					  GET_CHALLENGE, EXTERNAL, SET_CA, AGREE };

	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->chain);
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	for (unsigned i = 0; i < (unsigned)place; i++)
		assert_int_equal(give(f, way[i]), SJ_SW_OK);
}

/* DVs and terminals tell by what their certificate is; anchors by the same. */
static enum sj_cvc_role holds(const struct emrtd_ta *ta)
{
	struct sj_cvc c;

	assert_true(sj_cvc_read(sj_span(ta->link.certificate, ta->link.len), &c));
	return sj_cvc_role(&c.rights);
}

static enum place where(struct fixture *f)
{
	struct card *card = f->card.b->card;
	const struct emrtd_state *st = card_state_of(card, &card_applet_mf);

	if (card_terminal(card)->in_force)
		return IN_FORCE;
	if (st->ca2.state == CA2_SET)
		return CHIP_SET;
	if (card_terminal(card)->authenticated)
		return AUTHENTICATED;
	switch (st->ta.state) {
	case TA_SIGNER:
		return holds(&st->ta) == SJ_CVC_CVCA ? SIGNER_ANCHOR : SIGNER_DV;
	case TA_VERIFIED:
		return holds(&st->ta) == SJ_CVC_TERMINAL ? VERIFIED_TERMINAL : VERIFIED_DV;
	case TA_SET:
		return SET;
	case TA_CHALLENGED: /* for the command that comes next */
		return st->ta.command == card_command_number(card) ? CHALLENGED : IDLE;
	case TA_IDLE:
		break;
	}
	return IDLE;
}

static void every_cell(void **state)
{
	struct fixture *f = *state;

	for (enum place place = IDLE; place < PLACES; place++) {
		for (enum input input = DST_ANCHOR; input < INPUTS; input++) {
			const struct cell *cell = &cells[place][input];
			uint16_t sw;

			go(f, place);
			assert_int_equal(where(f), place);
			sw = give(f, input);
			if (sw != cell->sw || where(f) != cell->next)
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
		cmocka_unit_test_setup_teardown(other_channels_know_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
