#include "crypt/wipe.h"
#include "operations.h"

#include <stdlib.h>
#include <string.h>

static const struct sj_padding *padding_of(const struct p11_scheme_use *use)
{
	return use->mechanism->scheme == P11_OAEP ? &use->padding : NULL;
}

CK_RV p11_encrypt(const struct p11_key *key, const struct p11_scheme_use *use, struct sj_span data,
		  uint8_t out[static SJ_RSA_MAX])
{
	const struct sj_span spki = sj_span(key->info.spki, key->info.spki_len);
	uint8_t block[SJ_RSA_MAX];
	bool done;

	if (use->mechanism->scheme == P11_X509) {
		if (data.len > key->size)
			return CKR_DATA_LEN_RANGE;
		memset(block, 0, key->size);
		if (data.len > 0)
			memcpy(block + key->size - data.len, data.ptr, data.len);
		done = sj_rsa_public(spki, sj_span(block, key->size), out);
		sj_wipe(block, sizeof(block));
		return done ? CKR_OK : CKR_DATA_INVALID; /* not below the modulus */
	}
	if (data.len > sj_rsa_encrypt_max(key->size, padding_of(use)))
		return CKR_DATA_LEN_RANGE;
	return sj_rsa_encrypt(spki, padding_of(use), data, out) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV p11_decrypt(struct p11_session *s, const struct p11_key *key,
		  const struct p11_scheme_use *use, struct sj_span data,
		  uint8_t out[static SJ_RSA_MAX], size_t *len)
{
	uint8_t block[SJ_PIV_BLOCK_MAX];
	size_t n = sizeof(block);
	struct sj_public public;
	bool good;
	CK_RV rv;

	if (data.len != key->size)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (!sj_public_read(sj_span(key->info.spki, key->info.spki_len), &public) ||
	    memcmp(data.ptr, public.modulus.ptr, data.len) >= 0)
		return CKR_ENCRYPTED_DATA_INVALID;
	rv = p11_card_sign(s, &key->info, key->ref, data, block, &n);
	if (rv == CKR_OK && n != key->size)
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK) {
		if (use->mechanism->scheme == P11_OAEP) {
			good = sj_rsa_unpad_oaep(&use->padding, sj_span(block, n), out, len);
		} else if (use->mechanism->scheme == P11_PKCS1) {
			good = sj_rsa_unpad_type2(sj_span(block, n), out, len);
		} else {
			memcpy(out, block, n);
			*len = n;
			good = true;
		}
		rv = good ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID; /* one error for every fault */
	}
	sj_wipe(block, sizeof(block));
	return rv;
}

/* The largest result of an operation, as answer to the question for a length. */
static size_t largest(const struct p11_operation *op, enum p11_doing kind)
{
	if (kind == P11_ENCRYPTING || op->use.mechanism->scheme == P11_X509)
		return op->key.size;
	return op->result != NULL ? op->result_len
				  : sj_rsa_encrypt_max(op->key.size, padding_of(&op->use));
}

/* Does the work once; its result waits in the operation until there is room for it. */
static CK_RV work(struct p11_session *s, enum p11_doing kind, struct sj_span last)
{
	struct p11_operation *op = p11_active(s, kind);
	uint8_t out[SJ_RSA_MAX];
	size_t n = op->key.size;
	CK_RV rv;

	rv = p11_add(op, last);
	if (rv == CKR_OK && kind == P11_ENCRYPTING)
		rv = p11_encrypt(&op->key, &op->use, sj_span(op->bytes, op->len), out);
	else if (rv == CKR_OK)
		rv = p11_decrypt(s, &op->key, &op->use, sj_span(op->bytes, op->len), out, &n);
	if (rv == CKR_OK) {
		op->result = malloc(n + 1);
		if (op->result == NULL)
			rv = CKR_HOST_MEMORY;
	}
	if (rv == CKR_OK) {
		memcpy(op->result, out, n);
		op->result_len = n;
	}
	sj_wipe(out, sizeof(out));
	return rv;
}

static CK_RV cipher_end(struct p11_session *s, enum p11_doing kind, struct sj_span last,
			CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	struct p11_operation *op = p11_active(s, kind);
	CK_RV rv = CKR_OK;

	if (out == NULL) {
		*len = largest(op, kind);
		return CKR_OK;
	}
	if (kind == P11_ENCRYPTING && *len < op->key.size) {
		*len = op->key.size;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (op->result == NULL)
		rv = work(s, kind, last);
	if (rv == CKR_OK)
		rv = p11_output(sj_span(op->result, op->result_len), out, len);
	if (rv != CKR_BUFFER_TOO_SMALL)
		p11_end(s, kind);
	return rv;
}

static CK_RV cipher_whole(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR data,
			  CK_ULONG data_len, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv;

	rv = p11_operation_enter(session, kind, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (op->parts)
		rv = CKR_OPERATION_ACTIVE;
	else if (!p11_input(data, data_len, &in) || len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = cipher_end(s, kind, in, out, len);
	else
		p11_end(s, kind);
	return p11_session_leave(s, rv);
}

/* RSA has one block: everything comes with the last part. */
static CK_RV cipher_update(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR part,
			   CK_ULONG part_len, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv;

	rv = p11_operation_enter(session, kind, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (!p11_input(part, part_len, &in) || len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (in.len > op->key.size - op->len || op->result != NULL)
		rv = kind == P11_ENCRYPTING ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (rv == CKR_OK) {
		*len = 0;
		if (out == NULL) /* a question for the length */
			return p11_session_leave(s, CKR_OK);
		op->parts = true;
		rv = p11_add(op, in);
	}
	if (rv != CKR_OK)
		p11_end(s, kind);
	return p11_session_leave(s, rv);
}

static CK_RV cipher_final(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR out,
			  CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, kind, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (len == NULL) {
		p11_end(s, kind);
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	}
	return p11_session_leave(s, cipher_end(s, kind, sj_span(NULL, 0), out, len));
}

CK_RV C_EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_ENCRYPTING, mechanism, key);
}

CK_RV C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR out,
		CK_ULONG_PTR len)
{
	return cipher_whole(session, P11_ENCRYPTING, data, data_len, out, len);
}

CK_RV C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len,
		      CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	return cipher_update(session, P11_ENCRYPTING, part, part_len, out, len);
}

CK_RV C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	return cipher_final(session, P11_ENCRYPTING, out, len);
}

CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_DECRYPTING, mechanism, key);
}

CK_RV C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR out,
		CK_ULONG_PTR len)
{
	return cipher_whole(session, P11_DECRYPTING, data, data_len, out, len);
}

CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG part_len,
		      CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	return cipher_update(session, P11_DECRYPTING, part, part_len, out, len);
}

CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR len)
{
	return cipher_final(session, P11_DECRYPTING, out, len);
}
