/* context.h -- what a context is inside: the listener, cancelling, what is remembered. */
#ifndef SJ_READER_CONTEXT_H
#define SJ_READER_CONTEXT_H

#include <sojourn/sojourn.h>

#include "wire/bytes.h"

struct sj_cancel;
struct sj_pcsc;

/* A card that turned out not to be ours, until it is taken away. */
#define SJ_REFUSED_MAX 16u /* pcscd has at most 16 readers */
struct sj_refused {
	char reader[128]; /* "" : free */
	uint32_t count; /* the reader's count of card events when it was refused */
};

struct sj_context {
	sj_event_fn listener;
	void *user;
	sj_signed_fn find; /* takes signed data apart; NULL: done here */
	void *find_user;
	int64_t until; /* no call lasts longer (sj_clock_ms()); 0: each has its own deadline */
	struct sj_cancel *cancel; /* shared with workers that outlive the context */
	struct sj_pcsc *monitor; /* for lists and waiting; NULL until needed */
	struct sj_refused refused[SJ_REFUSED_MAX];
};

/* Tells the listener, if there is one. */
void sj_context_tell(struct sj_context *ctx, enum sj_event_kind kind, struct sj_span bytes);
/* A sentence for whoever wonders why it takes long. */
void sj_context_notice(struct sj_context *ctx, const char *text);
bool sj_context_cancelled(const struct sj_context *ctx);
/* This deadline, or the one that all calls have, if that is earlier. */
int64_t sj_context_until(const struct sj_context *ctx, int64_t deadline);
/* Somebody was asked for so long (ms): what all calls have is later. */
void sj_context_asked(struct sj_context *ctx, int64_t ms);

#endif
