/*
 * sweep.h -- an operation whose every allocation and every call of the system fails once, and then from
 * there on; and what must hold after each.
 */
#ifndef TESTS_FAILURES_SWEEP_H
#define TESTS_FAILURES_SWEEP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/failures/fail.h"

/* A row of the table. Numbers are enum sj_rc, CK_RV or status words, as the operation has them. */
struct operation {
	const char *name;
	unsigned kinds; /* enum fail_kind: what fails in it */
	/* The room of all its runs, as cmocka's fixtures have it; NULL: none. */
	int (*open)(void **state);
	int (*close)(void **state);
	/* Before each run, nothing fails; NULL: nothing to do. */
	void (*ready)(void *room);
	/* Asserts nothing; what it answers when nothing fails is `good` (most: 0). */
	unsigned long (*run)(void *room);
	unsigned long good;
	/* What it may answer when something failed; 0 ends the list. NULL: anything. */
	const unsigned long *bad;
	/* After each run, nothing fails: whether what must hold does; frees what the run made. NULL: always. */
	bool (*holds)(void *room, unsigned long rc);
	bool card; /* the card of this process fails too; else only what is around it */
	unsigned most; /* points a kind and way at most, where one takes long (README.md); 0: all */
};

/* Ends a table. */
#define OPERATIONS_END \
	{ \
		.name = NULL \
	}

struct sweep_sum {
	uint64_t operations, points, runs, faults;
};

/* `most`: points a kind and way at most, spread over all; 0: all. */
/* `only`: that point alone, told where it is; 0: each. */
void sweep_run(const struct operation *o, uint64_t most, uint64_t only, struct sweep_sum *sum);

extern const struct operation sweep_document[], sweep_service[], sweep_trust[], sweep_journal[],
	sweep_gate[], sweep_piv[], sweep_card[], sweep_pkcs11[], sweep_module[], sweep_import[],
	sweep_host[], sweep_reader[];

/* For `bad`. */
extern const unsigned long sweep_memory[]; /* SJ_NO_MEMORY */
extern const unsigned long sweep_files[]; /* and what says that a file failed */

#endif
