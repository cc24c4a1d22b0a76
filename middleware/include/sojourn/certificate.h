/*
 * certificate.h -- certificates around the keys of a card: described, asked for, made,
 * judged.
 *
 * Sources: RFC 5280, RFC 2986 (PKCS #10), RFC 5758, RFC 8017, RFC 8410; "PIV attestation" of
 * Yubico's documentation.
 */
#ifndef SOJOURN_CERTIFICATE_H
#define SOJOURN_CERTIFICATE_H

#include <sojourn/piv.h>
#include <sojourn/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_CERTIFICATE_NAME_MAX 256u
#define SJ_CERTIFICATE_SERIAL_MAX 43u /* hexadecimal, with NUL */
#define SJ_CERTIFICATE_MADE_MAX 2560u /* bytes of a request or certificate made here */

struct sj_certificate_info {
	size_t size;
	char subject[SJ_CERTIFICATE_NAME_MAX]; /* "C=UT,O=Embassy,CN=Anna" */
	char issuer[SJ_CERTIFICATE_NAME_MAX];
	char serial[SJ_CERTIFICATE_SERIAL_MAX];
	int64_t not_before, not_after; /* seconds since 1970 UTC */
	bool self_signed; /* issuer and subject are the same; the signature is not looked at */
};
/* SJ_INPUT_MALFORMED: not an X.509 certificate. */
SJ_API enum sj_rc sj_certificate_describe(const uint8_t *der, size_t len,
					  struct sj_certificate_info *out);

/* --- what a key of the card signs ----------------------------------------- */

/* The PIN for one signature, where the key wants one. */
struct sj_piv_unlock {
	enum sj_piv_pin pin;
	const char *value;
	size_t len;
	int *tries_left; /* after SJ_WRONG_PIN; may be NULL */
};

/*
 * A signature as certificates and CMS carry it: ECDSA in DER with the hash that fits the
 * curve, RSA PKCS#1 v1.5 with SHA-256, Ed25519 over the message itself. `unlock` NULL: the
 * PIN is verified already, or none is wanted. *out_len: room before (SJ_PIV_BLOCK_MAX is enough), size
 * after. SJ_USAGE: a key that does not sign (X25519).
 */
SJ_API enum sj_rc sj_piv_sign_message(struct sj_piv *piv, uint8_t key,
				      const struct sj_piv_unlock *unlock, const uint8_t *message,
				      size_t len, uint8_t *out, size_t *out_len);

/* "SHA-256", "SHA-384"; "" for Ed25519; NULL: keys of this algorithm do not sign. */
SJ_API const char *sj_piv_signature_hash(enum sj_piv_algorithm algorithm);

/*
 * A certificate request (PKCS#10, DER) for a key, signed by it. `subject`: C, ST, L, O, OU,
 * CN, serialNumber in the order that is wanted ("C=UT,O=Embassy,CN=Anna"; "\," is a comma):
 * SJ_INPUT_MALFORMED if it is none. *out_len: room before
 * (SJ_CERTIFICATE_MADE_MAX is enough), size after.
 */
SJ_API enum sj_rc sj_piv_request(struct sj_piv *piv, uint8_t key,
				 const struct sj_piv_unlock *unlock, const char *subject,
				 uint8_t *out, size_t *out_len);
/* A certificate that the key signs itself, valid from `from` for `days`. */
SJ_API enum sj_rc sj_piv_self_sign(struct sj_piv *piv, uint8_t key,
				   const struct sj_piv_unlock *unlock, const char *subject,
				   int64_t from, unsigned days, uint8_t *out, size_t *out_len);

/* --- attestation ------------------------------------------------------------ */

/* What a card states about a key that it made (sj_piv_attest()). */
struct sj_attestation {
	size_t size;
	uint8_t spki[SJ_PIV_SPKI_MAX]; /* the key */
	size_t spki_len;
	uint8_t version[3];
	uint32_t serial; /* of the card; 0: not told */
	bool pin_always, pin_never;
};
/*
 * SJ_OK: signed by the attestation certificate's key, which a key CA of the store certified
 * for that; *out is filled. SJ_INPUT_MALFORMED: one of them is no such certificate.
 * SJ_CHAIN_SIGNATURE: the statement is not signed by it. Else why the attestation certificate
 * is not believed (SJ_ISSUER_UNKNOWN, SJ_SIGNER_EXPIRED, ...), or SJ_CARD_REVOKED by a status
 * list of the store; *out is filled then too.
 */
SJ_API enum sj_rc sj_attestation_judge(struct sj_trust *trust, const uint8_t *statement,
				       size_t statement_len, const uint8_t *attester,
				       size_t attester_len, int64_t now,
				       struct sj_attestation *out);

#ifdef __cplusplus
}
#endif

#endif
