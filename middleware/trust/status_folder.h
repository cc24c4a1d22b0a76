/* status_folder.h -- an issuer's folder below a trust directory: what opening and importing share. */
#ifndef SJ_TRUST_STATUS_FOLDER_H
#define SJ_TRUST_STATUS_FOLDER_H

#include "trust/status_store.h"

#define SJ_STATUS_FOLDER "status"
#define SJ_STATUS_PATH 32u /* bytes of "status/<16 digits>" with NUL */
#define SJ_STATUS_SLOTS 2u
#define SJ_STATUS_HEAD_NAME "head"

/* "a", "b" */
const char *sj_status_slot_name(unsigned number);
/* Opens the directory and loads its signers; both the caller's to close and free. */
SJ_MUST_CHECK enum sj_rc sj_status_directory_open(const char *directory, int *out,
						  struct sj_signers **signers);
/* Opens an issuer's folder; make: makes it first. SJ_TRUST_MISSING: there is none. */
SJ_MUST_CHECK enum sj_rc sj_status_folder_open(int dir, const char *issuer, bool make, int *out);
/*
 * Loads the newest slot that holds. SJ_TRUST_MISSING, SJ_TRUST_UNREADABLE:
 * none; newest.epoch counts all the same.
 */
SJ_MUST_CHECK enum sj_rc sj_status_folder_load(int folder, const char *issuer,
					       const struct sj_signers *signers,
					       struct sj_status *status);
void sj_status_unload(struct sj_status *status);

#endif
