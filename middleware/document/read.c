/* read.c -- whole files in as few commands as the card allows. */
#include <stdlib.h>
#include <string.h>

#include "document/document.h"
#include "reader/context.h"
#include "wire/cms.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

#define PIECE_SAFE 160u /* what the most limited readers and cards still pass */
#define CRUMB 80u /* bytes: no card that reads so little at once is known */
#define CRUMBS_MAX 8u /* of a file; with more it would take for ever */
#define OFFSET_OBJECT_MAX 6u /* data object 53 around the bytes: tag and length */

static size_t piece_size(const struct sj_document *doc)
{
	size_t most = sj_session_read_max(doc->session);

	return doc->piece > 0 && doc->piece < most ? doc->piece : most;
}

/* Data came, perhaps up to the end of the file. */
static bool gave_data(const struct sj_response *r)
{
	return (r->sw == SJ_SW_OK || r->sw == SJ_SW_END_OF_FILE) && r->data.len > 0;
}

static enum sj_rc read_short_id(struct sj_document *doc, uint8_t short_id, size_t n,
				struct sj_response *r)
{
	struct sj_apdu a = { .ins = SJ_INS_READ_BINARY,
			     .p1 = (uint8_t)(SJ_READ_SHORT_ID | short_id),
			     .ne = (uint32_t)n };

	return sj_session_command(doc->session, &a, r);
}

/* Offsets over 32767 need the odd instruction (ISO/IEC 7816-4:2020, 11.3.3). */
static enum sj_rc read_far(struct sj_document *doc, size_t offset, size_t n, struct sj_response *r)
{
	uint8_t data[] = { SJ_TAG_OFFSET, 3, (uint8_t)(offset >> 16), (uint8_t)(offset >> 8),
			   (uint8_t)offset };
	size_t most = piece_size(doc);
	size_t ne = n + OFFSET_OBJECT_MAX < most ? n + OFFSET_OBJECT_MAX : most;
	struct sj_apdu a = { .ins = SJ_INS_READ_BINARY_ODD,
			     .data = SJ_SPAN_OF(data),
			     .ne = (uint32_t)ne };
	struct sj_span object, value;
	enum sj_rc rc = sj_session_command(doc->session, &a, r);

	if (rc != SJ_OK || !gave_data(r))
		return rc;
	object = r->data;
	if (sj_tlv_take(&object, SJ_TAG_DISCRETIONARY, &value) != SJ_TLV_FOUND)
		return SJ_CARD_ANSWER;
	r->data = value;
	return SJ_OK;
}

static enum sj_rc read_at(struct sj_document *doc, size_t offset, size_t n, struct sj_response *r)
{
	struct sj_apdu a = { .ins = SJ_INS_READ_BINARY,
			     .p1 = (uint8_t)(offset >> 8),
			     .p2 = (uint8_t)offset,
			     .ne = (uint32_t)n };

	if (offset > SJ_READ_OFFSET_MAX)
		return read_far(doc, offset, n, r);
	return sj_session_command(doc->session, &a, r);
}

static enum sj_rc select_file(struct sj_document *doc, uint16_t file_id, struct sj_response *r)
{
	uint8_t data[] = { (uint8_t)(file_id >> 8), (uint8_t)file_id };
	struct sj_apdu a = { .ins = SJ_INS_SELECT,
			     .p1 = SJ_SELECT_CHILD_EF,
			     .p2 = SJ_SELECT_NO_DATA,
			     .data = SJ_SPAN_OF(data) };

	return sj_session_command(doc->session, &a, r);
}

/* The first piece, after SELECT by file identifier. */
static enum sj_rc read_selected(struct sj_document *doc, const struct sj_lds_entry *entry,
				struct sj_response *r)
{
	enum sj_rc rc = select_file(doc, entry->file_id, r);

	if (rc != SJ_OK || r->sw != SJ_SW_OK)
		return rc;
	return read_at(doc, 0, piece_size(doc), r);
}

static enum sj_rc read_first(struct sj_document *doc, const struct sj_lds_entry *entry,
			     struct sj_response *r)
{
	struct sj_response selected;
	enum sj_rc rc;

	if (doc->short_ids == SJ_SHORT_IDS_REFUSED)
		return read_selected(doc, entry, r);
	rc = read_short_id(doc, entry->short_id, piece_size(doc), r);
	if (rc != SJ_OK)
		return rc;
	if (gave_data(r))
		doc->short_ids = SJ_SHORT_IDS_WORK;
	if (doc->short_ids == SJ_SHORT_IDS_WORK || r->sw == SJ_SW_SECURITY_STATUS ||
	    r->sw == SJ_SW_WRONG_LENGTH)
		return SJ_OK;
	rc = read_selected(doc, entry, &selected);
	if (rc == SJ_OK && gave_data(&selected))
		doc->short_ids = SJ_SHORT_IDS_REFUSED;
	*r = selected;
	return rc;
}

/* 6700: this much at once is too much; *again: a smaller piece is worth trying. */
static enum sj_rc note_size(struct sj_document *doc, enum sj_rc rc, const struct sj_response *r,
			    bool *again)
{
	bool refused = r->sw == SJ_SW_WRONG_LENGTH && piece_size(doc) > PIECE_SAFE;

	*again = refused && rc == SJ_OK;
	if (refused && (rc == SJ_OK || rc == SJ_CARD_SM_BROKEN)) {
		doc->piece = PIECE_SAFE;
		sj_context_notice(doc->context, "The card refuses long answers; reading on in "
						"pieces of 160 bytes.");
	}
	return rc;
}

static enum sj_rc command_first(struct sj_document *doc, const struct sj_lds_entry *entry,
				struct sj_response *r)
{
	bool again;
	enum sj_rc rc;

	*r = (struct sj_response){ 0 };
	rc = note_size(doc, read_first(doc, entry, r), r, &again);
	return again ? read_first(doc, entry, r) : rc;
}

static enum sj_rc command_next(struct sj_document *doc, size_t offset, size_t left,
			       struct sj_response *r)
{
	size_t most = piece_size(doc);
	bool again;
	enum sj_rc rc;

	*r = (struct sj_response){ 0 };
	rc = note_size(doc, read_at(doc, offset, left < most ? left : most, r), r, &again);
	return again ? read_at(doc, offset, left < PIECE_SAFE ? left : PIECE_SAFE, r) : rc;
}

/* Reads on until the announced size is there; what the card refuses is in file->sw. */
static enum sj_rc read_rest(struct sj_document *doc, struct sj_document_file *file, size_t size)
{
	unsigned crumbs = 0;
	struct sj_response r;
	enum sj_rc rc;

	while (file->len < size) {
		size_t left = size - file->len;

		rc = command_next(doc, file->len, left, &r);
		if (rc != SJ_OK)
			return rc;
		if (!gave_data(&r)) {
			file->sw = r.sw;
			file->state = SJ_FILE_REFUSED;
			return r.sw == SJ_SW_OK ? SJ_CARD_ANSWER : SJ_OK;
		}
		crumbs += r.data.len < CRUMB;
		if (r.data.len > left || crumbs > CRUMBS_MAX)
			return SJ_CARD_ANSWER;
		memcpy(file->bytes + file->len, r.data.ptr, r.data.len);
		file->len += r.data.len;
	}
	return SJ_OK;
}

/* An object of indefinite length: the file ends where the card says so. */
static enum sj_rc read_to_end(struct sj_document *doc, struct sj_document_file *file)
{
	unsigned crumbs = 0;
	struct sj_response r;
	uint8_t *longer;
	enum sj_rc rc;

	do {
		rc = command_next(doc, file->len, piece_size(doc), &r);
		if (rc != SJ_OK || !gave_data(&r))
			return rc;
		crumbs += r.data.len < CRUMB;
		if (crumbs > CRUMBS_MAX)
			return SJ_CARD_ANSWER;
		if (r.data.len > SJ_DOCUMENT_FILE_MAX - file->len)
			return SJ_FILE_TOO_LARGE;
		longer = realloc(file->bytes, file->len + r.data.len);
		if (!longer)
			return SJ_NO_MEMORY;
		memcpy(longer + file->len, r.data.ptr, r.data.len);
		file->bytes = longer;
		file->len += r.data.len;
	} while (r.sw == SJ_SW_OK);
	return SJ_OK;
}

/* The size that the first piece announces; without one, what came is the file. */
static size_t file_size(const struct sj_lds_entry *entry, struct sj_span first)
{
	size_t size;

	if (entry->tag == 0 || !sj_tlv_announced(first, &size))
		return first.len;
	return size;
}

static enum sj_rc read_whole(struct sj_document *doc, const struct sj_lds_entry *entry,
			     const struct sj_response *r, struct sj_document_file *file)
{
	const struct sj_span first = r->data;
	const bool more = r->sw == SJ_SW_OK && sj_cms_is_indefinite(first);
	size_t size = file_size(entry, first);

	if (size > SJ_DOCUMENT_FILE_MAX)
		return SJ_FILE_TOO_LARGE;
	file->bytes = malloc(size + 1);
	if (!file->bytes)
		return SJ_NO_MEMORY;
	file->len = first.len < size ? first.len : size;
	memcpy(file->bytes, first.ptr, file->len);
	file->state = SJ_FILE_READ;
	return more ? read_to_end(doc, file) : read_rest(doc, file, size);
}

enum sj_rc sj_document_read(struct sj_document *doc, enum sj_lds_file id)
{
	return sj_document_read_entry(doc, sj_lds_entry(id), &doc->report->files[id]);
}

enum sj_rc sj_document_read_entry(struct sj_document *doc, const struct sj_lds_entry *entry,
				  struct sj_document_file *file)
{
	struct sj_document_file got = { 0 };
	struct sj_response r;
	enum sj_rc rc = command_first(doc, entry, &r);

	if (rc != SJ_OK)
		return rc;
	if (gave_data(&r)) {
		rc = read_whole(doc, entry, &r, &got);
	} else {
		got.state = SJ_FILE_REFUSED;
		got.sw = r.sw;
	}
	if (rc != SJ_OK || got.state == SJ_FILE_REFUSED) {
		uint16_t sw = got.sw;

		sj_document_file_clear(&got);
		got.state = SJ_FILE_REFUSED;
		got.sw = sw;
	}
	sj_document_file_clear(file);
	*file = got;
	return rc;
}
