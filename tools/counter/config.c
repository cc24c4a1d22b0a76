/* config.c -- sojourn-counter.conf(5): a table of keys for the counter, another for its targets. */
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

#define SECTION "counter"
#define TARGET "target "
#define DEFAULT_FILE "/etc/sojourn/counter.conf"
#define DEFAULT_STATE "/var/lib/sojourn/counter"
#define DEFAULT_PORT 7410u
#define DAY 86400u

enum kind { TEXT, DURATION, PORT, ADDRESS };

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define OF(member) offsetof(struct counter_config, member)
static const struct key counter_keys[] = {
	{ "address", ADDRESS, OF(address) },
	{ "port", PORT, OF(port) },
	{ "state", TEXT, OF(state) },
	{ "service", TEXT, OF(service) },
	{ "terminal", TEXT, OF(terminal) },
	{ "journal", TEXT, OF(journal) },
	{ "reader", TEXT, OF(reader) },
	{ "api_token_file", TEXT, OF(api_token_file) },
	{ "read_timeout", DURATION, OF(read_timeout) },
	{ "forget_after", DURATION, OF(forget_after) },
	{ "retention", DURATION, OF(retention) },
	{ "activity", DURATION, OF(activity) },
	{ NULL, TEXT, 0 },
};
#undef OF
#define OF(member) offsetof(struct counter_target, member)
static const struct key target_keys[] = {
	{ "map", TEXT, OF(map) }, { "folder", TEXT, OF(folder) },
	{ "url", TEXT, OF(url) }, { "token_file", TEXT, OF(token_file) },
	{ NULL, TEXT, 0 },
};
#undef OF

/* --- values -------------------------------------------------------------------------- */

static bool set_text(char **text, const char *value)
{
	free(*text);
	*text = value[0] != '\0' ? strdup(value) : NULL;
	return *text != NULL || value[0] == '\0';
}

static bool set_port(unsigned *port, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n == 0 || n > 65535)
		return false;
	*port = (unsigned)n;
	return true;
}

static bool set(void *base, const struct key *key, const char *value)
{
	char *at = (char *)base + key->offset;
	uint32_t seconds;

	switch (key->kind) {
	case ADDRESS:
		if (strcmp(value, "127.0.0.1") != 0 && strcmp(value, "::1") != 0)
			return false;
		return set_text((char **)(void *)at, value);
	case PORT:
		return set_port((unsigned *)(void *)at, value);
	case DURATION:
		if (!cli_duration_parse(value, &seconds))
			return false;
		memcpy(at, &seconds, sizeof(seconds));
		return true;
	case TEXT:
	default:
		return set_text((char **)(void *)at, value);
	}
}

static const char *expected(enum kind kind)
{
	static const char *const texts[] = {
		"a text", "a duration like 90s, 10m, 24h, 7d", "a number from 1 to 65535",
		"127.0.0.1 or ::1: the counter serves this machine only"
	};

	return texts[kind];
}

/* --- sections ------------------------------------------------------------------------- */

/* Letters, digits, - and _. */
static bool is_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n > 0 && n < 64 && text[n] == '\0';
}

/* The target of that name, made when it is new; NULL: no room. */
static struct counter_target *target_of(struct counter_config *c, const char *name)
{
	for (size_t i = 0; i < c->targets_n; i++) {
		if (strcmp(c->targets[i].name, name) == 0)
			return &c->targets[i];
	}
	if (c->targets_n == COUNTER_TARGETS_MAX || !set_text(&c->targets[c->targets_n].name, name))
		return NULL;
	return &c->targets[c->targets_n++];
}

static int handle(void *user, const char *section, const char *name, const char *value,
		  char problem[static CLI_PROBLEM_MAX])
{
	const struct key *key = counter_keys;
	void *base = user;

	if (strncmp(section, TARGET, strlen(TARGET)) == 0 && is_name(section + strlen(TARGET))) {
		key = target_keys;
		base = target_of(user, section + strlen(TARGET));
	} else if (strcmp(section, SECTION) != 0) {
		snprintf(problem, CLI_PROBLEM_MAX, "'%.40s' is not in [counter] or [target NAME]",
			 name);
		return 0;
	}
	while (key->name != NULL && strcmp(key->name, name) != 0)
		key++;
	if (base == NULL)
		snprintf(problem, CLI_PROBLEM_MAX, "more than %u targets", COUNTER_TARGETS_MAX);
	else if (key->name == NULL)
		snprintf(problem, CLI_PROBLEM_MAX, "unknown key '%.40s'", name);
	else if (!set(base, key, value))
		snprintf(problem, CLI_PROBLEM_MAX, "%s = %.40s: must be %s", name, value,
			 expected(key->kind));
	return problem[0] == '\0';
}

/* --- all of it ------------------------------------------------------------------------- */

static bool set_defaults(struct cli *cli, struct counter_config *c)
{
	const char *reader = cli_setting(cli, "reader"), *terminal = cli_setting(cli, "terminal"),
		   *journal = cli_setting(cli, "journal");

	*c = (struct counter_config){ .port = DEFAULT_PORT,
				      .read_timeout = 30,
				      .forget_after = 600,
				      .retention = 7 * DAY,
				      .activity = DAY / 2 };
	return set_text(&c->address, "127.0.0.1") && set_text(&c->state, DEFAULT_STATE) &&
	       set_text(&c->trust, cli_setting(cli, "trust")) &&
	       set_text(&c->terminal, terminal != NULL ? terminal : "") &&
	       set_text(&c->journal, journal != NULL ? journal : "") &&
	       set_text(&c->reader, reader != NULL ? reader : "");
}

/* What options say is the last word. */
static bool override(struct cli *cli, struct counter_config *c)
{
	const char *state = cli_value(cli, "state"), *service = cli_value(cli, "service");

	return (state == NULL || set_text(&c->state, state)) &&
	       (service == NULL || set_text(&c->service, service)) &&
	       (!cli_given(cli, "reader") || set_text(&c->reader, cli_value(cli, "reader")));
}

int counter_config_load(struct cli *cli, struct counter_config *out)
{
	const char *file = cli_value(cli, "config");
	unsigned long port;
	int rc;

	if (!set_defaults(cli, out))
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_ini_load(cli, file != NULL ? file : DEFAULT_FILE, file != NULL, handle, out);
	port = out->port;
	if (rc == 0)
		rc = cli_number(cli, "port", 1, 65535, &port);
	out->port = (unsigned)port;
	if (rc != 0)
		return rc;
	if (!override(cli, out))
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (out->state == NULL || out->trust == NULL || out->address == NULL)
		return cli_fail(cli, SJ_INPUT_REFUSED,
				"configuration: state, trust and address may not be empty");
	for (size_t i = 0; i < out->targets_n; i++) {
		if ((out->targets[i].folder == NULL) == (out->targets[i].url == NULL))
			return cli_fail(
				cli, SJ_INPUT_REFUSED,
				"configuration: [target %s] needs a folder or a url, not both",
				out->targets[i].name);
	}
	return 0;
}

static void free_texts(void *base, const struct key *keys)
{
	for (; keys->name != NULL; keys++) {
		if (keys->kind == TEXT || keys->kind == ADDRESS)
			set_text((char **)(void *)((char *)base + keys->offset), "");
	}
}

void counter_config_free(struct counter_config *config)
{
	free_texts(config, counter_keys);
	set_text(&config->trust, "");
	for (size_t i = 0; i < config->targets_n; i++) {
		free_texts(&config->targets[i], target_keys);
		free(config->targets[i].name);
		json_decref(config->targets[i].fields);
		free(config->targets[i].curl);
	}
	config->targets_n = 0;
}

struct counter_path counter_path(const struct counter_config *config, const char *name)
{
	struct counter_path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", config->state, name);
	return path;
}
