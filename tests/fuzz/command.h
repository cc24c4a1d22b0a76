/* command.h -- a command of a tool that reads a file, which is the input. */
#ifndef TESTS_FUZZ_COMMAND_H
#define TESTS_FUZZ_COMMAND_H

#include <stdio.h>
#include <stdlib.h>

#include "cli/frame.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/parsers.h"

/* A file in memory, and a command that was given its name as `--config`. */
struct fuzz_command {
	struct cli cli;
	struct cli_given given;
	char path[FUZZ_PATH], *told;
	size_t told_len;
};

static inline bool fuzz_command_begin(struct fuzz_command *f, struct sj_span bytes)
{
	static const struct cli_option option = { .name = "config" };

	*f = (struct fuzz_command){ .cli = { .out = stdout, .given_n = 1 } };
	f->given = (struct cli_given){ &option, f->path };
	f->cli.given = &f->given;
	(void)fuzz_file(bytes, f->path);
	fuzz_calm_begin();
	f->cli.err = open_memstream(&f->told, &f->told_len);
	if (f->cli.err == NULL)
		abort();
	fuzz_calm_end();
	return true;
}

/* What is refused is told; what broke off in the middle is refused. */
static inline bool fuzz_command_end(struct fuzz_command *f, bool accepted)
{
	fclose(f->cli.err);
	if (accepted ? fuzz_has_lost() : f->told_len == 0 && fuzz_is_calm())
		abort();
	free(f->told);
	return accepted;
}

#endif
