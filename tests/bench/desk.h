/* desk.h -- a hotel's desk that asks an eID card. */
#ifndef TESTS_BENCH_DESK_H
#define TESTS_BENCH_DESK_H

#include <sojourn/service.h>

#include "tests/bench/bench.h"

struct bench_desk {
	struct bench_place p;
	char card[BENCH_PATH + 32],
		desk[BENCH_PATH + 32]; /* the card's file, the terminal's folder */
};

/* An eID card, a terminal that it lets in, a trust store with a status list. */
bool bench_desk_make(struct bench *b, struct bench_desk *l);
/* One check-in; `options` may be NULL. `genuine`: so it was judged. */
enum sj_rc bench_desk_ask(struct sj_card *card, const struct bench_desk *l,
			  const struct sj_service_options *options,
			  struct sj_statistics *statistics, bool *genuine);

#endif
