#include "tests/peers/eac_terminal.h"

#include <stdlib.h>
#include <string.h>

#include <eac/ca.h>
#include <eac/eac.h>
#include <eac/objects.h>
#include <eac/pace.h>
#include <eac/ri.h>
#include <eac/ta.h>
#include <openssl/buffer.h>
#include <openssl/evp.h>

#include "wire/hex.h"
#include "wire/tlv.h"

#define DOMAIN_ID 13
#define COMMAND_MAX 3000u
#define TRIES 8 /* one in 64 is short */

struct peer_eac {
	EAC_CTX *ctx;
	EAC_CTX *judge; /* of the chain: libeac's terminals know their own key alone */
	PACE_SEC *secret;
	peer_exchange_fn exchange;
	void *user;
	const struct peer_eac_plan *plan;
	BUF_MEM *card_key; /* ephemeral, of PACE; then Comp of it, as libeac signs it */
	BUF_MEM *own_key; /* Comp of the one for Chip Authentication */
	bool secured;
	uint8_t response[PEER_APDU_MAX];
	uint8_t opened[PEER_APDU_MAX];
	uint8_t covered[COMMAND_MAX], objects[COMMAND_MAX], command[COMMAND_MAX];
};

static BUF_MEM *buffer(struct sj_span bytes)
{
	BUF_MEM *b = BUF_MEM_new();

	if (b != NULL && bytes.len > 0 && BUF_MEM_grow(b, bytes.len) == bytes.len)
		memcpy(b->data, bytes.ptr, bytes.len);
	return b;
}

static struct sj_span span(const BUF_MEM *b)
{
	return b != NULL ? sj_span((const uint8_t *)b->data, b->length) : sj_span(NULL, 0);
}

static void replace(BUF_MEM **slot, BUF_MEM *by)
{
	BUF_MEM_free(*slot);
	*slot = by;
}

/* --- secure messaging (TR-03110-3, F) with libeac's keys; AES -------------------------- */

/* The MAC over what is covered. */
static bool seal(struct peer_eac *t, struct sj_span covered, uint8_t mac[static 8])
{
	BUF_MEM *plain = buffer(covered), *padded = EAC_add_iso_pad(t->ctx, plain);
	BUF_MEM *made = padded != NULL ? EAC_authenticate(t->ctx, padded) : NULL;
	const bool ok = made != NULL && made->length == 8;

	if (ok)
		memcpy(mac, made->data, 8);
	BUF_MEM_free(plain);
	BUF_MEM_free(padded);
	BUF_MEM_free(made);
	return ok;
}

static void put_encrypted(struct peer_eac *t, struct sj_writer *w, struct sj_span data)
{
	BUF_MEM *plain = buffer(data), *padded = EAC_add_iso_pad(t->ctx, plain);
	BUF_MEM *text = padded != NULL ? EAC_encrypt(t->ctx, padded) : NULL;
	const size_t at = sj_tlv_open(w);

	sj_put_u8(w, 1);
	sj_put(w, span(text));
	sj_tlv_close(w, 0x87, at);
	BUF_MEM_free(plain);
	BUF_MEM_free(padded);
	BUF_MEM_free(text);
}

/* The objects of a protected command: 87, 97, 8E. */
static bool protect(struct peer_eac *t, const struct sj_apdu *plain, struct sj_writer *w)
{
	uint8_t mac[8];
	struct sj_writer covered = SJ_WRITER_OF(t->covered);
	const uint8_t le = 0;

	if (!EAC_increment_ssc(t->ctx))
		return false;
	if (plain->data.len > 0)
		put_encrypted(t, w, plain->data);
	if (plain->ne > 0)
		sj_tlv_put(w, 0x97, sj_span(&le, 1));
	sj_put_u8(&covered, plain->cla | 0x0C);
	sj_put_u8(&covered, plain->ins);
	sj_put_u8(&covered, plain->p1);
	sj_put_u8(&covered, plain->p2);
	sj_put_u8(&covered, 0x80);
	sj_put_fill(&covered, 0, 11);
	sj_put(&covered, sj_written(w));
	if (covered.failed || !seal(t, sj_written(&covered), mac))
		return false;
	sj_tlv_put(w, 0x8E, SJ_SPAN_OF(mac));
	return !w->failed;
}

/* The data behind 87, which lies in t->opened then. */
static bool decrypt(struct peer_eac *t, struct sj_span text, struct sj_span *out)
{
	BUF_MEM *in = buffer(sj_span(text.ptr + 1, text.len - 1)), *padded, *plain;
	bool ok;

	padded = EAC_decrypt(t->ctx, in);
	plain = padded != NULL ? EAC_remove_iso_pad(padded) : NULL;
	ok = plain != NULL && plain->length <= sizeof(t->opened);
	if (ok) {
		memcpy(t->opened, plain->data, plain->length);
		*out = sj_span(t->opened, plain->length);
	}
	BUF_MEM_free(in);
	BUF_MEM_free(padded);
	BUF_MEM_free(plain);
	return ok;
}

static bool open_response(struct peer_eac *t, struct sj_span in, struct sj_span *out)
{
	struct sj_span covered = in, rest = in, value, mac, text = { NULL, 0 };
	uint8_t expected[8];

	if (!EAC_increment_ssc(t->ctx))
		return false;
	if (sj_tlv_take(&rest, 0x87, &text) == SJ_TLV_MALFORMED ||
	    sj_tlv_take(&rest, 0x99, &value) != SJ_TLV_FOUND)
		return false;
	covered.len = in.len - rest.len;
	if (sj_tlv_take(&rest, 0x8E, &mac) != SJ_TLV_FOUND || rest.len != 0 ||
	    !seal(t, covered, expected) || !sj_span_eq(mac, SJ_SPAN_OF(expected)))
		return false;
	return text.len < 2 || decrypt(t, text, out);
}

/* The status word; 0: our own half failed. */
static uint16_t send_plain(struct peer_eac *t, const struct sj_apdu *plain, struct sj_span *data)
{
	struct sj_writer inner = SJ_WRITER_OF(t->objects), w = SJ_WRITER_OF(t->command);
	struct sj_apdu apdu = *plain;
	struct sj_response r;
	size_t n;

	if (t->secured) {
		if (!protect(t, plain, &inner))
			return 0;
		apdu.cla |= 0x0C;
		apdu.data = sj_written(&inner);
		apdu.ne = apdu.data.len > 255 ? SJ_APDU_NE_EXTENDED : SJ_APDU_NE_SHORT;
	}
	sj_apdu_put(&w, &apdu);
	if (w.failed)
		return 0;
	n = t->exchange(t->user, t->command, w.len, t->response);
	*data = sj_span(NULL, 0);
	if (!sj_response_parse(sj_span(t->response, n), &r))
		return 0;
	if (!t->secured)
		*data = r.data;
	else if (!open_response(t, r.data, data))
		return 0;
	return r.sw;
}

static bool is_done(struct peer_eac *t, const struct sj_apdu *apdu)
{
	struct sj_span data;

	return send_plain(t, apdu, &data) == 0x9000;
}

/* GENERAL AUTHENTICATE with one object; the answer's objects. */
static bool agree(struct peer_eac *t, uint8_t cla, uint8_t tag, struct sj_span value,
		  struct sj_span *objects)
{
	uint8_t bytes[300];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu apdu = { .cla = cla, .ins = 0x86, .ne = SJ_APDU_NE_SHORT };
	const size_t at = sj_tlv_open(&w);
	struct sj_span answer;

	if (tag != 0)
		sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, 0x7C, at);
	apdu.data = sj_written(&w);
	return send_plain(t, &apdu, &answer) == 0x9000 &&
	       sj_tlv_take(&answer, 0x7C, objects) == SJ_TLV_FOUND && answer.len == 0;
}

static BUF_MEM *object(struct sj_span objects, uint32_t tag)
{
	struct sj_span value;

	return sj_tlv_find(objects, tag, &value) == SJ_TLV_FOUND ? buffer(value) : NULL;
}

/* --- PACE ------------------------------------------------------------------------------- */

static bool set_pace(struct peer_eac *t)
{
	static const uint8_t oid[] = { 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02, 0x02 };
	const uint8_t reference = (uint8_t)t->plan->reference;
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4 };

	sj_tlv_put(&w, 0x80, SJ_SPAN_OF(oid));
	sj_tlv_put(&w, 0x83, sj_span(&reference, 1));
	sj_put(&w, t->plan->chat);
	apdu.data = sj_written(&w);
	return !w.failed && is_done(t, &apdu);
}

/* The card must name the CVCA that this terminal's chain begins with. */
static const char *check_name(const struct peer_eac *t, struct sj_span answer)
{
	struct sj_span name, cvca = t->plan->cvca, body, content, holder;

	if (sj_tlv_find(answer, 0x87, &name) != SJ_TLV_FOUND)
		return "no CAR";
	if (sj_tlv_take(&cvca, 0x7F21, &content) != SJ_TLV_FOUND ||
	    sj_tlv_take(&content, 0x7F4E, &body) != SJ_TLV_FOUND ||
	    sj_tlv_find(body, 0x5F20, &holder) != SJ_TLV_FOUND || !sj_span_eq(name, holder))
		return "another CAR";
	return NULL;
}

static const char *pace(struct peer_eac *t)
{
	BUF_MEM *in = NULL, *out = NULL;
	const char *fault = "PACE";
	struct sj_span answer;

	if (!set_pace(t) || !agree(t, 0x10, 0, sj_span(NULL, 0), &answer))
		goto out;
	replace(&in, object(answer, 0x80));
	if (in == NULL || !PACE_STEP2_dec_nonce(t->ctx, t->secret, in))
		goto out;
	replace(&out, PACE_STEP3A_generate_mapping_data(t->ctx));
	if (!agree(t, 0x10, 0x81, span(out), &answer))
		goto out;
	replace(&in, object(answer, 0x82));
	if (in == NULL || !PACE_STEP3A_map_generator(t->ctx, in))
		goto out;
	replace(&out, PACE_STEP3B_generate_ephemeral_key(t->ctx));
	if (!agree(t, 0x10, 0x83, span(out), &answer))
		goto out;
	t->card_key = object(answer, 0x84);
	if (t->card_key == NULL || !PACE_STEP3B_compute_shared_secret(t->ctx, t->card_key) ||
	    !PACE_STEP3C_derive_keys(t->ctx))
		goto out;
	replace(&out, PACE_STEP3D_compute_authentication_token(t->ctx, t->card_key));
	if (!agree(t, 0x00, 0x85, span(out), &answer))
		goto out;
	replace(&in, object(answer, 0x86));
	if (in == NULL || PACE_STEP3D_verify_authentication_token(t->ctx, in) != 1 ||
	    !EAC_CTX_set_encryption_ctx(t->ctx, EAC_ID_PACE))
		goto out;
	t->secured = true;
	replace(&t->card_key, EAC_Comp(t->ctx, EAC_ID_PACE, t->card_key));
	fault = check_name(t, answer);
out:
	BUF_MEM_free(in);
	BUF_MEM_free(out);
	return fault;
}

/* --- Terminal Authentication --------------------------------------------------------------- */

/* MSE:Set DST to its issuer, PSO: VERIFY CERTIFICATE; and libeac believes it, too. */
static bool verify(struct peer_eac *t, struct sj_span certificate)
{
	struct sj_span in = certificate, content, body, rest, authority;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_apdu dst = { .ins = 0x22, .p1 = 0x81, .p2 = 0xB6 },
		       pso = { .ins = 0x2A, .p2 = 0xBE };

	if (!TA_STEP2_import_certificate(t->judge, certificate.ptr, certificate.len) ||
	    sj_tlv_take(&in, 0x7F21, &content) != SJ_TLV_FOUND)
		return false;
	rest = pso.data = content;
	if (sj_tlv_take(&rest, 0x7F4E, &body) != SJ_TLV_FOUND ||
	    sj_tlv_find(body, 0x42, &authority) != SJ_TLV_FOUND)
		return false;
	sj_tlv_put(&w, 0x83, authority);
	dst.data = sj_written(&w);
	return is_done(t, &dst) && is_done(t, &pso);
}

static bool ta_set(struct peer_eac *t)
{
	struct sj_span in = t->plan->terminal, content, body, holder;
	uint8_t bytes[256], oid[16];
	struct sj_writer w = SJ_WRITER_OF(bytes), o = SJ_WRITER_OF(oid);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x81, .p2 = 0xA4 };

	t->own_key = TA_STEP3_generate_ephemeral_key(t->ctx);
	if (t->own_key == NULL || sj_tlv_take(&in, 0x7F21, &content) != SJ_TLV_FOUND ||
	    sj_tlv_take(&content, 0x7F4E, &body) != SJ_TLV_FOUND ||
	    sj_tlv_find(body, 0x5F20, &holder) != SJ_TLV_FOUND ||
	    !sj_hex_read(t->plan->ta_oid, strlen(t->plan->ta_oid), &o))
		return false;
	sj_tlv_put(&w, 0x80, sj_written(&o));
	sj_tlv_put(&w, 0x83, holder);
	sj_put(&w, t->plan->aux);
	sj_tlv_put(&w, 0x91, span(t->own_key));
	apdu.data = sj_written(&w);
	return !w.failed && is_done(t, &apdu);
}

static bool ta_sign(struct peer_eac *t)
{
	const struct sj_apdu challenge = { .ins = 0x84, .ne = 8 };
	struct sj_apdu apdu = { .ins = 0x82 };
	BUF_MEM *nonce = NULL, *aux = NULL, *signature = NULL;
	struct sj_span data;
	bool ok = false;

	if (send_plain(t, &challenge, &data) != 0x9000)
		return false;
	nonce = buffer(data);
	if (t->plan->aux.len > 0)
		aux = buffer(t->plan->aux);
	if (nonce != NULL && TA_STEP4_set_nonce(t->ctx, nonce))
		signature = TA_STEP5_sign(t->ctx, t->own_key, t->card_key, aux);
	apdu.data = span(signature);
	ok = signature != NULL && is_done(t, &apdu);
	BUF_MEM_free(nonce);
	BUF_MEM_free(aux);
	BUF_MEM_free(signature);
	return ok;
}

static const char *authenticate(struct peer_eac *t)
{
	if (!verify(t, t->plan->dv))
		return "certificate of the DV";
	if (!verify(t, t->plan->terminal))
		return "certificate of the terminal";
	if (!ta_set(t))
		return "MSE:Set AT";
	return ta_sign(t) ? NULL : "EXTERNAL AUTHENTICATE";
}

/* --- all of it -------------------------------------------------------------------------------- */

static bool prepare(struct peer_eac *t)
{
	const struct peer_eac_plan *p = t->plan;

	EAC_init();
	t->ctx = EAC_CTX_new();
	t->judge = EAC_CTX_new();
	t->secret =
		PACE_SEC_new(p->secret, strlen(p->secret), p->reference == 3 ? PACE_PIN : PACE_CAN);
	if (t->ctx == NULL || t->judge == NULL || t->secret == NULL)
		return false;
	t->ctx->tr_version = EAC_TR_VERSION_2_02;
	if (!EAC_CTX_init_pace(t->ctx, NID_id_PACE_ECDH_GM_AES_CBC_CMAC_128, DOMAIN_ID) ||
	    !EAC_CTX_init_ta(t->ctx, p->key.ptr, p->key.len, p->cvca.ptr, p->cvca.len) ||
	    !EAC_CTX_init_ta(t->judge, NULL, 0, p->cvca.ptr, p->cvca.len) ||
	    !EAC_CTX_init_ca(t->ctx, NID_id_CA_ECDH_AES_CBC_CMAC_128, DOMAIN_ID))
		return false;
	TA_disable_checks(t->judge); /* of its clock: ours is the card's */
	return true;
}

struct peer_eac *peer_eac_open(const struct peer_eac_plan *plan, peer_exchange_fn exchange,
			       void *user, const char **fault)
{
	struct peer_eac *t = calloc(1, sizeof(*t));

	*fault = "memory";
	if (t == NULL)
		return NULL;
	t->exchange = exchange;
	t->user = user;
	t->plan = plan;
	*fault = prepare(t) ? pace(t) : "libeac: context";
	if (*fault == NULL)
		*fault = authenticate(t);
	return t;
}

const char *peer_eac_chip(struct peer_eac *t, struct sj_span card_key)
{
	static const uint8_t mse[] = { 0x80, 0x0A, 0x04, 0x00, 0x7F, 0x00,
				       0x07, 0x02, 0x02, 0x03, 0x02, 0x02 };
	const struct sj_apdu set = { .ins = 0x22, .p1 = 0x41, .p2 = 0xA4, .data = SJ_SPAN_OF(mse) };
	BUF_MEM *key = buffer(card_key), *nonce = NULL, *token = NULL, *own = NULL;
	const char *fault = "Chip Authentication";
	struct sj_span answer;

	if (!is_done(t, &set))
		goto out;
	own = CA_STEP2_get_eph_pubkey(t->ctx);
	if (own == NULL || !agree(t, 0x00, 0x80, span(own), &answer))
		goto out;
	nonce = object(answer, 0x81);
	token = object(answer, 0x82);
	fault = "token of Chip Authentication";
	if (nonce == NULL || token == NULL || !CA_STEP4_compute_shared_secret(t->ctx, key) ||
	    CA_STEP6_derive_keys(t->ctx, nonce, token) != 1 ||
	    !EAC_CTX_set_encryption_ctx(t->ctx, EAC_ID_CA))
		goto out;
	fault = NULL;
out:
	BUF_MEM_free(key);
	BUF_MEM_free(nonce);
	BUF_MEM_free(token);
	BUF_MEM_free(own);
	return fault;
}

static bool is_short(const BUF_MEM *coordinate)
{
	return coordinate != NULL && coordinate->length < 32;
}

bool peer_eac_is_short(const struct peer_eac *t)
{
	return is_short(t->card_key) || is_short(t->own_key) ||
	       is_short(t->ctx->pace_ctx->ka_ctx->shared_secret) ||
	       is_short(t->ctx->ca_ctx->ka_ctx->shared_secret);
}

size_t peer_to_bench(void *bench, const uint8_t *command, size_t len,
		     uint8_t response[PEER_APDU_MAX])
{
	struct bench *b = bench;
	size_t n = card_transmit(b->card, sj_span(command, len), b->response);

	assert_true(n <= PEER_APDU_MAX);
	memcpy(response, b->response, n);
	return n;
}

struct peer_eac *peer_eac_visit(const struct peer_eac_plan *plan, struct eac_card *card, int sector,
				const char **fault)
{
	for (int i = 0; i < TRIES; i++) {
		struct peer_eac *t = peer_eac_open(plan, peer_to_bench, card->b, fault);
		int whose = sector == PEER_EAC_OWN_SECTOR
				    ? (int)card_terminal(card->b->card)->service.sector
				    : sector;

		assert_non_null(t);
		if (*fault == NULL && whose >= 0)
			*fault = peer_eac_chip(t, sj_ec_point_span(&card->keys[whose]));
		if (!peer_eac_is_short(t))
			return t;
		peer_eac_free(t);
		bench_power(card->b);
	}
	fail_msg("a zero was dropped %d times", TRIES);
	return NULL;
}

uint16_t peer_eac_apdu(struct peer_eac *t, const struct sj_apdu *command, struct sj_span *data)
{
	return send_plain(t, command, data);
}

uint16_t peer_eac_send(struct peer_eac *t, struct sj_span command, struct sj_span *data)
{
	struct sj_apdu apdu;

	return sj_apdu_parse(command, &apdu) ? send_plain(t, &apdu, data) : 0;
}

void peer_eac_free(struct peer_eac *t)
{
	if (t == NULL)
		return;
	BUF_MEM_free(t->card_key);
	BUF_MEM_free(t->own_key);
	PACE_SEC_clear_free(t->secret);
	if (t->ctx != NULL)
		EAC_CTX_clear_free(t->ctx);
	if (t->judge != NULL)
		EAC_CTX_clear_free(t->judge);
	free(t);
}

bool peer_ri_identifier(struct sj_span sector_key, struct sj_span card_key, uint8_t out[static 32])
{
	const unsigned char *der = sector_key.ptr;
	BUF_MEM *key = buffer(card_key), *id = NULL;
	EAC_CTX *ctx;

	EAC_init();
	ctx = EAC_CTX_new();
	if (ctx != NULL && EAC_CTX_init_ri(ctx, NID_id_RI_ECDH_SHA_256, DOMAIN_ID)) {
		EVP_PKEY_free(ctx->ri_ctx->static_key);
		ctx->ri_ctx->static_key = d2i_AutoPrivateKey(NULL, &der, (long)sector_key.len);
		id = RI_STEP2_compute_identifier(ctx, key);
	}
	if (id != NULL && id->length == 32)
		memcpy(out, id->data, 32);
	else
		der = NULL;
	BUF_MEM_free(key);
	BUF_MEM_free(id);
	EAC_CTX_clear_free(ctx);
	return der != NULL;
}
