#include "initiator.h"

#include <string.h>

#include "crypt/wipe.h"

#define ID_CRED_MAX (INITIATOR_TEXT + 4u) /* a kid of that length, in its map */
#define SIGNED_MAX (2u * INITIATOR_TEXT + 128u)

void initiator_end(struct initiator *in)
{
	sj_edhoc_prk_end(&in->prk_2e);
	sj_edhoc_prk_end(&in->prk_3e2m);
	sj_edhoc_prk_end(&in->prk_4e3m);
	sj_wipe(in, sizeof(*in));
}

/* After each step: the next state, or the end. */
static bool step(struct initiator *in, bool ok, enum initiator_state next)
{
	if (ok)
		in->state = next;
	else
		initiator_end(in);
	return ok;
}

void initiator_begin(struct initiator *in, uint8_t method, const struct sj_edhoc_suite *suite,
		     const uint8_t key[static SJ_EDHOC_KEY],
		     const uint8_t hash[static SJ_EDHOC_HASH])
{
	initiator_end(in);
	in->method = method;
	in->suite = suite;
	memcpy(in->key, key, sizeof(in->key));
	memcpy(in->th, hash, sizeof(in->th));
	in->state = INITIATOR_SENT_1;
}

/* --- the pseudorandom keys of this method (RFC 9528, 4.1.1) ----------------- */

static bool responder_has_dh(const struct initiator *in)
{
	return in->method != SJ_EDHOC_PSK && !sj_edhoc_responder_signs(in->method);
}

/* Without a static key of the Responder PRK_3e2m is PRK_2e; in method 4, too. */
static struct sj_edhoc_prk *prk_3e2m(struct initiator *in)
{
	return responder_has_dh(in) ? &in->prk_3e2m : &in->prk_2e;
}

static struct sj_edhoc_prk *prk_4e3m(struct initiator *in)
{
	return sj_edhoc_initiator_signs(in->method) ? prk_3e2m(in) : &in->prk_4e3m;
}

/* The next PRK by the shared secret of one of our keys and one of the peer's. */
static bool agree_on(struct initiator *in, struct sj_edhoc_prk *from, enum sj_edhoc_label salt,
		     const uint8_t key[static SJ_EDHOC_KEY], const struct sj_ec_point *peer,
		     struct sj_edhoc_prk *to)
{
	uint8_t shared[SJ_EDHOC_KEY];
	bool ok = sj_edhoc_agree_with(in->suite, key, peer, shared) &&
		  sj_edhoc_next_prk(from, salt, in->th, SJ_SPAN_OF(shared), to);

	sj_wipe(shared, sizeof(shared));
	return ok;
}

/* --- message_2 --------------------------------------------------------------- */

/* TH_2, PRK_2e of G_XY. */
static bool begin_keys(struct initiator *in, struct sj_span g_y)
{
	uint8_t hash[SJ_EDHOC_HASH], shared[SJ_EDHOC_KEY];
	bool ok;

	memcpy(hash, in->th, sizeof(hash));
	ok = sj_edhoc_th_2(g_y, hash, in->th) && sj_edhoc_peer(in->suite, g_y, &in->g_y) &&
	     sj_edhoc_agree_with(in->suite, in->key, &in->g_y, shared) &&
	     sj_edhoc_extract(&in->prk_2e, SJ_SPAN_OF(in->th), SJ_SPAN_OF(shared));
	sj_wipe(shared, sizeof(shared));
	return ok;
}

static bool decrypt_2(struct initiator *in, struct sj_span ciphertext_2)
{
	struct sj_edhoc_plaintext *p = &in->plaintext_2;
	struct sj_span plain = { in->text, ciphertext_2.len };

	if (ciphertext_2.len > sizeof(in->text))
		return false;
	in->text_len = ciphertext_2.len;
	memcpy(in->text, ciphertext_2.ptr, ciphertext_2.len);
	if (!sj_edhoc_stream(&in->prk_2e, SJ_EDHOC_KEYSTREAM_2, in->th, in->text, in->text_len))
		return false;
	return in->method == SJ_EDHOC_PSK ? sj_edhoc_plaintext_2a_parse(plain, p)
					  : sj_edhoc_plaintext_2_parse(plain, p);
}

bool initiator_message_2(struct initiator *in, struct sj_span message_2,
			 struct sj_edhoc_plaintext *out)
{
	struct sj_span g_y, ciphertext_2;
	bool ok, psk = in->method == SJ_EDHOC_PSK;

	ok = in->state == INITIATOR_SENT_1 &&
	     sj_edhoc_message_2_parse(message_2, &g_y, &ciphertext_2) && begin_keys(in, g_y) &&
	     decrypt_2(in, ciphertext_2);
	if (ok)
		*out = in->plaintext_2;
	if (ok && psk) { /* no credential to wait for: TH_3 = H( TH_2, PLAINTEXT_2A ) */
		const struct sj_span plain = { in->text, in->text_len };

		ok = sj_edhoc_th_next(in->th, &plain, 1);
	}
	return step(in, ok, psk ? INITIATOR_READY : INITIATOR_TOOK_2);
}

/* C_R as it is encoded in PLAINTEXT_2: all that stands before ID_CRED_R. */
static struct sj_span encoded_c_r(const struct initiator *in)
{
	return sj_span(in->text, (size_t)(in->plaintext_2.id_cred.ptr - in->text));
}

static bool check_signature(struct initiator *in, const struct sj_edhoc_claim *claim,
			    struct sj_span mac, struct sj_span key)
{
	uint8_t signed_bytes[SIGNED_MAX];
	struct sj_writer w = SJ_WRITER_OF(signed_bytes);

	sj_edhoc_signed_put(&w, in->th, claim, mac);
	return !w.failed && sj_edhoc_verify(in->suite, key, sj_written(&w), in->plaintext_2.proof);
}

/* MAC_2, of which a signature is a signature. PRK_3e2m is there. */
static bool check_proof(struct initiator *in, struct sj_span cred_r, struct sj_span key)
{
	bool dh = responder_has_dh(in);
	uint8_t map[ID_CRED_MAX], mac_2[SJ_EDHOC_MAC_MAX];
	struct sj_writer id_cred = SJ_WRITER_OF(map);
	struct sj_edhoc_claim claim = { .c_r = encoded_c_r(in),
					.cred = cred_r,
					.ead = in->plaintext_2.ead };
	const struct sj_span mac = { mac_2, dh ? in->suite->mac_size : SJ_EDHOC_HASH };
	bool ok;

	sj_edhoc_put_id_cred_map(&id_cred, in->plaintext_2.id_cred);
	claim.id_cred = sj_written(&id_cred);
	ok = !id_cred.failed &&
	     sj_edhoc_mac(prk_3e2m(in), SJ_EDHOC_MAC_2, in->th, &claim, mac_2, mac.len) &&
	     (dh ? sj_equal_secret(mac, in->plaintext_2.proof)
		 : check_signature(in, &claim, mac, key));
	sj_wipe(mac_2, sizeof(mac_2));
	return ok;
}

bool initiator_verify(struct initiator *in, struct sj_span cred_r, struct sj_span key)
{
	const struct sj_span heard[] = { { in->text, in->text_len }, cred_r };
	bool ok = in->state == INITIATOR_TOOK_2;
	struct sj_ec_point g_r;

	if (ok && responder_has_dh(in))
		ok = sj_edhoc_peer(in->suite, key, &g_r) &&
		     agree_on(in, &in->prk_2e, SJ_EDHOC_SALT_3E2M, in->key, &g_r, &in->prk_3e2m);
	ok = ok && check_proof(in, cred_r, key) && sj_edhoc_th_next(in->th, heard, 2);
	return step(in, ok, INITIATOR_READY);
}

/* --- message_3 --------------------------------------------------------------- */

/* Only PRK_4e3m goes on, as bytes. */
static void keep_last_prk(struct initiator *in)
{
	uint8_t bytes[SJ_PRK_SIZE];

	memcpy(bytes, prk_4e3m(in)->bytes, sizeof(bytes));
	sj_edhoc_prk_end(&in->prk_2e);
	sj_edhoc_prk_end(&in->prk_3e2m);
	sj_edhoc_prk_set(&in->prk_4e3m, bytes);
	sj_wipe(bytes, sizeof(bytes));
	sj_wipe(in->key, sizeof(in->key));
}

static bool sign(struct initiator *in, const struct sj_edhoc_claim *claim, struct sj_span mac,
		 const uint8_t key[static SJ_EDHOC_KEY], uint8_t proof[static SJ_EDHOC_SIGNATURE])
{
	uint8_t signed_bytes[SIGNED_MAX];
	struct sj_writer w = SJ_WRITER_OF(signed_bytes);

	sj_edhoc_signed_put(&w, in->th, claim, mac);
	return !w.failed && sj_edhoc_sign(in->suite, key, sj_written(&w), proof);
}

/* Signature_or_MAC_3, and PRK_4e3m. */
static bool make_proof(struct initiator *in, const struct initiator_credential *own,
		       struct sj_span ead_3, uint8_t proof[static SJ_EDHOC_SIGNATURE], size_t *len)
{
	bool signs = sj_edhoc_initiator_signs(in->method);
	const struct sj_edhoc_claim claim = { { NULL, 0 }, own->id_cred, own->cred, ead_3 };
	uint8_t mac_3[SJ_EDHOC_MAC_MAX];
	const struct sj_span mac = { mac_3, signs ? SJ_EDHOC_HASH : in->suite->mac_size };
	bool ok = signs ||
		  agree_on(in, prk_3e2m(in), SJ_EDHOC_SALT_4E3M, own->key, &in->g_y, &in->prk_4e3m);

	ok = ok && sj_edhoc_mac(prk_4e3m(in), SJ_EDHOC_MAC_3, in->th, &claim, mac_3, mac.len);
	*len = signs ? SJ_EDHOC_SIGNATURE : mac.len;
	if (ok && signs)
		ok = sign(in, &claim, mac, own->key, proof);
	else if (ok)
		memcpy(proof, mac_3, mac.len);
	sj_wipe(mac_3, sizeof(mac_3));
	return ok;
}

bool initiator_message_3(struct initiator *in, const struct initiator_credential *own,
			 struct sj_span ead_3, struct sj_writer *out)
{
	struct sj_writer late = SJ_WRITER_OF(in->text);
	uint8_t proof[SJ_EDHOC_SIGNATURE];
	struct sj_span plain;
	size_t len = 0;
	bool ok = in->state == INITIATOR_READY && in->method != SJ_EDHOC_PSK &&
		  make_proof(in, own, ead_3, proof, &len);

	sj_edhoc_put_id_cred(&late, own->id_cred);
	sj_cbor_put_bytes(&late, sj_span(proof, ok ? len : 0));
	sj_put(&late, ead_3);
	plain = sj_written(&late);
	sj_put(&late, own->cred);
	in->text_len = late.len;
	ok = ok && !late.failed;
	if (ok) {
		sj_cbor_put_bytes_head(out, plain.len + sj_aead_tag_size(in->suite->aead));
		ok = sj_edhoc_seal(in->suite, prk_3e2m(in), SJ_EDHOC_K_3, in->th,
				   SJ_SPAN_OF(in->th), plain, out) &&
		     !out->failed;
		keep_last_prk(in);
	}
	return step(in, ok, INITIATOR_SENT_3);
}

/* CIPHERTEXT_3B behind ID_CRED_PSK, and KEYSTREAM_3A over both, to `out`. */
static bool seal_psk(struct initiator *in, const struct initiator_psk *psk, struct sj_span id_cred,
		     struct sj_span ead_3, struct sj_writer *out)
{
	const size_t sealed = ead_3.len + sj_aead_tag_size(in->suite->aead);
	uint8_t aad_bytes[INITIATOR_TEXT], text[INITIATOR_TEXT];
	struct sj_writer aad = SJ_WRITER_OF(aad_bytes), w = SJ_WRITER_OF(text);
	bool ok;

	sj_edhoc_psk_aad_put(&aad, id_cred, in->th, psk->cred_i, psk->cred_r);
	sj_put(&w, id_cred);
	sj_cbor_put_bytes_head(&w, sealed);
	ok = !aad.failed &&
	     sj_edhoc_seal(in->suite, &in->prk_4e3m, SJ_EDHOC_K_3, in->th, sj_written(&aad), ead_3,
			   &w) &&
	     !w.failed && sj_edhoc_stream(prk_3e2m(in), SJ_EDHOC_KEYSTREAM_3A, in->th, text, w.len);
	if (ok)
		sj_cbor_put_bytes(out, sj_written(&w));
	sj_wipe(text, sizeof(text));
	return ok && !out->failed;
}

bool initiator_message_3_psk(struct initiator *in, const struct initiator_psk *psk,
			     struct sj_span ead_3, struct sj_writer *out)
{
	struct sj_writer late = SJ_WRITER_OF(in->text);
	struct sj_span id_cred;
	bool ok = in->state == INITIATOR_READY && in->method == SJ_EDHOC_PSK &&
		  sj_edhoc_next_prk(prk_3e2m(in), SJ_EDHOC_SALT_4E3M, in->th, psk->psk,
				    &in->prk_4e3m);

	sj_edhoc_put_id(&late, psk->kid);
	id_cred = sj_written(&late);
	sj_put(&late, ead_3);
	sj_put(&late, psk->cred_i);
	sj_put(&late, psk->cred_r);
	in->text_len = late.len;
	ok = ok && !late.failed && seal_psk(in, psk, id_cred, ead_3, out);
	if (ok)
		keep_last_prk(in);
	return step(in, ok, INITIATOR_SENT_3);
}

/* --- message_4 --------------------------------------------------------------- */

/* TH_4, and what EDHOC_Exporter takes its keys from. */
static bool make_exporter(struct initiator *in, struct sj_edhoc_prk *exporter)
{
	const struct sj_span said = { in->text, in->text_len };
	struct sj_edhoc_prk prk_out = { .mac = NULL };
	bool ok = sj_edhoc_th_next(in->th, &said, 1) &&
		  sj_edhoc_prk_out(&in->prk_4e3m, in->th, &prk_out) &&
		  sj_edhoc_prk_exporter(&prk_out, exporter);

	sj_edhoc_prk_end(&prk_out);
	return ok;
}

bool initiator_message_4(struct initiator *in, struct sj_span message_4, struct sj_writer *buffer,
			 struct sj_span *ead_4, struct sj_edhoc_prk *exporter)
{
	const size_t start = buffer->len;
	struct sj_span ciphertext_4;
	bool ok = in->state == INITIATOR_SENT_3 &&
		  sj_edhoc_message_parse(message_4, &ciphertext_4) && make_exporter(in, exporter);

	ok = ok &&
	     sj_edhoc_open(in->suite, &in->prk_4e3m, SJ_EDHOC_K_4, in->th, SJ_SPAN_OF(in->th),
			   ciphertext_4, buffer) &&
	     sj_edhoc_ead_check(sj_span(buffer->ptr + start, buffer->len - start));
	if (ok)
		*ead_4 = sj_span(buffer->ptr + start, buffer->len - start);
	else
		sj_edhoc_prk_end(exporter);
	initiator_end(in);
	return ok;
}
