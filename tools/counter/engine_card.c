/* engine_card.c -- readings of real cards. Each reading has a context of its own: contexts die with pcscd. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sojourn/bundle.h>

#include "cli/journal.h"
#include "cli/services.h"
#include "cli/signed.h"
#include "counter/counter.h"

#define AGAIN_MS 500 /* after the service failed */

struct cards {
	struct cli *cli;
	const struct counter_config *config;
	struct sj_service row;
	struct counter_service service;
	uint32_t only;
	struct sj_terminal *terminal; /* NULL: plain documents only */
	struct cli_journal *journal; /* the reading thread's; NULL: nothing is recorded */
	struct cli_journal *erasing; /* the main thread's */
	pthread_mutex_t lock; /* of the rest */
	struct sj_context *watching, *reading; /* in use; NULL: none */
	struct sj_readers *known; /* the watching thread's */
	bool cancelled, stopping;
};

/* --- what is on the reader -------------------------------------------------------------- */

/* Puts a context where others can cancel it, or takes it away; one that comes too late is cancelled. */
static void set_context(struct cards *c, struct sj_context **place, struct sj_context *ctx)
{
	pthread_mutex_lock(&c->lock);
	*place = ctx;
	if (ctx != NULL && (c->stopping || (place == &c->reading && c->cancelled)))
		sj_context_cancel(ctx);
	pthread_mutex_unlock(&c->lock);
}

static void forget_watching(struct cards *c)
{
	struct sj_context *ctx = c->watching;

	sj_readers_free(c->known);
	c->known = NULL;
	set_context(c, &c->watching, NULL);
	sj_context_free(ctx);
}

/* The counter's reader, else one with a card, else the first. */
static void choose(const struct cards *c, struct counter_presence *out)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	enum counter_place place = COUNTER_NO_READER;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; sj_readers_get(c->known, i, &info); i++) {
		if (c->config->reader != NULL && strstr(info.name, c->config->reader) == NULL)
			continue;
		if (place == COUNTER_CARD || (place == COUNTER_NO_CARD && !info.card_present))
			continue;
		place = info.card_present ? COUNTER_CARD : COUNTER_NO_CARD;
		out->events = info.events;
		snprintf(out->reader, sizeof(out->reader), "%s", info.name);
	}
	out->place = place;
}

static void service_away(struct counter_presence *known, enum sj_rc rc)
{
	const struct timespec pause = { 0, AGAIN_MS * 1000000L };

	memset(known, 0, sizeof(*known));
	known->place = COUNTER_NO_SERVICE;
	known->rc = rc;
	nanosleep(&pause, NULL);
}

static void watch(void *self, unsigned timeout_ms, struct counter_presence *known)
{
	struct cards *c = self;
	struct sj_context *ctx = NULL;
	struct sj_readers *now = NULL;
	enum sj_rc rc = c->watching != NULL ? SJ_OK : sj_context_new(&ctx);

	if (ctx != NULL)
		set_context(c, &c->watching, ctx);
	if (rc == SJ_OK)
		rc = sj_readers_wait(c->watching, c->known, timeout_ms, &now);
	if (rc == SJ_TIMED_OUT)
		return;
	if (rc != SJ_OK) {
		forget_watching(c);
		if (rc != SJ_CANCELLED)
			service_away(known, rc);
		return;
	}
	sj_readers_free(c->known);
	c->known = now;
	choose(c, known);
}

/* --- a reading ----------------------------------------------------------------------------- */

static enum sj_rc make_access(const struct counter_request *r, struct sj_access **out)
{
	switch (r->kind) {
	case COUNTER_CAN:
		return sj_access_can(r->text, r->len, out);
	case COUNTER_MRZ:
		return sj_access_mrz(r->text, r->len, out);
	case COUNTER_PIN:
		return sj_access_pin(r->text, r->len, out);
	case COUNTER_NONE:
	case COUNTER_PAD:
	default:
		return SJ_OK;
	}
}

static bool take_portrait(const struct sj_answer *answer, struct counter_result *out)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	if (!sj_answer_portrait(answer, &bytes, &len, &mime))
		return true;
	out->portrait = malloc(len != 0 ? len : 1);
	if (out->portrait == NULL)
		return false;
	memcpy(out->portrait, bytes, len);
	out->portrait_len = len;
	return true;
}

static void take_answer(const struct sj_answer *answer, struct counter_result *out)
{
	struct sj_datum datum = { .size = sizeof(datum) };
	bool ok = true;

	out->verdict = sj_answer_verdict(answer);
	out->reason = sj_answer_reason(answer);
	out->info.size = sizeof(out->info);
	out->statistics.size = sizeof(out->statistics);
	ok = sj_answer_get_info(answer, &out->info) &&
	     sj_answer_statistics(answer, &out->statistics);
	for (unsigned i = 0; i < SJ_ANSWER_CHECKS; i++) {
		out->checks[i].size = sizeof(out->checks[i]);
		out->checked[i] =
			sj_answer_get_check(answer, (enum sj_answer_check)i, &out->checks[i]);
	}
	for (size_t i = 0; ok && sj_answer_datum(answer, i, &datum); i++)
		ok = counter_result_put(out, datum.name, datum.value);
	out->absent = cli_rights_json(out->info.absent & out->info.granted);
	if (!ok || !take_portrait(answer, out))
		out->rc = SJ_NO_MEMORY;
}

static void record(struct cards *c, struct sj_evidence *evidence, const struct sj_answer *answer,
		   struct counter_result *out)
{
	uint64_t number;

	if (evidence == NULL)
		return;
	out->evidence = cli_journal_record(c->journal, evidence, answer, out->rc,
					   CLI_PROOF_RETENTION, &number);
	if (out->evidence != SJ_OK)
		cli_warn(c->cli, "journal: %s [%s]", sj_strerror(out->evidence),
			 cli_failure_id(out->evidence).text);
}

static void ask(struct cards *c, const struct counter_request *request, struct sj_card *card,
		struct sj_trust *trust, struct counter_result *out)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_answer *answer = NULL;
	struct sj_evidence *evidence = NULL;

	options.timeout_ms = request->timeout_ms;
	options.only = c->only;
	options.reader_pin = request->kind == COUNTER_PAD;
	out->rc = make_access(request, &access);
	if (out->rc == SJ_OK && c->journal != NULL)
		out->rc = sj_evidence_begin(&c->row, c->terminal, &evidence);
	if (evidence != NULL) {
		options.challenge = sj_evidence_challenge;
		options.user = evidence;
	}
	if (out->rc == SJ_OK)
		out->rc = sj_service_verify(card, trust, c->terminal, &c->row, access, &options,
					    &answer);
	record(c, evidence, answer, out);
	if (out->rc == SJ_OK)
		take_answer(answer, out);
	sj_evidence_free(evidence);
	sj_answer_free(answer);
	sj_access_free(access);
}

static void read_card(void *self, const struct counter_request *request, struct counter_result *out)
{
	struct cards *c = self;
	struct sj_context *ctx = NULL;
	struct sj_trust *trust = NULL;
	struct sj_card *card = NULL;

	out->rc = sj_context_new(&ctx);
	if (out->rc == SJ_OK) {
		sj_context_find_signed(ctx, cli_find_signed, NULL);
		set_context(c, &c->reading, ctx);
		out->rc = sj_trust_open(c->config->trust, &trust);
	}
	if (out->rc == SJ_OK)
		out->rc = sj_card_wait(ctx, c->config->reader, request->timeout_ms, &card);
	if (out->rc == SJ_OK)
		ask(c, request, card, trust, out);
	sj_card_close(card);
	sj_trust_close(trust);
	set_context(c, &c->reading, NULL);
	sj_context_free(ctx);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void arm(void *self)
{
	struct cards *c = self;

	pthread_mutex_lock(&c->lock);
	c->cancelled = false;
	pthread_mutex_unlock(&c->lock);
}

static void cancel(void *self)
{
	struct cards *c = self;

	pthread_mutex_lock(&c->lock);
	c->cancelled = true;
	if (c->reading != NULL)
		sj_context_cancel(c->reading);
	pthread_mutex_unlock(&c->lock);
}

static void stop(void *self)
{
	struct cards *c = self;

	cancel(c);
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	if (c->watching != NULL)
		sj_context_cancel(c->watching);
	pthread_mutex_unlock(&c->lock);
}

static const struct counter_service *service(void *self)
{
	return &((struct cards *)self)->service;
}

/* A store without a bundle is one that was filled by hand. */
static enum sj_rc trust(void *self, int64_t now, int64_t *created)
{
	struct cards *c = self;
	struct sj_bundle_info info = { .size = sizeof(info) };
	struct sj_trust *store = NULL;
	enum sj_rc rc = sj_bundle_describe(c->config->trust, now, &info);

	if (rc == SJ_OK) {
		*created = info.created;
		return info.expired ? SJ_BUNDLE_EXPIRED : SJ_OK;
	}
	rc = rc == SJ_TRUST_MISSING ? sj_trust_open(c->config->trust, &store) : rc;
	sj_trust_close(store);
	return rc;
}

static void tidy(void *self)
{
	struct cards *c = self;
	uint64_t erased;

	if (c->erasing != NULL && cli_journal_erase_due(c->erasing, &erased) != SJ_OK)
		cli_warn(c->cli, "journal: what is due could not be erased; it is tried again");
}

static void free_cards(void *self)
{
	struct cards *c = self;

	forget_watching(c);
	cli_journal_close(c->journal);
	cli_journal_close(c->erasing);
	sj_terminal_close(c->terminal);
	json_decref(c->service.rights);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int find_service(struct cards *c)
{
	const char *name = c->config->service;
	int rc;

	if (name == NULL)
		return cli_fail(c->cli, SJ_SERVICE_UNKNOWN,
				"give --service NAME, or set it in the configuration");
	rc = cli_service_named(c->cli, name, &c->row);
	if (rc == 0 && c->row.access == SJ_SERVICE_NONE)
		rc = cli_fail(
			c->cli, SJ_INPUT_REFUSED,
			"%s: a service that asks by the card alone belongs to a gate ('sojourn "
			"gate run')",
			c->row.name);
	if (rc != 0)
		return rc;
	snprintf(c->service.name, sizeof(c->service.name), "%s", c->row.name);
	snprintf(c->service.sector, sizeof(c->service.sector), "%s", sj_sector_name(c->row.sector));
	c->service.access = c->row.access;
	c->service.retention = c->row.keep != 0 ? c->row.retention : 0;
	return 0;
}

static int find_only(struct cards *c)
{
	const char *names = cli_setting(c->cli, "only");
	int rc = names != NULL ? cli_rights_of(c->cli, "only", names, &c->only) : 0;

	c->service.rights = cli_rights_json(c->only != 0 ? c->row.rights & c->only : c->row.rights);
	return rc;
}

static int open_all(struct cards *c)
{
	const char *terminal = c->config->terminal, *journal = c->config->journal;
	int code = terminal != NULL ? cli_terminal_open(c->cli, terminal, &c->terminal) : 0;

	if (code == 0 && terminal == NULL)
		cli_warn(c->cli, "no terminal is configured: only plain documents can be read");
	if (code == 0 && journal != NULL)
		code = cli_journal_open(c->cli, journal, &c->journal);
	if (code == 0 && journal != NULL)
		code = cli_journal_open(c->cli, journal, &c->erasing);
	if (code == 0 && journal != NULL && c->row.keep != 0 &&
	    cli_journal_operator(c->journal) == NULL)
		cli_warn(
			c->cli,
			"%s has to keep data, and %s has no operator.pub: its readings are not recorded [%s]",
			c->row.name, journal, cli_failure_id(SJ_KEY_STORE).text);
	return code;
}

int counter_engine_card(struct cli *cli, const struct counter_config *config,
			struct counter_engine *out)
{
	struct cards *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	c->cli = cli;
	c->config = config;
	pthread_mutex_init(&c->lock, NULL);
	*out = (struct counter_engine){
		.self = c,
		.service = service,
		.watch = watch,
		.arm = arm,
		.read = read_card,
		.cancel = cancel,
		.stop = stop,
		.trust = trust,
		.tidy = tidy,
		.free = free_cards,
	};
	rc = find_service(c);
	if (rc == 0)
		rc = find_only(c);
	return rc != 0 ? rc : open_all(c);
}
