/* signed.c -- digest and signature of a CMS SignedData. */
#include <stdlib.h>
#include <string.h>

#include "crypt/memory.h"
#include "crypt/sign.h"
#include "trust/signed.h"

/* The signer may be named by issuer and serial, or by key identifier (RFC 5652, 5.3). */
static bool is_signer(const struct sj_cms_signer *signer, const struct sj_cert *cert)
{
	if (signer->issuer.len > 0)
		return sj_span_eq(signer->serial, cert->serial) &&
		       sj_name_eq(signer->issuer, cert->issuer);
	return signer->key_id.len > 0 && sj_span_eq(signer->key_id, cert->subject_key_id);
}

static enum sj_signed_rc find_certificate(struct sj_signed *s)
{
	struct sj_span rest = s->cms.certificates, der;

	while (sj_cms_certificate(&rest, &der) == SJ_TLV_FOUND)
		if (sj_cert_read(der, &s->certificate) && is_signer(&s->signer, &s->certificate))
			return SJ_SIGNED_OK;
	return SJ_SIGNED_NO_CERTIFICATE;
}

static enum sj_signed_rc check_digest(const struct sj_signed *s, enum sj_hash alg)
{
	uint8_t digest[SJ_HASH_MAX];

	if (!sj_hash(alg, &s->cms.content, 1, digest))
		return SJ_SIGNED_MALFORMED;
	if (!sj_span_eq(s->signer.message_digest, sj_span(digest, sj_hash_size(alg))))
		return SJ_SIGNED_DIGEST;
	return SJ_SIGNED_OK;
}

/* What is signed is the attributes as they stand, with the tag of a SET (RFC 5652, 5.4). */
static enum sj_signed_rc check_signature(const struct sj_signed *s, enum sj_hash alg)
{
	struct sj_span attributes = s->signer.signed_attributes;
	uint8_t *set = malloc(attributes.len);
	bool holds;

	if (!set) {
		sj_memory_note();
		return SJ_SIGNED_NO_MEMORY;
	}
	memcpy(set, attributes.ptr, attributes.len);
	set[0] = 0x31;
	holds = sj_signature_verify(s->certificate.spki, s->signer.signature_algorithm, alg,
				    sj_span(set, attributes.len), s->signer.signature);
	free(set);
	return holds ? SJ_SIGNED_OK : SJ_SIGNED_SIGNATURE;
}

static enum sj_signed_rc take_signer(struct sj_signed *s)
{
	struct sj_span rest = s->cms.signers;

	if (sj_cms_signer(&rest, &s->signer) != SJ_TLV_FOUND || rest.len != 0)
		return SJ_SIGNED_MALFORMED;
	if (s->signer.signed_attributes.len == 0 || s->signer.content_type.len == 0 ||
	    s->signer.message_digest.len == 0)
		return SJ_SIGNED_MALFORMED;
	return SJ_SIGNED_OK;
}

/* Foreign signers stream: they do not know lengths when they write them. */
static enum sj_signed_rc make_definite(struct sj_signed *s, struct sj_span *in)
{
	size_t cap = in->len + in->len / 1024 + 64;
	struct sj_writer w;

	if (!sj_cms_is_indefinite(*in))
		return SJ_SIGNED_OK;
	s->definite = malloc(cap);
	if (!s->definite) {
		sj_memory_note();
		return SJ_SIGNED_NO_MEMORY;
	}
	w = sj_writer(s->definite, cap);
	if (!sj_cms_definite(*in, &w))
		return SJ_SIGNED_MALFORMED;
	*in = sj_written(&w);
	return SJ_SIGNED_OK;
}

enum sj_signed_rc sj_signed_open(struct sj_span in, struct sj_span content_type,
				 struct sj_signed *out)
{
	enum sj_signed_rc rc;
	enum sj_hash alg;

	memset(out, 0, sizeof(*out));
	rc = make_definite(out, &in);
	if (rc != SJ_SIGNED_OK)
		return rc;
	if (!sj_cms_parse(in, &out->cms))
		return SJ_SIGNED_MALFORMED;
	rc = take_signer(out);
	if (rc != SJ_SIGNED_OK)
		return rc;
	if (!sj_span_eq(out->cms.content_type, content_type) ||
	    !sj_span_eq(out->signer.content_type, content_type))
		return SJ_SIGNED_TYPE;
	alg = sj_hash_from_oid(out->signer.digest_oid);
	if (alg == SJ_HASH_NONE)
		return SJ_SIGNED_MALFORMED;
	rc = find_certificate(out);
	if (rc == SJ_SIGNED_OK)
		rc = check_digest(out, alg);
	return rc == SJ_SIGNED_OK ? check_signature(out, alg) : rc;
}

void sj_signed_close(struct sj_signed *s)
{
	free(s->definite);
	s->definite = NULL;
}

const char *sj_signed_text(enum sj_signed_rc rc)
{
	switch (rc) {
	case SJ_SIGNED_OK:
		return "The signature holds.";
	case SJ_SIGNED_MALFORMED:
		return "It is not a SignedData of one signer with signed attributes.";
	case SJ_SIGNED_NO_CERTIFICATE:
		return "The signer's certificate is not in it.";
	case SJ_SIGNED_TYPE:
		return "Its content is of another type.";
	case SJ_SIGNED_DIGEST:
		return "The signed digest is not that of the content.";
	case SJ_SIGNED_SIGNATURE:
		return "The signature does not hold under the signer's key.";
	case SJ_SIGNED_NO_MEMORY:
		return "There was not enough memory.";
	}
	return "";
}
