/* url.c -- `sojourn counter url`: the address that lets one page in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "counter/counter.h"

static int run(struct cli *cli)
{
	struct counter_config config = { 0 };
	uint8_t *bytes = NULL;
	size_t len = 0;
	bool there = true;
	int rc = counter_config_load(cli, &config);

	if (rc == 0)
		rc = cli_file_there(cli, counter_path(&config, "address").text, &there);
	if (rc == 0 && !there)
		rc = cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s; does the counter run?",
			      counter_path(&config, "address").text, strerror(ENOENT));
	if (rc == 0)
		rc = cli_file_read(cli, counter_path(&config, "address").text, 256, &bytes, &len);
	if (rc == 0)
		cli_print(cli, "%s", (const char *)bytes);
	if (bytes != NULL)
		explicit_bzero(bytes, len);
	free(bytes);
	counter_config_free(&config);
	return rc;
}

static const struct cli_option options[] = { COUNTER_CONFIG_OPTIONS, { 0 } };
static const char *const examples[] = {
	"xdg-open \"$(sojourn counter url)\" # the page, in the browser",
	NULL,
};
static const enum sj_rc failures[] = { SJ_INPUT_UNREADABLE, SJ_FILE_PERMISSION, SJ_OK };

const struct cli_command counter_url = {
	.noun = "counter",
	.verb = "url",
	.summary = "print the address that opens the page",
	.description =
		"The code in it is good for one page; that page keeps its access when it is loaded\n"
		"again, until its tab is closed or the counter is started anew. Whoever may read\n"
		"the state directory may print the address.",
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run,
};
