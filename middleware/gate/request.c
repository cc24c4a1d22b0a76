/* request.c -- a gate's key, and asking an authority for a credential: GATE.md, "Requests". */
#include <string.h>

#include "crypt/wipe.h"
#include "gate/gate.h"
#include "reader/memory.h"

#define POINT 65u

enum sj_rc sj_gate_key_new(uint8_t key[32])
{
	const unsigned mark = sj_memory_mark();
	const struct sj_random rnd = sj_random_system();
	uint8_t x[SJ_EDHOC_KEY];

	return sj_memory_rc(mark, sj_edhoc_keygen(sj_edhoc_suite(SJ_GATE_SUITE), &rnd, key, x)
					  ? SJ_OK
					  : SJ_CRYPTO_FAILED);
}

enum sj_rc sj_gate_request(const uint8_t key[32], uint8_t *out, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_ec_secret secret = { .len = 0 };
	struct sj_writer w = sj_writer(out, *len);
	uint8_t digest[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_point point;
	struct sj_span parts[] = { SJ_SPAN_STR("sojourn gate request"), { point.bytes, POINT } };
	size_t n = 0;
	bool ok;

	if (*len < SJ_GATE_REQUEST)
		return SJ_USAGE;
	if (!sj_ec_secret_read(SJ_P256, sj_span(key, SJ_EDHOC_KEY), &secret))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	ok = sj_ec_multiply(SJ_P256, &secret, NULL, &point) && point.len == POINT &&
	     sj_hash(SJ_SHA256, parts, 2, digest) &&
	     sj_ec_sign(SJ_P256, &secret, sj_span(digest, SJ_EDHOC_HASH), signature, &n);
	sj_wipe(&secret, sizeof(secret));
	sj_put(&w, parts[1]);
	sj_put(&w, sj_span(signature, n));
	if (!ok || w.failed)
		return sj_memory_rc(mark, SJ_CRYPTO_FAILED);
	*len = w.len;
	return SJ_OK;
}
