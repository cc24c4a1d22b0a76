/*
 * ta.c -- the terminal's role in Terminal Authentication 2.
 *
 * Source: BSI TR-03110-2 v2.21, 3.3; TR-03110-3, A.7, B.3.
 */
#include <time.h>

#include "eid/ask.h"
#include "reader/context.h"
#include "secure/ta.h"
#include "wire/oid.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define AUXILIARY_MAX 128u

/* --- the chain ----------------------------------------------------------------------- */

/* MSE:Set DST and PSO: Verify Certificate; what the card says to them. */
static enum sj_rc show(struct sj_ask *ask, const struct sj_cvc *c, uint16_t *sw)
{
	uint8_t reference[2 + SJ_CVC_REFERENCE_MAX], buffer[SJ_CVC_MAX];
	struct sj_writer r = SJ_WRITER_OF(reference), w = SJ_WRITER_OF(buffer);
	struct sj_apdu set = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_VERIFY, .p2 = SJ_MSE_DST };
	struct sj_apdu verify = { .ins = SJ_INS_PSO, .p2 = SJ_PSO_CERTIFICATE };
	enum sj_rc rc;

	sj_tlv_put(&r, SJ_TAG_CRT_REFERENCE, c->authority);
	sj_put(&w, c->body);
	sj_tlv_put(&w, SJ_TAG_CVC_SIGNATURE, c->signature);
	if (r.failed || w.failed)
		return SJ_INTERNAL;
	set.data = sj_written(&r);
	verify.data = sj_written(&w);
	rc = sj_eid_send(ask, &set, sw);
	if (rc == SJ_OK && *sw == SJ_SW_OK)
		rc = sj_eid_send(ask, &verify, sw);
	return rc;
}

static enum sj_rc refused(struct sj_ask *ask, const char *why)
{
	sj_context_notice(ask->context, why);
	return SJ_TERMINAL_REFUSED;
}

enum sj_rc sj_eid_chain(struct sj_ask *ask, const struct sj_span *cars, size_t n)
{
	const struct sj_cvc *chain[SJ_TERMINAL_CHAIN];
	const size_t len = sj_terminal_chain(ask->terminal, cars, n, chain);
	uint16_t sw = SJ_SW_OK;
	enum sj_rc rc = SJ_OK;

	if (len == 0)
		return refused(ask, "The card names a CVCA to which no certificate of this "
				    "terminal leads.");
	for (size_t i = 0; i < len && rc == SJ_OK && sw == SJ_SW_OK; i++)
		rc = show(ask, chain[i], &sw);
	if (rc == SJ_OK && sw != SJ_SW_OK)
		rc = refused(ask, "The card refuses a certificate of this terminal.");
	return rc;
}

/* --- the proof ------------------------------------------------------------------------- */

/* MSE:Set AT: who signs, how, over which key and data. */
static enum sj_rc set_template(struct sj_ask *ask, struct sj_span comp, struct sj_span auxiliary,
			       uint16_t *sw)
{
	const struct sj_cvc *own = &ask->terminal->own.cvc;
	uint8_t buffer[256 + AUXILIARY_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_VERIFY, .p2 = SJ_MSE_AT };

	sj_tlv_put(&w, SJ_TAG_CRT_OID, sj_ta_oid(own->key.scheme, own->key.hash));
	sj_tlv_put(&w, SJ_TAG_CRT_REFERENCE, own->holder);
	sj_put(&w, auxiliary);
	sj_tlv_put(&w, SJ_TAG_CRT_EPHEMERAL, comp);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return sj_eid_send(ask, &a, sw);
}

enum sj_rc sj_eid_challenge(struct sj_ask *ask, uint8_t out[static SJ_TA_CHALLENGE])
{
	struct sj_apdu a = { .ins = SJ_INS_GET_CHALLENGE, .ne = SJ_TA_CHALLENGE };
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_command(ask->session, &a, &r);

	if (rc == SJ_OK &&
	    (r.sw != SJ_SW_OK || !sj_take_copy(&r.data, SJ_TA_CHALLENGE, out) || r.data.len != 0))
		rc = SJ_CARD_ANSWER;
	return rc;
}

enum sj_rc sj_eid_sign(struct sj_ask *ask, const struct sj_ta_signed *s)
{
	uint8_t message[512], signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer m = SJ_WRITER_OF(message), w = SJ_WRITER_OF(signature);
	struct sj_apdu a = { .ins = SJ_INS_EXTERNAL_AUTHENTICATE };
	struct sj_span parts[SJ_TA_PARTS];
	uint16_t sw;
	enum sj_rc rc;

	sj_ta_parts(s, parts);
	for (size_t i = 0; i < SJ_TA_PARTS; i++)
		sj_put(&m, parts[i]);
	if (m.failed)
		return SJ_INTERNAL;
	if (!sj_key_sign_plain(ask->terminal->key, sj_written(&m), &w) || w.failed)
		return SJ_CRYPTO_FAILED;
	a.data = sj_written(&w);
	rc = sj_eid_send(ask, &a, &sw);
	if (rc == SJ_OK && sw != SJ_SW_OK)
		rc = refused(ask, "The card refuses the signature of this terminal.");
	return rc;
}

/* --- the key for both authentications ---------------------------------------------------- */

/* ChipAuthenticationDomainParameterInfo (A.1.1.2): a standardised curve, or SJ_CURVE_NONE. */
static enum sj_curve domain_of(const struct sj_secinfo *info)
{
	struct sj_span parameters = info->required, content, oid;
	uint32_t id;

	if (!sj_span_eq(info->oid, SJ_OID_CA_ECDH) ||
	    sj_tlv_take(&parameters, 0x30, &content) != SJ_TLV_FOUND ||
	    sj_tlv_take(&content, SJ_OID_TAG, &oid) != SJ_TLV_FOUND ||
	    !sj_span_eq(oid, SJ_OID_STANDARDIZED_PARAMETERS) || !sj_der_take_small(&content, &id) ||
	    content.len != 0)
		return SJ_CURVE_NONE;
	return sj_curve_from_id(id);
}

/* Not signed yet: a curve that is not that of the key in EF.CardSecurity fails there. */
static enum sj_curve chip_curve(const struct sj_ask *ask)
{
	struct sj_span file = sj_report_bytes(ask->doc.report, SJ_EF_CARD_ACCESS), items;
	enum sj_curve curve = SJ_CURVE_NONE;
	struct sj_secinfo info;

	if (!sj_secinfos_parse(file, &items))
		return SJ_CURVE_NONE;
	while (curve == SJ_CURVE_NONE && sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		curve = domain_of(&info);
	return curve;
}

static enum sj_rc make_key(struct sj_ask *ask)
{
	ask->curve = chip_curve(ask);
	if (ask->curve == SJ_CURVE_NONE) {
		sj_context_notice(ask->context,
				  "EF.CardAccess names no curve of Chip Authentication.");
		return SJ_ACCESS_UNSUPPORTED;
	}
	return sj_ec_secret_random(ask->curve, &ask->doc.random, &ask->secret) &&
			       sj_ec_multiply(ask->curve, &ask->secret, NULL, &ask->ephemeral)
		       ? SJ_OK
		       : SJ_CRYPTO_FAILED;
}

/* --- what is to be compared ------------------------------------------------------------------ */

static void put_auxiliary(struct sj_writer *w, struct sj_span oid, int64_t when, unsigned years)
{
	const size_t at = sj_tlv_open(w);
	time_t t = (time_t)when;
	struct tm day;
	char text[16];

	gmtime_r(&t, &day);
	day.tm_year -= (int)years;
	/* The 29th of February is over on the first of March. */
	if (day.tm_mon == 1 && day.tm_mday == 29 && years % 4 != 0)
		day.tm_mday = 28;
	strftime(text, sizeof(text), "%Y%m%d", &day);
	sj_tlv_put(w, SJ_OID_TAG, oid);
	sj_tlv_put(w, SJ_TAG_DISCRETIONARY, sj_span((const uint8_t *)text, 8));
	sj_tlv_close(w, SJ_TAG_DISCRETIONARY_TEMPLATE, at);
}

/* The greatest age that is granted: one set of auxiliary data has one date of each kind. */
static unsigned age_asked(const struct sj_ask *ask)
{
	unsigned age = 0;

	for (size_t i = 0; i < SJ_GATE_AGES; i++)
		if (ask->answer->info.granted & (uint32_t)SJ_RIGHT_AGE_FIRST << i)
			age = sj_gate_age(i);
	return age;
}

void sj_eid_auxiliary(struct sj_ask *ask, struct sj_writer *w)
{
	const size_t at = sj_tlv_open(w);

	ask->age = age_asked(ask);
	if (ask->age != 0)
		put_auxiliary(w, SJ_OID_AUX_BIRTH, ask->now, ask->age);
	put_auxiliary(w, SJ_OID_AUX_EXPIRY, ask->now, 0);
	sj_tlv_close(w, SJ_TAG_CVC_AUTHENTICATION, at);
}

/* --- all of it ---------------------------------------------------------------------------------- */

static enum sj_rc authenticate(struct sj_ask *ask, struct sj_span auxiliary)
{
	uint8_t challenge[SJ_TA_CHALLENGE];
	struct sj_ta_signed s = { .id_icc = sj_span(ask->pace.id_icc, ask->pace.id_icc_len),
				  .challenge = SJ_SPAN_OF(challenge),
				  .ephemeral = sj_ec_comp(ask->curve, &ask->ephemeral),
				  .auxiliary = auxiliary };
	uint16_t sw;
	enum sj_rc rc = set_template(ask, s.ephemeral, auxiliary, &sw);

	if (rc == SJ_OK && sw != SJ_SW_OK)
		rc = refused(ask, "The card refuses to ask this terminal for its signature.");
	if (rc == SJ_OK)
		rc = sj_eid_challenge(ask, challenge);
	return rc == SJ_OK ? sj_eid_sign(ask, &s) : rc;
}

enum sj_rc sj_eid_terminal(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_TERMINAL];
	uint8_t buffer[AUXILIARY_MAX];
	struct sj_writer auxiliary = SJ_WRITER_OF(buffer);
	struct sj_span cars[SJ_PACE_CARS];
	enum sj_rc rc = make_key(ask);

	for (size_t i = 0; i < SJ_PACE_CARS; i++)
		cars[i] = sj_span(ask->pace.car[i].bytes, ask->pace.car[i].len);
	if (rc == SJ_OK)
		rc = sj_eid_chain(ask, cars, SJ_PACE_CARS);
	if (rc == SJ_OK && ask->terminal->rights.terminal == SJ_CVC_AUTHENTICATION)
		sj_eid_auxiliary(ask, &auxiliary);
	if (auxiliary.failed)
		return SJ_INTERNAL;
	if (rc == SJ_OK)
		rc = authenticate(ask, sj_written(&auxiliary));
	if (rc == SJ_OK)
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "Terminal Authentication 2 as %.*s.",
			     (int)ask->terminal->own.cvc.holder.len,
			     (const char *)ask->terminal->own.cvc.holder.ptr);
	return rc;
}
