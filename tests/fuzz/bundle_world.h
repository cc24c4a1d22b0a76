/*
 * bundle_world.h -- what parsers_bundle.c offers: an authority's files, keys and tokens. Made once; signatures of
 * them hold each time, so that OpenSSL judges them once.
 */
#ifndef TESTS_FUZZ_BUNDLE_WORLD_H
#define TESTS_FUZZ_BUNDLE_WORLD_H

#include "tests/unit/bundle_rig.h"

/* Who signs. NOBODY: the own key, spoilt afterwards. */
enum { OWN, SUCCESSOR, STRANGER, NOBODY, SIGNERS };

/* Files that there are, in this order. */
enum file {
	STATUS_SIGNER,
	GATE_CA,
	LIST_2,
	DELTA_2,
	LIST_1,
	LIST_3,
	SERVICES,
	OTHER_SERVICES,
	CV,
	PSEUDONYMS_1,
	PSEUDONYMS_2,
	CSCA,
	LINK,
	CRL,
	FALSE_DELTA,
	FILES
};

/* Whose pseudonym the lists of revoked ones have, under which sector's key. */
extern const uint8_t bundle_sector[SJ_TRUST_HASH], bundle_identifier[SJ_TRUST_HASH];

/* Made once. */
struct world {
	struct bundle_rig *r; /* its key, token and files */
	struct sj_key *keys[SIGNERS];
	struct rig_file tokens[SIGNERS];
};

struct world *bundle_world(void);

#endif
