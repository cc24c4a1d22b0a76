/* Commands cut off and altered at random: the card answers each and gives nothing away. */
#include "tests/card/pace_reader.h"

#define ROUNDS 20000u

/* In an order that walks through PACE, BAC, Chip and Active Authentication. */
static const char *const plain_commands[] = {
	"00A4020C02011C",
	"00B09C0000",
	"00B100000354010010",
	"0022C1A412800A04007F0007020204020283010284010D",
	"10860000027C0000",
	"10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E544552"
	"DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
	"10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C3556F3"
	"B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
	"008600000C7C0A8508C2B0BD78D94BA86600",
	SELECT_LDS,
	"0084000008",
	"008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
	"28",
	"00A4000C",
	SELECT_MANAGER,
	INSTALL,
	"80E208000B0002083F002F0000000061",
	LOCK,
};
#define PLAIN_COUNT (sizeof(plain_commands) / sizeof(plain_commands[0]))

static const char *const open_commands[] = {
	"00A4020C02011E",
	"00B09E0000",
	"00B10002045402900020",
	"002241A40F800A04007F00070202030202840101",
	"002241A606910104840101",
	"00860000477C4580430011223300",
	"0088000008F173589974BF40C600",
};

/* A small generator of its own: the same run every time. */
static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Some bytes changed, or the end cut off or prolonged. */
static size_t mutate(uint8_t *bytes, size_t n, size_t cap, uint32_t *seed)
{
	for (uint32_t i = draw(seed) % 4; i > 0; i--)
		bytes[draw(seed) % n] = (uint8_t)draw(seed);
	switch (draw(seed) % 4) {
	case 0:
		return 1 + draw(seed) % n;
	case 1:
		return n < cap ? n + 1 : n;
	default:
		return n;
	}
}

static void assert_closed(struct bench *b)
{
	assert_int_equal(card_rights(b->card), 0);
	assert_true(card_is_issued(b->card));
}

static void test_every_truncation(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);

	(void)state;
	for (size_t i = 0; i < PLAIN_COUNT; i++) {
		struct sj_span whole = HEX(plain_commands[i]);

		for (size_t n = 0; n <= whole.len; n++) {
			assert_true(bench_raw(b, sj_span(whole.ptr, n)) >= 0x6000);
			assert_closed(b);
		}
	}
	bench_free(b);
}

static void test_altered_commands(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);
	uint8_t command[512];
	uint32_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		size_t n = hex(plain_commands[round % PLAIN_COUNT], command, sizeof(command)).len;

		n = mutate(command, n, sizeof(command), &seed);
		assert_true(bench_raw(b, sj_span(command, n)) >= 0x6000);
		assert_closed(b);
	}
	bench_free(b);
}

static void test_altered_groupings(void **state)
{
	static const char *const groupings[] = {
		"000130800103" ACCESS_MRZ ACCESS_CAN "830300010D830301020F",
		"0002083F002F0000000061",
		"0002090101011E0000006014",
		"0011030C0201",
		"0012020C03",
		"0013080300000030820400",
		"0015010D",
	};
	struct bench *b = bench_new();
	uint8_t command[512] = { 0x80, 0xE2, 0x88, 0x00 };
	uint32_t seed = 2;

	(void)state;
	for (uint32_t round = 0; round < ROUNDS / 4; round++) {
		size_t n = hex(groupings[round % 7], command + 5, sizeof(command) - 5).len;

		n = mutate(command + 5, n, 255, &seed);
		command[4] = (uint8_t)n;
		bench_install(b);
		assert_true(bench_raw(b, sj_span(command, 5 + n)) >= 0x6000);
		assert_false(card_is_issued(b->card));
	}
	bench_free(b);
}

/* Inside secure messaging, where what is altered was protected rightly. */
static void test_altered_commands_inside(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);
	uint8_t command[512];
	struct sj_apdu apdu;
	uint32_t seed = 3;

	(void)state;
	bench_bac(b);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		size_t n = hex(open_commands[round % 7], command, sizeof(command)).len;

		n = mutate(command, n, sizeof(command), &seed);
		if (!sj_apdu_parse(sj_span(command, n), &apdu) || apdu.cla != 0 ||
		    apdu.ins == 0x70 || apdu.ins == 0xA4)
			continue;
		assert_true(bench_send(b, &apdu) >= 0x6000);
		if (b->sw == SJ_SW_OK && (apdu.ins == 0x86 || apdu.p2 == 0xA6))
			bench_bac(b);
		assert_true((card_rights(b->card) & CARD_RIGHT_BAC) != 0);
	}
	bench_free(b);
}

/* One bit of a protected command, but for the outer Le: the session ends, with its rights. */
static void test_every_bit_of_a_protected_command(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);
	struct sj_apdu read = { .ins = 0xB0, .p1 = 0x9E, .ne = 16 };
	uint8_t command[64];

	(void)state;
	for (size_t bit = 0; bit < 18 * 8; bit++) {
		struct sj_writer w = SJ_WRITER_OF(command);

		bench_power(b);
		bench_bac(b);
		sj_ssc_increment(&b->ssc, b->keys.cipher);
		sj_sm_command_put(&w, &b->keys, &b->ssc, &read);
		assert_int_equal(w.len, 19);
		command[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(bench_raw(b, sj_written(&w)), SJ_SW_OK);
		assert_int_equal(card_rights(b->card), 0);
	}
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_altered_commands),
		cmocka_unit_test(test_altered_groupings),
		cmocka_unit_test(test_altered_commands_inside),
		cmocka_unit_test(test_every_bit_of_a_protected_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
