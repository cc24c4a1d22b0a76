/*
 * test_trust_sweep.c -- power goes at every system call by which a terminal takes a signed bundle
 * into use (tree.h): what it believes is the old bundle or the new one, whole.
 *
 * usage: test_trust_sweep [--all]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/power/tree.h"
#include "tests/unit/bundle_rig.h"

struct terminal {
	struct bundle_rig *rig, *there; /* its store, and the one after a cut */
	uint32_t before; /* the version in use */
	unsigned long violations;
};

static void violated(struct terminal *v, const char *what)
{
	if (v->violations++ < 20)
		printf("# from version %u: %s\n", v->before, what);
}

static void look(void *self, bool done)
{
	struct terminal *v = self;
	struct sj_bundle_info info = { .size = sizeof(info) };
	const enum sj_rc rc = sj_bundle_describe(v->there->store, v->there->now, &info);

	if (rc != SJ_OK && (rc != SJ_TRUST_MISSING || v->before != 0)) {
		violated(v, "no bundle is in use, or none that can be read");
		return;
	}
	if (info.version != v->before && info.version != v->before + 1)
		violated(v, "neither the old nor the new version");
	if (done && info.version != v->before + 1)
		violated(v, "it was taken into use, and is not");
	if (bundle_epoch(v->there) != info.version)
		violated(v, "the status list is not that of the bundle");
}

/* None is in use before the first version, then one slot after the other. */
static void take_bundles(struct terminal *v, struct tree *t)
{
	struct bundle_rig *r = v->rig;

	bundle_add_status(r, 1);
	for (uint32_t version = 1; version <= (t->all ? 3 : 2); version++) {
		v->before = version - 1;
		if (version > 1) {
			bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
			bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, version));
		}
		bundle_sign(r);
		tree_begin(t, r->store);
		t->look = look;
		t->self = v;
		memcpy(v->there->store, t->cut, sizeof(t->cut));
		r->authority->io = t->io;
		assert_int_equal(bundle_take(r), SJ_OK);
		tree_cut(t, true);
		tree_end(t);
	}
}

static struct tree tree;

static void a_bundle_is_the_old_or_the_new_one(void **state)
{
	struct bundle_rig *there = malloc(sizeof(*there));
	struct terminal v = { .rig = *state, .there = there };

	assert_non_null(there);
	memcpy(there, v.rig, sizeof(*there));
	take_bundles(&v, &tree);
	free(there);
	printf("# figure: power.trust.cuts %lu\n", tree.cuts);
	printf("# figure: power.trust.violations %lu\n", v.violations);
	assert_int_equal(v.violations, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BUNDLE_CASE(a_bundle_is_the_old_or_the_new_one),
	};

	tree.all = argc > 1 && strcmp(argv[1], "--all") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
