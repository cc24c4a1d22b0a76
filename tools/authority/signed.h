/*
 * signed.h -- the signed objects of an issuing country.
 *
 * Sources: ICAO Doc 9303-10 (8th ed.), 4.6.2 (EF.SOD) and 3.11.4
 * (EF.CardSecurity); Doc 9303-12 (8th ed.), 9 (master list); SP 800-73-5,
 * part 1, 3.1.2 and 3.1.7 (CHUID, security object); RFC 5652. Their
 * syntax is wire/cms.h's. All have the signed attributes contentType,
 * messageDigest and signingTime, and carry the signer's certificate.
 */
#ifndef SJ_AUTHORITY_SIGNED_H
#define SJ_AUTHORITY_SIGNED_H

#include "crypt/sign.h"

/* Who signs: a key and its certificate (DER). */
struct sj_signed_by {
	const struct sj_key *key;
	struct sj_span certificate;
	int64_t when; /* signingTime; seconds since 1970 UTC */
};

#define SJ_SOD_GROUPS 16u
#define SJ_SOD_MAX 8192u /* bytes of any EF.SOD or EF.CardSecurity made here */

/* What EF.SOD is to sign. */
struct sj_sod_plan {
	unsigned version; /* of LDSSecurityObject: 0 or 1 */
	/* Data group files, whole, by number 1..16; empty: not there; [0] is not used. */
	struct sj_span groups[SJ_SOD_GROUPS + 1];
};

/*
 * Each appends the whole object. False: signing failed, the certificate cannot
 * be read, or it does not fit.
 */

/* EF.SOD: tag 77 around the ContentInfo; the groups are hashed with the key's hash. */
SJ_MUST_CHECK bool sj_signed_put_sod(struct sj_writer *w, const struct sj_sod_plan *plan,
				     const struct sj_signed_by *signer);

/* EF.CardSecurity over a whole SecurityInfos element (SET). */
SJ_MUST_CHECK bool sj_signed_put_card_security(struct sj_writer *w, struct sj_span security_infos,
					       const struct sj_signed_by *signer);

/*
 * A CSCA master list of `n` certificates, signed by a master list signer;
 * `csca` is the certificate above it, carried too.
 */
SJ_MUST_CHECK bool sj_signed_put_master_list(struct sj_writer *w,
					     const struct sj_span *certificates, size_t n,
					     struct sj_span csca,
					     const struct sj_signed_by *signer);

/*
 * The issuer's signature in a CHUID over all its data objects but 3E, together: detached,
 * with the signer's name as an attribute (FIPS 201-3, 4.2.1).
 */
SJ_MUST_CHECK bool sj_signed_put_chuid(struct sj_writer *w, struct sj_span objects,
				       const struct sj_signed_by *signer);
/* What stands in BB of the security object; the signer's certificate is in the CHUID. */
SJ_MUST_CHECK bool sj_signed_put_piv_security(struct sj_writer *w, const struct sj_sod_plan *plan,
					      const struct sj_signed_by *signer);

#endif
