/*
 * secinfo.h -- SecurityInfos: what EF.CardAccess, EF.CardSecurity and DG14 say.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 9.2; BSI TR-03110-3 v2.21, A.1. OIDs are
 * bytes here; what they mean as ciphers and curves is known to secure/.
 */
#ifndef SJ_WIRE_SECINFO_H
#define SJ_WIRE_SECINFO_H

#include "wire/tlv.h"

#define SJ_SECINFOS_MAX 64u /* elements that sj_secinfos_put() takes */

enum sj_secinfo_kind {
	SJ_SECINFO_UNKNOWN,
	SJ_SECINFO_PACE,
	SJ_SECINFO_PACE_DOMAIN,
	SJ_SECINFO_CA,
	SJ_SECINFO_CA_KEY,
	SJ_SECINFO_AA,
	SJ_SECINFO_TA,
};

/* One SecurityInfo; spans point into the file. */
struct sj_secinfo {
	enum sj_secinfo_kind kind; /* by its OID alone */
	struct sj_span element; /* all of it, to compare one file with another */
	struct sj_span oid;
	struct sj_span required; /* requiredData, whole element */
	struct sj_span optional; /* optionalData, whole element; empty: absent */
};

/*
 * Opens a SET OF SecurityInfo (a whole EF.CardAccess; the content of DG14 or
 * of EF.CardSecurity's SignedData). False: not a SET with nothing after it, or
 * an element that is not a SecurityInfo.
 */
SJ_MUST_CHECK bool sj_secinfos_parse(struct sj_span in, struct sj_span *items);
/* Takes the next one, unknown kinds too. */
SJ_MUST_CHECK enum sj_tlv_rc sj_secinfo_next(struct sj_span *items, struct sj_secinfo *out);
/* Whether one of `items` is byte for byte `element`. */
bool sj_secinfos_contain(struct sj_span items, struct sj_span element);

/* A number that may be missing. */
struct sj_optional_id {
	bool present;
	uint32_t value;
};

/* PACEInfo */
struct sj_pace_info {
	struct sj_span oid; /* id-PACE-... with mapping and cipher */
	uint32_t version; /* 2 */
	struct sj_optional_id parameter_id;
};

/* PACEDomainParameterInfo */
struct sj_pace_domain_info {
	struct sj_span oid; /* id-PACE-DH-GM, ..., without a cipher */
	struct sj_span parameters; /* whole AlgorithmIdentifier */
	struct sj_optional_id parameter_id;
};

/* ChipAuthenticationInfo */
struct sj_ca_info {
	struct sj_span oid; /* id-CA-... */
	uint32_t version; /* 1 or 2 */
	struct sj_optional_id key_id;
};

/* ChipAuthenticationPublicKeyInfo */
struct sj_ca_key_info {
	struct sj_span oid; /* id-PK-DH or id-PK-ECDH */
	struct sj_span spki; /* whole SubjectPublicKeyInfo */
	struct sj_optional_id key_id;
};

/* ActiveAuthenticationInfo */
struct sj_aa_info {
	uint32_t version; /* 1 */
	struct sj_span signature_oid; /* ecdsa-plain-... */
};

/* TerminalAuthenticationInfo */
struct sj_ta_info {
	uint32_t version; /* 1 or 2 */
	struct sj_span file_id; /* EF.CVCA: two bytes; empty: absent */
	struct sj_span short_id; /* one byte; empty: absent */
};

/* RestrictedIdentificationInfo (TR-03110-3, A.1.1.6) */
struct sj_ri_info {
	struct sj_span oid; /* id-RI-... */
	uint32_t key_id;
	bool authorized_only; /* only terminals with the right */
};

/* Typed views. False: another kind, or not what that kind must be. */
SJ_MUST_CHECK bool sj_secinfo_pace(const struct sj_secinfo *i, struct sj_pace_info *out);
SJ_MUST_CHECK bool sj_secinfo_pace_domain(const struct sj_secinfo *i,
					  struct sj_pace_domain_info *out);
SJ_MUST_CHECK bool sj_secinfo_ca(const struct sj_secinfo *i, struct sj_ca_info *out);
SJ_MUST_CHECK bool sj_secinfo_ca_key(const struct sj_secinfo *i, struct sj_ca_key_info *out);
SJ_MUST_CHECK bool sj_secinfo_aa(const struct sj_secinfo *i, struct sj_aa_info *out);
SJ_MUST_CHECK bool sj_secinfo_ta(const struct sj_secinfo *i, struct sj_ta_info *out);

/* Each writes one whole SecurityInfo in DER. */
void sj_secinfo_put_pace(struct sj_writer *w, const struct sj_pace_info *i);
void sj_secinfo_put_pace_domain(struct sj_writer *w, const struct sj_pace_domain_info *i);
void sj_secinfo_put_ca(struct sj_writer *w, const struct sj_ca_info *i);
void sj_secinfo_put_ca_key(struct sj_writer *w, const struct sj_ca_key_info *i);
void sj_secinfo_put_aa(struct sj_writer *w, const struct sj_aa_info *i);
void sj_secinfo_put_ta(struct sj_writer *w, const struct sj_ta_info *i);
void sj_secinfo_put_ri(struct sj_writer *w, const struct sj_ri_info *i);
/*
 * ChipAuthenticationDomainParameterInfo (id-CA-ECDH) and RestrictedIdentificationDomain-
 * ParameterInfo (id-RI-ECDH), of standardised parameters.
 */
void sj_secinfo_put_domain(struct sj_writer *w, struct sj_span oid, uint32_t parameter_id,
			   struct sj_optional_id key_id);

/*
 * Writes the SET around `items` (whole SecurityInfo elements one after the
 * other, outside w's buffer), put into DER's order. Fails the writer if items
 * are malformed or more than SJ_SECINFOS_MAX.
 */
void sj_secinfos_put(struct sj_writer *w, struct sj_span items);

#endif
