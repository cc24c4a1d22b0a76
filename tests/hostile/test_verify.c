/* Whole verifications against a card of this process: honest, copied, altered, hidden. */
#include "tests/hostile/issued.h"

#define WITH(...) \
	struct plan plan = issued_plan(); \
	struct issued *d; \
	(void)state; \
	__VA_ARGS__; \
	d = issued_new(&plan)

/* --- honest documents ---------------------------------------------------------- */

static void genuine_with_chip_authentication(void **state)
{
	WITH();
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(issued_check(d, SJ_CHECK_CHIP).state, SJ_CHECK_PASSED);
	assert_int_equal(issued_check(d, SJ_CHECK_ACTIVE).state, SJ_CHECK_NOT_DONE);
	assert_int_equal(issued_check(d, SJ_CHECK_ACCESS_FILE).state, SJ_CHECK_PASSED);
	assert_int_equal(issued_check(d, SJ_CHECK_REVOCATION).state, SJ_CHECK_NOT_DONE);
	issued_free(d);
}

static void genuine_with_3des_and_bac(void **state)
{
	WITH(plan.bac = true, plan.pace = false, plan.ca_cipher = SJ_CIPHER_3DES);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(issued_check(d, SJ_CHECK_ACCESS_FILE).state, SJ_CHECK_NOT_DONE);
	issued_free(d);
}

static void genuine_with_ecdsa_active_authentication(void **state)
{
	WITH(plan.ca = SJ_CURVE_NONE, plan.aa = SJ_BP256R1);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(issued_check(d, SJ_CHECK_ACTIVE).state, SJ_CHECK_PASSED);
	issued_free(d);
}

static void genuine_with_rsa_active_authentication(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;

	WITH(plan.ca = SJ_CURVE_NONE, plan.aa_bits = 2048);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	options.now = NOW;
	options.short_only = true;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
	issued_free(d);
}

static void genuine_with_both_and_strong_algorithms(void **state)
{
	WITH(plan.suite = ((struct sj_pace_suite){
		     .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = SJ_P521 }),
	     plan.ca = SJ_BP512R1, plan.ca_cipher = SJ_CIPHER_AES256, plan.aa = SJ_P256,
	     plan.csca_kind = "brainpoolP384r1", plan.explicit_curves = true,
	     plan.signer_kind = "brainpoolP256r1", plan.sod_version = 1);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(issued_check(d, SJ_CHECK_CHIP).state, SJ_CHECK_PASSED);
	assert_int_equal(issued_check(d, SJ_CHECK_ACTIVE).state, SJ_CHECK_PASSED);
	issued_free(d);
}

static void genuine_with_rsa_signers(void **state)
{
	WITH(plan.csca_kind = "RSA-3072", plan.signer_kind = "RSA-PSS-3072");
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static void genuine_with_chip_authentication_mapping(void **state)
{
	WITH(plan.suite = ((struct sj_pace_suite){
		     .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 }),
	     plan.ca = SJ_CURVE_NONE);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_non_null(strstr(issued_check(d, SJ_CHECK_CHIP).detail, "mapping"));
	issued_free(d);
}

/* In one piece with extended length, else in several that end where the card says. */
static void card_security_of_indefinite_length(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;

	WITH(plan.suite = ((struct sj_pace_suite){
		     .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 }),
	     plan.ca = SJ_CURVE_NONE, plan.indefinite_security = true);
	options.now = NOW;
	for (int i = 0; i < 2; i++) {
		options.short_only = i == 1;
		assert_int_equal(issued_verify(d, &options), SJ_OK);
		assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
		assert_non_null(strstr(issued_check(d, SJ_CHECK_CHIP).detail, "mapping"));
	}
	issued_free(d);
}

static void the_same_card_is_verified_again(void **state)
{
	WITH();
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

/* --- what is handed out ---------------------------------------------------------- */

static void holder_is_complete(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };

	WITH(plan.details = true);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_true(sj_report_holder(d->report, &holder));
	assert_string_equal(holder.surname, "ERIKSSON");
	assert_string_equal(holder.given_names, "ANNA MARIA");
	assert_string_equal(holder.birth_date, "19740812");
	assert_string_equal(holder.expiry_date, "20310920");
	assert_string_equal(holder.full_name, "Eriksson, Anna Maria");
	assert_string_equal(holder.place_of_birth, "Zenith, UTO");
	assert_string_equal(holder.issuing_authority, "Registry of Utopia");
	assert_string_equal(holder.issue_date, "20260901");
	issued_free(d);
}

static void portrait_is_handed_out_as_it_is(void **state)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	WITH(plan.face = 70000); /* beyond the reach of an even READ BINARY */
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_true(sj_report_portrait(d->report, &bytes, &len, &mime));
	assert_int_equal(len, 70000);
	assert_int_equal(bytes[69999], 0x5A);
	assert_string_equal(mime, "image/jpeg");
	assert_true(sj_report_file(d->report, "DG2", &bytes, &len));
	assert_int_equal(len, d->len[SJ_DG2]);
	assert_false(sj_report_file(d->report, "DG5", &bytes, &len));
	assert_false(sj_report_file(d->report, "nonsense", &bytes, &len));
	issued_free(d);
}

static void long_files_are_read_in_short_pieces(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;

	WITH(plan.face = 40000, plan.extended = false);
	options.now = NOW;
	options.short_only = true;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
	issued_free(d);
}

static void portrait_can_be_left_out(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_check group = { .size = sizeof(group) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	WITH();
	options.now = NOW;
	options.without_portrait = true;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
	assert_true(sj_report_group(d->report, 2, &group));
	assert_int_equal(group.state, SJ_CHECK_NOT_POSSIBLE);
	assert_false(sj_report_portrait(d->report, &bytes, &len, &mime));
	issued_free(d);
}

static void assert_nothing_handed_out(struct issued *d)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	assert_false(sj_report_holder(d->report, &holder));
	assert_false(sj_report_portrait(d->report, &bytes, &len, &mime));
	assert_false(sj_report_file(d->report, "DG1", &bytes, &len));
}

/* --- copies ------------------------------------------------------------------------ */

static void without_any_key_a_copy_is_not_excluded(void **state)
{
	WITH(plan.ca = SJ_CURVE_NONE);
	assert_verdict(d, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
	assert_int_equal(issued_check(d, SJ_CHECK_CHIP).state, SJ_CHECK_NOT_POSSIBLE);
	issued_free(d);
}

static void copy_without_chip_key(void **state)
{
	WITH(plan.other_keys = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_CA_FAILED);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void copy_without_chip_key_3des(void **state)
{
	WITH(plan.other_keys = true, plan.ca_cipher = SJ_CIPHER_3DES);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_CA_FAILED);
	issued_free(d);
}

static void copy_without_active_key(void **state)
{
	WITH(plan.ca = SJ_CURVE_NONE, plan.aa = SJ_P256, plan.other_keys = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_AA_FAILED);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void copy_without_mapping_key(void **state)
{
	WITH(plan.suite = ((struct sj_pace_suite){
		     .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 }),
	     plan.ca = SJ_CURVE_NONE, plan.other_keys = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_CAM_FAILED);
	issued_free(d);
}

static void copy_that_leaves_dg14_out_of_com(void **state)
{
	WITH(plan.other_keys = true, plan.com_without = 1u << 14);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
	issued_free(d);
}

static void copy_that_withholds_dg15(void **state)
{
	WITH(plan.aa = SJ_P256, plan.withheld = 1u << 15);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
	issued_free(d);
}

static void copy_that_withholds_dg14_and_dg15_everywhere(void **state)
{
	WITH(plan.aa = SJ_P256, plan.withheld = 1u << 14 | 1u << 15,
	     plan.com_without = 1u << 14 | 1u << 15);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
	assert_nothing_handed_out(d);
	issued_free(d);
}

/* --- alterations --------------------------------------------------------------------- */

static void dg1_is_not_covered(void **state)
{
	WITH(plan.unsigned_groups = 1u << 1);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void one_byte_of_dg1(void **state)
{
	WITH(plan.altered = SJ_DG1, plan.altered_at = 12);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void one_byte_of_the_portrait(void **state)
{
	WITH(plan.altered = SJ_DG2, plan.altered_at = 15000);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	issued_free(d);
}

/* Somewhere in the signed attributes or the signature: the file's end. */
static void one_byte_of_the_signature(void **state)
{
	size_t end;

	WITH();
	end = d->len[SJ_EF_SOD];
	issued_free(d);
	plan.altered = SJ_EF_SOD;
	plan.altered_at = end - 5;
	d = issued_new(&plan);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SOD_SIGNATURE);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void card_access_offers_what_is_not_signed(void **state)
{
	WITH(plan.weaker_card_access = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_ACCESS_FILE_MISMATCH);
	issued_free(d);
}

static void card_access_offers_more_than_is_signed(void **state)
{
	WITH(plan.more_card_access = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_ACCESS_FILE_MISMATCH);
	issued_free(d);
}

/* BAC with a card whose DG14 says that it has PACE. */
static void card_access_hidden(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access;

	WITH(plan.bac = true, plan.no_card_access = true);
	options.now = NOW;
	assert_int_equal(sj_access_mrz(d->mrz, strlen(d->mrz), &access), SJ_OK);
	assert_int_equal(sj_document_verify(d->card, d->trust, access, &options, &d->report),
			 SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_NOT_GENUINE);
	assert_int_equal(sj_report_reason(d->report), SJ_ACCESS_FILE_MISMATCH);
	sj_access_free(access);
	issued_free(d);
}

/* --- issuers, times ------------------------------------------------------------------- */

static void unknown_issuer(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };

	WITH(plan.no_trust = true);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_ISSUER_UNKNOWN);
	assert_true(sj_report_holder(d->report, &holder));
	issued_free(d);
}

static void without_a_trust_store(void **state)
{
	struct sj_trust *trust;

	WITH();
	trust = d->trust;
	d->trust = NULL;
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_TRUST_MISSING);
	d->trust = trust;
	issued_free(d);
}

static void document_expired_yesterday(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };

	WITH(plan.expiry = "260920");
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_EXPIRED);
	assert_true(sj_report_holder(d->report, &holder));
	issued_free(d);
}

static void document_valid_on_its_last_day(void **state)
{
	WITH(plan.expiry = "260921");
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static void signer_expired(void **state)
{
	WITH(plan.signer_until = NOW - DAY);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_SIGNER_EXPIRED);
	issued_free(d);
}

static void signed_after_the_keys_end(void **state)
{
	WITH(plan.signed_at = NOW + 91 * DAY);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SIGNER_INVALID);
	issued_free(d);
}

/* A clock set back is noticed by the signed dates, now and in a later run. */
static void clock_set_back_makes_nothing_valid(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	WITH(plan.expiry = "260914"); /* signed two days after */
	options.now = NOW - 1000 * DAY;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_reason(d->report), SJ_DOCUMENT_EXPIRED);
	assert_true(sj_report_statistics(d->report, &statistics));
	assert_true(statistics.clock_behind); /* SJ_CLOCK_BEHIND */
	assert_int_equal(statistics.time_used, NOW - 5 * DAY);
	sj_trust_close(d->trust);
	assert_int_equal(sj_trust_open(d->directory, &d->trust), SJ_OK);
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_reason(d->report), SJ_DOCUMENT_EXPIRED);
	issued_free(d);
}

/* --- the size of a conversation -------------------------------------------------------- */

static unsigned apdus(struct issued *d, bool short_only)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	options.now = NOW;
	options.short_only = short_only;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_GENUINE);
	assert_true(sj_report_statistics(d->report, &statistics));
	print_message("# %u APDUs, SOD %zu bytes, DG2 %zu bytes, %s\n", statistics.apdus,
		      d->len[SJ_EF_SOD], d->len[SJ_DG2],
		      statistics.extended_length ? "extended" : "short");
	return statistics.apdus;
}

static void few_apdus_with_extended_length(void **state)
{
	WITH();
	assert_true(apdus(d, false) <= 24);
	issued_free(d);
}

static void few_apdus_without(void **state)
{
	WITH();
	assert_true(apdus(d, true) <= 110);
	issued_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine_with_chip_authentication),
		cmocka_unit_test(genuine_with_3des_and_bac),
		cmocka_unit_test(genuine_with_ecdsa_active_authentication),
		cmocka_unit_test(genuine_with_rsa_active_authentication),
		cmocka_unit_test(genuine_with_both_and_strong_algorithms),
		cmocka_unit_test(genuine_with_rsa_signers),
		cmocka_unit_test(genuine_with_chip_authentication_mapping),
		cmocka_unit_test(card_security_of_indefinite_length),
		cmocka_unit_test(the_same_card_is_verified_again),
		cmocka_unit_test(holder_is_complete),
		cmocka_unit_test(portrait_is_handed_out_as_it_is),
		cmocka_unit_test(long_files_are_read_in_short_pieces),
		cmocka_unit_test(portrait_can_be_left_out),
		cmocka_unit_test(without_any_key_a_copy_is_not_excluded),
		cmocka_unit_test(copy_without_chip_key),
		cmocka_unit_test(copy_without_chip_key_3des),
		cmocka_unit_test(copy_without_active_key),
		cmocka_unit_test(copy_without_mapping_key),
		cmocka_unit_test(copy_that_leaves_dg14_out_of_com),
		cmocka_unit_test(copy_that_withholds_dg15),
		cmocka_unit_test(copy_that_withholds_dg14_and_dg15_everywhere),
		cmocka_unit_test(dg1_is_not_covered),
		cmocka_unit_test(one_byte_of_dg1),
		cmocka_unit_test(one_byte_of_the_portrait),
		cmocka_unit_test(one_byte_of_the_signature),
		cmocka_unit_test(card_access_offers_what_is_not_signed),
		cmocka_unit_test(card_access_offers_more_than_is_signed),
		cmocka_unit_test(card_access_hidden),
		cmocka_unit_test(unknown_issuer),
		cmocka_unit_test(without_a_trust_store),
		cmocka_unit_test(document_expired_yesterday),
		cmocka_unit_test(document_valid_on_its_last_day),
		cmocka_unit_test(signer_expired),
		cmocka_unit_test(signed_after_the_keys_end),
		cmocka_unit_test(clock_set_back_makes_nothing_valid),
		cmocka_unit_test(few_apdus_with_extended_length),
		cmocka_unit_test(few_apdus_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
