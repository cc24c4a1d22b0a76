#include "secure/ta.h"

#include <string.h>

#include "crypt/kdf.h"
#include "crypt/wipe.h"
#include "secure/ca.h"
#include "secure/pace.h"

/* A.7.3, tables 20 and 21: id-TA 0.4.0.127.0.7.2.2.2, then 1 (RSA) or 2 (ECDSA), then its arc. */
#define TA(kind, arc) \
	{ \
		0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, kind, arc \
	}
static const struct algorithm {
	enum sj_cvc_scheme scheme;
	enum sj_hash hash;
	uint8_t oid[10];
} algorithms[] = {
	{ SJ_CVC_RSA, SJ_SHA1, TA(1, 1) },     { SJ_CVC_RSA, SJ_SHA256, TA(1, 2) },
	{ SJ_CVC_RSA_PSS, SJ_SHA1, TA(1, 3) }, { SJ_CVC_RSA_PSS, SJ_SHA256, TA(1, 4) },
	{ SJ_CVC_RSA, SJ_SHA512, TA(1, 5) },   { SJ_CVC_RSA_PSS, SJ_SHA512, TA(1, 6) },
	{ SJ_CVC_ECDSA, SJ_SHA1, TA(2, 1) },   { SJ_CVC_ECDSA, SJ_SHA224, TA(2, 2) },
	{ SJ_CVC_ECDSA, SJ_SHA256, TA(2, 3) }, { SJ_CVC_ECDSA, SJ_SHA384, TA(2, 4) },
	{ SJ_CVC_ECDSA, SJ_SHA512, TA(2, 5) },
};
#undef TA

#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

struct sj_span sj_ta_oid(enum sj_cvc_scheme scheme, enum sj_hash hash)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (algorithms[i].scheme == scheme && algorithms[i].hash == hash)
			return SJ_SPAN_OF(algorithms[i].oid);
	return sj_span(NULL, 0);
}

bool sj_ta_from_oid(struct sj_span oid, enum sj_cvc_scheme *scheme, enum sj_hash *hash)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
		if (!sj_span_eq(oid, SJ_SPAN_OF(algorithms[i].oid)))
			continue;
		*scheme = algorithms[i].scheme;
		*hash = algorithms[i].hash;
		return true;
	}
	return false;
}

void sj_ta_parts(const struct sj_ta_signed *s, struct sj_span out[static SJ_TA_PARTS])
{
	out[0] = s->id_icc;
	out[1] = s->challenge;
	out[2] = s->ephemeral;
	out[3] = s->auxiliary;
}

struct sj_span sj_ec_comp(enum sj_curve curve, const struct sj_ec_point *key)
{
	return sj_span(key->bytes + 1, sj_curve_field_size(curve));
}

/* A.2.3: the nonce stands between the secret and the counter. */
bool sj_ca2_session(enum sj_cipher c, enum sj_curve curve, const struct sj_ec_secret *own,
		    const struct sj_ec_point *peer, const uint8_t nonce[static SJ_CA2_NONCE],
		    struct sj_sm_keys *keys)
{
	uint8_t shared[SJ_EC_FIELD_MAX + SJ_CA2_NONCE];
	const size_t size = sj_curve_field_size(curve);
	struct sj_span k = sj_span(shared, size + SJ_CA2_NONCE);
	bool ok;

	memset(keys, 0, sizeof(*keys));
	keys->cipher = c;
	ok = sj_ec_agree(curve, own, peer, shared);
	memcpy(shared + size, nonce, SJ_CA2_NONCE);
	ok = ok && sj_kdf(c, k, SJ_KDF_ENC, keys->enc) && sj_kdf(c, k, SJ_KDF_MAC, keys->mac);
	sj_wipe(shared, sizeof(shared));
	return ok;
}

/* B.1, and the OID is that of Chip Authentication. */
bool sj_ca2_token(const struct sj_sm_keys *keys, enum sj_cipher c,
		  const struct sj_ec_point *ephemeral, uint8_t token[static SJ_MAC_SIZE])
{
	return sj_pace_token_over(keys, sj_ca_oid(c), 0x86, sj_ec_point_span(ephemeral), token);
}
