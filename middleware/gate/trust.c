/* trust.c -- what a gate believes: signers and status lists out of a trust directory. */
#include <stdlib.h>
#include <string.h>

#include "gate/gate.h"
#include "trust/store.h"

struct sj_gate_trust *sj_gate_trust_new(void)
{
	return calloc(1, sizeof(struct sj_gate_trust));
}

void sj_gate_trust_free(struct sj_gate_trust *trust)
{
	if (trust == NULL)
		return;
	for (size_t i = 0; i < trust->list_count; i++)
		if (trust->lists[i].close != NULL)
			trust->lists[i].close(trust->lists[i].self);
	free(trust->lists);
	free(trust->signers);
	free(trust);
}

static void learn(struct sj_gate_trust *trust, int64_t when)
{
	if (when > trust->evidence)
		trust->evidence = when;
}

enum sj_rc sj_gate_trust_add_signer(struct sj_gate_trust *trust, struct sj_span token)
{
	struct sj_gate_signer *list, *s;
	struct sj_ec_point key;
	struct sj_cwt cwt;

	if (!sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_SIGNER ||
	    !sj_cwt_signer_key(&cwt, &key))
		return SJ_INPUT_MALFORMED;
	list = realloc(trust->signers, (trust->signer_count + 1) * sizeof(*list));
	if (list == NULL)
		return SJ_NO_MEMORY;
	trust->signers = list;
	s = &list[trust->signer_count++];
	s->role = cwt.signer;
	s->key = key;
	s->token_len = token.len;
	memcpy(s->token, token.ptr, token.len);
	/* The list may have moved: spans are set anew, and again whenever it moves. */
	for (size_t i = 0; i < trust->signer_count; i++)
		if (!sj_cwt_parse(sj_span(list[i].token, list[i].token_len), &list[i].cwt))
			return SJ_INTERNAL;
	return SJ_OK;
}

enum sj_rc sj_gate_trust_add_list(struct sj_gate_trust *trust, const struct sj_gate_list *list)
{
	struct sj_gate_list *lists = realloc(trust->lists,
					     (trust->list_count + 1) * sizeof(*lists));
	struct sj_gate_list *l;

	if (lists == NULL) {
		if (list->close != NULL)
			list->close(list->self);
		return SJ_NO_MEMORY;
	}
	trust->lists = lists;
	l = &lists[trust->list_count++];
	*l = *list;
	learn(trust, l->head.time);
	return sj_ticket_issuer(sj_span(l->issuer, l->issuer_len), l->hash) ? SJ_OK :
									      SJ_CRYPTO_FAILED;
}

/* --- reading a directory --------------------------------------------------------------- */

static enum sj_rc read_signers(struct sj_gate_trust *trust, const struct sj_trust *store,
			       enum sj_trust_kind kind)
{
	const struct sj_trust_item *item;
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; rc == SJ_OK && (item = sj_trust_item_at(store, kind, i)) != NULL; i++) {
		struct sj_trust_file file = { NULL, 0 };

		rc = sj_trust_load(store, item, &file);
		if (rc == SJ_OK)
			rc = sj_gate_trust_add_signer(trust, sj_span(file.bytes, file.len));
		if (rc == SJ_INPUT_MALFORMED)
			rc = SJ_TRUST_UNREADABLE;
		sj_trust_file_free(&file);
	}
	return rc;
}

/* The list of each gate CA's issuer; none is no failure. */
static enum sj_rc read_lists(struct sj_gate_trust *trust, const char *directory)
{
	struct sj_gate_list list;
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; rc == SJ_OK && i < trust->signer_count; i++) {
		const struct sj_span iss = trust->signers[i].cwt.issuer;

		if (sj_gate_list_of(trust, iss) != NULL)
			continue;
		memset(&list, 0, sizeof(list));
		rc = sj_gate_list_open(directory, iss, &list);
		if (rc == SJ_OK)
			rc = sj_gate_trust_add_list(trust, &list);
		else if (rc == SJ_TRUST_MISSING)
			rc = SJ_OK;
	}
	return rc;
}

enum sj_rc sj_gate_trust_read(const char *directory, struct sj_gate_trust **out)
{
	struct sj_gate_trust *trust = sj_gate_trust_new();
	struct sj_trust *store = NULL;
	enum sj_rc rc = trust != NULL ? sj_trust_open_gate(directory, &store) : SJ_NO_MEMORY;

	if (rc == SJ_OK) {
		learn(trust, store->evidence);
		rc = read_signers(trust, store, SJ_TRUST_GATE_CA);
	}
	if (rc == SJ_OK)
		rc = read_signers(trust, store, SJ_TRUST_STATUS_SIGNER);
	if (rc == SJ_OK)
		rc = read_lists(trust, directory);
	sj_trust_close(store);
	if (rc == SJ_OK)
		*out = trust;
	else
		sj_gate_trust_free(trust);
	return rc;
}

/* --- asking ------------------------------------------------------------------------------ */

const struct sj_gate_list *sj_gate_list_of(const struct sj_gate_trust *trust, struct sj_span iss)
{
	for (size_t i = 0; i < trust->list_count; i++)
		if (sj_span_eq(iss, sj_span(trust->lists[i].issuer, trust->lists[i].issuer_len)))
			return &trust->lists[i];
	return NULL;
}

const struct sj_gate_list *sj_gate_list_hashed(const struct sj_gate_trust *trust,
					       const uint8_t hash[static SJ_TICKET_ISSUER])
{
	for (size_t i = 0; i < trust->list_count; i++)
		if (memcmp(trust->lists[i].hash, hash, SJ_TICKET_ISSUER) == 0)
			return &trust->lists[i];
	return NULL;
}

static bool is_of(const struct sj_gate_signer *s, struct sj_span iss, enum sj_cwt_signer role)
{
	return s->role == (uint8_t)role && sj_span_eq(s->cwt.issuer, iss);
}

enum sj_rc sj_gate_signed(const struct sj_gate_trust *trust, const struct sj_cwt *cwt,
			  enum sj_cwt_signer role, int64_t now)
{
	enum sj_rc rc = SJ_ISSUER_UNKNOWN;

	for (size_t i = 0; i < trust->signer_count; i++) {
		const struct sj_gate_signer *s = &trust->signers[i];

		if (!is_of(s, cwt->issuer, role))
			continue;
		if (!sj_cwt_verify(cwt, &s->key)) {
			if (rc == SJ_ISSUER_UNKNOWN)
				rc = SJ_CHAIN_SIGNATURE;
			continue;
		}
		if (s->cwt.not_before <= now && now <= s->cwt.expires)
			return SJ_OK;
		rc = SJ_SIGNER_EXPIRED;
	}
	return rc;
}

const struct sj_gate_signer *sj_gate_newest(const struct sj_gate_trust *trust, struct sj_span iss,
					    enum sj_cwt_signer role)
{
	const struct sj_gate_signer *newest = NULL;

	for (size_t i = 0; i < trust->signer_count; i++) {
		const struct sj_gate_signer *s = &trust->signers[i];

		if (is_of(s, iss, role) &&
		    (newest == NULL || s->cwt.not_before > newest->cwt.not_before))
			newest = s;
	}
	return newest;
}
