#include "crypt/domain.h"
#include "crypt/internal.h"

#include <string.h>

static struct sj_span number(struct sj_span bytes)
{
	while (bytes.len > 0 && bytes.ptr[0] == 0)
		bytes = sj_span(bytes.ptr + 1, bytes.len - 1);
	return bytes;
}

static bool equals(const BIGNUM *bn, struct sj_span bytes)
{
	uint8_t own[SJ_EC_FIELD_MAX];
	int n = BN_num_bytes(bn);

	bytes = number(bytes);
	return (size_t)n == bytes.len && bytes.len <= sizeof(own) && BN_bn2bin(bn, own) == n &&
	       memcmp(own, bytes.ptr, bytes.len) == 0;
}

/* The generator may be compressed: only then must OpenSSL recover y. */
static bool is_generator(const EC_GROUP *group, struct sj_span encoded, BN_CTX *bn)
{
	EC_POINT *g = NULL;
	bool same;

	if (encoded.len == 0 || encoded.ptr[0] > 0x04) /* no hybrid form */
		return false;
	g = EC_POINT_new(group);
	same = sj_sure(g != NULL) &&
	       EC_POINT_oct2point(group, g, encoded.ptr, encoded.len, bn) == 1 &&
	       EC_POINT_cmp(group, g, EC_GROUP_get0_generator(group), bn) == 0;
	EC_POINT_free(g);
	return sj_answered(same);
}

static bool is_curve(const struct sj_ec_domain *d, enum sj_curve curve)
{
	const EC_GROUP *group = sj_ec_group(curve);
	BN_CTX *bn = BN_CTX_new();
	BIGNUM *p = BN_new(), *a = BN_new(), *b = BN_new();
	bool same;

	same = sj_sure(group != NULL && bn != NULL && p != NULL && a != NULL && b != NULL &&
		       EC_GROUP_get_curve(group, p, a, b, bn) == 1) &&
	       equals(p, d->p) && equals(a, d->a) && equals(b, d->b) &&
	       equals(EC_GROUP_get0_order(group), d->order) &&
	       is_generator(group, d->generator, bn);
	BN_free(b);
	BN_free(a);
	BN_free(p);
	BN_CTX_free(bn);
	return same;
}

enum sj_curve sj_curve_from_domain(const struct sj_ec_domain *domain)
{
	enum sj_curve curve;

	for (size_t i = 0; (curve = sj_curve_at(i)) != SJ_CURVE_NONE; i++)
		if (number(domain->p).len == sj_curve_field_size(curve) && is_curve(domain, curve))
			return curve;
	return SJ_CURVE_NONE;
}

/* Appends a number of `size` bytes. */
static struct sj_span put(struct sj_writer *w, const BIGNUM *bn, size_t size)
{
	uint8_t *to = sj_put_space(w, size);

	if (to != NULL && BN_bn2binpad(bn, to, (int)size) < 0)
		w->failed = true;
	return sj_span(to, size);
}

bool sj_curve_domain(enum sj_curve curve, struct sj_ec_domain *out,
		     uint8_t bytes[static SJ_EC_DOMAIN_MAX])
{
	const EC_GROUP *group = sj_ec_group(curve);
	BIGNUM *p = BN_new(), *a = BN_new(), *b = BN_new();
	BN_CTX *bn = BN_CTX_new();
	struct sj_writer w = sj_writer(bytes, SJ_EC_DOMAIN_MAX);
	const size_t size = sj_curve_field_size(curve);
	struct sj_ec_point g;
	bool ok;

	ok = group != NULL && p != NULL && a != NULL && b != NULL && bn != NULL &&
	     EC_GROUP_get_curve(group, p, a, b, bn) == 1 &&
	     sj_ec_point_encode(group, EC_GROUP_get0_generator(group), bn, &g);
	if (!sj_sure(ok))
		goto out;
	out->p = put(&w, p, size);
	out->a = put(&w, a, size);
	out->b = put(&w, b, size);
	out->order = put(&w, EC_GROUP_get0_order(group), sj_curve_order_size(curve));
	out->generator = sj_span(w.ptr + w.len, g.len);
	sj_put(&w, sj_ec_point_span(&g));
	ok = !w.failed;
out:
	BN_CTX_free(bn);
	BN_free(b);
	BN_free(a);
	BN_free(p);
	return ok;
}
