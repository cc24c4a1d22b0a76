/*
 * masterlist.h -- the master list of an authority: its CSCAs and others'.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_MASTERLIST_H
#define SJ_AUTHORITY_MASTERLIST_H

#include "authority/registry.h"

/*
 * Signs a master list of all CSCA and link certificates of the authority and those of the option
 * "add", with a list signer that is made when there is none. Free *bytes. *n: certificates.
 */
CLI_MUST_CHECK int masterlist_make(struct authority *a, uint8_t **bytes, size_t *len, size_t *n);

#endif
