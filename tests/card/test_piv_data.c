/* The key applet's data objects: who reads them, how they are written, what changes with them. */
#include <stdio.h>

#include "applets/piv/state.h"
#include "tests/card/piv_rig.h"

/* --- who reads (part 1, table 2) ------------------------------------------------------------ */

enum rule { FREE, SEEN, SEEN_PIN };

static enum rule rule_of(uint32_t tag)
{
	switch (tag) {
	case 0x7E:
	case 0x7F61:
	case 0x5FC101:
	case 0x5FC102:
	case 0x5FC122:
	case 0x5FFF50:
		return FREE;
	case 0x5FC103:
	case 0x5FC108:
	case 0x5FC109:
	case 0x5FC121:
	case 0x5FC123:
		return SEEN_PIN;
	default:
		return SEEN;
	}
}

/* Every tag of the standard and ours, whether the card has it or not. */
static uint32_t tag_at(size_t i)
{
	static const uint32_t others[] = { 0x7E, 0x7F61, 0x5FFF00, 0x5FFF01, 0x5FFF50, 0x5FFFFF };
	const size_t n = 0x23;

	if (i < n)
		return 0x5FC101 + (uint32_t)i;
	return i - n < sizeof(others) / sizeof(others[0]) ? others[i - n] : 0;
}

static bool exists(uint32_t tag)
{
	return !((tag > 0x5FC10D && tag < 0x5FC120) || tag == 0x5FC104 || tag == 0x5FFF01 ||
		 tag == 0x5FFFFF);
}

static uint16_t expected(uint32_t tag, enum piv_way way, bool pin)
{
	enum rule rule = tag == 0x5FC104 ? FREE : rule_of(tag); /* 5FC104 is no object */
	bool seen = way == CONTACT || way == PACE || way == VCI;

	if ((rule != FREE && !seen) || (rule == SEEN_PIN && !pin))
		return SJ_SW_SECURITY_STATUS;
	return exists(tag) ? SJ_SW_OK : SJ_SW_NOT_FOUND;
}

static void walk_objects(struct piv_visit *v, bool pin)
{
	for (size_t i = 0; tag_at(i) != 0; i++) {
		uint16_t sw = visit_get(v, tag_at(i));

		if (sw != expected(tag_at(i), v->way, pin))
			fail_msg("%X, way %d, PIN %d: %04X", tag_at(i), (int)v->way, pin, sw);
	}
}

static void objects_by_way_and_pin(void **state)
{
	(void)state;
	for (enum piv_way way = CONTACT; way <= AIR; way++) {
		struct piv_visit v;

		visit_begin(&v, way);
		walk_objects(&v, false);
		if (expected(0x5FC105, way, false) == SJ_SW_OK) {
			assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_OK);
			walk_objects(&v, true);
			assert_int_equal(visit_say(&v, "0020FF80"), SJ_SW_OK);
			assert_int_equal(visit_say(&v, VERIFY_GLOBAL), SJ_SW_OK);
			walk_objects(&v, true);
		}
		visit_end(&v);
	}
}

/* The policy without the global PIN: it is no reference, and satisfies nothing. */
static void the_global_pin_counts_only_where_the_policy_names_it(void **state)
{
	struct bench *b = piv_card(&(struct piv_plan){ .policy = 0x4800 });

	(void)state;
	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(piv_get(b, PIV_OBJECT_FACE), SJ_SW_SECURITY_STATUS);
	bench_free(b);
}

static void without_pairing_messaging_is_enough_where_the_policy_says_so(void **state)
{
	struct bench *b =
		piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .policy = 0x4C00 });
	struct piv_reader r;

	(void)state;
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, "00CB3FFF055C035FC10500"), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_OK);
	bench_free(b);
}

static void without_vci_in_the_policy_messaging_opens_nothing_more(void **state)
{
	struct bench *b =
		piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .policy = 0x4000 });
	struct piv_reader r;

	(void)state;
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(piv_secure_hex(&r, "00CB3FFF055C035FC10500"), SJ_SW_SECURITY_STATUS);
	bench_free(b);
}

/* --- their form ---------------------------------------------------------------------------------- */

static void objects_come_in_53_and_the_two_templates_as_they_are(void **state)
{
	struct bench *b = *state;

	assert_int_equal(piv_get(b, 0x5FC105), SJ_SW_OK);
	assert_bytes(b->data, "5302C105");
	assert_int_equal(piv_get(b, 0x7E), SJ_SW_OK);
	assert_bytes(b->data, "7E124F0BA0000003080000100001005F2F026820");
	assert_int_equal(piv_get(b, 0x7F61), SJ_SW_OK);
	assert_bytes(b->data, "7F61027F61");
}

static void a_tag_list_is_one_tag(void **state)
{
	static const char *const wrong[] = {
		"00", "5C", "5C00", "5C0200", "5C025FC105", "5C035FC10500", "5302AA", "5C017E5C017E"
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sj_apdu apdu = { .ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .ne = 256 };

		apdu.data = HEX(wrong[i]);
		assert_int_equal(bench_send(b, &apdu), SJ_SW_WRONG_DATA);
	}
	assert_int_equal(bench_do(b, "00CB3FFE035C017E00"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "00CB3FFF"), SJ_SW_WRONG_LENGTH);
}

/* --- PUT DATA ----------------------------------------------------------------------------------- */

static void put_data_replaces_an_object_whole(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(piv_put(b, 0x5FC105, HEX("7003010203")), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x5FC105), SJ_SW_OK);
	assert_bytes(b->data, "53057003010203");
	assert_int_equal(piv_put(b, 0x5FC105, HEX("70")), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x5FC105), SJ_SW_OK);
	assert_bytes(b->data, "530170");
}

static void an_empty_object_is_none(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(piv_put(b, 0x5FC105, sj_span(NULL, 0)), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x5FC105), SJ_SW_NOT_FOUND);
	assert_int_equal(piv_put(b, 0x5FC105, sj_span(NULL, 0)), SJ_SW_OK);
}

/* In a chain of short commands, read in pieces: as programs without extended length do. */
static void a_large_object_goes_in_a_chain(void **state)
{
	static const char head[] = "\x5C\x03\x5F\xC1\x08\x53\x82\x31\xA6";
	struct bench *b = *state;
	static uint8_t data[sizeof(head) - 1 + 12710];
	struct sj_span left = SJ_SPAN_OF(data);
	struct sj_apdu apdu = { .ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF };

	memcpy(data, head, sizeof(head) - 1);
	for (size_t i = sizeof(head) - 1; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + (i >> 8));
	piv_administer(b);
	while (left.len > 0) {
		assert_true(sj_take(&left, left.len < 255 ? left.len : 255, &apdu.data));
		apdu.cla = left.len > 0 ? 0x10 : 0x00;
		assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	}
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x5FC108), SJ_SW_OK);
	assert_int_equal(b->data.len, 4 + 12710);
	assert_memory_equal(b->data.ptr + 4, data + sizeof(head) - 1, 12710);
}

static void what_is_no_object_is_not_written(void **state)
{
	static const uint32_t tags[] = { 0x5FC104, 0x5FC124, 0x5FFEFF, 0x7E, 0x5FFF50, 0x5FC100 };
	struct bench *b = *state;

	piv_administer(b);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_int_equal(piv_put(b, tags[i], HEX("01")), SJ_SW_WRONG_DATA);
}

static void put_data_that_is_malformed(void **state)
{
	static const char *const wrong[] = {
		"5C",
		"5C035FC105",
		"5C035FC10553",
		"5C035FC105530201",
		"5C035FC105530101AA",
		"7F61",
		"7F61020101AA",
		"7E",
		"7E00",
		"5C027F615301AA",
		"53",
		"5C035FC1055C0101",
	};
	struct bench *b = *state;

	piv_administer(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sj_apdu apdu = { .ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF };

		apdu.data = HEX(wrong[i]);
		assert_int_equal(bench_send(b, &apdu), SJ_SW_WRONG_DATA);
	}
	assert_int_equal(piv_get(b, 0x5FC105), SJ_SW_OK);
	assert_bytes(b->data, "5302C105");
}

static void an_object_that_is_too_large(void **state)
{
	struct bench *b = *state;
	uint8_t *big = calloc(1, 40000);

	assert_non_null(big);
	piv_administer(b);
	assert_int_equal(piv_put(b, 0x5FC108, sj_span(big, 32768)), SJ_SW_NO_SPACE);
	assert_int_equal(piv_put(b, 0x5FC108, sj_span(big, 32767)), SJ_SW_OK);
	free(big);
}

static void the_biometric_group_is_put_as_it_is(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(bench_do(b, "00DB3FFF067F6103020100"), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x7F61), SJ_SW_OK);
	assert_bytes(b->data, "7F6103020100");
}

/* --- the policy by PUT DATA of the discovery object ---------------------------------------------- */

static uint16_t put_policy(struct bench *b, const char *policy)
{
	char command[80];

	snprintf(command, sizeof(command), "00DB3FFF147E124F0BA0000003080000100001005F2F02%s",
		 policy);
	return bench_do(b, command);
}

static void the_discovery_object_sets_the_policy(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(put_policy(b, "4000"), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x7E), SJ_SW_OK);
	assert_bytes(b->data, "7E124F0BA0000003080000100001005F2F024000");
	assert_int_equal(bench_do(b, "00200000"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(put_policy(b, "6010"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00200000"), 0x63C3);
}

static void a_policy_that_table_1_lacks(void **state)
{
	static const char *const wrong[] = { "0000", "2010", "4400", "5000", "4010",
					     "6000", "6030", "C000", "4100", "4200" };
	struct bench *b = *state;

	piv_administer(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(put_policy(b, wrong[i]), SJ_SW_WRONG_DATA);
}

static void a_policy_that_the_card_cannot_keep(void **state)
{
	struct bench *b = piv_card(&(struct piv_plan){ .suite = 0xFF, .policy = 0x4000 });

	(void)state;
	piv_administer(b);
	assert_int_equal(put_policy(b, "4800"), SJ_SW_WRONG_DATA);
	assert_int_equal(put_policy(b, "6010"), SJ_SW_OK);
	bench_free(b);
}

/* --- 5FFF50 ----------------------------------------------------------------------------------------- */

static void content(struct bench *b, uint8_t out[static PIV_CONTENT_SIZE])
{
	assert_int_equal(piv_get(b, 0x5FFF50), SJ_SW_OK);
	assert_int_equal(b->data.len, 2 + PIV_CONTENT_SIZE);
	memcpy(out, b->data.ptr + 2, PIV_CONTENT_SIZE);
}

static bool changed(struct bench *b, uint8_t last[static PIV_CONTENT_SIZE])
{
	uint8_t now[PIV_CONTENT_SIZE];
	bool differs;

	content(b, now);
	differs = memcmp(now, last, sizeof(now)) != 0;
	memcpy(last, now, sizeof(now));
	return differs;
}

static void the_content_changes_with_objects_and_keys_and_nothing_else(void **state)
{
	struct bench *b = *state;
	uint8_t last[PIV_CONTENT_SIZE];

	content(b, last);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0024008010" PIN_HEX PIN_HEX), SJ_SW_OK);
	piv_administer(b);
	assert_int_equal(piv_put(b, 0x7E, HEX("01")), SJ_SW_WRONG_DATA);
	bench_power(b);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_false(changed(b, last));
	piv_administer(b);
	assert_int_equal(piv_put(b, 0x5FFF00, HEX("01")), SJ_SW_OK);
	assert_true(changed(b, last));
	assert_int_equal(piv_put(b, 0x5FFF00, sj_span(NULL, 0)), SJ_SW_OK);
	assert_true(changed(b, last));
	assert_int_equal(bench_do(b, "0047009D05AC0380011100"), SJ_SW_OK);
	assert_true(changed(b, last));
	assert_int_equal(put_policy(b, "4000"), SJ_SW_OK);
	assert_true(changed(b, last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_by_way_and_pin),
		cmocka_unit_test(the_global_pin_counts_only_where_the_policy_names_it),
		cmocka_unit_test(without_pairing_messaging_is_enough_where_the_policy_says_so),
		cmocka_unit_test(without_vci_in_the_policy_messaging_opens_nothing_more),
		PIV_CASE(objects_come_in_53_and_the_two_templates_as_they_are),
		PIV_CASE(a_tag_list_is_one_tag),
		PIV_CASE(put_data_replaces_an_object_whole),
		PIV_CASE(an_empty_object_is_none),
		PIV_CASE(a_large_object_goes_in_a_chain),
		PIV_CASE(what_is_no_object_is_not_written),
		PIV_CASE(put_data_that_is_malformed),
		PIV_CASE(an_object_that_is_too_large),
		PIV_CASE(the_biometric_group_is_put_as_it_is),
		PIV_CASE(the_discovery_object_sets_the_policy),
		PIV_CASE(a_policy_that_table_1_lacks),
		cmocka_unit_test(a_policy_that_the_card_cannot_keep),
		PIV_CASE(the_content_changes_with_objects_and_keys_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
