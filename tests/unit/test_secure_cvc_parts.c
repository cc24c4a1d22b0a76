/* Of CV certificates: public keys and rights. */
#include "secure/cvc_key.h"
#include "secure/cvc_rights.h"
#include "tests/vectors/hexbytes.h"
#include "wire/std/tr03110.h"

#include <stdio.h>

/* --- keys ----------------------------------------------------------------------- */

/* The objects of a public key with domain parameters, P-256. */
#define KEY_PARTS 8u
static const char *const key_parts[KEY_PARTS] = {
	"060A04007F00070202020203",
	"8120FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
	"8220FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
	"83205AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
	"8441046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
	"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
	"8520FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
	"8641046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
	"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
	"870101",
};

static bool key_reads(const char *const list[static KEY_PARTS])
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc_key key;

	for (size_t i = 0; i < KEY_PARTS; i++)
		sj_put(&w, hex(list[i]));
	return sj_cvc_key_read(sj_written(&w), &key);
}

static bool key_reads_with(size_t i, const char *text)
{
	const char *list[KEY_PARTS];

	memcpy(list, key_parts, sizeof(key_parts));
	list[i] = text;
	return key_reads(list);
}

static void domain_parameters_are_all_there_and_known(void **state)
{
	(void)state;
	assert_true(key_reads(key_parts));
	assert_true(key_reads_with(7, "")); /* the cofactor may be absent */
	for (size_t i = 0; i < KEY_PARTS - 1; i++)
		assert_false(key_reads_with(i, ""));
	assert_false(key_reads_with(7, "870102"));
	assert_false(key_reads_with(1, "812100FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFF"
				       "FFFFFFFFFFFF")); /* a leading zero */
	assert_false(key_reads_with(4, "8421036B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A1"
				       "3945D898C296")); /* compressed */
	assert_false(key_reads_with(3, "8321005AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE"
				       "3C3E27D2604B")); /* longer than the field */
}

/* Whatever bit of the parameters changes, it is another curve; of the point, it is off it. */
static void another_curve_is_refused(void **state)
{
	char text[160];

	(void)state;
	for (size_t i = 1; i < KEY_PARTS - 1; i++) {
		for (size_t at = 4; at < strlen(key_parts[i]); at += 7) {
			strcpy(text, key_parts[i]);
			text[at] = text[at] == '0' ? '1' : '0';
			assert_false(key_reads_with(i, text));
		}
	}
}

static void rsa_keys(void **state)
{
	static const char oid[] = "060A04007F00070202020102";
	char text[400];
	struct sj_cvc_key key;

	(void)state;
	snprintf(text, sizeof(text), "%s%s", oid, "8104C00000018203010001");
	assert_true(sj_cvc_key_read(hex(text), &key));
	assert_int_equal(key.hash, SJ_SHA256);
	snprintf(text, sizeof(text), "%s%s", oid, "810500C00000018203010001");
	assert_false(sj_cvc_key_read(hex(text), &key)); /* a leading zero */
	snprintf(text, sizeof(text), "%s%s", oid, "8104C0000001");
	assert_false(sj_cvc_key_read(hex(text), &key)); /* no exponent */
	snprintf(text, sizeof(text), "%s%s", oid, "8104C000000182030100018300");
	assert_false(sj_cvc_key_read(hex(text), &key)); /* something more */
}

/* --- rights --------------------------------------------------------------------- */

static void roles_and_rights_of_the_kinds(void **state)
{
	static const enum sj_cvc_terminal kinds[] = { SJ_CVC_INSPECTION, SJ_CVC_AUTHENTICATION,
						      SJ_CVC_SIGNATURE };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int role = SJ_CVC_TERMINAL; role <= SJ_CVC_CVCA; role++) {
			struct sj_cvc_rights r = sj_cvc_all_rights(kinds[i], SJ_CVC_CVCA);

			sj_cvc_set_role(&r, (enum sj_cvc_role)role);
			assert_int_equal(sj_cvc_role(&r), role);
			assert_int_equal(r.bits & 0x3F, 0x3F);
			assert_int_equal(r.extra[SJ_CVC_SOJOURN] != 0,
					 kinds[i] == SJ_CVC_AUTHENTICATION);
		}
	}
}

static void narrowing_leaves_what_both_have(void **state)
{
	struct sj_cvc_rights r = sj_cvc_all_rights(SJ_CVC_AUTHENTICATION, SJ_CVC_CVCA);
	const struct sj_cvc_rights by = { SJ_CVC_AUTHENTICATION, 0x0000000110, { 0, 1, 0x88 } };
	const struct sj_cvc_rights other = { SJ_CVC_INSPECTION, 0x03, { 0 } };

	(void)state;
	assert_false(sj_cvc_within(&r, &by));
	assert_true(sj_cvc_within(&by, &r));
	sj_cvc_narrow(&r, &by);
	assert_true(r.bits == 0x110 && r.extra[0] == 0 && r.extra[1] == 1 && r.extra[2] == 0x88);
	assert_false(sj_cvc_within(&other, &r));
	sj_cvc_narrow(&r, &other);
	assert_true(r.bits == 0 && r.extra[1] == 0 && r.extra[2] == 0);
}

/* C.3.1: bits appended on the left are passed over, missing ones are not given. */
static void authorization_extensions_evolve(void **state)
{
	struct sj_cvc_rights r = { .terminal = SJ_CVC_AUTHENTICATION };

	(void)state;
	assert_true(sj_cvc_extensions_read(hex("7317060A04007F00070301020201"
					       "5309FF0000000000000102"),
					   &r));
	assert_true(r.extra[SJ_CVC_EID_ACCESS] == 0x0102);
	assert_true(sj_cvc_extensions_read(hex("730F060A04007F00070301020202530140"), &r));
	assert_true(r.extra[SJ_CVC_SPECIAL_FUNCTIONS] == 0x40);
}

static void extensions_by_type(void **state)
{
	const struct sj_span content = hex("730D060904007F0007030103018000"
					   "730E060904007F000703010302810155");
	struct sj_span value;

	(void)state;
	assert_true(sj_cvc_extension(content, SJ_OID_CVC_SECTOR, &value));
	assert_hex(value, "810155");
	assert_true(sj_cvc_extension(content, SJ_OID_CVC_DESCRIPTION, &value));
	assert_false(sj_cvc_extension(content, SJ_OID_EID_ACCESS, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domain_parameters_are_all_there_and_known),
		cmocka_unit_test(another_curve_is_refused),
		cmocka_unit_test(rsa_keys),
		cmocka_unit_test(roles_and_rights_of_the_kinds),
		cmocka_unit_test(narrowing_leaves_what_both_have),
		cmocka_unit_test(authorization_extensions_evolve),
		cmocka_unit_test(extensions_by_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
