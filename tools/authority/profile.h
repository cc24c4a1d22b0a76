/* profile.h -- how an issued card protects itself: access, copy protection. */
#ifndef SJ_AUTHORITY_PROFILE_H
#define SJ_AUTHORITY_PROFILE_H

#include "cli/cli.h"
#include "secure/pace.h"

#define PROFILE_PACE_MAX 8u
#define PROFILE_CA_MAX 4u

enum profile_aa { PROFILE_AA_NONE, PROFILE_AA_EC, PROFILE_AA_RSA, PROFILE_AA_IMPORT };

/* A Chip Authentication key and the ciphers that it is used with. */
struct profile_ca {
	enum sj_curve curve;
	uint8_t ciphers; /* bit n: enum sj_cipher n */
};

struct profile {
	bool bac, pace;
	bool eid; /* an eID card: PACE alone, without CAM */
	struct sj_pace_suite suites[PROFILE_PACE_MAX];
	size_t suite_count;
	struct profile_ca ca[PROFILE_CA_MAX]; /* key ids 1, 2, ...; without where there is one */
	size_t ca_count;
	enum profile_aa aa;
	enum sj_curve aa_curve; /* EC */
	unsigned aa_bits; /* RSA, IMPORT */
	uint8_t *aa_key; /* IMPORT: PKCS#8, aa_key_len bytes, wiped by profile_free() */
	size_t aa_key_len;
};

/*
 * From --eid, --access, --pace, --ca, --no-ca, --aa and --aa-key; ended by
 * profile_free(), whatever this returned. Defaults: BAC and PACE;
 * PACE GM, P-256, AES-128; CA P-256, AES-128; AA with ECDSA on P-256.
 */
CLI_MUST_CHECK int profile_read(struct cli *cli, struct profile *out);
void profile_free(struct profile *profile);

/* Table rows for these options. */
#define PROFILE_OPTIONS \
	{ "access", \
	  0, \
	  "WHICH", \
	  "access protocols of the card: bac, pace or both (default)", \
	  CLI_COMPLETE_WORDS, \
	  "bac pace both", \
	  false }, \
		{ "pace", \
		  0, \
		  "M:CIPHER:GROUP", \
		  "a PACE variant: GM, CAM or IM, curve or modp-2048-256; may be repeated (default GM:aes128:P-256)", \
		  CLI_COMPLETE_NONE, \
		  NULL, \
		  false }, \
		{ "ca", \
		  0, \
		  "CURVE:CIPHER", \
		  "a Chip Authentication key, may be repeated (default P-256:aes128)", \
		  CLI_COMPLETE_NONE, \
		  NULL, \
		  false }, \
		{ "no-ca", 0, NULL, "no Chip Authentication", CLI_COMPLETE_NONE, NULL, false }, \
		{ "aa", \
		  0, \
		  "KIND", \
		  "Active Authentication: ec:CURVE, rsa-2048, rsa-3072, none (default ec:P-256)", \
		  CLI_COMPLETE_NONE, \
		  NULL, \
		  false }, \
	{ \
		"aa-key", 0, "FILE", \
			"Active Authentication with this RSA key: PKCS#8 (DER), 2048 or 3072 bits", \
			CLI_COMPLETE_FILE, NULL, false \
	}

/* "GM", "CAM" or "IM". */
const char *profile_mapping(enum sj_pace_mapping mapping);
/* Hash for Active Authentication on a curve: the longest that its order takes. */
enum sj_hash profile_aa_hash(enum sj_curve curve);

#endif
