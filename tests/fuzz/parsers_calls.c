/*
 * parsers_calls.c -- a program that calls the module in any order, with our own card, which may be
 * taken away and come back in between. An input: calls of three bytes, which and two arguments.
 */
#include <stdlib.h>
#include <string.h>

#include "pkcs11/p11.h"
#include "tests/fuzz/failures.h"
#include "tests/fuzz/snapshot.h"
#include "tests/pkcs11/plug.h"
#include "tests/reader/piv_stage.h"

/* --- the card ---------------------------------------------------------------------------------- */

struct live {
	struct sj_transport head;
	struct bench *b;
};

static enum sj_rc live_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	uint8_t bytes[CARD_ATR_MAX];

	(void)deadline;
	card_power_off(((struct live *)t)->b->card);
	sj_put(atr, sj_span(bytes, card_power_on(((struct live *)t)->b->card, bytes)));
	return SJ_OK;
}

static enum sj_rc live_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct bench *b = ((struct live *)t)->b;
	enum sj_rc rc = fuzz_channel();
	size_t n;

	(void)deadline;
	if (rc == SJ_CARD_RESET)
		return rc;
	n = card_transmit(b->card, command, b->response);
	if (rc != SJ_OK)
		return rc; /* its answer is lost */
	sj_put(response, sj_span(b->response, n));
	return n > 0 ? SJ_OK : SJ_CARD_LOST;
}

static void live_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void live_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops live_ops = { .connect = live_connect,
						  .transmit = live_transmit,
						  .disconnect = live_disconnect,
						  .close = live_close };

/* --- the calls ------------------------------------------------------------------------------------ */

#define MADE_MAX 32u

struct program {
	struct live live;
	CK_SESSION_HANDLE sessions[4];
	CK_OBJECT_HANDLE objects[MADE_MAX];
	CK_ULONG n;
	bool finalised;
};

static CK_SESSION_HANDLE session(const struct program *p, uint8_t a)
{
	return p->sessions[a >> 6];
}

static CK_OBJECT_HANDLE object(const struct program *p, uint8_t a)
{
	return p->n > 0 ? p->objects[a % p->n] : a;
}

static void keep(struct program *p, CK_OBJECT_HANDLE object)
{
	p->objects[p->n % MADE_MAX] = object;
	p->n += p->n < MADE_MAX;
}

static CK_MECHANISM mechanism(uint8_t a)
{
	static const CK_MECHANISM_TYPE types[] = {
		CKM_ECDSA,         CKM_ECDSA_SHA256,    CKM_EDDSA,
		CKM_RSA_PKCS,      CKM_SHA256_RSA_PKCS, CKM_RSA_X_509,
		CKM_SHA256,        CKM_SHA_1,           CKM_SHA256_RSA_PKCS_PSS,
		CKM_RSA_PKCS_OAEP, CKM_AES_CBC
	};

	return (CK_MECHANISM){ types[a % (sizeof(types) / sizeof(types[0]))], NULL, 0 };
}

static void on_open(struct program *p, uint8_t a, uint8_t b)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | ((b & 1) != 0 ? CKF_RW_SESSION : 0);

	(void)C_OpenSession(0, flags, NULL, NULL, &p->sessions[a >> 6]);
}

static void on_close(struct program *p, uint8_t a, uint8_t b)
{
	(void)((b & 1) != 0 ? C_CloseAllSessions(0) : C_CloseSession(session(p, a)));
}

static void on_login(struct program *p, uint8_t a, uint8_t b)
{
	static const char *const pins[] = { STAGE_GLOBAL, STAGE_PIN, ADMIN_HEX, "000000", "" };
	static const CK_USER_TYPE users[] = { CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC };
	CK_UTF8CHAR copy[80];
	const char *pin = pins[b % 5];

	memcpy(copy, pin, strlen(pin) + 1);
	(void)C_Login(session(p, a), users[a % 3], copy, strlen(pin));
}

static void on_logout(struct program *p, uint8_t a, uint8_t b)
{
	(void)b;
	(void)C_Logout(session(p, a));
}

static void on_find(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = b & 7;
	CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE found[MADE_MAX];
	CK_ULONG n = 0;

	if ((b & 0x80) == 0)
		(void)C_FindObjectsInit(session(p, a), &t, (b & 8) != 0);
	if (C_FindObjects(session(p, a), found, MADE_MAX, &n) == CKR_OK)
		for (CK_ULONG i = 0; i < n; i++)
			keep(p, found[i]);
	if ((b & 0x40) == 0)
		(void)C_FindObjectsFinal(session(p, a));
}

static void on_read(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_VALUE, CKA_ID,      CKA_LABEL,   CKA_SUBJECT,
						   CKA_CLASS, CKA_MODULUS, CKA_EC_POINT };
	CK_BYTE bytes[256];
	CK_ATTRIBUTE t = { types[b % 7], bytes, sizeof(bytes) };

	if (C_GetAttributeValue(session(p, a), object(p, a), &t, 1) == CKR_OK)
		fuzz_touch(sj_span(bytes, t.ulValueLen));
}

static void on_sign_init(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM m = mechanism(b);

	(void)C_SignInit(session(p, a), &m, object(p, a));
}

static void on_sign(struct program *p, uint8_t a, uint8_t b)
{
	CK_BYTE data[32] = { 1 }, out[512];
	CK_ULONG len = (b & 0x20) != 0 ? b : sizeof(out);

	if (b % 3 == 0)
		(void)C_Sign(session(p, a), data, sizeof(data), (b & 0x40) != 0 ? NULL : out, &len);
	else if (b % 3 == 1)
		(void)C_SignUpdate(session(p, a), data, b % 32u);
	else
		(void)C_SignFinal(session(p, a), out, &len);
}

static void on_verify(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM m = mechanism(b);
	CK_BYTE data[32] = { 1 }, signature[256] = { 2 };

	if ((b & 0x80) == 0)
		(void)C_VerifyInit(session(p, a), &m, object(p, a));
	if ((b & 0x40) == 0)
		(void)C_Verify(session(p, a), data, sizeof(data), signature, b & 0x20 ? 64 : 256);
	else
		(void)(C_VerifyUpdate(session(p, a), data, 5) == CKR_OK &&
		       C_VerifyFinal(session(p, a), signature, 64) == CKR_OK);
}

static void on_digest(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM m = mechanism(b);
	CK_BYTE data[40] = { 1 }, out[64];
	CK_ULONG len = sizeof(out);

	if ((b & 0x80) == 0)
		(void)C_DigestInit(session(p, a), &m);
	if ((b & 0x40) == 0)
		(void)C_Digest(session(p, a), data, sizeof(data), out, &len);
	else if ((b & 0x20) == 0)
		(void)C_DigestUpdate(session(p, a), data, sizeof(data));
	else
		(void)C_DigestFinal(session(p, a), out, &len);
}

static void on_cipher(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM m = mechanism(b);
	CK_BYTE in[256] = { 0, 2 }, out[512];
	CK_ULONG len = sizeof(out);

	if ((b & 0x80) == 0)
		(void)((b & 0x40) != 0 ? C_DecryptInit(session(p, a), &m, object(p, a))
				       : C_EncryptInit(session(p, a), &m, object(p, a)));
	(void)((b & 0x40) != 0 ? C_Decrypt(session(p, a), in, b & 0x20 ? 16 : 256, out, &len)
			       : C_Encrypt(session(p, a), in, 16, out, &len));
}

static void on_derive(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_BYTE point[65] = { 4, b };
	CK_ECDH1_DERIVE_PARAMS ecdh = { CKD_NULL, 0, NULL, b & 1 ? sizeof(point) : 32, point };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };
	CK_OBJECT_HANDLE made;

	if (C_DeriveKey(session(p, a), &m, object(p, a), t, 2, &made) == CKR_OK)
		keep(p, made);
}

static void on_create(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = b & 7;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL token = (b & 8) != 0;
	CK_BYTE id = 0x9A + (b & 3), value[8] = { 1 };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_TOKEN, &token, 1 },
			     { CKA_VALUE, value, sizeof(value) },
			     { CKA_ID, &id, 1 },
			     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(session(p, a), t, 3 + (b >> 6) % 3u, &made) == CKR_OK)
		keep(p, made);
}

static void on_change(struct program *p, uint8_t a, uint8_t b)
{
	CK_BYTE value[4] = { b };
	CK_ATTRIBUTE t = { (b & 1) != 0 ? CKA_VALUE : CKA_LABEL, value, sizeof(value) };
	CK_OBJECT_HANDLE made;

	if ((b & 2) != 0)
		(void)C_SetAttributeValue(session(p, a), object(p, a), &t, 1);
	else if ((b & 4) != 0)
		(void)C_DestroyObject(session(p, a), object(p, a));
	else if (C_CopyObject(session(p, a), object(p, a), &t, 1, &made) == CKR_OK)
		keep(p, made);
}

static void on_generate(struct program *p, uint8_t a, uint8_t b)
{
	CK_BYTE curve[] = { 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 }, id = 0x9A + (b & 7);
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE public = { CKA_EC_PARAMS, curve, sizeof(curve) };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE x, y;

	if (C_GenerateKeyPair(session(p, a), &m, &public, 1, private, 2, &x, &y) != CKR_OK)
		return;
	keep(p, x);
	keep(p, y);
}

static void on_pins(struct program *p, uint8_t a, uint8_t b)
{
	CK_UTF8CHAR old[] = STAGE_GLOBAL, new[] = "112233", puk[] = STAGE_PUK ":123456";

	(void)((b & 1) != 0 ? C_SetPIN(session(p, a), old, 6, new, 6)
			    : C_InitPIN(session(p, a), puk, sizeof(puk) - 1));
}

static void on_ask(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM_TYPE list[64];
	CK_TOKEN_INFO token;
	CK_SESSION_INFO info;
	CK_ULONG n = b & 0x3F;
	CK_BYTE random[16];
	CK_SLOT_ID slot;

	(void)C_GetSlotList((b & 1) != 0, &slot, &(CK_ULONG){ 1 });
	(void)C_GetTokenInfo(0, &token);
	(void)C_GetMechanismList(0, list, &n);
	(void)C_GetSessionInfo(session(p, a), &info);
	(void)C_GenerateRandom(session(p, a), random, b % 16u);
	(void)C_GetOperationState(session(p, a), random, &n);
	(void)C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
}

/* The card goes, comes, or is another process' for a while: reset. */
static void on_card(struct program *p, uint8_t a, uint8_t b)
{
	(void)a;
	plug.events++;
	plug.card = (b & 1) != 0 ? &p->live.head : NULL;
	if ((b & 2) != 0)
		card_power_off(p->live.b->card);
}

static void on_end(struct program *p, uint8_t a, uint8_t b)
{
	(void)a;
	(void)b;
	(void)C_Finalize(NULL);
	p->finalised = C_Initialize(NULL) != CKR_OK;
}

static void (*const calls[])(struct program *p, uint8_t a, uint8_t b) = {
	on_open,   on_login,  on_find,   on_read,   on_sign_init, on_sign,   on_verify,
	on_digest, on_cipher, on_logout, on_derive, on_create,    on_change, on_generate,
	on_pins,   on_ask,    on_card,   on_close,  on_end,
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))
#define CALLS_MAX 64u

/* --- the row ------------------------------------------------------------------------------------------ */

static struct bench *make_card(void)
{
	static struct snapshot card;
	struct piv_stage *s;
	struct bench *b;

	fuzz_calm_begin();
	if (card.b == NULL) {
		s = piv_stage_new(&(struct piv_plan){ .policy = 0 });
		assert_int_equal(piv_stage_open(s), SJ_OK);
		piv_stage_fill(s);
		piv_stage_close(s);
		b = bench_new_in(stores_copy(s->b->store));
		bench_insert(b, CARD_CONTACT);
		snapshot_take(&card, b);
		piv_stage_free(s);
		fuzz_stays();
	}
	b = snapshot_restore(&card);
	fuzz_calm_end();
	return b;
}

static bool run(struct sj_span in)
{
	struct program p = { .live.head.ops = &live_ops };
	bool opened;

	p.live.b = make_card();
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	plug = (struct plug){ &p.live.head, 1 };
	p.finalised = C_Initialize(NULL) != CKR_OK;
	opened = !p.finalised;
	for (unsigned i = 0; i < CALLS_MAX && in.len >= 3 && !p.finalised; i++) {
		calls[in.ptr[0] % CALLS](&p, in.ptr[1], in.ptr[2]);
		in = sj_span(in.ptr + 3, in.len - 3);
	}
	if (!p.finalised)
		(void)C_Finalize(NULL);
	plug.card = NULL;
	return opened;
}

/* Open, log in, find, then of each call one; or the card goes in the middle. */
static bool seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR(
			"\0\0\1\1\0\0\2\0\0\3\1\0\3\2\2\4\3\0\5\3\0\6\3\0\7\0\6\x08\3\3\x0A\3\1\x0F\0\1"
			"\x09\0\0"),
		SJ_SPAN_STR("\0\0\1\1\1\2\x0D\0\0\x0B\0\x08\x0B\0\x84\x0C\0\2\x0C\0\4\x0E\0\1"),
		SJ_SPAN_STR(
			"\0\0\1\1\0\0\2\0\0\x10\0\0\3\1\0\x10\0\1\0\x40\1\2\x40\0\x12\0\0\x0F\0\0"),
	};

	if (i < 3)
		sj_put(w, seeds[i]);
	return i < 3;
}

struct fuzz_room fuzz_calls(void)
{
	static const struct fuzz_parser parsers[] = { { "module-calls", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
