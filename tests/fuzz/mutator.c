/*
 * mutator.c -- what libFuzzer does to an input besides changing bytes: it edits data objects, whose lengths and those
 * around them stay right, and says which calls fail. Bytes alone hardly ever get through more than one length.
 */
#include <string.h>

#include "tests/fuzz/failures.h"
#include "tests/fuzz/structure.h"

#define EDITED_MAX 65536u
#define GROWS 64u /* bytes that a value may get more at once */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned seed);
/* libFuzzer's; that of AFL++'s driver does nothing, nor does it call what is here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static size_t below(uint64_t *random, size_t n)
{
	return fuzz_next(random) % n;
}

/* Where data objects begin is each parser's own affair: at once, or behind a few bytes. */
static struct sj_span objects(const uint8_t *data, size_t size, uint64_t *random)
{
	const size_t at = FUZZ_HEAD + (below(random, 2) == 0 ? 0 : below(random, 8));

	return size > at ? sj_span(data + at, size - at) : sj_span(NULL, 0);
}

/* One kind of calls, once or from there on, after a few good ones; or none. */
static size_t choose_failures(uint8_t *data, size_t size, uint64_t *random)
{
	static const uint8_t kinds[] = { 0,           FUZZ_MEMORY, FUZZ_CRYPTO, FUZZ_STORAGE,
					 FUZZ_RANDOM, FUZZ_CHANNEL };

	if (size < FUZZ_HEAD)
		return 0;
	data[4] = kinds[below(random, sizeof(kinds))];
	data[5] = 0;
	data[6] = (uint8_t)below(random, below(random, 2) == 0 ? 16 : 256);
	data[7] = below(random, 2) == 0 ? FUZZ_ONCE : 0;
	return size;
}

/* An object edited, or its value mutated; 0: there is none. */
static size_t edit_object(uint8_t *data, size_t size, size_t max, uint64_t *random)
{
	static uint8_t value[EDITED_MAX], bytes[EDITED_MAX];
	struct sj_writer w = { .ptr = bytes, .cap = max < sizeof(bytes) ? max : sizeof(bytes) };
	const struct sj_span in = objects(data, size, random);
	const size_t count = fuzz_objects(in);
	const size_t n = count > 0 ? below(random, count) : 0;
	const unsigned how = (unsigned)below(random, 2u * FUZZ_EDITS);
	struct sj_writer copy = SJ_WRITER_OF(value);
	struct fuzz_object o;
	size_t len = 0;

	if (!fuzz_object(in, n, &o) || o.value.len + GROWS > sizeof(value))
		return 0;
	if (how >= FUZZ_EDITS) {
		sj_put(&copy, o.value);
		len = LLVMFuzzerMutate(value, o.value.len, o.value.len + GROWS);
	}
	sj_put(&w, sj_span(data, (size_t)(in.ptr - data)));
	if (!fuzz_structure(in, n, how < FUZZ_EDITS ? how : FUZZ_REPLACED, sj_span(value, len),
			    &w) ||
	    w.failed)
		return 0;
	memcpy(data, bytes, w.len);
	return w.len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	uint64_t random = seed;
	const size_t how = below(&random, 8);
	size_t n = 0;

	if (how == 0)
		n = choose_failures(data, size, &random);
	else if (how < 5)
		n = edit_object(data, size, max, &random);
	return n > 0 ? n : LLVMFuzzerMutate(data, size, max);
}

/* An object of one input for one of the other; 0: libFuzzer goes on with another mutation, as it mostly should. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max, unsigned seed)
{
	uint64_t random = seed;
	const struct sj_span in = objects(a, a_size, &random), from = objects(b, b_size, &random);
	const size_t to = fuzz_objects(in), n = fuzz_objects(from);
	struct sj_writer w = { .ptr = out, .cap = max };
	struct fuzz_object o;

	if (below(&random, 4) > 0 || to == 0 || n == 0 || !fuzz_object(from, below(&random, n), &o))
		return 0;
	sj_put(&w, sj_span(a, (size_t)(in.ptr - a)));
	return fuzz_structure(in, below(&random, to),
			      below(&random, 2) == 0 ? FUZZ_REPLACED : FUZZ_EXCHANGED,
			      below(&random, 2) == 0 ? o.value : o.whole, &w) &&
			       !w.failed
		       ? w.len
		       : 0;
}
