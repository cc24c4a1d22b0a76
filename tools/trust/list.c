/* list.c -- sojourn trust list. */
#include <time.h>

#include <sojourn/trust.h>

#include "trust/trust.h"

struct date date_of(int64_t when, const char *format)
{
	time_t t = (time_t)when;
	struct date date = { "?" };
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(date.text, sizeof(date.text), format, &tm) == 0)
		date.text[0] = '\0';
	return date;
}

static json_t *row(const struct sj_trust_entry *e)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b}", "subject",
			 e->subject, "issuer", e->issuer, "country", e->country, "sha256",
			 e->sha256, "key", e->key, "notBefore",
			 date_of(e->not_before, DATE_JSON).text, "notAfter",
			 date_of(e->not_after, DATE_JSON).text, "link", e->link,
			 "explicitParameters", e->explicit_parameters, "hasCrl", e->has_crl,
			 "keyCa", e->key_ca, "bundled", e->bundled);
}

static int list_json(struct cli *cli, const struct sj_trust *trust, const char *directory)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	json_t *rows = json_array();

	for (size_t i = 0; sj_trust_get(trust, i, &entry); i++)
		json_array_append_new(rows, row(&entry));
	return cli_json_print(cli, 1,
			      json_pack("{s:s, s:o}", "store", directory, "certificates", rows));
}

static void list_lines(struct cli *cli, const struct sj_trust *trust)
{
	struct sj_trust_entry entry = { .size = sizeof(entry) };
	int64_t now = (int64_t)time(NULL);
	size_t i;

	for (i = 0; sj_trust_get(trust, i, &entry); i++)
		cli_line(cli, entry.not_after < now ? CLI_MARK_UNSURE : CLI_MARK_PLAIN,
			 entry.link     ? "link"
			 : entry.key_ca ? "key"
					: "csca",
			 "%-3s %s to %s  %s%s%s%s  %s", entry.country,
			 date_of(entry.not_before, "%Y-%m-%d").text,
			 date_of(entry.not_after, "%Y-%m-%d").text, entry.key,
			 entry.explicit_parameters ? " (explicit)" : "",
			 entry.has_crl ? ", CRL" : "", entry.bundled ? ", bundle" : "",
			 entry.subject);
	cli_print(cli, "%zu certificates\n", i);
}

static void hear(void *user, const char *what, const char *why)
{
	cli_warn(user, "%s: %s", what, why);
}

static int run_list(struct cli *cli)
{
	const char *directory = cli_setting(cli, "trust");
	struct sj_trust *trust;
	enum sj_rc rc = sj_trust_open(directory, &trust);
	int code = 0;

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s", directory);
	sj_trust_listen(trust, hear, cli);
	(void)sj_trust_check_crls(trust);
	if (cli_json(cli))
		code = list_json(cli, trust, directory);
	else
		list_lines(cli, trust);
	sj_trust_close(trust);
	return code;
}

static const char *const list_examples[] = { "sojourn trust list --json # for programs", NULL };
static const enum sj_rc list_failures[] = { SJ_TRUST_MISSING, SJ_TRUST_UNREADABLE, SJ_OK };

const struct cli_command trust_list_command = {
	.noun = "trust",
	.verb = "list",
	.summary = "show the certificates in the trust store",
	.features = CLI_JSON | CLI_TRUST,
	.examples = list_examples,
	.failures = list_failures,
	.run = run_list,
};
