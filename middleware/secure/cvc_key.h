/*
 * cvc_key.h -- public keys as card verifiable certificates carry them, and signatures
 * under them.
 *
 * Sources: BSI TR-03110-3 v2.21, A.7.3 (algorithms of Terminal Authentication), D.3 (encoding);
 * TR-03111 v2.1, 5.2.1 (plain ECDSA).
 */
#ifndef SJ_SECURE_CVC_KEY_H
#define SJ_SECURE_CVC_KEY_H

#include "crypt/sign.h"

enum sj_cvc_scheme { SJ_CVC_ECDSA, SJ_CVC_RSA, SJ_CVC_RSA_PSS };

/* Spans point into what was read, or into the buffer given to sj_cvc_key_of(). */
struct sj_cvc_key {
	enum sj_cvc_scheme scheme;
	enum sj_hash hash;
	enum sj_curve curve; /* ECDSA; SJ_CURVE_NONE: as the issuer's, see sj_cvc_key_inherit() */
	struct sj_span point; /* ECDSA: 04 || x || y */
	struct sj_span modulus, exponent; /* RSA, without leading zeros */
};

/*
 * Reads the content of 7F49. Domain parameters must be all there, of a curve we know, with the
 * point on it, or all absent (the cofactor may be absent in any case). False: anything else.
 */
SJ_MUST_CHECK bool sj_cvc_key_read(struct sj_span content, struct sj_cvc_key *out);
/* Writes the whole of 7F49, with domain parameters or without (ECDSA). */
SJ_MUST_CHECK bool sj_cvc_key_put(struct sj_writer *w, const struct sj_cvc_key *key,
				  bool parameters);
/*
 * Gives a key without domain parameters its issuer's. False: the issuer's is no such key, or
 * the point is not on its curve. Other keys stay as they are.
 */
SJ_MUST_CHECK bool sj_cvc_key_inherit(struct sj_cvc_key *key, const struct sj_cvc_key *issuer);

/*
 * A public key object of another algorithm (D.3), EC, always with domain parameters: writes the
 * whole of 7F49, or reads its content. False: another OID, and as in sj_cvc_key_read().
 */
SJ_MUST_CHECK bool sj_cvc_object_put(struct sj_writer *w, struct sj_span oid, enum sj_curve curve,
				     struct sj_span point);
SJ_MUST_CHECK bool sj_cvc_object_read(struct sj_span content, struct sj_span oid,
				      enum sj_curve *curve, struct sj_ec_point *point);

/* The public half of a key of ours, EC only; the point goes to `point`. False: RSA. */
SJ_MUST_CHECK bool sj_cvc_key_of(const struct sj_key *key, struct sj_ec_point *point,
				 struct sj_cvc_key *out);
/* The signature of these parts, one after the other. A key without a curve verifies nothing. */
SJ_MUST_CHECK bool sj_cvc_key_verify(const struct sj_cvc_key *key, const struct sj_span *parts,
				     size_t n, struct sj_span signature);

#endif
