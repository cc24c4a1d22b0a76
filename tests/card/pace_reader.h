/*
 * pace_reader.h -- PACE, the reader's half, step by step so that a test can go
 * wrong at any of them (ICAO Doc 9303-11, 4.4).
 */
#ifndef TESTS_CARD_PACE_READER_H
#define TESTS_CARD_PACE_READER_H

#include "tests/card/emrtd_reader.h"

struct pace_reader {
	struct bench *b;
	struct sj_pace_suite suite;
	enum sj_pace_password kind;
	const char *password;
	uint8_t k_pi[SJ_CIPHER_KEY_MAX], s[SJ_PACE_NONCE_MAX];
	struct sj_ec_secret sk_map, sk_dh;
	struct sj_ec_point pk_map_ic, generator, pk_dh, pk_dh_ic;
	struct sj_sm_keys keys;
	uint8_t a_ic[SJ_PACE_CAM_MAX];
	size_t a_ic_size;
};

/* parameter 0: without tag 84. */
static inline uint16_t mse_pace(struct bench *b, struct sj_span oid, uint8_t password,
				uint8_t parameter)
{
	uint8_t data[64];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4 };

	sj_tlv_put(&w, 0x80, oid);
	sj_tlv_put(&w, 0x83, sj_span(&password, 1));
	if (parameter != 0)
		sj_tlv_put(&w, 0x84, sj_span(&parameter, 1));
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

/* GENERAL AUTHENTICATE with one object, or none (tag 0). */
__attribute__((noinline, unused)) static uint16_t general_authenticate(struct bench *b,
								       bool chained, uint32_t tag,
								       struct sj_span value)
{
	uint8_t data[256];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .cla = chained ? 0x10 : 0x00, .ins = 0x86, .ne = 256 };
	size_t at = sj_tlv_open(&w);

	if (tag != 0)
		sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, 0x7C, at);
	apdu.data = sj_written(&w);
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

	*p = (struct pace_reader){ .b = b, .suite = suite, .kind = kind, .password = password };
	assert_true(sj_ec_secret_random(suite.curve, &random, &p->sk_map));
	assert_true(sj_ec_secret_random(suite.curve, &random, &p->sk_dh));
}

static inline uint16_t pace_set(struct pace_reader *p)
{
	return mse_pace(p->b, sj_pace_oid(p->suite.mapping, p->suite.cipher), (uint8_t)p->kind,
			(uint8_t)p->suite.curve);
}

__attribute__((noinline, unused)) static uint16_t pace_nonce(struct pace_reader *p)
{
	struct sj_span password = { (const uint8_t *)p->password, strlen(p->password) }, z;

	if (general_authenticate(p->b, true, 0, sj_span(NULL, 0)) != SJ_SW_OK)
		return p->b->sw;
	z = dynamic_object(p->b, 0x80);
	assert_int_equal(z.len, SJ_PACE_NONCE);
	assert_true(sj_pace_k_pi(p->suite.cipher, p->kind, password, p->k_pi));
	assert_true(sj_pace_nonce_decrypt(p->suite.cipher, p->k_pi, z, p->s));
	return SJ_SW_OK;
}

__attribute__((noinline, unused)) static uint16_t pace_map(struct pace_reader *p)
{
	enum sj_curve curve = p->suite.curve;
	struct sj_ec_point pk, h;

	assert_true(sj_ec_multiply(curve, &p->sk_map, NULL, &pk));
	if (general_authenticate(p->b, true, 0x81, sj_ec_point_span(&pk)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_ec_point_read(curve, dynamic_object(p->b, 0x82), &p->pk_map_ic));
	assert_true(sj_ec_multiply(curve, &p->sk_map, &p->pk_map_ic, &h));
	assert_true(sj_ec_map_generic(curve, sj_span(p->s, SJ_PACE_NONCE), &h, &p->generator));
	return SJ_SW_OK;
}

__attribute__((noinline, unused)) static uint16_t pace_agree(struct pace_reader *p)
{
	enum sj_curve curve = p->suite.curve;
	uint8_t shared[SJ_EC_FIELD_MAX];

	assert_true(sj_ec_multiply(curve, &p->sk_dh, &p->generator, &p->pk_dh));
	if (general_authenticate(p->b, true, 0x83, sj_ec_point_span(&p->pk_dh)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_ec_point_read(curve, dynamic_object(p->b, 0x84), &p->pk_dh_ic));
	assert_true(sj_ec_agree(curve, &p->sk_dh, &p->pk_dh_ic, shared));
	assert_true(sj_pace_session(p->suite.cipher, sj_span(shared, sj_curve_field_size(curve)),
				    &p->keys));
	return SJ_SW_OK;
}

/* Our token is compared, the card's checked; then everything goes protected. */
__attribute__((noinline, unused)) static uint16_t pace_confirm(struct pace_reader *p)
{
	struct sj_span oid = sj_pace_oid(p->suite.mapping, p->suite.cipher), value;
	uint8_t own[SJ_MAC_SIZE], expected[SJ_MAC_SIZE];

	assert_true(sj_pace_token(&p->keys, oid, &p->pk_dh_ic, own));
	if (general_authenticate(p->b, false, 0x85, SJ_SPAN_OF(own)) != SJ_SW_OK)
		return p->b->sw;
	assert_true(sj_pace_token(&p->keys, oid, &p->pk_dh, expected));
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

	for (int i = 0; i < last && sw == SJ_SW_OK; i++)
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

#define SUITE_DEFAULT ((struct sj_pace_suite){ SJ_PACE_GM, SJ_CIPHER_AES128, SJ_BP256R1 })

#endif
