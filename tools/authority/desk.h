/*
 * desk.h -- the register as somebody at a desk opens it: the verbs of `sojourn register`.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_DESK_H
#define SJ_AUTHORITY_DESK_H

#include "authority/register.h"

struct desk {
	struct cli *cli;
	struct authority authority;
	struct holder_register *r;
};

/* The authority of the first argument and its register, for --actor. Ended by desk_close(). */
CLI_MUST_CHECK int desk_open(struct desk *d, struct cli *cli);
void desk_close(struct desk *d);
/* The document of a number; SJ_INPUT_REFUSED: there is none. */
CLI_MUST_CHECK int desk_find(struct desk *d, const char *number, struct register_document *out);
/* Ends a change: commits when rc is 0. */
CLI_MUST_CHECK int desk_end(struct desk *d, int rc);

extern const struct cli_positional desk_positionals[]; /* DIR */

#define DESK_ACTOR_OPTION \
	{ \
		"actor", 0, "NAME", "whom the history names (default: user and host)", \
			CLI_COMPLETE_NONE, NULL, false \
	}
#define DESK_DOCUMENT_OPTION(more) \
	{ \
		"document", 'd', "NUMBER", "the document's number; needed" more, \
			CLI_COMPLETE_NONE, NULL, false \
	}
#define DESK_END \
	{ \
		NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false \
	}

extern const enum sj_rc desk_failures[];

#endif
