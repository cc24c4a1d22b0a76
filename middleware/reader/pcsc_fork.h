/*
 * pcsc_fork.h -- fork() waits for the calls of PC/SC that other threads are in.
 *
 * libpcsclite has a lock of its own, which nobody releases in the child of a fork at the moment
 * when another thread held it: each of its functions would hang there for ever. It is held at
 * the beginning and the end of calls, so that those that take long are not waited for.
 */
#ifndef SJ_READER_PCSC_FORK_H
#define SJ_READER_PCSC_FORK_H

/* Around calls of PC/SC, by any thread; the first waits while a fork is under way. */
void sj_pcsc_call_begin(void);
void sj_pcsc_call_end(void);

#endif
