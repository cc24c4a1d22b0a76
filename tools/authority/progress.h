/* progress.h -- how far a batch is, on a terminal as a bar, else as a line now and then. */
#ifndef SJ_AUTHORITY_PROGRESS_H
#define SJ_AUTHORITY_PROGRESS_H

#include "cli/cli.h"

struct progress {
	struct cli *cli;
	const char *what; /* "cards" */
	bool terminal;
	double start, last; /* seconds of a monotonic clock */
	uint64_t first; /* done before the start */
};

/* `done`: of an earlier run, which tells nothing about the rate. */
void progress_begin(struct progress *p, struct cli *cli, const char *what, uint64_t done);
/* As often as one likes: it shows itself a few times a second at most. all 0: not known. */
void progress_show(struct progress *p, uint64_t done, uint64_t all, uint64_t failed);
/* Takes the bar away before other words. */
void progress_clear(struct progress *p);
double progress_seconds(const struct progress *p);

#endif
