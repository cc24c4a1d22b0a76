/* pace.c -- choosing from EF.CardAccess, and the steps of PACE in their order. */
#include "reader/pace.h"

#include <string.h>

#include "crypt/wipe.h"
#include "wire/secinfo.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define OBJECT_MAX (SJ_PACE_PUBLIC_MAX + 12u)
#define TEMPLATE_MAX 160u /* with CHAT and extensions */

/* --- choosing ------------------------------------------------------------------ */

/* The best so far, while EF.CardAccess is walked. */
struct choice {
	struct sj_pace_suite suite;
	uint32_t parameter_id;
	struct sj_span oid;
	size_t rank; /* 0: nothing yet */
};

/*
 * The mapping that proves the chip first, then curves before numbers, the cipher, the size, and
 * the generic mapping before the integrated.
 */
static size_t rank_of(const struct sj_pace_suite *suite)
{
	const bool ec = suite->curve != SJ_CURVE_NONE;
	const size_t size = ec ? sj_curve_field_size(suite->curve) : (size_t)suite->group;

	return 1 + (suite->mapping == SJ_PACE_CAM) * 100000u + ec * 10000u +
	       (size_t)suite->cipher * 1000u + 2 * size + (suite->mapping == SJ_PACE_GM);
}

static bool read_suite(const struct sj_secinfo *info, struct sj_pace_info *pace,
		       struct sj_pace_suite *suite)
{
	return sj_secinfo_pace(info, pace) && pace->version == 2 && pace->parameter_id.present &&
	       sj_pace_suite_read(pace->oid, pace->parameter_id.value, suite);
}

static void consider(const struct sj_secinfo *info, struct choice *best)
{
	struct sj_pace_suite suite;
	struct sj_pace_info pace;

	if (read_suite(info, &pace, &suite) && rank_of(&suite) > best->rank) {
		best->suite = suite;
		best->parameter_id = pace.parameter_id.value;
		best->oid = pace.oid;
		best->rank = rank_of(&suite);
	}
}

bool sj_pace_choose(struct sj_span card_access, struct sj_pace_offer *out)
{
	struct choice best = { .rank = 0 };
	struct sj_span items, rest;
	struct sj_secinfo info;
	unsigned same = 0;

	if (!sj_secinfos_parse(card_access, &items))
		return false;
	for (rest = items; sj_secinfo_next(&rest, &info) == SJ_TLV_FOUND;)
		consider(&info, &best);
	if (best.rank == 0)
		return false;
	for (rest = items; sj_secinfo_next(&rest, &info) == SJ_TLV_FOUND;)
		same += sj_span_eq(info.oid, best.oid);
	*out = (struct sj_pace_offer){ best.suite, best.parameter_id, same > 1 };
	return true;
}

/* --- the protocol ---------------------------------------------------------------- */

struct pace {
	struct sj_session *session;
	const struct sj_pace_suite *suite;
	enum sj_pace_password kind;
	const struct sj_cvc_rights *chat;
	const struct sj_random *random;
	struct sj_pace_result *result;
	uint8_t k_pi[SJ_CIPHER_KEY_MAX];
	uint8_t nonce[SJ_PACE_NONCE_MAX];
	size_t nonce_len;
	struct sj_pace_secret secret; /* ephemeral, of the step at hand */
	struct sj_pace_public own, peer;
	struct sj_pace_public generator; /* the mapped one */
	struct sj_sm_keys keys;
};

static bool is_counter(uint16_t sw)
{
	return (sw & 0xFFF0) == SJ_SW_COUNTER;
}

static bool is_wrong_password(uint16_t sw)
{
	return (sw & 0xFF00) == SJ_SW_NO_INFORMATION || sw == SJ_SW_SECURITY_STATUS ||
	       sw == SJ_SW_AUTH_BLOCKED;
}

static bool may_block(enum sj_pace_password kind)
{
	return kind == SJ_PACE_PIN || kind == SJ_PACE_PUK;
}

static enum sj_rc blocked(enum sj_pace_password kind)
{
	return kind == SJ_PACE_PUK ? SJ_PUK_BLOCKED : SJ_PIN_BLOCKED;
}

enum sj_rc sj_pace_wrong(enum sj_pace_password kind, uint16_t sw, int *tries)
{
	if (!is_wrong_password(sw))
		return SJ_CARD_REFUSED;
	if (is_counter(sw))
		*tries = sw & 0x0F;
	if (may_block(kind) && (sw == SJ_SW_COUNTER || sw == SJ_SW_AUTH_BLOCKED))
		return blocked(kind);
	switch (kind) {
	case SJ_PACE_CAN:
		return SJ_WRONG_CAN;
	case SJ_PACE_PIN:
		return SJ_WRONG_PIN;
	case SJ_PACE_PUK:
		return SJ_WRONG_PUK;
	case SJ_PACE_MRZ:
		break;
	}
	return SJ_WRONG_MRZ;
}

enum sj_rc sj_pace_unusable(enum sj_pace_password kind, uint16_t sw, bool resumed, int *tries)
{
	if (!may_block(kind))
		return SJ_OK;
	if (is_counter(sw))
		*tries = sw & 0x0F;
	if (sw == SJ_SW_COUNTER || sw == SJ_SW_AUTH_BLOCKED)
		return blocked(kind);
	if (sw == SJ_SW_FILE_DEACTIVATED || sw == SJ_SW_DATA_INVALIDATED)
		return SJ_PIN_INACTIVE;
	if ((sw == (SJ_SW_COUNTER | 1) || sw == SJ_SW_CONDITIONS) && !resumed)
		return SJ_PIN_SUSPENDED;
	return SJ_OK;
}

static enum sj_rc unusable(const struct pace *p, uint16_t sw)
{
	return sj_pace_unusable(p->kind, sw, sj_session_sm_active(p->session), &p->result->tries);
}

static void put_extensions(struct sj_writer *w, const struct sj_cvc_rights *chat)
{
	const size_t at = sj_tlv_open(w), from = w->len;

	sj_cvc_extras_put(w, chat);
	if (w->len > from)
		sj_tlv_close(w, SJ_TAG_CVC_EXTENSIONS, at);
}

/* MSE:Set AT (4.4.4.1), with the domain parameters' number or without. */
static enum sj_rc set_template(struct pace *p, uint32_t parameter_id, bool with_id, uint16_t *sw)
{
	uint8_t buffer[TEMPLATE_MAX], reference = (uint8_t)p->kind, id = (uint8_t)parameter_id;
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_MUTUAL, .p2 = SJ_MSE_AT };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	sj_tlv_put(&w, SJ_TAG_CRT_OID, sj_pace_oid(p->suite));
	sj_tlv_put(&w, SJ_TAG_CRT_REFERENCE, sj_span(&reference, 1));
	if (with_id)
		sj_tlv_put(&w, SJ_TAG_CRT_PRIVATE, sj_span(&id, 1));
	if (p->chat != NULL) {
		sj_cvc_chat_put(&w, p->chat);
		put_extensions(&w, p->chat);
	}
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	rc = sj_session_command(p->session, &a, &r);
	*sw = r.sw;
	return rc;
}

/* Some cards want the number, some refuse it: the other way is tried once. */
static enum sj_rc begin(struct pace *p, const struct sj_pace_offer *offer, uint16_t *sw)
{
	const uint32_t id = offer->parameter_id;
	enum sj_rc rc = set_template(p, id, offer->ambiguous, sw);

	if (rc == SJ_OK && (*sw == SJ_SW_WRONG_DATA || *sw == SJ_SW_REFERENCE_NOT_FOUND))
		rc = set_template(p, id, !offer->ambiguous, sw);
	if (rc != SJ_OK)
		return rc;
	if (*sw == SJ_SW_REFERENCE_NOT_FOUND)
		return SJ_ACCESS_UNSUPPORTED; /* this card has no such password */
	/* 63Cx: how many tries are left; 6283: not active. Warnings. */
	return *sw == SJ_SW_OK || is_counter(*sw) || *sw == SJ_SW_FILE_DEACTIVATED
		       ? SJ_OK
		       : SJ_CARD_REFUSED;
}

/* GENERAL AUTHENTICATE: one object out (tag 0: none), the dynamic authentication data in. */
static enum sj_rc authenticate(struct pace *p, bool last, uint32_t tag, struct sj_span value,
			       struct sj_response *r, struct sj_span *data)
{
	uint8_t buffer[OBJECT_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .cla = last ? SJ_CLA_INTERINDUSTRY : SJ_CLA_CHAINING,
			     .ins = SJ_INS_GENERAL_AUTHENTICATE,
			     .ne = SJ_APDU_NE_SHORT };
	size_t at = sj_tlv_open(&w);
	struct sj_span answer;
	enum sj_rc rc;

	if (tag != 0)
		sj_tlv_put(&w, tag, value);
	sj_tlv_close(&w, SJ_TAG_DYNAMIC_AUTHENTICATION, at);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	a.extended = a.data.len > SJ_APDU_NC_SHORT; /* chaining is the protocol's (4.4.4.3) */
	if (a.extended)
		a.ne = SJ_APDU_NE_EXTENDED;
	rc = sj_session_command(p->session, &a, r);
	if (rc == SJ_OK && r->sw != SJ_SW_OK && r->data.len > 0)
		return SJ_CARD_ANSWER; /* half of one: it must not speak of the password */
	if (rc != SJ_OK || r->sw != SJ_SW_OK)
		return rc;
	answer = r->data;
	if (sj_tlv_take(&answer, SJ_TAG_DYNAMIC_AUTHENTICATION, data) != SJ_TLV_FOUND)
		return SJ_CARD_ANSWER;
	return SJ_OK;
}

/* Before the token every refusal is the card's fault, not the password's. */
static enum sj_rc exchange(struct pace *p, uint32_t tag_out, struct sj_span out, uint32_t tag_in,
			   struct sj_span *in)
{
	struct sj_response r = { 0 };
	struct sj_span data = { NULL, 0 };
	enum sj_rc rc = authenticate(p, false, tag_out, out, &r, &data);

	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK) {
		rc = unusable(p, r.sw);
		return rc != SJ_OK ? rc : SJ_CARD_REFUSED;
	}
	return sj_tlv_find(data, tag_in, in) == SJ_TLV_FOUND ? SJ_OK : SJ_CARD_ANSWER;
}

static enum sj_rc get_nonce(struct pace *p)
{
	struct sj_span z;
	enum sj_rc rc = exchange(p, 0, sj_span(NULL, 0), SJ_TAG_PACE_NONCE, &z);

	if (rc != SJ_OK)
		return rc;
	p->nonce_len = z.len;
	return sj_pace_nonce_decrypt(p->suite->cipher, p->k_pi, z, p->nonce) ? SJ_OK
									     : SJ_CARD_ANSWER;
}

/* Sends an ephemeral public key and gets the card's; they must differ. */
static enum sj_rc swap_keys(struct pace *p, const struct sj_pace_public *base, uint32_t tag_out,
			    uint32_t tag_in)
{
	struct sj_span in;
	enum sj_rc rc;

	if (!sj_pace_key_make(p->suite, p->random, base, &p->secret, &p->own))
		return SJ_CRYPTO_FAILED;
	rc = exchange(p, tag_out, sj_pace_public_span(&p->own), tag_in, &in);
	if (rc != SJ_OK)
		return rc;
	if (!sj_pace_public_read(p->suite, in, &p->peer) ||
	    sj_span_eq(sj_pace_public_span(&p->own), sj_pace_public_span(&p->peer)))
		return SJ_CARD_ANSWER;
	return SJ_OK;
}

static enum sj_rc map_generic(struct pace *p)
{
	const struct sj_span nonce = sj_span(p->nonce, p->nonce_len);
	struct sj_ec_point *point = &p->result->map_public;
	enum sj_rc rc = swap_keys(p, NULL, SJ_TAG_PACE_MAP_OUT, SJ_TAG_PACE_MAP_IN);

	if (rc != SJ_OK)
		return rc;
	if (p->suite->mapping == SJ_PACE_CAM &&
	    !sj_ec_point_read(p->suite->curve, sj_pace_public_span(&p->peer), point))
		return SJ_INTERNAL;
	return sj_pace_map_generic(p->suite, nonce, &p->secret, &p->peer, &p->generator)
		       ? SJ_OK
		       : SJ_CARD_ANSWER;
}

/* Our nonce goes out in clear; the card has nothing to say to it (4.4.5.2.2). */
static enum sj_rc map_integrated(struct pace *p)
{
	uint8_t bytes[SJ_CIPHER_KEY_MAX];
	const struct sj_span t = sj_span(bytes, sj_cipher_key_size(p->suite->cipher));
	struct sj_response r = { 0 };
	struct sj_span data;
	enum sj_rc rc;

	if (!sj_random_fill(p->random, bytes, t.len))
		return SJ_CRYPTO_FAILED;
	rc = authenticate(p, false, SJ_TAG_PACE_MAP_OUT, t, &r, &data);
	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
	return sj_pace_map_integrated(p->suite, sj_span(p->nonce, p->nonce_len), t, &p->generator)
		       ? SJ_OK
		       : SJ_CARD_ANSWER;
}

static enum sj_rc map(struct pace *p)
{
	return p->suite->mapping == SJ_PACE_IM ? map_integrated(p) : map_generic(p);
}

static enum sj_rc agree(struct pace *p)
{
	struct sj_pace_result *out = p->result;
	enum sj_rc rc = swap_keys(p, &p->generator, SJ_TAG_PACE_KEY_OUT, SJ_TAG_PACE_KEY_IN);

	if (rc == SJ_OK && (!sj_pace_agree(p->suite, &p->secret, &p->peer, &p->keys) ||
			    !sj_pace_comp(p->suite, &p->peer, out->id_icc, &out->id_icc_len)))
		rc = SJ_CRYPTO_FAILED;
	return rc;
}

/* Whose certificates the card takes (4.4.5.5). */
static enum sj_rc take_references(struct pace *p, struct sj_span data)
{
	static const uint32_t tags[SJ_PACE_CARS] = { SJ_TAG_PACE_CAR, SJ_TAG_PACE_CAR_BEFORE };

	for (size_t i = 0; i < SJ_PACE_CARS; i++) {
		struct sj_span name;

		if (sj_tlv_find(data, tags[i], &name) != SJ_TLV_FOUND)
			continue;
		if (name.len > SJ_PACE_CAR_MAX)
			return SJ_CARD_ANSWER;
		memcpy(p->result->car[i].bytes, name.ptr, name.len);
		p->result->car[i].len = name.len;
	}
	return SJ_OK;
}

/* CA_IC, which the chip-authentication mapping adds to the last answer (4.4.3.5). */
static enum sj_rc take_chip_data(struct pace *p, struct sj_span data)
{
	struct sj_pace_result *result = p->result;
	struct sj_span sealed;

	if (p->suite->mapping != SJ_PACE_CAM)
		return SJ_OK;
	/* A chip that cannot give them fails the check, not the access. */
	if (sj_tlv_find(data, SJ_TAG_PACE_CAM, &sealed) == SJ_TLV_FOUND)
		result->ca_data_given =
			sj_pace_cam_open(&p->keys, p->suite->curve, sealed, &result->ca_data);
	return SJ_OK;
}

static enum sj_rc confirm(struct pace *p)
{
	uint8_t own[SJ_MAC_SIZE], expected[SJ_MAC_SIZE];
	struct sj_response r = { 0 };
	struct sj_span data = { NULL, 0 }, token;
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (!sj_pace_token(&p->keys, p->suite, &p->peer, own) ||
	    !sj_pace_token(&p->keys, p->suite, &p->own, expected))
		goto out;
	rc = authenticate(p, true, SJ_TAG_PACE_TOKEN_OUT, SJ_SPAN_OF(own), &r, &data);
	if (rc != SJ_OK)
		goto out;
	if (r.sw != SJ_SW_OK) {
		rc = sj_pace_wrong(p->kind, r.sw, &p->result->tries);
		goto out;
	}
	if (sj_tlv_find(data, SJ_TAG_PACE_TOKEN_IN, &token) != SJ_TLV_FOUND ||
	    !sj_equal_secret(token, SJ_SPAN_OF(expected))) {
		rc = SJ_CARD_ANSWER;
		goto out;
	}
	rc = take_references(p, data);
	if (rc == SJ_OK)
		rc = take_chip_data(p, data);
out:
	sj_wipe(expected, sizeof(expected));
	return rc;
}

/* The steps up to the nonce: what the card says of the password ends it there. */
static enum sj_rc open_password(struct pace *p, const struct sj_pace_offer *offer)
{
	uint16_t sw;
	enum sj_rc rc = begin(p, offer, &sw);

	if (rc == SJ_OK)
		rc = unusable(p, sw);
	return rc == SJ_OK ? get_nonce(p) : rc;
}

enum sj_rc sj_pace_run(struct sj_session *s, const struct sj_pace_offer *offer,
		       enum sj_pace_password kind, struct sj_span password,
		       const struct sj_cvc_rights *chat, const struct sj_random *random,
		       struct sj_pace_result *out)
{
	const struct sj_pace_suite *suite = &offer->suite;
	struct pace p = { .session = s,
			  .suite = suite,
			  .kind = kind,
			  .chat = chat,
			  .random = random,
			  .result = out };
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	*out = (struct sj_pace_result){ .tries = -1 };
	if (!sj_pace_k_pi(suite->cipher, kind, password, p.k_pi))
		goto out;
	rc = open_password(&p, offer);
	if (rc == SJ_OK)
		rc = map(&p);
	if (rc == SJ_OK)
		rc = agree(&p);
	if (rc == SJ_OK)
		rc = confirm(&p);
	if (rc == SJ_OK) {
		sj_session_sm_start(s, &p.keys, NULL);
		out->done = true;
		out->suite = *suite;
	}
out:
	sj_wipe(&p, sizeof(p));
	return rc;
}

enum sj_rc sj_pace_ask(struct sj_session *s, const struct sj_pace_offer *offer,
		       enum sj_pace_password kind, uint16_t *sw)
{
	struct sj_pace_result unused = { .tries = -1 };
	struct pace p = { .session = s, .suite = &offer->suite, .kind = kind, .result = &unused };

	return begin(&p, offer, sw);
}
