/*
 * pcsc.h -- PC/SC on a worker thread with a deadline.
 *
 * SCardConnect, SCardBeginTransaction and SCardTransmit block without limit
 * while another process holds a transaction or the service hangs. So every
 * call runs on a thread of its own with a PC/SC context of its own; a caller
 * whose deadline passes leaves the worker behind, which releases what it got
 * and ends when its call returns.
 *
 * The thread switches cost some microseconds an APDU (`make bench`, row
 * reader.roundtrip.p50): libpcsclite has no way to end a blocked SCardTransmit
 * from outside, so a call on the caller's own thread could not keep a deadline. In a
 * long row of quick answers both threads look about before they sleep, which saves most of it.
 */
#ifndef SJ_READER_PCSC_H
#define SJ_READER_PCSC_H

#include "reader/transport.h"

#include <sojourn/reader.h>

struct sj_cancel;
struct sj_pcsc;

#define SJ_PCSC_READERS_MAX 16u /* PCSCLITE_MAX_READERS_CONTEXTS */

struct sj_pcsc_reader {
	char name[SJ_READER_NAME_MAX];
	bool present, in_use, exclusive, mute;
	uint32_t count; /* grows with each card that comes or goes */
	uint8_t atr[SJ_ATR_MAX];
	size_t atr_len;
};

struct sj_pcsc_readers {
	size_t n;
	struct sj_pcsc_reader at[SJ_PCSC_READERS_MAX];
};

/* A worker; NULL: no memory or no thread. */
SJ_MUST_CHECK struct sj_pcsc *sj_pcsc_new(struct sj_cancel *cancel);
/* Ends the worker (NULL is fine). */
void sj_pcsc_release(struct sj_pcsc *p);

/*
 * The present state of all readers. SJ_TIMED_OUT and SJ_CANCELLED: *p was left
 * behind and is NULL now; sj_pcsc_new() makes another.
 */
SJ_MUST_CHECK enum sj_rc sj_pcsc_status(struct sj_pcsc **p, int64_t deadline,
					struct sj_pcsc_readers *out);
/* Waits until readers or cards come or go compared with `known`; as above. */
SJ_MUST_CHECK enum sj_rc sj_pcsc_wait(struct sj_pcsc **p, const struct sj_pcsc_readers *known,
				      int64_t deadline, struct sj_pcsc_readers *out);
/* The longest APDU that the reader's driver passes on, 0: it does not tell; as above. */
SJ_MUST_CHECK enum sj_rc sj_pcsc_apdu_max(struct sj_pcsc **p, const char *reader, int64_t deadline,
					  size_t *bytes);

/*
 * Transport to the card in the reader of exactly this name. It takes over the idle
 * worker *p (NULL is fine), which is NULL then: another thread and another
 * connection to the service cost more than an APDU. NULL: no memory, *p is as it was.
 */
SJ_MUST_CHECK struct sj_transport *sj_transport_pcsc(struct sj_cancel *cancel, const char *reader,
						     struct sj_pcsc **p);

#endif
