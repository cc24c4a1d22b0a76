#include "secure/cose.h"

/* { 1 : -7 }: ES256. */
#define PROTECTED SJ_SPAN_STR("\xA1\x01\x26")
#define HEAD_MAX 32u /* bytes of a Sig_structure before the payload */

bool sj_cose_parse(struct sj_span in, struct sj_cose *out)
{
	struct sj_cbor_map unprotected;
	struct sj_span protected;
	size_t n;

	return sj_cbor_take_array(&in, &n) && n == 4 && sj_cbor_take_bytes(&in, &protected) &&
	       sj_span_eq(protected, PROTECTED) && sj_cbor_take_map(&in, &unprotected) &&
	       unprotected.pairs.len == 0 && sj_cbor_take_bytes(&in, &out->payload) &&
	       sj_cbor_take_bytes(&in, &out->signature) &&
	       out->signature.len == SJ_COSE_SIGNATURE && in.len == 0;
}

/* SHA-256 of [ "Signature1", protected, h'', payload ]. */
static bool digest_of(struct sj_span payload, uint8_t out[static SJ_HASH_MAX])
{
	uint8_t head[HEAD_MAX];
	struct sj_writer w = SJ_WRITER_OF(head);
	struct sj_span parts[2];

	sj_cbor_put_array(&w, 4);
	sj_cbor_put_text(&w, SJ_SPAN_STR("Signature1"));
	sj_cbor_put_bytes(&w, PROTECTED);
	sj_cbor_put_bytes(&w, sj_span(NULL, 0));
	sj_cbor_put_bytes_head(&w, payload.len);
	parts[0] = sj_written(&w);
	parts[1] = payload;
	return !w.failed && sj_hash(SJ_SHA256, parts, 2, out);
}

bool sj_cose_verify(const struct sj_cose *cose, const struct sj_ec_point *key)
{
	uint8_t digest[SJ_HASH_MAX];

	return digest_of(cose->payload, digest) &&
	       sj_ec_verify(SJ_P256, key, sj_span(digest, 32), cose->signature);
}

bool sj_cose_put(struct sj_writer *w, struct sj_span payload, const struct sj_key *key)
{
	uint8_t digest[SJ_HASH_MAX], signature[SJ_COSE_SIGNATURE];
	struct sj_writer s = SJ_WRITER_OF(signature);

	if (sj_key_curve(key) != SJ_P256 || !digest_of(payload, digest) ||
	    !sj_key_sign_digest(key, sj_span(digest, 32), &s))
		return false;
	sj_cbor_put_array(w, 4);
	sj_cbor_put_bytes(w, PROTECTED);
	sj_cbor_put_map(w, 0);
	sj_cbor_put_bytes(w, payload);
	sj_cbor_put_bytes(w, sj_written(&s));
	return !w->failed;
}
