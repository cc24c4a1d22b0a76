/*
 * sign.h -- signatures as X.509 and CMS name them, and keys in files or elsewhere.
 *
 * Sources: RFC 4055 (RSA, PSS), RFC 5758 (ECDSA), RFC 5652.
 */
#ifndef SJ_CRYPT_SIGN_H
#define SJ_CRYPT_SIGN_H

#include "crypt/ec.h"

/*
 * Verifies `signature` over `message`. `algorithm` is the DER of the
 * AlgorithmIdentifier beside the signature; `digest` is used where that names
 * no hash (rsaEncryption, id-ecPublicKey in old SODs, RSA-PSS without
 * parameters: MGF1 with that hash and any salt), else ignored. ECDSA
 * signatures are DER. A key that is marked for RSA-PSS verifies nothing else. Accepts RSA PKCS#1 v1.5, RSA-PSS with its parameters,
 * ECDSA with named or known explicit parameters; hashes SHA-1 to SHA-512.
 */
SJ_MUST_CHECK bool sj_signature_verify(struct sj_span spki, struct sj_span algorithm,
				       enum sj_hash digest, struct sj_span message,
				       struct sj_span signature);

#define SJ_KEY_MAX 4096u /* bytes of a PKCS#8 file that we read or write */

/* A private key for signing certificates and SODs; opaque, freed by its owner. */
struct sj_key;

/*
 * Makes a key: a name of sj_curve_name(), or "RSA-" or "RSA-PSS-" with 2048,
 * 3072 or 4096. NULL: unknown kind or failure.
 */
struct sj_key *sj_key_generate(const char *kind);

/*
 * A key that lies elsewhere, in an HSM: its public half, and how to have a digest signed there.
 * `sign` gets the digest that sj_key_hash() names, and gives ECDSA's r || s, or the RSA block of
 * PKCS #1 v1.5 or PSS (as `spki` says; salt as long as the hash). `user` is freed with `done` by
 * sj_key_free(). NULL: not a key we can use; `user` remains the caller's then.
 */
struct sj_key_elsewhere {
	bool (*sign)(void *user, enum sj_hash hash, struct sj_span digest, struct sj_writer *out);
	void (*done)(void *user); /* may be NULL */
	void *user;
};
struct sj_key *sj_key_elsewhere(struct sj_span spki, const struct sj_key_elsewhere *how);
/* An EC key from its scalar. NULL: not one of the curve. */
struct sj_key *sj_key_from_ec(enum sj_curve curve, const struct sj_ec_secret *secret);

/* From PKCS#8 in DER; NULL: not a key we can use. */
struct sj_key *sj_key_read(struct sj_span pkcs8);
/* Writes PKCS#8 DER (secret). False: it lies elsewhere. */
SJ_MUST_CHECK bool sj_key_put(const struct sj_key *key, struct sj_writer *w);
/* Writes SubjectPublicKeyInfo; explicit_form: explicit EC parameters (ICAO 9303-12). */
SJ_MUST_CHECK bool sj_key_put_public(const struct sj_key *key, bool explicit_form,
				     struct sj_writer *w);
/*
 * Signs with the hash that fits the key (P-384: SHA-384, RSA: SHA-256, ...).
 * `algorithm` gets the AlgorithmIdentifier, `signature` the signature (ECDSA: DER).
 */
SJ_MUST_CHECK bool sj_key_sign(const struct sj_key *key, struct sj_span message,
			       struct sj_writer *algorithm, struct sj_writer *signature);
/* As sj_key_sign(), EC keys only: r || s, as COSE and card verifiable certificates have it. */
SJ_MUST_CHECK bool sj_key_sign_plain(const struct sj_key *key, struct sj_span message,
				     struct sj_writer *signature);
/*
 * Signs what sj_key_hash() made of a message: r || s, or the RSA block. For who stands between a
 * key and its users (struct sj_key_elsewhere).
 */
SJ_MUST_CHECK bool sj_key_sign_digest(const struct sj_key *key, struct sj_span digest,
				      struct sj_writer *signature);
/* The AlgorithmIdentifier that sj_key_sign() will give (a certificate names it inside too). */
SJ_MUST_CHECK bool sj_key_put_algorithm(const struct sj_key *key, struct sj_writer *w);
/* SJ_CURVE_NONE: an RSA key. */
enum sj_curve sj_key_curve(const struct sj_key *key);
/* Curve and public point. False: an RSA key. */
SJ_MUST_CHECK bool sj_key_get_point(const struct sj_key *key, enum sj_curve *curve,
				    struct sj_ec_point *point);
/* With the scalar, which is to be wiped. False: an RSA key, or it lies elsewhere. */
SJ_MUST_CHECK bool sj_key_get_ec(const struct sj_key *key, enum sj_curve *curve,
				 struct sj_ec_secret *secret, struct sj_ec_point *point);
/* The hash that sj_key_sign() will use. */
enum sj_hash sj_key_hash(const struct sj_key *key);
void sj_key_free(struct sj_key *key);

#endif
