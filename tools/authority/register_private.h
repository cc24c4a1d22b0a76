/* register_private.h -- what the register*.c files share. REGISTER.md describes it. */
#ifndef SJ_AUTHORITY_REGISTER_PRIVATE_H
#define SJ_AUTHORITY_REGISTER_PRIVATE_H

#include "authority/register.h"
#include "crypt/hash.h"
#include "crypt/hkdf.h"

#define REGISTER_KEY "register-1"
#define REGISTER_KEY_SIZE 32u
#define REGISTER_ACTOR_MAX 64u
#define REGISTER_HASH 32u
#define REGISTER_SEALED_MORE (12u + 16u) /* nonce and tag */
#define REGISTER_PENDING 12u /* records of the history in one statement */

/* A record of the history that the commit will number and chain. */
struct register_event {
	char event[24];
	int64_t at, document, card; /* 0: none */
	char *detail; /* JSON; owned */
};

struct holder_register {
	const struct authority *a;
	struct cli *cli;
	struct db *db;
	char actor[REGISTER_ACTOR_MAX];
	bool within; /* a change */
	struct register_event pending[REGISTER_PENDING];
	size_t pending_count;
	uint32_t indices;
	/* Derived from the register's key: for holders' keys, for permutations. */
	uint8_t wrap[REGISTER_KEY_SIZE], index[REGISTER_KEY_SIZE];
	struct sj_hmac *number, *head; /* for numbers of documents; for the head of the history */
	/* A statement with many rows in the making. */
	char sql[2048];
	struct db_value values[DB_PARAMETERS_MAX];
	uint8_t hashes[REGISTER_PENDING][REGISTER_HASH];
};

/* --- register_schema.c --------------------------------------------------------------- */

/* Brings the schema to the newest version, one process at a time. */
CLI_MUST_CHECK int register_migrate(struct holder_register *r);
/* The newest version. */
#define REGISTER_SCHEMA 3

/* --- register_history.c ---------------------------------------------------------------- */

/* The head of an empty history; checks that the head was sealed by our key. */
CLI_MUST_CHECK int register_head_make(struct holder_register *r);
CLI_MUST_CHECK int register_head_check(struct holder_register *r);
/* Chains and writes what is pending. */
CLI_MUST_CHECK int register_flush(struct holder_register *r);
void register_forget(struct holder_register *r);

/* --- register_seal.c --------------------------------------------------------------------- */

/* nonce || ciphertext || tag, to be freed; the label says what it is and must be the same again. */
CLI_MUST_CHECK int register_seal(struct holder_register *r, const uint8_t *key, const char *label,
				 struct sj_span plain, struct sj_span *out);
/* *out is freed with register_wipe(). SJ_REGISTER_BROKEN: not sealed so. */
CLI_MUST_CHECK int register_unseal(struct holder_register *r, const uint8_t *key, const char *label,
				   struct sj_span sealed, struct sj_span *out);
void register_wipe(struct sj_span *secret);
/* The blind index of a document number. */
CLI_MUST_CHECK int register_blind(struct holder_register *r, const char *number,
				  uint8_t out[static SJ_PRK_SIZE]);
/* A new holder's row. */
CLI_MUST_CHECK int register_holder_make(struct holder_register *r,
					uint8_t key[static REGISTER_KEY_SIZE], int64_t *holder);
/* SJ_INPUT_REFUSED: erased. */
CLI_MUST_CHECK int register_holder_key(struct holder_register *r, int64_t holder,
				       uint8_t key[static REGISTER_KEY_SIZE]);
/* From the column `wrapped`. */
CLI_MUST_CHECK int register_unwrap(struct holder_register *r, struct sj_span wrapped,
				   uint8_t key[static REGISTER_KEY_SIZE]);

/* --- others -------------------------------------------------------------------------------- */

/* Seconds since 1970 UTC. */
int64_t register_now(void);
/* Sets the status of what the good cards of a document were given: 0, 1 suspended, 2 revoked. */
enum register_status { REGISTER_GOOD, REGISTER_SUSPENDED, REGISTER_REVOKED };
CLI_MUST_CHECK int register_status_set(struct holder_register *r, int64_t document,
				       enum register_status status);
/* "INSERT INTO ... VALUES ($1, $2), ($3, $4)" of so many rows and columns; false: too long. */
SJ_MUST_CHECK bool register_values(char *out, size_t cap, const char *head, size_t rows,
				   size_t columns);
/* Draws n indices of a partition. */
CLI_MUST_CHECK int register_draw(struct holder_register *r, uint16_t partition, size_t n,
				 uint32_t *out);

#endif
