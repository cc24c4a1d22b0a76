/*
 * cvc_service.h -- which service a terminal is, in an extension of its CV certificate.
 *
 * Sources: BSI TR-03110-3 v2.21, C.3; wire/std/sojourn.h (.4); EID.md of the card's eID applet.
 */
#ifndef SJ_SECURE_CVC_SERVICE_H
#define SJ_SECURE_CVC_SERVICE_H

#include "wire/bytes.h"

struct sj_cvc_service {
	uint8_t sector; /* enum sj_gate_sector; 0: not told */
	uint8_t service; /* number of the row */
	uint32_t operator_id;
};

/* Writes the whole template 73. */
void sj_cvc_service_put(struct sj_writer *w, const struct sj_cvc_service *service);
/*
 * From the content of 65. Absent: all zero. False: malformed, or a sector that is none.
 */
SJ_MUST_CHECK bool sj_cvc_service_read(struct sj_span extensions, struct sj_cvc_service *out);

/*
 * The terminal's sector keys (C.3.2.1): the hash of each whole 7F49, with the hash function that the
 * certificate is signed with. The second may be empty.
 */
void sj_cvc_sectors_put(struct sj_writer *w, struct sj_span first, struct sj_span second);
/* Absent: both empty. False: malformed, of a size that no hash has. */
SJ_MUST_CHECK bool sj_cvc_sectors_read(struct sj_span extensions, struct sj_span out[static 2]);

#endif
