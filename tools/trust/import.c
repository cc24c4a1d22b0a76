/* import.c -- sojourn trust import. */
#include <stdlib.h>
#include <time.h>

#include <sojourn/status.h>
#include <sojourn/trust.h>

#include "cli/child.h"
#include "cli/confine.h"
#include "cli/signed.h"
#include "trust/trust.h"

#define LIST_MAX (64u << 20) /* bytes of a master list */
#define FILE_MAX (1u << 20) /* bytes of a certificate or CRL */
#define STATUS_MAX (1u << 29) /* bytes of a status list */

struct import {
	struct cli *cli;
	const char *directory;
	struct sj_trust *trust;
	struct sj_trust_counts total;
	unsigned crls, gate_tokens, statuses;
	json_t *refusals;
};

/* Told by the library why it refuses something. */
static void hear(void *user, const char *what, const char *why)
{
	struct import *import = user;

	cli_warn(import->cli, "%s: %s", what, why);
	if (cli_json(import->cli))
		json_array_append_new(import->refusals,
				      json_pack("{s:s, s:s}", "what", what, "why", why));
}

/* Names what is at fault: the file that was given, or the store. */
static int fail(struct import *import, enum sj_rc rc, const char *path)
{
	const bool store = rc == SJ_OUTPUT_FAILED || rc == SJ_FILE_PERMISSION ||
			   rc == SJ_TRUST_MISSING || rc == SJ_TRUST_UNREADABLE;

	return cli_fail(import->cli, rc, "%s", store ? import->directory : path);
}

static void add(struct sj_trust_counts *total, const struct sj_trust_counts *more)
{
	total->added += more->added;
	total->known += more->known;
	total->explicit_parameters += more->explicit_parameters;
	total->links += more->links;
	total->refused += more->refused;
}

static int import_list(struct import *import, const char *path, const char *signer)
{
	struct sj_trust_counts counts = { .size = sizeof(counts) };
	uint8_t *list = NULL, *csca = NULL;
	size_t list_len = 0, csca_len = 0;
	enum sj_rc rc;
	int code = cli_file_read(import->cli, path, LIST_MAX, &list, &list_len);

	if (code == 0)
		code = cli_file_read(import->cli, signer, FILE_MAX, &csca, &csca_len);
	if (code == 0) {
		rc = sj_trust_import_masterlist(import->trust, list, list_len, csca, csca_len,
						&counts);
		if (rc != SJ_OK)
			code = fail(import, rc, path);
	}
	if (code == 0)
		add(&import->total, &counts);
	free(list);
	free(csca);
	return code;
}

typedef enum sj_rc (*import_fn)(struct sj_trust *trust, const uint8_t *der, size_t len,
				struct sj_trust_counts *counts);

static enum sj_rc import_crl(struct sj_trust *trust, const uint8_t *der, size_t len,
			     struct sj_trust_counts *counts)
{
	(void)counts;
	return sj_trust_import_crl(trust, der, len);
}

static enum sj_rc import_gate_ca(struct sj_trust *trust, const uint8_t *cwt, size_t len,
				 struct sj_trust_counts *counts)
{
	(void)counts;
	return sj_trust_import_gate_ca(trust, cwt, len);
}

static enum sj_rc import_gate_token(struct sj_trust *trust, const uint8_t *cwt, size_t len,
				    struct sj_trust_counts *counts)
{
	(void)counts;
	return sj_trust_import_gate_token(trust, cwt, len);
}

/* Every file given with one option. */
static int import_files(struct import *import, const char *option, import_fn fn, unsigned *n)
{
	const char *path;
	int code = 0;

	for (size_t i = 0; code == 0 && (path = cli_value_at(import->cli, option, i)) != NULL;
	     i++) {
		struct sj_trust_counts counts = { .size = sizeof(counts) };
		uint8_t *der = NULL;
		size_t len = 0;
		enum sj_rc rc;

		code = cli_file_read(import->cli, path, FILE_MAX, &der, &len);
		if (code != 0)
			break;
		rc = fn(import->trust, der, len, &counts);
		free(der);
		if (rc != SJ_OK)
			code = fail(import, rc, path);
		add(&import->total, &counts);
		*n += code == 0;
	}
	return code;
}

typedef enum sj_rc (*status_fn)(const char *directory, const uint8_t *bytes, size_t len,
				const char **why);

/* Status lists and deltas in the order given; heads of lists. */
static int import_statuses(struct import *import, const char *option, status_fn fn)
{
	const char *path, *why = NULL;
	int code = 0;

	for (size_t i = 0; code == 0 && (path = cli_value_at(import->cli, option, i)) != NULL;
	     i++) {
		uint8_t *bytes = NULL;
		size_t len = 0;
		enum sj_rc rc;

		code = cli_file_read(import->cli, path, STATUS_MAX, &bytes, &len);
		if (code != 0)
			break;
		rc = fn(import->directory, bytes, len, &why);
		free(bytes);
		if (rc != SJ_OK && why != NULL)
			hear(import, path, why);
		if (rc != SJ_OK)
			code = fail(import, rc, path);
		import->statuses += code == 0;
	}
	return code;
}

/* The administrator's word that the clock is right: it is never earlier from now on. */
static int note_clock(struct import *import)
{
	enum sj_rc rc = sj_trust_note_time(import->trust, (int64_t)time(NULL));

	return rc == SJ_OK ? 0 : fail(import, rc, "time");
}

/* Issuers first: what they signed comes after them. */
static int import_all(struct import *import)
{
	const char *list = cli_value(import->cli, "masterlist");
	unsigned certificates = 0;
	int code = import_files(import, "csca", sj_trust_import_csca, &certificates);

	if (code == 0 && list != NULL)
		code = import_list(import, list, cli_value(import->cli, "signer"));
	if (code == 0)
		code = import_files(import, "link", sj_trust_import_link, &certificates);
	if (code == 0)
		code = import_files(import, "key-ca", sj_trust_import_key_ca, &certificates);
	if (code == 0)
		code = import_files(import, "crl", import_crl, &import->crls);
	if (code == 0)
		code = import_files(import, "gate-ca", import_gate_ca, &import->gate_tokens);
	if (code == 0)
		code = import_files(import, "gate-token", import_gate_token, &import->gate_tokens);
	if (code == 0)
		code = import_statuses(import, "status", sj_status_import);
	if (code == 0)
		code = import_statuses(import, "status-head", sj_status_note_head);
	return code == 0 && cli_given(import->cli, "clock") ? note_clock(import) : code;
}

static int report(struct import *import, const char *directory)
{
	const struct sj_trust_counts *t = &import->total;

	if (cli_json(import->cli))
		return cli_json_print(
			import->cli, 1,
			json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "store",
				  directory, "added", (json_int_t)t->added, "known",
				  (json_int_t)t->known, "explicitParameters",
				  (json_int_t)t->explicit_parameters, "links", (json_int_t)t->links,
				  "refused", (json_int_t)t->refused, "crls",
				  (json_int_t)import->crls, "gateTokens",
				  (json_int_t)import->gate_tokens, "statusLists",
				  (json_int_t)import->statuses, "refusals", import->refusals));
	cli_line(import->cli, CLI_MARK_GOOD, "imported",
		 "%zu certificates new, %zu known before, %zu refused; CRLs: %u, gate tokens: %u, "
		 "status lists: %u",
		 t->added, t->known, t->refused, import->crls, import->gate_tokens,
		 import->statuses);
	cli_line(import->cli, CLI_MARK_PLAIN, "of them",
		 "%zu with explicit EC parameters, %zu links", t->explicit_parameters, t->links);
	cli_line(import->cli, CLI_MARK_PLAIN, "store", "%s", directory);
	return 0;
}

static int check_usage(struct cli *cli)
{
	if (cli_given(cli, "masterlist") != cli_given(cli, "signer"))
		return cli_usage(cli, "--masterlist and --signer belong together");
	if (!cli_given(cli, "masterlist") && !cli_given(cli, "csca") && !cli_given(cli, "link") &&
	    !cli_given(cli, "key-ca") && !cli_given(cli, "crl") && !cli_given(cli, "gate-ca") &&
	    !cli_given(cli, "gate-token") && !cli_given(cli, "status") &&
	    !cli_given(cli, "status-head") && !cli_given(cli, "clock"))
		return cli_usage(cli, "nothing to import");
	return 0;
}

static size_t list_files(struct cli *cli, struct cli_room *rooms)
{
	static const char *const options[] = { "masterlist", "signer",     "csca",    "link",
					       "key-ca",     "crl",        "gate-ca", "gate-token",
					       "status",     "status-head" };
	const char *path;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		for (size_t k = 0; (path = cli_value_at(cli, options[i], k)) != NULL; k++, n++)
			if (rooms != NULL)
				rooms[n] = (struct cli_room){ CLI_ROOM_READ, path };
	}
	return n;
}

/* Others' bytes: from here on they lead to the store and to where the files are. A list's CMS has a process. */
static int confine(struct cli *cli, const char *directory)
{
	const bool list = cli_given(cli, "masterlist");
	char *finder = list ? cli_program_path("signed") : NULL;
	const size_t n = list_files(cli, NULL);
	struct cli_room *rooms = calloc(n + 2, sizeof(*rooms));
	int code;

	if (rooms == NULL) {
		code = cli_fail(cli, SJ_NO_MEMORY, NULL);
	} else {
		(void)list_files(cli, rooms);
		rooms[n] = (struct cli_room){ CLI_ROOM_WRITE, directory };
		rooms[n + 1] = (struct cli_room){ CLI_ROOM_RUN, finder };
		code = cli_confine_files(cli, rooms, n + (list ? 2 : 1));
	}
	free(rooms);
	free(finder);
	return code == 0 ? cli_confine_calls(cli, list ? CLI_CALLS_RUN : 0) : code;
}

static int run_import(struct cli *cli)
{
	const char *directory = cli_setting(cli, "trust");
	struct import import = { .cli = cli,
				 .directory = directory,
				 .total = { .size = sizeof(import.total) } };
	int code = check_usage(cli);
	enum sj_rc rc;

	if (code == 0)
		code = cli_directory_make(cli, directory, 0755);
	if (code == 0)
		code = confine(cli, directory);
	if (code != 0)
		return code;
	rc = sj_trust_create(directory, &import.trust);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s", directory);
	import.refusals = json_array();
	sj_trust_listen(import.trust, hear, &import);
	sj_trust_find_signed(import.trust, cli_find_signed, NULL);
	code = import_all(&import);
	if (code == 0)
		code = report(&import, directory);
	sj_trust_close(import.trust);
	json_decref(import.refusals);
	return code;
}

static const struct cli_option import_options[] = {
	{ .name = "masterlist",
	  .argument = "FILE",
	  .help = "import an ICAO master list (CMS, DER)",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "signer",
	  .argument = "FILE",
	  .help = "the CSCA certificate above the list's signer (DER)",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "csca",
	  .argument = "FILE",
	  .help = "import a self-signed CSCA certificate (DER); may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "link",
	  .argument = "FILE",
	  .help = "import a CSCA link certificate (DER); may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "key-ca",
	  .argument = "FILE",
	  .help = "import a self-signed certificate of a CA for card keys (DER); may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "crl",
	  .argument = "FILE",
	  .help = "import a revocation list of a CSCA or key CA (DER); may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "gate-ca",
	  .argument = "FILE",
	  .help = "import a gate CA's own token (CWT); may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "gate-token",
	  .argument = "FILE",
	  .help = "import a token that a gate CA signed: its successor's or a status signer's; may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "status",
	  .argument = "FILE",
	  .help = "import a status list, or a delta to the one there; may be given again",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "status-head",
	  .argument = "FILE",
	  .help = "remember the signed head of a status list: older lists are refused then",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "clock",
	  .help = "the clock is right: remember that it is never earlier than now" },
	{ 0 },
};
static const char *const import_examples[] = {
	"sojourn trust import --masterlist DE_ML.ml --signer DE_CSCA.cer # a country's list",
	"sojourn trust import --csca authority/csca-1.cer --crl authority/crl.crl # one issuer",
	"sojourn trust import --gate-ca gate-ca.cwt --gate-token status-signer.cwt # for gates",
	"sojourn trust import --status utopia.list --status monday.delta # a list and a delta to it",
	NULL,
};
static const enum sj_rc import_failures[] = {
	SJ_MASTERLIST_SIGNER, SJ_INPUT_REFUSED, SJ_INPUT_MALFORMED,
	SJ_FILE_PERMISSION,   SJ_SIGNED_UNREAD, SJ_OK,
};

const struct cli_command trust_import_command = {
	.noun = "trust",
	.verb = "import",
	.summary = "add issuers and revocation lists to the trust store",
	.description =
		"A master list is checked against the CSCA certificate given with --signer. A CSCA\n"
		"certificate given with --csca is believed because you say so: get it from its\n"
		"country by a way that you trust; so are a key CA's, given with --key-ca,\n"
		"and a gate CA's token, given with --gate-ca. Links, revocation lists and other\n"
		"tokens must be signed by what the store holds.\n"
		"Each list is stored as a whole or not at all; single certificates in it that\n"
		"cannot be accepted are named and left out. A status list must be signed by a\n"
		"status signer of the store and never be older than one that was seen before.",
	.features = CLI_JSON | CLI_TRUST,
	.options = import_options,
	.examples = import_examples,
	.failures = import_failures,
	.run = run_import,
};
