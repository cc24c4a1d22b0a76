/* files.c -- the data groups as files: 0100 + n, short identifier n. */
#include "host/ef.h"
#include "state.h"
#include "wire/std/iso7816.h"

#define FID_BASE 0x0100u
#define TAG_BASE 0x60u /* a group's outer tag is one byte: 61 to 7E */

uint32_t eid_group_object(unsigned group, uint8_t sector)
{
	return EID_OBJECT_GROUP + 0x100u * sector + group;
}

bool eid_group(const struct card_store *store, unsigned group, uint8_t sector, struct sj_span *out)
{
	return card_store_get(store, eid_group_object(group, sector), out);
}

bool eid_group_read(struct sj_span stored, unsigned group, struct sj_eid_value *out)
{
	size_t size;

	return sj_tlv_announced(stored, &size) && size <= stored.len &&
	       sj_eid_read(sj_span(stored.ptr, size), group, out);
}

/* --- which files, and for whom ---------------------------------------------------- */

/* Whether a group is there is told only to those that may read it (TR-03110-3, B.9). */
static uint16_t find_group(const struct card_call *call, uint16_t fid, enum card_ef_use use,
			   uint32_t *object)
{
	const struct card_terminal *t = eid_terminal(call);
	const unsigned group = fid - FID_BASE;
	bool allowed;

	if (t == NULL)
		return SJ_SW_SECURITY_STATUS;
	if (fid == CARD_EF_NONE)
		return SJ_SW_NOT_ALLOWED;
	if (fid <= FID_BASE || group > SJ_EID_GROUPS)
		return SJ_SW_NOT_FOUND;
	allowed = (use != CARD_EF_UPDATE && eid_may_read(t, group)) ||
		  (use != CARD_EF_READ && eid_may_update(t, group));
	*object = eid_group_object(group, group == SJ_EID_STATUS ? t->service.sector : 0);
	return allowed ? SJ_SW_OK : SJ_SW_SECURITY_STATUS;
}

static uint16_t find_file(const struct card_call *call, uint16_t fid, enum card_ef_use use,
			  struct card_ef_file *out)
{
	const uint16_t sw = find_group(call, fid, use, &out->object);

	if (sw != SJ_SW_OK)
		return sw;
	return card_store_get(card_store_of(call->card), out->object, &out->content)
		       ? SJ_SW_OK
		       : SJ_SW_NOT_FOUND;
}

static uint16_t of_short(const struct card_call *call, uint8_t sfi)
{
	(void)call;
	return sfi >= 1 && sfi <= SJ_EID_GROUPS ? (uint16_t)(FID_BASE + sfi) : CARD_EF_UNKNOWN;
}

static uint16_t *current(const struct card_call *call)
{
	return &((struct eid_state *)call->state)->current[call->channel];
}

static const struct card_ef groups = { find_file, of_short, current };

/* --- commands ------------------------------------------------------------------------ */

static uint16_t select_mf(struct card_call *call)
{
	card_ef_put_parameters(call, NULL, CARD_EF_MF);
	card_select_mf(call->card);
	return SJ_SW_OK;
}

uint16_t eid_select_fid(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid = CARD_EF_MF;

	eid_interrupt(call);
	if (!card_ef_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (data.len == 1 || (data.len == 2 && !sj_take_be(&data, 2, &fid)))
		return SJ_SW_WRONG_LENGTH;
	return fid == CARD_EF_MF ? select_mf(call) : card_ef_select(call, &groups, (uint16_t)fid);
}

uint16_t eid_select_ef(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid;

	eid_interrupt(call);
	if (!card_ef_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (!sj_take_be(&data, 2, &fid))
		return SJ_SW_WRONG_LENGTH;
	return card_ef_select(call, &groups, (uint16_t)fid);
}

uint16_t eid_read_binary(struct card_call *call)
{
	eid_interrupt(call);
	return card_ef_read(call, &groups);
}

uint16_t eid_read_binary_odd(struct card_call *call)
{
	eid_interrupt(call);
	return card_ef_read_odd(call, &groups);
}

uint16_t eid_update_binary(struct card_call *call)
{
	eid_interrupt(call);
	return card_ef_update(call, &groups);
}

/* The group's element alone: behind it there may be room. */
static void put_group(struct card_call *call, uint32_t object)
{
	struct sj_span stored;
	size_t size;

	if (card_store_get(card_store_of(call->card), object, &stored) &&
	    sj_tlv_announced(stored, &size) && size <= stored.len)
		sj_put(call->out, sj_span(stored.ptr, size));
}

/* Those of a tag list that are there; nothing if one of the list may not be read. */
uint16_t eid_get_data(struct card_call *call)
{
	struct sj_span data = call->apdu->data, tags;
	uint32_t objects[SJ_EID_GROUPS];
	uint16_t sw = SJ_SW_OK;

	eid_interrupt(call);
	if (sj_tlv_take(&data, SJ_TAG_TAG_LIST, &tags) != SJ_TLV_FOUND || data.len != 0 ||
	    tags.len == 0 || tags.len > SJ_EID_GROUPS)
		return SJ_SW_WRONG_DATA;
	for (size_t i = 0; i < tags.len && sw == SJ_SW_OK; i++)
		sw = tags.ptr[i] > TAG_BASE
			     ? find_group(call, (uint16_t)(FID_BASE + tags.ptr[i] - TAG_BASE),
					  CARD_EF_READ, &objects[i])
			     : SJ_SW_NOT_FOUND;
	if (sw != SJ_SW_OK)
		return sw;
	for (size_t i = 0; i < tags.len; i++)
		put_group(call, objects[i]);
	if (call->out->failed || call->out->len > call->apdu->ne) {
		call->out->failed = false;
		call->out->len = 0;
		return SJ_SW_WRONG_LENGTH;
	}
	return call->out->len > 0 ? SJ_SW_OK : SJ_SW_REFERENCE_NOT_FOUND;
}
