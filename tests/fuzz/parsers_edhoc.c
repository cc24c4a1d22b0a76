#include "tests/fuzz/parsers.h"

#include "secure/edhoc.h"

static const uint8_t bytes_32[32] = { 0x20 };
static const struct sj_span proof = { bytes_32, 16 };

static void put_padding(struct sj_writer *w)
{
	sj_edhoc_put_ead(w, 0, SJ_SPAN_OF(bytes_32));
	sj_edhoc_put_ead(w, -1, sj_span(NULL, 0));
}

static bool walk_ead(struct sj_span ead)
{
	struct sj_span value;
	int64_t label;

	if (!sj_edhoc_ead_check(ead))
		return false;
	while (sj_edhoc_ead_next(&ead, &label, &value))
		fuzz_touch(value);
	return true;
}

static void walk_suites(struct sj_span suites)
{
	int64_t id;

	while (sj_edhoc_suite_next(&suites, &id))
		(void)sj_edhoc_suite(id);
}

static void walk_id_cred(struct sj_span travelling)
{
	uint8_t map[1024], again[1024];
	struct sj_writer w = SJ_WRITER_OF(map), x = SJ_WRITER_OF(again);

	fuzz_touch(travelling);
	sj_edhoc_put_id_cred_map(&w, travelling);
	if (!w.failed)
		sj_edhoc_put_id_cred(&x, sj_written(&w));
}

static bool message_1_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t suites[] = { 6, 2, 3 };
	uint8_t ead[64];
	struct sj_writer e = SJ_WRITER_OF(ead);

	if (i == 1)
		put_padding(&e);
	sj_edhoc_message_1_put(w, i == 0 ? SJ_EDHOC_PSK : SJ_EDHOC_DH_DH,
			       i == 0 ? sj_span(suites + 2, 1) : SJ_SPAN_OF(suites),
			       SJ_SPAN_OF(bytes_32), SJ_SPAN_STR("\x18"), sj_written(&e));
	return i < 2;
}

static bool message_1_run(struct sj_span in)
{
	struct sj_edhoc_message_1 m;

	if (!sj_edhoc_message_1_parse(in, &m))
		return false;
	walk_suites(m.suites);
	fuzz_touch(m.g_x);
	fuzz_touch(m.c_i);
	return walk_ead(m.ead);
}

static bool message_2_seed(size_t i, struct sj_writer *w)
{
	sj_cbor_put_bytes_head(w, sizeof(bytes_32) + proof.len);
	sj_put(w, SJ_SPAN_OF(bytes_32));
	sj_put(w, proof);
	return i == 0;
}

static bool message_2_run(struct sj_span in)
{
	struct sj_span g_y, ciphertext;

	if (!sj_edhoc_message_2_parse(in, &g_y, &ciphertext))
		return false;
	fuzz_touch(g_y);
	fuzz_touch(ciphertext);
	return true;
}

/* With a kid, a longer one, or a map. */
static bool plaintext_3_seed(size_t i, struct sj_writer *w)
{
	static const struct sj_span maps[] = { SJ_SPAN_STR("\xA1\x04\x41\x32"),
					       SJ_SPAN_STR("\xA1\x04\x42\x00\x10"),
					       SJ_SPAN_STR("\xA1\x18\x22\x82\x2E\x41\x79") };

	if (i > 2)
		return false;
	sj_edhoc_put_id_cred(w, maps[i]);
	sj_cbor_put_bytes(w, proof);
	if (i > 0)
		put_padding(w);
	return true;
}

static bool plaintext_2_seed(size_t i, struct sj_writer *w)
{
	sj_edhoc_put_id(w, i == 0 ? SJ_SPAN_STR("\x05") : SJ_SPAN_STR("\x18"));
	return plaintext_3_seed(i, w);
}

static bool walk_plaintext(const struct sj_edhoc_plaintext *p)
{
	fuzz_touch(p->c_r);
	walk_id_cred(p->id_cred);
	fuzz_touch(p->proof);
	return walk_ead(p->ead);
}

static bool plaintext_2_run(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_2_parse(in, &p) && walk_plaintext(&p);
}

static bool plaintext_3_run(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_3_parse(in, &p) && walk_plaintext(&p);
}

static bool plaintext_2a_seed(size_t i, struct sj_writer *w)
{
	sj_edhoc_put_id(w, SJ_SPAN_STR("\x05"));
	if (i > 0)
		put_padding(w);
	return i < 2;
}

static bool plaintext_2a_run(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_2a_parse(in, &p) && walk_plaintext(&p);
}

static bool plaintext_3a_seed(size_t i, struct sj_writer *w)
{
	sj_edhoc_put_id(w, SJ_SPAN_STR("\0\x10"));
	sj_cbor_put_bytes(w, proof);
	return i == 0;
}

static bool plaintext_3a_run(struct sj_span in)
{
	struct sj_span id_cred, ciphertext;

	if (!sj_edhoc_plaintext_3a_parse(in, &id_cred, &ciphertext))
		return false;
	walk_id_cred(id_cred);
	fuzz_touch(ciphertext);
	return true;
}

static bool ead_seed(size_t i, struct sj_writer *w)
{
	put_padding(w);
	return i == 0;
}

static bool error_seed(size_t i, struct sj_writer *w)
{
	sj_edhoc_error_put(w, i == 0 ? SJ_EDHOC_UNSPECIFIED : SJ_EDHOC_WRONG_SUITE,
			   i == 1 ? SJ_SPAN_STR("\3") : SJ_SPAN_STR("\3\2"));
	return i < 3;
}

static bool error_run(struct sj_span in)
{
	struct sj_span info;
	int64_t code;

	if (!sj_edhoc_error_parse(in, &code, &info))
		return false;
	if (code == SJ_EDHOC_WRONG_SUITE)
		walk_suites(info);
	fuzz_touch(info);
	return true;
}

struct fuzz_room fuzz_edhoc(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "edhoc-message-1", message_1_seed, message_1_run },
		{ "edhoc-message-2", message_2_seed, message_2_run },
		{ "edhoc-plaintext-2", plaintext_2_seed, plaintext_2_run },
		{ "edhoc-plaintext-2a", plaintext_2a_seed, plaintext_2a_run },
		{ "edhoc-plaintext-3", plaintext_3_seed, plaintext_3_run },
		{ "edhoc-plaintext-3a", plaintext_3a_seed, plaintext_3a_run },
		{ "edhoc-ead", ead_seed, walk_ead },
		{ "edhoc-error", error_seed, error_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
