/*
 * crl.h -- revocation lists of an authority's CAs.
 *
 * DIRECTORY.md says what is on which. Functions that return int return 0 or the exit code
 * of what they told.
 */
#ifndef SJ_AUTHORITY_CRL_H
#define SJ_AUTHORITY_CRL_H

#include "authority/registry.h"

#define CRL_DAYS 90ul /* Doc 9303-12: at least every 90 days */

/* Marks the certificates of --revoke, which are of CAs with this role. */
CLI_MUST_CHECK int crl_mark(struct authority *a, enum authority_role ca);
/* A list of a CA of this name and role. `cards`: of a key CA, the certificates of cards too. */
struct crl_wanted {
	enum authority_role role;
	const char *ca;
	unsigned long days; /* until the next one is due */
	bool cards;
};
/* Signs it; free *bytes. *n: certificates on it. Call authority_save() before it leaves. */
CLI_MUST_CHECK int crl_make(struct authority *a, const struct crl_wanted *wanted, uint8_t **bytes,
			    size_t *len, size_t *n);
/*
 * Signs a list with the CA of this name and role, whose time for anything else may be over,
 * saves the registry and writes --out.
 */
CLI_MUST_CHECK int crl_write(struct authority *a, enum authority_role role, const char *ca,
			     unsigned long days);

#endif
