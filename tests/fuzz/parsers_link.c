/* Bytes from a virtual reader, in any cut: the link to vpcd, and lines of hexadecimal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/store.h"
#include "link/socket.h"
#include "link/stdio.h"
#include "link/vpcd.h"
#include "tests/card/no_clock.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/snapshot.h"

static struct card *blank_card(struct card_config *config, struct card_clock clock)
{
	*config = (struct card_config){ .interface = CARD_CONTACTLESS,
					.clock = clock,
					.random = sj_random_system() };
	if (card_store_memory(&config->store) != CARD_STORE_OK)
		return NULL;
	return card_new(config);
}

static void free_card(struct card *card, const struct card_config *config)
{
	card_free(card);
	if (config->store != NULL)
		card_store_close(config->store);
}

/* --- vpcd ---------------------------------------------------------------------------------- */

/* One connection, whose bytes are all there; asked for another, the link is told to stop. */
struct wire {
	int ours, theirs, stop;
	bool accepted;
};

static struct wire *wire(void)
{
	static struct wire w;

	return &w;
}

/* The linker knows them by these names (--wrap). */
__typeof__(card_socket_listen) __wrap_card_socket_listen;
__typeof__(card_socket_accept) __wrap_card_socket_accept;

int __wrap_card_socket_listen(uint16_t *port)
{
	*port = 1;
	return eventfd(1, EFD_CLOEXEC);
}

int __wrap_card_socket_accept(int fd)
{
	struct wire *w = wire();

	(void)fd;
	if (!w->accepted) {
		w->accepted = true;
		return w->theirs;
	}
	if (eventfd_write(w->stop, 1) != 0)
		abort();
	errno = ECONNABORTED;
	return -1;
}

/* False: no descriptors. */
static bool wire_open(struct sj_span bytes)
{
	struct wire *w = wire();
	const int room = 1 << 20;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return false;
	*w = (struct wire){ .ours = pair[0], .theirs = pair[1], .stop = eventfd(0, EFD_CLOEXEC) };
	(void)setsockopt(w->ours, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)setsockopt(w->theirs, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	(void)send(w->ours, bytes.ptr, bytes.len, MSG_NOSIGNAL);
	(void)shutdown(w->ours, SHUT_WR);
	return true;
}

static bool link_run(struct sj_span in)
{
	struct card_vpcd_config plan = { .mode = CARD_VPCD_LISTEN };
	struct card_config config = { .store = NULL };
	struct card_vpcd *v = NULL;
	struct card *card = NULL;
	bool served = false;

	if (!wire_open(in))
		return false;
	plan.stop_fd = wire()->stop;
	v = card_vpcd_new(&plan);
	if (v != NULL)
		card = blank_card(&config, card_vpcd_clock(v));
	if (card != NULL)
		served = card_vpcd_run(v, card) == CARD_VPCD_STOPPED;
	if (!wire()->accepted)
		close(wire()->theirs);
	free_card(card, &config);
	card_vpcd_free(v);
	close(wire()->ours);
	close(wire()->stop);
	return served;
}

/* Power, the ATR, commands that end in answers and in waits, a reset in the middle. */
static bool link_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\0\1\1\0\1\4\0\5\0\xB0\x9C\0\0\0\1\2\0\1\4"
			    "\0\x0D\0\xA4\4\0\x08\xA0\0\0\1\x51\0\0\0\0\5\0\x84\0\0\x08\0\1\0"),
		SJ_SPAN_STR("\0\1\4\0\1\1\0\5\0\x70\0\0\1\0\4\x80\x50\0\0\0\0"),
	};

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* One card, as blank as it was for each. */
static struct card *lines_card(void)
{
	static struct card_config config;
	static struct card_store *blank;
	static struct card *card;

	if (card == NULL) {
		card = blank_card(&config, no_clock());
		if (card == NULL || card_store_memory(&blank) != CARD_STORE_OK)
			abort();
		fuzz_stays();
	}
	card_power_off(card);
	stores_become(config.store, blank);
	return card;
}

static bool lines_run(struct sj_span in)
{
	static struct card_stdio_config plan = { .out = -1, .stop_fd = -1 };
	char path[FUZZ_PATH];
	struct card *card;

	fuzz_calm_begin();
	if (plan.out < 0)
		plan.out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	plan.in = fuzz_file(in, path);
	card = lines_card();
	fuzz_calm_end();
	return card_stdio_run(&plan, card) == CARD_STDIO_ENDED;
}

static bool lines_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("on\n00A4040008A00000015100000000\n0084000008\n"),
		SJ_SPAN_STR("on\nreset\n00 b0 9c 00 00\r\n# nothing\n\noff\nnonsense\n"),
	};

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2;
}

struct fuzz_room fuzz_link(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "vpcd-link", link_seed, link_run },
		{ "stdio-link", lines_seed, lines_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
