/* perso.c -- the data groupings of PERSO.md, and what the final lock asks for. */
#include "state.h"

#include "secure/gate.h"

#define GROUP_SIZE_MAX 0x10000u

static uint16_t forget(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);

	if (data.len != 0)
		return SJ_SW_WRONG_DATA;
	return card_store_wipe(store, CARD_OBJECT_EID, EID_OBJECT_END) ? SJ_SW_OK
								       : SJ_SW_MEMORY_FAILURE;
}

static uint16_t write_group(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);
	struct sj_span present = { NULL, 0 };
	uint8_t group, sector;
	uint32_t offset, object;

	if (!sj_take_u8(&data, &group) || !sj_take_u8(&data, &sector) ||
	    !sj_take_be(&data, 3, &offset) || data.len == 0 || group < 1 || group > SJ_EID_GROUPS ||
	    sector > SJ_GATE_SECTORS || (group == SJ_EID_STATUS) != (sector != 0))
		return SJ_SW_WRONG_DATA;
	object = eid_group_object(group, sector);
	if (offset > 0 && (!card_store_get(store, object, &present) || offset != present.len))
		return SJ_SW_WRONG_DATA;
	if (offset > GROUP_SIZE_MAX || data.len > GROUP_SIZE_MAX - offset)
		return SJ_SW_NO_SPACE;
	if (offset == 0 ? !card_store_set(store, object, data)
			: !card_store_write(store, object, offset, data))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

static uint16_t generate_ri(struct card_call *call, struct sj_span data)
{
	uint8_t id, key_id;
	enum sj_curve curve;

	if (!sj_take_u8(&data, &id) || !sj_take_u8(&data, &key_id) || data.len != 0 ||
	    key_id > EID_RI_KEY_ID_MAX)
		return SJ_SW_WRONG_DATA;
	curve = sj_curve_from_id(id);
	return curve != SJ_CURVE_NONE ? eid_ri_generate(call, curve, key_id) : SJ_SW_WRONG_DATA;
}

static uint16_t set_compared(struct card_call *call, struct sj_span data)
{
	if (data.len < 2 * EID_DATE || data.len > 255)
		return SJ_SW_WRONG_DATA;
	for (size_t i = 0; i < 2 * EID_DATE; i++)
		if (data.ptr[i] < '0' || data.ptr[i] > '9')
			return SJ_SW_WRONG_DATA;
	return card_store_set(card_store_of(call->card), EID_OBJECT_COMPARED, data)
		       ? SJ_SW_OK
		       : SJ_SW_MEMORY_FAILURE;
}

static const struct grouping {
	uint16_t dgi;
	uint16_t (*take)(struct card_call *call, struct sj_span data);
} groupings[] = {
	{ 0x0000, forget },
	{ 0x0001, write_group },
	{ 0x0002, generate_ri },
	{ 0x0003, set_compared },
};

uint16_t eid_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++)
		if (groupings[i].dgi == dgi)
			return groupings[i].take(call, data);
	return SJ_SW_REFERENCE_NOT_FOUND;
}

/* --- the lock ------------------------------------------------------------------------- */

static bool is_group(struct sj_span stored, unsigned group)
{
	struct sj_eid_value value;
	struct sj_span items;

	return group == SJ_EID_ENTRY_RECORDS ? sj_eid_entries_read(stored, &items)
					     : eid_group_read(stored, group, &value);
}

/* Every group that is there can be read. */
static bool has_sound_groups(const struct card_store *store)
{
	struct sj_span stored;

	for (uint8_t sector = 0; sector <= SJ_GATE_SECTORS; sector++)
		for (unsigned group = 1; group <= SJ_EID_GROUPS; group++)
			if (eid_group(store, group, sector, &stored) && !is_group(stored, group))
				return false;
	return true;
}

static bool is_whole(const struct card_store *store)
{
	struct sj_span v;
	uint8_t id;

	return eid_group(store, SJ_EID_EXPIRY, 0, &v) &&
	       (eid_group(store, SJ_EID_GIVEN_NAMES, 0, &v) ||
		eid_group(store, SJ_EID_FAMILY_NAMES, 0, &v)) &&
	       eid_group(store, SJ_EID_BIRTH_DATE, 0, &v) &&
	       card_store_get(store, EID_OBJECT_COMPARED, &v) && eid_ri_count(store, &id) > 0 &&
	       has_sound_groups(store);
}

/* All of it on an eID card, and nothing on another. */
uint16_t eid_lock(struct card_call *call)
{
	const struct card_store *store = card_store_of(call->card);
	uint32_t id = CARD_OBJECT_EID;
	const bool empty = !card_store_next(store, &id) || id >= EID_OBJECT_END;

	if (card_is_eid(call->card) ? is_whole(store) : empty)
		return SJ_SW_OK;
	return SJ_SW_CONDITIONS;
}
