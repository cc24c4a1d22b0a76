/* sync.c -- sojourn trust sync: the newest bundle from where it is published. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sojourn/bundle.h>

#include "cli/confine.h"
#include "trust/fetch.h"
#include "trust/trust.h"

#define ANCHOR_MAX 4096u
#define SOURCES_MAX 16u
#define SOURCES_TEXT 2048u
#define STALL_SECONDS 30u
#define LAST_SOURCES "bundle/source" /* in the store: a line each */

struct sync {
	struct cli *cli;
	const char *store;
	struct fetch *fetch;
	char *text; /* what sources points into, where it does not into the command line */
	const char *sources[SOURCES_MAX];
	size_t count, used; /* `used`: the one that had the manifest */
	struct sj_bundle *bundle;
	struct sj_bundle_info info; /* of the bundle found there */
	bool newer; /* than the one in use */
	bool current; /* a source has the one in use: `first` */
	size_t first;
	size_t files;
	uint64_t bytes; /* fetched */
};

/* --- where from ------------------------------------------------------------------------ */

static int add_source(struct sync *s, const char *source)
{
	if (strstr(source, "://") != NULL && !fetch_is_url(source))
		return cli_usage(s->cli, "%s: give an https address or a directory", source);
	if (s->count == SOURCES_MAX)
		return cli_usage(s->cli, "more than %u sources", SOURCES_MAX);
	s->sources[s->count++] = source;
	return 0;
}

/* Words of the configuration, or lines of the store. */
static int add_words(struct sync *s, const char *words, const char *between)
{
	char *rest = NULL, *word;
	int code = 0;

	free(s->text);
	s->text = strdup(words);
	if (s->text == NULL)
		return cli_fail(s->cli, SJ_NO_MEMORY, NULL);
	for (word = strtok_r(s->text, between, &rest); code == 0 && word != NULL;
	     word = strtok_r(NULL, between, &rest))
		code = add_source(s, word);
	return code;
}

static int add_last(struct sync *s)
{
	char path[1024], words[SOURCES_TEXT];
	FILE *in;
	size_t n;
	bool whole;

	snprintf(path, sizeof(path), "%s/" LAST_SOURCES, s->store);
	in = fopen(path, "re");
	if (in == NULL && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (in == NULL)
		return cli_fail(s->cli, SJ_INPUT_UNREADABLE, "%s: %s", path, strerror(errno));
	n = fread(words, 1, sizeof(words) - 1, in);
	words[n] = '\0';
	whole = ferror(in) == 0;
	fclose(in);
	return whole ? add_words(s, words, "\n")
		     : cli_fail(s->cli, SJ_INPUT_UNREADABLE, "%s", path);
}

static int find_sources(struct sync *s)
{
	const char *set = cli_setting(s->cli, "sync"), *given;
	int code = 0;

	for (size_t i = 0; code == 0 && (given = cli_argument(s->cli, i)) != NULL; i++)
		code = add_source(s, given);
	if (code == 0 && s->count == 0 && set != NULL)
		code = add_words(s, set, " \t");
	if (code == 0 && s->count == 0)
		code = add_last(s);
	if (code == 0 && s->count == 0)
		code = cli_usage(s->cli,
				 "where from? Give SOURCE once, or `sync` in the configuration");
	return code;
}

/* So that the next run needs none; a store that says no to that has told more already. */
static int remember_sources(const struct sync *s)
{
	char path[1024], text[SOURCES_TEXT];
	size_t n = 0;

	if (cli_argument_count(s->cli) == 0)
		return 0;
	for (size_t i = 0; i < s->count && n < sizeof(text); i++) {
		char *whole = fetch_is_url(s->sources[i]) ? NULL : realpath(s->sources[i], NULL);

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n",
				      whole != NULL ? whole : s->sources[i]);
		free(whole);
	}
	if (n >= sizeof(text))
		return 0;
	snprintf(path, sizeof(path), "%s/" LAST_SOURCES, s->store);
	/* An address may hold a password. */
	return cli_file_write(s->cli, path, text, n, 0600);
}

static int set_anchor(struct sync *s)
{
	const char *path = cli_value(s->cli, "anchor");
	uint8_t *token = NULL;
	size_t len = 0;
	enum sj_rc rc;
	int code;

	if (path == NULL)
		return 0;
	code = cli_file_read(s->cli, path, ANCHOR_MAX, &token, &len);
	if (code == 0)
		code = cli_directory_make(s->cli, s->store, 0755);
	if (code != 0)
		return code;
	rc = sj_bundle_anchor(s->store, token, len);
	free(token);
	if (rc == SJ_INPUT_REFUSED)
		return cli_fail(s->cli, rc,
				"%s: it is not signed by itself, or another bundle signer is "
				"believed here: to begin anew delete %s/bundle",
				path, s->store);
	return rc == SJ_OK ? 0
			   : cli_fail(s->cli, rc, "%s", rc == SJ_INPUT_MALFORMED ? path : s->store);
}

/* --- one source ------------------------------------------------------------------------ */

/* What another source may do better. */
static bool try_next(enum sj_rc rc)
{
	return rc == SJ_INPUT_UNREADABLE || rc == SJ_TIMED_OUT || rc == SJ_INPUT_MALFORMED ||
	       rc == SJ_INPUT_REFUSED || rc == SJ_BUNDLE_OLDER || rc == SJ_BUNDLE_EXPIRED ||
	       rc == SJ_BUNDLE_SIGNER;
}

/* Tells a failure: as a warning, if another source is left or one has the bundle in use. */
static int give_up(struct sync *s, size_t source, enum sj_rc rc, const char *what, const char *why)
{
	const bool own = !try_next(rc);
	const char *where = own ? s->store : s->sources[source], *said = why != NULL ? why : "";
	const char *comma = what[0] != '\0' ? ", " : "", *colon = said[0] != '\0' ? ": " : "";
	const size_t n = strlen(said);
	/* The text of the failure follows behind a colon. */
	const int len = (int)(n > 0 && said[n - 1] == '.' ? n - 1 : n);

	if (own || (source + 1 == s->count && !s->current))
		return cli_fail(s->cli, rc, "%s%s%s%s%.*s", where, comma, what, colon, len, said);
	cli_warn(s->cli, "%s%s%s: %s [%s]", where, comma, what,
		 said[0] != '\0' ? said : sj_strerror(rc), cli_failure_id(rc).text);
	return sj_exit_code(rc);
}

static void show_progress(const struct sync *s, const struct sj_bundle_want *want)
{
	if (!cli_json(s->cli) && isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\033[Kfetching %zu: %s, %llu bytes ", s->files + 1, want->what,
			(unsigned long long)want->bytes);
}

static void end_progress(const struct sync *s)
{
	if (s->files > 0 && !cli_json(s->cli) && isatty(STDERR_FILENO) == 1)
		fprintf(stderr, "\r\033[K");
}

/* One file, from the source that had the manifest or any other. */
static enum sj_rc get_file(struct sync *s, const struct sj_bundle_want *want, const char **why)
{
	enum sj_rc rc = SJ_INPUT_UNREADABLE;

	for (size_t i = 0; i < s->count; i++) {
		const char *source = s->sources[(s->used + i) % s->count];
		uint8_t *bytes = NULL;
		size_t len = 0;

		rc = fetch_get(s->fetch, source, want->name, (size_t)want->bytes, &bytes, &len);
		if (rc == SJ_OK)
			rc = sj_bundle_give(s->bundle, bytes, len, why);
		else
			*why = fetch_problem(s->fetch);
		s->bytes += len;
		s->files += rc == SJ_OK;
		free(bytes);
		if (rc == SJ_OK || !try_next(rc))
			break;
	}
	return rc;
}

static int get_files(struct sync *s)
{
	struct sj_bundle_want want = { .size = sizeof(want) };
	const char *why = NULL;
	enum sj_rc rc = SJ_OK;

	while (rc == SJ_OK && sj_bundle_wanted(s->bundle, &want)) {
		show_progress(s, &want);
		rc = get_file(s, &want, &why);
		/* A delta can be done without. */
		if (try_next(rc) && sj_bundle_miss(s->bundle) == SJ_OK) {
			cli_debug(s->cli, "%s: %s", want.what, why);
			rc = SJ_OK;
		}
	}
	end_progress(s);
	if (rc != SJ_OK)
		return give_up(s, s->used, rc, want.what, why);
	rc = sj_bundle_apply(s->bundle, &why);
	return rc == SJ_OK ? 0 : give_up(s, s->used, rc, "", why);
}

static int try_source(struct sync *s, size_t source)
{
	uint8_t *manifest = NULL;
	const char *why = NULL;
	size_t len = 0;
	enum sj_rc rc = fetch_get(s->fetch, s->sources[source], "latest", SJ_BUNDLE_MANIFEST_MAX,
				  &manifest, &len);
	int code = 0;

	s->used = source;
	s->newer = false;
	if (rc != SJ_OK)
		return give_up(s, source, rc, "latest", fetch_problem(s->fetch));
	rc = sj_bundle_begin(s->store, manifest, len, (int64_t)time(NULL), &s->bundle, &why);
	free(manifest);
	if (rc != SJ_OK)
		return give_up(s, source, rc, "", why);
	s->newer = s->bundle != NULL;
	if (!s->newer && !s->current) {
		s->current = true;
		s->first = source;
	}
	if (s->newer)
		sj_bundle_offered(s->bundle, (int64_t)time(NULL), &s->info);
	if (s->newer && !cli_given(s->cli, "check"))
		code = get_files(s);
	sj_bundle_end(s->bundle);
	s->bundle = NULL;
	return code;
}

/* --- the command ----------------------------------------------------------------------- */

static int report(struct sync *s)
{
	const bool check = cli_given(s->cli, "check");
	enum sj_rc rc =
		s->newer ? SJ_OK : sj_bundle_describe(s->store, (int64_t)time(NULL), &s->info);
	json_t *object;

	if (rc != SJ_OK)
		return cli_fail(s->cli, rc, "%s", s->store);
	if (cli_json(s->cli)) {
		object = bundle_json(&s->info);
		json_object_set_new(object, "store", json_string(s->store));
		json_object_set_new(object, "source", json_string(s->sources[s->used]));
		json_object_set_new(object, "newer", json_boolean(s->newer));
		json_object_set_new(object, "applied", json_boolean(s->newer && !check));
		json_object_set_new(object, "filesFetched", json_integer((json_int_t)s->files));
		json_object_set_new(object, "bytesFetched", json_integer((json_int_t)s->bytes));
		return cli_json_print(s->cli, 1, object);
	}
	if (s->newer && check)
		cli_line(s->cli, CLI_MARK_UNSURE, "newer", "%s has bundle %lu of %s",
			 s->sources[s->used], (unsigned long)s->info.version, s->info.issuer);
	else if (s->newer)
		cli_line(s->cli, CLI_MARK_GOOD, "applied",
			 "bundle %lu of %s; fetched: %zu files, %llu bytes",
			 (unsigned long)s->info.version, s->info.issuer, s->files,
			 (unsigned long long)s->bytes);
	else
		cli_line(s->cli, CLI_MARK_GOOD, "newest", "bundle %lu of %s is in use already",
			 (unsigned long)s->info.version, s->info.issuer);
	return 0;
}

/* A source that has no news does not end it: it may be a mirror that stands still. */
static int try_sources(struct sync *s)
{
	int code = 0;

	for (size_t i = 0; i < s->count; i++) {
		code = try_source(s, i);
		if ((code == 0 && s->newer) || cli_exit_code(s->cli) != 0)
			return code;
	}
	if (!s->current)
		return code;
	s->newer = false;
	s->used = s->first;
	return 0;
}

/* What comes is others' bytes: from here on they lead nowhere but to the store and the sources. */
static int confine(struct sync *s)
{
	struct cli_room rooms[2 + SOURCES_MAX] = { { CLI_ROOM_WRITE, s->store },
						   { CLI_ROOM_READ, cli_value(s->cli, "cacert") } };
	unsigned calls = 0;
	int code;

	for (size_t i = 0; i < s->count; i++) {
		if (fetch_is_url(s->sources[i]))
			calls = CLI_CALLS_NETWORK;
		else
			rooms[2 + i] = (struct cli_room){ CLI_ROOM_READ, s->sources[i] };
	}
	code = cli_confine_files(s->cli, rooms, 2 + s->count);
	return code == 0 ? cli_confine_calls(s->cli, calls) : code;
}

static int sync_with(struct sync *s)
{
	int code = set_anchor(s);

	if (code == 0)
		code = find_sources(s);
	if (code == 0)
		code = confine(s);
	if (code == 0)
		code = try_sources(s);
	if (code == 0)
		code = report(s);
	if (code == 0 && s->info.expired)
		code = cli_fail(s->cli, SJ_BUNDLE_EXPIRED, "bundle %lu of %s",
				(unsigned long)s->info.version, s->info.issuer);
	if (code == 0 && !cli_given(s->cli, "check"))
		code = remember_sources(s);
	return code;
}

static int run_sync(struct cli *cli)
{
	const unsigned stall = cli_timeout_ms(cli) / 1000;
	struct sync s = { .cli = cli,
			  .store = cli_setting(cli, "trust"),
			  .info = { .size = sizeof(s.info) } };
	int code;

	code = fetch_new(cli, cli_value(cli, "cacert"), stall > 0 ? stall : STALL_SECONDS,
			 &s.fetch);
	if (code == 0)
		code = sync_with(&s);
	fetch_free(s.fetch);
	free(s.text);
	return code;
}

static const struct cli_option sync_options[] = {
	{ .name = "anchor",
	  .argument = "FILE",
	  .help = "believe the bundles of this signer (its token, CWT); once is enough",
	  .complete = CLI_COMPLETE_FILE },
	{ .name = "check", .help = "only say whether there is a newer bundle" },
	{ .name = "cacert",
	  .argument = "FILE",
	  .help = "believe web servers by these certificates (PEM) instead of the system's",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const struct cli_positional sync_positionals[] = {
	{ .name = "SOURCE",
	  .help = "an address (https://...) or a directory; the first that has a good newer bundle counts",
	  .complete = CLI_COMPLETE_DIRECTORY,
	  .optional = true,
	  .repeated = true },
	{ 0 },
};
static const char *const sync_examples[] = {
	"sojourn trust sync --anchor bundle-signer.cwt https://trust.example.org # the first time",
	"sojourn trust sync # from where it came the last time",
	"sojourn trust sync /media/usb # without a network",
	"sojourn trust sync --check --json # for a monitor",
	NULL,
};
static const enum sj_rc sync_failures[] = {
	SJ_BUNDLE_EXPIRED,
	SJ_BUNDLE_OLDER,
	SJ_BUNDLE_SIGNER,
	SJ_TRUST_MISSING,
	SJ_TIMED_OUT,
	SJ_INPUT_REFUSED,
	SJ_INPUT_MALFORMED,
	SJ_INPUT_UNREADABLE,
	SJ_FILE_PERMISSION,
	SJ_OUTPUT_FAILED,
	SJ_OK,
};

const struct cli_command trust_sync_command = {
	.noun = "trust",
	.verb = "sync",
	.summary = "fetch and apply the newest trust bundle of an authority",
	.description =
		"A bundle is signed as a whole, and each file of it named by its hash: whoever\n"
		"carries it cannot change it, so plain http is as good as https, except that\n"
		"others on the way see what is fetched. It is applied whole or not at all, and\n"
		"never goes back to an older one; what was imported by hand stays beside it.\n"
		"Without SOURCE those of the configuration count (`sync`, words), else those of\n"
		"the last time. --timeout is how long a server may be without progress, 30\n"
		"seconds by default. Proxies are taken from the environment, as curl does.",
	.features = CLI_JSON | CLI_TRUST | CLI_TIMEOUT,
	.options = sync_options,
	.positionals = sync_positionals,
	.examples = sync_examples,
	.failures = sync_failures,
	.run = run_sync,
};
