#include "wire/atr.h"

#define TS_DIRECT 0x3B
#define TS_INVERSE 0x3F
#define INTERFACE_ROUNDS_MAX 8 /* TA..TD groups that can fit in 32 bytes */

/* Skips TAi, TBi, TCi that the high nibble of `format` announces. */
static bool skip_interface(struct sj_span *in, uint8_t format)
{
	struct sj_span skipped;
	size_t n = (format >> 4 & 1u) + (format >> 5 & 1u) + (format >> 6 & 1u);

	return sj_take(in, n, &skipped);
}

/* ISO/IEC 7816-3, 8.2: the exclusive or of T0 to TCK is zero. */
static bool check_holds(struct sj_span atr)
{
	uint8_t sum = 0;

	/*@ loop invariant i == 1 || i <= atr.len;
	    loop assigns i, sum; */
	for (size_t i = 1; i < atr.len; i++)
		sum ^= atr.ptr[i];
	return sum == 0;
}

/* Reads TA1 to the last TDi, gathering the protocols offered. */
static bool take_protocols(struct sj_span *in, uint8_t t0, uint16_t *protocols)
{
	uint8_t format = t0;

	*protocols = 0;
	/*@ loop invariant span_ok(*in) && 0 <= i <= INTERFACE_ROUNDS_MAX;
	    loop assigns i, format, *in, *protocols; */
	for (int i = 0; i < INTERFACE_ROUNDS_MAX; i++) {
		if (!skip_interface(in, format))
			return false;
		if (!(format & 0x80)) {
			if (*protocols == 0) /* no TD1: T=0 alone */
				*protocols = 1;
			return true;
		}
		if (!sj_take_u8(in, &format))
			return false;
		*protocols |= (uint16_t)(1u << format % 16);
	}
	return false;
}

bool sj_atr_parse(struct sj_span in, struct sj_atr *out)
{
	const struct sj_span whole = in;
	struct sj_atr atr = { .tck = false };
	uint8_t ts, t0;

	if (in.len > SJ_ATR_SIZE_MAX || !sj_take_u8(&in, &ts) ||
	    (ts != TS_DIRECT && ts != TS_INVERSE) || !sj_take_u8(&in, &t0) ||
	    !take_protocols(&in, t0, &atr.protocols) || !sj_take(&in, t0 & 0x0Fu, &atr.historical))
		return false;
	if (atr.protocols != 1) { /* TCK is there unless T=0 alone is offered */
		if (in.len != 1 || !check_holds(whole))
			return false;
		atr.tck = true;
	} else if (in.len != 0) {
		return false;
	}
	*out = atr;
	return true;
}

/* Historical bytes and the check byte over all but TS; `at`: where TS stands. */
static void put_rest(struct sj_writer *w, size_t at, struct sj_span historical)
{
	uint8_t sum = 0;

	sj_put(w, historical);
	if (w->failed)
		return;
	/*@ loop assigns i, sum; */
	for (size_t i = at + 1; i < w->len; i++)
		sum ^= w->ptr[i];
	sj_put_u8(w, sum);
}

void sj_atr_put_contactless(struct sj_writer *w, struct sj_span historical)
{
	const size_t at = w->len;

	if (historical.len > 15) {
		w->failed = true;
		return;
	}
	sj_put_u8(w, TS_DIRECT);
	sj_put_u8(w, (uint8_t)(0x80 | historical.len)); /* T0: TD1 follows */
	sj_put_u8(w, 0x80); /* TD1: TD2 follows, T=0 */
	sj_put_u8(w, 0x01); /* TD2: T=1 */
	put_rest(w, at, historical);
}

void sj_atr_put_contact(struct sj_writer *w, struct sj_span historical)
{
	const size_t at = w->len;

	if (historical.len > 15) {
		w->failed = true;
		return;
	}
	sj_put_u8(w, TS_DIRECT);
	sj_put_u8(w, (uint8_t)(0xD0 | historical.len)); /* T0: TA1, TC1, TD1 follow */
	sj_put_u8(w, 0x96); /* TA1: Fi 512, Di 32 */
	sj_put_u8(w, 0xFF); /* TC1: guard time of 11 etu with T=1 */
	sj_put_u8(w, 0x81); /* TD1: TD2 follows, T=1 */
	sj_put_u8(w, 0xB1); /* TD2: TA3, TB3, TD3 follow, T=1 */
	sj_put_u8(w, 0xFE); /* TA3: IFSC 254 */
	sj_put_u8(w, 0x45); /* TB3: block and character waiting time */
	sj_put_u8(w, 0x1F); /* TD3: TA4 follows, T=15 */
	sj_put_u8(w, 0x03); /* TA4: classes A and B */
	put_rest(w, at, historical);
}
