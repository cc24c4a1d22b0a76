#include "crypt/wipe.h"
#include "operations.h"
#include "wire/piv.h"

#include <string.h>

/* --- which key on the card ------------------------------------------------------------ */

CK_RV p11_template_ref(struct p11_session *s, struct sj_span id, uint8_t *out)
{
	static const uint8_t order[] = { PIV_KEY_AUTHENTICATION, PIV_KEY_SIGNATURE,
					 PIV_KEY_MANAGEMENT, PIV_KEY_CARD_AUTHENTICATION };
	const struct sj_piv_key_info *info;
	CK_RV rv;

	if (id.len != 0) {
		*out = id.ptr[0];
		return id.len == 1 && sj_piv_key_is(id.ptr[0]) ? CKR_OK
							       : CKR_ATTRIBUTE_VALUE_INVALID;
	}
	for (size_t i = 0; i < sizeof(order); i++) {
		rv = p11_card_key(s->token, order[i], &info);
		if (rv != CKR_OK || info == NULL) {
			*out = order[i];
			return rv;
		}
	}
	return CKR_DEVICE_MEMORY;
}

/* The key that a certificate is for, if it is on the card. */
static CK_RV ref_of_certificate(struct p11_session *s, struct sj_span spki, uint8_t *out)
{
	uint32_t low[P11_CANDIDATES_MAX];
	const struct sj_piv_key_info *info;
	size_t n = 0;
	CK_RV rv;

	rv = p11_token_candidates(s->token, CKO_PUBLIC_KEY, sj_span(NULL, 0), low, &n);
	for (size_t i = 0; rv == CKR_OK && i < n; i++) {
		rv = p11_card_key(s->token, (uint8_t)low[i], &info);
		if (rv == CKR_OK && info != NULL &&
		    sj_span_eq(spki, sj_span(info->spki, info->spki_len))) {
			*out = (uint8_t)low[i];
			return CKR_OK;
		}
	}
	return rv != CKR_OK ? rv : CKR_TEMPLATE_INCOMPLETE;
}

CK_RV p11_note_retired(struct p11_session *s, uint8_t ref)
{
	struct sj_piv_key_history history = { 0 };
	struct sj_span value = { NULL, 0 };
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	CK_RV rv;

	if (ref < PIV_KEY_RETIRED_FIRST || ref > PIV_KEY_RETIRED_LAST)
		return CKR_OK;
	rv = p11_card_object(s->token, PIV_OBJECT_KEY_HISTORY, &value);
	if (rv != CKR_OK)
		return rv;
	if (value.len > 0 && !sj_piv_key_history_read(value, &history))
		return CKR_OK; /* not ours to mend */
	if (history.on_card > ref - PIV_KEY_RETIRED_FIRST)
		return CKR_OK;
	history.on_card = (uint8_t)(ref - PIV_KEY_RETIRED_FIRST + 1);
	sj_piv_key_history_put(&w, &history);
	return w.failed ? CKR_OK : p11_card_write_object(s, PIV_OBJECT_KEY_HISTORY, sj_written(&w));
}

/* --- onto the card ----------------------------------------------------------------------- */

static CK_RV store_certificate(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			       CK_OBJECT_HANDLE *out)
{
	const struct sj_span der = p11_template_span(t, n, CKA_VALUE);
	const struct sj_span id = p11_template_span(t, n, CKA_ID);
	struct p11_attributes a = { 0 };
	uint8_t ref = 0;
	CK_RV rv = CKR_OK;

	if (der.len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (!p11_put_certificate(&a, der))
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	else if (id.len > 0)
		rv = p11_template_ref(s, id, &ref);
	else
		rv = ref_of_certificate(s, p11_attribute_span(&a, CKA_PUBLIC_KEY_INFO), &ref);
	p11_attributes_free(&a);
	if (rv == CKR_OK)
		rv = p11_card_write_certificate(s, ref, der);
	if (rv == CKR_OK)
		rv = p11_note_retired(s, ref);
	*out = p11_token_handle(CKO_CERTIFICATE, ref);
	return rv;
}

static CK_RV store_data(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			CK_OBJECT_HANDLE *out)
{
	const uint32_t tag = p11_token_tag(p11_template_span(t, n, CKA_OBJECT_ID),
					   p11_template_span(t, n, CKA_LABEL));
	const struct sj_span value = p11_template_span(t, n, CKA_VALUE);

	if (tag == 0) /* the card has its own list of data objects */
		return CKR_TEMPLATE_INCONSISTENT;
	if (value.len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	*out = p11_token_handle(CKO_DATA, tag);
	return p11_card_write_object(s, tag, value);
}

enum sj_piv_policy p11_template_policy(const CK_ATTRIBUTE *t, CK_ULONG n)
{
	if (!p11_template_bool(t, n, CKA_PRIVATE, true))
		return SJ_PIV_PIN_NEVER;
	if (p11_template(t, n, CKA_ALWAYS_AUTHENTICATE) == NULL)
		return SJ_PIV_POLICY_DEFAULT;
	return p11_template_bool(t, n, CKA_ALWAYS_AUTHENTICATE, false) ? SJ_PIV_PIN_ALWAYS
								       : SJ_PIV_PIN_ONCE;
}

static CK_RV store_private(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			   CK_OBJECT_HANDLE *out)
{
	uint8_t der[SJ_RSA_PRIVATE_MAX];
	struct sj_writer w = SJ_WRITER_OF(der);
	uint8_t ref = 0;
	CK_RV rv;

	if (p11_template_bool(t, n, CKA_EXTRACTABLE, false) ||
	    !p11_template_bool(t, n, CKA_SENSITIVE, true))
		return CKR_TEMPLATE_INCONSISTENT; /* no card gives a key back */
	rv = p11_template_ref(s, p11_template_span(t, n, CKA_ID), &ref);
	if (rv == CKR_OK)
		rv = p11_template_private(t, n, &w);
	if (rv == CKR_OK)
		rv = p11_card_import(s, ref, sj_written(&w), p11_template_policy(t, n));
	if (rv == CKR_OK)
		rv = p11_note_retired(s, ref);
	sj_wipe(der, sizeof(der));
	*out = p11_token_handle(CKO_PRIVATE_KEY, ref);
	return rv;
}

/* A public key is on the card with its private one: nothing is written, the same one is meant. */
static CK_RV store_public(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			  CK_OBJECT_HANDLE *out)
{
	uint8_t spki[SJ_PIV_SPKI_MAX], ref = 0;
	struct sj_writer w = SJ_WRITER_OF(spki);
	CK_RV rv;

	rv = p11_template_public(t, n, &w);
	if (rv == CKR_OK)
		rv = ref_of_certificate(s, sj_written(&w), &ref);
	*out = p11_token_handle(CKO_PUBLIC_KEY, ref);
	return rv == CKR_TEMPLATE_INCOMPLETE ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV store(struct p11_session *s, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *t, CK_ULONG n,
		   CK_OBJECT_HANDLE *out)
{
	if (!p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	switch (class) {
	case CKO_CERTIFICATE:
		return store_certificate(s, t, n, out);
	case CKO_DATA:
		return store_data(s, t, n, out);
	case CKO_PRIVATE_KEY:
		return store_private(s, t, n, out);
	case CKO_PUBLIC_KEY:
		return store_public(s, t, n, out);
	default:
		return CKR_TEMPLATE_INCONSISTENT;
	}
}

/* --- objects of the session ---------------------------------------------------------------- */

static CK_RV make_certificate(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			      CK_OBJECT_HANDLE *out)
{
	const struct sj_span der = p11_template_span(t, n, CKA_VALUE);
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	struct p11_attributes a = { 0 };

	(void)p11_template_ulong(t, n, CKA_CERTIFICATE_TYPE, &type);
	if (der.len == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if (type != CKC_X_509)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (!p11_put_certificate(&a, der)) {
		p11_attributes_free(&a);
		return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	p11_put_template(&a, t, n);
	return p11_object_new(s, CKO_CERTIFICATE, &a, out);
}

static CK_RV make_public(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			 CK_OBJECT_HANDLE *out)
{
	uint8_t spki[SJ_PIV_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(spki);
	struct p11_attributes a = { 0 };
	CK_KEY_TYPE type;
	CK_RV rv;

	rv = p11_template_public(t, n, &w);
	if (rv != CKR_OK)
		return rv;
	(void)p11_template_ulong(t, n, CKA_KEY_TYPE, &type);
	p11_put_public_uses(&a, type);
	p11_put_template(&a, t, n);
	if (!p11_put_public(&a, CKO_PUBLIC_KEY, sj_written(&w)))
		a.failed = true; /* it was judged above */
	if (p11_attribute(&a, CKA_ALLOWED_MECHANISMS) == NULL)
		p11_put_mechanisms(&a, CKO_PUBLIC_KEY, type);
	return p11_object_new(s, CKO_PUBLIC_KEY, &a, out);
}

static CK_RV make_secret(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n,
			 CK_OBJECT_HANDLE *out)
{
	const struct sj_span value = p11_template_span(t, n, CKA_VALUE);
	CK_KEY_TYPE type;
	size_t length;

	if (value.len == 0 || !p11_template_ulong(t, n, CKA_KEY_TYPE, &type))
		return CKR_TEMPLATE_INCOMPLETE;
	if (!p11_secret_length(type, &length) || (length != 0 && length != value.len))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return p11_secret_new(s, t, n, type, value, false, out);
}

static CK_RV make(struct p11_session *s, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *t, CK_ULONG n,
		  CK_OBJECT_HANDLE *out)
{
	const bool private = p11_template_bool(t, n, CKA_PRIVATE, class == CKO_SECRET_KEY);
	struct p11_attributes a = { 0 };

	if (private && !p11_session_user(s))
		return CKR_USER_NOT_LOGGED_IN;
	switch (class) {
	case CKO_CERTIFICATE:
		return make_certificate(s, t, n, out);
	case CKO_PUBLIC_KEY:
		return make_public(s, t, n, out);
	case CKO_SECRET_KEY:
		return make_secret(s, t, n, out);
	case CKO_DATA:
		p11_put_template(&a, t, n);
		return p11_object_new(s, CKO_DATA, &a, out);
	default: /* private keys live on the card */
		return CKR_TEMPLATE_INCONSISTENT;
	}
}

static CK_RV create(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class;
	CK_RV rv;

	if (!p11_template_ulong(t, n, CKA_CLASS, &class))
		return CKR_TEMPLATE_INCOMPLETE;
	if (class > CKO_SECRET_KEY)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = p11_template_check(t, n, class, P11_CREATE);
	if (rv != CKR_OK)
		return rv;
	if (p11_template_bool(t, n, CKA_TRUSTED, false))
		return CKR_ATTRIBUTE_READ_ONLY; /* the card cannot keep it */
	if (p11_template_bool(t, n, CKA_TOKEN, false))
		return store(s, class, t, n, out);
	return make(s, class, t, n, out);
}

CK_RV C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR templ, CK_ULONG count,
		     CK_OBJECT_HANDLE_PTR object)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (templ == NULL || count == 0 || object == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = create(s, templ, count, object);
	return p11_session_leave(s, rv);
}
