/*
 * edhoc.h -- EDHOC: messages as bytes, and the key schedule. No role: who
 * counts, checks and aborts is written by the card (Initiator) and by the gate
 * (Responder), each from the standard.
 *
 * Sources: RFC 9528; draft-ietf-lake-edhoc-psk-08 (method 4), here "PSK draft".
 */
#ifndef SJ_SECURE_EDHOC_H
#define SJ_SECURE_EDHOC_H

#include "crypt/aead.h"
#include "crypt/ec.h"
#include "crypt/hkdf.h"
#include "wire/cbor.h"

#define SJ_EDHOC_HASH 32u /* SHA-256, the hash of all suites here */
#define SJ_EDHOC_KEY 32u /* private keys and x coordinates of all suites here */
#define SJ_EDHOC_MAC_MIN 8u
#define SJ_EDHOC_MAC_MAX 32u
#define SJ_EDHOC_SIGNATURE 64u
#define SJ_EDHOC_TEXT_MAX 1024u /* a text under a keystream */
#define SJ_EDHOC_AAD_MAX 498u /* external_aad */

/* Authentication methods (RFC 9528, 3.2; PSK draft): who signs, who has a static DH key. */
enum sj_edhoc_method {
	SJ_EDHOC_SIGN_SIGN = 0,
	SJ_EDHOC_SIGN_DH = 1, /* Initiator signs, Responder static DH */
	SJ_EDHOC_DH_SIGN = 2,
	SJ_EDHOC_DH_DH = 3,
	SJ_EDHOC_PSK = 4,
};
bool sj_edhoc_initiator_signs(uint8_t method);
bool sj_edhoc_responder_signs(uint8_t method);

/* Cipher suites (RFC 9528, 3.6): 0, 2 and 3. */
struct sj_edhoc_suite {
	uint8_t id;
	enum sj_aead aead;
	size_t mac_size; /* EDHOC MAC length with static DH, in bytes */
	enum sj_curve curve; /* SJ_CURVE_NONE: X25519 and Ed25519 */
};
/* NULL: not one of ours. */
const struct sj_edhoc_suite *sj_edhoc_suite(int64_t id);

/* --- keys ------------------------------------------------------------------ */

/* A fresh private key, and its public x coordinate (X25519: the public key). */
SJ_MUST_CHECK bool sj_edhoc_keygen(const struct sj_edhoc_suite *suite, const struct sj_random *rnd,
				   uint8_t key[static SJ_EDHOC_KEY],
				   uint8_t x[static SJ_EDHOC_KEY]);
SJ_MUST_CHECK bool sj_edhoc_public(const struct sj_edhoc_suite *suite,
				   const uint8_t key[static SJ_EDHOC_KEY],
				   uint8_t x[static SJ_EDHOC_KEY]);
/* ECDH; false: `peer_x` is of no point on the curve (RFC 9528, 9.2), or the result is zero. */
SJ_MUST_CHECK bool sj_edhoc_agree(const struct sj_edhoc_suite *suite,
				  const uint8_t key[static SJ_EDHOC_KEY], struct sj_span peer_x,
				  uint8_t out[static SJ_EDHOC_KEY]);
/*
 * The same in two steps, for a key that one agrees with more than once: on
 * P-256 its y is computed in the first. False there: no point on the curve.
 */
SJ_MUST_CHECK bool sj_edhoc_peer(const struct sj_edhoc_suite *suite, struct sj_span peer_x,
				 struct sj_ec_point *out);
SJ_MUST_CHECK bool sj_edhoc_agree_with(const struct sj_edhoc_suite *suite,
				       const uint8_t key[static SJ_EDHOC_KEY],
				       const struct sj_ec_point *peer,
				       uint8_t out[static SJ_EDHOC_KEY]);
/* ES256 (r || s) or EdDSA over `message`. */
SJ_MUST_CHECK bool sj_edhoc_sign(const struct sj_edhoc_suite *suite,
				 const uint8_t key[static SJ_EDHOC_KEY], struct sj_span message,
				 uint8_t out[static SJ_EDHOC_SIGNATURE]);
/* `key`: the point 04 || x || y, or the 32 bytes of Ed25519. */
SJ_MUST_CHECK bool sj_edhoc_verify(const struct sj_edhoc_suite *suite, struct sj_span key,
				   struct sj_span message, struct sj_span signature);

/* --- messages -------------------------------------------------------------- */

/*
 * Connection and key identifiers are byte strings; one that looks like a
 * one-byte CBOR integer travels as that integer (RFC 9528, 3.3.2). Taking
 * gives the identifier's own bytes and refuses the longer form.
 */
SJ_MUST_CHECK bool sj_edhoc_take_id(struct sj_span *in, struct sj_span *id);
void sj_edhoc_put_id(struct sj_writer *w, struct sj_span id);

/*
 * External authorization data (RFC 9528, 3.8): the next item of a checked EAD;
 * a negative label is critical, 0 is padding. Without a value: value->ptr NULL.
 */
SJ_MUST_CHECK bool sj_edhoc_ead_next(struct sj_span *ead, int64_t *label, struct sj_span *value);
/* All of `in` is EAD, or it is empty: PLAINTEXT_3B and PLAINTEXT_4 are nothing else. */
SJ_MUST_CHECK bool sj_edhoc_ead_check(struct sj_span in);
/* value.ptr NULL: no value. */
void sj_edhoc_put_ead(struct sj_writer *w, int64_t label, struct sj_span value);

/* Spans point into what was parsed. */
struct sj_edhoc_message_1 {
	uint8_t method;
	struct sj_span suites; /* SUITES_I as encoded; for sj_edhoc_suite_next() */
	int64_t selected; /* the last of them */
	struct sj_span g_x;
	struct sj_span c_i; /* identifier */
	struct sj_span ead; /* empty: none */
};
/* The length of G_X is checked if the suite is ours; whether it is: sj_edhoc_suite(selected). */
SJ_MUST_CHECK bool sj_edhoc_message_1_parse(struct sj_span in, struct sj_edhoc_message_1 *out);
/* `suites`: ids, one byte each, the selected one last; of one: sj_span(&suite->id, 1). */
void sj_edhoc_message_1_put(struct sj_writer *w, uint8_t method, struct sj_span suites,
			    struct sj_span g_x, struct sj_span c_i, struct sj_span ead);
/* Walks SUITES_I or SUITES_R; false: no more. */
SJ_MUST_CHECK bool sj_edhoc_suite_next(struct sj_span *suites, int64_t *id);

/* A message of one byte string: message_2, message_3 or message_4. */
SJ_MUST_CHECK bool sj_edhoc_message_parse(struct sj_span in, struct sj_span *content);
/* message_2: G_Y and the rest of the byte string. */
SJ_MUST_CHECK bool sj_edhoc_message_2_parse(struct sj_span in, struct sj_span *g_y,
					    struct sj_span *ciphertext_2);

/* PLAINTEXT_2 and PLAINTEXT_3 of methods 0 to 3; PLAINTEXT_2A has C_R and EAD_2 alone. */
struct sj_edhoc_plaintext {
	struct sj_span c_r; /* identifier; PLAINTEXT_2 only */
	struct sj_span id_cred; /* as it travels: a map, or an identifier encoded */
	struct sj_span proof; /* Signature_or_MAC_x, 8 bytes or more */
	struct sj_span ead;
};
SJ_MUST_CHECK bool sj_edhoc_plaintext_2_parse(struct sj_span in, struct sj_edhoc_plaintext *out);
SJ_MUST_CHECK bool sj_edhoc_plaintext_2a_parse(struct sj_span in, struct sj_edhoc_plaintext *out);
SJ_MUST_CHECK bool sj_edhoc_plaintext_3_parse(struct sj_span in, struct sj_edhoc_plaintext *out);
/* PLAINTEXT_3A (PSK draft): ID_CRED_PSK as it travels, and CIPHERTEXT_3B. */
SJ_MUST_CHECK bool sj_edhoc_plaintext_3a_parse(struct sj_span in, struct sj_span *id_cred,
					       struct sj_span *ciphertext_3b);
/* ID_CRED_x from the map that the contexts hold: an identifier if it has a `kid` alone. */
void sj_edhoc_put_id_cred(struct sj_writer *w, struct sj_span map);
/* The reverse: the map { 4 : kid } of an identifier, or the map itself. */
void sj_edhoc_put_id_cred_map(struct sj_writer *w, struct sj_span travelling);

enum sj_edhoc_error { SJ_EDHOC_UNSPECIFIED = 1, SJ_EDHOC_WRONG_SUITE = 2 };
/* (1, "") or (2, SUITES_R of these ids, one byte each). */
void sj_edhoc_error_put(struct sj_writer *w, enum sj_edhoc_error code, struct sj_span suites);
/* *info: ERR_INFO as encoded; a text for 1, SUITES_R for 2. False for code 0 too (6.1). */
SJ_MUST_CHECK bool sj_edhoc_error_parse(struct sj_span in, int64_t *code, struct sj_span *info);

/* --- key schedule (RFC 9528, 4.1) ------------------------------------------- */

/* A pseudorandom key. Ended, and so wiped, with sj_edhoc_prk_end(); zeroed is a good start. */
struct sj_edhoc_prk {
	uint8_t bytes[SJ_PRK_SIZE];
	struct sj_hmac *mac; /* made when first used */
};
void sj_edhoc_prk_end(struct sj_edhoc_prk *prk);
/* EDHOC_Extract; `salt` may be derived from the same object. */
SJ_MUST_CHECK bool sj_edhoc_extract(struct sj_edhoc_prk *prk, struct sj_span salt,
				    struct sj_span ikm);
/* From bytes that were kept. */
void sj_edhoc_prk_set(struct sj_edhoc_prk *prk, const uint8_t bytes[static SJ_PRK_SIZE]);

/* The info labels of RFC 9528, 4.1.2 (figure 6) and of the PSK draft. */
enum sj_edhoc_label {
	SJ_EDHOC_KEYSTREAM_2 = 0,
	SJ_EDHOC_SALT_3E2M = 1,
	SJ_EDHOC_MAC_2 = 2,
	SJ_EDHOC_K_3 = 3, /* IV_3 is the next */
	SJ_EDHOC_SALT_4E3M = 5,
	SJ_EDHOC_MAC_3 = 6,
	SJ_EDHOC_PRK_OUT = 7,
	SJ_EDHOC_K_4 = 8, /* IV_4 is the next */
	SJ_EDHOC_PRK_EXPORTER = 10,
	SJ_EDHOC_KEY_UPDATE = 11,
	SJ_EDHOC_KEYSTREAM_3A = 12,
};

/*
 * EDHOC_KDF and EDHOC_Exporter: `len` bytes; the context in at most
 * SJ_EDHOC_CONTEXT_PARTS parts, one after the other.
 */
#define SJ_EDHOC_CONTEXT_PARTS 6u
SJ_MUST_CHECK bool sj_edhoc_kdf(struct sj_edhoc_prk *prk, uint32_t label,
				const struct sj_span *context, size_t n, uint8_t *out, size_t len);
/* SALT_3e2m or SALT_4e3m of `from`, then the next PRK of it and the shared secret or PSK. */
SJ_MUST_CHECK bool sj_edhoc_next_prk(struct sj_edhoc_prk *from, enum sj_edhoc_label salt,
				     const uint8_t th[static SJ_EDHOC_HASH], struct sj_span ikm,
				     struct sj_edhoc_prk *to);
/* PRK_out of PRK_4e3m, and PRK_exporter of PRK_out; may be in place. */
SJ_MUST_CHECK bool sj_edhoc_prk_out(struct sj_edhoc_prk *prk_4e3m,
				    const uint8_t th_4[static SJ_EDHOC_HASH],
				    struct sj_edhoc_prk *out);
SJ_MUST_CHECK bool sj_edhoc_prk_exporter(struct sj_edhoc_prk *prk_out, struct sj_edhoc_prk *out);
/* EDHOC_KeyUpdate (RFC 9528, appendix H): replaces PRK_out. */
SJ_MUST_CHECK bool sj_edhoc_key_update(struct sj_edhoc_prk *prk_out, struct sj_span context);

/* TH_2 = H( G_Y, H(message_1) ). */
SJ_MUST_CHECK bool sj_edhoc_th_2(struct sj_span g_y, const uint8_t message_1[static SJ_EDHOC_HASH],
				 uint8_t th_2[static SJ_EDHOC_HASH]);
/* TH_3 = H( TH_2, PLAINTEXT_2, CRED_R ), TH_4 alike: the parts are encoded items. In place. */
SJ_MUST_CHECK bool sj_edhoc_th_next(uint8_t th[static SJ_EDHOC_HASH], const struct sj_span *parts,
				    size_t n);

/* What a proof is made over. Encoded items; CRED_x a map, an array or a byte string. */
struct sj_edhoc_claim {
	struct sj_span c_r; /* encoded; empty in message_3 */
	struct sj_span id_cred; /* the map */
	struct sj_span cred;
	struct sj_span ead;
};
/* MAC_2 or MAC_3 of `len` bytes: the suite's mac_size, or 32 under a signature. */
SJ_MUST_CHECK bool sj_edhoc_mac(struct sj_edhoc_prk *prk, enum sj_edhoc_label label,
				const uint8_t th[static SJ_EDHOC_HASH],
				const struct sj_edhoc_claim *claim, uint8_t *out, size_t len);
/* M_2 or M_3, what is signed (RFC 9528, 5.3.2 and 5.4.2). */
void sj_edhoc_signed_put(struct sj_writer *w, const uint8_t th[static SJ_EDHOC_HASH],
			 const struct sj_edhoc_claim *claim, struct sj_span mac);

/* KEYSTREAM_2 (of PRK_2e) or KEYSTREAM_3A (of PRK_3e2m) over `text`, in place. */
SJ_MUST_CHECK bool sj_edhoc_stream(struct sj_edhoc_prk *prk, enum sj_edhoc_label label,
				   const uint8_t th[static SJ_EDHOC_HASH], uint8_t *text,
				   size_t len);
/*
 * CIPHERTEXT_3, 3B and 4: COSE_Encrypt0 with the keys of SJ_EDHOC_K_3 (of
 * PRK_3e2m; with a PSK of PRK_4e3m) or SJ_EDHOC_K_4 (of PRK_4e3m); external_aad
 * is TH_x itself, or for 3B what sj_edhoc_psk_aad_put() puts.
 */
SJ_MUST_CHECK bool sj_edhoc_seal(const struct sj_edhoc_suite *suite, struct sj_edhoc_prk *prk,
				 enum sj_edhoc_label label, const uint8_t th[static SJ_EDHOC_HASH],
				 struct sj_span external_aad, struct sj_span plain,
				 struct sj_writer *out);
SJ_MUST_CHECK bool sj_edhoc_open(const struct sj_edhoc_suite *suite, struct sj_edhoc_prk *prk,
				 enum sj_edhoc_label label, const uint8_t th[static SJ_EDHOC_HASH],
				 struct sj_span external_aad, struct sj_span sealed,
				 struct sj_writer *out);
/* external_aad of CIPHERTEXT_3B: ID_CRED_PSK as it travels, TH_3, CRED_I, CRED_R. */
void sj_edhoc_psk_aad_put(struct sj_writer *w, struct sj_span id_cred,
			  const uint8_t th_3[static SJ_EDHOC_HASH], struct sj_span cred_i,
			  struct sj_span cred_r);

#endif
