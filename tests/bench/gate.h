/* gate.h -- gates for measuring: one that is enrolled, taps counted and timed. */
#ifndef TESTS_BENCH_GATE_H
#define TESTS_BENCH_GATE_H

#include <sojourn/gate.h>

#include "tests/bench/bench.h"

/* A status list of what is revoked by now, and gate CA and signer, in the trust store. */
bool bench_gate_publish(struct bench *b, const struct bench_place *p);
/* A gate of the transport sector that believes that store. NULL: failed. */
struct sj_gate *bench_gate_make(struct bench *b, const struct bench_place *p);
bool bench_gate_tickets(struct sj_gate *gate, bool on);

/* --- gate_real.c ----------------------------------------------------------------- */

/* Public-key operations up to a decision, bare, in ms: at a first tap, at a repeated one. */
struct bench_gate_bare {
	double first, repeat;
};
/* Real time, through PC/SC. */
void bench_gate_real(struct bench *b, const struct bench_place *p, struct sj_gate *gate,
		     const struct bench_gate_bare *bare);

#endif
