/* install.c -- `sojourn terminal install`: certificates that belong together, put in use. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "terminal/terminal.h"

#define FILE_MAX 4096u
#define STAGE "install.new"

/* --- what comes with a certificate ---------------------------------------------------- */

static bool is_part(const char *name)
{
	static const char *const parts[] = { TERMINAL_CERTIFICATE, TERMINAL_DV, TERMINAL_SECTOR };
	const size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(name, parts[i]) == 0)
			return true;
	return strncmp(name, "cvca-link", 9) == 0 && len > 16 &&
	       strcmp(name + len - 7, ".cvcert") == 0;
}

static int copy(struct cli *cli, const char *from, const char *to, const char *name)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = cli_file_read(cli, terminal_path(from, name).text, FILE_MAX, &bytes, &len);

	if (rc == 0)
		rc = cli_file_write(cli, terminal_path(to, name).text, bytes, len, 0644);
	free(bytes);
	return rc;
}

/* Copies a folder's certificates and sector key; what `to` has already stays. */
static int copy_parts(struct cli *cli, const char *from, const char *to)
{
	DIR *entries = opendir(from);
	const struct dirent *e;
	bool there;
	int rc = 0;

	if (entries == NULL)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", from, strerror(errno));
	while (rc == 0 && (errno = 0, e = readdir(entries)) != NULL) {
		if (!is_part(e->d_name))
			continue;
		rc = cli_file_there(cli, terminal_path(to, e->d_name).text, &there);
		if (rc == 0 && !there)
			rc = copy(cli, from, to, e->d_name);
	}
	if (rc == 0 && errno != 0)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", from, strerror(errno));
	closedir(entries);
	return rc;
}

/* --- trying it ------------------------------------------------------------------------ */

/* With this key of the folder; *out NULL: they do not belong together. */
static int try_key(struct cli *cli, const char *folder, const char *stage, const char *name,
		   struct sj_terminal **out)
{
	const struct terminal_path key = terminal_path(folder, name);
	const struct terminal_path staged = terminal_path(stage, TERMINAL_KEY);
	bool there;
	int code = cli_file_there(cli, key.text, &there);
	enum sj_rc rc;

	*out = NULL;
	if (code != 0 || !there)
		return code;
	if ((unlink(staged.text) != 0 && errno != ENOENT) || link(key.text, staged.text) != 0)
		return cli_output_failed(cli, staged.text);
	rc = sj_terminal_open(stage, out);
	return rc == SJ_OK || rc == SJ_TERMINAL_FILES ? 0 : cli_fail(cli, rc, "%s", stage);
}

/* The key that waits, else the one in use: another certificate for the same key. */
static int choose(struct cli *cli, const char *folder, const char *stage, bool *next,
		  struct sj_terminal **out)
{
	int rc = try_key(cli, folder, stage, TERMINAL_NEXT_KEY, out);

	*next = *out != NULL;
	if (rc == 0 && *out == NULL)
		rc = try_key(cli, folder, stage, TERMINAL_KEY, out);
	if (rc == 0 && *out == NULL)
		rc = cli_fail(
			cli, SJ_TERMINAL_FILES,
			"%s: certificates, sector key and the keys in %s do not belong together",
			cli_argument(cli, cli_argument_count(cli) - 1), folder);
	return rc;
}

/* --- putting it in use ----------------------------------------------------------------- */

/*
 * The certificate goes last: cut off before it, the folder is refused as a whole, and the same
 * command puts it right.
 */
static int move_parts(struct cli *cli, const char *stage, const char *folder)
{
	DIR *entries = opendir(stage);
	const struct dirent *e;
	int rc = 0;

	if (entries == NULL)
		return cli_output_failed(cli, stage);
	while (rc == 0 && (errno = 0, e = readdir(entries)) != NULL)
		if (is_part(e->d_name) && strcmp(e->d_name, TERMINAL_CERTIFICATE) != 0 &&
		    rename(terminal_path(stage, e->d_name).text,
			   terminal_path(folder, e->d_name).text) != 0)
			rc = cli_output_failed(cli, terminal_path(folder, e->d_name).text);
	if (rc == 0 && errno != 0)
		rc = cli_output_failed(cli, stage);
	closedir(entries);
	return rc;
}

static int put_in_use(struct cli *cli, const char *stage, const char *folder, bool next)
{
	const struct terminal_path key = terminal_path(folder, TERMINAL_KEY);
	const struct terminal_path waiting = terminal_path(folder, TERMINAL_NEXT_KEY);
	const struct terminal_path certificate = terminal_path(folder, TERMINAL_CERTIFICATE);
	int rc = move_parts(cli, stage, folder);

	if (rc == 0 && next && rename(waiting.text, key.text) != 0)
		rc = cli_output_failed(cli, key.text);
	if (rc == 0)
		cli_sync_folder(certificate.text);
	if (rc == 0 &&
	    rename(terminal_path(stage, TERMINAL_CERTIFICATE).text, certificate.text) != 0)
		rc = cli_output_failed(cli, certificate.text);
	if (rc == 0)
		cli_sync_folder(certificate.text);
	if (rc == 0 && next)
		unlink(terminal_path(folder, TERMINAL_NEXT_REQUEST).text);
	return rc;
}

static int install(struct cli *cli, const char *folder, const char *from)
{
	const struct terminal_path stage = terminal_path(folder, STAGE);
	struct sj_terminal_info info = { .size = sizeof(info) };
	struct sj_terminal *terminal = NULL;
	bool next = false;
	int rc;

	cli_tree_remove(stage.text);
	rc = cli_directory_make(cli, stage.text, 0700);
	if (rc == 0)
		rc = copy_parts(cli, from, stage.text);
	if (rc == 0)
		rc = copy_parts(cli, folder, stage.text);
	if (rc == 0)
		rc = choose(cli, folder, stage.text, &next, &terminal);
	if (rc == 0)
		rc = put_in_use(cli, stage.text, folder, next);
	if (rc == 0 && sj_terminal_get_info(terminal, &info))
		cli_line(cli, CLI_MARK_GOOD, "installed", "%s, signed by %s", info.holder,
			 info.issuer);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(
			cli, 1,
			json_pack("{s:s, s:s}", "holder", info.holder, "issuer", info.issuer));
	sj_terminal_close(terminal);
	cli_tree_remove(stage.text);
	return rc;
}

static int run(struct cli *cli)
{
	const size_t n = cli_argument_count(cli);
	const char *folder = n > 1 ? cli_argument(cli, 0) : cli_setting(cli, "terminal");

	if (folder == NULL)
		return cli_usage(cli,
				 "give the terminal's folder, or set 'terminal' in sojourn.conf");
	return install(cli, folder, cli_argument(cli, n - 1));
}

static const struct cli_positional positionals[] = {
	{ "DIR",
	  "[DIR] FROM: the terminal's folder (default: the setting 'terminal'), and what came",
	  CLI_COMPLETE_DIRECTORY, NULL, false, true },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const char *const examples[] = {
	"sojourn terminal install desk from-authority # beside desk/next.key",
	NULL,
};
static const enum sj_rc failures[] = { SJ_INPUT_UNREADABLE, SJ_OUTPUT_FAILED, SJ_TERMINAL_FILES,
				       SJ_OK };

const struct cli_command terminal_install = {
	.noun = "terminal",
	.verb = "install",
	.summary = "put the certificate that the authority signed in use",
	.description =
		"FROM is a folder as 'sojourn authority terminal sign --folder' writes it:\n"
		"terminal.cvcert, dv.cvcert, sector.cvkey where the service has pseudonyms, and\n"
		"cvca-link-*.cvcert; what is missing in it is taken from DIR. All of it must belong\n"
		"together and to the key that waits (DIR/next.key) or the one in use; else nothing in\n"
		"DIR changes. The certificate is put in use last: if the power goes before, the same\n"
		"command puts it right.",
	.features = CLI_JSON,
	.positionals = positionals,
	.examples = examples,
	.failures = failures,
	.run = run,
};
