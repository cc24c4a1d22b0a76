#include "tests/card/attest_rig.h"
#include "tests/power/flows.h"

#define WRONG_HEX "393939393939FFFF"
#define NEW_HEX "36363636363636FF"
#define WRONG_PUK "39393939393939FF"
#define SET_ADMIN_3DES "00FFFFFF1B039B18010203040506070801020304050607080102030405060708"
#define IMPORT_P256 \
	"00FE119A220620" \
	"0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"

static void done(struct bench *b, const char *command)
{
	assert_int_equal(bench_do(b, command), SJ_SW_OK);
}

static uint16_t guess(struct sweep *s, const char *command)
{
	uint16_t sw;

	sweep_guess(s);
	sw = bench_do(s->b, command);
	sweep_guessed(s);
	return sw;
}

/* A card with everything, on contact. */
static void issue(struct sweep *s)
{
	const struct piv_plan plan = { .policy = 0 };
	struct bench *b = s->b;

	if (s->care == DISK_FEW)
		sweep_pause(s);
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	bench_perso_files(b);
	piv_personalise_all(b, &plan);
	bench_profile(b, PROFILE_OPEN);
	bench_lock(b);
	sweep_go_on(s);
	piv_move(b, CARD_CONTACT);
}

static void pins(struct sweep *s)
{
	assert_int_equal(guess(s, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(guess(s, "0020008008" WRONG_HEX), 0x63C4);
	assert_int_equal(guess(s, "0020000008" WRONG_HEX), 0x63C2); /* the global PIN */
	assert_int_equal(guess(s, VERIFY_GLOBAL), SJ_SW_OK);
	assert_int_equal(guess(s, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(guess(s, "0024008010" WRONG_HEX NEW_HEX), 0x63C4);
	assert_int_equal(guess(s, "0024008010" PIN_HEX NEW_HEX), SJ_SW_OK);
	assert_int_equal(guess(s, "0024008110" WRONG_PUK PUK_HEX), 0x63C2);
	assert_int_equal(guess(s, "0024008110" PUK_HEX WRONG_PUK), SJ_SW_OK);
	assert_int_equal(guess(s, "002C008010" PUK_HEX PIN_HEX), 0x63C2);
	/* The right PUK for what is no PIN: its counter stays where it is. */
	assert_int_equal(guess(s, "002C008010" WRONG_PUK "3131313131FFFFFF"), SJ_SW_WRONG_DATA);
	assert_int_equal(guess(s, "002C008010" WRONG_PUK PIN_HEX), SJ_SW_OK);
}

/* Over the air the last try is kept back. */
static void pins_over_the_air(struct sweep *s)
{
	struct piv_reader r;

	piv_move(s->b, CARD_CONTACTLESS);
	piv_open(&r, s->b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	for (unsigned left = 4; left > 1; left--) {
		sweep_guess(s);
		assert_int_equal(piv_secure_hex(&r, "0020008008" WRONG_HEX), 0x63C0 | (left - 1));
		sweep_guessed(s);
	}
	sweep_guess(s);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_OK);
	sweep_guessed(s);
	piv_move(s->b, CARD_CONTACT);
}

static void data_and_keys(struct sweep *s)
{
	struct bench *b = s->b;

	piv_administer(b);
	done(b, "00DB3FFF085C035FC105530170");
	done(b, "00DB3FFF075C035FC1055300"); /* deleted */
	done(b, "0047009D05AC0380011100");
	done(b, "0047009A05AC0380011400");
	if (s->care == DISK_ALL)
		done(b, "0047009C05AC0380010700"); /* RSA-2048 */
}

static void last_tries(struct sweep *s)
{
	struct bench *b = s->b;

	for (unsigned left = 5; left > 0; left--)
		assert_int_equal(guess(s, "0020008008" WRONG_HEX), 0x63C0 | (left - 1));
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, "0024008010" PIN_HEX NEW_HEX), SJ_SW_AUTH_BLOCKED);
	for (unsigned left = 3; left > 0; left--)
		assert_int_equal(guess(s, "002C008010" PUK_HEX PIN_HEX), 0x63C0 | (left - 1));
	assert_int_equal(bench_do(b, "002C008010" WRONG_PUK PIN_HEX), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, "0024008110" WRONG_PUK PUK_HEX), SJ_SW_AUTH_BLOCKED);
}

void flow_piv(struct sweep *s)
{
	issue(s);
	pins(s);
	pins_over_the_air(s);
	data_and_keys(s);
	last_tries(s);
}

void flow_yubico(struct sweep *s)
{
	struct attester *attester = calloc(1, sizeof(*attester));
	struct bench *b = s->b;

	assert_non_null(attester);
	issue(s);
	attester_make(attester, "P-256");
	attester_give(b, attester);
	free(attester);
	done(b, IMPORT_P256);
	done(b, "00F6839A"); /* 9A to 83 */
	done(b, "00F6FF83"); /* deleted */
	done(b, SET_ADMIN_3DES);
	assert_int_equal(guess(s, VERIFY_PIN), SJ_SW_OK);
	done(b, "00FA0202");
	for (unsigned left = 2; left > 0; left--) {
		assert_int_equal(guess(s, "0020008008" WRONG_HEX), 0x63C0 | (left - 1));
		assert_int_equal(guess(s, "002C008010" WRONG_PUK PIN_HEX), 0x63C0 | (left - 1));
	}
	done(b, "00FB0000");
	assert_int_equal(guess(s, VERIFY_PIN), SJ_SW_OK);
}
