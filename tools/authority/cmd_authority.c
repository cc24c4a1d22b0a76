/* cmd_authority.c -- authority init, show, signer, link, bundle-signer. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "authority/ceremony.h"
#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/keystore.h"
#include "authority/token.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

#define KEY_KINDS \
	"P-256 P-384 P-521 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 RSA-2048 RSA-3072 " \
	"RSA-4096 RSA-PSS-3072 RSA-PSS-4096"

/* --- init ------------------------------------------------------------------ */

static const struct cli_option init_options[] = {
	{ "country", 'c', "CODE", "as in the machine readable zone (default UTO, Utopia)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "alpha2", 0, "CC", "two-letter code for certificates (default for UTO: UT)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "organization", 0, "TEXT", "name of the organization in certificates", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "key", 'k', "EC|RSA",
	  "EC: P-384 and P-256 (default); RSA: 4096 and 3072 bits, content signer P-256",
	  CLI_COMPLETE_WORDS, "EC RSA", false },
	{ "csca-key", 0, "KIND", "kind of the CSCA's key", CLI_COMPLETE_WORDS, KEY_KINDS, false },
	{ "signer-key", 0, "KIND", "kind of the document signer's key", CLI_COMPLETE_WORDS,
	  KEY_KINDS, false },
	{ "key-ca-key", 0, "KIND", "kind of the key of the CA for card keys", CLI_COMPLETE_WORDS,
	  KEY_KINDS, false },
	{ "content-key", 0, "KIND", "kind of the key that signs card verifiable certificates",
	  CLI_COMPLETE_WORDS, "P-256 P-384", false },
	{ "indices", 0, "N", "indices of each partition of the status list (default 1048576)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "keys", 0, "URI", "make the keys in a PKCS#11 token: pkcs11:token=LABEL",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "encrypt", 0, NULL, "key files under a passphrase; asked for unless it is given",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "custodians", 0, "N", "how many people share the passphrase (default 1)",
	  CLI_COMPLETE_NONE, NULL, false },
	CEREMONY_OPTION,
	{ "named-curves", 0, NULL,
	  "certificates without explicit EC parameters, so that stock tools verify",
	  CLI_COMPLETE_NONE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static bool all_capitals(const char *text, size_t min, size_t max)
{
	size_t len = strlen(text);

	return len >= min && len <= max && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

/* Where the keys go. */
static int read_store(struct cli *cli, struct authority_plan *plan)
{
	unsigned long custodians = 1;
	int rc = cli_number(cli, "custodians", 1, KEYSTORE_CUSTODIANS_MAX, &custodians);

	plan->key_store = cli_value(cli, "keys");
	if (cli_given(cli, "encrypt") || cli_given(cli, "custodians") ||
	    cli_secret_given(cli, "passphrase"))
		plan->custodians = (unsigned)custodians;
	if (rc == 0 && plan->key_store != NULL && plan->custodians > 0)
		rc = cli_usage(cli, "--keys: what is in a token needs no passphrase");
	if (rc == 0 && plan->key_store != NULL)
		rc = hsm_check_uri(cli, plan->key_store);
	return rc;
}

static int read_plan(struct cli *cli, struct authority_plan *plan)
{
	const char *key = cli_value(cli, "key");
	bool rsa = key != NULL && strcmp(key, "RSA") == 0;
	int rc;

	*plan = (struct authority_plan){
		.country = cli_value(cli, "country"),
		.alpha2 = cli_value(cli, "alpha2"),
		.organization = cli_value(cli, "organization"),
		.csca_key = cli_value(cli, "csca-key"),
		.signer_key = cli_value(cli, "signer-key"),
		.key_ca_key = cli_value(cli, "key-ca-key"),
		.content_key = cli_value(cli, "content-key"),
		.explicit_parameters = !cli_given(cli, "named-curves"),
		.indices = TOKEN_INDICES,
	};
	if (plan->country == NULL)
		plan->country = "UTO";
	if (plan->alpha2 == NULL && strcmp(plan->country, "UTO") == 0)
		plan->alpha2 = "UT";
	if (plan->csca_key == NULL)
		plan->csca_key = rsa ? "RSA-4096" : "P-384";
	if (plan->signer_key == NULL)
		plan->signer_key = rsa ? "RSA-3072" : "P-256";
	if (plan->key_ca_key == NULL)
		plan->key_ca_key = rsa ? "RSA-3072" : "P-384";
	if (plan->content_key == NULL) /* card verifiable certificates know no RSA */
		plan->content_key = "P-256";
	if (!all_capitals(plan->country, 1, 3))
		return cli_usage(cli, "--country %s: one to three capital letters", plan->country);
	if (plan->alpha2 == NULL || !all_capitals(plan->alpha2, 2, 2))
		return cli_usage(cli, "--alpha2 CC: the country's two capital letters are needed");
	rc = cli_number(cli, "indices", 65536, TOKEN_INDICES_MAX, &plan->indices);
	return rc != 0 ? rc : read_store(cli, plan);
}

static int init_run(struct cli *cli)
{
	const char *directory = cli_argument(cli, 0);
	struct authority_plan plan;
	int rc = read_plan(cli, &plan);

	if (rc == 0)
		rc = authority_create(cli, directory, &plan);
	if (rc == 0)
		cli_note(cli,
			 "%s: CSCA %s and document signer %s of %s; protocol: %s/ceremony-1.txt",
			 directory, plan.csca_key, plan.signer_key, plan.country, directory);
	return rc;
}

static const char *const init_examples[] = {
	"sojourn authority init utopia # Utopia's CSCA (P-384) and document signer (P-256)",
	"sojourn authority init de --country D --alpha2 DE --csca-key brainpoolP384r1",
	"sojourn authority init utopia --encrypt --custodians 2 --witness 'A. Muster'",
	"sojourn authority init utopia --keys 'pkcs11:token=utopia' --hsm-pin-file pin",
	NULL,
};

static const enum sj_rc init_failures[] = { SJ_INPUT_REFUSED, SJ_FILE_PERMISSION, SJ_KEY_STORE,
					    SJ_OUTPUT_FAILED, SJ_OK };

const struct cli_command authority_init_command = {
	.noun = "authority",
	.verb = "init",
	.summary = "make an issuing authority: CSCA, document signer, CAs for card keys and gates",
	.description =
		"Makes the directory DIR with keys, certificates and a registry. An existing\n"
		"directory is left alone. Private keys are files that only their owner may\n"
		"read, plain or under a passphrase (--encrypt; with several custodians it is\n"
		"their parts, one after the other), or are made in a PKCS#11 token and never\n"
		"leave it (--keys; the token's module is found by p11-kit, or named with\n"
		"?module-path= in the URI). DIR/ceremony-1.txt is the protocol, to be read\n"
		"aloud and signed; with --witness it is printed. DIR/csca-1.cer is the\n"
		"certificate that verifiers import: 'sojourn trust import --csca',\n"
		"DIR/key-ca-1.cer the one for the keys of cards: '--key-ca'.\n"
		"DIR/gate-ca-1.cwt and DIR/status-signer-1.cwt are what gates import,\n"
		"DIR/bundle-signer-1.cwt what terminals are told once: 'sojourn trust sync\n"
		"--anchor'.",
	.features = CLI_KEYS,
	.options = init_options,
	.positionals = directory_only,
	.examples = init_examples,
	.failures = init_failures,
	.run = init_run,
};

/* --- show ------------------------------------------------------------------ */

static void date_of(const json_t *row, const char *key, char out[static 16])
{
	time_t when = (time_t)json_integer_value(json_object_get(row, key));
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}

static const char *text_of(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

/* Of a certificate of either kind or a token. */
static void show_row(struct cli *cli, const json_t *row, bool current)
{
	char from[16], signs[16], until[16];
	const char *name = text_of(row, "name"), *state = current ? "  current" : "";

	if (json_is_integer(json_object_get(row, "revoked")))
		state = "  revoked";
	date_of(row, "not_before", from);
	date_of(row, "private_until", signs);
	date_of(row, "not_after", until);
	cli_print(cli, "%-16s %-16s from %s, signs until %s, valid until %s%s\n", name,
		  text_of(row, "key"), from, signs, until, state);
	if (json_object_get(row, "serial") == NULL)
		cli_print(cli, "                 issued by %s\n", text_of(row, "issuer"));
	else
		cli_print(cli, "                 serial %s, issued by %s\n", text_of(row, "serial"),
			  text_of(row, "issuer"));
}

static void show_rows(struct cli *cli, const struct authority *a, const char *list)
{
	const json_t *row;

	for (size_t i = 0; (row = json_array_get(json_object_get(a->state, list), i)) != NULL; i++)
		show_row(cli, row, authority_is_current(a, text_of(row, "name")));
}

static void show_ceremonies(struct cli *cli, const struct authority *a)
{
	const json_t *list = json_object_get(a->state, "ceremonies");

	for (size_t i = 0; i < json_array_size(list); i++)
		cli_print(cli, "protocol %s/%s\n", a->directory,
			  json_string_value(json_array_get(list, i)));
}

/* Seconds since 1970 as "2026-11-23T16:58:15Z"; null when it is none. */
static json_t *time_json(const json_t *row, const char *key)
{
	const json_t *seconds = json_object_get(row, key);
	time_t when = (time_t)json_integer_value(seconds);
	char text[32];
	struct tm tm;

	if (!json_is_integer(seconds) || gmtime_r(&when, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

static json_t *row_json(const json_t *row)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "name",
			 text_of(row, "name"), "kind", text_of(row, "kind"), "serial",
			 text_of(row, "serial"), "key", text_of(row, "key"), "issuer",
			 text_of(row, "issuer"), "notBefore", time_json(row, "not_before"),
			 "notAfter", time_json(row, "not_after"), "signsUntil",
			 time_json(row, "private_until"), "revoked", time_json(row, "revoked"));
}

static json_t *token_json(const json_t *row)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", text_of(row, "name"), "kind",
			 text_of(row, "kind"), "issuer", text_of(row, "issuer"), "notBefore",
			 time_json(row, "not_before"), "notAfter", time_json(row, "not_after"),
			 "signsUntil", time_json(row, "private_until"));
}

static json_t *cv_json(const struct authority *a)
{
	json_t *out = json_array();
	const json_t *row;
	bool current;

	for (size_t i = 0; (row = cv_row_at(a, i, &current)) != NULL; i++)
		json_array_append_new(
			out,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "name",
				  text_of(row, "name"), "kind", text_of(row, "kind"), "terminals",
				  text_of(row, "terminals"), "key", text_of(row, "key"), "holder",
				  text_of(row, "holder"), "issuer", text_of(row, "issuer"),
				  "notBefore", time_json(row, "not_before"), "notAfter",
				  time_json(row, "not_after"), "signsUntil",
				  time_json(row, "private_until"), "current", (int)current));
	return out;
}

static int show_json(struct cli *cli, const struct authority *a)
{
	json_t *rows = json_array(), *tokens = json_array(), *row;
	json_t *ceremonies = json_deep_copy(json_object_get(a->state, "ceremonies"));

	if (ceremonies == NULL)
		ceremonies = json_array();

	for (size_t i = 0;
	     (row = json_array_get(json_object_get(a->state, "certificates"), i)) != NULL; i++)
		json_array_append_new(rows, row_json(row));
	for (size_t i = 0; (row = json_array_get(json_object_get(a->state, "tokens"), i)) != NULL;
	     i++)
		json_array_append_new(tokens, token_json(row));
	return cli_json_print(
		cli, 1,
		json_pack(
			"{s:s, s:s, s:O, s:O, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:O, s:o, s:o, s:o,"
			" s:o}",
			"country", authority_country(a), "alpha2", text_of(a->state, "alpha2"),
			"organization", json_object_get(a->state, "organization"),
			"explicitParameters", json_object_get(a->state, "explicit_parameters"),
			"csca", authority_current(a, AUTHORITY_CSCA), "signer",
			authority_current(a, AUTHORITY_SIGNER), "listSigner",
			authority_current(a, AUTHORITY_LIST_SIGNER), "keyCa",
			authority_current(a, AUTHORITY_KEY_CA), "contentSigner",
			authority_current(a, AUTHORITY_CONTENT_SIGNER), "gateCa",
			authority_current(a, AUTHORITY_GATE_CA), "statusSigner",
			authority_current(a, AUTHORITY_STATUS_SIGNER), "bundleSigner",
			authority_current(a, AUTHORITY_BUNDLE_SIGNER), "crlNumber",
			json_object_get(a->state, "crl_number"), "certificates", rows, "tokens",
			tokens, "cvCertificates", cv_json(a), "ceremonies", ceremonies));
}

static int show_run(struct cli *cli)
{
	const json_t *row;
	struct authority a;
	bool current;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc != 0)
		goto out;
	if (cli_json(cli)) {
		rc = show_json(cli, &a);
		goto out;
	}
	cli_print(cli, "country %s (%s), CRL number %d\n", authority_country(&a),
		  text_of(a.state, "alpha2"),
		  (int)json_integer_value(json_object_get(a.state, "crl_number")));
	show_rows(cli, &a, "certificates");
	show_rows(cli, &a, "tokens");
	for (size_t i = 0; (row = cv_row_at(&a, i, &current)) != NULL; i++)
		show_row(cli, row, current);
	show_ceremonies(cli, &a);
out:
	authority_close(&a);
	return rc;
}

static const char *const show_examples[] = { "sojourn authority show utopia", NULL };
static const enum sj_rc open_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					    SJ_INPUT_REFUSED, SJ_OK };

const struct cli_command authority_show_command = {
	.noun = "authority",
	.verb = "show",
	.summary = "list an authority's certificates and tokens",
	.features = CLI_JSON,
	.positionals = directory_only,
	.examples = show_examples,
	.failures = open_failures,
	.run = show_run,
};

/* --- signer, link ------------------------------------------------------------ */

static const struct cli_option key_options[] = {
	{ "key", 'k', "KIND", "kind of the new key (default: as the present one)",
	  CLI_COMPLETE_WORDS, KEY_KINDS, false },
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const struct cli_option signer_options[] = {
	{ "list", 'l', NULL, "the next signer of master lists instead", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "key", 'k', "KIND", "kind of the new key (default: as the present one)",
	  CLI_COMPLETE_WORDS, KEY_KINDS, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* Enrols the next holder of `role` and saves. `next`: what cards and gates need now. */
static int enrol_next(struct cli *cli, enum authority_role role, const char *next)
{
	const char *kind = cli_value(cli, "key"), *current;
	struct ceremony before;
	struct authority a;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc != 0)
		goto out;
	current = authority_current(&a, role);
	if (kind == NULL && current != NULL)
		kind = json_string_value(json_object_get(authority_row(&a, current), "key"));
	if (kind == NULL && role == AUTHORITY_LIST_SIGNER)
		kind = "P-256"; /* its first is made when the first list is */
	if (kind == NULL) {
		rc = cli_fail(cli, SJ_INPUT_MALFORMED, "registry.json");
		goto out;
	}
	before = ceremony_begin(&a);
	rc = authority_enrol(&a, role, kind);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "%s (%s) is the present one now; %s", authority_current(&a, role),
			 kind, next);
out:
	authority_close(&a);
	return rc;
}

static int signer_run(struct cli *cli)
{
	if (cli_given(cli, "list"))
		return enrol_next(cli, AUTHORITY_LIST_SIGNER, "verifiers need nothing");
	return enrol_next(cli, AUTHORITY_SIGNER,
			  "verifiers need nothing: its certificate is on every card");
}

static int link_run(struct cli *cli)
{
	return enrol_next(cli, AUTHORITY_CSCA,
			  "next: `authority signer`, and the new CSCA with its link to every "
			  "verifier (publish, masterlist)");
}

static const char *const signer_examples[] = { "sojourn authority signer utopia", NULL };

const struct cli_command authority_signer_command = {
	.noun = "authority",
	.verb = "signer",
	.summary = "make the next document signer",
	.features = CLI_KEYS,
	.options = signer_options,
	.positionals = directory_only,
	.examples = signer_examples,
	.failures = open_failures,
	.run = signer_run,
};

static const char *const link_examples[] = {
	"sojourn authority link utopia # csca-2 and link-2: its key, signed by csca-1",
	NULL,
};

const struct cli_command authority_link_command = {
	.noun = "authority",
	.verb = "link",
	.summary = "roll the CSCA's key over, with a link certificate",
	.description =
		"The new CSCA certifies the next signers (authority signer); documents that\n"
		"were signed before stay under the old one.",
	.features = CLI_KEYS,
	.options = key_options,
	.positionals = directory_only,
	.examples = link_examples,
	.failures = open_failures,
	.run = link_run,
};

/* --- bundle-signer ------------------------------------------------------------- */

static int bundle_signer_run(struct cli *cli)
{
	struct ceremony before;
	struct authority a;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	before = ceremony_begin(&a);
	if (rc == 0)
		rc = token_enrol(&a, AUTHORITY_BUNDLE_SIGNER);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli,
			 "%s is the present one now; next: `authority publish`, which carries its "
			 "token to the terminals",
			 authority_current(&a, AUTHORITY_BUNDLE_SIGNER));
	authority_close(&a);
	return rc;
}

static const struct cli_option ceremony_options[] = {
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const char *const bundle_signer_examples[] = {
	"sojourn authority bundle-signer utopia # bundle-signer-2.cwt, signed by bundle-signer-1",
	NULL,
};

const struct cli_command authority_bundle_signer_command = {
	.noun = "authority",
	.verb = "bundle-signer",
	.summary = "make the next signer of trust bundles",
	.description =
		"Its token is signed by the bundle signer before, and goes into the next bundles:\n"
		"terminals that have that one's believe the new one. An older authority, which has\n"
		"none, gets its first, which terminals must be told of by hand.",
	.features = CLI_KEYS,
	.options = ceremony_options,
	.positionals = directory_only,
	.examples = bundle_signer_examples,
	.failures = open_failures,
	.run = bundle_signer_run,
};
