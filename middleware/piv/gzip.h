/* gzip.h -- compressed certificates (SP 800-73-5, part 1, appendix A: CertInfo bit 1; RFC 1952). */
#ifndef SJ_PIV_GZIP_H
#define SJ_PIV_GZIP_H

#include "wire/bytes.h"

/* One gzip member, whole. False: malformed, or more than `out` has room for; nothing is put then. */
SJ_MUST_CHECK bool sj_gunzip(struct sj_span in, struct sj_writer *out);
/* The reverse. False: no room. */
SJ_MUST_CHECK bool sj_gzip(struct sj_span in, struct sj_writer *out);

#endif
