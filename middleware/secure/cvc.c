#include "secure/cvc.h"

#include <string.h>
#include <time.h>

#include "crypt/time.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define COUNTRY 2u
#define DATE_DIGITS 6u
#define DAY 86400

/* --- values ------------------------------------------------------------------- */

static bool is_letter(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alphanumeric(uint8_t c)
{
	return is_letter(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* D.2.1.4. */
static bool is_assigned(uint8_t c)
{
	return (c >= 0x20 && c < 0x7F) || c >= 0xA0;
}

bool sj_cvc_is_reference(struct sj_span reference)
{
	const uint8_t *c = reference.ptr;
	bool good = reference.len >= COUNTRY + SJ_CVC_SEQUENCE &&
		    reference.len <= SJ_CVC_REFERENCE_MAX && is_letter(c[0]) && is_letter(c[1]);

	for (size_t i = COUNTRY; good && i < reference.len; i++)
		good = i < reference.len - SJ_CVC_SEQUENCE ? is_assigned(c[i])
							   : is_alphanumeric(c[i]);
	return good;
}

static bool take_reference(struct sj_span *in, uint32_t tag, struct sj_span *out)
{
	return sj_tlv_take(in, tag, out) == SJ_TLV_FOUND && sj_cvc_is_reference(*out);
}

/* D.2.1.3: YYMMDD of 2000 to 2099, a digit a byte. */
static bool take_date(struct sj_span *in, uint32_t tag, int64_t *out)
{
	char text[] = "20YYMMDD000000Z";
	struct sj_span digits;

	if (sj_tlv_take(in, tag, &digits) != SJ_TLV_FOUND || digits.len != DATE_DIGITS)
		return false;
	for (size_t i = 0; i < DATE_DIGITS; i++) {
		if (digits.ptr[i] > 9)
			return false;
		text[2 + i] = (char)('0' + digits.ptr[i]);
	}
	return sj_time_read(SJ_TAG_GENERALIZED_TIME,
			    sj_span((const uint8_t *)text, sizeof(text) - 1), out);
}

static void put_date(struct sj_writer *w, uint32_t tag, int64_t seconds)
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 100 || tm.tm_year > 199) {
		w->failed = true;
		return;
	}
	sj_tlv_put_header(w, tag, DATE_DIGITS);
	for (size_t i = 0; i < DATE_DIGITS; i++) {
		const int part = i < 2 ? tm.tm_year % 100 : i < 4 ? tm.tm_mon + 1 : tm.tm_mday;

		sj_put_u8(w, (uint8_t)(i % 2 == 0 ? part / 10 : part % 10));
	}
}

/* --- reading ------------------------------------------------------------------ */

/* C.1.1: version 1 is profile 0. */
static bool take_profile(struct sj_span *in)
{
	struct sj_span profile;

	return sj_tlv_take(in, SJ_TAG_CVC_PROFILE, &profile) == SJ_TLV_FOUND &&
	       sj_span_eq(profile, SJ_SPAN_STR("\0"));
}

static bool take_key(struct sj_span *in, struct sj_cvc *c)
{
	struct sj_span key;

	return sj_tlv_take(in, SJ_TAG_PUBLIC_KEY, &key) == SJ_TLV_FOUND &&
	       sj_cvc_key_read(key, &c->key);
}

static bool take_extensions(struct sj_span *in, struct sj_cvc *c)
{
	switch (sj_tlv_take(in, SJ_TAG_CVC_EXTENSIONS, &c->extensions)) {
	case SJ_TLV_FOUND:
		return sj_cvc_extensions_read(c->extensions, &c->rights);
	case SJ_TLV_ABSENT:
		return true;
	case SJ_TLV_MALFORMED:
		break;
	}
	return false;
}

/* C.1, table 23. */
static bool read_body(struct sj_span in, struct sj_cvc *c)
{
	struct sj_span chat;

	return take_profile(&in) && take_reference(&in, SJ_TAG_CVC_AUTHORITY, &c->authority) &&
	       take_key(&in, c) && take_reference(&in, SJ_TAG_CVC_HOLDER, &c->holder) &&
	       sj_tlv_take(&in, SJ_TAG_CVC_CHAT, &chat) == SJ_TLV_FOUND &&
	       sj_cvc_chat_read(chat, &c->rights) &&
	       take_date(&in, SJ_TAG_CVC_EFFECTIVE, &c->from) &&
	       take_date(&in, SJ_TAG_CVC_EXPIRATION, &c->until) && c->from <= c->until &&
	       take_extensions(&in, c) && in.len == 0;
}

/* C.2, table 24. */
static bool read_request_body(struct sj_span in, struct sj_cvc *c)
{
	if (!take_profile(&in))
		return false;
	if (in.len > 0 && in.ptr[0] == SJ_TAG_CVC_AUTHORITY &&
	    !take_reference(&in, SJ_TAG_CVC_AUTHORITY, &c->authority))
		return false;
	return take_key(&in, c) &&
	       (c->key.scheme != SJ_CVC_ECDSA || c->key.curve != SJ_CURVE_NONE) &&
	       take_reference(&in, SJ_TAG_CVC_HOLDER, &c->holder) && take_extensions(&in, c) &&
	       in.len == 0;
}

/* Takes 7F21 up to its body's content. */
static bool take_certificate(struct sj_span *in, struct sj_cvc *c, struct sj_span *body)
{
	struct sj_span content, whole;

	if (sj_tlv_take_element(in, SJ_TAG_CVC, &c->element) != SJ_TLV_FOUND)
		return false;
	whole = c->element;
	if (sj_tlv_take(&whole, SJ_TAG_CVC, &content) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&content, SJ_TAG_CVC_BODY, &c->body) != SJ_TLV_FOUND ||
	    sj_tlv_take(&content, SJ_TAG_CVC_SIGNATURE, &c->signature) != SJ_TLV_FOUND ||
	    content.len != 0 || c->signature.len == 0)
		return false;
	whole = c->body;
	return sj_tlv_take(&whole, SJ_TAG_CVC_BODY, body) == SJ_TLV_FOUND;
}

static bool is_bounded(struct sj_span in)
{
	return in.len <= SJ_CVC_MAX && sj_tlv_strict(in);
}

bool sj_cvc_read(struct sj_span in, struct sj_cvc *out)
{
	struct sj_cvc c = { .from = 0 };
	struct sj_span body;

	if (!is_bounded(in) || !take_certificate(&in, &c, &body) || in.len != 0 ||
	    !read_body(body, &c))
		return false;
	*out = c;
	return true;
}

/* C.2.6: the request, who vouches for it, and how. */
static bool take_outer(struct sj_span *in, struct sj_cvc_request *r)
{
	struct sj_span reference = *in;

	if (sj_tlv_take_element(in, SJ_TAG_CVC_AUTHORITY, &r->outer_element) != SJ_TLV_FOUND ||
	    !take_reference(&reference, SJ_TAG_CVC_AUTHORITY, &r->outer_authority))
		return false;
	return sj_tlv_take(in, SJ_TAG_CVC_SIGNATURE, &r->outer_signature) == SJ_TLV_FOUND &&
	       r->outer_signature.len > 0;
}

bool sj_cvc_request_read(struct sj_span in, struct sj_cvc_request *out)
{
	struct sj_cvc_request r = { .outer_authority = { NULL, 0 } };
	struct sj_span content = in, outer, body;
	bool vouched;

	if (!is_bounded(in))
		return false;
	vouched = sj_tlv_take(&in, SJ_TAG_CVC_AUTHENTICATION, &outer) == SJ_TLV_FOUND;
	if (vouched && in.len != 0)
		return false;
	if (vouched)
		content = outer;
	if (!take_certificate(&content, &r.cvc, &body) || !read_request_body(body, &r.cvc) ||
	    (vouched && !take_outer(&content, &r)) || content.len != 0)
		return false;
	*out = r;
	return true;
}

/* --- judging one -------------------------------------------------------------- */

bool sj_cvc_verify(const struct sj_cvc *cvc, const struct sj_cvc_key *key)
{
	return sj_cvc_key_verify(key, &cvc->body, 1, cvc->signature);
}

bool sj_cvc_verify_outer(const struct sj_cvc_request *request, const struct sj_cvc_key *key)
{
	const struct sj_span parts[2] = { request->cvc.element, request->outer_element };

	return request->outer_authority.len > 0 &&
	       sj_cvc_key_verify(key, parts, 2, request->outer_signature);
}

bool sj_cvc_valid_at(const struct sj_cvc *cvc, int64_t when)
{
	return when >= cvc->from && when < cvc->until + DAY;
}

/* --- writing ------------------------------------------------------------------ */

static void put_extensions(struct sj_writer *w, const struct sj_cvc *plan)
{
	const size_t at = sj_tlv_open(w);

	sj_cvc_extras_put(w, &plan->rights);
	sj_put(w, plan->extensions);
	if (w->len > at)
		sj_tlv_close(w, SJ_TAG_CVC_EXTENSIONS, at);
}

/* The signature over what was written since `body`, then the head of all since `at`. */
static bool sign(struct sj_writer *w, size_t body, size_t at, uint32_t tag,
		 const struct sj_key *signer)
{
	uint8_t bytes[SJ_EC_SIGNATURE_MAX];
	struct sj_writer signature = SJ_WRITER_OF(bytes);

	if (w->failed ||
	    !sj_key_sign_plain(signer, sj_span(w->ptr + body, w->len - body), &signature))
		return false;
	sj_tlv_put(w, SJ_TAG_CVC_SIGNATURE, sj_written(&signature));
	sj_tlv_close(w, tag, at);
	return !w->failed && w->len - at <= SJ_CVC_MAX;
}

bool sj_cvc_put(struct sj_writer *w, const struct sj_cvc *plan, const struct sj_key *signer)
{
	const size_t at = sj_tlv_open(w), body = sj_tlv_open(w);
	const bool is_ca = sj_cvc_role(&plan->rights) == SJ_CVC_CVCA;

	if (!sj_cvc_is_reference(plan->authority) || !sj_cvc_is_reference(plan->holder) ||
	    plan->from > plan->until)
		return false;
	sj_tlv_put(w, SJ_TAG_CVC_PROFILE, SJ_SPAN_STR("\0"));
	sj_tlv_put(w, SJ_TAG_CVC_AUTHORITY, plan->authority);
	if (!sj_cvc_key_put(w, &plan->key, is_ca))
		return false;
	sj_tlv_put(w, SJ_TAG_CVC_HOLDER, plan->holder);
	sj_cvc_chat_put(w, &plan->rights);
	put_date(w, SJ_TAG_CVC_EFFECTIVE, plan->from);
	put_date(w, SJ_TAG_CVC_EXPIRATION, plan->until);
	put_extensions(w, plan);
	sj_tlv_close(w, SJ_TAG_CVC_BODY, body);
	return sign(w, body, at, SJ_TAG_CVC, signer);
}

bool sj_cvc_request_put(struct sj_writer *w, const struct sj_cvc *plan, const struct sj_key *self)
{
	const size_t at = sj_tlv_open(w), body = sj_tlv_open(w);

	if ((plan->authority.len > 0 && !sj_cvc_is_reference(plan->authority)) ||
	    !sj_cvc_is_reference(plan->holder))
		return false;
	sj_tlv_put(w, SJ_TAG_CVC_PROFILE, SJ_SPAN_STR("\0"));
	if (plan->authority.len > 0)
		sj_tlv_put(w, SJ_TAG_CVC_AUTHORITY, plan->authority);
	if (!sj_cvc_key_put(w, &plan->key, true))
		return false;
	sj_tlv_put(w, SJ_TAG_CVC_HOLDER, plan->holder);
	put_extensions(w, plan);
	sj_tlv_close(w, SJ_TAG_CVC_BODY, body);
	return sign(w, body, at, SJ_TAG_CVC, self);
}

bool sj_cvc_outer_put(struct sj_writer *w, struct sj_span request, struct sj_span authority,
		      const struct sj_key *signer)
{
	const size_t at = sj_tlv_open(w);

	if (!sj_cvc_is_reference(authority))
		return false;
	sj_put(w, request);
	sj_tlv_put(w, SJ_TAG_CVC_AUTHORITY, authority);
	return sign(w, at, at, SJ_TAG_CVC_AUTHENTICATION, signer);
}
