#include "tests/fuzz/bundle_world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/failures/folder.h"
#include "tests/fuzz/failures.h"

const uint8_t bundle_sector[SJ_TRUST_HASH] = { 7 }, bundle_identifier[SJ_TRUST_HASH] = { 7 };

/* --- what there is to offer ------------------------------------------------------------------- */

static void add_files(struct bundle_rig *r)
{
	const struct bundle_file *delta;

	bundle_add_status(r, 2);
	delta = bundle_add_delta(r, 1);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 1));
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 3));
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{\"a\": 1}"));
	bundle_add(r, SJ_BUNDLED_CV_LINK, bundle_text("cv"));
	bundle_add_pseudonym(r, bundle_sector, bundle_identifier, 1);
	bundle_add_pseudonym(r, bundle_sector, bundle_identifier, 2);
	bundle_add_country(r);
	bundle_add(r, SJ_BUNDLED_STATUS_DELTA, bundle_text("to nowhere"));
	memcpy(r->files[FALSE_DELTA].entry.from, delta->entry.from, sizeof(delta->entry.from));
	if (r->count != FILES)
		abort();
}

static void tidy(void)
{
	void *r = bundle_world()->r;

	(void)bundle_rig_teardown(&r);
}

/* Memory is quicker than a disk. */
static void move_store(struct bundle_rig *r)
{
	char path[] = "/dev/shm/sojourn-store-XXXXXX";

	if (mkdtemp(path) == NULL)
		return;
	folder_empty(r->store, true);
	strcpy(r->store, path);
}

struct world *bundle_world(void)
{
	static struct world w;
	struct sj_ec_secret successor, stranger;
	void *state = NULL;

	if (w.r != NULL)
		return &w;
	if (bundle_rig_setup(&state) != 0)
		abort();
	w.r = state;
	move_store(w.r);
	add_files(w.r);
	rig_new_key(&successor);
	rig_new_key(&stranger);
	w.keys[OWN] = w.keys[NOBODY] = sj_key_from_ec(SJ_P256, &w.r->key);
	w.keys[SUCCESSOR] = sj_key_from_ec(SJ_P256, &successor);
	w.keys[STRANGER] = sj_key_from_ec(SJ_P256, &stranger);
	w.tokens[OWN] = w.tokens[NOBODY] = w.r->tokens[0];
	w.tokens[SUCCESSOR] = bundle_token(RIG_NOW, RIG_ISSUER, &successor, &w.r->key);
	w.tokens[STRANGER] = bundle_token(RIG_NOW, RIG_ISSUER, &stranger, &stranger);
	(void)atexit(tidy);
	fuzz_stays();
	return &w;
}
