/*
 * store.h -- the trust store from inside: entries, lookups, imports.
 *
 * STORE.md documents every file. Nothing here judges a certificate.
 */
#ifndef SJ_TRUST_STORE_H
#define SJ_TRUST_STORE_H

#include <dirent.h>
#include <sys/types.h>

#include <sojourn/trust.h>

#include "crypt/x509.h"

#define SJ_TRUST_NAME_KEY 8u /* bytes of the hash of a name */
#define SJ_TRUST_HASH 32u /* SHA-256 of a file */
#define SJ_TRUST_FILE_MAX (1u << 20) /* bytes of one certificate or CRL */
#define SJ_TRUST_FILE_NAME 48u /* "csca/<16>-<16>.cer" with NUL */

/* In the order of the index. */
enum sj_trust_kind { SJ_TRUST_CRL, SJ_TRUST_CSCA, SJ_TRUST_LINK, SJ_TRUST_KEY_CA };
/* What is looked for: a CSCA or link stands above no key, a key CA above no document. */
enum sj_trust_class { SJ_TRUST_CRLS, SJ_TRUST_DOCUMENT_CAS, SJ_TRUST_KEY_CAS };

struct sj_trust_item {
	enum sj_trust_kind kind;
	uint8_t name_key[SJ_TRUST_NAME_KEY];
	uint8_t hash[SJ_TRUST_HASH];
	bool bundled; /* in the slot of the bundle in use, not of the store's own */
};

struct sj_trust_items {
	struct sj_trust_item *list; /* sorted by kind, name key, hash */
	size_t n, cap;
};

/*
 * Writing's system calls as a table, so that a test can make each of them fail
 * or stop in the middle. As those of these names: -1 and errno on failure.
 */
struct sj_trust_io {
	ssize_t (*write)(void *self, int fd, const void *bytes, size_t n);
	int (*fsync)(void *self, int fd);
	int (*rename)(void *self, int dir, const char *from, const char *to);
	void *self;
};

struct sj_trust {
	int dir; /* the store's folder */
	int slot; /* that of the bundle in use (BUNDLE.md); -1: none */
	bool writable; /* opened for importing */
	struct sj_trust_io io; /* for all that is written */
	struct sj_trust_items items; /* of both folders */
	int64_t evidence; /* newest evidence of the time; 0: none */
	int64_t imported; /* newest date of what was imported; 0: none */
	sj_trust_tell_fn tell;
	void *user;
	sj_signed_fn find; /* takes master lists apart; NULL: done here */
	void *find_user;
};

/* A file of the store in memory. */
struct sj_trust_file {
	uint8_t *bytes;
	size_t len;
};
void sj_trust_file_free(struct sj_trust_file *file);

/* What an open store tells its listener, if there is one. */
void sj_trust_say(const struct sj_trust *trust, const char *what, const char *why);

/* The key of a Name by which its files are found. */
SJ_MUST_CHECK bool sj_trust_name_key(struct sj_span name, uint8_t out[static SJ_TRUST_NAME_KEY]);
/* "csca/<name key>-<hash>.cer" */
void sj_trust_item_path(const struct sj_trust_item *item, char out[static SJ_TRUST_FILE_NAME]);

/*
 * Reads an item's file. Told to the listener with its name: SJ_INPUT_MALFORMED: it is missing or
 * not the one in the index, so that an import may put it there anew; SJ_TRUST_UNREADABLE: it cannot be
 * read, whatever it is.
 */
SJ_MUST_CHECK enum sj_rc sj_trust_load(const struct sj_trust *trust,
				       const struct sj_trust_item *item, struct sj_trust_file *out);
/*
 * The next item at or after *at with this name key in the class; *at then
 * stands after it. NULL: no more.
 */
const struct sj_trust_item *sj_trust_next(const struct sj_trust_items *items,
					  enum sj_trust_class sought,
					  const uint8_t name_key[static SJ_TRUST_NAME_KEY],
					  size_t *at);

/* --- index.c ------------------------------------------------------------- */

/* Reads the index; none at all gives no items. SJ_TRUST_UNREADABLE: malformed. */
SJ_MUST_CHECK enum sj_rc sj_trust_index_read(int dir, struct sj_trust_items *out);
/* Replaces the index by the items that are not bundled. */
SJ_MUST_CHECK enum sj_rc sj_trust_index_write(const struct sj_trust_io *io, int dir,
					      const struct sj_trust_items *items);
SJ_MUST_CHECK bool sj_trust_items_add(struct sj_trust_items *items,
				      const struct sj_trust_item *item);
/* NULL: not there. */
const struct sj_trust_item *sj_trust_items_find(const struct sj_trust_items *items,
						const struct sj_trust_item *item);
/* Adds the bundled ones of `from` that are not there. */
SJ_MUST_CHECK bool sj_trust_items_merge(struct sj_trust_items *items,
					const struct sj_trust_items *from);
void sj_trust_items_free(struct sj_trust_items *items);

/* --- file.c -------------------------------------------------------------- */

/* Reads a whole file below `dir`. SJ_TRUST_MISSING: there is none. */
SJ_MUST_CHECK enum sj_rc sj_trust_read(int dir, const char *path, size_t max,
				       struct sj_trust_file *out);
/* Opens a folder below `dir`. *out -1: there is none. Else as sj_trust_unopened() has it. */
SJ_MUST_CHECK enum sj_rc sj_trust_folder(int dir, const char *path, int *out);
/* Whether there is anything of that name below `dir`; not known: as sj_trust_unopened() has it. */
SJ_MUST_CHECK enum sj_rc sj_trust_there(int dir, const char *path, bool *there);
/* The entries of a folder below `dir` ("." is `dir` itself), for readdir(). NULL: none. closedir() it. */
DIR *sj_trust_entries(int dir, const char *folder);
/*
 * Writes a whole file or nothing: temporary name beside it, sync, rename. The
 * folder is not synced yet: sj_trust_sync().
 */
SJ_MUST_CHECK enum sj_rc sj_trust_write(const struct sj_trust_io *io, int dir, const char *path,
					struct sj_span bytes);
/* Deletes the temporary files that killed writers left in it; under its lock. */
void sj_trust_sweep(int dir);
/* Syncs the folder `path` below dir ("." for dir itself). */
SJ_MUST_CHECK enum sj_rc sj_trust_sync(const struct sj_trust_io *io, int dir, const char *path);
struct sj_trust_io sj_trust_io_system(void);
/* Both of the above at once, through a table: afterwards the file is on the disk. */
SJ_MUST_CHECK enum sj_rc sj_trust_replace(const struct sj_trust_io *io, int dir, const char *name,
					  struct sj_span bytes);
/* Waits for the lock of a folder and takes it; *out is closed to let go. */
SJ_MUST_CHECK enum sj_rc sj_trust_lock(int dir, int *out);
/* What errno means to a caller who wanted to write. */
enum sj_rc sj_trust_errno(int error);
/* Why a file or folder could not be opened; SJ_TRUST_MISSING only where there is none. */
enum sj_rc sj_trust_unopened(int error);

/* --- batch.c: all or nothing --------------------------------------------- */

struct sj_trust_batch {
	struct sj_trust *trust;
	int lock;
	struct sj_trust_items items; /* what the store will hold */
	/* Of a bundle: the one before, whose files are linked; else NULL. */
	const struct sj_trust *before;
};

/* Locks the store and reads its present index. Ended by commit or abort. */
SJ_MUST_CHECK enum sj_rc sj_trust_batch_begin(struct sj_trust *trust, struct sj_trust_batch *out);
/* Adds a file under the name; *known: it was there already. */
SJ_MUST_CHECK enum sj_rc sj_trust_batch_add(struct sj_trust_batch *batch, enum sj_trust_kind kind,
					    struct sj_span name, struct sj_span der, bool *known);
/* `before` has this file: a signature by its own key was checked then. */
SJ_MUST_CHECK bool sj_trust_batch_checked(const struct sj_trust_batch *batch,
					  enum sj_trust_kind kind, struct sj_span name,
					  struct sj_span der);
/* A certificate of this class is filed under the same key as the name. */
SJ_MUST_CHECK bool sj_trust_batch_names(const struct sj_trust_batch *batch,
					enum sj_trust_class sought, struct sj_span name);
/* Takes a CRL of this name out, but for one with this content. */
SJ_MUST_CHECK enum sj_rc sj_trust_batch_replace_crl(struct sj_trust_batch *batch,
						    struct sj_span name, struct sj_span der);
/* Makes it visible. After a failure the store is as it was. */
SJ_MUST_CHECK enum sj_rc sj_trust_batch_commit(struct sj_trust_batch *batch);
void sj_trust_batch_abort(struct sj_trust_batch *batch);

#endif
