/* new.c -- `sojourn terminal new`: a key and the request for its certificate. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/services.h"
#include "terminal/terminal.h"

#define REFERENCE_MAX 16u
#define SEQUENCE 5u /* digits at the end of a reference */

/* The next certificate of the same holder: the number at the end, one higher. */
static void count_up(char reference[static REFERENCE_MAX + 1])
{
	size_t len = strlen(reference);

	for (size_t i = 0; i < SEQUENCE && i < len; i++) {
		char *digit = &reference[len - 1 - i];

		if (!isdigit((unsigned char)*digit))
			return;
		*digit = *digit == '9' ? '0' : (char)(*digit + 1);
		if (*digit != '0')
			return;
	}
}

/* The terminal that vouches for its next certificate; *out NULL: none is installed. */
static int open_previous(struct cli *cli, const char *folder, struct sj_terminal **out)
{
	bool there;
	int rc = cli_file_there(cli, terminal_path(folder, TERMINAL_CERTIFICATE).text, &there);

	*out = NULL;
	return rc != 0 || !there ? rc : cli_terminal_open(cli, folder, out);
}

/* --holder, or the reference after that of the terminal. */
static int choose_holder(struct cli *cli, const struct sj_terminal *previous,
			 char holder[static REFERENCE_MAX + 1])
{
	struct sj_terminal_info info = { .size = sizeof(info) };
	const char *given = cli_value(cli, "holder");

	if (given == NULL && previous == NULL)
		return cli_usage(cli, "--holder REFERENCE is needed: two capital letters, up to 9 "
				      "characters, five letters or digits");
	if (given != NULL) {
		snprintf(holder, REFERENCE_MAX + 1, "%s", given);
		return strlen(given) <= REFERENCE_MAX
			       ? 0
			       : cli_usage(cli, "--holder %s: too long", given);
	}
	sj_terminal_get_info(previous, &info);
	snprintf(holder, REFERENCE_MAX + 1, "%s", info.holder);
	count_up(holder);
	return 0;
}

static int write_both(struct cli *cli, const char *folder, const char *holder,
		      const struct sj_terminal *previous)
{
	const struct terminal_path key_path = terminal_path(folder, TERMINAL_NEXT_KEY);
	const struct terminal_path path = terminal_path(folder, TERMINAL_NEXT_REQUEST);
	const char *curve = cli_value(cli, "key");
	uint8_t key[SJ_TERMINAL_KEY_MAX], request[SJ_TERMINAL_REQUEST_MAX];
	size_t key_len = sizeof(key), request_len = sizeof(request);
	enum sj_rc made = sj_terminal_request(holder, curve != NULL ? curve : "P-256", previous,
					      key, &key_len, request, &request_len);
	bool written;
	int rc;

	if (made != SJ_OK)
		return made == SJ_USAGE ? cli_usage(cli, "--holder %s: not a reference", holder)
					: cli_fail(cli, made, "new key");
	rc = cli_file_write(cli, key_path.text, key, key_len, 0600);
	written = rc == 0;
	if (rc == 0)
		rc = cli_file_write(cli, path.text, request, request_len, 0644);
	/* A key without its request, or with the one before, waits for no certificate. */
	if (rc != 0 && written) {
		(void)unlink(key_path.text);
		(void)unlink(path.text);
	}
	if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "made",
			 "%s, which the authority signs for %s ('sojourn authority terminal sign')",
			 path.text, holder);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(cli, 1,
				    json_pack("{s:s, s:s, s:b}", "request", path.text, "holder",
					      holder, "renewal", previous != NULL));
	explicit_bzero(key, sizeof(key));
	return rc;
}

/* One that waits for its certificate is not lost by a second call. */
static int check_waiting(struct cli *cli, const char *folder)
{
	const struct terminal_path path = terminal_path(folder, TERMINAL_NEXT_KEY);
	bool there;
	int rc = cli_file_there(cli, path.text, &there);

	if (rc != 0 || !there || cli_given(cli, "again"))
		return rc;
	return cli_fail(cli, SJ_INPUT_REFUSED,
			"%s: a request waits for its certificate; --again makes another",
			path.text);
}

static int run(struct cli *cli)
{
	const char *folder = terminal_folder(cli, 0);
	struct sj_terminal *previous = NULL;
	char holder[REFERENCE_MAX + 1];
	int rc = folder == NULL ? cli_exit_code(cli) : check_waiting(cli, folder);

	if (rc == 0)
		rc = open_previous(cli, folder, &previous);
	if (rc == 0 && cli_given(cli, "first")) {
		sj_terminal_close(previous);
		previous = NULL;
	}
	if (rc == 0)
		rc = choose_holder(cli, previous, holder);
	if (rc == 0)
		rc = cli_directory_make(cli, folder, 0700);
	if (rc == 0)
		rc = write_both(cli, folder, holder, previous);
	sj_terminal_close(previous);
	return rc;
}

static const struct cli_positional positionals[] = {
	{ "DIR", "the terminal's folder; made if it is missing (default: the setting 'terminal')",
	  CLI_COMPLETE_DIRECTORY, NULL, true, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const struct cli_option options[] = {
	{ .name = "holder",
	  .argument = "REFERENCE",
	  .help = "country, name of at most 9 characters, number of 5: UTHOTEL00001" },
	{ .name = "key",
	  .letter = 'k',
	  .argument = "KIND",
	  .help = "kind of the key: as the document verifier's (default P-256)",
	  .complete = CLI_COMPLETE_WORDS,
	  .words = "P-256 P-384 P-521 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1" },
	{ .name = "first", .help = "the certificate in use does not vouch for the next" },
	{ .name = "again", .help = "instead of a request that still waits for its certificate" },
	{ 0 },
};

static const char *const examples[] = {
	"sojourn terminal new desk --holder UTHOTEL00001 # desk/next.cvreq goes to the authority",
	"sojourn terminal new desk # before a week is over: the next one",
	NULL,
};
static const enum sj_rc failures[] = { SJ_OUTPUT_FAILED, SJ_INPUT_REFUSED, SJ_TERMINAL_FILES,
				       SJ_OK };

const struct cli_command terminal_new = {
	.noun = "terminal",
	.verb = "new",
	.summary = "make a terminal's key and the request for its certificate",
	.description =
		"Makes DIR/next.key, which only its owner may read, and DIR/next.cvreq for the\n"
		"authority. In the folder of a terminal that is installed it makes the next one, which\n"
		"the key in use vouches for: the reference is counted up, and the authority gets the\n"
		"present certificate by --previous. Nothing in use changes before the certificate is\n"
		"installed.",
	.features = CLI_JSON,
	.positionals = positionals,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run,
};
