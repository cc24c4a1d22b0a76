/*
 * pace.h -- the reader's role in PACE, generic and chip-authentication mapping.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4. Whatever is not exactly as the
 * protocol says ends it.
 */
#ifndef SJ_READER_PACE_H
#define SJ_READER_PACE_H

#include "crypt/random.h"
#include "reader/session.h"
#include "secure/pace.h"

/* What a card offers, and which of it is used. */
struct sj_pace_offer {
	struct sj_pace_suite suite;
	uint32_t parameter_id;
	bool ambiguous; /* more than one PACEInfo has this protocol: the number must be sent */
};
/*
 * EF.CardAccess of a card that may hide everything else: by its short identifier, in plain
 * commands. *sw is the last status word. SJ_NOT_A_DOCUMENT: it has none where it stands.
 */
SJ_MUST_CHECK enum sj_rc sj_pace_read_access(struct sj_session *s, struct sj_writer *w,
					     uint16_t *sw);
/* SELECT of the MF, which some cards have not: whatever was selected stays then. */
SJ_MUST_CHECK enum sj_rc sj_pace_select_mf(struct sj_session *s, uint16_t *sw);
#define SJ_PACE_ACCESS_MAX 2048u /* bytes of EF.CardAccess that we read */

/* The best PACEInfo of EF.CardAccess that we can run; false: none. */
SJ_MUST_CHECK bool sj_pace_choose(struct sj_span card_access, struct sj_pace_offer *out);

/* What PACE leaves behind for the chip-authentication mapping. */
struct sj_pace_result {
	bool done;
	struct sj_pace_suite suite;
	struct sj_ec_point map_public; /* PK_Map,IC */
	struct sj_ec_secret ca_data; /* CA_IC, with SJ_PACE_CAM */
	bool ca_data_given;
};

/*
 * PACE with the CAN's digits or the MRZ information; secure messaging runs
 * afterwards. SJ_WRONG_CAN or SJ_WRONG_MRZ. `out` may be partly filled on failure.
 */
SJ_MUST_CHECK enum sj_rc sj_pace_run(struct sj_session *s, const struct sj_pace_offer *offer,
				     enum sj_pace_password kind, struct sj_span password,
				     const struct sj_random *random, struct sj_pace_result *out);

#endif
