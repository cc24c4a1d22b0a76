/* model.c -- an exchange in this process as the timing model sees it (host/rf.h). */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

static void keep_step(void *self, const struct card_rf_step *step)
{
	struct bench_exchange *e = self;

	if (e->n < BENCH_STEPS_MAX)
		e->steps[e->n] = *step;
	e->n++;
}

struct bench_exchange *bench_exchange_new(void)
{
	struct bench_exchange *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->rf = (struct card_rf){ .step = keep_step, .self = e };
	card_rf_meter_init(&e->reader);
	(void)sj_meter_use(&e->reader.head);
	return e;
}

void bench_exchange_free(struct bench_exchange *e)
{
	(void)sj_meter_use(NULL);
	free(e);
}

struct bench_moment bench_exchange_now(const struct bench_exchange *e)
{
	return (struct bench_moment){ e->n, e->reader.work };
}

double bench_model_ms(const struct bench_exchange *e, const struct bench_moment *until,
		      enum card_chip chip, unsigned rate)
{
	const struct card_rf_model model = { rate, chip, CARD_RF_HOST_MS };

	return card_rf_exchange_ms(&model, e->steps, until->steps) +
	       card_rf_reader_ms(&until->reader);
}

static struct card_rf_work work_of(const struct bench_exchange *e, const struct bench_moment *until)
{
	struct card_rf_work all = { { 0 } };

	for (size_t i = 0; i < until->steps; i++)
		for (size_t op = 0; e->steps[i].command > 0 && op < CARD_RF_OPS; op++)
			all.n[op] += e->steps[i].work.n[op];
	return all;
}

double bench_model_least_ms(const struct bench_exchange *e, const struct bench_moment *until,
			    enum card_chip chip, unsigned rate)
{
	const struct card_rf_work all = work_of(e, until);
	size_t bytes = 0;

	for (size_t i = 0; i < until->steps; i++)
		bytes += e->steps[i].command + e->steps[i].response;
	return card_rf_work_ms(chip, &all) + card_rf_reader_ms(&until->reader) +
	       8 * (double)bytes / rate;
}

bool bench_model_rows(struct bench *b, const struct bench_exchange *e,
		      const struct bench_moment *until, const char *prefix, const char *what)
{
	static const unsigned rates[] = { 106, 848 };
	char id[64], note[288];

	if (until->steps == 0 || until->steps > BENCH_STEPS_MAX)
		return bench_fail(b, "an exchange of no steps, or of too many");
	snprintf(note, sizeof(note),
		 "%s; a model's lower bound: real cards take 1.5 to 2 times; floor: work and bytes",
		 what);
	for (size_t chip = 0; chip < CARD_CHIPS; chip++) {
		for (size_t r = 0; r < 2; r++) {
			snprintf(id, sizeof(id), "%s.model.%s.%u", prefix,
				 card_chip_name((enum card_chip)chip), rates[r]);
			bench_row(b, id, bench_model_ms(e, until, (enum card_chip)chip, rates[r]),
				  "ms",
				  bench_model_least_ms(e, until, (enum card_chip)chip, rates[r]),
				  note);
		}
	}
	return true;
}

/* Each kind of work with how often and how long; what is no work is the air, OS and waiting. */
void bench_model_shares(const struct bench_exchange *e, const struct bench_moment *until,
			enum card_chip chip)
{
	const struct card_rf_work all = work_of(e, until);
	const char *name;

	printf("%28s  card:", "");
	for (size_t op = 0; (name = card_rf_op_name((enum card_rf_op)op)) != NULL; op++) {
		struct card_rf_work one = { { 0 } };

		one.n[op] = all.n[op];
		if (all.n[op] > 0)
			printf(" %s %.0f = %.1f", name, all.n[op], card_rf_work_ms(chip, &one));
	}
	printf("; gate: %.1f\n", card_rf_reader_ms(&until->reader));
}
