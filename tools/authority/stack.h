/*
 * stack.h -- where a worker's cards come from: a reader, or a program behind a pipe.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_STACK_H
#define SJ_AUTHORITY_STACK_H

#include <sojourn/reader.h>

#include "cli/cli.h"

#define STACK_ARGUMENTS_MAX 63u

struct stack {
	struct cli *cli;
	/* Not the command's: an interrupt ends waiting for a card, not the card in work. */
	struct sj_context *context;
	const char *program[STACK_ARGUMENTS_MAX + 1]; /* program[0] NULL: a reader */
	char reader[SJ_READER_NAME_MAX]; /* "": the first that has a card */
	uint32_t events; /* of the reader when its last card was done */
	bool done; /* there was one */
	struct sj_card *card;
	bool again; /* the present card is what a program gave after another */
};

/* By --reader, or --exec -- CMD. End it with stack_close() whatever this returned. */
CLI_MUST_CHECK int stack_open(struct stack *s, struct cli *cli);
void stack_close(struct stack *s);
/*
 * The next card, which stays the stack's: in a reader, one that comes after the last; behind a
 * program, the one it gives after power off and on, or that of the program started anew.
 * *card NULL: an interrupt came first, or `wait_ms` passed.
 */
CLI_MUST_CHECK int stack_next(struct stack *s, unsigned wait_ms, struct sj_card **card);
/* The card is to be taken out; a program that gives the same again is started anew. */
void stack_put_away(struct stack *s);

#endif
