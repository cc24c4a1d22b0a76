#include "gate/responder.h"

#include "crypt/wipe.h"

#include <string.h>

#define CRED_MAX 1024u /* bytes of a credential in what is signed */
#define ID_MAX 64u /* bytes of a connection identifier, encoded */

void sj_responder_begin(struct sj_responder *r, unsigned methods, const uint8_t *suites, size_t n)
{
	sj_responder_end(r);
	r->methods = methods;
	r->error = SJ_EDHOC_UNSPECIFIED;
	r->suite_count = n < SJ_RESPONDER_SUITES ? n : SJ_RESPONDER_SUITES;
	memcpy(r->suites, suites, r->suite_count);
}

void sj_responder_end(struct sj_responder *r)
{
	sj_edhoc_prk_end(&r->prk);
	sj_edhoc_prk_end(&r->exporter);
	sj_wipe(r, sizeof(*r));
}

bool sj_responder_prepare(struct sj_responder *r, const struct sj_edhoc_suite *suite,
			  const struct sj_random *rnd)
{
	r->suite = suite;
	return sj_edhoc_keygen(suite, rnd, r->y, r->g_y);
}

/* The run is over: keys go, the error stays. */
static bool fail(struct sj_responder *r)
{
	r->state = SJ_RESPONDER_FAILED;
	sj_edhoc_prk_end(&r->prk);
	sj_edhoc_prk_end(&r->exporter);
	sj_wipe(r->y, sizeof(r->y));
	return false;
}

static bool step(struct sj_responder *r, enum sj_responder_state from, enum sj_responder_state to,
		 bool ok)
{
	if (!ok || r->state != from)
		return fail(r);
	r->state = to;
	return true;
}

/* --- message_1 ------------------------------------------------------------------ */

static bool supports(const struct sj_responder *r, int64_t suite)
{
	for (size_t i = 0; i < r->suite_count; i++)
		if (r->suites[i] == suite)
			return true;
	return false;
}

/* RFC 9528, 5.2.3: the selected suite is supported, and none before it is. */
static bool negotiate(struct sj_responder *r, const struct sj_edhoc_message_1 *m)
{
	struct sj_span walk = m->suites;
	int64_t suite;

	r->better = -1;
	while (r->better < 0 && sj_edhoc_suite_next(&walk, &suite))
		if (supports(r, suite))
			r->better = suite;
	if (r->better >= 0 && r->better == m->selected && walk.len == 0)
		return true;
	r->error = SJ_EDHOC_WRONG_SUITE;
	return false;
}

static bool take_1(struct sj_responder *r, struct sj_span in, struct sj_edhoc_message_1 *m)
{
	const struct sj_edhoc_suite *suite;
	uint8_t hash[SJ_HASH_MAX];

	if (r->state != SJ_RESPONDER_READY || !sj_edhoc_message_1_parse(in, m) ||
	    (r->methods >> m->method & 1) == 0 || !negotiate(r, m))
		return false;
	suite = sj_edhoc_suite(m->selected);
	if (suite == NULL || !sj_edhoc_peer(suite, m->g_x, &r->g_x) ||
	    !sj_hash(SJ_SHA256, &in, 1, hash))
		return false;
	if (r->suite != suite)
		sj_wipe(r->y, sizeof(r->y));
	memcpy(r->th, hash, SJ_EDHOC_HASH);
	r->method = m->method;
	return true;
}

bool sj_responder_message_1(struct sj_responder *r, struct sj_span in,
			    struct sj_edhoc_message_1 *out)
{
	return step(r, SJ_RESPONDER_READY, SJ_RESPONDER_GOT_1, take_1(r, in, out));
}

/* --- message_2 ------------------------------------------------------------------ */

/* PRK_2e = EDHOC_Extract( TH_2, G_XY ). */
static bool extract_2e(struct sj_responder *r)
{
	uint8_t g_xy[SJ_EDHOC_KEY];
	bool ok = sj_edhoc_agree_with(r->suite, r->y, &r->g_x, g_xy) &&
		  sj_edhoc_th_2(SJ_SPAN_OF(r->g_y), r->th, r->th) &&
		  sj_edhoc_extract(&r->prk, SJ_SPAN_OF(r->th), SJ_SPAN_OF(g_xy));

	sj_wipe(g_xy, sizeof(g_xy));
	return ok;
}

/* PRK_3e2m of PRK_2e: with G_RX if the Responder has a static DH key, else the same. */
static bool extract_3e2m(struct sj_responder *r, const uint8_t *key, struct sj_edhoc_prk *prk_2e)
{
	uint8_t g_rx[SJ_EDHOC_KEY];
	bool ok = true;

	sj_edhoc_prk_set(prk_2e, r->prk.bytes);
	if (sj_edhoc_responder_signs(r->method))
		return true;
	ok = sj_edhoc_agree_with(r->suite, key, &r->g_x, g_rx) &&
	     sj_edhoc_next_prk(&r->prk, SJ_EDHOC_SALT_3E2M, r->th, SJ_SPAN_OF(g_rx), &r->prk);
	sj_wipe(g_rx, sizeof(g_rx));
	return ok;
}

/* Signature_or_MAC_2, appended to PLAINTEXT_2. */
static bool put_proof_2(struct sj_responder *r, const uint8_t *key,
			const struct sj_edhoc_claim *claim, struct sj_writer *w)
{
	const bool signs = sj_edhoc_responder_signs(r->method);
	const size_t size = signs ? SJ_EDHOC_HASH : r->suite->mac_size;
	uint8_t mac[SJ_EDHOC_MAC_MAX], bytes[CRED_MAX + 256], signature[SJ_EDHOC_SIGNATURE];
	struct sj_writer m_2 = SJ_WRITER_OF(bytes);

	if (!sj_edhoc_mac(&r->prk, SJ_EDHOC_MAC_2, r->th, claim, mac, size))
		return false;
	if (!signs) {
		sj_cbor_put_bytes(w, sj_span(mac, size));
		return true;
	}
	sj_edhoc_signed_put(&m_2, r->th, claim, sj_span(mac, size));
	if (m_2.failed || !sj_edhoc_sign(r->suite, key, sj_written(&m_2), signature))
		return false;
	sj_cbor_put_bytes(w, SJ_SPAN_OF(signature));
	return true;
}

/* G_Y || CIPHERTEXT_2 as one byte string; TH_3 of the plaintext. */
static bool seal_2(struct sj_responder *r, struct sj_edhoc_prk *prk_2e, struct sj_span cred_r,
		   struct sj_writer *plain, struct sj_writer *out)
{
	const struct sj_span parts[] = { sj_written(plain), cred_r };
	uint8_t th_2[SJ_EDHOC_HASH];

	memcpy(th_2, r->th, sizeof(th_2));
	if (plain->failed || !sj_edhoc_th_next(r->th, parts, 2) ||
	    !sj_edhoc_stream(prk_2e, SJ_EDHOC_KEYSTREAM_2, th_2, plain->ptr, plain->len))
		return false;
	sj_cbor_put_bytes_head(out, SJ_EDHOC_KEY + plain->len);
	sj_put(out, SJ_SPAN_OF(r->g_y));
	sj_put(out, sj_written(plain));
	return !out->failed;
}

static bool put_2(struct sj_responder *r, const struct sj_responder_own *own, struct sj_span c_r,
		  struct sj_span ead_2, struct sj_writer *out)
{
	uint8_t text[SJ_RESPONDER_TEXT], id[ID_MAX];
	struct sj_writer plain = SJ_WRITER_OF(text), c = SJ_WRITER_OF(id);
	struct sj_edhoc_prk prk_2e = { 0 };
	struct sj_edhoc_claim claim = { .ead = ead_2 };
	bool ok = false;

	sj_edhoc_put_id(&c, c_r);
	claim.c_r = sj_written(&c);
	sj_put(&plain, claim.c_r);
	if (c.failed || !extract_2e(r))
		goto out;
	if (r->method == SJ_EDHOC_PSK) {
		sj_put(&plain, ead_2);
		ok = own == NULL && seal_2(r, &r->prk, sj_span(NULL, 0), &plain, out);
		goto out;
	}
	if (own == NULL || !extract_3e2m(r, own->key, &prk_2e))
		goto out;
	claim.id_cred = own->id_cred;
	claim.cred = own->cred;
	sj_edhoc_put_id_cred(&plain, own->id_cred);
	ok = put_proof_2(r, own->key, &claim, &plain);
	sj_put(&plain, ead_2);
	ok = ok && seal_2(r, &prk_2e, own->cred, &plain, out);
out:
	sj_edhoc_prk_end(&prk_2e);
	sj_wipe(text, sizeof(text));
	return ok;
}

bool sj_responder_message_2(struct sj_responder *r, const struct sj_responder_own *own,
			    struct sj_span c_r, struct sj_span ead_2, const struct sj_random *rnd,
			    struct sj_writer *out)
{
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(r->better);
	bool ok = r->state == SJ_RESPONDER_GOT_1 && suite != NULL;

	if (ok && r->suite != suite)
		ok = sj_responder_prepare(r, suite, rnd);
	return step(r, SJ_RESPONDER_GOT_1, SJ_RESPONDER_SENT_2,
		    ok && put_2(r, own, c_r, ead_2, out));
}

/* --- message_3 ------------------------------------------------------------------ */

/* PLAINTEXT_3A = ( ID_CRED_PSK, CIPHERTEXT_3B ): read as message_3's without EAD. */
static bool open_3a(struct sj_responder *r, struct sj_span sealed)
{
	if (sealed.len > sizeof(r->text))
		return false;
	memcpy(r->text, sealed.ptr, sealed.len);
	r->text_len = sealed.len;
	return sj_edhoc_stream(&r->prk, SJ_EDHOC_KEYSTREAM_3A, r->th, r->text, r->text_len) &&
	       sj_edhoc_plaintext_3_parse(sj_span(r->text, r->text_len), &r->plain) &&
	       r->plain.ead.len == 0;
}

static bool open_3(struct sj_responder *r, struct sj_span sealed)
{
	struct sj_writer w = SJ_WRITER_OF(r->text);

	if (!sj_edhoc_open(r->suite, &r->prk, SJ_EDHOC_K_3, r->th, SJ_SPAN_OF(r->th), sealed, &w))
		return false;
	r->text_len = w.len;
	return sj_edhoc_plaintext_3_parse(sj_written(&w), &r->plain);
}

bool sj_responder_open_3(struct sj_responder *r, struct sj_span in, struct sj_span *id_cred,
			 struct sj_span *ead)
{
	struct sj_span sealed;
	bool ok = r->state == SJ_RESPONDER_SENT_2 && sj_edhoc_message_parse(in, &sealed) &&
		  sealed.len > 0 &&
		  (r->method == SJ_EDHOC_PSK ? open_3a(r, sealed) : open_3(r, sealed));

	if (!step(r, SJ_RESPONDER_SENT_2, SJ_RESPONDER_GOT_3, ok))
		return false;
	*id_cred = r->plain.id_cred;
	*ead = r->plain.ead;
	return true;
}

/* TH_4, and PRK_exporter by way of PRK_out. */
static bool finish(struct sj_responder *r, const struct sj_span *parts, size_t n)
{
	struct sj_edhoc_prk prk_out = { 0 };
	bool ok = sj_edhoc_th_next(r->th, parts, n) && sj_edhoc_prk_out(&r->prk, r->th, &prk_out) &&
		  sj_edhoc_prk_exporter(&prk_out, &r->exporter);

	sj_edhoc_prk_end(&prk_out);
	sj_wipe(r->y, sizeof(r->y));
	return ok;
}

/* PRK_4e3m of PRK_3e2m with G_IY. */
static bool extract_4e3m(struct sj_responder *r, struct sj_span key_i)
{
	uint8_t g_iy[SJ_EDHOC_KEY];
	bool ok = sj_edhoc_agree(r->suite, r->y, key_i, g_iy) &&
		  sj_edhoc_next_prk(&r->prk, SJ_EDHOC_SALT_4E3M, r->th, SJ_SPAN_OF(g_iy), &r->prk);

	sj_wipe(g_iy, sizeof(g_iy));
	return ok;
}

static bool proof_3_holds(struct sj_responder *r, const struct sj_edhoc_claim *claim,
			  struct sj_span key_i)
{
	const bool signs = sj_edhoc_initiator_signs(r->method);
	const size_t size = signs ? SJ_EDHOC_HASH : r->suite->mac_size;
	uint8_t mac[SJ_EDHOC_MAC_MAX], bytes[2 * CRED_MAX];
	struct sj_writer m_3 = SJ_WRITER_OF(bytes);
	bool ok;

	if (!signs && !extract_4e3m(r, key_i))
		return false;
	if (!sj_edhoc_mac(&r->prk, SJ_EDHOC_MAC_3, r->th, claim, mac, size))
		return false;
	if (signs) {
		sj_edhoc_signed_put(&m_3, r->th, claim, sj_span(mac, size));
		ok = !m_3.failed &&
		     sj_edhoc_verify(r->suite, key_i, sj_written(&m_3), r->plain.proof);
	} else {
		ok = sj_equal_secret(sj_span(mac, size), r->plain.proof);
	}
	sj_wipe(mac, sizeof(mac));
	return ok;
}

bool sj_responder_check_3(struct sj_responder *r, struct sj_span cred_i, struct sj_span key_i)
{
	const struct sj_span parts[] = { { r->text, r->text_len }, cred_i };
	uint8_t id[SJ_RESPONDER_TEXT];
	struct sj_writer w = SJ_WRITER_OF(id);
	struct sj_edhoc_claim claim = { .cred = cred_i, .ead = r->plain.ead };
	bool ok = r->state == SJ_RESPONDER_GOT_3 && r->method != SJ_EDHOC_PSK;

	if (ok) {
		sj_edhoc_put_id_cred_map(&w, r->plain.id_cred);
		claim.id_cred = sj_written(&w);
		ok = !w.failed && proof_3_holds(r, &claim, key_i) && finish(r, parts, 2);
	}
	return step(r, SJ_RESPONDER_GOT_3, SJ_RESPONDER_DONE, ok);
}

/* PSK draft, 5.3.3. */
static bool open_3b(struct sj_responder *r, struct sj_span psk, struct sj_span cred_i,
		    struct sj_span cred_r, struct sj_span *ead)
{
	uint8_t bytes[512];
	struct sj_writer aad = SJ_WRITER_OF(bytes), plain = SJ_WRITER_OF(r->text_3b);
	struct sj_span parts[] = { r->plain.id_cred, { NULL, 0 }, cred_i, cred_r };
	struct sj_span rest, value;
	int64_t label;

	sj_edhoc_psk_aad_put(&aad, r->plain.id_cred, r->th, cred_i, cred_r);
	if (aad.failed || !sj_edhoc_next_prk(&r->prk, SJ_EDHOC_SALT_4E3M, r->th, psk, &r->prk) ||
	    !sj_edhoc_open(r->suite, &r->prk, SJ_EDHOC_K_3, r->th, sj_written(&aad), r->plain.proof,
			   &plain))
		return false;
	*ead = sj_written(&plain);
	for (rest = *ead; rest.len > 0;)
		if (!sj_edhoc_ead_next(&rest, &label, &value))
			return false;
	parts[1] = *ead;
	return finish(r, parts, 4);
}

bool sj_responder_check_psk(struct sj_responder *r, struct sj_span psk, struct sj_span cred_i,
			    struct sj_span cred_r, struct sj_span *ead)
{
	const bool ok = r->state == SJ_RESPONDER_GOT_3 && r->method == SJ_EDHOC_PSK &&
			open_3b(r, psk, cred_i, cred_r, ead);

	return step(r, SJ_RESPONDER_GOT_3, SJ_RESPONDER_DONE, ok);
}

/* --- message_4 and errors ----------------------------------------------------------- */

bool sj_responder_message_4(struct sj_responder *r, struct sj_span ead_4, struct sj_writer *out)
{
	uint8_t bytes[SJ_RESPONDER_TEXT];
	struct sj_writer sealed = SJ_WRITER_OF(bytes);

	if (r->state != SJ_RESPONDER_DONE || !sj_edhoc_seal(r->suite, &r->prk, SJ_EDHOC_K_4, r->th,
							    SJ_SPAN_OF(r->th), ead_4, &sealed))
		return fail(r);
	sj_cbor_put_bytes(out, sj_written(&sealed));
	return !out->failed;
}

/* SUITES_R (RFC 9528, 6.3): the suite to select, or all that there are. */
void sj_responder_error(struct sj_responder *r, struct sj_writer *out)
{
	const uint8_t better = (uint8_t)r->better;
	struct sj_span suites = { r->suites, r->suite_count };

	if (r->state != SJ_RESPONDER_FAILED)
		(void)fail(r);
	if (r->error == SJ_EDHOC_WRONG_SUITE && r->better >= 0)
		suites = sj_span(&better, 1);
	sj_edhoc_error_put(out, r->error, suites);
}
