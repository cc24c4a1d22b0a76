/* What the holder is called in a sector, and lists of those that are revoked there. */
#include "tests/hostile/eid.h"

#include "trust/pseudonyms.h"
#include "trust/slot.h"

static struct eid_rig *with_pseudonym(void)
{
	struct eid_plan plan = eid_plan();

	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_PSEUDONYM | SJ_RIGHT_NAME;
	return eid_new(&plan);
}

/* The entry that the authority makes for this card, from the card's public key. */
static void entry_of(const struct eid_rig *r, uint8_t out[static SJ_PSEUDONYM_ENTRY])
{
	uint8_t identifier[SJ_RI_IDENTIFIER];

	assert_true(sj_ri_identifier(SJ_BP256R1, &r->sector_secret, &r->ri_key, identifier));
	assert_true(sj_pseudonym_entry(identifier, out));
}

/* A list of the terminal's sector in the bundle in use; with the card or another in it. */
static void publish(struct eid_rig *r, bool of_this_card, int64_t not_before)
{
	struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR("UTO"),
					   .epoch = EID_EPOCH,
					   .not_before = (uint32_t)not_before,
					   .next_update = (uint32_t)(not_before + 3 * DAY) };
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->status->signer);
	const struct sj_span whole = sj_span(r->sector_key, r->sector_key_len);
	uint8_t entry[SJ_PSEUDONYM_ENTRY], hash[SJ_HASH_MAX], file[SJ_PSEUDONYMS_SIZE(1)];
	struct sj_writer w = SJ_WRITER_OF(file);
	char command[256], name[SJ_PSEUDONYMS_NAME], folder[80];

	assert_true(sj_hash(SJ_SHA256, &whole, 1, hash));
	memcpy(head.sector, hash, SJ_SECTOR_HASH);
	sj_pseudonyms_name(head.sector, name);
	entry_of(r, entry);
	entry[0] ^= !of_this_card;
	assert_true(sj_pseudonyms_put(&w, &head, SJ_SPAN_OF(entry), key));
	sj_key_free(key);
	snprintf(folder, sizeof(folder), "%s/" SJ_SLOT_FOLDER "/a/" SJ_PSEUDONYMS_FOLDER,
		 r->d->directory);
	snprintf(command, sizeof(command), "mkdir -p %s && printf 'a %%064d\\n' 0 > %s/%s/current",
		 folder, r->d->directory, SJ_SLOT_FOLDER);
	assert_int_equal(system(command), 0);
	eid_write(folder, name, sj_written(&w));
}

static void a_revoked_pseudonym_is_told_and_nothing_else(void **state)
{
	struct eid_rig *r = with_pseudonym();

	(void)state;
	publish(r, true, NOW);
	eid_assert(r, SJ_VERDICT_EXPIRED, SJ_PSEUDONYM_REVOKED);
	assert_int_equal(eid_count(r), 0);
	assert_int_equal(sj_exit_code(sj_answer_reason(r->answer)), 8);
	eid_free(r);
}

static void a_pseudonym_that_is_not_in_the_list_is_good(void **state)
{
	struct eid_rig *r = with_pseudonym();

	(void)state;
	publish(r, false, NOW);
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(strlen(eid_said(r, "pseudonym")), 64);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	eid_free(r);
}

static void an_old_list_still_revokes_and_no_longer_clears(void **state)
{
	struct eid_rig *r = with_pseudonym();

	(void)state;
	publish(r, false, NOW - 4 * DAY);
	eid_assert(r, SJ_VERDICT_UNDECIDED, SJ_STATUS_STALE);
	publish(r, true, NOW - 4 * DAY);
	eid_assert(r, SJ_VERDICT_EXPIRED, SJ_PSEUDONYM_REVOKED);
	eid_free(r);
}

static void a_list_that_nobody_signed_clears_nobody(void **state)
{
	struct eid_rig *r = with_pseudonym();

	(void)state;
	rig_new_key(&r->status->signer);
	publish(r, true, NOW);
	eid_assert(r, SJ_VERDICT_UNDECIDED, SJ_TRUST_UNREADABLE);
	eid_free(r);
}

static void the_same_card_has_another_name_for_another_operator(void **state)
{
	struct eid_rig *r = with_pseudonym();
	char first[2 * SJ_RI_IDENTIFIER + 1];

	(void)state;
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	strcpy(first, eid_said(r, "pseudonym"));
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_equal(eid_said(r, "pseudonym"), first);
	/* The same CVCA and DV certify a terminal of another sector key. */
	eid_sector_key(r);
	eid_recertify(r);
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_not_equal(eid_said(r, "pseudonym"), first);
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revoked_pseudonym_is_told_and_nothing_else),
		cmocka_unit_test(a_pseudonym_that_is_not_in_the_list_is_good),
		cmocka_unit_test(an_old_list_still_revokes_and_no_longer_clears),
		cmocka_unit_test(a_list_that_nobody_signed_clears_nobody),
		cmocka_unit_test(the_same_card_has_another_name_for_another_operator),
	};

	return cmocka_run_group_tests_name("eid_pseudonym", tests, NULL, NULL);
}
