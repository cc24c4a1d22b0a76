/*
 * piv.c -- the key applet's table, SELECT, and the conditions of its commands.
 *
 * Source: NIST SP 800-73-5, part 2, 3 (table 2) and part 1, 5.5. STATES.md is the page.
 */
#include "piv.h"

#include "crypt/wipe.h"
#include "yubico.h"

/* --- conditions ---------------------------------------------------------------- */

static bool in_pace(const struct card_call *call)
{
	return call->secured && !card_sm_is_piv(call->card) &&
	       card_profile(call->card) == CARD_PRIVATE &&
	       (card_rights(call->card) & CARD_RIGHT_PACE) != 0;
}

bool piv_on_contact(const struct card_call *call)
{
	return card_interface(call->card) == CARD_CONTACT || in_pace(call);
}

bool piv_in_messaging(const struct card_call *call)
{
	return call->secured && card_sm_is_piv(call->card);
}

bool piv_on_vci(const struct card_call *call)
{
	const struct piv *piv = call->state;
	uint8_t policy, preference;

	if (piv_on_contact(call))
		return true;
	return piv_in_messaging(call) &&
	       piv_policy(card_store_of(call->card), &policy, &preference) &&
	       (policy & PIV_POLICY_VCI) != 0 &&
	       (piv->pairing || (policy & PIV_POLICY_VCI_WITHOUT_PAIRING) != 0);
}

bool piv_pin_verified(const struct card_call *call, bool always)
{
	const struct piv *piv = call->state;
	uint8_t policy = 0, preference;
	bool has_policy = piv_policy(card_store_of(call->card), &policy, &preference);
	bool global = has_policy && (policy & PIV_POLICY_GLOBAL_PIN) != 0 && piv->global_pin;

	if (!piv->pin && !global)
		return false;
	return !always ||
	       (piv->verified_at != 0 && piv->verified_at + 1 == card_command_number(call->card));
}

bool piv_is_admin(const struct card_call *call)
{
	return ((const struct piv *)call->state)->admin && piv_on_contact(call);
}

uint16_t piv_need_admin(const struct card_call *call)
{
	if (!piv_on_contact(call))
		return SJ_SW_FUNCTION_NOT_SUPPORTED;
	return piv_is_admin(call) ? SJ_SW_OK : SJ_SW_SECURITY_STATUS;
}

/* --- SELECT -------------------------------------------------------------------- */

/* Selected anew it keeps every status (3.1.1). */
static uint16_t piv_select(struct card_call *call)
{
	struct sj_piv_application apt = {
		.aid = sj_piv_aid(),
		.command_max = SJ_APDU_COMMAND_MAX,
		.response_max = SJ_APDU_NE_EXTENDED,
	};
	const struct card_store *store = card_store_of(call->card);
	struct piv_key key;
	struct sj_span cvc;

	if (piv_key_find(store, PIV_KEY_SECURE_MESSAGING, &key) &&
	    card_store_get(store, PIV_STORE_CVC, &cvc))
		apt.suite = key.algorithm;
	sj_piv_application_put(call->out, &apt);
	return SJ_SW_OK;
}

/* Another application: what is not global is forgotten (2.4.2), and so are session keys. */
static void piv_deselect(struct card *card, void *state)
{
	struct piv *piv = state;
	bool global_pin = piv->global_pin;

	if (card_channel(card) != 0)
		return;
	sj_wipe(piv, sizeof(*piv));
	piv->global_pin = global_pin;
	if (card_sm_is_piv(card))
		card_sm_end(card);
}

/* A card without anything of it has no such application. */
static bool piv_selectable(struct card *card)
{
	return card_is_issued(card) && !card_hides(card) && piv_present(card_store_of(card));
}

/* --- what is there --------------------------------------------------------------- */

bool piv_present(const struct card_store *store)
{
	uint32_t id = CARD_OBJECT_PIV;

	return card_store_next(store, &id) && id < PIV_STORE_END;
}

bool piv_forget(struct card_store *store)
{
	return card_store_wipe(store, CARD_OBJECT_PIV, PIV_STORE_END);
}

bool piv_content_change(struct card *card)
{
	uint8_t content[PIV_CONTENT_SIZE];

	return sj_random_fill(card_random(card), content, sizeof(content)) &&
	       card_store_set(card_store_of(card), PIV_STORE_CONTENT, SJ_SPAN_OF(content));
}

bool piv_policy(const struct card_store *store, uint8_t *policy, uint8_t *preference)
{
	struct sj_span in;

	return card_store_get(store, PIV_STORE_POLICY, &in) && sj_take_u8(&in, policy) &&
	       sj_take_u8(&in, preference) && in.len == 0;
}

/* --- the applet -------------------------------------------------------------------- */

#define BASIC CARD_ONLY_BASIC_CHANNEL
#define CHAIN (CARD_ONLY_BASIC_CHANNEL | CARD_TAKES_CHAIN)
#define ANY CARD_ANY
#define NC SJ_APDU_NC_EXTENDED

static const struct card_command piv_commands[] = {
	/* CLA   INS   P1    P2    Lc     conditions, handler */
	{ 0x00, 0xA4, 0x00, 0x0C, 0, 2, CARD_ALWAYS, card_lead_out },
	{ 0x00, PIV_INS_GET_DATA, 0x3F, 0xFF, 1, 255, BASIC, piv_get_data },
	{ 0x00, PIV_INS_VERIFY, ANY, ANY, 0, 255, CHAIN, piv_verify },
	{ 0x00, PIV_INS_CHANGE_REFERENCE_DATA, 0x00, ANY, 0, 255, CHAIN,
	  piv_change_reference_data },
	{ 0x00, PIV_INS_RESET_RETRY_COUNTER, 0x00, ANY, 0, 255, BASIC, piv_reset_retry_counter },
	{ 0x00, PIV_INS_GENERAL_AUTHENTICATE, ANY, ANY, 1, NC, CHAIN, piv_general_authenticate },
	{ 0x00, PIV_INS_PUT_DATA, 0x3F, 0xFF, 1, NC, CHAIN, piv_put_data },
	{ 0x00, PIV_INS_GENERATE, 0x00, ANY, 1, 255, CHAIN, piv_generate },
	/* Extensions: yubico.h */
	{ 0x00, YUBICO_INS_GET_VERSION, 0x00, 0x00, 0, 0, BASIC, piv_get_version },
	{ 0x00, YUBICO_INS_GET_SERIAL, 0x00, 0x00, 0, 0, BASIC, piv_get_serial },
	{ 0x00, YUBICO_INS_GET_METADATA, 0x00, ANY, 0, 0, BASIC, piv_get_metadata },
	{ 0x00, YUBICO_INS_SET_MANAGEMENT_KEY, ANY, ANY, 0, 255, CHAIN, piv_set_management_key },
	{ 0x00, YUBICO_INS_SET_PIN_RETRIES, ANY, ANY, 0, 0, BASIC, piv_set_pin_retries },
	{ 0x00, YUBICO_INS_RESET, 0x00, 0x00, 0, 0, BASIC, piv_reset },
	{ 0x00, YUBICO_INS_IMPORT, ANY, ANY, 1, NC, CHAIN, piv_import_key },
	{ 0x00, YUBICO_INS_MOVE_KEY, ANY, ANY, 0, 0, BASIC, piv_move_key },
	{ 0x00, YUBICO_INS_ATTEST, ANY, 0x00, 0, 0, BASIC, piv_attest },
};

static const uint8_t piv_aid[] = PIV_AID;

const struct card_applet card_applet_piv = {
	.aid = { piv_aid, sizeof(piv_aid) },
	.name = "key",
	.objects = CARD_OBJECT_PIV,
	.piv_sm = true,
	.le_optional = true,
	.commands = piv_commands,
	.command_count = sizeof(piv_commands) / sizeof(piv_commands[0]),
	.state_size = sizeof(struct piv),
	.select = piv_select,
	.deselect = piv_deselect,
	.selectable = piv_selectable,
	.personalise = piv_personalise,
	.lock = piv_lock,
};
