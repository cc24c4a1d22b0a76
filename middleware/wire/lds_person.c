#include "wire/lds.h"

#include <stddef.h>
#include <string.h>

#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"

/* A field's tag, and where it stands in the struct. */
struct field {
	uint32_t tag;
	size_t at;
	bool names; /* a counted list inside A0, not a span */
};

struct group {
	uint32_t tag; /* of the file */
	const struct field *fields;
	size_t count;
};

/* Doc 9303-10, 4.7.11. */
static const struct field dg11_fields[] = {
	{ 0x5F0E, offsetof(struct sj_dg11, full_name), false },
	{ 0x5F0F, offsetof(struct sj_dg11, other_names), true },
	{ 0x5F10, offsetof(struct sj_dg11, personal_number), false },
	{ 0x5F2B, offsetof(struct sj_dg11, birth_date), false },
	{ 0x5F11, offsetof(struct sj_dg11, place_of_birth), false },
	{ 0x5F42, offsetof(struct sj_dg11, address), false },
	{ 0x5F12, offsetof(struct sj_dg11, telephone), false },
	{ 0x5F13, offsetof(struct sj_dg11, profession), false },
	{ 0x5F14, offsetof(struct sj_dg11, title), false },
	{ 0x5F15, offsetof(struct sj_dg11, summary), false },
	{ 0x5F16, offsetof(struct sj_dg11, proof_of_citizenship), false },
	{ 0x5F17, offsetof(struct sj_dg11, other_documents), false },
	{ 0x5F18, offsetof(struct sj_dg11, custody), false },
};

/* Doc 9303-10, 4.7.12. */
static const struct field dg12_fields[] = {
	{ 0x5F19, offsetof(struct sj_dg12, issuing_authority), false },
	{ 0x5F26, offsetof(struct sj_dg12, issue_date), false },
	{ 0x5F1A, offsetof(struct sj_dg12, other_persons), true },
	{ 0x5F1B, offsetof(struct sj_dg12, endorsements), false },
	{ 0x5F1C, offsetof(struct sj_dg12, tax_exit), false },
	{ 0x5F1D, offsetof(struct sj_dg12, front_image), false },
	{ 0x5F1E, offsetof(struct sj_dg12, rear_image), false },
	{ 0x5F55, offsetof(struct sj_dg12, personalised_at), false },
	{ 0x5F56, offsetof(struct sj_dg12, personalised_by), false },
};

/* Doc 9303-10, 4.7.16: inside the template of one person. */
static const struct field person_fields[] = {
	{ 0x5F50, offsetof(struct sj_person, recorded), false },
	{ 0x5F51, offsetof(struct sj_person, name), false },
	{ 0x5F52, offsetof(struct sj_person, telephone), false },
	{ 0x5F53, offsetof(struct sj_person, address), false },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct group dg11_group = { SJ_TAG_DG11, dg11_fields, COUNT_OF(dg11_fields) };
static const struct group dg12_group = { SJ_TAG_DG12, dg12_fields, COUNT_OF(dg12_fields) };

/* --- reading --------------------------------------------------------------------- */

/* A0: INTEGER n, then n objects of one tag; of the present ones no more than n. */
static bool names_read(struct sj_span in, uint32_t tag, struct sj_lds_names *out)
{
	uint32_t announced;

	if (out->count > 0 || !sj_der_take_small(&in, &announced) || announced > SJ_LDS_NAMES_MAX)
		return false;
	for (; out->count < announced; out->count++) {
		if (sj_tlv_take(&in, tag, &out->names[out->count]) != SJ_TLV_FOUND)
			return false;
	}
	return in.len == 0;
}

/* Puts one object where it belongs; one of another tag is passed over, one twice is refused. */
static bool field_read(const struct group *g, uint32_t tag, struct sj_span value, uint8_t *out)
{
	struct sj_span span;

	for (size_t i = 0; i < g->count; i++) {
		const struct field *f = &g->fields[i];

		if (f->names && tag == SJ_TAG_LDS_NAMES)
			return names_read(value, f->tag, (void *)(out + f->at));
		if (f->names || f->tag != tag)
			continue;
		memcpy(&span, out + f->at, sizeof(span));
		if (span.ptr != NULL)
			return false;
		memcpy(out + f->at, &value, sizeof(value));
		return true;
	}
	return true;
}

static bool fields_read(const struct group *g, struct sj_span in, uint8_t *out)
{
	struct sj_span value;
	enum sj_tlv_rc rc;
	uint32_t tag;

	while ((rc = sj_tlv_next(&in, &tag, &value)) == SJ_TLV_FOUND) {
		if (!field_read(g, tag, value, out))
			return false;
	}
	return rc == SJ_TLV_ABSENT;
}

static bool group_read(const struct group *g, struct sj_span file, uint8_t *out)
{
	struct sj_span content, tags;

	return sj_lds_open(file, g->tag, &content) &&
	       sj_tlv_take(&content, SJ_TAG_TAG_LIST, &tags) == SJ_TLV_FOUND &&
	       fields_read(g, content, out);
}

bool sj_dg11_parse(struct sj_span file, struct sj_dg11 *out)
{
	memset(out, 0, sizeof(*out));
	return group_read(&dg11_group, file, (uint8_t *)out);
}

bool sj_dg12_parse(struct sj_span file, struct sj_dg12 *out)
{
	memset(out, 0, sizeof(*out));
	return group_read(&dg12_group, file, (uint8_t *)out);
}

/* --- writing ------------------------------------------------------------------------ */

static struct sj_span span_at(const uint8_t *in, const struct field *f)
{
	struct sj_span span;

	memcpy(&span, in + f->at, sizeof(span));
	return span;
}

static const struct sj_lds_names *names_at(const uint8_t *in, const struct field *f)
{
	return (const void *)(in + f->at);
}

static bool is_present(const uint8_t *in, const struct field *f)
{
	return f->names ? names_at(in, f)->count > 0 : span_at(in, f).len > 0;
}

static void names_put(struct sj_writer *w, uint32_t tag, const struct sj_lds_names *names)
{
	size_t at = sj_tlv_open(w);

	if (names->count > SJ_LDS_NAMES_MAX) {
		w->failed = true;
		return;
	}
	sj_der_put_small(w, names->count);
	for (unsigned i = 0; i < names->count; i++)
		sj_tlv_put(w, tag, names->names[i]);
	sj_tlv_close(w, SJ_TAG_LDS_NAMES, at);
}

static void fields_put(struct sj_writer *w, const struct field *fields, size_t n, const uint8_t *in)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_present(in, &fields[i]))
			continue;
		if (fields[i].names)
			names_put(w, fields[i].tag, names_at(in, &fields[i]));
		else
			sj_tlv_put(w, fields[i].tag, span_at(in, &fields[i]));
	}
}

static void group_put(struct sj_writer *w, const struct group *g, const uint8_t *in)
{
	size_t at = sj_tlv_open(w), list = sj_tlv_open(w);

	for (size_t i = 0; i < g->count; i++) {
		if (is_present(in, &g->fields[i]))
			sj_put_be(w, 2, g->fields[i].tag);
	}
	sj_tlv_close(w, SJ_TAG_TAG_LIST, list);
	fields_put(w, g->fields, g->count, in);
	sj_tlv_close(w, g->tag, at);
}

void sj_dg11_put(struct sj_writer *w, const struct sj_dg11 *dg11)
{
	group_put(w, &dg11_group, (const uint8_t *)dg11);
}

void sj_dg12_put(struct sj_writer *w, const struct sj_dg12 *dg12)
{
	group_put(w, &dg12_group, (const uint8_t *)dg12);
}

/* --- dates ----------------------------------------------------------------------------- */

bool sj_lds_date(struct sj_span field, char out[static 9])
{
	const bool bcd = field.len == 4 || field.len == 7;

	if (!bcd && field.len != 8 && field.len != 14)
		return false;
	for (size_t i = 0; i < 8; i++) {
		unsigned c = field.ptr[bcd ? i / 2 : i];

		if (bcd)
			c = '0' + (i % 2 == 0 ? c >> 4 : c & 0x0F);
		if (c < '0' || c > '9')
			return false;
		out[i] = (char)c;
	}
	out[8] = '\0';
	return true;
}

/* --- DG16 ------------------------------------------------------------------------------ */

bool sj_dg16_parse(struct sj_span file, struct sj_dg16 *out)
{
	static const struct group person = { 0, person_fields, COUNT_OF(person_fields) };
	struct sj_span content, template;
	uint32_t announced;

	memset(out, 0, sizeof(*out));
	if (!sj_lds_open(file, SJ_TAG_DG16, &content) || !sj_der_take_small(&content, &announced) ||
	    announced > SJ_DG16_MAX)
		return false;
	for (; out->count < announced; out->count++) {
		if (sj_tlv_take(&content, 0xA1 + out->count, &template) != SJ_TLV_FOUND ||
		    !fields_read(&person, template, (uint8_t *)&out->persons[out->count]))
			return false;
	}
	return content.len == 0;
}

void sj_dg16_put(struct sj_writer *w, const struct sj_dg16 *dg16)
{
	size_t at = sj_tlv_open(w), template;

	if (dg16->count > SJ_DG16_MAX) {
		w->failed = true;
		return;
	}
	sj_der_put_small(w, dg16->count);
	for (unsigned i = 0; i < dg16->count; i++) {
		template = sj_tlv_open(w);
		fields_put(w, person_fields, COUNT_OF(person_fields),
			   (const uint8_t *)&dg16->persons[i]);
		sj_tlv_close(w, 0xA1 + i, template);
	}
	sj_tlv_close(w, SJ_TAG_DG16, at);
}
