/* services.c -- one eID card, three who ask it, and what each of them is told. */
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

static const struct scene {
	const char *title, *holder;
	const char *service; /* NULL: the gate */
	const char *verdict;
	const char *told; /* names of the data, each once */
} scenes[DEMO_SERVICES] = {
	{ "an eID card at a hotel", "UTHOTEL00001", "hotel check-in", "genuine",
	  "surname given-names birth-date nationality document-number expiry home-passport-state "
	  "home-passport-number entry-record portrait" },
	{ "the same card at a pharmacy", "UTPHARM00001", "pharmacy", "genuine",
	  "age-over-18 surname given-names insurance-number" },
	{ "and at the metro's gate", NULL, NULL, "open", "pseudonym" },
};

/* --- who asks --------------------------------------------------------------------- */

int demo_services_found(struct demo *demo)
{
	struct demo_path authority = demo_path(demo, "trusted");
	const char *at[] = { NULL, "authority", "cvca-init", authority.text, NULL };
	const char *is[] = { NULL, "authority", "cvca-init", authority.text, "--type", "is", NULL };
	const char *dv[] = { NULL, "authority", "dv-init", authority.text, NULL };
	int rc = demo_step(demo, "authority", at);

	if (rc == 0)
		rc = demo_step(demo, "authority", is);
	return rc == 0 ? demo_step(demo, "authority", dv) : rc;
}

/* The terminal asks, the authority signs. */
static int enrol(struct demo *demo, const struct scene *scene)
{
	struct demo_path folder = demo_path(demo, "%s", scene->holder);
	struct demo_path request = demo_path(demo, "%s/next.cvreq", scene->holder);
	struct demo_path came = demo_path(demo, "%s.came", scene->holder);
	struct demo_path authority = demo_path(demo, "trusted");
	const char *ask[] = {
		NULL, "terminal", "new", folder.text, "--holder", scene->holder, NULL
	};
	const char *sign[] = { NULL,         "authority", "terminal-sign", authority.text,
			       request.text, "--service", scene->service,  "--folder",
			       came.text,    NULL };
	const char *install[] = { NULL, "terminal", "install", folder.text, came.text, NULL };
	int rc = demo_step(demo, "terminal", ask);

	if (rc == 0)
		rc = demo_step(demo, "authority", sign);
	return rc == 0 ? demo_step(demo, "terminal", install) : rc;
}

/* --- what it is told --------------------------------------------------------------- */

static json_t *verify(struct demo *demo, const struct scene *scene)
{
	struct demo_path reader = demo_reader(DEMO_EID), store = demo_path(demo, "trust");
	struct demo_path can = demo_path(demo, "right.can");
	struct demo_path folder = demo_path(demo, "%s", scene->holder);
	const char *argv[] = { NULL,           "verify",     "--json",     "--reader", reader.text,
			       "--trust",      store.text,   "--can-file", can.text,   "--service",
			       scene->service, "--terminal", folder.text,  NULL };
	char *text = NULL;
	json_t *said;

	demo_run(demo, "verify", argv, &text);
	said = text != NULL ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return said;
}

/* A gate's tap in the shape of an answer. */
static json_t *as_answer(json_t *tap)
{
	json_t *answer = json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "verdict",
				   demo_text_at(tap, "decision"), "limit", "card", "data", "name",
				   "pseudonym", "value", demo_text_at(tap, "pseudonym"));

	json_decref(tap);
	return answer;
}

static bool has_portrait(const json_t *said)
{
	return json_is_object(json_object_get(said, "portrait"));
}

/* Its names are those that are due, in that order, and nothing else is there. */
static bool as_expected(const struct scene *scene, const json_t *said)
{
	const json_t *data = json_object_get(said, "data"), *datum;
	char names[256] = "";
	size_t i;

	json_array_foreach(data, i, datum)
	{
		strncat(names, i > 0 ? " " : "", sizeof(names) - strlen(names) - 1);
		strncat(names, demo_text_at(datum, "name"), sizeof(names) - strlen(names) - 1);
	}
	if (has_portrait(said))
		strncat(names, " portrait", sizeof(names) - strlen(names) - 1);
	return strcmp(demo_text_at(said, "verdict"), scene->verdict) == 0 &&
	       strcmp(demo_text_at(said, "limit"), "card") == 0 && strcmp(names, scene->told) == 0;
}

static void show(struct demo *demo, unsigned number, const struct scene *scene, const json_t *said,
		 bool ok)
{
	const json_t *data = json_object_get(said, "data"), *datum;
	size_t i;

	cli_line(demo->cli, ok ? CLI_MARK_GOOD : CLI_MARK_BAD, ok ? "as expected" : "UNEXPECTED",
		 "%u. %s: %s, and is told by the card", number, scene->title,
		 said != NULL ? demo_text_at(said, "verdict") : "nothing was answered");
	json_array_foreach(data, i, datum)
	{
		cli_print(demo->cli, "                 %-21s %s\n", demo_text_at(datum, "name"),
			  demo_text_at(datum, "value"));
	}
	if (has_portrait(said))
		cli_print(demo->cli, "                 %-21s %s\n", "portrait",
			  demo_text_at(json_object_get(said, "portrait"), "mime"));
	if (!ok)
		cli_print(demo->cli, "                 due: %s\n", scene->told);
}

int demo_services_play(struct demo *demo, unsigned number, unsigned *wrong)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < DEMO_SERVICES && !cli_interrupted(demo->cli); i++) {
		const struct scene *scene = &scenes[i];
		json_t *said;
		bool ok;

		if (scene->service != NULL)
			rc = enrol(demo, scene);
		if (rc != 0)
			break;
		said = scene->service != NULL ? verify(demo, scene)
					      : as_answer(demo_gate_tap(demo, DEMO_EID));
		ok = as_expected(scene, said);
		if (!cli_interrupted(demo->cli))
			show(demo, number + i, scene, said, ok);
		*wrong += ok ? 0 : 1;
		json_decref(said);
	}
	return rc;
}
