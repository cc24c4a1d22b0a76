#include "wire/sw.h"

#include <stddef.h>

struct sw_text {
	uint16_t sw;
	const char *text;
};

/* Exact values; ISO/IEC 7816-4:2020, tables 5 and 6. */
static const struct sw_text exact[] = {
	{ 0x9000, "normal processing" },
	{ 0x6200, "no information given, non-volatile memory unchanged" },
	{ 0x6281, "part of returned data may be corrupted" },
	{ 0x6282, "end of file or record reached before reading ne bytes, or unsuccessful search" },
	{ 0x6283, "selected file deactivated" },
	{ 0x6284, "file or data control information not formatted as specified" },
	{ 0x6285, "selected file in termination state" },
	{ 0x6286, "no input data available from a sensor on the card" },
	{ 0x6287, "at least one of the referenced records is deactivated" },
	{ 0x6300, "no information given, non-volatile memory changed" },
	{ 0x6340, "unsuccessful comparison" },
	{ 0x6381, "file filled up by the last write" },
	{ 0x6400, "execution error" },
	{ 0x6401, "immediate response required by the card" },
	{ 0x6481, "logical channel shared access denied" },
	{ 0x6482, "logical channel opening denied" },
	{ 0x6500, "no information given, non-volatile memory changed" },
	{ 0x6581, "memory failure" },
	{ 0x6600, "security-related issue" },
	{ 0x6700, "wrong length" },
	{ 0x6701, "command apdu format not compliant with this standard" },
	{ 0x6702, "the value of lc is not the one expected" },
	{ 0x6800, "function in class byte not supported" },
	{ 0x6881, "logical channel not supported" },
	{ 0x6882, "secure messaging not supported" },
	{ 0x6883, "last command of the chain expected" },
	{ 0x6884, "command chaining not supported" },
	{ 0x6900, "command not allowed" },
	{ 0x6981, "command incompatible with file structure" },
	{ 0x6982, "security status not satisfied" },
	{ 0x6983, "authentication method blocked" },
	{ 0x6984, "reference data not usable" },
	{ 0x6985, "conditions of use not satisfied" },
	{ 0x6986, "command not allowed (no current ef)" },
	{ 0x6987, "expected secure messaging data objects missing" },
	{ 0x6988, "incorrect secure messaging data objects" },
	{ 0x6A00, "wrong parameters p1-p2" },
	{ 0x6A80, "incorrect parameters in the command data field" },
	{ 0x6A81, "function not supported" },
	{ 0x6A82, "file or application not found" },
	{ 0x6A83, "record not found" },
	{ 0x6A84, "not enough memory space in the file" },
	{ 0x6A85, "nc inconsistent with tlv structure" },
	{ 0x6A86, "incorrect parameters p1-p2" },
	{ 0x6A87, "nc inconsistent with parameters p1-p2" },
	{ 0x6A88, "referenced data or reference data not found" },
	{ 0x6A89, "file already exists" },
	{ 0x6A8A, "df name already exists" },
	{ 0x6B00, "wrong parameters p1-p2" },
	{ 0x6D00, "instruction code not supported or invalid" },
	{ 0x6E00, "class not supported" },
	{ 0x6F00, "no precise diagnosis" },
};

/* Tried in this order when no exact value fits; `sw` under `mask`. */
static const struct {
	uint16_t mask, sw;
	const char *text;
} families[] = {
	{ 0xFF00, 0x6100, "normal processing, more response bytes available" },
	{ 0xFF00, 0x6C00, "wrong le field, the low byte is the exact number" },
	{ 0xFFF0, 0x63C0, "comparison failed, the low nibble is the number of further tries" },
	{ 0xFF00, 0x6200, "warning, non-volatile memory unchanged" },
	{ 0xFF00, 0x6300, "warning, non-volatile memory changed" },
	{ 0xFF00, 0x6400, "execution error, non-volatile memory unchanged" },
	{ 0xFF00, 0x6500, "execution error, non-volatile memory changed" },
	{ 0xFF00, 0x6600, "security-related issue" },
	{ 0xFF00, 0x6700, "wrong length" },
	{ 0xFF00, 0x6800, "function in class byte not supported" },
	{ 0xFF00, 0x6900, "command not allowed" },
	{ 0xFF00, 0x6A00, "wrong parameters p1-p2" },
	{ 0xF000, 0x9000, "proprietary status" },
	{ 0xFF00, 0x6000, "invalid status word" },
	{ 0xF000, 0x6000, "proprietary status" }, /* 6B, 6D, 6E, 6F; 5.6 */
};

const char *sj_sw_text(uint16_t sw)
{
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		if (exact[i].sw == sw)
			return exact[i].text;
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if ((sw & families[i].mask) == families[i].sw)
			return families[i].text;
	}
	return "invalid status word";
}
