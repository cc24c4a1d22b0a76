#include "authority/signed.h"

#include <stdlib.h>

#include "authority/der.h"
#include "authority/oids.h"
#include "crypt/hash.h"
#include "crypt/x509.h"
#include "wire/cms.h"
#include "wire/lds.h"
#include "wire/std/icao9303.h"
#include "wire/std/tr03110.h"

#define ATTRIBUTES_MAX 640u /* a name of SJ_ISSUED_NAME_MAX is among them */
#define ALGORITHM_MAX 128u
#define SIGNATURE_MAX 520u

/* What is signed, and how it stands in the object. */
struct content {
	struct sj_span type, bytes;
	bool detached, names_signer;
};

static void put_attributes(struct sj_writer *w, const struct content *c, struct sj_span digest,
			   const struct sj_cert *signer, int64_t when)
{
	if (c->names_signer)
		sj_cms_put_attributes_and(w, c->type, digest, when, SJ_OID_PIV_SIGNER_DN,
					  signer->subject);
	else
		sj_cms_put_attributes(w, c->type, digest, when);
}

/* ContentInfo with SignedData; certificates, if any: [0] is the signer's. */
static bool put_content(struct sj_writer *w, const struct content *c,
			const struct sj_span *certificates, size_t n,
			const struct sj_signed_by *signer)
{
	uint8_t attributes[ATTRIBUTES_MAX], algorithm[ALGORITHM_MAX], signature[SIGNATURE_MAX],
		digest[SJ_HASH_MAX], digest_algorithm[32];
	struct sj_writer attrs = SJ_WRITER_OF(attributes), alg = SJ_WRITER_OF(algorithm),
			 sig = SJ_WRITER_OF(signature), dig = SJ_WRITER_OF(digest_algorithm);
	enum sj_hash hash = sj_key_hash(signer->key);
	struct sj_cms_recipe recipe;
	struct sj_cert cert;

	if (!sj_cert_read(signer->certificate, &cert) || !sj_hash(hash, &c->bytes, 1, digest))
		return false;
	put_attributes(&attrs, c, sj_span(digest, sj_hash_size(hash)), &cert, signer->when);
	sj_der_put_algorithm(&dig, sj_hash_oid(hash));
	if (attrs.failed || dig.failed || !sj_key_sign(signer->key, sj_written(&attrs), &alg, &sig))
		return false;
	recipe = (struct sj_cms_recipe){
		.content_type = c->type,
		.content = c->detached ? sj_span(NULL, 0) : c->bytes,
		.certificates = certificates,
		.certificate_count = n,
		.issuer = cert.issuer,
		.serial = cert.serial,
		.digest_algorithm = sj_written(&dig),
		.attributes = sj_written(&attrs),
		.signature_algorithm = sj_written(&alg),
		.signature = sj_written(&sig),
	};
	sj_cms_put(w, &recipe);
	return !w->failed;
}

static bool put_signed(struct sj_writer *w, struct sj_span content_type, struct sj_span content,
		       const struct sj_span *certificates, size_t n,
		       const struct sj_signed_by *signer)
{
	const struct content c = { .type = content_type, .bytes = content };

	return put_content(w, &c, certificates, n, signer);
}

/* LDSSecurityObject over the groups' hashes (Doc 9303-10, 4.6.2.3). */
static bool put_security_object(struct sj_writer *w, const struct sj_sod_plan *plan,
				enum sj_hash hash)
{
	uint8_t digests[SJ_SOD_GROUPS + 1][SJ_HASH_MAX], algorithm[32];
	struct sj_writer alg = SJ_WRITER_OF(algorithm);
	struct sj_security_object so = {
		.version = plan->version,
		.version_info = { "0108", "040000" },
	};

	sj_der_put_algorithm(&alg, sj_hash_oid(hash));
	so.hash_algorithm = sj_written(&alg);
	for (size_t dg = 1; dg <= SJ_SOD_GROUPS; dg++) {
		if (plan->groups[dg].len == 0)
			continue;
		if (!sj_hash(hash, &plan->groups[dg], 1, digests[dg]))
			return false;
		so.hashes[dg] = sj_span(digests[dg], sj_hash_size(hash));
	}
	sj_security_object_put(w, &so);
	return !w->failed && !alg.failed;
}

bool sj_signed_put_sod(struct sj_writer *w, const struct sj_sod_plan *plan,
		       const struct sj_signed_by *signer)
{
	uint8_t content[1400]; /* 16 SHA-512 hashes and what stands around them */
	struct sj_writer object = SJ_WRITER_OF(content);
	size_t at = sj_tlv_open(w);

	if (plan->version > 1 || !put_security_object(&object, plan, sj_key_hash(signer->key)) ||
	    !put_signed(w, SJ_OID_ICAO_LDS_SECURITY_OBJECT, sj_written(&object),
			&signer->certificate, 1, signer))
		return false;
	sj_tlv_close(w, SJ_TAG_SOD, at);
	return !w->failed;
}

bool sj_signed_put_piv_security(struct sj_writer *w, const struct sj_sod_plan *plan,
				const struct sj_signed_by *signer)
{
	uint8_t content[1400];
	struct sj_writer object = SJ_WRITER_OF(content);

	return put_security_object(&object, plan, sj_key_hash(signer->key)) &&
	       put_signed(w, SJ_OID_ICAO_LDS_SECURITY_OBJECT, sj_written(&object), NULL, 0, signer);
}

bool sj_signed_put_chuid(struct sj_writer *w, struct sj_span objects,
			 const struct sj_signed_by *signer)
{
	const struct content c = { SJ_OID_PIV_CHUID_OBJECT, objects, true, true };

	return put_content(w, &c, &signer->certificate, 1, signer);
}

bool sj_signed_put_card_security(struct sj_writer *w, struct sj_span security_infos,
				 const struct sj_signed_by *signer)
{
	return put_signed(w, SJ_OID_SECURITY_OBJECT, security_infos, &signer->certificate, 1,
			  signer);
}

bool sj_signed_put_master_list(struct sj_writer *w, const struct sj_span *certificates, size_t n,
			       struct sj_span csca, const struct sj_signed_by *signer)
{
	const struct sj_span carried[2] = { signer->certificate, csca };
	struct sj_writer content;
	size_t size = 64;
	uint8_t *buffer;
	bool ok;

	for (size_t i = 0; i < n; i++)
		size += certificates[i].len;
	buffer = malloc(size);
	if (buffer == NULL)
		return false;
	content = sj_writer(buffer, size);
	sj_masterlist_put(&content, certificates, n);
	ok = !content.failed &&
	     put_signed(w, SJ_OID_ICAO_MASTER_LIST, sj_written(&content), carried, 2, signer);
	free(buffer);
	return ok;
}
