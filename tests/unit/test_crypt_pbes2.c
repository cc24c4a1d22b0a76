/* Secrets under a passphrase; stock OpenSSL reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypt/memory.h"
#include "crypt/pbes2.h"
#include "crypt/sign.h"
#include "crypt/wipe.h"

#define OTHER \
	{ \
		(const uint8_t *)"battery staple", 14 \
	}
#define PASS \
	{ \
		(const uint8_t *)"correct horse", 13 \
	}

struct sealed {
	struct sj_pbes2 pass;
	struct sj_writer w; /* until the next is sealed */
};

/* The passphrase is stretched once in all. */
static struct sealed seal(struct sj_span secret)
{
	static struct sj_pbes2 pass = { .passphrase = PASS };
	const struct sj_random rnd = sj_random_system();
	static uint8_t bytes[512];
	struct sealed s = { .w = SJ_WRITER_OF(bytes) };

	assert_true(sj_pbes2_seal(&pass, &rnd, secret, &s.w));
	s.pass = pass;
	return s;
}

static void what_was_sealed_opens(void **state)
{
	struct sealed s = seal(SJ_SPAN_STR("sixteen bytes ab"));
	struct sj_pbes2 fresh = { .passphrase = PASS };
	uint8_t out[64];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	assert_true(sj_pbes2_is(sj_written(&s.w)));
	assert_true(s.w.len <= 16 + SJ_PBES2_MORE);
	assert_true(sj_pbes2_open(&fresh, sj_written(&s.w), &w));
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("sixteen bytes ab")));
	assert_memory_equal(fresh.key, s.pass.key, SJ_PBES2_KEY);
}

/* Tags, lengths and object identifiers; salt, work and IV may be any. */
static void a_changed_structure_is_refused(void **state)
{
	struct sealed s = seal(SJ_SPAN_STR("sixteen bytes ab"));
	const uint8_t *salt = memmem(s.w.ptr, s.w.len, s.pass.salt, SJ_PBES2_SALT);
	const size_t from = (size_t)(salt - s.w.ptr), work = from + SJ_PBES2_SALT, iv = work + 25;
	const uint8_t values[] = { 2, 3, 6, 9 }; /* of the work */
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < iv; i++) {
		struct sj_writer w = SJ_WRITER_OF(out);

		if ((i >= from && i < work) ||
		    (i >= work && i < work + 10 && memchr(values, (int)(i - work), 4)))
			continue;
		s.w.ptr[i] ^= 1;
		assert_false(sj_pbes2_open(&s.pass, sj_written(&s.w), &w));
		s.w.ptr[i] ^= 1;
	}
}

/* A block of padding alone has 2^-120 chances to come out of a wrong key. */
static void another_passphrase_opens_nothing(void **state)
{
	struct sealed s = seal(SJ_SPAN_STR("sixteen bytes ab"));
	struct sj_pbes2 other = { .passphrase = OTHER };
	uint8_t out[64];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	if (sj_pbes2_open(&other, sj_written(&s.w), &w))
		assert_int_not_equal(w.len, 16);
}

static void every_truncation_is_refused(void **state)
{
	struct sealed s = seal(SJ_SPAN_STR("secret"));
	uint8_t out[64];

	(void)state;
	for (size_t n = 0; n < s.w.len; n++) {
		struct sj_writer w = SJ_WRITER_OF(out);

		assert_false(sj_pbes2_is(sj_span(s.w.ptr, n)));
		assert_false(sj_pbes2_open(&s.pass, sj_span(s.w.ptr, n), &w));
	}
}

/* A file that asks for a gigabyte is not believed. */
static void costs_have_bounds(void **state)
{
	static const uint8_t cost[] = { 0x02, 2, 0x40, 0, 0x02, 1, 8 };
	struct sealed s = seal(SJ_SPAN_STR("secret"));
	uint8_t *at = memmem(s.w.ptr, s.w.len, cost, sizeof(cost)), out[64];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	assert_non_null(at);
	at[6] = 17;
	s.pass.ready = false;
	assert_false(sj_pbes2_open(&s.pass, sj_span(s.w.ptr, s.w.len), &w));
}

/* N of 2^20 and 3 in place of 2^14: such a file is refused, and memory not to blame. */
static void costs_that_cannot_be_paid_are_no_lack_of_memory(void **state)
{
	static const uint8_t cost[] = { 0x02, 2, 0x40, 0 },
			     costs[][3] = { { 0x10, 0, 0 }, { 0, 0, 1 }, { 0, 0, 3 } };
	static const uint8_t lengths[] = { 1, 3, 16, 18, 31 };
	struct sealed s = seal(SJ_SPAN_STR("secret"));
	size_t at = (size_t)((uint8_t *)memmem(s.w.ptr, s.w.len, cost, sizeof(cost)) - s.w.ptr);
	const unsigned mark = sj_memory_mark();
	uint8_t out[64];

	(void)state;
	memmove(s.w.ptr + at + 5, s.w.ptr + at + 4, s.w.len - at - 4);
	for (size_t i = 0; i < sizeof(lengths); i++)
		s.w.ptr[lengths[i]]++;
	s.w.ptr[at + 1] = 3;
	for (size_t i = 0; i < 3; i++) {
		struct sj_writer w = SJ_WRITER_OF(out);

		memcpy(s.w.ptr + at + 2, costs[i], 3);
		s.pass.ready = false;
		assert_true(sj_pbes2_is(sj_span(s.w.ptr, s.w.len + 1)));
		assert_false(sj_pbes2_open(&s.pass, sj_span(s.w.ptr, s.w.len + 1), &w));
		assert_false(sj_memory_lacked(mark));
	}
}

static void the_salt_is_shared_the_iv_is_not(void **state)
{
	const struct sj_random rnd = sj_random_system();
	struct sealed s = seal(SJ_SPAN_STR("secret"));
	uint8_t more[512];
	struct sj_writer w = SJ_WRITER_OF(more);

	(void)state;
	assert_true(sj_pbes2_seal(&s.pass, &rnd, SJ_SPAN_STR("secret"), &w));
	assert_non_null(memmem(more, w.len, s.pass.salt, SJ_PBES2_SALT));
	assert_int_equal(w.len, s.w.len);
	assert_memory_not_equal(more, s.w.ptr, w.len);
}

static void openssl_reads_a_sealed_key(void **state)
{
	char path[] = "/tmp/sojourn-pbes2-XXXXXX", command[160];
	struct sj_key *key = sj_key_generate("P-256");
	uint8_t pkcs8[256];
	struct sj_writer w = SJ_WRITER_OF(pkcs8);
	int fd = mkstemp(path);
	struct sealed s;

	(void)state;
	assert_true(sj_key_put(key, &w));
	s = seal(sj_written(&w));
	assert_int_equal(write(fd, s.w.ptr, s.w.len), (ssize_t)s.w.len);
	close(fd);
	snprintf(command, sizeof(command),
		 "openssl pkcs8 -inform DER -in %s -passin 'pass:correct horse' -out /dev/null",
		 path);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	unlink(path);
	sj_key_free(key);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_opens),
		cmocka_unit_test(a_changed_structure_is_refused),
		cmocka_unit_test(another_passphrase_opens_nothing),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(costs_have_bounds),
		cmocka_unit_test(costs_that_cannot_be_paid_are_no_lack_of_memory),
		cmocka_unit_test(the_salt_is_shared_the_iv_is_not),
		cmocka_unit_test(openssl_reads_a_sealed_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
