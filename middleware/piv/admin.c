/*
 * admin.c -- the management key, and what it allows.
 *
 * Sources: SP 800-73-5, part 2, 3.2.4 (mutual authentication), 3.3.2; YubiKey 5.7's
 * technical manual, "PIV extensions". Nothing here selects the application between
 * administer and the work: that would end what was proved.
 */
#include <stdlib.h>
#include <string.h>

#include "crypt/cipher.h"
#include "crypt/wipe.h"
#include "piv/piv.h"
#include "reader/memory.h"
#include "secure/piv_spki.h"
#include "wire/std/iso7816.h"
#include "wire/tlv.h"

#define P2_SET_MANAGEMENT_KEY 0xFFu
#define P1_DELETE 0xFFu
#define TAG_META_ALGORITHM 0x01u
#define ADMIN_KEY_MAX 32u

/* --- the management key ------------------------------------------------------------- */

static bool is_admin(enum sj_piv_algorithm a)
{
	return a == SJ_PIV_3DES || a == SJ_PIV_AES_128 || a == SJ_PIV_AES_192 ||
	       a == SJ_PIV_AES_256;
}

static size_t key_size(enum sj_piv_algorithm a)
{
	return a == SJ_PIV_AES_128 ? 16 : a == SJ_PIV_AES_256 ? 32 : is_admin(a) ? 24 : 0;
}

static size_t block_size(enum sj_piv_algorithm a)
{
	return a == SJ_PIV_3DES ? SJ_TDES_BLOCK : SJ_CIPHER_BLOCK_MAX;
}

static bool one_block(enum sj_piv_algorithm a, const uint8_t *key, bool encrypt, const uint8_t *in,
		      uint8_t *out)
{
	const enum sj_cipher c = a == SJ_PIV_AES_128   ? SJ_CIPHER_AES128
				 : a == SJ_PIV_AES_192 ? SJ_CIPHER_AES192
						       : SJ_CIPHER_AES256;
	const struct sj_span block = { in, SJ_CIPHER_BLOCK_MAX };

	if (a == SJ_PIV_3DES)
		return encrypt ? sj_tdes_encrypt(key, in, out) : sj_tdes_decrypt(key, in, out);
	/* CBC of one block with a zero IV is the block cipher itself. */
	return encrypt ? sj_cbc_encrypt(c, key, NULL, block, out)
		       : sj_cbc_decrypt(c, key, NULL, block, out);
}

struct proof {
	enum sj_piv_algorithm algorithm;
	const uint8_t *key;
};

static enum sj_rc ask_witness(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
			      struct sj_span *out)
{
	const struct sj_piv_auth ask = { .has_witness = true };
	struct sj_piv_auth answer;
	enum sj_rc rc =
		sj_piv_authenticate(piv, (uint8_t)algorithm, PIV_KEY_ADMINISTRATION, &ask, &answer);

	if (rc != SJ_OK)
		return rc;
	if (!answer.has_witness || answer.witness.len != block_size(algorithm))
		return SJ_CARD_ANSWER;
	*out = answer.witness;
	return SJ_OK;
}

/* The card's witness decrypted, and a challenge of ours for it (mutual authentication). */
static enum sj_rc prove_step(struct sj_piv *piv, void *arg)
{
	const struct proof *p = arg;
	const size_t n = block_size(p->algorithm);
	uint8_t plain[SJ_CIPHER_BLOCK_MAX], challenge[SJ_CIPHER_BLOCK_MAX],
		expected[SJ_CIPHER_BLOCK_MAX];
	struct sj_piv_auth send = { .has_witness = true,
				    .witness = sj_span(plain, n),
				    .has_challenge = true,
				    .challenge = sj_span(challenge, n) };
	struct sj_piv_auth answer = { 0 };
	struct sj_span witness;
	enum sj_rc rc = ask_witness(piv, p->algorithm, &witness);

	if (rc != SJ_OK)
		return rc == SJ_PIN_NEEDED ? SJ_CARD_REFUSED : rc;
	rc = SJ_CRYPTO_FAILED;
	if (!one_block(p->algorithm, p->key, false, witness.ptr, plain) ||
	    !sj_random_fill(&piv->random, challenge, n) ||
	    !one_block(p->algorithm, p->key, true, challenge, expected))
		goto out;
	rc = sj_piv_authenticate(piv, (uint8_t)p->algorithm, PIV_KEY_ADMINISTRATION, &send,
				 &answer);
	/* A wrong witness is answered so by one card and so by another. */
	if (rc == SJ_PIN_NEEDED || (rc == SJ_CARD_REFUSED &&
				    (piv->sw == SJ_SW_WRONG_DATA || piv->sw == SJ_SW_AUTH_BLOCKED ||
				     (piv->sw & 0xFF00) == 0x6300)))
		rc = SJ_WRONG_ADMIN_KEY;
	if (rc == SJ_OK &&
	    (!answer.has_response || !sj_equal_secret(answer.response, sj_span(expected, n))))
		rc = SJ_WRONG_ADMIN_KEY;
out:
	sj_wipe(plain, sizeof(plain));
	sj_wipe(expected, sizeof(expected));
	return rc;
}

enum sj_rc sj_piv_administer(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
			     const uint8_t *key, size_t len)
{
	const unsigned mark = sj_memory_mark();
	struct proof p = { algorithm, key };

	if (!is_admin(algorithm))
		return SJ_USAGE;
	if (len != key_size(algorithm))
		return SJ_SECRET_MALFORMED;
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_alone(piv, prove_step, &p));
}

static enum sj_rc algorithm_step(struct sj_piv *piv, void *arg)
{
	static const enum sj_piv_algorithm tries[] = { SJ_PIV_AES_192, SJ_PIV_3DES };
	enum sj_piv_algorithm *out = arg;
	struct sj_span meta, value;
	enum sj_rc rc = sj_piv_metadata(piv, PIV_KEY_ADMINISTRATION, &meta);

	if (rc == SJ_OK && sj_tlv_find(meta, TAG_META_ALGORITHM, &value) == SJ_TLV_FOUND &&
	    value.len == 1 && is_admin((enum sj_piv_algorithm)value.ptr[0])) {
		*out = (enum sj_piv_algorithm)value.ptr[0];
		return SJ_OK;
	}
	if (rc != SJ_OK && rc != SJ_KEY_ABSENT)
		return rc;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		rc = ask_witness(piv, tries[i], &value);
		*out = tries[i];
		if (rc != SJ_CARD_REFUSED && rc != SJ_KEY_ABSENT)
			return rc;
	}
	return rc;
}

enum sj_rc sj_piv_admin_algorithm(struct sj_piv *piv, enum sj_piv_algorithm *out)
{
	const unsigned mark = sj_memory_mark();
	enum sj_piv_algorithm found = SJ_PIV_ALGORITHM_NONE;
	enum sj_rc rc;

	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, algorithm_step, &found, NULL);
	if (rc == SJ_OK)
		*out = found;
	return sj_memory_rc(mark, rc);
}

/* A command of card management: SJ_OK or why not. */
static enum sj_rc manage(struct sj_piv *piv, const struct sj_apdu *a, struct sj_response *r)
{
	enum sj_rc rc = sj_piv_send(piv, a, r);

	if (rc != SJ_OK || r->sw == SJ_SW_OK)
		return rc;
	return r->sw == SJ_SW_REFERENCE_NOT_FOUND || r->sw == SJ_SW_NOT_FOUND ? SJ_KEY_ABSENT
									      : SJ_CARD_REFUSED;
}

enum sj_rc sj_piv_set_admin_key(struct sj_piv *piv, enum sj_piv_algorithm algorithm,
				const uint8_t *key, size_t len)
{
	const unsigned mark = sj_memory_mark();
	uint8_t data[ADMIN_KEY_MAX + 3];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu a = { .ins = YUBICO_INS_SET_MANAGEMENT_KEY,
			     .p1 = 0xFF,
			     .p2 = P2_SET_MANAGEMENT_KEY };
	struct sj_response r;
	enum sj_rc rc;

	if (!is_admin(algorithm))
		return SJ_USAGE;
	if (len != key_size(algorithm))
		return SJ_SECRET_MALFORMED;
	sj_piv_clock(piv);
	sj_put_u8(&w, (uint8_t)algorithm);
	sj_put_u8(&w, PIV_KEY_ADMINISTRATION);
	sj_put_u8(&w, (uint8_t)len);
	sj_put(&w, sj_span(key, len));
	a.data = sj_written(&w);
	rc = manage(piv, &a, &r);
	sj_wipe(data, sizeof(data));
	return sj_memory_rc(mark, rc);
}

/* --- random bytes ----------------------------------------------------------------------- */

struct drawing {
	uint8_t *out;
	size_t len;
};

/* Challenges for external authentication, which nobody answers. */
static enum sj_rc random_step(struct sj_piv *piv, void *arg)
{
	const struct sj_piv_auth ask = { .has_challenge = true };
	const struct drawing *d = arg;
	enum sj_piv_algorithm algorithm = SJ_PIV_ALGORITHM_NONE;
	struct sj_piv_auth answer;
	size_t done = 0;
	enum sj_rc rc = algorithm_step(piv, &algorithm);

	while (rc == SJ_OK && done < d->len) {
		size_t left = d->len - done;

		rc = sj_piv_authenticate(piv, (uint8_t)algorithm, PIV_KEY_ADMINISTRATION, &ask,
					 &answer);
		if (rc != SJ_OK)
			break;
		if (!answer.has_challenge || answer.challenge.len != block_size(algorithm))
			return SJ_CARD_ANSWER;
		if (left > answer.challenge.len)
			left = answer.challenge.len;
		memcpy(d->out + done, answer.challenge.ptr, left);
		done += left;
	}
	return rc;
}

enum sj_rc sj_piv_random(struct sj_piv *piv, uint8_t *out, size_t len)
{
	const unsigned mark = sj_memory_mark();
	struct drawing d = { out, len };

	if (piv->channel == SJ_PIV_SECURE || piv->channel == SJ_PIV_VCI)
		return SJ_ACCESS_UNSUPPORTED; /* the management key is for contact (part 1, table 4) */
	if (len == 0)
		return SJ_OK;
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_attempt(piv, random_step, &d, NULL));
}

/* --- keys ---------------------------------------------------------------------------------- */

static uint8_t pin_policy(enum sj_piv_policy policy)
{
	switch (policy) {
	case SJ_PIV_PIN_NEVER:
		return YUBICO_PIN_POLICY_NEVER;
	case SJ_PIV_PIN_ONCE:
		return YUBICO_PIN_POLICY_ONCE;
	case SJ_PIV_PIN_ALWAYS:
		return YUBICO_PIN_POLICY_ALWAYS;
	case SJ_PIV_POLICY_DEFAULT:
	default:
		return 0;
	}
}

enum sj_rc sj_piv_generate(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			   enum sj_piv_policy policy, uint8_t *spki, size_t *spki_len)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_piv_generate plan = { .algorithm = (uint8_t)algorithm,
					      .pin_policy = pin_policy(policy) };
	uint8_t data[32], bytes[SJ_PIV_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(data), out = SJ_WRITER_OF(bytes);
	struct sj_apdu a = { .ins = PIV_INS_GENERATE, .p2 = key };
	struct sj_piv_public public_key;
	struct sj_response r;
	struct sj_span content;
	enum sj_rc rc;

	sj_piv_clock(piv);
	sj_piv_generate_put(&w, &plan);
	if (w.failed)
		return sj_memory_rc(mark, SJ_INTERNAL);
	a.data = sj_written(&w);
	a.ne = sj_session_extended(piv->session) ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	rc = manage(piv, &a, &r);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	if (sj_tlv_take(&r.data, PIV_TAG_PUBLIC_KEY, &content) != SJ_TLV_FOUND || r.data.len != 0 ||
	    !sj_piv_public_read(content, &public_key) ||
	    !sj_piv_key_spki_put(&out, (uint8_t)algorithm, &public_key))
		return sj_memory_rc(mark, SJ_CARD_ANSWER);
	return sj_memory_rc(mark, sj_piv_give(sj_written(&out), spki, spki_len));
}

enum sj_rc sj_piv_import(struct sj_piv *piv, uint8_t key, const uint8_t *pkcs8, size_t len,
			 enum sj_piv_policy policy)
{
	const unsigned mark = sj_memory_mark();
	uint8_t data[SJ_PIV_IMPORT_MAX];
	const uint8_t pin = pin_policy(policy);
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu a = { .ins = YUBICO_INS_IMPORT, .p2 = key };
	enum sj_piv_algorithm algorithm;
	struct sj_response r;
	enum sj_rc rc = SJ_INPUT_MALFORMED;

	sj_piv_clock(piv);
	if (sj_piv_import_put(sj_span(pkcs8, len), &algorithm, &w)) {
		if (pin != 0)
			sj_tlv_put(&w, YUBICO_TAG_PIN_POLICY, sj_span(&pin, 1));
		a.p1 = (uint8_t)algorithm;
		a.data = sj_written(&w);
		rc = w.failed ? SJ_INPUT_MALFORMED : manage(piv, &a, &r);
	}
	sj_wipe(data, sizeof(data));
	return sj_memory_rc(mark, rc);
}

struct attesting {
	uint8_t key;
	uint8_t *out;
	size_t *len;
};

static enum sj_rc attest_step(struct sj_piv *piv, void *arg)
{
	const struct attesting *t = arg;
	const struct sj_apdu a = { .ins = YUBICO_INS_ATTEST,
				   .p1 = t->key,
				   .ne = sj_session_extended(piv->session) ? SJ_APDU_NE_EXTENDED
									   : SJ_APDU_NE_SHORT };
	struct sj_response r;
	enum sj_rc rc = manage(piv, &a, &r);

	if (rc != SJ_OK)
		return rc;
	return r.data.len == 0 ? SJ_CARD_ANSWER : sj_piv_give(r.data, t->out, t->len);
}

enum sj_rc sj_piv_attest(struct sj_piv *piv, uint8_t key, uint8_t *out, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	struct attesting t = { key, out, len };

	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_attempt(piv, attest_step, &t, NULL));
}

enum sj_rc sj_piv_delete_key(struct sj_piv *piv, uint8_t key)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_apdu a = { .ins = YUBICO_INS_MOVE_KEY, .p1 = P1_DELETE, .p2 = key };
	struct sj_response r;

	sj_piv_clock(piv);
	return sj_memory_rc(mark, manage(piv, &a, &r));
}

static enum sj_rc reset_step(struct sj_piv *piv, void *arg)
{
	const struct sj_apdu a = { .ins = YUBICO_INS_RESET };
	struct sj_response r;

	(void)arg;
	return manage(piv, &a, &r);
}

enum sj_rc sj_piv_reset(struct sj_piv *piv)
{
	const unsigned mark = sj_memory_mark();
	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_alone(piv, reset_step, NULL));
}
