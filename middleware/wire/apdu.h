/*
 * apdu.h -- command APDUs, cases 1 to 4, short and extended.
 *
 * Source: ISO/IEC 7816-3:2006, 12.1 (decoding conventions) and
 * ISO/IEC 7816-4:2020, 5.2.
 */
#ifndef SJ_WIRE_APDU_H
#define SJ_WIRE_APDU_H

#include "wire/bytes.h"

#define SJ_APDU_NE_SHORT 256u /* most that a short Le can ask for */
#define SJ_APDU_NE_EXTENDED 65536u /* most that an extended Le can ask for */
#define SJ_APDU_NC_SHORT 255u
#define SJ_APDU_NC_EXTENDED 65535u
#define SJ_APDU_COMMAND_MAX (4u + 3u + SJ_APDU_NC_EXTENDED + 2u)
#define SJ_APDU_RESPONSE_MAX (SJ_APDU_NE_EXTENDED + 2u)

/*
 * A command. `data` belongs to whoever made it; ne is the number of response
 * bytes expected (Ne): 0 none, 256 or 65536 "as many as there are".
 */
struct sj_apdu {
	uint8_t cla, ins, p1, p2;
	struct sj_span data;
	uint32_t ne;
	bool extended; /* length fields in extended form */
};

/* A response. `data` points into the buffer that was received. */
struct sj_response {
	struct sj_span data;
	uint16_t sw;
};

/* Reads a whole command; false: no case of ISO/IEC 7816-3 fits its length. */
SJ_MUST_CHECK bool sj_apdu_parse(struct sj_span in, struct sj_apdu *out);

/*
 * Writes a command. Extended form is used if a->extended or where data or ne
 * need it. Fails the writer if data > 65535 or ne > 65536.
 */
void sj_apdu_put(struct sj_writer *w, const struct sj_apdu *a);

/*
 * Splits a response; false: fewer than two bytes, or they are no status (ISO/IEC 7816-4:2020, 5.6: 61XX to 6FXX
 * and 9XXX), as at the end of half an answer, which some drivers pass on when the card is taken out.
 */
SJ_MUST_CHECK bool sj_response_parse(struct sj_span in, struct sj_response *out);

#endif
