/* import.c -- keys from outside, and keys that change their place. */
#include <string.h>

#include "crypt/wipe.h"
#include "wire/sw.h"
#include "wire/tlv.h"
#include "yubico.h"

#define OBJECTS 8u /* 01 to 08 */

/* What came in the data field: the empty span where an object is absent. */
struct parts {
	struct sj_span object[OBJECTS + 1]; /* by tag */
	unsigned present; /* bit i: object i */
};

static bool take_policy(struct sj_span value, uint8_t *policy)
{
	return value.len == 1 && sj_take_u8(&value, policy);
}

/* False: malformed, an unknown object, or one twice. */
static bool parse(struct yubico_import *plan, struct parts *out)
{
	struct sj_span in = plan->objects, value;
	enum sj_tlv_rc rc;
	uint32_t tag;
	bool ok = true;

	*out = (struct parts){ .present = 0 };
	while (ok && (rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND) {
		if (tag == YUBICO_TAG_PIN_POLICY) {
			ok = take_policy(value, &plan->pin_policy);
		} else if (tag == YUBICO_TAG_TOUCH_POLICY) {
			ok = take_policy(value, &plan->touch_policy);
		} else {
			ok = tag >= 1 && tag <= OBJECTS && (out->present & 1u << tag) == 0;
			if (ok) {
				out->object[tag] = value;
				out->present |= 1u << tag;
			}
		}
	}
	return ok && rc == SJ_TLV_ABSENT;
}

/* The private half in the form in which the card stores it. False: not a key of this kind. */
static bool make_secret(uint8_t algorithm, const struct parts *in, struct sj_writer *out)
{
	const enum sj_curve curve = piv_curve(algorithm);
	struct sj_ec_secret scalar = { .len = 0 };
	struct sj_span key;
	bool ok;

	if (curve != SJ_CURVE_NONE) {
		ok = in->present == 1u << YUBICO_IMPORT_EC &&
		     sj_ec_secret_read(curve, in->object[YUBICO_IMPORT_EC], &scalar);
		sj_put(out, sj_span(scalar.bytes, scalar.len));
		sj_wipe(&scalar, sizeof(scalar));
		return ok;
	}
	if (algorithm == YUBICO_ALG_ED25519 || algorithm == YUBICO_ALG_X25519) {
		const unsigned tag = algorithm == YUBICO_ALG_ED25519 ? YUBICO_IMPORT_ED25519
								     : YUBICO_IMPORT_X25519;

		key = in->object[tag];
		sj_put(out, key);
		return in->present == 1u << tag && key.len == SJ_CFRG_KEY;
	}
	return in->present == ((1u << SJ_RSA_CRT) - 1) << YUBICO_IMPORT_RSA &&
	       sj_rsa_import((unsigned)sj_piv_algorithm_size(algorithm) * 8,
			     in->object + YUBICO_IMPORT_RSA, out);
}

uint16_t yubico_import(struct card *card, const struct yubico_import *plan)
{
	struct yubico_import known = *plan;
	uint8_t bytes[PIV_PRIVATE_MAX];
	struct sj_writer secret = SJ_WRITER_OF(bytes);
	uint16_t sw = SJ_SW_WRONG_DATA;
	struct piv_key key;
	struct parts in;

	if (!parse(&known, &in) || known.pin_policy > YUBICO_PIN_POLICY_ALWAYS ||
	    known.touch_policy > YUBICO_TOUCH_NEVER ||
	    !make_secret(known.algorithm, &in, &secret) || secret.failed)
		goto out;
	key = (struct piv_key){
		.algorithm = known.algorithm,
		.pin_policy = known.pin_policy,
		.touch_policy = known.touch_policy,
		.origin = PIV_IMPORTED,
		.secret = sj_written(&secret),
	};
	sw = piv_key_set(card, known.ref, &key);
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

	if (!sj_piv_key_is(plan.ref))
		return SJ_SW_WRONG_P1P2;
	if (!piv_is_admin(call))
		return SJ_SW_SECURITY_STATUS;
	return yubico_import(call->card, &plan);
}

#define MOVE_TO_NOWHERE 0xFF

/* P1 is where the key goes, FF: it is deleted. The attestation key goes nowhere else. */
uint16_t piv_move_key(struct card_call *call)
{
	const uint8_t to = call->apdu->p1, from = call->apdu->p2;
	struct piv_key there;

	if (!sj_piv_key_is(from) || (to != MOVE_TO_NOWHERE && !sj_piv_key_is(to)))
		return SJ_SW_WRONG_P1P2;
	if (!piv_is_admin(call))
		return SJ_SW_SECURITY_STATUS;
	if (to == MOVE_TO_NOWHERE)
		return piv_key_delete(call->card, from);
	if (from == YUBICO_KEY_ATTESTATION || to == YUBICO_KEY_ATTESTATION ||
	    piv_key_find(card_store_of(call->card), to, &there))
		return SJ_SW_CONDITIONS;
	return piv_key_move(call->card, from, to);
}
