#include "secure/pace.h"
#include "tests/vectors/icao_pace.h"
#include "tests/vectors/shared.h"

static struct sj_ec_secret secret(enum sj_curve curve, const char *text)
{
	struct sj_ec_secret k;

	assert_true(sj_ec_secret_read(curve, hex(text), &k));
	return k;
}

static struct sj_ec_point point(enum sj_curve curve, const char *text)
{
	struct sj_ec_point p;

	assert_true(sj_ec_point_read(curve, hex(text), &p));
	return p;
}

/* k * base is the point of that text. */
static void check_multiple(enum sj_curve curve, const char *k, const struct sj_ec_point *base,
			   const char *expected)
{
	const struct sj_ec_secret scalar = secret(curve, k);
	struct sj_ec_point p;

	assert_true(sj_ec_multiply(curve, &scalar, base, &p));
	assert_hex(sj_ec_point_span(&p), expected);
}

static void check_nonce(const struct pace_vector *v, enum sj_cipher c)
{
	const struct sj_span password = sj_span((const uint8_t *)v->password, strlen(v->password));
	uint8_t k_pi[SJ_CIPHER_KEY_MAX], nonce[SJ_PACE_NONCE_MAX];

	assert_true(sj_pace_k_pi(c, (enum sj_pace_password)v->kind, password, k_pi));
	assert_hex(sj_span(k_pi, sj_cipher_key_size(c)), v->k_pi);
	assert_true(sj_pace_nonce_decrypt(c, k_pi, hex(v->z), nonce));
	assert_hex(sj_span(nonce, SJ_PACE_NONCE), v->s);
	assert_true(sj_pace_nonce_encrypt(c, k_pi, hex(v->s).ptr, nonce));
	assert_hex(sj_span(nonce, SJ_PACE_NONCE), v->z);
}

/* Both ends' mapping: keys, shared H where the source prints it, mapped generator. */
static struct sj_ec_point check_mapping(const struct pace_vector *v, enum sj_curve curve)
{
	const struct sj_ec_point ic = point(curve, v->pk_map_ic);
	const struct sj_ec_secret ifd = secret(curve, v->sk_map_ifd);
	struct sj_ec_point h, mapped;

	check_multiple(curve, v->sk_map_ifd, NULL, v->pk_map_ifd);
	check_multiple(curve, v->sk_map_ic, NULL, v->pk_map_ic);
	assert_true(sj_ec_multiply(curve, &ifd, &ic, &h));
	if (v->h != NULL)
		assert_hex(sj_ec_point_span(&h), v->h);
	assert_true(sj_ec_map_generic(curve, hex(v->s), &h, &mapped));
	assert_hex(sj_ec_point_span(&mapped), v->g_mapped);
	return mapped;
}

static void check_agreement(const struct pace_vector *v, enum sj_cipher c, enum sj_curve curve)
{
	const struct sj_ec_point ic = point(curve, v->pk_dh_ic), ifd = point(curve, v->pk_dh_ifd);
	const struct sj_ec_secret sk = secret(curve, v->sk_dh_ifd);
	const size_t size = sj_cipher_key_size(c);
	uint8_t k[SJ_EC_FIELD_MAX], token[SJ_MAC_SIZE];
	struct sj_sm_keys keys;

	assert_true(sj_ec_agree(curve, &sk, &ic, k));
	assert_hex(sj_span(k, sj_curve_field_size(curve)), v->k);
	assert_true(sj_pace_session(c, sj_span(k, sj_curve_field_size(curve)), &keys));
	assert_hex(sj_span(keys.enc, size), v->ks_enc);
	assert_hex(sj_span(keys.mac, size), v->ks_mac);
	assert_true(sj_pace_token(&keys, hex(v->oid), &ic, token));
	assert_hex(SJ_SPAN_OF(token), v->t_ifd);
	assert_true(sj_pace_token(&keys, hex(v->oid), &ifd, token));
	assert_hex(SJ_SPAN_OF(token), v->t_ic);
}

static void check_vector(const struct pace_vector *v)
{
	const enum sj_curve curve = sj_curve_from_id(v->curve);
	enum sj_pace_mapping mapping;
	enum sj_cipher c;
	struct sj_ec_point mapped;

	assert_true(sj_pace_from_oid(hex(v->oid), &mapping, &c));
	check_nonce(v, c);
	mapped = check_mapping(v, curve);
	check_multiple(curve, v->sk_dh_ifd, &mapped, v->pk_dh_ifd);
	if (v->sk_dh_ic != NULL)
		check_multiple(curve, v->sk_dh_ic, &mapped, v->pk_dh_ic);
	check_agreement(v, c, curve);
}

static void worked_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pace_vectors) / sizeof(pace_vectors[0]); i++)
		check_vector(&pace_vectors[i]);
}

static void shared_suites(void **state)
{
	json_t *root = NULL, *one;
	json_t *vectors = shared_vectors("pace-gm-ecdh-synthetic.json", &root);
	size_t i, checked = 0;

	(void)state;
	if (vectors == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	json_array_foreach(vectors, i, one)
	{
		const json_int_t id = json_integer_value(json_object_get(one, "parameterId"));
		const struct pace_vector v = {
			"shared",
			text_of(one, "OID"),
			(unsigned)id,
			text_of(one, "password"),
			SJ_PACE_CAN,
			text_of(one, "K_pi"),
			text_of(one, "z"),
			text_of(one, "s"),
			text_of(one, "SK_Map_IFD"),
			text_of(one, "PK_Map_IFD"),
			text_of(one, "SK_Map_IC"),
			text_of(one, "PK_Map_IC"),
			NULL,
			text_of(one, "G_mapped"),
			text_of(one, "SK_DH_IFD"),
			text_of(one, "PK_DH_IFD"),
			text_of(one, "SK_DH_IC"),
			text_of(one, "PK_DH_IC"),
			text_of(one, "K"),
			text_of(one, "KS_Enc"),
			text_of(one, "KS_MAC"),
			text_of(one, "T_IFD"),
			text_of(one, "T_IC"),
		};

		if (sj_curve_from_id(v.curve) == SJ_CURVE_NONE)
			continue; /* 192-bit curves, which ICAO no longer recommends */
		check_vector(&v);
		checked++;
	}
	assert_int_equal(checked, 17);
	json_decref(root);
}

static struct sj_sm_keys keys_of_appendix_i(void)
{
	struct sj_sm_keys keys = { .cipher = SJ_CIPHER_AES128 };

	memcpy(keys.enc, hex(pace_vectors[2].ks_enc).ptr, 16);
	memcpy(keys.mac, hex(pace_vectors[2].ks_mac).ptr, 16);
	return keys;
}

static void chip_authentication_data_of_appendix_i(void **state)
{
	const struct sj_sm_keys keys = keys_of_appendix_i();
	const struct sj_ec_secret sk = secret(SJ_BP256R1, CAM_SK_IC);
	const struct sj_ec_secret map = secret(SJ_BP256R1, pace_vectors[2].sk_map_ic);
	const struct sj_ec_point pk = point(SJ_BP256R1, CAM_PK_IC);
	uint8_t sealed[SJ_PACE_CAM_MAX];
	struct sj_writer w = SJ_WRITER_OF(sealed);
	struct sj_ec_secret data;

	(void)state;
	check_multiple(SJ_BP256R1, CAM_SK_IC, NULL, CAM_PK_IC);
	assert_true(sj_ec_cam_data(SJ_BP256R1, &sk, &map, &data));
	assert_hex(sj_span(data.bytes, data.len), CAM_CA_IC);
	assert_true(sj_pace_cam_seal(&keys, &data, &w));
	assert_hex(sj_written(&w), CAM_A_IC);
	assert_true(sj_pace_cam_open(&keys, SJ_BP256R1, hex(CAM_A_IC), &data));
	assert_hex(sj_span(data.bytes, data.len), CAM_CA_IC);
	check_multiple(SJ_BP256R1, CAM_CA_IC, &pk, pace_vectors[2].pk_map_ic);
}

static void cam_data_that_is_no_scalar(void **state)
{
	const struct sj_sm_keys keys = keys_of_appendix_i();
	const struct sj_span a_ic = hex(CAM_A_IC);
	struct sj_ec_secret data;

	(void)state;
	for (size_t n = 0; n < a_ic.len; n++)
		assert_false(sj_pace_cam_open(&keys, SJ_BP256R1, sj_span(a_ic.ptr, n), &data));
	assert_false(sj_pace_cam_open(&keys, SJ_P224, a_ic, &data));
}

/* The longest data fill SJ_PACE_CAM_MAX. */
static void cam_data_of_p521(void **state)
{
	const struct sj_sm_keys keys = { .cipher = SJ_CIPHER_AES256 };
	const struct sj_random rnd = sj_random_system();
	uint8_t sealed[SJ_PACE_CAM_MAX];
	struct sj_writer w = SJ_WRITER_OF(sealed), none = sj_writer(sealed, 79);
	struct sj_ec_secret data, back;

	(void)state;
	assert_true(sj_ec_secret_random(SJ_P521, &rnd, &data));
	assert_true(sj_pace_cam_seal(&keys, &data, &w));
	assert_int_equal(w.len, SJ_PACE_CAM_MAX);
	assert_true(sj_pace_cam_open(&keys, SJ_P521, sj_written(&w), &back));
	assert_memory_equal(data.bytes, back.bytes, data.len);
	assert_false(sj_pace_cam_seal(&keys, &data, &none));
}

static void oid_and_back(void **state)
{
	enum sj_pace_mapping mapping;
	enum sj_cipher c;

	(void)state;
	for (int i = SJ_CIPHER_3DES; i <= SJ_CIPHER_AES256; i++) {
		assert_true(
			sj_pace_from_oid(sj_pace_oid(SJ_PACE_GM, (enum sj_cipher)i), &mapping, &c));
		assert_int_equal(mapping, SJ_PACE_GM);
		assert_int_equal(c, i);
	}
	assert_true(sj_pace_from_oid(hex("04007F00070202040604"), &mapping, &c));
	assert_int_equal(mapping, SJ_PACE_CAM);
	assert_int_equal(c, SJ_CIPHER_AES256);
	assert_int_equal(sj_pace_oid(SJ_PACE_CAM, SJ_CIPHER_3DES).len, 0);
	assert_false(sj_pace_from_oid(hex("04007F00070202040601"), &mapping, &c)); /* CAM, 3DES */
	assert_false(sj_pace_from_oid(hex("04007F00070202040102"), &mapping, &c)); /* DH */
	assert_false(sj_pace_from_oid(hex("04007F00070202040402"), &mapping, &c)); /* IM */
	assert_false(sj_pace_from_oid(hex("04007F000702020402"), &mapping, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_examples),
		cmocka_unit_test(shared_suites),
		cmocka_unit_test(chip_authentication_data_of_appendix_i),
		cmocka_unit_test(cam_data_that_is_no_scalar),
		cmocka_unit_test(cam_data_of_p521),
		cmocka_unit_test(oid_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
