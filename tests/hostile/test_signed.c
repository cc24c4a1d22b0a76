/*
 * Signed data that is taken apart elsewhere (sj_context_find_signed()): the verdicts are the same, and
 * whoever does it may die, be silent, talk nonsense or lie: no card is genuine for that.
 */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/signed.h"
#include "tests/hostile/eid.h"
#include "trust/signed.h"

#define ANSWER_MAX 65536u
#define HEADER 8u /* bytes of sj_signed_put() before the places */
#define PLACE 8u
#define PLACES 16u

/* Takes it apart here, and answers something else than that. */
struct finder {
	void (*change)(struct finder *f, struct sj_writer *w, struct sj_span in);
	unsigned place; /* for change() */
	const struct issued *document; /* the same */
	unsigned asked, silent_at; /* this time there is no answer; 0: never */
};

static bool find(void *user, const uint8_t *bytes, size_t len, uint8_t **answer, size_t *answer_len)
{
	struct finder *f = user;
	struct sj_writer w = sj_writer(malloc(ANSWER_MAX), ANSWER_MAX);
	struct sj_signed found;
	enum sj_signed_rc rc = sj_signed_find(sj_span(bytes, len), &found);

	assert_non_null(w.ptr);
	sj_signed_put(&w, rc, &found);
	if (f->change)
		f->change(f, &w, sj_span(bytes, len));
	assert_false(w.failed);
	sj_signed_close(&found);
	*answer = w.ptr;
	*answer_len = w.len;
	return ++f->asked != f->silent_at;
}

static struct issued *issued_elsewhere(const struct plan *plan, struct finder *f)
{
	struct issued *d = issued_new(plan);

	f->document = d;
	sj_context_find_signed(d->ctx, find, f);
	return d;
}

static struct plan small_plan(void)
{
	struct plan plan = issued_plan();

	plan.face = 600;
	return plan;
}

static struct plan mapping_plan(void)
{
	struct plan plan = small_plan();

	plan.suite = (struct sj_pace_suite){ .mapping = SJ_PACE_CAM,
					     .cipher = SJ_CIPHER_AES128,
					     .curve = SJ_P256 };
	plan.ca = SJ_CURVE_NONE;
	return plan;
}

/* --- the same verdicts --------------------------------------------------------------- */

static void a_genuine_document_is_genuine(void **state)
{
	struct finder f = { 0 };
	const struct plan plan = mapping_plan();
	struct issued *d = issued_elsewhere(&plan, &f);

	(void)state;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_true(f.asked >= 2); /* EF.SOD and EF.CardSecurity */
	issued_free(d);
}

static void what_is_not_genuine_is_found_out(void **state)
{
	struct finder f = { 0 };
	struct plan plan = small_plan();
	struct issued *d;

	(void)state;
	plan.altered = SJ_DG1;
	plan.altered_at = 20;
	d = issued_elsewhere(&plan, &f);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	issued_free(d);
	plan = small_plan();
	plan.signer_country = "DE";
	d = issued_elsewhere(&plan, &f);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SIGNER_INVALID);
	issued_free(d);
}

/* --- no answer, or none that is one ---------------------------------------------------- */

/* Nothing is said of such a card, and the next reading is as good as any. */
static void no_answer_ends_the_reading(void **state)
{
	const struct plan plan = small_plan();
	struct finder f = { .silent_at = 1 };
	struct issued *d = issued_elsewhere(&plan, &f);

	(void)state;
	assert_int_equal(issued_verify(d, NULL), SJ_SIGNED_UNREAD);
	assert_null(d->report);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

/* Of EF.CardSecurity: what cannot be judged is not called forged. */
static void no_second_answer_ends_it_too(void **state)
{
	const struct plan plan = mapping_plan();
	struct finder f = { .silent_at = 2 };
	struct issued *d = issued_elsewhere(&plan, &f);

	(void)state;
	assert_int_equal(issued_verify(d, NULL), SJ_SIGNED_UNREAD);
	assert_null(d->report);
	issued_free(d);
}

static void an_eid_card_without_an_answer_tells_nothing(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct finder f = { .silent_at = 1 };
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	sj_context_find_signed(r->d->ctx, find, &f);
	assert_int_equal(eid_ask(r, NULL), SJ_SIGNED_UNREAD);
	assert_null(r->answer);
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(f.asked, 2);
	eid_free(r);
}

static struct sj_writer real_answer(const struct issued *d, uint8_t *bytes, struct sj_span *sod,
				    struct sj_signed *found)
{
	struct sj_writer w = sj_writer(bytes, ANSWER_MAX);

	assert_true(sj_lds_open(issued_span(d, SJ_EF_SOD), SJ_TAG_SOD, sod));
	assert_int_equal(sj_signed_find(*sod, found), SJ_SIGNED_OK);
	sj_signed_put(&w, SJ_SIGNED_OK, found);
	assert_false(w.failed);
	return w;
}

static void every_truncation_of_an_answer_is_none(void **state)
{
	static uint8_t answer[ANSWER_MAX];
	const struct plan plan = small_plan();
	struct issued *d = issued_new(&plan);
	struct sj_signed found, taken;
	struct sj_span sod;
	const struct sj_writer w = real_answer(d, answer, &sod, &found);

	(void)state;
	for (size_t n = 0; n <= w.len + 1; n++) {
		enum sj_signed_rc rc = sj_signed_take(sj_span(answer, n), sod, &taken);

		assert_int_equal(rc, n == w.len ? SJ_SIGNED_OK : SJ_SIGNED_STOPPED);
		assert_true(n != w.len || sj_signed_same(&taken, &found));
		sj_signed_close(&taken);
	}
	issued_free(d);
}

static bool ends_inside(struct sj_span part, struct sj_span whole)
{
	return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
				 (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

/* Whichever bit is another: it is no answer, another result, or another place, and that inside. */
static void every_bit_of_an_answer_counts(void **state)
{
	static uint8_t answer[ANSWER_MAX];
	const struct plan plan = small_plan();
	struct issued *d = issued_new(&plan);
	struct sj_signed found, taken;
	struct sj_span sod;
	const struct sj_writer w = real_answer(d, answer, &sod, &found);

	(void)state;
	for (size_t bit = 0; bit < w.len * 8; bit++) {
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(sj_signed_take(sj_written(&w), sod, &taken) == SJ_SIGNED_OK &&
			     sj_signed_same(&taken, &found));
		assert_true(ends_inside(taken.signer.signature, taken.bytes));
		assert_true(ends_inside(taken.certificate.der, taken.bytes));
		sj_signed_close(&taken);
		answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	issued_free(d);
}

/* --- lies --------------------------------------------------------------------------------- */

static void put_number(struct sj_writer *w, size_t at, uint32_t value)
{
	struct sj_writer number = sj_writer(w->ptr + at, 4);

	sj_put_be(&number, 4, value);
}

static uint32_t number_at(const struct sj_writer *w, size_t at)
{
	struct sj_span in = sj_span(w->ptr + at, 4);
	uint32_t value = 0;

	assert_true(sj_take_be(&in, 4, &value));
	return value;
}

/* One place begins a byte later, or is empty. */
static void move_place(struct finder *f, struct sj_writer *w, struct sj_span in)
{
	const size_t at = HEADER + PLACE * (f->place / 2);

	(void)in;
	if (f->place % 2 == 0)
		put_number(w, at, number_at(w, at) + 1);
	put_number(w, at + 4, f->place % 2 == 0 ? number_at(w, at + 4) - 1 : 0);
}

/* In the whole reading, as what is wrong with one place may be made good by nothing. */
static void no_place_that_is_a_lie_is_believed(void **state)
{
	const struct plan plan = small_plan();
	struct finder f = { .change = move_place };
	struct issued *d = issued_elsewhere(&plan, &f);

	(void)state;
	for (f.place = 0; f.place < 2 * PLACES; f.place++) {
		const enum sj_rc rc = issued_verify(d, NULL);

		assert_true(rc == SJ_OK || rc == SJ_SIGNED_UNREAD);
		if (rc == SJ_OK)
			assert_int_not_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
	}
	issued_free(d);
}

enum { ATTRIBUTES = 3, SIGNATURE = 7, KEY = 12 };

/* What a card that took it over would want: another's key, and what that has signed, beside a certificate that is good. */
static void put_other_key(struct finder *f, struct sj_writer *w, struct sj_span in)
{
	static uint8_t set[1024], algorithm[64], made[256];
	struct sj_writer a = SJ_WRITER_OF(set), g = SJ_WRITER_OF(algorithm), v = SJ_WRITER_OF(made);
	const size_t attributes = HEADER + PLACE * ATTRIBUTES, at = w->len;
	struct sj_key *key = sj_key_generate("P-256");

	(void)f;
	assert_non_null(key);
	sj_put(&a, sj_span(in.ptr + number_at(w, attributes), number_at(w, attributes + 4)));
	set[0] = 0x31;
	assert_true(sj_key_sign(key, sj_written(&a), &g, &v));
	sj_put(w, in);
	put_number(w, HEADER + PLACE * SIGNATURE, (uint32_t)(w->len - at));
	put_number(w, HEADER + PLACE * SIGNATURE + 4, (uint32_t)v.len);
	sj_put(w, sj_written(&v));
	put_number(w, HEADER + PLACE * KEY, (uint32_t)(w->len - at));
	assert_true(sj_key_put_public(key, false, w));
	put_number(w, HEADER + PLACE * KEY + 4,
		   (uint32_t)(w->len - at) - number_at(w, HEADER + PLACE * KEY));
	put_number(w, 4, (uint32_t)(w->len - at));
	sj_key_free(key);
}

static void a_strangers_key_in_place_of_the_signers(void **state)
{
	const struct plan plan = small_plan();
	struct finder f = { .change = put_other_key };
	struct issued *d = issued_elsewhere(&plan, &f);

	(void)state;
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_CHAIN_SIGNATURE);
	assert_int_equal(issued_check(d, SJ_CHECK_SOD).state, SJ_CHECK_PASSED);
	f.change = NULL;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

/* --- the program, and others in its place --------------------------------------------------- */

static void the_program_itself(void **state)
{
	const struct plan plan = small_plan();
	const char *build = getenv("SOJOURN_BUILD");
	struct issued *d = issued_new(&plan);
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/libexec/sojourn/sojourn-signed", build ? build : "build");
	sj_context_find_signed(d->ctx, cli_find_signed, path);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static unsigned descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n;
}

static void programs_that_do_not_answer(void **state)
{
	static const char *const lines[] = {
		"kill -SEGV $$",
		"exit 0",
		"echo what it cannot be, whoever reads it",
		"yes",
		"exit 1",
		"exec cat",
		"sleep 60 & sleep 60",
	};
	const struct plan plan = small_plan();
	struct issued *d = issued_new(&plan);
	char path[] = "/tmp/sojourn-signed-XXXXXX";
	int fd = mkstemp(path);
	unsigned before;

	(void)state;
	assert_true(fd >= 0 && fchmod(fd, 0700) == 0);
	close(fd);
	before = descriptors();
	sj_context_find_signed(d->ctx, cli_find_signed, path);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fprintf(file, "#!/bin/sh\n%s\n", lines[i]);
		fclose(file);
		assert_int_equal(issued_verify(d, NULL), SJ_SIGNED_UNREAD);
		assert_null(d->report);
	}
	assert_int_equal(descriptors(), before);
	unlink(path);
	assert_int_equal(issued_verify(d, NULL), SJ_SIGNED_UNREAD);
	sj_context_find_signed(d->ctx, NULL, NULL);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_genuine_document_is_genuine),
		cmocka_unit_test(what_is_not_genuine_is_found_out),
		cmocka_unit_test(no_answer_ends_the_reading),
		cmocka_unit_test(no_second_answer_ends_it_too),
		cmocka_unit_test(an_eid_card_without_an_answer_tells_nothing),
		cmocka_unit_test(every_truncation_of_an_answer_is_none),
		cmocka_unit_test(every_bit_of_an_answer_counts),
		cmocka_unit_test(no_place_that_is_a_lie_is_believed),
		cmocka_unit_test(a_strangers_key_in_place_of_the_signers),
		cmocka_unit_test(the_program_itself),
		cmocka_unit_test(programs_that_do_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
