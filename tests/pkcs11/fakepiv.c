#include "tests/pkcs11/fakepiv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reader/context.h"

struct fake fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct sj_readers {
	struct fake_reader at[FAKE_READERS];
	size_t n;
};

struct sj_card {
	struct sj_context *ctx;
	struct fake_reader *reader;
	uint32_t events;
};

struct sj_piv {
	struct sj_card *card;
};

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

void fake_reset(void)
{
	pthread_mutex_lock(&fake.lock);
	for (unsigned i = 0; i < FAKE_READERS; i++) {
		fake.readers[i] = (struct fake_reader){ .there = i == 0, .present = i == 0 };
		snprintf(fake.readers[i].name, sizeof(fake.readers[i].name), "Fake Reader %02u", i);
	}
	copy(fake.pin, sizeof(fake.pin), "123456");
	fake.tries = fake.tries_left = 5;
	fake.verified = fake.admin = fake.is_default = fake.keypad = fake.slow = false;
	fake.hangs = false;
	fake.keypad_cancelled = false;
	fake.no_guid = fake.no_content = fake.no_service = false;
	fake.extensions = true;
	memset(fake.guid, 0x11, sizeof(fake.guid));
	memset(fake.content, 0x22, sizeof(fake.content));
	fake.calls = fake.fail_at = fake.reads = fake.opens = 0;
	fake.fail_rc = SJ_CARD_LOST;
	fake.cancelled_rc = SJ_CANCELLED;
	pthread_mutex_unlock(&fake.lock);
}

void fake_insert(unsigned i, bool present)
{
	pthread_mutex_lock(&fake.lock);
	fake.readers[i].there = true;
	fake.readers[i].present = present;
	fake.readers[i].events++;
	fake.verified = fake.admin = false;
	pthread_mutex_unlock(&fake.lock);
}

static void pause_ms(long ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* --- readers --------------------------------------------------------------------- */

enum sj_rc sj_readers_list(struct sj_context *ctx, unsigned timeout_ms, struct sj_readers **out)
{
	struct sj_readers *list = calloc(1, sizeof(*list));

	(void)timeout_ms;
	if (list == NULL)
		return SJ_NO_MEMORY;
	if (sj_context_cancelled(ctx) || fake.no_service) {
		free(list);
		return fake.no_service ? SJ_NO_PCSCD : SJ_CANCELLED;
	}
	if (fake.hangs) {
		free(list);
		return SJ_TIMED_OUT;
	}
	pthread_mutex_lock(&fake.lock);
	for (unsigned i = 0; i < FAKE_READERS; i++) {
		if (fake.readers[i].there)
			list->at[list->n++] = fake.readers[i];
	}
	pthread_mutex_unlock(&fake.lock);
	*out = list;
	return SJ_OK;
}

enum sj_rc sj_readers_wait(struct sj_context *ctx, const struct sj_readers *known,
			   unsigned timeout_ms, struct sj_readers **out)
{
	struct sj_readers *now = NULL;
	enum sj_rc rc;

	assert_int_equal(timeout_ms, 0);
	atomic_fetch_add(&fake.blocked, 1);
	while ((rc = sj_readers_list(ctx, 0, &now)) == SJ_OK && known != NULL &&
	       memcmp(now, known, sizeof(*now)) == 0) {
		free(now);
		pause_ms(1);
	}
	atomic_fetch_sub(&fake.blocked, 1);
	if (rc == SJ_OK)
		*out = now;
	return rc;
}

bool sj_readers_get(const struct sj_readers *list, size_t i, struct sj_reader_info *out)
{
	if (i >= list->n)
		return false;
	memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	copy(out->name, sizeof(out->name), list->at[i].name);
	out->card_present = list->at[i].present;
	out->events = list->at[i].events;
	return true;
}

size_t sj_readers_count(const struct sj_readers *list)
{
	return list->n;
}

void sj_readers_free(struct sj_readers *list)
{
	free(list);
}

enum sj_rc sj_card_wait(struct sj_context *ctx, const char *reader, unsigned timeout_ms,
			struct sj_card **out)
{
	struct fake_reader *r = NULL;

	fake.patience_ms = timeout_ms;
	for (unsigned i = 0; i < FAKE_READERS; i++) {
		if (strcmp(fake.readers[i].name, reader) == 0)
			r = &fake.readers[i];
	}
	if (r == NULL || !r->present)
		return SJ_NO_CARD;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return SJ_NO_MEMORY;
	(*out)->ctx = ctx;
	(*out)->reader = r;
	(*out)->events = r->events;
	return SJ_OK;
}

void sj_card_close(struct sj_card *card)
{
	free(card);
}

/* --- the application ----------------------------------------------------------------- */

/* A call that talks to the card; SJ_OK: it may. */
static enum sj_rc talk(const struct sj_card *card)
{
	enum sj_rc rc = SJ_OK;

	pthread_mutex_lock(&fake.lock);
	fake.calls++;
	if (sj_context_cancelled(card->ctx))
		rc = fake.cancelled_rc;
	else if (fake.fail_at != 0 && fake.calls >= fake.fail_at)
		rc = fake.fail_rc;
	else if (!card->reader->present || card->reader->events != card->events)
		rc = SJ_CARD_LOST;
	pthread_mutex_unlock(&fake.lock);
	return rc;
}

enum sj_rc sj_piv_open(struct sj_card *card, const struct sj_piv_options *options,
		       struct sj_piv **out)
{
	enum sj_rc rc = talk(card);

	(void)options;
	fake.opens++;
	if (rc == SJ_OK && card->reader->foreign)
		rc = SJ_NO_KEY_APPLICATION;
	if (rc != SJ_OK)
		return rc;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return SJ_NO_MEMORY;
	(*out)->card = card;
	return SJ_OK;
}

void sj_piv_close(struct sj_piv *piv)
{
	free(piv);
}

enum sj_rc sj_piv_get_info(struct sj_piv *piv, struct sj_piv_info *out)
{
	enum sj_rc rc = talk(piv->card);

	out->pin = true;
	out->extensions = fake.extensions;
	return rc;
}

enum sj_rc sj_piv_identify(struct sj_piv *piv, uint8_t guid[SJ_PIV_GUID], bool *has_guid,
			   uint8_t content[SJ_PIV_CONTENT], bool *has_content)
{
	memcpy(guid, fake.guid, SJ_PIV_GUID);
	memcpy(content, fake.content, SJ_PIV_CONTENT);
	*has_guid = !fake.no_guid;
	*has_content = !fake.no_content;
	return talk(piv->card);
}

uint16_t sj_piv_status_word(const struct sj_piv *piv)
{
	(void)piv;
	return fake.keypad_cancelled ? 0x6401 : 0x6982;
}

unsigned sj_piv_commands(const struct sj_piv *piv)
{
	(void)piv;
	return fake.calls;
}

enum sj_rc sj_piv_begin(struct sj_piv *piv)
{
	return talk(piv->card);
}

void sj_piv_end(struct sj_piv *piv)
{
	(void)piv;
}

enum sj_rc sj_piv_read(struct sj_piv *piv, uint32_t tag, uint8_t *out, size_t *len)
{
	enum sj_rc rc = talk(piv->card);

	fake.reads++;
	if (rc != SJ_OK)
		return rc;
	if (tag != 0x5FC102)
		return SJ_KEY_ABSENT;
	memset(out, 0x33, 8);
	*len = 8;
	return SJ_OK;
}

enum sj_rc sj_piv_write(struct sj_piv *piv, uint32_t tag, const uint8_t *data, size_t len)
{
	enum sj_rc rc = talk(piv->card);

	(void)tag;
	(void)data;
	(void)len;
	fake.content[0]++;
	return rc != SJ_OK ? rc : fake.admin ? SJ_OK : SJ_CARD_REFUSED;
}

enum sj_rc sj_piv_read_certificate(struct sj_piv *piv, uint8_t key, uint8_t *out, size_t *len)
{
	return sj_piv_read(piv, key, out, len);
}

enum sj_rc sj_piv_write_certificate(struct sj_piv *piv, uint8_t key, const uint8_t *der, size_t len)
{
	return sj_piv_write(piv, key, der, len);
}

/* --- PINs --------------------------------------------------------------------------------- */

enum sj_rc sj_piv_pin_state(struct sj_piv *piv, enum sj_piv_pin pin, struct sj_piv_pin_state *out)
{
	(void)pin;
	out->verified = fake.verified;
	out->blocked = fake.tries_left == 0;
	out->tries_left = fake.verified && fake.tries == 0 ? -1 : fake.tries_left;
	out->tries = fake.tries > 0 ? fake.tries : -1;
	out->is_default = fake.is_default;
	return talk(piv->card);
}

static enum sj_rc check(struct sj_piv *piv, const char *value, size_t len)
{
	enum sj_rc rc = talk(piv->card);

	if (rc != SJ_OK)
		return rc;
	if (len < 6 || len > 8)
		return SJ_SECRET_MALFORMED;
	if (fake.tries_left == 0)
		return SJ_PIN_BLOCKED;
	fake.verified = len == strlen(fake.pin) && memcmp(value, fake.pin, len) == 0;
	fake.tries_left = fake.verified ? 5 : fake.tries_left - 1;
	return fake.verified ? SJ_OK : fake.tries_left == 0 ? SJ_PIN_BLOCKED : SJ_WRONG_PIN;
}

enum sj_rc sj_piv_verify(struct sj_piv *piv, enum sj_piv_pin pin, const char *value, size_t len,
			 int *tries_left)
{
	(void)pin;
	(void)tries_left;
	return check(piv, value, len);
}

enum sj_rc sj_piv_verify_on_reader(struct sj_piv *piv, enum sj_piv_pin pin, int *tries_left)
{
	(void)pin;
	(void)tries_left;
	if (fake.keypad_cancelled)
		return SJ_CANCELLED;
	return check(piv, fake.pin, strlen(fake.pin));
}

bool sj_piv_reader_has_keypad(struct sj_piv *piv)
{
	(void)piv;
	return fake.keypad;
}

enum sj_rc sj_piv_logout(struct sj_piv *piv, enum sj_piv_pin pin)
{
	(void)pin;
	fake.verified = false;
	return talk(piv->card);
}

enum sj_rc sj_piv_change(struct sj_piv *piv, enum sj_piv_pin pin, const char *old_value,
			 size_t old_len, const char *new_value, size_t new_len, int *tries_left)
{
	enum sj_rc rc = check(piv, old_value, old_len);

	(void)pin;
	(void)tries_left;
	if (rc == SJ_OK)
		snprintf(fake.pin, sizeof(fake.pin), "%.*s", (int)new_len, new_value);
	return rc;
}

enum sj_rc sj_piv_unblock(struct sj_piv *piv, const char *puk, size_t puk_len, const char *new_pin,
			  size_t new_len, int *tries_left)
{
	enum sj_rc rc = talk(piv->card);

	(void)tries_left;
	fake.admin = false;
	if (rc == SJ_OK && (puk_len != 8 || memcmp(puk, "12345678", 8) != 0))
		rc = SJ_WRONG_PUK;
	if (rc == SJ_OK) {
		snprintf(fake.pin, sizeof(fake.pin), "%.*s", (int)new_len, new_pin);
		fake.tries_left = 5;
	}
	return rc;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* P-256's generator. */
static const uint8_t fake_spki[91] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
	0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
	0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5,
	0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4,
	0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A,
	0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33,
	0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5
};

/* 9A: once, 9C: each time, 9E: never. */
enum sj_rc sj_piv_key_info(struct sj_piv *piv, uint8_t key, struct sj_piv_key_info *out)
{
	enum sj_rc rc = talk(piv->card);

	fake.reads++;
	if (rc != SJ_OK)
		return rc;
	if (key != 0x9A && key != 0x9C && key != 0x9E)
		return SJ_KEY_ABSENT;
	out->algorithm = SJ_PIV_P256;
	out->spki_len = sizeof(fake_spki);
	memcpy(out->spki, fake_spki, sizeof(fake_spki));
	out->pin_always = key == 0x9C;
	out->pin_never = key == 0x9E;
	return SJ_OK;
}

enum sj_rc sj_piv_sign(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
		       const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
	enum sj_rc rc = talk(piv->card);

	(void)algorithm;
	(void)in;
	(void)in_len;
	if (fake.slow) {
		atomic_fetch_add(&fake.blocked, 1);
		while (!sj_context_cancelled(piv->card->ctx))
			pause_ms(1);
		atomic_fetch_sub(&fake.blocked, 1);
		return fake.cancelled_rc;
	}
	if (rc == SJ_OK && key != 0x9E && !fake.verified)
		rc = SJ_PIN_NEEDED;
	if (rc == SJ_OK) {
		memset(out, 0x44, 64);
		*out_len = 64;
	}
	return rc;
}

enum sj_rc sj_piv_agree(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			const uint8_t *peer, size_t peer_len, uint8_t *out, size_t *out_len)
{
	return sj_piv_sign(piv, key, algorithm, peer, peer_len, out, out_len);
}

enum sj_rc sj_piv_random(struct sj_piv *piv, uint8_t *out, size_t len)
{
	if (len > 0)
		memset(out, 0x55, len);
	return talk(piv->card);
}

/* --- administration ---------------------------------------------------------------------------- */

enum sj_rc sj_piv_administer(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
			     const uint8_t *key, size_t len)
{
	enum sj_rc rc = talk(piv->card);

	fake.admin = algorithm == SJ_PIV_3DES && len == 24 && key[0] == 1 && key[23] == 8;
	return rc != SJ_OK ? rc : fake.admin ? SJ_OK : SJ_WRONG_ADMIN_KEY;
}

enum sj_rc sj_piv_admin_algorithm(struct sj_piv *piv, enum sj_piv_algorithm *out)
{
	*out = SJ_PIV_3DES;
	return talk(piv->card);
}

enum sj_rc sj_piv_set_admin_key(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
				const uint8_t *key, size_t len)
{
	(void)algorithm;
	(void)key;
	(void)len;
	return talk(piv->card);
}

enum sj_rc sj_piv_generate(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			   enum sj_piv_policy policy, uint8_t *spki, size_t *spki_len)
{
	(void)algorithm;
	(void)policy;
	(void)spki;
	(void)spki_len;
	return sj_piv_write(piv, key, NULL, 0);
}

enum sj_rc sj_piv_import(struct sj_piv *piv, uint8_t key, const uint8_t *pkcs8, size_t len,
			 enum sj_piv_policy policy)
{
	(void)policy;
	return sj_piv_write(piv, key, pkcs8, len);
}

enum sj_rc sj_piv_attest(struct sj_piv *piv, uint8_t key, uint8_t *out, size_t *len)
{
	return sj_piv_read(piv, key, out, len);
}

enum sj_rc sj_piv_delete_key(struct sj_piv *piv, uint8_t key)
{
	return sj_piv_write(piv, key, NULL, 0);
}

enum sj_rc sj_piv_reset(struct sj_piv *piv)
{
	enum sj_rc rc = talk(piv->card);

	if (rc == SJ_OK && fake.tries_left > 0)
		rc = SJ_CARD_REFUSED;
	if (rc == SJ_OK)
		fake.guid[0]++;
	return rc;
}

/* --- what cases begin with ------------------------------------------------------------------------ */

int fake_setup(void **state)
{
	(void)state;
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	fake_reset();
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	return 0;
}

int fake_teardown(void **state)
{
	CK_RV rv = C_Finalize(NULL);

	(void)state;
	return rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED ? 0 : -1;
}

CK_SESSION_HANDLE fake_session(CK_FLAGS flags)
{
	CK_SESSION_HANDLE s = 0;
	CK_ULONG n;

	assert_int_equal(C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
	assert_int_equal(C_OpenSession(0, flags, NULL, NULL, &s), CKR_OK);
	return s;
}

CK_RV fake_login(CK_SESSION_HANDLE s, CK_USER_TYPE type, const char *pin)
{
	CK_UTF8CHAR copy_of_pin[80];

	memcpy(copy_of_pin, pin, strlen(pin) + 1);
	return C_Login(s, type, copy_of_pin, strlen(pin));
}

CK_RV fake_sign(CK_SESSION_HANDLE s, CK_BYTE ref)
{
	return fake_sign_with(s, ref, NULL);
}

CK_RV fake_sign_with(CK_SESSION_HANDLE s, CK_BYTE ref, const char *pin)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &ref, 1 } };
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[64];
	CK_ULONG n = 0, len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = C_FindObjectsInit(s, template, 2);

	if (rv == CKR_OK)
		rv = C_FindObjects(s, &key, 1, &n);
	if (rv == CKR_OK)
		rv = C_FindObjectsFinal(s);
	if (rv == CKR_OK && n == 0)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = C_SignInit(s, &mechanism, key);
	if (rv == CKR_OK && pin != NULL)
		rv = fake_login(s, CKU_CONTEXT_SPECIFIC, pin);
	return rv == CKR_OK ? C_Sign(s, digest, sizeof(digest), signature, &len) : rv;
}
