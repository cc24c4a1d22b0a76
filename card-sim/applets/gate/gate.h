/*
 * gate.h -- the gate applet: a tap in two commands, and nobody tracked.
 *
 * Source: middleware/secure/GATE.md. PERSO.md says how it is personalised,
 * STATES.md in which order its commands go.
 */
#ifndef CARD_APPLETS_GATE_GATE_H
#define CARD_APPLETS_GATE_GATE_H

#include "host/applet.h"

extern const struct card_applet card_applet_gate;

#endif
