#include "secure/edhoc.h"

#include "crypt/cfrg.h"
#include "crypt/wipe.h"

#include <string.h>

bool sj_edhoc_initiator_signs(uint8_t method)
{
	return method == SJ_EDHOC_SIGN_SIGN || method == SJ_EDHOC_SIGN_DH;
}

bool sj_edhoc_responder_signs(uint8_t method)
{
	return method == SJ_EDHOC_SIGN_SIGN || method == SJ_EDHOC_DH_SIGN;
}

const struct sj_edhoc_suite *sj_edhoc_suite(int64_t id)
{
	static const struct sj_edhoc_suite suites[] = {
		{ 0, SJ_AES_CCM_16_64_128, 8, SJ_CURVE_NONE },
		{ 2, SJ_AES_CCM_16_64_128, 8, SJ_P256 },
		{ 3, SJ_AES_CCM_16_128_128, 16, SJ_P256 },
	};

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

static bool scalar(const uint8_t key[static SJ_EDHOC_KEY], struct sj_ec_secret *out)
{
	return sj_ec_secret_read(SJ_P256, sj_span(key, SJ_EDHOC_KEY), out);
}

bool sj_edhoc_keygen(const struct sj_edhoc_suite *suite, const struct sj_random *rnd,
		     uint8_t key[static SJ_EDHOC_KEY], uint8_t x[static SJ_EDHOC_KEY])
{
	struct sj_ec_secret k;
	bool ok;

	if (suite->curve == SJ_CURVE_NONE)
		return sj_random_fill(rnd, key, SJ_EDHOC_KEY) && sj_x25519_public(key, x);
	ok = sj_ec_secret_random(suite->curve, rnd, &k);
	if (ok)
		memcpy(key, k.bytes, SJ_EDHOC_KEY);
	sj_wipe(&k, sizeof(k));
	return ok && sj_edhoc_public(suite, key, x);
}

bool sj_edhoc_public(const struct sj_edhoc_suite *suite, const uint8_t key[static SJ_EDHOC_KEY],
		     uint8_t x[static SJ_EDHOC_KEY])
{
	struct sj_ec_point point;
	struct sj_ec_secret k;
	bool ok;

	if (suite->curve == SJ_CURVE_NONE)
		return sj_x25519_public(key, x);
	ok = scalar(key, &k) && sj_ec_multiply(suite->curve, &k, NULL, &point);
	if (ok)
		memcpy(x, point.bytes + 1, SJ_EDHOC_KEY);
	sj_wipe(&k, sizeof(k));
	return ok;
}

bool sj_edhoc_peer(const struct sj_edhoc_suite *suite, struct sj_span peer_x,
		   struct sj_ec_point *out)
{
	if (peer_x.len != SJ_EDHOC_KEY)
		return false;
	if (suite->curve != SJ_CURVE_NONE)
		return sj_ec_point_from_x(suite->curve, peer_x, out);
	memcpy(out->bytes, peer_x.ptr, SJ_EDHOC_KEY);
	out->len = SJ_EDHOC_KEY;
	return true;
}

bool sj_edhoc_agree_with(const struct sj_edhoc_suite *suite, const uint8_t key[static SJ_EDHOC_KEY],
			 const struct sj_ec_point *peer, uint8_t out[static SJ_EDHOC_KEY])
{
	uint8_t shared[SJ_EC_FIELD_MAX];
	struct sj_ec_secret k;
	bool ok;

	if (suite->curve == SJ_CURVE_NONE)
		return sj_x25519_agree(key, peer->bytes, out);
	ok = scalar(key, &k) && sj_ec_agree(suite->curve, &k, peer, shared);
	if (ok)
		memcpy(out, shared, SJ_EDHOC_KEY);
	sj_wipe(&k, sizeof(k));
	sj_wipe(shared, sizeof(shared));
	return ok;
}

bool sj_edhoc_agree(const struct sj_edhoc_suite *suite, const uint8_t key[static SJ_EDHOC_KEY],
		    struct sj_span peer_x, uint8_t out[static SJ_EDHOC_KEY])
{
	struct sj_ec_point peer;

	return sj_edhoc_peer(suite, peer_x, &peer) && sj_edhoc_agree_with(suite, key, &peer, out);
}

bool sj_edhoc_sign(const struct sj_edhoc_suite *suite, const uint8_t key[static SJ_EDHOC_KEY],
		   struct sj_span message, uint8_t out[static SJ_EDHOC_SIGNATURE])
{
	uint8_t digest[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_secret k;
	size_t n = 0;
	bool ok;

	if (suite->curve == SJ_CURVE_NONE)
		return sj_ed25519_sign(key, message, out);
	ok = scalar(key, &k) && sj_hash(SJ_SHA256, &message, 1, digest) &&
	     sj_ec_sign(suite->curve, &k, sj_span(digest, SJ_EDHOC_HASH), signature, &n) &&
	     n == SJ_EDHOC_SIGNATURE;
	if (ok)
		memcpy(out, signature, n);
	sj_wipe(&k, sizeof(k));
	return ok;
}

bool sj_edhoc_verify(const struct sj_edhoc_suite *suite, struct sj_span key, struct sj_span message,
		     struct sj_span signature)
{
	uint8_t digest[SJ_HASH_MAX];
	struct sj_ec_point point;

	if (signature.len != SJ_EDHOC_SIGNATURE)
		return false;
	if (suite->curve == SJ_CURVE_NONE)
		return key.len == SJ_CFRG_KEY && sj_ed25519_verify(key.ptr, message, signature.ptr);
	return sj_ec_point_read(suite->curve, key, &point) &&
	       sj_hash(SJ_SHA256, &message, 1, digest) &&
	       sj_ec_verify(suite->curve, &point, sj_span(digest, SJ_EDHOC_HASH), signature);
}
