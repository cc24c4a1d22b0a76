/*
 * cli.h -- what every program of Sojourn has in common: option tables, help,
 * talk, failure ids, JSON, secrets, files, settings.
 *
 * A program is a table of commands. The dispatcher execs it with argv =
 * {"sojourn", noun, [verb], ...}; main() is `return cli_main(&program, argc, argv);`.
 *
 * Functions that return int here return 0, or, after having told the user
 * what failed, the exit code to return: `if ((rc = cli_file_read(...)) != 0) goto out;`.
 */
#ifndef SOJOURN_TOOLS_CLI_CLI_H
#define SOJOURN_TOOLS_CLI_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <sojourn/sojourn.h>

#define CLI_MUST_CHECK __attribute__((warn_unused_result))
#define CLI_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* --- tables ------------------------------------------------------------------ */

/* What a shell offers where an argument is due. */
enum cli_complete {
	CLI_COMPLETE_NONE,
	CLI_COMPLETE_FILE,
	CLI_COMPLETE_DIRECTORY,
	CLI_COMPLETE_READER, /* names of connected readers */
	CLI_COMPLETE_WORDS, /* those of `words` */
};

struct cli_option {
	const char *name; /* long name, without dashes; NULL ends a table */
	char letter; /* short name, or 0 */
	const char *argument; /* "FILE"; NULL: a switch */
	const char *help; /* one line, no full stop */
	enum cli_complete complete;
	const char *words; /* separated by blanks; a value must be one of them */
	bool hidden; /* for developers: neither in help nor in completion */
};

struct cli_positional {
	const char *name; /* "FILE"; NULL ends a table */
	const char *help;
	enum cli_complete complete;
	const char *words;
	bool optional;
	bool repeated; /* the last one only: one and more (none and more when optional) */
};

/* Options that the frame adds, parses and obeys. */
enum cli_feature {
	CLI_JSON = 1, /* --json */
	CLI_CARD = 2, /* --trace, --pcap FILE: see cli_context() */
	CLI_READER = 4, /* --reader NAME: see cli_setting() */
	CLI_TIMEOUT = 8, /* --timeout SECONDS: see cli_timeout_ms() */
	CLI_TRUST = 16, /* --trust DIR: see cli_setting() */
	CLI_KEYS = 32, /* an authority's keys: --passphrase-file, --hsm-pin-file, and -fd */
};

struct cli;

struct cli_command {
	const char *noun;
	const char *
		verb; /* NULL: the noun alone is the command; for "gate-sign" "gate sign" does, too */
	const char *summary; /* one line, no full stop */
	const char *description; /* paragraphs, wrapped by hand at 78; NULL: none */
	unsigned features; /* of enum cli_feature, or-ed */
	const struct cli_option *options; /* NULL: none but the frame's */
	const struct cli_positional *positionals; /* NULL: none */
	const char *const *examples; /* "command # what it does", NULL-terminated; or NULL */
	const enum sj_rc *failures; /* typical ids, ended by SJ_OK; or NULL */
	int (*run)(struct cli *cli); /* returns the exit code */
};

struct cli_program {
	const char *name; /* as in libexec/sojourn/sojourn-<name> */
	const struct cli_command *const *commands; /* NULL-terminated */
};

/* Every noun there is: which program serves it, and what it is for. */
struct cli_noun {
	const char *noun;
	const char *program;
	const char *summary;
};
/* The i-th noun in the order of help; NULL past the end. */
const struct cli_noun *cli_noun_at(size_t i);
/* NULL: no such noun. */
const struct cli_noun *cli_noun_find(const char *noun);
/* The word of `words` (NULL-terminated) that `typo` most likely means; NULL: none is near. */
const char *cli_suggest(const char *typo, const char *const *words);

/*
 * Parses argv by the program's tables and runs the command. Returns the exit
 * code: that of the command, 2 for usage errors, or 1 with SJ-105 when the
 * standard output could not be written. Core files are switched off first.
 */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* --- what was asked for ------------------------------------------------------ */

/* The last value given for the option, "" for a switch; NULL: not given. */
const char *cli_value(const struct cli *cli, const char *option);
/* The i-th value of an option given several times; NULL past the end. */
const char *cli_value_at(const struct cli *cli, const char *option, size_t i);
/* Was the option given? */
bool cli_given(const struct cli *cli, const char *option);
/* A decimal number between min and max; *out is unchanged when not given (set your default). */
CLI_MUST_CHECK int cli_number(struct cli *cli, const char *option, unsigned long min,
			      unsigned long max, unsigned long *out);
/* The i-th positional argument; NULL past the end. */
const char *cli_argument(const struct cli *cli, size_t i);
size_t cli_argument_count(const struct cli *cli);
bool cli_json(const struct cli *cli);
/*
 * The option of that name if given, else the configuration (sojourn.conf(5)),
 * else the built-in default. Keys: "trust", "reader", "timeout", "color", "gate", "sync",
 * "terminal", "services", "only", "journal". NULL: not set and without default (all but "trust", "color").
 */
const char *cli_setting(const struct cli *cli, const char *key);
/* The setting "timeout" in milliseconds; 0: not set. */
unsigned cli_timeout_ms(const struct cli *cli);

#define CLI_PROBLEM_MAX 160
/* Takes one setting; 0, and a text in `problem`: it is wrong. */
typedef int (*cli_ini_fn)(void *user, const char *section, const char *key, const char *value,
			  char problem[static CLI_PROBLEM_MAX]);
/*
 * Reads an INI file and then those of <path>.d that end in .conf, by name. What is
 * wrong is told with file and line. A file that is not there is fine unless `asked`.
 */
CLI_MUST_CHECK int cli_ini_load(struct cli *cli, const char *path, bool asked, cli_ini_fn fn,
				void *user);

/* Seconds of "90s", "10m", "24h", "7d", "0". */
CLI_MUST_CHECK bool cli_duration_parse(const char *text, uint32_t *seconds);

/* --- talk -------------------------------------------------------------------- */

/*
 * Control characters and bytes that are not UTF-8 are replaced in all that
 * these print, so that a hostile card cannot drive the terminal.
 */

/* Results for people: standard output, as is (no newline is added); nothing with --json. */
void cli_print(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);
/* Talk about the work: one line on standard error; the newline is added, as in all below. */
void cli_note(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);
/* "sojourn: warning: ..." on standard error. */
void cli_warn(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);
/* Standard error, with SOJOURN_LOG=debug only. No personal data even here. */
void cli_debug(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);

enum cli_mark { CLI_MARK_GOOD, CLI_MARK_BAD, CLI_MARK_UNSURE, CLI_MARK_PLAIN };
/* Whether standard output may have colours: --color, NO_COLOR, and whether it is a terminal. */
bool cli_colors(const struct cli *cli);
/*
 * One line of a result: symbol, word, text ("✔ passed  chip is the original").
 * Colour comes on top when the output is a terminal. Nothing with --json.
 */
void cli_line(struct cli *cli, enum cli_mark mark, const char *word, const char *format, ...)
	CLI_PRINTF(4, 5);

/*
 * Tells a failure: "sojourn: <what>: <text of rc>. <what to do> [SJ-1201]" on
 * standard error; with --json also {"schema": 1, "error": {id, name, text,
 * what, action, exit}} on standard output, unless an object was printed there
 * before. `format` makes <what>; NULL: none. Returns sj_exit_code(rc).
 */
int cli_fail(struct cli *cli, enum sj_rc rc, const char *format, ...) CLI_PRINTF(3, 4);
/* A usage error: names the thing and points to the help. Returns 2. */
int cli_usage(struct cli *cli, const char *format, ...) CLI_PRINTF(2, 3);

/* "SJ-1201"; "" for SJ_OK. */
struct cli_id {
	char text[12];
};
struct cli_id cli_failure_id(enum sj_rc rc);

/*
 * Prints `object` with "schema": schema in front, and frees it (NULL: out of
 * memory). Call it only with --json. cli_json_line() is for streams: one
 * object a line, out at once.
 */
CLI_MUST_CHECK int cli_json_print(struct cli *cli, int schema, json_t *object);
CLI_MUST_CHECK int cli_json_line(struct cli *cli, int schema, json_t *object);

/* --- the library ------------------------------------------------------------- */

/*
 * The context of this run, made at the first call and freed by cli_main():
 * --trace and --pcap are served, notices go to standard error, SIGINT and
 * SIGTERM cancel it. NULL: told already, return cli_exit_code().
 */
struct sj_context *cli_context(struct cli *cli);
/* The exit code of the last failure told. */
int cli_exit_code(const struct cli *cli);
/*
 * A descriptor that becomes readable (and stays so) at SIGINT, SIGTERM or
 * SIGHUP; from the first call on the process is no longer killed by the first
 * of them. The signals are blocked then: a child must unblock them before exec.
 * -1: told already.
 */
int cli_interrupt_fd(struct cli *cli);
bool cli_interrupted(const struct cli *cli);

/* --- services: what their manager hears (sd_notify(3)) ------------------------ */

/* "READY=1"; nothing without NOTIFY_SOCKET. */
void cli_notify(const char *text);
/* Half the watchdog's time in ms; 0: none is asked for. */
unsigned cli_watchdog_ms(void);

/* --- secrets ----------------------------------------------------------------- */

#define CLI_SECRET_MAX 255

struct cli_secret {
	size_t len; /* without NUL */
	char text[CLI_SECRET_MAX + 1]; /* without the final newline */
};

/* Table rows for the secret `name` ("can"): --can-file FILE, --can-fd N. */
#define CLI_SECRET_OPTIONS(name, what) \
	{ \
		name "-file",      0,    "FILE", "read the " what " from FILE", \
		CLI_COMPLETE_FILE, NULL, false \
	}, \
	{ \
		name "-fd", 0, "N", "read the " what " from file descriptor N", CLI_COMPLETE_NONE, \
			NULL, false \
	}

/* Was --<name>-file or --<name>-fd given? */
bool cli_secret_given(const struct cli *cli, const char *name);
/*
 * Gets the secret from --<name>-file (warns when others may read it),
 * --<name>-fd, or else by asking "<prompt>: " on the terminal with echo off: a
 * line, or the two or three lines of a machine readable zone.
 * SJ_SECRET_NEEDED when there is no terminal to ask on. It is kept out of the swap if the limit
 * on locked memory allows that. Wipe it after use.
 */
CLI_MUST_CHECK int cli_secret_read(struct cli *cli, const char *name, const char *prompt,
				   struct cli_secret *out);
/* The same for the i-th --<name>-file or --<name>-fd, as people share a secret. */
CLI_MUST_CHECK int cli_secret_read_at(struct cli *cli, const char *name, size_t i,
				      const char *prompt, struct cli_secret *out);
void cli_secret_wipe(struct cli_secret *secret);
/* In a time that does not tell where two of one length differ. */
CLI_MUST_CHECK bool cli_secret_equal(const struct cli_secret *a, const struct cli_secret *b);
/*
 * Writes secrets for the holder to a new file that only its owner may read
 * (0600); a file that exists is left alone and SJ_INPUT_REFUSED told. NULL for `path`:
 * to the terminal when standard output is one, else SJ_USAGE is told.
 */
CLI_MUST_CHECK int cli_secret_write_letter(struct cli *cli, const char *path, const char *text,
					   size_t len);

/* --- files ------------------------------------------------------------------- */

/*
 * Reads a whole file of at most `max` bytes ("-": standard input). *bytes has a NUL
 * after *len bytes and is freed with free(). SJ_INPUT_UNREADABLE, and
 * SJ_INPUT_REFUSED when it is larger, are told with its name.
 */
CLI_MUST_CHECK int cli_file_read(struct cli *cli, const char *path, size_t max, uint8_t **bytes,
				 size_t *len);
/*
 * Whether `path` names anything, be it a link that leads nowhere. What could not be looked for is
 * not absent: SJ_INPUT_UNREADABLE is told.
 */
CLI_MUST_CHECK int cli_file_there(struct cli *cli, const char *path, bool *there);
/* Tells by errno why `path` could not be written; returns the exit code. */
int cli_output_failed(struct cli *cli, const char *path);
/*
 * Writes a whole file or nothing: a temporary file beside it, fsync, rename
 * ("-": standard output; a device or pipe gets the bytes as it is). mode: permissions of the
 * new file, as in 0644.
 */
CLI_MUST_CHECK int cli_file_write(struct cli *cli, const char *path, const void *bytes, size_t len,
				  unsigned mode);
/* Ends a stream that was written to. False, and errno: not all of it is there. */
CLI_MUST_CHECK bool cli_stream_close(FILE *f);
/* The folder that `path` is in, so that a new name is on the disk too. Best effort: not all can. */
void cli_sync_folder(const char *path);
/* Makes a directory and its missing parents with `mode`; one that exists is fine. */
CLI_MUST_CHECK int cli_directory_make(struct cli *cli, const char *path, unsigned mode);
/*
 * A JSON object or array (RFC 8259), which the caller frees; no member twice. SJ_INPUT_MALFORMED: *fault has the
 * line, from 1, and Jansson's sentence, which quotes what stands there. SJ_NO_MEMORY.
 */
CLI_MUST_CHECK enum sj_rc cli_json_parse(const char *text, size_t len, json_t **out,
					 json_error_t *fault);
/* The same of a file's text; what is wrong is told with file and line. */
CLI_MUST_CHECK int cli_json_of_file(struct cli *cli, const char *path, const char *text, size_t len,
				    json_t **out);
/* The line of a JSON text where the member stands that `path` ("/a/0/b") points to; 1: not found. */
int cli_line_of(const char *text, size_t len, const char *path);
/* A moment as UTC, "2026-11-26T04:00:00Z"; "": no year of four digits. */
struct cli_time {
	char text[24];
};
struct cli_time cli_time_text(int64_t when);
/* Removes a directory with all that is in it, links not followed; what cannot go stays. */
void cli_tree_remove(const char *dir);

#endif
