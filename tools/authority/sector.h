/*
 * sector.h -- sector keys of Restricted Identification, one an operator of terminals.
 *
 * Cards make an operator's pseudonyms from the public half, which its terminals show and their
 * certificates name by its hash (BSI TR-03110-3 v2.21, C.3.2). The private half says
 * which pseudonym a revoked card has there; it is derived from the secret sector-master-1, and never
 * stored. Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_SECTOR_H
#define SJ_AUTHORITY_SECTOR_H

#include "authority/registry.h"
#include "crypt/ec.h"
#include "secure/ri.h"

#define SECTOR_CURVE SJ_P256 /* of cards' keys for Restricted Identification, too */
#define SECTOR_KEY_MAX 512u

struct sector {
	uint8_t key[SECTOR_KEY_MAX]; /* the public half, whole 7F49; key_len bytes */
	size_t key_len;
	uint8_t hash[SJ_RI_IDENTIFIER]; /* SHA-256 of it: what lists call it */
};

/* The option --operator, eight hexadecimal digits; *out 0: it was not given, and not `needed`. */
CLI_MUST_CHECK int sector_operator(struct cli *cli, bool needed, uint32_t *out);
/*
 * Gives an operator its key, with a row in registry.json, and DIR/sector-HEX8.cvkey, the public
 * half. SJ_INPUT_REFUSED: it has one. Call authority_save() after.
 */
CLI_MUST_CHECK int sector_make(struct authority *a, uint32_t operator_id);
/* The i-th operator that has a key; false: past the end. */
bool sector_at(const struct authority *a, size_t i, uint32_t *operator_id);
bool sector_known(const struct authority *a, uint32_t operator_id);
/* The public half of an operator's key; no secret is asked for. SJ_INPUT_REFUSED: it has none. */
CLI_MUST_CHECK int sector_get(const struct authority *a, uint32_t operator_id, struct sector *out);
/* The private half; wipe it. */
CLI_MUST_CHECK int sector_secret(const struct authority *a, uint32_t operator_id,
				 struct sj_ec_secret *out);

#endif
