#include "trust/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/curl.h"

#define REDIRECTS 5L
#define SLOW 500L /* bytes a second: less is no progress */

struct fetch {
	struct cli_curl lib;
	CURL *curl;
	char problem[CURL_ERROR_SIZE + 64];
	char error[CURL_ERROR_SIZE]; /* curl's */
};

bool fetch_is_url(const char *source)
{
	return strncmp(source, "https://", 8) == 0 || strncmp(source, "http://", 7) == 0;
}

const char *fetch_problem(const struct fetch *fetch)
{
	return fetch->problem;
}

/* Nothing but the web, and from https never back to http. */
static bool set_up(struct fetch *f, const char *ca, unsigned stall)
{
	const struct cli_curl *lib = &f->lib;
	CURL *c = f->curl;

	return lib->curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->error) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)stall) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)stall) == CURLE_OK &&
	       lib->curl_easy_setopt(c, CURLOPT_USERAGENT, "sojourn") == CURLE_OK &&
	       (ca == NULL || lib->curl_easy_setopt(c, CURLOPT_CAINFO, ca) == CURLE_OK);
}

int fetch_new(struct cli *cli, const char *ca, unsigned stall, struct fetch **out)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	int rc;

	*out = fetch;
	if (fetch == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = cli_curl_load(cli, &fetch->lib);
	if (rc != 0)
		return rc;
	fetch->curl = fetch->lib.curl_easy_init();
	return fetch->curl != NULL && set_up(fetch, ca, stall) ? 0
							       : cli_fail(cli, SJ_NO_MEMORY, NULL);
}

void fetch_free(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	if (fetch->curl != NULL)
		fetch->lib.curl_easy_cleanup(fetch->curl);
	free(fetch);
}

/* --- what comes ------------------------------------------------------------------------ */

struct body {
	uint8_t *bytes;
	size_t len, cap, max;
	bool too_large, no_memory;
};

/* Room for n more bytes. */
static bool grow(struct body *body, size_t n)
{
	size_t cap = body->cap > 0 ? body->cap : 4096;
	uint8_t *bytes;

	body->too_large = n > body->max - body->len;
	if (body->too_large)
		return false;
	while (cap < body->len + n)
		cap *= 2;
	if (cap == body->cap)
		return true;
	bytes = realloc(body->bytes, cap);
	body->no_memory = bytes == NULL;
	if (bytes == NULL)
		return false;
	body->bytes = bytes;
	body->cap = cap;
	return true;
}

/* --- the web --------------------------------------------------------------------------- */

static size_t take(char *bytes, size_t size, size_t n, void *user)
{
	struct body *body = user;

	n *= size;
	if (!grow(body, n))
		return 0;
	memcpy(body->bytes + body->len, bytes, n);
	body->len += n;
	return n;
}

static enum sj_rc of_curl(struct fetch *f, CURLcode code, const struct body *body)
{
	if (code == CURLE_OK)
		return SJ_OK;
	if (body->no_memory || code == CURLE_OUT_OF_MEMORY)
		return SJ_NO_MEMORY;
	if (body->too_large) {
		snprintf(f->problem, sizeof(f->problem), "more than %zu bytes", body->max);
		return SJ_INPUT_REFUSED;
	}
	snprintf(f->problem, sizeof(f->problem), "%s",
		 f->error[0] != '\0' ? f->error : f->lib.curl_easy_strerror(code));
	return code == CURLE_OPERATION_TIMEDOUT ? SJ_TIMED_OUT : SJ_INPUT_UNREADABLE;
}

static enum sj_rc get_url(struct fetch *f, const char *url, struct body *body)
{
	const struct cli_curl *lib = &f->lib;
	CURL *c = f->curl;
	const char *redirects = strncmp(url, "https://", 8) == 0 ? "https" : "http,https";

	f->error[0] = '\0';
	if (lib->curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK ||
	    lib->curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, redirects) != CURLE_OK ||
	    lib->curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) != CURLE_OK ||
	    lib->curl_easy_setopt(c, CURLOPT_WRITEDATA, body) != CURLE_OK)
		return SJ_NO_MEMORY;
	return of_curl(f, lib->curl_easy_perform(c), body);
}

/* --- a directory ----------------------------------------------------------------------- */

static enum sj_rc read_all(int fd, struct body *body)
{
	ssize_t n;

	do {
		/* One byte more than there may be, to notice it. */
		size_t want = body->max - body->len < 65536 ? body->max - body->len : 65536;
		uint8_t more;

		if (want == 0) {
			body->too_large = read(fd, &more, 1) > 0;
			return body->too_large ? SJ_INPUT_REFUSED : SJ_OK;
		}
		if (!grow(body, want))
			return SJ_NO_MEMORY;
		n = read(fd, body->bytes + body->len, want);
		body->len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0 ? SJ_OK : SJ_INPUT_UNREADABLE;
}

static enum sj_rc get_file(struct fetch *f, const char *path, struct body *body)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum sj_rc rc = SJ_INPUT_UNREADABLE;
	struct stat st;

	if (fd < 0) {
		snprintf(f->problem, sizeof(f->problem), "%s", strerror(errno));
		return rc;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		rc = read_all(fd, body);
	if (rc != SJ_OK)
		snprintf(f->problem, sizeof(f->problem), "%s",
			 body->too_large ? "larger than it may be" : "cannot be read");
	close(fd);
	return rc;
}

/* --- both ------------------------------------------------------------------------------ */

enum sj_rc fetch_get(struct fetch *f, const char *source, const char *name, size_t max,
		     uint8_t **bytes, size_t *len)
{
	struct body body = { .max = max };
	size_t end = strlen(source);
	const bool latest = strcmp(name, "latest") == 0;
	char *path = NULL;
	enum sj_rc rc = SJ_NO_MEMORY;

	f->problem[0] = '\0';
	while (end > 1 && source[end - 1] == '/')
		end--;
	if (latest ? asprintf(&path, "%.*s/%s", (int)end, source, name) < 0
		   : asprintf(&path, "%.*s/files/%.2s/%s", (int)end, source, name, name) < 0)
		return SJ_NO_MEMORY;
	rc = fetch_is_url(source) ? get_url(f, path, &body) : get_file(f, path, &body);
	free(path);
	if (rc != SJ_OK) {
		free(body.bytes);
		return rc;
	}
	*bytes = body.bytes;
	*len = body.len;
	return SJ_OK;
}
