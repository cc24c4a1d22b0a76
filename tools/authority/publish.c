#include "authority/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authority/crl.h"
#include "authority/masterlist.h"
#include "authority/outbox.h"
#include "authority/pseudonyms.h"
#include "authority/sector.h"
#include "authority/service.h"
#include "authority/signatures.h"
#include "authority/statuslist.h"
#include "authority/token.h"
#include "cli/child.h"
#include "crypt/hash.h"
#include "trust/manifest.h"
#include "wire/hex.h"

#define DAY 86400
#define GRACE (14 * DAY) /* seconds for which a bundle's files stay */
#define ENTRIES_MAX 2048u /* more than a manifest holds */
#define FILE_MAX (1u << 20)

struct publishing {
	struct authority *a;
	struct holder_register *r;
	const struct publish_plan *plan;
	struct publication *result;
	struct outbox out;
	struct statuslist list;
	uint8_t list_hash[OUTBOX_HASH];
	int64_t now;
	uint8_t content[SJ_HASH_MAX]; /* SHA-256 of all that is not signed anew each time */
	struct sj_bundle_entry entries[ENTRIES_MAX];
	size_t n;
};

static int add(struct publishing *p, enum sj_bundle_kind kind, struct sj_span bytes,
	       const uint8_t *from)
{
	struct sj_bundle_entry *e = &p->entries[p->n];
	int rc;

	if (p->n == ENTRIES_MAX)
		return cli_fail(p->a->cli, SJ_INPUT_REFUSED, "too many files for a bundle");
	*e = (struct sj_bundle_entry){ .kind = kind, .bytes = (uint32_t)bytes.len };
	if (from != NULL)
		memcpy(e->from, from, sizeof(e->from));
	rc = outbox_put(&p->out, bytes, e->hash);
	p->n += rc == 0;
	return rc;
}

/* Adds to what --if-needed compares. */
static int mix(struct publishing *p, struct sj_span bytes)
{
	return sj_hash(SJ_SHA256,
		       (const struct sj_span[]){ sj_span(p->content, OUTBOX_HASH), bytes }, 2,
		       p->content)
		       ? 0
		       : cli_fail(p->a->cli, SJ_CRYPTO_FAILED, "hash");
}

/* --- what the authority has -------------------------------------------------------------- */

static bool is(const json_t *row, const char *kind)
{
	const char *text = json_string_value(json_object_get(row, "kind"));

	return text != NULL && strcmp(text, kind) == 0;
}

/* Rows of registry.json of a kind, and the files that they name. */
static const struct source {
	const char *rows, *kind, *suffix;
	enum sj_bundle_kind as;
} sources[] = {
	{ "certificates", "csca", ".cer", SJ_BUNDLED_CSCA },
	{ "certificates", "link", ".cer", SJ_BUNDLED_LINK },
	{ "certificates", "key-ca", ".cer", SJ_BUNDLED_KEY_CA },
	{ "tokens", "gate-ca", ".cwt", SJ_BUNDLED_GATE_TOKEN },
	{ "tokens", "gate-link", ".cwt", SJ_BUNDLED_GATE_TOKEN },
	{ "tokens", "status-signer", ".cwt", SJ_BUNDLED_GATE_TOKEN },
	{ "cv", "cvca", ".cvcert", SJ_BUNDLED_CV_LINK },
	{ "cv", "cvca-link", ".cvcert", SJ_BUNDLED_CV_LINK },
};

static int add_row(struct publishing *p, const struct source *s, const json_t *row)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	if (!is(row, s->kind) ||
	    json_integer_value(json_object_get(row, "not_after")) < (json_int_t)p->now)
		return 0;
	rc = authority_file_read(p->a, json_string_value(json_object_get(row, "name")), s->suffix,
				 FILE_MAX, &bytes, &len);
	if (rc == 0)
		rc = add(p, s->as, sj_span(bytes, len), NULL);
	if (rc == 0)
		rc = mix(p, sj_span(p->entries[p->n - 1].hash, OUTBOX_HASH));
	free(bytes);
	return rc;
}

static int add_own(struct publishing *p)
{
	const json_t *row;
	int rc = 0;

	for (size_t s = 0; s < sizeof(sources) / sizeof(sources[0]); s++)
		for (size_t i = 0;
		     rc == 0 && (row = json_array_get(json_object_get(p->a->state, sources[s].rows),
						      i)) != NULL;
		     i++)
			rc = add_row(p, &sources[s], row);
	return rc;
}

static int add_services(struct publishing *p)
{
	struct cli_services *services = NULL;
	char *path = services_path(p->a);
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = path == NULL ? cli_exit_code(p->a->cli)
			      : cli_services_read(p->a->cli, path, &services);

	if (rc == 0)
		rc = cli_file_read(p->a->cli, path, FILE_MAX, &bytes, &len);
	if (rc == 0)
		rc = add(p, SJ_BUNDLED_SERVICES, sj_span(bytes, len), NULL);
	if (rc == 0)
		rc = mix(p, sj_span(bytes, len));
	free(services);
	free(bytes);
	free(path);
	return rc;
}

/* Certificates of others, for the master list. */
static int mix_others(struct publishing *p)
{
	const char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (path = cli_value_at(p->a->cli, "add", i)) != NULL; i++) {
		uint8_t *bytes = NULL;
		size_t len = 0;

		rc = cli_file_read(p->a->cli, path, FILE_MAX, &bytes, &len);
		if (rc == 0)
			rc = mix(p, sj_span(bytes, len));
		free(bytes);
	}
	return rc;
}

/* What CRLs and status list say. */
static int mix_revoked(struct publishing *p)
{
	const json_t *rows = json_object_get(p->a->state, "certificates"), *row;
	const char *name;
	int rc = mix(p, SJ_SPAN_OF(p->list.root));

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		name = json_string_value(json_object_get(row, "name"));
		if (name != NULL && json_is_integer(json_object_get(row, "revoked")))
			rc = mix(p, sj_span((const uint8_t *)name, strlen(name)));
	}
	return rc;
}

/* Operators to whom a list of revoked pseudonyms goes. */
static int mix_sectors(struct publishing *p)
{
	uint32_t operator_id;
	struct sector s;
	int rc = 0;

	for (size_t i = 0; rc == 0 && sector_at(p->a, i, &operator_id); i++) {
		rc = sector_get(p->a, operator_id, &s);
		if (rc == 0)
			rc = mix(p, SJ_SPAN_OF(s.hash));
	}
	return rc;
}

/* --- what is signed for the occasion --------------------------------------------------------- */

static int add_masterlist(struct publishing *p)
{
	uint8_t *bytes = NULL;
	size_t len = 0, n = 0;
	int rc = masterlist_make(p->a, &bytes, &len, &n);

	if (rc == 0)
		rc = add(p, SJ_BUNDLED_MASTER_LIST, sj_span(bytes, len), NULL);
	free(bytes);
	return rc;
}

static int add_crl(struct publishing *p, enum authority_role role, const char *ca)
{
	/* Cards' certificates are on the status list, which a terminal has anyway. */
	const struct crl_wanted wanted = { role, ca, CRL_DAYS, false };
	uint8_t *bytes = NULL;
	size_t len = 0, n = 0;
	int rc = crl_make(p->a, &wanted, &bytes, &len, &n);

	if (rc == 0)
		rc = add(p, SJ_BUNDLED_CRL, sj_span(bytes, len), NULL);
	free(bytes);
	return rc;
}

/* Of the present CSCA, and of every key CA. */
static int add_crls(struct publishing *p)
{
	const json_t *rows = json_object_get(p->a->state, "certificates"), *row;
	int rc = add_crl(p, AUTHORITY_CSCA, authority_current(p->a, AUTHORITY_CSCA));

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++)
		if (is(row, "key-ca") &&
		    json_integer_value(json_object_get(row, "not_after")) >= (json_int_t)p->now)
			rc = add_crl(p, AUTHORITY_KEY_CA,
				     json_string_value(json_object_get(row, "name")));
	return rc;
}

/* One a sector key, of the status list's epoch and time. */
static int add_pseudonyms(struct publishing *p)
{
	const char *country = authority_country(p->a);
	const struct sj_pseudonyms_head head = {
		.issuer = sj_span((const uint8_t *)country, strlen(country)),
		.epoch = p->list.epoch,
		.not_before = p->list.expires - (uint32_t)(p->plan->days * DAY),
		.next_update = p->list.expires,
	};
	struct pseudonyms revoked = { .n = 0 };
	uint8_t *bytes = NULL;
	size_t len = 0;
	uint32_t anybody;
	int rc;

	if (!sector_at(p->a, 0, &anybody)) /* to ask the register takes longer than all the rest */
		return 0;
	rc = pseudonyms_read(p->r, p->a->cli, p->now, &revoked);
	for (size_t i = 0; rc == 0; i++) {
		rc = pseudonyms_list(p->a, &revoked, i, &head, &bytes, &len);
		if (bytes == NULL)
			break;
		if (rc == 0)
			rc = add(p, SJ_BUNDLED_PSEUDONYMS, sj_span(bytes, len), NULL);
		free(bytes);
	}
	pseudonyms_free(&revoked);
	return rc;
}

/* --- deltas ------------------------------------------------------------------------------------- */

static json_t *published(const struct publishing *p)
{
	return json_object_get(json_object_get(p->a->state, "bundle"), "published");
}

/* A hash of a row. */
static bool row_hash(const json_t *row, const char *key, uint8_t out[static OUTBOX_HASH])
{
	const char *text = json_string_value(json_object_get(row, key));
	struct sj_writer w = sj_writer(out, OUTBOX_HASH);

	return text != NULL && sj_hex_read(text, strlen(text), &w) && w.len == OUTBOX_HASH;
}

static bool has_delta_from(const struct publishing *p, const uint8_t root[static SJ_STATUS_ROOT])
{
	for (size_t i = 0; i < p->n; i++)
		if (p->entries[i].kind == SJ_BUNDLED_STATUS_DELTA &&
		    memcmp(p->entries[i].from, root, SJ_STATUS_ROOT) == 0)
			return true;
	return false;
}

/* From the list of an earlier bundle; none if it is gone, or if the whole list is as small. */
static int add_delta(struct publishing *p, const json_t *row)
{
	uint8_t hash[OUTBOX_HASH], root[SJ_STATUS_ROOT], *old = NULL, *delta = NULL;
	size_t len = 0, n = 0;
	int rc = 0;

	if (row_hash(row, "list", hash))
		rc = outbox_get(&p->out, hash, STATUSLIST_MAX, &old, &len);
	if (rc == 0 && old != NULL)
		rc = statuslist_delta(p->a->cli, &p->list, "list before", sj_span(old, len), &delta,
				      &n, root);
	if (rc == 0 && delta != NULL && n < p->list.len && !has_delta_from(p, root)) {
		rc = add(p, SJ_BUNDLED_STATUS_DELTA, sj_span(delta, n), root);
		p->result->deltas++;
	}
	free(delta);
	free(old);
	return rc;
}

static int add_list(struct publishing *p)
{
	const json_t *rows = published(p);
	int rc = add(p, SJ_BUNDLED_STATUS_LIST, sj_span(p->list.bytes, p->list.len), NULL);

	if (rc == 0)
		memcpy(p->list_hash, p->entries[p->n - 1].hash, OUTBOX_HASH);
	for (size_t i = json_array_size(rows), k = 0; rc == 0 && i > 0 && k < p->plan->keep; k++)
		rc = add_delta(p, json_array_get(rows, --i));
	return rc;
}

/* --- the manifest -------------------------------------------------------------------------------- */

/* The bundle signers' tokens, the newest ones. */
struct signers {
	struct token_signer list[SJ_BUNDLE_SIGNERS_MAX];
	struct sj_span spans[SJ_BUNDLE_SIGNERS_MAX];
	size_t n;
};

static int read_signers(const struct publishing *p, struct signers *s)
{
	const json_t *rows = json_object_get(p->a->state, "tokens"), *row;
	const char *names[SJ_BUNDLE_SIGNERS_MAX];
	int rc = 0;

	for (size_t i = json_array_size(rows); i > 0 && s->n < SJ_BUNDLE_SIGNERS_MAX; i--) {
		row = json_array_get(rows, i - 1);
		if (is(row, "bundle-signer"))
			names[s->n++] = json_string_value(json_object_get(row, "name"));
	}
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		rc = token_read(p->a, names[s->n - 1 - i], &s->list[i]);
		s->spans[i] = sj_span(s->list[i].bytes, s->list[i].len);
	}
	return rc;
}

static int sign(struct publishing *p, struct sj_writer *w)
{
	struct signers *s = calloc(1, sizeof(*s));
	struct sj_bundle_plan plan = { .issuer = authority_country(p->a),
				       .version = p->result->version,
				       .entries = p->entries,
				       .count = p->n };
	struct token_signer signer;
	int rc;

	if (s == NULL)
		return cli_fail(p->a->cli, SJ_NO_MEMORY, NULL);
	rc = token_signer_get(p->a, AUTHORITY_BUNDLE_SIGNER, &signer);
	if (rc == 0)
		rc = read_signers(p, s);
	/* A token that was made in the same second as another may begin in the next. */
	plan.created =
		(uint32_t)p->now > signer.cwt.not_before ? (uint32_t)p->now : signer.cwt.not_before;
	plan.expires = plan.created + (uint32_t)(p->plan->days * DAY);
	plan.signers = s->spans;
	plan.signer_count = s->n;
	if (rc == 0 && !sj_bundle_put(w, &plan, signer.key))
		rc = w->failed
			     ? cli_fail(p->a->cli, SJ_INPUT_REFUSED,
					"%zu files are too many for a bundle", p->n)
			     : cli_fail(p->a->cli, SJ_CRYPTO_FAILED, "%s: signature", signer.name);
	p->result->created = plan.created;
	p->result->expires = plan.expires;
	token_signer_wipe(&signer);
	free(s);
	return rc;
}

/* --- the record -------------------------------------------------------------------------------- */

static json_t *hex(const uint8_t hash[static OUTBOX_HASH])
{
	char text[2 * OUTBOX_HASH + 1];

	sj_hex_text(sj_span(hash, OUTBOX_HASH), SJ_HEX_LOWER, text, sizeof(text));
	return json_string(text);
}

/* Rows of bundles whose files may go: old ones that no delta starts from. */
static void forget_old(const struct publishing *p, json_t *rows)
{
	while (json_array_size(rows) > p->plan->keep + 1 &&
	       json_integer_value(json_object_get(json_array_get(rows, 0), "created")) <
		       (json_int_t)p->now - GRACE)
		json_array_remove(rows, 0);
}

static int record(struct publishing *p, const uint8_t manifest[static OUTBOX_HASH])
{
	json_t *rows = published(p), *bundle, *row;

	rows = rows != NULL ? json_incref(rows) : json_array();
	row = json_pack("{s:I, s:I, s:I, s:o, s:o}", "version", (json_int_t)p->result->version,
			"created", (json_int_t)p->result->created, "expires",
			(json_int_t)p->result->expires, "manifest", hex(manifest), "list",
			hex(p->list_hash));
	if (row == NULL || json_array_append_new(rows, row) != 0) {
		json_decref(rows);
		return cli_fail(p->a->cli, SJ_NO_MEMORY, NULL);
	}
	forget_old(p, rows);
	bundle = json_pack("{s:I, s:o, s:o}", "version", (json_int_t)p->result->version, "content",
			   hex(p->content), "published", rows);
	if (bundle == NULL || json_object_set_new(p->a->state, "bundle", bundle) != 0)
		return cli_fail(p->a->cli, SJ_NO_MEMORY, NULL);
	return 0;
}

static int note(struct publishing *p)
{
	int rc = register_begin(p->r);

	if (rc == 0)
		rc = register_note(
			p->r, "bundle",
			json_pack("{s:I, s:s, s:I, s:I, s:s}", "version",
				  (json_int_t)p->result->version, "manifest", p->result->manifest,
				  "epoch", (json_int_t)p->result->epoch, "revoked",
				  (json_int_t)p->result->revoked, "folder", p->plan->dir));
	if (rc == 0)
		rc = register_commit(p->r);
	if (rc != 0)
		register_rollback(p->r);
	return rc;
}

/* Hashes of one bundle's files and of its manifest; false: it is not there. */
static bool keep_bundle(const struct publishing *p, const json_t *row, struct sj_writer *kept)
{
	struct sj_manifest manifest;
	struct sj_bundle_entry e;
	struct sj_span entries;
	uint8_t hash[OUTBOX_HASH], *bytes = NULL;
	size_t len = 0;
	bool ok = row_hash(row, "manifest", hash) &&
		  outbox_get(&p->out, hash, SJ_BUNDLE_MANIFEST_MAX, &bytes, &len) == 0 &&
		  bytes != NULL && sj_manifest_parse(sj_span(bytes, len), &manifest);

	if (ok) {
		sj_put(kept, SJ_SPAN_OF(hash));
		entries = manifest.entries;
		while (sj_manifest_next(&entries, &e))
			sj_put(kept, SJ_SPAN_OF(e.hash));
	}
	free(bytes);
	return ok;
}

/* Deletes what no bundle of the record names. */
static void sweep(const struct publishing *p)
{
	const json_t *rows = published(p);
	const size_t cap = json_array_size(rows) * (ENTRIES_MAX + 1) * OUTBOX_HASH;
	struct sj_writer kept = sj_writer(malloc(cap), cap);

	for (size_t i = 0; kept.ptr != NULL && i < json_array_size(rows); i++)
		(void)keep_bundle(p, json_array_get(rows, i), &kept);
	if (kept.ptr != NULL && !kept.failed)
		outbox_sweep(&p->out, kept.ptr, kept.len / OUTBOX_HASH, p->now - GRACE);
	free(kept.ptr);
}

/* --- publishing ---------------------------------------------------------------------------------- */

/* Whether the last bundle says the same and more than half of its time is left. */
static bool still_good(const struct publishing *p)
{
	const json_t *rows = published(p), *last = json_array_get(rows, json_array_size(rows) - 1);
	const json_int_t created = json_integer_value(json_object_get(last, "created")),
			 expires = json_integer_value(json_object_get(last, "expires"));
	uint8_t content[OUTBOX_HASH];

	return last != NULL &&
	       row_hash(json_object_get(p->a->state, "bundle"), "content", content) &&
	       memcmp(content, p->content, sizeof(content)) == 0 &&
	       (json_int_t)p->now < created + (expires - created) / 2;
}

/* The files are there, nothing names them yet. */
static int finish(struct publishing *p)
{
	uint8_t hash[OUTBOX_HASH], *bytes = malloc(SJ_BUNDLE_MANIFEST_MAX);
	struct sj_writer w = sj_writer(bytes, SJ_BUNDLE_MANIFEST_MAX);
	int rc = bytes != NULL ? sign(p, &w) : cli_fail(p->a->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = signatures_flush(p->a);
	if (rc == 0)
		rc = outbox_put(&p->out, sj_written(&w), hash);
	if (rc == 0)
		rc = record(p, hash);
	if (rc == 0)
		rc = authority_save(p->a);
	if (rc == 0)
		rc = authority_file_write(p->a, "status", ".list",
					  sj_span(p->list.bytes, p->list.len), 0644);
	if (rc == 0) {
		sj_hex_text(SJ_SPAN_OF(hash), SJ_HEX_LOWER, p->result->manifest,
			    sizeof(p->result->manifest));
		rc = note(p);
	}
	if (rc == 0)
		rc = outbox_switch(&p->out, sj_written(&w));
	if (rc == 0)
		sweep(p);
	free(bytes);
	return rc;
}

static int gather(struct publishing *p)
{
	int rc = statuslist_build(p->a, p->r, (uint32_t)(p->plan->days * DAY), &p->list);

	if (rc == 0)
		rc = add_own(p);
	if (rc == 0)
		rc = add_services(p);
	if (rc == 0)
		rc = mix_others(p);
	if (rc == 0)
		rc = mix_revoked(p);
	if (rc == 0)
		rc = mix_sectors(p);
	if (rc != 0 || (p->plan->if_needed && still_good(p)))
		return rc;
	p->result->fresh = true;
	rc = add_masterlist(p);
	if (rc == 0)
		rc = add_crls(p);
	if (rc == 0)
		rc = add_list(p);
	return rc != 0 ? rc : add_pseudonyms(p);
}

int publish(struct authority *a, struct holder_register *r, const struct publish_plan *plan,
	    struct publication *out)
{
	struct publishing *p = calloc(1, sizeof(*p));
	const json_t *bundle = json_object_get(a->state, "bundle");
	int rc;

	*out = (struct publication){ .fresh = false };
	if (p == NULL)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	p->a = a;
	p->r = r;
	p->plan = plan;
	p->result = out;
	p->now = (int64_t)time(NULL);
	rc = outbox_open(a->cli, plan->dir, &p->out);
	if (rc == 0)
		rc = gather(p);
	out->version = (uint32_t)json_integer_value(json_object_get(bundle, "version")) + 1;
	out->epoch = p->list.epoch;
	out->revoked = p->list.revoked;
	out->list = p->list.len;
	out->files = p->n;
	if (rc == 0 && out->fresh)
		rc = finish(p);
	out->added = p->out.added;
	statuslist_free(&p->list);
	free(p);
	return rc;
}
