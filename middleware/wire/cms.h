/*
 * cms.h -- the syntax of CMS SignedData: EF.SOD, EF.CardSecurity, master lists.
 *
 * Sources: RFC 5652, 3, 5 and 11; ICAO Doc 9303-12 (8th ed.), 9 (master list).
 * Nothing is judged here and nothing re-encoded: every span points into the
 * input. Lengths are definite (BER's long forms too); sj_cms_definite() turns
 * the indefinite ones of signers that stream into definite ones.
 */
#ifndef SJ_WIRE_CMS_H
#define SJ_WIRE_CMS_H

#include "wire/tlv.h"

/* A SignedData; an empty span: the optional part is absent. */
struct sj_cms {
	uint32_t version;
	struct sj_span digest_algorithms; /* AlgorithmIdentifier elements */
	struct sj_span content_type; /* OID */
	struct sj_span content; /* the bytes inside the eContent OCTET STRING */
	struct sj_span certificates; /* elements, for sj_cms_certificate() */
	struct sj_span crls; /* elements */
	struct sj_span signers; /* elements, for sj_cms_signer() */
};

/* A SignerInfo. Either issuer and serial, or key_id. */
struct sj_cms_signer {
	uint32_t version;
	struct sj_span issuer; /* whole Name element; empty with key_id */
	struct sj_span serial; /* INTEGER content */
	struct sj_span key_id; /* subjectKeyIdentifier */
	struct sj_span digest_algorithm; /* whole AlgorithmIdentifier */
	struct sj_span digest_oid;
	/*
	 * The whole signedAttrs element as it stands, tag A0; empty: absent. What
	 * is signed is 31 in place of A0, and then the rest of it as it stands.
	 */
	struct sj_span signed_attributes;
	struct sj_span content_type; /* attribute: OID; empty: absent */
	struct sj_span message_digest; /* attribute; empty: absent */
	struct sj_span signing_time; /* attribute: whole Time element; empty: absent */
	int64_t signed_at; /* the same, seconds since 1970 UTC */
	struct sj_span signature_algorithm; /* whole AlgorithmIdentifier */
	struct sj_span signature;
};

/*
 * Reads a ContentInfo that is a SignedData, with nothing after it. False: it
 * is something else.
 */
SJ_MUST_CHECK bool sj_cms_parse(struct sj_span in, struct sj_cms *out);

/* Takes the next certificate, a whole element; others of CertificateChoices are passed over. */
SJ_MUST_CHECK enum sj_tlv_rc sj_cms_certificate(struct sj_span *certificates, struct sj_span *der);

/*
 * Takes the next signer. MALFORMED: not a SignerInfo, an attribute twice, or
 * an attribute of these three without exactly one value.
 */
SJ_MUST_CHECK enum sj_tlv_rc sj_cms_signer(struct sj_span *signers, struct sj_cms_signer *out);

/*
 * What a whole signedAttrs element says, into the fields of *out for the three attributes, which
 * are empty before. False: as MALFORMED above.
 */
SJ_MUST_CHECK bool sj_cms_attributes(struct sj_span element, struct sj_cms_signer *out);

/* UTCTime or GeneralizedTime in DER form, a whole element, to seconds since 1970 UTC. */
SJ_MUST_CHECK bool sj_cms_time(struct sj_span element, int64_t *out);

/* Whether `in` begins with an object of indefinite length. */
bool sj_cms_is_indefinite(struct sj_span in);
/*
 * Copies one object, its indefinite lengths made definite and constructed
 * OCTET STRINGs joined; what is of definite length is copied as it stands (and
 * so may hold no indefinite length). Nesting of indefinite lengths up to
 * SJ_CMS_DEPTH. A buffer of in.len + in.len / 1024 + 64 bytes suffices. False:
 * malformed, nested deeper, bytes after it, or it did not fit.
 */
#define SJ_CMS_DEPTH 16u
SJ_MUST_CHECK bool sj_cms_definite(struct sj_span in, struct sj_writer *out);

/* An ICAO master list: the content of type 2.23.136.1.1.2. */
struct sj_masterlist {
	uint32_t version;
	struct sj_span certificates; /* elements, for sj_cms_certificate() */
};
SJ_MUST_CHECK bool sj_masterlist_parse(struct sj_span content, struct sj_masterlist *out);
/* Writes one of version 0; the certificates are put into DER's order for a SET. */
void sj_masterlist_put(struct sj_writer *w, const struct sj_span *certificates, size_t n);

/* --- making one, with one signer ----------------------------------------- */

/*
 * Writes the signed attributes as the SET (31) that is to be signed: content
 * type, message digest and, if signed_at is not 0, signing time.
 */
void sj_cms_put_attributes(struct sj_writer *w, struct sj_span content_type, struct sj_span digest,
			   int64_t signed_at);
/* The same with one more of this type; its value `more` is a whole element of at most 512 bytes. */
void sj_cms_put_attributes_and(struct sj_writer *w, struct sj_span content_type,
			       struct sj_span digest, int64_t signed_at, struct sj_span type,
			       struct sj_span more);

struct sj_cms_recipe {
	struct sj_span content_type; /* OID */
	struct sj_span content; /* ptr NULL: detached, it is not in the object (RFC 5652, 5.2) */
	const struct sj_span *certificates; /* whole elements; the signer's is among them */
	size_t certificate_count; /* at most 16 */
	struct sj_span issuer; /* whole Name of the signer's certificate */
	struct sj_span serial; /* INTEGER content of it */
	struct sj_span digest_algorithm; /* whole AlgorithmIdentifier */
	struct sj_span attributes; /* as sj_cms_put_attributes() wrote them */
	struct sj_span signature_algorithm; /* whole AlgorithmIdentifier */
	struct sj_span signature;
};

/* Writes a ContentInfo of a SignedData, version 3, in DER. */
void sj_cms_put(struct sj_writer *w, const struct sj_cms_recipe *recipe);

#endif
