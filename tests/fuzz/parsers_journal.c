#include "tests/fuzz/parsers.h"

#include <stdlib.h>
#include <string.h>

#include "gate/tool.h"
#include "tests/fuzz/evidence_world.h"
#include "tests/fuzz/failures.h"

/* A row as it could lie in a store: the body alone; its number is the one it names. */
static bool row_seed(size_t i, struct sj_writer *out)
{
	static const enum sj_journal_kind kinds[] = { SJ_JOURNAL_TAP, SJ_JOURNAL_GAP,
						      SJ_JOURNAL_TRUST, SJ_JOURNAL_START };
	const uint8_t previous[SJ_JOURNAL_HASH] = { 1, 2, 3 };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_built built;
	bool ok;

	if (i >= sizeof(kinds) / sizeof(kinds[0]))
		return false;
	r.kind = kinds[i];
	r.number = 0x0102030405060708;
	strcpy(r.reader, "Gate 1 00 00");
	ok = sj_journal_put_row(&r, previous, &built);
	if (ok)
		sj_put(out, sj_span(built.row.body, built.row.body_len));
	sj_journal_built_free(&built);
	return ok && !out->failed;
}

static bool row_run(struct sj_span in)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_row row = { .number = 0x0102030405060708,
				      .body = in.ptr,
				      .body_len = in.len };

	if (sj_journal_take_row(&row, &r) != SJ_OK)
		return false;
	fuzz_touch(sj_span((const uint8_t *)r.reader, strlen(r.reader)));
	return true;
}

/* --- evidence ---------------------------------------------------------------------- */

/* With a terminal, and without. */
static bool statement_seed(size_t i, struct sj_writer *out)
{
	const uint8_t certificate[] = { 0x7F, 0x21, 2, 1, 2 };
	const struct sj_span certificates = SJ_SPAN_OF(certificate);
	struct sj_statement s = {
		.info = { .name = "hotel-check-in", .answered = true, .proof = SJ_PROOF_SIGNED }
	};
	uint8_t bytes[640];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	if (i == 0)
		strcpy(s.info.terminal, "UTHOTEL00001");
	sj_statement_put(&w, &s);
	sj_statement_content_put(out, sj_written(&w),
				 i == 0 ? SJ_SPAN_STR("signed") : sj_span(NULL, 0), &certificates,
				 i == 0 ? 1 : 0);
	return i < 2 && !out->failed;
}

static bool statement_run(struct sj_span in)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
	struct sj_journal_record r = { .kind = SJ_JOURNAL_VERIFICATION,
				       .content = in.ptr,
				       .content_len = in.len };
	struct sj_statement s;

	if (!sj_statement_take(in, &s))
		return false;
	fuzz_touch(s.certificates);
	fuzz_touch(s.signature);
	return s.info.due == 0 ? sj_evidence_read(&r, &info) == SJ_OK : true;
}

/* A salt, a datum, a portrait. */
static bool kept_seed(size_t i, struct sj_writer *out)
{
	sj_put_fill(out, 7, SJ_EVIDENCE_SALT);
	sj_put(out, SJ_SPAN_STR("\1\0\0\0\10\7surname\0\0\0\10ERIKSSON"));
	if (i == 1)
		sj_put(out, SJ_SPAN_STR("\2\0\0\1\0\12image/jpeg\0\0\0\3\377\330\377"));
	return i < 2 && !out->failed;
}

/* Something is proved, or it is not: a report says the same. */
static bool proves(struct sj_span in, const struct sj_evidence_trust *trust)
{
	struct sj_evidence_report *report = NULL;
	enum sj_evidence_strength strength;
	const bool ok = sj_evidence_verify(in.ptr, in.len, trust, &report) == SJ_OK;

	if (ok != (report != NULL && sj_evidence_report_strength(report, &strength)))
		abort();
	sj_evidence_report_free(report);
	return ok;
}

/* The one that is whole is proved; changed it is not, and mended it is again. Looked at once. */
static void check_world(const struct sj_evidence_trust *trust)
{
	static uint8_t bytes[FUZZ_SEED_MAX], again[2 * FUZZ_SEED_MAX];
	static bool done;
	struct sj_writer whole = SJ_WRITER_OF(bytes), mended = SJ_WRITER_OF(again);

	if (done || !fuzz_is_calm())
		return;
	done = true;
	if (!evidence_put_export(EVIDENCE_PROVED, &whole) || !proves(sj_written(&whole), trust))
		abort();
	bytes[EVIDENCE_SIGNED] ^= 1;
	if (proves(sj_written(&whole), trust) || !evidence_mend(sj_written(&whole), &mended) ||
	    !proves(sj_written(&mended), trust))
		abort();
}

/* Whatever it is, nothing is proved where nobody is believed. */
static bool export_run(struct sj_span in)
{
	static uint8_t bytes[2 * FUZZ_SEED_MAX];
	const struct sj_evidence_trust nobody = { .size = sizeof(nobody) };
	struct sj_evidence_trust trust = evidence_trust();
	struct sj_writer mended = SJ_WRITER_OF(bytes);
	struct sj_ec_point key;
	struct sj_export e;

	check_world(&trust);
	if (proves(in, &nobody))
		abort();
	if (evidence_mend(in, &mended) && sj_ec_multiply(SJ_P256, &evidence_journal, NULL, &key)) {
		(void)proves(sj_written(&mended), &trust);
		trust.journal_key = key.bytes;
		(void)proves(sj_written(&mended), &trust);
	}
	if (!sj_export_take(in, &e))
		return false;
	fuzz_touch(e.body);
	fuzz_touch(e.following);
	return true;
}

static bool proof_seed(size_t i, struct sj_writer *out)
{
	const uint8_t bytes[3][4] = { { 1, 2, 3, 4 } };
	const struct sj_proof proof = { .kind = SJ_PROOF_SIGNED,
					.challenge = bytes[0],
					.challenge_len = 4,
					.answer = bytes[0],
					.answer_len = 4,
					.groups = bytes[0],
					.groups_len = 2 };
	struct sj_bytes plain = { 0 };

	if (i != 0 || sj_proof_put(&proof, &plain) != SJ_OK)
		return false;
	sj_put(out, sj_span(plain.ptr, plain.len));
	sj_bytes_free(&plain);
	return !out->failed;
}

static bool proof_run(struct sj_span in)
{
	struct sj_proof p;

	if (!sj_proof_take(in, SJ_PROOF_SIGNED, &p))
		return false;
	fuzz_touch(sj_span(p.groups, p.groups_len));
	fuzz_touch(sj_span(p.key, p.key_len));
	return true;
}

static bool kept_run(struct sj_span in)
{
	struct sj_datum d = { .size = sizeof(d) };
	struct sj_bytes copy = { malloc(in.len + 1), in.len };
	struct sj_kept *kept = NULL;

	if (copy.ptr == NULL)
		return false;
	if (in.len != 0)
		memcpy(copy.ptr, in.ptr, in.len);
	if (sj_kept_of(&copy, &kept) != SJ_OK)
		return false;
	for (size_t i = 0; sj_kept_datum(kept, i, &d); i++)
		fuzz_touch(sj_span((const uint8_t *)d.value, strlen(d.value)));
	sj_kept_free(kept);
	return true;
}

/* Sealed to the key 1: a file that nobody could have made is refused. */
static bool sealed_seed(size_t i, struct sj_writer *out)
{
	uint8_t key[SJ_JOURNAL_KEY] = { [SJ_JOURNAL_KEY - 1] = 1 }, public_key[SJ_OPERATOR_PUBLIC];
	uint8_t random[SJ_JOURNAL_KEY], text[] = "data";
	struct sj_bytes parts[SJ_SEALED_PARTS] = { { 0 }, { text, sizeof(text) } }, sealed = { 0 };

	if (i != 0 || sj_journal_public(key, public_key) != SJ_OK ||
	    sj_seal(public_key, parts, random, &sealed) != SJ_OK)
		return false;
	sj_put(out, sj_span(sealed.ptr, sealed.len));
	sj_bytes_free(&sealed);
	return !out->failed;
}

static bool sealed_run(struct sj_span in)
{
	const uint8_t key[SJ_JOURNAL_KEY] = { [SJ_JOURNAL_KEY - 1] = 1 };
	struct sj_bytes parts[SJ_SEALED_PARTS];
	enum sj_rc rc = sj_unseal(key, key, in, parts);

	for (size_t i = 0; rc == SJ_OK && i < SJ_SEALED_PARTS; i++)
		sj_bytes_free(&parts[i]);
	return rc == SJ_OK || rc == SJ_INPUT_REFUSED;
}

/* A window of a gate's policy, as text. */
static bool window_seed(size_t i, struct sj_writer *out)
{
	static const char *const texts[] = { "Mon-Fri 06:00-22:00", "Sat-Mon,Wed 00:00-24:00" };

	if (i >= sizeof(texts) / sizeof(texts[0]))
		return false;
	sj_put(out, sj_span((const uint8_t *)texts[i], strlen(texts[i])));
	return !out->failed;
}

static bool window_run(struct sj_span in)
{
	struct sj_gate_window w;
	char text[256];

	if (in.len >= sizeof(text))
		return false;
	memcpy(text, in.ptr, in.len);
	text[in.len] = '\0';
	return gate_window_parse(text, &w) && w.days != 0 && w.from < w.to && w.to <= 1440;
}

struct fuzz_room fuzz_journal(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "journal", row_seed, row_run },
		{ "evidence-statement", statement_seed, statement_run },
		{ "evidence-export", evidence_put_export, export_run },
		{ "evidence-proof", proof_seed, proof_run },
		{ "evidence-kept", kept_seed, kept_run },
		{ "evidence-sealed", sealed_seed, sealed_run },
		{ "gate-window", window_seed, window_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
