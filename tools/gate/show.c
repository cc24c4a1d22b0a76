/* show.c -- records as JSON: the lines of `gate run` and of `journal export`. */
#include <stdio.h>
#include <string.h>

#include "gate/tool.h"

static json_t *reason_json(enum sj_rc rc)
{
	const struct sj_failure *f = sj_failure_find(rc);

	return json_pack("{s:s, s:s}", "id", cli_failure_id(rc).text, "name",
			 f != NULL ? f->name : "unknown");
}

static json_t *reasons_json(const struct sj_gate_verdict *v)
{
	json_t *array = json_array();

	for (size_t i = 0; i < SJ_GATE_REASONS && v->reasons[i] != SJ_OK; i++)
		json_array_append_new(array, reason_json(v->reasons[i]));
	return array;
}

static json_t *ages_json(const struct sj_gate_verdict *v)
{
	json_t *array = json_array();

	for (size_t i = 0; sj_gate_age_at(i) != 0; i++) {
		if ((v->ages & 1u << i) != 0)
			json_array_append_new(array, json_integer((json_int_t)sj_gate_age_at(i)));
	}
	return array;
}

static json_t *times_json(const struct sj_gate_times *t)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:i}", "select", (json_int_t)t->select_us,
			 "card", (json_int_t)t->card_us, "gate", (json_int_t)t->gate_us, "decision",
			 (json_int_t)t->decision_us, "complete", (json_int_t)t->complete_us,
			 "commands", (int)t->apdus);
}

static void add_personal(json_t *object, const struct sj_gate_verdict *v)
{
	char pseudonym[2 * sizeof(v->pseudonym) + 1];
	const char *class = gate_class_name(v->holder_class);

	gate_hex(v->pseudonym, sizeof(v->pseudonym), pseudonym);
	json_object_set_new(object, "pseudonym",
			    v->pseudonym_known ? json_string(pseudonym) : json_null());
	json_object_set_new(object, "class", class != NULL ? json_string(class) : json_null());
	json_object_set_new(object, "ages", ages_json(v));
}

static void add_tap(json_t *object, const struct sj_journal_record *r)
{
	json_object_set_new(object, "reader", json_string(r->reader));
	if (!r->decided) {
		json_object_set_new(object, "failure", reason_json(r->rc));
		return;
	}
	json_object_set_new(object, "decision",
			    json_string(sj_gate_decision_name(r->verdict.decision)));
	json_object_set_new(object, "reasons", reasons_json(&r->verdict));
	json_object_set_new(object, "resumed", json_boolean(r->verdict.resumed));
	json_object_set_new(object, "staple", json_boolean(r->verdict.from_staple));
	add_personal(object, &r->verdict);
	json_object_set_new(object, "microseconds", times_json(&r->times));
}

json_t *gate_record_json(const struct sj_journal_record *r)
{
	const char *kind = sj_journal_kind_name(r->kind);
	json_t *object = json_pack("{s:s, s:s}", "event", kind != NULL ? kind : "unknown", "time",
				   cli_time_text(r->time).text);

	if (object == NULL)
		return NULL;
	if (r->number != 0)
		json_object_set_new(object, "number", json_integer((json_int_t)r->number));
	if (r->kind == SJ_JOURNAL_TAP) {
		add_tap(object, r);
	} else if (r->kind == SJ_JOURNAL_GAP) {
		json_object_set_new(object, "lost",
				    r->lost != 0 ? json_integer(r->lost) : json_null());
		json_object_set_new(object, "since", json_string(cli_time_text(r->since).text));
	} else if (r->kind == SJ_JOURNAL_TRUST && r->rc != SJ_OK) {
		json_object_set_new(object, "failure", reason_json(r->rc));
	}
	if (r->erased)
		json_object_set_new(object, "erased", json_true());
	return object;
}
