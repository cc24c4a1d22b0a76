/* RESET: when, what it leaves, and power that goes at every write of it and of MOVE KEY. */
#include <stdio.h>

#include "applets/piv/yubico.h"
#include "tests/card/attest_rig.h"
#include "tests/card/pace_reader.h"
#include "tests/card/store_rig.h"
#include "wire/sw.h"

#define RESET "00FB0000"
#define WRONG_PIN "0020008008393939393939FFFF"
#define WRONG_PUK "002C00801039393939393939393132333435363738"

static void block(struct bench *b)
{
	for (unsigned i = 0; i < PIN_TRIES; i++)
		(void)bench_do(b, WRONG_PIN);
	for (unsigned i = 0; i < 3; i++)
		(void)bench_do(b, WRONG_PUK);
	assert_int_equal(bench_do(b, "0020008000"), SJ_SW_AUTH_BLOCKED);
}

static bool holds(const struct bench *b, uint32_t id)
{
	struct sj_span unused;

	return card_store_get(b->store, id, &unused);
}

/* --- when ------------------------------------------------------------------------------- */

static void only_when_pin_and_puk_are_blocked(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	piv_administer(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	for (unsigned i = 0; i < PIN_TRIES; i++)
		(void)bench_do(b, WRONG_PIN);
	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	for (unsigned i = 0; i < 3; i++)
		(void)bench_do(b, WRONG_PUK);
	assert_int_equal(bench_do(b, "00FB0001"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
}

static void a_blocked_puk_alone_is_not_enough(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 3; i++)
		(void)bench_do(b, WRONG_PUK);
	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

/*
 * The last tries are kept back there: whoever knows the number that is printed on the card
 * could else empty in passing what he cannot block.
 */
static void inside_pace_only_what_contact_has_blocked(void **state)
{
	struct bench *b =
		piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .is_private = true });

	(void)state;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_CONDITIONS);
	assert_true(holds(b, PIV_STORE_KEY + 0x9A));
	piv_move(b, CARD_CONTACT);
	block(b);
	bench_insert(b, CARD_CONTACTLESS);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_false(holds(b, PIV_STORE_KEY + 0x9A));
	bench_free(b);
}

/* Nor over the virtual contact interface: management is for contact, or PACE. */
static void not_over_the_air(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	block(b);
	piv_move(b, CARD_CONTACTLESS);
	assert_int_equal(bench_do(b, RESET), SJ_SW_FUNCTION_NOT_SUPPORTED);
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, RESET), SJ_SW_FUNCTION_NOT_SUPPORTED);
}

/* --- what is left ---------------------------------------------------------------------------- */

static void what_the_holder_had_is_gone(void **state)
{
	struct bench *b = *state;
	uint32_t id = PIV_STORE_DATA;

	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	for (unsigned ref = 0x82; ref <= 0x9E; ref++) {
		assert_false(holds(b, PIV_STORE_KEY + ref));
		assert_false(holds(b, PIV_STORE_PUBLIC + ref));
	}
	assert_true(card_store_next(b->store, &id)); /* two objects stay: those of the VCI */
	assert_int_equal(id, PIV_STORE_DATA + (PIV_OBJECT_SM_SIGNER & 0xFFFFu));
	id++;
	assert_true(card_store_next(b->store, &id));
	assert_int_equal(id, PIV_STORE_DATA + (PIV_OBJECT_PAIRING_CODE & 0xFFFFu));
	id++;
	assert_false(card_store_next(b->store, &id) && id < PIV_STORE_END);
	assert_int_equal(piv_get(b, PIV_OBJECT_CHUID), SJ_SW_NOT_FOUND);
}

static void everything_is_as_everybody_knows(void **state)
{
	struct bench *b = *state;

	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020303");
	assert_int_equal(bench_do(b, "00F7008100"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020303");
	assert_int_equal(bench_do(b, "00F7009B00"), SJ_SW_OK);
	assert_bytes(b->data, "01010302020001050101");
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

static void the_global_pin_is_gone_and_not_offered(void **state)
{
	struct sj_piv_discovery d;
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_OK);
	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(piv_get(b, PIV_OBJECT_DISCOVERY), SJ_SW_OK);
	assert_true(sj_piv_discovery_read(b->data, &d));
	assert_int_equal(d.policy, PIV_POLICY_PIN | PIV_POLICY_VCI);
	assert_int_equal(d.preference, 0);
}

static void what_was_proved_is_forgotten(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0047009A05AC0380011100"), SJ_SW_SECURITY_STATUS);
}

static void what_is_the_cards_stays(void **state)
{
	struct bench *b = *state;
	static struct attester a;
	struct piv_reader r;

	attester_make(&a, "P-256");
	attester_give(b, &a);
	block(b);
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F8000000"), SJ_SW_OK);
	assert_bytes(b->data, "00BC614E");
	assert_true(holds(b, PIV_STORE_KEY + YUBICO_KEY_ATTESTATION));
	assert_int_equal(piv_get(b, YUBICO_OBJECT_ATTESTATION_CERTIFICATE), SJ_SW_OK);
	piv_move(b, CARD_CONTACTLESS);
	assert_int_equal(piv_get(b, PIV_OBJECT_SM_SIGNER), SJ_SW_OK);
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_OK);
}

static void the_content_is_another(void **state)
{
	struct bench *b = *state;
	uint8_t before[PIV_CONTENT_SIZE];
	struct sj_span now;

	block(b);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	memcpy(before, now.ptr, sizeof(before));
	assert_int_equal(bench_do(b, RESET), SJ_SW_OK);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	assert_memory_not_equal(now.ptr, before, sizeof(before));
}

/* --- power goes ------------------------------------------------------------------------------------ */

#define FILE_MAX 262144u

struct cuts {
	struct room *room;
	struct bench *b;
	uint8_t image[FILE_MAX];
	size_t len;
};

/* A card in a file, PIN and PUK blocked if `blocked`. */
static void make_file(struct cuts *c, bool blocked)
{
	FILE *file;

	c->b = bench_new_in(create(c->room));
	bench_install(c->b);
	assert_int_equal(bench_dgi_hex(c->b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(c->b);
	piv_personalise_all(c->b, &(struct piv_plan){ .policy = 0 });
	bench_profile(c->b, PROFILE_OPEN);
	bench_lock(c->b);
	piv_move(c->b, CARD_CONTACT);
	if (blocked)
		block(c->b);
	bench_free(c->b);
	file = fopen(c->room->path, "rb");
	assert_non_null(file);
	c->len = fread(c->image, 1, sizeof(c->image), file);
	fclose(file);
	assert_true(c->len > 0 && c->len < sizeof(c->image));
}

static void start(struct cuts *c)
{
	struct card_store *s = NULL;

	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->b = bench_new_in(s);
	piv_move(c->b, CARD_CONTACT);
}

/* All of the old, or all of the new. */
static bool is_reset(const struct bench *b)
{
	bool done = !holds(b, PIV_STORE_KEY + 0x9A);
	struct piv_password pin, puk;

	assert_int_equal(holds(b, PIV_STORE_KEY + 0x9E), !done);
	assert_int_equal(holds(b, PIV_STORE_DATA + 0xC102u), !done);
	assert_int_equal(holds(b, PIV_STORE_PASSWORD + PIV_REF_GLOBAL_PIN), !done);
	assert_true(piv_password_get(b->store, PIV_REF_PIN, &pin));
	assert_true(piv_password_get(b->store, PIV_REF_PUK, &puk));
	assert_int_equal(pin.left, done ? YUBICO_PIN_TRIES : 0);
	assert_int_equal(puk.left, done ? YUBICO_PIN_TRIES : 0);
	return done;
}

/* In one place, never in two or none. */
static bool is_moved(const struct bench *b)
{
	bool moved = holds(b, PIV_STORE_KEY + 0x84);

	assert_int_equal(holds(b, PIV_STORE_KEY + 0x9C), !moved);
	assert_int_equal(holds(b, PIV_STORE_PUBLIC + 0x84), moved);
	assert_int_equal(holds(b, PIV_STORE_PUBLIC + 0x9C), !moved);
	return moved;
}

/* Both values, or none; the counters of the one are never those of the other. */
static bool are_retries_set(const struct bench *b)
{
	struct piv_password pin, puk;

	assert_true(piv_password_get(b->store, PIV_REF_PIN, &pin));
	assert_true(piv_password_get(b->store, PIV_REF_PUK, &puk));
	assert_int_equal(pin.tries, puk.tries == 7 ? 9 : PIN_TRIES);
	return puk.tries == 7;
}

/* The public half is that of the private one, whichever key it is. */
static bool is_imported(const struct bench *b)
{
	struct sj_piv_public public;
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	struct sj_span content;
	struct piv_key key;

	assert_true(piv_key_find(b->store, 0x9A, &key));
	assert_true(piv_key_public(b->store, 0x9A, &content));
	assert_true(sj_piv_public_read(content, &public));
	assert_true(sj_ec_secret_read(SJ_P256, key.secret, &secret));
	assert_true(sj_ec_multiply(SJ_P256, &secret, NULL, &point));
	assert_true(sj_span_eq(sj_ec_point_span(&point), public.point));
	return key.origin == PIV_IMPORTED;
}

static void prove(struct bench *b)
{
	piv_administer(b);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

/* At every call of pwrite, fdatasync and what follows; `dies`: for good, and it is opened anew. */
static void killed_at_every_write(struct cuts *c, const char *command, bool administer, bool dies,
				  bool (*is_done)(const struct bench *b))
{
	unsigned k = 1, calls;

	do {
		put_file(c->room, c->image, c->len);
		start(c);
		if (administer)
			prove(c->b);
		c->room->calls = 0;
		c->room->fail_at = k;
		c->room->fail_on = dies;
		(void)bench_do(c->b, command);
		calls = c->room->calls;
		c->room->fail_at = 0;
		if (c->b->sw != SJ_SW_OK && !dies)
			assert_false(is_done(c->b));
		bench_free(c->b);
		start(c);
		if (!is_done(c->b)) {
			if (administer)
				prove(c->b);
			assert_int_equal(bench_do(c->b, command), SJ_SW_OK);
			assert_true(is_done(c->b));
		}
		bench_free(c->b);
	} while (calls >= k++);
	assert_true(k > 2); /* there were some */
}

static int cuts_setup(void **state)
{
	struct cuts *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	assert_int_equal(store_rig_setup((void **)&c->room), 0);
	*state = c;
	return 0;
}

static int cuts_teardown(void **state)
{
	struct cuts *c = *state;
	void *room = c->room;

	free(c);
	return store_rig_teardown(&room);
}
#define CUTS_CASE(name) cmocka_unit_test_setup_teardown(name, cuts_setup, cuts_teardown)

static void reset_killed_at_every_write(void **state)
{
	make_file(*state, true);
	killed_at_every_write(*state, RESET, false, true, is_reset);
	killed_at_every_write(*state, RESET, false, false, is_reset);
}

static void move_killed_at_every_write(void **state)
{
	make_file(*state, false);
	killed_at_every_write(*state, "00F6849C", true, true, is_moved);
	killed_at_every_write(*state, "00F6849C", true, false, is_moved);
}

static void retries_killed_at_every_write(void **state)
{
	make_file(*state, false);
	killed_at_every_write(*state, "00FA0907", true, true, are_retries_set);
	killed_at_every_write(*state, "00FA0907", true, false, are_retries_set);
}

static void import_killed_at_every_write(void **state)
{
	static const char command[] = "00FE119A220620"
				      "0102030405060708090A0B0C0D0E0F10"
				      "1112131415161718191A1B1C1D1E1F20";

	make_file(*state, false);
	killed_at_every_write(*state, command, true, true, is_imported);
	killed_at_every_write(*state, command, true, false, is_imported);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(only_when_pin_and_puk_are_blocked),
		PIV_CASE(a_blocked_puk_alone_is_not_enough),
		cmocka_unit_test(inside_pace_only_what_contact_has_blocked),
		PIV_CASE(not_over_the_air),
		PIV_CASE(what_the_holder_had_is_gone),
		PIV_CASE(everything_is_as_everybody_knows),
		PIV_CASE(the_global_pin_is_gone_and_not_offered),
		PIV_CASE(what_was_proved_is_forgotten),
		PIV_CASE(what_is_the_cards_stays),
		PIV_CASE(the_content_is_another),
		CUTS_CASE(reset_killed_at_every_write),
		CUTS_CASE(move_killed_at_every_write),
		CUTS_CASE(retries_killed_at_every_write),
		CUTS_CASE(import_killed_at_every_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
