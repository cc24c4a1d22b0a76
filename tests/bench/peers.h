/* peers.h -- what protocols of others take by the timing model (tools/bench/peers.c). */
#ifndef TESTS_BENCH_PEERS_H
#define TESTS_BENCH_PEERS_H

#include "host/rf.h"

/* ms from card present to the last response; negative: no row begins with that name. */
double bench_peer_ms(const char *name, enum card_chip chip, unsigned rate);

#endif
