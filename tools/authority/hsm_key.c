/* hsm_key.c -- keys of a token: making them, finding them, signing. */
#include <stdlib.h>
#include <string.h>

#include "authority/hsm_token.h"
#include "crypt/public.h"
#include "crypt/random.h"
#include "wire/tlv.h"

#define RSA_BYTES_MAX 512u
#define EC_POINT_MAX (SJ_EC_POINT_MAX + 3u)
#define OBJECTS_MAX 8u

/* What a kind of key is for a token. */
struct shape {
	enum sj_curve curve; /* SJ_CURVE_NONE: RSA, or AES */
	CK_ULONG bits; /* of an RSA key */
	bool pss, aes;
};

static bool shape_of(const char *kind, struct shape *out)
{
	static const struct {
		const char *kind;
		struct shape shape;
	} others[] = {
		{ "RSA-2048", { .bits = 2048 } },
		{ "RSA-3072", { .bits = 3072 } },
		{ "RSA-4096", { .bits = 4096 } },
		{ "RSA-PSS-2048", { .bits = 2048, .pss = true } },
		{ "RSA-PSS-3072", { .bits = 3072, .pss = true } },
		{ "RSA-PSS-4096", { .bits = 4096, .pss = true } },
		{ "AES-256", { .aes = true } },
	};

	*out = (struct shape){ .curve = sj_curve_from_name(kind) };
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].kind, kind) == 0)
			*out = others[i].shape;
	return out->curve != SJ_CURVE_NONE || out->bits != 0 || out->aes;
}

/* --- attributes ----------------------------------------------------------------------- */

/* A template under construction; values are borrowed. */
struct template
{
	CK_ATTRIBUTE list[12];
	CK_ULONG n;
};

static void put(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	CK_ATTRIBUTE *a = &t->list[t->n++];

	a->type = type;
	memcpy(&a->pValue, &value, sizeof(value)); /* Cryptoki has no const */
	a->ulValueLen = len;
}

static void put_yes(struct template *t, CK_ATTRIBUTE_TYPE type)
{
	static const CK_BBOOL yes = CK_TRUE;

	put(t, type, &yes, sizeof(yes));
}

static void put_no(struct template *t, CK_ATTRIBUTE_TYPE type)
{
	static const CK_BBOOL no = CK_FALSE;

	put(t, type, &no, sizeof(no));
}

static void put_name(struct template *t, const char *label, const uint8_t *id)
{
	put(t, CKA_LABEL, label, strlen(label));
	put(t, CKA_ID, id, HSM_ID_SIZE);
}

/* A key that never leaves the token and signs. */
static void put_secret_key(struct template *t, const char *label, const uint8_t *id)
{
	put_yes(t, CKA_TOKEN);
	put_yes(t, CKA_PRIVATE);
	put_yes(t, CKA_SENSITIVE);
	put_no(t, CKA_EXTRACTABLE);
	put_yes(t, CKA_SIGN);
	put_name(t, label, id);
}

/* --- making ---------------------------------------------------------------------------- */

static CK_RV make_pair(const struct hsm *h, const struct shape *s, const char *label,
		       const uint8_t *id)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	const bool ec = s->curve != SJ_CURVE_NONE;
	CK_MECHANISM mechanism = { ec ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	struct template public = { .n = 0 }, private = { .n = 0 };
	CK_OBJECT_HANDLE a, b;
	uint8_t oid[16];
	struct sj_writer w = SJ_WRITER_OF(oid);

	sj_curve_put_parameters(&w, s->curve);
	put_yes(&public, CKA_TOKEN);
	put_no(&public, CKA_PRIVATE);
	put_yes(&public, CKA_VERIFY);
	put_name(&public, label, id);
	if (ec) {
		put(&public, CKA_EC_PARAMS, oid, w.len);
	} else {
		put(&public, CKA_MODULUS_BITS, &s->bits, sizeof(s->bits));
		put(&public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	}
	put_secret_key(&private, label, id);
	return h->module->C_GenerateKeyPair(h->session, &mechanism, public.list, public.n,
					    private.list, private.n, &a, &b);
}

static CK_RV make_aes(const struct hsm *h, const char *label, const uint8_t *id)
{
	static const CK_ULONG size = 32;
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	struct template t = { .n = 0 };
	CK_OBJECT_HANDLE key;

	put_secret_key(&t, label, id);
	put(&t, CKA_VALUE_LEN, &size, sizeof(size));
	return h->module->C_GenerateKey(h->session, &mechanism, t.list, t.n, &key);
}

int hsm_make(struct hsm *h, const char *kind, const char *label, uint8_t id[static HSM_ID_SIZE])
{
	const struct sj_random rnd = sj_random_system();
	struct shape s;
	CK_RV rv;
	int rc;

	if (!shape_of(kind, &s))
		return cli_usage(h->cli, "%s: not a kind of key that can be made", kind);
	rc = hsm_ready(h);
	if (rc != 0)
		return rc;
	if (!sj_random_fill(&rnd, id, HSM_ID_SIZE))
		return cli_fail(h->cli, SJ_CRYPTO_FAILED, "%s", label);
	rv = s.aes ? make_aes(h, label, id) : make_pair(h, &s, label, id);
	return rv == CKR_OK ? 0 : hsm_fail(h, label, rv);
}

/* --- finding ---------------------------------------------------------------------------- */

/* Objects of that id, of a class or (class NULL) of any. */
static CK_RV find(const struct hsm *h, const CK_OBJECT_CLASS *class, const uint8_t *id,
		  CK_OBJECT_HANDLE *out, CK_ULONG cap, CK_ULONG *n)
{
	struct template t = { .n = 0 };
	CK_RV rv;

	put(&t, CKA_ID, id, HSM_ID_SIZE);
	if (class != NULL)
		put(&t, CKA_CLASS, class, sizeof(*class));
	*n = 0;
	rv = h->module->C_FindObjectsInit(h->session, t.list, t.n);
	if (rv != CKR_OK)
		return rv;
	rv = h->module->C_FindObjects(h->session, out, cap, n);
	h->module->C_FindObjectsFinal(h->session);
	return rv;
}

/* Exactly one. `name` is for the message. */
static int find_one(const struct hsm *h, CK_OBJECT_CLASS class, const char *name, const uint8_t *id,
		    CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_HANDLE two[2] = { 0 };
	CK_ULONG n = 0;
	CK_RV rv = find(h, &class, id, two, 2, &n);

	*out = two[0];
	if (rv != CKR_OK)
		return hsm_fail(h, name, rv);
	if (n != 1)
		return cli_fail(h->cli, SJ_KEY_STORE,
				"%s: %s: %s; is it the token that the authority was made with?",
				h->uri, name,
				n == 0 ? "the key is not in it" : "several keys have its CKA_ID");
	return 0;
}

void hsm_forget(struct hsm *h, const uint8_t id[static HSM_ID_SIZE])
{
	CK_OBJECT_HANDLE all[OBJECTS_MAX];
	CK_ULONG n = 0;

	if (hsm_ready(h) != 0 || find(h, NULL, id, all, OBJECTS_MAX, &n) != CKR_OK)
		return;
	for (CK_ULONG i = 0; i < n; i++)
		h->module->C_DestroyObject(h->session, all[i]);
}

/* --- public keys ------------------------------------------------------------------------- */

static CK_RV get(const struct hsm *h, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
		 struct sj_writer *out)
{
	CK_ATTRIBUTE a = { type, out->ptr, out->cap };
	CK_RV rv = h->module->C_GetAttributeValue(h->session, object, &a, 1);

	if (rv == CKR_OK)
		out->len = a.ulValueLen;
	return rv;
}

/* CKA_EC_POINT is the point in an OCTET STRING; some tokens leave that out. */
static CK_RV put_ec(const struct hsm *h, CK_OBJECT_HANDLE object, enum sj_curve curve,
		    struct sj_writer *spki)
{
	uint8_t bytes[EC_POINT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	CK_RV rv = get(h, object, CKA_EC_POINT, &w);
	struct sj_span in = sj_written(&w), inner;
	struct sj_ec_point point;

	if (rv != CKR_OK)
		return rv;
	if (sj_tlv_take(&in, 0x04, &inner) != SJ_TLV_FOUND || in.len != 0)
		inner = sj_written(&w);
	if (!sj_ec_point_read(curve, inner, &point) &&
	    !sj_ec_point_read(curve, sj_written(&w), &point))
		return CKR_GENERAL_ERROR;
	return sj_ec_spki_put(spki, curve, &point, false) ? CKR_OK : CKR_GENERAL_ERROR;
}

/* The same key, good for RSA-PSS only: RFC 4055, 1.2. */
static bool mark_pss(struct sj_span rsa, struct sj_writer *spki)
{
	static const uint8_t id_pss[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10 };
	struct sj_span body, alg;
	size_t at, inner;

	if (sj_tlv_take(&rsa, 0x30, &body) != SJ_TLV_FOUND ||
	    sj_tlv_take(&body, 0x30, &alg) != SJ_TLV_FOUND)
		return false;
	at = sj_tlv_open(spki);
	inner = sj_tlv_open(spki);
	sj_tlv_put(spki, 0x06, SJ_SPAN_OF(id_pss));
	sj_tlv_close(spki, 0x30, inner);
	sj_put(spki, body);
	sj_tlv_close(spki, 0x30, at);
	return !spki->failed;
}

static CK_RV put_rsa(const struct hsm *h, CK_OBJECT_HANDLE object, bool pss, struct sj_writer *spki)
{
	uint8_t modulus[RSA_BYTES_MAX + 1], exponent[8], plain[RSA_BYTES_MAX + 64];
	struct sj_writer n = SJ_WRITER_OF(modulus), e = SJ_WRITER_OF(exponent),
			 w = SJ_WRITER_OF(plain);
	CK_RV rv = get(h, object, CKA_MODULUS, &n);

	if (rv == CKR_OK)
		rv = get(h, object, CKA_PUBLIC_EXPONENT, &e);
	if (rv != CKR_OK)
		return rv;
	sj_public_put_rsa(pss ? &w : spki, sj_written(&n), sj_written(&e));
	if (pss && !mark_pss(sj_written(&w), spki))
		return CKR_GENERAL_ERROR;
	return spki->failed ? CKR_GENERAL_ERROR : CKR_OK;
}

/* --- signing ------------------------------------------------------------------------------ */

struct hsm_user {
	struct hsm *hsm;
	struct shape shape;
	char name[33];
	uint8_t id[HSM_ID_SIZE];
	CK_OBJECT_HANDLE handle; /* in the session of that generation */
	unsigned generation;
};

/* Signs in one session; a handle of another is looked up anew. */
static int sign_once(struct hsm_user *u, CK_OBJECT_CLASS class, CK_MECHANISM *mechanism,
		     struct sj_span data, struct sj_writer *out, CK_RV *rv)
{
	struct hsm *h = u->hsm;
	CK_ULONG room = out->cap - out->len;
	uint8_t input[512];
	int rc = hsm_ready(h);

	*rv = CKR_OK;
	if (rc == 0 && u->generation != h->generation) {
		rc = find_one(h, class, u->name, u->id, &u->handle);
		u->generation = rc == 0 ? h->generation : 0;
	}
	if (rc != 0)
		return rc;
	if (data.len > sizeof(input))
		return cli_fail(h->cli, SJ_INTERNAL, "%s", u->name);
	memcpy(input, data.ptr, data.len);
	*rv = h->module->C_SignInit(h->session, mechanism, u->handle);
	if (*rv == CKR_OK)
		*rv = h->module->C_Sign(h->session, input, data.len, out->ptr + out->len, &room);
	if (*rv == CKR_OK)
		out->len += room;
	return 0;
}

/* Signs; when the token went away meanwhile, once more in a new session. */
static int sign(struct hsm_user *u, CK_OBJECT_CLASS class, CK_MECHANISM *mechanism,
		struct sj_span data, struct sj_writer *out)
{
	CK_RV rv;
	int rc = sign_once(u, class, mechanism, data, out, &rv);

	if (rc == 0 && hsm_is_gone(rv)) {
		hsm_drop(u->hsm);
		rc = sign_once(u, class, mechanism, data, out, &rv);
	}
	if (rc == 0 && rv != CKR_OK)
		rc = hsm_fail(u->hsm, u->name, rv);
	return rc;
}

/* DigestInfo: RFC 8017, 9.2. */
static void put_digest_info(struct sj_writer *w, enum sj_hash hash, struct sj_span digest)
{
	const size_t at = sj_tlv_open(w), alg = sj_tlv_open(w);

	sj_tlv_put(w, 0x06, sj_hash_oid(hash));
	sj_tlv_put(w, 0x05, sj_span(NULL, 0));
	sj_tlv_close(w, 0x30, alg);
	sj_tlv_put(w, 0x04, digest);
	sj_tlv_close(w, 0x30, at);
}

static bool key_sign(void *user, enum sj_hash hash, struct sj_span digest, struct sj_writer *out)
{
	struct hsm_user *u = user;
	CK_RSA_PKCS_PSS_PARAMS pss = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	uint8_t info[128];
	struct sj_writer w = SJ_WRITER_OF(info);

	if (u->shape.curve == SJ_CURVE_NONE && hash != SJ_SHA256)
		return false; /* what sj_key_hash() says of RSA keys */
	if (u->shape.pss) {
		mechanism = (CK_MECHANISM){ CKM_RSA_PKCS_PSS, &pss, sizeof(pss) };
	} else if (u->shape.bits != 0) {
		mechanism.mechanism = CKM_RSA_PKCS;
		put_digest_info(&w, hash, digest);
		digest = sj_written(&w);
	}
	return sign(u, CKO_PRIVATE_KEY, &mechanism, digest, out) == 0;
}

static void key_done(void *user)
{
	struct hsm_user *u = user;

	hsm_release(u->hsm);
	free(u);
}

static struct hsm_user *user_new(struct hsm *h, const struct shape *s, const char *name,
				 const uint8_t *id)
{
	struct hsm_user *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	*u = (struct hsm_user){ .hsm = h, .shape = *s };
	snprintf(u->name, sizeof(u->name), "%s", name);
	memcpy(u->id, id, HSM_ID_SIZE);
	h->users++;
	return u;
}

int hsm_key(struct hsm *h, const char *kind, const char *name, const uint8_t id[static HSM_ID_SIZE],
	    struct sj_key **out)
{
	struct sj_key_elsewhere how = { key_sign, key_done, NULL };
	uint8_t bytes[RSA_BYTES_MAX + 64];
	struct sj_writer spki = SJ_WRITER_OF(bytes);
	CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
	struct shape s;
	CK_RV rv;
	int rc;

	*out = NULL;
	if (!shape_of(kind, &s) || s.aes)
		return cli_fail(h->cli, SJ_INPUT_MALFORMED, "registry.json: %s: %s", name, kind);
	rc = hsm_ready(h);
	if (rc == 0)
		rc = find_one(h, CKO_PUBLIC_KEY, name, id, &object);
	if (rc != 0)
		return rc;
	rv = s.curve != SJ_CURVE_NONE ? put_ec(h, object, s.curve, &spki)
				      : put_rsa(h, object, s.pss, &spki);
	if (rv != CKR_OK)
		return hsm_fail(h, name, rv);
	how.user = user_new(h, &s, name, id);
	if (how.user == NULL)
		return cli_fail(h->cli, SJ_NO_MEMORY, NULL);
	*out = sj_key_elsewhere(sj_written(&spki), &how);
	if (*out != NULL)
		return 0;
	key_done(how.user);
	return cli_fail(h->cli, SJ_KEY_STORE, "%s: %s: not a public key of %s", h->uri, name, kind);
}

int hsm_cmac(struct hsm *h, const char *name, const uint8_t id[static HSM_ID_SIZE],
	     struct sj_span message, uint8_t out[static HSM_CMAC_SIZE])
{
	CK_MECHANISM mechanism = { CKM_AES_CMAC, NULL, 0 };
	struct hsm_user u = { .hsm = h };
	struct sj_writer w = sj_writer(out, HSM_CMAC_SIZE);
	int rc;

	snprintf(u.name, sizeof(u.name), "%s", name);
	memcpy(u.id, id, HSM_ID_SIZE);
	rc = sign(&u, CKO_SECRET_KEY, &mechanism, message, &w);
	if (rc == 0 && w.len != HSM_CMAC_SIZE)
		rc = cli_fail(h->cli, SJ_KEY_STORE, "%s: %s: its CMAC has %zu bytes", h->uri, name,
			      w.len);
	return rc;
}
