#include "lock.h"

static CK_RV init_own(struct p11_lock *lock)
{
	lock->next = lock->now = 0;
	if (pthread_mutex_init(&lock->own, NULL) != 0)
		return CKR_HOST_MEMORY;
	if (pthread_cond_init(&lock->moved, NULL) == 0)
		return CKR_OK;
	pthread_mutex_destroy(&lock->own);
	return CKR_HOST_MEMORY;
}

CK_RV p11_lock_init(struct p11_lock *lock, const struct p11_mutexes *by)
{
	CK_RV rv = by->create != NULL ? by->create(&lock->foreign) : init_own(lock);

	lock->by = rv == CKR_OK ? by : NULL;
	return rv;
}

void p11_lock_free(struct p11_lock *lock)
{
	if (lock->by == NULL)
		return;
	if (lock->by->create != NULL) {
		lock->by->destroy(lock->foreign);
	} else {
		pthread_cond_destroy(&lock->moved);
		pthread_mutex_destroy(&lock->own);
	}
	lock->by = NULL;
}

static void wait_for_turn(struct p11_lock *lock)
{
	unsigned long mine;

	pthread_mutex_lock(&lock->own);
	mine = lock->next++;
	while (lock->now != mine)
		pthread_cond_wait(&lock->moved, &lock->own);
	pthread_mutex_unlock(&lock->own);
}

static void end_turn(struct p11_lock *lock)
{
	bool waited_for;

	pthread_mutex_lock(&lock->own);
	waited_for = ++lock->now != lock->next;
	pthread_mutex_unlock(&lock->own);
	if (waited_for)
		pthread_cond_broadcast(&lock->moved);
}

void p11_lock(struct p11_lock *lock)
{
	if (lock->by->create != NULL)
		lock->by->lock(lock->foreign);
	else
		wait_for_turn(lock);
}

void p11_unlock(struct p11_lock *lock)
{
	if (lock->by->create != NULL)
		lock->by->unlock(lock->foreign);
	else
		end_turn(lock);
}
