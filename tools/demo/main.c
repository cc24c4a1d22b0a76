/* main.c -- noun demo. */
#include <stdio.h>
#include <stdlib.h>

#include "demo/demo.h"

/* What the programs said, when something went wrong. */
static void show_log(struct demo *demo)
{
	uint8_t *text = NULL;
	size_t len;

	if (demo->log < 0)
		return;
	if (cli_file_read(demo->cli, demo_path(demo, "log").text, 1u << 20, &text, &len) == 0)
		cli_note(demo->cli, "What the programs said:\n%s", (const char *)text);
	free(text);
}

static int run(struct cli *cli)
{
	struct demo demo = { .cli = cli, .log = -1 };
	uint64_t start = demo_now_ms();
	int rc = cli_interrupt_fd(cli) < 0 ? cli_exit_code(cli) : 0;

	if (rc == 0)
		rc = demo_stage_open(&demo, demo_cards());
	if (rc == 0)
		rc = demo_issue(&demo);
	if (rc == 0)
		rc = demo_play(&demo);
	if (rc != 0 && !cli_interrupted(cli))
		show_log(&demo);
	demo_stage_close(&demo);
	cli_print(cli, "\n%s after %.1f s; nothing is left behind.\n",
		  rc == 0 ? "As expected, all of it," : "NOT as expected,",
		  (double)(demo_now_ms() - start) / 1000.0);
	return rc;
}

static const char *const examples[] = { "sojourn demo", NULL };
static const enum sj_rc failures[] = { SJ_INTERNAL, SJ_NO_PCSCD, SJ_NO_READER, SJ_OK };

static const struct cli_command command = {
	.noun = "demo",
	.summary = "see the main job end to end",
	.description =
		"Makes an authority, which publishes what to believe, and cards, issues them\n"
		"through PC/SC, and verifies them one after the other: a genuine card, copies, a\n"
		"changed one, one of an unknown issuer, an expired one, and a wrong CAN. The\n"
		"verifying program is given a reader, a trust store and a CAN, nothing else. Then\n"
		"the genuine card logs its holder in to a TLS server, by OpenSSL's programs and\n"
		"the PKCS#11 module, and goes to a gate: a first tap, a repeated one by ticket.\n"
		"In the end it is stolen: revoked and published, and refused by gate and counter\n"
		"as soon as they have fetched the next bundle, while another holder's card goes\n"
		"through. Last, a hotel, a pharmacy and the gate ask one eID card, and each shows what\n"
		"it was told. Beside the times of this machine stand those of a chip by the timing\n"
		"model of 'sojourn bench rf'. Everything runs in a private pcscd and a temporary\n"
		"directory; nothing is left. Exit code 1 when a scene does not end as it should.",
	.examples = examples,
	.failures = failures,
	.run = run,
};

int main(int argc, char **argv)
{
	static const struct cli_command *const commands[] = { &command, NULL };
	static const struct cli_program program = { "demo", commands };

	return cli_main(&program, argc, argv);
}
