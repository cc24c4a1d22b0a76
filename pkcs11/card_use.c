/* card_use.c -- private keys, random bytes, and changes of what is on the card. */
#include "card.h"
#include "wire/piv.h"

/* --- private keys ------------------------------------------------------------------------ */

/* Without asking the card: it would refuse, or worse, the PIN of another key's use would be spent. */
static CK_RV may_use(struct p11_session *s, const struct sj_piv_key_info *key)
{
	bool proved = s->context_login;

	if (key->pin_never)
		return CKR_OK;
	if (s->token->user != CKU_USER)
		return CKR_USER_NOT_LOGGED_IN;
	if (!key->pin_always)
		return CKR_OK;
	s->context_login = false;
	return proved ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

/* A key that wants the PIN each time and had another command between is no logout. */
static CK_RV used(struct p11_token *t, const struct sj_piv_key_info *key, enum sj_rc rc)
{
	if (rc == SJ_PIN_NEEDED && key->pin_always)
		return CKR_USER_NOT_LOGGED_IN;
	return p11_card_failed(t, rc);
}

CK_RV p11_card_sign(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		    struct sj_span in, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len)
{
	CK_RV rv = may_use(s, key);

	if (rv != CKR_OK)
		return rv;
	*out_len = SJ_PIV_BLOCK_MAX;
	return used(s->token, key,
		    sj_piv_sign(s->token->card->piv, ref, key->algorithm, in.ptr, in.len, out,
				out_len));
}

CK_RV p11_card_agree(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		     struct sj_span peer, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len)
{
	CK_RV rv = may_use(s, key);

	if (rv != CKR_OK)
		return rv;
	*out_len = SJ_PIV_BLOCK_MAX;
	return used(s->token, key,
		    sj_piv_agree(s->token->card->piv, ref, key->algorithm, peer.ptr, peer.len, out,
				 out_len));
}

CK_RV p11_card_random(struct p11_token *t, uint8_t *out, size_t len)
{
	enum sj_rc rc = sj_piv_random(t->card->piv, out, len);

	return rc == SJ_ACCESS_UNSUPPORTED ? CKR_RANDOM_NO_RNG : p11_card_failed(t, rc);
}

/* --- changes --------------------------------------------------------------------------------- */

static CK_RV may_change(const struct p11_session *s)
{
	if (!p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	return p11_session_so(s) ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}

/* The end of a change: what was kept is old, and the proof of the management key may be gone. */
static CK_RV changed(struct p11_session *s, enum sj_rc rc)
{
	struct p11_token *t = s->token;
	bool refused = rc == SJ_CARD_REFUSED && sj_piv_status_word(t->card->piv) == 0x6982;

	p11_card_changed(t);
	return p11_card_failed(t, refused ? SJ_PIN_NEEDED : rc);
}

CK_RV p11_card_generate(struct p11_session *s, uint8_t ref, enum sj_piv_algorithm algorithm,
			enum sj_piv_policy policy)
{
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t len = sizeof(spki);
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	return changed(s, sj_piv_generate(s->token->card->piv, ref, algorithm, policy, spki, &len));
}

CK_RV p11_card_import(struct p11_session *s, uint8_t ref, struct sj_span pkcs8,
		      enum sj_piv_policy policy)
{
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	return changed(s, sj_piv_import(s->token->card->piv, ref, pkcs8.ptr, pkcs8.len, policy));
}

CK_RV p11_card_delete_key(struct p11_session *s, uint8_t ref)
{
	CK_RV rv = may_change(s);

	return rv != CKR_OK ? rv : changed(s, sj_piv_delete_key(s->token->card->piv, ref));
}

CK_RV p11_card_write_certificate(struct p11_session *s, uint8_t ref, struct sj_span der)
{
	struct sj_piv *piv = s->token->card->piv;
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	if (der.len == 0)
		return changed(s, sj_piv_write(piv, sj_piv_key_object(ref), NULL, 0));
	return changed(s, sj_piv_write_certificate(piv, ref, der.ptr, der.len));
}

CK_RV p11_card_write_object(struct p11_session *s, uint32_t tag, struct sj_span value)
{
	CK_RV rv = may_change(s);

	if (rv != CKR_OK)
		return rv;
	return changed(s, sj_piv_write(s->token->card->piv, tag, value.ptr, value.len));
}
