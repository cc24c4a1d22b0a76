/* gate_card.c -- EDHOC's Initiator as a card of the gate profile, for tests. */
#include "tests/reader/gate_stage.h"

#include <string.h>

#include "crypt/wipe.h"
#include "wire/apdu.h"
#include "wire/sw.h"
#include "wire/tlv.h"

static const struct sj_span empty;

static const struct sj_edhoc_suite *suite(void)
{
	return sj_edhoc_suite(SJ_GATE_SUITE);
}

/* --- message_1 ------------------------------------------------------------------------ */

static bool on_select(struct test_card *c, const struct sj_apdu *a, struct sj_writer *out)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_span data = a->data, aid;
	size_t fci, own;
	uint8_t bytes[64];
	struct sj_writer m = SJ_WRITER_OF(bytes);

	c->selects++;
	c->confirmed = false;
	if (c->mood == NO_APPLICATION || !sj_take(&data, sj_gate_aid().len, &aid) ||
	    !sj_span_eq(aid, sj_gate_aid()) || (data.len > 0 && c->mood == NO_SUFFIX))
		return false;
	c->resuming = data.len > 0 && c->has_ticket;
	if (!sj_edhoc_keygen(suite(), &rnd, c->x, c->g_x))
		return false;
	sj_edhoc_message_1_put(&m, c->resuming ? SJ_EDHOC_PSK : SJ_EDHOC_DH_DH, SJ_SPAN_STR("\3"),
			       SJ_SPAN_OF(c->g_x), sj_gate_c_i(), empty);
	fci = sj_tlv_open(out);
	sj_tlv_put(out, 0x84, sj_gate_aid());
	own = sj_tlv_open(out);
	sj_tlv_put(out, 0x80, SJ_SPAN_STR("\1"));
	sj_tlv_put(out, 0x81, sj_written(&m));
	sj_tlv_close(out, 0xA5, own);
	sj_tlv_close(out, 0x6F, fci);
	return sj_hash(SJ_SHA256, &(struct sj_span){ m.ptr, m.len }, 1, m.ptr) &&
	       memcpy(c->th, m.ptr, SJ_EDHOC_HASH) != NULL;
}

/* --- message_2 to message_3 --------------------------------------------------------------- */

static bool finish(struct test_card *c, const struct sj_span *parts, size_t n)
{
	struct sj_edhoc_prk out = { 0 };
	const bool ok = sj_edhoc_th_next(c->th, parts, n) &&
			sj_edhoc_prk_out(&c->prk, c->th, &out) &&
			sj_edhoc_prk_exporter(&out, &c->exporter);

	sj_edhoc_prk_end(&out);
	return ok;
}

/* Method 3, behind TH_2 and PRK_2e: *text is PLAINTEXT_2. */
static bool answer_full(struct test_card *c, struct sj_span cred_r, struct sj_span g_y,
			struct sj_span text, struct sj_writer *out)
{
	uint8_t shared[SJ_EDHOC_KEY], mac[16], id[SJ_CWT_MAX + 4], plain[512], ead[64];
	struct sj_writer i = SJ_WRITER_OF(id), p = SJ_WRITER_OF(plain), e = SJ_WRITER_OF(ead);
	struct sj_edhoc_claim claim = { sj_gate_c_r(), SJ_SPAN_STR("\xA1\x04\x41\x02"), cred_r,
					empty };
	struct sj_span cred_i = { c->credential, c->credential_len }, parts[2] = { text, cred_r };
	struct sj_edhoc_plaintext m2;
	struct sj_edhoc_prk prk_3 = { 0 };
	struct sj_ec_secret key = c->key;
	struct sj_cwt reader;
	bool ok;

	if (c->mood == WRONG_KEY)
		key.bytes[31] ^= 1;
	ok = sj_edhoc_plaintext_2_parse(text, &m2) && sj_cwt_parse(cred_r, &reader) &&
	     sj_edhoc_agree(suite(), c->x, reader.key_x, shared) &&
	     sj_edhoc_next_prk(&c->prk, SJ_EDHOC_SALT_3E2M, c->th, SJ_SPAN_OF(shared), &c->prk) &&
	     sj_edhoc_mac(&c->prk, SJ_EDHOC_MAC_2, c->th, &claim, mac, 16) &&
	     sj_span_eq(SJ_SPAN_OF(mac), m2.proof) && sj_edhoc_th_next(c->th, parts, 2);
	sj_edhoc_prk_set(&prk_3, c->prk.bytes);
	sj_put(&i, SJ_SPAN_STR("\xA1\x0D"));
	sj_put(&i, cred_i);
	sj_gate_ead_3_put(&e, &c->ead);
	claim = (struct sj_edhoc_claim){ empty, sj_written(&i), cred_i, sj_written(&e) };
	ok = ok && sj_edhoc_agree(suite(), key.bytes, g_y, shared) &&
	     sj_edhoc_next_prk(&c->prk, SJ_EDHOC_SALT_4E3M, c->th, SJ_SPAN_OF(shared), &c->prk) &&
	     sj_edhoc_mac(&c->prk, SJ_EDHOC_MAC_3, c->th, &claim, mac, 16);
	sj_put(&p, claim.id_cred);
	sj_cbor_put_bytes(&p, SJ_SPAN_OF(mac));
	sj_put(&p, claim.ead);
	parts[0] = sj_written(&p);
	parts[1] = cred_i;
	ok = ok &&
	     sj_edhoc_seal(suite(), &prk_3, SJ_EDHOC_K_3, c->th, SJ_SPAN_OF(c->th), sj_written(&p),
			   out) &&
	     finish(c, parts, 2);
	sj_wipe(shared, sizeof(shared));
	sj_wipe(&key, sizeof(key));
	sj_edhoc_prk_end(&prk_3);
	return ok;
}

/* Method 4. */
static bool answer_resuming(struct test_card *c, struct sj_span text, struct sj_writer *out)
{
	uint8_t i[SJ_GATE_PSK_CRED], r[SJ_GATE_PSK_CRED], aad[300], sealed[32];
	struct sj_writer a = SJ_WRITER_OF(aad), s = SJ_WRITER_OF(sealed);
	struct sj_edhoc_prk prk_3 = { 0 };
	struct sj_span parts[4] = { text };
	size_t start;
	bool ok;

	ok = sj_edhoc_th_next(c->th, parts, 1) && sj_gate_psk_cred('I', SJ_SPAN_OF(c->ticket), i) &&
	     sj_gate_psk_cred('R', SJ_SPAN_OF(c->ticket), r);
	sj_edhoc_prk_set(&prk_3, c->prk.bytes);
	if (c->mood == WRONG_PSK)
		c->psk[0] ^= 1;
	sj_edhoc_put_id(out, SJ_SPAN_OF(c->ticket));
	parts[0] = sj_written(out);
	parts[2] = SJ_SPAN_OF(i);
	parts[3] = SJ_SPAN_OF(r);
	sj_edhoc_psk_aad_put(&a, parts[0], c->th, parts[2], parts[3]);
	ok = ok &&
	     sj_edhoc_next_prk(&c->prk, SJ_EDHOC_SALT_4E3M, c->th, SJ_SPAN_OF(c->psk), &c->prk) &&
	     sj_edhoc_seal(suite(), &c->prk, SJ_EDHOC_K_3, c->th, sj_written(&a), empty, &s);
	start = out->len;
	sj_cbor_put_bytes(out, sj_written(&s));
	ok = ok && start < out->len &&
	     sj_edhoc_stream(&prk_3, SJ_EDHOC_KEYSTREAM_3A, c->th, out->ptr, out->len);
	sj_edhoc_prk_end(&prk_3);
	/* TH_4 takes the ticket in the clear. */
	a = SJ_WRITER_OF(aad);
	sj_edhoc_put_id(&a, SJ_SPAN_OF(c->ticket));
	parts[0] = sj_written(&a);
	if (c->mood != KEEPS_TICKET)
		c->has_ticket = false;
	return ok && finish(c, parts, 4);
}

static bool on_message_2(struct test_card *c, struct sj_span template, struct sj_writer *out)
{
	uint8_t shared[SJ_EDHOC_KEY], bytes[512], message[512];
	struct sj_writer w = SJ_WRITER_OF(bytes), m = SJ_WRITER_OF(message);
	struct sj_span cred = empty, m2, g_y, text;
	size_t at;
	bool ok;

	if (sj_tlv_take(&template, SJ_GATE_TAG_CREDENTIAL, &cred) == SJ_TLV_MALFORMED ||
	    sj_tlv_take(&template, SJ_GATE_TAG_MESSAGE_2, &m2) != SJ_TLV_FOUND ||
	    !sj_edhoc_message_2_parse(m2, &g_y, &text) || (cred.len == 0) != c->resuming)
		return false;
	sj_put(&w, text);
	ok = sj_edhoc_agree(suite(), c->x, g_y, shared) && sj_edhoc_th_2(g_y, c->th, c->th) &&
	     sj_edhoc_extract(&c->prk, SJ_SPAN_OF(c->th), SJ_SPAN_OF(shared)) &&
	     sj_edhoc_stream(&c->prk, SJ_EDHOC_KEYSTREAM_2, c->th, w.ptr, w.len) &&
	     (c->resuming ? answer_resuming(c, sj_written(&w), &m)
			  : answer_full(c, cred, g_y, sj_written(&w), &m));
	sj_wipe(shared, sizeof(shared));
	if (!ok || m.failed)
		return false;
	w = SJ_WRITER_OF(bytes);
	sj_cbor_put_bytes(&w, sj_written(&m));
	at = sj_tlv_open(out);
	sj_tlv_put(out, SJ_GATE_TAG_MESSAGE_3, sj_written(&w));
	sj_tlv_close(out, 0x7C, at);
	return true;
}

/* --- after the decision ----------------------------------------------------------------------- */

static bool on_message_4(struct test_card *c, struct sj_span message)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span sealed, ticket;

	if (!sj_edhoc_message_parse(message, &sealed) ||
	    !sj_edhoc_open(suite(), &c->prk, SJ_EDHOC_K_4, c->th, SJ_SPAN_OF(c->th), sealed, &w) ||
	    !sj_gate_ead_4_parse(sj_written(&w), &ticket) ||
	    !sj_gate_channel_make(&c->exporter, &c->channel))
		return false;
	c->confirmed = true;
	if (ticket.len == 0 || c->mood == KEEPS_TICKET)
		return true;
	memcpy(c->ticket, ticket.ptr, ticket.len);
	c->has_ticket = sj_gate_psk(&c->exporter, ticket, c->psk);
	return c->has_ticket;
}

static bool on_object(struct test_card *c, struct sj_span sealed, struct sj_writer *out)
{
	uint8_t bytes[300], type, answer = SJ_OBJECT_DONE;
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span content, reply = empty;
	size_t at = sj_tlv_open(out);

	if (!c->confirmed || !sj_gate_object_open(c->channel.to_card, c->channel.received++, sealed,
						  &w, &type, &content))
		return false;
	if (type == SJ_OBJECT_WANT_HEAD && c->head_len > 0) {
		answer = SJ_OBJECT_HEAD;
		reply = sj_span(c->head, c->head_len);
	} else if (type == SJ_OBJECT_LINK) {
		c->tokens++;
	} else if (type == SJ_OBJECT_HEAD && c->mood == DENIES_HEAD && c->tokens < 2) {
		answer = SJ_OBJECT_REFUSED;
	} else if (type != SJ_OBJECT_WANT_HEAD) {
		c->taken_type = type;
		c->taken_len = content.len;
		memcpy(c->taken, content.ptr, content.len);
	}
	w = SJ_WRITER_OF(bytes);
	if (!sj_gate_object_seal(c->channel.to_gate, c->channel.sent++, answer, reply, &w))
		return false;
	sj_tlv_put(out, SJ_GATE_TAG_OBJECT, sj_written(&w));
	sj_tlv_close(out, 0x7C, at);
	return true;
}

static bool on_authenticate(struct test_card *c, struct sj_span data, struct sj_writer *out)
{
	struct sj_span template, value;

	if (sj_tlv_take(&data, 0x7C, &template) != SJ_TLV_FOUND)
		return false;
	if (sj_tlv_find(template, SJ_GATE_TAG_MESSAGE_4, &value) == SJ_TLV_FOUND)
		return on_message_4(c, value);
	if (sj_tlv_find(template, SJ_GATE_TAG_OBJECT, &value) == SJ_TLV_FOUND)
		return on_object(c, value, out);
	return c->mood != REFUSES_GATE && on_message_2(c, template, out);
}

size_t card_answer(struct test_card *c, struct sj_span command, uint8_t response[static 300])
{
	struct sj_writer w = sj_writer(response, 300);
	struct sj_apdu a;
	size_t len;

	if (!sj_apdu_parse(command, &a))
		return 0;
	if (a.ins == 0xA4) {
		if (!on_select(c, &a, &w))
			w.len = 0;
		sj_put_be(&w, 2, w.len > 0 ? SJ_SW_OK : SJ_SW_NOT_FOUND);
	} else {
		if (!on_authenticate(c, a.data, &w)) {
			w.len = 0;
			sj_put(&w, SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60"));
		}
		sj_put_be(&w, 2, SJ_SW_OK);
	}
	len = w.len;
	if (c->meddle != NULL)
		c->meddle(c, c->step, response, &len);
	c->step++;
	return len;
}

void card_end(struct test_card *c)
{
	sj_edhoc_prk_end(&c->prk);
	sj_edhoc_prk_end(&c->exporter);
	sj_wipe(c->x, sizeof(c->x));
	sj_wipe(&c->channel, sizeof(c->channel));
}
