/*
 * target.c -- adapters: our own names become the target's, and a file is dropped or posted. A field map
 * is JSON, as sojourn-counter.conf(5) describes it: what the target wants, where each of our fields
 * goes (a JSON pointer, RFC 6901), and what is fixed.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter/counter.h"

#define MAP_MAX 65536u
#define ANSWER_MAX 262144u
#define HTTP_SECONDS 10L
#define DEPTH_MAX 8u

/* --- maps --------------------------------------------------------------------------------- */

static bool is_texts(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (!json_is_string(value) || json_string_value(value)[0] != '/')
			return false;
	}
	return object == NULL || json_is_object(object);
}

static const char *judge_map(const json_t *map)
{
	static const char *const members[] = { "required", "fixed",   "fields",  "lookup",
					       "compare",  "entries", "verified" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)map, key, value)
	{
		size_t i = 0;

		while (i < sizeof(members) / sizeof(members[0]) && strcmp(members[i], key) != 0)
			i++;
		if (i == sizeof(members) / sizeof(members[0]))
			return "it has a member that no map has";
	}
	if (!json_is_object(json_object_get(map, "fields")))
		return "'fields' is missing";
	if (!is_texts(json_object_get(map, "fields")) || !is_texts(json_object_get(map, "compare")))
		return "'fields' and 'compare' map names to pointers that begin with /";
	return NULL;
}

static int load_map(struct cli *cli, struct counter_target *target)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	json_error_t error;
	const char *why;
	int rc;

	if (target->map == NULL)
		return 0;
	rc = cli_file_read(cli, target->map, MAP_MAX, &bytes, &len);
	if (rc != 0)
		return rc;
	target->fields = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, &error);
	free(bytes);
	if (!json_is_object(target->fields))
		return cli_fail(cli, SJ_INPUT_MALFORMED, "%s, line %d: %s", target->map, error.line,
				error.text);
	why = judge_map(target->fields);
	return why == NULL ? 0 : cli_fail(cli, SJ_INPUT_MALFORMED, "%s: %s", target->map, why);
}

int counter_targets_load(struct cli *cli, struct counter_config *config)
{
	int rc = 0;

	if (config->targets_n > 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_fail(cli, SJ_INTERNAL, "libcurl");
	for (size_t i = 0; rc == 0 && i < config->targets_n; i++)
		rc = load_map(cli, &config->targets[i]);
	return rc;
}

/* --- pointers -------------------------------------------------------------------------------- */

/* The part up to the next '/'; "0", "1" stand for places in an array. */
static const char *take_part(const char *pointer, char part[static 64])
{
	size_t n = strcspn(pointer, "/");

	if (n == 0 || n >= 64)
		return NULL;
	memcpy(part, pointer, n);
	part[n] = '\0';
	return pointer + n;
}

static bool is_place(const char *part)
{
	return part[0] >= '0' && part[0] <= '9' && part[1] == '\0';
}

static json_t *child_of(const json_t *node, const char *part)
{
	return json_is_array(node) ? json_array_get(node, (size_t)(part[0] - '0'))
				   : json_object_get(node, part);
}

/* Puts a node (taken) there; arrays grow by one at their end. */
static bool put_child(json_t *node, const char *part, json_t *child)
{
	if (!json_is_array(node))
		return json_object_set_new(node, part, child) == 0;
	if (is_place(part) && json_array_size(node) == (size_t)(part[0] - '0'))
		return json_array_append_new(node, child) == 0;
	json_decref(child);
	return false;
}

static bool put_at(json_t *root, const char *pointer, const char *value)
{
	char part[64], next[64];
	json_t *node = root, *child;

	for (unsigned depth = 0; depth < DEPTH_MAX && pointer != NULL && *pointer == '/'; depth++) {
		pointer = take_part(pointer + 1, part);
		if (pointer == NULL)
			return false;
		if (*pointer == '\0')
			return put_child(node, part, json_string(value));
		child = child_of(node, part);
		if (child == NULL) {
			if (take_part(pointer + 1, next) == NULL ||
			    !put_child(node, part, is_place(next) ? json_array() : json_object()))
				return false;
			child = child_of(node, part);
		}
		node = child;
	}
	return false;
}

static const char *text_at(const json_t *root, const char *pointer)
{
	char part[64];

	while (pointer != NULL && *pointer == '/' && root != NULL) {
		pointer = take_part(pointer + 1, part);
		root = pointer != NULL ? child_of(root, part) : NULL;
	}
	return json_string_value(root);
}

/* --- what the target gets ----------------------------------------------------------------------- */

static json_t *own_form(const struct counter_registration *r)
{
	return json_pack("{s:i, s:I, s:o, s:s, s:s, s:O}", "schema", COUNTER_SCHEMA, "registration",
			 (json_int_t)r->id, "party",
			 r->party != 0 ? json_integer(r->party) : json_null(), "source", r->source,
			 "verdict", r->verdict, "fields", r->fields);
}

/* NULL: the map contradicts itself; told in the note. */
static json_t *mapped_form(const json_t *map, struct counter_registration *r)
{
	json_t *fixed = json_object_get(map, "fixed"), *pointer;
	json_t *out = json_is_object(fixed) ? json_deep_copy(fixed) : json_object();
	const char *name;

	json_object_foreach(json_object_get(map, "fields"), name, pointer)
	{
		const char *value = json_string_value(json_object_get(r->fields, name));

		if (value == NULL || value[0] == '\0' ||
		    put_at(out, json_string_value(pointer), value))
			continue;
		snprintf(r->note, sizeof(r->note), "the field map has no room for %s", name);
		json_decref(out);
		return NULL;
	}
	return out;
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
	    rename(temporary, path) == 0)
		rc = SJ_OK;
	if (rc != SJ_OK)
		snprintf(r->note, sizeof(r->note), "%.180s: %s", target->folder, strerror(errno));
	if (fd >= 0)
		close(fd);
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

static struct curl_slist *add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	return longer != NULL ? longer : list;
}

static struct curl_slist *make_headers(const struct counter_target *target)
{
	struct curl_slist *list = add(NULL, "Content-Type: application/json");
	char token[512] = "", line[544];
	FILE *f = target->token_file != NULL ? fopen(target->token_file, "re") : NULL;

	list = add(list, "Expect:");
	if (f != NULL && fgets(token, sizeof(token), f) != NULL) {
		token[strcspn(token, "\r\n")] = '\0';
		snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
		list = add(list, line);
	}
	if (f != NULL)
		fclose(f);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(line, sizeof(line));
	return list;
}

/* GET when `body` is NULL. The status, or 0: nobody answered; *out: JSON, or NULL. */
static long request(const struct counter_target *target, const char *url, const char *body,
		    struct counter_registration *r, json_t **out)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = make_headers(target);
	struct answer answer = { NULL, 0 };
	long status = 0;
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	*out = NULL;
	if (curl != NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, HTTP_SECONDS);
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
		if (body != NULL)
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		rc = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	if (rc != CURLE_OK) {
		snprintf(r->note, sizeof(r->note), "%.200s", curl_easy_strerror(rc));
		status = 0;
	} else if (answer.bytes != NULL) {
		*out = json_loadb(answer.bytes, answer.len, 0, NULL);
	}
	if (answer.bytes != NULL)
		explicit_bzero(answer.bytes, answer.len);
	free(answer.bytes);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return status;
}

/* --- differences block ------------------------------------------------------------------------------------ */

/* "{document-number}" in the lookup's text is replaced by the field, escaped; NULL: it is not there. */
static char *lookup_url(const struct counter_target *target, const struct counter_registration *r)
{
	const char *text = json_string_value(json_object_get(target->fields, "lookup"));
	const char *open = text != NULL ? strchr(text, '{') : NULL,
		   *close = open != NULL ? strchr(open, '}') : NULL, *value;
	char name[64], *escaped, *url = NULL;

	if (close == NULL || close - open - 1 >= (ptrdiff_t)sizeof(name))
		return NULL;
	memcpy(name, open + 1, (size_t)(close - open - 1));
	name[close - open - 1] = '\0';
	value = json_string_value(json_object_get(r->fields, name));
	escaped = value != NULL ? curl_easy_escape(NULL, value, 0) : NULL;
	if (escaped == NULL || asprintf(&url, "%s%.*s%s%s", target->url, (int)(open - text), text,
					escaped, close + 1) < 0)
		url = NULL;
	curl_free(escaped);
	return url;
}

static void compare(const json_t *map, const json_t *theirs, struct counter_registration *r)
{
	const char *name;
	json_t *pointer;

	json_object_foreach(json_object_get(map, "compare"), name, pointer)
	{
		const char *ours = json_string_value(json_object_get(r->fields, name)),
			   *there = text_at(theirs, json_string_value(pointer));

		if (ours == NULL || there == NULL || strcasecmp(ours, there) == 0)
			continue;
		if (r->differences == NULL)
			r->differences = json_object();
		json_object_set_new(r->differences, name,
				    json_pack("{s:s, s:s}", "ours", ours, "theirs", there));
	}
}

/* The target's records of that person, if its map says how to look them up. */
static enum sj_rc look_up(const struct counter_target *target, struct counter_registration *r)
{
	char *url = r->override ? NULL : lookup_url(target, r);
	const char *entries = json_string_value(json_object_get(target->fields, "entries"));
	json_t *found = NULL, *list;
	long status;

	if (url == NULL)
		return SJ_OK;
	status = request(target, url, NULL, r, &found);
	free(url);
	list = entries != NULL ? json_object_get(found, entries) : found;
	if (json_is_array(list)) {
		for (size_t i = 0; i < json_array_size(list); i++)
			compare(target->fields, json_array_get(list, i), r);
	} else if (entries == NULL && found != NULL && status == 200) {
		compare(target->fields, found, r);
	}
	json_decref(found);
	if (status == 0 || status >= 500)
		return SJ_TARGET_UNREACHABLE;
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
			 verified != NULL && text_at(answer, verified) != NULL ? "verified" : "");
	} else if (status != 0) {
		snprintf(r->note, sizeof(r->note), "HTTP %ld", status);
	}
	json_decref(answer);
	if (status == 0 || status >= 500 || status == 429)
		return SJ_TARGET_UNREACHABLE;
	return status >= 200 && status < 300 ? SJ_OK : SJ_TARGET_REFUSED;
}

enum sj_rc counter_target_send(const struct counter_target *target, struct counter_registration *r)
{
	json_t *form = target->fields != NULL ? mapped_form(target->fields, r) : own_form(r);
	enum sj_rc rc = SJ_TARGET_REFUSED;

	json_decref(r->differences);
	r->differences = NULL;
	if (form != NULL)
		rc = target->folder != NULL ? drop(target, r, form) : post(target, r, form);
	json_decref(form);
	return rc;
}
