#include "secure/cvc_key.h"

#include "crypt/domain.h"
#include "crypt/public.h"
#include "crypt/rsa.h"
#include "crypt/scheme.h"
#include "secure/ta.h"
#include "wire/oid.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define MESSAGE_MAX 2048u /* bytes of what RSA signed: a certificate, or a challenge */

/* --- reading ----------------------------------------------------------------- */

static bool take_algorithm(struct sj_span *in, struct sj_cvc_key *key)
{
	struct sj_span oid;

	return sj_tlv_take(in, SJ_OID_TAG, &oid) == SJ_TLV_FOUND &&
	       sj_ta_from_oid(oid, &key->scheme, &key->hash);
}

/* D.2.1.1: an unsigned integer in as few bytes as it needs. */
static bool take_number(struct sj_span *in, uint32_t tag, struct sj_span *out)
{
	return sj_tlv_take(in, tag, out) == SJ_TLV_FOUND && out->len > 0 && out->ptr[0] != 0;
}

static bool read_rsa(struct sj_span in, struct sj_cvc_key *key)
{
	return take_number(&in, SJ_TAG_PUBLIC_MODULUS, &key->modulus) &&
	       take_number(&in, SJ_TAG_PUBLIC_EXPONENT, &key->exponent) && in.len == 0 &&
	       key->modulus.len <= SJ_RSA_MAX && key->exponent.len <= key->modulus.len;
}

/* D.3.3: prime, coefficients, base point, order. */
static enum sj_curve take_domain(struct sj_span *in)
{
	struct sj_ec_domain d;
	enum sj_curve curve;

	if (!take_number(in, SJ_TAG_PUBLIC_PRIME, &d.p) ||
	    sj_tlv_take(in, SJ_TAG_PUBLIC_A, &d.a) != SJ_TLV_FOUND ||
	    sj_tlv_take(in, SJ_TAG_PUBLIC_B, &d.b) != SJ_TLV_FOUND ||
	    sj_tlv_take(in, SJ_TAG_PUBLIC_GENERATOR, &d.generator) != SJ_TLV_FOUND ||
	    !take_number(in, SJ_TAG_PUBLIC_ORDER, &d.order))
		return SJ_CURVE_NONE;
	curve = sj_curve_from_domain(&d);
	/* Field elements have the field's size, points are uncompressed. */
	return d.a.len == d.p.len && d.b.len == d.p.len && d.generator.len == 1 + 2 * d.p.len
		       ? curve
		       : SJ_CURVE_NONE;
}

static bool on_curve(const struct sj_cvc_key *key)
{
	struct sj_ec_point point;

	return sj_ec_point_read(key->curve, key->point, &point);
}

static bool read_ec(struct sj_span in, struct sj_cvc_key *key)
{
	const bool described = in.len > 0 && in.ptr[0] == SJ_TAG_PUBLIC_PRIME;
	struct sj_span cofactor;

	if (described) {
		key->curve = take_domain(&in);
		if (key->curve == SJ_CURVE_NONE)
			return false;
	}
	if (sj_tlv_take(&in, SJ_TAG_PUBLIC_POINT, &key->point) != SJ_TLV_FOUND)
		return false;
	if (described && in.len != 0 &&
	    (sj_tlv_take(&in, SJ_TAG_PUBLIC_COFACTOR, &cofactor) != SJ_TLV_FOUND ||
	     !sj_span_eq(cofactor, SJ_SPAN_STR("\x01"))))
		return false;
	if (in.len != 0)
		return false;
	if (described)
		return on_curve(key);
	return key->point.len % 2 == 1 && key->point.len >= 3 &&
	       key->point.len <= SJ_EC_POINT_MAX && key->point.ptr[0] == 0x04;
}

bool sj_cvc_key_read(struct sj_span content, struct sj_cvc_key *out)
{
	struct sj_cvc_key key = { .curve = SJ_CURVE_NONE };

	if (!take_algorithm(&content, &key) ||
	    !(key.scheme == SJ_CVC_ECDSA ? read_ec(content, &key) : read_rsa(content, &key)))
		return false;
	*out = key;
	return true;
}

bool sj_cvc_object_read(struct sj_span content, struct sj_span oid, enum sj_curve *curve,
			struct sj_ec_point *point)
{
	struct sj_cvc_key key = { .curve = SJ_CURVE_NONE };
	struct sj_span value;

	if (sj_tlv_take(&content, SJ_OID_TAG, &value) != SJ_TLV_FOUND || !sj_span_eq(value, oid) ||
	    !read_ec(content, &key) || key.curve == SJ_CURVE_NONE ||
	    !sj_ec_point_read(key.curve, key.point, point))
		return false;
	*curve = key.curve;
	return true;
}

bool sj_cvc_key_inherit(struct sj_cvc_key *key, const struct sj_cvc_key *issuer)
{
	struct sj_cvc_key heir = *key;

	if (key->scheme != SJ_CVC_ECDSA || key->curve != SJ_CURVE_NONE)
		return true;
	heir.curve = issuer->curve;
	if (issuer->scheme != SJ_CVC_ECDSA || heir.curve == SJ_CURVE_NONE || !on_curve(&heir))
		return false;
	*key = heir;
	return true;
}

/* --- writing ----------------------------------------------------------------- */

static bool put_domain(struct sj_writer *w, enum sj_curve curve)
{
	uint8_t bytes[SJ_EC_DOMAIN_MAX];
	struct sj_ec_domain d;

	if (!sj_curve_domain(curve, &d, bytes))
		return false;
	sj_tlv_put(w, SJ_TAG_PUBLIC_PRIME, d.p);
	sj_tlv_put(w, SJ_TAG_PUBLIC_A, d.a);
	sj_tlv_put(w, SJ_TAG_PUBLIC_B, d.b);
	sj_tlv_put(w, SJ_TAG_PUBLIC_GENERATOR, d.generator);
	sj_tlv_put(w, SJ_TAG_PUBLIC_ORDER, d.order);
	return true;
}

static bool put_ec(struct sj_writer *w, enum sj_curve curve, struct sj_span point)
{
	if (!put_domain(w, curve))
		return false;
	sj_tlv_put(w, SJ_TAG_PUBLIC_POINT, point);
	sj_tlv_put(w, SJ_TAG_PUBLIC_COFACTOR, SJ_SPAN_STR("\x01"));
	return true;
}

bool sj_cvc_object_put(struct sj_writer *w, struct sj_span oid, enum sj_curve curve,
		       struct sj_span point)
{
	const size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_OID_TAG, oid);
	if (!put_ec(w, curve, point))
		return false;
	sj_tlv_close(w, SJ_TAG_PUBLIC_KEY, at);
	return !w->failed;
}

bool sj_cvc_key_put(struct sj_writer *w, const struct sj_cvc_key *key, bool parameters)
{
	const size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_OID_TAG, sj_ta_oid(key->scheme, key->hash));
	if (key->scheme == SJ_CVC_ECDSA && parameters) {
		if (!put_ec(w, key->curve, key->point))
			return false;
	} else if (key->scheme == SJ_CVC_ECDSA) {
		sj_tlv_put(w, SJ_TAG_PUBLIC_POINT, key->point);
	} else {
		sj_tlv_put(w, SJ_TAG_PUBLIC_MODULUS, key->modulus);
		sj_tlv_put(w, SJ_TAG_PUBLIC_EXPONENT, key->exponent);
	}
	sj_tlv_close(w, SJ_TAG_PUBLIC_KEY, at);
	return !w->failed;
}

bool sj_cvc_key_of(const struct sj_key *key, struct sj_ec_point *point, struct sj_cvc_key *out)
{
	uint8_t spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(spki);
	enum sj_curve curve;

	if (!sj_key_put_public(key, false, &w) || !sj_ec_spki_read(sj_written(&w), &curve, point))
		return false;
	*out = (struct sj_cvc_key){ .scheme = SJ_CVC_ECDSA,
				    .hash = sj_key_hash(key),
				    .curve = curve,
				    .point = sj_ec_point_span(point) };
	return true;
}

/* --- signatures ---------------------------------------------------------------- */

static bool verify_ec(const struct sj_cvc_key *key, const struct sj_span *parts, size_t n,
		      struct sj_span signature)
{
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point point;

	return sj_ec_point_read(key->curve, key->point, &point) &&
	       sj_hash(key->hash, parts, n, digest) &&
	       sj_ec_verify(key->curve, &point, sj_span(digest, sj_hash_size(key->hash)),
			    signature);
}

/*
 * A.7.3.1: PSS with MGF1 of the same hash and a salt as long as it; we take any salt, since
 * others' programs make the longest that fits.
 */
static bool verify_rsa(const struct sj_cvc_key *key, const struct sj_span *parts, size_t n,
		       struct sj_span signature)
{
	const struct sj_scheme scheme = { .kind = key->scheme == SJ_CVC_RSA_PSS ? SJ_SCHEME_PSS
										: SJ_SCHEME_PKCS1,
					  .hash = key->hash,
					  .salt_unknown = key->scheme == SJ_CVC_RSA_PSS };
	uint8_t spki[2 * SJ_RSA_MAX + 64], algorithm[128], message[MESSAGE_MAX];
	struct sj_writer key_w = SJ_WRITER_OF(spki), scheme_w = SJ_WRITER_OF(algorithm),
			 message_w = SJ_WRITER_OF(message);

	sj_public_put_rsa(&key_w, key->modulus, key->exponent);
	for (size_t i = 0; i < n; i++)
		sj_put(&message_w, parts[i]);
	return !key_w.failed && !message_w.failed && sj_scheme_put(&scheme, &scheme_w) &&
	       sj_signature_verify(sj_written(&key_w), sj_written(&scheme_w), key->hash,
				   sj_written(&message_w), signature);
}

bool sj_cvc_key_verify(const struct sj_cvc_key *key, const struct sj_span *parts, size_t n,
		       struct sj_span signature)
{
	return key->scheme == SJ_CVC_ECDSA ? verify_ec(key, parts, n, signature)
					   : verify_rsa(key, parts, n, signature);
}
