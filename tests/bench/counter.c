/* counter.c -- a counter's daemon and its page, as counter.py measures them. */
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define PROGRAM "libexec/sojourn/sojourn-counter"

static void row(struct bench *b, const char *id, const json_t *o)
{
	const char *skip = json_string_value(json_object_get(o, "skip"));

	if (skip != NULL)
		bench_skip(b, id, skip);
	else
		bench_row(b, id, json_number_value(json_object_get(o, "value")),
			  json_string_value(json_object_get(o, "unit")),
			  json_number_value(json_object_get(o, "floor")),
			  json_string_value(json_object_get(o, "note")));
}

void bench_counter(struct bench *b)
{
	char path[BENCH_PATH + 32];
	const char *const argv[] = { "/usr/bin/python3", "tests/bench/counter.py", path, NULL };
	json_t *rows, *o;
	const char *id;

	if (!bench_have(b, PROGRAM)) {
		bench_skip(b, "counter.*", "the program was not built");
		return;
	}
	snprintf(path, sizeof(path), "%s/counter.json", b->dir);
	rows = bench_run(b, argv) ? json_load_file(path, 0, NULL) : NULL;
	json_object_foreach(rows, id, o)
	{
		row(b, id, o);
	}
	if (rows == NULL)
		bench_fail(b, "the counter could not be measured");
	json_decref(rows);
	unlink(path);
}
