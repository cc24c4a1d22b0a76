#include "secure/scp03.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/scp03_runs.h"

#define RUNS (sizeof(scp03_runs) / sizeof(scp03_runs[0]))
#define EXCHANGES (sizeof(scp03_runs[0].exchanges) / sizeof(scp03_runs[0].exchanges[0]))

static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00 };
static uint8_t room[SJ_APDU_NC_EXTENDED + 64], second[SJ_APDU_NC_EXTENDED + 64];

static struct sj_scp03_keys keys_of(const struct scp03_run *run)
{
	struct sj_scp03_keys keys = { .cipher = run->key_size == 16   ? SJ_CIPHER_AES128
						: run->key_size == 24 ? SJ_CIPHER_AES192
								      : SJ_CIPHER_AES256 };

	memcpy(keys.enc, hex(run->enc).ptr, run->key_size);
	memcpy(keys.mac, hex(run->mac).ptr, run->key_size);
	memcpy(keys.dek, hex(run->dek).ptr, run->key_size);
	return keys;
}

/* The session after EXTERNAL AUTHENTICATE, whose MAC began the chain. */
static struct sj_scp03 session_of(const struct scp03_run *run)
{
	const struct sj_scp03_keys keys = keys_of(run);
	struct sj_writer w = SJ_WRITER_OF(room);
	struct sj_apdu command, plain;
	struct sj_scp03 s;

	assert_true(sj_scp03_begin(&s, &keys, run->size, hex(run->host_challenge),
				   hex(run->card_challenge)));
	assert_true(sj_apdu_parse(hex(run->authenticate), &command));
	assert_int_equal(sj_scp03_unwrap(&s, &command, &w, &plain), SJ_SCP03_INTACT);
	s.level = run->level;
	return s;
}

/* The whole session of a strong run, and its first command with data. */
static const struct scp03_run *strong(void)
{
	return &scp03_runs[4];
}

static struct sj_apdu command_of(const struct scp03_run *run, size_t i)
{
	struct sj_apdu a;

	assert_true(sj_apdu_parse(hex(run->exchanges[i].wrapped), &a));
	return a;
}

/* --- against another implementation ------------------------------------------------------ */

static void test_challenge_and_cryptograms(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUNS; i++) {
		const struct scp03_run *run = &scp03_runs[i];
		const struct sj_span host = hex(run->host_challenge);
		const struct sj_span card = hex(run->card_challenge);
		const struct sj_scp03_keys keys = keys_of(run);
		uint8_t out[SJ_SCP03_FULL];
		struct sj_apdu command;
		struct sj_scp03 s;

		assert_true(sj_scp03_challenge(&keys, run->size, hex(run->sequence).ptr,
					       SJ_SPAN_OF(aid), out));
		assert_hex(sj_span(out, run->size), run->card_challenge);
		assert_true(sj_scp03_begin(&s, &keys, run->size, host, card));
		assert_true(sj_scp03_cryptogram(&s, SJ_SCP03_CARD, host, card, out));
		assert_hex(sj_span(out, run->size), run->card_cryptogram);
		assert_true(sj_scp03_cryptogram(&s, SJ_SCP03_HOST, host, card, out));
		assert_true(sj_apdu_parse(hex(run->authenticate), &command));
		assert_memory_equal(command.data.ptr, out, run->size);
	}
}

static void test_commands_as_the_other_wraps_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUNS * EXCHANGES; i++) {
		const struct scp03_run *run = &scp03_runs[i / EXCHANGES];
		uint8_t bytes[300];
		struct sj_writer w, apdu;
		struct sj_apdu plain, wrapped;
		struct sj_scp03 s = session_of(run);

		for (size_t k = 0; k <= i % EXCHANGES; k++) {
			w = SJ_WRITER_OF(room);
			assert_true(sj_apdu_parse(hex(run->exchanges[k].plain), &plain));
			assert_true(sj_scp03_wrap(&s, &plain, &w, &wrapped));
		}
		apdu = SJ_WRITER_OF(bytes);
		sj_apdu_put(&apdu, &wrapped);
		assert_hex(sj_written(&apdu), run->exchanges[i % EXCHANGES].wrapped);
	}
}

static void test_whole_sessions_of_a_card(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUNS; i++) {
		struct sj_scp03 s = session_of(&scp03_runs[i]);

		for (size_t k = 0; k < EXCHANGES; k++) {
			const struct scp03_exchange *x = &scp03_runs[i].exchanges[k];
			struct sj_writer w = SJ_WRITER_OF(room), back = SJ_WRITER_OF(second);
			struct sj_apdu wrapped = command_of(&scp03_runs[i], k), plain, want;
			uint16_t sw = (uint16_t)x->sw;

			assert_int_equal(sj_scp03_unwrap(&s, &wrapped, &w, &plain),
					 SJ_SCP03_INTACT);
			assert_true(sj_apdu_parse(hex(x->plain), &want));
			assert_int_equal(plain.cla, want.cla);
			assert_int_equal(plain.ne, want.ne);
			assert_true(sj_span_eq(plain.data, want.data));
			w = SJ_WRITER_OF(room);
			assert_true(sj_scp03_wrap_response(&s, hex(x->answer), sw, &w));
			assert_hex(sj_written(&w), x->protected_answer);
			assert_int_equal(sj_scp03_unwrap_response(&s, sj_written(&w), sw, &back),
					 SJ_SCP03_INTACT);
			assert_hex(sj_written(&back), x->answer);
		}
	}
}

static void test_put_key_as_the_other_encodes_it(void **state)
{
	static const struct {
		unsigned size;
		const char *data;
	} fields[] = { { 16, SCP03_PUT_128 }, { 24, SCP03_PUT_192 }, { 32, SCP03_PUT_256 } };

	(void)state;
	for (size_t i = 0; i < RUNS; i++) {
		const struct sj_scp03_keys keys = keys_of(&scp03_runs[i]);
		uint8_t version = 0, kcv[3 * SJ_SCP03_KCV], want[SJ_SCP03_KCV];
		struct sj_writer w = SJ_WRITER_OF(room);
		const char *data = fields[scp03_runs[i].key_size / 8 - 2].data;
		struct sj_scp03_keys got;

		assert_int_equal(
			sj_scp03_read_keys(hex(data), keys.cipher, keys.dek, &version, &got, kcv),
			SJ_SCP03_KEYS_GOOD);
		assert_int_equal(version, 0x31);
		assert_int_equal(got.cipher, keys.cipher);
		assert_memory_equal(got.enc, keys.enc, scp03_runs[i].key_size);
		assert_memory_equal(got.mac, keys.mac, scp03_runs[i].key_size);
		assert_memory_equal(got.dek, keys.dek, scp03_runs[i].key_size);
		assert_true(sj_scp03_kcv(keys.cipher, keys.dek, want));
		assert_memory_equal(kcv + 6, want, sizeof(want));
		assert_true(sj_scp03_put_keys(&w, 0x31, &keys, keys.cipher, keys.dek));
		if (keys.cipher == SJ_CIPHER_AES192) /* whole blocks it sends without their size */
			assert_hex(sj_written(&w), data);
	}
}

/* Computed with openssl enc -aes-128-ecb over 16 bytes of 01. */
static void test_check_value_of_the_well_known_key(void **state)
{
	uint8_t kcv[SJ_SCP03_KCV];

	(void)state;
	assert_true(
		sj_scp03_kcv(SJ_CIPHER_AES128, hex("404142434445464748494A4B4C4D4E4F").ptr, kcv));
	assert_hex(SJ_SPAN_OF(kcv), "504A77");
}

/* --- what is refused --------------------------------------------------------------------- */

static void test_begin_wants_sizes_of_the_protocol(void **state)
{
	struct sj_scp03_keys keys = keys_of(strong());
	const struct sj_span full = hex("000102030405060708090A0B0C0D0E0F"), half = { full.ptr, 8 };
	struct sj_scp03 s;

	(void)state;
	assert_true(sj_scp03_begin(&s, &keys, 16, full, full));
	assert_false(sj_scp03_begin(&s, &keys, 16, full, half));
	assert_false(sj_scp03_begin(&s, &keys, 8, full, half));
	assert_false(sj_scp03_begin(&s, &keys, 12, sj_span(full.ptr, 12), sj_span(full.ptr, 12)));
	keys.cipher = SJ_CIPHER_3DES;
	assert_false(sj_scp03_begin(&s, &keys, 8, half, half));
}

static void test_every_flipped_bit_of_a_command(void **state)
{
	const struct sj_scp03 before = session_of(strong());
	struct sj_span good = hex(strong()->exchanges[0].wrapped);
	uint8_t bytes[64];

	(void)state;
	for (size_t bit = 0; bit < good.len * 8; bit++) {
		struct sj_scp03 s = before;
		struct sj_writer w = SJ_WRITER_OF(room);
		struct sj_apdu wrapped, plain;
		/* Channel and secure messaging of CLA are outside; without Lc it is no command. */
		bool free = bit < 8 && (0x0F & 0x80 >> bit) != 0;

		memcpy(bytes, good.ptr, good.len);
		bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		if (free || !sj_apdu_parse(sj_span(bytes, good.len), &wrapped))
			continue;
		assert_int_equal(sj_scp03_unwrap(&s, &wrapped, &w, &plain), SJ_SCP03_MAC);
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

static void test_every_truncation_of_a_data_field(void **state)
{
	const struct sj_scp03 before = session_of(strong());
	struct sj_apdu wrapped = command_of(strong(), 0), plain;

	(void)state;
	for (wrapped.data.len--; wrapped.data.len > 0; wrapped.data.len--) {
		struct sj_scp03 s = before;
		struct sj_writer w = SJ_WRITER_OF(room);

		assert_int_equal(sj_scp03_unwrap(&s, &wrapped, &w, &plain), SJ_SCP03_MAC);
	}
}

static void test_a_command_replayed_or_left_out(void **state)
{
	struct sj_apdu first = command_of(strong(), 0), next = command_of(strong(), 1), plain;
	struct sj_scp03 s = session_of(strong());
	struct sj_writer w = SJ_WRITER_OF(room);

	(void)state;
	assert_int_equal(sj_scp03_unwrap(&s, &next, &w, &plain), SJ_SCP03_MAC);
	assert_int_equal(sj_scp03_unwrap(&s, &first, &w, &plain), SJ_SCP03_INTACT);
	assert_int_equal(sj_scp03_unwrap(&s, &first, &w, &plain), SJ_SCP03_MAC);
	assert_int_equal(sj_scp03_unwrap(&s, &next, &w, &plain), SJ_SCP03_INTACT);
}

/* A right MAC over what is no cryptogram: made by a session without encryption. */
static void test_padding_is_looked_at_after_the_mac(void **state)
{
	const struct sj_scp03 before = session_of(strong());
	struct sj_span content = hex("00112233445566778899AABBCCDDEEFF");
	struct sj_apdu plain = { .cla = 0x80, .ins = 0xE2, .data = content }, wrapped, out;

	(void)state;
	for (size_t n = content.len - 1; n <= content.len; n++) {
		struct sj_scp03 card = before, host = before;
		struct sj_writer w = SJ_WRITER_OF(room), opened = SJ_WRITER_OF(second);

		host.level = SJ_SCP03_C_MAC;
		plain.data.len = n;
		assert_true(sj_scp03_wrap(&host, &plain, &w, &wrapped));
		assert_int_equal(sj_scp03_unwrap(&card, &wrapped, &opened, &out), SJ_SCP03_PADDING);
		assert_memory_equal(&card, &before, sizeof(card));
		assert_int_equal(opened.len, 0);
	}
}

/* Lc of three bytes enters the MAC as such; both ends agree at and around the border. */
static void test_extended_length(void **state)
{
	static const size_t sizes[] = { 239, 240, 255, 256, 65000 };
	struct sj_scp03 host = session_of(strong()), card = host;
	uint8_t *content = calloc(1, 65000);

	(void)state;
	assert_non_null(content);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sj_apdu plain = { .cla = 0x80, .ins = 0xE2, .ne = i == 0 ? 65536 : 256 };
		struct sj_writer w = SJ_WRITER_OF(room), opened = SJ_WRITER_OF(second);
		struct sj_apdu wrapped, out;

		plain.data = sj_span(content, sizes[i]);
		assert_true(sj_scp03_wrap(&host, &plain, &w, &wrapped));
		assert_int_equal(wrapped.extended, wrapped.data.len > 255 || plain.ne > 256);
		assert_int_equal(sj_scp03_unwrap(&card, &wrapped, &opened, &out), SJ_SCP03_INTACT);
		assert_true(sj_span_eq(out.data, plain.data));
	}
	free(content);
}

static void test_what_does_not_fit_leaves_the_session(void **state)
{
	const struct sj_scp03 before = session_of(strong());
	struct sj_scp03 s = before;
	struct sj_apdu plain = { .cla = 0x80, .ins = 0xE2 }, out;
	uint8_t *content = calloc(1, 65520);

	(void)state;
	assert_non_null(content);
	for (size_t cap = 0; cap < 24; cap++) {
		struct sj_writer w = sj_writer(room, cap);

		plain.data = sj_span(content, 5);
		assert_false(sj_scp03_wrap(&s, &plain, &w, &out));
		assert_memory_equal(&s, &before, sizeof(s));
	}
	plain.data = sj_span(content, 65520);
	assert_false(sj_scp03_wrap(&s, &plain, &SJ_WRITER_OF(room), &out));
	s.counter = UINT32_MAX;
	plain.data = sj_span(content, 5);
	assert_false(sj_scp03_wrap(&s, &plain, &SJ_WRITER_OF(room), &out));
	free(content);
}

static void test_responses_that_are_not_the_cards(void **state)
{
	const struct scp03_exchange *x = &strong()->exchanges[1];
	struct sj_scp03 s = session_of(strong());
	struct sj_span good;
	uint8_t bytes[64];

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct sj_apdu wrapped = command_of(strong(), k), plain;

		assert_int_equal(sj_scp03_unwrap(&s, &wrapped, &SJ_WRITER_OF(room), &plain),
				 SJ_SCP03_INTACT);
	}
	good = hex(x->protected_answer);
	for (size_t i = 0; i < good.len; i++) {
		memcpy(bytes, good.ptr, good.len);
		bytes[i] ^= 1;
		assert_int_equal(sj_scp03_unwrap_response(&s, sj_span(bytes, good.len),
							  (uint16_t)x->sw, &SJ_WRITER_OF(room)),
				 SJ_SCP03_MAC);
		assert_int_equal(sj_scp03_unwrap_response(&s, sj_span(good.ptr, i), (uint16_t)x->sw,
							  &SJ_WRITER_OF(room)),
				 SJ_SCP03_MAC);
	}
	assert_int_equal(sj_scp03_unwrap_response(&s, good, 0x9000, &SJ_WRITER_OF(room)),
			 SJ_SCP03_MAC);
	assert_int_equal(sj_scp03_unwrap_response(&s, good, (uint16_t)x->sw, &SJ_WRITER_OF(room)),
			 SJ_SCP03_INTACT);
}

static void test_put_key_data_cut_or_wrong(void **state)
{
	const struct sj_scp03_keys keys = keys_of(strong());
	struct sj_span good = hex(SCP03_PUT_128);
	struct sj_scp03_keys got = { .cipher = SJ_CIPHER_3DES };
	uint8_t version = 0xEE, kcv[3 * SJ_SCP03_KCV], bytes[256];

	(void)state;
	for (size_t n = 0; n < good.len; n++)
		assert_int_equal(sj_scp03_read_keys(sj_span(good.ptr, n), keys.cipher, keys.dek,
						    &version, &got, kcv),
				 SJ_SCP03_KEYS_MALFORMED);
	for (size_t i = 1; i < good.len; i++) {
		memcpy(bytes, good.ptr, good.len);
		bytes[i] ^= 0x01;
		assert_int_not_equal(sj_scp03_read_keys(sj_span(bytes, good.len), keys.cipher,
							keys.dek, &version, &got, kcv),
				     SJ_SCP03_KEYS_GOOD);
	}
	assert_int_equal(version, 0xEE);
	assert_int_equal(got.cipher, SJ_CIPHER_3DES);
	memcpy(bytes, good.ptr, good.len);
	bytes[good.len - 1] ^= 0x80;
	assert_int_equal(sj_scp03_read_keys(sj_span(bytes, good.len), keys.cipher, keys.dek,
					    &version, &got, kcv),
			 SJ_SCP03_KEYS_CHECK);
	bytes[good.len] = 0;
	assert_int_equal(sj_scp03_read_keys(sj_span(bytes, good.len + 1), keys.cipher, keys.dek,
					    &version, &got, kcv),
			 SJ_SCP03_KEYS_MALFORMED);
}

/* More blocks than the key's own size, or fewer: they would be written over what is behind it, or leave it. */
static void test_put_key_of_other_blocks_than_its_size(void **state)
{
	static const uint8_t zero[48];
	const struct sj_scp03_keys keys = keys_of(strong());

	(void)state;
	for (uint8_t blocks = 0; blocks <= 3; blocks++) {
		struct sj_writer w = SJ_WRITER_OF(room);
		struct sj_scp03_keys got;
		uint8_t version, kcv[3 * SJ_SCP03_KCV];

		sj_put_u8(&w, 0x30);
		for (unsigned i = 0; i < 3; i++) {
			sj_put_u8(&w, 0x88);
			sj_put_u8(&w, (uint8_t)(1 + 16 * blocks));
			sj_put_u8(&w, 32);
			sj_put(&w, sj_span(zero, 16u * blocks));
			sj_put_u8(&w, SJ_SCP03_KCV);
			sj_put(&w, sj_span(zero, SJ_SCP03_KCV));
		}
		assert_int_equal(sj_scp03_read_keys(sj_written(&w), keys.cipher, keys.dek, &version,
						    &got, kcv),
				 blocks == 2 ? SJ_SCP03_KEYS_CHECK : SJ_SCP03_KEYS_MALFORMED);
	}
}

/* Keys of every size under a DEK of every size; a set of two sizes is none. */
static void test_put_key_of_every_size(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		struct sj_scp03_keys fresh = { .cipher = (enum sj_cipher)(1 + i % 3) }, got;
		const enum sj_cipher dek_cipher = (enum sj_cipher)(1 + i / 3);
		struct sj_writer w = SJ_WRITER_OF(room);
		uint8_t version, kcv[3 * SJ_SCP03_KCV], dek[SJ_CIPHER_KEY_MAX] = { 7 };

		memset(fresh.enc, (int)i + 1, sizeof(fresh.enc));
		assert_true(sj_scp03_put_keys(&w, 0x7F, &fresh, dek_cipher, dek));
		assert_int_equal(
			sj_scp03_read_keys(sj_written(&w), dek_cipher, dek, &version, &got, kcv),
			SJ_SCP03_KEYS_GOOD);
		assert_int_equal(version, 0x7F);
		assert_int_equal(got.cipher, fresh.cipher);
		assert_memory_equal(got.enc, fresh.enc, sj_cipher_key_size(fresh.cipher));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenge_and_cryptograms),
		cmocka_unit_test(test_commands_as_the_other_wraps_them),
		cmocka_unit_test(test_whole_sessions_of_a_card),
		cmocka_unit_test(test_put_key_as_the_other_encodes_it),
		cmocka_unit_test(test_check_value_of_the_well_known_key),
		cmocka_unit_test(test_begin_wants_sizes_of_the_protocol),
		cmocka_unit_test(test_every_flipped_bit_of_a_command),
		cmocka_unit_test(test_every_truncation_of_a_data_field),
		cmocka_unit_test(test_a_command_replayed_or_left_out),
		cmocka_unit_test(test_padding_is_looked_at_after_the_mac),
		cmocka_unit_test(test_extended_length),
		cmocka_unit_test(test_what_does_not_fit_leaves_the_session),
		cmocka_unit_test(test_responses_that_are_not_the_cards),
		cmocka_unit_test(test_put_key_data_cut_or_wrong),
		cmocka_unit_test(test_put_key_of_other_blocks_than_its_size),
		cmocka_unit_test(test_put_key_of_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
