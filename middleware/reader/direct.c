/* direct.c -- a transport to a card in this process. */
#include <stdlib.h>

#include "crypt/wipe.h"
#include "reader/transport.h"

struct direct_transport {
	struct sj_transport head;
	const struct sj_direct_ops *ops;
	void *card;
	bool on;
	uint8_t response[SJ_APDU_RESPONSE_MAX];
};

static void power_off(struct direct_transport *self)
{
	if (self->on)
		self->ops->power_off(self->card);
	self->on = false;
}

static enum sj_rc direct_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct direct_transport *self = (struct direct_transport *)t;
	uint8_t bytes[SJ_ATR_SIZE_MAX];
	size_t len;

	(void)deadline;
	power_off(self);
	len = self->ops->power_on(self->card, bytes);
	if (len == 0 || len > sizeof(bytes))
		return SJ_CARD_MUTE;
	self->on = true;
	sj_put(atr, sj_span(bytes, len));
	return SJ_OK;
}

static enum sj_rc direct_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				  struct sj_writer *response)
{
	struct direct_transport *self = (struct direct_transport *)t;
	size_t len;

	if (!self->on)
		return SJ_CARD_LOST;
	if (sj_clock_ms() >= deadline)
		return SJ_TIMED_OUT;
	len = self->ops->transmit(self->card, command, self->response);
	if (len == 0)
		return SJ_CARD_LOST;
	sj_put(response, sj_span(self->response, len));
	return SJ_OK;
}

static void direct_disconnect(struct sj_transport *t, bool reset)
{
	(void)reset;
	power_off((struct direct_transport *)t);
}

static void direct_close(struct sj_transport *t)
{
	struct direct_transport *self = (struct direct_transport *)t;

	power_off(self);
	sj_wipe(self->response, sizeof(self->response));
	free(self);
}

static const struct sj_transport_ops direct_ops = {
	.connect = direct_connect,
	.transmit = direct_transmit,
	.disconnect = direct_disconnect,
	.close = direct_close,
};

struct sj_transport *sj_transport_direct(const struct sj_direct_ops *ops, void *card)
{
	struct direct_transport *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->head.ops = &direct_ops;
	self->ops = ops;
	self->card = card;
	return &self->head;
}
