/*
 * sm_piv.c -- the card's role in the secure messaging of PIV cards: it counts, chains,
 * checks and ends.
 *
 * Source: NIST SP 800-73-5, part 2, 4.2 and 4.3: a command is protected as a
 * whole and sent in parts; the counter is that of the command, for its response
 * too; keys go at an error of secure messaging, not at a plain command.
 */
#include "host/card_internal.h"

#include "crypt/wipe.h"

void card_sm_start_piv(struct card *card, const struct sj_piv_sm_keys *keys)
{
	struct card_session *next = &card->now.next;

	sj_wipe(next, sizeof(*next));
	next->running = true;
	next->is_piv = true;
	next->piv.keys = *keys;
	next->piv.counter[SJ_PIV_SM_BLOCK - 1] = 1;
}

bool card_sm_is_piv(const struct card *card)
{
	return card->now.session.running && card->now.session.is_piv;
}

/* The session is the basic channel's, with an applet that speaks so. */
static bool is_for_session(const struct card *card, const struct card_class *class)
{
	const struct card_applet *applet = card_current_applet(card);

	return class->channel == 0 && applet != NULL && applet->piv_sm;
}

static uint16_t collect_and_open(struct card *card, const struct sj_apdu *part,
				 const struct card_class *class, struct sj_apdu *plain)
{
	struct card_piv_session *session = &card->now.session.piv;
	struct sj_writer buffer = sj_writer(card->opened, SJ_APDU_NC_EXTENDED);
	struct card_chain *chain = &card->now.chain;
	struct sj_apdu whole = *part;
	enum sj_sm_rc rc;
	uint16_t sw;

	if (!is_for_session(card, class))
		return SJ_SW_SM_NOT_SUPPORTED;
	if (chain->open && !card_chain_continues(chain, part, class))
		return SJ_SW_LAST_OF_CHAIN_EXPECTED;
	sw = card_chain_collect(card, part, class, &whole.data);
	if (sw != SJ_SW_OK || class->chained)
		return sw;
	rc = sj_piv_sm_command_open(&session->keys, session->counter, session->command_chain,
				    &whole, &buffer, plain);
	if (rc == SJ_SM_OK)
		return SJ_SW_OK;
	return rc == SJ_SM_MISSING ? SJ_SW_SM_MISSING : SJ_SW_SM_INCORRECT;
}

uint16_t card_piv_open(struct card *card, const struct sj_apdu *protected_command,
		       const struct card_class *class, struct sj_apdu *plain)
{
	uint16_t sw = collect_and_open(card, protected_command, class, plain);

	if (sw != SJ_SW_OK)
		card_sm_drop(card);
	return sw;
}

size_t card_piv_protect(struct card *card, struct sj_span data, uint16_t sw)
{
	struct card_piv_session *session = &card->now.session.piv;
	struct sj_writer w = sj_writer(card->wire, CARD_WIRE_MAX);

	sj_piv_sm_response_put(&w, &session->keys, session->counter, session->response_chain, data,
			       sw);
	if (!w.failed && w.len >= 2 && sj_piv_sm_count(session->counter))
		return w.len - 2;
	card_sm_drop(card);
	return 0;
}
