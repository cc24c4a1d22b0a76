/* sealed.h -- key files under a passphrase that one or several people give. */
#ifndef SJ_AUTHORITY_SEALED_H
#define SJ_AUTHORITY_SEALED_H

#include "authority/keystore.h"
#include "crypt/pbes2.h"

/* The passphrase, once it was given: everybody's part, in their order. */
struct sealing {
	char text[KEYSTORE_CUSTODIANS_MAX * CLI_SECRET_MAX];
	struct sj_pbes2 pass; /* points into text; passphrase.len 0: not given yet */
};

void sealing_wipe(struct sealing *s);
struct sealing *keystore_sealing(struct keystore *ks);

#endif
