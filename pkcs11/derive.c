#include "crypt/wipe.h"
#include "operations.h"
#include "wire/tlv.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 1024u /* bytes of a derived key */

bool p11_secret_length(CK_KEY_TYPE type, size_t *fixed)
{
	*fixed = 0;
	switch (type) {
	case CKK_GENERIC_SECRET:
	case CKK_AES:
	case CKK_SHA_1_HMAC:
	case CKK_SHA224_HMAC:
	case CKK_SHA256_HMAC:
	case CKK_SHA384_HMAC:
	case CKK_SHA512_HMAC:
	case CKK_HKDF:
		return true;
	case CKK_DES:
		*fixed = 8;
		return true;
	case CKK_DES2:
		*fixed = 16;
		return true;
	case CKK_DES3:
		*fixed = 24;
		return true;
	case CKK_CHACHA20:
		*fixed = 32;
		return true;
	default:
		return false;
	}
}

/* What the template says of a secret key; *length 0: as long as what is there. */
static CK_RV read_template(const CK_ATTRIBUTE *t, CK_ULONG n, CK_KEY_TYPE *type, size_t *length)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ULONG wished = 0;
	CK_RV rv;

	rv = p11_template_check(t, n, CKO_SECRET_KEY, P11_MAKE);
	if (rv != CKR_OK)
		return rv;
	*type = CKK_GENERIC_SECRET;
	(void)p11_template_ulong(t, n, CKA_CLASS, &class);
	(void)p11_template_ulong(t, n, CKA_KEY_TYPE, type);
	if (class != CKO_SECRET_KEY || !p11_secret_length(*type, length) ||
	    p11_template_bool(t, n, CKA_TOKEN, false)) /* the card keeps no secret keys */
		return CKR_TEMPLATE_INCONSISTENT;
	if (p11_template_bool(t, n, CKA_TRUSTED, false))
		return CKR_ATTRIBUTE_READ_ONLY;
	if (p11_template_ulong(t, n, CKA_VALUE_LEN, &wished)) {
		if (wished == 0 || wished > SECRET_MAX || (*length != 0 && wished != *length))
			return CKR_ATTRIBUTE_VALUE_INVALID;
		*length = wished;
	}
	if (*type == CKK_AES && *length != 0 && *length != 16 && *length != 24 && *length != 32)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

CK_RV p11_secret_new(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n, CK_KEY_TYPE type,
		     struct sj_span value, bool kept, CK_OBJECT_HANDLE *out)
{
	struct p11_attributes a = { 0 };
	uint8_t hash[SJ_HASH_MAX];

	if (type == CKK_AES && value.len != 16 && value.len != 24 && value.len != 32)
		return CKR_KEY_SIZE_RANGE;
	p11_put_bool(&a, CKA_PRIVATE, true);
	p11_put_template(&a, t, n);
	p11_put_ulong(&a, CKA_KEY_TYPE, type);
	p11_put(&a, CKA_VALUE, value);
	p11_put_ulong(&a, CKA_VALUE_LEN, value.len);
	p11_put_bool(&a, CKA_ALWAYS_SENSITIVE,
		     kept && p11_template_bool(t, n, CKA_SENSITIVE, true));
	p11_put_bool(&a, CKA_NEVER_EXTRACTABLE,
		     kept && !p11_template_bool(t, n, CKA_EXTRACTABLE, false));
	if (type == CKK_GENERIC_SECRET && sj_hash(SJ_SHA1, &value, 1, hash))
		p11_put(&a, CKA_CHECK_VALUE, sj_span(hash, 3)); /* 3.1, 6.9.1 */
	sj_wipe(hash, sizeof(hash));
	return p11_object_new(s, CKO_SECRET_KEY, &a, out);
}

/* --- ECDH -------------------------------------------------------------------------- */

static bool read_parameter(const CK_MECHANISM *m, CK_ECDH1_DERIVE_PARAMS *p)
{
	if (m->pParameter == NULL || m->ulParameterLen != sizeof(*p))
		return false;
	memcpy(p, m->pParameter, sizeof(*p));
	return p->pPublicData != NULL && p->ulPublicDataLen != 0 && p->ulPublicDataLen < 512 &&
	       (p->pSharedData != NULL || p->ulSharedDataLen == 0) && p->ulSharedDataLen < 65536 &&
	       (p->kdf != CKD_NULL || p->ulSharedDataLen == 0);
}

/* False: not one of ours. SJ_HASH_NONE: CKD_NULL. */
static bool kdf_hash(CK_EC_KDF_TYPE kdf, enum sj_hash *out)
{
	switch (kdf) {
	case CKD_NULL:
		*out = SJ_HASH_NONE;
		return true;
	case CKD_SHA1_KDF:
		*out = SJ_SHA1;
		return true;
	case CKD_SHA224_KDF:
		*out = SJ_SHA224;
		return true;
	case CKD_SHA256_KDF:
		*out = SJ_SHA256;
		return true;
	case CKD_SHA384_KDF:
		*out = SJ_SHA384;
		return true;
	case CKD_SHA512_KDF:
		*out = SJ_SHA512;
		return true;
	default:
		return false;
	}
}

/* The other's public key: bare, or in an OCTET STRING (3.1, 6.3.17). False: not on the curve. */
static bool peer_point(const struct p11_key *key, struct sj_span given, struct sj_ec_point *out)
{
	struct sj_public own;
	struct sj_span in = given, content;
	size_t bare;

	if (!sj_public_read(sj_span(key->info.spki, key->info.spki_len), &own))
		return false;
	bare = own.kind == SJ_PUBLIC_EC ? 1 + 2 * sj_curve_field_size(own.curve) : SJ_CFRG_KEY;
	if (given.len != bare && sj_tlv_take(&in, 0x04, &content) == SJ_TLV_FOUND && in.len == 0)
		given = content;
	if (own.kind == SJ_PUBLIC_EC)
		return sj_ec_point_read(own.curve, given, out);
	if (given.len != SJ_CFRG_KEY)
		return false;
	memcpy(out->bytes, given.ptr, given.len);
	out->len = given.len;
	return true;
}

/* The key's bytes from the shared secret; CKD_NULL drops leading ones (3.1, 6.3.17). */
static CK_RV derive_bytes(enum sj_hash hash, struct sj_span shared, struct sj_span info,
			  size_t length, uint8_t *out, size_t *len)
{
	if (length == 0)
		length = shared.len;
	*len = length;
	if (hash != SJ_HASH_NONE)
		return sj_kdf_x963(hash, shared, info, out, length) ? CKR_OK : CKR_FUNCTION_FAILED;
	if (length > shared.len)
		return CKR_KEY_SIZE_RANGE;
	memcpy(out, shared.ptr + shared.len - length, length);
	return CKR_OK;
}

static CK_RV derive(struct p11_session *s, const CK_MECHANISM *m, CK_OBJECT_HANDLE base,
		    const CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	uint8_t shared[SJ_PIV_BLOCK_MAX], value[SECRET_MAX];
	CK_ECDH1_DERIVE_PARAMS p;
	struct p11_scheme_use use;
	struct sj_ec_point peer;
	struct p11_key key = { 0 };
	enum sj_hash hash;
	CK_KEY_TYPE type;
	size_t length = 0, len = sizeof(shared);
	CK_RV rv;

	rv = p11_mechanism_read(s->token, m, CKF_DERIVE, &use);
	if (rv == CKR_OK && (!read_parameter(m, &p) || !kdf_hash(p.kdf, &hash)))
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		rv = p11_key_get(s, base, CKO_PRIVATE_KEY, CKA_DERIVE, use.mechanism, &key);
	if (rv == CKR_OK)
		rv = read_template(t, n, &type, &length);
	if (rv == CKR_OK && !peer_point(&key, sj_span(p.pPublicData, p.ulPublicDataLen), &peer))
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv != CKR_OK)
		return rv;
	rv = p11_card_agree(s, &key.info, key.ref, sj_ec_point_span(&peer), shared, &len);
	if (rv == CKR_OK)
		rv = derive_bytes(hash, sj_span(shared, len),
				  sj_span(p.pSharedData, p.ulSharedDataLen), length, value, &len);
	if (rv == CKR_OK)
		rv = p11_secret_new(s, t, n, type, sj_span(value, len), key.info.generated, out);
	sj_wipe(shared, sizeof(shared));
	sj_wipe(value, sizeof(value));
	return rv;
}

CK_RV C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base,
		  CK_ATTRIBUTE_PTR templ, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (mechanism == NULL || key == NULL || (templ == NULL && count != 0))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = derive(s, mechanism, base, templ, count, key);
	return p11_session_leave(s, rv);
}

/* --- wrapping ------------------------------------------------------------------------ */

/* The bytes of a secret key that may leave under a wrapping key. */
static CK_RV wrappable(struct p11_session *s, CK_OBJECT_HANDLE handle, struct sj_span *out)
{
	struct p11_object *o;
	CK_RV rv = p11_object_get(s, handle, &o);

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	if (o->class == CKO_PRIVATE_KEY)
		return CKR_KEY_UNEXTRACTABLE;
	if (o->class != CKO_SECRET_KEY)
		return CKR_KEY_NOT_WRAPPABLE;
	if (!p11_attribute_bool(&o->a, CKA_EXTRACTABLE))
		return CKR_KEY_UNEXTRACTABLE;
	if (p11_attribute_bool(&o->a, CKA_WRAP_WITH_TRUSTED)) /* no key of ours is trusted */
		return CKR_KEY_NOT_WRAPPABLE;
	*out = p11_attribute_span(&o->a, CKA_VALUE);
	return CKR_OK;
}

static CK_RV wrap(struct p11_session *s, const CK_MECHANISM *m, CK_OBJECT_HANDLE wrapping,
		  CK_OBJECT_HANDLE handle, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	uint8_t wrapped[SJ_RSA_MAX];
	struct p11_scheme_use use;
	struct sj_span value;
	struct p11_key key = { 0 };
	CK_RV rv;

	rv = p11_mechanism_read(s->token, m, CKF_WRAP, &use);
	if (rv == CKR_OK)
		rv = p11_key_get(s, wrapping, CKO_PUBLIC_KEY, CKA_WRAP, use.mechanism, &key);
	if (rv == CKR_KEY_HANDLE_INVALID)
		rv = CKR_WRAPPING_KEY_HANDLE_INVALID;
	else if (rv == CKR_KEY_TYPE_INCONSISTENT)
		rv = CKR_WRAPPING_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = wrappable(s, handle, &value);
	if (rv != CKR_OK || !p11_output_room(key.size, out, len, &rv))
		return rv;
	rv = p11_encrypt(&key, &use, value, wrapped);
	if (rv == CKR_DATA_LEN_RANGE)
		rv = CKR_KEY_SIZE_RANGE;
	return rv == CKR_OK ? p11_output(sj_span(wrapped, key.size), out, len) : rv;
}

CK_RV C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping,
		CK_OBJECT_HANDLE key, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	rv = mechanism != NULL && len != NULL ? wrap(s, mechanism, wrapping, key, out, len)
					      : CKR_ARGUMENTS_BAD;
	return p11_session_leave(s, rv);
}

static CK_RV unwrap(struct p11_session *s, const CK_MECHANISM *m, CK_OBJECT_HANDLE unwrapping,
		    struct sj_span wrapped, const CK_ATTRIBUTE *t, CK_ULONG n,
		    CK_OBJECT_HANDLE *out)
{
	struct p11_scheme_use use;
	uint8_t value[SJ_RSA_MAX];
	struct p11_key key = { 0 };
	size_t length = 0, len = 0;
	CK_KEY_TYPE type;
	CK_RV rv;

	rv = p11_mechanism_read(s->token, m, CKF_UNWRAP, &use);
	if (rv == CKR_OK)
		rv = p11_key_get(s, unwrapping, CKO_PRIVATE_KEY, CKA_UNWRAP, use.mechanism, &key);
	if (rv == CKR_KEY_HANDLE_INVALID)
		rv = CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	else if (rv == CKR_KEY_TYPE_INCONSISTENT)
		rv = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK)
		rv = read_template(t, n, &type, &length);
	if (rv == CKR_OK)
		rv = p11_decrypt(s, &key, &use, wrapped, value, &len);
	if (rv == CKR_ENCRYPTED_DATA_LEN_RANGE)
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
	else if (rv == CKR_ENCRYPTED_DATA_INVALID ||
		 (rv == CKR_OK && (len == 0 || (length != 0 && len != length))))
		rv = CKR_WRAPPED_KEY_INVALID; /* the same for a bad padding and a wrong length */
	if (rv == CKR_OK)
		rv = p11_secret_new(s, t, n, type, sj_span(value, len), false, out);
	sj_wipe(value, sizeof(value));
	return rv;
}

CK_RV C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		  CK_OBJECT_HANDLE unwrapping, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
		  CK_ATTRIBUTE_PTR templ, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (mechanism == NULL || key == NULL || !p11_input(wrapped, wrapped_len, &in) ||
	    (templ == NULL && count != 0))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = unwrap(s, mechanism, unwrapping, in, templ, count, key);
	return p11_session_leave(s, rv);
}
