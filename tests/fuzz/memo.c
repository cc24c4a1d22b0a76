/*
 * memo.c -- pure functions of cryptography that take long: asked the same again, they give what they gave. They were
 * most of the time of harnesses that read cards, and are not what these look for. The linker is told of each by
 * tests.mk, which reads the names out of this file (--wrap).
 */
#include <pthread.h>
#include <string.h>

#include "crypt/dh.h"
#include "crypt/ec.h"
#include "crypt/memory.h"
#include "tests/fuzz/failures.h"

#define ASKED 640u /* bytes; who asks more has it calculated */
#define GIVEN 272u
#define PLACES 8192u /* one that is needed by another goes to it */

struct memo {
	uint8_t asked[ASKED];
	size_t asked_len; /* 0: not to be kept */
	bool ok;
	uint8_t given[GIVEN];
};

static pthread_mutex_t *lock(void)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

	return &one;
}

static struct memo *place_of(const struct memo *m)
{
	static struct memo places[PLACES];

	return &places[sj_fnv(SJ_FNV_BASIS, sj_span(m->asked, m->asked_len)) % PLACES];
}

static bool find(struct memo *m, void *out, size_t size)
{
	const struct memo *p = place_of(m);
	bool found;

	pthread_mutex_lock(lock());
	found = p->asked_len == m->asked_len && memcmp(p->asked, m->asked, m->asked_len) == 0;
	if (found)
		m->ok = p->ok;
	if (found && m->ok)
		memcpy(out, p->given, size);
	pthread_mutex_unlock(lock());
	return found;
}

/*
 * True: m->ok and `size` bytes at `out` are what was given before, or it fails. False: calculate it, and keep().
 * Where calls inside may fail, a parser's harness calculates each time, with them; in a stateful one all of it
 * fails, or nothing: an input does the same whatever ran before it.
 */
static bool known(struct memo *m, const struct sj_span *asked, size_t n, void *out, size_t size)
{
	const bool may = fuzz_may_fail(FUZZ_MEMORY) || fuzz_may_fail(FUZZ_CRYPTO);
	struct sj_writer w = SJ_WRITER_OF(m->asked);

	m->asked_len = 0;
	m->ok = false;
	for (size_t i = 0; i < n; i++) {
		sj_put_be(&w, 4, (uint32_t)asked[i].len);
		sj_put(&w, asked[i]);
	}
	if (w.failed || size > sizeof(m->given) || (may && !fuzz_is_whole()))
		return false;
	if (may && fuzz_fails(FUZZ_CRYPTO)) {
		sj_memory_note();
		return true;
	}
	m->asked_len = w.len;
	if (find(m, out, size))
		return true;
	fuzz_calm_begin();
	return false;
}

static bool keep(struct memo *m, bool ok, const void *out, size_t size)
{
	if (m->asked_len == 0)
		return ok;
	fuzz_calm_end();
	m->ok = ok;
	if (ok)
		memcpy(m->given, out, size);
	pthread_mutex_lock(lock());
	*place_of(m) = *m;
	pthread_mutex_unlock(lock());
	return ok;
}

/* What is given; then what is asked. */
#define MEMO(name, parameters, arguments, out, size, ...) \
	__typeof__(name) __real_##name, __wrap_##name; \
	bool __wrap_##name parameters \
	{ \
		const struct sj_span asked[] = { SJ_SPAN_STR(#name), __VA_ARGS__ }; \
		struct memo m; \
		if (known(&m, asked, sizeof(asked) / sizeof(asked[0]), out, size)) \
			return m.ok; \
		return keep(&m, __real_##name arguments, out, size); \
	}

static struct sj_span bytes_of(const void *object, size_t size)
{
	return sj_span(object, size);
}
#define VALUE(v) bytes_of(&(v), sizeof(v))
/* Bytes and their number; NULL, which is a generator, is as long as no value. */
#define COUNTED(p) ((p) != NULL ? sj_span((p)->bytes, (p)->len) : SJ_SPAN_STR("generator"))

MEMO(sj_ec_multiply,
     (enum sj_curve curve, const struct sj_ec_secret *k, const struct sj_ec_point *base,
      struct sj_ec_point *out),
     (curve, k, base, out), out, sizeof(*out), VALUE(curve), COUNTED(k), COUNTED(base))
MEMO(sj_ec_agree,
     (enum sj_curve curve, const struct sj_ec_secret *k, const struct sj_ec_point *peer,
      uint8_t out[static SJ_EC_FIELD_MAX]),
     (curve, k, peer, out), out, sj_curve_field_size(curve), VALUE(curve), COUNTED(k),
     COUNTED(peer))
MEMO(sj_ec_map_generic,
     (enum sj_curve curve, struct sj_span s, const struct sj_ec_point *h, struct sj_ec_point *out),
     (curve, s, h, out), out, sizeof(*out), VALUE(curve), s, COUNTED(h))
MEMO(sj_ec_map_integrated, (enum sj_curve curve, struct sj_span r, struct sj_ec_point *out),
     (curve, r, out), out, sizeof(*out), VALUE(curve), r)
MEMO(sj_ec_point_from_x, (enum sj_curve curve, struct sj_span x, struct sj_ec_point *out),
     (curve, x, out), out, sizeof(*out), VALUE(curve), x)
MEMO(sj_ec_point_read, (enum sj_curve curve, struct sj_span in, struct sj_ec_point *out),
     (curve, in, out), out, sizeof(*out), VALUE(curve), in)
MEMO(sj_dh_public_read, (enum sj_dh_group group, struct sj_span in, struct sj_dh_public *out),
     (group, in, out), out, sizeof(*out), VALUE(group), in)
MEMO(sj_dh_power,
     (enum sj_dh_group group, const struct sj_dh_secret *x, const struct sj_dh_public *base,
      struct sj_dh_public *out),
     (group, x, base, out), out, sizeof(*out), VALUE(group), COUNTED(x), COUNTED(base))
MEMO(sj_dh_agree,
     (enum sj_dh_group group, const struct sj_dh_secret *x, const struct sj_dh_public *peer,
      uint8_t out[static SJ_DH_MAX]),
     (group, x, peer, out), out, sj_dh_size(group), VALUE(group), COUNTED(x), COUNTED(peer))
MEMO(sj_dh_map_generic,
     (enum sj_dh_group group, struct sj_span s, const struct sj_dh_public *h,
      struct sj_dh_public *out),
     (group, s, h, out), out, sizeof(*out), VALUE(group), s, COUNTED(h))
MEMO(sj_dh_map_integrated, (enum sj_dh_group group, struct sj_span r, struct sj_dh_public *out),
     (group, r, out), out, sizeof(*out), VALUE(group), r)
MEMO(sj_ec_verify,
     (enum sj_curve curve, const struct sj_ec_point *key, struct sj_span digest,
      struct sj_span signature),
     (curve, key, digest, signature), m.given, 0, VALUE(curve), COUNTED(key), digest, signature)

/* While it is remembered, the same digest is signed the same: OpenSSL takes another random number for each. */
__typeof__(sj_ec_sign) __real_sj_ec_sign, __wrap_sj_ec_sign;
bool __wrap_sj_ec_sign(enum sj_curve curve, const struct sj_ec_secret *key, struct sj_span digest,
		       uint8_t out[static SJ_EC_SIGNATURE_MAX], size_t *len)
{
	const struct sj_span asked[] = { SJ_SPAN_STR("sj_ec_sign"), VALUE(curve), COUNTED(key),
					 digest };
	const size_t size = 2 * sj_curve_order_size(curve);
	struct memo m;

	if (!known(&m, asked, sizeof(asked) / sizeof(asked[0]), out, size))
		return keep(&m, __real_sj_ec_sign(curve, key, digest, out, len), out, size);
	if (m.ok)
		*len = size;
	return m.ok;
}
