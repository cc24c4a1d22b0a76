/* Token Status Lists: the draft's examples, Python's zlib, and round trips. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/status_rig.h"
#include "wire/hex.h"

/* draft-ietf-oauth-status-list, 4.1 to 4.3: the list B9 A3. */
#define JSON_LST "eNrbuRgAAhcBXQ"
#define CBOR_LIST "A2646269747301636C73744A78DADBB918000217015D"
/* Its appendix on size, one bit: 2^20 statuses, eleven of them set. */
#define CBOR_LARGE \
	"A2646269747301636C737458BD78DAEDDC010DC0200C0041A88249400AD2903E0F4B" \
	"BA00BD93F002BEB7A2A2010000A91E09000000000000000000000000000000807296" \
	"04000000000000000000000000000000000000000000000000000000000000000000" \
	"000000000000005C6F4800000000000000FC2C240000000000000000000000BE1B12" \
	"000000000000000000ECAA4B000000000000000000000000000000009B0B09000000" \
	"00000000000038DE9400000000000000002A30CC010000000080642F0BD8011B"

static enum sj_rc read_text(const char *json, uint8_t **out, size_t *len)
{
	return sj_status_read_token((const uint8_t *)json, strlen(json), out, len);
}

static enum sj_rc read_hex(const char *hex, uint8_t **out, size_t *len)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_hex_read(hex, strlen(hex), &w));
	return sj_status_read_token(bytes, w.len, out, len);
}

static void assert_example(enum sj_rc rc, uint8_t *bits, size_t len)
{
	static const uint8_t expected[] = { 0xB9, 0xA3 };

	assert_int_equal(rc, SJ_OK);
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(bits, expected, sizeof(expected));
	sj_status_free(bits);
}

#define ASSERT_EXAMPLE(call) \
	do { \
		uint8_t *bits = NULL; \
		size_t len = 0; \
		enum sj_rc rc = call; \
		assert_example(rc, bits, len); \
	} while (0)

static void the_drafts_example_in_json(void **state)
{
	(void)state;
	ASSERT_EXAMPLE(read_text("{\"bits\": 1, \"lst\": \"" JSON_LST "\"}", &bits, &len));
	ASSERT_EXAMPLE(read_text(
		" {\"lst\":\"" JSON_LST "\",\"x\":[{\"lst\":2},\"}\"],\"bits\":1 }", &bits, &len));
	ASSERT_EXAMPLE(read_text("{\"exp\":2291720170,\"sub\":\"https://example.com/\\\"1\","
				 "\"status_list\":{\"bits\":1,\"lst\":\"" JSON_LST
				 "\"},\"ttl\":43200}",
				 &bits, &len));
}

static void the_drafts_example_in_cbor(void **state)
{
	(void)state;
	ASSERT_EXAMPLE(read_hex(CBOR_LIST, &bits, &len));
	/* Heads that are longer than need be, keys in the other order. */
	ASSERT_EXAMPLE(
		read_hex("B80278036C737459000A78DADBB918000217015D6462697473190001", &bits, &len));
}

/* { 65533 : list, 6 : 1686920170 } in a tagged COSE_Sign1 and as bare claims. */
static void a_cwt_is_looked_into(void **state)
{
	(void)state;
	ASSERT_EXAMPLE(read_hex("D28443A10126A05820"
				"A219FFFD" CBOR_LIST "061A648C5BEA"
				"40",
				&bits, &len));
	ASSERT_EXAMPLE(read_hex("A219FFFD" CBOR_LIST "061A648C5BEA", &bits, &len));
}

static void the_drafts_large_example(void **state)
{
	static const uint32_t set[] = { 0,      1993,   25460,  159495, 495669, 554353,
					645645, 723232, 854545, 934534, 1000345 };
	uint8_t *bits = NULL;
	size_t len = 0, at = 0;

	(void)state;
	assert_int_equal(read_hex(CBOR_LARGE, &bits, &len), SJ_OK);
	assert_int_equal(len, (1u << 20) / 8);
	for (uint32_t i = 0; i < 1u << 20; i++)
		if (sj_status_bit(bits, i))
			assert_int_equal(i, set[at++]);
	assert_int_equal(at, sizeof(set) / sizeof(set[0]));
	sj_status_free(bits);
}

static void more_bits_a_status_are_refused(void **state)
{
	uint8_t *bits;
	size_t len;

	(void)state;
	assert_int_equal(read_text("{\"bits\":2,\"lst\":\"eNo76fITAAPfAgc\"}", &bits, &len),
			 SJ_INPUT_REFUSED);
	assert_int_equal(read_hex("A2646269747302636C73744A78DADBB918000217015D", &bits, &len),
			 SJ_INPUT_REFUSED);
}

static void what_is_no_list_is_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"bits\":1}",
		"{\"bits\":1,\"lst\":\"eNrbuRgAAhcBX\"}",
		"{\"bits\":1,\"lst\":\"eNrbuRgAAhcBXQ=\"}",
		"{\"bits\":1,\"lst\":\"eNrbuRgAAhcBYQ\"}",
		"{\"bits\":11,\"lst\":\"" JSON_LST "\"}",
		"{\"bits\":\"1\",\"lst\":\"" JSON_LST "\"}",
		"{\"bits\":1,\"lst\":" JSON_LST "}",
		"[1]",
	};
	uint8_t *bits;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (read_text(texts[i], &bits, &len) != SJ_INPUT_MALFORMED)
			fail_msg("accepted: %s", texts[i]);
}

static void every_truncation_is_malformed(void **state)
{
	static const char json[] = "{\"bits\":1,\"lst\":\"" JSON_LST "\"}";
	uint8_t bytes[64], *bits;
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t len;

	(void)state;
	assert_true(sj_hex_read(CBOR_LIST, strlen(CBOR_LIST), &w));
	for (size_t n = 0; n < w.len; n++)
		assert_int_equal(sj_status_read_token(bytes, n, &bits, &len), SJ_INPUT_MALFORMED);
	for (size_t n = 0; n < strlen(json) - 2; n++)
		assert_int_equal(sj_status_read_token((const uint8_t *)json, n, &bits, &len),
				 SJ_INPUT_MALFORMED);
}

/* A list that inflates to a gigabyte and more is given up, not unpacked. */
static void a_bomb_is_not_unpacked(void **state)
{
	struct status_rig *r = *state;
	char command[500], path[100];
	uint8_t *token, *bits;
	size_t n, len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/bomb", r->directory);
	snprintf(command, sizeof(command),
		 "/usr/bin/python3 -c 'import zlib,sys; z=zlib.compressobj(1); "
		 "l=b\"\".join(z.compress(bytes(1<<20)) for _ in range(200))+z.flush(); "
		 "open(sys.argv[1],\"wb\").write(bytes.fromhex(\"a2646269747301636c73745a\")+"
		 "len(l).to_bytes(4,\"big\")+l)' %s",
		 path);
	assert_int_equal(system(command), 0);
	in = fopen(path, "rb");
	token = malloc(1u << 21);
	assert_true(in != NULL && token != NULL);
	n = fread(token, 1, 1u << 21, in);
	fclose(in);
	assert_int_equal(sj_status_read_token(token, n, &bits, &len), SJ_INPUT_MALFORMED);
	free(token);
}

/* --- exporting ------------------------------------------------------------------------------ */

static void assert_is_epoch(const uint8_t *bits, size_t len, uint32_t epoch)
{
	assert_int_equal(len, RIG_SIZE / 8);
	for (uint32_t i = 0; i < RIG_SIZE; i++)
		if (sj_status_bit(bits, i) != (i % 1000 < epoch))
			fail_msg("index %u", i);
}

static void what_is_exported_can_be_imported(void **state)
{
	struct status_rig *r = *state;
	struct sj_status *status;
	uint8_t *token, *bits;
	size_t n, len;

	assert_int_equal(rig_import(r, rig_list(r, 12)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	for (int form = SJ_STATUS_CBOR; form <= SJ_STATUS_JSON; form++) {
		assert_int_equal(sj_status_export(status, RIG_PARTITION, (enum sj_status_form)form,
						  &token, &n),
				 SJ_OK);
		assert_int_equal(sj_status_read_token(token, n, &bits, &len), SJ_OK);
		assert_is_epoch(bits, len, 12);
		sj_status_free(bits);
		sj_status_free(token);
	}
	assert_int_equal(sj_status_export(status, RIG_PARTITION + 1, SJ_STATUS_CBOR, &token, &n),
			 SJ_INPUT_REFUSED);
	sj_status_close(status);
}

/* Python reads what we write: its JSON, its base64, its zlib. */
static void python_reads_an_export(void **state)
{
	struct status_rig *r = *state;
	struct sj_status *status;
	char command[500], path[100];
	uint8_t *token;
	FILE *out;
	size_t n;

	assert_int_equal(rig_import(r, rig_list(r, 12)), SJ_OK);
	assert_int_equal(sj_status_open(r->directory, RIG_ISSUER, &status), SJ_OK);
	assert_int_equal(sj_status_export(status, RIG_PARTITION, SJ_STATUS_JSON, &token, &n),
			 SJ_OK);
	snprintf(path, sizeof(path), "%s/export.json", r->directory);
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(token, 1, n, out), n);
	fclose(out);
	snprintf(
		command, sizeof(command),
		"/usr/bin/python3 -c 'import json,base64,zlib,sys; o=json.load(open(sys.argv[1])); "
		"l=o[\"lst\"]; b=zlib.decompress(base64.urlsafe_b64decode(l+\"=\"*(-len(l)%%4))); "
		"sys.exit(not (o[\"bits\"]==1 and len(b)*8==%u and all((b[i//8]>>i%%8&1)=="
		"(i%%1000<12) for i in range(%u))))' %s",
		RIG_SIZE, RIG_SIZE, path);
	assert_int_equal(system(command), 0);
	sj_status_free(token);
	sj_status_close(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_drafts_example_in_json),
		cmocka_unit_test(the_drafts_example_in_cbor),
		cmocka_unit_test(a_cwt_is_looked_into),
		cmocka_unit_test(the_drafts_large_example),
		cmocka_unit_test(more_bits_a_status_are_refused),
		cmocka_unit_test(what_is_no_list_is_malformed),
		cmocka_unit_test(every_truncation_is_malformed),
		STATUS_CASE(a_bomb_is_not_unpacked),
		STATUS_CASE(what_is_exported_can_be_imported),
		STATUS_CASE(python_reads_an_export),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
