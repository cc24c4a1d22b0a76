/*
 * sw.h -- status words with names and texts.
 *
 * Source: ISO/IEC 7816-4:2020, 5.6, tables 5 and 6; the names follow the
 * standard's wording.
 */
#ifndef SJ_WIRE_SW_H
#define SJ_WIRE_SW_H

#include <stdint.h>

enum sj_sw {
	SJ_SW_OK = 0x9000,
	SJ_SW_BYTES_REMAINING = 0x6100, /* low byte: how many, 0 for 256 or more */
	SJ_SW_FILE_DEACTIVATED = 0x6283,
	SJ_SW_END_OF_FILE = 0x6282,
	SJ_SW_CORRUPTED = 0x6281,
	SJ_SW_NO_INFORMATION = 0x6300,
	SJ_SW_COUNTER = 0x63C0, /* low nibble: further tries */
	SJ_SW_EXECUTION_ERROR = 0x6400,
	SJ_SW_MEMORY_FAILURE = 0x6581,
	SJ_SW_WRONG_LENGTH = 0x6700,
	SJ_SW_CHANNEL_NOT_SUPPORTED = 0x6881,
	SJ_SW_SM_NOT_SUPPORTED = 0x6882,
	SJ_SW_LAST_OF_CHAIN_EXPECTED = 0x6883,
	SJ_SW_CHAINING_NOT_SUPPORTED = 0x6884,
	SJ_SW_FILE_STRUCTURE = 0x6981,
	SJ_SW_SECURITY_STATUS = 0x6982,
	SJ_SW_AUTH_BLOCKED = 0x6983,
	SJ_SW_DATA_INVALIDATED = 0x6984,
	SJ_SW_CONDITIONS = 0x6985,
	SJ_SW_NOT_ALLOWED = 0x6986, /* command not allowed (no current EF) */
	SJ_SW_SM_MISSING = 0x6987,
	SJ_SW_SM_INCORRECT = 0x6988,
	SJ_SW_WRONG_DATA = 0x6A80,
	SJ_SW_FUNCTION_NOT_SUPPORTED = 0x6A81,
	SJ_SW_NOT_FOUND = 0x6A82,
	SJ_SW_RECORD_NOT_FOUND = 0x6A83,
	SJ_SW_NO_SPACE = 0x6A84,
	SJ_SW_WRONG_P1P2 = 0x6A86,
	SJ_SW_LC_INCONSISTENT = 0x6A87,
	SJ_SW_REFERENCE_NOT_FOUND = 0x6A88,
	SJ_SW_ALREADY_EXISTS = 0x6A89,
	SJ_SW_WRONG_P1P2_PLAIN = 0x6B00,
	SJ_SW_WRONG_LE = 0x6C00, /* low byte: the exact Le */
	SJ_SW_WRONG_INS = 0x6D00,
	SJ_SW_WRONG_CLA = 0x6E00,
	SJ_SW_UNKNOWN = 0x6F00,
};

/* What the standard calls this status word, in lower case; never NULL. */
const char *sj_sw_text(uint16_t sw);

#endif
