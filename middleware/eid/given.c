/* given.c -- from the registry's rights to those of certificates, and back. */
#include "eid/terminal.h"

#include "secure/gate.h"
#include "wire/std/tr03110.h"

/* Every group of the eID application (TR-03110-4, 2.2.2), and what the LDS tells besides. */
#define OF_ALL_GROUPS \
	((uint32_t)(SJ_RIGHT_VALID | SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY | SJ_RIGHT_BIRTH_DATE | \
		    SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY | SJ_RIGHT_PORTRAIT | \
		    SJ_RIGHT_ADDRESS | SJ_RIGHT_PHONE | SJ_RIGHT_CLASS | SJ_RIGHT_ENTRY_RECORDS | \
		    SJ_RIGHT_EMERGENCY | SJ_RIGHT_INSURANCE_NUMBER | SJ_RIGHT_HOME_PASSPORT))

static bool has_bit(uint64_t bits, int bit)
{
	return bit < 0 || (bits >> bit & 1) != 0;
}

static bool place_given(const struct sj_cvc_rights *rights, const struct sj_right_place *place)
{
	return !place->inspection && has_bit(rights->bits, place->chat_bit) &&
	       (!place->extension || (rights->extra[SJ_CVC_SOJOURN] & place->right) != 0);
}

static bool inspection_gives(const struct sj_cvc_rights *rights, uint32_t right)
{
	if (right == SJ_RIGHT_FINGERPRINT)
		return has_bit(rights->bits, SJ_IS_READ_DG3);
	return (right & OF_ALL_GROUPS) != 0;
}

bool sj_right_given(const struct sj_cvc_rights *rights, uint32_t right)
{
	struct sj_right_place place = { .size = sizeof(place) };
	bool any = false;

	if (rights->terminal == SJ_CVC_INSPECTION)
		return inspection_gives(rights, right);
	for (size_t i = 0; sj_right_place_at(i, &place); i++) {
		if (place.right != right)
			continue;
		if (!place_given(rights, &place))
			return false;
		any = true;
	}
	return any;
}

uint32_t sj_rights_given(const struct sj_cvc_rights *rights)
{
	uint32_t given = 0, bit;

	for (size_t i = 0; sj_right_at(i, &bit) != NULL; i++)
		if (sj_right_given(rights, bit))
			given |= bit;
	return given;
}

struct sj_cvc_rights sj_rights_ask(uint32_t wanted)
{
	struct sj_cvc_rights ask = { .terminal = SJ_CVC_AUTHENTICATION };
	struct sj_right_place place = { .size = sizeof(place) };

	for (size_t i = 0; sj_right_place_at(i, &place); i++) {
		if (!(place.right & wanted) || place.inspection)
			continue;
		if (place.chat_bit >= 0)
			ask.bits |= UINT64_C(1) << place.chat_bit;
		if (place.extension)
			ask.extra[SJ_CVC_SOJOURN] |= place.right;
	}
	return ask;
}
