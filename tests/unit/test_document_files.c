/* Files that were read before: specimens of other issuers, and nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <sojourn/document.h>

#include "tests/skip.h"
#include "wire/hex.h"
#include "wire/lds.h"

#define FILES_MAX 8

struct specimen {
	struct sj_file files[FILES_MAX];
	uint8_t *bytes[FILES_MAX];
	size_t n;
	struct sj_report *report;
};

/* "EF_SOD" in the vectors is "EF.SOD" here; the names outlive the vectors. */
static const char *name_of(const char *key)
{
	if (strcmp(key, "EF_COM") == 0)
		return "EF.COM";
	if (strcmp(key, "EF_SOD") == 0)
		return "EF.SOD";
	return sj_lds_by_name(key)->name;
}

static void take(struct specimen *s, const char *key, const char *hex)
{
	size_t len = strlen(hex) / 2;
	struct sj_writer w;

	assert_true(s->n < FILES_MAX);
	s->bytes[s->n] = malloc(len + 1);
	assert_non_null(s->bytes[s->n]);
	w = sj_writer(s->bytes[s->n], len);
	assert_true(sj_hex_read(hex, 2 * len, &w));
	s->files[s->n] = (struct sj_file){ name_of(key), s->bytes[s->n], len };
	s->n++;
}

/* Verifies the specimen of that name; false: the vectors are not there. */
static bool verify_specimen(const char *name, struct specimen *s)
{
	const char *shared = getenv("SOJOURN_SHARED"), *key;
	json_t *root, *set, *hex;
	char path[512];
	size_t i;

	memset(s, 0, sizeof(*s));
	if (!shared)
		return false;
	snprintf(path, sizeof(path), "%s/vectors/lds-specimen.json", shared);
	root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	json_array_foreach(json_object_get(root, "sets"), i, set)
	{
		if (strcmp(json_string_value(json_object_get(set, "name")), name) != 0)
			continue;
		json_object_foreach(json_object_get(set, "files"), key, hex)
			take(s, key, json_string_value(hex));
	}
	json_decref(root);
	assert_int_equal(sj_document_verify_files(s->files, s->n, NULL, NULL, &s->report), SJ_OK);
	return true;
}

static void forget(struct specimen *s)
{
	sj_report_free(s->report);
	for (size_t i = 0; i < s->n; i++)
		free(s->bytes[i]);
}

static struct sj_check check_of(const struct specimen *s, enum sj_check_id id)
{
	struct sj_check check = { .size = sizeof(check) };

	assert_true(sj_report_check(s->report, id, &check));
	return check;
}

static struct sj_check group_of(const struct specimen *s, unsigned dg)
{
	struct sj_check check = { .size = sizeof(check) };

	assert_true(sj_report_group(s->report, dg, &check));
	return check;
}

static void bsi2008(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct specimen s;

	(void)state;
	if (!verify_specimen("bsi2008", &s))
		SKIP_BECAUSE("SOJOURN_SHARED is not set: the specimens lie there");
	assert_int_equal(check_of(&s, SJ_CHECK_SOD).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 1).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 14).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 2).state, SJ_CHECK_NOT_POSSIBLE);
	assert_int_equal(group_of(&s, 15).state, SJ_CHECK_NOT_DONE);
	assert_non_null(strstr(group_of(&s, 15).detail, "not covered"));
	assert_int_equal(sj_report_verdict(s.report), SJ_VERDICT_UNDECIDED);
	assert_true(sj_report_holder(s.report, &holder));
	assert_string_equal(holder.surname, "MUSTERMANN");
	forget(&s);
}

static void loes2006(void **state)
{
	struct specimen s;

	(void)state;
	if (!verify_specimen("loes2006", &s))
		SKIP_BECAUSE("SOJOURN_SHARED is not set: the specimens lie there");
	assert_int_equal(check_of(&s, SJ_CHECK_SOD).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 1).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 15).state, SJ_CHECK_PASSED);
	assert_int_equal(group_of(&s, 2).state, SJ_CHECK_NOT_POSSIBLE);
	assert_int_equal(check_of(&s, SJ_CHECK_CHAIN).reason, SJ_TRUST_MISSING);
	assert_int_equal(check_of(&s, SJ_CHECK_ACTIVE).state, SJ_CHECK_NOT_POSSIBLE);
	forget(&s);
}

static void one_byte_of_a_specimen(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_report *report = NULL;
	struct specimen s;

	(void)state;
	if (!verify_specimen("loes2006", &s))
		SKIP_BECAUSE("SOJOURN_SHARED is not set: the specimens lie there");
	for (size_t i = 0; i < s.n; i++)
		if (strcmp(s.files[i].name, "DG1") == 0)
			s.bytes[i][10] ^= 1;
	assert_int_equal(sj_document_verify_files(s.files, s.n, NULL, NULL, &report), SJ_OK);
	assert_int_equal(sj_report_verdict(report), SJ_VERDICT_NOT_GENUINE);
	assert_int_equal(sj_report_reason(report), SJ_HASH_MISMATCH);
	assert_false(sj_report_holder(report, &holder));
	sj_report_free(report);
	forget(&s);
}

static void nonsense(void **state)
{
	static const uint8_t bytes[] = { 0x77, 0x03, 0x30, 0x01, 0x00 };
	const struct sj_file sod = { "EF.SOD", bytes, sizeof(bytes) };
	const struct sj_file unknown = { "EF.ELSE", bytes, sizeof(bytes) };
	struct sj_report *report = NULL;

	(void)state;
	assert_int_equal(sj_document_verify_files(&unknown, 1, NULL, NULL, &report),
			 SJ_INPUT_REFUSED);
	assert_null(report);
	assert_int_equal(sj_document_verify_files(&sod, 1, NULL, NULL, &report), SJ_OK);
	assert_int_equal(sj_report_reason(report), SJ_SOD_SIGNATURE);
	sj_report_free(report);
	assert_int_equal(sj_document_verify_files(NULL, 0, NULL, NULL, &report), SJ_OK);
	assert_int_equal(sj_report_verdict(report), SJ_VERDICT_NOT_GENUINE);
	sj_report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bsi2008),
		cmocka_unit_test(loes2006),
		cmocka_unit_test(one_byte_of_a_specimen),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
