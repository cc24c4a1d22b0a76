/* signed.h -- what cards and master lists show as signed, taken apart by a process that can do nothing else. */
#ifndef SOJOURN_TOOLS_CLI_SIGNED_H
#define SOJOURN_TOOLS_CLI_SIGNED_H

#include <sojourn/sojourn.h>

/* For sj_context_find_signed() and its kin: a new process each time, of `program`, a path; NULL: sojourn-signed. */
bool cli_find_signed(void *program, const uint8_t *bytes, size_t len, uint8_t **answer,
		     size_t *answer_len);

#endif
