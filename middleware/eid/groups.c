/*
 * groups.c -- the data groups of what was granted, as names and texts.
 *
 * Source: BSI TR-03110-4 v2.21, table 1; card-sim/applets/eid/EID.md. They come through secure
 * messaging from the chip that Chip Authentication proved: whoever signs no data vouches
 * for them by that key.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "eid/ask.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

#define FID_FIRST 0x0100u
#define TAG_FIRST 0x60u

enum how { TEXT, DATE, CLASS, ADDRESS, PASSPORT, PORTRAIT, RECORDS, EMERGENCY };

static const struct telling {
	unsigned group;
	uint32_t right;
	enum how how;
	const char *name;
} tellings[] = {
	{ SJ_EID_FAMILY_NAMES, SJ_RIGHT_NAME, TEXT, "surname" },
	{ SJ_EID_GIVEN_NAMES, SJ_RIGHT_NAME, TEXT, "given-names" },
	{ SJ_EID_BIRTH_DATE, SJ_RIGHT_BIRTH_DATE, DATE, "birth-date" },
	{ SJ_EID_NATIONALITY, SJ_RIGHT_NATIONALITY, TEXT, "nationality" },
	{ SJ_EID_DOCUMENT_NUMBER, SJ_RIGHT_DOCUMENT_NUMBER, TEXT, "document-number" },
	{ SJ_EID_EXPIRY, SJ_RIGHT_EXPIRY, DATE, "expiry" },
	{ SJ_EID_CLASS, SJ_RIGHT_CLASS, CLASS, "class" },
	{ SJ_EID_ADDRESS, SJ_RIGHT_ADDRESS, ADDRESS, "address" },
	{ SJ_EID_PHONE, SJ_RIGHT_PHONE, TEXT, "phone" },
	{ SJ_EID_HOME_PASSPORT, SJ_RIGHT_HOME_PASSPORT, PASSPORT, NULL },
	{ SJ_EID_PORTRAIT, SJ_RIGHT_PORTRAIT, PORTRAIT, NULL },
	{ SJ_EID_ENTRY_RECORDS, SJ_RIGHT_ENTRY_RECORDS, RECORDS, NULL },
	{ SJ_EID_EMERGENCY, SJ_RIGHT_EMERGENCY, EMERGENCY, NULL },
	{ SJ_EID_INSURANCE, SJ_RIGHT_INSURANCE_NUMBER, TEXT, "insurance-number" },
};

#define TELLINGS (sizeof(tellings) / sizeof(tellings[0]))

/* --- reading ----------------------------------------------------------------------------- */

enum sj_rc sj_eid_read_group(struct sj_ask *ask, unsigned group, struct sj_document_file *file)
{
	const struct sj_lds_entry entry = { .name = "group",
					    .file_id = (uint16_t)(FID_FIRST + group),
					    .short_id = (uint8_t)group,
					    .tag = TAG_FIRST + group };

	return sj_document_read_entry(&ask->doc, &entry, file);
}

/* --- telling -------------------------------------------------------------------------------- */

static enum sj_rc add_class(struct sj_answer *answer, struct sj_span number)
{
	static const char *const names[] = { [SJ_CLASS_VISITOR] = "visitor",
					     [SJ_CLASS_RESIDENT] = "resident",
					     [SJ_CLASS_PERMANENT] = "permanent",
					     [SJ_CLASS_RETURN] = "return" };
	const unsigned n = number.len == 1 ? number.ptr[0] : 0;

	if (n < SJ_CLASS_VISITOR || n > SJ_CLASS_RETURN)
		return SJ_CARD_ANSWER;
	return sj_answer_add(answer, SJ_RIGHT_CLASS, "class",
			     sj_span((const uint8_t *)names[n], strlen(names[n])));
}

/* What there is of street, city, state, country and code, with commas. */
static enum sj_rc add_address(struct sj_answer *answer, const struct sj_eid_value *value)
{
	uint8_t text[512];
	struct sj_writer w = SJ_WRITER_OF(text);
	enum sj_rc rc;

	for (size_t i = 0; i < value->count; i++) {
		if (value->parts[i].len == 0)
			continue;
		if (w.len > 0)
			sj_put(&w, SJ_SPAN_STR(", "));
		sj_put(&w, value->parts[i]);
	}
	rc = w.failed ? SJ_CARD_ANSWER
		      : sj_answer_add(answer, SJ_RIGHT_ADDRESS, "address", sj_written(&w));
	sj_wipe(text, sizeof(text));
	return rc;
}

static enum sj_rc add_parts(struct sj_answer *answer, uint32_t right, const char *const *names,
			    const struct sj_eid_value *value)
{
	enum sj_rc rc = SJ_OK;

	for (size_t i = 0; i < value->count && names[i] != NULL && rc == SJ_OK; i++)
		rc = sj_answer_add(answer, right, names[i], value->parts[i]);
	return rc;
}

/* "2026-09-01 entry Zenith" */
static enum sj_rc add_record(struct sj_answer *answer, const struct sj_eid_entry *entry)
{
	uint8_t text[256];
	struct sj_writer w = SJ_WRITER_OF(text);

	sj_put(&w, sj_span(entry->date.ptr, 4));
	sj_put_u8(&w, '-');
	sj_put(&w, sj_span(entry->date.ptr + 4, 2));
	sj_put_u8(&w, '-');
	sj_put(&w, sj_span(entry->date.ptr + 6, 2));
	sj_put(&w, entry->kind == 1 ? SJ_SPAN_STR(" entry ") : SJ_SPAN_STR(" exit "));
	sj_put(&w, entry->place);
	return w.failed ? SJ_CARD_ANSWER
			: sj_answer_add(answer, SJ_RIGHT_ENTRY_RECORDS, "entry-record",
					sj_written(&w));
}

static enum sj_rc add_records(struct sj_answer *answer, struct sj_span group)
{
	struct sj_eid_entry entry;
	enum sj_tlv_rc tlv = SJ_TLV_FOUND;
	enum sj_rc rc = SJ_OK;
	struct sj_span items;

	if (!sj_eid_entries_read(group, &items))
		return SJ_CARD_ANSWER;
	for (size_t i = 0; rc == SJ_OK && i < SJ_ANSWER_RECORDS; i++) {
		tlv = sj_eid_entry_next(&items, &entry);
		if (tlv != SJ_TLV_FOUND)
			break;
		rc = add_record(answer, &entry);
	}
	return tlv == SJ_TLV_MALFORMED ? SJ_CARD_ANSWER : rc;
}

static enum sj_rc add(struct sj_answer *answer, const struct telling *t, struct sj_span group)
{
	static const char *const passport[] = { "home-passport-state", "home-passport-number",
						NULL };
	static const char *const emergency[] = { "blood-group", "allergies", "emergency-contact",
						 NULL };
	struct sj_eid_value value = { .count = 0 };

	if (t->how == RECORDS)
		return add_records(answer, group);
	if (!sj_eid_read(group, t->group, &value))
		return SJ_CARD_ANSWER;
	switch (t->how) {
	case TEXT:
		return sj_answer_add(answer, t->right, t->name, value.parts[0]);
	case DATE:
		return sj_answer_add_date(answer, t->right, t->name, value.parts[0]);
	case CLASS:
		return add_class(answer, value.parts[0]);
	case ADDRESS:
		return add_address(answer, &value);
	case PASSPORT:
		return add_parts(answer, t->right, passport, &value);
	case EMERGENCY:
		return add_parts(answer, t->right, emergency, &value);
	case PORTRAIT:
		return sj_answer_set_portrait(answer, value.parts[0]);
	case RECORDS:
		break;
	}
	return SJ_INTERNAL;
}

static enum sj_rc read_one(struct sj_ask *ask, const struct telling *t)
{
	struct sj_answer *answer = ask->answer;
	struct sj_document_file file = { 0 };
	enum sj_rc rc = sj_eid_read_group(ask, t->group, &file);

	if (rc == SJ_OK && file.state == SJ_FILE_READ)
		rc = add(answer, t, sj_span(file.bytes, file.len));
	else if (rc == SJ_OK && file.sw != SJ_SW_NOT_FOUND)
		sj_answer_withdraw(answer, t->right);
	sj_document_file_clear(&file);
	return rc;
}

/* --- all at once, or one after the other ------------------------------------------------------ */

static const struct telling *telling_of(uint32_t tag)
{
	for (size_t i = 0; i < TELLINGS; i++)
		if (TAG_FIRST + tellings[i].group == tag)
			return &tellings[i];
	return NULL;
}

/* What came in answer to the list: each group once, none that was not asked for. */
static enum sj_rc take_all(struct sj_ask *ask, struct sj_span groups)
{
	struct sj_answer *answer = ask->answer;
	uint32_t seen = 0, tag;
	struct sj_span element, rest, value;
	enum sj_rc rc = SJ_OK;

	while (groups.len > 0 && rc == SJ_OK) {
		const struct telling *t;

		if (sj_tlv_take_any(&groups, &element) != SJ_TLV_FOUND)
			return SJ_CARD_ANSWER;
		rest = element;
		if (sj_tlv_next(&rest, &tag, &value) != SJ_TLV_FOUND)
			return SJ_CARD_ANSWER;
		t = telling_of(tag);
		if (!t || !(answer->info.granted & t->right) || (seen & 1u << t->group))
			return SJ_CARD_ANSWER;
		seen |= 1u << t->group;
		rc = add(answer, t, element);
	}
	return rc;
}

/* GET DATA with a tag list, with extended length only; *done: the card knows it, and answered. */
static enum sj_rc read_all(struct sj_ask *ask, bool *done)
{
	uint8_t tags[TELLINGS], list[2 + TELLINGS];
	struct sj_writer t = SJ_WRITER_OF(tags), w = SJ_WRITER_OF(list);
	struct sj_apdu a = { .ins = SJ_INS_GET_DATA_ODD,
			     .p1 = SJ_FID_CURRENT_DF >> 8,
			     .p2 = SJ_FID_CURRENT_DF & 0xFF };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	*done = false;
	for (size_t i = 0; i < TELLINGS; i++)
		if (ask->answer->info.granted & tellings[i].right)
			sj_put_u8(&t, (uint8_t)(TAG_FIRST + tellings[i].group));
	if (t.len < 2 || !sj_session_extended(ask->session))
		return SJ_OK;
	sj_tlv_put(&w, SJ_TAG_TAG_LIST, sj_written(&t));
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	a.ne = (uint32_t)sj_session_read_max(ask->session);
	rc = sj_session_command(ask->session, &a, &r);
	if (rc != SJ_OK || r.sw != SJ_SW_OK)
		return rc;
	*done = true;
	return take_all(ask, r.data);
}

enum sj_rc sj_eid_groups(struct sj_ask *ask)
{
	bool done;
	enum sj_rc rc = read_all(ask, &done);

	if (done)
		return rc;
	for (size_t i = 0; i < TELLINGS && rc == SJ_OK; i++)
		if (ask->answer->info.granted & tellings[i].right)
			rc = read_one(ask, &tellings[i]);
	return rc;
}
