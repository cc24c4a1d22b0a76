/*
 * plain.c -- a plain identity document asked for a service: no card enforces the row, so this does.
 *
 * What the service may not have is not read where it stands in a file of its own, and is wiped
 * before the answer leaves where it does not. SERVICE.md, "Plain documents".
 */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "eid/eid.h"
#include "reader/context.h"
#include "wire/std/icao9303.h"

#define IN_DG11 ((uint32_t)(SJ_RIGHT_ADDRESS | SJ_RIGHT_PHONE))
#define PERSON_MAX 160u

/* Groups that the rights need: always those that the verdict rests on. */
static uint32_t groups_of(uint32_t rights)
{
	uint32_t groups = 1u << SJ_DG1 | 1u << SJ_DG13 | 1u << SJ_DG14 | 1u << SJ_DG15;

	if (rights & SJ_RIGHT_PORTRAIT)
		groups |= 1u << SJ_DG2;
	if (rights & IN_DG11)
		groups |= 1u << SJ_DG11;
	if (rights & SJ_RIGHT_EMERGENCY)
		groups |= 1u << SJ_DG16;
	return groups;
}

/* --- the verdict ----------------------------------------------------------------- */

static void take_check(struct sj_answer *answer, enum sj_answer_check as,
		       const struct sj_check *check)
{
	sj_check_set(&answer->checks[as], check->state, check->reason, "%s", check->detail);
}

/* Of these checks the first that failed, else the first that was not possible, else the first. */
static const struct sj_check *worst(const struct sj_report *report, const enum sj_check_id *ids,
				    size_t n)
{
	static const enum sj_check_state states[] = { SJ_CHECK_FAILED, SJ_CHECK_NOT_POSSIBLE };

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < n; i++)
			if (report->checks[ids[i]].state == states[s])
				return &report->checks[ids[i]];
	return &report->checks[ids[0]];
}

static const struct sj_check *chip_check(const struct sj_report *report)
{
	const struct sj_check *active = &report->checks[SJ_CHECK_ACTIVE];
	const struct sj_check *chip = &report->checks[SJ_CHECK_CHIP];

	if (active->state == SJ_CHECK_FAILED)
		return active;
	return chip->state != SJ_CHECK_FAILED && active->state == SJ_CHECK_PASSED ? active : chip;
}

/* An inspection system, and a row that may know the fingers. */
static bool wants_fingerprint(const struct sj_ask *ask)
{
	return ask->terminal && ask->terminal->rights.terminal == SJ_CVC_INSPECTION &&
	       (ask->answer->info.asked & SJ_RIGHT_FINGERPRINT) != 0 &&
	       sj_right_given(&ask->terminal->rights, SJ_RIGHT_FINGERPRINT);
}

static void take_checks(struct sj_answer *answer, const struct sj_report *report)
{
	static const enum sj_check_id security[] = { SJ_CHECK_SOD,         SJ_CHECK_CHAIN,
						     SJ_CHECK_SIGNER_TIME, SJ_CHECK_REVOCATION,
						     SJ_CHECK_GROUPS,      SJ_CHECK_PRESENCE,
						     SJ_CHECK_ACCESS_FILE };

	take_check(answer, SJ_ANSWER_ACCESS, &report->checks[SJ_CHECK_ACCESS]);
	sj_check_set(&answer->checks[SJ_ANSWER_TERMINAL], SJ_CHECK_NOT_DONE, SJ_OK,
		     "A plain document knows no services: the limit is kept on this side.");
	take_check(answer, SJ_ANSWER_SECURITY,
		   worst(report, security, sizeof(security) / sizeof(security[0])));
	take_check(answer, SJ_ANSWER_CHIP, chip_check(report));
	take_check(answer, SJ_ANSWER_EXPIRY, &report->checks[SJ_CHECK_EXPIRY]);
	take_check(answer, SJ_ANSWER_STATUS, &report->checks[SJ_CHECK_STATUS]);
}

/*
 * That of the document (VERDICT.md), but that a row says how old a list may be: a document that
 * names its place in one, and no list at all, is no green light.
 */
static void judge(struct sj_answer *answer, const struct sj_report *report)
{
	const struct sj_check *status = &report->checks[SJ_CHECK_STATUS];

	answer->verdict = report->verdict;
	answer->reason = report->reason;
	if (status->state == SJ_CHECK_NOT_POSSIBLE && status->reason == SJ_STATUS_MISSING &&
	    (report->verdict == SJ_VERDICT_GENUINE ||
	     report->verdict == SJ_VERDICT_COPY_NOT_EXCLUDED)) {
		answer->verdict = SJ_VERDICT_UNDECIDED;
		answer->reason = SJ_STATUS_MISSING;
	}
}

/* --- the data --------------------------------------------------------------------- */

static struct sj_span span_of(const char *text)
{
	return sj_span((const uint8_t *)text, strlen(text));
}

/* Copies the digits at `from`; unknown ones (fillers) as `blank`. */
static void part(char *to, const char *from, const char *blank)
{
	memcpy(to, from[0] == '<' || from[1] == '<' ? blank : from, 2);
}

/*
 * YYYYMMDD of DG1's zone, in which month and day may be unknown: they stand as these then.
 * False: the year is unknown, or it is no date.
 */
static bool birth_date(const struct sj_document *doc, const char *month, const char *day,
		       char out[static 9])
{
	char date[7] = "";

	memcpy(date, doc->mrz.birth_date, strnlen(doc->mrz.birth_date, 6));
	if (strlen(date) != 6)
		return false;
	part(date + 2, doc->mrz.birth_date + 2, "01");
	part(date + 4, doc->mrz.birth_date + 4, "01");
	sj_date_complete(date, true, doc->now, out);
	if (out[0] == 0)
		return false;
	part(out + 4, doc->mrz.birth_date + 2, month);
	part(out + 6, doc->mrz.birth_date + 4, day);
	return true;
}

/* As YYYYMMDD the day `years` later compares by its digits, on 29 February too. */
static bool is_over(const char *birth, const char *today, unsigned years)
{
	return strtoul(birth, NULL, 10) + years * 10000ul <= strtoul(today, NULL, 10);
}

/* Whose day of birth is not known counts as born on the last that it may be. */
static enum sj_rc add_ages(struct sj_answer *answer, const struct sj_document *doc)
{
	char birth[9], today[9];
	enum sj_rc rc = SJ_OK;

	sj_date_of(doc->now, today);
	if (!birth_date(doc, "12", "31", birth) || today[0] == 0)
		return SJ_OK;
	for (unsigned i = 0; rc == SJ_OK && sj_gate_age(i) != 0; i++)
		rc = sj_answer_add_age(answer, (uint32_t)SJ_RIGHT_AGE_FIRST << i,
				       is_over(birth, today, sj_gate_age(i)));
	sj_wipe(birth, sizeof(birth));
	return rc;
}

static enum sj_rc add_birth(struct sj_answer *answer, const struct sj_document *doc)
{
	char birth[9];
	enum sj_rc rc = SJ_OK;

	if (birth_date(doc, "00", "00", birth))
		rc = sj_answer_add_date(answer, SJ_RIGHT_BIRTH_DATE, "birth-date", span_of(birth));
	sj_wipe(birth, sizeof(birth));
	return rc;
}

static enum sj_rc add_persons(struct sj_answer *answer, const struct sj_report *report)
{
	char text[PERSON_MAX];
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; rc == SJ_OK && sj_report_person(report, i, text, sizeof(text)); i++)
		rc = sj_answer_add(answer, SJ_RIGHT_EMERGENCY, "emergency-contact", span_of(text));
	sj_wipe(text, sizeof(text));
	return rc;
}

static enum sj_rc add_portrait(struct sj_answer *answer, const struct sj_report *report)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	if (!sj_report_portrait(report, &bytes, &len, &mime))
		return SJ_OK;
	return sj_answer_set_portrait(answer, sj_span(bytes, len));
}

static enum sj_rc add_fingerprint(struct sj_answer *answer, const struct sj_document *doc)
{
	if (!(answer->info.granted & SJ_RIGHT_FINGERPRINT) || !(doc->opened & 1u << SJ_DG3) ||
	    !sj_report_authentic(doc->report, SJ_DG3))
		return SJ_OK;
	return sj_answer_keep(&answer->fingerprint, sj_report_bytes(doc->report, SJ_DG3));
}

/* In the order of an eID card's. */
static enum sj_rc add_holder(struct sj_answer *answer, const struct sj_document *doc,
			     const struct sj_holder *h)
{
	const struct {
		uint32_t right;
		const char *name, *text;
	} texts[] = {
		{ SJ_RIGHT_NAME, "surname", h->surname },
		{ SJ_RIGHT_NAME, "given-names", h->given_names },
		{ SJ_RIGHT_BIRTH_DATE, NULL, NULL },
		{ SJ_RIGHT_NATIONALITY, "nationality", h->nationality },
		{ SJ_RIGHT_DOCUMENT_NUMBER, "document-number", h->document_number },
		{ SJ_RIGHT_EXPIRY, NULL, NULL },
		{ SJ_RIGHT_ADDRESS, "address", h->address },
		{ SJ_RIGHT_PHONE, "phone", h->telephone },
	};
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; rc == SJ_OK && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].right == SJ_RIGHT_BIRTH_DATE)
			rc = add_birth(answer, doc);
		else if (texts[i].right == SJ_RIGHT_EXPIRY)
			rc = sj_answer_add_date(answer, SJ_RIGHT_EXPIRY, "expiry",
						span_of(h->expiry_date));
		else
			rc = sj_answer_add(answer, texts[i].right, texts[i].name,
					   span_of(texts[i].text));
	}
	return rc;
}

static enum sj_rc add_data(struct sj_answer *answer, const struct sj_document *doc)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	enum sj_rc rc = add_ages(answer, doc);

	if (rc == SJ_OK && sj_report_holder(doc->report, &holder))
		rc = add_holder(answer, doc, &holder);
	sj_wipe(&holder, sizeof(holder));
	if (rc == SJ_OK)
		rc = add_persons(answer, doc->report);
	if (rc == SJ_OK)
		rc = add_fingerprint(answer, doc);
	return rc == SJ_OK ? add_portrait(answer, doc->report) : rc;
}

/* --- the proof ------------------------------------------------------------------------- */

static enum sj_rc keep_both(struct sj_answer_bytes *to, struct sj_span first, struct sj_span second)
{
	struct sj_writer w = sj_writer(malloc(first.len + second.len + 1), first.len + second.len);
	enum sj_rc rc = SJ_NO_MEMORY;

	if (w.ptr) {
		sj_put(&w, first);
		sj_put(&w, second);
		rc = sj_answer_keep(to, sj_written(&w));
	}
	free(w.ptr);
	return rc;
}

/* Active Authentication, and all that somebody needs to check it again. */
static enum sj_rc add_proof(struct sj_answer *answer, const struct sj_report *report)
{
	const struct sj_span dg14 = sj_report_bytes(report, SJ_DG14);
	const struct sj_span dg15 = sj_report_bytes(report, SJ_DG15);
	struct sj_span key;
	enum sj_rc rc;

	if (report->signature_len == 0 || !sj_report_authentic(report, SJ_DG15) ||
	    !sj_lds_open(dg15, SJ_TAG_DG15, &key))
		return SJ_OK;
	rc = sj_answer_keep(&answer->challenge, SJ_SPAN_OF(report->challenge));
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->response,
				    sj_span(report->signature, report->signature_len));
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->key, key);
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->statement, sj_report_bytes(report, SJ_EF_SOD));
	if (rc == SJ_OK)
		rc = keep_both(&answer->groups, dg14, dg15);
	if (rc == SJ_OK)
		answer->proof = SJ_PROOF_SIGNED;
	return rc;
}

/* --- asking ------------------------------------------------------------------------------ */

/* What was read and found, as far as the service may have it. */
static enum sj_rc answer_from(struct sj_ask *ask, const struct sj_document *doc)
{
	const struct sj_report *report = doc->report;
	struct sj_answer *answer = ask->answer;
	struct sj_terminal_info terminal = { .size = sizeof(terminal), .rights = UINT32_MAX };
	enum sj_rc rc = SJ_OK;

	if (ask->terminal)
		sj_terminal_get_info(ask->terminal, &terminal);
	sj_answer_reset(answer);
	answer->info.enforced_by = SJ_LIMIT_TERMINAL;
	answer->info.granted = answer->info.asked & terminal.rights;
	answer->info.status_epoch = report->status_epoch;
	answer->info.time = report->statistics.time_used;
	answer->statistics = report->statistics;
	take_checks(answer, report);
	if (doc->opened != 0)
		sj_check_set(&answer->checks[SJ_ANSWER_TERMINAL], SJ_CHECK_PASSED, SJ_OK,
			     "Terminal Authentication 1: the document opens DG3.");
	judge(answer, report);
	if (sj_report_authentic(report, SJ_DG1) &&
	    answer->checks[SJ_ANSWER_STATUS].state != SJ_CHECK_FAILED)
		rc = add_data(answer, doc);
	else
		sj_answer_withdraw(answer, UINT32_MAX);
	sj_answer_find_absent(answer);
	return rc == SJ_OK ? add_proof(answer, report) : rc;
}

/* The caller's challenge, once it knows all but the proof. */
static enum sj_rc make_challenge(struct sj_document *doc, uint8_t out[static SJ_AA_CHALLENGE])
{
	struct sj_ask *ask = doc->user;
	enum sj_rc rc = answer_from(ask, doc);

	if (rc != SJ_OK)
		return rc;
	return ask->options.challenge(ask->options.user, ask->answer, out) ? SJ_OK
									   : SJ_CRYPTO_FAILED;
}

static enum sj_rc refuse(const struct sj_ask *ask)
{
	if (ask->service->access == SJ_SERVICE_PIN) {
		sj_context_notice(ask->context, "The service needs the holder's PIN, and this "
						"document has none.");
		return SJ_ACCESS_UNSUPPORTED;
	}
	if (!ask->access ||
	    (ask->access->kind != SJ_SECRET_CAN && ask->access->kind != SJ_SECRET_MRZ)) {
		sj_context_notice(ask->context, "This document opens with what is printed on it, "
						"not with a PIN.");
		return SJ_SECRET_NEEDED;
	}
	return SJ_OK;
}

enum sj_rc sj_plain_ask(struct sj_ask *ask)
{
	struct sj_document doc = { .session = ask->session,
				   .context = ask->context,
				   .trust = ask->trust,
				   .access = ask->access,
				   .random = sj_random_system() };
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	enum sj_rc rc = refuse(ask);

	if (rc != SJ_OK)
		return rc;
	options.short_only = ask->options.short_only;
	options.now = ask->options.now;
	sj_document_options(&doc, &options);
	doc.wanted = groups_of(ask->answer->info.asked);
	doc.stale = ask->service->stale;
	doc.user = ask;
	if (ask->options.challenge)
		doc.challenge = make_challenge;
	if (wants_fingerprint(ask)) {
		doc.wanted |= 1u << SJ_DG3;
		doc.guard = sj_inspect_plain;
	}
	rc = sj_document_run(ask->card, &doc);
	if (rc == SJ_OK)
		rc = answer_from(ask, &doc);
	sj_document_release(&doc);
	return rc;
}
