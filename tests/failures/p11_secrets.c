/*
 * p11_secrets.c -- a program that has a PKCS#11 module do all that takes a secret, wipes its own copies, and ends.
 *
 *	p11_secrets MODULE KEYS FD
 *
 * KEYS: "contact", or "air", where a card takes no login of its manager. FD has lines: PIN, PUK, another PIN, the
 * SO's PIN, and a message that is encrypted for the card's key 9D (RSA) and decrypted by it.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/p11.h"

enum { PIN, PUK, OTHER, ADMIN, MESSAGE, LINES };
#define LINE_MAX 128

struct user {
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_UTF8CHAR line[LINES][LINE_MAX];
	CK_ULONG len[LINES];
};

static bool ok(CK_RV rv, const char *what)
{
	if (rv != CKR_OK)
		fprintf(stderr, "# %s: 0x%lX\n", what, rv);
	return rv == CKR_OK;
}

static bool read_lines(struct user *u, int fd)
{
	char buffer[1024]; /* the stream's own would be freed as it is */
	FILE *f = fdopen(fd, "r");
	bool good = f != NULL && setvbuf(f, buffer, _IOFBF, sizeof(buffer)) == 0;

	for (size_t i = 0; i < LINES && good; i++) {
		good = fgets((char *)u->line[i], LINE_MAX, f) != NULL;
		u->len[i] = strcspn((char *)u->line[i], "\n");
	}
	if (f != NULL)
		fclose(f);
	explicit_bzero(buffer, sizeof(buffer));
	return good;
}

static bool load(struct user *u, const char *module)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*list)(CK_FUNCTION_LIST **) = NULL;
	CK_SLOT_ID slots[16];
	CK_ULONG n = 16;

	if (handle != NULL)
		*(void **)&list = dlsym(handle, "C_GetFunctionList");
	return list != NULL && ok(list(&u->p11), "C_GetFunctionList") &&
	       ok(u->p11->C_Initialize(NULL), "C_Initialize") &&
	       ok(u->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList") && n > 0 &&
	       ok(u->p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
					&u->session),
		  "C_OpenSession");
}

static bool login(struct user *u, CK_USER_TYPE who, size_t line)
{
	return ok(u->p11->C_Login(u->session, who, u->line[line], u->len[line]), "C_Login");
}

static CK_OBJECT_HANDLE find(struct user *u, CK_OBJECT_CLASS class, CK_BYTE id)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &id, sizeof(id) } };
	CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
	CK_ULONG n = 0;

	if (ok(u->p11->C_FindObjectsInit(u->session, template, 2), "C_FindObjectsInit"))
		(void)ok(u->p11->C_FindObjects(u->session, &found, 1, &n), "C_FindObjects");
	(void)u->p11->C_FindObjectsFinal(u->session);
	return found;
}

static bool sign(struct user *u)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[128];
	CK_ULONG len = sizeof(signature);

	return ok(u->p11->C_SignInit(u->session, &ecdsa, find(u, CKO_PRIVATE_KEY, 0x9A)),
		  "C_SignInit") &&
	       ok(u->p11->C_Sign(u->session, digest, sizeof(digest), signature, &len), "C_Sign");
}

static bool decrypt(struct user *u, CK_MECHANISM_TYPE type)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM rsa = { type, NULL, 0 };
	CK_BYTE sealed[512], message[512];
	CK_ULONG n = sizeof(sealed), len = sizeof(message);
	bool good;

	if (type == CKM_RSA_PKCS_OAEP)
		rsa = (CK_MECHANISM){ type, &oaep, sizeof(oaep) };
	good = ok(u->p11->C_EncryptInit(u->session, &rsa, find(u, CKO_PUBLIC_KEY, 0x9D)),
		  "C_EncryptInit") &&
	       ok(u->p11->C_Encrypt(u->session, u->line[MESSAGE], u->len[MESSAGE], sealed, &n),
		  "C_Encrypt") &&
	       ok(u->p11->C_DecryptInit(u->session, &rsa, find(u, CKO_PRIVATE_KEY, 0x9D)),
		  "C_DecryptInit") &&
	       ok(u->p11->C_Decrypt(u->session, sealed, n, message, &len), "C_Decrypt") &&
	       ok(len == u->len[MESSAGE] && memcmp(message, u->line[MESSAGE], len) == 0
			  ? CKR_OK
			  : CKR_FUNCTION_FAILED,
		  "another message");
	explicit_bzero(message, sizeof(message));
	return good;
}

static bool change_pin(struct user *u, size_t from, size_t to)
{
	return ok(
		u->p11->C_SetPIN(u->session, u->line[from], u->len[from], u->line[to], u->len[to]),
		"C_SetPIN");
}

/* The PUK and the new PIN, as the module wants them. */
static bool init_pin(struct user *u)
{
	CK_UTF8CHAR both[2 * LINE_MAX];
	bool good;

	memcpy(both, u->line[PUK], u->len[PUK]);
	both[u->len[PUK]] = ':';
	memcpy(both + u->len[PUK] + 1, u->line[PIN], u->len[PIN]);
	good = ok(u->p11->C_InitPIN(u->session, both, u->len[PUK] + 1 + u->len[PIN]), "C_InitPIN");
	explicit_bzero(both, sizeof(both));
	return good;
}

int main(int argc, char **argv)
{
	static struct user u;
	const bool contact = argc == 4 && strcmp(argv[2], "contact") == 0;
	bool good = argc == 4 && read_lines(&u, atoi(argv[3])) && load(&u, argv[1]);

	good = good && login(&u, CKU_USER, PIN) && sign(&u) && decrypt(&u, CKM_RSA_PKCS) &&
	       decrypt(&u, CKM_RSA_PKCS_OAEP) && change_pin(&u, PIN, OTHER) &&
	       change_pin(&u, OTHER, PIN) && ok(u.p11->C_Logout(u.session), "C_Logout");
	if (contact)
		good = good && login(&u, CKU_SO, ADMIN) && init_pin(&u); /* it ends the login */
	good = good && ok(u.p11->C_Finalize(NULL), "C_Finalize");
	explicit_bzero(&u, sizeof(u));
	return good ? 0 : 1;
}
