#include "cli/curl.h"

#define LIBRARY "libcurl.so.4"

int cli_curl_load(struct cli *cli, struct cli_curl *out)
{
	static const char *const names[] = { CLI_CURL_CALLS(CLI_CALL_NAME) NULL };
	int rc = cli_library(cli, LIBRARY, "libcurl4", names, out);

	if (rc == 0 && out->curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		rc = cli_fail(cli, SJ_INTERNAL, LIBRARY);
	return rc;
}
