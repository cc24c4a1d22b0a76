/* Real documents' files and master lists, read where SOJOURN_SHARED says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/skip.h"
#include "wire/cms.h"
#include "wire/hex.h"
#include "wire/lds.h"
#include "wire/mrz.h"
#include "wire/secinfo.h"
#include "wire/std/icao9303.h"

#define FILE_MAX 2048u
#define LIST_MAX 4000000u

#define ABSENT "SOJOURN_SHARED is not set: no specimens, no master lists"

/* A path under SOJOURN_SHARED; false: it is not set. */
static bool shared_path(const char *name, char path[static 512])
{
	const char *root = getenv("SOJOURN_SHARED");

	return root != NULL && snprintf(path, 512, "%s/%s", root, name) < 512;
}

/* One file of a specimen, or NULL. */
static const char *file_hex(const json_t *root, const char *set, const char *file)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(root, "sets"), i, entry)
	{
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name != NULL && strcmp(name, set) == 0)
			return json_string_value(
				json_object_get(json_object_get(entry, "files"), file));
	}
	return NULL;
}

/* Reads a specimen's file into `bytes`; an empty span: not there. */
static struct sj_span specimen(const char *set, const char *file, uint8_t bytes[static FILE_MAX])
{
	struct sj_writer w = sj_writer(bytes, FILE_MAX);
	const char *hex;
	char path[512];
	json_t *root;

	assert_true(shared_path("vectors/lds-specimen.json", path));
	root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	hex = file_hex(root, set, file);
	assert_non_null(hex);
	assert_true(sj_hex_read(hex, strlen(hex), &w));
	json_decref(root);
	return sj_written(&w);
}

static void check_dg1(const char *set, const char *surname)
{
	uint8_t bytes[FILE_MAX];
	struct sj_span mrz;
	struct sj_mrz fields;

	assert_true(sj_dg1_parse(specimen(set, "DG1", bytes), &mrz));
	assert_int_equal(sj_mrz_parse((const char *)mrz.ptr, mrz.len, &fields), SJ_MRZ_OK);
	assert_string_equal(fields.surname, surname);
}

static void dg1_of_both(void **state)
{
	(void)state;
	if (getenv("SOJOURN_SHARED") == NULL)
		SKIP_BECAUSE(ABSENT);
	check_dg1("bsi2008", "MUSTERMANN");
	check_dg1("loes2006", "MEULENDIJK");
}

static void check_com(const char *set, uint32_t groups)
{
	uint8_t bytes[FILE_MAX];
	struct sj_com com;

	assert_true(sj_com_parse(specimen(set, "EF_COM", bytes), &com));
	assert_string_equal(com.version.lds, "0107");
	assert_string_equal(com.version.unicode, "040000");
	assert_int_equal(com.groups, groups);
}

static void ef_com_of_both(void **state)
{
	(void)state;
	if (getenv("SOJOURN_SHARED") == NULL)
		SKIP_BECAUSE(ABSENT);
	check_com("bsi2008", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 14);
	check_com("loes2006", 1u << 1 | 1u << 2 | 1u << 15);
}

static void check_sod(const char *set, size_t hash_size, uint32_t groups)
{
	uint8_t bytes[FILE_MAX];
	struct sj_span content, certificate;
	struct sj_security_object so;
	struct sj_cms_signer signer;
	struct sj_cms cms;

	assert_true(sj_lds_open(specimen(set, "EF_SOD", bytes), SJ_TAG_SOD, &content));
	assert_true(sj_cms_parse(content, &cms));
	assert_true(sj_span_eq(cms.content_type, SJ_OID_ICAO_LDS_SECURITY_OBJECT));
	assert_true(sj_security_object_parse(cms.content, &so));
	assert_int_equal(so.version, 0);
	assert_int_equal(so.groups, groups);
	assert_int_equal(so.hashes[1].len, hash_size);
	assert_int_equal(sj_cms_signer(&cms.signers, &signer), SJ_TLV_FOUND);
	assert_int_equal(signer.message_digest.len, hash_size);
	assert_int_equal(sj_cms_certificate(&cms.certificates, &certificate), SJ_TLV_FOUND);
}

static void ef_sod_of_both(void **state)
{
	(void)state;
	if (getenv("SOJOURN_SHARED") == NULL)
		SKIP_BECAUSE(ABSENT);
	check_sod("bsi2008", 20, 1u << 1 | 1u << 2 | 1u << 3 | 1u << 14);
	check_sod("loes2006", 32, 1u << 1 | 1u << 2 | 1u << 15);
}

static void dg14_and_dg15(void **state)
{
	uint8_t bytes[FILE_MAX];
	struct sj_span content, items, spki;
	struct sj_ca_key_info key;
	struct sj_secinfo info;
	bool found = false;

	(void)state;
	if (getenv("SOJOURN_SHARED") == NULL)
		SKIP_BECAUSE(ABSENT);
	assert_true(sj_lds_open(specimen("bsi2008", "DG14", bytes), SJ_TAG_DG14, &content));
	assert_true(sj_secinfos_parse(content, &items));
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		found = found || sj_secinfo_ca_key(&info, &key);
	assert_true(found);
	assert_true(sj_lds_open(specimen("loes2006", "DG15", bytes), SJ_TAG_DG15, &content));
	assert_int_equal(sj_tlv_take(&content, 0x30, &spki), SJ_TLV_FOUND);
}

static size_t certificates_in(const char *name)
{
	uint8_t *bytes;
	struct sj_masterlist list;
	struct sj_span der;
	struct sj_cms cms;
	size_t n = 0, len;
	char path[512];
	FILE *f;

	assert_true(shared_path(name, path));
	bytes = malloc(LIST_MAX);
	assert_non_null(bytes);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(bytes, 1, LIST_MAX, f);
	fclose(f);
	assert_true(sj_cms_parse(sj_span(bytes, len), &cms));
	assert_true(sj_span_eq(cms.content_type, SJ_OID_ICAO_MASTER_LIST));
	assert_true(sj_masterlist_parse(cms.content, &list));
	while (sj_cms_certificate(&list.certificates, &der) == SJ_TLV_FOUND)
		n++;
	free(bytes);
	return n;
}

static void master_lists(void **state)
{
	(void)state;
	if (getenv("SOJOURN_SHARED") == NULL)
		SKIP_BECAUSE(ABSENT);
	assert_int_equal(certificates_in("data/masterlists/DE_ML_2026-05-28.ml"), 588);
	assert_true(certificates_in("data/masterlists/DE_ML_2024-08-07.ml") > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dg1_of_both),    cmocka_unit_test(ef_com_of_both),
		cmocka_unit_test(ef_sod_of_both), cmocka_unit_test(dg14_and_dg15),
		cmocka_unit_test(master_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
