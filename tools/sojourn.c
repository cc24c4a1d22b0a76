/* sojourn.c -- `sojourn <noun> ...` execs the program that serves the noun. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sojourn/sojourn.h>

#include "cli/child.h"
#include "cli/cli.h"
#include "dispatch.h"

#define NOUNS_MAX 16

static int usage(const char *what, const char *word, const char *near)
{
	fprintf(stderr, "sojourn: %s%s%s", what, word != NULL ? " " : "", word != NULL ? word : "");
	if (near != NULL)
		fprintf(stderr, "; did you mean %s?", near);
	fprintf(stderr, "%s See 'sojourn --help'. [%s]\n", near != NULL ? "" : ".",
		cli_failure_id(SJ_USAGE).text);
	return sj_exit_code(SJ_USAGE);
}

static int help(void)
{
	const struct cli_noun *n;

	printf("Usage: sojourn <noun> [verb] [options]\n\n"
	       "Open, offline proof of who a card's holder is.\n\nNouns:\n");
	for (size_t i = 0; (n = cli_noun_at(i)) != NULL; i++)
		printf("  %-12s%s\n", n->noun, n->summary);
	printf("\nOptions:\n  -h, --help  show this help\n  --version   show the version\n\n"
	       "Examples:\n"
	       "  sojourn demo\n"
	       "  sojourn verify --can-file can.txt\n"
	       "  sojourn verify --help\n");
	return fflush(stdout) == 0 ? 0 : sj_exit_code(SJ_OUTPUT_FAILED);
}

static int version(void)
{
	puts("sojourn " SJ_VERSION);
	return fflush(stdout) == 0 ? 0 : sj_exit_code(SJ_OUTPUT_FAILED);
}

static json_t *failure_row(const struct sj_failure *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "id", cli_failure_id(f->rc).text,
			 "name", f->name, "text", f->text, "cause", f->cause, "action", f->action,
			 "contact", f->contact, "exit", sj_exit_code(f->rc));
}

/* The nouns and the failures as JSON, for the manual. */
static int dump(void)
{
	json_t *nouns = json_array(), *failures = json_array(), *whole;
	const struct sj_failure *f;
	const struct cli_noun *n;
	int rc;

	for (size_t i = 0; (n = cli_noun_at(i)) != NULL; i++)
		json_array_append_new(nouns,
				      json_pack("{s:s, s:s, s:s}", "noun", n->noun, "program",
						n->program, "summary", n->summary));
	for (size_t i = 0; (f = sj_failure_at(i)) != NULL; i++)
		json_array_append_new(failures, failure_row(f));
	whole = json_pack("{s:i, s:o, s:o}", "schema", 1, "nouns", nouns, "failures", failures);
	rc = whole == NULL || json_dumpf(whole, stdout, JSON_INDENT(1)) != 0 || putchar('\n') < 0;
	json_decref(whole);
	return rc != 0 || fflush(stdout) != 0 ? sj_exit_code(SJ_OUTPUT_FAILED) : 0;
}

static int unknown(const char *word)
{
	const char *words[NOUNS_MAX + 1] = { NULL };

	if (word[0] == '-')
		return usage("unknown option", word, NULL);
	for (size_t i = 0; i < NOUNS_MAX && cli_noun_at(i) != NULL; i++)
		words[i] = cli_noun_at(i)->noun;
	return usage("unknown noun", word, cli_suggest(word, words));
}

int main(int argc, char **argv)
{
	const struct cli_noun *noun;
	char *path;
	char name[] = "sojourn";

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0)
		return version();
	if (strcmp(argv[1], "--cli-dump") == 0)
		return dump();
	if (strcmp(argv[1], "--completion") == 0)
		return argc == 3 ? completion_print(argv[2])
				 : usage("--completion needs bash, zsh or fish", NULL, NULL);
	noun = cli_noun_find(argv[1]);
	if (noun == NULL)
		return unknown(argv[1]);
	argv[0] = name;
	path = cli_program_path(noun->program);
	if (path != NULL)
		execv(path, argv);
	fprintf(stderr, "sojourn: %s: %s. Is Sojourn installed completely? [%s]\n",
		path != NULL ? path : noun->program, strerror(errno),
		cli_failure_id(SJ_INTERNAL).text);
	free(path);
	return sj_exit_code(SJ_INTERNAL);
}
