#include "authority/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/holder.h"
#include "cli/child.h"

#define FILE_MAX 262144u
#define NAME_MAX_CHARS 48u
#define STALE_MIN 60
#define STALE_MAX (90 * 86400)

static const struct {
	const char *name;
	uint32_t bit;
} rights[] = {
	{ "valid", SJ_RIGHT_VALID },
	{ "class", SJ_RIGHT_CLASS },
	{ "pseudonym", SJ_RIGHT_PSEUDONYM },
	{ "name", SJ_RIGHT_NAME },
	{ "nationality", SJ_RIGHT_NATIONALITY },
	{ "birth-date", SJ_RIGHT_BIRTH_DATE },
	{ "document-number", SJ_RIGHT_DOCUMENT_NUMBER },
	{ "expiry", SJ_RIGHT_EXPIRY },
	{ "portrait", SJ_RIGHT_PORTRAIT },
	{ "address", SJ_RIGHT_ADDRESS },
	{ "phone", SJ_RIGHT_PHONE },
	{ "entry-records", SJ_RIGHT_ENTRY_RECORDS },
	{ "emergency", SJ_RIGHT_EMERGENCY },
	{ "insurance-number", SJ_RIGHT_INSURANCE_NUMBER },
	{ "fingerprint", SJ_RIGHT_FINGERPRINT },
	{ "home-passport", SJ_RIGHT_HOME_PASSPORT },
	{ "age-over-12", SJ_RIGHT_AGE_FIRST },
	{ "age-over-14", SJ_RIGHT_AGE_FIRST << 1 },
	{ "age-over-16", SJ_RIGHT_AGE_FIRST << 2 },
	{ "age-over-18", SJ_RIGHT_AGE_FIRST << 3 },
	{ "age-over-21", SJ_RIGHT_AGE_FIRST << 4 },
	{ "age-over-60", SJ_RIGHT_AGE_FIRST << 5 },
	{ "age-over-65", SJ_RIGHT_AGE_FIRST << 6 },
	{ "ticket", SJ_RIGHT_TICKET },
};

static const char *const sectors[] = { "transport", "finance",       "education", "telecom",
				       "health",    "accommodation", "government" };
static const char *const accesses[] = { "none", "can", "pin" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const char *service_right(size_t i, uint32_t *bit)
{
	if (i >= COUNT(rights))
		return NULL;
	*bit = rights[i].bit;
	return rights[i].name;
}

const char *service_sector_name(unsigned sector)
{
	return sector >= 1 && sector <= COUNT(sectors) ? sectors[sector - 1] : NULL;
}

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

static int read_rights(const struct reading *r, const json_t *list, struct service *out)
{
	const json_t *item;
	const char *name;
	size_t k;

	if (!json_is_array(list))
		return refuse(r, "rights", "must be an array");
	out->rights = SJ_RIGHT_VALID;
	for (size_t i = 0; (item = json_array_get(list, i)) != NULL; i++) {
		name = json_string_value(item);
		for (k = 0;
		     k < COUNT(rights) && (name == NULL || strcmp(name, rights[k].name) != 0); k++)
			;
		if (k == COUNT(rights))
			return refuse(r, "rights", "has one that is not known: %.40s",
				      name != NULL ? name : "no text");
		if (out->rights & rights[k].bit)
			return refuse(r, "rights", "has %s twice (valid is always there)", name);
		if (out->access == SERVICE_NONE && !(rights[k].bit & SERVICE_GATE_RIGHTS))
			return refuse(r, "rights", "has %s, which needs access can or pin", name);
		out->rights |= rights[k].bit;
	}
	return 0;
}

static int read_service(const struct reading *r, const json_t *item, uint8_t above,
			struct service *out)
{
	const size_t sector =
		place(json_string_value(json_object_get(item, "sector")), sectors, COUNT(sectors));
	const size_t access = place(json_string_value(json_object_get(item, "access")), accesses,
				    COUNT(accesses));
	json_int_t id, stale;

	if (!json_is_object(item) || json_object_size(item) != 6)
		return refuse(r, "",
			      "must have id, sector, name, access, stale and rights, no more");
	if (!number_of(item, "id", above + 1, 255, &id))
		return refuse(r, "id", "must be a number from %u to 255", above + 1u);
	if (sector == COUNT(sectors))
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
	out->sector = (enum sj_gate_sector)(sector + 1);
	out->access = (enum service_access)access;
	out->stale = (uint32_t)stale;
	return read_rights(r, json_object_get(item, "rights"), out);
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
