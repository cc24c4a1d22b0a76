/* cvrequest.c -- requests of DVs and terminals, and their certificates. */
#include <stdlib.h>
#include <time.h>

#include "authority/cv.h"
#include "authority/signatures.h"

/* --- who vouches --------------------------------------------------------------------- */

/* The same country and mnemonic: another key of the same holder. */
static bool is_same_holder(struct sj_span a, struct sj_span b)
{
	return a.len == b.len && sj_span_eq(sj_span(a.ptr, a.len - SJ_CVC_SEQUENCE),
					    sj_span(b.ptr, b.len - SJ_CVC_SEQUENCE));
}

/* `previous` is a certificate of ours for this holder, of the kind that the issuer signs, and holds. */
static int take_ours(const struct authority *a, const struct cv_issuer *issuer, const char *path,
		     const struct sj_cvc *previous, struct sj_span holder, struct cv_issuer *chain)
{
	const bool by_ca = sj_cvc_role(&issuer->end.cvc.rights) == SJ_CVC_CVCA;
	enum sj_cv_fault fault;
	int rc = cv_chain_find(a, previous->authority, chain);

	if (rc != 0)
		return rc;
	if (by_ca != (sj_cvc_role(&chain->end.cvc.rights) == SJ_CVC_CVCA))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: not signed by a %s", path,
				by_ca ? "CVCA" : "DV");
	fault = sj_cv_step(&chain->end, previous->element);
	if (fault != SJ_CV_GOOD)
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: %s", path, sj_cv_fault_text(fault));
	if (!is_same_holder(previous->holder, holder) ||
	    !sj_cvc_valid_at(previous, (int64_t)time(NULL)))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: over, or another holder's", path);
	return 0;
}

/* The outer signature, if there is one, is that of the key in the file `previous`. */
static int check_outer(const struct authority *a, const struct cv_issuer *issuer, const char *path,
		       const char *previous, const struct sj_cvc_request *r)
{
	const bool by_ca = sj_cvc_role(&issuer->end.cvc.rights) == SJ_CVC_CVCA;
	struct cv_issuer chain = { .key = NULL };
	uint8_t *bytes = NULL;
	struct sj_cvc c;
	size_t len;
	int rc;

	if (previous == NULL && r->outer_authority.len == 0)
		return 0;
	if (previous == NULL || r->outer_authority.len == 0)
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				previous == NULL
					? "%s: has an outer signature; give the certificate of "
					  "its key with --previous"
					: "%s: has no outer signature by --previous",
				path);
	rc = cli_file_read(a->cli, previous, SJ_CVC_MAX, &bytes, &len);
	if (rc == 0 && !sj_cvc_read(sj_span(bytes, len), &c))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED, "%s: %s", previous,
			      sj_cv_fault_text(SJ_CV_MALFORMED));
	if (rc == 0 && !(by_ca && sj_cv_begin(sj_span(bytes, len), &chain.end) == SJ_CV_GOOD))
		rc = take_ours(a, issuer, previous, &c, r->cvc.holder, &chain);
	if (rc == 0 && (!sj_span_eq(r->outer_authority, c.holder) ||
			!sj_cvc_verify_outer(r, &chain.end.cvc.key)))
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: its outer signature is not that of %s",
			      path, previous);
	cv_issuer_free(&chain);
	free(bytes);
	return rc;
}

/* --- requests ---------------------------------------------------------------------------- */

static int check_key(const struct authority *a, const struct cv_issuer *issuer, const char *path,
		     const struct sj_cvc *c)
{
	const struct sj_cvc_key *own = &issuer->end.cvc.key;

	if (!sj_cvc_verify(c, &c->key))
		return cli_fail(a->cli, SJ_INPUT_REFUSED,
				"%s: does not prove that its maker has the private key", path);
	if (c->key.scheme != own->scheme || c->key.curve != own->curve)
		return cli_fail(
			a->cli, SJ_INPUT_REFUSED,
			"%s: its key must be on %s as that of %s is; make it with `authority "
			"terminal request --key %s`",
			path, sj_curve_name(own->curve), issuer->name, sj_curve_name(own->curve));
	if (sj_span_eq(c->holder, issuer->end.cvc.holder))
		return cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: asks in the name of %s", path,
				issuer->name);
	if (c->authority.len > 0 && !sj_span_eq(c->authority, issuer->end.cvc.holder))
		cli_note(a->cli, "%s: expected %.*s to sign; send %s.cvcert along", path,
			 (int)c->authority.len, (const char *)c->authority.ptr, issuer->name);
	return 0;
}

int cv_request_read(const struct authority *a, const struct cv_issuer *issuer, const char *path,
		    const char *previous, struct cv_request *out)
{
	size_t len = 0;
	int rc;

	*out = (struct cv_request){ .bytes = NULL };
	rc = cli_file_read(a->cli, path, SJ_CVC_MAX, &out->bytes, &len);
	if (rc == 0 && !sj_cvc_request_read(sj_span(out->bytes, len), &out->request))
		rc = cli_fail(a->cli, SJ_INPUT_MALFORMED,
			      "%s: not a request for a card verifiable certificate", path);
	if (rc == 0)
		rc = check_key(a, issuer, path, &out->request.cvc);
	return rc != 0 ? rc : check_outer(a, issuer, path, previous, &out->request);
}

void cv_request_free(struct cv_request *r)
{
	free(r->bytes);
	r->bytes = NULL;
}

int cv_sign(const struct authority *a, const struct cv_issuer *issuer, const struct cv_request *r,
	    const struct sj_cvc_rights *rights, struct sj_span extensions, unsigned long days,
	    struct sj_writer *w)
{
	struct sj_cvc plan = { .authority = issuer->end.cvc.holder,
			       .holder = r->request.cvc.holder,
			       .key = r->request.cvc.key,
			       .rights = *rights,
			       .extensions = extensions };
	struct sj_cv_end end = issuer->end;

	cv_set_days(&plan, days, &issuer->end.cvc);
	if (!sj_cvc_put(w, &plan, issuer->key))
		return cli_fail(a->cli, SJ_CRYPTO_FAILED, "%s: signature", issuer->name);
	if (signatures_flush(a) != 0)
		return cli_exit_code(a->cli);
	/* What nobody could verify is not given away. */
	if (sj_cv_step(&end, sj_written(w)) != SJ_CV_GOOD)
		return cli_fail(a->cli, SJ_INTERNAL, "%s: certificate", issuer->name);
	return 0;
}
