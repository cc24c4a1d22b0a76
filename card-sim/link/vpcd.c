#include "link/vpcd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypt/wipe.h"
#include "link/field.h"
#include "link/socket.h"

#define LENGTH_SIZE 2u
#define STREAM_MAX (LENGTH_SIZE + UINT16_MAX)
#define RETRY_FIRST_US 50000
#define RETRY_LAST_US 2000000

struct card_vpcd {
	struct card_vpcd_config config;
	int listener; /* -1: dialling */
	int fd; /* the connection; -1: none */
	uint8_t *stream; /* STREAM_MAX bytes: received, not yet served */
	size_t from, len; /* what is left stands at from, len bytes */
	uint8_t *reply; /* length and response, sent as one */
	uint8_t atr[CARD_ATR_MAX];
	size_t atr_len;
	bool cut; /* a wait was ended early: nobody wants the response */
};

struct card_vpcd *card_vpcd_new(const struct card_vpcd_config *config)
{
	struct card_vpcd *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->config = *config;
	v->listener = -1;
	v->fd = -1;
	v->stream = malloc(STREAM_MAX);
	v->reply = malloc(LENGTH_SIZE + SJ_APDU_RESPONSE_MAX);
	if (v->stream != NULL && v->reply != NULL)
		return v;
	card_vpcd_free(v);
	return NULL;
}

static void hang_up(struct card_vpcd *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	sj_wipe(v->stream, STREAM_MAX);
	v->from = 0;
	v->len = 0;
}

void card_vpcd_free(struct card_vpcd *v)
{
	if (v == NULL)
		return;
	if (v->stream != NULL)
		hang_up(v);
	if (v->listener >= 0)
		close(v->listener);
	free(v->stream);
	free(v->reply);
	free(v);
}

/* --- bytes in and out ----------------------------------------------------- */

static size_t room(const struct card_vpcd *v)
{
	return STREAM_MAX - v->from - v->len;
}

/* Moves what is left to the front. Not during a command: its bytes are before that. */
static void make_room(struct card_vpcd *v)
{
	if (v->from > 0)
		memmove(v->stream, v->stream + v->from, v->len);
	v->from = 0;
}

/* Receives once what is there, if there is room; false: the reader went away. */
static bool receive(struct card_vpcd *v)
{
	ssize_t n;

	if (room(v) == 0)
		return true;
	card_socket_quick_ack(v->fd);
	do
		n = recv(v->fd, v->stream + v->from + v->len, room(v), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		v->len += (size_t)n;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* The length stands in the first two bytes of v->reply. */
static bool send_reply(struct card_vpcd *v, size_t len)
{
	struct sj_writer head = sj_writer(v->reply, LENGTH_SIZE);
	struct sj_span left = sj_span(v->reply, LENGTH_SIZE + len);

	sj_put_be(&head, LENGTH_SIZE, (uint32_t)len);
	while (left.len > 0) {
		ssize_t n;

		card_socket_quick_ack(v->fd);
		n = send(v->fd, left.ptr, left.len, MSG_NOSIGNAL);
		if (n > 0)
			left = sj_span(left.ptr + n, left.len - (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return false;
		else if (card_socket_wait(v->fd, POLLOUT, -1, v->config.stop_fd) != CARD_WAIT_READY)
			return false;
	}
	return true;
}

/* --- the clock ------------------------------------------------------------ */

static uint64_t now_us(void *self)
{
	const struct card_clock clock = card_clock_system();

	(void)self;
	return clock.now_us(clock.self);
}

/* The next message whole in the stream takes the power, or there will be none. */
static bool power_goes(struct card_vpcd *v)
{
	struct sj_span in = sj_span(v->stream + v->from, v->len), body;

	switch (card_vpcd_take(&in, &body)) {
	case CARD_VPCD_OFF:
	case CARD_VPCD_ON:
	case CARD_VPCD_RESET:
	case CARD_VPCD_BROKEN:
		return true;
	case CARD_VPCD_NONE:
	case CARD_VPCD_ATR:
	case CARD_VPCD_COMMAND:
	default:
		return false;
	}
}

/* One turn of a wait, of at most us; false: power went. */
static bool wait_turn(struct card_vpcd *v, uint64_t us)
{
	short events = room(v) > 0 ? POLLIN : 0;

	switch (card_socket_wait(v->fd, events, (int64_t)us, v->config.stop_fd)) {
	case CARD_WAIT_READY:
		return room(v) > 0 && receive(v) && !power_goes(v);
	case CARD_WAIT_TIMED_OUT:
		return true;
	case CARD_WAIT_STOPPED:
	case CARD_WAIT_FAILED:
	default:
		return false;
	}
}

static void wait_us(void *self, uint64_t us)
{
	struct card_vpcd *v = self;
	uint64_t end = now_us(NULL) + us, now = now_us(NULL);

	v->cut = power_goes(v);
	while (!v->cut && now < end) {
		v->cut = !wait_turn(v, end - now);
		now = now_us(NULL);
	}
}

struct card_clock card_vpcd_clock(struct card_vpcd *v)
{
	return (struct card_clock){ now_us, wait_us, v };
}

/* --- serving -------------------------------------------------------------- */

static bool serve_command(struct card_vpcd *v, struct card *card, struct sj_span command)
{
	bool sent;
	size_t n;

	v->cut = false;
	n = card_field_transmit(card, command, v->reply + LENGTH_SIZE);
	if (v->cut)
		return true;
	sent = send_reply(v, n);
	card_settle(card);
	return sent;
}

/* Serves one message; false: the connection must end. */
static bool serve(struct card_vpcd *v, struct card *card, enum card_vpcd_message message,
		  struct sj_span body)
{
	switch (message) {
	case CARD_VPCD_OFF:
		card_power_off(card);
		return true;
	case CARD_VPCD_ON:
		v->atr_len = card_power_on(card, v->atr);
		return true;
	case CARD_VPCD_RESET:
		v->atr_len = card_reset(card, v->atr);
		return true;
	case CARD_VPCD_ATR:
		memcpy(v->reply + LENGTH_SIZE, v->atr, v->atr_len);
		return send_reply(v, v->atr_len);
	case CARD_VPCD_COMMAND:
		return serve_command(v, card, body);
	case CARD_VPCD_NONE:
	case CARD_VPCD_BROKEN:
	default:
		return false;
	}
}

/* Serves every message that is whole; false: the connection must end. */
static bool serve_stream(struct card_vpcd *v, struct card *card)
{
	for (;;) {
		struct sj_span in = sj_span(v->stream + v->from, v->len), body = { NULL, 0 };
		enum card_vpcd_message message = card_vpcd_take(&in, &body);
		size_t taken = v->len - in.len;

		if (message == CARD_VPCD_NONE)
			return true;
		v->from += taken;
		v->len -= taken;
		if (!serve(v, card, message, body))
			return false;
	}
}

/* One connection, until it or the link ends; true: the link is to stop. */
static bool serve_connection(struct card_vpcd *v, struct card *card)
{
	enum card_wait waited;
	bool going = true;

	do {
		make_room(v);
		waited = card_socket_wait(v->fd, POLLIN, -1, v->config.stop_fd);
		going = waited == CARD_WAIT_READY && receive(v) && serve_stream(v, card);
	} while (going);
	card_power_off(card);
	hang_up(v);
	return waited == CARD_WAIT_STOPPED;
}

/* --- connecting ----------------------------------------------------------- */

static enum card_dial dial(struct card_vpcd *v)
{
	return card_socket_dial(v->config.host, v->config.port, v->config.stop_fd, &v->fd);
}

static enum card_dial await_reader(struct card_vpcd *v)
{
	switch (card_socket_wait(v->listener, POLLIN, -1, v->config.stop_fd)) {
	case CARD_WAIT_READY:
		v->fd = card_socket_accept(v->listener);
		return v->fd >= 0 ? CARD_DIAL_OK : CARD_DIAL_REFUSED;
	case CARD_WAIT_STOPPED:
		return CARD_DIAL_STOPPED;
	case CARD_WAIT_TIMED_OUT:
	case CARD_WAIT_FAILED:
	default:
		return CARD_DIAL_REFUSED;
	}
}

/* Connects, trying again and again; OK, BAD_HOST or STOPPED. */
static enum card_dial connect_reader(struct card_vpcd *v)
{
	int pause = RETRY_FIRST_US;

	for (;;) {
		enum card_dial rc = v->listener >= 0 ? await_reader(v) : dial(v);

		if (rc != CARD_DIAL_REFUSED)
			return rc;
		if (card_socket_wait(-1, 0, pause, v->config.stop_fd) == CARD_WAIT_STOPPED)
			return CARD_DIAL_STOPPED;
		pause = pause * 2 < RETRY_LAST_US ? pause * 2 : RETRY_LAST_US;
	}
}

static bool open_listener(struct card_vpcd *v)
{
	v->listener = card_socket_listen(&v->config.port);
	if (v->listener >= 0 && v->config.listening != NULL)
		v->config.listening(v->config.self, v->config.port);
	return v->listener >= 0;
}

enum card_vpcd_rc card_vpcd_run(struct card_vpcd *v, struct card *card)
{
	enum card_dial rc;

	if (v->config.mode == CARD_VPCD_LISTEN && v->listener < 0 && !open_listener(v))
		return CARD_VPCD_IO;
	/* The reader may ask for the ATR before it gives power. */
	v->atr_len = card_power_on(card, v->atr);
	card_power_off(card);
	do {
		rc = connect_reader(v);
		if (rc != CARD_DIAL_OK)
			break;
		if (v->config.connected != NULL)
			v->config.connected(v->config.self, v->config.port);
	} while (!serve_connection(v, card));
	return rc == CARD_DIAL_BAD_HOST ? CARD_VPCD_BAD_HOST : CARD_VPCD_STOPPED;
}
