#include "tests/vectors/wycheproof.h"

#include "crypt/aead.h"
#include "crypt/cfrg.h"
#include "crypt/cipher.h"
#include "crypt/ec.h"
#include "crypt/ff1.h"
#include "crypt/hkdf.h"
#include "crypt/scheme.h"
#include "crypt/sign.h"
#include "crypt/soft.h"
#include "tests/vectors/hexbytes.h"

#define MESSAGE_MAX 1024u

static const char *text(json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	assert_non_null(value);
	return value;
}

static struct sj_span bytes(json_t *o, const char *key)
{
	return hex(text(o, key));
}

static size_t number(json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	assert_true(json_is_integer(value) && json_integer_value(value) >= 0);
	return (size_t)json_integer_value(value);
}

static enum sj_hash hash_named(json_t *group, const char *key)
{
	for (enum sj_hash h = SJ_SHA1; h <= SJ_SHA512; h++)
		if (strcmp(sj_hash_name(h), text(group, key)) == 0)
			return h;
	return SJ_HASH_NONE;
}

static enum wycheproof_answer answer(bool taken)
{
	return taken ? WYCHEPROOF_TAKEN : WYCHEPROOF_REFUSED;
}

static enum wycheproof_answer answer_is(bool taken, struct sj_span got, struct sj_span want)
{
	if (taken && !sj_span_eq(got, want))
		return WYCHEPROOF_OTHER;
	return answer(taken);
}

/* --- signatures --------------------------------------------------------------------- */

static bool verifies(json_t *group, json_t *test, const struct sj_scheme *scheme)
{
	uint8_t algorithm[128];
	struct sj_writer w = SJ_WRITER_OF(algorithm);

	return sj_scheme_put(scheme, &w) &&
	       sj_signature_verify(bytes(group, "publicKeyDer"), sj_written(&w), SJ_HASH_NONE,
				   bytes(test, "msg"), bytes(test, "sig"));
}

static enum wycheproof_answer ecdsa(json_t *group, json_t *test)
{
	const struct sj_scheme scheme = { .kind = SJ_SCHEME_ECDSA,
					  .hash = hash_named(group, "sha") };

	if (scheme.hash == SJ_HASH_NONE)
		return WYCHEPROOF_NOT_OURS;
	return answer(verifies(group, test, &scheme));
}

static enum wycheproof_answer ecdsa_plain(json_t *group, json_t *test)
{
	const enum sj_hash alg = hash_named(group, "sha");
	struct sj_span message = bytes(test, "msg");
	uint8_t digest[SJ_HASH_MAX];
	enum sj_curve curve;
	struct sj_ec_point key;

	if (alg == SJ_HASH_NONE)
		return WYCHEPROOF_NOT_OURS;
	return answer(
		sj_ec_spki_read(bytes(group, "publicKeyDer"), &curve, &key) &&
		sj_hash(alg, &message, 1, digest) &&
		sj_ec_verify(curve, &key, sj_span(digest, sj_hash_size(alg)), bytes(test, "sig")));
}

/* Both ways that we have: as X.509 asks, and as PKCS #11 does. */
static enum wycheproof_answer rsa_pkcs1(json_t *group, json_t *test)
{
	const struct sj_scheme scheme = { .kind = SJ_SCHEME_PKCS1,
					  .hash = hash_named(group, "sha") };
	uint8_t digest[SJ_HASH_MAX], info[128];
	struct sj_writer w = SJ_WRITER_OF(info);
	struct sj_span message = bytes(test, "msg");
	bool by_name, by_block;

	if (scheme.hash == SJ_HASH_NONE)
		return WYCHEPROOF_NOT_OURS;
	assert_true(sj_hash(scheme.hash, &message, 1, digest));
	sj_digest_info_put(&w, scheme.hash, sj_span(digest, sj_hash_size(scheme.hash)));
	by_name = verifies(group, test, &scheme);
	if (number(group, "keySize") > 8 * SJ_RSA_MAX) /* raw RSA stops there */
		return answer(by_name);
	by_block = sj_rsa_verify_type1(bytes(group, "publicKeyDer"), sj_written(&w),
				       bytes(test, "sig"));
	assert_int_equal(by_name, by_block);
	return answer(by_name);
}

static enum wycheproof_answer rsa_pss(json_t *group, json_t *test)
{
	const struct sj_padding p = { .hash = hash_named(group, "sha"),
				      .mgf_hash = hash_named(group, "mgfSha"),
				      .salt = number(group, "sLen") };
	const struct sj_scheme scheme = { .kind = SJ_SCHEME_PSS,
					  .hash = p.hash,
					  .mgf_hash = p.mgf_hash,
					  .salt = (uint32_t)p.salt };
	struct sj_span message = bytes(test, "msg");
	uint8_t digest[SJ_HASH_MAX];
	bool by_name;

	if (p.hash == SJ_HASH_NONE || p.mgf_hash == SJ_HASH_NONE)
		return WYCHEPROOF_NOT_OURS;
	assert_true(sj_hash(p.hash, &message, 1, digest));
	by_name = verifies(group, test, &scheme);
	assert_int_equal(by_name, sj_rsa_verify_pss(bytes(group, "publicKeyDer"), &p,
						    sj_span(digest, sj_hash_size(p.hash)),
						    bytes(test, "sig")));
	return answer(by_name);
}

static enum wycheproof_answer ed25519(json_t *group, json_t *test)
{
	struct sj_span key = bytes(json_object_get(group, "publicKey"), "pk");
	struct sj_span signature = bytes(test, "sig");

	return answer(key.len == SJ_CFRG_KEY && signature.len == SJ_ED25519_SIGNATURE &&
		      sj_ed25519_verify(key.ptr, bytes(test, "msg"), signature.ptr));
}

/* --- RSA private keys: as a card and the module share the work ----------------------- */

static enum wycheproof_answer rsa_sign(json_t *group, json_t *test)
{
	const struct sj_span key = bytes(group, "privateKeyPkcs8"), message = bytes(test, "msg");
	const enum sj_hash alg = hash_named(group, "sha");
	const size_t size = sj_rsa_private_size(key);
	uint8_t digest[SJ_HASH_MAX], info[128], block[SJ_RSA_MAX], out[SJ_RSA_MAX];
	struct sj_writer w = SJ_WRITER_OF(info);

	if (alg == SJ_HASH_NONE || size == 0)
		return WYCHEPROOF_NOT_OURS;
	assert_true(sj_hash(alg, &message, 1, digest));
	sj_digest_info_put(&w, alg, sj_span(digest, sj_hash_size(alg)));
	return answer_is(sj_rsa_pad_type1(sj_written(&w), size, block) &&
				 sj_rsa_private(key, sj_span(block, size), out),
			 sj_span(out, size), bytes(test, "sig"));
}

static enum wycheproof_answer rsa_decrypt(json_t *group, json_t *test, const struct sj_padding *p)
{
	const struct sj_span key = bytes(group, "privateKeyPkcs8"), sealed = bytes(test, "ct");
	uint8_t block[SJ_RSA_MAX], out[SJ_RSA_MAX];
	const size_t size = sj_rsa_private_size(key);
	size_t len = 0;
	bool ok;

	if (size == 0)
		return WYCHEPROOF_NOT_OURS;
	ok = sealed.len == size && sj_rsa_private(key, sealed, block) &&
	     (p != NULL ? sj_rsa_unpad_oaep(p, sj_span(block, size), out, &len)
			: sj_rsa_unpad_type2(sj_span(block, size), out, &len));
	return answer_is(ok, sj_span(out, len), bytes(test, "msg"));
}

static enum wycheproof_answer rsa_type2(json_t *group, json_t *test)
{
	return rsa_decrypt(group, test, NULL);
}

static enum wycheproof_answer rsa_oaep(json_t *group, json_t *test)
{
	const struct sj_padding p = { .hash = hash_named(group, "sha"),
				      .mgf_hash = hash_named(group, "mgfSha"),
				      .label = bytes(test, "label") };

	if (p.hash == SJ_HASH_NONE || p.mgf_hash == SJ_HASH_NONE)
		return WYCHEPROOF_NOT_OURS;
	return rsa_decrypt(group, test, &p);
}

/* --- key agreement ---------------------------------------------------------------------- */

static enum sj_curve curve_named(json_t *group)
{
	static const struct {
		const char *name;
		enum sj_curve curve;
	} names[] = { { "secp224r1", SJ_P224 },
		      { "secp256r1", SJ_P256 },
		      { "secp384r1", SJ_P384 },
		      { "secp521r1", SJ_P521 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, text(group, "curve")) == 0)
			return names[i].curve;
	return sj_curve_from_name(text(group, "curve"));
}

static enum wycheproof_answer agree(json_t *group, json_t *test, const struct sj_ec_point *peer)
{
	const enum sj_curve curve = curve_named(group);
	uint8_t out[SJ_EC_FIELD_MAX];
	struct sj_ec_secret key;

	return answer_is(sj_ec_secret_read(curve, bytes(test, "private"), &key) &&
				 sj_ec_agree(curve, &key, peer, out),
			 sj_span(out, sj_curve_field_size(curve)), bytes(test, "shared"));
}

static enum wycheproof_answer ecdh(json_t *group, json_t *test)
{
	struct sj_ec_point peer;
	enum sj_curve curve;

	if (!sj_ec_spki_read(bytes(test, "public"), &curve, &peer) || curve != curve_named(group))
		return WYCHEPROOF_REFUSED;
	return agree(group, test, &peer);
}

static enum wycheproof_answer ecdh_point(json_t *group, json_t *test)
{
	struct sj_ec_point peer;

	if (!sj_ec_point_read(curve_named(group), bytes(test, "public"), &peer))
		return WYCHEPROOF_REFUSED;
	return agree(group, test, &peer);
}

static enum wycheproof_answer x25519(json_t *group, json_t *test)
{
	const struct sj_span key = bytes(test, "private"), peer = bytes(test, "public");
	uint8_t out[SJ_CFRG_KEY];

	(void)group;
	return answer_is(key.len == SJ_CFRG_KEY && peer.len == SJ_CFRG_KEY &&
				 sj_x25519_agree(key.ptr, peer.ptr, out),
			 SJ_SPAN_OF(out), bytes(test, "shared"));
}

/* --- with secret keys -------------------------------------------------------------------- */

static enum wycheproof_answer cmac(json_t *group, json_t *test)
{
	const struct sj_span key = bytes(test, "key"), message = bytes(test, "msg");
	uint8_t out[SJ_CIPHER_BLOCK_MAX];
	enum sj_cipher cipher;

	return answer(sj_aes_of_key_size(key.len, &cipher) &&
		      sj_cmac(cipher, key.ptr, &message, 1, out) &&
		      sj_span_eq(sj_span(out, number(group, "tagSize") / 8), bytes(test, "tag")));
}

static enum wycheproof_answer hmac(json_t *group, json_t *test)
{
	const struct sj_span message = bytes(test, "msg");
	struct sj_hmac *h = sj_hmac_new(bytes(test, "key"));
	uint8_t out[SJ_PRK_SIZE];
	const bool ok = h != NULL && sj_hmac(h, &message, 1, out);

	sj_hmac_free(h);
	return answer(ok &&
		      sj_span_eq(sj_span(out, number(group, "tagSize") / 8), bytes(test, "tag")));
}

static enum wycheproof_answer mac(json_t *group, json_t *test)
{
	return strcmp(text(group, "algorithm"), "AES-CMAC") == 0 ? cmac(group, test)
								 : hmac(group, test);
}

static enum wycheproof_answer hkdf(json_t *group, json_t *test)
{
	const struct sj_span info = bytes(test, "info"), want = bytes(test, "okm");
	const size_t size = number(test, "size");
	uint8_t prk[SJ_PRK_SIZE], *out = malloc(size + 1);
	enum wycheproof_answer said;
	struct sj_hmac *h = NULL;
	bool ok;

	(void)group;
	assert_non_null(out);
	ok = sj_hkdf_extract(bytes(test, "salt"), bytes(test, "ikm"), prk);
	if (ok)
		h = sj_hmac_new(SJ_SPAN_OF(prk));
	ok = h != NULL && sj_hkdf_expand(h, &info, 1, out, size);
	sj_hmac_free(h);
	said = answer_is(ok, sj_span(out, size), want);
	free(out);
	return said;
}

static bool aead_of(json_t *group, enum sj_aead *out)
{
	const size_t key = number(group, "keySize"), iv = number(group, "ivSize"),
		     tag = number(group, "tagSize");
	const bool gcm = strcmp(text(group, "algorithm"), "AES-GCM") == 0;

	*out = gcm ? SJ_AES_256_GCM : tag == 64 ? SJ_AES_CCM_16_64_128 : SJ_AES_CCM_16_128_128;
	return key == 8 * sj_aead_key_size(*out) && iv == 8 * sj_aead_nonce_size(*out) &&
	       tag == 8 * sj_aead_tag_size(*out);
}

/* Opened, and sealed again to the same bytes. */
static enum wycheproof_answer aead(json_t *group, json_t *test)
{
	const struct sj_span key = bytes(test, "key"), iv = bytes(test, "iv"),
			     aad = bytes(test, "aad"), plain = bytes(test, "msg");
	uint8_t sealed[MESSAGE_MAX], out[MESSAGE_MAX], again[MESSAGE_MAX];
	struct sj_writer in = SJ_WRITER_OF(sealed), w = SJ_WRITER_OF(out), a = SJ_WRITER_OF(again);
	enum sj_aead alg;
	bool opened;

	if (!aead_of(group, &alg))
		return WYCHEPROOF_NOT_OURS;
	sj_put(&in, bytes(test, "ct"));
	sj_put(&in, bytes(test, "tag"));
	assert_false(in.failed);
	opened = sj_aead_open(alg, key.ptr, iv.ptr, aad, sj_written(&in), &w);
	if (!opened)
		return WYCHEPROOF_REFUSED;
	assert_true(sj_aead_seal(alg, key.ptr, iv.ptr, aad, plain, &a));
	assert_true(sj_span_eq(sj_written(&a), sj_written(&in)));
	return answer_is(opened, sj_written(&w), plain);
}

/* CBC has no padding of PKCS #5 here: ciphertexts that are whole are tried without. */
static enum wycheproof_answer cbc(json_t *group, json_t *test)
{
	const struct sj_span key = bytes(test, "key"), iv = bytes(test, "iv"),
			     sealed = bytes(test, "ct");
	uint8_t padded[MESSAGE_MAX], out[MESSAGE_MAX];
	struct sj_writer w = SJ_WRITER_OF(padded);
	enum sj_cipher cipher;
	size_t more;

	(void)group;
	if (strcmp(text(test, "result"), "valid") != 0)
		return WYCHEPROOF_NOT_OURS;
	sj_put(&w, bytes(test, "msg"));
	more = SJ_CIPHER_BLOCK_MAX - w.len % SJ_CIPHER_BLOCK_MAX;
	sj_put_fill(&w, (uint8_t)more, more);
	assert_false(w.failed);
	assert_true(sj_aes_of_key_size(key.len, &cipher));
	if (!sj_cbc_decrypt(cipher, key.ptr, iv.ptr, sealed, out) ||
	    !sj_span_eq(sj_span(out, sealed.len), sj_written(&w)))
		return WYCHEPROOF_REFUSED;
	return answer_is(sj_cbc_encrypt(cipher, key.ptr, iv.ptr, sj_written(&w), out),
			 sj_span(out, w.len), sealed);
}

/* --- format-preserving encryption ----------------------------------------------------------- */

/* Numerals as one number; false: one is none of the radix, or half a string is not below 2^56. */
static bool numerals(json_t *list, size_t from, size_t to, size_t radix, uint64_t *out)
{
	uint64_t limit = 1;

	*out = 0;
	for (size_t i = from; i < to; i++) {
		const json_int_t one = json_integer_value(json_array_get(list, i));

		if (one < 0 || (size_t)one >= radix || limit > (UINT64_C(1) << 56) / radix)
			return false;
		limit *= radix;
		*out = *out * radix + (uint64_t)one;
	}
	return true;
}

static enum wycheproof_answer ff1(json_t *group, json_t *test)
{
	json_t *msg = json_object_get(test, "msg"), *ct = json_object_get(test, "ct");
	const size_t radix = number(group, "radix"), n = json_array_size(msg);
	const struct sj_span key = bytes(test, "key"), tweak = bytes(test, "tweak");
	uint64_t first, rest, want_first = 0, want_rest = 0;
	struct sj_ff1 *f;
	bool taken, right;

	if (key.len != SJ_FF1_KEY || tweak.len > SJ_FF1_TWEAK_MAX ||
	    !numerals(msg, 0, n / 2, radix, &first) || !numerals(msg, n / 2, n, radix, &rest))
		return WYCHEPROOF_NOT_OURS;
	f = sj_ff1_new(key.ptr, (uint32_t)radix, (unsigned)n);
	taken = f != NULL && sj_ff1_encrypt(f, tweak, &first, &rest);
	sj_ff1_free(f);
	right = json_array_size(ct) == n && numerals(ct, 0, n / 2, radix, &want_first) &&
		numerals(ct, n / 2, n, radix, &want_rest) && first == want_first &&
		rest == want_rest;
	return taken && !right ? WYCHEPROOF_OTHER : answer(taken);
}

wycheproof_ask wycheproof_asks(const char *type)
{
	static const struct {
		const char *type;
		wycheproof_ask ask;
	} rows[] = {
		{ "EcdsaVerify", ecdsa },
		{ "EcdsaP1363Verify", ecdsa_plain },
		{ "RsassaPkcs1Verify", rsa_pkcs1 },
		{ "RsassaPssVerify", rsa_pss },
		{ "RsassaPssWithParametersVerify", rsa_pss },
		{ "EddsaVerify", ed25519 },
		{ "RsassaPkcs1Generate", rsa_sign },
		{ "RsaesPkcs1Decrypt", rsa_type2 },
		{ "RsaesOaepDecrypt", rsa_oaep },
		{ "EcdhTest", ecdh },
		{ "EcdhEcpointTest", ecdh_point },
		{ "XdhComp", x25519 },
		{ "MacTest", mac },
		{ "HkdfTest", hkdf },
		{ "AeadTest", aead },
		{ "IndCpaTest", cbc },
		{ "FpeListTest", ff1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].type, type) == 0)
			return rows[i].ask;
	return NULL;
}
