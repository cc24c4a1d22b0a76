#include "operations.h"

#include <string.h>

static CK_RV verify_rsa(const struct p11_operation *op, struct sj_span data,
			struct sj_span signature)
{
	const struct sj_span spki = sj_span(op->key.info.spki, op->key.info.spki_len);
	const enum sj_hash hash = op->use.mechanism->hash;
	uint8_t block[SJ_RSA_MAX], info[SJ_HASH_MAX + 32];
	struct sj_writer w = SJ_WRITER_OF(info);
	bool good = false;
	size_t zeros;

	switch (op->use.mechanism->scheme) {
	case P11_PKCS1:
		if (hash != SJ_HASH_NONE) {
			sj_digest_info_put(&w, hash, data);
			data = sj_written(&w);
		}
		if (data.len + 11 > op->key.size)
			return CKR_DATA_LEN_RANGE;
		good = sj_rsa_verify_type1(spki, data, signature);
		break;
	case P11_X509:
		if (data.len > op->key.size)
			return CKR_DATA_LEN_RANGE;
		zeros = op->key.size - data.len;
		good = sj_rsa_public(spki, signature, block) &&
		       (data.len == 0 || memcmp(block + zeros, data.ptr, data.len) == 0);
		for (size_t i = 0; good && i < zeros; i++)
			good = block[i] == 0;
		break;
	case P11_PSS:
		if (data.len != sj_hash_size(op->use.padding.hash))
			return CKR_DATA_LEN_RANGE;
		good = sj_rsa_verify_pss(spki, &op->use.padding, data, signature);
		break;
	case P11_PAIR:
	case P11_DIGEST:
	case P11_OAEP:
	case P11_ECDSA:
	case P11_EDDSA:
	case P11_ECDH:
		return CKR_MECHANISM_INVALID;
	}
	return good ? CKR_OK : CKR_SIGNATURE_INVALID;
}

CK_RV p11_verify(struct p11_operation *op, struct sj_span signature)
{
	uint8_t hash[SJ_HASH_MAX];
	struct sj_public key;
	struct sj_span data;
	bool good;
	CK_RV rv;

	rv = p11_collected(op, hash, &data);
	if (rv != CKR_OK)
		return rv;
	if (signature.len != op->key.size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (op->key.type == CKK_RSA)
		return verify_rsa(op, data, signature);
	if (!sj_public_read(sj_span(op->key.info.spki, op->key.info.spki_len), &key))
		return CKR_FUNCTION_FAILED;
	if (key.kind == SJ_PUBLIC_EC)
		good = data.len > 0 && sj_ec_verify(key.curve, &key.point, data, signature);
	else
		good = sj_ed25519_verify(key.point.bytes, data, signature.ptr);
	return good ? CKR_OK : CKR_SIGNATURE_INVALID;
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_VERIFYING, mechanism, key);
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
	       CK_BYTE_PTR signature, CK_ULONG len)
{
	struct p11_operation *op;
	struct sj_span in, value;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_VERIFYING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (op->parts)
		rv = CKR_OPERATION_ACTIVE;
	else if (!p11_input(data, data_len, &in) || !p11_input(signature, len, &value))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = p11_add(op, in);
	if (rv == CKR_OK)
		rv = p11_verify(op, value);
	p11_end(s, P11_VERIFYING);
	return p11_session_leave(s, rv);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG len)
{
	return p11_operation_update(session, P11_VERIFYING, part, len);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span value;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_VERIFYING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	rv = p11_input(signature, len, &value) ? p11_verify(op, value) : CKR_ARGUMENTS_BAD;
	p11_end(s, P11_VERIFYING);
	return p11_session_leave(s, rv);
}

CK_RV C_VerifyRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
			  CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_VERIFY_RECOVERING, mechanism, key);
}

/* What the signature says: the whole block, or what its padding surrounds. */
static CK_RV recover(const struct p11_operation *op, struct sj_span signature,
		     uint8_t block[static SJ_RSA_MAX], struct sj_span *out)
{
	const struct sj_span spki = sj_span(op->key.info.spki, op->key.info.spki_len);

	if (signature.len != op->key.size)
		return CKR_SIGNATURE_LEN_RANGE;
	if (!sj_rsa_public(spki, signature, block))
		return CKR_SIGNATURE_INVALID;
	*out = sj_span(block, op->key.size);
	if (op->use.mechanism->scheme == P11_PKCS1 && !sj_rsa_unpad_type1(*out, out))
		return CKR_SIGNATURE_INVALID;
	return CKR_OK;
}

CK_RV C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG len,
		      CK_BYTE_PTR data, CK_ULONG_PTR data_len)
{
	struct p11_operation *op;
	uint8_t block[SJ_RSA_MAX];
	struct sj_span in, out;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_VERIFY_RECOVERING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	rv = p11_input(signature, len, &in) && data_len != NULL ? recover(op, in, block, &out)
								: CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK) {
		rv = p11_output(out, data, data_len);
		if (rv == CKR_BUFFER_TOO_SMALL || (rv == CKR_OK && data == NULL))
			return p11_session_leave(s, rv);
	}
	p11_end(s, P11_VERIFY_RECOVERING);
	return p11_session_leave(s, rv);
}
