#include "operations.h"

#include <string.h>

/* A key pair's template: both halves. */
struct pair {
	const CK_ATTRIBUTE *public, *private;
	CK_ULONG public_n, private_n;
};

static bool half_fits(const CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	CK_OBJECT_CLASS own_class = class;
	CK_KEY_TYPE own_type = type;

	(void)p11_template_ulong(t, n, CKA_CLASS, &own_class);
	(void)p11_template_ulong(t, n, CKA_KEY_TYPE, &own_type);
	return own_class == class && own_type == type &&
	       !p11_template_bool(t, n, CKA_TRUSTED, false);
}

static CK_RV check(const struct pair *p, CK_KEY_TYPE type)
{
	CK_RV rv;

	rv = p11_template_check(p->public, p->public_n, CKO_PUBLIC_KEY, P11_MAKE);
	if (rv == CKR_OK)
		rv = p11_template_check(p->private, p->private_n, CKO_PRIVATE_KEY, P11_MAKE);
	if (rv != CKR_OK)
		return rv;
	if (!half_fits(p->public, p->public_n, CKO_PUBLIC_KEY, type) ||
	    !half_fits(p->private, p->private_n, CKO_PRIVATE_KEY, type) ||
	    !p11_template_bool(p->private, p->private_n, CKA_TOKEN, false) || /* no other place */
	    p11_template_bool(p->private, p->private_n, CKA_EXTRACTABLE, false) ||
	    !p11_template_bool(p->private, p->private_n, CKA_SENSITIVE, true))
		return CKR_TEMPLATE_INCONSISTENT;
	return CKR_OK;
}

static CK_RV algorithm_of(const struct pair *p, CK_KEY_TYPE type, enum sj_piv_algorithm *out)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct sj_span parameters = p11_template_span(p->public, p->public_n, CKA_EC_PARAMS);
	struct sj_span exponent = p11_template_span(p->public, p->public_n, CKA_PUBLIC_EXPONENT);
	CK_ULONG bits;

	if (type != CKK_RSA) {
		if (parameters.len == 0)
			parameters = p11_template_span(p->private, p->private_n, CKA_EC_PARAMS);
		if (parameters.len == 0)
			return CKR_TEMPLATE_INCOMPLETE;
		*out = p11_curve_algorithm(type, parameters);
		return *out != SJ_PIV_ALGORITHM_NONE ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
	}
	if (!p11_template_ulong(p->public, p->public_n, CKA_MODULUS_BITS, &bits))
		return CKR_TEMPLATE_INCOMPLETE;
	while (exponent.len > 0 && exponent.ptr[0] == 0)
		exponent = sj_span(exponent.ptr + 1, exponent.len - 1);
	if (exponent.len > 0 && !sj_span_eq(exponent, SJ_SPAN_OF(f4)))
		return CKR_ATTRIBUTE_VALUE_INVALID; /* cards make no others */
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return CKR_KEY_SIZE_RANGE;
	*out = bits == 2048 ? SJ_PIV_RSA_2048 : bits == 3072 ? SJ_PIV_RSA_3072 : SJ_PIV_RSA_4096;
	return CKR_OK;
}

/* CKA_ID of either half names the key on the card; without one, the first that is free. */
static CK_RV ref_of(struct p11_session *s, const struct pair *p, uint8_t *out)
{
	struct sj_span id = p11_template_span(p->private, p->private_n, CKA_ID);
	const struct sj_span other = p11_template_span(p->public, p->public_n, CKA_ID);

	if (id.len == 0)
		id = other;
	else if (other.len != 0 && !sj_span_eq(id, other))
		return CKR_TEMPLATE_INCONSISTENT;
	return p11_template_ref(s, id, out);
}

static CK_RV generate(struct p11_session *s, const CK_MECHANISM *m, const struct pair *p,
		      CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
	enum sj_piv_algorithm algorithm;
	struct p11_scheme_use use;
	uint8_t ref = 0;
	CK_RV rv;

	rv = p11_mechanism_read(s->token, m, CKF_GENERATE_KEY_PAIR, &use);
	if (rv == CKR_OK)
		rv = check(p, use.mechanism->key);
	if (rv == CKR_OK)
		rv = algorithm_of(p, use.mechanism->key, &algorithm);
	if (rv == CKR_OK)
		rv = ref_of(s, p, &ref);
	if (rv == CKR_OK)
		rv = p11_card_generate(s, ref, algorithm,
				       p11_template_policy(p->private, p->private_n));
	if (rv == CKR_OK)
		rv = p11_note_retired(s, ref);
	if (rv != CKR_OK)
		return rv;
	*public = p11_token_handle(CKO_PUBLIC_KEY, ref);
	*private = p11_token_handle(CKO_PRIVATE_KEY, ref);
	return CKR_OK;
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
			CK_ATTRIBUTE_PTR public_t, CK_ULONG public_n, CK_ATTRIBUTE_PTR private_t,
			CK_ULONG private_n, CK_OBJECT_HANDLE_PTR public,
			CK_OBJECT_HANDLE_PTR private)
{
	const struct pair p = { public_t, private_t, public_n, private_n };
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (mechanism == NULL || public == NULL || private == NULL ||
	    (public_t == NULL && public_n != 0) || (private_t == NULL && private_n != 0))
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = generate(s, mechanism, &p, public, private);
	return p11_session_leave(s, rv);
}
