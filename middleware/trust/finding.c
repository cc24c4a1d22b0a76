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
