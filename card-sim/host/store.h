/*
 * store.h -- the card's non-volatile memory: objects by number in one file,
 * changed in transactions. STORE.md documents every byte of the file.
 *
 * A transaction is all or nothing, whatever is killed or cut off when. What a
 * transaction wrote is seen by reads inside it at once.
 */
#ifndef CARD_HOST_STORE_H
#define CARD_HOST_STORE_H

#include "wire/bytes.h"

struct card_store;

enum card_store_rc {
	CARD_STORE_OK,
	CARD_STORE_IO, /* errno says why */
	CARD_STORE_CORRUPT, /* its checks do not hold, and not at its end */
	CARD_STORE_BUSY, /* another process has it open */
	CARD_STORE_EXISTS,
	CARD_STORE_NOT_A_CARD,
	CARD_STORE_NO_MEMORY,
};

/* Makes a new, empty file (mode 0600, never over an existing one) and opens it. */
SJ_MUST_CHECK enum card_store_rc card_store_create(const char *path, struct card_store **out);
/*
 * Gives a store in memory, as it was committed, such a file from now on: with all that it holds, or
 * none. On failure it is in memory as before.
 */
SJ_MUST_CHECK enum card_store_rc card_store_keep(struct card_store *s, const char *path);
/* Opens and locks; an unfinished transaction at the end is dropped. */
SJ_MUST_CHECK enum card_store_rc card_store_open(const char *path, struct card_store **out);
/* One without a file. */
SJ_MUST_CHECK enum card_store_rc card_store_memory(struct card_store **out);
/* Aborts an open transaction and closes; wipes what was in memory. */
void card_store_close(struct card_store *s);

/* The object's bytes; false: no such object. Valid until the next change of it. */
bool card_store_get(const struct card_store *s, uint32_t id, struct sj_span *out);
/* Sets, replaces. False: no memory; the transaction can then only be aborted. */
SJ_MUST_CHECK bool card_store_set(struct card_store *s, uint32_t id, struct sj_span value);
/* Overwrites from offset, growing the object (zeros in a gap); makes it if needed. */
SJ_MUST_CHECK bool card_store_write(struct card_store *s, uint32_t id, size_t offset,
				    struct sj_span value);
SJ_MUST_CHECK bool card_store_delete(struct card_store *s, uint32_t id);
/*
 * Deletes the objects from `first` to before `end`. If there was one, the commit writes the file
 * anew: nothing of them remains in it, nor of what any object was before.
 */
SJ_MUST_CHECK bool card_store_wipe(struct card_store *s, uint32_t first, uint32_t end);
/* The least id >= *id; false: none. To walk all objects. */
bool card_store_next(const struct card_store *s, uint32_t *id);

/* Whether anything was changed since the last commit. */
bool card_store_changed(const struct card_store *s);
/*
 * Writes and syncs what changed since the last commit (nothing, if nothing
 * did). On failure everything is as after the last commit.
 */
SJ_MUST_CHECK enum card_store_rc card_store_commit(struct card_store *s);
void card_store_abort(struct card_store *s);

/* Object numbers: who owns which. */
#define CARD_OBJECT_HOST 0x00000000u
#define CARD_OBJECT_MANAGER 0x01000000u
#define CARD_OBJECT_EMRTD 0x02000000u
#define CARD_OBJECT_GATE 0x03000000u
#define CARD_OBJECT_PIV 0x04000000u
#define CARD_OBJECT_EID 0x05000000u

#endif
