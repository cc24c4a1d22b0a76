/*
 * store_internal.h -- what the three parts of the store share: objects and
 * transactions (store.c), the file's bytes (store_format.c), the file
 * (store_file.c). STORE.md documents the bytes.
 */
#ifndef CARD_HOST_STORE_INTERNAL_H
#define CARD_HOST_STORE_INTERNAL_H

#include "host/store.h"
#include "host/store_io.h"

#define STORE_CHECK_SIZE 16u
#define STORE_OBJECT_MAX 0x400000u /* 4 MiB */
#define STORE_FILE_MAX 0x4000000u /* 64 MiB */

struct store_object {
	uint32_t id;
	uint8_t *data; /* owned; NULL if len is 0 */
	size_t len;
};

/* Objects in order of id. */
struct store_table {
	struct store_object *rows;
	size_t count, cap;
};

/* What an object was before the transaction touched it. */
struct store_before {
	struct store_object object;
	bool existed;
};

/* Where the log ends. */
struct store_log {
	uint64_t length; /* bytes that hold: header and whole transactions */
	uint64_t sequence; /* of the last transaction; 0: none yet */
	uint8_t check[STORE_CHECK_SIZE]; /* of the last transaction, or of the header */
};

struct store_file {
	const struct card_store_io *io; /* NULL: no file, a store in memory */
	void *io_self;
	int fd;
	char *path;
	struct store_log log;
	bool tail_dirty; /* bytes after log.length must be cut off before the next append */
	bool directory_dirty; /* a rename is not known to be durable */
	bool ahead; /* the file has a transaction that failed; the next one writes it anew */
};

struct card_store {
	struct store_table table;
	struct store_before *before;
	size_t before_count, before_cap;
	bool failed; /* no memory inside the transaction */
	bool forgets; /* what it deleted may not remain in the file */
	struct store_file file;
};

/* --- store.c --- */

SJ_MUST_CHECK struct card_store *store_new(void);
struct store_object *store_find(const struct store_table *t, uint32_t id);
/* Takes over `data`. False: no memory, data not taken over. */
SJ_MUST_CHECK bool store_put(struct store_table *t, uint32_t id, uint8_t *data, size_t len);
void store_remove(struct store_table *t, uint32_t id);
/* Wipes and frees. */
void store_free_bytes(uint8_t *data, size_t len);

/* --- store_format.c --- */

#define STORE_HEADER_SIZE 32u

/* The header of a file, and the log that begins after it. */
SJ_MUST_CHECK bool store_put_header(struct sj_writer *w, struct store_log *log);
/*
 * One transaction with what differs from `before`; writes nothing if nothing
 * does. *log moves on. The writer has store_changes_bound() bytes.
 */
SJ_MUST_CHECK bool store_put_changes(struct sj_writer *w, const struct card_store *s,
				     struct store_log *log);
size_t store_changes_bound(const struct card_store *s);
/* A whole file: header and one transaction with every object. */
SJ_MUST_CHECK bool store_put_image(struct sj_writer *w, const struct store_table *t,
				   uint64_t sequence, struct store_log *log);
size_t store_image_bound(const struct store_table *t);
/* Reads a file's bytes into an empty store; log.length says how far they hold. */
SJ_MUST_CHECK enum card_store_rc store_load(struct card_store *s, struct sj_span image);

/* --- store_file.c --- */

/* Appends and syncs; on failure the file is as before (or tail_dirty says so). */
SJ_MUST_CHECK enum card_store_rc store_append(struct card_store *s, struct sj_span record,
					      const struct store_log *after);
/*
 * A whole new file with all objects as they are now takes the place of the old one. On failure
 * that is still there.
 */
SJ_MUST_CHECK enum card_store_rc store_write_anew(struct card_store *s);
/*
 * The same as a commit, which is one only when the name is durable: else the file is ahead of what
 * the caller takes back, and CARD_STORE_IO.
 */
SJ_MUST_CHECK enum card_store_rc store_commit_anew(struct card_store *s);
/* As store_write_anew() when most of it is past. A failure leaves the old file. */
void store_compact_if_due(struct card_store *s);
void store_file_close(struct store_file *f);

#endif
