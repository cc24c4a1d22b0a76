#include "wire/mrz.h"

#include <string.h>

/* Characters of a zone, counted from its first. */
struct place {
	uint8_t at, size;
};

struct layout {
	enum sj_mrz_format format;
	uint8_t line_size, line_count;
	struct place code, state, number, names, nationality, birth, sex, expiry;
	struct place optional, optional_2;
	uint8_t check_number, check_birth, check_expiry, check_optional, check_composite;
	struct place composite[4]; /* what the composite check digit covers */
};

/* Doc 9303-5, 4.2.2; -6, 4.2.2; -4, 4.2.2. A check digit at 0 is not there. */
static const struct layout layouts[] = {
	{ .format = SJ_MRZ_TD1,
	  .line_size = 30,
	  .line_count = 3,
	  .code = { 0, 2 },
	  .state = { 2, 3 },
	  .number = { 5, 9 },
	  .check_number = 14,
	  .optional = { 15, 15 },
	  .birth = { 30, 6 },
	  .check_birth = 36,
	  .sex = { 37, 1 },
	  .expiry = { 38, 6 },
	  .check_expiry = 44,
	  .nationality = { 45, 3 },
	  .optional_2 = { 48, 11 },
	  .check_composite = 59,
	  .names = { 60, 30 },
	  .composite = { { 5, 25 }, { 30, 7 }, { 38, 7 }, { 48, 11 } } },
	{ .format = SJ_MRZ_TD2,
	  .line_size = 36,
	  .line_count = 2,
	  .code = { 0, 2 },
	  .state = { 2, 3 },
	  .names = { 5, 31 },
	  .number = { 36, 9 },
	  .check_number = 45,
	  .nationality = { 46, 3 },
	  .birth = { 49, 6 },
	  .check_birth = 55,
	  .sex = { 56, 1 },
	  .expiry = { 57, 6 },
	  .check_expiry = 63,
	  .optional = { 64, 7 },
	  .check_composite = 71,
	  .composite = { { 36, 10 }, { 49, 7 }, { 57, 14 } } },
	{ .format = SJ_MRZ_TD3,
	  .line_size = 44,
	  .line_count = 2,
	  .code = { 0, 2 },
	  .state = { 2, 3 },
	  .names = { 5, 39 },
	  .number = { 44, 9 },
	  .check_number = 53,
	  .nationality = { 54, 3 },
	  .birth = { 57, 6 },
	  .check_birth = 63,
	  .sex = { 64, 1 },
	  .expiry = { 65, 6 },
	  .check_expiry = 71,
	  .optional = { 72, 14 },
	  .check_optional = 86,
	  .check_composite = 87,
	  .composite = { { 44, 10 }, { 57, 7 }, { 65, 22 } } },
};

#define LAYOUT_COUNT (sizeof(layouts) / sizeof(layouts[0]))

static const struct layout *layout_of(enum sj_mrz_format format)
{
	/*@ loop invariant i <= 3; loop assigns i; */
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		if (layouts[i].format == format)
			return &layouts[i];
	}
	return NULL;
}

size_t sj_mrz_line_size(enum sj_mrz_format format)
{
	const struct layout *l = layout_of(format);

	return l != NULL ? l->line_size : 0;
}

size_t sj_mrz_line_count(enum sj_mrz_format format)
{
	const struct layout *l = layout_of(format);

	return l != NULL ? l->line_count : 0;
}

/* --- characters and check digits ------------------------------------------ */

enum character { LETTER = 1, DIGIT = 2, FILLER = 4 };

static unsigned character_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return LETTER;
	if (c >= '0' && c <= '9')
		return DIGIT;
	return c == '<' ? FILLER : 0;
}

static bool consists_of(const char *data, size_t len, unsigned allowed)
{
	/*@ loop invariant i <= len; loop assigns i; */
	for (size_t i = 0; i < len; i++) {
		if (!(character_of(data[i]) & allowed))
			return false;
	}
	return true;
}

/* Doc 9303-3, 4.9: weights 7, 3, 1; A is 10, < is 0. Goes on from *sum, *n. */
static bool add_weighted(const char *data, size_t len, unsigned *sum, size_t *n)
{
	static const unsigned weights[3] = { 7, 3, 1 };
	unsigned value;

	/*@ loop invariant i <= len && *sum <= 9; loop assigns i, *n, *sum, value; */
	for (size_t i = 0; i < len; i++, (*n)++) {
		switch (character_of(data[i])) {
		case LETTER:
			value = (unsigned)(data[i] - 'A') + 10;
			break;
		case DIGIT:
			value = (unsigned)(data[i] - '0');
			break;
		case FILLER:
			value = 0;
			break;
		default:
			return false;
		}
		*sum = (*sum + weights[*n % 3] * value) % 10;
	}
	return true;
}

char sj_mrz_check_digit(const char *data, size_t len)
{
	unsigned sum = 0;
	size_t n = 0;

	return add_weighted(data, len, &sum, &n) ? (char)('0' + sum) : '\0';
}

/* A filler stands for the check digit of a field that is all fillers. */
static bool check_holds(const char *data, size_t len, char digit)
{
	if (digit == '<')
		return consists_of(data, len, FILLER);
	return digit == sj_mrz_check_digit(data, len);
}

static char composite_of(const struct layout *l, const char *zone)
{
	unsigned sum = 0;
	size_t n = 0;

	/*@ loop invariant i <= 4 && sum <= 9; loop assigns i, sum, n; */
	for (size_t i = 0; i < 4; i++) {
		if (!add_weighted(zone + l->composite[i].at, l->composite[i].size, &sum, &n))
			return '\0';
	}
	return (char)('0' + sum);
}

/* --- reading ------------------------------------------------------------------ */

/* Copies the characters without white space; *n: SJ_MRZ_SIZE_MAX at most. */
static enum sj_mrz_rc gather(const char *text, size_t len, char *zone, size_t *n)
{
	*n = 0;
	/*@ loop invariant i <= len && *n <= SJ_MRZ_SIZE_MAX;
	    loop assigns i, *n, zone[0 .. SJ_MRZ_SIZE_MAX - 1]; */
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n')
			continue;
		if (character_of(text[i]) == 0)
			return SJ_MRZ_WRONG_CHARACTER;
		if (*n == SJ_MRZ_SIZE_MAX)
			return SJ_MRZ_WRONG_SIZE;
		zone[(*n)++] = text[i];
	}
	return SJ_MRZ_OK;
}

static size_t without_fillers(const char *data, size_t len)
{
	/*@ loop invariant 0 <= len <= \at(len, Pre); loop assigns len; */
	while (len > 0 && data[len - 1] == '<')
		len--;
	return len;
}

/* Copies a field without its trailing fillers; `out` holds its size and a NUL. */
static void take_field(const char *zone, struct place p, char *out)
{
	size_t len = without_fillers(zone + p.at, p.size);

	memcpy(out, zone + p.at, len);
	out[len] = '\0';
}

static void take_name(const char *data, size_t len, char *out)
{
	len = without_fillers(data, len);
	/*@ loop invariant i <= len && len <= \at(len, Pre); loop assigns i, out[0 .. len - 1]; */
	for (size_t i = 0; i < len; i++)
		out[i] = data[i] == '<' ? ' ' : data[i];
	out[len] = '\0';
}

static void take_names(const char *zone, struct place p, struct sj_mrz *out)
{
	const char *names = zone + p.at;
	size_t split = 0;

	/*@ loop invariant split < p.size; loop assigns split; */
	while (split + 1 < p.size && !(names[split] == '<' && names[split + 1] == '<'))
		split++;
	if (split + 1 >= p.size) {
		take_name(names, p.size, out->surname);
		return;
	}
	take_name(names, split, out->surname);
	take_name(names + split + 2, p.size - split - 2, out->given_names);
}

/*
 * A long number (Doc 9303-5, 4.2.2, note j; -6 likewise): '<' in place of the
 * check digit; the rest, the check digit and a filler begin the optional data.
 * *digit gets the check digit, *used the optional characters taken.
 */
static bool take_long_number(const struct layout *l, const char *zone, struct sj_mrz *out,
			     char *digit, size_t *used)
{
	const char *optional = zone + l->optional.at;
	size_t n = 0;

	/*@ loop invariant n <= l->optional.size; loop assigns n; */
	while (n < l->optional.size && optional[n] != '<')
		n++;
	if (n < 2 || n == l->optional.size)
		return false;
	memcpy(out->document_number, zone + l->number.at, l->number.size);
	memcpy(out->document_number + l->number.size, optional, n - 1);
	out->document_number[l->number.size + n - 1] = '\0';
	*digit = optional[n - 1];
	*used = n + 1;
	return true;
}

/* Number and first optional data; false: the number's check digit is wrong. */
static bool take_number(const struct layout *l, const char *zone, struct sj_mrz *out)
{
	struct place optional = l->optional;
	char digit = zone[l->check_number];
	size_t used = 0;
	bool ok;

	if (l->format != SJ_MRZ_TD3 && digit == '<' &&
	    take_long_number(l, zone, out, &digit, &used)) {
		ok = digit ==
		     sj_mrz_check_digit(out->document_number, strlen(out->document_number));
	} else {
		take_field(zone, l->number, out->document_number);
		ok = check_holds(zone + l->number.at, l->number.size, digit);
	}
	optional.at = (uint8_t)(optional.at + used);
	optional.size = (uint8_t)(optional.size - used);
	take_field(zone, optional, out->optional_data);
	return ok;
}

static bool place_holds(const char *zone, struct place p, unsigned allowed)
{
	return consists_of(zone + p.at, p.size, allowed);
}

static bool characters_hold(const struct layout *l, const char *zone)
{
	char sex = zone[l->sex.at];

	return place_holds(zone, l->code, LETTER | FILLER) &&
	       place_holds(zone, l->state, LETTER | FILLER) &&
	       place_holds(zone, l->names, LETTER | FILLER) &&
	       place_holds(zone, l->nationality, LETTER | FILLER) &&
	       place_holds(zone, l->birth, DIGIT | FILLER) &&
	       (place_holds(zone, l->expiry, DIGIT) || place_holds(zone, l->expiry, FILLER)) &&
	       (sex == 'F' || sex == 'M' || sex == '<');
}

static enum sj_mrz_rc take_zone(const struct layout *l, const char *zone, struct sj_mrz *out)
{
	bool number_holds;

	if (!characters_hold(l, zone))
		return SJ_MRZ_WRONG_CHARACTER;
	out->format = l->format;
	take_field(zone, l->code, out->document_code);
	take_field(zone, l->state, out->issuing_state);
	number_holds = take_number(l, zone, out);
	take_names(zone, l->names, out);
	take_field(zone, l->nationality, out->nationality);
	memcpy(out->birth_date, zone + l->birth.at, l->birth.size);
	out->sex = zone[l->sex.at];
	memcpy(out->expiry_date, zone + l->expiry.at, l->expiry.size);
	take_field(zone, l->optional_2, out->optional_data_2);
	if (!number_holds)
		return SJ_MRZ_CHECK_NUMBER;
	if (!check_holds(zone + l->birth.at, l->birth.size, zone[l->check_birth]))
		return SJ_MRZ_CHECK_BIRTH;
	if (!check_holds(zone + l->expiry.at, l->expiry.size, zone[l->check_expiry]))
		return SJ_MRZ_CHECK_EXPIRY;
	if (l->check_optional != 0 &&
	    !check_holds(zone + l->optional.at, l->optional.size, zone[l->check_optional]))
		return SJ_MRZ_CHECK_OPTIONAL;
	if (zone[l->check_composite] != composite_of(l, zone))
		return SJ_MRZ_CHECK_COMPOSITE;
	return SJ_MRZ_OK;
}

enum sj_mrz_rc sj_mrz_parse(const char *text, size_t len, struct sj_mrz *out)
{
	char zone[SJ_MRZ_SIZE_MAX];
	enum sj_mrz_rc rc;
	size_t n;

	*out = (struct sj_mrz){ 0 };
	rc = gather(text, len, zone, &n);
	if (rc != SJ_MRZ_OK)
		goto out;
	rc = SJ_MRZ_WRONG_SIZE;
	/*@ loop invariant i <= 3; loop assigns i, rc, *out; */
	for (size_t i = 0; i < LAYOUT_COUNT; i++) {
		if (n == (size_t)layouts[i].line_size * layouts[i].line_count)
			rc = take_zone(&layouts[i], zone, out);
	}
out:
	explicit_bzero(zone, sizeof(zone));
	return rc;
}

/* --- writing ---------------------------------------------------------------------- */

static void put_text(struct sj_writer *w, const char *text, size_t len)
{
	sj_put(w, sj_span((const uint8_t *)text, len));
}

/* Length of NUL-terminated text in an array; false: no NUL in it. */
static bool text_size(const char *text, size_t cap, size_t *len)
{
	const char *end = memchr(text, '\0', cap);

	*len = end != NULL ? (size_t)(end - text) : 0;
	return end != NULL;
}

/* Sets a field, filled up; the zone is all fillers before. */
static bool set_field(char *zone, struct place p, const char *text, size_t cap, unsigned allowed)
{
	size_t len;

	if (!text_size(text, cap, &len) || len > p.size || !consists_of(text, len, allowed))
		return false;
	memcpy(zone + p.at, text, len);
	return true;
}

/* A name as the zone has it; false: other than A-Z and single spaces between them. */
static bool to_zone_name(const char *text, size_t cap, char *out, size_t *len)
{
	if (!text_size(text, cap, len))
		return false;
	/*@ loop invariant i <= *len && *len < cap; loop assigns i, out[0 .. cap - 1]; */
	for (size_t i = 0; i < *len; i++) {
		bool space = text[i] == ' ';

		if (space && (i == 0 || i + 1 == *len || text[i - 1] == ' '))
			return false;
		if (!space && character_of(text[i]) != LETTER)
			return false;
		out[i] = space ? '<' : text[i];
	}
	return true;
}

/* Where the longest component that ends before `end` ends; 0: all are single letters. */
static size_t end_of_longest(const char *names, size_t end)
{
	size_t best = 1, best_end = 0, run = 0;

	/*@ loop invariant i <= end && best_end <= end; loop assigns i, run, best, best_end; */
	for (size_t i = 0; i < end; i++) {
		run = names[i] == '<' ? 0 : run + 1;
		if (run > best && (i + 1 == end || names[i + 1] == '<')) {
			best = run;
			best_end = i + 1;
		}
	}
	return best_end;
}

/* Until room - 1 holds a letter, by which a cut is recognised, the longest component before it loses its last one. */
static void cut_names(char *names, size_t len, size_t room)
{
	size_t end;

	/*@ loop invariant len <= \at(len, Pre); loop assigns end, len, names[0 .. 257]; */
	while (len > room && names[room - 1] == '<') {
		end = end_of_longest(names, room - 1);
		if (end == 0)
			return;
		memmove(names + end - 1, names + end, len - end);
		len--;
	}
}

/* Sets the name field, truncated where it must be. */
static bool set_names(char *zone, struct place p, const struct sj_mrz *mrz)
{
	char names[sizeof(mrz->surname) + 2 + sizeof(mrz->given_names)] = "";
	char given[sizeof(mrz->given_names)] = "";
	size_t len, given_len;

	if (!to_zone_name(mrz->surname, sizeof(mrz->surname), names, &len) || len == 0 ||
	    !to_zone_name(mrz->given_names, sizeof(given), given, &given_len))
		return false;
	if (given_len > 0) {
		if (len + 2 + given_len > p.size && len > p.size - 3u) {
			len = p.size - 3u; /* room for << and one letter */
			len = without_fillers(names, len);
		}
		names[len] = names[len + 1] = '<';
		memcpy(names + len + 2, given, given_len);
		len += 2 + given_len;
	}
	cut_names(names, len, p.size);
	memcpy(zone + p.at, names, len < p.size ? len : p.size);
	return true;
}

/* Number, its check digit and the first optional data. */
static bool set_number(const struct layout *l, char *zone, const struct sj_mrz *mrz)
{
	struct place optional = l->optional;
	size_t len, rest;

	if (!text_size(mrz->document_number, sizeof(mrz->document_number), &len) || len == 0 ||
	    !consists_of(mrz->document_number, len, LETTER | DIGIT | FILLER))
		return false;
	if (len <= l->number.size) {
		memcpy(zone + l->number.at, mrz->document_number, len);
		zone[l->check_number] = sj_mrz_check_digit(zone + l->number.at, l->number.size);
	} else {
		rest = len - l->number.size;
		if (l->format == SJ_MRZ_TD3 || rest + 2 > optional.size ||
		    !consists_of(mrz->document_number + l->number.size, rest, LETTER | DIGIT))
			return false;
		memcpy(zone + l->number.at, mrz->document_number, l->number.size);
		memcpy(zone + optional.at, mrz->document_number + l->number.size, rest);
		zone[optional.at + rest] = sj_mrz_check_digit(mrz->document_number, len);
		optional.at = (uint8_t)(optional.at + rest + 2);
		optional.size = (uint8_t)(optional.size - rest - 2);
	}
	return set_field(zone, optional, mrz->optional_data, sizeof(mrz->optional_data),
			 LETTER | DIGIT | FILLER);
}

static bool dates_hold(const struct sj_mrz *mrz)
{
	return mrz->birth_date[6] == '\0' && mrz->expiry_date[6] == '\0' &&
	       consists_of(mrz->birth_date, 6, DIGIT | FILLER) &&
	       (consists_of(mrz->expiry_date, 6, DIGIT) ||
		consists_of(mrz->expiry_date, 6, FILLER));
}

static bool set_zone(const struct layout *l, char *zone, const struct sj_mrz *mrz)
{
	const unsigned name = LETTER | FILLER;

	if (!dates_hold(mrz) || (mrz->sex != 'F' && mrz->sex != 'M' && mrz->sex != '<') ||
	    !set_field(zone, l->code, mrz->document_code, sizeof(mrz->document_code), name) ||
	    !set_field(zone, l->state, mrz->issuing_state, sizeof(mrz->issuing_state), name) ||
	    !set_field(zone, l->nationality, mrz->nationality, sizeof(mrz->nationality), name) ||
	    !set_field(zone, l->optional_2, mrz->optional_data_2, sizeof(mrz->optional_data_2),
		       LETTER | DIGIT | FILLER) ||
	    !set_number(l, zone, mrz) || !set_names(zone, l->names, mrz))
		return false;
	memcpy(zone + l->birth.at, mrz->birth_date, l->birth.size);
	zone[l->check_birth] = sj_mrz_check_digit(mrz->birth_date, l->birth.size);
	zone[l->sex.at] = mrz->sex;
	memcpy(zone + l->expiry.at, mrz->expiry_date, l->expiry.size);
	zone[l->check_expiry] = sj_mrz_check_digit(mrz->expiry_date, l->expiry.size);
	if (l->check_optional != 0 && !place_holds(zone, l->optional, FILLER))
		zone[l->check_optional] =
			sj_mrz_check_digit(zone + l->optional.at, l->optional.size);
	zone[l->check_composite] = composite_of(l, zone);
	return true;
}

void sj_mrz_put(struct sj_writer *w, const struct sj_mrz *mrz)
{
	const struct layout *l = layout_of(mrz->format);
	char zone[SJ_MRZ_SIZE_MAX];

	memset(zone, '<', sizeof(zone));
	if (l != NULL && set_zone(l, zone, mrz))
		put_text(w, zone, (size_t)l->line_size * l->line_count);
	else
		w->failed = true;
	explicit_bzero(zone, sizeof(zone));
}

/* --- MRZ information ------------------------------------------------------------------ */

static void put_checked(struct sj_writer *w, const char *data, size_t len)
{
	put_text(w, data, len);
	sj_put_u8(w, (uint8_t)sj_mrz_check_digit(data, len));
}

void sj_mrz_put_information(struct sj_writer *w, const struct sj_mrz *mrz)
{
	char number[SJ_MRZ_NUMBER_MAX];
	size_t len;

	memset(number, '<', sizeof(number));
	if (!text_size(mrz->document_number, sizeof(mrz->document_number), &len) || len == 0 ||
	    !consists_of(mrz->document_number, len, LETTER | DIGIT | FILLER) || !dates_hold(mrz)) {
		w->failed = true;
		return;
	}
	memcpy(number, mrz->document_number, len);
	put_checked(w, number, len < 9 ? 9 : len);
	put_checked(w, mrz->birth_date, 6);
	put_checked(w, mrz->expiry_date, 6);
	explicit_bzero(number, sizeof(number));
}

/* The information itself: number and check digit, then twice six and one. */
static enum sj_mrz_rc check_information(const char *info, size_t n)
{
	const char *birth = info + n - 14, *expiry = info + n - 7;
	size_t number = n - 15;

	if (!consists_of(birth, 6, DIGIT | FILLER) || !consists_of(expiry, 6, DIGIT | FILLER) ||
	    (number > 9 && info[number - 1] == '<') || consists_of(info, number, FILLER))
		return SJ_MRZ_WRONG_CHARACTER;
	if (info[number] != sj_mrz_check_digit(info, number))
		return SJ_MRZ_CHECK_NUMBER;
	if (birth[6] != sj_mrz_check_digit(birth, 6))
		return SJ_MRZ_CHECK_BIRTH;
	if (expiry[6] != sj_mrz_check_digit(expiry, 6))
		return SJ_MRZ_CHECK_EXPIRY;
	return SJ_MRZ_OK;
}

enum sj_mrz_rc sj_mrz_access(const char *text, size_t len, struct sj_writer *information)
{
	char zone[SJ_MRZ_SIZE_MAX];
	struct sj_mrz mrz = { 0 };
	enum sj_mrz_rc rc;
	size_t n;

	rc = gather(text, len, zone, &n);
	if (rc != SJ_MRZ_OK)
		goto out;
	if (n >= 24 && n < SJ_MRZ_INFORMATION_MAX) {
		rc = check_information(zone, n);
		if (rc == SJ_MRZ_OK)
			put_text(information, zone, n);
	} else {
		rc = sj_mrz_parse(zone, n, &mrz);
		if (rc == SJ_MRZ_OK)
			sj_mrz_put_information(information, &mrz);
	}
	if (rc == SJ_MRZ_OK && information->failed)
		rc = SJ_MRZ_WRONG_SIZE;
out:
	explicit_bzero(&mrz, sizeof(mrz));
	explicit_bzero(zone, sizeof(zone));
	return rc;
}
