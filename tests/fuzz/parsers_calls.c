/*
 * parsers_calls.c -- a program that calls the module in any order, with our own card, which may be
 * taken away and come back in between. An input: calls of three bytes, which and two arguments (calls.h).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/calls.h"
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

static struct live *reader(void)
{
	static struct live live = { .head.ops = &live_ops };

	return &live;
}

CK_SESSION_HANDLE calls_session(const struct program *p, uint8_t a)
{
	return p->sessions[a >> 6];
}

CK_OBJECT_HANDLE calls_object(const struct program *p, uint8_t a)
{
	return p->n > 0 ? p->objects[a % p->n] : a;
}

void calls_keep(struct program *p, CK_OBJECT_HANDLE object)
{
	p->objects[p->n % CALLS_MADE_MAX] = object;
	p->n += p->n < CALLS_MADE_MAX;
}

static struct calls_block some_data(const struct program *p, size_t n)
{
	static const CK_BYTE data[32] = { 1 };

	return calls_data(p, sj_span(data, n));
}

static void on_open(struct program *p, uint8_t a, uint8_t b)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | ((b & 1) != 0 ? CKF_RW_SESSION : 0);

	(void)C_OpenSession(0, flags, NULL, NULL, &p->sessions[a >> 6]);
}

static void on_close(struct program *p, uint8_t a, uint8_t b)
{
	(void)((b & 1) != 0 ? C_CloseAllSessions(0) : C_CloseSession(calls_session(p, a)));
}

static void on_login(struct program *p, uint8_t a, uint8_t b)
{
	static const char *const pins[] = { STAGE_GLOBAL, STAGE_PIN, ADMIN_HEX, "000000", "" };
	static const CK_USER_TYPE users[] = { CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC };
	const char *own = pins[b % 5];
	struct calls_block pin = { (CK_UTF8CHAR *)(uintptr_t)own, strlen(own) };

	if (b >= 0xF0)
		pin = calls_data(p, sj_span(pin.bytes, pin.len));
	(void)C_Login(calls_session(p, a), users[a % 3], pin.bytes, pin.len);
}

static void on_logout(struct program *p, uint8_t a, uint8_t b)
{
	(void)b;
	(void)C_Logout(calls_session(p, a));
}

static void on_find(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = b & 7;
	const CK_ATTRIBUTE own = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	CK_OBJECT_HANDLE found[CALLS_MADE_MAX];
	CK_ULONG n = 0;

	if ((b & 0x80) == 0)
		(void)C_FindObjectsInit(calls_session(p, a), t,
					calls_template(p, t, &own, (b & 8) != 0));
	if (C_FindObjects(calls_session(p, a), found, CALLS_MADE_MAX, &n) == CKR_OK)
		for (CK_ULONG i = 0; i < n; i++)
			calls_keep(p, found[i]);
	if ((b & 0x40) == 0)
		(void)C_FindObjectsFinal(calls_session(p, a));
}

static void on_read(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_ATTRIBUTE_TYPE types[] = { CKA_VALUE, CKA_ID,      CKA_LABEL,   CKA_SUBJECT,
						   CKA_CLASS, CKA_MODULUS, CKA_EC_POINT };
	CK_BYTE bytes[256];
	const CK_ATTRIBUTE own = { types[b % 7], bytes, sizeof(bytes) };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	const CK_ULONG n = calls_template(p, t, &own, 1);

	if (C_GetAttributeValue(calls_session(p, a), calls_object(p, a), t, n) == CKR_OK)
		for (CK_ULONG i = 0; i < n; i++)
			if (t[i].pValue != NULL)
				fuzz_touch(sj_span(t[i].pValue, t[i].ulValueLen));
}

static void on_sign_init(struct program *p, uint8_t a, uint8_t b)
{
	CK_MECHANISM m = calls_mechanism(p, b);

	(void)C_SignInit(calls_session(p, a), &m, calls_object(p, a));
}

static void on_sign(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, b % 3 == 1 ? b % 32u : 32);
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len);

	if ((b & 0x20) != 0 && b < p->out.len)
		p->out.len = b;
	if (b % 3 == 0 && (b & 0x40) != 0)
		(void)C_Sign(s, data.bytes, data.len, NULL, len);
	else if (b % 3 == 0)
		calls_came_out(p, C_Sign(s, data.bytes, data.len, out, len));
	else if (b % 3 == 1)
		(void)C_SignUpdate(s, data.bytes, data.len);
	else
		calls_came_out(p, C_SignFinal(s, out, len));
}

static void on_verify(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_BYTE other[256] = { 2 };
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, (b & 0x40) == 0 ? 32 : 5),
				 signature = calls_made(p, sj_span(other, b & 0x20 ? 64 : 256));
	CK_MECHANISM m = calls_mechanism(p, b);

	if ((b & 0x80) == 0)
		(void)C_VerifyInit(s, &m, calls_object(p, a));
	if ((b & 0x40) == 0)
		(void)C_Verify(s, data.bytes, data.len, signature.bytes, signature.len);
	else
		(void)(C_VerifyUpdate(s, data.bytes, data.len) == CKR_OK &&
		       C_VerifyFinal(s, signature.bytes, signature.len) == CKR_OK);
}

static void on_digest(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, 32);
	CK_MECHANISM m = calls_mechanism(p, b);
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len);

	if ((b & 0x80) == 0)
		(void)C_DigestInit(s, &m);
	if ((b & 0x40) == 0)
		(void)C_Digest(s, data.bytes, data.len, out, len);
	else if ((b & 0x20) == 0)
		(void)C_DigestUpdate(s, data.bytes, data.len);
	else
		(void)C_DigestFinal(s, out, len);
}

static void on_cipher(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_BYTE own[256] = { 0, 2 };
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = calls_data(p, sj_span(own, 16)),
				 sealed = calls_made(p, sj_span(own, b & 0x20 ? 16 : 256));
	CK_MECHANISM m = calls_mechanism(p, b);
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len);

	if ((b & 0xC0) == 0x40)
		(void)C_DecryptInit(s, &m, calls_object(p, a));
	else if ((b & 0xC0) == 0)
		(void)C_EncryptInit(s, &m, calls_object(p, a));
	if ((b & 0x40) != 0)
		calls_came_out(p, C_Decrypt(s, sealed.bytes, sealed.len, out, len));
	else
		calls_came_out(p, C_Encrypt(s, data.bytes, data.len, out, len));
}

static void on_derive(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	const CK_ATTRIBUTE own[] = { { CKA_CLASS, &class, sizeof(class) },
				     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	const CK_ULONG n = calls_template(p, t, own, 2);
	CK_BYTE point[65] = { 4, b };
	CK_ECDH1_DERIVE_PARAMS ecdh = { CKD_NULL, 0, NULL, b & 1 ? sizeof(point) : 32, point };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };
	CK_OBJECT_HANDLE made;

	if (p->has_mechanism)
		m = p->mechanism;
	if (C_DeriveKey(calls_session(p, a), &m, calls_object(p, a), t, n, &made) == CKR_OK)
		calls_keep(p, made);
}

static void on_create(struct program *p, uint8_t a, uint8_t b)
{
	CK_OBJECT_CLASS class = b & 7;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL token = (b & 8) != 0;
	CK_BYTE id = 0x9A + (b & 3), value[8] = { 1 };
	const CK_ATTRIBUTE own[] = { { CKA_CLASS, &class, sizeof(class) },
				     { CKA_TOKEN, &token, 1 },
				     { CKA_VALUE, value, sizeof(value) },
				     { CKA_ID, &id, 1 },
				     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	const CK_ULONG n = calls_template(p, t, own, 3 + (b >> 6) % 3u);
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(calls_session(p, a), t, n, &made) == CKR_OK)
		calls_keep(p, made);
}

static void on_change(struct program *p, uint8_t a, uint8_t b)
{
	CK_BYTE value[4] = { b };
	const CK_ATTRIBUTE own = { (b & 1) != 0 ? CKA_VALUE : CKA_LABEL, value, sizeof(value) };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	const CK_ULONG n = calls_template(p, t, &own, 1);
	CK_OBJECT_HANDLE made;

	if ((b & 2) != 0)
		(void)C_SetAttributeValue(calls_session(p, a), calls_object(p, a), t, n);
	else if ((b & 4) != 0)
		(void)C_DestroyObject(calls_session(p, a), calls_object(p, a));
	else if (C_CopyObject(calls_session(p, a), calls_object(p, a), t, n, &made) == CKR_OK)
		calls_keep(p, made);
}

static void on_generate(struct program *p, uint8_t a, uint8_t b)
{
	CK_BYTE curve[] = { 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 }, id = 0x9A + (b & 7);
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	const CK_ATTRIBUTE public = { CKA_EC_PARAMS, curve, sizeof(curve) };
	CK_BBOOL yes = CK_TRUE;
	const CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &id, 1 } };
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES], u[CALLS_ATTRIBUTES];
	CK_ULONG n = 1, k = 2;
	CK_OBJECT_HANDLE x, y;

	/* The template is for one half; the other is as it was. */
	t[0] = public;
	memcpy(u, private, sizeof(private));
	if ((b & 0x80) == 0)
		n = calls_template(p, t, &public, 1);
	else
		k = calls_template(p, u, private, 2);
	if (p->has_mechanism)
		m = p->mechanism;
	if (C_GenerateKeyPair(calls_session(p, a), &m, t, n, u, k, &x, &y) != CKR_OK)
		return;
	calls_keep(p, x);
	calls_keep(p, y);
}

static void on_pins(struct program *p, uint8_t a, uint8_t b)
{
	CK_UTF8CHAR old[] = STAGE_GLOBAL, new[] = "112233", puk[] = STAGE_PUK ":123456";

	(void)((b & 1) != 0 ? C_SetPIN(calls_session(p, a), old, 6, new, 6)
			    : C_InitPIN(calls_session(p, a), puk, sizeof(puk) - 1));
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
	(void)C_GetSessionInfo(calls_session(p, a), &info);
	(void)C_GenerateRandom(calls_session(p, a), random, b % 16u);
	(void)C_GetOperationState(calls_session(p, a), random, &n);
	(void)C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
}

/* The card goes, comes, or is another process' for a while: reset. */
static void on_card(struct program *p, uint8_t a, uint8_t b)
{
	(void)p;
	(void)a;
	plug.events++;
	plug.card = (b & 1) != 0 ? &reader()->head : NULL;
	if ((b & 2) != 0)
		card_power_off(reader()->b->card);
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
#define CALLS ((unsigned)(sizeof(calls) / sizeof(calls[0])))
#define ALL (CALLS + CALLS_GIVEN + CALLS_MORE)
#define CALLS_MAX 64u

static void call(struct program *p, uint8_t which, uint8_t a, uint8_t b)
{
	const unsigned i = which % ALL;

	if (i < CALLS)
		calls[i](p, a, b);
	else if (i < CALLS + CALLS_GIVEN)
		calls_given(p, i - CALLS, a, b);
	else
		calls_more(p, i - CALLS - CALLS_GIVEN, a, b);
}

/* --- the row ------------------------------------------------------------------------------------------ */

/* Beside its keys on P-256, among them the first retired one. */
static void add_rsa(struct piv_stage *s)
{
	const struct sj_piv_key_history history = { .on_card = 2 };
	uint8_t spki[SJ_PIV_SPKI_MAX], bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t n = sizeof(spki);

	sj_piv_key_history_put(&w, &history);
	assert_int_equal(sj_piv_generate(s->piv, PIV_KEY_RETIRED_FIRST + 1, SJ_PIV_RSA_2048,
					 SJ_PIV_POLICY_DEFAULT, spki, &n),
			 SJ_OK);
	assert_int_equal(sj_piv_write(s->piv, PIV_OBJECT_KEY_HISTORY, bytes, w.len), SJ_OK);
}

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
		add_rsa(s);
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
	struct program p = { .in = in, .room = CALLS_ROOM };
	struct sj_span step;
	bool opened;

	reader()->b = make_card();
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	plug = (struct plug){ &reader()->head, 1 };
	p.finalised = C_Initialize(NULL) != CKR_OK;
	opened = !p.finalised;
	for (unsigned i = 0; i < CALLS_MAX && !p.finalised && sj_take(&p.in, 3, &step); i++)
		call(&p, step.ptr[0], step.ptr[1], step.ptr[2]);
	if (!p.finalised)
		(void)C_Finalize(NULL);
	plug.card = NULL;
	calls_given_free(&p);
	return opened;
}

/* The key of RSA, its private and its public half, are the first two objects; then no template again. */
#define WITH_RSA \
	"\0\0\1\1\0\0\x16\6\2\0\1\3\4\2\x83\2\0\x08\x16\6\2\0\1\2\4\2\x83\2\0\x08\x16\x46\0"

/*
 * Open, log in, find, then of each call one; or the card goes in the middle. With the key of RSA: ciphers and
 * wrapping by PKCS #1 and OAEP, at once and in parts; signatures that are recovered, and a length that is asked.
 * The SO brings a key, has one of RSA made, and writes a certificate.
 */
static bool seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR(
			"\0\0\1\1\0\0\2\0\0\3\1\0\3\2\2\4\3\0\5\3\0\6\3\0\7\0\6\x08\3\3\x0A\3\1\x0F\0\1"
			"\x09\0\0"),
		SJ_SPAN_STR("\0\0\1\1\1\2\x0D\0\0\x0B\0\x08\x0B\0\x84\x0C\0\2\x0C\0\4\x0E\0\1"),
		SJ_SPAN_STR(
			"\0\0\1\1\0\0\2\0\0\x10\0\0\3\1\0\x10\0\1\0\x40\1\2\x40\0\x12\0\0\x0F\0\0"),
		SJ_SPAN_STR(WITH_RSA "\x15\3\0\x08\1\0\x08\0\x40\x15\x09\2\0\0\x09"
				     "abc\x08\1\0\x08\0\x40\x1E\0\2\x19\1\4\x19\0\1"),
		SJ_SPAN_STR(WITH_RSA
			    "\x13\0\4data\x15\3\0\x17\1\4\x17\1\0\x17\1\1\x17\0\5\x17\0\2\x17\0\3"
			    "\x18\0\0\x18\0\1\x18\1\2\x14\x80\0\x18\1\3\x14\1\0\x18\1\3"),
		SJ_SPAN_STR(
			WITH_RSA
			"\x15\x08\1\0\0\x20\4\0\0\5\0\0\x1A\0\0\x1A\0\1\x1B\1\0\x1B\1\1\x1A\0\2\x1A\0\3"
			"\x1A\0\4\x1B\1\2\x1B\1\3\x1B\1\4\x1A\0\5\x1B\1\5\x1D\0\1\x1F\0\0\x22\0\0"),
		SJ_SPAN_STR(
			"\0\0\1\x1C\0\0\x07\0\x46\x1E\0\2\x1E\0\0\x1E\0\1\x21\0\0\x11\0\1\x20\0\0"),
		SJ_SPAN_STR("\0\0\1\1\1\2\x16\1\0\x0B\0\0\x16\2\0\x15\x0C\0\x0D\0\3"
			    "\x16\x46\0\2\0\x09\x1F\0\0"),
	};

	if (i < sizeof(seeds) / sizeof(seeds[0]))
		sj_put(w, seeds[i]);
	return i < sizeof(seeds) / sizeof(seeds[0]);
}

struct fuzz_room fuzz_calls(void)
{
	static const struct fuzz_parser parsers[] = { { "module-calls", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
