/* The vpcd link: its stream in every cut, and a card behind a socket. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/applet.h"
#include "link/socket.h"
#include "link/vpcd.h"

/* --- the stream ---------------------------------------------------------------------- */

/* Off, on, reset, ATR, a command; one after the other. */
static const uint8_t stream[] = {
	0, 1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 4, 0, 4, 0xAA, 0xBB, 0xCC, 0xDD
};
static const enum card_vpcd_message messages[] = { CARD_VPCD_OFF, CARD_VPCD_ON, CARD_VPCD_RESET,
						   CARD_VPCD_ATR, CARD_VPCD_COMMAND };

static void coalesced_messages_come_one_by_one(void **state)
{
	struct sj_span in = SJ_SPAN_OF(stream), body = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(card_vpcd_take(&in, &body), messages[i]);
	assert_int_equal(body.len, 4);
	assert_memory_equal(body.ptr, "\xAA\xBB\xCC\xDD", 4);
	assert_int_equal(card_vpcd_take(&in, &body), CARD_VPCD_NONE);
	assert_int_equal(in.len, 0);
}

/* However much has come: whole messages, and what is not whole is left. */
static void every_cut_waits_for_the_rest(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(stream); n++) {
		struct sj_span in = sj_span(stream, n), body;
		size_t taken = 0;

		while (card_vpcd_take(&in, &body) != CARD_VPCD_NONE)
			taken++;
		assert_int_equal(taken, n < 12 ? n / 3 : 4);
		assert_int_equal(in.len, n - 3 * taken);
	}
}

static void foreign_messages_are_broken(void **state)
{
	static const uint8_t empty[] = { 0, 0 }, three[] = { 0, 1, 3 }, five[] = { 0, 1, 5 };
	const struct sj_span bad[] = { SJ_SPAN_OF(empty), SJ_SPAN_OF(three), SJ_SPAN_OF(five) };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sj_span in = bad[i], body;

		assert_int_equal(card_vpcd_take(&in, &body), CARD_VPCD_BROKEN);
		assert_int_equal(in.len, bad[i].len);
	}
}

/* --- a card behind a socket ------------------------------------------------------------ */

struct rig {
	struct card_store *store;
	struct card_vpcd *link;
	struct card *card;
	int stop[2];
	int told[2]; /* the link's port, once it is known */
	pthread_t thread;
	enum card_vpcd_rc rc;
	int fd; /* the reader's end */
	uint16_t port;
};

/* INS 10: 9000. INS 11: pays for failures, then counts one more. */
static uint16_t ok(struct card_call *call)
{
	(void)call;
	return SJ_SW_OK;
}

static uint16_t attempt(struct card_call *call)
{
	card_delay_serve(call->card, 1);
	return card_delay_raise(call->card, 1) ? SJ_SW_NO_INFORMATION : SJ_SW_MEMORY_FAILURE;
}

static uint16_t put_off(struct card_call *call)
{
	card_after(call->card);
	return SJ_SW_OK;
}

#define AFTER_MS 300
static void after(struct card_call *call)
{
	(void)call;
	poll(NULL, 0, AFTER_MS);
}

static const struct card_command commands[] = {
	{ 0x00, 0x10, CARD_ANY, CARD_ANY, 0, 65535, CARD_ALWAYS, ok },
	{ 0x00, 0x11, CARD_ANY, CARD_ANY, 0, 0, CARD_ALWAYS, attempt },
	{ 0x00, 0x12, CARD_ANY, CARD_ANY, 0, 0, CARD_ALWAYS, put_off },
};
static const struct card_applet mf = {
	.name = "mf", .is_mf = true, .commands = commands, .command_count = 3, .after = after
};
static const struct card_applet *const applets[] = { &mf, NULL };

static void tell_port(void *self, uint16_t port)
{
	struct rig *r = self;

	assert_int_equal(write(r->told[1], &port, sizeof(port)), sizeof(port));
}

static void *serve(void *self)
{
	struct rig *r = self;

	r->rc = card_vpcd_run(r->link, r->card);
	return NULL;
}

static struct rig *rig_start(enum card_vpcd_mode mode, uint16_t port)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct card_vpcd_config config = {
		.mode = mode, .host = "127.0.0.1", .port = port, .self = r
	};
	struct card_config card = { .interface = CARD_CONTACTLESS,
				    .random = sj_random_system(),
				    .applets = applets };

	assert_non_null(r);
	r->fd = -1;
	assert_int_equal(pipe(r->stop), 0);
	assert_int_equal(pipe(r->told), 0);
	config.stop_fd = r->stop[0];
	if (mode == CARD_VPCD_LISTEN)
		config.listening = tell_port;
	r->link = card_vpcd_new(&config);
	assert_non_null(r->link);
	assert_int_equal(card_store_memory(&r->store), CARD_STORE_OK);
	card.store = r->store;
	card.clock = card_vpcd_clock(r->link);
	r->card = card_new(&card);
	assert_non_null(r->card);
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
	return r;
}

static void rig_stop(struct rig *r)
{
	assert_int_equal(write(r->stop[1], "", 1), 1);
	assert_int_equal(pthread_join(r->thread, NULL), 0);
	assert_int_equal(r->rc, CARD_VPCD_STOPPED);
	card_free(r->card);
	card_vpcd_free(r->link);
	card_store_close(r->store);
	for (int i = 0; i < 2; i++) {
		close(r->stop[i]);
		close(r->told[i]);
	}
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

static void dial(struct rig *r)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(r->port),
				  .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };

	if (r->fd >= 0)
		close(r->fd);
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static struct rig *listening(void)
{
	struct rig *r = rig_start(CARD_VPCD_LISTEN, 0);

	assert_int_equal(read(r->told[0], &r->port, sizeof(r->port)), sizeof(r->port));
	dial(r);
	return r;
}

#define SEND(r, bytes) \
	assert_int_equal(send((r)->fd, bytes, sizeof(bytes) - 1, MSG_NOSIGNAL), sizeof(bytes) - 1)

/* Exactly these bytes come. */
static void expect(struct rig *r, const void *bytes, size_t n)
{
	uint8_t got[64];

	assert_int_equal(recv(r->fd, got, n, MSG_WAITALL), n);
	assert_memory_equal(got, bytes, n);
}

#define EXPECT(r, bytes) expect(r, bytes, sizeof(bytes) - 1)
#define ON "\0\1\1"
#define OFF "\0\1\0"
#define RESET "\0\1\2"
#define COMMAND "\0\4\0\x10\0\0"
#define ATTEMPT "\0\4\0\x11\0\0"
#define PUT_OFF "\0\4\0\x12\0\0"

static void expect_atr(struct rig *r)
{
	uint8_t got[2 + CARD_ATR_MAX];

	assert_int_equal(recv(r->fd, got, 2, MSG_WAITALL), 2);
	assert_int_equal(recv(r->fd, got + 2, got[1], MSG_WAITALL), got[1]);
	assert_memory_equal(got + 2, "\x3B\x87\x80\x01", 4);
}

static void atr_is_given_without_power(void **state)
{
	struct rig *r = listening();

	(void)state;
	SEND(r, "\0\1\4");
	expect_atr(r);
	rig_stop(r);
}

static void messages_at_once_are_all_answered(void **state)
{
	struct rig *r = listening();

	(void)state;
	SEND(r, ON COMMAND COMMAND RESET COMMAND);
	EXPECT(r, "\0\2\x90\0\0\2\x90\0\0\2\x90\0");
	rig_stop(r);
}

static void messages_in_pieces_are_answered(void **state)
{
	static const char message[] = ON COMMAND;
	struct rig *r = listening();

	(void)state;
	for (size_t i = 0; i < sizeof(message) - 1; i++) {
		assert_int_equal(send(r->fd, message + i, 1, MSG_NOSIGNAL), 1);
		poll(NULL, 0, 2);
	}
	EXPECT(r, "\0\2\x90\0");
	rig_stop(r);
}

static void largest_command_goes_through(void **state)
{
	static uint8_t message[2 + 65535] = { 0xFF, 0xFF, 0, 0x10, 0, 0, 0, 0xFF, 0xF8 };
	struct rig *r = listening();

	(void)state;
	SEND(r, ON);
	assert_int_equal(send(r->fd, message, sizeof(message), MSG_NOSIGNAL), sizeof(message));
	EXPECT(r, "\0\2\x90\0");
	rig_stop(r);
}

static void without_power_the_answer_is_empty(void **state)
{
	struct rig *r = listening();

	(void)state;
	SEND(r, ON OFF COMMAND ON COMMAND);
	EXPECT(r, "\0\0\0\2\x90\0");
	rig_stop(r);
}

static void broken_stream_ends_the_connection(void **state)
{
	struct rig *r = listening();
	uint8_t byte;

	(void)state;
	SEND(r, "\0\0");
	assert_int_equal(recv(r->fd, &byte, 1, 0), 0);
	dial(r);
	SEND(r, ON COMMAND);
	EXPECT(r, "\0\2\x90\0");
	rig_stop(r);
}

/* The card loses power with its reader, and serves the next. */
static void reader_goes_and_comes_back(void **state)
{
	struct rig *r = listening();

	(void)state;
	SEND(r, ON COMMAND);
	EXPECT(r, "\0\2\x90\0");
	dial(r);
	SEND(r, COMMAND);
	EXPECT(r, "\0\0");
	rig_stop(r);
}

static void dialling_card_comes_back(void **state)
{
	uint16_t port = 0;
	int listener = card_socket_listen(&port);
	struct rig *r = rig_start(CARD_VPCD_DIAL, port);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(card_socket_wait(listener, POLLIN, 5000000, -1), CARD_WAIT_READY);
		r->fd = accept(listener, NULL, NULL);
		assert_true(r->fd >= 0);
		SEND(r, ON COMMAND);
		EXPECT(r, "\0\2\x90\0");
		close(r->fd);
		r->fd = -1;
	}
	close(listener);
	rig_stop(r);
}

static uint64_t now_ms(void)
{
	const struct card_clock clock = card_clock_system();

	return clock.now_us(clock.self) / 1000;
}

/* Power off during the wait: nothing is answered or stored, and the link goes on at once. */
static void wait_ends_when_power_goes(void **state)
{
	struct rig *r = listening();
	uint64_t start;

	(void)state;
	SEND(r, ON ATTEMPT ATTEMPT);
	EXPECT(r, "\0\2\x63\0\0\2\x63\0"); /* after one second; the next costs seven */
	start = now_ms();
	SEND(r, ATTEMPT);
	poll(NULL, 0, 100);
	SEND(r, OFF ON COMMAND);
	EXPECT(r, "\0\2\x90\0");
	assert_true(now_ms() - start < 2000);
	rig_stop(r);
}

static void wait_ends_when_the_link_is_stopped(void **state)
{
	struct rig *r = listening();
	uint64_t start;

	(void)state;
	SEND(r, ON ATTEMPT ATTEMPT);
	EXPECT(r, "\0\2\x63\0\0\2\x63\0");
	SEND(r, ATTEMPT);
	poll(NULL, 0, 100);
	start = now_ms();
	rig_stop(r);
	assert_true(now_ms() - start < 1000);
}

/* The response does not wait for it, the next one does. */
static void work_put_off_is_done_after_the_response(void **state)
{
	struct rig *r = listening();
	uint64_t start;

	(void)state;
	SEND(r, ON COMMAND);
	EXPECT(r, "\0\2\x90\0");
	start = now_ms();
	SEND(r, PUT_OFF);
	EXPECT(r, "\0\2\x90\0");
	assert_true(now_ms() - start < AFTER_MS - 50);
	SEND(r, COMMAND);
	EXPECT(r, "\0\2\x90\0");
	assert_true(now_ms() - start >= AFTER_MS - 1);
	rig_stop(r);
}

static void unknown_host_is_told(void **state)
{
	const struct card_vpcd_config config = { .host = "no such host", .port = 1, .stop_fd = -1 };
	struct card_vpcd *link = card_vpcd_new(&config);
	struct card_config card = { .interface = CARD_CONTACT,
				    .clock = card_clock_system(),
				    .random = sj_random_system(),
				    .applets = applets };

	(void)state;
	assert_non_null(link);
	assert_int_equal(card_store_memory(&card.store), CARD_STORE_OK);
	struct card *c = card_new(&card);
	assert_non_null(c);
	assert_int_equal(card_vpcd_run(link, c), CARD_VPCD_BAD_HOST);
	card_free(c);
	card_store_close(card.store);
	card_vpcd_free(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(coalesced_messages_come_one_by_one),
		cmocka_unit_test(every_cut_waits_for_the_rest),
		cmocka_unit_test(foreign_messages_are_broken),
		cmocka_unit_test(atr_is_given_without_power),
		cmocka_unit_test(messages_at_once_are_all_answered),
		cmocka_unit_test(messages_in_pieces_are_answered),
		cmocka_unit_test(largest_command_goes_through),
		cmocka_unit_test(without_power_the_answer_is_empty),
		cmocka_unit_test(broken_stream_ends_the_connection),
		cmocka_unit_test(reader_goes_and_comes_back),
		cmocka_unit_test(dialling_card_comes_back),
		cmocka_unit_test(wait_ends_when_power_goes),
		cmocka_unit_test(wait_ends_when_the_link_is_stopped),
		cmocka_unit_test(work_put_off_is_done_after_the_response),
		cmocka_unit_test(unknown_host_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
