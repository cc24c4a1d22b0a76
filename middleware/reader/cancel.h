/*
 * cancel.h -- what a blocking call waits on, and what ends it early: shared
 * by a context and the workers that may outlive it.
 */
#ifndef SJ_READER_CANCEL_H
#define SJ_READER_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/bytes.h"

struct sj_cancel;

/* A new one with one reference; NULL: no memory or descriptors. */
SJ_MUST_CHECK struct sj_cancel *sj_cancel_new(void);
struct sj_cancel *sj_cancel_ref(struct sj_cancel *c);
/* Drops a reference; the last one frees. */
void sj_cancel_free(struct sj_cancel *c);

/* From any thread and from a signal handler. */
void sj_cancel_raise(struct sj_cancel *c);
void sj_cancel_clear(struct sj_cancel *c);
bool sj_cancel_raised(struct sj_cancel *c);

/* A worker has something for the waiting caller. */
void sj_cancel_wake(struct sj_cancel *c);
/* Returns after a wake, a raise, a signal, or at `until` (sj_clock_ms()); look why. */
void sj_cancel_wait(struct sj_cancel *c, int64_t until);
/* A descriptor that is readable while raised, for poll(). */
int sj_cancel_fd(const struct sj_cancel *c);

#endif
