/*
 * emrtd.h -- the identity document on the card: the MF's files with PACE, and
 * the ICAO LDS1 application with BAC, Chip and Active Authentication.
 *
 * Sources: ICAO Doc 9303-10 and -11 (8th ed.); ISO/IEC 7816-4:2020. PERSO.md
 * says how it is personalised, STATES.md in which order its protocols go.
 */
#ifndef CARD_APPLETS_EMRTD_EMRTD_H
#define CARD_APPLETS_EMRTD_EMRTD_H

#include "host/applet.h"

extern const struct card_applet card_applet_mf;
extern const struct card_applet card_applet_emrtd;

#endif
