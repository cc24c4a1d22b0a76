/* import.c -- keys from outside, and keys that change their place. */
#include <string.h>

#include "crypt/wipe.h"
#include "secure/piv_spki.h"
#include "wire/sw.h"
#include "wire/tlv.h"
#include "yubico.h"

static bool take_policy(struct sj_span value, uint8_t *policy)
{
	return value.len == 1 && sj_take_u8(&value, policy);
}

static bool keep(struct yubico_parts *out, uint32_t tag, struct sj_span value)
{
	if (tag == YUBICO_TAG_PIN_POLICY)
		return take_policy(value, &out->pin_policy);
	if (tag == YUBICO_TAG_TOUCH_POLICY)
		return take_policy(value, &out->touch_policy);
	if (tag < 1 || tag > YUBICO_PARTS || (out->present & 1u << tag) != 0)
		return false;
	out->part[tag] = value;
	out->present |= 1u << tag;
	return true;
}

bool yubico_parts_read(struct sj_span in, struct yubico_parts *out)
{
	struct sj_span value;
	enum sj_tlv_rc rc;
	uint32_t tag;

	*out = (struct yubico_parts){ .present = 0 };
	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND)
		if (!keep(out, tag, value))
			return false;
	return rc == SJ_TLV_ABSENT;
}

/* The private half in the form in which the card stores it. False: not a key of this kind. */
static bool make_secret(uint8_t algorithm, const struct yubico_parts *in, struct sj_writer *out)
{
	const enum sj_curve curve = sj_piv_curve(algorithm);
	struct sj_ec_secret scalar = { .len = 0 };
	struct sj_span key;
	bool ok;

	if (curve != SJ_CURVE_NONE) {
		ok = in->present == 1u << YUBICO_IMPORT_EC &&
		     sj_ec_secret_read(curve, in->part[YUBICO_IMPORT_EC], &scalar);
		sj_put(out, sj_span(scalar.bytes, scalar.len));
		sj_wipe(&scalar, sizeof(scalar));
		return ok;
	}
	if (algorithm == YUBICO_ALG_ED25519 || algorithm == YUBICO_ALG_X25519) {
		const unsigned tag = algorithm == YUBICO_ALG_ED25519 ? YUBICO_IMPORT_ED25519
								     : YUBICO_IMPORT_X25519;

		key = in->part[tag];
		sj_put(out, key);
		return in->present == 1u << tag && key.len == SJ_CFRG_KEY;
	}
	return in->present == ((1u << SJ_RSA_CRT) - 1) << YUBICO_IMPORT_RSA &&
	       sj_rsa_import((unsigned)sj_piv_algorithm_size(algorithm) * 8,
			     in->part + YUBICO_IMPORT_RSA, out);
}

uint16_t yubico_import(struct card *card, const struct yubico_import *plan)
{
	uint8_t bytes[PIV_PRIVATE_MAX];
	struct sj_writer secret = SJ_WRITER_OF(bytes);
	uint16_t sw = SJ_SW_WRONG_DATA;
	struct yubico_parts in;
	struct piv_key key;

	if (!yubico_parts_read(plan->objects, &in) || !make_secret(plan->algorithm, &in, &secret) ||
	    secret.failed)
		goto out;
	key = (struct piv_key){
		.algorithm = plan->algorithm,
		.pin_policy = in.pin_policy != 0 ? in.pin_policy : plan->pin_policy,
		.touch_policy = in.touch_policy != 0 ? in.touch_policy : plan->touch_policy,
		.origin = PIV_IMPORTED,
		.secret = sj_written(&secret),
	};
	sw = piv_key_set(card, plan->ref, &key);
out:
	sj_wipe(bytes, sizeof(bytes));
	return sw;
}

uint16_t piv_import_key(struct card_call *call)
{
	const struct yubico_import plan = {
		.ref = call->apdu->p2,
		.algorithm = call->apdu->p1,
		.objects = call->apdu->data,
	};
	uint16_t sw = piv_need_admin(call);

	if (!sj_piv_key_is(plan.ref))
		return SJ_SW_WRONG_P1P2;
	return sw == SJ_SW_OK ? yubico_import(call->card, &plan) : sw;
}

#define MOVE_TO_NOWHERE 0xFF

/* P1 is where the key goes, FF: it is deleted. The attestation key goes nowhere else. */
uint16_t piv_move_key(struct card_call *call)
{
	const uint8_t to = call->apdu->p1, from = call->apdu->p2;
	uint16_t sw = piv_need_admin(call);
	struct piv_key there;

	if (!sj_piv_key_is(from) || (to != MOVE_TO_NOWHERE && !sj_piv_key_is(to)))
		return SJ_SW_WRONG_P1P2;
	if (sw != SJ_SW_OK)
		return sw;
	if (to == MOVE_TO_NOWHERE)
		return piv_key_delete(call->card, from);
	if (from == YUBICO_KEY_ATTESTATION || to == YUBICO_KEY_ATTESTATION ||
	    piv_key_find(card_store_of(call->card), to, &there))
		return SJ_SW_CONDITIONS;
	return piv_key_move(call->card, from, to);
}
