#include "wire/keystatus.h"

#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

static bool is_issuer(struct sj_span text)
{
	if (text.len == 0 || text.len > SJ_KEY_STATUS_ISSUER_MAX)
		return false;
	/*@ loop invariant i <= text.len;
	    loop assigns i; */
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 'A' || text.ptr[i] > 'Z')
			return false;
	}
	return true;
}

bool sj_key_status_read(struct sj_span value, struct sj_key_status *out)
{
	struct sj_key_status status;
	struct sj_span body;
	uint32_t partition;

	if (sj_tlv_take(&value, SJ_ASN1_SEQUENCE, &body) != SJ_TLV_FOUND || value.len != 0 ||
	    sj_tlv_take(&body, SJ_ASN1_PRINTABLE_STRING, &status.issuer) != SJ_TLV_FOUND ||
	    !is_issuer(status.issuer) || !sj_der_take_small(&body, &partition) ||
	    partition > UINT16_MAX || !sj_der_take_small(&body, &status.index) || body.len != 0)
		return false;
	status.partition = (uint16_t)partition;
	*out = status;
	return true;
}

void sj_key_status_put(struct sj_writer *w, const struct sj_key_status *status)
{
	size_t at = sj_tlv_open(w);

	if (!is_issuer(status->issuer))
		w->failed = true;
	sj_tlv_put(w, SJ_ASN1_PRINTABLE_STRING, status->issuer);
	sj_der_put_small(w, status->partition);
	sj_der_put_small(w, status->index);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}
