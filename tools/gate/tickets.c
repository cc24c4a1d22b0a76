/*
 * tickets.c -- an operator's ticket keys: a folder of files of 32 bytes, named by
 * the time they were made (20261125T063000Z.key), and a hook that prints some.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/child.h"
#include "gate/tool.h"

#define NAME "%Y%m%dT%H%M%SZ"
#define SUFFIX ".key"
#define FUTURE_MAX 300 /* seconds that another gate's clock may be ahead */
#define HOOK_SECONDS 10u

/* The time in a name; `rest` gets what follows it. */
static bool made_of(const char *name, int64_t *made, const char **rest)
{
	struct tm tm = { .tm_isdst = 0 };

	*rest = strptime(name, NAME, &tm);
	if (*rest == NULL || *rest != name + 16)
		return false;
	*made = (int64_t)timegm(&tm);
	return true;
}

/* Puts a key in its place; what is too old, or no longer among the newest, is left out. */
static void add(struct gate_ticket_keys *keys, int64_t now, int64_t made,
		const uint8_t key[static SJ_GATE_TICKET_KEY])
{
	size_t i = 0, after;

	if (made > now + FUTURE_MAX || now - made >= GATE_TICKET_LIFE)
		return;
	while (i < keys->n && keys->made[i] > made)
		i++;
	if (i == SJ_GATE_TICKET_KEYS ||
	    (i < keys->n && keys->made[i] == made &&
	     memcmp(keys->keys + i * SJ_GATE_TICKET_KEY, key, SJ_GATE_TICKET_KEY) == 0))
		return;
	if (keys->n < SJ_GATE_TICKET_KEYS)
		keys->n++;
	after = keys->n - i - 1;
	memmove(&keys->made[i + 1], &keys->made[i], after * sizeof(keys->made[0]));
	memmove(keys->keys + (i + 1) * SJ_GATE_TICKET_KEY, keys->keys + i * SJ_GATE_TICKET_KEY,
		after * SJ_GATE_TICKET_KEY);
	keys->made[i] = made;
	memcpy(keys->keys + i * SJ_GATE_TICKET_KEY, key, SJ_GATE_TICKET_KEY);
}

/* --- the folder --------------------------------------------------------------------- */

static int is_key(const struct dirent *d)
{
	const char *rest;
	int64_t made;

	return made_of(d->d_name, &made, &rest) && strcmp(rest, SUFFIX) == 0;
}

/* Calls for every key file; a folder that is not there has none. */
static int each_file(struct cli *cli, const struct gate_config *config,
		     int (*fn)(struct cli *cli, const char *path, int64_t made, void *user),
		     void *user)
{
	struct gate_path folder = gate_path(config, GATE_TICKET_FOLDER);
	struct dirent **list = NULL;
	char *path = NULL;
	const char *rest;
	int64_t made;
	int n = scandir(folder.text, &list, is_key, alphasort), rc = 0;

	if (n < 0 && errno != ENOENT)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", folder.text, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0 && made_of(list[i]->d_name, &made, &rest)) {
			if (asprintf(&path, "%s/%s", folder.text, list[i]->d_name) < 0)
				rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
			else
				rc = fn(cli, path, made, user);
			free(path);
			path = NULL;
		}
		free(list[i]);
	}
	free(list);
	return rc;
}

struct loading {
	struct gate_ticket_keys *keys;
	int64_t now;
};

static int load_file(struct cli *cli, const char *path, int64_t made, void *user)
{
	const struct loading *l = user;
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (cli_file_read(cli, path, SJ_GATE_TICKET_KEY, &bytes, &len) != 0)
		return 0; /* told; the other keys still count */
	if (len == SJ_GATE_TICKET_KEY)
		add(l->keys, l->now, made, bytes);
	else
		cli_warn(cli, "%s: a ticket key has %u bytes; it is left out", path,
			 SJ_GATE_TICKET_KEY);
	gate_wipe(bytes, len);
	free(bytes);
	return 0;
}

/* --- the hook -------------------------------------------------------------------------- */

/* The child does not outlive this, whatever it waits for. */
static bool limit_time(void *user)
{
	(void)user;
	alarm(HOOK_SECONDS + 1); /* it may have closed its output, and go on */
	return true;
}

/* A line "20261125T063000Z 64 hexadecimal digits". */
static bool load_line(struct loading *l, const char *line)
{
	uint8_t key[SJ_GATE_TICKET_KEY];
	const char *rest;
	int64_t made;
	bool ok = made_of(line, &made, &rest) && rest[0] == ' ' &&
		  gate_hex_read(rest + 1, key, sizeof(key));

	if (ok)
		add(l->keys, l->now, made, key);
	gate_wipe(key, sizeof(key));
	return ok;
}

int gate_hook_run(const char *program, char **text, size_t *len)
{
	const struct cli_child child = { -1, -1, -1, false, limit_time, NULL };
	const char *const argv[] = { program, NULL };

	return cli_child_capture_within(&child, argv, HOOK_SECONDS * 1000u, GATE_HOOK_MAX, text,
					len);
}

static int load_hook(struct cli *cli, const struct gate_config *config, struct loading *l)
{
	const char *program = config->ticket_key_exec;
	char *text = NULL, *next = NULL;
	size_t len = 0;
	int rc = config->hook != NULL ? gate_helper_ask(config->hook, &text, &len)
				      : gate_hook_run(program, &text, &len);

	if (rc == 128 + SIGKILL)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE,
			      "%s: killed, as it did not end within %u s, or printed more than "
			      "%u bytes",
			      program, HOOK_SECONDS, GATE_HOOK_MAX);
	else if (rc != 0)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: exit code %d", program, rc);
	for (char *line = rc == 0 ? strtok_r(text, "\n", &next) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &next)) {
		if (!load_line(l, line))
			rc = cli_fail(cli, SJ_INPUT_MALFORMED,
				      "%s: a line is TIME (like 20261125T063000Z), a blank and 64 "
				      "hexadecimal digits",
				      program);
	}
	if (text != NULL)
		gate_wipe(text, len);
	free(text);
	return rc;
}

int gate_tickets_load(struct cli *cli, const struct gate_config *config, int64_t now,
		      struct gate_ticket_keys *out)
{
	struct loading l = { out, now };
	int rc;

	*out = (struct gate_ticket_keys){ .n = 0 };
	rc = each_file(cli, config, load_file, &l);
	if (rc == 0 && config->ticket_key_exec != NULL)
		rc = load_hook(cli, config, &l);
	return rc;
}

/* --- making and removing ------------------------------------------------------------------ */

int gate_ticket_make(struct cli *cli, const struct gate_config *config, int64_t now)
{
	struct gate_path folder = gate_path(config, GATE_TICKET_FOLDER);
	uint8_t key[SJ_GATE_TICKET_KEY];
	char name[24], *path = NULL;
	struct tm tm;
	time_t t = (time_t)now;
	bool there;
	int rc = cli_directory_make(cli, folder.text, 0700);

	if (rc == 0)
		rc = gate_give(cli, config, folder.text);
	for (; rc == 0 && path == NULL; t++) {
		if (gmtime_r(&t, &tm) == NULL || strftime(name, sizeof(name), NAME, &tm) == 0)
			return cli_fail(cli, SJ_INTERNAL, "the clock");
		if (asprintf(&path, "%s/%s" SUFFIX, folder.text, name) < 0)
			return cli_fail(cli, SJ_NO_MEMORY, NULL);
		rc = cli_file_there(cli, path, &there);
		if (rc == 0 && there) {
			free(path);
			path = NULL;
		}
	}
	if (rc == 0 && getentropy(key, sizeof(key)) != 0)
		rc = cli_fail(cli, SJ_CRYPTO_FAILED, "random bytes: %s", strerror(errno));
	if (rc == 0)
		rc = gate_file_write(cli, config, path, key, sizeof(key), 0600);
	if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "made", "%s", path);
	gate_wipe(key, sizeof(key));
	free(path);
	return rc;
}

struct pruning {
	int64_t now;
	unsigned removed;
};

static int prune_file(struct cli *cli, const char *path, int64_t made, void *user)
{
	struct pruning *p = user;

	if (p->now - made < GATE_TICKET_LIFE)
		return 0;
	if (unlink(path) != 0)
		return cli_output_failed(cli, path);
	p->removed++;
	return 0;
}

int gate_tickets_prune(struct cli *cli, const struct gate_config *config, int64_t now,
		       unsigned *removed)
{
	struct pruning p = { now, 0 };
	int rc = each_file(cli, config, prune_file, &p);

	*removed = p.removed;
	return rc;
}
