/* trust.h -- what the files of this program share. */
#ifndef SOJOURN_TOOLS_TRUST_TRUST_H
#define SOJOURN_TOOLS_TRUST_TRUST_H

#include <sojourn/bundle.h>

#include "cli/cli.h"

extern const struct cli_command trust_import_command;
extern const struct cli_command trust_list_command;
extern const struct cli_command trust_status_command;
extern const struct cli_command trust_sync_command;
extern const struct cli_command trust_show_command;

/* A time for people or for JSON (RFC 3339). */
struct date {
	char text[24];
};
struct date date_of(int64_t when, const char *format);
#define DATE_JSON "%Y-%m-%dT%H:%M:%SZ"

/* What a bundle says, but for "store". NULL: no memory. */
json_t *bundle_json(const struct sj_bundle_info *info);

#endif
