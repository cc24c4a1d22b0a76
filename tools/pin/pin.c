/* pin.c -- the holder's PIN of an eID card: shown, changed, resumed, unblocked. */
#include <string.h>

#include <sojourn/service.h>

#include "pin/pin.h"

#define PIN_SCHEMA 1
#define PIN_FEATURES (CLI_CARD | CLI_READER | CLI_TIMEOUT)
#define CARD_WAIT_MS 15000u

/* A card and what is said to it. */
struct run {
	struct cli *cli;
	struct sj_card *card;
	struct sj_access *pin, *can, *puk;
};

static int open_card(struct run *run, struct cli *cli)
{
	struct sj_context *context = cli_context(cli);
	const char *reader = cli_setting(cli, "reader");
	const unsigned timeout = cli_timeout_ms(cli);
	enum sj_rc rc;

	*run = (struct run){ .cli = cli };
	if (!context)
		return cli_exit_code(cli);
	rc = sj_card_wait(context, reader, timeout ? timeout : CARD_WAIT_MS, &run->card);
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "%s", reader ? reader : "reader");
}

static void leave(struct run *run)
{
	sj_access_free(run->pin);
	sj_access_free(run->can);
	sj_access_free(run->puk);
	sj_card_close(run->card);
}

typedef enum sj_rc (*access_fn)(const char *text, size_t len, struct sj_access **out);

/* What was typed or stands in a file, as the library takes it. */
static int ask(struct run *run, const char *name, const char *prompt, access_fn make,
	       struct sj_access **out)
{
	struct cli_secret secret = { 0 };
	int code = cli_secret_read(run->cli, name, prompt, &secret);

	if (code == 0) {
		const enum sj_rc rc = make(secret.text, secret.len, out);

		code = rc == SJ_OK ? 0 : cli_fail(run->cli, rc, "%s", prompt);
	}
	cli_secret_wipe(&secret);
	return code;
}

static int state_of(struct run *run, struct sj_pin_state *out)
{
	const enum sj_rc rc = sj_pin_state(run->card, cli_timeout_ms(run->cli), out);

	return rc == SJ_OK ? 0 : cli_fail(run->cli, rc, "PIN");
}

/* A PIN that was wrong: with the tries that are left. */
static int fail(struct run *run, enum sj_rc rc, const char *what)
{
	struct sj_pin_state state = { .size = sizeof(state) };

	if (rc == SJ_WRONG_PIN &&
	    sj_pin_state(run->card, cli_timeout_ms(run->cli), &state) == SJ_OK)
		return cli_fail(run->cli, rc, "PIN: tries left: %u", state.tries);
	return cli_fail(run->cli, rc, "%s", what);
}

/* --- show ----------------------------------------------------------------------------- */

static void print_state(struct cli *cli, const struct sj_pin_state *s)
{
	if (!s->active)
		cli_line(cli, CLI_MARK_UNSURE, "inactive", "the issuer activates it");
	else if (s->blocked)
		cli_line(cli, CLI_MARK_BAD, "blocked", "'sojourn pin unblock' with the PUK");
	else if (s->suspended)
		cli_line(cli, CLI_MARK_UNSURE, "suspended",
			 "one try left: 'sojourn pin resume' with the CAN");
	else
		cli_line(cli, CLI_MARK_GOOD, "ready", "tries left: %u", s->tries);
}

static int run_show(struct cli *cli)
{
	struct sj_pin_state state = { .size = sizeof(state) };
	struct run run;
	int code = open_card(&run, cli);

	if (code == 0)
		code = state_of(&run, &state);
	if (code == 0) {
		print_state(cli, &state);
		if (cli_json(cli))
			code = cli_json_print(cli, PIN_SCHEMA,
					      json_pack("{s:b, s:b, s:b, s:i}", "active",
							state.active, "blocked", state.blocked,
							"suspended", state.suspended, "tries",
							(int)state.tries));
	}
	leave(&run);
	return code;
}

static const char *const show_examples[] = {
	"sojourn pin show # ready, suspended, blocked or inactive; costs no try",
	NULL,
};
static const enum sj_rc show_failures[] = { SJ_NO_CARD, SJ_ACCESS_UNSUPPORTED, SJ_OK };

const struct cli_command pin_show = {
	.noun = "pin",
	.verb = "show",
	.summary = "show the state of the holder's PIN",
	.description =
		"The PIN of the eID application. Nothing is compared, and nothing costs a try.",
	.features = PIN_FEATURES | CLI_JSON,
	.examples = show_examples,
	.failures = show_failures,
	.run = run_show,
};

/* --- change --------------------------------------------------------------------------- */

/* The new PIN, twice where somebody types it. */
static int read_new(struct run *run, struct cli_secret *out)
{
	struct cli_secret again = { 0 };
	int code = cli_secret_read(run->cli, "new-pin", "New PIN (six digits)", out);

	if (code == 0 && !cli_secret_given(run->cli, "new-pin")) {
		code = cli_secret_read(run->cli, "new-pin", "New PIN again", &again);
		if (code == 0 && !cli_secret_equal(out, &again))
			code = cli_fail(run->cli, SJ_SECRET_MALFORMED, "the two differ");
	}
	cli_secret_wipe(&again);
	return code;
}

static int change(struct run *run)
{
	struct sj_pin_state state = { .size = sizeof(state) };
	struct cli_secret new_pin = { 0 };
	int code = state_of(run, &state);
	enum sj_rc rc;

	if (code == 0 && state.suspended)
		code = ask(run, "can", "Card access number (six digits)", sj_access_can, &run->can);
	if (code == 0)
		code = ask(run, "pin", "PIN", sj_access_pin, &run->pin);
	if (code == 0)
		code = read_new(run, &new_pin);
	if (code == 0) {
		rc = sj_pin_change(run->card, run->pin, run->can, new_pin.text,
				   cli_timeout_ms(run->cli));
		if (rc != SJ_OK)
			code = fail(run, rc, "PIN");
		else
			cli_note(run->cli, "PIN changed");
	}
	cli_secret_wipe(&new_pin);
	return code;
}

static int run_change(struct cli *cli)
{
	struct run run;
	int code = open_card(&run, cli);

	if (code == 0)
		code = change(&run);
	leave(&run);
	return code;
}

static const struct cli_option change_options[] = {
	CLI_SECRET_OPTIONS("pin", "present PIN"),
	CLI_SECRET_OPTIONS("new-pin", "new PIN"),
	CLI_SECRET_OPTIONS("can", "card access number"),
	{ 0 },
};
static const char *const change_examples[] = {
	"sojourn pin change # asks for the old and the new PIN",
	NULL,
};
static const enum sj_rc change_failures[] = {
	SJ_WRONG_PIN,        SJ_PIN_BLOCKED, SJ_PIN_SUSPENDED, SJ_PIN_INACTIVE, SJ_WRONG_CAN,
	SJ_SECRET_MALFORMED, SJ_OK
};

const struct cli_command pin_change = {
	.noun = "pin",
	.verb = "change",
	.summary = "change the holder's PIN",
	.description =
		"Six digits. After two wrong ones the card wants its access number before the last\n"
		"try; a third wrong one blocks the PIN (sojourn pin unblock).",
	.features = PIN_FEATURES,
	.options = change_options,
	.examples = change_examples,
	.failures = change_failures,
	.run = run_change,
};

/* --- resume --------------------------------------------------------------------------- */

/* A PIN that is ready needs nothing; one that is blocked or inactive, something else. */
static int resume(struct run *run)
{
	struct sj_pin_state state = { .size = sizeof(state) };
	int code = state_of(run, &state);
	enum sj_rc rc;

	if (code != 0)
		return code;
	if (!state.suspended) {
		print_state(run->cli, &state);
		return sj_exit_code(!state.active   ? SJ_PIN_INACTIVE
				    : state.blocked ? SJ_PIN_BLOCKED
						    : SJ_OK);
	}
	code = ask(run, "can", "Card access number (six digits)", sj_access_can, &run->can);
	if (code == 0)
		code = ask(run, "pin", "PIN", sj_access_pin, &run->pin);
	if (code != 0)
		return code;
	rc = sj_pin_resume(run->card, run->pin, run->can, cli_timeout_ms(run->cli));
	if (rc != SJ_OK)
		return fail(run, rc, "PIN");
	cli_note(run->cli, "PIN resumed");
	return 0;
}

static int run_resume(struct cli *cli)
{
	struct run run;
	int code = open_card(&run, cli);

	if (code == 0)
		code = resume(&run);
	leave(&run);
	return code;
}

static const struct cli_option resume_options[] = {
	CLI_SECRET_OPTIONS("pin", "PIN"),
	CLI_SECRET_OPTIONS("can", "card access number"),
	{ 0 },
};
static const char *const resume_examples[] = {
	"sojourn pin resume # asks for the card access number and the PIN",
	NULL,
};
static const enum sj_rc resume_failures[] = { SJ_WRONG_PIN, SJ_PIN_BLOCKED, SJ_WRONG_CAN,
					      SJ_SECRET_MALFORMED, SJ_OK };

const struct cli_command pin_resume = {
	.noun = "pin",
	.verb = "resume",
	.summary = "give a suspended PIN its tries back",
	.description =
		"After two wrong PINs the card takes no other before its access number. Here it gets\n"
		"both; a right PIN has its three tries again, a wrong one blocks it (sojourn pin\n"
		"unblock).",
	.features = PIN_FEATURES,
	.options = resume_options,
	.examples = resume_examples,
	.failures = resume_failures,
	.run = run_resume,
};

/* --- unblock -------------------------------------------------------------------------- */

static int run_unblock(struct cli *cli)
{
	struct run run;
	int code = open_card(&run, cli);
	enum sj_rc rc;

	if (code == 0)
		code = ask(&run, "puk", "PUK (ten digits)", sj_access_puk, &run.puk);
	if (code == 0) {
		rc = sj_pin_unblock(run.card, run.puk, cli_timeout_ms(cli));
		if (rc != SJ_OK)
			code = fail(&run, rc, "PUK");
		else
			cli_note(cli, "PIN unblocked");
	}
	leave(&run);
	return code;
}

static const struct cli_option unblock_options[] = {
	CLI_SECRET_OPTIONS("puk", "PUK"),
	{ 0 },
};
static const char *const unblock_examples[] = {
	"sojourn pin unblock # asks for the PUK of the letter",
	NULL,
};
static const enum sj_rc unblock_failures[] = { SJ_WRONG_PUK, SJ_PUK_BLOCKED, SJ_SECRET_MALFORMED,
					       SJ_OK };

const struct cli_command pin_unblock = {
	.noun = "pin",
	.verb = "unblock",
	.summary = "give a blocked PIN its tries back",
	.description = "The PIN stays as it was. The PUK can be used ten times.",
	.features = PIN_FEATURES,
	.options = unblock_options,
	.examples = unblock_examples,
	.failures = unblock_failures,
	.run = run_unblock,
};
