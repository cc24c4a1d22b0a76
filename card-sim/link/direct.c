#include "link/direct.h"

#include "link/field.h"

size_t card_direct_power_on(void *card, uint8_t atr[static CARD_ATR_MAX])
{
	return card_power_on(card, atr);
}

void card_direct_power_off(void *card)
{
	card_power_off(card);
}

size_t card_direct_transmit(void *card, struct sj_span command, uint8_t *response)
{
	size_t len = card_field_transmit(card, command, response);

	/* Nothing is between the response and its reader. */
	card_settle(card);
	return len;
}
