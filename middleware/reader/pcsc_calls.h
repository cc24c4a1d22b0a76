/*
 * pcsc_calls.h -- who is in a call of PC/SC, for fork() and for what libpcsclite does not lock.
 *
 * libpcsclite has a lock of its own, which nobody releases in the child of a fork at the moment
 * when another thread held it: each of its functions would hang there for ever. It is held at
 * the beginning and the end of calls, so that those that take long are not waited for.
 *
 * It keeps contexts and their handles in lists. Each call with a handle looks through all of them
 * when it begins, under that lock; but SCardConnect and SCardDisconnect change them, and the second
 * looks through them, without it (1.9.9 to 2.5.1): a process with two readers crashes once in some
 * ten thousand cards. So whoever changes these lists is alone for a while. That makes it rare, and is no
 * lock: a change comes at the end of its call, which may take longer than others wait for it, and a
 * call that waits for another's transaction looks its handle up again each 100 ms. Others in the
 * process who use libpcsclite know nothing of it.
 */
#ifndef SJ_READER_PCSC_CALLS_H
#define SJ_READER_PCSC_CALLS_H

#include <winscard.h>

/*
 * Around calls of PC/SC, by any thread; the first waits while a fork is under way, or a change, and so
 * does the third, before another call when the one before took long.
 */
void sj_pcsc_call_begin(void);
void sj_pcsc_call_end(void);
void sj_pcsc_call_again(void);

/*
 * Those that change the lists, in between these two. Another of them, and each call that begins, waits
 * until it has ended or has taken 0.5 s (a card that does not answer); it waits 20 ms at most for calls
 * that began before: what those look up they have by then.
 */
LONG sj_scard_establish(SCARDCONTEXT *context);
void sj_scard_release(SCARDCONTEXT context);
LONG sj_scard_connect(SCARDCONTEXT context, const char *reader, DWORD mode, DWORD protocols,
		      SCARDHANDLE *card, DWORD *protocol);
LONG sj_scard_disconnect(SCARDHANDLE card, DWORD disposition);

#endif
