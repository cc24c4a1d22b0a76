/*
 * status.h -- is a credential revoked? Status lists of an issuer, offline.
 *
 * Every credential carries a partition (the month in which it expires) and a
 * random index in it; an issuer's list says for each index whether it is
 * revoked. The list and its signed head lie in a trust directory; the bytes are
 * documented in middleware/trust/STATUS.md. Lists of others come and go as
 * Token Status Lists (draft-ietf-oauth-status-list).
 */
#ifndef SOJOURN_STATUS_H
#define SOJOURN_STATUS_H

#include <sojourn/sojourn.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sj_status_answer {
	SJ_STATUS_UNKNOWN, /* the list does not cover it: neither good nor bad */
	SJ_STATUS_VALID,
	SJ_STATUS_REVOKED,
};

#define SJ_STATUS_ISSUER_MAX 9u /* with NUL */

/*
 * An issuer's list, in memory and verified. Queries may run on many threads at
 * once; it stays what it was when it was opened, whatever becomes of the files.
 */
struct sj_status;

/*
 * Opens the newest list of an issuer ("UTO") that holds. SJ_TRUST_MISSING: there
 * is none; SJ_TRUST_UNREADABLE: there is, and nothing of it can be believed.
 */
SJ_API enum sj_rc sj_status_open(const char *directory, const char *issuer, struct sj_status **out);
SJ_API void sj_status_close(struct sj_status *status);

/*
 * Asks for one credential. `partition` is the month in which it expires: (year -
 * 2020) * 12 + month - 1, UTC. Status NULL: unknown.
 */
SJ_API enum sj_status_answer sj_status_query(const struct sj_status *status, uint16_t partition,
					     uint32_t index);

struct sj_status_info {
	size_t size;
	char issuer[SJ_STATUS_ISSUER_MAX];
	uint32_t epoch; /* of the list */
	uint32_t newest_epoch; /* of the newest head seen; greater: the list is behind */
	uint32_t indices; /* in all partitions */
	int64_t not_before, next_update; /* seconds since 1970 UTC */
	int64_t age; /* seconds from not_before to the time given; negative: of the future */
	bool stale; /* next_update has passed */
};
SJ_API void sj_status_describe(const struct sj_status *status, int64_t now,
			       struct sj_status_info *out);

/*
 * Imports a whole list or a delta to the present one, told by their first
 * bytes. Its head must be signed by the issuer's status signer and not be
 * older than what was seen before. SJ_INPUT_MALFORMED, SJ_INPUT_REFUSED: *why
 * (NULL is fine) gets a sentence. After a failure, a kill or a power cut the
 * directory holds the old list or the new one.
 */
SJ_API enum sj_rc sj_status_import(const char *directory, const uint8_t *bytes, size_t len,
				   const char **why);
/*
 * Remembers a signed head that somebody else (a card) has brought, if it is
 * newer than all before; the list itself stays, and is then behind.
 */
SJ_API enum sj_rc sj_status_note_head(const char *directory, const uint8_t *head, size_t len,
				      const char **why);

/* One partition as a Token Status List of one bit, with zlib. */
enum sj_status_form {
	SJ_STATUS_CBOR, /* a StatusList map; claim 65533 of a CWT */
	SJ_STATUS_JSON, /* a JSON object; member status_list of a JWT */
};
/* Free *out with sj_status_free(). SJ_INPUT_REFUSED: no such partition. */
SJ_API enum sj_rc sj_status_export(const struct sj_status *status, uint16_t partition,
				   enum sj_status_form form, uint8_t **out, size_t *len);
/*
 * The statuses of a Token Status List: JSON object, CBOR map, or CWT (its
 * signature is the caller's to check): bit i % 8 of byte i / 8 is index i.
 * Free *out with sj_status_free(). SJ_INPUT_REFUSED: not one bit a status.
 */
SJ_API enum sj_rc sj_status_read_token(const uint8_t *token, size_t len, uint8_t **out,
				       size_t *out_len);
SJ_API void sj_status_free(uint8_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
