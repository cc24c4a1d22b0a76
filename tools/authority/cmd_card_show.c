/* cmd_card_show.c -- authority card-show. */
#include <stdio.h>
#include <string.h>

#include "authority/cardvisit.h"
#include "authority/commands.h"
#include "secure/gate.h"
#include "wire/hex.h"
#include "wire/piv.h"
#include "wire/std/icao9303.h"

#define TAG_KEYS 0x00E0u
#define TAG_CPLC 0x9F7Fu
#define TYPE_AES 0x88u

struct shown {
	struct cardstatus_key keys[CARDVISIT_KEYS];
	size_t key_count;
	char cplc[2 * CARDVISIT_CPLC + 1];
};

static int read_keys(struct cardvisit *v, struct shown *s)
{
	struct sj_span in = { NULL, 0 };
	int rc = cardvisit_data(v, TAG_KEYS, &in);

	while (rc == 0 && in.len > 0 && s->key_count < CARDVISIT_KEYS) {
		if (!cardstatus_take_key(&in, &s->keys[s->key_count++]))
			rc = cli_fail(v->cli, SJ_CARD_ANSWER, "key information");
	}
	return rc;
}

static int read_cplc(struct cardvisit *v, struct shown *s)
{
	struct sj_span cplc = { NULL, 0 };
	int rc = cardvisit_data(v, TAG_CPLC, &cplc);

	if (rc == 0 && !sj_hex_text(cplc, SJ_HEX_UPPER, s->cplc, sizeof(s->cplc)))
		rc = cli_fail(v->cli, SJ_CARD_ANSWER, "CPLC");
	return rc;
}

/* What people call it; "": unknown. */
static const char *aid_name(struct sj_span aid)
{
	if (sj_span_eq(aid, SJ_AID_LDS1))
		return "identity";
	if (sj_span_eq(aid, sj_piv_aid()))
		return "key";
	return sj_span_eq(aid, sj_gate_aid()) ? "gate" : "";
}

static bool is_locked(const struct cardstatus_entry *e)
{
	return (e->state & CARDSTATUS_APPLICATION_LOCKED) != 0;
}

struct aid_text {
	char text[2 * CARDSTATUS_AID_MAX + 1];
};

static struct aid_text aid_text(const struct cardstatus_entry *e)
{
	struct aid_text t = { "" };

	sj_hex_text(sj_span(e->aid, e->aid_len), SJ_HEX_UPPER, t.text, sizeof(t.text));
	return t;
}

static json_t *applications_json(const struct cardvisit *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->application_count; i++) {
		const struct cardstatus_entry *e = &v->applications[i];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:b}", "aid", aid_text(e).text,
						"name", aid_name(sj_span(e->aid, e->aid_len)),
						"state", cardstatus_application_name(e->state),
						"locked", (int)is_locked(e)));
	}
	return list;
}

static json_t *keys_json(const struct shown *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->key_count; i++)
		json_array_append_new(
			list, json_pack("{s:i, s:i, s:i, s:i}", "version", (int)s->keys[i].version,
					"id", (int)s->keys[i].id, "type", (int)s->keys[i].type,
					"bits", 8 * (int)s->keys[i].size));
	return list;
}

static int show_json(const struct cardvisit *v, const struct shown *s)
{
	return cli_json_print(v->cli, 1,
			      json_pack("{s:s, s:s, s:i, s:o, s:o, s:i, s:s, s:o}", "serial",
					v->serial, "state", cardstatus_card_name(v->state),
					"keyVersion", (int)v->channel.version, "master",
					v->found.master != 0
						? json_sprintf("card-master-%u", v->found.master)
						: json_null(),
					"keys", keys_json(s), "scp03", (int)v->channel.i, "cplc",
					s->cplc, "applications", applications_json(v)));
}

static void show_text(const struct cardvisit *v, const struct shown *s)
{
	char from[32] = "transport keys";

	if (v->found.master != 0)
		snprintf(from, sizeof(from), "card-master-%u", v->found.master);
	cli_print(v->cli, "card %s  %s\n", v->serial, cardstatus_card_name(v->state));
	cli_print(v->cli, "keys of version %02X (%s), SCP03 with i = %02X\n", v->channel.version,
		  from, v->channel.i);
	for (size_t i = 0; i < s->key_count; i++)
		cli_print(v->cli, "  %02X/%02X  %s-%d\n", s->keys[i].version, s->keys[i].id,
			  s->keys[i].type == TYPE_AES ? "AES" : "?", 8 * (int)s->keys[i].size);
	cli_print(v->cli, "CPLC %s\n", s->cplc);
	for (size_t i = 0; i < v->application_count; i++) {
		const struct cardstatus_entry *e = &v->applications[i];

		cli_print(v->cli, "  %-24s %-8s %s%s\n", aid_text(e).text,
			  aid_name(sj_span(e->aid, e->aid_len)),
			  cardstatus_application_name(e->state), is_locked(e) ? ", locked" : "");
	}
}

static int show(struct cardvisit *v)
{
	struct shown s = { .key_count = 0 };
	int rc = cardvisit_status(v);

	if (rc == 0)
		rc = read_keys(v, &s);
	if (rc == 0)
		rc = read_cplc(v, &s);
	if (rc == 0 && cli_json(v->cli))
		return show_json(v, &s);
	if (rc == 0)
		show_text(v, &s);
	return rc;
}

static int show_run(struct cli *cli)
{
	return cardvisit_run(cli, CARDVISIT_ASKS, show);
}

static const struct cli_option show_options[] = {
	CARDVISIT_OPTIONS,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static const struct cli_positional show_positionals[] = {
	CARDVISIT_POSITIONALS,
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const char *const show_examples[] = {
	"sojourn authority card show utopia",
	"sojourn authority card show utopia --exec -- sojourn card run anna.card --link stdio",
	NULL,
};

const struct cli_command authority_card_show_command = {
	.noun = "authority",
	.verb = "card-show",
	.summary = "what a card of this authority is: its state, keys and applications",
	.description = "Everything comes through the secure channel, so that it is the card that\n"
		       "tells it. Nothing on the card changes.",
	.features = CLI_JSON | CARDVISIT_FEATURES,
	.options = show_options,
	.positionals = show_positionals,
	.examples = show_examples,
	.failures = cardvisit_failures,
	.run = show_run,
};
