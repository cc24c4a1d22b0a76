/* trust.h -- what the files of this program share. */
#ifndef SOJOURN_TOOLS_TRUST_TRUST_H
#define SOJOURN_TOOLS_TRUST_TRUST_H

#include "cli/cli.h"

extern const struct cli_command trust_import_command;
extern const struct cli_command trust_list_command;

#endif
