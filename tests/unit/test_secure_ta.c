/* The bytes of Terminal Authentication, of Chip Authentication 2, and of a terminal's service. */
#include "secure/ca.h"
#include "secure/cvc.h"
#include "secure/cvc_service.h"
#include "secure/ta.h"
#include "tests/vectors/bsi_ca.h"
#include "tests/vectors/bsi_cvc.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/shared.h"

/* --- the worked example -------------------------------------------------------- */

/* What was signed, taken apart: the card's name, 8 bytes of challenge, and the terminal's key. */
static struct sj_ta_signed parts_of(const char *text)
{
	struct sj_span all = hex(text);
	struct sj_ta_signed s = { .auxiliary = { NULL, 0 } };
	const size_t size = (all.len - SJ_TA_CHALLENGE) / 2;

	assert_true(sj_take(&all, size, &s.id_icc) &&
		    sj_take(&all, SJ_TA_CHALLENGE, &s.challenge) &&
		    sj_take(&all, size, &s.ephemeral) && all.len == 0);
	return s;
}

/* The signature of the terminal in `certificate`, whose key is on `curve`. */
static bool holds(const char *certificate, enum sj_curve curve, const struct sj_ta_signed *s,
		  struct sj_span signature)
{
	struct sj_span parts[SJ_TA_PARTS];
	struct sj_cvc c;

	assert_true(sj_cvc_read(hex(certificate), &c));
	c.key.curve = curve;
	sj_ta_parts(s, parts);
	return sj_cvc_key_verify(&c.key, parts, SJ_TA_PARTS, signature);
}

static void signature_of_the_bsi_example(void **state)
{
	struct sj_ta_signed s = parts_of(BSI_EC_TA_SIGNED);

	(void)state;
	assert_true(holds(BSI_EC_AT, SJ_BP512R1, &s, hex(BSI_EC_TA_SIGNATURE)));
	s.auxiliary = hex("6700");
	assert_false(holds(BSI_EC_AT, SJ_BP512R1, &s, hex(BSI_EC_TA_SIGNATURE)));
	s.auxiliary = sj_span(NULL, 0);
	s.challenge = hex("547E4EAB03B235D3");
	assert_false(holds(BSI_EC_AT, SJ_BP512R1, &s, hex(BSI_EC_TA_SIGNATURE)));
}

static void signature_of_the_bsi_example_with_rsa(void **state)
{
	const struct sj_ta_signed s = parts_of(BSI_RSA_TA_SIGNED);

	(void)state;
	assert_true(holds(BSI_RSA_AT, SJ_CURVE_NONE, &s, hex(BSI_RSA_TA_SIGNATURE)));
}

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

static void chip_authentication_of_the_bsi_example(void **state)
{
	const struct sj_ec_secret card = secret(SJ_BP256R1, hex(CA_SK_PICC)),
				  reader = secret(SJ_BP256R1, hex(CA_SK_PCD_EPH));
	const struct sj_ec_point card_key = point(SJ_BP256R1, hex(CA_PK_PICC)),
				 reader_key = point(SJ_BP256R1, hex(CA_PK_PCD_EPH));
	uint8_t token[SJ_MAC_SIZE];
	struct sj_sm_keys keys;

	(void)state;
	assert_hex(sj_ec_comp(SJ_BP256R1, &reader_key), CA2_COMP);
	assert_true(sj_ca2_session(SJ_CIPHER_AES128, SJ_BP256R1, &card, &reader_key,
				   hex(CA2_NONCE).ptr, &keys));
	assert_hex(sj_span(keys.enc, 16), CA2_ENC);
	assert_hex(sj_span(keys.mac, 16), CA2_MAC);
	assert_true(sj_ca2_token(&keys, SJ_CIPHER_AES128, &reader_key, token));
	assert_hex(SJ_SPAN_OF(token), CA2_TOKEN);
	assert_true(sj_ca2_session(SJ_CIPHER_AES128, SJ_BP256R1, &reader, &card_key,
				   hex(CA2_NONCE).ptr, &keys));
	assert_hex(sj_span(keys.enc, 16), CA2_ENC);
}

static void check_shared(const json_t *v, enum sj_cipher c, enum sj_curve curve)
{
	const struct sj_ec_secret own = secret(curve, hex_of(v, "SK_IC"));
	const struct sj_ec_point peer = point(curve, hex_of(v, "PK_IFD_eph"));
	const json_t *v2 = json_object_get(v, "v2");
	const size_t size = sj_cipher_key_size(c);
	uint8_t token[SJ_MAC_SIZE];
	struct sj_sm_keys keys;

	assert_true(sj_ca2_session(c, curve, &own, &peer, hex_of(v2, "r_PICC").ptr, &keys));
	assert_true(sj_span_eq(sj_span(keys.enc, size), hex_of(v2, "K_Enc")));
	assert_true(sj_span_eq(sj_span(keys.mac, size), hex_of(v2, "K_MAC")));
	assert_true(sj_ca2_token(&keys, c, &peer, token));
	assert_true(sj_span_eq(SJ_SPAN_OF(token), hex_of(v2, "T_PICC")));
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
		const enum sj_curve curve = sj_curve_from_id((uint32_t)json_integer_value(id));
		enum sj_cipher c;

		if (json_object_get(v, "v2") == NULL || !sj_ca_from_oid(hex_of(v, "OID"), &c) ||
		    curve == SJ_CURVE_NONE)
			continue; /* finite-field DH, or a 192-bit curve */
		check_shared(v, c, curve);
		checked++;
	}
	assert_true(checked >= 10);
	json_decref(root);
}

/* --- algorithms ------------------------------------------------------------------ */

static void every_algorithm_has_an_oid_of_its_own(void **state)
{
	enum sj_cvc_scheme scheme;
	enum sj_hash hash;
	size_t known = 0;

	(void)state;
	for (enum sj_cvc_scheme s = SJ_CVC_ECDSA; s <= SJ_CVC_RSA_PSS; s++)
		for (enum sj_hash h = SJ_SHA1; h <= SJ_SHA512; h++) {
			const struct sj_span oid = sj_ta_oid(s, h);

			if (oid.len == 0)
				continue;
			assert_true(sj_ta_from_oid(oid, &scheme, &hash));
			assert_true(scheme == s && hash == h);
			known++;
		}
	assert_int_equal(known, 11);
	assert_hex(sj_ta_oid(SJ_CVC_ECDSA, SJ_SHA256), "04007F00070202020203");
	assert_false(sj_ta_from_oid(hex("04007F00070202020206"), &scheme, &hash));
	assert_false(sj_ta_from_oid(hex("04007F000702020202"), &scheme, &hash));
}

/* --- a terminal's service ---------------------------------------------------------- */

static void service_and_sectors_come_back(void **state)
{
	const struct sj_cvc_service plan = { 6, 17, 0x01020304 };
	const uint8_t one[32] = { 1 }, two[32] = { 2 };
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc_rights rights = { .terminal = SJ_CVC_AUTHENTICATION };
	struct sj_cvc_service service;
	struct sj_span hashes[2];

	(void)state;
	sj_cvc_service_put(&w, &plan);
	sj_cvc_sectors_put(&w, SJ_SPAN_OF(one), SJ_SPAN_OF(two));
	assert_true(sj_cvc_extensions_read(sj_written(&w), &rights));
	assert_true(sj_cvc_service_read(sj_written(&w), &service));
	assert_memory_equal(&service, &plan, sizeof(plan));
	assert_true(sj_cvc_sectors_read(sj_written(&w), hashes));
	assert_true(sj_span_eq(hashes[0], SJ_SPAN_OF(one)));
	assert_true(sj_span_eq(hashes[1], SJ_SPAN_OF(two)));
}

static void a_terminal_need_not_say(void **state)
{
	struct sj_cvc_service service = { 1, 1, 1 };
	struct sj_span hashes[2] = { hex("00"), hex("00") };

	(void)state;
	assert_true(sj_cvc_service_read(sj_span(NULL, 0), &service));
	assert_true(service.sector == 0 && service.service == 0 && service.operator_id == 0);
	assert_true(sj_cvc_sectors_read(sj_span(NULL, 0), hashes));
	assert_true(hashes[0].len == 0 && hashes[1].len == 0);
}

/* A service of this sector, cut short by so many bytes in objects that are well-formed. */
static bool service_reads(uint8_t sector, uint8_t cut)
{
	const struct sj_cvc_service plan = { sector, 1, 1 };
	uint8_t bytes[128];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cvc_service service;

	sj_cvc_service_put(&w, &plan);
	bytes[1] = (uint8_t)(bytes[1] - cut);
	bytes[w.len - 7] = (uint8_t)(bytes[w.len - 7] - cut);
	return sj_cvc_service_read(sj_span(bytes, w.len - cut), &service);
}

static void a_service_must_be_one(void **state)
{
	(void)state;
	assert_true(service_reads(1, 0));
	assert_true(service_reads(7, 0));
	assert_false(service_reads(0, 0));
	assert_false(service_reads(8, 0));
	for (uint8_t cut = 1; cut <= 6; cut++)
		assert_false(service_reads(1, cut));
}

#define SECTOR "060904007F000703010302"
#define BYTES_31 "00000000000000000000000000000000000000000000000000000000000000"

static void a_sector_hash_has_the_size_of_one_and_comes_once(void **state)
{
	struct sj_span hashes[2];

	(void)state;
	assert_true(sj_cvc_sectors_read(hex("732D" SECTOR "802001" BYTES_31), hashes));
	assert_true(hashes[0].len == 32 && hashes[1].len == 0);
	assert_false(sj_cvc_sectors_read(hex("732C" SECTOR "801F" BYTES_31), hashes));
	assert_false(sj_cvc_sectors_read(hex("732D" SECTOR "822001" BYTES_31), hashes));
	assert_false(sj_cvc_sectors_read(hex("734F" SECTOR "802001" BYTES_31 "802001" BYTES_31),
					 hashes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_of_the_bsi_example),
		cmocka_unit_test(signature_of_the_bsi_example_with_rsa),
		cmocka_unit_test(chip_authentication_of_the_bsi_example),
		cmocka_unit_test(shared_session_keys),
		cmocka_unit_test(every_algorithm_has_an_oid_of_its_own),
		cmocka_unit_test(service_and_sectors_come_back),
		cmocka_unit_test(a_terminal_need_not_say),
		cmocka_unit_test(a_service_must_be_one),
		cmocka_unit_test(a_sector_hash_has_the_size_of_one_and_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
