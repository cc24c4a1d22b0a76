/* manager.c -- the issuer security domain: which command goes where. */
#include "manager.h"

#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

const uint8_t manager_aid[8] = { 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00 };
const uint8_t manager_load_file[9] = { 0xF0, 0x53, 0x4F, 0x4A, 0x4F, 0x55, 0x52, 0x4E, 0xFF };

bool manager_take_lv(struct sj_span *in, struct sj_span *out)
{
	struct sj_span rest = *in;
	uint8_t size;

	if (!sj_take_u8(&rest, &size) || !sj_take(&rest, size, out))
		return false;
	*in = rest;
	return true;
}

static void put_fci(struct sj_writer *w)
{
	static const uint8_t data_max[] = { 0xFF, 0xFF }; /* extended length */
	size_t outer = sj_tlv_open(w), inner;

	sj_tlv_put(w, 0x84, SJ_SPAN_OF(manager_aid));
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x9F65, SJ_SPAN_OF(data_max));
	sj_tlv_close(w, 0xA5, inner);
	sj_tlv_close(w, 0x6F, outer);
}

/* The channel is the basic one's, and so is all that is kept. */
static void forget(struct card *card, void *state)
{
	if (card_channel(card) != 0)
		return;
	card_scp_drop(card);
	sj_wipe(state, sizeof(struct manager));
}

static uint16_t manager_select(struct card_call *call)
{
	if (call->channel == 0)
		forget(call->card, call->state);
	put_fci(call->out);
	return card_life(call->card) == CARD_LOCKED ? SJ_SW_FILE_DEACTIVATED : SJ_SW_OK;
}

static bool manager_selectable(struct card *card)
{
	return !card_hides(card);
}

/* What concerns the whole card: 0001, its profile (../gate/PERSO.md). */
static uint16_t manager_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	uint8_t profile;

	if (dgi != 0x0001)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!sj_take_u8(&data, &profile) || profile > CARD_OPEN || data.len != 0)
		return SJ_SW_WRONG_DATA;
	return card_set_profile(call->card, profile) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

#define BASIC CARD_ONLY_BASIC_CHANNEL
#define CHANNEL (BASIC | CARD_NEED_CHANNEL)
#define SECRET (CHANNEL | CARD_NEED_CONFIDENTIAL)
#define BLANK (SECRET | CARD_ONLY_BLANK)
#define ANY CARD_ANY

static const struct card_command manager_commands[] = {
	/* CLA   INS   P1    P2    Lc        conditions, handler */
	{ 0x00, 0xA4, 0x00, 0x0C, 0, 2, CARD_ALWAYS, card_lead_out },
	{ 0x80, 0x50, ANY, 0x00, 8, 16, BASIC, manager_initialize_update },
	{ 0x80, 0x82, ANY, 0x00, 16, 32, BASIC, manager_external_authenticate },
	{ 0x80, 0xCA, 0x9F, 0x7F, 0, 0, CARD_EVEN_TERMINATED, manager_get_data },
	{ 0x80, 0xCA, ANY, ANY, 0, 0, CARD_ALWAYS, manager_get_data },
	{ 0x80, 0xF2, ANY, ANY, 2, 255, CHANNEL, manager_get_status },
	{ 0x80, 0xE6, 0x20, 0x00, 1, 255, BLANK, manager_install_personalise },
	{ 0x80, 0xE6, 0x04, 0x00, 1, 255, BLANK, manager_install },
	{ 0x80, 0xE6, 0x08, 0x00, 1, 255, BLANK, manager_install },
	{ 0x80, 0xE6, 0x0C, 0x00, 1, 255, BLANK, manager_install },
	{ 0x80, 0xE6, 0x40, 0x00, 1, 255, SECRET, manager_install_update },
	{ 0x80, 0xE2, ANY, ANY, 1, 65535, BLANK, manager_store_data },
	{ 0x80, 0xE4, 0x00, 0x00, 1, 255, BLANK, manager_delete },
	{ 0x80, 0xD8, ANY, 0x81, 1, 255, SECRET, manager_put_key },
	{ 0x80, 0xF0, 0x80, ANY, 0, 16, SECRET, manager_set_card_status },
	{ 0x80, 0xF0, 0x40, ANY, 5, 16, SECRET, manager_set_application_status },
};

const struct card_applet card_applet_manager = {
	.aid = { manager_aid, sizeof(manager_aid) },
	.name = "manager",
	.le_optional = true, /* a response MAC comes to commands without Le too */
	.scp03 = true,
	.commands = manager_commands,
	.command_count = sizeof(manager_commands) / sizeof(manager_commands[0]),
	.state_size = sizeof(struct manager),
	.select = manager_select,
	.deselect = forget,
	.selectable = manager_selectable,
	.personalise = manager_personalise,
};
