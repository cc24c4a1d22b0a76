/* connect.h -- the card that a command is about: in a reader, or behind a program. */
#ifndef SJ_AUTHORITY_CONNECT_H
#define SJ_AUTHORITY_CONNECT_H

#include <sojourn/reader.h>

#include "cli/cli.h"

/*
 * With --exec the program that the arguments from number `first` on name, else the reader of
 * --reader. Returns 0 or the exit code of what it told.
 */
CLI_MUST_CHECK int connect_card(struct cli *cli, size_t first, struct sj_card **card);

#define CONNECT_EXEC_OPTION \
	{ \
		"exec", 0, NULL, "the card is behind the program CMD (hex lines; see card run)", \
			CLI_COMPLETE_NONE, NULL, false \
	}
#define CONNECT_CMD \
	{ \
		"CMD", "with --exec: program and arguments, after --", CLI_COMPLETE_FILE, NULL, \
			true, true \
	}

#endif
