#include "tests/pkcs11/fake/card.h"

#include "crypt/sign.h"
#include "pkcs11/state.h"
#include "tests/vectors/openssl_x509.h"
#include "wire/piv.h"

#include <stdlib.h>
#include <string.h>

struct fake_key {
	uint8_t ref;
	struct sj_piv_key_info info; /* algorithm NONE: no key */
	uint8_t pkcs8[SJ_RSA_PRIVATE_MAX];
	size_t pkcs8_len;
	struct sj_ec_secret secret;
	uint8_t certificate[2048];
	size_t certificate_len;
};

static struct {
	struct fake_key made[7], keys[8];
	struct p11_token token;
	struct p11_session sessions[2];
	unsigned generation, uses, asked;
	bool old, keypad, forgets;
	struct fake_object {
		uint32_t tag;
		uint8_t bytes[64];
		size_t len;
	} objects[2];
} fake;

static struct fake_object *object_at(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(fake.objects) / sizeof(fake.objects[0]); i++)
		if (fake.objects[i].tag == tag)
			return &fake.objects[i];
	return NULL;
}

static struct fake_key *key_at(uint8_t ref)
{
	for (size_t i = 0; i < sizeof(fake.keys) / sizeof(fake.keys[0]); i++)
		if (fake.keys[i].ref == ref)
			return &fake.keys[i];
	return NULL;
}

/* --- making keys --------------------------------------------------------------------- */

static void make_rsa(struct fake_key *k)
{
	struct sj_writer pkcs8 = SJ_WRITER_OF(k->pkcs8);
	struct sj_writer spki = sj_writer(k->info.spki, sizeof(k->info.spki));

	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	k->pkcs8_len = pkcs8.len;
	k->info.spki_len = spki.len;
}

static void make_ec(struct fake_key *k, enum sj_curve curve)
{
	const struct sj_random random = sj_random_system();
	struct sj_writer spki = sj_writer(k->info.spki, sizeof(k->info.spki));
	struct sj_ec_point point;

	assert_true(sj_ec_secret_random(curve, &random, &k->secret) &&
		    sj_ec_multiply(curve, &k->secret, NULL, &point) &&
		    sj_ec_spki_put(&spki, curve, &point, false));
	k->info.spki_len = spki.len;
}

static void make_cfrg(struct fake_key *k, enum sj_public_kind kind)
{
	const struct sj_random random = sj_random_system();
	struct sj_writer spki = sj_writer(k->info.spki, sizeof(k->info.spki));
	uint8_t point[SJ_CFRG_KEY];

	assert_true(sj_random_fill(&random, k->secret.bytes, SJ_CFRG_KEY));
	assert_true(kind == SJ_PUBLIC_ED25519 ? sj_ed25519_public(k->secret.bytes, point)
					      : sj_x25519_public(k->secret.bytes, point));
	sj_public_put_cfrg(&spki, kind, point);
	k->info.spki_len = spki.len;
}

static void make(struct fake_key *k, uint8_t ref, enum sj_piv_algorithm algorithm)
{
	k->ref = ref;
	k->info.size = sizeof(k->info);
	k->info.algorithm = algorithm;
	k->info.generated = true;
	if (algorithm == SJ_PIV_RSA_2048)
		make_rsa(k);
	else if (algorithm == SJ_PIV_P256 || algorithm == SJ_PIV_P384)
		make_ec(k, algorithm == SJ_PIV_P256 ? SJ_P256 : SJ_P384);
	else
		make_cfrg(k, algorithm == SJ_PIV_ED25519 ? SJ_PUBLIC_ED25519 : SJ_PUBLIC_X25519);
}

int fake_begin(void **state)
{
	const struct sj_span der = hex(openssl_csca);

	(void)state;
	make(&fake.made[0], 0x9A, SJ_PIV_P256);
	make(&fake.made[1], 0x9C, SJ_PIV_RSA_2048);
	fake.made[1].info.pin_always = true;
	make(&fake.made[2], 0x9D, SJ_PIV_RSA_2048);
	fake.made[2].info.generated = false;
	make(&fake.made[3], 0x9E, SJ_PIV_P384);
	fake.made[3].info.pin_never = true;
	make(&fake.made[4], 0x82, SJ_PIV_ED25519);
	make(&fake.made[5], 0x83, SJ_PIV_X25519);
	make(&fake.made[6], 0x84, SJ_PIV_P256);
	memcpy(fake.made[0].certificate, der.ptr, der.len);
	fake.made[0].certificate_len = der.len;
	return 0;
}

int fake_end(void **state)
{
	(void)fake_reset(state);
	p11_objects_free(fake.token.objects);
	fake.token.objects = NULL;
	return 0;
}

int fake_reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		p11_operations_free(fake.sessions[i].operations);
		p11_objects_session_end(fake.token.objects, i + 1);
		fake.sessions[i] = (struct p11_session){ .handle = i + 1,
							 .token = &fake.token,
							 .flags = CKF_SERIAL_SESSION |
								  (i == 1 ? CKF_RW_SESSION : 0) };
	}
	memset(fake.keys, 0, sizeof(fake.keys));
	memcpy(fake.keys, fake.made, sizeof(fake.made));
	fake.token.user = P11_NOBODY;
	fake.generation++;
	fake.uses = fake.asked = 0;
	if (fake.token.objects != NULL)
		fake.token.objects->kind = P11_KIND_UNKNOWN;
	fake.old = fake.keypad = fake.forgets = false;
	fake.objects[0] = (struct fake_object){ PIV_OBJECT_CHUID, "chuid", 5 };
	fake.objects[1] =
		(struct fake_object){ PIV_OBJECT_KEY_HISTORY, "\xC1\x01\x03\xC2\x01\x00\xFE", 8 };
	return 0;
}

void fake_login(CK_USER_TYPE user)
{
	fake.token.user = user;
}

void fake_logout(void)
{
	fake.token.user = P11_NOBODY;
	p11_objects_logout(fake.token.objects);
	for (size_t i = 0; i < 2; i++)
		p11_operations_logout(fake.sessions[i].operations);
}

void fake_context_login(void)
{
	fake.sessions[0].context_login = fake.sessions[1].context_login = true;
}

void fake_old_card(void)
{
	fake.old = true;
	if (fake.token.objects != NULL)
		fake.token.objects->kind = P11_KIND_UNKNOWN;
}

void fake_forgets(void)
{
	fake.forgets = true;
}

void fake_keypad(void)
{
	fake.keypad = true;
}

struct sj_span fake_spki(uint8_t ref)
{
	const struct fake_key *k = key_at(ref);

	return sj_span(k->info.spki, k->info.spki_len);
}

struct sj_span fake_certificate(void)
{
	return sj_span(fake.made[0].certificate, fake.made[0].certificate_len);
}

uint8_t *fake_told_certificate(size_t **len)
{
	*len = &key_at(0x9A)->certificate_len;
	return key_at(0x9A)->certificate;
}

uint8_t *fake_told_spki(uint8_t ref, size_t **len)
{
	*len = &key_at(ref)->info.spki_len;
	return key_at(ref)->info.spki;
}

void fake_changed(void)
{
	fake.generation++;
}

unsigned fake_asked(void)
{
	return fake.asked;
}

unsigned fake_uses(void)
{
	return fake.uses;
}

bool fake_wants_pin(CK_SESSION_HANDLE handle)
{
	return p11_operations_want_pin(&fake.sessions[handle - 1]);
}

/* --- the module's own, in short ----------------------------------------------------------- */

CK_RV p11_session_enter(CK_SESSION_HANDLE handle, struct p11_session **out)
{
	if (handle < 1 || handle > 2)
		return CKR_SESSION_HANDLE_INVALID;
	*out = &fake.sessions[handle - 1];
	return CKR_OK;
}

CK_RV p11_session_leave(struct p11_session *s, CK_RV rv)
{
	(void)s;
	return rv;
}

bool p11_session_writes(const struct p11_session *s)
{
	return (s->flags & CKF_RW_SESSION) != 0;
}

bool p11_session_user(const struct p11_session *s)
{
	return s->token->user == CKU_USER;
}

bool p11_session_so(const struct p11_session *s)
{
	return s->token->user == CKU_SO;
}

CK_RV p11_token_enter(CK_SLOT_ID id, struct p11_token **out)
{
	*out = &fake.token;
	return id == 0 ? CKR_OK : CKR_SLOT_ID_INVALID;
}

CK_RV p11_token_leave(struct p11_token *t, CK_RV rv)
{
	(void)t;
	return rv;
}

bool p11_visible_key(const struct p11_token *t, uint8_t key)
{
	(void)t;
	return key != 0x95; /* hidden by configuration */
}

bool p11_visible_class(const struct p11_token *t, CK_OBJECT_CLASS class)
{
	(void)t;
	(void)class;
	return true;
}

struct sj_piv *p11_card_piv(const struct p11_token *t)
{
	(void)t;
	return NULL;
}

bool sj_piv_reader_has_keypad(struct sj_piv *piv)
{
	assert_null(piv);
	return fake.keypad;
}

CK_RV p11_card_key(struct p11_token *t, uint8_t key, const struct sj_piv_key_info **out)
{
	const struct fake_key *k = key_at(key);

	(void)t;
	*out = k != NULL && k->info.algorithm != SJ_PIV_ALGORITHM_NONE ? &k->info : NULL;
	return CKR_OK;
}

CK_RV p11_card_certificate(struct p11_token *t, uint8_t key, struct sj_span *der)
{
	const struct fake_key *k = key_at(key);

	(void)t;
	if (fake.forgets) {
		fake_logout();
		return CKR_DEVICE_ERROR;
	}
	*der = k != NULL ? sj_span(k->certificate, k->certificate_len) : sj_span(NULL, 0);
	return CKR_OK;
}

CK_RV p11_card_object(struct p11_token *t, uint32_t tag, struct sj_span *out)
{
	const struct fake_object *o = object_at(tag);

	*out = o != NULL ? sj_span(o->bytes, o->len) : sj_span(NULL, 0);
	if (tag == PIV_OBJECT_PRINTED) {
		if (t->user != CKU_USER)
			return CKR_USER_NOT_LOGGED_IN;
		*out = SJ_SPAN_STR("printed");
	}
	return CKR_OK;
}

bool p11_card_gone(const struct p11_token *t)
{
	(void)t;
	return false;
}

CK_RV p11_card_info(struct p11_token *t, struct sj_piv_info *out)
{
	(void)t;
	fake.asked++;
	out->extensions = out->has_content = !fake.old;
	out->version[0] = 5;
	out->version[1] = 7;
	return CKR_OK;
}

CK_RV p11_card_retired(struct p11_token *t, unsigned *out)
{
	(void)t;
	*out = object_at(PIV_OBJECT_KEY_HISTORY)->bytes[2];
	return CKR_OK;
}

unsigned p11_card_generation(const struct p11_token *t)
{
	(void)t;
	return fake.generation;
}

/* As card_use.c decides, and as p11_card_failed() does. */
static CK_RV may_use(struct p11_session *s, const struct sj_piv_key_info *key)
{
	const bool proved = s->context_login;

	if (fake.forgets) {
		fake_logout();
		return CKR_USER_NOT_LOGGED_IN;
	}
	if (key->pin_never)
		return CKR_OK;
	if (s->token->user != CKU_USER)
		return CKR_USER_NOT_LOGGED_IN;
	if (!key->pin_always)
		return CKR_OK;
	s->context_login = false;
	return proved ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

CK_RV p11_card_sign(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		    struct sj_span in, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len)
{
	const struct fake_key *k = key_at(ref);
	const enum sj_curve curve = key->algorithm == SJ_PIV_P256 ? SJ_P256 : SJ_P384;
	CK_RV rv = may_use(s, key);

	if (rv != CKR_OK)
		return rv;
	fake.uses++;
	switch ((int)key->algorithm) {
	case SJ_PIV_RSA_2048:
		*out_len = 256;
		return sj_rsa_private(sj_span(k->pkcs8, k->pkcs8_len), in, out) ? CKR_OK
										: CKR_DEVICE_ERROR;
	case SJ_PIV_ED25519:
		*out_len = SJ_ED25519_SIGNATURE;
		return sj_ed25519_sign(k->secret.bytes, in, out) ? CKR_OK : CKR_DEVICE_ERROR;
	default:
		if (in.len != sj_curve_order_size(curve))
			return CKR_DEVICE_ERROR;
		return sj_ec_sign(curve, &k->secret, in, out, out_len) ? CKR_OK : CKR_DEVICE_ERROR;
	}
}

CK_RV p11_card_agree(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		     struct sj_span peer, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len)
{
	const struct fake_key *k = key_at(ref);
	const enum sj_curve curve = key->algorithm == SJ_PIV_P256 ? SJ_P256 : SJ_P384;
	struct sj_ec_point point;
	CK_RV rv = may_use(s, key);

	if (rv != CKR_OK)
		return rv;
	*out_len = 32;
	if (key->algorithm == SJ_PIV_X25519)
		return sj_x25519_agree(k->secret.bytes, peer.ptr, out) ? CKR_OK : CKR_DEVICE_ERROR;
	*out_len = sj_curve_field_size(curve);
	return sj_ec_point_read(curve, peer, &point) && sj_ec_agree(curve, &k->secret, &point, out)
		       ? CKR_OK
		       : CKR_DEVICE_ERROR;
}

static CK_RV may_change(const struct p11_session *s)
{
	if (!p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	fake.generation++;
	return p11_session_so(s) ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

/* A key's place, a new one if there is none. */
static struct fake_key *place(uint8_t ref)
{
	struct fake_key *k = key_at(ref);

	if (k == NULL)
		k = key_at(0);
	assert_non_null(k);
	k->ref = ref;
	return k;
}

static void policy_set(struct fake_key *k, enum sj_piv_policy policy)
{
	k->info.pin_always = policy == SJ_PIV_PIN_ALWAYS;
	k->info.pin_never = policy == SJ_PIV_PIN_NEVER;
}

CK_RV p11_card_generate(struct p11_session *s, uint8_t ref, enum sj_piv_algorithm algorithm,
			enum sj_piv_policy policy)
{
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	make(place(ref), ref, algorithm);
	policy_set(place(ref), policy);
	return CKR_OK;
}

CK_RV p11_card_import(struct p11_session *s, uint8_t ref, struct sj_span pkcs8,
		      enum sj_piv_policy policy)
{
	struct sj_key *key = sj_key_read(pkcs8);
	struct fake_key *k = place(ref);
	struct sj_writer w = sj_writer(k->info.spki, sizeof(k->info.spki));
	CK_RV rv = may_change(s);

	if (rv == CKR_OK && (key == NULL || !sj_key_put_public(key, false, &w)))
		rv = CKR_DATA_INVALID;
	if (rv == CKR_OK) {
		k->info.spki_len = w.len;
		k->info.algorithm = SJ_PIV_RSA_2048;
		k->info.generated = false;
		memcpy(k->pkcs8, pkcs8.ptr, pkcs8.len);
		k->pkcs8_len = pkcs8.len;
		policy_set(k, policy);
	}
	sj_key_free(key);
	return rv;
}

CK_RV p11_card_delete_key(struct p11_session *s, uint8_t ref)
{
	CK_RV rv = may_change(s);

	if (rv == CKR_OK)
		memset(&place(ref)->info, 0, sizeof(place(ref)->info));
	return rv;
}

CK_RV p11_card_write_certificate(struct p11_session *s, uint8_t ref, struct sj_span der)
{
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	if (der.len > 0)
		memcpy(place(ref)->certificate, der.ptr, der.len);
	place(ref)->certificate_len = der.len;
	return CKR_OK;
}

CK_RV p11_card_write_object(struct p11_session *s, uint32_t tag, struct sj_span value)
{
	struct fake_object *o = object_at(tag);
	CK_RV rv = may_change(s);

	assert_non_null(o);
	if (rv != CKR_OK)
		return rv;
	if (value.len > 0)
		memcpy(o->bytes, value.ptr, value.len);
	o->len = value.len;
	return CKR_OK;
}

/* --- shorthand ------------------------------------------------------------------------------ */

size_t find_count(CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_OBJECT_HANDLE found[64];
	CK_ULONG count = 0;

	assert_int_equal(C_FindObjectsInit(session, t, n), CKR_OK);
	assert_int_equal(C_FindObjects(session, found, 64, &count), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
	return count;
}

CK_OBJECT_HANDLE find_key(CK_OBJECT_CLASS class, uint8_t id)
{
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
	CK_ULONG count = 0;

	assert_int_equal(C_FindObjectsInit(FAKE_RO, t, id != 0 ? 2 : 1), CKR_OK);
	assert_int_equal(C_FindObjects(FAKE_RO, &found, 1, &count), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OK);
	assert_int_equal(count, 1);
	return found;
}

struct sj_span attribute_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	static uint8_t ring[8][4096];
	static unsigned next;
	uint8_t *out = ring[next++ % 8];
	CK_ATTRIBUTE t = { type, out, sizeof(ring[0]) };

	assert_int_equal(C_GetAttributeValue(FAKE_RO, object, &t, 1), CKR_OK);
	return sj_span(out, t.ulValueLen);
}

bool flag_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	const struct sj_span value = attribute_of(object, type);

	assert_int_equal(value.len, 1);
	return value.ptr[0] != CK_FALSE;
}

CK_ULONG number_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	const struct sj_span value = attribute_of(object, type);
	CK_ULONG number;

	assert_int_equal(value.len, sizeof(number));
	memcpy(&number, value.ptr, sizeof(number));
	return number;
}
