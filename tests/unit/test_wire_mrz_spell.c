/* Names as the zone spells them: the tables of Doc 9303-3, 6, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mrz.h"

static void assert_spelled(const char *utf8, unsigned spelling, const char *zone)
{
	char out[80];

	assert_true(sj_mrz_spell(sj_span((const uint8_t *)utf8, strlen(utf8)), spelling, out,
				 sizeof(out)));
	assert_string_equal(out, zone);
}

static void latin_letters(void **state)
{
	(void)state;
	assert_spelled("Måns Østergård-Þór", 0, "MAANS OESTERGAARD THOR");
	assert_spelled("Weiß, Jürgen", 0, "WEISS JUERGEN");
	assert_spelled("Łukasz Żółć", 0, "LUKASZ ZOLC");
	assert_spelled("D'Artagnan  O’Neil jr.", 0, "DARTAGNAN ONEIL JR");
	assert_spelled("ŸÿŽžŁłıİĲœ", 0, "YYZZLLIIIJOE");
	assert_spelled(" -Ann- ", 0, "ANN");
}

static void the_choices_of_table_a(void **state)
{
	(void)state;
	assert_spelled("Núñez", 0, "NUNEZ");
	assert_spelled("Núñez", SJ_MRZ_SPELL_XX, "NUNXXEZ");
	assert_spelled("Müller", SJ_MRZ_SPELL_PLAIN_UMLAUT, "MULLER");
	assert_spelled("Müller", SJ_MRZ_SPELL_XX, "MUXXLLER");
	assert_spelled("Özil Äsch", SJ_MRZ_SPELL_PLAIN_UMLAUT, "OZIL ASCH");
	assert_spelled("Åse", SJ_MRZ_SPELL_PLAIN_UMLAUT, "ASE");
	assert_spelled("ÄÅÖÑ", SJ_MRZ_SPELL_XX, "AEAAOENXX");
}

/* Doc 9303-3, 6.A, row by row. */
static void table_a(void **state)
{
	(void)state;
	assert_spelled("ÀÁÂÃÄÅÆÇ", 0, "AAAAAEAAAEC");
	assert_spelled("ÈÉÊËÌÍÎÏÐÑ", 0, "EEEEIIIIDN");
	assert_spelled("ÒÓÔÕÖØÙÚÛÜÝÞ", 0, "OOOOOEOEUUUUEYTH");
	assert_spelled("ĀĂĄĆĈĊČĎĐ", 0, "AAACCCCDD");
	assert_spelled("ĒĔĖĘĚĜĞĠĢĤĦ", 0, "EEEEEGGGGHH");
	assert_spelled("ĨĪĬĮİıĲĴĶ", 0, "IIIIIIIJJK");
	assert_spelled("ĹĻĽĿŁŃŅŇŊ", 0, "LLLLLNNNN");
	assert_spelled("ŌŎŐŒŔŖŘ", 0, "OOOOERRR");
	assert_spelled("ŚŜŞŠŢŤŦ", 0, "SSSSTTT");
	assert_spelled("ŨŪŬŮŰŲŴŶŸŹŻŽẞ", 0, "UUUUUUWYYZZZSS");
	assert_spelled("ȘȚß", 0, "STSS"); /* not in the table */
}

static void cyrillic_letters(void **state)
{
	(void)state;
	assert_spelled("Хрущёв Юрий", 0, "KHRUSHCHEV IURII");
	assert_spelled("Горбачёва Ольга", 0, "GORBACHEVA OLGA");
	assert_spelled("Їжак Ґалаґан Єва", 0, "IZHAK GALAGAN IEVA");
	assert_spelled("Ђорђе Љиљана", 0, "DORDE LJILJANA");
}

/* Doc 9303-3, 6.B, row by row, without the exceptions for single languages. */
static void table_b(void **state)
{
	(void)state;
	assert_spelled("ЁЂЄЅІЇЈЉЊЌЎЏ", 0, "EDIEDZIIJLJNJKUDZ");
	assert_spelled("АБВГДЕЖЗИЙКЛМ", 0, "ABVGDEZHZIIKLM");
	assert_spelled("НОПРСТУФХЦЧ", 0, "NOPRSTUFKHTSCH");
	assert_spelled("ШЩЪЫЭЮЯ", 0, "SHSHCHIEYEIUIA");
	assert_spelled("ѪѴҐҒҺ", 0, "UYGGC");
	assert_spelled("ЃЋЬ", 0, "GC"); /* not in the table */
	assert_spelled("ѓћьѫѵґғһ", 0, "GCUYGGC");
}

static void arabic_letters(void **state)
{
	(void)state;
	assert_spelled("محمود عبدالرحيم", 0, "MXHMWD EBDALRXHYM");
	assert_spelled("فاطمة", 0, "FAXTTMXAH");
	assert_spelled("فاطمةب", 0, "FAXTTMXTAB");
	assert_spelled("مُحَمَّد", 0, "MXHMMD");
}

/* The example of Doc 9303-3, appendix B: a name of six parts. */
static void the_arabic_name_of_appendix_b(void **state)
{
	(void)state;
	assert_spelled("ابو بكر محمد بن زكريا الرازي", 0, "ABW BKR MXHMD BN ZKRYA ALRAZY");
}

/* Code points of two UTF-8 bytes, as the table prints them. */
static void assert_row(uint32_t letter, const char *zone)
{
	const char utf8[] = { (char)(0xC0 | letter >> 6), (char)(0x80 | (letter & 0x3F)), '\0' };

	assert_spelled(utf8, 0, zone);
}

/* Doc 9303-3, 6.C, row by row; 0629 and 0651 have cases of their own. */
static void table_c(void **state)
{
	static const char *const from_0621[] = { "XE", "XAA", "XAE", "U", "I", "XI", "A", "B" };
	static const char *const from_062a[] = { "T",   "XTH", "J",   "XH", "XKH", "D",
						 "XDH", "R",   "Z",   "S",  "XSH", "XSS",
						 "XDZ", "XTT", "XZZ", "E",  "G" };
	static const char *const from_0641[] = {
		"F", "Q", "K", "L", "M", "N", "H", "W", "XAY", "Y"
	};
	static const struct {
		uint32_t letter;
		const char *zone;
	} others[] = {
		{ 0x0671, "XXA" }, { 0x0679, "XXT" }, { 0x067C, "XRT" }, { 0x067E, "P" },
		{ 0x0681, "XKE" }, { 0x0685, "XXH" }, { 0x0686, "XC" },  { 0x0688, "XXD" },
		{ 0x0689, "XDR" }, { 0x0691, "XXR" }, { 0x0693, "XRR" }, { 0x0696, "XRX" },
		{ 0x0698, "XJ" },  { 0x069A, "XXS" }, { 0x06A9, "XKK" }, { 0x06AB, "XXK" },
		{ 0x06AD, "XNG" }, { 0x06AF, "XGG" }, { 0x06BA, "XNN" }, { 0x06BC, "XXN" },
		{ 0x06BE, "XDO" }, { 0x06C0, "XYH" }, { 0x06C1, "XXG" }, { 0x06C2, "XGE" },
		{ 0x06C3, "XTG" }, { 0x06CC, "XYA" }, { 0x06CD, "XXY" }, { 0x06D0, "Y" },
		{ 0x06D2, "XYB" }, { 0x06D3, "XBE" }, { 0x06A4, "V" },   { 0x06A5, "XF" },
	};

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		assert_row(0x0621 + i, from_0621[i]);
	for (uint32_t i = 0; i < 17; i++)
		assert_row(0x062A + i, from_062a[i]);
	for (uint32_t i = 0; i < 10; i++)
		assert_row(0x0641 + i, from_0641[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_row(others[i].letter, others[i].zone);
}

static void arabic_signs_that_are_not_encoded(void **state)
{
	static const uint32_t signs[] = { 0x0640, 0x064B, 0x064C, 0x064D, 0x064E, 0x064F, 0x0650,
					  0x0652, 0x0670, 0x069C, 0x06A2, 0x06A7, 0x06A8 };

	(void)state;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		assert_row(signs[i], "");
}

/* Notes 2 and 3 of 6.C. */
static void arabic_doubling_and_teh_marbuta(void **state)
{
	(void)state;
	assert_spelled("عبّاس", 0, "EBBAS");
	assert_spelled("فضّة", 0, "FXDZXDZXAH");
}

static void what_cannot_be_spelled(void **state)
{
	char out[8];

	(void)state;
	assert_false(sj_mrz_spell(SJ_SPAN_STR("Anna2"), 0, out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(sj_mrz_spell(SJ_SPAN_STR("\xE4\xB8\xAD"), 0, out, sizeof(out)));
	assert_false(sj_mrz_spell(SJ_SPAN_STR("\xC3"), 0, out, sizeof(out)));
	assert_false(sj_mrz_spell(SJ_SPAN_STR("\xC0\xAF"), 0, out, sizeof(out)));
	assert_false(sj_mrz_spell(SJ_SPAN_STR("\xE0\x80\xAF"), 0, out, sizeof(out)));
	assert_false(sj_mrz_spell(SJ_SPAN_STR("\xD9\x91"), 0, out, sizeof(out)));
	assert_false(sj_mrz_spell(SJ_SPAN_STR("ANNAMARI"), 0, out, sizeof(out)));
	assert_true(sj_mrz_spell(SJ_SPAN_STR("ANNAMAR"), 0, out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(latin_letters),
		cmocka_unit_test(the_choices_of_table_a),
		cmocka_unit_test(table_a),
		cmocka_unit_test(cyrillic_letters),
		cmocka_unit_test(table_b),
		cmocka_unit_test(arabic_letters),
		cmocka_unit_test(the_arabic_name_of_appendix_b),
		cmocka_unit_test(table_c),
		cmocka_unit_test(arabic_signs_that_are_not_encoded),
		cmocka_unit_test(arabic_doubling_and_teh_marbuta),
		cmocka_unit_test(what_cannot_be_spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
