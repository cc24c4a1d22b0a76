#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "demo/demo.h"

/* --- the cards ------------------------------------------------------------------- */

enum issuer { TRUSTED, UNKNOWN };

static const struct card {
	const char *holder; /* in share/sojourn; NULL: a copyist has none */
	const char *portrait;
	const char *defect; /* what a laboratory's issuer does wrong; NULL: nothing */
	enum issuer issuer;
} cards[] = {
	{ "holder.json", "face.jpg", NULL, TRUSTED }, /* its files are what the copyist has */
	{ NULL, NULL, "copy", TRUSTED },
	{ NULL, NULL, "strip-com", TRUSTED },
	{ "holder.json", "face.jpg", "alter-dg1", TRUSTED },
	{ "holder.json", "face.jp2", NULL, UNKNOWN },
	{ "holder-expired.json", "face.jp2", NULL, TRUSTED },
};
#define CARDS ((unsigned)(sizeof(cards) / sizeof(cards[0])))

/* The card whose files the copies are made of. */
#define ORIGINAL 0

unsigned demo_cards(void)
{
	return CARDS;
}

static int failed(struct demo *demo, const char *what, int code)
{
	if (cli_interrupted(demo->cli))
		return cli_fail(demo->cli, SJ_CANCELLED, NULL);
	return cli_fail(demo->cli, SJ_INTERNAL, "%s ended with %d", what, code);
}

static int make_authority(struct demo *demo, const char *name)
{
	struct demo_path dir = demo_path(demo, "%s", name);
	const char *argv[] = { NULL, "authority", "init", dir.text, NULL };
	int code = demo_run(demo, "authority", argv, NULL);

	return code == 0 ? 0 : failed(demo, "authority init", code);
}

static int trust(struct demo *demo)
{
	struct demo_path store = demo_path(demo, "trust");
	struct demo_path csca = demo_path(demo, "trusted/csca-1.cer");
	struct demo_path keys = demo_path(demo, "trusted/key-ca-1.cer");
	const char *argv[] = { NULL,     "trust",   "import",   "--trust", store.text,
			       "--csca", csca.text, "--key-ca", keys.text, NULL };
	int code = demo_run(demo, "trust", argv, NULL);

	return code == 0 ? 0 : failed(demo, "trust import", code);
}

/* The same CAN for all cards, and one that is none's. */
static int write_cans(struct demo *demo)
{
	unsigned number = 0;
	char text[16];
	int rc;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return cli_fail(demo->cli, SJ_CRYPTO_FAILED, NULL);
	snprintf(text, sizeof(text), "%06u\n", number % 1000000u);
	rc = cli_secret_write_letter(demo->cli, demo_path(demo, "right.can").text, text,
				     strlen(text));
	if (rc != 0)
		return rc;
	snprintf(text, sizeof(text), "%06u\n", (number + 1) % 1000000u);
	return cli_secret_write_letter(demo->cli, demo_path(demo, "wrong.can").text, text,
				       strlen(text));
}

#define ARGUMENTS 24

struct arguments {
	const char *argv[ARGUMENTS];
	size_t n;
};

static void add(struct arguments *a, const char *option, const char *value)
{
	if (value == NULL || a->n + 3 > ARGUMENTS)
		return;
	a->argv[a->n++] = option;
	a->argv[a->n++] = value;
}

static int issue(struct demo *demo, unsigned i)
{
	const struct card *card = &cards[i];
	struct demo_path authority =
		demo_path(demo, card->issuer == TRUSTED ? "trusted" : "unknown");
	struct demo_path can = demo_path(demo, "right.can"), reader = demo_reader(i);
	struct demo_path letter = demo_path(demo, "letter-%u", i + 1);
	struct demo_path files = demo_path(demo, "files");
	char *holder = card->holder != NULL ? cli_share_path(card->holder) : NULL;
	char *portrait = card->portrait != NULL ? cli_share_path(card->portrait) : NULL;
	struct arguments a = { { NULL, "issue" }, 2 };
	int code;

	add(&a, "--reader", reader.text);
	add(&a, "--can-file", can.text);
	add(&a, "--letter-out", letter.text);
	add(&a, "--holder", holder);
	add(&a, "--portrait", portrait);
	add(&a, "--defect", card->defect);
	add(&a, i == ORIGINAL ? "--files-out" : "--clone-files",
	    i == ORIGINAL || holder == NULL ? files.text : NULL);
	add(&a, "--authority", holder != NULL ? authority.text : NULL);
	code = demo_run(demo, "authority", a.argv, NULL);
	free(holder);
	free(portrait);
	return code == 0 ? 0 : failed(demo, "issue", code);
}

int demo_issue(struct demo *demo)
{
	uint64_t start = demo_now_ms();
	int rc = make_authority(demo, "trusted");

	if (rc == 0)
		rc = make_authority(demo, "unknown");
	if (rc == 0)
		rc = trust(demo);
	if (rc == 0)
		rc = write_cans(demo);
	for (unsigned i = 0; rc == 0 && i < CARDS; i++)
		rc = issue(demo, i);
	if (rc == 0)
		cli_print(demo->cli,
			  "Two authorities made, one of them trusted; %u cards issued: %.1f s\n\n",
			  CARDS, (double)(demo_now_ms() - start) / 1000.0);
	return rc;
}

/* --- the scenes ------------------------------------------------------------------ */

static const struct scene {
	const char *title;
	unsigned card;
	const char *can; /* file in the demo's directory */
	const char *verdict; /* what must come out; NULL: no verdict, the card stays shut */
	enum sj_rc reason;
} scenes[] = {
	{ "a genuine card", ORIGINAL, "right.can", "genuine", SJ_OK },
	{ "its data on a card without its keys", 1, "right.can", "not-genuine", SJ_CA_FAILED },
	{ "that copy, DG14 and DG15 struck from EF.COM", 2, "right.can", "not-genuine",
	  SJ_GROUP_WITHHELD },
	{ "one byte of DG1 altered", 3, "right.can", "not-genuine", SJ_HASH_MISMATCH },
	{ "an unknown issuer", 4, "right.can", "undecided", SJ_ISSUER_UNKNOWN },
	{ "an expired document", 5, "right.can", "expired", SJ_DOCUMENT_EXPIRED },
	{ "the genuine card, a wrong CAN", ORIGINAL, "wrong.can", NULL, SJ_WRONG_CAN },
	{ "the genuine card again: nothing was lost", ORIGINAL, "right.can", "genuine", SJ_OK },
};
#define SCENES ((unsigned)(sizeof(scenes) / sizeof(scenes[0])))

/* What verify said. */
struct outcome {
	int code;
	json_t *json;
	unsigned ms;
};

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* The failure id: of the verdict's reason, or of what kept it from one. */
static const char *reason_of(const json_t *json)
{
	const json_t *error = json_object_get(json, "error");
	const json_t *reason = error != NULL ? error : json_object_get(json, "reason");

	return json_is_object(reason) ? text_at(reason, "id") : text_at(json, "reason");
}

static void verify(struct demo *demo, const struct scene *scene, struct outcome *out)
{
	struct demo_path reader = demo_reader(scene->card);
	struct demo_path store = demo_path(demo, "trust"), can = demo_path(demo, "%s", scene->can);
	const char *argv[] = { NULL,      "verify",   "--json",     "--reader", reader.text,
			       "--trust", store.text, "--can-file", can.text,   NULL };
	uint64_t start = demo_now_ms();
	char *text = NULL;

	out->code = demo_run(demo, "verify", argv, &text);
	out->ms = (unsigned)(demo_now_ms() - start);
	out->json = text != NULL ? json_loads(text, 0, NULL) : NULL;
	free(text);
}

static bool as_expected(const struct scene *scene, const struct outcome *out)
{
	return out->code == sj_exit_code(scene->reason) && out->json != NULL &&
	       strcmp(text_at(out->json, "verdict"),
		      scene->verdict != NULL ? scene->verdict : "") == 0 &&
	       strcmp(reason_of(out->json), cli_failure_id(scene->reason).text) == 0;
}

static void show(struct demo *demo, unsigned i, const struct outcome *out, bool ok)
{
	const struct scene *scene = &scenes[i];
	const json_t *statistics = json_object_get(out->json, "statistics");
	const char *verdict = text_at(out->json, "verdict");
	const json_int_t apdus = json_integer_value(json_object_get(statistics, "apdus"));
	char count[32] = "";

	if (apdus > 0)
		snprintf(count, sizeof(count), ", %d APDUs", (int)apdus);
	cli_line(demo->cli, ok ? CLI_MARK_GOOD : CLI_MARK_BAD, ok ? "as expected" : "UNEXPECTED",
		 "%u. %s: %s%s%s (exit %d, %.2f s%s)", i + 1, scene->title,
		 verdict[0] != '\0' ? verdict : "not opened",
		 reason_of(out->json)[0] != '\0' ? ", " : "", reason_of(out->json), out->code,
		 (double)out->ms / 1000.0, count);
	if (scene->reason != SJ_OK)
		cli_print(demo->cli, "                 %s\n", sj_strerror(scene->reason));
	if (!ok)
		cli_print(demo->cli, "                 due: %s, %s (exit %d)\n",
			  scene->verdict != NULL ? scene->verdict : "not opened",
			  cli_failure_id(scene->reason).text, sj_exit_code(scene->reason));
}

/* The holder's data, as verify hands them out for a genuine card. */
static void show_holder(struct demo *demo, json_t *holder)
{
	const char *key;
	json_t *value;

	json_object_foreach(holder, key, value)
	{
		if (json_is_string(value) && json_string_length(value) > 0)
			cli_print(demo->cli, "                 %-18s %s\n", key,
				  json_string_value(value));
	}
}

int demo_play(struct demo *demo)
{
	unsigned wrong = 0;
	int rc = 0;

	for (unsigned i = 0; i < SCENES && !cli_interrupted(demo->cli); i++) {
		struct outcome out;
		bool ok;

		verify(demo, &scenes[i], &out);
		ok = as_expected(&scenes[i], &out);
		show(demo, i, &out, ok);
		if (ok && i == 0)
			show_holder(demo, json_object_get(out.json, "holder"));
		json_decref(out.json);
		wrong += ok ? 0 : 1;
	}
	if (!cli_interrupted(demo->cli))
		rc = demo_login_play(demo, SCENES + 1, &wrong);
	if (rc == 0 && !cli_interrupted(demo->cli))
		rc = demo_gate_play(demo, SCENES + 2, &wrong);
	if (cli_interrupted(demo->cli))
		return cli_fail(demo->cli, SJ_CANCELLED, NULL);
	if (rc != 0 || wrong == 0)
		return rc;
	return cli_fail(demo->cli, SJ_INTERNAL, "%u of %u scenes did not end as they should", wrong,
			SCENES + 1 + demo_gate_scenes());
}
