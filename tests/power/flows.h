/*
 * flows.h -- what is done with a swept card, so that every command that changes anything is given:
 * right and wrong secrets, last tries, blocked ones. Each begins with a blank card.
 */
#ifndef TESTS_POWER_FLOWS_H
#define TESTS_POWER_FLOWS_H

#include "tests/power/sweep.h"

/* Channels, keys, applications, lives. */
void flow_manager(struct sweep *s);
/* A document with BAC, PACE, PIN and PUK. */
void flow_document(struct sweep *s);
/* Every kind of key and file that it can be personalised with. */
void flow_perso(struct sweep *s);
/* An eID card, its terminals, and what they write. */
void flow_eid(struct sweep *s);
/* Terminal Authentication of version 1. */
void flow_ta1(struct sweep *s);
/* The key applet, and what programs for YubiKeys do with it. */
void flow_piv(struct sweep *s);
void flow_yubico(struct sweep *s);
/* Taps: by certificate, by ticket, refused; objects. */
void flow_gate(struct sweep *s);

#endif
