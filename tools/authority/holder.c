#include "authority/holder.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

enum kind {
	WORD, /* one of `words` */
	CAPITALS, /* A-Z */
	NUMBER, /* A-Z and 0-9 */
	SPELLED, /* A-Z and single blanks between */
	DATE, /* YYYY-MM-DD */
	BIRTH, /* the same, month or day may be 00 */
	PAIRS, /* digits, an even number of them */
	MAIL, /* something@something, visible ASCII */
	TEXT, /* UTF-8 without control characters and '<' */
};

/* One member of an object, as the schema has it. `max` counts characters. */
struct rule {
	const char *key;
	enum kind kind;
	bool required;
	size_t max;
	const char *words;
};

/* In the order of enum holder_field. */
static const struct rule rules[HOLDER_FIELD_COUNT] = {
	{ "documentType", WORD, false, 3, " TD1 TD3 " },
	{ "documentCode", WORD, false, 2, " I ID P " },
	{ "documentNumber", NUMBER, true, SJ_MRZ_NUMBER_MAX, NULL },
	{ "surname", TEXT, true, 64, NULL },
	{ "givenNames", TEXT, false, 64, NULL },
	{ "surnameMrz", SPELLED, false, 64, NULL },
	{ "givenNamesMrz", SPELLED, false, 64, NULL },
	{ "nationality", CAPITALS, true, 3, NULL },
	{ "birthDate", BIRTH, true, 10, NULL },
	{ "sex", WORD, true, 1, " F M X " },
	{ "expiryDate", DATE, true, 10, NULL },
	{ "issueDate", DATE, false, 10, NULL },
	{ "optionalData", NUMBER, false, 15, NULL },
	{ "optionalData2", NUMBER, false, 11, NULL },
	{ "personalNumber", TEXT, false, 40, NULL },
	{ "placeOfBirth", TEXT, false, 80, NULL },
	{ "address", TEXT, false, 120, NULL },
	{ "telephone", TEXT, false, 40, NULL },
	{ "profession", TEXT, false, 60, NULL },
	{ "title", TEXT, false, 40, NULL },
	{ "issuingAuthority", TEXT, false, 80, NULL },
	{ "class", WORD, false, 9, " visitor resident permanent return " },
	{ "artisticName", TEXT, false, 64, NULL },
	{ "birthName", TEXT, false, 64, NULL },
	{ "communityId", PAIRS, false, 16, NULL },
	{ "email", MAIL, false, 120, NULL },
	{ "insuranceNumber", NUMBER, false, 20, NULL },
};
/* Members of the file that are no texts. */
static const char *const others[] = { "personsToNotify", "homePassport", "emergency",
				      "entryRecords", NULL };

static const struct rule person_rules[] = {
	{ "name", TEXT, true, 80, NULL },
	{ "telephone", TEXT, false, 40, NULL },
	{ "address", TEXT, false, 120, NULL },
	{ "recorded", DATE, false, 10, NULL },
};

static const struct rule home_rules[] = {
	{ "state", CAPITALS, true, 3, NULL },
	{ "number", NUMBER, true, SJ_MRZ_NUMBER_MAX, NULL },
};

static const struct rule emergency_rules[] = {
	{ "bloodGroup", WORD, false, 3, " O+ O- A+ A- B+ B- AB+ AB- " },
	{ "allergies", TEXT, false, 200, NULL },
	{ "contact", TEXT, false, 120, NULL },
};

static const struct rule entry_rules[] = {
	{ "date", DATE, true, 10, NULL },
	{ "kind", WORD, true, 5, " entry exit " },
	{ "place", TEXT, true, 40, NULL },
};

#define COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))

bool holder_refuse(struct holder_fault *fault, enum sj_rc rc, const char *path, const char *format,
		   ...)
{
	va_list args;

	fault->rc = rc;
	snprintf(fault->path, sizeof(fault->path), "%s", path);
	va_start(args, format);
	vsnprintf(fault->what, sizeof(fault->what), format, args);
	va_end(args);
	return false;
}

/* Characters of valid UTF-8: all bytes but continuation bytes. */
static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static bool is_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7F || *text == '<')
			return false;
	}
	return true;
}

static bool is_spelled(const char *text)
{
	size_t len = strlen(text);

	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") == len && text[0] != ' ' &&
	       text[len - 1] != ' ' && strstr(text, "  ") == NULL;
}

/* NNNN-NN-NN with a month to 12 and a day to 31; zeros if `partial`. */
static bool is_date(const char *text, bool partial)
{
	static const char shape[] = "0000-00-00";
	int month, day;

	for (size_t i = 0; i < sizeof(shape); i++) {
		if (shape[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	}
	month = (text[5] - '0') * 10 + text[6] - '0';
	day = (text[8] - '0') * 10 + text[9] - '0';
	return month <= 12 && day <= 31 && (partial || (month > 0 && day > 0));
}

static bool is_word(const char *text, const char *words)
{
	char padded[16];

	snprintf(padded, sizeof(padded), " %s ", text);
	return strchr(text, ' ') == NULL && strstr(words, padded) != NULL;
}

static bool is_mail(const char *text)
{
	const char *at = strchr(text, '@');

	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7F || *c == '<')
			return false;
	return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL;
}

/* What a value of the kind must look like; NULL: it does. */
static const char *kind_fault(const struct rule *rule, const char *text)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char number[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	switch (rule->kind) {
	case WORD:
		return is_word(text, rule->words) ? NULL : rule->words;
	case CAPITALS:
		return text[strspn(text, capitals)] == '\0' ? NULL : "capital letters A-Z";
	case NUMBER:
		return text[strspn(text, number)] == '\0' ? NULL : "letters A-Z and digits";
	case SPELLED:
		return is_spelled(text) ? NULL : "letters A-Z and single blanks";
	case DATE:
		return is_date(text, false) ? NULL : "a date YYYY-MM-DD";
	case BIRTH:
		return is_date(text, true) ? NULL : "a date YYYY-MM-DD, unknown parts 00";
	case PAIRS:
		return text[strspn(text, number + 26)] == '\0' && strlen(text) % 2 == 0
			       ? NULL
			       : "digits, an even number of them";
	case MAIL:
		return is_mail(text) ? NULL : "an e-mail address";
	case TEXT:
		return is_text(text) ? NULL : "text without control characters and '<'";
	}
	return "nothing";
}

/* Checks one member by its rule and gives its text (NULL: absent). */
static bool check_member(const json_t *object, const char *prefix, const struct rule *rule,
			 const char **out, struct holder_fault *fault)
{
	const json_t *value = json_object_get(object, rule->key);
	const char *text = json_string_value(value), *wanted;
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", prefix, rule->key);
	*out = text;
	if (value == NULL)
		return !rule->required ||
		       holder_refuse(fault, SJ_INPUT_MALFORMED, path, "is missing");
	if (text == NULL)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, path, "must be a string");
	if (text[0] == '\0' || count_characters(text) > rule->max)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, path,
				     "must have 1 to %zu characters", rule->max);
	wanted = kind_fault(rule, text);
	if (wanted != NULL)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, path, "must be %s%s",
				     rule->kind == WORD ? "one of" : "", wanted);
	return true;
}

/* No members but those of the rules and `more` (NULL: none; else its last one is NULL). */
static bool check_unknown(json_t *object, const char *prefix, const struct rule *table, size_t n,
			  const char *const *more, struct holder_fault *fault)
{
	const char *key;
	char path[64];
	size_t i;

	for (void *it = json_object_iter(object); it != NULL;
	     it = json_object_iter_next(object, it)) {
		key = json_object_iter_key(it);
		for (i = 0; i < n && strcmp(table[i].key, key) != 0; i++)
			;
		if (i < n)
			continue;
		for (i = 0; more != NULL && more[i] != NULL && strcmp(more[i], key) != 0; i++)
			;
		if (more != NULL && more[i] != NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%.40s", prefix, key);
		return holder_refuse(fault, SJ_INPUT_MALFORMED, path,
				     "is not a member of a holder file");
	}
	return true;
}

/* An object of these members alone; their texts go to `texts`, in the rules' order. */
static bool read_object(json_t *item, const char *prefix, const struct rule *table, size_t n,
			const char **const *texts, struct holder_fault *fault)
{
	if (!json_is_object(item))
		return holder_refuse(fault, SJ_INPUT_MALFORMED, prefix, "must be an object");
	for (size_t f = 0; f < n; f++) {
		if (!check_member(item, prefix, &table[f], texts[f], fault))
			return false;
	}
	return check_unknown(item, prefix, table, n, NULL, fault);
}

/* The array of that key, of 1 to `max` items; *out NULL: it is not there. */
static bool find_list(const struct holder *h, const char *key, size_t max, const json_t **out,
		      struct holder_fault *fault)
{
	char path[64];

	*out = json_object_get(h->root, key);
	if (*out == NULL ||
	    (json_is_array(*out) && json_array_size(*out) >= 1 && json_array_size(*out) <= max))
		return true;
	snprintf(path, sizeof(path), "/%s", key);
	return holder_refuse(fault, SJ_INPUT_MALFORMED, path, "must be an array of 1 to %zu", max);
}

static bool read_persons(struct holder *h, struct holder_fault *fault)
{
	const json_t *list;
	json_t *item;
	char prefix[40];

	if (!find_list(h, "personsToNotify", SJ_DG16_MAX, &list, fault))
		return false;
	for (size_t i = 0; (item = json_array_get(list, i)) != NULL; i++) {
		struct holder_person *p = &h->persons[i];
		const char **const texts[] = { &p->name, &p->telephone, &p->address, &p->recorded };

		snprintf(prefix, sizeof(prefix), "/personsToNotify/%zu", i);
		if (!read_object(item, prefix, person_rules, COUNT(person_rules), texts, fault))
			return false;
		h->person_count++;
	}
	return true;
}

static bool read_entries(struct holder *h, struct holder_fault *fault)
{
	const json_t *list;
	json_t *item;
	char prefix[40];

	if (!find_list(h, "entryRecords", HOLDER_ENTRIES_MAX, &list, fault))
		return false;
	for (size_t i = 0; (item = json_array_get(list, i)) != NULL; i++) {
		struct holder_entry *e = &h->entries[i];
		const char **const texts[] = { &e->date, &e->kind, &e->place };

		snprintf(prefix, sizeof(prefix), "/entryRecords/%zu", i);
		if (!read_object(item, prefix, entry_rules, COUNT(entry_rules), texts, fault))
			return false;
		h->entry_count++;
	}
	return true;
}

/* Home passport, and what helps in an emergency. */
static bool read_objects(struct holder *h, struct holder_fault *fault)
{
	const char **const home[] = { &h->home_state, &h->home_number };
	const char **const emergency[] = { &h->blood_group, &h->allergies, &h->contact };
	json_t *item = json_object_get(h->root, "homePassport");

	if (item != NULL &&
	    !read_object(item, "/homePassport", home_rules, COUNT(home_rules), home, fault))
		return false;
	item = json_object_get(h->root, "emergency");
	if (item == NULL)
		return true;
	return (json_object_size(item) > 0 || !json_is_object(item) ||
		holder_refuse(fault, SJ_INPUT_MALFORMED, "/emergency", "must not be empty")) &&
	       read_object(item, "/emergency", emergency_rules, COUNT(emergency_rules), emergency,
			   fault);
}

static bool is_td3(const struct holder *h)
{
	const char *type = h->fields[HOLDER_DOCUMENT_TYPE];

	return type != NULL && strcmp(type, "TD3") == 0;
}

/* The schema's if/then: a passport's number and code, and no second optional data. */
static bool check_type(const struct holder *h, struct holder_fault *fault)
{
	const char *code = h->fields[HOLDER_DOCUMENT_CODE];
	const char *optional = h->fields[HOLDER_OPTIONAL_DATA];
	bool passport = code != NULL && strcmp(code, "P") == 0;

	if (!is_td3(h))
		return !passport || holder_refuse(fault, SJ_INPUT_MALFORMED, "/documentCode",
						  "must be I or ID with TD1");
	if (code != NULL && !passport)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, "/documentCode",
				     "must be P with TD3");
	if (strlen(h->fields[HOLDER_DOCUMENT_NUMBER]) > 9)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, "/documentNumber",
				     "must have 1 to 9 characters with TD3");
	if (optional != NULL && strlen(optional) > 14)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, "/optionalData",
				     "must have 1 to 14 characters with TD3");
	if (h->fields[HOLDER_OPTIONAL_DATA_2] != NULL)
		return holder_refuse(fault, SJ_INPUT_MALFORMED, "/optionalData2",
				     "does not exist with TD3");
	return true;
}

/* The day exists in its month; zeros are unknown. */
static bool exists(const char *date)
{
	static const int days[] = { 31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = (date[0] - '0') * 1000 + (date[1] - '0') * 100 + (date[2] - '0') * 10 + date[3] -
		   '0';
	int month = (date[5] - '0') * 10 + date[6] - '0',
	    day = (date[8] - '0') * 10 + date[9] - '0';
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return day <= days[month] && (month != 2 || day < 29 || leap);
}

static bool check_dates(const struct holder *h, struct holder_fault *fault)
{
	static const enum holder_field dates[] = { HOLDER_BIRTH_DATE, HOLDER_ISSUE_DATE,
						   HOLDER_EXPIRY_DATE };
	const char *before = NULL, *date;
	char path[64];

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		date = h->fields[dates[i]];
		if (date == NULL)
			continue;
		snprintf(path, sizeof(path), "/%s", rules[dates[i]].key);
		if (!exists(date))
			return holder_refuse(fault, SJ_INPUT_REFUSED, path,
					     "is not a date that exists");
		if (before != NULL && strcmp(before, date) > 0)
			return holder_refuse(fault, SJ_INPUT_REFUSED, path,
					     "lies before the birth or the issue");
		before = date;
	}
	for (unsigned i = 0; i < h->person_count; i++) {
		snprintf(path, sizeof(path), "/personsToNotify/%u/recorded", i);
		if (h->persons[i].recorded != NULL && !exists(h->persons[i].recorded))
			return holder_refuse(fault, SJ_INPUT_REFUSED, path,
					     "is not a date that exists");
	}
	for (unsigned i = 0; i < h->entry_count; i++) {
		snprintf(path, sizeof(path), "/entryRecords/%u/date", i);
		if (!exists(h->entries[i].date))
			return holder_refuse(fault, SJ_INPUT_REFUSED, path,
					     "is not a date that exists");
	}
	return true;
}

/* The zone's spelling of a name; given, or derived from the national writing. */
static bool spell(const struct holder *h, enum holder_field national, enum holder_field given,
		  char *out, size_t cap)
{
	const char *text = h->fields[national];

	if (h->fields[given] != NULL)
		return (size_t)snprintf(out, cap, "%s", h->fields[given]) < cap;
	if (text == NULL) {
		out[0] = '\0';
		return true;
	}
	return sj_mrz_spell(sj_span((const uint8_t *)text, strlen(text)), SJ_MRZ_SPELL_DEFAULT, out,
			    cap);
}

static bool check_names(const struct holder *h, struct holder_fault *fault)
{
	static const char hint[] = "the zone cannot spell it; give %s";
	char name[128];

	if (!spell(h, HOLDER_SURNAME, HOLDER_SURNAME_MRZ, name, sizeof(name)) || name[0] == '\0')
		return holder_refuse(fault, SJ_INPUT_REFUSED, "/surname", hint, "surnameMrz");
	if (!spell(h, HOLDER_GIVEN_NAMES, HOLDER_GIVEN_NAMES_MRZ, name, sizeof(name)))
		return holder_refuse(fault, SJ_INPUT_REFUSED, "/givenNames", hint, "givenNamesMrz");
	return true;
}

/* A long number and optional data share the first line's 15 places. */
static bool check_zone(const struct holder *h, struct holder_fault *fault)
{
	uint8_t zone[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(zone);
	struct sj_mrz mrz;

	if (!holder_mrz(h, "UTO", &mrz))
		return holder_refuse(fault, SJ_INPUT_REFUSED, "",
				     "does not make a machine readable zone");
	sj_mrz_put(&w, &mrz);
	return !w.failed || holder_refuse(fault, SJ_INPUT_REFUSED, "/optionalData",
					  "does not fit into the zone beside this number");
}

static bool check(struct holder *h, struct holder_fault *fault)
{
	for (size_t f = 0; f < HOLDER_FIELD_COUNT; f++) {
		if (!check_member(h->root, "", &rules[f], &h->fields[f], fault))
			return false;
	}
	return check_unknown(h->root, "", rules, HOLDER_FIELD_COUNT, others, fault) &&
	       read_persons(h, fault) && read_objects(h, fault) && read_entries(h, fault) &&
	       check_type(h, fault) && check_dates(h, fault) && check_names(h, fault) &&
	       check_zone(h, fault);
}

json_t *holder_json(const char *text, size_t len, struct holder_fault *fault)
{
	json_error_t error;
	json_t *root;
	const enum sj_rc rc = cli_json_parse(text, len, &root, &error);

	if (json_is_object(root))
		return root;
	json_decref(root);
	fault->line = rc == SJ_OK ? 1 : error.line;
	if (rc == SJ_OK)
		(void)holder_refuse(fault, SJ_INPUT_MALFORMED, "", "must be an object");
	else if (rc == SJ_NO_MEMORY)
		(void)holder_refuse(fault, rc, "", "no memory");
	else /* what Jansson quotes is personal data */
		(void)holder_refuse(fault, rc, "", "is not JSON (or has a member twice)");
	return NULL;
}

bool holder_read(const char *text, size_t len, struct holder *out, struct holder_fault *fault)
{
	*out = (struct holder){ .root = NULL };
	*fault = (struct holder_fault){ SJ_OK, 1, "", "" };
	out->root = holder_json(text, len, fault);
	if (out->root == NULL)
		return false;
	if (check(out, fault))
		return true;
	fault->line = cli_line_of(text, len, fault->path);
	return false;
}

void holder_free(struct holder *h)
{
	json_decref(h->root);
	h->root = NULL;
}

void holder_date(const char *date, char out[static 9])
{
	snprintf(out, 9, "%.4s%.2s%.2s", date, date + 5, date + 8);
}

int64_t holder_end_of(const char *date)
{
	char digits[9];
	struct tm tm = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59 };
	long number;

	holder_date(date, digits);
	number = strtol(digits, NULL, 10);
	tm.tm_year = (int)(number / 10000) - 1900;
	tm.tm_mon = (int)(number / 100 % 100) - 1;
	tm.tm_mday = (int)(number % 100);
	return (int64_t)timegm(&tm);
}

/* YYMMDD; unknown parts are fillers (Doc 9303-3, 4.8). */
static void zone_date(const char *date, char out[static 7])
{
	char whole[9];

	holder_date(date, whole);
	memcpy(out, whole + 2, 7);
	for (size_t i = 2; i < 6; i += 2) {
		if (out[i] == '0' && out[i + 1] == '0')
			memset(out + i, '<', 2);
	}
}

/* Copies a field that may be absent; its rule bounds it. */
static void copy(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text != NULL ? text : "");
}

bool holder_mrz(const struct holder *h, const char *issuing_state, struct sj_mrz *out)
{
	const char *code = h->fields[HOLDER_DOCUMENT_CODE];

	*out = (struct sj_mrz){ .format = is_td3(h) ? SJ_MRZ_TD3 : SJ_MRZ_TD1 };
	if (code == NULL)
		code = is_td3(h) ? "P" : "I";
	copy(out->document_code, sizeof(out->document_code), code);
	copy(out->issuing_state, sizeof(out->issuing_state), issuing_state);
	copy(out->document_number, sizeof(out->document_number), h->fields[HOLDER_DOCUMENT_NUMBER]);
	copy(out->nationality, sizeof(out->nationality), h->fields[HOLDER_NATIONALITY]);
	copy(out->optional_data, sizeof(out->optional_data), h->fields[HOLDER_OPTIONAL_DATA]);
	copy(out->optional_data_2, sizeof(out->optional_data_2), h->fields[HOLDER_OPTIONAL_DATA_2]);
	zone_date(h->fields[HOLDER_BIRTH_DATE], out->birth_date);
	zone_date(h->fields[HOLDER_EXPIRY_DATE], out->expiry_date);
	out->sex = h->fields[HOLDER_SEX][0] == 'X' ? '<' : h->fields[HOLDER_SEX][0];
	return spell(h, HOLDER_SURNAME, HOLDER_SURNAME_MRZ, out->surname, sizeof(out->surname)) &&
	       spell(h, HOLDER_GIVEN_NAMES, HOLDER_GIVEN_NAMES_MRZ, out->given_names,
		     sizeof(out->given_names));
}
