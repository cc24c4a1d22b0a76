/* inside.c -- a card and its reader in this process, nothing between them. */
#include <stdlib.h>
#include <string.h>

#include "host/store.h"
#include "link/direct.h"
#include "reader/card.h"
#include "reader/transport.h"
#include "tests/bench/bench.h"

struct bench_inside {
	struct card_store *store;
	struct card *card;
	struct sj_context *ctx;
	struct sj_card *open;
};

static bool connect(struct bench_inside *in)
{
	static const struct sj_direct_ops ops = { card_direct_power_on, card_direct_power_off,
						  card_direct_transmit };
	struct sj_transport *t = sj_transport_direct(&ops, in->card);

	return t && sj_context_new(&in->ctx) == SJ_OK &&
	       sj_card_over(in->ctx, t, "inside", sj_deadline_after(0), &in->open) == SJ_OK;
}

struct bench_inside *bench_inside_open(const char *file, const struct card_rf *rf)
{
	struct bench_inside *in = calloc(1, sizeof(*in));
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = card_clock_system(),
				      .random = sj_random_system(),
				      .rf = rf };

	if (in && card_store_open(file, &in->store) == CARD_STORE_OK) {
		config.store = in->store;
		in->card = card_new(&config);
	}
	if (in && in->card && connect(in))
		return in;
	bench_inside_close(in);
	return NULL;
}

struct sj_card *bench_inside_card(struct bench_inside *in)
{
	return in->open;
}

void bench_inside_close(struct bench_inside *in)
{
	if (!in)
		return;
	sj_card_close(in->open);
	sj_context_free(in->ctx);
	card_free(in->card);
	card_store_close(in->store);
	free(in);
}
