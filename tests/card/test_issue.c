/*
 * Whole issuing: `sojourn issue` against a card behind a pipe, then the card read and judged through
 * the public API. "test_issue card FILE [MICROSECONDS, then it dies]" is the card.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sojourn/document.h>

#include "host/card.h"
#include "host/store.h"
#include "link/stdio.h"
#include "tests/card/issue_rig.h"

#define CAN "317905"

/* --- the card ------------------------------------------------------------------ */

static int run_card(const char *path, const char *microseconds)
{
	const struct card_stdio_config link = { .in = 0, .out = 1, .stop_fd = -1 };
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = card_clock_system(),
				      .random = sj_random_system() };
	const struct itimerval alarm_at = { { 0, 0 },
					    { 0, microseconds == NULL ? 0 : atoi(microseconds) } };
	struct card *card;
	enum card_stdio_rc rc;

	setitimer(ITIMER_REAL, &alarm_at, NULL);
	if (card_store_open(path, &config.store) != CARD_STORE_OK &&
	    card_store_create(path, &config.store) != CARD_STORE_OK)
		return 1;
	card = card_new(&config);
	if (card == NULL)
		return 1;
	rc = card_stdio_run(&link, card);
	card_free(card);
	card_store_close(config.store);
	return rc == CARD_STDIO_ENDED ? 0 : 1;
}

/* --- a place with an authority, a trust store and a CAN ---------------------------- */

static void show_log(const struct place *p)
{
	char line[80];

	snprintf(line, sizeof(line), "tail -3 %s/log >&2", p->directory);
	assert_int_equal(system(line), 0);
}

static void write_text(const struct place *p, const char *name, const char *text)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int open_countries(void **state)
{
	static const char *const others[] = { "nc --named-curves", "rs --key RSA" };

	assert_int_equal(open_place(state), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(shell(*state, "%s/bin/sojourn authority init %s",
				       ((const struct place *)*state)->build, others[i]),
				 0);
	return 0;
}

/* Issues to card-<cards>, which dies after `microseconds` if that is not 0. */
static int issue_to_last(struct place *p, unsigned microseconds, const char *options)
{
	char timer[16] = "";

	if (microseconds != 0)
		snprintf(timer, sizeof(timer), "%u", microseconds);
	return shell(p,
		     "rm -f letter && %s/bin/sojourn issue --again --letter-out letter --can-file "
		     "can %s --exec -- %s card card-%u %s",
		     p->build, options, p->self, p->cards, timer);
}

#define MAKE_KEY "openssl genrsa | openssl pkcs8 -topk8 -nocrypt -outform DER -out key"

static int issue(struct place *p, const char *options)
{
	p->cards++;
	return issue_to_last(p, 0, options);
}

/* --- verifying ------------------------------------------------------------------ */

static void import(struct sj_trust *trust, const struct place *p, const char *country)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	uint8_t der[2500];
	char path[80];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/csca-1.cer", p->directory, country);
	f = fopen(path, "rb");
	assert_non_null(f);
	len = fread(der, 1, sizeof(der), f);
	fclose(f);
	assert_int_equal(sj_trust_import_csca(trust, der, len, &counts), SJ_OK);
}

static struct sj_trust *open_trust(const struct place *p)
{
	struct sj_trust *trust;
	char path[60];

	snprintf(path, sizeof(path), "%s/trust", p->directory);
	assert_int_equal(sj_trust_create(path, &trust), SJ_OK);
	import(trust, p, "ut");
	import(trust, p, "nc");
	import(trust, p, "rs");
	return trust;
}

/* Reads the last card with its CAN or, `with_mrz`, with the letter's MRZ. */
static struct sj_report *verify(const struct place *p, bool with_mrz, enum sj_access_choice choice)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_trust *trust = open_trust(p);
	struct sj_access *access = NULL;
	struct sj_context *ctx;
	struct sj_card *card;
	struct sj_report *report = NULL;
	char path[80], text[512];
	const char *argv[] = { p->self, "card", path, NULL }, *zone;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/letter", p->directory);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	zone = strstr(text, "zone:\n");
	assert_non_null(zone);
	zone += 6;
	snprintf(path, sizeof(path), "%s/card-%u", p->directory, p->cards);
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	assert_int_equal(sj_card_spawn(ctx, argv, 5000, &card), SJ_OK);
	if (with_mrz)
		assert_int_equal(sj_access_mrz(zone, strlen(zone), &access), SJ_OK);
	else
		assert_int_equal(sj_access_can(CAN, 6, &access), SJ_OK);
	options.access = choice;
	assert_int_equal(sj_document_verify(card, trust, access, &options, &report), SJ_OK);
	sj_access_free(access);
	sj_card_close(card);
	sj_context_free(ctx);
	sj_trust_close(trust);
	return report;
}

static enum sj_check_state check(const struct sj_report *report, enum sj_check_id id)
{
	struct sj_check c = { .size = sizeof(c) };

	assert_true(sj_report_check(report, id, &c));
	return c.state;
}

static void expect(const struct place *p, bool with_mrz, enum sj_verdict verdict, enum sj_rc reason)
{
	struct sj_report *report = verify(p, with_mrz, SJ_ACCESS_BEST);

	if (sj_report_verdict(report) != verdict)
		show_log(p);
	assert_string_equal(sj_verdict_name(sj_report_verdict(report)), sj_verdict_name(verdict));
	assert_int_equal(sj_report_reason(report), reason);
	sj_report_free(report);
}

/* Issues with these options; both passwords must show a genuine card. */
static void genuine(struct place *p, const char *options)
{
	assert_int_equal(issue(p, options), 0);
	expect(p, true, SJ_VERDICT_GENUINE, SJ_OK);
}

/* --- cases: profiles ------------------------------------------------------------- */

static void the_default_card_is_genuine_in_every_way(void **state)
{
	struct place *p = *state;
	struct sj_report *report;

	assert_int_equal(issue(p, GENUINE), 0);
	expect(p, false, SJ_VERDICT_GENUINE, SJ_OK);
	report = verify(p, true, SJ_ACCESS_BAC_ONLY);
	assert_int_equal(sj_report_verdict(report), SJ_VERDICT_GENUINE);
	for (int id = SJ_CHECK_ACCESS; id < SJ_CHECK_COUNT; id++)
		if (id != SJ_CHECK_REVOCATION && id != SJ_CHECK_ACCESS_FILE &&
		    id != SJ_CHECK_STATUS)
			assert_int_equal(check(report, (enum sj_check_id)id), SJ_CHECK_PASSED);
	sj_report_free(report);
}

static void the_holder_s_data_arrive(void **state)
{
	struct place *p = *state;
	struct sj_holder h = { .size = sizeof(h) };
	const uint8_t *portrait;
	struct sj_report *report;
	const char *mime;
	size_t len;

	assert_int_equal(issue(p, GENUINE), 0);
	report = verify(p, false, SJ_ACCESS_BEST);
	assert_true(sj_report_holder(report, &h));
	assert_string_equal(h.document_number, "U24SJ0117");
	assert_string_equal(h.surname, "HAAKANSSON");
	assert_string_equal(h.full_name, "Håkansson, Ida Lovisa");
	assert_string_equal(h.birth_date, "19900812");
	assert_string_equal(h.expiry_date, "20340505");
	assert_string_equal(h.issue_date, "20240506");
	assert_string_equal(h.issuing_authority, "Registry Office of Zenith");
	assert_string_equal(h.place_of_birth, "Zenith, Utopia");
	assert_true(sj_report_portrait(report, &portrait, &len, &mime));
	assert_string_equal(mime, "image/jpeg");
	sj_report_free(report);
}

static void bac_without_copy_protection(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--access bac --aa none --no-ca"), 0);
	expect(p, true, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
}

static void bac_with_rsa_of_both_sizes(void **state)
{
	genuine(*state, GENUINE "--access bac --aa rsa-2048 --no-ca");
	genuine(*state, GENUINE "--access bac --aa rsa-3072 --no-ca");
}

static void bac_with_an_imported_rsa_key(void **state)
{
	assert_int_equal(shell(*state, MAKE_KEY), 0);
	genuine(*state, GENUINE "--access bac --aa-key key --no-ca");
}

static void pace_with_ecdsa(void **state)
{
	genuine(*state, GENUINE "--access pace --aa ec:brainpoolP384r1 --no-ca");
}

static void chip_authentication_3des(void **state)
{
	genuine(*state, GENUINE "--aa none --ca P-256:3des");
}

static void chip_authentication_aes128(void **state)
{
	genuine(*state, GENUINE "--aa none --ca brainpoolP256r1:aes128");
}

static void chip_authentication_aes192(void **state)
{
	genuine(*state, GENUINE "--aa none --ca P-384:aes192");
}

static void chip_authentication_aes256(void **state)
{
	genuine(*state, GENUINE "--aa none --ca P-521:aes256 --pace GM:aes256:P-521");
}

static void several_keys_and_variants(void **state)
{
	genuine(*state, GENUINE "--ca P-256:3des --ca P-256:aes256 --ca brainpoolP512r1:aes256 "
				"--pace GM:3des:brainpoolP256r1 --pace GM:aes192:P-384 "
				"--aa ec:P-521 --sod-version 1");
}

static void integrated_mapping_and_groups_of_integers(void **state)
{
	static const struct {
		const char *options, *access;
	} cards[] = {
		{ GENUINE "--access pace --pace IM:aes192:brainpoolP384r1", "PACE ECDH-IM " },
		{ GENUINE "--access pace --pace GM:aes256:modp-2048-224",
		  "PACE DH-GM modp-2048-224 " },
		{ GENUINE "--access pace --pace IM:aes128:modp-1024-160",
		  "PACE DH-IM modp-1024-160 " },
	};
	struct sj_statistics s = { .size = sizeof(s) };
	struct sj_report *report;

	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
		assert_int_equal(issue(*state, cards[i].options), 0);
		report = verify(*state, false, SJ_ACCESS_BEST);
		assert_int_equal(sj_report_verdict(report), SJ_VERDICT_GENUINE);
		assert_true(sj_report_statistics(report, &s));
		assert_memory_equal(s.access, cards[i].access, strlen(cards[i].access));
		sj_report_free(report);
	}
}

static void mapping_that_authenticates_the_chip(void **state)
{
	struct place *p = *state;
	struct sj_report *report;

	assert_int_equal(issue(p, GENUINE "--access pace --aa none --no-ca --pace GM:aes128:P-256 "
					  "--pace CAM:aes128:P-256"),
			 0);
	report = verify(p, false, SJ_ACCESS_BEST);
	assert_int_equal(sj_report_verdict(report), SJ_VERDICT_GENUINE);
	assert_int_equal(check(report, SJ_CHECK_CHIP), SJ_CHECK_PASSED);
	sj_report_free(report);
}

static void a_passport_with_jpeg2000_and_named_curves(void **state)
{
	struct place *p = *state;

	write_text(p, "passport.json",
		   "{\"documentType\": \"TD3\", \"documentNumber\": \"P1\", \"surname\": \"Ng\","
		   "\"nationality\": \"UTO\", \"birthDate\": \"1970-00-00\", \"sex\": \"X\","
		   "\"expiryDate\": \"2033-01-01\"}");
	genuine(p, "--authority nc --holder passport.json --portrait demo/face.jp2");
}

/* Doc 9303-11 (8th ed.), 9.2.6 and 9.5.2; that a terminal takes the keys, the cases above tell. */
static void keys_in_files_are_explicit_and_those_of_the_mapping_have_ids(void **state)
{
	static const char *const authorities[] = { "ut", "nc" };
	struct place *p = *state;
	char options[300];

	for (size_t i = 0; i < 2; i++) {
		snprintf(options, sizeof(options),
			 "--authority %s --holder demo/holder.json --portrait demo/face.jpg "
			 "--access pace --ca P-256:aes128 --aa ec:P-384 --files-out %s-keys "
			 "--pace GM:aes128:P-256 --pace CAM:aes128:brainpoolP256r1%s",
			 authorities[i], authorities[i], i == 0 ? "" : " --pace CAM:aes256:P-521");
		assert_int_equal(issue(p, options), 0);
		assert_int_equal(shell(p, "/usr/bin/python3 tests/card_keys.py %s-keys %zu",
				       authorities[i], i + 1),
				 0);
		expect(p, false, SJ_VERDICT_GENUINE, SJ_OK);
	}
}

static void a_long_document_number_opens_its_card(void **state)
{
	struct place *p = *state;

	write_text(p, "long.json",
		   "{\"documentNumber\": \"D23145890734\", \"surname\": \"Ng\","
		   "\"nationality\": \"UTO\", \"birthDate\": \"1970-01-01\", \"sex\": \"M\","
		   "\"expiryDate\": \"2033-01-01\"}");
	genuine(p, "--authority ut --holder long.json --portrait demo/face.jpg --access bac");
}

static void an_rsa_authority(void **state)
{
	genuine(*state, "--authority rs --holder demo/holder.json --portrait demo/face.jpg");
}

static void an_expired_document(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, "--authority ut --holder demo/holder-expired.json "
				  "--portrait demo/face.jpg"),
			 0);
	expect(p, false, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_EXPIRED);
}

/* --- cases: defects ---------------------------------------------------------------- */

static void a_copy_lacks_the_keys(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--files-out genuine"), 0);
	assert_int_equal(issue(p, "--defect copy --clone-files genuine"), 0);
	expect(p, false, SJ_VERDICT_NOT_GENUINE, SJ_CA_FAILED);
}

static void a_copy_with_a_shorter_com_is_found(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--files-out genuine"), 0);
	assert_int_equal(issue(p, "--defect strip-com --clone-files genuine"), 0);
	expect(p, false, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
}

static void a_copy_of_a_mapping_card_cannot_map(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--access pace --aa none --no-ca --files-out cam "
					  "--pace GM:aes128:P-256 --pace CAM:aes128:P-256"),
			 0);
	assert_int_equal(issue(p, "--defect copy --clone-files cam --access pace"), 0);
	expect(p, false, SJ_VERDICT_NOT_GENUINE, SJ_CAM_FAILED);
}

static void an_altered_name_is_found(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--defect alter-dg1"), 0);
	expect(p, false, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
}

/* --- cases: what goes wrong -------------------------------------------------------- */

static void an_issued_card_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE), 0);
	assert_int_equal(issue_to_last(p, 0, GENUINE), sj_exit_code(SJ_CARD_STATE));
	/* No letter of the second time lies about; the first one's card is as it was. */
	assert_int_equal(shell(p, "test ! -e letter && tail -1 log | grep -q SJ-1307"), 0);
}

static void a_letter_is_for_its_reader_only_and_never_overwritten(void **state)
{
	struct place *p = *state;

	p->cards++;
	assert_int_equal(issue_to_last(p, 0, GENUINE), 0);
	assert_int_equal(shell(p, "test $(stat -c %%a letter) = 600 && cp -p letter kept"), 0);
	assert_int_equal(shell(p,
			       "%s/bin/sojourn issue --again --letter-out kept " GENUINE
			       "--exec -- %s card other",
			       p->build, p->self),
			 sj_exit_code(SJ_INPUT_REFUSED));
	assert_int_equal(shell(p, "cmp letter kept && test ! -e other"), 0);
}

static void output_holds_no_secrets(void **state)
{
	struct place *p = *state;

	assert_int_equal(issue(p, GENUINE "--json --trace"), 0);
	assert_int_equal(shell(p, "! grep -qe " CAN " -e 3331373930 -e HAAKANSSON log"), 0);
}

/* The manager is made to say 255: no extended length, more than 256 blocks, the key in pieces. */
static void a_card_of_short_commands_takes_a_large_portrait(void **state)
{
	struct place *p = *state;

	p->cards++;
	assert_int_equal(
		shell(p, "{ cat demo/face.jpg; head -c 60000 /dev/zero; printf '\\377\\331'; } "
			 "> large.jpg; " MAKE_KEY),
		0);
	assert_int_equal(
		shell(p,
		      "rm -f letter && %s/bin/sojourn issue --again -l letter --can-file can " GENUINE
		      "-p large.jpg --aa-key key --no-keys --json --exec -- sh -c "
		      "'%s card card-%u | sed -u s/9f6502ffff/9f650200ff/I' > short.json",
		      p->build, p->self, p->cards),
		0);
	/* The shell may be killed before the card behind it ends, which has the file locked. */
	assert_int_equal(shell(p, "flock -w 60 card-%u true", p->cards), 0);
	assert_int_equal(shell(p, "grep -q '\"apdus\": 4[0-9][0-9],' short.json"), 0);
	expect(p, false, SJ_VERDICT_GENUINE, SJ_OK);
}

static void wrong_inputs_touch_no_card(void **state)
{
	struct place *p = *state;

	write_text(p, "short", "12345\n");
	write_text(
		p, "late.json",
		"{\"documentNumber\": \"P1\", \"surname\": \"Ng\", \"nationality\": \"UTO\","
		"\"birthDate\": \"1970-01-01\", \"sex\": \"X\", \"expiryDate\": \"2999-01-01\"}");
	assert_int_equal(issue(p, GENUINE "--can-file short"), sj_exit_code(SJ_SECRET_MALFORMED));
	assert_int_equal(issue(p, GENUINE "--portrait can"), sj_exit_code(SJ_INPUT_MALFORMED));
	assert_int_equal(issue(p, GENUINE "--holder late.json"), sj_exit_code(SJ_INPUT_REFUSED));
	assert_int_equal(issue(p, GENUINE "--pace XM:aes128:P-256"), 2);
	assert_int_equal(issue(p, GENUINE "--pace CAM:aes128:P-256"), 2);
	assert_int_equal(issue(p, GENUINE "--pace GM:aes128:P-256 --pace CAM:aes128:modp-1024-160"),
			 2);
	assert_int_equal(issue(p, GENUINE "--pace IM:aes128:modp-4096"), 2);
	assert_int_equal(issue(p, GENUINE "--pace IM:aes128"), 2);
	assert_int_equal(issue(p, GENUINE "--pace GM:aes128:P-256 --pace GM:aes128:P-256"), 2);
	assert_int_equal(issue(p, GENUINE "--access bac --pace GM:aes128:P-256"), 2);
	assert_int_equal(issue(p, GENUINE "--ca P-224:aes128"), 2);
	assert_int_equal(issue(p, GENUINE "--ca P-256:aes128 --no-ca"), 2);
	assert_int_equal(issue(p, GENUINE "--aa rsa-1024"), 2);
	assert_int_equal(issue(p, GENUINE "--defect copy"), 2);
	assert_int_equal(issue(p, "--authority ut"), 2);
	assert_int_equal(shell(p, "test ! -e card-%u", p->cards), 0);
}

static void a_card_killed_at_any_moment_can_be_issued_again(void **state)
{
	struct place *p = *state;
	unsigned died = 0, late = 0;
	int rc;

	for (unsigned us = 500; us < 30500; us += 1000) {
		p->cards++;
		rc = issue_to_last(p, us, GENUINE);
		if (rc == 0) /* it was faster than its death */
			continue;
		died++;
		assert_int_equal(rc, sj_exit_code(SJ_CARD_LOST));
		/* It has its file locked until it is gone. */
		assert_int_equal(shell(p, "test ! -e card-%u || flock -w 60 card-%u true", p->cards,
				       p->cards),
				 0);
		rc = issue_to_last(p, 0, GENUINE);
		if (rc == sj_exit_code(SJ_CARD_STATE)) { /* the lock had been stored */
			late++;
			continue;
		}
		assert_int_equal(rc, 0);
		expect(p, false, SJ_VERDICT_GENUINE, SJ_OK);
	}
	printf("# %u of 30 cards died before they were issued, %u of them after the lock\n", died,
	       late);
	assert_true(died > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_card_is_genuine_in_every_way),
		cmocka_unit_test(the_holder_s_data_arrive),
		cmocka_unit_test(bac_without_copy_protection),
		cmocka_unit_test(bac_with_rsa_of_both_sizes),
		cmocka_unit_test(bac_with_an_imported_rsa_key),
		cmocka_unit_test(pace_with_ecdsa),
		cmocka_unit_test(chip_authentication_3des),
		cmocka_unit_test(chip_authentication_aes128),
		cmocka_unit_test(chip_authentication_aes192),
		cmocka_unit_test(chip_authentication_aes256),
		cmocka_unit_test(several_keys_and_variants),
		cmocka_unit_test(integrated_mapping_and_groups_of_integers),
		cmocka_unit_test(mapping_that_authenticates_the_chip),
		cmocka_unit_test(a_passport_with_jpeg2000_and_named_curves),
		cmocka_unit_test(keys_in_files_are_explicit_and_those_of_the_mapping_have_ids),
		cmocka_unit_test(a_long_document_number_opens_its_card),
		cmocka_unit_test(an_rsa_authority),
		cmocka_unit_test(an_expired_document),
		cmocka_unit_test(a_copy_lacks_the_keys),
		cmocka_unit_test(a_copy_with_a_shorter_com_is_found),
		cmocka_unit_test(a_copy_of_a_mapping_card_cannot_map),
		cmocka_unit_test(an_altered_name_is_found),
		cmocka_unit_test(an_issued_card_is_refused),
		cmocka_unit_test(a_letter_is_for_its_reader_only_and_never_overwritten),
		cmocka_unit_test(output_holds_no_secrets),
		cmocka_unit_test(a_card_of_short_commands_takes_a_large_portrait),
		cmocka_unit_test(wrong_inputs_touch_no_card),
		cmocka_unit_test(a_card_killed_at_any_moment_can_be_issued_again),
	};

	if (argc >= 3 && strcmp(argv[1], "card") == 0)
		return run_card(argv[2], argc > 3 ? argv[3] : NULL);
	return cmocka_run_group_tests(tests, open_countries, close_place);
}
