/*
 * direct.h -- a card in the caller's process. The functions have the shapes of
 * struct sj_direct_ops (middleware/reader/transport.h), whose `card` is a
 * struct card; the two sides do not include each other, whoever joins them does.
 */
#ifndef CARD_LINK_DIRECT_H
#define CARD_LINK_DIRECT_H

#include "host/card.h"

size_t card_direct_power_on(void *card, uint8_t atr[static CARD_ATR_MAX]);
void card_direct_power_off(void *card);
size_t card_direct_transmit(void *card, struct sj_span command, uint8_t *response);

#endif
