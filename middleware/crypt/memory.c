#include "crypt/memory.h"
#include "crypt/internal.h"

#include <openssl/err.h>

/* How often. One of a thread, as the meter is, and for its reason; it holds no data. */
static _Thread_local unsigned sj_memory_lacks;

void sj_memory_note(void)
{
	sj_memory_lacks++;
}

bool sj_memory_lacked(unsigned mark)
{
	return sj_memory_lacks != mark;
}

/* What OpenSSL says when it could not make or find what it works with. */
static bool is_want(unsigned long error)
{
	const int reason = ERR_GET_REASON(error);

	return reason == ERR_R_MALLOC_FAILURE || reason == ERR_R_INIT_FAIL ||
	       reason == ERR_R_INTERNAL_ERROR || reason == ERR_R_FETCH_FAILED ||
	       reason == ERR_R_UNSUPPORTED ||
	       (ERR_GET_LIB(error) == ERR_LIB_EVP &&
		(reason == EVP_R_INITIALIZATION_ERROR || reason == EVP_R_UNSUPPORTED_ALGORITHM));
}

/* What OpenSSL has to say, which is forgotten. */
static void hear_errors(void)
{
	unsigned long error;

	while ((error = ERR_get_error()) != 0)
		if (is_want(error))
			sj_memory_note();
}

/* What it says by now, of a caller's own doings too, is of before. */
unsigned sj_memory_mark(void)
{
	hear_errors();
	return sj_memory_lacks;
}

void sj_refusal_heard(bool spoken)
{
	if (!spoken && ERR_peek_error() == 0)
		sj_memory_note();
	hear_errors();
}
