#include "tests/card/gate_rig.h"

#include "tests/by_scalar.h"

/* --- tokens ------------------------------------------------------------------------------ */

void signer_make(struct signer *s)
{
	struct sj_random rnd = sj_random_system();

	assert_true(sj_ec_secret_random(SJ_P256, &rnd, &s->key));
	assert_true(sj_ec_multiply(SJ_P256, &s->key, NULL, &s->point));
}

void token_make(struct rig_token *out, const struct sj_cwt *claims, const struct signer *s)
{
	struct sj_writer w = SJ_WRITER_OF(out->bytes);

	assert_true(cwt_put_by(&w, claims, &s->key));
	out->len = w.len;
}

void signer_token(struct rig_token *out, const struct signer *s, uint8_t role, uint32_t nbf,
		  const struct signer *by)
{
	const struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				       .issuer = SJ_SPAN_STR(RIG_ISSUER),
				       .not_before = nbf,
				       .expires = nbf + 3650 * RIG_DAY,
				       .key_x = sj_span(s->point.bytes + 1, SJ_CWT_KEY),
				       .key_y = sj_span(s->point.bytes + 33, SJ_CWT_KEY),
				       .signer = role };

	token_make(out, &claims, by);
}

void head_token(struct rig_token *out, uint32_t epoch, uint32_t nbf, const struct signer *by)
{
	uint8_t head[64] = { 0 };
	struct sj_writer w = SJ_WRITER_OF(head);
	const struct sj_cwt claims = { .kind = SJ_CWT_HEAD,
				       .issuer = SJ_SPAN_STR(RIG_ISSUER),
				       .not_before = nbf,
				       .expires = nbf + RIG_DAY,
				       .head = SJ_SPAN_OF(head) };

	sj_put_be(&w, 4, epoch);
	token_make(out, &claims, by);
}

void issuer_make(struct issuer *ca)
{
	signer_make(&ca->ca);
	signer_make(&ca->status);
	signer_token(&ca->ca_token, &ca->ca, SJ_CWT_GATE_CA, RIG_NOW - 400 * RIG_DAY, &ca->ca);
	signer_token(&ca->status_token, &ca->status, SJ_CWT_STATUS_SIGNER, RIG_NOW - 300 * RIG_DAY,
		     &ca->ca);
}

void reader_sign(struct rig_reader *r, const struct signer *by)
{
	r->claims.key_x = SJ_SPAN_OF(r->x);
	token_make(&r->token, &r->claims, by);
}

void reader_make(struct rig_reader *r, const struct issuer *ca)
{
	struct sj_random rnd = sj_random_system();

	*r = (struct rig_reader){ 0 };
	assert_true(sj_edhoc_keygen(sj_edhoc_suite(SJ_GATE_SUITE), &rnd, r->key, r->x));
	r->claims =
		(struct sj_cwt){ .kind = SJ_CWT_READER,
				 .issuer = SJ_SPAN_STR(RIG_ISSUER),
				 .not_before = RIG_NOW,
				 .expires = RIG_NOW + SJ_GATE_READER_LIFE,
				 .reader = { RIG_OPERATOR, SJ_SECTOR_TRANSPORT, 1, 0xFFFFFFFF } };
	reader_sign(r, &ca->ca);
}

/* --- the card ------------------------------------------------------------------------------ */

void gate_install(struct bench *b)
{
	bench_manage(b);
	assert_int_equal(bench_do(b, "80E620000F000009F0534F4A4F55524E0100000000"), SJ_SW_OK);
	b->block = 0;
}

static void give_anchor(struct bench *b, uint8_t role, const struct rig_token *token)
{
	uint8_t value[1 + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, role);
	sj_put(&w, token_span(token));
	assert_int_equal(bench_dgi(b, 0x0002, sj_written(&w)), SJ_SW_OK);
}

static void give_credential(struct bench *b, uint8_t sector, uint8_t slot, struct sj_span x,
			    const struct issuer *ca)
{
	const struct sj_cwt claims = { .kind = SJ_CWT_CARD,
				       .issuer = SJ_SPAN_STR(RIG_ISSUER),
				       .not_before = RIG_NOW - RIG_DAY,
				       .expires = RIG_NOW + 365 * RIG_DAY,
				       .key_x = x,
				       .status = { 96, 1000u + 8u * sector + slot } };
	struct rig_token token;
	uint8_t value[2 + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(value);

	token_make(&token, &claims, &ca->ca);
	sj_put_u8(&w, sector);
	sj_put_u8(&w, slot);
	sj_put(&w, token_span(&token));
	assert_int_equal(bench_dgi(b, 0x0012, sj_written(&w)), SJ_SW_OK);
}

void gate_personalise_all(struct bench *b, const struct issuer *ca)
{
	uint8_t value[9], keys[SJ_GATE_SLOTS * SJ_EDHOC_KEY];
	struct sj_writer w = SJ_WRITER_OF(value);

	gate_install(b);
	sj_put(&w, HEX("01" RIG_BORN));
	sj_put_be(&w, 4, RIG_NOW - RIG_DAY);
	assert_int_equal(bench_dgi(b, 0x0000, sj_span(NULL, 0)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0001, sj_written(&w)), SJ_SW_OK);
	give_anchor(b, SJ_CWT_GATE_CA, &ca->ca_token);
	give_anchor(b, SJ_CWT_STATUS_SIGNER, &ca->status_token);
	for (uint8_t sector = 1; sector <= SJ_GATE_SECTORS; sector++) {
		assert_int_equal(bench_dgi(b, 0x0011, sj_span(&sector, 1)), SJ_SW_OK);
		assert_int_equal(b->data.len, sizeof(keys));
		memcpy(keys, b->data.ptr, sizeof(keys));
		for (uint8_t slot = 0; slot < SJ_GATE_SLOTS; slot++)
			give_credential(b, sector, slot,
					sj_span(keys + SJ_EDHOC_KEY * slot, SJ_EDHOC_KEY), ca);
	}
}

struct bench *gate_card(const struct issuer *ca)
{
	struct bench *b = bench_new();

	gate_issue(b, ca);
	return b;
}

void gate_issue(struct bench *b, const struct issuer *ca)
{
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	gate_personalise_all(b, ca);
	bench_lock(b);
}

int gate_room_setup(void **state)
{
	struct gate_room *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->tap = calloc(1, sizeof(*r->tap));
	assert_non_null(r->tap);
	issuer_make(&r->ca);
	reader_make(&r->reader, &r->ca);
	r->tap->b = gate_card(&r->ca);
	*state = r;
	return 0;
}

int gate_room_teardown(void **state)
{
	struct gate_room *r = *state;

	tap_end(r->tap);
	bench_free(r->tap->b);
	free(r->tap);
	free(r);
	return 0;
}

/* --- commands ------------------------------------------------------------------------------- */

uint16_t gate_send(struct bench *b, struct sj_span objects)
{
	uint8_t data[1024];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .ne = 256 };

	sj_tlv_put(&w, 0x7C, objects);
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

void assert_refused(struct bench *b)
{
	assert_int_equal(b->sw, SJ_SW_OK);
	assert_bytes(b->data, GATE_REFUSED);
	assert_int_equal(bench_hex(b, "00870000027C0000"), SJ_SW_CONDITIONS);
}

/* --- a tap ------------------------------------------------------------------------------------ */

/* 6F { 84 AID, A5 { 80 01, 81 message_1 } } */
static struct sj_span message_1_of(struct sj_span response)
{
	struct sj_span fci, name, proprietary, version, message_1;

	assert_int_equal(sj_tlv_take(&response, 0x6F, &fci), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&fci, 0x84, &name), SJ_TLV_FOUND);
	assert_true(sj_span_eq(name, sj_gate_aid()));
	assert_int_equal(sj_tlv_take(&fci, 0xA5, &proprietary), SJ_TLV_FOUND);
	assert_int_equal(fci.len, 0);
	assert_int_equal(sj_tlv_take(&proprietary, 0x80, &version), SJ_TLV_FOUND);
	assert_true(version.len == 1 && version.ptr[0] == SJ_GATE_VERSION);
	assert_int_equal(sj_tlv_take(&proprietary, 0x81, &message_1), SJ_TLV_FOUND);
	assert_int_equal(proprietary.len, 0);
	return message_1;
}

bool tap_try_select(struct tap *t, bool named, uint32_t operator_id)
{
	uint8_t name[16];
	struct sj_writer w = SJ_WRITER_OF(name);
	struct sj_apdu apdu = { .ins = 0xA4, .p1 = 0x04, .ne = 256 };
	struct sj_span message_1;

	sj_put(&w, sj_gate_aid());
	if (named)
		sj_put_be(&w, SJ_GATE_OPERATOR, operator_id);
	apdu.data = sj_written(&w);
	if (bench_send(t->b, &apdu) != SJ_SW_OK)
		return false;
	message_1 = message_1_of(t->b->data);
	responder_take_1(&t->r, message_1);
	assert_int_equal(t->r.suite->id, SJ_GATE_SUITE);
	memcpy(t->x, t->r.g_x, sizeof(t->x));
	assert_int_equal(message_1.len, 37);
	assert_int_equal(message_1.ptr[36], 0); /* C_I; no EAD_1 */
	return true;
}

uint8_t tap_select(struct tap *t, bool named, uint32_t operator_id)
{
	assert_true(tap_try_select(t, named, operator_id));
	return t->r.method;
}

void tap_make_2(struct tap *t, const struct rig_reader *reader)
{
	struct sj_writer w = SJ_WRITER_OF(t->message_2);
	const struct sj_span c_r = t->c_r.len > 0 ? t->c_r : sj_gate_c_r();
	struct responder_own own = { NULL, t->id_cred, { NULL, 0 } };

	if (t->id_cred.len == 0)
		own.id_cred = SJ_SPAN_STR("\xA1\x04\x41\x02");
	if (reader != NULL) {
		own.key = reader->key;
		own.cred = token_span(&reader->token);
	}
	responder_put_2(&t->r, reader != NULL ? &own : NULL, c_r, t->ead_2, &w);
	t->message_2_len = w.len;
}

bool tap_send_2(struct tap *t, const struct rig_reader *reader)
{
	uint8_t objects[1024];
	struct sj_writer w = SJ_WRITER_OF(objects);
	struct sj_span response, in, value;

	if (reader != NULL)
		sj_tlv_put(&w, SJ_GATE_TAG_CREDENTIAL, token_span(&reader->token));
	sj_tlv_put(&w, SJ_GATE_TAG_MESSAGE_2, sj_span(t->message_2, t->message_2_len));
	assert_int_equal(gate_send(t->b, sj_written(&w)), SJ_SW_OK);
	response = t->b->data;
	assert_int_equal(sj_tlv_take(&response, 0x7C, &in), SJ_TLV_FOUND);
	if (sj_tlv_take(&in, SJ_GATE_TAG_MESSAGE_3, &value) != SJ_TLV_FOUND) {
		assert_refused(t->b);
		return false;
	}
	assert_true(in.len == 0 && t->b->data.len <= 256 && value.len <= sizeof(t->message_3));
	memcpy(t->message_3, value.ptr, value.len);
	t->message_3_len = value.len;
	return true;
}

void tap_check_3(struct tap *t, const struct issuer *ca)
{
	struct sj_span id_cred;
	size_t n;

	assert_true(responder_take_3(&t->r, sj_span(t->message_3, t->message_3_len)));
	id_cred = t->r.plain.id_cred;
	assert_true(id_cred.len > 2 && id_cred.ptr[0] == 0xA1 && id_cred.ptr[1] == 13);
	n = id_cred.len - 2;
	assert_true(n <= sizeof(t->token));
	memcpy(t->token, id_cred.ptr + 2, n);
	t->token_len = n;
	assert_true(sj_cwt_parse(sj_span(t->token, n), &t->credential));
	assert_int_equal(t->credential.kind, SJ_CWT_CARD);
	assert_true(sj_cwt_verify(&t->credential, &ca->ca.point));
	assert_true(sj_gate_ead_3_parse(t->r.plain.ead, &t->ead_3));
	assert_true(responder_check_3(&t->r, sj_span(t->token, n), t->credential.key_x));
}

void tap_check_psk(struct tap *t)
{
	uint8_t cred_i[SJ_GATE_PSK_CRED], cred_r[SJ_GATE_PSK_CRED];
	struct sj_span id, kid;

	assert_true(responder_take_3(&t->r, sj_span(t->message_3, t->message_3_len)));
	id = t->r.id_cred;
	assert_true(sj_edhoc_take_id(&id, &kid) && sj_span_eq(kid, SJ_SPAN_OF(t->ticket)));
	assert_true(sj_gate_psk_cred('I', SJ_SPAN_OF(t->ticket), cred_i));
	assert_true(sj_gate_psk_cred('R', SJ_SPAN_OF(t->ticket), cred_r));
	assert_true(responder_check_psk(&t->r, SJ_SPAN_OF(t->psk), SJ_SPAN_OF(cred_i),
					SJ_SPAN_OF(cred_r)));
}

bool tap_finish(struct tap *t, const uint8_t *ticket)
{
	uint8_t ead[160], message[256], objects[300];
	struct sj_writer e = SJ_WRITER_OF(ead), m = SJ_WRITER_OF(message),
			 w = SJ_WRITER_OF(objects);

	sj_gate_ead_4_put(&e, sj_span(ticket, ticket != NULL ? SJ_GATE_TICKET : 0));
	responder_put_4(&t->r, sj_written(&e), &m);
	responder_exporter(&t->r, &t->exporter);
	if (ticket != NULL) {
		memcpy(t->ticket, ticket, sizeof(t->ticket));
		assert_true(sj_gate_psk(&t->exporter, SJ_SPAN_OF(t->ticket), t->psk));
	}
	sj_tlv_put(&w, SJ_GATE_TAG_MESSAGE_4, sj_written(&m));
	if (gate_send(t->b, sj_written(&w)) == SJ_SW_MEMORY_FAILURE)
		return false;
	assert_int_equal(t->b->sw, SJ_SW_OK);
	if (t->b->data.len != 0) {
		assert_refused(t->b);
		return false;
	}
	assert_true(sj_gate_channel_make(&t->exporter, &t->keys));
	return true;
}

uint8_t tap_object(struct tap *t, uint8_t type, struct sj_span content)
{
	uint8_t sealed[256], objects[300];
	struct sj_writer s = SJ_WRITER_OF(sealed), w = SJ_WRITER_OF(objects),
			 buffer = SJ_WRITER_OF(t->object);
	struct sj_span response, in, value;
	uint8_t answer;

	assert_true(sj_gate_object_seal(t->keys.to_card, t->keys.sent++, type, content, &s));
	sj_tlv_put(&w, SJ_GATE_TAG_OBJECT, sj_written(&s));
	assert_int_equal(gate_send(t->b, sj_written(&w)), SJ_SW_OK);
	response = t->b->data;
	assert_int_equal(sj_tlv_take(&response, 0x7C, &in), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&in, SJ_GATE_TAG_OBJECT, &value), SJ_TLV_FOUND);
	assert_int_equal(in.len, 0);
	assert_true(sj_gate_object_open(t->keys.to_gate, t->keys.received++, value, &buffer,
					&answer, &value));
	memmove(t->object, value.ptr, value.len);
	t->object_len = value.len;
	return answer;
}

void tap_end(struct tap *t)
{
	sj_edhoc_prk_end(&t->exporter);
}

bool tap_ask(struct tap *t, const struct rig_reader *reader)
{
	bench_power(t->b);
	assert_int_equal(tap_select(t, false, 0), SJ_EDHOC_DH_DH);
	tap_make_2(t, reader);
	return tap_send_2(t, reader);
}

bool tap_repeat(struct tap *t, const uint8_t *ticket)
{
	bool ok;

	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(t, NULL);
	assert_true(tap_send_2(t, NULL));
	tap_check_psk(t);
	ok = tap_finish(t, ticket);
	card_settle(t->b->card);
	return ok;
}

void tap_first(struct tap *t, const struct rig_reader *reader, const struct issuer *ca,
	       const uint8_t *ticket)
{
	assert_true(tap_ask(t, reader));
	tap_check_3(t, ca);
	assert_true(tap_finish(t, ticket));
	card_settle(t->b->card);
}
