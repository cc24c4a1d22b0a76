/*
 * initiator.h -- the Initiator's role in EDHOC: what the card computes, checks
 * and refuses, message by message. No I/O, no store, no credentials of its own.
 *
 * Sources: RFC 9528, 5; draft-ietf-lake-edhoc-psk-08 (method 4), "PSK draft".
 */
#ifndef CARD_APPLETS_GATE_INITIATOR_H
#define CARD_APPLETS_GATE_INITIATOR_H

#include "secure/edhoc.h"

#define INITIATOR_TEXT 1024u /* bytes of a plaintext; and of PLAINTEXT_3 with CRED_I */

/* What was done last. Anything out of turn, and anything that fails, ends in NONE. */
enum initiator_state {
	INITIATOR_NONE,
	INITIATOR_SENT_1, /* message_1 left */
	INITIATOR_TOOK_2, /* message_2 is decrypted, the Responder not yet believed */
	INITIATOR_READY, /* to make message_3 */
	INITIATOR_SENT_3,
};

/*
 * An exchange. Zeroed is NONE. In SENT_1 and SENT_3, which last while a peer
 * thinks, it holds bytes only: it may be wiped as memory then.
 */
struct initiator {
	enum initiator_state state;
	uint8_t method; /* enum sj_edhoc_method */
	const struct sj_edhoc_suite *suite;
	uint8_t key[SJ_EDHOC_KEY]; /* X, until message_3 */
	struct sj_ec_point g_y; /* G_Y; on P-256 with its y */
	uint8_t th[SJ_EDHOC_HASH]; /* H(message_1), TH_2, TH_3, TH_4 */
	struct sj_edhoc_prk prk_2e, prk_3e2m, prk_4e3m;
	/* PLAINTEXT_2; then what TH_4 takes besides TH_3: PLAINTEXT_3 and credentials. */
	uint8_t text[INITIATOR_TEXT];
	size_t text_len;
	struct sj_edhoc_plaintext plaintext_2; /* in `text` */
};

/* In any state. */
void initiator_end(struct initiator *in);

/*
 * message_1 (sj_edhoc_message_1_put(), one suite) is about to leave with G_X of
 * `key`, which no other exchange ever has; `hash`: SHA-256 of it.
 */
void initiator_begin(struct initiator *in, uint8_t method, const struct sj_edhoc_suite *suite,
		     const uint8_t key[static SJ_EDHOC_KEY],
		     const uint8_t hash[static SJ_EDHOC_HASH]);

/*
 * Decrypts message_2 (RFC 9528, 5.3.3). *out: C_R, EAD_2, and in methods 0 to 3
 * ID_CRED_R and the proof, which nothing vouches for yet; valid until
 * message_3. What EAD_2 says, critical items too, is the caller's. In method
 * 4 there is no proof: the Responder is believed with message_4 only.
 */
SJ_MUST_CHECK bool initiator_message_2(struct initiator *in, struct sj_span message_2,
				       struct sj_edhoc_plaintext *out);

/*
 * Methods 0 to 3: checks Signature_or_MAC_2 with the credential (an encoded
 * item) and key that the caller found for ID_CRED_R. `key`: x of a static DH key, the
 * public point (Ed25519: key) of one that signs.
 */
SJ_MUST_CHECK bool initiator_verify(struct initiator *in, struct sj_span cred_r,
				    struct sj_span key);

/* Our own side in methods 0 to 3. Encoded items. */
struct initiator_credential {
	struct sj_span id_cred; /* ID_CRED_I, the map */
	struct sj_span cred; /* CRED_I */
	const uint8_t *key; /* I, SJ_EDHOC_KEY bytes */
};
/* Appends message_3 (RFC 9528, 5.4.2). TH_4 and what follows from it wait for message_4. */
SJ_MUST_CHECK bool initiator_message_3(struct initiator *in, const struct initiator_credential *own,
				       struct sj_span ead_3, struct sj_writer *out);

/* A pre-shared key in method 4. */
struct initiator_psk {
	struct sj_span kid; /* of ID_CRED_PSK, { 4 : kid } */
	struct sj_span cred_i, cred_r; /* encoded items */
	struct sj_span psk;
};
/* The same in method 4 (PSK draft, "Message 3"). */
SJ_MUST_CHECK bool initiator_message_3_psk(struct initiator *in, const struct initiator_psk *psk,
					   struct sj_span ead_3, struct sj_writer *out);

/*
 * Opens message_4 (RFC 9528, 5.5.3) into `buffer`; *ead_4 points into it. The
 * exchange is over: the state is NONE, *exporter has PRK_exporter, the caller's to
 * end.
 */
SJ_MUST_CHECK bool initiator_message_4(struct initiator *in, struct sj_span message_4,
				       struct sj_writer *buffer, struct sj_span *ead_4,
				       struct sj_edhoc_prk *exporter);

#endif
