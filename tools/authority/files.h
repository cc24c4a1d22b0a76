/*
 * files.h -- the files of a card in the making.
 *
 * Source: ICAO Doc 9303-10 (8th ed.); their bytes are wire/lds.h's and
 * wire/secinfo.h's, here it is decided what stands in them.
 */
#ifndef SJ_AUTHORITY_FILES_H
#define SJ_AUTHORITY_FILES_H

#include "authority/holder.h"
#include "authority/profile.h"
#include "authority/signed.h"
#include "secure/cwt.h"

#define CARD_FILE_MAX 262144u /* bytes of one file: what the card takes */

#define FILES_SECTORS 8u /* of an eID card: 0 for terminals that name none, then 1 to 7 */
/* Of an eID card: of each sector's key for Chip Authentication 2, and of that for pseudonyms. */
#define FILES_CA2_KEY_ID 1u
#define FILES_RI_KEY_ID 1u

/* Whole files by enum sj_lds_file; an empty one is not there. */
struct file_set {
	struct card_file {
		uint8_t *bytes;
		size_t len;
	} files[SJ_EF_ATR_INFO + 1];
	struct card_file security[FILES_SECTORS]; /* EF.CardSecurity of an eID card, by sector */
};

void file_set_free(struct file_set *set);
struct sj_span file_set_get(const struct file_set *set, enum sj_lds_file file);
/* Copies `content`; false: no memory. Replaces what was there. */
SJ_MUST_CHECK bool file_set_put(struct file_set *set, enum sj_lds_file file,
				struct sj_span content);
/* Bit n: DGn is there. */
uint32_t file_set_groups(const struct file_set *set);

/* Public keys that the card made: SubjectPublicKeyInfo; empty: no such key. */
struct card_keys {
	struct card_key {
		uint8_t bytes[SJ_EC_SPKI_MAX];
		size_t len;
	} ca[PROFILE_CA_MAX], cam[PROFILE_PACE_MAX], aa; /* cam: by suite */
};

/* What the files are made from. */
struct files_plan {
	const struct profile *profile;
	const struct holder *holder;
	const char *country; /* issuing state as in the zone */
	const struct sj_face *face;
	const struct card_keys *keys;
	bool extended_length; /* the card takes it: for EF.ATR/INFO */
	unsigned sod_version;
	const struct sj_status_ref *status; /* of the document, for DG13; NULL: none */
	struct sj_span dg3; /* whole; empty: none */
	bool ta1; /* the LDS application knows Terminal Authentication */
	const struct card_key *sector_keys; /* of an eID card, FILES_SECTORS of them; else NULL */
	bool gate, piv; /* these applications are used: for EF.DIR */
	struct sj_signed_by signer; /* signer.when is also the default date of issue */
};

/*
 * Makes every file of the card. On failure *failed names the file that could
 * not be made, and the set holds some of them.
 */
SJ_MUST_CHECK bool files_build(struct file_set *set, const struct files_plan *plan,
			       const char **failed);

/* EF.COM for these data groups (bit n: DGn). */
SJ_MUST_CHECK bool files_put_com(struct file_set *set, uint32_t groups, unsigned sod_version);

#endif
