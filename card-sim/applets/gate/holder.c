/* holder.c -- who holds the card, as far as a gate may know. */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

#define HOLDER_SIZE (1u + 4u + GATE_SECRET + SJ_PRK_SIZE)
#define DAY_SECONDS 86400u

/* --- days and ages -------------------------------------------------------------- */

static unsigned month_length(unsigned year, unsigned month)
{
	static const uint8_t lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap ? 1u : 0u);
}

uint32_t gate_day(uint32_t time)
{
	uint32_t left = time / DAY_SECONDS;
	unsigned year = 1970, month = 1;

	while (left >= month_length(year, month)) {
		left -= month_length(year, month);
		if (++month > 12) {
			month = 1;
			year++;
		}
	}
	return year * 10000u + month * 100u + left + 1;
}

/* The latest day that the birth date may mean: an age is told when it is certain. */
static uint32_t latest(uint32_t born)
{
	if (born % 10000 == 0)
		return born + 1231;
	return born % 100 == 0 ? born + 31 : born;
}

uint8_t gate_ages(uint32_t born, uint32_t day)
{
	uint8_t ages = 0;

	for (size_t i = 0; born != 0 && i < SJ_GATE_AGES; i++)
		if (day >= latest(born) + sj_gate_age(i) * 10000u)
			ages |= (uint8_t)(1u << i);
	return ages;
}

bool gate_birth_date(struct sj_span bcd, uint32_t *born)
{
	uint32_t number = 0, year, month, day;

	for (size_t i = 0; i < bcd.len; i++) {
		if (bcd.ptr[i] >> 4 > 9 || (bcd.ptr[i] & 0xF) > 9)
			return false;
		number = number * 100 + (uint32_t)(bcd.ptr[i] >> 4) * 10 + (bcd.ptr[i] & 0xF);
	}
	year = number / 10000;
	month = number / 100 % 100;
	day = number % 100;
	*born = number;
	if (bcd.len != 4 || month > 12 || (month != 0 && year == 0) || (day != 0 && month == 0))
		return false;
	return day == 0 || day <= month_length(year, month);
}

/* --- the holder --------------------------------------------------------------------- */

static bool load(struct card *card, struct gate_holder *out)
{
	struct sj_span in;

	return card_store_get(card_store_of(card), GATE_OBJECT_HOLDER, &in) &&
	       in.len == HOLDER_SIZE && sj_take_u8(&in, &out->class) &&
	       sj_take_be(&in, 4, &out->born) &&
	       sj_take_copy(&in, sizeof(out->secret), out->secret) &&
	       sj_take_copy(&in, sizeof(out->prk), out->prk);
}

uint16_t gate_holder_make(struct card_call *call, uint8_t class, uint32_t born)
{
	uint8_t bytes[HOLDER_SIZE], secret[GATE_SECRET], prk[SJ_PRK_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (!sj_random_fill(card_random(call->card), secret, sizeof(secret)) ||
	    !sj_hkdf_extract(sj_span(NULL, 0), SJ_SPAN_OF(secret), prk))
		goto out;
	sj_put_u8(&w, class);
	sj_put_be(&w, 4, born);
	sj_put(&w, SJ_SPAN_OF(secret));
	sj_put(&w, SJ_SPAN_OF(prk));
	if (!w.failed &&
	    card_store_set(card_store_of(call->card), GATE_OBJECT_HOLDER, sj_written(&w)))
		sw = SJ_SW_OK;
out:
	sj_wipe(bytes, sizeof(bytes));
	sj_wipe(secret, sizeof(secret));
	sj_wipe(prk, sizeof(prk));
	return sw;
}

bool gate_holder_know(struct card *card, uint32_t operator_id, uint8_t *slot,
		      uint8_t pseudonym[static SJ_GATE_PSEUDONYM])
{
	struct gate_holder holder = { .class = 0 };
	struct sj_hmac *secret = NULL, *prk = NULL;
	uint8_t id[SJ_GATE_OPERATOR], mac[SJ_PRK_SIZE];
	struct sj_writer w = SJ_WRITER_OF(id);
	const struct sj_span name = { id, sizeof(id) };
	bool ok = load(card, &holder);

	sj_put_be(&w, SJ_GATE_OPERATOR, operator_id);
	if (ok) {
		secret = sj_hmac_new(SJ_SPAN_OF(holder.secret));
		prk = sj_hmac_new(SJ_SPAN_OF(holder.prk));
	}
	ok = secret != NULL && prk != NULL && sj_hmac(secret, &name, 1, mac) &&
	     sj_hkdf_expand(prk, &name, 1, pseudonym, SJ_GATE_PSEUDONYM);
	if (ok)
		*slot = mac[0] % SJ_GATE_SLOTS;
	sj_hmac_free(secret);
	sj_hmac_free(prk);
	sj_wipe(&holder, sizeof(holder));
	sj_wipe(mac, sizeof(mac));
	return ok;
}

bool gate_holder_tell(struct card *card, uint32_t rights, uint32_t date,
		      const uint8_t pseudonym[static SJ_GATE_PSEUDONYM], struct sj_writer *ead_3)
{
	struct sj_gate_ead_3 ead = { .epoch = gate_epoch(card_store_of(card)) };
	struct gate_holder holder = { .class = 0 };
	bool ok = load(card, &holder);

	if (rights & SJ_RIGHT_CLASS)
		ead.class = holder.class;
	if (rights & SJ_RIGHT_PSEUDONYM)
		memcpy(ead.pseudonym, pseudonym, sizeof(ead.pseudonym));
	ead.ages = gate_ages(holder.born, gate_day(date)) &
		   (uint8_t)(rights / SJ_RIGHT_AGE_FIRST & ((1u << SJ_GATE_AGES) - 1));
	sj_gate_ead_3_put(ead_3, &ead);
	sj_wipe(&holder, sizeof(holder));
	sj_wipe(&ead, sizeof(ead));
	return ok && !ead_3->failed;
}
