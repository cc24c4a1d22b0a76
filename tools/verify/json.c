/* json.c -- a report for programs. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "verify/verify.h"

static json_t *id_or_null(enum sj_rc rc)
{
	return rc == SJ_OK ? json_null() : json_string(cli_failure_id(rc).text);
}

json_t *verify_reason_json(enum sj_rc rc)
{
	const struct sj_failure *failure = sj_failure_find(rc);

	if (failure == NULL)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s}", "id", cli_failure_id(rc).text, "name",
			 failure->name, "text", failure->text, "action", failure->action);
}

json_t *verify_check_json(const struct sj_check *check, const char *kind, const char *name)
{
	return json_pack("{s:s, s:s, s:o, s:s}", kind, name, "state",
			 sj_check_state_name(check->state), "reason", id_or_null(check->reason),
			 "detail", check->detail);
}

static json_t *checks(const struct sj_report *report)
{
	struct sj_check check = { .size = sizeof(check) };
	json_t *rows = json_array();

	for (int id = 0; id < SJ_CHECK_COUNT; id++)
		if (sj_report_check(report, (enum sj_check_id)id, &check))
			json_array_append_new(
				rows, verify_check_json(&check, "check",
							sj_check_name((enum sj_check_id)id)));
	return rows;
}

/* Groups of which there is something to say. */
static json_t *groups(const struct sj_report *report)
{
	struct sj_check check = { .size = sizeof(check) };
	json_t *rows = json_array();
	char name[8];

	for (unsigned dg = 1; dg <= 16; dg++) {
		if (!sj_report_group(report, dg, &check) || check.state == SJ_CHECK_NOT_DONE)
			continue;
		snprintf(name, sizeof(name), "DG%u", dg);
		json_array_append_new(rows, verify_check_json(&check, "group", name));
	}
	return rows;
}

static json_t *holder(const struct sj_report *report)
{
	struct verify_holder holder;
	json_t *object;

	if (!verify_holder(report, &holder))
		return json_null();
	object = json_object();
	for (const struct verify_field *f = holder.fields; f < holder.fields + VERIFY_FIELDS; f++)
		if (f->value[0] != '\0')
			json_object_set_new(object, f->key, json_string(f->value));
	explicit_bzero(&holder, sizeof(holder));
	return object;
}

static json_t *portrait(const struct sj_report *report)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	if (!sj_report_portrait(report, &bytes, &len, &mime))
		return json_null();
	return json_pack("{s:s, s:I}", "mime", mime, "bytes", (json_int_t)len);
}

json_t *verify_statistics_json(const struct sj_statistics *s)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:s}", "access",
			 s->access, "signer", s->signer, "country", s->country, "apdus",
			 (json_int_t)s->apdus, "bytesSent", (json_int_t)s->bytes_sent,
			 "bytesReceived", (json_int_t)s->bytes_received, "wallMs",
			 (json_int_t)s->wall_ms, "cardMs", (json_int_t)s->card_ms, "extendedLength",
			 s->extended_length, "clockBehind", s->clock_behind, "timeUsed",
			 cli_time_text(s->time_used).text);
}

int verify_json(struct cli *cli, const struct sj_report *report)
{
	struct sj_statistics s = { .size = sizeof(s) };

	if (!sj_report_statistics(report, &s))
		return cli_fail(cli, SJ_INTERNAL, NULL);
	return cli_json_print(cli, 1,
			      json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict",
					sj_verdict_name(sj_report_verdict(report)), "reason",
					verify_reason_json(sj_report_reason(report)), "checks",
					checks(report), "groups", groups(report), "holder",
					holder(report), "portrait", portrait(report), "statistics",
					verify_statistics_json(&s)));
}
