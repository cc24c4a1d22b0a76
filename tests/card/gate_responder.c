#include "tests/card/gate_responder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct sj_edhoc_prk prk_of(const uint8_t bytes[static SJ_PRK_SIZE])
{
	struct sj_edhoc_prk prk = { .mac = NULL };

	memcpy(prk.bytes, bytes, SJ_PRK_SIZE);
	return prk;
}

/* r->prk becomes the next one by this secret. */
static void advance(struct responder *r, enum sj_edhoc_label salt, struct sj_span ikm)
{
	struct sj_edhoc_prk from = prk_of(r->prk), to = { .mac = NULL };

	assert_true(sj_edhoc_next_prk(&from, salt, r->th, ikm, &to));
	memcpy(r->prk, to.bytes, SJ_PRK_SIZE);
	sj_edhoc_prk_end(&from);
	sj_edhoc_prk_end(&to);
}

static void stream(const uint8_t prk[static SJ_PRK_SIZE], enum sj_edhoc_label label,
		   const uint8_t th[static SJ_EDHOC_HASH], uint8_t *text, size_t len)
{
	struct sj_edhoc_prk p = prk_of(prk);

	assert_true(sj_edhoc_stream(&p, label, th, text, len));
	sj_edhoc_prk_end(&p);
}

void responder_take_1(struct responder *r, struct sj_span message_1)
{
	struct sj_random rnd = sj_random_system();
	uint8_t hash[SJ_HASH_MAX], shared[SJ_EDHOC_KEY];
	struct sj_edhoc_prk prk = { .mac = NULL };
	struct sj_edhoc_message_1 m;

	assert_true(sj_edhoc_message_1_parse(message_1, &m));
	r->method = m.method;
	r->suite = sj_edhoc_suite(m.selected);
	assert_non_null(r->suite);
	memcpy(r->g_x, m.g_x.ptr, SJ_EDHOC_KEY);
	assert_true(sj_edhoc_keygen(r->suite, &rnd, r->y, r->g_y));
	assert_true(sj_hash(SJ_SHA256, &message_1, 1, hash));
	assert_true(sj_edhoc_th_2(SJ_SPAN_OF(r->g_y), hash, r->th));
	assert_true(sj_edhoc_agree(r->suite, r->y, m.g_x, shared));
	assert_true(sj_edhoc_extract(&prk, SJ_SPAN_OF(r->th), SJ_SPAN_OF(shared)));
	memcpy(r->prk, prk.bytes, SJ_PRK_SIZE);
	sj_edhoc_prk_end(&prk);
}

static void put_proof(struct responder *r, const struct responder_own *own,
		      const struct sj_edhoc_claim *claim, struct sj_writer *text)
{
	bool signs = sj_edhoc_responder_signs(r->method);
	size_t n = signs ? SJ_EDHOC_HASH : r->suite->mac_size;
	struct sj_edhoc_prk prk = prk_of(r->prk);
	uint8_t mac[SJ_EDHOC_MAC_MAX], m_2[2048], signature[SJ_EDHOC_SIGNATURE];
	struct sj_writer w = SJ_WRITER_OF(m_2);

	assert_true(sj_edhoc_mac(&prk, SJ_EDHOC_MAC_2, r->th, claim, mac, n));
	sj_edhoc_prk_end(&prk);
	if (signs) {
		sj_edhoc_signed_put(&w, r->th, claim, sj_span(mac, n));
		assert_true(sj_edhoc_sign(r->suite, own->key, sj_written(&w), signature));
	}
	sj_cbor_put_bytes(text, signs ? SJ_SPAN_OF(signature) : sj_span(mac, n));
}

void responder_put_2(struct responder *r, const struct responder_own *own, struct sj_span c_r,
		     struct sj_span ead_2, struct sj_writer *out)
{
	uint8_t plain[1024], id[64], shared[SJ_EDHOC_KEY], prk_2e[SJ_PRK_SIZE], th_2[SJ_EDHOC_HASH];
	struct sj_writer text = SJ_WRITER_OF(plain), encoded = SJ_WRITER_OF(id);
	struct sj_span parts[2] = { { NULL, 0 } };

	memcpy(prk_2e, r->prk, sizeof(prk_2e));
	memcpy(th_2, r->th, sizeof(th_2));
	sj_edhoc_put_id(&encoded, c_r);
	sj_put(&text, sj_written(&encoded));
	if (own != NULL) {
		const struct sj_edhoc_claim claim = { sj_written(&encoded), own->id_cred, own->cred,
						      ead_2 };

		if (!sj_edhoc_responder_signs(r->method)) {
			assert_true(sj_edhoc_agree(r->suite, own->key, SJ_SPAN_OF(r->g_x), shared));
			advance(r, SJ_EDHOC_SALT_3E2M, SJ_SPAN_OF(shared));
		}
		sj_edhoc_put_id_cred(&text, own->id_cred);
		put_proof(r, own, &claim, &text);
		parts[1] = own->cred;
	}
	sj_put(&text, ead_2);
	memcpy(r->prk_3e2m, r->prk, SJ_PRK_SIZE);
	parts[0] = sj_written(&text);
	assert_true(sj_edhoc_th_next(r->th, parts, own != NULL ? 2 : 1));
	stream(prk_2e, SJ_EDHOC_KEYSTREAM_2, th_2, plain, text.len);
	sj_cbor_put_bytes_head(out, SJ_EDHOC_KEY + text.len);
	sj_put(out, SJ_SPAN_OF(r->g_y));
	sj_put(out, sj_written(&text));
	assert_false(out->failed || text.failed);
}

bool responder_take_3(struct responder *r, struct sj_span message_3)
{
	struct sj_edhoc_prk prk = prk_of(r->prk_3e2m);
	struct sj_writer w = SJ_WRITER_OF(r->text);
	struct sj_span sealed;
	bool ok = sj_edhoc_message_parse(message_3, &sealed);

	if (ok && r->method == SJ_EDHOC_PSK) {
		sj_put(&w, sealed);
		ok = sj_edhoc_stream(&prk, SJ_EDHOC_KEYSTREAM_3A, r->th, r->text, w.len) &&
		     sj_edhoc_plaintext_3a_parse(sj_written(&w), &r->id_cred, &r->ciphertext_3b);
	} else if (ok) {
		ok = sj_edhoc_open(r->suite, &prk, SJ_EDHOC_K_3, r->th, SJ_SPAN_OF(r->th), sealed,
				   &w) &&
		     sj_edhoc_plaintext_3_parse(sj_written(&w), &r->plain);
		r->id_cred = sj_written(&w);
	}
	sj_edhoc_prk_end(&prk);
	return ok;
}

bool responder_check_3(struct responder *r, struct sj_span cred_i, struct sj_span key_i)
{
	bool signs = sj_edhoc_initiator_signs(r->method), ok;
	size_t n = signs ? SJ_EDHOC_HASH : r->suite->mac_size;
	uint8_t map[1024], shared[SJ_EDHOC_KEY], mac[SJ_EDHOC_MAC_MAX], m_3[2048];
	struct sj_writer id_cred = SJ_WRITER_OF(map), w = SJ_WRITER_OF(m_3);
	struct sj_edhoc_claim claim = { .cred = cred_i, .ead = r->plain.ead };
	const struct sj_span parts[] = { r->id_cred, cred_i };
	struct sj_edhoc_prk prk;

	sj_edhoc_put_id_cred_map(&id_cred, r->plain.id_cred);
	claim.id_cred = sj_written(&id_cred);
	if (!signs) {
		if (!sj_edhoc_agree(r->suite, r->y, key_i, shared))
			return false;
		advance(r, SJ_EDHOC_SALT_4E3M, SJ_SPAN_OF(shared));
	}
	prk = prk_of(r->prk);
	ok = sj_edhoc_mac(&prk, SJ_EDHOC_MAC_3, r->th, &claim, mac, n);
	sj_edhoc_prk_end(&prk);
	sj_edhoc_signed_put(&w, r->th, &claim, sj_span(mac, n));
	ok = ok && (signs ? sj_edhoc_verify(r->suite, key_i, sj_written(&w), r->plain.proof)
			  : sj_span_eq(sj_span(mac, n), r->plain.proof));
	return ok && sj_edhoc_th_next(r->th, parts, 2);
}

bool responder_check_psk(struct responder *r, struct sj_span psk, struct sj_span cred_i,
			 struct sj_span cred_r)
{
	uint8_t aad_bytes[512], ead[256];
	struct sj_writer aad = SJ_WRITER_OF(aad_bytes), w = SJ_WRITER_OF(ead);
	struct sj_edhoc_prk prk;
	struct sj_span parts[] = { r->id_cred, { ead, 0 }, cred_i, cred_r };
	bool ok;

	advance(r, SJ_EDHOC_SALT_4E3M, psk);
	prk = prk_of(r->prk);
	sj_edhoc_psk_aad_put(&aad, r->id_cred, r->th, cred_i, cred_r);
	ok = sj_edhoc_open(r->suite, &prk, SJ_EDHOC_K_3, r->th, sj_written(&aad), r->ciphertext_3b,
			   &w);
	sj_edhoc_prk_end(&prk);
	parts[1] = sj_written(&w);
	return ok && sj_edhoc_th_next(r->th, parts, 4);
}

void responder_put_4(struct responder *r, struct sj_span ead_4, struct sj_writer *out)
{
	struct sj_edhoc_prk prk = prk_of(r->prk);

	sj_cbor_put_bytes_head(out, ead_4.len + sj_aead_tag_size(r->suite->aead));
	assert_true(
		sj_edhoc_seal(r->suite, &prk, SJ_EDHOC_K_4, r->th, SJ_SPAN_OF(r->th), ead_4, out));
	assert_false(out->failed);
	sj_edhoc_prk_end(&prk);
}

void responder_exporter(struct responder *r, struct sj_edhoc_prk *exporter)
{
	struct sj_edhoc_prk prk = prk_of(r->prk), prk_out = { .mac = NULL };

	assert_true(sj_edhoc_prk_out(&prk, r->th, &prk_out));
	assert_true(sj_edhoc_prk_exporter(&prk_out, exporter));
	sj_edhoc_prk_end(&prk);
	sj_edhoc_prk_end(&prk_out);
}
