#include "secure/ca.h"
#include "tests/vectors/bsi_ca.h"
#include "tests/vectors/shared.h"

static struct sj_ec_secret secret(enum sj_curve curve, struct sj_span bytes)
{
	struct sj_ec_secret k;

	assert_true(sj_ec_secret_read(curve, bytes, &k));
	return k;
}

static struct sj_ec_point point(enum sj_curve curve, struct sj_span bytes)
{
	struct sj_ec_point p;

	assert_true(sj_ec_point_read(curve, bytes, &p));
	return p;
}

/* Both ends agree on the printed K. */
static void agreement_of_the_bsi_example(void **state)
{
	const struct sj_ec_secret card = secret(SJ_BP256R1, hex(CA_SK_PICC));
	const struct sj_ec_secret reader = secret(SJ_BP256R1, hex(CA_SK_PCD_EPH));
	const struct sj_ec_point card_key = point(SJ_BP256R1, hex(CA_PK_PICC));
	const struct sj_ec_point reader_key = point(SJ_BP256R1, hex(CA_PK_PCD_EPH));
	uint8_t k[SJ_EC_FIELD_MAX];

	(void)state;
	assert_true(sj_ec_agree(SJ_BP256R1, &card, &reader_key, k));
	assert_hex(sj_span(k, 32), CA_K);
	assert_true(sj_ec_agree(SJ_BP256R1, &reader, &card_key, k));
	assert_hex(sj_span(k, 32), CA_K);
}

static void check_shared(const json_t *v, enum sj_cipher c, enum sj_curve curve)
{
	const struct sj_ec_secret own = secret(curve, hex_of(v, "SK_IC"));
	const struct sj_ec_point peer = point(curve, hex_of(v, "PK_IFD_eph"));
	const json_t *v1 = json_object_get(v, "v1");
	const size_t size = sj_cipher_key_size(c);
	struct sj_sm_keys keys;

	assert_true(sj_ca_session(c, curve, &own, &peer, &keys));
	assert_int_equal(keys.cipher, c);
	assert_true(sj_span_eq(sj_span(keys.enc, size), hex_of(v1, "KS_Enc")));
	assert_true(sj_span_eq(sj_span(keys.mac, size), hex_of(v1, "KS_MAC")));
}

static void shared_session_keys(void **state)
{
	json_t *root = NULL, *v;
	json_t *vectors = shared_vectors("chip-authentication.json", &root);
	size_t i, checked = 0;

	(void)state;
	if (vectors == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	json_array_foreach(vectors, i, v)
	{
		const json_t *id = json_object_get(v, "parameterId");
		enum sj_cipher c;

		if (json_object_get(v, "v1") == NULL || !sj_ca_from_oid(hex_of(v, "OID"), &c) ||
		    sj_curve_from_id((uint32_t)json_integer_value(id)) == SJ_CURVE_NONE)
			continue; /* version 2, finite-field DH, or a 192-bit curve */
		check_shared(v, c, sj_curve_from_id((uint32_t)json_integer_value(id)));
		checked++;
	}
	assert_true(checked >= 10);
	json_decref(root);
}

static void a_point_elsewhere_gives_no_keys(void **state)
{
	const struct sj_ec_secret own = secret(SJ_BP256R1, hex(CA_SK_PICC));
	struct sj_ec_point peer = point(SJ_BP256R1, hex(CA_PK_PCD_EPH));
	struct sj_sm_keys keys;

	(void)state;
	peer.bytes[64] ^= 1;
	assert_false(sj_ca_session(SJ_CIPHER_AES128, SJ_BP256R1, &own, &peer, &keys));
}

static void oid_and_back(void **state)
{
	enum sj_cipher c;

	(void)state;
	for (int i = SJ_CIPHER_3DES; i <= SJ_CIPHER_AES256; i++) {
		assert_true(sj_ca_from_oid(sj_ca_oid((enum sj_cipher)i), &c));
		assert_int_equal(c, i);
	}
	assert_hex(sj_ca_oid(SJ_CIPHER_AES128), "04007F00070202030202");
	assert_hex(sj_ca_public_key_oid(), "04007F000702020102");
	assert_false(sj_ca_from_oid(hex("04007F00070202030102"), &c)); /* DH */
	assert_false(sj_ca_from_oid(sj_ca_public_key_oid(), &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement_of_the_bsi_example),
		cmocka_unit_test(shared_session_keys),
		cmocka_unit_test(a_point_elsewhere_gives_no_keys),
		cmocka_unit_test(oid_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
