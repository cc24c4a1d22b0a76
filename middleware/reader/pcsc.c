/* pcsc.c -- the callers' side of PC/SC: hand a job to the worker, keep the deadline. */
#include "reader/pcsc.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "reader/cancel.h"
#include "reader/pcsc_worker.h"

/* Time for the service to answer when a worker is ended in good order. */
#define GOODBYE_MS 2000
/* The same when the caller is cancelled: who ends everything must not wait for a service that hangs. */
#define GOODBYE_CANCELLED_MS 100
/* What the caller waits awake for an answer; far below any chip. */
#define AWAKE_US 250
/* A worker that waits ends by itself at the deadline; this much later it hangs. */
#define WAIT_SLACK_MS 500

struct sj_pcsc *sj_pcsc_new(struct sj_cancel *cancel)
{
	struct sj_pcsc *p = calloc(1, sizeof(*p));
	sigset_t all, before;
	int failed;

	if (!p)
		return NULL;
	p->cancel = sj_cancel_ref(cancel);
	atomic_init(&p->state, SJ_WORKER_IDLE);
	atomic_init(&p->link, NULL);
	if (sem_init(&p->work, 0, 0) != 0)
		goto fail;
	/* The application's signal handlers run on the application's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&p->thread, NULL, sj_pcsc_worker, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return p;
	sem_destroy(&p->work);
fail:
	sj_cancel_free(p->cancel);
	free(p);
	return NULL;
}

static void tell_if_slow(struct sj_transport *t, int64_t now)
{
	void (*slow)(void *user) = t ? t->slow : NULL;

	if (!slow || now < t->slow_at)
		return;
	t->slow = NULL;
	slow(t->user);
}

/* Until when to sleep: the deadline, or earlier to say that it is slow. */
static int64_t sleep_until(const struct sj_transport *t, int64_t deadline)
{
	return t && t->slow && t->slow_at < deadline ? t->slow_at : deadline;
}

static bool is_quick(const struct sj_job *job)
{
	return job->kind == SJ_JOB_TRANSMIT && job->quick == SJ_QUICK_ROW &&
	       job->took_us <= AWAKE_US;
}

/* Waits awake as long as such a card takes. */
static void look_about(const struct sj_pcsc *p)
{
	const int64_t until = sj_clock_us() + AWAKE_US;

	while (atomic_load(&p->state) == SJ_WORKER_BUSY && sj_clock_us() < until)
		;
}

/* What gives back; it is due even when the caller is cancelled. */
static bool gives_back(enum sj_job_kind kind)
{
	return kind == SJ_JOB_END || kind == SJ_JOB_DISCONNECT || kind == SJ_JOB_CLOSE;
}

static int64_t goodbye(struct sj_cancel *cancel)
{
	return sj_clock_ms() + (sj_cancel_raised(cancel) ? GOODBYE_CANCELLED_MS : GOODBYE_MS);
}

/*
 * Runs p->job. *at is NULL if the worker was left: it owns itself from then on, and the answer
 * is SJ_TIMED_OUT or SJ_CANCELLED. `t`, may be NULL, hears when it is slow.
 */
static enum sj_rc run(struct sj_pcsc **at, struct sj_transport *t, int64_t deadline)
{
	struct sj_pcsc *p = *at;
	struct sj_cancel *cancel = p->cancel;
	const bool due = gives_back(p->job.kind);
	enum sj_rc why = SJ_OK;
	int busy = SJ_WORKER_BUSY;
	bool quick;

	if (sj_cancel_raised(cancel) && !due)
		return SJ_CANCELLED;
	quick = is_quick(&p->job); /* the job is the worker's from now on */
	atomic_store(&p->state, SJ_WORKER_BUSY);
	sem_post(&p->work);
	if (quick)
		look_about(p);
	while (atomic_load(&p->state) == SJ_WORKER_BUSY) {
		int64_t now = sj_clock_ms();

		tell_if_slow(t, now);
		if (sj_cancel_raised(cancel) && !due)
			why = SJ_CANCELLED;
		else if (now >= deadline)
			why = SJ_TIMED_OUT;
		if (why != SJ_OK)
			break;
		sj_cancel_wait(cancel, sleep_until(t, deadline));
	}
	if (why != SJ_OK)
		sj_pcsc_forsake(p);
	if (why != SJ_OK && atomic_compare_exchange_strong(&p->state, &busy, SJ_WORKER_LEFT)) {
		*at = NULL;
		return why;
	}
	atomic_store(&p->state, SJ_WORKER_IDLE);
	/* That is how a command ends that was just forsaken. */
	return why != SJ_OK && p->job.rc == SJ_CARD_RESET ? why : p->job.rc;
}

void sj_pcsc_release(struct sj_pcsc *p)
{
	if (!p)
		return;
	p->job.kind = SJ_JOB_CLOSE;
	(void)run(&p, NULL, goodbye(p->cancel));
	if (!p)
		return;
	pthread_join(p->thread, NULL);
	sj_pcsc_destroy(p);
}

enum sj_rc sj_pcsc_status(struct sj_pcsc **p, int64_t deadline, struct sj_pcsc_readers *out)
{
	enum sj_rc rc;

	(*p)->job.kind = SJ_JOB_STATUS;
	rc = run(p, NULL, deadline);
	if (rc == SJ_OK)
		*out = (*p)->job.readers;
	return rc;
}

enum sj_rc sj_pcsc_wait(struct sj_pcsc **p, const struct sj_pcsc_readers *known, int64_t deadline,
			struct sj_pcsc_readers *out)
{
	enum sj_rc rc;

	(*p)->job.kind = SJ_JOB_WAIT;
	(*p)->job.deadline = deadline;
	(*p)->job.readers = *known;
	rc = run(p, NULL, deadline + WAIT_SLACK_MS);
	if (rc == SJ_OK)
		*out = (*p)->job.readers;
	return rc;
}

enum sj_rc sj_pcsc_apdu_max(struct sj_pcsc **p, const char *reader, int64_t deadline, size_t *bytes)
{
	struct sj_job *job = &(*p)->job;
	enum sj_rc rc;

	if (strlen(reader) >= sizeof(job->reader))
		return SJ_READER_UNKNOWN;
	job->kind = SJ_JOB_APDU_MAX;
	memcpy(job->reader, reader, strlen(reader) + 1);
	rc = run(p, NULL, deadline);
	if (rc == SJ_OK)
		*bytes = (*p)->job.apdu_max;
	return rc;
}

/* --- the transport ---------------------------------------------------------- */

struct pcsc_transport {
	struct sj_transport head;
	struct sj_cancel *cancel;
	struct sj_pcsc *worker; /* NULL: none yet, or left behind */
	char reader[SJ_READER_NAME_MAX];
};

/* Why there is no worker: it was left behind, by who cancelled or at a deadline. */
static enum sj_rc why_no_worker(const struct pcsc_transport *self)
{
	return sj_cancel_raised(self->cancel) ? SJ_CANCELLED : SJ_CARD_LOST;
}

/* Why connecting took too long: somebody has the card, or it is slow to power up. */
static enum sj_rc why_no_connection(const struct pcsc_transport *self)
{
	struct sj_pcsc *p = sj_pcsc_new(self->cancel);
	struct sj_pcsc_readers readers = { 0 };
	enum sj_rc rc = SJ_TIMED_OUT;

	if (p && sj_pcsc_status(&p, sj_clock_ms() + GOODBYE_MS, &readers) != SJ_OK)
		rc = SJ_READER_BUSY;
	for (size_t i = 0; i < readers.n; i++)
		if (strcmp(readers.at[i].name, self->reader) == 0 &&
		    (readers.at[i].in_use || readers.at[i].exclusive))
			rc = SJ_READER_BUSY;
	sj_pcsc_release(p);
	return sj_cancel_raised(self->cancel) ? SJ_CANCELLED : rc;
}

static enum sj_rc transport_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;
	enum sj_rc rc;

	if (!self->worker)
		self->worker = sj_pcsc_new(self->cancel);
	if (!self->worker)
		return SJ_NO_MEMORY;
	self->worker->job.kind = SJ_JOB_CONNECT;
	memcpy(self->worker->job.reader, self->reader, sizeof(self->reader));
	rc = run(&self->worker, NULL, deadline);
	if (rc == SJ_TIMED_OUT)
		return why_no_connection(self);
	if (rc == SJ_OK)
		sj_put(atr, sj_span(self->worker->job.atr, self->worker->job.atr_len));
	return rc;
}

static enum sj_rc transport_transmit(struct sj_transport *t, struct sj_span command,
				     int64_t deadline, struct sj_writer *response)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;
	struct sj_pcsc *p = self->worker;
	enum sj_rc rc;

	if (!p)
		return why_no_worker(self);
	if (command.len > sizeof(p->job.command))
		return SJ_INTERNAL;
	p->job.kind = SJ_JOB_TRANSMIT;
	memcpy(p->job.command, command.ptr, command.len);
	p->job.command_len = command.len;
	p->job.of_channel = t->of_channel;
	p->job.channel = t->channel;
	sj_pcsc_arm(p);
	rc = run(&self->worker, t, deadline);
	if (self->worker)
		t->others = p->job.others;
	if (rc == SJ_OK)
		sj_put(response, sj_span(p->job.response, p->job.response_len));
	if (self->worker) /* else the thread still has it, and wipes it */
		sj_wipe(p->job.command, p->job.command_len);
	return rc;
}

static enum sj_rc transport_begin(struct sj_transport *t, int64_t deadline)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;
	enum sj_rc rc;

	if (!self->worker)
		return why_no_worker(self);
	self->worker->job.kind = SJ_JOB_BEGIN;
	rc = run(&self->worker, NULL, deadline);
	if (self->worker)
		t->others = self->worker->job.others;
	return rc == SJ_TIMED_OUT ? SJ_READER_BUSY : rc;
}

static void transport_end(struct sj_transport *t)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;

	if (!self->worker)
		return;
	self->worker->job.kind = SJ_JOB_END;
	(void)run(&self->worker, NULL, goodbye(self->cancel));
}

static void transport_disconnect(struct sj_transport *t, bool reset)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;

	if (!self->worker)
		return;
	self->worker->job.kind = SJ_JOB_DISCONNECT;
	self->worker->job.reset = reset;
	(void)run(&self->worker, NULL, goodbye(self->cancel));
}

/* What the reader does by itself with these bytes, at most `max`. */
static enum sj_rc feature(struct sj_transport *t, enum sj_job_kind kind, struct sj_span input,
			  size_t max, int64_t deadline, struct sj_writer *output)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;
	struct sj_pcsc *p = self->worker;
	enum sj_rc rc;

	if (!p)
		return why_no_worker(self);
	if (input.len > max)
		return SJ_INTERNAL;
	p->job.kind = kind;
	if (input.len > 0)
		memcpy(p->job.command, input.ptr, input.len);
	p->job.command_len = input.len;
	rc = run(&self->worker, NULL, deadline);
	if (rc == SJ_OK)
		sj_put(output, sj_span(p->job.response, p->job.response_len));
	return rc;
}

static enum sj_rc transport_keypad(struct sj_transport *t, struct sj_span command, int64_t deadline,
				   struct sj_writer *response)
{
	return feature(t, SJ_JOB_KEYPAD, command, SJ_KEYPAD_COMMAND_MAX, deadline, response);
}

static enum sj_rc transport_pace(struct sj_transport *t, struct sj_span input, int64_t deadline,
				 struct sj_writer *output)
{
	return feature(t, SJ_JOB_PACE, input, SJ_READER_PACE_MAX, deadline, output);
}

static void transport_close(struct sj_transport *t)
{
	struct pcsc_transport *self = (struct pcsc_transport *)t;

	sj_pcsc_release(self->worker);
	sj_cancel_free(self->cancel);
	free(self);
}

static const struct sj_transport_ops pcsc_ops = {
	.connect = transport_connect,
	.transmit = transport_transmit,
	.begin = transport_begin,
	.end = transport_end,
	.disconnect = transport_disconnect,
	.close = transport_close,
	.keypad = transport_keypad,
	.pace = transport_pace,
};

struct sj_transport *sj_transport_pcsc(struct sj_cancel *cancel, const char *reader,
				       struct sj_pcsc **p)
{
	struct pcsc_transport *self = calloc(1, sizeof(*self));

	if (!self || strlen(reader) >= sizeof(self->reader)) {
		free(self);
		return NULL;
	}
	self->head.ops = &pcsc_ops;
	self->cancel = sj_cancel_ref(cancel);
	self->worker = *p;
	*p = NULL;
	memcpy(self->reader, reader, strlen(reader) + 1);
	return &self->head;
}
