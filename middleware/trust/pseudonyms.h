/*
 * pseudonyms.h -- lists of revoked pseudonyms of Restricted Identification, one a sector key.
 *
 * BUNDLE.md has the bytes and where they lie. A terminal asks with the identifier that a card
 * gave it; the authority makes the lists from the cards' public keys (secure/ri.h).
 */
#ifndef SJ_TRUST_PSEUDONYMS_H
#define SJ_TRUST_PSEUDONYMS_H

#include "secure/ri.h"
#include "trust/signers.h"
#include "trust/store.h"

#define SJ_PSEUDONYMS_FOLDER "pseudonyms"
#define SJ_PSEUDONYM_ENTRY 8u /* bytes of a revoked one in a list */
#define SJ_PSEUDONYMS_MAX (64u << 20) /* bytes of a list's file */
#define SJ_SECTOR_HASH 32u /* SHA-256 of a sector's whole key (7F49), as certificates have it */

/* What a list says of itself. Times are seconds since 1970 UTC. */
struct sj_pseudonyms_head {
	struct sj_span issuer;
	uint32_t epoch; /* that of the status list it came with; from 1 */
	uint32_t not_before, next_update;
	uint8_t sector[SJ_SECTOR_HASH];
};

struct sj_pseudonyms_answer {
	bool revoked;
	uint32_t epoch, not_before, next_update;
};

/*
 * Is this identifier revoked under this sector key, by the bundle in use of the trust directory
 * `dir`? SJ_TRUST_MISSING: no bundle, or none with a list of that key. SJ_TRUST_UNREADABLE: not a
 * list that a status signer of the bundle has signed.
 */
SJ_MUST_CHECK enum sj_rc sj_pseudonyms_ask(int dir, const uint8_t sector[static SJ_SECTOR_HASH],
					   const uint8_t identifier[static SJ_RI_IDENTIFIER],
					   struct sj_pseudonyms_answer *out);

/* The name of a sector's list in the folder. */
#define SJ_PSEUDONYMS_NAME 17u
void sj_pseudonyms_name(const uint8_t sector[static SJ_SECTOR_HASH],
			char out[static SJ_PSEUDONYMS_NAME]);
/*
 * Reads a whole file, which must be signed; `entries` are in ascending order. SJ_INPUT_MALFORMED;
 * SJ_INPUT_REFUSED: nobody that is believed signed it. Spans point into `file`.
 */
SJ_MUST_CHECK enum sj_rc sj_pseudonyms_read(struct sj_span file, const struct sj_signers *signers,
					    struct sj_pseudonyms_head *head,
					    struct sj_span *entries);

/* --- the issuing side ------------------------------------------------------------- */

/* How an identifier stands in a list: not itself, so that lists tell no pseudonyms. */
SJ_MUST_CHECK bool sj_pseudonym_entry(const uint8_t identifier[static SJ_RI_IDENTIFIER],
				      uint8_t out[static SJ_PSEUDONYM_ENTRY]);
/* Bytes of a file with so many entries, at most. */
#define SJ_PSEUDONYMS_SIZE(n) (10u + SJ_CWT_MAX + (size_t)(n)*SJ_PSEUDONYM_ENTRY)
/* Signs and appends a file; the entries ascend, none is there twice. False: they do not, or w->failed. */
SJ_MUST_CHECK bool sj_pseudonyms_put(struct sj_writer *w, const struct sj_pseudonyms_head *head,
				     struct sj_span entries, const struct sj_key *key);

#endif
