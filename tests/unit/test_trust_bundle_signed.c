/* The signed bundle: who may say it, never back, the manifest's bytes, the folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sojourn/status.h>

#include "gate/gate.h"
#include "tests/unit/bundle_rig.h"

static void remove_in(const struct bundle_rig *r, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", r->store, name);
	assert_int_equal(unlink(path), 0);
}

/* --- never back ---------------------------------------------------------------------- */

static void an_older_version_is_refused(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	r->version = 6;
	assert_int_equal(bundle_next(r), SJ_OK); /* 7 */
	r->version = 5;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_OLDER);
	/* Another one of the same version. */
	r->expires++;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_OLDER);
	/* A greater number, made before. */
	r->created -= 10;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_OLDER);
	assert_int_equal(bundle_version(r), 7);
}

static void what_was_in_use_is_remembered(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	r->version = 6;
	assert_int_equal(bundle_next(r), SJ_OK);
	remove_in(r, "bundle/current");
	assert_int_equal(bundle_version(r), 0);
	assert_int_equal(bundle_take(r), SJ_OK); /* the very same may come again */
	assert_int_equal(bundle_version(r), 7);
	remove_in(r, "bundle/current");
	r->version = 5;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_OLDER);
	/* And without that file, what is in use counts. */
	r->version = 7;
	assert_int_equal(bundle_next(r), SJ_OK);
	remove_in(r, "bundle/newest");
	r->version = 6;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_OLDER);
}

/* Not any bundle that was ever signed: nobody knows any more which was the last. */
static void a_store_that_forgot_its_version_takes_nothing(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "cd bundle && echo | tee current > newest");
	assert_int_equal(bundle_take(r), SJ_TRUST_UNREADABLE);
	remove_in(r, "bundle/newest");
	assert_int_equal(bundle_next(r), SJ_TRUST_UNREADABLE);
}

static void an_older_status_list_is_refused(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file newer;

	bundle_add_status(r, 5);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 4));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "It is older than the one in use."));
	assert_int_equal(bundle_epoch(r), 5);
	/* One imported by hand is newer, and counts. */
	newer = rig_list(r->authority, 6);
	assert_int_equal(sj_status_import(r->store, newer.bytes, newer.len, NULL), SJ_OK);
	rig_file_free(&newer);
	assert_int_equal(bundle_epoch(r), 6);
	newer = rig_delta(r->authority, 7);
	assert_int_equal(sj_status_import(r->store, newer.bytes, newer.len, NULL), SJ_OK);
	rig_file_free(&newer);
	assert_int_equal(bundle_epoch(r), 7);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 8));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(bundle_epoch(r), 8);
}

/* As STATUS.md has it of lists imported by hand: never two of one epoch. */
static void two_lists_of_one_epoch_are_refused(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file other = rig_list(r->authority, 6);
	struct sj_status_head head = rig_head_of(r->authority, &other);

	bundle_add_status(r, 5);
	assert_int_equal(bundle_next(r), SJ_OK);
	head.epoch = 5;
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_resign(&other, &head, &r->authority->signer));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "Another list of the same epoch is in use."));
	assert_int_equal(bundle_epoch(r), 5);
	rig_file_free(&other);
}

/* Nor does a new status signer begin anew. */
static void an_older_list_of_the_next_signer_is_refused(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 5);
	assert_int_equal(bundle_next(r), SJ_OK);
	rig_new_key(&r->authority->signer);
	bundle_remove(r, SJ_BUNDLED_GATE_TOKEN);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add_status(r, 4);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "It is older than the one in use."));
}

/* A card has brought the head of a newer list than the bundle's. */
static void a_newer_head_is_remembered_beside_the_bundle(void **state)
{
	struct sj_status_info info = { .size = sizeof(info) };
	struct bundle_rig *r = *state;
	struct rig_file head = rig_head(r->authority, 5);
	struct sj_status *status;

	bundle_add_status(r, 2);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_status_note_head(r->store, head.bytes, head.len, NULL), SJ_OK);
	assert_int_equal(sj_status_open(r->store, RIG_ISSUER, &status), SJ_OK);
	sj_status_describe(status, RIG_NOW, &info);
	assert_int_equal(info.epoch, 2);
	assert_int_equal(info.newest_epoch, 5);
	sj_status_close(status);
	rig_file_free(&head);
}

static void an_expired_bundle_is_refused(void **state)
{
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct bundle_rig *r = *state;
	struct sj_trust *trust;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	r->expires = (uint32_t)r->now - 1;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_EXPIRED);
	r->expires = (uint32_t)r->now;
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_bundle_describe(r->store, r->now, &info), SJ_OK);
	assert_false(info.expired);
	assert_int_equal(sj_bundle_describe(r->store, r->now + 1, &info), SJ_OK);
	assert_true(info.expired);
	/* A clock that was set back does not make it valid again. */
	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_note_time(trust, r->now + 100), SJ_OK);
	sj_trust_close(trust);
	assert_int_equal(sj_bundle_describe(r->store, r->now, &info), SJ_OK);
	assert_true(info.expired);
	r->expires = (uint32_t)r->now + 50;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_EXPIRED);
}

static void a_bundle_is_evidence_of_the_time(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_trust *trust;
	bool behind;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_time(trust, 1, &behind), r->created);
	assert_true(behind);
	sj_trust_close(trust);
	/* But not from another year. */
	r->created = (uint32_t)r->now + 400 * RIG_DAY;
	r->expires = r->created + RIG_DAY;
	bundle_sign(r);
	assert_int_not_equal(bundle_take(r), SJ_OK);
}

/* --- the manifest -------------------------------------------------------------------- */

static void every_truncation_is_refused(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_manifest manifest;
	struct sj_bundle *bundle;

	bundle_add_status(r, 2);
	bundle_add_delta(r, 1);
	bundle_sign(r);
	assert_true(sj_manifest_parse(sj_span(r->manifest.bytes, r->manifest.len), &manifest));
	assert_int_equal(manifest.count, 4);
	for (size_t n = 0; n < r->manifest.len; n++)
		assert_false(sj_manifest_parse(sj_span(r->manifest.bytes, n), &manifest));
	assert_int_equal(sj_bundle_begin(r->store, r->manifest.bytes, r->manifest.len - 1, r->now,
					 &bundle, NULL),
			 SJ_INPUT_MALFORMED);
	/* Any bit that is changed breaks it. */
	for (size_t n = 0; n < r->manifest.len; n++) {
		r->manifest.bytes[n] ^= 1;
		assert_int_not_equal(bundle_take(r), SJ_OK);
		r->manifest.bytes[n] ^= 1;
	}
	assert_int_equal(bundle_take(r), SJ_OK);
}

static bool can_put(const struct bundle_rig *r, struct sj_bundle_plan plan)
{
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->key);
	struct sj_span token = sj_span(r->tokens[0].bytes, r->tokens[0].len);
	uint8_t *bytes = malloc(2 * SJ_BUNDLE_MANIFEST_MAX);
	struct sj_writer w = sj_writer(bytes, 2 * SJ_BUNDLE_MANIFEST_MAX);
	bool ok;

	plan.signers = plan.signer_count > 0 ? &token : NULL;
	ok = bytes != NULL && sj_bundle_put(&w, &plan, key);
	sj_key_free(key);
	free(bytes);
	return ok;
}

static void what_no_terminal_takes_is_not_made(void **state)
{
	struct bundle_rig *r = *state;
	static struct sj_bundle_entry many[2000];
	struct sj_bundle_entry two[2] = { { .kind = SJ_BUNDLED_STATUS_LIST, .bytes = 9 },
					  { .kind = SJ_BUNDLED_STATUS_LIST, .bytes = 9 } };
	const struct sj_bundle_plan good = { RIG_ISSUER, 1, 1000, 2000, NULL, 1, two, 1 };
	struct sj_bundle_plan plan = good;

	assert_true(can_put(r, plan));
	plan.count = 2; /* two lists */
	assert_false(can_put(r, plan));
	plan.count = 0;
	assert_false(can_put(r, plan));
	plan = good;
	plan.issuer = "NINECHARS";
	assert_false(can_put(r, plan));
	plan = good;
	plan.version = 0;
	assert_false(can_put(r, plan));
	plan = good;
	plan.expires = plan.created;
	assert_false(can_put(r, plan));
	plan = good;
	plan.signer_count = 0;
	assert_false(can_put(r, plan));
	plan = good;
	two[0].bytes = 0;
	assert_false(can_put(r, plan));
	two[0].kind = SJ_BUNDLED_GATE_TOKEN;
	two[0].bytes = SJ_CWT_MAX + 1;
	assert_false(can_put(r, plan));
	for (size_t i = 0; i < 2000; i++)
		many[i] = (struct sj_bundle_entry){ .kind = SJ_BUNDLED_CSCA, .bytes = 700 };
	plan.entries = many;
	plan.count = 1500;
	assert_true(can_put(r, plan));
	plan.count = 2000;
	assert_false(can_put(r, plan));
}

/* --- who may say it ------------------------------------------------------------------ */

static void a_stranger_is_not_believed(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_ec_secret key = r->key;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	rig_new_key(&r->key);
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER); /* another key than the token's */
	rig_file_free(&r->tokens[0]);
	r->tokens[0] = bundle_token(r->now, RIG_ISSUER, &r->key, &r->key);
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER); /* its own token */
	assert_int_equal(sj_bundle_anchor(r->store, r->tokens[0].bytes, r->tokens[0].len),
			 SJ_INPUT_REFUSED); /* there is one already */
	rig_file_free(&r->tokens[0]);
	r->tokens[0] = bundle_token(r->now, "XOM", &key, &key);
	r->key = key;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER); /* another issuer's */
	r->tokens[r->token_count++] = bundle_token(r->now, RIG_ISSUER, &key, &key);
	assert_int_equal(bundle_next(r), SJ_OK);
	/* The signer's time is over. */
	r->now += 101 * (int64_t)RIG_DAY;
	r->expires += 200 * RIG_DAY;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER);
}

static void without_an_anchor_nobody_is_believed(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file token;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	remove_in(r, "bundle/anchor.cwt");
	assert_int_equal(bundle_next(r), SJ_TRUST_MISSING);
	assert_non_null(strstr(r->why_text, "No bundle signer is known here"));
	bundle_hand_over(r); /* not signed by itself */
	assert_int_equal(sj_bundle_anchor(r->store, r->tokens[1].bytes, r->tokens[1].len),
			 SJ_INPUT_REFUSED);
	token = rig_head(r->authority, 1);
	assert_int_equal(sj_bundle_anchor(r->store, token.bytes, token.len), SJ_INPUT_MALFORMED);
	rig_file_free(&token);
	assert_int_equal(sj_bundle_anchor(r->store, r->tokens[0].bytes, r->tokens[0].len), SJ_OK);
	assert_int_equal(sj_bundle_anchor(r->store, r->tokens[0].bytes, r->tokens[0].len), SJ_OK);
	assert_int_equal(bundle_take(r), SJ_OK);
}

/* Slept through two roll-overs; then the predecessor has no say any more. */
static void signers_hand_over(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_ec_secret first = r->key, last;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_hand_over(r);
	bundle_hand_over(r);
	assert_int_equal(bundle_next(r), SJ_OK);
	last = r->key;
	r->key = first;
	r->token_count = 1;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER);
	r->token_count = 3;
	r->key = last;
	assert_int_equal(bundle_next(r), SJ_OK);
}

static void a_gate_believes_what_is_bundled(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_gate_trust *trust;

	bundle_add_status(r, 4);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_gate_trust_read(r->store, &trust), SJ_OK);
	assert_int_equal(trust->list_count, 1);
	assert_int_equal(trust->lists[0].info.epoch, 4);
	sj_gate_trust_free(trust);
}

/* Seconds are what two good clocks differ by: the evidence counts all the same. */
static void a_clock_seconds_behind_is_not_told(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_trust *trust;
	bool behind;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_time(trust, r->created - 60, &behind), r->created);
	assert_false(behind);
	assert_int_equal(sj_trust_time(trust, r->created - 61, &behind), r->created);
	assert_true(behind);
	sj_trust_close(trust);
}

/* Not even where the bundle that the next one signed was lost. */
static void who_has_handed_over_stays_out_after_damage(void **state)
{
	struct bundle_rig *r = *state;
	const struct sj_ec_secret first = r->key;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_hand_over(r);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "echo > bundle/current");
	rig_file_free(&r->tokens[--r->token_count]);
	r->key = first;
	assert_int_equal(bundle_next(r), SJ_BUNDLE_SIGNER);
}

/* --- the store's folder --------------------------------------------------------------- */

static size_t kept_files(const struct bundle_rig *r)
{
	char command[256];
	size_t n = 0;
	FILE *in;

	snprintf(command, sizeof(command), "ls %s/bundle/files | wc -l", r->store);
	in = popen(command, "r");
	assert_non_null(in);
	assert_int_equal(fscanf(in, "%zu", &n), 1);
	pclose(in);
	return n;
}

/* An authority that errs day after day does not fill the disk. */
static void refused_bundles_leave_nothing_behind(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_add(r, SJ_BUNDLED_CRL, bundle_text("none"));
	for (unsigned day = 0; day < 4; day++) {
		char text[16];

		snprintf(text, sizeof(text), "cv %u", day);
		bundle_remove(r, SJ_BUNDLED_CV_LINK);
		bundle_add(r, SJ_BUNDLED_CV_LINK, bundle_text(text));
		assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
		assert_int_equal(kept_files(r), 3);
	}
	bundle_remove(r, SJ_BUNDLED_CRL);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_string_equal(r->asked, "");
	assert_int_equal(kept_files(r), 2);
}

/* Where the bundle cannot be read, what lies beside it does not speak in its place. */
static void a_damaged_slot_is_not_passed_over(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file newer = rig_list(r->authority, 6);
	struct sj_status *status = NULL;

	bundle_add_status(r, 5);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_status_import(r->store, newer.bytes, newer.len, NULL), SJ_OK);
	rig_file_free(&newer);
	bundle_shell(r, "echo > bundle/current");
	assert_int_equal(sj_status_open(r->store, RIG_ISSUER, &status), SJ_TRUST_UNREADABLE);
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_int_equal(bundle_epoch(r), 6);
}

/* Which slot is in use cannot be told: whichever was emptied, it could be that one. */
static void no_slot_is_emptied_while_the_one_in_use_is_unknown(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(bundle_next(r), SJ_OK);
		bundle_shell(r, "cd bundle && mv current was && mkdir current");
		assert_int_equal(bundle_next(r), SJ_TRUST_UNREADABLE);
		assert_non_null(strstr(r->why_text, "bundle/current"));
		bundle_shell(r, "cd bundle && rmdir current && mv was current");
		assert_int_equal(bundle_version(r), 2 * i + 1);
	}
	bundle_shell(r, "rm bundle/current");
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_int_equal(bundle_version(r), 4);
}

/* What a link in a slot's place leads to is not the store's to empty. */
static void a_link_in_a_slots_place_is_not_followed(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	bundle_shell(r, "mkdir -p precious && touch precious/x "
			"&& ln -s ../precious bundle/a && echo > bundle/b");
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "test -f precious/x && test -d bundle/a -a ! -L bundle/a");
}

/* flock() takes any descriptor: who may read the file could hold up every import. */
static void nobody_else_may_hold_the_lock(void **state)
{
	struct bundle_rig *r = *state;
	struct stat st;
	char path[256];

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	snprintf(path, sizeof(path), "%s/bundle/lock", r->store);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_lock_is_held_by_one_alone(void **state)
{
	struct bundle_rig *r = *state;
	int dir, lock = -1, other;

	dir = open(r->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(sj_trust_lock(dir, &lock), SJ_OK);
	other = openat(dir, "lock", O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
	close(lock);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
	close(other);
	close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUNDLE_CASE(an_older_version_is_refused),
		BUNDLE_CASE(what_was_in_use_is_remembered),
		BUNDLE_CASE(a_store_that_forgot_its_version_takes_nothing),
		BUNDLE_CASE(an_older_status_list_is_refused),
		BUNDLE_CASE(two_lists_of_one_epoch_are_refused),
		BUNDLE_CASE(an_older_list_of_the_next_signer_is_refused),
		BUNDLE_CASE(a_newer_head_is_remembered_beside_the_bundle),
		BUNDLE_CASE(an_expired_bundle_is_refused),
		BUNDLE_CASE(a_bundle_is_evidence_of_the_time),
		BUNDLE_CASE(every_truncation_is_refused),
		BUNDLE_CASE(what_no_terminal_takes_is_not_made),
		BUNDLE_CASE(a_stranger_is_not_believed),
		BUNDLE_CASE(without_an_anchor_nobody_is_believed),
		BUNDLE_CASE(signers_hand_over),
		BUNDLE_CASE(a_gate_believes_what_is_bundled),
		BUNDLE_CASE(who_has_handed_over_stays_out_after_damage),
		BUNDLE_CASE(a_clock_seconds_behind_is_not_told),
		BUNDLE_CASE(refused_bundles_leave_nothing_behind),
		BUNDLE_CASE(a_damaged_slot_is_not_passed_over),
		BUNDLE_CASE(no_slot_is_emptied_while_the_one_in_use_is_unknown),
		BUNDLE_CASE(a_link_in_a_slots_place_is_not_followed),
		BUNDLE_CASE(nobody_else_may_hold_the_lock),
		BUNDLE_CASE(the_lock_is_held_by_one_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
