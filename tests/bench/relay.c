/* relay.c -- between pcscd and a card that listens: counts commands, takes the card out. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

struct stream {
	uint8_t bytes[2 + UINT16_MAX];
	size_t len;
};

static int dial(unsigned port)
{
	const struct timespec wait = { .tv_nsec = 20000000 };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int on = 1;

	for (int tries = 0; tries < 500; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		close(fd);
		nanosleep(&wait, NULL);
	}
	return -1;
}

static bool send_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* One whole message on its way; false: the card goes now. */
static bool pass(int to, const uint8_t *message, size_t len, bool to_card, struct bench_relay *r)
{
	const bool apdu = len > 2 + 1; /* of one byte are power and reset; ATRs are not counted */
	const struct timespec hold = { .tv_nsec = BENCH_HOLD_MS * 1000000l };
	const unsigned how = r->how;
	bool cut;

	if (to_card)
		cut = apdu && ++r->count == r->cut && how == BENCH_CUT_BEFORE;
	else
		cut = r->cut > 0 && r->count == r->cut && how != BENCH_CUT_BEFORE;
	if (to_card && !apdu)
		r->hold = 0;
	if (!to_card && r->hold > 0 && r->count >= r->hold)
		nanosleep(&hold, NULL);
	if (!cut)
		return send_all(to, message, len);
	if (how == BENCH_CUT_DURING)
		(void)send_all(to, message, len / 2);
	r->cut_ns = now_ns();
	return false;
}

/* Moves what came, message by message. */
static bool move(int from, int to, struct stream *s, bool to_card, struct bench_relay *r)
{
	int on = 1;
	size_t at = 0, len;
	ssize_t n;

	setsockopt(from, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	n = recv(from, s->bytes + s->len, sizeof(s->bytes) - s->len, 0);
	if (n <= 0)
		return false;
	s->len += (size_t)n;
	while (s->len - at >= 2 &&
	       s->len - at - 2 >= (len = (size_t)s->bytes[at] << 8 | s->bytes[at + 1])) {
		if (!pass(to, s->bytes + at, 2 + len, to_card, r))
			return false;
		at += 2 + len;
	}
	s->len -= at;
	for (size_t i = 0; i < s->len; i++)
		s->bytes[i] = s->bytes[at + i];
	return true;
}

/* Until one end goes, or the card is to: true. */
static bool play(unsigned reader_port, unsigned card_port, struct bench_relay *r)
{
	static struct stream commands, answers;
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	const int64_t before = r->cut_ns;
	bool ok;

	commands.len = answers.len = 0;
	fds[1].fd = dial(card_port);
	fds[0].fd = dial(reader_port);
	ok = fds[0].fd >= 0 && fds[1].fd >= 0;
	while (ok) {
		if (poll(fds, 2, -1) < 0)
			ok = errno == EINTR;
		else if (fds[0].revents)
			ok = move(fds[0].fd, fds[1].fd, &commands, true, r);
		else if (fds[1].revents)
			ok = move(fds[1].fd, fds[0].fd, &answers, false, r);
	}
	close(fds[0].fd);
	close(fds[1].fd);
	return r->cut_ns != before;
}

struct bench_relay *bench_relay(unsigned reader_port, unsigned card_port, pid_t *pid)
{
	const struct timespec out = { .tv_nsec = BENCH_OUT_MS * 1000000l };
	struct bench_relay *r =
		mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close_range(3, ~0u, 0); /* it has no part in its parent's connections */
		for (;;) {
			if (play(reader_port, card_port, r))
				nanosleep(&out, NULL);
		}
	}
	return r;
}

void bench_relay_end(struct bench_relay *r, pid_t pid)
{
	if (!r)
		return;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	munmap(r, sizeof(*r));
}
