/* desk.c -- two threads: one watches the reader, one reads a card when it is asked to. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/portrait.h"
#include "counter/counter.h"

#define WATCH_MS 2000u
#define TRUST_SECONDS 30

static const char *const portraits[] = { "none", "coming", "drawn", "refused" };
static const char *const phases[] = { "idle", "reading", "done" };

/* --- what the page is told ------------------------------------------------------------ */

/* With the lock. */
static json_t *state_json(struct counter_desk *d)
{
	return json_pack("{s:o, s:o, s:{s:o, s:s?}, s:{s:I, s:s}, s:b, s:s}", "service",
			 counter_service_json(d->engine->service(d->engine->self)), "reader",
			 counter_presence_json(&d->presence), "trust", "reason",
			 counter_reason_json(d->trust), "created",
			 d->trust_created != 0 ? cli_time_text(d->trust_created).text : NULL,
			 "verification", "id", (json_int_t)d->id, "phase", phases[d->phase],
			 "training", d->engine->scripted, "time",
			 cli_time_text((int64_t)time(NULL)).text);
}

/* With the lock. */
static json_t *verification_json(struct counter_desk *d)
{
	json_t *o = d->phase == COUNTER_DONE ? counter_result_json(&d->result) : json_object();

	json_object_set_new(o, "id", json_integer((json_int_t)d->id));
	json_object_set_new(o, "phase", json_string(phases[d->phase]));
	if (d->phase == COUNTER_IDLE)
		return o;
	json_object_set_new(o, "started", json_string(cli_time_text(d->started).text));
	if (d->phase != COUNTER_DONE)
		return o;
	json_object_set_new(o, "done", json_string(cli_time_text(d->done).text));
	json_object_set_new(o, "portrait",
			    json_pack("{s:s, s:o}", "state", portraits[d->portrait], "reason",
				      counter_reason_json(d->png_rc)));
	json_object_set_new(o, "face",
			    d->face_told ? json_string(d->face_same ? "same" : "different")
					 : json_null());
	return o;
}

static void tell_state(struct counter_desk *d)
{
	counter_hub_put(d->hub, COUNTER_TOPIC_STATE, state_json(d));
}

static void tell_all(struct counter_desk *d)
{
	counter_hub_put(d->hub, COUNTER_TOPIC_VERIFICATION, verification_json(d));
	tell_state(d);
}

json_t *counter_desk_state(struct counter_desk *desk)
{
	json_t *o;

	pthread_mutex_lock(&desk->lock);
	o = state_json(desk);
	pthread_mutex_unlock(&desk->lock);
	return o;
}

json_t *counter_desk_verification(struct counter_desk *desk, uint64_t id)
{
	json_t *o;

	pthread_mutex_lock(&desk->lock);
	o = id != 0 && id == desk->id && desk->phase != COUNTER_IDLE ? verification_json(desk)
								     : NULL;
	pthread_mutex_unlock(&desk->lock);
	return o;
}

/* --- the reader -------------------------------------------------------------------------- */

static void *watch(void *user)
{
	struct counter_desk *d = user;
	struct counter_presence now = d->presence;

	while (!atomic_load(&d->stopping)) {
		d->engine->watch(d->engine->self, WATCH_MS, &now);
		pthread_mutex_lock(&d->lock);
		if (memcmp(&now, &d->presence, sizeof(now)) != 0) {
			d->presence = now;
			d->looked = 0; /* trust is looked at whenever something happens */
			tell_state(d);
		}
		pthread_mutex_unlock(&d->lock);
	}
	return NULL;
}

/* --- reading -------------------------------------------------------------------------------- */

/* With the lock. */
static void wipe(struct counter_desk *d)
{
	counter_result_free(&d->result);
	explicit_bzero(&d->request, sizeof(d->request));
	counter_wipe_free(d->png);
	d->png = NULL;
	d->png_len = 0;
	d->png_rc = SJ_OK;
	d->portrait = COUNTER_FACE_NONE;
	d->face_told = d->face_same = false;
}

static void log_reading(struct counter_desk *d, const struct counter_result *r)
{
	struct counter_activity a = { .time = (int64_t)time(NULL),
				      .kind = "chip",
				      .verdict = sj_verdict_name(r->rc == SJ_OK ? r->verdict
										: SJ_VERDICT_NONE),
				      .rc = r->rc == SJ_OK ? r->reason : r->rc,
				      .ms = r->statistics.wall_ms };

	counter_store_log(d->store, &a);
	counter_hub_put(d->hub, COUNTER_TOPIC_LISTS, json_pack("{s:s}", "changed", "activity"));
}

/* A portrait of a document that is not genuine is not shown: it would only persuade. */
static bool may_draw(const struct counter_result *r)
{
	return r->rc == SJ_OK && r->portrait != NULL && r->verdict != SJ_VERDICT_NOT_GENUINE &&
	       r->verdict != SJ_VERDICT_NONE;
}

/* Takes the portrait out of the result: whoever wipes that does not wait for the drawing. */
static void publish(struct counter_desk *d, struct counter_result *r, uint8_t **portrait)
{
	*portrait = may_draw(r) ? r->portrait : NULL;
	pthread_mutex_lock(&d->lock);
	wipe(d);
	d->result = *r;
	if (*portrait != NULL) {
		d->result.portrait = NULL;
		d->portrait = COUNTER_FACE_COMING;
	}
	d->done = (int64_t)time(NULL);
	d->phase = COUNTER_DONE;
	tell_all(d); /* the verdict does not wait for the picture */
	pthread_mutex_unlock(&d->lock);
}

static void read_one(struct counter_desk *d, const struct counter_request *request, uint64_t id)
{
	struct counter_result r = { 0 };
	uint8_t *portrait = NULL, *png = NULL;
	char why[CLI_PORTRAIT_WHY];
	size_t png_len = 0;
	enum sj_rc rc;

	d->engine->read(d->engine->self, request, &r);
	publish(d, &r, &portrait);
	log_reading(d, &r);
	if (portrait == NULL)
		return;
	rc = cli_portrait_png(portrait, r.portrait_len, &png, &png_len, why) ? SJ_OK
									     : SJ_IMAGE_REFUSED;
	explicit_bzero(portrait, r.portrait_len);
	free(portrait);
	pthread_mutex_lock(&d->lock);
	if (d->phase == COUNTER_DONE && d->id == id) {
		d->portrait = rc == SJ_OK ? COUNTER_FACE_DRAWN : COUNTER_FACE_REFUSED;
		d->png = png;
		d->png_len = png_len;
		d->png_rc = rc;
		png = NULL;
		counter_hub_put(d->hub, COUNTER_TOPIC_VERIFICATION, verification_json(d));
	}
	pthread_mutex_unlock(&d->lock);
	counter_wipe_free(png);
}

static void *work(void *user)
{
	struct counter_desk *d = user;
	struct counter_request request;
	uint64_t id;

	pthread_mutex_lock(&d->lock);
	while (!atomic_load(&d->stopping)) {
		if (!d->asked) {
			pthread_cond_wait(&d->changed, &d->lock);
			continue;
		}
		d->asked = false;
		request = d->request;
		explicit_bzero(&d->request, sizeof(d->request));
		id = d->id;
		pthread_mutex_unlock(&d->lock);
		read_one(d, &request, id);
		explicit_bzero(&request, sizeof(request));
		pthread_mutex_lock(&d->lock);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

enum sj_rc counter_desk_ask(struct counter_desk *desk, const struct counter_request *request,
			    uint64_t *id)
{
	enum sj_rc rc = SJ_OK;

	pthread_mutex_lock(&desk->lock);
	if (desk->phase == COUNTER_READING) {
		rc = SJ_READER_BUSY;
		goto out;
	}
	wipe(desk);
	desk->request = *request;
	desk->engine->arm(desk->engine->self);
	desk->asked = true;
	desk->phase = COUNTER_READING;
	desk->started = (int64_t)time(NULL);
	*id = ++desk->id;
	tell_all(desk);
	pthread_cond_signal(&desk->changed);
out:
	pthread_mutex_unlock(&desk->lock);
	return rc;
}

bool counter_desk_drop(struct counter_desk *desk, uint64_t id)
{
	bool found;

	pthread_mutex_lock(&desk->lock);
	found = id == desk->id && desk->phase != COUNTER_IDLE;
	if (found && desk->phase == COUNTER_READING) {
		desk->engine->cancel(desk->engine->self);
	} else if (found) {
		wipe(desk);
		desk->phase = COUNTER_IDLE;
		tell_all(desk);
	}
	pthread_mutex_unlock(&desk->lock);
	return found;
}

bool counter_desk_face(struct counter_desk *desk, uint64_t id, bool same)
{
	struct counter_activity a = { .time = (int64_t)time(NULL),
				      .kind = "face",
				      .verdict = same ? "same" : "different" };
	bool found;

	pthread_mutex_lock(&desk->lock);
	found = id == desk->id && desk->phase == COUNTER_DONE && desk->result.rc == SJ_OK;
	if (found) {
		desk->face_told = true;
		desk->face_same = same;
		counter_hub_put(desk->hub, COUNTER_TOPIC_VERIFICATION, verification_json(desk));
	}
	pthread_mutex_unlock(&desk->lock);
	if (found) {
		counter_store_log(desk->store, &a);
		counter_hub_put(desk->hub, COUNTER_TOPIC_LISTS,
				json_pack("{s:s}", "changed", "activity"));
	}
	return found;
}

bool counter_desk_portrait(struct counter_desk *desk, uint64_t id, uint8_t **png, size_t *len)
{
	*png = NULL;
	pthread_mutex_lock(&desk->lock);
	if (id == desk->id && desk->phase == COUNTER_DONE && desk->png != NULL) {
		*png = malloc(desk->png_len);
		*len = desk->png_len;
		if (*png != NULL)
			memcpy(*png, desk->png, desk->png_len);
	}
	pthread_mutex_unlock(&desk->lock);
	return *png != NULL;
}

/* What there are several of, such as entry records, becomes one text. */
static void add_datum(json_t *o, const struct counter_datum *datum)
{
	const char *before = json_string_value(json_object_get(o, datum->name));

	json_object_set_new(o, datum->name,
			    before == NULL ? json_string(datum->value)
					   : json_sprintf("%s; %s", before, datum->value));
}

json_t *counter_desk_data(struct counter_desk *desk, uint64_t id, const char **verdict)
{
	json_t *o = NULL;

	pthread_mutex_lock(&desk->lock);
	*verdict = "none";
	if (id == desk->id && desk->phase == COUNTER_DONE && desk->result.rc == SJ_OK) {
		*verdict = sj_verdict_name(desk->result.verdict);
		o = json_object();
		for (size_t i = 0; i < desk->result.data_n; i++)
			add_datum(o, &desk->result.data[i]);
	}
	if (desk->result.verdict == SJ_VERDICT_NOT_GENUINE ||
	    (desk->face_told && !desk->face_same)) {
		json_decref(o);
		o = NULL;
	}
	pthread_mutex_unlock(&desk->lock);
	return o;
}

void counter_desk_tidy(struct counter_desk *desk, int64_t now)
{
	int64_t created = 0;
	enum sj_rc trust = SJ_OK;
	bool look;

	pthread_mutex_lock(&desk->lock);
	look = now >= desk->looked + TRUST_SECONDS || now < desk->looked;
	if (look)
		desk->looked = now;
	pthread_mutex_unlock(&desk->lock);
	if (look)
		trust = desk->engine->trust(desk->engine->self, now, &created);
	pthread_mutex_lock(&desk->lock);
	if (look && (trust != desk->trust || created != desk->trust_created)) {
		desk->trust = trust;
		desk->trust_created = created;
		tell_state(desk);
	}
	if (desk->phase == COUNTER_DONE && desk->config->forget_after != 0 &&
	    now - desk->done > (int64_t)desk->config->forget_after) {
		wipe(desk);
		desk->phase = COUNTER_IDLE;
		tell_all(desk);
	}
	pthread_mutex_unlock(&desk->lock);
}

/* --- starting and stopping ------------------------------------------------------------------ */

bool counter_desk_start(struct counter_desk *desk)
{
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->changed, NULL);
	desk->ready = true;
	tell_all(desk);
	desk->watching = pthread_create(&desk->watcher, NULL, watch, desk) == 0;
	desk->working = desk->watching && pthread_create(&desk->worker, NULL, work, desk) == 0;
	return desk->working;
}

void counter_desk_stop(struct counter_desk *desk)
{
	if (!desk->ready)
		return;
	pthread_mutex_lock(&desk->lock);
	atomic_store(&desk->stopping, true);
	desk->engine->stop(desk->engine->self);
	pthread_cond_signal(&desk->changed);
	pthread_mutex_unlock(&desk->lock);
	if (desk->watching)
		pthread_join(desk->watcher, NULL);
	if (desk->working)
		pthread_join(desk->worker, NULL);
	wipe(desk);
	pthread_cond_destroy(&desk->changed);
	pthread_mutex_destroy(&desk->lock);
	desk->ready = false;
}
