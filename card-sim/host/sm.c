/*
 * sm.c -- the card's role in secure messaging: it counts, checks and ends.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 9.8: the SSC is incremented before each
 * command and each response (9.8.2); a plain command (9.8.3) or an error of
 * secure messaging (9.8.5) ends the session.
 */
#include "host/card_internal.h"

#include <string.h>

#include "crypt/wipe.h"

/* Applications that could be selected only in the session before this one are left. */
static void leave_hidden(struct card *card)
{
	uint8_t present = card->now.channel;

	for (uint8_t i = 0; i < CARD_CHANNELS; i++) {
		const struct card_applet *applet = card->now.channels[i].applet;

		if (applet == NULL || card_applet_selectable(card, applet))
			continue;
		card->now.channel = i;
		card_make_current(card, NULL);
	}
	card->now.channel = present;
}

void card_sm_drop(struct card *card)
{
	bool ran = card->now.session.running;

	sj_wipe(&card->now.session, sizeof(card->now.session));
	sj_wipe(&card->now.next, sizeof(card->now.next));
	card->now.session_ends = false;
	card->now.rights = 0;
	sj_wipe(&card->now.terminal, sizeof(card->now.terminal));
	if (ran)
		leave_hidden(card);
}

void card_sm_plain(struct card *card)
{
	if (!card_sm_is_piv(card))
		card_sm_drop(card);
}

void card_sm_start(struct card *card, const struct sj_sm_keys *keys, const struct sj_ssc *ssc)
{
	struct card_session *next = &card->now.next;

	sj_wipe(next, sizeof(*next));
	next->running = true;
	next->keys = *keys;
	next->ssc = ssc != NULL ? *ssc : (struct sj_ssc){ { 0 } };
}

void card_sm_end(struct card *card)
{
	sj_wipe(&card->now.next, sizeof(card->now.next));
	card->now.session_ends = true;
	card->now.rights = 0;
	sj_wipe(&card->now.terminal, sizeof(card->now.terminal));
}

void card_sm_settle(struct card *card)
{
	if (card->now.next.running) {
		card->now.session = card->now.next;
		card->now.sessions++;
		sj_wipe(&card->now.next, sizeof(card->now.next));
		card->now.session_ends = false;
		leave_hidden(card);
	} else if (card->now.session_ends) {
		card_sm_drop(card);
	}
}

uint16_t card_sm_open(struct card *card, const struct sj_apdu *protected_command,
		      struct sj_apdu *plain)
{
	const struct card_applet *applet = card_current_applet(card);
	struct card_session *session = &card->now.session;
	struct sj_writer buffer = sj_writer(card->opened, SJ_APDU_NC_EXTENDED);
	enum sj_sm_rc rc;

	/*
	 * Without keys there is nothing to check it with: 6882, as for a card
	 * that has no secure messaging; 6982 with the key applet (SP 800-73-5,
	 * part 2, 4.2.8). 6987 and 6988 would speak of objects and MACs that
	 * were never looked at.
	 */
	if (!session->running)
		return applet != NULL && applet->piv_sm ? SJ_SW_SECURITY_STATUS
							: SJ_SW_SM_NOT_SUPPORTED;
	sj_ssc_increment(&session->ssc, session->keys.cipher);
	rc = sj_sm_command_open(&session->keys, &session->ssc, protected_command, &buffer, plain);
	if (rc == SJ_SM_OK)
		return SJ_SW_OK;
	card_sm_drop(card);
	return rc == SJ_SM_MISSING ? SJ_SW_SM_MISSING : SJ_SW_SM_INCORRECT;
}

size_t card_sm_protect(struct card *card, uint8_t ins, struct sj_span data, uint16_t sw)
{
	struct card_session *session = &card->now.session;
	struct sj_writer w = sj_writer(card->wire, CARD_WIRE_MAX);

	sj_ssc_increment(&session->ssc, session->keys.cipher);
	sj_sm_response_put(&w, &session->keys, &session->ssc, (ins & 1) != 0, data, sw);
	if (!w.failed && w.len >= 2)
		return w.len - 2;
	card_sm_drop(card);
	return 0;
}
