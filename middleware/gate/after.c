/* after.c -- what a tap does behind the decision: ticket, heads, staple. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "gate/tap.h"
#include "trust/store.h"

/* --- message_4 ----------------------------------------------------------------------------- */

static bool seal_ticket(struct sj_tap *tap, uint8_t out[static SJ_GATE_TICKET])
{
	const struct sj_random rnd = sj_random_system();
	uint8_t salt[SJ_GATE_TICKET] = { 0 };

	/* The PSK hangs on the salt alone, which a ticket begins with. */
	return sj_random_fill(&rnd, salt, SJ_TICKET_SALT) &&
	       sj_gate_psk(&tap->r.exporter, SJ_SPAN_OF(salt), tap->ticket.psk) &&
	       sj_gate_ticket_seal(tap->gate, salt, &tap->ticket, out);
}

bool sj_tap_confirm(struct sj_tap *tap)
{
	const struct sj_gate_facts *f = &tap->facts;
	/* An exit lets out what it doubts; a ticket would hide the doubt from an entry. */
	const bool open = tap->verdict.decision == SJ_GATE_OPEN && !f->signer_expired && !f->early;
	uint8_t ticket[SJ_GATE_TICKET], ead[160], message[256];
	struct sj_writer w = SJ_WRITER_OF(ead), m = SJ_WRITER_OF(message);
	struct sj_span given = sj_span(NULL, 0);
	bool ok;

	if (open && sj_gate_has_tickets(tap->gate) && seal_ticket(tap, ticket))
		given = SJ_SPAN_OF(ticket);
	sj_gate_ead_4_put(&w, given);
	ok = !w.failed && sj_responder_message_4(&tap->r, sj_written(&w), &m) &&
	     sj_tap_put(tap, sj_span(NULL, 0), SJ_GATE_TAG_MESSAGE_4, sj_written(&m));
	sj_wipe(tap->ticket.psk, sizeof(tap->ticket.psk));
	return ok;
}

/* --- objects ---------------------------------------------------------------------------------- */

enum errand { FETCH_HEAD, GIVE_HEAD, GIVE_STAPLE, GIVE_GATE_CA, GIVE_STATUS_SIGNER };

static void queue(struct sj_tap *tap, enum errand errand)
{
	if (tap->queued < SJ_TAP_QUEUE)
		tap->queue[tap->queued++] = (uint8_t)errand;
}

/* Seals an object as the next command. */
static void seal(struct sj_tap *tap, enum sj_gate_object type, struct sj_span content)
{
	uint8_t bytes[SJ_GATE_OBJECT_MAX + 32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (sj_gate_object_seal(tap->channel.to_card, tap->channel.sent++, (uint8_t)type, content,
				&w) &&
	    sj_tap_put(tap, sj_span(NULL, 0), SJ_GATE_TAG_OBJECT, sj_written(&w)))
		tap->step = SJ_TAP_OBJECT;
}

/* The same credential, signed later, by somebody whom we believe. */
static bool is_staple(const struct sj_tap *tap, struct sj_span token)
{
	const struct sj_cwt *card = &tap->card;
	struct sj_cwt staple;

	return sj_cwt_parse(token, &staple) && staple.kind == SJ_CWT_CARD &&
	       sj_span_eq(staple.issuer, card->issuer) && sj_span_eq(staple.key_x, card->key_x) &&
	       staple.status.partition == card->status.partition &&
	       staple.status.index == card->status.index && staple.expires == card->expires &&
	       staple.not_before > card->not_before &&
	       sj_gate_signed(tap->trust, &staple, tap->facts.now) == SJ_OK;
}

static int open_staples(struct sj_gate *gate)
{
	int dir = -1;

	pthread_mutex_lock(&gate->lock);
	if (gate->staples != NULL)
		dir = open(gate->staples, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pthread_mutex_unlock(&gate->lock);
	return dir;
}

/* False: there is none for this credential. */
static bool send_staple(struct sj_tap *tap)
{
	struct sj_trust_file file = { NULL, 0 };
	int dir = open_staples(tap->gate);
	char name[32];

	if (dir < 0)
		return false;
	snprintf(name, sizeof(name), "%04x-%08x.cwt", tap->card.status.partition,
		 tap->card.status.index);
	if (sj_trust_read(dir, name, SJ_CWT_MAX, &file) == SJ_OK &&
	    is_staple(tap, sj_span(file.bytes, file.len)))
		seal(tap, SJ_OBJECT_STAPLE, sj_span(file.bytes, file.len));
	sj_trust_file_free(&file);
	close(dir);
	return tap->step == SJ_TAP_OBJECT;
}

static bool send_head(struct sj_tap *tap)
{
	struct sj_gate_head head;

	sj_gate_head_get(tap->gate, &head);
	if (head.len > 0)
		seal(tap, SJ_OBJECT_HEAD, sj_span(head.token, head.len));
	return tap->step == SJ_TAP_OBJECT;
}

/* The signers whom a card that refused our head may not know yet: gate CA, then status signer. */
static bool send_token(struct sj_tap *tap, enum sj_cwt_signer kind)
{
	const struct sj_signer *s = sj_gate_newest(tap->trust, tap->gate->cwt.issuer, kind);

	if (s != NULL)
		seal(tap, SJ_OBJECT_LINK, sj_span(s->token, s->len));
	return tap->step == SJ_TAP_OBJECT;
}

static void next(struct sj_tap *tap)
{
	bool sent = false;

	while (!sent && tap->sent < tap->queued) {
		switch ((enum errand)tap->queue[tap->sent++]) {
		case FETCH_HEAD:
			seal(tap, SJ_OBJECT_WANT_HEAD, sj_span(NULL, 0));
			sent = true;
			break;
		case GIVE_HEAD:
			sent = send_head(tap);
			break;
		case GIVE_STAPLE:
			sent = send_staple(tap);
			break;
		case GIVE_GATE_CA:
			sent = send_token(tap, SJ_CWT_GATE_CA);
			break;
		case GIVE_STATUS_SIGNER:
			sent = send_token(tap, SJ_CWT_STATUS_SIGNER);
			break;
		}
	}
}

void sj_tap_after_confirm(struct sj_tap *tap)
{
	const struct sj_gate_facts *f = &tap->facts;
	struct sj_gate_head head;

	if (!sj_gate_channel_make(&tap->r.exporter, &tap->channel))
		return;
	sj_gate_head_get(tap->gate, &head);
	/* Of a card that came by ticket nothing is known: ask it where it may help us. */
	if (tap->ours &&
	    (f->card_epoch > head.epoch || (f->resumed && sj_gate_stale(&tap->policy, f))))
		queue(tap, FETCH_HEAD);
	if (tap->ours && !f->resumed && f->card_epoch < head.epoch)
		queue(tap, GIVE_HEAD);
	/* Where our list names it, one from before would help it past others. */
	if (!f->resumed && f->status != SJ_STATUS_REVOKED)
		queue(tap, GIVE_STAPLE);
	next(tap);
}

/* A signer that has expired may sign nothing that would count from now on. */
static bool signer_holds(const struct sj_tap *tap, struct sj_span token)
{
	const struct sj_signer *signer = NULL;
	struct sj_cwt cwt;

	if (sj_cwt_parse(token, &cwt))
		signer = sj_signers_of(tap->trust->signers, &cwt, SJ_CWT_STATUS_SIGNER);
	return signer != NULL && signer->cwt.expires >= tap->facts.now;
}

/* The card's head, if it is of our issuer, verified, newer, and not of a far future. */
static void take_head(struct sj_tap *tap, struct sj_span token)
{
	const struct sj_span own = tap->gate->cwt.issuer;
	struct sj_status_head head;

	if (sj_status_head_read(token, tap->trust->signers, &head) != SJ_OK ||
	    !sj_span_eq(own, sj_span((const uint8_t *)head.issuer, strlen(head.issuer))) ||
	    !signer_holds(tap, token) || !sj_gate_learn(tap->gate, head.not_before, tap->facts.now))
		return;
	tap->brought_head |= sj_gate_head_offer(tap->gate, &head, token);
}

void sj_tap_after_object(struct sj_tap *tap, struct sj_span data)
{
	uint8_t bytes[SJ_GATE_OBJECT_MAX + 32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span sealed, content;
	bool error;
	uint8_t type;

	if (!sj_tap_take(data, SJ_GATE_TAG_OBJECT, &sealed, &error) || error ||
	    !sj_gate_object_open(tap->channel.to_gate, tap->channel.received++, sealed, &w, &type,
				 &content))
		return;
	if (type == SJ_OBJECT_HEAD)
		take_head(tap, content);
	/* It may not know who signed it yet. */
	if (type == SJ_OBJECT_REFUSED && tap->queue[tap->sent - 1] == GIVE_HEAD &&
	    !tap->tokens_sent) {
		tap->tokens_sent = true;
		queue(tap, GIVE_GATE_CA);
		queue(tap, GIVE_STATUS_SIGNER);
		queue(tap, GIVE_HEAD);
	}
	next(tap);
}
