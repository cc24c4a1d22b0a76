#include "crypt/ec.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <string.h>

/* What every verb here needs, made at its start and freed at its one exit. */
struct work {
	const EC_GROUP *group; /* not ours */
	BN_CTX *bn;
	EC_POINT *p, *q;
	BIGNUM *k;
};

static void work_end(struct work *w)
{
	BN_clear_free(w->k);
	EC_POINT_clear_free(w->q);
	EC_POINT_clear_free(w->p);
	BN_CTX_free(w->bn);
}

static bool work_start(struct work *w, enum sj_curve curve)
{
	memset(w, 0, sizeof(*w));
	w->group = sj_ec_group(curve);
	if (w->group == NULL) {
		if (sj_curve_field_size(curve) > 0)
			sj_memory_note();
		return false;
	}
	w->bn = BN_CTX_secure_new();
	w->p = EC_POINT_new(w->group);
	w->q = EC_POINT_new(w->group);
	w->k = BN_secure_new();
	if (!sj_sure(w->bn != NULL && w->p != NULL && w->q != NULL && w->k != NULL))
		return false;
	BN_set_flags(w->k, BN_FLG_CONSTTIME);
	return true;
}

/* TR-03111 v2.1, 3.2.1; OpenSSL's reader checks that the point is on the curve. */
static bool point_set(const struct work *w, enum sj_curve curve, struct sj_span in, EC_POINT *p)
{
	return in.len == 1 + 2 * sj_curve_field_size(curve) && in.ptr[0] == 0x04 &&
	       EC_POINT_oct2point(w->group, p, in.ptr, in.len, w->bn) == 1;
}

static bool scalar_in_range(const struct work *w)
{
	return !BN_is_zero(w->k) && BN_cmp(w->k, EC_GROUP_get0_order(w->group)) < 0;
}

static bool scalar_set(const struct work *w, struct sj_span in)
{
	return in.len <= SJ_EC_FIELD_MAX && BN_bin2bn(in.ptr, (int)in.len, w->k) != NULL &&
	       scalar_in_range(w);
}

static bool scalar_get(const BIGNUM *k, enum sj_curve curve, struct sj_ec_secret *out)
{
	size_t size = sj_curve_order_size(curve);

	if (BN_bn2binpad(k, out->bytes, (int)size) < 0)
		return false;
	out->len = size;
	return true;
}

static struct sj_span secret_span(const struct sj_ec_secret *k)
{
	return sj_span(k->bytes, k->len);
}

/* Not by EC_POINT_point2oct(), whose time tells how many zeros a coordinate begins with. */
bool sj_ec_point_encode(const EC_GROUP *group, const EC_POINT *point, BN_CTX *bn,
			struct sj_ec_point *out)
{
	const int size = (EC_GROUP_get_degree(group) + 7) / 8;
	BIGNUM *x, *y;
	bool ok;

	if (EC_POINT_is_at_infinity(group, point))
		return false;
	BN_CTX_start(bn);
	x = BN_CTX_get(bn);
	y = BN_CTX_get(bn);
	out->bytes[0] = 0x04; /* uncompressed */
	ok = sj_sure(x != NULL && y != NULL) &&
	     EC_POINT_get_affine_coordinates(group, point, x, y, bn) == 1 &&
	     BN_bn2binpad(x, out->bytes + 1, size) == size &&
	     BN_bn2binpad(y, out->bytes + 1 + size, size) == size;
	if (ok)
		out->len = 1 + 2 * (size_t)size;
	BN_CTX_end(bn);
	return ok;
}

bool sj_ec_point_read(enum sj_curve curve, struct sj_span in, struct sj_ec_point *out)
{
	struct work w;
	bool ok;

	ok = work_start(&w, curve) && point_set(&w, curve, in, w.p);
	if (ok) {
		memcpy(out->bytes, in.ptr, in.len);
		out->len = in.len;
	}
	work_end(&w);
	return sj_answered(ok);
}

bool sj_ec_point_from_x(enum sj_curve curve, struct sj_span x, struct sj_ec_point *out)
{
	uint8_t compressed[1 + SJ_EC_FIELD_MAX] = { 0x02 };
	const size_t size = sj_curve_field_size(curve);
	struct work w;
	bool ok;

	if (size == 0 || x.len != size)
		return false;
	sj_meter_count(SJ_METER_EC_Y, curve, 1);
	memcpy(compressed + 1, x.ptr, size);
	ok = work_start(&w, curve) &&
	     EC_POINT_oct2point(w.group, w.p, compressed, 1 + size, w.bn) == 1 &&
	     sj_ec_point_encode(w.group, w.p, w.bn, out);
	work_end(&w);
	return sj_answered(ok);
}

bool sj_ec_secret_read(enum sj_curve curve, struct sj_span in, struct sj_ec_secret *out)
{
	struct work w;
	bool ok;

	/* Zeros beyond the order's size only: how many a scalar has is its secret. */
	while (in.len > sj_curve_order_size(curve) && in.ptr[0] == 0)
		in = sj_span(in.ptr + 1, in.len - 1);
	ok = work_start(&w, curve) && scalar_set(&w, in) && scalar_get(w.k, curve, out);
	work_end(&w);
	return sj_answered(ok);
}

/* FIPS 186-4, B.4.2 (testing candidates); a sound source passes within a few tries. */
bool sj_ec_secret_random(enum sj_curve curve, const struct sj_random *rnd, struct sj_ec_secret *out)
{
	const size_t size = sj_curve_order_size(curve);
	struct sj_ec_secret k = { .len = size };
	struct work w;
	bool ok = work_start(&w, curve), found = false;
	unsigned spare = 0;

	if (ok)
		spare = (unsigned)(8 * size) - (unsigned)EC_GROUP_order_bits(w.group);
	for (unsigned tries = 0; ok && !found && tries < 128; tries++) {
		ok = sj_random_fill(rnd, k.bytes, size);
		k.bytes[0] &= (uint8_t)(0xFFu >> spare);
		found = ok && scalar_set(&w, secret_span(&k));
	}
	if (found)
		*out = k;
	sj_wipe(&k, sizeof(k));
	work_end(&w);
	return sj_answered(found);
}

/* w->q = k * base; a multiplication by one secret runs OpenSSL's constant-time ladder. */
static bool multiply(struct work *w, enum sj_curve curve, const struct sj_ec_secret *k,
		     const struct sj_ec_point *base)
{
	if (!scalar_set(w, secret_span(k)))
		return false;
	if (base == NULL)
		return EC_POINT_mul(w->group, w->q, w->k, NULL, NULL, w->bn) == 1;
	return point_set(w, curve, sj_ec_point_span(base), w->p) &&
	       EC_POINT_mul(w->group, w->q, NULL, w->p, w->k, w->bn) == 1;
}

bool sj_ec_multiply(enum sj_curve curve, const struct sj_ec_secret *k,
		    const struct sj_ec_point *base, struct sj_ec_point *out)
{
	struct work w;
	bool ok;

	sj_meter_count(base != NULL ? SJ_METER_EC_POINT : SJ_METER_EC_BASE, curve, 1);
	ok = work_start(&w, curve) && multiply(&w, curve, k, base) &&
	     sj_ec_point_encode(w.group, w.q, w.bn, out);
	work_end(&w);
	return sj_answered(ok);
}

bool sj_ec_agree(enum sj_curve curve, const struct sj_ec_secret *k, const struct sj_ec_point *peer,
		 uint8_t out[static SJ_EC_FIELD_MAX])
{
	struct sj_ec_point shared;
	bool ok;

	ok = peer != NULL && sj_ec_multiply(curve, k, peer, &shared);
	if (ok)
		memcpy(out, shared.bytes + 1, sj_curve_field_size(curve));
	sj_wipe(&shared, sizeof(shared));
	return ok;
}

/*
 * w->q = w->k * G + w->p. OpenSSL adds points with numbers whose lengths vary; on P-256 it has its constant-time
 * code do both at once, where it was built with code of its own for that curve (nistz256, nistp256). Without it, as in
 * builds without assembly, two terms take the way of all curves (wNAF), which is not constant-time.
 */
static bool add_to_base(struct work *w, enum sj_curve curve)
{
	if (curve == SJ_P256)
		return EC_POINT_mul(w->group, w->q, w->k, w->p, BN_value_one(), w->bn) == 1;
	return EC_POINT_mul(w->group, w->q, w->k, NULL, NULL, w->bn) == 1 &&
	       EC_POINT_add(w->group, w->q, w->q, w->p, w->bn) == 1;
}

bool sj_ec_map_generic(enum sj_curve curve, struct sj_span s, const struct sj_ec_point *h,
		       struct sj_ec_point *out)
{
	struct work w;
	bool ok;

	sj_meter_count(SJ_METER_EC_MAP, curve, 1);
	ok = work_start(&w, curve) && s.len <= SJ_EC_FIELD_MAX &&
	     BN_bin2bn(s.ptr, (int)s.len, w.k) != NULL &&
	     point_set(&w, curve, sj_ec_point_span(h), w.p) && add_to_base(&w, curve) &&
	     sj_ec_point_encode(w.group, w.q, w.bn, out);
	work_end(&w);
	return sj_answered(ok);
}

/*
 * w->k = map / w->k. The order is prime, so the inverse is a power (Fermat), which OpenSSL has in constant time;
 * BN_mod_inverse() goes as the key is.
 */
static bool divide(struct work *w, const struct sj_ec_secret *map)
{
	const BIGNUM *order = EC_GROUP_get0_order(w->group);
	BN_MONT_CTX *mont = BN_MONT_CTX_new();
	BIGNUM *inverse = BN_secure_new(), *power = BN_dup(order);
	bool ok;

	ok = sj_sure(mont != NULL && inverse != NULL && power != NULL) &&
	     BN_MONT_CTX_set(mont, order, w->bn) == 1 && BN_sub_word(power, 2) == 1 &&
	     BN_mod_exp_mont_consttime(inverse, w->k, power, order, w->bn, mont) == 1 &&
	     scalar_set(w, secret_span(map)) &&
	     BN_to_montgomery(inverse, inverse, mont, w->bn) == 1 &&
	     BN_mod_mul_montgomery(w->k, w->k, inverse, mont, w->bn) == 1;
	BN_free(power);
	BN_clear_free(inverse);
	BN_MONT_CTX_free(mont);
	return ok;
}

bool sj_ec_cam_data(enum sj_curve curve, const struct sj_ec_secret *sk,
		    const struct sj_ec_secret *map, struct sj_ec_secret *out)
{
	struct work w;
	bool ok;

	ok = work_start(&w, curve) && scalar_set(&w, secret_span(sk)) && divide(&w, map) &&
	     scalar_get(w.k, curve, out);
	work_end(&w);
	return sj_answered(ok);
}

bool sj_ec_sign(enum sj_curve curve, const struct sj_ec_secret *key, struct sj_span digest,
		uint8_t out[static SJ_EC_SIGNATURE_MAX], size_t *len)
{
	const size_t half = sj_curve_order_size(curve);
	EVP_PKEY *pkey = sj_pkey_ec(curve, NULL, key);
	EVP_PKEY_CTX *ctx = pkey != NULL ? EVP_PKEY_CTX_new(pkey, NULL) : NULL;
	uint8_t der[SJ_ECDSA_DER_MAX];
	size_t n = sizeof(der);
	bool ok;

	sj_meter_count(SJ_METER_EC_SIGN, curve, 1);
	ok = pkey != NULL &&
	     sj_sure(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		     EVP_PKEY_sign(ctx, der, &n, digest.ptr, digest.len) == 1) &&
	     sj_ecdsa_from_der(sj_span(der, n), half, out);
	sj_wipe_stack();
	if (ok)
		*len = 2 * half;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
}

bool sj_ec_verify(enum sj_curve curve, const struct sj_ec_point *key, struct sj_span digest,
		  struct sj_span plain_signature)
{
	uint8_t der[SJ_ECDSA_DER_MAX];
	struct sj_writer w = SJ_WRITER_OF(der);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	int answer = -1;

	if (sj_curve_order_size(curve) == 0 ||
	    plain_signature.len != 2 * sj_curve_order_size(curve) ||
	    !sj_ecdsa_to_der(plain_signature, &w))
		return false;
	sj_meter_count(SJ_METER_EC_VERIFY, curve, 1);
	(void)sj_memory_mark(); /* what OpenSSL says from now on is about this */
	pkey = sj_pkey_ec(curve, key, NULL);
	if (pkey != NULL)
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	if (pkey != NULL && sj_sure(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1))
		answer = EVP_PKEY_verify(ctx, w.ptr, w.len, digest.ptr, digest.len);
	/* Not judged: what is no signature is 0, but for one whose point is infinite. */
	if (answer < 0 && ERR_GET_REASON(ERR_peek_error()) != EC_R_POINT_AT_INFINITY)
		sj_memory_note();
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(answer == 1);
}
