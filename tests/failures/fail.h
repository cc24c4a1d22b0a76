/*
 * fail.h -- memory, input and output that fail on demand, for everything in the process.
 *
 * fail.c takes the place of libc's malloc, open, write and others: for our code and for the libraries
 * under it (OpenSSL, SQLite, libcbor). While a plan is armed each call of a kind that the plan
 * names is a point; the plan says which points fail. One plan at a time, all threads together.
 */
#ifndef TESTS_FAILURES_FAIL_H
#define TESTS_FAILURES_FAIL_H

#include <stdbool.h>
#include <stdint.h>

enum fail_kind {
	/* malloc and what is made of it: NULL, ENOMEM; mmap, pipe, fork, pthread_create, ... */
	FAIL_MEMORY = 1,
	FAIL_READ = 2, /* open, read, access, stat, lock, fopen, fread, opendir, ... */
	FAIL_WRITE =
		4, /* write, fsync, rename, unlink, open with O_CREAT, what a stream writes, ... */
	FAIL_ALL = FAIL_MEMORY | FAIL_READ | FAIL_WRITE,
};

/* What a failing call does, but for memory. */
enum fail_how {
	FAIL_EIO,
	FAIL_ENOSPC,
	FAIL_EINTR, /* nothing was done yet; close() and fclose() do not fail so */
	FAIL_SHORT, /* half of a read or write of two bytes and more; others are no points */
	/* What a stream writes fails, but for the last, with half of it written. */
};

struct fail_plan {
	unsigned kinds; /* enum fail_kind, or'ed */
	enum fail_how how;
	uint64_t at; /* the point that fails, from 1; 0: none */
	bool ever; /* and all after it */
	const char *only; /* NULL, or: calls with a path that ends so are the only points */
	bool tell; /* prints where it fails, in builds with a sanitiser */
};

void fail_arm(const struct fail_plan *plan);
/* Ends the plan; the number of points that it had. */
uint64_t fail_disarm(void);
/* How many points of the plan, or of the one before, failed. */
uint64_t fail_failed(void);
/* Nothing counts or fails in between: what belongs to the other side. Nests. */
void fail_pause(void);
void fail_resume(void);
/* From now on standard output is a stream as those that fopen makes. */
void fail_standard_output(void);
/* Allocations that were not freed so far. */
int64_t fail_alive(void);

#endif
