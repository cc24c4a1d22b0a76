/*
 * tool.h -- what the files of `sojourn gate` share: configuration, the state
 * directory, ticket keys, lines for the log.
 */
#ifndef SOJOURN_TOOLS_GATE_TOOL_H
#define SOJOURN_TOOLS_GATE_TOOL_H

#include <sys/types.h>
#include <time.h>

#include <sojourn/gate.h>
#include <sojourn/journal.h>

#include "cli/cli.h"
#include "cli/journal.h"

#define GATE_SCHEMA 1
#define GATE_PATH_MAX 512u
#define GATE_READERS_MAX 8u
#define GATE_KEY 32u /* bytes of a private key */
#define GATE_DAY 86400

extern const struct cli_command gate_enrol;
extern const struct cli_command gate_ticket_key;
extern const struct cli_command gate_run;
extern const struct cli_command gate_journal;
extern const struct cli_command gate_stats;

/* --- config.c: sojourn-gate.conf(5) --------------------------------------------- */

struct gate_helper;

/* Texts are owned; NULL: not set. */
struct gate_config {
	char *readers[GATE_READERS_MAX];
	size_t readers_n; /* 0: whichever has a card */
	char *trust, *state, *journal, *staples;
	char *open_exec, *open_file, *fire_file, *ticket_key_exec;
	const struct gate_helper *hook; /* runs ticket_key_exec; NULL: started directly */
	struct sj_gate_policy policy;
	uint32_t sign_records, sign_seconds; /* 0: not by that */
	uint32_t keep_records, keep_personal; /* seconds; 0: for ever */
};

/* --config FILE, and --state DIR as the last word. */
#define GATE_CONFIG_OPTIONS \
	{ .name = "config", \
	  .letter = 'c', \
	  .argument = "FILE", \
	  .help = "configuration; default /etc/sojourn/gate.conf", \
	  .complete = CLI_COMPLETE_FILE }, \
	{ \
		.name = "state", .argument = "DIR", \
		.help = "directory of the gate's keys; default /var/lib/sojourn/gate", \
		.complete = CLI_COMPLETE_DIRECTORY \
	}

/* Reads the configuration; what is not set has its default. Free it also after a failure. */
CLI_MUST_CHECK int gate_config_load(struct cli *cli, struct gate_config *out);
void gate_config_free(struct gate_config *config);
/* "Mon-Fri 06:00-22:00", "Sat,Sun 00:00-24:00". */
CLI_MUST_CHECK bool gate_window_parse(const char *text, struct sj_gate_window *out);

/* --- state.c: the state directory -------------------------------------------------- */

struct gate_path {
	char text[GATE_PATH_MAX];
};
/* A path in the state directory. */
struct gate_path gate_path(const struct gate_config *config, const char *name);
/* A key file of the state directory: exactly GATE_KEY bytes. Wipe it. */
CLI_MUST_CHECK int gate_key_read(struct cli *cli, const struct gate_config *config,
				 const char *name, uint8_t key[static GATE_KEY]);
/* The gate from key and credential of the state directory, with policy and staples. */
CLI_MUST_CHECK int gate_make(struct cli *cli, const struct gate_config *config,
			     struct sj_gate **out);
/* Gives what root has made to the owner of the state directory; nothing when it is another's. */
CLI_MUST_CHECK int gate_give(struct cli *cli, const struct gate_config *config, const char *path);
/* Writes a file of the state directory as cli_file_write() does, and gives it. */
CLI_MUST_CHECK int gate_file_write(struct cli *cli, const struct gate_config *config,
				   const char *path, const void *bytes, size_t len, unsigned mode);
/* Changes whenever something in the directory does, three levels deep. */
uint64_t gate_folder_stamp(const char *directory);
void gate_wipe(void *bytes, size_t len);

struct gate_operator {
	char text[9];
};
/* "00004711" */
struct gate_operator gate_operator_text(uint32_t id);
/* Two lower-case digits a byte; `out` holds 2 * len + 1. */
void gate_hex(const uint8_t *bytes, size_t len, char *out);
/* The reverse: exactly `len` bytes, either case. */
CLI_MUST_CHECK bool gate_hex_read(const char *text, uint8_t *out, size_t len);

/* --- tickets.c: ticket keys ---------------------------------------------------------- */

#define GATE_TICKET_FOLDER "ticket-keys"
#define GATE_TICKET_LIFE (7 * GATE_DAY) /* seconds that a key opens tickets */

struct gate_ticket_keys {
	size_t n; /* newest first */
	int64_t made[SJ_GATE_TICKET_KEYS];
	uint8_t keys[SJ_GATE_TICKET_KEYS * SJ_GATE_TICKET_KEY];
};
/*
 * The keys of folder and hook that may be used now. A file that is no key is
 * told and left out. Wipe them.
 */
CLI_MUST_CHECK int gate_tickets_load(struct cli *cli, const struct gate_config *config, int64_t now,
				     struct gate_ticket_keys *out);
#define GATE_HOOK_MAX 65536u /* bytes that ticket_key_exec may print */
/* Runs the program that prints keys: as cli_child_capture_within(). Wipe the text. */
CLI_MUST_CHECK int gate_hook_run(const char *program, char **text, size_t *len);
/* Makes a key in the folder, named by the time. */
CLI_MUST_CHECK int gate_ticket_make(struct cli *cli, const struct gate_config *config, int64_t now);
/* Removes keys that are too old. */
CLI_MUST_CHECK int gate_tickets_prune(struct cli *cli, const struct gate_config *config,
				      int64_t now, unsigned *removed);

/* --- helper.c: programs for a gate that may start none itself --------------------------- */

/*
 * A running gate may start no program (cli/confine.h), and what it starts would share its
 * confinement: so a process for each of its programs is there before, which runs that one and no other.
 */
enum gate_helper_kind { GATE_HELPER_OPENS, GATE_HELPER_KEYS };
struct gate_helper {
	pid_t pid;
	int fd; /* -1: there is none */
};
/* Before the first thread and the first secret. Without a program: nothing. */
CLI_MUST_CHECK int gate_helper_start(struct cli *cli, struct gate_helper *h, const char *program,
				     enum gate_helper_kind kind);
/* It ends as soon as it has nothing to do; what it started goes on. */
void gate_helper_stop(struct gate_helper *h);
/* Asks it to start its program with these words, without waiting. False: it cannot be reached. */
CLI_MUST_CHECK bool gate_helper_tell(const struct gate_helper *h, const char *what,
				     const char *reader, const char *decision);
/* gate_hook_run() by the helper. */
CLI_MUST_CHECK int gate_helper_ask(const struct gate_helper *h, char **text, size_t *len);

/* --- show.c: what happened, as JSON ------------------------------------------------------ */

/* The tap of `gate run` and `journal export`; NULL: no memory. */
json_t *gate_record_json(const struct sj_journal_record *record);
/* "visitor"; NULL: not told. */
const char *gate_class_name(unsigned holder_class);

#endif
