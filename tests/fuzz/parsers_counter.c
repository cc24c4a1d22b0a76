/* The counter: field maps, what a target's server answers, and requests to its own API. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"
#include "tests/fuzz/failures.h"
#include "tests/unit/counter_bare.h"

#define MAP \
	"{\"required\":[\"surname\"],\"fixed\":{\"name\":[{\"use\":\"official\"}]}," \
	"\"fields\":{\"surname\":\"/name/0/family\",\"given-names\":\"/name/0/given/0\"}," \
	"\"lookup\":\"?id={surname}\",\"entries\":\"entry\"," \
	"\"compare\":{\"surname\":\"/resource/name/0/family\"},\"verified\":\"/id\"}"
#define ANSWER "{\"id\":\"p1\",\"resource\":{\"name\":[{\"family\":\"B\",\"given\":[\"C\"]}]}}"

static bool map_seed(size_t i, struct sj_writer *out)
{
	if (i > 0)
		return false;
	sj_put(out, SJ_SPAN_STR(MAP));
	return !out->failed;
}

static bool use(const json_t *map, const json_t *theirs)
{
	json_t *fields = json_pack("{s:s, s:s}", "surname", "A", "given-names", "B");
	json_t *differences = NULL, *form;
	const char *stuck = NULL;

	form = counter_map_apply(map, fields, &stuck);
	counter_map_compare(map, theirs, fields, &differences);
	json_decref(form);
	json_decref(differences);
	json_decref(fields);
	return form != NULL || stuck != NULL;
}

static bool map_run(struct sj_span in)
{
	char why[COUNTER_WHY] = "";
	json_t *map = counter_map_parse((const char *)in.ptr, in.len, why);
	json_t *theirs = json_loads(ANSWER, 0, NULL);
	bool ok = map != NULL && use(map, theirs);

	json_decref(theirs);
	json_decref(map);
	return ok;
}

static bool answer_seed(size_t i, struct sj_writer *out)
{
	if (i > 0)
		return false;
	sj_put(out, SJ_SPAN_STR(ANSWER));
	return !out->failed;
}

static bool answer_run(struct sj_span in)
{
	char why[COUNTER_WHY] = "";
	json_t *map = counter_map_parse(MAP, sizeof(MAP) - 1, why);
	json_t *theirs = json_loadb((const char *)in.ptr, in.len, 0, NULL);
	bool ok = theirs != NULL && use(map, theirs) && counter_map_text(theirs, "/id") != NULL;

	json_decref(theirs);
	json_decref(map);
	return ok;
}

/* --- the API: method (1), path (length 1), body (length 2), and the next ------------------- */

static const struct counter_service *desk_service(void *self)
{
	static struct counter_service service = { .name = "hotel-check-in",
						  .sector = "accommodation",
						  .access = SJ_SERVICE_CAN };

	(void)self;
	fuzz_calm_begin();
	if (service.rights == NULL)
		service.rights = json_pack("[s]", "name");
	fuzz_calm_end();
	return &service;
}

static void desk_nothing(void *self)
{
	(void)self;
}

/* A counter without threads: a reading is done when the next request comes. */
struct room {
	struct counter_engine engine;
	struct counter_target *target;
	struct counter counter;
	struct cli cli;
	bool dropped; /* the last reading, at the end */
};

/* The connection that a store has of its own, as SQLite shows it to extensions. */
static sqlite3 **connection(void)
{
	static sqlite3 *sql;

	return &sql;
}

static int on_connection(sqlite3 *sql, char **why, const void *functions)
{
	(void)why;
	(void)functions;
	*connection() = sql;
	return SQLITE_OK;
}

/* A store without rows, whose tables are made once. */
static struct counter_store *empty_store(struct cli *cli)
{
	static struct counter_store *store;

	if (store == NULL) {
		if (sqlite3_auto_extension((void (*)(void))on_connection) != SQLITE_OK ||
		    counter_store_open(cli, ":memory:", &store) != 0)
			abort();
		fuzz_stays();
	}
	if (sqlite3_exec(
		    *connection(),
		    "DELETE FROM activity; DELETE FROM registration; DELETE FROM sqlite_sequence",
		    NULL, NULL, NULL) != SQLITE_OK)
		abort();
	return store;
}

static bool room_open(struct room *r)
{
	struct counter *c = &r->counter;
	char why[COUNTER_WHY] = "";

	*r = (struct room){
		.engine = { .service = desk_service, .arm = desk_nothing, .cancel = desk_nothing }
	};
	r->target = &c->config.targets[0];
	fuzz_calm_begin();
	r->target->name = strdup("pms");
	r->target->fields = counter_map_parse(MAP, sizeof(MAP) - 1, why);
	c->config.targets_n = 1;
	c->config.read_timeout = c->config.retention = c->config.activity = 60;
	counter_bare_begin(c, &r->engine);
	r->cli.err = stderr;
	c->store = c->desk.store = c->outbox.store = empty_store(&r->cli);
	fuzz_calm_end();
	return true;
}

static void room_close(struct room *r)
{
	struct counter *c = &r->counter;

	if (c->desk.phase == COUNTER_DONE)
		r->dropped = counter_desk_drop(&c->desk, c->desk.id);
	counter_bare_end(c);
}

/* What the worker would have read. */
static void finish_reading(struct counter_desk *d)
{
	if (d->phase != COUNTER_READING)
		return;
	d->asked = false;
	d->result.verdict = SJ_VERDICT_GENUINE;
	(void)(counter_result_put(&d->result, "surname", "ERIKSSON") &&
	       counter_result_put(&d->result, "given-names", "ANNA"));
	d->phase = COUNTER_DONE;
	d->done = 1;
}

static bool ask(struct counter *c, uint8_t method, const char *path, struct sj_span body)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
	struct counter_call call = { .counter = c, .token = "x" };
	char route[64], *text;

	if (!counter_route(path, route, &call.id))
		return false;
	if (body.len > 0)
		call.body =
			json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
	if (body.len == 0 || json_is_object(call.body))
		counter_api(&call, methods[method % 4], route);
	text = json_dumps(call.answer, JSON_ENCODE_ANY);
	free(text);
	json_decref(call.answer);
	json_decref(call.body);
	free(call.png);
	return call.status >= 200 && call.status < 300;
}

static bool api_run(struct sj_span in)
{
	struct room *r = malloc(sizeof(*r));
	struct sj_span path, body;
	uint32_t method, n, m;
	char text[256];
	bool all = r != NULL && room_open(r);

	if (r == NULL)
		return false;
	while (sj_take_be(&in, 1, &method) && sj_take_be(&in, 1, &n) && sj_take(&in, n, &path) &&
	       sj_take_be(&in, 2, &m) && sj_take(&in, m, &body)) {
		memcpy(text, path.ptr, path.len);
		text[path.len] = '\0';
		all &= ask(&r->counter, (uint8_t)method, text, body);
		finish_reading(&r->counter.desk);
	}
	room_close(r);
	free(r);
	return all && in.len == 0;
}

static void put_request(struct sj_writer *w, uint8_t method, const char *path, const char *body)
{
	sj_put_u8(w, method);
	sj_put_u8(w, (uint8_t)strlen(path));
	sj_put(w, sj_span((const uint8_t *)path, strlen(path)));
	sj_put_be(w, 2, (uint32_t)strlen(body));
	sj_put(w, sj_span((const uint8_t *)body, strlen(body)));
}

enum { GET, POST, PUT, DELETE };

static bool api_seed(size_t i, struct sj_writer *w)
{
	if (i == 0) {
		put_request(w, GET, "/api/v1/state", "");
		put_request(
			w, POST, "/api/v1/verifications",
			"{\"consent\":true,\"access\":{\"kind\":\"can\",\"value\":\"123456\"}}");
		put_request(w, GET, "/api/v1/verifications/1", "");
		put_request(w, POST, "/api/v1/verifications/1/face", "{\"same\":true}");
		put_request(w, POST, "/api/v1/registrations", "{\"verification\":1}");
		put_request(w, POST, "/api/v1/registrations/1/send", "{\"override\":true}");
		put_request(w, DELETE, "/api/v1/verifications/1", "");
	} else {
		put_request(w, POST, "/api/v1/registrations",
			    "{\"fields\":{\"surname\":\"A\"},\"target\":\"pms\",\"party\":null}");
		put_request(w, PUT, "/api/v1/registrations/1",
			    "{\"fields\":{\"given-names\":\"B\"}}");
		put_request(w, GET, "/api/v1/registrations/1", "");
		put_request(w, GET, "/api/v1/registrations", "");
		put_request(w, POST, "/api/v1/manual",
			    "{\"mrz\":\"I<UTOD231458907<<<<<<<<<<<<<<<\"}");
		put_request(w, GET, "/api/v1/activity", "");
		put_request(w, POST, "/api/v1/logout", "{}");
		put_request(w, DELETE, "/api/v1/registrations/1", "");
	}
	return i < 2 && !w->failed;
}

struct fuzz_room fuzz_counter(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "counter-map", map_seed, map_run },
		{ "counter-answer", answer_seed, answer_run },
		{ "counter-api", api_seed, api_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
