/* The manager's channel: its table in STATES.md, every key size, PUT KEY, who attacks it. */
#include <stdio.h>

#include "applets/emrtd/emrtd.h"
#include "applets/gate/gate.h"
#include "applets/manager/manager.h"
#include "applets/manager/state.h"
#include "applets/piv/piv.h"
#include "tests/card/pace_reader.h"
#include "tests/card/store_rig.h"
#include "tests/vectors/scp03_client.h"

#define GET_STATUS "80F28002024F0000"
#define CPLC "80CA9F7F00"
#define INITIALIZE \
	"8050000008" \
	"1032547698BADCFE" \
	"00"

static int blank(void **state)
{
	*state = bench_new();
	assert_int_equal(bench_hex(*state, SELECT_MANAGER), SJ_SW_OK);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

static uint16_t open_level(struct bench *b, uint8_t level)
{
	const struct sj_scp03_keys keys = rig_well_known();

	return bench_channel(b, 0x30, &keys, rig_host_challenge(), level);
}

/* INITIALIZE UPDATE, and the command that would answer it. */
static struct sj_apdu ask(struct bench *b, uint8_t level, uint8_t data[static 32])
{
	const struct sj_scp03_keys keys = rig_well_known();
	struct sj_writer w = sj_writer(data, 32);

	b->channel.open = false;
	assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK);
	return rig_channel_begin(&b->channel, &keys, rig_host_challenge(), b->data, level, &w);
}

static bool is_open(struct bench *b)
{
	b->channel.open = true;
	return bench_do(b, GET_STATUS) == SJ_SW_OK;
}

/* --- the table ---------------------------------------------------------------------------- */

static void test_initialize_update(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK);
	assert_int_equal(b->data.len, 32);
	assert_memory_equal(b->data.ptr, "SJ", 2);
	assert_bytes(sj_span(b->data.ptr + 10, 3), "300370");
	assert_bytes(sj_span(b->data.ptr + 29, 3), "000001");
	assert_int_equal(bench_hex(b, "8050310008103254769812345600"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_hex(b, "8050FF0008103254769812345600"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_hex(b, "8050000108103254769812345600"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_hex(b, "80500000091032547698123456FF00"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "80500000071032547698123400"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "80500000101032547698BADCFE1032547698BADCFE00"), SJ_SW_OK);
	assert_int_equal(b->data.len, 48);
	assert_int_equal(b->data.ptr[12], 0x71);
}

static void test_authenticate_wants_initialize(void **state)
{
	uint8_t data[32];
	struct sj_apdu apdu = ask(*state, 0x33, data);

	bench_power(*state);
	assert_int_equal(bench_hex(*state, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_send(*state, &apdu), SJ_SW_CONDITIONS);
	apdu = ask(*state, 0x33, data);
	assert_int_equal(bench_hex(*state, SELECT_MANAGER), SJ_SW_OK); /* anew: forgotten */
	assert_int_equal(bench_send(*state, &apdu), SJ_SW_CONDITIONS);
}

static void test_what_leaves_the_challenge_open(void **state)
{
	struct bench *b = *state;
	uint8_t data[32];
	struct sj_apdu apdu = ask(b, 0x33, data), wrong = apdu;

	assert_int_equal(bench_hex(b, CPLC), SJ_SW_OK);
	assert_int_equal(bench_hex(b, GET_STATUS), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_hex(b, "84F280020A4F00000102030405060700"), SJ_SW_SECURITY_STATUS);
	wrong.cla = 0x80;
	assert_int_equal(bench_send(b, &wrong), SJ_SW_SECURITY_STATUS);
	wrong = apdu;
	wrong.data.len = 15;
	assert_int_equal(bench_send(b, &wrong), SJ_SW_WRONG_LENGTH);
	wrong.data = HEX("0000000000000000000000000000000000");
	assert_int_equal(bench_send(b, &wrong), SJ_SW_WRONG_LENGTH);
	for (unsigned p1 = 0; p1 < 256; p1++) {
		wrong = apdu;
		wrong.p1 = (uint8_t)p1;
		if (p1 != 1 && p1 != 3 && p1 != 0x11 && p1 != 0x13 && p1 != 0x33)
			assert_int_equal(bench_send(b, &wrong), SJ_SW_WRONG_P1P2);
	}
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_true(is_open(b));
}

/* A wrong MAC, a level that is not the MAC's, a cryptogram that is not the host's. */
static void test_a_failure_ends_the_challenge(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 18; i++) {
		struct sj_scp03_keys keys = rig_well_known();
		uint8_t data[32];
		struct sj_apdu apdu = ask(b, 0x33, data);
		uint16_t expected = SJ_SW_SECURITY_STATUS;

		if (i < 16)
			data[i] ^= 1;
		else if (i == 16)
			apdu.p1 = 0x13;
		else {
			struct sj_writer w = SJ_WRITER_OF(data);
			struct sj_apdu other = { .cla = 0x80, .ins = 0x82, .p1 = 0x33 };
			struct sj_span challenge = sj_span(b->data.ptr + 13, 8);

			other.data = HEX("0001020304050607");
			assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK);
			challenge = sj_span(b->data.ptr + 13, 8);
			assert_true(sj_scp03_begin(&b->channel.session, &keys, 8,
						   rig_host_challenge(), challenge));
			assert_true(sj_scp03_wrap(&b->channel.session, &other, &w, &apdu));
			expected = SJ_SW_NO_INFORMATION;
		}
		assert_int_equal(bench_send(b, &apdu), expected);
		if (i < 16)
			data[i] ^= 1;
		assert_int_equal(bench_send(b, &apdu), SJ_SW_CONDITIONS);
	}
}

static void test_what_ends_a_channel(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
		bool stays;
	} plain[] = {
		{ CPLC, SJ_SW_SECURITY_STATUS, false },
		{ GET_STATUS, SJ_SW_SECURITY_STATUS, false },
		{ "80AA0000", SJ_SW_SECURITY_STATUS, false },
		{ "00B0000000", SJ_SW_SECURITY_STATUS, false },
		{ "00CA9F7F00", SJ_SW_SECURITY_STATUS, false },
		{ "84F280020A4F00000102030405060700", SJ_SW_SECURITY_STATUS, false },
		{ "84F2800200", SJ_SW_SECURITY_STATUS, false },
		{ INITIALIZE, SJ_SW_OK, false },
		{ SELECT_MANAGER, SJ_SW_OK, false },
		{ "00A4000C", SJ_SW_OK, false },
		{ "00A4040C05F000000000", SJ_SW_NOT_FOUND, true },
		{ "00C0000000", SJ_SW_CONDITIONS, true },
		{ "0070000001", SJ_SW_OK, true },
		{ "84F2800205", SJ_SW_SECURITY_STATUS, false },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		bench_power(b);
		assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
		assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
		assert_int_equal(bench_hex(b, plain[i].command), plain[i].sw);
		if (i == 9)
			assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
		assert_int_equal(is_open(b), plain[i].stays);
	}
}

/* On another channel nobody hears of it; there it cannot be spoken. */
static void test_other_logical_channels(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01A4040C08A000000151000000"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "8150000008103254769812345600"), SJ_SW_CHANNEL_NOT_SUPPORTED);
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "81CA9F7F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "85F280020A4F00000102030405060700"), SJ_SW_SM_NOT_SUPPORTED);
	assert_int_equal(bench_hex(b, "01A4040C08A000000151000000"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01A4000C"), SJ_SW_OK);
	assert_true(is_open(b));
}

/* Errors go out bare and leave it open; R-ENC's counter goes on with them. */
static void test_errors_are_bare(void **state)
{
	struct bench *b = *state;

	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(bench_do(b, "80CA123400"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(bench_do(b, "80AA0000"), SJ_SW_WRONG_INS);
	assert_int_equal(bench_do(b, "8082330010000102030405060708090A0B0C0D0E0F"),
			 SJ_SW_CONDITIONS);
	assert_true(is_open(b));
}

static void test_replayed_reordered_flipped(void **state)
{
	struct bench *b = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct sj_apdu plain = {
			.cla = 0x80, .ins = 0xCA, .p1 = 0x9F, .p2 = 0x7F, .ne = 256
		};
		uint8_t bytes[2][64];
		struct sj_writer w[2] = { SJ_WRITER_OF(bytes[0]), SJ_WRITER_OF(bytes[1]) };
		struct sj_apdu out[2];

		assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
		for (size_t k = 0; k < 2; k++)
			assert_true(sj_scp03_wrap(&b->channel.session, &plain, &w[k], &out[k]));
		b->channel.open = false; /* as they stand from here on */
		if (i == 0) /* the second first */
			assert_int_equal(bench_send(b, &out[1]), SJ_SW_SECURITY_STATUS);
		if (i == 1) { /* the first twice */
			assert_int_equal(bench_send(b, &out[0]), SJ_SW_OK);
			assert_int_equal(bench_send(b, &out[0]), SJ_SW_SECURITY_STATUS);
		}
		if (i == 2) { /* its MAC */
			bytes[0][7] ^= 0x80;
			assert_int_equal(bench_send(b, &out[0]), SJ_SW_SECURITY_STATUS);
			bytes[0][7] ^= 0x80;
		}
		if (i == 3) { /* a part of a chain: no row of the manager takes any */
			out[0].cla |= 0x10;
			assert_int_equal(bench_send(b, &out[0]), SJ_SW_SECURITY_STATUS);
			out[0].cla &= 0xEF;
		}
		assert_int_equal(bench_send(b, &out[0]), SJ_SW_SECURITY_STATUS);
		assert_false(is_open(b));
	}
}

/* --- keys, modes, parameters ------------------------------------------------------------------ */

static struct sj_scp03_keys keys_of(enum sj_cipher cipher, uint8_t seed)
{
	struct sj_scp03_keys keys = { .cipher = cipher };

	for (uint8_t i = 0; i < sj_cipher_key_size(cipher); i++) {
		keys.enc[i] = (uint8_t)(seed + i);
		keys.mac[i] = (uint8_t)(seed ^ 0x55 ^ i);
		keys.dek[i] = (uint8_t)(3 * seed + 5 * i);
	}
	return keys;
}

/* PUT KEY under this DEK. */
static uint16_t put_keys(struct bench *b, uint8_t old, uint8_t version,
			 const struct sj_scp03_keys *fresh, const struct sj_scp03_keys *present)
{
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xD8, .p1 = old, .p2 = 0x81, .ne = 256 };
	uint8_t bytes[160];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_scp03_put_keys(&w, version, fresh, present->cipher, present->dek));
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

/* Every size of key, both modes, every level, every parameter i, one after the other. */
static void test_every_key_size_mode_and_level(void **state)
{
	static const uint8_t levels[] = { 0x01, 0x03, 0x11, 0x13, 0x33 };
	static const uint8_t is[] = { 0x00, 0x10, 0x60, 0x70 };
	const struct sj_span full = SJ_SPAN_STR("0123456789ABCDEF");
	struct sj_scp03_keys present = rig_well_known();
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK); /* it has keys now */
	for (unsigned n = 0; n < 3 * 2 * 5 * 4; n++) {
		const uint8_t i = is[n % 4], level = levels[n / 4 % 5];
		const struct sj_scp03_keys fresh =
			keys_of((enum sj_cipher)(SJ_CIPHER_AES128 + n / 20 % 3), (uint8_t)n);
		const size_t size = n / 60 == 0 ? 8 : 16;
		bool can = (level & 0x10) == 0 || (i & 0x20) != 0;

		assert_true(card_store_set(b->store, MANAGER_OBJECT_I, sj_span(&i, 1)));
		assert_int_equal(bench_channel(b, 0x30, &present, rig_host_challenge(), 0x03),
				 SJ_SW_OK);
		assert_int_equal(put_keys(b, 0x30, 0x30, &fresh, &present), SJ_SW_OK);
		present = fresh;
		assert_int_equal(bench_channel(b, 0x00, &present, sj_span(full.ptr, size), level),
				 can ? SJ_SW_OK : SJ_SW_WRONG_P1P2);
		if (can)
			assert_true(is_open(b));
	}
}

static void test_put_key_answers_check_values(void **state)
{
	const struct sj_scp03_keys well_known = rig_well_known(),
				   fresh = keys_of(SJ_CIPHER_AES256, 9);
	struct bench *b = *state;
	uint8_t kcv[SJ_SCP03_KCV];

	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(put_keys(b, 0x30, 0x31, &fresh, &well_known), SJ_SW_OK);
	assert_int_equal(b->data.len, 10);
	assert_int_equal(b->data.ptr[0], 0x31);
	assert_true(sj_scp03_kcv(fresh.cipher, fresh.dek, kcv));
	assert_memory_equal(b->data.ptr + 7, kcv, sizeof(kcv));
	/* The channel goes on under its own keys, its DEK too; the old set opens none. */
	assert_int_equal(put_keys(b, 0x31, 0x32, &fresh, &well_known), SJ_SW_OK);
	assert_int_equal(open_level(b, 0x33), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_channel(b, 0x32, &fresh, rig_host_challenge(), 0x33), SJ_SW_OK);
	assert_int_equal(bench_do(b, "80CA00E000"), SJ_SW_OK);
	assert_bytes(b->data, "E012C00401328820C00402328820C00403328820");
	assert_int_equal(bench_do(b, "80CA00C100"), SJ_SW_OK);
	assert_bytes(b->data, "C103000001"); /* of the new set */
}

static void test_put_key_refuses(void **state)
{
	const struct sj_scp03_keys well_known = rig_well_known(),
				   fresh = keys_of(SJ_CIPHER_AES192, 1);
	struct sj_scp03_keys wrong = well_known;
	struct bench *b = *state;

	wrong.dek[0] ^= 1;
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(put_keys(b, 0x30, 0x31, &fresh, &wrong), SJ_SW_WRONG_DATA); /* KCV */
	assert_int_equal(put_keys(b, 0x31, 0x31, &fresh, &well_known), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(put_keys(b, 0x00, 0x30, &fresh, &well_known), SJ_SW_WRONG_DATA);
	assert_int_equal(put_keys(b, 0x00, 0x00, &fresh, &well_known), SJ_SW_WRONG_DATA);
	assert_int_equal(put_keys(b, 0x00, 0x80, &fresh, &well_known), SJ_SW_WRONG_DATA);
	assert_int_equal(put_keys(b, 0x80, 0x31, &fresh, &well_known), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "80D8000101FF"), SJ_SW_WRONG_P1P2); /* P2: one key */
	for (uint8_t v = 0x01; v <= 0x03; v++)
		assert_int_equal(put_keys(b, 0x00, v, &fresh, &well_known), SJ_SW_OK);
	assert_int_equal(put_keys(b, 0x00, 0x04, &fresh, &well_known), SJ_SW_NO_SPACE);
	assert_int_equal(put_keys(b, 0x01, 0x7F, &fresh, &well_known), SJ_SW_OK);
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK); /* the first set is as it was */
}

static void test_the_counter_counts_and_ends(void **state)
{
	static const uint8_t last[] = { 0xFF, 0xFF, 0xFE };
	struct bench *b = *state;

	for (uint8_t i = 1; i < 4; i++) {
		assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK);
		assert_int_equal(b->data.ptr[31], i);
		bench_power(b);
		assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
	}
	assert_true(card_store_set(b->store, MANAGER_OBJECT_SEQUENCE + 0x30, SJ_SPAN_OF(last)));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
	assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_OK);
	assert_int_equal(bench_hex(b, INITIALIZE), SJ_SW_CONDITIONS);
}

/* Three failures cost nothing, the next ones time; success forgets them. */
static void test_guessing_costs_time(void **state)
{
	static const unsigned waits[] = { 0, 0, 0, 0, 1000, 7000, 14000, 21000, 21000 };
	struct bench *b = *state;
	uint8_t data[32];
	struct sj_apdu apdu;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		apdu = ask(b, 0x33, data);
		data[15] ^= 1;
		b->waited_ms = 0;
		assert_int_equal(bench_send(b, &apdu), SJ_SW_SECURITY_STATUS);
		assert_int_equal(b->waited_ms, waits[i]);
	}
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	b->waited_ms = 0;
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(b->waited_ms, 0);
	/* Power goes in the wait: not answered, and not compared. */
	for (size_t i = 0; i < 5; i++) {
		apdu = ask(b, 0x33, data);
		data[15] ^= 1;
		b->power_left_ms = i == 4 ? 500 : 0;
		assert_int_equal(bench_send(b, &apdu), i == 4 ? 0 : SJ_SW_SECURITY_STATUS);
	}
}

/* --- where it can be reached -------------------------------------------------------------------- */

/* A private card over the air: inside PACE, where b3 of CLA is PACE's own. */
static void test_inside_pace(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_NOT_FOUND);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(bench_do(b, "80F24002024F0000"), 0x6310);
	assert_int_equal(bench_do(b, CPLC), SJ_SW_OK);
	assert_int_equal(b->data.len, 45);
	b->channel.open = false; /* protected by PACE, but not by the channel */
	assert_int_equal(bench_do(b, CPLC), SJ_SW_SECURITY_STATUS);
	assert_false(is_open(b));
	assert_int_equal(open_level(b, 0x13), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "84F280020A4F00000102030405060700"),
			 SJ_SW_SM_NOT_SUPPORTED); /* PACE is over, and the manager hidden */
	bench_free(b);
}

/* Long data, a long answer fetched in pieces. */
static void test_extended_length_and_pieces(void **state)
{
	struct bench *b = *state;
	static uint8_t big[30000];
	struct sj_apdu piece = { .cla = 0x80, .ins = 0xF2, .p1 = 0x10, .p2 = 2 };

	assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
	assert_int_equal(bench_do(b, INSTALL), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_file(b, 0x0101, 0x0102, pattern_fill(0x0102, big, sizeof(big))),
			 SJ_SW_OK);
	piece.data = HEX("4F00");
	piece.ne = 16; /* 61xx and GET RESPONSE, in plain */
	assert_int_equal(bench_send(b, &piece), SJ_SW_OK);
	assert_int_equal(b->data.len, 71);
	assert_true(is_open(b));
}

/* --- power goes ----------------------------------------------------------------------------------- */

/* The old set or the new one, whole, whichever write was the last. */
static void test_put_key_at_every_write(void **state)
{
	const struct sj_scp03_keys well_known = rig_well_known(),
				   fresh = keys_of(SJ_CIPHER_AES256, 7);
	struct room *room = *state;
	unsigned k = 1, calls, seen[2] = { 0 };

	do {
		struct card_store *store = create(room);
		struct bench *b = bench_new_in(store);
		uint16_t sw;

		assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
		assert_int_equal(open_level(b, 0x33), SJ_SW_OK);
		room->calls = 0;
		room->fail_at = k;
		room->fail_on = true;
		sw = put_keys(b, 0x30, 0x31, &fresh, &well_known);
		calls = room->calls;
		room->fail_at = 0;
		card_free(b->card);
		b->card = NULL;
		b->store = reopen(room, store);
		bench_insert(b, CARD_CONTACT);
		assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
		if (open_level(b, 0x33) == SJ_SW_OK) {
			assert_int_not_equal(sw, SJ_SW_OK);
			seen[0]++;
		} else {
			assert_int_equal(bench_channel(b, 0x31, &fresh, rig_host_challenge(), 0x33),
					 SJ_SW_OK);
			seen[1]++;
		}
		bench_free(b);
		assert_int_equal(remove(room->path), 0);
	} while (calls >= k++);
	assert_true(seen[0] > 0 && seen[1] > 0);
}

static void test_a_card_is_born(void **state)
{
	static const char text[] = "0102030405060708090A0B0C0D0E0F101112131415161718";
	uint8_t key[CARD_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(key);
	const struct sj_random random = sj_random_system();
	struct card_birth birth = { { key, 24 }, 0x20, &random };
	struct sj_scp03_keys keys = { .cipher = SJ_CIPHER_AES192 };
	struct card_store *store = NULL;
	struct bench *b;

	(void)state;
	for (size_t n = 0; n < 48; n++) {
		w.len = 0;
		assert_int_equal(card_key_read(text, n, &w), n == 32);
	}
	w.len = 0;
	assert_true(card_key_read(text, 48, &w));
	assert_int_equal(card_store_memory(&store), CARD_STORE_OK);
	assert_false(card_be_born(store, &birth)); /* no such i */
	birth.scp_i = 0x60;
	birth.transport_key.len = 17;
	assert_false(card_be_born(store, &birth));
	birth.transport_key.len = 24;
	assert_true(card_be_born(store, &birth));
	memcpy(keys.enc, key, 24);
	memcpy(keys.mac, key, 24);
	memcpy(keys.dek, key, 24);
	b = bench_new_in(store);
	assert_int_equal(bench_hex(b, SELECT_MANAGER), SJ_SW_OK);
	assert_int_equal(bench_channel(b, 0x30, &keys, rig_host_challenge(), 0x33), SJ_SW_OK);
	assert_true(is_open(b));
	bench_free(b);
}

/* A foreign client's session, byte by byte as it was when it was recorded: before there was eID. */
static void test_a_foreign_clients_session(void **state)
{
	static const struct card_applet *const applets[] = {
		&card_applet_manager, &card_applet_emrtd, &card_applet_gate,
		&card_applet_piv,     &card_applet_mf,    NULL
	};
	struct bench *b = *state;

	assert_true(card_store_set(b->store, MANAGER_OBJECT_SERIAL, HEX(SCP03_CLIENT_SERIAL)));
	assert_int_equal(card_store_commit(b->store), CARD_STORE_OK);
	b->applets = applets;
	bench_insert(b, CARD_CONTACT);
	for (size_t i = 0; i < sizeof(scp03_client) / sizeof(scp03_client[0]); i++) {
		uint8_t bytes[512];
		struct sj_span want = hex(scp03_client[i].response, bytes, sizeof(bytes));

		bench_hex(b, scp03_client[i].command);
		assert_int_equal(b->sw, bytes[want.len - 2] << 8 | bytes[want.len - 1]);
		assert_true(sj_span_eq(b->data, sj_span(bytes, want.len - 2)));
	}
	assert_int_equal(card_life(b->card), CARD_INITIALIZED);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, blank, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_initialize_update),
		CASE(test_authenticate_wants_initialize),
		CASE(test_what_leaves_the_challenge_open),
		CASE(test_a_failure_ends_the_challenge),
		CASE(test_what_ends_a_channel),
		CASE(test_other_logical_channels),
		CASE(test_errors_are_bare),
		CASE(test_replayed_reordered_flipped),
		CASE(test_every_key_size_mode_and_level),
		CASE(test_put_key_answers_check_values),
		CASE(test_put_key_refuses),
		CASE(test_the_counter_counts_and_ends),
		CASE(test_guessing_costs_time),
		cmocka_unit_test(test_inside_pace),
		CASE(test_extended_length_and_pieces),
		STORE_CASE(test_put_key_at_every_write),
		cmocka_unit_test(test_a_card_is_born),
		CASE(test_a_foreign_clients_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
