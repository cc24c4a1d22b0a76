/*
 * keys.c -- the keys that a whole program puts to use, told to whoever looks for them (LD_PRELOAD): calls of
 * OpenSSL with a key of a cipher or an HMAC, a secret scalar or exponent, or the numbers of a private RSA key go
 * through here. A line each, "key NAME HEX", is added to the file SOJOURN_KEYS; nothing of it stays in this process.
 *
 * Of OpenSSL's calls of itself, the scalars are told (a signature's nonce is one); the ciphers are those of its
 * random generator.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLD_FD 901 /* a program that confines itself opens nothing later */
#define LEAST 16u
#define MOST 512u /* a number of RSA-4096 */
#define HASH_BLOCK 64u
#define KNOWN 4096u

static _Atomic uint64_t known[KNOWN]; /* hashes of those that were told */

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SOJOURN_KEYS");
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)dup3(fd, TOLD_FD, O_CLOEXEC);
	close(fd);
}

/* Most keys are used many times. */
static bool is_known(const uint8_t *key, size_t len)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ key[i]) * UINT64_C(1099511628211);
	return atomic_exchange(&known[hash % KNOWN], hash) == hash;
}

static void note(const char *name, const uint8_t *key, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char line[64 + 2 * MOST + 1];
	size_t zeros = 0, at;

	for (size_t i = 0; i < len; i++)
		zeros += key[i] == 0;
	if (len < LEAST || len > MOST || zeros > len / 2 || is_known(key, len))
		return;
	at = (size_t)snprintf(line, 64, "key %s ", name);
	for (size_t i = 0; i < len; i++) {
		line[at++] = digits[key[i] >> 4];
		line[at++] = digits[key[i] & 15];
	}
	line[at++] = '\n';
	(void)!write(TOLD_FD, line, at);
	explicit_bzero(line, sizeof(line));
}

static bool is_openssl(const void *caller, const void *openssl)
{
	Dl_info a, b;

	return dladdr(caller, &a) != 0 && dladdr(openssl, &b) != 0 && a.dli_fbase == b.dli_fbase;
}

static void note_cipher(const EVP_CIPHER_CTX *ctx, const unsigned char *key, const void *caller)
{
	if (key != NULL && !is_openssl(caller, (const void *)EVP_CIPHER_CTX_free))
		note("key-of-a-cipher", key, (size_t)EVP_CIPHER_CTX_get_key_length(ctx));
}

static void note_number(const char *name, const BIGNUM *k)
{
	uint8_t bytes[MOST];

	if (k == NULL || BN_num_bytes(k) > (int)MOST)
		return;
	note(name, bytes, (size_t)BN_bn2bin(k, bytes));
	explicit_bzero(bytes, sizeof(bytes));
}

/* What is secret of a key that OpenSSL is given, or gives. */
static const char *const secret_numbers[] = {
	OSSL_PKEY_PARAM_PRIV_KEY,         OSSL_PKEY_PARAM_RSA_D,
	OSSL_PKEY_PARAM_RSA_FACTOR1,      OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1,    OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};
#define SECRET_NUMBERS (sizeof(secret_numbers) / sizeof(secret_numbers[0]))

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < SECRET_NUMBERS; i++)
		if (strcmp(secret_numbers[i], name) == 0)
			return true;
	return false;
}

/*
 * The first block of an HMAC is its key with this in every byte, and behind the key alone. Shorter ones than a
 * hash are none: the salt of a ticket, which everybody may see.
 */
static void note_hmac(const uint8_t block[HASH_BLOCK])
{
	uint8_t key[HASH_BLOCK / 2];
	size_t pads = 0, zeros = 0;

	for (size_t i = 0; i < HASH_BLOCK / 2; i++) {
		pads += block[HASH_BLOCK / 2 + i] == 0x36;
		key[i] = block[i] ^ 0x36;
		zeros += key[i] == 0;
	}
	if (pads == HASH_BLOCK / 2 && zeros < HASH_BLOCK / 4)
		note("key-of-an-HMAC", key, sizeof(key));
	explicit_bzero(key, sizeof(key));
}

#define REAL(name) __typeof__(&(name)) real = (__typeof__(&(name)))dlsym(RTLD_NEXT, #name)

int EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
		      const unsigned char *key, const unsigned char *iv, int encrypt)
{
	REAL(EVP_CipherInit_ex);
	int rc = real(ctx, cipher, engine, key, iv, encrypt);

	note_cipher(ctx, key, __builtin_return_address(0));
	return rc;
}

int EVP_EncryptInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
		       const unsigned char *key, const unsigned char *iv)
{
	REAL(EVP_EncryptInit_ex);
	int rc = real(ctx, cipher, engine, key, iv);

	note_cipher(ctx, key, __builtin_return_address(0));
	return rc;
}

int EC_POINT_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, const EC_POINT *q,
		 const BIGNUM *m, BN_CTX *ctx)
{
	REAL(EC_POINT_mul);

	if (n == NULL || m == NULL || BN_is_one(m)) { /* else a verification's, and known to all */
		note_number("private-key", n);
		note_number("private-key", m);
	}
	return real(group, r, n, q, m, ctx);
}

EVP_PKEY *EVP_PKEY_new_raw_private_key(int type, ENGINE *engine, const unsigned char *key,
				       size_t len)
{
	REAL(EVP_PKEY_new_raw_private_key);

	note("private-key", key, len);
	return real(type, engine, key, len);
}

int EVP_PKEY_fromdata(EVP_PKEY_CTX *ctx, EVP_PKEY **out, int selection, OSSL_PARAM params[])
{
	REAL(EVP_PKEY_fromdata);

	for (size_t i = 0; i < SECRET_NUMBERS && params != NULL; i++) {
		const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, secret_numbers[i]);
		BIGNUM *number = BN_secure_new();

		if (p != NULL && number != NULL && OSSL_PARAM_get_BN(p, &number) == 1)
			note_number(secret_numbers[i], number);
		BN_clear_free(number);
	}
	return real(ctx, out, selection, params);
}

/* Those that it makes itself. */
int EVP_PKEY_get_bn_param(const EVP_PKEY *pkey, const char *name, BIGNUM **bn)
{
	REAL(EVP_PKEY_get_bn_param);
	int rc = real(pkey, name, bn);

	if (rc == 1 && is_secret(name))
		note_number(name, *bn);
	return rc;
}

/* An exponent that OpenSSL is told to keep; longer than any of the groups' are numbers that all know. */
int BN_mod_exp_mont_consttime(BIGNUM *r, const BIGNUM *a, const BIGNUM *exponent, const BIGNUM *m,
			      BN_CTX *ctx, BN_MONT_CTX *mont)
{
	REAL(BN_mod_exp_mont_consttime);

	if (BN_get_flags(exponent, BN_FLG_CONSTTIME) != 0 && BN_num_bytes(exponent) <= 32 &&
	    !is_openssl(__builtin_return_address(0), (const void *)EVP_CIPHER_CTX_free))
		note_number("exponent", exponent);
	return real(r, a, exponent, m, ctx, mont);
}

int EVP_DigestUpdate(EVP_MD_CTX *ctx, const void *bytes, size_t len)
{
	REAL(EVP_DigestUpdate);

	if (len == HASH_BLOCK &&
	    !is_openssl(__builtin_return_address(0), (const void *)EVP_CIPHER_CTX_free))
		note_hmac(bytes);
	return real(ctx, bytes, len);
}
