/* finding.c -- see finding.h. */
#include <stdarg.h>
#include <stdio.h>

#include "trust/finding.h"

void sj_find(struct sj_finding *f, enum sj_rc rc, const char *format, ...)
{
	va_list arguments;

	f->rc = rc;
	va_start(arguments, format);
	vsnprintf(f->detail, sizeof(f->detail), format, arguments);
	va_end(arguments);
}

void sj_check_set(struct sj_check *check, enum sj_check_state state, enum sj_rc rc,
		  const char *format, ...)
{
	va_list arguments;

	check->state = state;
	check->reason = rc;
	va_start(arguments, format);
	vsnprintf(check->detail, sizeof(check->detail), format, arguments);
	va_end(arguments);
}
