/* Keys in a PKCS#11 token: SoftHSM with a token of its own in a temporary directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "authority/hsm_token.h"
#include "authority/keystore.h"
#include "authority/secrets.h"
#include "cli/frame.h"
#include "crypt/cipher.h"
#include "tests/skip.h"

#define URI "pkcs11:token=test?module-path=/usr/lib/softhsm/libsofthsm2.so"

struct fixture {
	struct cli cli;
	struct cli_option options[2];
	struct cli_given given[1];
	struct hsm *hsm;
	char *err;
	size_t err_len;
	char dir[40], pin[60];
};

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, 0600), 0);
}

static void use_pin(struct fixture *f, const char *pin)
{
	write_text(f->pin, pin);
	f->options[0] = (struct cli_option){ .name = "hsm-pin-file", .argument = "FILE" };
	f->given[0] = (struct cli_given){ &f->options[0], f->pin };
	f->cli.given = f->given;
	f->cli.given_n = 1;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[80], text[160];

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-hsm-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->pin, sizeof(f->pin), "%s/pin", f->dir);
	snprintf(path, sizeof(path), "%s/conf", f->dir);
	snprintf(text, sizeof(text), "directories.tokendir = %s\nlog.level = ERROR\n", f->dir);
	write_text(path, text);
	setenv("SOFTHSM2_CONF", path, 1);
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	use_pin(f, "12345678\n");
	assert_int_equal(system("softhsm2-util --init-token --free --label test --so-pin 1234 "
				"--pin 12345678 >/dev/null"), /* NOLINT(cert-env33-c) */
			 0);
	f->hsm = hsm_new(&f->cli, URI);
	assert_non_null(f->hsm);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	hsm_release(f->hsm);
	fclose(f->cli.err);
	free(f->err);
	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

static const char *told(struct fixture *f)
{
	fflush(f->cli.err);
	return f->err;
}

static struct sj_key *make(struct fixture *f, const char *kind, uint8_t id[static HSM_ID_SIZE])
{
	struct sj_key *key = NULL;

	assert_int_equal(hsm_make(f->hsm, kind, "UTO signer-1", id), 0);
	assert_int_equal(hsm_key(f->hsm, kind, "signer-1", id, &key), 0);
	return key;
}

static bool signs(const struct sj_key *key)
{
	static uint8_t spki_bytes[800], algorithm_bytes[100], signature_bytes[600];
	struct sj_writer spki = SJ_WRITER_OF(spki_bytes), algorithm = SJ_WRITER_OF(algorithm_bytes);
	struct sj_writer signature = SJ_WRITER_OF(signature_bytes);
	const struct sj_span message = SJ_SPAN_STR("Sojourn");

	return sj_key_put_public(key, false, &spki) &&
	       sj_key_sign(key, message, &algorithm, &signature) &&
	       sj_signature_verify(sj_written(&spki), sj_written(&algorithm), SJ_HASH_NONE, message,
				   sj_written(&signature));
}

static void every_kind_signs_in_the_token(void **state)
{
	static const char *const kinds[] = { "P-256",           "P-384",           "P-521",
					     "brainpoolP256r1", "brainpoolP384r1", "RSA-2048",
					     "RSA-PSS-2048" };
	uint8_t id[HSM_ID_SIZE];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sj_key *key = make(*state, kinds[i], id);

		if (!signs(key))
			fail_msg("%s", kinds[i]);
		sj_key_free(key);
	}
}

static void keys_are_told_apart_by_their_ids(void **state)
{
	struct fixture *f = *state;
	uint8_t one[HSM_ID_SIZE], two[HSM_ID_SIZE];
	struct sj_ec_point p, q;
	struct sj_key *a = make(f, "P-256", one), *b = make(f, "P-256", two);
	enum sj_curve curve;

	assert_true(sj_key_get_point(a, &curve, &p));
	assert_true(sj_key_get_point(b, &curve, &q));
	assert_memory_not_equal(p.bytes, q.bytes, p.len);
	assert_true(signs(a) && signs(b));
	sj_key_free(a);
	sj_key_free(b);
}

/* Private keys do not come out, whoever asks. */
static void a_key_stays_in_the_token(void **state)
{
	struct fixture *f = *state;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE of_class = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE object;
	uint8_t id[HSM_ID_SIZE], value[64];
	CK_ATTRIBUTE wanted = { CKA_VALUE, value, sizeof(value) };
	CK_ULONG n = 0;

	sj_key_free(make(f, "P-256", id));
	assert_int_equal(f->hsm->module->C_FindObjectsInit(f->hsm->session, &of_class, 1), CKR_OK);
	assert_int_equal(f->hsm->module->C_FindObjects(f->hsm->session, &object, 1, &n), CKR_OK);
	assert_int_equal(f->hsm->module->C_FindObjectsFinal(f->hsm->session), CKR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(f->hsm->module->C_GetAttributeValue(f->hsm->session, object, &wanted, 1),
			 CKR_ATTRIBUTE_SENSITIVE);
}

static void a_session_that_died_is_opened_anew(void **state)
{
	struct fixture *f = *state;
	uint8_t id[HSM_ID_SIZE];
	struct sj_key *key = make(f, "P-256", id);
	const unsigned before = f->hsm->generation;

	assert_int_equal(f->hsm->module->C_CloseSession(f->hsm->session), CKR_OK);
	assert_true(signs(key));
	assert_int_equal(f->hsm->generation, before + 1);
	assert_int_equal(f->hsm->module->C_Logout(f->hsm->session), CKR_OK);
	assert_true(signs(key));
	sj_key_free(key);
}

static void a_child_opens_its_own(void **state)
{
	struct fixture *f = *state;
	uint8_t id[HSM_ID_SIZE];
	struct sj_key *key = make(f, "P-256", id);
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(signs(key) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(signs(key));
	sj_key_free(key);
}

static void cmac_in_the_token_is_cmac(void **state)
{
	struct fixture *f = *state;
	uint8_t id[HSM_ID_SIZE], one[HSM_CMAC_SIZE], two[HSM_CMAC_SIZE];

	assert_int_equal(hsm_make(f->hsm, "AES-256", "UTO card-master-1", id), 0);
	assert_int_equal(hsm_cmac(f->hsm, "card-master-1", id, SJ_SPAN_STR("a"), one), 0);
	assert_int_equal(hsm_cmac(f->hsm, "card-master-1", id, SJ_SPAN_STR("a"), two), 0);
	assert_memory_equal(one, two, sizeof(one));
	assert_int_equal(hsm_cmac(f->hsm, "card-master-1", id, SJ_SPAN_STR("b"), two), 0);
	assert_memory_not_equal(one, two, sizeof(one));
}

/* A key of ours in the token gives what the same key gives here. */
static void cmac_agrees_with_ours(void **state)
{
	struct fixture *f = *state;
	static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static CK_KEY_TYPE type = CKK_AES;
	static CK_BBOOL yes = CK_TRUE;
	uint8_t id[HSM_ID_SIZE] = { 7 }, key[32] = { 1, 2, 3 }, one[HSM_CMAC_SIZE],
		two[HSM_CMAC_SIZE];
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_SIGN, &yes, sizeof(yes) },
			     { CKA_ID, id, sizeof(id) },
			     { CKA_VALUE, key, sizeof(key) } };
	const struct sj_span message = SJ_SPAN_STR("\x01\x00"
						   "card\x01\x00");
	CK_OBJECT_HANDLE handle;

	assert_int_equal(hsm_ready(f->hsm), 0);
	assert_int_equal(f->hsm->module->C_CreateObject(f->hsm->session, t, 5, &handle), CKR_OK);
	assert_int_equal(hsm_cmac(f->hsm, "card-master-1", id, message, one), 0);
	assert_true(sj_cmac(SJ_CIPHER_AES256, key, &message, 1, two));
	assert_memory_equal(one, two, sizeof(one));
}

/* An authority whose keys are there: what is derived is the same at its next opening. */
static void an_authority_s_secrets_are_in_the_token(void **state)
{
	struct fixture *f = *state;
	struct authority a = { .cli = &f->cli, .directory = f->dir, .lock = -1 };
	uint8_t one[SECRETS_SIZE], two[SECRETS_SIZE];
	char path[80];

	a.state = json_pack("{s:s, s:s}", "country", "UTO", "key_store", URI);
	a.keys = keystore_new(&f->cli);
	assert_int_equal(secrets_make(&a, "card-master-1"), 0);
	assert_int_equal(secrets_derive(&a, "card-master-1", SJ_SPAN_STR("card 1"), one), 0);
	keystore_settled(a.keys);
	keystore_release(a.keys);
	a.keys = keystore_new(&f->cli);
	assert_int_equal(secrets_derive(&a, "card-master-1", SJ_SPAN_STR("card 1"), two), 0);
	assert_memory_equal(one, two, sizeof(one));
	snprintf(path, sizeof(path), "%s/card-master-1.secret", f->dir);
	assert_int_not_equal(access(path, F_OK), 0);
	keystore_release(a.keys);
	json_decref(a.state);
}

static void a_key_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	const uint8_t id[HSM_ID_SIZE] = { 9 };
	struct sj_key *key;

	assert_int_not_equal(hsm_key(f->hsm, "P-256", "csca-1", id, &key), 0);
	assert_non_null(strstr(told(f), "csca-1: the key is not in it"));
	assert_non_null(strstr(told(f), "SJ-1310"));
}

static void what_is_forgotten_is_gone(void **state)
{
	struct fixture *f = *state;
	uint8_t id[HSM_ID_SIZE];
	struct sj_key *key = make(f, "P-256", id);

	sj_key_free(key);
	hsm_forget(f->hsm, id);
	assert_int_not_equal(hsm_key(f->hsm, "P-256", "signer-1", id, &key), 0);
}

static void a_wrong_pin_is_said_and_not_tried_again(void **state)
{
	struct fixture *f = *state;
	uint8_t id[HSM_ID_SIZE];

	use_pin(f, "00000000\n");
	assert_int_not_equal(hsm_make(f->hsm, "P-256", "UTO x", id), 0);
	assert_non_null(strstr(told(f), "the PIN is wrong"));
	assert_false(f->hsm->pin_set);
	use_pin(f, "12345678\n");
	assert_int_not_equal(hsm_make(f->hsm, "P-256", "UTO x", id), 0);
}

static void a_token_that_is_not_there_is_said(void **state)
{
	struct fixture *f = *state;
	struct hsm *other = hsm_new(&f->cli, "pkcs11:token=none?module-path="
					     "/usr/lib/softhsm/libsofthsm2.so");
	uint8_t id[HSM_ID_SIZE];

	assert_int_not_equal(hsm_make(other, "P-256", "UTO x", id), 0);
	assert_non_null(strstr(told(f), "token=none"));
	assert_non_null(strstr(told(f), "no such token"));
	hsm_release(other);
}

static void uris_without_a_token_or_with_a_pin_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(hsm_check_uri(&f->cli, URI), 0);
	assert_int_equal(hsm_check_uri(&f->cli, "pkcs11:serial=12"), 0);
	assert_int_equal(hsm_check_uri(&f->cli, "pkcs11:"), 2);
	assert_int_equal(hsm_check_uri(&f->cli, "token=x"), 2);
	assert_int_equal(hsm_check_uri(&f->cli, "pkcs11:token=x?pin-value=1234"), 2);
	assert_null(strstr(told(f), "1234"));
	assert_null(hsm_new(&f->cli, "token=x"));
}

static void without_softhsm(void **state)
{
	(void)state;
	SKIP_BECAUSE("softhsm2 is not installed: keys in a token are not tested");
}

#define HSM_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HSM_CASE(every_kind_signs_in_the_token),
		HSM_CASE(keys_are_told_apart_by_their_ids),
		HSM_CASE(a_key_stays_in_the_token),
		HSM_CASE(a_session_that_died_is_opened_anew),
		HSM_CASE(a_child_opens_its_own),
		HSM_CASE(cmac_in_the_token_is_cmac),
		HSM_CASE(cmac_agrees_with_ours),
		HSM_CASE(an_authority_s_secrets_are_in_the_token),
		HSM_CASE(a_key_that_is_not_there_is_named),
		HSM_CASE(what_is_forgotten_is_gone),
		HSM_CASE(a_wrong_pin_is_said_and_not_tried_again),
		HSM_CASE(a_token_that_is_not_there_is_said),
		HSM_CASE(uris_without_a_token_or_with_a_pin_are_refused),
	};
	static const struct CMUnitTest none[] = { cmocka_unit_test(without_softhsm) };

	if (access("/usr/lib/softhsm/libsofthsm2.so", R_OK) != 0 ||
	    access("/usr/bin/softhsm2-util", X_OK) != 0)
		return cmocka_run_group_tests(none, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
