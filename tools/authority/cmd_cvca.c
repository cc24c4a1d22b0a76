/* cmd_cvca.c -- authority cvca-init, cvca-renew, cvca-sign, dv-init, dv-renew. */
#include <string.h>

#include <sojourn/service.h>

#include "authority/ceremony.h"
#include "authority/commands.h"
#include "authority/cv.h"
#include "authority/cvrights.h"
#include "wire/std/tr03110.h"

#define DAYS_MAX 92ul

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc cv_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED, SJ_INPUT_REFUSED,
					  SJ_OUTPUT_FAILED, SJ_OK };

#define TYPE_ROW \
	{ \
		"type", 't', "TYPE", \
			"of terminals: at (authentication, the default), is (inspection) or st (signature)", \
			CLI_COMPLETE_WORDS, CV_TYPE_WORDS, false \
	}
#define LAST_ROW \
	{ \
		NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false \
	}

/* --- init, renew ------------------------------------------------------------------ */

static const struct cli_option ca_options[] = {
	TYPE_ROW,
	{ "key", 'k', "KIND", "kind of its key (default: as the present one; the first: P-256)",
	  CLI_COMPLETE_WORDS, CV_KEY_KINDS, false },
	CEREMONY_OPTION,
	LAST_ROW,
};

static const struct cli_option dv_options[] = { TYPE_ROW, CEREMONY_OPTION, LAST_ROW };

static int enrol(struct cli *cli, enum cv_kind kind, bool first)
{
	struct authority a;
	struct ceremony before;
	const char *name = "";
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	before = ceremony_begin(&a);
	if (rc == 0)
		rc = cv_enrol(&a, kind, cv_type(cli), first,
			      kind == CV_CVCA ? cli_value(cli, "key") : NULL, &name);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "%s is the present one now", name);
	authority_close(&a);
	return rc;
}

static int cvca_init_run(struct cli *cli)
{
	return enrol(cli, CV_CVCA, true);
}

static int cvca_renew_run(struct cli *cli)
{
	return enrol(cli, CV_CVCA, false);
}

static int dv_init_run(struct cli *cli)
{
	return enrol(cli, CV_DV, true);
}

static int dv_renew_run(struct cli *cli)
{
	return enrol(cli, CV_DV, false);
}

static const char *const cvca_init_examples[] = {
	"sojourn authority cvca init utopia # cvca-at-1: the eID application",
	"sojourn authority cvca init utopia --type is --key brainpoolP256r1 # cvca-is-1",
	NULL,
};

const struct cli_command authority_cvca_init_command = {
	.noun = "authority",
	.verb = "cvca-init",
	.summary = "make the country verifying CA of a kind of terminals",
	.description =
		"Cards believe the certificates of terminals that lead to this key. The whole\n"
		"chain has keys on its curve.",
	.features = CLI_KEYS,
	.options = ca_options,
	.positionals = directory_only,
	.examples = cvca_init_examples,
	.failures = cv_failures,
	.run = cvca_init_run,
};

static const char *const cvca_renew_examples[] = {
	"sojourn authority cvca renew utopia # cvca-at-2 and cvca-link-at-2",
	NULL,
};

const struct cli_command authority_cvca_renew_command = {
	.noun = "authority",
	.verb = "cvca-renew",
	.summary = "roll a country verifying CA's key over, with a link certificate",
	.description =
		"The link is the new key's certificate, signed by the old key: cards that\n"
		"believe the old one believe the new one when a terminal shows it to them. Go\n"
		"on with 'dv renew'; what the old key signed holds until it is over.",
	.features = CLI_KEYS,
	.options = ca_options,
	.positionals = directory_only,
	.examples = cvca_renew_examples,
	.failures = cv_failures,
	.run = cvca_renew_run,
};

static const char *const dv_init_examples[] = { "sojourn authority dv init utopia", NULL };

const struct cli_command authority_dv_init_command = {
	.noun = "authority",
	.verb = "dv-init",
	.summary = "make the authority's own document verifier, which signs terminals",
	.description = "It is certified by the present CVCA, as official, with all that rows of a\n"
		       "service registry can give, and no more.",
	.features = CLI_KEYS,
	.options = dv_options,
	.positionals = directory_only,
	.examples = dv_init_examples,
	.failures = cv_failures,
	.run = dv_init_run,
};

static const char *const dv_renew_examples[] = {
	"sojourn authority dv renew utopia # dv-at-2, under the present CVCA",
	NULL,
};

const struct cli_command authority_dv_renew_command = {
	.noun = "authority",
	.verb = "dv-renew",
	.summary = "make the next key and certificate of the document verifier",
	.features = CLI_KEYS,
	.options = dv_options,
	.positionals = directory_only,
	.examples = dv_renew_examples,
	.failures = cv_failures,
	.run = dv_renew_run,
};

/* --- cvca-sign --------------------------------------------------------------------- */

static const struct cli_positional sign_positionals[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ "REQUEST", "the document verifier's request", CLI_COMPLETE_FILE, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const struct cli_option sign_options[] = {
	TYPE_ROW,
	{ "official", 0, NULL, "an official domestic one: its terminals may do with the CAN",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "non-official", 0, NULL, "a foreign or non-official one: its terminals want the PIN",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "rights", 'r', "LIST",
	  "what it may give: rights of services, with commas, or all; needed", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "previous", 0, "FILE", "the certificate whose key made the request's outer signature",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "days", 0, "N", "how long it holds, 1 to 92 days (default 92)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "out", 'o', "FILE", "where the certificate goes; needed", CLI_COMPLETE_FILE, NULL,
	  false },
	LAST_ROW,
};

/* The right with this name of `len` characters, if such terminals can be given it; else 0. */
static uint32_t right_named(enum sj_cvc_terminal type, const char *name, size_t len)
{
	struct sj_cvc_rights given;
	const char *known;
	uint32_t bit;

	for (size_t i = 0; (known = sj_right_at(i, &bit)) != NULL; i++) {
		if (strlen(known) != len || memcmp(known, name, len) != 0)
			continue;
		given = cv_rights_of(type, bit);
		return given.bits != 0 || given.extra[SJ_CVC_SOJOURN] != 0 ? bit : 0;
	}
	return 0;
}

static int read_rights(struct cli *cli, struct sj_cvc_rights *out)
{
	const char *list = cli_value(cli, "rights");
	uint32_t rights = 0, bit;
	size_t len;

	if (list == NULL)
		return cli_usage(cli, "--rights LIST is needed: all, or as `sojourn service list` "
				      "names them");
	*out = cv_rights_of_all_rows(cv_type(cli));
	if (strcmp(list, "all") == 0)
		return 0;
	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		bit = right_named(cv_type(cli), list, len);
		if (bit == 0)
			return cli_usage(cli, "--rights: none that terminals of type %s have: %.*s",
					 cv_type_name(cv_type(cli)), (int)len, list);
		rights |= bit;
	}
	*out = cv_rights_of(cv_type(cli), rights);
	return 0;
}

/* Its role; terminals of an official one may be content with the CAN, others want the PIN. */
static void set_standing(struct sj_cvc_rights *rights, bool official)
{
	const uint64_t can = UINT64_C(1) << SJ_AT_CAN_ALLOWED;

	sj_cvc_set_role(rights, official ? SJ_CVC_DV_DOMESTIC : SJ_CVC_DV_FOREIGN);
	if (rights->terminal == SJ_CVC_AUTHENTICATION)
		rights->bits = official ? rights->bits | can : rights->bits & ~can;
}

static int read_plan(struct cli *cli, struct sj_cvc_rights *rights, unsigned long *days)
{
	if (cli_given(cli, "official") == cli_given(cli, "non-official"))
		return cli_usage(cli, "one of --official and --non-official is needed");
	if (!cli_given(cli, "out"))
		return cli_usage(cli, "--out FILE is needed");
	if (read_rights(cli, rights) != 0)
		return cli_exit_code(cli);
	set_standing(rights, cli_given(cli, "official"));
	return cli_number(cli, "days", 1, DAYS_MAX, days);
}

static int sign_run(struct cli *cli)
{
	struct cv_issuer ca = { .key = NULL };
	struct cv_request request = { .bytes = NULL };
	struct authority a = { .lock = -1 };
	struct sj_cvc_rights rights;
	unsigned long days = DAYS_MAX;
	uint8_t bytes[SJ_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	int rc = read_plan(cli, &rights, &days);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = cv_issuer_get(&a, CV_CVCA, cv_type(cli), &ca);
	if (rc == 0)
		rc = cv_request_read(&a, &ca, cli_argument(cli, 1), cli_value(cli, "previous"),
				     &request);
	if (rc == 0)
		rc = cv_sign(&a, &ca, &request, &rights, sj_span(NULL, 0), days, &w);
	if (rc == 0)
		rc = cv_keep_foreign(&a, &ca, sj_written(&w));
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, w.len, 0644);
	if (rc == 0)
		cli_note(cli, "%s: signed by %s", cli_value(cli, "out"), ca.name);
	cv_request_free(&request);
	cv_issuer_free(&ca);
	authority_close(&a);
	return rc;
}

static const char *const sign_examples[] = {
	"sojourn authority cvca sign utopia xodv.cvreq --non-official \\\n"
	"    --rights name,nationality,birth-date --out xodv.cvcert",
	NULL,
};

const struct cli_command authority_cvca_sign_command = {
	.noun = "authority",
	.verb = "cvca-sign",
	.summary = "certify another document verifier",
	.description =
		"The certificate is kept as DIR/foreign-dv-TYPE-N.cvcert, too. An outer signature\n"
		"is checked against --previous: the certificate it had from here before, or that\n"
		"of its country's CVCA, which you have from there.",
	.features = CLI_KEYS,
	.options = sign_options,
	.positionals = sign_positionals,
	.examples = sign_examples,
	.failures = cv_failures,
	.run = sign_run,
};
