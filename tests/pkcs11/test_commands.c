/* What the module costs, counted where the card is: the commands that come to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/pkcs11/plug.h"
#include "tests/reader/piv_stage.h"

#include "pkcs11/p11.h"

/* With a folder of its own for the cache. */
static int begin(void **state)
{
	char folder[] = "/tmp/sojourn-commands-XXXXXX";
	struct piv_stage *s = piv_stage_new(&(struct piv_plan){ .policy = 0 });

	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_fill(s);
	piv_stage_close(s);
	s->sent = 0;
	plug = (struct plug){ &s->head, 1 };
	assert_non_null(mkdtemp(folder));
	setenv("XDG_CACHE_HOME", folder, 1);
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	*state = s;
	return 0;
}

static int end(void **state)
{
	char command[128];

	C_Finalize(NULL);
	piv_stage_free(*state);
	snprintf(command, sizeof(command), "rm -r %s", getenv("XDG_CACHE_HOME"));
	return system(command);
}

static CK_SESSION_HANDLE recognise(void)
{
	CK_SESSION_HANDLE s = 0;
	CK_SLOT_ID slot;
	CK_ULONG n = 1;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetSlotList(CK_TRUE, &slot, &n), CKR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	return s;
}

static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BYTE ref = 0x9A;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &ref, 1 } };
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = 0;

	assert_int_equal(C_FindObjectsInit(s, t, 2), CKR_OK);
	assert_int_equal(C_FindObjects(s, &key, 1, &n), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(s), CKR_OK);
	assert_int_equal(n, 1);
	return key;
}

static void sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[64];
	CK_ULONG len = sizeof(signature);

	assert_int_equal(C_SignInit(s, &mechanism, key), CKR_OK);
	assert_int_equal(C_Sign(s, digest, sizeof(digest), signature, &len), CKR_OK);
}

static CK_SESSION_HANDLE first_signature(CK_OBJECT_HANDLE *key)
{
	CK_SESSION_HANDLE s = recognise();
	CK_UTF8CHAR pin[] = STAGE_GLOBAL;

	assert_int_equal(C_Login(s, CKU_USER, pin, sizeof(pin) - 1), CKR_OK);
	*key = find_key(s);
	sign(s, *key);
	return s;
}

static unsigned sent(struct piv_stage *s)
{
	unsigned n = s->sent;

	s->sent = 0;
	s->log[0] = '\0';
	return n;
}

static void a_new_card_takes_14_commands_to_the_first_signature(void **state)
{
	CK_OBJECT_HANDLE key;

	first_signature(&key);
	assert_in_range(sent(*state), 1, 14);
}

static void a_known_card_takes_6_commands_to_the_first_signature(void **state)
{
	CK_OBJECT_HANDLE key;

	first_signature(&key);
	C_Finalize(NULL);
	sent(*state);
	first_signature(&key);
	assert_in_range(sent(*state), 1, 6);
}

static void a_known_card_is_recognised_in_3_commands(void **state)
{
	CK_OBJECT_HANDLE key;

	first_signature(&key);
	C_Finalize(NULL);
	sent(*state);
	recognise();
	assert_in_range(sent(*state), 1, 3);
}

static void the_flags_of_a_token_take_2_commands(void **state)
{
	CK_OBJECT_HANDLE key;
	CK_TOKEN_INFO info;

	first_signature(&key);
	sent(*state);
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
	assert_in_range(sent(*state), 1, 2);
}

static void a_signature_is_one_command_and_no_transaction(void **state)
{
	struct piv_stage *stage = *state;
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = first_signature(&key);
	unsigned transactions = stage->transactions;

	sent(stage);
	for (int i = 0; i < 10; i++)
		sign(s, key);
	assert_int_equal(sent(stage), 10);
	assert_int_equal(stage->transactions, transactions);
}

/* --- a card of another kind ------------------------------------------------------------- */

static unsigned asked;

static enum sj_rc other_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	(void)t;
	(void)deadline;
	sj_put(atr, SJ_SPAN_STR("\x3B\x00"));
	return SJ_OK;
}

static enum sj_rc other_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				 struct sj_writer *response)
{
	(void)t;
	(void)command;
	(void)deadline;
	asked++;
	sj_put(response, SJ_SPAN_STR("\x6A\x82"));
	return SJ_OK;
}

static void other_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void other_close(struct sj_transport *t)
{
	(void)t;
}

static void an_unknown_card_is_left_alone_within_2_commands(void **state)
{
	static const struct sj_transport_ops ops = { .connect = other_connect,
						     .transmit = other_transmit,
						     .disconnect = other_disconnect,
						     .close = other_close };
	struct sj_transport other = { .ops = &ops };
	CK_TOKEN_INFO info;
	CK_ULONG n = 9;

	(void)state;
	plug = (struct plug){ &other, 2 };
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
		assert_int_equal(n, 0);
		assert_int_equal(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	}
	assert_in_range(asked, 1, 2);
	C_Finalize(NULL);
}

/* Or each call would take twice its time while another process has the card. */
static void a_call_whose_time_is_up_does_not_open_the_card_anew(void **state)
{
	struct piv_stage *s = *state;
	CK_SESSION_HANDLE session = recognise();
	CK_TOKEN_INFO info;
	unsigned connects;

	assert_int_equal(C_CloseAllSessions(0), CKR_OK);
	connects = s->connects;
	s->late_at = s->sent + 1;
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session),
			 CKR_DEVICE_ERROR);
	assert_int_equal(s->connects, connects);
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_OK);
	assert_int_equal(C_CloseAllSessions(0), CKR_OK);
	connects = s->connects;
	s->late_at = s->sent + 1;
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_DEVICE_ERROR);
	assert_int_equal(s->connects, connects);
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_card_takes_14_commands_to_the_first_signature),
		CASE(a_known_card_takes_6_commands_to_the_first_signature),
		CASE(a_known_card_is_recognised_in_3_commands),
		CASE(the_flags_of_a_token_take_2_commands),
		CASE(a_signature_is_one_command_and_no_transaction),
		CASE(a_call_whose_time_is_up_does_not_open_the_card_anew),
		CASE(an_unknown_card_is_left_alone_within_2_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
