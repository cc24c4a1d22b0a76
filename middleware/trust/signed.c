/* signed.c -- digest and signature of a CMS SignedData. */
#include <stdlib.h>
#include <string.h>

#include "crypt/memory.h"
#include "crypt/sign.h"
#include "reader/context.h"
#include "trust/signed.h"

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
	uint8_t *set;
	bool holds;

	if (attributes.len == 0)
		return SJ_SIGNED_MALFORMED;
	set = malloc(attributes.len);
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

static enum sj_signed_rc find_by(sj_signed_fn find, void *user, struct sj_span in,
				 struct sj_signed *out)
{
	enum sj_signed_rc rc = SJ_SIGNED_STOPPED;
	uint8_t *answer = NULL;
	size_t len = 0;

	if (!find)
		return sj_signed_find(in, out);
	memset(out, 0, sizeof(*out));
	if (find(user, in.ptr, in.len, &answer, &len))
		rc = sj_signed_take(sj_span(answer, len), in, out);
	free(answer);
	return rc;
}

enum sj_signed_rc sj_signed_open_by(sj_signed_fn find, void *user, struct sj_span in,
				    struct sj_span content_type, struct sj_signed *out)
{
	enum sj_signed_rc rc = find_by(find, user, in, out);
	enum sj_hash alg;

	if (rc == SJ_SIGNED_NO_MEMORY)
		sj_memory_note();
	if (rc != SJ_SIGNED_OK && rc != SJ_SIGNED_NO_CERTIFICATE)
		return rc;
	if (!sj_span_eq(out->cms.content_type, content_type) ||
	    !sj_span_eq(out->signer.content_type, content_type))
		return SJ_SIGNED_TYPE;
	alg = sj_hash_from_oid(out->signer.digest_oid);
	if (alg == SJ_HASH_NONE)
		return SJ_SIGNED_MALFORMED;
	if (rc == SJ_SIGNED_OK)
		rc = check_digest(out, alg);
	return rc == SJ_SIGNED_OK ? check_signature(out, alg) : rc;
}

enum sj_signed_rc sj_signed_open_for(const struct sj_context *ctx, struct sj_span in,
				     struct sj_span content_type, struct sj_signed *out)
{
	return ctx ? sj_signed_open_by(ctx->find, ctx->find_user, in, content_type, out)
		   : sj_signed_open(in, content_type, out);
}

enum sj_signed_rc sj_signed_open(struct sj_span in, struct sj_span content_type,
				 struct sj_signed *out)
{
	return sj_signed_open_by(NULL, NULL, in, content_type, out);
}

bool sj_signed_read(struct sj_signed *s)
{
	struct sj_signed own = *s;

	memset(&own.signer.signing_time, 0, sizeof(own.signer.signing_time));
	memset(&own.signer.content_type, 0, sizeof(own.signer.content_type));
	memset(&own.signer.message_digest, 0, sizeof(own.signer.message_digest));
	if (!sj_cert_read(s->certificate.der, &own.certificate) ||
	    !sj_cms_attributes(s->signer.signed_attributes, &own.signer) ||
	    !sj_signed_same(&own, s))
		return false;
	*s = own;
	return true;
}

void sj_signed_chain(const struct sj_trust *trust, struct sj_signed *s, struct sj_issuer *out,
		     struct sj_finding *f)
{
	sj_chain_find(trust, &s->certificate, out, f);
	if (f->rc != SJ_OK || sj_signed_read(s))
		return;
	sj_issuer_free(out);
	sj_find(f, SJ_CHAIN_SIGNATURE, "What is signed is not what was found in it.");
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
	case SJ_SIGNED_STOPPED:
		return "The process that takes it apart gave no answer that can be used.";
	}
	return "";
}
