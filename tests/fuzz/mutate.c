/*
 * mutate.c -- every parser against every truncation of its valid inputs, against these with
 * each data object missing, empty, doubled (structure.h), against these with each single call failing, against random mutations of them, half of them with failing calls
 * (failures.h), and against a corpus: what other fuzzers found to reach more.
 *
 *	mutate [-n COUNT] [-s SEED] [-c CORPUS] [PARSER...]
 *	mutate --seeds DIR [PARSER...]
 *	mutate --list
 *
 * TAP on stdout, one line a parser. The seed is printed; the same seed and
 * count give the same inputs, parser by parser. Run under ASan and UBSan.
 * --seeds only writes the valid inputs, DIR/PARSER/NUMBER, for other fuzzers.
 * --list tells each parser's name, whether it is stateful (a whole program or card), and its room.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/failures.h"
#include "tests/fuzz/structure.h"

#define GROWTH 512u /* bytes that mutations may add */
#define STEPS_MAX 6u /* mutations of one input */
#define OBJECTS_MAX 96u /* of a valid input, edited one by one */
#define FAILURES_MAX 48u /* failing calls of each kind, tried one by one with a valid input */
#define CORPUS_MAX 0x400000u /* bytes of its file */

struct options {
	uint64_t count, seed;
	const char *seeds; /* write the valid inputs there; NULL: test */
	bool list;
	uint8_t *corpus; /* a file of entries; NULL: none */
	size_t corpus_len;
};

struct tally {
	uint64_t inputs, accepted, replayed;
};

static size_t below(uint64_t *state, size_t n)
{
	return n > 0 ? (size_t)(fuzz_next(state) % n) : 0;
}

static const uint8_t all_succeeds[FUZZ_HEAD];

/* Runs on a block of exactly this size, so that a read past it is seen. */
static bool run_exact(const struct fuzz_parser *p, const uint8_t head[static FUZZ_HEAD],
		      struct sj_span in)
{
	uint8_t *block = malloc(FUZZ_HEAD + in.len);
	bool accepted;

	if (block == NULL)
		abort();
	memcpy(block, head, FUZZ_HEAD);
	if (in.len > 0)
		memcpy(block + FUZZ_HEAD, in.ptr, in.len);
	accepted = fuzz_input(p, sj_span(block, FUZZ_HEAD + in.len));
	free(block);
	return accepted;
}

/* Half of them fail nothing. */
static void make_head(uint64_t *rnd, uint8_t head[static FUZZ_HEAD])
{
	static const uint8_t rates[] = { FUZZ_ONCE, FUZZ_ONCE, 0, 1, 15, 63 };
	struct sj_writer w = sj_writer(head, FUZZ_HEAD);
	bool fails = fuzz_next(rnd) % 2 == 0;

	sj_put_be(&w, 4, (uint32_t)fuzz_next(rnd));
	sj_put_u8(&w, fails ? (uint8_t)(1 + below(rnd, 31)) : 0);
	sj_put_be(&w, 2, (uint32_t)below(rnd, (size_t)1 << below(rnd, 10)));
	sj_put_u8(&w, rates[below(rnd, sizeof(rates))]);
}

/* --- mutations: each changes buf[0..*len) and keeps it within cap ------------- */

static void flip_bit(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	(void)cap;
	if (*len > 0)
		buf[below(rnd, *len)] ^= (uint8_t)(1u << below(rnd, 8));
}

static void set_byte(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	(void)cap;
	if (*len > 0)
		buf[below(rnd, *len)] = (uint8_t)fuzz_next(rnd);
}

static void insert_bytes(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	size_t at = below(rnd, *len + 1), n = 1 + below(rnd, 8);

	if (n > cap - *len)
		return;
	memmove(buf + at + n, buf + at, *len - at);
	for (size_t i = 0; i < n; i++)
		buf[at + i] = (uint8_t)fuzz_next(rnd);
	*len += n;
}

static void delete_bytes(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	size_t at = below(rnd, *len), n = 1 + below(rnd, 8);

	(void)cap;
	if (n > *len - at)
		n = *len - at;
	memmove(buf + at, buf + at + n, *len - at - n);
	*len -= n;
}

/* Copies a piece of the input over, or in front of, another place. */
static void splice(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	size_t from = below(rnd, *len), to = below(rnd, *len), n = 1 + below(rnd, 64);
	uint8_t piece[64];

	if (*len == 0)
		return;
	if (n > *len - from)
		n = *len - from;
	memcpy(piece, buf + from, n);
	if (fuzz_next(rnd) % 2 == 0 && n <= cap - *len) {
		memmove(buf + to + n, buf + to, *len - to);
		*len += n;
	} else if (n > *len - to) {
		n = *len - to;
	}
	memcpy(buf + to, piece, n);
}

/* A length field that lies: any byte may be one. */
static void lie_about_length(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	static const uint8_t lies[] = {
		0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0xFF
	};
	size_t at = below(rnd, *len);

	(void)cap;
	if (*len == 0)
		return;
	switch (fuzz_next(rnd) % 3) {
	case 0:
		buf[at]++;
		break;
	case 1:
		buf[at]--;
		break;
	default:
		buf[at] = lies[below(rnd, sizeof(lies))];
		break;
	}
}

static void cut(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	(void)buf;
	(void)cap;
	*len = below(rnd, *len + 1);
}

static void mutate(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	static void (*const ways[])(uint64_t *, uint8_t *, size_t *, size_t) = {
		flip_bit, flip_bit, set_byte,         insert_bytes,     delete_bytes,
		splice,   splice,   lie_about_length, lie_about_length, cut,
	};
	size_t steps = 1 + below(rnd, STEPS_MAX);

	for (size_t i = 0; i < steps; i++)
		ways[below(rnd, sizeof(ways) / sizeof(ways[0]))](rnd, buf, len, cap);
}

/* --- one parser ------------------------------------------------------------------ */

/* The whole seed must be accepted; every truncation must be survived, of what is no parser every 16th. */
static bool try_truncations(const struct fuzz_parser *p, struct sj_span seed, struct tally *t)
{
	bool accepted = run_exact(p, all_succeeds, seed);
	size_t step = fuzz_is_stateful(p) ? 16 : 1;

	for (size_t n = 0; n < seed.len; n += step, t->inputs++)
		(void)run_exact(p, all_succeeds, sj_span(seed.ptr, n));
	t->inputs++;
	return accepted;
}

/* A whole program or card is a thousand times the work of a parser. */
static uint64_t share_of(const struct fuzz_parser *p, uint64_t count)
{
	return fuzz_is_stateful(p) ? count / 20 : count;
}

/* Entries: length of the name (1), name, length (4), input. False: not such a file. */
static bool replay(const struct fuzz_parser *p, const struct options *o, struct tally *t)
{
	struct sj_span all = sj_span(o->corpus, o->corpus_len), name, input, head;
	uint32_t n;

	while (all.len > 0) {
		if (!sj_take_be(&all, 1, &n) || !sj_take(&all, n, &name) ||
		    !sj_take_be(&all, 4, &n) || !sj_take(&all, n, &input))
			return false;
		if (!sj_span_eq(name, sj_span((const uint8_t *)p->name, strlen(p->name))) ||
		    !sj_take(&input, FUZZ_HEAD, &head))
			continue;
		(void)run_exact(p, head.ptr, input);
		t->replayed++;
	}
	return true;
}

/* Memory, OpenSSL and cards fail at the first call, the second, ... until none is left, or for long enough. */
static void try_failures(const struct fuzz_parser *p, struct sj_span seed, struct tally *t)
{
	static const uint8_t kinds[] = { FUZZ_MEMORY, FUZZ_CRYPTO, FUZZ_CHANNEL };
	const unsigned all = fuzz_is_stateful(p) ? 29 : 1;
	uint8_t head[FUZZ_HEAD] = { 0 };

	for (size_t i = 0; i < sizeof(kinds); i++) {
		const unsigned step = kinds[i] == FUZZ_CHANNEL ? 1 : all;
		bool failed = true;

		for (unsigned k = 0; failed && k < FAILURES_MAX * step; k += step, t->inputs++) {
			struct sj_writer w = SJ_WRITER_OF(head);

			sj_put_be(&w, 4, k);
			sj_put_u8(&w, kinds[i]);
			sj_put_be(&w, 2, k);
			sj_put_u8(&w, k % 2 == 0 ? FUZZ_ONCE : 0);
			(void)run_exact(p, head, seed);
			failed = fuzz_failures() > 0;
		}
	}
}

/* Each object of a valid input edited in each way; what is no parser takes too long for that. */
static void try_structures(const struct fuzz_parser *p, struct sj_span seed, struct tally *t)
{
	uint8_t *buf = malloc(2 * FUZZ_SEED_MAX);
	bool there = buf != NULL && !fuzz_is_stateful(p);

	for (size_t n = 0; there && n < OBJECTS_MAX; n++)
		for (unsigned how = 0; how < FUZZ_EDITS; how++) {
			struct sj_writer w = sj_writer(buf, 2 * FUZZ_SEED_MAX);

			there = fuzz_structure(seed, n, how, sj_span(NULL, 0), &w);
			if (!there)
				break;
			(void)run_exact(p, all_succeeds, sj_written(&w));
			t->inputs++;
		}
	free(buf);
}

static void try_mutations(const struct fuzz_parser *p, const struct options *o, size_t seeds,
			  uint8_t *buf, struct tally *t)
{
	uint8_t head[FUZZ_HEAD];
	uint64_t rnd = o->seed;
	struct sj_writer w;
	size_t len;

	for (uint64_t i = 0; i < share_of(p, o->count); i++) {
		w = sj_writer(buf, FUZZ_SEED_MAX);
		if (!p->seed(below(&rnd, seeds), &w))
			abort();
		len = w.len;
		mutate(&rnd, buf, &len, FUZZ_SEED_MAX + GROWTH);
		make_head(&rnd, head);
		t->accepted += run_exact(p, head, sj_span(buf, len));
		t->inputs++;
	}
}

static bool try_parser(const struct fuzz_parser *p, const struct options *o, struct tally *t)
{
	uint8_t *buf = malloc(FUZZ_SEED_MAX + GROWTH);
	struct sj_writer w;
	size_t seeds = 0;
	bool ok = buf != NULL;

	while (ok) {
		w = sj_writer(buf, FUZZ_SEED_MAX);
		if (!p->seed(seeds, &w))
			break;
		ok = !w.failed && w.len > 0 && try_truncations(p, sj_written(&w), t);
		if (ok) {
			try_structures(p, sj_written(&w), t);
			try_failures(p, sj_written(&w), t);
		} else {
			printf("# seed %zu of %s is not accepted\n", seeds, p->name);
		}
		seeds++;
	}
	ok = ok && seeds > 0 && replay(p, o, t);
	if (ok)
		try_mutations(p, o, seeds, buf, t);
	free(buf);
	return ok;
}

/* --- the valid inputs as files ----------------------------------------------------- */

static bool write_file(const char *path, struct sj_span bytes)
{
	FILE *f = fopen(path, "wb");
	bool ok = f != NULL && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;

	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		perror(path);
	return ok;
}

/* DIR/PARSER/0, 1, ...; directories that are there already are used. */
static bool write_seeds(const struct fuzz_parser *p, const char *dir)
{
	uint8_t *buf = calloc(1, FUZZ_HEAD + FUZZ_SEED_MAX);
	struct sj_writer w;
	char path[512];
	bool ok = buf != NULL;

	(void)mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/%s", dir, p->name);
	(void)mkdir(path, 0777);
	for (size_t i = 0; ok; i++) {
		w = sj_writer(buf + FUZZ_HEAD, FUZZ_SEED_MAX);
		if (!p->seed(i, &w))
			break;
		snprintf(path, sizeof(path), "%s/%s/%zu", dir, p->name, i);
		ok = write_file(path, sj_span(buf, FUZZ_HEAD + w.len));
	}
	free(buf);
	return ok;
}

/* --- command line ------------------------------------------------------------------- */

static bool wanted(const struct fuzz_parser *p, char **names, int n)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], p->name) == 0)
			return true;
	}
	return n == 0;
}

static bool read_corpus(const char *path, struct options *o)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0;

	free(o->corpus);
	o->corpus = malloc(CORPUS_MAX);
	if (f == NULL || o->corpus == NULL)
		perror(path);
	else
		n = fread(o->corpus, 1, CORPUS_MAX, f);
	if (f != NULL)
		fclose(f);
	o->corpus_len = n;
	return n > 0 && n < CORPUS_MAX;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option named[] = { { "seeds", required_argument, NULL, 'd' },
					       { "list", no_argument, NULL, 'l' },
					       { 0 } };
	int c;

	*o = (struct options){ .count = 1000 };
	if (getrandom(&o->seed, sizeof(o->seed), 0) != (ssize_t)sizeof(o->seed))
		return false;
	while ((c = getopt_long(argc, argv, "n:s:c:", named, NULL)) != -1) {
		if (c == 'n')
			o->count = strtoull(optarg, NULL, 0);
		else if (c == 's')
			o->seed = strtoull(optarg, NULL, 0);
		else if (c == 'd')
			o->seeds = optarg;
		else if (c == 'l')
			o->list = true;
		else if (c != 'c' || !read_corpus(optarg, o))
			return false;
	}
	for (int i = optind; i < argc; i++) {
		if (fuzz_parser_named(argv[i]) == NULL) {
			fprintf(stderr, "no such parser: %s\n", argv[i]);
			return false;
		}
	}
	return true;
}

/* One line of TAP; false: not ok. */
static bool report_parser(const struct fuzz_parser *p, const struct options *o, unsigned number)
{
	struct tally t = { 0 };
	bool ok = try_parser(p, o, &t);

	printf("# %s: %" PRIu64 " inputs, %" PRIu64 " mutations accepted, %" PRIu64 " replayed\n",
	       p->name, t.inputs, t.accepted, t.replayed);
	printf("%sok %u - %s\n", ok ? "" : "not ", number, p->name);
	fflush(stdout);
	return ok;
}

/* One parser, as the options want it; false: it failed. */
static bool treat(const struct fuzz_parser *p, const struct options *o, unsigned number)
{
	if (o->seeds != NULL)
		return write_seeds(p, o->seeds);
	if (!o->list)
		return report_parser(p, o, number);
	printf("%s %s %s\n", p->name, fuzz_is_stateful(p) ? "stateful" : "parser", fuzz_room_of(p));
	return true;
}

int main(int argc, char **argv)
{
	const struct fuzz_parser *p;
	struct options o;
	unsigned ran = 0, failed = 0;
	bool tap, ok = read_options(argc, argv, &o);

	if (!ok)
		fprintf(stderr, "usage: mutate [-n COUNT] [-s SEED] [-c CORPUS] [--seeds DIR] "
				"[--list] [PARSER...]\n");
	tap = ok && o.seeds == NULL && !o.list;
	if (tap)
		printf("# replay with -n %" PRIu64 " -s 0x%016" PRIx64 "\n", o.count, o.seed);
	for (size_t i = 0; ok && (p = fuzz_parser_at(i)) != NULL; i++)
		if (wanted(p, argv + optind, argc - optind))
			failed += !treat(p, &o, ++ran);
	if (tap)
		printf("1..%u\n", ran);
	free(o.corpus);
	return !ok ? 2 : failed == 0 ? 0 : 1;
}
