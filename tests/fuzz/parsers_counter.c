/* The counter: field maps, what a target's server answers, and requests to its own API. */
#include <microhttpd.h>
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
	json_t *map, *theirs = json_loads(ANSWER, 0, NULL);
	bool ok = counter_map_parse((const char *)in.ptr, in.len, &map, why) == SJ_OK &&
		  use(map, theirs);

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
	json_t *map, *theirs = json_loadb((const char *)in.ptr, in.len, 0, NULL);
	bool ok = counter_map_parse(MAP, sizeof(MAP) - 1, &map, why) == SJ_OK && theirs != NULL &&
		  use(map, theirs) && counter_map_text(theirs, "/id") != NULL;

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
	bool ok;

	*r = (struct room){
		.engine = { .service = desk_service, .arm = desk_nothing, .cancel = desk_nothing }
	};
	r->target = &c->config.targets[0];
	fuzz_calm_begin();
	r->target->name = strdup("pms");
	ok = counter_map_parse(MAP, sizeof(MAP) - 1, &r->target->fields, why) == SJ_OK;
	c->config.targets_n = 1;
	c->config.read_timeout = c->config.retention = c->config.activity = 60;
	counter_bare_begin(c, &r->engine);
	r->cli.err = stderr;
	c->store = c->desk.store = c->outbox.store = empty_store(&r->cli);
	fuzz_calm_end();
	return ok;
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

/* --- the door: requests as the server hands them over ------------------------------------------------------ */

/*
 * An input is requests: method (1), path (length 1), how many headers (1), each its name (1) and value
 * (length 1), and pieces of the body (length 2) until an empty one.
 */
#define HEADERS 8u
#define TOKEN "0123456789abcdef0123456789abcdef"
#define PORT 7411

static const char *const header_names[] = {
	MHD_HTTP_HEADER_HOST,
	MHD_HTTP_HEADER_AUTHORIZATION,
	"Origin",
	"Sec-Fetch-Site",
	MHD_HTTP_HEADER_CONTENT_LENGTH,
	MHD_HTTP_HEADER_CONTENT_TYPE,
	MHD_HTTP_HEADER_TRANSFER_ENCODING,
	"X-Other",
};
#define HEADER_NAMES (sizeof(header_names) / sizeof(header_names[0]))

struct MHD_Connection {
	const char *names[HEADERS];
	char values[HEADERS][256];
	unsigned n, status; /* 0: nothing was answered */
};

/* The server that counter_http_start() makes. */
struct door {
	MHD_AccessHandlerCallback handle;
	MHD_RequestCompletedCallback completed;
	void *user;
};

static struct door *door(void)
{
	static struct door d;

	return &d;
}

/* The linker knows them by these names (--wrap). */
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback a, void *b,
					   MHD_AccessHandlerCallback handle, void *user, ...);
void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon);
__typeof__(MHD_lookup_connection_value) __wrap_MHD_lookup_connection_value;
__typeof__(MHD_queue_response) __wrap_MHD_queue_response;
enum MHD_Result __wrap_MHD_set_connection_option(struct MHD_Connection *c,
						 enum MHD_CONNECTION_OPTION o, ...);
__typeof__(counter_pages_find) __wrap_counter_pages_find;

struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port,
					   MHD_AcceptPolicyCallback a, void *b,
					   MHD_AccessHandlerCallback handle, void *user, ...)
{
	va_list rest;
	int option;

	(void)flags;
	(void)port;
	(void)a;
	(void)b;
	*door() = (struct door){ .handle = handle, .user = user };
	va_start(rest, user);
	while ((option = va_arg(rest, int)) != MHD_OPTION_NOTIFY_COMPLETED)
		if (option == MHD_OPTION_CONNECTION_MEMORY_LIMIT)
			(void)va_arg(rest, size_t);
		else if (option == MHD_OPTION_SOCK_ADDR)
			(void)va_arg(rest, struct sockaddr *);
		else
			(void)va_arg(rest, unsigned);
	door()->completed = va_arg(rest, MHD_RequestCompletedCallback);
	va_end(rest);
	return (struct MHD_Daemon *)door();
}

void __wrap_MHD_stop_daemon(struct MHD_Daemon *daemon)
{
	(void)daemon;
}

const char *__wrap_MHD_lookup_connection_value(struct MHD_Connection *c, enum MHD_ValueKind kind,
					       const char *name)
{
	(void)kind;
	for (unsigned i = 0; i < c->n; i++)
		if (strcasecmp(c->names[i], name) == 0)
			return c->values[i];
	return NULL;
}

enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *c, unsigned status,
					  struct MHD_Response *r)
{
	(void)r;
	if (c->status != 0)
		abort(); /* twice */
	if (fuzz_fails(FUZZ_MEMORY))
		return MHD_NO;
	c->status = status;
	return MHD_YES;
}

enum MHD_Result __wrap_MHD_set_connection_option(struct MHD_Connection *c,
						 enum MHD_CONNECTION_OPTION o, ...)
{
	(void)c;
	(void)o;
	return MHD_YES;
}

const struct counter_page *__wrap_counter_pages_find(const struct counter_pages *pages,
						     const char *path)
{
	static uint8_t bytes[] = "<!doctype html>";
	static const struct counter_page page = { "/", "text/html", bytes, sizeof(bytes) - 1 };

	(void)pages;
	return strcmp(path, page.path) == 0 ? &page : NULL;
}

static bool is_one_of(const char *text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (text != NULL && strcmp(text, *list) == 0)
			return true;
	return false;
}

/* Who was let in had to be: our own name, no other origin, and the token for all but logging in. */
static void judge_answer(struct MHD_Connection *c, const char *method, const char *path)
{
	static const char *const hosts[] = { "127.0.0.1:7411", "[::1]:7411", "localhost:7411",
					     NULL };
	static const char *const sites[] = { "same-origin", "none", NULL };
	const bool api = strncmp(path, "/api/", 5) == 0;
	const char *host = __wrap_MHD_lookup_connection_value(c, MHD_HEADER_KIND, "host"),
		   *origin = __wrap_MHD_lookup_connection_value(c, MHD_HEADER_KIND, "origin"),
		   *site = __wrap_MHD_lookup_connection_value(c, MHD_HEADER_KIND, "sec-fetch-site"),
		   *token = __wrap_MHD_lookup_connection_value(c, MHD_HEADER_KIND, "authorization");

	if (c->status == 0 || c->status >= 300)
		return;
	if (!is_one_of(host, hosts) || (api && site != NULL && !is_one_of(site, sites)))
		abort();
	if (origin != NULL && (strncmp(origin, "http://", 7) != 0 || strcmp(origin + 7, host) != 0))
		abort();
	if (api && (strcmp(method, "POST") != 0 || strcmp(path, "/api/v1/login") != 0) &&
	    (token == NULL || strcmp(token, "Bearer " TOKEN) != 0))
		abort();
}

static bool take_headers(struct sj_span *in, struct MHD_Connection *c)
{
	struct sj_span value;
	uint32_t n, name, len;

	*c = (struct MHD_Connection){ 0 };
	if (!sj_take_be(in, 1, &n))
		return false;
	for (; c->n < n && c->n < HEADERS; c->n++) {
		if (!sj_take_be(in, 1, &name) || !sj_take_be(in, 1, &len) ||
		    !sj_take(in, len, &value))
			return false;
		c->names[c->n] = header_names[name % HEADER_NAMES];
		if (value.len > 0)
			memcpy(c->values[c->n], value.ptr, value.len);
	}
	return true;
}

/* Pieces of the body, unless it was answered before them; then the end. False: the input is cut short. */
static bool hand_over(struct sj_span *in, struct MHD_Connection *c, const char *method,
		      const char *path)
{
	const struct door *d = door();
	struct sj_span piece = { NULL, 0 };
	void *state = NULL;
	uint32_t n = 0;
	size_t len = 0;
	enum MHD_Result rc = d->handle(d->user, c, path, method, "HTTP/1.1", NULL, &len, &state);
	bool whole;

	while ((whole = sj_take_be(in, 2, &n) && sj_take(in, n, &piece)) && n > 0) {
		char *bytes = malloc(n); /* it is wiped */

		len = bytes != NULL ? n : 0;
		if (len > 0)
			memcpy(bytes, piece.ptr, n);
		if (len > 0 && rc == MHD_YES && c->status == 0)
			rc = d->handle(d->user, c, path, method, "HTTP/1.1", bytes, &len, &state);
		free(bytes);
	}
	len = 0;
	if (rc == MHD_YES && c->status == 0)
		rc = d->handle(d->user, c, path, method, "HTTP/1.1", NULL, &len, &state);
	if (rc == MHD_YES && c->status == 0)
		abort(); /* it would wait for ever */
	d->completed(d->user, c, &state, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	return whole;
}

static bool door_run(struct sj_span in)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "HEAD", "get", "" };
	struct room *r = malloc(sizeof(*r));
	struct MHD_Connection c;
	struct sj_span path;
	uint32_t method, n;
	char text[256];
	bool all = r != NULL && room_open(r);

	if (r == NULL)
		return false;
	r->counter.config.port = PORT;
	r->counter.config.address = (char *)(uintptr_t) "127.0.0.1";
	memcpy(r->counter.auth.api, TOKEN, sizeof(TOKEN));
	all = all && counter_http_start(&r->counter) == 0;
	while (sj_take_be(&in, 1, &method) && sj_take_be(&in, 1, &n) && sj_take(&in, n, &path) &&
	       take_headers(&in, &c)) {
		memcpy(text, path.ptr, path.len);
		text[path.len] = '\0';
		all &= hand_over(&in, &c, methods[method % 7], text);
		all &= c.status >= 200 && c.status < 300;
		judge_answer(&c, methods[method % 7], text);
		finish_reading(&r->counter.desk);
	}
	r->counter.config.address = NULL;
	room_close(r);
	free(r);
	return all && in.len == 0;
}

static void put_text(struct sj_writer *w, size_t length, const char *text)
{
	sj_put_be(w, length, (uint32_t)strlen(text));
	sj_put(w, sj_span((const uint8_t *)text, strlen(text)));
}

/* By a page of ours. */
static void put_asked(struct sj_writer *w, uint8_t method, const char *path, const char *body)
{
	char length[24];

	snprintf(length, sizeof(length), "%zu", strlen(body));
	sj_put_u8(w, method);
	put_text(w, 1, path);
	sj_put_u8(w, body[0] != '\0' ? 6 : 4);
	sj_put_u8(w, 0);
	put_text(w, 1, "localhost:7411");
	sj_put_u8(w, 1);
	put_text(w, 1, "Bearer " TOKEN);
	sj_put_u8(w, 2);
	put_text(w, 1, "http://localhost:7411");
	sj_put_u8(w, 3);
	put_text(w, 1, "same-origin");
	if (body[0] != '\0') {
		sj_put_u8(w, 4);
		put_text(w, 1, length);
		sj_put_u8(w, 5);
		put_text(w, 1, "application/json; charset=utf-8");
		put_text(w, 2, body);
	}
	sj_put_be(w, 2, 0);
}

static bool door_seed(size_t i, struct sj_writer *w)
{
	if (i == 0) {
		put_asked(w, GET, "/", "");
		put_asked(w, GET, "/api/v1/state", "");
		put_asked(w, GET, "/api/v1/events", "");
	} else {
		put_asked(w, POST, "/api/v1/registrations",
			  "{\"fields\":{\"surname\":\"A\"},\"target\":\"pms\",\"party\":null}");
		put_asked(w, PUT, "/api/v1/registrations/1",
			  "{\"fields\":{\"given-names\":\"B\"}}");
		put_asked(w, DELETE, "/api/v1/registrations/1", "");
	}
	return i < 2 && !w->failed;
}

struct fuzz_room fuzz_counter(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "counter-map", map_seed, map_run },
		{ "counter-answer", answer_seed, answer_run },
		{ "counter-api", api_seed, api_run },
		{ "counter-http", door_seed, door_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
