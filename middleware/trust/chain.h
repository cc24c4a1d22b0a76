/*
 * chain.h -- is this signer certified by somebody we trust, and still?
 *
 * Source: ICAO Doc 9303-12 (8th ed.), 5 and 7; RFC 5280, 6. The rules and
 * their reasons stand in STORE.md, "Using it".
 */
#ifndef SJ_TRUST_CHAIN_H
#define SJ_TRUST_CHAIN_H

#include "trust/finding.h"
#include "trust/store.h"

/* A CA's certificate of the store. */
struct sj_issuer {
	struct sj_trust_file file; /* what the spans point into */
	struct sj_cert cert;
};

/*
 * Finds the CSCA or link that certified `cert`, signature included. SJ_OK: *out is filled; free
 * it with sj_issuer_free(). SJ_TRUST_MISSING (trust is NULL),
 * SJ_ISSUER_UNKNOWN, SJ_TRUST_UNREADABLE: cannot be told. SJ_CHAIN_SIGNATURE: forged.
 */
void sj_chain_find(const struct sj_trust *trust, const struct sj_cert *cert, struct sj_issuer *out,
		   struct sj_finding *f);
/* The same among the key CAs. */
void sj_chain_find_key_ca(const struct sj_trust *trust, const struct sj_cert *cert,
			  struct sj_issuer *out, struct sj_finding *f);
void sj_issuer_free(struct sj_issuer *issuer);

/* May it sign security objects at all? SJ_OK or SJ_SIGNER_INVALID. */
void sj_chain_purpose(const struct sj_cert *signer, struct sj_finding *f);

/* `when` lies in its validity and in the period of its private key. */
bool sj_chain_could_sign(const struct sj_cert *signer, int64_t when);

/*
 * Could it sign then, and does it hold now? signed_at 0: not stated. SJ_OK,
 * SJ_SIGNER_INVALID or SJ_SIGNER_EXPIRED.
 */
void sj_chain_times(const struct sj_cert *signer, const struct sj_cert *issuer, int64_t signed_at,
		    int64_t now, struct sj_finding *f);

/*
 * Is it on its issuer's CRL? *asked: there is a CRL to ask (else f is
 * SJ_OK and says that there is none). SJ_OK, SJ_SIGNER_REVOKED, SJ_CRL_STALE,
 * SJ_TRUST_UNREADABLE.
 */
void sj_chain_revocation(const struct sj_trust *trust, const struct sj_cert *signer, int64_t now,
			 bool *asked, struct sj_finding *f);

/*
 * SJ_OK: the CRL's signature holds under a certificate of the store that may sign CRLs.
 * SJ_CHAIN_SIGNATURE: under none; SJ_TRUST_UNREADABLE: under none that can be read.
 */
SJ_MUST_CHECK enum sj_rc sj_chain_crl_signed(const struct sj_trust *trust,
					     const struct sj_crl *crl);

#endif
