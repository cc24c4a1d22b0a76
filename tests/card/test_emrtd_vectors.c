/*
 * The card's side of the worked examples of ICAO Doc 9303-11 (8th ed.),
 * appendices D (BAC), G.1 (PACE-GM) and I.1 (PACE-CAM): the card is given the
 * example's random numbers and must answer the example's bytes.
 */
#include "tests/card/pace_reader.h"

#define MRZ_G1 \
	"82185432323030303132393336343038313235313031303331" \
	"38"
#define MRZ_I1 "8218433131543030324A4D343936303831323232333130333134"

#define PK_IC_I1 \
	"041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8" \
	"84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F"

static void assert_exchange(struct bench *b, const char *command, const char *answer)
{
	assert_int_equal(bench_hex(b, command), SJ_SW_OK);
	assert_bytes(b->data, answer);
}

static void test_bac_of_appendix_d(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	bench_queue(b, "4608F91988702212" /* RND.IC */
		       "0B4F80323EB3191CB04970CB4052790B"); /* K.IC */
	assert_exchange(b, "0084000008", "4608F91988702212");
	assert_exchange(b,
			"008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92"
			"F25F1448EEA8AD90A728",
			"46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D"
			"074D7449");
	bench_free(b);
}

static void test_secure_reads_of_appendix_d(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	bench_queue(b, "4608F919887022120B4F80323EB3191CB04970CB4052790B");
	assert_int_equal(bench_hex(b, "0084000008"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE"
				      "2F498F76ED92F25F1448EEA8AD90A728"),
			 SJ_SW_OK);
	assert_exchange(b, "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
			"990290008E08FA855A5D4C50A8ED");
	assert_exchange(b, "0CB000000D9701048E08ED6705417E96BA5500",
			"8709019FF0EC34F9922651990290008E08AD55CC17140B2DED");
	assert_exchange(b, "0CB000040D9701128E082EA28A70F3C7B53500",
			"871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B278"
			"7EAEA07D74");
	bench_free(b);
}

static void test_pace_gm_of_appendix_g1(void **state)
{
	struct bench *b = bench_issued("800102" MRZ_G1 "830300010D");

	(void)state;
	bench_queue(b, "3F00C4D39D153F2B2A214A078D899B22"
		       "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560"
		       "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A");
	assert_exchange(b, "0022C1A40F800A04007F00070202040202830101", "");
	assert_exchange(b, "10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C3");
	assert_exchange(b,
			"10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC7"
			"0262E0C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4"
			"922D00",
			"7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F"
			"5730D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54");
	assert_exchange(b,
			"10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5"
			"EF0D5EDD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3"
			"646200",
			"7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6"
			"DB7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094");
	assert_exchange(b, "008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C08");
	bench_free(b);
}

/* The session keys of G.1 open the card's secure messaging. */
static void test_secure_read_after_appendix_g1(void **state)
{
	struct bench *b = bench_issued("800102" MRZ_G1 "830300010D");

	(void)state;
	bench_queue(b, "3F00C4D39D153F2B2A214A078D899B22"
		       "498FF49756F2DC1587840041839A85982BE7761D14715FB091EFA7BCE9058560"
		       "107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A");
	bench_hex(b, "0022C1A40F800A04007F00070202040202830101");
	bench_hex(b, "10860000027C0000");
	bench_hex(b,
		  "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0"
		  "C2CC5E544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00");
	bench_hex(b,
		  "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5E"
		  "DD301C3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200");
	assert_int_equal(bench_hex(b, "008600000C7C0A8508C2B0BD78D94BA86600"), SJ_SW_OK);
	b->keys.cipher = SJ_CIPHER_AES128;
	hex("F5F0E35C0D7161EE6724EE513A0D9A7F", b->keys.enc, 16);
	hex("FE251C7858B356B24514B3BD5F4297D1", b->keys.mac, 16);
	b->secured = true;
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09E0000"), SJ_SW_OK);
	assert_bytes(b->data, COM_HEX);
	bench_free(b);
}

/* A card with the static key of I.1 (PACE-CAM), issued. */
static struct bench *bench_i1(void)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, "800102" MRZ_I1 "830301010D"), SJ_SW_OK);
	bench_queue(b, "86C88A4579CE48135878E6348A734B5D47CE5BC1E54C0E8978687B49FDE2E2C2");
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK);
	bench_perso_files(b);
	return b;
}

static void test_cam_key_of_appendix_i1(void **state)
{
	struct bench *b = bench_new();
	struct sj_ec_point pk;
	enum sj_curve curve;

	(void)state;
	bench_install(b);
	bench_queue(b, "86C88A4579CE48135878E6348A734B5D47CE5BC1E54C0E8978687B49FDE2E2C2");
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK);
	assert_true(sj_ec_spki_read(b->data, &curve, &pk));
	assert_int_equal(curve, SJ_BP256R1);
	assert_bytes(sj_ec_point_span(&pk), PK_IC_I1);
	bench_free(b);
}

/* The example does not print SK_DH,IC: from step 3 on the card's key is its own. */
static void test_pace_cam_of_appendix_i1(void **state)
{
	static const struct sj_pace_suite cam = { .mapping = SJ_PACE_CAM,
						  .cipher = SJ_CIPHER_AES128,
						  .curve = SJ_BP256R1 };
	struct bench *b = bench_i1();
	struct sj_ec_secret ca_data;
	struct pace_reader p;

	(void)state;
	bench_lock(b);
	pace_init(&p, b, cam, SJ_PACE_MRZ, "C11T002JM496081222310314");
	hex("5D8BB87BD74D985A4B7D4325B9F7B976FE835122773400798914AA22738135CC", p.sk_map.bytes, 32);
	hex("76ECFDAA9841C323A3F5FC5E88B88DB3EFF7E35EBF57A7E6946CB630006C2120", p.sk_dh.bytes, 32);
	bench_queue(b, "658B860BC94DF6F044FCE6D5C82CF8E5"
		       "9E56A6B59C95D06ECE5CD10F983BB2F4F1943528E577F23881D89D8C3BBEE0AA");
	assert_exchange(b, "0022C1A40F800A04007F00070202040602830101", "");
	assert_int_equal(pace_nonce(&p), SJ_SW_OK);
	assert_bytes(b->data, "7C128010CB60E8E0D85B76A9BD304747C2AD42E2");
	assert_int_equal(pace_map(&p), SJ_SW_OK);
	assert_bytes(b->data, "7C43824104A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280"
			      "CAE8B304F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E"
			      "23");
	assert_bytes(sj_pace_public_span(&p.generator),
		     "0489F0B5EABF3BE293C75903A3986131925C9F5B515CA95AF485DC7E886F03245D44BEFB2DD3A"
		     "0DBD71CB5E618971CF4747F12B79E548379A40E45963BAAF3E829");
	assert_int_equal(pace_agree(&p), SJ_SW_OK);
	assert_int_equal(pace_confirm(&p), SJ_SW_OK);
	assert_true(sj_pace_cam_open(&p.keys, cam.curve, sj_span(p.a_ic, p.a_ic_size), &ca_data));
	assert_bytes(sj_span(ca_data.bytes, ca_data.len),
		     "85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3");
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bac_of_appendix_d),
		cmocka_unit_test(test_secure_reads_of_appendix_d),
		cmocka_unit_test(test_pace_gm_of_appendix_g1),
		cmocka_unit_test(test_secure_read_after_appendix_g1),
		cmocka_unit_test(test_cam_key_of_appendix_i1),
		cmocka_unit_test(test_pace_cam_of_appendix_i1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
