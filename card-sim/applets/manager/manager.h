/*
 * manager.h -- the card manager: personalisation and the final lock.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11. STATES.md is its page.
 */
#ifndef CARD_APPLETS_MANAGER_MANAGER_H
#define CARD_APPLETS_MANAGER_MANAGER_H

#include "host/applet.h"

extern const struct card_applet card_applet_manager;

#endif
