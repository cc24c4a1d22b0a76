/*
 * turn.h -- the programs of one user take turns at a reader, first come, first served.
 *
 * pcscd has no queue: who finds the card in another's transaction looks again every 100 ms, so that
 * it is luck who is next, and of ten programs some wait for half a minute. Ours draw a number. The
 * queue is a file in $XDG_RUNTIME_DIR, `sojourn-turns`: a counter for each reader, and record
 * locks, which end with the process. Without that folder, and against the programs of others, it is
 * pcscd alone that decides. It is a courtesy: when nothing moves in the queue for three seconds
 * (somebody in it was stopped, has a long transaction, or died and left its locks to a child), those
 * who were there before are passed by, and waited for no more; whoever of them still waits does so at
 * the queue's end. Where no locks are to be had there is no queue either.
 *
 * Who has the turn keeps it for a moment, so that what belongs together stays together: a
 * signature comes after its login before a program in the queue ends that login by using
 * another application of the card, and the threads of one program need one turn, not each its own.
 */
#ifndef SJ_READER_TURN_H
#define SJ_READER_TURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"

/* How long a turn lasts at most, outside a transaction. */
#define SJ_TURN_MS 100
/* How long it is kept without anything to do: alone, and together with others. */
#define SJ_TURN_IDLE_MS 20
#define SJ_TURN_IDLE_SHARED_MS 5

/* A reader's counters, shared by the processes. */
struct sj_turn_queue {
	atomic_ullong next, ended;
	atomic_ullong first; /* number that counts */
};

/* A place in one reader's queue. */
struct sj_turn {
	int fd; /* -1: no queue */
	struct sj_turn_queue *all, *queue; /* of the file, of the reader */
	int64_t base; /* where the reader's locks begin in the file */
	uint64_t number;
	bool drawn, mine, alone;
	uint64_t last, last_ended; /* number of the turn that was had last, and `ended` then */
	/*
	 * How often others have, or may have, had a turn between two of this place's. What a channel was
	 * when this was less it may be no more: another's may have taken its place in the card.
	 */
	unsigned others;
	uint64_t seen; /* of `ended` */
	int64_t since; /* ms: the queue stands still since; or when the turn was got */
};

/* `service` and `reader` are names; no queue if there is none to be had. The place must be closed. */
void sj_turn_open(struct sj_turn *t, const char *service, const char *reader);
void sj_turn_close(struct sj_turn *t);

/*
 * Is it this place's turn, or is there no queue? If not: ask again in a millisecond.
 * `alone`: nobody else's at the same time; otherwise perhaps together with those that say the same.
 * A turn of more than SJ_TURN_MS, or one together where alone is wanted, goes to the queue's end first.
 */
SJ_MUST_CHECK bool sj_turn_is(struct sj_turn *t, bool alone);
/* Ends the turn, or the waiting for it. */
void sj_turn_end(struct sj_turn *t);
/* For how many ms more it may be kept without anything to do; 0: not, or there is none. */
unsigned sj_turn_idle(const struct sj_turn *t);

#endif
