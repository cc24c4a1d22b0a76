/*
 * pseudonym.c -- Restricted Identification: what the holder is called here, and nowhere else.
 *
 * Source: BSI TR-03110-2 v2.21, 3.6; TR-03110-3, A.5, B.4.
 */
#include "eid/ask.h"
#include "secure/ri.h"
#include "trust/pseudonyms.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

/* RestrictedIdentificationInfo (A.1.1.4) whose key every terminal with the right may use. */
static bool key_of(const struct sj_secinfo *info, uint32_t *key_id)
{
	struct sj_span required = info->required, params, authorized;
	uint32_t version;

	return sj_span_eq(info->oid, sj_ri_oid()) &&
	       sj_tlv_take(&required, 0x30, &params) == SJ_TLV_FOUND &&
	       sj_der_take_small(&params, &version) && version == 1 &&
	       sj_der_take_small(&params, key_id) &&
	       sj_tlv_take(&params, 0x01, &authorized) == SJ_TLV_FOUND && authorized.len == 1;
}

static bool find_key(const struct sj_ask *ask, uint32_t *key_id)
{
	struct sj_secinfo info;
	struct sj_span items;

	if (!sj_eid_infos(ask, &items))
		return false;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		if (key_of(&info, key_id))
			return true;
	return false;
}

static enum sj_rc set_template(struct sj_ask *ask, uint32_t key_id, uint16_t *sw)
{
	uint8_t buffer[32];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_COMPUTE, .p2 = SJ_MSE_AT };

	sj_tlv_put(&w, SJ_TAG_CRT_OID, sj_ri_oid());
	sj_eid_put_key_id(&w, key_id);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return sj_eid_send(ask, &a, sw);
}

/*
 * In the sector's list of revoked ones. No list is no fault: the status list has decided. One
 * that is older than the row allows clears nobody.
 */
static void look_up(struct sj_ask *ask, struct sj_span identifier)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_STATUS];
	struct sj_pseudonyms_answer answer = { .revoked = false };
	const enum sj_rc rc = sj_pseudonyms_ask(ask->trust->dir, ask->terminal->sector_hash,
						identifier.ptr, &answer);

	if (rc == SJ_TRUST_MISSING || check->state == SJ_CHECK_FAILED)
		return;
	if (rc != SJ_OK)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_TRUST_UNREADABLE,
			     "The list of revoked pseudonyms cannot be read: %s", sj_strerror(rc));
	else if (answer.revoked)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_PSEUDONYM_REVOKED,
			     "The pseudonym is revoked in this sector.");
	else if (check->state == SJ_CHECK_PASSED &&
		 ask->now - (int64_t)answer.not_before > (int64_t)ask->service->stale)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE,
			     "The list of revoked pseudonyms is older than this service allows.");
}

/* An identifier of the right size is one; anything else the card may not answer. */
static enum sj_rc take(struct sj_ask *ask, struct sj_span data)
{
	struct sj_span identifier;

	if (sj_tlv_find(data, SJ_TAG_RI_ID_1, &identifier) != SJ_TLV_FOUND ||
	    identifier.len != SJ_RI_IDENTIFIER)
		return SJ_CARD_ANSWER;
	look_up(ask, identifier);
	return sj_answer_add_bytes(ask->answer, SJ_RIGHT_PSEUDONYM, "pseudonym", identifier);
}

enum sj_rc sj_eid_pseudonym(struct sj_ask *ask)
{
	struct sj_response r;
	struct sj_span data;
	uint32_t key_id;
	uint16_t sw = 0;
	enum sj_rc rc;

	if (!(ask->answer->info.granted & SJ_RIGHT_PSEUDONYM))
		return SJ_OK;
	if (!find_key(ask, &key_id))
		return SJ_OK;
	rc = set_template(ask, key_id, &sw);
	if (rc == SJ_OK && sw == SJ_SW_OK) {
		rc = sj_eid_authenticate(ask, SJ_TAG_RI_KEY_1, ask->terminal->sector_key, &r,
					 &data);
		sw = r.sw;
	}
	if (rc == SJ_OK && sw != SJ_SW_OK)
		sj_answer_withdraw(ask->answer, SJ_RIGHT_PSEUDONYM);
	else if (rc == SJ_OK)
		rc = take(ask, data);
	return rc;
}
