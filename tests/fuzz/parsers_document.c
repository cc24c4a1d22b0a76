#include "tests/fuzz/parsers.h"

#include <stdlib.h>
#include <string.h>

#include <sojourn/document.h>

#include "document/document.h"
#include "reader/pace.h"
#include "tests/fuzz/sod.h"
#include "tests/vectors/openssl_cms.h"
#include "trust/certificate.h"
#include "trust/signed.h"
#include "wire/hex.h"
#include "wire/std/icao9303.h"

static bool put_hex(struct sj_writer *w, const char *hex)
{
	return sj_hex_read(hex, strlen(hex), w);
}

/* --- a whole document: each file behind the number of its name and its size ------- */

static const char *const names[] = { "EF.COM", "EF.SOD", "EF.CardAccess", "DG1", "DG2",
				     "DG11",   "DG12",   "DG14",          "DG15" };

#define NAMES (sizeof(names) / sizeof(names[0]))

static bool put_file(struct sj_writer *w, uint8_t name, const char *hex)
{
	sj_put_u8(w, name);
	sj_put_be(w, 2, (uint32_t)(strlen(hex) / 2));
	return put_hex(w, hex);
}

/* The n-th that its own parser knows, in a template if its tag is given; false: there is none. */
static bool take_parsed(struct sj_writer *file, uint32_t tag, const char *parser, size_t n)
{
	const size_t at = sj_tlv_open(file);

	if (!fuzz_parser_named(parser)->seed(n, file))
		return false;
	if (tag != 0)
		sj_tlv_close(file, tag, at);
	return !file->failed;
}

static bool put_bytes(struct sj_writer *w, uint8_t name, struct sj_span file)
{
	sj_put_u8(w, name);
	sj_put_be(w, 2, (uint32_t)file.len);
	sj_put(w, file);
	return !w->failed;
}

static bool put_parsed(struct sj_writer *w, uint8_t name, uint32_t tag, const char *parser,
		       size_t n)
{
	static uint8_t bytes[FUZZ_SEED_MAX];
	struct sj_writer file = SJ_WRITER_OF(bytes);

	return take_parsed(&file, tag, parser, n) && put_bytes(w, name, sj_written(&file));
}

/* One whose chip has keys, signed by an issuer of today. */
static bool put_with_keys(struct sj_writer *w)
{
	static uint8_t bytes[3][FUZZ_SEED_MAX];
	struct sj_writer dg14 = SJ_WRITER_OF(bytes[0]), dg15 = SJ_WRITER_OF(bytes[1]),
			 sod = SJ_WRITER_OF(bytes[2]);
	struct sj_sod_plan plan = { .version = 1 };

	if (!take_parsed(&dg14, SJ_TAG_DG14, "secinfo", 0) ||
	    !take_parsed(&dg15, SJ_TAG_DG15, "spki", 0))
		return false;
	plan.groups[14] = sj_written(&dg14);
	plan.groups[15] = sj_written(&dg15);
	return fuzz_put_sod(&sod, &plan) && put_bytes(w, 1, sj_written(&sod)) &&
	       put_bytes(w, 7, sj_written(&dg14)) && put_bytes(w, 8, sj_written(&dg15)) &&
	       put_parsed(w, 2, 0, "secinfo", 0);
}

static bool document_seed(size_t i, struct sj_writer *w)
{
	static const char *const objects[] = { CMS_SOD, CMS_SOD_INDEFINITE, CMS_SOD };

	if (i == 3)
		return put_with_keys(w);
	return i < 3 && put_file(w, 1, objects[i]) && put_file(w, 3, CMS_DG1) &&
	       put_file(w, 0, "60165F0104303130375F36063034303030305C026175") &&
	       put_file(w, 5, "6B095C025F105F10024131") &&
	       (i < 2 ||
		(put_parsed(w, 2, 0, "secinfo", 0) && put_parsed(w, 7, SJ_TAG_DG14, "secinfo", 0) &&
		 put_parsed(w, 4, 0, "dg2", 0)));
}

/* Takes the files one after the other; the rest is passed over. */
static size_t take_files(struct sj_span in, struct sj_file files[static NAMES])
{
	struct sj_span bytes;
	uint32_t name, size;
	size_t n = 0;

	while (n < NAMES && sj_take_be(&in, 1, &name) && sj_take_be(&in, 2, &size) &&
	       sj_take(&in, size, &bytes))
		files[n++] = (struct sj_file){ names[name % NAMES], bytes.ptr, bytes.len };
	return n;
}

static void walk_report(const struct sj_report *report)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_check check = { .size = sizeof(check) };

	(void)sj_report_verdict(report);
	(void)sj_report_holder(report, &holder);
	for (int id = 0; sj_report_check(report, (enum sj_check_id)id, &check); id++)
		fuzz_touch(sj_span((const uint8_t *)check.detail, strlen(check.detail)));
	for (unsigned dg = 1; dg <= 16; dg++)
		(void)sj_report_group(report, dg, &check);
}

static bool document_run(struct sj_span in)
{
	struct sj_check check = { .size = sizeof(check) };
	struct sj_report *report = NULL;
	struct sj_file files[NAMES];
	size_t n = take_files(in, files);
	bool holds;

	if (sj_document_verify_files(files, n, NULL, NULL, &report) != SJ_OK)
		return false;
	walk_report(report);
	holds = sj_report_check(report, SJ_CHECK_SOD, &check) && check.state == SJ_CHECK_PASSED;
	sj_report_free(report);
	return holds;
}

/* --- what the holder's groups tell, as if they were signed: number, size (2), bytes ------------ */

static bool holder_seed(size_t i, struct sj_writer *w)
{
	static const char *const rooms[] = { "dg1", "dg2", "dg11", "dg12", "dg16" };
	static const uint8_t groups[] = { 1, 2, 11, 12, 16 };
	bool some = false;

	for (size_t k = 0; k < sizeof(groups); k++)
		some |= put_parsed(w, groups[k], 0, rooms[k], i);
	return some && (i == 0 || put_parsed(w, 1, 0, "dg1", 0));
}

static void take_groups(struct sj_span in, struct sj_report *report)
{
	struct sj_document_file *file;
	struct sj_span bytes;
	uint32_t dg, size;

	while (sj_take_be(&in, 1, &dg) && sj_take_be(&in, 2, &size) &&
	       sj_take(&in, size < in.len ? size : in.len, &bytes)) {
		file = &report->files[dg % (SJ_DG_COUNT + 1)];
		sj_document_file_clear(file);
		file->bytes = malloc(bytes.len + 1);
		if (file->bytes == NULL)
			return;
		if (bytes.len > 0)
			memcpy(file->bytes, bytes.ptr, bytes.len);
		file->len = bytes.len;
		file->state = SJ_FILE_READ;
		report->groups[dg % (SJ_DG_COUNT + 1)].state = SJ_CHECK_PASSED;
	}
}

static bool holder_run(struct sj_span in)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_report *report = sj_report_new();
	const uint8_t *bytes;
	const char *mime;
	char text[120];
	size_t len;
	bool told;

	if (report == NULL)
		return false;
	report->verdict = SJ_VERDICT_GENUINE;
	report->checks[SJ_CHECK_SOD].state = SJ_CHECK_PASSED;
	take_groups(in, report);
	told = sj_report_holder(report, &holder);
	for (size_t i = 0; sj_report_person(report, i, text, i % 2 == 0 ? sizeof(text) : 20); i++)
		fuzz_touch(sj_span((const uint8_t *)text, strlen(text)));
	if (sj_report_portrait(report, &bytes, &len, &mime))
		fuzz_touch(sj_span(bytes, len));
	sj_report_free(report);
	return told;
}

/* --- a master list, as far as its certificates can be judged without a store ------ */

static bool master_list_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && put_hex(w, CMS_MASTER_LIST);
}

/* How many of its certificates could be judged. */
static size_t walk_list(struct sj_masterlist *list)
{
	struct sj_cert cert;
	struct sj_span der;
	size_t read = 0;

	while (sj_cms_certificate(&list->certificates, &der) == SJ_TLV_FOUND) {
		if (!sj_cert_read(der, &cert) || !sj_cert_key_usable(&cert))
			continue;
		(void)(sj_cert_is_own_issuer(&cert) && sj_cert_signed_by(&cert, cert.spki));
		read++;
	}
	return read;
}

static bool master_list_run(struct sj_span in)
{
	struct sj_masterlist list;
	struct sj_signed envelope;
	bool accepted;

	accepted = sj_signed_open(in, SJ_OID_ICAO_MASTER_LIST, &envelope) == SJ_SIGNED_OK &&
		   sj_masterlist_parse(envelope.cms.content, &list) && walk_list(&list) > 0;
	sj_signed_close(&envelope);
	return accepted;
}

/* --- where the parts of signed data stand, as another process tells ------------------ */

/* EF.SOD without its own tag, in this form; false: no such. */
static bool put_object(size_t i, struct sj_writer *w)
{
	static const char *const objects[] = { CMS_SOD, CMS_SOD_INDEFINITE };
	static uint8_t bytes[FUZZ_SEED_MAX];
	struct sj_writer file = SJ_WRITER_OF(bytes);
	struct sj_span object;

	if (i >= 2 || !put_hex(&file, objects[i]) ||
	    !sj_lds_open(sj_written(&file), SJ_TAG_SOD, &object))
		return false;
	sj_put(w, object);
	return !w->failed;
}

static bool places_seed(size_t i, struct sj_writer *w)
{
	static uint8_t bytes[FUZZ_SEED_MAX];
	struct sj_writer object = SJ_WRITER_OF(bytes);
	struct sj_signed found;
	enum sj_signed_rc rc;

	if (!put_object(i, &object))
		return false;
	rc = sj_signed_find(sj_written(&object), &found);
	sj_signed_put(w, rc, &found);
	sj_signed_close(&found);
	return rc == SJ_SIGNED_OK && !w->failed;
}

static bool places_run(struct sj_span in)
{
	static uint8_t bytes[FUZZ_SEED_MAX];
	struct sj_writer object = SJ_WRITER_OF(bytes);
	struct sj_signed taken = { 0 };
	bool accepted = put_object(0, &object) &&
			sj_signed_take(in, sj_written(&object), &taken) == SJ_SIGNED_OK;

	if (accepted) {
		fuzz_touch(taken.cms.content);
		fuzz_touch(taken.signer.signed_attributes);
		fuzz_touch(taken.certificate.der);
		fuzz_touch(taken.certificate.spki);
	}
	sj_signed_close(&taken);
	return accepted;
}

/* What a reader with a keypad gives back: done; it or the card was gone; what the card says of the password. */
static bool pad_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"000000001500900003003101000441424344024546040001020304",
		"010010F00000",
		"020010F00000",
		"010020F00000",
		"020020F00000",
		"C06306F00000",
		"C16306F00000",
		"C26306F00000",
		"006306F00000",
		"836906F00000",
		"846906F00000",
		"856906F00000",
		"826906F00000",
		"836206F00000",
		"886A06F00000",
	};

	return i < sizeof(seeds) / sizeof(seeds[0]) && put_hex(w, seeds[i]);
}

/* True: it is no answer that makes no sense. */
static bool pad_run(struct sj_span in)
{
	static const enum sj_pace_password kinds[] = { SJ_PACE_MRZ, SJ_PACE_CAN, SJ_PACE_PIN,
						       SJ_PACE_PUK };
	bool understood = false;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sj_pace_result out = { .tries = -1 };
		enum sj_rc rc = sj_pace_reader_output(in, kinds[i], &out);

		if ((rc == SJ_OK) != out.done)
			abort();
		understood = rc != SJ_CARD_ANSWER;
		fuzz_touch(sj_span(out.id_icc, out.id_icc_len));
		fuzz_touch(sj_span(out.car[0].bytes, out.car[0].len));
	}
	return understood;
}

static const struct fuzz_parser parsers[] = {
	{ "pace-keypad", pad_seed, pad_run },
	{ "document", document_seed, document_run },
	{ "holder-groups", holder_seed, holder_run },
	{ "signed-places", places_seed, places_run },
	{ "master-list-signed", master_list_seed, master_list_run },
};

struct fuzz_room fuzz_document(void)
{
	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
