/*
 * bac.h -- the bytes and keys of Basic Access Control.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.3 and appendix D.
 */
#ifndef SJ_SECURE_BAC_H
#define SJ_SECURE_BAC_H

#include "secure/sm.h"

#define SJ_BAC_NONCE 8u /* RND.IC, RND.IFD */
#define SJ_BAC_KEYING 16u /* K.IC, K.IFD */
#define SJ_BAC_TOKEN 40u /* E || M */

struct sj_bac_keys {
	uint8_t enc[16]; /* K_Enc */
	uint8_t mac[16]; /* K_MAC */
};

/* What either token carries, in the order its sender writes it. */
struct sj_bac_content {
	uint8_t rnd_own[SJ_BAC_NONCE];
	uint8_t rnd_peer[SJ_BAC_NONCE];
	uint8_t keying[SJ_BAC_KEYING];
};

/* Document basic access keys from the MRZ information (24 characters, or more
 * for long document numbers): number, birth, expiry with their check digits. */
SJ_MUST_CHECK bool sj_bac_keys(struct sj_span mrz_information, struct sj_bac_keys *out);

/* E || M over rnd_own || rnd_peer || keying. */
SJ_MUST_CHECK bool sj_bac_token_seal(const struct sj_bac_keys *keys,
				     const struct sj_bac_content *content,
				     uint8_t token[static SJ_BAC_TOKEN]);
/* False: the MAC is wrong. The caller compares the nonces itself. */
SJ_MUST_CHECK bool sj_bac_token_open(const struct sj_bac_keys *keys, struct sj_span token,
				     struct sj_bac_content *content);

/* Session keys (3DES) and the first SSC from both ends' keying material and nonces. */
SJ_MUST_CHECK bool sj_bac_session(const uint8_t k_ifd[static SJ_BAC_KEYING],
				  const uint8_t k_ic[static SJ_BAC_KEYING],
				  const uint8_t rnd_ifd[static SJ_BAC_NONCE],
				  const uint8_t rnd_ic[static SJ_BAC_NONCE],
				  struct sj_sm_keys *keys, struct sj_ssc *ssc);

#endif
