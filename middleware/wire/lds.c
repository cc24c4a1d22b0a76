#include "wire/lds.h"

#include <string.h>

#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/std/rfc5652.h"

/* Doc 9303-10, 3.11 and table 38. */
static const struct sj_lds_entry entries[] = {
	{ SJ_DG1, "DG1", 0x0101, 0x01, SJ_TAG_DG1, false },
	{ SJ_DG2, "DG2", 0x0102, 0x02, SJ_TAG_DG2, false },
	{ SJ_DG3, "DG3", 0x0103, 0x03, SJ_TAG_DG3, false },
	{ SJ_DG4, "DG4", 0x0104, 0x04, SJ_TAG_DG4, false },
	{ SJ_DG5, "DG5", 0x0105, 0x05, SJ_TAG_DG5, false },
	{ SJ_DG6, "DG6", 0x0106, 0x06, SJ_TAG_DG6, false },
	{ SJ_DG7, "DG7", 0x0107, 0x07, SJ_TAG_DG7, false },
	{ SJ_DG8, "DG8", 0x0108, 0x08, SJ_TAG_DG8, false },
	{ SJ_DG9, "DG9", 0x0109, 0x09, SJ_TAG_DG9, false },
	{ SJ_DG10, "DG10", 0x010A, 0x0A, SJ_TAG_DG10, false },
	{ SJ_DG11, "DG11", 0x010B, 0x0B, SJ_TAG_DG11, false },
	{ SJ_DG12, "DG12", 0x010C, 0x0C, SJ_TAG_DG12, false },
	{ SJ_DG13, "DG13", 0x010D, 0x0D, SJ_TAG_DG13, false },
	{ SJ_DG14, "DG14", 0x010E, 0x0E, SJ_TAG_DG14, false },
	{ SJ_DG15, "DG15", 0x010F, 0x0F, SJ_TAG_DG15, false },
	{ SJ_DG16, "DG16", 0x0110, 0x10, SJ_TAG_DG16, false },
	{ SJ_EF_COM, "EF.COM", SJ_FID_COM, SJ_SFI_COM, SJ_TAG_COM, false },
	{ SJ_EF_SOD, "EF.SOD", SJ_FID_SOD, SJ_SFI_SOD, SJ_TAG_SOD, false },
	{ SJ_EF_CARD_ACCESS, "EF.CardAccess", SJ_FID_CARD_ACCESS, SJ_SFI_CARD_ACCESS, 0x31, true },
	{ SJ_EF_CARD_SECURITY, "EF.CardSecurity", SJ_FID_CARD_SECURITY, SJ_SFI_CARD_SECURITY, 0x30,
	  true },
	{ SJ_EF_DIR, "EF.DIR", SJ_FID_DIR, SJ_SFI_DIR, 0, true },
	{ SJ_EF_ATR_INFO, "EF.ATR/INFO", SJ_FID_ATR_INFO, SJ_SFI_ATR_INFO, 0, true },
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

const struct sj_lds_entry *sj_lds_entry(enum sj_lds_file file)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		if (entries[i].file == file)
			return &entries[i];
	}
	return NULL;
}

const struct sj_lds_entry *sj_lds_by_tag(uint32_t tag)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		if (entries[i].tag == tag && tag != 0)
			return &entries[i];
	}
	return NULL;
}

const struct sj_lds_entry *sj_lds_by_file_id(bool in_mf, uint16_t file_id)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		if (entries[i].in_mf == in_mf && entries[i].file_id == file_id)
			return &entries[i];
	}
	return NULL;
}

const struct sj_lds_entry *sj_lds_by_short_id(bool in_mf, uint8_t short_id)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		if (entries[i].in_mf == in_mf && entries[i].short_id == short_id)
			return &entries[i];
	}
	return NULL;
}

const struct sj_lds_entry *sj_lds_by_name(const char *name)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		if (strcmp(entries[i].name, name) == 0)
			return &entries[i];
	}
	return NULL;
}

bool sj_lds_open(struct sj_span file, uint32_t tag, struct sj_span *content)
{
	return sj_tlv_take(&file, tag, content) == SJ_TLV_FOUND && file.len == 0;
}

bool sj_dg13_parse(struct sj_span file, uint16_t *partition, uint32_t *index)
{
	struct sj_span content, value;
	uint32_t month;

	if (!sj_lds_open(file, SJ_TAG_DG13, &content) ||
	    !sj_lds_open(content, SJ_TAG_DG13_STATUS, &value) || value.len != 6 ||
	    !sj_take_be(&value, 2, &month) || !sj_take_be(&value, 4, index))
		return false;
	*partition = (uint16_t)month;
	return true;
}

void sj_dg13_put(struct sj_writer *w, uint16_t partition, uint32_t index)
{
	sj_tlv_put_header(w, SJ_TAG_DG13, 8);
	sj_tlv_put_header(w, SJ_TAG_DG13_STATUS, 6);
	sj_put_be(w, 2, partition);
	sj_put_be(w, 4, index);
}

/* --- versions -------------------------------------------------------------- */

static bool digits_text(struct sj_span in, char *out, size_t digits)
{
	if (in.len != digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return false;
	}
	memcpy(out, in.ptr, digits);
	out[digits] = '\0';
	return true;
}

static bool version_read(struct sj_span lds, struct sj_span unicode, struct sj_lds_version *out)
{
	return digits_text(lds, out->lds, 4) && digits_text(unicode, out->unicode, 6);
}

/* --- EF.COM, Doc 9303-10, 4.6.1 ---------------------------------------------- */

/* Tags of one or more bytes, one after the other, as bits of data groups. */
static bool groups_read(struct sj_span list, uint32_t *groups)
{
	const struct sj_lds_entry *entry;
	uint32_t tag, more;

	*groups = 0;
	while (list.len > 0) {
		if (!sj_take_be(&list, 1, &tag))
			return false;
		if ((tag & 0x1F) == 0x1F) {
			do {
				if (tag > 0xFFFF || !sj_take_be(&list, 1, &more))
					return false;
				tag = tag << 8 | more;
			} while (more & 0x80);
		}
		entry = sj_lds_by_tag(tag);
		if (entry != NULL && (unsigned)entry->file <= SJ_DG_COUNT)
			*groups |= 1u << entry->file;
	}
	return true;
}

bool sj_com_parse(struct sj_span file, struct sj_com *out)
{
	struct sj_span content, lds, unicode, list;

	memset(out, 0, sizeof(*out));
	return sj_lds_open(file, SJ_TAG_COM, &content) &&
	       sj_tlv_find(content, SJ_TAG_LDS_VERSION, &lds) == SJ_TLV_FOUND &&
	       sj_tlv_find(content, SJ_TAG_UNICODE_VERSION, &unicode) == SJ_TLV_FOUND &&
	       sj_tlv_find(content, SJ_TAG_TAG_LIST, &list) == SJ_TLV_FOUND &&
	       version_read(lds, unicode, &out->version) && groups_read(list, &out->groups);
}

static void digits_put(struct sj_writer *w, uint32_t tag, const char *text, size_t digits)
{
	if (strnlen(text, digits + 1) != digits)
		w->failed = true;
	sj_tlv_put(w, tag, sj_span((const uint8_t *)text, digits));
}

void sj_com_put(struct sj_writer *w, const struct sj_com *com)
{
	size_t at = sj_tlv_open(w), list;

	digits_put(w, SJ_TAG_LDS_VERSION, com->version.lds, 4);
	digits_put(w, SJ_TAG_UNICODE_VERSION, com->version.unicode, 6);
	list = sj_tlv_open(w);
	for (unsigned n = 1; n <= SJ_DG_COUNT; n++) {
		if (com->groups >> n & 1)
			sj_put_u8(w, (uint8_t)sj_lds_entry((enum sj_lds_file)n)->tag);
	}
	sj_tlv_close(w, SJ_TAG_TAG_LIST, list);
	sj_tlv_close(w, SJ_TAG_COM, at);
}

/* --- DG1 ------------------------------------------------------------------------ */

bool sj_dg1_parse(struct sj_span file, struct sj_span *mrz)
{
	struct sj_span content;

	return sj_lds_open(file, SJ_TAG_DG1, &content) && sj_lds_open(content, SJ_TAG_MRZ, mrz);
}

void sj_dg1_put(struct sj_writer *w, struct sj_span mrz)
{
	sj_tlv_put_header(w, SJ_TAG_DG1, sj_tlv_header_size(SJ_TAG_MRZ, mrz.len) + mrz.len);
	sj_tlv_put(w, SJ_TAG_MRZ, mrz);
}

/* --- EF.DIR, Doc 9303-10, 3.11.2 --------------------------------------------------- */

bool sj_dir_parse(struct sj_span file, struct sj_dir *out)
{
	struct sj_span value, aid;
	enum sj_tlv_rc rc;
	uint32_t tag;

	memset(out, 0, sizeof(*out));
	while ((rc = sj_tlv_next(&file, &tag, &value)) == SJ_TLV_FOUND) {
		if (tag != SJ_TAG_APPLICATION || out->count == SJ_DIR_MAX)
			continue;
		if (sj_tlv_find(value, SJ_TAG_AID, &aid) != SJ_TLV_FOUND || aid.len == 0 ||
		    aid.len > 16)
			return false;
		out->aids[out->count++] = aid;
	}
	return rc == SJ_TLV_ABSENT;
}

void sj_dir_put(struct sj_writer *w, const struct sj_dir *dir)
{
	if (dir->count > SJ_DIR_MAX) {
		w->failed = true;
		return;
	}
	for (unsigned i = 0; i < dir->count; i++) {
		size_t at = sj_tlv_open(w);

		sj_tlv_put(w, SJ_TAG_AID, dir->aids[i]);
		sj_tlv_close(w, SJ_TAG_APPLICATION, at);
	}
}

/* --- EF.ATR/INFO, Doc 9303-10, 3.11.1 --------------------------------------------- */

/* A positive integer; some cards leave out the zero byte that DER puts before a high bit. */
static bool take_length(struct sj_span *in, uint32_t *out)
{
	struct sj_span value;

	return sj_tlv_take(in, SJ_ASN1_INTEGER, &value) == SJ_TLV_FOUND && value.len <= 4 &&
	       sj_take_be(&value, value.len, out);
}

static bool lengths_read(struct sj_span in, struct sj_atr_info *out)
{
	return take_length(&in, &out->max_command) && take_length(&in, &out->max_response);
}

bool sj_atr_info_parse(struct sj_span file, struct sj_atr_info *out)
{
	struct sj_span value;
	enum sj_tlv_rc rc;
	uint32_t tag;
	bool ok = true;

	memset(out, 0, sizeof(*out));
	while ((rc = sj_tlv_next(&file, &tag, &value)) == SJ_TLV_FOUND && ok) {
		switch (tag) {
		case SJ_TAG_CARD_SERVICE:
			out->has_service = ok = sj_take_copy(&value, 1, &out->service);
			break;
		case SJ_TAG_CAPABILITIES:
			out->has_capabilities = ok = sj_take_copy(&value, 3, out->capabilities);
			break;
		case SJ_TAG_EXTENDED_LENGTH:
			ok = lengths_read(value, out);
			break;
		default:
			break;
		}
	}
	return ok && rc == SJ_TLV_ABSENT;
}

void sj_atr_info_put(struct sj_writer *w, const struct sj_atr_info *info)
{
	size_t at;

	if (info->has_service)
		sj_tlv_put(w, SJ_TAG_CARD_SERVICE, sj_span(&info->service, 1));
	if (info->has_capabilities)
		sj_tlv_put(w, SJ_TAG_CAPABILITIES, sj_span(info->capabilities, 3));
	if (info->max_command == 0 && info->max_response == 0)
		return;
	at = sj_tlv_open(w);
	sj_der_put_small(w, info->max_command);
	sj_der_put_small(w, info->max_response);
	sj_tlv_close(w, SJ_TAG_EXTENDED_LENGTH, at);
}
