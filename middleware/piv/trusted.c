/*
 * trusted.c -- who vouches for the card's key of secure messaging.
 *
 * Source: NIST SP 800-73-5, part 1, 3.3 (object 5FC122: the content signer's certificate and,
 * where there is one, the intermediate CVC); part 2, 4.1.5.
 */
#include <stdlib.h>
#include <time.h>

#include "crypt/x509.h"
#include "piv/piv.h"
#include "secure/piv_cvc.h"
#include "trust/keyca.h"

/* The first 8 bytes of the signer's key identifier name it in a CVC. */
static bool names(struct sj_span issuer, struct sj_span key_id)
{
	return key_id.len >= issuer.len && sj_span_eq(issuer, sj_span(key_id.ptr, issuer.len));
}

/* The card's CVC under the signer's certificate, by an intermediate CVC if there is one. */
static bool chain_holds(const struct sj_piv_cvc *card, struct sj_span intermediate,
			const struct sj_cert *signer)
{
	uint8_t bytes[SJ_EC_SPKI_MAX];
	struct sj_writer spki = SJ_WRITER_OF(bytes);
	struct sj_piv_cvc middle;

	if (intermediate.len == 0)
		return names(card->issuer, signer->subject_key_id) &&
		       sj_piv_cvc_verify(card, signer->spki);
	return sj_piv_cvc_read(intermediate, &middle) && middle.role == SJ_PIV_CVC_SIGNER &&
	       names(middle.issuer, signer->subject_key_id) &&
	       sj_piv_cvc_verify(&middle, signer->spki) &&
	       sj_span_eq(middle.subject, card->issuer) &&
	       sj_ec_spki_put(&spki, middle.curve, &middle.key, false) &&
	       sj_piv_cvc_verify(card, sj_written(&spki));
}

static enum sj_rc judge(struct sj_piv *piv, const struct sj_piv_cvc *card, struct sj_span value,
			struct sj_span der)
{
	struct sj_trust *trust = NULL;
	struct sj_piv_certificate object;
	struct sj_cert signer;
	enum sj_rc rc;

	if (!sj_piv_certificate_read(value, &object) || !sj_cert_read(der, &signer) ||
	    !chain_holds(card, object.intermediate_cvc, &signer))
		return SJ_CARD_CVC;
	rc = sj_trust_open(piv->options.trust, &trust);
	if (rc != SJ_OK)
		return rc;
	rc = sj_trust_judge_key(trust, der, SJ_KEY_OF_CVC_SIGNER, (int64_t)time(NULL));
	sj_trust_close(trust);
	return rc;
}

enum sj_rc sj_piv_judge_cvc(struct sj_piv *piv, struct sj_span cvc)
{
	struct sj_span value, der = { NULL, 0 };
	struct sj_piv_cvc card;
	uint8_t *owned = NULL;
	enum sj_rc rc;

	if (!piv->options.trust)
		return SJ_UNDECIDED;
	rc = sj_piv_get(piv, PIV_OBJECT_SM_SIGNER, &value);
	if (rc != SJ_OK)
		return rc == SJ_KEY_ABSENT ? SJ_CARD_CVC : rc;
	if (!sj_piv_cvc_read(cvc, &card) || sj_piv_certificate_open(value, &der, &owned) != SJ_OK)
		rc = SJ_CARD_CVC;
	else
		rc = judge(piv, &card, value, der);
	free(owned);
	return rc;
}
