/*
 * auth.c -- GENERAL AUTHENTICATE: the cases of NIST SP 800-73-5, part 2, 3.2.4
 * and appendix A.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

/* --- the management key ------------------------------------------------------------ */

#define ADMIN_HEAD 2u /* algorithm, touch policy */

size_t piv_admin_key_size(uint8_t algorithm)
{
	switch (algorithm) {
	case PIV_ALG_3DES:
		return SJ_TDES_KEY;
	case PIV_ALG_AES_128:
		return sj_cipher_key_size(SJ_CIPHER_AES128);
	case PIV_ALG_AES_192:
		return sj_cipher_key_size(SJ_CIPHER_AES192);
	case PIV_ALG_AES_256:
		return sj_cipher_key_size(SJ_CIPHER_AES256);
	default:
		return 0;
	}
}

static enum sj_cipher cipher_of(uint8_t algorithm)
{
	if (algorithm == PIV_ALG_AES_128)
		return SJ_CIPHER_AES128;
	return algorithm == PIV_ALG_AES_192 ? SJ_CIPHER_AES192 : SJ_CIPHER_AES256;
}

static size_t block_of(uint8_t algorithm)
{
	return algorithm == PIV_ALG_3DES ? SJ_TDES_BLOCK : SJ_CIPHER_BLOCK_MAX;
}

uint16_t piv_admin_key_set(struct card_store *store, uint8_t algorithm, uint8_t touch_policy,
			   struct sj_span key)
{
	uint8_t bytes[ADMIN_HEAD + SJ_CIPHER_KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool ok;

	if (key.len == 0 || key.len != piv_admin_key_size(algorithm))
		return SJ_SW_WRONG_DATA;
	sj_put_u8(&w, algorithm);
	sj_put_u8(&w, touch_policy);
	sj_put(&w, key);
	ok = !w.failed && card_store_set(store, PIV_STORE_ADMIN, sj_written(&w));
	sj_wipe(bytes, sizeof(bytes));
	return ok ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

bool piv_admin_key_get(const struct card_store *store, uint8_t *algorithm, uint8_t *touch_policy,
		       struct sj_span *key)
{
	struct sj_span in;

	if (!card_store_get(store, PIV_STORE_ADMIN, &in) || !sj_take_u8(&in, algorithm) ||
	    !sj_take_u8(&in, touch_policy) || in.len != piv_admin_key_size(*algorithm))
		return false;
	*key = in;
	return true;
}

bool piv_admin_encrypt(const struct card_store *store, const uint8_t *in, uint8_t *out)
{
	uint8_t algorithm, touch_policy;
	struct sj_span key;

	if (!piv_admin_key_get(store, &algorithm, &touch_policy, &key))
		return false;
	if (algorithm == PIV_ALG_3DES)
		return sj_tdes_encrypt(key.ptr, in, out);
	return sj_cbc_encrypt(cipher_of(algorithm), key.ptr, NULL, sj_span(in, SJ_CIPHER_BLOCK_MAX),
			      out);
}

/* --- with the management key (A.1, A.2) ----------------------------------------------- */

static void forget_step(struct piv *piv)
{
	piv->step = PIV_ADMIN_IDLE;
	sj_wipe(piv->expected, sizeof(piv->expected));
}

/* What was expected came. One try each: the step is over. A wrong answer ends what was proved. */
static bool is_expected(struct piv *piv, enum piv_admin_step step, struct sj_span got, size_t block)
{
	piv->admin = piv->step == step && sj_equal_secret(sj_span(piv->expected, block), got);
	forget_step(piv);
	return piv->admin;
}

/* 81 00: a challenge in clear; its encryption is expected. */
static uint16_t challenge(struct card_call *call, size_t block)
{
	struct piv *piv = call->state;
	uint8_t random[SJ_CIPHER_BLOCK_MAX];
	const struct sj_piv_auth out = { .has_challenge = true, .challenge = { random, block } };

	if (!sj_random_fill(card_random(call->card), random, block) ||
	    !piv_admin_encrypt(card_store_of(call->card), random, piv->expected))
		return SJ_SW_UNKNOWN;
	piv->step = PIV_ADMIN_CHALLENGED;
	sj_piv_auth_put(call->out, &out);
	return SJ_SW_OK;
}

/* 80 00: an encrypted witness, whose clear is expected. */
static uint16_t witness(struct card_call *call, size_t block)
{
	struct piv *piv = call->state;
	uint8_t sealed[SJ_CIPHER_BLOCK_MAX];
	const struct sj_piv_auth out = { .has_witness = true, .witness = { sealed, block } };

	if (!sj_random_fill(card_random(call->card), piv->expected, block) ||
	    !piv_admin_encrypt(card_store_of(call->card), piv->expected, sealed))
		return SJ_SW_UNKNOWN;
	piv->step = PIV_ADMIN_WITNESSED;
	sj_piv_auth_put(call->out, &out);
	return SJ_SW_OK;
}

/* 80 and 81: the witness in clear, and a challenge of the other's that is encrypted. */
static uint16_t mutual(struct card_call *call, const struct sj_piv_auth *in, size_t block)
{
	uint8_t sealed[SJ_CIPHER_BLOCK_MAX];
	const struct sj_piv_auth out = { .has_response = true, .response = { sealed, block } };

	if (in->challenge.len != block) {
		forget_step(call->state);
		return SJ_SW_WRONG_DATA;
	}
	if (!is_expected(call->state, PIV_ADMIN_WITNESSED, in->witness, block))
		return SJ_SW_SECURITY_STATUS;
	if (!piv_admin_encrypt(card_store_of(call->card), in->challenge.ptr, sealed))
		return SJ_SW_UNKNOWN;
	sj_piv_auth_put(call->out, &out);
	return SJ_SW_OK;
}

/*
 * INTERNAL AUTHENTICATE is not for this key: a challenge of this card, handed
 * back to it, would be answered by itself.
 */
static uint16_t with_admin_key(struct card_call *call, const struct sj_piv_auth *in)
{
	uint8_t algorithm, touch_policy;
	uint8_t asked = call->apdu->p1; /* 00: once 3DES, now the key's own, as OpenSC means it */
	struct sj_span key;
	size_t block;

	if (!piv_on_contact(call))
		return SJ_SW_SECURITY_STATUS;
	if (!piv_admin_key_get(card_store_of(call->card), &algorithm, &touch_policy, &key) ||
	    (asked != algorithm && asked != PIV_ALG_3DES_DEFAULT))
		return SJ_SW_WRONG_P1P2;
	block = block_of(algorithm);
	if (in->has_exponentiation)
		return SJ_SW_WRONG_DATA;
	if (in->has_witness && in->witness.len > 0 && in->has_challenge)
		return mutual(call, in, block);
	if (in->has_witness && in->witness.len == 0 && !in->has_challenge && !in->has_response)
		return witness(call, block);
	if (in->has_challenge && in->challenge.len == 0 && !in->has_witness && !in->has_response)
		return challenge(call, block);
	if (!in->has_response || in->has_witness || in->has_challenge)
		return SJ_SW_WRONG_DATA;
	return is_expected(call->state, PIV_ADMIN_CHALLENGED, in->response, block)
		       ? SJ_SW_OK
		       : SJ_SW_SECURITY_STATUS;
}

/* --- with a private key (A.3 to A.5) ----------------------------------------------------- */

/* Table 5 of part 1: 9E everywhere, the others over the (virtual) contact interface. */
static uint16_t may_use(const struct card_call *call, const struct piv_key *key)
{
	if (key->pin_policy == YUBICO_PIN_POLICY_NEVER)
		return SJ_SW_OK;
	return piv_pin_verified(call, key->pin_policy == YUBICO_PIN_POLICY_ALWAYS)
		       ? SJ_SW_OK
		       : SJ_SW_SECURITY_STATUS;
}

static uint16_t with_private_key(struct card_call *call, const struct sj_piv_auth *in)
{
	uint8_t ref = call->apdu->p2, result[SJ_RSA_MAX];
	struct sj_writer w = SJ_WRITER_OF(result);
	struct sj_piv_auth out = { .has_response = true };
	struct piv_key key;
	uint16_t sw;

	if (ref != PIV_KEY_CARD_AUTHENTICATION && !piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	if (ref == YUBICO_KEY_ATTESTATION || !piv_key_find(card_store_of(call->card), ref, &key) ||
	    key.algorithm != call->apdu->p1)
		return SJ_SW_WRONG_P1P2;
	sw = may_use(call, &key);
	if (sw != SJ_SW_OK)
		return sw;
	if (in->has_witness || !in->has_response || in->response.len != 0 ||
	    in->has_challenge == in->has_exponentiation ||
	    (in->has_exponentiation && !piv_key_may_agree(ref)))
		return SJ_SW_WRONG_DATA;
	sw = piv_key_use(&key, in->has_exponentiation,
			 in->has_exponentiation ? in->exponentiation : in->challenge, &w);
	out.response = sj_written(&w);
	if (sw == SJ_SW_OK)
		sj_piv_auth_put(call->out, &out);
	sj_wipe(result, sizeof(result));
	return w.failed ? SJ_SW_UNKNOWN : sw;
}

uint16_t piv_general_authenticate(struct card_call *call)
{
	uint8_t ref = call->apdu->p2;
	struct sj_piv_auth in;

	if (ref != PIV_KEY_ADMINISTRATION && !piv_key_ref_is(ref))
		return SJ_SW_WRONG_P1P2;
	if (!sj_piv_auth_read(call->apdu->data, &in))
		return SJ_SW_WRONG_DATA;
	if (ref == PIV_KEY_ADMINISTRATION)
		return with_admin_key(call, &in);
	if (ref == PIV_KEY_SECURE_MESSAGING)
		return piv_establish(call, &in);
	return with_private_key(call, &in);
}
