/* status.c -- sojourn trust status: status lists, asked, shown, exported. */
#include <string.h>
#include <time.h>

#include <sojourn/status.h>

#include "trust/trust.h"

#define TOKEN_MAX (64u << 20) /* bytes of a Token Status List */
#define LAST_INDEX 0xFFFFFFFFul

/* What was asked for one credential. */
struct question {
	unsigned long partition, index;
	bool partition_given, index_given;
};

static const char *answer_word(enum sj_status_answer answer)
{
	static const char *const words[] = { "unknown", "valid", "revoked" };

	return words[answer];
}

static void show_answer(struct cli *cli, enum sj_status_answer answer, const char *where)
{
	static const enum cli_mark marks[] = { CLI_MARK_UNSURE, CLI_MARK_GOOD, CLI_MARK_BAD };

	cli_line(cli, marks[answer], answer_word(answer), "%s", where);
}

static int read_question(struct cli *cli, struct question *q)
{
	int code = cli_number(cli, "partition", 0, 0xFFFF, &q->partition);

	if (code == 0)
		code = cli_number(cli, "index", 0, LAST_INDEX, &q->index);
	q->partition_given = cli_given(cli, "partition");
	q->index_given = cli_given(cli, "index");
	return code;
}

/* --- a Token Status List in a file ------------------------------------------------- */

static int run_token(struct cli *cli, const char *path, const struct question *q)
{
	uint8_t *token = NULL, *bits = NULL;
	size_t len = 0, bytes = 0, statuses, revoked = 0;
	enum sj_status_answer answer = SJ_STATUS_UNKNOWN;
	int code = cli_file_read(cli, path, TOKEN_MAX, &token, &len);
	enum sj_rc rc;

	if (code != 0)
		return code;
	rc = sj_status_read_token(token, len, &bits, &bytes);
	free(token);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s", path);
	statuses = 8 * bytes;
	for (size_t i = 0; i < bytes; i++)
		revoked += (size_t)__builtin_popcount(bits[i]);
	if (q->index < statuses)
		answer = (bits[q->index / 8] >> q->index % 8 & 1) != 0 ? SJ_STATUS_REVOKED
								       : SJ_STATUS_VALID;
	sj_status_free(bits);
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s, s:I, s:I}", "token", path, "statuses",
					   (json_int_t)statuses, "revoked", (json_int_t)revoked);

		if (q->index_given)
			json_object_set_new(object, "answer", json_string(answer_word(answer)));
		return cli_json_print(cli, 1, object);
	}
	cli_line(cli, CLI_MARK_PLAIN, "token", "%zu statuses, %zu of them revoked", statuses,
		 revoked);
	if (q->index_given)
		show_answer(cli, answer, cli_value(cli, "index"));
	return 0;
}

/* --- a list of the store -------------------------------------------------------------- */

static int show_json(struct cli *cli, const struct sj_status_info *info, const char *answer)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:I, s:b, s:I, s:s, s:s, s:I, s:b}", "store",
		cli_setting(cli, "trust"), "issuer", info->issuer, "epoch", (json_int_t)info->epoch,
		"newestEpoch", (json_int_t)info->newest_epoch, "behind",
		info->newest_epoch > info->epoch, "indices", (json_int_t)info->indices, "notBefore",
		date_of(info->not_before, DATE_JSON).text, "nextUpdate",
		date_of(info->next_update, DATE_JSON).text, "ageSeconds", (json_int_t)info->age,
		"stale", info->stale);

	if (answer != NULL)
		json_object_set_new(object, "answer", json_string(answer));
	return cli_json_print(cli, 1, object);
}

static void show_lines(struct cli *cli, const struct sj_status_info *info)
{
	cli_line(cli, CLI_MARK_PLAIN, info->issuer, "epoch %lu of %s, %lu indices",
		 (unsigned long)info->epoch, date_of(info->not_before, "%Y-%m-%d %H:%M").text,
		 (unsigned long)info->indices);
	cli_line(cli, info->stale ? CLI_MARK_UNSURE : CLI_MARK_GOOD,
		 info->stale ? "stale" : "current", "next update due %s",
		 date_of(info->next_update, "%Y-%m-%d %H:%M").text);
	if (info->newest_epoch > info->epoch)
		cli_line(cli, CLI_MARK_UNSURE, "behind", "a head of epoch %lu was seen",
			 (unsigned long)info->newest_epoch);
}

static int export_part(struct cli *cli, const struct sj_status *status, const struct question *q,
		       const char *path)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	enum sj_rc rc = sj_status_export(status, (uint16_t)q->partition,
					 cli_given(cli, "cbor") ? SJ_STATUS_CBOR : SJ_STATUS_JSON,
					 &bytes, &len);
	int code;

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "partition %lu", q->partition);
	code = cli_file_write(cli, path, bytes, len, 0644);
	sj_status_free(bytes);
	return code;
}

static int run_list(struct cli *cli, const char *issuer, const struct question *q)
{
	const char *directory = cli_setting(cli, "trust"), *out = cli_value(cli, "export");
	struct sj_status_info info = { .size = sizeof(info) };
	enum sj_status_answer answer;
	struct sj_status *status;
	enum sj_rc rc = sj_status_open(directory, issuer, &status);
	int code = 0;

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s, status list of %s", directory, issuer);
	sj_status_describe(status, (int64_t)time(NULL), &info);
	answer = sj_status_query(status, (uint16_t)q->partition, (uint32_t)q->index);
	if (out != NULL)
		code = export_part(cli, status, q, out);
	sj_status_close(status);
	if (code != 0)
		return code;
	if (cli_json(cli))
		return show_json(cli, &info, q->index_given ? answer_word(answer) : NULL);
	show_lines(cli, &info);
	if (q->index_given)
		show_answer(cli, answer, cli_value(cli, "index"));
	return 0;
}

static int run_status(struct cli *cli)
{
	const char *issuer = cli_argument(cli, 0), *token = cli_value(cli, "token");
	struct question q = { .index = 0 };
	int code = read_question(cli, &q);

	if (code != 0)
		return code;
	if ((issuer == NULL) == (token == NULL))
		return cli_usage(cli, "give ISSUER or --token");
	if (token != NULL)
		return run_token(cli, token, &q);
	if (q.index_given && !q.partition_given)
		return cli_usage(cli, "--index needs --partition");
	if (cli_given(cli, "export") && !q.partition_given)
		return cli_usage(cli, "--export needs --partition");
	return run_list(cli, issuer, &q);
}

static const struct cli_option status_options[] = {
	{ .name = "partition",
	  .argument = "N",
	  .help = "the month of expiry: (year - 2020) * 12 + month - 1" },
	{ .name = "index", .argument = "N", .help = "say whether this index is revoked" },
	{ .name = "export",
	  .argument = "FILE",
	  .help = "write the partition as a Token Status List (JSON)",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "cbor", .help = "export in CBOR" },
	{ .name = "token",
	  .argument = "FILE",
	  .help = "look into a Token Status List (JSON, CBOR, CWT) instead",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const struct cli_positional status_positionals[] = {
	{ .name = "ISSUER", .help = "whose list, as its credentials name it", .optional = true },
	{ 0 },
};
static const char *const status_examples[] = {
	"sojourn trust status UTO # how old is the list",
	"sojourn trust status UTO --partition 95 --index 1234567 # one credential",
	"sojourn trust status --token foreign.json --index 5 # a list of somebody else",
	NULL,
};
static const enum sj_rc status_failures[] = {
	SJ_TRUST_MISSING, SJ_TRUST_UNREADABLE, SJ_INPUT_MALFORMED, SJ_INPUT_REFUSED, SJ_OK,
};

const struct cli_command trust_status_command = {
	.noun = "trust",
	.verb = "status",
	.summary = "show an issuer's status list, or ask it for one credential",
	.description = "An index that the list does not cover is unknown, which is not revoked. A\n"
		       "list is behind when the signed head of a newer one has been seen.",
	.features = CLI_JSON | CLI_TRUST,
	.options = status_options,
	.positionals = status_positionals,
	.examples = status_examples,
	.failures = status_failures,
	.run = run_status,
};
