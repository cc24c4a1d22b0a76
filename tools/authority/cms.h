/*
 * cms.h -- the signed objects of an issuing country.
 *
 * Sources: RFC 5652 (SignedData), RFC 5754; ICAO Doc 9303-10 (8th ed.), 4.6.2
 * (EF.SOD) and 3.11.4 (EF.CardSecurity); Doc 9303-12 (8th ed.), 9 (master
 * list). All end with signed attributes contentType, messageDigest and
 * signingTime, and carry the signer's certificate.
 */
#ifndef SJ_AUTHORITY_CMS_H
#define SJ_AUTHORITY_CMS_H

#include "crypt/sign.h"

/* Who signs: a key and its certificate (DER). */
struct sj_cms_signer {
	const struct sj_key *key;
	struct sj_span certificate;
	int64_t when; /* signingTime; seconds since 1970 UTC */
};

/*
 * ContentInfo with SignedData over `content` of the type `content_type` (OID
 * content bytes). `extra`: a further certificate to carry, or an empty span.
 * False: signing failed, the certificate cannot be read, or it does not fit.
 */
SJ_MUST_CHECK bool sj_cms_put(struct sj_writer *w, struct sj_span content_type,
			      struct sj_span content, const struct sj_cms_signer *signer,
			      struct sj_span extra);

#define SJ_SOD_GROUPS 16u

/* What EF.SOD is to sign: data group files, whole; empty: not there. */
struct sj_sod_plan {
	unsigned version; /* of LDSSecurityObject: 0 or 1 */
	struct sj_span groups[SJ_SOD_GROUPS + 1]; /* by number, 1..16; [0] is not used */
};

/* EF.SOD: tag 77 around the ContentInfo; hashes with the signer's hash. */
SJ_MUST_CHECK bool sj_sod_put(struct sj_writer *w, const struct sj_sod_plan *plan,
			      const struct sj_cms_signer *signer);

/* EF.CardSecurity over a whole SecurityInfos element (SET). */
SJ_MUST_CHECK bool sj_card_security_put(struct sj_writer *w, struct sj_span security_infos,
					const struct sj_cms_signer *signer);

/*
 * A CSCA master list of `n` certificates (at most 64), signed by a master
 * list signer; `csca` is the certificate above it, carried too.
 */
SJ_MUST_CHECK bool sj_master_list_put(struct sj_writer *w, const struct sj_span *certificates,
				      size_t n, const struct sj_cms_signer *signer,
				      struct sj_span csca);

#endif
