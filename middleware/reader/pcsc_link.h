/* pcsc_link.h -- what the thread that calls PC/SC has open: for pcsc_worker.c and pcsc_keypad.c. */
#ifndef SJ_READER_PCSC_LINK_H
#define SJ_READER_PCSC_LINK_H

#include <winscard.h>

#include "reader/pcsc_worker.h"
#include "reader/turn.h"

/* Lives on its stack. */
struct sj_link {
	SCARDCONTEXT context;
	SCARDHANDLE card;
	DWORD protocol;
	bool has_context, has_card;
	bool begun; /* a transaction, which keeps the turn */
	SCARD_IO_REQUEST request; /* of the command on its way; its protocol: sj_pcsc_forsake() */
	struct sj_turn turn;
};

/*
 * While a card is open, no card and no service both mean that it is lost. Who connects while
 * another process's reset is under way hears nothing of that from pcscd, but that the protocol is
 * not the one agreed on.
 */
enum sj_rc sj_link_failure(struct sj_link *l, LONG scard);

/* SJ_JOB_KEYPAD and SJ_JOB_PACE (pcsc_keypad.c). */
enum sj_rc sj_link_keypad(struct sj_link *l, struct sj_job *job);
enum sj_rc sj_link_pace(struct sj_link *l, struct sj_job *job);

#endif
