/* The verbs of middleware/crypt, with secret keys and messages. */
#include <stdlib.h>
#include <string.h>

#include "crypt/aead.h"
#include "crypt/cfrg.h"
#include "crypt/cipher.h"
#include "crypt/ec.h"
#include "crypt/ff1.h"
#include "crypt/hkdf.h"
#include "crypt/kdf.h"
#include "crypt/pbes2.h"
#include "crypt/soft.h"
#include "crypt/wipe.h"
#include "tests/side/secret.h"

/* What must not fail here. */
static void need(bool ok)
{
	PUBLISHED(ok);
	if (!ok)
		abort();
}

static void comparing(void)
{
	uint8_t a[64] = { 1 }, b[64] = { 1 };

	secret(a, sizeof(a));
	for (size_t n = 0; n <= sizeof(a); n++)
		need(sj_equal_secret(sj_span(a, n), sj_span(b, n)));
	b[5] = 2;
	need(!sj_equal_secret(SJ_SPAN_OF(a), SJ_SPAN_OF(b)));
}

/* Every place of the padding, and none. */
static void unpadding(void)
{
	for (size_t block = 8; block <= 16; block += 8)
		for (size_t len = 0; len <= 32; len++) {
			uint8_t bytes[48] = { 0 };
			size_t size = 32 + block, got;

			bytes[size - 1 - len % (block + 1)] = len % 2 == 0 ? 0x80 : 0x81;
			secret(bytes, sizeof(bytes));
			if (sj_unpad(sj_span(bytes, size), block, &got))
				need(got < size);
		}
}

static void mac_of(enum sj_cipher c)
{
	uint8_t key[SJ_CIPHER_KEY_MAX] = { 7 }, message[48] = { 1 }, out[SJ_MAC_SIZE];
	struct sj_span part = SJ_SPAN_OF(message);

	SECRET(key);
	SECRET(message);
	need(sj_mac(c, key, &part, 1, out));
}

static void macs(void)
{
	for (enum sj_cipher c = SJ_CIPHER_AES128; c <= SJ_CIPHER_AES256; c++)
		mac_of(c);
}

static void retail_mac(void)
{
	mac_of(SJ_CIPHER_3DES);
}

static void deriving(void)
{
	uint8_t key[32] = { 3 }, out[SJ_CIPHER_KEY_MAX], long_out[100], prk[SJ_PRK_SIZE];
	const struct sj_span info = SJ_SPAN_STR("info");
	struct sj_hmac *h;

	SECRET(key);
	for (enum sj_cipher c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++)
		need(sj_kdf(c, SJ_SPAN_OF(key), SJ_KDF_ENC, out));
	need(sj_hkdf_extract(SJ_SPAN_STR("salt"), SJ_SPAN_OF(key), prk));
	h = sj_hmac_new(SJ_SPAN_OF(prk));
	need(h != NULL && sj_hkdf_expand(h, &info, 1, long_out, sizeof(long_out)));
	sj_hmac_free(h);
	need(sj_kdf_x963(SJ_SHA256, SJ_SPAN_OF(key), info, long_out, sizeof(long_out)));
}

static void sealing(void)
{
	for (enum sj_aead alg = SJ_AES_CCM_16_64_128; alg <= SJ_AES_256_GCM; alg++) {
		uint8_t key[SJ_AEAD_KEY_MAX] = { 1 }, nonce[SJ_AEAD_NONCE_MAX] = { 2 };
		uint8_t plain[40] = { 3 }, sealed[80], out[80];
		struct sj_writer w = SJ_WRITER_OF(sealed), o = SJ_WRITER_OF(out);

		SECRET(key);
		SECRET(plain);
		need(sj_aead_seal(alg, key, nonce, sj_span(NULL, 0), SJ_SPAN_OF(plain), &w));
		PUBLISHED(sealed);
		need(sj_aead_open(alg, key, nonce, sj_span(NULL, 0), sj_written(&w), &o));
		sealed[3] ^= 1;
		need(!sj_aead_open(alg, key, nonce, sj_span(NULL, 0), sj_written(&w), &o));
	}
}

/* The scalar, and what is agreed with it. */
static void curve_of(enum sj_curve curve)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t shared[SJ_EC_FIELD_MAX], signature[SJ_EC_SIGNATURE_MAX], digest[32] = { 5 };
	struct sj_ec_secret own, other;
	struct sj_ec_point q, p;
	size_t len;

	need(sj_ec_secret_random(curve, &rnd, &other) && sj_ec_multiply(curve, &other, NULL, &p) &&
	     sj_ec_secret_random(curve, &rnd, &own));
	secret(own.bytes, own.len);
	need(sj_ec_multiply(curve, &own, NULL, &q));
	need(sj_ec_agree(curve, &own, &p, shared));
	need(sj_ec_sign(curve, &own, SJ_SPAN_OF(digest), signature, &len));
}

/* A card's key for Chip Authentication, divided by its own of the mapping. */
static void cam_data(void)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_ec_secret key, map, out;

	need(sj_ec_secret_random(SJ_P256, &rnd, &key) && sj_ec_secret_random(SJ_P256, &rnd, &map));
	secret(key.bytes, key.len);
	secret(map.bytes, map.len);
	need(sj_ec_cam_data(SJ_P256, &key, &map, &out));
}

static void p256(void)
{
	curve_of(SJ_P256);
}

void side_p384(void)
{
	curve_of(SJ_P384);
}

static void p521(void)
{
	curve_of(SJ_P521);
}

static void brainpool(void)
{
	curve_of(SJ_BP256R1);
}

static void cfrg(void)
{
	uint8_t key[SJ_CFRG_KEY] = { 9 }, peer[SJ_CFRG_KEY] = { 9 }, out[SJ_CFRG_KEY];
	uint8_t signature[SJ_ED25519_SIGNATURE];

	SECRET(key);
	need(sj_x25519_public(key, out));
	need(sj_x25519_agree(key, peer, out));
	need(sj_ed25519_sign(key, SJ_SPAN_STR("message"), signature));
}

static void ff1(void)
{
	uint8_t key[SJ_FF1_KEY] = { 1 };
	uint64_t first = 1234, rest = 5678;
	struct sj_ff1 *f;

	SECRET(key);
	f = sj_ff1_new(key, 10, 9);
	need(f != NULL);
	/* Whether they are in range is no secret; from the first round on they are mixed with one. */
	need(sj_ff1_encrypt(f, SJ_SPAN_STR("tweak"), &first, &rest));
	sj_ff1_free(f);
}

static void passphrase(void)
{
	char text[] = "correct horse battery";
	struct sj_pbes2 p = { .passphrase = { (uint8_t *)text, sizeof(text) - 1 } };
	const struct sj_random rnd = sj_random_system();
	uint8_t key[32] = { 4 }, sealed[300], out[300];
	struct sj_writer w = SJ_WRITER_OF(sealed), o = SJ_WRITER_OF(out);

	SECRET(text);
	SECRET(key);
	need(sj_pbes2_seal(&p, &rnd, SJ_SPAN_OF(key), &w));
	PUBLISHED(sealed);
	need(sj_pbes2_open(&p, sj_written(&w), &o));
	sj_wipe(&p, sizeof(p));
}

/* What RSA decrypted: good, and spoilt where Bleichenbacher and Manger would. */
static void rsa_padding(void)
{
	const struct sj_padding oaep = { .hash = SJ_SHA256, .mgf_hash = SJ_SHA256 };
	uint8_t block[256], out[SJ_RSA_MAX];
	size_t len;
	bool ok;

	for (size_t i = 0; i < 4; i++) {
		memset(block, 0xA5, sizeof(block));
		block[0] = i == 1;
		block[1] = i == 2 ? 3 : 2;
		block[100] = i == 3;
		SECRET(block);
		ok = sj_rsa_unpad_type2(SJ_SPAN_OF(block), out, &len);
		PUBLISHED(ok);
		need(ok == (i == 0));
		ok = sj_rsa_unpad_oaep(&oaep, SJ_SPAN_OF(block), out, &len);
	}
}

const struct side_case side_crypt[] = {
	{ "comparing", comparing, false },
	{ "unpadding", unpadding, false },
	{ "CMAC", macs, false },
	{ "retail MAC", retail_mac, false },
	{ "key derivation", deriving, false },
	{ "CCM and GCM", sealing, false },
	{ "P-256", p256, true },
	{ "PACE-CAM's data, P-256", cam_data, true },
	{ "P-384", side_p384, false },
	{ "P-521", p521, false },
	{ "brainpoolP256r1", brainpool, false },
	{ "X25519 and Ed25519", cfrg, false },
	{ "FF1", ff1, false },
	{ "a file's passphrase", passphrase, false },
	{ "RSA paddings", rsa_padding, false },
	{ NULL, NULL, false },
};
