/* pki.h -- the certificates, lists and keys of trust_pki.py, for a group of tests. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

extern char pki[]; /* their folder */

/* For cmocka's group. */
int pki_make(void **state);
int pki_remove(void **state);

#endif
