/*
 * http.c -- the door: loopback only, our own name as Host, no other origin, a token for
 * everything but the page's files, small requests in a short time. What passes goes to api.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

#define CONNECTIONS 48u
#define IDLE_SECONDS 10u /* of a request that does not come to its end */
#define HEADERS_MAX 16384u /* memory of a connection */
#define NUMBER_DIGITS 12u

/* A request on its way in. */
struct request {
	char *body;
	size_t len;
	bool refused;
};

/* --- answers ------------------------------------------------------------------------ */

static void add_headers(struct MHD_Response *r)
{
	static const char *const headers[][2] = {
		{ "Content-Security-Policy",
		  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
		  "connect-src 'self'; base-uri 'none'; form-action 'none'; "
		  "frame-ancestors 'none'; require-trusted-types-for 'script'; "
		  "trusted-types 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Cross-Origin-Embedder-Policy", "require-corp" },
		{ "Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=()" },
		{ "Cache-Control", "no-store" },
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(r, headers[i][0], headers[i][1]);
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status,
				     const char *mime, struct MHD_Response *r)
{
	enum MHD_Result rc;

	if (r == NULL)
		return MHD_NO;
	add_headers(r);
	(void)MHD_add_response_header(r, "Content-Type", mime);
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
	rc = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status, json_t *object)
{
	char *text = NULL;

	if (object != NULL)
		json_object_set_new(object, "schema", json_integer(COUNTER_SCHEMA));
	text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (text == NULL)
		return MHD_NO;
	return send_response(connection, status, "application/json",
			     MHD_create_response_from_buffer_with_free_callback(strlen(text), text,
										counter_wipe_free));
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *name,
			      const char *text)
{
	return send_json(
		connection, status,
		json_pack("{s:{s:s, s:s, s:n}}", "error", "name", name, "text", text, "reason"));
}

void counter_call_fail(struct counter_call *call, unsigned status, const char *name, enum sj_rc rc,
		       const char *text)
{
	json_decref(call->answer);
	call->status = status;
	call->answer = json_pack("{s:{s:s, s:s, s:o}}", "error", "name", name, "text", text,
				 "reason", counter_reason_json(rc));
}

/* --- the door ------------------------------------------------------------------------- */

/* Does the text say this daemon's own place? A name that is looked up (DNS) could be anybody's. */
static bool is_own(const struct counter_config *c, const char *text)
{
	static const char *const names[] = { "127.0.0.1", "[::1]", "localhost" };
	char own[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(own, sizeof(own), "%s:%u", names[i], c->port);
		if (strcmp(own, text) == 0)
			return true;
	}
	return false;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/*
 * A page of another origin may neither ask nor send (Fetch standard: Origin; Fetch Metadata). Ours
 * is where the request went, to the letter: on another of loopback's addresses somebody else may listen.
 */
static bool is_foreign(struct MHD_Connection *connection, const char *path, const char *host)
{
	const char *origin = header(connection, "Origin"),
		   *site = header(connection, "Sec-Fetch-Site");

	if (origin != NULL && (strncmp(origin, "http://", 7) != 0 || strcmp(origin + 7, host) != 0))
		return true;
	return site != NULL && strncmp(path, "/api/", 5) == 0 && strcmp(site, "same-origin") != 0 &&
	       strcmp(site, "none") != 0;
}

static const char *bearer(struct MHD_Connection *connection)
{
	const char *text = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);

	return text != NULL && strncmp(text, "Bearer ", 7) == 0 ? text + 7 : NULL;
}

static bool is_method(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i], method) == 0)
			return true;
	}
	return false;
}

/* The whole length is announced, is small, and is JSON. */
static unsigned judge_body(struct MHD_Connection *connection, const char *method)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH),
		   *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
	bool some = length != NULL && strcmp(length, "0") != 0;

	if (header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL)
		return MHD_HTTP_LENGTH_REQUIRED;
	if (some && (strlen(length) > 7 || strtoul(length, NULL, 10) > COUNTER_BODY_MAX))
		return MHD_HTTP_CONTENT_TOO_LARGE;
	if (some && strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0)
		return MHD_HTTP_BAD_REQUEST;
	if (some && (type == NULL || strncmp(type, "application/json", 16) != 0))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	return 0;
}

/* MHD_NO: it may go on; else *queued says what became of the refusal. */
static bool turn_away(struct counter *counter, struct MHD_Connection *connection,
		      const char *method, const char *path, enum MHD_Result *queued)
{
	const char *host = header(connection, MHD_HTTP_HEADER_HOST), *token = bearer(connection);
	bool api = strncmp(path, "/api/", 5) == 0;
	unsigned body;

	if (host == NULL || !is_own(&counter->config, host))
		*queued = refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST, "bad-host",
				 "The counter answers to 127.0.0.1 or localhost only.");
	else if (is_foreign(connection, path, host))
		*queued = refuse(connection, MHD_HTTP_FORBIDDEN, "foreign-origin",
				 "Pages of other origins may not ask.");
	else if (!is_method(method))
		*queued = refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "method-not-allowed",
				 "GET, HEAD, POST, PUT or DELETE.");
	else if (api && counter_pages_find(counter->pages, path) == NULL &&
		 !counter_api_open(method, path) &&
		 (token == NULL || !counter_auth_check(&counter->auth, token)))
		*queued = refuse(connection, MHD_HTTP_UNAUTHORIZED, "no-token",
				 "Open the page by the address that `sojourn counter url` prints.");
	else if ((body = judge_body(connection, method)) != 0)
		*queued = refuse(connection, body, "bad-body",
				 "A body is JSON of announced length, at most 64 KiB.");
	else
		return false;
	return true;
}

/* --- requests --------------------------------------------------------------------------- */

static enum MHD_Result send_page(struct MHD_Connection *connection, const struct counter_page *page)
{
	return send_response(
		connection, MHD_HTTP_OK, page->mime,
		MHD_create_response_from_buffer(page->len, page->bytes, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_stream(struct counter_call *call)
{
	struct MHD_Response *r = counter_hub_stream(call->counter->hub, call->connection);

	if (r == NULL)
		return refuse(call->connection, MHD_HTTP_TOO_MANY_REQUESTS, "too-many",
			      "Too many pages listen already.");
	(void)MHD_set_connection_option(call->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	return send_response(call->connection, MHD_HTTP_OK, "text/event-stream", r);
}

static enum MHD_Result send_call(struct counter_call *call)
{
	if (call->png != NULL)
		return send_response(call->connection, MHD_HTTP_OK, "image/png",
				     MHD_create_response_from_buffer_with_free_callback(
					     call->png_len, call->png, counter_wipe_free));
	return send_json(call->connection, call->status, call->answer);
}

bool counter_route(const char *path, char out[static 64], uint64_t *id)
{
	size_t n = 0;

	*id = 0;
	for (const char *p = path; *p != '\0'; p++) {
		size_t digits = p > path && p[-1] == '/' ? strspn(p, "0123456789") : 0;

		if (n >= 62 || digits > NUMBER_DIGITS)
			return false;
		if (digits > 0 && (p[digits] == '\0' || p[digits] == '/')) {
			if (*id != 0)
				return false;
			*id = strtoull(p, NULL, 10);
			out[n++] = 'N';
			p += digits - 1;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
	return true;
}

static enum MHD_Result answer(struct counter *counter, struct MHD_Connection *connection,
			      const char *method, const char *path, struct request *request)
{
	const struct counter_page *page = counter_pages_find(counter->pages, path);
	struct counter_call call = { .counter = counter,
				     .connection = connection,
				     .token = bearer(connection) };
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	json_error_t fault;
	char route[64];
	enum MHD_Result rc;

	if (page != NULL && get)
		return send_page(connection, page);
	if (page != NULL)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "method-not-allowed",
			      "The page's files can only be read.");
	if (!counter_route(path, route, &call.id))
		return refuse(connection, MHD_HTTP_NOT_FOUND, "not-found",
			      "There is no such page.");
	if (strcmp(route, "/api/v1/events") == 0 && strcmp(method, "GET") == 0)
		return send_stream(&call);
	if (request->len > 0) {
		if (cli_json_parse(request->body, request->len, &call.body, &fault) == SJ_NO_MEMORY)
			return MHD_NO;
		if (!json_is_object(call.body)) {
			json_decref(call.body);
			return refuse(connection, MHD_HTTP_BAD_REQUEST, "bad-json",
				      "The body is not a JSON object.");
		}
	}
	counter_api(&call, get ? "GET" : method, route);
	rc = send_call(&call);
	json_decref(call.body);
	return rc;
}

/* Called when the headers are there, with each piece of the body, and at its end. */
static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **state)
{
	struct counter *counter = user;
	struct request *request = *state;
	enum MHD_Result queued = MHD_NO;

	(void)version;
	if (request == NULL) {
		request = calloc(1, sizeof(*request));
		*state = request;
		if (request == NULL)
			return MHD_NO;
		if (turn_away(counter, connection, method, path, &queued))
			return queued;
		return MHD_YES;
	}
	if (*upload_len == 0)
		return answer(counter, connection, method, path, request);
	if (request->body == NULL)
		request->body = malloc(COUNTER_BODY_MAX);
	if (request->body == NULL || *upload_len > COUNTER_BODY_MAX - request->len)
		return MHD_NO;
	memcpy(request->body + request->len, upload, *upload_len);
	request->len += *upload_len;
	explicit_bzero((char *)(uintptr_t)upload,
		       *upload_len); /* the server's buffer is ours so far */
	*upload_len = 0;
	return MHD_YES;
}

/* A body may hold a CAN or a PIN. */
static void completed(void *user, struct MHD_Connection *connection, void **state,
		      enum MHD_RequestTerminationCode code)
{
	struct request *request = *state;

	(void)user;
	(void)connection;
	(void)code;
	if (request == NULL)
		return;
	if (request->body != NULL)
		explicit_bzero(request->body, request->len);
	free(request->body);
	free(request);
	*state = NULL;
}

/* --- starting and stopping ------------------------------------------------------------------ */

static size_t address_of(const struct counter_config *c, struct sockaddr_storage *out)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)c->port),
				    .sin6_addr = in6addr_loopback };

	memset(out, 0, sizeof(*out));
	if (strchr(c->address, ':') != NULL) {
		memcpy(out, &six, sizeof(six));
		return sizeof(six);
	}
	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(out, &four, sizeof(four));
	return sizeof(four);
}

int counter_http_start(struct counter *counter)
{
	const struct counter_config *c = &counter->config;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	struct sockaddr_storage address;

	if (address_of(c, &address) == sizeof(struct sockaddr_in6))
		flags |= MHD_USE_IPv6;
	errno = 0;
	counter->http = MHD_start_daemon(
		flags, (uint16_t)c->port, NULL, NULL, handle, counter, MHD_OPTION_SOCK_ADDR,
		(struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_END);
	if (counter->http != NULL)
		return 0;
	return cli_fail(counter->cli, SJ_PORT_TAKEN, "%s port %u: %s", c->address, c->port,
			strerror(errno));
}

void counter_http_stop(struct counter *counter)
{
	if (counter->http == NULL)
		return;
	counter_hub_stop(counter->hub);
	MHD_stop_daemon(counter->http);
	counter->http = NULL;
}
