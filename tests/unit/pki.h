/* pki.h -- the certificates, lists and keys of trust_pki.py, for a group of tests. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include "tests/unit/status_rig.h"

extern char pki[]; /* their folder */

/* For cmocka's group. */
int pki_make(void **state);
int pki_remove(void **state);
/* One of them; rig_file_free() it. */
struct rig_file pki_load(const char *name);

#endif
