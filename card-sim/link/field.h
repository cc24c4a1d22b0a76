/*
 * field.h -- what a contactless reader's driver answers itself, in front of
 * the card.
 *
 * Source: PC/SC part 3 (rev. 2.01.09), 3.2.2.1.3 (GET DATA: UID).
 */
#ifndef CARD_LINK_FIELD_H
#define CARD_LINK_FIELD_H

#include "host/card.h"

/* card_transmit(), but a contactless card's UID is answered to FF CA 00 00. */
size_t card_field_transmit(struct card *card, struct sj_span command, uint8_t *response);

#endif
