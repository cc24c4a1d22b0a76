/* main.c -- runs the groups, prints the table, writes bench.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"

#define WORST 3

void bench_row(struct bench *b, const char *id, double value, const char *unit, double floor,
	       const char *note)
{
	static const struct bench_peer none[] = { { NULL, 0 } };
	char all[512];

	snprintf(all, sizeof(all), "%s; no peer", note);
	bench_row_peers(b, id, value, unit, floor, none, all);
}

/* A rate is the better the higher. NULL: there is none. */
static const struct bench_peer *best(const struct bench_peer *peers, const char *unit)
{
	const bool rate = strcmp(unit, "1/s") == 0;
	const struct bench_peer *found = NULL;

	for (; peers->name != NULL; peers++)
		if (!found || (rate ? peers->value > found->value : peers->value < found->value))
			found = peers;
	return found;
}

void bench_row_peers(struct bench *b, const char *id, double value, const char *unit, double floor,
		     const struct bench_peer *peers, const char *note)
{
	const struct bench_peer *peer = best(peers, unit);
	json_t *row = json_pack("{s:s, s:f, s:s, s:{}, s:s}", "id", id, "value", value, "unit",
				unit, "peers", "note", note);

	printf("%-28s %12.4g %-5s", id, value, unit);
	if (isnan(floor))
		printf(" %12s        ", "");
	else
		printf(" %12.4g %6.2fx", floor, value / floor);
	if (peer)
		printf(" %12.4g %6.2fx", peer->value, value / peer->value);
	else
		printf(" %12s        ", "");
	printf("  %s\n", note);
	for (; peers->name != NULL; peers++) {
		printf("%-28s %12.4g %-5s\n", peers->name, peers->value, unit);
		json_object_set_new(json_object_get(row, "peers"), peers->name,
				    json_real(peers->value));
	}
	fflush(stdout);
	json_object_set_new(row, "floor", isnan(floor) ? json_null() : json_real(floor));
	json_array_append_new(b->rows, row);
}

void bench_skip(struct bench *b, const char *id, const char *why)
{
	printf("%-28s SKIPPED: %s\n", id, why);
	fflush(stdout);
	json_array_append_new(b->rows, json_pack("{s:s, s:s}", "id", id, "skipped", why));
}

void bench_lack(struct bench *b, const char *id, const char *why)
{
	bench_skip(b, id, why);
	b->lacking = true;
}

bool bench_fail(struct bench *b, const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	b->failed = true;
	return false;
}

/* `group`: NULL, or the one whose rows these are. */
static bool write_rows(struct bench *b, const char *group)
{
	char path[BENCH_PATH];

	snprintf(path, sizeof(path), "%s/bench%s%s.json", b->build, group ? "-" : "",
		 group ? group : "");
	if (json_dump_file(b->rows, path, JSON_INDENT(2)) != 0)
		return bench_fail(b, "the rows cannot be written");
	printf("Written to %s\n", path);
	return true;
}

/* How many times its floor it is; a rate is the better the higher. 0: it has none. NULL: 0. */
static double distance(const json_t *row)
{
	const double value = json_number_value(json_object_get(row, "value")),
		     floor = json_number_value(json_object_get(row, "floor"));

	if (floor <= 0 || value <= 0)
		return 0;
	return strcmp(json_string_value(json_object_get(row, "unit")), "1/s") == 0 ? floor / value
										   : value / floor;
}

/* Where the row farthest from its floor is; the number of rows: none has a floor. */
static size_t farthest(const json_t *rows)
{
	size_t worst = json_array_size(rows), i;
	const json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (distance(row) > distance(json_array_get(rows, worst)))
			worst = i;
	}
	return worst;
}

static void show_worst(const struct bench *b)
{
	json_t *left = json_copy(b->rows);

	printf("\nFarthest from their floors:\n");
	for (int n = 0; n < WORST; n++) {
		const size_t at = farthest(left);
		const json_t *row = json_array_get(left, at);

		if (row)
			printf("%-28s %6.2fx\n", json_string_value(json_object_get(row, "id")),
			       distance(row));
		json_array_remove(left, at);
	}
	json_decref(left);
}

/* `bench [GROUP [CARDS]]`: one group only; how many cards go through a gate. */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct bench *b);
	} groups[] = {
		{ "roundtrips", bench_roundtrips },
		{ "store", bench_store },
		{ "document", bench_document },
		{ "eid", bench_eid },
		{ "counter", bench_counter },
		{ "issue", bench_issue },
		{ "load", bench_load },
		{ "programs", bench_programs },
		{ "status", bench_status },
		{ "gate", bench_gate },
		{ "pkcs11", bench_pkcs11 },
		{ "publish", bench_publish },
	};
	struct bench b = { .build = getenv("SOJOURN_BUILD"),
			   .rows = json_array(),
			   .gate_cards = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0 };

	if (argc > 3 && strcmp(argv[1], BENCH_COST) == 0)
		return bench_cost_main(argv + 2);
	if (!b.build)
		b.build = "build";
	printf("%-28s %12s %-5s %12s %7s %12s %7s\n", "id", "value", "unit", "floor", "ratio",
	       "best peer", "ratio");
	if (bench_stage_up(&b)) {
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			if (argc < 2 || strcmp(argv[1], groups[i].name) == 0)
				groups[i].run(&b);
	}
	bench_stage_down(&b);
	show_worst(&b);
	(void)write_rows(&b, argc > 1 ? argv[1] : NULL);
	json_decref(b.rows);
	return b.failed ? 1 : b.lacking ? BENCH_INCOMPLETE : 0;
}
