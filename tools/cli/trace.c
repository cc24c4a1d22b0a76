/* trace.c -- --trace: APDUs in words; --pcap: the same as a capture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"
#include "cli/pcap.h"

struct cli_trace {
	struct cli *cli;
	const char *path; /* of the capture; NULL: none */
	struct cli_pcap *capture;
	bool words; /* --trace */
	bool inner; /* the plain command was shown: the protected one is not */
};

/* --- words --------------------------------------------------------------------- */

static const struct {
	uint8_t ins;
	const char *name;
} instructions[] = {
	/* ISO/IEC 7816-4:2020, 5.4.2, table 4 */
	{ 0x20, "VERIFY" },
	{ 0x22, "MANAGE SECURITY ENVIRONMENT" },
	{ 0x24, "CHANGE REFERENCE DATA" },
	{ 0x2C, "RESET RETRY COUNTER" },
	{ 0x47, "GENERATE ASYMMETRIC KEY PAIR" },
	{ 0x70, "MANAGE CHANNEL" },
	{ 0x82, "EXTERNAL AUTHENTICATE" },
	{ 0x84, "GET CHALLENGE" },
	{ 0x86, "GENERAL AUTHENTICATE" },
	{ 0x87, "GENERAL AUTHENTICATE" },
	{ 0x88, "INTERNAL AUTHENTICATE" },
	{ 0xA4, "SELECT" },
	{ 0xB0, "READ BINARY" },
	{ 0xB1, "READ BINARY (odd)" },
	{ 0xC0, "GET RESPONSE" },
	{ 0xCA, "GET DATA" },
	{ 0xCB, "GET DATA (odd)" },
	{ 0xDB, "PUT DATA (odd)" },
	{ 0xE2, "STORE DATA" },
	{ 0xE6, "INSTALL" },
	{ 0xF0, "SET STATUS" },
};

static const char *instruction(uint8_t ins)
{
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		if (instructions[i].ins == ins)
			return instructions[i].name;
	}
	return "command";
}

static void show_command(struct cli_trace *t, const struct sj_event *e, const char *how)
{
	if (e->len < 4)
		return;
	cli_note(t->cli, "> %s%s (%02X %02X %02X %02X), %zu bytes", how, instruction(e->bytes[1]),
		 e->bytes[0], e->bytes[1], e->bytes[2], e->bytes[3], e->len);
}

static void show_response(struct cli_trace *t, const struct sj_event *e, const char *how)
{
	uint16_t sw;

	if (e->len < 2)
		return;
	sw = (uint16_t)(e->bytes[e->len - 2] << 8 | e->bytes[e->len - 1]);
	cli_note(t->cli, "< %s%04X %s, %zu bytes", how, sw, sj_status_word_text(sw), e->len - 2);
}

/* Lengths and headers only: what stands in the data may be the holder's or a secret. */
static void show(struct cli_trace *t, const struct sj_event *e)
{
	switch (e->kind) {
	case SJ_EVENT_FIELD_ON:
		t->inner = false;
		cli_note(t->cli, "= card powered");
		break;
	case SJ_EVENT_COMMAND:
		if (!t->inner)
			show_command(t, e, "");
		break;
	case SJ_EVENT_RESPONSE:
		/* A status word alone ends secure messaging: nothing plain follows. */
		if (t->inner && e->len > 2)
			break;
		t->inner = false;
		show_response(t, e, "");
		break;
	case SJ_EVENT_PLAIN_COMMAND:
		t->inner = true;
		show_command(t, e, "secured ");
		break;
	case SJ_EVENT_PLAIN_RESPONSE:
		t->inner = false;
		show_response(t, e, "secured ");
		break;
	case SJ_EVENT_NOTICE:
		break;
	}
}

/* --- capture --------------------------------------------------------------------- */

static void record(struct cli_trace *t, const struct sj_event *e)
{
	if (e->kind == SJ_EVENT_FIELD_ON)
		cli_pcap_field_on(t->capture);
	else if (e->kind == SJ_EVENT_COMMAND || e->kind == SJ_EVENT_RESPONSE)
		cli_pcap_apdu(t->capture, e->kind == SJ_EVENT_RESPONSE, e->bytes, e->len);
}

/* --- the listener ---------------------------------------------------------------- */

static void hear(void *user, const struct sj_event *e)
{
	struct cli_trace *t = user;

	if (e->kind == SJ_EVENT_NOTICE && e->text != NULL)
		cli_note(t->cli, "%s", e->text);
	if (t->words)
		show(t, e);
	if (t->capture != NULL)
		record(t, e);
}

int cli_trace_start(struct cli *cli)
{
	struct cli_trace *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	t->cli = cli;
	t->words = cli_given(cli, "trace");
	t->path = cli_value(cli, "pcap");
	if (t->path != NULL)
		t->capture = cli_pcap_open(t->path);
	if (t->path != NULL && t->capture == NULL) {
		free(t);
		return cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", cli_value(cli, "pcap"),
				strerror(errno));
	}
	cli->trace = t;
	sj_context_listen(cli->context, hear, t);
	return 0;
}

int cli_trace_end(struct cli *cli)
{
	struct cli_trace *t = cli->trace;
	int rc = 0;

	if (t == NULL)
		return 0;
	sj_context_listen(cli->context, NULL, NULL);
	if (t->capture != NULL && !cli_pcap_close(t->capture))
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", t->path, strerror(errno));
	free(t);
	cli->trace = NULL;
	return rc;
}
