#include "secure/edhoc.h"

#include "crypt/wipe.h"

#include <string.h>

/* Heads around the context: ( label, bstr head ) before it, the length after it. */
#define HEAD_MAX 16u
#define AAD_HEADS_MAX 14u /* of the Enc_structure, before external_aad */

void sj_edhoc_prk_end(struct sj_edhoc_prk *prk)
{
	sj_hmac_free(prk->mac);
	sj_wipe(prk, sizeof(*prk));
}

void sj_edhoc_prk_set(struct sj_edhoc_prk *prk, const uint8_t bytes[static SJ_PRK_SIZE])
{
	sj_edhoc_prk_end(prk);
	memcpy(prk->bytes, bytes, SJ_PRK_SIZE);
}

bool sj_edhoc_extract(struct sj_edhoc_prk *prk, struct sj_span salt, struct sj_span ikm)
{
	uint8_t bytes[SJ_PRK_SIZE];
	bool ok = sj_hkdf_extract(salt, ikm, bytes);

	if (ok)
		sj_edhoc_prk_set(prk, bytes);
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/* info = ( label, context, length ), RFC 9528, 4.1.2. */
bool sj_edhoc_kdf(struct sj_edhoc_prk *prk, uint32_t label, const struct sj_span *context, size_t n,
		  uint8_t *out, size_t len)
{
	struct sj_span info[SJ_EDHOC_CONTEXT_PARTS + 2];
	uint8_t before[HEAD_MAX], after[HEAD_MAX];
	struct sj_writer b = SJ_WRITER_OF(before), a = SJ_WRITER_OF(after);
	size_t size = 0;

	if (n > SJ_EDHOC_CONTEXT_PARTS)
		return false;
	for (size_t i = 0; i < n; i++) {
		info[i + 1] = context[i];
		size += context[i].len;
	}
	sj_cbor_put_int(&b, label);
	sj_cbor_put_bytes_head(&b, size);
	sj_cbor_put_int(&a, (int64_t)len);
	info[0] = sj_written(&b);
	info[n + 1] = sj_written(&a);
	if (prk->mac == NULL)
		prk->mac = sj_hmac_new(SJ_SPAN_OF(prk->bytes));
	return prk->mac != NULL && sj_hkdf_expand(prk->mac, info, n + 2, out, len);
}

static bool kdf_th(struct sj_edhoc_prk *prk, uint32_t label, const uint8_t th[static SJ_EDHOC_HASH],
		   uint8_t *out, size_t len)
{
	const struct sj_span context = { th, SJ_EDHOC_HASH };

	return sj_edhoc_kdf(prk, label, &context, 1, out, len);
}

bool sj_edhoc_next_prk(struct sj_edhoc_prk *from, enum sj_edhoc_label salt,
		       const uint8_t th[static SJ_EDHOC_HASH], struct sj_span ikm,
		       struct sj_edhoc_prk *to)
{
	uint8_t bytes[SJ_PRK_SIZE];
	bool ok = kdf_th(from, salt, th, bytes, sizeof(bytes)) &&
		  sj_edhoc_extract(to, SJ_SPAN_OF(bytes), ikm);

	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/* The two may be one object. */
static bool derive(struct sj_edhoc_prk *from, enum sj_edhoc_label label, struct sj_span context,
		   struct sj_edhoc_prk *to)
{
	uint8_t bytes[SJ_PRK_SIZE];
	bool ok = sj_edhoc_kdf(from, label, &context, 1, bytes, sizeof(bytes));

	if (ok)
		sj_edhoc_prk_set(to, bytes);
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

bool sj_edhoc_prk_out(struct sj_edhoc_prk *prk_4e3m, const uint8_t th_4[static SJ_EDHOC_HASH],
		      struct sj_edhoc_prk *out)
{
	return derive(prk_4e3m, SJ_EDHOC_PRK_OUT, sj_span(th_4, SJ_EDHOC_HASH), out);
}

bool sj_edhoc_prk_exporter(struct sj_edhoc_prk *prk_out, struct sj_edhoc_prk *out)
{
	return derive(prk_out, SJ_EDHOC_PRK_EXPORTER, sj_span(NULL, 0), out);
}

bool sj_edhoc_key_update(struct sj_edhoc_prk *prk_out, struct sj_span context)
{
	return derive(prk_out, SJ_EDHOC_KEY_UPDATE, context, prk_out);
}

/* A hash as an encoded byte string. */
#define TH_HEAD SJ_SPAN_STR("\x58\x20")

bool sj_edhoc_th_2(struct sj_span g_y, const uint8_t message_1[static SJ_EDHOC_HASH],
		   uint8_t th_2[static SJ_EDHOC_HASH])
{
	const struct sj_span parts[] = { TH_HEAD, g_y, TH_HEAD, { message_1, SJ_EDHOC_HASH } };
	uint8_t hash[SJ_HASH_MAX];

	if (g_y.len != SJ_EDHOC_KEY || !sj_hash(SJ_SHA256, parts, 4, hash))
		return false;
	memcpy(th_2, hash, SJ_EDHOC_HASH);
	return true;
}

bool sj_edhoc_th_next(uint8_t th[static SJ_EDHOC_HASH], const struct sj_span *parts, size_t n)
{
	struct sj_span all[2 + SJ_EDHOC_CONTEXT_PARTS] = { TH_HEAD, { th, SJ_EDHOC_HASH } };
	uint8_t hash[SJ_HASH_MAX];

	if (n > SJ_EDHOC_CONTEXT_PARTS)
		return false;
	for (size_t i = 0; i < n; i++)
		all[i + 2] = parts[i];
	if (!sj_hash(SJ_SHA256, all, n + 2, hash))
		return false;
	memcpy(th, hash, SJ_EDHOC_HASH);
	return true;
}

/* context_2 = << C_R, ID_CRED_R, TH_2, CRED_R, ? EAD_2 >>, context_3 without C_R. */
bool sj_edhoc_mac(struct sj_edhoc_prk *prk, enum sj_edhoc_label label,
		  const uint8_t th[static SJ_EDHOC_HASH], const struct sj_edhoc_claim *claim,
		  uint8_t *out, size_t len)
{
	const struct sj_span context[] = {
		claim->c_r, claim->id_cred, TH_HEAD, { th, SJ_EDHOC_HASH }, claim->cred, claim->ead,
	};

	return sj_edhoc_kdf(prk, label, context, 6, out, len);
}

/* [ "Signature1", << ID_CRED_x >>, << TH_x, CRED_x, ? EAD_x >>, MAC_x ] */
void sj_edhoc_signed_put(struct sj_writer *w, const uint8_t th[static SJ_EDHOC_HASH],
			 const struct sj_edhoc_claim *claim, struct sj_span mac)
{
	const size_t th_size = 2 + SJ_EDHOC_HASH;

	sj_cbor_put_array(w, 4);
	sj_cbor_put_text(w, SJ_SPAN_STR("Signature1"));
	sj_cbor_put_bytes(w, claim->id_cred);
	sj_cbor_put_bytes_head(w, th_size + claim->cred.len + claim->ead.len);
	sj_cbor_put_bytes(w, sj_span(th, SJ_EDHOC_HASH));
	sj_put(w, claim->cred);
	sj_put(w, claim->ead);
	sj_cbor_put_bytes(w, mac);
}

bool sj_edhoc_stream(struct sj_edhoc_prk *prk, enum sj_edhoc_label label,
		     const uint8_t th[static SJ_EDHOC_HASH], uint8_t *text, size_t len)
{
	uint8_t stream[SJ_EDHOC_TEXT_MAX];
	bool ok = len <= sizeof(stream) && kdf_th(prk, label, th, stream, len);

	for (size_t i = 0; ok && i < len; i++)
		text[i] ^= stream[i];
	sj_wipe(stream, sizeof(stream));
	return ok;
}

struct keys {
	uint8_t key[SJ_AEAD_KEY_MAX], nonce[SJ_AEAD_NONCE_MAX];
	uint8_t aad[AAD_HEADS_MAX + SJ_EDHOC_AAD_MAX];
	size_t aad_len;
};

/* K_x, IV_x and the Enc_structure [ "Encrypt0", h'', external_aad ]. */
static bool keys_make(struct keys *k, const struct sj_edhoc_suite *suite, struct sj_edhoc_prk *prk,
		      enum sj_edhoc_label label, const uint8_t th[static SJ_EDHOC_HASH],
		      struct sj_span external_aad)
{
	struct sj_writer w = SJ_WRITER_OF(k->aad);

	sj_cbor_put_array(&w, 3);
	sj_cbor_put_text(&w, SJ_SPAN_STR("Encrypt0"));
	sj_cbor_put_bytes(&w, sj_span(NULL, 0));
	sj_cbor_put_bytes(&w, external_aad);
	k->aad_len = w.len;
	return !w.failed && kdf_th(prk, label, th, k->key, sj_aead_key_size(suite->aead)) &&
	       kdf_th(prk, (uint32_t)label + 1, th, k->nonce, sj_aead_nonce_size(suite->aead));
}

bool sj_edhoc_seal(const struct sj_edhoc_suite *suite, struct sj_edhoc_prk *prk,
		   enum sj_edhoc_label label, const uint8_t th[static SJ_EDHOC_HASH],
		   struct sj_span external_aad, struct sj_span plain, struct sj_writer *out)
{
	struct keys k;
	bool ok = keys_make(&k, suite, prk, label, th, external_aad) &&
		  sj_aead_seal(suite->aead, k.key, k.nonce, sj_span(k.aad, k.aad_len), plain, out);

	sj_wipe(&k, sizeof(k));
	return ok;
}

bool sj_edhoc_open(const struct sj_edhoc_suite *suite, struct sj_edhoc_prk *prk,
		   enum sj_edhoc_label label, const uint8_t th[static SJ_EDHOC_HASH],
		   struct sj_span external_aad, struct sj_span sealed, struct sj_writer *out)
{
	struct keys k;
	bool ok = keys_make(&k, suite, prk, label, th, external_aad) &&
		  sj_aead_open(suite->aead, k.key, k.nonce, sj_span(k.aad, k.aad_len), sealed, out);

	sj_wipe(&k, sizeof(k));
	return ok;
}

void sj_edhoc_psk_aad_put(struct sj_writer *w, struct sj_span id_cred,
			  const uint8_t th_3[static SJ_EDHOC_HASH], struct sj_span cred_i,
			  struct sj_span cred_r)
{
	sj_put(w, id_cred);
	sj_cbor_put_bytes(w, sj_span(th_3, SJ_EDHOC_HASH));
	sj_put(w, cred_i);
	sj_put(w, cred_r);
}
