/* The key applet's PERSO.md: every grouping, what it refuses, and the lock. */
#include "applets/piv/state.h"
#include "tests/card/piv_rig.h"

/* A blank card whose key applet is being personalised. */
static int blank_setup(void **state)
{
	struct bench *b = bench_new();

	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_PIV), SJ_SW_OK);
	b->block = 0;
	*state = b;
	return 0;
}

#define BLANK_CASE(name) cmocka_unit_test_setup_teardown(name, blank_setup, piv_teardown)

static bool holds(const struct bench *b, uint32_t id)
{
	struct sj_span unused;

	return card_store_get(b->store, id, &unused);
}

/* --- groupings ------------------------------------------------------------------------------------ */

/* Values of every grouping that it does not take. */
static void what_each_grouping_refuses(void **state)
{
	static const struct {
		uint16_t dgi;
		const char *value;
	} wrong[] = {
		{ 0x0000, "00" },
		{ 0x0001, PIV_GUID },
		{ 0x0001, PIV_GUID "0000000000" },
		{ 0x0002, "" },
		{ 0x0002, "80" },
		{ 0x0002, "8000" PIN_HEX }, /* no tries */
		{ 0x0002, "8003" },
		{ 0x0002, "8003313233343536FF" },
		{ 0x0002, "8003" PIN_HEX "FF" },
		{ 0x0002, "80033132333435FFFFFF" },
		{ 0x0002, "0003FFFFFFFFFFFFFFFF" },
		{ 0x0002, "9803" PAIRING_HEX },
		{ 0x0003, "38323931333734" },
		{ 0x0003, "38323931333734FF" },
		{ 0x0003, PAIRING_HEX "30" },
		{ 0x0004, "" },
		{ 0x0004, "0A" },
		{ 0x0004, "08" ADMIN_HEX },
		{ 0x0004, "00" ADMIN_HEX },
		{ 0x0004, "11" ADMIN_HEX },
		{ 0x0005, "" },
		{ 0x0005, "40" },
		{ 0x0005, "400000" },
		{ 0x0005, "0000" },
		{ 0x0005, "4400" },
		{ 0x0005, "6000" },
		{ 0x0010, "" },
		{ 0x0010, "5FC1" },
		{ 0x0010, "5FC10401" },
		{ 0x0010, "00007E01" },
		{ 0x0010, "5FFF5001" },
		{ 0x0020, "" },
		{ 0x0020, "9A1100" },
		{ 0x0020, "9A11000000" },
		{ 0x0020, "9B110000" },
		{ 0x0020, "04110000" },
		{ 0x0020, "9A270000" },
		{ 0x0020, "9A060000" },
		{ 0x0020, "9AE10000" },
		{ 0x0020, "9A110400" },
		{ 0x0020, "9A110002" },
		{ 0x0021, "9A1100" },
		{ 0x0022, "" },
		{ 0x0022, "7F2100" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (bench_dgi_hex(b, wrong[i].dgi, wrong[i].value) != SJ_SW_WRONG_DATA)
			fail_msg("%04X %s: %04X", wrong[i].dgi, wrong[i].value, b->sw);
	assert_false(piv_present(b->store));
	assert_int_equal(bench_dgi_hex(b, 0x0006, ""), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_dgi_hex(b, 0x0030, ""), SJ_SW_REFERENCE_NOT_FOUND);
}

static void begin_forgets_everything(void **state)
{
	struct bench *b = *state;

	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	assert_true(piv_present(b->store));
	assert_int_equal(bench_dgi(b, 0x0000, sj_span(NULL, 0)), SJ_SW_OK);
	assert_false(piv_present(b->store));
}

static void a_second_grouping_replaces_the_first(void **state)
{
	struct bench *b = *state;
	struct piv_password p;
	struct sj_span value;

	assert_int_equal(bench_dgi_hex(b, 0x0002, "8005" PIN_HEX), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "8007" GLOBAL_HEX), SJ_SW_OK);
	assert_true(piv_password_get(b->store, PIV_REF_PIN, &p));
	assert_int_equal(p.tries, 7);
	assert_int_equal(p.left, 7);
	assert_bytes(SJ_SPAN_OF(p.value), GLOBAL_HEX);
	assert_int_equal(bench_dgi_hex(b, 0x0010, "5FC1050102"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0010, "5FC10503"), SJ_SW_OK);
	assert_true(piv_data_find(b->store, 0x5FC105, &value));
	assert_bytes(value, "03");
}

static void keys_of_every_kind(void **state)
{
	static const struct {
		uint8_t ref, algorithm, policy;
	} keys[] = {
		{ 0x9A, PIV_ALG_P256, YUBICO_PIN_POLICY_ONCE },
		{ 0x9C, PIV_ALG_P384, YUBICO_PIN_POLICY_ALWAYS },
		{ 0x9D, YUBICO_ALG_X25519, YUBICO_PIN_POLICY_ONCE },
		{ 0x9E, YUBICO_ALG_ED25519, YUBICO_PIN_POLICY_NEVER },
		{ 0x82, PIV_ALG_RSA_2048, YUBICO_PIN_POLICY_ONCE },
		{ 0xF9, PIV_ALG_P256, YUBICO_PIN_POLICY_ONCE },
		{ 0x04, PIV_ALG_CS7, YUBICO_PIN_POLICY_NEVER },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const uint8_t value[] = { keys[i].ref, keys[i].algorithm, 0, 0 };
		struct piv_key key;
		struct sj_span in, content;

		assert_int_equal(bench_dgi(b, 0x0020, SJ_SPAN_OF(value)), SJ_SW_OK);
		in = b->data;
		assert_int_equal(sj_tlv_take(&in, PIV_TAG_PUBLIC_KEY, &content), SJ_TLV_FOUND);
		assert_true(piv_key_find(b->store, keys[i].ref, &key));
		assert_int_equal(key.algorithm, keys[i].algorithm);
		assert_int_equal(key.pin_policy, keys[i].policy);
		assert_int_equal(key.origin, PIV_GENERATED);
	}
}

/* The CVC of another key, or of no key. */
static void a_cvc_is_of_key_04(void **state)
{
	struct bench *b = *state;
	uint8_t kept[SJ_PIV_CVC_MAX];
	struct sj_span cvc;
	size_t n;

	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	assert_true(card_store_get(b->store, PIV_STORE_CVC, &cvc));
	n = cvc.len;
	memcpy(kept, cvc.ptr, n);
	assert_int_equal(bench_dgi(b, 0x0022, sj_span(kept, n)), SJ_SW_OK);
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(bench_dgi(b, 0x0022, sj_span(kept, cut)), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0020, "04270000"), SJ_SW_OK); /* another key */
	assert_false(holds(b, PIV_STORE_CVC));
	assert_int_equal(bench_dgi(b, 0x0022, sj_span(kept, n)), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0020, "042E0000"), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0022, sj_span(kept, n)), SJ_SW_WRONG_DATA);
}

static void after_the_lock_nothing_is_personalised(void **state)
{
	struct bench *b = *state;

	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_PIV), SJ_SW_CONDITIONS);
}

/* --- the lock ---------------------------------------------------------------------------------------- */

static void document(struct bench *b)
{
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(b);
}

static uint16_t lock(struct bench *b)
{
	bench_manage(b);
	return bench_do(b, LOCK);
}

/* Without each of them it is not whole; with it, it is. */
static void the_lock_wants_all_of_it(void **state)
{
	static const uint32_t needed[] = {
		PIV_STORE_IDENTITY,
		PIV_STORE_POLICY,
		PIV_STORE_ADMIN,
		PIV_STORE_PAIRING,
		PIV_STORE_CVC,
		PIV_STORE_PASSWORD + PIV_REF_PIN,
		PIV_STORE_PASSWORD + PIV_REF_PUK,
		PIV_STORE_PASSWORD + PIV_REF_GLOBAL_PIN,
		PIV_STORE_KEY + 0x9A,
		PIV_STORE_KEY + 0x9E,
		PIV_STORE_KEY + 0x04,
		PIV_STORE_DATA + 0xC102,
		PIV_STORE_DATA + 0xC107,
		PIV_STORE_DATA + 0xC106,
		PIV_STORE_DATA + 0xC105,
		PIV_STORE_DATA + 0xC101,
		PIV_STORE_DATA + 0xC122,
		PIV_STORE_DATA + 0xC123,
	};
	struct bench *b = *state;

	document(b);
	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		uint8_t kept[2048];
		struct sj_span value;
		size_t n;

		assert_true(card_store_get(b->store, needed[i], &value));
		n = value.len;
		memcpy(kept, value.ptr, n);
		assert_true(card_store_delete(b->store, needed[i]));
		assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
		if (lock(b) != SJ_SW_CONDITIONS)
			fail_msg("%08X", needed[i]);
		assert_true(card_store_set(b->store, needed[i], sj_span(kept, n)));
	}
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void the_lock_does_without_messaging_where_the_policy_does(void **state)
{
	struct bench *b = *state;

	document(b);
	piv_personalise_all(b, &(struct piv_plan){ .suite = 0xFF, .policy = 0x4000 });
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void the_lock_wants_messaging_where_the_policy_names_it(void **state)
{
	struct bench *b = *state;

	document(b);
	piv_personalise_all(b, &(struct piv_plan){ .suite = 0xFF, .policy = 0x4800 });
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
}

static void a_card_may_do_without_keys(void **state)
{
	struct bench *b = *state;

	document(b);
	assert_int_equal(lock(b), SJ_SW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BLANK_CASE(what_each_grouping_refuses),
		BLANK_CASE(begin_forgets_everything),
		BLANK_CASE(a_second_grouping_replaces_the_first),
		BLANK_CASE(keys_of_every_kind),
		BLANK_CASE(a_cvc_is_of_key_04),
		PIV_CASE(after_the_lock_nothing_is_personalised),
		BLANK_CASE(the_lock_wants_all_of_it),
		BLANK_CASE(the_lock_does_without_messaging_where_the_policy_does),
		BLANK_CASE(the_lock_wants_messaging_where_the_policy_names_it),
		BLANK_CASE(a_card_may_do_without_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
