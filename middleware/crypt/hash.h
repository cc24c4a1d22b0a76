/* hash.h -- SHA-1 and SHA-2 (FIPS 180-4). */
#ifndef SJ_CRYPT_HASH_H
#define SJ_CRYPT_HASH_H

#include "wire/bytes.h"

#define SJ_HASH_MAX 64u

enum sj_hash { SJ_HASH_NONE, SJ_SHA1, SJ_SHA224, SJ_SHA256, SJ_SHA384, SJ_SHA512 };

/* Output size in bytes; 0 for SJ_HASH_NONE. */
size_t sj_hash_size(enum sj_hash alg);
/* The one with this output size; SJ_HASH_NONE: none has. */
enum sj_hash sj_hash_of_size(size_t size);
/* "SHA-256"; never NULL. */
const char *sj_hash_name(enum sj_hash alg);
/* From the content bytes of its OBJECT IDENTIFIER; SJ_HASH_NONE: unknown. */
enum sj_hash sj_hash_from_oid(struct sj_span oid);
/* The OID's content bytes (static). */
struct sj_span sj_hash_oid(enum sj_hash alg);

/* Hashes the parts one after the other; `out` gets sj_hash_size(alg) bytes. */
SJ_MUST_CHECK bool sj_hash(enum sj_hash alg, const struct sj_span *parts, size_t n,
			   uint8_t out[static SJ_HASH_MAX]);

#endif
