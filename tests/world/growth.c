/* growth.c -- whether memory grows: the heap that is in use, after each of many disturbances. */
#include <malloc.h>
#include <stdlib.h>

#include "tests/world/world.h"

void world_growth_note(struct growth *g)
{
	const struct mallinfo2 now = mallinfo2();

	if (g->n < WORLD_GROWTH_MAX)
		g->bytes[g->n++] = (double)(now.uordblks + now.hblkhd);
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double world_growth_slope(const struct growth *g)
{
	const size_t from = g->n / 2, n = g->n - from, pairs = n * (n - (n > 0)) / 2;
	double *slopes = calloc(pairs + 1, sizeof(*slopes)), median;
	size_t k = 0;

	if (!slopes)
		world_fail("no memory");
	for (size_t i = from; i < g->n; i++)
		for (size_t j = i + 1; j < g->n; j++)
			slopes[k++] = (g->bytes[j] - g->bytes[i]) / (double)(j - i);
	qsort(slopes, k, sizeof(*slopes), by_value);
	median = slopes[k / 2];
	free(slopes);
	return median;
}
