#include "wire/mrz.h"

/* A letter and how the zone spells it; the rows stand in order of the letter. */
struct spelling {
	uint16_t letter;
	char zone[5];
};

/*
 * Doc 9303-3, 6.A: Latin capitals; where it offers several, the first. Beyond it:
 * 00DF as its capital 1E9E; 0218 and 021A (comma below) as 015E and 0162 (cedilla).
 */
static const struct spelling latin[] = {
	{ 0x00C0, "A" },  { 0x00C1, "A" },  { 0x00C2, "A" },  { 0x00C3, "A" },  { 0x00C4, "AE" },
	{ 0x00C5, "AA" }, { 0x00C6, "AE" }, { 0x00C7, "C" },  { 0x00C8, "E" },  { 0x00C9, "E" },
	{ 0x00CA, "E" },  { 0x00CB, "E" },  { 0x00CC, "I" },  { 0x00CD, "I" },  { 0x00CE, "I" },
	{ 0x00CF, "I" },  { 0x00D0, "D" },  { 0x00D1, "N" },  { 0x00D2, "O" },  { 0x00D3, "O" },
	{ 0x00D4, "O" },  { 0x00D5, "O" },  { 0x00D6, "OE" }, { 0x00D8, "OE" }, { 0x00D9, "U" },
	{ 0x00DA, "U" },  { 0x00DB, "U" },  { 0x00DC, "UE" }, { 0x00DD, "Y" },  { 0x00DE, "TH" },
	{ 0x00DF, "SS" }, { 0x0100, "A" },  { 0x0102, "A" },  { 0x0104, "A" },  { 0x0106, "C" },
	{ 0x0108, "C" },  { 0x010A, "C" },  { 0x010C, "C" },  { 0x010E, "D" },  { 0x0110, "D" },
	{ 0x0112, "E" },  { 0x0114, "E" },  { 0x0116, "E" },  { 0x0118, "E" },  { 0x011A, "E" },
	{ 0x011C, "G" },  { 0x011E, "G" },  { 0x0120, "G" },  { 0x0122, "G" },  { 0x0124, "H" },
	{ 0x0126, "H" },  { 0x0128, "I" },  { 0x012A, "I" },  { 0x012C, "I" },  { 0x012E, "I" },
	{ 0x0130, "I" },  { 0x0131, "I" },  { 0x0132, "IJ" }, { 0x0134, "J" },  { 0x0136, "K" },
	{ 0x0139, "L" },  { 0x013B, "L" },  { 0x013D, "L" },  { 0x013F, "L" },  { 0x0141, "L" },
	{ 0x0143, "N" },  { 0x0145, "N" },  { 0x0147, "N" },  { 0x014A, "N" },  { 0x014C, "O" },
	{ 0x014E, "O" },  { 0x0150, "O" },  { 0x0152, "OE" }, { 0x0154, "R" },  { 0x0156, "R" },
	{ 0x0158, "R" },  { 0x015A, "S" },  { 0x015C, "S" },  { 0x015E, "S" },  { 0x0160, "S" },
	{ 0x0162, "T" },  { 0x0164, "T" },  { 0x0166, "T" },  { 0x0168, "U" },  { 0x016A, "U" },
	{ 0x016C, "U" },  { 0x016E, "U" },  { 0x0170, "U" },  { 0x0172, "U" },  { 0x0174, "W" },
	{ 0x0176, "Y" },  { 0x0178, "Y" },  { 0x0179, "Z" },  { 0x017B, "Z" },  { 0x017D, "Z" },
	{ 0x0218, "S" },  { 0x021A, "T" },  { 0x1E9E, "SS" },
};

/*
 * Doc 9303-3, 6.B: Cyrillic capitals; of spellings by language, the general one.
 * Beyond it: 0403 as the table has 0492, with which it shares the Macedonian
 * exception; 040B as 04BA, which stands in its place; 042C, the soft sign, goes.
 */
static const struct spelling cyrillic[] = {
	{ 0x0401, "E" },  { 0x0402, "D" },  { 0x0403, "G" },  { 0x0404, "IE" }, { 0x0405, "DZ" },
	{ 0x0406, "I" },  { 0x0407, "I" },  { 0x0408, "J" },  { 0x0409, "LJ" }, { 0x040A, "NJ" },
	{ 0x040B, "C" },  { 0x040C, "K" },  { 0x040E, "U" },  { 0x040F, "DZ" }, { 0x0410, "A" },
	{ 0x0411, "B" },  { 0x0412, "V" },  { 0x0413, "G" },  { 0x0414, "D" },  { 0x0415, "E" },
	{ 0x0416, "ZH" }, { 0x0417, "Z" },  { 0x0418, "I" },  { 0x0419, "I" },  { 0x041A, "K" },
	{ 0x041B, "L" },  { 0x041C, "M" },  { 0x041D, "N" },  { 0x041E, "O" },  { 0x041F, "P" },
	{ 0x0420, "R" },  { 0x0421, "S" },  { 0x0422, "T" },  { 0x0423, "U" },  { 0x0424, "F" },
	{ 0x0425, "KH" }, { 0x0426, "TS" }, { 0x0427, "CH" }, { 0x0428, "SH" }, { 0x0429, "SHCH" },
	{ 0x042A, "IE" }, { 0x042B, "Y" },  { 0x042C, "" },   { 0x042D, "E" },  { 0x042E, "IU" },
	{ 0x042F, "IA" }, { 0x046A, "U" },  { 0x0474, "Y" },  { 0x0490, "G" },  { 0x0492, "G" },
	{ 0x04BA, "C" },
};

/*
 * Doc 9303-3, 6.C: Arabic script. "" is not encoded: vowel signs, and letters of
 * the Maghreb; 0629 and 0651: see below. 06A4 and 06A5 are appendix B's. 06CC is
 * the table's XYA, although appendix B would have Y or XAY as well.
 */
static const struct spelling arabic[] = {
	{ 0x0621, "XE" },  { 0x0622, "XAA" }, { 0x0623, "XAE" }, { 0x0624, "U" },
	{ 0x0625, "I" },   { 0x0626, "XI" },  { 0x0627, "A" },   { 0x0628, "B" },
	{ 0x0629, "XTA" }, { 0x062A, "T" },   { 0x062B, "XTH" }, { 0x062C, "J" },
	{ 0x062D, "XH" },  { 0x062E, "XKH" }, { 0x062F, "D" },   { 0x0630, "XDH" },
	{ 0x0631, "R" },   { 0x0632, "Z" },   { 0x0633, "S" },   { 0x0634, "XSH" },
	{ 0x0635, "XSS" }, { 0x0636, "XDZ" }, { 0x0637, "XTT" }, { 0x0638, "XZZ" },
	{ 0x0639, "E" },   { 0x063A, "G" },   { 0x0640, "" },    { 0x0641, "F" },
	{ 0x0642, "Q" },   { 0x0643, "K" },   { 0x0644, "L" },   { 0x0645, "M" },
	{ 0x0646, "N" },   { 0x0647, "H" },   { 0x0648, "W" },   { 0x0649, "XAY" },
	{ 0x064A, "Y" },   { 0x064B, "" },    { 0x064C, "" },    { 0x064D, "" },
	{ 0x064E, "" },    { 0x064F, "" },    { 0x0650, "" },    { 0x0652, "" },
	{ 0x0670, "" },    { 0x0671, "XXA" }, { 0x0679, "XXT" }, { 0x067C, "XRT" },
	{ 0x067E, "P" },   { 0x0681, "XKE" }, { 0x0685, "XXH" }, { 0x0686, "XC" },
	{ 0x0688, "XXD" }, { 0x0689, "XDR" }, { 0x0691, "XXR" }, { 0x0693, "XRR" },
	{ 0x0696, "XRX" }, { 0x0698, "XJ" },  { 0x069A, "XXS" }, { 0x069C, "" },
	{ 0x06A2, "" },    { 0x06A4, "V" },   { 0x06A5, "XF" },  { 0x06A7, "" },
	{ 0x06A8, "" },    { 0x06A9, "XKK" }, { 0x06AB, "XXK" }, { 0x06AD, "XNG" },
	{ 0x06AF, "XGG" }, { 0x06BA, "XNN" }, { 0x06BC, "XXN" }, { 0x06BE, "XDO" },
	{ 0x06C0, "XYH" }, { 0x06C1, "XXG" }, { 0x06C2, "XGE" }, { 0x06C3, "XTG" },
	{ 0x06CC, "XYA" }, { 0x06CD, "XXY" }, { 0x06D0, "Y" },   { 0x06D2, "XYB" },
	{ 0x06D3, "XBE" },
};

#define TEH_MARBUTA 0x0629u
#define SHADDA 0x0651u /* the letter before it stands twice, all of its spelling */

/* Rows that a choice of spelling replaces. */
static const struct {
	unsigned choice;
	struct spelling row;
} choices[] = {
	{ SJ_MRZ_SPELL_XX, { 0x00D1, "NXX" } },
	{ SJ_MRZ_SPELL_XX, { 0x00DC, "UXX" } },
	{ SJ_MRZ_SPELL_PLAIN_UMLAUT, { 0x00C4, "A" } },
	{ SJ_MRZ_SPELL_PLAIN_UMLAUT, { 0x00C5, "A" } },
	{ SJ_MRZ_SPELL_PLAIN_UMLAUT, { 0x00D6, "O" } },
	{ SJ_MRZ_SPELL_PLAIN_UMLAUT, { 0x00DC, "U" } },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *find_row(const struct spelling *rows, size_t n, uint32_t letter)
{
	for (size_t i = 0; i < n && rows[i].letter <= letter; i++) {
		if (rows[i].letter == letter)
			return rows[i].zone;
	}
	return NULL;
}

/* The zone's spelling of a capital letter; NULL: the tables lack it. */
static const char *find_spelling(uint32_t letter, unsigned spelling)
{
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		if ((choices[i].choice & spelling) && choices[i].row.letter == letter)
			return choices[i].row.zone;
	}
	if (letter >= 0x0600 && letter < 0x0700)
		return find_row(arabic, COUNT_OF(arabic), letter);
	if (letter >= 0x0400 && letter < 0x0500)
		return find_row(cyrillic, COUNT_OF(cyrillic), letter);
	return find_row(latin, COUNT_OF(latin), letter);
}

/* Capital of a letter of the Latin and Cyrillic blocks that the tables use. */
static uint32_t capital_of(uint32_t c)
{
	bool odd = c & 1;

	if ((c >= 'a' && c <= 'z') || (c >= 0x00E0 && c <= 0x00FE && c != 0x00F7) ||
	    (c >= 0x0430 && c <= 0x044F))
		return c - 0x20;
	if (c == 0x00FF)
		return 0x0178;
	if (c >= 0x0450 && c <= 0x045F)
		return c - 0x50;
	if ((c >= 0x0139 && c <= 0x0148) || (c >= 0x0179 && c <= 0x017E))
		return odd ? c : c - 1; /* here capitals are odd */
	if (c == 0x0131 || c == 0x0138 || c == 0x0178)
		return c; /* these have no neighbour */
	if ((c >= 0x0100 && c <= 0x0177) || (c >= 0x0218 && c <= 0x021B) ||
	    (c >= 0x0460 && c <= 0x04BF))
		return odd ? c - 1 : c;
	return c;
}

/* Takes one character of at most 16 bits; false: not UTF-8, overlong, or beyond. */
static bool take_utf8(struct sj_span *in, uint32_t *out)
{
	uint8_t byte, next;
	size_t more;

	if (!sj_take_u8(in, &byte))
		return false;
	if (byte < 0x80)
		more = 0;
	else if (byte >= 0xC2 && byte <= 0xDF)
		more = 1;
	else if (byte >= 0xE0 && byte <= 0xEF)
		more = 2;
	else
		return false;
	*out = more == 0 ? byte : byte & (0x3Fu >> more);
	for (size_t i = 0; i < more; i++) {
		if (!sj_take_u8(in, &next) || (next & 0xC0) != 0x80)
			return false;
		*out = *out << 6 | (next & 0x3F);
	}
	return more < 2 || *out >= 0x0800;
}

/* Text that grows; one byte is kept for the NUL. */
struct text {
	char *out;
	size_t len, cap;
	size_t last; /* characters that the last letter took */
};

/* What is left out does not come between a letter and its doubling. */
static bool append(struct text *t, const char *zone)
{
	if (*zone != '\0')
		t->last = 0;
	for (; *zone != '\0'; zone++, t->last++) {
		if (t->len + 1 >= t->cap)
			return false;
		t->out[t->len++] = *zone;
	}
	return true;
}

static bool append_space(struct text *t)
{
	bool ok = t->len == 0 || t->out[t->len - 1] == ' ' || append(t, " ");

	t->last = 0;
	return ok;
}

/* Repeats what the last letter became. */
static bool append_again(struct text *t)
{
	size_t n = t->last;

	if (n == 0 || n >= t->cap - t->len)
		return false;
	for (size_t i = 0; i < n; i++, t->len++)
		t->out[t->len] = t->out[t->len - n];
	return true;
}

/* Doc 9303-3, 4.6: space, hyphen and comma separate; all other punctuation goes. */
static bool is_separator(uint32_t c)
{
	return c == ' ' || c == '-' || c == ',' || c == '<' || c == 0x00A0 ||
	       (c >= 0x2010 && c <= 0x2013) || c == 0x060C;
}

static bool is_omitted(uint32_t c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
	       c == 0x02BC || (c >= 0x2018 && c <= 0x201D);
}

static bool at_end_of_component(struct sj_span rest)
{
	uint32_t next;

	return rest.len == 0 || (take_utf8(&rest, &next) && is_separator(next));
}

static bool append_letter(struct text *t, uint32_t c, unsigned spelling, struct sj_span rest)
{
	const char *zone;
	char plain[2] = "";

	if (is_separator(c))
		return append_space(t);
	if (is_omitted(c))
		return true;
	if (c == SHADDA)
		return append_again(t);
	if (c == TEH_MARBUTA && at_end_of_component(rest))
		return append(t, "XAH");
	c = capital_of(c);
	plain[0] = (char)c;
	zone = c >= 'A' && c <= 'Z' ? plain : find_spelling(c, spelling);
	return zone != NULL && append(t, zone);
}

bool sj_mrz_spell(struct sj_span utf8, unsigned spelling, char *out, size_t cap)
{
	struct text t = { .out = out, .cap = cap };
	uint32_t c;
	bool ok = cap > 0;

	while (ok && utf8.len > 0)
		ok = take_utf8(&utf8, &c) && append_letter(&t, c, spelling, utf8);
	if (!ok)
		t.len = 0;
	while (t.len > 0 && out[t.len - 1] == ' ')
		t.len--;
	if (cap > 0)
		out[t.len] = '\0';
	return ok;
}
