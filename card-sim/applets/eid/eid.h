/* eid.h -- the eID application (EID.md, STATES.md, PERSO.md). */
#ifndef CARD_APPLETS_EID_EID_H
#define CARD_APPLETS_EID_EID_H

#include "host/applet.h"

extern const struct card_applet card_applet_eid;

#endif
