#include "tests/unit/pki.h"

#include <stdio.h>
#include <stdlib.h>

char pki[] = "/tmp/sojourn-pki-XXXXXX";

int pki_make(void **state)
{
	char command[128];

	(void)state;
	if (mkdtemp(pki) == NULL)
		return -1;
	snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/trust_pki.py %s", pki);
	return system(command);
}

int pki_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", pki);
	return system(command);
}
