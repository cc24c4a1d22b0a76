/*
 * target.c -- adapters: what a target gets is dropped as a file or posted. Personal data leaves this
 * machine encrypted only, to the server that the configuration names and to no other: what it redirects to is
 * not asked, and who it is is proved by its certificate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/curl.h"
#include "counter/counter.h"

#define MAP_MAX 65536u
#define ANSWER_MAX 262144u
#define HTTP_SECONDS 10L
#define TOKEN_MAX 3072 /* with the name of its header */

/* --- maps --------------------------------------------------------------------------------- */

static int load_map(struct cli *cli, struct counter_target *target)
{
	char why[COUNTER_WHY];
	enum sj_rc parsed;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc;

	if (target->map == NULL)
		return 0;
	rc = cli_file_read(cli, target->map, MAP_MAX, &bytes, &len);
	if (rc != 0)
		return rc;
	parsed = counter_map_parse((const char *)bytes, len, &target->fields, why);
	free(bytes);
	if (parsed == SJ_NO_MEMORY)
		return cli_fail(cli, parsed, "%s", target->map);
	return parsed == SJ_OK ? 0 : cli_fail(cli, parsed, "%s: %s", target->map, why);
}

/* HTTPS, or HTTP that stays on this machine; what lets us in stands in token_file. */
static const char *judge_url(const struct cli_curl *lib, const char *text)
{
	static const char *const own[] = { "127.0.0.1", "[::1]", "localhost" };
	CURLU *url = lib->curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	const char *why = "is no http or https address";
	bool local = false;

	if (url != NULL && lib->curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    lib->curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    lib->curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			local |= strcmp(own[i], host) == 0;
		if (lib->curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
			why = "has a name or password in it: use token_file";
		else if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && local))
			why = NULL;
		else if (strcmp(scheme, "http") == 0)
			why = "would send people's data unencrypted: use https";
	}
	lib->curl_free(scheme);
	lib->curl_free(host);
	lib->curl_free(user);
	lib->curl_url_cleanup(url);
	return why;
}

static int load_target(struct cli *cli, struct counter_target *target)
{
	const char *why;
	int rc;

	if (target->url == NULL)
		return load_map(cli, target);
	target->curl = calloc(1, sizeof(*target->curl));
	if (target->curl == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_curl_load(cli, target->curl);
	if (rc != 0)
		return rc;
	why = judge_url(target->curl, target->url);
	if (why != NULL)
		return cli_fail(cli, SJ_INPUT_REFUSED, "[target %s]: the url %s", target->name,
				why);
	return load_map(cli, target);
}

int counter_targets_load(struct cli *cli, struct counter_config *config)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < config->targets_n; i++)
		rc = load_target(cli, &config->targets[i]);
	return rc;
}

/* --- what the target gets ----------------------------------------------------------------------- */

static json_t *own_form(const struct counter_registration *r)
{
	return json_pack("{s:i, s:I, s:o, s:s, s:s, s:O}", "schema", COUNTER_SCHEMA, "registration",
			 (json_int_t)r->id, "party",
			 r->party != 0 ? json_integer(r->party) : json_null(), "source", r->source,
			 "verdict", r->verdict, "fields", r->fields);
}

/* --- a file ------------------------------------------------------------------------------------------ */

/* Written beside it and renamed: who watches the folder sees whole files only. */
static enum sj_rc drop(const struct counter_target *target, struct counter_registration *r,
		       const json_t *form)
{
	char temporary[640], path[640];
	int fd;
	enum sj_rc rc = SJ_TARGET_UNREACHABLE;

	snprintf(path, sizeof(path), "%s/registration-%lld.json", target->folder, (long long)r->id);
	snprintf(temporary, sizeof(temporary), "%s/.registration-%lld.new", target->folder,
		 (long long)r->id);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0 && json_dumpfd(form, fd, JSON_INDENT(1)) == 0 && fsync(fd) == 0 &&
	    rename(temporary, path) == 0) {
		cli_sync_folder(path);
		rc = SJ_OK;
	}
	if (rc != SJ_OK)
		snprintf(r->note, sizeof(r->note), "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && rc != SJ_OK)
		unlink(temporary); /* half a person */
	return rc;
}

/* --- HTTP ----------------------------------------------------------------------------------------------- */

struct answer {
	char *bytes;
	size_t len;
};

static size_t take_bytes(char *bytes, size_t size, size_t n, void *user)
{
	struct answer *a = user;
	char *grown;

	if (size * n > ANSWER_MAX - a->len)
		return 0;
	grown = realloc(a->bytes, a->len + size * n + 1);
	if (grown == NULL)
		return 0;
	memcpy(grown + a->len, bytes, size * n);
	a->bytes = grown;
	a->len += size * n;
	return size * n;
}

static struct curl_slist *add(const struct cli_curl *lib, struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = lib->curl_slist_append(list, line);

	return longer != NULL ? longer : list;
}

/* NULL: the token cannot be read. */
static struct curl_slist *make_headers(const struct counter_target *target)
{
	const struct cli_curl *lib = target->curl;
	struct curl_slist *list = NULL;
	char line[TOKEN_MAX] = "Authorization: Bearer ";
	const size_t start = strlen(line);
	FILE *f = target->token_file != NULL ? fopen(target->token_file, "re") : NULL;
	bool ok = target->token_file == NULL;

	if (f != NULL && fgets(line + start, (int)(sizeof(line) - start), f) != NULL) {
		ok = strlen(line) < sizeof(line) - 1;
		line[strcspn(line, "\r\n")] = '\0';
		ok = ok && line[start] != '\0';
	}
	if (f != NULL)
		fclose(f);
	if (ok) {
		list = add(lib, add(lib, list, "Content-Type: application/json"), "Expect:");
		list = target->token_file != NULL ? add(lib, list, line) : list;
	}
	explicit_bzero(line, sizeof(line));
	return list;
}

/* The counter ends: whoever is slow is not waited for. */
static int is_over(void *stopping, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load((const atomic_bool *)stopping);
}

static void set_up(CURL *curl, const struct counter_target *target, const char *url,
		   const char *body, struct curl_slist *headers)
{
	const struct cli_curl *lib = target->curl;

	lib->curl_easy_setopt(curl, CURLOPT_URL, url);
	lib->curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	lib->curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	lib->curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	lib->curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	lib->curl_easy_setopt(curl, CURLOPT_TIMEOUT, HTTP_SECONDS);
	lib->curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	lib->curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	lib->curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_over);
	lib->curl_easy_setopt(curl, CURLOPT_XFERINFODATA, target->stopping);
	if (strncasecmp(url, "http:", 5) ==
	    0) /* stays on this machine: no proxy of the environment */
		lib->curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (body != NULL)
		lib->curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
}

/* GET when `body` is NULL. The status, or 0: nobody answered; *out: JSON, or NULL. */
static long request(const struct counter_target *target, const char *url, const char *body,
		    struct counter_registration *r, json_t **out)
{
	const struct cli_curl *lib = target->curl;
	CURL *curl = lib->curl_easy_init();
	struct curl_slist *headers = make_headers(target);
	struct answer answer = { NULL, 0 };
	long status = 0;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	*out = NULL;
	if (headers == NULL) {
		snprintf(r->note, sizeof(r->note), "token_file cannot be read, or has no token");
	} else if (curl != NULL) {
		set_up(curl, target, url, body, headers);
		lib->curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
		lib->curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
		rc = lib->curl_easy_perform(curl);
		lib->curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	if (headers != NULL && rc != CURLE_OK)
		snprintf(r->note, sizeof(r->note), "%.200s", lib->curl_easy_strerror(rc));
	if (rc != CURLE_OK)
		status = 0;
	else if (answer.bytes != NULL)
		*out = json_loadb(answer.bytes, answer.len, 0, NULL);
	if (answer.bytes != NULL)
		explicit_bzero(answer.bytes, answer.len);
	free(answer.bytes);
	lib->curl_slist_free_all(headers);
	lib->curl_easy_cleanup(curl);
	return status;
}

/* --- differences block ------------------------------------------------------------------------------------ */

/* "{document-number}" in the lookup's text is replaced by the field, escaped; NULL: it is not there. */
static char *lookup_url(const struct counter_target *target, const struct counter_registration *r)
{
	const struct cli_curl *lib = target->curl;
	const char *text = json_string_value(json_object_get(target->fields, "lookup"));
	const char *open = text != NULL ? strchr(text, '{') : NULL,
		   *close = open != NULL ? strchr(open, '}') : NULL, *value;
	char name[64], *escaped, *url = NULL;

	if (close == NULL || close - open - 1 >= (ptrdiff_t)sizeof(name))
		return NULL;
	memcpy(name, open + 1, (size_t)(close - open - 1));
	name[close - open - 1] = '\0';
	value = json_string_value(json_object_get(r->fields, name));
	escaped = value != NULL ? lib->curl_easy_escape(NULL, value, 0) : NULL;
	if (escaped == NULL || asprintf(&url, "%s%.*s%s%s", target->url, (int)(open - text), text,
					escaped, close + 1) < 0)
		url = NULL;
	lib->curl_free(escaped);
	return url;
}

/* Compares every person that was found; false: the answer is not what the map says. */
static bool compare(const struct counter_target *target, const json_t *found,
		    struct counter_registration *r)
{
	const char *entries = json_string_value(json_object_get(target->fields, "entries"));
	const json_t *list = entries != NULL ? json_object_get(found, entries) : found;
	size_t i;
	json_t *person;

	if (entries == NULL && json_is_object(found))
		counter_map_compare(target->fields, found, r->fields, &r->differences);
	json_array_foreach(list, i, person)
	{
		counter_map_compare(target->fields, person, r->fields, &r->differences);
	}
	/* Many a server leaves an empty list out. */
	return json_is_array(list) || json_is_object(found);
}

/*
 * The target's records of that person, if its map says how to look them up. What cannot be looked
 * up blocks as a difference does: only 404 means that nobody is there.
 */
static enum sj_rc look_up(const struct counter_target *target, struct counter_registration *r)
{
	bool wanted = !r->override && json_object_get(target->fields, "lookup") != NULL, fits;
	char *url = wanted ? lookup_url(target, r) : NULL;
	json_t *found = NULL;
	long status;

	if (!wanted)
		return SJ_OK;
	if (url == NULL) {
		snprintf(r->note, sizeof(r->note), "lookup: its field is missing");
		return SJ_TARGET_REFUSED;
	}
	status = request(target, url, NULL, r, &found);
	free(url);
	fits = status == 404 || (status == 200 && compare(target, found, r));
	json_decref(found);
	if (status == 0 || status >= 500 || status == 429)
		return SJ_TARGET_UNREACHABLE;
	if (!fits) {
		snprintf(r->note, sizeof(r->note), "lookup: HTTP %ld", status);
		return SJ_TARGET_REFUSED;
	}
	return r->differences != NULL ? SJ_TARGET_DIFFERS : SJ_OK;
}

static enum sj_rc post(const struct counter_target *target, struct counter_registration *r,
		       const json_t *form)
{
	const char *verified = json_string_value(json_object_get(target->fields, "verified"));
	char *body;
	json_t *answer = NULL;
	long status;
	enum sj_rc rc = look_up(target, r);

	if (rc != SJ_OK)
		return rc;
	body = json_dumps(form, JSON_COMPACT);
	if (body == NULL)
		return SJ_TARGET_UNREACHABLE;
	status = request(target, target->url, body, r, &answer);
	explicit_bzero(body, strlen(body));
	free(body);
	if (status >= 200 && status < 300) {
		snprintf(r->note, sizeof(r->note), "%s",
			 verified != NULL && counter_map_text(answer, verified) != NULL ? "verified"
											: "");
	} else if (status != 0) {
		snprintf(r->note, sizeof(r->note), "HTTP %ld", status);
	}
	json_decref(answer);
	if (status == 0 || status >= 500 || status == 429)
		return SJ_TARGET_UNREACHABLE;
	return status >= 200 && status < 300 ? SJ_OK : SJ_TARGET_REFUSED;
}

/* NULL: the map contradicts itself; told in the note. */
static json_t *form_of(const struct counter_target *target, struct counter_registration *r)
{
	const char *stuck = "";
	json_t *form = target->fields != NULL ? counter_map_apply(target->fields, r->fields, &stuck)
					      : own_form(r);

	if (form == NULL)
		snprintf(r->note, sizeof(r->note), "the field map has no room for %s", stuck);
	return form;
}

enum sj_rc counter_target_send(const struct counter_target *target, struct counter_registration *r)
{
	json_t *form = form_of(target, r);
	enum sj_rc rc = SJ_TARGET_REFUSED;

	json_decref(r->differences);
	r->differences = NULL;
	if (form != NULL)
		rc = target->folder != NULL ? drop(target, r, form) : post(target, r, form);
	json_decref(form);
	return rc;
}
