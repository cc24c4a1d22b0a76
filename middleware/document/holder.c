/* holder.c -- the holder's data, out of groups that are authentic. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "document/document.h"

#define WINDOW_YEARS 50 /* two-digit years of expiry lie this near to now */

void sj_date_of(int64_t when, char out[static 9])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 9, "%Y%m%d", &tm) != 8)
		out[0] = 0;
}

static bool two_digits(const char *text, int *out)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*out = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

void sj_date_complete(const char *yymmdd, bool birth, int64_t now, char out[static 9])
{
	char today[9], text[16];
	int year, century, this_year, month, day;

	out[0] = 0;
	sj_date_of(now, today);
	if (strlen(yymmdd) != 6 || !two_digits(yymmdd, &year) || !two_digits(yymmdd + 2, &month) ||
	    !two_digits(yymmdd + 4, &day) || !two_digits(today, &century) ||
	    !two_digits(today + 2, &this_year))
		return;
	this_year += century * 100;
	year += century * 100 + 100;
	do {
		snprintf(text, sizeof(text), "%04d%02d%02d", year % 10000, month, day);
		year -= 100;
	} while (birth ? strcmp(text, today) > 0 : year + 100 >= this_year + WINDOW_YEARS);
	memcpy(out, text, 9);
}

static struct sj_span authentic_bytes(const struct sj_report *report, unsigned dg)
{
	if (!sj_report_authentic(report, dg))
		return sj_span(NULL, 0);
	return sj_report_bytes(report, (enum sj_lds_file)dg);
}

static void copy_text(const char *text, char *out, size_t cap)
{
	size_t n = strnlen(text, cap - 1);

	memcpy(out, text, n);
	out[n] = 0;
}

/* Cuts before a character of UTF-8 that does not fit whole. */
static size_t fitting(struct sj_span utf8, size_t cap)
{
	size_t n = utf8.len;

	if (n < cap)
		return n;
	n = cap > 0 ? cap - 1 : 0;
	while (n > 0 && n < utf8.len && (utf8.ptr[n] & 0xC0) == 0x80)
		n--;
	return n;
}

/* Takes a character of UTF-8 (RFC 3629, 4); false: the first byte begins none. */
static bool take_character(struct sj_span *in, uint32_t *out)
{
	const uint8_t first = in->ptr[0];
	const size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t c = first & (more == 0 ? 0x7Fu : 0x3Fu >> more);

	if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || in->len <= more)
		return false;
	for (size_t i = 1; i <= more; i++) {
		if ((in->ptr[i] & 0xC0) != 0x80)
			return false;
		c = c << 6 | (in->ptr[i] & 0x3Fu);
	}
	*in = sj_span(in->ptr + more + 1, in->len - more - 1);
	*out = c;
	return c >= least[more] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

/* Not one that steers a terminal, turns the direction of the text or takes no room. */
static bool is_shown(uint32_t c)
{
	return c >= 0x20 && (c < 0x7F || c >= 0xA0) && c != 0x061C && (c < 0x200B || c > 0x200F) &&
	       (c < 0x2028 || c > 0x202E) && (c < 0x2060 || c > 0x206F) && c != 0xFEFF;
}

void sj_text_put(struct sj_writer *w, struct sj_span text)
{
	while (text.len > 0) {
		struct sj_span rest = text, whole;
		uint32_t c;

		if (!take_character(&rest, &c)) {
			sj_put_u8(w, '?');
			text = sj_span(text.ptr + 1, text.len - 1);
			continue;
		}
		whole = sj_span(text.ptr, text.len - rest.len);
		if (is_shown(c))
			sj_put(w, whole);
		else
			sj_put_u8(w, '?');
		text = rest;
	}
}

/* A field of DG11 or DG12: '<' separates. */
static void copy_field(struct sj_span field, const char *separator, char *out, size_t cap)
{
	uint8_t parts[512], clean[512];
	struct sj_writer w = SJ_WRITER_OF(parts), shown = SJ_WRITER_OF(clean);
	size_t i, n;

	for (i = 0; i < field.len && !w.failed; i++) {
		uint8_t c = field.ptr[i];

		if (c != '<') {
			sj_put_u8(&w, c);
			continue;
		}
		if (i > 0 && field.ptr[i - 1] == '<')
			continue;
		if (i + 1 < field.len && field.ptr[i + 1] == '<')
			sj_put(&w, SJ_SPAN_STR(", "));
		else if (i + 1 < field.len)
			sj_put(&w, sj_span((const uint8_t *)separator, strlen(separator)));
	}
	sj_text_put(&shown, sj_written(&w));
	n = fitting(sj_written(&shown), cap);
	memcpy(out, clean, n);
	out[n] = 0;
	sj_wipe(parts, sizeof(parts));
	sj_wipe(clean, sizeof(clean));
}

static bool read_mrz(const struct sj_report *report, struct sj_mrz *mrz)
{
	struct sj_span file = authentic_bytes(report, SJ_DG1), zone;
	enum sj_mrz_rc rc;

	if (!file.ptr || !sj_dg1_parse(file, &zone))
		return false;
	rc = sj_mrz_parse((const char *)zone.ptr, zone.len, mrz);
	return rc != SJ_MRZ_WRONG_SIZE && rc != SJ_MRZ_WRONG_CHARACTER;
}

static void from_mrz(const struct sj_mrz *mrz, int64_t now, struct sj_holder *h)
{
	copy_text(mrz->document_code, h->document_code, sizeof(h->document_code));
	copy_text(mrz->issuing_state, h->issuing_state, sizeof(h->issuing_state));
	copy_text(mrz->document_number, h->document_number, sizeof(h->document_number));
	copy_text(mrz->surname, h->surname, sizeof(h->surname));
	copy_text(mrz->given_names, h->given_names, sizeof(h->given_names));
	copy_text(mrz->nationality, h->nationality, sizeof(h->nationality));
	sj_date_complete(mrz->birth_date, true, now, h->birth_date);
	sj_date_complete(mrz->expiry_date, false, now, h->expiry_date);
	h->sex[0] = mrz->sex == '<' ? 'X' : mrz->sex;
	snprintf(h->optional_data, sizeof(h->optional_data), "%s%s%s", mrz->optional_data,
		 mrz->optional_data[0] && mrz->optional_data_2[0] ? " " : "", mrz->optional_data_2);
}

/* The parsed groups are large, for the names they may hold: not on the stack. */
static void from_dg11(struct sj_span file, struct sj_holder *h)
{
	struct sj_dg11 *dg11 = malloc(sizeof(*dg11));
	char date[9];

	if (!dg11 || !file.ptr || !sj_dg11_parse(file, dg11))
		goto out;
	copy_field(dg11->full_name, " ", h->full_name, sizeof(h->full_name));
	copy_field(dg11->personal_number, " ", h->personal_number, sizeof(h->personal_number));
	copy_field(dg11->place_of_birth, ", ", h->place_of_birth, sizeof(h->place_of_birth));
	copy_field(dg11->address, ", ", h->address, sizeof(h->address));
	copy_field(dg11->telephone, " ", h->telephone, sizeof(h->telephone));
	if (sj_lds_date(dg11->birth_date, date))
		memcpy(h->birth_date, date, sizeof(date));
out:
	free(dg11);
}

static void from_dg12(struct sj_span file, struct sj_holder *h)
{
	struct sj_dg12 *dg12 = malloc(sizeof(*dg12));

	if (!dg12 || !file.ptr || !sj_dg12_parse(file, dg12))
		goto out;
	copy_field(dg12->issuing_authority, ", ", h->issuing_authority,
		   sizeof(h->issuing_authority));
	if (!sj_lds_date(dg12->issue_date, h->issue_date))
		h->issue_date[0] = 0;
out:
	free(dg12);
}

bool sj_report_holder(const struct sj_report *report, struct sj_holder *out)
{
	struct sj_holder holder = { .size = out->size };
	struct sj_mrz mrz;
	bool read = read_mrz(report, &mrz);

	if (read) {
		from_mrz(&mrz, report->statistics.time_used, &holder);
		from_dg11(authentic_bytes(report, SJ_DG11), &holder);
		from_dg12(authentic_bytes(report, SJ_DG12), &holder);
		memcpy(out, &holder, out->size < sizeof(holder) ? out->size : sizeof(holder));
	}
	sj_wipe(&mrz, sizeof(mrz));
	sj_wipe(&holder, sizeof(holder));
	return read;
}

bool sj_report_person(const struct sj_report *report, size_t i, char *out, size_t cap)
{
	struct sj_span file = authentic_bytes(report, SJ_DG16);
	struct sj_dg16 *dg16 = malloc(sizeof(*dg16));
	bool there = dg16 && file.ptr && sj_dg16_parse(file, dg16) && i < dg16->count;
	char telephone[64];

	if (there) {
		copy_field(dg16->persons[i].name, " ", out, cap);
		copy_field(dg16->persons[i].telephone, " ", telephone, sizeof(telephone));
		if (telephone[0] && strlen(out) + strlen(telephone) + 3 <= cap)
			snprintf(out + strlen(out), cap - strlen(out), ", %s", telephone);
		sj_wipe(telephone, sizeof(telephone));
	}
	free(dg16);
	return there;
}

enum sj_rc sj_mrz_holder(const char *text, size_t len, int64_t now, struct sj_holder *out,
			 const char **problem)
{
	static const char *const problems[] = {
		[SJ_MRZ_WRONG_SIZE] = "size",           [SJ_MRZ_WRONG_CHARACTER] = "character",
		[SJ_MRZ_CHECK_NUMBER] = "number",       [SJ_MRZ_CHECK_BIRTH] = "birth",
		[SJ_MRZ_CHECK_EXPIRY] = "expiry",       [SJ_MRZ_CHECK_OPTIONAL] = "optional",
		[SJ_MRZ_CHECK_COMPOSITE] = "composite",
	};
	struct sj_holder holder = { .size = out->size };
	struct sj_mrz mrz;
	enum sj_mrz_rc rc = sj_mrz_parse(text, len, &mrz);

	*problem = problems[rc];
	if (rc != SJ_MRZ_WRONG_SIZE && rc != SJ_MRZ_WRONG_CHARACTER)
		from_mrz(&mrz, now != 0 ? now : (int64_t)time(NULL), &holder);
	memcpy(out, &holder, out->size < sizeof(holder) ? out->size : sizeof(holder));
	sj_wipe(&mrz, sizeof(mrz));
	sj_wipe(&holder, sizeof(holder));
	return rc == SJ_MRZ_OK ? SJ_OK : SJ_SECRET_MALFORMED;
}

bool sj_report_portrait(const struct sj_report *report, const uint8_t **bytes, size_t *len,
			const char **mime)
{
	struct sj_span file = authentic_bytes(report, SJ_DG2);
	enum sj_image_type type;
	struct sj_dg2 dg2;

	if (!file.ptr || !sj_dg2_parse(file, &dg2))
		return false;
	type = sj_image_sniff(dg2.face.image);
	if (type == SJ_IMAGE_UNKNOWN)
		type = dg2.face.type;
	*bytes = dg2.face.image.ptr;
	*len = dg2.face.image.len;
	*mime = type == SJ_IMAGE_JPEG2000 ? "image/jp2" : "image/jpeg";
	return true;
}
