/* The counter's API without its server: what a request may say, and what becomes of it. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cli/frame.h"
#include "tests/failures/folder.h"
#include "tests/unit/counter_bare.h"

#define API "/api/v1"
#define ZONE \
	"I<UTOD231458907<<<<<<<<<<<<<<<\\n7408122F1204159UTO<<<<<<<<<<<6\\nERIKSSON<<ANNA<MARIA<<" \
	"<<<<<<<<"

static const struct counter_service *service(void *self)
{
	static struct counter_service hotel = { .name = "hotel-check-in",
						.sector = "accommodation",
						.access = SJ_SERVICE_CAN };

	(void)self;
	if (hotel.rights == NULL)
		hotel.rights = json_pack("[s]", "name");
	return &hotel;
}

static void nothing(void *self)
{
	(void)self;
}

/* A counter with a store in memory and one target, without threads. */
static int open_counter(void **state)
{
	static struct cli cli;
	struct counter *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	cli.err = stderr;
	c->engine =
		(struct counter_engine){ .service = service, .arm = nothing, .cancel = nothing };
	c->config.targets[0].name = strdup("pms");
	c->config.targets_n = 1;
	c->config.activity = 60;
	counter_bare_begin(c, &c->engine);
	assert_int_equal(counter_store_open(&cli, ":memory:", &c->store), 0);
	c->desk.store = c->outbox.store = c->store;
	*state = c;
	return 0;
}

static int close_counter(void **state)
{
	struct counter *c = *state;

	if (c->desk.id != 0)
		assert_true(counter_desk_drop(&c->desk, c->desk.id));
	counter_store_close(c->store);
	counter_bare_end(c);
	free(c);
	return 0;
}

static unsigned ask(struct counter *c, const char *method, const char *path, const char *body)
{
	struct counter_call call = { .counter = c, .token = "x" };
	char route[64];

	assert_true(counter_route(path, route, &call.id));
	call.body = body != NULL ? json_loads(body, JSON_REJECT_DUPLICATES, NULL) : NULL;
	assert_true(body == NULL || json_is_object(call.body));
	counter_api(&call, method, route);
	assert_non_null(call.answer);
	json_decref(call.answer);
	json_decref(call.body);
	return call.status;
}

struct request {
	const char *method, *path, *body;
	unsigned status;
};

static void try_all(struct counter *c, const struct request *r)
{
	for (; r->method != NULL; r++)
		assert_int_equal(ask(c, r->method, r->path, r->body), r->status);
}

static int wants; /* that many are lacking, once `until` have been had */
static int until;

static void *lack(size_t size)
{
	if (until > 0) {
		until--;
		return malloc(size);
	}
	return wants > 0 && wants-- > 0 ? NULL : malloc(size);
}

/* What cannot be read whole is not put back, and what cannot be written whole is not written. */
static void nothing_of_a_registration_is_lost_for_want_of_memory(void **state)
{
	struct counter *c = *state;
	struct counter_registration r = { .state = "New",
					  .fields = json_pack("{s:s}", "surname", "NG"),
					  .differences = json_pack("{s:s}", "surname", "NO") },
				    now;
	enum sj_rc rc = SJ_NO_MEMORY;

	assert_int_equal(counter_store_put(c->store, &r), SJ_OK);
	json_set_alloc_funcs(lack, free);
	for (int at = 0;; at++) {
		until = at;
		wants = INT_MAX;
		rc = counter_store_get(c->store, r.id, &now);
		if (wants == INT_MAX)
			break;
		assert_int_equal(rc, SJ_NO_MEMORY);
		assert_null(now.fields);
	}
	assert_int_equal(rc, SJ_OK);
	assert_true(json_equal(now.fields, r.fields) && json_equal(now.differences, r.differences));
	counter_registration_free(&now);
	json_set_alloc_funcs(malloc, free);
	json_object_set_new(r.fields, "surname", json_string("OTHER"));
	json_set_alloc_funcs(lack, free);
	until = 0;
	wants = 1;
	assert_int_equal(counter_store_put(c->store, &r), SJ_NO_MEMORY);
	json_set_alloc_funcs(malloc, free);
	counter_registration_free(&r);
	assert_int_equal(counter_store_get(c->store, 1, &now), SJ_OK);
	assert_string_equal(json_string_value(json_object_get(now.fields, "surname")), "NG");
	counter_registration_free(&now);
}

static int64_t put_due(struct counter *c)
{
	struct counter_registration r = { .state = "New",
					  .next = 1,
					  .fields = json_pack("{s:s}", "surname", "NG") };

	assert_int_equal(counter_store_put(c->store, &r), SJ_OK);
	json_decref(r.fields);
	return r.id;
}

static void check_answer(const struct counter_call *call)
{
	const json_t *reason = json_object_get(json_object_get(call->answer, "error"), "reason");

	if (call->status == 200)
		return;
	assert_int_equal(call->status, 503);
	if (reason != NULL)
		assert_string_equal(json_string_value(json_object_get(reason, "id")), "SJ-0102");
}

static void want_of_memory_is_not_taken_for_absence(void **state)
{
	static const char *const paths[] = { API "/registrations/1", API "/registrations" };
	unsigned told = 0;
	char route[64];

	assert_int_equal(put_due(*state), 1);
	for (int i = 0; i < 4; i++) {
		struct counter_call call = { .counter = *state, .token = "x" };

		assert_true(counter_route(paths[i / 2], route, &call.id));
		for (int at = 0; call.status != 200; at++) {
			json_set_alloc_funcs(lack, free);
			until = at;
			wants = i % 2 == 0 ? 1 : INT_MAX;
			counter_api(&call, "GET", route);
			json_set_alloc_funcs(malloc, free);
			check_answer(&call);
			told += call.status == 503 && call.answer != NULL;
			json_decref(call.answer);
			call.answer = NULL;
		}
	}
	assert_true(told > 0);
}

/* Another program writes into the file of the store. */
static void spoil(const char *path, const char *set)
{
	sqlite3 *sql = NULL;
	char text[128];

	snprintf(text, sizeof(text), "UPDATE registration SET %s WHERE id = 1", set);
	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
}

static void check_spoilt(struct counter *c)
{
	struct counter_registration r;
	json_t *list;

	assert_true(counter_store_due(c->store, 2, &r));
	assert_int_equal(r.id, 2);
	counter_registration_free(&r);
	assert_int_equal(counter_store_get(c->store, 1, &r), SJ_OK);
	assert_true(r.unreadable && json_object_size(r.fields) == 0);
	counter_registration_free(&r);
	assert_int_equal(counter_store_list(c->store, &list), SJ_OK);
	assert_int_equal(json_array_size(list), 2);
	json_decref(list);
}

/* It is shown, not sent; those behind it are. Who types it anew has it right again. */
static void what_cannot_be_read_holds_nothing_up(void **state)
{
	static const char *const spoilt[] = { "fields = '{'",
					      "fields = '[]'",
					      "fields = '{\"surname\":\"\\u0000\"}'",
					      "fields = ''",
					      "fields = '{\"surname\":1e999}'",
					      "differences = '5'",
					      "note = CAST(X'FF' AS TEXT)",
					      "target = CAST(X'C3' AS TEXT)" };
	static const struct request asked[] = {
		{ "GET", API "/registrations/1", NULL, 200 },
		{ "POST", API "/registrations/1/send", NULL, 409 },
		{ "PUT", API "/registrations/1", "{\"fields\":{\"surname\":\"LEE\"}}", 200 },
		{ "POST", API "/registrations/1/send", NULL, 200 },
		{ NULL, NULL, NULL, 0 },
	};
	static const struct request erased[] = {
		{ "DELETE", API "/registrations/1", NULL, 200 },
		{ "DELETE", API "/registrations/1", NULL, 404 },
		{ NULL, NULL, NULL, 0 },
	};
	char directory[] = "/tmp/sojourn-counter-XXXXXX", path[64];
	struct counter *c = *state;
	struct cli cli = { .err = stderr };

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/store", directory);
	counter_store_close(c->store);
	assert_int_equal(counter_store_open(&cli, path, &c->store), 0);
	c->desk.store = c->outbox.store = c->store;
	assert_int_equal(put_due(c), 1);
	assert_int_equal(put_due(c), 2);
	for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
		spoil(path, "next = 1");
		spoil(path, spoilt[i]);
		check_spoilt(c);
		try_all(c, asked);
	}
	spoil(path, spoilt[0]);
	try_all(c, erased);
	folder_empty(directory, true);
}

static void a_login_wants_the_code(void **state)
{
	static const struct request all[] = {
		{ "POST", API "/login", NULL, 400 },
		{ "POST", API "/login", "{\"code\":7}", 400 },
		{ "POST", API "/login", "{\"code\":\"a\",\"more\":1}", 400 },
		{ "POST", API "/login", "{\"code\":\"guess\"}", 401 },
		{ "POST", API "/logout", NULL, 200 },
		{ "GET", API "/login", NULL, 405 },
		{ "GET", API "/nothing", NULL, 404 },
		{ NULL, NULL, NULL, 0 },
	};

	try_all(*state, all);
	assert_true(counter_api_open("POST", API "/login"));
	assert_false(counter_api_open("GET", API "/login"));
	assert_false(counter_api_open("POST", API "/logout"));
}

#define ACCESS(kind, value) \
	"{\"consent\":true,\"access\":{\"kind\":\"" kind "\",\"value\":\"" value "\"}}"

static void a_secret_is_looked_at_before_a_card_is(void **state)
{
	static const struct request all[] = {
		{ "POST", API "/verifications", NULL, 400 },
		{ "POST", API "/verifications", "{\"consent\":1,\"access\":{}}", 400 },
		{ "POST", API "/verifications", "{\"consent\":true,\"access\":[]}", 400 },
		{ "POST", API "/verifications", "{\"consent\":true,\"access\":{\"kind\":1}}", 400 },
		{ "POST", API "/verifications", ACCESS("door", "1"), 400 },
		{ "POST", API "/verifications", "{\"consent\":true,\"access\":{\"kind\":\"can\"}}",
		  400 },
		{ "POST", API "/verifications", ACCESS("can", "12345x"), 422 },
		{ "POST", API "/verifications", ACCESS("mrz", "I<UTO"), 422 },
		{ "POST", API "/verifications", ACCESS("pin", "12345"), 422 },
		{ "POST", API "/verifications", ACCESS("pin", "12345x"), 422 },
		{ "GET", API "/verifications/1", NULL, 404 },
		{ "GET", API "/verifications/1/portrait", NULL, 404 },
		{ "POST", API "/verifications/1/face", "{\"same\":\"yes\"}", 400 },
		{ "POST", API "/verifications/1/face", "{\"same\":true}", 404 },
		{ "DELETE", API "/verifications/1", NULL, 404 },
		{ NULL, NULL, NULL, 0 },
	};

	try_all(*state, all);
}

/* One for each kind, while no other goes on. */
static void a_reading_is_asked_for(void **state)
{
	static const char *const bodies[] = {
		ACCESS("can", "123456"),
		ACCESS("mrz", ZONE),
		ACCESS("pin", "123456"),
		"{\"consent\":true,\"access\":{\"kind\":\"none\"}}",
		"{\"consent\":true,\"access\":{\"kind\":\"reader-pin\"}}",
	};
	struct counter *c = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		assert_int_equal(ask(c, "POST", API "/verifications", bodies[i]), 202);
		assert_int_equal(ask(c, "POST", API "/verifications", bodies[i]), 409);
		c->desk.asked = false; /* as the worker leaves it */
		c->desk.phase = COUNTER_DONE;
	}
}

static void a_registration_names_what_is_there(void **state)
{
	static const struct request all[] = {
		{ "POST", API "/registrations", "{}", 400 },
		{ "POST", API "/registrations", "{\"verification\":1,\"fields\":{}}", 400 },
		{ "POST", API "/registrations", "{\"verification\":1}", 409 },
		{ "POST", API "/registrations", "{\"fields\":{}}", 400 },
		{ "POST", API "/registrations", "{\"fields\":[]}", 400 },
		{ "POST", API "/registrations", "{\"fields\":{\"Name\":\"A\"}}", 400 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":1}}", 400 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":\"A\"},\"party\":9}",
		  409 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":\"A\"},\"target\":\"x\"}",
		  400 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":\"A\"},\"target\":1}",
		  400 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":\"A\"}}", 201 },
		{ "POST", API "/registrations",
		  "{\"fields\":{\"surname\":\"B\"},\"party\":1,\"target\":\"pms\"}", 201 },
		{ "POST", API "/registrations", "{\"fields\":{\"surname\":\"C\"},\"party\":2}",
		  201 }, /* 1's */
		{ "GET", API "/registrations/3", NULL, 200 },
		{ "GET", API "/registrations", NULL, 200 },
		{ "GET", API "/registrations/9", NULL, 404 },
		{ "PUT", API "/registrations/9", "{\"fields\":{\"surname\":\"D\"}}", 404 },
		{ "PUT", API "/registrations/1", "{\"target\":\"pms\"}", 400 },
		{ "PUT", API "/registrations/1",
		  "{\"fields\":{\"surname\":\"D\"},\"target\":\"x\"}", 400 },
		{ "PUT", API "/registrations/1", "{\"fields\":{\"surname\":\"D\"}}", 200 },
		{ "POST", API "/registrations/9/send", NULL, 404 },
		{ "POST", API "/registrations/1/send", "{\"now\":true}", 400 },
		{ "POST", API "/registrations/1/send", "{\"override\":true}", 200 },
		{ "DELETE", API "/registrations/1", NULL, 200 },
		{ "DELETE", API "/registrations/1", NULL, 404 },
		{ "POST", API "/manual", "{\"mrz\":\"" ZONE "\"}", 200 },
		{ "POST", API "/manual", "{\"mrz\":\"nothing\"}", 200 },
		{ "GET", API "/activity", NULL, 200 },
		{ "GET", API "/state", NULL, 200 },
		{ NULL, NULL, NULL, 0 },
	};

	try_all(*state, all);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_counter, close_counter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_of_a_registration_is_lost_for_want_of_memory),
		CASE(want_of_memory_is_not_taken_for_absence),
		CASE(what_cannot_be_read_holds_nothing_up),
		CASE(a_login_wants_the_code),
		CASE(a_secret_is_looked_at_before_a_card_is),
		CASE(a_reading_is_asked_for),
		CASE(a_registration_names_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
