#include "attributes.h"

#include <string.h>

#define IN(class) (1u << (class))
#define DATA IN(CKO_DATA)
#define CERT IN(CKO_CERTIFICATE)
#define PUB IN(CKO_PUBLIC_KEY)
#define PRIV IN(CKO_PRIVATE_KEY)
#define SECRET IN(CKO_SECRET_KEY)
#define HW IN(CKO_HW_FEATURE)
#define MECH IN(CKO_MECHANISM)
#define PROFILE IN(CKO_PROFILE)
#define KEYS (PUB | PRIV | SECRET)
#define STORED (DATA | CERT | KEYS | PROFILE)

enum kind { BOOL, ULONG, DATE, BYTES, LIST };

#define C (1u << P11_CREATE)
#define M (1u << P11_MAKE)
#define S (1u << P11_CHANGE)

enum otherwise { NONE, FALSE_, TRUE_, EMPTY, ZERO, UNKNOWN };

struct rule {
	CK_ATTRIBUTE_TYPE type;
	enum kind kind;
	unsigned classes;
	unsigned uses; /* by whom it may be given */
	enum otherwise otherwise;
};

/* 3.1: 4.4 storage, 4.5 data, 4.6 certificates, 4.7 to 4.10 keys, 4.13 mechanisms, 4.14 profiles; 6.1 RSA, 6.3 EC. */
static const struct rule rules[] = {
	{ CKA_CLASS, ULONG, STORED | HW | MECH, C | M, NONE },
	{ CKA_TOKEN, BOOL, STORED, C | M | S, FALSE_ },
	{ CKA_PRIVATE, BOOL, STORED, C | M | S, FALSE_ },
	{ CKA_MODIFIABLE, BOOL, STORED, C | M | S, TRUE_ },
	{ CKA_LABEL, BYTES, STORED, C | M | S, EMPTY },
	{ CKA_COPYABLE, BOOL, STORED, C | M | S, TRUE_ },
	{ CKA_DESTROYABLE, BOOL, STORED, C | M | S, TRUE_ },
	{ CKA_UNIQUE_ID, BYTES, STORED, 0, NONE },
	{ CKA_APPLICATION, BYTES, DATA, C | S, EMPTY },
	{ CKA_OBJECT_ID, BYTES, DATA, C | S, EMPTY },
	{ CKA_VALUE, BYTES, DATA, C | S, EMPTY },
	{ CKA_VALUE, BYTES, CERT | PRIV | SECRET, C, NONE },
	{ CKA_CERTIFICATE_TYPE, ULONG, CERT, C, NONE },
	{ CKA_TRUSTED, BOOL, CERT | PUB | SECRET, C | M | S, FALSE_ },
	{ CKA_CERTIFICATE_CATEGORY, ULONG, CERT, C, ZERO },
	{ CKA_CHECK_VALUE, BYTES, CERT, C | M, NONE }, /* objects.c */
	{ CKA_CHECK_VALUE, BYTES, SECRET, C | M, EMPTY },
	{ CKA_START_DATE, DATE, CERT, C, EMPTY },
	{ CKA_END_DATE, DATE, CERT, C, EMPTY },
	{ CKA_START_DATE, DATE, KEYS, C | M | S, EMPTY },
	{ CKA_END_DATE, DATE, KEYS, C | M | S, EMPTY },
	{ CKA_PUBLIC_KEY_INFO, BYTES, CERT | PUB | PRIV, C, EMPTY },
	{ CKA_SUBJECT, BYTES, CERT, C, NONE },
	{ CKA_SUBJECT, BYTES, PUB | PRIV, C | M | S, NONE }, /* objects.c */
	{ CKA_ID, BYTES, CERT | KEYS, C | M | S, EMPTY },
	{ CKA_ISSUER, BYTES, CERT, C | S, EMPTY },
	{ CKA_SERIAL_NUMBER, BYTES, CERT, C | S, EMPTY },
	{ CKA_URL, BYTES, CERT, C, EMPTY },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, BYTES, CERT, C, EMPTY },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, BYTES, CERT, C, EMPTY },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, ULONG, CERT, C, ZERO },
	{ CKA_NAME_HASH_ALGORITHM, ULONG, CERT, C, NONE },
	{ CKA_KEY_TYPE, ULONG, KEYS, C | M, NONE },
	{ CKA_DERIVE, BOOL, KEYS, C | M | S, FALSE_ },
	{ CKA_LOCAL, BOOL, KEYS, 0, FALSE_ },
	{ CKA_KEY_GEN_MECHANISM, ULONG, KEYS, 0, UNKNOWN },
	{ CKA_ALLOWED_MECHANISMS, LIST, KEYS, C | M, NONE },
	{ CKA_ENCRYPT, BOOL, PUB | SECRET, C | M | S, FALSE_ },
	{ CKA_VERIFY, BOOL, PUB | SECRET, C | M | S, FALSE_ },
	{ CKA_VERIFY_RECOVER, BOOL, PUB, C | M | S, FALSE_ },
	{ CKA_WRAP, BOOL, PUB | SECRET, C | M | S, FALSE_ },
	{ CKA_WRAP_TEMPLATE, LIST, PUB | SECRET, C | M, EMPTY },
	{ CKA_SENSITIVE, BOOL, PRIV | SECRET, C | M | S, TRUE_ },
	{ CKA_DECRYPT, BOOL, PRIV | SECRET, C | M | S, FALSE_ },
	{ CKA_SIGN, BOOL, PRIV | SECRET, C | M | S, FALSE_ },
	{ CKA_SIGN_RECOVER, BOOL, PRIV, C | M | S, FALSE_ },
	{ CKA_UNWRAP, BOOL, PRIV | SECRET, C | M | S, FALSE_ },
	{ CKA_EXTRACTABLE, BOOL, PRIV | SECRET, C | M | S, FALSE_ },
	{ CKA_ALWAYS_SENSITIVE, BOOL, PRIV | SECRET, 0, FALSE_ },
	{ CKA_NEVER_EXTRACTABLE, BOOL, PRIV | SECRET, 0, FALSE_ },
	{ CKA_WRAP_WITH_TRUSTED, BOOL, PRIV | SECRET, C | M | S, FALSE_ },
	{ CKA_UNWRAP_TEMPLATE, LIST, PRIV | SECRET, C | M, EMPTY },
	{ CKA_DERIVE_TEMPLATE, LIST, PRIV | SECRET, C | M, EMPTY },
	{ CKA_ALWAYS_AUTHENTICATE, BOOL, PRIV, C | M, FALSE_ },
	{ CKA_MODULUS, BYTES, PUB | PRIV, C, NONE },
	{ CKA_MODULUS_BITS, ULONG, PUB, C | M, NONE },
	{ CKA_PUBLIC_EXPONENT, BYTES, PUB | PRIV, C | M, NONE },
	{ CKA_PRIVATE_EXPONENT, BYTES, PRIV, C, NONE },
	{ CKA_PRIME_1, BYTES, PRIV, C, NONE },
	{ CKA_PRIME_2, BYTES, PRIV, C, NONE },
	{ CKA_EXPONENT_1, BYTES, PRIV, C, NONE },
	{ CKA_EXPONENT_2, BYTES, PRIV, C, NONE },
	{ CKA_COEFFICIENT, BYTES, PRIV, C, NONE },
	{ CKA_EC_PARAMS, BYTES, PUB | PRIV, C | M, NONE },
	{ CKA_EC_POINT, BYTES, PUB | PRIV, C, NONE },
	{ CKA_VALUE_LEN, ULONG, SECRET, M, NONE },
	{ CKA_HW_FEATURE_TYPE, ULONG, HW, 0, NONE },
	{ CKA_MECHANISM_TYPE, ULONG, MECH, 0, NONE },
	{ CKA_PROFILE_ID, ULONG, PROFILE, 0, NONE },
};

static const struct rule *rule_of(CK_ATTRIBUTE_TYPE type, CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type && class <= CKO_PROFILE &&
		    (rules[i].classes & IN(class)) != 0)
			return &rules[i];
	return NULL;
}

void p11_put_defaults(struct p11_attributes *a, CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if ((r->classes & IN(class)) == 0 || p11_attribute(a, r->type) != NULL)
			continue;
		switch (r->otherwise) {
		case FALSE_:
		case TRUE_:
			p11_put_bool(a, r->type, r->otherwise == TRUE_);
			break;
		case EMPTY:
			p11_put(a, r->type, sj_span(NULL, 0));
			break;
		case ZERO:
			p11_put_ulong(a, r->type, 0);
			break;
		case UNKNOWN:
			p11_put_ulong(a, r->type, CK_UNAVAILABLE_INFORMATION);
			break;
		case NONE:
			break;
		}
	}
}

static bool value_fits(const struct rule *r, const CK_ATTRIBUTE *t)
{
	if (t->pValue == NULL && t->ulValueLen != 0)
		return false;
	switch (r->kind) {
	case BOOL:
		return t->ulValueLen == 1 && *(const CK_BBOOL *)t->pValue <= CK_TRUE;
	case ULONG:
		return t->ulValueLen == sizeof(CK_ULONG);
	case DATE:
		return t->ulValueLen == 0 || t->ulValueLen == sizeof(CK_DATE);
	case BYTES:
	case LIST:
		break;
	}
	return t->ulValueLen <= 65536;
}

CK_RV p11_template_check(const CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_CLASS class, enum p11_use use)
{
	if (t == NULL && n != 0)
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < n; i++) {
		const struct rule *r = rule_of(t[i].type, class);

		if (r == NULL)
			return CKR_ATTRIBUTE_TYPE_INVALID;
		if (!value_fits(r, &t[i]))
			return CKR_ATTRIBUTE_VALUE_INVALID;
		if ((r->uses & 1u << use) == 0)
			return CKR_ATTRIBUTE_READ_ONLY;
		if (p11_template(t, i, t[i].type) != NULL)
			return CKR_TEMPLATE_INCONSISTENT;
	}
	return CKR_OK;
}

const CK_ATTRIBUTE *p11_template(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (t[i].type == type)
			return &t[i];
	return NULL;
}

bool p11_template_ulong(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *out)
{
	const CK_ATTRIBUTE *at = p11_template(t, n, type);

	if (at == NULL || at->pValue == NULL || at->ulValueLen != sizeof(*out))
		return false;
	memcpy(out, at->pValue, sizeof(*out));
	return true;
}

bool p11_template_bool(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool otherwise)
{
	const CK_ATTRIBUTE *at = p11_template(t, n, type);

	if (at == NULL || at->pValue == NULL || at->ulValueLen != 1)
		return otherwise;
	return *(const CK_BBOOL *)at->pValue != CK_FALSE;
}

struct sj_span p11_template_span(const CK_ATTRIBUTE *t, CK_ULONG n, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *at = p11_template(t, n, type);

	return at != NULL && at->pValue != NULL ? sj_span(at->pValue, at->ulValueLen)
						: sj_span(NULL, 0);
}
