/*
 * pin.c -- PINs, the PUK, the pairing code.
 *
 * Source: NIST SP 800-73-5, part 2, 2.4.3 and 3.2.1 to 3.2.3.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

#define P1_FORGET 0xFFu
#define COUNTER_MAX 15u /* most that 63CX can say */
#define PASSWORD_SIZE (2u + PIV_PIN_SIZE)

/* --- passwords in the store -------------------------------------------------------- */

bool piv_password_get(const struct card_store *store, uint8_t ref, struct piv_password *out)
{
	struct sj_span in;

	return card_store_get(store, PIV_STORE_PASSWORD + ref, &in) && in.len == PASSWORD_SIZE &&
	       sj_take_u8(&in, &out->tries) && sj_take_u8(&in, &out->left) &&
	       sj_take_copy(&in, sizeof(out->value), out->value);
}

bool piv_password_set(struct card_store *store, uint8_t ref, const struct piv_password *password)
{
	uint8_t bytes[PASSWORD_SIZE];
	bool ok;

	bytes[0] = password->tries;
	bytes[1] = password->left;
	memcpy(bytes + 2, password->value, sizeof(password->value));
	ok = card_store_set(store, PIV_STORE_PASSWORD + ref, SJ_SPAN_OF(bytes));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/*
 * Six to eight digits, FF behind; the PUK: any eight bytes; the pairing code: eight digits. The
 * same steps whatever they are.
 */
bool piv_password_well_formed(uint8_t ref, struct sj_span value)
{
	unsigned least = ref == PIV_REF_PAIRING_CODE ? PIV_PIN_SIZE : PIV_PIN_MIN;
	unsigned digits = 0, ended = 0, bad = 0;

	if (value.len != PIV_PIN_SIZE || ref == PIV_REF_PUK)
		return value.len == PIV_PIN_SIZE;
	/*@ loop invariant i <= value.len;
	    loop assigns i, ended, bad, digits; */
	for (size_t i = 0; i < value.len; i++) {
		const unsigned digit = (uint8_t)(value.ptr[i] - '0') <= 9;

		ended |= digit ^ 1u;
		bad |= ended & (value.ptr[i] != 0xFF);
		digits += digit;
	}
	return !(bad | (digits < least));
}

uint8_t piv_password_left(const struct card *card, const struct piv_password *password)
{
	bool keeps_one = card_interface(card) == CARD_CONTACTLESS && password->tries > 1;

	if (!keeps_one)
		return password->left;
	return password->left > 1 ? (uint8_t)(password->left - 1) : 0;
}

static uint16_t counter_sw(const struct card *card, const struct piv_password *password)
{
	uint8_t left = piv_password_left(card, password);

	return (uint16_t)(SJ_SW_COUNTER + (left < COUNTER_MAX ? left : COUNTER_MAX));
}

static bool store_now(struct card *card, uint8_t ref, const struct piv_password *password)
{
	return piv_password_set(card_store_of(card), ref, password) && card_commit(card);
}

/*
 * Stores the counter lowered, compares; after success it is full again with what else the command
 * changes: the caller commits. 9000, 63CX, 6983 (blocked), 6A88 (none such), 6581; 6A80 unless
 * `formed`: nothing is compared.
 */
static uint16_t compare(struct card *card, uint8_t ref, bool formed, struct sj_span value)
{
	struct piv_password p = { .tries = 0 };
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (!piv_password_get(card_store_of(card), ref, &p))
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (piv_password_left(card, &p) == 0) {
		sw = SJ_SW_AUTH_BLOCKED;
		goto out;
	}
	if (!formed) {
		sw = SJ_SW_WRONG_DATA;
		goto out;
	}
	p.left--;
	if (!store_now(card, ref, &p))
		goto out;
	if (!sj_equal_secret(SJ_SPAN_OF(p.value), value)) {
		sw = counter_sw(card, &p);
		goto out;
	}
	p.left = p.tries;
	if (piv_password_set(card_store_of(card), ref, &p))
		sw = SJ_SW_OK;
out:
	sj_wipe(&p, sizeof(p));
	return sw;
}

/* A new value with all its tries. */
static uint16_t replace(struct card *card, uint8_t ref, struct sj_span value)
{
	struct piv_password p = { .tries = 0 };
	bool ok = piv_password_get(card_store_of(card), ref, &p) &&
		  sj_take_copy(&value, sizeof(p.value), p.value);

	p.left = p.tries;
	ok = ok && store_now(card, ref, &p);
	sj_wipe(&p, sizeof(p));
	return ok ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

/* --- which there are -------------------------------------------------------------- */

/* What the policy lets VERIFY and CHANGE REFERENCE DATA use; NULL: no such reference. */
static bool *status_of(const struct card_call *call, uint8_t ref)
{
	struct piv *piv = call->state;
	uint8_t policy = 0, preference;

	if (ref == PIV_REF_PIN)
		return &piv->pin;
	if (!piv_policy(card_store_of(call->card), &policy, &preference))
		return NULL;
	if (ref == PIV_REF_GLOBAL_PIN && (policy & PIV_POLICY_GLOBAL_PIN) != 0)
		return &piv->global_pin;
	if (ref == PIV_REF_PAIRING_CODE && (policy & PIV_POLICY_VCI) != 0)
		return &piv->pairing;
	return NULL;
}

static void set_status(struct card_call *call, uint8_t ref, bool *status, uint16_t sw)
{
	struct piv *piv = call->state;

	if (sw == SJ_SW_OK)
		*status = true;
	else if (sw == SJ_SW_NO_INFORMATION || (sw & 0xFFF0u) == SJ_SW_COUNTER)
		*status = false;
	if (sw == SJ_SW_OK && ref != PIV_REF_PAIRING_CODE)
		piv->verified_at = card_command_number(call->card);
}

/* --- VERIFY ----------------------------------------------------------------------- */

/* No counter (3.2.1.3): guesses cost nothing but their number. */
static uint16_t check_pairing(struct card *card, struct sj_span value)
{
	struct sj_span code;

	if (!card_store_get(card_store_of(card), PIV_STORE_PAIRING, &code))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return sj_equal_secret(code, value) ? SJ_SW_OK : SJ_SW_NO_INFORMATION;
}

/* An empty body: whether it is needed, and how often it may fail. */
static uint16_t tell(const struct card_call *call, uint8_t ref, bool verified)
{
	struct piv_password p = { .tries = 0 };
	uint16_t sw = SJ_SW_NO_INFORMATION;

	if (verified)
		return SJ_SW_OK;
	if (ref == PIV_REF_PAIRING_CODE)
		return sw;
	if (!piv_password_get(card_store_of(call->card), ref, &p))
		return SJ_SW_REFERENCE_NOT_FOUND;
	sw = piv_password_left(call->card, &p) > 0 ? counter_sw(call->card, &p)
						   : SJ_SW_AUTH_BLOCKED;
	sj_wipe(&p, sizeof(p));
	return sw;
}

static uint16_t verify_value(struct card_call *call, uint8_t ref, bool *status)
{
	struct sj_span value = call->apdu->data;
	bool formed = value.len == PIV_PIN_SIZE;
	uint16_t sw;

	/* What no PIN can be counts as a wrong one (3.2.1.1 leaves it open): ykman blocks so. */
	if (ref != PIV_REF_PAIRING_CODE)
		sw = compare(call->card, ref, formed, value);
	else
		sw = formed ? check_pairing(call->card, value) : SJ_SW_WRONG_DATA;
	if (sw == SJ_SW_OK && !card_commit(call->card))
		sw = SJ_SW_MEMORY_FAILURE;
	set_status(call, ref, status, sw);
	return sw;
}

uint16_t piv_verify(struct card_call *call)
{
	uint8_t p1 = call->apdu->p1, ref = call->apdu->p2;
	bool *status = status_of(call, ref);
	bool here = piv_on_vci(call) || (ref == PIV_REF_PAIRING_CODE && piv_in_messaging(call));

	if (p1 != 0x00 && p1 != P1_FORGET)
		return SJ_SW_WRONG_P1P2;
	if (status == NULL)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!here)
		return SJ_SW_SECURITY_STATUS;
	if (p1 == 0x00)
		return call->apdu->data.len == 0 ? tell(call, ref, *status)
						 : verify_value(call, ref, status);
	if (call->apdu->data.len != 0)
		return SJ_SW_WRONG_DATA;
	*status = false;
	return SJ_SW_OK;
}

/* --- CHANGE REFERENCE DATA, RESET RETRY COUNTER --------------------------------------- */

/* Two values of eight bytes. */
static bool take_both(struct sj_span in, struct sj_span *old, struct sj_span *new)
{
	return sj_take(&in, PIV_PIN_SIZE, old) && sj_take(&in, PIV_PIN_SIZE, new) && in.len == 0;
}

uint16_t piv_change_reference_data(struct card_call *call)
{
	uint8_t ref = call->apdu->p2;
	bool *status = ref != PIV_REF_PAIRING_CODE ? status_of(call, ref) : NULL;
	struct sj_span old = { NULL, 0 }, new = { NULL, 0 };
	bool formed;
	uint16_t sw;

	if (status == NULL && ref != PIV_REF_PUK)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (ref == PIV_REF_PUK ? !piv_on_contact(call) : !piv_on_vci(call))
		return SJ_SW_SECURITY_STATUS;
	formed = take_both(call->apdu->data, &old, &new) && piv_password_well_formed(ref, old) &&
		 piv_password_well_formed(ref, new);
	sw = compare(call->card, ref, formed, old);
	if (sw == SJ_SW_OK)
		sw = replace(call->card, ref, new);
	if (status != NULL)
		set_status(call, ref, status, sw);
	return sw;
}

/* The PUK was right and the new PIN is none: its counter is as before (3.2.3). */
static uint16_t undo(struct card *card, uint8_t left)
{
	struct piv_password p = { .tries = 0 };
	bool ok = piv_password_get(card_store_of(card), PIV_REF_PUK, &p);

	p.left = left;
	ok = ok && store_now(card, PIV_REF_PUK, &p);
	sj_wipe(&p, sizeof(p));
	return ok ? SJ_SW_WRONG_DATA : SJ_SW_MEMORY_FAILURE;
}

uint16_t piv_reset_retry_counter(struct card_call *call)
{
	struct piv *piv = call->state;
	struct piv_password before = { .left = 0 };
	struct sj_span puk = { NULL, 0 }, pin = { NULL, 0 };
	bool formed = take_both(call->apdu->data, &puk, &pin);
	uint16_t sw;

	if (call->apdu->p2 != PIV_REF_PIN)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (!piv_on_contact(call))
		return SJ_SW_FUNCTION_NOT_SUPPORTED;
	if (!piv_password_get(card_store_of(call->card), PIV_REF_PUK, &before))
		return SJ_SW_REFERENCE_NOT_FOUND;
	sj_wipe(before.value, sizeof(before.value));
	/* It counts whatever the PIN is. */
	sw = compare(call->card, PIV_REF_PUK, formed, puk);
	if (sw == SJ_SW_OK && !piv_password_well_formed(PIV_REF_PIN, pin))
		return undo(call->card, before.left);
	if (sw == SJ_SW_OK)
		return replace(call->card, PIV_REF_PIN, pin);
	if ((sw & 0xFFF0u) == SJ_SW_COUNTER)
		piv->pin = false;
	return sw;
}
