/*
 * pace.c -- a card that hides its applications until PACE (issue profile `private`).
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4; SP 800-73-5 knows no such thing: inside the
 * channel the application behaves as on contact.
 */
#include <string.h>

#include "piv/piv.h"
#include "wire/std/iso7816.h"

static enum sj_rc select_mf(struct sj_piv *piv)
{
	return sj_pace_select_mf(piv->session, &piv->sw);
}

static enum sj_rc read_access(struct sj_piv *piv, struct sj_writer *w)
{
	enum sj_rc rc = sj_pace_read_access(piv->session, w, &piv->sw);

	return rc == SJ_NOT_A_DOCUMENT ? SJ_NO_KEY_APPLICATION : rc;
}

enum sj_rc sj_piv_pace_again(struct sj_piv *piv)
{
	struct sj_pace_result unused = { .done = false };
	const char *can = piv->code.digits;
	struct sj_response r;
	enum sj_rc rc;

	if (can[0] == '\0')
		return SJ_SECRET_NEEDED;
	sj_session_sm_end(piv->session);
	rc = select_mf(piv);
	sj_session_patient(piv->session, true);
	if (rc == SJ_OK)
		rc = sj_pace_run(piv->session, &piv->offer, SJ_PACE_CAN,
				 sj_span((const uint8_t *)can, strlen(can)), NULL, &piv->random,
				 &unused);
	sj_session_patient(piv->session, false);
	if (rc == SJ_OK)
		rc = sj_session_command(piv->session,
					&(struct sj_apdu){ .ins = SJ_INS_SELECT,
							   .p1 = SJ_SELECT_DF_NAME,
							   .data = sj_piv_aid(),
							   .ne = SJ_APDU_NE_SHORT },
					&r);
	if (rc != SJ_OK)
		return rc;
	piv->sw = r.sw;
	if (r.sw != SJ_SW_OK) {
		sj_session_sm_end(piv->session);
		return r.sw == SJ_SW_NOT_FOUND ? SJ_NO_KEY_APPLICATION : SJ_CARD_REFUSED;
	}
	sj_piv_learn(piv, r.data);
	piv->channel = SJ_PIV_PACE;
	return SJ_OK;
}

/* One attempt that nobody disturbs. */
static enum sj_rc try_can(struct sj_piv *piv)
{
	bool anew;
	enum sj_rc rc = sj_piv_transaction(piv, &anew);

	if (rc != SJ_OK)
		return rc;
	rc = sj_piv_pace_again(piv);
	sj_session_end(piv->session);
	return rc;
}

/* The remembered CAN once, then what the user says. */
static enum sj_rc open_with_can(struct sj_piv *piv)
{
	bool again = false;
	enum sj_rc rc = SJ_WRONG_CAN;

	if (sj_piv_recall(piv, SJ_PIV_CAN))
		rc = try_can(piv);
	while (rc == SJ_WRONG_CAN) {
		rc = sj_piv_ask(piv, SJ_PIV_CAN, again);
		again = true;
		if (rc != SJ_OK)
			return rc; /* given up */
		rc = try_can(piv);
	}
	return rc;
}

/* The GUID names the file of the CAN. */
static void keep_can(struct sj_piv *piv)
{
	uint8_t guid[SJ_PIV_GUID];

	if (piv->code.remember && sj_piv_get_guid(piv, guid) == SJ_OK)
		sj_piv_keep(piv, SJ_PIV_CAN, guid);
}

enum sj_rc sj_piv_open_hidden(struct sj_piv *piv)
{
	uint8_t file[SJ_PACE_ACCESS_MAX];
	struct sj_writer w = SJ_WRITER_OF(file);
	enum sj_rc rc = read_access(piv, &w);

	/* Another application may be current: the card says that there is an MF above it. */
	if (rc == SJ_NO_KEY_APPLICATION && sj_session_atr_mf(piv->session) &&
	    select_mf(piv) == SJ_OK)
		rc = read_access(piv, &w);
	if (rc == SJ_OK && !sj_pace_choose(sj_written(&w), &piv->offer))
		rc = SJ_NO_KEY_APPLICATION;
	if (rc == SJ_OK)
		rc = open_with_can(piv);
	if (rc == SJ_OK)
		keep_can(piv);
	return rc;
}
