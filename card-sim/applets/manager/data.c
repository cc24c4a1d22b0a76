/*
 * data.c -- GET DATA and STORE DATA.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.3 and 11.11, H (card recognition data).
 */
#include "manager.h"
#include "state.h"

#include "crypt/wipe.h"
#include "wire/tlv.h"

#define LAST_BLOCK 0x80u /* P1 of STORE DATA */
#define DGI_FORMAT 0x08u
#define CASE_4 0x01u /* a response is expected: taken either way */
#define BLOCK_MAX 0xFFu
#define KEY_TYPE_AES 0x88u
#define SCP_I_DEFAULT 0x70u

/* --- what identifies the card --------------------------------------------------------------- */

bool manager_serial_of(const struct card_store *store, struct sj_span *out)
{
	return card_store_get(store, MANAGER_OBJECT_SERIAL, out) && out->len == CARD_SERIAL_SIZE;
}

bool manager_serial(struct card *card, struct sj_span *out)
{
	struct card_store *store = card_store_of(card);
	uint8_t serial[CARD_SERIAL_SIZE];

	if (manager_serial_of(store, out))
		return true;
	return sj_random_fill(card_random(card), serial, sizeof(serial)) &&
	       card_store_set(store, MANAGER_OBJECT_SERIAL, SJ_SPAN_OF(serial)) &&
	       manager_serial_of(store, out);
}

uint8_t manager_scp_i(const struct card_store *store)
{
	struct sj_span i;

	return card_store_get(store, MANAGER_OBJECT_I, &i) && i.len == 1 ? i.ptr[0] : SCP_I_DEFAULT;
}

/*
 * CPLC (42 bytes): what a simulator has not is zero; the serial number stands in the IC's serial
 * number (4) and batch (2), its rest (2) where the pre-personaliser would be.
 */
static uint16_t put_cplc(struct card_call *call)
{
	struct sj_writer *w = call->out;
	struct sj_span serial, head, middle;

	if (!manager_serial(call->card, &serial) || !sj_take(&serial, 6, &head) ||
	    !sj_take(&serial, 2, &middle))
		return SJ_SW_MEMORY_FAILURE;
	sj_tlv_put_header(w, 0x9F7F, 42);
	sj_put(w, SJ_SPAN_STR("SJ")); /* IC fabricator */
	sj_put_fill(w, 0, 10); /* IC type, operating system: id, date, level; IC date */
	sj_put(w, head);
	sj_put_fill(w, 0, 4); /* module: fabricator, date */
	sj_put(w, SJ_SPAN_STR("SJ")); /* ICC manufacturer */
	sj_put_fill(w, 0, 2);
	sj_put(w, middle); /* pre-personaliser */
	sj_put_fill(w, 0, 14);
	return SJ_SW_OK;
}

static uint16_t put_cin(struct card_call *call)
{
	struct sj_span serial;

	if (!manager_serial(call->card, &serial))
		return SJ_SW_MEMORY_FAILURE;
	sj_tlv_put(call->out, 0x45, serial);
	return SJ_SW_OK;
}

static uint16_t put_iin(struct card_call *call)
{
	sj_tlv_put(call->out, 0x42, SJ_SPAN_STR("SOJOURN"));
	return SJ_SW_OK;
}

/* H.2 and H.3: GlobalPlatform 2.3.1, identification scheme, SCP03 with its i. */
static uint16_t put_recognition(struct card_call *call)
{
	static const uint8_t begin[] = {
		0x66, 0x31, 0x73, 0x2F, 0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x01,
		0x60, 0x0C, 0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x02, 0x02, 0x03,
		0x01, 0x63, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x03, 0x64,
		0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B, 0x04, 0x03,
	};

	sj_put(call->out, SJ_SPAN_OF(begin));
	sj_put_u8(call->out, manager_scp_i(card_store_of(call->card)));
	return SJ_SW_OK;
}

/* Key identifier, version, type, size: for each of three keys of each version. */
static uint16_t put_key_information(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);
	size_t at = sj_tlv_open(call->out);
	struct card_key_info info;

	if (!manager_keys_ensure(call->card))
		return SJ_SW_MEMORY_FAILURE;
	for (size_t i = 0; manager_key_at(store, i, &info); i++)
		for (uint8_t id = 1; id <= 3; id++) {
			const uint8_t row[] = { id, info.version, KEY_TYPE_AES,
						(uint8_t)info.size };

			sj_tlv_put(call->out, 0xC0, SJ_SPAN_OF(row));
		}
	sj_tlv_close(call->out, 0xE0, at);
	return SJ_SW_OK;
}

static uint16_t put_sequence(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);
	uint8_t count[SJ_SCP03_SEQUENCE] = { 0 };
	struct card_key_info info;

	if (manager_key_at(store, 0, &info))
		manager_sequence_get(store, info.version, count);
	sj_tlv_put(call->out, 0xC1, SJ_SPAN_OF(count));
	return SJ_SW_OK;
}

uint16_t manager_get_data(struct card_call *call)
{
	static const struct {
		uint16_t tag;
		uint16_t (*put)(struct card_call *call);
	} objects[] = {
		{ 0x0042, put_iin },
		{ 0x0045, put_cin },
		{ 0x0066, put_recognition },
		{ 0x00C1, put_sequence },
		{ 0x00E0, put_key_information },
		{ 0x9F7F, put_cplc },
	};
	unsigned tag = (unsigned)call->apdu->p1 << 8 | call->apdu->p2;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (objects[i].tag == tag)
			return objects[i].put(call);
	return SJ_SW_REFERENCE_NOT_FOUND;
}

/* --- STORE DATA ----------------------------------------------------------------------------- */

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

static uint16_t take_groupings(struct card_call *call, const struct manager_sequence *s)
{
	struct sj_span in = call->apdu->data, value;
	uint16_t dgi, sw = SJ_SW_WRONG_DATA;

	do {
		if (!take_grouping(&in, &dgi, &value))
			return SJ_SW_WRONG_DATA;
		sw = card_personalise(call, sj_span(s->aid, s->aid_size), dgi, value);
	} while (sw == SJ_SW_OK && in.len > 0);
	return sw;
}

uint16_t manager_store_data(struct card_call *call)
{
	struct manager *m = call->state;
	struct manager_sequence *s = &m->sequence;
	uint8_t p1 = call->apdu->p1, block = call->apdu->p2;
	bool last = (p1 & LAST_BLOCK) != 0;
	uint16_t sw;

	if (!s->open)
		return SJ_SW_CONDITIONS;
	if ((p1 & (0xFFu & ~(LAST_BLOCK | CASE_4))) != DGI_FORMAT || block != s->next_block ||
	    (block == BLOCK_MAX && !last))
		return SJ_SW_WRONG_P1P2;
	sw = take_groupings(call, s);
	if (sw != SJ_SW_OK)
		return sw;
	s->next_block++;
	if (last)
		sj_wipe(s, sizeof(*s));
	return SJ_SW_OK;
}
