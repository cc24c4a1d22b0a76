#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

void cli_command_name(const struct cli_command *command, char *text, size_t size)
{
	snprintf(text, size, "sojourn %s%s%s", command->noun, command->verb != NULL ? " " : "",
		 command->verb != NULL ? command->verb : "");
}

static void usage_line(FILE *out, const struct cli_command *command)
{
	char name[64];

	cli_command_name(command, name, sizeof(name));
	fprintf(out, "Usage: %s [options]", name);
	for (const struct cli_positional *p = command->positionals; p != NULL && p->name != NULL;
	     p++)
		fprintf(out, p->optional ? " [%s]%s" : " %s%s", p->name, p->repeated ? "..." : "");
	fprintf(out, "\n\n");
}

#define HELP_COLUMN 24
#define HELP_WIDTH 80

/* How much of the text goes on a line of `width`: up to the last blank that fits. */
static size_t line_of(const char *text, size_t width)
{
	size_t len = strlen(text), fits = 0;

	if (len <= width)
		return len;
	for (size_t i = 0; i <= width || fits == 0; i++) {
		if (text[i] == '\0')
			return i;
		if (text[i] == ' ')
			fits = i;
	}
	return fits;
}

static void row(FILE *out, const char *left, const char *help)
{
	if (strlen(left) + 2 > HELP_COLUMN)
		fprintf(out, "  %s\n  %*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "  %-*s", HELP_COLUMN, left);
	while (*help != '\0') {
		size_t n = line_of(help, HELP_WIDTH - HELP_COLUMN - 2);

		fprintf(out, "%.*s\n", (int)n, help);
		help += n;
		help += strspn(help, " ");
		if (*help != '\0')
			fprintf(out, "  %*s", HELP_COLUMN, "");
	}
}

static void option_row(FILE *out, const struct cli_option *o)
{
	char left[80], letter[8] = "";

	if (o->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->argument != NULL ? " " : "",
		 o->argument != NULL ? o->argument : "");
	row(out, left, o->help);
}

/* "command # what it does": the comment goes above the command. */
static void example(FILE *out, const char *text)
{
	const char *comment = strstr(text, " # ");
	int len = comment != NULL ? (int)(comment - text) : (int)strlen(text);

	if (comment != NULL)
		fprintf(out, "  %s:\n", comment + 3);
	fprintf(out, "    %.*s\n", len, text);
}

/* The noun's verbs, after `title`; nothing when there are none. */
static void verb_rows(FILE *out, const struct cli_program *program, const char *noun,
		      const char *title)
{
	for (size_t i = 0; program->commands[i] != NULL; i++) {
		const struct cli_command *c = program->commands[i];

		if (c->verb == NULL || strcmp(c->noun, noun) != 0)
			continue;
		fputs(title, out);
		title = "";
		row(out, c->verb, c->summary);
	}
}

void cli_help_command(FILE *out, const struct cli_program *program,
		      const struct cli_command *command)
{
	struct cli_option *options = cli_options_collect(command);

	usage_line(out, command);
	fprintf(out, "%s\n",
		command->description != NULL ? command->description : command->summary);
	if (command->verb == NULL)
		verb_rows(out, program, command->noun, "\nVerbs:\n");
	if (command->positionals != NULL && command->positionals->name != NULL)
		fprintf(out, "\nArguments:\n");
	for (const struct cli_positional *p = command->positionals; p != NULL && p->name != NULL;
	     p++)
		row(out, p->name, p->help);
	fprintf(out, "\nOptions:\n");
	for (const struct cli_option *o = options; o != NULL && o->name != NULL; o++) {
		if (!o->hidden)
			option_row(out, o);
	}
	if (command->failures != NULL && *command->failures != SJ_OK)
		fprintf(out, "\nWhat may fail:\n");
	for (const enum sj_rc *f = command->failures; f != NULL && *f != SJ_OK; f++) {
		char left[40];

		snprintf(left, sizeof(left), "%s (exit %d)", cli_failure_id(*f).text,
			 sj_exit_code(*f));
		row(out, left, sj_strerror(*f));
	}
	if (command->examples != NULL && *command->examples != NULL)
		fprintf(out, "\nExamples:\n");
	for (const char *const *e = command->examples; e != NULL && *e != NULL; e++)
		example(out, *e);
	free(options);
}

void cli_help_noun(FILE *out, const struct cli_program *program, const char *noun)
{
	const struct cli_noun *n = cli_noun_find(noun);

	fprintf(out, "Usage: sojourn %s <verb> [options]\n\n%s\n", noun,
		n != NULL ? n->summary : "");
	verb_rows(out, program, noun, "\nVerbs:\n");
	fprintf(out, "\nSee 'sojourn %s <verb> --help'.\n", noun);
}
