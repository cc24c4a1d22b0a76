/* skip.h -- skipping a cmocka case, never without saying why. */
#ifndef TESTS_SKIP_H
#define TESTS_SKIP_H

#include <stdio.h>

/* Prints the reason where the runner finds it, and skips the present case. */
#define SKIP_BECAUSE(reason) \
	do { \
		printf("# SKIPPED: %s: %s\n", __func__, (reason)); \
		fflush(stdout); \
		skip(); \
	} while (0)

#endif
