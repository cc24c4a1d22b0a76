/*
 * atr.h -- answers to reset: parsing, and building a contactless one.
 *
 * Source: ISO/IEC 7816-3:2006, 8.2; PC/SC part 3 (rev. 2.01.09), 3.1.3.2.3.1.
 */
#ifndef SJ_WIRE_ATR_H
#define SJ_WIRE_ATR_H

#include "wire/bytes.h"

#define SJ_ATR_SIZE_MAX 33u

struct sj_atr {
	struct sj_span historical;
	uint16_t protocols; /* bit n: T=n offered */
	bool tck; /* a check byte is there and right */
};

/* False: not an ATR (truncated, or a wrong TCK). Spans point into `in`. */
SJ_MUST_CHECK bool sj_atr_parse(struct sj_span in, struct sj_atr *out);
/* 3B 8n 80 01 historical TCK; at most 15 historical bytes. */
void sj_atr_put_contactless(struct sj_writer *w, struct sj_span historical);
/* T=1 contact ATR: 3B Dn/.. historical TCK. */
void sj_atr_put_contact(struct sj_writer *w, struct sj_span historical);

#endif
