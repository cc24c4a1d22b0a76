/* main.c -- sojourn verify. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sojourn/bundle.h>

#include "verify/verify.h"

#define CARD_WAIT_MS 15000u

struct run {
	struct cli *cli;
	struct sj_trust *trust;
	struct sj_access *access;
	struct sj_card *card;
	struct sj_report *report;
};

static void hear(void *user, const char *what, const char *why)
{
	cli_warn(user, "trust store: %s: %s", what, why);
}

/* The verdict stands by dates of its own; a bundle that nobody replaces is told in time. */
static void warn_expired(struct cli *cli, const char *directory)
{
	struct sj_bundle_info info = { .size = sizeof(info) };

	if (sj_bundle_describe(directory, (int64_t)time(NULL), &info) == SJ_OK && info.expired)
		cli_warn(cli, "%s [%s]", sj_strerror(SJ_BUNDLE_EXPIRED),
			 cli_failure_id(SJ_BUNDLE_EXPIRED).text);
}

static int open_trust(struct run *run)
{
	const char *directory = cli_setting(run->cli, "trust");
	enum sj_rc rc = sj_trust_open(directory, &run->trust);

	warn_expired(run->cli, directory);
	if (rc != SJ_OK)
		return cli_fail(run->cli, rc, "%s", directory);
	sj_trust_listen(run->trust, hear, run->cli);
	return 0;
}

/* What was typed may be either: six digits, or lines. */
static enum sj_rc either(const struct cli_secret *secret, struct sj_access **out)
{
	enum sj_rc rc = sj_access_can(secret->text, secret->len, out);

	return rc == SJ_SECRET_MALFORMED ? sj_access_mrz(secret->text, secret->len, out) : rc;
}

/* Nobody types what is printed on the card to hear then that there is no reader. */
static int find_reader(struct run *run)
{
	struct sj_context *context = cli_context(run->cli);
	struct sj_readers *readers = NULL;
	enum sj_rc rc;

	if (context == NULL)
		return cli_exit_code(run->cli);
	rc = sj_readers_list(context, CARD_WAIT_MS, &readers);
	if (rc == SJ_OK && sj_readers_count(readers) == 0)
		rc = SJ_NO_READER;
	sj_readers_free(readers);
	return rc == SJ_OK ? 0 : cli_fail(run->cli, rc, NULL);
}

/* Where the secret came from, for a failure that names it. */
static const char *secret_source(const struct cli *cli, bool can, bool mrz)
{
	const char *file = cli_value(cli, mrz ? "mrz-file" : "can-file");

	return file != NULL ? file : mrz ? "MRZ" : can ? "CAN" : "CAN or MRZ";
}

static int get_access(struct run *run)
{
	struct cli *cli = run->cli;
	bool can = cli_secret_given(cli, "can"), mrz = cli_secret_given(cli, "mrz");
	struct cli_secret secret = { 0 };
	enum sj_rc rc;
	int code;

	if (can && mrz)
		return cli_usage(cli, "give the CAN or the MRZ, not both");
	code = can || mrz ? 0 : find_reader(run);
	if (code != 0)
		goto out;
	code = cli_secret_read(cli, mrz ? "mrz" : "can",
			       "Card access number (six digits), or the MRZ", &secret);
	if (code != 0)
		goto out;
	if (mrz)
		rc = sj_access_mrz(secret.text, secret.len, &run->access);
	else if (can)
		rc = sj_access_can(secret.text, secret.len, &run->access);
	else
		rc = either(&secret, &run->access);
	if (rc != SJ_OK)
		code = cli_fail(cli, rc, "%s", secret_source(cli, can, mrz));
out:
	cli_secret_wipe(&secret);
	return code;
}

static int open_card(struct run *run)
{
	struct sj_context *context = cli_context(run->cli);
	const char *reader = cli_setting(run->cli, "reader");
	unsigned timeout = cli_timeout_ms(run->cli);
	enum sj_rc rc;

	if (context == NULL)
		return cli_exit_code(run->cli);
	rc = sj_card_wait(context, reader, timeout ? timeout : CARD_WAIT_MS, &run->card);
	if (rc != SJ_OK)
		return cli_fail(run->cli, rc, "%s", reader ? reader : "reader");
	return 0;
}

static enum sj_access_choice access_choice(const struct cli *cli)
{
	const char *word = cli_value(cli, "access");

	if (word != NULL && strcmp(word, "pace") == 0)
		return SJ_ACCESS_PACE_ONLY;
	if (word != NULL && strcmp(word, "bac") == 0)
		return SJ_ACCESS_BAC_ONLY;
	return SJ_ACCESS_BEST;
}

/* The reader's name; of a card that is no document also what it called itself. */
static int fail_card(struct run *run, enum sj_rc rc)
{
	const char *reader = sj_card_reader(run->card);
	uint8_t atr[SJ_ATR_MAX];
	char text[2 * SJ_ATR_MAX + 1] = "";
	size_t len = sj_card_atr(run->card, atr);

	if (rc != SJ_NOT_A_DOCUMENT)
		return cli_fail(run->cli, rc, "%s", reader);
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02X", atr[i]);
	return cli_fail(run->cli, rc, "%s: ATR %s", reader, text);
}

static int verify(struct run *run)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	enum sj_rc rc;

	options.timeout_ms = cli_timeout_ms(run->cli);
	options.short_only = cli_given(run->cli, "short");
	options.access = access_choice(run->cli);
	rc = sj_document_verify(run->card, run->trust, run->access, &options, &run->report);
	if (rc != SJ_OK)
		return fail_card(run, rc);
	return 0;
}

static int read_card(struct run *run)
{
	int code = get_access(run);

	if (code == 0)
		code = open_card(run);
	return code == 0 ? verify(run) : code;
}

/* The face of an earlier run must not pass for that of this document, whatever comes. */
static int forget_portrait(struct cli *cli)
{
	const char *path = cli_value(cli, "portrait-out");
	struct stat st;

	if (path == NULL || strcmp(path, "-") == 0 || lstat(path, &st) != 0 ||
	    !S_ISREG(st.st_mode) || unlink(path) == 0)
		return 0;
	return cli_fail(cli, SJ_OUTPUT_FAILED, "%s", path);
}

static int save_portrait(struct run *run)
{
	const char *path = cli_value(run->cli, "portrait-out");
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	if (path == NULL)
		return 0;
	if (!sj_report_portrait(run->report, &bytes, &len, &mime)) {
		cli_warn(run->cli, "no authentic portrait: %s is not written", path);
		return 0;
	}
	return cli_file_write(run->cli, path, bytes, len, 0600);
}

static int tell(struct run *run)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };
	int code = 0;

	if (sj_report_statistics(run->report, &statistics) && statistics.clock_behind)
		cli_warn(run->cli, "%s [%s]", sj_strerror(SJ_CLOCK_BEHIND),
			 cli_failure_id(SJ_CLOCK_BEHIND).text);
	if (cli_json(run->cli))
		code = verify_json(run->cli, run->report);
	else
		verify_show(run->cli, run->report);
	if (code == 0)
		code = save_portrait(run);
	if (code == 0 && cli_given(run->cli, "files-out"))
		code = verify_files_out(run->cli, cli_value(run->cli, "files-out"), run->report);
	return code != 0 ? code : sj_exit_code(sj_report_reason(run->report));
}

/* --files asks no card: options that are for one would be left unheard. */
static int check_options(struct cli *cli)
{
	static const char *const for_cards[] = { "can-file", "can-fd", "mrz-file",
						 "mrz-fd",   "access", "short",
						 "reader",   "trace",  "pcap" };

	for (size_t i = 0; cli_given(cli, "files") && i < sizeof(for_cards) / sizeof(*for_cards);
	     i++)
		if (cli_given(cli, for_cards[i]))
			return cli_usage(cli, "--%s is for a card; --files asks none",
					 for_cards[i]);
	return 0;
}

static int run_verify(struct cli *cli)
{
	struct run run = { .cli = cli };
	int code = check_options(cli);

	if (code == 0)
		code = forget_portrait(cli);
	if (code == 0)
		code = open_trust(&run);
	if (code == 0)
		code = cli_given(cli, "files")
			       ? verify_files(cli, cli_value(cli, "files"), run.trust, &run.report)
			       : read_card(&run);
	sj_card_close(run.card);
	if (code == 0)
		code = tell(&run);
	sj_report_free(run.report);
	sj_access_free(run.access);
	sj_trust_close(run.trust);
	return code;
}

static const struct cli_option options[] = {
	CLI_SECRET_OPTIONS("can", "card access number"),
	CLI_SECRET_OPTIONS("mrz", "machine readable lines"),
	{ .name = "portrait-out",
	  .argument = "FILE",
	  .help = "write the portrait's bytes as they are to FILE; an old FILE is removed first",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "access",
	  .argument = "HOW",
	  .help = "open the chip by: best (default), pace or bac",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "best pace bac" },
	{ .name = "files",
	  .argument = "DIR",
	  .help = "judge the files in DIR (EF.SOD.bin, DG1.bin, ...); no card is asked",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ .name = "files-out",
	  .argument = "DIR",
	  .help = "write the files that were read to DIR, for archives",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ .name = "short", .help = "use no extended length" },
	{ 0 },
};
static const char *const examples[] = {
	"sojourn verify # asks for what is printed on the card",
	"sojourn verify --can-file can.txt --portrait-out face.jpg # CAN from a file",
	"sojourn verify --json --mrz-fd 3 3<mrz.txt # for programs",
	NULL,
};
static const enum sj_rc failures[] = {
	SJ_NO_READER,        SJ_NO_CARD,           SJ_NOT_A_DOCUMENT, SJ_HASH_MISMATCH,
	SJ_DOCUMENT_EXPIRED, SJ_DOCUMENT_REVOKED,  SJ_TRUST_MISSING,  SJ_WRONG_CAN,
	SJ_WRONG_MRZ,        SJ_COPY_NOT_EXCLUDED, SJ_ISSUER_UNKNOWN, SJ_OK,
};

static const struct cli_command verify_command = {
	.noun = "verify",
	.summary = "verify the identity document on the reader, offline",
	.description =
		"Opens the chip with what is printed on the card, reads it, and says whether it is\n"
		"genuine, unaltered, no copy, in time, and issued by an authority of the trust\n"
		"store. Where the trust store holds its issuer's status list and the document names\n"
		"its place in it (DG13), it must not be revoked. Nothing is looked up online. The\n"
		"exit code follows the verdict: 0 genuine, 7 not genuine, 8 expired or revoked, 14\n"
		"undecided or copy not excluded; other codes tell why the document could not be\n"
		"read.",
	.features = CLI_JSON | CLI_CARD | CLI_READER | CLI_TIMEOUT | CLI_TRUST,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run_verify,
};

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &verify_command, NULL };
	static const struct cli_program program = { "verify", commands };

	return cli_main(&program, argc, argv);
}
