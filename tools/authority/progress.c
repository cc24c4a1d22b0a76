#include "authority/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR 24u
#define BAR_S 0.2
#define LINE_S 5.0

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void progress_begin(struct progress *p, struct cli *cli, const char *what, uint64_t done)
{
	*p = (struct progress){ .cli = cli, .what = what, .first = done };
	p->terminal = isatty(STDERR_FILENO) == 1;
	p->start = now();
	p->last = p->start;
}

double progress_seconds(const struct progress *p)
{
	return now() - p->start;
}

/* "1:02:07", "0:42". */
static void put_time(char out[static 24], double seconds)
{
	const unsigned long s = (unsigned long)(seconds + 0.5);

	if (s >= 3600)
		snprintf(out, 24, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, 24, "%lu:%02lu", s / 60, s % 60);
}

static void put_bar(char out[static BAR + 1], uint64_t done, uint64_t all)
{
	const size_t full = all == 0 ? 0 : (size_t)(done * BAR / all);

	memset(out, '.', BAR);
	memset(out, '#', full < BAR ? full : BAR);
	out[BAR] = '\0';
}

void progress_show(struct progress *p, uint64_t done, uint64_t all, uint64_t failed)
{
	const double at = now(), seconds = at - p->start;
	const double rate = seconds > 0 ? (double)(done - p->first) / seconds : 0;
	char bar[BAR + 1], left[24] = "", text[160], trouble[40] = "";

	if (at - p->last < (p->terminal ? BAR_S : LINE_S))
		return;
	p->last = at;
	if (rate > 0 && all > done)
		put_time(left, (double)(all - done) / rate);
	if (failed > 0)
		snprintf(trouble, sizeof(trouble), ", %llu failed", (unsigned long long)failed);
	put_bar(bar, done, all);
	snprintf(text, sizeof(text), "%llu of %llu %s, %.1f/s%s%s%s", (unsigned long long)done,
		 (unsigned long long)all, p->what, rate, left[0] != '\0' ? ", left " : "", left,
		 trouble);
	if (p->terminal)
		fprintf(stderr, "\r\033[K[%s] %s", bar, text);
	else
		cli_note(p->cli, "%s", text);
}

void progress_clear(struct progress *p)
{
	if (p->terminal)
		fprintf(stderr, "\r\033[K");
	p->last = 0;
}
