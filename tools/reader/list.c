/* list.c -- `sojourn reader list` and `sojourn reader watch`. */
#include <string.h>

#include "reader/reader.h"

const char *reader_state(const struct sj_reader_info *info)
{
	if (!info->card_present)
		return "empty";
	return info->mute ? "mute" : "card";
}

static void hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0x0F];
	}
	*out = '\0';
}

json_t *reader_json(const struct sj_reader_info *info)
{
	char atr[2 * SJ_ATR_MAX + 1];

	hex(info->atr, info->atr_len, atr);
	return json_pack("{s:s, s:s, s:b, s:b, s:s}", "name", info->name, "state",
			 reader_state(info), "inUse", info->in_use, "exclusive", info->exclusive,
			 "atr", atr);
}

static void print_reader(struct cli *cli, const struct sj_reader_info *info)
{
	char atr[2 * SJ_ATR_MAX + 1];

	hex(info->atr, info->atr_len, atr);
	cli_line(cli, info->mute ? CLI_MARK_BAD : CLI_MARK_PLAIN, reader_state(info), "%s%s%s%s",
		 info->name, info->atr_len != 0 ? "  " : "", atr,
		 info->exclusive ? "  (another program has it alone)"
		 : info->in_use  ? "  (in use)"
				 : "");
}

/* --- list ------------------------------------------------------------------------ */

static int run_list(struct cli *cli)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_context *ctx = cli_context(cli);
	unsigned timeout = cli_timeout_ms(cli);
	struct sj_readers *list;
	json_t *array;
	enum sj_rc rc;

	if (!ctx)
		return cli_exit_code(cli);
	rc = sj_readers_list(ctx, timeout != 0 ? timeout : 5000, &list);
	if (rc == SJ_OK && sj_readers_count(list) == 0) {
		sj_readers_free(list);
		rc = SJ_NO_READER;
	}
	if (rc != SJ_OK)
		return cli_fail(cli, rc, NULL);
	array = json_array();
	for (size_t i = 0; sj_readers_get(list, i, &info); i++) {
		print_reader(cli, &info);
		json_array_append_new(array, reader_json(&info));
	}
	sj_readers_free(list);
	if (!cli_json(cli)) {
		json_decref(array);
		return 0;
	}
	return cli_json_print(cli, READER_SCHEMA, json_pack("{s:o}", "readers", array));
}

static const char *const list_examples[] = {
	"sojourn reader list # names, and what is in each",
	"sojourn reader list --json",
	NULL,
};
static const enum sj_rc list_failures[] = { SJ_NO_PCSCD, SJ_NO_READER, SJ_NOT_ALLOWED, SJ_OK };

const struct cli_command reader_list = {
	.noun = "reader",
	.verb = "list",
	.summary = "list the readers and whether a card is in them",
	.features = CLI_JSON | CLI_TIMEOUT,
	.examples = list_examples,
	.failures = list_failures,
	.run = run_list,
};

/* --- watch ------------------------------------------------------------------------- */

static int tell(struct cli *cli, const char *event, const struct sj_reader_info *info)
{
	json_t *object;

	if (!cli_json(cli)) {
		cli_line(cli, CLI_MARK_PLAIN, event, "%s", info->name);
		return 0;
	}
	object = reader_json(info);
	if (object)
		json_object_set_new(object, "event", json_string(event));
	return cli_json_line(cli, READER_SCHEMA, object);
}

static bool find(const struct sj_readers *list, const char *name, struct sj_reader_info *out)
{
	for (size_t i = 0; list && sj_readers_get(list, i, out); i++) {
		if (strcmp(out->name, name) == 0)
			return true;
	}
	return false;
}

/* What is new in `now`: readers, cards in and out. */
static int tell_new(struct cli *cli, const struct sj_readers *before, const struct sj_readers *now)
{
	struct sj_reader_info info = { .size = sizeof(info) }, old = { .size = sizeof(old) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && sj_readers_get(now, i, &info); i++) {
		bool known = find(before, info.name, &old);

		if (!known)
			rc = tell(cli, "reader", &info);
		if (rc == 0 && known && old.card_present)
			rc = info.card_present ? 0 : tell(cli, "card-out", &info);
		else if (rc == 0 && info.card_present)
			rc = tell(cli, info.mute ? "card-mute" : "card-in", &info);
	}
	return rc;
}

static int tell_gone(struct cli *cli, const struct sj_readers *before, const struct sj_readers *now)
{
	struct sj_reader_info info = { .size = sizeof(info) }, new = { .size = sizeof(new) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && before && sj_readers_get(before, i, &info); i++) {
		if (!find(now, info.name, &new))
			rc = tell(cli, "reader-gone", &info);
	}
	return rc;
}

static int run_watch(struct cli *cli)
{
	struct sj_context *ctx = cli_context(cli);
	struct sj_readers *before = NULL, *now = NULL;
	enum sj_rc rc;
	int code = 0;

	if (!ctx)
		return cli_exit_code(cli);
	while (code == 0) {
		rc = sj_readers_wait(ctx, before, cli_timeout_ms(cli), &now);
		if (rc != SJ_OK)
			break;
		code = tell_gone(cli, before, now);
		if (code == 0)
			code = tell_new(cli, before, now);
		sj_readers_free(before);
		before = now;
	}
	sj_readers_free(before);
	if (code != 0 || (rc == SJ_CANCELLED && cli_interrupted(cli)) || rc == SJ_TIMED_OUT)
		return code;
	return cli_fail(cli, rc, NULL);
}

static const char *const watch_examples[] = {
	"sojourn reader watch # until Ctrl-C",
	"sojourn reader watch --json --timeout 60 # ends when nothing happened for a minute",
	NULL,
};
static const enum sj_rc watch_failures[] = { SJ_NO_PCSCD, SJ_NOT_ALLOWED, SJ_OK };

const struct cli_command reader_watch = {
	.noun = "reader",
	.verb = "watch",
	.summary = "tell when readers and cards come and go",
	.features = CLI_JSON | CLI_TIMEOUT,
	.examples = watch_examples,
	.failures = watch_failures,
	.run = run_watch,
};
