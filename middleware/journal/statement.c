/* statement.c -- what a terminal states about a verification, as bytes: EVIDENCE.md. */
#include <string.h>

#include "journal/evidence.h"

#define VERSION 1u
#define ANSWERED 1u
#define EID 2u
#define BY_CARD 4u

static void put_text(struct sj_writer *w, const char *text, size_t max)
{
	size_t n = strnlen(text, max - 1);

	sj_put_u8(w, (uint8_t)n);
	sj_put(w, sj_span((const uint8_t *)text, n));
}

static bool take_text(struct sj_span *in, char *out, size_t max)
{
	uint8_t n;

	if (!sj_take_u8(in, &n) || n >= max || !sj_take_copy(in, n, (uint8_t *)out))
		return false;
	out[n] = '\0';
	return memchr(out, '\0', n) == NULL;
}

static bool take_below(struct sj_span *in, unsigned limit, unsigned *out)
{
	uint8_t value;

	if (!sj_take_u8(in, &value) || value >= limit)
		return false;
	*out = value;
	return true;
}

static bool take_rc(struct sj_span *in, enum sj_rc *out)
{
	uint32_t value;

	if (!sj_take_be(in, 2, &value))
		return false;
	*out = (enum sj_rc)value;
	return true;
}

static bool take_time(struct sj_span *in, int64_t *out)
{
	uint64_t value;

	if (!sj_take_u64(in, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

/* --- what is signed --------------------------------------------------------------- */

static void put_verdict(struct sj_writer *w, const struct sj_evidence_info *i)
{
	sj_put_u8(w, (uint8_t)((i->answered ? ANSWERED : 0) | (i->eid ? EID : 0) |
			       (i->enforced_by == SJ_LIMIT_CARD ? BY_CARD : 0)));
	sj_put_be(w, 2, (uint32_t)i->reason);
	sj_put_u8(w, (uint8_t)i->verdict);
	sj_put_u8(w, (uint8_t)i->bound);
	sj_put_u8(w, (uint8_t)i->proof);
}

static bool take_verdict(struct sj_span *in, struct sj_evidence_info *i)
{
	unsigned flags, verdict, bound, proof;

	if (!take_below(in, 2 * BY_CARD, &flags) || !take_rc(in, &i->reason) ||
	    !take_below(in, SJ_VERDICT_NOT_GENUINE + 1, &verdict) ||
	    !take_below(in, SJ_VERDICT_NOT_GENUINE + 1, &bound) ||
	    !take_below(in, SJ_PROOF_AGREED + 1, &proof))
		return false;
	i->answered = (flags & ANSWERED) != 0;
	i->eid = (flags & EID) != 0;
	i->enforced_by = (flags & BY_CARD) != 0 ? SJ_LIMIT_CARD : SJ_LIMIT_TERMINAL;
	i->verdict = (enum sj_verdict)verdict;
	i->bound = (enum sj_verdict)bound;
	i->proof = (enum sj_proof_kind)proof;
	return true;
}

static void put_service(struct sj_writer *w, const struct sj_evidence_info *i)
{
	const uint32_t rights[] = { i->asked, i->granted, i->absent, i->kept };

	sj_put_u8(w, (uint8_t)i->service);
	sj_put_u8(w, (uint8_t)i->sector);
	put_text(w, i->name, sizeof(i->name));
	for (size_t k = 0; k < sizeof(rights) / sizeof(rights[0]); k++)
		sj_put_be(w, 4, rights[k]);
	for (size_t k = 0; k < SJ_ANSWER_CHECKS; k++) {
		sj_put_u8(w, (uint8_t)i->checks[k].state);
		sj_put_be(w, 2, (uint32_t)i->checks[k].reason);
	}
	sj_put_be(w, 4, i->status_epoch);
	sj_put_u64(w, (uint64_t)i->time);
	sj_put_u64(w, (uint64_t)i->due);
}

static bool take_service(struct sj_span *in, struct sj_evidence_info *i)
{
	unsigned state;

	if (!take_below(in, 256, &i->service) || !take_below(in, 256, &i->sector) ||
	    !take_text(in, i->name, sizeof(i->name)) || !sj_take_be(in, 4, &i->asked) ||
	    !sj_take_be(in, 4, &i->granted) || !sj_take_be(in, 4, &i->absent) ||
	    !sj_take_be(in, 4, &i->kept))
		return false;
	for (size_t k = 0; k < SJ_ANSWER_CHECKS; k++) {
		if (!take_below(in, SJ_CHECK_NOT_POSSIBLE + 1, &state) ||
		    !take_rc(in, &i->checks[k].reason))
			return false;
		i->checks[k].state = (enum sj_check_state)state;
	}
	return sj_take_be(in, 4, &i->status_epoch) && take_time(in, &i->time) &&
	       take_time(in, &i->due);
}

void sj_statement_put(struct sj_writer *w, const struct sj_statement *s)
{
	const struct sj_evidence_info *i = &s->info;

	sj_put_u8(w, VERSION);
	put_verdict(w, i);
	put_service(w, i);
	sj_put(w, SJ_SPAN_OF(s->salt));
	sj_put(w, SJ_SPAN_OF(i->challenge));
	for (size_t k = 0; k < SJ_SEALED_PARTS; k++)
		sj_put(w, SJ_SPAN_OF(s->commitments[k]));
	sj_put(w, SJ_SPAN_OF(i->operator_id));
	sj_put(w, SJ_SPAN_OF(s->journal));
	put_text(w, i->terminal, sizeof(i->terminal));
	sj_put(w, SJ_SPAN_OF(i->terminal_hash));
}

static bool take_signed(struct sj_span in, struct sj_statement *s)
{
	struct sj_evidence_info *i = &s->info;
	unsigned version;

	if (!take_below(&in, VERSION + 1, &version) || version != VERSION ||
	    !take_verdict(&in, i) || !take_service(&in, i) ||
	    !sj_take_copy(&in, sizeof(s->salt), s->salt) ||
	    !sj_take_copy(&in, sizeof(i->challenge), i->challenge))
		return false;
	for (size_t k = 0; k < SJ_SEALED_PARTS; k++)
		if (!sj_take_copy(&in, sizeof(s->commitments[k]), s->commitments[k]))
			return false;
	return sj_take_copy(&in, sizeof(i->operator_id), i->operator_id) &&
	       sj_take_copy(&in, sizeof(s->journal), s->journal) &&
	       take_text(&in, i->terminal, sizeof(i->terminal)) &&
	       sj_take_copy(&in, sizeof(i->terminal_hash), i->terminal_hash) && in.len == 0;
}

/* --- the content of a record ------------------------------------------------------------ */

void sj_statement_content_put(struct sj_writer *w, struct sj_span signed_bytes,
			      struct sj_span signature, const struct sj_span *certificates,
			      size_t n)
{
	sj_put_be(w, 2, (uint32_t)signed_bytes.len);
	sj_put(w, signed_bytes);
	sj_put_be(w, 2, (uint32_t)signature.len);
	sj_put(w, signature);
	for (size_t i = 0; i < n; i++)
		sj_put(w, certificates[i]);
}

bool sj_statement_take(struct sj_span content, struct sj_statement *out)
{
	uint32_t len;

	*out = (struct sj_statement){ .info = { .size = sizeof(out->info) } };
	if (!sj_take_be(&content, 2, &len) || !sj_take(&content, len, &out->signed_bytes) ||
	    !sj_take_be(&content, 2, &len) || !sj_take(&content, len, &out->signature) ||
	    !take_signed(out->signed_bytes, out))
		return false;
	out->certificates = content;
	/* Who has no certificate signs nothing, and the other way round. */
	return (out->signature.len != 0) == (out->info.terminal[0] != '\0') &&
	       (content.len != 0) == (out->info.terminal[0] != '\0');
}

void sj_statement_parts(struct sj_span signed_bytes, struct sj_span out[static SJ_STATEMENT_PARTS])
{
	out[0] = SJ_SPAN_STR("sojourn evidence statement");
	out[1] = signed_bytes;
}

bool sj_statement_challenge(const struct sj_statement *s, uint8_t out[static SJ_EVIDENCE_CHALLENGE])
{
	const struct sj_evidence_info *i = &s->info;
	uint8_t bytes[128], hash[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span parts[2] = { SJ_SPAN_STR("sojourn evidence challenge") };

	sj_put(&w, SJ_SPAN_OF(s->salt));
	sj_put_u8(&w, (uint8_t)i->service);
	sj_put_u8(&w, (uint8_t)i->sector);
	put_text(&w, i->name, sizeof(i->name));
	sj_put(&w, SJ_SPAN_OF(i->terminal_hash));
	sj_put_u64(&w, (uint64_t)i->time);
	sj_put_u8(&w, (uint8_t)i->bound);
	parts[1] = sj_written(&w);
	if (w.failed || !sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(out, hash, SJ_EVIDENCE_CHALLENGE);
	return true;
}
