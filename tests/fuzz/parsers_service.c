/* parsers_service.c -- a proved card that tells whatever it likes: groups in a list, and one by one. */
#include <string.h>

#include "eid/ask.h"
#include "reader/card.h"
#include "tests/fuzz/failures.h"
#include "wire/tlv.h"

#define ALL_RIGHTS 0x0FFFFFu

/* Answers one after the other: two bytes of length each. */
struct teller {
	struct sj_transport head;
	struct sj_span answers;
};

static enum sj_rc teller_connect(struct sj_transport *t, int64_t deadline, struct sj_writer *atr)
{
	(void)t;
	(void)deadline;
	sj_put(atr, SJ_SPAN_STR("\x3B\x80\x80\x01\x01"));
	return SJ_OK;
}

static enum sj_rc teller_transmit(struct sj_transport *t, struct sj_span command, int64_t deadline,
				  struct sj_writer *response)
{
	struct teller *teller = (struct teller *)t;
	const enum sj_rc rc = fuzz_channel();
	struct sj_span answer;
	uint32_t n;

	(void)command;
	(void)deadline;
	if (rc != SJ_OK)
		return rc;
	if (!sj_take_be(&teller->answers, 2, &n) || !sj_take(&teller->answers, n, &answer))
		return SJ_CARD_LOST;
	sj_put(response, answer);
	return SJ_OK;
}

static void teller_disconnect(struct sj_transport *t, bool reset)
{
	(void)t;
	(void)reset;
}

static void teller_close(struct sj_transport *t)
{
	(void)t;
}

static const struct sj_transport_ops teller_ops = {
	.connect = teller_connect,
	.transmit = teller_transmit,
	.disconnect = teller_disconnect,
	.close = teller_close,
};

static void touch(const struct sj_answer *answer)
{
	struct sj_datum datum = { .size = sizeof(datum) };

	for (size_t i = 0; sj_answer_datum(answer, i, &datum); i++)
		fuzz_touch(sj_span((const uint8_t *)datum.value, strlen(datum.value)));
	fuzz_touch(sj_span(answer->portrait.bytes, answer->portrait.len));
}

/* First a byte: with extended length, in a list, or one by one. */
static bool run(struct sj_span in)
{
	struct teller teller = { .head = { .ops = &teller_ops } };
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_ask ask = { .answer = sj_answer_new() };
	uint8_t first = 0;
	bool good = false;

	if (!ask.answer || !sj_take_u8(&in, &first) || sj_context_new(&ctx) != SJ_OK)
		goto out;
	teller.answers = in;
	if (sj_card_over(ctx, &teller.head, "teller", sj_clock_ms() + 60000, &card) != SJ_OK)
		goto out;
	ask.card = card;
	ask.session = sj_card_session(card);
	ask.context = ctx;
	ask.doc = (struct sj_document){ .session = ask.session,
					.context = ctx,
					.short_ids = SJ_SHORT_IDS_WORK };
	ask.answer->info.granted = ALL_RIGHTS;
	if (first & 1)
		sj_session_allow_extended(ask.session, 0, 0);
	good = sj_eid_groups(&ask) == SJ_OK;
	touch(ask.answer);
out:
	sj_card_close(card);
	sj_context_free(ctx);
	sj_answer_free(ask.answer);
	return good;
}

static void put_answer(struct sj_writer *w, struct sj_span data, uint16_t sw)
{
	sj_put_be(w, 2, (uint32_t)data.len + 2);
	sj_put(w, data);
	sj_put_be(w, 2, sw);
}

static void put_groups(struct sj_writer *w)
{
	const struct sj_eid_entry entry = { SJ_SPAN_STR("20260901"), 1, SJ_SPAN_STR("Zenith") };
	const struct sj_eid_value name = { { SJ_SPAN_STR("Eriksson") }, 1 },
				  date = { { SJ_SPAN_STR("19740812") }, 1 },
				  passport = { { SJ_SPAN_STR("XXX"), SJ_SPAN_STR("P1") }, 2 },
				  face = { { SJ_SPAN_STR("\xFF\xD8\xFF\xE0") }, 1 };

	sj_eid_put(w, SJ_EID_FAMILY_NAMES, &name);
	sj_eid_put(w, SJ_EID_BIRTH_DATE, &date);
	sj_eid_put(w, SJ_EID_HOME_PASSPORT, &passport);
	sj_eid_put(w, SJ_EID_PORTRAIT, &face);
	sj_eid_entries_put(w, &entry, 1);
}

/* A list; the groups one by one, most of them absent. */
static bool seed(size_t i, struct sj_writer *w)
{
	uint8_t bytes[256];
	struct sj_writer groups = SJ_WRITER_OF(bytes);
	const struct sj_eid_value name = { { SJ_SPAN_STR("Eriksson") }, 1 };

	sj_put_u8(w, i == 0);
	if (i == 0) {
		put_groups(&groups);
		put_answer(w, sj_written(&groups), 0x9000);
		return true;
	}
	sj_eid_put(&groups, SJ_EID_FAMILY_NAMES, &name);
	put_answer(w, sj_written(&groups), 0x9000);
	for (size_t n = 1; n < 14; n++)
		put_answer(w, sj_span(NULL, 0), 0x6A82);
	return i == 1;
}

struct fuzz_room fuzz_service(void)
{
	static const struct fuzz_parser parsers[] = { { "service-groups", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
