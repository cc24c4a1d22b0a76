#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "demo/demo.h"

/* --- the cards ------------------------------------------------------------------- */

enum issuer { TRUSTED, UNKNOWN };

static const struct card {
	const char *holder; /* in share/sojourn; NULL: a copyist has none */
	const char *number; /* of the document */
	const char *portrait;
	const char *defect; /* what a laboratory's issuer does wrong; NULL: nothing */
	enum issuer issuer;
	bool eid;
} cards[] = {
	{ "holder.json", "U24SJ0117", "face.jpg", NULL, TRUSTED,
	  false }, /* whose files are copied */
	{ NULL, NULL, NULL, "copy", TRUSTED, false },
	{ NULL, NULL, NULL, "strip-com", TRUSTED, false },
	{ "holder.json", "U24SJ0118", "face.jpg", "alter-dg1", TRUSTED, false },
	{ "holder.json", "U24SJ0117", "face.jp2", NULL, UNKNOWN, false },
	{ "holder-expired.json", "U24SJ0119", "face.jp2", NULL, TRUSTED, false },
	{ "holder.json", "U24SJ0120", "face.jpg", NULL, TRUSTED, false },
	{ "holder-eid.json", "U24SJ0121", "face.jpg", NULL, TRUSTED, true },
};
#define CARDS ((unsigned)(sizeof(cards) / sizeof(cards[0])))

/* The card whose files the copies are made of, which is revoked in the end; another good one. */
#define ORIGINAL DEMO_STOLEN

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

/* What the trusted authority says now, in a folder as a web server has it, or a USB stick. */
static int publish(struct demo *demo)
{
	struct demo_path authority = demo_path(demo, "trusted"), site = demo_path(demo, "site");
	const char *argv[] = { NULL,    "authority", "publish", authority.text,
			       "--out", site.text,   NULL };
	int code = demo_run(demo, "authority", argv, NULL);

	return code == 0 ? 0 : failed(demo, "authority publish", code);
}

/* All that a terminal is ever given is the bundle signer; the rest it fetches. */
static int fetch(struct demo *demo, bool first)
{
	struct demo_path store = demo_path(demo, "trust"), site = demo_path(demo, "site");
	struct demo_path signer = demo_path(demo, "trusted/bundle-signer-1.cwt");
	const char *argv[] = { NULL,
			       "trust",
			       "sync",
			       "--trust",
			       store.text,
			       first ? "--anchor" : site.text,
			       first ? signer.text : NULL,
			       site.text,
			       NULL };
	int code = demo_run(demo, "trust", argv, NULL);

	return code == 0 ? 0 : failed(demo, "trust sync", code);
}

static int report_stolen(struct demo *demo)
{
	struct demo_path authority = demo_path(demo, "trusted");
	const char *argv[] = { NULL,           "register",   "revoke",
			       authority.text, "--document", cards[DEMO_STOLEN].number,
			       "--reason",     "stolen",     NULL };
	int code = demo_run(demo, "authority", argv, NULL);

	return code == 0 ? 0 : failed(demo, "register revoke", code);
}

int demo_event(struct demo *demo, enum demo_event event)
{
	int rc = 0;

	switch (event) {
	case DEMO_NOTHING:
		break;
	case DEMO_REPORTED:
		rc = report_stolen(demo);
		if (rc == 0)
			rc = publish(demo);
		break;
	case DEMO_SYNCED:
		rc = fetch(demo, false);
		break;
	}
	return rc;
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

/* A holder file that ships, with this document number. */
static int write_holder(struct demo *demo, const struct card *card, struct demo_path *out)
{
	char *shipped = cli_share_path(card->holder);
	json_t *holder = shipped != NULL ? json_load_file(shipped, 0, NULL) : NULL;
	int rc = 0;

	*out = demo_path(demo, "%s.json", card->number);
	if (holder == NULL ||
	    json_object_set_new(holder, "documentNumber", json_string(card->number)) != 0 ||
	    json_dump_file(holder, out->text, JSON_INDENT(2)) != 0)
		rc = cli_fail(demo->cli, SJ_OUTPUT_FAILED, "%s", out->text);
	json_decref(holder);
	free(shipped);
	return rc;
}

static int issue(struct demo *demo, unsigned i)
{
	const struct card *card = &cards[i];
	struct demo_path authority =
		demo_path(demo, card->issuer == TRUSTED ? "trusted" : "unknown");
	struct demo_path can = demo_path(demo, "right.can"), reader = demo_reader(i);
	struct demo_path letter = demo_path(demo, "letter-%u", i + 1);
	struct demo_path files = demo_path(demo, "files");
	struct demo_path holder;
	char *portrait = card->portrait != NULL ? cli_share_path(card->portrait) : NULL;
	struct arguments a = { { NULL, "issue" }, 2 };
	int code = card->holder != NULL ? write_holder(demo, card, &holder) : 0;

	if (code != 0)
		goto out;
	add(&a, "--reader", reader.text);
	add(&a, "--can-file", can.text);
	add(&a, "--letter-out", letter.text);
	add(&a, "--holder", card->holder != NULL ? holder.text : NULL);
	add(&a, "--portrait", portrait);
	add(&a, "--defect", card->defect);
	add(&a, i == ORIGINAL ? "--files-out" : "--clone-files",
	    i == ORIGINAL || card->holder == NULL ? files.text : NULL);
	add(&a, "--authority", card->holder != NULL ? authority.text : NULL);
	if (card->eid)
		a.argv[a.n++] = "--eid";
	code = demo_run(demo, "authority", a.argv, NULL);
	if (code != 0)
		code = failed(demo, "issue", code);
out:
	free(portrait);
	return code;
}

int demo_issue(struct demo *demo)
{
	uint64_t start = demo_now_ms();
	int rc = make_authority(demo, "trusted");

	if (rc == 0)
		rc = make_authority(demo, "unknown");
	if (rc == 0)
		rc = publish(demo);
	if (rc == 0)
		rc = fetch(demo, true);
	if (rc == 0)
		rc = write_cans(demo);
	if (rc == 0)
		rc = demo_services_found(demo);
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
}, last_scenes[] = {
	{ "the stolen card at a counter with that bundle", DEMO_STOLEN, "right.can", "expired",
	  SJ_DOCUMENT_REVOKED },
	{ "another holder's card there", DEMO_OTHER, "right.can", "genuine", SJ_OK },
};
#define SCENES ((unsigned)(sizeof(scenes) / sizeof(scenes[0])))
#define LAST_SCENES ((unsigned)(sizeof(last_scenes) / sizeof(last_scenes[0])))

/* What verify said. */
struct outcome {
	int code;
	json_t *json;
	unsigned ms;
};

/* The failure id: of the verdict's reason, or of what kept it from one. */
static const char *reason_of(const json_t *json)
{
	const json_t *error = json_object_get(json, "error");
	const json_t *reason = error != NULL ? error : json_object_get(json, "reason");

	return json_is_object(reason) ? demo_text_at(reason, "id") : demo_text_at(json, "reason");
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
	       strcmp(demo_text_at(out->json, "verdict"),
		      scene->verdict != NULL ? scene->verdict : "") == 0 &&
	       strcmp(reason_of(out->json), cli_failure_id(scene->reason).text) == 0;
}

static void show(struct demo *demo, unsigned number, const struct scene *scene,
		 const struct outcome *out, bool ok)
{
	const json_t *statistics = json_object_get(out->json, "statistics");
	const char *verdict = demo_text_at(out->json, "verdict");
	const json_int_t apdus = json_integer_value(json_object_get(statistics, "apdus"));
	char count[32] = "";

	if (apdus > 0)
		snprintf(count, sizeof(count), ", %d APDUs", (int)apdus);
	cli_line(demo->cli, ok ? CLI_MARK_GOOD : CLI_MARK_BAD, ok ? "as expected" : "UNEXPECTED",
		 "%u. %s: %s%s%s (exit %d, %.2f s%s)", number, scene->title,
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

static void play(struct demo *demo, const struct scene *list, unsigned n, unsigned number,
		 unsigned *wrong)
{
	for (unsigned i = 0; i < n && !cli_interrupted(demo->cli); i++) {
		struct outcome out;
		bool ok;

		verify(demo, &list[i], &out);
		ok = as_expected(&list[i], &out);
		show(demo, number + i, &list[i], &out, ok);
		if (ok && number + i == 1)
			show_holder(demo, json_object_get(out.json, "holder"));
		json_decref(out.json);
		*wrong += ok ? 0 : 1;
	}
}

int demo_play(struct demo *demo)
{
	const unsigned gate = SCENES + 2, last = gate + demo_gate_scenes();
	const unsigned services = last + LAST_SCENES;
	unsigned wrong = 0;
	int rc = 0;

	play(demo, scenes, SCENES, 1, &wrong);
	if (!cli_interrupted(demo->cli))
		rc = demo_login_play(demo, SCENES + 1, &wrong);
	if (rc == 0 && !cli_interrupted(demo->cli))
		rc = demo_gate_play(demo, gate, &wrong);
	if (rc == 0)
		play(demo, last_scenes, LAST_SCENES, last, &wrong);
	if (rc == 0 && !cli_interrupted(demo->cli))
		rc = demo_services_play(demo, services, &wrong);
	if (cli_interrupted(demo->cli))
		return cli_fail(demo->cli, SJ_CANCELLED, NULL);
	if (rc != 0 || wrong == 0)
		return rc;
	return cli_fail(demo->cli, SJ_INTERNAL, "%u of %u scenes did not end as they should", wrong,
			services + DEMO_SERVICES - 1);
}
