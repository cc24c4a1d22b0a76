/*
 * A master list that is taken apart elsewhere (sj_trust_find_signed()): the store is the same, and whoever
 * does it may be silent or lie: no certificate comes in for that. Its country is trust_pki.py's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/signed.h"
#include "tests/unit/bundle_rig.h"
#include "tests/unit/pki.h"
#include "trust/signed.h"
#include "trust/store.h"

#define FILE_CAP (1u << 16)
#define ANSWER_CAP (FILE_CAP + SJ_SIGNED_PLACES_MAX)
#define HEADER 8u /* bytes of sj_signed_put() before the places */
#define PLACE 8u
#define PLACES 16u

struct finder {
	unsigned asked;
	bool silent, lies;
	unsigned place; /* of the lie */
};

/* A place begins a byte later, or is empty. */
static void move(uint8_t *answer, unsigned place)
{
	uint8_t *at = answer + HEADER + PLACE * (place / 2);

	if (place % 2 == 0)
		at[3]++;
	else
		memset(at + 4, 0, 4);
}

static bool find(void *user, const uint8_t *bytes, size_t len, uint8_t **answer, size_t *answer_len)
{
	struct finder *f = user;
	struct sj_writer w = sj_writer(malloc(ANSWER_CAP), ANSWER_CAP);
	struct sj_signed found;
	enum sj_signed_rc rc = sj_signed_find(sj_span(bytes, len), &found);

	assert_non_null(w.ptr);
	f->asked++;
	sj_signed_put(&w, rc, &found);
	sj_signed_close(&found);
	assert_false(w.failed);
	if (f->lies)
		move(w.ptr, f->place);
	*answer = w.ptr;
	*answer_len = w.len;
	return !f->silent;
}

/* Into an empty store; *n: the certificates in it afterwards. */
static enum sj_rc import(const char *name, sj_signed_fn fn, void *user, size_t *n)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct rig_file list = pki_load(name), csca = pki_load("old.cer");
	char directory[] = "/tmp/sojourn-store-XXXXXX", command[64];
	struct sj_trust *trust;
	enum sj_rc rc;

	assert_non_null(mkdtemp(directory));
	assert_int_equal(sj_trust_create(directory, &trust), SJ_OK);
	sj_trust_find_signed(trust, fn, user);
	rc = sj_trust_import_masterlist(trust, list.bytes, list.len, csca.bytes, csca.len, NULL);
	for (*n = 0; sj_trust_get(trust, *n, &entry);)
		(*n)++;
	sj_trust_close(trust);
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	assert_int_equal(system(command), 0);
	rig_file_free(&list);
	rig_file_free(&csca);
	return rc;
}

static void the_store_is_the_same(void **state)
{
	struct finder f = { 0 };
	size_t n;

	(void)state;
	assert_int_equal(import("list.ml", find, &f, &n), SJ_OK);
	assert_int_equal(n, 4);
	assert_int_equal(import("indefinite.ml", find, &f, &n), SJ_OK);
	assert_int_equal(n, 4);
	assert_int_equal(import("ds.ml", find, &f, &n), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import("spoiled.ml", find, &f, &n), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import("type.ml", find, &f, &n), SJ_INPUT_MALFORMED);
	assert_int_equal(n, 0);
	assert_int_equal(f.asked, 5);
}

static void no_answer_brings_nothing(void **state)
{
	struct finder f = { .silent = true };
	size_t n;

	(void)state;
	assert_int_equal(import("list.ml", find, &f, &n), SJ_SIGNED_UNREAD);
	assert_int_equal(n, 0);
}

static void no_place_that_is_a_lie_is_believed(void **state)
{
	struct finder f = { .lies = true };
	size_t n;

	(void)state;
	for (f.place = 0; f.place < 2 * PLACES; f.place++) {
		assert_int_not_equal(import("list.ml", find, &f, &n), SJ_OK);
		assert_int_equal(n, 0);
	}
}

/* What a bundle brings, too: its anchor is believed, its master list taken apart elsewhere. */
static void of_a_bundle_as_well(void **state)
{
	struct bundle_rig *r = *state;
	struct finder f = { .silent = true };

	r->find = find;
	r->find_user = &f;
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_add(r, SJ_BUNDLED_MASTER_LIST, pki_load("list.ml"));
	assert_int_equal(bundle_next(r), SJ_SIGNED_UNREAD);
	f.silent = false;
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(f.asked, 2);
}

static void the_program_itself(void **state)
{
	const char *build = getenv("SOJOURN_BUILD");
	char path[300];
	size_t n;

	(void)state;
	snprintf(path, sizeof(path), "%s/libexec/sojourn/sojourn-signed", build ? build : "build");
	assert_int_equal(import("indefinite.ml", cli_find_signed, path, &n), SJ_OK);
	assert_int_equal(n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_is_the_same),
		cmocka_unit_test(no_answer_brings_nothing),
		cmocka_unit_test(no_place_that_is_a_lie_is_believed),
		BUNDLE_CASE(of_a_bundle_as_well),
		cmocka_unit_test(the_program_itself),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
