/* store.c -- what a command costs that must be on the disk before it is answered. */
#include <stdio.h>
#include <string.h>

#include "secure/scp03.h"
#include "tests/bench/bench.h"

#define WRITES 250u /* block numbers go to FF */

static bool send(struct bench_client *c, const struct sj_apdu *a, struct sj_response *r)
{
	static uint8_t answer[300];
	uint8_t bytes[300];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_apdu_put(&w, a);
	return !w.failed &&
	       sj_response_parse(sj_span(answer, bench_client_send(c, bytes, w.len, answer, 300)),
				 r) &&
	       r->sw >> 8 == 0x90;
}

static bool secured(struct bench_client *c, struct sj_scp03 *s, const struct sj_apdu *plain)
{
	uint8_t data[300];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu wrapped;
	struct sj_response r;

	return sj_scp03_wrap(s, plain, &w, &wrapped) && send(c, &wrapped, &r);
}

/* A channel under the well-known transport keys, with commands encrypted. */
static bool open_channel(struct bench_client *c, struct sj_scp03 *s)
{
	const struct sj_apdu select = {
		.ins = 0xA4, .p1 = 0x04, .p2 = 0x0C, .data = SJ_SPAN_STR("\xA0\0\0\1\x51\0\0\0")
	};
	const struct sj_span host = SJ_SPAN_STR("benching");
	const struct sj_apdu ask = { .cla = 0x80, .ins = 0x50, .data = host, .ne = 256 };
	struct sj_apdu answer = { .cla = 0x80, .ins = 0x82, .p1 = 0x03 };
	struct sj_scp03_keys keys = { .cipher = SJ_CIPHER_AES128 };
	uint8_t cryptogram[SJ_SCP03_FULL];
	struct sj_span head, card;
	struct sj_response r;

	for (uint8_t i = 0; i < 16; i++)
		keys.enc[i] = keys.mac[i] = (uint8_t)(0x40 + i);
	if (!send(c, &select, &r) || !send(c, &ask, &r) || !sj_take(&r.data, 13, &head) ||
	    !sj_take(&r.data, host.len, &card) || !sj_scp03_begin(s, &keys, host.len, host, card) ||
	    !sj_scp03_cryptogram(s, SJ_SCP03_HOST, host, card, cryptogram))
		return false;
	answer.data = sj_span(cryptogram, host.len);
	if (!secured(c, s, &answer))
		return false;
	s->level = answer.p1;
	return true;
}

/* Opens personalisation of the identity applet on a blank card (GlobalPlatform 2.3.1, 11.5.2.3.7). */
static bool begin(struct bench_client *c, struct sj_scp03 *s)
{
	const struct sj_apdu install = { .cla = 0x80,
					 .ins = 0xE6,
					 .p1 = 0x20,
					 .data = SJ_SPAN_STR("\0\0\7\xA0\0\0\2\x47\x10\1\0\0\0") };

	return open_channel(c, s) && secured(c, s, &install);
}

/* STORE DATA with one DGI 0002: a few bytes of a file, another value each time. */
static bool write_some(struct bench_client *c, struct sj_scp03 *s, unsigned i)
{
	const uint8_t data[] = {
		0x00,       0x02, 0x0B, 0x01, 0x01, 0x01, 0x0D, 0x00, 0x00, 0x00, (uint8_t)(i >> 8),
		(uint8_t)i, 0x00, 0x00
	};
	const struct sj_apdu command = {
		.cla = 0x80, .ins = 0xE2, .p1 = 0x08, .p2 = (uint8_t)i, .data = SJ_SPAN_OF(data)
	};

	return secured(c, s, &command);
}

static void row(struct bench *b, const char *id, const char *dir, const char *note)
{
	char file[BENCH_PATH + 32];
	const char *const make[] = { "libexec/sojourn/sojourn-card", "card", "new", file, NULL };
	struct bench_client *card = NULL;
	struct sj_scp03 session;
	struct bench_samples s = { .ns = NULL };
	struct bench_least least;
	char all[256];
	bool ok;

	snprintf(file, sizeof(file), "%s/store.card", dir);
	ok = bench_samples_init(&s, WRITES) && bench_run(b, make) && bench_card(b, 1, file);
	if (ok)
		card = bench_client_open(BENCH_READER_1);
	ok = ok && card && begin(card, &session);
	for (unsigned i = 0; ok && i < WRITES; i++) {
		int64_t start = bench_ns();

		ok = write_some(card, &session, i);
		bench_sample(&s, bench_ns() - start);
	}
	ok = ok && bench_least(b, &(struct bench_talk){ .apdus = 1, .kept = dir }, &least);
	snprintf(all, sizeof(all), "%s; %s", note, ok ? least.text : "");
	if (ok)
		bench_row(b, id, bench_percentile(&s, 50), "ms", least.ms, all);
	else
		bench_fail(b, "writing to a blank card failed");
	bench_client_close(card);
	bench_remove(b, 1);
	bench_samples_free(&s);
}

void bench_store(struct bench *b)
{
	if (!bench_have(b, "libexec/sojourn/sojourn-card")) {
		bench_skip(b, "card.store.tmpfs.p50", "sojourn-card was not built");
		bench_skip(b, "card.store.disk.p50", "sojourn-card was not built");
		return;
	}
	row(b, "card.store.tmpfs.p50", b->dir, "STORE DATA of four bytes, file on tmpfs");
	row(b, "card.store.disk.p50", b->disk, "the same, file on the build's disk");
}
