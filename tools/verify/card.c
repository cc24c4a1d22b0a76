/* card.c -- the secret that opens a card, and the card. */
#include <stdio.h>
#include <string.h>

#include "verify/verify.h"

#define CARD_WAIT_MS 15000u

/* What was typed may be either: six digits, or lines. */
static enum sj_rc either(const struct cli_secret *secret, struct sj_access **out)
{
	enum sj_rc rc = sj_access_can(secret->text, secret->len, out);

	return rc == SJ_SECRET_MALFORMED ? sj_access_mrz(secret->text, secret->len, out) : rc;
}

/* Nobody types what is printed on the card to hear then that there is no reader. */
static int find_reader(struct verify_run *run)
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

int verify_get_access(struct verify_run *run)
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

int verify_open_card(struct verify_run *run)
{
	struct sj_context *context = cli_context(run->cli);
	const char *reader = cli_setting(run->cli, "reader");
	unsigned timeout = cli_timeout_ms(run->cli);
	enum sj_rc rc;

	if (run->card != NULL)
		return 0;
	if (context == NULL)
		return cli_exit_code(run->cli);
	rc = sj_card_wait(context, reader, timeout ? timeout : CARD_WAIT_MS, &run->card);
	if (rc != SJ_OK)
		return cli_fail(run->cli, rc, "%s", reader ? reader : "reader");
	return 0;
}

/* The reader's name; of a card that is no document also what it called itself. */
int verify_fail_card(struct verify_run *run, enum sj_rc rc)
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
