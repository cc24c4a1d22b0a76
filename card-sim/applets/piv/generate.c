/* generate.c -- key pairs made on the card (NIST SP 800-73-5, part 2, 3.3.2). */
#include "crypt/wipe.h"
#include "secure/piv_spki.h"
#include "state.h"
#include "wire/tlv.h"

/* The one public exponent that this card makes keys with. */
static const uint8_t exponent[] = { 0x01, 0x00, 0x01 };

static unsigned rsa_bits(uint8_t algorithm)
{
	switch (algorithm) {
	case PIV_ALG_RSA_2048:
		return 2048;
	case PIV_ALG_RSA_3072:
		return 3072;
	case YUBICO_ALG_RSA_4096:
		return 4096;
	default:
		return 0;
	}
}

/* Writes a new private key as piv_key_set() takes it. */
static bool make_secret(const struct card *card, uint8_t algorithm, struct sj_writer *w)
{
	uint8_t spki[SJ_RSA_SPKI_MAX];
	struct sj_writer unused = SJ_WRITER_OF(spki);
	enum sj_curve curve = sj_piv_curve(algorithm);
	struct sj_ec_secret k = { .len = 0 };
	uint8_t *bytes;
	bool ok;

	if (rsa_bits(algorithm) != 0)
		return sj_rsa_generate(rsa_bits(algorithm), w, &unused);
	if (curve != SJ_CURVE_NONE) {
		ok = sj_ec_secret_random(curve, card_random(card), &k);
		sj_put(w, sj_span(k.bytes, k.len));
		sj_wipe(&k, sizeof(k));
		return ok;
	}
	bytes = sj_put_space(w, SJ_CFRG_KEY);
	return bytes != NULL && sj_random_fill(card_random(card), bytes, SJ_CFRG_KEY);
}

uint16_t piv_key_generate(struct card_call *call, uint8_t ref, uint8_t algorithm,
			  uint8_t pin_policy, uint8_t touch_policy)
{
	uint8_t secret[PIV_PRIVATE_MAX];
	struct sj_writer w = SJ_WRITER_OF(secret);
	struct piv_key key = { algorithm, pin_policy, touch_policy, PIV_GENERATED, { NULL, 0 } };
	struct sj_span content;
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (!piv_key_fits(ref, algorithm))
		return sw;
	if (make_secret(call->card, algorithm, &w) && !w.failed) {
		key.secret = sj_written(&w);
		sw = piv_key_set(call->card, ref, &key);
	} else {
		sw = SJ_SW_MEMORY_FAILURE;
	}
	sj_wipe(secret, sizeof(secret));
	if (sw == SJ_SW_OK && piv_key_public(card_store_of(call->card), ref, &content))
		sj_tlv_put(call->out, PIV_TAG_PUBLIC_KEY, content);
	return sw;
}

/* Key 04 comes with its certificate, which no command brings: personalisation makes it. */
uint16_t piv_generate(struct card_call *call)
{
	uint8_t ref = call->apdu->p2;
	uint16_t sw = piv_need_admin(call);
	struct sj_piv_generate g;

	if (sw != SJ_SW_OK)
		return sw;
	if (!sj_piv_key_is(ref))
		return SJ_SW_WRONG_P1P2;
	if (!sj_piv_generate_read(call->apdu->data, &g) ||
	    (g.parameter.len != 0 && !sj_span_eq(g.parameter, SJ_SPAN_OF(exponent))))
		return SJ_SW_WRONG_DATA;
	return piv_key_generate(call, ref, g.algorithm, g.pin_policy, g.touch_policy);
}
