/* view.c -- states and results in words, for the page and for programs. */
#include <string.h>
#include <time.h>

#include "counter/counter.h"

static json_t *id_or_null(enum sj_rc rc)
{
	return rc == SJ_OK ? json_null() : json_string(cli_failure_id(rc).text);
}

json_t *counter_reason_json(enum sj_rc rc)
{
	const struct sj_failure *f = sj_failure_find(rc);

	if (rc == SJ_OK)
		return json_null();
	if (f == NULL)
		f = sj_failure_find(SJ_INTERNAL);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", cli_failure_id(f->rc).text, "name",
			 f->name, "text", f->text, "cause", f->cause, "action", f->action,
			 "contact", f->contact);
}

json_t *counter_service_json(const struct counter_service *service)
{
	static const char *const access[] = { "none", "can", "pin" };

	return json_pack("{s:s, s:s, s:s, s:O, s:I}", "name", service->name, "sector",
			 service->sector, "access", access[service->access], "rights",
			 service->rights, "retention", (json_int_t)service->retention);
}

json_t *counter_presence_json(const struct counter_presence *presence)
{
	static const char *const places[] = { "starting", "no-service", "no-reader", "no-card",
					      "card" };
	static const enum sj_rc reasons[] = { SJ_OK, SJ_NO_PCSCD, SJ_NO_READER, SJ_OK, SJ_OK };
	enum sj_rc rc = reasons[presence->place];

	if (presence->place == COUNTER_NO_SERVICE && presence->rc != SJ_OK)
		rc = presence->rc;
	return json_pack("{s:s, s:s, s:I, s:o}", "place", places[presence->place], "name",
			 presence->reader, "events", (json_int_t)presence->events, "reason",
			 counter_reason_json(rc));
}

static json_t *checks(const struct counter_result *r)
{
	static const char *const names[SJ_ANSWER_CHECKS] = { "access", "terminal", "security",
							     "chip",   "expiry",   "status" };
	json_t *rows = json_array();

	for (size_t i = 0; i < SJ_ANSWER_CHECKS; i++) {
		if (!r->checked[i])
			continue;
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:o, s:s}", "check", names[i], "state",
						sj_check_state_name(r->checks[i].state), "reason",
						id_or_null(r->checks[i].reason), "detail",
						r->checks[i].detail));
	}
	return rows;
}

static json_t *data(const struct counter_result *r)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < r->data_n; i++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "name", r->data[i].name,
						      "value", r->data[i].value));
	return rows;
}

json_t *counter_result_json(const struct counter_result *r)
{
	bool read = r->rc == SJ_OK;

	return json_pack("{s:s, s:o, s:o, s:o, s:O?, s:s?, s:s?, s:I, s:I, s:b, s:o}", "verdict",
			 sj_verdict_name(read ? r->verdict : SJ_VERDICT_NONE), "reason",
			 counter_reason_json(read ? r->reason : r->rc), "checks", checks(r), "data",
			 data(r), "absent", r->absent, "source",
			 read ? r->info.eid ? "eid" : "document" : NULL, "enforcedBy",
			 read ? r->info.enforced_by == SJ_LIMIT_CARD ? "card" : "terminal" : NULL,
			 "wallMs", (json_int_t)r->statistics.wall_ms, "apdus",
			 (json_int_t)r->statistics.apdus, "clockBehind", r->statistics.clock_behind,
			 "evidence", counter_reason_json(r->evidence));
}
