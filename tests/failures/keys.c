/*
 * keys.c -- the keys that a whole program puts to use, told to whoever looks for them (LD_PRELOAD): calls of
 * OpenSSL with a symmetric key or a secret scalar go through here. A line each, "key NAME HEX", is added to the
 * file SOJOURN_KEYS; nothing of it stays in this process.
 *
 * Of OpenSSL's calls of itself, the scalars are told (a signature's nonce is one); the ciphers are those of its
 * random generator.
 */
#include <dlfcn.h>
#include <fcntl.h>
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
#define MOST 66u
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
	char line[64 + 2 * MOST];
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

static void note_scalar(const BIGNUM *k)
{
	uint8_t bytes[MOST];

	if (k == NULL || BN_num_bytes(k) > (int)MOST)
		return;
	note("private-key", bytes, (size_t)BN_bn2bin(k, bytes));
	explicit_bzero(bytes, sizeof(bytes));
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

	if (n == NULL || m == NULL) { /* both are a verification's, and known to all */
		note_scalar(n);
		note_scalar(m);
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
