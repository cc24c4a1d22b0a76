/*
 * public.h -- SubjectPublicKeyInfo of every kind of key that a card may have.
 *
 * Sources: RFC 5280, RFC 8017, RFC 5480, RFC 8410.
 */
#ifndef SJ_CRYPT_PUBLIC_H
#define SJ_CRYPT_PUBLIC_H

#include "crypt/cfrg.h"
#include "crypt/ec.h"

enum sj_public_kind {
	SJ_PUBLIC_NONE,
	SJ_PUBLIC_RSA,
	SJ_PUBLIC_EC,
	SJ_PUBLIC_ED25519,
	SJ_PUBLIC_X25519,
};

/* A public key taken apart; spans point into what was read. */
struct sj_public {
	enum sj_public_kind kind;
	size_t bits; /* of the modulus, the field */
	struct sj_span modulus, exponent; /* RSA: without leading zeros */
	enum sj_curve curve;
	struct sj_span parameters; /* EC: whole element beside the OID */
	struct sj_ec_point point; /* EC: 04 || x || y; the two others: 32 bytes */
};

/* `spki`: a whole SubjectPublicKeyInfo. False: malformed or of another kind. */
SJ_MUST_CHECK bool sj_public_read(struct sj_span spki, struct sj_public *out);
void sj_public_put_rsa(struct sj_writer *w, struct sj_span modulus, struct sj_span exponent);
/* Ed25519 or X25519. */
void sj_public_put_cfrg(struct sj_writer *w, enum sj_public_kind kind,
			const uint8_t key[static SJ_CFRG_KEY]);
/* The curve of ECParameters that is a whole OBJECT IDENTIFIER; SJ_CURVE_NONE: unknown. */
enum sj_curve sj_curve_from_parameters(struct sj_span parameters);
/* Writes that element. */
void sj_curve_put_parameters(struct sj_writer *w, enum sj_curve curve);

#endif
