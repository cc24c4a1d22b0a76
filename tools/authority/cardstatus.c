#include "authority/cardstatus.h"

#include "wire/tlv.h"

#define TAG_ENTRY 0xE3u
#define TAG_AID 0x4Fu
#define TAG_STATE 0x9F70u
#define TAG_MODULE 0x84u
#define TAG_KEY 0xC0u

const char *cardstatus_card_name(uint8_t state)
{
	switch (state) {
	case CARDSTATUS_OP_READY:
		return "OP_READY";
	case CARDSTATUS_INITIALIZED:
		return "INITIALIZED";
	case CARDSTATUS_SECURED:
		return "SECURED";
	case CARDSTATUS_LOCKED:
		return "CARD_LOCKED";
	case CARDSTATUS_TERMINATED:
		return "TERMINATED";
	default:
		return "UNKNOWN";
	}
}

const char *cardstatus_application_name(uint8_t state)
{
	switch (state & (uint8_t)~CARDSTATUS_APPLICATION_LOCKED) {
	case 0x03:
		return "INSTALLED";
	case 0x07:
		return "SELECTABLE";
	case 0x0F:
		return "PERSONALIZED";
	default:
		return "UNKNOWN";
	}
}

bool cardstatus_take_entry(struct sj_span *in, struct cardstatus_entry *out)
{
	struct sj_span rest = *in, entry, aid, state;

	if (sj_tlv_take(&rest, TAG_ENTRY, &entry) != SJ_TLV_FOUND ||
	    sj_tlv_find(entry, TAG_AID, &aid) != SJ_TLV_FOUND || aid.len > sizeof(out->aid) ||
	    sj_tlv_find(entry, TAG_STATE, &state) != SJ_TLV_FOUND ||
	    !sj_take_u8(&state, &out->state))
		return false;
	out->aid_len = aid.len;
	if (!sj_take_copy(&aid, aid.len, out->aid))
		return false;
	*in = rest;
	return true;
}

static bool read_entry(struct sj_span entry, struct sj_span load_file,
		       struct cardstatus_modules *out)
{
	struct sj_span file, aid;
	uint32_t tag;

	if (sj_tlv_find(entry, TAG_AID, &file) != SJ_TLV_FOUND || !sj_span_eq(file, load_file))
		return false;
	while (entry.len > 0) {
		if (sj_tlv_next(&entry, &tag, &aid) != SJ_TLV_FOUND)
			return false;
		if (tag != TAG_MODULE)
			continue;
		if (aid.len > CARDSTATUS_AID_MAX || out->n == CARDSTATUS_MODULES)
			return false;
		out->aids[out->n++] = aid;
	}
	return true;
}

bool cardstatus_read_modules(struct sj_span in, struct sj_span load_file,
			     struct cardstatus_modules *out)
{
	struct sj_span entry;

	out->n = 0;
	while (sj_tlv_take(&in, TAG_ENTRY, &entry) == SJ_TLV_FOUND)
		if (!read_entry(entry, load_file, out))
			return false;
	return in.len == 0 && out->n > 0;
}

bool cardstatus_take_key(struct sj_span *in, struct cardstatus_key *out)
{
	struct sj_span rest = *in, key;

	if (sj_tlv_take(&rest, TAG_KEY, &key) != SJ_TLV_FOUND || !sj_take_u8(&key, &out->id) ||
	    !sj_take_u8(&key, &out->version) || !sj_take_u8(&key, &out->type) ||
	    !sj_take_u8(&key, &out->size))
		return false;
	*in = rest;
	return true;
}
