#include "crypt/memory.h"
#include "crypt/wipe.h"
#include "operations.h"

#include <string.h>

/* The block that RSA's private operation takes. */
static CK_RV rsa_block(const struct p11_operation *op, struct sj_span data,
		       uint8_t block[static SJ_RSA_MAX])
{
	const enum sj_hash hash = op->use.mechanism->hash;
	const size_t size = op->key.size;
	const struct sj_random random = sj_random_system();
	uint8_t info[SJ_HASH_MAX + 32];
	struct sj_writer w = SJ_WRITER_OF(info);
	struct sj_public key;

	if (!sj_public_read(sj_span(op->key.info.spki, op->key.info.spki_len), &key))
		return CKR_FUNCTION_FAILED;
	switch (op->use.mechanism->scheme) {
	case P11_PKCS1:
		if (hash != SJ_HASH_NONE) {
			sj_digest_info_put(&w, hash, data);
			data = sj_written(&w);
		}
		return sj_rsa_pad_type1(data, size, block) ? CKR_OK : CKR_DATA_LEN_RANGE;
	case P11_X509:
		if (data.len > size)
			return CKR_DATA_LEN_RANGE;
		memset(block, 0, size - data.len);
		if (data.len > 0)
			memcpy(block + size - data.len, data.ptr, data.len);
		return memcmp(block, key.modulus.ptr, size) < 0 ? CKR_OK : CKR_DATA_INVALID;
	case P11_PSS:
		if (data.len != sj_hash_size(op->use.padding.hash))
			return CKR_DATA_LEN_RANGE;
		return sj_rsa_pad_pss(&op->use.padding, &random, data, key.bits, block)
			       ? CKR_OK
			       : CKR_FUNCTION_FAILED;
	case P11_PAIR:
	case P11_DIGEST:
	case P11_OAEP:
	case P11_ECDSA:
	case P11_EDDSA:
	case P11_ECDH:
		break;
	}
	return CKR_MECHANISM_INVALID;
}

/* A digest as long as the order: cut on the right, or zeros on the left (FIPS 186-4, 6.4). */
static CK_RV ecdsa_block(const struct p11_operation *op, struct sj_span data,
			 uint8_t block[static SJ_RSA_MAX])
{
	const size_t size = op->key.size / 2;

	if (data.len == 0)
		return CKR_DATA_LEN_RANGE;
	if (data.len > size)
		data = sj_span(data.ptr, size);
	memset(block, 0, size - data.len);
	memcpy(block + size - data.len, data.ptr, data.len);
	return CKR_OK;
}

/*
 * Whether an answer of RSA is none: a fault in a card that calculates by two primes would tell them to
 * whoever gets it. A wrong ECDSA signature only fails, where it is verified, which costs as much as a card made of
 * software takes to sign. Where OpenSSL cannot tell, as under an engine that has taken its methods over,
 * nothing is known.
 */
static bool is_wrong(const struct p11_operation *op, struct sj_span block, struct sj_span signature)
{
	const struct sj_span spki = sj_span(op->key.info.spki, op->key.info.spki_len);
	const unsigned mark = sj_memory_mark();
	uint8_t opened[SJ_RSA_MAX];

	if (signature.len != op->key.size)
		return true;
	if (op->key.type != CKK_RSA)
		return false;
	return !(sj_rsa_public(spki, signature, opened) &&
		 sj_span_eq(sj_span(opened, op->key.size), block)) &&
	       !sj_memory_lacked(mark);
}

CK_RV p11_sign(struct p11_session *s, struct p11_operation *op,
	       uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *len)
{
	uint8_t block[SJ_RSA_MAX], hash[SJ_HASH_MAX];
	struct sj_span data;
	CK_RV rv;

	rv = p11_collected(op, hash, &data);
	if (rv == CKR_OK && op->key.type == CKK_RSA) {
		rv = rsa_block(op, data, block);
		data = sj_span(block, op->key.size);
	} else if (rv == CKR_OK && op->key.type == CKK_EC) {
		rv = ecdsa_block(op, data, block);
		data = sj_span(block, op->key.size / 2);
	}
	*len = SJ_PIV_BLOCK_MAX;
	if (rv == CKR_OK)
		rv = p11_card_sign(s, &op->key.info, op->key.ref, data, out, len);
	if (rv == CKR_OK && is_wrong(op, data, sj_span(out, *len)))
		rv = CKR_DEVICE_ERROR;
	sj_wipe(block, sizeof(block));
	return rv;
}

/* The last part of signing, with its size question; ends the operation unless that stays open. */
static CK_RV sign_end(struct p11_session *s, enum p11_doing kind, struct sj_span last,
		      CK_BYTE_PTR signature, CK_ULONG_PTR len)
{
	struct p11_operation *op = p11_active(s, kind);
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t n;
	CK_RV rv = CKR_OK;

	if (!p11_output_room(op->key.size, signature, len, &rv)) {
		if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
			p11_end(s, kind);
		return rv;
	}
	rv = p11_add(op, last);
	if (rv == CKR_OK)
		rv = p11_sign(s, op, out, &n);
	if (rv == CKR_OK)
		rv = p11_output(sj_span(out, n), signature, len);
	p11_end(s, kind);
	return rv;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_SIGNING, mechanism, key);
}

/* C_Sign, C_SignRecover. */
static CK_RV sign_whole(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR data,
			CK_ULONG data_len, CK_BYTE_PTR signature, CK_ULONG_PTR len)
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
		rv = sign_end(s, kind, in, signature, len);
	else
		p11_end(s, kind);
	return p11_session_leave(s, rv);
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
	     CK_ULONG_PTR len)
{
	return sign_whole(session, P11_SIGNING, data, data_len, signature, len);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG len)
{
	return p11_operation_update(session, P11_SIGNING, part, len);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_SIGNING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (len == NULL) {
		p11_end(s, P11_SIGNING);
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	}
	return p11_session_leave(s, sign_end(s, P11_SIGNING, sj_span(NULL, 0), signature, len));
}

CK_RV C_SignRecoverInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_SIGN_RECOVERING, mechanism, key);
}

CK_RV C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len,
		    CK_BYTE_PTR signature, CK_ULONG_PTR len)
{
	return sign_whole(session, P11_SIGN_RECOVERING, data, data_len, signature, len);
}
