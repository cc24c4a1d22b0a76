/*
 * cvc_rights.h -- what a CV certificate allows: the holder's role and authorization.
 *
 * Sources: BSI TR-03110-3 v2.21, C.1.5, C.3.1 and 2.7 (effective authorization); part 4, tables
 * 2, 4, 5 and 6. Bits are numbered from the right, as there.
 */
#ifndef SJ_SECURE_CVC_RIGHTS_H
#define SJ_SECURE_CVC_RIGHTS_H

#include "wire/bytes.h"

/* The numbers are the last arc of id-IS, id-AT, id-ST. */
enum sj_cvc_terminal {
	SJ_CVC_INSPECTION = 1, /* inspection system: EAC1, the LDS application */
	SJ_CVC_AUTHENTICATION = 2, /* authentication terminal: the eID application */
	SJ_CVC_SIGNATURE = 3, /* signature terminal */
};

/* The numbers are the two leftmost bits. */
enum sj_cvc_role {
	SJ_CVC_TERMINAL = 0,
	SJ_CVC_DV_FOREIGN = 1, /* or non-official */
	SJ_CVC_DV_DOMESTIC = 2, /* official domestic */
	SJ_CVC_CVCA = 3,
};

/* Authorization extensions that we know; others are passed over (C.3). */
enum sj_cvc_extra {
	SJ_CVC_EID_ACCESS,
	SJ_CVC_SPECIAL_FUNCTIONS,
	SJ_CVC_SOJOURN, /* SJ_RIGHT_... of secure/gate.h */
	SJ_CVC_EXTRAS,
};

/* An authorization: of one certificate, or the effective one of a chain. */
struct sj_cvc_rights {
	enum sj_cvc_terminal terminal;
	uint64_t bits; /* of the template, the role's included */
	uint64_t extra[SJ_CVC_EXTRAS]; /* 0: the extension is absent */
};

enum sj_cvc_role sj_cvc_role(const struct sj_cvc_rights *rights);
/* The same rights with another role. */
void sj_cvc_set_role(struct sj_cvc_rights *rights, enum sj_cvc_role role);
/* Everything that a terminal of this kind can be allowed. */
struct sj_cvc_rights sj_cvc_all_rights(enum sj_cvc_terminal terminal, enum sj_cvc_role role);
/*
 * What is left of `rights` under `by`: the next certificate of the chain, or what the
 * holder allows. Nothing, when the terminals are of different kinds.
 */
void sj_cvc_narrow(struct sj_cvc_rights *rights, const struct sj_cvc_rights *by);
/* `rights` has nothing, role aside, that `limit` has not. */
bool sj_cvc_within(const struct sj_cvc_rights *rights, const struct sj_cvc_rights *limit);

/* From the content of 7F4C; the extras are none. False: unknown kind, or of a wrong size. */
SJ_MUST_CHECK bool sj_cvc_chat_read(struct sj_span content, struct sj_cvc_rights *out);
/* Writes the whole of 7F4C. */
void sj_cvc_chat_put(struct sj_writer *w, const struct sj_cvc_rights *rights);

/*
 * Reads the content of 65: templates of an OID and data objects, each OID once, and sets the
 * extras that it names. False: malformed.
 */
SJ_MUST_CHECK bool sj_cvc_extensions_read(struct sj_span content, struct sj_cvc_rights *rights);
/* What stands behind the OID of the extension of this type; false: there is none. */
SJ_MUST_CHECK bool sj_cvc_extension(struct sj_span content, struct sj_span oid,
				    struct sj_span *value);
/* Writes the templates of the extras that are not 0. */
void sj_cvc_extras_put(struct sj_writer *w, const struct sj_cvc_rights *rights);

#endif
