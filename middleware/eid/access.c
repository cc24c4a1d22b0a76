/*
 * access.c -- PACE with the holder's secret, and what is asked for.
 *
 * Source: BSI TR-03110-2 v2.21, 2.3.2 and 3.2; TR-03110-3, B.1.
 */
#include <stdio.h>

#include "eid/ask.h"
#include "reader/card.h"
#include "wire/std/tr03110.h"

/* What is typed on the reader's pad is what the row asks for. */
static enum sj_pace_password password_of(const struct sj_ask *ask)
{
	if (ask->access)
		return sj_access_password(ask->access);
	return ask->service->access == SJ_SERVICE_PIN ? SJ_PACE_PIN : SJ_PACE_CAN;
}

/* What the row needs and the certificates give, no more; with the CAN, that it may do. */
static struct sj_cvc_rights rights_asked(const struct sj_ask *ask)
{
	const struct sj_cvc_rights *given = &ask->terminal->rights;
	const uint32_t granted = ask->answer->info.granted;
	struct sj_cvc_rights rights;

	if (given->terminal == SJ_CVC_INSPECTION) {
		rights = (struct sj_cvc_rights){ .terminal = SJ_CVC_INSPECTION };
		if (granted & SJ_RIGHT_FINGERPRINT)
			rights.bits |= UINT64_C(1) << SJ_IS_READ_DG3;
	} else {
		rights = sj_rights_ask(granted);
		if (password_of(ask) == SJ_PACE_CAN)
			rights.bits |= UINT64_C(1) << SJ_AT_CAN_ALLOWED;
	}
	sj_cvc_narrow(&rights, given);
	sj_cvc_set_role(&rights, SJ_CVC_TERMINAL);
	return rights;
}

static enum sj_rc run(struct sj_ask *ask, const struct sj_pace_offer *offer)
{
	const struct sj_cvc_rights rights = rights_asked(ask);
	enum sj_rc rc;

	if (!ask->access)
		return sj_pace_run_on_reader(ask->session, password_of(ask), &rights, &ask->pace);
	sj_session_patient(ask->session, true);
	rc = sj_pace_run(ask->session, offer, password_of(ask),
			 sj_span(ask->access->secret, ask->access->len), &rights, &ask->doc.random,
			 &ask->pace);
	sj_session_patient(ask->session, false);
	return rc;
}

bool sj_card_takes_pin(struct sj_card *card, unsigned timeout_ms)
{
	struct sj_session *s = sj_card_session(card);

	sj_session_deadline(s, sj_deadline_after(timeout_ms));
	return sj_pace_on_reader(s);
}

enum sj_rc sj_eid_access(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_ACCESS];
	struct sj_statistics *statistics = &ask->doc.report->statistics;
	struct sj_span file = sj_report_bytes(ask->doc.report, SJ_EF_CARD_ACCESS);
	struct sj_pace_offer offer;
	enum sj_rc rc = sj_document_find_lengths(&ask->doc);

	if (rc != SJ_OK)
		return rc;
	if (!sj_pace_choose(file, &offer))
		return SJ_ACCESS_UNSUPPORTED;
	rc = run(ask, &offer);
	if (rc != SJ_OK)
		return rc;
	if (ask->access)
		snprintf(statistics->access, sizeof(statistics->access), "PACE %s %s, %s",
			 sj_curve_name(offer.suite.curve), sj_cipher_name(offer.suite.cipher),
			 sj_access_name(ask->access));
	else
		snprintf(statistics->access, sizeof(statistics->access), "PACE on the reader");
	sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "%s.", statistics->access);
	return SJ_OK;
}
