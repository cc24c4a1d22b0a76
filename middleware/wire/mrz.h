/*
 * mrz.h -- machine readable zones: reading, checking and making them.
 *
 * Source: ICAO Doc 9303 (8th ed., 2021): part 3, 4 and 6 (characters, check
 * digits, transliteration), part 4, 4.2 (TD3), part 5, 4.2 (TD1), part 6, 4.2
 * (TD2), part 11, 4.3.2 and 9.7.3 ("MRZ information").
 */
#ifndef SJ_WIRE_MRZ_H
#define SJ_WIRE_MRZ_H

#include "wire/bytes.h"

#define SJ_MRZ_SIZE_MAX 90u /* characters of a zone without line ends */
#define SJ_MRZ_INFORMATION_MAX 38u /* 22 + 1, 6 + 1, 6 + 1, and one to spare */
#define SJ_MRZ_NUMBER_MAX 22u /* longest document number: TD1, 9 + 13 */

/* The characters in a line times the lines: 30 x 3, 36 x 2, 44 x 2. */
enum sj_mrz_format { SJ_MRZ_NONE, SJ_MRZ_TD1, SJ_MRZ_TD2, SJ_MRZ_TD3 };

enum sj_mrz_rc {
	SJ_MRZ_OK,
	SJ_MRZ_WRONG_SIZE, /* no format has so many characters */
	SJ_MRZ_WRONG_CHARACTER, /* one that may not stand where it does */
	/* The check digit that does not hold; the first in this order. */
	SJ_MRZ_CHECK_NUMBER,
	SJ_MRZ_CHECK_BIRTH,
	SJ_MRZ_CHECK_EXPIRY,
	SJ_MRZ_CHECK_OPTIONAL, /* TD3 only */
	SJ_MRZ_CHECK_COMPOSITE,
};

/*
 * The fields, as NUL-terminated text without trailing fillers. In names a
 * single filler is a space. Dates are YYMMDD; what is unknown of a birth date
 * is '<' (of an expiry date, all of it). Sizes have room for names to be truncated by sj_mrz_put().
 */
struct sj_mrz {
	enum sj_mrz_format format;
	char document_code[3]; /* "P", "I", "ID" */
	char issuing_state[4]; /* "UTO", "D" */
	char document_number[SJ_MRZ_NUMBER_MAX + 1]; /* whole, long ones too */
	char surname[128]; /* primary identifier */
	char given_names[128]; /* secondary identifier; may be empty */
	char nationality[4];
	char birth_date[7];
	char sex; /* 'F', 'M' or '<' */
	char expiry_date[7];
	char optional_data[16]; /* TD1 line 1 (after a long number), TD2, TD3 */
	char optional_data_2[12]; /* TD1 line 2 only */
};

/* Characters in a line, and lines; 0 for SJ_MRZ_NONE. */
size_t sj_mrz_line_size(enum sj_mrz_format format);
size_t sj_mrz_line_count(enum sj_mrz_format format);

/* The check digit ('0'..'9') of characters A-Z, 0-9 and <; 0: another was met. */
char sj_mrz_check_digit(const char *data, size_t len);

/*
 * Reads a zone: its two or three lines, or all of them joined. White space is
 * passed over wherever it stands; the rest is strict. *out is filled for
 * SJ_MRZ_OK and for SJ_MRZ_CHECK_* (so that what was read can be shown), and is
 * all zero otherwise.
 */
SJ_MUST_CHECK enum sj_mrz_rc sj_mrz_parse(const char *text, size_t len, struct sj_mrz *out);

/*
 * Writes the zone with its check digits, lines joined, no line ends: what DG1
 * holds. Names that do not fit are truncated as Doc 9303-4, -5 and -6 allow: the
 * last position is then a letter, and at least one letter of the secondary
 * identifier stays. Fails the writer for fields that do not fit or hold wrong
 * characters (names: A-Z and single spaces).
 */
void sj_mrz_put(struct sj_writer *w, const struct sj_mrz *mrz);

/*
 * Writes the MRZ information, the input of BAC and PACE keys: document number
 * (filled to 9; a long one whole), birth and expiry, each with its check
 * digit. Fails the writer for fields as sj_mrz_put(). Treat it as a secret.
 */
void sj_mrz_put_information(struct sj_writer *w, const struct sj_mrz *mrz);

/*
 * From what a person has: a zone, or the MRZ information itself (24 characters,
 * more for long numbers). All check digits must hold. Writes the MRZ
 * information to `information` (SJ_MRZ_INFORMATION_MAX bytes are enough; it is
 * an error of the caller if it does not fit, reported as SJ_MRZ_WRONG_SIZE).
 */
SJ_MUST_CHECK enum sj_mrz_rc sj_mrz_access(const char *text, size_t len,
					   struct sj_writer *information);

/* How national characters are written where Doc 9303-3, 6.A leaves a choice. */
enum sj_mrz_spelling {
	SJ_MRZ_SPELL_DEFAULT = 0, /* what it names first: AE, AA, N, OE, UE */
	SJ_MRZ_SPELL_PLAIN_UMLAUT = 1, /* A, O, U for the umlauts; A for A with ring */
	SJ_MRZ_SPELL_XX = 2, /* NXX for N with tilde, UXX for U with diaeresis */
};

/*
 * A name in UTF-8 (Latin, Cyrillic, Arabic; either case) as the zone spells
 * it: A-Z and single spaces; hyphens and commas become spaces, other
 * punctuation is left out. Where Doc 9303-3, 6.B spells a Cyrillic letter by
 * language, its general spelling is taken. `spelling`: enum sj_mrz_spelling bits. Always terminated; false, and
 * an empty text: not UTF-8, a character that the tables lack (digits too), or
 * cap is too small.
 */
SJ_MUST_CHECK bool sj_mrz_spell(struct sj_span utf8, unsigned spelling, char *out, size_t cap);

#endif
