#include "wire/eid.h"

#include <string.h>

#include "wire/std/tr03110.h"

#define TAG_INTEGER 0x02u
#define TAG_OCTETS 0x04u
#define TAG_UTF8 0x0Cu
#define TAG_NUMERIC 0x12u
#define TAG_PRINTABLE 0x13u
#define TAG_IA5 0x16u
#define TAG_SEQUENCE 0x30u
#define TAG_SET 0x31u

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ "
#define DIGITS "0123456789 "
#define PRINTABLE UPPER "abcdefghijklmnopqrstuvwxyz0123456789'()+,-./:=?"

#define ENTRY_KINDS 2u

/* One primitive: its tag, how many bytes (most 0: any number), which (NULL: all). */
struct leaf {
	uint32_t tag;
	size_t least, most;
	const char *set;
};

/* A member of a sequence; with `outer` it is tagged explicitly. */
struct field {
	uint32_t outer;
	struct leaf leaf;
	bool optional;
};

enum shape {
	NONE, /* no such group */
	ONE, /* the leaf alone */
	ISSUER, /* CHOICE of country and Place */
	PLACE, /* GeneralPlace */
	TEXT, /* CHOICE of plain and compressed */
	WHOLE_SET, /* the part is the whole element */
	PASSPORT,
	EMERGENCY,
};

#define COUNTRY \
	{ \
		TAG_PRINTABLE, 1, 3, UPPER \
	}
#define ANY_TEXT \
	{ \
		TAG_UTF8, 0, 0, NULL \
	}
#define DATE \
	{ \
		TAG_NUMERIC, 8, 8, DIGITS \
	}

/* TR-03110-4, 2.2.3.1. */
static const struct field place_fields[SJ_EID_PARTS] = {
	{ 0xAA, ANY_TEXT, true }, /* street */
	{ 0xAB, ANY_TEXT, false }, /* city */
	{ 0xAC, ANY_TEXT, true }, /* state */
	{ 0xAD, COUNTRY, false },
	{ 0xAE, { TAG_PRINTABLE, 1, 0, PRINTABLE }, true }, /* zip code */
};
/* EID.md, "Files of the eID application". */
static const struct field passport_fields[] = {
	{ 0, COUNTRY, false },
	{ 0, { TAG_PRINTABLE, 1, 0, PRINTABLE }, false },
};
static const struct field emergency_fields[] = {
	{ 0, { 0x80, 1, 0, NULL }, true },
	{ 0, { 0x81, 1, 0, NULL }, true },
	{ 0, { 0x82, 1, 0, NULL }, true },
};
static const struct field entry_fields[] = {
	{ 0, DATE, false },
	{ 0, { TAG_INTEGER, 1, 1, NULL }, false },
	{ 0, ANY_TEXT, false },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct group {
	enum shape shape;
	struct leaf leaf;
} groups[SJ_EID_GROUPS + 1] = {
	[SJ_EID_DOCUMENT_TYPE] = { ONE, { TAG_PRINTABLE, 2, 2, UPPER } },
	[SJ_EID_ISSUING_STATE] = { ISSUER, COUNTRY },
	[SJ_EID_EXPIRY] = { ONE, DATE },
	[SJ_EID_GIVEN_NAMES] = { ONE, ANY_TEXT },
	[SJ_EID_FAMILY_NAMES] = { ONE, ANY_TEXT },
	[6] = { ONE, ANY_TEXT }, /* nom de plume */
	[7] = { ONE, ANY_TEXT }, /* academic title */
	[SJ_EID_BIRTH_DATE] = { ONE, DATE },
	[SJ_EID_BIRTH_PLACE] = { PLACE, ANY_TEXT },
	[SJ_EID_NATIONALITY] = { ONE, COUNTRY },
	[SJ_EID_SEX] = { ONE, { TAG_PRINTABLE, 1, 1, "MF " } },
	[12] = { WHOLE_SET, { TAG_SET, 0, 0, NULL } }, /* optional data */
	[13] = { ONE, ANY_TEXT }, /* birth name */
	[14] = { ONE, { TAG_OCTETS, 1, 0, NULL } }, /* written signature */
	[SJ_EID_ISSUE_DATE] = { ONE, DATE },
	[SJ_EID_ADDRESS] = { PLACE, ANY_TEXT },
	[SJ_EID_COMMUNITY] = { ONE, { TAG_OCTETS, 1, 0, NULL } },
	[19] = { TEXT, ANY_TEXT }, /* residence permit */
	[20] = { TEXT, ANY_TEXT },
	[SJ_EID_PHONE] = { ONE, { TAG_PRINTABLE, 1, 0, PRINTABLE } },
	[SJ_EID_EMAIL] = { ONE, { TAG_IA5, 1, 0, NULL } },
	[SJ_EID_DOCUMENT_NUMBER] = { ONE, { TAG_PRINTABLE, 1, 0, PRINTABLE } },
	[SJ_EID_CLASS] = { ONE, { TAG_INTEGER, 1, 1, NULL } },
	[SJ_EID_HOME_PASSPORT] = { PASSPORT, ANY_TEXT },
	[SJ_EID_PORTRAIT] = { ONE, { TAG_OCTETS, 1, 0, NULL } },
	/* 27, entry records: a list, with functions of its own */
	[SJ_EID_EMERGENCY] = { EMERGENCY, ANY_TEXT },
	[SJ_EID_INSURANCE] = { ONE, ANY_TEXT },
	[SJ_EID_STATUS] = { ONE, { TAG_OCTETS, 6, 6, NULL } },
};

struct sj_span sj_eid_aid(void)
{
	return SJ_AID_EID;
}

static uint32_t tag_of(unsigned group)
{
	return 0x60u + group;
}

static bool fits(struct sj_span in, const struct leaf *leaf)
{
	if (in.len < leaf->least || (leaf->most != 0 && in.len > leaf->most))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		if (leaf->set != NULL && (in.ptr[i] == 0 || strchr(leaf->set, in.ptr[i]) == NULL))
			return false;
		if ((leaf->tag == TAG_IA5 || leaf->tag == TAG_INTEGER) && in.ptr[i] > 0x7F)
			return false;
	}
	return true;
}

/* --- writing ------------------------------------------------------------------- */

static void put_leaf(struct sj_writer *w, const struct leaf *leaf, struct sj_span part)
{
	if (!fits(part, leaf))
		w->failed = true;
	sj_tlv_put(w, leaf->tag, part);
}

static void put_tagged(struct sj_writer *w, uint32_t outer, const struct leaf *leaf,
		       struct sj_span part)
{
	const size_t at = sj_tlv_open(w);

	put_leaf(w, leaf, part);
	sj_tlv_close(w, outer, at);
}

static void put_fields(struct sj_writer *w, const struct field *fields, size_t n,
		       const struct sj_span *parts)
{
	const size_t at = sj_tlv_open(w);

	for (size_t i = 0; i < n; i++) {
		if (fields[i].optional && parts[i].len == 0)
			continue;
		if (fields[i].outer != 0)
			put_tagged(w, fields[i].outer, &fields[i].leaf, parts[i]);
		else
			put_leaf(w, &fields[i].leaf, parts[i]);
	}
	sj_tlv_close(w, TAG_SEQUENCE, at);
}

static bool put_sequence(struct sj_writer *w, const struct field *fields, size_t n,
			 const struct sj_eid_value *v)
{
	if (v->count == n)
		put_fields(w, fields, n, v->parts);
	return v->count == n;
}

static bool put_whole(struct sj_writer *w, uint32_t tag, struct sj_span element)
{
	struct sj_span in = element, value;

	sj_put(w, element);
	return sj_tlv_take(&in, tag, &value) == SJ_TLV_FOUND && in.len == 0;
}

/* False: as many parts as no form of it has. */
static bool put_content(struct sj_writer *w, const struct group *g, const struct sj_eid_value *v)
{
	static const struct leaf compressed = { TAG_OCTETS, 1, 0, NULL };

	if (v->count == 1) {
		switch (g->shape) {
		case ONE:
		case ISSUER:
			put_leaf(w, &g->leaf, v->parts[0]);
			return true;
		case PLACE:
		case TEXT:
			put_tagged(w, 0xA1, &g->leaf, v->parts[0]);
			return true;
		case WHOLE_SET:
			return put_whole(w, g->leaf.tag, v->parts[0]);
		case PASSPORT:
		case EMERGENCY:
		case NONE:
			return false;
		}
	}
	switch (g->shape) {
	case ISSUER:
	case PLACE:
		return put_sequence(w, place_fields, SJ_EID_PARTS, v);
	case TEXT:
		put_tagged(w, 0xA2, &compressed, v->parts[1]);
		return v->count == 2 && v->parts[0].len == 0;
	case PASSPORT:
		return put_sequence(w, passport_fields, COUNT_OF(passport_fields), v);
	case EMERGENCY:
		return put_sequence(w, emergency_fields, COUNT_OF(emergency_fields), v);
	case ONE:
	case WHOLE_SET:
	case NONE:
		break;
	}
	return false;
}

void sj_eid_put(struct sj_writer *w, unsigned group, const struct sj_eid_value *value)
{
	const size_t at = sj_tlv_open(w);

	if (group > SJ_EID_GROUPS || !put_content(w, &groups[group], value))
		w->failed = true;
	sj_tlv_close(w, tag_of(group), at);
}

void sj_eid_entries_put(struct sj_writer *w, const struct sj_eid_entry *entries, size_t n)
{
	const size_t at = sj_tlv_open(w), list = sj_tlv_open(w);

	for (size_t i = 0; i < n; i++) {
		const uint8_t kind = (uint8_t)entries[i].kind;

		if (entries[i].kind == 0 || entries[i].kind > ENTRY_KINDS)
			w->failed = true;
		put_fields(w, entry_fields, COUNT_OF(entry_fields),
			   (const struct sj_span[]){ entries[i].date, sj_span(&kind, 1),
						     entries[i].place });
	}
	sj_tlv_close(w, TAG_SEQUENCE, list);
	sj_tlv_close(w, tag_of(SJ_EID_ENTRY_RECORDS), at);
}

/* --- reading ------------------------------------------------------------------- */

static bool take_leaf(struct sj_span *in, const struct leaf *leaf, struct sj_span *out)
{
	return sj_tlv_take(in, leaf->tag, out) == SJ_TLV_FOUND && fits(*out, leaf);
}

/* The content of a sequence, all of it. */
static bool read_fields(struct sj_span in, const struct field *fields, size_t n,
			struct sj_span *parts)
{
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &fields[i];
		const uint32_t tag = f->outer != 0 ? f->outer : f->leaf.tag;
		struct sj_span value;
		const enum sj_tlv_rc rc = sj_tlv_take(&in, tag, &value);

		parts[i] = sj_span(NULL, 0);
		if (rc == SJ_TLV_ABSENT && f->optional)
			continue;
		if (rc != SJ_TLV_FOUND)
			return false;
		if (f->outer == 0)
			parts[i] = value;
		else if (!take_leaf(&value, &f->leaf, &parts[i]) || value.len != 0)
			return false;
		if (!fits(parts[i], &f->leaf))
			return false;
	}
	return in.len == 0;
}

static bool read_sequence(struct sj_span in, const struct field *fields, size_t n,
			  struct sj_eid_value *out)
{
	struct sj_span content;

	out->count = n;
	return sj_tlv_take(&in, TAG_SEQUENCE, &content) == SJ_TLV_FOUND && in.len == 0 &&
	       read_fields(content, fields, n, out->parts);
}

/* A place, or a text that says where, or why it is not known. */
static bool read_place(struct sj_span in, struct sj_eid_value *out)
{
	static const struct leaf text = ANY_TEXT;
	struct sj_span value;

	if (in.len > 0 && in.ptr[0] == TAG_SEQUENCE)
		return read_sequence(in, place_fields, SJ_EID_PARTS, out);
	out->count = 1;
	if (sj_tlv_take(&in, 0xA1, &value) != SJ_TLV_FOUND &&
	    sj_tlv_take(&in, 0xA2, &value) != SJ_TLV_FOUND)
		return false;
	return in.len == 0 && take_leaf(&value, &text, &out->parts[0]) && value.len == 0;
}

/* Of several places the first. */
static bool read_places(struct sj_span in, struct sj_eid_value *out)
{
	struct sj_span list, first;

	if (sj_tlv_take(&in, TAG_SET, &list) != SJ_TLV_FOUND)
		return read_place(in, out);
	return in.len == 0 && sj_tlv_well_formed(list) &&
	       sj_tlv_take_any(&list, &first) == SJ_TLV_FOUND && read_place(first, out);
}

static bool read_text(struct sj_span in, const struct leaf *leaf, struct sj_eid_value *out)
{
	static const struct leaf compressed = { TAG_OCTETS, 1, 0, NULL };
	struct sj_span value;

	if (sj_tlv_take(&in, 0xA1, &value) == SJ_TLV_FOUND) {
		out->count = 1;
		return in.len == 0 && take_leaf(&value, leaf, &out->parts[0]) && value.len == 0;
	}
	out->count = 2;
	return sj_tlv_take(&in, 0xA2, &value) == SJ_TLV_FOUND && in.len == 0 &&
	       take_leaf(&value, &compressed, &out->parts[1]) && value.len == 0;
}

static bool read_content(struct sj_span in, const struct group *g, struct sj_eid_value *out)
{
	switch (g->shape) {
	case ISSUER:
		if (in.len > 0 && in.ptr[0] == TAG_SEQUENCE)
			return read_sequence(in, place_fields, SJ_EID_PARTS, out);
		break;
	case PLACE:
		return read_places(in, out);
	case TEXT:
		return read_text(in, &g->leaf, out);
	case PASSPORT:
		return read_sequence(in, passport_fields, COUNT_OF(passport_fields), out);
	case EMERGENCY:
		return read_sequence(in, emergency_fields, COUNT_OF(emergency_fields), out);
	case WHOLE_SET:
		out->count = 1;
		return sj_tlv_take_element(&in, g->leaf.tag, &out->parts[0]) == SJ_TLV_FOUND &&
		       in.len == 0;
	case NONE:
		return false;
	case ONE:
		break;
	}
	out->count = 1;
	return take_leaf(&in, &g->leaf, &out->parts[0]) && in.len == 0;
}

bool sj_eid_read(struct sj_span in, unsigned group, struct sj_eid_value *out)
{
	struct sj_eid_value value;
	struct sj_span content;

	memset(&value, 0, sizeof(value));
	if (group > SJ_EID_GROUPS || sj_tlv_take(&in, tag_of(group), &content) != SJ_TLV_FOUND ||
	    in.len != 0 || !read_content(content, &groups[group], &value))
		return false;
	*out = value;
	return true;
}

bool sj_eid_entries_read(struct sj_span in, struct sj_span *items)
{
	struct sj_span content, list;

	if (sj_tlv_take(&in, tag_of(SJ_EID_ENTRY_RECORDS), &content) != SJ_TLV_FOUND ||
	    in.len != 0 || sj_tlv_take(&content, TAG_SEQUENCE, &list) != SJ_TLV_FOUND ||
	    content.len != 0)
		return false;
	*items = list;
	return true;
}

enum sj_tlv_rc sj_eid_entry_next(struct sj_span *items, struct sj_eid_entry *out)
{
	struct sj_span rest = *items, content, parts[COUNT_OF(entry_fields)] = { 0 };

	if (rest.len == 0)
		return SJ_TLV_ABSENT;
	if (sj_tlv_take(&rest, TAG_SEQUENCE, &content) != SJ_TLV_FOUND ||
	    !read_fields(content, entry_fields, COUNT_OF(entry_fields), parts) ||
	    parts[1].ptr == NULL || parts[1].ptr[0] == 0 || parts[1].ptr[0] > ENTRY_KINDS)
		return SJ_TLV_MALFORMED;
	*out = (struct sj_eid_entry){ parts[0], parts[1].ptr[0], parts[2] };
	*items = rest;
	return SJ_TLV_FOUND;
}
