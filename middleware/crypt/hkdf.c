#include "crypt/hkdf.h"

#include "crypt/hash.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 64u /* of SHA-256 */
#define INFO_PARTS_MAX 8u

/* The hash states after the key's block; EVP_MD_CTX_free() wipes them. */
struct sj_hmac {
	EVP_MD_CTX *inner, *outer;
	EVP_MD_CTX *work;
	bool used; /* the key's blocks are counted with the first MAC */
};

/* Two messages that begin with the key's block; its state is kept after the first MAC. */
static void count(struct sj_hmac *h, size_t bytes)
{
	const size_t kept = h->used ? BLOCK : 0;

	sj_meter_hash(SJ_SHA256, BLOCK + bytes - kept);
	sj_meter_hash(SJ_SHA256, BLOCK + SJ_PRK_SIZE - kept);
	h->used = true;
}

static bool start(EVP_MD_CTX *ctx, const uint8_t key[static BLOCK], uint8_t pad)
{
	uint8_t block[BLOCK];
	bool ok;

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ pad;
	ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, block, BLOCK) == 1;
	sj_wipe(block, sizeof(block));
	return ok;
}

static bool key_block(struct sj_span key, uint8_t block[static BLOCK])
{
	memset(block, 0, BLOCK);
	if (key.len > BLOCK)
		return sj_hash(SJ_SHA256, &key, 1, block);
	if (key.len > 0)
		memcpy(block, key.ptr, key.len);
	return true;
}

struct sj_hmac *sj_hmac_new(struct sj_span key)
{
	struct sj_hmac *h = calloc(1, sizeof(*h));
	uint8_t block[BLOCK];
	bool ok;

	if (h == NULL) {
		sj_memory_note();
		return NULL;
	}
	h->inner = EVP_MD_CTX_new();
	h->outer = EVP_MD_CTX_new();
	h->work = EVP_MD_CTX_new();
	ok = h->work != NULL && key_block(key, block) && start(h->inner, block, 0x36) &&
	     start(h->outer, block, 0x5C);
	sj_wipe(block, sizeof(block));
	if (!sj_sure(ok)) {
		sj_hmac_free(h);
		h = NULL;
	}
	return h;
}

void sj_hmac_free(struct sj_hmac *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->inner);
	EVP_MD_CTX_free(h->outer);
	EVP_MD_CTX_free(h->work);
	free(h);
}

bool sj_hmac(struct sj_hmac *h, const struct sj_span *parts, size_t n,
	     uint8_t out[static SJ_PRK_SIZE])
{
	bool ok = EVP_MD_CTX_copy_ex(h->work, h->inner) == 1;

	count(h, sj_spans_len(parts, n));
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(h->work, parts[i].ptr, parts[i].len) == 1;
	return sj_sure(ok && EVP_DigestFinal_ex(h->work, out, NULL) == 1 &&
		       EVP_MD_CTX_copy_ex(h->work, h->outer) == 1 &&
		       EVP_DigestUpdate(h->work, out, SJ_PRK_SIZE) == 1 &&
		       EVP_DigestFinal_ex(h->work, out, NULL) == 1);
}

bool sj_hkdf_extract(struct sj_span salt, struct sj_span ikm, uint8_t prk[static SJ_PRK_SIZE])
{
	struct sj_hmac *h = sj_hmac_new(salt);
	bool ok = h != NULL && sj_hmac(h, &ikm, 1, prk);

	sj_hmac_free(h);
	return ok;
}

bool sj_hkdf_expand(struct sj_hmac *prk, const struct sj_span *info, size_t n, uint8_t *out,
		    size_t len)
{
	struct sj_span parts[INFO_PARTS_MAX + 2];
	uint8_t t[SJ_PRK_SIZE], counter = 0;
	bool ok = len <= SJ_HKDF_MAX && n <= INFO_PARTS_MAX;

	for (size_t done = 0; ok && done < len; done += SJ_PRK_SIZE) {
		size_t piece = len - done < SJ_PRK_SIZE ? len - done : SJ_PRK_SIZE;

		counter++;
		parts[0] = sj_span(t, done == 0 ? 0 : SJ_PRK_SIZE);
		for (size_t i = 0; i < n; i++)
			parts[i + 1] = info[i];
		parts[n + 1] = sj_span(&counter, 1);
		ok = sj_hmac(prk, parts, n + 2, t);
		if (ok)
			memcpy(out + done, t, piece);
	}
	sj_wipe(t, sizeof(t));
	return ok;
}
