/*
 * aa.c -- Active Authentication, the card's side: INTERNAL AUTHENTICATE.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.1; BSI TR-03111 v2.1, 5.2.1.
 */
#include "secure/aa.h"
#include "crypt/wipe.h"
#include "state.h"

static uint16_t sign_ec(struct card_call *call, const struct emrtd_key *key)
{
	uint8_t digest[SJ_HASH_MAX], signature[SJ_EC_SIGNATURE_MAX];
	enum sj_hash hash = (enum sj_hash)key->use;
	size_t len;

	if (!sj_hash(hash, &call->apdu->data, 1, digest) ||
	    !sj_ec_sign(key->curve, &key->secret, sj_span(digest, sj_hash_size(hash)), signature,
			&len))
		return SJ_SW_EXECUTION_ERROR;
	sj_put(call->out, sj_span(signature, len));
	return SJ_SW_OK;
}

static uint16_t sign_rsa(struct card_call *call, struct sj_span stored)
{
	struct sj_span data = call->apdu->data;
	uint8_t hash, challenge[SJ_AA_CHALLENGE];

	if (!sj_take_u8(&stored, &hash) || !sj_take_copy(&data, sizeof(challenge), challenge) ||
	    !sj_aa_rsa_sign(stored, (enum sj_hash)hash, challenge, card_random(call->card),
			    call->out))
		return SJ_SW_EXECUTION_ERROR;
	return SJ_SW_OK;
}

uint16_t emrtd_internal_authenticate(struct card_call *call)
{
	struct emrtd_key key = { 0 };
	struct sj_span stored;
	uint16_t sw = SJ_SW_REFERENCE_NOT_FOUND;

	if (!emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (emrtd_key_load(call->card, EMRTD_OBJECT_AA_EC, &key))
		sw = sign_ec(call, &key);
	else if (card_store_get(card_store_of(call->card), EMRTD_OBJECT_AA_RSA, &stored))
		sw = sign_rsa(call, stored);
	sj_wipe(&key, sizeof(key));
	return sw;
}
