/* run.c -- a tap with a connected card, and where its time went. */
#include <string.h>
#include <time.h>

#include "gate/gate.h"
#include "reader/card.h"
#include "reader/memory.h"

/* Minutes since Monday 00:00, local. */
static unsigned minute_of_week(time_t now)
{
	struct tm local;

	if (localtime_r(&now, &local) == NULL)
		return 0;
	return (unsigned)((local.tm_wday + 6) % 7 * 1440 + local.tm_hour * 60 + local.tm_min);
}

struct run {
	struct sj_tap *tap;
	struct sj_session *session;
	sj_gate_decided_fn decided;
	void *user;
	struct sj_gate_verdict *verdict;
	bool told;
	struct sj_gate_times times;
	int64_t start;
	unsigned answered;
};

/* One command and what it brought: the card's time. */
static enum sj_rc exchange(struct run *run, const uint8_t *command, size_t len, int64_t *took)
{
	uint8_t bytes[SJ_APDU_NE_SHORT + 2];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const int64_t sent = sj_clock_us();
	struct sj_response r;
	struct sj_apdu a;
	enum sj_rc rc;

	if (!sj_apdu_parse(sj_span(command, len), &a))
		return SJ_INTERNAL;
	rc = sj_session_command(run->session, &a, &r);
	*took = sj_clock_us() - sent;
	if (rc == SJ_OK) {
		sj_put(&w, r.data);
		sj_put_be(&w, 2, r.sw);
	}
	/* Too long is no answer to this; without the card the tap decides alone. */
	sj_tap_feed(run->tap, w.ptr, w.failed ? 1 : w.len);
	return rc;
}

static void tell(struct run *run)
{
	const int64_t now = sj_clock_us() - run->start;

	if (!run->told && sj_tap_verdict(run->tap, run->verdict)) {
		run->told = true;
		run->times.decision_us = (uint32_t)now;
		run->times.apdus = run->answered;
		run->times.gate_us =
			run->times.decision_us - run->times.select_us - run->times.card_us;
		if (run->decided != NULL)
			run->decided(run->user, run->verdict);
	}
}

static enum sj_rc go(struct run *run)
{
	const uint8_t *command;
	enum sj_rc rc = SJ_OK;
	size_t len;

	run->start = sj_clock_us();
	while (rc == SJ_OK && sj_tap_command(run->tap, &command, &len)) {
		const bool before = !run->told, select = command[1] == 0xA4;
		int64_t took = 0;

		rc = exchange(run, command, len, &took);
		run->answered++;
		if (before)
			*(select ? &run->times.select_us : &run->times.card_us) += (uint32_t)took;
		else if (run->times.complete_us == 0)
			run->times.complete_us = (uint32_t)(sj_clock_us() - run->start);
		/* A card that is lost has decided nothing. */
		if (rc == SJ_OK || run->told)
			tell(run);
	}
	return run->told ? SJ_OK : rc;
}

static void give_times(const struct sj_gate_times *from, struct sj_gate_times *to)
{
	size_t size;

	if (to == NULL)
		return;
	size = to->size < sizeof(*from) ? to->size : sizeof(*from);
	memcpy(to, from, size);
	to->size = size;
}

enum sj_rc sj_gate_run(struct sj_gate *gate, struct sj_card *card, unsigned timeout_ms,
		       sj_gate_decided_fn decided, void *user, struct sj_gate_verdict *verdict,
		       struct sj_gate_times *times)
{
	const unsigned mark = sj_memory_mark();
	const time_t now = time(NULL);
	struct run run = {
		.session = sj_card_session(card),
		.decided = decided,
		.user = user,
		.verdict = verdict,
		.times = { .size = sizeof(run.times) },
	};
	enum sj_rc rc = sj_tap_new(gate, now, minute_of_week(now), &run.tap);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	sj_session_deadline(run.session, sj_deadline_after(timeout_ms));
	rc = go(&run);
	if (rc == SJ_OK && verdict->reasons[0] == SJ_NO_GATE_APPLICATION)
		sj_card_refuse(card);
	give_times(&run.times, times);
	sj_tap_free(run.tap);
	return sj_memory_rc(mark, rc);
}
