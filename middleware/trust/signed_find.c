/* signed_find.c -- taking a CMS SignedData apart. No OpenSSL: `sojourn-signed` starts for each card. */
#include <stdlib.h>
#include <string.h>

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
	if (!s->definite)
		return SJ_SIGNED_NO_MEMORY;
	w = sj_writer(s->definite, cap);
	if (!sj_cms_definite(*in, &w))
		return SJ_SIGNED_MALFORMED;
	*in = sj_written(&w);
	return SJ_SIGNED_OK;
}

enum sj_signed_rc sj_signed_find(struct sj_span in, struct sj_signed *out)
{
	enum sj_signed_rc rc;

	memset(out, 0, sizeof(*out));
	rc = make_definite(out, &in);
	out->bytes = in;
	if (rc == SJ_SIGNED_OK && !sj_cms_parse(in, &out->cms))
		rc = SJ_SIGNED_MALFORMED;
	if (rc == SJ_SIGNED_OK)
		rc = take_signer(out);
	return rc == SJ_SIGNED_OK ? find_certificate(out) : rc;
}
