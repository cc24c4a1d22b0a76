/* main.c -- sojourn verify. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sojourn/bundle.h>

#include "verify/verify.h"

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

static int open_trust(struct verify_run *run)
{
	const char *directory = cli_setting(run->cli, "trust");
	enum sj_rc rc = sj_trust_open(directory, &run->trust);

	warn_expired(run->cli, directory);
	if (rc != SJ_OK)
		return cli_fail(run->cli, rc, "%s", directory);
	sj_trust_listen(run->trust, hear, run->cli);
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

static int verify(struct verify_run *run)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	enum sj_rc rc;

	options.timeout_ms = cli_timeout_ms(run->cli);
	options.short_only = cli_given(run->cli, "short");
	options.access = access_choice(run->cli);
	rc = sj_document_verify(run->card, run->trust, run->access, &options, &run->report);
	if (rc != SJ_OK)
		return verify_fail_card(run, rc);
	return 0;
}

static int read_card(struct verify_run *run)
{
	int code = verify_get_access(run);

	if (code == 0)
		code = verify_open_card(run);
	return code == 0 ? verify(run) : code;
}

/* Prints what was found; *reason decided the verdict. */
static int show_all(struct verify_run *run, enum sj_rc *reason)
{
	int code = 0;

	if (run->answer != NULL) {
		*reason = sj_answer_reason(run->answer);
		return verify_service_tell(run);
	}
	*reason = sj_report_reason(run->report);
	if (cli_json(run->cli))
		code = verify_json(run->cli, run->report);
	else
		verify_show(run->cli, run->report);
	return code;
}

static int tell(struct verify_run *run)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };
	enum sj_rc reason = SJ_OK;
	int code;

	if ((run->answer != NULL && sj_answer_statistics(run->answer, &statistics)) ||
	    (run->report != NULL && sj_report_statistics(run->report, &statistics)))
		if (statistics.clock_behind)
			cli_warn(run->cli, "%s [%s]", sj_strerror(SJ_CLOCK_BEHIND),
				 cli_failure_id(SJ_CLOCK_BEHIND).text);
	code = show_all(run, &reason);
	if (code == 0)
		code = verify_portrait(run);
	if (code == 0 && cli_given(run->cli, "files-out"))
		code = verify_files_out(run->cli, cli_value(run->cli, "files-out"), run->report);
	return code != 0 ? code : sj_exit_code(reason);
}

/* Options that would be left unheard beside this one. */
static int check_beside(struct cli *cli, const char *option, const char *const *others, size_t n,
			const char *why)
{
	for (size_t i = 0; cli_given(cli, option) && i < n; i++)
		if (cli_given(cli, others[i]))
			return cli_usage(cli, "--%s is %s", others[i], why);
	return 0;
}

static int check_options(struct cli *cli)
{
	static const char *const for_cards[] = { "can-file", "can-fd", "mrz-file", "mrz-fd",
						 "access",   "short",  "reader",   "trace",
						 "pcap",     "service" };
	static const char *const whole[] = { "access", "files-out" };
	static const char *const for_services[] = { "terminal", "only",   "services",
						    "pin-file", "pin-fd", "reader-pin",
						    "journal" };
	int code = check_beside(cli, "files", for_cards, sizeof(for_cards) / sizeof(*for_cards),
				"for a card; --files asks none");

	if (code == 0)
		code = check_beside(cli, "service", whole, sizeof(whole) / sizeof(*whole),
				    "for a whole document; --service asks for less");
	for (size_t i = 0; code == 0 && !cli_given(cli, "service") &&
			   i < sizeof(for_services) / sizeof(*for_services);
	     i++)
		if (cli_given(cli, for_services[i]))
			code = cli_usage(cli, "--%s goes with --service", for_services[i]);
	return code;
}

static int run_verify(struct cli *cli)
{
	struct verify_run run = { .cli = cli };
	int code = check_options(cli);

	if (code == 0)
		code = verify_portrait_forget(cli);
	if (code == 0)
		code = open_trust(&run);
	if (code == 0)
		code = cli_given(cli, "files")
			       ? verify_files(cli, cli_value(cli, "files"), run.trust, &run.report)
		       : cli_given(cli, "service") ? verify_service(&run)
						   : read_card(&run);
	sj_card_close(run.card);
	if (code == 0)
		code = tell(&run);
	sj_report_free(run.report);
	sj_answer_free(run.answer);
	verify_record_end(&run);
	sj_terminal_close(run.terminal);
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
	{ .name = "draw",
	  .help = "draw the portrait in the terminal, which needs 24-bit colours and UTF-8" },
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
	{ .name = "service",
	  .letter = 's',
	  .argument = "NAME",
	  .help = "ask for this service of the registry (name or number), and no more" },
	{ .name = "terminal",
	  .argument = "DIR",
	  .help = "who asks: folder of 'sojourn terminal'; eID cards tell nobody else",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ .name = "only",
	  .argument = "RIGHTS",
	  .help = "ask for no more than these rights of the service, with commas: age-over-18" },
	{ .name = "services",
	  .argument = "FILE",
	  .help = "the service registry, where the trust bundle has none",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "journal",
	  .letter = 'j',
	  .argument = "DIR",
	  .help = "record it there: sojourn evidence",
	  .complete = CLI_COMPLETE_DIRECTORY },
	CLI_SECRET_OPTIONS("pin", "holder's PIN"),
	{ .name = "reader-pin",
	  .help = "the holder types the PIN on the reader's own keypad; that is so anyway where it has one" },
	{ 0 },
};
static const char *const examples[] = {
	"sojourn verify # asks for what is printed on the card",
	"sojourn verify --can-file can.txt --portrait-out face.jpg # CAN from a file",
	"sojourn verify --json --mrz-fd 3 3<mrz.txt # for programs",
	"sojourn verify --service hotel-check-in --terminal desk # what a hotel may know, no more",
	"sojourn verify --service pharmacy --only age-over-18 # less than the pharmacy may know",
	NULL,
};
static const enum sj_rc failures[] = {
	SJ_NO_READER,      SJ_NO_CARD,          SJ_NOT_A_DOCUMENT,
	SJ_HASH_MISMATCH,  SJ_DOCUMENT_EXPIRED, SJ_DOCUMENT_REVOKED,
	SJ_TRUST_MISSING,  SJ_WRONG_CAN,        SJ_WRONG_MRZ,
	SJ_WRONG_PIN,      SJ_PIN_NEEDED,       SJ_TERMINAL_REFUSED,
	SJ_TERMINAL_FILES, SJ_SERVICE_UNKNOWN,  SJ_COPY_NOT_EXCLUDED,
	SJ_ISSUER_UNKNOWN, SJ_TERMINAL_NEEDED,  SJ_OK,
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
		"read.\n"
		"\n"
		"An eID card tells nothing without a service and its terminal; it is undecided then.\n"
		"With --service the card is asked for one row of the service registry\n"
		"('sojourn service list'): that of the trust bundle, else of the setting\n"
		"'services', else the one that ships. An eID card gives what the terminal's\n"
		"certificate allows ('sojourn terminal') and keeps the rest to itself. A\n"
		"plain document knows no services: only what the row needs is read, and what\n"
		"it may not have is wiped before anything is shown. Which of both kept the\n"
		"limit is told. Where the row says so, the holder types the PIN of the card:\n"
		"on the reader's keypad, or here, unseen; no other secret will do for such a\n"
		"row, and a plain document, which has no PIN, cannot be asked for it.\n"
		"Services that ask by the card alone belong to gates ('sojourn gate run') and\n"
		"are refused here.",
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
