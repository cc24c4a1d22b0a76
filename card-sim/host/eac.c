#include "host/card_internal.h"

#define OBJECT_DATE (CARD_OBJECT_HOST + 3u) /* seconds since 1970 (4); absent: never set */
#define OBJECT_EAC (CARD_OBJECT_HOST + 4u) /* enum card_eac bits, one byte; absent: none */
#define DAY 86400

struct card_terminal *card_terminal(struct card *card)
{
	return &card->now.terminal;
}

bool card_terminal_is(struct card *card, bool secured, enum sj_cvc_terminal kind)
{
	const struct card_terminal *t = &card->now.terminal;

	return secured && card->now.session.running && t->in_force && t->rights.terminal == kind;
}

uint32_t card_sm_number(const struct card *card)
{
	return card->now.sessions;
}

/* --- the date ---------------------------------------------------------------- */

int64_t card_date(struct card *card)
{
	struct sj_span stored;
	uint32_t seconds;

	if (!card_store_get(card->store, OBJECT_DATE, &stored) || !sj_take_be(&stored, 4, &seconds))
		return 0;
	return seconds;
}

static bool set_date(struct card *card, int64_t when)
{
	uint8_t bytes[4];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_put_be(&w, 4, (uint32_t)when);
	return card_store_set(card->store, OBJECT_DATE, sj_written(&w));
}

bool card_date_grow(struct card *card, int64_t when)
{
	const int64_t now = card_date(card), most = now + (int64_t)CARD_DATE_STEP * DAY;

	if (when > most)
		when = most;
	return when <= now || when > UINT32_MAX || set_date(card, when);
}

/* --- the kind of card ---------------------------------------------------------- */

static unsigned flags_of(struct card *card)
{
	struct sj_span stored;

	return card_store_get(card->store, OBJECT_EAC, &stored) && stored.len == 1 ? stored.ptr[0]
										   : 0;
}

bool card_eac_set(struct card *card, unsigned flags, int64_t date)
{
	const uint8_t byte = (uint8_t)flags;

	return set_date(card, date) && card_store_set(card->store, OBJECT_EAC, sj_span(&byte, 1));
}

bool card_eac_forget(struct card *card)
{
	return card_store_delete(card->store, OBJECT_DATE) &&
	       card_store_delete(card->store, OBJECT_EAC);
}

bool card_has_ta1(struct card *card)
{
	return (flags_of(card) & CARD_EAC_TA1) != 0;
}

bool card_is_eid(struct card *card)
{
	return (flags_of(card) & CARD_EAC_EID) != 0;
}
