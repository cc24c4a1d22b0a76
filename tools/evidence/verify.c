/* verify.c -- `sojourn evidence verify`: a file, proved offline. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence/tool.h"

#define FILE_MAX (8u << 20)
#define CVCA_MAX 4096u

/* What is believed, and what it stands in. */
struct belief {
	struct sj_evidence_trust trust;
	uint8_t *cvca, *journal_key;
};

static int read_option(struct cli *cli, const char *option, size_t max, uint8_t **bytes,
		       size_t *len)
{
	const char *path = cli_value(cli, option);

	return path != NULL ? cli_file_read(cli, path, max, bytes, len) : 0;
}

/* A trust store that is not there is no obstacle where --cvca or --journal-key say whom to believe. */
static int open_trust(struct cli *cli, struct belief *b)
{
	const char *dir = cli_setting(cli, "trust");
	enum sj_rc rc = sj_trust_open(dir, &b->trust.trust);

	if (rc == SJ_TRUST_MISSING && !cli_given(cli, "trust"))
		return 0;
	return rc != SJ_OK ? cli_fail(cli, rc, "%s", dir) : 0;
}

static int believe(struct cli *cli, struct belief *b)
{
	size_t key_len = 0;
	int rc = open_trust(cli, b);

	if (rc == 0)
		rc = read_option(cli, "cvca", CVCA_MAX, &b->cvca, &b->trust.cvca_len);
	if (rc == 0)
		rc = read_option(cli, "journal-key", SJ_JOURNAL_PUBLIC, &b->journal_key, &key_len);
	if (rc == 0 && b->journal_key != NULL && key_len != SJ_JOURNAL_PUBLIC)
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a journal's public key",
			      cli_value(cli, "journal-key"));
	b->trust.cvca = b->cvca;
	b->trust.journal_key = b->journal_key;
	return rc;
}

static void disbelieve(struct belief *b)
{
	sj_trust_close(b->trust.trust);
	free(b->cvca);
	free(b->journal_key);
}

/* --- what came out ------------------------------------------------------------------- */

static json_t *step_json(const struct sj_check *check)
{
	const struct sj_failure *f = sj_failure_find(check->reason);

	return json_pack("{s:s, s:s, s:o}", "state", sj_check_state_name(check->state), "detail",
			 check->detail, "reason",
			 f != NULL ? json_pack("{s:s, s:s}", "id",
					       cli_failure_id(check->reason).text, "name", f->name)
				   : json_null());
}

static int print_json(struct cli *cli, const struct sj_evidence_report *report, enum sj_rc rc)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
	enum sj_evidence_strength strength;
	const struct sj_kept *kept = sj_evidence_report_kept(report);
	json_t *steps = json_object(), *limits = json_array();
	const char *sentence;

	for (size_t i = 0; i < SJ_EVIDENCE_STEPS; i++) {
		struct sj_check check = { .size = sizeof(check) };

		if (sj_evidence_report_step(report, (enum sj_evidence_step)i, &check))
			json_object_set_new(steps, sj_evidence_step_name((enum sj_evidence_step)i),
					    step_json(&check));
	}
	for (size_t i = 0; (sentence = sj_evidence_report_limit(report, i)) != NULL; i++)
		json_array_append_new(limits, json_string(sentence));
	return cli_json_print(
		cli, EVIDENCE_SCHEMA,
		json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "holds", rc == SJ_OK, "strength",
			  sj_evidence_report_strength(report, &strength)
				  ? json_string(sj_evidence_strength_name(strength))
				  : json_null(),
			  "steps", steps, "doesNotProve", limits, "record",
			  rc == SJ_OK && sj_evidence_report_info(report, &info)
				  ? evidence_json(&info)
				  : json_null(),
			  "data", kept != NULL ? evidence_kept_json(kept) : json_null()));
}

static void print_steps(struct cli *cli, const struct sj_evidence_report *report)
{
	static const enum cli_mark marks[] = { CLI_MARK_PLAIN, CLI_MARK_GOOD, CLI_MARK_BAD,
					       CLI_MARK_UNSURE };

	for (size_t i = 0; i < SJ_EVIDENCE_STEPS; i++) {
		struct sj_check check = { .size = sizeof(check) };

		if (sj_evidence_report_step(report, (enum sj_evidence_step)i, &check) &&
		    check.detail[0] != '\0')
			cli_line(cli, marks[check.state], sj_check_state_name(check.state), "%s",
				 check.detail);
	}
}

static void print_text(struct cli *cli, const struct sj_evidence_report *report)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
	const struct sj_kept *kept = sj_evidence_report_kept(report);
	enum sj_evidence_strength strength;
	const char *sentence;

	print_steps(cli, report);
	if (!sj_evidence_report_strength(report, &strength))
		return;
	cli_line(cli, strength == SJ_CARD_SIGNED ? CLI_MARK_GOOD : CLI_MARK_UNSURE,
		 sj_evidence_strength_name(strength), "%s",
		 strength == SJ_CARD_SIGNED ? "the chip of a genuine document signed it"
					    : "the operator says so");
	if (sj_evidence_report_info(report, &info))
		evidence_print(cli, &info);
	if (kept != NULL)
		evidence_kept_print(cli, kept);
	cli_print(cli, "It does not prove:\n");
	for (size_t i = 0; (sentence = sj_evidence_report_limit(report, i)) != NULL; i++)
		cli_print(cli, "  - %s\n", sentence);
}

static int prove(struct cli *cli, const char *path, const uint8_t *bytes, size_t len,
		 const struct belief *b)
{
	struct sj_evidence_report *report = NULL;
	enum sj_rc rc = sj_evidence_verify(bytes, len, &b->trust, &report);
	int code = 0;

	if (report == NULL)
		return cli_fail(cli, rc, "%s", path);
	if (cli_json(cli))
		code = print_json(cli, report, rc);
	else
		print_text(cli, report);
	sj_evidence_report_free(report);
	return code != 0 || rc == SJ_OK ? code : cli_fail(cli, rc, "%s", path);
}

static int run_verify(struct cli *cli)
{
	const char *path = cli_argument(cli, 0);
	struct belief b = { .trust = { .size = sizeof(b.trust) } };
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = believe(cli, &b);

	if (rc == 0)
		rc = cli_file_read(cli, path, FILE_MAX, &bytes, &len);
	if (rc == 0)
		rc = prove(cli, path, bytes, len, &b);
	sj_export_free(bytes, len);
	disbelieve(&b);
	return rc;
}

static const struct cli_option verify_options[] = {
	{ .name = "cvca",
	  .argument = "FILE",
	  .help = "believe this CVCA certificate, too",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "journal-key",
	  .argument = "FILE",
	  .help = "believe this journal: its journal.pub",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const struct cli_positional verify_positionals[] = {
	{ "FILE", "what `sojourn evidence export` wrote", CLI_COMPLETE_FILE, NULL, false, false },
	{ 0 },
};
static const char *const verify_examples[] = {
	"sojourn evidence verify 17.evidence # CSCA and CVCA certificates of the trust bundle",
	"sojourn evidence verify 17.evidence --cvca UTCVCA00001.cvcert",
	"sojourn evidence verify 3.evidence --journal-key journal.pub # a gate's tap",
	NULL,
};
static const enum sj_rc verify_failures[] = { SJ_EVIDENCE_BROKEN, SJ_EVIDENCE_TERMINAL,
					      SJ_EVIDENCE_CARD, SJ_OK };

const struct cli_command evidence_verify = {
	.noun = "evidence",
	.verb = "verify",
	.summary = "prove an exported record offline",
	.description =
		"Says how strong it is:\n"
		"card-signed means that the chip of a genuine document signed service, terminal,\n"
		"time and the verdict so far; operator-attested means that the operator says so,\n"
		"by the terminal's or the journal's key, and could have made it up.\n"
		"\n"
		"One altered byte makes it worthless. What it does not prove is said, too.",
	.features = CLI_JSON | CLI_TRUST,
	.options = verify_options,
	.positionals = verify_positionals,
	.examples = verify_examples,
	.failures = verify_failures,
	.run = run_verify,
};
