/*
 * spawn.c -- a card behind a program that speaks lines of hex: "on" (answered
 * with the ATR), "off" (answered "off") or a command (answered with the
 * response, or "off" when the card has no power); one line for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "reader/cancel.h"
#include "reader/card.h"
#include "wire/hex.h"

/* Time for the program to end by itself when its input ends. */
#define GOODBYE_MS 2000

struct spawn_transport {
	struct sj_transport head;
	struct sj_cancel *cancel;
	pid_t pid;
	int fd; /* a socket: its standard input and output */
	bool on;
	size_t line_len; /* bytes of the answer so far, then the answer's */
	char line[2 * SJ_APDU_RESPONSE_MAX + 2];
	char command[2 * SJ_APDU_COMMAND_MAX + 2];
};

/* --- lines ----------------------------------------------------------------------- */

/* Waits until the program can be written to or read from. */
static enum sj_rc ready(struct spawn_transport *self, short events, int64_t deadline)
{
	struct pollfd fds[2] = { { .fd = self->fd, .events = events },
				 { .fd = sj_cancel_fd(self->cancel), .events = POLLIN } };

	for (;;) {
		int64_t now = sj_clock_ms(), until = deadline;
		int n;

		if (now >= deadline)
			return SJ_TIMED_OUT;
		if (self->head.slow && now >= self->head.slow_at) {
			void (*slow)(void *user) = self->head.slow;

			self->head.slow = NULL;
			slow(self->head.user);
		}
		if (self->head.slow && self->head.slow_at < until)
			until = self->head.slow_at;
		n = poll(fds, 2, (int)(until - now > 60000 ? 60000 : until - now));
		if (n < 0 && errno != EINTR)
			return SJ_INTERNAL;
		if (n > 0 && fds[1].revents != 0)
			return SJ_CANCELLED;
		if (n > 0 && fds[0].revents != 0)
			return SJ_OK;
	}
}

static enum sj_rc write_line(struct spawn_transport *self, const char *text, size_t len,
			     int64_t deadline)
{
	while (len > 0) {
		ssize_t n = send(self->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		enum sj_rc rc = SJ_OK;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return SJ_CARD_LOST;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else {
			rc = ready(self, POLLOUT, deadline);
		}
		if (rc != SJ_OK)
			return rc;
	}
	return SJ_OK;
}

/* Reads one line into self->line, without its end. One line an exchange: nothing is left over. */
static enum sj_rc read_line(struct spawn_transport *self, int64_t deadline)
{
	self->line_len = 0;
	for (;;) {
		enum sj_rc rc = ready(self, POLLIN, deadline);
		ssize_t n;

		if (rc != SJ_OK)
			return rc;
		if (self->line_len == sizeof(self->line))
			return SJ_CARD_ANSWER;
		n = recv(self->fd, self->line + self->line_len, sizeof(self->line) - self->line_len,
			 MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return SJ_CARD_LOST;
		if (n > 0)
			self->line_len += (size_t)n;
		if (self->line_len > 0 && self->line[self->line_len - 1] == '\n')
			break;
	}
	self->line_len--;
	return SJ_OK;
}

/* Sends a line and decodes the answer's hex into `out`. */
static enum sj_rc ask(struct spawn_transport *self, const char *text, size_t len, int64_t deadline,
		      struct sj_writer *out)
{
	enum sj_rc rc = write_line(self, text, len, deadline);

	if (rc == SJ_OK)
		rc = read_line(self, deadline);
	if (rc != SJ_OK) {
		/* An answer may still come: it must not be taken for the next one. */
		self->on = false;
		shutdown(self->fd, SHUT_RDWR);
		return rc;
	}
	if (self->line_len == 3 && memcmp(self->line, "off", 3) == 0)
		return SJ_CARD_LOST;
	return sj_hex_read(self->line, self->line_len, out) ? SJ_OK : SJ_CARD_ANSWER;
}

/* --- the transport ------------------------------------------------------------------ */

static enum sj_rc spawn_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct spawn_transport *self = (struct spawn_transport *)t;
	size_t before = atr->len;
	enum sj_rc rc = ask(self, "on\n", 3, deadline, atr);

	if (rc == SJ_OK && atr->len == before)
		rc = SJ_CARD_MUTE;
	self->on = rc == SJ_OK;
	return rc;
}

static enum sj_rc spawn_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				 struct sj_writer *response)
{
	struct spawn_transport *self = (struct spawn_transport *)t;
	size_t before = response->len;
	enum sj_rc rc;

	if (!self->on)
		return SJ_CARD_LOST;
	if (command.len > SJ_APDU_COMMAND_MAX)
		return SJ_INTERNAL;
	(void)sj_hex_text(command, SJ_HEX_UPPER, self->command, sizeof(self->command));
	self->command[2 * command.len] = '\n';
	rc = ask(self, self->command, 2 * command.len + 1, deadline, response);
	return rc == SJ_OK && response->len == before ? SJ_CARD_ANSWER : rc;
}

static void spawn_disconnect(struct sj_transport *t, bool reset)
{
	struct spawn_transport *self = (struct spawn_transport *)t;
	uint8_t drop[1];
	struct sj_writer out = SJ_WRITER_OF(drop);

	(void)reset;
	if (self->on)
		(void)ask(self, "off\n", 4, sj_clock_ms() + GOODBYE_MS, &out);
	self->on = false;
}

/* Waits for the program to end; kills it if it does not. */
static void reap(pid_t pid)
{
	const struct timespec tick = { .tv_nsec = 5000000 };
	int64_t deadline = sj_clock_ms() + GOODBYE_MS;

	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (sj_clock_ms() >= deadline) {
			kill(pid, SIGKILL);
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
			return;
		}
		nanosleep(&tick, NULL);
	}
}

static void spawn_close(struct sj_transport *t)
{
	struct spawn_transport *self = (struct spawn_transport *)t;

	close(self->fd);
	reap(self->pid);
	sj_cancel_free(self->cancel);
	sj_wipe(self, sizeof(*self));
	free(self);
}

static const struct sj_transport_ops spawn_ops = {
	.connect = spawn_connect,
	.transmit = spawn_transmit,
	.disconnect = spawn_disconnect,
	.close = spawn_close,
};

/* --- starting ----------------------------------------------------------------------- */

/* In the child; only calls that are safe after fork() in a program with threads. */
static _Noreturn void become(int fd, const char *const argv[], int report)
{
	sigset_t none;
	int why;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0); /* Ctrl-C is for who started us: a card is finished first, perhaps */
	if (dup2(fd, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		execvp(argv[0], (char *const *)(uintptr_t)argv);
	why = errno;
	if (write(report, &why, sizeof(why)) < 0)
		_exit(126);
	_exit(127);
}

/* Whether exec worked: the report pipe is closed by it, or brings errno. */
static enum sj_rc started(int report)
{
	ssize_t n;
	int why = 0;

	do
		n = read(report, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return SJ_OK;
	return why == EACCES ? SJ_FILE_PERMISSION : SJ_INPUT_UNREADABLE;
}

static enum sj_rc start(const char *const argv[], int *fd, pid_t *pid)
{
	enum sj_rc rc = SJ_NO_MEMORY;
	int pair[2], report[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return SJ_NO_MEMORY;
	if (pipe2(report, O_CLOEXEC) != 0) {
		close(pair[0]);
		close(pair[1]);
		return SJ_NO_MEMORY;
	}
	*pid = fork();
	if (*pid == 0)
		become(pair[1], argv, report[1]);
	close(pair[1]);
	close(report[1]);
	if (*pid > 0)
		rc = started(report[0]);
	close(report[0]);
	if (rc == SJ_OK) {
		*fd = pair[0];
		return SJ_OK;
	}
	close(pair[0]);
	if (*pid > 0)
		reap(*pid);
	return rc;
}

enum sj_rc sj_card_spawn(struct sj_context *ctx, const char *const argv[], unsigned timeout_ms,
			 struct sj_card **out)
{
	struct spawn_transport *self = calloc(1, sizeof(*self));
	enum sj_rc rc;

	if (!self)
		return SJ_NO_MEMORY;
	rc = start(argv, &self->fd, &self->pid);
	if (rc != SJ_OK) {
		free(self);
		return rc;
	}
	self->head.ops = &spawn_ops;
	self->cancel = sj_cancel_ref(ctx->cancel);
	return sj_card_over(ctx, &self->head, argv[0], sj_deadline_after(timeout_ms), out);
}
