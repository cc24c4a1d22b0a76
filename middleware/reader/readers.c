/* readers.c -- which readers there are, and waiting for a card. */
#include <stdlib.h>
#include <string.h>

#include "reader/card.h"
#include "reader/pcsc.h"

struct sj_readers {
	struct sj_pcsc_readers state;
};

/* --- lists ---------------------------------------------------------------------- */

static enum sj_rc need_monitor(struct sj_context *ctx)
{
	if (!ctx->monitor)
		ctx->monitor = sj_pcsc_new(ctx->cancel);
	return ctx->monitor ? SJ_OK : SJ_NO_MEMORY;
}

/* `known` NULL: the present state; else the next one. */
static enum sj_rc look(struct sj_context *ctx, const struct sj_pcsc_readers *known,
		       int64_t deadline, struct sj_pcsc_readers *out)
{
	enum sj_rc rc = need_monitor(ctx);

	if (rc != SJ_OK)
		return rc;
	if (!known)
		return sj_pcsc_status(&ctx->monitor, deadline, out);
	return sj_pcsc_wait(&ctx->monitor, known, deadline, out);
}

static enum sj_rc list(struct sj_context *ctx, const struct sj_readers *known, unsigned timeout_ms,
		       struct sj_readers **out)
{
	struct sj_readers *fresh = calloc(1, sizeof(*fresh));
	enum sj_rc rc;

	if (!fresh)
		return SJ_NO_MEMORY;
	rc = look(ctx, known ? &known->state : NULL,
		  sj_context_until(ctx, sj_deadline_after(timeout_ms)), &fresh->state);
	if (rc != SJ_OK) {
		free(fresh);
		return rc;
	}
	*out = fresh;
	return SJ_OK;
}

enum sj_rc sj_readers_list(struct sj_context *ctx, unsigned timeout_ms, struct sj_readers **out)
{
	return list(ctx, NULL, timeout_ms, out);
}

enum sj_rc sj_readers_wait(struct sj_context *ctx, const struct sj_readers *known,
			   unsigned timeout_ms, struct sj_readers **out)
{
	return list(ctx, known, timeout_ms, out);
}

size_t sj_readers_count(const struct sj_readers *readers)
{
	return readers->state.n;
}

bool sj_readers_get(const struct sj_readers *readers, size_t i, struct sj_reader_info *out)
{
	const struct sj_pcsc_reader *r;
	struct sj_reader_info info;
	size_t size = out->size;

	if (i >= readers->state.n)
		return false;
	r = &readers->state.at[i];
	info = (struct sj_reader_info){
		.size = size,
		.card_present = r->present,
		.in_use = r->in_use,
		.exclusive = r->exclusive,
		.mute = r->mute,
		.atr_len = r->atr_len,
		.events = r->count,
	};
	memcpy(info.name, r->name, sizeof(info.name));
	memcpy(info.atr, r->atr, sizeof(info.atr));
	memcpy(out, &info, size < sizeof(info) ? size : sizeof(info));
	return true;
}

void sj_readers_free(struct sj_readers *readers)
{
	free(readers);
}

enum sj_rc sj_reader_apdu_max(struct sj_context *ctx, const char *reader, unsigned timeout_ms,
			      size_t *bytes)
{
	enum sj_rc rc = need_monitor(ctx);

	if (rc != SJ_OK)
		return rc;
	return sj_pcsc_apdu_max(&ctx->monitor, reader,
				sj_context_until(ctx, sj_deadline_after(timeout_ms)), bytes);
}

/* --- waiting for a card ------------------------------------------------------------ */

/* What the wait is for, and why it has not ended yet. */
struct search {
	struct sj_context *ctx;
	const char *wanted; /* NULL: any reader */
	int64_t deadline;
	enum sj_rc why; /* the failure when nothing better comes */
};

/* The reader meant by `wanted`: the whole name, or a part that only one has. */
static enum sj_rc resolve(const struct sj_pcsc_readers *readers, const char *wanted, size_t *index)
{
	size_t hits = 0;

	for (size_t i = 0; i < readers->n; i++) {
		if (strcmp(readers->at[i].name, wanted) == 0) {
			*index = i;
			return SJ_OK;
		}
	}
	for (size_t i = 0; i < readers->n; i++) {
		if (strstr(readers->at[i].name, wanted)) {
			*index = i;
			hits++;
		}
	}
	if (hits > 1)
		return SJ_READER_AMBIGUOUS;
	return hits == 1 ? SJ_OK : SJ_READER_UNKNOWN;
}

/* This very card was looked at before and is not ours. */
static bool was_refused(const struct sj_context *ctx, const struct sj_pcsc_reader *r)
{
	for (size_t i = 0; i < SJ_REFUSED_MAX; i++) {
		if (strcmp(ctx->refused[i].reader, r->name) == 0 &&
		    ctx->refused[i].count == r->count)
			return true;
	}
	return false;
}

static enum sj_rc open_card(struct search *s, const struct sj_pcsc_reader *r, struct sj_card **out)
{
	struct sj_transport *t = sj_transport_pcsc(s->ctx->cancel, r->name, &s->ctx->monitor);
	enum sj_rc rc;

	if (!t)
		return SJ_NO_MEMORY;
	rc = sj_card_over(s->ctx, t, r->name, s->deadline, out);
	if (rc == SJ_OK)
		(*out)->count = r->count;
	return rc;
}

/* Tries one reader. SJ_NO_CARD: go on waiting. */
static enum sj_rc try_reader(struct search *s, const struct sj_pcsc_reader *r, struct sj_card **out)
{
	enum sj_rc rc;

	if (!r->present)
		return SJ_NO_CARD;
	if (was_refused(s->ctx, r)) {
		s->why = SJ_NOT_A_DOCUMENT;
		return SJ_NO_CARD;
	}
	if (r->mute) {
		s->why = SJ_CARD_MUTE;
		return SJ_NO_CARD;
	}
	rc = open_card(s, r, out);
	if (rc != SJ_NO_CARD && rc != SJ_CARD_LOST && rc != SJ_CARD_MUTE)
		return rc;
	s->why = rc == SJ_CARD_MUTE ? SJ_CARD_MUTE : SJ_NO_CARD;
	return SJ_NO_CARD;
}

static enum sj_rc try_readers(struct search *s, const struct sj_pcsc_readers *readers,
			      struct sj_card **out)
{
	enum sj_rc rc = SJ_NO_CARD;
	size_t index = 0;

	if (readers->n == 0)
		return SJ_NO_READER;
	s->why = SJ_NO_CARD;
	if (s->wanted) {
		rc = resolve(readers, s->wanted, &index);
		return rc == SJ_OK ? try_reader(s, &readers->at[index], out) : rc;
	}
	for (size_t i = 0; i < readers->n && rc == SJ_NO_CARD; i++)
		rc = try_reader(s, &readers->at[i], out);
	return rc;
}

enum sj_rc sj_card_wait(struct sj_context *ctx, const char *reader, unsigned timeout_ms,
			struct sj_card **out)
{
	struct search s = { ctx, reader, sj_context_until(ctx, sj_deadline_after(timeout_ms)),
			    SJ_NO_CARD };
	struct sj_pcsc_readers *known = calloc(1, sizeof(*known));
	enum sj_rc rc;

	if (!known)
		return SJ_NO_MEMORY;
	rc = look(ctx, NULL, s.deadline, known);
	while (rc == SJ_OK) {
		rc = try_readers(&s, known, out);
		if (rc != SJ_NO_CARD)
			break;
		rc = look(ctx, known, s.deadline, known);
		if (rc == SJ_TIMED_OUT)
			rc = s.why;
	}
	free(known);
	return rc;
}
