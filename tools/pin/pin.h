/* pin.h -- what the files of `sojourn pin` share. */
#ifndef SOJOURN_TOOLS_PIN_PIN_H
#define SOJOURN_TOOLS_PIN_PIN_H

#include "cli/cli.h"

extern const struct cli_command pin_show, pin_change, pin_resume, pin_unblock;

#endif
