#include "authority/extension.h"

#include "authority/cert.h"
#include "authority/der.h"
#include "authority/oids.h"

struct sj_extension sj_extension_open(struct sj_writer *w, struct sj_span oid, bool critical)
{
	struct sj_extension e = { sj_tlv_open(w), 0 };

	sj_tlv_put(w, SJ_ASN1_OID, oid);
	if (critical)
		sj_tlv_put(w, SJ_ASN1_BOOLEAN, SJ_SPAN_STR("\xFF"));
	e.value = sj_tlv_open(w);
	return e;
}

void sj_extension_close(struct sj_writer *w, struct sj_extension e)
{
	sj_tlv_close(w, SJ_ASN1_OCTET_STRING, e.value);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, e.sequence);
}

void sj_extension_put_authority_key_id(struct sj_writer *w, struct sj_span issuer_spki)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_AUTHORITY_KEY_ID, false);
	size_t seq = sj_tlv_open(w);
	uint8_t id[SJ_KEY_ID_SIZE];

	if (sj_key_identifier(issuer_spki, id))
		sj_tlv_put(w, SJ_DER_PRIMITIVE(0), SJ_SPAN_OF(id));
	else
		w->failed = true;
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_extension_close(w, e);
}

void sj_extension_put_subject_key_id(struct sj_writer *w, struct sj_span spki)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_SUBJECT_KEY_ID, false);
	uint8_t id[SJ_KEY_ID_SIZE];

	if (sj_key_identifier(spki, id))
		sj_tlv_put(w, SJ_ASN1_OCTET_STRING, SJ_SPAN_OF(id));
	else
		w->failed = true;
	sj_extension_close(w, e);
}

void sj_extension_put_key_usage(struct sj_writer *w, struct sj_span bits)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_KEY_USAGE, true);

	sj_put(w, bits);
	sj_extension_close(w, e);
}

void sj_extension_put_extended_usage(struct sj_writer *w, bool critical, const struct sj_span *oids,
				     size_t n)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_EXTENDED_KEY_USAGE, critical);
	size_t seq = sj_tlv_open(w);

	for (size_t i = 0; i < n; i++)
		sj_tlv_put(w, SJ_ASN1_OID, oids[i]);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_extension_close(w, e);
}

void sj_extension_put_ca(struct sj_writer *w, uint32_t path_length)
{
	struct sj_extension e = sj_extension_open(w, SJ_OID_BASIC_CONSTRAINTS, true);
	size_t seq = sj_tlv_open(w);

	sj_tlv_put(w, SJ_ASN1_BOOLEAN, SJ_SPAN_STR("\xFF"));
	sj_der_put_small(w, path_length);
	sj_tlv_close(w, SJ_ASN1_SEQUENCE, seq);
	sj_extension_close(w, e);
}
