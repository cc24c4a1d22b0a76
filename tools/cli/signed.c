#include "cli/signed.h"

#include <stdlib.h>

#include "cli/child.h"

#define WAIT_MS 5000u
#define OUTPUT_MAX(len) (2 * (len) + 1024) /* places, and a copy with definite lengths */

bool cli_find_signed(void *program, const uint8_t *bytes, size_t len, uint8_t **answer,
		     size_t *answer_len)
{
	char *ours = program == NULL ? cli_program_path("signed") : NULL, *out = NULL;
	const char *const argv[] = { program != NULL ? program : ours, NULL };
	int rc = -1;

	if (argv[0] != NULL)
		rc = cli_child_filter(argv, bytes, len, WAIT_MS, OUTPUT_MAX(len), &out, answer_len);
	free(ours);
	if (rc != 0) {
		free(out);
		return false;
	}
	*answer = (uint8_t *)out;
	return out != NULL;
}
