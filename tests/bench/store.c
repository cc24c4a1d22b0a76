/* store.c -- what a command costs that must be on the disk before it is answered. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"

#define WRITES 250u /* block numbers go to FF */

/* Opens personalisation of the identity applet on a blank card (GlobalPlatform 2.3.1, 11.5.2.3.7). */
static bool begin(struct bench_client *c)
{
	static const uint8_t select_manager[] = { 0x00, 0xA4, 0x04, 0x0C, 0x08, 0xA0, 0x00,
						  0x00, 0x01, 0x51, 0x00, 0x00, 0x00 };
	static const uint8_t install[] = { 0x80, 0xE6, 0x20, 0x00, 0x0D, 0x00, 0x00, 0x07, 0xA0,
					   0x00, 0x00, 0x02, 0x47, 0x10, 0x01, 0x00, 0x00, 0x00 };
	uint8_t response[300];

	return bench_client_send(c, select_manager, sizeof(select_manager), response, 300) == 2 &&
	       response[0] == 0x90 &&
	       bench_client_send(c, install, sizeof(install), response, 300) >= 2;
}

/* STORE DATA with one DGI 0002: a few bytes of a file, another value each time. */
static bool write_some(struct bench_client *c, unsigned i)
{
	const uint8_t command[] = { 0x80,       0xE2, 0x08, (uint8_t)i,
				    0x0E,       0x00, 0x02, 0x0B,
				    0x01,       0x01, 0x01, 0x0D,
				    0x00,       0x00, 0x00, (uint8_t)(i >> 8),
				    (uint8_t)i, 0x00, 0x00 };
	uint8_t response[300];
	size_t n = bench_client_send(c, command, sizeof(command), response, sizeof(response));

	return n >= 2 && response[n - 2] == 0x90;
}

static void row(struct bench *b, const char *id, const char *dir, const char *note)
{
	char file[BENCH_PATH + 32];
	const char *const make[] = { "libexec/sojourn/sojourn-card", "card", "new", file, NULL };
	struct bench_client *card = NULL;
	struct bench_samples s = { .ns = NULL };
	bool ok;

	snprintf(file, sizeof(file), "%s/store.card", dir);
	ok = bench_samples_init(&s, WRITES) && bench_run(b, make) && bench_card(b, 1, file);
	if (ok)
		card = bench_client_open(BENCH_READER_1);
	ok = ok && card && begin(card);
	for (unsigned i = 0; ok && i < WRITES; i++) {
		int64_t start = bench_ns();

		ok = write_some(card, i);
		bench_sample(&s, bench_ns() - start);
	}
	if (ok)
		bench_row(b, id, bench_percentile(&s, 50), "ms", BENCH_NO_FLOOR, note);
	else
		bench_fail(b, "writing to a blank card failed");
	bench_client_close(card);
	bench_remove(b, 1);
	bench_samples_free(&s);
}

void bench_store(struct bench *b)
{
	if (!bench_have(b, "libexec/sojourn/sojourn-card")) {
		bench_skip("card.store.tmpfs.p50", "sojourn-card was not built");
		bench_skip("card.store.disk.p50", "sojourn-card was not built");
		return;
	}
	row(b, "card.store.tmpfs.p50", b->dir, "STORE DATA of four bytes, file on tmpfs");
	row(b, "card.store.disk.p50", b->disk, "the same, file on the build's disk");
}
