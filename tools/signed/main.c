/*
 * main.c -- sojourn-signed: a CMS SignedData of a card, or a master list, on standard input, where its
 * parts stand on standard output (trust/signed.h). Whoever reads one for others starts it for each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/confined.h"
#include "trust/signed.h"

#define INPUT_MAX (64u << 20) /* bytes */
#define MEMORY (64u << 20) /* of the whole process, without input, definite copy and answer */
#define SECONDS 3u /* of a processor */

enum { OK = 0, BROKEN = 1, USAGE = 2, REFUSED = 13 };

/* For tests: what is forbidden. It dies of either. */
static void try(const char *what)
{
	if (strcmp(what, "--try-file") == 0)
		(void)open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	else
		(void)socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int answer(struct sj_span in)
{
	struct sj_signed found;
	const enum sj_signed_rc rc = sj_signed_find(in, &found);
	const size_t cap = SJ_SIGNED_PLACES_MAX + found.bytes.len;
	uint8_t *bytes = malloc(cap);
	struct sj_writer w = sj_writer(bytes, cap);
	size_t at = 0;
	ssize_t put = 1;

	if (bytes == NULL)
		return BROKEN;
	sj_signed_put(&w, rc, &found);
	while (!w.failed && at < w.len && put > 0) {
		put = write(STDOUT_FILENO, bytes + at, w.len - at);
		at += put > 0 ? (size_t)put : 0;
	}
	return !w.failed && at == w.len ? OK
					: BROKEN; /* what was allocated goes with the process */
}

int main(int argc, char **argv)
{
	uint8_t *bytes, *fit;
	size_t len;

	(void)close_range(3, ~0u, 0); /* what a parent forgot to close could be written to */
	if (argc == 2 && strcmp(argv[1], "--cli-dump") == 0) { /* no command: nobody types it */
		puts("{\"program\": \"signed\", \"commands\": []}");
		return OK;
	}
	if (argc > 2 || (argc == 2 && strncmp(argv[1], "--try-", 6) != 0)) {
		fputs("usage: sojourn-signed <SIGNEDDATA >PLACES\n", stderr);
		return USAGE;
	}
	bytes = cli_confined_input(INPUT_MAX, &len);
	if (bytes == NULL || len == 0) {
		fputs("sojourn-signed: no input, or too much\n", stderr);
		free(bytes);
		return REFUSED;
	}
	fit = realloc(bytes, len);
	if (fit != NULL)
		bytes = fit;
	if (!cli_confine_self(MEMORY + 3 * len, SECONDS)) {
		fputs("sojourn-signed: it cannot confine itself\n", stderr);
		free(bytes);
		return BROKEN;
	}
	if (argc == 2)
		try(argv[1]);
	syscall(SYS_exit_group, answer(sj_span(bytes, len)));
	return BROKEN;
}
