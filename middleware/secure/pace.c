#include "secure/pace.h"
#include "crypt/kdf.h"
#include "crypt/wipe.h"
#include "wire/tlv.h"

#include <string.h>

/* id-PACE 0.4.0.127.0.7.2.2.4, then 2 (ECDH-GM) or 6 (ECDH-CAM), then the cipher 1..4. */
#define PACE_OID(mapping, cipher) \
	{ \
		0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, mapping, cipher \
	}

struct suite_row {
	enum sj_pace_mapping mapping;
	enum sj_cipher cipher;
	uint8_t oid[10];
};

/* ICAO Doc 9303-11, 9.2.3; chip-authentication mapping has no 3DES. */
static const struct suite_row suites[] = {
	{ SJ_PACE_GM, SJ_CIPHER_3DES, PACE_OID(2, 1) },
	{ SJ_PACE_GM, SJ_CIPHER_AES128, PACE_OID(2, 2) },
	{ SJ_PACE_GM, SJ_CIPHER_AES192, PACE_OID(2, 3) },
	{ SJ_PACE_GM, SJ_CIPHER_AES256, PACE_OID(2, 4) },
	{ SJ_PACE_CAM, SJ_CIPHER_AES128, PACE_OID(6, 2) },
	{ SJ_PACE_CAM, SJ_CIPHER_AES192, PACE_OID(6, 3) },
	{ SJ_PACE_CAM, SJ_CIPHER_AES256, PACE_OID(6, 4) },
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

struct sj_span sj_pace_oid(enum sj_pace_mapping mapping, enum sj_cipher cipher)
{
	for (size_t i = 0; i < SUITES; i++)
		if (suites[i].mapping == mapping && suites[i].cipher == cipher)
			return SJ_SPAN_OF(suites[i].oid);
	return sj_span(NULL, 0);
}

bool sj_pace_from_oid(struct sj_span oid, enum sj_pace_mapping *mapping, enum sj_cipher *cipher)
{
	for (size_t i = 0; i < SUITES; i++) {
		if (sj_span_eq(oid, SJ_SPAN_OF(suites[i].oid))) {
			*mapping = suites[i].mapping;
			*cipher = suites[i].cipher;
			return true;
		}
	}
	return false;
}

bool sj_pace_k_pi(enum sj_cipher c, enum sj_pace_password kind, struct sj_span password,
		  uint8_t k_pi[static SJ_CIPHER_KEY_MAX])
{
	uint8_t digest[SJ_HASH_MAX];
	bool ok = true;

	if (kind == SJ_PACE_MRZ) {
		ok = sj_hash(SJ_SHA1, &password, 1, digest);
		password = sj_span(digest, sj_hash_size(SJ_SHA1));
	}
	ok = ok && sj_kdf(c, password, SJ_KDF_PI, k_pi);
	sj_wipe(digest, sizeof(digest));
	return ok;
}

bool sj_pace_nonce_encrypt(enum sj_cipher c, const uint8_t *k_pi,
			   const uint8_t s[static SJ_PACE_NONCE], uint8_t z[static SJ_PACE_NONCE])
{
	return sj_cbc_encrypt(c, k_pi, NULL, sj_span(s, SJ_PACE_NONCE), z);
}

bool sj_pace_nonce_decrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span z,
			   uint8_t s[static SJ_PACE_NONCE_MAX])
{
	return z.len > 0 && z.len <= SJ_PACE_NONCE_MAX && sj_cbc_decrypt(c, k_pi, NULL, z, s);
}

bool sj_pace_session(enum sj_cipher c, struct sj_span shared, struct sj_sm_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	keys->cipher = c;
	return sj_kdf(c, shared, SJ_KDF_ENC, keys->enc) && sj_kdf(c, shared, SJ_KDF_MAC, keys->mac);
}

/* 4.4.3.4; the public key data object is that of 9.4.5 with the point alone. */
bool sj_pace_token(const struct sj_sm_keys *keys, struct sj_span oid,
		   const struct sj_ec_point *peer, uint8_t token[static SJ_MAC_SIZE])
{
	uint8_t object[SJ_EC_POINT_MAX + 40];
	struct sj_writer w = SJ_WRITER_OF(object);
	struct sj_span input;
	size_t at = sj_tlv_open(&w);

	sj_tlv_put(&w, 0x06, oid);
	sj_tlv_put(&w, 0x86, sj_ec_point_span(peer));
	sj_tlv_close(&w, 0x7F49, at);
	if (keys->cipher == SJ_CIPHER_3DES) /* CMAC pads by itself */
		sj_pad(&w, 0, sj_cipher_block_size(keys->cipher));
	input = sj_written(&w);
	return !w.failed && sj_mac(keys->cipher, keys->mac, &input, 1, token);
}

static bool cam_iv(const struct sj_sm_keys *keys, uint8_t iv[static SJ_CIPHER_BLOCK_MAX])
{
	uint8_t minus_one[SJ_CIPHER_BLOCK_MAX];

	memset(minus_one, 0xFF, sizeof(minus_one));
	return sj_cbc_encrypt(keys->cipher, keys->enc, NULL,
			      sj_span(minus_one, sj_cipher_block_size(keys->cipher)), iv);
}

bool sj_pace_cam_seal(const struct sj_sm_keys *keys, const struct sj_ec_secret *ca_data,
		      struct sj_writer *a_ic)
{
	uint8_t iv[SJ_CIPHER_BLOCK_MAX], padded[SJ_PACE_CAM_MAX];
	struct sj_writer w = SJ_WRITER_OF(padded);
	uint8_t *to;
	bool ok;

	sj_put(&w, sj_span(ca_data->bytes, ca_data->len));
	sj_pad(&w, 0, sj_cipher_block_size(keys->cipher));
	to = w.failed ? NULL : sj_put_space(a_ic, w.len);
	ok = to != NULL && cam_iv(keys, iv) &&
	     sj_cbc_encrypt(keys->cipher, keys->enc, iv, sj_written(&w), to);
	sj_wipe(padded, sizeof(padded));
	return ok;
}

bool sj_pace_cam_open(const struct sj_sm_keys *keys, enum sj_curve curve, struct sj_span a_ic,
		      struct sj_ec_secret *ca_data)
{
	uint8_t iv[SJ_CIPHER_BLOCK_MAX], padded[SJ_PACE_CAM_MAX];
	size_t len;
	bool ok;

	ok = a_ic.len <= sizeof(padded) && cam_iv(keys, iv) &&
	     sj_cbc_decrypt(keys->cipher, keys->enc, iv, a_ic, padded) &&
	     sj_unpad(sj_span(padded, a_ic.len), sj_cipher_block_size(keys->cipher), &len) &&
	     sj_ec_secret_read(curve, sj_span(padded, len), ca_data);
	sj_wipe(padded, sizeof(padded));
	return ok;
}
