/*
 * What a flow made in secret is gone when it is over: reader and card of this process make keys by the verbs of
 * crypt, each is noted. Where it was made it must have been wiped, and when card and handles are closed all
 * memory is searched for it.
 */
#include <stdlib.h>
#include <string.h>

#include "crypt/hkdf.h"
#include "crypt/kdf.h"
#include "crypt/wipe.h"
#include "tests/failures/scan.h"
#include "tests/hostile/eid.h"
#include "tests/reader/piv_stage.h"

static struct scan scan;

/* --- the verbs that make secrets ------------------------------------------------------------ */

/* The linker knows them by these names (--wrap). */
bool __real_sj_ec_secret_random(enum sj_curve curve, const struct sj_random *rnd,
				struct sj_ec_secret *out);
bool __wrap_sj_ec_secret_random(enum sj_curve curve, const struct sj_random *rnd,
				struct sj_ec_secret *out);
bool __real_sj_ec_agree(enum sj_curve curve, const struct sj_ec_secret *k,
			const struct sj_ec_point *peer, uint8_t out[static SJ_EC_FIELD_MAX]);
bool __wrap_sj_ec_agree(enum sj_curve curve, const struct sj_ec_secret *k,
			const struct sj_ec_point *peer, uint8_t out[static SJ_EC_FIELD_MAX]);
bool __real_sj_kdf(enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter,
		   uint8_t out[static SJ_CIPHER_KEY_MAX]);
bool __wrap_sj_kdf(enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter,
		   uint8_t out[static SJ_CIPHER_KEY_MAX]);

bool __real_sj_hkdf_expand(struct sj_hmac *prk, const struct sj_span *info, size_t n, uint8_t *out,
			   size_t len);
bool __wrap_sj_hkdf_expand(struct sj_hmac *prk, const struct sj_span *info, size_t n, uint8_t *out,
			   size_t len);
void __real_sj_wipe(void *ptr, size_t n);
void __wrap_sj_wipe(void *ptr, size_t n);

static bool noting;

/* Where a secret was put. */
static struct made {
	const char *what;
	const uint8_t *at;
	size_t len;
	bool wiped;
} made[SCAN_NEEDLES];
static size_t made_count;

static void note(const char *what, const uint8_t *at, size_t len)
{
	if (!noting)
		return;
	scan_add(&scan, what, at, len);
	assert_true(made_count < SCAN_NEEDLES);
	made[made_count++] = (struct made){ what, at, len, false };
}

void __wrap_sj_wipe(void *ptr, size_t n)
{
	const uint8_t *from = ptr;

	for (size_t i = 0; i < made_count; i++)
		if (made[i].at >= from && made[i].at + made[i].len <= from + n)
			made[i].wiped = true;
	__real_sj_wipe(ptr, n);
}

bool __wrap_sj_hkdf_expand(struct sj_hmac *prk, const struct sj_span *info, size_t n, uint8_t *out,
			   size_t len)
{
	bool ok = __real_sj_hkdf_expand(prk, info, n, out, len);

	if (ok)
		note("an expanded key", out, len);
	return ok;
}

bool __wrap_sj_ec_secret_random(enum sj_curve curve, const struct sj_random *rnd,
				struct sj_ec_secret *out)
{
	bool ok = __real_sj_ec_secret_random(curve, rnd, out);

	if (ok)
		note("an ephemeral private key", out->bytes, out->len);
	return ok;
}

bool __wrap_sj_ec_agree(enum sj_curve curve, const struct sj_ec_secret *k,
			const struct sj_ec_point *peer, uint8_t out[static SJ_EC_FIELD_MAX])
{
	bool ok = __real_sj_ec_agree(curve, k, peer, out);

	if (ok)
		note("an agreed secret", out, sj_curve_field_size(curve));
	return ok;
}

bool __wrap_sj_kdf(enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter,
		   uint8_t out[static SJ_CIPHER_KEY_MAX])
{
	bool ok = __real_sj_kdf(c, secret, counter, out);

	if (ok)
		note("a session key", out, sj_cipher_key_size(c));
	return ok;
}

/* --- flows ------------------------------------------------------------------------------------- */

static void begin(void)
{
	memset(&scan, 0, sizeof(scan));
	made_count = 0;
	noting = true;
}

/* Some secrets were made, and none of them is left. */
static void assert_clean(void)
{
	noting = false;
	for (size_t i = 0; i < made_count; i++)
		if (!made[i].wiped)
			fail_msg("%s, the %zuth that was made, was not wiped", made[i].what, i);
	assert_true(scan.n > 0);
	assert_false(scan.full);
	assert_int_equal(scan_process(&scan, 0), 0);
}

static void test_a_document(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.aa = SJ_P256;
	d = issued_new(&plan);
	begin();
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	noting = false;
	card_power_off(d->bench->card);
	sj_card_close(d->card);
	d->card = NULL;
	assert_clean();
	issued_free(d);
}

static void test_an_eid_card(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	begin();
	assert_int_equal(eid_ask(r, NULL), SJ_OK);
	noting = false;
	card_power_off(r->d->bench->card);
	sj_card_close(r->d->card);
	r->d->card = NULL;
	assert_clean();
	eid_free(r);
}

static void test_keys_and_their_pin(void **state)
{
	struct piv_stage *s = piv_stage_new(&(struct piv_plan){ .interface = CARD_CONTACTLESS });
	static const uint8_t digest[32] = { 1 };
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	(void)state;
	s->answers[0] = STAGE_PAIRING;
	begin();
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_verify_and_sign(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, 0x9C, SJ_PIV_P256,
						digest, sizeof(digest), out, &len, NULL),
			 SJ_OK);
	noting = false;
	card_power_off(s->b->card);
	piv_stage_close(s);
	assert_clean();
	piv_stage_free(s);
}

/* A scan that finds nothing where something is would prove nothing. */
static void test_a_secret_that_stays_is_found(void **state)
{
	char *kept = malloc(32);

	(void)state;
	assert_non_null(kept);
	memset(&scan, 0, sizeof(scan));
	scan.quiet = true;
	snprintf(kept, 32, "%s", "8 digits: ");
	scan_add_text(&scan, "digits", "73915082");
	assert_int_equal(scan_process(&scan, 0), 0);
	for (unsigned i = 0; i < 8; i++)
		kept[10 + i] = (char)(scan.needles[0].masked[i] ^ 0xA5);
	assert_true(scan_process(&scan, 0) > 0);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_document),
		cmocka_unit_test(test_an_eid_card),
		cmocka_unit_test(test_keys_and_their_pin),
		cmocka_unit_test(test_a_secret_that_stays_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
