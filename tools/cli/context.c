#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/frame.h"
#include "cli/signed.h"

/*
 * A thread that waits for the signals that end a program: the first one
 * cancels what is in progress, the second one ends the process.
 */
struct cli_interrupt {
	pthread_t thread;
	sigset_t signals;
	int event;
	_Atomic(struct sj_context *) context;
	atomic_bool happened;
	atomic_bool ending;
};

static void *watch(void *user)
{
	struct cli_interrupt *w = user;
	const uint64_t one = 1;
	struct sj_context *context;
	int number;

	while (sigwait(&w->signals, &number) == 0 && !atomic_load(&w->ending)) {
		if (atomic_exchange(&w->happened, true)) {
			signal(number, SIG_DFL);
			pthread_sigmask(SIG_UNBLOCK, &w->signals, NULL);
			raise(number);
		}
		context = atomic_load(&w->context);
		if (context != NULL)
			sj_context_cancel(context);
		if (write(w->event, &one, sizeof(one)) < 0)
			raise(SIGKILL);
	}
	return NULL;
}

static bool start(struct cli_interrupt *w)
{
	sigset_t before;

	sigemptyset(&w->signals);
	sigaddset(&w->signals, SIGINT);
	sigaddset(&w->signals, SIGTERM);
	sigaddset(&w->signals, SIGHUP);
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event < 0)
		return false;
	pthread_sigmask(SIG_BLOCK, &w->signals, &before);
	if (pthread_create(&w->thread, NULL, watch, w) == 0)
		return true;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(w->event);
	return false;
}

int cli_interrupt_fd(struct cli *cli)
{
	struct cli_interrupt *w = cli->interrupt;

	if (w != NULL)
		return w->event;
	w = calloc(1, sizeof(*w));
	if (w == NULL || !start(w)) {
		free(w);
		cli_fail(cli, SJ_NO_MEMORY, "signals: %s", strerror(errno));
		return -1;
	}
	cli->interrupt = w;
	return w->event;
}

bool cli_interrupted(const struct cli *cli)
{
	return cli->interrupt != NULL && atomic_load(&cli->interrupt->happened);
}

void cli_interrupt_free(struct cli_interrupt *w)
{
	if (w == NULL)
		return;
	atomic_store(&w->ending, true);
	pthread_kill(w->thread, SIGHUP); /* one of those it waits for */
	pthread_join(w->thread, NULL);
	close(w->event);
	free(w);
}

struct sj_context *cli_context(struct cli *cli)
{
	enum sj_rc rc;

	if (cli->context != NULL)
		return cli->context;
	if (cli_interrupt_fd(cli) < 0)
		return NULL;
	rc = sj_context_new(&cli->context);
	if (rc != SJ_OK) {
		cli_fail(cli, rc, NULL);
		return NULL;
	}
	sj_context_find_signed(cli->context, cli_find_signed, NULL);
	if (cli_trace_start(cli) != 0) {
		sj_context_free(cli->context);
		cli->context = NULL;
		return NULL;
	}
	atomic_store(&cli->interrupt->context, cli->context);
	return cli->context;
}
