/* context.c -- contexts: the listener and cancelling. */
#include <stdlib.h>

#include "reader/cancel.h"
#include "reader/context.h"
#include "reader/pcsc.h"
#include "reader/transport.h"
#include "wire/sw.h"

#include <sojourn/reader.h>

const char *sj_version(void)
{
	return SJ_VERSION;
}

const char *sj_status_word_text(uint16_t sw)
{
	return sj_sw_text(sw);
}

enum sj_rc sj_context_new(struct sj_context **out)
{
	struct sj_context *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return SJ_NO_MEMORY;
	ctx->cancel = sj_cancel_new();
	if (!ctx->cancel) {
		free(ctx);
		return SJ_NO_MEMORY;
	}
	*out = ctx;
	return SJ_OK;
}

void sj_context_free(struct sj_context *ctx)
{
	if (!ctx)
		return;
	sj_pcsc_release(ctx->monitor);
	sj_cancel_free(ctx->cancel);
	free(ctx);
}

void sj_context_cancel(struct sj_context *ctx)
{
	sj_cancel_raise(ctx->cancel);
}

void sj_context_resume(struct sj_context *ctx)
{
	sj_cancel_clear(ctx->cancel);
}

void sj_context_deadline(struct sj_context *ctx, unsigned timeout_ms)
{
	ctx->until = timeout_ms != 0 ? sj_clock_ms() + (int64_t)timeout_ms : 0;
}

int64_t sj_context_until(const struct sj_context *ctx, int64_t deadline)
{
	return ctx->until != 0 && ctx->until < deadline ? ctx->until : deadline;
}

void sj_context_asked(struct sj_context *ctx, int64_t ms)
{
	if (ctx->until != 0)
		ctx->until += ms;
}

bool sj_context_cancelled(const struct sj_context *ctx)
{
	return sj_cancel_raised(ctx->cancel);
}

void sj_context_listen(struct sj_context *ctx, sj_event_fn fn, void *user)
{
	ctx->listener = fn;
	ctx->user = user;
}

void sj_context_find_signed(struct sj_context *ctx, sj_signed_fn fn, void *user)
{
	ctx->find = fn;
	ctx->find_user = user;
}

void sj_context_tell(struct sj_context *ctx, enum sj_event_kind kind, struct sj_span bytes)
{
	struct sj_event event = {
		.size = sizeof(event),
		.kind = kind,
		.bytes = bytes.ptr,
		.len = bytes.len,
	};

	if (ctx->listener)
		ctx->listener(ctx->user, &event);
}

void sj_context_notice(struct sj_context *ctx, const char *text)
{
	struct sj_event event = { .size = sizeof(event), .kind = SJ_EVENT_NOTICE, .text = text };

	if (ctx->listener)
		ctx->listener(ctx->user, &event);
}
