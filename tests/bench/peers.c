#include "tests/bench/peers.h"

#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

double bench_peer_ms(const char *name, enum card_chip chip, unsigned rate)
{
	struct bench_row *row = calloc(1, sizeof(*row));
	double ms = -1;

	for (size_t i = 0; ms < 0 && row != NULL && bench_peer(i, row); i++) {
		const struct card_rf_model model = { rate, row->logic ? CARD_CHIP_LOGIC : chip,
						     CARD_RF_HOST_MS };

		if (strncmp(row->name, name, strlen(name)) == 0)
			ms = card_rf_exchange_ms(&model, row->steps, row->n) +
			     card_rf_reader_ms(&row->reader);
	}
	free(row);
	return ms;
}
