#include "lock.h"

CK_RV p11_lock_init(struct p11_lock *lock, const struct p11_mutexes *by)
{
	lock->by = by;
	if (by->create != NULL)
		return by->create(&lock->foreign);
	return pthread_mutex_init(&lock->own, NULL) == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

void p11_lock_free(struct p11_lock *lock)
{
	if (lock->by == NULL)
		return;
	if (lock->by->create != NULL)
		lock->by->destroy(lock->foreign);
	else
		pthread_mutex_destroy(&lock->own);
	lock->by = NULL;
}

void p11_lock(struct p11_lock *lock)
{
	if (lock->by->create != NULL)
		lock->by->lock(lock->foreign);
	else
		pthread_mutex_lock(&lock->own);
}

void p11_unlock(struct p11_lock *lock)
{
	if (lock->by->create != NULL)
		lock->by->unlock(lock->foreign);
	else
		pthread_mutex_unlock(&lock->own);
}
