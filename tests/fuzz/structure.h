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
	/* With something else in its place: */
	FUZZ_REPLACED = FUZZ_EDITS, /* its value */
	FUZZ_EXCHANGED, /* all of it */
};

/* Data objects are counted as they begin, those inside others too. */
size_t fuzz_objects(struct sj_span in);
/* The n-th, and its value alone; false: there are fewer. */
struct fuzz_object {
	struct sj_span whole, value;
};
bool fuzz_object(struct sj_span in, size_t n, struct fuzz_object *out);
/*
 * Writes `in` with its n-th data object edited; the lengths of what it is in are mended. `with`: what is put in
 * its place, if anything. False: there are fewer.
 */
bool fuzz_structure(struct sj_span in, size_t n, enum fuzz_edit how, struct sj_span with,
		    struct sj_writer *out);

#endif
