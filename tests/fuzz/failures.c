#include "tests/fuzz/failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>

#include "crypt/cipher.h"
#include "crypt/internal.h"

struct failures {
	uint64_t random, calm_random;
	uint32_t kinds, after, rate;
	unsigned calm; /* depth */
	bool running, whole;
	unsigned failed; /* calls */
	bool made; /* something that stays, in this input */
	bool lost; /* something to be read */
};

static struct failures *current(void)
{
	static _Thread_local struct failures f;

	return &f;
}

bool fuzz_fails_for_ever(void)
{
	return current()->rate == 0;
}

uint64_t fuzz_next(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

bool fuzz_fails(enum fuzz_kind kind)
{
	struct failures *f = current();

	if (!f->running || f->calm > 0 || (f->kinds & (unsigned)kind) == 0)
		return false;
	if (f->after > 0) {
		f->after--;
		return false;
	}
	if (f->rate == FUZZ_ONCE)
		f->kinds = 0;
	if (f->rate != FUZZ_ONCE && fuzz_next(&f->random) % (f->rate + 1) != 0)
		return false;
	f->failed++;
	return true;
}

bool fuzz_may_fail(enum fuzz_kind kind)
{
	const struct failures *f = current();

	return f->running && f->calm == 0 && (f->kinds & (unsigned)kind) != 0;
}

void fuzz_lose(void)
{
	current()->lost = true;
}

bool fuzz_has_lost(void)
{
	return current()->lost;
}

enum sj_rc fuzz_channel(void)
{
	static const enum sj_rc how[] = { SJ_CARD_LOST, SJ_CARD_RESET, SJ_TIMED_OUT, SJ_CARD_MUTE };
	uint8_t which = 0;

	if (!fuzz_fails(FUZZ_CHANNEL))
		return SJ_OK;
	(void)fuzz_random(&which, 1);
	return how[which % (sizeof(how) / sizeof(how[0]))];
}

unsigned fuzz_failures(void)
{
	return current()->failed;
}

bool fuzz_random(uint8_t *out, size_t n)
{
	struct failures *f = current();

	if (!f->running)
		return false;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)fuzz_next(f->calm > 0 ? &f->calm_random : &f->random);
	return true;
}

void fuzz_calm_begin(void)
{
	current()->calm++;
}

void fuzz_calm_end(void)
{
	current()->calm--;
}

void fuzz_stays(void)
{
	current()->made = true;
}

bool fuzz_is_calm(void)
{
	return !current()->running || (current()->kinds == 0 && current()->failed == 0);
}

bool fuzz_is_whole(void)
{
	return current()->whole;
}

static int lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd >= 0)
		close(fd);
	return fd;
}

/*
 * What crypt looks up once and keeps is there before the first input: else what an input does would depend on
 * those before it, and a place that only the first to ask can reach would be taken for a find in each run anew.
 */
static bool keep_constants(void)
{
	const uint8_t key[SJ_CIPHER_KEY_MAX] = { 0 };
	uint8_t block[SJ_CIPHER_BLOCK_MAX] = { 0 };
	bool ok = true;

	for (int c = SJ_P224; c <= SJ_P521; c++)
		ok = ok && sj_ec_group((enum sj_curve)c) != NULL;
	for (int h = SJ_SHA1; h <= SJ_SHA512; h++)
		ok = ok && sj_hash_md((enum sj_hash)h) != NULL;
	for (int c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++)
		ok = ok &&
		     sj_cbc_encrypt((enum sj_cipher)c, key, NULL,
				    sj_span(block, sj_cipher_block_size((enum sj_cipher)c)), block);
	return ok;
}

bool fuzz_input(const struct fuzz_parser *p, struct sj_span input)
{
	static bool kept;
	struct failures *f = current();
	uint32_t seed, kinds, after, rate;
	int before = lowest_free(), now;
	bool accepted;

	if (!kept && !(kept = keep_constants()))
		abort();
	ERR_clear_error(); /* of the input before */
	if (!sj_take_be(&input, 4, &seed) || !sj_take_be(&input, 1, &kinds) ||
	    !sj_take_be(&input, 2, &after) || !sj_take_be(&input, 1, &rate))
		return false;
	*f = (struct failures){ .random = seed,
				.kinds = kinds,
				.after = after,
				.rate = rate,
				.running = true,
				.whole = fuzz_is_stateful(p) };
	accepted = p->run(input);
	f->running = false;
	now = lowest_free();
	if (now != before && !f->made) {
		fprintf(stderr, "%s: descriptor %d was not closed\n", p->name, before);
		abort();
	}
	return accepted;
}
