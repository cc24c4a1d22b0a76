#include "authority/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/child.h"

char *services_path(const struct authority *a)
{
	char *path;

	if (asprintf(&path, "%s/" SERVICES_NAME, a->directory) < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return cli_share_path(SERVICES_NAME);
}

int services_read_of(const struct authority *a, struct cli_services **out)
{
	char *path = services_path(a);
	int rc = path != NULL ? cli_services_read(a->cli, path, out)
			      : cli_fail(a->cli, SJ_NO_MEMORY, NULL);

	free(path);
	return rc;
}
