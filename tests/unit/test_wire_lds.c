#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/lds.h"
#include "wire/std/icao9303.h"
#define BUFFER 512

static void assert_cut_is_refused(struct sj_span file, bool (*parse)(struct sj_span))
{
	for (size_t n = 0; n < file.len; n++)
		assert_false(parse(sj_span(file.ptr, n)));
}

static void the_table_finds_by_every_key(void **state)
{
	const struct sj_lds_entry *dg2 = sj_lds_entry(SJ_DG2);

	(void)state;
	assert_string_equal(dg2->name, "DG2");
	assert_ptr_equal(sj_lds_by_tag(0x75), dg2);
	assert_ptr_equal(sj_lds_by_file_id(false, 0x0102), dg2);
	assert_ptr_equal(sj_lds_by_short_id(false, 0x02), dg2);
	assert_ptr_equal(sj_lds_by_name("DG2"), dg2);
	assert_int_equal(sj_lds_by_file_id(false, 0x011D)->file, SJ_EF_SOD);
	assert_int_equal(sj_lds_by_file_id(true, 0x011D)->file, SJ_EF_CARD_SECURITY);
	assert_int_equal(sj_lds_by_short_id(true, 0x1E)->file, SJ_EF_DIR);
	assert_int_equal(sj_lds_by_short_id(false, 0x1E)->file, SJ_EF_COM);
	assert_null(sj_lds_by_tag(0));
	assert_null(sj_lds_by_name("DG17"));
}

static void ef_com_comes_back(void **state)
{
	const struct sj_com com = { { "0107", "040000" }, 1u << 1 | 1u << 2 | 1u << 14 };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_com out;

	(void)state;
	sj_com_put(&w, &com);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x60\x15\x5F\x01\x04"
							   "0107"
							   "\x5F\x36\x06"
							   "040000"
							   "\x5C\x03\x61\x75\x6E")));
	assert_true(sj_com_parse(sj_written(&w), &out));
	assert_int_equal(out.groups, com.groups);
	assert_string_equal(out.version.lds, "0107");
}

static void ef_com_without_a_version_is_refused(void **state)
{
	struct sj_com com = { { "107", "040000" }, 2 };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_false(sj_com_parse(SJ_SPAN_STR("\x60\x03\x5C\x01\x61"), &com));
	com = (struct sj_com){ { "107", "040000" }, 2 };
	sj_com_put(&w, &com);
	assert_true(w.failed);
}

static void bytes_after_a_file_are_refused(void **state)
{
	struct sj_span content;

	(void)state;
	assert_true(sj_lds_open(SJ_SPAN_STR("\x6D\x01\x05"), 0x6D, &content));
	assert_int_equal(content.len, 1);
	assert_false(sj_lds_open(SJ_SPAN_STR("\x6D\x01\x05\x00"), 0x6D, &content));
	assert_false(sj_lds_open(SJ_SPAN_STR("\x6D\x01\x05"), 0x6E, &content));
}

static struct sj_security_object security_object(uint32_t version)
{
	struct sj_security_object so = {
		.version = version,
		.hash_algorithm =
			SJ_SPAN_STR("\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"),
		.version_info = { "0108", "040000" },
	};

	so.hashes[1] = SJ_SPAN_STR("hash of DG1");
	so.hashes[14] = SJ_SPAN_STR("hash of DG14");
	return so;
}

static void security_object_of_version_0(void **state)
{
	const struct sj_security_object so = security_object(0);
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_security_object out;

	(void)state;
	sj_security_object_put(&w, &so);
	assert_true(sj_security_object_parse(sj_written(&w), &out));
	assert_int_equal(out.version, 0);
	assert_int_equal(out.groups, 1u << 1 | 1u << 14);
	assert_true(sj_span_eq(out.hashes[14], so.hashes[14]));
	assert_int_equal(out.hashes[2].len, 0);
	assert_int_equal(out.hash_oid.len, 9);
	assert_string_equal(out.version_info.lds, "");
}

static void security_object_of_version_1(void **state)
{
	const struct sj_security_object so = security_object(1);
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_security_object out;

	(void)state;
	sj_security_object_put(&w, &so);
	assert_true(sj_security_object_parse(sj_written(&w), &out));
	assert_int_equal(out.version, 1);
	assert_int_equal(out.groups, 1u << 1 | 1u << 14);
	assert_true(sj_span_eq(out.hashes[14], so.hashes[14]));
	assert_int_equal(out.hashes[2].len, 0);
	assert_int_equal(out.hash_oid.len, 9);
	assert_string_equal(out.version_info.lds, "0108");
}

static void security_objects_that_are_refused(void **state)
{
	const struct sj_span bad[] = {
		/* DG17, DG0, DG1 twice, none, version 2, version information in version 0 */
		SJ_SPAN_STR(
			"\x30\x12\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x08\x30\x06\x02\x01\x11\x04\x01\xAA"),
		SJ_SPAN_STR(
			"\x30\x12\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x08\x30\x06\x02\x01\x00\x04\x01\xAA"),
		SJ_SPAN_STR(
			"\x30\x1A\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x10\x30\x06\x02\x01\x01\x04\x01\xAA\x30\x06\x02\x01\x01\x04\x01\xAA"),
		SJ_SPAN_STR("\x30\x0A\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x00"),
		SJ_SPAN_STR(
			"\x30\x12\x02\x01\x02\x30\x03\x06\x01\x2A\x30\x08\x30\x06\x02\x01\x01\x04\x01\xAA"),
		SJ_SPAN_STR(
			"\x30\x22\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x08\x30\x06\x02\x01\x01\x04\x01\xAA\x30\x0E\x13\x04"
			"0108"
			"\x13\x06"
			"040000"),
	};
	struct sj_security_object out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sj_security_object_parse(bad[i], &out));
	assert_true(sj_security_object_parse(
		SJ_SPAN_STR(
			"\x30\x12\x02\x01\x00\x30\x03\x06\x01\x2A\x30\x08\x30\x06\x02\x01\x01\x04\x01\xAA"),
		&out));
}

static void dg1_holds_the_zone(void **state)
{
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span mrz;

	(void)state;
	sj_dg1_put(&w, SJ_SPAN_STR("P<UTO"));
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x61\x08\x5F\x1F\x05P<UTO")));
	assert_true(sj_dg1_parse(sj_written(&w), &mrz));
	assert_true(sj_span_eq(mrz, SJ_SPAN_STR("P<UTO")));
}

static bool parses_dg2(struct sj_span file)
{
	struct sj_dg2 dg2;

	return sj_dg2_parse(file, &dg2);
}

static size_t put_face(uint8_t bytes[static BUFFER], struct sj_span image, enum sj_image_type type)
{
	struct sj_writer w = sj_writer(bytes, BUFFER);

	sj_dg2_put(&w, &(struct sj_face){ image, type, 240, 320 });
	assert_false(w.failed);
	return w.len;
}

/* Where the facial record begins. */
static uint8_t *record_in(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i++) {
		if (memcmp(bytes + i, "FAC", 4) == 0)
			return bytes + i;
	}
	fail();
	return NULL;
}

static void dg2_comes_back(void **state)
{
	uint8_t bytes[BUFFER];
	size_t len = put_face(bytes, SJ_SPAN_STR("\xFF\xD8\xFF\xE0 a face"), SJ_IMAGE_JPEG);
	struct sj_dg2 out;

	(void)state;
	assert_true(sj_dg2_parse(sj_span(bytes, len), &out));
	assert_int_equal(out.instances, 1);
	assert_int_equal(out.images, 1);
	assert_int_equal(out.face.type, SJ_IMAGE_JPEG);
	assert_int_equal(out.face.width, 240);
	assert_int_equal(out.face.height, 320);
	assert_true(sj_span_eq(out.face.image, SJ_SPAN_STR("\xFF\xD8\xFF\xE0 a face")));
}

static void dg2_of_20_kilobytes_of_jpeg_2000(void **state)
{
	static uint8_t image[20000], bytes[21000];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_dg2 out;

	(void)state;
	sj_dg2_put(&w, &(struct sj_face){ SJ_SPAN_OF(image), SJ_IMAGE_JPEG2000, 480, 640 });
	assert_true(sj_dg2_parse(sj_written(&w), &out));
	assert_int_equal(out.face.type, SJ_IMAGE_JPEG2000);
	assert_int_equal(out.face.image.len, sizeof(image));
}

static void dg2_lengths_that_lie(void **state)
{
	static const size_t lengths[] = { 11, 13, 17, 19 }; /* record, images, block, points */
	uint8_t bytes[BUFFER];
	size_t len = put_face(bytes, SJ_SPAN_STR("\xFF\xD8\xFF\xE0 a face"), SJ_IMAGE_JPEG);
	uint8_t *record = record_in(bytes, len);

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		record[lengths[i]]++;
		if (lengths[i] == 19)
			record[lengths[i] - 1] = 1; /* 257 feature points */
		assert_false(parses_dg2(sj_span(bytes, len)));
		record[lengths[i]]--;
		if (lengths[i] == 19)
			record[lengths[i] - 1] = 0;
	}
	assert_true(parses_dg2(sj_span(bytes, len)));
	assert_cut_is_refused(sj_span(bytes, len), parses_dg2);
}

static void dg2_data_in_the_constructed_form(void **state)
{
	uint8_t bytes[BUFFER];
	size_t len = put_face(bytes, SJ_SPAN_STR("\xFF\xD8\xFF\xE0 a face"), SJ_IMAGE_JPEG);
	uint8_t *record = record_in(bytes, len);

	(void)state;
	assert_memory_equal(record - 3, "\x5F\x2E", 2);
	record[-3] = 0x7F;
	assert_true(parses_dg2(sj_span(bytes, len)));
}

static void images_tell_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(sj_image_sniff(SJ_SPAN_STR("\xFF\xD8\xFF\xDB")), SJ_IMAGE_JPEG);
	assert_int_equal(sj_image_sniff(SJ_SPAN_STR("\0\0\0\x0CjP  \r\n")), SJ_IMAGE_JPEG2000);
	assert_int_equal(sj_image_sniff(SJ_SPAN_STR("\xFF\x4F\xFF\x51")), SJ_IMAGE_JPEG2000);
	assert_int_equal(sj_image_sniff(SJ_SPAN_STR("GIF89a")), SJ_IMAGE_UNKNOWN);
	assert_int_equal(sj_image_sniff(SJ_SPAN_STR("")), SJ_IMAGE_UNKNOWN);
}

static void dg2_without_an_image_is_not_written(void **state)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes), x = SJ_WRITER_OF(bytes);

	(void)state;
	sj_dg2_put(&w, &(struct sj_face){ { NULL, 0 }, SJ_IMAGE_JPEG, 1, 1 });
	assert_true(w.failed);
	sj_dg2_put(&x, &(struct sj_face){ SJ_SPAN_STR("a"), SJ_IMAGE_UNKNOWN, 1, 1 });
	assert_true(x.failed);
}

static void dg7_comes_back(void **state)
{
	const struct sj_dg7 dg7 = { 2, { SJ_SPAN_STR("one"), SJ_SPAN_STR("two") } };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_dg7 out;

	(void)state;
	sj_dg7_put(&w, &dg7);
	assert_true(sj_span_eq(sj_written(&w),
			       SJ_SPAN_STR("\x67\x0F\x02\x01\x02\x5F\x43\x03one\x5F\x43\x03two")));
	assert_true(sj_dg7_parse(sj_written(&w), &out));
	assert_int_equal(out.count, 2);
	assert_true(sj_span_eq(out.images[1], SJ_SPAN_STR("two")));
	bytes[4]++; /* three announced */
	assert_false(sj_dg7_parse(sj_written(&w), &out));
}

static void every_field_of_dg11_comes_back(void **state)
{
	const struct sj_dg11 in = {
		.full_name = SJ_SPAN_STR("full_name"),
		.personal_number = SJ_SPAN_STR("personal_number"),
		.birth_date = SJ_SPAN_STR("birth_date"),
		.place_of_birth = SJ_SPAN_STR("place_of_birth"),
		.address = SJ_SPAN_STR("address"),
		.telephone = SJ_SPAN_STR("telephone"),
		.profession = SJ_SPAN_STR("profession"),
		.title = SJ_SPAN_STR("title"),
		.summary = SJ_SPAN_STR("summary"),
		.proof_of_citizenship = SJ_SPAN_STR("proof_of_citizenship"),
		.other_documents = SJ_SPAN_STR("other_documents"),
		.custody = SJ_SPAN_STR("custody"),
		.other_names = { 2, { SJ_SPAN_STR("ONE"), SJ_SPAN_STR("TWO") } },
	};
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	static struct sj_dg11 out;

	(void)state;
	sj_dg11_put(&w, &in);
	assert_false(w.failed);
	assert_true(sj_dg11_parse(sj_written(&w), &out));
	assert_true(sj_span_eq(out.full_name, in.full_name));
	assert_true(sj_span_eq(out.personal_number, in.personal_number));
	assert_true(sj_span_eq(out.birth_date, in.birth_date));
	assert_true(sj_span_eq(out.place_of_birth, in.place_of_birth));
	assert_true(sj_span_eq(out.address, in.address));
	assert_true(sj_span_eq(out.telephone, in.telephone));
	assert_true(sj_span_eq(out.profession, in.profession));
	assert_true(sj_span_eq(out.title, in.title));
	assert_true(sj_span_eq(out.summary, in.summary));
	assert_true(sj_span_eq(out.proof_of_citizenship, in.proof_of_citizenship));
	assert_true(sj_span_eq(out.other_documents, in.other_documents));
	assert_true(sj_span_eq(out.custody, in.custody));
	assert_int_equal(out.other_names.count, 2);
	assert_true(sj_span_eq(out.other_names.names[1], SJ_SPAN_STR("TWO")));
}

static void every_field_of_dg12_comes_back(void **state)
{
	const struct sj_dg12 in = {
		.issuing_authority = SJ_SPAN_STR("issuing_authority"),
		.issue_date = SJ_SPAN_STR("issue_date"),
		.endorsements = SJ_SPAN_STR("endorsements"),
		.tax_exit = SJ_SPAN_STR("tax_exit"),
		.front_image = SJ_SPAN_STR("front_image"),
		.rear_image = SJ_SPAN_STR("rear_image"),
		.personalised_at = SJ_SPAN_STR("personalised_at"),
		.personalised_by = SJ_SPAN_STR("personalised_by"),
		.other_persons = { 2, { SJ_SPAN_STR("ONE"), SJ_SPAN_STR("TWO") } },
	};
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	static struct sj_dg12 out;

	(void)state;
	sj_dg12_put(&w, &in);
	assert_false(w.failed);
	assert_true(sj_dg12_parse(sj_written(&w), &out));
	assert_true(sj_span_eq(out.issuing_authority, in.issuing_authority));
	assert_true(sj_span_eq(out.issue_date, in.issue_date));
	assert_true(sj_span_eq(out.endorsements, in.endorsements));
	assert_true(sj_span_eq(out.tax_exit, in.tax_exit));
	assert_true(sj_span_eq(out.front_image, in.front_image));
	assert_true(sj_span_eq(out.rear_image, in.rear_image));
	assert_true(sj_span_eq(out.personalised_at, in.personalised_at));
	assert_true(sj_span_eq(out.personalised_by, in.personalised_by));
	assert_int_equal(out.other_persons.count, 2);
	assert_true(sj_span_eq(out.other_persons.names[1], SJ_SPAN_STR("TWO")));
}

static void dg11_byte_for_byte(void **state)
{
	const struct sj_span file =
		SJ_SPAN_STR("\x6B\x2A\x5C\x08\x5F\x0E\x5F\x11\x5F\x42\x5F\x12\x5F\x0E\x05"
			    "A<<BC"
			    "\x5F\x11\x04"
			    "TOWN"
			    "\x5F\x42\x06"
			    "STREET"
			    "\x5F\x12\x05"
			    "12345");
	struct sj_dg11 out;

	(void)state;
	assert_int_equal(file.ptr[1], file.len - 2);
	assert_true(sj_dg11_parse(file, &out));
	assert_true(sj_span_eq(out.full_name, SJ_SPAN_STR("A<<BC")));
	assert_true(sj_span_eq(out.address, SJ_SPAN_STR("STREET")));
	assert_int_equal(out.title.len, 0);
	assert_int_equal(out.other_names.count, 0);
}

/* Doc 9303-10, A.5, with the telephone number as long as its length field says. */
static void dg11_of_appendix_a(void **state)
{
	const struct sj_span file =
		SJ_SPAN_STR("\x6B\x63\x5C\x0A\x5F\x0E\x5F\x11\x5F\x42\x5F\x12\x5F\x13"
			    "\x5F\x0E\x0DSMITH<<JOHN<J"
			    "\x5F\x11\x0A"
			    "ANYTOWN<MN"
			    "\x5F\x42\x17"
			    "123 MAPLE RD<ANYTOWN<MN"
			    "\x5F\x12\x0E"
			    "1-612-555-1212"
			    "\x5F\x13\x0CTRAVEL<AGENT");
	struct sj_dg11 out;
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_true(sj_dg11_parse(file, &out));
	assert_true(sj_span_eq(out.full_name, SJ_SPAN_STR("SMITH<<JOHN<J")));
	assert_true(sj_span_eq(out.profession, SJ_SPAN_STR("TRAVEL<AGENT")));
	sj_dg11_put(&w, &out);
	assert_true(sj_span_eq(sj_written(&w), file));
}

/* The tag list is not held against the fields, in DG11 and in DG12. */
static void a_tag_list_that_is_not_true(void **state)
{
	struct sj_dg11 dg11;
	struct sj_dg12 dg12;

	(void)state;
	assert_true(sj_dg11_parse(SJ_SPAN_STR("\x6B\x08\x5C\x02\x5F\x11\x5F\x0E\x01"
					      "A"),
				  &dg11));
	assert_int_equal(dg11.full_name.len, 1); /* not named */
	assert_int_equal(dg11.place_of_birth.len, 0); /* named, missing */
	assert_true(sj_dg12_parse(SJ_SPAN_STR("\x6C\x08\x5C\x02\x5F\x26\x5F\x19\x01"
					      "A"),
				  &dg12));
	assert_int_equal(dg12.issuing_authority.len, 1);
	assert_int_equal(dg12.issue_date.len, 0);
}

static void dg11_faults_are_refused(void **state)
{
	struct sj_dg11 out;

	(void)state;
	assert_false(sj_dg11_parse(SJ_SPAN_STR("\x6B\x04\x5F\x0E\x01"
					       "A"),
				   &out)); /* no tag list */
	assert_false(sj_dg11_parse(SJ_SPAN_STR("\x6B\x0A\x5C\x00\x5F\x0E\x01"
					       "A"
					       "\x5F\x0E\x01"
					       "B"),
				   &out));
	assert_false(sj_dg11_parse(SJ_SPAN_STR("\x6B\x07\x5C\x00\xA0\x03\x02\x01\x01"), &out));
	assert_false(
		sj_dg11_parse(SJ_SPAN_STR("\x6B\x07\x5C\x00\xA0\x03\x02\x01\x64"), &out)); /* 100 */
	assert_true(sj_dg11_parse(SJ_SPAN_STR("\x6B\x05\x5C\x00\xDF\x01\x00"), &out));
}

static void dates_in_digits_and_bcd(void **state)
{
	char out[9];

	(void)state;
	assert_true(sj_lds_date(SJ_SPAN_STR("19740812"), out));
	assert_string_equal(out, "19740812");
	assert_true(sj_lds_date(SJ_SPAN_STR("\x20\x15\x01\x31"), out));
	assert_string_equal(out, "20150131");
	assert_true(sj_lds_date(SJ_SPAN_STR("20150131120000"), out));
	assert_string_equal(out, "20150131");
	assert_true(sj_lds_date(SJ_SPAN_STR("\x20\x15\x01\x31\x12\x00\x00"), out));
	assert_false(sj_lds_date(SJ_SPAN_STR("\x20\x1A\x01\x31"), out));
	assert_false(sj_lds_date(SJ_SPAN_STR("1974O812"), out));
}

static void dg16_comes_back(void **state)
{
	struct sj_dg16 in = { .count = 2 }, out;
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	in.persons[0] =
		(struct sj_person){ SJ_SPAN_STR("20200101"), SJ_SPAN_STR("SMITH<<CHARLES"),
				    SJ_SPAN_STR("19525551212"), SJ_SPAN_STR("123 MAPLE RD") };
	in.persons[1].name = SJ_SPAN_STR("BROWN<<MARY");
	sj_dg16_put(&w, &in);
	assert_true(sj_dg16_parse(sj_written(&w), &out));
	assert_int_equal(out.count, 2);
	assert_true(sj_span_eq(out.persons[0].telephone, in.persons[0].telephone));
	assert_true(sj_span_eq(out.persons[1].name, in.persons[1].name));
	assert_int_equal(out.persons[1].address.len, 0);
}

static void ef_dir_comes_back(void **state)
{
	const struct sj_dir dir = { 2, { SJ_AID_LDS1, SJ_AID_TRAVEL_RECORDS } };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_dir out;

	(void)state;
	sj_dir_put(&w, &dir);
	assert_memory_equal(bytes, "\x61\x09\x4F\x07\xA0\0\0\x02\x47\x10\x01\x61", 12);
	assert_true(sj_dir_parse(sj_written(&w), &out));
	assert_int_equal(out.count, 2);
	assert_true(sj_span_eq(out.aids[1], SJ_AID_TRAVEL_RECORDS));
	assert_false(sj_dir_parse(SJ_SPAN_STR("\x61\x02\x50\x00"), &out));
}

static void ef_atr_info_comes_back(void **state)
{
	const struct sj_atr_info info = { true, 0xB8, true, { 0xF0, 0x01, 0xE0 }, 65535, 65536 };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_atr_info out;

	(void)state;
	sj_atr_info_put(&w, &info);
	assert_true(sj_span_eq(
		sj_written(&w),
		SJ_SPAN_STR(
			"\x43\x01\xB8\x47\x03\xF0\x01\xE0\x7F\x66\x0A\x02\x03\x00\xFF\xFF\x02\x03\x01\x00\x00")));
	assert_true(sj_atr_info_parse(sj_written(&w), &out));
	assert_int_equal(out.max_response, 65536);
	assert_true(out.capabilities[2] & SJ_CAPABILITY_EXTENDED);
	assert_true(out.has_service);
}

static void ef_atr_info_may_say_nothing(void **state)
{
	struct sj_atr_info out;

	(void)state;
	assert_true(sj_atr_info_parse(SJ_SPAN_STR(""), &out));
	assert_false(out.has_capabilities);
	assert_int_equal(out.max_command, 0);
	assert_false(sj_atr_info_parse(SJ_SPAN_STR("\x47\x01\x00"), &out));
	assert_false(sj_atr_info_parse(SJ_SPAN_STR("\x7F\x66\x00"), &out));
	assert_false(sj_atr_info_parse(SJ_SPAN_STR("\x7F\x66\x04\x02\x00\x02\x00"), &out));
}

static void lengths_may_lack_the_zero_of_der(void **state)
{
	struct sj_atr_info out;

	(void)state;
	assert_true(sj_atr_info_parse(SJ_SPAN_STR("\x7F\x66\x08\x02\x02\xFF\xFE\x02\x02\x80\x00"),
				      &out));
	assert_int_equal(out.max_command, 65534);
	assert_int_equal(out.max_response, 32768);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_finds_by_every_key),
		cmocka_unit_test(ef_com_comes_back),
		cmocka_unit_test(ef_com_without_a_version_is_refused),
		cmocka_unit_test(bytes_after_a_file_are_refused),
		cmocka_unit_test(security_object_of_version_0),
		cmocka_unit_test(security_object_of_version_1),
		cmocka_unit_test(security_objects_that_are_refused),
		cmocka_unit_test(dg1_holds_the_zone),
		cmocka_unit_test(dg2_comes_back),
		cmocka_unit_test(dg2_of_20_kilobytes_of_jpeg_2000),
		cmocka_unit_test(dg2_lengths_that_lie),
		cmocka_unit_test(dg2_data_in_the_constructed_form),
		cmocka_unit_test(images_tell_what_they_are),
		cmocka_unit_test(dg2_without_an_image_is_not_written),
		cmocka_unit_test(dg7_comes_back),
		cmocka_unit_test(every_field_of_dg11_comes_back),
		cmocka_unit_test(every_field_of_dg12_comes_back),
		cmocka_unit_test(dg11_byte_for_byte),
		cmocka_unit_test(dg11_of_appendix_a),
		cmocka_unit_test(a_tag_list_that_is_not_true),
		cmocka_unit_test(dg11_faults_are_refused),
		cmocka_unit_test(dates_in_digits_and_bcd),
		cmocka_unit_test(dg16_comes_back),
		cmocka_unit_test(ef_dir_comes_back),
		cmocka_unit_test(ef_atr_info_comes_back),
		cmocka_unit_test(ef_atr_info_may_say_nothing),
		cmocka_unit_test(lengths_may_lack_the_zero_of_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
