/* api.c -- the JSON API; openapi.json describes it, and a test holds the two together. */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counter/counter.h"

#define API "/api/v1"
#define FIELD_MAX 512u /* bytes of a value */

static void fail(struct counter_call *call, unsigned status, const char *name, const char *text)
{
	counter_call_fail(call, status, name, SJ_OK, text);
}

static void done(struct counter_call *call, unsigned status, json_t *answer)
{
	call->status = status;
	call->answer = answer;
}

/* A member that must be a string of at most `max` bytes, or NULL after a failure. */
static const char *text_of(struct counter_call *call, const json_t *object, const char *name,
			   size_t max)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	char why[96];

	if (text != NULL && json_string_length(value) <= max &&
	    strlen(text) == json_string_length(value))
		return text;
	snprintf(why, sizeof(why), "'%.40s' must be a text of at most %zu bytes.", name, max);
	fail(call, MHD_HTTP_BAD_REQUEST, "bad-member", why);
	return NULL;
}

/* False, and a failure: the body is missing or has a member that is none of `names`. */
static bool knows(struct counter_call *call, const json_t *object, const char *const *names)
{
	const char *key;
	json_t *value;
	char why[96];

	if (object == NULL) {
		fail(call, MHD_HTTP_BAD_REQUEST, "no-body", "A JSON object is wanted.");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], key) != 0)
			i++;
		if (names[i] == NULL) {
			snprintf(why, sizeof(why), "'%.40s' is not a member of this request.", key);
			fail(call, MHD_HTTP_BAD_REQUEST, "unknown-member", why);
			return false;
		}
	}
	return true;
}

static void tell_lists(struct counter_call *call, const char *what)
{
	counter_hub_put(call->counter->hub, COUNTER_TOPIC_LISTS,
			json_pack("{s:s}", "changed", what));
}

/* --- coming in --------------------------------------------------------------------------- */

static void login(struct counter_call *call)
{
	static const char *const names[] = { "code", NULL };
	char token[COUNTER_TOKEN + 1];
	const char *code = knows(call, call->body, names)
				   ? text_of(call, call->body, "code", COUNTER_TOKEN)
				   : NULL;

	if (code == NULL)
		return;
	if (!counter_auth_login(&call->counter->auth, code, token)) {
		fail(call, MHD_HTTP_UNAUTHORIZED, "bad-code",
		     "The code is wrong or was used. Open the page by the address that `sojourn "
		     "counter url` prints.");
		return;
	}
	done(call, MHD_HTTP_OK, json_pack("{s:s}", "token", token));
	explicit_bzero(token, sizeof(token));
}

static void logout(struct counter_call *call)
{
	counter_auth_logout(&call->counter->auth, call->token);
	done(call, MHD_HTTP_OK, json_object());
}

static void state(struct counter_call *call)
{
	json_t *targets = json_array();
	const struct counter_config *c = &call->counter->config;

	for (size_t i = 0; i < c->targets_n; i++)
		json_array_append_new(targets, json_string(c->targets[i].name));
	done(call, MHD_HTTP_OK, counter_desk_state(&call->counter->desk));
	if (call->answer != NULL)
		json_object_set_new(call->answer, "targets", targets);
}

/* --- readings ------------------------------------------------------------------------------ */

static bool take_kind(const char *text, enum counter_secret *kind)
{
	static const char *const kinds[] = { "none", "can", "mrz", "pin", "reader-pin" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], text) == 0) {
			*kind = (enum counter_secret)i;
			return true;
		}
	}
	return false;
}

/* Wrongly typed is told before a card is troubled. */
static enum sj_rc check_secret(const struct counter_request *r)
{
	struct sj_access *access = NULL;
	enum sj_rc rc = SJ_OK;

	if (r->kind == COUNTER_CAN)
		rc = sj_access_can(r->text, r->len, &access);
	else if (r->kind == COUNTER_MRZ)
		rc = sj_access_mrz(r->text, r->len, &access);
	else if (r->kind == COUNTER_PIN && (r->len != 6 || strspn(r->text, "0123456789") != r->len))
		rc = SJ_SECRET_MALFORMED;
	sj_access_free(access);
	return rc;
}

static bool take_access(struct counter_call *call, struct counter_request *out)
{
	static const char *const names[] = { "kind", "value", NULL };
	const json_t *o = json_object_get(call->body, "access");
	const char *kind, *value = "";
	enum sj_rc rc;

	if (!json_is_object(o)) {
		fail(call, MHD_HTTP_BAD_REQUEST, "bad-member", "'access' must be an object.");
		return false;
	}
	kind = knows(call, o, names) ? text_of(call, o, "kind", 16) : NULL;
	if (kind == NULL)
		return false;
	if (!take_kind(kind, &out->kind)) {
		fail(call, MHD_HTTP_BAD_REQUEST, "bad-member",
		     "'kind' is none, can, mrz, pin or reader-pin.");
		return false;
	}
	if (out->kind != COUNTER_NONE && out->kind != COUNTER_PAD)
		value = text_of(call, o, "value", COUNTER_SECRET_MAX);
	if (value == NULL)
		return false;
	out->len = strlen(value);
	memcpy(out->text, value, out->len + 1);
	rc = check_secret(out);
	if (rc != SJ_OK)
		counter_call_fail(call, MHD_HTTP_UNPROCESSABLE_CONTENT, "secret-malformed", rc,
				  sj_strerror(rc));
	return rc == SJ_OK;
}

static void verify(struct counter_call *call)
{
	static const char *const names[] = { "consent", "access", NULL };
	struct counter *c = call->counter;
	struct counter_request request = { .timeout_ms = c->config.read_timeout * 1000 };
	uint64_t id = 0;

	if (!knows(call, call->body, names))
		return;
	if (!json_is_true(json_object_get(call->body, "consent"))) {
		fail(call, MHD_HTTP_BAD_REQUEST, "no-consent",
		     "The holder has to agree first: 'consent' must be true.");
		return;
	}
	if (!take_access(call, &request))
		goto out;
	if (counter_desk_ask(&c->desk, &request, &id) == SJ_OK)
		done(call, MHD_HTTP_ACCEPTED, json_pack("{s:I}", "id", (json_int_t)id));
	else
		fail(call, MHD_HTTP_CONFLICT, "busy", "A card is being read.");
out:
	explicit_bzero(&request, sizeof(request));
}

static void gone(struct counter_call *call)
{
	fail(call, MHD_HTTP_NOT_FOUND, "not-found", "There is no such thing, or it is gone.");
}

static void verification(struct counter_call *call)
{
	json_t *o = counter_desk_verification(&call->counter->desk, call->id);

	if (o != NULL)
		done(call, MHD_HTTP_OK, o);
	else
		gone(call);
}

static void drop(struct counter_call *call)
{
	if (counter_desk_drop(&call->counter->desk, call->id))
		done(call, MHD_HTTP_OK, json_object());
	else
		gone(call);
}

static void portrait(struct counter_call *call)
{
	if (!counter_desk_portrait(&call->counter->desk, call->id, &call->png, &call->png_len))
		gone(call);
	else
		call->status = MHD_HTTP_OK;
}

static void face(struct counter_call *call)
{
	static const char *const names[] = { "same", NULL };
	const json_t *same = json_object_get(call->body, "same");

	if (!knows(call, call->body, names))
		return;
	if (!json_is_boolean(same))
		fail(call, MHD_HTTP_BAD_REQUEST, "bad-member", "'same' is true or false.");
	else if (counter_desk_face(&call->counter->desk, call->id, json_is_true(same)))
		done(call, MHD_HTTP_OK, json_object());
	else
		gone(call);
}

static void manual(struct counter_call *call)
{
	static const char *const names[] = { "mrz", NULL };
	const char *text = knows(call, call->body, names)
				   ? text_of(call, call->body, "mrz", COUNTER_SECRET_MAX)
				   : NULL;

	if (text != NULL)
		done(call, MHD_HTTP_OK, counter_mrz_json(text, strlen(text)));
}

/* --- registrations -------------------------------------------------------------------------- */

static bool check_fields(struct counter_call *call, const json_t *fields)
{
	const char *key;
	json_t *value;

	if (!json_is_object(fields) || json_object_size(fields) == 0 ||
	    json_object_size(fields) > COUNTER_DATA_MAX) {
		fail(call, MHD_HTTP_BAD_REQUEST, "bad-member",
		     "'fields' must be an object of 1 to 40 texts.");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)fields, key, value)
	{
		if (!counter_field_name(key)) {
			fail(call, MHD_HTTP_BAD_REQUEST, "bad-member",
			     "A field's name is lower-case letters, digits and hyphens.");
			return false;
		}
		if (text_of(call, fields, key, FIELD_MAX) == NULL)
			return false;
	}
	return true;
}

/* Fields of the reading with that number; NULL: told. */
static json_t *fields_of_reading(struct counter_call *call, uint64_t id,
				 struct counter_registration *r)
{
	const char *verdict;
	json_t *fields = counter_desk_data(&call->counter->desk, id, &verdict);

	snprintf(r->verdict, sizeof(r->verdict), "%s", verdict);
	snprintf(r->source, sizeof(r->source), "chip");
	if (fields == NULL)
		fail(call, MHD_HTTP_CONFLICT, "not-registrable",
		     "There is no such reading, its document is not genuine, or the face is another.");
	return fields;
}

static json_t *fields_typed(struct counter_call *call, json_t *fields,
			    struct counter_registration *r)
{
	if (!check_fields(call, fields))
		return NULL;
	snprintf(r->verdict, sizeof(r->verdict), "none");
	snprintf(r->source, sizeof(r->source), "manual");
	return json_incref(fields);
}

static void not_read(struct counter_call *call, enum sj_rc rc)
{
	counter_call_fail(call, MHD_HTTP_SERVICE_UNAVAILABLE, "not-read", rc, sj_strerror(rc));
}

/* False: told. */
static bool find(struct counter_call *call, struct counter_registration *r)
{
	const enum sj_rc rc = counter_store_get(call->counter->store, (int64_t)call->id, r);

	if (rc == SJ_INPUT_REFUSED)
		gone(call);
	else if (rc != SJ_OK)
		not_read(call, rc);
	return rc == SJ_OK;
}

static bool take_party(struct counter_call *call, struct counter_registration *r)
{
	const json_t *party = json_object_get(call->body, "party");
	struct counter_registration head;
	enum sj_rc rc = SJ_INPUT_REFUSED;

	if (party == NULL || json_is_null(party))
		return true;
	r->party = json_integer_value(party);
	if (r->party > 0)
		rc = counter_store_get(call->counter->store, r->party, &head);
	if (rc == SJ_INPUT_REFUSED)
		fail(call, MHD_HTTP_CONFLICT, "no-party", "'party' is no registration's number.");
	else if (rc != SJ_OK)
		not_read(call, rc);
	if (rc != SJ_OK)
		return false;
	if (head.party != 0) /* a companion's companion is of the same party */
		r->party = head.party;
	counter_registration_free(&head);
	return true;
}

static void save(struct counter_call *call, struct counter_registration *r, unsigned status)
{
	enum sj_rc rc = counter_store_put(call->counter->store, r);

	if (rc != SJ_OK) {
		counter_call_fail(call, MHD_HTTP_INSUFFICIENT_STORAGE, "not-saved", rc,
				  sj_strerror(rc));
		return;
	}
	done(call, status, counter_registration_json(r));
	counter_outbox_wake(&call->counter->outbox);
	tell_lists(call, "registrations");
}

/* False, and a failure: it is none of the configuration's. */
static bool take_target(struct counter_call *call, struct counter_registration *r)
{
	const json_t *target = json_object_get(call->body, "target");
	const char *name = json_string_value(target);

	if (target == NULL || json_is_null(target))
		return true;
	if (name == NULL || counter_target_named(&call->counter->config, name) == NULL) {
		fail(call, MHD_HTTP_BAD_REQUEST, "no-target",
		     "'target' is none of this counter's targets.");
		return false;
	}
	snprintf(r->target, sizeof(r->target), "%s", name);
	return true;
}

static void register_new(struct counter_call *call)
{
	static const char *const names[] = { "verification", "fields", "party", "target", NULL };
	struct counter_activity a = { .kind = "manual" };
	struct counter_registration r = { 0 };
	const json_t *id = json_object_get(call->body, "verification");
	json_t *fields = json_object_get(call->body, "fields");

	if (!knows(call, call->body, names))
		return;
	if ((id == NULL) == (fields == NULL)) {
		fail(call, MHD_HTTP_BAD_REQUEST, "bad-member",
		     "Either 'verification' or 'fields' is wanted.");
		return;
	}
	r.fields = id != NULL ? fields_of_reading(call, (uint64_t)json_integer_value(id), &r)
			      : fields_typed(call, fields, &r);
	if (r.fields == NULL || !take_party(call, &r) || !take_target(call, &r))
		goto out;
	r.created = (int64_t)time(NULL);
	r.erase_at = call->counter->config.retention != 0
			     ? r.created + (int64_t)call->counter->config.retention
			     : 0;
	counter_outbox_judge(&call->counter->config, &r, false);
	if (fields != NULL) {
		a.time = r.created;
		counter_store_log(call->counter->store, &a);
	}
	save(call, &r, MHD_HTTP_CREATED);
out:
	counter_registration_free(&r);
}

static void registrations(struct counter_call *call)
{
	json_t *rows;
	const enum sj_rc rc = counter_store_list(call->counter->store, &rows);

	if (rc == SJ_OK)
		done(call, MHD_HTTP_OK, json_pack("{s:o}", "registrations", rows));
	else
		not_read(call, rc);
}

static void registration(struct counter_call *call)
{
	struct counter_registration r;

	if (!find(call, &r))
		return;
	done(call, MHD_HTTP_OK, counter_registration_json(&r));
	counter_registration_free(&r);
}

static void change(struct counter_call *call)
{
	static const char *const names[] = { "fields", "target", NULL };
	json_t *fields = json_object_get(call->body, "fields");
	struct counter_registration r;

	if (!knows(call, call->body, names) || !check_fields(call, fields))
		return;
	if (!find(call, &r))
		return;
	json_decref(r.fields);
	r.fields = json_incref(fields);
	r.override = false;
	if (take_target(call, &r)) {
		counter_outbox_judge(&call->counter->config, &r, true);
		save(call, &r, MHD_HTTP_OK);
	}
	counter_registration_free(&r);
}

static void send_again(struct counter_call *call)
{
	static const char *const names[] = { "override", NULL };
	struct counter_registration r;
	char state_before[16];

	if (call->body != NULL && !knows(call, call->body, names))
		return;
	if (!find(call, &r))
		return;
	if (r.unreadable) {
		fail(call, MHD_HTTP_CONFLICT, "unreadable",
		     "What is stored of it cannot be read: type it anew, or erase it.");
	} else {
		memcpy(state_before, r.state, sizeof(state_before));
		r.override = json_is_true(json_object_get(call->body, "override"));
		counter_outbox_judge(&call->counter->config, &r, strcmp(state_before, "New") != 0);
		save(call, &r, MHD_HTTP_OK);
	}
	counter_registration_free(&r);
}

static void erase(struct counter_call *call)
{
	const enum sj_rc rc = counter_store_erase(call->counter->store, (int64_t)call->id);

	if (rc == SJ_INPUT_REFUSED) {
		gone(call);
	} else if (rc != SJ_OK) {
		counter_call_fail(call, MHD_HTTP_INSUFFICIENT_STORAGE, "not-erased", rc,
				  sj_strerror(rc));
	} else {
		done(call, MHD_HTTP_OK, json_object());
		tell_lists(call, "registrations");
	}
}

static void activity(struct counter_call *call)
{
	int64_t since = (int64_t)time(NULL) - (int64_t)call->counter->config.activity;

	done(call, MHD_HTTP_OK,
	     json_pack("{s:o}", "activity", counter_store_activity(call->counter->store, since)));
}

/* --- routes ----------------------------------------------------------------------------------- */

static const struct route {
	const char *method, *path;
	void (*run)(struct counter_call *call);
	bool open; /* needs no token */
} routes[] = {
	{ "POST", API "/login", login, true },
	{ "POST", API "/logout", logout, false },
	{ "GET", API "/state", state, false },
	{ "POST", API "/verifications", verify, false },
	{ "GET", API "/verifications/N", verification, false },
	{ "DELETE", API "/verifications/N", drop, false },
	{ "GET", API "/verifications/N/portrait", portrait, false },
	{ "POST", API "/verifications/N/face", face, false },
	{ "POST", API "/manual", manual, false },
	{ "GET", API "/registrations", registrations, false },
	{ "POST", API "/registrations", register_new, false },
	{ "GET", API "/registrations/N", registration, false },
	{ "PUT", API "/registrations/N", change, false },
	{ "DELETE", API "/registrations/N", erase, false },
	{ "POST", API "/registrations/N/send", send_again, false },
	{ "GET", API "/activity", activity, false },
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

bool counter_api_open(const char *method, const char *path)
{
	for (size_t i = 0; i < ROUTES; i++) {
		if (routes[i].open && strcmp(routes[i].method, method) == 0 &&
		    strcmp(routes[i].path, path) == 0)
			return true;
	}
	return false;
}

void counter_api(struct counter_call *call, const char *method, const char *path)
{
	bool path_known = false;

	for (size_t i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		path_known = true;
		if (strcmp(routes[i].method, method) != 0)
			continue;
		routes[i].run(call);
		return;
	}
	if (path_known)
		fail(call, MHD_HTTP_METHOD_NOT_ALLOWED, "method-not-allowed",
		     "Not with this method.");
	else
		gone(call);
}
