#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"

static const struct cli_option options_common[] = {
	{ .name = "color",
	  .argument = "WHEN",
	  .help = "colour the output: auto (default), always or never",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "auto always never" },
	{ .name = "help", .letter = 'h', .help = "show this help" },
	{ .name = "version", .help = "show the version" },
	{ 0 },
};

static const struct cli_option options_json[] = {
	{ .name = "json", .help = "print the result as JSON" },
	{ 0 },
};

static const struct cli_option options_card[] = {
	{ .name = "trace", .help = "show every command to the card on standard error" },
	{ .name = "pcap",
	  .argument = "FILE",
	  .help = "write a capture for wireshark (ISO 14443)",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};

static const struct cli_option options_reader[] = {
	{ .name = "reader",
	  .argument = "NAME",
	  .help = "use this reader; a part of its name is enough",
	  .complete = CLI_COMPLETE_READER },
	{ 0 },
};

static const struct cli_option options_timeout[] = {
	{ .name = "timeout", .argument = "SECONDS", .help = "give up after that long" },
	{ 0 },
};

static const struct cli_option options_trust[] = {
	{ .name = "trust",
	  .argument = "DIR",
	  .help = "directory of the trust store",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ 0 },
};

static const struct cli_option options_keys[] = {
	CLI_SECRET_OPTIONS("passphrase",
			   "passphrase of the keys (repeated: each custodian's part)"),
	CLI_SECRET_OPTIONS("hsm-pin", "PIN of the token that has the keys"),
	{ 0 },
};

static const struct {
	unsigned feature;
	const struct cli_option *options;
} features[] = {
	{ CLI_READER, options_reader }, { CLI_TRUST, options_trust },
	{ CLI_JSON, options_json },     { CLI_TIMEOUT, options_timeout },
	{ CLI_CARD, options_card },     { CLI_KEYS, options_keys },
	{ 0, options_common },
};
#define FEATURES (sizeof(features) / sizeof(features[0]))

static size_t count(const struct cli_option *options)
{
	size_t n = 0;

	while (options != NULL && options[n].name != NULL)
		n++;
	return n;
}

struct cli_option *cli_options_collect(const struct cli_command *command)
{
	size_t n = count(command->options), own = n;
	struct cli_option *all;

	for (size_t i = 0; i < FEATURES; i++)
		n += count(features[i].options);
	all = calloc(n + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	if (own > 0)
		memcpy(all, command->options, own * sizeof(*all));
	n = own;
	for (size_t i = 0; i < FEATURES; i++) {
		size_t more = count(features[i].options);

		if (features[i].feature != 0 && (command->features & features[i].feature) == 0)
			continue;
		memcpy(&all[n], features[i].options, more * sizeof(*all));
		n += more;
	}
	return all;
}

/* --- getopt_long -------------------------------------------------------------- */

/* Values that getopt_long() returns for long options start above all letters. */
#define LONG_BASE 256

struct parser {
	struct option *longs;
	char *letters;
};

static bool parser_make(struct parser *p, const struct cli_option *options)
{
	size_t n = count(options);
	char *letter;

	p->longs = calloc(n + 1, sizeof(*p->longs));
	p->letters = calloc(n * 2 + 2, 1);
	if (p->longs == NULL || p->letters == NULL)
		return false;
	letter = p->letters;
	*letter++ = ':';
	for (size_t i = 0; i < n; i++) {
		p->longs[i].name = options[i].name;
		p->longs[i].has_arg = options[i].argument != NULL ? required_argument : no_argument;
		p->longs[i].val = LONG_BASE + (int)i;
		if (options[i].letter == 0)
			continue;
		*letter++ = options[i].letter;
		if (options[i].argument != NULL)
			*letter++ = ':';
	}
	return true;
}

static void parser_free(struct parser *p)
{
	free(p->longs);
	free(p->letters);
}

static const struct cli_option *option_of(const struct cli *cli, int value)
{
	if (value >= LONG_BASE)
		return &cli->options[value - LONG_BASE];
	for (const struct cli_option *o = cli->options; o->name != NULL; o++) {
		if (o->letter != 0 && o->letter == value)
			return o;
	}
	return NULL;
}

static bool word_of(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (const char *w = words; *w != '\0';) {
		size_t n = strcspn(w, " ");

		if (n == len && strncmp(w, value, n) == 0)
			return true;
		w += n;
		w += strspn(w, " ");
	}
	return false;
}

static int unknown_option(struct cli *cli, const char *text)
{
	size_t n = count(cli->options), len = strcspn(text, "=");
	const char **names;
	const char *near = NULL;
	char typo[64];
	int rc;

	names = calloc(n + 1, sizeof(*names));
	if (names != NULL && strncmp(text, "--", 2) == 0 && len - 2 < sizeof(typo)) {
		for (size_t i = 0, k = 0; i < n; i++) {
			if (!cli->options[i].hidden)
				names[k++] = cli->options[i].name;
		}
		memcpy(typo, text + 2, len - 2);
		typo[len - 2] = '\0';
		near = cli_suggest(typo, names);
	}
	if (near != NULL)
		rc = cli_usage(cli, "unknown option %.*s; did you mean --%s?", (int)len, text,
			       near);
	else
		rc = cli_usage(cli, "unknown option %.*s", (int)len, text);
	free(names);
	return rc;
}

/* A letter may stand inside "-xyz", a long option is the word before optind. */
static int bad_option(struct cli *cli, char **argv)
{
	char letter[3] = { '-', (char)optopt, '\0' };

	if (optopt > 0 && optopt < LONG_BASE)
		return unknown_option(cli, letter);
	if (optopt >= LONG_BASE)
		return cli_usage(cli, "option --%s takes no value", option_of(cli, optopt)->name);
	return unknown_option(cli, argv[optind - 1]);
}

static int take(struct cli *cli, int value)
{
	const struct cli_option *o = option_of(cli, value);

	if (o == NULL)
		return cli_fail(cli, SJ_INTERNAL, NULL);
	if (o->argument != NULL && o->words != NULL && !word_of(o->words, optarg))
		return cli_usage(cli, "--%s %s: must be one of: %s", o->name, optarg, o->words);
	cli->given[cli->given_n].option = o;
	cli->given[cli->given_n].value = o->argument != NULL ? optarg : "";
	cli->given_n++;
	return 0;
}

static int take_all(struct cli *cli, const struct parser *p, int argc, char **argv)
{
	int value, rc = 0;

	optind = 0; /* glibc: start anew, also when called twice */
	opterr = 0;
	while (rc == 0 && (value = getopt_long(argc, argv, p->letters, p->longs, NULL)) != -1) {
		if (value == ':')
			rc = cli_usage(cli, "option %s needs a value (%s)", argv[optind - 1],
				       option_of(cli, optopt)->argument);
		else if (value == '?')
			rc = bad_option(cli, argv);
		else
			rc = take(cli, value);
	}
	cli->arguments = argv + optind;
	cli->arguments_n = (size_t)(argc - optind);
	return rc;
}

static int check_positionals(struct cli *cli)
{
	const struct cli_positional *p = cli->command->positionals;
	size_t i = 0;

	for (; p != NULL && p->name != NULL; p++) {
		if (i >= cli->arguments_n)
			return p->optional ? 0 : cli_usage(cli, "%s is missing", p->name);
		if (p->words != NULL && !word_of(p->words, cli->arguments[i]))
			return cli_usage(cli, "%s %s: must be one of: %s", p->name,
					 cli->arguments[i], p->words);
		if (p->repeated)
			return 0;
		i++;
	}
	if (i < cli->arguments_n)
		return cli_usage(cli, "unexpected argument %s", cli->arguments[i]);
	return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
	struct parser p = { NULL, NULL };
	int rc;

	cli->given = calloc((size_t)argc + 1, sizeof(*cli->given));
	if (cli->given == NULL || !parser_make(&p, cli->options)) {
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		goto out;
	}
	rc = take_all(cli, &p, argc, argv);
	cli->json = cli_given(cli, "json");
	if (rc != 0)
		goto out;
	if (cli_given(cli, "help")) {
		cli_help_command(cli->out, cli->program, cli->command);
		rc = -1;
	} else if (cli_given(cli, "version")) {
		fprintf(cli->out, "sojourn %s\n", SJ_VERSION);
		rc = -1;
	} else {
		rc = check_positionals(cli);
	}
out:
	parser_free(&p);
	return rc;
}

/* --- what was given ----------------------------------------------------------- */

const char *cli_value(const struct cli *cli, const char *option)
{
	for (size_t i = cli->given_n; i > 0; i--) {
		if (strcmp(cli->given[i - 1].option->name, option) == 0)
			return cli->given[i - 1].value;
	}
	return NULL;
}

const char *cli_value_at(const struct cli *cli, const char *option, size_t i)
{
	for (size_t k = 0; k < cli->given_n; k++) {
		if (strcmp(cli->given[k].option->name, option) == 0 && i-- == 0)
			return cli->given[k].value;
	}
	return NULL;
}

bool cli_given(const struct cli *cli, const char *option)
{
	return cli_value(cli, option) != NULL;
}

static bool number_of(const char *text, unsigned long *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0';
}

int cli_number(struct cli *cli, const char *option, unsigned long min, unsigned long max,
	       unsigned long *out)
{
	return cli_number_of(cli, option, cli_value(cli, option), min, max, out);
}

int cli_number_of(struct cli *cli, const char *option, const char *text, unsigned long min,
		  unsigned long max, unsigned long *out)
{
	unsigned long n;

	if (text == NULL)
		return 0;
	if (!number_of(text, &n) || n < min || n > max)
		return cli_usage(cli, "--%s %s: must be a number from %lu to %lu", option, text,
				 min, max);
	*out = n;
	return 0;
}

const char *cli_argument(const struct cli *cli, size_t i)
{
	return i < cli->arguments_n ? cli->arguments[i] : NULL;
}

size_t cli_argument_count(const struct cli *cli)
{
	return cli->arguments_n;
}

bool cli_json(const struct cli *cli)
{
	return cli->json;
}

static const struct {
	const char *key;
	const char *value;
} setting_defaults[] = {
	{ "trust", "/var/lib/sojourn/trust" },
	{ "color", "auto" },
};

const char *cli_setting(const struct cli *cli, const char *key)
{
	const char *value = cli_value(cli, key);

	if (value == NULL)
		value = cli_config_get(&cli->config, key);
	for (size_t i = 0; value == NULL && i < 2; i++) {
		if (strcmp(setting_defaults[i].key, key) == 0)
			value = setting_defaults[i].value;
	}
	return value;
}

#define TIMEOUT_MAX_S 86400ul

unsigned cli_timeout_ms(const struct cli *cli)
{
	const char *text = cli_setting(cli, "timeout");
	unsigned long seconds;

	if (text == NULL || !number_of(text, &seconds) || seconds > TIMEOUT_MAX_S)
		return 0;
	return (unsigned)seconds * 1000u;
}
