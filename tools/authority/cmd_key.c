/* cmd_key.c -- authority key-init, key-renew, key-crl, key-export. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/ceremony.h"
#include "authority/commands.h"
#include "authority/crl.h"
#include "crypt/x509.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc key_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					   SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

static const char *kind_of(const struct authority *a, enum authority_role role)
{
	const char *name = authority_current(a, role);

	return name == NULL ? NULL
			    : json_string_value(json_object_get(authority_row(a, name), "key"));
}

static int refuse_without(const struct authority *a)
{
	if (authority_current(a, AUTHORITY_KEY_CA) != NULL)
		return 0;
	return cli_fail(a->cli, SJ_INPUT_REFUSED,
			"%s: has no CA for card keys; the first one: `authority key init`",
			a->directory);
}

/* --- key-init ------------------------------------------------------------------ */

static const struct cli_option init_options[] = {
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int init_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	struct ceremony before;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc == 0 && authority_current(&a, AUTHORITY_KEY_CA) != NULL)
		rc = cli_fail(cli, SJ_INPUT_REFUSED,
			      "%s: has a CA for card keys; the next one: `authority key renew`",
			      cli_argument(cli, 0));
	before = ceremony_begin(&a);
	if (rc == 0)
		rc = authority_enrol(&a, AUTHORITY_KEY_CA, "P-384");
	if (rc == 0)
		rc = authority_enrol(&a, AUTHORITY_CONTENT_SIGNER, "P-256");
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "key-ca-1 (P-384) and content-signer-1 (P-256) made");
	authority_close(&a);
	return rc;
}

static const char *const init_examples[] = { "sojourn authority key init utopia", NULL };

const struct cli_command authority_key_init_command = {
	.noun = "authority",
	.verb = "key-init",
	.summary = "make the CA for card keys and the content signer of an older authority",
	.description = "Since cards have keys, 'authority init' does this by itself.",
	.features = CLI_KEYS,
	.options = init_options,
	.positionals = directory_only,
	.examples = init_examples,
	.failures = key_failures,
	.run = init_run,
};

/* --- key-renew ------------------------------------------------------------------ */

static const struct cli_option renew_options[] = {
	{ "signer", 0, NULL, "only the next content signer, under the same CA", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "key", 'k', "KIND", "kind of the content signer's key (default: as the present one)",
	  CLI_COMPLETE_WORDS, "P-256 P-384", false },
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int renew_run(struct cli *cli)
{
	const char *kind = cli_value(cli, "key");
	struct authority a = { .lock = -1 };
	struct ceremony before;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc == 0)
		rc = refuse_without(&a);
	before = ceremony_begin(&a);
	if (rc == 0 && !cli_given(cli, "signer"))
		rc = authority_enrol(&a, AUTHORITY_KEY_CA, kind_of(&a, AUTHORITY_KEY_CA));
	if (rc == 0)
		rc = authority_enrol(&a, AUTHORITY_CONTENT_SIGNER,
				     kind != NULL ? kind : kind_of(&a, AUTHORITY_CONTENT_SIGNER));
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(
			cli,
			"%s and %s are the present ones now; next: `authority publish` or "
			"`key export --all` for the verifiers; cards issued before keep theirs, and "
			"their CA's list goes on being made (`key crl --ca`)",
			authority_current(&a, AUTHORITY_KEY_CA),
			authority_current(&a, AUTHORITY_CONTENT_SIGNER));
	authority_close(&a);
	return rc;
}

static const char *const renew_examples[] = {
	"sojourn authority key renew utopia # key-ca-2 and content-signer-2",
	"sojourn authority key renew utopia --signer --key P-384 # content-signer-2, for CS7",
	NULL,
};

const struct cli_command authority_key_renew_command = {
	.noun = "authority",
	.verb = "key-renew",
	.summary = "make the next CA for card keys, and the content signer",
	.description =
		"Cards that were issued before keep their certificates: whoever verifies them\n"
		"goes on believing the CA before ('key export --all' has both), and its\n"
		"revocation list ('key crl --ca') goes on being made.",
	.features = CLI_KEYS,
	.options = renew_options,
	.positionals = directory_only,
	.examples = renew_examples,
	.failures = key_failures,
	.run = renew_run,
};

/* --- key-crl --------------------------------------------------------------------- */

static const struct cli_option crl_options[] = {
	{ "out", 'o', "FILE", "where the list goes; needed", CLI_COMPLETE_FILE, NULL, false },
	{ "revoke", 'r', "SERIAL", "revoke this content signer (hexadecimal); may be repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "ca", 0, "N", "the list of key-ca-N (default: the present one)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "days", 0, "N", "days until the next list is due (default 90)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* The present key CA, or that of --ca. */
static int choose_ca(const struct authority *a, char name[static AUTHORITY_NAME_MAX])
{
	unsigned long number = 0;
	int rc = cli_number(a->cli, "ca", 1, UINT_MAX, &number);

	if (rc == 0)
		rc = refuse_without(a);
	if (rc != 0)
		return rc;
	if (number == 0)
		snprintf(name, AUTHORITY_NAME_MAX, "%s", authority_current(a, AUTHORITY_KEY_CA));
	else
		snprintf(name, AUTHORITY_NAME_MAX, "key-ca-%lu", number);
	if (authority_row(a, name) == NULL)
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED, "%s: has no %s", a->directory, name);
	return rc;
}

static int crl_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	unsigned long days = CRL_DAYS;
	char name[AUTHORITY_NAME_MAX];
	int rc = cli_number(cli, "days", 1, 3660, &days);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = choose_ca(&a, name);
	if (rc == 0)
		rc = crl_mark(&a, AUTHORITY_KEY_CA);
	if (rc == 0)
		rc = crl_write(&a, AUTHORITY_KEY_CA, name, days);
	authority_close(&a);
	return rc;
}

static const char *const crl_examples[] = {
	"sojourn register revoke utopia --document SJ0000001 # and then:",
	"sojourn authority key crl utopia --out keys.crl",
	NULL,
};

const struct cli_command authority_key_crl_command = {
	.noun = "authority",
	.verb = "key-crl",
	.summary = "sign the revocation list of the CA for card keys",
	.description =
		"On it are the certificates of all cards that 'register revoke' has\n"
		"revoked and that would not have expired by themselves: for programs that know\n"
		"no status list, a TLS server for one.",
	.features = CLI_KEYS,
	.options = crl_options,
	.positionals = directory_only,
	.examples = crl_examples,
	.failures = key_failures,
	.run = crl_run,
};

/* --- key-export ------------------------------------------------------------------- */

static const struct cli_option export_options[] = {
	{ "out", 'o', "FILE", "where they go (PEM); needed", CLI_COMPLETE_FILE, NULL, false },
	{ "all", 0, NULL, "all CAs for card keys, not only the present one", CLI_COMPLETE_NONE,
	  NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

#define PEM_LINE 64u

static void put_text(struct sj_writer *w, const char *text)
{
	sj_put(w, sj_span((const uint8_t *)text, strlen(text)));
}

/* Textual encoding of RFC 7468, 5. */
static void put_pem(struct sj_writer *w, struct sj_span der)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t column = 0;

	put_text(w, "-----BEGIN CERTIFICATE-----\n");
	for (size_t i = 0; i < der.len; i += 3) {
		const size_t n = der.len - i < 3 ? der.len - i : 3;
		uint32_t bits = (uint32_t)der.ptr[i] << 16;

		bits |= n > 1 ? (uint32_t)der.ptr[i + 1] << 8 : 0;
		bits |= n > 2 ? der.ptr[i + 2] : 0;
		for (size_t j = 0; j < 4; j++)
			sj_put_u8(w, j <= n ? (uint8_t)digits[bits >> (18 - 6 * j) & 0x3F] : '=');
		column += 4;
		if (column == PEM_LINE || i + 3 >= der.len) {
			sj_put_u8(w, '\n');
			column = 0;
		}
	}
	put_text(w, "-----END CERTIFICATE-----\n");
}

static int put_certificate(const struct authority *a, const char *name, struct sj_writer *w)
{
	struct authority_certificate c = { NULL, 0 };
	int rc = authority_certificate_read(a, name, &c);

	if (rc == 0)
		put_pem(w, sj_span(c.bytes, c.len));
	authority_certificate_free(&c);
	return rc;
}

/* Whether a row of the registry is wanted. */
static bool is_chosen(const struct authority *a, const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *kind = json_string_value(json_object_get(row, "kind"));

	return name != NULL && kind != NULL && strcmp(kind, "key-ca") == 0 &&
	       (cli_given(a->cli, "all") ||
		strcmp(name, authority_current(a, AUTHORITY_KEY_CA)) == 0);
}

static int export(const struct authority *a, const char *out)
{
	const json_t *rows = json_object_get(a->state, "certificates"), *row;
	const size_t cap = (json_array_size(rows) + 1) * 2 * SJ_ISSUED_CERT_MAX;
	uint8_t *text = malloc(cap);
	struct sj_writer w = sj_writer(text, cap);
	int rc = text != NULL ? 0 : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	for (size_t i = 0; rc == 0 && (row = json_array_get(rows, i)) != NULL; i++) {
		if (is_chosen(a, row))
			rc = put_certificate(a, json_string_value(json_object_get(row, "name")),
					     &w);
	}
	if (rc == 0)
		rc = w.failed ? cli_fail(a->cli, SJ_INTERNAL, "PEM")
			      : cli_file_write(a->cli, out, text, w.len, 0644);
	free(text);
	return rc;
}

static int export_run(struct cli *cli)
{
	const char *out = cli_value(cli, "out");
	struct authority a = { .lock = -1 };
	int rc = out != NULL ? 0 : cli_usage(cli, "--out FILE is needed");

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = refuse_without(&a);
	if (rc == 0)
		rc = export(&a, out);
	authority_close(&a);
	return rc;
}

static const char *const export_examples[] = {
	"sojourn authority key export utopia --out utopia-keys.pem # for a TLS server",
	NULL,
};

const struct cli_command authority_key_export_command = {
	.noun = "authority",
	.verb = "key-export",
	.summary = "write the certificate of the CA for card keys for other programs (PEM)",
	.description = "Our own take DIR/key-ca-1.cer as it is: 'sojourn trust import --key-ca'.",
	.options = export_options,
	.positionals = directory_only,
	.examples = export_examples,
	.failures = key_failures,
	.run = export_run,
};
