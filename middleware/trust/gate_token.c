/* gate_token.c -- tokens of gate CAs and status signers into the trust store. */
#include <string.h>
#include <time.h>

#include "secure/cwt.h"
#include "trust/admit.h"
#include "trust/time.h"

static enum sj_rc refuse(const struct sj_trust *trust, const struct sj_cwt *cwt, const char *why)
{
	char issuer[SJ_CWT_ISSUER_MAX + 1] = "";

	memcpy(issuer, cwt->issuer.ptr, cwt->issuer.len);
	sj_trust_say(trust, issuer, why);
	return SJ_INPUT_REFUSED;
}

static enum sj_rc store(struct sj_trust *trust, const struct sj_cwt *cwt, struct sj_span bytes,
			struct sj_trust_counts *counts)
{
	const enum sj_trust_kind kind = cwt->signer == SJ_CWT_GATE_CA ? SJ_TRUST_GATE_CA :
									SJ_TRUST_STATUS_SIGNER;
	struct sj_trust_counts found = { 0 };
	struct sj_trust_batch batch;
	enum sj_rc rc = sj_trust_batch_begin(trust, &batch);
	bool known = false;

	if (rc != SJ_OK)
		return rc;
	rc = sj_trust_batch_add(&batch, kind, cwt->issuer, bytes, &known);
	if (rc != SJ_OK) {
		sj_trust_batch_abort(&batch);
		return rc;
	}
	rc = sj_trust_batch_commit(&batch);
	if (rc != SJ_OK)
		return rc;
	found.added = !known;
	found.known = known;
	sj_counts_give(&found, counts);
	return sj_trust_time_imported(trust, cwt->not_before);
}

/* A key of an authority. */
static bool read_signer(struct sj_span bytes, struct sj_cwt *cwt, struct sj_ec_point *key)
{
	return sj_cwt_parse(bytes, cwt) && cwt->kind == SJ_CWT_SIGNER &&
	       sj_cwt_signer_key(cwt, key);
}

enum sj_rc sj_trust_import_gate_ca(struct sj_trust *trust, const uint8_t *cwt, size_t len,
				   struct sj_trust_counts *counts)
{
	struct sj_ec_point key;
	struct sj_cwt token;

	if (!read_signer(sj_span(cwt, len), &token, &key))
		return SJ_INPUT_MALFORMED;
	if (token.signer != SJ_CWT_GATE_CA)
		return refuse(trust, &token, "It is not a gate CA's token.");
	if (!sj_cwt_verify(&token, &key))
		return refuse(trust, &token, "It is not signed by its own key.");
	return store(trust, &token, sj_span(cwt, len), counts);
}

/* A gate CA of the store signed it, and is valid at `now`. */
static bool signed_by_store(const struct sj_trust *trust, const struct sj_cwt *token, int64_t now)
{
	const struct sj_trust_item *item;
	struct sj_trust_file file = { NULL, 0 };
	struct sj_ec_point key;
	struct sj_cwt ca;
	bool found = false;

	for (size_t i = 0;
	     !found && (item = sj_trust_item_at(trust, SJ_TRUST_GATE_CA, i)) != NULL; i++) {
		if (sj_trust_load(trust, item, &file) != SJ_OK)
			continue;
		found = read_signer(sj_span(file.bytes, file.len), &ca, &key) &&
			ca.signer == SJ_CWT_GATE_CA && sj_span_eq(ca.issuer, token->issuer) &&
			ca.not_before <= now && now <= ca.expires && sj_cwt_verify(token, &key);
		sj_trust_file_free(&file);
	}
	return found;
}

enum sj_rc sj_trust_import_gate_token(struct sj_trust *trust, const uint8_t *cwt, size_t len,
				      struct sj_trust_counts *counts)
{
	struct sj_ec_point key;
	struct sj_cwt token;
	bool late;

	if (!read_signer(sj_span(cwt, len), &token, &key))
		return SJ_INPUT_MALFORMED;
	if (!signed_by_store(trust, &token, sj_trust_time(trust, (int64_t)time(NULL), &late)))
		return refuse(trust, &token,
			      "No gate CA of the trust store that is valid now has signed it.");
	return store(trust, &token, sj_span(cwt, len), counts);
}
