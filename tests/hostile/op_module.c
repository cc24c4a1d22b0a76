/* op_module.c -- programs of the whole PKCS#11 module, before a liar. */
#include <stdlib.h>

#include "tests/hostile/op_module.h"
#include "tests/pkcs11/plug.h"
#include "tests/pkcs11/work.h"
#include "tests/reader/piv_stage.h"

#include "crypt/public.h"
#include "crypt/rsa.h"

/* A card with EC keys, one of them retired (82), and RSA in 9D: made once, which takes its time. */
static void *open_token(void)
{
	static struct card_store *made; /* of this program */
	const struct sj_span history = SJ_SPAN_STR("\xC1\x01\x01\xC2\x01\x00\xF3\x00\xFE\x00");
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t n = sizeof(spki);
	struct piv_stage *s;

	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	if (made != NULL)
		return made;
	s = piv_stage_new(&(struct piv_plan){ .policy = 0 });
	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_fill(s);
	assert_int_equal(
		sj_piv_generate(s->piv, 0x9D, SJ_PIV_RSA_2048, SJ_PIV_POLICY_DEFAULT, spki, &n),
		SJ_OK);
	assert_int_equal(sj_piv_write(s->piv, PIV_OBJECT_KEY_HISTORY, history.ptr, history.len),
			 SJ_OK);
	piv_stage_close(s);
	made = stores_copy(s->b->store);
	piv_stage_free(s);
	return made;
}

static void token_close(void *rig)
{
	(void)rig;
}

/* Return values that speak of us: the module's own arguments, state or memory. */
static const char *blames_us(CK_RV rv)
{
	return rv == CKR_HOST_MEMORY || rv == CKR_ARGUMENTS_BAD || rv == CKR_GENERAL_ERROR ||
			       rv == CKR_CRYPTOKI_NOT_INITIALIZED
		       ? "the return value blames the module"
		       : NULL;
}

CK_SESSION_HANDLE program_due(const struct program *p)
{
	(void)liar_call(p->l, PROGRAM_MS);
	return p->session;
}

CK_SLOT_ID program_slot(const struct program *p)
{
	(void)liar_call(p->l, PROGRAM_MS);
	return 0;
}

bool program_did(struct program *p, CK_RV rv)
{
	p->rv = rv;
	if (p->o->wrong == NULL)
		p->o->wrong = blames_us(rv);
	return rv == CKR_OK;
}

/* --- what programs do ----------------------------------------------------------------------- */

/* The values of an object, every byte of which is looked at. */
static void read_object(const struct program *p, CK_OBJECT_HANDLE object)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_CLASS,           CKA_TOKEN,       CKA_LABEL,           CKA_VALUE,
		CKA_ISSUER,          CKA_SUBJECT,     CKA_SERIAL_NUMBER,   CKA_ID,
		CKA_END_DATE,        CKA_CHECK_VALUE, CKA_KEY_TYPE,        CKA_MODULUS,
		CKA_EC_PARAMS,       CKA_EC_POINT,    CKA_PUBLIC_EXPONENT, CKA_OBJECT_ID,
		CKA_PUBLIC_KEY_INFO, CKA_APPLICATION, CKA_UNIQUE_ID,       CKA_START_DATE,
	};
	CK_ULONG size;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CK_ATTRIBUTE t = { types[i], NULL, 0 };

		if (C_GetAttributeValue(program_due(p), object, &t, 1) != CKR_OK)
			continue;
		t.pValue = malloc(t.ulValueLen + 1);
		assert_non_null(t.pValue);
		if (C_GetAttributeValue(program_due(p), object, &t, 1) == CKR_OK)
			outcome_touch(t.pValue, t.ulValueLen);
		free(t.pValue);
	}
	(void)C_GetObjectSize(program_due(p), object, &size);
}

void program_find(struct program *p, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE t = { CKA_CLASS, &class, sizeof(class) };

	p->n = 0;
	p->rv = C_FindObjectsInit(program_due(p), &t, 1);
	if (p->rv != CKR_OK)
		return;
	(void)C_FindObjects(program_due(p), p->objects, OBJECTS_MAX, &p->n);
	(void)C_FindObjectsFinal(program_due(p));
}

static void read_all(struct program *p)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY,
						   CKO_DATA, CKO_PROFILE };
	CK_MECHANISM_TYPE list[64];
	CK_MECHANISM_INFO info;
	CK_SESSION_INFO session;
	CK_ULONG n = 64;

	if (C_GetMechanismList(program_slot(p), list, &n) == CKR_OK)
		for (CK_ULONG i = 0; i < n; i++)
			(void)C_GetMechanismInfo(program_slot(p), list[i], &info);
	(void)C_GetSessionInfo(program_due(p), &session);
	for (size_t c = 0; c < sizeof(classes) / sizeof(classes[0]); c++) {
		program_find(p, classes[c]);
		for (CK_ULONG i = 0; i < p->n; i++)
			read_object(p, p->objects[i]);
	}
}

CK_RV program_log_in(struct program *p, CK_USER_TYPE type, const char *pin, uint8_t ins)
{
	const unsigned before = p->l->good[ins];
	CK_UTF8CHAR copy[80];
	CK_RV rv;

	memcpy(copy, pin, strlen(pin) + 1);
	rv = C_Login(program_due(p), type, copy, strlen(pin));
	if (rv == CKR_OK && type != CKU_CONTEXT_SPECIFIC && p->l->good[ins] == before)
		p->o->wrong = "a login that the card did not call right";
	return rv;
}

/* --- signing --------------------------------------------------------------------------------------- */

/* Under the key that the module itself hands out for this one. */
static bool signature_holds(const struct program *p, CK_OBJECT_HANDLE key, struct sj_span digest,
			    struct sj_span signature)
{
	uint8_t spki[SJ_PIV_SPKI_MAX], block[SJ_RSA_MAX];
	CK_ATTRIBUTE t = { CKA_PUBLIC_KEY_INFO, spki, sizeof(spki) };

	return C_GetAttributeValue(program_due(p), key, &t, 1) == CKR_OK &&
	       sj_rsa_public(sj_span(spki, t.ulValueLen), signature, block) &&
	       memcmp(block + signature.len - digest.len, digest.ptr, digest.len) == 0;
}

static void sign(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE how)
{
	CK_MECHANISM m = { how, NULL, 0 };
	CK_BYTE data[32] = { 1 }, out[SJ_PIV_BLOCK_MAX];
	CK_ULONG len = sizeof(out);

	if (C_SignInit(program_due(p), &m, key) != CKR_OK)
		return;
	(void)program_log_in(p, CKU_CONTEXT_SPECIFIC, STAGE_GLOBAL, PIV_INS_VERIFY);
	p->rv = C_Sign(program_due(p), data, sizeof(data), out, &len);
	if (p->rv != CKR_OK)
		return;
	p->signatures++;
	outcome_touch(out, len);
	/* One of ECDSA is for whoever gets it to verify. */
	if (how != CKM_ECDSA && !signature_holds(p, key, SJ_SPAN_OF(data), sj_span(out, len)))
		p->o->wrong = "a signature that does not hold";
}

CK_OBJECT_HANDLE program_public(const struct program *p, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_BYTE id[8];
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, id, sizeof(id) } };
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	if (C_GetAttributeValue(program_due(p), key, &t[1], 1) != CKR_OK ||
	    C_FindObjectsInit(program_due(p), t, 2) != CKR_OK)
		return 0;
	(void)C_FindObjects(program_due(p), &found, 1, &n);
	(void)C_FindObjectsFinal(program_due(p));
	return found;
}

static void decrypt(struct program *p, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE sealed[SJ_RSA_MAX], plain[16] = "fifteen letters", out[SJ_RSA_MAX];
	const CK_OBJECT_HANDLE public = program_public(p, key);
	CK_ULONG len = sizeof(sealed), n = sizeof(out);

	if (C_EncryptInit(program_due(p), &m, public) != CKR_OK ||
	    C_Encrypt(program_due(p), plain, sizeof(plain), sealed, &len) != CKR_OK ||
	    C_DecryptInit(program_due(p), &m, key) != CKR_OK)
		return;
	p->rv = C_Decrypt(program_due(p), sealed, len, out, &n);
	if (p->rv != CKR_OK)
		return;
	p->secrets++;
	outcome_touch(out, n);
}

static void derive(struct program *p, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE secret;

	if (work_derive(program_due(p), key, 65, &secret) != CKR_OK)
		return;
	p->secrets++;
	read_object(p, secret);
}

static void use_all(struct program *p)
{
	CK_UTF8CHAR new[] = "654321", old[] = STAGE_GLOBAL;
	CK_BYTE random[40];

	p->rv = program_log_in(p, CKU_USER, STAGE_GLOBAL, PIV_INS_VERIFY);
	if (p->rv != CKR_OK)
		return;
	program_find(p, CKO_PRIVATE_KEY);
	for (CK_ULONG i = 0; i < p->n; i++) {
		sign(p, p->objects[i], CKM_ECDSA);
		sign(p, p->objects[i], CKM_RSA_PKCS);
		decrypt(p, p->objects[i]);
		derive(p, p->objects[i]);
	}
	if (C_GenerateRandom(program_due(p), random, sizeof(random)) == CKR_OK)
		outcome_touch(random, sizeof(random));
	(void)C_SetPIN(program_due(p), old, sizeof(old) - 1, new, sizeof(new) - 1);
	(void)C_Logout(program_due(p));
	if (p->l->wrong == NULL && (p->signatures < 4 || p->secrets < 2))
		p->o->wrong = "the honest card signs and decrypts too little";
}

/* --- administering --------------------------------------------------------------------------------- */

static void make_key(struct program *p)
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE curve[10], id = 0x82;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public = { CKA_EC_PARAMS, curve, sizeof(curve) };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE a, b;

	(void)hex("06082A8648CE3D030107", curve, sizeof(curve));
	p->rv = C_GenerateKeyPair(program_due(p), &m, &public, 1, private, 2, &a, &b);
	if (p->rv != CKR_OK)
		return;
	p->made++;
	read_object(p, a);
	(void)C_DestroyObject(program_due(p), b);
}

/* Three calls. */
static bool write_again(struct program *p, CK_OBJECT_HANDLE object)
{
	const CK_SESSION_HANDLE session = program_due(p);

	p->l->until += 2 * PROGRAM_MS;
	return work_write_certificate(session, &object, 1);
}

static void administer_all(struct program *p)
{
	CK_UTF8CHAR puk[] = STAGE_PUK ":123456", admin[] = ADMIN_HEX, label[32] = "";

	p->rv = program_log_in(p, CKU_SO, ADMIN_HEX, PIV_INS_GENERAL_AUTHENTICATE);
	if (p->rv != CKR_OK)
		return;
	make_key(p);
	program_find(p, CKO_CERTIFICATE);
	for (CK_ULONG i = 0; i < p->n && !write_again(p, p->objects[i]); i++)
		;
	(void)C_SetPIN(program_due(p), admin, sizeof(admin) - 1, admin, sizeof(admin) - 1);
	(void)C_InitPIN(program_due(p), puk, sizeof(puk) - 1);
	(void)C_CloseAllSessions(program_slot(p));
	(void)C_InitToken(program_slot(p), admin, sizeof(admin) - 1, label);
}

/* --- one program ------------------------------------------------------------------------------------- */

static void module_run(const struct card_store *token_store, struct liar *l, struct outcome *o,
		       void (*work)(struct program *p))
{
	struct program p = { .l = l, .o = o };
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_ULONG n = 0;

	liar_insert(l, token_store, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	(void)program_slot(&p);
	(void)C_GetSlotList(CK_TRUE, NULL, &n);
	if (C_GetSlotInfo(program_slot(&p), &slot) == CKR_OK)
		outcome_touch(&slot, sizeof(slot));
	if (C_GetTokenInfo(program_slot(&p), &token) == CKR_OK)
		outcome_touch(&token, sizeof(token));
	p.rv = C_OpenSession(program_slot(&p), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
			     &p.session);
	if (p.rv == CKR_OK)
		work(&p);
	if (o->wrong == NULL)
		o->wrong = blames_us(p.rv);
	o->rc = SJ_OK;
	o->accepted = p.rv == CKR_OK;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	plug.card = NULL;
}

static void read_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, read_all);
}

static void use_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, use_all);
}

static void administer_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, administer_all);
}

static void parts_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, program_parts);
}

static void keys_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, program_keys);
}

static void slots_run(void *rig, struct liar *l, struct outcome *o)
{
	module_run(rig, l, o, program_slots);
}

const struct operation *const *operations_module(void)
{
#define MODULE(name_, run_) \
	{ \
		.name = name_, .kind = ON_MODULE | ON_PIV | ON_CONTACT, .card_is_believed = true, \
		.open = open_token, .run = run_, .close = token_close \
	}
	static const struct operation reading = MODULE("module-read", read_run);
	static const struct operation use = MODULE("module-use", use_run);
	static const struct operation administration = MODULE("module-administer", administer_run);
	static const struct operation parts = MODULE("module-parts", parts_run);
	static const struct operation keys = MODULE("module-keys", keys_run);
	static const struct operation slots = MODULE("module-slots", slots_run);
	static const struct operation *const all[] = { &reading, &use,  &administration,
						       &parts,   &keys, &slots,
						       NULL };

	return all;
}
