/* cmd_lists.c -- authority masterlist, crl. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/commands.h"
#include "authority/crl.h"
#include "authority/registry.h"
#include "authority/signatures.h"
#include "authority/signed.h"
#include "crypt/x509.h"

#define OUT_MAX (1u << 20)
#define CERTIFICATES_MAX 1024u

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc list_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					    SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

static bool row_is(const json_t *row, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL && strcmp(text, value) == 0;
}

/* --- masterlist -------------------------------------------------------------- */

static const struct cli_option masterlist_options[] = {
	{ "out", 'o', "FILE", "where the list goes", CLI_COMPLETE_FILE, NULL, false },
	{ "add", 'a', "FILE", "another country's CSCA certificate (DER); may be repeated",
	  CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* The certificates of a list in the making. */
struct collection {
	struct authority_certificate items[CERTIFICATES_MAX];
	struct sj_span spans[CERTIFICATES_MAX];
	size_t n;
};

static int collect(struct cli *cli, struct collection *c, const struct authority_certificate *item,
		   const char *name)
{
	struct sj_cert cert;

	if (c->n == CERTIFICATES_MAX)
		return cli_fail(cli, SJ_INPUT_REFUSED, "more than %u certificates",
				CERTIFICATES_MAX);
	c->items[c->n] = *item;
	c->spans[c->n] = sj_span(item->bytes, item->len);
	if (!sj_cert_read(c->spans[c->n++], &cert) || !cert.is_ca)
		return cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a CSCA certificate", name);
	return 0;
}

static int collect_own(const struct authority *a, struct collection *c)
{
	struct authority_certificate item;
	const char *name;
	json_t *row;
	size_t i;
	int rc = 0;

	for (i = 0; (row = json_array_get(json_object_get(a->state, "certificates"), i)) != NULL;
	     i++) {
		if (!row_is(row, "kind", "csca") && !row_is(row, "kind", "link"))
			continue;
		name = json_string_value(json_object_get(row, "name"));
		rc = authority_certificate_read(a, name, &item);
		if (rc == 0)
			rc = collect(a->cli, c, &item, name);
		if (rc != 0)
			break;
	}
	return rc;
}

static int collect_others(struct cli *cli, struct collection *c)
{
	struct authority_certificate item;
	const char *path;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (path = cli_value_at(cli, "add", i)) != NULL; i++) {
		rc = cli_file_read(cli, path, SJ_CERT_MAX, &item.bytes, &item.len);
		if (rc == 0)
			rc = collect(cli, c, &item, path);
	}
	return rc;
}

/* A list signer that may sign now: the present one or a new one. */
static int list_signer(struct authority *a, struct authority_signer *out)
{
	const char *name = authority_current(a, AUTHORITY_LIST_SIGNER);
	const json_t *row = name == NULL ? NULL : authority_row(a, name);
	json_int_t until = json_integer_value(json_object_get(row, "private_until"));
	int rc = 0;

	if (until < (json_int_t)time(NULL)) {
		rc = authority_enrol(a, AUTHORITY_LIST_SIGNER, "P-256");
		if (rc == 0)
			rc = authority_save(a);
	}
	return rc != 0 ? rc : authority_signer_get(a, AUTHORITY_LIST_SIGNER, out);
}

static int write_list(struct authority *a, const struct collection *c)
{
	struct authority_signer signer = { NULL, NULL, { NULL, 0 } };
	struct authority_certificate csca = { NULL, 0 };
	struct sj_signed_by by;
	struct sj_writer w;
	uint8_t *out = malloc(OUT_MAX);
	const char *issuer;
	int rc = out != NULL ? 0 : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	if (rc == 0)
		rc = list_signer(a, &signer);
	if (rc != 0)
		goto out;
	issuer = json_string_value(json_object_get(authority_row(a, signer.name), "issuer"));
	rc = authority_certificate_read(a, issuer, &csca);
	if (rc != 0)
		goto out;
	w = sj_writer(out, OUT_MAX);
	by = (struct sj_signed_by){ signer.key,
				    sj_span(signer.certificate.bytes, signer.certificate.len),
				    (int64_t)time(NULL) };
	if (!sj_signed_put_master_list(&w, c->spans, c->n, sj_span(csca.bytes, csca.len), &by))
		rc = cli_fail(a->cli, SJ_CRYPTO_FAILED, "master list");
	else
		rc = signatures_flush(a);
	if (rc == 0)
		rc = cli_file_write(a->cli, cli_value(a->cli, "out"), out, w.len, 0644);
out:
	authority_signer_free(&signer);
	authority_certificate_free(&csca);
	free(out);
	return rc;
}

static int masterlist_run(struct cli *cli)
{
	struct collection *c = calloc(1, sizeof(*c));
	struct authority a;
	int rc;

	if (c == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0 && !cli_given(cli, "out"))
		rc = cli_usage(cli, "--out FILE is needed");
	if (rc == 0)
		rc = collect_own(&a, c);
	if (rc == 0)
		rc = collect_others(cli, c);
	if (rc == 0)
		rc = write_list(&a, c);
	if (rc == 0)
		cli_note(cli, "%s: %zu certificates", cli_value(cli, "out"), c->n);
	for (size_t i = 0; i < c->n; i++)
		authority_certificate_free(&c->items[i]);
	authority_close(&a);
	free(c);
	return rc;
}

static const char *const masterlist_examples[] = {
	"sojourn authority masterlist utopia --out utopia.ml",
	"sojourn authority masterlist utopia --add freedonia.cer --out friends.ml",
	NULL,
};

const struct cli_command authority_masterlist_command = {
	.noun = "authority",
	.verb = "masterlist",
	.summary = "sign a master list of CSCA certificates",
	.description = "The list holds all CSCA and link certificates of the authority and those\n"
		       "added. A master list signer is made when there is none.",
	.features = CLI_KEYS,
	.options = masterlist_options,
	.positionals = directory_only,
	.examples = masterlist_examples,
	.failures = list_failures,
	.run = masterlist_run,
};

/* --- crl --------------------------------------------------------------------- */

static const struct cli_option crl_options[] = {
	{ "out", 'o', "FILE", "where the list goes", CLI_COMPLETE_FILE, NULL, false },
	{ "revoke", 'r', "SERIAL", "revoke this certificate (hexadecimal); may be repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "days", 0, "N", "days until the next list is due (default 90)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int crl_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	unsigned long days = CRL_DAYS;
	int rc = cli_number(cli, "days", 1, 3660, &days);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = crl_mark(&a, AUTHORITY_CSCA);
	if (rc == 0)
		rc = crl_write(&a, AUTHORITY_CSCA, authority_current(&a, AUTHORITY_CSCA), days);
	authority_close(&a);
	return rc;
}

static const char *const crl_examples[] = {
	"sojourn authority crl utopia --out utopia.crl",
	"sojourn authority crl utopia --revoke 4f0c... --out utopia.crl # serial: authority show",
	NULL,
};

const struct cli_command authority_crl_command = {
	.noun = "authority",
	.verb = "crl",
	.summary = "sign a revocation list, after revoking certificates",
	.features = CLI_KEYS,
	.options = crl_options,
	.positionals = directory_only,
	.examples = crl_examples,
	.failures = list_failures,
	.run = crl_run,
};
