/*
 * files.c -- the file system: which files there are, and who may read them.
 *
 * Sources: ICAO Doc 9303-10 (8th ed.), 3.6, 3.11 and 4; Doc 9303-11, 4 (what is
 * refused before access); ISO/IEC 7816-4:2020, 7.4 (control parameters),
 * 11.2.2 (SELECT), 11.3.3 (READ BINARY).
 */
#include "host/ef.h"
#include "state.h"
#include "wire/std/tr03110.h"

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
		return (card_is_eid(card) || card_has_ta1(card)) &&
		       emrtd_anchor_file(card, st->made);
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

static uint16_t find_file(const struct card_call *call, uint16_t fid, enum card_ef_use use,
			  struct card_ef_file *out)
{
	const struct emrtd_state *st = call->state;

	if (use == CARD_EF_UPDATE)
		return SJ_SW_SECURITY_STATUS;
	if (fid == CARD_EF_NONE)
		return st->df == EMRTD_LDS && !emrtd_is_open(call) ? SJ_SW_SECURITY_STATUS
								   : SJ_SW_NOT_ALLOWED;
	return open_file(call, emrtd_file_by_fid(st->df, fid), &out->content);
}

static uint16_t of_short(const struct card_call *call, uint8_t sfi)
{
	const struct emrtd_state *st = call->state;
	const struct emrtd_file *f = emrtd_file_by_sfi(st->df, sfi);

	return f ? f->fid : CARD_EF_UNKNOWN;
}

static uint16_t *current(const struct card_call *call)
{
	return &((struct emrtd_state *)call->state)->current[call->channel];
}

static const struct card_ef system = { find_file, of_short, current };

/* --- commands ------------------------------------------------------------- */

static uint16_t select_mf(struct card_call *call)
{
	struct emrtd_state *st = call->state;

	card_ef_put_parameters(call, NULL, CARD_EF_MF);
	st->current[call->channel] = 0;
	if (st->df != EMRTD_MF)
		card_select_mf(call->card);
	return SJ_SW_OK;
}

uint16_t emrtd_select_fid(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid = CARD_EF_MF;

	emrtd_interrupt(call->state);
	if (!card_ef_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (data.len == 1 || (data.len == 2 && !sj_take_be(&data, 2, &fid)))
		return SJ_SW_WRONG_LENGTH;
	return fid == CARD_EF_MF ? select_mf(call) : card_ef_select(call, &system, (uint16_t)fid);
}

/* Under the current DF, or by a path: both lead to an EF that lies directly in it. */
uint16_t emrtd_select_ef(struct card_call *call)
{
	struct sj_span data = call->apdu->data;
	uint32_t fid;

	emrtd_interrupt(call->state);
	if (!card_ef_select_p2(call->apdu->p2))
		return SJ_SW_WRONG_P1P2;
	if (data.len % 2 != 0)
		return SJ_SW_WRONG_LENGTH;
	if (!sj_take_be(&data, 2, &fid) || data.len != 0)
		return SJ_SW_NOT_FOUND;
	return card_ef_select(call, &system, (uint16_t)fid);
}

uint16_t emrtd_read_binary(struct card_call *call)
{
	emrtd_interrupt(call->state);
	return card_ef_read(call, &system);
}

uint16_t emrtd_read_binary_odd(struct card_call *call)
{
	emrtd_interrupt(call->state);
	return card_ef_read_odd(call, &system);
}
