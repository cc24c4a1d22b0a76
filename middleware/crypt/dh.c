#include "crypt/dh.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

struct group_row {
	enum sj_dh_group group;
	const char *name;
	char openssl[12];
	uint16_t size, order_size; /* bytes of p and of q */
};

static const struct group_row groups[] = {
	{ SJ_DH_1024_160, "modp-1024-160", "dh_1024_160", 128, 20 },
	{ SJ_DH_2048_224, "modp-2048-224", "dh_2048_224", 256, 28 },
	{ SJ_DH_2048_256, "modp-2048-256", "dh_2048_256", 256, 32 },
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct group_row *find(enum sj_dh_group group)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].group == group)
			return &groups[i];
	return NULL;
}

size_t sj_dh_size(enum sj_dh_group group)
{
	const struct group_row *row = find(group);

	return row != NULL ? row->size : 0;
}

const char *sj_dh_name(enum sj_dh_group group)
{
	const struct group_row *row = find(group);

	return row != NULL ? row->name : "unknown group";
}

bool sj_dh_from_name(const char *name, enum sj_dh_group *out)
{
	for (size_t i = 0; i < GROUPS; i++) {
		if (strcmp(groups[i].name, name) == 0) {
			*out = groups[i].group;
			return true;
		}
	}
	return false;
}

/* What every verb here needs, made at its start and freed at its one exit. */
struct work {
	const struct group_row *row;
	EVP_PKEY *parameters;
	BN_CTX *bn;
	BIGNUM *p, *q, *g;
	BIGNUM *x, *y; /* an exponent, an element */
};

static void work_end(struct work *w)
{
	BN_clear_free(w->y);
	BN_clear_free(w->x);
	BN_free(w->g);
	BN_free(w->q);
	BN_free(w->p);
	BN_CTX_free(w->bn);
	EVP_PKEY_free(w->parameters);
}

static EVP_PKEY *make_parameters(const struct group_row *row)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DHX", NULL);
	char group[sizeof(row->openssl)]; /* OpenSSL wants it writable */
	OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_PKEY *made = NULL;

	memcpy(group, row->openssl, sizeof(group));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	if (ctx == NULL || EVP_PKEY_paramgen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_params(ctx, params) != 1 || EVP_PKEY_paramgen(ctx, &made) != 1)
		made = NULL;
	EVP_PKEY_CTX_free(ctx);
	return made;
}

static bool work_start(struct work *w, enum sj_dh_group group)
{
	memset(w, 0, sizeof(*w));
	w->row = find(group);
	if (w->row == NULL)
		return false;
	w->parameters = make_parameters(w->row);
	w->bn = BN_CTX_secure_new();
	w->x = BN_secure_new();
	w->y = BN_secure_new();
	if (!sj_sure(w->parameters != NULL && w->bn != NULL && w->x != NULL && w->y != NULL))
		return false;
	if (w->parameters == NULL || w->bn == NULL || w->x == NULL || w->y == NULL ||
	    EVP_PKEY_get_bn_param(w->parameters, OSSL_PKEY_PARAM_FFC_P, &w->p) != 1 ||
	    EVP_PKEY_get_bn_param(w->parameters, OSSL_PKEY_PARAM_FFC_Q, &w->q) != 1 ||
	    EVP_PKEY_get_bn_param(w->parameters, OSSL_PKEY_PARAM_FFC_G, &w->g) != 1)
		return false;
	BN_set_flags(w->x, BN_FLG_CONSTTIME);
	return true;
}

static bool exponent_set(struct work *w, const struct sj_dh_secret *x)
{
	return BN_bin2bn(x->bytes, (int)x->len, w->x) != NULL && !BN_is_zero(w->x) &&
	       BN_cmp(w->x, w->p) < 0;
}

/*
 * out = base ^ x mod p; the two may be the same. A chip does it with what it has for RSA, in
 * about the time of a private operation of that size.
 */
static bool power(const struct work *w, BIGNUM *out, const BIGNUM *base, const BIGNUM *x)
{
	sj_meter_count(SJ_METER_RSA_PRIVATE, SJ_CURVE_NONE, w->row->size);
	return BN_mod_exp_mont_consttime(out, base, x, w->p, w->bn, NULL) == 1;
}

/* 1 < y < p - 1 (RFC 2631, 2.1.5, step 1). */
static bool in_range(struct work *w, const BIGNUM *y)
{
	return !BN_is_zero(y) && !BN_is_one(y) && BN_copy(w->x, w->p) != NULL &&
	       BN_sub_word(w->x, 1) == 1 && BN_cmp(y, w->x) < 0;
}

/* It is of the subgroup (step 2). */
static bool element_set(struct work *w, struct sj_span in)
{
	BIGNUM *one = BN_new();
	bool ok;

	ok = one != NULL && in.len <= w->row->size &&
	     BN_bin2bn(in.ptr, (int)in.len, w->y) != NULL && in_range(w, w->y) &&
	     power(w, one, w->y, w->q) && BN_is_one(one);
	BN_free(one);
	return ok;
}

static bool element_get(const BIGNUM *y, struct sj_dh_public *out)
{
	if (BN_is_zero(y) || BN_is_one(y))
		return false;
	out->len = (size_t)BN_bn2bin(y, out->bytes);
	return out->len > 0;
}

bool sj_dh_public_read(enum sj_dh_group group, struct sj_span in, struct sj_dh_public *out)
{
	struct work w;
	bool ok;

	while (in.len > 0 && in.ptr[0] == 0)
		in = sj_span(in.ptr + 1, in.len - 1);
	ok = work_start(&w, group) && element_set(&w, in) && element_get(w.y, out);
	work_end(&w);
	return sj_answered(ok);
}

/* FIPS 186-4, B.1.2 (testing candidates). */
bool sj_dh_secret_random(enum sj_dh_group group, const struct sj_random *rnd,
			 struct sj_dh_secret *out)
{
	struct work w;
	bool ok = work_start(&w, group), found = false;

	for (unsigned tries = 0; ok && !found && tries < 128; tries++) {
		out->len = w.row->order_size;
		ok = sj_random_fill(rnd, out->bytes, out->len) && exponent_set(&w, out);
		found = ok && BN_cmp(w.x, w.q) < 0;
	}
	if (!found)
		sj_wipe(out, sizeof(*out));
	work_end(&w);
	return sj_answered(found);
}

bool sj_dh_power(enum sj_dh_group group, const struct sj_dh_secret *x,
		 const struct sj_dh_public *base, struct sj_dh_public *out)
{
	struct work w;
	bool ok;

	ok = work_start(&w, group) &&
	     (base == NULL ? BN_copy(w.y, w.g) != NULL
			   : BN_bin2bn(base->bytes, (int)base->len, w.y) != NULL) &&
	     exponent_set(&w, x) && power(&w, w.y, w.y, w.x) && element_get(w.y, out);
	work_end(&w);
	return sj_answered(ok);
}

bool sj_dh_agree(enum sj_dh_group group, const struct sj_dh_secret *x,
		 const struct sj_dh_public *peer, uint8_t out[static SJ_DH_MAX])
{
	struct sj_dh_public shared = { .len = 0 };
	size_t size = sj_dh_size(group);
	bool ok = sj_dh_power(group, x, peer, &shared);

	if (ok) {
		memset(out, 0, size - shared.len);
		memcpy(out + size - shared.len, shared.bytes, shared.len);
	}
	sj_wipe(&shared, sizeof(shared));
	return ok;
}

bool sj_dh_map_generic(enum sj_dh_group group, struct sj_span s, const struct sj_dh_public *h,
		       struct sj_dh_public *out)
{
	struct work w;
	bool ok;

	ok = work_start(&w, group) && s.len <= SJ_DH_MAX &&
	     BN_bin2bn(s.ptr, (int)s.len, w.x) != NULL && power(&w, w.y, w.g, w.x) &&
	     BN_bin2bn(h->bytes, (int)h->len, w.x) != NULL &&
	     BN_mod_mul(w.y, w.y, w.x, w.p, w.bn) == 1 && element_get(w.y, out);
	work_end(&w);
	return sj_answered(ok);
}

bool sj_dh_map_integrated(enum sj_dh_group group, struct sj_span r, struct sj_dh_public *out)
{
	struct work w;
	bool ok;

	ok = work_start(&w, group) && BN_bin2bn(r.ptr, (int)r.len, w.y) != NULL &&
	     BN_nnmod(w.y, w.y, w.p, w.bn) == 1 && BN_copy(w.x, w.p) != NULL &&
	     BN_sub_word(w.x, 1) == 1 && BN_div(w.x, NULL, w.x, w.q, w.bn) == 1 &&
	     power(&w, w.y, w.y, w.x) && element_get(w.y, out);
	work_end(&w);
	return sj_answered(ok);
}
