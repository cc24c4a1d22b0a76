#include "secure/ca.h"
#include "crypt/kdf.h"
#include "crypt/wipe.h"

#include <string.h>

/* id-CA 0.4.0.127.0.7.2.2.3, then 2 (ECDH) and 1..4 in the order of enum sj_cipher. */
static const uint8_t ca_oids[][10] = {
	{ 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x01 },
	{ 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x02 },
	{ 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x03 },
	{ 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x03, 0x02, 0x04 },
};

static const uint8_t pk_ecdh[] = { 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x01, 0x02 };

struct sj_span sj_ca_oid(enum sj_cipher cipher)
{
	return SJ_SPAN_OF(ca_oids[cipher]);
}

bool sj_ca_from_oid(struct sj_span oid, enum sj_cipher *cipher)
{
	for (size_t i = 0; i < sizeof(ca_oids) / sizeof(ca_oids[0]); i++) {
		if (sj_span_eq(oid, SJ_SPAN_OF(ca_oids[i]))) {
			*cipher = (enum sj_cipher)i;
			return true;
		}
	}
	return false;
}

struct sj_span sj_ca_public_key_oid(void)
{
	return SJ_SPAN_OF(pk_ecdh);
}

bool sj_ca_session(enum sj_cipher c, enum sj_curve curve, const struct sj_ec_secret *own,
		   const struct sj_ec_point *peer, struct sj_sm_keys *keys)
{
	uint8_t shared[SJ_EC_FIELD_MAX];
	struct sj_span k = sj_span(shared, sj_curve_field_size(curve));
	bool ok;

	memset(keys, 0, sizeof(*keys));
	keys->cipher = c;
	ok = sj_ec_agree(curve, own, peer, shared) && sj_kdf(c, k, SJ_KDF_ENC, keys->enc) &&
	     sj_kdf(c, k, SJ_KDF_MAC, keys->mac);
	sj_wipe(shared, sizeof(shared));
	return ok;
}
