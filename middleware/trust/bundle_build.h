/*
 * bundle_build.h -- making a bundle's manifest. The authority's side; BUNDLE.md has the bytes.
 */
#ifndef SJ_TRUST_BUNDLE_BUILD_H
#define SJ_TRUST_BUNDLE_BUILD_H

#include "crypt/sign.h"

/* What a file of a bundle is. The numbers stand in the manifest. */
enum sj_bundle_kind {
	SJ_BUNDLED_CSCA = 1, /* a self-signed CSCA certificate (DER) */
	SJ_BUNDLED_MASTER_LIST = 2, /* signed below one of the SJ_BUNDLED_CSCA files */
	SJ_BUNDLED_LINK = 3, /* a CSCA link certificate */
	SJ_BUNDLED_KEY_CA = 4,
	SJ_BUNDLED_CRL = 5,
	SJ_BUNDLED_GATE_TOKEN = 6, /* gate CAs, gate links, status signers (CWT) */
	SJ_BUNDLED_STATUS_LIST = 7, /* whole list file of the issuer; at most one */
	SJ_BUNDLED_STATUS_DELTA =
		8, /* leads from the list with root `from` to that of this bundle */
	SJ_BUNDLED_CV_LINK = 9, /* CVCA certificates and CVCA link certificates */
	SJ_BUNDLED_SERVICES = 10, /* service registry (JSON); at most one */
	SJ_BUNDLED_PSEUDONYMS = 11, /* revoked pseudonyms under one sector key */
};
#define SJ_BUNDLED_KINDS 11u

struct sj_bundle_entry {
	enum sj_bundle_kind kind;
	uint8_t hash[32]; /* SHA-256 of the file, which is its name too */
	uint32_t bytes;
	uint8_t from[32]; /* deltas: root of the list they start from; else zeros */
};

#define SJ_BUNDLE_SIGNERS_MAX 8u

struct sj_bundle_plan {
	const char *issuer; /* "UTO", as its tokens have it: 1 to 8 characters */
	uint32_t version; /* from 1; each bundle of an issuer has a greater one */
	uint32_t created, expires; /* seconds since 1970 UTC */
	/*
	 * The bundle signers' tokens from an anchor to the one whose key signs, each signed by
	 * the one before; the last is the signer's. The anchor itself may be left out.
	 */
	const struct sj_span *signers;
	size_t signer_count; /* 1 to SJ_BUNDLE_SIGNERS_MAX */
	const struct sj_bundle_entry *entries; /* in any order */
	size_t count;
};

/*
 * Signs the plan with the bundle signer's key (P-256) and appends the manifest. False: it does
 * not fit (SJ_BUNDLE_MANIFEST_MAX), or is none that a terminal would take.
 */
SJ_MUST_CHECK bool sj_bundle_put(struct sj_writer *w, const struct sj_bundle_plan *plan,
				 const struct sj_key *signer);

#endif
