/* key.c -- what private keys do, and what is known of them. Source: SP 800-73-5, part 2, 3.2.4. */
#include <stdlib.h>
#include <string.h>

#include "crypt/public.h"
#include "crypt/wipe.h"
#include "crypt/x509.h"
#include "piv/piv.h"
#include "reader/memory.h"
#include "secure/piv_spki.h"
#include "wire/std/iso7816.h"
#include "wire/tlv.h"

#define MESSAGE_MAX 60000u /* Ed25519: the message goes to the card whole */
#define TAG_META_ALGORITHM 0x01u
#define TAG_META_POLICY 0x02u
#define TAG_META_ORIGIN 0x03u
#define TAG_META_PUBLIC 0x04u
#define ORIGIN_GENERATED 1u

/* --- public halves ------------------------------------------------------------------ */

bool sj_piv_is_rsa(unsigned algorithm)
{
	return algorithm == SJ_PIV_RSA_2048 || algorithm == SJ_PIV_RSA_3072 ||
	       algorithm == SJ_PIV_RSA_4096;
}

enum sj_piv_algorithm sj_piv_spki_algorithm(struct sj_span spki)
{
	struct sj_public p;

	if (!sj_public_read(spki, &p))
		return SJ_PIV_ALGORITHM_NONE;
	if (p.kind == SJ_PUBLIC_ED25519)
		return SJ_PIV_ED25519;
	if (p.kind == SJ_PUBLIC_X25519)
		return SJ_PIV_X25519;
	if (p.kind == SJ_PUBLIC_EC)
		return p.curve == SJ_P256   ? SJ_PIV_P256
		       : p.curve == SJ_P384 ? SJ_PIV_P384
					    : SJ_PIV_ALGORITHM_NONE;
	return p.modulus.len == 256   ? SJ_PIV_RSA_2048
	       : p.modulus.len == 384 ? SJ_PIV_RSA_3072
	       : p.modulus.len == 512 ? SJ_PIV_RSA_4096
				      : SJ_PIV_ALGORITHM_NONE;
}

/* --- what is known of a key ---------------------------------------------------------- */

static bool take_byte(struct sj_span meta, uint32_t tag, size_t at, uint8_t *out)
{
	struct sj_span value;

	if (sj_tlv_find(meta, tag, &value) != SJ_TLV_FOUND || value.len <= at)
		return false;
	*out = value.ptr[at];
	return true;
}

static enum sj_rc from_metadata(struct sj_piv *piv, uint8_t key, struct sj_piv_key_info *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->spki);
	uint8_t algorithm, policy = 0, origin = 0;
	struct sj_piv_public public_key;
	struct sj_span meta, content;
	enum sj_rc rc = sj_piv_metadata(piv, key, &meta);

	if (rc != SJ_OK)
		return rc;
	if (!take_byte(meta, TAG_META_ALGORITHM, 0, &algorithm) ||
	    sj_tlv_find(meta, TAG_META_PUBLIC, &content) != SJ_TLV_FOUND ||
	    !sj_piv_public_read(content, &public_key) ||
	    !sj_piv_key_spki_put(&w, algorithm, &public_key))
		return SJ_CARD_ANSWER;
	out->algorithm = (enum sj_piv_algorithm)algorithm;
	out->spki_len = w.len;
	if (take_byte(meta, TAG_META_POLICY, 0, &policy)) {
		out->pin_always = policy == YUBICO_PIN_POLICY_ALWAYS;
		out->pin_never = policy == YUBICO_PIN_POLICY_NEVER;
	}
	out->generated = take_byte(meta, TAG_META_ORIGIN, 0, &origin) && origin == ORIGIN_GENERATED;
	return SJ_OK;
}

static enum sj_rc from_certificate(struct sj_piv *piv, uint8_t key, struct sj_piv_key_info *out)
{
	struct sj_span value, der;
	uint8_t *owned = NULL;
	struct sj_cert cert;
	enum sj_rc rc = sj_piv_get(piv, sj_piv_key_object(key), &value);

	if (rc == SJ_OK)
		rc = sj_piv_certificate_open(value, &der, &owned);
	if (rc == SJ_OK && (!sj_cert_read(der, &cert) || cert.spki.len > sizeof(out->spki)))
		rc = SJ_CARD_ANSWER;
	if (rc == SJ_OK) {
		memcpy(out->spki, cert.spki.ptr, cert.spki.len);
		out->spki_len = cert.spki.len;
		out->algorithm = sj_piv_spki_algorithm(cert.spki);
	}
	free(owned);
	return rc;
}

struct inquiry {
	uint8_t key;
	struct sj_piv_key_info *info;
};

static enum sj_rc info_step(struct sj_piv *piv, void *arg)
{
	struct inquiry *q = arg;
	enum sj_rc rc = from_metadata(piv, q->key, q->info);

	/* A card that tells of its keys has not this one, whatever certificates it holds. */
	if (rc == SJ_KEY_ABSENT && piv->metadata == SJ_YES)
		return rc;
	return rc == SJ_KEY_ABSENT ? from_certificate(piv, q->key, q->info) : rc;
}

enum sj_rc sj_piv_key_info(struct sj_piv *piv, uint8_t key, struct sj_piv_key_info *out)
{
	const unsigned mark = sj_memory_mark();
	const size_t size = out->size;
	struct sj_piv_key_info info = {
		.size = size,
		.pin_always = key == PIV_KEY_SIGNATURE,
		.pin_never = key == PIV_KEY_CARD_AUTHENTICATION,
	};
	struct inquiry q = { key, &info };
	enum sj_rc rc;

	if (!sj_piv_key_is(key))
		return SJ_USAGE;
	sj_piv_clock(piv);
	rc = sj_piv_attempt(piv, info_step, &q, NULL);
	if (rc == SJ_OK)
		memcpy(out, &info, size < sizeof(info) ? size : sizeof(info));
	return sj_memory_rc(mark, rc);
}

/* --- using a key ------------------------------------------------------------------------ */

/* What goes to the card: ECDSA takes a digest of exactly the order's size. */
static enum sj_rc put_input(const struct sj_piv_use *use, struct sj_writer *w)
{
	const size_t size = sj_piv_algorithm_size((uint8_t)use->algorithm);
	struct sj_span in = use->in;

	if (use->exchange ? sj_piv_is_rsa(use->algorithm) : use->algorithm == SJ_PIV_X25519)
		return SJ_USAGE;
	if (use->exchange || sj_piv_is_rsa(use->algorithm)) {
		const size_t due = sj_piv_curve((uint8_t)use->algorithm) != SJ_CURVE_NONE
					   ? 2 * size + 1
					   : size;

		if (size == 0 || in.len != due)
			return SJ_USAGE;
	} else if (sj_piv_curve((uint8_t)use->algorithm) != SJ_CURVE_NONE) {
		if (in.len < size)
			sj_put_fill(w, 0, size - in.len);
		else
			in.len = size;
	} else if (use->algorithm != SJ_PIV_ED25519) {
		return SJ_USAGE;
	}
	sj_put(w, in);
	return w->failed ? SJ_FILE_TOO_LARGE : SJ_OK;
}

/* 7C { 82, 81 input }, or 85 for agreement; the empty 82 first, as the standard's examples. */
static enum sj_rc put_template(const struct sj_piv_use *use, struct sj_writer *w)
{
	const size_t whole = sj_tlv_open(w);
	enum sj_rc rc;
	size_t at;

	sj_tlv_put(w, PIV_TAG_RESPONSE, sj_span(NULL, 0));
	at = sj_tlv_open(w);
	rc = put_input(use, w);
	sj_tlv_close(w, use->exchange ? PIV_TAG_EXPONENTIATION : PIV_TAG_CHALLENGE, at);
	sj_tlv_close(w, PIV_TAG_AUTHENTICATION, whole);
	return rc == SJ_OK && w->failed ? SJ_FILE_TOO_LARGE : rc;
}

/* The card's answer as the caller gets it. */
static enum sj_rc take_output(const struct sj_piv_use *use, struct sj_span value)
{
	const size_t size = sj_piv_algorithm_size((uint8_t)use->algorithm);
	const bool ec = sj_piv_curve((uint8_t)use->algorithm) != SJ_CURVE_NONE;
	uint8_t plain[SJ_EC_SIGNATURE_MAX];

	if (ec && !use->exchange) {
		if (!sj_ecdsa_from_der(value, size, plain))
			return SJ_CARD_ANSWER;
		return sj_piv_give(sj_span(plain, 2 * size), use->out, use->out_len);
	}
	if (value.len != (use->algorithm == SJ_PIV_ED25519 ? 2 * size : size))
		return SJ_CARD_ANSWER;
	return sj_piv_give(value, use->out, use->out_len);
}

static enum sj_rc send_use(struct sj_piv *piv, const struct sj_piv_use *use, struct sj_span data)
{
	const bool rsa = sj_piv_is_rsa(use->algorithm);
	const struct sj_apdu a = { .ins = PIV_INS_GENERAL_AUTHENTICATE,
				   .p1 = (uint8_t)use->algorithm,
				   .p2 = use->key,
				   .data = data,
				   .ne = rsa && sj_session_extended(piv->session)
						 ? SJ_APDU_NE_EXTENDED
						 : SJ_APDU_NE_SHORT };
	struct sj_piv_auth answer;
	struct sj_response r;
	enum sj_rc rc = sj_piv_send(piv, &a, &r);

	if (rc == SJ_OK)
		rc = r.sw == SJ_SW_WRONG_P1P2 ? SJ_KEY_ABSENT : sj_piv_meaning(r.sw);
	if (rc != SJ_OK)
		return rc;
	if (!sj_piv_auth_read(r.data, &answer) || !answer.has_response)
		return SJ_CARD_ANSWER;
	return take_output(use, answer.response);
}

/* The card says that this key never wants a PIN. */
static bool never_wants_pin(struct sj_piv *piv, uint8_t key)
{
	struct sj_span meta;
	uint8_t policy;

	return sj_piv_metadata(piv, key, &meta) == SJ_OK &&
	       take_byte(meta, TAG_META_POLICY, 0, &policy) && policy == YUBICO_PIN_POLICY_NEVER;
}

/* Another process came between: the login must still hold, says the card. */
static enum sj_rc login_holds(struct sj_piv *piv, uint8_t key)
{
	struct sj_piv_pin_state state = { .tries_left = -1 };
	enum sj_rc rc = sj_piv_ask_pin(piv, SJ_PIV_PIN, &state);

	if (rc == SJ_OK && !state.verified) {
		/* Cards with both PINs take either. */
		rc = sj_piv_ask_pin(piv, SJ_PIV_GLOBAL_PIN, &state);
		if (rc == SJ_KEY_ABSENT || rc == SJ_CARD_REFUSED)
			rc = SJ_OK;
	}
	if (rc == SJ_OK && !state.verified && !never_wants_pin(piv, key))
		rc = SJ_PIN_NEEDED;
	return rc;
}

enum sj_rc sj_piv_use(struct sj_piv *piv, void *arg)
{
	const struct sj_piv_use *use = arg;
	const size_t room = use->in.len + SJ_EC_FIELD_MAX + 32;
	uint8_t small[SJ_PIV_BLOCK_MAX + SJ_EC_FIELD_MAX + 32];
	uint8_t *bytes = room <= sizeof(small) ? small : malloc(room);
	struct sj_writer w = sj_writer(bytes, room);
	enum sj_rc rc = SJ_OK;

	if (!bytes)
		return SJ_NO_MEMORY;
	if (use->again && use->needs_pin)
		rc = login_holds(piv, use->key);
	if (rc == SJ_OK)
		rc = put_template(use, &w);
	if (rc == SJ_OK)
		rc = send_use(piv, use, sj_written(&w));
	sj_wipe(bytes, w.len);
	if (bytes != small)
		free(bytes);
	return rc;
}

static enum sj_rc use_key(struct sj_piv *piv, struct sj_piv_use *use)
{
	if (use->in.len > MESSAGE_MAX)
		return SJ_FILE_TOO_LARGE;
	sj_piv_clock(piv);
	return sj_piv_attempt(piv, sj_piv_use, use, &use->again);
}

enum sj_rc sj_piv_sign(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
		       const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_piv_use use = { .key = key,
				  .algorithm = algorithm,
				  .in = sj_span(in, in_len),
				  .out = out,
				  .out_len = out_len,
				  .needs_pin = key != PIV_KEY_CARD_AUTHENTICATION };

	return sj_memory_rc(mark, use_key(piv, &use));
}

enum sj_rc sj_piv_agree(struct sj_piv *piv, uint8_t key, enum sj_piv_algorithm algorithm,
			const uint8_t *peer, size_t peer_len, uint8_t *out, size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_piv_use use = { .key = key,
				  .algorithm = algorithm,
				  .exchange = true,
				  .in = sj_span(peer, peer_len),
				  .out = out,
				  .out_len = out_len,
				  .needs_pin = key != PIV_KEY_CARD_AUTHENTICATION };

	return sj_memory_rc(mark, use_key(piv, &use));
}

struct both {
	enum sj_piv_pin pin;
	const char *value;
	size_t len;
	int *tries_left;
	struct sj_piv_use use;
};

static enum sj_rc both_step(struct sj_piv *piv, void *arg)
{
	struct both *b = arg;
	enum sj_rc rc = sj_piv_try_pin(piv, b->pin, b->value, b->len, b->tries_left);

	return rc == SJ_OK ? sj_piv_use(piv, &b->use) : rc;
}

enum sj_rc sj_piv_verify_and_sign(struct sj_piv *piv, enum sj_piv_pin pin, const char *value,
				  size_t len, uint8_t key, enum sj_piv_algorithm algorithm,
				  const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len,
				  int *tries_left)
{
	const unsigned mark = sj_memory_mark();
	struct both b = { pin,
			  value,
			  len,
			  tries_left,
			  { .key = key,
			    .algorithm = algorithm,
			    .in = sj_span(in, in_len),
			    .out = out,
			    .out_len = out_len } };

	sj_piv_clock(piv);
	return sj_memory_rc(mark, sj_piv_alone(piv, both_step, &b));
}
