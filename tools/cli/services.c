#include "cli/services.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/bundle.h>

#include "cli/child.h"

#define NAME_MAX_CHARS 48u
#define STALE_MIN 60
#define STALE_MAX (90 * 86400)
#define RETENTION_MIN 3600
#define RETENTION_MAX (10 * 366 * 86400)
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const char *const accesses[] = { "none", "can", "pin" };
#define ACCESSES (sizeof(accesses) / sizeof(accesses[0]))

/* 0: no such right. */
static uint32_t right_of(const char *name, size_t len)
{
	const char *known;
	uint32_t bit;

	for (size_t i = 0; (known = sj_right_at(i, &bit)) != NULL; i++)
		if (strlen(known) == len && strncmp(known, name, len) == 0)
			return bit;
	return 0;
}

/* What the gate applet gives: rows without CAN and PIN are limited to it. */
static bool is_gate_right(const char *name)
{
	return strcmp(name, "valid") == 0 || strcmp(name, "class") == 0 ||
	       strcmp(name, "pseudonym") == 0 || strcmp(name, "ticket") == 0 ||
	       strncmp(name, "age-over-", 9) == 0;
}

/* --- reading ------------------------------------------------------------------ */

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

static bool number_of(const json_t *item, const char *key, json_int_t min, json_int_t max,
		      json_int_t *out)
{
	const json_t *value = json_object_get(item, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= min && *out <= max;
}

static bool name_of(const json_t *item, struct sj_service *out)
{
	const char *text = json_string_value(json_object_get(item, "name"));

	if (text == NULL || text[0] == '\0' || strchr(LETTERS, text[0]) == NULL ||
	    strlen(text) > NAME_MAX_CHARS || text[strspn(text, LETTERS "0123456789 -")] != '\0')
		return false;
	memcpy(out->name, text, strlen(text) + 1);
	return true;
}

static unsigned sector_of(const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "sector")), *name;
	unsigned i;

	for (i = 1; (name = sj_sector_name(i)) != NULL; i++)
		if (text != NULL && strcmp(text, name) == 0)
			return i;
	return 0;
}

static size_t access_of(const json_t *item)
{
	const char *text = json_string_value(json_object_get(item, "access"));
	size_t i;

	for (i = 0; i < ACCESSES && (text == NULL || strcmp(text, accesses[i]) != 0); i++)
		;
	return i;
}

/* The rights that the array `key` names, into *out, which has some already. */
static int read_rights(const struct reading *r, const char *key, const json_t *list, bool gate,
		       uint32_t *out)
{
	const json_t *item;
	const char *name;
	uint32_t bit;

	if (!json_is_array(list))
		return refuse(r, key, "must be an array");
	for (size_t i = 0; (item = json_array_get(list, i)) != NULL; i++) {
		name = json_string_value(item);
		bit = name != NULL ? right_of(name, strlen(name)) : 0;
		if (bit == 0)
			return refuse(r, key, "has one that is not known: %.40s",
				      name != NULL ? name : "no text");
		if (*out & bit)
			return refuse(r, key, "has %s twice (valid is always there)", name);
		if (gate && !is_gate_right(name))
			return refuse(r, key, "has %s, which needs access can or pin", name);
		*out |= bit;
	}
	return 0;
}

/* What the service keeps and for how long: both or neither. */
static int read_keep(const struct reading *r, const json_t *item, struct sj_service *out)
{
	const json_t *keep = json_object_get(item, "keep");
	json_int_t retention = 0;
	int rc;

	if (keep == NULL && json_object_get(item, "retention") == NULL)
		return 0;
	if (!number_of(item, "retention", RETENTION_MIN, RETENTION_MAX, &retention))
		return refuse(r, "retention", "goes with keep, and must be a number from %d to %d",
			      RETENTION_MIN, RETENTION_MAX);
	out->keep = right_of("valid", 5);
	rc = read_rights(r, "keep", keep, false, &out->keep);
	out->keep &= ~right_of("valid", 5);
	if (rc == 0 && (out->keep == 0 || (out->keep & ~out->rights) != 0))
		rc = refuse(r, "keep", "must be some of the rights");
	out->retention = (uint32_t)retention;
	return rc;
}

static int read_service(const struct reading *r, const json_t *item, unsigned above,
			struct sj_service *out)
{
	const size_t access = access_of(item);
	const bool keep = json_object_get(item, "keep") != NULL;
	const bool retention = json_object_get(item, "retention") != NULL;
	json_int_t id, stale;
	int rc;

	*out = (struct sj_service){ .size = sizeof(*out), .sector = sector_of(item) };
	if (json_object_size(item) != 6u + keep + retention)
		return refuse(r, "",
			      "must have id, sector, name, access, stale and rights, and may "
			      "have keep with retention");
	if (!number_of(item, "id", (json_int_t)above + 1, 255, &id))
		return refuse(r, "id", "must be a number from %u to 255", above + 1);
	if (out->sector == 0)
		return refuse(r, "sector", "is none of the seven");
	if (access == ACCESSES)
		return refuse(r, "access", "must be none, can or pin");
	if (!number_of(item, "stale", STALE_MIN, STALE_MAX, &stale))
		return refuse(r, "stale", "must be a number from %d to %d", STALE_MIN, STALE_MAX);
	if (!name_of(item, out))
		return refuse(r, "name", "must be 1 to %u letters, digits, blanks and dashes",
			      NAME_MAX_CHARS);
	out->id = (unsigned)id;
	out->access = (enum sj_service_access)access;
	out->stale = (uint32_t)stale;
	out->rights = right_of("valid", 5);
	rc = read_rights(r, "rights", json_object_get(item, "rights"),
			 out->access == SJ_SERVICE_NONE, &out->rights);
	return rc != 0 ? rc : read_keep(r, item, out);
}

static int read_all(struct reading *r, const json_t *root, struct cli_services *out)
{
	const json_t *list = json_object_get(root, "services"), *item;
	struct sj_service *s;
	int rc = 0;

	if (json_integer_value(json_object_get(root, "schema")) != 1 ||
	    json_object_size(root) != 2 || json_array_size(list) < 1 ||
	    json_array_size(list) > CLI_SERVICES_MAX)
		return cli_fail(r->cli, SJ_INPUT_MALFORMED,
				"%s: must have schema 1 and services, 1 to %u of them", r->path,
				CLI_SERVICES_MAX);
	for (r->row = 0; rc == 0 && (item = json_array_get(list, r->row)) != NULL; r->row++) {
		s = &out->rows[r->row];
		rc = read_service(r, item, r->row > 0 ? s[-1].id : 0, s);
		if (rc == 0 && cli_services_find(out, s->name) != NULL)
			rc = refuse(r, "name", "was there before");
		out->count = r->row + 1;
	}
	return rc;
}

static int read_text(struct cli *cli, const char *path, const char *text, size_t len,
		     struct cli_services **out)
{
	struct reading r = { .cli = cli, .path = path, .text = text, .len = len };
	struct cli_services *s = calloc(1, sizeof(*s));
	json_t *root = NULL;
	int rc;

	if (s == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_json_of_file(cli, path, text, len, &root);
	if (rc == 0)
		rc = read_all(&r, root, s);
	json_decref(root);
	if (rc == 0)
		*out = s;
	else
		free(s);
	return rc;
}

int cli_services_read(struct cli *cli, const char *path, struct cli_services **out)
{
	char *shipped = path == NULL ? cli_share_path("services.json") : NULL;
	const char *from = path != NULL ? path : shipped;
	uint8_t *text = NULL;
	size_t len = 0;
	int rc = from == NULL ? cli_fail(cli, SJ_NO_MEMORY, NULL)
			      : cli_file_read(cli, from, SJ_BUNDLE_SERVICES_MAX, &text, &len);

	if (rc == 0)
		rc = read_text(cli, from, (const char *)text, len, out);
	free(text);
	free(shipped);
	return rc;
}

int cli_services_here(struct cli *cli, struct cli_services **out)
{
	const char *trust = cli_setting(cli, "trust"), *file = cli_setting(cli, "services");
	size_t len = SJ_BUNDLE_SERVICES_MAX;
	char *text = malloc(len);
	enum sj_rc found;
	int rc;

	if (text == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	found = sj_bundle_services(trust, text, &len);
	if (found == SJ_OK) {
		if (cli_given(cli, "services"))
			cli_warn(cli, "%s is not used: the trust bundle has the service registry",
				 file);
		rc = read_text(cli, "the service registry of the trust bundle", text, len, out);
	} else if (found == SJ_TRUST_MISSING) {
		rc = cli_services_read(cli, file, out);
	} else {
		rc = cli_fail(cli, found, "%s", trust);
	}
	free(text);
	return rc;
}

/* --- finding ------------------------------------------------------------------ */

static bool same_name(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (*a != *b && !((*a == '-' || *a == ' ') && (*b == '-' || *b == ' ')))
			return false;
	return *a == *b;
}

const struct sj_service *cli_services_find(const struct cli_services *s, const char *which)
{
	char number[12];

	for (size_t i = 0; s != NULL && i < s->count; i++) {
		snprintf(number, sizeof(number), "%u", s->rows[i].id);
		if (strcmp(which, number) == 0 || same_name(which, s->rows[i].name))
			return &s->rows[i];
	}
	return NULL;
}

static int unknown(struct cli *cli, const struct cli_services *s, const char *which)
{
	const char *names[CLI_SERVICES_MAX + 1] = { NULL }, *near;

	for (size_t i = 0; i < s->count; i++)
		names[i] = s->rows[i].name;
	near = cli_suggest(which, names);
	return cli_fail(cli, SJ_SERVICE_UNKNOWN, "%s%s%s%s", which,
			near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			near != NULL ? "'?)" : "");
}

int cli_service_named(struct cli *cli, const char *which, struct sj_service *out)
{
	struct cli_services *s = NULL;
	const struct sj_service *row;
	int rc = cli_services_here(cli, &s);

	if (rc != 0 || s == NULL)
		return rc;
	row = cli_services_find(s, which);
	if (row != NULL)
		*out = *row;
	else
		rc = unknown(cli, s, which);
	free(s);
	return rc;
}

/* --- rights ---------------------------------------------------------------------- */

int cli_rights_of(struct cli *cli, const char *what, const char *names, uint32_t *out)
{
	uint32_t bit;
	size_t len;

	*out = 0;
	do {
		names += strspn(names, " ");
		len = strcspn(names, ", ");
		bit = right_of(names, len);
		if (bit == 0)
			return cli_usage(cli,
					 "%s: '%.*s' is no right; 'sojourn service list' has them",
					 what, (int)(len < 40 ? len : 40), names);
		*out |= bit;
		names += len;
		names += strspn(names, " ");
	} while (*names++ == ',');
	return 0;
}

const char *cli_rights_text(uint32_t rights, char *out, size_t cap)
{
	const char *name;
	size_t len = 0;
	uint32_t bit;

	out[0] = '\0';
	for (size_t i = 0; len < cap && (name = sj_right_at(i, &bit)) != NULL; i++)
		if (rights & bit)
			len += (size_t)snprintf(out + len, cap - len, "%s%s", len > 0 ? ", " : "",
						name);
	return out;
}

json_t *cli_rights_json(uint32_t rights)
{
	json_t *list = json_array();
	const char *name;
	uint32_t bit;

	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (rights & bit)
			json_array_append_new(list, json_string(name));
	return list;
}

/* --- terminals ---------------------------------------------------------------- */

int cli_terminal_open(struct cli *cli, const char *folder, struct sj_terminal **out)
{
	static const char *const names[] = { "terminal.key", "terminal.cvcert", "dv.cvcert" };
	enum sj_rc rc = sj_terminal_open(folder, out);
	char path[2048];

	for (size_t i = 0; rc == SJ_TERMINAL_FILES && i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (access(path, R_OK) != 0)
			return cli_fail(cli, rc, "%s: %s", path, strerror(errno));
	}
	return rc == SJ_OK ? 0
	       : rc == SJ_TERMINAL_FILES
		       ? cli_fail(
				 cli, rc,
				 "%s: a key or certificate in it is damaged, or of another terminal",
				 folder)
		       : cli_fail(cli, rc, "%s", folder);
}
