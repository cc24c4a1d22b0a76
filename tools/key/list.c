/* list.c -- `sojourn key list`: the card, its PINs, its keys and their certificates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "key/key.h"

static const char *channel_text(enum sj_piv_channel channel)
{
	switch (channel) {
	case SJ_PIV_PLAIN:
		return "plain";
	case SJ_PIV_SECURE:
		return "secure-messaging";
	case SJ_PIV_VCI:
		return "virtual-contact";
	case SJ_PIV_PACE:
		return "pace";
	}
	return "plain";
}

static void hex_text(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static json_t *id_or_null(enum sj_rc rc)
{
	return rc == SJ_OK ? json_null() : json_string(cli_failure_id(rc).text);
}

static json_t *card_json(struct key_run *run, const struct sj_piv_info *info)
{
	char guid[2 * SJ_PIV_GUID + 1], version[16];

	hex_text(info->guid, SJ_PIV_GUID, guid);
	snprintf(version, sizeof(version), "%u.%u.%u", info->version[0], info->version[1],
		 info->version[2]);
	return json_pack("{s:s, s:o, s:o, s:o, s:b, s:s, s:o}", "reader", sj_card_reader(run->card),
			 "guid", info->has_guid ? json_string(guid) : json_null(), "version",
			 info->extensions ? json_string(version) : json_null(), "serial",
			 info->serial != 0 ? json_integer(info->serial) : json_null(),
			 "contactless", info->contactless, "channel", channel_text(info->channel),
			 "cvc", id_or_null(info->cvc));
}

static void show_card(struct key_run *run, const struct sj_piv_info *info)
{
	char guid[2 * SJ_PIV_GUID + 1];

	hex_text(info->guid, SJ_PIV_GUID, guid);
	cli_print(run->cli, "%s\n", sj_card_reader(run->card));
	cli_print(run->cli, "  card %s, over %s\n", info->has_guid ? guid : "without a GUID",
		  channel_text(info->channel));
	if (info->extensions)
		cli_print(run->cli, "  version %u.%u.%u, serial number %u\n", info->version[0],
			  info->version[1], info->version[2], (unsigned)info->serial);
	if (info->cvc != SJ_OK && info->cvc != SJ_UNDECIDED)
		cli_line(run->cli, CLI_MARK_BAD, "bad", "secure messaging: %s [%s]",
			 sj_strerror(info->cvc), cli_failure_id(info->cvc).text);
}

/* --- PINs ---------------------------------------------------------------------------- */

static json_t *count_or_null(int count)
{
	return count >= 0 ? json_integer(count) : json_null();
}

static void show_pin(struct cli *cli, const char *name, const struct sj_piv_pin_state *s)
{
	char tries[48] = "";

	if (s->tries_left >= 0 && s->tries >= 0)
		snprintf(tries, sizeof(tries), "%d of %d tries left", s->tries_left, s->tries);
	else if (s->tries_left >= 0)
		snprintf(tries, sizeof(tries), "%d tries left", s->tries_left);
	cli_line(cli,
		 s->blocked           ? CLI_MARK_BAD
		 : s->tries_left == 1 ? CLI_MARK_UNSURE
				      : CLI_MARK_PLAIN,
		 s->blocked ? "blocked" : "ready", "%-10s %s%s", name, tries,
		 s->is_default ? " (as delivered: change it)" : "");
}

static int list_pins(struct key_run *run, json_t *array)
{
	static const struct {
		enum sj_piv_pin pin;
		const char *word, *name;
	} pins[] = {
		{ SJ_PIV_PIN, "pin", "PIN" },
		{ SJ_PIV_GLOBAL_PIN, "global-pin", "global PIN" },
		{ SJ_PIV_PUK, "puk", "PUK" },
	};

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		struct sj_piv_pin_state s = { .size = sizeof(s) };
		enum sj_rc rc = sj_piv_pin_state(run->piv, pins[i].pin, &s);

		if (rc == SJ_KEY_ABSENT || rc == SJ_CARD_REFUSED)
			continue;
		if (rc != SJ_OK)
			return key_fail(run, rc, pins[i].name);
		show_pin(run->cli, pins[i].name, &s);
		json_array_append_new(
			array, json_pack("{s:s, s:b, s:b, s:o, s:o, s:b}", "pin", pins[i].word,
					 "verified", s.verified, "blocked", s.blocked, "triesLeft",
					 count_or_null(s.tries_left), "tries",
					 count_or_null(s.tries), "default", s.is_default));
	}
	return 0;
}

/* --- keys ------------------------------------------------------------------------------ */

static const char *day(int64_t when, char out[static 11])
{
	const time_t seconds = (time_t)when;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(out, 11, "%Y-%m-%d", &tm);
	return out;
}

static json_t *certificate_json(const struct sj_certificate_info *c)
{
	char from[11], until[11];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "subject", c->subject, "issuer",
			 c->issuer, "serial", c->serial, "notBefore", day(c->not_before, from),
			 "notAfter", day(c->not_after, until), "selfSigned", c->self_signed);
}

static const char *policy_text(const struct sj_piv_key_info *k)
{
	return k->pin_always ? "always" : k->pin_never ? "never" : "once";
}

static void show_key(struct cli *cli, uint8_t key, const struct sj_piv_key_info *k,
		     const struct sj_certificate_info *c)
{
	char ref[3], until[11];

	cli_print(cli, "%s  %s: %s, PIN %s%s\n", key_ref(key, ref), sj_piv_key_text(key),
		  sj_piv_algorithm_text(k->algorithm), policy_text(k),
		  k->generated ? ", made on this card" : "");
	if (c)
		cli_print(cli, "    %s, until %s, by %s\n", c->subject, day(c->not_after, until),
			  c->self_signed ? "itself" : c->issuer);
	else
		cli_print(cli, "    no certificate\n");
}

/* SJ_KEY_ABSENT: no certificate, or one that cannot be read. */
static enum sj_rc describe(struct key_run *run, uint8_t key, struct sj_certificate_info *out)
{
	uint8_t *der = NULL;
	size_t len;
	enum sj_rc rc = key_certificate_get(run, key, &der, &len);

	if (rc == SJ_OK)
		rc = sj_certificate_describe(der, len, out);
	free(der);
	return rc == SJ_INPUT_MALFORMED || rc == SJ_CARD_ANSWER || rc == SJ_PIN_NEEDED
		       ? SJ_KEY_ABSENT
		       : rc;
}

static int list_key(struct key_run *run, uint8_t key, json_t *array)
{
	struct sj_certificate_info c = { .size = sizeof(c) };
	struct sj_piv_key_info k = { .size = sizeof(k) };
	enum sj_rc rc = sj_piv_key_info(run->piv, key, &k);
	bool certified;
	char ref[3];

	if (rc == SJ_KEY_ABSENT || rc == SJ_CARD_ANSWER || rc == SJ_PIN_NEEDED)
		return 0;
	if (rc == SJ_OK)
		rc = describe(run, key, &c);
	if (rc != SJ_OK && rc != SJ_KEY_ABSENT)
		return key_fail(run, rc, key_ref(key, ref));
	certified = rc == SJ_OK;
	show_key(run->cli, key, &k, certified ? &c : NULL);
	json_array_append_new(array,
			      json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "key", key_ref(key, ref),
					"name", sj_piv_key_text(key), "algorithm",
					sj_piv_algorithm_text(k.algorithm), "pinPolicy",
					policy_text(&k), "generated", k.generated, "certificate",
					certified ? certificate_json(&c) : json_null()));
	return 0;
}

static int list(struct key_run *run, json_t *pins, json_t *keys)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	enum sj_rc rc = sj_piv_get_info(run->piv, &info);
	uint8_t key;
	int code;

	if (rc != SJ_OK)
		return key_fail(run, rc, sj_card_reader(run->card));
	show_card(run, &info);
	code = list_pins(run, pins);
	for (size_t i = 0; code == 0 && (key = sj_piv_key_at(i)) != 0; i++)
		code = list_key(run, key, keys);
	if (code == 0 && cli_json(run->cli))
		code = cli_json_print(run->cli, KEY_SCHEMA,
				      json_pack("{s:o, s:O, s:O}", "card", card_json(run, &info),
						"pins", pins, "keys", keys));
	return code;
}

static int run_list(struct cli *cli)
{
	json_t *pins = json_array(), *keys = json_array();
	struct key_run run;
	int code = key_open(&run, cli);

	if (code == 0)
		code = list(&run, pins, keys);
	json_decref(pins);
	json_decref(keys);
	key_close(&run);
	return code;
}

static const struct cli_option options[] = { KEY_OPEN_OPTIONS, { 0 } };
static const char *const examples[] = {
	"sojourn key list # what is on the card on the reader",
	"sojourn key list --json --can-file can.txt # for programs",
	NULL,
};
static const enum sj_rc failures[] = {
	SJ_NO_READER,          SJ_NO_CARD, SJ_NO_KEY_APPLICATION, SJ_SECRET_NEEDED, SJ_WRONG_CAN,
	SJ_WRONG_PAIRING_CODE, SJ_OK,
};

const struct cli_command key_list = {
	.noun = "key",
	.verb = "list",
	.summary = "show the card's keys, certificates and PINs",
	.description =
		"Asks the card; nothing is remembered and no try is spent. On a contactless reader\n"
		"the card is opened with its CAN or, by NIST SP 800-73, its pairing code; tries\n"
		"that it keeps back there are not counted.",
	.features = KEY_FEATURES | CLI_JSON,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run_list,
};
