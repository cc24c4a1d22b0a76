/* What is believed: trust stores, status lists, bundles; their folders are the old or the new one, whole. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sojourn/bundle.h>
#include <sojourn/status.h>

#include "tests/failures/folder.h"
#include "tests/failures/sweep.h"
#include "tests/hostile/issued.h"

#include "tests/unit/bundle_rig.h"

/* --- the store ----------------------------------------------------------------------------- */

struct shop {
	struct issued *d; /* its CSCA */
	char directory[40]; /* the store that is filled, new each time */
	struct sj_trust *trust;
	size_t before; /* certificates */
};

static int shop_open(void **state)
{
	struct plan plan = issued_plan();
	struct shop *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->d = issued_new(&plan);
	strcpy(s->directory, "/tmp/sojourn-shop-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	*state = s;
	return 0;
}

static int shop_close(void **state)
{
	struct shop *s = *state;

	folder_empty(s->directory, true);
	issued_free(s->d);
	free(s);
	return 0;
}

static void shop_ready(void *room)
{
	struct shop *s = room;

	folder_empty(s->directory, false);
}

static size_t certificates(const char *directory)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(directory, &trust);
	size_t n = 0;

	if (rc != SJ_OK)
		return rc == SJ_TRUST_MISSING ? 0 : SIZE_MAX;
	while (sj_trust_get(trust, n, &entry))
		if (strcmp(entry.subject, "(unreadable)") == 0 || ++n > 1000)
			return SIZE_MAX;
	sj_trust_close(trust);
	return n;
}

static unsigned long open_store(void *room)
{
	struct shop *s = room;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(s->d->directory, &trust);

	sj_trust_close(trust);
	return rc;
}

static unsigned long import_csca(void *room)
{
	struct shop *s = room;
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_create(s->directory, &trust);

	if (rc == SJ_OK)
		rc = sj_trust_import_csca(trust, s->d->csca_der.ptr, s->d->csca_der.len, &counts);
	if (rc == SJ_OK)
		rc = sj_trust_note_time(trust, NOW);
	sj_trust_close(trust);
	return rc;
}

/* None or all of it; and all when that was said. */
static bool is_filled(void *room, unsigned long rc)
{
	struct shop *s = room;
	const size_t n = certificates(s->directory);

	return rc == SJ_OK ? n == 1 : n <= 1;
}

/* --- status lists ----------------------------------------------------------------------------- */

struct lists {
	struct status_rig *r;
	struct rig_file first, next, delta, head, token;
};

static int lists_open(void **state)
{
	struct lists *l = calloc(1, sizeof(*l));
	void *rig = NULL;

	assert_non_null(l);
	assert_int_equal(status_rig_setup(&rig), 0);
	l->r = rig;
	l->first = rig_list(l->r, 5);
	l->next = rig_list(l->r, 6);
	l->delta = rig_delta(l->r, 6);
	l->head = rig_head(l->r, 7);
	*state = l;
	return 0;
}

static int lists_close(void **state)
{
	struct lists *l = *state;
	void *rig = l->r;

	rig_file_free(&l->first);
	rig_file_free(&l->next);
	rig_file_free(&l->delta);
	rig_file_free(&l->head);
	free(l);
	return status_rig_teardown(&rig);
}

/* The list of epoch 5 is there. */
static void lists_ready(void *room)
{
	struct lists *l = room;
	char path[96];

	snprintf(path, sizeof(path), "%s/status", l->r->directory);
	folder_empty(path, true);
	assert_int_equal(sj_status_import(l->r->directory, l->first.bytes, l->first.len, NULL),
			 SJ_OK);
}

static unsigned long import_list(void *room)
{
	struct lists *l = room;

	return sj_status_import(l->r->directory, l->next.bytes, l->next.len, NULL);
}

static unsigned long import_delta(void *room)
{
	struct lists *l = room;

	return sj_status_import(l->r->directory, l->delta.bytes, l->delta.len, NULL);
}

static bool is_old_or_new(void *room, unsigned long rc)
{
	struct lists *l = room;
	const uint32_t epoch = rig_epoch(l->r);

	return epoch == 6 || (rc != SJ_OK && epoch == 5);
}

static unsigned long note_head(void *room)
{
	struct lists *l = room;

	return sj_status_note_head(l->r->directory, l->head.bytes, l->head.len, NULL);
}

static bool is_five(void *room, unsigned long rc)
{
	struct lists *l = room;

	(void)rc;
	return rig_epoch(l->r) == 5;
}

static unsigned long open_list(void *room)
{
	struct lists *l = room;
	struct sj_status *status = NULL;
	enum sj_rc rc = sj_status_open(l->r->directory, RIG_ISSUER, &status);
	enum sj_status_answer answer = SJ_STATUS_REVOKED;
	struct sj_status_info info = { .size = sizeof(info) };

	if (rc == SJ_OK) {
		answer = sj_status_query(status, RIG_PARTITION, 1004);
		sj_status_describe(status, RIG_NOW, &info);
	}
	sj_status_close(status);
	return rc == SJ_OK && answer != SJ_STATUS_REVOKED ? (unsigned long)SJ_INTERNAL : rc;
}

static unsigned long tokens(void *room)
{
	struct lists *l = room;
	struct sj_status *status = NULL;
	uint8_t *bytes = NULL, *bits = NULL;
	size_t len = 0, n = 0;
	enum sj_rc rc = sj_status_open(l->r->directory, RIG_ISSUER, &status);

	for (enum sj_status_form form = SJ_STATUS_CBOR; rc == SJ_OK && form <= SJ_STATUS_JSON;
	     form++) {
		rc = sj_status_export(status, RIG_PARTITION, form, &bytes, &len);
		if (rc == SJ_OK)
			rc = sj_status_read_token(bytes, len, &bits, &n);
		sj_status_free(bytes);
		sj_status_free(bits);
		bytes = bits = NULL;
	}
	sj_status_close(status);
	return rc;
}

/* --- bundles ------------------------------------------------------------------------------------ */

/* The store with version 1, and the bundle of version 2 to come. */
struct shelf {
	struct bundle_rig *r;
	char before[80]; /* a copy of the store */
};

static void left_in(const char *store, char out[static 128])
{
	snprintf(out, 128, "%s/bundle/b/cv/left", store);
}

static int bundle_open_to(void **state, uint32_t epoch)
{
	char left[128];
	FILE *file;
	struct shelf *s = calloc(1, sizeof(*s));
	void *rig = NULL;

	assert_non_null(s);
	assert_int_equal(bundle_rig_setup(&rig), 0);
	s->r = rig;
	bundle_add_status(s->r, 5);
	assert_int_equal(bundle_next(s->r), SJ_OK);
	bundle_remove(s->r, SJ_BUNDLED_STATUS_LIST);
	bundle_remove(s->r, SJ_BUNDLED_GATE_TOKEN);
	bundle_add_status(s->r, epoch);
	bundle_sign(s->r);
	/* Of one that did not come into use: it never will. */
	snprintf(left, sizeof(left), "%s/bundle/b", s->r->store);
	assert_int_equal(mkdir(left, 0755), 0);
	snprintf(left, sizeof(left), "%s/bundle/b/cv", s->r->store);
	assert_int_equal(mkdir(left, 0755), 0);
	left_in(s->r->store, left);
	file = fopen(left, "w");
	assert_true(file != NULL && fclose(file) == 0);
	snprintf(s->before, sizeof(s->before), "%s.old", s->r->store);
	folder_copy(s->r->store, s->before);
	*state = s;
	return 0;
}

static int bundle_open(void **state)
{
	return bundle_open_to(state, 6);
}

/* Its list is older than the one in use. */
static int back_open(void **state)
{
	return bundle_open_to(state, 4);
}

static void bundle_ready(void *room)
{
	struct shelf *s = room;

	folder_empty(s->r->store, true);
	folder_copy(s->before, s->r->store);
}

static int bundle_close(void **state)
{
	struct shelf *s = *state;
	void *rig = s->r;

	folder_empty(s->before, true);
	free(s);
	return bundle_rig_teardown(&rig);
}

static enum sj_rc give(struct bundle_rig *r, struct sj_bundle *bundle,
		       const struct sj_bundle_want *want)
{
	char name[SJ_BUNDLE_NAME_SIZE];

	for (size_t i = 0; i < r->count; i++)
		if (sj_hex_text(SJ_SPAN_OF(r->files[i].entry.hash), SJ_HEX_LOWER, name,
				sizeof(name)) &&
		    strcmp(name, want->name) == 0)
			return sj_bundle_give(bundle, r->files[i].file.bytes, r->files[i].file.len,
					      &r->why);
	return SJ_INTERNAL;
}

static unsigned long take_bundle(void *room)
{
	struct bundle_rig *r = ((struct shelf *)room)->r;
	struct sj_bundle_want want = { .size = sizeof(want) };
	struct sj_bundle *bundle = NULL;
	enum sj_rc rc = sj_bundle_begin(r->store, r->manifest.bytes, r->manifest.len, r->now,
					&bundle, &r->why);

	while (rc == SJ_OK && bundle != NULL && sj_bundle_wanted(bundle, &want))
		rc = give(r, bundle, &want);
	if (rc == SJ_OK && bundle != NULL) {
		sj_bundle_find_signed(bundle, sweep_find_signed, NULL);
		rc = sj_bundle_apply(bundle, &r->why);
	}
	sj_bundle_end(bundle);
	return rc;
}

static bool is_whole(void *room, unsigned long rc)
{
	struct bundle_rig *r = ((struct shelf *)room)->r;
	const uint32_t version = bundle_version(r), epoch = bundle_epoch(r);
	char left[128];

	left_in(r->store, left);
	if (version == 2 && access(left, F_OK) == 0)
		return false;
	return (version == 2 && epoch == 6) || (rc != SJ_OK && version == 1 && epoch == 5);
}

static bool is_no_older(void *room, unsigned long rc)
{
	struct bundle_rig *r = ((struct shelf *)room)->r;

	return rc != SJ_OK && bundle_version(r) == 1 && bundle_epoch(r) == 5;
}

static unsigned long describe(void *room)
{
	struct bundle_rig *r = ((struct shelf *)room)->r;
	struct sj_bundle_info info = { .size = sizeof(info) };

	return sj_bundle_describe(r->store, r->now, &info);
}

const struct operation sweep_trust[] = {
	{ "trust: open", FAIL_ALL, shop_open, shop_close, .run = open_store, .bad = sweep_files },
	{ "trust: import a CSCA", FAIL_ALL, shop_open, shop_close, shop_ready, import_csca,
	  .bad = sweep_files, .holds = is_filled },
	{ "status: import a list", FAIL_ALL, lists_open, lists_close, lists_ready, import_list,
	  .bad = sweep_files, .holds = is_old_or_new },
	{ "status: import a delta", FAIL_ALL, lists_open, lists_close, lists_ready, import_delta,
	  .bad = sweep_files, .holds = is_old_or_new },
	{ "status: note a head", FAIL_ALL, lists_open, lists_close, lists_ready, note_head,
	  .bad = sweep_files, .holds = is_five },
	{ "status: open and query", FAIL_ALL, lists_open, lists_close, lists_ready, open_list,
	  .bad = sweep_files },
	{ "status: tokens", FAIL_ALL, lists_open, lists_close, lists_ready, tokens,
	  .bad = sweep_files },
	{ "bundle: take in", FAIL_ALL, bundle_open, bundle_close, bundle_ready, take_bundle,
	  .bad = sweep_files, .holds = is_whole },
	{ "bundle: an older list", FAIL_ALL, back_open, bundle_close, bundle_ready, take_bundle,
	  SJ_INPUT_REFUSED, .bad = sweep_files, .holds = is_no_older },
	{ "bundle: describe", FAIL_ALL, bundle_open, bundle_close, NULL, describe,
	  .bad = sweep_files },
	OPERATIONS_END,
};
