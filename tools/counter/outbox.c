/* outbox.c -- registrations on their way to other systems: judged, sent, sent again. */
#include <string.h>
#include <time.h>

#include "counter/counter.h"

#define RETRY_FIRST 5 /* seconds; doubled each time, */
#define RETRY_MAX 900 /* at most this */

/* --- what a registration lacks --------------------------------------------------------- */

const struct counter_target *counter_target_named(const struct counter_config *config,
						  const char *name)
{
	for (size_t i = 0; i < config->targets_n; i++) {
		if (strcmp(config->targets[i].name, name) == 0)
			return &config->targets[i];
	}
	return NULL;
}

/* The first of the names that has no text in `fields`; NULL: none. */
static const char *missing_of(const json_t *names, const json_t *fields)
{
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name)
	{
		const char *value =
			json_string_value(json_object_get(fields, json_string_value(name)));

		if (value == NULL || value[0] == '\0')
			return json_string_value(name);
	}
	return NULL;
}

void counter_outbox_judge(const struct counter_config *config, struct counter_registration *r,
			  bool changed)
{
	const struct counter_target *target;
	const char *missing;

	if (r->target[0] == '\0' && config->targets_n > 0)
		snprintf(r->target, sizeof(r->target), "%s", config->targets[0].name);
	target = counter_target_named(config, r->target);
	missing = missing_of(target != NULL ? json_object_get(target->fields, "required") : NULL,
			     r->fields);
	r->changed = (int64_t)time(NULL);
	r->attempts = 0;
	r->rc = SJ_OK;
	json_decref(r->differences);
	r->differences = NULL;
	r->next = missing == NULL && target != NULL ? r->changed : 0;
	snprintf(r->state, sizeof(r->state), "%s",
		 missing != NULL ? "Incomplete"
		 : changed       ? "Modified"
				 : "New");
	snprintf(r->note, sizeof(r->note), "%s%s", missing != NULL ? "missing: " : "",
		 missing != NULL ? missing : "");
}

/* --- sending ------------------------------------------------------------------------------ */

static void settle(struct counter_registration *r, enum sj_rc rc, int64_t now)
{
	int64_t wait = RETRY_FIRST;

	r->rc = rc;
	r->attempts++;
	r->next = 0;
	if (rc == SJ_OK)
		snprintf(r->state, sizeof(r->state), "%s",
			 strcmp(r->note, "verified") == 0 ? "Verified" : "Sent");
	else if (rc != SJ_TARGET_UNREACHABLE)
		snprintf(r->state, sizeof(r->state), "Incomplete");
	for (unsigned i = 1; i < r->attempts && wait < RETRY_MAX; i++)
		wait *= 2;
	if (rc == SJ_TARGET_UNREACHABLE)
		r->next = now + (wait < RETRY_MAX ? wait : RETRY_MAX);
}

/*
 * What a clerk changed while it was under way is not overwritten: it is sent again. False: what became of it
 * could not be kept, or it is gone.
 */
static bool keep(struct counter_outbox *outbox, struct counter_registration *sent)
{
	struct counter_registration now;
	bool kept = true;

	if (counter_store_get(outbox->store, sent->id, &now) != SJ_OK)
		return false;
	if (now.unreadable)
		kept = false;
	else if (now.changed == sent->changed && json_equal(now.fields, sent->fields) == 1)
		kept = counter_store_put(outbox->store, sent) == SJ_OK;
	counter_registration_free(&now);
	counter_hub_put(outbox->hub, COUNTER_TOPIC_LISTS,
			json_pack("{s:s}", "changed", "registrations"));
	return kept;
}

/* True: there was one, and the next may go at once. */
static bool send_next(struct counter_outbox *outbox)
{
	struct counter_registration r;
	const struct counter_target *target;
	int64_t now = (int64_t)time(NULL);
	enum sj_rc rc = SJ_TARGET_REFUSED;
	bool kept;

	if (!counter_store_due(outbox->store, now, &r))
		return false;
	target = counter_target_named(outbox->config, r.target);
	snprintf(r.note, sizeof(r.note), "%s", target == NULL ? "no such target" : "");
	if (target != NULL)
		rc = counter_target_send(target, &r);
	settle(&r, rc, (int64_t)time(NULL));
	kept = keep(outbox, &r);
	counter_registration_free(&r);
	return kept;
}

static void *send_all(void *user)
{
	struct counter_outbox *outbox = user;
	struct timespec until;

	while (!atomic_load(&outbox->stopping)) {
		if (send_next(outbox))
			continue;
		pthread_mutex_lock(&outbox->lock);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 2;
		if (!atomic_load(&outbox->stopping) && !outbox->woken)
			(void)pthread_cond_timedwait(&outbox->changed, &outbox->lock, &until);
		outbox->woken = false;
		pthread_mutex_unlock(&outbox->lock);
	}
	return NULL;
}

bool counter_outbox_start(struct counter_outbox *outbox)
{
	pthread_mutex_init(&outbox->lock, NULL);
	pthread_cond_init(&outbox->changed, NULL);
	outbox->started = pthread_create(&outbox->thread, NULL, send_all, outbox) == 0;
	return outbox->started;
}

void counter_outbox_wake(struct counter_outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	outbox->woken = true;
	pthread_cond_signal(&outbox->changed);
	pthread_mutex_unlock(&outbox->lock);
}

void counter_outbox_stop(struct counter_outbox *outbox)
{
	if (!outbox->started)
		return;
	atomic_store(&outbox->stopping, true);
	counter_outbox_wake(outbox);
	pthread_join(outbox->thread, NULL);
	pthread_cond_destroy(&outbox->changed);
	pthread_mutex_destroy(&outbox->lock);
	outbox->started = false;
}
