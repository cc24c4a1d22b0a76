#include "tests/failures/made.h"

#include <malloc.h>
#include <sojourn/gate.h>
#include <stdio.h>
#include <string.h>

#include "crypt/dh.h"
#include "crypt/ec.h"
#include "crypt/hkdf.h"
#include "crypt/internal.h"
#include "crypt/kdf.h"
#include "crypt/rsa.h"
#include "crypt/wipe.h"
#include "host/card_internal.h"
#include "tests/failures/scan.h"

#define STACK (48u << 10) /* of its dead part, what is looked at */

static struct {
	struct scan scan;
	/* Where secrets were put. */
	struct place {
		const char *what;
		const uint8_t *at;
		size_t len, needle;
		bool wiped;
	} places[SCAN_NEEDLES];
	size_t n;
	struct made_left left;
	bool noting, following;
	uintptr_t left_out;
	struct made_sites sites;
	uint8_t stack[STACK];
} made;

extern const char __executable_start;

/* --- looking ---------------------------------------------------------------------------------- */

/*
 * What is below the caller's frame. It is copied before anything else is called, so that looking writes
 * over nothing of it.
 */
static __attribute__((noinline)) void look_below(void)
{
	const uint8_t *end = __builtin_frame_address(0);

	if (!made.noting)
		return;
	memcpy(made.stack, end - STACK, STACK);
	made.left.stack += scan_bytes(&made.scan, "the dead part of the stack", made.stack, STACK);
	memset(made.stack, 0, STACK);
}

__attribute__((noinline)) void made_stack_keep(void)
{
	const uint8_t *end = __builtin_frame_address(0);

	memcpy(made.stack, end - STACK, STACK);
}

long made_stack_holds(const void *number, size_t len)
{
	static struct scan scan;

	memset(&scan, 0, sizeof(scan));
	scan_add_key(&scan, "a number", number, len);
	return scan_bytes(&scan, "the dead part of the stack", made.stack, STACK);
}

static bool holds_secret(const void *bytes, size_t len)
{
	const bool quiet = made.scan.quiet;
	long found;

	made.scan.quiet = true;
	found = scan_bytes(&made.scan, "", bytes, len);
	made.scan.quiet = quiet;
	return found > 0;
}

void made_look(void)
{
	const bool quiet = made.scan.quiet;

	if (!made.noting || !made.following)
		return;
	made.scan.quiet = true;
	made.left.life += scan_process(&made.scan, 0);
	made.scan.quiet = quiet;
}

/* --- what makes and ends them ------------------------------------------------------------------ */

static void note(const char *what, const uint8_t *at, size_t len)
{
	size_t zeros = 0;

	for (size_t i = 0; i < len; i++)
		zeros += at[i] == 0;
	if (!made.noting || zeros > len / 2) /* a test's own, that stands anywhere */
		return;
	if (made.n < SCAN_NEEDLES)
		made.places[made.n++] = (struct place){ what, at, len, made.scan.n, false };
	scan_add(&made.scan, what, at, len);
	made_look();
}

__typeof__(card_charge_begin) __real_card_charge_begin, __wrap_card_charge_begin;
void __wrap_card_charge_begin(struct card *card)
{
	made_look();
	__real_card_charge_begin(card);
}

static struct made_site *site_of(uintptr_t at)
{
	struct made_sites *s = &made.sites;

	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].at == at)
			return &s->list[i];
	if (s->n == MADE_SITES)
		return NULL;
	s->list[s->n] = (struct made_site){ .at = at };
	return &s->list[s->n++];
}

__typeof__(sj_wipe) __real_sj_wipe, __wrap_sj_wipe;
void __wrap_sj_wipe(void *ptr, size_t n)
{
	const uintptr_t at =
		(uintptr_t)__builtin_return_address(0) - (uintptr_t)&__executable_start;
	const uint8_t *from = ptr;
	struct made_site *site;

	if (made.noting) {
		look_below();
		site = site_of(at);
		if (site != NULL && !site->secret)
			site->secret = holds_secret(ptr, n);
		if (at == made.left_out)
			return;
	}
	for (size_t i = 0; i < made.n; i++) {
		struct place *p = &made.places[i];

		/* A later tenant of the place is no end of this one. */
		if (p->at >= from && p->at + p->len <= from + n &&
		    scan_is(&made.scan, p->needle, p->at))
			p->wiped = true;
	}
	__real_sj_wipe(ptr, n);
}

__typeof__(sj_tap_verdict) __real_sj_tap_verdict, __wrap_sj_tap_verdict;
bool __wrap_sj_tap_verdict(const struct sj_tap *tap, struct sj_gate_verdict *out)
{
	made_look();
	return __real_sj_tap_verdict(tap, out);
}

__typeof__(free) __real_free, __wrap_free;
void __wrap_free(void *ptr)
{
	look_below();
	if (made.noting && ptr != NULL)
		made.left.freed +=
			scan_bytes(&made.scan, "freed memory", ptr, malloc_usable_size(ptr));
	__real_free(ptr);
}

/* A verb with these parameters puts `len` secret bytes at `at`. */
#define VERB(name, what, at, len, arguments, ...) \
	__typeof__(name) __real_##name, __wrap_##name; \
	bool __wrap_##name(__VA_ARGS__) \
	{ \
		bool ok; \
\
		ok = __real_##name arguments; \
		if (ok) \
			note(what, at, len); \
		look_below(); \
		return ok; \
	}

VERB(sj_ec_secret_random, "an ephemeral private key", out->bytes, out->len, (curve, rnd, out),
     enum sj_curve curve, const struct sj_random *rnd, struct sj_ec_secret *out)
VERB(sj_ec_secret_read, "a private key", out->bytes, out->len, (curve, in, out),
     enum sj_curve curve, struct sj_span in, struct sj_ec_secret *out)
VERB(sj_ec_agree, "an agreed secret", out, sj_curve_field_size(curve), (curve, k, peer, out),
     enum sj_curve curve, const struct sj_ec_secret *k, const struct sj_ec_point *peer,
     uint8_t *out)
VERB(sj_dh_secret_random, "an ephemeral exponent", out->bytes, out->len, (group, rnd, out),
     enum sj_dh_group group, const struct sj_random *rnd, struct sj_dh_secret *out)
VERB(sj_dh_agree, "an agreed number", out,
     SCAN_NEEDLE < sj_dh_size(group) ? SCAN_NEEDLE : sj_dh_size(group), (group, x, peer, out),
     enum sj_dh_group group, const struct sj_dh_secret *x, const struct sj_dh_public *peer,
     uint8_t *out)
VERB(sj_kdf, "a session key", out, sj_cipher_key_size(c), (c, secret, counter, out),
     enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter, uint8_t *out)
VERB(sj_hkdf_extract, "an extracted key", prk, SJ_PRK_SIZE, (salt, ikm, prk), struct sj_span salt,
     struct sj_span ikm, uint8_t *prk)
VERB(sj_hkdf_expand, "an expanded key", out, len, (prk, info, n, out, len), struct sj_hmac *prk,
     const struct sj_span *info, size_t n, uint8_t *out, size_t len)

/* A key of RSA stays where it is kept; nothing is to be left of the use. */
__typeof__(sj_rsa_private) __real_sj_rsa_private, __wrap_sj_rsa_private;
bool __wrap_sj_rsa_private(struct sj_span pkcs8, struct sj_span in, uint8_t *out)
{
	const bool ok = __real_sj_rsa_private(pkcs8, in, out);

	if (made.noting)
		made_rsa(pkcs8);
	look_below();
	return ok;
}

/* --- what a test calls --------------------------------------------------------------------------- */

void made_begin(uintptr_t left_out)
{
	const bool quiet = made.scan.quiet;

	explicit_bzero(&made, sizeof(made));
	made.scan.quiet = quiet;
	made.left_out = left_out;
	made.noting = true;
}

void made_follow(void)
{
	made.following = true;
}

void made_key(const char *name, const void *bytes, size_t len)
{
	scan_add_key(&made.scan, name, bytes, len);
}

void made_rsa(struct sj_span pkcs8)
{
	struct sj_span part[SJ_RSA_PARTS];
	bool pss;

	if (!sj_rsa_private_parse(pkcs8, part, &pss) ||
	    holds_secret(part[SJ_RSA_D].ptr, part[SJ_RSA_D].len))
		return;
	for (size_t i = SJ_RSA_D; i < SJ_RSA_PARTS; i++)
		made_key("a number of an RSA key", part[i].ptr, part[i].len);
}

struct made_left made_end(void)
{
	made.noting = false;
	for (size_t i = 0; i < made.n; i++)
		if (!made.places[i].wiped) {
			made.left.places++;
			if (!made.scan.quiet)
				fprintf(stderr, "# %s, the %zuth that was made, was not wiped\n",
					made.places[i].what, i);
		}
	made.left.memory = made.scan.full ? -1 : scan_process(&made.scan, 0);
	return made.left;
}

size_t made_count(void)
{
	return made.scan.n;
}

void made_quiet(bool quiet)
{
	made.scan.quiet = quiet;
}

const struct made_sites *made_sites(void)
{
	return &made.sites;
}
