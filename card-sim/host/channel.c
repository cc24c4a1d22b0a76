/* channel.c -- MANAGE CHANNEL (ISO/IEC 7816-4:2020, 11.2.3). */
#include "host/card_internal.h"

#define OPEN 0x00u
#define CLOSE 0x80u

/* From a channel other than the basic one, its application comes along. */
static uint16_t open_channel(struct card *card, uint8_t number)
{
	uint8_t from = card->now.channel;
	const struct card_applet *applet = card->now.channels[from].applet;
	uint8_t unused[256];
	struct sj_writer out = SJ_WRITER_OF(unused);
	struct sj_apdu select = { .ins = 0xA4, .p1 = 0x04 };
	struct card_call call = { .card = card, .apdu = &select, .out = &out, .channel = number };
	uint16_t sw = SJ_SW_OK;

	card->now.channels[number] = (struct card_channel_state){ .open = true };
	if (from == 0 || applet == NULL)
		return SJ_SW_OK;
	card->now.channel = number;
	call.state = card_state_of(card, applet);
	if (applet->select != NULL)
		sw = applet->select(&call);
	card->now.channels[number].open = !card_sw_is_error(sw);
	if (!card_sw_is_error(sw))
		card->now.channels[number].applet = applet;
	card->now.channel = from;
	return sw;
}

static uint16_t open_free(struct card_call *call)
{
	uint16_t sw;

	for (uint8_t i = 1; i < CARD_CHANNELS; i++) {
		if (call->card->now.channels[i].open)
			continue;
		sw = open_channel(call->card, i);
		if (!card_sw_is_error(sw))
			sj_put_u8(call->out, i);
		return sw;
	}
	return SJ_SW_FUNCTION_NOT_SUPPORTED; /* none is left */
}

static uint16_t close_channel(struct card *card, uint8_t number)
{
	uint8_t from = card->now.channel;

	if (number == 0) /* the basic channel stays open */
		return SJ_SW_CHANNEL_NOT_SUPPORTED;
	if (!card->now.channels[number].open)
		return SJ_SW_CONDITIONS;
	card->now.channel = number;
	card_leave_current(card);
	card->now.channels[number].open = false;
	card->now.channel = from;
	return SJ_SW_OK;
}

uint16_t card_manage_channel(struct card_call *call)
{
	uint8_t p1 = call->apdu->p1, p2 = call->apdu->p2;

	if ((p1 != OPEN && p1 != CLOSE) || p2 >= CARD_CHANNELS)
		return SJ_SW_WRONG_P1P2;
	if (p1 == CLOSE)
		return close_channel(call->card, p2 != 0 ? p2 : call->channel);
	if (p2 == 0)
		return open_free(call);
	if (call->card->now.channels[p2].open)
		return SJ_SW_CONDITIONS;
	return open_channel(call->card, p2);
}
