/*
 * scp03.h -- Secure Channel Protocol '03': keys of a session, cryptograms, protected
 * commands and responses, keys on their way into a card.
 *
 * Source: GlobalPlatform Card Technology, Secure Channel Protocol '03', Card Specification
 * v2.3, Amendment D, v1.2: 4.1.5 (key derivation), 6.2.2 (challenges and cryptograms), 6.2.3 to
 * 6.2.8 (messages), 7.1 and 7.2 (commands); NIST SP 800-108, 5.1; SP 800-38B. Who counts, who
 * checks and who aborts is written at each end.
 */
#ifndef SJ_SECURE_SCP03_H
#define SJ_SECURE_SCP03_H

#include "crypt/cipher.h"
#include "wire/apdu.h"

#define SJ_SCP03_FULL 16u /* bytes of a challenge, cryptogram or MAC in S16 mode */
#define SJ_SCP03_SHORT 8u /* the same in S8 mode */
#define SJ_SCP03_DIVERSIFICATION 10u /* key diversification data */
#define SJ_SCP03_SEQUENCE 3u /* sequence counter of pseudo-random challenges */
#define SJ_SCP03_KCV 3u /* key check value */

/* Security level of a session: P1 of EXTERNAL AUTHENTICATE, table 7-6. */
enum sj_scp03_level {
	SJ_SCP03_C_MAC = 0x01,
	SJ_SCP03_C_ENC = 0x02,
	SJ_SCP03_R_MAC = 0x10,
	SJ_SCP03_R_ENC = 0x20,
};

/* Bits of the parameter i. */
enum sj_scp03_option {
	SJ_SCP03_I_S16 = 0x01, /* the session is one of S16 */
	SJ_SCP03_I_PSEUDO_RANDOM = 0x10,
	SJ_SCP03_I_R_MAC = 0x20,
	SJ_SCP03_I_R_ENC = 0x40,
};

/* A key set (static keys), all of the size of one AES. Wipe it. */
struct sj_scp03_keys {
	enum sj_cipher cipher; /* SJ_CIPHER_AES128, 192 or 256 */
	uint8_t enc[SJ_CIPHER_KEY_MAX], mac[SJ_CIPHER_KEY_MAX], dek[SJ_CIPHER_KEY_MAX];
};

/* A session. Wipe it. */
struct sj_scp03 {
	enum sj_cipher cipher;
	size_t size; /* SJ_SCP03_SHORT or SJ_SCP03_FULL: of challenges, cryptograms and MACs */
	unsigned level; /* enum sj_scp03_level bits; 0: not authenticated yet */
	uint8_t enc[SJ_CIPHER_KEY_MAX], mac[SJ_CIPHER_KEY_MAX], rmac[SJ_CIPHER_KEY_MAX];
	uint8_t chain[SJ_CIPHER_BLOCK_MAX]; /* MAC chaining value */
	uint32_t counter; /* of encrypted commands, from 1 */
};

/*
 * The session keys for these challenges, each of `size` bytes. Level 0, counter and chain zero.
 * False: the primitives failed, or the sizes are none of the protocol.
 */
SJ_MUST_CHECK bool sj_scp03_begin(struct sj_scp03 *s, const struct sj_scp03_keys *keys, size_t size,
				  struct sj_span host_challenge, struct sj_span card_challenge);
/* The cryptogram of the card or of the host: s->size bytes. The values are constants of 4.1.5. */
enum sj_scp03_end { SJ_SCP03_CARD = 0x00, SJ_SCP03_HOST = 0x01 };
SJ_MUST_CHECK bool sj_scp03_cryptogram(const struct sj_scp03 *s, enum sj_scp03_end whose,
				       struct sj_span host_challenge, struct sj_span card_challenge,
				       uint8_t out[static SJ_SCP03_FULL]);
/* A pseudo-random card challenge (6.2.2.1): `size` bytes from counter and the selected AID. */
SJ_MUST_CHECK bool sj_scp03_challenge(const struct sj_scp03_keys *keys, size_t size,
				      const uint8_t sequence[static SJ_SCP03_SEQUENCE],
				      struct sj_span aid, uint8_t out[static SJ_SCP03_FULL]);

/*
 * A command with its MAC, encrypted if the level says so; `data` takes the new data field, to
 * which out->data points. EXTERNAL AUTHENTICATE itself goes with level 0 set: MAC only. The
 * chain and counter go on. CLA gets bit 04; logical channel bits do not enter the MAC (6.2.4).
 * Lc's form does: out->extended is set where sizes need it, and is to be kept as it is.
 * False: no room, too long, or the primitives failed; the session is unchanged.
 */
SJ_MUST_CHECK bool sj_scp03_wrap(struct sj_scp03 *s, const struct sj_apdu *plain,
				 struct sj_writer *data, struct sj_apdu *out);
/*
 * The other way: checks the MAC in constant time, then decrypts into `data`; what was not
 * encrypted, out->data finds in `wrapped`. Whether bit 04 of CLA was set is the caller's to ask
 * (inside other secure messaging it is that one's); out->cla is without. The session is
 * unchanged on failure. SJ_SCP03_MAC: missing or wrong; SJ_SCP03_PADDING: after decryption.
 */
enum sj_scp03_fault { SJ_SCP03_INTACT, SJ_SCP03_MAC, SJ_SCP03_PADDING, SJ_SCP03_FAILED };
enum sj_scp03_fault sj_scp03_unwrap(struct sj_scp03 *s, const struct sj_apdu *wrapped,
				    struct sj_writer *data, struct sj_apdu *out);
/*
 * Response data with MAC and encryption as the level says, for this status word. An
 * error (not 9000, 62xx, 63xx) goes out bare (6.2.5): the caller does not call this.
 */
SJ_MUST_CHECK bool sj_scp03_wrap_response(struct sj_scp03 *s, struct sj_span plain, uint16_t sw,
					  struct sj_writer *w);
enum sj_scp03_fault sj_scp03_unwrap_response(struct sj_scp03 *s, struct sj_span wrapped,
					     uint16_t sw, struct sj_writer *w);

/* Key check value: of a block of 01 bytes under the key (Amendment D, 7.2.2). */
SJ_MUST_CHECK bool sj_scp03_kcv(enum sj_cipher cipher, const uint8_t *key,
				uint8_t out[static SJ_SCP03_KCV]);

/* --- PUT KEY (Card Specification 2.3.1, 11.8; Amendment D, 7.2) -------------------------- */

/*
 * The data field: new version, then for ENC, MAC and DEK type 88, the key encrypted under the
 * session's present `dek`, and its check value.
 */
SJ_MUST_CHECK bool sj_scp03_put_keys(struct sj_writer *w, uint8_t version,
				     const struct sj_scp03_keys *fresh, enum sj_cipher dek_cipher,
				     const uint8_t *dek);
enum sj_scp03_key_fault {
	SJ_SCP03_KEYS_GOOD,
	SJ_SCP03_KEYS_MALFORMED,
	SJ_SCP03_KEYS_CHECK, /* a check value does not fit its key */
};
/*
 * Reads it; `out` and the check values (three, in the same order) are set only when it is good.
 * The three keys are of one size; `version` may be any.
 */
enum sj_scp03_key_fault sj_scp03_read_keys(struct sj_span data, enum sj_cipher dek_cipher,
					   const uint8_t *dek, uint8_t *version,
					   struct sj_scp03_keys *out,
					   uint8_t kcv[static 3 * SJ_SCP03_KCV]);

#endif
