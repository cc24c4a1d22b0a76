#include <sys/stat.h>

#include "crypt/sign.h"
#include "tests/card/pace_reader.h"
#include "tests/power/flows.h"

#define ACCESS_ALL "800103" ACCESS_MRZ ACCESS_CAN ACCESS_PIN "830300010D"
#define CHANGE \
	"002C020306" \
	"323232323232"
#define UNBLOCK "002C0303"

static uint16_t pace(struct sweep *s, enum sj_pace_password kind, const char *password)
{
	uint16_t sw;

	sweep_guess(s);
	sw = pace_run(s->b, SUITE_DEFAULT, kind, password);
	sweep_guessed(s);
	return sw;
}

static uint16_t bac(struct sweep *s, const char *mrz)
{
	uint16_t sw;

	bench_power(s->b);
	assert_int_equal(bench_hex(s->b, SELECT_LDS), SJ_SW_OK);
	sweep_guess(s);
	sw = bac_run(s->b, mrz);
	sweep_guessed(s);
	return sw;
}

static void passwords_that_cost_time(struct sweep *s)
{
	struct bench *b = s->b;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(bac(s, "L898902C<369080619406237"), SJ_SW_NO_INFORMATION);
		bench_power(b);
		assert_int_equal(pace(s, SJ_PACE_CAN, "000000"), SJ_SW_NO_INFORMATION);
		bench_power(b);
		assert_int_equal(pace(s, SJ_PACE_PUK, "0000000000"), SJ_SW_NO_INFORMATION);
	}
	assert_int_equal(bac(s, MRZ), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_CAN, CAN), SJ_SW_OK);
}

static void pin_and_puk(struct sweep *s)
{
	struct bench *b = s->b;

	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, PIN), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C2);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C2);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C1);
	bench_power(b); /* suspended: the CAN lets the last try be used */
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_PIN, "222222"), SJ_SW_CONDITIONS);
	assert_int_equal(pace(s, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(pace(s, SJ_PACE_PIN, "222222"), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C2);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C1);
	assert_int_equal(pace(s, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(pace(s, SJ_PACE_PIN, "111111"), 0x63C0);
	bench_power(b); /* blocked */
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_PIN, "222222"), SJ_SW_AUTH_BLOCKED);
}

static void unblock_until_the_puk_is_used_up(struct sweep *s)
{
	struct bench *b = s->b;

	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PUK, PUK), SJ_SW_OK);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_OK);
	assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_AUTH_BLOCKED);
	bench_power(b);
	assert_int_equal(pace(s, SJ_PACE_PIN, "222222"), SJ_SW_OK);
}

void flow_document(struct sweep *s)
{
	struct bench *b = s->b;

	sweep_pause(s);
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_ALL), SJ_SW_OK);
	bench_perso_files(b);
	bench_profile(b, PROFILE_OPEN);
	bench_lock(b);
	sweep_go_on(s);
	passwords_that_cost_time(s);
	pin_and_puk(s);
	unblock_until_the_puk_is_used_up(s);
}

/* --- personalisation ------------------------------------------------------------------------- */

/* An RSA key that comes in two pieces. */
static void import_aa(struct bench *b)
{
	static uint8_t bytes[SJ_KEY_MAX], piece[SJ_KEY_MAX + 8];
	struct sj_key *key = sj_key_generate("RSA-2048");
	struct sj_writer k = SJ_WRITER_OF(bytes);

	assert_true(key != NULL && sj_key_put(key, &k));
	sj_key_free(key);
	for (size_t at = 0; at < k.len; at += 900) {
		struct sj_writer w = SJ_WRITER_OF(piece);
		const size_t n = k.len - at < 900 ? k.len - at : 900;

		sj_put_u8(&w, SJ_SHA256);
		sj_put_be(&w, 3, (uint32_t)at);
		sj_put(&w, sj_span(bytes + at, n));
		assert_int_equal(bench_dgi(b, 0x0013, sj_written(&w)), SJ_SW_OK);
	}
}

/* The first grouping is right, and undone with the second. */
static void one_of_two_is_wrong(struct bench *b)
{
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE2, .p1 = 0x08, .p2 = b->block, .ne = 256 };

	apdu.data = HEX("0012020C03"
			"777700");
	assert_int_equal(bench_send(b, &apdu), SJ_SW_REFERENCE_NOT_FOUND);
}

/* A file's bytes come again and again until most of the card's file is past: it is written anew. */
static void fill(struct sweep *s)
{
	static uint8_t big[DG2_SIZE];
	const off_t due = 0x40000;
	struct stat st;

	sweep_pause(s);
	do {
		memset(big, big[0] + 1, sizeof(big)); /* all of it differs */
		assert_int_equal(bench_file(s->b, 0x0101, 0x0102, SJ_SPAN_OF(big)), SJ_SW_OK);
		assert_int_equal(stat(s->path, &st), 0);
	} while (st.st_size + (off_t)DG2_SIZE < due);
	sweep_go_on(s);
	memset(big, big[0] + 1, sizeof(big));
	assert_int_equal(bench_file(s->b, 0x0101, 0x0102, SJ_SPAN_OF(big)), SJ_SW_OK);
	assert_int_equal(stat(s->path, &st), 0);
	assert_true(st.st_size < due / 2);
}

void flow_perso(struct sweep *s)
{
	struct bench *b = s->b;

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C0200"), SJ_SW_OK); /* Chip Authentication */
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0D0301"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK); /* for PACE with CAM */
	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK); /* Active Authentication */
	if (s->care == DISK_ALL)
		assert_int_equal(bench_dgi_hex(b, 0x0014, "080003"), SJ_SW_OK); /* by RSA */
	one_of_two_is_wrong(b);
	import_aa(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	assert_int_equal(bench_dgi(b, 0x0000, sj_span(NULL, 0)), SJ_SW_OK); /* all is forgotten */
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	fill(s);
	bench_lock(b);
}
