#include "trust/cvchain.h"

const char *sj_cv_fault_text(enum sj_cv_fault fault)
{
	switch (fault) {
	case SJ_CV_GOOD:
		return "good";
	case SJ_CV_MALFORMED:
		return "not a card verifiable certificate";
	case SJ_CV_ISSUER:
		return "names another issuer";
	case SJ_CV_ROLE:
		return "its issuer may not certify such a holder";
	case SJ_CV_KIND:
		return "for another kind of terminal than its issuer";
	case SJ_CV_KEY:
		return "domain parameters of its key are missing, or may not be there";
	case SJ_CV_SIGNATURE:
		return "its signature does not hold";
	case SJ_CV_DATES:
		return "begins before its issuer's certificate, or after its end";
	}
	return "?";
}

/* Terminals' and DVs' keys inherit their parameters (D.3); RSA has none. */
static bool parameters_fit(const struct sj_cvc *c)
{
	return c->key.scheme != SJ_CVC_ECDSA ||
	       (c->key.curve != SJ_CURVE_NONE) == (sj_cvc_role(&c->rights) == SJ_CVC_CVCA);
}

enum sj_cv_fault sj_cv_begin(struct sj_span cvca, struct sj_cv_end *out)
{
	struct sj_cv_end end;

	if (!sj_cvc_read(cvca, &end.cvc))
		return SJ_CV_MALFORMED;
	if (sj_cvc_role(&end.cvc.rights) != SJ_CVC_CVCA)
		return SJ_CV_ROLE;
	if (!parameters_fit(&end.cvc))
		return SJ_CV_KEY;
	if (sj_span_eq(end.cvc.authority, end.cvc.holder) && !sj_cvc_verify(&end.cvc, &end.cvc.key))
		return SJ_CV_SIGNATURE;
	end.effective = end.cvc.rights;
	*out = end;
	return SJ_CV_GOOD;
}

/* 2.5: a CVCA certifies CVCAs and DVs, a DV terminals, a terminal nobody. */
static bool may_certify(enum sj_cvc_role issuer, enum sj_cvc_role holder)
{
	switch (issuer) {
	case SJ_CVC_CVCA:
		return holder != SJ_CVC_TERMINAL;
	case SJ_CVC_DV_DOMESTIC:
	case SJ_CVC_DV_FOREIGN:
		return holder == SJ_CVC_TERMINAL;
	case SJ_CVC_TERMINAL:
		break;
	}
	return false;
}

enum sj_cv_fault sj_cv_step(struct sj_cv_end *end, struct sj_span certificate)
{
	struct sj_cv_end next = { .effective = end->effective };
	struct sj_cvc *c = &next.cvc;

	if (!sj_cvc_read(certificate, c))
		return SJ_CV_MALFORMED;
	if (!sj_span_eq(c->authority, end->cvc.holder))
		return SJ_CV_ISSUER;
	if (c->rights.terminal != end->cvc.rights.terminal)
		return SJ_CV_KIND;
	if (!may_certify(sj_cvc_role(&end->cvc.rights), sj_cvc_role(&c->rights)))
		return SJ_CV_ROLE;
	if (!parameters_fit(c) || !sj_cvc_key_inherit(&c->key, &end->cvc.key))
		return SJ_CV_KEY;
	if (!sj_cvc_verify(c, &end->cvc.key))
		return SJ_CV_SIGNATURE;
	if (!sj_cvc_valid_at(&end->cvc, c->from))
		return SJ_CV_DATES;
	/* 2.7: of terminal, DV and the CVCA that signed it; a link's own take the place of the old. */
	if (sj_cvc_role(&c->rights) == SJ_CVC_CVCA)
		next.effective = c->rights;
	else
		sj_cvc_narrow(&next.effective, &c->rights);
	*end = next;
	return SJ_CV_GOOD;
}

enum sj_cv_fault sj_cv_admit(const struct sj_span *believed, size_t n, struct sj_span candidate)
{
	enum sj_cv_fault nearest = SJ_CV_ISSUER, fault;
	struct sj_cv_end self, end;

	fault = sj_cv_begin(candidate, &self);
	if (fault != SJ_CV_GOOD)
		return fault;
	for (size_t i = 0; i < n; i++) {
		if (sj_span_eq(believed[i], candidate))
			return SJ_CV_GOOD;
		if (sj_cv_begin(believed[i], &end) != SJ_CV_GOOD)
			continue;
		fault = sj_cv_step(&end, candidate);
		if (fault == SJ_CV_GOOD)
			return fault;
		if (fault != SJ_CV_ISSUER)
			nearest = fault;
	}
	return nearest;
}
