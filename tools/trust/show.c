/* show.c -- sojourn trust show: the bundle in use. */
#include <time.h>

#include <sojourn/bundle.h>

#include "trust/trust.h"

#define DAY_SECONDS 86400

json_t *bundle_json(const struct sj_bundle_info *info)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:b, s:s, s:I, s:I}", "issuer", info->issuer,
			 "version", (json_int_t)info->version, "created",
			 date_of(info->created, DATE_JSON).text, "expires",
			 date_of(info->expires, DATE_JSON).text, "expired", info->expired, "signer",
			 info->signer, "files", (json_int_t)info->files, "bytes",
			 (json_int_t)info->bytes);
}

static int run_show(struct cli *cli)
{
	const char *directory = cli_setting(cli, "trust");
	struct sj_bundle_info info = { .size = sizeof(info) };
	const int64_t now = (int64_t)time(NULL);
	enum sj_rc rc = sj_bundle_describe(directory, now, &info);
	json_t *object;
	int code = 0;

	if (rc != SJ_OK)
		return cli_fail(cli, rc, "%s, bundle", directory);
	if (cli_json(cli)) {
		object = bundle_json(&info);
		json_object_set_new(object, "store", json_string(directory));
		json_object_set_new(object, "ageSeconds", json_integer(now - info.created));
		code = cli_json_print(cli, 1, object);
	} else {
		cli_line(cli, CLI_MARK_PLAIN, info.issuer,
			 "bundle %lu of %s, %lld days old, signed by %s",
			 (unsigned long)info.version, date_of(info.created, "%Y-%m-%d %H:%M").text,
			 (long long)((now - info.created) / DAY_SECONDS), info.signer);
		cli_line(cli, CLI_MARK_PLAIN, "holds", "%zu files, %llu bytes", info.files,
			 (unsigned long long)info.bytes);
		cli_line(cli, info.expired ? CLI_MARK_BAD : CLI_MARK_GOOD,
			 info.expired ? "expired" : "current", "to be replaced by %s",
			 date_of(info.expires, "%Y-%m-%d %H:%M").text);
	}
	if (code == 0 && info.expired)
		code = cli_fail(cli, SJ_BUNDLE_EXPIRED, "%s", directory);
	return code;
}

static const char *const show_examples[] = { "sojourn trust show # how old is the bundle", NULL };
static const enum sj_rc show_failures[] = { SJ_TRUST_MISSING, SJ_TRUST_UNREADABLE,
					    SJ_BUNDLE_EXPIRED, SJ_OK };

const struct cli_command trust_show_command = {
	.noun = "trust",
	.verb = "show",
	.summary = "show the trust bundle in use",
	.description =
		"A bundle whose time is over stays in use: what a verdict rests on has dates\n"
		"of its own. It is told here, and the exit code is 11.",
	.features = CLI_JSON | CLI_TRUST,
	.examples = show_examples,
	.failures = show_failures,
	.run = run_show,
};
