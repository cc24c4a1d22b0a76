#include "tests/unit/bundle_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sojourn/status.h>

#include "tests/by_scalar.h"
#include "trust/status_delta.h"
#include "wire/hex.h"

/* --- signers ------------------------------------------------------------------------- */

struct rig_file bundle_token(int64_t now, const char *issuer, const struct sj_ec_secret *key,
			     const struct sj_ec_secret *by)
{
	struct rig_file file = { malloc(SJ_CWT_MAX), 0 };
	struct sj_writer w = sj_writer(file.bytes, SJ_CWT_MAX);
	struct sj_ec_point point;
	struct sj_cwt cwt = {
		.kind = SJ_CWT_SIGNER,
		.issuer = sj_span((const uint8_t *)issuer, strlen(issuer)),
		.not_before = (uint32_t)(now - 100 * (int64_t)RIG_DAY),
		.expires = (uint32_t)(now + 100 * (int64_t)RIG_DAY),
		.signer = SJ_CWT_BUNDLE_SIGNER,
	};

	assert_non_null(file.bytes);
	assert_true(sj_ec_multiply(SJ_P256, key, NULL, &point));
	cwt.key_x = sj_span(point.bytes + 1, SJ_CWT_KEY);
	cwt.key_y = sj_span(point.bytes + 1 + SJ_CWT_KEY, SJ_CWT_KEY);
	assert_true(cwt_put_by(&w, &cwt, by));
	file.len = w.len;
	return file;
}

int bundle_rig_setup_at(void **state, int64_t now)
{
	struct bundle_rig *r = calloc(1, sizeof(*r));
	void *authority = NULL;

	if (r == NULL || status_rig_setup(&authority) != 0)
		return -1;
	r->authority = authority;
	r->now = now;
	strcpy(r->store, "/tmp/sojourn-store-XXXXXX");
	if (mkdtemp(r->store) == NULL)
		return -1;
	rig_new_key(&r->key);
	r->tokens[r->token_count++] = bundle_token(now, RIG_ISSUER, &r->key, &r->key);
	r->created = (uint32_t)(now - 3600);
	r->expires = (uint32_t)(now + 7 * (int64_t)RIG_DAY);
	assert_int_equal(sj_bundle_anchor(r->store, r->tokens[0].bytes, r->tokens[0].len), SJ_OK);
	*state = r;
	return 0;
}

int bundle_rig_setup(void **state)
{
	return bundle_rig_setup_at(state, RIG_NOW);
}

int bundle_rig_teardown(void **state)
{
	struct bundle_rig *r = *state;
	void *authority = r->authority;
	char command[96];

	for (size_t i = 0; i < r->count; i++)
		rig_file_free(&r->files[i].file);
	for (size_t i = 0; i < r->token_count; i++)
		rig_file_free(&r->tokens[i]);
	rig_file_free(&r->manifest);
	snprintf(command, sizeof(command), "rm -rf %s", r->store);
	free(r);
	return status_rig_teardown(&authority) != 0 || system(command) != 0;
}

void bundle_hand_over(struct bundle_rig *r)
{
	struct sj_ec_secret next;

	rig_new_key(&next);
	r->tokens[r->token_count++] = bundle_token(r->now, RIG_ISSUER, &next, &r->key);
	r->key = next;
}

/* --- files --------------------------------------------------------------------------- */

struct bundle_file *bundle_add(struct bundle_rig *r, enum sj_bundle_kind kind, struct rig_file file)
{
	struct bundle_file *added = &r->files[r->count++];
	struct sj_span bytes = sj_span(file.bytes, file.len);
	uint8_t hash[SJ_HASH_MAX];

	assert_true(r->count <= BUNDLE_FILES);
	assert_true(sj_hash(SJ_SHA256, &bytes, 1, hash));
	*added = (struct bundle_file){ .file = file };
	added->entry.kind = kind;
	added->entry.bytes = (uint32_t)file.len;
	memcpy(added->entry.hash, hash, sizeof(added->entry.hash));
	return added;
}

void bundle_remove(struct bundle_rig *r, enum sj_bundle_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->files[i].entry.kind == kind)
			rig_file_free(&r->files[i].file);
		else
			r->files[kept++] = r->files[i];
	r->count = kept;
}

void bundle_add_status(struct bundle_rig *r, uint32_t epoch)
{
	const struct status_rig *a = r->authority;
	struct rig_file ca = { malloc(SJ_CWT_MAX), 0 }, signer = { malloc(SJ_CWT_MAX), 0 };

	assert_true(ca.bytes != NULL && signer.bytes != NULL);
	ca.len = rig_token(SJ_CWT_GATE_CA, RIG_ISSUER, &a->ca, &a->ca, ca.bytes);
	signer.len = rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &a->signer, &a->ca, signer.bytes);
	/* The signer first: what vouches for it may come behind it. */
	bundle_add(r, SJ_BUNDLED_GATE_TOKEN, signer);
	bundle_add(r, SJ_BUNDLED_GATE_TOKEN, ca);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(a, epoch));
}

static const struct rig_file *list_of(const struct bundle_rig *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->files[i].entry.kind == SJ_BUNDLED_STATUS_LIST)
			return &r->files[i].file;
	fail_msg("no list in the bundle");
	return NULL;
}

struct bundle_file *bundle_add_delta(struct bundle_rig *r, uint32_t from)
{
	const struct rig_file *new = list_of(r);
	struct rig_file old = rig_list(r->authority, from), out;
	struct sj_status_list *lists = calloc(2, sizeof(*lists));
	struct sj_status_file was, is;
	struct bundle_file *added;
	uint8_t root[SJ_STATUS_ROOT], *delta;
	struct sj_writer w;
	size_t len;

	assert_non_null(lists);
	assert_true(sj_status_file_read(sj_span(old.bytes, old.len), &was));
	assert_true(sj_status_file_read(sj_span(new->bytes, new->len), &is));
	assert_true(sj_status_list_open(was.body, &lists[0]));
	assert_true(sj_status_list_open(is.body, &lists[1]));
	assert_true(sj_status_root(was.body, root));
	assert_int_equal(sj_status_delta_make(&lists[0], &lists[1], &delta, &len), SJ_OK);
	is.kind = SJ_STATUS_FILE_DELTA;
	is.body = sj_span(delta, len);
	w = sj_writer(malloc(SJ_STATUS_FILE_HEAD + is.head.len + len),
		      SJ_STATUS_FILE_HEAD + is.head.len + len);
	sj_status_file_put(&w, &is);
	assert_false(w.failed);
	out = (struct rig_file){ w.ptr, w.len };
	added = bundle_add(r, SJ_BUNDLED_STATUS_DELTA, out);
	memcpy(added->entry.from, root, sizeof(root));
	rig_file_free(&old);
	free(delta);
	free(lists);
	return added;
}

struct rig_file bundle_text(const char *text)
{
	return (struct rig_file){ (uint8_t *)strdup(text), strlen(text) };
}

/* --- publishing ---------------------------------------------------------------------- */

void bundle_sign(struct bundle_rig *r)
{
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->key);
	struct sj_span tokens[SJ_BUNDLE_SIGNERS_MAX];
	struct sj_bundle_entry entries[BUNDLE_FILES];
	const struct sj_bundle_plan plan = { .issuer = RIG_ISSUER,
					     .version = ++r->version,
					     .created = r->created,
					     .expires = r->expires,
					     .signers = tokens,
					     .signer_count = r->token_count,
					     .entries = entries,
					     .count = r->count };
	struct sj_writer w = sj_writer(malloc(SJ_BUNDLE_MANIFEST_MAX), SJ_BUNDLE_MANIFEST_MAX);

	for (size_t i = 0; i < r->token_count; i++)
		tokens[i] = sj_span(r->tokens[i].bytes, r->tokens[i].len);
	for (size_t i = 0; i < r->count; i++)
		entries[i] = r->files[i].entry;
	assert_non_null(key);
	assert_non_null(w.ptr);
	assert_true(sj_bundle_put(&w, &plan, key));
	rig_file_free(&r->manifest);
	r->manifest = (struct rig_file){ w.ptr, w.len };
	sj_key_free(key);
}

static void write_file(const char *path, const struct rig_file *file)
{
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(file->bytes, 1, file->len, out), file->len);
	fclose(out);
}

void bundle_publish(const struct bundle_rig *r, const char *folder)
{
	char path[256], name[SJ_BUNDLE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/files", folder);
	mkdir(path, 0755);
	for (size_t i = 0; i < r->count; i++) {
		if (r->files[i].withheld)
			continue;
		assert_true(sj_hex_text(SJ_SPAN_OF(r->files[i].entry.hash), SJ_HEX_LOWER, name,
					sizeof(name)));
		snprintf(path, sizeof(path), "%s/files/%.2s", folder, name);
		mkdir(path, 0755);
		snprintf(path, sizeof(path), "%s/files/%.2s/%s", folder, name, name);
		write_file(path, &r->files[i].file);
	}
	snprintf(path, sizeof(path), "%s/latest", folder);
	write_file(path, &r->manifest);
}

/* --- taking in ----------------------------------------------------------------------- */

static enum sj_rc answer(struct bundle_rig *r, struct sj_bundle *bundle,
			 const struct sj_bundle_want *want)
{
	char name[SJ_BUNDLE_NAME_SIZE];
	size_t n = strlen(r->asked);

	snprintf(r->asked + n, sizeof(r->asked) - n, "%s,", want->what);
	for (size_t i = 0; i < r->count; i++) {
		assert_true(sj_hex_text(SJ_SPAN_OF(r->files[i].entry.hash), SJ_HEX_LOWER, name,
					sizeof(name)));
		if (strcmp(name, want->name) != 0)
			continue;
		if (r->files[i].withheld)
			return sj_bundle_miss(bundle);
		return sj_bundle_give(bundle, r->files[i].file.bytes, r->files[i].file.len,
				      &r->why);
	}
	fail_msg("wanted: %s", want->name);
	return SJ_INTERNAL;
}

enum sj_rc bundle_take(struct bundle_rig *r)
{
	struct sj_bundle_want want = { .size = sizeof(want) };
	struct sj_bundle *bundle = NULL;
	enum sj_rc rc;

	r->asked[0] = 0;
	r->why = NULL;
	rc = sj_bundle_begin_with(&r->authority->io, r->store, r->manifest.bytes, r->manifest.len,
				  r->now, &bundle, &r->why);
	if (rc == SJ_OK && bundle == NULL)
		return SJ_OK;
	while (rc == SJ_OK && sj_bundle_wanted(bundle, &want))
		rc = answer(r, bundle, &want);
	if (rc == SJ_OK) {
		sj_bundle_find_signed(bundle, r->find, r->find_user);
		rc = sj_bundle_apply(bundle, &r->why);
	}
	snprintf(r->why_text, sizeof(r->why_text), "%s", r->why != NULL ? r->why : "");
	sj_bundle_end(bundle);
	return rc;
}

enum sj_rc bundle_next(struct bundle_rig *r)
{
	bundle_sign(r);
	return bundle_take(r);
}

void bundle_shell(const struct bundle_rig *r, const char *line)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && %s", r->store, line);
	assert_int_equal(system(command), 0);
}

uint32_t bundle_version(const struct bundle_rig *r)
{
	struct sj_bundle_info info = { .size = sizeof(info) };
	enum sj_rc rc = sj_bundle_describe(r->store, r->now, &info);

	assert_true(rc == SJ_OK || rc == SJ_TRUST_MISSING);
	return info.version;
}

uint32_t bundle_epoch(const struct bundle_rig *r)
{
	struct status_rig there = *r->authority;

	strcpy(there.directory, r->store);
	return rig_epoch(&there);
}
