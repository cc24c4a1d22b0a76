/* main.c -- sojourn-portrait: a picture on standard input, a PNG on standard output. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/confined.h"
#include "portrait.h"

enum { REFUSED = 13, BROKEN = 1, USAGE = 2 };

struct wanted {
	uint32_t most; /* pixels */
	unsigned width, height; /* 0: a PNG, else for a terminal */
	bool check; /* try what is forbidden: for tests */
};

/* A decimal number from 1 up to `most`; *text then stands behind it. 0: none. */
static unsigned take_number(const char **text, unsigned long most)
{
	char *end;
	unsigned long n = **text >= '0' && **text <= '9' ? strtoul(*text, &end, 10) : 0;

	if (n == 0 || n > most)
		return 0;
	*text = end;
	return (unsigned)n;
}

/* "40x20" */
static bool take_size(const char *text, struct wanted *out)
{
	out->width = take_number(&text, PORTRAIT_SIDE_MAX);
	if (out->width == 0 || *text++ != 'x')
		return false;
	out->height = take_number(&text, PORTRAIT_SIDE_MAX);
	return out->height != 0 && *text == '\0';
}

static bool read_wanted(int argc, char **argv, struct wanted *out)
{
	*out = (struct wanted){ .most = PORTRAIT_PIXELS };
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		bool ok = true;

		if (strcmp(argv[i], "--try-file") == 0) {
			out->check = true;
			continue;
		}
		if (strcmp(argv[i], "--max-pixels") == 0)
			ok = (out->most = take_number(&value, PORTRAIT_PIXELS)) != 0 &&
			     *value == '\0';
		else
			ok = strcmp(argv[i], "--rgb") == 0 && take_size(value, out);
		if (!ok)
			return false;
		i++;
	}
	return true;
}

static int work(const struct wanted *wanted, const uint8_t *bytes, size_t len)
{
	struct portrait p = { .most = wanted->most };
	bool ok;

	if (!portrait_decode(&p, bytes, len)) {
		fprintf(stderr, "sojourn-portrait: %s\n", p.why);
		return REFUSED;
	}
	ok = wanted->width != 0 ? portrait_write_rgb(&p, wanted->width, wanted->height)
				: portrait_write_png(&p);
	return ok ? 0 : BROKEN;
}

/* Does not return once it is confined. */
static int run(const struct wanted *wanted, const uint8_t *bytes, size_t len)
{
	int rc;

	if (len == 0) {
		fprintf(stderr, "sojourn-portrait: nothing, or more than %u bytes\n",
			PORTRAIT_INPUT_MAX);
		return REFUSED;
	}
	if (!cli_confine_self(PORTRAIT_MEMORY, PORTRAIT_SECONDS)) {
		perror("sojourn-portrait: cannot confine itself");
		return BROKEN;
	}
	if (wanted->check && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0) /* dies here */
		return 0;
	rc = work(wanted, bytes, len);
	fflush(stderr);
	syscall(SYS_exit_group, rc); /* what was allocated goes with the process */
	return BROKEN;
}

int main(int argc, char **argv)
{
	struct wanted wanted;
	uint8_t *bytes;
	size_t len;
	int rc;

	(void)close_range(3, ~0u, 0); /* what a parent forgot to close could be written to */
	if (argc == 2 && strcmp(argv[1], "--cli-dump") == 0) { /* no command: nobody types it */
		puts("{\"program\": \"portrait\", \"commands\": []}");
		return 0;
	}
	if (!read_wanted(argc, argv, &wanted)) {
		fputs("usage: sojourn-portrait [--max-pixels N] [--rgb COLUMNSxROWS] <PICTURE >PNG\n",
		      stderr);
		return USAGE;
	}
	bytes = cli_confined_input(PORTRAIT_INPUT_MAX, &len);
	rc = bytes != NULL ? run(&wanted, bytes, len) : BROKEN;
	free(bytes);
	return rc;
}
