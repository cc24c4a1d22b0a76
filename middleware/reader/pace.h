/*
 * pace.h -- the reader's role in PACE: every mapping, over ECDH and DH, with every password.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4; BSI TR-03110-3 v2.21, B.1 and B.14. Whatever is not exactly as the
 * protocol says ends it.
 */
#ifndef SJ_READER_PACE_H
#define SJ_READER_PACE_H

#include "crypt/random.h"
#include "reader/session.h"
#include "secure/cvc_rights.h"
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

/* Afresh: ends secure messaging, selects the MF, reads EF.CardAccess and chooses. */
SJ_MUST_CHECK enum sj_rc sj_pace_find(struct sj_session *s, struct sj_pace_offer *out);

#define SJ_PACE_CARS 2u
#define SJ_PACE_CAR_MAX 16u

/* What PACE leaves behind. */
struct sj_pace_result {
	bool done;
	struct sj_pace_suite suite;
	/* For the chip-authentication mapping. */
	struct sj_ec_point map_public; /* PK_Map,IC */
	struct sj_ec_secret ca_data; /* CA_IC, with SJ_PACE_CAM */
	bool ca_data_given;
	/* For Terminal Authentication. */
	uint8_t id_icc[SJ_EC_FIELD_MAX]; /* Comp(the card's ephemeral key) */
	size_t id_icc_len;
	struct {
		uint8_t bytes[SJ_PACE_CAR_MAX];
		size_t len; /* 0: none */
	} car[SJ_PACE_CARS]; /* whose certificates the card takes: 87, 88 */
	/* Of a PIN: how often it may still be tried; -1: the card did not tell. */
	int tries;
};

/*
 * PACE with the CAN's, PIN's or PUK's digits or the MRZ information; secure messaging runs
 * afterwards. `chat`: what the holder is asked to allow, extensions too, sent as 7F4C and 65; NULL:
 * none. In running secure messaging it goes on inside it, as a suspended PIN wants after the CAN.
 * SJ_WRONG_CAN, SJ_WRONG_MRZ, SJ_WRONG_PIN, SJ_WRONG_PUK; without a try SJ_PIN_BLOCKED,
 * SJ_PIN_SUSPENDED, SJ_PIN_INACTIVE, SJ_PUK_BLOCKED. `out` may be partly filled on failure.
 */
SJ_MUST_CHECK enum sj_rc sj_pace_run(struct sj_session *s, const struct sj_pace_offer *offer,
				     enum sj_pace_password kind, struct sj_span password,
				     const struct sj_cvc_rights *chat,
				     const struct sj_random *random, struct sj_pace_result *out);

/* What a refused token means; *tries as above. */
enum sj_rc sj_pace_wrong(enum sj_pace_password kind, uint16_t sw, int *tries);
/* What is said of a PIN or PUK before the token (B.14.1); SJ_OK: it can be used. */
enum sj_rc sj_pace_unusable(enum sj_pace_password kind, uint16_t sw, bool resumed, int *tries);

/* Whether the reader takes the PIN on its own pad (FEATURE_EXECUTE_PACE). */
bool sj_pace_on_reader(struct sj_session *s);
/*
 * The same as sj_pace_run() with a password that is typed there (PC/SC part 10, amendment 1). The
 * reader keeps the session's keys and protects what this side sends in clear. Of `out` done,
 * id_icc, car and tries are filled. SJ_ACCESS_UNSUPPORTED: no such reader; SJ_CANCELLED: the
 * holder did; SJ_TIMED_OUT: nothing was typed.
 */
SJ_MUST_CHECK enum sj_rc sj_pace_run_on_reader(struct sj_session *s, enum sj_pace_password kind,
					       const struct sj_cvc_rights *chat,
					       struct sj_pace_result *out);

/* What such a reader gave back. */
SJ_MUST_CHECK enum sj_rc sj_pace_reader_output(struct sj_span in, enum sj_pace_password kind,
					       struct sj_pace_result *out);

/* Asks for the state of a password by MSE:Set AT alone: *sw 9000, 63Cx or 6283, B.14.1. */
SJ_MUST_CHECK enum sj_rc sj_pace_ask(struct sj_session *s, const struct sj_pace_offer *offer,
				     enum sj_pace_password kind, uint16_t *sw);

#endif
