#include "secure/aa.h"
#include "crypt/wipe.h"
#include "wire/secinfo.h"

#include <string.h>

#define HEADER 0x6Au /* ISO/IEC 9796-2:2010, 8: partial recovery, no padding */
#define TRAILER_SHA1 0xBCu /* option 1: the hash function is implied */
#define TRAILER_NAMED 0xCCu /* option 2: its identifier stands before */

/* Hash identifiers of ISO/IEC 10118-3, as option 2 carries them. */
static const struct {
	enum sj_hash hash;
	uint8_t id;
} trailers[] = {
	{ SJ_SHA1, 0x33 },   { SJ_SHA224, 0x38 }, { SJ_SHA256, 0x34 },
	{ SJ_SHA384, 0x36 }, { SJ_SHA512, 0x35 },
};

#define TRAILERS (sizeof(trailers) / sizeof(trailers[0]))

/* Trailer bytes at the end of F for `hash`; its size, 0: none. */
static size_t make_trailer(enum sj_hash hash, uint8_t out[static 2])
{
	if (hash == SJ_SHA1) {
		out[0] = TRAILER_SHA1;
		return 1;
	}
	for (size_t i = 0; i < TRAILERS; i++) {
		if (trailers[i].hash == hash) {
			out[0] = trailers[i].id;
			out[1] = TRAILER_NAMED;
			return 2;
		}
	}
	return 0;
}

/* The same read backwards: takes the trailer off the end of F. */
static bool take_trailer(struct sj_span *f, enum sj_hash *hash)
{
	if (f->len >= 1 && f->ptr[f->len - 1] == TRAILER_SHA1) {
		*hash = SJ_SHA1;
		f->len -= 1;
		return true;
	}
	if (f->len < 2 || f->ptr[f->len - 1] != TRAILER_NAMED)
		return false;
	for (size_t i = 0; i < TRAILERS; i++) {
		if (trailers[i].id == f->ptr[f->len - 2]) {
			*hash = trailers[i].hash;
			f->len -= 2;
			return true;
		}
	}
	return false;
}

/* H(M1 || RND.IFD) */
static bool message_hash(enum sj_hash hash, struct sj_span m1, const uint8_t *challenge,
			 uint8_t out[static SJ_HASH_MAX])
{
	const struct sj_span parts[] = { m1, sj_span(challenge, SJ_AA_CHALLENGE) };

	return sj_hash(hash, parts, 2, out);
}

/* Bytes of M1 that fill F; 0: the modulus is too small for the hash. */
static size_t recoverable(size_t k, enum sj_hash hash)
{
	uint8_t trailer[2];
	const size_t t = make_trailer(hash, trailer);
	const size_t fixed = 1 + sj_hash_size(hash) + t;

	return t > 0 && k > fixed && k <= SJ_RSA_MAX ? k - fixed : 0;
}

bool sj_aa_rsa_encode(size_t k, enum sj_hash hash, struct sj_span m1,
		      const uint8_t challenge[static SJ_AA_CHALLENGE], uint8_t f[static SJ_RSA_MAX])
{
	struct sj_writer w = sj_writer(f, k);
	uint8_t digest[SJ_HASH_MAX], trailer[2];

	if (m1.len == 0 || m1.len != recoverable(k, hash) ||
	    !message_hash(hash, m1, challenge, digest))
		return false;
	sj_put_u8(&w, HEADER);
	sj_put(&w, m1);
	sj_put(&w, sj_span(digest, sj_hash_size(hash)));
	sj_put(&w, sj_span(trailer, make_trailer(hash, trailer)));
	return !w.failed && w.len == k;
}

bool sj_aa_rsa_sign(struct sj_span pkcs8, enum sj_hash hash,
		    const uint8_t challenge[static SJ_AA_CHALLENGE], const struct sj_random *rnd,
		    struct sj_writer *signature)
{
	const size_t k = sj_rsa_private_size(pkcs8);
	const size_t n = recoverable(k, hash);
	uint8_t m1[SJ_RSA_MAX], f[SJ_RSA_MAX], s[SJ_RSA_MAX];

	if (n == 0 || !sj_random_fill(rnd, m1, n) ||
	    !sj_aa_rsa_encode(k, hash, sj_span(m1, n), challenge, f) ||
	    !sj_rsa_private(pkcs8, sj_span(f, k), s))
		return false;
	sj_put(signature, sj_span(s, k));
	return !signature->failed;
}

/* Checks the representative F = 6A || M1 || H || trailer. */
static bool representative_holds(struct sj_span f, const uint8_t *challenge)
{
	uint8_t digest[SJ_HASH_MAX], header;
	struct sj_span m1;
	enum sj_hash hash;
	size_t n;

	if (!take_trailer(&f, &hash) || !sj_take_u8(&f, &header) || header != HEADER)
		return false;
	n = sj_hash_size(hash);
	if (f.len <= n || !sj_take(&f, f.len - n, &m1) ||
	    !message_hash(hash, m1, challenge, digest))
		return false;
	return sj_span_eq(f, sj_span(digest, n));
}

static bool verify_rsa(struct sj_span spki, const uint8_t *challenge, struct sj_span signature)
{
	const size_t k = sj_rsa_modulus_size(spki);
	uint8_t f[SJ_RSA_MAX], other[SJ_RSA_MAX];

	if (!sj_rsa_public(spki, signature, f))
		return false;
	return representative_holds(sj_span(f, k), challenge) ||
	       (sj_rsa_complement(spki, sj_span(f, k), other) &&
		representative_holds(sj_span(other, k), challenge));
}

bool sj_aa_verify(struct sj_span spki, enum sj_hash ecdsa_hash,
		  const uint8_t challenge[static SJ_AA_CHALLENGE], struct sj_span signature)
{
	const struct sj_span message = sj_span(challenge, SJ_AA_CHALLENGE);
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point key;
	enum sj_curve curve;

	if (!sj_ec_spki_read(spki, &curve, &key))
		return verify_rsa(spki, challenge, signature);
	return sj_hash(ecdsa_hash, &message, 1, digest) &&
	       sj_ec_verify(curve, &key, sj_span(digest, sj_hash_size(ecdsa_hash)), signature);
}

/* ecdsa-plain-signatures 0.4.0.127.0.7.1.1.4.1, then 1..5 in the order of enum sj_hash. */
#define PLAIN(last) \
	{ \
		0x04, 0x00, 0x7F, 0x00, 0x07, 0x01, 0x01, 0x04, 0x01, last \
	}

static const uint8_t plain_oids[][10] = {
	[SJ_SHA1] = PLAIN(1),   [SJ_SHA224] = PLAIN(2), [SJ_SHA256] = PLAIN(3),
	[SJ_SHA384] = PLAIN(4), [SJ_SHA512] = PLAIN(5),
};

struct sj_span sj_aa_ecdsa_oid(enum sj_hash hash)
{
	return hash == SJ_HASH_NONE ? sj_span(NULL, 0) : SJ_SPAN_OF(plain_oids[hash]);
}

enum sj_hash sj_aa_hash_from_oid(struct sj_span oid)
{
	for (size_t i = SJ_SHA1; i <= SJ_SHA512; i++)
		if (sj_span_eq(oid, SJ_SPAN_OF(plain_oids[i])))
			return (enum sj_hash)i;
	return SJ_HASH_NONE;
}

bool sj_aa_hash_named(struct sj_span dg14, enum sj_hash *hash)
{
	struct sj_secinfo info;
	struct sj_aa_info aa;
	struct sj_span items;

	if (!sj_secinfos_parse(dg14, &items))
		return false;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		if (info.kind != SJ_SECINFO_AA || !sj_secinfo_aa(&info, &aa))
			continue;
		*hash = sj_aa_hash_from_oid(aa.signature_oid);
		return true;
	}
	return false;
}

enum sj_hash sj_aa_hash_for_key(struct sj_span spki)
{
	struct sj_ec_point point;
	enum sj_curve curve;
	size_t size;

	if (!sj_ec_spki_read(spki, &curve, &point))
		return SJ_HASH_NONE;
	size = sj_curve_order_size(curve);
	if (size >= 64)
		return SJ_SHA512;
	if (size >= 48)
		return SJ_SHA384;
	return size >= 32 ? SJ_SHA256 : SJ_SHA224;
}
