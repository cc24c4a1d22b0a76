/* gate.c -- genuine cards at a gate, and how it hears that one of them was stolen. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo/demo.h"

#define OPERATOR "00000001"
#define SERVICE "1" /* of the registry: a metro's gate */
#define CHIP "jcop4-p71"
#define RATE "848"
#define STOP_MS 5000u

static const struct scene {
	const char *title;
	unsigned card;
	enum demo_event event; /* since the scene before */
	const char *decision;
	enum sj_rc reason;
	bool resumed;
	const char *model; /* row of `bench rf`; NULL: none is shown */
} scenes[] = {
	{ "the genuine card at a gate, which it has never seen", DEMO_STOLEN, DEMO_NOTHING, "open",
	  SJ_OK, false, "Sojourn gate: first tap, the card has never seen the reader" },
	{ "there again, by the ticket that the gate left", DEMO_STOLEN, DEMO_NOTHING, "open", SJ_OK,
	  true, "Sojourn gate: repeated tap, by ticket" },
	{ "stolen and revoked, but this gate has yesterday's bundle", DEMO_STOLEN, DEMO_REPORTED,
	  "open", SJ_OK, true, NULL },
	{ "the new bundle came by USB stick", DEMO_STOLEN, DEMO_SYNCED, "refuse", SJ_CARD_REVOKED,
	  true, NULL },
	{ "another holder's card there", DEMO_OTHER, DEMO_NOTHING, "open", SJ_OK, false, NULL },
};
#define SCENES ((unsigned)(sizeof(scenes) / sizeof(scenes[0])))

unsigned demo_gate_scenes(void)
{
	return SCENES;
}

/* --- setting it up ------------------------------------------------------------------- */

/* The gate asks, the authority signs. */
static int enrol(struct demo *demo)
{
	struct demo_path state = demo_path(demo, "gate"), authority = demo_path(demo, "trusted");
	struct demo_path request = demo_path(demo, "gate.req"),
			 credential = demo_path(demo, "gate.cwt");
	const char *ask[] = { NULL,       "gate",      "enrol",      "--state",
			      state.text, "--request", request.text, NULL };
	const char *sign[] = { NULL,        "authority",  "gate",          "sign",  authority.text,
			       "--request", request.text, "--service",     SERVICE, "--operator",
			       OPERATOR,    "--out",      credential.text, NULL };
	const char *install[] = { NULL,       "gate",      "enrol",         "--state",
				  state.text, "--install", credential.text, NULL };
	const char *key[] = { NULL, "gate", "ticket-key", "new", "--state", state.text, NULL };
	int rc = demo_step(demo, "gate", ask);

	if (rc == 0)
		rc = demo_step(demo, "authority", sign);
	if (rc == 0)
		rc = demo_step(demo, "gate", install);
	return rc == 0 ? demo_step(demo, "gate", key) : rc;
}

/* The model's table, from exchanges that the bench plays with a card of its own. */
static int load_model(struct demo *demo, json_t **out)
{
	const char *argv[] = {
		NULL, "bench", "rf", "--json", "--chip", CHIP, "--rate", RATE, NULL
	};
	char *text = NULL;
	int code = demo_run(demo, "bench", argv, &text);

	*out = code == 0 && text != NULL ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return *out != NULL ? 0 : cli_fail(demo->cli, SJ_INTERNAL, "bench rf ended with %d", code);
}

/* 0: no such row. */
static double model_ms(const json_t *model, const char *name)
{
	json_t *rows = json_object_get(model, "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *text = json_string_value(json_object_get(row, "name"));
		const json_t *chip = json_object_get(json_object_get(row, "ms"), CHIP);

		if (text != NULL && strcmp(text, name) == 0)
			return json_number_value(json_object_get(chip, RATE));
	}
	return 0;
}

/* --- a tap ------------------------------------------------------------------------------ */

/* Takes whole lines off the front; NULL: none of them was about a tap. */
static json_t *take_tap(char *text, size_t *len)
{
	json_t *object = NULL;
	char *end;

	while (object == NULL && (end = memchr(text, '\n', *len)) != NULL) {
		size_t line = (size_t)(end - text) + 1;

		object = json_loadb(text, line, 0, NULL);
		if (json_object_get(object, "decision") == NULL) {
			json_decref(object);
			object = NULL;
		}
		*len -= line;
		memmove(text, end + 1, *len);
	}
	return object;
}

/* What the gate says of its first tap; NULL: nothing within ten seconds. */
static json_t *read_tap(struct demo *demo, int fd)
{
	struct pollfd more = { fd, POLLIN, 0 };
	uint64_t end = demo_now_ms() + 10000u;
	json_t *object = NULL;
	char text[2048];
	size_t len = 0;
	ssize_t got = 1;

	while (object == NULL && got > 0 && len < sizeof(text) && demo_now_ms() < end &&
	       !cli_interrupted(demo->cli)) {
		if (poll(&more, 1, 100) <= 0)
			continue;
		got = read(fd, text + len, sizeof(text) - len);
		len += got > 0 ? (size_t)got : 0;
		object = take_tap(text, &len);
	}
	return object;
}

/* A gate starts, and finds the card there. */
json_t *demo_gate_tap(struct demo *demo, unsigned card)
{
	struct demo_path state = demo_path(demo, "gate"), store = demo_path(demo, "trust");
	struct demo_path reader = demo_reader(card);
	char *program = cli_program_path("gate");
	const char *const argv[] = { program,   "gate",     "run",     "--reader", reader.text,
				     "--state", state.text, "--trust", store.text, NULL };
	struct cli_child child = CLI_CHILD_INIT;
	json_t *said = NULL;
	int ends[2];
	pid_t pid;

	if (program == NULL || pipe2(ends, O_CLOEXEC) != 0) {
		free(program);
		return NULL;
	}
	child.out = ends[1];
	child.err = demo->log;
	pid = cli_child_start(&child, argv);
	close(ends[1]);
	if (pid > 0) {
		said = read_tap(demo, ends[0]);
		cli_child_stop(pid, STOP_MS);
	}
	close(ends[0]);
	free(program);
	return said;
}

/* --- the scenes --------------------------------------------------------------------------- */

static const char *reason_of(const json_t *said)
{
	return demo_text_at(json_array_get(json_object_get(said, "reasons"), 0), "id");
}

static bool as_expected(const struct scene *scene, const json_t *said)
{
	return strcmp(demo_text_at(said, "decision"), scene->decision) == 0 &&
	       strcmp(reason_of(said), cli_failure_id(scene->reason).text) == 0 &&
	       json_is_true(json_object_get(said, "resumed")) == scene->resumed;
}

static void show(struct demo *demo, unsigned number, const struct scene *scene, const json_t *said,
		 double model)
{
	const json_t *us = json_object_get(said, "microseconds");
	bool ok = as_expected(scene, said);

	cli_line(demo->cli, ok ? CLI_MARK_GOOD : CLI_MARK_BAD, ok ? "as expected" : "UNEXPECTED",
		 "%u. %s: %s%s%s (%d commands, %.1f ms)", number, scene->title,
		 said != NULL ? demo_text_at(said, "decision") : "nothing was decided",
		 reason_of(said)[0] != '\0' ? ", " : "", reason_of(said),
		 (int)json_integer_value(json_object_get(us, "commands")),
		 json_number_value(json_object_get(us, "decision")) / 1000);
	if (scene->reason != SJ_OK)
		cli_print(demo->cli, "                 %s\n", sj_strerror(scene->reason));
	if (scene->model != NULL)
		cli_print(demo->cli,
			  "                 a " CHIP " at " RATE
			  " kbit/s: %.0f ms from card present,"
			  " by a model that is a lower bound\n",
			  model);
	if (!ok)
		cli_print(demo->cli, "                 due: %s, %s%s\n", scene->decision,
			  scene->resumed ? "by ticket" : "without a ticket",
			  cli_failure_id(scene->reason).text);
}

int demo_gate_play(struct demo *demo, unsigned number, unsigned *wrong)
{
	json_t *model = NULL;
	int rc = enrol(demo);

	if (rc == 0)
		rc = load_model(demo, &model);
	for (unsigned i = 0; rc == 0 && i < SCENES; i++) {
		double ms = scenes[i].model != NULL ? model_ms(model, scenes[i].model) : 1;
		json_t *said = NULL;

		rc = demo_event(demo, scenes[i].event);
		if (rc == 0)
			said = demo_gate_tap(demo, scenes[i].card);
		if (rc == 0 && !cli_interrupted(demo->cli))
			show(demo, number + i, &scenes[i], said, ms);
		*wrong += as_expected(&scenes[i], said) && ms > 0 ? 0 : 1;
		json_decref(said);
	}
	json_decref(model);
	return rc;
}
