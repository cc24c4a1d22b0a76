/*
 * piv.h -- the key applet: the PIV card application.
 *
 * Source: NIST SP 800-73-5, parts 1 and 2. PERSO.md says how it is personalised,
 * STATES.md what its commands want and change.
 */
#ifndef CARD_APPLETS_PIV_PIV_H
#define CARD_APPLETS_PIV_PIV_H

#include "host/applet.h"

extern const struct card_applet card_applet_piv;

#endif
