/*
 * tree.h -- a folder with all that is below it, whose writes go through a table, and what a disk may
 * hold of it when power goes.
 *
 * At each call the folder is looked at. A name that was given, taken or changed since its folder was
 * synced last may be as it was or as it is, whatever became of the others; a file that was not synced
 * holds all, half or nothing of what was written. Names come and go by calls of any kind: only the
 * syncs have to be seen.
 */
#ifndef TESTS_POWER_TREE_H
#define TESTS_POWER_TREE_H

#include <sys/types.h>

#include "trust/store.h"

#define TREE_NAMES 96u
#define TREE_FILES 400u
#define TREE_PATH 96u

struct tree_name {
	char path[TREE_PATH]; /* below the root */
	ino_t ino;
	bool folder;
};

struct tree_names {
	struct tree_name list[TREE_NAMES];
	size_t n;
};

/* A file that had a name at some time; held open, so that its number is no other's. */
struct tree_file {
	ino_t ino;
	int fd;
	bool synced;
	uint8_t *bytes; /* what the last sync has seen; owned */
	size_t len;
};

struct tree {
	char root[TREE_PATH], cut[64]; /* the folder; what it is after a cut */
	struct sj_trust_io io;
	struct tree_names safe, now;
	struct tree_file files[TREE_FILES];
	size_t file_count;
	bool all; /* else a few outcomes of each cut */
	uint32_t seed; /* of what is drawn at random */
	unsigned long cuts;
	/* Looks at t->cut; `done`: the operation has ended. */
	void (*look)(void *self, bool done);
	void *self;
};

/* Everything in the folder is thought to be synced. Sets t->cut; t->all is the caller's. */
void tree_begin(struct tree *t, const char *root);
/* Every outcome of a cut now; what the calls of `io` do by themselves. */
void tree_cut(struct tree *t, bool done);
/* Removes t->cut as well. */
void tree_end(struct tree *t);

#endif
