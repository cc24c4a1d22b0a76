/*
 * disk.h -- a card file's system calls as they come, and what a disk may hold of them when power
 * goes.
 *
 * The calls are done at once and written down. A write, a rename, a truncation that no sync has
 * followed may be there after a cut or not, whatever came before or after it; of a write, any
 * sector of 512 bytes, whole, as it stood in memory when the disk got it. That is less than most
 * file systems keep. A call that fails has done nothing, a write perhaps a half.
 */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include "host/store_io.h"

#define DISK_OPS_MAX 24u

enum disk_kind { DISK_WRITE, DISK_CUT, DISK_SYNC, DISK_RENAME, DISK_SYNC_FOLDER };

struct disk_op {
	enum disk_kind kind;
	unsigned file; /* 0: the one that has the name; 1: FILE.new */
	size_t at; /* of a write; the length after DISK_CUT */
	uint8_t *bytes; /* owned */
	size_t len;
	unsigned state; /* which disk->state the store was in */
};

/* One of the calls that follow fails, or all from it on. */
struct disk_failure {
	unsigned at; /* 1: the next; 0: none does */
	bool ever; /* later ones fail, too */
	bool in_part; /* a write takes half of what it is given instead, and with `ever` the rest fails */
	int error;
	unsigned calls, met; /* so far; failed */
};

struct disk {
	char path[128];
	struct disk_failure failure;
	bool off; /* calls are done and not written down */
	struct card_store_io io; /* for card_store_open_with(), with the disk as self */
	uint8_t *base; /* what the file held for sure before ops[0]; owned */
	size_t base_len;
	struct disk_op ops[DISK_OPS_MAX];
	size_t count;
	/* Called at each write and rename: the number of the state that the store is in then. */
	unsigned (*state)(void *self);
	void *self;
};

/* From the file at this path, which everything before is thought to have synced. */
void disk_begin(struct disk *d, const char *path);
/* Before there is a file of that name; an outcome without one has DISK_ABSENT for its bytes. */
#define DISK_ABSENT "no file"
void disk_begin_absent(struct disk *d, const char *path);
/* link() gives the name to FILE.new: it is no call of the table. */
void disk_linked(struct disk *d);
/* Forgets the calls; what the file holds now is the base of those to come. */
void disk_settle(struct disk *d);
void disk_end(struct disk *d);

/* What is there after a cut: one of the files that may have the name, whole. */
struct disk_outcome {
	struct sj_span image;
	/* Of which the store must be in one: the last that is safe, to the last that was begun. */
	unsigned first, last;
	bool left_new; /* a FILE.new was there, whatever is in it */
	size_t position; /* calls that were done or begun */
};

enum disk_care { DISK_FEW, DISK_ALL };
/* Every outcome of a cut when `position` calls have been done or begun; 0 to d->count. */
void disk_cuts(const struct disk *d, size_t position, enum disk_care care,
	       void (*take)(void *self, const struct disk_outcome *outcome), void *self);
/* Whether nothing that was done so far can be lost. */
bool disk_is_safe(const struct disk *d);
/* The state that cannot be lost. */
unsigned disk_safe_state(const struct disk *d);

#endif
