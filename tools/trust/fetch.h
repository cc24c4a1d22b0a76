/* fetch.h -- bytes of a published bundle, from a web server or a directory. */
#ifndef SOJOURN_TOOLS_TRUST_FETCH_H
#define SOJOURN_TOOLS_TRUST_FETCH_H

#include "cli/cli.h"

struct fetch;

/*
 * `ca`: file of certificates to believe servers by, NULL: the system's. `stall`: seconds without
 * progress after which a server is given up. *out is to be freed even after a failure.
 */
CLI_MUST_CHECK int fetch_new(struct cli *cli, const char *ca, unsigned stall, struct fetch **out);
void fetch_free(struct fetch *fetch);
/* It is an address of the web, not a directory. */
bool fetch_is_url(const char *source);
/*
 * Gets the file `name` of a source, at most `max` bytes; the caller frees *bytes.
 * SJ_INPUT_UNREADABLE (not there, not reached), SJ_TIMED_OUT, SJ_INPUT_REFUSED (larger).
 */
CLI_MUST_CHECK enum sj_rc fetch_get(struct fetch *fetch, const char *source, const char *name,
				    size_t max, uint8_t **bytes, size_t *len);
/* A few words on the last failure. */
const char *fetch_problem(const struct fetch *fetch);

#endif
