#include "tests/fuzz/parsers.h"

#include "wire/lds.h"
#include "wire/std/icao9303.h"

static bool com_seed(size_t i, struct sj_writer *w)
{
	sj_com_put(w, &(struct sj_com){ { "0107", "040000" }, 1u << 1 | 1u << 2 | 1u << 14 });
	return i == 0;
}

static bool com_run(struct sj_span in)
{
	struct sj_com com;

	return sj_com_parse(in, &com);
}

static bool security_object_seed(size_t i, struct sj_writer *w)
{
	struct sj_security_object so = {
		.version = (uint32_t)i,
		.hash_algorithm = SJ_SPAN_STR("\x30\x03\x06\x01\x2A"),
		.version_info = { "0108", "040000" },
	};

	if (i > 1)
		return false;
	so.hashes[1] = SJ_SPAN_STR("01234567890123456789");
	so.hashes[2] = SJ_SPAN_STR("98765432109876543210");
	sj_security_object_put(w, &so);
	return true;
}

static bool security_object_run(struct sj_span in)
{
	struct sj_security_object so;

	if (!sj_security_object_parse(in, &so))
		return false;
	for (size_t i = 0; i <= SJ_DG_COUNT; i++)
		fuzz_touch(so.hashes[i]);
	fuzz_touch(so.hash_oid);
	return true;
}

static bool dg1_seed(size_t i, struct sj_writer *w)
{
	sj_dg1_put(w, SJ_SPAN_STR("I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6"
				  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"));
	return i == 0;
}

static bool dg1_run(struct sj_span in)
{
	struct sj_span mrz;

	if (!sj_dg1_parse(in, &mrz))
		return false;
	fuzz_touch(mrz);
	return true;
}

static bool dg2_seed(size_t i, struct sj_writer *w)
{
	sj_dg2_put(w, &(struct sj_face){
			      .image = i == 0 ? SJ_SPAN_STR("\xFF\xD8\xFF\xE0 a picture")
					      : SJ_SPAN_STR("\0\0\0\x0CjP  a picture"),
			      .type = i == 0 ? SJ_IMAGE_JPEG : SJ_IMAGE_JPEG2000,
			      .width = 240,
			      .height = 320,
		      });
	return i < 2;
}

static bool dg2_run(struct sj_span in)
{
	struct sj_dg2 dg2;

	if (!sj_dg2_parse(in, &dg2))
		return false;
	(void)sj_image_sniff(dg2.face.image);
	fuzz_touch(dg2.face.image);
	return true;
}

static bool dg7_seed(size_t i, struct sj_writer *w)
{
	struct sj_dg7 dg7 = { 2, { SJ_SPAN_STR("\xFF\xD8\xFF one"), SJ_SPAN_STR("two") } };

	sj_dg7_put(w, &dg7);
	return i == 0;
}

static bool dg7_run(struct sj_span in)
{
	struct sj_dg7 dg7;

	if (!sj_dg7_parse(in, &dg7))
		return false;
	for (unsigned i = 0; i < dg7.count; i++)
		fuzz_touch(dg7.images[i]);
	return true;
}

static bool dg11_seed(size_t i, struct sj_writer *w)
{
	struct sj_dg11 dg11 = {
		.full_name = SJ_SPAN_STR("ERIKSSON<<ANNA<MARIA"),
		.birth_date = SJ_SPAN_STR("19740812"),
		.address = SJ_SPAN_STR("1 LONG ROAD<TOWN"),
		.other_names = { 2, { SJ_SPAN_STR("ONE"), SJ_SPAN_STR("TWO") } },
	};

	sj_dg11_put(w, &dg11);
	return i == 0;
}

static void touch_names(const struct sj_lds_names *names)
{
	for (unsigned i = 0; i < names->count; i++)
		fuzz_touch(names->names[i]);
}

static bool dg11_run(struct sj_span in)
{
	struct sj_dg11 dg11;
	char date[9];

	if (!sj_dg11_parse(in, &dg11))
		return false;
	touch_names(&dg11.other_names);
	fuzz_touch(dg11.full_name);
	fuzz_touch(dg11.custody);
	(void)!sj_lds_date(dg11.birth_date, date);
	return true;
}

static bool dg12_seed(size_t i, struct sj_writer *w)
{
	struct sj_dg12 dg12 = {
		.issuing_authority = SJ_SPAN_STR("UTOPIA"),
		.issue_date = SJ_SPAN_STR("\x20\x20\x01\x31"),
		.other_persons = { 1, { SJ_SPAN_STR("ANOTHER") } },
		.personalised_at = SJ_SPAN_STR("20200131120000"),
	};

	sj_dg12_put(w, &dg12);
	return i == 0;
}

static bool dg12_run(struct sj_span in)
{
	struct sj_dg12 dg12;
	char date[9];

	if (!sj_dg12_parse(in, &dg12))
		return false;
	touch_names(&dg12.other_persons);
	fuzz_touch(dg12.personalised_by);
	(void)!sj_lds_date(dg12.issue_date, date);
	return true;
}

static bool dg13_seed(size_t i, struct sj_writer *w)
{
	sj_dg13_put(w, 172, 0xABCDEF);
	return i == 0;
}

static bool dg13_run(struct sj_span in)
{
	uint16_t partition;
	uint32_t index;

	return sj_dg13_parse(in, &partition, &index);
}

static bool dg16_seed(size_t i, struct sj_writer *w)
{
	struct sj_dg16 dg16 = { .count = 2 };

	dg16.persons[0].name = SJ_SPAN_STR("SMITH<<CHARLES");
	dg16.persons[0].telephone = SJ_SPAN_STR("19525551212");
	dg16.persons[1].name = SJ_SPAN_STR("BROWN<<MARY");
	sj_dg16_put(w, &dg16);
	return i == 0;
}

static bool dg16_run(struct sj_span in)
{
	struct sj_dg16 dg16;

	if (!sj_dg16_parse(in, &dg16))
		return false;
	for (unsigned i = 0; i < dg16.count; i++)
		fuzz_touch(dg16.persons[i].name);
	return true;
}

static bool dir_seed(size_t i, struct sj_writer *w)
{
	struct sj_dir dir = { 2, { SJ_AID_LDS1, SJ_AID_VISA_RECORDS } };

	sj_dir_put(w, &dir);
	return i == 0;
}

static bool dir_run(struct sj_span in)
{
	struct sj_dir dir;

	if (!sj_dir_parse(in, &dir))
		return false;
	for (unsigned i = 0; i < dir.count; i++)
		fuzz_touch(dir.aids[i]);
	return true;
}

static bool atr_info_seed(size_t i, struct sj_writer *w)
{
	sj_atr_info_put(
		w, &(struct sj_atr_info){ true, 0xB8, true, { 0xF0, 0x01, 0xE0 }, 65535, 65536 });
	return i == 0;
}

static bool atr_info_run(struct sj_span in)
{
	struct sj_atr_info info;

	return sj_atr_info_parse(in, &info);
}

struct fuzz_room fuzz_lds(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "ef-com", com_seed, com_run },
		{ "security-object", security_object_seed, security_object_run },
		{ "dg1", dg1_seed, dg1_run },
		{ "dg2", dg2_seed, dg2_run },
		{ "dg7", dg7_seed, dg7_run },
		{ "dg11", dg11_seed, dg11_run },
		{ "dg12", dg12_seed, dg12_run },
		{ "dg13", dg13_seed, dg13_run },
		{ "dg16", dg16_seed, dg16_run },
		{ "ef-dir", dir_seed, dir_run },
		{ "ef-atr-info", atr_info_seed, atr_info_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
