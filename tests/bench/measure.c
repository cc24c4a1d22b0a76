/* measure.c -- clocks, percentiles, and a client that is nothing but PC/SC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#include "tests/bench/bench.h"

static int64_t to_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

int64_t bench_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return to_ns(&t);
}

int64_t bench_own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return to_ns(&t);
}

int64_t bench_cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return -1;
	return to_ns(&t);
}

int64_t bench_user_ns(pid_t pid)
{
	char path[32], line[512];
	unsigned long ticks = 0;
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	/* The name in brackets may hold anything; utime is the 12th field after it. */
	at = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	for (int i = 0; at && i < 12; i++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoul(at, NULL, 10);
	if (f)
		fclose(f);
	return at ? (int64_t)ticks * (1000000000 / sysconf(_SC_CLK_TCK)) : -1;
}

static size_t memory(pid_t pid, const char *format)
{
	char path[32], line[128];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, format, &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb * 1024u;
}

size_t bench_rss(pid_t pid)
{
	return memory(pid, "VmHWM: %lu");
}

size_t bench_rss_now(pid_t pid)
{
	return memory(pid, "VmRSS: %lu");
}

bool bench_samples_init(struct bench_samples *s, size_t cap)
{
	*s = (struct bench_samples){ .ns = calloc(cap, sizeof(*s->ns)), .cap = cap };
	return s->ns != NULL;
}

void bench_samples_free(struct bench_samples *s)
{
	free(s->ns);
}

void bench_sample(struct bench_samples *s, int64_t ns)
{
	if (s->n < s->cap)
		s->ns[s->n++] = ns;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

double bench_percentile(struct bench_samples *s, unsigned p)
{
	if (s->n == 0)
		return 0;
	qsort(s->ns, s->n, sizeof(*s->ns), compare);
	return (double)s->ns[(s->n - 1) * p / 100] / 1e6;
}

/* --- the client --------------------------------------------------------------------------- */

struct bench_client {
	SCARDCONTEXT context;
	SCARDHANDLE card;
};

struct bench_client *bench_client_open(const char *reader)
{
	const struct timespec wait = { .tv_nsec = 50000000 };
	struct bench_client *c = calloc(1, sizeof(*c));
	DWORD protocol;

	for (int tries = 0; c && tries < 200; tries++) {
		LONG rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &c->context);

		if (rv == SCARD_S_SUCCESS) {
			rv = SCardConnect(c->context, reader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1,
					  &c->card, &protocol);
			if (rv == SCARD_S_SUCCESS)
				return c;
			SCardReleaseContext(c->context);
		}
		nanosleep(&wait, NULL);
	}
	free(c);
	return NULL;
}

size_t bench_client_send(struct bench_client *c, const uint8_t *command, size_t len,
			 uint8_t *response, size_t cap)
{
	DWORD got = (DWORD)cap;
	LONG rv = SCardTransmit(c->card, SCARD_PCI_T1, command, (DWORD)len, NULL, response, &got);

	return rv == SCARD_S_SUCCESS ? (size_t)got : 0;
}

void bench_client_close(struct bench_client *c)
{
	if (!c)
		return;
	SCardDisconnect(c->card, SCARD_LEAVE_CARD);
	SCardReleaseContext(c->context);
	free(c);
}
