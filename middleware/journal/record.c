#include <stdlib.h>
#include <string.h>

#include "crypt/aead.h"
#include "crypt/memory.h"
#include "crypt/wipe.h"
#include "journal/record.h"

#define VERSION 1u
#define SALT 16u
#define PERSONAL (SALT + 3u + 16u)
#define FLAG_DECIDED 1u
#define FLAG_RESUMED 2u
#define FLAG_STAPLE 4u
#define LINK (18u + 2u * SJ_JOURNAL_HASH) /* bytes of a body before its content */
#define SMALL_CONTENT 256u /* bytes of content that are enough for all kinds but the last */

static bool take_time(struct sj_span *in, int64_t *out)
{
	uint64_t value;

	if (!sj_take_u64(in, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

const char *sj_journal_kind_name(enum sj_journal_kind kind)
{
	static const char *const names[] = {
		[SJ_JOURNAL_START] = "start", [SJ_JOURNAL_STOP] = "stop",
		[SJ_JOURNAL_TAP] = "tap",     [SJ_JOURNAL_GAP] = "gap",
		[SJ_JOURNAL_FIRE] = "fire",   [SJ_JOURNAL_FIRE_END] = "fire-end",
		[SJ_JOURNAL_TRUST] = "trust", [SJ_JOURNAL_VERIFICATION] = "verification",
	};
	size_t i = (size_t)kind;

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

/* --- a tap -------------------------------------------------------------------- */

static void put_tap(struct sj_writer *w, const struct sj_journal_record *r)
{
	const struct sj_gate_verdict *v = &r->verdict;
	const uint32_t times[] = { r->times.select_us, r->times.card_us, r->times.gate_us,
				   r->times.decision_us, r->times.complete_us };
	size_t name = strnlen(r->reader, sizeof(r->reader) - 1);

	sj_put_u8(w, (uint8_t)((r->decided ? FLAG_DECIDED : 0) | (v->resumed ? FLAG_RESUMED : 0) |
			       (v->from_staple ? FLAG_STAPLE : 0)));
	sj_put_be(w, 2, (uint32_t)r->rc);
	sj_put_u8(w, (uint8_t)v->decision);
	for (size_t i = 0; i < SJ_GATE_REASONS; i++)
		sj_put_be(w, 2, (uint32_t)v->reasons[i]);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		sj_put_be(w, 4, times[i]);
	sj_put_u8(w, (uint8_t)(r->times.apdus < 255 ? r->times.apdus : 255));
	sj_put_u8(w, (uint8_t)name);
	sj_put(w, sj_span((const uint8_t *)r->reader, name));
}

static bool take_times(struct sj_span *in, struct sj_gate_times *out)
{
	uint8_t apdus;

	if (!sj_take_be(in, 4, &out->select_us) || !sj_take_be(in, 4, &out->card_us) ||
	    !sj_take_be(in, 4, &out->gate_us) || !sj_take_be(in, 4, &out->decision_us) ||
	    !sj_take_be(in, 4, &out->complete_us) || !sj_take_u8(in, &apdus))
		return false;
	out->apdus = apdus;
	return true;
}

static bool take_tap(struct sj_span *in, struct sj_journal_record *r)
{
	uint8_t flags, decision, name;
	uint32_t rc;

	if (!sj_take_u8(in, &flags) || !sj_take_be(in, 2, &rc) || !sj_take_u8(in, &decision) ||
	    decision > SJ_GATE_OPEN)
		return false;
	r->decided = (flags & FLAG_DECIDED) != 0;
	r->verdict.resumed = (flags & FLAG_RESUMED) != 0;
	r->verdict.from_staple = (flags & FLAG_STAPLE) != 0;
	r->rc = (enum sj_rc)rc;
	r->verdict.decision = (enum sj_gate_decision)decision;
	for (size_t i = 0; i < SJ_GATE_REASONS; i++) {
		if (!sj_take_be(in, 2, &rc))
			return false;
		r->verdict.reasons[i] = (enum sj_rc)rc;
	}
	if (!take_times(in, &r->times) || !sj_take_u8(in, &name) || name >= sizeof(r->reader) ||
	    !sj_take_copy(in, name, (uint8_t *)r->reader))
		return false;
	r->reader[name] = '\0';
	return true;
}

/* --- contents ------------------------------------------------------------------- */

static void put_content(struct sj_writer *w, const struct sj_journal_record *r)
{
	if (r->kind == SJ_JOURNAL_TAP) {
		put_tap(w, r);
	} else if (r->kind == SJ_JOURNAL_GAP) {
		sj_put_be(w, 4, r->lost);
		sj_put_u64(w, (uint64_t)r->since);
	} else if (r->kind == SJ_JOURNAL_TRUST) {
		sj_put_be(w, 2, (uint32_t)r->rc);
	} else if (r->kind == SJ_JOURNAL_VERIFICATION) {
		sj_put_u64(w, (uint64_t)r->due);
		sj_put(w, sj_span(r->content, r->content_len));
	}
}

static bool take_content(struct sj_span in, struct sj_journal_record *r)
{
	uint32_t rc;

	if (r->kind == SJ_JOURNAL_TAP) {
		if (!take_tap(&in, r))
			return false;
	} else if (r->kind == SJ_JOURNAL_GAP) {
		if (!sj_take_be(&in, 4, &r->lost) || !take_time(&in, &r->since))
			return false;
	} else if (r->kind == SJ_JOURNAL_TRUST) {
		if (!sj_take_be(&in, 2, &rc))
			return false;
		r->rc = (enum sj_rc)rc;
	} else if (r->kind == SJ_JOURNAL_VERIFICATION) {
		if (!take_time(&in, &r->due))
			return false;
		r->content = in.ptr;
		r->content_len = in.len;
		in.len = 0;
	}
	return in.len == 0;
}

/* --- personal data ------------------------------------------------------------- */

static bool has_personal(const struct sj_journal_record *r)
{
	return r->kind == SJ_JOURNAL_TAP && r->decided &&
	       (r->verdict.pseudonym_known || r->verdict.holder_class != 0 || r->verdict.ages != 0);
}

static bool commitment_of(struct sj_span plain, uint8_t out[static SJ_HASH_MAX])
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal personal"), plain };

	return sj_hash(SJ_SHA256, parts, 2, out);
}

/* The key seals this one text and no other, so the nonce may be zeros. */
static bool seal_personal(const struct sj_journal_record *r, struct sj_journal_built *built,
			  uint8_t commitment[static SJ_HASH_MAX])
{
	static const uint8_t nonce[12] = { 0 };
	const struct sj_random random = sj_random_system();
	struct sj_journal_row *row = &built->row;
	struct sj_writer sealed = SJ_WRITER_OF(built->personal);
	uint8_t plain[PERSONAL], salt[SALT];
	struct sj_writer w = SJ_WRITER_OF(plain);
	bool ok = sj_random_fill(&random, salt, sizeof(salt)) &&
		  sj_random_fill(&random, row->key, sizeof(row->key));

	sj_put(&w, SJ_SPAN_OF(salt));
	sj_put_u8(&w, (uint8_t)r->verdict.holder_class);
	sj_put_u8(&w, (uint8_t)r->verdict.ages);
	sj_put_u8(&w, r->verdict.pseudonym_known);
	sj_put(&w, SJ_SPAN_OF(r->verdict.pseudonym));
	ok = ok && !w.failed && commitment_of(sj_written(&w), commitment) &&
	     sj_aead_seal(SJ_AES_256_GCM, row->key, nonce, sj_span(NULL, 0), sj_written(&w),
			  &sealed);
	row->sealed = built->personal;
	row->sealed_len = ok ? sealed.len : 0;
	sj_wipe(plain, sizeof(plain));
	sj_wipe(salt, sizeof(salt));
	return ok;
}

static bool take_personal(struct sj_span in, struct sj_gate_verdict *v)
{
	struct sj_span salt;
	uint8_t class, ages, known;

	if (!sj_take(&in, SALT, &salt) || !sj_take_u8(&in, &class) || !sj_take_u8(&in, &ages) ||
	    !sj_take_u8(&in, &known) || !sj_take_copy(&in, sizeof(v->pseudonym), v->pseudonym))
		return false;
	v->holder_class = class;
	v->ages = ages;
	v->pseudonym_known = known != 0;
	return in.len == 0;
}

bool sj_journal_is_committed(struct sj_span commitment, struct sj_span plain)
{
	uint8_t hash[SJ_HASH_MAX];

	return commitment_of(plain, hash) && sj_span_eq(sj_span(hash, SJ_JOURNAL_HASH), commitment);
}

bool sj_journal_open_tap(const struct sj_journal_row *row, struct sj_writer *out)
{
	static const uint8_t nonce[12] = { 0 };

	return row->sealed_len != 0 &&
	       sj_aead_open(SJ_AES_256_GCM, row->key, nonce, sj_span(NULL, 0),
			    sj_span(row->sealed, row->sealed_len), out);
}

static bool open_personal(const struct sj_journal_row *row, struct sj_span commitment,
			  struct sj_gate_verdict *out)
{
	uint8_t plain[PERSONAL];
	struct sj_writer w = SJ_WRITER_OF(plain);
	bool ok = sj_journal_open_tap(row, &w) &&
		  sj_journal_is_committed(commitment, sj_written(&w)) &&
		  take_personal(sj_written(&w), out);

	sj_wipe(plain, sizeof(plain));
	return ok;
}

/* What is sealed to somebody else's key: the commitment is to it as it is, and to its own key. */
static bool commitment_sealed(const uint8_t key[static SJ_JOURNAL_KEY], struct sj_span sealed,
			      uint8_t out[static SJ_HASH_MAX])
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal sealed"),
					 sj_span(key, SJ_JOURNAL_KEY), sealed };

	return sj_hash(SJ_SHA256, parts, 3, out);
}

static bool put_sealed(const struct sj_journal_record *r, struct sj_journal_row *row,
		       uint8_t commitment[static SJ_HASH_MAX])
{
	if (r->sealed_len == 0)
		return r->due == 0;
	memcpy(row->key, r->key, sizeof(row->key));
	row->sealed = r->sealed;
	row->sealed_len = r->sealed_len;
	row->due = r->due;
	return r->sealed_len <= SJ_JOURNAL_SEALED_MAX &&
	       commitment_sealed(row->key, sj_span(row->sealed, row->sealed_len), commitment);
}

static bool take_sealed(const struct sj_journal_row *row, struct sj_span commitment,
			struct sj_journal_record *r)
{
	uint8_t hash[SJ_HASH_MAX];

	memcpy(r->key, row->key, sizeof(r->key));
	r->sealed = row->sealed;
	r->sealed_len = row->sealed_len;
	return row->due == r->due &&
	       commitment_sealed(row->key, sj_span(row->sealed, row->sealed_len), hash) &&
	       sj_span_eq(sj_span(hash, SJ_JOURNAL_HASH), commitment);
}

/* --- rows ------------------------------------------------------------------------ */

bool sj_journal_take_link(struct sj_span body, struct sj_journal_link *out)
{
	uint8_t version;

	if (!sj_take_u8(&body, &version) || version != VERSION || !sj_take_u8(&body, &out->kind) ||
	    sj_journal_kind_name((enum sj_journal_kind)out->kind) == NULL ||
	    !sj_take_u64(&body, &out->number) || !take_time(&body, &out->time) ||
	    !sj_take(&body, SJ_JOURNAL_HASH, &out->previous) ||
	    !sj_take(&body, SJ_JOURNAL_HASH, &out->commitment))
		return false;
	out->content = body;
	return true;
}

bool sj_journal_committed(const struct sj_journal_link *link)
{
	static const uint8_t zeros[SJ_JOURNAL_HASH] = { 0 };

	return !sj_span_eq(link->commitment, SJ_SPAN_OF(zeros));
}

static bool put_personal(const struct sj_journal_record *record, struct sj_journal_built *out,
			 uint8_t commitment[static SJ_HASH_MAX])
{
	if (record->kind == SJ_JOURNAL_VERIFICATION)
		return put_sealed(record, &out->row, commitment);
	return !has_personal(record) || seal_personal(record, out, commitment);
}

bool sj_journal_put_row(const struct sj_journal_record *record,
			const uint8_t previous[static SJ_JOURNAL_HASH],
			struct sj_journal_built *out)
{
	size_t cap = LINK + SMALL_CONTENT + record->content_len;
	uint8_t commitment[SJ_HASH_MAX] = { 0 };
	struct sj_writer w;

	*out = (struct sj_journal_built){ .row = { .number = record->number } };
	if (record->content_len > SJ_JOURNAL_BODY_MAX - LINK - SMALL_CONTENT)
		return false;
	out->body = malloc(cap);
	if (out->body == NULL)
		sj_memory_note();
	if (out->body == NULL || sj_journal_kind_name(record->kind) == NULL ||
	    !put_personal(record, out, commitment))
		return false;
	w = sj_writer(out->body, cap);
	sj_put_u8(&w, VERSION);
	sj_put_u8(&w, (uint8_t)record->kind);
	sj_put_u64(&w, record->number);
	sj_put_u64(&w, (uint64_t)record->time);
	sj_put(&w, sj_span(previous, SJ_JOURNAL_HASH));
	sj_put(&w, sj_span(commitment, SJ_JOURNAL_HASH));
	put_content(&w, record);
	out->row.body = out->body;
	out->row.body_len = w.len;
	return !w.failed;
}

void sj_journal_built_free(struct sj_journal_built *built)
{
	free(built->body);
	sj_wipe(built, sizeof(*built));
}

static bool take_personal_of(const struct sj_journal_row *row, struct sj_span commitment,
			     struct sj_journal_record *r)
{
	if (r->kind == SJ_JOURNAL_VERIFICATION)
		return take_sealed(row, commitment, r);
	return open_personal(row, commitment, &r->verdict);
}

enum sj_rc sj_journal_take_row(const struct sj_journal_row *row, struct sj_journal_record *out)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_link link;

	if (row->body_len > SJ_JOURNAL_BODY_MAX || row->sealed_len > SJ_JOURNAL_SEALED_MAX ||
	    !sj_journal_take_link(sj_span(row->body, row->body_len), &link))
		return SJ_JOURNAL_BROKEN;
	r.kind = (enum sj_journal_kind)link.kind;
	r.number = link.number;
	r.time = link.time;
	if (link.number != row->number || !take_content(link.content, &r))
		return SJ_JOURNAL_BROKEN;
	r.personal = row->sealed_len != 0;
	r.erased = sj_journal_committed(&link) && !r.personal;
	if (r.personal && !take_personal_of(row, link.commitment, &r))
		return SJ_JOURNAL_BROKEN;
	*out = r;
	return SJ_OK;
}

bool sj_journal_hash(const struct sj_journal_row *row, uint8_t out[static SJ_JOURNAL_HASH])
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal record"),
					 sj_span(row->body, row->body_len) };
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(out, hash, SJ_JOURNAL_HASH);
	return true;
}

bool sj_journal_origin(struct sj_span public_key, uint8_t out[static SJ_JOURNAL_HASH])
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal origin"), public_key };
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, 2, hash))
		return false;
	memcpy(out, hash, SJ_JOURNAL_HASH);
	return true;
}

/* --- heads ------------------------------------------------------------------------- */

static bool head_digest(struct sj_span bytes, uint8_t out[static SJ_HASH_MAX])
{
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn journal head"), bytes };

	return sj_hash(SJ_SHA256, parts, 2, out);
}

bool sj_journal_head_make(const struct sj_ec_secret *key, enum sj_journal_head_kind kind,
			  uint64_t number, int64_t time, const uint8_t hash[static SJ_JOURNAL_HASH],
			  struct sj_journal_head *out)
{
	uint8_t digest[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer w = SJ_WRITER_OF(out->bytes);
	size_t len = 0;

	out->number = number;
	sj_put_u8(&w, VERSION);
	sj_put_u8(&w, (uint8_t)kind);
	sj_put_u64(&w, number);
	sj_put_u64(&w, (uint64_t)time);
	sj_put(&w, sj_span(hash, SJ_JOURNAL_HASH));
	if (w.failed || !head_digest(sj_written(&w), digest) ||
	    !sj_ec_sign(SJ_P256, key, sj_span(digest, SJ_JOURNAL_HASH), signature, &len) ||
	    len != sizeof(out->signature))
		return false;
	memcpy(out->signature, signature, len);
	return true;
}

bool sj_journal_head_take(const struct sj_journal_head *head, const struct sj_ec_point *key,
			  struct sj_journal_head_view *out)
{
	struct sj_span in = SJ_SPAN_OF(head->bytes);
	uint8_t digest[SJ_HASH_MAX], version;

	return sj_take_u8(&in, &version) && version == VERSION && sj_take_u8(&in, &out->kind) &&
	       sj_take_u64(&in, &out->number) && out->number == head->number &&
	       take_time(&in, &out->time) && sj_take(&in, SJ_JOURNAL_HASH, &out->hash) &&
	       in.len == 0 && head_digest(SJ_SPAN_OF(head->bytes), digest) &&
	       sj_ec_verify(SJ_P256, key, sj_span(digest, SJ_JOURNAL_HASH),
			    SJ_SPAN_OF(head->signature));
}
