/*
 * manager.h -- the card manager: secure channel, keys, lives, personalisation.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11, and Amendment D. GP.md and STATES.md are
 * its pages.
 */
#ifndef CARD_APPLETS_MANAGER_MANAGER_H
#define CARD_APPLETS_MANAGER_MANAGER_H

#include "host/applet.h"

extern const struct card_applet card_applet_manager;

/* What stands in host/card.h as card_key_read() and the ones after it. */
SJ_MUST_CHECK bool manager_key_read(const char *text, size_t len, struct sj_writer *out);
SJ_MUST_CHECK bool manager_be_born(struct card_store *store, const struct card_birth *birth);
bool manager_serial_of(const struct card_store *store, struct sj_span *out);
bool manager_key_at(const struct card_store *store, size_t i, struct card_key_info *out);

#endif
