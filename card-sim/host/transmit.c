/*
 * transmit.c -- one command in, one response out: secure messaging outside,
 * the command inside, and long responses in pieces.
 */
#include "host/card_internal.h"

#include <string.h>

#include "crypt/wipe.h"

#define INS_GET_RESPONSE 0xC0u

static void forget_pieces(struct card *card)
{
	sj_wipe(card->wire, card->now.pieces.len);
	card->now.pieces = (struct card_pieces){ .from = 0 };
}

/*
 * Gives the next ne bytes of card->wire. ISO/IEC 7816-4:2020, 5.3.4: 61xx
 * says how many are left, 00 for 256 or more. A command without Le gets none
 * of them yet, nor loses them.
 */
static size_t give_piece(struct card *card, uint32_t ne, uint8_t *response)
{
	struct card_pieces *pieces = &card->now.pieces;
	struct sj_writer w = sj_writer(response, SJ_APDU_RESPONSE_MAX);
	size_t left = pieces->len - pieces->from;
	size_t limit = ne < CARD_PIECE_MAX ? ne : CARD_PIECE_MAX;
	size_t n = left < limit ? left : limit;
	uint16_t sw = pieces->sw;

	sj_put(&w, sj_span(card->wire + pieces->from, n));
	pieces->from += n;
	left -= n;
	if (left > 0)
		sw = (uint16_t)(SJ_SW_BYTES_REMAINING | (left < 256 ? left : 0));
	else
		forget_pieces(card);
	sj_put_be(&w, 2, sw);
	return w.len;
}

/* Plain GET RESPONSE with something to give: also for pieces of a protected response. */
static bool is_get_response(const struct card *card, const struct sj_apdu *apdu,
			    const struct card_class *class)
{
	const struct card_pieces *pieces = &card->now.pieces;

	return pieces->len > 0 && class->base == 0 && !class->secured && !class->chained &&
	       class->channel == pieces->channel && apdu->ins == INS_GET_RESPONSE &&
	       apdu->p1 == 0 && apdu->p2 == 0 && apdu->data.len == 0;
}

/* The response of a command without secure messaging, or outside it. */
static void keep_plain(struct card *card, struct sj_span data, uint16_t sw)
{
	if (data.len > 0)
		memcpy(card->wire, data.ptr, data.len);
	card->now.pieces = (struct card_pieces){ .len = data.len, .sw = sw };
}

/* Outside PIV's stands 9000: how the messaging went; the command's own is inside (4.2.7). */
static void keep_protected(struct card *card, uint8_t ins, struct sj_span data, uint16_t sw)
{
	bool is_piv = card_sm_is_piv(card);
	size_t len =
		is_piv ? card_piv_protect(card, data, sw) : card_sm_protect(card, ins, data, sw);

	if (is_piv)
		sw = SJ_SW_OK;
	card->now.pieces = (struct card_pieces){
		.len = len,
		.sw = len > 0 ? sw : SJ_SW_UNKNOWN,
	};
}

/* A command that is not one of the session's ends it (ICAO's), and a chain. */
static void refuse(struct card *card, uint16_t sw)
{
	card_sm_plain(card);
	card_chain_drop(card);
	keep_plain(card, sj_span(NULL, 0), sw);
}

/*
 * The plain command of a protected one. PIV's is protected as a whole and then sent in parts
 * (SP 800-73-5, part 2, 4.2.5): *class is then without the chaining bit, *more tells of parts to
 * come.
 */
static uint16_t open_protected(struct card *card, const struct sj_apdu *apdu,
			       struct card_class *class, struct sj_apdu *plain, bool *more)
{
	uint16_t sw;

	*more = false;
	if (!card_sm_is_piv(card))
		return card_sm_open(card, apdu, plain);
	sw = card_piv_open(card, apdu, class, plain);
	*more = class->chained;
	class->chained = false;
	return sw;
}

/* Makes the whole response to one command. */
static void answer(struct card *card, const struct sj_apdu *apdu, struct card_class *class)
{
	struct sj_writer out = sj_writer(card->plain, CARD_PLAIN_MAX);
	struct sj_apdu plain = *apdu;
	struct sj_span data;
	uint16_t sw = SJ_SW_OK;
	bool more = false;

	card->now.channel = class->channel;
	if (class->secured)
		sw = open_protected(card, apdu, class, &plain, &more);
	else
		card_sm_plain(card);
	if (sw != SJ_SW_OK) {
		refuse(card, sw);
		return;
	}
	if (more) {
		keep_plain(card, sj_span(NULL, 0), SJ_SW_OK);
		return;
	}
	sw = card_scp_open(card, class, &plain);
	if (sw == SJ_SW_OK)
		sw = card_dispatch(card, &plain, class, &out);
	else
		card_chain_drop(card);
	data = sj_written(&out);
	sw = card_scp_protect(card, &data, sw);
	if (class->secured)
		keep_protected(card, apdu->ins, data, sw);
	else
		keep_plain(card, data, sw);
	card->now.pieces.channel = class->channel;
	card_scp_settle(card);
	card_sm_settle(card);
	sj_wipe(card->plain, out.len);
	if (class->secured || card->now.scp.wrapped)
		sj_wipe(card->opened, plain.data.len > data.len ? plain.data.len : data.len);
}

/* Ne as the selected application understands the command. */
static uint32_t expected(const struct card *card, const struct sj_apdu *apdu, uint8_t channel)
{
	const struct card_applet *applet = card->now.channels[channel].applet;

	if (apdu->ne == 0 && applet != NULL && applet->le_optional)
		return SJ_APDU_NE_SHORT;
	return apdu->ne;
}

/* One command, the response in `response`; 0: power went. */
static size_t exchange(struct card *card, struct sj_span command, uint8_t *response)
{
	struct card_class class = { .base = 0 };
	struct sj_apdu apdu = { .ne = 0 };
	uint32_t ne = 0;
	uint16_t sw =
		command.len > 0 ? card_class_parse(command.ptr[0], &class) : SJ_SW_WRONG_LENGTH;

	if (!sj_apdu_parse(command, &apdu))
		sw = SJ_SW_WRONG_LENGTH;
	if (!is_get_response(card, &apdu, &class)) {
		forget_pieces(card);
		card->now.commands += !card->now.chain.open; /* a chain once, with its first */
	}
	if (sw == SJ_SW_OK && !card->now.channels[class.channel].open)
		sw = SJ_SW_CHANNEL_NOT_SUPPORTED;
	if (sw != SJ_SW_OK) {
		if (class.secured)
			card_sm_drop(card);
		refuse(card, sw);
	} else {
		if (!is_get_response(card, &apdu, &class))
			answer(card, &apdu, &class);
		ne = expected(card, &apdu, class.channel); /* of what SELECT has selected */
	}
	return card->cut ? 0 : give_piece(card, ne, response);
}

size_t card_transmit(struct card *card, struct sj_span command, uint8_t *response)
{
	size_t len = 0;

	if (!card->powered)
		return 0;
	card_settle(card);
	card_delay_age(card);
	card_charge_begin(card);
	if (!card->cut)
		len = exchange(card, command, response);
	card_charge_end(card, command.len, len);
	if (!card->cut)
		return len;
	sj_wipe(response, len);
	card_power_off(card);
	return 0;
}

/* The response has left: the work that its applet put off, with a transaction of its own. */
void card_settle(struct card *card)
{
	const struct card_applet *applet = card->now.after;
	struct sj_writer out = sj_writer(card->plain, CARD_PLAIN_MAX);
	const struct sj_apdu none = { .ne = 0 };
	struct card_call call = { .card = card, .apdu = &none, .out = &out };

	if (!card->powered || applet == NULL)
		return;
	card->now.after = NULL;
	call.channel = card->now.channel = card->now.after_channel;
	call.state = card_state_of(card, applet);
	card_charge_after_begin(card);
	applet->after(&call);
	if (!card_commit(card))
		card_store_abort(card->store);
	card_charge_after_end(card);
	sj_wipe(card->plain, out.len);
}
