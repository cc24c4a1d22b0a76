/*
 * prove_terminal.c -- is the terminal that signed a record believed, and did it sign?
 *
 * Source: BSI TR-03110-3 v2.21, 2.5 and 2.7.
 */
#include <stdio.h>
#include <string.h>

#include "journal/evidence.h"
#include "secure/cvc_service.h"
#include "trust/cvchain.h"
#include "trust/store.h"
#include "wire/tlv.h"

#define CV_FOLDER "cv" /* of a bundle's slot: BUNDLE.md */
#define CERTIFICATES 8u
#define DAY INT64_C(86400)

/* The certificates of a record: the terminal's, its DV's, links. */
struct chain {
	struct sj_span list[CERTIFICATES];
	size_t n;
	struct sj_cv_end end; /* the terminal's, once it is believed */
	int64_t dv_from, dv_until;
	enum sj_cv_fault fault; /* what came nearest to being believed */
	struct sj_trust_file root; /* what the end's issuer points into */
};

static bool split(struct sj_span in, struct chain *c)
{
	while (in.len != 0) {
		struct sj_span before = in, value;
		uint32_t tag;

		if (c->n == CERTIFICATES || sj_tlv_next(&in, &tag, &value) != SJ_TLV_FOUND)
			return false;
		c->list[c->n++] = sj_span(before.ptr, before.len - in.len);
	}
	return c->n >= 2;
}

static void keep_fault(struct chain *c, enum sj_cv_fault fault)
{
	if (c->fault == SJ_CV_GOOD || fault != SJ_CV_ISSUER)
		c->fault = fault;
}

/* From this CVCA to the terminal? */
static bool reaches(struct chain *c, struct sj_cv_end end)
{
	enum sj_cv_fault fault = sj_cv_step(&end, c->list[1]);

	if (fault == SJ_CV_GOOD) {
		c->dv_from = end.cvc.from;
		c->dv_until = end.cvc.until;
		fault = sj_cv_step(&end, c->list[0]);
	}
	if (fault != SJ_CV_GOOD) {
		keep_fault(c, fault);
		return false;
	}
	c->end = end;
	return true;
}

/* Straight, or over the links that the record has, each at most once and in any order. */
static bool believed_from(struct chain *c, struct sj_span root)
{
	struct sj_cv_end end;
	enum sj_cv_fault fault = sj_cv_begin(root, &end);

	if (fault != SJ_CV_GOOD) {
		keep_fault(c, fault);
		return false;
	}
	if (reaches(c, end))
		return true;
	for (size_t round = 2; round < c->n; round++) {
		for (size_t i = 2; i < c->n; i++)
			if (sj_cv_step(&end, c->list[i]) == SJ_CV_GOOD && reaches(c, end))
				return true;
	}
	return false;
}

static bool believed_by_bundle(struct chain *c, const struct sj_trust *trust)
{
	DIR *folder = trust->slot >= 0 ? sj_trust_entries(trust->slot, CV_FOLDER) : NULL;
	char path[300];
	struct dirent *entry;
	bool found = false;

	while (!found && folder != NULL && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", CV_FOLDER, entry->d_name);
		sj_trust_file_free(&c->root);
		if (sj_trust_read(trust->slot, path, SJ_CVC_MAX, &c->root) == SJ_OK)
			found = believed_from(c, sj_span(c->root.bytes, c->root.len));
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

/* The certificate is the one that the statement names, then good, and for this service. */
static const char *why_not(const struct sj_statement *s, const struct chain *c, int64_t now)
{
	const struct sj_evidence_info *i = &s->info;
	struct sj_cvc_service service;
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &c->list[0], 1, hash) ||
	    !sj_span_eq(sj_span(hash, SJ_JOURNAL_HASH), SJ_SPAN_OF(i->terminal_hash)) ||
	    !sj_span_eq(c->end.cvc.holder,
			sj_span((const uint8_t *)i->terminal, strlen(i->terminal))))
		return "It is not the certificate that the record names.";
	if (!sj_cvc_valid_at(&c->end.cvc, i->time))
		return "The terminal's certificate was not in its time then.";
	if (i->time < c->dv_from || i->time >= c->dv_until + DAY)
		return "The certificate of the terminal's DV was not in its time then.";
	if (!sj_cvc_service_read(c->end.cvc.extensions, &service) ||
	    (service.service != 0 &&
	     (service.service != i->service || service.sector != i->sector)))
		return "The terminal's certificate is for another service.";
	if (i->time > now + DAY)
		return "The record is of a time that has not come yet.";
	return NULL;
}

enum sj_rc sj_evidence_check_terminal(const struct sj_statement *s,
				      const struct sj_evidence_trust *trust,
				      struct sj_check *certificate, struct sj_check *signature)
{
	struct chain c = { .n = 0 };
	struct sj_span parts[SJ_STATEMENT_PARTS];
	const char *why = NULL;
	enum sj_rc rc = SJ_EVIDENCE_TERMINAL;

	sj_statement_parts(s->signed_bytes, parts);
	if (!split(s->certificates, &c))
		why = "The record's certificates cannot be read.";
	else if (!(trust->cvca != NULL &&
		   believed_from(&c, sj_span(trust->cvca, trust->cvca_len))) &&
		 !(trust->trust != NULL && believed_by_bundle(&c, trust->trust)))
		why = c.fault == SJ_CV_GOOD ? "There is no CVCA certificate to begin with."
					    : sj_cv_fault_text(c.fault);
	else
		why = why_not(s, &c, trust->now);
	if (why != NULL) {
		sj_check_set(certificate, SJ_CHECK_FAILED, rc, "Terminal %s: %s", s->info.terminal,
			     why);
		goto out;
	}
	sj_check_set(certificate, SJ_CHECK_PASSED, SJ_OK,
		     "Terminal %s was certified for this service at that time.", s->info.terminal);
	rc = sj_cvc_key_verify(&c.end.cvc.key, parts, SJ_STATEMENT_PARTS, s->signature)
		     ? SJ_OK
		     : SJ_EVIDENCE_BROKEN;
	if (rc == SJ_OK)
		sj_check_set(
			signature, SJ_CHECK_PASSED, SJ_OK,
			"The terminal's key signed this record, and the journal it stands in.");
	else
		sj_check_set(signature, SJ_CHECK_FAILED, rc,
			     "The terminal's key did not sign this.");
out:
	sj_trust_file_free(&c.root);
	return rc;
}
