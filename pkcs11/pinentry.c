/*
 * pinentry.c -- asks the user through a program that speaks pinentry's protocol
 * (Assuan: a line a command, "OK", "ERR" or "D value"; GnuPG's pinentry manual).
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "state.h"

#define LINE_MAX_BYTES 1000u /* the protocol's own limit */
#define END_MS 500 /* for the program to put the terminal right and go */

struct dialog {
	int fd;
	char line[LINE_MAX_BYTES + 1];
	size_t len;
};

/* --- the protocol --------------------------------------------------------------------- */

/* One byte at a time: the line may hold the secret, and nothing of it may stay elsewhere. */
static bool read_line(struct dialog *d)
{
	d->len = 0;
	while (d->len < LINE_MAX_BYTES) {
		ssize_t n = recv(d->fd, &d->line[d->len], 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (d->line[d->len] == '\n') {
			d->line[d->len] = '\0';
			return true;
		}
		d->len++;
	}
	return false;
}

static bool starts(const struct dialog *d, const char *word)
{
	return strncmp(d->line, word, strlen(word)) == 0;
}

/* Sends a command with its argument; the argument's control characters and '%' are coded. */
static bool send_line(const struct dialog *d, const char *command, const char *argument)
{
	char line[LINE_MAX_BYTES + 1];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s", command);

	for (const char *c = argument; *c != '\0' && len < sizeof(line) - 5; c++) {
		if ((unsigned char)*c < ' ' || *c == '%')
			len += (size_t)snprintf(line + len, sizeof(line) - len, "%%%02X",
						(unsigned)(unsigned char)*c);
		else
			line[len++] = *c;
	}
	line[len++] = '\n';
	return send(d->fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of a D line, decoded. False: it does not fit. */
static bool take_value(const struct dialog *d, char *out, size_t cap, size_t *len)
{
	*len = 0;
	for (size_t i = 2; i < d->len; i++) {
		char c = d->line[i];

		if (c == '%' && i + 2 < d->len && hex_digit(d->line[i + 1]) >= 0 &&
		    hex_digit(d->line[i + 2]) >= 0) {
			c = (char)(hex_digit(d->line[i + 1]) * 16 + hex_digit(d->line[i + 2]));
			i += 2;
		}
		if (*len == cap - 1)
			return false;
		out[(*len)++] = c;
	}
	out[*len] = '\0';
	return true;
}

/* Reads until OK; a value on the way goes to out. */
static bool wait_value(struct dialog *d, char *out, size_t *len)
{
	while (read_line(d)) {
		if (starts(d, "OK"))
			return true;
		if (starts(d, "ERR"))
			return false;
		if (starts(d, "D ") && !take_value(d, out, P11_SECRET_MAX, len))
			return false;
	}
	return false;
}

static bool wait_ok(struct dialog *d)
{
	char none[P11_SECRET_MAX];
	size_t len;

	return wait_value(d, none, &len);
}

static bool converse(struct dialog *d, const char *prompt, const char *text, char *out, size_t *len)
{
	return wait_ok(d) && send_line(d, "SETTITLE ", "Sojourn") && wait_ok(d) &&
	       send_line(d, "SETDESC ", text) && wait_ok(d) && send_line(d, "SETPROMPT ", prompt) &&
	       wait_ok(d) && send_line(d, "GETPIN", "") && wait_value(d, out, len);
}

/* --- the program -------------------------------------------------------------------------- */

/* Signals as a program begins with them: the caller's thread may block or ignore them all. */
static bool set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, term;

	sigemptyset(&none);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	return posix_spawnattr_setsigmask(attr, &none) == 0 &&
	       posix_spawnattr_setsigdefault(attr, &term) == 0 &&
	       posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
}

static bool start(const char *program, int fd, pid_t *pid)
{
	char *argv[] = { NULL, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	bool fine;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return false;
	}
	memcpy(&argv[0], &program, sizeof(argv[0]));
	fine = set_signals(&attr) &&
	       posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO) == 0 &&
	       posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) == 0 &&
	       posix_spawnp(pid, program, &actions, &attr, argv, environ) == 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return fine;
}

/* So that C_Finalize can end it. False: it did already, or another dialog of this slot is open. */
static bool announce(struct p11_slot *slot, int fd)
{
	bool fine;

	p11_lock(&slot->module->lock);
	fine = fd < 0 || (slot->asking < 0 && !p11_closing(slot->module));
	if (fine)
		slot->asking = fd;
	p11_unlock(&slot->module->lock);
	return fine;
}

/* The connection ends, whoever else has it. */
void p11_pinentry_end(struct p11_slot *slot)
{
	if (slot->asking >= 0)
		(void)shutdown(slot->asking, SHUT_RDWR);
}

/* It has lost its connection; who does not go then is sent away. */
static void end(pid_t pid)
{
	const struct timespec step = { .tv_nsec = 10000000 };
	pid_t rc = 0;

	(void)kill(pid, SIGTERM);
	for (int ms = 0; ms < END_MS && rc == 0; ms += 10) {
		rc = waitpid(pid, NULL, WNOHANG);
		if (rc == 0)
			nanosleep(&step, NULL);
	}
	if (rc != 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

CK_RV p11_pinentry(struct p11_slot *slot, const char *prompt, const char *text,
		   char out[static P11_SECRET_MAX], size_t *len)
{
	const char *program = slot->module->config.pinentry;
	struct dialog d = { .fd = -1 };
	bool started, typed = false;
	int fds[2];
	pid_t pid;

	*len = 0;
	out[0] = '\0';
	if (program == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return CKR_FUNCTION_CANCELED;
	d.fd = fds[0];
	started = start(program, fds[1], &pid);
	close(fds[1]);
	if (started && announce(slot, d.fd)) {
		typed = converse(&d, prompt, text, out, len) && *len > 0;
		(void)announce(slot, -1);
	}
	close(fds[0]);
	if (started)
		end(pid);
	sj_wipe(&d, sizeof(d));
	return typed ? CKR_OK : CKR_FUNCTION_CANCELED;
}
