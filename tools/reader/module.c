/* module.c -- doctor's look at the PKCS#11 module: known to p11-kit, reached by browsers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/reader.h"

#define MODULE_FILE "sojourn.module"
#define PATH_MAX_HERE 512

/* base/rest under the variable's folder, or under its usual place at home; false: no home. */
static bool home_path(const char *variable, const char *usual, const char *rest,
		      char out[static PATH_MAX_HERE])
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int n;

	if (base && base[0] == '/')
		n = snprintf(out, PATH_MAX_HERE, "%s/%s", base, rest);
	else if (home && home[0] == '/')
		n = snprintf(out, PATH_MAX_HERE, "%s/%s/%s", home, usual, rest);
	else
		return false;
	return n > 0 && n < PATH_MAX_HERE;
}

/* --- p11-kit ------------------------------------------------------------------------- */

/* The value of "module:"; false: there is none. A bare name is one of p11-kit's own folder. */
static bool module_of(const char *path, char out[static PATH_MAX_HERE])
{
	char line[PATH_MAX_HERE], *value;
	bool found = false;
	FILE *f = fopen(path, "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "module:", 7) != 0)
			continue;
		value = line + 7 + strspn(line + 7, " \t");
		value[strcspn(value, "\r\n")] = '\0';
		found = snprintf(out, PATH_MAX_HERE, "%s", value) > 0 && value[0] != '\0';
	}
	if (f)
		fclose(f);
	return found;
}

/* Judges the file that p11-kit will read. */
static void find_module(struct doctor *d, const char *path)
{
	char module[PATH_MAX_HERE];

	if (!module_of(path, module))
		doctor_find(d, "PKCS#11", DOCTOR_WARN, SJ_OK, "%s names no module", path);
	else if (module[0] == '/' && access(module, R_OK) != 0)
		doctor_find(d, "PKCS#11", DOCTOR_WARN, SJ_OK,
			    "%s names %s, which is not there: install Sojourn anew", path, module);
	else
		doctor_find(d, "PKCS#11", DOCTOR_OK, SJ_OK, "p11-kit knows the module: %s", module);
}

/* Where p11-kit looks (p11-kit(8)); the user's own folder last. */
static void look_for_module(struct doctor *d)
{
	static const char *const folders[] = { "/etc/pkcs11/modules/" MODULE_FILE,
					       "/usr/share/p11-kit/modules/" MODULE_FILE };
	static const char elsewhere[] = "/usr/local/share/p11-kit/modules/" MODULE_FILE;
	char own[PATH_MAX_HERE];

	if (home_path("XDG_CONFIG_HOME", ".config", "pkcs11/modules/" MODULE_FILE, own) &&
	    access(own, R_OK) == 0) {
		find_module(d, own);
		return;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (access(folders[i], R_OK) == 0) {
			find_module(d, folders[i]);
			return;
		}
	}
	if (access(elsewhere, R_OK) == 0)
		doctor_find(d, "PKCS#11", DOCTOR_WARN, SJ_OK,
			    "p11-kit does not look in /usr/local: ln -s %s /etc/pkcs11/modules/",
			    elsewhere);
	else
		doctor_find(d, "PKCS#11", DOCTOR_WARN, SJ_OK,
			    "p11-kit does not know the module: no %s in /etc/pkcs11/modules or "
			    "/usr/share/p11-kit/modules; install Sojourn, or link it there",
			    MODULE_FILE);
}

/* --- browsers -------------------------------------------------------------------------- */

static const struct {
	const char *name, *snap, *flatpak;
} browsers[] = {
	{ "Firefox", "firefox", "org.mozilla.firefox" },
	{ "Chromium", "chromium", "org.chromium.Chromium" },
	{ "Chrome", NULL, "com.google.Chrome" },
	{ "Brave", "brave", "com.brave.Browser" },
	{ "Thunderbird", "thunderbird", "org.mozilla.Thunderbird" },
};

static void caged(struct doctor *d, const char *name, const char *cage)
{
	doctor_find(d, "browser", DOCTOR_WARN, SJ_OK,
		    "%s is a %s: its sandbox keeps the module and pcscd out; for cards install it "
		    "as a package of the system",
		    name, cage);
}

static bool is_there(const char *folder, const char *name)
{
	char path[PATH_MAX_HERE];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

static void look_for_browsers(struct doctor *d)
{
	char own[PATH_MAX_HERE] = "";

	if (!home_path("XDG_DATA_HOME", ".local/share", "flatpak/app", own))
		own[0] = '\0';
	for (size_t i = 0; i < sizeof(browsers) / sizeof(browsers[0]); i++) {
		if (browsers[i].snap && is_there("/snap/bin", browsers[i].snap))
			caged(d, browsers[i].name, "snap");
		if (is_there("/var/lib/flatpak/app", browsers[i].flatpak) ||
		    (own[0] != '\0' && is_there(own, browsers[i].flatpak)))
			caged(d, browsers[i].name, "flatpak");
	}
}

void doctor_module(struct doctor *d)
{
	look_for_module(d);
	look_for_browsers(d);
}
