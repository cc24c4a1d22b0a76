/* A reader that sends whatever it likes to the key applet, the management key and the PIN proved. */
#include "tests/card/piv_rig.h"

#define ROUNDS 6000u

static const char *const seeds[] = {
	"00CB3FFF055C035FC10500",
	"00DB3FFF085C035FC105530101",
	"00DB3FFF147E124F0BA0000003080000100001005F2F024800",
	"00DB3FFF057F61020102",
	VERIFY_PAIRING,
	"0024008010" PIN_HEX PIN_HEX,
	"0087119A0A7C088200810461626364",
	"0087119D0A7C088200850461626364",
	"00870A9B047C02800000",
	"00870A9B167C1480020102810E0102030405060708090A0B0C0D0E",
	"00872704047C02810000",
	"0047009A0BAC09800111AA0102AB010100",
	"00FE119A07060101AA0101AB",
	"00FE079A0F01020102020201020302010204020102",
	"00FEE09A09070701020304050607",
	"00FFFFFF0503030303030303",
	"00F6829A",
	"00F99A0000",
	"00F7009A00",
	"10DB3FFF055C035FC105",
	"1CCB3FFF0487020101",
	"0CCB3FFF0E8701018E08000000000000000000",
	"00C0000000",
	"0070000001",
	"00A4040005A00000030800",
};

/* Of the seed's bytes some are others, some are gone or come twice. */
static size_t mutate(const char *seed, uint8_t *out, size_t cap, uint32_t *r)
{
	struct sj_span in = hex(seed, out, cap);
	size_t n = in.len;

	for (*r = *r * 1664525u + 1013904223u; (*r >> 28) != 0; *r = *r * 1664525u + 1013904223u) {
		size_t at = (*r >> 8) % n;

		if ((*r >> 24) % 32 == 0 && n > 1)
			n = at + 1;
		else if ((*r >> 24) % 32 == 1 && 2 * n <= cap)
			memcpy(out + n, out, n), n *= 2;
		else
			out[at] = (uint8_t)(*r >> 16);
	}
	return n;
}

static void whatever_comes(void **state)
{
	uint32_t r = 20261125;
	struct bench *b = *state;

	for (unsigned i = 0; i < ROUNDS; i++) {
		const char *seed = seeds[i % (sizeof(seeds) / sizeof(seeds[0]))];
		uint8_t command[512];
		struct piv_reader reader;
		size_t n;

		if (i % 50 == 0) { /* as it was issued */
			bench_free(b);
			*state = b = piv_contact();
			piv_administer(b);
			assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
			piv_open(&reader, b, PIV_ALG_CS2);
		}
		n = mutate(seed, command, sizeof(command), &r);
		bench_raw(b, sj_span(command, n));
		assert_true(b->sw >> 12 == 6 || b->sw == SJ_SW_OK);
	}
	assert_int_equal(bench_hex(b, SELECT_PIV) >> 8, 0x90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
