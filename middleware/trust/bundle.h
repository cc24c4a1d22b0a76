/* bundle.h -- a bundle being taken in, from inside. BUNDLE.md has files and order. */
#ifndef SJ_TRUST_BUNDLE_H
#define SJ_TRUST_BUNDLE_H

#include <sojourn/bundle.h>

#include "trust/manifest.h"
#include "trust/slot.h"
#include "trust/status_store.h"

#define SJ_BUNDLE_WHY 320u /* bytes of a sentence */

/* A file of the bundle. */
struct sj_bundle_file {
	struct sj_bundle_entry entry;
	char name[SJ_BUNDLE_NAME_SIZE];
	bool here; /* in files/, and what its name says */
	bool given_up; /* a delta that cannot be had or leads nowhere */
};

struct sj_bundle {
	struct sj_trust own; /* the store; items and slot are not looked at */
	int folder, files, lock; /* bundle/, bundle/files/; -1: not open */
	uint8_t *bytes; /* what manifest points into */
	size_t len;
	struct sj_manifest manifest;
	struct sj_bundle_signer signer;
	struct sj_slot present, next; /* in use; to be */
	struct sj_trust_file old_bytes; /* the manifest in use, and what it says */
	struct sj_manifest old; /* version 0: none */
	struct sj_slot_version newest;
	struct sj_status *status; /* what a delta would apply to, or NULL */
	struct sj_bundle_file *list; /* manifest.count of them */
	char why[SJ_BUNDLE_WHY];
};

/* sj_bundle_begin() with other system calls. */
SJ_MUST_CHECK enum sj_rc sj_bundle_begin_with(const struct sj_trust_io *io, const char *directory,
					      const uint8_t *manifest, size_t len, int64_t now,
					      struct sj_bundle **out, const char **why);

/* Reads the manifest of a slot. SJ_TRUST_UNREADABLE: not the one it was switched to. */
SJ_MUST_CHECK enum sj_rc sj_bundle_manifest_read(const struct sj_slot *slot,
						 struct sj_trust_file *bytes,
						 struct sj_manifest *out);
/* "CSCA certificate" */
const char *sj_bundle_kind_name(enum sj_bundle_kind kind);
/* Reads a file that is here. */
SJ_MUST_CHECK enum sj_rc sj_bundle_file_read(const struct sj_bundle *bundle,
					     const struct sj_bundle_file *file,
					     struct sj_trust_file *out);
/*
 * Who is believed where no bundle is in use that can be read: who signed the last one, else the
 * one that was given. `folder`: bundle/. SJ_TRUST_MISSING: nobody.
 */
SJ_MUST_CHECK enum sj_rc sj_bundle_anchor_read(int folder, struct sj_bundle_signer *out);
SJ_MUST_CHECK enum sj_rc sj_bundle_anchor_move(const struct sj_trust_io *io, int folder,
					       const struct sj_bundle_signer *signer);
/* Makes the next slot's folder anew, and all that the bundle has in it; on the disk afterwards. */
SJ_MUST_CHECK enum sj_rc sj_bundle_fill(struct sj_bundle *bundle);

#endif
