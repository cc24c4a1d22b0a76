/* disturbed.h -- an issued card, and a transport around its own that fails on demand. */
#ifndef TESTS_HOSTILE_DISTURBED_H
#define TESTS_HOSTILE_DISTURBED_H

#include "tests/hostile/issued.h"

/* Over any transport: the n-th command (from 1) of the next `times` conversations ends so. */
struct disturbed {
	struct sj_transport head;
	struct sj_transport *inside;
	enum sj_rc with;
	unsigned sent, at, times;
};

static enum sj_rc disturbed_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct disturbed *self = (struct disturbed *)t;

	return self->inside->ops->connect(self->inside, deadline, atr);
}

static enum sj_rc disturbed_transmit(struct sj_transport *t, struct sj_span command,
				     int64_t deadline, struct sj_writer *response)
{
	struct disturbed *self = (struct disturbed *)t;

	if (self->times > 0 && ++self->sent == self->at) {
		self->sent = 0;
		self->times--;
		return self->with;
	}
	return self->inside->ops->transmit(self->inside, command, deadline, response);
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

static void issued_disturb(struct issued *d, enum sj_rc with, unsigned at, unsigned times)
{
	static const struct sj_transport_ops ops = { .connect = disturbed_connect,
						     .transmit = disturbed_transmit,
						     .disconnect = disturbed_disconnect,
						     .close = disturbed_close };
	static const struct sj_direct_ops direct = { issued_power_on, issued_power_off,
						     issued_transmit };
	struct disturbed *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	*t = (struct disturbed){ .head.ops = &ops,
				 .inside = sj_transport_direct(&direct, d),
				 .with = with,
				 .at = at,
				 .times = times };
	sj_card_close(d->card);
	assert_int_equal(
		sj_card_over(d->ctx, &t->head, "disturbed", sj_deadline_after(0), &d->card), SJ_OK);
}

#endif
