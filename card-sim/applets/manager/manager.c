/*
 * manager.c -- INSTALL [for personalisation], STORE DATA, SET STATUS.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.5.2.3.7, 11.10, 11.11.
 */
#include "manager.h"

#include "crypt/wipe.h"
#include "wire/tlv.h"

#define AID_SIZE_MAX 16u
#define LAST_BLOCK 0x80u /* P1 of STORE DATA */
#define DGI_FORMAT 0x08u
#define CASE_4 0x01u /* a response is expected: taken either way */
#define BLOCK_MAX 0xFFu
#define DGI_PROFILE 0x0001u

enum manager_state { IDLE, OPEN };

struct manager {
	enum manager_state state;
	uint8_t aid[AID_SIZE_MAX]; /* whose personalisation is open */
	size_t aid_size;
	unsigned next_block;
};

static const uint8_t manager_aid[] = { 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00 };

static uint16_t manager_select(struct card_call *call)
{
	static const uint8_t data_max[] = { 0xFF, 0xFF }; /* extended length */
	struct sj_writer *w = call->out;
	size_t outer = sj_tlv_open(w), inner;

	sj_wipe(call->state, sizeof(struct manager));
	sj_tlv_put(w, 0x84, SJ_SPAN_OF(manager_aid));
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x9F65, SJ_SPAN_OF(data_max));
	sj_tlv_close(w, 0xA5, inner);
	sj_tlv_close(w, 0x6F, outer);
	return SJ_SW_OK;
}

static void manager_deselect(struct card *card, void *state)
{
	(void)card;
	sj_wipe(state, sizeof(struct manager));
}

/* 00 00 || length and AID || 00 00 00: no privileges, parameters, token. */
static bool take_install(struct sj_span in, struct sj_span *aid)
{
	uint32_t head, tail;
	uint8_t size;

	return sj_take_be(&in, 2, &head) && head == 0 && sj_take_u8(&in, &size) && size >= 5 &&
	       size <= AID_SIZE_MAX && sj_take(&in, size, aid) && sj_take_be(&in, 3, &tail) &&
	       tail == 0 && in.len == 0;
}

static uint16_t manager_install(struct card_call *call)
{
	struct manager *m = call->state, opened = { .state = OPEN };
	struct sj_span aid;

	if (!take_install(call->apdu->data, &aid))
		return SJ_SW_WRONG_DATA;
	if (!card_has_applet(call->card, aid))
		return SJ_SW_REFERENCE_NOT_FOUND;
	opened.aid_size = aid.len;
	if (!sj_take_copy(&aid, opened.aid_size, opened.aid))
		return SJ_SW_WRONG_DATA;
	*m = opened;
	sj_put_u8(call->out, 0x00);
	return SJ_SW_OK;
}

/* DGI (2) || length (1, or FF and 2) || value. */
static bool take_grouping(struct sj_span *in, uint16_t *dgi, struct sj_span *value)
{
	uint32_t id, size;

	if (!sj_take_be(in, 2, &id) || !sj_take_be(in, 1, &size))
		return false;
	if (size == 0xFF && !sj_take_be(in, 2, &size))
		return false;
	*dgi = (uint16_t)id;
	return sj_take(in, size, value);
}

static uint16_t take_groupings(struct card_call *call, const struct manager *m)
{
	struct sj_span in = call->apdu->data, value;
	uint16_t dgi, sw = SJ_SW_WRONG_DATA;

	do {
		if (!take_grouping(&in, &dgi, &value))
			return SJ_SW_WRONG_DATA;
		sw = card_personalise(call, sj_span(m->aid, m->aid_size), dgi, value);
	} while (sw == SJ_SW_OK && in.len > 0);
	return sw;
}

static uint16_t manager_store_data(struct card_call *call)
{
	struct manager *m = call->state;
	uint8_t p1 = call->apdu->p1, block = call->apdu->p2;
	bool last = (p1 & LAST_BLOCK) != 0;
	uint16_t sw;

	if (m->state != OPEN)
		return SJ_SW_CONDITIONS;
	if ((p1 & (0xFFu & ~(LAST_BLOCK | CASE_4))) != DGI_FORMAT || block != m->next_block ||
	    (block == BLOCK_MAX && !last))
		return SJ_SW_WRONG_P1P2;
	sw = take_groupings(call, m);
	if (sw != SJ_SW_OK)
		return sw;
	m->next_block++;
	if (last)
		sj_wipe(m, sizeof(*m));
	return SJ_SW_OK;
}

static uint16_t manager_set_status(struct card_call *call)
{
	const struct manager *m = call->state;

	if (m->state != IDLE)
		return SJ_SW_CONDITIONS;
	return card_lock(call);
}

static bool manager_selectable(struct card *card)
{
	return !card_hides(card);
}

/* What concerns the whole card: 0001, its profile (../gate/PERSO.md). */
static uint16_t manager_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	uint8_t profile;

	if (dgi != DGI_PROFILE)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!sj_take_u8(&data, &profile) || profile > CARD_OPEN || data.len != 0)
		return SJ_SW_WRONG_DATA;
	return card_set_profile(call->card, profile) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

static const struct card_command manager_commands[] = {
	/* CLA   INS   P1        P2        Lc        conditions, handler */
	{ 0x00, 0xA4, 0x00, 0x0C, 0, 2, CARD_ALWAYS, card_lead_out },
	{ 0x80, 0xE6, 0x20, 0x00, 1, 255, CARD_ONLY_BLANK | CARD_ONLY_BASIC_CHANNEL,
	  manager_install },
	{ 0x80, 0xE2, CARD_ANY, CARD_ANY, 1, 65535, CARD_ONLY_BLANK | CARD_ONLY_BASIC_CHANNEL,
	  manager_store_data },
	{ 0x80, 0xF0, 0x80, 0x0F, 0, 16, CARD_ONLY_BLANK | CARD_ONLY_BASIC_CHANNEL,
	  manager_set_status },
};

const struct card_applet card_applet_manager = {
	.aid = { manager_aid, sizeof(manager_aid) },
	.name = "manager",
	.commands = manager_commands,
	.command_count = sizeof(manager_commands) / sizeof(manager_commands[0]),
	.state_size = sizeof(struct manager),
	.select = manager_select,
	.deselect = manager_deselect,
	.selectable = manager_selectable,
	.personalise = manager_personalise,
};
