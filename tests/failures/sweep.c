#include "tests/failures/sweep.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sojourn/failure.h>

#include "host/card.h"

const unsigned long sweep_memory[] = { SJ_NO_MEMORY, 0 };
const unsigned long sweep_files[] = { SJ_NO_MEMORY,        SJ_OUTPUT_FAILED,  SJ_INPUT_UNREADABLE,
				      SJ_TRUST_UNREADABLE, SJ_TERMINAL_FILES, 0 };

/* The sanitiser's, where there is one: true if something leaked. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* --- the card's side is another machine --------------------------------------------------- */

/* While a row runs whose card does not fail. */
static bool card_is_outside;

__typeof__(card_transmit) __real_card_transmit, __wrap_card_transmit;
__typeof__(card_power_on) __real_card_power_on, __wrap_card_power_on;

size_t __wrap_card_transmit(struct card *card, struct sj_span command, uint8_t *response)
{
	bool outside = card_is_outside;
	size_t n;

	if (outside)
		fail_pause();
	n = __real_card_transmit(card, command, response);
	if (outside)
		fail_resume();
	return n;
}

size_t __wrap_card_power_on(struct card *card, uint8_t atr[static CARD_ATR_MAX])
{
	bool outside = card_is_outside;
	size_t n;

	if (outside)
		fail_pause();
	n = __real_card_power_on(card, atr);
	if (outside)
		fail_resume();
	return n;
}

/* --- one run -------------------------------------------------------------------------------- */

struct way {
	const char *name;
	struct fail_plan plan;
};

static const struct way ways[] = {
	{ "memory once", { .kinds = FAIL_MEMORY } },
	{ "memory from then on", { .kinds = FAIL_MEMORY, .ever = true } },
	{ "EIO once", { .kinds = FAIL_READ | FAIL_WRITE, .how = FAIL_EIO } },
	{ "EIO from then on", { .kinds = FAIL_READ | FAIL_WRITE, .how = FAIL_EIO, .ever = true } },
	{ "ENOSPC once", { .kinds = FAIL_WRITE, .how = FAIL_ENOSPC } },
	{ "ENOSPC from then on", { .kinds = FAIL_WRITE, .how = FAIL_ENOSPC, .ever = true } },
	{ "EINTR", { .kinds = FAIL_READ | FAIL_WRITE, .how = FAIL_EINTR } },
	{ "short once", { .kinds = FAIL_READ | FAIL_WRITE, .how = FAIL_SHORT } },
	{ "short from then on",
	  { .kinds = FAIL_READ | FAIL_WRITE, .how = FAIL_SHORT, .ever = true } },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct sweep {
	const struct operation *o;
	void *room;
	const struct way *way;
	uint64_t at;
	int64_t alive; /* after the run before, when nothing failed */
	struct sweep_sum *sum;
	unsigned told;
	bool tell;
};

__attribute__((format(printf, 2, 3))) static void fault(struct sweep *s, const char *form, ...)
{
	va_list rest;

	s->sum->faults++;
	if (s->told++ >= 100)
		return;
	fprintf(stderr, "# %s, %s, point %llu: ", s->o->name, s->way->name,
		(unsigned long long)s->at);
	va_start(rest, form);
	vfprintf(stderr, form, rest);
	va_end(rest);
	fputc('\n', stderr);
}

static bool listed(const unsigned long *list, unsigned long rc)
{
	while (*list != 0 && *list != rc)
		list++;
	return *list != 0;
}

/* True: the plan's point was reached. */
static bool run_once(struct sweep *s, uint64_t at, bool ever)
{
	const struct operation *o = s->o;
	struct fail_plan plan = s->way->plan;
	bool failed;
	unsigned long rc;

	plan.at = at;
	plan.ever = ever;
	plan.tell = s->tell;
	if (o->ready)
		o->ready(s->room);
	fail_arm(&plan);
	rc = o->run(s->room);
	fail_disarm();
	failed = fail_failed() > 0;
	s->sum->runs++;
	if (rc != o->good && !failed)
		fault(s, "answers %lu though nothing failed", rc);
	else if (rc != o->good && o->bad && !listed(o->bad, rc))
		fault(s, "the wrong error, %lu", rc);
	if (o->holds && !o->holds(s->room, rc))
		fault(s, "does not hold after %lu", rc);
	ERR_clear_error();
	return failed;
}

static void leaks(struct sweep *s)
{
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
		fault(s, "leaks");
}

/* The point fails, then nothing: the object is as it was before, or new. */
static bool point(struct sweep *s, uint64_t at)
{
	bool reached;

	s->at = at;
	s->sum->points++;
	reached = run_once(s, at, s->way->plan.ever);
	/* What is made anew for each run needs it less often. */
	if (s->o->ready == NULL || at % 8 == 1 || !reached)
		run_once(s, 0, false);
	if (fail_alive() > s->alive)
		leaks(s);
	s->alive = fail_alive();
	return reached;
}

/* How far to the next point, so that `most` are spread over n. */
static uint64_t stride(uint64_t n, uint64_t most)
{
	return most == 0 || n <= most ? 1 : (n + most - 1) / most;
}

static void each_point(struct sweep *s, uint64_t most, uint64_t only)
{
	struct fail_plan count = s->way->plan;
	uint64_t n, step;

	s->at = 0;
	if (s->o->ready)
		s->o->ready(s->room);
	fail_arm(&count);
	(void)s->o->run(s->room);
	n = fail_disarm();
	if (s->o->holds)
		(void)s->o->holds(s->room, s->o->good);
	if (s->o->most != 0 && (most == 0 || s->o->most < most))
		most = s->o->most;
	step = stride(n, most);
	s->tell = only != 0;
	if (only != 0)
		(void)point(s, only);
	for (uint64_t k = 1; only == 0 && point(s, k); k += step)
		;
}

void sweep_run(const struct operation *o, uint64_t most, uint64_t only, struct sweep_sum *sum)
{
	struct sweep s = { .o = o, .way = &ways[0], .sum = sum };

	if (o->open)
		assert_int_equal(o->open(&s.room), 0);
	sum->operations++;
	card_is_outside = !o->card;
	/* What is made once a process: OpenSSL's tables, libc's buffers. */
	run_once(&s, 0, false);
	run_once(&s, 0, false);
	s.alive = fail_alive();
	for (size_t i = 0; i < WAYS; i++) {
		s.way = &ways[i];
		if ((s.way->plan.kinds & o->kinds) != 0)
			each_point(&s, most, only);
	}
	card_is_outside = false;
	if (o->close)
		assert_int_equal(o->close(&s.room), 0);
	leaks(&s);
}
