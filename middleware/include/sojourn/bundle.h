/*
 * bundle.h -- the signed trust bundle of an authority: taking it in, offline.
 *
 * A bundle is a signed manifest and files named by their hash; middleware/trust/BUNDLE.md
 * has the bytes. Whoever fetches (tools, a USB stick) gives the bytes; here they are verified and
 * applied: into the slot that is not in use, which then becomes the one in use by one rename. After a
 * failure, a kill or a power cut the store believes the old bundle or the new one, whole.
 */
#ifndef SOJOURN_BUNDLE_H
#define SOJOURN_BUNDLE_H

#include <sojourn/sojourn.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_BUNDLE_MANIFEST_MAX 65536u
#define SJ_BUNDLE_NAME_SIZE 65u /* a SHA-256 in lower-case hexadecimal, with NUL */

/*
 * Believes the bundles of this signer, on the caller's word: a bundle signer's token signed
 * by itself. Makes the directory if it is missing. SJ_INPUT_REFUSED: it is none, or the store
 * has another bundle signer already.
 */
SJ_API enum sj_rc sj_bundle_anchor(const char *directory, const uint8_t *token, size_t len);

/* A bundle that is being taken in; holds the store's lock. */
struct sj_bundle;

/*
 * Verifies a manifest against the store's bundle signers and the bundle it has. SJ_OK: newer, or
 * with *out NULL: the very one in use, nothing to do; SJ_BUNDLE_OLDER: the store has a newer
 * one, or another of the same version; SJ_BUNDLE_EXPIRED: its time is over (at sj_trust_time());
 * SJ_BUNDLE_SIGNER: neither the signer of the bundle in use (before the first: the anchor)
 * nor a successor of it signed it; SJ_TRUST_MISSING: there is no anchor. *why (NULL is fine) gets a
 * sentence. Waits for the lock of another that takes one in. Ended by sj_bundle_end().
 */
SJ_API enum sj_rc sj_bundle_begin(const char *directory, const uint8_t *manifest, size_t len,
				  int64_t now, struct sj_bundle **out, const char **why);

/* A file that is wanted next. */
struct sj_bundle_want {
	size_t size; /* of this struct */
	char name[SJ_BUNDLE_NAME_SIZE];
	uint64_t bytes; /* exactly so many */
	char what[32]; /* "status delta", "master list": for people */
};
/*
 * False: everything is there. What the slot in use has already is not asked for; a delta is asked for
 * where the store can apply it and it is smaller than the whole.
 */
SJ_API bool sj_bundle_wanted(const struct sj_bundle *bundle, struct sj_bundle_want *out);
/* The bytes of what is wanted. SJ_INPUT_MALFORMED: not the file of that name; ask again elsewhere. */
SJ_API enum sj_rc sj_bundle_give(struct sj_bundle *bundle, const uint8_t *bytes, size_t len,
				 const char **why);
/* It cannot be had: a delta is then wanted whole; SJ_INPUT_UNREADABLE: it cannot be done without. */
SJ_API enum sj_rc sj_bundle_miss(struct sj_bundle *bundle);
/* The CMS of the master lists in it, as sj_trust_find_signed(). */
SJ_API void sj_bundle_find_signed(struct sj_bundle *bundle, sj_signed_fn fn, void *user);
/*
 * Applies it; everything must have been given, else SJ_USAGE. SJ_INPUT_REFUSED: a file in it is not
 * acceptable; *why names it and is valid until sj_bundle_end(). SJ_SIGNED_UNREAD: a master list was not taken apart.
 */
SJ_API enum sj_rc sj_bundle_apply(struct sj_bundle *bundle, const char **why);
SJ_API void sj_bundle_end(struct sj_bundle *bundle);

struct sj_bundle_info {
	size_t size;
	char issuer[16];
	uint32_t version;
	int64_t created, expires; /* seconds since 1970 UTC */
	bool expired; /* at the time given */
	size_t files;
	uint64_t bytes;
	char signer[32]; /* who signed it: first digits of its token's SHA-256 */
};
/* The bundle being taken in. */
SJ_API void sj_bundle_offered(const struct sj_bundle *bundle, int64_t now,
			      struct sj_bundle_info *out);
/*
 * The bundle in use; expired: at `now` or at the newest evidence of the time in the store.
 * SJ_TRUST_MISSING: the store has none.
 */
SJ_API enum sj_rc sj_bundle_describe(const char *directory, int64_t now,
				     struct sj_bundle_info *out);

#define SJ_BUNDLE_SERVICES_MAX 262144u
/*
 * The service registry (JSON) of the bundle in use, as its authority published it. *len: room,
 * then size. SJ_TRUST_MISSING: there is no bundle, or no registry in it.
 */
SJ_API enum sj_rc sj_bundle_services(const char *directory, char *json, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
