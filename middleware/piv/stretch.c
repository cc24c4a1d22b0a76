/*
 * stretch.c -- with others at the same card: stretches of our own, and recovery.
 *
 * Everything that can lower a counter runs in a transaction that began with SELECT, so that
 * it reaches this application and no other. Everything else goes without one; what
 * fails is looked at again in a stretch, once.
 */
#include "piv/piv.h"
#include "reader/memory.h"

enum sj_rc sj_piv_transaction(struct sj_piv *piv, bool *anew)
{
	enum sj_rc rc = sj_session_begin(piv->session);

	*anew = rc == SJ_CARD_RESET;
	if (rc != SJ_CARD_RESET)
		return rc;
	rc = sj_session_restart(piv->session, false);
	return rc == SJ_OK ? sj_session_begin(piv->session) : rc;
}

static enum sj_rc select_plain(struct sj_piv *piv)
{
	struct sj_response r;
	enum sj_rc rc = sj_piv_select(piv, false, &r);

	if (rc != SJ_OK || r.sw == SJ_SW_OK)
		return rc;
	return r.sw == SJ_SW_NOT_FOUND ? SJ_NO_KEY_APPLICATION : SJ_CARD_REFUSED;
}

/* An answer under our keys: nobody else's session took the place of ours. */
static enum sj_rc prove_channel(struct sj_piv *piv)
{
	struct sj_span unused;
	enum sj_rc rc = sj_piv_get(piv, PIV_OBJECT_DISCOVERY, &unused);

	return rc == SJ_KEY_ABSENT || rc == SJ_CARD_REFUSED || rc == SJ_PIN_NEEDED ? SJ_OK : rc;
}

static enum sj_rc select_secure(struct sj_piv *piv)
{
	bool runs = sj_session_sm_active(piv->session);
	enum sj_rc rc = select_plain(piv);

	if (rc == SJ_OK && runs) {
		rc = prove_channel(piv);
		if (rc != SJ_CARD_SM_BROKEN)
			return rc;
		rc = SJ_OK;
	}
	return rc == SJ_OK ? sj_piv_secure_again(piv) : rc;
}

static enum sj_rc select_in_pace(struct sj_piv *piv)
{
	enum sj_rc rc = SJ_CARD_SM_BROKEN;
	struct sj_response r;

	if (sj_session_sm_active(piv->session)) {
		rc = sj_piv_select(piv, true, &r);
		if (rc == SJ_OK && r.sw != SJ_SW_OK)
			rc = sj_piv_meaning(r.sw);
	}
	return rc == SJ_CARD_SM_BROKEN ? sj_piv_pace_again(piv) : rc;
}

/* The application anew, and its channel if that was lost. */
static enum sj_rc select_again(struct sj_piv *piv)
{
	switch (piv->channel) {
	case SJ_PIV_PACE:
		return select_in_pace(piv);
	case SJ_PIV_SECURE:
	case SJ_PIV_VCI:
		return select_secure(piv);
	case SJ_PIV_PLAIN:
	default:
		return select_plain(piv);
	}
}

static enum sj_rc enter(struct sj_piv *piv)
{
	bool anew;
	enum sj_rc rc;

	if (piv->depth > 0) {
		piv->depth++;
		return SJ_OK;
	}
	rc = sj_piv_transaction(piv, &anew);
	if (rc == SJ_OK) {
		rc = select_again(piv);
		/* The reset is told at the first command where the transaction does not tell it. */
		if (rc == SJ_CARD_RESET && !anew) {
			rc = sj_session_restart(piv->session, false);
			if (rc == SJ_OK)
				rc = select_again(piv);
		}
	}
	if (rc == SJ_OK)
		piv->depth = 1;
	else
		sj_session_end(piv->session);
	return rc;
}

static void leave(struct sj_piv *piv)
{
	if (piv->depth > 0 && --piv->depth == 0)
		sj_session_end(piv->session);
}

enum sj_rc sj_piv_begin(struct sj_piv *piv)
{
	const unsigned mark = sj_memory_mark();
	sj_piv_clock(piv);
	return sj_memory_rc(mark, enter(piv));
}

void sj_piv_end(struct sj_piv *piv)
{
	leave(piv);
}

enum sj_rc sj_piv_alone(struct sj_piv *piv, sj_piv_step step, void *arg)
{
	enum sj_rc rc = enter(piv);

	if (rc != SJ_OK)
		return rc;
	rc = step(piv, arg);
	leave(piv);
	return rc;
}

/* Another process may be why. */
static bool anothers_doing(enum sj_rc rc)
{
	return rc == SJ_CARD_RESET || rc == SJ_CARD_SM_BROKEN || rc == SJ_CARD_ANSWER ||
	       rc == SJ_CARD_REFUSED || rc == SJ_KEY_ABSENT || rc == SJ_PIN_NEEDED ||
	       rc == SJ_READER_BUSY;
}

enum sj_rc sj_piv_attempt(struct sj_piv *piv, sj_piv_step step, void *arg, bool *again)
{
	enum sj_rc rc = step(piv, arg);

	if (piv->depth > 0 || !anothers_doing(rc))
		return rc;
	if (again)
		*again = true;
	return sj_piv_alone(piv, step, arg);
}
