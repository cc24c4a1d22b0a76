/* bare.c -- what public-key operations cost when nothing is around them. */
#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "tests/bench/bench.h"

#define REPEATS 31

/* Everything that an operation needs, prepared: no parsing, no set-up is timed. */
struct bare {
	EC_GROUP *group;
	BN_CTX *bn;
	BIGNUM *k, *x;
	EC_POINT *q, *result;
	EVP_PKEY *key;
	EVP_PKEY_CTX *sign, *verify;
	uint8_t digest[32], signature[160], encoded[SJ_EC_POINT_MAX];
	size_t len;
};

static int nid_of(enum sj_curve curve)
{
	switch ((int)curve) {
	case SJ_P256:
		return NID_X9_62_prime256v1;
	case SJ_P384:
		return NID_secp384r1;
	case SJ_P521:
		return NID_secp521r1;
	case SJ_BP256R1:
		return NID_brainpoolP256r1;
	case SJ_BP384R1:
		return NID_brainpoolP384r1;
	case SJ_BP512R1:
		return NID_brainpoolP512r1;
	default:
		return NID_undef;
	}
}

/* Q = k * G, affine as a peer's point is. */
static bool make_peer(struct bare *b)
{
	size_t n;

	if (EC_POINT_mul(b->group, b->result, b->k, NULL, NULL, b->bn) != 1)
		return false;
	if (EC_POINT_get_affine_coordinates(b->group, b->result, b->x, NULL, b->bn) != 1)
		return false;
	n = EC_POINT_point2oct(b->group, b->result, POINT_CONVERSION_UNCOMPRESSED, b->encoded,
			       sizeof(b->encoded), b->bn);
	return n > 0 && EC_POINT_oct2point(b->group, b->q, b->encoded, n, b->bn) == 1;
}

static bool make_point(struct bare *b, int nid)
{
	b->group = EC_GROUP_new_by_curve_name(nid);
	b->bn = BN_CTX_new();
	b->k = BN_new();
	b->x = BN_new();
	if (!b->group || !b->bn || !b->k || !b->x)
		return false;
	b->q = EC_POINT_new(b->group);
	b->result = EC_POINT_new(b->group);
	BN_set_flags(b->k, BN_FLG_CONSTTIME);
	return b->q && b->result && BN_rand_range(b->k, EC_GROUP_get0_order(b->group)) == 1 &&
	       make_peer(b);
}

static bool make_key(struct bare *b, int nid)
{
	b->key = EVP_EC_gen(OBJ_nid2sn(nid));
	b->sign = b->key ? EVP_PKEY_CTX_new(b->key, NULL) : NULL;
	b->verify = b->key ? EVP_PKEY_CTX_new(b->key, NULL) : NULL;
	b->len = sizeof(b->signature);
	/* Of zeros, OpenSSL would leave half of a verification out. */
	memset(b->digest, 1, sizeof(b->digest));
	return b->sign && b->verify && EVP_PKEY_sign_init(b->sign) == 1 &&
	       EVP_PKEY_verify_init(b->verify) == 1 &&
	       EVP_PKEY_sign(b->sign, b->signature, &b->len, b->digest, sizeof(b->digest)) == 1;
}

static void bare_end(struct bare *b)
{
	EVP_PKEY_CTX_free(b->verify);
	EVP_PKEY_CTX_free(b->sign);
	EVP_PKEY_free(b->key);
	EC_POINT_free(b->result);
	EC_POINT_free(b->q);
	BN_free(b->k);
	BN_free(b->x);
	BN_CTX_free(b->bn);
	EC_GROUP_free(b->group);
}

/* A product counts with its affine coordinates: in another form it is of no use. */
static bool product(struct bare *b, const BIGNUM *g, const EC_POINT *q)
{
	return EC_POINT_mul(b->group, b->result, g, q, q ? b->k : NULL, b->bn) == 1 &&
	       EC_POINT_point2oct(b->group, b->result, POINT_CONVERSION_UNCOMPRESSED, b->encoded,
				  sizeof(b->encoded), b->bn) > 0;
}

static bool once(struct bare *b, enum bench_operation operation)
{
	uint8_t signature[sizeof(b->signature)];
	size_t len = sizeof(signature);

	switch (operation) {
	case BENCH_BASE:
		return product(b, b->k, NULL);
	case BENCH_POINT:
		return product(b, NULL, b->q);
	case BENCH_SIGN:
		return EVP_PKEY_sign(b->sign, signature, &len, b->digest, sizeof(b->digest)) == 1;
	case BENCH_VERIFY:
		return EVP_PKEY_verify(b->verify, b->signature, b->len, b->digest,
				       sizeof(b->digest)) == 1;
	case BENCH_Y:
		return EC_POINT_set_compressed_coordinates(b->group, b->result, b->x, 0, b->bn) ==
		       1;
	case BENCH_OTHER:
		break;
	}
	return false;
}

/* CPU ms of one such operation made by OpenSSL alone, the median of some. */
static bool bare_ms(enum bench_operation operation, enum sj_curve curve, double *ms)
{
	struct bench_samples s;
	struct bare b = { .len = 0 };
	int nid = nid_of(curve);
	bool ok = bench_samples_init(&s, REPEATS);

	ok = ok && nid != NID_undef && make_point(&b, nid) && make_key(&b, nid);
	for (int i = 0; ok && i < REPEATS; i++) {
		int64_t start = bench_own_cpu_ns();

		ok = once(&b, operation);
		bench_sample(&s, bench_own_cpu_ns() - start);
	}
	*ms = bench_percentile(&s, 50);
	bare_end(&b);
	bench_samples_free(&s);
	return ok;
}

bool bench_bare_work(const struct bench_call *calls, unsigned times)
{
	bool ok = true;

	for (const struct bench_call *c = calls; ok && c->count > 0; c++) {
		struct bare b = { .len = 0 };
		const int nid = nid_of(c->curve);

		ok = nid != NID_undef && make_point(&b, nid) && make_key(&b, nid);
		for (unsigned i = 0; ok && i < times * c->count; i++)
			ok = once(&b, c->operation);
		bare_end(&b);
	}
	return ok;
}

/* --- the floor of a run: its public-key operations bare ------------------------------------- */

/* Adds what one kind of call costs, and names it: "4 k*G P-256 0.105 ms". */
static bool add_cost(const struct bench_call *call, double *ms, char *text, size_t cap)
{
	static const char *const names[] = { "k*G", "k*Q", "sign", "verify", "y" };
	size_t len = strlen(text);
	double one;

	if (call->operation == BENCH_OTHER || !bare_ms(call->operation, call->curve, &one))
		return false;
	*ms += one * call->count;
	snprintf(text + len, cap - len, "%s %u %s %s %.3f", len ? "," : "floor, ms:", call->count,
		 names[call->operation], sj_curve_name(call->curve), one * call->count);
	return true;
}

bool bench_floor(const struct bench_calls *calls, double *ms, char *text, size_t cap)
{
	const struct bench_call *call = calls->call;

	*ms = 0;
	for (text[0] = '\0'; call->count > 0; call++) {
		if (!add_cost(call, ms, text, cap))
			return false;
	}
	return call != calls->call;
}
