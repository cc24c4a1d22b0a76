/* plain.c -- a service on a plain identity document. */
#include "eid/eid.h"

enum sj_rc sj_plain_ask(struct sj_ask *ask)
{
	(void)ask;
	return SJ_ACCESS_UNSUPPORTED;
}
