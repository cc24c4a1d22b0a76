#include "card.h"
#include "crypt/hash.h"
#include "mechanisms.h"
#include "objects.h"
#include "wire/piv.h"

#include <stdio.h>
#include <string.h>

/* SP 800-73-5, part 1, table 3: data objects, their OBJECT IDENTIFIERs below 2.16.840.1.101.3.7. */
struct data_row {
	uint32_t tag;
	uint8_t oid[3]; /* content bytes after the common ones */
	uint8_t oid_size;
	bool pin; /* read after VERIFY only */
};
static const struct data_row data_rows[] = {
	{ PIV_OBJECT_CHUID, { 48, 0 }, 2, false },
	{ PIV_OBJECT_CCC, { 0x81, 0x5B, 0 }, 3, false },
	{ PIV_OBJECT_DISCOVERY, { 96, 80 }, 2, false },
	{ PIV_OBJECT_SECURITY, { 0x81, 0x10, 0 }, 3, false },
	{ PIV_OBJECT_KEY_HISTORY, { 96, 96 }, 2, false },
	{ PIV_OBJECT_SM_SIGNER, { 16, 23 }, 2, false },
	{ PIV_OBJECT_BIOMETRIC_GROUP, { 16, 22 }, 2, false },
	{ PIV_OBJECT_FINGERPRINTS, { 96, 16 }, 2, true },
	{ PIV_OBJECT_FACE, { 96, 48 }, 2, true },
	{ PIV_OBJECT_PRINTED, { 48, 1 }, 2, true },
	{ PIV_OBJECT_IRIS, { 16, 21 }, 2, true },
	{ PIV_OBJECT_PAIRING_CODE, { 16, 24 }, 2, true },
};
static const uint8_t piv_arc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x07 };

static const CK_PROFILE_ID profiles[] = { CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER,
					  CKP_AUTHENTICATION_TOKEN, CKP_PUBLIC_CERTIFICATES_TOKEN };

CK_OBJECT_HANDLE p11_token_handle(CK_OBJECT_CLASS class, uint32_t low)
{
	return (class + 1) << 24 | low;
}

static const struct data_row *data_row(uint32_t tag)
{
	for (size_t i = 0; i < sizeof(data_rows) / sizeof(data_rows[0]); i++)
		if (data_rows[i].tag == tag)
			return &data_rows[i];
	return NULL;
}

/* Whole OBJECT IDENTIFIER. */
static void put_oid(struct sj_writer *w, const struct data_row *row)
{
	sj_put_u8(w, 0x06);
	sj_put_u8(w, (uint8_t)(sizeof(piv_arc) + row->oid_size));
	sj_put(w, SJ_SPAN_OF(piv_arc));
	sj_put(w, sj_span(row->oid, row->oid_size));
}

uint32_t p11_token_tag(struct sj_span object_id, struct sj_span label)
{
	for (size_t i = 0; i < sizeof(data_rows) / sizeof(data_rows[0]); i++) {
		const char *name = sj_piv_object_name(data_rows[i].tag);
		uint8_t oid[16];
		struct sj_writer w = SJ_WRITER_OF(oid);

		put_oid(&w, &data_rows[i]);
		if (object_id.len > 0 ? sj_span_eq(object_id, sj_written(&w))
				      : name != NULL && label.len == strlen(name) &&
						memcmp(name, label.ptr, label.len) == 0)
			return data_rows[i].tag;
	}
	return 0;
}

/* --- candidates ------------------------------------------------------------------ */

static bool id_leaves(struct sj_span id, uint32_t ref)
{
	return id.len == 0 || (id.len == 1 && id.ptr[0] == ref);
}

static CK_RV key_candidates(struct p11_token *t, CK_OBJECT_CLASS class, struct sj_span id,
			    uint32_t *low, size_t *n)
{
	static const uint8_t first[] = { PIV_KEY_AUTHENTICATION, PIV_KEY_SIGNATURE,
					 PIV_KEY_MANAGEMENT, PIV_KEY_CARD_AUTHENTICATION };
	unsigned retired = 0;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < sizeof(first); i++)
		if (id_leaves(id, first[i]))
			low[(*n)++] = first[i];
	if (id.len == 0)
		rv = p11_card_retired(t, &retired);
	for (unsigned i = 0; rv == CKR_OK && i < retired && i < 20; i++)
		low[(*n)++] = PIV_KEY_RETIRED_FIRST + i;
	if (id.len == 1 && id.ptr[0] >= PIV_KEY_RETIRED_FIRST && id.ptr[0] <= PIV_KEY_RETIRED_LAST)
		low[(*n)++] = id.ptr[0];
	if (class == CKO_CERTIFICATE && id_leaves(id, YUBICO_KEY_ATTESTATION))
		low[(*n)++] = YUBICO_KEY_ATTESTATION;
	return rv;
}

static CK_RV mechanism_candidates(struct p11_token *t, uint32_t *low, size_t *n)
{
	const struct p11_mechanism *m;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; rv == CKR_OK && (m = p11_mechanism_at(i)) != NULL; i++) {
		bool ours = false;

		rv = p11_mechanism_supported(t, m, &ours);
		if (ours)
			low[(*n)++] = (uint32_t)m->type;
	}
	return rv;
}

CK_RV p11_token_candidates(struct p11_token *t, CK_OBJECT_CLASS class, struct sj_span id,
			   uint32_t low[static P11_CANDIDATES_MAX], size_t *n)
{
	*n = 0;
	if (!p11_visible_class(t, class))
		return CKR_OK;
	switch (class) {
	case CKO_CERTIFICATE:
	case CKO_PUBLIC_KEY:
	case CKO_PRIVATE_KEY:
		return key_candidates(t, class, id, low, n);
	case CKO_DATA:
		for (size_t i = 0; i < sizeof(data_rows) / sizeof(data_rows[0]); i++)
			low[(*n)++] = data_rows[i].tag;
		break;
	case CKO_PROFILE:
		for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
			low[(*n)++] = (uint32_t)profiles[i];
		break;
	case CKO_HW_FEATURE:
		low[(*n)++] = CKH_USER_INTERFACE;
		break;
	case CKO_MECHANISM:
		return mechanism_candidates(t, low, n);
	default:
		break;
	}
	return CKR_OK;
}

/* --- objects ----------------------------------------------------------------------- */

void p11_put_unique(struct p11_object *o)
{
	static const struct {
		const char *name;
		CK_ATTRIBUTE_TYPE content; /* a profile has none */
	} classes[] = {
		[CKO_DATA] = { "data", CKA_VALUE },
		[CKO_CERTIFICATE] = { "certificate", CKA_VALUE },
		[CKO_PUBLIC_KEY] = { "public", CKA_PUBLIC_KEY_INFO },
		[CKO_PRIVATE_KEY] = { "private", CKA_PUBLIC_KEY_INFO },
		[CKO_PROFILE] = { "profile", CKA_VALUE },
	};
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span content;
	char text[64];
	int n;

	if (o->class > CKO_PROFILE || classes[o->class].name == NULL)
		return;
	n = snprintf(text, sizeof(text), "%s-%02x-", classes[o->class].name, (unsigned)o->low);
	content = p11_attribute_span(&o->a, classes[o->class].content);
	if (!sj_hash(SJ_SHA256, &content, 1, hash)) {
		o->a.failed = true;
		return;
	}
	for (size_t i = 0; i < 8 && n > 0; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", hash[i]);
	p11_put_text(&o->a, CKA_UNIQUE_ID, text);
}

/* What every object of the card is. */
static void put_stored(struct p11_object *o, bool private, bool destroyable)
{
	p11_put_ulong(&o->a, CKA_CLASS, o->class);
	p11_put_bool(&o->a, CKA_TOKEN, true);
	p11_put_bool(&o->a, CKA_PRIVATE, private);
	p11_put_bool(&o->a, CKA_MODIFIABLE, false);
	p11_put_bool(&o->a, CKA_COPYABLE, o->class != CKO_PRIVATE_KEY);
	p11_put_bool(&o->a, CKA_DESTROYABLE, destroyable);
}

static void put_key_name(struct p11_object *o)
{
	const uint8_t ref = (uint8_t)o->low;

	p11_put(&o->a, CKA_ID, sj_span(&ref, 1));
	p11_put_text(&o->a, CKA_LABEL, sj_piv_key_name(ref));
}

static CK_RV certificate(struct p11_token *t, struct p11_object *o, bool *there)
{
	struct sj_span der = { NULL, 0 };
	CK_RV rv;

	rv = p11_card_certificate(t, (uint8_t)o->low, &der);
	*there = rv == CKR_OK && der.len > 0;
	if (!*there)
		return rv;
	put_stored(o, false, true);
	put_key_name(o);
	p11_put_certificate(&o->a, der);
	p11_put_ulong(&o->a, CKA_CERTIFICATE_CATEGORY,
		      o->low == YUBICO_KEY_ATTESTATION ? CK_CERTIFICATE_CATEGORY_OTHER_ENTITY
						       : CK_CERTIFICATE_CATEGORY_TOKEN_USER);
	p11_put_defaults(&o->a, o->class);
	return CKR_OK;
}

void p11_put_mechanisms(struct p11_attributes *a, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	const CK_FLAGS half = class == CKO_PRIVATE_KEY
				      ? CKF_SIGN | CKF_SIGN_RECOVER | CKF_DECRYPT | CKF_UNWRAP
				      : CKF_VERIFY | CKF_VERIFY_RECOVER | CKF_ENCRYPT | CKF_WRAP;
	const bool derives = class == CKO_PRIVATE_KEY && p11_attribute_bool(a, CKA_DERIVE);
	CK_MECHANISM_TYPE list[P11_MECHANISMS_MAX];
	const struct p11_mechanism *m;
	size_t n = 0;

	for (size_t i = 0; (m = p11_mechanism_at(i)) != NULL; i++)
		if ((m->key == type && (m->flags & half) != 0) ||
		    (derives && m->scheme == P11_ECDH))
			list[n++] = m->type;
	p11_put(a, CKA_ALLOWED_MECHANISMS, sj_span((const uint8_t *)list, n * sizeof(*list)));
}

void p11_put_public_uses(struct p11_attributes *a, CK_KEY_TYPE type)
{
	const bool rsa = type == CKK_RSA;

	p11_put_bool(a, CKA_ENCRYPT, rsa);
	p11_put_bool(a, CKA_WRAP, rsa);
	p11_put_bool(a, CKA_VERIFY_RECOVER, rsa);
	p11_put_bool(a, CKA_VERIFY, type != CKK_EC_MONTGOMERY);
}

/* SP 800-73-5, part 1, 3.2: the keys for key management; 9C and 9E sign only. */
static bool is_management(const struct p11_object *o)
{
	return o->low == PIV_KEY_MANAGEMENT ||
	       (o->low >= PIV_KEY_RETIRED_FIRST && o->low <= PIV_KEY_RETIRED_LAST);
}

static void put_private_uses(struct p11_object *o, CK_KEY_TYPE type,
			     const struct sj_piv_key_info *key)
{
	const bool decrypts =
		type == CKK_RSA && (is_management(o) || o->low == PIV_KEY_AUTHENTICATION);

	p11_put_bool(&o->a, CKA_DECRYPT, decrypts);
	p11_put_bool(&o->a, CKA_UNWRAP, decrypts);
	p11_put_bool(&o->a, CKA_SIGN_RECOVER, type == CKK_RSA);
	p11_put_bool(&o->a, CKA_SIGN, type != CKK_EC_MONTGOMERY);
	p11_put_bool(&o->a, CKA_ALWAYS_AUTHENTICATE, key->pin_always);
	p11_put_bool(&o->a, CKA_SENSITIVE, true);
	p11_put_bool(&o->a, CKA_EXTRACTABLE, false);
	p11_put_bool(&o->a, CKA_ALWAYS_SENSITIVE, key->generated);
	p11_put_bool(&o->a, CKA_NEVER_EXTRACTABLE, key->generated);
}

static void hide_private_parts(struct p11_object *o, CK_KEY_TYPE type)
{
	static const CK_ATTRIBUTE_TYPE parts[] = { CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
						   CKA_PRIME_2,          CKA_EXPONENT_1,
						   CKA_EXPONENT_2,       CKA_COEFFICIENT };

	if (type != CKK_RSA)
		p11_put_hidden(&o->a, CKA_VALUE);
	for (size_t i = 0; type == CKK_RSA && i < sizeof(parts) / sizeof(parts[0]); i++)
		p11_put_hidden(&o->a, parts[i]);
}

static CK_MECHANISM_TYPE made_by(CK_KEY_TYPE type)
{
	switch (type) {
	case CKK_RSA:
		return CKM_RSA_PKCS_KEY_PAIR_GEN;
	case CKK_EC:
		return CKM_EC_KEY_PAIR_GEN;
	case CKK_EC_EDWARDS:
		return CKM_EC_EDWARDS_KEY_PAIR_GEN;
	default:
		return CKM_EC_MONTGOMERY_KEY_PAIR_GEN;
	}
}

static CK_RV key(struct p11_token *t, struct p11_object *o, bool *there)
{
	const bool private = o->class == CKO_PRIVATE_KEY;
	const struct sj_piv_key_info *info = NULL;
	struct sj_span spki;
	CK_KEY_TYPE type;
	CK_RV rv;

	*there = false;
	rv = p11_card_key(t, (uint8_t)o->low, &info);
	if (rv != CKR_OK || info == NULL)
		return rv;
	spki = sj_span(info->spki, info->spki_len);
	if (!p11_put_public(&o->a, o->class, spki))
		return CKR_OK; /* an algorithm that we do not know */
	*there = true;
	type = p11_attribute_ulong(&o->a, CKA_KEY_TYPE);
	put_stored(o, private && !info->pin_never, private);
	put_key_name(o);
	p11_put_bool(&o->a, CKA_LOCAL, info->generated);
	p11_put_ulong(&o->a, CKA_KEY_GEN_MECHANISM,
		      info->generated ? made_by(type) : CK_UNAVAILABLE_INFORMATION);
	/* Of both halves: programs look at the one they have. */
	p11_put_bool(&o->a, CKA_DERIVE,
		     is_management(o) && (type == CKK_EC || type == CKK_EC_MONTGOMERY));
	if (private) {
		put_private_uses(o, type, info);
		hide_private_parts(o, type);
	} else {
		p11_put_public_uses(&o->a, type);
	}
	p11_put_mechanisms(&o->a, o->class, type);
	p11_put_defaults(&o->a, o->class); /* but what objects.c adds when it is asked for */
	return CKR_OK;
}

static CK_RV data(struct p11_token *t, struct p11_object *o, bool *there)
{
	const struct data_row *row = data_row(o->low);
	struct sj_span value = { NULL, 0 };
	const char *name = sj_piv_object_name(o->low);
	uint8_t oid[16];
	struct sj_writer w = SJ_WRITER_OF(oid);
	CK_RV rv;

	*there = false;
	if (row == NULL)
		return CKR_OK;
	rv = p11_card_object(t, o->low, &value);
	if (rv == CKR_USER_NOT_LOGGED_IN) /* it is not seen before login anyway */
		return CKR_OK;
	if (rv != CKR_OK || value.len == 0)
		return rv;
	*there = true;
	put_oid(&w, row);
	put_stored(o, row->pin, true);
	p11_put_text(&o->a, CKA_LABEL, name != NULL ? name : "");
	p11_put_text(&o->a, CKA_APPLICATION, "PIV");
	p11_put(&o->a, CKA_OBJECT_ID, sj_written(&w));
	p11_put(&o->a, CKA_VALUE, value);
	p11_put_defaults(&o->a, o->class);
	return CKR_OK;
}

/* Profiles say what the module as a whole keeps (PKCS #11 Profiles 3.1). */
static void profile(struct p11_object *o, bool *there)
{
	static const char *const names[] = { "Baseline Provider", "Extended Provider",
					     "Authentication Token", "Public Certificates Token" };

	*there = o->low >= CKP_BASELINE_PROVIDER && o->low <= CKP_PUBLIC_CERTIFICATES_TOKEN;
	if (!*there)
		return;
	put_stored(o, false, false);
	p11_put_text(&o->a, CKA_LABEL, names[o->low - 1]);
	p11_put_ulong(&o->a, CKA_PROFILE_ID, o->low);
	p11_put_defaults(&o->a, o->class);
}

static CK_RV mechanism(struct p11_token *t, struct p11_object *o, bool *there)
{
	uint32_t low[P11_CANDIDATES_MAX];
	size_t n = 0;
	CK_RV rv = mechanism_candidates(t, low, &n);

	*there = false;
	for (size_t i = 0; i < n; i++)
		*there = *there || low[i] == o->low;
	p11_put_ulong(&o->a, CKA_CLASS, o->class);
	p11_put_ulong(&o->a, CKA_MECHANISM_TYPE, o->low);
	return rv;
}

/* The reader's keypad: something to type on, nothing to show or to choose (3.1, 4.3.3). */
static void keypad(struct p11_token *t, struct p11_object *o, bool *there)
{
	static const CK_ATTRIBUTE_TYPE sizes[] = { CKA_PIXEL_X,      CKA_PIXEL_Y,
						   CKA_RESOLUTION,   CKA_CHAR_ROWS,
						   CKA_CHAR_COLUMNS, CKA_BITS_PER_PIXEL };

	*there = o->low == CKH_USER_INTERFACE && sj_piv_reader_has_keypad(p11_card_piv(t));
	p11_put_ulong(&o->a, CKA_CLASS, o->class);
	p11_put_ulong(&o->a, CKA_HW_FEATURE_TYPE, o->low);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		p11_put_ulong(&o->a, sizes[i], 0);
	p11_put_bool(&o->a, CKA_COLOR, false);
	p11_put_text(&o->a, CKA_CHAR_SETS, "");
	p11_put_text(&o->a, CKA_ENCODING_METHODS, "");
	p11_put_text(&o->a, CKA_MIME_TYPES, "");
}

CK_RV p11_token_object(struct p11_token *t, struct p11_object *o, bool *there)
{
	*there = false;
	if (!p11_visible_class(t, o->class))
		return CKR_OK;
	switch (o->class) {
	case CKO_CERTIFICATE:
		return p11_visible_key(t, (uint8_t)o->low) ? certificate(t, o, there) : CKR_OK;
	case CKO_PUBLIC_KEY:
	case CKO_PRIVATE_KEY:
		return p11_visible_key(t, (uint8_t)o->low) ? key(t, o, there) : CKR_OK;
	case CKO_DATA:
		return data(t, o, there);
	case CKO_PROFILE:
		profile(o, there);
		return CKR_OK;
	case CKO_MECHANISM:
		return mechanism(t, o, there);
	case CKO_HW_FEATURE:
		keypad(t, o, there);
		return CKR_OK;
	default:
		return CKR_OK;
	}
}
