#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "module.h"
#include "state.h"

#define SECTION "pkcs11"
#define CACHE_CARDS 32u
#define TIMEOUT_S 10u
#define TIMEOUT_MAX_S 600u

/* One file being read. */
struct reading {
	struct p11_config *config;
	char *problem; /* P11_CONFIG_PROBLEM bytes; "" : none */
};

void p11_config_init(struct p11_config *c)
{
	*c = (struct p11_config){ .cache_max = CACHE_CARDS, .timeout_ms = TIMEOUT_S * 1000 };
}

void p11_config_free(struct p11_config *c)
{
	free(c->readers);
	free(c->applets);
	free(c->pinentry);
	free(c->can_file);
	free(c->pairing_code_file);
	free(c->trust);
	free(c->cache_folder);
	p11_config_init(c);
}

/* --- values --------------------------------------------------------------------- */

static bool take_text(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	return *to != NULL;
}

static bool take_switch(bool *to, const char *value, bool yes)
{
	if (strcmp(value, "yes") == 0)
		*to = yes;
	else if (strcmp(value, "no") == 0)
		*to = !yes;
	else
		return false;
	return true;
}

static bool take_number(unsigned *to, const char *value, unsigned max)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (end == value || *end != '\0' || value[0] == '-' || n == 0 || n > max)
		return false;
	*to = (unsigned)n;
	return true;
}

/* Calls fn with each name of a list; commas and blanks stand between. */
static bool each(const char *list, bool (*fn)(struct p11_config *, const char *),
		 struct p11_config *c)
{
	char *copy = strdup(list), *rest = NULL;
	bool fine = copy != NULL;

	for (char *name = fine ? strtok_r(copy, ", \t", &rest) : NULL; name != NULL && fine;
	     name = strtok_r(NULL, ", \t", &rest))
		fine = fn(c, name);
	free(copy);
	return fine;
}

static bool take_key(struct p11_config *c, const char *name)
{
	char *end;
	unsigned long ref = strtoul(name, &end, 16);
	size_t i = 0;

	while (sj_piv_key_at(i) != 0 && sj_piv_key_at(i) != ref)
		i++;
	if (*end != '\0' || sj_piv_key_at(i) == 0 || c->n_keys == P11_CONFIG_KEYS)
		return false;
	c->keys[c->n_keys++] = (uint8_t)ref;
	return true;
}

static bool take_class(struct p11_config *c, const char *name)
{
	if (strcmp(name, "certificates") == 0)
		c->hide_certificates = false;
	else if (strcmp(name, "public-keys") == 0)
		c->hide_public_keys = false;
	else if (strcmp(name, "private-keys") == 0)
		c->hide_private_keys = false;
	else if (strcmp(name, "data") == 0)
		c->hide_data = false;
	else
		return false;
	return true;
}

static bool take_applet(struct p11_config *c, const char *name)
{
	(void)c;
	return strcmp(name, "piv") == 0;
}

static bool take_keys(struct p11_config *c, const char *value)
{
	c->some_keys = true;
	c->n_keys = 0;
	return each(value, take_key, c);
}

static bool take_classes(struct p11_config *c, const char *value)
{
	c->hide_certificates = c->hide_public_keys = c->hide_private_keys = c->hide_data = true;
	return each(value, take_class, c);
}

static bool take_applets(struct p11_config *c, const char *value)
{
	return each(value, take_applet, c) && take_text(&c->applets, value);
}

static bool take_timeout(struct p11_config *c, const char *value)
{
	unsigned seconds;

	if (!take_number(&seconds, value, TIMEOUT_MAX_S))
		return false;
	c->timeout_ms = seconds * 1000;
	return true;
}

/* False: no such key (*known) or not a value for it. */
static bool take(struct p11_config *c, const char *key, const char *value, bool *known)
{
	const struct {
		const char *key;
		char **text;
	} texts[] = {
		{ "readers", &c->readers },   { "pinentry", &c->pinentry },
		{ "can-file", &c->can_file }, { "pairing-code-file", &c->pairing_code_file },
		{ "trust", &c->trust },       { "cache-folder", &c->cache_folder },
	};

	*known = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(key, texts[i].key) == 0)
			return take_text(texts[i].text, value);
	}
	if (strcmp(key, "applets") == 0)
		return take_applets(c, value);
	if (strcmp(key, "keys") == 0)
		return take_keys(c, value);
	if (strcmp(key, "objects") == 0)
		return take_classes(c, value);
	if (strcmp(key, "cache") == 0)
		return take_switch(&c->no_cache, value, false);
	if (strcmp(key, "cache-cards") == 0)
		return take_number(&c->cache_max, value, 10000);
	if (strcmp(key, "remember") == 0)
		return take_switch(&c->remember, value, true);
	if (strcmp(key, "timeout") == 0)
		return take_timeout(c, value);
	*known = false;
	return false;
}

static int handle(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	bool known;

	if (r->problem[0] != '\0')
		return 1; /* the first one counts */
	if (strcmp(section, SECTION) != 0)
		snprintf(r->problem, P11_CONFIG_PROBLEM, "'%.40s' is not in [%s]", key, SECTION);
	else if (take(r->config, key, value, &known))
		return 1;
	else if (known)
		snprintf(r->problem, P11_CONFIG_PROBLEM, "%.20s cannot be '%.40s'", key, value);
	else
		snprintf(r->problem, P11_CONFIG_PROBLEM, "unknown key '%.40s'", key);
	return 0;
}

/* --- files ------------------------------------------------------------------------ */

static void blame(char *problem, const char *path, const char *what)
{
	snprintf(problem, P11_CONFIG_PROBLEM, "%.80s: %.70s", path, what);
}

/* A file that is not there is fine unless it was asked for. */
static bool load_file(struct p11_config *c, const char *path, bool asked, char *problem)
{
	struct reading r = { c, problem };
	FILE *f = fopen(path, "re");
	char what[P11_CONFIG_PROBLEM], line[24];
	int number, broken;

	if (f == NULL && (errno == ENOENT || errno == ENOTDIR) && !asked)
		return true;
	if (f == NULL) {
		blame(problem, path, strerror(errno));
		return false;
	}
	number = ini_parse_file(f, handle, &r);
	broken = ferror(f) != 0 ? errno : 0;
	fclose(f);
	if (number == 0 && broken == 0)
		return true;
	snprintf(line, sizeof(line), ", line %d", number);
	snprintf(what, sizeof(what), "%.110s",
		 broken != 0          ? strerror(broken)
		 : problem[0] != '\0' ? problem
				      : "not a setting");
	snprintf(problem, P11_CONFIG_PROBLEM, "%.60s%s: %.70s", path, broken != 0 ? "" : line,
		 what);
	return false;
}

static int is_drop_in(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && strcmp(d->d_name + len - 5, ".conf") == 0;
}

/* The files of <path>.d that end in .conf, by name. */
static bool load_drop_ins(struct p11_config *c, const char *path, char *problem)
{
	struct dirent **list = NULL;
	char *folder = NULL, *file = NULL;
	bool fine = true;
	int n;

	if (asprintf(&folder, "%s.d", path) < 0) {
		blame(problem, path, "no memory");
		return false;
	}
	n = scandir(folder, &list, is_drop_in, alphasort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR) {
		blame(problem, folder, strerror(errno));
		fine = false;
	}
	for (int i = 0; i < n; i++) {
		if (fine && asprintf(&file, "%s/%s", folder, list[i]->d_name) < 0) {
			blame(problem, folder, "no memory");
			fine = false;
		} else if (fine) {
			fine = load_file(c, file, true, problem);
			free(file);
		}
		free(list[i]);
	}
	free(list);
	free(folder);
	return fine;
}

static bool load(struct p11_config *c, const char *path, bool asked, char *problem)
{
	return load_file(c, path, asked, problem) && load_drop_ins(c, path, problem);
}

static bool load_own(struct p11_config *c, char *problem)
{
	const char *base = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;
	bool fine;
	int n;

	if (base != NULL && base[0] == '/')
		n = asprintf(&path, "%s/sojourn/pkcs11.conf", base);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&path, "%s/.config/sojourn/pkcs11.conf", home);
	else
		return true;
	if (n < 0) {
		blame(problem, "pkcs11.conf", "no memory");
		return false;
	}
	fine = load(c, path, false, problem);
	free(path);
	return fine;
}

/* A variable of the environment goes before the file. */
static void take_variable(char **to, const char *name)
{
	const char *value = secure_getenv(name);

	if (value != NULL && value[0] != '\0')
		(void)take_text(to, value);
}

bool p11_config_load(struct p11_config *c, char problem[static P11_CONFIG_PROBLEM])
{
	const char *only = secure_getenv("SOJOURN_PKCS11_CONF");
	bool fine;

	problem[0] = '\0';
	if (only != NULL && only[0] != '\0')
		fine = load(c, only, true, problem);
	else
		fine = load(c, "/etc/sojourn/pkcs11.conf", false, problem) && load_own(c, problem);
	take_variable(&c->can_file, "SOJOURN_PKCS11_CAN_FILE");
	take_variable(&c->pairing_code_file, "SOJOURN_PKCS11_PAIRING_CODE_FILE");
	return fine;
}

/* --- what may be used and seen ------------------------------------------------------ */

bool p11_config_reader(const struct p11_config *c, const char *reader)
{
	const char *part = c->readers;

	while (part != NULL && *part != '\0') {
		size_t len = strcspn(part, ",");
		size_t skip = strspn(part, " \t");

		if (skip < len && memmem(reader, strlen(reader), part + skip, len - skip) != NULL)
			return true;
		part += len + (part[len] == ',');
	}
	return c->readers == NULL;
}

bool p11_config_piv(const struct p11_config *c)
{
	return c->applets == NULL || strstr(c->applets, "piv") != NULL;
}

bool p11_visible_key(const struct p11_token *t, uint8_t key)
{
	const struct p11_config *c = &t->slot->module->config;

	for (size_t i = 0; i < c->n_keys; i++) {
		if (c->keys[i] == key)
			return true;
	}
	return !c->some_keys;
}

bool p11_visible_class(const struct p11_token *t, CK_OBJECT_CLASS class)
{
	const struct p11_config *c = &t->slot->module->config;

	switch (class) {
	case CKO_CERTIFICATE:
		return !c->hide_certificates;
	case CKO_PUBLIC_KEY:
		return !c->hide_public_keys;
	case CKO_PRIVATE_KEY:
		return !c->hide_private_keys;
	case CKO_DATA:
		return !c->hide_data;
	default:
		return true;
	}
}
