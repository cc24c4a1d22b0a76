/*
 * memory.h -- whether memory ran out on this thread. The verbs of crypt answer yes or no; a "no" that was
 * given for want of memory says nothing about a signature or a key, and must not be told as if it did.
 */
#ifndef SJ_CRYPT_MEMORY_H
#define SJ_CRYPT_MEMORY_H

#include "wire/bytes.h"

/* Before a judgement: for sj_memory_lacked(). */
unsigned sj_memory_mark(void);
/* Whether an allocation failed since then, in a verb of crypt or as noted below. */
SJ_MUST_CHECK bool sj_memory_lacked(unsigned mark);
/* Notes that one of ours did, where nothing else tells. */
void sj_memory_note(void);

#endif
