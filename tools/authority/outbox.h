/*
 * outbox.h -- the folder from which bundles are served: files under their hashes, and `latest`.
 *
 * middleware/trust/BUNDLE.md, "As it is published". Whoever reads it meanwhile, or after a kill
 * or a power cut at any moment, finds the bundle before or the new one, whole. Functions that
 * return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_OUTBOX_H
#define SJ_AUTHORITY_OUTBOX_H

#include "cli/cli.h"
#include "wire/bytes.h"

#define OUTBOX_HASH 32u /* bytes: SHA-256 */

struct outbox {
	struct cli *cli;
	const char *dir; /* borrowed */
	uint64_t added; /* bytes of files that were not there */
};

/* Makes the folders that are missing. */
CLI_MUST_CHECK int outbox_open(struct cli *cli, const char *dir, struct outbox *out);
/* Writes the file, to the disk, if it is not there; `hash` gets its name. */
CLI_MUST_CHECK int outbox_put(struct outbox *o, struct sj_span bytes,
			      uint8_t hash[static OUTBOX_HASH]);
/* A file of at most `max` bytes; free *bytes. *bytes NULL: not there, or not what its name says. */
CLI_MUST_CHECK int outbox_get(const struct outbox *o, const uint8_t hash[static OUTBOX_HASH],
			      size_t max, uint8_t **bytes, size_t *len);
/* The change: `latest` is these bytes. */
CLI_MUST_CHECK int outbox_switch(struct outbox *o, struct sj_span manifest);
/*
 * Deletes the files that are none of `kept` (n hashes one after the other; they are sorted) and
 * were written before `before`. What cannot be deleted stays.
 */
void outbox_sweep(const struct outbox *o, uint8_t *kept, size_t n, int64_t before);

#endif
