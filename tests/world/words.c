/*
 * words.c -- preloaded into a card that vpcd's reader has: writes to the file $CARD_WORDS a line for each
 * protected command that it answers without protection, "INS SW": 6882, 6982, 6987 or 6988 where secure
 * messaging was broken, by whomever.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLA_SM 0x0Cu /* ISO/IEC 7816-4:2020, 5.4.1 */

/* The command that is coming: two bytes of length, then itself. */
static struct {
	size_t at, len;
	uint8_t cla, ins;
} command;
static int words = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CARD_WORDS");

	words = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static void take(uint8_t byte)
{
	if (command.at < 2)
		command.len = command.len << 8 | byte;
	else if (command.at == 2)
		command.cla = byte;
	else if (command.at == 3)
		command.ins = byte;
	if (++command.at >= 2 && command.at == command.len + 2)
		command.at = command.len = 0;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	ssize_t (*real)(int, void *, size_t, int);
	ssize_t got;

	*(void **)&real = dlsym(RTLD_NEXT, "recv");
	got = real(fd, bytes, n, flags);
	for (ssize_t i = 0; i < got; i++)
		take(((const uint8_t *)bytes)[i]);
	return got;
}

/* An answer comes whole, with its length. */
ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int);
	const uint8_t *answer = bytes;

	if (n == 4 && (command.cla & CLA_SM) == CLA_SM && words >= 0)
		dprintf(words, "%02X %02X%02X\n", command.ins, answer[2], answer[3]);
	*(void **)&real = dlsym(RTLD_NEXT, "send");
	return real(fd, bytes, n, flags);
}
