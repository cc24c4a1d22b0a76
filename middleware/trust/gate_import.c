/* gate_import.c -- tokens of gate CAs and status signers, imported one by one. */
#include <string.h>

#include "reader/memory.h"
#include "trust/admit.h"
#include "trust/signers.h"
#include "trust/time.h"

static enum sj_rc refuse(const struct sj_trust *trust, const struct sj_cwt *cwt, const char *why)
{
	char issuer[SJ_CWT_ISSUER_MAX + 1] = "";

	memcpy(issuer, cwt->issuer.ptr, cwt->issuer.len);
	sj_trust_say(trust, issuer, why);
	return SJ_INPUT_REFUSED;
}

/* Both ways in. A token that is signed by its own key is believed for `anchor` only. */
static enum sj_rc import(struct sj_trust *trust, struct sj_span token, bool anchor)
{
	struct sj_ec_point key;
	struct sj_cwt cwt;
	enum sj_rc rc;

	if (!sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_SIGNER ||
	    !sj_cwt_signer_key(&cwt, &key))
		return SJ_INPUT_MALFORMED;
	if (anchor && cwt.signer != SJ_CWT_GATE_CA)
		return refuse(trust, &cwt, "It is not a gate CA's token.");
	if (sj_cwt_verify(&cwt, &key) != anchor)
		return refuse(trust, &cwt,
			      anchor ? "It is not signed by its own key."
				     : "It is signed by its own key: that is for --gate-ca.");
	rc = sj_signers_store(trust->dir, token);
	if (rc == SJ_INPUT_REFUSED)
		return refuse(trust, &cwt, "No gate CA of the trust store has signed it.");
	return rc == SJ_OK ? sj_trust_time_imported(trust, cwt.not_before) : rc;
}

enum sj_rc sj_trust_import_gate_ca(struct sj_trust *trust, const uint8_t *cwt, size_t len)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, import(trust, sj_span(cwt, len), true));
}

enum sj_rc sj_trust_import_gate_token(struct sj_trust *trust, const uint8_t *cwt, size_t len)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, import(trust, sj_span(cwt, len), false));
}
