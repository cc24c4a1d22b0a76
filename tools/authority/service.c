#include "authority/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/service.h>

#include "authority/holder.h"
#include "cli/child.h"

#define FILE_MAX 262144u
#define NAME_MAX_CHARS 48u
#define STALE_MIN 60
#define STALE_MAX (90 * 86400)
#define RETENTION_MIN 3600
#define RETENTION_MAX (10 * 366 * 86400)

static const char *const accesses[] = { "none", "can", "pin" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A file being read. */
struct reading {
	struct cli *cli;
	const char *path;
	const char *text;
	size_t len;
	size_t row; /* of the service at hand */
};

/* Tells what is wrong with member `key` ("": the whole) of the service at hand. */
__attribute__((format(printf, 3, 4))) static int refuse(const struct reading *r, const char *key,
							const char *format, ...)
{
	char at[64], what[128];
	va_list args;

	snprintf(at, sizeof(at), "/services/%zu%s%s", r->row, key[0] != '\0' ? "/" : "", key);
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return cli_fail(r->cli, SJ_INPUT_MALFORMED, "%s:%d: %s %s", r->path,
			cli_line_of(r->text, r->len, at), at, what);
}

/* The place of a text in a table; `n`: not there. */
static size_t place(const char *text, const char *const *table, size_t n)
{
	size_t i;

	for (i = 0; i < n && (text == NULL || strcmp(text, table[i]) != 0); i++)
		;
	return i;
}

/* 0: none. */
static unsigned sector_of(const char *text)
{
	const char *name;

	for (unsigned i = 1; text != NULL && (name = sj_sector_name(i)) != NULL; i++)
		if (strcmp(text, name) == 0)
			return i;
	return 0;
}

static bool number_of(const json_t *item, const char *key, json_int_t min, json_int_t max,
		      json_int_t *out)
{
	const json_t *value = json_object_get(item, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= min && *out <= max;
}

static bool is_name(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	return text != NULL && text[0] != '\0' && strchr(letters, text[0]) != NULL &&
	       strlen(text) <= NAME_MAX_CHARS &&
	       text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789 -")] == '\0';
}

/* Names of rights into bits, each once. */
static int read_rights(const struct reading *r, const char *key, const json_t *list, uint32_t *out)
{
	const json_t *item;
	const char *name, *known;
	uint32_t bit;

	if (!json_is_array(list))
		return refuse(r, key, "must be an array");
	for (size_t i = 0; (item = json_array_get(list, i)) != NULL; i++) {
		name = json_string_value(item);
		for (size_t k = 0; (known = sj_right_at(k, &bit)) != NULL &&
				   (name == NULL || strcmp(name, known) != 0);
		     k++)
			;
		if (known == NULL)
			return refuse(r, key, "has one that is not known: %.40s",
				      name != NULL ? name : "no text");
		if (*out & bit)
			return refuse(r, key, "has %s twice (valid is always there)", name);
		*out |= bit;
	}
	return 0;
}

/* Without CAN and PIN there is the gate applet alone. */
static int check_access(const struct reading *r, const struct service *s)
{
	const char *name;
	uint32_t bit;

	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (s->access == SERVICE_NONE && s->rights & bit & ~SERVICE_GATE_RIGHTS)
			return refuse(r, "rights", "has %s, which needs access can or pin", name);
	return 0;
}

/* What the service has to keep, and for how long: both or none. */
static int read_keep(const struct reading *r, const json_t *item, struct service *out)
{
	const json_t *list = json_object_get(item, "keep");
	json_int_t seconds;
	int rc;

	if (list == NULL && json_object_get(item, "retention") == NULL)
		return 0;
	rc = read_rights(r, "keep", list, &out->keep);
	if (rc == 0 && (out->keep == 0 || out->keep & ~out->rights))
		rc = refuse(r, "keep", "must be some of the rights");
	if (rc == 0 && !number_of(item, "retention", RETENTION_MIN, RETENTION_MAX, &seconds))
		rc = refuse(r, "retention", "must be a number from %d to %d", RETENTION_MIN,
			    RETENTION_MAX);
	if (rc == 0)
		out->retention = (uint32_t)seconds;
	return rc;
}

/* No members but these. */
static bool is_complete(const json_t *item)
{
	size_t n = 6;

	n += json_object_get(item, "keep") != NULL;
	n += json_object_get(item, "retention") != NULL;
	return json_is_object(item) && json_object_size(item) == n;
}

static int read_service(const struct reading *r, const json_t *item, uint8_t above,
			struct service *out)
{
	const unsigned sector = sector_of(json_string_value(json_object_get(item, "sector")));
	const size_t access = place(json_string_value(json_object_get(item, "access")), accesses,
				    COUNT(accesses));
	json_int_t id, stale;
	int rc;

	if (!is_complete(item))
		return refuse(r, "",
			      "must have id, sector, name, access, stale and rights, and may "
			      "have keep with retention, no more");
	if (!number_of(item, "id", above + 1, 255, &id))
		return refuse(r, "id", "must be a number from %u to 255", above + 1u);
	if (sector == 0)
		return refuse(r, "sector", "is none of the seven");
	if (access == COUNT(accesses))
		return refuse(r, "access", "must be none, can or pin");
	if (!number_of(item, "stale", STALE_MIN, STALE_MAX, &stale))
		return refuse(r, "stale", "must be a number from %d to %d", STALE_MIN, STALE_MAX);
	out->name = json_string_value(json_object_get(item, "name"));
	if (!is_name(out->name))
		return refuse(r, "name", "must be 1 to %u letters, digits, blanks and dashes",
			      NAME_MAX_CHARS);
	out->id = (uint8_t)id;
	out->sector = (enum sj_gate_sector)sector;
	out->access = (enum service_access)access;
	out->stale = (uint32_t)stale;
	out->rights = SJ_RIGHT_VALID;
	rc = read_rights(r, "rights", json_object_get(item, "rights"), &out->rights);
	if (rc == 0)
		rc = check_access(r, out);
	return rc != 0 ? rc : read_keep(r, item, out);
}

static int read_all(struct reading *r, struct services *out)
{
	const json_t *list = json_object_get(out->root, "services"), *item;
	int rc = 0;

	if (json_integer_value(json_object_get(out->root, "schema")) != 1 ||
	    json_object_size(out->root) != 2 || json_array_size(list) < 1 ||
	    json_array_size(list) > SERVICES_MAX)
		return cli_fail(r->cli, SJ_INPUT_MALFORMED,
				"%s: must have schema 1 and services, 1 to %u of them", r->path,
				SERVICES_MAX);
	for (; rc == 0 && (item = json_array_get(list, r->row)) != NULL; r->row++) {
		struct service *s = &out->rows[r->row];

		rc = read_service(r, item, r->row > 0 ? out->rows[r->row - 1].id : 0, s);
		if (rc == 0 && services_find(out, s->name) != NULL)
			rc = refuse(r, "name", "was there before");
		out->count = r->row + 1;
	}
	return rc;
}

int services_read(struct cli *cli, const char *path, struct services *out)
{
	char *shipped = path == NULL ? cli_share_path("services.json") : NULL;
	struct reading r = { .cli = cli, .path = path != NULL ? path : shipped };
	uint8_t *text = NULL;
	json_error_t error;
	int rc;

	memset(out, 0, sizeof(*out));
	if (r.path == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_read(cli, r.path, FILE_MAX, &text, &r.len);
	if (rc != 0)
		goto out;
	r.text = (const char *)text;
	out->root = json_loadb(r.text, r.len, JSON_REJECT_DUPLICATES, &error);
	rc = out->root != NULL ? read_all(&r, out)
			       : cli_fail(cli, SJ_INPUT_MALFORMED, "%s:%d: %s", r.path, error.line,
					  error.text);
out:
	free(text);
	free(shipped);
	return rc;
}

int services_read_of(const struct authority *a, struct services *out)
{
	char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/services.json", a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = services_read(a->cli, access(path, F_OK) == 0 ? path : NULL, out);
	free(path);
	return rc;
}

void services_free(struct services *s)
{
	json_decref(s->root);
	s->root = NULL;
	s->count = 0;
}

const struct service *services_find(const struct services *s, const char *which)
{
	char number[8];

	for (size_t i = 0; i < s->count; i++) {
		snprintf(number, sizeof(number), "%u", s->rows[i].id);
		if (strcmp(which, number) == 0 || strcmp(which, s->rows[i].name) == 0)
			return &s->rows[i];
	}
	return NULL;
}
