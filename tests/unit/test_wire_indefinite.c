/* EF.SOD with indefinite lengths, as a foreign encoder makes it, from wire to verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sojourn/document.h>

#include "tests/vectors/openssl_cms.h"
#include "wire/cms.h"
#include "wire/hex.h"
#include "wire/lds.h"
#include "wire/std/icao9303.h"

static struct sj_span bytes_of(const char *hex, uint8_t *out, size_t cap)
{
	struct sj_writer w = sj_writer(out, cap);

	assert_true(sj_hex_read(hex, strlen(hex), &w));
	return sj_written(&w);
}

/* What Passive Authentication says of EF.SOD and DG1. */
static void judge(struct sj_span sod, struct sj_check *object, struct sj_check *group)
{
	uint8_t dg1[128];
	struct sj_span zone = bytes_of(CMS_DG1, dg1, sizeof(dg1));
	const struct sj_file files[] = { { "EF.SOD", sod.ptr, sod.len },
					 { "DG1", zone.ptr, zone.len } };
	struct sj_report *report = NULL;

	*object = (struct sj_check){ .size = sizeof(*object) };
	*group = (struct sj_check){ .size = sizeof(*group) };
	assert_int_equal(sj_document_verify_files(files, 2, NULL, NULL, &report), SJ_OK);
	assert_true(sj_report_check(report, SJ_CHECK_SOD, object));
	assert_true(sj_report_group(report, 1, group));
	sj_report_free(report);
}

static void both_forms_hold(void **state)
{
	static const char *const forms[] = { CMS_SOD, CMS_SOD_INDEFINITE };
	struct sj_check object, group;
	uint8_t sod[1024];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		judge(bytes_of(forms[i], sod, sizeof(sod)), &object, &group);
		assert_int_equal(object.state, SJ_CHECK_PASSED);
		assert_int_equal(group.state, SJ_CHECK_PASSED);
	}
}

static void made_definite_it_is_the_other(void **state)
{
	uint8_t indefinite[1024], definite[1024], out[1024];
	struct sj_writer w = SJ_WRITER_OF(out);
	struct sj_cms one, other;
	struct sj_span a, b;

	(void)state;
	assert_true(sj_lds_open(bytes_of(CMS_SOD, definite, 1024), SJ_TAG_SOD, &a));
	assert_true(sj_lds_open(bytes_of(CMS_SOD_INDEFINITE, indefinite, 1024), SJ_TAG_SOD, &b));
	assert_true(sj_cms_is_indefinite(b));
	assert_false(sj_cms_parse(b, &one));
	assert_true(sj_cms_definite(b, &w));
	assert_true(sj_cms_parse(a, &one));
	assert_true(sj_cms_parse(sj_written(&w), &other));
	assert_true(sj_span_eq(one.content, other.content));
	assert_true(sj_span_eq(one.certificates, other.certificates));
}

/* Every byte of the signed content counts in this form too. */
static void an_altered_content_is_seen(void **state)
{
	struct sj_check object, group;
	uint8_t bytes[1024];
	struct sj_span sod = bytes_of(CMS_SOD_INDEFINITE, bytes, sizeof(bytes));

	(void)state;
	bytes[0x52] ^= 1; /* in DG1's hash */
	judge(sod, &object, &group);
	assert_int_equal(object.state, SJ_CHECK_FAILED);
	assert_int_not_equal(group.state, SJ_CHECK_PASSED);
}

static void truncated_it_is_refused(void **state)
{
	struct sj_check object, group;
	uint8_t bytes[1024], shorter[1024];
	struct sj_span sod = bytes_of(CMS_SOD_INDEFINITE, bytes, sizeof(bytes)), content;
	struct sj_writer w = SJ_WRITER_OF(shorter);

	(void)state;
	assert_true(sj_lds_open(sod, SJ_TAG_SOD, &content));
	sj_tlv_put(&w, SJ_TAG_SOD, sj_span(content.ptr, content.len - 2)); /* without its end */
	judge(sj_written(&w), &object, &group);
	assert_int_equal(object.state, SJ_CHECK_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_hold),
		cmocka_unit_test(made_definite_it_is_the_other),
		cmocka_unit_test(an_altered_content_is_seen),
		cmocka_unit_test(truncated_it_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
