/*
 * lock.h -- mutexes: ours, first come, first served, or those that the program gave to
 * C_Initialize. The system's own let a thread that comes again at once overtake those that
 * wait, for seconds when there are eight.
 */
#ifndef P11_LOCK_H
#define P11_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#include "p11.h"

/* Who makes them; all NULL: we. */
struct p11_mutexes {
	CK_CREATEMUTEX create;
	CK_DESTROYMUTEX destroy;
	CK_LOCKMUTEX lock;
	CK_UNLOCKMUTEX unlock;
};

struct p11_lock {
	const struct p11_mutexes *by;
	pthread_mutex_t own; /* of the two numbers */
	pthread_cond_t moved;
	unsigned long next, now; /* the number of who comes next, and whose turn it is */
	void *foreign;
};

/* `by` must outlive the lock. */
CK_RV p11_lock_init(struct p11_lock *lock, const struct p11_mutexes *by);
void p11_lock_free(struct p11_lock *lock);
void p11_lock(struct p11_lock *lock);
void p11_unlock(struct p11_lock *lock);

#endif
