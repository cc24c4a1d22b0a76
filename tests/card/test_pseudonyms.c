/*
 * Lists of revoked pseudonyms as an authority makes them, against the pseudonyms that the cards
 * themselves would give.
 */
#include "tests/card/register_rig.h"

#include <stdio.h>
#include <time.h>

#include "authority/pseudonyms.h"
#include "authority/sector.h"
#include "authority/token.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define HOTEL 0x4711u
#define METRO 0x4712u

static int setup(void **state)
{
	struct register_rig *rig;

	assert_int_equal(register_rig_setup(state), 0);
	rig = *state;
	assert_int_equal(token_found(&rig->authority, RIG_INDICES), 0);
	assert_int_equal(sector_make(&rig->authority, HOTEL), 0);
	assert_int_equal(sector_make(&rig->authority, METRO), 0);
	return 0;
}

/* A card of a new document with a key for pseudonyms, which the test keeps. */
static int64_t card_with_key(struct register_rig *rig, const char *number,
			     struct sj_ec_secret *secret)
{
	const struct sj_random rnd = sj_random_system();
	const int64_t document = register_rig_document(rig, number, DOCUMENT_APPROVED);
	const int64_t card = register_rig_card(rig, document, 3);
	struct sj_ec_point point;
	uint8_t spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(spki);

	assert_true(sj_ec_secret_random(SECTOR_CURVE, &rnd, secret));
	assert_true(sj_ec_multiply(SECTOR_CURVE, secret, NULL, &point));
	assert_true(sj_ec_spki_put(&w, SECTOR_CURVE, &point, false));
	register_rig_begin(rig);
	assert_int_equal(register_card_pseudonym(rig->r, card, sj_written(&w)), 0);
	register_rig_commit(rig);
	return document;
}

/* What the card says to terminals of that operator. */
static void pseudonym(struct register_rig *rig, uint32_t operator_id,
		      const struct sj_ec_secret *card, uint8_t out[static SJ_PSEUDONYM_ENTRY])
{
	uint8_t identifier[SJ_RI_IDENTIFIER];
	struct sj_ec_point key;
	struct sj_span in, content;
	enum sj_curve curve;
	struct sector s;

	assert_int_equal(sector_get(&rig->authority, operator_id, &s), 0);
	in = sj_span(s.key, s.key_len);
	assert_int_equal(sj_tlv_take(&in, SJ_TAG_PUBLIC_KEY, &content), SJ_TLV_FOUND);
	assert_true(sj_ri_key_read(content, &curve, &key));
	assert_true(sj_ri_identifier(curve, card, &key, identifier));
	assert_true(sj_pseudonym_entry(identifier, out));
}

/* The i-th operator's list, verified: is this entry in it, and how many are. */
static bool listed(struct register_rig *rig, size_t i, const uint8_t *entry, size_t *n)
{
	const struct sj_pseudonyms_head head = { .issuer = SJ_SPAN_STR("UTO"),
						 .epoch = 7,
						 .not_before = (uint32_t)time(NULL) + 5,
						 .next_update = (uint32_t)time(NULL) + 86400 };
	struct sj_signers *signers = calloc(1, sizeof(*signers));
	struct token_signer token = { .name = NULL };
	struct sj_pseudonyms_head said;
	struct sj_span entries, next;
	struct pseudonyms bad = { .n = 0 };
	uint8_t *bytes = NULL;
	bool found = false;
	size_t len = 0;

	assert_int_equal(pseudonyms_read(rig->r, &rig->cli, time(NULL), &bad), 0);
	assert_int_equal(pseudonyms_list(&rig->authority, &bad, i, &head, &bytes, &len), 0);
	assert_int_equal(token_read(&rig->authority, "gate-ca-1", &token), 0);
	assert_true(sj_signers_add(signers, sj_span(token.bytes, token.len)));
	assert_int_equal(token_read(&rig->authority, "status-signer-1", &token), 0);
	assert_true(sj_signers_add(signers, sj_span(token.bytes, token.len)));
	assert_int_equal(sj_pseudonyms_read(sj_span(bytes, len), signers, &said, &entries), SJ_OK);
	assert_int_equal(said.epoch, 7);
	*n = entries.len / SJ_PSEUDONYM_ENTRY;
	while (sj_take(&entries, SJ_PSEUDONYM_ENTRY, &next))
		found |= memcmp(next.ptr, entry, SJ_PSEUDONYM_ENTRY) == 0;
	pseudonyms_free(&bad);
	free(signers);
	free(bytes);
	return found;
}

static void the_revoked_card_is_listed_at_each_operator_by_another_name(void **state)
{
	struct register_rig *rig = *state;
	uint8_t hotel[SJ_PSEUDONYM_ENTRY], metro[SJ_PSEUDONYM_ENTRY], good[SJ_PSEUDONYM_ENTRY];
	struct sj_ec_secret bad, other;
	int64_t document = card_with_key(rig, "BAD1", &bad);
	size_t n;

	card_with_key(rig, "GOOD1", &other);
	pseudonym(rig, HOTEL, &bad, hotel);
	pseudonym(rig, METRO, &bad, metro);
	pseudonym(rig, HOTEL, &other, good);
	assert_memory_not_equal(hotel, metro, sizeof(hotel));
	assert_false(listed(rig, 0, hotel, &n));
	assert_int_equal(n, 0);
	register_rig_move(rig, document, DOCUMENT_REVOKED);
	assert_true(listed(rig, 0, hotel, &n));
	assert_int_equal(n, 1);
	assert_false(listed(rig, 0, metro, &n));
	assert_true(listed(rig, 1, metro, &n));
	assert_false(listed(rig, 1, hotel, &n));
	assert_false(listed(rig, 0, good, &n));
}

static void a_suspended_card_is_listed_until_it_is_reinstated(void **state)
{
	struct register_rig *rig = *state;
	uint8_t entry[SJ_PSEUDONYM_ENTRY];
	struct sj_ec_secret secret;
	int64_t document = card_with_key(rig, "SUSP1", &secret);
	size_t n;

	pseudonym(rig, HOTEL, &secret, entry);
	register_rig_move(rig, document, DOCUMENT_SUSPENDED);
	assert_true(listed(rig, 0, entry, &n));
	register_rig_begin(rig);
	assert_int_equal(register_reinstate(rig->r, document), 0);
	register_rig_commit(rig);
	assert_false(listed(rig, 0, entry, &n));
}

/* Forgetting who it was must not make the card good again. */
static void an_erased_holders_card_stays_listed(void **state)
{
	struct register_rig *rig = *state;
	uint8_t entry[SJ_PSEUDONYM_ENTRY];
	struct sj_ec_secret secret;
	int64_t document = card_with_key(rig, "ERAS1", &secret);
	size_t n;

	pseudonym(rig, HOTEL, &secret, entry);
	register_rig_move(rig, document, DOCUMENT_REVOKED);
	assert_int_equal(register_erase(rig->r, document), 0);
	assert_true(listed(rig, 0, entry, &n));
}

/* Its public key would tell each operator's pseudonym to who has their keys. */
static void the_key_lies_sealed_in_the_register(void **state)
{
	struct register_rig *rig = *state;
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	int64_t n = 1;
	struct db_value v;

	card_with_key(rig, "SEAL1", &secret);
	assert_true(sj_ec_multiply(SECTOR_CURVE, &secret, NULL, &point));
	v = db_bytes(sj_span(point.bytes + 1, 32));
	assert_int_equal(db_number(register_db(rig->r),
				   "SELECT COUNT(*) FROM pseudonyms WHERE INSTR(sealed, $1) > 0",
				   &v, 1, &n),
			 0);
	assert_int_equal(n, 0);
	assert_int_equal(
		db_number(register_db(rig->r), "SELECT COUNT(*) FROM pseudonyms", NULL, 0, &n), 0);
	assert_int_equal(n, 1);
}

static void an_operator_has_one_key_for_ever(void **state)
{
	struct register_rig *rig = *state;
	struct sector hotel, metro, again;
	struct sj_ec_secret secret;
	struct sj_ec_point point;

	assert_int_equal(sector_get(&rig->authority, HOTEL, &hotel), 0);
	assert_int_equal(sector_get(&rig->authority, METRO, &metro), 0);
	assert_int_equal(sector_get(&rig->authority, HOTEL, &again), 0);
	assert_memory_not_equal(hotel.hash, metro.hash, sizeof(hotel.hash));
	assert_memory_equal(hotel.hash, again.hash, sizeof(hotel.hash));
	assert_int_equal(sector_make(&rig->authority, HOTEL), RIG_REFUSED);
	/* The private half that is derived is the public one's. */
	assert_int_equal(sector_secret(&rig->authority, HOTEL, &secret), 0);
	assert_true(sj_ec_multiply(SECTOR_CURVE, &secret, NULL, &point));
	assert_true(hotel.key_len > point.len);
	assert_non_null(memmem(hotel.key, hotel.key_len, point.bytes, point.len));
	assert_int_equal(sector_get(&rig->authority, 0x4713, &hotel), RIG_REFUSED);
	assert_true(register_rig_told(rig, "sector new --operator 00004713"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, register_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_revoked_card_is_listed_at_each_operator_by_another_name),
		CASE(a_suspended_card_is_listed_until_it_is_reinstated),
		CASE(an_erased_holders_card_stays_listed),
		CASE(the_key_lies_sealed_in_the_register),
		CASE(an_operator_has_one_key_for_ever),
	};

	return cmocka_run_group_tests_name("pseudonyms", tests, NULL, NULL);
}
