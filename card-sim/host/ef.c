#include "host/ef.h"

#include "wire/tlv.h"

#define TAG_FCP 0x62u
#define TAG_FCI 0x6Fu
#define TAG_OFFSET 0x54u
#define TAG_DISCRETIONARY 0x53u

/* --- SELECT -------------------------------------------------------------------- */

bool card_ef_select_p2(uint8_t p2)
{
	return p2 == 0x00 || p2 == 0x04 || p2 == 0x0C;
}

/* 00 in an FCI, 04 in an FCP template, 0C not at all. */
void card_ef_put_parameters(struct card_call *call, const struct sj_span *content, uint16_t fid)
{
	struct sj_writer *w = call->out;
	size_t outer, at;

	if (call->apdu->p2 == 0x0C || call->apdu->ne == 0)
		return;
	outer = sj_tlv_open(w);
	if (content != NULL) {
		sj_tlv_put_header(w, 0x80, 3);
		sj_put_be(w, 3, (uint32_t)content->len);
	}
	at = sj_tlv_open(w);
	sj_put_u8(w, content != NULL ? 0x01 : 0x38); /* file descriptor: transparent EF, DF */
	sj_tlv_close(w, 0x82, at);
	at = sj_tlv_open(w);
	sj_put_be(w, 2, fid);
	sj_tlv_close(w, 0x83, at);
	sj_tlv_close(w, call->apdu->p2 == 0x00 ? TAG_FCI : TAG_FCP, outer);
}

static uint16_t open_file(struct card_call *call, const struct card_ef *ef, uint16_t fid,
			  enum card_ef_use use, struct card_ef_file *out)
{
	const uint16_t sw = ef->find(call, fid, use, out);

	if (sw == SJ_SW_OK)
		*ef->current(call) = fid;
	return sw;
}

uint16_t card_ef_select(struct card_call *call, const struct card_ef *ef, uint16_t fid)
{
	struct card_ef_file file;
	uint16_t sw;

	if (fid == CARD_EF_NONE)
		fid = CARD_EF_UNKNOWN;
	sw = open_file(call, ef, fid, CARD_EF_SELECT, &file);
	if (sw == SJ_SW_OK)
		card_ef_put_parameters(call, &file.content, fid);
	return sw;
}

/* --- READ BINARY --------------------------------------------------------------- */

/*
 * ISO/IEC 7816-4:2020, 11.3.3: an Le of zeros only reads to the end of the file
 * (9000); another one that asks for more than there is gets the rest and 6282.
 */
static uint16_t end_of_read(const struct card_call *call, size_t wanted, size_t got)
{
	uint32_t ne = call->apdu->ne;
	bool whole_file =
		ne == SJ_APDU_NE_EXTENDED || (ne == SJ_APDU_NE_SHORT && !call->apdu->extended);

	return got < wanted && !whole_file ? SJ_SW_END_OF_FILE : SJ_SW_OK;
}

/* P1-P2 of the even instructions: a short identifier and one byte of offset, or an offset. */
static uint16_t open_even(struct card_call *call, const struct card_ef *ef, enum card_ef_use use,
			  struct card_ef_file *out, size_t *offset)
{
	const uint8_t p1 = call->apdu->p1;

	*offset = call->apdu->p2;
	if ((p1 & 0x80) == 0) {
		*offset |= (size_t)p1 << 8;
		return open_file(call, ef, *ef->current(call), use, out);
	}
	if ((p1 & 0x60) != 0)
		return SJ_SW_WRONG_P1P2;
	return open_file(call, ef, ef->of_short(call, p1 & 0x1F), use, out);
}

uint16_t card_ef_read(struct card_call *call, const struct card_ef *ef)
{
	size_t offset, ne = call->apdu->ne, n;
	struct card_ef_file file;
	uint16_t sw;

	if (ne == 0)
		return SJ_SW_WRONG_LENGTH;
	sw = open_even(call, ef, CARD_EF_READ, &file, &offset);
	if (sw != SJ_SW_OK)
		return sw;
	if (offset >= file.content.len)
		return SJ_SW_WRONG_P1P2_PLAIN;
	n = file.content.len - offset < ne ? file.content.len - offset : ne;
	sj_put(call->out, sj_span(file.content.ptr + offset, n));
	return end_of_read(call, ne, n);
}

/* The most value bytes of one data object with this tag in n bytes. */
static size_t fitting_value(uint32_t tag, size_t n)
{
	size_t value = n;

	while (value > 0 && sj_tlv_header_size(tag, value) + value > n)
		value--;
	return value;
}

/* P1-P2 of the odd instruction: 0000 the current EF, 0001..001E a short id, else a FID. */
static uint16_t fid_of_odd(const struct card_call *call, const struct card_ef *ef)
{
	const uint16_t id = (uint16_t)(call->apdu->p1 << 8 | call->apdu->p2);

	if (id == 0)
		return *ef->current(call);
	return id <= 30 ? ef->of_short(call, (uint8_t)id) : id;
}

uint16_t card_ef_read_odd(struct card_call *call, const struct card_ef *ef)
{
	struct sj_span data = call->apdu->data, value;
	size_t ne = call->apdu->ne, room, n;
	struct card_ef_file file;
	uint32_t offset;
	uint16_t sw;

	if (ne < 3)
		return SJ_SW_WRONG_LENGTH;
	if (sj_tlv_take(&data, TAG_OFFSET, &value) != SJ_TLV_FOUND || data.len != 0 ||
	    value.len < 1 || value.len > 4 || !sj_take_be(&value, value.len, &offset))
		return SJ_SW_WRONG_DATA;
	sw = open_file(call, ef, fid_of_odd(call, ef), CARD_EF_READ, &file);
	if (sw != SJ_SW_OK)
		return sw;
	if (offset >= file.content.len)
		return SJ_SW_WRONG_P1P2_PLAIN;
	room = fitting_value(TAG_DISCRETIONARY, ne);
	n = file.content.len - offset < room ? file.content.len - offset : room;
	sj_tlv_put(call->out, TAG_DISCRETIONARY, sj_span(file.content.ptr + offset, n));
	return end_of_read(call, room, n);
}

/* --- UPDATE BINARY ------------------------------------------------------------- */

uint16_t card_ef_update(struct card_call *call, const struct card_ef *ef)
{
	const struct sj_span data = call->apdu->data;
	struct card_ef_file file;
	size_t offset;
	const uint16_t sw = open_even(call, ef, CARD_EF_UPDATE, &file, &offset);

	if (sw != SJ_SW_OK)
		return sw;
	if (offset > file.content.len)
		return SJ_SW_WRONG_P1P2_PLAIN;
	if (data.len > file.content.len - offset)
		return SJ_SW_NO_SPACE;
	return card_store_write(card_store_of(call->card), file.object, offset, data)
		       ? SJ_SW_OK
		       : SJ_SW_MEMORY_FAILURE;
}
