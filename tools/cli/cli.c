#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/frame.h"

/*
 * No memory image of this process for others: it may hold a CAN, an MRZ, keys.
 * (A leak report of the sanitizer is made by attaching to the process.)
 */
static void no_core(void)
{
	const struct rlimit none = { 0, 0 };

#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0);
#endif
	setrlimit(RLIMIT_CORE, &none);
}

/*
 * Where the limit on locked memory is none (the units of the daemons say so) all of this process
 * stays out of the swap, page by page as it is used. Under a limit it does not: once that was
 * reached there would be no more memory at all. Then what a person gives is locked
 * (cli_secret_read()), and keys are not: swap must be encrypted, or off.
 */
static void lock_memory(struct cli *cli)
{
	struct rlimit limit = { 0, 0 };
	bool locked = false;

#ifndef __SANITIZE_ADDRESS__ /* it maps terabytes that nobody uses */
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
#endif
	if (!locked)
		cli_debug(cli,
			  "memory is not locked (limit: %llu KiB): keep swap encrypted, or off",
			  (unsigned long long)limit.rlim_cur / 1024);
}

static bool is_noun_of(const struct cli_program *program, const char *noun)
{
	for (size_t i = 0; program->commands[i] != NULL; i++) {
		if (strcmp(program->commands[i]->noun, noun) == 0)
			return true;
	}
	return false;
}

static const struct cli_command *find(const struct cli_program *program, const char *noun,
				      const char *verb)
{
	for (size_t i = 0; program->commands[i] != NULL; i++) {
		const struct cli_command *c = program->commands[i];

		if (strcmp(c->noun, noun) != 0 || (c->verb == NULL) != (verb == NULL))
			continue;
		if (verb == NULL || strcmp(c->verb, verb) == 0)
			return c;
	}
	return NULL;
}

/* "gate sign" is the verb gate-sign. */
static const struct cli_command *find_two(const struct cli_program *program, const char *noun,
					  const char *first, const char *second, int *words)
{
	char verb[32];

	snprintf(verb, sizeof(verb), "%s-%s", first, second);
	*words = 4;
	return find(program, noun, verb);
}

static int unknown_verb(struct cli *cli, const char *noun, const char *verb)
{
	const char **verbs;
	const char *near = NULL;
	size_t n = 0, k = 0;

	while (cli->program->commands[n] != NULL)
		n++;
	verbs = calloc(n + 1, sizeof(*verbs));
	for (size_t i = 0; verbs != NULL && i < n; i++) {
		const struct cli_command *c = cli->program->commands[i];

		if (strcmp(c->noun, noun) == 0 && c->verb != NULL)
			verbs[k++] = c->verb;
	}
	if (verbs != NULL)
		near = cli_suggest(verb, verbs);
	free(verbs);
	if (near != NULL)
		return cli_usage(cli, "unknown verb %s %s; did you mean %s %s?", noun, verb, noun,
				 near);
	return cli_usage(cli, "unknown verb %s %s", noun, verb);
}

static bool has_verbs(const struct cli_program *program, const char *noun)
{
	for (size_t i = 0; program->commands[i] != NULL; i++) {
		if (strcmp(program->commands[i]->noun, noun) == 0 &&
		    program->commands[i]->verb != NULL)
			return true;
	}
	return false;
}

/*
 * Finds the command that argv names; *words: how many of argv belong to its
 * name. Without one: 0 and no command when help was printed, else 2.
 */
static int choose(struct cli *cli, int argc, char **argv, int *words)
{
	const char *noun = argc > 1 ? argv[1] : "";
	const char *next = argc > 2 ? argv[2] : "--help";
	const struct cli_command *bare = find(cli->program, noun, NULL);

	if (!is_noun_of(cli->program, noun))
		return cli_usage(cli, "sojourn-%s does not serve '%s'", cli->program->name, noun);
	*words = 3;
	cli->command = find(cli->program, noun, next);
	if (cli->command == NULL && argc > 3)
		cli->command = find_two(cli->program, noun, next, argv[3], words);
	if (cli->command != NULL)
		return 0;
	*words = 2;
	if (bare != NULL && (argc == 2 || next[0] == '-' || !has_verbs(cli->program, noun) ||
			     (bare->positionals != NULL && bare->positionals->name))) {
		cli->command = bare;
		return 0;
	}
	if (strcmp(next, "--version") == 0) {
		fprintf(cli->out, "sojourn %s\n", SJ_VERSION);
		return 0;
	}
	if (next[0] == '-' && strcmp(next, "--help") != 0 && strcmp(next, "-h") != 0)
		return cli_usage(cli, "a verb is due before %s", next);
	if (next[0] != '-')
		return unknown_verb(cli, noun, next);
	cli_help_noun(cli->out, cli->program, noun);
	return 0;
}

/* Settings may come from a file: what is used as a number or a word is checked here. */
static int check_settings(struct cli *cli)
{
	const char *timeout = cli_setting(cli, "timeout");

	if (timeout != NULL && cli_timeout_ms(cli) == 0)
		return cli_usage(cli, "timeout %s: must be a number of seconds, 1 to 86400",
				 timeout);
	return 0;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int words = 0, rc = choose(cli, argc, argv, &words);

	if (rc != 0 || cli->command == NULL)
		return rc;
	cli->options = cli_options_collect(cli->command);
	if (cli->options == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	/* getopt_long() takes the word before the first option for the program's name. */
	rc = cli_parse(cli, argc - words + 1, argv + words - 1);
	if (rc != 0)
		return rc < 0 ? 0 : rc;
	rc = cli_config_load(cli);
	if (rc != 0)
		return rc;
	rc = check_settings(cli);
	if (rc != 0)
		return rc;
	cli_talk_setup(cli);
	return cli->command->run(cli);
}

static int finish(struct cli *cli, int rc)
{
	int trace_rc = cli_trace_end(cli);

	if (rc == 0)
		rc = trace_rc;
	sj_context_free(cli->context);
	cli_interrupt_free(cli->interrupt);
	if ((fflush(cli->out) != 0 || ferror(cli->out)) && rc == 0)
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "standard output");
	cli_config_free(&cli->config);
	free(cli->options);
	free(cli->given);
	return rc;
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
	struct cli cli = { .program = program, .out = stdout, .err = stderr };
	const char *log = getenv("SOJOURN_LOG");

	no_core();
	setlocale(LC_CTYPE, "");
	cli.debug = log != NULL && strcmp(log, "debug") == 0;
	lock_memory(&cli);
	if (argc == 2 && strcmp(argv[1], "--cli-dump") == 0)
		return finish(&cli, cli_dump(program, stdout));
	return finish(&cli, run(&cli, argc, argv));
}
