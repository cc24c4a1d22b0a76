/* frame.h -- what the files of the frame share; programs include cli.h. */
#ifndef SOJOURN_TOOLS_CLI_FRAME_H
#define SOJOURN_TOOLS_CLI_FRAME_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <sojourn/reader.h>

#include "cli/cli.h"

/* An option as given; options and values live in the tables and in argv. */
struct cli_given {
	const struct cli_option *option;
	const char *value; /* "" for a switch */
};

/* A setting of the configuration; all texts owned. */
struct cli_config_entry {
	char *key;
	char *value;
};

/* The first few names are enough; a key is set at most once. */
#define CLI_CONFIG_KEYS 12
struct cli_config {
	struct cli_config_entry entries[CLI_CONFIG_KEYS];
	size_t n;
};

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

struct cli_trace;
struct cli_interrupt;

struct cli {
	const struct cli_program *program;
	const struct cli_command *command; /* NULL until it is known */
	struct cli_option *options; /* the command's and the frame's; NULL name ends */
	struct cli_given *given;
	size_t given_n;
	char **arguments;
	size_t arguments_n;
	struct cli_config config;
	FILE *out, *err; /* stdout and stderr; memory streams in tests */
	bool json;
	bool json_printed;
	bool color_out;
	bool utf8;
	bool debug;
	int exit_code; /* of the last failure told */
	struct sj_context *context;
	struct cli_trace *trace;
	struct cli_interrupt *interrupt;
};

/* cli_number() for a text that was looked up already; NULL: not given. */
CLI_MUST_CHECK int cli_number_of(struct cli *cli, const char *option, const char *text,
				 unsigned long min, unsigned long max, unsigned long *out);
/* The command's own and the frame's options in one table to free(); NULL: no memory. */
struct cli_option *cli_options_collect(const struct cli_command *command);

/* Parses what follows the command's words. 0, 2 (told), or -1: help was printed. */
int cli_parse(struct cli *cli, int argc, char **argv);
/* Letter case and colour follow the settings once they are known. */
int cli_talk_setup(struct cli *cli);

/* A command that is a noun alone shows the noun's verbs of `program`, too. */
void cli_help_command(FILE *out, const struct cli_program *program,
		      const struct cli_command *command);
void cli_help_noun(FILE *out, const struct cli_program *program, const char *noun);
/* "sojourn card new", into `text`. */
void cli_command_name(const struct cli_command *command, char *text, size_t size);

/* Reads the configuration files. A mistake in them is told with file and line. */
int cli_config_load(struct cli *cli);
const char *cli_config_get(const struct cli_config *config, const char *key);
void cli_config_free(struct cli_config *config);

/* Tables as JSON for completion and the manual's check (hidden --cli-dump). */
int cli_dump(const struct cli_program *program, FILE *out);

/* Serves --trace and --pcap on the context. */
int cli_trace_start(struct cli *cli);
/* Closes the capture. A failed write is told. */
int cli_trace_end(struct cli *cli);
void cli_interrupt_free(struct cli_interrupt *w);

/* Writes all of it or returns false with errno. */
CLI_MUST_CHECK bool cli_write_all(int fd, const void *bytes, size_t len);

/* Replaces control characters (but newline and tab) and invalid UTF-8 in place. */
void cli_text_clean(char *text);

#endif
