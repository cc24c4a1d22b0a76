/* journal.c -- `sojourn gate journal verify|erase|trim|export`. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/tool.h"

struct work {
	struct cli *cli;
	struct gate_config config;
	struct cli_store *store;
};

static int failed(const struct work *w, enum sj_rc rc)
{
	return cli_fail(w->cli, rc, "%s", w->config.journal);
}

/* "30d" ago. */
static int before_of(struct work *w, int64_t *before)
{
	const char *text = cli_value(w->cli, "older-than");
	uint32_t seconds;

	if (text == NULL || !cli_duration_parse(text, &seconds))
		return cli_usage(w->cli, "--older-than needs a duration like 24h or 30d");
	*before = (int64_t)time(NULL) - seconds;
	return 0;
}

/* --- verify ------------------------------------------------------------------------- */

static json_t *report_json(const struct sj_journal_report *r)
{
	return json_pack(
		"{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "holds",
		r->broken == 0, "first", (json_int_t)r->first, "last", (json_int_t)r->last,
		"records", (json_int_t)r->records, "personal", (json_int_t)r->personal, "erased",
		(json_int_t)r->erased, "gaps", (json_int_t)r->gaps, "lost", (json_int_t)r->lost,
		"heads", (json_int_t)r->heads, "covered", (json_int_t)r->covered, "coveredTime",
		r->covered != 0 ? json_string(cli_time_text(r->covered_time).text) : json_null(),
		"brokenAt", r->broken != 0 ? json_integer((json_int_t)r->broken) : json_null(),
		"why", r->why != NULL ? json_string(r->why) : json_null());
}

static int read_public(struct work *w, uint8_t key[static SJ_JOURNAL_PUBLIC])
{
	const char *path = cli_value(w->cli, "key");
	struct gate_path own = gate_path(&w->config, "journal.pub");
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = cli_file_read(w->cli, path != NULL ? path : own.text, SJ_JOURNAL_PUBLIC, &bytes,
			       &len);

	if (rc != 0)
		return rc;
	if (len == SJ_JOURNAL_PUBLIC)
		memcpy(key, bytes, len);
	else
		rc = cli_fail(w->cli, SJ_INPUT_MALFORMED, "%s: not a journal's public key",
			      path != NULL ? path : own.text);
	free(bytes);
	return rc;
}

static int verify(struct work *w)
{
	struct sj_journal_report r = { .size = sizeof(r) };
	uint8_t key[SJ_JOURNAL_PUBLIC];
	enum sj_rc rc;
	int code = read_public(w, key);

	if (code != 0)
		return code;
	rc = sj_journal_verify(&w->store->store, key, &r);
	if (rc != SJ_OK && rc != SJ_JOURNAL_BROKEN)
		return failed(w, rc);
	cli_line(w->cli, rc == SJ_OK ? CLI_MARK_GOOD : CLI_MARK_BAD,
		 rc == SJ_OK ? "holds" : "broken",
		 "records %llu to %llu, %llu gaps (%llu lost), %llu erased; signed up to %llu",
		 (unsigned long long)r.first, (unsigned long long)r.last,
		 (unsigned long long)r.gaps, (unsigned long long)r.lost,
		 (unsigned long long)r.erased, (unsigned long long)r.covered);
	if (cli_json(w->cli))
		code = cli_json_print(w->cli, GATE_SCHEMA, report_json(&r));
	if (rc == SJ_OK || code != 0)
		return code;
	return cli_fail(w->cli, rc, "%s, record %llu: %s", w->config.journal,
			(unsigned long long)r.broken, r.why != NULL ? r.why : "unreadable");
}

/* --- erase, trim ----------------------------------------------------------------------- */

static int tell_count(struct work *w, const char *what, uint64_t n)
{
	cli_line(w->cli, CLI_MARK_GOOD, what, "%llu records", (unsigned long long)n);
	if (!cli_json(w->cli))
		return 0;
	return cli_json_print(w->cli, GATE_SCHEMA, json_pack("{s:I}", what, (json_int_t)n));
}

static int erase(struct work *w)
{
	const char *who = cli_value(w->cli, "pseudonym");
	uint8_t pseudonym[16];
	int64_t before = 0;
	uint64_t n = 0;
	enum sj_rc rc;

	if ((who != NULL) == cli_given(w->cli, "older-than"))
		return cli_usage(w->cli, "one of --older-than and --pseudonym is due");
	if (who != NULL && !gate_hex_read(who, pseudonym, sizeof(pseudonym)))
		return cli_usage(w->cli, "--pseudonym %s: must be 32 hexadecimal digits", who);
	if (who == NULL && before_of(w, &before) != 0)
		return cli_exit_code(w->cli);
	rc = who != NULL ? sj_journal_erase_pseudonym(&w->store->store, pseudonym, &n)
			 : sj_journal_erase(&w->store->store, before, &n);
	return rc != SJ_OK ? failed(w, rc) : tell_count(w, "erased", n);
}

static int trim(struct work *w)
{
	struct sj_journal *journal = NULL;
	uint8_t key[GATE_KEY];
	int64_t before = 0;
	uint64_t n = 0;
	bool clean;
	enum sj_rc rc;
	int code = before_of(w, &before);

	if (code == 0)
		code = gate_key_read(w->cli, &w->config, "journal.key", key);
	if (code != 0)
		return code;
	rc = sj_journal_open(&w->store->store, key, &journal, &clean);
	gate_wipe(key, sizeof(key));
	if (rc == SJ_OK)
		rc = sj_journal_trim(journal, (int64_t)time(NULL), before, &n);
	sj_journal_close(journal);
	return rc != SJ_OK ? failed(w, rc) : tell_count(w, "trimmed", n);
}

/* --- export ------------------------------------------------------------------------------ */

static json_t *head_json(const struct sj_journal_head *h)
{
	char bytes[2 * SJ_JOURNAL_HEAD + 1], signature[2 * SJ_JOURNAL_SIGNATURE + 1];

	gate_hex(h->bytes, sizeof(h->bytes), bytes);
	gate_hex(h->signature, sizeof(h->signature), signature);
	return json_pack("{s:s, s:I, s:s, s:s}", "event", "head", "number", (json_int_t)h->number,
			 "head", bytes, "signature", signature);
}

static int export_head(struct work *w, struct sj_journal_head *head)
{
	int code = cli_json_line(w->cli, GATE_SCHEMA, head_json(head));
	enum sj_rc rc;

	if (code != 0)
		return code;
	rc = w->store->store.head(w->store->store.user, head->number, head);
	return rc != SJ_OK ? failed(w, rc) : 0;
}

/* A line a record, and a line for each head behind its record. */
static int export(struct work *w)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_head head = { .number = 0 };
	enum sj_rc rc = w->store->store.head(w->store->store.user, 0, &head);
	int code = 0;

	while (code == 0 && rc == SJ_OK) {
		rc = sj_journal_read(&w->store->store, r.number, &r);
		if (rc != SJ_OK || r.number == 0)
			break;
		if (head.number != 0 && head.number < r.number)
			code = export_head(w, &head);
		if (code == 0)
			code = cli_json_line(w->cli, GATE_SCHEMA, gate_record_json(&r));
		if (code == 0 && head.number == r.number)
			code = export_head(w, &head);
	}
	return code != 0 || rc == SJ_OK ? code : failed(w, rc);
}

/* --- the command ---------------------------------------------------------------------------- */

static int run_journal(struct cli *cli)
{
	static const struct {
		const char *name;
		int (*run)(struct work *w);
	} actions[] = {
		{ "verify", verify }, { "erase", erase }, { "trim", trim }, { "export", export }
	};
	struct work w = { .cli = cli };
	char why[128];
	enum sj_rc rc;
	int code = gate_config_load(cli, &w.config);

	if (code != 0)
		goto out;
	rc = cli_store_open(w.config.journal, false, &w.store, why);
	if (rc != SJ_OK) {
		code = cli_fail(cli, rc, "%s: %s", w.config.journal, why);
		goto out;
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, cli_argument(cli, 0)) == 0)
			code = actions[i].run(&w);
	}
out:
	cli_store_close(w.store);
	gate_config_free(&w.config);
	return code;
}

static const struct cli_option journal_options[] = {
	{ .name = "older-than",
	  .argument = "DURATION",
	  .help = "erase or trim what is older: 30d" },
	{ .name = "pseudonym", .argument = "HEX", .help = "erase what is kept of this holder" },
	{ .name = "key",
	  .argument = "FILE",
	  .help = "public key to verify with; default STATE/journal.pub",
	  .complete = CLI_COMPLETE_FILE },
	GATE_CONFIG_OPTIONS,
	{ 0 },
};
static const struct cli_positional journal_positionals[] = {
	{ "ACTION", "verify, erase, trim or export", CLI_COMPLETE_WORDS, "verify erase trim export",
	  false, false },
	{ 0 },
};
static const char *const journal_examples[] = {
	"sojourn gate journal verify # does the chain hold, and how far is it signed",
	"sojourn gate journal erase --older-than 30d # personal data only",
	"sojourn gate journal trim --older-than 365d # whole records; a signed checkpoint stays",
	"sojourn gate journal export --json >journal.jsonl",
	NULL,
};
static const enum sj_rc journal_failures[] = { SJ_JOURNAL_BROKEN, SJ_INPUT_UNREADABLE, SJ_TIMED_OUT,
					       SJ_OK };

const struct cli_command gate_journal = {
	.noun = "gate",
	.verb = "journal",
	.summary = "check, erase, trim and export what a gate has recorded",
	.description =
		"The journal is a chain of records with signed heads: verify tells whether all\n"
		"of it is as it was written. Personal data (pseudonym, class, ages) stand beside\n"
		"the chain under a key for each record; erase destroys key and data, and the\n"
		"chain still holds. Trim while the gate is stopped or running. Export prints a\n"
		"JSON object a line. Keep exported heads elsewhere: whoever takes the box can\n"
		"rewrite what is on it.",
	.features = CLI_JSON,
	.options = journal_options,
	.positionals = journal_positionals,
	.examples = journal_examples,
	.failures = journal_failures,
	.run = run_journal,
};
