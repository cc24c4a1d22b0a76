/* status_folder.h -- an issuer's folders below a trust directory: what opening and importing share. */
#ifndef SJ_TRUST_STATUS_FOLDER_H
#define SJ_TRUST_STATUS_FOLDER_H

#include "trust/status_store.h"

#define SJ_STATUS_FOLDER "status"
#define SJ_STATUS_PATH 32u /* bytes of "status/<16 digits>" with NUL */
#define SJ_STATUS_SLOTS 2u /* of the store's own */
#define SJ_STATUS_HEAD_NAME "head"

/* "a", "b" */
const char *sj_status_slot_name(unsigned number);
/* Opens the directory and loads its signers; both the caller's to close and free. */
SJ_MUST_CHECK enum sj_rc sj_status_directory_open(const char *directory, int *out,
						  struct sj_signers **signers);
/* Makes the folder of an issuer and the one above it. */
SJ_MUST_CHECK enum sj_rc sj_status_folder_make(int dir, const char *issuer);
/* Where an issuer's lists lie; -1: nowhere there. */
struct sj_status_folders {
	int own, bundled; /* the store's, and that of the bundle in use (BUNDLE.md) */
};
/* SJ_TRUST_MISSING: neither is there. */
SJ_MUST_CHECK enum sj_rc sj_status_folders_open(int dir, const char *issuer,
						struct sj_status_folders *out);
void sj_status_folders_close(struct sj_status_folders *folders);
/*
 * Loads the newest list that holds. SJ_TRUST_MISSING, SJ_TRUST_UNREADABLE:
 * none; newest.epoch counts all the same.
 */
SJ_MUST_CHECK enum sj_rc sj_status_folders_load(const struct sj_status_folders *folders,
						const char *issuer,
						const struct sj_signers *signers,
						struct sj_status *status);
void sj_status_unload(struct sj_status *status);

#endif
