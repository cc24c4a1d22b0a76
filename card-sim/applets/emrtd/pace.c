/*
 * pace.c -- PACE, the card's side. STATES.md is the page to the table below.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4; BSI TR-03110-3 v2.21, B.1 and B.14.
 */
#include "crypt/wipe.h"
#include "state.h"
#include "wire/std/tr03110.h"

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
	struct sj_span oid, password, parameter, chat, extensions;
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
		struct sj_span *slot = tag == 0x80                    ? &out->oid
				       : tag == 0x83                  ? &out->password
				       : tag == 0x84                  ? &out->parameter
				       : tag == SJ_TAG_CVC_CHAT       ? &out->chat
				       : tag == SJ_TAG_CVC_EXTENSIONS ? &out->extensions
								      : NULL;

		if (slot && !take_once(slot, value))
			return false;
	}
	return rc == SJ_TLV_ABSENT && out->oid.ptr && out->password.len == 1 &&
	       out->parameter.len <= 1;
}

/* The password's bytes. Empty: the card has none of that kind, or its PIN was not loaded. */
static struct sj_span password_of(const struct emrtd_access *a, enum sj_pace_password kind,
				  const struct emrtd_pin *pin)
{
	switch (kind) {
	case SJ_PACE_MRZ:
		return a->mrz;
	case SJ_PACE_CAN:
		return a->can;
	case SJ_PACE_PIN:
		return a->pin.len > 0 ? SJ_SPAN_OF(pin->digits) : a->pin;
	case SJ_PACE_PUK:
		return a->puk;
	}
	return sj_span(NULL, 0);
}

static uint16_t choose_password(const struct emrtd_access *a, uint8_t reference,
				enum sj_pace_password *out)
{
	static const struct emrtd_pin none = { 0 };

	if (reference < SJ_PACE_MRZ || reference > SJ_PACE_PUK ||
	    password_of(a, (enum sj_pace_password)reference, &none).len == 0)
		return SJ_SW_REFERENCE_NOT_FOUND;
	*out = (enum sj_pace_password)reference;
	return SJ_SW_OK;
}

/* The PACEInfo that is meant; without tag 84 only one may fit. */
static uint16_t choose_suite(const struct emrtd_access *a, const struct set_at *at,
			     struct sj_pace_suite *out)
{
	size_t with_oid = 0, fitting = 0;

	for (size_t i = 0; i < a->suite_count; i++) {
		const struct sj_pace_suite *s = &a->suites[i];

		if (!sj_span_eq(at->oid, sj_pace_oid(s)))
			continue;
		with_oid++;
		if (at->parameter.len == 1 && at->parameter.ptr[0] != sj_pace_parameter_id(s))
			continue;
		fitting++;
		*out = *s;
	}
	if (fitting == 1)
		return SJ_SW_OK;
	return with_oid > 0 && fitting == 0 ? SJ_SW_REFERENCE_NOT_FOUND : SJ_SW_WRONG_DATA;
}

static bool has_anchors(struct card *card)
{
	struct sj_span names[2];

	return emrtd_anchor_names(card, SJ_CVC_INSPECTION, names) > 0 ||
	       emrtd_anchor_names(card, SJ_CVC_AUTHENTICATION, names) > 0 ||
	       emrtd_anchor_names(card, SJ_CVC_SIGNATURE, names) > 0;
}

/*
 * What the holder allows: CHAT, and extensions only with it. A card that takes no terminal's
 * certificates passes them over.
 */
static uint16_t choose_rights(struct card *card, const struct set_at *at, struct emrtd_pace *pace)
{
	if ((at->chat.len == 0 && at->extensions.len == 0) || !has_anchors(card))
		return SJ_SW_OK;
	if (at->chat.len == 0 || !sj_cvc_chat_read(at->chat, &pace->allowed) ||
	    (at->extensions.len > 0 && !sj_cvc_extensions_read(at->extensions, &pace->allowed)))
		return SJ_SW_WRONG_DATA;
	pace->chat = true;
	return SJ_SW_OK;
}

/*
 * In plain; or, for a PIN that the CAN resumes, in the session that the CAN opened, before a
 * terminal is authenticated in it (TR-03110-2, 3.2.2).
 */
static bool may_run(const struct card_call *call, enum sj_pace_password kind)
{
	const struct card_terminal *t = card_terminal(call->card);

	return !call->secured ||
	       (kind == SJ_PACE_PIN && t->password == SJ_PACE_CAN && !t->authenticated);
}

uint16_t emrtd_pace_set(struct card_call *call)
{
	struct emrtd_state *st = call->state;
	struct emrtd_pace *pace = &st->pace;
	struct emrtd_access access;
	struct set_at at;
	uint16_t sw;

	sj_wipe(pace, sizeof(*pace));
	sj_wipe(&st->ca2, sizeof(st->ca2)); /* GENERAL AUTHENTICATE is PACE's now */
	if (!emrtd_access_load(call->card, &access) || (access.protocols & EMRTD_PACE) == 0)
		return SJ_SW_CONDITIONS;
	if (!parse_set_at(call->apdu->data, &at))
		return SJ_SW_WRONG_DATA;
	sw = choose_suite(&access, &at, &pace->suite);
	if (sw == SJ_SW_OK)
		sw = choose_password(&access, at.password.ptr[0], &pace->password);
	if (sw == SJ_SW_OK && !may_run(call, pace->password))
		sw = SJ_SW_CONDITIONS;
	if (sw == SJ_SW_OK)
		sw = choose_rights(call->card, &at, pace);
	if (sw != SJ_SW_OK)
		return sw;
	pace->channel = call->channel;
	pace->secured = call->secured;
	pace->state = PACE_SET;
	return emrtd_password_warning(call->card, pace->password);
}

/* --- the steps (4.4.1, 4.4.4.2) ------------------------------------------- */

/* z, from a new nonce and the password's key. */
static bool seal_nonce(struct card *card, struct emrtd_pace *pace, uint8_t z[SJ_PACE_NONCE_MAX])
{
	const enum sj_cipher c = pace->suite.cipher;
	const size_t size = sj_pace_nonce_size(&pace->suite);
	uint8_t k_pi[SJ_CIPHER_KEY_MAX];
	struct emrtd_access access;
	struct emrtd_pin pin = { 0 };
	bool ok;

	ok = emrtd_access_load(card, &access) &&
	     (pace->password != SJ_PACE_PIN || emrtd_pin_load(card, &pin)) &&
	     sj_pace_k_pi(c, pace->password, password_of(&access, pace->password, &pin), k_pi) &&
	     sj_random_fill(card_random(card), pace->nonce, size) &&
	     sj_pace_nonce_encrypt(c, k_pi, sj_span(pace->nonce, size), z);
	sj_wipe(&pin, sizeof(pin));
	sj_wipe(k_pi, sizeof(k_pi));
	return ok;
}

/* Step 1: a nonce, encrypted with the password's key. */
static uint16_t give_nonce(const struct pace_call *p)
{
	struct card *card = p->call->card;
	uint8_t z[SJ_PACE_NONCE_MAX];
	uint16_t sw = emrtd_password_usable(card, p->pace->password, p->pace->secured);

	if (sw != SJ_SW_OK)
		return sw;
	if (p->pace->password != SJ_PACE_PIN)
		card_delay_serve(card, (uint8_t)p->pace->password);
	if (!seal_nonce(card, p->pace, z))
		return SJ_SW_EXECUTION_ERROR;
	sj_tlv_put(p->out, 0x80, sj_span(z, sj_pace_nonce_size(&p->pace->suite)));
	return SJ_SW_OK;
}

/* The generator from the nonce and an anonymous agreement (4.4.3.3.1). */
static uint16_t map_generic(const struct pace_call *p, struct sj_span nonce)
{
	struct emrtd_pace *pace = p->pace;
	struct sj_pace_public own, peer;

	if (!sj_pace_public_read(&pace->suite, p->in, &peer))
		return SJ_SW_WRONG_DATA;
	if (!sj_pace_key_make(&pace->suite, card_random(p->call->card), NULL, &pace->sk_map,
			      &own) ||
	    !sj_pace_map_generic(&pace->suite, nonce, &pace->sk_map, &peer, &pace->generator))
		return SJ_SW_EXECUTION_ERROR;
	sj_tlv_put(p->out, 0x82, sj_pace_public_span(&own));
	return SJ_SW_OK;
}

/* The generator from the nonce and the terminal's (4.4.3.3.2); the answer's object is empty. */
static uint16_t map_integrated(const struct pace_call *p, struct sj_span nonce)
{
	if (p->in.len != sj_cipher_key_size(p->pace->suite.cipher))
		return SJ_SW_WRONG_DATA;
	if (!sj_pace_map_integrated(&p->pace->suite, nonce, p->in, &p->pace->generator))
		return SJ_SW_EXECUTION_ERROR;
	sj_tlv_put(p->out, 0x82, sj_span(NULL, 0));
	return SJ_SW_OK;
}

/* Step 2: the mapped generator. */
static uint16_t map_nonce(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	const struct sj_span nonce = sj_span(pace->nonce, sj_pace_nonce_size(&pace->suite));
	const uint16_t sw = pace->suite.mapping == SJ_PACE_IM ? map_integrated(p, nonce)
							      : map_generic(p, nonce);

	if (pace->suite.mapping != SJ_PACE_CAM)
		sj_wipe(&pace->sk_map, sizeof(pace->sk_map));
	sj_wipe(pace->nonce, sizeof(pace->nonce));
	return sw;
}

/* Step 3: key agreement on the mapped generator. */
static uint16_t agree_on_keys(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	struct sj_pace_secret sk = { .len = 0 };
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (!sj_pace_public_read(&pace->suite, p->in, &pace->pk_ifd))
		return SJ_SW_WRONG_DATA;
	if (!sj_pace_key_make(&pace->suite, card_random(p->call->card), &pace->generator, &sk,
			      &pace->pk_ic))
		goto out;
	/* Each end checks that the two public keys differ (4.4.1, step 3). */
	if (sj_span_eq(sj_pace_public_span(&pace->pk_ic), sj_pace_public_span(&pace->pk_ifd))) {
		sw = SJ_SW_NO_INFORMATION;
		goto out;
	}
	if (!sj_pace_agree(&pace->suite, &sk, &pace->pk_ifd, &pace->keys))
		goto out;
	sj_tlv_put(p->out, 0x84, sj_pace_public_span(&pace->pk_ic));
	sw = SJ_SW_OK;
out:
	sj_wipe(&sk, sizeof(sk));
	sj_wipe(&pace->generator, sizeof(pace->generator));
	return sw;
}

/* Encrypted chip authentication data: A_IC (4.4.3.5). */
static bool put_cam_data(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	struct emrtd_key key = { 0 };
	struct sj_ec_secret ca_data = { 0 }, map = { 0 };
	size_t at = sj_tlv_open(p->out);
	bool ok;

	ok = emrtd_key_load(p->call->card, EMRTD_OBJECT_CAM + (uint32_t)pace->suite.curve, &key) &&
	     sj_ec_secret_read(pace->suite.curve, sj_span(pace->sk_map.bytes, pace->sk_map.len),
			       &map) &&
	     sj_ec_cam_data(pace->suite.curve, &key.secret, &map, &ca_data);
	ok = ok && sj_pace_cam_seal(&pace->keys, &ca_data, p->out);
	if (ok)
		sj_tlv_close(p->out, 0x8A, at);
	sj_wipe(&key, sizeof(key));
	sj_wipe(&ca_data, sizeof(ca_data));
	sj_wipe(&map, sizeof(map));
	return ok;
}

/* Whose certificates the card takes, when the terminal sent a CHAT (4.4.5). */
static void put_anchors(const struct pace_call *p)
{
	struct sj_span names[2];
	size_t n = p->pace->chat
			   ? emrtd_anchor_names(p->call->card, p->pace->allowed.terminal, names)
			   : 0;

	for (size_t i = 0; i < n; i++)
		sj_tlv_put(p->out, i == 0 ? SJ_TAG_PACE_CAR : SJ_TAG_PACE_CAR_BEFORE, names[i]);
}

/* A new session, and what is known of its terminal. */
static uint16_t open_session(const struct pace_call *p)
{
	struct emrtd_pace *pace = p->pace;
	struct card_terminal t = { .password = (uint8_t)pace->password,
				   .chat = pace->chat,
				   .allowed = pace->allowed };

	if (!sj_pace_comp(&pace->suite, &pace->pk_ic, t.id_icc, &t.id_icc_len) ||
	    (pace->suite.mapping == SJ_PACE_CAM &&
	     !sj_pace_comp(&pace->suite, &pace->pk_ifd, t.ephemeral, &t.ephemeral_len)))
		return SJ_SW_EXECUTION_ERROR;
	if (!emrtd_password_right(p->call->card, pace->password))
		return SJ_SW_MEMORY_FAILURE;
	*card_terminal(p->call->card) = t;
	card_sm_start(p->call->card, &pace->keys, NULL);
	card_grant(p->call->card, CARD_RIGHT_PACE);
	return SJ_SW_OK;
}

/* Step 4: the terminal's token is compared, ours is given, secure messaging starts. */
static uint16_t confirm(const struct pace_call *p)
{
	struct card *card = p->call->card;
	struct emrtd_pace *pace = p->pace;
	uint8_t expected[SJ_MAC_SIZE], own[SJ_MAC_SIZE];
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (p->in.len != SJ_MAC_SIZE)
		return SJ_SW_WRONG_DATA;
	if (!sj_pace_token(&pace->keys, &pace->suite, &pace->pk_ic, expected) ||
	    !sj_pace_token(&pace->keys, &pace->suite, &pace->pk_ifd, own))
		goto out;
	if (!emrtd_password_try(card, pace->password)) {
		sw = SJ_SW_MEMORY_FAILURE;
		goto out;
	}
	if (!sj_equal_secret(p->in, SJ_SPAN_OF(expected))) {
		sw = emrtd_password_wrong(card, pace->password);
		goto out;
	}
	sj_tlv_put(p->out, 0x86, SJ_SPAN_OF(own));
	put_anchors(p);
	if (pace->suite.mapping == SJ_PACE_CAM && !put_cam_data(p))
		goto out;
	sw = open_session(p);
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

	if (!step || pace->channel != call->channel || pace->secured != call->secured ||
	    !may_run(call, pace->password))
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
