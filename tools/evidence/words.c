/* words.c -- a record as text and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "evidence/tool.h"

static const char *proof_name(enum sj_proof_kind kind)
{
	static const char *const names[] = { "none", "signed", "agreed" };

	return (size_t)kind < 3 ? names[kind] : "?";
}

static json_t *hex_json(const uint8_t *bytes, size_t len)
{
	char text[2 * 32 + 1] = "";

	for (size_t i = 0; i < len && i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

static json_t *reason_json(enum sj_rc rc)
{
	const struct sj_failure *f = sj_failure_find(rc);

	if (rc == SJ_OK)
		return json_null();
	return json_pack("{s:s, s:s}", "id", cli_failure_id(rc).text, "name",
			 f != NULL ? f->name : "unknown");
}

static json_t *time_json(int64_t when)
{
	return when != 0 ? json_string(evidence_time(when).text) : json_null();
}

static json_t *checks_json(const struct sj_evidence_info *i)
{
	json_t *object = json_object();

	for (size_t k = 0; k < SJ_ANSWER_CHECKS; k++)
		json_object_set_new(object, sj_answer_check_name((enum sj_answer_check)k),
				    json_pack("{s:s, s:o}", "state",
					      sj_check_state_name(i->checks[k].state), "reason",
					      reason_json(i->checks[k].reason)));
	return object;
}

static void add_verification(json_t *o, const struct sj_evidence_info *i)
{
	json_object_set_new(o, "service",
			    json_pack("{s:i, s:i, s:s}", "id", (int)i->service, "sector",
				      (int)i->sector, "name", i->name));
	json_object_set_new(o, "terminal",
			    i->terminal[0] != '\0' ? json_string(i->terminal) : json_null());
	json_object_set_new(o, "terminalHash",
			    i->terminal[0] != '\0'
				    ? hex_json(i->terminal_hash, sizeof(i->terminal_hash))
				    : json_null());
	json_object_set_new(o, "believedTime", time_json(i->time));
	json_object_set_new(o, "verdict",
			    i->answered ? json_string(sj_verdict_name(i->verdict)) : json_null());
	json_object_set_new(o, "eid", json_boolean(i->eid));
	json_object_set_new(o, "enforcedBy",
			    json_string(i->enforced_by == SJ_LIMIT_CARD ? "card" : "terminal"));
	json_object_set_new(o, "asked", cli_rights_json(i->asked));
	json_object_set_new(o, "read", cli_rights_json(i->granted & ~i->absent));
	json_object_set_new(o, "absent", cli_rights_json(i->absent));
	json_object_set_new(o, "kept", cli_rights_json(i->kept));
	json_object_set_new(o, "checks", checks_json(i));
	json_object_set_new(o, "statusEpoch",
			    i->status_epoch != 0 ? json_integer(i->status_epoch) : json_null());
	json_object_set_new(o, "challenge",
			    i->proof == SJ_PROOF_SIGNED
				    ? hex_json(i->challenge, sizeof(i->challenge))
				    : json_null());
	json_object_set_new(o, "sealedTo",
			    i->due != 0 ? hex_json(i->operator_id, sizeof(i->operator_id))
					: json_null());
	json_object_set_new(o, "due", time_json(i->due));
}

json_t *evidence_json(const struct sj_evidence_info *i)
{
	json_t *o = json_pack("{s:I, s:s, s:s, s:b, s:o, s:s, s:s, s:b, s:b}", "number",
			      (json_int_t)i->number, "kind", sj_journal_kind_name(i->kind),
			      "recorded", evidence_time(i->recorded).text, "answered", i->answered,
			      "reason", reason_json(i->reason), "proof", proof_name(i->proof),
			      "claims", sj_evidence_strength_name(i->claimed), "sealed", i->sealed,
			      "erased", i->erased);

	if (o != NULL && i->kind == SJ_JOURNAL_VERIFICATION)
		add_verification(o, i);
	return o;
}

json_t *evidence_kept_json(const struct sj_kept *kept)
{
	struct sj_datum d = { .size = sizeof(d) };
	json_t *data = json_array();
	const uint8_t *bytes;
	const char *mime = NULL;
	size_t len = 0;

	for (size_t i = 0; sj_kept_datum(kept, i, &d); i++)
		json_array_append_new(data,
				      json_pack("{s:s, s:s}", "name", d.name, "value", d.value));
	return json_pack("{s:o, s:o}", "data", data, "portrait",
			 sj_kept_portrait(kept, &bytes, &len, &mime)
				 ? json_pack("{s:s, s:I}", "type", mime, "bytes", (json_int_t)len)
				 : json_null());
}

/* --- for people ------------------------------------------------------------------------- */

const char *evidence_outcome(const struct sj_evidence_info *i)
{
	if (i->kind == SJ_JOURNAL_TAP)
		return i->answered ? "tap" : "no answer";
	return i->answered ? sj_verdict_name(i->verdict) : "no answer";
}

static void print_rights(struct cli *cli, const char *what, uint32_t rights)
{
	char text[CLI_RIGHTS_TEXT];

	if (rights != 0)
		cli_print(cli, "  %-10s %s\n", what, cli_rights_text(rights, text, sizeof(text)));
}

static void print_kept_state(struct cli *cli, const struct sj_evidence_info *i)
{
	if (i->sealed && i->due != 0)
		cli_print(cli, "  %-10s until %s\n", "sealed", evidence_time(i->due).text);
	else if (i->sealed)
		cli_print(cli, "  %-10s pseudonym, class or ages\n", "sealed");
	else
		cli_print(cli, "  %-10s %s\n", "sealed", i->erased ? "erased" : "nothing");
}

void evidence_print(struct cli *cli, const struct sj_evidence_info *i)
{
	cli_print(cli, "record %llu, %s: %s\n", (unsigned long long)i->number,
		  evidence_time(i->recorded).text, evidence_outcome(i));
	if (i->reason != SJ_OK)
		cli_print(cli, "  %-10s %s [%s]\n", "because", sj_strerror(i->reason),
			  cli_failure_id(i->reason).text);
	if (i->kind == SJ_JOURNAL_VERIFICATION) {
		cli_print(cli, "  %-10s %s\n", "service", i->name);
		cli_print(cli, "  %-10s %s\n", "terminal",
			  i->terminal[0] != '\0' ? i->terminal : "none");
		print_rights(cli, "asked", i->asked);
		print_rights(cli, "read", i->granted & ~i->absent);
		print_rights(cli, "kept", i->kept);
		cli_print(cli, "  %-10s %s\n", "limited by",
			  i->enforced_by == SJ_LIMIT_CARD ? "the card" : "the terminal");
		if (i->status_epoch != 0)
			cli_print(cli, "  %-10s epoch %u\n", "list", (unsigned)i->status_epoch);
	}
	print_kept_state(cli, i);
	cli_print(cli, "  %-10s %s\n", "claims", sj_evidence_strength_name(i->claimed));
}

void evidence_kept_print(struct cli *cli, const struct sj_kept *kept)
{
	struct sj_datum d = { .size = sizeof(d) };
	const uint8_t *bytes;
	const char *mime = NULL;
	size_t len = 0;

	for (size_t i = 0; sj_kept_datum(kept, i, &d); i++)
		cli_print(cli, "  %s: %s\n", d.name, d.value);
	if (sj_kept_portrait(kept, &bytes, &len, &mime))
		cli_print(cli, "  portrait: %s, %zu bytes\n", mime, len);
}
