/* emrtd.c -- the two applets of an identity document: their tables. */
#include "emrtd.h"

#include "crypt/rsa.h"
#include "crypt/wipe.h"
#include "state.h"

#define ROW_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
/* What may be longer than a short command: a certificate, a signature. */
#define TA_CHAIN (CARD_ONLY_ISSUED | CARD_NEED_SM | CARD_TAKES_CHAIN)

static const uint8_t lds1_aid[] = { 0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01 };

/* Of Chip Authentication where its key was chosen, else of PACE. */
static uint16_t general_authenticate(struct card_call *call)
{
	const struct emrtd_state *st = call->state;

	if (st->ca2.state != CA2_IDLE)
		return emrtd_ca2_agree(call);
	return emrtd_pace_step(call);
}

static const struct card_command mf_commands[] = {
	/* CLA   INS   P1        P2        Lc        conditions, handler */
	{ 0x00, 0xA4, 0x00, CARD_ANY, 0, 2, CARD_ALWAYS, emrtd_select_fid },
	{ 0x00, 0xA4, 0x02, CARD_ANY, 2, 2, CARD_ALWAYS, emrtd_select_ef },
	{ 0x00, 0xA4, 0x08, CARD_ANY, 2, 16, CARD_ALWAYS, emrtd_select_ef },
	{ 0x00, 0xA4, 0x09, CARD_ANY, 2, 16, CARD_ALWAYS, emrtd_select_ef },
	{ 0x00, 0xB0, CARD_ANY, CARD_ANY, 0, 0, CARD_ALWAYS, emrtd_read_binary },
	{ 0x00, 0xB1, CARD_ANY, CARD_ANY, 2, 6, CARD_ALWAYS, emrtd_read_binary_odd },
	{ 0x00, 0x22, 0xC1, 0xA4, 1, 255, CARD_ONLY_ISSUED, emrtd_pace_set },
	{ 0x00, 0x86, 0x00, 0x00, 1, 280, CARD_ONLY_ISSUED | CARD_CHAIN_STEPS,
	  general_authenticate },
	{ 0x00, 0x22, 0x81, 0xB6, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ta_set_dst },
	{ 0x00, 0x2A, 0x00, 0xBE, 1, SJ_CVC_MAX, TA_CHAIN, emrtd_ta_verify },
	{ 0x00, 0x22, 0x81, 0xA4, 1, 512, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ta_set_at },
	{ 0x00, 0x84, 0x00, 0x00, 0, 0, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ta_challenge },
	{ 0x00, 0x82, 0x00, 0x00, 1, SJ_RSA_MAX, TA_CHAIN, emrtd_ta_finish },
	{ 0x00, 0x22, 0x41, 0xA4, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ca2_set_at },
	{ 0x00, 0x2C, 0x02, 0x03, EMRTD_PIN_SIZE, EMRTD_PIN_SIZE, CARD_ONLY_ISSUED | CARD_NEED_SM,
	  emrtd_pin_change },
	{ 0x00, 0x2C, 0x03, 0x03, 0, 0, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_pin_unblock },
	{ 0x00, 0x04, 0x10, 0x03, 0, 0, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_pin_deactivate },
	{ 0x00, 0x44, 0x10, 0x03, 0, 0, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_pin_activate },
};

static const struct card_command lds1_commands[] = {
	{ 0x00, 0xA4, 0x00, CARD_ANY, 0, 2, CARD_ALWAYS, emrtd_select_fid },
	{ 0x00, 0xA4, 0x02, CARD_ANY, 2, 2, CARD_ALWAYS, emrtd_select_ef },
	{ 0x00, 0xA4, 0x09, CARD_ANY, 2, 16, CARD_ALWAYS, emrtd_select_ef },
	{ 0x00, 0xB0, CARD_ANY, CARD_ANY, 0, 0, CARD_ALWAYS, emrtd_read_binary },
	{ 0x00, 0xB1, CARD_ANY, CARD_ANY, 2, 6, CARD_ALWAYS, emrtd_read_binary_odd },
	{ 0x00, 0x84, 0x00, 0x00, 0, 0, CARD_ONLY_ISSUED, emrtd_get_challenge },
	{ 0x00, 0x82, 0x00, 0x00, 1, SJ_RSA_MAX, CARD_ONLY_ISSUED | CARD_TAKES_CHAIN,
	  emrtd_external_authenticate },
	{ 0x00, 0x22, 0x81, 0xB6, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ta_set_dst },
	{ 0x00, 0x2A, 0x00, 0xBE, 1, SJ_CVC_MAX, TA_CHAIN, emrtd_ta_verify },
	{ 0x00, 0x22, 0x81, 0xA4, 1, 512, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ta_set_at },
	{ 0x00, 0x22, 0x41, 0xA6, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ca_set_kat },
	{ 0x00, 0x22, 0x41, 0xA4, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ca_set_at },
	{ 0x00, 0x86, 0x00, 0x00, 1, 255, CARD_ONLY_ISSUED | CARD_NEED_SM, emrtd_ca_agree },
	{ 0x00, 0x88, 0x00, 0x00, 8, 8, CARD_ONLY_ISSUED | CARD_NEED_SM,
	  emrtd_internal_authenticate },
};

bool emrtd_is_open(const struct card_call *call)
{
	unsigned rights = card_rights(call->card);

	if (card_is_eid(call->card))
		return card_terminal_is(call->card, call->secured, SJ_CVC_INSPECTION);
	return call->secured && (rights & (CARD_RIGHT_PACE | CARD_RIGHT_BAC)) != 0;
}

void emrtd_interrupt(struct emrtd_state *st)
{
	if (st->pace.state != PACE_SET)
		sj_wipe(&st->pace, sizeof(st->pace));
	sj_wipe(&st->bac, sizeof(st->bac));
	sj_wipe(&st->ca2, sizeof(st->ca2));
}

static void leave(struct card *card, void *state)
{
	struct emrtd_state *st = state;

	st->current[card_channel(card)] = 0;
	sj_wipe(&st->pace, sizeof(st->pace));
	sj_wipe(&st->bac, sizeof(st->bac));
	sj_wipe(&st->ca, sizeof(st->ca));
	sj_wipe(&st->ta, sizeof(st->ta));
	sj_wipe(&st->ca2, sizeof(st->ca2));
}

static uint16_t lds1_select(struct card_call *call)
{
	struct emrtd_state *st = call->state;
	size_t at = sj_tlv_open(call->out);

	leave(call->card, st);
	st->df = EMRTD_LDS;
	sj_tlv_put(call->out, 0x84, SJ_SPAN_OF(lds1_aid));
	sj_tlv_close(call->out, 0x6F, at);
	return SJ_SW_OK;
}

/* A card that was not issued is no document yet. */
static bool lds1_selectable(struct card *card)
{
	return card_is_issued(card);
}

static bool file_at(const struct card_store *store, enum emrtd_df df, size_t i,
		    struct card_file_info *out)
{
	const struct emrtd_file *f;
	struct sj_span content;

	for (uint8_t sfi = 1; sfi <= 30; sfi++) {
		f = emrtd_file_by_sfi(df, sfi);
		if (!f || !card_store_get(store, emrtd_file_object(f), &content) || i-- > 0)
			continue;
		*out = (struct card_file_info){ f->fid, f->name, content.len };
		return true;
	}
	return false;
}

static bool mf_file_at(const struct card_store *store, size_t i, struct card_file_info *out)
{
	return file_at(store, EMRTD_MF, i, out);
}

static bool lds1_file_at(const struct card_store *store, size_t i, struct card_file_info *out)
{
	return file_at(store, EMRTD_LDS, i, out);
}

const struct card_applet card_applet_mf = {
	.name = "MF",
	.is_mf = true,
	.commands = mf_commands,
	.command_count = ROW_COUNT(mf_commands),
	.state_size = sizeof(struct emrtd_state),
	.deselect = leave,
	.file_at = mf_file_at,
};

const struct card_applet card_applet_emrtd = {
	.aid = { lds1_aid, sizeof(lds1_aid) },
	.name = "eMRTD",
	.objects = CARD_OBJECT_EMRTD,
	.full_name_only = true, /* Doc 9303-10 (8th ed.), 4.1: not by RID alone */
	.commands = lds1_commands,
	.command_count = ROW_COUNT(lds1_commands),
	.state_size = sizeof(struct emrtd_state),
	.select = lds1_select,
	.deselect = leave,
	.selectable = lds1_selectable,
	.personalise = emrtd_personalise,
	.lock = emrtd_lock,
	.file_at = lds1_file_at,
};
