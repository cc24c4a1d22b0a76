/*
 * pace_pad.c -- PACE by a reader with a keypad of its own: what goes in and comes out.
 *
 * Source: PC/SC part 10, amendment 1 (2011), 2.5.12 and 2.6.16; BSI TR-03119, D.1. Numbers there
 * are little-endian.
 */
#include <string.h>

#include "reader/pace.h"
#include "wire/sw.h"

#define ESTABLISH 0x02u /* EstablishPACEChannel */
#define INPUT_MAX 128u
#define OUTPUT_MAX 2304u /* EF.CardAccess is in it */

/* TR-03119: what the reader says instead of 0; F0 xx and a status word: the card's refusal. */
#define RESULT_CARD_LOST 0xF0100001u
#define RESULT_NO_CARD 0xF0100002u
#define RESULT_CANCELLED 0xF0200001u
#define RESULT_TIMED_OUT 0xF0200002u
#define RESULT_STATUS_FIRST 0xF003u
#define RESULT_STATUS_LAST 0xF00Fu

static bool take_le(struct sj_span *in, size_t n, uint32_t *out)
{
	struct sj_span bytes;

	*out = 0;
	if (!sj_take(in, n, &bytes))
		return false;
	while (n-- > 0)
		*out = *out << 8 | bytes.ptr[n];
	return true;
}

/* Bytes with their size before them, of `n` bytes. */
static bool take_sized(struct sj_span *in, size_t n, struct sj_span *out)
{
	uint32_t size;

	return take_le(in, n, &size) && sj_take(in, size, out);
}

static void put_le16(struct sj_writer *w, size_t value)
{
	sj_put_u8(w, (uint8_t)value);
	sj_put_u8(w, (uint8_t)(value >> 8));
}

/* The holder types the password; there is no description of a certificate to show. */
static void put_input(struct sj_writer *w, enum sj_pace_password kind,
		      const struct sj_cvc_rights *chat)
{
	uint8_t template[32];
	struct sj_writer t = SJ_WRITER_OF(template);

	if (chat != NULL)
		sj_cvc_chat_put(&t, chat);
	sj_put_u8(w, ESTABLISH);
	put_le16(w, 1 + 1 + t.len + 1 + 2);
	sj_put_u8(w, (uint8_t)kind);
	sj_put_u8(w, (uint8_t)t.len);
	sj_put(w, sj_written(&t));
	sj_put_u8(w, 0);
	put_le16(w, 0);
	w->failed = w->failed || t.failed;
}

/* A failure that the reader tells. */
static enum sj_rc failure_of(uint32_t result, enum sj_pace_password kind, int *tries)
{
	const uint16_t sw = (uint16_t)result;
	enum sj_rc rc;

	switch (result) {
	case RESULT_CARD_LOST:
	case RESULT_NO_CARD:
		return SJ_CARD_LOST;
	case RESULT_CANCELLED:
		return SJ_CANCELLED;
	case RESULT_TIMED_OUT:
		return SJ_TIMED_OUT;
	default:
		break;
	}
	if (result >> 16 < RESULT_STATUS_FIRST || result >> 16 > RESULT_STATUS_LAST)
		return SJ_CARD_ANSWER;
	rc = sj_pace_unusable(kind, sw, false, tries);
	return rc != SJ_OK ? rc : sj_pace_wrong(kind, sw, tries);
}

static bool keep(struct sj_span bytes, uint8_t *out, size_t room, size_t *len)
{
	if (bytes.len > room)
		return false;
	if (bytes.len > 0)
		memcpy(out, bytes.ptr, bytes.len);
	*len = bytes.len;
	return true;
}

enum sj_rc sj_pace_reader_output(struct sj_span in, enum sj_pace_password kind,
				 struct sj_pace_result *out)
{
	struct sj_span data, access, now, before, id_icc;
	uint32_t result, sw;

	if (!take_le(&in, 4, &result))
		return SJ_CARD_ANSWER;
	if (result != 0)
		return failure_of(result, kind, &out->tries);
	if (!take_sized(&in, 2, &data) || !sj_take_be(&data, 2, &sw) ||
	    !take_sized(&data, 2, &access) || !take_sized(&data, 1, &now) ||
	    !take_sized(&data, 1, &before) || !take_sized(&data, 2, &id_icc) ||
	    !keep(now, out->car[0].bytes, SJ_PACE_CAR_MAX, &out->car[0].len) ||
	    !keep(before, out->car[1].bytes, SJ_PACE_CAR_MAX, &out->car[1].len) ||
	    !keep(id_icc, out->id_icc, sizeof(out->id_icc), &out->id_icc_len))
		return SJ_CARD_ANSWER;
	out->done = true;
	return SJ_OK;
}

bool sj_pace_on_reader(struct sj_session *s)
{
	struct sj_writer none = sj_writer(NULL, 0);

	return sj_session_reader_pace(s, sj_span(NULL, 0), &none) == SJ_OK;
}

enum sj_rc sj_pace_run_on_reader(struct sj_session *s, enum sj_pace_password kind,
				 const struct sj_cvc_rights *chat, struct sj_pace_result *out)
{
	uint8_t input[INPUT_MAX], output[OUTPUT_MAX];
	struct sj_writer i = SJ_WRITER_OF(input), o = SJ_WRITER_OF(output);
	enum sj_rc rc;

	*out = (struct sj_pace_result){ .tries = -1 };
	put_input(&i, kind, chat);
	if (i.failed)
		return SJ_INTERNAL;
	rc = sj_session_reader_pace(s, sj_written(&i), &o);
	if (rc != SJ_OK)
		return rc;
	return o.failed ? SJ_CARD_ANSWER : sj_pace_reader_output(sj_written(&o), kind, out);
}
