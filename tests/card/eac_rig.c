#include "tests/card/eac_rig.h"

#include "secure/ca.h"
#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

/* --- certificates -------------------------------------------------------------- */

void eac_enter(struct eac_holder *h, const char *key, const char *name, enum sj_cvc_terminal kind,
	       enum sj_cvc_role role)
{
	memset(h, 0, sizeof(*h));
	h->key = sj_key_generate(key);
	assert_non_null(h->key);
	assert_true(sj_cvc_key_of(h->key, &h->point, &h->plan.key));
	h->plan.holder = sj_span((const uint8_t *)name, strlen(name));
	h->plan.rights = sj_cvc_all_rights(kind, role);
	h->plan.from = EAC_2026;
	h->plan.until = EAC_2026 + 364 * EAC_DAY;
}

void eac_sign(struct eac_holder *h, const struct eac_holder *by)
{
	struct sj_writer w = SJ_WRITER_OF(h->bytes);

	h->plan.authority = by->plan.holder;
	assert_true(sj_cvc_put(&w, &h->plan, by->key));
	h->len = w.len;
}

void eac_serve(struct eac_holder *h, uint8_t sector, uint8_t service, uint32_t operator_id)
{
	const struct sj_cvc_service plan = { sector, service, operator_id };
	struct sj_writer w = SJ_WRITER_OF(h->extensions);

	sj_cvc_service_put(&w, &plan);
	h->plan.extensions = sj_written(&w);
}

void eac_forget(struct eac_holder *h)
{
	sj_key_free(h->key);
	h->key = NULL;
}

void eac_chain(struct eac_chain *c, const char *key, enum sj_cvc_terminal kind)
{
	eac_enter(&c->cvca, key, "UTCVCA00001", kind, SJ_CVC_CVCA);
	eac_enter(&c->dv, key, "UTDV00001", kind, SJ_CVC_DV_DOMESTIC);
	eac_enter(&c->terminal, key, "UTTERM00001", kind, SJ_CVC_TERMINAL);
	eac_sign(&c->cvca, &c->cvca);
	eac_sign(&c->dv, &c->cvca);
	eac_sign(&c->terminal, &c->dv);
}

void eac_chain_forget(struct eac_chain *c)
{
	eac_forget(&c->cvca);
	eac_forget(&c->dv);
	eac_forget(&c->terminal);
}

/* --- cards ----------------------------------------------------------------------- */

static void take_key(struct bench *b, struct sj_ec_point *out)
{
	enum sj_curve curve;

	assert_true(sj_ec_spki_read(b->data, &curve, out));
	assert_int_equal(curve, SJ_BP256R1);
}

static void make_keys(struct eac_card *c)
{
	uint8_t bytes[40];

	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++) {
		const uint8_t value[] = { sector, SJ_BP256R1, 0x02, 0x2A };

		assert_int_equal(bench_dgi(c->b, 0x0016, SJ_SPAN_OF(value)), SJ_SW_OK);
		take_key(c->b, &c->keys[sector]);
		memset(bytes, EAC_CARD_SECURITY(sector), sizeof(bytes));
		assert_int_equal(
			bench_file(c->b, 0x3F00, (uint16_t)(0x1D00 + sector), SJ_SPAN_OF(bytes)),
			SJ_SW_OK);
	}
}

void eac_personalise(struct eac_card *c, struct bench *b, const struct eac_plan *plan)
{
	uint8_t kind[5];
	struct sj_writer w = SJ_WRITER_OF(kind);

	c->b = b;
	assert_int_equal(bench_dgi_hex(b, 0x0001, plan->access != NULL ? plan->access : EAC_ACCESS),
			 SJ_SW_OK);
	for (size_t i = 0; i < 4 && plan->anchors[i].len > 0; i++)
		assert_int_equal(bench_dgi(b, 0x0017, plan->anchors[i]), SJ_SW_OK);
	sj_put_u8(&w, (uint8_t)plan->flags);
	sj_put_be(&w, 4, (uint32_t)plan->date);
	if (plan->flags != 0)
		assert_int_equal(bench_dgi(b, 0x0018, sj_written(&w)), SJ_SW_OK);
	if (plan->ca1) {
		assert_int_equal(bench_dgi_hex(b, 0x0011, "0D0301"), SJ_SW_OK);
		take_key(b, &c->keys[0]);
	}
	if (plan->keys)
		make_keys(c);
	bench_perso_files(b);
	assert_int_equal(bench_file(b, 0x0101, 0x0104, HEX("760400112233")), SJ_SW_OK);
}

void eac_issue(struct eac_card *c, const struct eac_plan *plan)
{
	struct bench *b = bench_new();

	bench_install(b);
	eac_personalise(c, b, plan);
	if ((plan->flags & CARD_EAC_EID) != 0)
		eid_personalise_all(b, &c->ri);
	if (!plan->unlocked)
		bench_lock(b);
}

void eac_issue_eid(struct eac_card *c, const struct eac_chain *chain)
{
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026,
				       .anchors = { eac_made(&chain->cvca) },
				       .keys = true };

	eac_issue(c, &plan);
}

/* --- PACE with a CHAT ---------------------------------------------------------------- */

void eac_terminal(struct eac_terminal *t, struct eac_card *card, const struct eac_chain *chain)
{
	const struct sj_random random = sj_random_system();
	const bool at = chain->terminal.plan.rights.terminal == SJ_CVC_AUTHENTICATION;

	*t = (struct eac_terminal){ .card = card,
				    .chain = chain,
				    .chat = chain->terminal.plan.rights,
				    .kind = at ? SJ_PACE_PIN : SJ_PACE_CAN,
				    .password = at ? EAC_PIN : CAN };
	assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &t->sk));
	assert_true(sj_ec_multiply(SJ_BP256R1, &t->sk, NULL, &t->pk));
}

/* MSE:Set AT with 7F4C, and 65 if the rights have extensions. Kind 0: without both. */
static uint16_t pace_set_chat(struct eac_terminal *t)
{
	static const uint8_t oid[] = { 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02, 0x02 };
	const uint8_t kind = (uint8_t)t->kind;
	uint8_t data[256];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4 };
	size_t at;

	sj_tlv_put(&w, 0x80, SJ_SPAN_OF(oid));
	sj_tlv_put(&w, 0x83, sj_span(&kind, 1));
	if (t->chat.terminal != 0) {
		sj_cvc_chat_put(&w, &t->chat);
		at = sj_tlv_open(&w);
		sj_cvc_extras_put(&w, &t->chat);
		if (w.len > at)
			sj_tlv_close(&w, 0x65, at);
	}
	apdu.data = sj_written(&w);
	return bench_send(t->card->b, &apdu);
}

/* A name that PACE's answer may carry. */
static void keep_name(struct eac_terminal *t, size_t i, struct sj_span answer)
{
	struct sj_span content, value;

	t->cars[i] = sj_span(NULL, 0);
	if (sj_tlv_take(&answer, 0x7C, &content) != SJ_TLV_FOUND ||
	    sj_tlv_find(content, i == 0 ? 0x87 : 0x88, &value) != SJ_TLV_FOUND)
		return;
	assert_true(value.len <= SJ_CVC_REFERENCE_MAX);
	memcpy(t->names[i], value.ptr, value.len);
	t->cars[i] = sj_span(t->names[i], value.len);
}

uint16_t eac_pace(struct eac_terminal *t)
{
	struct bench *b = t->card->b;
	struct pace_reader p;
	uint16_t sw;

	pace_init(&p, b, SUITE_DEFAULT, t->kind, t->password);
	sw = pace_set_chat(t);
	if (sw == SJ_SW_OK || (sw & 0xFFF0) == SJ_SW_COUNTER)
		sw = pace_nonce(&p);
	if (sw == SJ_SW_OK)
		sw = pace_map(&p);
	if (sw == SJ_SW_OK)
		sw = pace_agree(&p);
	if (sw == SJ_SW_OK)
		sw = pace_confirm(&p);
	if (sw != SJ_SW_OK)
		return sw;
	keep_name(t, 0, b->data);
	keep_name(t, 1, b->data);
	t->id_icc_len = 32;
	memcpy(t->id_icc, p.pk_dh_ic.bytes + 1, t->id_icc_len);
	return sw;
}

/* --- Terminal Authentication ----------------------------------------------------------- */

uint16_t eac_dst(struct eac_terminal *t, struct sj_span name)
{
	uint8_t data[64];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x81, .p2 = 0xB6 };

	sj_tlv_put(&w, 0x83, name);
	apdu.data = sj_written(&w);
	return bench_send(t->card->b, &apdu);
}

uint16_t eac_pso(struct eac_terminal *t, struct sj_span certificate)
{
	struct sj_apdu apdu = { .ins = 0x2A, .p2 = 0xBE };

	assert_int_equal(sj_tlv_take(&certificate, 0x7F21, &apdu.data), SJ_TLV_FOUND);
	return bench_send(t->card->b, &apdu);
}

uint16_t eac_verify(struct eac_terminal *t, const struct eac_holder *h)
{
	const uint16_t sw = eac_dst(t, h->plan.authority);

	return sw == SJ_SW_OK ? eac_pso(t, eac_made(h)) : sw;
}

uint16_t eac_verify_chain(struct eac_terminal *t)
{
	const uint16_t sw = eac_verify(t, &t->chain->dv);

	return sw == SJ_SW_OK ? eac_verify(t, &t->chain->terminal) : sw;
}

uint16_t eac_ta_set(struct eac_terminal *t)
{
	const struct sj_cvc_key *key = &t->chain->terminal.plan.key;
	uint8_t data[384];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x81, .p2 = 0xA4 };

	sj_tlv_put(&w, 0x80, sj_ta_oid(key->scheme, key->hash));
	sj_tlv_put(&w, 0x83, t->chain->terminal.plan.holder);
	sj_put(&w, t->aux);
	sj_tlv_put(&w, 0x91, sj_ec_comp(SJ_BP256R1, &t->pk));
	apdu.data = sj_written(&w);
	return bench_send(t->card->b, &apdu);
}

uint16_t eac_challenge(struct eac_terminal *t)
{
	if (bench_do(t->card->b, "0084000008") == SJ_SW_OK) {
		assert_int_equal(t->card->b->data.len, SJ_TA_CHALLENGE);
		memcpy(t->challenge, t->card->b->data.ptr, SJ_TA_CHALLENGE);
	}
	return t->card->b->sw;
}

uint16_t eac_external(struct eac_terminal *t)
{
	const struct sj_ta_signed s = { .id_icc = sj_span(t->id_icc, t->id_icc_len),
					.challenge = SJ_SPAN_OF(t->challenge),
					.ephemeral = sj_ec_comp(SJ_BP256R1, &t->pk),
					.auxiliary = t->aux };
	uint8_t message[512], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer m = SJ_WRITER_OF(message), w = SJ_WRITER_OF(signature);
	struct sj_apdu apdu = { .ins = 0x82 };
	struct sj_span parts[SJ_TA_PARTS];

	sj_ta_parts(&s, parts);
	for (size_t i = 0; i < SJ_TA_PARTS; i++)
		sj_put(&m, parts[i]);
	assert_true(sj_key_sign_plain(t->chain->terminal.key, sj_written(&m), &w));
	apdu.data = sj_written(&w);
	return bench_send(t->card->b, &apdu);
}

/* --- Chip Authentication ------------------------------------------------------------------ */

static uint16_t ca_set(struct bench *b)
{
	uint8_t data[32];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x41, .p2 = 0xA4 };

	sj_tlv_put(&w, 0x80, sj_ca_oid(SJ_CIPHER_AES128));
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

uint16_t eac_ca_set(struct eac_terminal *t)
{
	return ca_set(t->card->b);
}

uint16_t eac_ca_agree(struct eac_terminal *t, const struct sj_ec_secret *sk,
		      const struct sj_ec_point *pk)
{
	struct bench *b = t->card->b;
	uint8_t token[SJ_MAC_SIZE], nonce[SJ_CA2_NONCE];
	struct sj_span given, mac;
	struct sj_sm_keys keys;

	if (general_authenticate(b, false, 0x80, sj_ec_point_span(pk)) != SJ_SW_OK)
		return b->sw;
	given = dynamic_object(b, 0x81);
	mac = dynamic_object(b, 0x82);
	assert_int_equal(given.len, SJ_CA2_NONCE);
	memcpy(nonce, given.ptr, sizeof(nonce));
	assert_true(sj_ca2_session(SJ_CIPHER_AES128, SJ_BP256R1, sk, &t->card->keys[t->sector],
				   nonce, &keys));
	assert_true(sj_ca2_token(&keys, SJ_CIPHER_AES128, pk, token));
	assert_true(sj_span_eq(mac, SJ_SPAN_OF(token)));
	b->keys = keys;
	b->ssc = (struct sj_ssc){ { 0 } };
	return SJ_SW_OK;
}

uint16_t eac_step(struct eac_terminal *t, enum eac_step step)
{
	switch (step) {
	case EAC_PACE:
		return eac_pace(t);
	case EAC_CHAIN:
		return eac_verify_chain(t);
	case EAC_SET:
		return eac_ta_set(t);
	case EAC_CHALLENGE:
		return eac_challenge(t);
	case EAC_TA:
		return eac_external(t);
	case EAC_CA_SET:
		return eac_ca_set(t);
	case EAC_CA:
		break;
	}
	return eac_ca_agree(t, &t->sk, &t->pk);
}

uint16_t eac_until(struct eac_terminal *t, enum eac_step last)
{
	uint16_t sw = SJ_SW_OK;

	for (enum eac_step step = EAC_PACE; step <= last && sw == SJ_SW_OK; step++)
		sw = eac_step(t, step);
	return sw;
}

/* --- version 1 ------------------------------------------------------------------------ */

uint16_t eac_ca1(struct eac_terminal *t, const struct sj_ec_point *card_key)
{
	struct bench *b = t->card->b;
	uint16_t sw = ca_set(b);

	if (sw == SJ_SW_OK)
		sw = general_authenticate(b, false, 0x80, sj_ec_point_span(&t->pk));
	if (sw != SJ_SW_OK)
		return sw;
	assert_true(sj_ca_session(SJ_CIPHER_AES128, SJ_BP256R1, &t->sk, card_key, &b->keys));
	b->ssc = (struct sj_ssc){ { 0 } };
	return sw;
}

uint16_t eac_ta1_set(struct eac_terminal *t)
{
	uint8_t data[64];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x81, .p2 = 0xA4 };

	sj_tlv_put(&w, 0x83, t->chain->terminal.plan.holder);
	apdu.data = sj_written(&w);
	return bench_send(t->card->b, &apdu);
}
