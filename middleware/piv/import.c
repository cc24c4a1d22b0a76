/*
 * import.c -- a PKCS#8 private key as the card's command IMPORT takes it.
 *
 * Sources: RFC 5958 (PKCS#8), RFC 8017, A.1.2, RFC 5915, RFC 8410; YubiKey 5.7's
 * technical manual, "PIV extensions" (tags 01 to 08).
 */
#include "crypt/sign.h"
#include "crypt/wipe.h"
#include "piv/piv.h"
#include "wire/tlv.h"

#define TAG_SEQUENCE 0x30u
#define TAG_INTEGER 0x02u
#define TAG_OCTETS 0x04u
#define TAG_OID 0x06u
#define TAG_RSA_FIRST 0x01u /* p, q, dP, dQ, qInv follow each other */
#define TAG_SCALAR 0x06u
#define TAG_ED25519 0x07u
#define TAG_X25519 0x08u
#define CFRG_KEY 32u
#define RSA_PARTS 5u

static bool take(struct sj_span *in, uint32_t tag, struct sj_span *out)
{
	return sj_tlv_take(in, tag, out) == SJ_TLV_FOUND;
}

/* PrivateKeyInfo: version, algorithm, key; attributes may follow. */
static bool read_pkcs8(struct sj_span in, struct sj_span *oid, struct sj_span *key)
{
	struct sj_span content, algorithm, version;

	return take(&in, TAG_SEQUENCE, &content) && in.len == 0 &&
	       take(&content, TAG_INTEGER, &version) && take(&content, TAG_SEQUENCE, &algorithm) &&
	       take(&algorithm, TAG_OID, oid) && take(&content, TAG_OCTETS, key);
}

/* An INTEGER as a number of exactly n bytes. */
static bool put_number(struct sj_writer *w, uint32_t tag, struct sj_span n, size_t size)
{
	while (n.len > 0 && n.ptr[0] == 0) {
		n.ptr++;
		n.len--;
	}
	if (n.len == 0 || n.len > size)
		return false;
	sj_tlv_put_header(w, tag, size);
	sj_put_fill(w, 0, size - n.len);
	sj_put(w, n);
	return !w->failed;
}

/* RSAPrivateKey: version, n, e, d, then the five that the card wants. */
static bool put_rsa(struct sj_span key, enum sj_piv_algorithm *algorithm, struct sj_writer *w)
{
	struct sj_span content, n, skip;
	size_t size;

	if (!take(&key, TAG_SEQUENCE, &content) || key.len != 0 ||
	    !take(&content, TAG_INTEGER, &skip) || !take(&content, TAG_INTEGER, &n) ||
	    !take(&content, TAG_INTEGER, &skip) || !take(&content, TAG_INTEGER, &skip))
		return false;
	size = n.len > 0 && n.ptr[0] == 0 ? n.len - 1 : n.len;
	*algorithm = size == 256   ? SJ_PIV_RSA_2048
		     : size == 384 ? SJ_PIV_RSA_3072
		     : size == 512 ? SJ_PIV_RSA_4096
				   : SJ_PIV_ALGORITHM_NONE;
	for (uint32_t i = 0; i < RSA_PARTS; i++)
		if (!take(&content, TAG_INTEGER, &n) ||
		    !put_number(w, TAG_RSA_FIRST + i, n, size / 2))
			return false;
	return content.len == 0 && *algorithm != SJ_PIV_ALGORITHM_NONE;
}

static bool put_ec(struct sj_span pkcs8, enum sj_piv_algorithm *algorithm, struct sj_writer *w)
{
	struct sj_key *key = sj_key_read(pkcs8);
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_curve curve;
	bool ok = key && sj_key_get_ec(key, &curve, &secret, &point);

	sj_key_free(key);
	if (!ok)
		return false;
	*algorithm = curve == SJ_P256   ? SJ_PIV_P256
		     : curve == SJ_P384 ? SJ_PIV_P384
					: SJ_PIV_ALGORITHM_NONE;
	sj_tlv_put(w, TAG_SCALAR, sj_span(secret.bytes, secret.len));
	sj_wipe(&secret, sizeof(secret));
	return *algorithm != SJ_PIV_ALGORITHM_NONE && !w->failed;
}

/* CurvePrivateKey: an OCTET STRING inside. */
static bool put_cfrg(struct sj_span key, uint32_t tag, struct sj_writer *w)
{
	struct sj_span value;

	if (!take(&key, TAG_OCTETS, &value) || key.len != 0 || value.len != CFRG_KEY)
		return false;
	sj_tlv_put(w, tag, value);
	return !w->failed;
}

bool sj_piv_import_put(struct sj_span pkcs8, enum sj_piv_algorithm *algorithm, struct sj_writer *w)
{
	static const uint8_t rsa[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01 };
	static const uint8_t x25519[] = { 0x2B, 0x65, 0x6E }, ed25519[] = { 0x2B, 0x65, 0x70 };
	struct sj_span oid, key;

	if (!read_pkcs8(pkcs8, &oid, &key))
		return false;
	if (sj_span_eq(oid, SJ_SPAN_OF(rsa)))
		return put_rsa(key, algorithm, w);
	if (sj_span_eq(oid, SJ_SPAN_OF(ed25519))) {
		*algorithm = SJ_PIV_ED25519;
		return put_cfrg(key, TAG_ED25519, w);
	}
	if (sj_span_eq(oid, SJ_SPAN_OF(x25519))) {
		*algorithm = SJ_PIV_X25519;
		return put_cfrg(key, TAG_X25519, w);
	}
	return put_ec(pkcs8, algorithm, w);
}
