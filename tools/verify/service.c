/* service.c -- one service asks the card: sojourn verify --service. */
#include <stdio.h>
#include <string.h>

#include "cli/services.h"
#include "verify/verify.h"

#define PAD_MS 5000u /* to find out whether the reader has a keypad */

/* --- asking -------------------------------------------------------------------- */

static int find_service(struct verify_run *run)
{
	int code = cli_service_named(run->cli, cli_value(run->cli, "service"), &run->service);

	if (code == 0 && run->service.access == SJ_SERVICE_NONE)
		code = cli_fail(run->cli, SJ_INPUT_REFUSED,
				"%s: a service that asks by the card alone belongs to a gate "
				"('sojourn gate run')",
				run->service.name);
	return code;
}

/* --terminal or the setting; NULL without: plain documents can be asked all the same. */
static int open_terminal(struct verify_run *run)
{
	const char *folder = cli_setting(run->cli, "terminal");
	enum sj_rc rc = folder != NULL ? sj_terminal_open(folder, &run->terminal) : SJ_OK;

	return rc == SJ_OK ? 0 : cli_fail(run->cli, rc, "%s", folder);
}

/* --only or the setting: what the terminal leaves out of its row by its own will. */
static int read_only(struct verify_run *run, uint32_t *only)
{
	const char *names = cli_setting(run->cli, "only");
	int code = names != NULL ? cli_rights_of(run->cli, "only", names, only) : 0;

	if (code == 0 && names != NULL && (*only & run->service.rights) == 0)
		code = cli_usage(run->cli, "only '%s': %s has none of these rights", names,
				 run->service.name);
	return code;
}

static int read_pin(struct verify_run *run)
{
	struct cli_secret secret = { 0 };
	enum sj_rc rc;
	int code;

	if (!cli_secret_given(run->cli, "pin"))
		cli_note(run->cli, "%s needs the holder's PIN: the holder types it, unseen.",
			 run->service.name);
	code = cli_secret_read(run->cli, "pin", "PIN of the card (the holder types it)", &secret);
	if (code == 0) {
		rc = sj_access_pin(secret.text, secret.len, &run->access);
		if (rc != SJ_OK)
			code = cli_fail(run->cli, rc, "PIN");
	}
	cli_secret_wipe(&secret);
	return code;
}

/* What the row says, and nothing else in its place. */
static int get_secret(struct verify_run *run, bool *reader_pin)
{
	struct cli *cli = run->cli;
	const bool pin = cli_secret_given(cli, "pin"), on_reader = cli_given(cli, "reader-pin");
	const bool printed = cli_secret_given(cli, "can") || cli_secret_given(cli, "mrz");
	int code = 0;

	if (run->service.access == SJ_SERVICE_CAN)
		return pin || on_reader ? cli_usage(cli, "%s asks for the CAN, not the PIN",
						    run->service.name)
					: verify_get_access(run);
	if (printed || (pin && on_reader))
		return cli_usage(cli, "%s asks for the holder's PIN, %s", run->service.name,
				 printed ? "not for what is printed on the card"
					 : "once: from a file or on the reader");
	*reader_pin = on_reader;
	if (!on_reader && !pin) {
		code = verify_open_card(run);
		*reader_pin = code == 0 && sj_card_takes_pin(run->card, PAD_MS);
	}
	if (code != 0 || !*reader_pin)
		return code != 0 ? code : read_pin(run);
	cli_note(cli, "%s needs the holder's PIN: type it on the reader.", run->service.name);
	return 0;
}

static int fail(struct verify_run *run, enum sj_rc rc)
{
	struct sj_terminal_info info = { .size = sizeof(info) };

	if (rc == SJ_TERMINAL_FILES && run->terminal == NULL)
		return cli_fail(run->cli, rc,
				"this is an eID card, which tells nothing to who has no terminal: "
				"give --terminal DIR");
	if (rc == SJ_RIGHT_REFUSED && run->terminal != NULL &&
	    sj_terminal_get_info(run->terminal, &info))
		return cli_fail(run->cli, rc, "%s is the terminal of service %u, not of %s (%u)",
				info.holder, info.service, run->service.name, run->service.id);
	return verify_fail_card(run, rc);
}

int verify_service(struct verify_run *run)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	enum sj_rc rc;
	int code = find_service(run);

	if (code == 0)
		code = read_only(run, &options.only);
	if (code == 0)
		code = open_terminal(run);
	if (code == 0)
		code = verify_record_begin(run, &options);
	if (code == 0)
		code = get_secret(run, &options.reader_pin);
	if (code == 0)
		code = verify_open_card(run);
	if (code != 0)
		return code;
	options.timeout_ms = cli_timeout_ms(run->cli);
	options.short_only = cli_given(run->cli, "short");
	rc = sj_service_verify(run->card, run->trust, run->terminal, &run->service, run->access,
			       &options, &run->answer);
	code = verify_record(run, rc);
	return rc == SJ_OK || code != 0 ? code : fail(run, rc);
}

/* --- for people ------------------------------------------------------------------- */

/* "age-over-18" is "age over 18" to people. */
static void show_data(struct verify_run *run)
{
	struct sj_datum datum = { .size = sizeof(datum) };
	const uint8_t *bytes;
	const char *mime;
	char label[32];
	size_t len;

	cli_print(run->cli, "\n");
	for (size_t i = 0; sj_answer_datum(run->answer, i, &datum); i++) {
		snprintf(label, sizeof(label), "%s", datum.name);
		for (char *dash = label; (dash = strchr(dash, '-')) != NULL;)
			*dash = ' ';
		cli_print(run->cli, "  %-18s %s\n", label, datum.value);
	}
	if (sj_answer_portrait(run->answer, &bytes, &len, &mime))
		cli_print(run->cli, "  %-18s %s, %zu bytes%s\n", "portrait", mime, len,
			  cli_given(run->cli, "portrait-out") ? "" : " (--portrait-out FILE)");
	if (sj_answer_fingerprint(run->answer, &bytes, &len))
		cli_print(run->cli, "  %-18s %zu bytes\n", "fingerprint", len);
}

static void show_rights(struct cli *cli, const char *word, uint32_t rights)
{
	char text[CLI_RIGHTS_TEXT];

	if (rights != 0)
		cli_line(cli, CLI_MARK_PLAIN, word, "%s",
			 cli_rights_text(rights, text, sizeof(text)));
}

static uint32_t ages(void)
{
	uint32_t bit, all = 0;
	const char *name;

	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (strncmp(name, "age-over-", 9) == 0)
			all |= bit;
	return all;
}

static void show_limit(struct verify_run *run, const struct sj_answer_info *info)
{
	const uint32_t unasked = info->eid ? info->absent & ages() : 0;

	cli_line(run->cli, CLI_MARK_PLAIN, "service", "%s (%s)", run->service.name,
		 sj_sector_name(run->service.sector));
	cli_line(run->cli, CLI_MARK_PLAIN, "limit", "kept by %s",
		 info->enforced_by == SJ_LIMIT_CARD
			 ? "the card: it tells no more than the terminal's certificate allows"
			 : "this terminal: a plain document would tell anybody all of it");
	if (info->granted == 0) {
		cli_line(run->cli, CLI_MARK_PLAIN, "told", "nothing, with this verdict");
		return;
	}
	show_rights(run->cli, "not allowed", info->asked & ~info->granted);
	show_rights(run->cli, "not on card", info->absent & ~unasked);
	show_rights(run->cli, "not asked", unasked);
	if (unasked != 0)
		cli_note(run->cli, "An eID card compares one age at a time, here the greatest: "
				   "--only asks for another.");
}

static void show(struct verify_run *run, const struct sj_answer_info *info,
		 const struct sj_statistics *statistics)
{
	struct sj_check check = { .size = sizeof(check) };

	verify_show_verdict(run->cli, sj_answer_verdict(run->answer),
			    sj_answer_reason(run->answer));
	show_limit(run, info);
	cli_print(run->cli, "\n");
	for (unsigned i = 0; i < SJ_ANSWER_CHECKS; i++)
		if (sj_answer_get_check(run->answer, (enum sj_answer_check)i, &check))
			verify_show_check(run->cli, &check,
					  sj_answer_check_name((enum sj_answer_check)i));
	show_data(run);
	if (run->record != 0)
		cli_print(run->cli, "\n  %-18s record %llu of the journal\n", "evidence",
			  (unsigned long long)run->record);
	verify_show_statistics(run->cli, statistics);
}

/* --- for programs ------------------------------------------------------------------- */

static json_t *checks_json(const struct sj_answer *answer)
{
	struct sj_check check = { .size = sizeof(check) };
	json_t *rows = json_array();

	for (unsigned i = 0; i < SJ_ANSWER_CHECKS; i++)
		if (sj_answer_get_check(answer, (enum sj_answer_check)i, &check))
			json_array_append_new(
				rows,
				verify_check_json(&check, "check",
						  sj_answer_check_name((enum sj_answer_check)i)));
	return rows;
}

static json_t *data_json(const struct sj_answer *answer)
{
	struct sj_datum datum = { .size = sizeof(datum) };
	json_t *rows = json_array();

	for (size_t i = 0; sj_answer_datum(answer, i, &datum); i++)
		json_array_append_new(
			rows, json_pack("{s:s, s:s}", "name", datum.name, "value", datum.value));
	return rows;
}

static json_t *portrait_json(const struct sj_answer *answer)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	if (!sj_answer_portrait(answer, &bytes, &len, &mime))
		return json_null();
	return json_pack("{s:s, s:I}", "mime", mime, "bytes", (json_int_t)len);
}

static const char *proof_name(const struct sj_answer *answer)
{
	struct sj_proof proof = { .size = sizeof(proof) };

	if (!sj_answer_proof(answer, &proof) || proof.kind == SJ_PROOF_NONE)
		return "none";
	return proof.kind == SJ_PROOF_SIGNED ? "signed" : "agreed";
}

static int print_json(struct verify_run *run, const struct sj_answer_info *info,
		      const struct sj_statistics *statistics)
{
	const struct sj_answer *answer = run->answer;
	json_t *service =
		json_pack("{s:i, s:s, s:s}", "id", (int)run->service.id, "name", run->service.name,
			  "sector", sj_sector_name(run->service.sector));
	json_t *rights =
		json_pack("{s:o, s:o, s:o}", "asked", cli_rights_json(info->asked), "granted",
			  cli_rights_json(info->granted), "absent", cli_rights_json(info->absent));

	return cli_json_print(
		run->cli, 1,
		json_pack("{s:o, s:s, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:s, s:I, s:o, s:o}",
			  "service", service, "verdict", sj_verdict_name(sj_answer_verdict(answer)),
			  "reason", verify_reason_json(sj_answer_reason(answer)), "checks",
			  checks_json(answer), "eid", info->eid, "limit",
			  info->enforced_by == SJ_LIMIT_CARD ? "card" : "terminal", "rights",
			  rights, "data", data_json(answer), "portrait", portrait_json(answer),
			  "proof", proof_name(answer), "statusEpoch",
			  (json_int_t)info->status_epoch, "record",
			  run->record != 0 ? json_integer((json_int_t)run->record) : json_null(),
			  "statistics", verify_statistics_json(statistics)));
}

int verify_service_tell(struct verify_run *run)
{
	struct sj_answer_info info = { .size = sizeof(info) };
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	if (!sj_answer_get_info(run->answer, &info) ||
	    !sj_answer_statistics(run->answer, &statistics))
		return cli_fail(run->cli, SJ_INTERNAL, NULL);
	if (cli_json(run->cli))
		return print_json(run, &info, &statistics);
	show(run, &info, &statistics);
	return 0;
}
