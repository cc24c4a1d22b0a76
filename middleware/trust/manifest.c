/* manifest.c -- a bundle's manifest: read, verified, made. */
#include "trust/manifest.h"

#include <stdlib.h>
#include <string.h>

#include <sojourn/bundle.h>

#include "trust/pseudonyms.h"
#include "trust/status_list.h"
#include "trust/store.h"

/* Keys of the payload. */
enum { FORMAT = 1, ISSUER, VERSION, CREATED, EXPIRES, SIGNERS, ENTRIES, KEYS = ENTRIES };
#define FORMAT_1 1

#define LIST_MAX (64u << 20) /* bytes of a master list */
#define STATUS_MAX (SJ_STATUS_BODY_MAX + 1024u) /* of a status list's file, or a delta's */
#define FILE_HASH 32u

static uint32_t bytes_max(enum sj_bundle_kind kind)
{
	static const uint32_t max[SJ_BUNDLED_KINDS + 1] = {
		[SJ_BUNDLED_CSCA] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_MASTER_LIST] = LIST_MAX,
		[SJ_BUNDLED_LINK] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_KEY_CA] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_CRL] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_GATE_TOKEN] = SJ_CWT_MAX,
		[SJ_BUNDLED_STATUS_LIST] = STATUS_MAX,
		[SJ_BUNDLED_STATUS_DELTA] = STATUS_MAX,
		[SJ_BUNDLED_CV_LINK] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_SERVICES] = SJ_TRUST_FILE_MAX,
		[SJ_BUNDLED_PSEUDONYMS] = SJ_PSEUDONYMS_MAX,
	};

	return max[kind];
}

/* --- reading ------------------------------------------------------------------------- */

/* [ kind, bytes, hash, ? from ] */
static bool take_entry(struct sj_span *in, struct sj_bundle_entry *out)
{
	struct sj_span hash, from;
	int64_t kind, bytes;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (!sj_cbor_take_array(in, &n) || !sj_cbor_take_int(in, &kind) || kind < 1 ||
	    kind > (int64_t)SJ_BUNDLED_KINDS || n != (kind == SJ_BUNDLED_STATUS_DELTA ? 4 : 3) ||
	    !sj_cbor_take_int(in, &bytes) || bytes < 1 ||
	    bytes > bytes_max((enum sj_bundle_kind)kind) || !sj_cbor_take_bytes(in, &hash) ||
	    hash.len != FILE_HASH)
		return false;
	out->kind = (enum sj_bundle_kind)kind;
	out->bytes = (uint32_t)bytes;
	memcpy(out->hash, hash.ptr, FILE_HASH);
	if (n == 3)
		return true;
	if (!sj_cbor_take_bytes(in, &from) || from.len != FILE_HASH)
		return false;
	memcpy(out->from, from.ptr, FILE_HASH);
	return true;
}

bool sj_manifest_next(struct sj_span *entries, struct sj_bundle_entry *out)
{
	return take_entry(entries, out);
}

/* Kinds ascend, and there is one status list and one registry at most. */
static bool follows(enum sj_bundle_kind kind, enum sj_bundle_kind last)
{
	if (kind == SJ_BUNDLED_STATUS_LIST || kind == SJ_BUNDLED_SERVICES)
		return kind > last;
	return kind >= last;
}

static bool take_entries(struct sj_span *in, struct sj_manifest *out)
{
	enum sj_bundle_kind last = SJ_BUNDLED_CSCA;
	struct sj_bundle_entry entry;

	if (!sj_cbor_take_array(in, &out->count) || out->count == 0)
		return false;
	out->entries = *in;
	for (size_t i = 0; i < out->count; i++) {
		if (!take_entry(in, &entry) || !follows(entry.kind, last))
			return false;
		last = entry.kind;
		if (entry.kind != SJ_BUNDLED_STATUS_DELTA)
			out->bytes += entry.bytes;
	}
	out->entries.len -= in->len;
	return true;
}

static bool take_signers(struct sj_span *in, struct sj_manifest *out)
{
	struct sj_span token;

	if (!sj_cbor_take_array(in, &out->signer_count) || out->signer_count == 0 ||
	    out->signer_count > SJ_BUNDLE_SIGNERS_MAX)
		return false;
	out->signers = *in;
	for (size_t i = 0; i < out->signer_count; i++)
		if (!sj_cbor_take_bytes(in, &token) || token.len > SJ_CWT_MAX)
			return false;
	out->signers.len -= in->len;
	return true;
}

static bool take_key(struct sj_span *in, int64_t wanted)
{
	int64_t key;

	return sj_cbor_take_int(in, &key) && key == wanted;
}

static bool take_number(struct sj_span *in, int64_t key, uint32_t *out)
{
	int64_t value;

	if (!take_key(in, key) || !sj_cbor_take_int(in, &value) || value < 1 ||
	    value > (int64_t)UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool take_issuer(struct sj_span *in, struct sj_manifest *out)
{
	struct sj_span name;

	if (!take_key(in, ISSUER) || !sj_cbor_take_text(in, &name) || name.len == 0 ||
	    name.len > SJ_CWT_ISSUER_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7F)
			return false;
	memcpy(out->issuer, name.ptr, name.len);
	return true;
}

bool sj_manifest_parse(struct sj_span in, struct sj_manifest *out)
{
	struct sj_cbor_map map;
	struct sj_span *pairs = &map.pairs, payload;
	uint32_t format;

	memset(out, 0, sizeof(*out));
	if (in.len > SJ_BUNDLE_MANIFEST_MAX || !sj_cose_parse(in, &out->cose))
		return false;
	payload = out->cose.payload;
	return sj_cbor_take_map(&payload, &map) && payload.len == 0 &&
	       take_number(pairs, FORMAT, &format) && format == FORMAT_1 &&
	       take_issuer(pairs, out) && take_number(pairs, VERSION, &out->version) &&
	       take_number(pairs, CREATED, &out->created) &&
	       take_number(pairs, EXPIRES, &out->expires) && out->expires > out->created &&
	       take_key(pairs, SIGNERS) && take_signers(pairs, out) && take_key(pairs, ENTRIES) &&
	       take_entries(pairs, out) && pairs->len == 0;
}

/* --- verifying ----------------------------------------------------------------------- */

bool sj_bundle_signer_read(struct sj_span token, struct sj_bundle_signer *out)
{
	if (token.len > sizeof(out->token))
		return false;
	memcpy(out->token, token.ptr, token.len);
	out->len = token.len;
	return sj_cwt_parse(sj_span(out->token, out->len), &out->cwt) &&
	       out->cwt.kind == SJ_CWT_SIGNER && out->cwt.signer == SJ_CWT_BUNDLE_SIGNER &&
	       sj_cwt_signer_key(&out->cwt, &out->key);
}

static bool holds_at(const struct sj_bundle_signer *signer, uint32_t when)
{
	return signer->cwt.not_before <= when && when <= signer->cwt.expires;
}

static bool vouches(const struct sj_bundle_signer *signer, const struct sj_bundle_signer *next)
{
	return sj_span_eq(signer->cwt.issuer, next->cwt.issuer) &&
	       holds_at(signer, next->cwt.not_before) && sj_cwt_verify(&next->cwt, &signer->key);
}

/* The same key: the anchor's own token, or a link to it from the one before. */
static bool same_key(const struct sj_bundle_signer *a, const struct sj_bundle_signer *b)
{
	return sj_span_eq(a->cwt.issuer, b->cwt.issuer) &&
	       sj_span_eq(sj_ec_point_span(&a->key), sj_ec_point_span(&b->key));
}

bool sj_manifest_verify(const struct sj_manifest *manifest, const struct sj_bundle_signer *anchor,
			struct sj_bundle_signer *signer)
{
	const struct sj_span issuer =
		sj_span((const uint8_t *)manifest->issuer, strlen(manifest->issuer));
	struct sj_bundle_signer known, next;
	struct sj_span signers = manifest->signers, token;
	bool led = false; /* from the anchor to `known` */

	if (!sj_bundle_signer_read(sj_span(anchor->token, anchor->len), &known))
		return false;
	for (size_t i = 0; i < manifest->signer_count; i++) {
		if (!sj_cbor_take_bytes(&signers, &token) || !sj_bundle_signer_read(token, &next))
			return false;
		if (!led && !same_key(&known, &next) && !vouches(&known, &next))
			continue; /* from before the anchor */
		if (led && !vouches(&known, &next))
			return false;
		led = true;
		if (!same_key(&known, &next) &&
		    !sj_bundle_signer_read(sj_span(next.token, next.len), &known))
			return false;
	}
	return led && sj_bundle_signer_read(sj_span(known.token, known.len), signer) &&
	       sj_span_eq(signer->cwt.issuer, issuer) && holds_at(signer, manifest->created) &&
	       sj_cose_verify(&manifest->cose, &signer->key);
}

/* --- making -------------------------------------------------------------------------- */

static void put_entry(struct sj_writer *w, const struct sj_bundle_entry *entry)
{
	const bool delta = entry->kind == SJ_BUNDLED_STATUS_DELTA;

	sj_cbor_put_array(w, delta ? 4 : 3);
	sj_cbor_put_int(w, (int64_t)entry->kind);
	sj_cbor_put_int(w, entry->bytes);
	sj_cbor_put_bytes(w, SJ_SPAN_OF(entry->hash));
	if (delta)
		sj_cbor_put_bytes(w, SJ_SPAN_OF(entry->from));
}

static void put_number(struct sj_writer *w, int64_t key, uint32_t value)
{
	sj_cbor_put_int(w, key);
	sj_cbor_put_int(w, value);
}

static void put_payload(struct sj_writer *w, const struct sj_bundle_plan *plan)
{
	sj_cbor_put_map(w, KEYS);
	put_number(w, FORMAT, FORMAT_1);
	sj_cbor_put_int(w, ISSUER);
	sj_cbor_put_text(w, sj_span((const uint8_t *)plan->issuer, strlen(plan->issuer)));
	put_number(w, VERSION, plan->version);
	put_number(w, CREATED, plan->created);
	put_number(w, EXPIRES, plan->expires);
	sj_cbor_put_int(w, SIGNERS);
	sj_cbor_put_array(w, plan->signer_count);
	for (size_t i = 0; i < plan->signer_count; i++)
		sj_cbor_put_bytes(w, plan->signers[i]);
	sj_cbor_put_int(w, ENTRIES);
	sj_cbor_put_array(w, plan->count);
	for (unsigned kind = 1; kind <= SJ_BUNDLED_KINDS; kind++)
		for (size_t i = 0; i < plan->count; i++)
			if (plan->entries[i].kind == (enum sj_bundle_kind)kind)
				put_entry(w, &plan->entries[i]);
}

bool sj_bundle_put(struct sj_writer *w, const struct sj_bundle_plan *plan,
		   const struct sj_key *signer)
{
	const size_t start = w->len;
	uint8_t *bytes = malloc(SJ_BUNDLE_MANIFEST_MAX);
	struct sj_writer payload = sj_writer(bytes, SJ_BUNDLE_MANIFEST_MAX);
	struct sj_manifest check;
	bool ok = bytes != NULL;

	if (ok) {
		put_payload(&payload, plan);
		ok = !payload.failed && sj_cose_put(w, sj_written(&payload), signer) &&
		     sj_manifest_parse(sj_span(w->ptr + start, w->len - start), &check);
	}
	free(bytes);
	return ok;
}
