/*
 * pace.c -- PACE, the card's side. STATES.md is the page to the table below.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4.
 */
#include "crypt/wipe.h"
#include "state.h"

struct pace_call {
	struct card_call *call;
	struct emrtd_pace *pace;
	struct sj_span in; /* the value of this step's object */
	struct sj_writer *out; /* the objects of the answer, inside 7C */
};

struct pace_step {
	enum emrtd_pace_state from, to;
	bool chained;
	uint32_t tag; /* of the terminal's object; 0: none */
	uint16_t (*run)(const struct pace_call *p);
};

/* --- MSE:Set AT (4.4.4.1) ------------------------------------------------- */

struct set_at {
	struct sj_span oid, password, parameter;
};

static bool take_once(struct sj_span *slot, struct sj_span value)
{
	if (slot->ptr || value.len == 0)
		return false;
	*slot = value;
	return true;
}

/* Objects that this step does not know are passed over (4.4.4.1, note 2). */
static bool parse_set_at(struct sj_span in, struct set_at *out)
{
	struct sj_span value;
	enum sj_tlv_rc rc;
	uint32_t tag;

	*out = (struct set_at){ 0 };
	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND) {
		struct sj_span *slot = tag == 0x80   ? &out->oid
				       : tag == 0x83 ? &out->password
				       : tag == 0x84 ? &out->parameter
						     : NULL;

		if (slot && !take_once(slot, value))
			return false;
	}
	return rc == SJ_TLV_ABSENT && out->oid.ptr && out->password.len == 1 &&
	       out->parameter.len <= 1;
}

static uint16_t choose_password(const struct emrtd_access *a, uint8_t reference,
				enum sj_pace_password *out)
{
	if (reference == SJ_PACE_MRZ && a->mrz.len > 0)
		*out = SJ_PACE_MRZ;
	else if (reference == SJ_PACE_CAN && a->can.len > 0)
		*out = SJ_PACE_CAN;
	else
		return SJ_SW_REFERENCE_NOT_FOUND;
	return SJ_SW_OK;
}

/* The PACEInfo that is meant; without tag 84 only one may fit. */
static uint16_t choose_suite(const struct emrtd_access *a, const struct set_at *at,
			     struct sj_pace_suite *out)
{
	enum sj_pace_mapping mapping;
	enum sj_cipher cipher;
	size_t with_oid = 0, fitting = 0;

	if (!sj_pace_from_oid(at->oid, &mapping, &cipher))
		return SJ_SW_WRONG_DATA;
	for (size_t i = 0; i < a->suite_count; i++) {
		const struct sj_pace_suite *s = &a->suites[i];

		if (s->mapping != mapping || s->cipher != cipher)
			continue;
		with_oid++;
		if (at->parameter.len == 1 && at->parameter.ptr[0] != (uint8_t)s->curve)
			continue;
		fitting++;
		*out = *s;
	}
	if (fitting == 1)
		return SJ_SW_OK;
	return with_oid > 0 && fitting == 0 ? SJ_SW_REFERENCE_NOT_FOUND : SJ_SW_WRONG_DATA;
}

uint16_t emrtd_pace_set(struct card_call *call)
{
	struct emrtd_pace *pace = &((struct emrtd_state *)call->state)->pace;
	struct emrtd_access access;
	struct set_at at;
	uint16_t sw;

	sj_wipe(pace, sizeof(*pace));
	if (!emrtd_access_load(call->card, &access) || (access.protocols & EMRTD_PACE) == 0)
		return SJ_SW_CONDITIONS;
	if (!parse_set_at(call->apdu->data, &at))
		return SJ_SW_WRONG_DATA;
	sw = choose_suite(&access, &at, &pace->suite);
	if (sw == SJ_SW_OK)
		sw = choose_password(&access, at.password.ptr[0], &pace->password);
	if (sw == SJ_SW_OK) {
		pace->channel = call->channel;
		pace->state = PACE_SET;
	}
	return sw;
}

/* --- the steps (4.4.1, 4.4.4.2) ------------------------------------------- */

/* Step 1: a nonce, encrypted with the password's key. */
static uint16_t give_nonce(const struct pace_call *p)
{
	struct card *card = p->call->card;
	enum sj_cipher c = p->pace->suite.cipher;
	uint8_t k_pi[SJ_CIPHER_KEY_MAX], z[SJ_PACE_NONCE];
	struct emrtd_access access;
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	card_delay_serve(card, (uint8_t)p->pace->password);
	if (!emrtd_access_load(card, &access))
		goto out;
	if (!sj_pace_k_pi(c, p->pace->password,
			  p->pace->password == SJ_PACE_CAN ? access.can : access.mrz, k_pi) ||
	    !sj_random_fill(card_random(card), p->pace->nonce, sizeof(p->pace->nonce)) ||
	    !sj_pace_nonce_encrypt(c, k_pi, p->pace->nonce, z))
		goto out;
	sj_tlv_put(p->out, 0x80, SJ_SPAN_OF(z));
	sw = SJ_SW_OK;
out:
	sj_wipe(k_pi, sizeof(k_pi));
	return sw;
}

/* Step 2: the mapped generator from the nonce and an anonymous agreement (4.4.3.3). */
static uint16_t map_nonce(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	enum sj_curve curve = pace->suite.curve;
	struct sj_ec_point pk_map, peer, h;
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (!sj_ec_point_read(curve, p->in, &peer))
		return SJ_SW_WRONG_DATA;
	if (!sj_ec_secret_random(curve, card_random(p->call->card), &pace->sk_map) ||
	    !sj_ec_multiply(curve, &pace->sk_map, NULL, &pk_map) ||
	    !sj_ec_multiply(curve, &pace->sk_map, &peer, &h) ||
	    !sj_ec_map_generic(curve, SJ_SPAN_OF(pace->nonce), &h, &pace->generator))
		goto out;
	sj_tlv_put(p->out, 0x82, sj_ec_point_span(&pk_map));
	sw = SJ_SW_OK;
out:
	if (pace->suite.mapping != SJ_PACE_CAM)
		sj_wipe(&pace->sk_map, sizeof(pace->sk_map));
	sj_wipe(&h, sizeof(h));
	sj_wipe(pace->nonce, sizeof(pace->nonce));
	return sw;
}

/* Step 3: key agreement on the mapped generator. */
static uint16_t agree_on_keys(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	enum sj_curve curve = pace->suite.curve;
	struct sj_ec_secret sk = { 0 };
	uint8_t shared[SJ_EC_FIELD_MAX];
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (!sj_ec_point_read(curve, p->in, &pace->pk_ifd))
		return SJ_SW_WRONG_DATA;
	if (!sj_ec_secret_random(curve, card_random(p->call->card), &sk) ||
	    !sj_ec_multiply(curve, &sk, &pace->generator, &pace->pk_ic))
		goto out;
	/* Each end checks that the two public keys differ (4.4.1, step 3). */
	if (sj_span_eq(sj_ec_point_span(&pace->pk_ic), sj_ec_point_span(&pace->pk_ifd))) {
		sw = SJ_SW_NO_INFORMATION;
		goto out;
	}
	if (!sj_ec_agree(curve, &sk, &pace->pk_ifd, shared) ||
	    !sj_pace_session(pace->suite.cipher, sj_span(shared, sj_curve_field_size(curve)),
			     &pace->keys))
		goto out;
	sj_tlv_put(p->out, 0x84, sj_ec_point_span(&pace->pk_ic));
	sw = SJ_SW_OK;
out:
	sj_wipe(&sk, sizeof(sk));
	sj_wipe(shared, sizeof(shared));
	sj_wipe(&pace->generator, sizeof(pace->generator));
	return sw;
}

/* Encrypted chip authentication data: A_IC (4.4.3.5). */
static bool put_cam_data(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	struct emrtd_key key = { 0 };
	struct sj_ec_secret ca_data = { 0 };
	size_t at = sj_tlv_open(p->out);
	bool ok;

	ok = emrtd_key_load(p->call->card, EMRTD_OBJECT_CAM + (uint32_t)pace->suite.curve, &key) &&
	     sj_ec_cam_data(pace->suite.curve, &key.secret, &pace->sk_map, &ca_data);
	ok = ok && sj_pace_cam_seal(&pace->keys, &ca_data, p->out);
	if (ok)
		sj_tlv_close(p->out, 0x8A, at);
	sj_wipe(&key, sizeof(key));
	sj_wipe(&ca_data, sizeof(ca_data));
	return ok;
}

/* Step 4: the terminal's token is compared, ours is given, secure messaging starts. */
static uint16_t confirm(const struct pace_call *p)
{
	struct card *card = p->call->card;
	struct emrtd_pace *pace = p->pace;
	struct sj_span oid = sj_pace_oid(pace->suite.mapping, pace->suite.cipher);
	uint8_t expected[SJ_MAC_SIZE], own[SJ_MAC_SIZE];
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (p->in.len != SJ_MAC_SIZE)
		return SJ_SW_WRONG_DATA;
	if (!sj_pace_token(&pace->keys, oid, &pace->pk_ic, expected) ||
	    !sj_pace_token(&pace->keys, oid, &pace->pk_ifd, own))
		goto out;
	if (!card_delay_raise(card, (uint8_t)pace->password)) {
		sw = SJ_SW_MEMORY_FAILURE;
		goto out;
	}
	if (!sj_equal_secret(p->in, SJ_SPAN_OF(expected))) {
		sw = SJ_SW_NO_INFORMATION;
		goto out;
	}
	sj_tlv_put(p->out, 0x86, SJ_SPAN_OF(own));
	if (pace->suite.mapping == SJ_PACE_CAM && !put_cam_data(p))
		goto out;
	card_delay_clear(card, (uint8_t)pace->password);
	card_sm_start(card, &pace->keys, NULL);
	card_grant(card, CARD_RIGHT_PACE);
	sw = SJ_SW_OK;
out:
	sj_wipe(expected, sizeof(expected));
	sj_wipe(own, sizeof(own));
	return sw;
}

static const struct pace_step steps[] = {
	{ PACE_SET, PACE_NONCE, true, 0, give_nonce },
	{ PACE_NONCE, PACE_MAPPED, true, 0x81, map_nonce },
	{ PACE_MAPPED, PACE_AGREED, true, 0x83, agree_on_keys },
	{ PACE_AGREED, PACE_IDLE, false, 0x85, confirm },
};

static const struct pace_step *step_from(enum emrtd_pace_state state)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].from == state)
			return &steps[i];
	return NULL;
}

static uint16_t run_step(struct card_call *call, struct emrtd_pace *pace)
{
	const struct pace_step *step = step_from(pace->state);
	struct pace_call p = { .call = call, .pace = pace, .out = call->out };
	size_t at = sj_tlv_open(call->out);
	uint32_t tag;
	uint16_t sw;

	if (!step || pace->channel != call->channel)
		return SJ_SW_CONDITIONS;
	if (!emrtd_dynamic_data(call->apdu->data, &tag, &p.in))
		return SJ_SW_WRONG_DATA;
	if (tag != step->tag)
		return SJ_SW_CONDITIONS;
	if (call->more != step->chained)
		return SJ_SW_LAST_OF_CHAIN_EXPECTED;
	sw = step->run(&p);
	if (sw == SJ_SW_OK) {
		sj_tlv_close(call->out, 0x7C, at);
		pace->state = step->to;
	}
	return sw;
}

uint16_t emrtd_pace_step(struct card_call *call)
{
	struct emrtd_pace *pace = &((struct emrtd_state *)call->state)->pace;
	uint16_t sw = run_step(call, pace);

	if (sw != SJ_SW_OK || pace->state == PACE_IDLE)
		sj_wipe(pace, sizeof(*pace));
	return sw;
}

bool emrtd_dynamic_data(struct sj_span in, uint32_t *tag, struct sj_span *value)
{
	struct sj_span content;

	if (sj_tlv_take(&in, 0x7C, &content) != SJ_TLV_FOUND || in.len != 0)
		return false;
	*tag = 0;
	*value = content;
	if (content.len == 0)
		return true;
	return sj_tlv_next(&content, tag, value) == SJ_TLV_FOUND && content.len == 0 && *tag != 0;
}
