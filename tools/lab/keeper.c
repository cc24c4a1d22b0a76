#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
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

/*
 * One descriptor a child, readable at its end; -1, which poll() passes over,
 * for a card that was taken away. Then the directory, where cards are asked to
 * be taken or put; the interrupt stands last.
 */
struct watch {
	struct pollfd fds[LAB_CARDS_MAX + 3];
	nfds_t n;
};

static void watch_open(struct watch *w, const struct lab *lab, int asked, int interrupt)
{
	w->n = 0;
	w->fds[w->n++] = (struct pollfd){ pidfd_open(lab->pcscd, 0), POLLIN, 0 };
	for (unsigned i = 0; i < lab->cards; i++) {
		int fd = lab->card[i] > 0 ? pidfd_open(lab->card[i], 0) : -1;

		w->fds[w->n++] = (struct pollfd){ fd, POLLIN, 0 };
	}
	w->fds[w->n++] = (struct pollfd){ asked, POLLIN, 0 };
	w->fds[w->n++] = (struct pollfd){ interrupt, POLLIN, 0 };
}

static void watch_close(struct watch *w)
{
	for (nfds_t i = 0; i + 2 < w->n; i++) {
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

/* Takes away the cards that have a mark, and puts back those that have none. */
static int follow_marks(struct lab *lab, int asked)
{
	char events[1024];
	int rc = 0;

	/* What happened does not matter: the marks do. */
	while (read(asked, events, sizeof(events)) > 0)
		;
	for (unsigned i = 0; rc == 0 && i < lab->cards; i++) {
		bool taken;

		rc = cli_file_there(lab->cli, lab_card_mark(lab->dir, i).text, &taken);
		if (rc != 0)
			break;
		if (taken && lab->card[i] > 0) {
			cli_child_stop(lab->card[i], STOP_MS);
			lab->card[i] = 0;
		} else if (!taken && lab->card[i] == 0) {
			rc = lab_card_start(lab, i);
		}
	}
	return rc;
}

static int keep(struct lab *lab, int asked, int interrupt)
{
	struct watch w;
	int rc = 0;

	while (rc == 0 && !cli_interrupted(lab->cli)) {
		watch_open(&w, lab, asked, interrupt);
		if (poll(w.fds, w.n, -1) < 0 && errno != EINTR)
			rc = cli_fail(lab->cli, SJ_INTERNAL, "poll: %s", strerror(errno));
		else if (w.fds[0].revents != 0)
			rc = cli_fail(lab->cli, SJ_NO_PCSCD, "pcscd ended (%d)",
				      cli_child_end(lab->pcscd));
		for (unsigned i = 0; rc == 0 && i < lab->cards; i++) {
			if (w.fds[i + 1].revents != 0)
				rc = restart(lab, i, interrupt);
		}
		if (rc == 0 && w.fds[lab->cards + 1].revents != 0)
			rc = follow_marks(lab, asked);
		if (w.fds[0].revents != 0)
			lab->pcscd = 0;
		watch_close(&w);
	}
	return rc;
}

static int watch_marks(struct lab *lab, int *asked)
{
	*asked = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (*asked >= 0 && inotify_add_watch(*asked, lab->dir, IN_CREATE | IN_DELETE) >= 0)
		return 0;
	return cli_fail(lab->cli, SJ_INTERNAL, "inotify: %s", strerror(errno));
}

int lab_keep(struct lab *lab, bool (*ready)(void *user), void *user)
{
	int asked = -1, interrupt = -1, rc;

	rc = lab_directory_take(lab);
	if (rc != 0)
		goto out;
	rc = lab_network(lab);
	if (rc == 0)
		rc = watch_marks(lab, &asked);
	if (rc == 0) {
		interrupt = cli_interrupt_fd(lab->cli);
		rc = interrupt < 0 ? cli_exit_code(lab->cli) : start(lab);
	}
	if (rc == 0 && ready(user))
		rc = keep(lab, asked, interrupt);
	stop(lab);
	cli_tree_remove(lab->dir);
out:
	if (asked >= 0)
		close(asked);
	if (lab->lock >= 0)
		close(lab->lock);
	return rc;
}
