/* sweep_taps.h -- what a swept card has shown gates, and must never show again. */
#ifndef TESTS_POWER_SWEEP_TAPS_H
#define TESTS_POWER_SWEEP_TAPS_H

#include "tests/power/sweep.h"

/* A command is coming: the operator that a SELECT names. */
void taps_select(struct sweep *s, struct sj_span command);
/* It was answered with this: half a key, perhaps the offer to use a ticket. */
void taps_note(struct sweep *s, struct sj_span answer);
/* Neither is in this picture. */
bool taps_hold(const struct sweep *s, const struct picture *p);
/* A card after a cut is asked for message_1: its half of a key is new. */
bool taps_probe(const struct sweep *s, struct card *card);

#endif
