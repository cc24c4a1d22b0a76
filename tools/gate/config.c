/* config.c -- sojourn-gate.conf(5): a table of keys. */
#include <stdlib.h>
#include <string.h>

#include "gate/tool.h"

#define SECTION "gate"
#define DEFAULT_FILE "/etc/sojourn/gate.conf"
#define DEFAULT_STATE "/var/lib/sojourn/gate"

/* --- values ------------------------------------------------------------------------ */

static bool take_number(const char **text, unsigned long max, unsigned long *out)
{
	const char *p = *text;
	unsigned long n = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (unsigned long)(*p - '0');
		if (n > max)
			return false;
	}
	*text = p;
	*out = n;
	return true;
}

/* The place of the word in a list that NULL ends; -1: it is not there. */
static int word_at(const char *text, size_t len, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strlen(words[i]) == len && strncmp(words[i], text, len) == 0)
			return i;
	}
	return -1;
}

static bool take_day(const char **text, unsigned *day)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", NULL };
	int i = strlen(*text) >= 3 ? word_at(*text, 3, days) : -1;

	if (i < 0)
		return false;
	*day = (unsigned)i;
	*text += 3;
	return true;
}

/* "Mon-Fri,Sun"; a range may run over Sunday. */
static bool take_days(const char **text, uint8_t *days)
{
	unsigned from, to;

	for (*days = 0;; (*text)++) {
		if (!take_day(text, &from))
			return false;
		to = from;
		if (**text == '-') {
			(*text)++;
			if (!take_day(text, &to))
				return false;
		}
		for (unsigned d = from;; d = (d + 1) % 7) {
			*days |= (uint8_t)(1u << d);
			if (d == to)
				break;
		}
		if (**text != ',')
			return true;
	}
}

static bool take_minute(const char **text, uint16_t *minute)
{
	unsigned long hours, minutes;

	if (!take_number(text, 24, &hours) || **text != ':')
		return false;
	(*text)++;
	if (!take_number(text, 59, &minutes) || (hours == 24 && minutes != 0))
		return false;
	*minute = (uint16_t)(hours * 60 + minutes);
	return true;
}

bool gate_window_parse(const char *text, struct sj_gate_window *out)
{
	struct sj_gate_window w = { 0, 0, 0 };

	if (!take_days(&text, &w.days) || *text != ' ')
		return false;
	text += strspn(text, " ");
	if (!take_minute(&text, &w.from) || *text++ != '-' || !take_minute(&text, &w.to) ||
	    *text != '\0' || w.from >= w.to)
		return false;
	*out = w;
	return true;
}

/* --- setters: false, the value is wrong ----------------------------------------------- */

static const char *const class_names[] = { "visitor", "resident", "permanent", "home-return",
					   NULL };

const char *gate_class_name(unsigned holder_class)
{
	return holder_class >= 1 && holder_class <= 4 ? class_names[holder_class - 1] : NULL;
}

static bool set_classes(struct gate_config *c, const char *value)
{
	unsigned classes = 0;

	while (*value != '\0') {
		size_t len = strcspn(value, ", ");
		int i = word_at(value, len, class_names);

		if (i < 0)
			return false;
		classes |= 1u << (i + 1);
		value += len;
		value += strspn(value, ", ");
	}
	c->policy.classes = classes;
	return true;
}

static bool set_min_age(struct gate_config *c, const char *value)
{
	unsigned long age;

	if (!take_number(&value, 150, &age) || *value != '\0')
		return false;
	c->policy.min_age = (unsigned)age;
	for (size_t i = 0; age != 0; i++) {
		if (sj_gate_age_at(i) == 0)
			return false;
		if (sj_gate_age_at(i) == age)
			break;
	}
	return true;
}

static bool set_when_stale(struct gate_config *c, const char *value)
{
	static const char *const words[] = { "ask", "refuse", "staple", NULL };
	int i = word_at(value, strlen(value), words);

	if (i >= 0)
		c->policy.when_stale = (enum sj_gate_when_stale)i;
	return i >= 0;
}

static bool set_windows(struct gate_config *c, const char *value)
{
	char window[64];

	c->policy.window_count = 0;
	while (*value != '\0') {
		size_t len = strcspn(value, ";");

		if (len >= sizeof(window) || c->policy.window_count == SJ_GATE_WINDOWS)
			return false;
		memcpy(window, value, len);
		window[len] = '\0';
		if (!gate_window_parse(window, &c->policy.windows[c->policy.window_count++]))
			return false;
		value += len;
		value += strspn(value, "; ");
	}
	return true;
}

static bool set_fail(struct gate_config *c, const char *value)
{
	c->policy.fail_safe = strcmp(value, "safe") == 0;
	return c->policy.fail_safe || strcmp(value, "secure") == 0;
}

static bool set_switch(bool *on, const char *value)
{
	*on = strcmp(value, "yes") == 0;
	return *on || strcmp(value, "no") == 0;
}

static bool set_tickets(struct gate_config *c, const char *value)
{
	return set_switch(&c->policy.tickets, value);
}

static bool set_ask_when_behind(struct gate_config *c, const char *value)
{
	return set_switch(&c->policy.ask_when_behind, value);
}

static bool set_sign_records(struct gate_config *c, const char *value)
{
	unsigned long n;

	if (!take_number(&value, 1000000, &n) || *value != '\0')
		return false;
	c->sign_records = (uint32_t)n;
	return true;
}

/* Several readers: the key again, or separated by semicolons (names have commas and blanks). */
static bool add_readers(struct gate_config *c, const char *value)
{
	while (*value != '\0') {
		size_t len = strcspn(value, ";");

		if (len == 0 || len >= SJ_READER_NAME_MAX || c->readers_n == GATE_READERS_MAX)
			return false;
		c->readers[c->readers_n] = strndup(value, len);
		if (c->readers[c->readers_n] == NULL)
			return false;
		c->readers_n++;
		value += len;
		value += strspn(value, "; ");
	}
	return true;
}

static bool set_readers(struct gate_config *c, const char *value)
{
	while (c->readers_n > 0)
		free(c->readers[--c->readers_n]);
	return add_readers(c, value);
}

/* --- the table --------------------------------------------------------------------------- */

static const struct key {
	const char *name;
	const char *expect; /* ends "must be ..." */
	bool (*set)(struct gate_config *c, const char *value);
	size_t text; /* offset of a char *; with no `set` */
	size_t duration; /* offset of a uint32_t; with neither */
} keys[] = {
	{ "reader", "at most 8 names, separated by ;", set_readers, 0, 0 },
	{ "trust", NULL, NULL, offsetof(struct gate_config, trust), 0 },
	{ "state", NULL, NULL, offsetof(struct gate_config, state), 0 },
	{ "journal", NULL, NULL, offsetof(struct gate_config, journal), 0 },
	{ "staples", NULL, NULL, offsetof(struct gate_config, staples), 0 },
	{ "open_exec", NULL, NULL, offsetof(struct gate_config, open_exec), 0 },
	{ "open_file", NULL, NULL, offsetof(struct gate_config, open_file), 0 },
	{ "fire_file", NULL, NULL, offsetof(struct gate_config, fire_file), 0 },
	{ "ticket_key_exec", NULL, NULL, offsetof(struct gate_config, ticket_key_exec), 0 },
	{ "classes", "of visitor, resident, permanent, home-return", set_classes, 0, 0 },
	{ "min_age", "0, 12, 14, 16, 18, 21, 60 or 65", set_min_age, 0, 0 },
	{ "stale_after", "a duration like 90s, 10m, 24h, 7d", NULL, 0,
	  offsetof(struct gate_config, policy.stale_after) },
	{ "when_stale", "ask, refuse or staple", set_when_stale, 0, 0 },
	{ "ask_when_behind", "yes or no", set_ask_when_behind, 0, 0 },
	{ "windows", "at most 8 like Mon-Fri 06:00-22:00, separated by ;", set_windows, 0, 0 },
	{ "antipassback", "a duration like 90s, 10m, 24h, 7d; 0: off", NULL, 0,
	  offsetof(struct gate_config, policy.antipassback) },
	{ "fail", "secure or safe", set_fail, 0, 0 },
	{ "tickets", "yes or no", set_tickets, 0, 0 },
	{ "sign_records", "a number up to 1000000; 0: off", set_sign_records, 0, 0 },
	{ "sign_interval", "a duration like 90s, 10m, 24h, 7d; 0: off", NULL, 0,
	  offsetof(struct gate_config, sign_seconds) },
	{ "keep_records", "a duration like 24h, 90d; 0: for ever", NULL, 0,
	  offsetof(struct gate_config, keep_records) },
	{ "keep_personal", "a duration like 24h, 30d; 0: for ever", NULL, 0,
	  offsetof(struct gate_config, keep_personal) },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool set_text(char **text, const char *value)
{
	free(*text);
	*text = value[0] != '\0' ? strdup(value) : NULL;
	return *text != NULL || value[0] == '\0';
}

static bool set_key(struct gate_config *c, const struct key *key, const char *value)
{
	char *base = (char *)c;
	uint32_t seconds;

	if (key->set != NULL)
		return key->set(c, value);
	if (key->duration == 0)
		return set_text((char **)(void *)(base + key->text), value);
	if (!cli_duration_parse(value, &seconds))
		return false;
	memcpy(base + key->duration, &seconds, sizeof(seconds));
	return true;
}

static int handle(void *user, const char *section, const char *name, const char *value,
		  char problem[static CLI_PROBLEM_MAX])
{
	size_t i = 0;

	while (i < KEYS && strcmp(keys[i].name, name) != 0)
		i++;
	if (strcmp(section, SECTION) != 0)
		snprintf(problem, CLI_PROBLEM_MAX, "'%.40s' is not in [%s]", name, SECTION);
	else if (i == KEYS)
		snprintf(problem, CLI_PROBLEM_MAX, "unknown key '%.40s'", name);
	else if (!set_key(user, &keys[i], value))
		snprintf(problem, CLI_PROBLEM_MAX, "%s = %.40s: must be %s", name, value,
			 keys[i].expect != NULL ? keys[i].expect : "a text");
	return problem[0] == '\0';
}

/* --- all of it ----------------------------------------------------------------------------- */

static bool set_defaults(struct cli *cli, struct gate_config *c)
{
	const char *state = cli_setting(cli, "gate");

	*c = (struct gate_config){ .policy = SJ_GATE_POLICY_INIT,
				   .sign_records = 100,
				   .sign_seconds = 600,
				   .keep_records = 365u * GATE_DAY,
				   .keep_personal = 30u * GATE_DAY };
	return set_text(&c->state, state != NULL ? state : DEFAULT_STATE) &&
	       set_text(&c->trust, cli_setting(cli, "trust"));
}

int gate_config_load(struct cli *cli, struct gate_config *out)
{
	const char *file = cli_value(cli, "config"), *state = cli_value(cli, "state");
	int rc = 0;

	if (!set_defaults(cli, out))
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_ini_load(cli, file != NULL ? file : DEFAULT_FILE, file != NULL, handle, out);
	if (rc != 0)
		return rc;
	if ((state != NULL && !set_text(&out->state, state)) ||
	    (cli_given(cli, "trust") && !set_text(&out->trust, cli_value(cli, "trust"))))
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	if (out->state == NULL || out->trust == NULL)
		return cli_fail(cli, SJ_USAGE, "configuration: state and trust may not be empty");
	if (out->journal == NULL && !set_text(&out->journal, gate_path(out, "journal.db").text))
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	return 0;
}

void gate_config_free(struct gate_config *config)
{
	while (config->readers_n > 0)
		free(config->readers[--config->readers_n]);
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].set == NULL && keys[i].duration == 0)
			set_text((char **)(void *)((char *)config + keys[i].text), "");
	}
}
