#include "crypt/scheme.h"
#include "crypt/internal.h"

struct scheme_row {
	enum sj_scheme_kind kind;
	enum sj_hash hash;
	uint8_t oid[9]; /* content bytes */
	uint8_t oid_size;
};

#define PKCS_1(last) { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, last }, 9
#define ECDSA_SHA2(last) { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, last }, 8

/* RFC 4055, 5 and 6; RFC 5758, 3.2; the last two name a key and no hash. */
static const struct scheme_row schemes[] = {
	{ SJ_SCHEME_PKCS1, SJ_SHA1, PKCS_1(5) },
	{ SJ_SCHEME_PKCS1, SJ_SHA224, PKCS_1(14) },
	{ SJ_SCHEME_PKCS1, SJ_SHA256, PKCS_1(11) },
	{ SJ_SCHEME_PKCS1, SJ_SHA384, PKCS_1(12) },
	{ SJ_SCHEME_PKCS1, SJ_SHA512, PKCS_1(13) },
	{ SJ_SCHEME_PSS, SJ_HASH_NONE, PKCS_1(10) },
	{ SJ_SCHEME_ECDSA, SJ_SHA1, { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1 }, 7 },
	{ SJ_SCHEME_ECDSA, SJ_SHA224, ECDSA_SHA2(1) },
	{ SJ_SCHEME_ECDSA, SJ_SHA256, ECDSA_SHA2(2) },
	{ SJ_SCHEME_ECDSA, SJ_SHA384, ECDSA_SHA2(3) },
	{ SJ_SCHEME_ECDSA, SJ_SHA512, ECDSA_SHA2(4) },
	{ SJ_SCHEME_PKCS1, SJ_HASH_NONE, PKCS_1(1) },
	{ SJ_SCHEME_ECDSA, SJ_HASH_NONE, { 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1 }, 7 },
};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* id-mgf1: RFC 4055, 2.2. */
static const uint8_t mgf1[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 8 };

static const struct scheme_row *row_of_oid(struct sj_span oid)
{
	for (size_t i = 0; i < SCHEMES; i++)
		if (sj_span_eq(oid, sj_span(schemes[i].oid, schemes[i].oid_size)))
			return &schemes[i];
	return NULL;
}

/* A hash AlgorithmIdentifier, content of its SEQUENCE; parameters NULL or absent. */
static bool read_hash(struct sj_span in, enum sj_hash *hash)
{
	struct sj_span oid, null;

	if (!sj_der_take(&in, 0x06, &oid))
		return false;
	*hash = sj_hash_from_oid(oid);
	if (sj_der_take(&in, 0x05, &null) && null.len != 0)
		return false;
	return *hash != SJ_HASH_NONE && in.len == 0;
}

/* The content of [n] if it is there; false: malformed. */
static bool take_optional(struct sj_span *in, uint32_t tag, struct sj_span *value, bool *there)
{
	enum sj_tlv_rc rc = sj_tlv_take(in, tag, value);

	*there = rc == SJ_TLV_FOUND;
	return rc != SJ_TLV_MALFORMED;
}

static bool read_mgf(struct sj_span in, enum sj_hash *hash)
{
	struct sj_span body, oid, inner;

	return sj_der_take(&in, 0x30, &body) && in.len == 0 && sj_der_take(&body, 0x06, &oid) &&
	       sj_span_eq(oid, SJ_SPAN_OF(mgf1)) && sj_der_take(&body, 0x30, &inner) &&
	       body.len == 0 && read_hash(inner, hash);
}

bool sj_scheme_read_pss(struct sj_span parameters, struct sj_scheme *out)
{
	struct sj_scheme s = { SJ_SCHEME_PSS, SJ_SHA1, SJ_SHA1, 20, false }; /* the defaults */
	struct sj_span body, value, inner;
	uint32_t trailer;
	bool there;

	if (!sj_der_take(&parameters, 0x30, &body) || parameters.len != 0 ||
	    !take_optional(&body, 0xA0, &value, &there))
		return false;
	if (there &&
	    (!sj_der_take(&value, 0x30, &inner) || value.len != 0 || !read_hash(inner, &s.hash)))
		return false;
	if (!take_optional(&body, 0xA1, &value, &there) || (there && !read_mgf(value, &s.mgf_hash)))
		return false;
	if (!take_optional(&body, 0xA2, &value, &there))
		return false;
	if (there && (!sj_der_take(&value, 0x02, &inner) || !sj_der_small(inner, &s.salt)))
		return false;
	if (!take_optional(&body, 0xA3, &value, &there))
		return false;
	if (there &&
	    (!sj_der_take(&value, 0x02, &inner) || !sj_der_small(inner, &trailer) || trailer != 1))
		return false;
	*out = s;
	return body.len == 0;
}

bool sj_scheme_read(struct sj_span algorithm, struct sj_scheme *out)
{
	const struct scheme_row *row;
	struct sj_span body, oid;

	if (!sj_der_take(&algorithm, 0x30, &body) || algorithm.len != 0 ||
	    !sj_der_take(&body, 0x06, &oid))
		return false;
	row = row_of_oid(oid);
	if (row == NULL)
		return false;
	if (row->kind == SJ_SCHEME_PSS && body.len > 0)
		return sj_scheme_read_pss(body, out);
	*out = (struct sj_scheme){ row->kind, row->hash, row->hash, 0, row->kind == SJ_SCHEME_PSS };
	return true;
}

static void put_hash(struct sj_writer *w, enum sj_hash hash)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, 0x06, sj_hash_oid(hash));
	sj_tlv_put(w, 0x05, sj_span(NULL, 0));
	sj_tlv_close(w, 0x30, at);
}

static void put_pss(struct sj_writer *w, const struct sj_scheme *s)
{
	const uint8_t salt = (uint8_t)s->salt;
	size_t at = sj_tlv_open(w), part = sj_tlv_open(w), mgf;

	put_hash(w, s->hash);
	sj_tlv_close(w, 0xA0, part);
	part = sj_tlv_open(w);
	mgf = sj_tlv_open(w);
	sj_tlv_put(w, 0x06, SJ_SPAN_OF(mgf1));
	put_hash(w, s->mgf_hash);
	sj_tlv_close(w, 0x30, mgf);
	sj_tlv_close(w, 0xA1, part);
	part = sj_tlv_open(w);
	sj_tlv_put(w, 0x02, sj_span(&salt, 1));
	sj_tlv_close(w, 0xA2, part);
	sj_tlv_close(w, 0x30, at);
}

bool sj_scheme_put(const struct sj_scheme *scheme, struct sj_writer *w)
{
	const enum sj_hash named = scheme->kind == SJ_SCHEME_PSS ? SJ_HASH_NONE : scheme->hash;
	const size_t at = sj_tlv_open(w);
	size_t i = 0;

	if (scheme->hash == SJ_HASH_NONE)
		return false;
	while (i < SCHEMES && (schemes[i].kind != scheme->kind || schemes[i].hash != named))
		i++;
	if (i == SCHEMES)
		return false;
	sj_tlv_put(w, 0x06, sj_span(schemes[i].oid, schemes[i].oid_size));
	if (scheme->kind == SJ_SCHEME_PSS && !scheme->salt_unknown)
		put_pss(w, scheme);
	else if (scheme->kind == SJ_SCHEME_PKCS1)
		sj_tlv_put(w, 0x05, sj_span(NULL, 0));
	sj_tlv_close(w, 0x30, at);
	return !w->failed;
}
