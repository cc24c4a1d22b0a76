/* rf.c -- `sojourn bench rf`: the table of the timing model. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

#define HOST_MAX_MS 1000.0

static const unsigned rates[] = { 106, 212, 424, 848 };
#define RATES (sizeof(rates) / sizeof(rates[0]))

struct table {
	struct cli *cli;
	double host_ms;
	bool chips[CARD_CHIPS], rates[RATES]; /* the columns */
	json_t *rows;
};

static double cell(const struct table *t, const struct bench_row *row, enum card_chip chip,
		   unsigned rate)
{
	const struct card_rf_model model = { rate, row->logic ? CARD_CHIP_LOGIC : chip,
					     t->host_ms };

	return card_rf_exchange_ms(&model, row->steps, row->n) + card_rf_reader_ms(&row->reader);
}

/* Commands, and their bytes and those of their responses. */
struct sums {
	size_t apdus, command, response;
};

static struct sums sums_of(const struct bench_row *row)
{
	struct sums s = { .apdus = 0 };

	for (size_t i = 0; i < row->n; i++) {
		s.apdus += row->steps[i].command > 0 ? 1 : 0;
		s.command += row->steps[i].command;
		s.response += row->steps[i].response;
	}
	return s;
}

/* --- for people -------------------------------------------------------------------- */

#define NAME_WIDTH 66

static void print_head(const struct table *t)
{
	cli_print(
		t->cli,
		"Milliseconds from card present to the last response, by a model that is a LOWER\n"
		"BOUND: real cards take 1.5 to 2 times as long. %.0f ms mean wait for the reader's\n"
		"look and %.1f ms of host time a command included. native is an assumption.\n\n",
		CARD_RF_POLL_MS, t->host_ms);
	cli_print(t->cli, "%-*s %5s %6s %6s %3s", NAME_WIDTH, "", "APDUs", "bytes", "bytes", "");
	for (size_t c = 0; c < CARD_CHIPS; c++)
		for (size_t r = 0; t->chips[c] && r < RATES; r++)
			if (t->rates[r])
				cli_print(t->cli, " %9s", card_chip_name((enum card_chip)c));
	cli_print(t->cli, "\n%-*s %5s %6s %6s %3s", NAME_WIDTH, "", "", "to", "from", "src");
	for (size_t c = 0; c < CARD_CHIPS; c++)
		for (size_t r = 0; t->chips[c] && r < RATES; r++)
			if (t->rates[r])
				cli_print(t->cli, " %9u", rates[r]);
	cli_print(t->cli, "\n");
}

static void print_row(const struct table *t, const struct bench_row *row)
{
	struct sums s = sums_of(row);

	cli_print(t->cli, "%-*s %5zu %6zu %6zu %3c", NAME_WIDTH, row->name, s.apdus, s.command,
		  s.response, row->source);
	for (size_t c = 0; c < CARD_CHIPS; c++)
		for (size_t r = 0; t->chips[c] && r < RATES; r++)
			if (t->rates[r])
				cli_print(t->cli, " %9.0f",
					  cell(t, row, (enum card_chip)c, rates[r]));
	cli_print(t->cli, "\n");
}

/* --- for programs ------------------------------------------------------------------ */

static json_t *cells_json(const struct table *t, const struct bench_row *row)
{
	json_t *chips = json_object();

	for (size_t c = 0; c < CARD_CHIPS; c++) {
		json_t *by_rate = json_object();
		char name[8];

		for (size_t r = 0; r < RATES; r++) {
			snprintf(name, sizeof(name), "%u", rates[r]);
			if (t->rates[r])
				json_object_set_new(
					by_rate, name,
					json_real(cell(t, row, (enum card_chip)c, rates[r])));
		}
		if (t->chips[c])
			json_object_set(chips, card_chip_name((enum card_chip)c), by_rate);
		json_decref(by_rate);
	}
	return chips;
}

static json_t *row_json(const struct table *t, const struct bench_row *row)
{
	const char source[] = { row->source, '\0' };
	struct sums s = sums_of(row);

	return json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:o}", "name", row->name, "ours",
			 row->ours, "source", source, "properties", row->properties, "apdus",
			 (json_int_t)s.apdus, "commandBytes", (json_int_t)s.command,
			 "responseBytes", (json_int_t)s.response, "ms", cells_json(t, row));
}

static void tell_row(void *self, const struct bench_row *row)
{
	struct table *t = self;

	if (t->rows != NULL)
		json_array_append_new(t->rows, row_json(t, row));
	else
		print_row(t, row);
}

static int finish(struct table *t, int rc)
{
	json_t *rows = t->rows;

	if (rows == NULL)
		return rc;
	if (rc != 0) {
		json_decref(rows);
		return rc;
	}
	return cli_json_print(t->cli, BENCH_SCHEMA,
			      json_pack("{s:b, s:f, s:f, s:o}", "lowerBound", 1, "hostMs",
					t->host_ms, "pollMs", CARD_RF_POLL_MS, "rows", rows));
}

/* --- the command ------------------------------------------------------------------- */

static int read_host(struct cli *cli, double *ms)
{
	const char *text = cli_value(cli, "host");
	char *end = NULL;

	*ms = CARD_RF_HOST_MS;
	if (text == NULL)
		return 0;
	*ms = strtod(text, &end);
	if (end == text || *end != '\0' || !(*ms >= 0) || *ms > HOST_MAX_MS)
		return cli_usage(cli, "--host %s: not milliseconds from 0 to %.0f", text,
				 HOST_MAX_MS);
	return 0;
}

/* Without --rate: the slowest, which every reader does, and the fastest. */
static void choose_columns(struct table *t)
{
	const char *chip = cli_value(t->cli, "chip"), *rate = cli_value(t->cli, "rate");

	for (size_t c = 0; c < CARD_CHIPS; c++)
		t->chips[c] = chip == NULL || strcmp(chip, card_chip_name((enum card_chip)c)) == 0;
	for (size_t r = 0; r < RATES; r++)
		t->rates[r] = rate == NULL ? r == 0 || r == RATES - 1
					   : strtoul(rate, NULL, 10) == rates[r];
}

static int run_rf(struct cli *cli)
{
	struct bench_row *row = calloc(1, sizeof(*row));
	struct table t = { .cli = cli };
	int rc;

	if (row == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = read_host(cli, &t.host_ms);
	if (rc != 0)
		goto out;
	choose_columns(&t);
	if (cli_json(cli))
		t.rows = json_array();
	else
		print_head(&t);
	for (size_t i = 0; bench_peer(i, row); i++)
		tell_row(&t, row);
	if (!cli_given(cli, "peers"))
		rc = bench_own(cli, tell_row, &t);
	rc = finish(&t, rc);
out:
	free(row);
	return rc;
}

static const struct cli_option options[] = {
	{ "chip", 'c', "CHIP", "this chip only", CLI_COMPLETE_WORDS,
	  "jcop4-p71 jcop3-p60 sle78 native", false },
	{ "rate", 'r', "RATE", "this rate only, in kbit/s (default: 106 and 848)",
	  CLI_COMPLETE_WORDS, "106 212 424 848", false },
	{ "host", 'H', "MS", "time of host and reader for each command (default 0.5; USB: 3 to 6)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "peers", 'p', NULL, "the protocols of others only: no card is made", CLI_COMPLETE_NONE,
	  NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};
static const char *const examples[] = {
	"sojourn bench rf",
	"sojourn bench rf --chip jcop4-p71 --host 3 # with a USB reader",
	"sojourn bench rf --peers --json",
	NULL,
};
static const enum sj_rc failures[] = { SJ_INTERNAL, SJ_OUTPUT_FAILED, SJ_OK };

const struct cli_command bench_rf_command = {
	.noun = "bench",
	.verb = "rf",
	.summary = "what a tap takes on the air and in the chip, beside other protocols",
	.description =
		"Prints the milliseconds from card present to the last response, at our gate to\n"
		"its decision, for protocols of others by their byte counts and operations, and\n"
		"for ours as counted in a real exchange with a card that is issued for the\n"
		"purpose in a temporary folder.\n"
		"Nothing is waited for, and the figures do not depend on this machine.\n"
		"\n"
		"THE MODEL IS A LOWER BOUND: taps of real EMV cards measure 1.5 to 2 times what\n"
		"such a model says.\n"
		"\n"
		"\"src\" says how the bytes are known: m measured, s by the specification, e\n"
		"estimated, c counted in this run. --json tells also what each protocol gives:\n"
		"MA mutual authentication, ID identity hidden from unauthorised readers, PKI\n"
		"issuers known offline, FS forward secrecy, RR resistance to relays. The rows\n"
		"A to C are designs that were not taken, as they are no standard.",
	.features = CLI_JSON,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run_rf,
};
