/* cmd_terminal.c -- authority terminal-request, terminal-sign. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/cvrights.h"
#include "authority/sector.h"
#include "crypt/rsa.h"
#include "crypt/wipe.h"
#include "secure/cvc_service.h"
#include "wire/std/tr03110.h"

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
	const char *key_out = cli_value(cli, "key-out"), *out = cli_value(cli, "out");

	if (holder == NULL ||
	    !sj_cvc_is_reference(sj_span((const uint8_t *)holder, strlen(holder))))
		return cli_usage(cli, "--holder REFERENCE is needed: two capital letters, up to 9 "
				      "characters, five letters or digits");
	if (key_out == NULL || out == NULL)
		return cli_usage(cli, "--key-out FILE and --out FILE are needed");
	if (strcmp(key_out, out) == 0)
		return cli_usage(cli, "--key-out and --out name one file");
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
	if (rc == 0) {
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, w.len, 0644);
		if (rc != 0) /* a key that nobody will certify is in the way of the next */
			(void)unlink(cli_value(cli, "key-out"));
	}
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
	{ "operator", 0, "HEX8",
	  "who runs the terminal, eight hexadecimal digits; needed for pseudonyms",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "previous", 0, "FILE", "the certificate whose key made the request's outer signature",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "days", 0, "N", "how long it holds, 1 to 31 days (default 7)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "out", 'o', "FILE", "where the certificate goes; this or --folder is needed",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "folder", 0, "DIR", "a terminal's folder: the certificate and all that goes with it",
	  CLI_COMPLETE_DIRECTORY, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* A certificate in the making. */
struct signing {
	struct cli *cli;
	const struct authority *a;
	struct cv_issuer dv;
	struct cv_request request;
	struct sj_cvc_rights rights;
	struct sj_cvc_service service;
	struct sector sector; /* key_len 0: no pseudonyms */
	unsigned long days;
};

/* The row's rights, and what the certificate says of it. */
static int set_row(struct signing *s, const struct cli_services *services)
{
	const char *which = cli_value(s->cli, "service");
	const struct sj_service *row = which != NULL ? cli_services_find(services, which) : NULL;

	if (row == NULL)
		return cli_usage(s->cli, "--service N|NAME: %s; see `sojourn service list`",
				 which == NULL ? "is needed" : "no such service");
	if (!cv_rights_of_row(cv_type(s->cli), row, &s->rights))
		return cli_fail(s->cli, SJ_INPUT_REFUSED,
				"%s: a terminal of type %s could do more than this row says",
				row->name, cv_type_name(cv_type(s->cli)));
	s->service.sector = (uint8_t)row->sector;
	s->service.service = (uint8_t)row->id;
	return 0;
}

/* What the row and the document verifier both give. */
static int read_rights(struct signing *s)
{
	struct cli_services *services = NULL;
	int rc = services_read_of(s->a, &services);

	if (rc == 0)
		rc = set_row(s, services);
	if (rc == 0) {
		sj_cvc_narrow(&s->rights, &s->dv.end.effective);
		sj_cvc_set_role(&s->rights, SJ_CVC_TERMINAL);
	}
	free(services);
	return rc;
}

/* Its operator's key, where there are pseudonyms. */
static int read_sector(struct signing *s)
{
	const bool pseudonyms = s->rights.terminal == SJ_CVC_AUTHENTICATION &&
				s->rights.bits >> SJ_AT_RESTRICTED_ID & 1;

	if (!pseudonyms)
		return 0;
	if (s->service.operator_id != 0)
		return sector_get(s->a, s->service.operator_id, &s->sector);
	cli_note(s->cli, "no --operator: this terminal gets no pseudonyms from eID cards");
	return 0;
}

/* The sector's key by the hash that the certificate is signed with (TR-03110-3, C.3.2.1). */
static void put_extensions(struct sj_writer *w, const struct signing *s)
{
	const struct sj_span key = sj_span(s->sector.key, s->sector.key_len);
	const enum sj_hash alg = sj_key_hash(s->dv.key);
	uint8_t hash[SJ_HASH_MAX];

	sj_cvc_service_put(w, &s->service);
	if (key.len > 0 && !sj_hash(alg, &key, 1, hash))
		w->failed = true;
	else if (key.len > 0)
		sj_cvc_sectors_put(w, sj_span(hash, sj_hash_size(alg)), sj_span(NULL, 0));
}

/* --- where it goes -------------------------------------------------------------------- */

static int write_in(const struct signing *s, const char *name, struct sj_span bytes)
{
	char *path = NULL;
	int rc = asprintf(&path, "%s/%s", cli_value(s->cli, "folder"), name) < 0
			 ? cli_fail(s->cli, SJ_NO_MEMORY, NULL)
			 : cli_file_write(s->cli, path, bytes.ptr, bytes.len, 0644);

	free(path);
	return rc;
}

static int write_link(void *user, const char *name, struct sj_span certificate)
{
	char file[AUTHORITY_NAME_MAX + 8];

	snprintf(file, sizeof(file), "%s.cvcert", name);
	return write_in(user, file, certificate);
}

/* All that a terminal shows but its key (sojourn/service.h, sj_terminal_open()). */
static int write_folder(struct signing *s, struct sj_span certificate)
{
	int rc = cli_directory_make(s->cli, cli_value(s->cli, "folder"), 0755);

	if (rc == 0)
		rc = write_in(s, "terminal.cvcert", certificate);
	if (rc == 0)
		rc = write_in(s, "dv.cvcert", sj_span(s->dv.own.bytes, s->dv.own.len));
	if (rc == 0)
		rc = cv_each(s->a, CV_LINK, s->rights.terminal, write_link, s);
	if (rc == 0 && s->sector.key_len > 0)
		rc = write_in(s, "sector.cvkey", sj_span(s->sector.key, s->sector.key_len));
	return rc;
}

static int write_all(struct signing *s, struct sj_span certificate)
{
	const char *out = cli_value(s->cli, "out"), *folder = cli_value(s->cli, "folder");
	int rc = 0;

	if (out != NULL)
		rc = cli_file_write(s->cli, out, certificate.ptr, certificate.len, 0644);
	if (rc == 0 && folder != NULL)
		rc = write_folder(s, certificate);
	if (rc == 0)
		cli_note(s->cli, "%s: signed by %s", out != NULL ? out : folder, s->dv.name);
	return rc;
}

static int sign(struct signing *s)
{
	uint8_t bytes[SJ_CVC_MAX], extra[160];
	struct sj_writer w = SJ_WRITER_OF(bytes), extensions = SJ_WRITER_OF(extra);
	int rc = read_rights(s);

	if (rc == 0)
		rc = read_sector(s);
	if (rc == 0)
		rc = cv_request_read(s->a, &s->dv, cli_argument(s->cli, 1),
				     cli_value(s->cli, "previous"), &s->request);
	put_extensions(&extensions, s);
	if (rc == 0)
		rc = extensions.failed ? cli_fail(s->cli, SJ_INTERNAL, "extensions")
				       : cv_sign(s->a, &s->dv, &s->request, &s->rights,
						 sj_written(&extensions), s->days, &w);
	return rc != 0 ? rc : write_all(s, sj_written(&w));
}

static int sign_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	struct signing s = { .cli = cli, .a = &a, .days = DAYS_DEFAULT };
	int rc = cli_number(cli, "days", 1, DAYS_MAX, &s.days);

	if (rc == 0 && !cli_given(cli, "out") && !cli_given(cli, "folder"))
		rc = cli_usage(cli, "--out FILE or --folder DIR is needed");
	if (rc == 0)
		rc = sector_operator(cli, false, &s.service.operator_id);
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = cv_issuer_get(&a, CV_DV, cv_type(cli), &s.dv);
	if (rc == 0)
		rc = sign(&s);
	cv_request_free(&s.request);
	cv_issuer_free(&s.dv);
	authority_close(&a);
	return rc;
}

static const char *const sign_examples[] = {
	"sojourn authority terminal sign utopia hotel.cvreq --service 'hotel check-in' \\\n"
	"    --out hotel.cvcert",
	"sojourn authority terminal sign utopia desk.cvreq --service 'rail ticket and gate' \\\n"
	"    --operator 00004711 --folder desk # beside desk/terminal.key",
	NULL,
};

const struct cli_command authority_terminal_sign_command = {
	.noun = "authority",
	.verb = "terminal-sign",
	.summary = "sign the certificate of a terminal, for one service",
	.description =
		"The certificate gives what the row of the service registry (DIR/services.json\n"
		"if it is there, else the one that ships) gives, and no more: whatever the request\n"
		"asks for itself is passed over. It says which service and sector the terminal is of,\n"
		"whose it is, and, where the row has pseudonyms, the hash of the operator's sector\n"
		"key ('authority sector new').\n"
		"\n"
		"The terminal shows it to cards together with its document verifier's, and the CVCA\n"
		"link certificates to those that have an older CVCA: --folder writes it and these as\n"
		"terminal.cvcert, dv.cvcert, cvca-link-TYPE-N.cvcert, and the sector key as\n"
		"sector.cvkey, beside the terminal's own terminal.key.",
	.features = CLI_KEYS,
	.options = sign_options,
	.positionals = sign_positionals,
	.examples = sign_examples,
	.failures = terminal_failures,
	.run = sign_run,
};
