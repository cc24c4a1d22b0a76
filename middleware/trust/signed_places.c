/* signed_places.c -- where the parts of a CMS SignedData stand, as a message. */
#include <stdlib.h>
#include <string.h>

#include "trust/signed.h"

#define HEADER 8u /* bytes: result, size of the copy */
#define PLACE 8u

/* What digest, signatures and the search for an issuer need; the rest is read from what is signed. */
static const size_t parts[] = {
	offsetof(struct sj_signed, cms.content_type),
	offsetof(struct sj_signed, cms.content),
	offsetof(struct sj_signed, signer.digest_oid),
	offsetof(struct sj_signed, signer.signed_attributes),
	offsetof(struct sj_signed, signer.content_type),
	offsetof(struct sj_signed, signer.message_digest),
	offsetof(struct sj_signed, signer.signature_algorithm),
	offsetof(struct sj_signed, signer.signature),
	offsetof(struct sj_signed, certificate.der),
	offsetof(struct sj_signed, certificate.tbs),
	offsetof(struct sj_signed, certificate.issuer),
	offsetof(struct sj_signed, certificate.subject),
	offsetof(struct sj_signed, certificate.spki),
	offsetof(struct sj_signed, certificate.signature_algorithm),
	offsetof(struct sj_signed, certificate.signature),
	offsetof(struct sj_signed, certificate.authority_key_id),
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))
_Static_assert(HEADER + PARTS * PLACE <= SJ_SIGNED_PLACES_MAX, "room for all places");

static struct sj_span get(const struct sj_signed *s, size_t part)
{
	struct sj_span span;

	memcpy(&span, (const uint8_t *)s + parts[part], sizeof(span));
	return span;
}

static void set(struct sj_signed *s, size_t part, struct sj_span span)
{
	memcpy((uint8_t *)s + parts[part], &span, sizeof(span));
}

void sj_signed_put(struct sj_writer *w, enum sj_signed_rc rc, const struct sj_signed *s)
{
	const struct sj_span copy = s->definite ? s->bytes : sj_span(NULL, 0);

	sj_put_be(w, 4, (uint32_t)rc);
	sj_put_be(w, 4, (uint32_t)copy.len);
	for (size_t i = 0; i < PARTS; i++) {
		const struct sj_span part = get(s, i);

		sj_put_be(w, 4, part.len > 0 ? (uint32_t)(part.ptr - s->bytes.ptr) : 0);
		sj_put_be(w, 4, (uint32_t)part.len);
	}
	sj_put(w, copy);
}

static bool take_place(struct sj_span *in, struct sj_span bytes, struct sj_span *out)
{
	uint32_t at, len;

	if (!sj_take_be(in, 4, &at) || !sj_take_be(in, 4, &len) || at > bytes.len ||
	    len > bytes.len - at)
		return false;
	*out = len > 0 ? sj_span(bytes.ptr + at, len) : sj_span(NULL, 0);
	return true;
}

/* What the places are of: the input, or the copy at the end of the message. */
static enum sj_signed_rc take_bytes(struct sj_span rest, uint32_t copy, struct sj_signed *out)
{
	struct sj_span places;

	if (!sj_take(&rest, PARTS * PLACE, &places) || rest.len != copy)
		return SJ_SIGNED_STOPPED;
	if (copy == 0)
		return SJ_SIGNED_OK;
	out->definite = malloc(copy);
	if (!out->definite)
		return SJ_SIGNED_NO_MEMORY;
	memcpy(out->definite, rest.ptr, copy);
	out->bytes = sj_span(out->definite, copy);
	return SJ_SIGNED_OK;
}

enum sj_signed_rc sj_signed_take(struct sj_span answer, struct sj_span in, struct sj_signed *out)
{
	enum sj_signed_rc rc;
	uint32_t result, copy;
	struct sj_span span;

	memset(out, 0, sizeof(*out));
	out->bytes = in;
	if (!sj_take_be(&answer, 4, &result) || !sj_take_be(&answer, 4, &copy) ||
	    (result != SJ_SIGNED_OK && result != SJ_SIGNED_MALFORMED &&
	     result != SJ_SIGNED_NO_CERTIFICATE && result != SJ_SIGNED_NO_MEMORY))
		return SJ_SIGNED_STOPPED;
	rc = take_bytes(answer, copy, out);
	for (size_t i = 0; i < PARTS && rc == SJ_SIGNED_OK; i++) {
		if (take_place(&answer, out->bytes, &span))
			set(out, i, span);
		else
			rc = SJ_SIGNED_STOPPED;
	}
	return rc == SJ_SIGNED_OK ? (enum sj_signed_rc)result : rc;
}

bool sj_signed_same(const struct sj_signed *a, const struct sj_signed *b)
{
	for (size_t i = 0; i < PARTS; i++) {
		const struct sj_span x = get(a, i), y = get(b, i);

		if (x.len != y.len || (x.len > 0 && x.ptr != y.ptr))
			return false;
	}
	return true;
}
