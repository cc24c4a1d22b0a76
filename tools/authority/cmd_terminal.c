/* cmd_terminal.c -- authority terminal-request, terminal-sign. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/cvrights.h"
#include "crypt/rsa.h"
#include "crypt/wipe.h"

#define DAYS_DEFAULT 7ul
#define DAYS_MAX 31ul

static const enum sj_rc terminal_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
						SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

/* --- terminal-request ------------------------------------------------------------------ */

static const struct cli_option request_options[] = {
	{ "holder", 0, "REFERENCE",
	  "country, name of at most 9 characters, number of 5: UTHOTEL00001; needed",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "key", 'k', "KIND", "kind of the key: as the document verifier's (default P-256)",
	  CLI_COMPLETE_WORDS, CV_KEY_KINDS, false },
	{ "key-out", 0, "FILE", "where the private key goes, a new file; needed", CLI_COMPLETE_FILE,
	  NULL, false },
	{ "out", 'o', "FILE", "where the request goes; needed", CLI_COMPLETE_FILE, NULL, false },
	{ "previous", 0, "FILE", "the certificate in use, which vouches for the next",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "previous-key", 0, "FILE", "its private key", CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int check_request(struct cli *cli)
{
	const char *holder = cli_value(cli, "holder");

	if (holder == NULL ||
	    !sj_cvc_is_reference(sj_span((const uint8_t *)holder, strlen(holder))))
		return cli_usage(cli, "--holder REFERENCE is needed: two capital letters, up to 9 "
				      "characters, five letters or digits");
	if (!cli_given(cli, "key-out") || !cli_given(cli, "out"))
		return cli_usage(cli, "--key-out FILE and --out FILE are needed");
	if (cli_given(cli, "previous") != cli_given(cli, "previous-key"))
		return cli_usage(cli, "--previous and --previous-key go together");
	return 0;
}

static int read_key(struct cli *cli, const char *path, struct sj_key **out)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = cli_file_read(cli, path, SJ_KEY_MAX, &bytes, &len);

	*out = rc == 0 ? sj_key_read(sj_span(bytes, len)) : NULL;
	if (rc == 0 && *out == NULL)
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a private key", path);
	if (bytes != NULL)
		sj_wipe(bytes, len);
	free(bytes);
	return rc;
}

/* Puts the request within the outer signature of the key in use. */
static int vouch(struct cli *cli, struct sj_span request, struct sj_writer *w)
{
	const char *path = cli_value(cli, "previous");
	struct sj_key *key = NULL;
	uint8_t *bytes = NULL;
	size_t len = 0;
	struct sj_cvc c;
	int rc = cli_file_read(cli, path, SJ_CVC_MAX, &bytes, &len);

	if (rc == 0 && !sj_cvc_read(sj_span(bytes, len), &c))
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: %s", path,
			      sj_cv_fault_text(SJ_CV_MALFORMED));
	if (rc == 0)
		rc = read_key(cli, cli_value(cli, "previous-key"), &key);
	if (rc == 0 && !sj_cvc_outer_put(w, request, c.holder, key))
		rc = cli_fail(cli, SJ_CRYPTO_FAILED, "outer signature");
	sj_key_free(key);
	free(bytes);
	return rc;
}

static int write_key(struct cli *cli, const struct sj_key *key)
{
	uint8_t pkcs8[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(pkcs8);
	int rc;

	if (sj_key_put(key, &w))
		rc = cli_secret_write_letter(cli, cli_value(cli, "key-out"), (const char *)pkcs8,
					     w.len);
	else
		rc = cli_fail(cli, SJ_CRYPTO_FAILED, "new key");
	sj_wipe(pkcs8, sizeof(pkcs8));
	return rc;
}

static int request_put(struct cli *cli, const struct sj_key *key, struct sj_writer *w)
{
	const char *holder = cli_value(cli, "holder");
	struct sj_cvc plan = { .holder = sj_span((const uint8_t *)holder, strlen(holder)) };
	uint8_t bytes[SJ_CVC_MAX / 2];
	struct sj_writer inner = SJ_WRITER_OF(bytes);
	struct sj_ec_point point;

	if (key == NULL || !sj_cvc_key_of(key, &point, &plan.key) ||
	    !sj_cvc_request_put(&inner, &plan, key))
		return cli_fail(cli, SJ_CRYPTO_FAILED, "new key");
	if (cli_given(cli, "previous"))
		return vouch(cli, sj_written(&inner), w);
	sj_put(w, sj_written(&inner));
	return 0;
}

static int request_run(struct cli *cli)
{
	const char *kind = cli_value(cli, "key");
	struct sj_key *key = NULL;
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	int rc = check_request(cli);

	if (rc == 0) {
		key = sj_key_generate(kind != NULL ? kind : "P-256");
		rc = request_put(cli, key, &w);
	}
	if (rc == 0)
		rc = write_key(cli, key);
	if (rc == 0)
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, w.len, 0644);
	sj_key_free(key);
	return rc;
}

static const char *const request_examples[] = {
	"sojourn authority terminal request --holder UTHOTEL00001 --key-out hotel.key \\\n"
	"    --out hotel.cvreq",
	"sojourn authority terminal request --holder UTHOTEL00002 --key-out hotel-2.key \\\n"
	"    --out hotel-2.cvreq --previous hotel.cvcert --previous-key hotel.key",
	NULL,
};

const struct cli_command authority_terminal_request_command = {
	.noun = "authority",
	.verb = "terminal-request",
	.summary = "make a terminal's key and the request for its certificate",
	.description =
		"For whoever runs the terminal; no authority's directory is needed. Document\n"
		"verifiers ask in the same way. The key file is not encrypted; only its owner\n"
		"may read it.",
	.options = request_options,
	.examples = request_examples,
	.failures = terminal_failures,
	.run = request_run,
};

/* --- terminal-sign ---------------------------------------------------------------------- */

static const struct cli_positional sign_positionals[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ "REQUEST", "the terminal's request", CLI_COMPLETE_FILE, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const struct cli_option sign_options[] = {
	{ "service", 's', "N|NAME", "the row of the service registry; needed", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "type", 't', "TYPE", "at: for the eID application (default); is: for the whole LDS",
	  CLI_COMPLETE_WORDS, CV_TYPE_WORDS, false },
	{ "previous", 0, "FILE", "the certificate whose key made the request's outer signature",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "days", 0, "N", "how long it holds, 1 to 31 days (default 7)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "out", 'o', "FILE", "where the certificate goes; needed", CLI_COMPLETE_FILE, NULL,
	  false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int row_rights(struct cli *cli, const struct cli_services *services,
		      struct sj_cvc_rights *out)
{
	const char *which = cli_value(cli, "service");
	const struct sj_service *row = which != NULL ? cli_services_find(services, which) : NULL;

	if (row == NULL)
		return cli_usage(cli, "--service N|NAME: %s; see `sojourn service list`",
				 which == NULL ? "is needed" : "no such service");
	if (!cv_rights_of_row(cv_type(cli), row, out))
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"%s: a terminal of type %s could do more than this row says",
				row->name, cv_type_name(cv_type(cli)));
	return 0;
}

/* What the row and the document verifier both give. */
static int read_rights(const struct authority *a, const struct cv_issuer *dv,
		       struct sj_cvc_rights *out)
{
	struct cli_services *services = NULL;
	int rc = services_read_of(a, &services);

	if (rc == 0)
		rc = row_rights(a->cli, services, out);
	if (rc == 0) {
		sj_cvc_narrow(out, &dv->end.effective);
		sj_cvc_set_role(out, SJ_CVC_TERMINAL);
	}
	free(services);
	return rc;
}

static int sign(struct cli *cli, const struct authority *a, const struct cv_issuer *dv,
		unsigned long days)
{
	struct cv_request request = { .bytes = NULL };
	struct sj_cvc_rights rights;
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	int rc = read_rights(a, dv, &rights);

	if (rc == 0)
		rc = cv_request_read(a, dv, cli_argument(cli, 1), cli_value(cli, "previous"),
				     &request);
	if (rc == 0)
		rc = cv_sign(a, dv, &request, &rights, days, &w);
	if (rc == 0)
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, w.len, 0644);
	if (rc == 0)
		cli_note(cli, "%s: signed by %s", cli_value(cli, "out"), dv->name);
	cv_request_free(&request);
	return rc;
}

static int sign_run(struct cli *cli)
{
	struct cv_issuer dv = { .key = NULL };
	struct authority a = { .lock = -1 };
	unsigned long days = DAYS_DEFAULT;
	int rc = cli_number(cli, "days", 1, DAYS_MAX, &days);

	if (rc == 0 && !cli_given(cli, "out"))
		rc = cli_usage(cli, "--out FILE is needed");
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = cv_issuer_get(&a, CV_DV, cv_type(cli), &dv);
	if (rc == 0)
		rc = sign(cli, &a, &dv, days);
	cv_issuer_free(&dv);
	authority_close(&a);
	return rc;
}

static const char *const sign_examples[] = {
	"sojourn authority terminal sign utopia hotel.cvreq --service 'hotel check-in' \\\n"
	"    --out hotel.cvcert",
	NULL,
};

const struct cli_command authority_terminal_sign_command = {
	.noun = "authority",
	.verb = "terminal-sign",
	.summary = "sign the certificate of a terminal, for one service",
	.description =
		"The certificate gives what the row of the service registry (DIR/services.json\n"
		"if it is there, else the one that ships) gives, and no more: whatever the request\n"
		"asks for itself is passed over. The terminal shows it to cards together with\n"
		"DIR/dv-TYPE-N.cvcert, and DIR/cvca-link-TYPE-N.cvcert to those that have an older\n"
		"CVCA.",
	.features = CLI_KEYS,
	.options = sign_options,
	.positionals = sign_positionals,
	.examples = sign_examples,
	.failures = terminal_failures,
	.run = sign_run,
};
