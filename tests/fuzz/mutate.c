/*
 * mutate.c -- every parser against every truncation of its valid inputs, and
 * against random mutations of them.
 *
 *	mutate [-n COUNT] [-s SEED] [PARSER...]
 *	mutate --seeds DIR [PARSER...]
 *
 * TAP on stdout, one line a parser. The seed is printed; the same seed and
 * count give the same inputs, parser by parser. Run under ASan and UBSan.
 * --seeds only writes the valid inputs, DIR/PARSER/NUMBER, for other fuzzers.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/parsers.h"

#define GROWTH 512u /* bytes that mutations may add */
#define STEPS_MAX 6u /* mutations of one input */

struct options {
	uint64_t count, seed;
	const char *seeds; /* write the valid inputs there; NULL: test */
};

struct tally {
	uint64_t inputs, accepted;
};

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n)
{
	return n > 0 ? (size_t)(next_random(state) % n) : 0;
}

/* Runs on a block of exactly this size, so that a read past it is seen. */
static bool run_exact(const struct fuzz_parser *p, struct sj_span in)
{
	uint8_t *block = malloc(in.len);
	bool accepted;

	if (block == NULL && in.len > 0)
		abort();
	if (in.len > 0)
		memcpy(block, in.ptr, in.len);
	accepted = p->run(sj_span(block, in.len));
	free(block);
	return accepted;
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
		buf[below(rnd, *len)] = (uint8_t)next_random(rnd);
}

static void insert_bytes(uint64_t *rnd, uint8_t *buf, size_t *len, size_t cap)
{
	size_t at = below(rnd, *len + 1), n = 1 + below(rnd, 8);

	if (n > cap - *len)
		return;
	memmove(buf + at + n, buf + at, *len - at);
	for (size_t i = 0; i < n; i++)
		buf[at + i] = (uint8_t)next_random(rnd);
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
	if (next_random(rnd) % 2 == 0 && n <= cap - *len) {
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
	switch (next_random(rnd) % 3) {
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

/* The whole seed must be accepted; every truncation must be survived. */
static bool try_truncations(const struct fuzz_parser *p, struct sj_span seed, struct tally *t)
{
	bool accepted = run_exact(p, seed);

	for (size_t n = 0; n < seed.len; n++)
		(void)run_exact(p, sj_span(seed.ptr, n));
	t->inputs += seed.len + 1;
	return accepted;
}

/* `module` is a program's whole use of a card, not a parser: a thousand times the work. */
static uint64_t share_of(const struct fuzz_parser *p, uint64_t count)
{
	return strcmp(p->name, "module") == 0 ? count / 10 : count;
}

static void try_mutations(const struct fuzz_parser *p, const struct options *o, size_t seeds,
			  uint8_t *buf, struct tally *t)
{
	uint64_t rnd = o->seed;
	struct sj_writer w;
	size_t len;

	for (uint64_t i = 0; i < share_of(p, o->count); i++) {
		w = sj_writer(buf, FUZZ_SEED_MAX);
		if (!p->seed(below(&rnd, seeds), &w))
			abort();
		len = w.len;
		mutate(&rnd, buf, &len, FUZZ_SEED_MAX + GROWTH);
		t->accepted += run_exact(p, sj_span(buf, len));
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
		if (!ok)
			printf("# seed %zu of %s is not accepted\n", seeds, p->name);
		seeds++;
	}
	ok = ok && seeds > 0;
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
	uint8_t *buf = malloc(FUZZ_SEED_MAX);
	struct sj_writer w;
	char path[512];
	bool ok = buf != NULL;

	(void)mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/%s", dir, p->name);
	(void)mkdir(path, 0777);
	for (size_t i = 0; ok; i++) {
		w = sj_writer(buf, FUZZ_SEED_MAX);
		if (!p->seed(i, &w))
			break;
		snprintf(path, sizeof(path), "%s/%s/%zu", dir, p->name, i);
		ok = write_file(path, sj_written(&w));
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

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option named[] = { { "seeds", required_argument, NULL, 'd' }, { 0 } };
	int c;

	*o = (struct options){ .count = 1000 };
	if (getrandom(&o->seed, sizeof(o->seed), 0) != (ssize_t)sizeof(o->seed))
		return false;
	while ((c = getopt_long(argc, argv, "n:s:", named, NULL)) != -1) {
		if (c == 'n')
			o->count = strtoull(optarg, NULL, 0);
		else if (c == 's')
			o->seed = strtoull(optarg, NULL, 0);
		else if (c == 'd')
			o->seeds = optarg;
		else
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
	struct tally t = { 0, 0 };
	bool ok = try_parser(p, o, &t);

	printf("# %s: %" PRIu64 " inputs, %" PRIu64 " mutations accepted\n", p->name, t.inputs,
	       t.accepted);
	printf("%sok %u - %s\n", ok ? "" : "not ", number, p->name);
	fflush(stdout);
	return ok;
}

int main(int argc, char **argv)
{
	const struct fuzz_parser *p;
	struct options o;
	unsigned ran = 0, failed = 0;

	if (!read_options(argc, argv, &o)) {
		fprintf(stderr, "usage: mutate [-n COUNT] [-s SEED] [--seeds DIR] [PARSER...]\n");
		return 2;
	}
	if (o.seeds == NULL)
		printf("# replay with -n %" PRIu64 " -s 0x%016" PRIx64 "\n", o.count, o.seed);
	for (size_t i = 0; (p = fuzz_parser_at(i)) != NULL; i++) {
		if (!wanted(p, argv + optind, argc - optind))
			continue;
		ran++;
		failed += o.seeds != NULL ? !write_seeds(p, o.seeds) : !report_parser(p, &o, ran);
	}
	if (o.seeds == NULL)
		printf("1..%u\n", ran);
	return failed == 0 ? 0 : 1;
}
