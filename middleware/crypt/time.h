/* time.h -- times of certificates (X.680 UTCTime and GeneralizedTime). */
#ifndef SJ_CRYPT_TIME_H
#define SJ_CRYPT_TIME_H

#include "wire/bytes.h"

#define SJ_TAG_UTC_TIME 0x17u
#define SJ_TAG_GENERALIZED_TIME 0x18u

/*
 * Seconds since 1970 UTC from the text of a time. Seconds may be missing and a
 * zone offset may stand for Z, as BER allows and old certificates have it; the
 * two-digit year of a UTCTime means 1950 to 2049 (RFC 5280, 4.1.2.5.1).
 */
SJ_MUST_CHECK bool sj_time_read(uint32_t tag, struct sj_span text, int64_t *out);

/* Takes a Time element, either form. */
SJ_MUST_CHECK bool sj_time_take(struct sj_span *in, int64_t *out);

#endif
