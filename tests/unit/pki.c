#include "tests/unit/pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define FILE_CAP (1u << 16)

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

struct rig_file pki_load(const char *name)
{
	struct rig_file file = { malloc(FILE_CAP), 0 };
	char path[128];
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", pki, name);
	in = fopen(path, "rb");
	assert_non_null(in);
	assert_non_null(file.bytes);
	file.len = fread(file.bytes, 1, FILE_CAP, in);
	fclose(in);
	return file;
}
