/* pace.c -- choosing from EF.CardAccess, and the steps of PACE in their order. */
#include "reader/pace.h"

#include "crypt/wipe.h"
#include "wire/secinfo.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define OBJECT_MAX (SJ_EC_POINT_MAX + 8u)

/* --- choosing ------------------------------------------------------------------ */

/* The best so far, while EF.CardAccess is walked. */
struct choice {
	struct sj_pace_suite suite;
	uint32_t parameter_id;
	struct sj_span oid;
	size_t rank; /* 0: nothing yet */
};

/* The mapping that proves the chip first, then the cipher, then the curve. */
static size_t rank_of(const struct sj_pace_suite *suite)
{
	return 1 + (suite->mapping == SJ_PACE_CAM) * 10000u + (size_t)suite->cipher * 1000u +
	       sj_curve_field_size(suite->curve);
}

static bool read_suite(const struct sj_secinfo *info, struct sj_pace_info *pace,
		       struct sj_pace_suite *suite)
{
	if (!sj_secinfo_pace(info, pace) || pace->version != 2 || !pace->parameter_id.present ||
	    !sj_pace_from_oid(pace->oid, &suite->mapping, &suite->cipher))
		return false;
	suite->curve = sj_curve_from_id(pace->parameter_id.value);
	return suite->curve != SJ_CURVE_NONE;
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
	const struct sj_random *random;
	struct sj_pace_result *result;
	struct sj_span oid;
	uint8_t k_pi[SJ_CIPHER_KEY_MAX];
	uint8_t nonce[SJ_PACE_NONCE_MAX];
	size_t nonce_len;
	struct sj_ec_secret secret; /* ephemeral, of the step at hand */
	struct sj_ec_point own, peer;
	struct sj_ec_point generator; /* the mapped one */
	struct sj_sm_keys keys;
};

static bool is_wrong_password(uint16_t sw)
{
	return (sw & 0xFF00) == SJ_SW_NO_INFORMATION || sw == SJ_SW_SECURITY_STATUS ||
	       sw == SJ_SW_AUTH_BLOCKED;
}

static enum sj_rc wrong_password(const struct pace *p)
{
	return p->kind == SJ_PACE_CAN ? SJ_WRONG_CAN : SJ_WRONG_MRZ;
}

/* MSE:Set AT (4.4.4.1), with the domain parameters' number or without. */
static enum sj_rc set_template(struct pace *p, uint32_t parameter_id, bool with_id, uint16_t *sw)
{
	uint8_t buffer[32], reference = (uint8_t)p->kind, id = (uint8_t)parameter_id;
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_MUTUAL, .p2 = SJ_MSE_AT };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	sj_tlv_put(&w, SJ_TAG_CRT_OID, p->oid);
	sj_tlv_put(&w, SJ_TAG_CRT_REFERENCE, sj_span(&reference, 1));
	if (with_id)
		sj_tlv_put(&w, SJ_TAG_CRT_PRIVATE, sj_span(&id, 1));
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	rc = sj_session_command(p->session, &a, &r);
	*sw = r.sw;
	return rc;
}

/* Some cards want the number, some refuse it: the other way is tried once. */
static enum sj_rc begin(struct pace *p, uint32_t parameter_id, bool ambiguous)
{
	uint16_t sw;
	enum sj_rc rc = set_template(p, parameter_id, ambiguous, &sw);

	if (rc == SJ_OK && (sw == SJ_SW_WRONG_DATA || sw == SJ_SW_REFERENCE_NOT_FOUND))
		rc = set_template(p, parameter_id, !ambiguous, &sw);
	if (rc != SJ_OK)
		return rc;
	if (sw == SJ_SW_REFERENCE_NOT_FOUND)
		return SJ_ACCESS_UNSUPPORTED; /* this card has no such password */
	/* 63Cx: how many tries are left, a warning. */
	return sw == SJ_SW_OK || (sw & 0xFFF0) == SJ_SW_COUNTER ? SJ_OK : SJ_CARD_REFUSED;
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
	rc = sj_session_command(p->session, &a, r);
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
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
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
static enum sj_rc swap_keys(struct pace *p, const struct sj_ec_point *base, uint32_t tag_out,
			    uint32_t tag_in)
{
	enum sj_curve curve = p->suite->curve;
	struct sj_span in;
	enum sj_rc rc;

	if (!sj_ec_secret_random(curve, p->random, &p->secret) ||
	    !sj_ec_multiply(curve, &p->secret, base, &p->own))
		return SJ_CRYPTO_FAILED;
	rc = exchange(p, tag_out, sj_ec_point_span(&p->own), tag_in, &in);
	if (rc != SJ_OK)
		return rc;
	if (!sj_ec_point_read(curve, in, &p->peer) ||
	    sj_span_eq(sj_ec_point_span(&p->own), sj_ec_point_span(&p->peer)))
		return SJ_CARD_ANSWER;
	return SJ_OK;
}

static enum sj_rc map(struct pace *p)
{
	enum sj_curve curve = p->suite->curve;
	struct sj_ec_point h;
	enum sj_rc rc = swap_keys(p, NULL, SJ_TAG_PACE_MAP_OUT, SJ_TAG_PACE_MAP_IN);

	if (rc != SJ_OK)
		return rc;
	p->result->map_public = p->peer;
	if (!sj_ec_multiply(curve, &p->secret, &p->peer, &h) ||
	    !sj_ec_map_generic(curve, sj_span(p->nonce, p->nonce_len), &h, &p->generator))
		rc = SJ_CARD_ANSWER;
	sj_wipe(&h, sizeof(h));
	return rc;
}

static enum sj_rc agree(struct pace *p)
{
	uint8_t shared[SJ_EC_FIELD_MAX];
	enum sj_curve curve = p->suite->curve;
	enum sj_rc rc = swap_keys(p, &p->generator, SJ_TAG_PACE_KEY_OUT, SJ_TAG_PACE_KEY_IN);

	if (rc == SJ_OK &&
	    (!sj_ec_agree(curve, &p->secret, &p->peer, shared) ||
	     !sj_pace_session(p->suite->cipher, sj_span(shared, sj_curve_field_size(curve)),
			      &p->keys)))
		rc = SJ_CRYPTO_FAILED;
	sj_wipe(shared, sizeof(shared));
	return rc;
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

	if (!sj_pace_token(&p->keys, p->oid, &p->peer, own) ||
	    !sj_pace_token(&p->keys, p->oid, &p->own, expected))
		goto out;
	rc = authenticate(p, true, SJ_TAG_PACE_TOKEN_OUT, SJ_SPAN_OF(own), &r, &data);
	if (rc != SJ_OK)
		goto out;
	if (r.sw != SJ_SW_OK) {
		rc = is_wrong_password(r.sw) ? wrong_password(p) : SJ_CARD_REFUSED;
		goto out;
	}
	if (sj_tlv_find(data, SJ_TAG_PACE_TOKEN_IN, &token) != SJ_TLV_FOUND ||
	    !sj_equal_secret(token, SJ_SPAN_OF(expected))) {
		rc = SJ_CARD_ANSWER;
		goto out;
	}
	rc = take_chip_data(p, data);
out:
	sj_wipe(expected, sizeof(expected));
	return rc;
}

enum sj_rc sj_pace_run(struct sj_session *s, const struct sj_pace_offer *offer,
		       enum sj_pace_password kind, struct sj_span password,
		       const struct sj_random *random, struct sj_pace_result *out)
{
	const struct sj_pace_suite *suite = &offer->suite;
	struct pace p = { .session = s,
			  .suite = suite,
			  .kind = kind,
			  .random = random,
			  .result = out,
			  .oid = sj_pace_oid(suite->mapping, suite->cipher) };
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (!sj_pace_k_pi(suite->cipher, kind, password, p.k_pi))
		goto out;
	rc = begin(&p, offer->parameter_id, offer->ambiguous);
	if (rc == SJ_OK)
		rc = get_nonce(&p);
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
