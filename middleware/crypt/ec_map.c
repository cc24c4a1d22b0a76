/*
 * ec_map.c -- a point from a number: the integrated mapping of PACE.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), appendix B.2, whose names these are.
 */
#include "crypt/ec.h"
#include "crypt/internal.h"
#include "crypt/meter.h"

#include <openssl/bn.h>
#include <string.h>

enum number { P, A, B, T, ALPHA, SUM, X2, X3, H2, U, ROOT, Y2, Y3, E, NUMBERS };

struct map {
	const EC_GROUP *group; /* not ours */
	BN_CTX *bn;
	BIGNUM *n[NUMBERS];
	EC_POINT *point;
};

static bool map_start(struct map *m, enum sj_curve curve)
{
	bool ok = true;

	memset(m, 0, sizeof(*m));
	m->group = sj_ec_group(curve);
	if (m->group == NULL)
		return false;
	m->bn = BN_CTX_secure_new();
	m->point = EC_POINT_new(m->group);
	for (size_t i = 0; i < NUMBERS; i++)
		ok = (m->n[i] = BN_secure_new()) != NULL && ok;
	return sj_sure(ok && m->bn != NULL && m->point != NULL) &&
	       EC_GROUP_get_curve(m->group, m->n[P], m->n[A], m->n[B], m->bn) == 1 &&
	       BN_mod_word(m->n[P], 4) == 3;
}

static void map_end(struct map *m)
{
	for (size_t i = 0; i < NUMBERS; i++)
		BN_clear_free(m->n[i]);
	EC_POINT_clear_free(m->point);
	BN_CTX_free(m->bn);
}

static bool multiply(struct map *m, enum number out, enum number a, enum number b)
{
	return BN_mod_mul(m->n[out], m->n[a], m->n[b], m->n[P], m->bn) == 1;
}

/* out = base ^ E mod p */
static bool power(struct map *m, enum number out, enum number base)
{
	return BN_mod_exp_mont_consttime(m->n[out], m->n[base], m->n[E], m->n[P], m->bn, NULL) == 1;
}

/* E = p - 2: a power of it is the inverse. */
static bool exponent_inverse(struct map *m)
{
	return BN_copy(m->n[E], m->n[P]) != NULL && BN_sub_word(m->n[E], 2) == 1;
}

/* E = p - 1 - (p + 1) / 4 */
static bool exponent_root(struct map *m)
{
	return BN_copy(m->n[E], m->n[P]) != NULL && BN_add_word(m->n[E], 1) == 1 &&
	       BN_rshift(m->n[E], m->n[E], 2) == 1 && BN_sub(m->n[E], m->n[P], m->n[E]) == 1 &&
	       BN_sub_word(m->n[E], 1) == 1;
}

/* Steps 1 to 3: alpha = -t^2, X2 = -b (1 + alpha + alpha^2) / (a (alpha + alpha^2)), X3. */
static bool candidates(struct map *m)
{
	return multiply(m, ALPHA, T, T) && BN_sub(m->n[ALPHA], m->n[P], m->n[ALPHA]) == 1 &&
	       multiply(m, SUM, ALPHA, ALPHA) &&
	       BN_mod_add(m->n[SUM], m->n[SUM], m->n[ALPHA], m->n[P], m->bn) == 1 &&
	       multiply(m, X3, A, SUM) && exponent_inverse(m) && power(m, X3, X3) &&
	       BN_add_word(m->n[SUM], 1) == 1 && multiply(m, X2, B, SUM) &&
	       BN_sub(m->n[X2], m->n[P], m->n[X2]) == 1 && multiply(m, X2, X2, X3) &&
	       multiply(m, X3, ALPHA, X2);
}

/* Steps 4 to 7: h2 = X2^3 + a X2 + b, U = t^3 h2, A = h2 ^ (p - 1 - (p + 1) / 4). */
static bool roots(struct map *m)
{
	return multiply(m, H2, X2, X2) &&
	       BN_mod_add(m->n[H2], m->n[H2], m->n[A], m->n[P], m->bn) == 1 &&
	       multiply(m, H2, H2, X2) &&
	       BN_mod_add(m->n[H2], m->n[H2], m->n[B], m->n[P], m->bn) == 1 &&
	       multiply(m, U, T, T) && multiply(m, U, U, T) && multiply(m, U, U, H2) &&
	       exponent_root(m) && power(m, ROOT, H2) && multiply(m, Y2, ROOT, H2) &&
	       multiply(m, Y3, ROOT, U);
}

/* Step 8: (X2, A h2) if A^2 h2 = 1, else (X3, A U); OpenSSL checks that it is on the curve. */
static bool choose(struct map *m)
{
	bool second;

	if (!multiply(m, SUM, Y2, ROOT))
		return false;
	second = BN_is_one(m->n[SUM]);
	return EC_POINT_set_affine_coordinates(m->group, m->point, m->n[second ? X2 : X3],
					       m->n[second ? Y2 : Y3], m->bn) == 1;
}

/* The cofactor of our curves is 1 (step 9). */
bool sj_ec_map_integrated(enum sj_curve curve, struct sj_span r, struct sj_ec_point *out)
{
	struct map m;
	bool ok;

	sj_meter_count(SJ_METER_EC_MAP, curve, 1);
	ok = map_start(&m, curve) && BN_bin2bn(r.ptr, (int)r.len, m.n[T]) != NULL &&
	     BN_nnmod(m.n[T], m.n[T], m.n[P], m.bn) == 1 && candidates(&m) && roots(&m) &&
	     choose(&m) && sj_ec_point_encode(m.group, m.point, m.bn, out);
	map_end(&m);
	return sj_answered(ok);
}
