#include "tests/fuzz/parsers.h"

#include "authority/batch.h"
#include "authority/cardstatus.h"
#include "authority/holder.h"
#include "authority/portrait.h"
#include "secure/piv_spki.h"
#include "tests/fuzz/failures.h"
#include "wire/keystatus.h"
#include "wire/tlv.h"

static bool put(struct sj_writer *out, struct sj_span bytes)
{
	sj_put(out, bytes);
	return !out->failed;
}

/* --- portraits: as much of them as tells their size ------------------------------ */

static bool portrait_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\xFF\xD8\xFF\xE0\x00\x06JFIF\xFF\xDB\x00\x04\x00\x10"
			    "\xFF\xC0\x00\x0B\x08\x02\x13\x01\x9D\x01\x01\x11\x00"),
		SJ_SPAN_STR("\x00\x00\x00\x0CjP  \x0D\x0A\x87\x0A"
			    "\x00\x00\x00\x1Ejp2h\x00\x00\x00\x16ihdr"
			    "\x00\x00\x02\x13\x00\x00\x01\x9D\x00\x03\x07\x07\x00\x00"
			    "\x00\x00\x00\x00jp2c"),
		SJ_SPAN_STR("\xFF\x4F\xFF\x51\x00\x29\x00\x00\x00\x00\x01\x9D\x00\x00\x02\x13"
			    "\x00\x00\x00\x00\x00\x00\x00\x00"),
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put(out, seeds[i]);
}

static bool portrait_run(struct sj_span in)
{
	struct sj_face face;

	if (!sj_portrait_read(in, &face))
		return false;
	fuzz_touch(face.image);
	return face.width > 0 && face.height > 0;
}

/* --- holder files ------------------------------------------------------------------ */

#define LEAST \
	"{\"documentNumber\":\"U24SJ0117\",\"surname\":\"H\xC3\xA5kansson\",\"sex\":\"F\"," \
	"\"nationality\":\"UTO\",\n\"birthDate\":\"1990-08-12\",\"expiryDate\":\"2034-05-05\""

#define MOST \
	"\"documentType\":\"TD1\",\"documentCode\":\"ID\",\"givenNames\":\"Zo\xC3\xAB-Marie O'Hara\"," \
	"\"surnameMrz\":\"HAAKANSSON\",\"issueDate\":\"2024-02-29\",\"personalNumber\":\"1\"," \
	"\"placeOfBirth\":\"x\",\"address\":\"y\",\"telephone\":\"1\",\"profession\":\"p\"," \
	"\"title\":\"t\",\"issuingAuthority\":\"a\",\"class\":\"visitor\"," \
	"\"artisticName\":\"b\",\"birthName\":\"c\",\"communityId\":\"12\"," \
	"\"email\":\"a@b\",\"insuranceNumber\":\"A1\"," \
	"\"personsToNotify\":[{\"name\":\"n\",\"telephone\":\"1\",\"address\":\"z\"}]," \
	"\"homePassport\":{\"state\":\"UTO\",\"number\":\"A1\"}," \
	"\"emergency\":{\"bloodGroup\":\"O+\",\"allergies\":\"a\",\"contact\":\"c\"}," \
	"\"entryRecords\":[{\"date\":\"2024-01-01\",\"kind\":\"entry\",\"place\":\"p\"}]"

static bool holder_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR(LEAST "}"),
		SJ_SPAN_STR(LEAST ",\"documentType\":\"TD3\",\"documentCode\":\"P\",\n"
				  "\"givenNames\":\"Ida\",\"givenNamesMrz\":\"IDA\"}"),
		SJ_SPAN_STR(LEAST ",\"optionalData\":\"A1\",\"optionalData2\":\"B2\",\n"
				  "\"personsToNotify\":[{\"name\":\"x\"},\n"
				  "{\"name\":\"y\",\"recorded\":\"2024-02-29\"}]}"),
		SJ_SPAN_STR(LEAST "," MOST "}"),
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put(out, seeds[i]);
}

static bool holder_run(struct sj_span in)
{
	struct holder_fault fault;
	struct holder h;
	struct sj_mrz mrz;
	uint8_t zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(zone);
	bool ok = holder_read((const char *)in.ptr, in.len, &h, &fault);

	if (ok && holder_mrz(&h, "UTO", &mrz)) {
		sj_mrz_put(&w, &mrz);
		fuzz_touch(sj_written(&w));
	}
	holder_free(&h);
	return ok;
}

/* --- batch files ---------------------------------------------------------------------- */

static bool batch_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("{\"documentNumber\":\"K1\",\"surname\":\"E\",\"sex\":\"F\","
			    "\"nationality\":\"UTO\",\"birthDate\":\"1990-08-12\","
			    "\"expiryDate\":\"2034-05-05\","
			    "\"portraitData\":\"/9j/wAALCAAQABABAREA/9k=\"}\n"),
		SJ_SPAN_STR(
			"\xEF\xBB\xBF{\"documentNumber\":\"K2\",\"surname\":\"E\",\"sex\":\"X\","
			"\"nationality\":\"D\",\"birthDate\":\"1990-00-00\","
			"\"expiryDate\":\"2034-05-05\"," MOST ","
			"\"portraitData\":\"/9j/wAALCAAQABABAREA/9k=\"}\r\n \n"),
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put(out, seeds[i]);
}

/* Every line of a file in memory is good. */
static bool batch_run(struct sj_span in)
{
	struct batch_line line;
	struct holder_fault fault;
	struct batch_file *file;
	enum batch_rc rc = BATCH_FAILED;
	char path[FUZZ_PATH];

	(void)fuzz_file(in, path);
	file = batch_open(path);
	if (file != NULL)
		rc = batch_next(file, &line, &fault);
	if (rc == BATCH_GOOD)
		fuzz_touch(line.portrait);
	while (rc == BATCH_GOOD)
		rc = batch_next(file, &line, &fault);
	batch_close(file);
	if (rc == BATCH_END && fuzz_has_lost())
		abort(); /* it broke off in the middle */
	return rc == BATCH_END;
}

/* --- keys: what a card says it made; where its certificate says it stands ------------- */

/* The algorithm, then 7F49. */
static bool key_public_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\xE0\x7F\x49\x22\x86\x20"
			    "0123456789abcdef0123456789abcdef"),
		SJ_SPAN_STR("\x06\x7F\x49\x81\x88\x81\x81\x80"
			    "\xFF"
			    "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			    "\x82\x03\x01\x00\x01"),
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put(out, seeds[i]);
}

static bool key_public_run(struct sj_span in)
{
	uint8_t bytes[700], algorithm;
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_public key;
	struct sj_span content;

	if (!sj_take_u8(&in, &algorithm) ||
	    sj_tlv_take(&in, PIV_TAG_PUBLIC_KEY, &content) != SJ_TLV_FOUND ||
	    !sj_piv_public_read(content, &key) || !sj_piv_key_spki_put(&w, algorithm, &key))
		return false;
	fuzz_touch(sj_written(&w));
	return true;
}

static bool key_status_seed(size_t i, struct sj_writer *out)
{
	const struct sj_key_status place = { SJ_SPAN_STR("UTO"), 172, 0x80ABCD };

	sj_key_status_put(out, &place);
	return i == 0;
}

static bool key_status_run(struct sj_span in)
{
	struct sj_key_status place;

	if (!sj_key_status_read(in, &place))
		return false;
	fuzz_touch(place.issuer);
	return true;
}

/* --- what a card's manager tells: applications, keys --------------------------------------- */

static bool card_entry_seed(size_t i, struct sj_writer *out)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("\xE3\x16\x4F\x07\xA0\x00\x00\x02\x47\x10\x01\x9F\x70\x01\x0F"
			    "\xC5\x01\x00\xC4\x04\xF0SJO"),
		SJ_SPAN_STR("\xE3\x0F\x4F\x08\xA0\x00\x00\x01\x51\x00\x00\x00\x9F\x70\x02\x07\x00"),
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put(out, seeds[i]);
}

static bool card_entry_run(struct sj_span in)
{
	struct cardstatus_entry e;

	while (in.len > 0) {
		if (!cardstatus_take_entry(&in, &e))
			return false;
		fuzz_touch(sj_span(e.aid, e.aid_len));
	}
	return true;
}

#define LOAD_FILE "\xF0SOJOURN\xFF"

static bool card_modules_seed(size_t i, struct sj_writer *out)
{
	return i == 0 && put(out, SJ_SPAN_STR("\xE3\x1B\x4F\x09" LOAD_FILE "\xC5\x01\x00"
					      "\x84\x07\xA0\x00\x00\x02\x47\x10\x01\x84\x02GG"));
}

static bool card_modules_run(struct sj_span in)
{
	struct cardstatus_modules m;

	if (!cardstatus_read_modules(in, SJ_SPAN_STR(LOAD_FILE), &m))
		return false;
	for (size_t i = 0; i < m.n; i++)
		fuzz_touch(m.aids[i]);
	return true;
}

static bool card_key_seed(size_t i, struct sj_writer *out)
{
	return i == 0 && put(out, SJ_SPAN_STR("\xC0\x04\x01\x31\x88\x20\xC0\x04\x02\x31\x88\x20"));
}

static bool card_key_run(struct sj_span in)
{
	struct cardstatus_key key;

	while (in.len > 0) {
		if (!cardstatus_take_key(&in, &key))
			return false;
	}
	return true;
}

static const struct fuzz_parser parsers[] = {
	{ "portrait", portrait_seed, portrait_run },
	{ "holder", holder_seed, holder_run },
	{ "batch", batch_seed, batch_run },
	{ "key-public", key_public_seed, key_public_run },
	{ "key-status", key_status_seed, key_status_run },
	{ "card-entry", card_entry_seed, card_entry_run },
	{ "card-modules", card_modules_seed, card_modules_run },
	{ "card-key", card_key_seed, card_key_run },
};

struct fuzz_room fuzz_issue(void)
{
	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
