/*
 * crypt_calls.c -- the public-key calls that this process makes, recorded: the
 * linker sends them through here (-Wl,--wrap; see tests.mk).
 */
#include "crypt/sign.h"
#include "tests/bench/bench.h"

/* The wrapped functions have no argument that could carry it. */
static struct bench_calls *recorder;

void bench_record(struct bench_calls *calls)
{
	recorder = calls;
}

static void note(enum bench_operation operation, enum sj_curve curve)
{
	struct bench_call *call = recorder ? recorder->call : NULL;

	if (!call)
		return;
	while (call->count > 0 && (call->operation != operation || call->curve != curve))
		call++;
	if (call == recorder->call + BENCH_CALLS_MAX - 1)
		return; /* the last one stays empty, as the end */
	*call = (struct bench_call){ operation, curve, call->count + 1 };
}

/* A prototype and the function that the linker puts in front of NAME. */
#define WRAP(NAME, PARAMETERS) \
	bool __real_##NAME PARAMETERS; \
	bool __wrap_##NAME PARAMETERS; \
	bool __wrap_##NAME PARAMETERS

WRAP(sj_ec_multiply, (enum sj_curve curve, const struct sj_ec_secret *k,
		      const struct sj_ec_point *base, struct sj_ec_point *out))
{
	note(base ? BENCH_POINT : BENCH_BASE, curve);
	return __real_sj_ec_multiply(curve, k, base, out);
}

WRAP(sj_ec_agree, (enum sj_curve curve, const struct sj_ec_secret *k,
		   const struct sj_ec_point *peer, uint8_t out[static SJ_EC_FIELD_MAX]))
{
	note(BENCH_POINT, curve);
	return __real_sj_ec_agree(curve, k, peer, out);
}

WRAP(sj_ec_map_generic,
     (enum sj_curve curve, struct sj_span s, const struct sj_ec_point *h, struct sj_ec_point *out))
{
	note(BENCH_BASE, curve);
	return __real_sj_ec_map_generic(curve, s, h, out);
}

WRAP(sj_ec_sign, (enum sj_curve curve, const struct sj_ec_secret *key, struct sj_span digest,
		  uint8_t out[static SJ_EC_SIGNATURE_MAX], size_t *len))
{
	note(BENCH_SIGN, curve);
	return __real_sj_ec_sign(curve, key, digest, out, len);
}

WRAP(sj_ec_verify, (enum sj_curve curve, const struct sj_ec_point *key, struct sj_span digest,
		    struct sj_span plain_signature))
{
	note(BENCH_VERIFY, curve);
	return __real_sj_ec_verify(curve, key, digest, plain_signature);
}

WRAP(sj_signature_verify, (struct sj_span spki, struct sj_span algorithm, enum sj_hash digest,
			   struct sj_span message, struct sj_span signature))
{
	struct sj_ec_point point;
	enum sj_curve curve;

	if (sj_ec_spki_read(spki, &curve, &point))
		note(BENCH_VERIFY, curve);
	else
		note(BENCH_OTHER, SJ_CURVE_NONE);
	return __real_sj_signature_verify(spki, algorithm, digest, message, signature);
}

/* RSA has no place in the floor: a card that is measured must not need it. */
WRAP(sj_rsa_public, (struct sj_span spki, struct sj_span in, uint8_t out[static 512]))
{
	note(BENCH_OTHER, SJ_CURVE_NONE);
	return __real_sj_rsa_public(spki, in, out);
}

WRAP(sj_rsa_private, (struct sj_span pkcs8, struct sj_span in, uint8_t out[static 512]))
{
	note(BENCH_OTHER, SJ_CURVE_NONE);
	return __real_sj_rsa_private(pkcs8, in, out);
}
