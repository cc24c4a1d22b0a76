#include "authority/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/child.h"

char *services_path(const struct authority *a)
{
	char *own = NULL, *path;
	bool there;
	int rc;

	if (asprintf(&own, "%s/" SERVICES_NAME, a->directory) < 0) {
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
		return NULL;
	}
	rc = cli_file_there(a->cli, own, &there);
	if (rc == 0 && there)
		return own;
	free(own);
	path = rc == 0 ? cli_share_path(SERVICES_NAME) : NULL;
	if (rc == 0 && path == NULL)
		cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return path;
}

int services_read_of(const struct authority *a, struct cli_services **out)
{
	char *path = services_path(a);
	int rc = path != NULL ? cli_services_read(a->cli, path, out) : cli_exit_code(a->cli);

	free(path);
	return rc;
}
