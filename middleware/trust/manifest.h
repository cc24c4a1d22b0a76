/* manifest.h -- a bundle's manifest, read and verified. BUNDLE.md has the bytes. */
#ifndef SJ_TRUST_MANIFEST_H
#define SJ_TRUST_MANIFEST_H

#include "secure/cose.h"
#include "secure/cwt.h"
#include "trust/bundle_build.h"

/* What a manifest says. Spans point into it. */
struct sj_manifest {
	char issuer[SJ_CWT_ISSUER_MAX + 1];
	uint32_t version, created, expires;
	struct sj_span signers; /* so many byte strings */
	size_t signer_count;
	struct sj_span entries; /* so many, encoded, in order of their kinds */
	size_t count;
	uint64_t bytes; /* of all files but deltas */
	struct sj_cose cose;
};

/* Reads one whole manifest, believing nothing yet. False: malformed, or an entry no bundle may have. */
SJ_MUST_CHECK bool sj_manifest_parse(struct sj_span in, struct sj_manifest *out);
/* The next of manifest->entries (of a copy of that span). False: no more. */
SJ_MUST_CHECK bool sj_manifest_next(struct sj_span *entries, struct sj_bundle_entry *out);

/* A bundle signer. */
struct sj_bundle_signer {
	uint8_t token[SJ_CWT_MAX]; /* what cwt points into */
	size_t len;
	struct sj_cwt cwt;
	struct sj_ec_point key;
};
/* Reads a bundle signer's token. False: it is none. Do not copy what it gives. */
SJ_MUST_CHECK bool sj_bundle_signer_read(struct sj_span token, struct sj_bundle_signer *out);

/*
 * Whether the manifest is signed by the last of its signers, and these lead to it from `anchor`:
 * each begins in the validity of the one before, which signed it; `created` lies in the validity
 * of the last. All are of one issuer. *signer gets the last.
 */
SJ_MUST_CHECK bool sj_manifest_verify(const struct sj_manifest *manifest,
				      const struct sj_bundle_signer *anchor,
				      struct sj_bundle_signer *signer);

#endif
