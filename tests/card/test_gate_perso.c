/* The gate applet's PERSO.md: groupings, refusals, the lock; and the card's profile. */
#include "applets/gate/state.h"
#include "tests/card/gate_rig.h"
#include "tests/card/pace_reader.h"

static const struct sj_span none = { NULL, 0 };

struct blank_room {
	struct issuer ca;
	struct bench *b;
};

static int setup(void **state)
{
	struct blank_room *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	issuer_make(&r->ca);
	r->b = bench_new();
	gate_install(r->b);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct blank_room *r = *state;

	bench_free(r->b);
	free(r);
	return 0;
}

/* --- 0000, 0001 ----------------------------------------------------------------------- */

static void configuration_refuses(void **state)
{
	static const char *const wrong[] = {
		"",
		"011990066060000000",
		"00" RIG_BORN "60000000",
		"05" RIG_BORN "60000000",
		"01" RIG_BORN "600000",
		"01" RIG_BORN "6000000000",
		"011990063160000000",
		"011990130160000000",
		"011990022960000000",
		"011990000160000000",
		"010000060160000000",
		"01199A061560000000",
		"01A990061560000000",
	};
	struct blank_room *r = *state;
	struct sj_span present;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(r->b, 0x0001, wrong[i]), SJ_SW_WRONG_DATA);
	assert_false(card_store_get(r->b->store, GATE_OBJECT_HOLDER, &present));
}

static void unknown_birthdays_are_taken(void **state)
{
	static const char *const right[] = { "011990060060000000", "011990000060000000",
					     "010000000060000000", "012000022960000000" };
	struct blank_room *r = *state;

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_int_equal(bench_dgi_hex(r->b, 0x0001, right[i]), SJ_SW_OK);
}

static void every_configuration_has_a_secret_of_its_own(void **state)
{
	struct blank_room *r = *state;
	uint8_t former[GATE_SECRET];
	struct sj_span holder;

	assert_int_equal(bench_dgi_hex(r->b, 0x0001, "01" RIG_BORN "60000000"), SJ_SW_OK);
	assert_int_equal(r->b->data.len, 0);
	assert_true(card_store_get(r->b->store, GATE_OBJECT_HOLDER, &holder));
	memcpy(former, holder.ptr + 5, sizeof(former));
	assert_int_equal(bench_dgi_hex(r->b, 0x0001, "01" RIG_BORN "60000000"), SJ_SW_OK);
	assert_true(card_store_get(r->b->store, GATE_OBJECT_HOLDER, &holder));
	assert_memory_not_equal(former, holder.ptr + 5, sizeof(former));
}

static void begin_forgets_everything(void **state)
{
	struct blank_room *r = *state;
	uint32_t id = CARD_OBJECT_GATE;

	gate_personalise_all(r->b, &r->ca);
	assert_int_equal(bench_dgi_hex(r->b, 0x0000, "00"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi(r->b, 0x0000, none), SJ_SW_OK);
	assert_false(card_store_next(r->b->store, &id));
}

static void unknown_groupings(void **state)
{
	struct blank_room *r = *state;

	assert_int_equal(bench_dgi(r->b, 0x0003, none), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_dgi(r->b, 0x0013, none), SJ_SW_REFERENCE_NOT_FOUND);
}

/* --- 0002 ------------------------------------------------------------------------------- */

static uint16_t anchor(struct blank_room *r, uint8_t role, const struct rig_token *token)
{
	uint8_t value[1 + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, role);
	sj_put(&w, token_span(token));
	return bench_dgi(r->b, 0x0002, sj_written(&w));
}

static void anchors_refuse(void **state)
{
	struct blank_room *r = *state;
	struct rig_token token;
	struct signer other;

	signer_make(&other);
	assert_int_equal(anchor(r, 2, &r->ca.status_token), SJ_SW_WRONG_DATA); /* no gate CA yet */
	assert_int_equal(anchor(r, 2, &r->ca.ca_token), SJ_SW_WRONG_DATA);
	assert_int_equal(anchor(r, 0, &r->ca.ca_token), SJ_SW_WRONG_DATA);
	signer_token(&token, &other, SJ_CWT_GATE_CA, RIG_NOW, &r->ca.ca);
	assert_int_equal(anchor(r, 1, &token), SJ_SW_WRONG_DATA);
	signer_token(&token, &other, SJ_CWT_STATUS_SIGNER, RIG_NOW, &other);
	assert_int_equal(anchor(r, 2, &token), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi(r->b, 0x0002, none), SJ_SW_WRONG_DATA);
	assert_int_equal(anchor(r, 1, &r->ca.ca_token), SJ_SW_OK);
	assert_int_equal(anchor(r, 1, &r->ca.ca_token), SJ_SW_WRONG_DATA); /* not later */
	assert_int_equal(anchor(r, 2, &r->ca.status_token), SJ_SW_OK);
	signer_token(&token, &other, SJ_CWT_BUNDLE_SIGNER, RIG_NOW, &r->ca.ca);
	assert_int_equal(anchor(r, 3, &token), SJ_SW_WRONG_DATA); /* no card's business */
}

static void a_successor_is_taken_at_once(void **state)
{
	struct blank_room *r = *state;
	struct rig_token token;
	struct signer other;
	struct sj_span newest, older;

	signer_make(&other);
	assert_int_equal(anchor(r, 1, &r->ca.ca_token), SJ_SW_OK);
	signer_token(&token, &other, SJ_CWT_GATE_CA, RIG_NOW, &other);
	assert_int_equal(anchor(r, 1, &token), SJ_SW_OK);
	assert_true(card_store_get(r->b->store, GATE_OBJECT_ANCHOR + 2, &newest));
	assert_true(card_store_get(r->b->store, GATE_OBJECT_ANCHOR + 3, &older));
	assert_true(sj_span_eq(newest, token_span(&token)));
	assert_true(sj_span_eq(older, token_span(&r->ca.ca_token)));
}

static void every_truncated_anchor(void **state)
{
	struct blank_room *r = *state;
	struct rig_token cut = r->ca.ca_token;

	for (cut.len = 0; cut.len < r->ca.ca_token.len; cut.len++)
		assert_int_equal(anchor(r, 1, &cut), SJ_SW_WRONG_DATA);
}

/* --- 0011, 0012 --------------------------------------------------------------------------- */

static uint16_t credential(struct blank_room *r, uint8_t sector, uint8_t slot, struct sj_span x,
			   size_t cut)
{
	const struct sj_cwt claims = { .kind = SJ_CWT_CARD,
				       .issuer = SJ_SPAN_STR(RIG_ISSUER),
				       .not_before = RIG_NOW,
				       .expires = RIG_NOW + 1,
				       .key_x = x };
	struct rig_token token;
	uint8_t value[2 + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(value);

	token_make(&token, &claims, &r->ca.ca);
	sj_put_u8(&w, sector);
	sj_put_u8(&w, slot);
	sj_put(&w, sj_span(token.bytes, token.len - cut));
	return bench_dgi(r->b, 0x0012, sj_written(&w));
}

static void keys_of_a_sector(void **state)
{
	struct blank_room *r = *state;
	uint8_t former[256];

	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "00"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "08"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "0101"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, ""), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "01"), SJ_SW_OK);
	assert_int_equal(r->b->data.len, 256);
	memcpy(former, r->b->data.ptr, 256);
	for (size_t i = 32; i < 256; i += 32)
		assert_memory_not_equal(former, former + i, 32);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "01"), SJ_SW_OK);
	assert_memory_not_equal(former, r->b->data.ptr, 256);
}

/* Answers follow one another as the groupings do. */
static void all_sectors_answer_in_one_command(void **state)
{
	struct blank_room *r = *state;
	struct gate_credential c;

	assert_int_equal(bench_do(r->b, "80E20800000010"
					"00110101"
					"00110107"
					"00110103"
					"00110102"
					"0000"),
			 SJ_SW_OK);
	assert_int_equal(r->b->data.len, 4 * 256);
	assert_true(gate_credential_find(r->b->store, 7, 0, &c));
	assert_true(sj_span_eq(c.x, sj_span(r->b->data.ptr + 256, 32)));
	assert_true(gate_credential_find(r->b->store, 2, 7, &c));
	assert_true(sj_span_eq(c.x, sj_span(r->b->data.ptr + 4 * 256 - 32, 32)));
}

static void credentials_want_their_key(void **state)
{
	struct blank_room *r = *state;
	uint8_t x[256];

	memset(x, 0x11, sizeof(x));
	assert_int_equal(credential(r, 1, 0, sj_span(x, 32), 0), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "01"), SJ_SW_OK);
	memcpy(x, r->b->data.ptr, 256);
	assert_int_equal(credential(r, 1, 1, sj_span(x, 32), 0), SJ_SW_WRONG_DATA);
	assert_int_equal(credential(r, 2, 0, sj_span(x, 32), 0), SJ_SW_WRONG_DATA);
	assert_int_equal(credential(r, 0, 8, sj_span(x, 32), 0), SJ_SW_WRONG_DATA);
	assert_int_equal(credential(r, 1, 8, sj_span(x, 32), 0), SJ_SW_WRONG_DATA);
	for (size_t cut = 1; cut < 140; cut++)
		assert_int_equal(credential(r, 1, 0, sj_span(x, 32), cut), SJ_SW_WRONG_DATA);
	assert_int_equal(credential(r, 1, 0, sj_span(x, 32), 0), SJ_SW_OK);
	assert_int_equal(credential(r, 1, 7, sj_span(x + 224, 32), 0), SJ_SW_OK);
}

/* --- the lock --------------------------------------------------------------------------------- */

static uint16_t lock(struct bench *b)
{
	bench_manage(b);
	return bench_do(b, LOCK);
}

static void document(struct bench *b)
{
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
}

static void the_lock_wants_all_or_nothing(void **state)
{
	static const uint32_t needed[] = { GATE_OBJECT_HOLDER, GATE_OBJECT_ANCHOR + 2,
					   GATE_OBJECT_ANCHOR + 4, GATE_OBJECT_CREDENTIAL + 8,
					   GATE_OBJECT_CREDENTIAL + 63 };
	struct blank_room *r = *state;
	struct card_store *store = r->b->store;

	document(r->b);
	gate_personalise_all(r->b, &r->ca);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		uint8_t copy[512];
		struct sj_writer w = SJ_WRITER_OF(copy);
		struct sj_span value;

		assert_true(card_store_get(store, needed[i], &value));
		sj_put(&w, value);
		assert_true(card_store_delete(store, needed[i]));
		assert_int_equal(card_store_commit(store), CARD_STORE_OK);
		assert_int_equal(lock(r->b), SJ_SW_CONDITIONS);
		assert_true(card_store_set(store, needed[i], sj_written(&w)));
		assert_int_equal(card_store_commit(store), CARD_STORE_OK);
	}
	assert_int_equal(lock(r->b), SJ_SW_OK);
	assert_true(card_store_get(store, GATE_OBJECT_EPHEMERAL, &(struct sj_span){ NULL, 0 }));
}

static void a_key_without_credential_holds_the_lock(void **state)
{
	struct blank_room *r = *state;

	document(r->b);
	gate_personalise_all(r->b, &r->ca);
	assert_int_equal(bench_dgi_hex(r->b, 0x0011, "07"), SJ_SW_OK);
	assert_int_equal(lock(r->b), SJ_SW_CONDITIONS);
}

static void a_card_without_gate_locks(void **state)
{
	struct blank_room *r = *state;

	document(r->b);
	assert_int_equal(lock(r->b), SJ_SW_OK);
	bench_power(r->b);
	assert_int_equal(bench_hex(r->b, GATE_SELECT), SJ_SW_NOT_FOUND);
}

/* --- the profile -------------------------------------------------------------------------------- */

static void profile_refuses(void **state)
{
	struct blank_room *r = *state;

	bench_profile(r->b, PROFILE_OPEN);
	assert_int_equal(card_profile(r->b->card), CARD_OPEN);
	assert_int_equal(bench_dgi_hex(r->b, 0x0001, "02"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0001, ""), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0001, "0000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(r->b, 0x0002, "00"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(card_profile(r->b->card), CARD_OPEN);
	assert_int_equal(bench_dgi_hex(r->b, 0x0001, "00"), SJ_SW_OK);
	assert_int_equal(card_profile(r->b->card), CARD_PRIVATE);
}

/* The same card by its other interface. */
static uint16_t select_on_contact(struct bench *b)
{
	struct card_config config = { .interface = CARD_CONTACT,
				      .clock = { bench_now, bench_wait, b },
				      .random = { bench_fill, b },
				      .store = b->store };
	uint8_t atr[CARD_ATR_MAX];

	card_free(b->card);
	b->card = card_new(&config);
	assert_non_null(b->card);
	assert_true(card_power_on(b->card, atr) > 0);
	return bench_hex(b, SELECT_MANAGER);
}

static void who_sees_the_manager(void **state)
{
	static const char *const profiles[] = { PROFILE_PRIVATE, PROFILE_OPEN };
	const struct sj_pace_suite suite = { .mapping = SJ_PACE_GM,
					     .cipher = SJ_CIPHER_AES128,
					     .curve = SJ_BP256R1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench *b = bench_issued_as(ACCESS_BOTH, profiles[i]);
		uint16_t seen = i == 0 ? SJ_SW_NOT_FOUND : SJ_SW_OK;

		assert_int_equal(bench_hex(b, SELECT_MANAGER), seen);
		assert_int_equal(bench_hex(b, "00A4040000"), seen);
		bench_power(b);
		assert_int_equal(pace_run(b, suite, SJ_PACE_CAN, CAN), SJ_SW_OK);
		assert_int_equal(bench_do(b, SELECT_MANAGER), SJ_SW_OK);
		b->secured = false;
		assert_int_equal(bench_hex(b, SELECT_MANAGER), seen);
		/* BAC is no PACE. */
		bench_power(b);
		bench_bac(b);
		assert_int_equal(bench_do(b, SELECT_MANAGER), seen);
		b->secured = false;
		assert_int_equal(select_on_contact(b), SJ_SW_OK);
		bench_free(b);
	}
}

static void without_a_profile_the_card_is_private(void **state)
{
	struct blank_room *r = *state;

	document(r->b);
	assert_int_equal(bench_hex(r->b, SELECT_MANAGER), SJ_SW_OK); /* blank: always */
	assert_int_equal(lock(r->b), SJ_SW_OK);
	assert_int_equal(card_profile(r->b->card), CARD_PRIVATE);
	assert_int_equal(bench_hex(r->b, SELECT_MANAGER), SJ_SW_NOT_FOUND);
}

#define PERSO_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PERSO_CASE(configuration_refuses),
		PERSO_CASE(unknown_birthdays_are_taken),
		PERSO_CASE(every_configuration_has_a_secret_of_its_own),
		PERSO_CASE(begin_forgets_everything),
		PERSO_CASE(unknown_groupings),
		PERSO_CASE(anchors_refuse),
		PERSO_CASE(a_successor_is_taken_at_once),
		PERSO_CASE(every_truncated_anchor),
		PERSO_CASE(keys_of_a_sector),
		PERSO_CASE(all_sectors_answer_in_one_command),
		PERSO_CASE(credentials_want_their_key),
		PERSO_CASE(the_lock_wants_all_or_nothing),
		PERSO_CASE(a_key_without_credential_holds_the_lock),
		PERSO_CASE(a_card_without_gate_locks),
		PERSO_CASE(profile_refuses),
		cmocka_unit_test(who_sees_the_manager),
		PERSO_CASE(without_a_profile_the_card_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
