#include "tests/peers/eac_card.h"

#include <stdlib.h>
#include <string.h>

#include <eac/ca.h>
#include <eac/eac.h>
#include <eac/objects.h>
#include <eac/pace.h>
#include <eac/ri.h>
#include <eac/ta.h>
#include <openssl/buffer.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "wire/apdu.h"
#include "wire/sw.h"
#include "wire/tlv.h"

#define DOMAIN_ID 13
#define NO_SPAN sj_span(NULL, 0)

struct peer_eid {
	EAC_CTX *ctx;
	PACE_SEC *secret;
	struct peer_eid_plan plan;
	struct sj_ec_secret chip_secret;
	struct sj_ec_point chip_key;
	struct sj_span current; /* the file that READ BINARY reads */
	bool secured, entered;
	unsigned step, reached;
	int next_keys; /* EAC_ID_CA: from the next command on; -1: no change */
	BUF_MEM *peer_key, *own_key; /* PACE: the terminal's, and Comp of ours */
	BUF_MEM *comp; /* Comp of the terminal's key for Chip Authentication */
	BUF_MEM *auxiliary; /* whole 67 */
	uint8_t plain[PEER_EID_RESPONSE], covered[PEER_EID_RESPONSE];
	struct sj_writer out; /* the answer to the command at hand */
	uint8_t answer[PEER_EID_RESPONSE];
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
	return b != NULL ? sj_span((const uint8_t *)b->data, b->length) : NO_SPAN;
}

static void replace(BUF_MEM **slot, BUF_MEM *by)
{
	BUF_MEM_free(*slot);
	*slot = by;
}

/* --- making -------------------------------------------------------------------------- */

static bool begin(struct peer_eid *card)
{
	const struct sj_ec_point *key = &card->chip_key;

	EAC_init();
	card->ctx = EAC_CTX_new();
	if (card->ctx == NULL)
		return false;
	card->ctx->tr_version = EAC_TR_VERSION_2_02;
	if (!EAC_CTX_init_pace(card->ctx, NID_id_PACE_ECDH_GM_AES_CBC_CMAC_128, DOMAIN_ID) ||
	    !EAC_CTX_init_ca(card->ctx, NID_id_CA_ECDH_AES_CBC_CMAC_128, DOMAIN_ID) ||
	    !EAC_CTX_init_ta(card->ctx, NULL, 0, card->plan.cvca.ptr, card->plan.cvca.len) ||
	    !CA_set_key(card->ctx, card->chip_secret.bytes, card->chip_secret.len, key->bytes,
			key->len))
		return false;
	/* The chain is that of the tests' own time. */
	TA_disable_checks(card->ctx);
	return true;
}

struct peer_eid *peer_eid_new(const struct peer_eid_plan *plan)
{
	const struct sj_random random = sj_random_system();
	struct peer_eid *card = calloc(1, sizeof(*card));

	if (card == NULL)
		return NULL;
	card->plan = *plan;
	card->next_keys = -1;
	card->secret = PACE_SEC_new(plan->can, strlen(plan->can), PACE_CAN);
	if (card->secret != NULL && sj_ec_secret_random(SJ_BP256R1, &random, &card->chip_secret) &&
	    sj_ec_multiply(SJ_BP256R1, &card->chip_secret, NULL, &card->chip_key) && begin(card) &&
	    EAC_CTX_init_ri(card->ctx, NID_id_RI_ECDH_SHA_256, DOMAIN_ID))
		return card;
	peer_eid_free(card);
	return NULL;
}

void peer_eid_free(struct peer_eid *card)
{
	if (card == NULL)
		return;
	replace(&card->peer_key, NULL);
	replace(&card->own_key, NULL);
	replace(&card->comp, NULL);
	replace(&card->auxiliary, NULL);
	PACE_SEC_clear_free(card->secret);
	EAC_CTX_clear_free(card->ctx);
	free(card);
}

struct sj_ec_point peer_eid_chip_key(const struct peer_eid *card)
{
	return card->chip_key;
}

struct sj_ec_point peer_eid_ri_key(const struct peer_eid *card)
{
	struct sj_ec_point point = { .len = 0 };
	unsigned char *bytes = NULL;
	const size_t len = EVP_PKEY_get1_encoded_public_key(card->ctx->ri_ctx->static_key, &bytes);

	if (len <= sizeof(point.bytes)) {
		memcpy(point.bytes, bytes, len);
		point.len = len;
	}
	OPENSSL_free(bytes);
	return point;
}

void peer_eid_set_security(struct peer_eid *card, struct sj_span card_security)
{
	card->plan.card_security = card_security;
}

void peer_eid_power(struct peer_eid *card)
{
	card->secured = card->entered = false;
	card->step = 0;
	card->next_keys = -1;
	card->current = NO_SPAN;
}

static bool is_short(const BUF_MEM *coordinate)
{
	return coordinate != NULL && coordinate->length < 32;
}

/* Comp is the terminal's, and whole; what libeac compares it with would have no zero. */
bool peer_eid_is_short(const struct peer_eid *card)
{
	return is_short(card->own_key) || is_short(card->comp) ||
	       (card->comp != NULL && card->comp->data[0] == 0) ||
	       is_short(card->ctx->pace_ctx->ka_ctx->shared_secret) ||
	       is_short(card->ctx->ca_ctx->ka_ctx->shared_secret);
}

unsigned peer_eid_reached(const struct peer_eid *card)
{
	return card->reached;
}

/* --- secure messaging (TR-03110-3, F) ------------------------------------------------- */

static bool seal(struct peer_eid *card, struct sj_span covered, uint8_t mac[static 8])
{
	BUF_MEM *plain = buffer(covered), *padded = EAC_add_iso_pad(card->ctx, plain);
	BUF_MEM *made = padded != NULL ? EAC_authenticate(card->ctx, padded) : NULL;
	const bool ok = made != NULL && made->length == 8;

	if (ok)
		memcpy(mac, made->data, 8);
	BUF_MEM_free(plain);
	BUF_MEM_free(padded);
	BUF_MEM_free(made);
	return ok;
}

/* What stands in 87 (behind its first byte) or 85, opened into card->plain. */
static bool decrypt(struct peer_eid *card, struct sj_span text, struct sj_span *out)
{
	BUF_MEM *in = buffer(text), *padded = EAC_decrypt(card->ctx, in);
	BUF_MEM *plain = padded != NULL ? EAC_remove_iso_pad(padded) : NULL;
	const bool ok = plain != NULL && plain->length <= sizeof(card->plain);

	if (ok) {
		memcpy(card->plain, plain->data, plain->length);
		*out = sj_span(card->plain, plain->length);
	}
	BUF_MEM_free(in);
	BUF_MEM_free(padded);
	BUF_MEM_free(plain);
	return ok;
}

/* The command inside, if its MAC is right. */
static bool open_command(struct peer_eid *card, struct sj_apdu *a)
{
	struct sj_writer w = SJ_WRITER_OF(card->covered);
	struct sj_span in = a->data, value, mac = NO_SPAN, text = NO_SPAN, le = NO_SPAN, objects;
	uint8_t expected[8];
	uint32_t tag;

	for (objects = in; in.len > 0;) {
		const size_t before = (size_t)(in.ptr - objects.ptr);

		if (sj_tlv_next(&in, &tag, &value) != SJ_TLV_FOUND)
			return false;
		if (tag == 0x8E) {
			mac = value;
			objects.len = before;
		} else if (tag == 0x87 || tag == 0x85) {
			text = tag == 0x87 ? sj_span(value.ptr + 1, value.len - 1) : value;
		} else if (tag == 0x97) {
			le = value;
		}
	}
	sj_put_u8(&w, a->cla);
	sj_put_u8(&w, a->ins);
	sj_put_u8(&w, a->p1);
	sj_put_u8(&w, a->p2);
	sj_put_u8(&w, 0x80);
	sj_put_fill(&w, 0, 11);
	sj_put(&w, objects);
	if (!EAC_increment_ssc(card->ctx) || w.failed || !seal(card, sj_written(&w), expected) ||
	    !sj_span_eq(mac, SJ_SPAN_OF(expected)))
		return false;
	a->cla &= 0xF3;
	a->ne = 0;
	if (le.len == 1)
		a->ne = le.ptr[0] == 0 ? 256 : le.ptr[0];
	else if (le.len == 2)
		a->ne = (uint32_t)(le.ptr[0] << 8 | le.ptr[1]);
	if (le.len == 2 && a->ne == 0)
		a->ne = 65536;
	a->data = NO_SPAN;
	return text.len == 0 || decrypt(card, text, &a->data);
}

static bool close_response(struct peer_eid *card, bool odd, uint16_t sw, struct sj_writer *w)
{
	const uint8_t status[2] = { (uint8_t)(sw >> 8), (uint8_t)sw };
	BUF_MEM *plain, *padded, *text;
	uint8_t mac[8];
	size_t at;
	bool ok;

	if (!EAC_increment_ssc(card->ctx))
		return false;
	if (card->out.len > 0) {
		plain = buffer(sj_written(&card->out));
		padded = EAC_add_iso_pad(card->ctx, plain);
		text = padded != NULL ? EAC_encrypt(card->ctx, padded) : NULL;
		at = sj_tlv_open(w);
		if (!odd)
			sj_put_u8(w, 1);
		sj_put(w, span(text));
		sj_tlv_close(w, odd ? 0x85 : 0x87, at);
		BUF_MEM_free(plain);
		BUF_MEM_free(padded);
		BUF_MEM_free(text);
	}
	sj_tlv_put(w, 0x99, SJ_SPAN_OF(status));
	ok = seal(card, sj_written(w), mac);
	sj_tlv_put(w, 0x8E, SJ_SPAN_OF(mac));
	return ok;
}

/* --- PACE ----------------------------------------------------------------------------------- */

static BUF_MEM *pace_step(struct peer_eid *card, struct sj_span in)
{
	BUF_MEM *data = buffer(in), *out = NULL, *key;
	EAC_CTX *ctx = card->ctx;

	switch (card->step) {
	case 1:
		out = PACE_STEP1_enc_nonce(ctx, card->secret);
		break;
	case 2:
		out = PACE_STEP3A_generate_mapping_data(ctx);
		if (out != NULL && !PACE_STEP3A_map_generator(ctx, data))
			replace(&out, NULL);
		break;
	case 3:
		out = PACE_STEP3B_generate_ephemeral_key(ctx);
		key = out != NULL ? buffer(span(out)) : NULL;
		replace(&card->own_key, key != NULL ? EAC_Comp(ctx, EAC_ID_PACE, key) : NULL);
		BUF_MEM_free(key);
		replace(&card->peer_key, buffer(in));
		if (!PACE_STEP3B_compute_shared_secret(ctx, data) || !PACE_STEP3C_derive_keys(ctx))
			replace(&out, NULL);
		break;
	case 4:
		if (PACE_STEP3D_verify_authentication_token(ctx, data) == 1)
			out = PACE_STEP3D_compute_authentication_token(ctx, card->peer_key);
		break;
	default:
		break;
	}
	BUF_MEM_free(data);
	return out;
}

/* The name in the anchor: 7F21 { 7F4E { 5F29, 42, 7F49, 5F20 ... } }. */
static struct sj_span anchor_name(const struct peer_eid *card)
{
	struct sj_span in = card->plan.cvca, whole, body, name = NO_SPAN;

	if (sj_tlv_take(&in, 0x7F21, &whole) == SJ_TLV_FOUND &&
	    sj_tlv_take(&whole, 0x7F4E, &body) == SJ_TLV_FOUND &&
	    sj_tlv_find(body, 0x5F20, &name) != SJ_TLV_FOUND)
		name = NO_SPAN;
	return name;
}

static uint16_t pace(struct peer_eid *card, struct sj_span data)
{
	static const uint8_t tags[] = { 0, 0x80, 0x82, 0x84, 0x86 };
	struct sj_span object, value = NO_SPAN;
	const size_t at = sj_tlv_open(&card->out);
	BUF_MEM *answer;
	uint32_t tag;

	if (sj_tlv_take(&data, 0x7C, &object) != SJ_TLV_FOUND ||
	    (object.len > 0 && sj_tlv_next(&object, &tag, &value) != SJ_TLV_FOUND))
		return SJ_SW_WRONG_DATA;
	answer = pace_step(card, value);
	if (answer == NULL)
		return card->step == 4 ? SJ_SW_NO_INFORMATION : SJ_SW_WRONG_DATA;
	sj_tlv_put(&card->out, tags[card->step], span(answer));
	if (card->step == 4)
		sj_tlv_put(&card->out, 0x87, anchor_name(card));
	sj_tlv_close(&card->out, 0x7C, at);
	BUF_MEM_free(answer);
	if (card->step++ == 4) {
		card->next_keys = EAC_ID_PACE;
		card->reached = 1;
	}
	return SJ_SW_OK;
}

/* --- Terminal Authentication ------------------------------------------------------------------ */

static uint16_t import(struct peer_eid *card, struct sj_span data)
{
	struct sj_writer w = SJ_WRITER_OF(card->covered);

	sj_tlv_put(&w, 0x7F21, data);
	return !w.failed && TA_STEP2_import_certificate(card->ctx, w.ptr, w.len)
		       ? SJ_SW_OK
		       : SJ_SW_NO_INFORMATION;
}

static uint16_t ta_set(struct peer_eid *card, struct sj_span data)
{
	struct sj_span rest = data, element, value;
	uint32_t tag;

	replace(&card->auxiliary, NULL);
	while (sj_tlv_take_any(&rest, &element) == SJ_TLV_FOUND) {
		struct sj_span one = element;

		if (sj_tlv_next(&one, &tag, &value) != SJ_TLV_FOUND)
			return SJ_SW_WRONG_DATA;
		if (tag == 0x91)
			replace(&card->comp, buffer(value));
		if (tag == 0x67)
			replace(&card->auxiliary, buffer(element));
	}
	return card->comp != NULL ? SJ_SW_OK : SJ_SW_WRONG_DATA;
}

static uint16_t challenge(struct peer_eid *card)
{
	BUF_MEM *nonce = TA_STEP4_get_nonce(card->ctx);

	sj_put(&card->out, span(nonce));
	BUF_MEM_free(nonce);
	return SJ_SW_OK;
}

static uint16_t ta_finish(struct peer_eid *card, struct sj_span data)
{
	BUF_MEM *signature = buffer(data);
	const int good =
		TA_STEP6_verify(card->ctx, card->comp, card->own_key, card->auxiliary, signature);

	BUF_MEM_free(signature);
	if (good != 1)
		return SJ_SW_NO_INFORMATION;
	card->reached = 2;
	return SJ_SW_OK;
}

/* --- Chip Authentication, Restricted Identification ---------------------------------------------- */

static uint16_t chip(struct peer_eid *card, struct sj_span object)
{
	const size_t at = sj_tlv_open(&card->out);
	BUF_MEM *key = buffer(object), *nonce = NULL, *token = NULL;
	const bool good = CA_STEP3_check_pcd_pubkey(card->ctx, card->comp, key) == 1 &&
			  CA_STEP4_compute_shared_secret(card->ctx, key) == 1 &&
			  CA_STEP5_derive_keys(card->ctx, key, &nonce, &token) == 1;

	if (good) {
		sj_tlv_put(&card->out, 0x81, span(nonce));
		sj_tlv_put(&card->out, 0x82, span(token));
		sj_tlv_close(&card->out, 0x7C, at);
		card->next_keys = EAC_ID_CA;
		card->reached = 3;
	}
	BUF_MEM_free(key);
	BUF_MEM_free(nonce);
	BUF_MEM_free(token);
	return good ? SJ_SW_OK : SJ_SW_NO_INFORMATION;
}

static uint16_t identify(struct peer_eid *card, struct sj_span object)
{
	const size_t at = sj_tlv_open(&card->out);
	BUF_MEM *key, *identifier;
	struct sj_span point;

	if (sj_tlv_find(object, 0x86, &point) != SJ_TLV_FOUND)
		return SJ_SW_WRONG_DATA;
	key = buffer(point);
	identifier = RI_STEP2_compute_identifier(card->ctx, key);
	BUF_MEM_free(key);
	if (identifier == NULL)
		return SJ_SW_WRONG_DATA;
	sj_tlv_put(&card->out, 0x81, span(identifier));
	sj_tlv_close(&card->out, 0x7C, at);
	BUF_MEM_free(identifier);
	card->reached = 4;
	return SJ_SW_OK;
}

static uint16_t authenticate(struct peer_eid *card, const struct sj_apdu *a)
{
	struct sj_span data = a->data, object, value;
	uint32_t tag;

	if (!card->secured)
		return pace(card, data);
	if (sj_tlv_take(&data, 0x7C, &object) != SJ_TLV_FOUND ||
	    sj_tlv_next(&object, &tag, &value) != SJ_TLV_FOUND)
		return SJ_SW_WRONG_DATA;
	if (tag == 0x80)
		return card->reached == 2 ? chip(card, value) : SJ_SW_CONDITIONS;
	return tag == 0xA0 && card->reached >= 3 ? identify(card, value) : SJ_SW_WRONG_DATA;
}

/* --- files ---------------------------------------------------------------------------------------- */

static struct sj_span file_of(const struct peer_eid *card, unsigned sfi)
{
	if (card->entered)
		return sfi < PEER_EID_GROUPS ? card->plan.groups[sfi] : NO_SPAN;
	if (sfi == 0x1D)
		return card->reached >= 2 ? card->plan.card_security : NO_SPAN;
	return sfi == 0x1C ? card->plan.card_access : sfi == 0x01 ? card->plan.atr_info : NO_SPAN;
}

static uint16_t read_binary(struct peer_eid *card, const struct sj_apdu *a)
{
	size_t offset = (size_t)(a->p1 & 0x7F) << 8 | a->p2, n;

	if (a->p1 & 0x80) {
		card->current = file_of(card, a->p1 & 0x1Fu);
		offset = a->p2;
	}
	if (card->current.len == 0 || offset > card->current.len)
		return SJ_SW_NOT_FOUND;
	n = card->current.len - offset;
	sj_put(&card->out, sj_span(card->current.ptr + offset, n < a->ne ? n : a->ne));
	return SJ_SW_OK;
}

static uint16_t verify(const struct peer_eid *card, const struct sj_apdu *a)
{
	/* id-DateOfBirth ends with 1, id-DateOfExpiry with 2. */
	const uint8_t which = a->data.len > 0 ? a->data.ptr[a->data.len - 1] : 0;

	if (card->auxiliary == NULL || card->reached < 3)
		return SJ_SW_SECURITY_STATUS;
	return which == 2 || (which == 1 && card->plan.of_age) ? SJ_SW_OK : SJ_SW_NO_INFORMATION;
}

static uint16_t run(struct peer_eid *card, const struct sj_apdu *a)
{
	switch (a->ins) {
	case 0xB0:
		return read_binary(card, a);
	case 0x22:
		if (a->p1 == 0xC1)
			card->step = 1;
		return a->p1 == 0x81 && a->p2 == 0xA4 ? ta_set(card, a->data) : SJ_SW_OK;
	case 0x86:
		return authenticate(card, a);
	case 0x2A:
		return import(card, a->data);
	case 0x84:
		return challenge(card);
	case 0x82:
		return ta_finish(card, a->data);
	case 0xA4:
		card->entered = a->p1 == 4 && card->reached >= 3;
		return card->entered ? SJ_SW_OK : SJ_SW_NOT_FOUND;
	case 0x20:
		return verify(card, a);
	default:
		return SJ_SW_WRONG_INS;
	}
}

size_t peer_eid_transmit(struct peer_eid *card, struct sj_span command, uint8_t *response)
{
	struct sj_writer w = sj_writer(response, PEER_EID_RESPONSE);
	const bool secured = card->secured;
	struct sj_apdu a;
	uint16_t sw = SJ_SW_SM_INCORRECT;

	card->out = SJ_WRITER_OF(card->answer);
	if (!sj_apdu_parse(command, &a))
		return 0;
	if (!secured || open_command(card, &a)) {
		sw = run(card, &a);
		if (sw != SJ_SW_OK)
			card->out.len = 0;
		if (!secured)
			sj_put(&w, sj_written(&card->out));
		else if (!close_response(card, (a.ins & 1) != 0, sw, &w))
			return 0;
	} else {
		card->secured = false;
	}
	if (card->next_keys >= 0) {
		card->secured = EAC_CTX_set_encryption_ctx(card->ctx, card->next_keys) == 1;
		card->next_keys = -1;
	}
	sj_put_be(&w, 2, sw);
	return w.failed ? 0 : w.len;
}
