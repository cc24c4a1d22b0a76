#include "authority/eidgroups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"

#define DATE 9u /* YYYYMMDD and NUL */
#define SMALL_MAX 8192u /* more than any group but the portrait */

/* What groups are made from. */
struct source {
	const struct holder *h;
	const char *country;
	enum sj_gate_class class;
	struct sj_span portrait;
};

static struct sj_span span_of(const char *text)
{
	return text == NULL ? sj_span(NULL, 0) : sj_span((const uint8_t *)text, strlen(text));
}

/* Groups that are a text of the holder file as it is. */
static const struct {
	unsigned group;
	enum holder_field field;
} texts[] = {
	{ SJ_EID_GIVEN_NAMES, HOLDER_GIVEN_NAMES },
	{ SJ_EID_FAMILY_NAMES, HOLDER_SURNAME },
	{ 6, HOLDER_ARTISTIC_NAME },
	{ 7, HOLDER_TITLE },
	{ SJ_EID_BIRTH_PLACE, HOLDER_PLACE_OF_BIRTH },
	{ SJ_EID_NATIONALITY, HOLDER_NATIONALITY },
	{ 13, HOLDER_BIRTH_NAME },
	{ SJ_EID_ADDRESS, HOLDER_ADDRESS },
	{ SJ_EID_PHONE, HOLDER_TELEPHONE },
	{ SJ_EID_EMAIL, HOLDER_EMAIL },
	{ SJ_EID_DOCUMENT_NUMBER, HOLDER_DOCUMENT_NUMBER },
	{ SJ_EID_INSURANCE, HOLDER_INSURANCE_NUMBER },
};

const char *eid_group_member(unsigned group)
{
	switch (group) {
	case SJ_EID_PHONE:
		return "/telephone";
	case SJ_EID_PORTRAIT:
		return "the portrait";
	case SJ_EID_ENTRY_RECORDS:
		return "/entryRecords";
	default:
		return "a member of the holder file";
	}
}

/* Appends the group of one text or more; nothing without. False: it does not fit. */
static bool keep(struct eid_groups *out, unsigned group, const struct sj_writer *w)
{
	struct eid_group *g = &out->groups[group];

	if (w->failed)
		return false;
	g->bytes = malloc(w->len + 1);
	if (g->bytes == NULL)
		return false;
	memcpy(g->bytes, w->ptr, w->len);
	g->len = w->len;
	return true;
}

static bool put(struct eid_groups *out, unsigned group, const struct sj_eid_value *value)
{
	const size_t cap = SMALL_MAX + value->parts[0].len;
	struct sj_writer w = sj_writer(malloc(cap), cap);
	bool ok = w.ptr != NULL;

	if (ok) {
		sj_eid_put(&w, group, value);
		ok = keep(out, group, &w) && w.len <= EID_GROUP_MAX;
		sj_wipe(w.ptr, cap);
	}
	free(w.ptr);
	return ok;
}

/* A group of one part; nothing where that is empty. */
static bool put_one(struct eid_groups *out, unsigned group, struct sj_span part)
{
	const struct sj_eid_value value = { .parts = { part }, .count = 1 };

	return part.len == 0 || put(out, group, &value);
}

/* YYYYMMDD; unknown parts become `unknown`. */
static void date_of(const char *date, char unknown, char out[static DATE])
{
	holder_date(date, out);
	for (size_t i = 4; i < 8; i += 2)
		if (memcmp(out + i, "00", 2) == 0)
			memset(out + i, unknown, 2);
}

static bool put_dates(struct eid_groups *out, const struct holder *h)
{
	const char *issued = h->fields[HOLDER_ISSUE_DATE];
	const time_t now = time(NULL);
	char date[DATE], today[DATE];
	struct tm tm;

	date_of(h->fields[HOLDER_BIRTH_DATE], ' ', date);
	if (!put_one(out, SJ_EID_BIRTH_DATE, span_of(date)))
		return false;
	holder_date(h->fields[HOLDER_EXPIRY_DATE], date);
	if (!put_one(out, SJ_EID_EXPIRY, span_of(date)))
		return false;
	if (gmtime_r(&now, &tm) == NULL || strftime(today, sizeof(today), "%Y%m%d", &tm) != 8)
		return false;
	if (issued != NULL)
		holder_date(issued, today);
	return put_one(out, SJ_EID_ISSUE_DATE, span_of(today));
}

/* Document type, issuing state, sex, class: two letters, three, one, a number. */
static bool put_codes(struct eid_groups *out, const struct source *s)
{
	const struct holder *h = s->h;
	const char *code = h->fields[HOLDER_DOCUMENT_CODE], *type = h->fields[HOLDER_DOCUMENT_TYPE];
	const uint8_t class = (uint8_t)s->class;
	char document[3];

	if (code == NULL)
		code = type != NULL && strcmp(type, "TD3") == 0 ? "P" : "I";
	snprintf(document, sizeof(document), "%-2.2s", code);
	return put_one(out, SJ_EID_DOCUMENT_TYPE, span_of(document)) &&
	       put_one(out, SJ_EID_ISSUING_STATE, span_of(s->country)) &&
	       put_one(out, SJ_EID_SEX,
		       h->fields[HOLDER_SEX][0] == 'X' ? SJ_SPAN_STR(" ")
						       : span_of(h->fields[HOLDER_SEX])) &&
	       put_one(out, SJ_EID_CLASS, sj_span(&class, 1));
}

/* Pairs of digits, a byte each. */
static struct sj_span community_of(const struct holder *h, uint8_t out[static 8])
{
	const char *digits = h->fields[HOLDER_COMMUNITY_ID];
	size_t n = 0;

	for (; digits != NULL && digits[2 * n] != '\0'; n++)
		out[n] = (uint8_t)((digits[2 * n] - '0') << 4 | (digits[2 * n + 1] - '0'));
	return sj_span(out, n);
}

static bool put_more(struct eid_groups *out, const struct holder *h)
{
	const struct sj_eid_value home = {
		.parts = { span_of(h->home_state), span_of(h->home_number) },
		.count = 2,
	};
	const struct sj_eid_value emergency = {
		.parts = { span_of(h->blood_group), span_of(h->allergies), span_of(h->contact) },
		.count = 3,
	};
	const bool any = h->blood_group != NULL || h->allergies != NULL || h->contact != NULL;

	return (h->home_number == NULL || put(out, SJ_EID_HOME_PASSPORT, &home)) &&
	       (!any || put(out, SJ_EID_EMERGENCY, &emergency));
}

static bool put_entries(struct eid_groups *out, const struct holder *h)
{
	struct sj_eid_entry entries[HOLDER_ENTRIES_MAX];
	char dates[HOLDER_ENTRIES_MAX][DATE];
	uint8_t *bytes;
	struct sj_writer w;
	bool ok;

	if (h->entry_count == 0)
		return true;
	for (unsigned i = 0; i < h->entry_count; i++) {
		holder_date(h->entries[i].date, dates[i]);
		entries[i] = (struct sj_eid_entry){
			.date = span_of(dates[i]),
			.kind = strcmp(h->entries[i].kind, "entry") == 0 ? 1 : 2,
			.place = span_of(h->entries[i].place),
		};
	}
	bytes = malloc(EID_GROUP_MAX);
	w = sj_writer(bytes, EID_GROUP_MAX);
	ok = bytes != NULL;
	if (ok) {
		sj_eid_entries_put(&w, entries, h->entry_count);
		ok = keep(out, SJ_EID_ENTRY_RECORDS, &w);
	}
	free(bytes);
	return ok;
}

/* Unknown parts of a birth date are 99, so that the holder counts as younger. */
static void set_compared(struct eid_groups *out, const struct holder *h, struct sj_span community)
{
	struct sj_writer w = SJ_WRITER_OF(out->compared);
	char date[DATE];

	date_of(h->fields[HOLDER_BIRTH_DATE], '9', date);
	sj_put(&w, span_of(date));
	holder_date(h->fields[HOLDER_EXPIRY_DATE], date);
	sj_put(&w, span_of(date));
	sj_put(&w, community);
	out->compared_len = w.len;
}

unsigned eid_groups_make(struct eid_groups *out, const struct holder *h, const char *country,
			 enum sj_gate_class class, struct sj_span portrait)
{
	const struct source s = { h, country, class, portrait };
	uint8_t digits[8];
	const struct sj_span community = community_of(h, digits);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!put_one(out, texts[i].group, span_of(h->fields[texts[i].field])))
			return texts[i].group;
	if (!put_dates(out, h))
		return SJ_EID_EXPIRY;
	if (!put_codes(out, &s))
		return SJ_EID_DOCUMENT_TYPE;
	if (!put_one(out, SJ_EID_COMMUNITY, community))
		return SJ_EID_COMMUNITY;
	if (!put_more(out, h))
		return SJ_EID_HOME_PASSPORT;
	if (!put_entries(out, h))
		return SJ_EID_ENTRY_RECORDS;
	set_compared(out, h, community);
	return put_one(out, SJ_EID_PORTRAIT, portrait) ? 0 : SJ_EID_PORTRAIT;
}

void eid_groups_free(struct eid_groups *groups)
{
	for (unsigned i = 0; i < SJ_EID_GROUPS; i++) {
		if (groups->groups[i].bytes != NULL)
			sj_wipe(groups->groups[i].bytes, groups->groups[i].len);
		free(groups->groups[i].bytes);
	}
	sj_wipe(groups, sizeof(*groups));
}
