/* The counter: field maps, and what a target's server answers. */
#include "counter/counter.h"
#include "tests/fuzz/parsers.h"

#define MAP \
	"{\"required\":[\"surname\"],\"fixed\":{\"name\":[{\"use\":\"official\"}]}," \
	"\"fields\":{\"surname\":\"/name/0/family\",\"given-names\":\"/name/0/given/0\"}," \
	"\"lookup\":\"?id={surname}\",\"entries\":\"entry\"," \
	"\"compare\":{\"surname\":\"/resource/name/0/family\"},\"verified\":\"/id\"}"
#define ANSWER "{\"id\":\"p1\",\"resource\":{\"name\":[{\"family\":\"B\",\"given\":[\"C\"]}]}}"

static bool map_seed(size_t i, struct sj_writer *out)
{
	if (i > 0)
		return false;
	sj_put(out, SJ_SPAN_STR(MAP));
	return !out->failed;
}

static bool use(const json_t *map, const json_t *theirs)
{
	json_t *fields = json_pack("{s:s, s:s}", "surname", "A", "given-names", "B");
	json_t *differences = NULL, *form;
	const char *stuck = NULL;

	form = counter_map_apply(map, fields, &stuck);
	counter_map_compare(map, theirs, fields, &differences);
	json_decref(form);
	json_decref(differences);
	json_decref(fields);
	return form != NULL || stuck != NULL;
}

static bool map_run(struct sj_span in)
{
	char why[COUNTER_WHY] = "";
	json_t *map = counter_map_parse((const char *)in.ptr, in.len, why);
	json_t *theirs = json_loads(ANSWER, 0, NULL);
	bool ok = map != NULL && use(map, theirs);

	json_decref(theirs);
	json_decref(map);
	return ok;
}

static bool answer_seed(size_t i, struct sj_writer *out)
{
	if (i > 0)
		return false;
	sj_put(out, SJ_SPAN_STR(ANSWER));
	return !out->failed;
}

static bool answer_run(struct sj_span in)
{
	char why[COUNTER_WHY] = "";
	json_t *map = counter_map_parse(MAP, sizeof(MAP) - 1, why);
	json_t *theirs = json_loadb((const char *)in.ptr, in.len, 0, NULL);
	bool ok = theirs != NULL && use(map, theirs) && counter_map_text(theirs, "/id") != NULL;

	json_decref(theirs);
	json_decref(map);
	return ok;
}

struct fuzz_room fuzz_counter(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "counter-map", map_seed, map_run },
		{ "counter-answer", answer_seed, answer_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
