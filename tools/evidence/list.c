/* list.c -- `sojourn evidence list|show|keep|check`: what the journal holds. */
#include <stdlib.h>
#include <string.h>

#include "evidence/tool.h"

/* Calls `each` for every verification and tap; what it returns besides 0 ends it. */
static int for_each(struct cli *cli, const struct cli_journal *journal,
		    int (*each)(struct cli *cli, const struct sj_evidence_info *info, void *user),
		    void *user)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	enum sj_rc rc = SJ_OK;
	int code = 0;

	while (code == 0 && !cli_interrupted(cli)) {
		struct sj_evidence_info info = { .size = sizeof(info) };
		uint64_t after = r.number;

		rc = sj_journal_read(cli_journal_store(journal), after, &r);
		if (rc != SJ_OK || r.number == 0)
			break;
		rc = sj_evidence_read(&r, &info);
		if (rc == SJ_OK)
			code = each(cli, &info, user);
		else if (rc != SJ_INPUT_REFUSED)
			break;
		rc = SJ_OK;
	}
	return code != 0 || rc == SJ_OK
		       ? code
		       : cli_fail(cli, rc, "behind record %llu", (unsigned long long)r.number);
}

/* --- list ---------------------------------------------------------------------------- */

static int list_one(struct cli *cli, const struct sj_evidence_info *i, void *user)
{
	(void)user;
	if (cli_json(cli))
		return cli_json_line(cli, EVIDENCE_SCHEMA, evidence_json(i));
	cli_print(cli, "%6llu  %s  %-24s %-20s %-18s%s\n", (unsigned long long)i->number,
		  evidence_time(i->recorded).text, i->kind == SJ_JOURNAL_TAP ? "gate" : i->name,
		  evidence_outcome(i), sj_evidence_strength_name(i->claimed),
		  i->sealed   ? "  sealed"
		  : i->erased ? "  erased"
			      : "");
	return 0;
}

static int run_list(struct cli *cli)
{
	struct cli_journal *journal = NULL;
	int rc = evidence_open(cli, &journal);

	if (rc == 0)
		rc = for_each(cli, journal, list_one, NULL);
	cli_journal_close(journal);
	return rc;
}

static const struct cli_option list_options[] = { EVIDENCE_JOURNAL_OPTION, { 0 } };
static const char *const list_examples[] = {
	"sojourn evidence list",
	"sojourn evidence list --json # an object a line",
	NULL,
};
static const enum sj_rc journal_failures[] = { SJ_INPUT_UNREADABLE, SJ_JOURNAL_BROKEN, SJ_TIMED_OUT,
					       SJ_OK };

const struct cli_command evidence_list = {
	.noun = "evidence",
	.verb = "list",
	.summary = "list the verifications of a journal",
	.description =
		"A line each: number, time, service, verdict, what the record claims to be,\n"
		"and whether anything is sealed in it. Taps of a gate's journal are listed\n"
		"too.",
	.features = CLI_JSON,
	.options = list_options,
	.examples = list_examples,
	.failures = journal_failures,
	.run = run_list,
};

/* --- show ------------------------------------------------------------------------------ */

static int write_portrait(struct cli *cli, const struct sj_kept *kept)
{
	const char *path = cli_value(cli, "portrait"), *mime = NULL;
	const uint8_t *bytes = NULL;
	size_t len = 0;

	if (path == NULL)
		return 0;
	if (!sj_kept_portrait(kept, &bytes, &len, &mime))
		return cli_fail(cli, SJ_INPUT_REFUSED, "no portrait was kept");
	return cli_file_write(cli, path, bytes, len, 0600);
}

static int show_kept(struct cli *cli, const struct sj_journal_record *r,
		     const struct sj_evidence_info *info, const uint8_t *key)
{
	struct sj_kept *kept = NULL;
	enum sj_rc opened = sj_kept_open(r, key, &kept);
	json_t *object;
	int rc;

	if (opened != SJ_OK)
		return cli_fail(cli, opened, "record %llu: %s", (unsigned long long)r->number,
				r->erased         ? "what was kept has been erased"
				: info->kept == 0 ? "nothing is kept in it"
						  : "it is sealed to another key");
	rc = write_portrait(cli, kept);
	if (rc == 0 && cli_json(cli)) {
		object = evidence_json(info);
		json_object_set_new(object, "data", evidence_kept_json(kept));
		rc = cli_json_print(cli, EVIDENCE_SCHEMA, object);
	} else if (rc == 0) {
		evidence_print(cli, info);
		evidence_kept_print(cli, kept);
	}
	sj_kept_free(kept);
	return rc;
}

static int run_show(struct cli *cli)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	uint8_t key[SJ_OPERATOR_KEY] = { 0 };
	struct cli_journal *journal = NULL;
	uint64_t number = 0;
	bool given = false;
	enum sj_rc read;
	int rc = evidence_number(cli, &number);

	if (rc == 0)
		rc = evidence_operator(cli, key, &given);
	if (rc == 0)
		rc = evidence_open(cli, &journal);
	if (rc == 0)
		rc = evidence_record(cli, journal, number, &r);
	if (rc != 0)
		goto out;
	read = sj_evidence_read(&r, &info);
	if (read != SJ_OK)
		rc = cli_fail(cli, read, "record %llu (%s)", (unsigned long long)number,
			      sj_journal_kind_name(r.kind));
	else if (given)
		rc = show_kept(cli, &r, &info, key);
	else if (cli_json(cli))
		rc = cli_json_print(cli, EVIDENCE_SCHEMA, evidence_json(&info));
	else
		evidence_print(cli, &info);
	if (rc == 0)
		cli_print(cli,
			  "What it claims is not proved here: export it, and verify the file.\n");
out:
	explicit_bzero(key, sizeof(key));
	cli_journal_close(journal);
	return rc;
}

static const struct cli_option show_options[] = {
	EVIDENCE_JOURNAL_OPTION,
	EVIDENCE_KEY_OPTIONS,
	{ .name = "portrait",
	  .argument = "FILE",
	  .help = "write the kept portrait there",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const struct cli_positional number_positionals[] = {
	{ "N", "number of the record", CLI_COMPLETE_NONE, NULL, false, false },
	{ 0 },
};
static const char *const show_examples[] = {
	"sojourn evidence show 17",
	"sojourn evidence show 17 --operator-key office.key # with what was kept",
	NULL,
};
static const enum sj_rc show_failures[] = { SJ_INPUT_REFUSED, SJ_JOURNAL_BROKEN, SJ_KEY_STORE,
					    SJ_OK };

const struct cli_command evidence_show = {
	.noun = "evidence",
	.verb = "show",
	.summary = "show one record, and with the operator's key what was kept",
	.description = "Without the operator's private key nothing about the holder can be shown:\n"
		       "the machine that wrote the record cannot read it either.",
	.features = CLI_JSON,
	.options = show_options,
	.positionals = number_positionals,
	.examples = show_examples,
	.failures = show_failures,
	.run = run_show,
};

/* --- keep --------------------------------------------------------------------------------- */

struct figures {
	int64_t now;
	uint64_t records, sealed, erased, overdue;
	int64_t next; /* due first; 0: none */
};

static int count_one(struct cli *cli, const struct sj_evidence_info *i, void *user)
{
	struct figures *f = user;

	(void)cli;
	f->records++;
	f->sealed += i->sealed;
	f->erased += i->erased;
	if (!i->sealed || i->due == 0)
		return 0;
	f->overdue += i->due <= f->now;
	if (f->next == 0 || i->due < f->next)
		f->next = i->due;
	return 0;
}

static int run_keep(struct cli *cli)
{
	struct figures f = { .now = (int64_t)time(NULL) };
	struct cli_journal *journal = NULL;
	int rc = evidence_open(cli, &journal);

	if (rc == 0)
		rc = for_each(cli, journal, count_one, &f);
	cli_journal_close(journal);
	if (rc != 0)
		return rc;
	if (cli_json(cli))
		return cli_json_print(
			cli, EVIDENCE_SCHEMA,
			json_pack("{s:I, s:I, s:I, s:I, s:o}", "records", (json_int_t)f.records,
				  "sealed", (json_int_t)f.sealed, "erased", (json_int_t)f.erased,
				  "overdue", (json_int_t)f.overdue, "nextDue",
				  f.next != 0 ? json_string(evidence_time(f.next).text)
					      : json_null()));
	cli_line(cli, f.overdue == 0 ? CLI_MARK_GOOD : CLI_MARK_BAD,
		 f.overdue == 0 ? "in time" : "overdue",
		 "%llu records, %llu with sealed data, %llu erased, %llu overdue",
		 (unsigned long long)f.records, (unsigned long long)f.sealed,
		 (unsigned long long)f.erased, (unsigned long long)f.overdue);
	if (f.next != 0)
		cli_print(cli, "  next due: %s\n", evidence_time(f.next).text);
	return 0;
}

static const char *const keep_examples[] = {
	"sojourn evidence keep # what is kept, and is anything overdue",
	NULL,
};

const struct cli_command evidence_keep = {
	.noun = "evidence",
	.verb = "keep",
	.summary = "count what is kept, and what is overdue",
	.features = CLI_JSON,
	.options = list_options,
	.examples = keep_examples,
	.failures = journal_failures,
	.run = run_keep,
};

/* --- check ---------------------------------------------------------------------------------- */

static int run_check(struct cli *cli)
{
	struct sj_journal_report r = { .size = sizeof(r) };
	struct cli_journal *journal = NULL;
	enum sj_rc rc;
	int code = evidence_open(cli, &journal);

	if (code != 0)
		return code;
	rc = sj_journal_verify(cli_journal_store(journal), cli_journal_public(journal), &r);
	cli_journal_close(journal);
	if (rc != SJ_OK && rc != SJ_JOURNAL_BROKEN)
		return cli_fail(cli, rc, "%s", cli_setting(cli, "journal"));
	cli_line(cli, rc == SJ_OK ? CLI_MARK_GOOD : CLI_MARK_BAD, rc == SJ_OK ? "holds" : "broken",
		 "records %llu to %llu, %llu erased; signed up to %llu",
		 (unsigned long long)r.first, (unsigned long long)r.last,
		 (unsigned long long)r.erased, (unsigned long long)r.covered);
	if (cli_json(cli))
		code = cli_json_print(
			cli, EVIDENCE_SCHEMA,
			json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "holds", rc == SJ_OK,
				  "first", (json_int_t)r.first, "last", (json_int_t)r.last,
				  "personal", (json_int_t)r.personal, "erased",
				  (json_int_t)r.erased, "covered", (json_int_t)r.covered, "why",
				  r.why != NULL ? json_string(r.why) : json_null()));
	if (rc == SJ_OK || code != 0)
		return code;
	return cli_fail(cli, rc, "record %llu: %s", (unsigned long long)r.broken,
			r.why != NULL ? r.why : "unreadable");
}

static const char *const check_examples[] = {
	"sojourn evidence check # does the whole chain hold",
	NULL,
};

const struct cli_command evidence_check = {
	.noun = "evidence",
	.verb = "check",
	.summary = "check that the whole journal is as it was written",
	.description =
		"Against the journal's own key, journal.pub in its folder. Whoever takes the\n"
		"machine has that key too: exports that were made before show what it was.",
	.features = CLI_JSON,
	.options = list_options,
	.examples = check_examples,
	.failures = journal_failures,
	.run = run_check,
};
