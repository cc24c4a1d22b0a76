/* disturbed.h -- an issued card, and a transport around its own that fails on demand. */
#ifndef TESTS_HOSTILE_DISTURBED_H
#define TESTS_HOSTILE_DISTURBED_H

#include "tests/hostile/issued.h"

/* When something happens to a command. */
enum disturbed_when {
	DISTURBED_BEFORE, /* the card has not got it */
	DISTURBED_DURING, /* half of its answer is passed on, as some drivers do */
	DISTURBED_SHORT, /* half of its data, and its status word */
	DISTURBED_MEANT, /* half of it, whose last bytes happen to say what a wrong password does */
	DISTURBED_AFTER, /* the card has answered, nobody hears it */
	DISTURBED_WAYS
};

struct disturbed_log {
	unsigned commands; /* that came by */
	int64_t when; /* it happened, sj_clock_ms(); 0: not yet */
};

/* Over any transport: the n-th command (from 1) of the next `times` conversations ends so. */
struct disturbed {
	struct sj_transport head;
	struct sj_transport *inside;
	enum sj_rc with;
	enum disturbed_when when;
	unsigned sent, at, times;
	bool shared; /* with other processes, as far as the reader can know */
	bool stays_away; /* once it happened, there is no card any more */
	bool gone;
	struct disturbed_log *log; /* NULL: nobody asks */
};

static enum sj_rc disturbed_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct disturbed *self = (struct disturbed *)t;

	return self->gone ? SJ_NO_CARD : self->inside->ops->connect(self->inside, deadline, atr);
}

/* The reader has part of an answer, and does not know that it is one. */
static inline bool disturbed_half(enum disturbed_when when)
{
	return when != DISTURBED_BEFORE && when != DISTURBED_AFTER;
}

/* What is left of an answer, which begins at `before`. */
static inline void disturbed_shorten(enum disturbed_when when, size_t before, struct sj_writer *w)
{
	const size_t data = w->len - before - 2;

	if (when == DISTURBED_AFTER) {
		w->len = before;
	} else if (when == DISTURBED_SHORT) {
		memmove(w->ptr + before + data / 2, w->ptr + before + data, 2);
		w->len -= data - data / 2;
	} else {
		w->len -= (w->len - before) / 2;
		if (when == DISTURBED_MEANT && w->len - before > 2)
			memcpy(w->ptr + w->len - 2, "\x63\xC2", 2);
	}
}

static enum sj_rc disturbed_transmit(struct sj_transport *t, struct sj_span command,
				     int64_t deadline, struct sj_writer *response)
{
	struct disturbed *self = (struct disturbed *)t;

	if (self->log)
		self->log->commands++;
	if (self->gone)
		return SJ_CARD_LOST;
	if (self->times == 0 || ++self->sent != self->at)
		return self->inside->ops->transmit(self->inside, command, deadline, response);
	self->sent = 0;
	self->times--;
	if (self->when != DISTURBED_BEFORE) {
		const size_t before = response->len;
		enum sj_rc rc =
			self->inside->ops->transmit(self->inside, command, deadline, response);

		if (rc != SJ_OK)
			return rc;
		if (response->len - before >= 2)
			disturbed_shorten(self->when, before, response);
	}
	self->gone = self->stays_away;
	if (self->log)
		self->log->when = sj_clock_ms();
	return disturbed_half(self->when) ? SJ_OK : self->with;
}

static inline enum sj_rc disturbed_begin(struct sj_transport *t, int64_t deadline)
{
	(void)t;
	(void)deadline;
	return SJ_OK;
}

static void disturbed_disconnect(struct sj_transport *t, bool reset)
{
	struct disturbed *self = (struct disturbed *)t;

	self->inside->ops->disconnect(self->inside, reset);
}

static void disturbed_close(struct sj_transport *t)
{
	struct disturbed *self = (struct disturbed *)t;

	self->inside->ops->close(self->inside);
	free(self);
}

/* The card of `d` again, its own transport inside of this one, which is copied. */
static inline void issued_over(struct issued *d, const struct disturbed *how)
{
	static const struct sj_transport_ops ops = { .connect = disturbed_connect,
						     .transmit = disturbed_transmit,
						     .disconnect = disturbed_disconnect,
						     .close = disturbed_close };
	static const struct sj_transport_ops shared = { .connect = disturbed_connect,
							.transmit = disturbed_transmit,
							.begin = disturbed_begin,
							.disconnect = disturbed_disconnect,
							.close = disturbed_close };
	static const struct sj_direct_ops direct = { issued_power_on, issued_power_off,
						     issued_transmit };
	struct disturbed *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	*t = *how;
	t->head.ops = how->shared ? &shared : &ops;
	t->inside = sj_transport_direct(&direct, d);
	sj_card_close(d->card);
	assert_int_equal(
		sj_card_over(d->ctx, &t->head, "disturbed", sj_deadline_after(0), &d->card), SJ_OK);
}

static inline void issued_disturb(struct issued *d, enum sj_rc with, unsigned at, unsigned times)
{
	issued_over(d, &(struct disturbed){ .with = with, .at = at, .times = times });
}

/* Taken out at command `at` (0: left in) and not put back. */
static inline void issued_pull(struct issued *d, unsigned at, enum disturbed_when when,
			       struct disturbed_log *log)
{
	issued_over(d, &(struct disturbed){ .with = SJ_CARD_LOST,
					    .when = when,
					    .at = at,
					    .times = at > 0,
					    .stays_away = true,
					    .log = log });
}

#endif
