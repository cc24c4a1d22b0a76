/* yubico.c -- version, serial, metadata; management key and retries set anew; RESET. */
#include "yubico.h"

#include <string.h>

#include "crypt/wipe.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define SET_MANAGEMENT_KEY_P1 0xFF
#define SET_MANAGEMENT_KEY_NO_TOUCH 0xFF

static const uint8_t default_pin[PIV_PIN_SIZE] = { '1', '2', '3', '4', '5', '6', 0xFF, 0xFF };
static const uint8_t default_puk[PIV_PIN_SIZE] = { '1', '2', '3', '4', '5', '6', '7', '8' };
static const uint8_t default_admin[] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
					 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 };

static const uint8_t *default_password(uint8_t ref)
{
	return ref == PIV_REF_PUK ? default_puk : default_pin;
}

bool yubico_password_default(struct card_store *store, uint8_t ref, uint8_t tries)
{
	struct piv_password p = { .tries = tries, .left = tries };

	memcpy(p.value, default_password(ref), sizeof(p.value));
	return piv_password_set(store, ref, &p);
}

uint16_t yubico_admin_default(struct card_store *store)
{
	return piv_admin_key_set(store, PIV_ALG_3DES, YUBICO_TOUCH_POLICY_NEVER,
				 SJ_SPAN_OF(default_admin));
}

/* --- version and serial ---------------------------------------------------------- */

uint16_t piv_get_version(struct card_call *call)
{
	sj_put(call->out, SJ_SPAN_STR(YUBICO_VERSION));
	return SJ_SW_OK;
}

uint16_t piv_get_serial(struct card_call *call)
{
	uint32_t serial;

	if (!piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	serial = yubico_serial(card_store_of(call->card));
	if (serial == 0)
		return SJ_SW_REFERENCE_NOT_FOUND;
	sj_put_be(call->out, 4, serial);
	return SJ_SW_OK;
}

uint32_t yubico_serial(const struct card_store *store)
{
	struct sj_span identity, guid;
	uint32_t serial;

	if (!card_store_get(store, PIV_STORE_IDENTITY, &identity) ||
	    !sj_take(&identity, PIV_GUID_SIZE, &guid) || !sj_take_be(&identity, 4, &serial))
		return 0;
	return serial;
}

/* --- metadata ---------------------------------------------------------------------- */

static void put_bytes(struct sj_writer *w, uint8_t tag, size_t n, uint32_t value)
{
	sj_tlv_put_header(w, tag, n);
	sj_put_be(w, n, value);
}

static uint16_t password_metadata(const struct card_store *store, uint8_t ref, struct sj_writer *w)
{
	struct piv_password p;
	bool is_default;

	if (!piv_password_get(store, ref, &p))
		return SJ_SW_REFERENCE_NOT_FOUND;
	is_default =
		sj_equal_secret(SJ_SPAN_OF(p.value), sj_span(default_password(ref), PIV_PIN_SIZE));
	put_bytes(w, YUBICO_META_ALGORITHM, 1, YUBICO_META_PASSWORD);
	put_bytes(w, YUBICO_META_DEFAULT, 1, is_default);
	put_bytes(w, YUBICO_META_RETRIES, 2, (uint32_t)p.tries << 8 | p.left);
	sj_wipe(&p, sizeof(p));
	return SJ_SW_OK;
}

static uint16_t admin_metadata(const struct card_store *store, struct sj_writer *w)
{
	uint8_t algorithm, touch;
	struct sj_span key;
	bool is_default;

	if (!piv_admin_key_get(store, &algorithm, &touch, &key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	is_default = algorithm == PIV_ALG_3DES && sj_equal_secret(key, SJ_SPAN_OF(default_admin));
	put_bytes(w, YUBICO_META_ALGORITHM, 1, algorithm);
	put_bytes(w, YUBICO_META_POLICY, 2, touch);
	put_bytes(w, YUBICO_META_DEFAULT, 1, is_default);
	return SJ_SW_OK;
}

static uint16_t key_metadata(const struct card_store *store, uint8_t ref, struct sj_writer *w)
{
	struct sj_span public_key;
	struct piv_key key;

	if (!sj_piv_key_is(ref) || !piv_key_find(store, ref, &key) ||
	    !piv_key_public(store, ref, &public_key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	put_bytes(w, YUBICO_META_ALGORITHM, 1, key.algorithm);
	put_bytes(w, YUBICO_META_POLICY, 2, (uint32_t)key.pin_policy << 8 | key.touch_policy);
	put_bytes(w, YUBICO_META_ORIGIN, 1, key.origin);
	sj_tlv_put(w, YUBICO_META_PUBLIC, public_key);
	return SJ_SW_OK;
}

uint16_t piv_get_metadata(struct card_call *call)
{
	const struct card_store *store = card_store_of(call->card);
	const uint8_t ref = call->apdu->p2;

	if (!piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	if (ref == PIV_REF_PIN || ref == PIV_REF_PUK)
		return password_metadata(store, ref, call->out);
	if (ref == PIV_KEY_ADMINISTRATION)
		return admin_metadata(store, call->out);
	return key_metadata(store, ref, call->out);
}

/* --- set anew ------------------------------------------------------------------------ */

/* Touch (P2 FE) is more than the card could keep to: it has no button. */
uint16_t piv_set_management_key(struct card_call *call)
{
	struct sj_span in = call->apdu->data, key;
	uint16_t sw = piv_need_admin(call);
	uint8_t algorithm;

	if (call->apdu->p1 != SET_MANAGEMENT_KEY_P1 ||
	    call->apdu->p2 != SET_MANAGEMENT_KEY_NO_TOUCH)
		return SJ_SW_WRONG_P1P2;
	if (sw != SJ_SW_OK)
		return sw;
	if (!sj_take_u8(&in, &algorithm) ||
	    sj_tlv_take(&in, PIV_KEY_ADMINISTRATION, &key) != SJ_TLV_FOUND || in.len != 0)
		return SJ_SW_WRONG_DATA;
	return piv_admin_key_set(card_store_of(call->card), algorithm, YUBICO_TOUCH_POLICY_NEVER,
				 key);
}

/* Sets both values to what everybody knows, too: so the PIN has to be verified anew. */
uint16_t piv_set_pin_retries(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);
	struct piv *piv = call->state;
	uint16_t sw = piv_need_admin(call);

	if (call->apdu->p1 == 0 || call->apdu->p2 == 0)
		return SJ_SW_WRONG_P1P2;
	if (sw != SJ_SW_OK)
		return sw;
	if (!piv_pin_verified(call, false))
		return SJ_SW_SECURITY_STATUS;
	if (!yubico_password_default(store, PIV_REF_PIN, call->apdu->p1) ||
	    !yubico_password_default(store, PIV_REF_PUK, call->apdu->p2))
		return SJ_SW_MEMORY_FAILURE;
	piv->pin = false;
	piv->verified_at = 0;
	return SJ_SW_OK;
}

/* --- RESET --------------------------------------------------------------------------- */

/* What is the card's and not its holder's: STATES.md. */
static bool stays(uint32_t id)
{
	static const uint32_t kept[] = {
		PIV_STORE_IDENTITY,
		PIV_STORE_POLICY,
		PIV_STORE_PAIRING,
		PIV_STORE_CVC,
		PIV_STORE_KEY + PIV_KEY_SECURE_MESSAGING,
		PIV_STORE_PUBLIC + PIV_KEY_SECURE_MESSAGING,
		PIV_STORE_KEY + YUBICO_KEY_ATTESTATION,
		PIV_STORE_PUBLIC + YUBICO_KEY_ATTESTATION,
		PIV_STORE_DATA + (YUBICO_OBJECT_ATTESTATION_CERTIFICATE & 0xFFFFu),
		PIV_STORE_DATA + (PIV_OBJECT_SM_SIGNER & 0xFFFFu),
		PIV_STORE_DATA + (PIV_OBJECT_PAIRING_CODE & 0xFFFFu),
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] == id)
			return true;
	return false;
}

/* The global PIN is gone: the policy does not offer it any more. */
static bool restrict_policy(struct card_store *store)
{
	uint8_t policy[2] = { 0 };

	if (!piv_policy(store, &policy[0], &policy[1]) || (policy[0] & PIV_POLICY_GLOBAL_PIN) == 0)
		return true;
	policy[0] &= (uint8_t)~PIV_POLICY_GLOBAL_PIN;
	policy[1] = 0;
	return card_store_set(store, PIV_STORE_POLICY, SJ_SPAN_OF(policy));
}

/* On every interface: the try that is kept back over the air is spent, too. */
static bool is_blocked(const struct card_store *store, uint8_t ref)
{
	struct piv_password p = { .tries = 0 };
	bool blocked = piv_password_get(store, ref, &p) && p.left == 0;

	sj_wipe(&p, sizeof(p));
	return blocked;
}

/* One transaction: all of it, or nothing. */
uint16_t piv_reset(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);

	if (!piv_on_contact(call))
		return SJ_SW_FUNCTION_NOT_SUPPORTED;
	if (!is_blocked(store, PIV_REF_PIN) || !is_blocked(store, PIV_REF_PUK))
		return SJ_SW_CONDITIONS;
	for (uint32_t id = CARD_OBJECT_PIV; card_store_next(store, &id) && id < PIV_STORE_END; id++)
		if (!stays(id) && !card_store_wipe(store, id, id + 1))
			return SJ_SW_MEMORY_FAILURE;
	if (!restrict_policy(store) ||
	    !yubico_password_default(store, PIV_REF_PIN, YUBICO_PIN_TRIES) ||
	    !yubico_password_default(store, PIV_REF_PUK, YUBICO_PIN_TRIES) ||
	    !piv_content_change(call->card))
		return SJ_SW_MEMORY_FAILURE;
	sj_wipe(call->state, sizeof(struct piv));
	return yubico_admin_default(store);
}
