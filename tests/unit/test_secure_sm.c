#include "secure/sm.h"
#include "tests/vectors/icao_bac.h"
#include "tests/vectors/shared.h"

static struct sj_sm_keys sm_keys(enum sj_cipher c, struct sj_span enc, struct sj_span mac)
{
	struct sj_sm_keys keys = { .cipher = c };

	memcpy(keys.enc, enc.ptr, enc.len);
	memcpy(keys.mac, mac.ptr, mac.len);
	return keys;
}

static struct sj_sm_keys appendix_d(void)
{
	return sm_keys(SJ_CIPHER_3DES, hex(BAC_KS_ENC), hex(BAC_KS_MAC));
}

static struct sj_ssc ssc_of(struct sj_span bytes)
{
	struct sj_ssc ssc = { { 0 } };

	memcpy(ssc.bytes, bytes.ptr, bytes.len);
	return ssc;
}

/* One command both ways. */
static void check_command(const struct sj_sm_keys *keys, struct sj_ssc ssc,
			  const struct sj_apdu *plain, struct sj_span expected)
{
	static uint8_t out[70000], opened[70000];
	struct sj_writer w = SJ_WRITER_OF(out), buffer = SJ_WRITER_OF(opened);
	struct sj_apdu wrapped, back;

	sj_sm_command_put(&w, keys, &ssc, plain);
	assert_false(w.failed);
	assert_int_equal(w.len, expected.len);
	assert_memory_equal(w.ptr, expected.ptr, expected.len);
	assert_true(sj_apdu_parse(expected, &wrapped));
	assert_int_equal(sj_sm_command_open(keys, &ssc, &wrapped, &buffer, &back), SJ_SM_OK);
	assert_int_equal(back.cla, plain->cla);
	assert_int_equal(back.ins, plain->ins);
	assert_int_equal(back.p1, plain->p1);
	assert_int_equal(back.p2, plain->p2);
	assert_int_equal(back.ne, plain->ne);
	assert_true(sj_span_eq(back.data, plain->data));
}

/* One response both ways; `expected` ends with the status word. */
static void check_response(const struct sj_sm_keys *keys, struct sj_ssc ssc, bool odd,
			   struct sj_span data, uint16_t sw, struct sj_span expected)
{
	static uint8_t out[70000], opened[70000];
	struct sj_writer w = SJ_WRITER_OF(out), buffer = SJ_WRITER_OF(opened);
	struct sj_response back;

	sj_sm_response_put(&w, keys, &ssc, odd, data, sw);
	assert_false(w.failed);
	assert_int_equal(w.len, expected.len);
	assert_memory_equal(w.ptr, expected.ptr, expected.len);
	assert_int_equal(sj_sm_response_open(keys, &ssc, sj_span(expected.ptr, expected.len - 2),
					     &buffer, &back),
			 SJ_SM_OK);
	assert_int_equal(back.sw, sw);
	assert_true(sj_span_eq(back.data, data));
}

static void messages_of_appendix_d(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	struct sj_apdu plain;

	(void)state;
	for (size_t i = 0; i < sizeof(bac_messages) / sizeof(bac_messages[0]); i++) {
		assert_true(sj_apdu_parse(hex(bac_messages[i].command), &plain));
		check_command(&keys, ssc_of(hex(bac_messages[i].command_ssc)), &plain,
			      hex(bac_messages[i].command_protected));
		check_response(&keys, ssc_of(hex(bac_messages[i].response_ssc)), false,
			       hex(bac_messages[i].response), 0x9000,
			       hex(bac_messages[i].response_protected));
	}
}

static enum sj_cipher cipher_named(const char *name)
{
	if (strcmp(name, "3des") == 0)
		return SJ_CIPHER_3DES;
	if (strcmp(name, "aes192") == 0)
		return SJ_CIPHER_AES192;
	return strcmp(name, "aes256") == 0 ? SJ_CIPHER_AES256 : SJ_CIPHER_AES128;
}

static void check_shared_step(const struct sj_sm_keys *keys, const json_t *step)
{
	const struct sj_span head = hex_of(step, "CLA_INS_P1_P2"), sw = hex_of(step, "SW");
	const struct sj_apdu plain = {
		head.ptr[0],
		head.ptr[1],
		head.ptr[2],
		head.ptr[3],
		hex_of(step, "data"),
		(uint32_t)json_integer_value(json_object_get(step, "Le")),
		false,
	};

	check_command(keys, ssc_of(hex_of(step, "SSC_command")), &plain,
		      hex_of(step, "command_protected"));
	check_response(keys, ssc_of(hex_of(step, "SSC_response")), plain.ins & 1,
		       hex_of(step, "response_data"), (uint16_t)(sw.ptr[0] << 8 | sw.ptr[1]),
		       hex_of(step, "response_protected"));
}

static void shared_sequences(void **state)
{
	json_t *root = NULL, *vectors = shared_vectors("secure-messaging.json", &root), *vector,
	       *step;
	size_t i, j, steps = 0;

	(void)state;
	if (vectors == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	json_array_foreach(vectors, i, vector)
	{
		const struct sj_sm_keys keys =
			sm_keys(cipher_named(text_of(vector, "alg")), hex_of(vector, "KS_Enc"),
				hex_of(vector, "KS_MAC"));

		json_array_foreach(json_object_get(vector, "sequence"), j, step)
		{
			check_shared_step(&keys, step);
			steps++;
		}
	}
	assert_int_equal(steps, 28);
	json_decref(root);
}

/* A SELECT of appendix D whose protected data field is this one. */
static enum sj_sm_rc open_data(struct sj_span data, struct sj_apdu *plain)
{
	const struct sj_sm_keys keys = appendix_d();
	const struct sj_ssc ssc = ssc_of(hex(bac_messages[0].command_ssc));
	const struct sj_apdu wrapped = { 0x0C, 0xA4, 0x02, 0x0C, data, 256, false };
	uint8_t opened[64];
	struct sj_writer buffer = SJ_WRITER_OF(opened);

	return sj_sm_command_open(&keys, &ssc, &wrapped, &buffer, plain);
}

#define DO87 "8709016375432908C044F6"
#define DO8E "8E08BF8B92D635FF24F8"

static void missing_objects(void **state)
{
	struct sj_apdu plain;

	(void)state;
	assert_int_equal(open_data(hex(DO87 DO8E), &plain), SJ_SM_OK);
	assert_int_equal(open_data(sj_span(NULL, 0), &plain), SJ_SM_MISSING);
	assert_int_equal(open_data(hex(DO87), &plain), SJ_SM_MISSING);
	assert_int_equal(open_data(hex("970100"), &plain), SJ_SM_MISSING);
}

static void objects_out_of_order_twice_or_unknown(void **state)
{
	struct sj_apdu plain;

	(void)state;
	assert_int_equal(open_data(hex(DO8E DO87), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex(DO87 DO87 DO8E), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex(DO87 DO8E DO8E), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex("970100" DO87 DO8E), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex(DO87 "99029000" DO8E), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex("8101AA" DO8E), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex(DO87 "8E07BF8B92D635FF24"), &plain), SJ_SM_INCORRECT);
	assert_int_equal(open_data(hex(DO87 "8E08BF"), &plain), SJ_SM_INCORRECT);
}

static void any_altered_bit_is_refused(void **state)
{
	uint8_t data[21];
	struct sj_apdu plain = { .cla = 0x55 };

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		memcpy(data, hex(DO87 DO8E).ptr, sizeof(data));
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(open_data(SJ_SPAN_OF(data), &plain), SJ_SM_OK);
	}
	assert_int_equal(plain.cla, 0x55); /* unchanged on failure */
}

static void the_header_is_authenticated(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	const struct sj_ssc ssc = ssc_of(hex(bac_messages[0].command_ssc));
	static const uint8_t headers[][4] = {
		{ 0x0D, 0xA4, 0x02, 0x0C }, { 0x0C, 0xA6, 0x02, 0x0C }, { 0x0C, 0xA4, 0x00, 0x0C },
		{ 0x0C, 0xA4, 0x02, 0x04 }, { 0x08, 0xA4, 0x02, 0x0C }, { 0x1C, 0xA4, 0x02, 0x0C },
	};
	uint8_t opened[64];
	struct sj_apdu plain;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct sj_writer buffer = SJ_WRITER_OF(opened);
		const struct sj_apdu wrapped = { headers[i][0], headers[i][1],  headers[i][2],
						 headers[i][3], hex(DO87 DO8E), 256,
						 false };

		assert_int_equal(sj_sm_command_open(&keys, &ssc, &wrapped, &buffer, &plain),
				 SJ_SM_INCORRECT);
		assert_int_equal(buffer.len, 0);
	}
}

static void a_counter_off_by_one_is_refused(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	struct sj_ssc ssc = ssc_of(hex(bac_messages[1].response_ssc));
	const struct sj_span message = hex(bac_messages[1].response_protected);
	uint8_t opened[64];
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;

	(void)state;
	sj_ssc_increment(&ssc, SJ_CIPHER_3DES);
	assert_int_equal(sj_sm_response_open(&keys, &ssc, sj_span(message.ptr, message.len - 2),
					     &buffer, &plain),
			 SJ_SM_INCORRECT);
}

/* Padding is judged after the MAC: a good MAC over a cryptogram without 80. */
static void wrong_padding_under_a_good_mac(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	const struct sj_ssc ssc = ssc_of(hex("0000000000000001"));
	uint8_t data[64] = { 0x87, 0x09, 0x01 }, opened[64];
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;
	struct sj_span parts[3];

	(void)state;
	assert_true(
		sj_cbc_encrypt(SJ_CIPHER_3DES, keys.enc, NULL, hex("0000000000000000"), data + 3));
	memcpy(data + 11, hex("990290008E08").ptr, 6);
	parts[0] = sj_span(ssc.bytes, 8);
	parts[1] = sj_span(data, 15);
	parts[2] = hex("80");
	assert_true(sj_mac(SJ_CIPHER_3DES, keys.mac, parts, 3, data + 17));
	assert_int_equal(sj_sm_response_open(&keys, &ssc, sj_span(data, 25), &buffer, &plain),
			 SJ_SM_INCORRECT);
	assert_int_equal(buffer.len, 0);
}

static void response_objects(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	const struct sj_ssc ssc = ssc_of(hex(bac_messages[0].response_ssc));
	static const struct {
		const char *data;
		enum sj_sm_rc rc;
	} cases[] = {
		{ "990290008E08FA855A5D4C50A8ED", SJ_SM_OK },
		{ "", SJ_SM_MISSING },
		{ "99029000", SJ_SM_MISSING },
		{ "8E08FA855A5D4C50A8ED", SJ_SM_MISSING },
		{ "99026A828E08FA855A5D4C50A8ED", SJ_SM_INCORRECT },
		{ "8E08FA855A5D4C50A8ED99029000", SJ_SM_INCORRECT },
		{ "990290009902900"
		  "08E08FA855A5D4C50A8ED",
		  SJ_SM_INCORRECT },
	};
	uint8_t opened[64];
	struct sj_response plain;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sj_writer buffer = SJ_WRITER_OF(opened);

		assert_int_equal(
			sj_sm_response_open(&keys, &ssc, hex(cases[i].data), &buffer, &plain),
			cases[i].rc);
	}
}

/* Round trip of one command; the length fields that come out. */
static struct sj_apdu round_trip(enum sj_cipher c, const struct sj_apdu *plain, size_t *len)
{
	static uint8_t out[70000], opened[70000];
	const struct sj_sm_keys keys = { .cipher = c };
	const struct sj_ssc ssc = { { 9 } };
	struct sj_writer w = SJ_WRITER_OF(out), buffer = SJ_WRITER_OF(opened);
	struct sj_apdu wrapped, back;

	sj_sm_command_put(&w, &keys, &ssc, plain);
	assert_false(w.failed);
	*len = w.len;
	assert_true(sj_apdu_parse(sj_written(&w), &wrapped));
	assert_int_equal(wrapped.ne, wrapped.extended ? 65536 : 256);
	assert_int_equal(sj_sm_command_open(&keys, &ssc, &wrapped, &buffer, &back), SJ_SM_OK);
	assert_true(sj_span_eq(back.data, plain->data));
	assert_int_equal(back.ne, plain->ne);
	assert_int_equal(back.cla, plain->cla);
	return wrapped;
}

static void lengths_and_expected_lengths(void **state)
{
	static const uint32_t expected[] = { 0, 1, 255, 256, 257, 65535, 65536 };
	static const size_t sizes[] = { 0, 1, 15, 16, 223, 231, 239, 240, 255, 256, 65000 };
	static const uint8_t data[65000];
	size_t len;

	(void)state;
	for (int c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (size_t j = 0; j < sizeof(expected) / sizeof(expected[0]); j++) {
				const struct sj_apdu plain = {
					0x02, (uint8_t)(0xB0 + j % 2), 1,
					2,    sj_span(data, sizes[i]), expected[j],
					false
				};

				(void)round_trip((enum sj_cipher)c, &plain, &len);
			}
}

/* Short plain commands become extended only when their objects need it. */
static void extended_only_when_it_must(void **state)
{
	static const uint8_t data[255];
	struct sj_apdu plain = { 0x00, 0xD6, 0, 0, sj_span(data, 200), 256, false };
	size_t len;

	(void)state;
	assert_false(round_trip(SJ_CIPHER_AES128, &plain, &len).extended);
	plain.data.len = 255;
	assert_true(round_trip(SJ_CIPHER_AES128, &plain, &len).extended);
	plain = (struct sj_apdu){ 0x00, 0xB0, 0, 0, { NULL, 0 }, 100, true };
	assert_true(round_trip(SJ_CIPHER_AES128, &plain, &len).extended);
	assert_int_equal(len, 4 + 3 + 4 + 10 + 2);
}

static void channel_and_chaining_bits_stay(void **state)
{
	const struct sj_apdu plain = { 0x13, 0x86, 0, 0, hex("7C00"), 256, false };
	size_t len;

	(void)state;
	assert_int_equal(round_trip(SJ_CIPHER_AES256, &plain, &len).cla, 0x1F);
}

static void too_long_fails_the_writer(void **state)
{
	static uint8_t out[70000], data[65535];
	const struct sj_sm_keys keys = { .cipher = SJ_CIPHER_AES128 };
	const struct sj_ssc ssc = { { 0 } };
	struct sj_writer w = SJ_WRITER_OF(out), small = sj_writer(out, 20);
	struct sj_apdu plain = { 0, 0xD6, 0, 0, SJ_SPAN_OF(data), 0, true };

	(void)state;
	sj_sm_command_put(&w, &keys, &ssc, &plain);
	assert_true(w.failed);
	plain.data.len = 30;
	sj_sm_command_put(&small, &keys, &ssc, &plain);
	assert_true(small.failed);
	small = sj_writer(out, 20);
	sj_sm_response_put(&small, &keys, &ssc, false, sj_span(data, 30), 0x9000);
	assert_true(small.failed);
}

static void a_small_buffer_refuses(void **state)
{
	const struct sj_sm_keys keys = appendix_d();
	const struct sj_ssc ssc = ssc_of(hex(bac_messages[1].response_ssc));
	const struct sj_span message = hex(bac_messages[1].response_protected);
	uint8_t opened[7];
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_response plain;

	(void)state;
	assert_int_equal(sj_sm_response_open(&keys, &ssc, sj_span(message.ptr, message.len - 2),
					     &buffer, &plain),
			 SJ_SM_INCORRECT);
}

static void counter_counts_and_wraps(void **state)
{
	struct sj_ssc ssc = ssc_of(hex("00000000000000FF1122334455667788"));

	(void)state;
	sj_ssc_increment(&ssc, SJ_CIPHER_3DES);
	assert_hex(SJ_SPAN_OF(ssc.bytes), "00000000000001001122334455667788");
	ssc = ssc_of(hex("0000000000000000FFFFFFFFFFFFFFFF"));
	sj_ssc_increment(&ssc, SJ_CIPHER_AES128);
	assert_hex(SJ_SPAN_OF(ssc.bytes), "00000000000000010000000000000000");
	ssc = ssc_of(hex("FFFFFFFFFFFFFFFF0000000000000000"));
	sj_ssc_increment(&ssc, SJ_CIPHER_3DES);
	assert_hex(SJ_SPAN_OF(ssc.bytes), "00000000000000000000000000000000");
}

/* The announced size fits in 256 bytes and one byte more does not. */
static void short_response_sizes(void **state)
{
	static const uint8_t data[232];
	uint8_t out[300];
	const struct sj_ssc ssc = { { 0 } };

	(void)state;
	assert_int_equal(sj_sm_short_response(SJ_CIPHER_3DES), 231);
	assert_int_equal(sj_sm_short_response(SJ_CIPHER_AES192), 223);
	for (int c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
		const struct sj_sm_keys keys = { .cipher = (enum sj_cipher)c };
		const size_t most = sj_sm_short_response(keys.cipher);
		struct sj_writer w = SJ_WRITER_OF(out), more = SJ_WRITER_OF(out);

		sj_sm_response_put(&w, &keys, &ssc, false, sj_span(data, most), 0x9000);
		assert_true(w.len - 2 <= 256);
		sj_sm_response_put(&more, &keys, &ssc, false, sj_span(data, most + 1), 0x9000);
		assert_true(more.len - 2 > 256);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_appendix_d),
		cmocka_unit_test(shared_sequences),
		cmocka_unit_test(missing_objects),
		cmocka_unit_test(objects_out_of_order_twice_or_unknown),
		cmocka_unit_test(any_altered_bit_is_refused),
		cmocka_unit_test(the_header_is_authenticated),
		cmocka_unit_test(a_counter_off_by_one_is_refused),
		cmocka_unit_test(wrong_padding_under_a_good_mac),
		cmocka_unit_test(response_objects),
		cmocka_unit_test(lengths_and_expected_lengths),
		cmocka_unit_test(extended_only_when_it_must),
		cmocka_unit_test(channel_and_chaining_bits_stay),
		cmocka_unit_test(too_long_fails_the_writer),
		cmocka_unit_test(a_small_buffer_refuses),
		cmocka_unit_test(counter_counts_and_wraps),
		cmocka_unit_test(short_response_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
