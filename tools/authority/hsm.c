/* hsm.c -- finding a token, opening it, logging in. */
#include "authority/hsm_token.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS_MAX 64u

/* --- words ------------------------------------------------------------------------- */

static const struct {
	CK_RV rv;
	const char *words;
} answers[] = {
	{ CKR_PIN_INCORRECT, "the PIN is wrong" },
	{ CKR_PIN_LEN_RANGE, "the PIN is wrong: its length" },
	{ CKR_PIN_INVALID, "the PIN is wrong: its characters" },
	{ CKR_PIN_LOCKED, "the PIN is locked after wrong ones; its security officer unlocks it" },
	{ CKR_PIN_EXPIRED, "the PIN has expired; set a new one with the token's own tool" },
	{ CKR_USER_PIN_NOT_INITIALIZED, "has no user PIN yet; initialise it" },
	{ CKR_TOKEN_NOT_PRESENT, "the token is not there" },
	{ CKR_TOKEN_NOT_RECOGNIZED, "the token is not recognised" },
	{ CKR_DEVICE_REMOVED, "the token was removed" },
	{ CKR_DEVICE_ERROR, "the device failed" },
	{ CKR_DEVICE_MEMORY, "the device is full" },
	{ CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected" },
	{ CKR_MECHANISM_INVALID, "it does not know this kind of key or signature" },
	{ CKR_CURVE_NOT_SUPPORTED, "it does not know this curve" },
	{ CKR_DOMAIN_PARAMS_INVALID, "it does not know this curve" },
	{ CKR_KEY_SIZE_RANGE, "it has no keys of this size" },
	{ CKR_SESSION_COUNT, "all its sessions are in use" },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, "the key may not be used for this" },
};

int hsm_fail(const struct hsm *h, const char *what, CK_RV rv)
{
	const char *words = NULL;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].rv == rv)
			words = answers[i].words;
	if (words != NULL)
		return cli_fail(h->cli, SJ_KEY_STORE, "%s: %s: %s", h->uri, what, words);
	return cli_fail(h->cli, SJ_KEY_STORE, "%s: %s: PKCS#11 error 0x%08lx", h->uri, what, rv);
}

bool hsm_is_gone(CK_RV rv)
{
	static const CK_RV gone[] = {
		CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,     CKR_DEVICE_REMOVED,
		CKR_TOKEN_NOT_PRESENT,      CKR_USER_NOT_LOGGED_IN, CKR_CRYPTOKI_NOT_INITIALIZED,
		CKR_OBJECT_HANDLE_INVALID,  CKR_KEY_HANDLE_INVALID, CKR_DEVICE_ERROR,
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		if (gone[i] == rv)
			return true;
	return false;
}

/* --- URIs --------------------------------------------------------------------------- */

static P11KitUri *parse(const char *uri)
{
	P11KitUri *parsed = p11_kit_uri_new();

	if (parsed != NULL && p11_kit_uri_parse(uri, P11_KIT_URI_FOR_TOKEN | P11_KIT_URI_FOR_MODULE,
						parsed) == P11_KIT_URI_OK)
		return parsed;
	p11_kit_uri_free(parsed);
	return NULL;
}

int hsm_check_uri(struct cli *cli, const char *uri)
{
	P11KitUri *parsed = parse(uri);
	const CK_TOKEN_INFO *info;
	int rc = 0;

	if (parsed == NULL)
		return cli_usage(cli, "%s: not a PKCS#11 URI of a token (RFC 7512)", uri);
	info = p11_kit_uri_get_token_info(parsed);
	if (p11_kit_uri_get_pin_value(parsed) != NULL)
		rc = cli_usage(cli, "a URI with a PIN is not taken: use --hsm-pin-file");
	else if (info->label[0] == '\0' && info->serialNumber[0] == '\0')
		rc = cli_usage(cli, "%s: name the token: token=LABEL or serial=NUMBER", uri);
	p11_kit_uri_free(parsed);
	return rc;
}

struct hsm *hsm_new(struct cli *cli, const char *uri)
{
	struct hsm *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->cli = cli;
	h->users = 1;
	h->session = CK_INVALID_HANDLE;
	h->uri = strdup(uri);
	h->parsed = parse(uri);
	if (h->uri != NULL && h->parsed != NULL)
		return h;
	hsm_release(h);
	return NULL;
}

void hsm_release(struct hsm *h)
{
	if (h == NULL || --h->users > 0)
		return;
	hsm_drop(h);
	/* A child has no part in what its parent loaded. */
	if (h->modules != NULL && h->process == getpid())
		p11_kit_modules_finalize_and_release(h->modules);
	p11_kit_uri_free(h->parsed);
	cli_secret_wipe(&h->pin);
	free(h->uri);
	free(h);
}

/* --- modules and slots ---------------------------------------------------------------- */

/* The one module of the URI's module-path. */
static int load_path(struct hsm *h, const char *path)
{
	CK_RV rv;

	h->modules = calloc(2, sizeof(CK_FUNCTION_LIST *));
	if (h->modules == NULL)
		return cli_fail(h->cli, SJ_NO_MEMORY, NULL);
	h->modules[0] = p11_kit_module_load(path, 0);
	if (h->modules[0] == NULL) {
		free(h->modules);
		h->modules = NULL;
		return cli_fail(h->cli, SJ_KEY_STORE, "%s: the module cannot be loaded", path);
	}
	rv = p11_kit_module_initialize(h->modules[0]);
	if (rv == CKR_OK)
		return 0;
	p11_kit_modules_release(h->modules);
	h->modules = NULL;
	return hsm_fail(h, path, rv);
}

static int load(struct hsm *h)
{
	const char *path = p11_kit_uri_get_module_path(h->parsed);

	if (h->modules != NULL && h->process == getpid())
		return 0;
	h->session = CK_INVALID_HANDLE;
	h->modules = NULL;
	h->process = getpid();
	if (path != NULL)
		return load_path(h, path);
	h->modules = p11_kit_modules_load_and_initialize(0);
	if (h->modules == NULL)
		return cli_fail(h->cli, SJ_KEY_STORE,
				"%s: no PKCS#11 module is configured; see `p11-kit list-modules`",
				h->uri);
	return 0;
}

/* A token that fits. */
struct found {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	unsigned n;
};

static void look_into(const struct hsm *h, CK_FUNCTION_LIST *module, struct found *out)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_TOKEN_INFO info;

	if (module->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		return;
	for (CK_ULONG i = 0; i < n; i++) {
		if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    (info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
		    p11_kit_uri_match_token_info(h->parsed, &info) != 1)
			continue;
		if (out->n++ == 0) {
			out->module = module;
			out->slot = slots[i];
			out->info = info;
		}
	}
}

/* --- sessions -------------------------------------------------------------------------- */

static int log_in(struct hsm *h, const struct found *f)
{
	char prompt[64];
	CK_RV rv;
	int rc;

	h->logs_in = (f->info.flags & CKF_LOGIN_REQUIRED) != 0;
	if (!h->logs_in)
		return 0;
	if (h->refused != CKR_OK)
		return hsm_fail(h, "login", h->refused);
	if ((f->info.flags & CKF_USER_PIN_LOCKED) != 0)
		return hsm_fail(h, "login", CKR_PIN_LOCKED);
	if ((f->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
		rv = h->module->C_Login(h->session, CKU_USER, NULL, 0);
	} else {
		snprintf(prompt, sizeof(prompt), "PIN of token %s", h->label);
		rc = h->pin_set ? 0 : cli_secret_read(h->cli, "hsm-pin", prompt, &h->pin);
		if (rc != 0)
			return rc;
		h->pin_set = true;
		rv = h->module->C_Login(h->session, CKU_USER, (CK_UTF8CHAR *)h->pin.text,
					h->pin.len);
	}
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return 0;
	/* Not tried again, not from its file either: the next one may be the last. */
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID ||
	    rv == CKR_PIN_LOCKED)
		h->refused = rv;
	h->pin_set = false;
	cli_secret_wipe(&h->pin);
	return hsm_fail(h, "login", rv);
}

static void set_label(struct hsm *h, const CK_TOKEN_INFO *info)
{
	size_t len = sizeof(info->label);

	while (len > 0 && info->label[len - 1] == ' ')
		len--;
	memcpy(h->label, info->label, len);
	h->label[len] = '\0';
}

/* A session may have died since: the token was pulled, its daemon restarted. */
static bool is_alive(const struct hsm *h)
{
	CK_SESSION_INFO info;

	return h->session != CK_INVALID_HANDLE &&
	       h->module->C_GetSessionInfo(h->session, &info) == CKR_OK &&
	       (info.state == CKS_RW_USER_FUNCTIONS || !h->logs_in);
}

int hsm_ready(struct hsm *h)
{
	struct found f = { .n = 0 };
	CK_RV rv;
	int rc = load(h);

	if (rc != 0 || is_alive(h))
		return rc;
	hsm_drop(h);
	for (size_t i = 0; h->modules != NULL && h->modules[i] != NULL; i++)
		look_into(h, h->modules[i], &f);
	if (f.n == 0)
		return cli_fail(h->cli, SJ_KEY_STORE,
				"%s: no such token; is it plugged in, its module configured?",
				h->uri);
	if (f.n > 1)
		return cli_fail(h->cli, SJ_KEY_STORE,
				"%s: %u tokens fit; name one with serial=NUMBER", h->uri, f.n);
	h->module = f.module;
	set_label(h, &f.info);
	rv = h->module->C_OpenSession(f.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
				      &h->session);
	if (rv != CKR_OK) {
		h->session = CK_INVALID_HANDLE;
		return hsm_fail(h, "session", rv);
	}
	h->generation++;
	rc = log_in(h, &f);
	if (rc != 0)
		hsm_drop(h);
	return rc;
}

void hsm_drop(struct hsm *h)
{
	if (h->session != CK_INVALID_HANDLE && h->process == getpid())
		h->module->C_CloseSession(h->session);
	h->session = CK_INVALID_HANDLE;
}
