/* helper.c -- who starts programs for a gate that has shut its own doors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"
#include "gate/tool_run.h"

#define HELPER_FD 3
#define TRIES 100u
#define PAUSE_US 20000u
#define WORDS 3u
#define REQUEST_MAX (SJ_READER_NAME_MAX + 64u)

/* "what\0reader\0decision\0", as it came in one piece. */
static bool take_words(char *text, size_t len, const char *words[static WORDS])
{
	size_t n = 0;

	if (len == 0 || text[len - 1] != '\0')
		return false;
	for (char *at = text; at < text + len && n < WORDS; at += strlen(at) + 1)
		words[n++] = at;
	return n == WORDS;
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/*
 * The gate was told that it opens: no room for a process now is no room for a moment. Who tapped goes
 * away then; fire does not, and nobody but this process tries again.
 */
static void start(const char *program, const char *words[static WORDS])
{
	const bool fire = strcmp(words[0], "fire") == 0;

	for (unsigned i = 0; fire || i < TRIES; i++) {
		reap(); /* they take room, too */
		if (gate_output_start(program, words[0], words[1], words[2]))
			return;
		usleep(PAUSE_US);
	}
}

static void answer(int fd, const char *program)
{
	char *text = NULL;
	size_t len = 0;
	int32_t rc = gate_hook_run(program, &text, &len);
	struct iovec parts[] = { { &rc, sizeof(rc) }, { text, text != NULL ? len : 0 } };

	/* Who asked waits for it, and is told even when there is nothing. */
	while (writev(fd, parts, 2) < 0 && errno == EINTR)
		;
	if (text != NULL)
		gate_wipe(text, len);
	free(text);
}

static void serve(int fd, const char *program, enum gate_helper_kind kind)
{
	char text[REQUEST_MAX];
	const char *words[WORDS];
	ssize_t got;

	while ((got = recv(fd, text, sizeof(text), 0)) > 0 || (got < 0 && errno == EINTR)) {
		if (kind == GATE_HELPER_KEYS && got > 0)
			answer(fd, program);
		else if (got > 0 && take_words(text, (size_t)got, words))
			start(program, words);
		reap();
	}
}

/* It ends when the gate does, and not before: signals to the group are not for it. */
static _Noreturn void live(int fd, const char *program, enum gate_helper_kind kind)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* Nothing else of the gate's: another helper's socket would keep that one alive. */
	if (dup2(fd, HELPER_FD) == HELPER_FD && close_range(HELPER_FD + 1, ~0u, 0) == 0 &&
	    fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC) == 0)
		serve(HELPER_FD, program, kind);
	_exit(0);
}

int gate_helper_start(struct cli *cli, struct gate_helper *h, const char *program,
		      enum gate_helper_kind kind)
{
	int ends[2];

	if (program == NULL)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return cli_fail(cli, SJ_INTERNAL, "sockets: %s", strerror(errno));
	h->pid = fork();
	if (h->pid == 0) {
		close(ends[0]);
		live(ends[1], program, kind);
	}
	close(ends[1]);
	h->fd = ends[0];
	if (h->pid > 0)
		return 0;
	return cli_fail(cli, SJ_INTERNAL, "%s: %s", program, strerror(errno));
}

void gate_helper_stop(struct gate_helper *h)
{
	if (h->fd < 0)
		return;
	close(h->fd);
	h->fd = -1;
	if (h->pid > 0)
		cli_child_end(h->pid);
}

bool gate_helper_tell(const struct gate_helper *h, const char *what, const char *reader,
		      const char *decision)
{
	struct iovec words[WORDS] = { { (void *)(uintptr_t)what, strlen(what) + 1 },
				      { (void *)(uintptr_t)reader, strlen(reader) + 1 },
				      { (void *)(uintptr_t)decision, strlen(decision) + 1 } };
	const struct msghdr message = { .msg_iov = words, .msg_iovlen = WORDS };
	ssize_t put;

	do {
		put = sendmsg(h->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (put < 0 && errno == EINTR);
	return put > 0;
}

int gate_helper_ask(const struct gate_helper *h, char **text, size_t *len)
{
	char *room = malloc(GATE_HOOK_MAX + 2);
	int32_t rc = -1;
	struct iovec parts[] = { { &rc, sizeof(rc) }, { room, GATE_HOOK_MAX + 1 } };
	ssize_t got = -1;

	*text = NULL;
	*len = 0;
	if (room != NULL && send(h->fd, "", 1, MSG_NOSIGNAL) == 1) {
		do {
			got = readv(h->fd, parts, 2);
		} while (got < 0 && errno == EINTR);
	}
	if (got < (ssize_t)sizeof(rc)) {
		free(room);
		return -1;
	}
	*len = (size_t)got - sizeof(rc);
	room[*len] = '\0';
	*text = room;
	return rc;
}
