/* lane.c -- one reader: wait for a card, decide, open, tell, wait until it is gone. */
#include <errno.h>
#include <string.h>

#include "gate/tool_run.h"

#define WAIT_MS 5000u /* a wait for a card, then the lane shows that it lives */
#define TAP_MS 3000u
#define AGAIN_MS 500
#define SIGNAL_MS 150 /* after the decision, however long the card takes to finish */
#define GONE_MS 1000u

/* --- the holder's signal ------------------------------------------------------------ */

static void *signal_main(void *user)
{
	struct gate_lane *lane = user;

	pthread_mutex_lock(&lane->lock);
	while (!atomic_load(&lane->run->stopping) || lane->signal == GATE_SIGNAL_DUE) {
		if (lane->signal == GATE_SIGNAL_IDLE) {
			pthread_cond_wait(&lane->changed, &lane->lock);
		} else if (pthread_cond_timedwait(&lane->changed, &lane->lock, &lane->signal_at) ==
			   ETIMEDOUT) {
			lane->signal = GATE_SIGNAL_IDLE;
			gate_output(&lane->run->output, "signal", lane->signal_reader,
				    lane->signal_decision);
		}
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

static void signal_due(struct gate_lane *lane, const char *reader, const char *decision)
{
	pthread_mutex_lock(&lane->lock);
	clock_gettime(CLOCK_MONOTONIC, &lane->signal_at);
	lane->signal_at.tv_nsec += SIGNAL_MS * 1000000L;
	if (lane->signal_at.tv_nsec >= 1000000000L) {
		lane->signal_at.tv_nsec -= 1000000000L;
		lane->signal_at.tv_sec++;
	}
	lane->signal_decision = decision;
	snprintf(lane->signal_reader, sizeof(lane->signal_reader), "%s", reader);
	lane->signal = GATE_SIGNAL_DUE;
	pthread_cond_signal(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
}

/* Step 3 is answered, or will not be: signals now unless the time has done so. */
static void signal_now(struct gate_lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	if (lane->signal == GATE_SIGNAL_DUE) {
		lane->signal = GATE_SIGNAL_IDLE;
		gate_output(&lane->run->output, "signal", lane->signal_reader,
			    lane->signal_decision);
		pthread_cond_signal(&lane->changed);
	}
	pthread_mutex_unlock(&lane->lock);
}

/* --- a tap --------------------------------------------------------------------------- */

struct tap {
	struct gate_lane *lane;
	const char *reader;
	bool decided;
	struct sj_gate_verdict verdict;
};

/* At the decision, before anything else: the barrier does not wait for what follows. */
static void decided(void *user, const struct sj_gate_verdict *verdict)
{
	struct tap *tap = user;
	const char *decision = sj_gate_decision_name(verdict->decision);

	if (verdict->decision == SJ_GATE_OPEN)
		gate_output(&tap->lane->run->output, "open", tap->reader, decision);
	tap->decided = true;
	tap->verdict = *verdict;
	signal_due(tap->lane, tap->reader, decision);
}

static void run_tap(struct gate_lane *lane, struct sj_card *card)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct tap tap = { lane, sj_card_reader(card), false, { .size = sizeof(tap.verdict) } };
	struct gate_run *run = lane->run;

	r.kind = SJ_JOURNAL_TAP;
	r.time = (int64_t)time(NULL);
	snprintf(r.reader, sizeof(r.reader), "%s", tap.reader);
	pthread_rwlock_rdlock(&run->gate_lock);
	r.rc = sj_gate_run(run->gate, card, TAP_MS, decided, &tap, &r.verdict, &r.times);
	pthread_rwlock_unlock(&run->gate_lock);
	signal_now(lane);
	r.decided = tap.decided;
	if (tap.decided) {
		r.verdict = tap.verdict;
		r.rc = SJ_OK;
	}
	gate_log_add(&run->log, &r);
	gate_say(&run->say, gate_record_json(&r));
	gate_wipe(&r, sizeof(r));
	gate_wipe(&tap.verdict, sizeof(tap.verdict));
}

/* --- cards and readers come and go ------------------------------------------------------ */

static bool find(const struct sj_readers *list, const char *reader, struct sj_reader_info *out)
{
	out->size = sizeof(*out);
	for (size_t i = 0; list != NULL && sj_readers_get(list, i, out); i++) {
		if (strcmp(out->name, reader) == 0)
			return true;
	}
	return false;
}

/* Not there, or there again: a card can come back before anybody has looked. */
static bool was_taken(const struct sj_readers *before, const struct sj_readers *now,
		      const char *reader)
{
	struct sj_reader_info then, info;

	return !find(now, reader, &info) || !info.card_present ||
	       (find(before, reader, &then) && info.events != then.events);
}

static void beat(struct gate_lane *lane)
{
	atomic_store(&lane->beat, (long long)time(NULL));
}

/* One tap a presentation. `list`: as it was then, or NULL; it is freed. */
static enum sj_rc wait_gone(struct gate_lane *lane, const char *reader, struct sj_readers *list)
{
	struct sj_readers *now = NULL;
	enum sj_rc rc = SJ_OK;
	bool there = true;

	while (there && !atomic_load(&lane->run->stopping)) {
		beat(lane);
		rc = sj_readers_wait(lane->ctx, list, GONE_MS, &now);
		if (rc == SJ_TIMED_OUT)
			continue;
		if (rc != SJ_OK)
			break;
		there = !was_taken(list, now, reader);
		sj_readers_free(list);
		list = now;
	}
	sj_readers_free(list);
	return rc == SJ_TIMED_OUT ? SJ_OK : rc;
}

static void tell(struct gate_lane *lane, enum sj_rc rc)
{
	const char *name = lane->reader != NULL ? lane->reader : "any reader";

	if (rc == lane->told)
		return;
	lane->told = rc;
	if (rc == SJ_OK)
		cli_note(lane->run->cli, "%s: works again", name);
	else
		cli_warn(lane->run->cli, "%s: %s Tried again until it works. [%s]", name,
			 sj_strerror(rc), cli_failure_id(rc).text);
	gate_say(&lane->run->say,
		 json_pack("{s:s, s:s, s:s, s:s*}", "event", rc == SJ_OK ? "reader" : "reader-lost",
			   "time", cli_time_text((int64_t)time(NULL)).text, "reader", name, "id",
			   rc == SJ_OK ? NULL : cli_failure_id(rc).text));
}

/* What only says that there is no card to decide on. */
static bool is_no_card(enum sj_rc rc)
{
	return rc == SJ_NO_CARD || rc == SJ_CARD_MUTE || rc == SJ_NOT_A_DOCUMENT ||
	       rc == SJ_CARD_LOST;
}

static enum sj_rc serve(struct gate_lane *lane)
{
	char reader[SJ_READER_NAME_MAX];
	struct sj_readers *list = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(lane->ctx, lane->reader, WAIT_MS, &card);

	beat(lane);
	if (rc == SJ_OK || is_no_card(rc))
		tell(lane, SJ_OK);
	if (rc != SJ_OK)
		return is_no_card(rc) ? SJ_OK : rc;
	snprintf(reader, sizeof(reader), "%s", sj_card_reader(card));
	(void)sj_readers_list(lane->ctx, GONE_MS, &list);
	run_tap(lane, card);
	sj_card_close(card);
	return wait_gone(lane, reader, list);
}

static void change_context(struct gate_lane *lane, struct sj_context *ctx)
{
	struct sj_context *old;

	pthread_mutex_lock(&lane->lock);
	old = lane->ctx;
	lane->ctx = ctx;
	pthread_mutex_unlock(&lane->lock);
	sj_context_free(old);
}

/* PC/SC contexts die with the service: after a failure the lane begins with a new one. */
static void *lane_main(void *user)
{
	struct gate_lane *lane = user;
	const struct timespec pause = { 0, AGAIN_MS * 1000000L };
	struct sj_context *ctx = NULL;
	enum sj_rc rc;

	while (!atomic_load(&lane->run->stopping)) {
		rc = lane->ctx != NULL ? SJ_OK : sj_context_new(&ctx);
		if (rc == SJ_OK && lane->ctx == NULL)
			change_context(lane, ctx);
		if (rc == SJ_OK)
			rc = serve(lane);
		if (rc == SJ_OK || rc == SJ_CANCELLED)
			continue;
		beat(lane);
		tell(lane, rc);
		change_context(lane, NULL);
		nanosleep(&pause, NULL);
	}
	change_context(lane, NULL);
	return NULL;
}

/* --- starting and stopping ----------------------------------------------------------------- */

static bool locks_make(struct gate_lane *lane)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&lane->lock, NULL);
	if (pthread_condattr_init(&attributes) != 0)
		return false;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	return pthread_cond_init(&lane->changed, &attributes) == 0;
}

bool gate_lane_start(struct gate_lane *lane, struct gate_run *run, const char *reader)
{
	lane->run = run;
	lane->reader = reader;
	beat(lane);
	if (!locks_make(lane) || pthread_create(&lane->signaller, NULL, signal_main, lane) != 0)
		return false;
	if (pthread_create(&lane->thread, NULL, lane_main, lane) == 0) {
		lane->started = true;
		return true;
	}
	atomic_store(&run->stopping, true);
	pthread_cond_signal(&lane->changed);
	pthread_join(lane->signaller, NULL);
	return false;
}

void gate_lane_stop(struct gate_lane *lane)
{
	if (!lane->started)
		return;
	pthread_mutex_lock(&lane->lock);
	if (lane->ctx != NULL)
		sj_context_cancel(lane->ctx);
	pthread_cond_signal(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	pthread_join(lane->thread, NULL);
	pthread_mutex_lock(&lane->lock);
	pthread_cond_signal(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	pthread_join(lane->signaller, NULL);
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	lane->started = false;
}
