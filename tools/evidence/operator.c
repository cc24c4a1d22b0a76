/* operator.c -- `sojourn evidence operator-key`: the key of the operator's office. */
#include <string.h>
#include <unistd.h>

#include "evidence/tool.h"

static int seal_key(struct cli *cli, const uint8_t key[static SJ_OPERATOR_KEY],
		    uint8_t file[static SJ_OPERATOR_FILE_MAX], size_t *len)
{
	struct cli_secret secret = { .len = 0 };
	bool plain = cli_given(cli, "plain");
	enum sj_rc rc;
	int code = 0;

	if (!plain)
		code = cli_secret_read(cli, "passphrase", "New passphrase of the operator's key",
				       &secret);
	if (code == 0 && !plain && secret.len == 0)
		code = cli_fail(cli, SJ_SECRET_NEEDED, "the passphrase is empty");
	if (code != 0)
		return code;
	rc = sj_operator_key_write(key, plain ? NULL : secret.text, secret.len, file, len);
	cli_secret_wipe(&secret);
	return rc != SJ_OK ? cli_fail(cli, rc, NULL) : 0;
}

static int make(struct cli *cli, const char *out, const char *public_out)
{
	uint8_t key[SJ_OPERATOR_KEY], public_key[SJ_OPERATOR_PUBLIC], file[SJ_OPERATOR_FILE_MAX];
	size_t len = 0;
	enum sj_rc made = sj_gate_key_new(key);
	bool written;
	int rc;

	if (made == SJ_OK)
		made = sj_journal_public(key, public_key);
	rc = made != SJ_OK ? cli_fail(cli, made, NULL) : seal_key(cli, key, file, &len);
	if (rc == 0)
		rc = cli_file_write(cli, out, file, len, 0600);
	written = rc == 0;
	if (rc == 0)
		rc = cli_file_write(cli, public_out, public_key, sizeof(public_key), 0644);
	/* Nothing was sealed to a key whose public half nobody got. */
	if (rc != 0 && written)
		(void)unlink(out);
	if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "made", "%s, and %s for the desks", out, public_out);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(file, sizeof(file));
	return rc;
}

static int run_operator_key(struct cli *cli)
{
	const char *out = cli_value(cli, "out"), *public_out = cli_value(cli, "public");
	bool there;
	int rc;

	if (out == NULL || public_out == NULL)
		return cli_usage(cli, "--out FILE and --public FILE are due");
	if (strcmp(out, public_out) == 0)
		return cli_usage(cli, "--out and --public name one file");
	rc = cli_file_there(cli, out, &there);
	if (rc != 0)
		return rc;
	if (there)
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"%s: it is there already, and may be needed to read what was kept",
				out);
	return make(cli, out, public_out);
}

static const struct cli_option operator_options[] = {
	{ .name = "out",
	  .argument = "FILE",
	  .help = "private key, for the office",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "public",
	  .argument = "FILE",
	  .help = "public half: operator.pub of the desks' journals",
	  .complete = CLI_COMPLETE_FILE },
	CLI_SECRET_OPTIONS("passphrase", "passphrase for the private key"),
	{ .name = "plain", .help = "without a passphrase: whoever has the file reads everything" },
	{ 0 },
};
static const char *const operator_examples[] = {
	"sojourn evidence operator-key --out office.key --public operator.pub",
	"install -m644 operator.pub /var/lib/sojourn/counter/journal/ # on the desk",
	NULL,
};
static const enum sj_rc operator_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_REFUSED,
						SJ_SECRET_NEEDED, SJ_OUTPUT_FAILED, SJ_OK };

const struct cli_command evidence_operator_key = {
	.noun = "evidence",
	.verb = "operator-key",
	.summary = "make the key to which the desks seal what they keep",
	.description =
		"On a machine of the office, not on a desk: a desk has the public half alone and\n"
		"cannot read what it has written. Who loses the private key loses what was kept;\n"
		"the records stay.",
	.options = operator_options,
	.examples = operator_examples,
	.failures = operator_failures,
	.run = run_operator_key,
};
