/* eid.c -- the eID application's table. STATES.md is the page to it. */
#include "eid.h"

#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

void eid_interrupt(struct card_call *call)
{
	struct eid_ri *ri = &((struct eid_state *)call->state)->ri;

	if (ri->channel == call->channel)
		sj_wipe(ri, sizeof(*ri));
}

static void leave(struct card *card, void *state)
{
	struct eid_state *st = state;
	const uint8_t channel = card_channel(card);

	st->current[channel] = 0;
	if (st->ri.channel == channel)
		sj_wipe(&st->ri, sizeof(st->ri));
}

static uint16_t eid_select(struct card_call *call)
{
	const size_t at = sj_tlv_open(call->out);

	leave(call->card, call->state);
	sj_tlv_put(call->out, 0x84, sj_eid_aid());
	sj_tlv_close(call->out, 0x6F, at);
	return SJ_SW_OK;
}

/*
 * Not there until a terminal's rights are in force: neither the application nor a file of it is
 * told to anybody else. A plain command has ended that before it gets here.
 */
static bool eid_selectable(struct card *card)
{
	return card_is_issued(card) && card_is_eid(card) &&
	       (card_terminal_is(card, true, SJ_CVC_AUTHENTICATION) ||
		card_terminal_is(card, true, SJ_CVC_INSPECTION));
}

static const char *const names[SJ_EID_GROUPS + 1] = {
	NULL,      "EF.DG1",  "EF.DG2",  "EF.DG3",  "EF.DG4",  "EF.DG5",  "EF.DG6",  "EF.DG7",
	"EF.DG8",  "EF.DG9",  "EF.DG10", "EF.DG11", "EF.DG12", "EF.DG13", "EF.DG14", "EF.DG15",
	"EF.DG16", "EF.DG17", "EF.DG18", "EF.DG19", "EF.DG20", "EF.DG21", "EF.DG22", "EF.DG23",
	"EF.DG24", "EF.DG25", "EF.DG26", "EF.DG27", "EF.DG28", "EF.DG29", "EF.DG30",
};

static bool eid_file_at(const struct card_store *store, size_t i, struct card_file_info *out)
{
	struct sj_span content;

	for (unsigned n = 1; n <= SJ_EID_GROUPS; n++) {
		/* The status of every sector is a file of its own; the first is shown. */
		if (!eid_group(store, n, n == SJ_EID_STATUS ? 1 : 0, &content) || i-- > 0)
			continue;
		*out = (struct card_file_info){ (uint16_t)(0x0100u + n), names[n], content.len };
		return true;
	}
	return false;
}

#define ANY CARD_ANY
#define ISSUED CARD_ONLY_ISSUED
#define CHAIN (CARD_ONLY_ISSUED | CARD_TAKES_CHAIN)
#define NC SJ_APDU_NC_EXTENDED

static const struct card_command eid_commands[] = {
	/* CLA   INS   P1    P2    Lc     conditions, handler */
	{ 0x00, 0xA4, 0x00, ANY, 0, 2, ISSUED, eid_select_fid },
	{ 0x00, 0xA4, 0x02, ANY, 2, 2, ISSUED, eid_select_ef },
	{ 0x00, 0xB0, ANY, ANY, 0, 0, ISSUED, eid_read_binary },
	{ 0x00, 0xB1, ANY, ANY, 2, 6, ISSUED, eid_read_binary_odd },
	{ 0x00, 0xCB, 0x3F, 0xFF, 3, 255, ISSUED, eid_get_data },
	{ 0x00, 0xD6, ANY, ANY, 1, NC, ISSUED, eid_update_binary },
	{ 0x80, 0x20, 0x80, 0x00, 2, 255, ISSUED, eid_verify },
	{ 0x00, 0x22, 0x41, 0xA4, 1, 255, ISSUED, eid_ri_set },
	{ 0x00, 0x86, 0x00, 0x00, 1, NC, CHAIN, eid_ri_identify },
};

static const uint8_t eid_aid[] = { 0xE8, 0x07, 0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x02 };

const struct card_applet card_applet_eid = {
	.aid = { eid_aid, sizeof(eid_aid) },
	.name = "eID",
	.objects = CARD_OBJECT_EID,
	.full_name_only = true,
	.commands = eid_commands,
	.command_count = sizeof(eid_commands) / sizeof(eid_commands[0]),
	.state_size = sizeof(struct eid_state),
	.select = eid_select,
	.deselect = leave,
	.selectable = eid_selectable,
	.personalise = eid_personalise,
	.lock = eid_lock,
	.file_at = eid_file_at,
};
