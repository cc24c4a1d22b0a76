/* charge.c -- a card that takes the time that the model (rf.h) says. */
#include "host/card_internal.h"

static uint64_t us_of(double ms)
{
	return (uint64_t)(ms * 1000 + 0.5);
}

static uint64_t now_us(const struct card *card)
{
	return card->clock.now_us(card->clock.self);
}

/* What is left of the time until `then`. */
static uint64_t left_until(const struct card *card, uint64_t then)
{
	uint64_t now = now_us(card);

	return then > now ? then - now : 0;
}

static bool charges(const struct card *card)
{
	return card->charge.on && card->charge.rf.rate != 0;
}

static void tell(const struct card_charge *c, size_t command, size_t response)
{
	const struct card_rf_step step = { command, response, c->meter.work };

	if (c->rf.step != NULL)
		c->rf.step(c->rf.self, &step);
}

static void meter_on(struct card_charge *c)
{
	card_rf_meter_init(&c->meter);
	c->former = sj_meter_use(&c->meter.head);
}

static void meter_off(struct card_charge *c)
{
	(void)sj_meter_use(c->former);
}

void card_charge_activation(struct card *card)
{
	struct card_charge *c = &card->charge;

	if (!charges(card))
		return;
	c->elapsed = us_of(card_rf_activation_ms(c->rf.rate));
	c->ready = now_us(card) + c->elapsed;
	c->behind = false;
}

void card_charge_begin(struct card *card)
{
	struct card_charge *c = &card->charge;
	uint64_t left;

	if (!c->on)
		return;
	if (charges(card)) {
		left = left_until(card, c->ready);
		card_wait(card, left);
		c->elapsed += c->behind ? left : 0;
		c->behind = false;
		c->start = now_us(card);
	}
	meter_on(c);
}

void card_charge_end(struct card *card, size_t command, size_t response)
{
	struct card_charge *c = &card->charge;
	uint64_t cost;

	if (!c->on)
		return;
	meter_off(c);
	tell(c, command, response);
	if (!charges(card))
		return;
	cost = us_of(card_rf_command_ms(c->rf.rate, c->rf.chip, command, response, &c->meter.work));
	c->elapsed += cost;
	card_wait(card, left_until(card, c->start + cost));
	c->start = now_us(card);
}

void card_charge_after_begin(struct card *card)
{
	struct card_charge *c = &card->charge;

	if (!c->on)
		return;
	meter_on(c);
}

void card_charge_after_end(struct card *card)
{
	struct card_charge *c = &card->charge;

	if (!c->on)
		return;
	meter_off(c);
	tell(c, 0, 0);
	if (!charges(card))
		return;
	c->ready = c->start + us_of(card_rf_work_ms(c->rf.chip, &c->meter.work));
	c->behind = true;
}

void card_charge(struct card *card, enum card_rf_op op, double amount)
{
	if (card->charge.on)
		card->charge.meter.work.n[op] += amount;
}

void card_charge_wait(struct card *card, uint64_t us)
{
	if (!charges(card))
		return;
	card->charge.start += us;
	card->charge.elapsed += us;
}

uint64_t card_rf_elapsed_us(const struct card *card)
{
	return charges(card) ? card->charge.elapsed : 0;
}
