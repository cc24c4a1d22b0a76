#include "crypt/soft.h"
#include "crypt/wipe.h"

#include <string.h>

#define TYPE1_OVERHEAD 11u /* 00, type, at least eight bytes of padding, 00 */

bool sj_rsa_pad_type1(struct sj_span data, size_t size, uint8_t out[static SJ_RSA_MAX])
{
	if (size > SJ_RSA_MAX || size < TYPE1_OVERHEAD || data.len > size - TYPE1_OVERHEAD)
		return false;
	memset(out, 0xFF, size);
	out[0] = 0;
	out[1] = 1;
	out[size - data.len - 1] = 0;
	if (data.len > 0)
		memcpy(out + size - data.len, data.ptr, data.len);
	return true;
}

bool sj_rsa_unpad_type1(struct sj_span block, struct sj_span *data)
{
	size_t i = 2;

	if (block.len < TYPE1_OVERHEAD || block.ptr[0] != 0 || block.ptr[1] != 1)
		return false;
	while (i < block.len && block.ptr[i] == 0xFF)
		i++;
	if (i < TYPE1_OVERHEAD - 1 || i == block.len || block.ptr[i] != 0)
		return false;
	*data = sj_span(block.ptr + i + 1, block.len - i - 1);
	return true;
}

/* Adds the mask of MGF1 (B.2.1) over `seed` to n bytes. */
static bool mask(enum sj_hash alg, struct sj_span seed, uint8_t *bytes, size_t n)
{
	const size_t size = sj_hash_size(alg);
	uint8_t block[SJ_HASH_MAX], counter[4] = { 0 };
	bool ok = size != 0;

	for (size_t at = 0; ok && at < n; at++) {
		if (at % size == 0) {
			const size_t i = at / size; /* below 256: blocks are small */

			counter[3] = (uint8_t)i;
			ok = sj_hash(alg, (struct sj_span[]){ seed, SJ_SPAN_OF(counter) }, 2,
				     block);
		}
		bytes[at] ^= block[at % size];
	}
	sj_wipe(block, sizeof(block));
	return ok;
}

bool sj_rsa_pad_pss(const struct sj_padding *p, const struct sj_random *random,
		    struct sj_span digest, size_t bits, uint8_t out[static SJ_RSA_MAX])
{
	static const uint8_t zeros[8];
	const size_t size = (bits + 7) / 8, em_size = (bits + 6) / 8,
		     h_size = sj_hash_size(p->hash);
	uint8_t h[SJ_HASH_MAX], *em, *salt;
	size_t db_size;

	if (bits < 9 || size > SJ_RSA_MAX || h_size == 0 || digest.len != h_size ||
	    p->salt > SJ_RSA_MAX || em_size < h_size + p->salt + 2)
		return false;
	memset(out, 0, size);
	em = out + (size - em_size);
	db_size = em_size - h_size - 1;
	salt = em + db_size - p->salt;
	salt[-1] = 1;
	if (p->salt > 0 && !sj_random_fill(random, salt, p->salt))
		return false;
	if (!sj_hash(p->hash,
		     (struct sj_span[]){ SJ_SPAN_OF(zeros), digest, sj_span(salt, p->salt) }, 3, h))
		return false;
	memcpy(em + db_size, h, h_size);
	em[em_size - 1] = 0xBC;
	if (!mask(p->mgf_hash, sj_span(h, h_size), em, db_size))
		return false;
	em[0] &= (uint8_t)(0xFF >> (8 * em_size - (bits - 1)));
	return true;
}

/* All ones if a is 0, else 0; a below 2^31. */
static uint32_t is_zero(uint32_t a)
{
	return (uint32_t)0 - (((a | ((uint32_t)0 - a)) >> 31) ^ 1u);
}

/* All ones if a < b, both below 2^31. */
static uint32_t is_below(uint32_t a, uint32_t b)
{
	return (uint32_t)0 - ((a - b) >> 31);
}

/* The verdict, and the message from `at` on if it is good. */
static bool deliver(uint32_t bad, struct sj_span block, uint32_t at, uint8_t *out, size_t *len)
{
	if (bad != 0)
		return false;
	*len = block.len - at;
	if (*len > 0)
		memmove(out, block.ptr + at, *len);
	return true;
}

bool sj_rsa_unpad_type2(struct sj_span block, uint8_t out[static SJ_RSA_MAX], size_t *len)
{
	uint32_t bad, found = 0, at = 0;

	if (block.len < TYPE1_OVERHEAD || block.len > SJ_RSA_MAX)
		return false;
	bad = ~is_zero(block.ptr[0]) | ~is_zero(block.ptr[1] ^ 2u);
	for (uint32_t i = 2; i < block.len; i++) {
		const uint32_t here = is_zero(block.ptr[i]) & ~found;

		at |= here & i;
		found |= here;
	}
	bad |= ~found | is_below(at, TYPE1_OVERHEAD - 1);
	return deliver(bad, block, at + 1, out, len);
}

bool sj_rsa_unpad_oaep(const struct sj_padding *p, struct sj_span block,
		       uint8_t out[static SJ_RSA_MAX], size_t *len)
{
	const size_t h_size = sj_hash_size(p->hash);
	uint8_t em[SJ_RSA_MAX], label[SJ_HASH_MAX], *seed = em + 1, *db = em + 1 + h_size;
	uint32_t bad, found = 0, at = 0;
	size_t db_size;
	bool ok = false;

	if (h_size == 0 || block.len > sizeof(em) || block.len < 2 * h_size + 2)
		return false;
	db_size = block.len - h_size - 1;
	memcpy(em, block.ptr, block.len);
	if (!sj_hash(p->hash, &p->label, 1, label) ||
	    !mask(p->mgf_hash, sj_span(db, db_size), seed, h_size) ||
	    !mask(p->mgf_hash, sj_span(seed, h_size), db, db_size))
		goto out;
	bad = ~is_zero(em[0]);
	for (size_t i = 0; i < h_size; i++)
		bad |= ~is_zero(db[i] ^ label[i]);
	for (uint32_t i = (uint32_t)h_size; i < db_size; i++) {
		const uint32_t one = is_zero(db[i] ^ 1u) & ~found;

		bad |= ~found & ~one & ~is_zero(db[i]);
		at |= one & i;
		found |= one;
	}
	ok = deliver(bad | ~found, sj_span(db, db_size), at + 1, out, len);
out:
	sj_wipe(em, sizeof(em));
	return ok;
}
