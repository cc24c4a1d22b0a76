/*
 * token.h -- the gate CA, the status signer, the bundle signer and what they sign: CWTs.
 *
 * Source: middleware/secure/GATE.md, "Tokens". In the directory they are
 * NAME.cwt and NAME.key; DIRECTORY.md says for how long they hold. Functions
 * that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_TOKEN_H
#define SJ_AUTHORITY_TOKEN_H

#include "authority/registry.h"
#include "secure/cwt.h"

#define TOKEN_INDICES (1ul << 20) /* default of a partition */
#define TOKEN_INDICES_MAX (1ul << 25) /* a list counts all in four bytes */

/* A role's key and the token that names it. Wipe it with token_signer_wipe(). */
struct token_signer {
	const char *name; /* "gate-ca-1" */
	struct sj_key *key;
	uint8_t bytes[SJ_CWT_MAX];
	size_t len;
	struct sj_cwt cwt; /* points into bytes */
};

/*
 * The role's present holder, for signing now. SJ_INPUT_REFUSED is told when its
 * time to sign is over, or when the authority has none.
 */
CLI_MUST_CHECK int token_signer_get(const struct authority *a, enum authority_role role,
				    struct token_signer *out);
/* The gate CA of this number, the present one or one before, while it may sign. */
CLI_MUST_CHECK int token_gate_ca_get(const struct authority *a, unsigned long number,
				     struct token_signer *out);
/* DIR/<name>.cwt: a signer's token; no key. */
CLI_MUST_CHECK int token_read(const struct authority *a, const char *name,
			      struct token_signer *out);
void token_signer_wipe(struct token_signer *s);

/* The first gate CA, status signer and bundle signer; status lists of so many indices a partition. */
CLI_MUST_CHECK int token_found(struct authority *a, unsigned long indices);
/*
 * Makes the next holder of the role and makes it the present one. A gate CA
 * after another comes with gate-link-N, a bundle signer after another is signed by that.
 * Call authority_save() after.
 */
CLI_MUST_CHECK int token_enrol(struct authority *a, enum authority_role role);

/* Signs `cwt`, whose issuer is set here, into `w`. */
CLI_MUST_CHECK int token_put(const struct authority *a, const struct token_signer *signer,
			     struct sj_cwt *cwt, struct sj_writer *w);

#endif
