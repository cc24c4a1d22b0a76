#include "secure/sm_objects.h"

#include "crypt/wipe.h"
#include "wire/tlv.h"

#define PADDING_METHOD_2 0x01u

size_t sj_sm_cryptogram_size(enum sj_cipher c, bool odd, size_t n)
{
	const size_t block = sj_cipher_block_size(c);

	return n + block - n % block + !odd;
}

void sj_sm_cryptogram_put(struct sj_writer *w, const struct sj_sm_cbc *cbc, bool odd,
			  struct sj_span data)
{
	struct sj_span padded;
	size_t at;

	sj_tlv_put_header(w, odd ? SJ_DO_CRYPTOGRAM_ODD : SJ_DO_CRYPTOGRAM,
			  sj_sm_cryptogram_size(cbc->cipher, odd, data.len));
	if (!odd)
		sj_put_u8(w, PADDING_METHOD_2);
	at = w->len;
	sj_put(w, data);
	sj_pad(w, at, sj_cipher_block_size(cbc->cipher));
	if (w->failed)
		return;
	padded = sj_span(w->ptr + at, w->len - at);
	if (!sj_cbc_encrypt(cbc->cipher, cbc->key, cbc->iv, padded, w->ptr + at)) {
		sj_wipe(w->ptr + at, w->len - at);
		w->failed = true;
	}
}

enum sj_sm_rc sj_sm_objects_take(struct sj_span in, uint32_t second_tag, struct sj_sm_objects *o)
{
	const struct sj_span whole = in;
	enum sj_tlv_rc rc;

	*o = (struct sj_sm_objects){ .odd = false };
	rc = sj_tlv_take(&in, SJ_DO_CRYPTOGRAM, &o->cryptogram);
	if (rc == SJ_TLV_ABSENT) {
		rc = sj_tlv_take(&in, SJ_DO_CRYPTOGRAM_ODD, &o->cryptogram);
		o->odd = rc == SJ_TLV_FOUND;
	}
	if (rc == SJ_TLV_MALFORMED)
		return SJ_SM_INCORRECT;
	if (sj_tlv_take(&in, second_tag, &o->second) == SJ_TLV_MALFORMED)
		return SJ_SM_INCORRECT;
	o->covered = sj_span(whole.ptr, whole.len - in.len);
	if (in.len == 0)
		return SJ_SM_MISSING;
	if (sj_tlv_take(&in, SJ_DO_MAC, &o->mac) != SJ_TLV_FOUND || in.len != 0 ||
	    o->mac.len != SJ_MAC_SIZE)
		return SJ_SM_INCORRECT;
	return SJ_SM_OK;
}

bool sj_sm_cryptogram_open(const struct sj_sm_cbc *cbc, const struct sj_sm_objects *o,
			   struct sj_writer *buffer, struct sj_span *data)
{
	const size_t block = sj_cipher_block_size(cbc->cipher);
	const size_t before = buffer->len;
	struct sj_span in = o->cryptogram;
	uint8_t indicator = PADDING_METHOD_2, *to;
	size_t len;

	if ((!o->odd && !sj_take_u8(&in, &indicator)) || indicator != PADDING_METHOD_2)
		return false;
	to = sj_put_space(buffer, in.len);
	if (to == NULL)
		return false;
	if (!sj_cbc_decrypt(cbc->cipher, cbc->key, cbc->iv, in, to) ||
	    !sj_unpad(sj_span(to, in.len), block, &len)) {
		sj_wipe(to, in.len);
		buffer->len = before;
		return false;
	}
	buffer->len = before + len;
	*data = sj_span(to, len);
	return true;
}

bool sj_sm_le_open(struct sj_span le, struct sj_apdu *a)
{
	if (le.ptr == NULL)
		return true;
	a->extended = le.len == 2;
	if (le.len > 2 || !sj_take_be(&le, le.len, &a->ne))
		return false;
	if (a->ne == 0)
		a->ne = a->extended ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	return true;
}
