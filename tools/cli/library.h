/*
 * library.h -- libraries of others that few runs of a program need. Each brings dozens with it, which
 * the loader would relocate at every start, for --help too: they are loaded at their first use.
 */
#ifndef SOJOURN_TOOLS_CLI_LIBRARY_H
#define SOJOURN_TOOLS_CLI_LIBRARY_H

#include "cli/cli.h"

/*
 * The functions of a library by name, ended by NULL, into `calls`: a struct of nothing but
 * pointers to them, in the same order. The library stays loaded. `package`: Debian's, for who has to install it.
 */
CLI_MUST_CHECK int cli_library(struct cli *cli, const char *file, const char *package,
			       const char *const names[], void *calls);

/* A field of such a struct, and its name; for a list LIST(f) f(one) f(two). */
#define CLI_CALL(name) __typeof__(name) *(name);
#define CLI_CALL_NAME(name) #name,

#endif
