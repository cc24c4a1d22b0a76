/* cmd_card.c -- authority card-rotate, card-lock, card-unlock, card-terminate, card-reset, card-master. */
#include <string.h>

#include "authority/cardvisit.h"
#include "authority/ceremony.h"
#include "authority/commands.h"
#include "wire/sw.h"

#define INS_DELETE 0xE4u
#define INS_INSTALL 0xE6u
#define P1_INSTALL_SELECTABLE 0x0Cu /* [for install and make selectable] */
#define TAG_AID 0x4Fu
#define LOAD_FILE SJ_SPAN_STR("\xF0SOJOURN\xFF")

static const struct cli_option card_options[] = {
	CARDVISIT_CHANGE_OPTIONS,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const struct cli_positional card_positionals[] = {
	CARDVISIT_POSITIONALS,
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

/* --- rotate ------------------------------------------------------------------------------ */

/* What the card has proved by now. */
static int record_keys(struct cardvisit *v)
{
	int rc;

	if (v->row.id == 0)
		return 0;
	rc = register_begin(v->reg);
	if (rc != 0)
		return rc;
	rc = register_card_keyed(v->reg, v->row.id, v->channel.version,
				 cardkeys_newest(&v->authority));
	if (rc == 0)
		rc = register_event(v->reg, "card keyed", v->row.document, v->row.id,
				    json_pack("{s:i, s:i}", "version", (int)v->channel.version,
					      "master", (int)cardkeys_newest(&v->authority)));
	return cardvisit_end(v, rc);
}

static int rotate(struct cardvisit *v)
{
	const uint8_t before = v->channel.version;
	bool sent = false;
	int rc = cardvisit_register(v);

	if (rc == 0)
		rc = cardkeys_replace(&v->channel, v->cli, &v->authority,
				      cardkeys_next_version(before), &sent);
	if (rc != 0)
		cli_note(v->cli, sent ? "the card has the old keys or the new ones: `authority "
					"card show` finds which"
				      : "the card is as it was");
	else
		cli_note(v->cli, "card %s has keys of version %02X of card-master-%u, not %02X",
			 v->serial, v->channel.version, cardkeys_newest(&v->authority), before);
	return rc != 0 ? rc : record_keys(v);
}

static int rotate_run(struct cli *cli)
{
	return cardvisit_run(cli, CARDVISIT_CHANGES, rotate);
}

static const char *const rotate_examples[] = {
	"sojourn authority card rotate utopia",
	"sojourn authority card rotate utopia --can-file can.txt # issued, on a contactless reader",
	NULL,
};

const struct cli_command authority_card_rotate_command = {
	.noun = "authority",
	.verb = "card-rotate",
	.summary = "give a card the next version of its keys, from the newest master key",
	.description =
		"The card manager's own keys (SCP03) are replaced; everything else on the card\n"
		"stays as it is. Power may fail at any time: the card has the old keys or the new\n"
		"ones, and either are found again.",
	.features = CARDVISIT_FEATURES,
	.options = card_options,
	.positionals = card_positionals,
	.examples = rotate_examples,
	.failures = cardvisit_failures,
	.run = rotate_run,
};

/* --- lock, unlock, terminate ----------------------------------------------------------------- */

static int set_state(struct cardvisit *v, enum cardstatus_state state)
{
	uint16_t sw = 0;
	int rc = cardvisit_set_state(v, state, &sw);

	if (rc == 0 && sw == SJ_SW_CONDITIONS)
		rc = cli_fail(v->cli, SJ_CARD_STATE, "card %s does not go to %s from where it is",
			      v->serial, cardstatus_card_name((uint8_t)state));
	else if (rc == 0 && sw != SJ_SW_OK)
		rc = cli_fail(v->cli, SJ_CARD_REFUSED, "SET STATUS: %04X, %s", sw, sj_sw_text(sw));
	if (rc == 0)
		cli_note(v->cli, "card %s is %s now", v->serial,
			 cardstatus_card_name((uint8_t)state));
	return rc;
}

static int lock(struct cardvisit *v)
{
	return set_state(v, CARDSTATUS_LOCKED);
}

static int unlock(struct cardvisit *v)
{
	return set_state(v, CARDSTATUS_SECURED);
}

/* A document that its holder has ends in the register: there it gets its reason. */
static int record_scrap(struct cardvisit *v, const char *event)
{
	const bool issued = v->row.state == CARD_ISSUED;
	struct register_document d;
	int rc = register_document_get(v->reg, v->row.document, &d);

	if (rc == 0 && issued && d.state > DOCUMENT_PERSONALISED && d.state < DOCUMENT_REVOKED)
		rc = cli_fail(v->cli, SJ_INPUT_REFUSED,
			      "%s: the document is %s; end it first (`register revoke`, `lost` or "
			      "`replace`)",
			      d.number, register_state_name(d.state));
	if (rc == 0 && v->row.state != CARD_SCRAPPED &&
	    (!issued || d.state == DOCUMENT_PERSONALISED))
		rc = register_card_move(v->reg, v->row.id, CARD_SCRAPPED, event);
	return rc != 0 ? rc : register_event(v->reg, event, v->row.document, v->row.id, NULL);
}

/* Before the card: if that fails, what it was given is revoked all the same. */
static int record_end(struct cardvisit *v, const char *event)
{
	int rc = cardvisit_register(v);

	if (rc != 0 || v->row.id == 0)
		return rc;
	rc = register_begin(v->reg);
	return rc != 0 ? rc : cardvisit_end(v, record_scrap(v, event));
}

static int terminate(struct cardvisit *v)
{
	int rc = record_end(v, "card terminated");

	return rc != 0 ? rc : set_state(v, CARDSTATUS_TERMINATED);
}

static int lock_run(struct cli *cli)
{
	return cardvisit_run(cli, CARDVISIT_CHANGES, lock);
}

static int unlock_run(struct cli *cli)
{
	return cardvisit_run(cli, CARDVISIT_CHANGES, unlock);
}

static int terminate_run(struct cli *cli)
{
	if (!cli_given(cli, "yes"))
		return cli_usage(cli, "the card will be dead for ever, with all that is on it: say "
				      "--yes");
	return cardvisit_run(cli, CARDVISIT_CHANGES, terminate);
}

static const char *const lock_examples[] = { "sojourn authority card lock utopia", NULL };

const struct cli_command authority_card_lock_command = {
	.noun = "authority",
	.verb = "card-lock",
	.summary = "lock an issued card: nothing but its manager answers until it is unlocked",
	.features = CARDVISIT_FEATURES,
	.options = card_options,
	.positionals = card_positionals,
	.examples = lock_examples,
	.failures = cardvisit_failures,
	.run = lock_run,
};

static const char *const unlock_examples[] = { "sojourn authority card unlock utopia", NULL };

const struct cli_command authority_card_unlock_command = {
	.noun = "authority",
	.verb = "card-unlock",
	.summary = "unlock a card that was locked",
	.features = CARDVISIT_FEATURES,
	.options = card_options,
	.positionals = card_positionals,
	.examples = unlock_examples,
	.failures = cardvisit_failures,
	.run = unlock_run,
};

static const struct cli_option final_options[] = {
	{ "yes", 0, NULL, "yes, the card may die", CLI_COMPLETE_NONE, NULL, false },
	CARDVISIT_CHANGE_OPTIONS,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const char *const terminate_examples[] = {
	"sojourn authority card terminate utopia --yes # for good",
	NULL,
};

const struct cli_command authority_card_terminate_command = {
	.noun = "authority",
	.verb = "card-terminate",
	.summary = "end a card for good: its keys and all that is on it are wiped",
	.description =
		"There is no way back. The register is told first: a card that was not handed out\n"
		"is scrapped, so that its document gets another one. If its holder has it, end\n"
		"the document before, by 'register revoke', 'lost' or 'replace'.",
	.features = CARDVISIT_FEATURES,
	.options = final_options,
	.positionals = card_positionals,
	.examples = terminate_examples,
	.failures = cardvisit_failures,
	.run = terminate_run,
};

/* --- reset ------------------------------------------------------------------------------------ */

/* `absent`: it may also answer that there is no such thing. */
static int command(struct cardvisit *v, const char *what, uint8_t ins, uint8_t p1,
		   struct sj_span data, bool absent)
{
	const struct sj_apdu a = { CHANNEL_CLA, ins, p1, 0x00, data, SJ_APDU_NE_SHORT, false };
	struct sj_response r;
	enum sj_rc rc = channel_send(&v->channel, &a, CHANNEL_TIMEOUT_MS, &r);

	if (rc != SJ_OK)
		return cli_fail(v->cli, rc, "%s", what);
	if (r.sw == SJ_SW_OK || (absent && r.sw == SJ_SW_REFERENCE_NOT_FOUND))
		return 0;
	return cli_fail(v->cli, SJ_CARD_REFUSED, "%s: %04X, %s", what, r.sw, sj_sw_text(r.sw));
}

static void put_aid(struct sj_writer *w, struct sj_span aid)
{
	sj_put_u8(w, (uint8_t)aid.len);
	sj_put(w, aid);
}

/*
 * 11.2.2, 11.5.2.3.2: load file, module and application, one privilege byte, C9 00, no token. An
 * application that is not there was deleted by who lost the card then. That is not protected, but
 * INSTALL is, and refuses what exists.
 */
static int renew(struct cardvisit *v, struct sj_span aid)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	int rc;

	sj_put_u8(&w, TAG_AID);
	put_aid(&w, aid);
	rc = command(v, "DELETE", INS_DELETE, 0x00, sj_written(&w), true);
	w.len = 0;
	put_aid(&w, LOAD_FILE);
	put_aid(&w, aid);
	put_aid(&w, aid);
	sj_put(&w, SJ_SPAN_STR("\x01\x00\x02\xC9\x00\x00"));
	if (w.failed)
		return cli_fail(v->cli, SJ_INTERNAL, "INSTALL");
	return rc != 0 ? rc
		       : command(v, "INSTALL", INS_INSTALL, P1_INSTALL_SELECTABLE, sj_written(&w),
				 false);
}

static int renew_all(struct cardvisit *v, const struct cardstatus_modules *m)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < m->n; i++)
		rc = renew(v, m->aids[i]);
	if (rc == 0)
		cli_note(v->cli, "card %s: %zu applications are empty", v->serial, m->n);
	else
		cli_note(v->cli, "card %s is not empty yet: reset it once more", v->serial);
	return rc;
}

static int reset(struct cardvisit *v)
{
	struct cardvisit_modules modules = { .list = { .n = 0 } };
	int rc = cardvisit_status(v);

	if (rc == 0 && v->state > CARDSTATUS_INITIALIZED)
		rc = cli_fail(v->cli, SJ_CARD_STATE, "card %s was issued: it can only be ended",
			      v->serial);
	if (rc == 0)
		rc = cardvisit_modules(v, LOAD_FILE, &modules);
	if (rc == 0)
		rc = record_end(v, "card reset");
	return rc != 0 ? rc : renew_all(v, &modules.list);
}

static int reset_run(struct cli *cli)
{
	if (!cli_given(cli, "yes"))
		return cli_usage(cli, "all that is on the card will be gone: say --yes");
	return cardvisit_run(cli, CARDVISIT_CHANGES, reset);
}

static const struct cli_option reset_options[] = {
	{ "yes", 0, NULL, "yes, all that is on the card may go", CLI_COMPLETE_NONE, NULL, false },
	CARDVISIT_CHANGE_OPTIONS,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const char *const reset_examples[] = { "sojourn authority card reset utopia --yes", NULL };

const struct cli_command authority_card_reset_command = {
	.noun = "authority",
	.verb = "card-reset",
	.summary = "empty a card that was left half-personalised",
	.description =
		"Every application is deleted and installed anew. The manager's keys stay, and in\n"
		"the register the attempt is scrapped. A card that was issued refuses it.",
	.features = CARDVISIT_FEATURES,
	.options = reset_options,
	.positionals = card_positionals,
	.examples = reset_examples,
	.failures = cardvisit_failures,
	.run = reset_run,
};

/* --- master --------------------------------------------------------------------------------------- */

static int master_run(struct cli *cli)
{
	struct ceremony before;
	struct authority a;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	before = ceremony_begin(&a);
	if (rc == 0)
		rc = cardkeys_make_master(&a);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli,
			 "card-master-%u made: cards get their keys from it when they are "
			 "issued, and those in use by `authority card rotate`",
			 cardkeys_newest(&a));
	authority_close(&a);
	return rc;
}

static const struct cli_positional master_positionals[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};
static const struct cli_option master_options[] = {
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};
static const char *const master_examples[] = { "sojourn authority card master utopia", NULL };
static const enum sj_rc master_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					      SJ_INPUT_REFUSED, SJ_KEY_STORE, SJ_OK };

const struct cli_command authority_card_master_command = {
	.noun = "authority",
	.verb = "card-master",
	.summary = "make the next master key, from which cards' own keys come",
	.description =
		"Older master keys are kept: cards that have keys from them are still opened.",
	.features = CLI_KEYS,
	.options = master_options,
	.positionals = master_positionals,
	.examples = master_examples,
	.failures = master_failures,
	.run = master_run,
};
