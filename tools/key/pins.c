/* pins.c -- PIN, PUK, management key, remembered codes, and the end of all keys. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key/key.h"

/* --- key pin ----------------------------------------------------------------------- */

struct which {
	const char *word, *name;
	enum sj_piv_pin pin;
	const char *old_secret, *new_secret;
};
static const struct which whiches[] = {
	{ "pin", "PIN", SJ_PIV_PIN, "pin", "new-pin" },
	{ "global-pin", "Global PIN", SJ_PIV_GLOBAL_PIN, "pin", "new-pin" },
	{ "puk", "PUK", SJ_PIV_PUK, "puk", "new-puk" },
};

static int which_of(struct key_run *run, struct which *out)
{
	const char *word = cli_value(run->cli, "which");
	enum sj_piv_pin pin = SJ_PIV_PIN;
	enum sj_rc rc = word ? SJ_OK : sj_piv_user_pin(run->piv, &pin);

	if (rc != SJ_OK)
		return key_fail(run, rc, "PIN");
	for (size_t i = 0; i < sizeof(whiches) / sizeof(whiches[0]); i++) {
		*out = whiches[i];
		if (word ? strcmp(word, out->word) == 0 : out->pin == pin)
			break;
	}
	return 0;
}

static int change(struct key_run *run)
{
	struct cli_secret old = { 0 }, new = { 0 };
	char prompt[32];
	struct which w = whiches[0];
	int left = -1, code = which_of(run, &w);
	enum sj_rc rc;

	if (code == 0)
		code = cli_secret_read(run->cli, w.old_secret, w.name, &old);
	if (code == 0) {
		snprintf(prompt, sizeof(prompt), "New %s", w.name);
		code = key_read_new(run->cli, w.new_secret, prompt, &new);
	}
	if (code == 0) {
		rc = sj_piv_change(run->piv, w.pin, old.text, old.len, new.text, new.len, &left);
		if (rc != SJ_OK)
			code = key_fail_tries(run, rc, w.name, left);
		else
			cli_note(run->cli, "%s changed", w.name);
	}
	cli_secret_wipe(&old);
	cli_secret_wipe(&new);
	return code;
}

/* Opens, works, closes. */
static int with_card(struct cli *cli, int (*work)(struct key_run *run))
{
	struct key_run run;
	int code = key_open(&run, cli);

	if (code == 0)
		code = work(&run);
	key_close(&run);
	return code;
}

static int run_pin(struct cli *cli)
{
	return with_card(cli, change);
}

static const struct cli_option pin_options[] = {
	{ .name = "which",
	  .argument = "SECRET",
	  .help = "change pin, global-pin or puk (default: the PIN that the card prefers)",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "pin global-pin puk" },
	CLI_SECRET_OPTIONS("pin", "present PIN"),
	CLI_SECRET_OPTIONS("new-pin", "new PIN"),
	CLI_SECRET_OPTIONS("puk", "present PUK"),
	CLI_SECRET_OPTIONS("new-puk", "new PUK"),
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const pin_examples[] = {
	"sojourn key pin # asks for the old and the new PIN",
	"sojourn key pin --which puk # the PUK",
	NULL,
};
static const enum sj_rc pin_failures[] = { SJ_WRONG_PIN,   SJ_PIN_BLOCKED,      SJ_WRONG_PUK,
					   SJ_PUK_BLOCKED, SJ_SECRET_MALFORMED, SJ_OK };

const struct cli_command key_pin = {
	.noun = "key",
	.verb = "pin",
	.summary = "change the PIN, the global PIN or the PUK",
	.description =
		"A PIN has six to eight digits, a PUK six to eight characters. A wrong present PIN\n"
		"costs a try; a PIN without tries is blocked and comes back with the PUK\n"
		"(sojourn key unblock).",
	.features = KEY_FEATURES,
	.options = pin_options,
	.examples = pin_examples,
	.failures = pin_failures,
	.run = run_pin,
};

/* --- key unblock ---------------------------------------------------------------------- */

static int unblock(struct key_run *run)
{
	struct cli_secret puk = { 0 }, pin = { 0 };
	int left = -1, code = cli_secret_read(run->cli, "puk", "PUK", &puk);
	enum sj_rc rc;

	if (code == 0)
		code = key_read_new(run->cli, "new-pin", "New PIN", &pin);
	if (code == 0) {
		rc = sj_piv_unblock(run->piv, puk.text, puk.len, pin.text, pin.len, &left);
		if (rc != SJ_OK)
			code = key_fail_tries(run, rc, "PUK", left);
		else
			cli_note(run->cli, "PIN set anew");
	}
	cli_secret_wipe(&puk);
	cli_secret_wipe(&pin);
	return code;
}

static int run_unblock(struct cli *cli)
{
	return with_card(cli, unblock);
}

static const struct cli_option unblock_options[] = {
	CLI_SECRET_OPTIONS("puk", "PUK"),
	CLI_SECRET_OPTIONS("new-pin", "new PIN"),
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const unblock_examples[] = {
	"sojourn key unblock # asks for the PUK and a new PIN",
	NULL,
};
static const enum sj_rc unblock_failures[] = { SJ_WRONG_PUK, SJ_PUK_BLOCKED, SJ_SECRET_MALFORMED,
					       SJ_OK };

const struct cli_command key_unblock = {
	.noun = "key",
	.verb = "unblock",
	.summary = "set a new PIN with the PUK",
	.features = KEY_FEATURES,
	.options = unblock_options,
	.examples = unblock_examples,
	.failures = unblock_failures,
	.run = run_unblock,
};

/* --- key admin-key --------------------------------------------------------------------- */

static int change_admin_key(struct key_run *run)
{
	const char *word = cli_value(run->cli, "algorithm");
	enum sj_piv_algorithm algorithm;
	uint8_t key[32];
	size_t len;
	enum sj_rc rc = sj_piv_admin_algorithm(run->piv, &algorithm);
	int code;

	if (rc != SJ_OK)
		return key_fail(run, rc, "management key");
	if (word)
		algorithm = sj_piv_algorithm_find(word);
	code = key_administer(run);
	if (code == 0)
		code = key_read_admin(run->cli, "new-admin-key", "New management key", algorithm,
				      key, &len);
	if (code == 0) {
		rc = sj_piv_set_admin_key(run->piv, algorithm, key, len);
		if (rc != SJ_OK)
			code = key_fail(run, rc, "new management key");
		else
			cli_note(run->cli, "management key changed");
	}
	explicit_bzero(key, sizeof(key));
	return code;
}

static int run_admin_key(struct cli *cli)
{
	return with_card(cli, change_admin_key);
}

static const struct cli_option admin_key_options[] = {
	KEY_ADMIN_OPTIONS,
	CLI_SECRET_OPTIONS("new-admin-key", "new management key (hexadecimal)"),
	{ .name = "algorithm",
	  .argument = "NAME",
	  .help = "the new key's: AES-128, AES-192, AES-256 or 3DES (default: as now)",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "AES-128 AES-192 AES-256 3DES" },
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const admin_key_examples[] = {
	"sojourn key admin-key --admin-key-file old --new-admin-key-file new --algorithm AES-256 # a longer one",
	NULL,
};
static const enum sj_rc admin_key_failures[] = { SJ_WRONG_ADMIN_KEY, SJ_SECRET_MALFORMED,
						 SJ_CARD_REFUSED, SJ_OK };

const struct cli_command key_admin_key = {
	.noun = "key",
	.verb = "admin-key",
	.summary = "change the management key",
	.description =
		"The management key writes certificates and data objects and makes keys. The card\n"
		"counts no tries of it; whoever has it can replace every key.",
	.features = KEY_FEATURES,
	.options = admin_key_options,
	.examples = admin_key_examples,
	.failures = admin_key_failures,
	.run = run_admin_key,
};

/* --- key reset ---------------------------------------------------------------------------- */

#define TRIES_MAX 600u /* more than PIN and PUK can have together */

/* Spends the tries of PIN and PUK with wrong ones: the card's condition for emptying itself. */
static enum sj_rc block(struct key_run *run)
{
	enum sj_rc rc = SJ_OK;
	char guess[9];

	for (unsigned i = 0; i < TRIES_MAX && rc != SJ_PIN_BLOCKED; i++) {
		snprintf(guess, sizeof(guess), "%08u", 10007u * i + 3u);
		rc = sj_piv_verify(run->piv, SJ_PIV_PIN, guess, 8, NULL);
		if (rc != SJ_OK && rc != SJ_WRONG_PIN && rc != SJ_PIN_BLOCKED)
			return rc;
	}
	for (unsigned i = 0; i < TRIES_MAX && rc != SJ_PUK_BLOCKED; i++) {
		snprintf(guess, sizeof(guess), "%08u", 10007u * i + 3u);
		rc = sj_piv_unblock(run->piv, guess, 8, guess, 8, NULL);
		if (rc != SJ_OK && rc != SJ_WRONG_PUK && rc != SJ_PUK_BLOCKED)
			return rc;
	}
	return rc == SJ_PUK_BLOCKED ? SJ_OK : rc;
}

static int reset(struct key_run *run)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	enum sj_rc rc = sj_piv_get_info(run->piv, &info);

	if (rc == SJ_OK && !info.extensions)
		return cli_fail(run->cli, SJ_CARD_REFUSED, "this card cannot be emptied");
	if (rc == SJ_OK && info.contactless) /* it keeps its last tries there */
		return cli_fail(run->cli, SJ_CARD_REFUSED,
				"it is emptied on a contact reader only; nothing was tried");
	if (rc == SJ_OK)
		rc = block(run);
	if (rc == SJ_OK)
		rc = sj_piv_reset(run->piv);
	if (rc != SJ_OK)
		return key_fail(run, rc, "reset");
	cli_note(run->cli, "the key application is empty; PIN, PUK and management key are the "
			   "factory's");
	return 0;
}

static int run_reset(struct cli *cli)
{
	if (!cli_given(cli, "yes"))
		return cli_usage(cli,
				 "all keys and certificates of the card will be gone: say --yes");
	return with_card(cli, reset);
}

static const struct cli_option reset_options[] = {
	{ .name = "yes", .help = "yes, all keys and certificates may go" },
	KEY_OPEN_OPTIONS,
	{ 0 },
};
static const char *const reset_examples[] = { "sojourn key reset --yes # empties the card", NULL };
static const enum sj_rc reset_failures[] = { SJ_CARD_REFUSED, SJ_OK };

const struct cli_command key_reset = {
	.noun = "key",
	.verb = "reset",
	.summary = "empty the key application: all keys are gone",
	.description =
		"On a contact reader: spends all tries of PIN and PUK, which is what the card asks\n"
		"for, and empties its key application. Nothing brings the keys back. Other\n"
		"applications of the card stay as they are.",
	.features = KEY_FEATURES,
	.options = reset_options,
	.examples = reset_examples,
	.failures = reset_failures,
	.run = run_reset,
};

/* --- key forget ------------------------------------------------------------------------------ */

static int run_forget(struct cli *cli)
{
	const char *text = cli_argument(cli, 0);
	char *memory = (errno = 0, key_memory());
	uint8_t guid[SJ_PIV_GUID];
	enum sj_rc rc = SJ_OK;
	bool there = false;
	int code = 0;

	if (!memory && errno == ENOMEM)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (text && !key_hex(text, guid, sizeof(guid))) {
		free(memory);
		return cli_usage(cli, "%s: a GUID has 32 hexadecimal digits (sojourn key list)",
				 text);
	}
	if (memory)
		code = cli_file_there(cli, memory, &there);
	if (code == 0 && there)
		rc = sj_piv_forget(memory, text ? guid : NULL);
	if (rc != SJ_OK)
		code = cli_fail(cli, rc, "%s", memory);
	free(memory);
	return code;
}

static const struct cli_positional forget_positionals[] = {
	{ .name = "GUID",
	  .help = "of the card (sojourn key list); all cards if missing",
	  .optional = true },
	{ 0 },
};
static const char *const forget_examples[] = {
	"sojourn key forget # every CAN and pairing code",
	NULL,
};
static const enum sj_rc forget_failures[] = { SJ_FILE_PERMISSION, SJ_INPUT_UNREADABLE,
					      SJ_OUTPUT_FAILED, SJ_OK };

const struct cli_command key_forget = {
	.noun = "key",
	.verb = "forget",
	.summary = "forget the codes that were remembered for cards",
	.description =
		"CANs and pairing codes are kept only where --remember or the PKCS#11 module was\n"
		"told to, in $XDG_STATE_HOME/sojourn/codes (~/.local/state/sojourn/codes).",
	.positionals = forget_positionals,
	.examples = forget_examples,
	.failures = forget_failures,
	.run = run_forget,
};
