/*
 * pseudonyms.h -- lists of revoked pseudonyms, one an operator with a sector key.
 *
 * Source: BSI TR-03110-3 v2.21, 2.8 (revocation by the sector's private key and the card's
 * public one); middleware/trust/BUNDLE.md has the bytes. Functions that return int return 0 or the
 * exit code of what they told.
 */
#ifndef SJ_AUTHORITY_PSEUDONYMS_H
#define SJ_AUTHORITY_PSEUDONYMS_H

#include "authority/register.h"
#include "trust/pseudonyms.h"

/* The keys of bad cards: revoked and suspended ones. */
struct pseudonyms {
	struct sj_ec_point *cards;
	size_t n, cap;
};
/* Reads them from the register; free with pseudonyms_free(), whatever this returned. */
CLI_MUST_CHECK int pseudonyms_read(struct holder_register *r, struct cli *cli, int64_t now,
				   struct pseudonyms *out);
void pseudonyms_free(struct pseudonyms *p);
/*
 * The list for the i-th operator of the registry (sector.h), signed by the status signer; *bytes NULL:
 * past the end. `head`: issuer, epoch and times; its sector is set here. Free *bytes.
 */
CLI_MUST_CHECK int pseudonyms_list(const struct authority *a, const struct pseudonyms *p, size_t i,
				   const struct sj_pseudonyms_head *head, uint8_t **bytes,
				   size_t *len);

#endif
