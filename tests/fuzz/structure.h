/* structure.h -- inputs that are well-formed, but for one data object that is not as it was. */
#ifndef TESTS_FUZZ_STRUCTURE_H
#define TESTS_FUZZ_STRUCTURE_H

#include "wire/bytes.h"

enum fuzz_edit {
	FUZZ_DROPPED,
	FUZZ_EMPTIED,
	FUZZ_SHORTENED,
	FUZZ_LENGTHENED,
	FUZZ_RENAMED,
	FUZZ_DOUBLED,
	FUZZ_EDITS,
};

/*
 * Writes `in` with its n-th data object edited, counted as they begin, those inside others too; the lengths
 * of what it is in are mended. False: there are fewer.
 */
bool fuzz_structure(struct sj_span in, size_t n, enum fuzz_edit how, struct sj_writer *out);

#endif
