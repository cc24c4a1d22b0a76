#include "secure/ri.h"

#include <string.h>

#include "crypt/wipe.h"
#include "secure/cvc_key.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

struct sj_span sj_ri_oid(void)
{
	return SJ_OID_RI_ECDH_SHA_256;
}

bool sj_ri_identifier(enum sj_curve curve, const struct sj_ec_secret *own,
		      const struct sj_ec_point *peer, uint8_t out[static SJ_RI_IDENTIFIER])
{
	uint8_t shared[SJ_EC_FIELD_MAX], digest[SJ_HASH_MAX];
	const struct sj_span x = sj_span(shared, sj_curve_field_size(curve));
	const bool ok = sj_ec_agree(curve, own, peer, shared) && sj_hash(SJ_SHA256, &x, 1, digest);

	if (ok)
		memcpy(out, digest, SJ_RI_IDENTIFIER);
	sj_wipe(shared, sizeof(shared));
	sj_wipe(digest, sizeof(digest));
	return ok;
}

void sj_ri_key_put(struct sj_writer *w, enum sj_curve curve, const struct sj_ec_point *key)
{
	if (!sj_cvc_object_put(w, sj_ri_oid(), curve, sj_ec_point_span(key)))
		w->failed = true;
}

bool sj_ri_key_read(struct sj_span content, enum sj_curve *curve, struct sj_ec_point *key)
{
	return sj_cvc_object_read(content, sj_ri_oid(), curve, key);
}

bool sj_ri_key_hash(enum sj_hash alg, struct sj_span content, uint8_t out[static SJ_HASH_MAX])
{
	uint8_t header[8];
	struct sj_writer w = SJ_WRITER_OF(header);

	sj_tlv_put_header(&w, SJ_TAG_PUBLIC_KEY, content.len);
	return !w.failed &&
	       sj_hash(alg, (const struct sj_span[]){ sj_written(&w), content }, 2, out);
}

bool sj_ri_key_is(struct sj_span content, struct sj_span hash)
{
	const enum sj_hash alg = sj_hash_of_size(hash.len);
	uint8_t own[SJ_HASH_MAX];

	return alg != SJ_HASH_NONE && sj_ri_key_hash(alg, content, own) &&
	       sj_span_eq(hash, sj_span(own, hash.len));
}
