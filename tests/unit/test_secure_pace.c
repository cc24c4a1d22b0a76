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

static struct sj_pace_secret pace_secret(const char *text)
{
	struct sj_pace_secret k = { .len = hex(text).len };

	memcpy(k.bytes, hex(text).ptr, k.len);
	return k;
}

static struct sj_pace_public pace_public(const struct sj_pace_suite *suite, const char *text)
{
	struct sj_pace_public p;

	assert_true(sj_pace_public_read(suite, hex(text), &p));
	return p;
}

/* The public key of that secret on `base` is that of the text. */
static void check_key(const struct sj_pace_suite *suite, const char *k,
		      const struct sj_pace_public *base, const char *expected)
{
	const struct sj_pace_secret secret = pace_secret(k);
	struct sj_pace_public p;

	assert_true(sj_pace_key_public(suite, &secret, base, &p));
	assert_hex(sj_pace_public_span(&p), expected);
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
	uint8_t k_pi[SJ_CIPHER_KEY_MAX], nonce[SJ_PACE_NONCE_MAX];

	if (v->password != NULL) {
		assert_true(sj_pace_k_pi(c, (enum sj_pace_password)v->kind,
					 sj_span((const uint8_t *)v->password, strlen(v->password)),
					 k_pi));
		assert_hex(sj_span(k_pi, sj_cipher_key_size(c)), v->k_pi);
	}
	memcpy(k_pi, hex(v->k_pi).ptr, sj_cipher_key_size(c));
	assert_true(sj_pace_nonce_decrypt(c, k_pi, hex(v->z), nonce));
	assert_hex(sj_span(nonce, 16), v->s);
	assert_true(sj_pace_nonce_encrypt(c, k_pi, hex(v->s), nonce));
	assert_hex(sj_span(nonce, 16), v->z);
}

/* Both ends' generic mapping: keys, shared H where the source prints it, mapped generator. */
static struct sj_pace_public check_generic(const struct pace_vector *v,
					   const struct sj_pace_suite *suite)
{
	const struct sj_pace_public ic = pace_public(suite, v->pk_map_ic),
				    ifd = pace_public(suite, v->pk_map_ifd);
	const struct sj_pace_secret sk_ifd = pace_secret(v->sk_map_ifd),
				    sk_ic = pace_secret(v->sk_map_ic);
	struct sj_pace_public mapped;

	check_key(suite, v->sk_map_ifd, NULL, v->pk_map_ifd);
	check_key(suite, v->sk_map_ic, NULL, v->pk_map_ic);
	if (v->h != NULL)
		check_key(suite, v->sk_map_ifd, &ic, v->h);
	assert_true(sj_pace_map_generic(suite, hex(v->s), &sk_ifd, &ic, &mapped));
	assert_hex(sj_pace_public_span(&mapped), v->g_mapped);
	assert_true(sj_pace_map_generic(suite, hex(v->s), &sk_ic, &ifd, &mapped));
	assert_hex(sj_pace_public_span(&mapped), v->g_mapped);
	return mapped;
}

static struct sj_pace_public check_integrated(const struct pace_vector *v,
					      const struct sj_pace_suite *suite)
{
	struct sj_pace_public mapped;

	assert_true(sj_pace_map_integrated(suite, hex(v->s), hex(v->t), &mapped));
	assert_hex(sj_pace_public_span(&mapped), v->g_mapped);
	return mapped;
}

static void check_agreement(const struct pace_vector *v, const struct sj_pace_suite *suite)
{
	const struct sj_pace_public ic = pace_public(suite, v->pk_dh_ic),
				    ifd = pace_public(suite, v->pk_dh_ifd);
	const struct sj_pace_secret sk = pace_secret(v->sk_dh_ifd);
	const size_t size = sj_cipher_key_size(suite->cipher);
	uint8_t token[SJ_MAC_SIZE];
	struct sj_sm_keys keys;

	assert_true(sj_pace_session(suite->cipher, hex(v->k), &keys));
	assert_hex(sj_span(keys.enc, size), v->ks_enc);
	memset(&keys, 0, sizeof(keys));
	assert_true(sj_pace_agree(suite, &sk, &ic, &keys));
	assert_hex(sj_span(keys.enc, size), v->ks_enc);
	assert_hex(sj_span(keys.mac, size), v->ks_mac);
	assert_true(sj_pace_token(&keys, suite, &ic, token));
	assert_hex(SJ_SPAN_OF(token), v->t_ifd);
	assert_true(sj_pace_token(&keys, suite, &ifd, token));
	assert_hex(SJ_SPAN_OF(token), v->t_ic);
}

static void check_vector(const struct pace_vector *v)
{
	struct sj_pace_suite suite;
	struct sj_pace_public mapped;

	assert_true(sj_pace_suite_read(hex(v->oid), v->curve, &suite));
	assert_true(sj_span_eq(sj_pace_oid(&suite), hex(v->oid)));
	assert_int_equal(sj_pace_parameter_id(&suite), v->curve);
	check_nonce(v, suite.cipher);
	mapped = v->t != NULL ? check_integrated(v, &suite) : check_generic(v, &suite);
	check_key(&suite, v->sk_dh_ifd, &mapped, v->pk_dh_ifd);
	if (v->sk_dh_ic != NULL)
		check_key(&suite, v->sk_dh_ic, &mapped, v->pk_dh_ic);
	check_agreement(v, &suite);
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
			NULL,
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
	static const enum sj_curve curves[] = { SJ_P256, SJ_CURVE_NONE };
	size_t there = 0;

	(void)state;
	for (unsigned m = SJ_PACE_GM; m <= SJ_PACE_IM; m++) {
		for (unsigned c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
			for (size_t i = 0; i < 2; i++) {
				const struct sj_pace_suite suite = { (enum sj_pace_mapping)m,
								     (enum sj_cipher)c, curves[i],
								     SJ_DH_2048_256 };
				struct sj_pace_suite back;

				if (sj_pace_oid(&suite).len == 0)
					continue;
				there++;
				assert_true(sj_pace_suite_read(
					sj_pace_oid(&suite), sj_pace_parameter_id(&suite), &back));
				assert_true(sj_pace_suite_eq(&suite, &back));
			}
		}
	}
	assert_int_equal(there, 8 + 3 + 8); /* GM, CAM, IM */
}

static void what_is_no_suite(void **state)
{
	struct sj_pace_suite suite;

	(void)state;
	assert_false(sj_pace_suite_read(hex("04007F00070202040601"), 12, &suite)); /* CAM, 3DES */
	assert_false(sj_pace_suite_read(hex("04007F00070202040502"), 12, &suite)); /* no mapping */
	assert_false(sj_pace_suite_read(hex("04007F000702020402"), 12, &suite)); /* no cipher */
	assert_false(sj_pace_suite_read(hex("04007F00070202040202"), 2, &suite)); /* no curve */
	assert_false(sj_pace_suite_read(hex("04007F00070202040102"), 3, &suite)); /* no group */
	assert_false(
		sj_pace_suite_read(hex("04007F00070202040102"), 12, &suite)); /* DH on a curve */
	assert_false(sj_pace_suite_read(hex("04007F00070202040402"), 10, &suite)); /* IM, P-224 */
	assert_true(sj_pace_suite_read(hex("04007F00070202040202"), 10, &suite));
}

/* 4.4.3.3: s as long as whole blocks that hold a key, t as long as the key. */
static void sizes_of_the_integrated_mapping(void **state)
{
	static const size_t s_size[] = { 16, 16, 32, 32 }, t_size[] = { 16, 16, 24, 32 };
	const uint8_t bytes[33] = { 1, 2, 3 };

	(void)state;
	for (unsigned c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
		const struct sj_pace_suite suite = { SJ_PACE_IM, (enum sj_cipher)c, SJ_P256, 0 };
		struct sj_pace_public mapped;

		assert_int_equal(sj_pace_nonce_size(&suite), s_size[c]);
		for (size_t s = 0; s <= 33; s++)
			for (size_t t = 0; t <= 33; t++)
				assert_int_equal(sj_pace_map_integrated(&suite, sj_span(bytes, s),
									sj_span(bytes, t), &mapped),
						 s == s_size[c] && t == t_size[c]);
	}
}

/* Every curve but P-224, and every group: a generator that is one of its points. */
static void integrated_mapping_everywhere(void **state)
{
	static const uint32_t ids[] = { 0, 1, 2, 11, 12, 13, 14, 15, 16, 17, 18 };
	const struct sj_random rnd = sj_random_system();
	uint8_t s[32], t[32];

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct sj_pace_suite suite;
		struct sj_pace_public mapped, again;

		assert_true(sj_pace_suite_read(
			hex(ids[i] < 3 ? "04007F00070202040304" : "04007F00070202040404"), ids[i],
			&suite));
		for (int n = 0; n < 4; n++) { /* both candidates of the encoding */
			assert_true(sj_random_fill(&rnd, s, 32) && sj_random_fill(&rnd, t, 32));
			assert_true(sj_pace_map_integrated(&suite, SJ_SPAN_OF(s), SJ_SPAN_OF(t),
							   &mapped));
			assert_true(
				sj_pace_public_read(&suite, sj_pace_public_span(&mapped), &again));
		}
	}
}

static void comp_of_either_kind(void **state)
{
	const struct sj_pace_suite ec = { .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 };
	const struct sj_pace_suite dh = { .cipher = SJ_CIPHER_AES128 };
	struct sj_pace_public key = pace_public(&ec, pace_vectors[0].pk_dh_ic);
	uint8_t out[SJ_EC_FIELD_MAX], digest[SJ_HASH_MAX];
	struct sj_span number;
	size_t len;

	(void)state;
	assert_true(sj_pace_comp(&ec, &key, out, &len));
	assert_int_equal(len, 32);
	assert_memory_equal(out, hex(pace_vectors[0].pk_dh_ic).ptr + 1, 32);
	key = pace_public(&dh, pace_vectors[8].pk_dh_ic); /* appendix G.2 */
	number = sj_pace_public_span(&key);
	assert_true(sj_pace_comp(&dh, &key, out, &len));
	assert_true(sj_hash(SJ_SHA1, &number, 1, digest));
	assert_int_equal(len, 20);
	assert_memory_equal(out, digest, 20);
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
		cmocka_unit_test(what_is_no_suite),
		cmocka_unit_test(sizes_of_the_integrated_mapping),
		cmocka_unit_test(integrated_mapping_everywhere),
		cmocka_unit_test(comp_of_either_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
