#include "tests/peers/eac.h"

#include <stdlib.h>
#include <string.h>

#include <eac/eac.h>
#include <eac/objects.h>
#include <eac/pace.h>
#include <openssl/buffer.h>

static const uint8_t lds_aid[] = { 0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01 };

/* 0.4.0.127.0.7.2.2.4.2.<cipher>; 1 instead of 2: DH */
static const uint8_t gm_oid[] = { 0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x04, 0x02 };

static bool is_dh(struct peer_suite suite)
{
	return suite.parameter_id <= 2;
}

static void oid_of(struct peer_suite suite, uint8_t oid[static 10])
{
	memcpy(oid, gm_oid, sizeof(gm_oid));
	oid[8] = is_dh(suite) ? 1 : 2;
	oid[9] = (uint8_t)suite.cipher;
}

static int nid_of(struct peer_suite suite)
{
	switch (suite.cipher) {
	case 1:
		return is_dh(suite) ? NID_id_PACE_DH_GM_3DES_CBC_CBC
				    : NID_id_PACE_ECDH_GM_3DES_CBC_CBC;
	case 2:
		return is_dh(suite) ? NID_id_PACE_DH_GM_AES_CBC_CMAC_128
				    : NID_id_PACE_ECDH_GM_AES_CBC_CMAC_128;
	case 3:
		return is_dh(suite) ? NID_id_PACE_DH_GM_AES_CBC_CMAC_192
				    : NID_id_PACE_ECDH_GM_AES_CBC_CMAC_192;
	default:
		return is_dh(suite) ? NID_id_PACE_DH_GM_AES_CBC_CMAC_256
				    : NID_id_PACE_ECDH_GM_AES_CBC_CMAC_256;
	}
}

static BUF_MEM *buffer(const uint8_t *bytes, size_t len)
{
	BUF_MEM *b = BUF_MEM_new();

	if (b != NULL && len > 0 && BUF_MEM_grow(b, len) == len)
		memcpy(b->data, bytes, len);
	return b;
}

static EAC_CTX *context(struct peer_suite suite)
{
	EAC_CTX *ctx;

	EAC_init();
	ctx = EAC_CTX_new();
	if (ctx != NULL) {
		ctx->tr_version = EAC_TR_VERSION_2_02;
		if (!EAC_CTX_init_pace(ctx, nid_of(suite), suite.parameter_id)) {
			EAC_CTX_clear_free(ctx);
			ctx = NULL;
		}
	}
	return ctx;
}

static PACE_SEC *secret_of(int reference, const char *secret)
{
	return PACE_SEC_new(secret, strlen(secret), (enum s_type)reference);
}

/* Appends tag, length (below 65536) and value. */
static size_t put(uint8_t *at, uint8_t tag, const uint8_t *value, size_t len)
{
	size_t n = 0;

	at[n++] = tag;
	if (len >= 0x100)
		at[n++] = 0x82, at[n++] = (uint8_t)(len >> 8);
	else if (len >= 0x80)
		at[n++] = 0x81;
	at[n++] = (uint8_t)len;
	if (len > 0)
		memcpy(at + n, value, len);
	return n + len;
}

/* Value of the only object with this tag in `in`; NULL: it is not the first there. */
static const uint8_t *get(const uint8_t *in, size_t size, uint8_t tag, size_t *len)
{
	size_t n = 2;

	if (size < 2 || in[0] != tag)
		return NULL;
	*len = in[1];
	if (in[1] == 0x81 && size > 2) {
		*len = in[2];
		n = 3;
	} else if (in[1] == 0x82 && size > 3) {
		*len = (size_t)in[2] << 8 | in[3];
		n = 4;
	}
	return *len <= size - n ? in + n : NULL;
}

/* --- secure messaging with libeac's keys --------------------------------- */

/* MAC over `covered` (padded data objects, or header and objects) with the next SSC. */
static bool seal(EAC_CTX *ctx, const uint8_t *covered, size_t len, uint8_t out[8])
{
	BUF_MEM *plain = buffer(covered, len), *padded = EAC_add_iso_pad(ctx, plain);
	BUF_MEM *mac = padded != NULL ? EAC_authenticate(ctx, padded) : NULL;
	bool ok = mac != NULL && mac->length == 8;

	if (ok)
		memcpy(out, mac->data, 8);
	BUF_MEM_free(plain);
	BUF_MEM_free(padded);
	BUF_MEM_free(mac);
	return ok;
}

static BUF_MEM *crypt(EAC_CTX *ctx, const uint8_t *in, size_t len, bool encrypt)
{
	BUF_MEM *text = buffer(in, len), *middle, *out = NULL;

	middle = encrypt ? EAC_add_iso_pad(ctx, text) : EAC_decrypt(ctx, text);
	if (middle != NULL)
		out = encrypt ? EAC_encrypt(ctx, middle) : EAC_remove_iso_pad(middle);
	BUF_MEM_free(text);
	BUF_MEM_free(middle);
	return out;
}

/* The padded header 0C A4 04 0C, then `body`. */
static size_t with_header(int cipher, const uint8_t *body, size_t len, uint8_t *out)
{
	size_t block = cipher == 1 ? 8 : 16;

	memset(out, 0, block);
	memcpy(out, "\x0C\xA4\x04\x0C\x80", 5);
	memcpy(out + block, body, len);
	return block + len;
}

/* --- terminal ------------------------------------------------------------- */

struct terminal {
	EAC_CTX *ctx;
	PACE_SEC *secret;
	peer_exchange_fn exchange;
	void *user;
	struct peer_suite suite;
	uint8_t response[PEER_APDU_MAX];
};

static const char *send_mse(struct terminal *t, int reference)
{
	uint8_t apdu[96] = { 0x00, 0x22, 0xC1, 0xA4, 0 }, oid[10], number;
	size_t n = 5;

	oid_of(t->suite, oid);
	n += put(apdu + n, 0x80, oid, sizeof(oid));
	number = (uint8_t)reference;
	n += put(apdu + n, 0x83, &number, 1);
	number = (uint8_t)t->suite.parameter_id;
	n += put(apdu + n, 0x84, &number, 1);
	if (t->suite.chat != NULL) {
		memcpy(apdu + n, t->suite.chat->bytes, t->suite.chat->len);
		n += t->suite.chat->len;
	}
	apdu[4] = (uint8_t)(n - 5);
	n = t->exchange(t->user, apdu, n, t->response);
	return n == 2 && memcmp(t->response, "\x90\x00", 2) == 0 ? NULL : "MSE:Set AT";
}

/* Keeps object 87, which comes after the token. */
static void take_car(struct peer_chat *chat, const uint8_t *in, size_t len)
{
	size_t n;
	const uint8_t *name = get(in, len, 0x87, &n);

	chat->car[0] = '\0';
	if (name != NULL && n < sizeof(chat->car)) {
		memcpy(chat->car, name, n);
		chat->car[n] = '\0';
	}
}

/* The command around `n` bytes at `apdu` + 7: short, or extended where they are many. */
static size_t finish_apdu(uint8_t *apdu, size_t n)
{
	if (n < 256) {
		apdu[4] = (uint8_t)n;
		memmove(apdu + 5, apdu + 7, n);
		apdu[5 + n] = 0;
		return 6 + n;
	}
	apdu[4] = 0;
	apdu[5] = (uint8_t)(n >> 8);
	apdu[6] = (uint8_t)n;
	apdu[7 + n] = apdu[8 + n] = 0;
	return 9 + n;
}

/* One GENERAL AUTHENTICATE; the answer's inner object goes to *out (NULL: refused). */
static BUF_MEM *general_authenticate(struct terminal *t, uint8_t tag, const BUF_MEM *value,
				     uint8_t answer_tag)
{
	uint8_t inner[300], apdu[320] = { 0x10, 0x86, 0x00, 0x00, 0 };
	const uint8_t *at, *object;
	size_t n = 0, len, whole;

	if (value != NULL)
		n = put(inner, tag, (const uint8_t *)value->data, value->length);
	apdu[0] = tag == 0x85 ? 0x00 : 0x10;
	n = finish_apdu(apdu, put(apdu + 7, 0x7C, inner, n));
	n = t->exchange(t->user, apdu, n, t->response);
	if (n < 2 || memcmp(t->response + n - 2, "\x90\x00", 2) != 0)
		return NULL;
	at = get(t->response, n - 2, 0x7C, &whole);
	if (at == NULL)
		return NULL;
	object = get(at, whole, answer_tag, &len);
	if (object != NULL && tag == 0x85 && t->suite.chat != NULL)
		take_car(t->suite.chat, object + len, whole - (size_t)(object + len - at));
	return object != NULL ? buffer(object, len) : NULL;
}

static const char *terminal_agree(struct terminal *t)
{
	BUF_MEM *nonce, *map = NULL, *map_card = NULL, *key = NULL, *key_card = NULL;
	BUF_MEM *token = NULL, *token_card = NULL;
	const char *fault = "libeac";

	nonce = general_authenticate(t, 0, NULL, 0x80);
	if (nonce == NULL || !PACE_STEP2_dec_nonce(t->ctx, t->secret, nonce))
		goto out;
	map = PACE_STEP3A_generate_mapping_data(t->ctx);
	map_card = map != NULL ? general_authenticate(t, 0x81, map, 0x82) : NULL;
	fault = "mapping";
	if (map_card == NULL || !PACE_STEP3A_map_generator(t->ctx, map_card))
		goto out;
	key = PACE_STEP3B_generate_ephemeral_key(t->ctx);
	key_card = key != NULL ? general_authenticate(t, 0x83, key, 0x84) : NULL;
	fault = "agreement";
	if (key_card == NULL || !PACE_STEP3B_compute_shared_secret(t->ctx, key_card) ||
	    !PACE_STEP3C_derive_keys(t->ctx))
		goto out;
	token = PACE_STEP3D_compute_authentication_token(t->ctx, key_card);
	token_card = token != NULL ? general_authenticate(t, 0x85, token, 0x86) : NULL;
	fault = "token";
	if (token_card != NULL && PACE_STEP3D_verify_authentication_token(t->ctx, token_card) == 1)
		fault = NULL;
out:
	BUF_MEM_free(nonce);
	BUF_MEM_free(map);
	BUF_MEM_free(map_card);
	BUF_MEM_free(key);
	BUF_MEM_free(key_card);
	BUF_MEM_free(token);
	BUF_MEM_free(token_card);
	return fault;
}

/* SELECT of the LDS application in secure messaging; checks the answer's MAC. */
static const char *terminal_select(struct terminal *t)
{
	uint8_t body[64], text[96], apdu[96], sealed[40], mac[8];
	size_t n, len;
	BUF_MEM *data;

	if (!EAC_CTX_set_encryption_ctx(t->ctx, EAC_ID_PACE) || !EAC_increment_ssc(t->ctx))
		return "libeac: secure messaging";
	data = crypt(t->ctx, lds_aid, sizeof(lds_aid), true);
	if (data == NULL || data->length > sizeof(sealed) - 1)
		return "libeac: encryption";
	sealed[0] = 1;
	memcpy(sealed + 1, data->data, data->length);
	n = put(body, 0x87, sealed, 1 + data->length);
	BUF_MEM_free(data);
	len = with_header(t->suite.cipher, body, n, text);
	if (!seal(t->ctx, text, len, mac))
		return "libeac: MAC";
	n += put(body + n, 0x8E, mac, 8);
	memcpy(apdu, "\x0C\xA4\x04\x0C", 4);
	apdu[4] = (uint8_t)n;
	memcpy(apdu + 5, body, n);
	apdu[5 + n] = 0;
	len = t->exchange(t->user, apdu, 6 + n, t->response);
	if (len != 16 || memcmp(t->response, "\x99\x02\x90\x00\x8E\x08", 6) != 0)
		return "protected SELECT refused";
	if (!EAC_increment_ssc(t->ctx) || !seal(t->ctx, t->response, 4, mac) ||
	    memcmp(mac, t->response + 6, 8) != 0)
		return "MAC of the answer";
	return NULL;
}

const char *peer_terminal_pace(struct peer_suite suite, int reference, const char *secret,
			       peer_exchange_fn exchange, void *user)
{
	struct terminal t = { .exchange = exchange, .user = user, .suite = suite };
	const char *fault = "libeac: context";

	t.ctx = context(suite);
	t.secret = secret_of(reference, secret);
	if (t.ctx != NULL && t.secret != NULL) {
		fault = send_mse(&t, reference);
		if (fault == NULL)
			fault = terminal_agree(&t);
		if (fault == NULL)
			fault = terminal_select(&t);
	}
	PACE_SEC_clear_free(t.secret);
	EAC_CTX_clear_free(t.ctx);
	return fault;
}

/* --- card ------------------------------------------------------------------ */

struct peer_card {
	EAC_CTX *ctx;
	PACE_SEC *secret;
	struct peer_suite suite;
	int reference;
	BUF_MEM *peer_key;
	int step;
	bool secured, satisfied;
};

struct peer_card *peer_card_new(struct peer_suite suite, int reference, const char *secret)
{
	struct peer_card *card = calloc(1, sizeof(*card));

	if (card == NULL)
		return NULL;
	card->suite = suite;
	card->reference = reference;
	card->ctx = context(suite);
	card->secret = secret_of(reference, secret);
	if (card->ctx != NULL && card->secret != NULL)
		return card;
	peer_card_free(card);
	return NULL;
}

void peer_card_free(struct peer_card *card)
{
	if (card == NULL)
		return;
	BUF_MEM_free(card->peer_key);
	PACE_SEC_clear_free(card->secret);
	if (card->ctx != NULL)
		EAC_CTX_clear_free(card->ctx);
	free(card);
}

bool peer_card_satisfied(const struct peer_card *card)
{
	return card->satisfied;
}

static size_t status(uint8_t *response, size_t n, uint16_t sw)
{
	response[n] = (uint8_t)(sw >> 8);
	response[n + 1] = (uint8_t)sw;
	return n + 2;
}

/* SET { PACEInfo } of this card. */
static size_t card_access(const struct peer_card *card, uint8_t *out)
{
	uint8_t oid[10], info[32], sequence[40], number;
	size_t n;

	oid_of(card->suite, oid);
	n = put(info, 0x06, oid, sizeof(oid));
	number = 2;
	n += put(info + n, 0x02, &number, 1);
	number = (uint8_t)card->suite.parameter_id;
	n += put(info + n, 0x02, &number, 1);
	n = put(sequence, 0x30, info, n);
	return put(out, 0x31, sequence, n);
}

/* Takes the terminal's value for this step; gives the answer's value. */
static BUF_MEM *card_step(struct peer_card *card, BUF_MEM *in)
{
	switch (card->step) {
	case 1:
		return PACE_STEP1_enc_nonce(card->ctx, card->secret);
	case 2: {
		BUF_MEM *map = PACE_STEP3A_generate_mapping_data(card->ctx);

		if (map != NULL && PACE_STEP3A_map_generator(card->ctx, in))
			return map;
		BUF_MEM_free(map);
		return NULL;
	}
	case 3: {
		BUF_MEM *key = PACE_STEP3B_generate_ephemeral_key(card->ctx);

		card->peer_key = buffer((const uint8_t *)in->data, in->length);
		if (key != NULL && PACE_STEP3B_compute_shared_secret(card->ctx, in) &&
		    PACE_STEP3C_derive_keys(card->ctx))
			return key;
		BUF_MEM_free(key);
		return NULL;
	}
	default:
		if (PACE_STEP3D_verify_authentication_token(card->ctx, in) != 1)
			return NULL;
		return PACE_STEP3D_compute_authentication_token(card->ctx, card->peer_key);
	}
}

static size_t card_general_authenticate(struct peer_card *card, const uint8_t *data, size_t len,
					uint8_t *response)
{
	static const uint8_t tags[5][2] = {
		{ 0 }, { 0, 0x80 }, { 0x81, 0x82 }, { 0x83, 0x84 }, { 0x85, 0x86 }
	};
	uint8_t inner[300];
	const uint8_t *at;
	BUF_MEM *in = NULL, *out = NULL;
	size_t n = 0;

	card->step++;
	at = card->step <= 4 ? get(data, len, 0x7C, &n) : NULL;
	if (at != NULL && card->step > 1)
		at = get(at, n, tags[card->step][0], &n);
	if (at != NULL) {
		in = buffer(at, n);
		out = card_step(card, in);
	}
	n = 0;
	if (out != NULL) {
		n = put(inner, tags[card->step][1], (const uint8_t *)out->data, out->length);
		if (card->step == 4 && card->suite.chat != NULL)
			n += put(inner + n, 0x87, (const uint8_t *)card->suite.chat->car,
				 strlen(card->suite.chat->car));
		n = put(response, 0x7C, inner, n);
	}
	if (out != NULL && card->step == 4)
		card->secured = EAC_CTX_set_encryption_ctx(card->ctx, EAC_ID_PACE) == 1;
	n = status(response, n, out != NULL ? 0x9000 : 0x6300);
	BUF_MEM_free(in);
	BUF_MEM_free(out);
	return n;
}

/* A protected SELECT: MAC, decryption, and a protected 9000. */
static size_t card_secured(struct peer_card *card, const uint8_t *command, size_t len,
			   uint8_t *response)
{
	uint8_t text[300], mac[8];
	const uint8_t *sealed, *body = command + 5;
	size_t n, whole, body_len = command[4];
	BUF_MEM *plain = NULL;

	if (len < 5 + body_len || !EAC_increment_ssc(card->ctx))
		return status(response, 0, 0x6700);
	sealed = get(body, body_len, 0x87, &n);
	if (sealed == NULL)
		return status(response, 0, 0x6987);
	whole = (size_t)(sealed - body) + n;
	n = with_header(card->suite.cipher, body, whole, text);
	memcpy(text, command, 4);
	if (!seal(card->ctx, text, n, mac) || body_len < whole + 10 ||
	    memcmp(body + body_len - 8, mac, 8) != 0)
		return status(response, 0, 0x6988);
	plain = crypt(card->ctx, sealed + 1, whole - (size_t)(sealed - body) - 1, false);
	card->satisfied = plain != NULL && plain->length == sizeof(lds_aid) &&
			  memcmp(plain->data, lds_aid, sizeof(lds_aid)) == 0;
	BUF_MEM_free(plain);
	memcpy(response, "\x99\x02\x90\x00\x8E\x08", 6);
	if (!EAC_increment_ssc(card->ctx) || !seal(card->ctx, response, 4, response + 6))
		return status(response, 0, 0x6F00);
	return status(response, 14, 0x9000);
}

/* What the terminal asks for: the object 7F4C, if there is one. */
static void take_chat(struct peer_card *card, const uint8_t *in, size_t len)
{
	struct peer_chat *chat = card->suite.chat;
	size_t n = 0;

	if (chat == NULL)
		return;
	chat->len = 0;
	while (n + 2 < len && !(in[n] == 0x7F && in[n + 1] == 0x4C))
		n += 2u + in[n + 1];
	if (n + 2 >= len || 3u + in[n + 2] > sizeof(chat->bytes) || n + 3u + in[n + 2] > len)
		return;
	chat->len = 3u + in[n + 2];
	memcpy(chat->bytes, in + n, chat->len);
}

size_t peer_card_transmit(struct peer_card *card, const uint8_t *command, size_t len,
			  uint8_t response[PEER_APDU_MAX])
{
	if (len < 4)
		return status(response, 0, 0x6700);
	if (card->secured && (command[0] & 0x0C) == 0x0C)
		return card_secured(card, command, len, response);
	switch (command[1]) {
	case 0x22:
		card->step = 0;
		take_chat(card, command + 5, command[4]);
		return status(response, 0, 0x9000);
	case 0x86:
		if (len < 7)
			return status(response, 0, 0x6700);
		if (command[4] == 0)
			return card_general_authenticate(
				card, command + 7, (size_t)command[5] << 8 | command[6], response);
		return card_general_authenticate(card, command + 5, command[4], response);
	case 0xA4: /* the MF, or EF.CardAccess by its identifier */
		return status(response, 0, command[2] == 4 ? 0x6982 : 0x9000);
	case 0xB0:
		if (command[2] != 0x9C && (command[2] != 0 || command[3] != 0))
			return status(response, 0, 0x6B00);
		return status(response, card_access(card, response), 0x9000);
	default:
		return status(response, 0, 0x6D00);
	}
}
