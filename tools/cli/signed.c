#include "cli/signed.h"

#include <stdlib.h>

#include "cli/child.h"

#define WAIT_MS 5000u
#define OUTPUT_MAX (2u << 20)

bool cli_find_signed(void *program, const uint8_t *bytes, size_t len, uint8_t **answer,
		     size_t *answer_len)
{
	const char *const argv[] = { program, NULL };
	char *out = NULL;
	int rc = -1;

	if (program != NULL)
		rc = cli_child_filter(argv, bytes, len, WAIT_MS, OUTPUT_MAX, &out, answer_len);
	if (rc != 0) {
		free(out);
		return false;
	}
	*answer = (uint8_t *)out;
	return out != NULL;
}
