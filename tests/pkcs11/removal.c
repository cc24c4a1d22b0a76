/*
 * removal.c -- the card is taken out at every command of every function: the right error, in
 * time, and the next use works. Takes minutes: pcscd looks for cards every 400 ms.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/bench.h"
#include "tests/pkcs11/stage.h"

#define DEADLINE_MS 3000 /* of a function whose card goes; then of its being back */
#define CUTS_MAX 60 /* more commands than any function sends */

struct scene {
	struct stage stage;
	struct bench_relay *relay;
	pid_t through, card;
	CK_SESSION_HANDLE session;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* --- the functions --------------------------------------------------------------- */

static CK_RV login(struct scene *s, CK_USER_TYPE user, const char *pin)
{
	return C_Login(s->session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

static CK_RV find(struct scene *s, CK_OBJECT_CLASS class, CK_BYTE id, CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &id, sizeof(id) } };
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(s->session, template, 2);

	if (rv == CKR_OK)
		rv = C_FindObjects(s->session, out, 1, &n);
	if (rv == CKR_OK && n == 0)
		rv = CKR_OBJECT_HANDLE_INVALID;
	(void)C_FindObjectsFinal(s->session);
	return rv;
}

static CK_RV sign(struct scene *s, CK_BYTE id)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[128];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = find(s, CKO_PRIVATE_KEY, id, &key);

	if (rv == CKR_OK)
		rv = C_SignInit(s->session, &ecdsa, key);
	if (rv == CKR_OK && id == 0x9C)
		rv = login(s, CKU_CONTEXT_SPECIFIC, STAGE_PIN);
	return rv == CKR_OK ? C_Sign(s->session, digest, sizeof(digest), signature, &len) : rv;
}

static CK_RV by_user(struct scene *s)
{
	return login(s, CKU_USER, STAGE_PIN);
}

static CK_RV by_admin(struct scene *s)
{
	return login(s, CKU_SO, s->stage.admin);
}

static CK_RV token_info(struct scene *s)
{
	CK_TOKEN_INFO info;

	(void)s;
	return C_GetTokenInfo(0, &info);
}

static CK_RV mechanism_list(struct scene *s)
{
	CK_MECHANISM_TYPE list[200];
	CK_ULONG n = 200;

	(void)s;
	return C_GetMechanismList(0, list, &n);
}

static CK_RV open_session(struct scene *s)
{
	CK_SESSION_HANDLE other;

	(void)s;
	return C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &other);
}

/* Every object, and the values of the certificates. */
static CK_RV find_all(struct scene *s)
{
	CK_BYTE value[2048];
	CK_ATTRIBUTE attribute = { CKA_VALUE, value, sizeof(value) };
	CK_OBJECT_HANDLE object;
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(s->session, NULL, 0);

	while (rv == CKR_OK && (rv = C_FindObjects(s->session, &object, 1, &n)) == CKR_OK && n > 0)
		(void)C_GetAttributeValue(s->session, object, &attribute, 1);
	(void)C_FindObjectsFinal(s->session);
	return rv;
}

static CK_RV sign_once(struct scene *s)
{
	return sign(s, 0x9A);
}

static CK_RV sign_always(struct scene *s)
{
	return sign(s, 0x9C);
}

static CK_RV agree(struct scene *s)
{
	CK_BYTE point[67], secret[32];
	CK_ATTRIBUTE ec = { CKA_EC_POINT, point, sizeof(point) };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL no = CK_FALSE;
	CK_ULONG size = sizeof(secret);
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_KEY_TYPE, &type, sizeof(type) },
				    { CKA_TOKEN, &no, sizeof(no) },
				    { CKA_VALUE_LEN, &size, sizeof(size) } };
	CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, 65, point + 2 };
	CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
	CK_OBJECT_HANDLE key, public, out;
	CK_RV rv = find(s, CKO_PUBLIC_KEY, 0x9D, &public);

	if (rv == CKR_OK)
		rv = C_GetAttributeValue(s->session, public, &ec, 1);
	if (rv == CKR_OK)
		rv = find(s, CKO_PRIVATE_KEY, 0x9D, &key);
	return rv == CKR_OK ? C_DeriveKey(s->session, &ecdh, key, template, 4, &out) : rv;
}

static CK_RV random_bytes(struct scene *s)
{
	CK_BYTE bytes[100];

	return C_GenerateRandom(s->session, bytes, sizeof(bytes));
}

static CK_RV set_pin(struct scene *s)
{
	return C_SetPIN(s->session, (CK_UTF8CHAR *)(uintptr_t)STAGE_PIN, 6,
			(CK_UTF8CHAR *)(uintptr_t)STAGE_PIN, 6);
}

static CK_RV make_pair(struct scene *s)
{
	CK_BYTE p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
	CK_BYTE id = 0x95;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, p256, sizeof(p256) },
				  { CKA_TOKEN, &yes, sizeof(yes) },
				  { CKA_ID, &id, sizeof(id) } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_ID, &id, sizeof(id) } };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;

	return C_GenerateKeyPair(s->session, &ec, public, 3, private, 2, &a, &b);
}

static CK_RV log_out(struct scene *s)
{
	return C_Logout(s->session);
}

static const struct function {
	const char *name;
	CK_RV (*before)(struct scene *s);
	CK_RV (*run)(struct scene *s);
} functions[] = {
	{ "C_GetTokenInfo", NULL, token_info },
	{ "C_GetMechanismList", NULL, mechanism_list },
	{ "C_OpenSession", NULL, open_session },
	{ "C_FindObjects, C_GetAttributeValue", NULL, find_all },
	{ "C_Login, user", NULL, by_user },
	{ "C_Login, SO", NULL, by_admin },
	{ "C_Logout", by_user, log_out },
	{ "C_Sign", by_user, sign_once },
	{ "C_Login for this signature, C_Sign", by_user, sign_always },
	{ "C_DeriveKey", by_user, agree },
	{ "C_GenerateRandom", NULL, random_bytes },
	{ "C_SetPIN", by_user, set_pin },
	{ "C_GenerateKeyPair", by_admin, make_pair },
};
#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* --- with and without a card ----------------------------------------------------------- */

/* As after the card's being put in: the module starts anew, without copies. */
static void begin(struct scene *s)
{
	double end = now_ms() + DEADLINE_MS;
	CK_ULONG n = 0;
	CK_SLOT_ID slots[2];

	s->relay->cut = 0;
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	while (n == 0 && now_ms() < end) {
		n = 2;
		assert_int_equal(C_GetSlotList(CK_TRUE, slots, &n), CKR_OK);
		usleep(20000);
	}
	assert_int_equal(n, 1);
	assert_int_equal(
		C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s->session),
		CKR_OK);
}

static bool right(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
	       rv == CKR_SESSION_HANDLE_INVALID;
}

/* The same module, the same card, back again: a session, and a signature. */
static void use_again(struct scene *s)
{
	double end = now_ms() + DEADLINE_MS;
	CK_RV rv = CKR_TOKEN_NOT_PRESENT;

	while (rv != CKR_OK && now_ms() < end) {
		rv = C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s->session);
		usleep(20000);
	}
	assert_int_equal(rv, CKR_OK);
	assert_int_equal(login(s, CKU_USER, STAGE_PIN), CKR_OK);
	assert_int_equal(sign(s, 0x9A), CKR_OK);
}

/* False: the function ended before its command of that number. */
static bool once(struct scene *s, const struct function *f, unsigned cut)
{
	double start;
	bool gone;
	CK_RV rv;

	begin(s);
	if (f->before)
		assert_int_equal(f->before(s), CKR_OK);
	s->relay->count = 0;
	s->relay->cut = cut;
	start = now_ms();
	rv = f->run(s);
	gone = s->relay->count >= cut;
	s->relay->cut = 0;
	if (now_ms() - start > DEADLINE_MS || (gone ? rv != CKR_OK && !right(rv) : rv != CKR_OK))
		fail_msg("%s: out at command %u: 0x%lX after %.0f ms", f->name, cut, rv,
			 now_ms() - start);
	if (gone)
		use_again(s);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	return gone;
}

static void test_out_at_every_command(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < FUNCTIONS; i++) {
		unsigned cut = 1;

		while (cut < CUTS_MAX && once(s, &functions[i], cut))
			cut++;
		print_message("%s: %u commands\n", functions[i].name, cut - 1);
	}
}

/* --- the stage ---------------------------------------------------------------------------- */

static int up(void **state)
{
	static struct scene s;
	char program[256], path[160], port[8];
	const char *build = getenv("SOJOURN_BUILD");

	if (!stage_up(&s.stage))
		return -1;
	snprintf(program, sizeof(program), "%s/bin/sojourn", build ? build : "build");
	snprintf(path, sizeof(path), "%s/key.card", s.stage.lab.dir);
	snprintf(port, sizeof(port), "%u", s.stage.lab.port + 2u);
	s.card = fork();
	if (s.card == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execl(program, program, "card", "run", path, "-i", "contact", "-l", "listen", "-p",
		      port, (char *)NULL);
		_exit(127);
	}
	s.relay = bench_relay(s.stage.lab.port, s.stage.lab.port + 2u, &s.through);
	setenv("SOJOURN_PKCS11_CONF",
	       stage_write(&s.stage, "module.conf", "[pkcs11]\ncache = no\n", 0600), 1);
	*state = &s;
	return s.relay ? 0 : -1;
}

static int down(void **state)
{
	struct scene *s = *state;

	bench_relay_end(s->relay, s->through);
	kill(s->card, SIGTERM);
	waitpid(s->card, NULL, 0);
	stage_down(&s->stage);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_out_at_every_command) };

	return cmocka_run_group_tests(tests, up, down);
}
