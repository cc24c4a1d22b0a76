/*
 * delay.c -- passwords that do not block cost time instead (BSI TR-03110-2
 * v2.21, 2.2: the CAN may be used any number of times, but not quickly).
 */
#include "host/card_internal.h"

#define OBJECT_DELAY (CARD_OBJECT_HOST + 0x100u) /* + slot: failures, one byte */
#define DELAY_ONCE_US 1000000u
#define DELAY_REPEATED_US 7000000u /* for each failure after the first */
#define DELAY_MAX_US 21000000u
#define DELAY_FORGET_US 60000000u /* over the longest wait: guessing never gains by it */
#define DELAY_SLOTS 16u
#define CHANNEL_FREE 3u /* failures of a secure channel that cost nothing */

static uint8_t failures(const struct card *card, uint8_t slot)
{
	struct sj_span count;

	if (!card_store_get(card->store, OBJECT_DELAY + slot, &count) || count.len != 1)
		return 0;
	return count.ptr[0];
}

static uint64_t cost_us(uint8_t count)
{
	uint64_t us;

	if (count == 0)
		return 0;
	us = count == 1 ? DELAY_ONCE_US : (uint64_t)(count - 1) * DELAY_REPEATED_US;
	return us < DELAY_MAX_US ? us : DELAY_MAX_US;
}

/*
 * The wait is served whole before each attempt, whatever happened before: a
 * reset only starts it again. When power goes meanwhile the handler runs on
 * without power: nothing it does may be stored.
 */
void card_delay_serve(struct card *card, uint8_t slot)
{
	uint8_t free = slot == CARD_DELAY_CHANNEL ? CHANNEL_FREE : 0, count = failures(card, slot);
	uint64_t cost = cost_us(count > free ? (uint8_t)(count - free) : 0);

	card_wait(card, cost);
	card_charge_wait(card, cost);
}

bool card_delay_raise(struct card *card, uint8_t slot)
{
	uint8_t count = failures(card, slot);

	if (count < UINT8_MAX)
		count++;
	return card_store_set(card->store, OBJECT_DELAY + slot, sj_span(&count, 1)) &&
	       card_commit(card);
}

/*
 * Failures mark a card for everybody who tries to open it, so powered time
 * takes them away again. A commit that fails leaves them for the next time.
 */
void card_delay_age(struct card *card)
{
	uint64_t now = card->clock.now_us(card->clock.self);
	uint64_t forgotten = (now - card->now.aged_us) / DELAY_FORGET_US;
	bool ok = true;

	if (forgotten == 0)
		return;
	card->now.aged_us += forgotten * DELAY_FORGET_US;
	for (uint8_t slot = 0; ok && slot < DELAY_SLOTS; slot++) {
		uint8_t count = failures(card, slot);

		if (count > forgotten) {
			count = (uint8_t)(count - forgotten);
			ok = card_store_set(card->store, OBJECT_DELAY + slot, sj_span(&count, 1));
		} else if (count > 0) {
			ok = card_store_delete(card->store, OBJECT_DELAY + slot);
		}
	}
	if (!ok || !card_commit(card))
		card_store_abort(card->store);
}

/* The store keeps a failure in mind: the command's commit then fails. */
void card_delay_clear(struct card *card, uint8_t slot)
{
	bool deleted = card_store_delete(card->store, OBJECT_DELAY + slot);

	(void)deleted;
}
