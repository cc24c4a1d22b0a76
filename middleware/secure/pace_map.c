/* pace_map.c -- mapping and agreement in either kind of group. */
#include "crypt/wipe.h"
#include "secure/pace.h"

#include <string.h>

/* --- points and numbers behind one type ------------------------------------------- */

static bool is_ec(const struct sj_pace_suite *suite)
{
	return suite->curve != SJ_CURVE_NONE;
}

static struct sj_span public_set(struct sj_pace_public *out, struct sj_span bytes)
{
	memcpy(out->bytes, bytes.ptr, bytes.len);
	out->len = bytes.len;
	return sj_pace_public_span(out);
}

/*
 * These write to their place and give back no structs: what a compiler makes for such a value, nobody wipes.
 * A point that was checked when it was read or made; it is again when it is used.
 */
static void point_of(const struct sj_pace_public *p, struct sj_ec_point *out)
{
	out->len = p->len < SJ_EC_POINT_MAX ? p->len : SJ_EC_POINT_MAX;
	memcpy(out->bytes, p->bytes, out->len);
}

static void number_of(const struct sj_pace_public *p, struct sj_dh_public *out)
{
	out->len = p->len;
	memcpy(out->bytes, p->bytes, p->len);
}

static void exponent_of(const struct sj_pace_secret *secret, struct sj_dh_secret *out)
{
	out->len = secret->len;
	memcpy(out->bytes, secret->bytes, secret->len);
}

static bool scalar_of(const struct sj_pace_suite *suite, const struct sj_pace_secret *secret,
		      struct sj_ec_secret *out)
{
	return sj_ec_secret_read(suite->curve, sj_span(secret->bytes, secret->len), out);
}

bool sj_pace_public_read(const struct sj_pace_suite *suite, struct sj_span in,
			 struct sj_pace_public *out)
{
	struct sj_ec_point point;
	struct sj_dh_public number;
	struct sj_span read = { NULL, 0 };

	if (is_ec(suite) && sj_ec_point_read(suite->curve, in, &point))
		read = sj_ec_point_span(&point);
	else if (!is_ec(suite) && sj_dh_public_read(suite->group, in, &number))
		read = sj_dh_public_span(&number);
	return read.len > 0 && public_set(out, read).len > 0;
}

/* --- keys --------------------------------------------------------------------------- */

/* out = secret on base; of EC the product, of DH the power. */
static bool apply(const struct sj_pace_suite *suite, const struct sj_pace_secret *secret,
		  const struct sj_pace_public *base, struct sj_pace_public *out)
{
	struct sj_ec_secret k = { .len = 0 };
	struct sj_dh_secret x = { .len = 0 };
	struct sj_ec_point point_base, point;
	struct sj_dh_public number_base, number;
	bool ok;

	if (is_ec(suite)) {
		if (base != NULL)
			point_of(base, &point_base);
		ok = scalar_of(suite, secret, &k) &&
		     sj_ec_multiply(suite->curve, &k, base != NULL ? &point_base : NULL, &point) &&
		     public_set(out, sj_ec_point_span(&point)).len > 0;
		sj_wipe(&point, sizeof(point));
	} else {
		if (base != NULL)
			number_of(base, &number_base);
		exponent_of(secret, &x);
		ok = sj_dh_power(suite->group, &x, base != NULL ? &number_base : NULL, &number) &&
		     public_set(out, sj_dh_public_span(&number)).len > 0;
		sj_wipe(&number, sizeof(number));
	}
	sj_wipe(&k, sizeof(k));
	sj_wipe(&x, sizeof(x));
	return ok;
}

static bool draw(const struct sj_pace_suite *suite, const struct sj_random *rnd,
		 struct sj_pace_secret *out)
{
	struct sj_ec_secret k = { .len = 0 };
	struct sj_dh_secret x = { .len = 0 };
	bool ok;

	if (is_ec(suite)) {
		ok = sj_ec_secret_random(suite->curve, rnd, &k);
		memcpy(out->bytes, k.bytes, k.len);
		out->len = k.len;
	} else {
		ok = sj_dh_secret_random(suite->group, rnd, &x);
		memcpy(out->bytes, x.bytes, x.len);
		out->len = x.len;
	}
	sj_wipe(&k, sizeof(k));
	sj_wipe(&x, sizeof(x));
	return ok;
}

bool sj_pace_key_public(const struct sj_pace_suite *suite, const struct sj_pace_secret *secret,
			const struct sj_pace_public *base, struct sj_pace_public *out)
{
	return apply(suite, secret, base, out);
}

bool sj_pace_key_make(const struct sj_pace_suite *suite, const struct sj_random *rnd,
		      const struct sj_pace_public *base, struct sj_pace_secret *secret,
		      struct sj_pace_public *out)
{
	return draw(suite, rnd, secret) && apply(suite, secret, base, out);
}

/* --- generic mapping ------------------------------------------------------------------ */

bool sj_pace_map_generic(const struct sj_pace_suite *suite, struct sj_span s,
			 const struct sj_pace_secret *own, const struct sj_pace_public *peer,
			 struct sj_pace_public *generator)
{
	struct sj_pace_public h = { .len = 0 };
	struct sj_ec_point point, mapped_point;
	struct sj_dh_public number, mapped_number;
	bool ok = apply(suite, own, peer, &h);

	if (ok && is_ec(suite)) {
		point_of(&h, &point);
		ok = sj_ec_map_generic(suite->curve, s, &point, &mapped_point) &&
		     public_set(generator, sj_ec_point_span(&mapped_point)).len > 0;
		sj_wipe(&point, sizeof(point));
		sj_wipe(&mapped_point, sizeof(mapped_point));
	} else if (ok) {
		number_of(&h, &number);
		ok = sj_dh_map_generic(suite->group, s, &number, &mapped_number) &&
		     public_set(generator, sj_dh_public_span(&mapped_number)).len > 0;
		sj_wipe(&number, sizeof(number));
		sj_wipe(&mapped_number, sizeof(mapped_number));
	}
	sj_wipe(&h, sizeof(h));
	return ok;
}

/* --- integrated mapping ----------------------------------------------------------------- */

/* n * l >= log2 p + 64, in bytes (4.4.3.3.2). */
#define PRF_MAX (SJ_DH_MAX + 8u + 32u)

static const uint8_t c0_128[] = { 0xA6, 0x68, 0x89, 0x2A, 0x7C, 0x41, 0xE3, 0xCA,
				  0x73, 0x9F, 0x40, 0xB0, 0x57, 0xD8, 0x59, 0x04 };
static const uint8_t c1_128[] = { 0xA4, 0xE1, 0x36, 0xAC, 0x72, 0x5F, 0x73, 0x8B,
				  0x01, 0xC1, 0xF6, 0x02, 0x17, 0xC1, 0x88, 0xAD };
static const uint8_t c0_256[] = { 0xD4, 0x63, 0xD6, 0x52, 0x34, 0x12, 0x4E, 0xF7, 0x89, 0x70, 0x54,
				  0x98, 0x6D, 0xCA, 0x0A, 0x17, 0x4E, 0x28, 0xDF, 0x75, 0x8C, 0xBA,
				  0xA0, 0x3F, 0x24, 0x06, 0x16, 0x41, 0x4D, 0x5A, 0x16, 0x76 };
static const uint8_t c1_256[] = { 0x54, 0xBD, 0x72, 0x55, 0xF0, 0xAA, 0xF8, 0x31, 0xBE, 0xC3, 0x42,
				  0x3F, 0xCF, 0x39, 0xD6, 0x9B, 0x6C, 0xBF, 0x06, 0x66, 0x77, 0xD0,
				  0xFA, 0xAE, 0x5A, 0xAD, 0xD9, 0x9D, 0xF8, 0xE5, 0x35, 0x17 };

/* Bits of the prime; of P-521 7 fewer than its bytes have. */
static size_t prime_bits(const struct sj_pace_suite *suite)
{
	if (suite->curve == SJ_P521)
		return 521;
	return 8 * (is_ec(suite) ? sj_curve_field_size(suite->curve) : sj_dh_size(suite->group));
}

/*
 * R(s, t): k_0 = E(t, s), k_i = E(k_(i-1), c0), x_i = E(k_(i-1), c1), CBC with IV 0. A key that
 * is shorter than a k_i (AES-192) is its front.
 */
static bool pseudo_random(const struct sj_pace_suite *suite, struct sj_span s, struct sj_span t,
			  struct sj_writer *w)
{
	const enum sj_cipher c = suite->cipher;
	const struct sj_span c0 = s.len == 16 ? SJ_SPAN_OF(c0_128) : SJ_SPAN_OF(c0_256);
	const struct sj_span c1 = s.len == 16 ? SJ_SPAN_OF(c1_128) : SJ_SPAN_OF(c1_256);
	uint8_t key[SJ_PACE_NONCE_MAX], next[SJ_PACE_NONCE_MAX];
	bool ok = sj_cbc_encrypt(c, t.ptr, NULL, s, key);

	while (ok && 8 * w->len < prime_bits(suite) + 64) {
		uint8_t *x = sj_put_space(w, s.len);

		ok = x != NULL && sj_cbc_encrypt(c, key, NULL, c0, next) &&
		     sj_cbc_encrypt(c, key, NULL, c1, x);
		memcpy(key, next, ok ? s.len : 0);
	}
	sj_wipe(key, sizeof(key));
	sj_wipe(next, sizeof(next));
	return ok;
}

bool sj_pace_map_integrated(const struct sj_pace_suite *suite, struct sj_span s, struct sj_span t,
			    struct sj_pace_public *generator)
{
	uint8_t r[PRF_MAX];
	struct sj_writer w = SJ_WRITER_OF(r);
	struct sj_ec_point point;
	struct sj_dh_public number;
	bool ok;

	ok = s.len == sj_pace_nonce_size(suite) && t.len == sj_cipher_key_size(suite->cipher) &&
	     pseudo_random(suite, s, t, &w);
	if (ok && is_ec(suite)) {
		ok = sj_ec_map_integrated(suite->curve, sj_written(&w), &point) &&
		     public_set(generator, sj_ec_point_span(&point)).len > 0;
		sj_wipe(&point, sizeof(point));
	} else if (ok) {
		ok = sj_dh_map_integrated(suite->group, sj_written(&w), &number) &&
		     public_set(generator, sj_dh_public_span(&number)).len > 0;
		sj_wipe(&number, sizeof(number));
	}
	sj_wipe(r, sizeof(r));
	return ok;
}

/* --- agreement --------------------------------------------------------------------------- */

bool sj_pace_agree(const struct sj_pace_suite *suite, const struct sj_pace_secret *own,
		   const struct sj_pace_public *peer, struct sj_sm_keys *keys)
{
	uint8_t shared[SJ_DH_MAX];
	struct sj_ec_secret k = { .len = 0 };
	struct sj_dh_secret x = { .len = 0 };
	struct sj_ec_point point;
	struct sj_dh_public number;
	size_t size;
	bool ok;

	if (is_ec(suite)) {
		point_of(peer, &point);
		size = sj_curve_field_size(suite->curve);
		ok = scalar_of(suite, own, &k) && sj_ec_agree(suite->curve, &k, &point, shared);
	} else {
		number_of(peer, &number);
		size = sj_dh_size(suite->group);
		exponent_of(own, &x);
		ok = sj_dh_agree(suite->group, &x, &number, shared);
	}
	ok = ok && sj_pace_session(suite->cipher, sj_span(shared, size), keys);
	sj_wipe(shared, sizeof(shared));
	sj_wipe(&k, sizeof(k));
	sj_wipe(&x, sizeof(x));
	return ok;
}

bool sj_pace_comp(const struct sj_pace_suite *suite, const struct sj_pace_public *key,
		  uint8_t out[static SJ_EC_FIELD_MAX], size_t *len)
{
	const struct sj_span number = sj_pace_public_span(key);
	uint8_t digest[SJ_HASH_MAX];

	if (is_ec(suite)) {
		*len = sj_curve_field_size(suite->curve);
		memcpy(out, key->bytes + 1, *len);
		return key->len == 1 + 2 * *len;
	}
	*len = sj_hash_size(SJ_SHA1);
	if (!sj_hash(SJ_SHA1, &number, 1, digest))
		return false;
	memcpy(out, digest, *len);
	return true;
}
