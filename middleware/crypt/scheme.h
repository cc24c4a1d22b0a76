/* scheme.h -- AlgorithmIdentifiers of signatures, read and written. */
#ifndef SJ_CRYPT_SCHEME_H
#define SJ_CRYPT_SCHEME_H

#include "crypt/hash.h"

enum sj_scheme_kind { SJ_SCHEME_PKCS1, SJ_SCHEME_PSS, SJ_SCHEME_ECDSA };

/* How a signature was made. */
struct sj_scheme {
	enum sj_scheme_kind kind;
	enum sj_hash hash; /* SJ_HASH_NONE: the identifier names none */
	enum sj_hash mgf_hash; /* PSS: of mask generation function 1 */
	uint32_t salt; /* PSS: bytes of salt */
	bool salt_unknown; /* PSS without parameters: any salt */
};

/* From a whole AlgorithmIdentifier (RFC 4055, RFC 5758); false: unknown or malformed. */
SJ_MUST_CHECK bool sj_scheme_read(struct sj_span algorithm, struct sj_scheme *out);
/* From RSASSA-PSS-params, a whole element (RFC 4055, 3.1). */
SJ_MUST_CHECK bool sj_scheme_read_pss(struct sj_span parameters, struct sj_scheme *out);
/* Writes the AlgorithmIdentifier, of PSS with unknown salt without parameters; the scheme must name a hash. */
SJ_MUST_CHECK bool sj_scheme_put(const struct sj_scheme *scheme, struct sj_writer *w);

#endif
