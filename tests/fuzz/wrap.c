/*
 * wrap.c -- calls of our own code that fail when the input says so: memory, OpenSSL, storage.
 * The linker is told of each by tests.mk, which reads the names out of this file (--wrap).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "tests/fuzz/failures.h"

/* What a failing call leaves in errno; OpenSSL says why, or its "no" would be an answer. */
static int reason(enum fuzz_kind kind)
{
	static const int of_storage[] = { ENOSPC, EIO, EINTR };
	uint8_t which = 0;

	if (kind == FUZZ_CRYPTO)
		ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	if (kind != FUZZ_STORAGE)
		return ENOMEM;
	(void)fuzz_random(&which, 1);
	return of_storage[which % (fuzz_fails_for_ever() ? 2u : 3u)];
}

#define WRAP(kind, type, failed, name, parameters, arguments) \
	__typeof__(name) __real_##name, __wrap_##name; \
	type __wrap_##name parameters \
	{ \
		if (!fuzz_fails(FUZZ_##kind)) \
			return __real_##name arguments; \
		errno = reason(FUZZ_##kind); \
		return failed; \
	}

WRAP(MEMORY, void *, NULL, malloc, (size_t a), (a))
WRAP(MEMORY, void *, NULL, calloc, (size_t a, size_t b), (a, b))
WRAP(MEMORY, void *, NULL, realloc, (void *a, size_t b), (a, b))
WRAP(MEMORY, char *, NULL, strdup, (const char *a), (a))
WRAP(STORAGE, ssize_t, -1, read, (int a, void *b, size_t c), (a, b, c))
WRAP(STORAGE, ssize_t, -1, pread, (int a, void *b, size_t c, off_t d), (a, b, c, d))
WRAP(STORAGE, int, -1, fstat, (int a, struct stat *b), (a, b))
WRAP(STORAGE, int, -1, flock, (int a, int b), (a, b))
WRAP(STORAGE, void *, MAP_FAILED, mmap, (void *a, size_t b, int c, int d, int e, off_t f),
     (a, b, c, d, e, f))
WRAP(STORAGE, DIR *, NULL, opendir, (const char *a), (a))
WRAP(STORAGE, DIR *, NULL, fdopendir, (int a), (a))
WRAP(STORAGE, struct dirent *, NULL, readdir, (DIR * a), (a))
WRAP(STORAGE, int, -1, unlink, (const char *a), (a))
WRAP(STORAGE, int, -1, unlinkat, (int a, const char *b, int c), (a, b, c))
WRAP(STORAGE, int, -1, fsync, (int a), (a))
WRAP(STORAGE, int, -1, fdatasync, (int a), (a))
WRAP(STORAGE, int, -1, ftruncate, (int a, off_t b), (a, b))
WRAP(STORAGE, int, -1, rename, (const char *a, const char *b), (a, b))
WRAP(STORAGE, int, -1, renameat, (int a, const char *b, int c, const char *d), (a, b, c, d))
WRAP(STORAGE, int, -1, linkat, (int a, const char *b, int c, const char *d, int e), (a, b, c, d, e))
WRAP(STORAGE, int, -1, mkdirat, (int a, const char *b, mode_t c), (a, b, c))
WRAP(STORAGE, int, -1, mkdir, (const char *a, mode_t b), (a, b))
WRAP(STORAGE, char *, NULL, mkdtemp, (char *a), (a))
WRAP(STORAGE, int, -1, link, (const char *a, const char *b), (a, b))
WRAP(STORAGE, int, -1, access, (const char *a, int b), (a, b))
WRAP(STORAGE, int, -1, faccessat, (int a, const char *b, int c, int d), (a, b, c, d))
WRAP(STORAGE, int, -1, stat, (const char *a, struct stat *b), (a, b))
WRAP(STORAGE, int, -1, fstatat, (int a, const char *b, struct stat *c, int d), (a, b, c, d))
WRAP(STORAGE, int, -1, fchmod, (int a, mode_t b), (a, b))
WRAP(STORAGE, off_t, -1, lseek, (int a, off_t b, int c), (a, b, c))
WRAP(STORAGE, int, ENOSPC, posix_fallocate, (int a, off_t b, off_t c), (a, b, c))
WRAP(CRYPTO, BIGNUM *, NULL, BN_CTX_get, (BN_CTX * a), (a))
WRAP(CRYPTO, BN_CTX *, NULL, BN_CTX_new, (void), ())
WRAP(CRYPTO, BN_CTX *, NULL, BN_CTX_secure_new, (void), ())
WRAP(CRYPTO, int, 0, BN_add_word, (BIGNUM * a, unsigned long b), (a, b))
WRAP(CRYPTO, BIGNUM *, NULL, BN_bin2bn, (const unsigned char *a, int b, BIGNUM *c), (a, b, c))
WRAP(CRYPTO, int, -1, BN_bn2binpad, (const BIGNUM *a, unsigned char *b, int c), (a, b, c))
WRAP(CRYPTO, int, -1, BN_check_prime, (const BIGNUM *a, BN_CTX *b, BN_GENCB *c), (a, b, c))
WRAP(CRYPTO, BIGNUM *, NULL, BN_copy, (BIGNUM * a, const BIGNUM *b), (a, b))
WRAP(CRYPTO, int, 0, BN_div, (BIGNUM * a, BIGNUM *b, const BIGNUM *c, const BIGNUM *d, BN_CTX *e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, BN_gcd, (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, BN_CTX *d),
     (a, b, c, d))
WRAP(CRYPTO, int, 0, BN_mod_add,
     (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, const BIGNUM *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, BN_mod_exp_mont_consttime,
     (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, const BIGNUM *d, BN_CTX *e, BN_MONT_CTX *f),
     (a, b, c, d, e, f))
WRAP(CRYPTO, BIGNUM *, NULL, BN_mod_inverse,
     (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, BN_CTX *d), (a, b, c, d))
WRAP(CRYPTO, int, 0, BN_mod_mul,
     (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, const BIGNUM *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, BN_mod_mul_montgomery,
     (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, BN_MONT_CTX *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, BN_MONT_CTX *, NULL, BN_MONT_CTX_new, (void), ())
WRAP(CRYPTO, int, 0, BN_MONT_CTX_set, (BN_MONT_CTX * a, const BIGNUM *b, BN_CTX *c), (a, b, c))
WRAP(CRYPTO, int, 0, BN_mul, (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, BN_CTX *d),
     (a, b, c, d))
WRAP(CRYPTO, BIGNUM *, NULL, BN_new, (void), ())
WRAP(CRYPTO, int, 0, BN_nnmod, (BIGNUM * a, const BIGNUM *b, const BIGNUM *c, BN_CTX *d),
     (a, b, c, d))
WRAP(CRYPTO, int, 0, BN_rshift, (BIGNUM * a, const BIGNUM *b, int c), (a, b, c))
WRAP(CRYPTO, BIGNUM *, NULL, BN_secure_new, (void), ())
WRAP(CRYPTO, int, 0, BN_set_word, (BIGNUM * a, unsigned long b), (a, b))
WRAP(CRYPTO, int, 0, BN_sub, (BIGNUM * a, const BIGNUM *b, const BIGNUM *c), (a, b, c))
WRAP(CRYPTO, int, 0, BN_sub_word, (BIGNUM * a, unsigned long b), (a, b))
WRAP(CRYPTO, int, 0, BN_to_montgomery, (BIGNUM * a, const BIGNUM *b, BN_MONT_CTX *c, BN_CTX *d),
     (a, b, c, d))
WRAP(CRYPTO, void *, NULL, CRYPTO_memdup, (const void *a, size_t b, const char *c, int d),
     (a, b, c, d))
WRAP(CRYPTO, int, 0, EC_GROUP_get_curve,
     (const EC_GROUP *a, BIGNUM *b, BIGNUM *c, BIGNUM *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, EC_GROUP *, NULL, EC_GROUP_new_by_curve_name, (int a), (a))
WRAP(CRYPTO, int, 0, EC_POINT_add,
     (const EC_GROUP *a, EC_POINT *b, const EC_POINT *c, const EC_POINT *d, BN_CTX *e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, -1, EC_POINT_cmp,
     (const EC_GROUP *a, const EC_POINT *b, const EC_POINT *c, BN_CTX *d), (a, b, c, d))
WRAP(CRYPTO, int, 0, EC_POINT_get_affine_coordinates,
     (const EC_GROUP *a, const EC_POINT *b, BIGNUM *c, BIGNUM *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EC_POINT_mul,
     (const EC_GROUP *a, EC_POINT *b, const BIGNUM *c, const EC_POINT *d, const BIGNUM *e,
      BN_CTX *f),
     (a, b, c, d, e, f))
WRAP(CRYPTO, EC_POINT *, NULL, EC_POINT_new, (const EC_GROUP *a), (a))
WRAP(CRYPTO, int, 0, EC_POINT_oct2point,
     (const EC_GROUP *a, EC_POINT *b, const unsigned char *c, size_t d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EC_POINT_set_affine_coordinates,
     (const EC_GROUP *a, EC_POINT *b, const BIGNUM *c, const BIGNUM *d, BN_CTX *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX * a, int b, int c, void *d), (a, b, c, d))
WRAP(CRYPTO, EVP_CIPHER_CTX *, NULL, EVP_CIPHER_CTX_new, (void), ())
WRAP(CRYPTO, int, 0, EVP_CIPHER_CTX_set_padding, (EVP_CIPHER_CTX * a, int b), (a, b))
WRAP(CRYPTO, EVP_CIPHER *, NULL, EVP_CIPHER_fetch, (OSSL_LIB_CTX * a, const char *b, const char *c),
     (a, b, c))
WRAP(CRYPTO, int, 0, EVP_CipherFinal_ex, (EVP_CIPHER_CTX * a, unsigned char *b, int *c), (a, b, c))
WRAP(CRYPTO, int, 0, EVP_CipherInit_ex,
     (EVP_CIPHER_CTX * a, const EVP_CIPHER *b, ENGINE *c, const unsigned char *d,
      const unsigned char *e, int f),
     (a, b, c, d, e, f))
WRAP(CRYPTO, int, 0, EVP_CipherUpdate,
     (EVP_CIPHER_CTX * a, unsigned char *b, int *c, const unsigned char *d, int e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_DigestFinal_ex, (EVP_MD_CTX * a, unsigned char *b, unsigned int *c),
     (a, b, c))
WRAP(CRYPTO, int, 0, EVP_DigestInit_ex, (EVP_MD_CTX * a, const EVP_MD *b, ENGINE *c), (a, b, c))
WRAP(CRYPTO, int, 0, EVP_DigestSign,
     (EVP_MD_CTX * a, unsigned char *b, size_t *c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_DigestSignInit,
     (EVP_MD_CTX * a, EVP_PKEY_CTX **b, const EVP_MD *c, ENGINE *d, EVP_PKEY *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_DigestUpdate, (EVP_MD_CTX * a, const void *b, size_t c), (a, b, c))
WRAP(CRYPTO, int, -1, EVP_DigestVerify,
     (EVP_MD_CTX * a, const unsigned char *b, size_t c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_DigestVerifyInit,
     (EVP_MD_CTX * a, EVP_PKEY_CTX **b, const EVP_MD *c, ENGINE *d, EVP_PKEY *e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_EncryptInit_ex,
     (EVP_CIPHER_CTX * a, const EVP_CIPHER *b, ENGINE *c, const unsigned char *d,
      const unsigned char *e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_EncryptUpdate,
     (EVP_CIPHER_CTX * a, unsigned char *b, int *c, const unsigned char *d, int e), (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * a, const EVP_MD_CTX *b), (a, b))
WRAP(CRYPTO, EVP_MD_CTX *, NULL, EVP_MD_CTX_new, (void), ())
WRAP(CRYPTO, EVP_MD *, NULL, EVP_MD_fetch, (OSSL_LIB_CTX * a, const char *b, const char *c),
     (a, b, c))
WRAP(CRYPTO, EVP_PKEY *, NULL, EVP_PKCS82PKEY, (const PKCS8_PRIV_KEY_INFO *a), (a))
WRAP(CRYPTO, PKCS8_PRIV_KEY_INFO *, NULL, EVP_PKEY2PKCS8, (const EVP_PKEY *a), (a))
WRAP(CRYPTO, EVP_PKEY_CTX *, NULL, EVP_PKEY_CTX_new, (EVP_PKEY * a, ENGINE *b), (a, b))
WRAP(CRYPTO, EVP_PKEY_CTX *, NULL, EVP_PKEY_CTX_new_from_name,
     (OSSL_LIB_CTX * a, const char *b, const char *c), (a, b, c))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set0_rsa_oaep_label, (EVP_PKEY_CTX * a, void *b, int c),
     (a, b, c))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_params, (EVP_PKEY_CTX * a, const OSSL_PARAM *b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_rsa_keygen_bits, (EVP_PKEY_CTX * a, int b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_rsa_mgf1_md, (EVP_PKEY_CTX * a, const EVP_MD *b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_rsa_oaep_md, (EVP_PKEY_CTX * a, const EVP_MD *b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX * a, int b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_rsa_pss_saltlen, (EVP_PKEY_CTX * a, int b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_CTX_set_signature_md, (EVP_PKEY_CTX * a, const EVP_MD *b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_decrypt,
     (EVP_PKEY_CTX * a, unsigned char *b, size_t *c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_PKEY_decrypt_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, int, 0, EVP_PKEY_derive, (EVP_PKEY_CTX * a, unsigned char *b, size_t *c), (a, b, c))
WRAP(CRYPTO, int, 0, EVP_PKEY_derive_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, int, 0, EVP_PKEY_derive_set_peer, (EVP_PKEY_CTX * a, EVP_PKEY *b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_encrypt,
     (EVP_PKEY_CTX * a, unsigned char *b, size_t *c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_PKEY_encrypt_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, int, 0, EVP_PKEY_fromdata, (EVP_PKEY_CTX * a, EVP_PKEY **b, int c, OSSL_PARAM *d),
     (a, b, c, d))
WRAP(CRYPTO, int, 0, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, size_t, 0, EVP_PKEY_get1_encoded_public_key, (EVP_PKEY * a, unsigned char **b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_get_bn_param, (const EVP_PKEY *a, const char *b, BIGNUM **c),
     (a, b, c))
WRAP(CRYPTO, int, 0, EVP_PKEY_get_group_name, (const EVP_PKEY *a, char *b, size_t c, size_t *d),
     (a, b, c, d))
WRAP(CRYPTO, int, 0, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *a, unsigned char *b, size_t *c),
     (a, b, c))
WRAP(CRYPTO, int, 0, EVP_PKEY_keygen, (EVP_PKEY_CTX * a, EVP_PKEY **b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_keygen_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, EVP_PKEY *, NULL, EVP_PKEY_new_raw_private_key,
     (int a, ENGINE *b, const unsigned char *c, size_t d), (a, b, c, d))
WRAP(CRYPTO, EVP_PKEY *, NULL, EVP_PKEY_new_raw_public_key,
     (int a, ENGINE *b, const unsigned char *c, size_t d), (a, b, c, d))
WRAP(CRYPTO, int, 0, EVP_PKEY_paramgen, (EVP_PKEY_CTX * a, EVP_PKEY **b), (a, b))
WRAP(CRYPTO, int, 0, EVP_PKEY_paramgen_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, int, 0, EVP_PKEY_sign,
     (EVP_PKEY_CTX * a, unsigned char *b, size_t *c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_PKEY_sign_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, int, -1, EVP_PKEY_verify,
     (EVP_PKEY_CTX * a, const unsigned char *b, size_t c, const unsigned char *d, size_t e),
     (a, b, c, d, e))
WRAP(CRYPTO, int, 0, EVP_PKEY_verify_init, (EVP_PKEY_CTX * a), (a))
WRAP(CRYPTO, OSSL_PARAM_BLD *, NULL, OSSL_PARAM_BLD_new, (void), ())
WRAP(CRYPTO, int, 0, OSSL_PARAM_BLD_push_BN, (OSSL_PARAM_BLD * a, const char *b, const BIGNUM *c),
     (a, b, c))
WRAP(CRYPTO, int, 0, OSSL_PARAM_BLD_push_BN_pad,
     (OSSL_PARAM_BLD * a, const char *b, const BIGNUM *c, size_t d), (a, b, c, d))
WRAP(CRYPTO, int, 0, OSSL_PARAM_BLD_push_octet_string,
     (OSSL_PARAM_BLD * a, const char *b, const void *c, size_t d), (a, b, c, d))
WRAP(CRYPTO, int, 0, OSSL_PARAM_BLD_push_utf8_string,
     (OSSL_PARAM_BLD * a, const char *b, const char *c, size_t d), (a, b, c, d))
WRAP(CRYPTO, OSSL_PARAM *, NULL, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD * a), (a))
WRAP(CRYPTO, PKCS8_PRIV_KEY_INFO *, NULL, d2i_PKCS8_PRIV_KEY_INFO,
     (PKCS8_PRIV_KEY_INFO * *a, const unsigned char **b, long c), (a, b, c))
WRAP(CRYPTO, EVP_PKEY *, NULL, d2i_PUBKEY, (EVP_PKEY * *a, const unsigned char **b, long c),
     (a, b, c))
WRAP(CRYPTO, int, -1, i2d_PKCS8_PRIV_KEY_INFO, (const PKCS8_PRIV_KEY_INFO *a, unsigned char **b),
     (a, b))
WRAP(CRYPTO, int, -1, i2d_PUBKEY, (const EVP_PKEY *a, unsigned char **b), (a, b))

/* Half of it, but something, if it does not fail altogether. */
#define WRAP_SHORT(name, parameters, arguments, less) \
	__typeof__(name) __real_##name, __wrap_##name; \
	ssize_t __wrap_##name parameters \
	{ \
		uint8_t whole = 0; \
		if (!fuzz_fails(FUZZ_STORAGE)) \
			return __real_##name arguments; \
		(void)fuzz_random(&whole, 1); \
		if (whole & 1) \
			return __real_##name less; \
		errno = reason(FUZZ_STORAGE); \
		return -1; \
	}

WRAP_SHORT(write, (int a, const void *b, size_t c), (a, b, c), (a, b, (c + 1) / 2))
WRAP_SHORT(pwrite, (int a, const void *b, size_t c, off_t d), (a, b, c, d), (a, b, (c + 1) / 2, d))

/* With the mode of what is made. */
#define WRAP_OPEN(name, parameters, ...) \
	__typeof__(name) __real_##name, __wrap_##name; \
	int __wrap_##name parameters \
	{ \
		mode_t mode = 0; \
		va_list rest; \
		if ((flags & (O_CREAT | __O_TMPFILE)) != 0) { \
			va_start(rest, flags); \
			mode = va_arg(rest, mode_t); \
			va_end(rest); \
		} \
		if (!fuzz_fails(FUZZ_STORAGE)) \
			return __real_##name(__VA_ARGS__, mode); \
		errno = reason(FUZZ_STORAGE); \
		return -1; \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), path, flags)
WRAP_OPEN(openat, (int folder, const char *path, int flags, ...), folder, path, flags)

/* Closes all the same, as Linux does. */
#define WRAP_CLOSE(name, parameters, arguments) \
	__typeof__(name) __real_##name, __wrap_##name; \
	int __wrap_##name parameters \
	{ \
		const bool bad = fuzz_fails(FUZZ_STORAGE); \
		int rc = __real_##name arguments; \
		if (!bad || rc != 0) \
			return rc; \
		errno = reason(FUZZ_STORAGE); \
		return -1; \
	}

WRAP_CLOSE(close, (int a), (a))

/* A folder whose drop-ins are read. */
__typeof__(scandir) __real_scandir, __wrap_scandir;
int __wrap_scandir(const char *folder, struct dirent ***list, int (*wanted)(const struct dirent *),
		   int (*order)(const struct dirent **, const struct dirent **))
{
	if (!fuzz_fails(FUZZ_STORAGE))
		return __real_scandir(folder, list, wanted, order);
	fuzz_lose();
	errno = reason(FUZZ_STORAGE);
	return -1;
}

/* --- streams: each read and write beneath one may fail, so that a file breaks off in the middle ---- */

struct stream {
	FILE *under, *shown;
	struct stream *next;
};

static struct stream **streams(void)
{
	static _Thread_local struct stream *first;

	return &first;
}

/* A few bytes at once: else every file would be read, or not, as a whole. */
static ssize_t stream_read(void *self, char *out, size_t n)
{
	uint8_t few = 0;
	ssize_t got;

	(void)fuzz_random(&few, 1);
	got = __wrap_read(fileno_unlocked(((struct stream *)self)->under), out,
			  n < 1u + few ? n : 1u + few);
	if (got < 0)
		fuzz_lose();
	return got;
}

/* As the C library's own: what is short goes on. */
static ssize_t stream_write(void *self, const char *bytes, size_t n)
{
	size_t done = 0;
	ssize_t some = 1;

	while (done < n && some > 0) {
		some = __wrap_write(fileno_unlocked(((struct stream *)self)->under), bytes + done,
				    n - done);
		done += some > 0 ? (size_t)some : 0;
	}
	return (ssize_t)done;
}

static int stream_seek(void *self, off64_t *to, int whence)
{
	*to = __wrap_lseek(fileno_unlocked(((struct stream *)self)->under), *to, whence);
	return *to < 0 ? -1 : 0;
}

static int stream_close(void *self)
{
	struct stream *s = self, **at = streams();
	int rc = fclose(s->under);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
	if (rc != 0 || !fuzz_fails(FUZZ_STORAGE))
		return rc;
	errno = reason(FUZZ_STORAGE);
	return -1;
}

static FILE *stream_over(FILE *under, const char *mode)
{
	static const cookie_io_functions_t functions = { .read = stream_read,
							 .write = stream_write,
							 .seek = stream_seek,
							 .close = stream_close };
	struct stream *s;

	if (under == NULL || !fuzz_may_fail(FUZZ_STORAGE))
		return under;
	s = __real_calloc(1, sizeof(*s));
	if (s == NULL || (s->shown = fopencookie(s, mode, functions)) == NULL)
		abort();
	s->under = under;
	s->next = *streams();
	*streams() = s;
	return s->shown;
}

__typeof__(fopen) __real_fopen, __wrap_fopen;
FILE *__wrap_fopen(const char *path, const char *mode)
{
	if (!fuzz_fails(FUZZ_STORAGE))
		return stream_over(__real_fopen(path, mode), mode);
	errno = reason(FUZZ_STORAGE);
	return NULL;
}

__typeof__(fdopen) __real_fdopen, __wrap_fdopen;
FILE *__wrap_fdopen(int fd, const char *mode)
{
	if (!fuzz_fails(FUZZ_STORAGE))
		return stream_over(__real_fdopen(fd, mode), mode);
	errno = reason(FUZZ_STORAGE);
	return NULL;
}

__typeof__(fileno) __real_fileno, __wrap_fileno;
int __wrap_fileno(FILE *stream)
{
	for (const struct stream *s = *streams(); s != NULL; s = s->next)
		if (s->shown == stream)
			return fileno_unlocked(s->under);
	return __real_fileno(stream);
}

/* Random numbers of the input's seed. */
__typeof__(RAND_priv_bytes) __real_RAND_priv_bytes, __wrap_RAND_priv_bytes;
int __wrap_RAND_priv_bytes(unsigned char *out, int n)
{
	if (fuzz_fails(FUZZ_RANDOM))
		return 0;
	return fuzz_random(out, (size_t)n) ? 1 : __real_RAND_priv_bytes(out, n);
}

/* A key of RSA is made once for each size: else that would be nearly all that a harness does. */
#define RSA_STEPS 4u /* of 1024 bits */
__typeof__(EVP_PKEY_Q_keygen) __real_EVP_PKEY_Q_keygen, __wrap_EVP_PKEY_Q_keygen;
EVP_PKEY *__wrap_EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...)
{
	static EVP_PKEY *keys[RSA_STEPS];
	const char *group = NULL;
	EVP_PKEY **key = NULL;
	size_t bits = 0;
	va_list rest;

	va_start(rest, type);
	if (strcmp(type, "RSA") == 0)
		bits = va_arg(rest, size_t);
	else
		group = va_arg(rest, const char *);
	va_end(rest);
	if (fuzz_fails(FUZZ_CRYPTO)) {
		errno = reason(FUZZ_CRYPTO);
		return NULL;
	}
	if (group != NULL)
		return __real_EVP_PKEY_Q_keygen(libctx, propq, type, group);
	key = &keys[(bits / 1024 - 1) % RSA_STEPS];
	if (*key == NULL)
		*key = __real_EVP_PKEY_Q_keygen(libctx, propq, type, bits);
	return *key != NULL && EVP_PKEY_up_ref(*key) == 1 ? *key : NULL;
}

/* To be slow is what it is for: here the dear parameters go into the salt of a cheap one. */
__typeof__(EVP_PBE_scrypt) __real_EVP_PBE_scrypt, __wrap_EVP_PBE_scrypt;
int __wrap_EVP_PBE_scrypt(const char *pass, size_t pass_len, const unsigned char *salt,
			  size_t salt_len, uint64_t n, uint64_t r, uint64_t p, uint64_t most,
			  unsigned char *key, size_t key_len)
{
	struct {
		uint64_t n, r, p, salt_len;
		uint8_t salt[64];
	} all = { .n = n, .r = r, .p = p, .salt_len = salt_len };

	if (fuzz_fails(FUZZ_CRYPTO)) {
		errno = reason(FUZZ_CRYPTO);
		return 0;
	}
	if (salt_len > sizeof(all.salt))
		abort();
	memcpy(all.salt, salt, salt_len);
	/* Without a key it says whether that would do. */
	return __real_EVP_PBE_scrypt(pass, pass_len, salt, salt_len, n, r, p, most, NULL, 0) == 1 &&
	       __real_EVP_PBE_scrypt(pass, pass_len, (const uint8_t *)&all, sizeof(all), 2, 1, 1,
				     most, key, key_len) == 1;
}
