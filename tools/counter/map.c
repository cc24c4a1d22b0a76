/*
 * map.c -- field maps: our own names become a target's. A map is JSON, as sojourn-counter.conf(5)
 * describes it: what the target wants, where each of our fields goes (a JSON pointer, RFC 6901),
 * and what is fixed.
 */
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

#define DEPTH_MAX 8u
#define PART 64u /* bytes of a part of a pointer, with its end */

/* --- what is a map ---------------------------------------------------------------------- */

enum kind { TEXT, NAMES, POINTERS, POINTER, OBJECT };

bool counter_field_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= 40 && text[n] == '\0';
}

/* The part up to the next '/', with ~0 and ~1 for '~' and '/' (RFC 6901, clause 4). */
static const char *take_part(const char *pointer, char part[static PART])
{
	size_t n = 0;

	for (; *pointer != '\0' && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~') {
			pointer++;
			c = *pointer == '0' ? '~' : *pointer == '1' ? '/' : '\0';
		}
		if (c == '\0' || n + 1 == PART)
			return NULL;
		part[n++] = c;
	}
	part[n] = '\0';
	return n > 0 ? pointer : NULL;
}

/* No part is empty, and there are not more of them than anybody needs. */
static bool is_pointer(const json_t *value)
{
	const char *at = json_string_value(value);
	char part[PART];
	unsigned depth = 0;

	while (at != NULL && *at == '/' && depth < DEPTH_MAX) {
		at = take_part(at + 1, part);
		depth++;
	}
	return at != NULL && *at == '\0' && depth > 0;
}

static bool are_names(const json_t *array)
{
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value)
	{
		if (!json_is_string(value) || !counter_field_name(json_string_value(value)))
			return false;
	}
	return json_is_array(array);
}

static bool are_pointers(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (!counter_field_name(key) || !is_pointer(value))
			return false;
	}
	return json_is_object(object);
}

static bool is_kind(enum kind kind, const json_t *value)
{
	switch (kind) {
	case NAMES:
		return are_names(value);
	case POINTERS:
		return are_pointers(value);
	case POINTER:
		return is_pointer(value);
	case OBJECT:
		return json_is_object(value);
	case TEXT:
	default:
		return json_is_string(value);
	}
}

static bool judge(const json_t *map, char why[static COUNTER_WHY])
{
	static const struct {
		const char *name;
		enum kind kind;
	} members[] = { { "required", NAMES },  { "fixed", OBJECT }, { "fields", POINTERS },
			{ "lookup", TEXT },     { "entries", TEXT }, { "compare", POINTERS },
			{ "verified", POINTER } };
	static const char *const wanted[] = { "a text", "an array of field names",
					      "an object of field names and pointers, as /a/0/b",
					      "a pointer, as /a/0/b", "an object" };
	const size_t count = sizeof(members) / sizeof(members[0]);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)map, key, value)
	{
		size_t i = 0;

		while (i < count && strcmp(members[i].name, key) != 0)
			i++;
		if (i == count)
			snprintf(why, COUNTER_WHY, "'%.40s' is no member of a map", key);
		else if (!is_kind(members[i].kind, value))
			snprintf(why, COUNTER_WHY, "'%s' must be %s", key, wanted[members[i].kind]);
		else
			continue;
		return false;
	}
	if (json_object_get(map, "fields") != NULL)
		return true;
	snprintf(why, COUNTER_WHY, "'fields' is missing");
	return false;
}

enum sj_rc counter_map_parse(const char *text, size_t len, json_t **out,
			     char why[static COUNTER_WHY])
{
	json_error_t fault;
	const enum sj_rc rc = cli_json_parse(text, len, out, &fault);

	why[0] = '\0';
	if (rc == SJ_INPUT_MALFORMED)
		snprintf(why, COUNTER_WHY, "line %d: %.60s", fault.line, fault.text);
	if (rc != SJ_OK)
		return rc;
	if (!json_is_object(*out))
		snprintf(why, COUNTER_WHY, "it is no object");
	else if (judge(*out, why))
		return SJ_OK;
	json_decref(*out);
	*out = NULL;
	return SJ_INPUT_MALFORMED;
}

/* --- pointers -------------------------------------------------------------------------------- */

/* A place in an array (RFC 6901, clause 4), one of the first thousand. */
static bool is_place(const char *part)
{
	const size_t n = strspn(part, "0123456789");

	return n > 0 && n <= 3 && part[n] == '\0' && (part[0] != '0' || n == 1);
}

static json_t *child_of(const json_t *node, const char *part)
{
	if (json_is_array(node))
		return is_place(part) ? json_array_get(node, strtoul(part, NULL, 10)) : NULL;
	return json_object_get(node, part);
}

/* Puts a node (taken) there; arrays grow by one at their end. */
static bool put_child(json_t *node, const char *part, json_t *child)
{
	if (!json_is_array(node))
		return json_object_set_new(node, part, child) == 0;
	if (is_place(part) && json_array_size(node) == strtoul(part, NULL, 10))
		return json_array_append_new(node, child) == 0;
	json_decref(child);
	return false;
}

static bool put_at(json_t *node, const char *pointer, const char *value)
{
	char part[PART], next[PART];
	json_t *child;

	while ((pointer = take_part(pointer + 1, part)) != NULL && *pointer != '\0') {
		child = child_of(node, part);
		if (child == NULL) {
			if (take_part(pointer + 1, next) == NULL ||
			    !put_child(node, part, is_place(next) ? json_array() : json_object()))
				return false;
			child = child_of(node, part);
		}
		node = child;
	}
	return pointer != NULL && put_child(node, part, json_string(value));
}

const char *counter_map_text(const json_t *root, const char *pointer)
{
	char part[PART];

	while (pointer != NULL && *pointer == '/' && root != NULL) {
		pointer = take_part(pointer + 1, part);
		root = pointer != NULL ? child_of(root, part) : NULL;
	}
	return json_string_value(root);
}

/* --- what it is for ---------------------------------------------------------------------- */

json_t *counter_map_apply(const json_t *map, const json_t *fields, const char **stuck)
{
	json_t *fixed = json_object_get(map, "fixed"), *pointer;
	json_t *out = fixed != NULL ? json_deep_copy(fixed) : json_object();
	const char *name;

	json_object_foreach(json_object_get(map, "fields"), name, pointer)
	{
		const char *value = json_string_value(json_object_get(fields, name));

		if (value == NULL || value[0] == '\0' ||
		    put_at(out, json_string_value(pointer), value))
			continue;
		*stuck = name;
		json_decref(out);
		return NULL;
	}
	return out;
}

void counter_map_compare(const json_t *map, const json_t *theirs, const json_t *fields,
			 json_t **differences)
{
	const char *name;
	json_t *pointer;

	json_object_foreach(json_object_get(map, "compare"), name, pointer)
	{
		const char *ours = json_string_value(json_object_get(fields, name)),
			   *there = counter_map_text(theirs, json_string_value(pointer));

		if (ours == NULL || there == NULL || strcasecmp(ours, there) == 0)
			continue;
		if (*differences == NULL)
			*differences = json_object();
		json_object_set_new(*differences, name,
				    json_pack("{s:s, s:s}", "ours", ours, "theirs", there));
	}
}
