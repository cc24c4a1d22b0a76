/*
 * chip.c -- the terminal's role in Chip Authentication 2.
 *
 * Source: BSI TR-03110-2 v2.21, 3.4; TR-03110-3, A.4, B.2. The key is that of EF.CardSecurity.
 */
#include "crypt/wipe.h"
#include "eid/ask.h"
#include "secure/ca.h"
#include "secure/ta.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define TAG_EPHEMERAL 0x80u
#define TAG_NONCE 0x81u
#define TAG_TOKEN 0x82u

struct chip {
	enum sj_cipher cipher;
	struct sj_ec_point key;
	struct sj_span spki;
	struct sj_optional_id key_id;
	bool usable;
};

/* The strongest ChipAuthenticationInfo of version 2 for this key. */
static bool cipher_for(struct sj_span items, const struct sj_optional_id *key_id,
		       enum sj_cipher *out)
{
	struct sj_secinfo info;
	struct sj_ca_info ca;
	enum sj_cipher cipher;
	bool found = false;

	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		if (!sj_secinfo_ca(&info, &ca) || ca.version != 2 ||
		    !sj_ca_from_oid(ca.oid, &cipher) ||
		    (ca.key_id.present && key_id->present && ca.key_id.value != key_id->value))
			continue;
		if (!found || cipher > *out)
			*out = cipher;
		found = true;
	}
	return found;
}

/* A key on the curve of ours, which the card was shown before. */
static void choose(const struct sj_ask *ask, struct sj_span items, struct chip *chip)
{
	struct sj_span rest = items;
	struct sj_secinfo info;

	while (sj_secinfo_next(&rest, &info) == SJ_TLV_FOUND) {
		struct sj_ca_key_info key;
		struct sj_ec_point point;
		enum sj_cipher cipher;
		enum sj_curve curve;

		if (!sj_secinfo_ca_key(&info, &key) || !sj_ec_spki_read(key.spki, &curve, &point) ||
		    curve != ask->curve || !cipher_for(items, &key.key_id, &cipher) ||
		    (chip->usable && cipher <= chip->cipher))
			continue;
		*chip = (struct chip){ cipher, point, key.spki, key.key_id, true };
	}
}

static enum sj_rc set_template(struct sj_ask *ask, const struct chip *chip, uint16_t *sw)
{
	uint8_t buffer[32];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_COMPUTE, .p2 = SJ_MSE_AT };

	sj_tlv_put(&w, SJ_TAG_CRT_OID, sj_ca_oid(chip->cipher));
	if (chip->key_id.present)
		sj_eid_put_key_id(&w, chip->key_id.value);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return sj_eid_send(ask, &a, sw);
}

void sj_eid_put_key_id(struct sj_writer *w, uint32_t key_id)
{
	uint8_t bytes[4];
	struct sj_writer id = SJ_WRITER_OF(bytes);
	size_t n = 1;

	while (n < 4 && key_id >> (8 * n) != 0)
		n++;
	sj_put_be(&id, n, key_id);
	sj_tlv_put(w, SJ_TAG_CRT_PRIVATE, sj_written(&id));
}

static void fail(struct sj_ask *ask, const char *why)
{
	sj_check_set(&ask->answer->checks[SJ_ANSWER_CHIP], SJ_CHECK_FAILED, SJ_CA_FAILED, "%s",
		     why);
}

/* What shows later that this chip was there, though the terminal could have made it, too. */
static enum sj_rc keep_proof(struct sj_ask *ask, const struct chip *chip, struct sj_span nonce,
			     struct sj_span token)
{
	struct sj_answer *answer = ask->answer;
	uint8_t both[SJ_CA2_NONCE + SJ_MAC_SIZE];
	struct sj_writer w = SJ_WRITER_OF(both);
	enum sj_rc rc;

	sj_put(&w, nonce);
	sj_put(&w, token);
	if (w.failed)
		return SJ_INTERNAL;
	rc = sj_answer_keep(&answer->challenge, sj_ec_point_span(&ask->ephemeral));
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->response, sj_written(&w));
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->key, chip->spki);
	if (rc == SJ_OK)
		rc = sj_answer_keep(&answer->statement,
				    sj_report_bytes(ask->doc.report, SJ_EF_CARD_SECURITY));
	if (rc == SJ_OK)
		answer->proof = SJ_PROOF_AGREED;
	return rc;
}

/* The card's nonce gives the keys, which its token must be made with. */
static enum sj_rc confirm(struct sj_ask *ask, const struct chip *chip, struct sj_span data)
{
	uint8_t nonce[SJ_CA2_NONCE], expected[SJ_MAC_SIZE];
	struct sj_sm_keys keys = { 0 };
	struct sj_span n, token;
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (sj_tlv_find(data, TAG_NONCE, &n) != SJ_TLV_FOUND ||
	    sj_tlv_find(data, TAG_TOKEN, &token) != SJ_TLV_FOUND || n.len != SJ_CA2_NONCE ||
	    !sj_take_copy(&(struct sj_span){ n.ptr, n.len }, SJ_CA2_NONCE, nonce))
		return SJ_CARD_ANSWER;
	if (!sj_ca2_session(chip->cipher, ask->curve, &ask->secret, &chip->key, nonce, &keys) ||
	    !sj_ca2_token(&keys, chip->cipher, &ask->ephemeral, expected))
		goto out;
	rc = SJ_OK;
	if (!sj_equal_secret(token, SJ_SPAN_OF(expected))) {
		fail(ask, "The chip does not know the key of EF.CardSecurity: its token is wrong.");
		goto out;
	}
	rc = keep_proof(ask, chip, n, token);
	if (rc != SJ_OK)
		goto out;
	sj_session_sm_start(ask->session, &keys, NULL);
	ask->in_force = true;
	sj_check_set(&ask->answer->checks[SJ_ANSWER_CHIP], SJ_CHECK_PASSED, SJ_OK,
		     "Chip Authentication 2 ECDH %s %s.", sj_curve_name(ask->curve),
		     sj_cipher_name(chip->cipher));
out:
	sj_wipe(&keys, sizeof(keys));
	sj_wipe(expected, sizeof(expected));
	return rc;
}

static enum sj_rc run(struct sj_ask *ask, const struct chip *chip)
{
	struct sj_response r;
	struct sj_span data;
	uint16_t sw;
	enum sj_rc rc = set_template(ask, chip, &sw);

	if (rc != SJ_OK)
		return rc;
	if (sw == SJ_SW_OK) {
		rc = sj_eid_authenticate(ask, TAG_EPHEMERAL, sj_ec_point_span(&ask->ephemeral), &r,
					 &data);
		sw = r.sw;
	}
	if (rc == SJ_OK && sw != SJ_SW_OK)
		fail(ask, "The chip refuses Chip Authentication.");
	else if (rc == SJ_OK)
		rc = confirm(ask, chip, data);
	return rc;
}

enum sj_rc sj_eid_chip(struct sj_ask *ask)
{
	struct chip chip = { .usable = false };
	struct sj_span items;
	enum sj_rc rc = SJ_OK;

	if (sj_eid_infos(ask, &items))
		choose(ask, items, &chip);
	if (!chip.usable)
		fail(ask, "EF.CardSecurity has no key on the curve that EF.CardAccess names.");
	else
		rc = run(ask, &chip);
	sj_wipe(&ask->secret, sizeof(ask->secret));
	return rc;
}
