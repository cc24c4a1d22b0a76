/* Configuration files: of the tools, a gate, the counter, and the module. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"
#include "gate/tool.h"
#include "pkcs11/config.h"
#include "tests/fuzz/command.h"

static bool text(struct sj_writer *w, size_t i, const char *const *seeds, size_t n)
{
	if (i < n)
		sj_put(w, sj_span((const uint8_t *)seeds[i], strlen(seeds[i])));
	return i < n && !w->failed;
}

/* --- sojourn.conf ------------------------------------------------------------------------ */

static bool cli_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"[sojourn]\ncolor = never\ntimeout = 30\ntrust = /tmp/trust\nreader = ACS # this one\n",
		"[sojourn]\ncolor=auto\n; nothing\nterminal=/t\njournal=/j\n",
	};

	return text(w, i, seeds, 2);
}

static bool cli_run(struct sj_span in)
{
	struct fuzz_command f;
	bool ok = fuzz_command_begin(&f, in);

	setenv("SOJOURN_CONFIG", f.path, 1);
	ok = cli_config_load(&f.cli) == 0;
	cli_config_free(&f.cli.config);
	unsetenv("SOJOURN_CONFIG");
	return fuzz_command_end(&f, ok);
}

/* --- a gate's ------------------------------------------------------------------------------ */

static bool door_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"[gate]\nreader = ACS; Other\nstate = /tmp/g\ntrust = /tmp/t\njournal = /tmp/j\n"
		"staples = /tmp/s\nopen_exec = /bin/true\nopen_file = /tmp/o\nfire_file = /tmp/f\n"
		"ticket_key_exec = /bin/k\nclasses = visitor, resident\nmin_age = 18\n"
		"stale_after = 2d\nwhen_stale = staple\nask_when_behind = yes\n",
		"[gate]\nwindows = Mon-Fri 06:00-22:00; Sat 00:00-24:00\nantipassback = 10m\n"
		"fail = safe\ntickets = no\nsign_records = 100\nsign_interval = 90s\n"
		"keep_records = 90d\nkeep_personal = 0\n",
	};

	return text(w, i, seeds, 2);
}

static bool door_run(struct sj_span in)
{
	struct gate_config config = { 0 };
	struct fuzz_command f;
	bool ok = fuzz_command_begin(&f, in);

	ok = gate_config_load(&f.cli, &config) == 0;
	gate_config_free(&config);
	return fuzz_command_end(&f, ok);
}

/* --- the counter's ---------------------------------------------------------------------------- */

static bool till_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"[counter]\naddress = ::1\nport = 7411\nstate = /tmp/c\nservice = hotel-check-in\n"
		"read_timeout = 20s\nforget_after = 10m\nretention = 7d\nactivity = 12h\n"
		"terminal = /t\njournal = /j\nreader = ACS\napi_token_file = /a\n[target pms]\nurl = http://127.0.0.1:9/x\n"
		"map = /tmp/map.json\ntoken_file = /k\n",
		"[target drop]\nfolder = /tmp/drop\n",
	};

	return text(w, i, seeds, 2);
}

static bool till_run(struct sj_span in)
{
	struct counter_config config = { 0 };
	struct fuzz_command f;
	bool ok = fuzz_command_begin(&f, in);

	ok = counter_config_load(&f.cli, &config) == 0;
	counter_config_free(&config);
	return fuzz_command_end(&f, ok);
}

/* --- the module's ------------------------------------------------------------------------------ */

static bool module_seed(size_t i, struct sj_writer *w)
{
	static const char *const seeds[] = {
		"[pkcs11]\nreaders = ACS, Gemalto\napplets = piv\npinentry = /usr/bin/pinentry\n"
		"keys = 9A, 9C\nobjects = certificates, public-keys, private-keys, data\ntimeout = 20\n"
		"can-file = /c\npairing-code-file = /p\ntrust = /t\ncache-folder = /f\n",
		"[pkcs11]\ncache = no\nremember = yes\ncache-cards = 3\nkeys = 82,95\n",
	};

	return text(w, i, seeds, 2);
}

static bool module_run(struct sj_span in)
{
	char problem[P11_CONFIG_PROBLEM] = "";
	struct p11_config config;
	struct fuzz_command f;
	bool ok = fuzz_command_begin(&f, in);

	setenv("SOJOURN_PKCS11_CONF", f.path, 1);
	p11_config_init(&config);
	ok = p11_config_load(&config, problem);
	if (ok)
		(void)(p11_config_reader(&config, "ACS 1252") && p11_config_piv(&config));
	p11_config_free(&config);
	if (!ok)
		fprintf(f.cli.err, "%s", problem);
	fflush(f.cli.err);
	return fuzz_command_end(&f, ok);
}

struct fuzz_room fuzz_config(void)
{
	static const struct fuzz_parser parsers[] = {
		{ "config", cli_seed, cli_run },
		{ "config-gate", door_seed, door_run },
		{ "config-counter", till_seed, till_run },
		{ "config-module", module_seed, module_run },
	};

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
