/* command.c -- single commands and what their status words mean. */
#include <string.h>

#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/context.h"
#include "wire/std/iso7816.h"
#include "wire/tlv.h"

#define TIMEOUT_MS 10000u
#define ONE_PIECE 200u /* data bytes that fit a short command under secure messaging */
#define DATA_MAX 64u /* two blocks */

static int64_t deadline(const struct sj_piv *piv)
{
	unsigned ms = piv->options.timeout_ms != 0 ? piv->options.timeout_ms : TIMEOUT_MS;

	return sj_clock_ms() + (int64_t)ms;
}

void sj_piv_clock(struct sj_piv *piv)
{
	sj_session_deadline(piv->session, deadline(piv));
}

struct sj_piv_shared sj_piv_together(struct sj_piv *piv)
{
	const int64_t before = piv->context->until;

	piv->context->until = sj_context_until(piv->context, deadline(piv));
	return (struct sj_piv_shared){ before, piv->context->until };
}

void sj_piv_apart(struct sj_piv *piv, struct sj_piv_shared shared)
{
	/* Somebody may have been asked meanwhile. */
	piv->context->until =
		shared.before != 0 ? shared.before + (piv->context->until - shared.set) : 0;
}

static enum sj_rc note(struct sj_piv *piv, enum sj_rc rc, const struct sj_response *r)
{
	if (rc == SJ_OK || rc == SJ_CARD_SM_BROKEN)
		piv->sw = r->sw;
	return rc;
}

/* One APDU there and one back, protected or not. */
static bool in_one_piece(const struct sj_piv *piv, const struct sj_apdu *a)
{
	if (sj_session_extended(piv->session))
		return true;
	return a->data.len <= ONE_PIECE &&
	       (a->ne == 0 || a->ins == SJ_INS_SELECT ||
		(a->ins == PIV_INS_GENERAL_AUTHENTICATE && !sj_piv_is_rsa(a->p1)));
}

/*
 * What goes or comes in pieces has the card for itself: a command of another process between them
 * would be put together with ours, or its answer taken for the rest of ours.
 */
static enum sj_rc whole(struct sj_piv *piv, const struct sj_apdu *a, bool protect,
			struct sj_response *r)
{
	const bool mine = !sj_session_begun(piv->session) && !in_one_piece(piv, a);
	enum sj_rc rc = mine ? sj_session_begin(piv->session) : SJ_OK;

	*r = (struct sj_response){ { NULL, 0 }, 0 };
	if (rc != SJ_OK)
		return rc;
	rc = protect ? sj_session_command(piv->session, a, r)
		     : sj_session_plain(piv->session, a, r);
	if (mine)
		sj_session_end(piv->session);
	return rc;
}

enum sj_rc sj_piv_send(struct sj_piv *piv, const struct sj_apdu *a, struct sj_response *r)
{
	/* A channel that is lost is opened anew; nothing goes in clear instead. */
	if (piv->channel != SJ_PIV_PLAIN && !sj_session_sm_active(piv->session)) {
		*r = (struct sj_response){ { NULL, 0 }, 0 };
		return SJ_CARD_SM_BROKEN;
	}
	return note(piv, whole(piv, a, true, r), r);
}

enum sj_rc sj_piv_send_plain(struct sj_piv *piv, const struct sj_apdu *a, struct sj_response *r)
{
	return note(piv, whole(piv, a, false, r), r);
}

enum sj_rc sj_piv_meaning(uint16_t sw)
{
	switch (sw) {
	case SJ_SW_OK:
		return SJ_OK;
	case SJ_SW_SECURITY_STATUS:
		return SJ_PIN_NEEDED;
	case SJ_SW_NOT_FOUND:
	case SJ_SW_REFERENCE_NOT_FOUND:
		return SJ_KEY_ABSENT;
	default:
		return SJ_CARD_REFUSED;
	}
}

enum sj_rc sj_piv_give(struct sj_span bytes, uint8_t *out, size_t *len)
{
	bool fits = bytes.len <= *len;

	if (fits && bytes.len > 0)
		memcpy(out, bytes.ptr, bytes.len);
	*len = bytes.len;
	return fits ? SJ_OK : SJ_FILE_TOO_LARGE;
}

enum sj_rc sj_piv_select(struct sj_piv *piv, bool protect, struct sj_response *r)
{
	const struct sj_apdu a = { .ins = SJ_INS_SELECT,
				   .p1 = SJ_SELECT_DF_NAME,
				   .data = sj_piv_aid(),
				   .ne = SJ_APDU_NE_SHORT };

	return protect ? sj_piv_send(piv, &a, r) : sj_piv_send_plain(piv, &a, r);
}

enum sj_rc sj_piv_authenticate(struct sj_piv *piv, uint8_t algorithm, uint8_t key,
			       const struct sj_piv_auth *send, struct sj_piv_auth *answer)
{
	uint8_t data[DATA_MAX];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu a = { .ins = PIV_INS_GENERAL_AUTHENTICATE,
			     .p1 = algorithm,
			     .p2 = key,
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	sj_piv_auth_put(&w, send);
	a.data = sj_written(&w);
	rc = w.failed ? SJ_INTERNAL : sj_piv_send(piv, &a, &r);
	sj_wipe(data, sizeof(data));
	if (rc == SJ_OK)
		rc = sj_piv_meaning(r.sw);
	if (rc == SJ_OK && !sj_piv_auth_read(r.data, answer))
		rc = SJ_CARD_ANSWER;
	return rc;
}
