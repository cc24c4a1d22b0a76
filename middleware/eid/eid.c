/*
 * eid.c -- the General Authentication Procedure in its order.
 *
 * Source: BSI TR-03110-2 v2.21, 2.3.5: PACE, Terminal Authentication, Passive Authentication, Chip
 * Authentication; then the application. What speaks against the card is found out before
 * any datum is read, and where it forbids telling, none is.
 */
#include "eid/ask.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

enum sj_rc sj_eid_send(struct sj_ask *ask, const struct sj_apdu *a, uint16_t *sw)
{
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_command(ask->session, a, &r);

	*sw = r.sw;
	return rc;
}

enum sj_rc sj_eid_authenticate(struct sj_ask *ask, uint32_t tag, struct sj_span value,
			       struct sj_response *r, struct sj_span *data)
{
	uint8_t buffer[1024];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_GENERAL_AUTHENTICATE, .ne = SJ_APDU_NE_SHORT };
	const size_t at = sj_tlv_open(&w);
	struct sj_span answer;
	enum sj_rc rc;

	*r = (struct sj_response){ 0 };
	*data = sj_span(NULL, 0);
	sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, SJ_TAG_DYNAMIC_AUTHENTICATION, at);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	rc = sj_session_command(ask->session, &a, r);
	if (rc != SJ_OK || r->sw != SJ_SW_OK)
		return rc;
	answer = r->data;
	return sj_tlv_take(&answer, SJ_TAG_DYNAMIC_AUTHENTICATION, data) == SJ_TLV_FOUND
		       ? SJ_OK
		       : SJ_CARD_ANSWER;
}

/* What certificate and holder's consent leave of what is asked. */
static void grant(struct sj_ask *ask)
{
	struct sj_answer_info *info = &ask->answer->info;
	const struct sj_terminal *t = ask->terminal;

	info->granted = info->asked & sj_rights_given(&t->rights);
	if (t->sector_key.len == 0)
		info->granted &= ~(uint32_t)SJ_RIGHT_PSEUDONYM;
	info->enforced_by = SJ_LIMIT_CARD;
}

static bool chip_holds(const struct sj_ask *ask)
{
	return ask->answer->checks[SJ_ANSWER_SECURITY].state == SJ_CHECK_PASSED &&
	       ask->answer->checks[SJ_ANSWER_CHIP].state == SJ_CHECK_PASSED;
}

static enum sj_rc prove(struct sj_ask *ask)
{
	enum sj_rc rc = sj_eid_access(ask);

	if (rc == SJ_OK)
		rc = sj_eid_terminal(ask);
	if (rc == SJ_OK)
		rc = sj_eid_security(ask);
	if (rc == SJ_OK && ask->answer->checks[SJ_ANSWER_SECURITY].state == SJ_CHECK_PASSED)
		rc = sj_eid_chip(ask);
	return rc;
}

static enum sj_rc enter(struct sj_ask *ask)
{
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_select(ask->session, sj_eid_aid(), &r);

	if (rc == SJ_OK && r.sw != SJ_SW_OK)
		rc = r.sw == SJ_SW_NOT_FOUND ? SJ_NOT_A_DOCUMENT : SJ_CARD_REFUSED;
	return rc;
}

static enum sj_rc judge(struct sj_ask *ask)
{
	enum sj_rc rc = enter(ask);

	if (rc == SJ_OK)
		rc = sj_eid_expiry(ask);
	if (rc == SJ_OK)
		rc = sj_eid_status(ask);
	if (rc == SJ_OK)
		rc = sj_eid_pseudonym(ask);
	return rc;
}

static enum sj_rc tell(struct sj_ask *ask)
{
	enum sj_rc rc = sj_eid_ages(ask);

	if (rc == SJ_OK)
		rc = sj_eid_groups(ask);
	if (rc == SJ_OK)
		rc = sj_eid_fingerprint(ask);
	sj_answer_find_absent(ask->answer);
	return rc;
}

enum sj_rc sj_eid_ask(struct sj_ask *ask)
{
	enum sj_rc rc;

	grant(ask);
	rc = prove(ask);
	if (rc == SJ_OK && chip_holds(ask))
		rc = judge(ask);
	if (rc != SJ_OK)
		return rc;
	sj_answer_judge(ask->answer);
	if (!sj_answer_may_tell(ask->answer))
		sj_answer_withdraw(ask->answer, UINT32_MAX);
	else
		rc = tell(ask);
	return rc;
}
