/* The signed bundle: what is in it, deltas, power cuts, damage. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sojourn/status.h>

#include "tests/skip.h"
#include "tests/unit/bundle_rig.h"
#include "tests/unit/pki.h"
#include "trust/chain.h"
#include "trust/signers.h"

static void path_in(const struct bundle_rig *r, const char *name, char out[static 256])
{
	snprintf(out, 256, "%s/%s", r->store, name);
}

static size_t certificates(const struct bundle_rig *r, size_t *bundled)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(r->store, &trust);
	size_t n = 0;

	*bundled = 0;
	if (rc == SJ_TRUST_MISSING)
		return 0;
	assert_int_equal(rc, SJ_OK);
	for (; sj_trust_get(trust, n, &entry); n++) {
		assert_string_not_equal(entry.subject, "(unreadable)");
		*bundled += entry.bundled;
	}
	assert_int_equal(sj_trust_check_crls(trust), 0);
	sj_trust_close(trust);
	return n;
}

static size_t signers(const struct bundle_rig *r)
{
	struct sj_signers *all = malloc(sizeof(*all));
	int dir = open(r->store, O_RDONLY | O_DIRECTORY);
	size_t n;

	assert_non_null(all);
	n = sj_signers_load(dir, all) == SJ_OK ? all->n : 0;
	close(dir);
	free(all);
	return n;
}

/* A whole country. */
static void add_country(struct bundle_rig *r)
{
	bundle_add(r, SJ_BUNDLED_CRL, pki_load("second.crl"));
	bundle_add(r, SJ_BUNDLED_LINK, pki_load("new.link.cer"));
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_add(r, SJ_BUNDLED_KEY_CA, pki_load("keys.cer"));
	bundle_add(r, SJ_BUNDLED_CRL, pki_load("keys.crl"));
}

/* --- what is in it ------------------------------------------------------------------- */

static void a_bundle_brings_everything(void **state)
{
	struct bundle_rig *r = *state;
	char path[256];
	size_t bundled;

	add_country(r);
	bundle_add_status(r, 3);
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	bundle_add(r, SJ_BUNDLED_CV_LINK, bundle_text("cv"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 3);
	assert_int_equal(bundled, 3);
	assert_int_equal(signers(r), 2);
	assert_int_equal(bundle_epoch(r), 3);
	path_in(r, "bundle/a/services.json", path);
	assert_int_equal(access(path, R_OK), 0);
	assert_int_equal(bundle_version(r), 1);
	/* The very same again is nothing to do. */
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_string_equal(r->asked, "");
}

static void the_registry_of_the_bundle_in_use_is_handed_out(void **state)
{
	struct bundle_rig *r = *state;
	char json[32];
	size_t len = sizeof(json), little = 3;

	assert_int_equal(sj_bundle_services(r->store, json, &len), SJ_TRUST_MISSING);
	add_country(r);
	bundle_add_status(r, 3);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_bundle_services(r->store, json, &len), SJ_TRUST_MISSING);
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{\"a\": 1}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_bundle_services(r->store, json, &len), SJ_OK);
	assert_int_equal(len, 8);
	assert_memory_equal(json, "{\"a\": 1}", 8);
	assert_int_equal(sj_bundle_services(r->store, json, &little), SJ_FILE_TOO_LARGE);
	assert_int_equal(sj_bundle_services("/nonexistent", json, &len), SJ_TRUST_MISSING);
}

static void a_master_list_brings_its_certificates(void **state)
{
	struct bundle_rig *r = *state;
	size_t bundled;

	bundle_add(r, SJ_BUNDLED_MASTER_LIST, pki_load("list.ml"));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "No CSCA of the bundle stands above its signer."));
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 4);
	bundle_remove(r, SJ_BUNDLED_MASTER_LIST);
	bundle_add(r, SJ_BUNDLED_MASTER_LIST, pki_load("spoiled.ml"));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_int_equal(certificates(r, &bundled), 4);
}

static void what_the_next_leaves_out_is_gone(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file own = pki_load("stranger.cer");
	struct sj_trust *trust;
	size_t bundled;

	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_import_csca(trust, own.bytes, own.len, NULL), SJ_OK);
	sj_trust_close(trust);
	rig_file_free(&own);
	add_country(r);
	bundle_add_status(r, 1);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 4);
	bundle_remove(r, SJ_BUNDLED_KEY_CA);
	bundle_remove(r, SJ_BUNDLED_CRL);
	bundle_remove(r, SJ_BUNDLED_GATE_TOKEN);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 3); /* what was imported by hand stays */
	assert_int_equal(bundled, 2);
	assert_int_equal(signers(r), 0);
	assert_int_equal(bundle_epoch(r), 0);
}

/* A hand import goes beside the bundle, and what signs it may be bundled. */
static void hand_imports_see_the_bundle(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file link = pki_load("new.link.cer"), clash = pki_load("keys.as-csca.cer");
	struct sj_trust *trust;
	size_t bundled;

	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_import_link(trust, link.bytes, link.len, NULL), SJ_OK);
	/* The name is one of a bundled CSCA. */
	assert_int_equal(sj_trust_import_key_ca(trust, clash.bytes, clash.len, NULL),
			 SJ_INPUT_REFUSED);
	sj_trust_close(trust);
	assert_int_equal(certificates(r, &bundled), 2);
	assert_int_equal(bundled, 1);
	rig_file_free(&link);
	rig_file_free(&clash);
}

static void import_by_hand(const struct bundle_rig *r, const char *csca, const char *crl)
{
	struct rig_file certificate = pki_load(csca), list = pki_load(crl);
	struct sj_trust *trust;

	assert_int_equal(sj_trust_create(r->store, &trust), SJ_OK);
	assert_int_equal(sj_trust_import_csca(trust, certificate.bytes, certificate.len, NULL),
			 SJ_OK);
	assert_int_equal(sj_trust_import_crl(trust, list.bytes, list.len), SJ_OK);
	sj_trust_close(trust);
	rig_file_free(&certificate);
	rig_file_free(&list);
}

static enum sj_rc revocation_of(const struct bundle_rig *r, const char *name, int64_t now)
{
	struct rig_file der = pki_load(name);
	struct sj_trust *trust;
	struct sj_finding f;
	struct sj_cert cert;
	bool asked;

	assert_true(sj_cert_read(sj_span(der.bytes, der.len), &cert));
	assert_int_equal(sj_trust_open(r->store, &trust), SJ_OK);
	sj_chain_revocation(trust, &cert, now, &asked, &f);
	assert_true(asked);
	sj_trust_close(trust);
	rig_file_free(&der);
	return f.rc;
}

/* One revocation list by hand, one by the bundle: the newer counts, and whichever revokes. */
static void of_two_revocation_lists_the_newer_counts(void **state)
{
	const int64_t june = 1780272000, mid_july = 1784073600;
	struct bundle_rig *r = *state;

	import_by_hand(r, "old.cer", "first.crl"); /* April to July, revokes nobody */
	assert_int_equal(revocation_of(r, "signer.cer", june), SJ_OK);
	assert_int_equal(revocation_of(r, "signer.ended.cer", mid_july), SJ_CRL_STALE);
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_add(r, SJ_BUNDLED_CRL,
		   pki_load("second.crl")); /* May to August, revokes the signer */
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(revocation_of(r, "signer.cer", june), SJ_SIGNER_REVOKED);
	assert_int_equal(revocation_of(r, "signer.ended.cer", mid_july), SJ_OK);
	/* The other way round. */
	import_by_hand(r, "old.cer", "second.crl");
	bundle_remove(r, SJ_BUNDLED_CRL);
	bundle_add(r, SJ_BUNDLED_CRL, pki_load("first.crl"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(revocation_of(r, "signer.cer", june), SJ_SIGNER_REVOKED);
	assert_int_equal(revocation_of(r, "signer.ended.cer", mid_july), SJ_OK);
}

static void what_is_signed_is_checked(void **state)
{
	static const struct {
		enum sj_bundle_kind kind;
		const char *name;
	} bad[] = {
		{ SJ_BUNDLED_LINK, "stranger.link.cer" },
		{ SJ_BUNDLED_CRL, "stranger.crl" },
		{ SJ_BUNDLED_CRL, "future.crl" },
		{ SJ_BUNDLED_CSCA, "signer.cer" },
		{ SJ_BUNDLED_CSCA, "list.ml" },
		{ SJ_BUNDLED_KEY_CA, "new.link.cer" },
		{ SJ_BUNDLED_GATE_TOKEN, "index.txt.attr" },
	};
	struct bundle_rig *r = *state;
	size_t bundled;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
		bundle_add(r, bad[i].kind, pki_load(bad[i].name));
		assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
		assert_string_not_equal(r->why_text, "");
		while (r->count > 0)
			bundle_remove(r, r->files[0].entry.kind);
	}
	assert_int_equal(certificates(r, &bundled), 0);
	assert_int_equal(bundle_version(r), 0);
}

static void an_authority_speaks_for_itself_only(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file token = { malloc(SJ_CWT_MAX), 0 };

	token.len =
		rig_token(SJ_CWT_GATE_CA, "XOM", &r->authority->ca, &r->authority->ca, token.bytes);
	bundle_add(r, SJ_BUNDLED_GATE_TOKEN, token);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "It is another authority's."));
	bundle_remove(r, SJ_BUNDLED_GATE_TOKEN);
	/* A status signer without the gate CA that vouches for it. */
	bundle_add_status(r, 1);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	rig_file_free(&r->files[--r->count].file);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "No gate CA of the bundle"));
	bundle_remove(r, SJ_BUNDLED_GATE_TOKEN);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 1));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "No status signer of the bundle"));
}

/* --- deltas -------------------------------------------------------------------------- */

static void a_delta_spares_the_list(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 1);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_string_equal(r->asked, "gate token,gate token,status list,");
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 4));
	bundle_add_delta(r, 1);
	bundle_add_delta(r, 3);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_string_equal(r->asked, "status delta,");
	assert_int_equal(bundle_epoch(r), 4);
}

static void without_the_delta_the_list_is_asked_for(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 1);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 2));
	bundle_add_delta(r, 1)->withheld = true;
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_string_equal(r->asked, "status delta,status list,");
	assert_int_equal(bundle_epoch(r), 2);
}

static void a_delta_that_leads_elsewhere_is_given_up(void **state)
{
	struct bundle_rig *r = *state;
	struct bundle_file *delta;
	uint8_t from[SJ_STATUS_ROOT];

	bundle_add_status(r, 1);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
	bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, 4));
	memcpy(from, bundle_add_delta(r, 1)->entry.from, sizeof(from));
	bundle_remove(r, SJ_BUNDLED_STATUS_DELTA);
	delta = bundle_add_delta(r, 3);
	memcpy(delta->entry.from, from, sizeof(from)); /* the delta of 3, said to be of 1 */
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_string_equal(r->asked, "status delta,status list,");
	assert_int_equal(bundle_epoch(r), 4);
}

static void a_source_without_a_file_is_told(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 1);
	r->files[2].withheld = true;
	assert_int_equal(bundle_next(r), SJ_INPUT_UNREADABLE);
	assert_int_equal(bundle_version(r), 0);
	/* What came is kept: the fetch goes on where it was. */
	r->files[2].withheld = false;
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_string_equal(r->asked, "status list,");
}

static void wrong_bytes_are_not_taken(void **state)
{
	struct sj_bundle_want want = { .size = sizeof(want) };
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct bundle_rig *r = *state;
	struct sj_bundle *bundle;
	const char *why;

	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	bundle_sign(r);
	assert_int_equal(sj_bundle_begin(r->store, r->manifest.bytes, r->manifest.len, r->now,
					 &bundle, &why),
			 SJ_OK);
	assert_int_equal(sj_bundle_apply(bundle, &why), SJ_USAGE);
	assert_int_equal(sj_bundle_give(bundle, (const uint8_t *)"[]", 2, &why),
			 SJ_INPUT_MALFORMED);
	assert_int_equal(sj_bundle_give(bundle, (const uint8_t *)"{} ", 3, &why),
			 SJ_INPUT_MALFORMED);
	sj_bundle_offered(bundle, r->now, &info);
	assert_int_equal(info.version, 1);
	assert_true(sj_bundle_wanted(bundle, &want));
	assert_int_equal(want.bytes, 2);
	assert_int_equal(sj_bundle_give(bundle, (const uint8_t *)"{}", 2, &why), SJ_OK);
	assert_false(sj_bundle_wanted(bundle, &want));
	assert_int_equal(sj_bundle_apply(bundle, &why), SJ_OK);
	sj_bundle_end(bundle);
}

static void a_damaged_file_is_asked_for_again(void **state)
{
	struct bundle_rig *r = *state;
	size_t bundled;

	add_country(r);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "for f in bundle/files/* bundle/a/csca/*; do echo >> $f; done");
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_non_null(strstr(r->asked, "CSCA certificate,"));
	assert_int_equal(certificates(r, &bundled), 3);
}

/* Signatures are not checked twice: what is the same is the same file. */
static void what_is_in_use_is_linked(void **state)
{
	struct bundle_rig *r = *state;

	add_country(r);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_add(r, SJ_BUNDLED_SERVICES, bundle_text("{}"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "cd bundle && for f in a/csca/* a/link/* a/crl/* a/key/*; do "
			"test $f -ef b/${f#a/} || exit 1; done");
}

/* What it signed counts no longer where it is gone, whatever was checked before. */
static void an_issuer_left_out_takes_along_what_it_signed(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_KEY_CA, pki_load("keys.cer"));
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_add(r, SJ_BUNDLED_CRL, pki_load("second.crl"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_CSCA);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	bundle_remove(r, SJ_BUNDLED_CRL);
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_add(r, SJ_BUNDLED_LINK, pki_load("new.link.cer"));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_CSCA);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
}

/* A terminal that is new believes the same bundle as one that had it before. */
static void a_link_outlives_who_signed_it(void **state)
{
	struct bundle_rig *r = *state;
	char command[256];
	size_t bundled;

	snprintf(command, sizeof(command), "echo %lld >%s/time", (long long)r->now - 1, r->store);
	assert_int_equal(system(command), 0);
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer")); /* until 2040 */
	bundle_add(r, SJ_BUNDLED_LINK, pki_load("new.link.cer"));
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 2);
}

static int setup_in_2041(void **state)
{
	return bundle_rig_setup_at(state, INT64_C(2241000000));
}

/* --- cuts ---------------------------------------------------------------------------- */

/* Whatever is cut off when: the old bundle or the new one, whole, and the next attempt succeeds. */
static void cut_everywhere(struct bundle_rig *r, bool for_good)
{
	bool done = false, old_seen = false, new_seen = false;
	size_t bundled;

	add_country(r);
	bundle_add_status(r, 1);
	assert_int_equal(bundle_next(r), SJ_OK);
	for (unsigned k = 1; !done; k++) {
		const uint32_t before = bundle_version(r);
		uint32_t after;

		bundle_remove(r, SJ_BUNDLED_STATUS_LIST);
		bundle_remove(r, SJ_BUNDLED_STATUS_DELTA);
		bundle_add(r, SJ_BUNDLED_STATUS_LIST, rig_list(r->authority, before + 1));
		bundle_add_delta(r, before);
		bundle_sign(r);
		r->authority->calls = 0;
		r->authority->fail_at = k;
		r->authority->fail_on = for_good;
		done = bundle_take(r) == SJ_OK;
		after = bundle_version(r);
		assert_true(after == before || after == before + 1);
		assert_int_equal(bundle_epoch(r), after);
		assert_int_equal(certificates(r, &bundled), 3);
		assert_int_equal(signers(r), 2);
		old_seen |= after == before;
		new_seen |= after == before + 1 && !done;
		r->authority->fail_at = 0;
		assert_int_equal(bundle_take(r), SJ_OK);
		assert_int_equal(bundle_version(r), before + 1);
	}
	assert_true(old_seen && new_seen);
}

static void a_cut_leaves_the_old_bundle_or_the_new(void **state)
{
	cut_everywhere(*state, true);
}

static void an_error_leaves_the_old_bundle_or_the_new(void **state)
{
	cut_everywhere(*state, false);
}

/* A certificate of the list that was passed over is no reason. */
static void a_failing_disk_is_not_blamed_on_a_certificate(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add(r, SJ_BUNDLED_MASTER_LIST, pki_load("list.ml"));
	bundle_add(r, SJ_BUNDLED_CSCA, pki_load("old.cer"));
	bundle_sign(r);
	for (r->authority->fail_at = 1; bundle_take(r) != SJ_OK; r->authority->fail_at++) {
		assert_string_equal(r->why_text, "");
		r->authority->calls = 0;
	}
	assert_true(r->authority->fail_at > 20);
}

/* --- damage -------------------------------------------------------------------------- */

static void a_damaged_slot_is_told_and_repaired(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct sj_trust *trust;
	size_t bundled;

	add_country(r);
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_shell(r, "rm -r bundle/a");
	assert_int_equal(sj_trust_open(r->store, &trust), SJ_TRUST_UNREADABLE);
	assert_int_equal(sj_bundle_describe(r->store, r->now, &info), SJ_TRUST_UNREADABLE);
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 3);
	bundle_shell(r, "echo > bundle/current");
	assert_int_equal(sj_trust_open(r->store, &trust), SJ_TRUST_UNREADABLE);
	assert_int_equal(bundle_take(r), SJ_OK);
	assert_int_equal(certificates(r, &bundled), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUNDLE_CASE(a_bundle_brings_everything),
		BUNDLE_CASE(the_registry_of_the_bundle_in_use_is_handed_out),
		BUNDLE_CASE(a_master_list_brings_its_certificates),
		BUNDLE_CASE(what_the_next_leaves_out_is_gone),
		BUNDLE_CASE(hand_imports_see_the_bundle),
		BUNDLE_CASE(of_two_revocation_lists_the_newer_counts),
		BUNDLE_CASE(what_is_signed_is_checked),
		BUNDLE_CASE(an_authority_speaks_for_itself_only),
		BUNDLE_CASE(a_delta_spares_the_list),
		BUNDLE_CASE(without_the_delta_the_list_is_asked_for),
		BUNDLE_CASE(a_delta_that_leads_elsewhere_is_given_up),
		BUNDLE_CASE(a_source_without_a_file_is_told),
		BUNDLE_CASE(wrong_bytes_are_not_taken),
		BUNDLE_CASE(a_damaged_file_is_asked_for_again),
		BUNDLE_CASE(what_is_in_use_is_linked),
		BUNDLE_CASE(an_issuer_left_out_takes_along_what_it_signed),
		cmocka_unit_test_setup_teardown(a_link_outlives_who_signed_it, setup_in_2041,
						bundle_rig_teardown),
		BUNDLE_CASE(a_cut_leaves_the_old_bundle_or_the_new),
		BUNDLE_CASE(an_error_leaves_the_old_bundle_or_the_new),
		BUNDLE_CASE(a_failing_disk_is_not_blamed_on_a_certificate),
		BUNDLE_CASE(a_damaged_slot_is_told_and_repaired),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
