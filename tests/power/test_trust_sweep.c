/*
 * test_trust_sweep.c -- power goes at every system call by which a terminal takes a signed bundle
 * into use (tree.h): what it believes is the old bundle or the new one, whole: version, status
 * list, certificates and their revocation lists, signers of gates, pseudonyms, services.
 *
 * usage: test_trust_sweep [--all]
 *
 * Without --all the first bundle is a small one, and of what a cut may leave there are the extremes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/trust.h>

#include "tests/power/tree.h"
#include "tests/unit/bundle_rig.h"
#include "trust/pseudonyms.h"

static const uint8_t sector[SJ_SECTOR_HASH] = { 7 }, identifier[SJ_RI_IDENTIFIER] = { 9 };

/* All that a terminal believes: certificates, signers, pseudonyms, services. */
struct belief {
	uint8_t sum[32]; /* of their hashes, in whatever order they come */
};

struct terminal {
	struct bundle_rig *rig, *there; /* its store, and the one after a cut */
	uint32_t before; /* the version in use */
	struct belief old, new;
	bool new_seen;
	unsigned long violations;
};

static void violated(struct terminal *v, const char *what)
{
	if (v->violations++ < 20)
		printf("# from version %u: %s\n", v->before, what);
}

/* --- what is believed ---------------------------------------------------------------------- */

static void believe(struct belief *b, const char *kind, struct sj_span what)
{
	const struct sj_span parts[2] = { sj_span((const uint8_t *)kind, strlen(kind)), what };
	uint8_t hash[SJ_HASH_MAX];

	assert_true(sj_hash(SJ_SHA256, parts, 2, hash));
	for (size_t i = 0; i < sizeof(b->sum); i++)
		b->sum[i] ^= hash[i];
}

/* False: what the store has of them cannot be read. */
static bool believe_certificates(struct belief *b, const char *store)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct sj_trust *trust = NULL;
	const enum sj_rc rc = sj_trust_open(store, &trust);
	uint8_t bytes[sizeof(entry.sha256) + 3];
	bool good;

	if (rc != SJ_OK)
		return rc == SJ_TRUST_MISSING;
	for (size_t i = 0; sj_trust_get(trust, i, &entry); i++) {
		memcpy(bytes, entry.sha256, sizeof(entry.sha256));
		bytes[sizeof(entry.sha256)] = entry.link;
		bytes[sizeof(entry.sha256) + 1] = entry.has_crl;
		bytes[sizeof(entry.sha256) + 2] = entry.bundled;
		believe(b, "certificate", SJ_SPAN_OF(bytes));
	}
	good = sj_trust_check_crls(trust) == 0;
	sj_trust_close(trust);
	return good;
}

static bool believe_signers(struct belief *b, int dir)
{
	struct sj_signers *all = malloc(sizeof(*all));
	enum sj_rc rc;

	assert_non_null(all);
	rc = sj_signers_load(dir, all);
	for (size_t i = 0; rc == SJ_OK && i < all->n; i++)
		believe(b, "signer", sj_span(all->list[i].token, all->list[i].len));
	free(all);
	return rc == SJ_OK || rc == SJ_TRUST_MISSING;
}

static bool believe_pseudonyms(struct belief *b, int dir)
{
	struct sj_pseudonyms_answer a;
	const enum sj_rc rc = sj_pseudonyms_ask(dir, sector, identifier, &a);
	uint8_t epoch[4];
	struct sj_writer w = SJ_WRITER_OF(epoch);

	if (rc != SJ_OK)
		return rc == SJ_TRUST_MISSING;
	sj_put_be(&w, 4, a.epoch);
	believe(b, a.revoked ? "revoked" : "not revoked", SJ_SPAN_OF(epoch));
	return true;
}

static bool believe_services(struct belief *b, const char *store)
{
	char json[64];
	size_t len = sizeof(json);
	const enum sj_rc rc = sj_bundle_services(store, json, &len);

	if (rc == SJ_OK)
		believe(b, "services", sj_span((const uint8_t *)json, len));
	return rc == SJ_OK || rc == SJ_TRUST_MISSING;
}

static bool learn(struct belief *b, const char *store)
{
	const int dir = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good;

	*b = (struct belief){ { 0 } };
	assert_true(dir >= 0);
	good = believe_certificates(b, store) && believe_signers(b, dir) &&
	       believe_pseudonyms(b, dir) && believe_services(b, store);
	close(dir);
	return good;
}

/* --- after a cut ------------------------------------------------------------------------------- */

/* Each version is believed as it was when it was seen first: before, or in one piece. */
static void compare(struct terminal *v, uint32_t version)
{
	struct belief now, *must = version == v->before ? &v->old : &v->new;

	if (!learn(&now, v->there->store)) {
		violated(v, "what is believed cannot be read");
		return;
	}
	if (version != v->before && !v->new_seen) {
		v->new = now;
		v->new_seen = true;
	}
	if (memcmp(&now, must, sizeof(now)) != 0)
		violated(v, "something else is believed than the version has");
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
	compare(v, info.version);
}

/* --- bundles ------------------------------------------------------------------------------------ */

/* Nothing in it is as in the version before. `all`: else a status list and who signs it, alone. */
static void fill(struct bundle_rig *r, uint32_t version, bool all)
{
	struct rig_file token;
	struct sj_ec_secret key;
	char json[32];

	for (unsigned kind = 1; kind <= SJ_BUNDLED_KINDS; kind++)
		bundle_remove(r, (enum sj_bundle_kind)kind);
	bundle_add_status(r, version);
	if (!all)
		return;
	token.bytes = malloc(SJ_CWT_MAX);
	assert_non_null(token.bytes);
	rig_new_key(&key);
	token.len =
		rig_token(SJ_CWT_STATUS_SIGNER, RIG_ISSUER, &key, &r->authority->ca, token.bytes);
	bundle_add(r, SJ_BUNDLED_GATE_TOKEN, token);
	bundle_add_country(r);
	bundle_add_pseudonym(r, sector, identifier, version);
	snprintf(json, sizeof(json), "{\"version\": %u}", version);
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text(json));
}

/* None is in use before the first version, then one slot after the other. */
static void take_bundles(struct terminal *v, struct tree *t)
{
	struct bundle_rig *r = v->rig;
	struct belief end;

	for (uint32_t version = 1; version <= (t->all ? 3 : 2); version++) {
		v->before = version - 1;
		v->new_seen = false;
		fill(r, version, t->all || version > 1);
		bundle_sign(r);
		assert_true(learn(&v->old, r->store));
		tree_begin(t, r->store);
		t->look = look;
		t->self = v;
		memcpy(v->there->store, t->cut, sizeof(t->cut));
		r->authority->io = t->io;
		assert_int_equal(bundle_take(r), SJ_OK);
		tree_cut(t, true);
		tree_end(t);
		assert_true(learn(&end, r->store) && v->new_seen);
		assert_memory_equal(&end, &v->new, sizeof(end));
		assert_memory_not_equal(&end, &v->old, sizeof(end));
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
