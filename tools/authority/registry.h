/*
 * registry.h -- an authority's directory: keys, certificates, what was issued.
 *
 * DIRECTORY.md says what lies in it. Functions that return int return 0 or the
 * exit code of the failure that they told the user (see cli/cli.h).
 */
#ifndef SJ_AUTHORITY_REGISTRY_H
#define SJ_AUTHORITY_REGISTRY_H

#include "authority/cert.h"
#include "cli/cli.h"

#define AUTHORITY_NAME_MAX 32u /* bytes of "list-signer-12" with NUL */

/* Document types that signers are certified for; NULL-terminated. */
extern const char *const authority_document_types[];

/* An open authority. */
struct authority {
	struct cli *cli;
	char *directory;
	int lock; /* descriptor of the locked directory */
	json_t *state; /* registry.json */
	struct keystore *keys; /* keystore.h; NULL: plain files, nothing recorded */
};

/* A role's present holder, as registry.json names it. */
enum authority_role {
	AUTHORITY_CSCA,
	AUTHORITY_SIGNER,
	AUTHORITY_LIST_SIGNER,
	AUTHORITY_KEY_CA, /* of the keys of cards */
	AUTHORITY_CONTENT_SIGNER, /* of PIV objects and card verifiable certificates */
	AUTHORITY_GATE_CA, /* these two have tokens: see token.h */
	AUTHORITY_STATUS_SIGNER,
	AUTHORITY_BUNDLE_SIGNER, /* a token signed by itself or by the one before */
};

/* What a new authority is to be. */
struct authority_plan {
	const char *country; /* three letters as in the MRZ, or "D" */
	const char *alpha2; /* ISO 3166-1, for names */
	const char *organization; /* or NULL */
	/* Kinds as for sj_key_generate(). */
	const char *csca_key, *signer_key, *key_ca_key, *content_key;
	bool explicit_parameters; /* as Doc 9303-12 requires */
	unsigned long indices; /* of each partition of the status list */
	const char *key_store; /* URI of a PKCS#11 token for the keys; NULL: files */
	unsigned custodians; /* who share the files' passphrase; 0: files are plain */
};

/*
 * Makes a new authority, or nothing: it is built in a directory beside and
 * renamed. SJ_INPUT_REFUSED is told when `directory` exists.
 */
CLI_MUST_CHECK int authority_create(struct cli *cli, const char *directory,
				    const struct authority_plan *plan);
enum authority_use { AUTHORITY_READ, AUTHORITY_CHANGE };
/*
 * Opens, with a lock: one process that changes, or any number that read. Close
 * with authority_close(), whatever this returned.
 */
CLI_MUST_CHECK int authority_open(struct cli *cli, const char *directory, enum authority_use use,
				  struct authority *out);
void authority_close(struct authority *a);
/* Writes registry.json; what was not saved did not happen. */
CLI_MUST_CHECK int authority_save(struct authority *a);

const char *authority_country(const struct authority *a);
/* "csca-1"; NULL: this role was never given. */
const char *authority_current(const struct authority *a, enum authority_role role);
/* Has this certificate, token or key any role now? */
bool authority_is_current(const struct authority *a, const char *name);
CLI_MUST_CHECK int authority_set_current(struct authority *a, enum authority_role role,
					 const char *name);
/* The registry's row of a certificate (of either kind) or token; borrowed; NULL: none. */
json_t *authority_row(const struct authority *a, const char *name);

/* Writes DIR/<name><suffix>, whole or not at all; first what was signed goes to the record. */
CLI_MUST_CHECK int authority_file_write(const struct authority *a, const char *name,
					const char *suffix, struct sj_span bytes, unsigned mode);

/* Reads DIR/<name><suffix>, at most `max` bytes; free *bytes. */
CLI_MUST_CHECK int authority_file_read(const struct authority *a, const char *name,
				       const char *suffix, size_t max, uint8_t **bytes,
				       size_t *len);

/* A certificate in memory; free it with authority_certificate_free(). */
struct authority_certificate {
	uint8_t *bytes;
	size_t len;
};
CLI_MUST_CHECK int authority_certificate_read(const struct authority *a, const char *name,
					      struct authority_certificate *out);
void authority_certificate_free(struct authority_certificate *c);
/* The private key of that name; freed with sj_key_free(). */
CLI_MUST_CHECK int authority_key_read(const struct authority *a, const char *name,
				      struct sj_key **out);
/*
 * Makes a key of `kind` (as for sj_key_generate()) under that name where the authority keeps its
 * keys, a file or an HSM, and notes it. *out is freed with sj_key_free(); it may be one elsewhere.
 * Call authority_save() after. A usage error: no such kind, or the HSM has it not.
 */
CLI_MUST_CHECK int authority_key_make(struct authority *a, const char *name, const char *kind,
				      struct sj_key **out);
/*
 * The key of the role's present holder, its certificate and its name, for
 * signing now: SJ_INPUT_REFUSED is told when its time to sign is over.
 */
struct authority_signer {
	const char *name;
	struct sj_key *key;
	struct authority_certificate certificate;
};
CLI_MUST_CHECK int authority_signer_get(const struct authority *a, enum authority_role role,
					struct authority_signer *out);
void authority_signer_free(struct authority_signer *s);

/*
 * Makes a key of `kind` and a certificate for `role`, valid from now, writes
 * both and makes them the role's present ones. A new CSCA beside an old one
 * comes with its link certificate; a key CA has none. Call authority_save() after.
 */
CLI_MUST_CHECK int authority_enrol(struct authority *a, enum authority_role role, const char *kind);

#endif
