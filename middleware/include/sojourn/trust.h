/*
 * trust.h -- what is believed offline: CSCA certificates, links, key CAs, CRLs.
 *
 * Sources: ICAO Doc 9303-12 (8th ed.), RFC 5652, RFC 5280. A directory of
 * plain DER files; the layout stands in middleware/trust/STORE.md.
 */
#ifndef SOJOURN_TRUST_H
#define SOJOURN_TRUST_H

#include <sojourn/sojourn.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sj_trust;

/*
 * Opens a trust directory for reading. SJ_TRUST_MISSING: it does not exist or
 * holds no certificate.
 */
SJ_API enum sj_rc sj_trust_open(const char *directory, struct sj_trust **out);
/* Makes the directory if it is missing, and opens it for importing too. */
SJ_API enum sj_rc sj_trust_create(const char *directory, struct sj_trust **out);
SJ_API void sj_trust_close(struct sj_trust *trust);

struct sj_trust_counts {
	size_t size;
	size_t added; /* new in the store */
	size_t known; /* were there already */
	size_t explicit_parameters; /* of all: EC keys with explicit domain parameters */
	size_t links; /* of all: link certificates */
	size_t refused; /* of all: not acceptable (the listener hears why) */
};

/* Tells why a certificate was refused; `what` is its subject, `why` a sentence. */
typedef void (*sj_trust_tell_fn)(void *user, const char *what, const char *why);
SJ_API void sj_trust_listen(struct sj_trust *trust, sj_trust_tell_fn fn, void *user);

/*
 * From now on the CMS of master lists is taken apart by `fn`, in another process, as what cards sign is
 * (sj_context_find_signed()). Without an answer an import ends with SJ_SIGNED_UNREAD. NULL: it is done here.
 */
SJ_API void sj_trust_find_signed(struct sj_trust *trust, sj_signed_fn fn, void *user);

/*
 * Imports an ICAO master list (Doc 9303-12, 9): its signer must be a master
 * list signer (extended key usage 2.23.136.1.1.3) certified by `csca` (DER).
 * All of it or nothing is stored, but for single certificates refused.
 */
SJ_API enum sj_rc sj_trust_import_masterlist(struct sj_trust *trust, const uint8_t *list,
					     size_t list_len, const uint8_t *csca, size_t csca_len,
					     struct sj_trust_counts *counts);
/* Imports one self-signed CSCA certificate because the caller says so. */
SJ_API enum sj_rc sj_trust_import_csca(struct sj_trust *trust, const uint8_t *der, size_t len,
				       struct sj_trust_counts *counts);
/* Imports a link certificate: signed by a key that the store already trusts. */
SJ_API enum sj_rc sj_trust_import_link(struct sj_trust *trust, const uint8_t *der, size_t len,
				       struct sj_trust_counts *counts);
/*
 * Imports the self-signed certificate of a key CA (it signs the certificates of keys on
 * cards, never of document signers) because the caller says so.
 */
SJ_API enum sj_rc sj_trust_import_key_ca(struct sj_trust *trust, const uint8_t *der, size_t len,
					 struct sj_trust_counts *counts);
/* Imports a CRL signed by a CSCA or key CA of the store; an older one than the stored is SJ_INPUT_REFUSED. */
SJ_API enum sj_rc sj_trust_import_crl(struct sj_trust *trust, const uint8_t *der, size_t len);

/*
 * What gates need, as tokens of the gate profile (middleware/secure/GATE.md). A
 * gate CA's own, signed by itself, is believed because the caller says so.
 * SJ_INPUT_REFUSED (the listener hears why): it is none, or not signed by itself.
 */
SJ_API enum sj_rc sj_trust_import_gate_ca(struct sj_trust *trust, const uint8_t *cwt, size_t len);
/* A gate CA's successor or a status signer: signed by a gate CA of the store. */
SJ_API enum sj_rc sj_trust_import_gate_token(struct sj_trust *trust, const uint8_t *cwt,
					     size_t len);

struct sj_trust_entry {
	size_t size;
	char subject[256];
	char issuer[256];
	char country[4];
	char sha256[65]; /* hex of the certificate's hash */
	char key[32]; /* "brainpoolP384r1", "RSA-4096" */
	int64_t not_before, not_after; /* seconds since 1970 UTC */
	bool link;
	bool explicit_parameters;
	bool has_crl; /* a CRL of this issuer is in the store */
	bool key_ca; /* of a key CA, not of a CSCA */
	bool bundled; /* by the bundle in use, not imported by hand */
};
/* The i-th certificate of the store in a stable order; false past the end. */
SJ_API bool sj_trust_get(const struct sj_trust *trust, size_t i, struct sj_trust_entry *out);

/*
 * Reads every CRL of the store, as sj_trust_get() reads certificates: the
 * listener hears of each that is not as it was imported. Returns their number.
 */
SJ_API size_t sj_trust_check_crls(const struct sj_trust *trust);

/*
 * The time to use, in seconds since 1970 UTC: the latest of `now` (the system
 * clock) and the newest time the store has evidence for. *behind: the clock
 * is more than a minute behind that evidence (SJ_CLOCK_BEHIND is then worth a warning).
 */
SJ_API int64_t sj_trust_time(const struct sj_trust *trust, int64_t now, bool *behind);
/*
 * Remembers that it is at least `when`, on the caller's word; kept in the
 * store. A store that cannot be written keeps it in memory and says so.
 */
SJ_API enum sj_rc sj_trust_note_time(struct sj_trust *trust, int64_t when);

#ifdef __cplusplus
}
#endif

#endif
