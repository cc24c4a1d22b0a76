/* memory.h -- what a failure is called when it was memory that failed. */
#ifndef SJ_READER_MEMORY_H
#define SJ_READER_MEMORY_H

#include <sojourn/failure.h>

#include "crypt/memory.h"

/* `rc`, or SJ_NO_MEMORY where it is a failure and memory ran out since the mark. */
SJ_MUST_CHECK static inline enum sj_rc sj_memory_rc(unsigned mark, enum sj_rc rc)
{
	return rc != SJ_OK && sj_memory_lacked(mark) ? SJ_NO_MEMORY : rc;
}

#endif
