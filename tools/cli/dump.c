#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

static json_t *text(const char *s)
{
	return s != NULL ? json_string(s) : json_null();
}

static const char *const kinds[] = {
	[CLI_COMPLETE_NONE] = "none",           [CLI_COMPLETE_FILE] = "file",
	[CLI_COMPLETE_DIRECTORY] = "directory", [CLI_COMPLETE_READER] = "reader",
	[CLI_COMPLETE_WORDS] = "words",
};

static json_t *option(const struct cli_option *o)
{
	char letter[2] = { o->letter, '\0' };

	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "name", o->name, "letter", letter,
			 "argument", text(o->argument), "help", o->help, "complete",
			 kinds[o->complete], "words", text(o->words));
}

static json_t *positional(const struct cli_positional *p)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b}", "name", p->name, "help", p->help,
			 "complete", kinds[p->complete], "words", text(p->words), "optional",
			 p->optional, "repeated", p->repeated);
}

static json_t *failures(const enum sj_rc *f)
{
	json_t *list = json_array();

	for (; f != NULL && *f != SJ_OK; f++)
		json_array_append_new(list, json_string(cli_failure_id(*f).text));
	return list;
}

static json_t *examples(const char *const *e)
{
	json_t *list = json_array();

	for (; e != NULL && *e != NULL; e++)
		json_array_append_new(list, json_string(*e));
	return list;
}

static json_t *command(const struct cli_command *c)
{
	struct cli_option *all = cli_options_collect(c);
	json_t *options = json_array(), *positionals = json_array();

	for (const struct cli_option *o = all; o != NULL && o->name != NULL; o++) {
		if (!o->hidden)
			json_array_append_new(options, option(o));
	}
	for (const struct cli_positional *p = c->positionals; p != NULL && p->name != NULL; p++)
		json_array_append_new(positionals, positional(p));
	free(all);
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "noun", c->noun, "verb",
			 text(c->verb), "summary", c->summary, "description", text(c->description),
			 "options", options, "positionals", positionals, "examples",
			 examples(c->examples), "failures", failures(c->failures));
}

int cli_dump(const struct cli_program *program, FILE *out)
{
	json_t *commands = json_array(), *whole;
	int rc;

	for (size_t i = 0; program->commands[i] != NULL; i++)
		json_array_append_new(commands, command(program->commands[i]));
	whole = json_pack("{s:i, s:s, s:o}", "schema", 1, "program", program->name, "commands",
			  commands);
	rc = whole == NULL || json_dumpf(whole, out, JSON_INDENT(1)) != 0;
	fputc('\n', out);
	json_decref(whole);
	return rc;
}
