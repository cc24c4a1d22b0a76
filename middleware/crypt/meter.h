/*
 * meter.h -- counting what crypt does, where it is done: for models of chips
 * that do the same, and for floors.
 */
#ifndef SJ_CRYPT_METER_H
#define SJ_CRYPT_METER_H

#include "crypt/ec.h"
#include "crypt/hash.h"

enum sj_meter_op {
	SJ_METER_EC_BASE, /* a scalar by the generator: a key pair is made */
	SJ_METER_EC_POINT, /* a scalar by another point: agreement */
	SJ_METER_EC_MAP, /* s * G + H: the generic mapping of PACE */
	SJ_METER_EC_Y, /* a point from its x alone */
	SJ_METER_EC_SIGN,
	SJ_METER_EC_VERIFY,
	SJ_METER_RSA_PRIVATE, /* amount: bytes of the modulus, as below */
	SJ_METER_RSA_PUBLIC,
	SJ_METER_CIPHER, /* AES or 3DES, a key set and used once; amount: bytes */
	SJ_METER_HASH, /* one message; amount: 64-byte blocks with padding */
};

/* Told of every operation that is begun, whether it succeeds or not. */
struct sj_meter {
	/* `curve`: of the EC operations, else SJ_CURVE_NONE; they have amount 1. */
	void (*count)(struct sj_meter *self, enum sj_meter_op op, enum sj_curve curve,
		      size_t amount);
};

/*
 * The meter of the calling thread from now on (NULL: none, as at first);
 * returns the former one, for setting it again. It must outlive its use.
 */
struct sj_meter *sj_meter_use(struct sj_meter *meter);

/* --- for the verbs of crypt --- */

void sj_meter_count(enum sj_meter_op op, enum sj_curve curve, size_t amount);
void sj_meter_cipher(size_t bytes);
void sj_meter_hash(enum sj_hash alg, size_t bytes);

#endif
