/* select.c -- SELECT by DF name (ISO/IEC 7816-4:2020, 11.2.2). */
#include "host/card_internal.h"

#include "wire/tlv.h"

/* P2: b2-b1 which occurrence, b4-b3 what is answered. */
#define P2_OCCURRENCE 0x03u
#define P2_ANSWER 0x0Cu
enum occurrence { FIRST = 0, LAST = 1, NEXT = 2, PREVIOUS = 3 };
enum answer { ANSWER_FCI = 0x00, ANSWER_FCP = 0x04, ANSWER_FMD = 0x08, ANSWER_NONE = 0x0C };

/*
 * The name begins with what was given: full, truncated, or nothing at all
 * (GP 2.3.1, 11.9.2.3). Some applications want all of it, and some take a
 * suffix of theirs behind it.
 */
static bool fits(struct card *card, size_t i, struct sj_span name)
{
	const struct card_applet *applet = card->applets[i];

	if (applet->name_suffix != 0 && name.len == applet->aid.len + applet->name_suffix)
		name.len = applet->aid.len;
	if (applet->full_name_only && name.len != applet->aid.len)
		return false;
	return name.len <= applet->aid.len &&
	       sj_span_eq(sj_span(applet->aid.ptr, name.len), name) &&
	       card_applet_selectable(card, applet);
}

/* Index of the applet current on this channel; the count if there is none. */
static size_t index_of_current(const struct card *card)
{
	size_t i = 0;

	while (i < card->applet_count &&
	       card->applets[i] != card->now.channels[card->now.channel].applet)
		i++;
	return i;
}

/*
 * Next and previous count from the application that is current on the
 * channel, in the order of the applet list; without one, from its ends.
 */
static const struct card_applet *find(struct card *card, struct sj_span name, enum occurrence which)
{
	size_t n = card->applet_count, current = index_of_current(card);
	size_t i;

	if (which == FIRST || which == NEXT) {
		for (i = which == NEXT && current < n ? current + 1 : 0; i < n; i++)
			if (fits(card, i, name))
				return card->applets[i];
		return NULL;
	}
	for (i = which == PREVIOUS && current < n ? current : n; i > 0; i--)
		if (fits(card, i - 1, name))
			return card->applets[i - 1];
	return NULL;
}

/* What an applet without a select() of its own says of itself: its name. */
static uint16_t answer_name(const struct card_applet *applet, uint8_t p2, struct sj_writer *out)
{
	size_t at = sj_tlv_open(out);

	if ((p2 & P2_ANSWER) == ANSWER_FMD)
		return SJ_SW_OK;
	sj_tlv_put(out, 0x84, applet->aid);
	sj_tlv_close(out, (p2 & P2_ANSWER) == ANSWER_FCP ? 0x62 : 0x6F, at);
	return SJ_SW_OK;
}

/* Sets what is current on the present channel, and tells the former one unless it is `next`. */
static void replace_current(struct card *card, const struct card_applet *applet,
			    const struct card_applet *next)
{
	struct card_channel_state *channel = &card->now.channels[card->now.channel];
	const struct card_applet *former = channel->applet != NULL ? channel->applet : card->mf;

	channel->applet = applet;
	if (former != NULL && former != next && former->deselect != NULL)
		former->deselect(card, card_state_of(card, former));
}

void card_make_current(struct card *card, const struct card_applet *applet)
{
	replace_current(card, applet, applet != NULL ? applet : card->mf);
}

void card_leave_current(struct card *card)
{
	replace_current(card, NULL, NULL);
}

void card_select_mf(struct card *card)
{
	card_make_current(card, NULL);
}

uint16_t card_lead_out(struct card_call *call)
{
	static const uint8_t mf[] = { 0x3F, 0x00 };

	if (call->apdu->data.len != 0 && !sj_span_eq(call->apdu->data, SJ_SPAN_OF(mf)))
		return SJ_SW_NOT_FOUND;
	card_select_mf(call->card);
	return SJ_SW_OK;
}

uint16_t card_select_by_name(struct card_call *call)
{
	uint8_t p2 = call->apdu->p2;
	const struct card_applet *applet;
	struct card_call inner = *call;
	size_t before = call->out->len;
	uint16_t sw;

	if ((p2 & ~(P2_OCCURRENCE | P2_ANSWER)) != 0)
		return SJ_SW_WRONG_P1P2;
	applet = find(call->card, call->apdu->data, (enum occurrence)(p2 & P2_OCCURRENCE));
	if (applet == NULL)
		return SJ_SW_NOT_FOUND;
	inner.state = card_state_of(call->card, applet);
	card_charge(call->card, CARD_RF_SELECT, 1);
	sw = applet->select != NULL ? applet->select(&inner) : answer_name(applet, p2, call->out);
	if (card_sw_is_error(sw))
		return sw; /* the selection stays as it was */
	if ((p2 & P2_ANSWER) == ANSWER_NONE)
		call->out->len = before;
	card_make_current(call->card, applet);
	return sw;
}
