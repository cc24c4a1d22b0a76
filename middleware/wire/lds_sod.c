#include "wire/lds.h"
#include "wire/std/rfc5652.h"

#include <string.h>

/* Doc 9303-10, 4.6.2.3: LDSSecurityObject. */

static bool algorithm_read(struct sj_span *in, struct sj_security_object *out)
{
	struct sj_span copy = *in, algorithm;

	return sj_tlv_take_element(in, SJ_ASN1_SEQUENCE, &out->hash_algorithm) == SJ_TLV_FOUND &&
	       sj_tlv_take(&copy, SJ_ASN1_SEQUENCE, &algorithm) == SJ_TLV_FOUND &&
	       sj_tlv_take(&algorithm, SJ_ASN1_OID, &out->hash_oid) == SJ_TLV_FOUND;
}

/* SEQUENCE { dataGroupNumber INTEGER, dataGroupHashValue OCTET STRING } */
static bool hash_read(struct sj_span in, struct sj_security_object *out)
{
	struct sj_span hash;
	uint32_t n;

	if (!sj_der_take_small(&in, &n) || n < 1 || n > SJ_DG_COUNT || out->groups >> n & 1 ||
	    sj_tlv_take(&in, SJ_ASN1_OCTET_STRING, &hash) != SJ_TLV_FOUND || hash.len == 0 ||
	    in.len != 0)
		return false;
	out->groups |= 1u << n;
	out->hashes[n] = hash;
	return true;
}

static bool hashes_read(struct sj_span in, struct sj_security_object *out)
{
	struct sj_span entry;

	while (in.len > 0) {
		if (sj_tlv_take(&in, SJ_ASN1_SEQUENCE, &entry) != SJ_TLV_FOUND ||
		    !hash_read(entry, out))
			return false;
	}
	return out->groups != 0;
}

static bool digits_read(struct sj_span *in, char *out, size_t digits)
{
	struct sj_span text;

	if (sj_tlv_take(in, SJ_ASN1_PRINTABLE_STRING, &text) != SJ_TLV_FOUND || text.len != digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		out[i] = (char)text.ptr[i];
	}
	out[digits] = '\0';
	return true;
}

/* LDSVersionInfo: version 1 only. */
static bool version_info_read(struct sj_span in, struct sj_security_object *out)
{
	struct sj_span info;

	if (in.len == 0)
		return true;
	return out->version == 1 && sj_tlv_take(&in, SJ_ASN1_SEQUENCE, &info) == SJ_TLV_FOUND &&
	       in.len == 0 && digits_read(&info, out->version_info.lds, 4) &&
	       digits_read(&info, out->version_info.unicode, 6) && info.len == 0;
}

bool sj_security_object_parse(struct sj_span in, struct sj_security_object *out)
{
	struct sj_span body, hashes;

	memset(out, 0, sizeof(*out));
	return sj_lds_open(in, SJ_ASN1_SEQUENCE, &body) &&
	       sj_der_take_small(&body, &out->version) && out->version <= 1 &&
	       algorithm_read(&body, out) &&
	       sj_tlv_take(&body, SJ_ASN1_SEQUENCE, &hashes) == SJ_TLV_FOUND &&
	       hashes_read(hashes, out) && version_info_read(body, out);
}

static void digits_put(struct sj_writer *w, const char *text, size_t digits)
{
	if (strnlen(text, digits + 1) != digits)
		w->failed = true;
	sj_tlv_put(w, SJ_ASN1_PRINTABLE_STRING, sj_span((const uint8_t *)text, digits));
}

void sj_security_object_put(struct sj_writer *w, const struct sj_security_object *so)
{
	size_t at = sj_tlv_open(w), list, entry;

	if (so->version > 1)
		w->failed = true;
	sj_der_put_small(w, so->version);
	sj_put(w, so->hash_algorithm);
	list = sj_tlv_open(w);
	for (uint32_t n = 1; n <= SJ_DG_COUNT; n++) {
		if (so->hashes[n].len == 0)
			continue;
		entry = sj_tlv_open(w);
		sj_der_put_small(w, n);
		sj_tlv_put(w, SJ_ASN1_OCTET_STRING, so->hashes[n]);
		sj_tlv_close(w, SJ_ASN1_SEQUENCE, entry);
	}
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, list);
	if (so->version == 1) {
		entry = sj_tlv_open(w);
		digits_put(w, so->version_info.lds, 4);
		digits_put(w, so->version_info.unicode, 6);
		sj_tlv_close(w, SJ_ASN1_SEQUENCE, entry);
	}
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, at);
}
