#include "secure/piv_cvc.h"

#include <string.h>

#include "wire/piv.h"
#include "wire/tlv.h"

/* Part 2, 4.1.5, table 13: in this order. */
enum {
	TAG_CVC = 0x7F21,
	TAG_PROFILE = 0x5F29,
	TAG_ISSUER = 0x42,
	TAG_SUBJECT = 0x5F20,
	TAG_PUBLIC_KEY = 0x7F49,
	TAG_CURVE = 0x06,
	TAG_POINT = 0x86,
	TAG_ROLE = 0x5F4C,
	TAG_SIGNATURE = 0x5F37,
	DER_SEQUENCE = 0x30,
	DER_BIT_STRING = 0x03,
};

#define PROFILE 0x80
#define IDENTIFIER_SIZE 8u /* of a signer; a card's is PIV_GUID_SIZE */

static struct sj_span curve_oid(enum sj_curve curve)
{
	if (curve == SJ_P256)
		return SJ_SPAN_STR("\x2A\x86\x48\xCE\x3D\x03\x01\x07");
	return curve == SJ_P384 ? SJ_SPAN_STR("\x2B\x81\x04\x00\x22") : sj_span(NULL, 0);
}

static enum sj_curve curve_of(struct sj_span oid)
{
	if (sj_span_eq(oid, curve_oid(SJ_P256)))
		return SJ_P256;
	return sj_span_eq(oid, curve_oid(SJ_P384)) ? SJ_P384 : SJ_CURVE_NONE;
}

/* The only value of one byte of an object. */
static bool take_byte(struct sj_span *in, uint32_t tag, uint8_t *out)
{
	struct sj_span value;

	return sj_tlv_take(in, tag, &value) == SJ_TLV_FOUND && value.len == 1 &&
	       sj_take_u8(&value, out);
}

static bool take_key(struct sj_span *in, struct sj_piv_cvc *c)
{
	struct sj_span key, oid, point;

	if (sj_tlv_take(in, TAG_PUBLIC_KEY, &key) != SJ_TLV_FOUND ||
	    sj_tlv_take(&key, TAG_CURVE, &oid) != SJ_TLV_FOUND ||
	    sj_tlv_take(&key, TAG_POINT, &point) != SJ_TLV_FOUND || key.len != 0)
		return false;
	c->curve = curve_of(oid);
	return c->curve != SJ_CURVE_NONE && sj_ec_point_read(c->curve, point, &c->key);
}

/* An identifier's size says whose it is, and must fit the role. */
static bool subject_fits(const struct sj_piv_cvc *c)
{
	return c->role == SJ_PIV_CVC_CARD     ? c->subject.len == PIV_GUID_SIZE
	       : c->role == SJ_PIV_CVC_SIGNER ? c->subject.len == IDENTIFIER_SIZE
					      : false;
}

/* What is signed: everything in front of the signature. */
static bool take_body(struct sj_span *in, struct sj_piv_cvc *c)
{
	const uint8_t *start = in->ptr;
	uint8_t profile;

	if (!take_byte(in, TAG_PROFILE, &profile) || profile != PROFILE ||
	    sj_tlv_take(in, TAG_ISSUER, &c->issuer) != SJ_TLV_FOUND ||
	    c->issuer.len != IDENTIFIER_SIZE ||
	    sj_tlv_take(in, TAG_SUBJECT, &c->subject) != SJ_TLV_FOUND || !take_key(in, c) ||
	    !take_byte(in, TAG_ROLE, &c->role) || !subject_fits(c))
		return false;
	c->body = sj_span(start, (size_t)(in->ptr - start));
	return true;
}

/* SEQUENCE { AlgorithmIdentifier, BIT STRING }. */
static bool read_signature(struct sj_span in, struct sj_piv_cvc *c)
{
	struct sj_span sequence, bits;
	uint8_t unused;

	if (sj_tlv_take(&in, DER_SEQUENCE, &sequence) != SJ_TLV_FOUND || in.len != 0 ||
	    sj_tlv_take_element(&sequence, DER_SEQUENCE, &c->algorithm) != SJ_TLV_FOUND ||
	    sj_tlv_take(&sequence, DER_BIT_STRING, &bits) != SJ_TLV_FOUND || sequence.len != 0)
		return false;
	if (!sj_take_u8(&bits, &unused) || unused != 0 || bits.len == 0)
		return false;
	c->signature = bits;
	return true;
}

bool sj_piv_cvc_read(struct sj_span in, struct sj_piv_cvc *out)
{
	struct sj_piv_cvc c = { .element = in };
	struct sj_span content, signature;

	if (sj_tlv_take(&in, TAG_CVC, &content) != SJ_TLV_FOUND || in.len != 0 ||
	    !take_body(&content, &c) ||
	    sj_tlv_take(&content, TAG_SIGNATURE, &signature) != SJ_TLV_FOUND || content.len != 0 ||
	    !read_signature(signature, &c))
		return false;
	*out = c;
	return true;
}

bool sj_piv_cvc_verify(const struct sj_piv_cvc *cvc, struct sj_span spki)
{
	return sj_signature_verify(spki, cvc->algorithm, SJ_HASH_NONE, cvc->body, cvc->signature);
}

static void put_body(struct sj_writer *w, const struct sj_piv_cvc *plan)
{
	const uint8_t profile = PROFILE;
	size_t at;

	sj_tlv_put(w, TAG_PROFILE, sj_span(&profile, 1));
	sj_tlv_put(w, TAG_ISSUER, plan->issuer);
	sj_tlv_put(w, TAG_SUBJECT, plan->subject);
	at = sj_tlv_open(w);
	sj_tlv_put(w, TAG_CURVE, curve_oid(plan->curve));
	sj_tlv_put(w, TAG_POINT, sj_ec_point_span(&plan->key));
	sj_tlv_close(w, TAG_PUBLIC_KEY, at);
	sj_tlv_put(w, TAG_ROLE, sj_span(&plan->role, 1));
}

bool sj_piv_cvc_put(struct sj_writer *w, const struct sj_piv_cvc *plan, const struct sj_key *signer)
{
	uint8_t identifier[128], bytes[SJ_PIV_CVC_MAX];
	struct sj_writer algorithm = SJ_WRITER_OF(identifier), signature = SJ_WRITER_OF(bytes);
	const size_t at = sj_tlv_open(w);
	size_t outer, inner, bits;

	if (curve_oid(plan->curve).len == 0 || !subject_fits(plan) ||
	    plan->issuer.len != IDENTIFIER_SIZE)
		return false;
	put_body(w, plan);
	if (w->failed ||
	    !sj_key_sign(signer, sj_span(w->ptr + at, w->len - at), &algorithm, &signature))
		return false;
	outer = sj_tlv_open(w);
	inner = sj_tlv_open(w);
	sj_put(w, sj_written(&algorithm));
	bits = sj_tlv_open(w);
	sj_put_u8(w, 0);
	sj_put(w, sj_written(&signature));
	sj_tlv_close(w, DER_BIT_STRING, bits);
	sj_tlv_close(w, DER_SEQUENCE, inner);
	sj_tlv_close(w, TAG_SIGNATURE, outer);
	sj_tlv_close(w, TAG_CVC, at);
	return !w->failed;
}
