/* parsers_module.c -- a card that answers whatever it likes, to a program that uses the whole module. */
#include <stdlib.h>
#include <string.h>

#include "crypt/cipher.h"
#include "pkcs11/kept.h"
#include "pkcs11/p11.h"
#include "tests/fuzz/failures.h"
#include "tests/pkcs11/plug.h"
#include "tests/pkcs11/work.h"
#include "tests/reader/piv_stage.h"

/* --- the card --------------------------------------------------------------------- */

/*
 * An input: a byte that says what the program does and how the card is, then answers, each
 * INS || which || length (2) || answer. A command gets the next answer for its INS and `which` (the
 * data object's last byte, else P2); after the last one the first again.
 */
enum {
	DOES_READ = 0x01,
	DOES_USE = 0x02,
	DOES_ADMINISTER = 0x04,
	CONTACTLESS = 0x08,
	KNOWS_ADMIN = 0x10, /* the card proves that it has the management key */
};
#define ENTRY_HEAD 4u
#define COMMANDS_MAX 400u

struct liar {
	struct sj_transport head;
	struct sj_span answers;
	size_t at;
	unsigned commands;
	uint8_t first;
};

static uint8_t which(struct sj_span command)
{
	const uint8_t *c = command.ptr;

	if (command.len > 7 && c[1] == PIV_INS_GET_DATA && c[6] > 0 && command.len > 6u + c[6])
		return c[6 + c[6]];
	return command.len > 3 ? c[3] : 0;
}

/* The entry at *at; moves on. False: the end. */
static bool take_entry(struct sj_span all, size_t *at, uint8_t name[static 2],
		       struct sj_span *answer)
{
	struct sj_span in;
	uint32_t n;

	if (*at >= all.len)
		return false;
	in = sj_span(all.ptr + *at, all.len - *at);
	if (!sj_take_copy(&in, 2, name) || !sj_take_be(&in, 2, &n) ||
	    !sj_take(&in, n < in.len ? n : in.len, answer))
		return false;
	*at = all.len - in.len;
	return true;
}

static struct sj_span find_answer(struct liar *l, struct sj_span command)
{
	const uint8_t wanted[2] = { command.len > 1 ? command.ptr[1] : 0, which(command) };
	struct sj_span answer;
	uint8_t name[2];

	for (int turn = 0; turn < 2; turn++) {
		while (take_entry(l->answers, &l->at, name, &answer))
			if (memcmp(name, wanted, 2) == 0)
				return answer;
		l->at = 0;
	}
	return SJ_SPAN_STR("\x6A\x82");
}

/* The card's half of mutual authentication. */
static bool prove_admin(struct sj_span command, struct sj_writer *response)
{
	struct sj_piv_auth in, out = { 0 };
	uint8_t key[24], block[SJ_CIPHER_BLOCK_MAX] = { 1 };
	struct sj_apdu a;

	if (!sj_apdu_parse(command, &a) || a.ins != PIV_INS_GENERAL_AUTHENTICATE ||
	    a.p2 != PIV_KEY_ADMINISTRATION || !sj_piv_auth_read(a.data, &in))
		return false;
	out.has_witness = !in.has_challenge;
	out.witness = SJ_SPAN_OF(block);
	if (in.has_challenge && in.challenge.len == sizeof(block)) {
		(void)hex(ADMIN_HEX, key, sizeof(key));
		out.has_response = sj_cbc_encrypt(SJ_CIPHER_AES192, key, NULL, in.challenge, block);
		out.response = SJ_SPAN_OF(block);
	}
	sj_piv_auth_put(response, &out);
	sj_put(response, SJ_SPAN_STR("\x90\x00"));
	return true;
}

static enum sj_rc liar_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	const struct liar *l = (const struct liar *)t;

	(void)deadline;
	sj_put(atr, (l->first & CONTACTLESS) != 0 ? SJ_SPAN_STR("\x3B\x80\x80\x01\x01")
						  : SJ_SPAN_STR("\x3B\x00"));
	return SJ_OK;
}

static enum sj_rc liar_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				struct sj_writer *response)
{
	struct liar *l = (struct liar *)t;
	enum sj_rc rc;

	(void)deadline;
	if (++l->commands > COMMANDS_MAX)
		return SJ_CARD_LOST;
	rc = fuzz_channel();
	if (rc != SJ_OK)
		return rc;
	if ((l->first & KNOWS_ADMIN) == 0 || !prove_admin(command, response))
		sj_put(response, find_answer(l, command));
	return SJ_OK;
}

static void liar_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void liar_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops liar_ops = {
	.connect = liar_connect,
	.transmit = liar_transmit,
	.disconnect = liar_disconnect,
	.close = liar_close,
};

/* --- the program: reading ------------------------------------------------------------- */

#define OBJECTS_MAX 96u

struct program {
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE objects[OBJECTS_MAX];
	CK_ULONG n;
	bool signed_once;
};

static void read_attributes(const struct program *p, CK_OBJECT_HANDLE object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_CLASS,
		CKA_TOKEN,
		CKA_PRIVATE,
		CKA_LABEL,
		CKA_UNIQUE_ID,
		CKA_APPLICATION,
		CKA_OBJECT_ID,
		CKA_VALUE,
		CKA_ISSUER,
		CKA_SUBJECT,
		CKA_SERIAL_NUMBER,
		CKA_ID,
		CKA_START_DATE,
		CKA_END_DATE,
		CKA_PUBLIC_KEY_INFO,
		CKA_CHECK_VALUE,
		CKA_KEY_TYPE,
		CKA_MODULUS,
		CKA_PUBLIC_EXPONENT,
		CKA_EC_PARAMS,
		CKA_EC_POINT,
		CKA_LOCAL,
		CKA_ALLOWED_MECHANISMS,
		CKA_PROFILE_ID,
		CKA_PRIME_1,
	};
	CK_ULONG size;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CK_ATTRIBUTE t = { types[i], NULL, 0 };

		if (C_GetAttributeValue(p->session, object, &t, 1) != CKR_OK)
			continue;
		t.pValue = malloc(t.ulValueLen + 1);
		if (t.pValue != NULL && C_GetAttributeValue(p->session, object, &t, 1) == CKR_OK)
			fuzz_touch(sj_span(t.pValue, t.ulValueLen));
		free(t.pValue);
	}
	(void)C_GetObjectSize(p->session, object, &size);
}

static void find_all(struct program *p)
{
	p->n = 0;
	if (C_FindObjectsInit(p->session, NULL, 0) != CKR_OK)
		return;
	(void)C_FindObjects(p->session, p->objects, OBJECTS_MAX, &p->n);
	(void)C_FindObjectsFinal(p->session);
}

static void read_all(struct program *p)
{
	CK_MECHANISM_TYPE list[64];
	CK_MECHANISM_INFO info;
	CK_SESSION_INFO session;
	CK_ULONG n = 64;

	if (C_GetMechanismList(0, list, &n) == CKR_OK)
		for (CK_ULONG i = 0; i < n; i++)
			(void)C_GetMechanismInfo(0, list[i], &info);
	(void)C_GetSessionInfo(p->session, &session);
	find_all(p);
	for (CK_ULONG i = 0; i < p->n; i++)
		read_attributes(p, p->objects[i]);
}

/* --- using ------------------------------------------------------------------------------- */

static void log_in(const struct program *p, CK_USER_TYPE type, const char *pin)
{
	CK_UTF8CHAR copy[80];

	memcpy(copy, pin, strlen(pin) + 1);
	(void)C_Login(p->session, type, copy, strlen(pin));
}

static void use_for_signing(struct program *p, CK_OBJECT_HANDLE key)
{
	CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM ways[] = {
		{ CKM_ECDSA, NULL, 0 },     { CKM_ECDSA_SHA384, NULL, 0 },
		{ CKM_EDDSA, NULL, 0 },     { CKM_SHA256_RSA_PKCS, NULL, 0 },
		{ CKM_RSA_X_509, NULL, 0 }, { CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof(pss) },
	};
	CK_BYTE data[32] = { 1 }, out[SJ_PIV_BLOCK_MAX];
	CK_ULONG len;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		len = sizeof(out);
		if (C_SignInit(p->session, &ways[i], key) == CKR_OK) {
			log_in(p, CKU_CONTEXT_SPECIFIC, STAGE_GLOBAL);
			if (C_Sign(p->session, data, sizeof(data), out, &len) == CKR_OK)
				p->signed_once = true;
		}
		if (C_VerifyInit(p->session, &ways[i], key) == CKR_OK)
			(void)C_Verify(p->session, data, sizeof(data), out, 64);
	}
}

static void use_for_ciphers(const struct program *p, CK_OBJECT_HANDLE key)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0 };
	CK_MECHANISM ways[] = {
		{ CKM_RSA_PKCS, NULL, 0 },
		{ CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep) },
		{ CKM_RSA_X_509, NULL, 0 },
	};
	CK_BYTE sealed[256] = { 0, 1 }, out[SJ_PIV_BLOCK_MAX];
	CK_ULONG len;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		len = sizeof(out);
		if (C_DecryptInit(p->session, &ways[i], key) == CKR_OK) {
			log_in(p, CKU_CONTEXT_SPECIFIC, STAGE_GLOBAL);
			(void)C_Decrypt(p->session, sealed, sizeof(sealed), out, &len);
		}
		len = sizeof(out);
		if (C_EncryptInit(p->session, &ways[i], key) == CKR_OK)
			(void)C_Encrypt(p->session, sealed, 16, out, &len);
	}
}

static void use_for_agreement(const struct program *p, CK_OBJECT_HANDLE key)
{
	static const CK_ULONG sizes[] = { 65, 32 /* X25519 */ };
	CK_OBJECT_HANDLE secret;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (work_derive(p->session, key, sizes[i], &secret) == CKR_OK)
			read_attributes(p, secret);
}

static void use_all(struct program *p)
{
	CK_UTF8CHAR new[] = "654321", old[] = STAGE_GLOBAL;
	CK_BYTE random[40];

	log_in(p, CKU_USER, STAGE_GLOBAL);
	find_all(p);
	for (CK_ULONG i = 0; i < p->n; i++) {
		use_for_signing(p, p->objects[i]);
		use_for_ciphers(p, p->objects[i]);
		use_for_agreement(p, p->objects[i]);
	}
	(void)C_GenerateRandom(p->session, random, sizeof(random));
	(void)C_SetPIN(p->session, old, sizeof(old) - 1, new, sizeof(new) - 1);
	(void)C_Logout(p->session);
}

/* --- administering ----------------------------------------------------------------------------- */

static void make_key(const struct program *p, CK_MECHANISM_TYPE how, CK_ATTRIBUTE *public)
{
	CK_MECHANISM m = { how, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_BYTE id = 0x9D;
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE a, b;

	if (C_GenerateKeyPair(p->session, &m, public, 1, private, 2, &a, &b) != CKR_OK)
		return;
	read_attributes(p, a);
	(void)C_DestroyObject(p->session, b);
}

static void write_objects(const struct program *p)
{
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_BYTE value[4] = { 1 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE d[] = { { CKA_CLASS, &data, sizeof(data) },
			     { CKA_TOKEN, &yes, 1 },
			     { CKA_LABEL, (void *)(uintptr_t) "X.509 Certificate", 17 },
			     { CKA_VALUE, value, sizeof(value) } };
	CK_OBJECT_HANDLE o;

	work_write_certificate(p->session, p->objects, p->n);
	(void)C_CreateObject(p->session, d, 4, &o);
	for (CK_ULONG i = 0; i < p->n; i++)
		(void)C_SetAttributeValue(p->session, p->objects[i], &d[3], 1);
}

static void administer_all(struct program *p)
{
	static const char p256[] = "06082A8648CE3D030107";
	CK_UTF8CHAR puk[] = STAGE_PUK ":123456", admin[] = ADMIN_HEX, label[32] = "";
	CK_ULONG bits = 2048;
	CK_BYTE curve[10];
	CK_ATTRIBUTE ec = { CKA_EC_PARAMS, curve, sizeof(curve) };
	CK_ATTRIBUTE rsa = { CKA_MODULUS_BITS, &bits, sizeof(bits) };

	(void)hex(p256, curve, sizeof(curve));
	log_in(p, CKU_SO, ADMIN_HEX);
	find_all(p);
	make_key(p, CKM_EC_KEY_PAIR_GEN, &ec);
	make_key(p, CKM_RSA_PKCS_KEY_PAIR_GEN, &rsa);
	write_objects(p);
	(void)C_SetPIN(p->session, admin, sizeof(admin) - 1, admin, sizeof(admin) - 1);
	(void)C_InitPIN(p->session, puk, sizeof(puk) - 1);
	(void)C_CloseAllSessions(0);
	(void)C_InitToken(0, admin, sizeof(admin) - 1, label);
}

/* --- the row ---------------------------------------------------------------------------------------- */

/* True: the program got what it wanted. */
static bool run_program(uint8_t first)
{
	struct program p = { 0 };
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_ULONG n;
	bool opened;

	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	if (C_Initialize(NULL) != CKR_OK)
		return false;
	(void)C_GetSlotList(CK_TRUE, NULL, &n);
	(void)C_GetSlotInfo(0, &slot);
	(void)C_GetTokenInfo(0, &token);
	opened = C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &p.session) ==
		 CKR_OK;
	if (opened && (first & DOES_READ) != 0)
		read_all(&p);
	if (opened && (first & DOES_USE) != 0)
		use_all(&p);
	if (opened && (first & DOES_ADMINISTER) != 0)
		administer_all(&p);
	(void)C_Finalize(NULL);
	return opened && (p.signed_once || (first & DOES_USE) == 0);
}

static bool module_run(struct sj_span in)
{
	struct liar liar = { .head = { .ops = &liar_ops } };
	bool fine;

	if (!sj_take_u8(&in, &liar.first))
		return false;
	liar.answers = in;
	plug = (struct plug){ &liar.head, 1 };
	fine = run_program(liar.first);
	plug.card = NULL;
	return fine;
}

/* --- seeds: our card, recorded --------------------------------------------------------------------------- */

struct recorder {
	struct sj_transport head;
	struct sj_transport *card;
	struct sj_writer *out;
	size_t begin; /* of the entries */
};

static enum sj_rc record_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct recorder *r = (struct recorder *)t;

	return r->card->ops->connect(r->card, deadline, atr);
}

static bool is_there(const struct recorder *r, struct sj_span entry)
{
	const struct sj_span all = sj_span(r->out->ptr + r->begin, r->out->len - r->begin);
	struct sj_span answer;
	uint8_t name[2];

	for (size_t at = 0, begin = 0; take_entry(all, &at, name, &answer); begin = at)
		if (sj_span_eq(entry, sj_span(all.ptr + begin, at - begin)))
			return true;
	return false;
}

/* Each answer once. */
static enum sj_rc record_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				  struct sj_writer *response)
{
	struct recorder *r = (struct recorder *)t;
	const size_t before = response->len;
	enum sj_rc rc = r->card->ops->transmit(r->card, command, deadline, response);
	static uint8_t entry[ENTRY_HEAD + 4096];
	struct sj_writer w = SJ_WRITER_OF(entry);

	if (rc != SJ_OK)
		return rc;
	sj_put_u8(&w, command.ptr[1]);
	sj_put_u8(&w, which(command));
	sj_put_be(&w, 2, (uint32_t)(response->len - before));
	sj_put(&w, sj_span(response->ptr + before, response->len - before));
	if (!w.failed && !is_there(r, sj_written(&w)))
		sj_put(r->out, sj_written(&w));
	return rc;
}

static enum sj_rc record_begin(struct sj_transport *t, int64_t deadline)
{
	struct recorder *r = (struct recorder *)t;

	return r->card->ops->begin(r->card, deadline);
}

static void record_end(struct sj_transport *t)
{
	struct recorder *r = (struct recorder *)t;

	r->card->ops->end(r->card);
}

/* A session of our card, with an RSA key in 9D. */
static void record(uint8_t first, struct sj_writer *w)
{
	static const struct sj_transport_ops ops = { .connect = record_connect,
						     .transmit = record_transmit,
						     .begin = record_begin,
						     .end = record_end,
						     .disconnect = liar_disconnect,
						     .close = liar_close };
	struct piv_stage *s = piv_stage_new(&(struct piv_plan){ .policy = 0 });
	struct recorder r = { .head = { .ops = &ops }, .card = &s->head, .out = w };
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t n = sizeof(spki);

	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_fill(s);
	if ((first & DOES_USE) != 0)
		assert_int_equal(sj_piv_generate(s->piv, 0x9D, SJ_PIV_RSA_2048,
						 SJ_PIV_POLICY_DEFAULT, spki, &n),
				 SJ_OK);
	piv_stage_close(s);
	sj_put_u8(w, first);
	r.begin = w->len;
	plug = (struct plug){ &r.head, 1 };
	(void)run_program(first);
	plug.card = NULL;
	piv_stage_free(s);
}

static bool module_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t firsts[] = { DOES_READ, DOES_USE, DOES_ADMINISTER | KNOWS_ADMIN };
	static uint8_t kept[3][FUZZ_SEED_MAX];
	static size_t len[3];
	struct sj_writer fresh;

	if (i >= sizeof(firsts))
		return false;
	fresh = SJ_WRITER_OF(kept[i]);
	if (len[i] == 0) {
		record(firsts[i], &fresh);
		len[i] = fresh.failed ? 0 : fresh.len;
	}
	sj_put(w, sj_span(kept[i], len[i]));
	return true;
}

/* --- the cache's file ------------------------------------------------------------------------------------ */

static bool kept_seed(size_t i, struct sj_writer *w)
{
	static const uint8_t guid[SJ_PIV_GUID] = { 1 }, content[SJ_PIV_CONTENT] = { 2 };
	struct sj_piv_key_info key = { .size = sizeof(key),
				       .algorithm = SJ_PIV_P256,
				       .spki_len = 9 };
	struct p11_kept *list = NULL;
	bool fine = p11_kept_add(&list, P11_KEPT_OBJECT, PIV_OBJECT_CCC, SJ_SPAN_STR("value")) &&
		    p11_kept_add(&list, P11_KEPT_KEY, 0x9A,
				 sj_span((const uint8_t *)&key, sizeof(key)));

	p11_cache_put(w, guid, content, list);
	p11_kept_free(&list);
	return fine && i == 0;
}

/* The sum is made good, so that what stands before it is read. */
static bool kept_run(struct sj_span in)
{
	static const uint8_t guid[SJ_PIV_GUID] = { 1 }, content[SJ_PIV_CONTENT] = { 2 };
	static uint8_t file[FUZZ_SEED_MAX + 1024];
	struct sj_span body = sj_span(in.ptr, in.len > 8 ? in.len - 8 : 0);
	struct sj_writer w = SJ_WRITER_OF(file);
	struct p11_kept *list = NULL;
	bool fine;

	sj_put(&w, body);
	sj_put_u64(&w, sj_fnv(SJ_FNV_BASIS, body));
	fine = !w.failed && p11_cache_read(sj_written(&w), guid, content, &list);
	for (const struct p11_kept *k = list; k != NULL; k = k->next)
		fuzz_touch(sj_span(k->bytes, k->len));
	p11_kept_free(&list);
	return fine;
}

struct fuzz_room fuzz_module(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "module", module_seed, module_run },
		{ "module-cache", kept_seed, kept_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
