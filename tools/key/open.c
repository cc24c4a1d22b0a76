/* open.c -- a card and its key application. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "key/key.h"

#define CARD_WAIT_MS 15000u

char *key_memory(void)
{
	const char *base = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;

	if (base && base[0] == '/')
		return asprintf(&path, "%s/sojourn/codes", base) < 0 ? NULL : path;
	if (home && home[0] == '/')
		return asprintf(&path, "%s/.local/state/sojourn/codes", home) < 0 ? NULL : path;
	return NULL;
}

/* A code from a file is said once: asked again, it was wrong. */
static enum sj_rc ask(void *user, const struct sj_piv_question *question, char *out, size_t cap,
		      bool *remember)
{
	struct key_run *run = user;
	const bool can = question->what == SJ_PIV_CAN;
	const char *name = can ? "can" : "pairing-code";
	struct cli_secret secret = { 0 };
	enum sj_rc rc = SJ_SECRET_NEEDED;

	if (run->asked)
		return can ? SJ_WRONG_CAN : SJ_WRONG_PAIRING_CODE;
	run->asked = cli_secret_given(run->cli, name);
	if (question->again)
		cli_note(run->cli, "that was not the card's");
	if (cli_secret_read(run->cli, name,
			    can ? "Card access number (six digits)" : "Pairing code (eight digits)",
			    &secret) == 0) {
		rc = secret.len < cap ? SJ_OK : SJ_SECRET_MALFORMED;
		if (rc == SJ_OK)
			memcpy(out, secret.text, secret.len + 1);
		*remember = cli_given(run->cli, "remember");
	}
	cli_secret_wipe(&secret);
	return rc;
}

static int prepare_memory(struct key_run *run)
{
	run->memory = key_memory();
	if (!cli_given(run->cli, "remember"))
		return 0;
	if (!run->memory)
		return cli_usage(run->cli, "--remember: there is no home directory");
	return cli_directory_make(run->cli, run->memory, 0700);
}

/*
 * Without a trust store there is nothing to judge the card's CVC by; one that is named must be. One that nobody named
 * and this user may not look at is no reason to do nothing: but it is not absent, so that a card whose CVC it would
 * have to judge gets no secret (sj_piv_options.trust).
 */
static int find_trust(struct cli *cli, const char **out)
{
	const char *directory = cli_setting(cli, "trust");
	struct sj_trust *trust = NULL;
	struct stat st;
	bool there;
	enum sj_rc rc;
	int code;

	*out = directory;
	if (!cli_given(cli, "trust") && lstat(directory, &st) != 0 && errno == EACCES) {
		cli_warn(cli, "%s: %s", directory, strerror(errno));
		return 0;
	}
	code = cli_file_there(cli, directory, &there);
	*out = there ? directory : NULL;
	if (code != 0 || !cli_given(cli, "trust"))
		return code;
	rc = sj_trust_open(directory, &trust);
	sj_trust_close(trust);
	return rc == SJ_OK ? 0 : cli_fail(cli, rc, "%s", directory);
}

int key_open(struct key_run *run, struct cli *cli)
{
	struct sj_piv_options options = SJ_PIV_OPTIONS_INIT;
	struct sj_context *context = cli_context(cli);
	const char *reader = cli_setting(cli, "reader");
	const unsigned timeout = cli_timeout_ms(cli);
	enum sj_rc rc;
	int code;

	*run = (struct key_run){ .cli = cli };
	if (!context)
		return cli_exit_code(cli);
	code = prepare_memory(run);
	if (code == 0)
		code = find_trust(cli, &options.trust);
	if (code != 0)
		return code;
	rc = sj_card_wait(context, reader, timeout ? timeout : CARD_WAIT_MS, &run->card);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s", reader ? reader : "reader");
	options.timeout_ms = timeout;
	options.ask = ask;
	options.user = run;
	options.memory = run->memory;
	rc = sj_piv_open(run->card, &options, &run->piv);
	if (rc == SJ_OK)
		return 0;
	/* The question that was given up has told why. */
	return cli_exit_code(cli) != 0 ? cli_exit_code(cli)
				       : cli_fail(cli, rc, "%s", sj_card_reader(run->card));
}

void key_close(struct key_run *run)
{
	/* A card that is gone, or forgot it by itself, needs none. */
	if (run->log_out)
		(void)sj_piv_logout(run->piv, run->pin);
	sj_piv_close(run->piv);
	sj_card_close(run->card);
	free(run->memory);
}

int key_fail(struct key_run *run, enum sj_rc rc, const char *what)
{
	const uint16_t sw = sj_piv_status_word(run->piv);

	if (rc == SJ_CARD_REFUSED)
		return cli_fail(run->cli, rc, "%s: %04X, %s", what, sw, sj_status_word_text(sw));
	return cli_fail(run->cli, rc, "%s", what);
}

int key_fail_tries(struct key_run *run, enum sj_rc rc, const char *what, int left)
{
	if ((rc == SJ_WRONG_PIN || rc == SJ_WRONG_PUK) && left >= 0)
		return cli_fail(run->cli, rc, "%s: tries left: %d", what, left);
	return key_fail(run, rc, what);
}

enum sj_rc key_certificate_get(struct key_run *run, uint8_t key, uint8_t **der, size_t *len)
{
	enum sj_rc rc;

	*len = KEY_FILE_MAX;
	*der = malloc(*len);
	rc = *der ? sj_piv_read_certificate(run->piv, key, *der, len) : SJ_NO_MEMORY;
	if (rc != SJ_OK) {
		free(*der);
		*der = NULL;
	}
	return rc;
}

int key_run_with(struct cli *cli, int (*work)(struct key_run *run, uint8_t key))
{
	struct key_run run = { .cli = cli };
	uint8_t key = 0;
	int code = key_argument(cli, &key);

	if (code == 0)
		code = key_open(&run, cli);
	if (code == 0)
		code = work(&run, key);
	key_close(&run);
	return code;
}
