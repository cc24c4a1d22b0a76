/* roundtrips.c -- how fast the card and the reader's side are beside next to nothing. */
#include <stdio.h>
#include <string.h>

#include <sojourn/reader.h>

#include "tests/bench/bench.h"

#define BATCHES 40
#define BATCH 500 /* short batches in turn, so that noise meets all alike */
#define NULL_CARD_RATE 16000.0 /* what the null card itself must reach */

static const uint8_t select_access[] = { 0x00, 0xA4, 0x02, 0x0C, 0x02, 0x01, 0x1C };
static const uint8_t read_access[] = { 0x00, 0xB0, 0x00, 0x00, 0x14 };

static bool batch(struct bench_client *c, struct bench_samples *single, struct bench_samples *mix)
{
	uint8_t response[300];
	int64_t start = bench_ns(), before = start, now;

	for (int i = 0; i < BATCH; i++) {
		if (bench_client_send(c, select_access, sizeof(select_access), response,
				      sizeof(response)) == 0)
			return false;
		now = bench_ns();
		bench_sample(single, now - before);
		before = now;
	}
	for (int i = 0; i < BATCH / 2; i++) {
		if (bench_client_send(c, select_access, sizeof(select_access), response,
				      sizeof(response)) == 0 ||
		    bench_client_send(c, read_access, sizeof(read_access), response,
				      sizeof(response)) == 0)
			return false;
	}
	bench_sample(mix, bench_ns() - before);
	return true;
}

struct series {
	struct bench_samples single, mix;
};

static bool series_init(struct series *s)
{
	return bench_samples_init(&s->single, BATCHES * BATCH) &&
	       bench_samples_init(&s->mix, BATCHES);
}

static void series_free(struct series *s)
{
	bench_samples_free(&s->single);
	bench_samples_free(&s->mix);
}

/* Commands per second, from the median batch. */
static double rate(struct series *s)
{
	return BATCH / (bench_percentile(&s->mix, 50) / 1000);
}

static void add_card_rows(struct bench *b, struct series *null, struct series *ours)
{
	double floor = rate(null);
	static const char single[] = "SELECT, raw PC/SC; floor: null card";
	static const char mix[] = "SELECT and READ BINARY of EF.CardAccess; floor: null card";

	if (floor < NULL_CARD_RATE)
		bench_lack(b, "null card", "machine too busy or slow: it is below 16000/s");
	bench_row(b, "card.roundtrip.p50", bench_percentile(&ours->single, 50), "ms",
		  bench_percentile(&null->single, 50), single);
	bench_row(b, "card.roundtrip.p99", bench_percentile(&ours->single, 99), "ms",
		  bench_percentile(&null->single, 99), single);
	bench_row(b, "card.mix.rate", rate(ours), "1/s", floor, mix);
}

static void card_rows(struct bench *b, struct bench_client *null_card, const char *file)
{
	struct bench_client *card = NULL;
	struct series null, ours;
	bool ok = series_init(&null);

	ok = series_init(&ours) && ok;
	if (ok && bench_card(b, 1, file))
		card = bench_client_open(BENCH_READER_1);
	ok = ok && card;
	for (int i = 0; ok && i < BATCHES; i++)
		ok = batch(null_card, &null.single, &null.mix) &&
		     batch(card, &ours.single, &ours.mix);
	if (ok)
		add_card_rows(b, &null, &ours);
	else
		bench_fail(b, "our card does not answer");
	bench_client_close(card);
	bench_remove(b, 1);
	series_free(&null);
	series_free(&ours);
}

/* The same command to the same null card, through the library and without it. */
static void reader_row(struct bench *b, struct bench_client *raw)
{
	struct bench_samples lib, floor;
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	uint8_t response[300];
	bool ok = bench_samples_init(&lib, BATCHES * BATCH);

	ok = bench_samples_init(&floor, BATCHES * BATCH) && ok;
	ok = ok && sj_context_new(&ctx) == SJ_OK &&
	     sj_card_wait(ctx, BENCH_READER_0, 10000, &card) == SJ_OK;
	for (int i = 0; ok && i < BATCHES * BATCH; i++) {
		struct bench_samples *s = i / BATCH % 2 ? &lib : &floor;
		size_t len = sizeof(response);
		int64_t start = bench_ns();
		uint16_t sw;

		if (s == &lib)
			ok = sj_card_transmit(card, select_access, sizeof(select_access), 5000,
					      response, &len, &sw) == SJ_OK;
		else
			ok = bench_client_send(raw, select_access, sizeof(select_access), response,
					       sizeof(response)) != 0;
		bench_sample(s, bench_ns() - start);
	}
	if (ok)
		bench_row(b, "reader.roundtrip.p50", bench_percentile(&lib, 50), "ms",
			  bench_percentile(&floor, 50), "sj_card_transmit; floor: SCardTransmit");
	else
		bench_fail(b, "the library does not reach the null card");
	sj_card_close(card);
	sj_context_free(ctx);
	bench_samples_free(&lib);
	bench_samples_free(&floor);
}

void bench_roundtrips(struct bench *b)
{
	char file[BENCH_PATH + 32];
	const char *const make[] = { "libexec/sojourn/sojourn-card", "card", "new", file, NULL };
	struct bench_client *null_card = NULL;

	snprintf(file, sizeof(file), "%s/blank.card", b->dir);
	if (bench_null_card(b, 0))
		null_card = bench_client_open(BENCH_READER_0);
	if (!null_card) {
		bench_fail(b, "the null card does not answer");
		return;
	}
	reader_row(b, null_card);
	if (!bench_have(b, make[0]))
		bench_skip(b, "card.roundtrip.p50", "sojourn-card was not built");
	else if (!bench_run(b, make))
		bench_fail(b, "sojourn card new failed");
	else
		card_rows(b, null_card, file);
	bench_client_close(null_card);
	bench_remove(b, 0);
}
