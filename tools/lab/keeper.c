#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab.h"

#define STOP_MS 2000u

bool lab_follow(void *keeper)
{
	const pid_t *pid = keeper;

	/* It may have ended before we asked to be told. */
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == *pid;
}

static int start(struct lab *lab)
{
	int rc = lab_pcscd_start(lab);

	for (unsigned i = 0; rc == 0 && i < lab->cards; i++)
		rc = lab_card_start(lab, i);
	lab_pcscd_use(lab->dir);
	if (rc == 0)
		rc = lab_cards_wait(lab);
	if (rc == 0 && !lab->blank)
		rc = lab_personalise(lab);
	return rc;
}

static void stop(struct lab *lab)
{
	for (unsigned i = 0; i < lab->cards; i++) {
		if (lab->card[i] > 0)
			cli_child_stop(lab->card[i], STOP_MS);
	}
	if (lab->pcscd > 0)
		cli_child_stop(lab->pcscd, STOP_MS);
}

/* One descriptor a child, readable at its end; the interrupt stands last. */
struct watch {
	struct pollfd fds[LAB_CARDS_MAX + 2];
	nfds_t n;
};

static void watch_open(struct watch *w, const struct lab *lab, int interrupt)
{
	w->n = 0;
	w->fds[w->n++] = (struct pollfd){ pidfd_open(lab->pcscd, 0), POLLIN, 0 };
	for (unsigned i = 0; i < lab->cards; i++)
		w->fds[w->n++] = (struct pollfd){ pidfd_open(lab->card[i], 0), POLLIN, 0 };
	w->fds[w->n++] = (struct pollfd){ interrupt, POLLIN, 0 };
}

static void watch_close(struct watch *w)
{
	for (nfds_t i = 0; i + 1 < w->n; i++) {
		if (w->fds[i].fd >= 0)
			close(w->fds[i].fd);
	}
}

#define RESTART_MS 1000

/* A card that ended is put back, after a pause: it may end again at once. */
static int restart(struct lab *lab, unsigned i, int interrupt)
{
	struct pollfd end = { interrupt, POLLIN, 0 };
	int code = cli_child_end(lab->card[i]);

	lab->card[i] = 0;
	cli_warn(lab->cli, "card %u ended (%d) and is started again", i + 1, code);
	if (poll(&end, 1, RESTART_MS) > 0)
		return 0;
	return lab_card_start(lab, i);
}

static int keep(struct lab *lab, int interrupt)
{
	struct watch w;
	int rc = 0;

	while (rc == 0 && !cli_interrupted(lab->cli)) {
		watch_open(&w, lab, interrupt);
		if (poll(w.fds, w.n, -1) < 0 && errno != EINTR)
			rc = cli_fail(lab->cli, SJ_INTERNAL, "poll: %s", strerror(errno));
		else if (w.fds[0].revents != 0)
			rc = cli_fail(lab->cli, SJ_NO_PCSCD, "pcscd ended (%d)",
				      cli_child_end(lab->pcscd));
		for (unsigned i = 0; rc == 0 && i < lab->cards; i++) {
			if (w.fds[i + 1].revents != 0)
				rc = restart(lab, i, interrupt);
		}
		if (w.fds[0].revents != 0)
			lab->pcscd = 0;
		watch_close(&w);
	}
	return rc;
}

int lab_keep(struct lab *lab, bool (*ready)(void *user), void *user)
{
	int interrupt = -1, rc;

	rc = lab_directory_take(lab);
	if (rc != 0)
		goto out;
	rc = lab_network(lab);
	if (rc == 0) {
		interrupt = cli_interrupt_fd(lab->cli);
		rc = interrupt < 0 ? cli_exit_code(lab->cli) : start(lab);
	}
	if (rc == 0 && ready(user))
		rc = keep(lab, interrupt);
	stop(lab);
	cli_tree_remove(lab->dir);
out:
	if (lab->lock >= 0)
		close(lab->lock);
	return rc;
}
