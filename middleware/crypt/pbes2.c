#include "crypt/pbes2.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/cipher.h"
#include "crypt/internal.h"
#include "crypt/wipe.h"

#define BLOCK SJ_CIPHER_BLOCK_MAX
#define SECRET_MAX 8192u

/* Work: 16 MiB of memory, five times; stock OpenSSL allows no more than 32 MiB. */
#define COST 16384u
#define COST_MAX (1u << 20)
#define FACTOR_MAX 16u
#define MEMORY_MAX (1ull << 28)
/* costParameter 16384, blockSize 8, parallelizationParameter 5 */
static const uint8_t work[] = { 0x02, 2, COST >> 8, 0, 0x02, 1, 8, 0x02, 1, 5 };

/* id-PBES2, id-scrypt, id-aes256-CBC */
static const uint8_t oid_pbes2[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13 };
static const uint8_t oid_scrypt[] = { 0x2B, 6, 1, 4, 1, 0xDA, 0x47, 4, 11 };
static const uint8_t oid_aes[] = { 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42 };

struct sealed {
	struct sj_span salt, iv, secret;
	uint32_t n, r, p;
};

static bool take_oid(struct sj_span *in, struct sj_span wanted)
{
	struct sj_span oid;

	return sj_der_take(in, 0x06, &oid) && sj_span_eq(oid, wanted);
}

static bool take_number(struct sj_span *in, uint32_t max, uint32_t *out)
{
	struct sj_span number;

	return sj_der_take(in, 0x02, &number) && sj_der_small(number, out) && *out > 0 &&
	       *out <= max;
}

/* Costs that scrypt knows (RFC 7914, 2: N a power of two above 1), and memory that it may take. */
static bool can_be_paid(const struct sealed *s)
{
	return s->n > 1 && (s->n & (s->n - 1)) == 0 &&
	       128ull * s->r * (s->n + 2 + s->p) <= MEMORY_MAX;
}

/* The AlgorithmIdentifier of scrypt; RFC 7914, 7. */
static bool read_scrypt(struct sj_span in, struct sealed *out)
{
	struct sj_span body, length;

	return take_oid(&in, SJ_SPAN_OF(oid_scrypt)) && sj_der_take(&in, 0x30, &body) &&
	       in.len == 0 && sj_der_take(&body, 0x04, &out->salt) &&
	       take_number(&body, COST_MAX, &out->n) && take_number(&body, FACTOR_MAX, &out->r) &&
	       take_number(&body, FACTOR_MAX, &out->p) && can_be_paid(out) &&
	       (body.len == 0 || (sj_der_take(&body, 0x02, &length) && body.len == 0));
}

static bool read_sealed(struct sj_span in, struct sealed *out)
{
	struct sj_span body, alg, parameters, part;

	return sj_der_take(&in, 0x30, &body) && in.len == 0 && sj_der_take(&body, 0x30, &alg) &&
	       sj_der_take(&body, 0x04, &out->secret) && body.len == 0 &&
	       take_oid(&alg, SJ_SPAN_OF(oid_pbes2)) && sj_der_take(&alg, 0x30, &parameters) &&
	       alg.len == 0 && sj_der_take(&parameters, 0x30, &part) && read_scrypt(part, out) &&
	       sj_der_take(&parameters, 0x30, &part) && parameters.len == 0 &&
	       take_oid(&part, SJ_SPAN_OF(oid_aes)) && sj_der_take(&part, 0x04, &out->iv) &&
	       part.len == 0 && out->iv.len == BLOCK && out->salt.len == SJ_PBES2_SALT &&
	       out->secret.len > 0 && out->secret.len % BLOCK == 0 &&
	       out->secret.len <= SECRET_MAX + BLOCK;
}

bool sj_pbes2_is(struct sj_span der)
{
	struct sj_span body, alg, secret;

	return sj_der_take(&der, 0x30, &body) && der.len == 0 && sj_der_take(&body, 0x30, &alg) &&
	       take_oid(&alg, SJ_SPAN_OF(oid_pbes2)) && sj_der_take(&body, 0x04, &secret) &&
	       body.len == 0;
}

/* Sets p->key for this salt, unless it is the one of before. */
static bool stretch(struct sj_pbes2 *p, struct sj_span salt, uint32_t n, uint32_t r, uint32_t par)
{
	if (p->ready && sj_span_eq(sj_span(p->salt, SJ_PBES2_SALT), salt))
		return true;
	p->ready =
		sj_told(EVP_PBE_scrypt((const char *)p->passphrase.ptr, p->passphrase.len, salt.ptr,
				       salt.len, n, r, par, MEMORY_MAX, p->key, SJ_PBES2_KEY) == 1);
	if (p->ready)
		memmove(p->salt, salt.ptr, SJ_PBES2_SALT);
	else
		sj_memory_note(); /* for such costs nothing else is in the way */
	return p->ready;
}

static void put_head(struct sj_writer *w, const struct sj_pbes2 *p, struct sj_span iv)
{
	const size_t alg = sj_tlv_open(w);
	size_t parameters, part, inner;

	sj_tlv_put(w, 0x06, SJ_SPAN_OF(oid_pbes2));
	parameters = sj_tlv_open(w);
	part = sj_tlv_open(w);
	sj_tlv_put(w, 0x06, SJ_SPAN_OF(oid_scrypt));
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x04, SJ_SPAN_OF(p->salt));
	sj_put(w, SJ_SPAN_OF(work));
	sj_tlv_close(w, 0x30, inner);
	sj_tlv_close(w, 0x30, part);
	part = sj_tlv_open(w);
	sj_tlv_put(w, 0x06, SJ_SPAN_OF(oid_aes));
	sj_tlv_put(w, 0x04, iv);
	sj_tlv_close(w, 0x30, part);
	sj_tlv_close(w, 0x30, parameters);
	sj_tlv_close(w, 0x30, alg);
}

bool sj_pbes2_seal(struct sj_pbes2 *p, const struct sj_random *rnd, struct sj_span secret,
		   struct sj_writer *w)
{
	const size_t pad = BLOCK - secret.len % BLOCK, len = secret.len + pad;
	uint8_t salt[SJ_PBES2_SALT], iv[BLOCK], *padded;
	size_t at;
	bool ok;

	if (secret.len > SECRET_MAX || secret.len == 0)
		return false;
	padded = malloc(len);
	if (padded == NULL) {
		sj_memory_note();
		return false;
	}
	memcpy(padded, secret.ptr, secret.len);
	memset(padded + secret.len, (int)pad, pad); /* RFC 8018, 6.1.1 */
	memcpy(salt, p->salt, sizeof(salt));
	ok = (p->ready || sj_random_fill(rnd, salt, sizeof(salt))) &&
	     sj_random_fill(rnd, iv, sizeof(iv)) && stretch(p, SJ_SPAN_OF(salt), COST, 8, 5) &&
	     sj_cbc_encrypt(SJ_CIPHER_AES256, p->key, iv, sj_span(padded, len), padded);
	if (ok) {
		at = sj_tlv_open(w);
		put_head(w, p, SJ_SPAN_OF(iv));
		sj_tlv_put(w, 0x04, sj_span(padded, len));
		sj_tlv_close(w, 0x30, at);
	}
	sj_wipe(padded, len);
	free(padded);
	return ok && !w->failed;
}

/* Bytes of the padding at the end; 0: none that is right. */
static size_t padding_of(const uint8_t *bytes, size_t len)
{
	const size_t pad = bytes[len - 1];

	for (size_t i = 1; i <= pad && pad <= BLOCK; i++)
		if (bytes[len - i] != pad)
			return 0;
	return pad <= BLOCK && pad < len ? pad : 0;
}

bool sj_pbes2_open(struct sj_pbes2 *p, struct sj_span der, struct sj_writer *w)
{
	struct sealed s;
	uint8_t *plain;
	size_t pad = 0;
	bool ok;

	if (!read_sealed(der, &s))
		return false;
	plain = malloc(s.secret.len);
	ok = sj_sure(plain != NULL) && stretch(p, s.salt, s.n, s.r, s.p) &&
	     sj_cbc_decrypt(SJ_CIPHER_AES256, p->key, s.iv.ptr, s.secret, plain);
	if (ok)
		pad = padding_of(plain, s.secret.len);
	if (pad > 0)
		sj_put(w, sj_span(plain, s.secret.len - pad));
	if (plain != NULL)
		sj_wipe(plain, s.secret.len);
	free(plain);
	return pad > 0 && !w->failed;
}
