/*
 * dispatch.c -- which row answers a command, and the transaction around it.
 *
 * The order of refusals follows ISO/IEC 7816-4:2020, 5.6: class, instruction,
 * P1-P2, length, then conditions of use. STATES.md lists them.
 */
#include "host/card_internal.h"

#include <string.h>

#include "crypt/wipe.h"

static uint16_t get_response_without_data(struct card_call *call)
{
	(void)call;
	return SJ_SW_CONDITIONS;
}

/* The host's own rows, found before the applet's. */
static const struct card_command host_commands[] = {
	{ 0x00, 0x70, CARD_ANY, CARD_ANY, 0, 0, CARD_EVEN_TERMINATED, card_manage_channel },
	{ 0x00, 0xA4, 0x04, CARD_ANY, 0, 16, CARD_EVEN_TERMINATED, card_select_by_name },
	{ 0x00, 0xC0, 0x00, 0x00, 0, 0, CARD_EVEN_TERMINATED, get_response_without_data },
};

/* A command on its way: what it is, and which row fits it best so far. */
struct search {
	struct card *card;
	const struct sj_apdu *apdu;
	const struct card_class *class;
	size_t nc; /* data bytes with those of the chain before it */
	const struct card_command *row;
	uint16_t sw; /* 9000: row answers; else why the nearest one does not */
	unsigned rank; /* how many checks the nearest row passed */
};

bool card_sw_is_error(uint16_t sw)
{
	return sw >= SJ_SW_EXECUTION_ERROR && sw < SJ_SW_OK;
}

/* --- finding the row ------------------------------------------------------ */

/* Who may give it: inside secure messaging, outside, in a secure channel. */
static uint16_t check_security(const struct search *s, unsigned conditions)
{
	unsigned level = card_scp_level(s->card);

	if ((conditions & CARD_NEED_SM) && !s->class->secured)
		return SJ_SW_SECURITY_STATUS;
	if ((conditions & CARD_NEED_PLAIN) && s->class->secured)
		return SJ_SW_CONDITIONS;
	if ((conditions & CARD_NEED_CHANNEL) && level == 0)
		return SJ_SW_SECURITY_STATUS;
	if ((conditions & CARD_NEED_CONFIDENTIAL) && (level & SJ_SCP03_C_ENC) == 0)
		return SJ_SW_SECURITY_STATUS;
	return SJ_SW_OK;
}

static uint16_t check_conditions(const struct search *s, unsigned conditions)
{
	const struct card *card = s->card;
	uint16_t sw;

	if (!(conditions & CARD_EVEN_TERMINATED) && card_life(card) == CARD_TERMINATED)
		return SJ_SW_CONDITIONS;
	if ((conditions & CARD_ONLY_CONTACT) && card->interface != CARD_CONTACT)
		return SJ_SW_FUNCTION_NOT_SUPPORTED;
	if ((conditions & CARD_ONLY_BASIC_CHANNEL) && s->class->channel != 0)
		return SJ_SW_CHANNEL_NOT_SUPPORTED;
	if (s->class->chained && !(conditions & (CARD_TAKES_CHAIN | CARD_CHAIN_STEPS)))
		return SJ_SW_CHAINING_NOT_SUPPORTED;
	sw = check_security(s, conditions);
	if (sw != SJ_SW_OK)
		return sw;
	if ((conditions & CARD_ONLY_BLANK) && card_is_issued(card))
		return SJ_SW_CONDITIONS;
	if ((conditions & CARD_ONLY_ISSUED) && !card_is_issued(card))
		return SJ_SW_CONDITIONS;
	return SJ_SW_OK;
}

/* Commands of a chain that is being collected have reached lc_min together only at its end. */
static bool length_fits(const struct search *s, const struct card_command *row)
{
	bool collecting = s->class->chained && (row->conditions & CARD_TAKES_CHAIN);

	return s->nc <= row->lc_max && (collecting || s->nc >= row->lc_min);
}

/* Why the row does not answer, or 9000; *rank: checks passed. */
static uint16_t judge(const struct search *s, const struct card_command *row, unsigned *rank)
{
	uint16_t sw;

	*rank = 0;
	if (row->cla != s->class->base)
		return SJ_SW_WRONG_CLA;
	*rank = 1;
	if (row->ins != s->apdu->ins)
		return SJ_SW_WRONG_INS;
	*rank = 2;
	if ((row->p1 != CARD_ANY && row->p1 != s->apdu->p1) ||
	    (row->p2 != CARD_ANY && row->p2 != s->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	*rank = 3;
	if (!length_fits(s, row))
		return SJ_SW_WRONG_LENGTH;
	*rank = 4;
	sw = check_conditions(s, row->conditions);
	if (sw == SJ_SW_OK)
		*rank = 5;
	return sw;
}

/* The first row that came furthest decides. */
static void search_table(struct search *s, const struct card_command *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned rank;
		uint16_t sw = judge(s, &rows[i], &rank);

		if (s->row != NULL && rank <= s->rank)
			continue;
		s->row = &rows[i];
		s->sw = sw;
		s->rank = rank;
	}
}

const struct card_applet *card_current_applet(const struct card *card)
{
	const struct card_applet *applet = card->now.channels[card->now.channel].applet;

	return applet != NULL ? applet : card->mf;
}

static void find_row(struct search *s)
{
	const struct card_applet *applet = card_current_applet(s->card);

	search_table(s, host_commands, sizeof(host_commands) / sizeof(host_commands[0]));
	if (applet != NULL)
		search_table(s, applet->commands, applet->command_count);
}

/* --- chains --------------------------------------------------------------- */

bool card_chain_continues(const struct card_chain *chain, const struct sj_apdu *apdu,
			  const struct card_class *class)
{
	return chain->cla == class->base && chain->ins == apdu->ins && chain->p1 == apdu->p1 &&
	       chain->p2 == apdu->p2 && chain->channel == class->channel &&
	       chain->secured == class->secured;
}

/* Adds the command's data; whole: all of the chain's when this was its last command. */
uint16_t card_chain_collect(struct card *card, const struct sj_apdu *apdu,
			    const struct card_class *class, struct sj_span *whole)
{
	struct card_chain *chain = &card->now.chain;
	size_t nc = chain->len + apdu->data.len;

	if (!chain->open && !class->chained) {
		*whole = apdu->data;
		return SJ_SW_OK;
	}
	if (nc > SJ_APDU_NC_EXTENDED)
		return SJ_SW_WRONG_LENGTH;
	if (apdu->data.len > 0)
		memcpy(card->chain_data + chain->len, apdu->data.ptr, apdu->data.len);
	*whole = sj_span(card->chain_data, nc);
	*chain = (struct card_chain){
		.open = class->chained,
		.cla = class->base,
		.ins = apdu->ins,
		.p1 = apdu->p1,
		.p2 = apdu->p2,
		.channel = class->channel,
		.secured = class->secured,
		.len = class->chained ? nc : 0,
	};
	return SJ_SW_OK;
}

void card_chain_drop(struct card *card)
{
	sj_wipe(card->chain_data, card->now.chain.len);
	card->now.chain = (struct card_chain){ .open = false };
}

/* --- running -------------------------------------------------------------- */

/* 6Cxx where the row asks for it: the command is given again with the right Le. */
static uint16_t check_le(const struct search *s, struct sj_writer *out, uint16_t sw)
{
	if (!(s->row->conditions & CARD_LE_EXACT) || sw != SJ_SW_OK || s->apdu->ne == 0 ||
	    out->len <= s->apdu->ne || out->len > SJ_APDU_NE_SHORT)
		return sw;
	sw = (uint16_t)(SJ_SW_WRONG_LE | (out->len & 0xFF));
	out->len = 0;
	return sw;
}

static uint16_t call_handler(struct search *s, struct sj_span whole, struct sj_writer *out)
{
	const struct card_applet *applet = card_current_applet(s->card);
	struct sj_apdu apdu = *s->apdu;
	struct card_call call = {
		.card = s->card,
		.apdu = &apdu,
		.out = out,
		.state = applet != NULL ? card_state_of(s->card, applet) : NULL,
		.channel = s->class->channel,
		.secured = s->class->secured,
		.scp = s->class->scp,
		.more = s->class->chained,
	};
	uint16_t sw;

	apdu.cla = s->class->base;
	apdu.data = whole;
	sw = s->row->handler(&call);
	if (out->failed)
		return SJ_SW_UNKNOWN;
	return check_le(s, out, sw);
}

/* What a handler gained, and loses with an error. */
struct gains {
	unsigned rights;
	struct card_terminal terminal;
};

/* Stores what the handler did, or undoes it: gains and a session to come included. */
static uint16_t settle(struct card *card, const struct gains *before, uint16_t sw)
{
	if (!card_sw_is_error(sw) && !card_commit(card))
		sw = SJ_SW_MEMORY_FAILURE;
	if (card_sw_is_error(sw)) {
		card_store_abort(card->store);
		card->now.after_asked = false;
		card->now.rights &= before->rights;
		card->now.terminal = before->terminal;
		card->now.next.running = false;
		card_scp_undo(card);
	}
	return sw;
}

/* Who has work to do after the response. */
static void keep_after(struct card *card)
{
	const struct card_applet *applet = card_current_applet(card);

	if (card->now.after_asked && applet != NULL && applet->after != NULL) {
		card->now.after = applet;
		card->now.after_channel = card->now.channel;
	}
	card->now.after_asked = false;
}

static uint16_t run_row(struct search *s, struct sj_writer *out)
{
	struct gains before = { s->card->now.rights, s->card->now.terminal };
	struct sj_span whole = s->apdu->data;
	uint16_t sw;

	if (!(s->row->conditions & CARD_CHAIN_STEPS)) {
		sw = card_chain_collect(s->card, s->apdu, s->class, &whole);
		if (sw != SJ_SW_OK || s->class->chained)
			return sw;
	}
	sw = settle(s->card, &before, call_handler(s, whole, out));
	sj_wipe(&before, sizeof(before));
	keep_after(s->card);
	sj_wipe(s->card->chain_data, s->nc);
	return sw;
}

uint16_t card_dispatch(struct card *card, const struct sj_apdu *plain,
		       const struct card_class *class, struct sj_writer *out)
{
	struct card_chain *chain = &card->now.chain;
	struct search s = { .card = card, .apdu = plain, .class = class, .sw = SJ_SW_WRONG_CLA };
	uint16_t sw;

	card->now.channel = class->channel;
	if (chain->open && !card_chain_continues(chain, plain, class)) {
		card_chain_drop(card);
		return SJ_SW_LAST_OF_CHAIN_EXPECTED;
	}
	s.nc = chain->len + plain->data.len;
	find_row(&s);
	sw = s.sw == SJ_SW_OK ? run_row(&s, out) : s.sw;
	if (sw != SJ_SW_OK || !class->chained)
		card_chain_drop(card);
	if (card_sw_is_error(sw)) {
		sj_wipe(out->ptr, out->len);
		*out = sj_writer(out->ptr, out->cap);
	}
	return sw;
}
