#include "crypt/hash.h"
#include "crypt/internal.h"
#include "crypt/meter.h"

#include <stdatomic.h>

struct hash_row {
	const char *name;
	size_t size;
	uint8_t oid[9]; /* content bytes */
	uint8_t oid_size;
};

/* RFC 3370, 2.1 (SHA-1) and RFC 5754, 2 (SHA-2). */
static const struct hash_row hashes[] = {
	[SJ_HASH_NONE] = { "none", 0, { 0 }, 0 },
	[SJ_SHA1] = { "SHA-1", 20, { 0x2B, 0x0E, 0x03, 0x02, 0x1A }, 5 },
	[SJ_SHA224] = { "SHA-224", 28, { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4 }, 9 },
	[SJ_SHA256] = { "SHA-256", 32, { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1 }, 9 },
	[SJ_SHA384] = { "SHA-384", 48, { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2 }, 9 },
	[SJ_SHA512] = { "SHA-512", 64, { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3 }, 9 },
};

static const struct hash_row *row(enum sj_hash alg)
{
	size_t i = (size_t)alg;

	return &hashes[i < sizeof(hashes) / sizeof(hashes[0]) ? i : SJ_HASH_NONE];
}

size_t sj_hash_size(enum sj_hash alg)
{
	return row(alg)->size;
}

enum sj_hash sj_hash_of_size(size_t size)
{
	for (enum sj_hash alg = SJ_SHA1; alg <= SJ_SHA512; alg++)
		if (sj_hash_size(alg) == size)
			return alg;
	return SJ_HASH_NONE;
}

const char *sj_hash_name(enum sj_hash alg)
{
	return row(alg)->name;
}

struct sj_span sj_hash_oid(enum sj_hash alg)
{
	return sj_span(row(alg)->oid, row(alg)->oid_size);
}

enum sj_hash sj_hash_from_oid(struct sj_span oid)
{
	for (size_t i = SJ_SHA1; i <= SJ_SHA512; i++)
		if (sj_span_eq(oid, sj_hash_oid((enum sj_hash)i)))
			return (enum sj_hash)i;
	return SJ_HASH_NONE;
}

/* Looked up once and kept, as groups are: see sj_ec_group(). */
const EVP_MD *sj_hash_md(enum sj_hash alg)
{
	static _Atomic(EVP_MD *) digests[sizeof(hashes) / sizeof(hashes[0])];
	const struct hash_row *r = row(alg);
	EVP_MD *made, *kept = atomic_load(&digests[r - hashes]);

	if (kept != NULL || r->size == 0)
		return kept;
	made = EVP_MD_fetch(NULL, r->name, NULL);
	if (atomic_compare_exchange_strong(&digests[r - hashes], &kept, made))
		return made;
	EVP_MD_free(made);
	return kept;
}

bool sj_hash(enum sj_hash alg, const struct sj_span *parts, size_t n,
	     uint8_t out[static SJ_HASH_MAX])
{
	const EVP_MD *md = sj_hash_md(alg);
	EVP_MD_CTX *ctx;
	bool ok;

	if (md == NULL) {
		if (sj_hash_size(alg) > 0)
			sj_memory_note();
		return false;
	}
	sj_meter_hash(alg, sj_spans_len(parts, n));
	ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return sj_sure(ok);
}
