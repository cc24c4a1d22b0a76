/*
 * nullcard.c -- `nullcard PORT`, the floor of the round-trip figures: a card in
 * vpcd that answers 9000 at once to all. It shares no code with the others.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t ok_frame[] = { 0, 2, 0x90, 0x00 };
static const uint8_t atr_frame[] = { 0, 5, 0x3B, 0x80, 0x80, 0x01, 0x01 };

static void quick_ack(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static int dial(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int tries = 0; tries < 200; tries++) {
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
			return fd;
		usleep(50000);
	}
	return -1;
}

/* Answers the whole messages in `bytes`; how many bytes they took, -1: the reader went. */
static ssize_t answer(int fd, const uint8_t *bytes, size_t n)
{
	size_t at = 0, len;

	while (n - at >= 2 && n - at - 2 >= (len = (size_t)bytes[at] << 8 | bytes[at + 1])) {
		const uint8_t *frame = len > 1 ? ok_frame : atr_frame;
		size_t size = len > 1 ? sizeof(ok_frame) : sizeof(atr_frame);

		if (len > 1 || (len == 1 && bytes[at + 2] == 4)) {
			quick_ack(fd);
			if (send(fd, frame, size, MSG_NOSIGNAL) != (ssize_t)size)
				return -1;
		}
		at += 2 + len;
	}
	return (ssize_t)at;
}

int main(int argc, char **argv)
{
	static uint8_t bytes[2 + UINT16_MAX];
	int fd = argc == 2 ? dial((uint16_t)atoi(argv[1])) : -1;
	size_t len = 0;

	while (fd >= 0) {
		ssize_t n, taken;

		quick_ack(fd);
		n = recv(fd, bytes + len, sizeof(bytes) - len, 0);
		taken = n > 0 ? answer(fd, bytes, len += (size_t)n) : -1;
		if (taken < 0)
			return 0;
		len -= (size_t)taken;
		for (size_t i = 0; i < len; i++)
			bytes[i] = bytes[(size_t)taken + i];
	}
	return 1;
}
