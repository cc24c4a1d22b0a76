/* lock.h -- mutexes: the system's, or those that the program gave to C_Initialize. */
#ifndef P11_LOCK_H
#define P11_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#include "p11.h"

/* Who makes them; all NULL: the system. */
struct p11_mutexes {
	CK_CREATEMUTEX create;
	CK_DESTROYMUTEX destroy;
	CK_LOCKMUTEX lock;
	CK_UNLOCKMUTEX unlock;
};

struct p11_lock {
	const struct p11_mutexes *by;
	pthread_mutex_t own;
	void *foreign;
};

/* `by` must outlive the lock. */
CK_RV p11_lock_init(struct p11_lock *lock, const struct p11_mutexes *by);
void p11_lock_free(struct p11_lock *lock);
void p11_lock(struct p11_lock *lock);
void p11_unlock(struct p11_lock *lock);

#endif
