/* own.c -- our exchanges: a card is issued, played with, and counts by itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sojourn/document.h>

#include "bench/stage.h"
#include "cli/child.h"

#define CAN "267431"

struct path in_stage(const struct stage *s, const char *name)
{
	struct path p;

	snprintf(p.text, sizeof(p.text), "%s/%.*s", s->dir, (int)NAME_MAX_SIZE - 2, name);
	return p;
}

/* --- issuing -------------------------------------------------------------------- */

int run_program(struct stage *s, const char *program, const char **argv)
{
	struct cli_child child = CLI_CHILD_INIT;
	char *path = cli_program_path(program), *out = NULL;
	int code = -1;
	size_t len;

	argv[0] = path;
	child.err = s->log;
	if (path != NULL)
		code = cli_child_capture(&child, argv, &out, &len);
	free(out);
	free(path);
	return code == 0 ? 0
			 : cli_fail(s->cli, SJ_INTERNAL, "sojourn-%s ended with %d", program, code);
}

static int make_authority(struct stage *s)
{
	struct path authority = in_stage(s, "authority"), trust = in_stage(s, "trust");
	struct path csca = in_stage(s, "authority/csca-1.cer");
	const char *init[] = { NULL, "authority", "init", authority.text, NULL };
	const char *import[] = { NULL,       "trust",  "import",  "--trust",
				 trust.text, "--csca", csca.text, NULL };
	int rc = run_program(s, "authority", init);

	return rc == 0 ? run_program(s, "trust", import) : rc;
}

static int issue(struct stage *s, const char *card_program)
{
	struct path authority = in_stage(s, "authority"), can = in_stage(s, "can");
	struct path letter = in_stage(s, "letter"), card = in_stage(s, "card");
	char *holder = cli_share_path("holder.json"), *portrait = cli_share_path("face.jpg");
	const char *blank[] = { NULL, "card", "new", card.text, NULL };
	const char *argv[] = { NULL,         "issue",   "--authority",  authority.text,
			       "--holder",   holder,    "--portrait",   portrait,
			       "--access",   "pace",    "--aa",         "none",
			       "--can-file", can.text,  "--letter-out", letter.text,
			       "--exec",     "--",      card_program,   "card",
			       "run",        card.text, "--link",       "stdio",
			       NULL };
	int rc = cli_file_write(s->cli, can.text, CAN "\n", strlen(CAN) + 1, 0600);

	if (rc == 0 && (holder == NULL || portrait == NULL))
		rc = cli_fail(s->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		rc = run_program(s, "card", blank);
	if (rc == 0)
		rc = run_program(s, "authority", argv);
	free(holder);
	free(portrait);
	return rc;
}

/* --- playing ---------------------------------------------------------------------- */

/* Verifies the document; the reader's operations are counted meanwhile. */
static enum sj_rc verify(const struct stage *s, struct sj_card *card, bool portrait)
{
	struct path store = in_stage(s, "trust");
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_report *report = NULL;
	struct sj_access *access = NULL;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(store.text, &trust);

	options.without_portrait = !portrait;
	if (rc == SJ_OK)
		rc = sj_access_can(CAN, strlen(CAN), &access);
	if (rc == SJ_OK)
		rc = sj_document_verify(card, trust, access, &options, &report);
	if (rc == SJ_OK && portrait)
		rc = sj_report_reason(report);
	sj_report_free(report);
	sj_access_free(access);
	sj_trust_close(trust);
	return rc;
}

static enum sj_rc verify_with_portrait(struct stage *s, struct sj_card *card)
{
	return verify(s, card, true);
}

static enum sj_rc verify_without_portrait(struct stage *s, struct sj_card *card)
{
	return verify(s, card, false);
}

static const struct exchange {
	const char *name, *properties;
	enum sj_rc (*play)(struct stage *s, struct sj_card *card);
} exchanges[] = {
	{ "Sojourn verify: PACE, CA, SOD, DG1, DG11, DG12, DG14, DG16",
	  "MA=no(holder's CAN) ID=y(after PACE) PKI=y FS=y RR=no", verify_without_portrait },
	{ "Sojourn verify: the same and DG2, a portrait of 20 kB",
	  "MA=no(holder's CAN) ID=y(after PACE) PKI=y FS=y RR=no", verify_with_portrait },
	/* In this order: each leaves the card as the next one wants it. */
	{ "Sojourn gate: first tap, the card has never seen the reader",
	  "MA=y ID=y PKI=y FS=y RR=no", stage_gate_tap },
	{ "Sojourn gate: first tap, the card knows the reader", "MA=y ID=y PKI=y FS=y RR=no",
	  stage_gate_tap_ticket },
	{ "Sojourn gate: repeated tap, by ticket", "MA=y ID=y PKI=via ticket FS=y RR=no",
	  stage_gate_repeat },
};

/* One line of `card run --rf-log`. */
static bool read_step(const json_t *line, struct card_rf_step *out)
{
	const json_t *work = json_object_get(line, "work");

	if (!json_is_object(work))
		return false;
	out->command = (size_t)json_integer_value(json_object_get(line, "command"));
	out->response = (size_t)json_integer_value(json_object_get(line, "response"));
	for (size_t i = 0; i < CARD_RF_OPS; i++)
		out->work.n[i] = json_number_value(
			json_object_get(work, card_rf_op_name((enum card_rf_op)i)));
	return true;
}

/* Only what comes before the decision, where an exchange has one. */
static void cut(const struct stage *s, struct bench_row *row)
{
	size_t n = 0, commands = s->decided_commands;

	if (commands == 0)
		return;
	while (n < row->n && commands > 0)
		commands -= row->steps[n++].command > 0 ? 1 : 0;
	row->n = n;
	row->reader = s->decided_reader;
}

static int read_log(struct stage *s, struct bench_row *row)
{
	FILE *f = fopen(in_stage(s, "rf").text, "re");
	json_t *line;
	bool ok = f != NULL;

	while (ok && (line = json_loadf(f, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
		ok = row->n < BENCH_STEPS_MAX && read_step(line, &row->steps[row->n++]);
		json_decref(line);
	}
	if (f != NULL)
		fclose(f);
	cut(s, row);
	return ok && row->n > 0 ? 0 : cli_fail(s->cli, SJ_INTERNAL, "the card's log");
}

static int play(struct stage *s, const struct exchange *e, const char *card_program,
		struct bench_row *row)
{
	struct path file = in_stage(s, "card"), log = in_stage(s, "rf");
	const char *const argv[] = { card_program, "card",   "run",     "--link", "stdio",
				     "--rf-log",   log.text, file.text, NULL };
	struct sj_context *ctx = cli_context(s->cli);
	struct sj_card *card = NULL;
	enum sj_rc rc;

	if (ctx == NULL)
		return cli_exit_code(s->cli);
	card_rf_meter_init(&s->meter);
	s->decided_commands = 0;
	rc = sj_card_spawn(ctx, argv, 10000, &card);
	if (rc == SJ_OK) {
		struct sj_meter *former = sj_meter_use(&s->meter.head);

		rc = e->play(s, card);
		(void)sj_meter_use(former);
	}
	sj_card_close(card);
	if (rc != SJ_OK)
		return cli_fail(s->cli, rc, "%s", e->name);
	*row = (struct bench_row){ .name = e->name,
				   .properties = e->properties,
				   .source = 'c',
				   .ours = true,
				   .reader = s->meter.work };
	return read_log(s, row);
}

/* --- the stage ---------------------------------------------------------------------- */

static int play_all(struct stage *s, void (*tell)(void *self, const struct bench_row *row),
		    void *self)
{
	struct bench_row *row = calloc(1, sizeof(*row));
	char *program = cli_program_path("card");
	int rc;

	if (row == NULL || program == NULL) {
		rc = cli_fail(s->cli, SJ_NO_MEMORY, NULL);
		goto out;
	}
	rc = make_authority(s);
	if (rc == 0)
		rc = issue(s, program);
	if (rc == 0)
		rc = stage_gate_open(s);
	for (size_t i = 0; rc == 0 && i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		rc = play(s, &exchanges[i], program, row);
		if (rc == 0)
			tell(self, row);
	}
out:
	free(program);
	free(row);
	return rc;
}

static void show_log(struct stage *s)
{
	uint8_t *text = NULL;
	size_t len = 0;

	if (cli_file_read(s->cli, in_stage(s, "log").text, 1u << 20, &text, &len) == 0 && len > 0)
		cli_note(s->cli, "What the programs said:\n%s", (const char *)text);
	free(text);
}

int bench_own(struct cli *cli, void (*tell)(void *self, const struct bench_row *row), void *self)
{
	struct stage s = { .cli = cli, .dir = TEMPLATE };
	int rc;

	if (mkdtemp(s.dir) == NULL)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", TEMPLATE, strerror(errno));
	s.log = open(in_stage(&s, "log").text, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
		     0600);
	rc = s.log < 0 ? cli_fail(cli, SJ_OUTPUT_FAILED, "log: %s", strerror(errno))
		       : play_all(&s, tell, self);
	if (rc != 0 && s.log >= 0)
		show_log(&s);
	if (s.log >= 0)
		close(s.log);
	sj_gate_free(s.gate);
	cli_tree_remove(s.dir);
	return rc;
}
