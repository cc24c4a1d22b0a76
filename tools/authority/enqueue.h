/*
 * enqueue.h -- a batch file into the register: documents applied for, approved, and waiting for
 * their cards.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_ENQUEUE_H
#define SJ_AUTHORITY_ENQUEUE_H

#include <stdio.h>

#include "authority/batch.h"
#include "authority/queue.h"

struct enqueue_counts {
	unsigned long lines; /* that say something */
	unsigned long added;
	unsigned long known; /* the same as before: waits, or has its card */
	unsigned long bad; /* told with their number, and in the report */
	bool unreported; /* but for some */
};

/*
 * Reads `path` line by line ("-": standard input); `report` (may be NULL) gets an object a line for
 * what is bad. `reg` NULL: only checks. Given again, it goes on where it was stopped.
 */
CLI_MUST_CHECK int enqueue_file(struct cli *cli, struct holder_register *reg, const char *path,
				FILE *report, struct enqueue_counts *out);
/* Adds to a report, if there is one; `path` and `what` may be "". A number of 0 is not known. */
CLI_MUST_CHECK bool enqueue_report(FILE *report, int64_t line, int64_t document,
				   const char *failure, const char *path, const char *what);

#endif
