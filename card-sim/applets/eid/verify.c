/*
 * verify.c -- age, validity and community, told by yes and no.
 *
 * Source: BSI TR-03110-3 v2.21, A.7.5 (auxiliary data) and B.14.10 (VERIFY).
 */
#include "crypt/wipe.h"
#include "secure/gate.h"
#include "state.h"
#include "wire/cms.h"
#include "wire/oid.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

#define DAY 86400
#define WINDOW_BEFORE (31 * DAY)
#define WINDOW_AFTER (400 * DAY)

/* --- what the terminal committed to ------------------------------------------------ */

bool eid_auxiliary(struct sj_span in, struct sj_span oid, struct sj_span *value)
{
	struct sj_span template, name, data;
	bool found = false;

	while (sj_tlv_take(&in, SJ_TAG_DISCRETIONARY_TEMPLATE, &template) == SJ_TLV_FOUND) {
		if (sj_tlv_take(&template, SJ_OID_TAG, &name) != SJ_TLV_FOUND ||
		    sj_tlv_take(&template, SJ_TAG_DISCRETIONARY, &data) != SJ_TLV_FOUND)
			return false;
		if (!sj_span_eq(name, oid))
			continue;
		*value = data;
		found = true;
	}
	return found && in.len == 0;
}

/* --- dates -------------------------------------------------------------------------- */

static bool is_date(struct sj_span in)
{
	if (in.len != EID_DATE)
		return false;
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return false;
	return true;
}

/* The begin of that day, MMDD as digits. */
static bool day_of(unsigned year, struct sj_span month_day, int64_t *out)
{
	uint8_t bytes[17];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_put(&w, SJ_SPAN_STR("\x18\x0F")); /* GeneralizedTime */
	for (unsigned tens = 1000; tens > 0; tens /= 10)
		sj_put_u8(&w, (uint8_t)('0' + year / tens % 10));
	sj_put(&w, month_day);
	sj_put(&w, SJ_SPAN_STR("000000Z"));
	return !w.failed && sj_cms_time(sj_written(&w), out);
}

/* The day that is `years` after this date; of 29 February, where there is none, 1 March. */
static bool day_after(struct sj_span date, unsigned years, int64_t *out)
{
	const struct sj_span month_day = sj_span(date.ptr + 4, 4);
	unsigned year = 0;

	for (size_t i = 0; i < 4; i++)
		year = 10 * year + (unsigned)(date.ptr[i] - '0');
	year += years;
	if (day_of(year, month_day, out))
		return true;
	return sj_span_eq(month_day, SJ_SPAN_STR("0229")) && day_of(year, SJ_SPAN_STR("0301"), out);
}

/*
 * About today, as far as the card knows: the terminal's certificate holds, by a day for time zones,
 * and by no lie of it the day is far from the card's date.
 */
static bool near_today(struct card *card, int64_t when)
{
	const struct card_terminal *t = card_terminal(card);
	const int64_t today = card_date(card);

	return when >= t->from - DAY && when <= t->until + DAY && today != 0 &&
	       when >= today - WINDOW_BEFORE && when <= today + WINDOW_AFTER;
}

/* --- what it is compared with ---------------------------------------------------------- */

/* PERSO.md, 0003: spans into the store. */
struct compared {
	struct sj_span birth, expiry, community;
};

static bool load(const struct card_store *store, struct compared *out)
{
	struct sj_span in, octets;
	struct sj_eid_value group;

	if (!card_store_get(store, EID_OBJECT_COMPARED, &in) ||
	    !sj_take(&in, EID_DATE, &out->birth) || !sj_take(&in, EID_DATE, &out->expiry))
		return false;
	out->community = in;
	/* The group may have been written since. */
	if (eid_group(store, SJ_EID_COMMUNITY, 0, &octets) &&
	    eid_group_read(octets, SJ_EID_COMMUNITY, &group))
		out->community = group.parts[0];
	return true;
}

/* --- the three questions ---------------------------------------------------------------- */

/*
 * A date as a number, in whose order dates are: what is compared is the holder's, and only the
 * answer may show. 0: it is none.
 */
static uint64_t order_of(struct sj_span date)
{
	uint64_t number = 0;

	return sj_take_u64(&date, &number) ? number : 0;
}

static uint16_t answer(bool yes)
{
	return yes ? SJ_SW_OK : SJ_SW_NO_INFORMATION;
}

/* Only whether somebody is as old today as a threshold of the terminal's certificate. */
static uint16_t verify_age(struct card_call *call, const struct compared *c, struct sj_span data)
{
	const struct card_terminal *t = card_terminal(call->card);
	bool allowed = false;
	int64_t day;

	if (!is_date(data))
		return SJ_SW_WRONG_DATA;
	for (size_t i = 0; sj_gate_age(i) != 0; i++)
		allowed |= eid_may_ask_age(t, i) && day_after(data, sj_gate_age(i), &day) &&
			   near_today(call->card, day);
	if (!allowed)
		return SJ_SW_SECURITY_STATUS;
	return answer(order_of(c->birth) <= order_of(data));
}

/* With today's date alone: with any, a terminal would find out the date of expiry. */
static uint16_t verify_validity(struct card_call *call, const struct compared *c,
				struct sj_span data)
{
	int64_t day;

	if (!is_date(data) || !day_after(data, 0, &day))
		return SJ_SW_WRONG_DATA;
	if (!near_today(call->card, day))
		return SJ_SW_SECURITY_STATUS;
	return answer(order_of(c->expiry) >= order_of(data));
}

static uint16_t verify_community(struct card_call *call, const struct compared *c,
				 struct sj_span data)
{
	(void)call;
	if (data.len == 0)
		return SJ_SW_WRONG_DATA;
	return answer(data.len <= c->community.len &&
		      sj_equal_secret(sj_span(c->community.ptr, data.len), data));
}

#define NO_BIT UINT8_MAX

static const struct question {
	uint8_t arc; /* of id-AuxiliaryData */
	uint8_t bit;
	uint16_t (*verify)(struct card_call *call, const struct compared *c, struct sj_span data);
} questions[] = {
	{ 1, SJ_AT_AGE, verify_age },
	{ 2, NO_BIT, verify_validity },
	{ 3, SJ_AT_MUNICIPALITY, verify_community },
};

static const struct question *question_of(struct sj_span oid)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (oid.len == SJ_OID_AUX.len + 1 && sj_oid_under(oid, SJ_OID_AUX) &&
		    oid.ptr[oid.len - 1] == questions[i].arc)
			return &questions[i];
	return NULL;
}

uint16_t eid_verify(struct card_call *call)
{
	const struct card_terminal *t = eid_terminal(call);
	struct sj_span data = call->apdu->data, oid, value;
	const struct question *q;
	struct compared c;

	eid_interrupt(call);
	if (t == NULL || t->rights.terminal != SJ_CVC_AUTHENTICATION)
		return SJ_SW_SECURITY_STATUS;
	if (sj_tlv_take(&data, SJ_OID_TAG, &oid) != SJ_TLV_FOUND || data.len != 0)
		return SJ_SW_WRONG_DATA;
	q = question_of(oid);
	if (q == NULL)
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (q->bit != NO_BIT && eid_terminal_with(call, q->bit) == NULL)
		return SJ_SW_SECURITY_STATUS;
	if (!load(card_store_of(call->card), &c) ||
	    !eid_auxiliary(sj_span(t->aux, t->aux_len), oid, &value))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return q->verify(call, &c, value);
}
