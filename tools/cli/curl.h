/* curl.h -- libcurl, for who fetches or posts. */
#ifndef SOJOURN_TOOLS_CLI_CURL_H
#define SOJOURN_TOOLS_CLI_CURL_H

/* Its macros that look at types know the functions by name only. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "cli/library.h"

#define CLI_CURL_CALLS(f) \
	f(curl_easy_cleanup) f(curl_easy_escape) f(curl_easy_getinfo) f(curl_easy_init) \
		f(curl_easy_perform) f(curl_easy_setopt) f(curl_easy_strerror) f(curl_free) \
			f(curl_global_init) f(curl_slist_append) f(curl_slist_free_all) \
				f(curl_url) f(curl_url_cleanup) f(curl_url_get) f(curl_url_set)

struct cli_curl {
	CLI_CURL_CALLS(CLI_CALL)
};

/* To be called before the first thread. */
CLI_MUST_CHECK int cli_curl_load(struct cli *cli, struct cli_curl *out);

#endif
