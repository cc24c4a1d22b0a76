#include "tests/fuzz/evidence_world.h"

#include <stdlib.h>
#include <string.h>

#include "secure/aa.h"
#include "secure/cvc.h"
#include "secure/cvc_service.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/sod.h"
#include "wire/lds.h"
#include "wire/std/icao9303.h"

#define FROM INT64_C(1767225600) /* certificates; seconds since 1970 UTC */
#define DAY 86400
#define TERMINAL "UTHOTEL00001"

const struct sj_ec_secret evidence_journal = { { 1 }, 32 };

static const struct sj_ec_secret secrets[] = {
	{ { 2 }, 32 }, { { 3 }, 32 }, { { 4 }, 32 }, { { 5 }, 32 }, { { 6 }, 32 }
};

enum who { CVCA, NEXT_CVCA, DV, HOTEL, CHIP };

/* CVCA to HOTEL: card verifiable certificates, each by the one before; that of NEXT_CVCA is a link. */
struct world {
	uint8_t certificates[HOTEL + 1][SJ_CVC_MAX];
	size_t lens[HOTEL + 1];
	uint8_t sod[SJ_SOD_MAX], dg15[256], *spki;
	size_t sod_len, dg15_len, spki_len;
};

/* --- the terminal -------------------------------------------------------------------------------- */

static void certify(struct world *w, enum who who, enum who by, const char *name,
		    const char *issuer, enum sj_cvc_role role)
{
	const struct sj_cvc_service service = { 6, 26, 0x01020304 };
	struct sj_key *key = sj_key_from_ec(SJ_P256, &secrets[who]);
	struct sj_key *signer = sj_key_from_ec(SJ_P256, &secrets[by]);
	struct sj_writer out = SJ_WRITER_OF(w->certificates[who]);
	struct sj_cvc plan = { .from = FROM, .until = FROM + INT64_C(364) * DAY };
	uint8_t extensions[100];
	struct sj_writer x = SJ_WRITER_OF(extensions);
	struct sj_ec_point point;

	plan.authority = sj_span((const uint8_t *)issuer, strlen(issuer));
	plan.holder = sj_span((const uint8_t *)name, strlen(name));
	plan.rights = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, role);
	if (who == HOTEL)
		sj_cvc_service_put(&x, &service);
	plan.extensions = sj_written(&x);
	if (key == NULL || signer == NULL || !sj_cvc_key_of(key, &point, &plan.key) ||
	    !sj_cvc_put(&out, &plan, signer))
		abort();
	w->lens[who] = out.len;
	sj_key_free(key);
	sj_key_free(signer);
}

static struct sj_span certificate(const struct world *w, enum who who)
{
	return sj_span(w->certificates[who], w->lens[who]);
}

static bool sign(enum who who, const struct sj_span *parts, size_t n,
		 uint8_t out[static SJ_EC_SIGNATURE_MAX], size_t *len)
{
	uint8_t digest[SJ_HASH_MAX];

	return sj_hash(SJ_SHA256, parts, n, digest) &&
	       sj_ec_sign(SJ_P256, &secrets[who], sj_span(digest, 32), out, len);
}

/* --- the document ---------------------------------------------------------------------------------- */

static void make_document(struct world *w)
{
	struct sj_writer dg15 = SJ_WRITER_OF(w->dg15), sod = SJ_WRITER_OF(w->sod);
	struct sj_sod_plan plan = { .version = 0 };
	struct sj_ec_point chip;
	const size_t at = sj_tlv_open(&dg15);

	if (!sj_ec_multiply(SJ_P256, &secrets[CHIP], NULL, &chip) ||
	    !sj_ec_spki_put(&dg15, SJ_P256, &chip, false))
		abort();
	w->spki_len = dg15.len - at;
	sj_tlv_close(&dg15, SJ_TAG_DG15, at);
	w->spki = w->dg15 + dg15.len - w->spki_len;
	w->dg15_len = dg15.len;
	plan.groups[15] = sj_written(&dg15);
	if (!fuzz_put_sod(&sod, &plan))
		abort();
	w->sod_len = sod.len;
}

/* Made once. */
static const struct world *world(void)
{
	static struct world *w;

	if (w != NULL)
		return w;
	fuzz_calm_begin();
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		abort();
	certify(w, CVCA, CVCA, "UTCVCA00001", "UTCVCA00001", SJ_CVC_CVCA);
	certify(w, NEXT_CVCA, CVCA, "UTCVCA00002", "UTCVCA00001", SJ_CVC_CVCA);
	certify(w, DV, NEXT_CVCA, "UTDV00001", "UTCVCA00002", SJ_CVC_DV_DOMESTIC);
	certify(w, HOTEL, DV, TERMINAL, "UTDV00001", SJ_CVC_TERMINAL);
	make_document(w);
	fuzz_calm_end();
	return w;
}

struct sj_evidence_trust evidence_trust(void)
{
	const struct world *w = world();

	return (struct sj_evidence_trust){ .size = sizeof(struct sj_evidence_trust),
					   .cvca = w->certificates[CVCA],
					   .cvca_len = w->lens[CVCA],
					   .now = FROM + DAY };
}

/* --- records ------------------------------------------------------------------------------------------ */

struct plan {
	enum sj_journal_kind kind;
	enum {
		NO_TERMINAL,
		UNREADABLE,
		CERTIFIED,
		LINKED
	} terminal; /* only with the link it is believed */
	bool data, proof, tap;
};

static bool put_proof(const struct world *w, struct sj_statement *s, struct sj_bytes *out)
{
	uint8_t answer[SJ_EC_SIGNATURE_MAX];
	struct sj_proof p = { .kind = SJ_PROOF_SIGNED,
			      .challenge = s->info.challenge,
			      .challenge_len = sizeof(s->info.challenge),
			      .answer = answer,
			      .key = w->spki,
			      .key_len = w->spki_len,
			      .statement = w->sod,
			      .statement_len = w->sod_len,
			      .groups = w->dg15,
			      .groups_len = w->dg15_len };
	struct sj_span challenge;

	s->info.proof = SJ_PROOF_SIGNED;
	if (!sj_statement_challenge(s, s->info.challenge))
		return false;
	challenge = SJ_SPAN_OF(s->info.challenge);
	return sign(CHIP, &challenge, 1, answer, &p.answer_len) && sj_proof_put(&p, out) == SJ_OK;
}

static bool put_content(const struct world *w, const struct plan *plan, struct sj_statement *s,
			struct sj_writer *out)
{
	static const uint8_t unreadable[] = { 0x7F, 0x21, 2, 1, 2 };
	struct sj_span certificates[] = { certificate(w, HOTEL), certificate(w, DV),
					  certificate(w, NEXT_CVCA) };
	size_t n = plan->terminal == LINKED ? 3 : plan->terminal == CERTIFIED ? 2 : 1;
	uint8_t bytes[640], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_span parts[SJ_STATEMENT_PARTS];
	struct sj_writer text = SJ_WRITER_OF(bytes);
	size_t len = 0;

	if (plan->terminal == UNREADABLE)
		certificates[0] = SJ_SPAN_OF(unreadable);
	sj_statement_put(&text, s);
	sj_statement_parts(sj_written(&text), parts);
	if (plan->terminal == NO_TERMINAL)
		n = 0;
	else if (!sign(HOTEL, parts, SJ_STATEMENT_PARTS, signature, &len))
		return false;
	sj_statement_content_put(out, sj_written(&text), sj_span(signature, len), certificates, n);
	return !text.failed && !out->failed;
}

static bool put_verification(const struct plan *plan, struct sj_export *e, struct sj_bytes *proof,
			     struct sj_writer *out)
{
	const struct world *w = world();
	const struct sj_span hotel = certificate(w, HOTEL);
	struct sj_statement s = { .info = { .name = "hotel-check-in",
					    .answered = true,
					    .service = 26,
					    .sector = 6,
					    .time = FROM + DAY } };
	uint8_t hash[SJ_HASH_MAX];

	if (plan->terminal != NO_TERMINAL) {
		strcpy(s.info.terminal, TERMINAL);
		if (!sj_hash(SJ_SHA256, &hotel, 1, hash))
			return false;
		memcpy(s.info.terminal_hash, hash, sizeof(s.info.terminal_hash));
	}
	if (plan->proof && !put_proof(w, &s, proof))
		return false;
	e->parts[SJ_SEALED_PROOF] = sj_span(proof->ptr, proof->len);
	for (size_t i = 0; i < SJ_SEALED_PARTS; i++)
		if (e->parts[i].len != 0 &&
		    !sj_sealed_commit((enum sj_sealed_part)i, e->parts[i], s.commitments[i]))
			return false;
	return sj_journal_origin(e->public_key, s.journal) && put_content(w, plan, &s, out);
}

/* The record, and one that follows on it. */
static bool put_rows(const struct sj_journal_record *r, struct sj_export *e, struct sj_writer *out)
{
	static const uint8_t before[SJ_JOURNAL_HASH] = { 1 };
	const struct sj_journal_record next = { .kind = SJ_JOURNAL_FIRE, .number = r->number + 1 };
	struct sj_journal_built first = { .body = NULL }, second = { .body = NULL };
	uint8_t hash[SJ_JOURNAL_HASH], bytes[512];
	struct sj_writer following = SJ_WRITER_OF(bytes);
	bool ok = sj_journal_put_row(r, before, &first) && sj_journal_hash(&first.row, hash) &&
		  sj_journal_put_row(&next, hash, &second) && sj_journal_hash(&second.row, hash) &&
		  sj_journal_head_make(&evidence_journal, SJ_JOURNAL_HEAD_AT, next.number, 0, hash,
				       &e->head);
	uint8_t tap[64];
	struct sj_writer opened = SJ_WRITER_OF(tap);

	if (ok) {
		e->number = r->number;
		e->body = sj_span(first.row.body, first.row.body_len);
		sj_put_be(&following, 4, (uint32_t)second.row.body_len);
		sj_put(&following, sj_span(second.row.body, second.row.body_len));
		e->following = sj_written(&following);
		if (sj_journal_open_tap(&first.row, &opened))
			e->tap = sj_written(&opened);
		sj_export_put(out, e);
	}
	sj_journal_built_free(&first);
	sj_journal_built_free(&second);
	return ok && !following.failed && !out->failed;
}

bool evidence_put_export(size_t i, struct sj_writer *out)
{
	static const struct plan plans[] = {
		{ .kind = SJ_JOURNAL_FIRE },
		{ .kind = SJ_JOURNAL_TAP },
		{ .kind = SJ_JOURNAL_TAP, .tap = true },
		{ .kind = SJ_JOURNAL_VERIFICATION, .data = true },
		{ .kind = SJ_JOURNAL_VERIFICATION, .terminal = UNREADABLE },
		{ .kind = SJ_JOURNAL_VERIFICATION, .terminal = CERTIFIED },
		{ .kind = SJ_JOURNAL_VERIFICATION,
		  .terminal = LINKED,
		  .proof = true,
		  .data = true },
	};
	static const uint8_t data[SJ_EVIDENCE_SALT + 20] = "a salt of 16 by.\1\0\0\0\10\7surname"
							   "\0\0\0\3LEE";
	static uint8_t content[4096];
	struct sj_writer w = SJ_WRITER_OF(content);
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_bytes proof = { 0 };
	struct sj_export e = { .number = 0 };
	struct sj_ec_point key;
	bool ok;

	if (i >= sizeof(plans) / sizeof(plans[0]) ||
	    !sj_ec_multiply(SJ_P256, &evidence_journal, NULL, &key))
		return false;
	e.public_key = sj_ec_point_span(&key);
	r.kind = plans[i].kind;
	r.number = 1;
	r.decided = r.verdict.pseudonym_known = plans[i].tap;
	if (plans[i].data)
		e.parts[SJ_SEALED_DATA] = SJ_SPAN_OF(data);
	ok = r.kind != SJ_JOURNAL_VERIFICATION || put_verification(&plans[i], &e, &proof, &w);
	if (r.kind == SJ_JOURNAL_VERIFICATION) {
		r.content = content;
		r.content_len = w.len;
	}
	ok = ok && put_rows(&r, &e, out);
	sj_bytes_free(&proof);
	return ok;
}

/* --- mending -------------------------------------------------------------------------------------------- */

/* The bytes of a span into what is ours. */
static uint8_t *own(struct sj_span s)
{
	return (uint8_t *)(uintptr_t)s.ptr;
}

/* What the statement commits to, from its end: sj_statement_put(). */
static bool mend_statement(const struct sj_export *e, struct sj_span content)
{
	struct sj_span parts[SJ_STATEMENT_PARTS];
	uint8_t *at, signature[SJ_EC_SIGNATURE_MAX];
	struct sj_statement s;
	size_t len;

	if (content.len < 8 || !sj_statement_take(sj_span(content.ptr + 8, content.len - 8), &s))
		return true; /* proved as it is */
	at = own(s.signed_bytes) + s.signed_bytes.len - sizeof(s.info.terminal_hash) -
	     strlen(s.info.terminal) - 1 - sizeof(s.journal);
	if (!sj_journal_origin(e->public_key, at))
		return false;
	at -= sizeof(s.info.operator_id) + sizeof(s.commitments);
	for (size_t i = 0; i < SJ_SEALED_PARTS; i++, at += SJ_JOURNAL_HASH)
		if (e->parts[i].len != 0 &&
		    !sj_sealed_commit((enum sj_sealed_part)i, e->parts[i], at))
			return false;
	if (s.signature.len != 64)
		return true;
	sj_statement_parts(s.signed_bytes, parts);
	if (!sign(HOTEL, parts, SJ_STATEMENT_PARTS, signature, &len))
		return false;
	memcpy(own(s.signature), signature, len);
	return true;
}

static bool mend_tap(const struct sj_journal_link *link, struct sj_span tap)
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal personal"), tap };
	uint8_t hash[SJ_HASH_MAX];

	if (tap.len == 0)
		return true;
	if (!sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(own(link->commitment), hash, SJ_JOURNAL_HASH);
	return true;
}

static bool mend_chain(struct sj_export *e, uint64_t number)
{
	struct sj_journal_row row = { .body = e->body.ptr, .body_len = e->body.len };
	struct sj_span rest = e->following, body;
	struct sj_journal_link link;
	uint8_t hash[SJ_JOURNAL_HASH];

	if (!sj_journal_hash(&row, hash))
		return false;
	while (sj_export_body(&rest, &body) && sj_journal_take_link(body, &link)) {
		memcpy(own(link.previous), hash, sizeof(hash));
		row.body = body.ptr;
		row.body_len = body.len;
		number = link.number;
		if (!sj_journal_hash(&row, hash))
			return false;
	}
	return sj_journal_head_make(&evidence_journal, SJ_JOURNAL_HEAD_AT, number, 0, hash,
				    &e->head);
}

bool evidence_mend(struct sj_span in, struct sj_writer *out)
{
	static uint8_t bytes[2 * FUZZ_SEED_MAX];
	struct sj_writer copy = SJ_WRITER_OF(bytes);
	struct sj_journal_link link;
	struct sj_ec_point key;
	struct sj_export e;

	sj_put(&copy, in);
	if (copy.failed || !sj_export_take(sj_written(&copy), &e) ||
	    !sj_journal_take_link(e.body, &link) ||
	    !sj_ec_multiply(SJ_P256, &evidence_journal, NULL, &key))
		return false;
	e.public_key = sj_ec_point_span(&key);
	if (!mend_statement(&e, link.content) || !mend_tap(&link, e.tap) ||
	    !mend_chain(&e, link.number))
		return false;
	sj_export_put(out, &e);
	return !out->failed;
}
