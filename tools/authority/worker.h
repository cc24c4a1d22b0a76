/*
 * worker.h -- who makes cards, one after the other, for the jobs of the register's queue.
 *
 * Whatever is killed when (the worker, the database, the card), a document has one good card in
 * the end: what the register says of a card is written before the card is given what makes it
 * so, and a card is asked before it is believed to be unfinished (QUEUE.md).
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_WORKER_H
#define SJ_AUTHORITY_WORKER_H

#include "authority/job.h"
#include "authority/progress.h"
#include "authority/queue.h"
#include "authority/stack.h"

struct worker_counts {
	unsigned long issued; /* by this worker */
	unsigned long settled; /* were issued before, which the register did not know */
	unsigned long given_back; /* jobs that are to be tried again */
	unsigned long failed; /* jobs that are not */
	unsigned long refused; /* cards that were issued before */
};

struct worker {
	struct cli *cli;
	struct job job;
	struct holder_register *reg; /* the job's */
	struct queue_worker who;
	struct stack stack;
	const char *letters; /* directory; NULL: they stay in the register, sealed */
	bool stay; /* waits for more when nothing is left to do */
	bool quiet; /* shows no progress: who started it does */
	struct worker_counts counts;
	struct progress progress;
	/* The card in work. */
	struct perso perso;
	const struct card_keys *keys; /* that the card has made */
	struct queue_job now; /* document 0: none */
	int64_t card; /* its row; 0: none yet */
	bool found; /* the last look into the queue gave one */
	bool hopeless; /* it is the person's data that fails */
	uint64_t done, all; /* jobs, as far as is known */
	double counted; /* when that was asked; seconds since the start */
	unsigned trouble; /* failures one after the other */
};

/* Opens authority, register and stack by the options. End it with worker_close(). */
CLI_MUST_CHECK int worker_open(struct worker *w, struct cli *cli);
void worker_close(struct worker *w);
/* Makes cards until nothing is left to do, or an interrupt comes. */
CLI_MUST_CHECK int worker_run(struct worker *w);

#endif
