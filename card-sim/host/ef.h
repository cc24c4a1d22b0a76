/*
 * ef.h -- transparent files, for applets that have some: SELECT, READ BINARY, UPDATE BINARY.
 *
 * Source: ISO/IEC 7816-4:2020, 7.4 (control parameters), 11.2.2, 11.3.3, 11.3.5. Which files there
 * are and who may use them is the applet's.
 */
#ifndef CARD_HOST_EF_H
#define CARD_HOST_EF_H

#include "host/applet.h"

#define CARD_EF_NONE 0x0000u /* FID: no file is current */
#define CARD_EF_UNKNOWN 0xFFFFu /* FID: there is no such file on any card */
#define CARD_EF_MF 0x3F00u

enum card_ef_use { CARD_EF_SELECT, CARD_EF_READ, CARD_EF_UPDATE };

struct card_ef_file {
	struct sj_span content;
	uint32_t object; /* in the store, where UPDATE BINARY writes */
};

/* An applet's files. */
struct card_ef {
	/*
	 * Finds the file with this FID (or NONE, UNKNOWN), if it is there and may be used so now:
	 * 9000; else the status word that says why not.
	 */
	uint16_t (*find)(const struct card_call *call, uint16_t fid, enum card_ef_use use,
			 struct card_ef_file *out);
	/* The FID of a short identifier (1 to 30), or UNKNOWN. */
	uint16_t (*of_short)(const struct card_call *call, uint8_t sfi);
	/* Where the FID of the current file of the command's channel is kept. */
	uint16_t *(*current)(const struct card_call *call);
};

/* P2 of SELECT is one of those that are understood. */
bool card_ef_select_p2(uint8_t p2);
/* What P2 of SELECT asks for: of an EF, or with NULL of a DF. */
void card_ef_put_parameters(struct card_call *call, const struct sj_span *content, uint16_t fid);
/* SELECT of this FID. */
uint16_t card_ef_select(struct card_call *call, const struct card_ef *ef, uint16_t fid);
uint16_t card_ef_read(struct card_call *call, const struct card_ef *ef); /* B0 */
uint16_t card_ef_read_odd(struct card_call *call, const struct card_ef *ef); /* B1 */
/* D6: in place, never beyond the end (6A84). */
uint16_t card_ef_update(struct card_call *call, const struct card_ef *ef);

#endif
