/*
 * files.c -- the file system: which files there are, who may read them, SELECT
 * and READ BINARY.
 *
 * Sources: ICAO Doc 9303-10 (8th ed.), 3.6, 3.11 and 4; Doc 9303-11, 4 (what is
 * refused before access); ISO/IEC 7816-4:2020, 7.4 (control parameters),
 * 11.2.2 (SELECT), 11.3.3 (READ BINARY).
 */
#include "state.h"
#include "wire/std/tr03110.h"

#define TAG_FCP 0x62u
#define TAG_FCI 0x6Fu
#define TAG_OFFSET 0x54u
#define TAG_DISCRETIONARY 0x53u
#define FID_MF 0x3F00u
#define FID_CVCA 0x011Cu
#define FID_CARD_SECURITY 0x011Du

static const struct emrtd_file files[] = {
	{ EMRTD_MF, 0x2F01, 0x01, EMRTD_READ_ALWAYS, "EF.ATR/INFO" },
	{ EMRTD_MF, 0x2F00, 0x1E, EMRTD_READ_ALWAYS, "EF.DIR" },
	{ EMRTD_MF, 0x011C, 0x1C, EMRTD_READ_ALWAYS, "EF.CardAccess" },
	{ EMRTD_MF, FID_CARD_SECURITY, 0x1D, EMRTD_READ_PACE, "EF.CardSecurity" },
	{ EMRTD_LDS, 0x011E, 0x1E, EMRTD_READ_ACCESS, "EF.COM" },
	{ EMRTD_LDS, 0x011D, 0x1D, EMRTD_READ_ACCESS, "EF.SOD" },
	{ EMRTD_LDS, FID_CVCA, 0x1C, EMRTD_READ_ACCESS, "EF.CVCA" },
	{ EMRTD_LDS, 0x0101, 0x01, EMRTD_READ_ACCESS, "EF.DG1" },
	{ EMRTD_LDS, 0x0102, 0x02, EMRTD_READ_ACCESS, "EF.DG2" },
	{ EMRTD_LDS, 0x0103, 0x03, EMRTD_READ_DG3, "EF.DG3" },
	{ EMRTD_LDS, 0x0104, 0x04, EMRTD_READ_DG4, "EF.DG4" },
	{ EMRTD_LDS, 0x0105, 0x05, EMRTD_READ_ACCESS, "EF.DG5" },
	{ EMRTD_LDS, 0x0106, 0x06, EMRTD_READ_ACCESS, "EF.DG6" },
	{ EMRTD_LDS, 0x0107, 0x07, EMRTD_READ_ACCESS, "EF.DG7" },
	{ EMRTD_LDS, 0x0108, 0x08, EMRTD_READ_ACCESS, "EF.DG8" },
	{ EMRTD_LDS, 0x0109, 0x09, EMRTD_READ_ACCESS, "EF.DG9" },
	{ EMRTD_LDS, 0x010A, 0x0A, EMRTD_READ_ACCESS, "EF.DG10" },
	{ EMRTD_LDS, 0x010B, 0x0B, EMRTD_READ_ACCESS, "EF.DG11" },
	{ EMRTD_LDS, 0x010C, 0x0C, EMRTD_READ_ACCESS, "EF.DG12" },
	{ EMRTD_LDS, 0x010D, 0x0D, EMRTD_READ_ACCESS, "EF.DG13" },
	{ EMRTD_LDS, 0x010E, 0x0E, EMRTD_READ_ACCESS, "EF.DG14" },
	{ EMRTD_LDS, 0x010F, 0x0F, EMRTD_READ_ACCESS, "EF.DG15" },
	{ EMRTD_LDS, 0x0110, 0x10, EMRTD_READ_ACCESS, "EF.DG16" },
};

#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

const struct emrtd_file *emrtd_file_by_fid(enum emrtd_df df, uint16_t fid)
{
	for (size_t i = 0; i < FILE_COUNT; i++)
		if (files[i].df == df && files[i].fid == fid)
			return &files[i];
	return NULL;
}

const struct emrtd_file *emrtd_file_by_sfi(enum emrtd_df df, uint8_t sfi)
{
	for (size_t i = 0; i < FILE_COUNT; i++)
		if (files[i].df == df && files[i].sfi == sfi)
			return &files[i];
	return NULL;
}

uint32_t emrtd_file_object(const struct emrtd_file *f)
{
	return (f->df == EMRTD_MF ? EMRTD_OBJECT_FILES_MF : EMRTD_OBJECT_FILES_LDS) + f->fid;
}

bool emrtd_file_exists(const struct card_store *store, const struct emrtd_file *f)
{
	struct sj_span content;

	return card_store_get(store, emrtd_file_object(f), &content);
}

/* On an eID card EF.CardSecurity is that of the terminal's sector, or that of sector 0. */
static uint32_t card_security_object(struct card *card)
{
	const uint32_t first = EMRTD_OBJECT_FILES_MF + EMRTD_FID_CARD_SECURITIES;
	const uint32_t own = first + card_terminal(card)->service.sector;
	struct sj_span content;

	return card_store_get(card_store_of(card), own, &content) ? own : first;
}

/* Content that is stored, or made now. */
static bool find_content(const struct card_call *call, const struct emrtd_file *f,
			 struct sj_span *content)
{
	struct emrtd_state *st = call->state;
	struct card *card = call->card;
	uint32_t object = emrtd_file_object(f);

	if (f->df == EMRTD_LDS && f->fid == FID_CVCA) {
		*content = SJ_SPAN_OF(st->made);
		return emrtd_ta_offered(call) && emrtd_anchor_file(card, st->made);
	}
	if (f->df == EMRTD_MF && f->fid == FID_CARD_SECURITY && card_is_eid(card))
		object = card_security_object(card);
	return card_store_get(card_store_of(card), object, content);
}

/* The terminal's right to this biometric data group: its rights are in force, and have the bit. */
static bool has_right(const struct card_call *call, unsigned bit)
{
	const struct sj_cvc_rights *rights = &card_terminal(call->card)->rights;

	return card_terminal_is(call->card, call->secured, SJ_CVC_INSPECTION) &&
	       (rights->bits >> bit & 1) != 0;
}

static bool may_read(const struct card_call *call, const struct emrtd_file *f)
{
	switch (f->rule) {
	case EMRTD_READ_ALWAYS:
		return true;
	case EMRTD_READ_PACE: /* EF.CardSecurity; an eID card tells it to terminals that it knows */
		return call->secured && (card_rights(call->card) & CARD_RIGHT_PACE) != 0 &&
		       (!card_is_eid(call->card) || card_terminal(call->card)->authenticated);
	case EMRTD_READ_ACCESS:
		return emrtd_is_open(call);
	case EMRTD_READ_DG3:
		return has_right(call, SJ_IS_READ_DG3);
	case EMRTD_READ_DG4:
		return has_right(call, SJ_IS_READ_DG4);
	}
	return false;
}

/*
 * The content of `f`, if it may be read now. Before BAC or PACE every
 * selection and every read in LDS1 is answered with 6982, whether there is such
 * a file or not (Doc 9303-11, 4).
 */
static uint16_t open_file(const struct card_call *call, const struct emrtd_file *f,
			  struct sj_span *content)
{
	const struct emrtd_state *st = call->state;

	if (st->df == EMRTD_LDS && !emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (!f || !find_content(call, f, content))
		return SJ_SW_NOT_FOUND;
	return may_read(call, f) ? SJ_SW_OK : SJ_SW_SECURITY_STATUS;
}

/* --- SELECT -------------------------------------------------------------- */

static bool is_select_p2(uint8_t p2)
{
	return p2 == 0x00 || p2 == 0x04 || p2 == 0x0C;
}

/* Control parameters as P2 asks for them: 00 in an FCI, 04 in an FCP template. */
static void put_parameters(struct card_call *call, const struct sj_span *content, uint16_t fid)
{
	struct sj_writer *w = call->out;
	size_t outer, at;

	if (call->apdu->p2 == 0x0C || call->apdu->ne == 0)
		return;
	outer = sj_tlv_open(w);
	if (content) {
		sj_tlv_put_header(w, 0x80, 3);
		sj_put_be(w, 3, (uint32_t)content->len);
	}
	at = sj_tlv_open(w);
	sj_put_u8(w, content ? 0x01 : 0x38); /* file descriptor: transparent EF, DF */
	sj_tlv_close(w, 0x82, at);
	at = sj_tlv_open(w);
	sj_put_be(w, 2, fid);
	sj_tlv_close(w, 0x83, at);
	sj_tlv_close(w, call->apdu->p2 == 0x00 ? TAG_FCI : TAG_FCP, outer);
}

static uint16_t select_file(struct card_call *call, uint16_t fid)
{
	struct emrtd_state *st = call->state;
	struct sj_span content;
	uint16_t sw = open_file(call, emrtd_file_by_fid(st->df, fid), &content);

	if (sw != SJ_SW_OK)
		return sw;
	st->current[call->channel] = fid;
	put_parameters(call, &content, fid);
	return SJ_SW_OK;
}

static uint16_t select_mf(struct card_call *call)
{
	struct emrtd_state *st = call->state;

	put_parameters(call, NULL, FID_MF);
	st->current[call->channel] = 0;
	if (st->df != EMRTD_MF)
		card_select_mf(call->card);
	return SJ_SW_OK;
}

uint16_t emrtd_select_fid(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid = FID_MF;

	emrtd_interrupt(call->state);
	if (!is_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (data.len == 1 || (data.len == 2 && !sj_take_be(&data, 2, &fid)))
		return SJ_SW_WRONG_LENGTH;
	return fid == FID_MF ? select_mf(call) : select_file(call, (uint16_t)fid);
}

/* Under the current DF, or by a path: both lead to an EF that lies directly in it. */
uint16_t emrtd_select_ef(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid;

	emrtd_interrupt(call->state);
	if (!is_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (data.len % 2 != 0)
		return SJ_SW_WRONG_LENGTH;
	if (!sj_take_be(&data, 2, &fid) || data.len != 0)
		return SJ_SW_NOT_FOUND;
	return select_file(call, (uint16_t)fid);
}

/* --- READ BINARY --------------------------------------------------------- */

/* The file that a read is about; it becomes the current one. */
static uint16_t open_for_read(struct card_call *call, const struct emrtd_file *f,
			      struct sj_span *content)
{
	struct emrtd_state *st = call->state;
	uint16_t sw = open_file(call, f, content);

	if (sw == SJ_SW_OK)
		st->current[call->channel] = f->fid;
	return sw;
}

static uint16_t open_current(struct card_call *call, struct sj_span *content)
{
	const struct emrtd_state *st = call->state;
	uint16_t fid = st->current[call->channel];

	if (fid == 0)
		return st->df == EMRTD_LDS && !emrtd_is_open(call) ? SJ_SW_SECURITY_STATUS
								   : SJ_SW_NOT_ALLOWED;
	return open_file(call, emrtd_file_by_fid(st->df, fid), content);
}

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

uint16_t emrtd_read_binary(struct card_call *call)
{
	const struct emrtd_state *st = call->state;
	uint8_t p1 = call->apdu->p1;
	size_t offset = call->apdu->p2, ne = call->apdu->ne, n;
	struct sj_span content;
	uint16_t sw;

	emrtd_interrupt(call->state);
	if (ne == 0)
		return SJ_SW_WRONG_LENGTH;
	if ((p1 & 0x80) != 0) {
		if ((p1 & 0x60) != 0)
			return SJ_SW_WRONG_P1P2;
		sw = open_for_read(call, emrtd_file_by_sfi(st->df, p1 & 0x1F), &content);
	} else {
		offset |= (size_t)p1 << 8;
		sw = open_current(call, &content);
	}
	if (sw != SJ_SW_OK)
		return sw;
	if (offset >= content.len)
		return SJ_SW_WRONG_P1P2_PLAIN;
	n = content.len - offset < ne ? content.len - offset : ne;
	sj_put(call->out, sj_span(content.ptr + offset, n));
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
static uint16_t open_odd(struct card_call *call, struct sj_span *content)
{
	const struct emrtd_state *st = call->state;
	uint16_t id = (uint16_t)(call->apdu->p1 << 8 | call->apdu->p2);

	if (id == 0)
		return open_current(call, content);
	if (id <= 30)
		return open_for_read(call, emrtd_file_by_sfi(st->df, (uint8_t)id), content);
	return open_for_read(call, emrtd_file_by_fid(st->df, id), content);
}

uint16_t emrtd_read_binary_odd(struct card_call *call)
{
	struct sj_span data = call->apdu->data, value, content;
	size_t ne = call->apdu->ne, room, n;
	uint32_t offset;
	uint16_t sw;

	emrtd_interrupt(call->state);
	if (ne < 3)
		return SJ_SW_WRONG_LENGTH;
	if (sj_tlv_take(&data, TAG_OFFSET, &value) != SJ_TLV_FOUND || data.len != 0 ||
	    value.len < 1 || value.len > 4 || !sj_take_be(&value, value.len, &offset))
		return SJ_SW_WRONG_DATA;
	sw = open_odd(call, &content);
	if (sw != SJ_SW_OK)
		return sw;
	if (offset >= content.len)
		return SJ_SW_WRONG_P1P2_PLAIN;
	room = fitting_value(TAG_DISCRETIONARY, ne);
	n = content.len - offset < room ? content.len - offset : room;
	sj_tlv_put(call->out, TAG_DISCRETIONARY, sj_span(content.ptr + offset, n));
	return end_of_read(call, room, n);
}
