/*
 * keyca.h -- key CAs: who signs the certificates of card keys and the signers
 * of PIV card verifiable certificates. X.509, in the store beside CSCAs (STORE.md).
 */
#ifndef SJ_TRUST_KEYCA_H
#define SJ_TRUST_KEYCA_H

#include "trust/store.h"

enum sj_key_purpose {
	SJ_KEY_OF_CARD, /* a certificate of a key on a card */
	SJ_KEY_OF_CVC_SIGNER, /* signs CVCs: extended key usage id-PIV-content-signing */
	SJ_KEY_OF_ATTESTATION, /* F9: a CA of one step, for attestations */
};

/*
 * Judges a certificate by the key CAs of the store at time `now`, or the newest evidence of
 * the time if that is later: SJ_OK, SJ_ISSUER_UNKNOWN, SJ_CHAIN_SIGNATURE,
 * SJ_SIGNER_INVALID (unreadable, or not for this purpose), SJ_SIGNER_EXPIRED,
 * SJ_SIGNER_REVOKED, SJ_CRL_STALE (cannot be told: the list is too old),
 * SJ_TRUST_UNREADABLE, SJ_TRUST_MISSING (trust is NULL).
 */
SJ_MUST_CHECK enum sj_rc sj_trust_judge_key(const struct sj_trust *trust, struct sj_span der,
					    enum sj_key_purpose purpose, int64_t now);

/*
 * Where the keys of a card stand in their issuer's status list: SJ_OK, SJ_CARD_REVOKED,
 * SJ_STATUS_NOT_COVERED (also: the certificate names no place), SJ_STATUS_MISSING,
 * SJ_STATUS_STALE, SJ_TRUST_UNREADABLE. The certificate must have been judged before.
 */
SJ_MUST_CHECK enum sj_rc sj_trust_key_status(const struct sj_trust *trust, struct sj_span der,
					     int64_t now);

#endif
