/* portrait.c -- the portrait: kept as it is, or drawn in a terminal. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/portrait.h"
#include "verify/verify.h"

/* The face of an earlier run must not pass for that of this document, whatever comes. */
int verify_portrait_forget(struct cli *cli)
{
	const char *path = cli_value(cli, "portrait-out");
	struct stat st;
	bool there;
	int code;

	if (path == NULL || strcmp(path, "-") == 0)
		return 0;
	code = cli_file_there(cli, path, &there);
	if (code != 0 || !there)
		return code;
	if (lstat(path, &st) == 0 && (!S_ISREG(st.st_mode) || unlink(path) == 0))
		return 0;
	return cli_fail(cli, SJ_OUTPUT_FAILED, "%s", path);
}

static bool find(const struct verify_run *run, const uint8_t **bytes, size_t *len)
{
	const char *mime;

	return run->answer != NULL ? sj_answer_portrait(run->answer, bytes, len, &mime)
				   : sj_report_portrait(run->report, bytes, len, &mime);
}

/* A picture that cannot be shown takes nothing from the verdict. */
static void draw(struct verify_run *run, const uint8_t *bytes, size_t len)
{
	char why[CLI_PORTRAIT_WHY] = "";

	if (cli_json(run->cli))
		snprintf(why, sizeof(why), "--json is for programs");
	else if (!cli_colors(run->cli))
		snprintf(why, sizeof(why), "colours are off (--color always)");
	else
		cli_portrait_draw(bytes, len, why);
	if (why[0] != '\0')
		cli_warn(run->cli, "the portrait is not drawn: %s", why);
}

int verify_portrait(struct verify_run *run)
{
	const char *path = cli_value(run->cli, "portrait-out");
	const bool drawn = cli_given(run->cli, "draw");
	const uint8_t *bytes;
	size_t len;

	if (path == NULL && !drawn)
		return 0;
	if (!find(run, &bytes, &len)) {
		cli_warn(run->cli, "no authentic portrait%s: %s is not %s",
			 run->answer != NULL ? " for this service" : "", path ? path : "it",
			 path ? "written" : "drawn");
		return 0;
	}
	if (drawn)
		draw(run, bytes, len);
	return path != NULL ? cli_file_write(run->cli, path, bytes, len, 0600) : 0;
}
