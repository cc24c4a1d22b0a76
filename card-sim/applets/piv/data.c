/*
 * data.c -- data objects and who reads them.
 *
 * Source: NIST SP 800-73-5, part 1, 3 (table 2) and part 2, 3.1.2 and 3.3.1.
 */
#include "state.h"

#include "wire/tlv.h"

/* The facial image is the largest of the standard: 12710 (part 1, table 8). */
#define OBJECT_MAX 32767u

/* Who reads an object: over contact, and over the air. */
enum rule {
	NOBODY, /* there is no such object */
	FREE, /* always, everywhere */
	VCI, /* always; over the air the virtual contact interface */
	VCI_PIN, /* the same, with PIN */
};

static enum rule rule_of(uint32_t tag)
{
	static const struct {
		uint32_t tag;
		enum rule rule;
	} rules[] = {
		{ PIV_OBJECT_DISCOVERY, FREE },
		{ PIV_OBJECT_BIOMETRIC_GROUP, FREE },
		{ PIV_OBJECT_CARD_AUTHENTICATION_CERTIFICATE, FREE },
		{ PIV_OBJECT_CHUID, FREE },
		{ PIV_OBJECT_FINGERPRINTS, VCI_PIN },
		{ PIV_OBJECT_AUTHENTICATION_CERTIFICATE, VCI },
		{ PIV_OBJECT_SECURITY, VCI },
		{ PIV_OBJECT_CCC, VCI },
		{ PIV_OBJECT_FACE, VCI_PIN },
		{ PIV_OBJECT_PRINTED, VCI_PIN },
		{ PIV_OBJECT_SIGNATURE_CERTIFICATE, VCI },
		{ PIV_OBJECT_MANAGEMENT_CERTIFICATE, VCI },
		{ PIV_OBJECT_KEY_HISTORY, VCI },
		{ PIV_OBJECT_IRIS, VCI_PIN },
		{ PIV_OBJECT_SM_SIGNER, FREE },
		{ PIV_OBJECT_PAIRING_CODE, VCI_PIN },
		{ SOJOURN_OBJECT_CONTENT, FREE },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].tag == tag)
			return rules[i].rule;
	if ((tag >= PIV_OBJECT_RETIRED_FIRST && tag <= PIV_OBJECT_RETIRED_LAST) ||
	    (tag >= YUBICO_OBJECT_FIRST && tag <= YUBICO_OBJECT_LAST))
		return VCI;
	return NOBODY;
}

static uint32_t object_of(uint32_t tag)
{
	return PIV_STORE_DATA + (tag & 0xFFFFu);
}

bool piv_data_find(const struct card_store *store, uint32_t tag, struct sj_span *value)
{
	if (tag == SOJOURN_OBJECT_CONTENT)
		return card_store_get(store, PIV_STORE_CONTENT, value);
	return rule_of(tag) != NOBODY && card_store_get(store, object_of(tag), value);
}

uint16_t piv_data_set(struct card *card, uint32_t tag, struct sj_span value)
{
	struct card_store *store = card_store_of(card);
	bool ok;

	if (rule_of(tag) == NOBODY || tag == PIV_OBJECT_DISCOVERY || tag == SOJOURN_OBJECT_CONTENT)
		return SJ_SW_WRONG_DATA;
	if (value.len > OBJECT_MAX)
		return SJ_SW_NO_SPACE;
	if (value.len == 0)
		ok = card_store_delete(store, object_of(tag));
	else
		ok = card_store_set(store, object_of(tag), value);
	return ok && piv_content_change(card) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

/* --- GET DATA -------------------------------------------------------------------- */

/* Rules first: what is not for this reader is the same, there or not. */
static uint16_t may_read(const struct card_call *call, enum rule rule)
{
	if ((rule == VCI || rule == VCI_PIN) && !piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	if (rule == VCI_PIN && !piv_pin_verified(call, false))
		return SJ_SW_SECURITY_STATUS;
	return rule != NOBODY ? SJ_SW_OK : SJ_SW_NOT_FOUND;
}

/* The card makes it from the policy. */
static uint16_t get_discovery(struct card_call *call)
{
	struct sj_piv_discovery d = { .aid = sj_piv_aid() };

	if (!piv_policy(card_store_of(call->card), &d.policy, &d.preference))
		return SJ_SW_NOT_FOUND;
	sj_piv_discovery_put(call->out, &d);
	return SJ_SW_OK;
}

uint16_t piv_get_data(struct card_call *call)
{
	struct sj_span in = call->apdu->data, value;
	uint32_t tag;
	uint16_t sw;

	if (!sj_piv_tag_list_take(&in, &tag) || in.len != 0)
		return SJ_SW_WRONG_DATA;
	sw = may_read(call, rule_of(tag));
	if (sw != SJ_SW_OK)
		return sw;
	if (tag == PIV_OBJECT_DISCOVERY)
		return get_discovery(call);
	if (!piv_data_find(card_store_of(call->card), tag, &value))
		return SJ_SW_NOT_FOUND;
	sj_tlv_put(call->out, tag == PIV_OBJECT_BIOMETRIC_GROUP ? tag : PIV_TAG_DATA, value);
	return SJ_SW_OK;
}

/* --- PUT DATA -------------------------------------------------------------------- */

static uint16_t put_discovery(struct card_call *call)
{
	struct sj_piv_discovery d;

	if (!sj_piv_discovery_read(call->apdu->data, &d) || !sj_span_eq(d.aid, sj_piv_aid()))
		return SJ_SW_WRONG_DATA;
	return piv_policy_set(call->card, d.policy, d.preference);
}

uint16_t piv_put_data(struct card_call *call)
{
	struct sj_span in = call->apdu->data, value;
	uint16_t sw = piv_need_admin(call);
	uint32_t tag;

	if (sw != SJ_SW_OK)
		return sw;
	if (in.ptr[0] == PIV_OBJECT_DISCOVERY)
		return put_discovery(call);
	if (sj_tlv_take(&in, PIV_OBJECT_BIOMETRIC_GROUP, &value) == SJ_TLV_FOUND)
		tag = PIV_OBJECT_BIOMETRIC_GROUP;
	else if (!sj_piv_tag_list_take(&in, &tag) || tag == PIV_OBJECT_BIOMETRIC_GROUP ||
		 sj_tlv_take(&in, PIV_TAG_DATA, &value) != SJ_TLV_FOUND)
		return SJ_SW_WRONG_DATA;
	return in.len == 0 ? piv_data_set(call->card, tag, value) : SJ_SW_WRONG_DATA;
}
