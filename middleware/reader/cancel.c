/* cancel.c -- a semaphore to wait on, and a pipe for those who poll. */
#include "reader/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct sj_cancel {
	atomic_int references;
	atomic_bool raised;
	sem_t wake;
	int pipe[2];
};

static bool prepare_pipe(int fds[static 2])
{
	if (pipe(fds) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (fcntl(fds[i], F_SETFD, FD_CLOEXEC) != 0 ||
		    fcntl(fds[i], F_SETFL, O_NONBLOCK) != 0) {
			close(fds[0]);
			close(fds[1]);
			return false;
		}
	}
	return true;
}

struct sj_cancel *sj_cancel_new(void)
{
	struct sj_cancel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (!prepare_pipe(c->pipe)) {
		free(c);
		return NULL;
	}
	if (sem_init(&c->wake, 0, 0) != 0) {
		close(c->pipe[0]);
		close(c->pipe[1]);
		free(c);
		return NULL;
	}
	atomic_init(&c->references, 1);
	atomic_init(&c->raised, false);
	return c;
}

struct sj_cancel *sj_cancel_ref(struct sj_cancel *c)
{
	atomic_fetch_add(&c->references, 1);
	return c;
}

void sj_cancel_free(struct sj_cancel *c)
{
	if (!c || atomic_fetch_sub(&c->references, 1) != 1)
		return;
	sem_destroy(&c->wake);
	close(c->pipe[0]);
	close(c->pipe[1]);
	free(c);
}

void sj_cancel_raise(struct sj_cancel *c)
{
	int saved = errno;

	atomic_store(&c->raised, true);
	/* A full pipe is readable already: nothing is lost. */
	while (write(c->pipe[1], "", 1) < 0 && errno == EINTR)
		;
	sem_post(&c->wake);
	errno = saved;
}

void sj_cancel_clear(struct sj_cancel *c)
{
	char drop[16];

	atomic_store(&c->raised, false);
	while (read(c->pipe[0], drop, sizeof(drop)) > 0)
		;
}

bool sj_cancel_raised(struct sj_cancel *c)
{
	return atomic_load(&c->raised);
}

void sj_cancel_wake(struct sj_cancel *c)
{
	sem_post(&c->wake);
}

void sj_cancel_wait(struct sj_cancel *c, int64_t until)
{
	struct timespec at = { .tv_sec = (time_t)(until / 1000),
			       .tv_nsec = (long)(until % 1000) * 1000000L };

	/* Interrupted or timed out: the caller looks at its own condition anyway. */
	(void)sem_clockwait(&c->wake, CLOCK_MONOTONIC, &at);
}

int sj_cancel_fd(const struct sj_cancel *c)
{
	return c->pipe[0];
}
