/*
 * status_store.h -- the two slots in which a status list lies, from inside.
 *
 * STATUS.md documents the folder and the order of every write.
 */
#ifndef SJ_TRUST_STATUS_STORE_H
#define SJ_TRUST_STATUS_STORE_H

#include "trust/status_file.h"
#include "trust/store.h"

/* A slot's file. */
struct sj_status_slot {
	struct sj_trust_file bytes; /* NULL: no file, or none that can be read */
	bool signed_head; /* its head is one that counts, whatever the rest is */
	struct sj_status_head head;
	struct sj_status_file file;
};

struct sj_status {
	struct sj_status_slot slot;
	struct sj_status_list list;
	struct sj_status_head newest; /* of all heads seen */
	uint8_t newest_token[SJ_STATUS_HEAD_MAX]; /* the same as it was signed */
	size_t newest_len;
	unsigned number; /* of the store's own slot that is the newer one: the other is replaced */
	bool unread; /* the disk did not give one of them: nobody knows which is the newest */
};

/* sj_status_open() in a directory that is open. */
SJ_MUST_CHECK enum sj_rc sj_status_open_at(int dir, const char *issuer, struct sj_status **out);
/* sj_status_import() and sj_status_note_head() with other system calls. */
SJ_MUST_CHECK enum sj_rc sj_status_import_with(const struct sj_trust_io *io, const char *directory,
					       struct sj_span bytes, const char **why);
SJ_MUST_CHECK enum sj_rc sj_status_note_with(const struct sj_trust_io *io, const char *directory,
					     struct sj_span head, const char **why);
/* The newest signed head seen, for a card to carry; valid while the status is open. */
struct sj_span sj_status_newest(const struct sj_status *status);

#endif
