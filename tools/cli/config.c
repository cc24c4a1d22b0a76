#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

#define SECTION "sojourn"

static const char *const keys[] = { "trust",    "reader",   "timeout", "color",   "gate", "sync",
				    "terminal", "services", "only",    "journal", NULL };

static bool known(const char *key)
{
	for (size_t i = 0; keys[i] != NULL; i++) {
		if (strcmp(keys[i], key) == 0)
			return true;
	}
	return false;
}

const char *cli_config_get(const struct cli_config *config, const char *key)
{
	for (size_t i = 0; i < config->n; i++) {
		if (strcmp(config->entries[i].key, key) == 0)
			return config->entries[i].value;
	}
	return NULL;
}

/* The last one read wins. */
static bool set(struct cli_config *config, const char *key, const char *value)
{
	size_t i = 0;
	char *copy = strdup(value);

	if (copy == NULL)
		return false;
	while (i < config->n && strcmp(config->entries[i].key, key) != 0)
		i++;
	if (i == config->n) {
		config->entries[i].key = strdup(key);
		if (config->entries[i].key == NULL) {
			free(copy);
			return false;
		}
		config->n++;
	} else {
		free(config->entries[i].value);
	}
	config->entries[i].value = copy;
	return true;
}

static int handle(void *user, const char *section, const char *key, const char *value,
		  char problem[static CLI_PROBLEM_MAX])
{
	struct cli_config *config = user;

	if (strcmp(section, SECTION) != 0)
		snprintf(problem, CLI_PROBLEM_MAX, "'%.40s' is not in [%s]", key, SECTION);
	else if (!known(key))
		snprintf(problem, CLI_PROBLEM_MAX, "unknown key '%.40s'", key);
	else if (!set(config, key, value))
		snprintf(problem, CLI_PROBLEM_MAX, "no memory");
	return problem[0] == '\0';
}

/* --- files and their drop-ins ---------------------------------------------------- */

/* One file being read; inih gives the line when the handler says no. */
struct reading {
	cli_ini_fn fn;
	void *user;
	char problem[CLI_PROBLEM_MAX];
};

static int pass_on(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;

	return r->problem[0] != '\0' || r->fn(r->user, section, key, value, r->problem);
}

/* A file that is not there is fine unless it was asked for. */
static int load_file(struct cli *cli, const char *path, bool asked, cli_ini_fn fn, void *user)
{
	struct reading r = { .fn = fn, .user = user };
	FILE *f = fopen(path, "re");
	int line, broken;

	if (f == NULL && errno == ENOENT && !asked)
		return 0;
	if (f == NULL)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	line = ini_parse_file(f, pass_on, &r);
	broken = ferror(f) != 0 ? errno : 0; /* a folder opens, but does not read */
	fclose(f);
	if (broken != 0)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(broken));
	if (line == 0)
		return 0;
	return cli_fail(cli, SJ_INPUT_MALFORMED, "%s, line %d: %s", path, line,
			r.problem[0] != '\0' ? r.problem : "not a setting");
}

static int is_drop_in(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".conf") == 0;
}

/* The files of <path>.d that end in .conf, by name. */
static int load_drop_ins(struct cli *cli, const char *path, cli_ini_fn fn, void *user)
{
	struct dirent **list = NULL;
	char *folder = NULL, *file = NULL;
	int n, rc = 0;

	if (asprintf(&folder, "%s.d", path) < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	n = scandir(folder, &list, is_drop_in, alphasort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0 && asprintf(&file, "%s/%s", folder, list[i]->d_name) < 0)
			rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		else if (rc == 0)
			rc = load_file(cli, file, true, fn, user);
		free(file);
		file = NULL;
		free(list[i]);
	}
	free(list);
	free(folder);
	return rc;
}

int cli_ini_load(struct cli *cli, const char *path, bool asked, cli_ini_fn fn, void *user)
{
	int rc = load_file(cli, path, asked, fn, user);

	return rc != 0 ? rc : load_drop_ins(cli, path, fn, user);
}

static int load(struct cli *cli, const char *path, bool asked)
{
	return cli_ini_load(cli, path, asked, handle, &cli->config);
}

static int load_own(struct cli *cli)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n, rc;

	if (base != NULL && base[0] == '/')
		n = asprintf(&path, "%s/sojourn/sojourn.conf", base);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&path, "%s/.config/sojourn/sojourn.conf", home);
	else
		return 0;
	if (n < 0)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = load(cli, path, false);
	free(path);
	return rc;
}

static int check_color(struct cli *cli)
{
	const char *color = cli_config_get(&cli->config, "color");

	if (color == NULL || strcmp(color, "auto") == 0 || strcmp(color, "always") == 0 ||
	    strcmp(color, "never") == 0)
		return 0;
	return cli_fail(cli, SJ_INPUT_MALFORMED, "configuration: color is auto, always or never");
}

int cli_config_load(struct cli *cli)
{
	const char *only = getenv("SOJOURN_CONFIG");
	int rc;

	if (only != NULL && only[0] != '\0') {
		rc = load(cli, only, true);
	} else {
		rc = load(cli, "/etc/sojourn/sojourn.conf", false);
		if (rc == 0)
			rc = load_own(cli);
	}
	return rc != 0 ? rc : check_color(cli);
}

void cli_config_free(struct cli_config *config)
{
	for (size_t i = 0; i < config->n; i++) {
		free(config->entries[i].key);
		free(config->entries[i].value);
	}
	config->n = 0;
}
