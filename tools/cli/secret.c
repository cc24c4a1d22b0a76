#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/frame.h"

void cli_secret_wipe(struct cli_secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

bool cli_secret_equal(const struct cli_secret *a, const struct cli_secret *b)
{
	size_t differ = a->len ^ b->len;

	for (size_t i = 0; i < sizeof(a->text); i++)
		differ |= i < a->len && i < b->len ? (size_t)(uint8_t)(a->text[i] ^ b->text[i]) : 0;
	return differ == 0;
}

#define LAST SIZE_MAX

/* The i-th, or the last value of --NAME-KIND. */
static const char *source(const struct cli *cli, const char *name, const char *kind, size_t i)
{
	char option[48];

	snprintf(option, sizeof(option), "%s-%s", name, kind);
	return i == LAST ? cli_value(cli, option) : cli_value_at(cli, option, i);
}

bool cli_secret_given(const struct cli *cli, const char *name)
{
	return source(cli, name, "file", LAST) != NULL || source(cli, name, "fd", LAST) != NULL;
}

/* Without the line's end; several lines stay (an MRZ has two or three). */
static void trim(struct cli_secret *secret)
{
	while (secret->len > 0 &&
	       (secret->text[secret->len - 1] == '\n' || secret->text[secret->len - 1] == '\r'))
		secret->len--;
	secret->text[secret->len] = '\0';
}

/* Reads to the end of fd into the secret's own memory. */
static int read_secret(struct cli *cli, int fd, const char *what, struct cli_secret *out)
{
	ssize_t got = 1;

	out->len = 0;
	while (got != 0 && out->len < CLI_SECRET_MAX) {
		got = read(fd, out->text + out->len, CLI_SECRET_MAX - out->len);
		if (got < 0 && errno != EINTR)
			return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", what, strerror(errno));
		if (got > 0)
			out->len += (size_t)got;
	}
	if (out->len == CLI_SECRET_MAX)
		return cli_fail(cli, SJ_SECRET_MALFORMED, "%s", what);
	trim(out);
	if (out->len == 0)
		return cli_fail(cli, SJ_SECRET_MALFORMED, "%s: empty", what);
	return 0;
}

static int from_file(struct cli *cli, const char *path, struct cli_secret *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;
	struct stat st;

	if (fd < 0)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		cli_warn(cli, "%s holds a secret and others may read it; chmod 600 it", path);
	rc = read_secret(cli, fd, path, out);
	close(fd);
	return rc;
}

static int from_fd(struct cli *cli, const char *name, const char *text, struct cli_secret *out)
{
	unsigned long fd = 0;
	char option[48], what[64];
	int rc;

	snprintf(option, sizeof(option), "%s-fd", name);
	rc = cli_number_of(cli, option, text, 0, 65535, &fd);
	if (rc != 0)
		return rc;
	snprintf(what, sizeof(what), "file descriptor %lu", fd);
	return read_secret(cli, (int)fd, what, out);
}

/* --- asking ------------------------------------------------------------------- */

#define CTRL_C 3
#define CTRL_D 4
#define CTRL_U 21
#define BACKSPACE 8
#define DELETE 127

enum typed { TYPED_MORE, TYPED_DONE, TYPED_CANCEL };

/*
 * Is what was typed the beginning of a machine readable zone? It goes on over
 * lines as long as its first: three of 30 (TD1), else two (Doc 9303-4 to -6).
 */
static bool zone_goes_on(const struct cli_secret *typed)
{
	const char *end = memchr(typed->text, '\n', typed->len);
	size_t first = end != NULL ? (size_t)(end - typed->text) : typed->len, lines = 1;

	for (size_t i = 0; i < typed->len; i++)
		lines += typed->text[i] == '\n';
	return lines < (first == 30 ? 3u : first == 36 || first == 44 ? 2u : 1u);
}

static enum typed end_of_line(struct cli_secret *out)
{
	if (out->len == CLI_SECRET_MAX || !zone_goes_on(out))
		return TYPED_DONE;
	out->text[out->len++] = '\n';
	return TYPED_MORE;
}

static enum typed type(struct cli_secret *out, char c)
{
	switch (c) {
	case '\n':
	case '\r':
		return end_of_line(out);
	case CTRL_D:
		return TYPED_DONE;
	case CTRL_C:
		return TYPED_CANCEL;
	case CTRL_U:
		out->len = 0;
		return TYPED_MORE;
	case BACKSPACE:
	case DELETE:
		if (out->len > 0)
			out->len--;
		return TYPED_MORE;
	default:
		if (out->len < CLI_SECRET_MAX)
			out->text[out->len++] = c;
		return TYPED_MORE;
	}
}

/* Reads a line, or the lines of a zone, letter by letter, until a signal or Ctrl-C. */
static enum typed type_line(int tty, int interrupt, struct cli_secret *out)
{
	struct pollfd fds[2] = { { tty, POLLIN, 0 }, { interrupt, POLLIN, 0 } };
	enum typed state = TYPED_MORE;
	char c;

	out->len = 0;
	while (state == TYPED_MORE) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return TYPED_CANCEL;
		if ((fds[1].revents & POLLIN) != 0)
			return TYPED_CANCEL;
		if (fds[0].revents == 0)
			continue;
		if (read(tty, &c, 1) != 1)
			return TYPED_CANCEL;
		state = type(out, c);
	}
	out->text[out->len] = '\0';
	return state;
}

/*
 * The terminal sends no signals while it is asked, so that its settings are
 * put back whatever key is pressed; signals from elsewhere come by interrupt.
 */
static int ask(struct cli *cli, int tty, const char *prompt, struct cli_secret *out)
{
	int interrupt = cli_interrupt_fd(cli);
	struct termios before, quiet;
	enum typed typed;

	if (interrupt < 0)
		return cli_exit_code(cli);
	if (tcgetattr(tty, &before) != 0)
		return cli_fail(cli, SJ_SECRET_NEEDED, "%s", prompt);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSAFLUSH, &quiet);
	dprintf(tty, "%s: ", prompt);
	typed = type_line(tty, interrupt, out);
	tcsetattr(tty, TCSAFLUSH, &before);
	dprintf(tty, "\n");
	if (typed == TYPED_CANCEL)
		return cli_fail(cli, SJ_CANCELLED, "%s", prompt);
	if (out->len == 0)
		return cli_fail(cli, SJ_SECRET_NEEDED, "%s", prompt);
	return 0;
}

static int from_terminal(struct cli *cli, const char *name, const char *prompt,
			 struct cli_secret *out)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;

	if (tty < 0)
		return cli_fail(cli, SJ_SECRET_NEEDED,
				"%s: no terminal to ask on; use --%s-file or --%s-fd", prompt, name,
				name);
	rc = ask(cli, tty, prompt, out);
	close(tty);
	return rc;
}

/*
 * The pages of the program's own copy stay out of the swap, as far as the limit allows: they are few, and stay locked
 * when it is wiped, for another secret may stand in them. What the library copies of it is not locked.
 */
static void lock(struct cli *cli, const struct cli_secret *secret)
{
	if (mlock(secret, sizeof(*secret)) != 0)
		cli_debug(cli, "a secret is not locked in memory: %s", strerror(errno));
}

int cli_secret_read_at(struct cli *cli, const char *name, size_t i, const char *prompt,
		       struct cli_secret *out)
{
	const char *path = source(cli, name, "file", i), *fd = source(cli, name, "fd", i);
	int rc;

	if (source(cli, name, "file", LAST) != NULL && source(cli, name, "fd", LAST) != NULL)
		return cli_usage(cli, "give one of --%s-file and --%s-fd", name, name);
	lock(cli, out);
	if (path != NULL)
		rc = from_file(cli, path, out);
	else if (fd != NULL)
		rc = from_fd(cli, name, fd, out);
	else if (cli_secret_given(cli, name))
		rc = cli_fail(cli, SJ_SECRET_NEEDED, "%s: not given", prompt);
	else
		rc = from_terminal(cli, name, prompt, out);
	if (rc != 0)
		cli_secret_wipe(out);
	return rc;
}

int cli_secret_read(struct cli *cli, const char *name, const char *prompt, struct cli_secret *out)
{
	return cli_secret_read_at(cli, name, LAST, prompt, out);
}

static int letter_to_terminal(struct cli *cli, const char *text, size_t len)
{
	if (isatty(STDOUT_FILENO) != 1)
		return cli_usage(cli, "standard output is not a terminal: say where the secrets "
				      "go with --letter-out FILE");
	if (fwrite(text, 1, len, cli->out) != len || fflush(cli->out) != 0)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "standard output");
	return 0;
}

int cli_secret_write_letter(struct cli *cli, const char *path, const char *text, size_t len)
{
	int fd, rc = 0;

	if (path == NULL)
		return letter_to_terminal(cli, text, len);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return cli_fail(cli, SJ_INPUT_REFUSED, "%s exists and is left alone", path);
	if (fd < 0 || !cli_write_all(fd, text, len) || fsync(fd) != 0)
		rc = cli_output_failed(cli, path);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && rc != 0)
		unlink(path);
	if (rc == 0)
		cli_sync_folder(path);
	return rc;
}
