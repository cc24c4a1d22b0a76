/* ask.c -- asking a card for a service: what kind it is, beginning, and beginning again once. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "eid/ask.h"
#include "reader/context.h"
#include "reader/memory.h"

#define TIMEOUT_MS 30000u

/* --- what may be asked -------------------------------------------------------------- */

static void take_options(struct sj_ask *ask, const struct sj_service_options *options)
{
	const struct sj_service_options defaults = SJ_SERVICE_OPTIONS_INIT;

	ask->options = defaults;
	if (options)
		memcpy(&ask->options, options,
		       options->size < sizeof(defaults) ? options->size : sizeof(defaults));
	if (ask->options.timeout_ms == 0)
		ask->options.timeout_ms = TIMEOUT_MS;
	if (ask->options.now == 0)
		ask->options.now = (int64_t)time(NULL);
}

/* The row, narrowed; whether the card is valid is asked in any case: the verdict needs it. */
static uint32_t asked_of(const struct sj_ask *ask)
{
	uint32_t rights = ask->service->rights;

	if (ask->options.only != 0)
		rights &= ask->options.only;
	return rights | SJ_RIGHT_VALID;
}

/* The terminal is that of the row, and in time by our clock; the card has one of its own. */
static enum sj_rc check_terminal(const struct sj_ask *ask)
{
	struct sj_terminal_info info = { .size = sizeof(info) };

	if (!ask->terminal)
		return SJ_OK;
	if (!sj_terminal_get_info(ask->terminal, &info))
		return SJ_INTERNAL;
	if (info.sector != 0 &&
	    (info.sector != ask->service->sector || info.service != ask->service->id))
		return SJ_RIGHT_REFUSED;
	return ask->now >= info.expires ? SJ_TERMINAL_EXPIRED : SJ_OK;
}

static enum sj_rc check_secret(const struct sj_ask *ask)
{
	if (ask->options.reader_pin)
		return ask->access ? SJ_USAGE : SJ_OK;
	return ask->access ? SJ_OK : SJ_SECRET_NEEDED;
}

/* --- the time ------------------------------------------------------------------------- */

static void begin_time(struct sj_ask *ask)
{
	struct sj_statistics *statistics = &ask->doc.report->statistics;
	bool behind = false;

	ask->now = ask->trust ? sj_trust_time(ask->trust, ask->options.now, &behind)
			      : ask->options.now;
	ask->doc.now = ask->now;
	statistics->clock_behind = behind;
	statistics->time_used = ask->now;
	ask->answer->info.time = ask->now;
}

/* --- one attempt and another ------------------------------------------------------------- */

/*
 * The PIN where the row wants it. The MRZ opens nothing to an authentication terminal (TR-03110-2,
 * 3.4), only to an inspection system.
 */
static enum sj_rc check_eid_secret(const struct sj_ask *ask)
{
	const bool pin = ask->options.reader_pin || ask->access->kind == SJ_SECRET_PIN;

	if (ask->service->access == SJ_SERVICE_PIN && !pin)
		return SJ_PIN_NEEDED;
	return ask->terminal->rights.terminal == SJ_CVC_INSPECTION || pin ||
			       ask->access->kind == SJ_SECRET_CAN
		       ? SJ_OK
		       : SJ_SECRET_NEEDED;
}

static enum sj_rc attempt(struct sj_ask *ask)
{
	enum sj_rc rc;

	begin_time(ask);
	rc = sj_document_find_access(&ask->doc);
	if (rc != SJ_OK)
		return rc;
	ask->eid = sj_document_offers_eid(ask->doc.report);
	ask->answer->info.eid = ask->eid;
	if (!ask->eid)
		return SJ_OK;
	if (!ask->terminal)
		return SJ_TERMINAL_FILES;
	rc = check_eid_secret(ask);
	return rc == SJ_OK ? sj_eid_ask(ask) : rc;
}

/* Everything that was gained is gone. */
static void forget(struct sj_ask *ask)
{
	const size_t piece = ask->doc.piece;

	sj_signed_close(&ask->security);
	ask->security = (struct sj_signed){ .definite = NULL };
	sj_document_reset(&ask->doc);
	ask->doc.piece = piece;
	sj_wipe(&ask->pace, sizeof(ask->pace));
	sj_wipe(&ask->secret, sizeof(ask->secret));
	sj_answer_reset(ask->answer);
	ask->age = 0;
	ask->in_force = false;
}

static enum sj_rc ask_twice(struct sj_ask *ask)
{
	enum sj_rc rc = sj_session_begin(ask->session);

	if (rc != SJ_OK)
		return rc;
	rc = attempt(ask);
	if (sj_document_may_restart(&ask->doc, rc)) {
		rc = sj_session_restart(ask->session, rc != SJ_CARD_RESET);
		if (rc == SJ_OK) {
			forget(ask);
			rc = attempt(ask);
		}
	}
	sj_session_end(ask->session);
	sj_session_sm_end(ask->session);
	if (rc == SJ_OK && !ask->eid)
		rc = sj_plain_ask(ask);
	return rc;
}

static void finish(struct sj_ask *ask, enum sj_rc rc, const struct sj_session_counts *before,
		   int64_t start, struct sj_answer **out)
{
	if (rc == SJ_OK) {
		sj_document_count(&ask->doc, before, start);
		if (ask->eid)
			ask->answer->statistics = ask->doc.report->statistics;
		*out = ask->answer;
		ask->answer = NULL;
	}
	sj_signed_close(&ask->security);
	sj_document_reset(&ask->doc);
	sj_report_free(ask->doc.report);
	sj_answer_free(ask->answer);
	sj_wipe(ask, sizeof(*ask));
}

static enum sj_rc begin(struct sj_ask *ask, const struct sj_service_options *options)
{
	take_options(ask, options);
	ask->doc = (struct sj_document){ .session = ask->session,
					 .context = ask->context,
					 .trust = ask->trust,
					 .access = ask->access,
					 .options = SJ_VERIFY_OPTIONS_INIT,
					 .random = sj_random_system(),
					 .report = sj_report_new() };
	ask->doc.options.short_only = ask->options.short_only;
	ask->doc.options.now = ask->options.now;
	ask->answer = sj_answer_new();
	if (!ask->doc.report || !ask->answer) {
		sj_report_free(ask->doc.report);
		sj_answer_free(ask->answer);
		return SJ_NO_MEMORY;
	}
	ask->answer->info.asked = asked_of(ask);
	begin_time(ask);
	return SJ_OK;
}

enum sj_rc sj_service_verify(struct sj_card *card, struct sj_trust *trust,
			     const struct sj_terminal *terminal, const struct sj_service *service,
			     const struct sj_access *access,
			     const struct sj_service_options *options, struct sj_answer **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_ask ask = { .card = card,
			      .session = sj_card_session(card),
			      .context = sj_card_context(card),
			      .trust = trust,
			      .terminal = terminal,
			      .service = service,
			      .access = access };
	struct sj_session_counts before = sj_session_count(ask.session);
	const int64_t start = sj_clock_ms();
	enum sj_rc rc = begin(&ask, options);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	rc = check_terminal(&ask);
	if (rc == SJ_OK)
		rc = check_secret(&ask);
	if (rc == SJ_OK) {
		sj_session_deadline(ask.session, start + ask.options.timeout_ms);
		rc = ask_twice(&ask);
	}
	/* What speaks against the card may be due to that. */
	if (rc == SJ_OK && ask.answer->reason != SJ_OK && sj_memory_lacked(mark))
		rc = SJ_NO_MEMORY;
	if (rc == SJ_NOT_A_DOCUMENT)
		sj_card_refuse(card);
	finish(&ask, rc, &before, start, out);
	return sj_memory_rc(mark, rc);
}
