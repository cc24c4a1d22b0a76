/* slot.h -- the slot of the signed bundle in use, below a trust directory. BUNDLE.md has the files. */
#ifndef SJ_TRUST_SLOT_H
#define SJ_TRUST_SLOT_H

#include "trust/store.h"

#define SJ_SLOT_FOLDER "bundle"
#define SJ_SLOT_NONE "-"

struct sj_slot {
	int fd; /* its folder, the caller's to close; -1: no bundle is in use */
	char name[2]; /* "a" or "b"; SJ_SLOT_NONE: what was read names neither */
	uint8_t manifest[SJ_TRUST_HASH]; /* SHA-256 of its manifest */
};

/* Opens the slot in use. SJ_TRUST_UNREADABLE: one is named that is not there, or nothing legible, or what names
 * it cannot be read: then its name stays as it was. */
SJ_MUST_CHECK enum sj_rc sj_slot_open(int dir, struct sj_slot *out);
/* A folder in it. *out -1: no bundle is in use, or it has no such folder. As sj_slot_open(). */
SJ_MUST_CHECK enum sj_rc sj_slot_folder(int dir, const char *folder, int *out);
/* Makes this slot (not its fd) the one in use; `bundle`: the folder of both. */
SJ_MUST_CHECK enum sj_rc sj_slot_switch(const struct sj_trust_io *io, int bundle,
					const struct sj_slot *slot);

/* The greatest version that was ever in use. */
struct sj_slot_version {
	uint32_t version; /* 0: none */
	uint8_t manifest[SJ_TRUST_HASH];
};
SJ_MUST_CHECK enum sj_rc sj_slot_newest_read(int bundle, struct sj_slot_version *out);
SJ_MUST_CHECK enum sj_rc sj_slot_newest_write(const struct sj_trust_io *io, int bundle,
					      const struct sj_slot_version *version);

#endif
