/* enrol.c -- `sojourn gate enrol`: keys, the request, the credential. */
#include <stdlib.h>
#include <string.h>

#include "gate/tool.h"

#define CREDENTIAL_MAX 1024u
#define REQUEST_MAX 512u

/* Makes a key unless there is one. */
static int key_make(struct cli *cli, const struct gate_config *config, const char *name)
{
	struct gate_path path = gate_path(config, name);
	uint8_t key[GATE_KEY];
	bool there;
	enum sj_rc made;
	int rc = cli_file_there(cli, path.text, &there);

	if (rc != 0 || there)
		return rc;
	made = sj_gate_key_new(key);
	rc = made != SJ_OK ? cli_fail(cli, made, NULL)
			   : gate_file_write(cli, config, path.text, key, sizeof(key), 0600);
	if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "made", "%s", path.text);
	gate_wipe(key, sizeof(key));
	return rc;
}

/* The public key of the journal, for those who check it. */
static int journal_public(struct cli *cli, const struct gate_config *config)
{
	struct gate_path path = gate_path(config, "journal.pub");
	uint8_t key[GATE_KEY], public_key[SJ_JOURNAL_PUBLIC];
	enum sj_rc made;
	int rc = gate_key_read(cli, config, "journal.key", key);

	if (rc != 0)
		return rc;
	made = sj_journal_public(key, public_key);
	rc = made != SJ_OK ? cli_fail(cli, made, "%s", gate_path(config, "journal.key").text)
			   : gate_file_write(cli, config, path.text, public_key, sizeof(public_key),
					     0644);
	gate_wipe(key, sizeof(key));
	return rc;
}

static int make_request(struct cli *cli, const struct gate_config *config, const char *file)
{
	uint8_t key[GATE_KEY], request[REQUEST_MAX];
	size_t len = sizeof(request);
	enum sj_rc made;
	int rc = cli_directory_make(cli, config->state, 0700);

	if (rc == 0)
		rc = key_make(cli, config, "gate.key");
	if (rc == 0)
		rc = key_make(cli, config, "journal.key");
	if (rc == 0)
		rc = journal_public(cli, config);
	if (rc == 0)
		rc = gate_key_read(cli, config, "gate.key", key);
	if (rc != 0)
		return rc;
	made = sj_gate_request(key, request, &len);
	rc = made != SJ_OK ? cli_fail(cli, made, "%s", gate_path(config, "gate.key").text)
			   : cli_file_write(cli, file, request, len, 0644);
	if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "request", "%s, for the authority to sign", file);
	gate_wipe(key, sizeof(key));
	return rc;
}

/* --- the credential ------------------------------------------------------------------ */

static int tell(struct cli *cli, struct sj_gate *gate)
{
	struct sj_gate_info info = { .size = sizeof(info) };

	if (!sj_gate_get_info(gate, &info))
		return cli_fail(cli, SJ_INTERNAL, NULL);
	cli_line(cli, CLI_MARK_GOOD, "credential",
		 "of %s, operator %s, sector %u, service %u, until %s", info.issuer,
		 gate_operator_text(info.operator_id).text, info.sector, info.service,
		 cli_time_text(info.expires).text);
	if (!cli_json(cli))
		return 0;
	return cli_json_print(
		cli, GATE_SCHEMA,
		json_pack("{s:s, s:s, s:i, s:i, s:I, s:s, s:s}", "issuer", info.issuer, "operator",
			  gate_operator_text(info.operator_id).text, "sector", (int)info.sector,
			  "service", (int)info.service, "rights", (json_int_t)info.rights,
			  "notBefore", cli_time_text(info.not_before).text, "expires",
			  cli_time_text(info.expires).text));
}

/* It is installed only if it belongs to the key. */
static int install(struct cli *cli, const struct gate_config *config, const char *file)
{
	uint8_t key[GATE_KEY], *credential = NULL;
	struct sj_gate *gate = NULL;
	size_t len = 0;
	enum sj_rc made;
	int rc = gate_key_read(cli, config, "gate.key", key);

	if (rc != 0)
		return rc;
	rc = cli_file_read(cli, file, CREDENTIAL_MAX, &credential, &len);
	if (rc != 0)
		goto out;
	made = sj_gate_new(key, sizeof(key), credential, len, &gate);
	if (made == SJ_INPUT_REFUSED)
		rc = cli_fail(cli, made, "%s: it was signed for another gate's key", file);
	else if (made != SJ_OK)
		rc = cli_fail(cli, made, "%s", file);
	if (rc == 0)
		rc = gate_file_write(cli, config, gate_path(config, "credential.cwt").text,
				     credential, len, 0644);
	if (rc == 0)
		rc = tell(cli, gate);
out:
	sj_gate_free(gate);
	gate_wipe(key, sizeof(key));
	free(credential);
	return rc;
}

static int run_enrol(struct cli *cli)
{
	const char *request = cli_value(cli, "request"), *credential = cli_value(cli, "install");
	struct gate_config config;
	int rc;

	if ((request == NULL) == (credential == NULL))
		return cli_usage(cli, "one of --request FILE and --install CREDENTIAL is due");
	rc = gate_config_load(cli, &config);
	if (rc == 0)
		rc = request != NULL ? make_request(cli, &config, request)
				     : install(cli, &config, credential);
	gate_config_free(&config);
	return rc;
}

static const struct cli_option enrol_options[] = {
	{ .name = "request",
	  .argument = "FILE",
	  .help = "make the keys if there are none, and write the request for a credential",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "install",
	  .argument = "CREDENTIAL",
	  .help = "install what the authority signed",
	  .complete = CLI_COMPLETE_FILE },
	GATE_CONFIG_OPTIONS,
	{ 0 },
};
static const char *const enrol_examples[] = {
	"sojourn gate enrol --request gate.req # then: sojourn authority gate sign",
	"sojourn gate enrol --install gate.cwt",
	NULL,
};
static const enum sj_rc enrol_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					     SJ_INPUT_REFUSED, SJ_FILE_PERMISSION, SJ_OK };

const struct cli_command gate_enrol = {
	.noun = "gate",
	.verb = "enrol",
	.summary = "make the gate's keys and request, and install its credential",
	.description =
		"A gate's credential lives at most 7 days: ask for the next one with the same\n"
		"request, install it, and a running gate takes it into use (SIGHUP, or by\n"
		"itself). The journal's key is made too; journal.pub is for those who check it.",
	.features = CLI_JSON,
	.options = enrol_options,
	.examples = enrol_examples,
	.failures = enrol_failures,
	.run = run_enrol,
};
