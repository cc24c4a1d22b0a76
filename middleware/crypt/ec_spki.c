#include "crypt/domain.h"
#include "crypt/internal.h"

/* RFC 5480, 2.1; id-ecDH is RFC 5480, 2.1.2. */
static const uint8_t id_ec_public_key[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01 };
static const uint8_t id_ec_dh[] = { 0x2B, 0x81, 0x04, 0x01, 0x0C };
/* standardizedDomainParameters, 0.4.0.127.0.7.1.2 (ICAO Doc 9303-11, 9.5.1). */
static const uint8_t id_standardized[] = { 0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x02 };
/* X9.62; RFC 3279, 2.3.5. */
static const uint8_t id_prime_field[] = { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01 };

/* FieldID and Curve of RFC 3279, 2.3.5. */
static bool parse_field_and_curve(struct sj_span *in, struct sj_ec_domain *d)
{
	struct sj_span field, curve, oid, seed;

	if (!sj_der_take(in, 0x30, &field) || !sj_der_take(&field, 0x06, &oid) ||
	    !sj_span_eq(oid, SJ_SPAN_OF(id_prime_field)) || !sj_der_take(&field, 0x02, &d->p) ||
	    field.len != 0)
		return false;
	if (!sj_der_take(in, 0x30, &curve) || !sj_der_take(&curve, 0x04, &d->a) ||
	    !sj_der_take(&curve, 0x04, &d->b) ||
	    sj_tlv_take(&curve, 0x03, &seed) == SJ_TLV_MALFORMED || curve.len != 0)
		return false;
	return true;
}

/* ECParameters of RFC 3279, 2.3.5, `in` its content. */
static bool parse_domain(struct sj_span in, struct sj_ec_domain *d)
{
	struct sj_span version, cofactor = { NULL, 0 };
	uint32_t v, h = 1;

	if (!sj_der_take(&in, 0x02, &version) || !sj_der_small(version, &v) || v < 1 || v > 3 ||
	    !parse_field_and_curve(&in, d) || !sj_der_take(&in, 0x04, &d->generator) ||
	    !sj_der_take(&in, 0x02, &d->order))
		return false;
	switch (sj_tlv_take(&in, 0x02, &cofactor)) {
	case SJ_TLV_MALFORMED:
		return false;
	case SJ_TLV_FOUND:
		if (!sj_der_small(cofactor, &h))
			return false;
		break;
	case SJ_TLV_ABSENT:
		break;
	}
	return h == 1 && in.len == 0;
}

static enum sj_curve known_domain(struct sj_span parameters)
{
	struct sj_ec_domain d;

	return parse_domain(parameters, &d) ? sj_curve_from_domain(&d) : SJ_CURVE_NONE;
}

/* A point of 02, 03 or 04 form, made uncompressed. */
static bool read_point(enum sj_curve curve, struct sj_span in, struct sj_ec_point *out)
{
	const EC_GROUP *group;
	BN_CTX *bn = NULL;
	EC_POINT *p = NULL;
	bool ok;

	if (in.len > 0 && in.ptr[0] == 0x04)
		return sj_ec_point_read(curve, in, out);
	if (in.len != 1 + sj_curve_field_size(curve) || (in.ptr[0] | 1) != 0x03)
		return false;
	group = sj_ec_group(curve);
	bn = BN_CTX_new();
	if (group != NULL)
		p = EC_POINT_new(group);
	ok = sj_sure(p != NULL && bn != NULL) &&
	     EC_POINT_oct2point(group, p, in.ptr, in.len, bn) == 1 &&
	     sj_ec_point_encode(group, p, bn, out);
	EC_POINT_free(p);
	BN_CTX_free(bn);
	return sj_answered(ok);
}

enum sj_curve sj_ec_take_curve(struct sj_span oid, struct sj_span *in)
{
	struct sj_span parameters;
	uint32_t id;

	if (sj_span_eq(oid, SJ_SPAN_OF(id_standardized)))
		return sj_der_take(in, 0x02, &parameters) && sj_der_small(parameters, &id)
			       ? sj_curve_from_id(id)
			       : SJ_CURVE_NONE;
	if (!sj_span_eq(oid, SJ_SPAN_OF(id_ec_public_key)) &&
	    !sj_span_eq(oid, SJ_SPAN_OF(id_ec_dh)))
		return SJ_CURVE_NONE;
	if (sj_der_take(in, 0x06, &parameters))
		return sj_curve_from_oid(parameters);
	return sj_der_take(in, 0x30, &parameters) ? known_domain(parameters) : SJ_CURVE_NONE;
}

bool sj_ec_spki_read(struct sj_span spki, enum sj_curve *curve, struct sj_ec_point *out)
{
	struct sj_span body, algorithm, oid, bits;
	enum sj_curve found;
	uint8_t unused;

	if (!sj_der_take(&spki, 0x30, &body) || spki.len != 0 ||
	    !sj_der_take(&body, 0x30, &algorithm) || !sj_der_take(&algorithm, 0x06, &oid) ||
	    !sj_der_take(&body, 0x03, &bits) || body.len != 0)
		return false;
	found = sj_ec_take_curve(oid, &algorithm);
	if (found == SJ_CURVE_NONE || algorithm.len != 0 || !sj_take_u8(&bits, &unused) ||
	    unused != 0 || !read_point(found, bits, out))
		return false;
	*curve = found;
	return true;
}

/* An unsigned INTEGER of a number without leading zeros. */
static void put_number(struct sj_writer *w, struct sj_span n)
{
	size_t at = sj_tlv_open(w);

	if (n.ptr[0] & 0x80)
		sj_put_u8(w, 0);
	sj_put(w, n);
	sj_tlv_close(w, 0x02, at);
}

/* ECParameters of RFC 3279, 2.3.5: version 1, no seed, cofactor 1. */
static bool put_domain(struct sj_writer *w, enum sj_curve curve)
{
	uint8_t bytes[SJ_EC_DOMAIN_MAX];
	size_t at = sj_tlv_open(w), inner;
	struct sj_ec_domain d;

	if (!sj_curve_domain(curve, &d, bytes))
		return false;
	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\x01"));
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x06, SJ_SPAN_OF(id_prime_field));
	put_number(w, d.p);
	sj_tlv_close(w, 0x30, inner);
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x04, d.a);
	sj_tlv_put(w, 0x04, d.b);
	sj_tlv_close(w, 0x30, inner);
	sj_tlv_put(w, 0x04, d.generator);
	put_number(w, d.order);
	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\x01"));
	sj_tlv_close(w, 0x30, at);
	return true;
}

bool sj_ec_put_algorithm(struct sj_writer *w, enum sj_curve curve, bool explicit_form)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, 0x06, SJ_SPAN_OF(id_ec_public_key));
	if (!explicit_form)
		sj_tlv_put(w, 0x06, sj_curve_oid(curve));
	else if (!put_domain(w, curve))
		return false;
	sj_tlv_close(w, 0x30, at);
	return true;
}

bool sj_ec_spki_put(struct sj_writer *w, enum sj_curve curve, const struct sj_ec_point *key,
		    bool explicit_form)
{
	size_t at = sj_tlv_open(w), inner;

	if (sj_curve_field_size(curve) == 0 || key->len != 1 + 2 * sj_curve_field_size(curve))
		return false;
	if (!sj_ec_put_algorithm(w, curve, explicit_form))
		return false;
	inner = sj_tlv_open(w);
	sj_put_u8(w, 0); /* unused bits */
	sj_put(w, sj_ec_point_span(key));
	sj_tlv_close(w, 0x03, inner);
	sj_tlv_close(w, 0x30, at);
	return !w->failed;
}
