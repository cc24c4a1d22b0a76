/*
 * keystore.h -- where an authority's keys lie: in files, plain or under a passphrase, or in
 * PKCS#11 tokens. DIRECTORY.md, "Keys", says how registry.json tells which.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_KEYSTORE_H
#define SJ_AUTHORITY_KEYSTORE_H

#include "authority/hsm.h"
#include "authority/registry.h"

#define KEYSTORE_CUSTODIANS_MAX 8u
#define KEYSTORE_FILE_MAX 3072u /* bytes of a key's file */

/* What an open authority knows of its keys: passphrase, tokens, what was signed. */
struct keystore;
/* NULL: no memory. */
struct keystore *keystore_new(struct cli *cli);
/* At the authority's end; keys that were read from it live on. */
void keystore_release(struct keystore *ks);
/* registry.json was written: the keys made since then stay. Else keystore_release() destroys
 * those in tokens. */
void keystore_settled(struct keystore *ks);
struct signatures *keystore_signatures(const struct keystore *ks);

/* Where new keys go: a token's URI; NULL: files. */
const char *keystore_uri(const struct authority *a);
/* How many people share the passphrase; 0: files are plain. */
unsigned keystore_custodians(const struct authority *a);
/*
 * From now on files are under a passphrase that `custodians` people give here, by the options
 * of that name ("passphrase"), or asked twice. Writes DIR/passphrase.check<suffix>.
 */
CLI_MUST_CHECK int keystore_passphrase_new(struct authority *a, const char *option,
					   unsigned custodians, const char *suffix);

/* DIR/<name><suffix>, opened with the passphrase if it is sealed. Wipe and free *bytes. */
CLI_MUST_CHECK int keystore_file_read(const struct authority *a, const char *name,
				      const char *suffix, uint8_t **bytes, size_t *len);
/* Sealed if the authority's files are. */
CLI_MUST_CHECK int keystore_file_write(const struct authority *a, const char *name,
				       const char *suffix, struct sj_span secret);
/* A key's place in a token. *hsm NULL: it is a file. */
CLI_MUST_CHECK int keystore_find(const struct authority *a, const char *name, struct hsm **hsm,
				 const char **kind, uint8_t id[static HSM_ID_SIZE]);
/* Makes a key of that kind ("AES-256" too) in the token for new keys, and notes it. */
CLI_MUST_CHECK int keystore_make(struct authority *a, const char *name, const char *kind);
/* Notes a key in a file. */
CLI_MUST_CHECK int keystore_note(struct authority *a, const char *name, const char *kind);

/*
 * Seals every key file anew, under a passphrase of that option: all or nothing, even when the
 * power fails. *n gets their number.
 */
CLI_MUST_CHECK int keystore_protect(struct authority *a, const char *option, unsigned custodians,
				    size_t *n);
/* Finishes what keystore_protect() was about when it was interrupted after its decision. */
CLI_MUST_CHECK int keystore_recover(struct cli *cli, const char *directory);

#endif
