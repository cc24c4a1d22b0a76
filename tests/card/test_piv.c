/* The key applet's selection, and a first walk through its commands. */
#include "tests/card/piv_rig.h"

static void smoke(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	assert_int_equal(piv_get(b, PIV_OBJECT_CHUID), SJ_SW_OK);
	assert_bytes(b->data, "5302C102");
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(
		piv_use(b, PIV_ALG_P256, 0x9A, 0x81,
			HEX("00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF")),
		SJ_SW_OK);
	piv_administer(b);
	assert_int_equal(piv_put(b, PIV_OBJECT_FACE, HEX("0102")), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0047009A05AC0380011100"), SJ_SW_OK);
	piv_move(b, CARD_CONTACTLESS);
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(smoke),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
