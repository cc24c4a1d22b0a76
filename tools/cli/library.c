#include "cli/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int cli_library(struct cli *cli, const char *file, const char *package, const char *const names[],
		void *calls)
{
	uint8_t *at = calls;
	void *library, *call;

	errno = 0;
	library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; library != NULL && names[i] != NULL; i++) {
		call = dlsym(library, names[i]);
		if (call == NULL)
			return cli_fail(cli, SJ_INTERNAL, "%s: %s", file, dlerror());
		memcpy(at + i * sizeof(call), &call, sizeof(call));
	}
	if (library != NULL)
		return 0;
	return cli_fail(cli, errno == ENOMEM ? SJ_NO_MEMORY : SJ_INTERNAL,
			"%s (Debian's package %s has it)", dlerror(), package);
}
