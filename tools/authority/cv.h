/*
 * cv.h -- the authority's PKI of terminals: country verifying CAs (CVCA), document
 * verifiers (DV), what they sign. DIRECTORY.md says what lies where and for how long it holds.
 *
 * Source: BSI TR-03110-3 v2.21, 2.5 and C. Functions that return int return 0 or the exit code of
 * what they told.
 */
#ifndef SJ_AUTHORITY_CV_H
#define SJ_AUTHORITY_CV_H

#include "authority/registry.h"
#include "trust/cvchain.h"

#define CV_TYPE_WORDS "at is st"
#define CV_KEY_KINDS "P-256 P-384 P-521 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1"

enum cv_kind {
	CV_CVCA,
	CV_LINK, /* the key of a CVCA under the one before */
	CV_DV,
	CV_FOREIGN_DV, /* somebody else's */
};

/* The option --type: at (authentication terminals, the default), is, st. */
enum sj_cvc_terminal cv_type(const struct cli *cli);
/* "at" */
const char *cv_type_name(enum sj_cvc_terminal type);

/* The registry's i-th row of this PKI; NULL: past the end. *current: the newest of its kind. */
const json_t *cv_row_at(const struct authority *a, size_t i, bool *current);

/* The key of this row's certificate is a key of its own: not a link's, not a foreign DV's. */
bool cv_has_key(const json_t *row);

/* A key that signs, and the chain up to it. Free it with cv_issuer_free(). */
struct cv_issuer {
	const char *name; /* "dv-at-1" */
	struct sj_key *key;
	struct authority_certificate ca, own; /* ca: of a DV's CVCA */
	struct sj_cv_end end; /* points into own */
};
/*
 * The newest CVCA or DV of this kind of terminals, for signing now. SJ_INPUT_REFUSED is told
 * when there is none, or its time to sign is over.
 */
CLI_MUST_CHECK int cv_issuer_get(const struct authority *a, enum cv_kind kind,
				 enum sj_cvc_terminal type, struct cv_issuer *out);
/* The chain alone, up to the CVCA or DV with this holder reference, the newest of them. */
CLI_MUST_CHECK int cv_chain_find(const struct authority *a, struct sj_span holder,
				 struct cv_issuer *out);
void cv_issuer_free(struct cv_issuer *issuer);

/*
 * Makes the first (`first`) or the next CVCA (of `key_kind`; NULL: as the present one, P-256)
 * with its link, or DV (on its CVCA's curve), and records it. SJ_INPUT_REFUSED: there is one
 * already, or none yet. *name gets "cvca-at-2", borrowed. Call authority_save() after.
 */
CLI_MUST_CHECK int cv_enrol(struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
			    bool first, const char *key_kind, const char **name);

/* A request in a file; free it with cv_request_free(), whatever cv_request_read() returned. */
struct cv_request {
	uint8_t *bytes;
	struct sj_cvc_request request; /* points into bytes */
};
/*
 * Reads a request and checks that its maker has the key, which is on the issuer's curve. An outer
 * signature must be that of `previous` (a file, or NULL): the applicant's present certificate, which
 * we signed and which is not over, or, for a DV, the certificate of its country's CVCA.
 */
CLI_MUST_CHECK int cv_request_read(const struct authority *a, const struct cv_issuer *issuer,
				   const char *path, const char *previous, struct cv_request *out);
void cv_request_free(struct cv_request *r);

/* From today on for so many days, but no longer than the issuer's certificate (NULL: it has none). */
void cv_set_days(struct sj_cvc *plan, unsigned long days, const struct sj_cvc *issuer);
/*
 * Signs a certificate for the request's key and holder with these rights and further extensions
 * (content of 65), from today for `days`, but no longer than its issuer's.
 */
CLI_MUST_CHECK int cv_sign(const struct authority *a, const struct cv_issuer *issuer,
			   const struct cv_request *r, const struct sj_cvc_rights *rights,
			   struct sj_span extensions, unsigned long days, struct sj_writer *w);
/*
 * Calls `found` with each certificate of this kind that is not over, the oldest first: its name
 * and whole bytes.
 */
CLI_MUST_CHECK int cv_each(const struct authority *a, enum cv_kind kind, enum sj_cvc_terminal type,
			   int (*found)(void *user, const char *name, struct sj_span certificate),
			   void *user);
/* Keeps and records a foreign DV's certificate. Call authority_save() after. */
CLI_MUST_CHECK int cv_keep_foreign(struct authority *a, const struct cv_issuer *issuer,
				   struct sj_span certificate);

#endif
