/* trust.c -- what a gate believes: signers and status lists out of a trust directory. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/gate.h"
#include "trust/status_folder.h"
#include "trust/time.h"

void sj_gate_trust_free(struct sj_gate_trust *trust)
{
	if (trust == NULL)
		return;
	for (size_t i = 0; i < trust->list_count; i++)
		sj_status_close(trust->lists[i].status);
	free(trust->lists);
	free(trust->signers);
	free(trust);
}

static void learn(struct sj_gate_trust *trust, int64_t when)
{
	if (when > trust->evidence)
		trust->evidence = when;
}

/* Evidence of the time that the directory holds, whatever else is in it. */
static enum sj_rc read_signers(struct sj_gate_trust *trust, const char *directory)
{
	struct sj_trust store = { 0 };
	enum sj_rc rc = sj_status_directory_open(directory, &store.dir, &trust->signers);

	if (rc != SJ_OK) {
		trust->signers = NULL;
		return rc;
	}
	rc = sj_trust_time_read(&store);
	learn(trust, store.evidence);
	close(store.dir);
	return rc;
}

static enum sj_rc add_list(struct sj_gate_trust *trust, const char *directory, struct sj_span iss)
{
	struct sj_gate_list *list = &trust->lists[trust->list_count];
	enum sj_rc rc;

	list->info.size = sizeof(list->info);
	memcpy(list->info.issuer, iss.ptr, iss.len);
	trust->list_count++;
	if (!sj_ticket_issuer(iss, list->hash))
		return SJ_CRYPTO_FAILED;
	rc = sj_status_open(directory, list->info.issuer, &list->status);
	if (rc != SJ_OK) {
		list->status = NULL;
		return rc == SJ_TRUST_MISSING ? SJ_OK : rc;
	}
	sj_status_describe(list->status, 0, &list->info);
	learn(trust, list->status->newest.not_before);
	return SJ_OK;
}

/* Each gate CA's issuer, and its list; none is no failure. */
static enum sj_rc read_lists(struct sj_gate_trust *trust, const char *directory)
{
	enum sj_rc rc = SJ_OK;

	trust->lists = calloc(trust->signers->n, sizeof(*trust->lists));
	if (trust->lists == NULL)
		return SJ_NO_MEMORY;
	for (size_t i = 0; rc == SJ_OK && i < trust->signers->n; i++) {
		const struct sj_signer *s = &trust->signers->list[i];

		if (sj_gate_list_of(trust, s->cwt.issuer) == NULL)
			rc = add_list(trust, directory, s->cwt.issuer);
	}
	return rc;
}

enum sj_rc sj_gate_trust_read(const char *directory, struct sj_gate_trust **out)
{
	struct sj_gate_trust *trust = calloc(1, sizeof(*trust));
	enum sj_rc rc = trust != NULL ? read_signers(trust, directory) : SJ_NO_MEMORY;

	if (rc == SJ_OK)
		rc = read_lists(trust, directory);
	if (rc == SJ_OK)
		*out = trust;
	else
		sj_gate_trust_free(trust);
	return rc;
}

/* --- asking ------------------------------------------------------------------------------ */

const struct sj_gate_list *sj_gate_list_of(const struct sj_gate_trust *trust, struct sj_span iss)
{
	for (size_t i = 0; i < trust->list_count; i++) {
		const char *issuer = trust->lists[i].info.issuer;

		if (sj_span_eq(iss, sj_span((const uint8_t *)issuer, strlen(issuer))))
			return &trust->lists[i];
	}
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

static bool is_of(const struct sj_signer *s, struct sj_span iss, enum sj_cwt_signer kind)
{
	return s->kind == kind && sj_span_eq(s->cwt.issuer, iss);
}

static bool valid_at(const struct sj_signer *s, int64_t when)
{
	return s->cwt.not_before <= when && when <= s->cwt.expires;
}

enum sj_rc sj_gate_signed(const struct sj_gate_trust *trust, const struct sj_cwt *cwt, int64_t now)
{
	enum sj_rc rc = SJ_ISSUER_UNKNOWN;

	for (size_t i = 0; i < trust->signers->n; i++) {
		const struct sj_signer *s = &trust->signers->list[i];

		if (!is_of(s, cwt->issuer, SJ_CWT_GATE_CA))
			continue;
		if (rc == SJ_ISSUER_UNKNOWN)
			rc = SJ_CHAIN_SIGNATURE;
		if (!valid_at(s, cwt->not_before) || !sj_cwt_verify(cwt, &s->key))
			continue;
		if (valid_at(s, now))
			return SJ_OK;
		rc = SJ_SIGNER_EXPIRED;
	}
	return rc;
}

/* A link begins with the anchor of its key, and says more to who has the one before. */
static bool is_newer(const struct sj_signer *s, const struct sj_signer *than)
{
	if (s->cwt.not_before != than->cwt.not_before)
		return s->cwt.not_before > than->cwt.not_before;
	return than->anchor && !s->anchor;
}

const struct sj_signer *sj_gate_newest(const struct sj_gate_trust *trust, struct sj_span iss,
				       enum sj_cwt_signer kind)
{
	const struct sj_signer *newest = NULL;

	for (size_t i = 0; i < trust->signers->n; i++) {
		const struct sj_signer *s = &trust->signers->list[i];

		if (is_of(s, iss, kind) && (newest == NULL || is_newer(s, newest)))
			newest = s;
	}
	return newest;
}
