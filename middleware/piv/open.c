/* open.c -- from a card to its key application, and back. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/card.h"
#include "reader/memory.h"
#include "wire/atr.h"

/*
 * PC/SC part 3 (rev. 2.01.09), 3.1.3.2.3: a reader makes the ATR of a contactless card:
 * 3B 8n 80 01, n historical bytes, check byte.
 */
static bool is_contactless(struct sj_span atr)
{
	return atr.len >= 5 && atr.ptr[0] == 0x3B && (atr.ptr[1] & 0xF0) == 0x80 &&
	       atr.ptr[2] == 0x80 && atr.ptr[3] == 0x01 && atr.len == 5u + (atr.ptr[1] & 0x0Fu);
}

void sj_piv_learn(struct sj_piv *piv, struct sj_span answer)
{
	struct sj_piv_application a;

	if (sj_session_atr_extended(piv->session))
		sj_session_allow_extended(piv->session, 0, 0);
	if (!sj_piv_application_read(answer, &a))
		return;
	piv->suite = a.suite;
	if (a.command_max != 0 && a.response_max != 0)
		sj_session_allow_extended(piv->session, a.command_max, a.response_max);
}

/*
 * Does the answer to SELECT say something about this moment only? Of the errors of ISO/IEC
 * 7816-4:2020, table 6, these do not speak of the command: it was not allowed, or went wrong.
 */
static bool is_passing(uint16_t sw)
{
	const unsigned sw1 = sw >> 8;

	return sw != SJ_SW_OK && sw != SJ_SW_SECURITY_STATUS && sw1 != 0x67 &&
	       (sw1 < 0x6A || sw1 > 0x6E);
}

/* Another process's reset, or an answer for the moment: connected anew, once. */
static enum sj_rc select_first(struct sj_piv *piv, struct sj_response *r)
{
	enum sj_rc rc = sj_piv_select(piv, false, r);

	if (rc != SJ_CARD_RESET && (rc != SJ_OK || !is_passing(r->sw)))
		return rc;
	rc = sj_session_restart(piv->session, false);
	return rc == SJ_OK ? sj_piv_select(piv, false, r) : rc;
}

static enum sj_rc open_application(struct sj_piv *piv)
{
	struct sj_response r;
	enum sj_rc rc = select_first(piv, &r);
	bool passing;

	if (rc != SJ_OK)
		return rc;
	if (r.sw == SJ_SW_OK) {
		sj_piv_learn(piv, r.data);
		if (piv->contactless && piv->suite != 0 && !piv->options.only_plain)
			return sj_piv_open_secure(piv);
		return SJ_OK;
	}
	passing = is_passing(r.sw);
	rc = SJ_NO_KEY_APPLICATION;
	if (piv->contactless && !piv->options.only_plain)
		rc = sj_piv_open_hidden(piv);
	if (rc != SJ_NO_KEY_APPLICATION)
		return rc;
	/* Only what the card is, not how it was, is remembered until it is taken away. */
	if (passing)
		return SJ_CARD_REFUSED;
	if (!piv->contactless || !piv->options.only_plain)
		sj_card_refuse(piv->card);
	return rc;
}

static char *copy_of(const char *text, bool *failed)
{
	char *copy = text ? strdup(text) : NULL;

	*failed = *failed || (text && !copy);
	return copy;
}

enum sj_rc sj_piv_open(struct sj_card *card, const struct sj_piv_options *options,
		       struct sj_piv **out)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, sj_piv_open_with(card, options, sj_random_system(), out));
}

enum sj_rc sj_piv_open_with(struct sj_card *card, const struct sj_piv_options *options,
			    struct sj_random random, struct sj_piv **out)
{
	struct sj_piv_options o = SJ_PIV_OPTIONS_INIT;
	struct sj_piv *piv = calloc(1, sizeof(*piv));
	bool failed = false;
	enum sj_rc rc = SJ_NO_MEMORY;

	if (!piv)
		return rc;
	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	o.memory = copy_of(o.memory, &failed);
	o.trust = copy_of(o.trust, &failed);
	piv->card = card;
	piv->session = sj_card_session(card);
	piv->context = sj_card_context(card);
	piv->options = o;
	piv->random = random;
	piv->cvc = SJ_UNDECIDED;
	piv->commands_before = sj_session_count(piv->session).apdus;
	piv->contactless = is_contactless(sj_session_atr(piv->session));
	sj_session_sm_end(piv->session);
	sj_piv_clock(piv);
	if (!failed)
		rc = open_application(piv);
	if (rc == SJ_OK)
		*out = piv;
	else
		sj_piv_close(piv);
	return rc;
}

static void free_text(const char *text)
{
	char *own;

	memcpy(&own, &text, sizeof(own));
	free(own);
}

void sj_piv_close(struct sj_piv *piv)
{
	if (!piv)
		return;
	while (piv->depth > 0)
		sj_piv_end(piv);
	sj_session_sm_end(piv->session);
	free_text(piv->options.memory);
	free_text(piv->options.trust);
	sj_wipe(piv, sizeof(*piv));
	free(piv);
}

uint16_t sj_piv_status_word(const struct sj_piv *piv)
{
	return piv->sw;
}

unsigned sj_piv_commands(const struct sj_piv *piv)
{
	return sj_session_count(piv->session).apdus - piv->commands_before;
}
