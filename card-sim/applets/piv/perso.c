/* perso.c -- the data groupings of PERSO.md, and what the final lock asks for. */
#include <string.h>

#include "crypt/wipe.h"
#include "secure/piv_cvc.h"
#include "secure/piv_spki.h"
#include "yubico.h"

#define SERIAL_SIZE 4u
#define POLICIES (PIV_POLICY_GLOBAL_PIN | PIV_POLICY_VCI | PIV_POLICY_VCI_WITHOUT_PAIRING)

static uint16_t stored(bool ok)
{
	return ok ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

/* --- groupings ---------------------------------------------------------------------- */

static uint16_t forget(struct card_call *call, struct sj_span data)
{
	return data.len == 0 ? stored(piv_forget(card_store_of(call->card))) : SJ_SW_WRONG_DATA;
}

static uint16_t set_identity(struct card_call *call, struct sj_span data)
{
	if (data.len != PIV_GUID_SIZE + SERIAL_SIZE)
		return SJ_SW_WRONG_DATA;
	return stored(card_store_set(card_store_of(call->card), PIV_STORE_IDENTITY, data) &&
		      piv_content_change(call->card));
}

static uint16_t set_password(struct card_call *call, struct sj_span data)
{
	struct piv_password p = { .tries = 0 };
	uint16_t sw = SJ_SW_WRONG_DATA;
	uint8_t ref;

	if (!sj_take_u8(&data, &ref) || !sj_take_u8(&data, &p.tries) || p.tries == 0 ||
	    (ref != PIV_REF_PIN && ref != PIV_REF_PUK && ref != PIV_REF_GLOBAL_PIN) ||
	    !piv_password_well_formed(ref, data))
		return sw;
	p.left = p.tries;
	if (sj_take_copy(&data, sizeof(p.value), p.value))
		sw = stored(piv_password_set(card_store_of(call->card), ref, &p));
	sj_wipe(&p, sizeof(p));
	return sw;
}

static uint16_t set_pairing_code(struct card_call *call, struct sj_span data)
{
	if (!piv_password_well_formed(PIV_REF_PAIRING_CODE, data))
		return SJ_SW_WRONG_DATA;
	return stored(card_store_set(card_store_of(call->card), PIV_STORE_PAIRING, data));
}

static uint16_t set_admin_key(struct card_call *call, struct sj_span data)
{
	uint8_t algorithm;

	if (!sj_take_u8(&data, &algorithm))
		return SJ_SW_WRONG_DATA;
	return piv_admin_key_set(card_store_of(call->card), algorithm, YUBICO_TOUCH_POLICY_NEVER,
				 data);
}

/* Part 1, table 1, without on-card comparison. */
static bool policy_is(uint8_t policy, uint8_t preference)
{
	bool both = (policy & PIV_POLICY_GLOBAL_PIN) != 0;

	if ((policy & PIV_POLICY_PIN) == 0 || (policy & ~(PIV_POLICY_PIN | POLICIES)) != 0)
		return false;
	if ((policy & PIV_POLICY_VCI_WITHOUT_PAIRING) != 0 && (policy & PIV_POLICY_VCI) == 0)
		return false;
	return both ? preference == PIV_PREFER_PIN || preference == PIV_PREFER_GLOBAL_PIN
		    : preference == 0;
}

static bool store_policy(struct card *card, uint8_t policy, uint8_t preference)
{
	const uint8_t bytes[] = { policy, preference };

	return card_store_set(card_store_of(card), PIV_STORE_POLICY, SJ_SPAN_OF(bytes)) &&
	       piv_content_change(card);
}

static uint16_t set_policy(struct card_call *call, struct sj_span data)
{
	uint8_t policy, preference;

	if (!sj_take_u8(&data, &policy) || !sj_take_u8(&data, &preference) || data.len != 0 ||
	    !policy_is(policy, preference))
		return SJ_SW_WRONG_DATA;
	return stored(store_policy(call->card, policy, preference));
}

static uint16_t set_object(struct card_call *call, struct sj_span data)
{
	uint32_t tag;

	if (!sj_take_be(&data, 3, &tag))
		return SJ_SW_WRONG_DATA;
	return piv_data_set(call->card, tag, data);
}

/* What 0020 and 0021 begin with. */
struct head {
	uint8_t ref, algorithm, pin_policy, touch_policy;
};

static bool take_head(struct sj_span *data, struct head *head)
{
	return sj_take_u8(data, &head->ref) && sj_take_u8(data, &head->algorithm) &&
	       sj_take_u8(data, &head->pin_policy) && sj_take_u8(data, &head->touch_policy);
}

static uint16_t generate(struct card_call *call, struct sj_span data)
{
	struct head h;

	if (!take_head(&data, &h) || data.len != 0)
		return SJ_SW_WRONG_DATA;
	return piv_key_generate(call, h.ref, h.algorithm, h.pin_policy, h.touch_policy);
}

static uint16_t import(struct card_call *call, struct sj_span data)
{
	struct yubico_import plan;
	struct head h;

	if (!take_head(&data, &h))
		return SJ_SW_WRONG_DATA;
	plan = (struct yubico_import){ h.ref, h.algorithm, h.pin_policy, h.touch_policy, data };
	return yubico_import(call->card, &plan);
}

/* Its key is that of 04. */
static uint16_t set_cvc(struct card_call *call, struct sj_span data)
{
	struct card_store *store = card_store_of(call->card);
	struct sj_piv_public public;
	struct sj_piv_cvc cvc;
	struct piv_key key;
	struct sj_span content;

	if (data.len > SJ_PIV_CVC_MAX || !sj_piv_cvc_read(data, &cvc) ||
	    !piv_key_find(store, PIV_KEY_SECURE_MESSAGING, &key) ||
	    !piv_key_public(store, PIV_KEY_SECURE_MESSAGING, &content) ||
	    !sj_piv_public_read(content, &public) || cvc.curve != sj_piv_curve(key.algorithm) ||
	    !sj_span_eq(sj_ec_point_span(&cvc.key), public.point))
		return SJ_SW_WRONG_DATA;
	return stored(card_store_set(store, PIV_STORE_CVC, data) && piv_content_change(call->card));
}

/* The certificate of F9 must be there. */
static uint16_t attest(struct card_call *call, struct sj_span data)
{
	uint8_t ref;

	if (!sj_take_u8(&data, &ref) || data.len != 0)
		return SJ_SW_WRONG_DATA;
	return yubico_attestation(call->card, ref, call->out);
}

static const struct grouping {
	uint16_t dgi;
	uint16_t (*take)(struct card_call *call, struct sj_span data);
} groupings[] = {
	{ 0x0000, forget },           { 0x0001, set_identity },  { 0x0002, set_password },
	{ 0x0003, set_pairing_code }, { 0x0004, set_admin_key }, { 0x0005, set_policy },
	{ 0x0010, set_object },       { 0x0020, generate },      { 0x0021, import },
	{ 0x0022, set_cvc },          { 0x0023, attest },
};

uint16_t piv_personalise(struct card_call *call, uint16_t dgi, struct sj_span data)
{
	for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++)
		if (groupings[i].dgi == dgi)
			return groupings[i].take(call, data);
	return SJ_SW_REFERENCE_NOT_FOUND;
}

/* --- whole -------------------------------------------------------------------------------- */

static bool has(const struct card_store *store, uint32_t id)
{
	struct sj_span unused;

	return card_store_get(store, id, &unused);
}

/* What a policy promises is there. */
static bool can_keep(const struct card_store *store, uint8_t policy)
{
	struct sj_span unused;

	if ((policy & PIV_POLICY_GLOBAL_PIN) != 0 &&
	    !has(store, PIV_STORE_PASSWORD + PIV_REF_GLOBAL_PIN))
		return false;
	return (policy & PIV_POLICY_VCI) == 0 ||
	       (has(store, PIV_STORE_KEY + PIV_KEY_SECURE_MESSAGING) && has(store, PIV_STORE_CVC) &&
		has(store, PIV_STORE_PAIRING) &&
		piv_data_find(store, PIV_OBJECT_PAIRING_CODE, &unused));
}

uint16_t piv_policy_set(struct card *card, uint8_t policy, uint8_t preference)
{
	if (!policy_is(policy, preference) || !can_keep(card_store_of(card), policy))
		return SJ_SW_WRONG_DATA;
	return stored(store_policy(card, policy, preference));
}

static bool is_whole(const struct card_store *store)
{
	static const uint32_t objects[] = {
		PIV_OBJECT_CHUID,
		PIV_OBJECT_CCC,
		PIV_OBJECT_SECURITY,
		PIV_OBJECT_AUTHENTICATION_CERTIFICATE,
		PIV_OBJECT_CARD_AUTHENTICATION_CERTIFICATE,
	};
	static const uint32_t others[] = {
		PIV_STORE_IDENTITY,
		PIV_STORE_ADMIN,
		PIV_STORE_PASSWORD + PIV_REF_PIN,
		PIV_STORE_PASSWORD + PIV_REF_PUK,
		PIV_STORE_KEY + PIV_KEY_AUTHENTICATION,
		PIV_STORE_KEY + PIV_KEY_CARD_AUTHENTICATION,
	};
	uint8_t policy, preference;
	struct sj_span unused;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (!piv_data_find(store, objects[i], &unused))
			return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!has(store, others[i]))
			return false;
	if (has(store, PIV_STORE_KEY + PIV_KEY_SECURE_MESSAGING) &&
	    (!has(store, PIV_STORE_CVC) || !piv_data_find(store, PIV_OBJECT_SM_SIGNER, &unused)))
		return false;
	return piv_policy(store, &policy, &preference) && can_keep(store, policy);
}

/* Nothing of the application, or all of it. */
uint16_t piv_lock(struct card_call *call)
{
	const struct card_store *store = card_store_of(call->card);

	return !piv_present(store) || is_whole(store) ? SJ_SW_OK : SJ_SW_CONDITIONS;
}
