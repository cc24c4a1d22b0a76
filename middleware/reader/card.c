/* card.c -- cards of the public API. */
#include "reader/card.h"

#include <stdlib.h>
#include <string.h>

#include "reader/memory.h"

/* Far enough to be without limit, near enough not to overflow when added to. */
#define NO_LIMIT_MS (INT64_C(1) << 40)

int64_t sj_deadline_after(unsigned timeout_ms)
{
	return sj_clock_ms() + (timeout_ms != 0 ? (int64_t)timeout_ms : NO_LIMIT_MS);
}

enum sj_rc sj_card_over(struct sj_context *ctx, struct sj_transport *t, const char *name,
			int64_t deadline, struct sj_card **out)
{
	struct sj_card *card = calloc(1, sizeof(*card));
	enum sj_rc rc;

	if (!card) {
		t->ops->close(t);
		return SJ_NO_MEMORY;
	}
	card->ctx = ctx;
	strncpy(card->reader, name, sizeof(card->reader) - 1);
	rc = sj_session_open(ctx, t, deadline, &card->session);
	if (rc != SJ_OK) {
		free(card);
		return rc;
	}
	*out = card;
	return SJ_OK;
}

void sj_card_close(struct sj_card *card)
{
	if (!card)
		return;
	sj_session_close(card->session);
	free(card);
}

enum sj_rc sj_card_restart(struct sj_card *card, unsigned timeout_ms)
{
	sj_session_deadline(card->session, sj_deadline_after(timeout_ms));
	return sj_session_restart(card->session, true);
}

const char *sj_card_reader(const struct sj_card *card)
{
	return card->reader;
}

size_t sj_card_atr(const struct sj_card *card, uint8_t atr[SJ_ATR_MAX])
{
	struct sj_span bytes = sj_session_atr(card->session);

	memcpy(atr, bytes.ptr, bytes.len);
	return bytes.len;
}

struct sj_session *sj_card_session(struct sj_card *card)
{
	return card->session;
}

struct sj_context *sj_card_context(struct sj_card *card)
{
	return card->ctx;
}

void sj_card_refuse(struct sj_card *card)
{
	struct sj_refused *slots = card->ctx->refused;

	for (size_t i = 0; i < SJ_REFUSED_MAX; i++) {
		if (slots[i].reader[0] != '\0' && strcmp(slots[i].reader, card->reader) != 0)
			continue;
		memcpy(slots[i].reader, card->reader, sizeof(slots[i].reader));
		slots[i].count = card->count;
		return;
	}
}

enum sj_rc sj_card_transmit(struct sj_card *card, const uint8_t *command, size_t command_len,
			    unsigned timeout_ms, uint8_t *response, size_t *response_len,
			    uint16_t *sw)
{
	const unsigned mark = sj_memory_mark();
	struct sj_response r;
	struct sj_apdu a;
	enum sj_rc rc;

	if (!sj_apdu_parse(sj_span(command, command_len), &a))
		return SJ_USAGE;
	sj_session_deadline(card->session, sj_deadline_after(timeout_ms));
	rc = sj_session_command(card->session, &a, &r);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	if (r.data.len > 0 && r.data.len <= *response_len)
		memcpy(response, r.data.ptr, r.data.len);
	rc = r.data.len > *response_len ? SJ_FILE_TOO_LARGE : SJ_OK;
	*response_len = r.data.len;
	*sw = r.sw;
	return rc;
}
