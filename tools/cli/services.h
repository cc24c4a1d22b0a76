/*
 * services.h -- the service registry: who may ask a card for what.
 *
 * A JSON file as tools/schema/service.schema.json describes it: an authority's own, which its
 * trust bundle brings, or the example that ships.
 */
#ifndef SOJOURN_TOOLS_CLI_SERVICES_H
#define SOJOURN_TOOLS_CLI_SERVICES_H

#include <sojourn/service.h>

#include "cli/cli.h"

#define CLI_SERVICES_MAX 255u

struct cli_services {
	struct sj_service rows[CLI_SERVICES_MAX]; /* by rising id; `valid` is among the rights */
	size_t count;
};

/* Reads and checks a registry; path NULL: the one that ships. Free with free(). */
CLI_MUST_CHECK int cli_services_read(struct cli *cli, const char *path, struct cli_services **out);
/*
 * The registry to go by: that of the trust bundle (setting "trust"), which is signed, else the
 * setting "services", else the one that ships.
 */
CLI_MUST_CHECK int cli_services_here(struct cli *cli, struct cli_services **out);
/* By number or name, in which '-' and ' ' are one; NULL: none. */
const struct sj_service *cli_services_find(const struct cli_services *s, const char *which);
/* The same in the registry to go by; SJ_SERVICE_UNKNOWN is told. */
CLI_MUST_CHECK int cli_service_named(struct cli *cli, const char *which, struct sj_service *out);

/* Names of rights separated by commas, to bits. What is none of them is told as a usage error. */
CLI_MUST_CHECK int cli_rights_of(struct cli *cli, const char *what, const char *names,
				 uint32_t *out);
#define CLI_RIGHTS_TEXT 320u /* all of them */
/* "name, portrait"; as much as fits. */
const char *cli_rights_text(uint32_t rights, char *out, size_t cap);
/* The same as an array of names. */
json_t *cli_rights_json(uint32_t rights);

/* --- terminals ---------------------------------------------------------------- */

/* Opens a terminal's folder; of files that are missing or closed to us, the first is named. */
CLI_MUST_CHECK int cli_terminal_open(struct cli *cli, const char *folder, struct sj_terminal **out);

#endif
