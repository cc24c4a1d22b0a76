/*
 * sm_objects.h -- the data objects of a protected message, for the two kinds
 * of secure messaging (sm.c, piv_sm.c), which differ in keys, IV and MAC.
 *
 * Source: ISO/IEC 7816-4:2020, 10.
 */
#ifndef SJ_SECURE_SM_OBJECTS_H
#define SJ_SECURE_SM_OBJECTS_H

#include "secure/sm.h"

enum {
	SJ_DO_CRYPTOGRAM_ODD = 0x85, /* of a BER-TLV command: no padding indicator */
	SJ_DO_CRYPTOGRAM = 0x87, /* padding indicator 01, then the cryptogram */
	SJ_DO_MAC = 0x8E,
	SJ_DO_LE = 0x97,
	SJ_DO_STATUS = 0x99,
};

#define SJ_CLA_SM 0x0Cu /* secure messaging, header authenticated */

/* What one message is encrypted with; the key belongs to the caller. */
struct sj_sm_cbc {
	enum sj_cipher cipher;
	const uint8_t *key;
	uint8_t iv[SJ_CIPHER_BLOCK_MAX];
};

/* Content size of DO 85 (`odd`) or 87 over n > 0 plain bytes. */
size_t sj_sm_cryptogram_size(enum sj_cipher c, bool odd, size_t n);
/* Writes DO 85 or 87. */
void sj_sm_cryptogram_put(struct sj_writer *w, const struct sj_sm_cbc *cbc, bool odd,
			  struct sj_span data);

/* A protected message taken apart; an absent object has ptr NULL. */
struct sj_sm_objects {
	struct sj_span cryptogram; /* value of DO 85 or 87 */
	bool odd; /* it is DO 85 */
	struct sj_span second; /* value of DO 97 (command) or 99 (response) */
	struct sj_span mac; /* value of DO 8E */
	struct sj_span covered; /* the bytes before DO 8E */
};

/*
 * The grammar [85 | 87] [second] 8E, nothing else; only then does a missing
 * object differ from a malformed message.
 */
SJ_MUST_CHECK enum sj_sm_rc sj_sm_objects_take(struct sj_span in, uint32_t second_tag,
					       struct sj_sm_objects *o);
/* Decrypts a cryptogram that is there into `buffer`; on failure nothing stays in it. */
SJ_MUST_CHECK bool sj_sm_cryptogram_open(const struct sj_sm_cbc *cbc, const struct sj_sm_objects *o,
					 struct sj_writer *buffer, struct sj_span *data);
/* Ne from the value of DO 97: one or two bytes, zero for the maximum; absent: none. */
SJ_MUST_CHECK bool sj_sm_le_open(struct sj_span le, struct sj_apdu *a);

#endif
