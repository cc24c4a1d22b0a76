/*
 * replug.c -- a reader with a card that is pulled out and plugged in again, `replug [TIMES]`, which
 * Debian's pcscd is told of by a restart, while one context of ours lives through it: each time the
 * card is open within two seconds from when pcscd is there again, a command to it says that it is
 * lost when it goes, and nothing grows.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/card.h"
#include "tests/world/ifd.h"
#include "tests/world/world.h"

#define TIMES 1000u
#define READER "Plug 00 00"

struct plug {
	struct lab lab;
	struct sj_context *ctx;
	char device[IFD_PATH_MAX], conf[IFD_PATH_MAX];
	double recovery_ms;
	unsigned wrong;
};

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void write_conf(struct plug *p)
{
	const char *build = getenv("SOJOURN_BUILD");
	char path[256], *library;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/world/ifd.so", build ? build : "build");
	snprintf(p->device, sizeof(p->device), "%s/plug", p->lab.dir);
	snprintf(p->conf, sizeof(p->conf), "%s/conf/plug", p->lab.dir);
	f = fopen(p->conf, "w");
	library = realpath(path, NULL);
	if (!f || !library)
		world_fail("%s: build it first", path);
	fprintf(f, "FRIENDLYNAME \"Plug\"\nDEVICENAME /dev/null:%s\nLIBPATH %s\nCHANNELID 1\n",
		p->device, library);
	fclose(f);
	free(library);
}

/* Debian's pcscd hears of readers from udev alone, so it is begun anew, which sees what is there. */
static void look_again(struct plug *p)
{
	lab_down(&p->lab, SIGTERM);
	if (!lab_up(&p->lab, false))
		world_fail("no pcscd");
}

static bool listed(struct plug *p)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL;
	bool there = false;

	if (sj_readers_list(p->ctx, 5000, &list) != SJ_OK)
		return false;
	for (size_t i = 0; sj_readers_get(list, i, &info); i++)
		there = there || strcmp(info.name, READER) == 0;
	sj_readers_free(list);
	return there;
}

static void plug_in(struct plug *p)
{
	FILE *f = fopen(p->device, "w");

	if (!f || fclose(f) != 0)
		world_fail("%s", p->device);
	look_again(p);
}

static enum sj_rc ping(struct sj_card *card)
{
	static const uint8_t command[] = { 0x00, 0xA4, 0x00, 0x0C };
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw;

	return sj_card_transmit(card, command, sizeof(command), 2000, out, &len, &sw);
}

static void once(struct plug *p)
{
	struct sj_card *card = NULL;
	int64_t plugged;
	double took;
	enum sj_rc rc;

	plug_in(p);
	plugged = bench_ns();
	while (!listed(p))
		rest();
	rc = sj_card_wait(p->ctx, READER, 10000, &card);
	if (rc == SJ_OK)
		rc = ping(card);
	took = (double)(bench_ns() - plugged) / 1e6;
	if (took > p->recovery_ms)
		p->recovery_ms = took;
	if (rc != SJ_OK) {
		printf("plugged in, and %s\n", sj_strerror(rc));
		p->wrong++;
	}
	unlink(p->device);
	look_again(p);
	while (card && (rc = ping(card)) == SJ_OK)
		rest();
	if (rc != SJ_READER_LOST && rc != SJ_CARD_LOST) {
		printf("pulled out, and %s\n", sj_strerror(rc));
		p->wrong++;
	}
	sj_card_close(card);
	while (listed(p))
		rest();
}

int main(int argc, char **argv)
{
	const unsigned times = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : TIMES;
	struct plug p = { .wrong = 0 };
	struct holdings before = { 0 }, now;
	static struct growth memory; /* too large for a stack */
	double growth;

	if (!lab_init(&p.lab))
		world_fail("no folder");
	write_conf(&p);
	if (!lab_up(&p.lab, false) || sj_context_new(&p.ctx) != SJ_OK)
		world_fail("no pcscd");
	for (unsigned i = 0; i < times; i++) {
		once(&p);
		world_growth_note(&memory);
		if (i == times / 5)
			before = world_holdings();
	}
	now = world_holdings();
	growth = (double)now.descriptors - before.descriptors + now.threads - before.threads;
	printf("figure: others.replugs %u\nfigure: others.replugs.wrong %u\n"
	       "figure: others.replugs.ms %.0f\nfigure: others.replugs.growth %.0f\n"
	       "figure: others.replugs.bytes %.1f\n",
	       times, p.wrong, p.recovery_ms, growth, world_growth_slope(&memory));
	sj_context_free(p.ctx);
	lab_down(&p.lab, SIGTERM);
	remove(p.conf);
	lab_free(&p.lab);
	return p.wrong > 0;
}
