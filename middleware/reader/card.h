/* card.h -- a card of the public API: a session and where it came from. */
#ifndef SJ_READER_CARD_H
#define SJ_READER_CARD_H

#include "reader/context.h"
#include "reader/session.h"

#include <sojourn/reader.h>

struct sj_card {
	struct sj_context *ctx;
	struct sj_session *session;
	char reader[SJ_READER_NAME_MAX];
	uint32_t count; /* the reader's count of card events when it was opened */
};

/*
 * A card over any transport, which it owns from now on, failure or not; `name`
 * is what sj_card_reader() says. For makers and tests.
 */
SJ_MUST_CHECK enum sj_rc sj_card_over(struct sj_context *ctx, struct sj_transport *t,
				      const char *name, int64_t deadline, struct sj_card **out);
/* The deadline of a public timeout: 0 means without limit. */
int64_t sj_deadline_after(unsigned timeout_ms);

#endif
