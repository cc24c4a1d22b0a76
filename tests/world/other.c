/* other.c -- another process at the same card. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#include "tests/world/other.h"

struct link {
	SCARDCONTEXT ctx;
	SCARDHANDLE card;
	bool open;
};

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void drop(struct link *l)
{
	if (l->open) {
		SCardDisconnect(l->card, SCARD_LEAVE_CARD);
		SCardReleaseContext(l->ctx);
	}
	l->open = false;
}

/* Whatever became of the service: anew until a card is there. */
static void open_anew(struct link *l)
{
	DWORD protocol;

	drop(l);
	while (!l->open) {
		if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &l->ctx) ==
		    SCARD_S_SUCCESS) {
			l->open = SCardConnect(l->ctx, WORLD_READER, SCARD_SHARE_SHARED,
					       SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &l->card,
					       &protocol) == SCARD_S_SUCCESS;
			if (!l->open)
				SCardReleaseContext(l->ctx);
		}
		if (!l->open)
			rest();
	}
}

static LONG obey(struct link *l, char what)
{
	DWORD protocol;

	switch (what) {
	case 'R':
		return SCardReconnect(l->card, SCARD_SHARE_SHARED,
				      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_RESET_CARD,
				      &protocol);
	case 'T':
		return SCardBeginTransaction(l->card);
	case 'U':
		return SCardEndTransaction(l->card, SCARD_LEAVE_CARD);
	default:
		drop(l);
		return SCARD_S_SUCCESS;
	}
}

static _Noreturn void serve(int in, int out)
{
	struct link l = { .open = false };
	char what;

	while (read(in, &what, 1) == 1) {
		if (what != 'U' && what != 'D')
			open_anew(&l);
		while (obey(&l, what) != SCARD_S_SUCCESS && what != 'U')
			open_anew(&l);
		if (what == 'R')
			drop(&l);
		if (write(out, &what, 1) != 1)
			break;
	}
	_exit(0);
}

void world_other_start(struct world *w)
{
	int ask[2], heard[2];

	if (pipe2(ask, O_CLOEXEC) != 0 || pipe2(heard, O_CLOEXEC) != 0)
		world_fail("no pipes");
	w->other = fork();
	if (w->other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ask[1]);
		close(heard[0]);
		serve(ask[0], heard[1]);
	}
	close(ask[0]);
	close(heard[1]);
	w->ask = ask[1];
	w->heard = heard[0];
}

void world_other_stop(struct world *w)
{
	close(w->ask);
	close(w->heard);
	kill(w->other, SIGKILL);
	waitpid(w->other, NULL, 0);
}

void world_other_ask(struct world *w, char what)
{
	if (write(w->ask, &what, 1) != 1)
		world_fail("the other process is gone");
}

void world_other_hear(struct world *w)
{
	char byte;

	if (read(w->heard, &byte, 1) != 1)
		world_fail("the other process is gone");
}

void world_other(struct world *w, char what)
{
	world_other_ask(w, what);
	world_other_hear(w);
}
