/* terminal.h -- what the files of `sojourn terminal` share: the folder of who asks. */
#ifndef SOJOURN_TOOLS_TERMINAL_TERMINAL_H
#define SOJOURN_TOOLS_TERMINAL_TERMINAL_H

#include <sojourn/service.h>

#include "cli/cli.h"

#define TERMINAL_KEY "terminal.key"
#define TERMINAL_CERTIFICATE "terminal.cvcert"
#define TERMINAL_DV "dv.cvcert"
#define TERMINAL_SECTOR "sector.cvkey"
/* Of one that is asked for: key and request, until the certificate is installed. */
#define TERMINAL_NEXT_KEY "next.key"
#define TERMINAL_NEXT_REQUEST "next.cvreq"

extern const struct cli_command terminal_new;
extern const struct cli_command terminal_install;
extern const struct cli_command terminal_show;

/* DIR: argument `i`, else the setting "terminal"; NULL: told already. */
const char *terminal_folder(struct cli *cli, size_t i);

struct terminal_path {
	char text[320];
};
struct terminal_path terminal_path(const char *folder, const char *name);

#endif
