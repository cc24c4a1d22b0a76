/*
 * status.c -- what may speak against a genuine card: its end, its status, its pseudonym.
 *
 * Source: BSI TR-03110-2 v2.21, 3.6; TR-03110-3, A.7.5, B.4, B.6; card-sim/applets/eid/EID.md.
 */
#include <string.h>

#include <sojourn/status.h>

#include "eid/ask.h"
#include "trust/status_store.h"
#include "wire/oid.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define VERIFY_AUXILIARY 0x8000u /* P1 P2 */
#define TAG_DIRECTORY_NAME 0xA4u

/* --- comparing, without being told -------------------------------------------------------- */

/* *sw: 9000 it is so, 6300 it is not. */
static enum sj_rc compare(struct sj_ask *ask, struct sj_span oid, uint16_t *sw)
{
	uint8_t buffer[16];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .cla = SJ_CLA_PROPRIETARY,
			     .ins = SJ_INS_VERIFY,
			     .p1 = VERIFY_AUXILIARY >> 8,
			     .p2 = VERIFY_AUXILIARY & 0xFF };

	sj_tlv_put(&w, SJ_OID_TAG, oid);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return sj_eid_send(ask, &a, sw);
}

/* An inspection system reads the date: it has no auxiliary data. */
static enum sj_rc read_expiry(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_EXPIRY];
	struct sj_document_file file = { 0 };
	struct sj_eid_value value;
	char today[9];
	enum sj_rc rc = sj_eid_read_group(ask, SJ_EID_EXPIRY, &file);

	sj_date_of(ask->now, today);
	if (rc != SJ_OK)
		return rc;
	if (file.state != SJ_FILE_READ || today[0] == 0 ||
	    !sj_eid_read(sj_span(file.bytes, file.len), SJ_EID_EXPIRY, &value))
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "The card does not tell its expiry.");
	else if (memcmp(value.parts[0].ptr, today, 8) >= 0)
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "The card is in time.");
	else
		sj_check_set(check, SJ_CHECK_FAILED, SJ_DOCUMENT_EXPIRED,
			     "The card's time is over.");
	sj_document_file_clear(&file);
	return rc;
}

enum sj_rc sj_eid_expiry(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_EXPIRY];
	uint16_t sw;
	enum sj_rc rc;

	if (ask->terminal->rights.terminal == SJ_CVC_INSPECTION)
		return read_expiry(ask);
	rc = compare(ask, SJ_OID_AUX_EXPIRY, &sw);
	if (rc != SJ_OK)
		return rc;
	if (sw == SJ_SW_OK)
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "The card says that it is in time.");
	else if (sw == SJ_SW_NO_INFORMATION)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_DOCUMENT_EXPIRED,
			     "The card says that its time is over.");
	else
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "The card does not compare its expiry (status %04X).", sw);
	return SJ_OK;
}

/* The bits of this age. */
static uint32_t bit_of(unsigned age)
{
	for (size_t i = 0; i < SJ_GATE_AGES; i++)
		if (sj_gate_age(i) == age)
			return (uint32_t)SJ_RIGHT_AGE_FIRST << i;
	return 0;
}

/* Yes to one age is yes to all below; no to one says nothing about those. */
static enum sj_rc add_ages(struct sj_ask *ask, bool over)
{
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; i < SJ_GATE_AGES && rc == SJ_OK; i++)
		if ((ask->answer->info.granted & (uint32_t)SJ_RIGHT_AGE_FIRST << i) != 0 &&
		    (over || sj_gate_age(i) == ask->age))
			rc = sj_answer_add_age(ask->answer, (uint32_t)SJ_RIGHT_AGE_FIRST << i,
					       over);
	return rc;
}

enum sj_rc sj_eid_ages(struct sj_ask *ask)
{
	uint16_t sw;
	enum sj_rc rc;

	if (ask->age == 0)
		return SJ_OK;
	rc = compare(ask, SJ_OID_AUX_BIRTH, &sw);
	if (rc != SJ_OK)
		return rc;
	if (sw == SJ_SW_OK || sw == SJ_SW_NO_INFORMATION)
		return add_ages(ask, sw == SJ_SW_OK);
	sj_answer_withdraw(ask->answer, bit_of(ask->age) * 2 - SJ_RIGHT_AGE_FIRST);
	return SJ_OK;
}

/* --- the status list ------------------------------------------------------------------------- */

/* The issuing state as an MRZ spells it: L in the signer's alternative name (Doc 9303-12, 7.1.1). */
static bool state_in(struct sj_span names, char out[static SJ_STATUS_ISSUER_MAX])
{
	struct sj_span list, name, rdns, set, attribute, oid, text;
	uint32_t tag;

	if (sj_tlv_take(&names, 0x30, &list) != SJ_TLV_FOUND ||
	    sj_tlv_find(list, TAG_DIRECTORY_NAME, &name) != SJ_TLV_FOUND ||
	    sj_tlv_take(&name, 0x30, &rdns) != SJ_TLV_FOUND)
		return false;
	while (sj_tlv_take(&rdns, 0x31, &set) == SJ_TLV_FOUND) {
		if (sj_tlv_take(&set, 0x30, &attribute) != SJ_TLV_FOUND ||
		    sj_tlv_take(&attribute, SJ_OID_TAG, &oid) != SJ_TLV_FOUND ||
		    sj_tlv_next(&attribute, &tag, &text) != SJ_TLV_FOUND ||
		    !sj_span_eq(oid, SJ_SPAN_STR("\x55\x04\x07")))
			continue;
		if (text.len == 0 || text.len >= SJ_STATUS_ISSUER_MAX ||
		    memchr(text.ptr, 0, text.len) != NULL)
			return false;
		memcpy(out, text.ptr, text.len);
		out[text.len] = 0;
		return true;
	}
	return false;
}

static bool issuer_of(const struct sj_ask *ask, char out[static SJ_STATUS_ISSUER_MAX])
{
	struct sj_span names;

	return sj_cert_extension(&ask->security.certificate, SJ_SPAN_STR("\x55\x1D\x12"), &names) &&
	       state_in(names, out);
}

static void ask_list(struct sj_ask *ask, const struct sj_status *status, uint16_t partition,
		     uint32_t index)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_STATUS];
	const enum sj_status_answer answer = sj_status_query(status, partition, index);
	struct sj_status_info info = { .size = sizeof(info) };

	sj_status_describe(status, ask->now, &info);
	ask->answer->info.status_epoch = info.epoch;
	if (answer == SJ_STATUS_REVOKED)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_DOCUMENT_REVOKED,
			     "The card is revoked in the status list of %s.", info.issuer);
	else if (info.age > (int64_t)ask->service->stale)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE,
			     "The status list of %s is older than this service allows.",
			     info.issuer);
	else if (answer == SJ_STATUS_UNKNOWN)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_NOT_COVERED,
			     "The status list of %s says nothing about this card.", info.issuer);
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "The card is not revoked in the status list of %s.", info.issuer);
}

static void look_up(struct sj_ask *ask, struct sj_span place)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_STATUS];
	char issuer[SJ_STATUS_ISSUER_MAX] = "";
	struct sj_status *status = NULL;
	uint32_t partition, index;
	enum sj_rc rc = SJ_TRUST_MISSING;

	if (issuer_of(ask, issuer))
		rc = sj_status_open_at(ask->trust->dir, issuer, &status);
	if (rc == SJ_OK && sj_take_be(&place, 2, &partition) && sj_take_be(&place, 4, &index))
		ask_list(ask, status, (uint16_t)partition, index);
	else if (rc == SJ_TRUST_MISSING)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_MISSING,
			     "No status list of this issuer (%s) is in the trust store.", issuer);
	else
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_TRUST_UNREADABLE,
			     "The status list of this issuer (%s) cannot be read: %s", issuer,
			     sj_strerror(rc));
	sj_status_close(status);
}

enum sj_rc sj_eid_status(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_STATUS];
	struct sj_document_file file = { 0 };
	struct sj_eid_value value;
	enum sj_rc rc = SJ_OK;

	if (ask->answer->info.granted & SJ_RIGHT_VALID)
		rc = sj_eid_read_group(ask, SJ_EID_STATUS, &file);
	if (rc != SJ_OK)
		return rc;
	if (file.state == SJ_FILE_READ) {
		if (sj_eid_read(sj_span(file.bytes, file.len), SJ_EID_STATUS, &value))
			look_up(ask, value.parts[0]);
		else
			rc = SJ_CARD_ANSWER;
	} else if (file.sw == SJ_SW_NOT_FOUND) {
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_NOT_COVERED,
			     "The card names no place in a status list for this sector.");
	} else {
		ask->answer->info.granted &= ~(uint32_t)SJ_RIGHT_VALID;
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_RIGHT_REFUSED,
			     "This terminal may not ask whether the card is valid.");
	}
	sj_document_file_clear(&file);
	return rc;
}
