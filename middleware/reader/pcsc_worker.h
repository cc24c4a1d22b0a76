/* pcsc_worker.h -- one PC/SC thread and the job it is given; shared by pcsc.c and pcsc_worker.c. */
#ifndef SJ_READER_PCSC_WORKER_H
#define SJ_READER_PCSC_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "reader/pcsc.h"

/*
 * Who owns the worker: IDLE and DONE the caller, BUSY both (each touches its
 * own side), LEFT the thread alone.
 */
enum sj_worker_state { SJ_WORKER_IDLE, SJ_WORKER_BUSY, SJ_WORKER_DONE, SJ_WORKER_LEFT };

enum sj_job_kind {
	SJ_JOB_STATUS,
	SJ_JOB_WAIT,
	SJ_JOB_APDU_MAX,
	SJ_JOB_CONNECT,
	SJ_JOB_TRANSMIT,
	SJ_JOB_BEGIN,
	SJ_JOB_END,
	SJ_JOB_DISCONNECT,
	SJ_JOB_KEYPAD,
	SJ_JOB_PACE,
	SJ_JOB_CLOSE,
};

#define SJ_KEYPAD_COMMAND_MAX 32u
#define SJ_READER_PACE_MAX 512u /* bytes of input to FEATURE_EXECUTE_PACE */

/*
 * To be put to sleep and woken again costs a seventh of what a card made of software takes for a
 * signature; to look about instead costs the time of a core. Only a long row of quick answers is worth it:
 * somebody signs again and again. The reading of a document is over before. No chip is as quick.
 */
#define SJ_QUICK_ROW 64u

struct sj_job {
	enum sj_job_kind kind;
	enum sj_rc rc;
	bool reset; /* DISCONNECT */
	int64_t deadline; /* WAIT */
	char reader[SJ_READER_NAME_MAX]; /* CONNECT, APDU_MAX */
	uint8_t atr[SJ_ATR_MAX]; /* CONNECT's result */
	size_t atr_len;
	struct sj_pcsc_readers readers; /* WAIT: known; result of STATUS and WAIT */
	struct sj_pcsc_readers now; /* WAIT's own */
	size_t apdu_max; /* APDU_MAX's result */
	size_t command_len, response_len;
	bool of_channel; /* TRANSMIT: as in struct sj_transport */
	unsigned channel, others;
	int64_t took_us; /* the last TRANSMIT; 0: none yet */
	unsigned quick; /* TRANSMITs in a row that were quick, up to SJ_QUICK_ROW */
	uint8_t command[SJ_APDU_COMMAND_MAX];
	uint8_t response[SJ_APDU_RESPONSE_MAX];
};

struct sj_link;

struct sj_pcsc {
	pthread_t thread;
	atomic_int state; /* enum sj_worker_state */
	_Atomic(struct sj_link *) link; /* the thread's; NULL: it has not begun */
	sem_t work; /* posted for each job */
	struct sj_cancel *cancel; /* its own reference; woken when a job is done */
	struct sj_job job;
};

/* The thread; `arg` is the struct sj_pcsc. */
void *sj_pcsc_worker(void *arg);
/*
 * Before a worker is left: a command that another's transaction keeps waiting must not reach the card when that
 * ends, in the middle of another conversation, where it could cost a try of a PIN. Before each TRANSMIT it
 * is armed, by the caller, so that no worker that begins late does so over that.
 */
void sj_pcsc_arm(struct sj_pcsc *p);
void sj_pcsc_forsake(struct sj_pcsc *p);
/* Wipes and frees, when the thread is gone or is the one calling. */
void sj_pcsc_destroy(struct sj_pcsc *p);

#endif
