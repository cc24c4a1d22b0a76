/* pcsc_worker.c -- the thread that calls PC/SC; it, pcsc_calls.c, pcsc_told.c and pcsc_keypad.c alone know winscard.h. */
#include "reader/pcsc_worker.h"

#include <reader.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "reader/cancel.h"
#include "reader/pcsc_calls.h"
#include "reader/pcsc_denied.h"
#include "reader/pcsc_link.h"

/* Longest single wait, so that a worker left behind ends soon. */
#define SLICE_MS 1000
#define QUICK_US 4000 /* a transmission that a card made of software may take: RSA, and then some */
#define LOOK_US 50

struct failure_of {
	LONG scard;
	enum sj_rc rc;
};

/*
 * What PC/SC's failures mean here. DWORD and LONG are 32 or 64 bits wide: only
 * the low 32 bits count.
 */
static enum sj_rc failure(LONG scard)
{
	static const struct failure_of table[] = {
		{ SCARD_S_SUCCESS, SJ_OK },
		{ SCARD_E_NO_SERVICE, SJ_NO_PCSCD },
		{ SCARD_E_SERVICE_STOPPED, SJ_NO_PCSCD },
		{ SCARD_F_COMM_ERROR, SJ_NO_PCSCD },
		{ SCARD_E_INVALID_HANDLE, SJ_READER_LOST },
		{ SCARD_E_NO_READERS_AVAILABLE, SJ_NO_READER },
		{ SCARD_E_UNKNOWN_READER, SJ_READER_LOST },
		{ SCARD_E_READER_UNAVAILABLE, SJ_READER_LOST },
		{ SCARD_E_NO_SMARTCARD, SJ_NO_CARD },
		{ SCARD_W_REMOVED_CARD, SJ_CARD_LOST },
		{ SCARD_E_NOT_TRANSACTED, SJ_CARD_LOST },
		{ SCARD_W_RESET_CARD, SJ_CARD_RESET },
		{ SCARD_W_UNPOWERED_CARD, SJ_CARD_MUTE },
		{ SCARD_W_UNRESPONSIVE_CARD, SJ_CARD_MUTE },
		{ SCARD_W_UNSUPPORTED_CARD, SJ_CARD_MUTE },
		{ SCARD_E_PROTO_MISMATCH, SJ_CARD_MUTE },
		{ SCARD_E_SHARING_VIOLATION, SJ_READER_BUSY },
		{ SCARD_W_SECURITY_VIOLATION, SJ_NOT_ALLOWED },
		{ SCARD_E_INSUFFICIENT_BUFFER, SJ_CARD_ANSWER },
		{ SCARD_E_NO_MEMORY, SJ_NO_MEMORY },
		{ SCARD_E_TIMEOUT, SJ_TIMED_OUT },
		{ SCARD_E_CANCELLED, SJ_CANCELLED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if ((uint32_t)table[i].scard == (uint32_t)scard)
			return table[i].rc;
	}
	return SJ_INTERNAL;
}

static void drop_card(struct sj_link *l, DWORD disposition)
{
	if (l->has_card)
		(void)sj_scard_disconnect(l->card, disposition);
	l->has_card = l->begun = false;
	sj_turn_end(&l->turn);
}

static void drop_context(struct sj_link *l)
{
	drop_card(l, SCARD_LEAVE_CARD);
	if (l->has_context)
		sj_scard_release(l->context);
	l->has_context = false;
}

static LONG need_context(struct sj_link *l)
{
	LONG rv;

	if (l->has_context)
		return SCARD_S_SUCCESS;
	rv = sj_scard_establish(&l->context);
	l->has_context = rv == SCARD_S_SUCCESS;
	if (sj_link_died(rv) || sj_link_hung_up(rv))
		return sj_pcsc_denied() ? SCARD_W_SECURITY_VIOLATION : SCARD_E_NO_SERVICE;
	return rv;
}

/* A fork need not wait for that. */
static void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	sj_pcsc_call_end();
	nanosleep(&t, NULL);
	sj_pcsc_call_begin();
}

/* --- turns -------------------------------------------------------------------- */

/* A place in the queue of the job's reader. */
static void find_place(struct sj_link *l, const struct sj_job *job)
{
	const char *service = getenv("PCSCLITE_CSOCK_NAME");

	sj_turn_close(&l->turn);
	sj_turn_open(&l->turn, service ? service : "", job->reader);
}

/* False: the caller went away meanwhile. */
static bool take_turn(struct sj_link *l, const struct sj_pcsc *p, bool alone)
{
	if (l->begun)
		return true;
	while (!sj_turn_is(&l->turn, alone)) {
		if (atomic_load(&p->state) != SJ_WORKER_BUSY) {
			sj_turn_end(&l->turn);
			return false;
		}
		pause_ms(1);
	}
	return true;
}

/* --- lists and waiting -------------------------------------------------------- */

/* Fills the names from PC/SC's list of strings, which ends with an empty one. */
static void take_names(const char *names, struct sj_pcsc_readers *out)
{
	out->n = 0;
	while (*names != '\0' && out->n < SJ_PCSC_READERS_MAX) {
		size_t len = strlen(names);
		struct sj_pcsc_reader *r = &out->at[out->n];

		if (len < sizeof(r->name)) {
			memset(r, 0, sizeof(*r));
			memcpy(r->name, names, len + 1);
			out->n++;
		}
		names += len + 1;
	}
}

static LONG list_names(struct sj_link *l, struct sj_pcsc_readers *out)
{
	char names[SJ_PCSC_READERS_MAX * SJ_READER_NAME_MAX + 1] = { 0 };
	DWORD len = sizeof(names) - 1;
	LONG rv = SCardListReaders(l->context, NULL, names, &len);

	out->n = 0;
	if (rv == SCARD_S_SUCCESS)
		take_names(names, out);
	return (uint32_t)rv == (uint32_t)SCARD_E_NO_READERS_AVAILABLE ? SCARD_S_SUCCESS : rv;
}

static void take_state(const SCARD_READERSTATE *from, struct sj_pcsc_reader *to)
{
	DWORD state = from->dwEventState;

	to->present = (state & SCARD_STATE_PRESENT) != 0;
	to->in_use = (state & SCARD_STATE_INUSE) != 0;
	to->exclusive = (state & SCARD_STATE_EXCLUSIVE) != 0;
	to->mute = (state & SCARD_STATE_MUTE) != 0;
	to->count = (uint32_t)(state >> 16) & 0xFFFF;
	to->atr_len = from->cbAtr <= SJ_ATR_MAX ? (size_t)from->cbAtr : 0;
	memcpy(to->atr, from->rgbAtr, to->atr_len);
}

/* PC/SC's view of `readers`; states[n] is the notice of readers that come and go. */
static void states_of(const struct sj_pcsc_readers *readers, SCARD_READERSTATE *states)
{
	memset(states, 0, (readers->n + 1) * sizeof(*states));
	for (size_t i = 0; i < readers->n; i++)
		states[i].szReader = readers->at[i].name;
	states[readers->n].szReader = "\\\\?PnP?\\Notification";
}

/* The present state, at once; waiting on `states` then waits for the next change. */
static LONG snapshot(struct sj_link *l, struct sj_pcsc_readers *out, SCARD_READERSTATE *states)
{
	LONG rv = need_context(l);

	if (rv == SCARD_S_SUCCESS)
		rv = list_names(l, out);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	states_of(out, states);
	if (out->n > 0)
		rv = SCardGetStatusChange(l->context, 0, states, (DWORD)out->n);
	if (rv != SCARD_S_SUCCESS && (uint32_t)rv != (uint32_t)SCARD_E_TIMEOUT)
		return rv;
	for (size_t i = 0; i < out->n; i++) {
		take_state(&states[i], &out->at[i]);
		states[i].dwCurrentState = states[i].dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
	}
	return SCARD_S_SUCCESS;
}

/* As snapshot(); a context that died with the service is made anew, once. */
static LONG snapshot_anew(struct sj_link *l, struct sj_pcsc_readers *out, SCARD_READERSTATE *states)
{
	LONG rv = sj_link_told(l, snapshot(l, out, states));

	if (sj_link_died(rv) && l->has_context) {
		drop_context(l);
		rv = sj_link_told(l, snapshot(l, out, states));
	}
	if (sj_link_died(rv))
		drop_context(l);
	return rv;
}

static enum sj_rc job_status(struct sj_link *l, struct sj_job *job)
{
	SCARD_READERSTATE states[SJ_PCSC_READERS_MAX + 1];

	return failure(snapshot_anew(l, &job->readers, states));
}

/* Something came or went; who else uses a card does not count. */
static bool differs(const struct sj_pcsc_readers *a, const struct sj_pcsc_readers *b)
{
	if (a->n != b->n)
		return true;
	for (size_t i = 0; i < a->n; i++) {
		const struct sj_pcsc_reader *x = &a->at[i], *y = &b->at[i];

		if (strcmp(x->name, y->name) != 0 || x->present != y->present ||
		    x->mute != y->mute || x->count != y->count)
			return true;
	}
	return false;
}

static DWORD slice_until(int64_t deadline)
{
	int64_t left = deadline - sj_clock_ms();

	if (left < 0)
		return 0;
	return left < SLICE_MS ? (DWORD)left : SLICE_MS;
}

static enum sj_rc job_wait(struct sj_link *l, struct sj_pcsc *p)
{
	SCARD_READERSTATE states[SJ_PCSC_READERS_MAX + 1];
	struct sj_job *job = &p->job;

	while (atomic_load(&p->state) == SJ_WORKER_BUSY) {
		LONG rv = snapshot_anew(l, &job->now, states);

		if (rv != SCARD_S_SUCCESS)
			return failure(rv);
		if (differs(&job->readers, &job->now)) {
			job->readers = job->now;
			return SJ_OK;
		}
		if (sj_clock_ms() >= job->deadline)
			return SJ_TIMED_OUT;
		sj_pcsc_call_end(); /* it takes long, and is nothing to wait for */
		rv = SCardGetStatusChange(l->context, slice_until(job->deadline), states,
					  (DWORD)job->now.n + 1);
		sj_pcsc_call_begin();
		/* Only another's use changed, or the service died: no hurry. */
		if ((uint32_t)rv != (uint32_t)SCARD_E_TIMEOUT)
			pause_ms(20);
	}
	return SJ_CANCELLED;
}

/* --- one reader --------------------------------------------------------------- */

/* A connection to the driver alone: the card is neither powered nor reset. */
static LONG ask_driver(struct sj_link *l, const char *reader, DWORD attribute, uint32_t *value)
{
	uint8_t bytes[sizeof(DWORD)];
	DWORD protocol, len = sizeof(bytes);
	SCARDHANDLE direct;
	LONG rv = need_context(l);

	*value = 0;
	if (rv == SCARD_S_SUCCESS)
		rv = sj_scard_connect(l->context, reader, SCARD_SHARE_DIRECT, 0, &direct,
				      &protocol);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	/* Drivers write 32 bits; one that does not know the attribute fails. */
	if (SCardGetAttrib(direct, attribute, bytes, &len) == SCARD_S_SUCCESS &&
	    len >= sizeof(*value))
		memcpy(value, bytes, sizeof(*value));
	return sj_scard_disconnect(direct, SCARD_LEAVE_CARD);
}

static enum sj_rc job_apdu_max(struct sj_link *l, struct sj_pcsc *p)
{
	struct sj_job *job = &p->job;
	uint32_t value;
	LONG rv;

	find_place(l, job);
	if (!take_turn(l, p, true))
		return SJ_CANCELLED;
	rv = sj_link_told(l, ask_driver(l, job->reader, SCARD_ATTR_MAXINPUT, &value));
	sj_turn_end(&l->turn); /* the next job may be a long wait */
	if (sj_link_died(rv))
		drop_context(l);
	job->apdu_max = value;
	return failure(rv);
}

/* --- one card ------------------------------------------------------------------- */

static LONG connect_once(struct sj_link *l, struct sj_job *job)
{
	DWORD atr_len = sizeof(job->atr), state = 0, protocol = 0;
	LONG rv = need_context(l);

	job->atr_len = 0;
	if (rv == SCARD_S_SUCCESS)
		rv = sj_scard_connect(l->context, job->reader, SCARD_SHARE_SHARED,
				      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &l->card,
				      &l->protocol);
	if (rv != SCARD_S_SUCCESS)
		return rv;
	l->has_card = true;
	rv = SCardStatus(l->card, NULL, NULL, &state, &protocol, job->atr, &atr_len);
	if (rv == SCARD_S_SUCCESS)
		job->atr_len = (size_t)atr_len;
	return rv;
}

/* A service that came anew, or a reset by another before anything was said, is no matter yet. */
static enum sj_rc job_connect(struct sj_link *l, struct sj_pcsc *p)
{
	LONG rv;

	drop_card(l, SCARD_LEAVE_CARD);
	find_place(l, &p->job);
	for (int again = 0; again < 3; again++) {
		if (!take_turn(l, p, true))
			return SJ_CANCELLED;
		rv = sj_link_told(l, connect_once(l, &p->job));
		if (sj_link_died(rv))
			drop_context(l);
		else if ((uint32_t)rv == (uint32_t)SCARD_W_RESET_CARD)
			drop_card(l, SCARD_LEAVE_CARD);
		else
			break;
	}
	if (rv == SCARD_S_SUCCESS && p->job.atr_len == 0)
		return SJ_CARD_MUTE;
	return failure(rv);
}

enum sj_rc sj_link_failure(struct sj_link *l, LONG scard)
{
	scard = sj_link_told(l, scard);
	if (sj_link_died(scard)) {
		drop_context(l);
		return SJ_READER_LOST;
	}
	switch ((uint32_t)scard) {
	case (uint32_t)SCARD_E_NO_SMARTCARD:
		return SJ_CARD_LOST;
	case (uint32_t)SCARD_E_PROTO_MISMATCH:
	case (uint32_t)SCARD_W_UNPOWERED_CARD:
		return SJ_CARD_RESET;
	default:
		return failure(scard);
	}
}

/*
 * T=0 has no case 4: data go without Le, and GET RESPONSE fetches the answer
 * (ISO/IEC 7816-3:2006, 12.2.1.4).
 */
static size_t length_for_protocol(const struct sj_link *l, const struct sj_job *job)
{
	struct sj_apdu a;

	if (l->protocol != SCARD_PROTOCOL_T0 ||
	    !sj_apdu_parse(sj_span(job->command, job->command_len), &a))
		return job->command_len;
	if (a.extended || a.data.len == 0 || a.ne == 0)
		return job->command_len;
	return job->command_len - 1;
}

static void set_protocol(struct sj_link *l, DWORD protocol)
{
	__atomic_store_n(&l->request.dwProtocol, protocol, __ATOMIC_SEQ_CST);
}

/*
 * SCardTransmit() asks the service every 100 ms whether the card is free, each time with the protocol that
 * it finds in the request, and without one the service refuses. Nothing else ends it: SCardCancel() does not,
 * and to release the context could block all others of the process.
 */
void sj_pcsc_arm(struct sj_pcsc *p)
{
	struct sj_link *l = atomic_load(&p->link);

	if (l != NULL)
		set_protocol(l, l->protocol);
}

void sj_pcsc_forsake(struct sj_pcsc *p)
{
	struct sj_link *l = atomic_load(&p->link);

	if (l != NULL && p->job.kind == SJ_JOB_TRANSMIT)
		set_protocol(l, SCARD_PROTOCOL_UNDEFINED);
}

/* Outside a transaction together with others'; but a channel may be another's by now, who would lose it. */
static enum sj_rc job_transmit(struct sj_link *l, struct sj_pcsc *p)
{
	struct sj_job *job = &p->job;
	DWORD len = sizeof(job->response);
	LONG rv;

	if (!l->has_card)
		return SJ_CARD_LOST;
	if (!take_turn(l, p, job->of_channel) || atomic_load(&p->state) != SJ_WORKER_BUSY)
		return SJ_CANCELLED;
	if (job->of_channel && job->channel != l->turn.others)
		return SJ_CARD_SM_BROKEN;
	rv = SCardTransmit(l->card, &l->request, job->command, (DWORD)length_for_protocol(l, job),
			   NULL, job->response, &len);
	job->response_len = rv == SCARD_S_SUCCESS ? (size_t)len : 0;
	if (rv != SCARD_S_SUCCESS)
		return sj_link_failure(l, rv);
	/* No card answers less than a status word; drivers do when it is pulled away. */
	return job->response_len < 2 ? SJ_CARD_LOST : SJ_OK;
}

static enum sj_rc job_begin(struct sj_link *l, const struct sj_pcsc *p)
{
	LONG rv;

	if (!l->has_card)
		return SJ_CARD_LOST;
	if (!take_turn(l, p, true))
		return SJ_CANCELLED;
	rv = SCardBeginTransaction(l->card);
	l->begun = rv == SCARD_S_SUCCESS;
	if (l->begun)
		return SJ_OK;
	sj_turn_end(&l->turn);
	return sj_link_failure(l, rv);
}

static enum sj_rc job_end(struct sj_link *l)
{
	if (l->has_card)
		SCardEndTransaction(l->card, SCARD_LEAVE_CARD);
	l->begun = false;
	return SJ_OK;
}

/* In a transaction, which is waited for before the reader asks for a PIN: who gave up is not asked. */
static enum sj_rc job_pace(struct sj_link *l, struct sj_pcsc *p)
{
	/* Without a command it only asks whether there is such a reader. */
	const bool alone = !l->begun && p->job.command_len > 0;
	enum sj_rc rc = alone ? job_begin(l, p) : SJ_OK;

	if (rc == SJ_OK && atomic_load(&p->state) != SJ_WORKER_BUSY)
		rc = SJ_CANCELLED;
	if (rc == SJ_OK)
		rc = sj_link_pace(l, &p->job);
	if (alone && l->begun)
		(void)job_end(l);
	return rc;
}

static enum sj_rc do_job(struct sj_link *l, struct sj_pcsc *p)
{
	switch (p->job.kind) {
	case SJ_JOB_STATUS:
		return job_status(l, &p->job);
	case SJ_JOB_WAIT:
		return job_wait(l, p);
	case SJ_JOB_APDU_MAX:
		return job_apdu_max(l, p);
	case SJ_JOB_CONNECT:
		return job_connect(l, p);
	case SJ_JOB_TRANSMIT:
		return job_transmit(l, p);
	case SJ_JOB_BEGIN:
		return job_begin(l, p);
	case SJ_JOB_END:
		return job_end(l);
	case SJ_JOB_DISCONNECT:
		drop_card(l, p->job.reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
		return SJ_OK;
	case SJ_JOB_KEYPAD:
		return sj_link_keypad(l, &p->job);
	case SJ_JOB_PACE:
		return job_pace(l, p);
	case SJ_JOB_CLOSE:
		drop_context(l);
		sj_turn_close(&l->turn);
		return SJ_OK;
	}
	return SJ_INTERNAL;
}

void sj_pcsc_destroy(struct sj_pcsc *p)
{
	sem_destroy(&p->work);
	sj_cancel_free(p->cancel);
	sj_wipe(&p->job, sizeof(p->job));
	free(p);
}

/* Does a job come within so many milliseconds? */
static bool comes_in(struct sj_pcsc *p, unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += (long)ms * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return sem_timedwait(&p->work, &t) == 0;
}

/* The next job. In a row of quick ones the thread looks about for a moment before it sleeps. */
static void wait_for_work(struct sj_pcsc *p, struct sj_link *l, bool quick)
{
	const int64_t until = quick ? sj_clock_us() + LOOK_US : 0;

	while (quick && sj_clock_us() < until)
		if (sem_trywait(&p->work) == 0)
			return;
	if (!l->begun) {
		const unsigned idle = sj_turn_idle(&l->turn);

		if (idle > 0 && comes_in(p, idle))
			return;
		sj_turn_end(&l->turn);
	}
	while (sem_wait(&p->work) != 0)
		;
}

static void count_quick(struct sj_job *job, int64_t took_us)
{
	job->took_us = took_us;
	if (took_us >= QUICK_US)
		job->quick = 0;
	else if (job->quick < SJ_QUICK_ROW)
		job->quick++;
}

void *sj_pcsc_worker(void *arg)
{
	struct sj_pcsc *p = arg;
	struct sj_link l = { .turn = { .fd = -1 },
			     .request = { .cbPciLength = sizeof(l.request) } };
	bool last = false;

	atomic_store(&p->link, &l);
	while (!last) {
		struct sj_cancel *waiting;
		int busy = SJ_WORKER_BUSY;
		int64_t start;

		wait_for_work(p, &l, p->job.quick == SJ_QUICK_ROW);
		last = p->job.kind == SJ_JOB_CLOSE;
		start = sj_clock_us();
		sj_pcsc_call_begin();
		p->job.rc = do_job(&l, p);
		p->job.others = l.turn.others;
		sj_pcsc_call_end();
		if (p->job.kind == SJ_JOB_TRANSMIT)
			count_quick(&p->job, sj_clock_us() - start);
		waiting = sj_cancel_ref(p->cancel);
		if (atomic_compare_exchange_strong(&p->state, &busy, SJ_WORKER_DONE)) {
			sj_cancel_wake(waiting);
		} else {
			/* Left behind: nobody else knows of this worker any more. */
			sj_pcsc_call_begin();
			drop_context(&l);
			sj_pcsc_call_end();
			sj_turn_close(&l.turn);
			pthread_detach(pthread_self());
			sj_pcsc_destroy(p);
			last = true;
		}
		sj_cancel_free(waiting);
	}
	return NULL;
}
