/* counter.c -- the clerk's page and the daemon behind it, as tests/counter/bench.py measures them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define SCRIPT "tests/counter/bench.py"
#define TAPS 200 /* each with a portrait; 10,000 take minutes: the script's argument */

static const char *note_of(const char *id)
{
	static const char *const notes[][2] = {
		{ "counter.page.wall", "Chromium: until the first step can be ticked" },
		{ "counter.tap.wall", "Chromium: from the verdict until it is on the screen" },
		{ "counter.rss", "the daemon's memory after 200 taps with portraits" },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (strcmp(notes[i][0], id) == 0)
			return notes[i][1];
	}
	return "";
}

void bench_counter(struct bench *b)
{
	char command[2 * BENCH_PATH], id[64], unit[16];
	double value;
	unsigned rows = 0;
	FILE *f;

	if (!bench_have(b, "libexec/sojourn/sojourn-counter") || access(SCRIPT, R_OK) != 0) {
		bench_skip("counter", "it was not built");
		return;
	}
	snprintf(command, sizeof(command), "SOJOURN_BUILD='%s' /usr/bin/python3 " SCRIPT " %d",
		 b->build, TAPS);
	f = popen(command, "re");
	while (f != NULL && fscanf(f, "%63s %lf %15s", id, &value, unit) == 3) {
		bench_row(b, id, value, unit, BENCH_NO_FLOOR, note_of(id));
		rows++;
	}
	if (f == NULL || pclose(f) != 0)
		bench_fail(b, "counter");
	else if (rows < 3)
		bench_skip("counter.page, counter.tap", "chromium is not installed");
}
