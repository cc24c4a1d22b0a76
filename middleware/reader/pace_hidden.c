/*
 * pace_hidden.c -- a card that hides its applications until PACE (profile `private`).
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4; Doc 9303-10, 3.11.3 (EF.CardAccess).
 */
#include <string.h>

#include "reader/card.h"
#include "reader/memory.h"
#include "reader/pace.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define ACCESS_SHORT_ID 0x1Cu
#define CAN_DIGITS 6u

enum sj_rc sj_pace_select_mf(struct sj_session *s, uint16_t *sw)
{
	static const uint8_t mf[] = { SJ_FID_MF >> 8, SJ_FID_MF & 0xFF };
	const struct sj_apdu a = { .ins = SJ_INS_SELECT,
				   .p2 = SJ_SELECT_NO_DATA,
				   .data = SJ_SPAN_OF(mf) };
	struct sj_response r = { { NULL, 0 }, 0 };
	enum sj_rc rc = sj_session_plain(s, &a, &r);

	*sw = r.sw;
	return rc;
}

enum sj_rc sj_pace_read_access(struct sj_session *s, struct sj_writer *w, uint16_t *sw)
{
	struct sj_apdu a = { .ins = SJ_INS_READ_BINARY,
			     .p1 = SJ_READ_SHORT_ID | ACCESS_SHORT_ID,
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r = { { NULL, 0 }, 0 };
	size_t size = 0;

	do {
		enum sj_rc rc = sj_session_plain(s, &a, &r);

		*sw = r.sw;
		if (rc != SJ_OK)
			return rc;
		if ((r.sw != SJ_SW_OK && r.sw != SJ_SW_END_OF_FILE) || r.data.len == 0)
			return w->len == 0 ? SJ_NOT_A_DOCUMENT : SJ_CARD_REFUSED;
		sj_put(w, r.data);
		if (w->failed || !sj_tlv_announced(sj_written(w), &size))
			return SJ_CARD_ANSWER;
		a.p1 = (uint8_t)(w->len >> 8);
		a.p2 = (uint8_t)w->len;
	} while (w->len < size);
	w->len = size;
	return SJ_OK;
}

enum sj_rc sj_pace_find(struct sj_session *s, struct sj_pace_offer *out)
{
	uint8_t file[SJ_PACE_ACCESS_MAX];
	struct sj_writer w = SJ_WRITER_OF(file);
	uint16_t sw;
	enum sj_rc rc;

	sj_session_sm_end(s);
	rc = sj_pace_select_mf(s, &sw);
	if (rc == SJ_OK)
		rc = sj_pace_read_access(s, &w, &sw);
	if (rc == SJ_OK && !sj_pace_choose(sj_written(&w), out))
		rc = SJ_ACCESS_UNSUPPORTED;
	return rc;
}

enum sj_rc sj_card_pace(struct sj_card *card, const char *can, unsigned timeout_ms)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_random random = sj_random_system();
	struct sj_pace_result unused = { .done = false };
	struct sj_session *s = card->session;
	struct sj_pace_offer offer;
	enum sj_rc rc;

	if (strlen(can) != CAN_DIGITS || strspn(can, "0123456789") != CAN_DIGITS)
		return SJ_SECRET_MALFORMED;
	sj_session_deadline(s, sj_deadline_after(timeout_ms));
	rc = sj_pace_find(s, &offer);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	sj_session_patient(s, true);
	rc = sj_pace_run(s, &offer, SJ_PACE_CAN, sj_span((const uint8_t *)can, CAN_DIGITS), NULL,
			 &random, &unused);
	sj_session_patient(s, false);
	return sj_memory_rc(mark, rc);
}
