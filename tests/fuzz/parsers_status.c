#include "tests/fuzz/failures.h"

#include <stdlib.h>
#include <string.h>

#include "tests/by_scalar.h"
#include "trust/manifest.h"
#include "trust/pseudonyms.h"
#include "trust/status_build.h"
#include "trust/status_delta.h"
#include "wire/hex.h"

#define SMALL 5000u /* indices a kind, in the lists of deltas */
#define INDICES_MAX (1u << 18) /* what a run goes through; larger lists are opened only */

/* --- a list: opened, asked, decoded ------------------------------------------------ */

/* `unit` sparse indices, as many dense ones, and as many empty ones after a small partition. */
static bool put_list(struct sj_writer *w, uint32_t unit, uint32_t seed,
		     struct sj_status_draft *draft, struct sj_span *body)
{
	uint32_t *revoked = calloc(2 * (size_t)unit + 1000, sizeof(*revoked));
	struct sj_status_revoked parts[] = { { 70, 900, revoked, 0 },
					     { 80, 3 * unit + 5, NULL, 0 } };
	size_t n = 0;
	bool ok;

	if (revoked == NULL)
		return false;
	parts[1].list = revoked + 1000;
	for (uint32_t i = 0; i < 900; i += 1 + i * seed % 7)
		revoked[parts[0].n++] = i;
	for (uint32_t i = 0; i < unit; i += 40 + (i * 7 + seed) % 90)
		revoked[1000 + n++] = i;
	for (uint32_t i = unit; i < 2 * unit; i++)
		if (i % 500 != seed)
			revoked[1000 + n++] = i;
	parts[1].n = n;
	ok = sj_status_build(parts, 2, draft, body) == SJ_OK;
	if (ok && w != NULL)
		sj_put(w, *body);
	free(revoked);
	return ok;
}

static bool list_seed(size_t i, struct sj_writer *w)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span body;
	bool ok = draft != NULL && i < 2 && put_list(w, SJ_STATUS_BLOCK, (uint32_t)i, draft, &body);

	if (ok)
		sj_status_draft_free(draft);
	free(draft);
	return ok;
}

static void walk_list(const struct sj_status_list *list, struct sj_status_bits *bits)
{
	for (uint32_t p = 0; p < list->parts.n; p++) {
		const struct sj_status_part *part = &list->parts.list[p];

		for (uint32_t i = 0; i < part->size; i += 1 + part->size / 300)
			(void)sj_status_list_query(list, part->partition, i);
		for (uint32_t b = 0; b < sj_status_blocks(part->size); b++)
			if (sj_status_list_read(list, part, b, bits))
				fuzz_touch(SJ_SPAN_OF(bits->bytes));
	}
}

static bool list_run(struct sj_span in)
{
	struct sj_status_list *list = malloc(sizeof(*list));
	struct sj_status_bits *bits = malloc(sizeof(*bits));
	bool ok = list != NULL && bits != NULL && sj_status_list_open(in, list);

	if (ok && list->parts.indices <= INDICES_MAX)
		walk_list(list, bits);
	free(bits);
	free(list);
	return ok;
}

/* --- a delta to a fixed list ---------------------------------------------------------- */

struct made {
	struct sj_status_draft draft;
	struct sj_status_list list;
};

static struct made *make_list(uint32_t unit, uint32_t seed)
{
	struct made *m = calloc(1, sizeof(*m));
	struct sj_span body;

	if (m == NULL || !put_list(NULL, unit, seed, &m->draft, &body) ||
	    !sj_status_list_open(body, &m->list))
		abort();
	return m;
}

/* Made once. */
static const struct sj_status_list *old_list(void)
{
	static struct made *old;

	if (old == NULL) {
		fuzz_calm_begin();
		old = make_list(SMALL, 0);
		fuzz_stays();
		fuzz_calm_end();
	}
	return &old->list;
}

/* To a list with other indices, to the same, to one that has grown by blocks. */
static bool delta_seed(size_t i, struct sj_writer *w)
{
	static const uint32_t units[] = { SMALL, SMALL, SJ_STATUS_BLOCK }, seeds[] = { 3, 0, 1 };
	uint8_t *delta = NULL;
	struct made *new;
	size_t len = 0;
	bool ok;

	if (i >= sizeof(units) / sizeof(units[0]))
		return false;
	new = make_list(units[i], seeds[i]);
	ok = sj_status_delta_make(old_list(), &new->list, &delta, &len) == SJ_OK;
	if (ok)
		sj_put(w, sj_span(delta, len));
	free(delta);
	sj_status_draft_free(&new->draft);
	free(new);
	return ok && !w->failed;
}

/* A table that names more than a run goes through is read, and not applied. */
static bool is_small(struct sj_span delta)
{
	struct sj_status_parts *parts = malloc(sizeof(*parts));
	bool small = parts != NULL && sj_status_parts_take(&delta, parts) &&
		     parts->indices <= INDICES_MAX;

	free(parts);
	return small;
}

static bool delta_run(struct sj_span in)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span body;
	bool ok = draft != NULL && is_small(in) &&
		  sj_status_delta_apply(old_list(), in, draft, &body) == SJ_OK;

	if (ok) {
		fuzz_touch(body);
		sj_status_draft_free(draft);
	}
	free(draft);
	return ok;
}

/* --- a file with its signed head -------------------------------------------------------- */

static bool file_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t body[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct sj_status_head head = {
		.issuer = "UTO", .epoch = 1, .not_before = 1790000000, .next_update = 1790086400
	};
	struct sj_ec_secret key = { .bytes = { 1 }, .len = 32 };
	uint8_t token[SJ_STATUS_HEAD_MAX];
	struct sj_writer t = SJ_WRITER_OF(token);
	struct sj_status_file file = { (enum sj_status_file_kind)i, { NULL, 0 }, SJ_SPAN_OF(body) };

	if (i > SJ_STATUS_FILE_DELTA || !sj_status_root(SJ_SPAN_OF(body), head.root) ||
	    !head_put_by(&t, &head, &key))
		return false;
	file.head = sj_written(&t);
	sj_status_file_put(w, &file);
	return true;
}

/* Nobody signed it, so what parses ends as refused. */
static bool file_run(struct sj_span in)
{
	struct sj_signers *nobody = calloc(1, sizeof(*nobody));
	struct sj_status_head head;
	struct sj_status_file file;
	bool ok = nobody != NULL && sj_status_file_read(in, &file) &&
		  sj_status_head_read(file.head, nobody, &head) == SJ_INPUT_REFUSED;

	if (ok)
		fuzz_touch(file.body);
	free(nobody);
	return ok;
}

/* --- revoked pseudonyms --------------------------------------------------------------------- */

static bool pseudonyms_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t entries[2 * SJ_PSEUDONYM_ENTRY] = { 1, 2, 3, 4, 5, 6, 7, 8, 2 };
	const struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR("UTO"),
						 .epoch = 1,
						 .not_before = 1790000000,
						 .next_update = 1790086400 };
	struct sj_ec_secret secret = { .bytes = { 1 }, .len = 32 };
	struct sj_key *key = sj_key_from_ec(SJ_P256, &secret);
	bool ok = i < 3 && key != NULL &&
		  sj_pseudonyms_put(w, &head, sj_span(entries, i * SJ_PSEUDONYM_ENTRY), key);

	sj_key_free(key);
	return ok;
}

/* Here, too, nobody signed it. */
static bool pseudonyms_run(struct sj_span in)
{
	struct sj_signers *nobody = calloc(1, sizeof(*nobody));
	struct sj_pseudonyms_head head;
	struct sj_span entries;
	bool ok = nobody != NULL &&
		  sj_pseudonyms_read(in, nobody, &head, &entries) == SJ_INPUT_REFUSED;

	free(nobody);
	return ok;
}

/* --- a signer's token -------------------------------------------------------------------- */

/* The token of the key that begins with this byte, signed by that with the other. */
static bool signer_put(struct sj_writer *w, uint8_t signer, uint8_t own, uint8_t by)
{
	const struct sj_ec_secret key = { .bytes = { own }, .len = 32 },
				  issuer = { .bytes = { by }, .len = 32 };
	struct sj_ec_point point;
	struct sj_cwt cwt = { .kind = SJ_CWT_SIGNER,
			      .issuer = SJ_SPAN_STR("UTO"),
			      .not_before = 1790000000,
			      .expires = 1790086400,
			      .signer = signer };

	if (!sj_ec_multiply(SJ_P256, &key, NULL, &point))
		return false;
	cwt.key_x = sj_span(point.bytes + 1, SJ_CWT_KEY);
	cwt.key_y = sj_span(point.bytes + 1 + SJ_CWT_KEY, SJ_CWT_KEY);
	return cwt_put_by(w, &cwt, &issuer);
}

static bool signer_seed(size_t i, struct sj_writer *w)
{
	return i == 0 && signer_put(w, SJ_CWT_GATE_CA, 1, 1);
}

static bool signer_run(struct sj_span in)
{
	struct sj_signers *signers = calloc(1, sizeof(*signers));
	bool ok = signers != NULL && sj_signers_add(signers, in);

	free(signers);
	return ok;
}

/* --- a Token Status List of somebody else --------------------------------------------------- */

static bool token_seed(size_t i, struct sj_writer *w)
{
	static const char list[] = "A2646269747301636C73744A78DADBB918000217015D";

	switch (i) {
	case 0:
		return sj_hex_read(list, strlen(list), w);
	case 1:
		return sj_hex_read("D28443A10126A0581AA119FFFD", 26, w) &&
		       sj_hex_read(list, strlen(list), w) && sj_hex_read("40", 2, w);
	case 2:
		sj_put(w, SJ_SPAN_STR("{\"ttl\": 1, \"status_list\": {\"bits\": 1, \"lst\": "
				      "\"eNrbuRgAAhcBXQ\"}}"));
		return true;
	default:
		return false;
	}
}

static bool token_run(struct sj_span in)
{
	uint8_t *bits;
	size_t len;

	if (sj_status_read_token(in.ptr, in.len, &bits, &len) != SJ_OK)
		return false;
	fuzz_touch(sj_span(bits, len));
	sj_status_free(bits);
	return true;
}

/* --- a bundle's manifest --------------------------------------------------------------- */

static bool manifest_seed(size_t i, struct sj_writer *w)
{
	static const struct sj_bundle_entry entries[] = {
		{ .kind = SJ_BUNDLED_CSCA, .bytes = 700 },
		{ .kind = SJ_BUNDLED_STATUS_LIST, .bytes = 70000 },
		{ .kind = SJ_BUNDLED_STATUS_DELTA, .bytes = 300 },
	};
	uint8_t bytes[2][SJ_CWT_MAX];
	struct sj_writer first = SJ_WRITER_OF(bytes[0]), second = SJ_WRITER_OF(bytes[1]);
	const bool signs = signer_put(&first, SJ_CWT_BUNDLE_SIGNER, 1, 1) &&
			   signer_put(&second, SJ_CWT_BUNDLE_SIGNER, 2, 1);
	const struct sj_span signers[] = { sj_written(&first), sj_written(&second) };
	const struct sj_ec_secret secret = { .bytes = { (uint8_t)(1 + i) }, .len = 32 };
	const struct sj_bundle_plan plan = { .issuer = "UTO",
					     .version = 7,
					     .created = 1790000000,
					     .expires = 1790100000,
					     .signers = signers,
					     .signer_count = 1 + i,
					     .entries = entries,
					     .count = 1 + 2 * i };
	struct sj_key *key = signs && i < 2 ? sj_key_from_ec(SJ_P256, &secret) : NULL;
	bool ok = key != NULL && sj_bundle_put(w, &plan, key);

	sj_key_free(key);
	return ok;
}

static bool manifest_run(struct sj_span in)
{
	struct sj_bundle_signer anchor, signer;
	struct sj_bundle_entry entry;
	struct sj_manifest manifest;
	struct sj_span entries, token;

	if (!sj_manifest_parse(in, &manifest))
		return false;
	entries = manifest.entries;
	for (size_t i = 0; i < manifest.count; i++)
		if (!sj_manifest_next(&entries, &entry))
			abort();
	if (sj_cbor_take_bytes(&manifest.signers, &token) &&
	    sj_bundle_signer_read(token, &anchor) &&
	    sj_manifest_verify(&manifest, &anchor, &signer))
		fuzz_touch(signer.cwt.issuer);
	fuzz_touch(manifest.cose.signature);
	return true;
}

/* --- what stands inside of signatures that nobody checks: which (1), payload --------------------- */

#define WRAPPERS 4u

static bool head_run(struct sj_span in)
{
	static const struct sj_signers nobody;
	struct sj_status_head head;

	return sj_status_head_read(in, &nobody, &head) == SJ_INPUT_REFUSED;
}

static bool (*const unwrap[WRAPPERS])(struct sj_span) = { manifest_run, signer_run, pseudonyms_run,
							  head_run };

static bool payload_seed(size_t i, struct sj_writer *w)
{
	static bool (*const seeds[WRAPPERS])(size_t,
					     struct sj_writer *) = { manifest_seed, signer_seed,
								     pseudonyms_seed, file_seed };
	static uint8_t bytes[FUZZ_SEED_MAX];
	struct sj_writer whole = SJ_WRITER_OF(bytes);
	struct sj_status_file file;
	struct sj_span in;
	struct sj_cose cose;

	if (i >= 2 * WRAPPERS)
		return false;
	if (!seeds[i % WRAPPERS](i / WRAPPERS, &whole)) {
		whole.len = 0;
		if (!seeds[i % WRAPPERS](0, &whole))
			return false;
	}
	in = sj_written(&whole);
	if (i % WRAPPERS == 3 && sj_status_file_read(in, &file))
		in = file.head;
	sj_put_u8(w, (uint8_t)(i % WRAPPERS));
	if (sj_cose_parse(in, &cose))
		sj_put(w, cose.payload);
	return !w->failed;
}

static bool payload_run(struct sj_span in)
{
	static const uint8_t signature[SJ_COSE_SIGNATURE] = { 1 };
	static uint8_t bytes[FUZZ_SEED_MAX + 1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cwt cwt;
	uint8_t which;

	if (!sj_take_u8(&in, &which))
		return false;
	sj_put(&w, SJ_SPAN_STR("\x84\x43\xA1\x01\x26\xA0"));
	sj_cbor_put_bytes(&w, in);
	sj_cbor_put_bytes(&w, SJ_SPAN_OF(signature));
	if (w.failed)
		return false;
	if (sj_cwt_parse(sj_written(&w), &cwt))
		fuzz_touch(cwt.issuer);
	(void)unwrap[which % WRAPPERS](sj_written(&w));
	return true;
}

static const struct fuzz_parser parsers[] = {
	{ "status-list", list_seed, list_run },
	{ "status-delta", delta_seed, delta_run },
	{ "status-file", file_seed, file_run },
	{ "pseudonyms", pseudonyms_seed, pseudonyms_run },
	{ "status-token", token_seed, token_run },
	{ "gate-signer", signer_seed, signer_run },
	{ "bundle-manifest", manifest_seed, manifest_run },
	{ "signed-payload", payload_seed, payload_run },
};

struct fuzz_room fuzz_status(void)
{
	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
