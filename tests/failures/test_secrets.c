/*
 * What a flow made in secret is gone when it is over: reader and card of this process make keys by the verbs of
 * crypt, each is noted. Where it was made it must have been wiped, and when card and handles are closed all
 * memory is searched for it.
 */
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypt/sign.h"
#include "crypt/wipe.h"
#include "tests/failures/made.h"
#include "tests/failures/scan.h"
#include "tests/failures/sweep.h"
#include "tests/hostile/eid.h"
#include "tests/reader/piv_stage.h"

/* --- flows ------------------------------------------------------------------------------------- */

static bool is_nothing(struct made_left left)
{
	return left.places == 0 && left.freed == 0 && left.stack == 0 && left.memory == 0;
}

/* Some secrets were made, and none of them is left. */
static void assert_clean(void)
{
	assert_true(is_nothing(made_end()));
	assert_true(made_count() > 0);
}

static void read_document(const struct plan *plan)
{
	struct issued *d = issued_new(plan);

	made_begin(0);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	card_power_off(d->bench->card);
	sj_card_close(d->card);
	d->card = NULL;
	issued_free(d);
	assert_clean();
}

static void test_a_document(void **state)
{
	struct plan plan = issued_plan();

	(void)state;
	plan.aa = SJ_P256;
	read_document(&plan);
}

static void test_a_document_with_numbers_for_curves(void **state)
{
	struct plan plan = issued_plan();

	(void)state;
	plan.suite = (struct sj_pace_suite){ SJ_PACE_GM, SJ_CIPHER_AES128, SJ_CURVE_NONE,
					     SJ_DH_1024_160 };
	plan.bac = false;
	plan.ca = SJ_CURVE_NONE;
	plan.aa = SJ_CURVE_NONE;
	plan.aa_bits = 2048;
	read_document(&plan);
}

static void test_an_eid_card(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	made_begin(0);
	assert_int_equal(eid_ask(r, NULL), SJ_OK);
	card_power_off(r->d->bench->card);
	sj_card_close(r->d->card);
	r->d->card = NULL;
	eid_free(r);
	assert_clean();
}

static void test_keys_and_their_pin(void **state)
{
	struct piv_stage *s = piv_stage_new(&(struct piv_plan){ .interface = CARD_CONTACTLESS });
	static const uint8_t digest[32] = { 1 };
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	(void)state;
	s->answers[0] = STAGE_PAIRING;
	made_begin(0);
	assert_int_equal(piv_stage_open(s), SJ_OK);
	assert_int_equal(sj_piv_verify_and_sign(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, 0x9C, SJ_PIV_P256,
						digest, sizeof(digest), out, &len, NULL),
			 SJ_OK);
	card_power_off(s->b->card);
	piv_stage_close(s);
	piv_stage_free(s);
	assert_clean();
}

static void test_keys_in_files(void **state)
{
	static const char *const kinds[] = { "P-256", "brainpoolP384r1", "RSA-2048" };
	static uint8_t bytes[SJ_KEY_MAX], signature[SJ_RSA_MAX];

	(void)state;
	made_begin(0);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes), s = SJ_WRITER_OF(signature);
		uint8_t room[64];
		struct sj_writer algorithm = SJ_WRITER_OF(room);
		struct sj_key *made = sj_key_generate(kinds[i]), *read;
		struct sj_ec_secret secret;
		struct sj_ec_point point;
		enum sj_curve curve;

		assert_non_null(made);
		if (sj_key_get_ec(made, &curve, &secret, &point))
			made_key("a private key", secret.bytes, secret.len);
		sj_wipe(&secret, sizeof(secret));
		assert_true(sj_key_put(made, &w));
		made_rsa(sj_written(&w));
		read = sj_key_read(sj_written(&w));
		assert_non_null(read);
		assert_true(sj_key_sign(read, SJ_SPAN_STR("message"), &algorithm, &s));
		sj_key_free(read);
		sj_key_free(made);
		sj_wipe(bytes, sizeof(bytes));
	}
	assert_clean();
	assert_true(made_count() > 50); /* RSA's among them */
}

/* Of a signature (r, s) by the key d: k = s^-1 (e + r d), which tells d to whoever finds it. */
static void nonce_of(const uint8_t signature[static 64], const struct sj_ec_secret *d,
		     const uint8_t digest[static 32], uint8_t out[static 32])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *n = EC_GROUP_get0_order(group);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *k = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
	BIGNUM *e = BN_bin2bn(digest, 32, NULL), *key = BN_bin2bn(d->bytes, (int)d->len, NULL);

	assert_non_null(BN_mod_inverse(s, s, n, ctx));
	assert_true(BN_mod_mul(k, k, key, n, ctx) == 1 && BN_mod_add(k, k, e, n, ctx) == 1 &&
		    BN_mod_mul(k, k, s, n, ctx) == 1 && BN_bn2binpad(k, out, 32) == 32);
	BN_free(key);
	BN_free(e);
	BN_free(s);
	BN_free(k);
	BN_CTX_free(ctx);
	EC_GROUP_free(group);
}

/* Both verbs that sign; the other one has the key from a file. */
static void test_a_signature_leaves_no_nonce(void **state)
{
	static const uint8_t digest[32] = { 0x5A, 1, 2 };
	uint8_t signature[SJ_EC_SIGNATURE_MAX], nonce[32];
	struct sj_writer w = SJ_WRITER_OF(signature);
	struct sj_key *key = sj_key_generate("P-256");
	struct sj_ec_secret d;
	struct sj_ec_point point;
	enum sj_curve curve;
	size_t len;

	(void)state;
	assert_true(sj_key_get_ec(key, &curve, &d, &point));
	assert_true(sj_ec_sign(SJ_P256, &d, SJ_SPAN_OF(digest), signature, &len));
	made_stack_keep();
	nonce_of(signature, &d, digest, nonce);
	assert_int_equal(made_stack_holds(nonce, sizeof(nonce)), 0);
	assert_true(sj_key_sign_digest(key, SJ_SPAN_OF(digest), &w));
	made_stack_keep();
	nonce_of(signature, &d, digest, nonce);
	assert_int_equal(made_stack_holds(nonce, sizeof(nonce)), 0);
	sj_key_free(key);
}

/* --- the operations of the sweeps ------------------------------------------------------------ */

static const struct operation *const tables[] = {
	sweep_document, sweep_service, sweep_trust, sweep_journal,
	sweep_gate,     sweep_piv,     sweep_card,  sweep_pkcs11,
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Once, from its room to the end of it. */
static struct made_left operate(const struct operation *o, uintptr_t left_out, bool follow)
{
	void *room = NULL;
	unsigned long rc;

	if (o->open)
		assert_int_equal(o->open(&room), 0);
	if (o->ready)
		o->ready(room);
	made_begin(left_out);
	if (follow)
		made_follow();
	rc = o->run(room);
	made_look();
	if (o->holds)
		(void)o->holds(room, rc);
	if (o->close)
		assert_int_equal(o->close(&room), 0);
	return made_end();
}

/* Those whose rooms leave nothing of their own. */
static const char *const clean[] = {
	"document: verify, PACE-CAM",
	"service: change the PIN",
	"evidence: add",
	"evidence: export",
	"keys: generate",
	"module: C_Login",
	"module: C_Sign",
	"module: C_CreateObject, C_DestroyObject",
};

static void test_operations(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(clean) / sizeof(clean[0]); n++)
		for (size_t i = 0; i < TABLES; i++)
			for (const struct operation *o = tables[i]; o->name != NULL; o++) {
				if (strcmp(o->name, clean[n]) != 0)
					continue;
				assert_true(is_nothing(operate(o, 0, false)));
				assert_true(made_count() > 0);
			}
}

/* What a run in a child tells. */
struct told {
	bool ended; /* well */
	struct made_left left;
	size_t secrets;
	struct made_sites sites;
};

/* In a child: what is left of one run, or its death, is nobody else's. */
static void operate_apart(const struct operation *o, uintptr_t left_out, bool follow,
			  struct told *told)
{
	pid_t child;

	told->ended = false;
	child = fork();
	if (child == 0) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		alarm(60);
		made_quiet(true);
		told->left = operate(o, left_out, follow);
		told->secrets = made_count();
		told->sites = *made_sites();
		told->ended = true;
		_exit(0);
	}
	assert_true(child > 0 && waitpid(child, NULL, 0) == child);
}

/* Wipings of secrets, by where they stand in the program: 0 not noticed, 1 noticed when left out. */
struct wipings {
	struct wiping {
		uintptr_t at;
		bool noticed;
		const char *in; /* the operation that was tried last */
	} list[MADE_SITES];
	size_t n;
};

static struct wiping *wiping_at(struct wipings *all, uintptr_t at)
{
	size_t i = 0;

	while (i < all->n && all->list[i].at != at)
		i++;
	if (i == all->n && all->n < MADE_SITES)
		all->list[all->n++] = (struct wiping){ .at = at };
	return i < MADE_SITES ? &all->list[i] : NULL;
}

/* The test's own side of an operation leaves some, too. */
static bool is_more(const struct made_left *left, const struct made_left *base)
{
	return left->places > base->places || left->freed > base->freed ||
	       left->stack > base->stack || left->memory > base->memory || left->life > base->life;
}

static void leave_out_in(const struct operation *o, bool follow, struct wipings *all,
			 struct told *told)
{
	static struct made_sites sites;
	struct made_left base;

	operate_apart(o, 0, follow, told);
	base = told->left;
	sites = told->sites;
	for (size_t i = 0; i < sites.n; i++) {
		struct wiping *w = sites.list[i].secret ? wiping_at(all, sites.list[i].at) : NULL;

		if (w == NULL || w->noticed)
			continue;
		operate_apart(o, w->at, follow, told);
		w->noticed = !told->ended || is_more(&told->left, &base);
		w->in = o->name;
	}
}

/*
 * Each wiping of a secret left out, in each operation until one notices. What none notices:
 *
 *  - sj_session_sm_end() as sj_session_sm_start() calls it: the new keys are written over the old ones at once
 *  - card_sm_drop() after a wrong MAC: the session's keys go once more when the card loses power, and no command
 *    comes between
 *  - sj_responder_end(): keys, and then all that they stand in; sj_tap_free(): a tap that came to its end has
 *    none left, one that is given up has; sj_edhoc_prk_end() as the card of the gate's tests calls it
 *  - locals of sj_bac_run(), put_cam_data(), sj_hmac_new(), extract_4e3m(), put_ec() and sj_piv_import(): here
 *    the next call's frames cover them before anything is looked at; with another compiler they need not
 */
static int leave_out(const char *name)
{
	static struct wipings all;
	size_t noticed = 0;
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(told != MAP_FAILED);
	for (unsigned follow = 0; follow < 2; follow++)
		for (size_t i = 0; i < TABLES; i++)
			for (const struct operation *o = tables[i]; o->name != NULL; o++)
				if (strncmp(o->name, name, strlen(name)) == 0)
					leave_out_in(o, follow == 1, &all, told);
	for (size_t i = 0; i < all.n; i++) {
		noticed += all.list[i].noticed;
		if (!all.list[i].noticed)
			printf("# not noticed: the wiping at 0x%lx, in %s\n",
			       (unsigned long)all.list[i].at, all.list[i].in);
	}
	printf("figure: secrets.wipings %zu\nfigure: secrets.wipings.noticed %.1f\n", all.n,
	       100.0 * (double)noticed / (double)(all.n > 0 ? all.n : 1));
	munmap(told, sizeof(*told));
	return 0;
}

/* A scan that finds nothing where something is would prove nothing. */
static void test_a_secret_that_stays_is_found(void **state)
{
	char *kept = malloc(32);
	static struct scan scan;

	(void)state;
	assert_non_null(kept);
	scan.quiet = true;
	snprintf(kept, 32, "%s", "8 digits: ");
	scan_add_text(&scan, "digits", "73915082");
	assert_int_equal(scan_process(&scan, 0), 0);
	for (unsigned i = 0; i < 8; i++)
		kept[10 + i] = (char)(scan.needles[0].masked[i] ^ 0xA5);
	assert_true(scan_process(&scan, 0) > 0);
	free(kept);
}

/* And in memory that is not written to any more, a file's or not. */
static void test_a_secret_that_cannot_be_written_to_is_found(void **state)
{
	static struct scan scan;
	const int fds[] = { -1, open("/proc/self/exe", O_RDONLY | O_CLOEXEC) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *page =
			mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     fds[i] < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, fds[i], 0);

		assert_true(page != MAP_FAILED);
		memset(&scan, 0, sizeof(scan));
		scan.quiet = true;
		scan_add_text(&scan, "digits", "60382917");
		for (unsigned n = 0; n < 8; n++)
			page[100 + n] = (char)(scan.needles[0].masked[n] ^ 0xA5);
		assert_int_equal(mprotect(page, 4096, PROT_READ), 0);
		assert_int_equal(scan_process(&scan, 0), 1);
		munmap(page, 4096);
	}
	close(fds[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_document),
		cmocka_unit_test(test_a_document_with_numbers_for_curves),
		cmocka_unit_test(test_an_eid_card),
		cmocka_unit_test(test_keys_and_their_pin),
		cmocka_unit_test(test_keys_in_files),
		cmocka_unit_test(test_a_signature_leaves_no_nonce),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_a_secret_that_stays_is_found),
		cmocka_unit_test(test_a_secret_that_cannot_be_written_to_is_found),
	};

	if (argc > 1 && strcmp(argv[1], "--leave-out") == 0)
		return leave_out(argc > 2 ? argv[2] : "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
