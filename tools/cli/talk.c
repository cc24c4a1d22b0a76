#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/frame.h"

/* --- clean text --------------------------------------------------------------- */

/* Size of the UTF-8 sequence at p; 0: not UTF-8, or a control character of U+0080..U+009F. */
static size_t sequence(const unsigned char *p)
{
	uint32_t c;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		n = 2;
	else if ((p[0] & 0xF0) == 0xE0)
		n = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		n = 4;
	else
		return 0;
	c = p[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3Fu);
	}
	if (c < 0xA0 || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10FFFF)
		return 0;
	/* Surrogates; marks that turn the writing direction round (Unicode UAX #9). */
	if ((c >= 0xD800 && c <= 0xDFFF) || (c >= 0x202A && c <= 0x202E) ||
	    (c >= 0x2066 && c <= 0x2069))
		return 0;
	return n;
}

void cli_text_clean(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p != '\0') {
		size_t n = sequence(p);

		if (n == 0 || (*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7F) {
			*p = '?';
			n = 1;
		}
		p += n;
	}
}

/* Prints prefix, the clean text and suffix. */
static void put(FILE *to, const char *prefix, const char *suffix, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	cli_text_clean(text);
	fprintf(to, "%s%s%s", prefix, text, suffix);
	free(text);
}

/* --- set up -------------------------------------------------------------------- */

int cli_talk_setup(struct cli *cli)
{
	const char *color = cli_setting(cli, "color");
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	/* Who reads a pipe sees each line when it is said: `reader watch | grep`. */
	if (setvbuf(cli->out, NULL, _IOLBF, BUFSIZ) != 0)
		cli_debug(cli, "standard output comes in blocks");
	cli->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (strcmp(color, "always") == 0)
		cli->color_out = true;
	else if (strcmp(color, "auto") == 0)
		cli->color_out = isatty(STDOUT_FILENO) == 1 &&
				 (no_color == NULL || no_color[0] == '\0') &&
				 (term == NULL || strcmp(term, "dumb") != 0);
	return 0;
}

bool cli_colors(const struct cli *cli)
{
	return cli->color_out;
}

/* --- lines --------------------------------------------------------------------- */

void cli_print(struct cli *cli, const char *format, ...)
{
	va_list args;

	if (cli->json)
		return;
	va_start(args, format);
	put(cli->out, "", "", format, args);
	va_end(args);
}

void cli_note(struct cli *cli, const char *format, ...)
{
	va_list args;

	fflush(cli->out);
	va_start(args, format);
	put(cli->err, "", "\n", format, args);
	va_end(args);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
	va_list args;

	fflush(cli->out);
	va_start(args, format);
	put(cli->err, "sojourn: warning: ", "\n", format, args);
	va_end(args);
}

void cli_debug(struct cli *cli, const char *format, ...)
{
	va_list args;

	if (!cli->debug)
		return;
	va_start(args, format);
	put(cli->err, "sojourn: debug: ", "\n", format, args);
	va_end(args);
}

static const struct {
	const char *utf8;
	const char *ascii;
	const char *color;
} marks[] = {
	[CLI_MARK_GOOD] = { "\xE2\x9C\x94", "+", "\033[32m" },
	[CLI_MARK_BAD] = { "\xE2\x9C\x98", "x", "\033[31m" },
	[CLI_MARK_UNSURE] = { "?", "?", "\033[33m" },
	[CLI_MARK_PLAIN] = { "\xC2\xB7", "-", "" },
};

void cli_line(struct cli *cli, enum cli_mark mark, const char *word, const char *format, ...)
{
	bool color = cli->color_out && marks[mark].color[0] != '\0';
	va_list args;

	if (cli->json)
		return;
	fprintf(cli->out, "%s%s %-12s%s ", color ? marks[mark].color : "",
		cli->utf8 ? marks[mark].utf8 : marks[mark].ascii, word, color ? "\033[0m" : "");
	va_start(args, format);
	put(cli->out, "", "\n", format, args);
	va_end(args);
}

/* --- failures ------------------------------------------------------------------ */

int cli_exit_code(const struct cli *cli)
{
	return cli->exit_code;
}

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static void fail_json(struct cli *cli, enum sj_rc rc, const char *what)
{
	const struct sj_failure *f = sj_failure_find(rc);
	json_t *error = json_object();

	cli->json_printed = true; /* a failure in here is not printed as JSON again */
	json_object_set_new(error, "id", json_string(cli_failure_id(rc).text));
	json_object_set_new(error, "name", text_or_null(f != NULL ? f->name : NULL));
	json_object_set_new(error, "text", json_string(sj_strerror(rc)));
	json_object_set_new(error, "what", text_or_null(what));
	json_object_set_new(error, "action", text_or_null(f != NULL ? f->action : NULL));
	json_object_set_new(error, "exit", json_integer(sj_exit_code(rc)));
	if (cli_json_print(cli, 1, json_pack("{s:o}", "error", error)) != 0)
		cli_debug(cli, "the failure could not be printed as JSON");
}

/* "." unless the sentence ends by itself. */
static const char *stop(const char *sentence)
{
	size_t len = strlen(sentence);

	return len > 0 && strchr(".!?", sentence[len - 1]) != NULL ? "" : ".";
}

/* A service that does not answer may be a lab that has ended. */
static void tell_socket(struct cli *cli)
{
	const char *path = getenv("PCSCLITE_CSOCK_NAME");

	if (path != NULL)
		cli_note(
			cli,
			"PCSCLITE_CSOCK_NAME is %s: a lab that has ended? unset it, or start the lab",
			path);
}

static int fail(struct cli *cli, enum sj_rc rc, const char *what)
{
	const struct sj_failure *f = sj_failure_find(rc);
	const char *text = sj_strerror(rc);

	fflush(cli->out);
	fprintf(cli->err, "sojourn: %s%s%s%s", what != NULL ? what : "", what != NULL ? ": " : "",
		text, stop(text));
	if (f != NULL && f->action != NULL && f->action[0] != '\0')
		fprintf(cli->err, " %s%s", f->action, stop(f->action));
	fprintf(cli->err, " [%s]\n", cli_failure_id(rc).text);
	if (rc == SJ_NO_PCSCD)
		tell_socket(cli);
	if (cli->json && !cli->json_printed)
		fail_json(cli, rc, what);
	cli->exit_code = sj_exit_code(rc);
	return cli->exit_code;
}

int cli_fail(struct cli *cli, enum sj_rc rc, const char *format, ...)
{
	char *long_one = NULL, little[256] = "", *what = NULL;
	va_list args;
	int code;

	if (format != NULL) {
		va_start(args, format);
		if (vasprintf(&long_one, format, args) < 0)
			long_one = NULL;
		va_end(args);
		what = long_one != NULL ? long_one : little;
	}
	/* Where a sentence has no room, whatever failed did so for want of memory. */
	if (format != NULL && long_one == NULL) {
		rc = SJ_NO_MEMORY;
		va_start(args, format);
		(void)vsnprintf(little, sizeof(little), format, args);
		va_end(args);
	}
	if (what != NULL)
		cli_text_clean(what);
	code = fail(cli, rc, what);
	free(long_one);
	return code;
}

int cli_usage(struct cli *cli, const char *format, ...)
{
	char name[64] = "sojourn", *what = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	if (what != NULL)
		cli_text_clean(what);
	if (cli->command != NULL)
		cli_command_name(cli->command, name, sizeof(name));
	fflush(cli->out);
	fprintf(cli->err, "sojourn: %s%s See '%s --help'. [%s]\n", what != NULL ? what : "usage",
		stop(what != NULL ? what : ""), name, cli_failure_id(SJ_USAGE).text);
	if (cli->json && !cli->json_printed)
		fail_json(cli, SJ_USAGE, what);
	free(what);
	cli->exit_code = sj_exit_code(SJ_USAGE);
	return cli->exit_code;
}

/* --- JSON ---------------------------------------------------------------------- */

static int print_json(struct cli *cli, int schema, json_t *object, size_t flags)
{
	json_t *whole = json_pack("{s:i}", "schema", schema);
	int rc = 0;

	if (whole == NULL || object == NULL || json_object_update(whole, object) != 0) {
		rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		goto out;
	}
	cli->json_printed = true;
	if (json_dumpf(whole, cli->out, flags) != 0 || fputc('\n', cli->out) == EOF ||
	    fflush(cli->out) != 0)
		rc = cli_fail(cli, SJ_OUTPUT_FAILED, "standard output");
out:
	json_decref(whole);
	json_decref(object);
	return rc;
}

int cli_json_print(struct cli *cli, int schema, json_t *object)
{
	return print_json(cli, schema, object, JSON_INDENT(2));
}

int cli_json_line(struct cli *cli, int schema, json_t *object)
{
	return print_json(cli, schema, object, JSON_COMPACT);
}
