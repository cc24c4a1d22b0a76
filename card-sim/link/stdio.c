#include "link/stdio.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "link/field.h"
#include "link/socket.h"
#include "wire/hex.h"

#define LINE_MAX_SIZE (3u * SJ_APDU_COMMAND_MAX) /* digits, and a blank a byte */

/* Buffers of one run. */
struct lines {
	const struct card_stdio_config *config;
	struct card *card;
	char *in; /* LINE_MAX_SIZE bytes, `len` of them received */
	size_t len, most; /* now; ever: what is wiped at the end */
	bool overlong; /* the present line did not fit: it is being skipped */
	uint8_t *command; /* SJ_APDU_COMMAND_MAX bytes */
	uint8_t *response; /* SJ_APDU_RESPONSE_MAX bytes */
	char *out; /* the response in hex and a newline */
};

#define OUT_MAX (2u * SJ_APDU_RESPONSE_MAX + 2u)

/* --- the clock ------------------------------------------------------------ */

static uint64_t now_us(void *self)
{
	const struct card_clock clock = card_clock_system();

	(void)self;
	return clock.now_us(clock.self);
}

static void wait_us(void *self, uint64_t us)
{
	const struct card_stdio_config *config = self;
	uint64_t end = now_us(NULL) + us, now = now_us(NULL);

	while (now < end && card_socket_wait(-1, 0, (int64_t)(end - now), config->stop_fd) ==
				    CARD_WAIT_TIMED_OUT)
		now = now_us(NULL);
}

struct card_clock card_stdio_clock(struct card_stdio_config *config)
{
	return (struct card_clock){ now_us, wait_us, config };
}

/* --- lines ---------------------------------------------------------------- */

static bool write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool say(struct lines *l, const char *word)
{
	return write_all(l->config->out, word, strlen(word));
}

static bool say_bytes(struct lines *l, size_t len)
{
	size_t n = 2 * len;
	bool ok = len > 0 && sj_hex_text(sj_span(l->response, len), SJ_HEX_UPPER, l->out, OUT_MAX);

	if (!ok)
		return say(l, "off\n");
	l->out[n++] = '\n';
	ok = write_all(l->config->out, l->out, n);
	sj_wipe(l->out, n);
	sj_wipe(l->response, len);
	return ok;
}

/* Takes blanks out of a line of hex; its length then. */
static size_t squeeze(char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			line[n++] = line[i];
	return n;
}

static bool is_word(const char *line, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(line, word, len) == 0;
}

static bool serve_command(struct lines *l, const char *line, size_t len)
{
	struct sj_writer command = sj_writer(l->command, SJ_APDU_COMMAND_MAX);
	bool ok;

	if (!sj_hex_read(line, len, &command))
		return say(l, "error\n");
	ok = say_bytes(l, card_field_transmit(l->card, sj_written(&command), l->response));
	card_settle(l->card);
	sj_wipe(l->command, command.len);
	return ok;
}

/* Answers one line; false: the output is gone. */
static bool serve_line(struct lines *l, char *line, size_t len)
{
	len = squeeze(line, len);
	if (len == 0 || line[0] == '#')
		return true;
	if (is_word(line, len, "on"))
		return say_bytes(l, card_power_on(l->card, l->response));
	if (is_word(line, len, "reset"))
		return say_bytes(l, card_reset(l->card, l->response));
	if (is_word(line, len, "off")) {
		card_power_off(l->card);
		if (l->config->taken != NULL)
			l->card = l->config->taken(l->config->self, l->card);
		return say(l, "off\n") && l->card != NULL;
	}
	return serve_command(l, line, len);
}

/* Serves the lines that are whole; `ended`: what is left is the last one. */
static bool serve_lines(struct lines *l, bool ended)
{
	size_t from = 0;
	bool ok = true;

	while (ok && from < l->len) {
		char *end = memchr(l->in + from, '\n', l->len - from);
		size_t len = end != NULL ? (size_t)(end - l->in) - from : l->len - from;

		if (end == NULL && !ended)
			break;
		ok = l->overlong ? say(l, "error\n") : serve_line(l, l->in + from, len);
		l->overlong = false;
		from += end != NULL ? len + 1 : len;
	}
	l->len -= from;
	memmove(l->in, l->in + from, l->len);
	if (l->len == LINE_MAX_SIZE) {
		l->overlong = true;
		l->len = 0;
	}
	return ok;
}

/* After a read or a write that failed: a reader that went away has ended its input. */
static enum card_stdio_rc lost(void)
{
	return errno == EPIPE || errno == ECONNRESET ? CARD_STDIO_ENDED : CARD_STDIO_IO;
}

static enum card_stdio_rc serve(struct lines *l)
{
	for (;;) {
		enum card_wait waited =
			card_socket_wait(l->config->in, POLLIN, -1, l->config->stop_fd);
		ssize_t n;

		if (waited == CARD_WAIT_STOPPED)
			return CARD_STDIO_ENDED;
		n = read(l->config->in, l->in + l->len, LINE_MAX_SIZE - l->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lost();
		l->len += (size_t)n;
		if (l->len > l->most)
			l->most = l->len;
		if (!serve_lines(l, n == 0))
			return l->card != NULL ? lost() : CARD_STDIO_ENDED;
		if (n == 0)
			return CARD_STDIO_ENDED;
	}
}

enum card_stdio_rc card_stdio_run(const struct card_stdio_config *config, struct card *card)
{
	struct lines l = { .config = config, .card = card };
	enum card_stdio_rc rc = CARD_STDIO_NO_MEMORY;

	l.in = malloc(LINE_MAX_SIZE);
	l.command = malloc(SJ_APDU_COMMAND_MAX);
	l.response = malloc(SJ_APDU_RESPONSE_MAX);
	l.out = malloc(OUT_MAX);
	if (l.in != NULL && l.command != NULL && l.response != NULL && l.out != NULL)
		rc = serve(&l);
	if (l.card != NULL)
		card_power_off(l.card);
	if (l.in != NULL)
		sj_wipe(l.in, l.most);
	free(l.in);
	free(l.command);
	free(l.response);
	free(l.out);
	return rc;
}
