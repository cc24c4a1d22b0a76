/*
 * pace_reader.h -- PACE, the reader's half, step by step so that a test can go
 * wrong at any of them (ICAO Doc 9303-11, 4.4).
 */
#ifndef TESTS_CARD_PACE_READER_H
#define TESTS_CARD_PACE_READER_H

#include "secure/cvc_rights.h"
#include "tests/card/emrtd_reader.h"

struct pace_reader {
	struct bench *b;
	struct sj_pace_suite suite;
	enum sj_pace_password kind;
	const char *password;
	uint8_t k_pi[SJ_CIPHER_KEY_MAX], s[SJ_PACE_NONCE_MAX];
	const struct sj_cvc_rights *chat; /* NULL: none is sent */
	struct sj_pace_secret sk_map, sk_dh;
	struct sj_pace_public pk_map_ic, generator, pk_dh, pk_dh_ic;
	struct sj_sm_keys keys;
	uint8_t a_ic[SJ_PACE_CAM_MAX];
	size_t a_ic_size;
};

/* parameter MSE_NO_PARAMETER: without tag 84. `chat` NULL: none. */
#define MSE_NO_PARAMETER 0xFFu
static inline uint16_t mse_pace_with(struct bench *b, struct sj_span oid, uint8_t password,
				     uint8_t parameter, const struct sj_cvc_rights *chat)
{
	uint8_t data[160];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4 };
	size_t at, from;

	sj_tlv_put(&w, 0x80, oid);
	sj_tlv_put(&w, 0x83, sj_span(&password, 1));
	if (parameter != MSE_NO_PARAMETER)
		sj_tlv_put(&w, 0x84, sj_span(&parameter, 1));
	if (chat != NULL) {
		sj_cvc_chat_put(&w, chat);
		at = sj_tlv_open(&w);
		from = w.len;
		sj_cvc_extras_put(&w, chat);
		if (w.len > from)
			sj_tlv_close(&w, 0x65, at);
	}
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

static inline uint16_t mse_pace(struct bench *b, struct sj_span oid, uint8_t password,
				uint8_t parameter)
{
	return mse_pace_with(b, oid, password, parameter, NULL);
}

/* GENERAL AUTHENTICATE with one object, or none (tag 0). */
__attribute__((noinline, unused)) static uint16_t general_authenticate(struct bench *b,
								       bool chained, uint32_t tag,
								       struct sj_span value)
{
	uint8_t data[288];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .cla = chained ? 0x10 : 0x00, .ins = 0x86, .ne = 65536 };
	size_t at = sj_tlv_open(&w);

	if (tag != 0)
		sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, 0x7C, at);
	apdu.data = sj_written(&w);
	if (apdu.data.len <= 255)
		apdu.ne = 256;
	return bench_send(b, &apdu);
}

/* The object of a right answer. */
static inline struct sj_span dynamic_object(struct bench *b, uint32_t tag)
{
	struct sj_span in = b->data, content, value = { 0 };

	assert_int_equal(sj_tlv_take(&in, 0x7C, &content), SJ_TLV_FOUND);
	assert_int_equal(in.len, 0);
	assert_int_equal(sj_tlv_find(content, tag, &value), SJ_TLV_FOUND);
	return value;
}

static inline void pace_init(struct pace_reader *p, struct bench *b, struct sj_pace_suite suite,
			     enum sj_pace_password kind, const char *password)
{
	struct sj_random random = sj_random_system();
	struct sj_pace_public unused;

	*p = (struct pace_reader){ .b = b, .suite = suite, .kind = kind, .password = password };
	assert_true(sj_pace_key_make(&suite, &random, NULL, &p->sk_map, &unused));
	assert_true(sj_pace_key_make(&suite, &random, NULL, &p->sk_dh, &unused));
}

/* 9000, or a warning: 63Cx, 6283. */
static inline bool pace_goes_on(uint16_t sw)
{
	return sw == SJ_SW_OK || (sw & 0xFFF0) == SJ_SW_COUNTER || sw == SJ_SW_FILE_DEACTIVATED;
}

static inline uint16_t pace_set(struct pace_reader *p)
{
	return mse_pace_with(p->b, sj_pace_oid(&p->suite), (uint8_t)p->kind,
			     sj_pace_parameter_id(&p->suite), p->chat);
}

__attribute__((noinline, unused)) static uint16_t pace_nonce(struct pace_reader *p)
{
	struct sj_span password = { (const uint8_t *)p->password, strlen(p->password) }, z;

	if (general_authenticate(p->b, true, 0, sj_span(NULL, 0)) != SJ_SW_OK)
		return p->b->sw;
	z = dynamic_object(p->b, 0x80);
	assert_int_equal(z.len, sj_pace_nonce_size(&p->suite));
	assert_true(sj_pace_k_pi(p->suite.cipher, p->kind, password, p->k_pi));
	assert_true(sj_pace_nonce_decrypt(p->suite.cipher, p->k_pi, z, p->s));
	return SJ_SW_OK;
}

__attribute__((noinline, unused)) static uint16_t pace_map(struct pace_reader *p)
{
	const struct sj_span s = sj_span(p->s, sj_pace_nonce_size(&p->suite));
	const struct sj_span t =
		sj_span(p->sk_map.bytes, sj_cipher_key_size(p->suite.cipher)); /* random enough */
	struct sj_pace_public pk;

	if (p->suite.mapping == SJ_PACE_IM) {
		if (general_authenticate(p->b, true, 0x81, t) != SJ_SW_OK)
			return p->b->sw;
		assert_int_equal(dynamic_object(p->b, 0x82).len, 0);
		assert_true(sj_pace_map_integrated(&p->suite, s, t, &p->generator));
		return SJ_SW_OK;
	}
	assert_true(sj_pace_key_public(&p->suite, &p->sk_map, NULL, &pk));
	if (general_authenticate(p->b, true, 0x81, sj_pace_public_span(&pk)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_pace_public_read(&p->suite, dynamic_object(p->b, 0x82), &p->pk_map_ic));
	assert_true(sj_pace_map_generic(&p->suite, s, &p->sk_map, &p->pk_map_ic, &p->generator));
	return SJ_SW_OK;
}

__attribute__((noinline, unused)) static uint16_t pace_agree(struct pace_reader *p)
{
	assert_true(sj_pace_key_public(&p->suite, &p->sk_dh, &p->generator, &p->pk_dh));
	if (general_authenticate(p->b, true, 0x83, sj_pace_public_span(&p->pk_dh)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_pace_public_read(&p->suite, dynamic_object(p->b, 0x84), &p->pk_dh_ic));
	assert_true(sj_pace_agree(&p->suite, &p->sk_dh, &p->pk_dh_ic, &p->keys));
	return SJ_SW_OK;
}

/* Our token is compared, the card's checked; then everything goes protected. */
__attribute__((noinline, unused)) static uint16_t pace_confirm(struct pace_reader *p)
{
	struct sj_span value;
	uint8_t own[SJ_MAC_SIZE], expected[SJ_MAC_SIZE];

	assert_true(sj_pace_token(&p->keys, &p->suite, &p->pk_dh_ic, own));
	if (general_authenticate(p->b, false, 0x85, SJ_SPAN_OF(own)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_pace_token(&p->keys, &p->suite, &p->pk_dh, expected));
	value = dynamic_object(p->b, 0x86);
	assert_int_equal(value.len, SJ_MAC_SIZE);
	assert_memory_equal(value.ptr, expected, SJ_MAC_SIZE);
	if (p->suite.mapping == SJ_PACE_CAM) {
		value = dynamic_object(p->b, 0x8A);
		assert_true(value.len <= sizeof(p->a_ic));
		memcpy(p->a_ic, value.ptr, value.len);
		p->a_ic_size = value.len;
	}
	p->b->keys = p->keys;
	p->b->ssc = (struct sj_ssc){ { 0 } };
	p->b->secured = true;
	return SJ_SW_OK;
}

/* The steps up to `last` (1 MSE ... 5 token); the status word of the last one given. */
static inline uint16_t pace_until(struct pace_reader *p, int last)
{
	uint16_t (*const steps[])(struct pace_reader *) = { pace_set, pace_nonce, pace_map,
							    pace_agree, pace_confirm };
	uint16_t sw = SJ_SW_OK;

	for (int i = 0; i < last && pace_goes_on(sw); i++)
		sw = steps[i](p);
	return sw;
}

static inline uint16_t pace_run(struct bench *b, struct sj_pace_suite suite,
				enum sj_pace_password kind, const char *password)
{
	struct pace_reader p;

	pace_init(&p, b, suite, kind, password);
	return pace_until(&p, 5);
}

#define SUITE_DEFAULT \
	((struct sj_pace_suite){ \
		.mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 })

#endif
