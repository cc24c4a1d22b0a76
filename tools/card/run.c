/* run.c -- `sojourn card run`: a card in a reader, until a signal ends it. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "card/card.h"
#include "link/stdio.h"
#include "link/vpcd.h"

enum card_interface card_interface_asked(const struct cli *cli)
{
	const char *name = cli_value(cli, "interface");

	return name != NULL && strcmp(name, "contact") == 0 ? CARD_CONTACT : CARD_CONTACTLESS;
}

/* --- in the virtual reader -------------------------------------------------- */

static void tell_listening(void *self, uint16_t port)
{
	cli_note(self, "card: listening, port %u", port);
}

static void tell_connected(void *self, uint16_t port)
{
	cli_note(self, "card: in reader, port %u", port);
}

static int tell_end(struct cli *cli, const struct card_vpcd_config *config, enum card_vpcd_rc rc)
{
	switch (rc) {
	case CARD_VPCD_STOPPED:
		return 0;
	case CARD_VPCD_BAD_HOST:
		return cli_usage(cli, "--host: %s: no such host", config->host);
	case CARD_VPCD_IO:
		return cli_fail(cli, SJ_READER_LOST, "port %u: %s", config->port, strerror(errno));
	case CARD_VPCD_NO_MEMORY:
	default:
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	}
}

static int run_vpcd(struct cli *cli, struct card_store *store, struct card_config how,
		    const struct card_vpcd_config *config)
{
	struct card_vpcd *link = card_vpcd_new(config);
	struct card *card = NULL;
	int rc;

	if (link == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	how.clock = card_vpcd_clock(link);
	card = card_load(cli, store, how);
	if (card != NULL)
		rc = tell_end(cli, config, card_vpcd_run(link, card));
	else
		rc = cli_exit_code(cli);
	card_free(card);
	card_vpcd_free(link);
	return rc;
}

/* --- on standard input and output ------------------------------------------- */

static int run_stdio(struct cli *cli, struct card_store *store, struct card_config how, int stop_fd)
{
	struct card_stdio_config config = { .in = STDIN_FILENO,
					    .out = STDOUT_FILENO,
					    .stop_fd = stop_fd };
	struct card *card;
	int rc = 0;

	how.clock = card_stdio_clock(&config);
	card = card_load(cli, store, how);
	if (card == NULL)
		return cli_exit_code(cli);
	signal(SIGPIPE, SIG_IGN); /* the reader's end is told by EPIPE */
	switch (card_stdio_run(&config, card)) {
	case CARD_STDIO_ENDED:
		break;
	case CARD_STDIO_IO:
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "%s", strerror(errno));
		break;
	case CARD_STDIO_NO_MEMORY:
	default:
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		break;
	}
	card_free(card);
	return rc;
}

/* --- the command ------------------------------------------------------------ */

/* The card in its reader, charged as the options say. */
static int run_card(struct cli *cli, struct card_store *store,
		    const struct card_vpcd_config *config)
{
	struct card_config how = { .interface = card_interface_asked(cli) };
	const char *link = cli_value(cli, "link");
	struct card_rf rf;
	FILE *log;
	int rc = card_rf_read(cli, &rf, &log);

	if (rc != 0)
		return rc;
	rf.self = log;
	if (rf.rate != 0 || log != NULL)
		how.rf = &rf;
	if (link != NULL && strcmp(link, "stdio") == 0)
		rc = run_stdio(cli, store, how, config->stop_fd);
	else
		rc = run_vpcd(cli, store, how, config);
	if (log != NULL && !cli_stream_close(log) && rc == 0)
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "--rf-log: %s", strerror(errno));
	return rc;
}

static int run_run(struct cli *cli)
{
	const char *link = cli_value(cli, "link"), *host = cli_value(cli, "host");
	struct card_store *store;
	struct card_vpcd_config config = {
		.mode = CARD_VPCD_DIAL,
		.host = host != NULL ? host : "127.0.0.1",
		.connected = tell_connected,
		.listening = tell_listening,
		.self = cli,
	};
	unsigned long port = CARD_VPCD_PORT;
	int rc = cli_number(cli, "port", 0, UINT16_MAX, &port);

	if (rc != 0)
		return rc;
	if (link != NULL && strcmp(link, "listen") == 0)
		config.mode = CARD_VPCD_LISTEN;
	else if (port == 0)
		return cli_usage(cli, "--port 0 goes with --link listen only");
	config.port = (uint16_t)port;
	config.stop_fd = cli_interrupt_fd(cli);
	if (config.stop_fd < 0)
		return cli_exit_code(cli);
	rc = card_file_open(cli, &store);
	if (rc != 0)
		return rc;
	rc = run_card(cli, store, &config);
	card_store_close(store);
	return rc;
}

static const struct cli_option options[] = {
	{ "interface", 'i', "KIND", "contact or contactless (the default)", CLI_COMPLETE_WORDS,
	  "contact contactless", false },
	{ "link", 'l', "LINK", "dial a virtual reader (the default), listen for one, or stdio",
	  CLI_COMPLETE_WORDS, "dial listen stdio", false },
	{ "host", 'H', "HOST", "the reader's host, to dial (default 127.0.0.1)", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "port", 'p', "PORT", "the reader's port, or the one to listen on (default 35963)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "rf", 'r', "RATE", "take the time of a chip on the air, at 106 to 848 kbit/s",
	  CLI_COMPLETE_WORDS, "106 212 424 848", false },
	{ "chip", 'c', "CHIP", "with --rf: the chip to be as slow as (default jcop4-p71)",
	  CLI_COMPLETE_WORDS, "jcop4-p71 jcop3-p60 sle78 native", false },
	{ "rf-log", 0, "FILE", "write what each command asks of a chip, a JSON object a line",
	  CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};
static const char *const examples[] = {
	"sojourn card run alice.card # into vpcd's reader on this machine",
	"sojourn card run alice.card --interface contact --port 35964",
	"sojourn card run alice.card --rf 848 --chip jcop3-p60 # as slow as that chip",
	"echo on | sojourn card run alice.card --link stdio # prints the ATR",
	NULL,
};
static const enum sj_rc failures[] = { SJ_FILE_PERMISSION, SJ_INPUT_UNREADABLE,
				       SJ_CARD_FILE_CORRUPT, SJ_CARD_FILE_BUSY, SJ_OK };

const struct cli_command card_run_command = {
	.noun = "card",
	.verb = "run",
	.summary = "put a card into a virtual reader and keep it there",
	.description =
		"Runs until SIGINT or SIGTERM. When the reader goes away the card waits for it\n"
		"to come back. \"card: in reader, port N\" on standard error says that it is in.\n"
		"What a command changes is on disk before its answer leaves.\n"
		"\n"
		"With --link stdio, each line of input is \"on\", \"off\", \"reset\" or a command in\n"
		"hex, and each is answered with one line. Listening is on the loopback only.\n"
		"\n"
		"With --rf every answer comes when a contactless chip would give it, by a model\n"
		"of the air, of the chip's operations and of activation. The model is a lower\n"
		"bound: real cards take 1.5 to 2 times as long. jcop4-p71, jcop3-p60 and sle78\n"
		"use published measurements, native is an assumption; see sojourn-bench(1).\n"
		"--rf-log alone makes nothing slower. Its lines have sizes and counts only.",
	.options = options,
	.positionals = card_file_argument,
	.examples = examples,
	.failures = failures,
	.run = run_run,
};
