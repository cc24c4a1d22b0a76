#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/soft.h"
#include "crypt/wipe.h"

#include <stdlib.h>
#include <string.h>

struct sj_digest {
	EVP_MD_CTX *ctx;
	enum sj_hash alg;
	size_t bytes; /* taken so far, for the meter */
};

struct sj_digest *sj_digest_new(enum sj_hash alg)
{
	const EVP_MD *md = sj_hash_md(alg);
	struct sj_digest *d = md != NULL ? calloc(1, sizeof(*d)) : NULL;

	if (d == NULL) {
		if (sj_hash_size(alg) > 0)
			sj_memory_note();
		return NULL;
	}
	d->alg = alg;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx != NULL && EVP_DigestInit_ex(d->ctx, md, NULL) == 1)
		return d;
	sj_digest_free(d);
	sj_memory_note();
	return NULL;
}

bool sj_digest_add(struct sj_digest *digest, struct sj_span bytes)
{
	digest->bytes += bytes.len;
	return sj_sure(EVP_DigestUpdate(digest->ctx, bytes.ptr, bytes.len) == 1);
}

bool sj_digest_end(struct sj_digest *digest, uint8_t out[static SJ_HASH_MAX])
{
	sj_meter_hash(digest->alg, digest->bytes);
	return sj_sure(EVP_DigestFinal_ex(digest->ctx, out, NULL) == 1);
}

void sj_digest_free(struct sj_digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->ctx);
	free(digest);
}

void sj_digest_info_put(struct sj_writer *w, enum sj_hash alg, struct sj_span digest)
{
	const size_t at = sj_tlv_open(w);
	const size_t inner = sj_tlv_open(w);

	sj_tlv_put(w, 0x06, sj_hash_oid(alg));
	sj_tlv_put_header(w, 0x05, 0);
	sj_tlv_close(w, 0x30, inner);
	sj_tlv_put(w, 0x04, digest);
	sj_tlv_close(w, 0x30, at);
}

bool sj_kdf_x963(enum sj_hash alg, struct sj_span secret, struct sj_span info, uint8_t *out,
		 size_t n)
{
	const size_t size = sj_hash_size(alg);
	uint8_t block[SJ_HASH_MAX], counter[4] = { 0 };
	bool ok = size != 0 && n < UINT32_MAX;

	for (uint32_t i = 1; ok && n > 0; i++) {
		struct sj_writer w = SJ_WRITER_OF(counter);
		const size_t take = n < size ? n : size;

		sj_put_be(&w, 4, i);
		ok = sj_hash(alg, (struct sj_span[]){ secret, SJ_SPAN_OF(counter), info }, 3,
			     block);
		if (!ok)
			break;
		memcpy(out, block, take);
		out += take;
		n -= take;
	}
	sj_wipe(block, sizeof(block));
	return ok;
}
