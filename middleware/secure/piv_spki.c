#include "secure/piv_spki.h"

#include "crypt/cfrg.h"
#include "crypt/public.h"

#define EXPONENT_MAX 8u /* bytes that we take */

enum sj_curve sj_piv_curve(uint8_t algorithm)
{
	switch (algorithm) {
	case PIV_ALG_P256:
	case PIV_ALG_CS2:
		return SJ_P256;
	case PIV_ALG_P384:
	case PIV_ALG_CS7:
		return SJ_P384;
	default:
		return SJ_CURVE_NONE;
	}
}

static bool put_ec(struct sj_writer *w, enum sj_curve curve, struct sj_span in)
{
	struct sj_ec_point point;

	return sj_ec_point_read(curve, in, &point) && sj_ec_spki_put(w, curve, &point, false);
}

static bool put_rsa(struct sj_writer *w, size_t size, const struct sj_piv_public *key)
{
	if (key->modulus.len != size || !(key->modulus.ptr[0] & 0x80) || key->exponent.len == 0 ||
	    key->exponent.len > EXPONENT_MAX)
		return false;
	sj_public_put_rsa(w, key->modulus, key->exponent);
	return !w->failed;
}

bool sj_piv_key_spki_put(struct sj_writer *w, uint8_t algorithm, const struct sj_piv_public *key)
{
	const enum sj_curve curve = sj_piv_curve(algorithm);

	if (curve != SJ_CURVE_NONE)
		return put_ec(w, curve, key->point);
	switch (algorithm) {
	case YUBICO_ALG_ED25519:
	case YUBICO_ALG_X25519:
		if (key->point.len != SJ_CFRG_KEY)
			return false;
		sj_public_put_cfrg(
			w, algorithm == YUBICO_ALG_ED25519 ? SJ_PUBLIC_ED25519 : SJ_PUBLIC_X25519,
			key->point.ptr);
		return !w->failed;
	case PIV_ALG_RSA_1024:
	case PIV_ALG_RSA_2048:
	case PIV_ALG_RSA_3072:
	case YUBICO_ALG_RSA_4096:
		return put_rsa(w, sj_piv_algorithm_size(algorithm), key);
	default:
		return false;
	}
}
