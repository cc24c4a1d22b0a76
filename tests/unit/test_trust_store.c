/* The trust store fed by a country that OpenSSL and Python made (trust_pki.py). */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/skip.h"
#include "tests/unit/pki.h"
#include "trust/chain.h"
#include "trust/time.h"

#define MAY_2026 INT64_C(1778000000)
#define JANUARY_2025 INT64_C(1735689600)
#define DAY INT64_C(86400)

struct file {
	uint8_t *bytes;
	size_t len;
};

static struct file load_path(const char *path)
{
	struct file f = { malloc(1u << 23), 0 };
	FILE *in = fopen(path, "rb");

	assert_non_null(in);
	assert_non_null(f.bytes);
	f.len = fread(f.bytes, 1, 1u << 23, in);
	fclose(in);
	return f;
}

static struct file load(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	return load_path(path);
}

struct store {
	char directory[40];
	struct sj_trust *trust;
	struct sj_trust_counts counts;
	char why[256]; /* last told */
};

static void hear(void *user, const char *what, const char *why)
{
	struct store *s = user;

	(void)what;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static struct store *store_new(void)
{
	struct store *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	strcpy(s->directory, "/tmp/sojourn-store-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	assert_int_equal(sj_trust_create(s->directory, &s->trust), SJ_OK);
	sj_trust_listen(s->trust, hear, s);
	s->counts.size = sizeof(s->counts);
	return s;
}

static void store_free(struct store *s)
{
	char command[80];

	sj_trust_close(s->trust);
	snprintf(command, sizeof(command), "rm -rf %s", s->directory);
	assert_int_equal(system(command), 0);
	free(s);
}

static enum sj_rc import_list(struct store *s, const char *list, const char *signer)
{
	struct file ml = load(list), csca = load(signer);
	enum sj_rc rc = sj_trust_import_masterlist(s->trust, ml.bytes, ml.len, csca.bytes, csca.len,
						   &s->counts);

	free(ml.bytes);
	free(csca.bytes);
	return rc;
}

static enum sj_rc import_csca(struct store *s, const char *name)
{
	struct file f = load(name);
	enum sj_rc rc = sj_trust_import_csca(s->trust, f.bytes, f.len, &s->counts);

	free(f.bytes);
	return rc;
}

static enum sj_rc import_link(struct store *s, const char *name)
{
	struct file f = load(name);
	enum sj_rc rc = sj_trust_import_link(s->trust, f.bytes, f.len, &s->counts);

	free(f.bytes);
	return rc;
}

static enum sj_rc import_crl(struct store *s, const char *name)
{
	struct file f = load(name);
	enum sj_rc rc = sj_trust_import_crl(s->trust, f.bytes, f.len);

	free(f.bytes);
	return rc;
}

static size_t entries(const struct store *s)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	size_t n = 0;

	while (sj_trust_get(s->trust, n, &entry))
		n++;
	return n;
}

/* What the chain says about a certificate, and its times at `now`. */
static enum sj_rc judge(struct store *s, const char *name, int64_t signed_at, int64_t now)
{
	struct file f = load(name);
	struct sj_issuer issuer = { 0 };
	struct sj_finding finding;
	struct sj_cert cert;

	assert_true(sj_cert_read(sj_span(f.bytes, f.len), &cert));
	sj_chain_find(s->trust, &cert, &issuer, &finding);
	if (finding.rc == SJ_OK)
		sj_chain_purpose(&cert, &finding);
	if (finding.rc == SJ_OK)
		sj_chain_times(&cert, &issuer.cert, signed_at, now, &finding);
	sj_issuer_free(&issuer);
	free(f.bytes);
	return finding.rc;
}

/* --- lists ------------------------------------------------------------------------ */

static void list_is_imported(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_list(s, "list.ml", "old.cer"), SJ_OK);
	assert_int_equal(s->counts.added, 4);
	assert_int_equal(s->counts.refused, 1); /* a curve that no standard names */
	assert_int_equal(s->counts.links, 1);
	assert_int_equal(s->counts.explicit_parameters, 2);
	assert_int_equal(import_list(s, "indefinite.ml", "old.cer"), SJ_OK);
	assert_int_equal(s->counts.added, 0);
	assert_int_equal(s->counts.known, 4);
	assert_int_equal(entries(s), 4);
	store_free(s);
}

static void list_signers_that_may_not(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_list(s, "list.ml", "stranger.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "list.ml", "new.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "ds.ml", "old.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "faker.ml", "old.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "early.ml", "old.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "spoiled.ml", "old.cer"), SJ_MASTERLIST_SIGNER);
	assert_int_equal(import_list(s, "type.ml", "old.cer"), SJ_INPUT_MALFORMED);
	assert_int_equal(import_list(s, "old.cer", "old.cer"), SJ_INPUT_MALFORMED);
	assert_int_equal(entries(s), 0);
	store_free(s);
}

static void german_list(void **state)
{
	const char *shared = getenv("SOJOURN_SHARED");
	struct file list, csca;
	struct store *s;
	char path[512];

	(void)state;
	if (!shared)
		SKIP_BECAUSE("SOJOURN_SHARED is not set: the German master list lies there");
	snprintf(path, sizeof(path), "%s/data/masterlists/DE_ML_2026-05-28.ml", shared);
	list = load_path(path);
	snprintf(path, sizeof(path), "%s/data/masterlists/DE_CSCA07.cer", shared);
	csca = load_path(path);
	s = store_new();
	assert_int_equal(sj_trust_import_masterlist(s->trust, list.bytes, list.len, csca.bytes,
						    csca.len, &s->counts),
			 SJ_OK);
	assert_int_equal(s->counts.added, 588);
	assert_int_equal(s->counts.explicit_parameters, 160);
	assert_int_equal(s->counts.refused, 0);
	assert_int_equal(entries(s), 588);
	store_free(s);
	free(list.bytes);
	free(csca.bytes);
}

/* --- single certificates ------------------------------------------------------------ */

static void csca_by_hand(void **state)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "new.cer"), SJ_OK);
	assert_true(sj_trust_get(s->trust, 0, &entry));
	assert_string_equal(entry.country, "UT");
	assert_string_equal(entry.key, "brainpoolP384r1");
	assert_true(entry.explicit_parameters);
	assert_false(entry.link);
	assert_false(entry.has_crl);
	assert_int_equal(import_csca(s, "signer.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_csca(s, "new.link.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_csca(s, "unknown.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_csca(s, "list.ml"), SJ_INPUT_MALFORMED);
	store_free(s);
}

static void link_by_hand(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(import_link(s, "stranger.link.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_link(s, "old.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_link(s, "signer.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_link(s, "abroad.link.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(import_csca(s, "ended.cer"), SJ_OK);
	assert_int_equal(import_link(s, "late.link.cer"), SJ_INPUT_REFUSED);
	assert_int_equal(judge(s, "signer.new.cer", 0, MAY_2026), SJ_ISSUER_UNKNOWN);
	assert_int_equal(import_link(s, "new.link.cer"), SJ_OK);
	assert_int_equal(s->counts.links, 1);
	assert_int_equal(judge(s, "signer.new.cer", 0, MAY_2026), SJ_OK);
	store_free(s);
}

/* --- chains ---------------------------------------------------------------------------- */

static void chains(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(judge(s, "signer.cer", 0, MAY_2026), SJ_ISSUER_UNKNOWN);
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(judge(s, "signer.cer", MAY_2026, MAY_2026), SJ_OK);
	assert_int_equal(judge(s, "faker.cer", 0, MAY_2026), SJ_ISSUER_UNKNOWN);
	assert_int_equal(judge(s, "lister.cer", 0, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(s, "odd.cer", 0, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(s, "old.cer", 0, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(s, "abroad.cer", 0, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(s, "signer.cer", MAY_2026 + 3 * DAY, MAY_2026), SJ_SIGNER_EXPIRED);
	assert_int_equal(judge(s, "signer.cer", 1000, MAY_2026), SJ_SIGNER_INVALID);
	assert_int_equal(judge(s, "signer.ended.cer", 0, MAY_2026), SJ_SIGNER_EXPIRED);
	assert_int_equal(judge(s, "signer.cer", 0, 1000), SJ_SIGNER_EXPIRED);
	store_free(s);
}

/* One bit of the signature: the key identifier still names the issuer. */
static void a_forged_signer(void **state)
{
	struct store *s = store_new();
	struct file f = load("signer.cer");
	struct sj_issuer issuer = { 0 };
	struct sj_finding finding;
	struct sj_cert cert;

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	f.bytes[f.len - 3] ^= 1;
	assert_true(sj_cert_read(sj_span(f.bytes, f.len), &cert));
	sj_chain_find(s->trust, &cert, &issuer, &finding);
	assert_int_equal(finding.rc, SJ_CHAIN_SIGNATURE);
	free(f.bytes);
	store_free(s);
}

/* --- revocation --------------------------------------------------------------------------- */

static enum sj_rc revocation(struct store *s, int64_t now, bool *asked)
{
	struct file f = load("signer.cer");
	struct sj_finding finding;
	struct sj_cert cert;

	assert_true(sj_cert_read(sj_span(f.bytes, f.len), &cert));
	sj_chain_revocation(s->trust, &cert, now, asked, &finding);
	free(f.bytes);
	return finding.rc;
}

static void revocation_lists(void **state)
{
	struct store *s = store_new();
	bool asked;

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(sj_trust_note_time(s->trust, JANUARY_2025 + 360 * DAY), SJ_OK);
	assert_int_equal(revocation(s, MAY_2026, &asked), SJ_OK);
	assert_false(asked);
	assert_int_equal(import_crl(s, "stranger.crl"), SJ_INPUT_REFUSED);
	assert_int_equal(import_crl(s, "first.crl"), SJ_OK);
	assert_int_equal(revocation(s, MAY_2026, &asked), SJ_OK);
	assert_true(asked);
	assert_int_equal(revocation(s, MAY_2026 + 80 * 86400, &asked), SJ_CRL_STALE);
	assert_int_equal(import_crl(s, "second.crl"), SJ_OK);
	assert_int_equal(revocation(s, MAY_2026, &asked), SJ_SIGNER_REVOKED);
	assert_int_equal(import_crl(s, "first.crl"), SJ_INPUT_REFUSED);
	assert_int_equal(revocation(s, MAY_2026 + 800 * 86400, &asked), SJ_SIGNER_REVOKED);
	assert_int_equal(import_crl(s, "future.crl"), SJ_INPUT_REFUSED);
	assert_int_equal(import_crl(s, "old.cer"), SJ_INPUT_MALFORMED);
	store_free(s);
}

/* --- the directory -------------------------------------------------------------------------- */

static void a_missing_store(void **state)
{
	struct store *s = store_new();
	struct sj_trust *trust = NULL;

	(void)state;
	assert_int_equal(sj_trust_open("/nonexistent/trust", &trust), SJ_TRUST_MISSING);
	assert_int_equal(sj_trust_open(s->directory, &trust), SJ_TRUST_MISSING);
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(sj_trust_open(s->directory, &trust), SJ_OK);
	sj_trust_close(trust);
	store_free(s);
}

static void opened_for_reading_imports_nothing(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	sj_trust_close(s->trust);
	assert_int_equal(sj_trust_open(s->directory, &s->trust), SJ_OK);
	assert_int_equal(import_csca(s, "new.cer"), SJ_FILE_PERMISSION);
	assert_int_equal(entries(s), 1);
	store_free(s);
}

static void shell(const struct store *s, const char *command)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s && %s", s->directory, command);
	assert_int_equal(system(line), 0);
}

static void files_that_no_index_names_are_nothing(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	shell(s, "cp csca/*.cer csca/0123456789abcdef-0123456789abcdef.cer; touch csca/.tmp-1-x");
	assert_int_equal(entries(s), 1);
	assert_int_equal(import_csca(s, "new.cer"), SJ_OK); /* an import sweeps them away */
	shell(s, "test $(ls -A csca | wc -l) = 2");
	store_free(s);
}

static void a_damaged_file_is_named_and_repaired(void **state)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	shell(s, "for f in csca/*; do echo >>$f; done");
	assert_true(sj_trust_get(s->trust, 0, &entry));
	assert_string_equal(entry.subject, "(unreadable)");
	assert_true(s->why[0] != 0);
	assert_int_equal(judge(s, "signer.cer", 0, MAY_2026), SJ_TRUST_UNREADABLE);
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(judge(s, "signer.cer", 0, MAY_2026), SJ_OK);
	store_free(s);
}

static void a_damaged_crl_is_named_and_repaired(void **state)
{
	struct store *s = store_new();

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(import_crl(s, "first.crl"), SJ_OK);
	assert_int_equal(sj_trust_check_crls(s->trust), 0);
	shell(s, "for f in crl/*; do echo >>$f; done");
	assert_int_equal(sj_trust_check_crls(s->trust), 1);
	assert_string_equal(s->why, "It is not the file that was imported.");
	assert_int_equal(import_crl(s, "first.crl"), SJ_OK);
	assert_int_equal(sj_trust_check_crls(s->trust), 0);
	store_free(s);
}

static void a_damaged_index_is_an_error(void **state)
{
	static const char *const damages[] = {
		"echo >>index",
		"sed -i 's/^end 1/end 2/' index",
		"sed -i '/^end/d' index",
		"sed -i 's/csca/CSCA/' index",
		"sed -i 's/^csca ./csca g/' index",
		"sed -i 's/trust 1/trust 2/' index",
		": >index",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct store *s = store_new();
		struct sj_trust *trust = NULL;

		assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
		shell(s, damages[i]);
		assert_int_equal(sj_trust_open(s->directory, &trust), SJ_TRUST_UNREADABLE);
		store_free(s);
	}
}

/* --- the time ---------------------------------------------------------------------------------- */

static void evidence_of_the_time_only_grows(void **state)
{
	struct store *s = store_new();
	struct sj_trust *again;
	bool behind;

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, 1000, &behind), 1000);
	assert_false(behind);
	assert_int_equal(sj_trust_note_time(s->trust, MAY_2026), SJ_OK);
	assert_int_equal(sj_trust_note_time(s->trust, 5000), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, 1000, &behind), MAY_2026);
	assert_true(behind); /* SJ_CLOCK_BEHIND */
	assert_int_equal(sj_trust_time(s->trust, MAY_2026 + 1, &behind), MAY_2026 + 1);
	assert_false(behind);
	assert_int_equal(sj_trust_open(s->directory, &again), SJ_OK);
	assert_int_equal(sj_trust_time(again, 1000, &behind), MAY_2026);
	sj_trust_close(again);
	shell(s, "echo yesterday >time");
	assert_int_equal(sj_trust_open(s->directory, &again), SJ_TRUST_UNREADABLE);
	store_free(s);
}

/* One valid signature with a date far ahead would end everybody's validity for ever. */
static void documents_prove_no_far_future(void **state)
{
	struct store *s = store_new();
	struct sj_trust *again;
	bool behind;

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK); /* of January 2025 */
	assert_int_equal(sj_trust_learn_time(s->trust, MAY_2026 + 3650 * DAY, MAY_2026), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, MAY_2026, &behind), MAY_2026);
	assert_int_equal(sj_trust_learn_time(s->trust, MAY_2026 + 300 * DAY, MAY_2026), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, MAY_2026, &behind), MAY_2026 + 300 * DAY);
	/* What one document proved is no step for the next one. */
	assert_int_equal(sj_trust_learn_time(s->trust, MAY_2026 + 600 * DAY, MAY_2026), SJ_OK);
	assert_int_equal(sj_trust_open(s->directory, &again), SJ_OK);
	assert_int_equal(sj_trust_time(again, MAY_2026, &behind), MAY_2026 + 300 * DAY);
	sj_trust_close(again);
	store_free(s);
}

/* Without a clock, what was imported says which dates are plausible. */
static void without_a_clock_imports_are_the_measure(void **state)
{
	struct store *s = store_new();
	bool behind;

	(void)state;
	assert_int_equal(import_csca(s, "old.cer"), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, 1000, &behind), 1000);
	assert_int_equal(sj_trust_learn_time(s->trust, JANUARY_2025 + 400 * DAY, 1000), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, 1000, &behind), 1000);
	assert_int_equal(sj_trust_learn_time(s->trust, JANUARY_2025 + 300 * DAY, 1000), SJ_OK);
	assert_int_equal(sj_trust_time(s->trust, 1000, &behind), JANUARY_2025 + 300 * DAY);
	store_free(s);
}

/* --- an import that is killed -------------------------------------------------------------------- */

static void import_for_ever(const char *directory)
{
	struct sj_trust *trust;
	struct file list = load("list.ml"), csca = load("old.cer");

	if (sj_trust_create(directory, &trust) != SJ_OK)
		_exit(1);
	for (;;)
		if (sj_trust_import_masterlist(trust, list.bytes, list.len, csca.bytes, csca.len,
					       NULL) != SJ_OK ||
		    unlinkat(trust->dir, "index", 0) != 0)
			_exit(1);
}

static void killed_imports_leave_all_or_nothing(void **state)
{
	struct store *s = store_new();

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		pid_t child = fork();
		struct sj_trust *again;
		int status;
		size_t n;

		assert_true(child >= 0);
		if (child == 0)
			import_for_ever(s->directory);
		usleep(1000 + i * 997 % 9000);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status)); /* it had not failed */
		assert_int_equal(sj_trust_create(s->directory, &again), SJ_OK);
		sj_trust_close(s->trust);
		s->trust = again;
		n = entries(s);
		assert_true(n == 0 || n == 4);
		if (n == 4)
			assert_int_equal(judge(s, "signer.cer", 0, MAY_2026), SJ_OK);
	}
	assert_int_equal(import_list(s, "list.ml", "old.cer"), SJ_OK);
	shell(s, "test $(ls -A csca link | grep -c cer) = 4");
	shell(s, "test -z \"$(ls -A csca link | grep tmp)\"");
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_is_imported),
		cmocka_unit_test(list_signers_that_may_not),
		cmocka_unit_test(german_list),
		cmocka_unit_test(csca_by_hand),
		cmocka_unit_test(link_by_hand),
		cmocka_unit_test(chains),
		cmocka_unit_test(a_forged_signer),
		cmocka_unit_test(revocation_lists),
		cmocka_unit_test(a_missing_store),
		cmocka_unit_test(opened_for_reading_imports_nothing),
		cmocka_unit_test(files_that_no_index_names_are_nothing),
		cmocka_unit_test(a_damaged_file_is_named_and_repaired),
		cmocka_unit_test(a_damaged_crl_is_named_and_repaired),
		cmocka_unit_test(a_damaged_index_is_an_error),
		cmocka_unit_test(evidence_of_the_time_only_grows),
		cmocka_unit_test(documents_prove_no_far_future),
		cmocka_unit_test(without_a_clock_imports_are_the_measure),
		cmocka_unit_test(killed_imports_leave_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
