/*
 * Certificates that others' programs made, on our card: those of OpenPACE's cvc-create, ECDSA and RSA,
 * and those of `sojourn authority`. libeac is the terminal.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tests/card/eac_rig.h"
#include "tests/peers/eac_terminal.h"
#include "tests/skip.h"
#include "wire/std/tr03110.h"

struct fixture {
	char script[2048];
	char folder[64];
	struct eac_card card;
	uint8_t cvca[SJ_CVC_MAX], dv[SJ_CVC_MAX], terminal[SJ_CVC_MAX], key[4096], chat[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->folder, "/tmp/sojourn-eac-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	*state = f;
	return 0;
}

static bool run(const struct fixture *f, const char *script)
{
	char line[3000];

	assert_true(
		snprintf(
			line, sizeof(line),
			"PATH=$(realpath \"${SOJOURN_BUILD:-build}\")/bin:$PATH; cd %s && "
			"export SOJOURN_CONFIG=/dev/null && { %s\n} >talk 2>&1 || { cat talk; false; }",
			f->folder, script) < (int)sizeof(line));
	return system(line) == 0; // NOLINT(cert-env33-c): a test
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", f->folder);
	assert_int_equal(system(line), 0); // NOLINT(cert-env33-c)
	if (f->card.b != NULL)
		bench_free(f->card.b);
	free(f);
	return 0;
}

static struct sj_span slurp(const struct fixture *f, const char *name, uint8_t *bytes, size_t cap)
{
	char path[128];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	n = fread(bytes, 1, cap, file);
	fclose(file);
	assert_true(n > 0 && n < cap);
	return sj_span(bytes, n);
}

/* A card of today that believes ca.cvcert; then t.cvcert under dv.cvcert, with t.key. */
static void terminal_is_known(struct fixture *f, const char *ta_oid)
{
	const struct sj_span anchor = slurp(f, "ca.cvcert", f->cvca, sizeof(f->cvca));
	const struct eac_plan card = {
		.flags = CARD_EAC_EID, .date = time(NULL), .anchors = { anchor }, .keys = true
	};
	struct sj_writer w = SJ_WRITER_OF(f->chat);
	struct peer_eac_plan plan = {
		.cvca = anchor, .reference = 3, .secret = EAC_PIN, .ta_oid = ta_oid
	};
	struct peer_eac *t;
	struct sj_cvc c;
	const char *fault;

	plan.dv = slurp(f, "dv.cvcert", f->dv, sizeof(f->dv));
	plan.terminal = slurp(f, "t.cvcert", f->terminal, sizeof(f->terminal));
	plan.key = slurp(f, "t.key", f->key, sizeof(f->key));
	assert_true(sj_cvc_read(plan.terminal, &c));
	sj_cvc_chat_put(&w, &c.rights);
	plan.chat = sj_written(&w);
	eac_issue(&f->card, &card);
	t = peer_eac_visit(&plan, &f->card, PEER_EAC_OWN_SECTOR, &fault);
	if (fault != NULL)
		fail_msg("%s", fault);
	assert_true(card_terminal_is(f->card.b->card, true, SJ_CVC_AUTHENTICATION));
	assert_true(card_terminal(f->card.b->card)->rights.bits == c.rights.bits);
	peer_eac_free(t);
}

/* --- OpenPACE ------------------------------------------------------------------------- */

static bool has_openpace(const struct fixture *f)
{
	return run(f, "command -v cvc-create openssl");
}

/* Certificates by cvc-create for the keys that `keys` makes. */
static void made_by_cvc_create(struct fixture *f, const char *scheme, const char *keys)
{
	snprintf(
		f->script, sizeof(f->script),
		"%s\n"
		"create() { name=$1; role=$2; shift 2; cvc-create --role=$role "
		"--out-cert=$name.cvcert --scheme=%s --expires=$(date -u -d '+30 days' +%%y%%m%%d) "
		"\"$@\"; }\n"
		"create ca cvca --type=at --chr=XOCVCA00001 --sign-with=ca.key --read-dg4 "
		"--read-dg8 --rid &&\n"
		"create dv dv_domestic --chr=XODV00001 --key=dv.key --sign-with=ca.key "
		"--sign-as=ca.cvcert --read-dg4 --read-dg8 --rid &&\n"
		"create t terminal --chr=XOTERM00001 --key=t.key --sign-with=dv.key "
		"--sign-as=dv.cvcert --read-dg4 --rid",
		keys, scheme);
	assert_true(run(f, f->script));
}

#define GENERATE(options) \
	"for k in ca dv t; do openssl genpkey -outform DER -out $k.key " options "; done"
#define EC(curve) \
	GENERATE("-algorithm EC -pkeyopt ec_paramgen_curve:" curve \
		 " -pkeyopt ec_param_enc:explicit")
/* Slow to find: the first case that wants them keeps them for the others. */
#define RSA \
	"cp ../sojourn-eac-rsa.$PPID/*.key . || { mkdir ../sojourn-eac-rsa.$PPID && " GENERATE( \
		"-algorithm RSA -pkeyopt rsa_keygen_bits:2048") " && cp *.key ../sojourn-eac-rsa.$PPID; }"

static void cvc_create(struct fixture *f, const char *scheme, const char *keys, const char *oid)
{
	if (!has_openpace(f))
		SKIP_BECAUSE("no OpenPACE (package openpace)");
	made_by_cvc_create(f, scheme, keys);
	terminal_is_known(f, oid);
}

static void test_cvc_create_ecdsa_sha256(void **state)
{
	cvc_create(*state, "ECDSA_SHA_256", EC("brainpoolP256r1"), "04007F00070202020203");
}

static void test_cvc_create_ecdsa_sha384(void **state)
{
	cvc_create(*state, "ECDSA_SHA_384", EC("P-384"), "04007F00070202020204");
}

static void test_cvc_create_ecdsa_sha512(void **state)
{
	cvc_create(*state, "ECDSA_SHA_512", EC("brainpoolP512r1"), "04007F00070202020205");
}

static void test_cvc_create_rsa_v15(void **state)
{
	cvc_create(*state, "RSA_v1_5_SHA_256", RSA, "04007F00070202020102");
}

static void test_cvc_create_rsa_v15_sha512(void **state)
{
	cvc_create(*state, "RSA_v1_5_SHA_512", RSA, "04007F00070202020105");
}

static void test_cvc_create_rsa_pss(void **state)
{
	cvc_create(*state, "RSA_PSS_SHA_256", RSA, "04007F00070202020104");
}

/* --- ours -------------------------------------------------------------------------------- */

static void authority(struct fixture *f, const char *curve, const char *oid)
{
	snprintf(f->script, sizeof(f->script),
		 "sojourn authority init ut && sojourn authority cvca init ut --key %s &&\n"
		 "sojourn authority dv init ut &&\n"
		 "sojourn authority terminal request --holder UTHOTEL00001 --key %s "
		 "--key-out t.key --out t.cvreq &&\n"
		 "sojourn authority terminal sign ut t.cvreq --service 'bank account opening' "
		 "--out t.cvcert &&\n"
		 "cp ut/cvca-at-1.cvcert ca.cvcert && cp ut/dv-at-1.cvcert dv.cvcert",
		 curve, curve);
	assert_true(run(f, f->script));
	terminal_is_known(f, oid);
}

static void test_authority_on_p256(void **state)
{
	authority(*state, "P-256", "04007F00070202020203");
}

static void test_authority_on_brainpool_384(void **state)
{
	authority(*state, "brainpoolP384r1", "04007F00070202020204");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static int forget_keys(void **state)
{
	(void)state;
	return system("rm -rf /tmp/sojourn-eac-rsa.$PPID"); // NOLINT(cert-env33-c)
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_cvc_create_ecdsa_sha256),   CASE(test_cvc_create_ecdsa_sha384),
		CASE(test_cvc_create_ecdsa_sha512),   CASE(test_cvc_create_rsa_v15),
		CASE(test_cvc_create_rsa_v15_sha512), CASE(test_cvc_create_rsa_pss),
		CASE(test_authority_on_p256),         CASE(test_authority_on_brainpool_384),
	};

	return cmocka_run_group_tests(tests, NULL, forget_keys);
}
