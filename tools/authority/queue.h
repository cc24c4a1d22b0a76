/*
 * queue.h -- which documents wait for a card, and who is at work on which.
 *
 * A job is a row of the register's table `job`, one for each document. A worker takes it with a
 * lease; when that is over, or the worker's process is gone from this machine, another takes it.
 * QUEUE.md has its states. All but queue_reap() and queue_count() belong into a transaction
 * of register_begin(): what they find is locked until its end. Functions that return int
 * return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_QUEUE_H
#define SJ_AUTHORITY_QUEUE_H

#include "authority/register.h"

/* Longer than a card takes between two steps of its worker: RSA keys may take a chip minutes. */
#define QUEUE_LEASE_S 600
#define QUEUE_ATTEMPTS 5 /* then a job has failed */

enum queue_state { QUEUE_WAITING, QUEUE_TAKEN, QUEUE_DONE, QUEUE_FAILED };

/* A process at work: machine, its boot, process, when that began. */
struct queue_worker {
	char name[128];
};
void queue_worker_self(struct queue_worker *out);

struct queue_job {
	int64_t document;
	int64_t line; /* of the file that it came from */
	int64_t attempts; /* this one counted */
};

/* The document, which is approved, waits for a card. *added false: it did or does already. */
CLI_MUST_CHECK int queue_add(struct holder_register *r, int64_t document, int64_t line,
			     bool *added);
/* The next one, for a lease. *found false: nothing waits. */
CLI_MUST_CHECK int queue_take(struct holder_register *r, const struct queue_worker *w,
			      struct queue_job *out, bool *found);
/* Another lease. *mine false: it was taken away, or is over. */
CLI_MUST_CHECK int queue_hold(struct holder_register *r, const struct queue_worker *w,
			      int64_t document, bool *mine);
/* Others wait with this job until the end of the change. */
CLI_MUST_CHECK int queue_lock(struct holder_register *r, int64_t document);
/* The document has its card. *changed false: it had before, or never waited for one. */
CLI_MUST_CHECK int queue_done(struct holder_register *r, int64_t document, bool *changed);
/* Gives it back: to be tried again, or (failed) not; `failure`: an enum sj_rc. */
CLI_MUST_CHECK int queue_release(struct holder_register *r, const struct queue_worker *w,
				 int64_t document, bool failed, int failure);
/* A job that had failed waits again; *changed false: it had not. */
CLI_MUST_CHECK int queue_again(struct holder_register *r, int64_t document, bool *changed);
/* Gives back what dead processes of this machine hold, and `self` (NULL: leave that). */
CLI_MUST_CHECK int queue_reap(struct holder_register *r, const struct queue_worker *self);

/* A lease that is over counts as waiting. */
struct queue_counts {
	int64_t waiting, taken, done, failed;
};
CLI_MUST_CHECK int queue_count(struct holder_register *r, struct queue_counts *out);
/* Calls `row` for each job that failed. */
CLI_MUST_CHECK int queue_failures(struct holder_register *r,
				  int (*row)(void *user, const struct queue_job *job, int failure),
				  void *user);

#endif
