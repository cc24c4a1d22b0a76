/* least.c -- floors of conversations: their commands bare, and their public-key operations bare. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define RUNS 101

/* So many SCardTransmit one after the other; false: one failed. */
static bool trips(struct bench_client *c, unsigned n)
{
	static const uint8_t select[] = { 0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0,
					  0x00, 0x00, 0x02, 0x47, 0x10, 0x01 };
	uint8_t response[16];

	while (n > 0 &&
	       bench_client_send(c, select, sizeof(select), response, sizeof(response)) >= 2)
		n--;
	return n == 0;
}

/* A sector at the file's end, and on the disk. */
static bool keep(int fd)
{
	static const uint8_t sector[512];

	return write(fd, sector, sizeof(sector)) == sizeof(sector) && fdatasync(fd) == 0;
}

/* As a program does that begins, if `talk` says so; else over the connection that is there. */
static bool once(const struct bench_talk *talk, struct bench_client *there, int fd)
{
	struct bench_client *c = talk->connects ? bench_client_open(BENCH_READER_0) : there;
	const bool ok = c && trips(c, talk->apdus) && (fd < 0 || keep(fd));

	if (talk->connects)
		bench_client_close(c);
	return ok;
}

static bool measure(struct bench *b, const struct bench_talk *talk, int fd,
		    struct bench_samples *wall, struct bench_samples *cpu)
{
	struct bench_client *c = bench_null_card(b, 0) ? bench_client_open(BENCH_READER_0) : NULL;
	bool ok = c != NULL;

	for (int i = 0; ok && i < RUNS; i++) {
		const int64_t start = bench_ns(),
			      worked = bench_own_cpu_ns() + bench_cpu_ns(b->card[0]);

		ok = once(talk, c, fd);
		bench_sample(wall, bench_ns() - start);
		bench_sample(cpu, bench_own_cpu_ns() + bench_cpu_ns(b->card[0]) - worked);
	}
	bench_client_close(c);
	bench_remove(b, 0);
	return ok;
}

bool bench_least(struct bench *b, const struct bench_talk *talk, struct bench_least *out)
{
	struct bench_samples wall, cpu;
	char file[2 * BENCH_PATH];
	int fd = -1;
	bool ok = bench_samples_init(&wall, RUNS);

	ok = bench_samples_init(&cpu, RUNS) && ok;
	if (talk->kept) {
		snprintf(file, sizeof(file), "%s/least", talk->kept);
		fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ok = ok && fd >= 0;
	}
	ok = ok && measure(b, talk, fd, &wall, &cpu);
	out->cpu_ms = bench_percentile(&cpu, 50);
	out->ms = bench_percentile(&wall, 50) + talk->operations_ms;
	out->p99_ms = bench_percentile(&wall, 99) + talk->operations_ms;
	snprintf(out->text, sizeof(out->text),
		 "floor:%s %u bare SCardTransmit with the null card%s, %.2f ms of bare OpenSSL",
		 talk->connects ? " SCardConnect," : "", talk->apdus,
		 talk->kept ? ", a write and its sync" : "", talk->operations_ms);
	if (fd >= 0) {
		close(fd);
		unlink(file);
	}
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
	return ok || bench_fail(b, "the null card does not answer");
}
