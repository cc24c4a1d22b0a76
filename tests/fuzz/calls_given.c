/* calls_given.c -- what a program gives to the module's functions, as the input says it. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/calls.h"
#include "tests/fuzz/failures.h"
#include "tests/pkcs11/work.h"

static void free_block(struct calls_block *b)
{
	free(b->bytes);
	*b = (struct calls_block){ 0 };
}

/* The next bytes of the input; behind its end it goes on with what is no zero. */
static void make_block(struct program *p, struct calls_block *b, size_t n)
{
	struct sj_span some;

	fuzz_calm_begin();
	free_block(b);
	b->bytes = malloc(n);
	if (b->bytes == NULL)
		abort();
	fuzz_calm_end();
	b->len = n;
	memset(b->bytes, 0x5A, n);
	if (sj_take(&p->in, n < p->in.len ? n : p->in.len, &some) && some.len > 0)
		memcpy(b->bytes, some.ptr, some.len);
}

static void copy_block(struct calls_block *to, const void *bytes, size_t n)
{
	struct program none = { .in = sj_span(bytes, n) };

	make_block(&none, to, n);
}

static uint8_t next(struct program *p)
{
	uint8_t byte = 0;

	return sj_take_u8(&p->in, &byte) ? byte : 0;
}

/* --- data, and room for an answer --------------------------------------------------------------------- */

struct calls_block calls_data(const struct program *p, struct sj_span otherwise)
{
	if (p->has_data)
		return p->data;
	return (struct calls_block){ (CK_BYTE *)(uintptr_t)otherwise.ptr, otherwise.len };
}

struct calls_block calls_made(const struct program *p, struct sj_span otherwise)
{
	if (p->made.bytes != NULL)
		return p->made;
	return (struct calls_block){ (CK_BYTE *)(uintptr_t)otherwise.ptr, otherwise.len };
}

CK_BYTE *calls_out(struct program *p, CK_ULONG **len)
{
	fuzz_calm_begin();
	free_block(&p->out);
	p->out.len = p->room;
	p->out.bytes = malloc(p->room);
	if (p->out.bytes == NULL)
		abort();
	fuzz_calm_end();
	*len = p->no_length ? NULL : &p->out.len;
	return p->asks_length ? NULL : p->out.bytes;
}

void calls_came_out(struct program *p, CK_RV rv)
{
	if (rv == CKR_OK && !p->asks_length && !p->no_length)
		copy_block(&p->made, p->out.bytes, p->out.len);
}

/* What the calls behind it sign, seal, digest or take for a PIN; or for what came out last. */
static void on_data(struct program *p, uint8_t a, uint8_t b)
{
	enum { IS_NULL = 0x80, AS_MADE = 0x40, FROM_MADE = 0x20, NONE = 0x10 };
	struct calls_block *to = (a & AS_MADE) != 0 ? &p->made : &p->data;

	if ((a & FROM_MADE) != 0 && p->made.bytes != NULL)
		copy_block(&p->data, p->made.bytes, p->made.len);
	else
		make_block(p, to, (a & 0x0Fu) << 8 | b);
	if ((a & IS_NULL) != 0) {
		free(to->bytes);
		to->bytes = NULL;
	}
	p->has_data = (a & NONE) == 0;
}

static void on_room(struct program *p, uint8_t a, uint8_t b)
{
	p->asks_length = (a & 0x80) != 0;
	p->no_length = (a & 0x40) != 0;
	p->room = (a & 0x0Fu) << 8 | b;
}

/* --- mechanisms ------------------------------------------------------------------------------------------ */

static const CK_MECHANISM_TYPE types[] = {
	/* The first eleven are those of old inputs. */
	CKM_ECDSA,
	CKM_ECDSA_SHA256,
	CKM_EDDSA,
	CKM_RSA_PKCS,
	CKM_SHA256_RSA_PKCS,
	CKM_RSA_X_509,
	CKM_SHA256,
	CKM_SHA_1,
	CKM_SHA256_RSA_PKCS_PSS,
	CKM_RSA_PKCS_OAEP,
	CKM_AES_CBC,
	CKM_RSA_PKCS_PSS,
	CKM_RSA_PKCS_KEY_PAIR_GEN,
	CKM_EC_KEY_PAIR_GEN,
	CKM_EC_EDWARDS_KEY_PAIR_GEN,
	CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
	CKM_ECDH1_DERIVE,
	CKM_ECDH1_COFACTOR_DERIVE,
	CKM_SHA1_RSA_PKCS,
	CKM_SHA512_RSA_PKCS,
	CKM_SHA1_RSA_PKCS_PSS,
	CKM_SHA512_RSA_PKCS_PSS,
	CKM_ECDSA_SHA1,
	CKM_ECDSA_SHA512,
	CKM_SHA224,
	CKM_SHA384,
	CKM_SHA512,
	CKM_VENDOR_DEFINED,
};
#define OLD_TYPES 11u

CK_MECHANISM calls_mechanism(const struct program *p, uint8_t which)
{
	if (p->has_mechanism)
		return p->mechanism;
	return (CK_MECHANISM){ types[which % OLD_TYPES], NULL, 0 };
}

static CK_MECHANISM_TYPE hash_of(uint8_t which)
{
	static const CK_MECHANISM_TYPE hashes[] = { CKM_SHA256, CKM_SHA_1,  CKM_SHA224,
						    CKM_SHA384, CKM_SHA512, CKM_SHA3_256,
						    0 };

	return hashes[which % (sizeof(hashes) / sizeof(hashes[0]))];
}

static CK_RSA_PKCS_MGF_TYPE mgf_of(uint8_t which)
{
	static const CK_RSA_PKCS_MGF_TYPE masks[] = { CKG_MGF1_SHA256,
						      CKG_MGF1_SHA1,
						      CKG_MGF1_SHA224,
						      CKG_MGF1_SHA384,
						      CKG_MGF1_SHA512,
						      CKG_MGF1_SHA3_256,
						      0 };

	return masks[which % (sizeof(masks) / sizeof(masks[0]))];
}

static void put_pss(struct program *p, struct calls_block *out)
{
	CK_RSA_PKCS_PSS_PARAMS pss = { .hashAlg = hash_of(next(p)), .mgf = mgf_of(next(p)) };

	pss.sLen = (CK_ULONG)next(p) * (pss.hashAlg == 0 ? 0x01000000u : 1u);
	copy_block(out, &pss, sizeof(pss));
}

static void put_oaep(struct program *p, struct calls_block *out)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = { .hashAlg = hash_of(next(p)), .mgf = mgf_of(next(p)) };
	const uint8_t label = next(p);

	oaep.source = label % 3 == 2 ? 0 : CKZ_DATA_SPECIFIED;
	oaep.ulSourceDataLen = label / 3u;
	make_block(p, &p->inner[0], label / 3u);
	oaep.pSourceData = label == 255 ? NULL : p->inner[0].bytes;
	copy_block(out, &oaep, sizeof(oaep));
}

static void put_ecdh(struct program *p, struct calls_block *out)
{
	static const CK_EC_KDF_TYPE ways[] = { CKD_NULL, CKD_SHA1_KDF, CKD_SHA256_KDF,
					       CKD_SHA512_KDF, CKD_CPDIVERSIFY_KDF };
	CK_ECDH1_DERIVE_PARAMS ecdh = { .kdf = ways[next(p) % 5] };
	const uint8_t shared = next(p), point = next(p);

	make_block(p, &p->inner[0], shared);
	ecdh.ulSharedDataLen = shared;
	ecdh.pSharedData = shared > 0 ? p->inner[0].bytes : NULL;
	if (point < 0x80)
		make_block(p, &p->inner[1], point);
	else
		copy_block(&p->inner[1], work_generator(), point - 0x80u < 65 ? point - 0x80u : 65);
	ecdh.ulPublicDataLen = p->inner[1].len;
	ecdh.pPublicData = p->inner[1].bytes;
	copy_block(out, &ecdh, sizeof(ecdh));
}

/* A pointer in a parameter points somewhere, so one that holds some is whole or has another length. */
static bool holds_pointers(CK_ULONG len)
{
	return len == sizeof(CK_RSA_PKCS_OAEP_PARAMS) || len == sizeof(CK_ECDH1_DERIVE_PARAMS) ||
	       len == sizeof(CK_EDDSA_PARAMS);
}

static void on_mechanism(struct program *p, uint8_t a, uint8_t b)
{
	static void (*const parameters[])(struct program *,
					  struct calls_block *) = { put_pss, put_oaep, put_ecdh };
	struct calls_block parameter = { 0 };
	const CK_ULONG cut = b >> 5;

	free(p->mechanism.pParameter);
	p->mechanism = (CK_MECHANISM){ types[a % (sizeof(types) / sizeof(types[0]))], NULL, 0 };
	p->has_mechanism = a != 0xFF;
	if ((b & 7) >= 1 && (b & 7) <= 3)
		parameters[(b & 7) - 1](p, &parameter);
	else if ((b & 7) == 4 && !holds_pointers(b >> 3))
		make_block(p, &parameter, b >> 3);
	else if ((b & 7) == 5)
		parameter.len = b >> 3; /* of nothing */
	if ((b & 7) <= 3 && cut < parameter.len)
		parameter.len -= cut;
	p->mechanism.pParameter = parameter.bytes;
	p->mechanism.ulParameterLen = parameter.len;
}

/* --- templates: a good one of each kind, edited --------------------------------------------------------- */

static const CK_ATTRIBUTE_TYPE attributes[] = {
	CKA_CLASS,
	CKA_TOKEN,
	CKA_PRIVATE,
	CKA_LABEL,
	CKA_ID,
	CKA_VALUE,
	CKA_KEY_TYPE,
	CKA_EC_PARAMS,
	CKA_EC_POINT,
	CKA_MODULUS,
	CKA_MODULUS_BITS,
	CKA_PUBLIC_EXPONENT,
	CKA_PRIVATE_EXPONENT,
	CKA_PRIME_1,
	CKA_PRIME_2,
	CKA_COEFFICIENT,
	CKA_SENSITIVE,
	CKA_EXTRACTABLE,
	CKA_VALUE_LEN,
	CKA_ALLOWED_MECHANISMS,
	CKA_ALWAYS_AUTHENTICATE,
	CKA_OBJECT_ID,
	CKA_CERTIFICATE_TYPE,
	CKA_START_DATE,
	CKA_SUBJECT,
	CKA_MODIFIABLE,
	CKA_DESTROYABLE,
	CKA_TRUSTED,
	CKA_WRAP_WITH_TRUSTED,
	CKA_UNWRAP_TEMPLATE,
	CKA_UNIQUE_ID,
	CKA_VENDOR_DEFINED,
};

static void set_attribute(struct calls_template *t, CK_ATTRIBUTE_TYPE type, const void *bytes,
			  size_t n, bool again)
{
	CK_ATTRIBUTE *to = &t->t[t->n];
	struct calls_block value = { 0 };

	for (CK_ULONG i = 0; !again && i < t->n; i++)
		if (t->t[i].type == type)
			to = &t->t[i];
	if (to == &t->t[CALLS_ATTRIBUTES])
		return;
	if (to == &t->t[t->n])
		t->n++;
	else
		free(to->pValue);
	if (bytes != NULL)
		copy_block(&value, bytes, n);
	*to = (CK_ATTRIBUTE){ type, value.bytes, n };
}

static void begin_template(struct calls_template *t, uint8_t kind)
{
	static const CK_OBJECT_CLASS classes[] = {
		CKO_SECRET_KEY,  CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
		CKO_CERTIFICATE, CKO_DATA,        CKO_PRIVATE_KEY
	};
	static const CK_BYTE curve[] = { 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 };
	static const CK_BYTE id = 0x9D, value[32] = { 1 }, no = CK_FALSE, yes = CK_TRUE;
	const CK_KEY_TYPE type = kind == 0 ? CKK_GENERIC_SECRET : kind == 5 ? CKK_RSA : CKK_EC;
	static const CK_ULONG bits = 2048;

	for (CK_ULONG i = 0; i < t->n; i++)
		free(t->t[i].pValue);
	*t = (struct calls_template){ .given = true };
	if (kind >= 6)
		return;
	set_attribute(t, CKA_CLASS, &classes[kind], sizeof(classes[0]), false);
	set_attribute(t, CKA_TOKEN, kind == 0 || kind == 2 ? &no : &yes, 1, false);
	if (kind == 0 || kind == 1 || kind == 5)
		set_attribute(t, CKA_KEY_TYPE, &type, sizeof(type), false);
	if (kind == 0)
		set_attribute(t, CKA_EXTRACTABLE, &yes, 1, false);
	if (kind != 5 && kind != 2)
		set_attribute(t, CKA_VALUE, value, sizeof(value), false);
	if (kind == 1)
		set_attribute(t, CKA_EC_PARAMS, curve, sizeof(curve), false);
	if (kind == 2)
		set_attribute(t, CKA_MODULUS_BITS, &bits, sizeof(bits), false);
	if (kind != 0 && kind != 4)
		set_attribute(t, CKA_ID, &id, 1, false);
}

/* Each edit: the attribute (highest bit: once more), how, how long or which number. */
static void on_template(struct program *p, uint8_t a, uint8_t b)
{
	struct calls_template *t = &p->template;
	struct calls_block value = { 0 };

	if ((a & 0x80) == 0)
		begin_template(t, a & 7);
	t->given = (a & 0x40) == 0;
	for (unsigned i = 0; i < b % 8u; i++) {
		const uint8_t which = next(p), how = next(p), n = next(p);
		const CK_ULONG number = n;

		make_block(p, &value, how % 4u == 0 ? n : 0);
		if (how % 4u == 1)
			copy_block(&value, &number, sizeof(number));
		else if (how % 4u == 2)
			copy_block(&value, &n, 1);
		set_attribute(t, attributes[which % (sizeof(attributes) / sizeof(attributes[0]))],
			      how % 4u == 3 ? NULL : value.bytes, how % 4u == 3 ? n : value.len,
			      (which & 0x80) != 0);
	}
	free_block(&value);
}

CK_ULONG calls_template(const struct program *p, CK_ATTRIBUTE out[static CALLS_ATTRIBUTES],
			const CK_ATTRIBUTE *otherwise, CK_ULONG n)
{
	if (p->template.given) {
		otherwise = p->template.t;
		n = p->template.n;
	}
	if (n > 0)
		memcpy(out, otherwise, n * sizeof(*out));
	return n;
}

/* ---------------------------------------------------------------------------------------------------------- */

void calls_given(struct program *p, unsigned which, uint8_t a, uint8_t b)
{
	static void (*const steps[CALLS_GIVEN])(struct program *, uint8_t,
						uint8_t) = { on_data, on_room, on_mechanism,
							     on_template };

	steps[which](p, a, b);
}

void calls_given_free(struct program *p)
{
	for (CK_ULONG i = 0; i < p->template.n; i++)
		free(p->template.t[i].pValue);
	free(p->mechanism.pParameter);
	free_block(&p->data);
	free_block(&p->made);
	free_block(&p->out);
	free_block(&p->inner[0]);
	free_block(&p->inner[1]);
}
