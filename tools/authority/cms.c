#include "authority/cms.h"

#include <stdlib.h>

#include "authority/der.h"
#include "authority/oids.h"
#include "crypt/hash.h"
#include "crypt/x509.h"

#define ATTRIBUTES_MAX 256u

static void put_attribute(struct sj_writer *w, struct sj_span type, struct sj_span value)
{
	size_t seq = sj_tlv_open(w);

	sj_tlv_put(w, SJ_DER_OID, type);
	sj_tlv_put(w, SJ_DER_SET, value);
	sj_tlv_close(w, SJ_DER_SEQUENCE, seq);
}

/* The signed attributes as a SET OF: what is signed (RFC 5652, 5.4). */
static bool put_attributes(struct sj_writer *w, struct sj_span content_type, struct sj_span content,
			   const struct sj_cms_signer *signer)
{
	enum sj_hash hash = sj_key_hash(signer->key);
	uint8_t digest[SJ_HASH_MAX], value[SJ_HASH_MAX + 32];
	struct sj_writer v = SJ_WRITER_OF(value);
	size_t at = sj_tlv_open(w);

	if (!sj_hash(hash, &content, 1, digest))
		return false;
	sj_tlv_put(&v, SJ_DER_OID, content_type);
	put_attribute(w, SJ_OID_CONTENT_TYPE, sj_written(&v));
	v.len = 0;
	sj_der_put_time(&v, signer->when);
	put_attribute(w, SJ_OID_SIGNING_TIME, sj_written(&v));
	v.len = 0;
	sj_tlv_put(&v, SJ_DER_OCTET_STRING, sj_span(digest, sj_hash_size(hash)));
	put_attribute(w, SJ_OID_MESSAGE_DIGEST, sj_written(&v));
	sj_der_close_set(w, SJ_DER_SET, at);
	return !w->failed && !v.failed;
}

/* SignerInfo version 1: the signer by issuer and serial number. */
static bool put_signer_info(struct sj_writer *w, struct sj_span content_type,
			    struct sj_span content, const struct sj_cms_signer *signer,
			    const struct sj_cert *cert)
{
	uint8_t attributes[ATTRIBUTES_MAX], algorithm[128], signature[520];
	struct sj_writer attrs = SJ_WRITER_OF(attributes), alg = SJ_WRITER_OF(algorithm),
			 sig = SJ_WRITER_OF(signature);
	size_t info = sj_tlv_open(w), at;
	struct sj_span rest, values;

	if (!put_attributes(&attrs, content_type, content, signer) ||
	    !sj_key_sign(signer->key, sj_written(&attrs), &alg, &sig))
		return false;
	sj_der_put_small(w, 1);
	at = sj_tlv_open(w);
	sj_put(w, cert->issuer);
	sj_tlv_put(w, SJ_DER_INTEGER, cert->serial);
	sj_tlv_close(w, SJ_DER_SEQUENCE, at);
	sj_der_put_algorithm(w, sj_hash_oid(sj_key_hash(signer->key)));
	rest = sj_written(&attrs);
	if (sj_tlv_take(&rest, SJ_DER_SET, &values) != SJ_TLV_FOUND)
		return false;
	sj_tlv_put(w, SJ_DER_EXPLICIT(0), values);
	sj_put(w, sj_written(&alg));
	sj_tlv_put(w, SJ_DER_OCTET_STRING, sj_written(&sig));
	sj_tlv_close(w, SJ_DER_SEQUENCE, info);
	return !w->failed;
}

bool sj_cms_put(struct sj_writer *w, struct sj_span content_type, struct sj_span content,
		const struct sj_cms_signer *signer, struct sj_span extra)
{
	size_t info = sj_tlv_open(w), outer, data, at, inner;
	struct sj_cert cert;

	if (!sj_cert_read(signer->certificate, &cert))
		return false;
	sj_tlv_put(w, SJ_DER_OID, SJ_OID_SIGNED_DATA);
	outer = sj_tlv_open(w);
	data = sj_tlv_open(w);
	sj_der_put_small(w, 3);
	at = sj_tlv_open(w);
	sj_der_put_algorithm(w, sj_hash_oid(sj_key_hash(signer->key)));
	sj_tlv_close(w, SJ_DER_SET, at);
	at = sj_tlv_open(w);
	sj_tlv_put(w, SJ_DER_OID, content_type);
	inner = sj_tlv_open(w);
	sj_tlv_put(w, SJ_DER_OCTET_STRING, content);
	sj_tlv_close(w, SJ_DER_EXPLICIT(0), inner);
	sj_tlv_close(w, SJ_DER_SEQUENCE, at);
	at = sj_tlv_open(w);
	sj_put(w, signer->certificate);
	sj_put(w, extra);
	sj_der_close_set(w, SJ_DER_EXPLICIT(0), at);
	at = sj_tlv_open(w);
	if (!put_signer_info(w, content_type, content, signer, &cert))
		return false;
	sj_tlv_close(w, SJ_DER_SET, at);
	sj_tlv_close(w, SJ_DER_SEQUENCE, data);
	sj_tlv_close(w, SJ_DER_EXPLICIT(0), outer);
	sj_tlv_close(w, SJ_DER_SEQUENCE, info);
	return !w->failed;
}

/* LDSSecurityObject (Doc 9303-10, 4.6.2.3). */
static bool put_lds_security_object(struct sj_writer *w, const struct sj_sod_plan *plan,
				    enum sj_hash hash)
{
	size_t object = sj_tlv_open(w), list, entry;
	uint8_t digest[SJ_HASH_MAX];

	sj_der_put_small(w, plan->version);
	sj_der_put_algorithm(w, sj_hash_oid(hash));
	list = sj_tlv_open(w);
	for (uint32_t dg = 1; dg <= SJ_SOD_GROUPS; dg++) {
		if (plan->groups[dg].len == 0)
			continue;
		if (!sj_hash(hash, &plan->groups[dg], 1, digest))
			return false;
		entry = sj_tlv_open(w);
		sj_der_put_small(w, dg);
		sj_tlv_put(w, SJ_DER_OCTET_STRING, sj_span(digest, sj_hash_size(hash)));
		sj_tlv_close(w, SJ_DER_SEQUENCE, entry);
	}
	sj_tlv_close(w, SJ_DER_SEQUENCE, list);
	if (plan->version == 1) {
		entry = sj_tlv_open(w);
		sj_der_put_text(w, SJ_DER_PRINTABLE_STRING, "0108");
		sj_der_put_text(w, SJ_DER_PRINTABLE_STRING, "040000");
		sj_tlv_close(w, SJ_DER_SEQUENCE, entry);
	}
	sj_tlv_close(w, SJ_DER_SEQUENCE, object);
	return !w->failed;
}

bool sj_sod_put(struct sj_writer *w, const struct sj_sod_plan *plan,
		const struct sj_cms_signer *signer)
{
	uint8_t content[2048];
	struct sj_writer object = SJ_WRITER_OF(content);
	size_t at = sj_tlv_open(w);

	if (plan->version > 1 ||
	    !put_lds_security_object(&object, plan, sj_key_hash(signer->key)) ||
	    !sj_cms_put(w, SJ_OID_LDS_SECURITY_OBJECT, sj_written(&object), signer,
			sj_span(NULL, 0)))
		return false;
	sj_tlv_close(w, 0x77, at);
	return !w->failed;
}

bool sj_card_security_put(struct sj_writer *w, struct sj_span security_infos,
			  const struct sj_cms_signer *signer)
{
	return sj_cms_put(w, SJ_OID_SECURITY_OBJECT, security_infos, signer, sj_span(NULL, 0));
}

/* CscaMasterList ::= SEQUENCE { version 0, certList SET OF Certificate }. */
static void put_certificate_list(struct sj_writer *w, const struct sj_span *certificates, size_t n)
{
	size_t list = sj_tlv_open(w), set;

	sj_der_put_small(w, 0);
	set = sj_tlv_open(w);
	for (size_t i = 0; i < n; i++)
		sj_put(w, certificates[i]);
	sj_der_close_set(w, SJ_DER_SET, set);
	sj_tlv_close(w, SJ_DER_SEQUENCE, list);
}

bool sj_master_list_put(struct sj_writer *w, const struct sj_span *certificates, size_t n,
			const struct sj_cms_signer *signer, struct sj_span csca)
{
	size_t size = 64;
	struct sj_writer content;
	uint8_t *buffer;
	bool ok;

	for (size_t i = 0; i < n; i++)
		size += certificates[i].len;
	buffer = malloc(size);
	if (buffer == NULL)
		return false;
	content = sj_writer(buffer, size);
	put_certificate_list(&content, certificates, n);
	ok = !content.failed &&
	     sj_cms_put(w, SJ_OID_CSCA_MASTER_LIST, sj_written(&content), signer, csca);
	free(buffer);
	return ok;
}
