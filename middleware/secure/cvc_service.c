#include "secure/cvc_service.h"

#include "crypt/hash.h"
#include "secure/cvc_rights.h"
#include "secure/gate.h"
#include "wire/oid.h"
#include "wire/std/sojourn.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define SERVICE_SIZE 6u /* sector (1), service (1), operator (4) */

void sj_cvc_service_put(struct sj_writer *w, const struct sj_cvc_service *service)
{
	const size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_OID_TAG, SJ_OID_SOJOURN_SERVICE);
	sj_tlv_put_header(w, SJ_TAG_DISCRETIONARY, SERVICE_SIZE);
	sj_put_u8(w, service->sector);
	sj_put_u8(w, service->service);
	sj_put_be(w, 4, service->operator_id);
	sj_tlv_close(w, SJ_TAG_DISCRETIONARY_TEMPLATE, at);
}

bool sj_cvc_service_read(struct sj_span extensions, struct sj_cvc_service *out)
{
	struct sj_cvc_service service = { 0 };
	struct sj_span value, bytes;

	if (!sj_cvc_extension(extensions, SJ_OID_SOJOURN_SERVICE, &value)) {
		*out = service;
		return true;
	}
	if (sj_tlv_take(&value, SJ_TAG_DISCRETIONARY, &bytes) != SJ_TLV_FOUND || value.len != 0 ||
	    bytes.len != SERVICE_SIZE || !sj_take_u8(&bytes, &service.sector) ||
	    !sj_take_u8(&bytes, &service.service) || !sj_take_be(&bytes, 4, &service.operator_id) ||
	    service.sector < 1 || service.sector > SJ_GATE_SECTORS)
		return false;
	*out = service;
	return true;
}

void sj_cvc_sectors_put(struct sj_writer *w, struct sj_span first, struct sj_span second)
{
	const size_t at = sj_tlv_open(w);

	sj_tlv_put(w, SJ_OID_TAG, SJ_OID_CVC_SECTOR);
	sj_tlv_put(w, 0x80, first);
	if (second.len > 0)
		sj_tlv_put(w, 0x81, second);
	sj_tlv_close(w, SJ_TAG_DISCRETIONARY_TEMPLATE, at);
}

bool sj_cvc_sectors_read(struct sj_span extensions, struct sj_span out[static 2])
{
	struct sj_span value, hash, found[2] = { { NULL, 0 }, { NULL, 0 } };
	uint32_t tag;
	bool good = true;

	if (sj_cvc_extension(extensions, SJ_OID_CVC_SECTOR, &value)) {
		while (good && value.len > 0) {
			good = sj_tlv_next(&value, &tag, &hash) == SJ_TLV_FOUND &&
			       (tag == 0x80 || tag == 0x81) &&
			       sj_hash_of_size(hash.len) != SJ_HASH_NONE &&
			       found[tag - 0x80].len == 0;
			if (good)
				found[tag - 0x80] = hash;
		}
	}
	if (good) {
		out[0] = found[0];
		out[1] = found[1];
	}
	return good;
}
