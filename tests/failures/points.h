/* points.h -- for fail.c and streams.c: whether this call fails now. */
#ifndef TESTS_FAILURES_POINTS_H
#define TESTS_FAILURES_POINTS_H

#include "tests/failures/fail.h"

/*
 * A call that does not move bytes: true if it fails now, with errno set. `closes`: not by a signal.
 * path: what the call names, or NULL.
 */
bool fail_whole(enum fail_kind kind, bool closes, const char *path);
/* Removing needs no room: not by ENOSPC. */
bool fail_removal(const char *path);
/* A call that the system has too little for: true if it fails now, with this errno. */
bool fail_memory(int error);

/* The function that this one stands before. */
#define NEXT(name) ((__typeof__(&name))fail_next(#name))
void *fail_next(const char *name);

#endif
