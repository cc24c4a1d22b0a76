/*
 * lds.h -- the files of an electronic identity document.
 *
 * Sources: ICAO Doc 9303-10 (8th ed.), 4 (LDS1 files), 3.11 (EF.ATR/INFO,
 * EF.DIR); ISO/IEC 19794-5:2005, 5 (facial record); ISO/IEC 7816-4:2020, 12.
 *
 * A parser takes a whole file, outer tag and length included and nothing after
 * them, and answers false for anything else; *out is then undefined. Spans in
 * what it fills point into the file; an empty span is a field that is absent.
 * A builder writes the whole file and fails the writer for what the format
 * cannot hold. EF.CardAccess, DG14: see secinfo.h; EF.CardSecurity, EF.SOD: cms.h.
 */
#ifndef SJ_WIRE_LDS_H
#define SJ_WIRE_LDS_H

#include "wire/tlv.h"

/* --- which file is which ------------------------------------------------- */

/* DGn has the number n. */
enum sj_lds_file {
	SJ_DG1 = 1,
	SJ_DG2 = 2,
	SJ_DG3 = 3,
	SJ_DG4 = 4,
	SJ_DG5 = 5,
	SJ_DG6 = 6,
	SJ_DG7 = 7,
	SJ_DG8 = 8,
	SJ_DG9 = 9,
	SJ_DG10 = 10,
	SJ_DG11 = 11,
	SJ_DG12 = 12,
	SJ_DG13 = 13,
	SJ_DG14 = 14,
	SJ_DG15 = 15,
	SJ_DG16 = 16,
	SJ_EF_COM,
	SJ_EF_SOD,
	SJ_EF_CARD_ACCESS,
	SJ_EF_CARD_SECURITY,
	SJ_EF_DIR,
	SJ_EF_ATR_INFO,
};

#define SJ_DG_COUNT 16u

struct sj_lds_entry {
	enum sj_lds_file file;
	const char *name; /* "EF.COM", "DG1" */
	uint16_t file_id;
	uint8_t short_id;
	uint32_t tag; /* of the whole file; 0: several objects (EF.ATR/INFO, EF.DIR) */
	bool in_mf; /* under the MF, not in the LDS1 application */
};

/* Each gives NULL for what is not there. */
const struct sj_lds_entry *sj_lds_entry(enum sj_lds_file file);
const struct sj_lds_entry *sj_lds_by_tag(uint32_t tag);
const struct sj_lds_entry *sj_lds_by_file_id(bool in_mf, uint16_t file_id);
const struct sj_lds_entry *sj_lds_by_short_id(bool in_mf, uint8_t short_id);
const struct sj_lds_entry *sj_lds_by_name(const char *name);

/*
 * The content of a file with one outer object of this tag: DG13 (opaque), DG14
 * (SecurityInfos), DG15 (a SubjectPublicKeyInfo), EF.SOD (a ContentInfo).
 * Written with sj_tlv_put().
 */
SJ_MUST_CHECK bool sj_lds_open(struct sj_span file, uint32_t tag, struct sj_span *content);

/* --- DG13: where the document stands in its issuer's status list ------------ */

/*
 * 6D { 80 partition (2) || index (4) }, as GATE.md has it for credentials; the
 * issuer is the state that DG1 names. False: a DG13 of another kind.
 */
#define SJ_TAG_DG13_STATUS 0x80u /* ours: DG13 is the issuer's to fill */
SJ_MUST_CHECK bool sj_dg13_parse(struct sj_span file, uint16_t *partition, uint32_t *index);
void sj_dg13_put(struct sj_writer *w, uint16_t partition, uint32_t index);

/* --- EF.COM -------------------------------------------------------------- */

struct sj_lds_version {
	char lds[5]; /* "0107", "0108"; "": not said */
	char unicode[7]; /* "040000"; "": not said */
};

struct sj_com {
	struct sj_lds_version version;
	uint32_t groups; /* bit n: DGn is listed. Tags of no data group are passed over */
};

SJ_MUST_CHECK bool sj_com_parse(struct sj_span file, struct sj_com *out);
void sj_com_put(struct sj_writer *w, const struct sj_com *com);

/* --- the LDS security object, the content that EF.SOD signs --------------- */

struct sj_security_object {
	uint32_t version; /* 0 or 1 */
	struct sj_span hash_algorithm; /* whole AlgorithmIdentifier */
	struct sj_span hash_oid; /* its OID (ignored when writing) */
	uint32_t groups; /* bit n: DGn is listed (ignored when writing) */
	struct sj_span hashes[SJ_DG_COUNT + 1]; /* by number; empty: not listed; [0] unused */
	struct sj_lds_version version_info; /* version 1 only */
};

/* `in` is the CMS content. False also for a number outside 1..16, a number twice, no hash. */
SJ_MUST_CHECK bool sj_security_object_parse(struct sj_span in, struct sj_security_object *out);
void sj_security_object_put(struct sj_writer *w, const struct sj_security_object *so);

/* --- DG1: the machine readable zone --------------------------------------- */

/* The zone's characters, lines joined, for sj_mrz_parse(). */
SJ_MUST_CHECK bool sj_dg1_parse(struct sj_span file, struct sj_span *mrz);
void sj_dg1_put(struct sj_writer *w, struct sj_span mrz);

/* --- DG2: the face -------------------------------------------------------- */

enum sj_image_type { SJ_IMAGE_JPEG = 0, SJ_IMAGE_JPEG2000 = 1, SJ_IMAGE_UNKNOWN = 2 };

/* What the image's own first bytes say; the facial record may say otherwise. */
enum sj_image_type sj_image_sniff(struct sj_span image);

struct sj_face {
	struct sj_span image; /* JPEG or JPEG 2000, as it is */
	enum sj_image_type type; /* as the facial record says */
	uint16_t width, height; /* pixels, as the facial record says */
};

struct sj_dg2 {
	unsigned instances; /* biometric templates in the file */
	unsigned images; /* facial images in the first of them */
	struct sj_face face; /* the first image of the first template */
};

/* Every length of the first template's facial record must agree. */
SJ_MUST_CHECK bool sj_dg2_parse(struct sj_span file, struct sj_dg2 *out);
/* One template, one image, ISO/IEC 19794-5 full frontal, no feature points. */
void sj_dg2_put(struct sj_writer *w, const struct sj_face *face);

/* --- DG7: displayed signature or usual mark -------------------------------- */

#define SJ_DG7_MAX 9u

struct sj_dg7 {
	unsigned count;
	struct sj_span images[SJ_DG7_MAX];
};

SJ_MUST_CHECK bool sj_dg7_parse(struct sj_span file, struct sj_dg7 *out);
void sj_dg7_put(struct sj_writer *w, const struct sj_dg7 *dg7);

/* --- DG11, DG12: additional personal and document details ------------------ */

#define SJ_LDS_NAMES_MAX 99u

/* Objects of one tag that a counter precedes, inside A0. */
struct sj_lds_names {
	unsigned count;
	struct sj_span names[SJ_LDS_NAMES_MAX];
};

/*
 * Text is UTF-8 as the issuer wrote it; in names "<<" and '<' separate as in
 * the zone. Dates are YYYYMMDD: eight digits, or four bytes of BCD in old files.
 */
struct sj_dg11 {
	struct sj_span full_name; /* 5F0E */
	struct sj_lds_names other_names; /* 5F0F */
	struct sj_span personal_number; /* 5F10 */
	struct sj_span birth_date; /* 5F2B */
	struct sj_span place_of_birth; /* 5F11 */
	struct sj_span address; /* 5F42 */
	struct sj_span telephone; /* 5F12 */
	struct sj_span profession; /* 5F13 */
	struct sj_span title; /* 5F14 */
	struct sj_span summary; /* 5F15 */
	struct sj_span proof_of_citizenship; /* 5F16: an image */
	struct sj_span other_documents; /* 5F17: numbers, separated by '<' */
	struct sj_span custody; /* 5F18 */
};

/*
 * A tag list must stand first (Doc 9303-10, 4.7.11 and 4.7.12), but it is not
 * held against the fields: what stands in the file is read, named or not, and
 * what is named and missing is absent. EF.SOD signs both alike.
 */
SJ_MUST_CHECK bool sj_dg11_parse(struct sj_span file, struct sj_dg11 *out);
void sj_dg11_put(struct sj_writer *w, const struct sj_dg11 *dg11);

struct sj_dg12 {
	struct sj_span issuing_authority; /* 5F19 */
	struct sj_span issue_date; /* 5F26 */
	struct sj_lds_names other_persons; /* 5F1A */
	struct sj_span endorsements; /* 5F1B */
	struct sj_span tax_exit; /* 5F1C */
	struct sj_span front_image; /* 5F1D */
	struct sj_span rear_image; /* 5F1E */
	struct sj_span personalised_at; /* 5F55: YYYYMMDDhhmmss, digits or BCD */
	struct sj_span personalised_by; /* 5F56: serial number of the system */
};

SJ_MUST_CHECK bool sj_dg12_parse(struct sj_span file, struct sj_dg12 *out);
void sj_dg12_put(struct sj_writer *w, const struct sj_dg12 *dg12);

/*
 * A date field of DG11 or DG12 as eight digits and NUL; digits or BCD are
 * taken, of longer ones the first eight digits. False: neither.
 */
SJ_MUST_CHECK bool sj_lds_date(struct sj_span field, char out[static 9]);

/* --- DG16: persons to notify ------------------------------------------------ */

#define SJ_DG16_MAX 15u

struct sj_person {
	struct sj_span recorded; /* 5F50: YYYYMMDD */
	struct sj_span name; /* 5F51 */
	struct sj_span telephone; /* 5F52 */
	struct sj_span address; /* 5F53 */
};

struct sj_dg16 {
	unsigned count;
	struct sj_person persons[SJ_DG16_MAX];
};

SJ_MUST_CHECK bool sj_dg16_parse(struct sj_span file, struct sj_dg16 *out);
void sj_dg16_put(struct sj_writer *w, const struct sj_dg16 *dg16);

/* --- EF.DIR, EF.ATR/INFO ---------------------------------------------------- */

#define SJ_DIR_MAX 16u

struct sj_dir {
	unsigned count;
	struct sj_span aids[SJ_DIR_MAX];
};

/* Applications beyond SJ_DIR_MAX are passed over. */
SJ_MUST_CHECK bool sj_dir_parse(struct sj_span file, struct sj_dir *out);
void sj_dir_put(struct sj_writer *w, const struct sj_dir *dir);

struct sj_atr_info {
	bool has_service; /* 43 */
	uint8_t service; /* card service data byte */
	bool has_capabilities; /* 47, three bytes */
	uint8_t capabilities[3];
	/* 7F66: bytes of a whole command or response APDU; 0: not said. */
	uint32_t max_command, max_response;
};

/* Third capabilities byte (ICAO Doc 9303-10, table 29). */
enum sj_capability {
	SJ_CAPABILITY_CHAINING = 0x80,
	SJ_CAPABILITY_EXTENDED = 0x40, /* extended Lc and Le fields */
	SJ_CAPABILITY_LENGTHS = 0x20, /* extended length information in EF.ATR/INFO */
};

/* Objects of other tags are passed over. */
SJ_MUST_CHECK bool sj_atr_info_parse(struct sj_span file, struct sj_atr_info *out);
void sj_atr_info_put(struct sj_writer *w, const struct sj_atr_info *info);

#endif
