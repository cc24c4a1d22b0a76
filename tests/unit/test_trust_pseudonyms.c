/* test_trust_pseudonyms.c -- lists of revoked pseudonyms: made, signed, bundled, asked. */
#include "tests/unit/bundle_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trust/pseudonyms.h"

/* The i-th identifier of these tests, and a sector's hash. */
static const uint8_t *hash_of(uint8_t i)
{
	static uint8_t bytes[SJ_RI_IDENTIFIER];

	memset(bytes, i, sizeof(bytes));
	return bytes;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, SJ_PSEUDONYM_ENTRY);
}

/* A list in which identifiers 0 to n - 1 are revoked. */
static struct rig_file list_of(const struct bundle_rig *r, uint8_t sector, uint32_t epoch, size_t n)
{
	uint8_t entries[64][SJ_PSEUDONYM_ENTRY];
	struct rig_file file = { malloc(SJ_PSEUDONYMS_SIZE(64)), 0 };
	struct sj_writer w = sj_writer(file.bytes, SJ_PSEUDONYMS_SIZE(64));
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->authority->signer);
	struct sj_pseudonyms_head head = {
		.issuer = SJ_SPAN_STR(RIG_ISSUER),
		.epoch = epoch,
		.not_before = RIG_NOW,
		.next_update = RIG_NOW + RIG_DAY,
	};

	memcpy(head.sector, hash_of(sector), sizeof(head.sector));
	for (size_t i = 0; i < n; i++)
		assert_true(sj_pseudonym_entry(hash_of((uint8_t)i), entries[i]));
	qsort(entries, n, SJ_PSEUDONYM_ENTRY, compare);
	assert_true(sj_pseudonyms_put(&w, &head, sj_span(entries[0], n * SJ_PSEUDONYM_ENTRY), key));
	sj_key_free(key);
	file.len = w.len;
	return file;
}

static enum sj_rc ask(const struct bundle_rig *r, uint8_t sector, uint8_t identifier,
		      struct sj_pseudonyms_answer *out)
{
	uint8_t under[SJ_SECTOR_HASH];
	int dir = open(r->store, O_RDONLY | O_DIRECTORY);
	enum sj_rc rc;

	memcpy(under, hash_of(sector), sizeof(under));
	rc = sj_pseudonyms_ask(dir, under, hash_of(identifier), out);
	close(dir);
	return rc;
}

static void what_is_in_a_list_is_revoked_at_its_sector_only(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_pseudonyms_answer a;

	bundle_add_status(r, 5);
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 5, 40));
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA2, 5, 0));
	assert_int_equal(bundle_next(r), SJ_OK);
	for (uint8_t i = 0; i < 80; i++) {
		assert_int_equal(ask(r, 0xA1, i, &a), SJ_OK);
		assert_int_equal(a.revoked, i < 40);
		assert_int_equal(ask(r, 0xA2, i, &a), SJ_OK);
		assert_false(a.revoked);
	}
	assert_int_equal(a.epoch, 5);
	assert_int_equal(a.next_update, RIG_NOW + RIG_DAY);
	assert_int_equal(ask(r, 0xA3, 0, &a), SJ_TRUST_MISSING);
}

static void without_a_bundle_there_is_no_list(void **state)
{
	struct sj_pseudonyms_answer a;

	assert_int_equal(ask(*state, 0xA1, 0, &a), SJ_TRUST_MISSING);
}

static void a_list_that_nobody_signed_refuses_the_bundle(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file file = list_of(r, 0xA1, 5, 3);

	bundle_add_status(r, 5);
	file.bytes[file.len - 1] ^= 1; /* an entry */
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, file);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	bundle_remove(r, SJ_BUNDLED_PSEUDONYMS);
	file = list_of(r, 0xA1, 5, 3);
	file.bytes[10 + 100] ^= 1; /* the head */
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, file);
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
}

static void an_older_list_refuses_the_bundle(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 5);
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 5, 3));
	assert_int_equal(bundle_next(r), SJ_OK);
	bundle_remove(r, SJ_BUNDLED_PSEUDONYMS);
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 4, 2));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why_text, "older"));
}

static void a_damaged_list_is_repaired_by_the_next_bundle(void **state)
{
	struct bundle_rig *r = *state;
	struct sj_pseudonyms_answer a;
	char command[256];

	bundle_add_status(r, 5);
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 5, 3));
	assert_int_equal(bundle_next(r), SJ_OK);
	snprintf(command, sizeof(command),
		 "cd %s/bundle/a/" SJ_PSEUDONYMS_FOLDER
		 " && for f in *; do rm $f && mkdir $f; done",
		 r->store);
	assert_int_equal(system(command), 0);
	assert_int_equal(ask(r, 0xA1, 0, &a), SJ_TRUST_UNREADABLE);
	assert_int_equal(bundle_next(r), SJ_OK);
	assert_int_equal(ask(r, 0xA1, 0, &a), SJ_OK);
}

static void two_lists_of_a_sector_refuse_the_bundle(void **state)
{
	struct bundle_rig *r = *state;

	bundle_add_status(r, 5);
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 5, 3));
	bundle_add(r, SJ_BUNDLED_PSEUDONYMS, list_of(r, 0xA1, 5, 4));
	assert_int_equal(bundle_next(r), SJ_INPUT_REFUSED);
}

static void no_truncation_is_a_list(void **state)
{
	struct rig_file file = list_of(*state, 0xA1, 5, 3);
	struct sj_signers *nobody = calloc(1, sizeof(*nobody));
	struct sj_pseudonyms_head head;
	struct sj_span entries;

	for (size_t len = 0; len < file.len; len++)
		assert_int_equal(
			sj_pseudonyms_read(sj_span(file.bytes, len), nobody, &head, &entries),
			SJ_INPUT_MALFORMED);
	assert_int_equal(sj_pseudonyms_read(sj_span(file.bytes, file.len), nobody, &head, &entries),
			 SJ_INPUT_REFUSED);
	free(nobody);
	rig_file_free(&file);
}

/* What a status signer signed of the one kind is not taken for the other. */
static void it_is_no_status_list_nor_the_other_way_round(void **state)
{
	struct bundle_rig *r = *state;
	struct rig_file list = list_of(r, 0xA1, 5, 3), status = rig_list(r->authority, 5);
	struct sj_signers *nobody = calloc(1, sizeof(*nobody));
	struct sj_pseudonyms_head head;
	struct sj_status_head other;
	struct sj_span entries, token = sj_span(list.bytes + 10, list.bytes[9]);

	assert_int_equal(sj_status_head_read(token, nobody, &other), SJ_INPUT_MALFORMED);
	memcpy(status.bytes, "SJPSEUD1", 8);
	assert_int_equal(
		sj_pseudonyms_read(sj_span(status.bytes, status.len), nobody, &head, &entries),
		SJ_INPUT_MALFORMED);
	free(nobody);
	rig_file_free(&list);
	rig_file_free(&status);
}

static void entries_that_do_not_ascend_are_not_signed(void **state)
{
	struct bundle_rig *r = *state;
	static const uint8_t twice[2 * SJ_PSEUDONYM_ENTRY];
	struct sj_key *key = sj_key_from_ec(SJ_P256, &r->authority->signer);
	struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR(RIG_ISSUER),
					   .epoch = 1,
					   .not_before = RIG_NOW,
					   .next_update = RIG_NOW + 1 };
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_false(sj_pseudonyms_put(&w, &head, SJ_SPAN_OF(twice), key));
	assert_false(sj_pseudonyms_put(&w, &head, sj_span(twice, 9), key));
	assert_true(sj_pseudonyms_put(&w, &head, sj_span(twice, 8), key));
	sj_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUNDLE_CASE(what_is_in_a_list_is_revoked_at_its_sector_only),
		BUNDLE_CASE(without_a_bundle_there_is_no_list),
		BUNDLE_CASE(a_list_that_nobody_signed_refuses_the_bundle),
		BUNDLE_CASE(an_older_list_refuses_the_bundle),
		BUNDLE_CASE(a_damaged_list_is_repaired_by_the_next_bundle),
		BUNDLE_CASE(two_lists_of_a_sector_refuse_the_bundle),
		BUNDLE_CASE(no_truncation_is_a_list),
		BUNDLE_CASE(it_is_no_status_list_nor_the_other_way_round),
		BUNDLE_CASE(entries_that_do_not_ascend_are_not_signed),
	};

	return cmocka_run_group_tests_name("trust pseudonyms", tests, NULL, NULL);
}
