/* The token: readied, and used once more after each failure. */
#include "tests/failures/sweep_token.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/failures/folder.h"

const unsigned long p11_memory[] = { CKR_HOST_MEMORY, CKR_DEVICE_MEMORY, CKR_GENERAL_ERROR, 0 };

static void plug_in(struct token *t)
{
	piv_stage_close(t->s);
	t->snap = stores_copy(t->s->b->store);
	plug = (struct plug){ &t->s->head, 1 };
	strcpy(t->folder, "/tmp/sojourn-sweep-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	setenv("XDG_CACHE_HOME", t->folder, 1);
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
}

static struct token *token_new(void)
{
	struct token *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->s = piv_stage_new(&(struct piv_plan){ .policy = 0 });
	assert_int_equal(piv_stage_open(t->s), SJ_OK);
	piv_stage_fill(t->s);
	return t;
}

int token_open(void **state)
{
	struct token *t = token_new();

	plug_in(t);
	*state = t;
	return 0;
}

int token_open_rsa(void **state)
{
	struct token *t = token_new();
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t len = sizeof(spki);

	assert_int_equal(
		sj_piv_generate(t->s->piv, 0x9D, SJ_PIV_RSA_2048, SJ_PIV_PIN_ONCE, spki, &len),
		SJ_OK);
	plug_in(t);
	*state = t;
	return 0;
}

int token_close(void **state)
{
	struct token *t = *state;

	C_Finalize(NULL);
	plug = (struct plug){ NULL, 0 };
	card_store_close(t->snap);
	piv_stage_free(t->s);
	folder_empty(t->folder, true);
	free(t);
	return 0;
}

void token_off(void *room)
{
	(void)room;
	C_Finalize(NULL);
}

CK_OBJECT_HANDLE token_find(const struct token *t, CK_OBJECT_CLASS class, CK_BYTE ref)
{
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &ref, 1 } };
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	assert_int_equal(C_FindObjectsInit(t->session, a, 2), CKR_OK);
	assert_int_equal(C_FindObjects(t->session, &found, 1, &n), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(t->session), CKR_OK);
	assert_int_equal(n, 1);
	return found;
}

void session_ready(void *room)
{
	struct token *t = room;
	CK_ULONG n = 1;
	CK_SLOT_ID slot;

	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetSlotList(CK_TRUE, &slot, &n), CKR_OK);
	assert_int_equal(
		C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &t->session),
		CKR_OK);
	t->public_key = token_find(t, CKO_PUBLIC_KEY, 0x9A);
	t->certificate = token_find(t, CKO_CERTIFICATE, 0x9A);
	t->len = sizeof(t->out);
}

static CK_RV token_login(const struct token *t)
{
	return C_Login(t->session, CKU_USER, (CK_BYTE *)(char[]){ STAGE_GLOBAL }, 6);
}

void login_ready(void *room)
{
	struct token *t = room;

	session_ready(room);
	assert_int_equal(token_login(t), CKR_OK);
	t->key = token_find(t, CKO_PRIVATE_KEY, 0x9A);
}

void so_ready(void *room)
{
	struct token *t = room;
	char admin[] = ADMIN_HEX;

	session_ready(room);
	assert_int_equal(C_Login(t->session, CKU_SO, (CK_BYTE *)admin, strlen(admin)), CKR_OK);
}

CK_RV token_sign(struct token *t, CK_MECHANISM_TYPE type, CK_ULONG n)
{
	CK_MECHANISM m = { type, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_SignInit(t->session, &m, t->key);

	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_Sign(t->session, data, n, t->out, &t->len) : rv;
}

bool goes_on(void *room, unsigned long rv)
{
	struct token *t = room;
	CK_RV login = token_login(t);

	(void)rv;
	if (login == CKR_USER_ANOTHER_ALREADY_LOGGED_IN)
		return true;
	if (login != CKR_OK && login != CKR_USER_ALREADY_LOGGED_IN)
		return false;
	t->key = token_find(t, CKO_PRIVATE_KEY, 0x9A);
	return token_sign(t, CKM_ECDSA, 32) == CKR_OK;
}

bool is_no_signature(void *room, unsigned long rv)
{
	(void)room;
	return rv != CKR_OK;
}
