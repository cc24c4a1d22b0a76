/* locate.c -- JSON texts of people: read, and where in one a member stands. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define DEPTH_MAX 8u

struct text {
	const char *ptr;
	size_t len;
};

/* Where the walk is: of each level the last key, or the index in an array. */
struct walk {
	struct level {
		bool array;
		unsigned index;
		struct text key;
	} levels[DEPTH_MAX];
	size_t depth;
	int line;
};

static bool take(struct text *in, char *out)
{
	if (in->len == 0)
		return false;
	*out = *in->ptr++;
	in->len--;
	return true;
}

/* Skips a string whose opening quote was taken; gives what is between the quotes. */
static struct text skip_string(struct text *in)
{
	const char *start = in->ptr;
	bool escaped = false;
	char c;

	while (take(in, &c)) {
		if (!escaped && c == '"')
			return (struct text){ start, (size_t)(in->ptr - start) - 1 };
		escaped = !escaped && c == '\\';
	}
	return (struct text){ start, 0 };
}

static bool is_key(struct text rest)
{
	char c;

	while (take(&rest, &c)) {
		if (strchr(" \t\r\n", c) == NULL)
			return c == ':';
	}
	return false;
}

/* The JSON pointer of the place where the walk is. */
static void pointer_of(const struct walk *w, char *out, size_t cap)
{
	size_t used = 0;
	int n;

	out[0] = '\0';
	for (size_t i = 0; i < w->depth && used < cap; i++) {
		const struct level *l = &w->levels[i];

		if (l->array)
			n = snprintf(out + used, cap - used, "/%u", l->index);
		else
			n = snprintf(out + used, cap - used, "/%.*s",
				     (int)(l->key.len > 40 ? 40 : l->key.len), l->key.ptr);
		used += n > 0 ? (size_t)n : 0;
	}
}

static bool at_path(const struct walk *w, const char *path)
{
	char here[128];

	pointer_of(w, here, sizeof(here));
	return strcmp(here, path) == 0;
}

/* Takes one token's effect; false: the walk cannot go on. */
static bool step(struct walk *w, char c, struct text *in)
{
	struct level *top = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
	struct text text;

	if (c == '\n') {
		w->line++;
	} else if (c == '"') {
		text = skip_string(in);
		if (top != NULL && !top->array && is_key(*in))
			top->key = text;
	} else if (c == '{' || c == '[') {
		if (w->depth == DEPTH_MAX)
			return false;
		w->levels[w->depth++] = (struct level){ c == '[', 0, { NULL, 0 } };
	} else if (c == '}' || c == ']') {
		if (w->depth == 0)
			return false;
		w->depth--;
	} else if (c == ',' && top != NULL && top->array) {
		top->index++;
	}
	return true;
}

/*
 * The member itself, or, when it is not there, the object that lacks it: the
 * path without its last part.
 */
static int find(struct text in, const char *path)
{
	struct walk w = { .line = 1 };
	char c;

	while (take(&in, &c)) {
		if (c == '{' && at_path(&w, path))
			return w.line;
		if (!step(&w, c, &in))
			break;
		if (c == '"' && at_path(&w, path))
			return w.line;
	}
	return 0;
}

int cli_line_of(const char *text, size_t len, const char *path)
{
	struct text in = { text, len };
	char parent[64];
	char *slash;
	int line = find(in, path);

	if (line != 0)
		return line;
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash == NULL || slash == parent)
		return 1;
	*slash = '\0';
	line = find(in, parent);
	return line != 0 ? line : 1;
}

enum sj_rc cli_json_parse(const char *text, size_t len, json_t **out, json_error_t *fault)
{
	*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, fault);
	/*
	 * For want of memory Jansson says nothing, or blames the text: who asks again knows, unless it
	 * lacks again in the middle of a string.
	 */
	if (*out == NULL)
		*out = json_loadb(text, len, JSON_REJECT_DUPLICATES, fault);
	if (*out != NULL)
		return SJ_OK;
	if (fault->line < 1)
		fault->line = 1;
	return fault->text[0] == '\0' ? SJ_NO_MEMORY : SJ_INPUT_MALFORMED;
}

int cli_json_of_file(struct cli *cli, const char *path, const char *text, size_t len, json_t **out)
{
	json_error_t fault;
	const enum sj_rc rc = cli_json_parse(text, len, out, &fault);

	if (rc == SJ_INPUT_MALFORMED)
		return cli_fail(cli, rc, "%s:%d: %s", path, fault.line, fault.text);
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "%s", path);
}
