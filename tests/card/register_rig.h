/* register_rig.h -- a register of its own for each case, in SQLite or on a server. */
#ifndef TESTS_CARD_REGISTER_RIG_H
#define TESTS_CARD_REGISTER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/register.h"
#include "cli/frame.h"

#define RIG_REFUSED 13 /* exit code of SJ_INPUT_REFUSED, and of a broken register */
#define RIG_EXPIRES 2000000000u /* in May 2033 */
#define RIG_PARTITION 160u
#define RIG_INDICES 700 /* of a partition */

struct register_rig {
	struct cli cli;
	char *told; /* what was said to the user */
	size_t told_len;
	char directory[40];
	struct authority authority;
	struct holder_register *r;
};

/* For cmocka; the environment's SOJOURN_TEST_REGISTER is a connection string, for a server. */
int register_rig_setup(void **state);
int register_rig_teardown(void **state);
/* Closes and opens it again: what another process would see. */
void register_rig_reopen(struct register_rig *rig);
bool register_rig_told(struct register_rig *rig, const char *what);

/* A document of this number in this state, with what it takes; gives its id. */
int64_t register_rig_document(struct register_rig *rig, const char *number,
			      enum document_state state);
/* A card of an approved document with `n` credentials, issued; gives its id. */
int64_t register_rig_card(struct register_rig *rig, int64_t document, size_t n);
/* Moves in a change of its own. */
void register_rig_move(struct register_rig *rig, int64_t document, enum document_state to);
enum document_state register_rig_state(struct register_rig *rig, int64_t document);
/* What register_revoked() gives. */
size_t register_rig_revoked(struct register_rig *rig);

void register_rig_begin(struct register_rig *rig);
void register_rig_commit(struct register_rig *rig);
/* The history from the first record to the head holds. */
void register_rig_holds(struct register_rig *rig);

/*
 * Two processes do this at once, each with a connection of its own; gives a descriptor of what
 * they wrote to `out`. The rig's own register is opened again.
 */
int register_rig_two(struct register_rig *rig, void (*work)(struct register_rig *rig, int out));

#endif
