/* perso.c -- the data groupings of PERSO.md, and what the final lock asks for. */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

static uint16_t forget(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);

	if (data.len != 0)
		return SJ_SW_WRONG_DATA;
	return card_store_wipe(store, CARD_OBJECT_GATE, GATE_OBJECT_END) ? SJ_SW_OK
									 : SJ_SW_MEMORY_FAILURE;
}

static uint16_t configure(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);
	struct sj_span bcd, date;
	uint8_t class;
	uint32_t born;

	if (!sj_take_u8(&data, &class) || class < SJ_CLASS_VISITOR || class > SJ_CLASS_RETURN ||
	    !sj_take(&data, 4, &bcd) || !gate_birth_date(bcd, &born) || !sj_take(&data, 4, &date) ||
	    data.len != 0)
		return SJ_SW_WRONG_DATA;
	if (!card_store_set(store, GATE_OBJECT_DATE, date))
		return SJ_SW_MEMORY_FAILURE;
	return gate_holder_make(call, class, born);
}

static uint16_t add_anchor(struct card_call *call, struct sj_span data)
{
	struct sj_cwt cwt;
	uint8_t role;

	if (!sj_take_u8(&data, &role) || !sj_cwt_parse(data, &cwt) || cwt.kind != SJ_CWT_SIGNER ||
	    cwt.signer != role)
		return SJ_SW_WRONG_DATA;
	return gate_anchor_add(card_store_of(call->card), data, true);
}

/* A key pair for this slot, without credential; x goes to `out`. */
static bool generate(struct card *card, uint32_t object, struct sj_writer *out)
{
	uint8_t pair[2 * SJ_EDHOC_KEY];
	bool ok = sj_edhoc_keygen(sj_edhoc_suite(SJ_GATE_SUITE), card_random(card), pair,
				  pair + SJ_EDHOC_KEY) &&
		  card_store_set(card_store_of(card), object, SJ_SPAN_OF(pair));

	sj_put(out, sj_span(pair + SJ_EDHOC_KEY, SJ_EDHOC_KEY));
	sj_wipe(pair, sizeof(pair));
	return ok;
}

static uint16_t generate_sector(struct card_call *call, struct sj_span data)
{
	uint8_t sector;

	if (!sj_take_u8(&data, &sector) || sector < 1 || sector > SJ_GATE_SECTORS || data.len != 0)
		return SJ_SW_WRONG_DATA;
	for (uint8_t slot = 0; slot < SJ_GATE_SLOTS; slot++)
		if (!generate(call->card, gate_credential_object(sector, slot), call->out))
			return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

static uint16_t set_credential(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);
	struct gate_credential present;
	struct sj_cwt cwt;
	uint8_t sector, slot;

	if (!sj_take_u8(&data, &sector) || !sj_take_u8(&data, &slot) || data.len > SJ_CWT_MAX ||
	    !sj_cwt_parse(data, &cwt) || cwt.kind != SJ_CWT_CARD ||
	    !gate_credential_find(store, sector, slot, &present) ||
	    !sj_span_eq(present.x, cwt.key_x))
		return SJ_SW_WRONG_DATA;
	return gate_credential_set(store, sector, slot, data) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

static const struct grouping {
	uint16_t dgi;
	uint16_t (*take)(struct card_call *call, struct sj_span data);
} groupings[] = {
	{ 0x0000, forget },          { 0x0001, configure },      { 0x0002, add_anchor },
	{ 0x0011, generate_sector }, { 0x0012, set_credential },
};

uint16_t gate_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++)
		if (groupings[i].dgi == dgi)
			return groupings[i].take(call, data);
	return SJ_SW_REFERENCE_NOT_FOUND;
}

static bool is_whole(const struct card_store *store)
{
	struct gate_credential c;
	struct sj_span holder;

	for (uint8_t sector = 1; sector <= SJ_GATE_SECTORS; sector++)
		for (uint8_t slot = 0; slot < SJ_GATE_SLOTS; slot++)
			if (!gate_credential_find(store, sector, slot, &c) || c.token.len == 0)
				return false;
	return card_store_get(store, GATE_OBJECT_HOLDER, &holder) &&
	       gate_has_anchor(store, SJ_CWT_GATE_CA) &&
	       gate_has_anchor(store, SJ_CWT_STATUS_SIGNER);
}

/* Nothing of the gate, or all of it; and then a key for the first tap. */
uint16_t gate_lock(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);
	uint32_t id = CARD_OBJECT_GATE;

	if (!card_store_next(store, &id) || id >= GATE_OBJECT_END)
		return SJ_SW_OK;
	if (!is_whole(store))
		return SJ_SW_CONDITIONS;
	return gate_ephemeral_prepare(call->card) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}
