/*
 * completion.c -- completion scripts for shells, from the programs' own tables.
 *
 * bash and zsh get the tables as rows "noun|verb|kind|word|what follows|words|help"
 * and a function that looks the words up in them; fish gets a line an option.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/child.h"
#include "cli/cli.h"
#include "dispatch.h"

static const char bash_part[] =
	"_sojourn_readers() {\n"
	"	sojourn reader list --json 2>/dev/null |\n"
	"		sed -n 's/^ *\"name\": \"\\(.*\\)\",\\{0,1\\}$/\\1/p'\n"
	"}\n"
	"\n"
	"_sojourn_offer() {\n"
	"	local name\n"
	"	case $1 in\n"
	"	file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$3\") ;;\n"
	"	directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$3\") ;;\n"
	"	words) mapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$3\") ;;\n"
	"	reader) while read -r name; do\n"
	"			[[ $name == \"$3\"* ]] && COMPREPLY+=(\"$(printf %q \"$name\")\")\n"
	"		done < <(_sojourn_readers) ;;\n"
	"	esac\n"
	"}\n"
	"\n"
	"_sojourn() {\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"	local noun=${COMP_WORDS[1]} verb=- all= value= values= place= places=\n"
	"	local n v kind word how words help\n"
	"	COMPREPLY=()\n"
	"	while IFS='|' read -r n v kind word how words help; do\n"
	"		[[ $COMP_CWORD -gt 2 && $n == \"$noun\" && $v == \"${COMP_WORDS[2]}\" ]] && verb=$v\n"
	"	done < <(_sojourn_rows)\n"
	"	while IFS='|' read -r n v kind word how words help; do\n"
	"		[[ $COMP_CWORD -eq 1 && $kind == noun ]] && all+=\" $word\"\n"
	"		[[ $COMP_CWORD -eq 2 && $n == \"$noun\" && $kind == verb ]] && all+=\" $word\"\n"
	"		[[ $COMP_CWORD -gt 1 && $n == \"$noun\" && $v == \"$verb\" ]] || continue\n"
	"		[[ $kind == option ]] && all+=\" --$word\"\n"
	"		[[ $kind == option && \"--$word\" == \"$prev\" && $how != switch ]] &&\n"
	"			value=$how values=$words\n"
	"		[[ $kind == place && -z $place ]] && place=$how places=$words\n"
	"	done < <(_sojourn_rows)\n"
	"	if [[ -n $value ]]; then\n"
	"		_sojourn_offer \"$value\" \"$values\" \"$cur\"\n"
	"	elif [[ -n $place && $cur != -* ]]; then\n"
	"		_sojourn_offer \"$place\" \"$places\" \"$cur\"\n"
	"	else\n"
	"		_sojourn_offer words \"$all\" \"$cur\"\n"
	"	fi\n"
	"}\n"
	"complete -F _sojourn sojourn\n";

static const char zsh_part[] =
	"_sojourn_offer() {\n"
	"	local -a names\n"
	"	case $1 in\n"
	"	file) _files ;;\n"
	"	directory) _files -/ ;;\n"
	"	words) compadd -- ${=2} ;;\n"
	"	reader) names=(${(f)\"$(sojourn reader list --json 2>/dev/null |\n"
	"		sed -n 's/^ *\"name\": \"\\(.*\\)\",\\{0,1\\}$/\\1/p')\"})\n"
	"		compadd -- $names ;;\n"
	"	esac\n"
	"}\n"
	"\n"
	"_sojourn() {\n"
	"	local noun=$words[2] verb=- value= values= place= places=\n"
	"	local n v kind word how list help prev=$words[CURRENT-1] cur=$words[CURRENT]\n"
	"	local -a all\n"
	"	while IFS='|' read -r n v kind word how list help; do\n"
	"		[[ $CURRENT -gt 3 && $n == $noun && $v == $words[3] ]] && verb=$v\n"
	"	done < <(_sojourn_rows)\n"
	"	while IFS='|' read -r n v kind word how list help; do\n"
	"		[[ $CURRENT -eq 2 && $kind == noun ]] && all+=(\"$word:$help\")\n"
	"		[[ $CURRENT -eq 3 && $n == $noun && $kind == verb ]] && all+=(\"$word:$help\")\n"
	"		[[ $CURRENT -gt 2 && $n == $noun && $v == $verb ]] || continue\n"
	"		[[ $kind == option ]] && all+=(\"--$word:$help\")\n"
	"		[[ $kind == option && --$word == $prev && $how != switch ]] &&\n"
	"			value=$how values=$list\n"
	"		[[ $kind == place && -z $place ]] && place=$how places=$list\n"
	"	done < <(_sojourn_rows)\n"
	"	if [[ -n $value ]]; then\n"
	"		_sojourn_offer $value $values\n"
	"	elif [[ -n $place && $cur != -* ]]; then\n"
	"		_sojourn_offer $place $places\n"
	"	else\n"
	"		_describe sojourn all\n"
	"	fi\n"
	"}\n"
	"compdef _sojourn sojourn\n";

static const char fish_part[] =
	"function __sojourn_at # noun, verb (- for none), verbs that are another command\n"
	"	set -l t (commandline -opc)\n"
	"	test \"$t[2]\" = $argv[1]; or return 1\n"
	"	test $argv[2] = -; and not contains -- \"$t[3]\" $argv[3..-1]; and return 0\n"
	"	test \"$t[3]\" = $argv[2]\n"
	"end\n"
	"function __sojourn_readers\n"
	"	sojourn reader list --json 2>/dev/null |\n"
	"		string replace -rf '^ *\"name\": \"(.*)\",?$' '$1'\n"
	"end\n"
	"complete -c sojourn -f\n";

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s != NULL ? s : "";
}

/* The i-th row of the table `name`; NULL past the end. */
static const json_t *row_at(const json_t *object, const char *name, size_t i)
{
	return json_array_get(json_object_get(object, name), i);
}

static const char *verb_of(const json_t *command)
{
	return text(command, "verb")[0] != '\0' ? text(command, "verb") : "-";
}

static const char *follows(const json_t *option)
{
	return json_is_null(json_object_get(option, "argument")) ? "switch"
								 : text(option, "complete");
}

/* --- rows: bash, zsh -------------------------------------------------------------- */

static void rows_command(const json_t *command)
{
	const char *noun = text(command, "noun"), *verb = verb_of(command);
	const json_t *row;

	if (verb[0] != '-')
		printf("%s||verb|%s|||%s\n", noun, verb, text(command, "summary"));
	for (size_t i = 0; (row = row_at(command, "options", i)) != NULL; i++) {
		printf("%s|%s|option|%s|%s|%s|%s\n", noun, verb, text(row, "name"), follows(row),
		       text(row, "words"), text(row, "help"));
	}
	for (size_t i = 0; (row = row_at(command, "positionals", i)) != NULL; i++) {
		printf("%s|%s|place|%s|%s|%s|%s\n", noun, verb, text(row, "name"),
		       text(row, "complete"), text(row, "words"), text(row, "help"));
	}
}

static void rows_noun(const struct cli_noun *n)
{
	printf("||noun|%s|||%s\n", n->noun, n->summary);
}

static void rows_begin(void)
{
	printf("_sojourn_rows() {\n\tcat <<'ROWS'\n");
}

static void rows_end_bash(void)
{
	printf("ROWS\n}\n\n%s", bash_part);
}

static void rows_end_zsh(void)
{
	printf("ROWS\n}\n\n%s", zsh_part);
}

static void begin_bash(void)
{
	printf("# bash completion for sojourn, made by `sojourn --completion bash`\n");
	rows_begin();
}

static void begin_zsh(void)
{
	printf("#compdef sojourn\n# made by `sojourn --completion zsh`\n");
	rows_begin();
}

/* --- fish ------------------------------------------------------------------------- */

/* In single quotes, in which fish knows only \' and \\. */
static void quoted(const char *s)
{
	putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('\'');
}

static void begin_fish(void)
{
	printf("# fish completion for sojourn, made by `sojourn --completion fish`\n%s", fish_part);
}

static void fish_noun(const struct cli_noun *n)
{
	printf("complete -c sojourn -n __fish_use_subcommand -a %s -d ", n->noun);
	quoted(n->summary);
	putchar('\n');
}

static void fish_values(const json_t *row)
{
	const char *kind = text(row, "complete");

	if (strcmp(kind, "file") == 0) {
		printf(" -F");
	} else if (strcmp(kind, "directory") == 0) {
		printf(" -a '(__fish_complete_directories)'");
	} else if (strcmp(kind, "reader") == 0) {
		printf(" -a '(__sojourn_readers)'");
	} else if (strcmp(kind, "words") == 0) {
		printf(" -a ");
		quoted(text(row, "words"));
	}
}

static void fish_command(const json_t *command)
{
	const char *noun = text(command, "noun"), *verb = verb_of(command);
	const json_t *row;

	if (verb[0] != '-') {
		printf("complete -c sojourn -n '__sojourn_at %s -' -a %s -d ", noun, verb);
		quoted(text(command, "summary"));
		putchar('\n');
	}
	for (size_t i = 0; (row = row_at(command, "options", i)) != NULL; i++) {
		printf("complete -c sojourn -n '__sojourn_at %s %s' -l %s%s", noun, verb,
		       text(row, "name"),
		       json_is_null(json_object_get(row, "argument")) ? "" : " -r");
		fish_values(row);
		printf(" -d ");
		quoted(text(row, "help"));
		putchar('\n');
	}
	for (size_t i = 0; (row = row_at(command, "positionals", i)) != NULL; i++) {
		printf("complete -c sojourn -n '__sojourn_at %s %s'", noun, verb);
		fish_values(row);
		putchar('\n');
	}
}

static void end_fish(void)
{
}

/* --- all ---------------------------------------------------------------------------- */

static const struct shell {
	const char *name;
	void (*begin)(void);
	void (*noun)(const struct cli_noun *noun);
	void (*command)(const json_t *command);
	void (*end)(void);
} shells[] = {
	{ "bash", begin_bash, rows_noun, rows_command, rows_end_bash },
	{ "zsh", begin_zsh, rows_noun, rows_command, rows_end_zsh },
	{ "fish", begin_fish, fish_noun, fish_command, end_fish },
};

/* Asks a program for its tables. NULL: it is not there. */
static json_t *dump_of(const char *program)
{
	const struct cli_child child = CLI_CHILD_INIT;
	char *path = cli_program_path(program), *out = NULL;
	const char *const argv[] = { path, "--cli-dump", NULL };
	json_t *dump = NULL;
	size_t len = 0;

	if (path != NULL && cli_child_capture(&child, argv, &out, &len) == 0)
		dump = json_loadb(out, len, 0, NULL);
	free(out);
	free(path);
	return dump;
}

static bool seen_before(size_t noun)
{
	for (size_t i = 0; i < noun; i++) {
		if (strcmp(cli_noun_at(i)->program, cli_noun_at(noun)->program) == 0)
			return true;
	}
	return false;
}

static void print_commands(const struct shell *shell)
{
	for (size_t i = 0; cli_noun_at(i) != NULL; i++) {
		json_t *dump = seen_before(i) ? NULL : dump_of(cli_noun_at(i)->program);
		const json_t *command;

		for (size_t k = 0; (command = row_at(dump, "commands", k)) != NULL; k++)
			shell->command(command);
		json_decref(dump);
	}
}

int completion_print(const char *name)
{
	const struct shell *shell = NULL;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, name) == 0)
			shell = &shells[i];
	}
	if (shell == NULL) {
		fprintf(stderr, "sojourn: --completion %s: must be bash, zsh or fish. [%s]\n", name,
			cli_failure_id(SJ_USAGE).text);
		return sj_exit_code(SJ_USAGE);
	}
	shell->begin();
	for (size_t i = 0; cli_noun_at(i) != NULL; i++)
		shell->noun(cli_noun_at(i));
	print_commands(shell);
	shell->end();
	return fflush(stdout) == 0 ? 0 : sj_exit_code(SJ_OUTPUT_FAILED);
}
