/*
 * wrong_agreement.c -- wrong public keys, nonces and proofs: PACE in clear (Doc 9303-11, 4.4), Chip
 * Authentication 2, Terminal Authentication and Restricted Identification inside (TR-03110-2).
 */
#include "tests/hostile/liar.h"

#define INS_GENERAL_AUTHENTICATE 0x86u
#define INS_GET_CHALLENGE 0x84u
#define FIELD 32u /* bytes: the rigs' curves */

/* The request whose answer has object `n`: 7C { n - 1 }, and 7C 00 for the nonce. */
static bool asks_for(const struct liar *l)
{
	struct sj_span in = l->command.data, template, value;
	const uint32_t n = l->wrong->n & 0xFF;

	if (l->command.ins != INS_GENERAL_AUTHENTICATE || (l->command.cla & 0x0C) != 0 ||
	    sj_tlv_take(&in, 0x7C, &template) != SJ_TLV_FOUND)
		return false;
	if (n == 0x80)
		return template.len == 0;
	if (n == 0x8A || n == 0x87)
		return sj_tlv_find(template, 0x85, &value) == SJ_TLV_FOUND;
	return sj_tlv_find(template, n - 1, &value) == SJ_TLV_FOUND;
}

/* Whatever is asked for in clear. */
static bool asks(const struct liar *l)
{
	return l->command.ins == INS_GENERAL_AUTHENTICATE && (l->command.cla & 0x0C) == 0;
}

static bool agrees(const struct liar *l)
{
	return l->command.ins == INS_GENERAL_AUTHENTICATE;
}

static bool challenges(const struct liar *l)
{
	return l->command.ins == INS_GET_CHALLENGE;
}

/* Writes 7C again with another value of one object; what has none is as it was. */
static void set_object(struct answer *x, uint32_t tag, struct sj_span value, bool leave_out)
{
	static uint8_t bytes[LIAR_ANSWER_MAX]; /* of this function */
	struct sj_writer out = SJ_WRITER_OF(bytes);
	struct sj_span in = sj_span(x->bytes, x->len - 2), template, old;
	uint8_t sw[2] = { x->bytes[x->len - 2], x->bytes[x->len - 1] };
	const size_t at = sj_tlv_open(&out);
	uint32_t seen;

	if (sj_tlv_take(&in, 0x7C, &template) != SJ_TLV_FOUND)
		return;
	while (sj_tlv_next(&template, &seen, &old) == SJ_TLV_FOUND) {
		if (seen != tag)
			sj_tlv_put(&out, seen, old);
		else if (!leave_out)
			sj_tlv_put(&out, seen, value);
	}
	sj_tlv_close(&out, 0x7C, at);
	sj_put(&out, SJ_SPAN_OF(sw));
	assert_false(out.failed);
	memcpy(x->bytes, out.ptr, out.len);
	x->len = out.len;
}

static struct sj_span object(const struct answer *x, uint32_t tag)
{
	struct sj_span in = sj_span(x->bytes, x->len - 2), template, value;

	if (x->len < 2 || sj_tlv_take(&in, 0x7C, &template) != SJ_TLV_FOUND ||
	    sj_tlv_find(template, tag, &value) != SJ_TLV_FOUND)
		return sj_span(NULL, 0);
	return value;
}

/* These bytes; with none, the object is left out. */
static void other_value(struct liar *l, const struct wrong *w, struct answer *x)
{
	if (object(x, w->n).len > 0)
		set_object(x, w->n, w->bytes, w->bytes.ptr == NULL);
	else
		l->struck = 0;
}

/* What the reader has sent itself. */
static void reflected(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_span in = l->command.data, template, value;

	if (sj_tlv_take(&in, 0x7C, &template) == SJ_TLV_FOUND &&
	    sj_tlv_find(template, w->n - 1, &value) == SJ_TLV_FOUND)
		set_object(x, w->n, value, false);
}

/* A card without the password says after us whatever we say: the tokens would agree. */
static void all_reflected(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_span in = l->command.data, template, value;
	uint32_t tag;

	(void)w;
	if (sj_tlv_take(&in, 0x7C, &template) != SJ_TLV_FOUND ||
	    sj_tlv_next(&template, &tag, &value) != SJ_TLV_FOUND)
		return;
	set_object(x, tag + 1, value, false);
}

/* The value with something done to it: n >> 8 says what. */
enum { FLIP_LAST = 1, ZEROS, ONES, NEGATED_FORM, CUT, LENGTHENED, COMPRESSED, X_TOO_LARGE, TWICE };

static void spoilt(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t bytes[600];
	struct sj_span old = object(x, w->n & 0xFF);
	size_t n = old.len;

	/* Chip Authentication's nonce comes with its token; a pseudonym alone. */
	if (n == 0 || n > 290 || (w->where == WRONG_INNER && object(x, 0x82).len == 0)) {
		l->struck = 0;
		return;
	}
	memcpy(bytes, old.ptr, n);
	switch (w->n >> 8) {
	case FLIP_LAST:
		bytes[n - 1] ^= 1;
		break;
	case ZEROS:
		memset(bytes + (n % 2), 0, n - n % 2); /* after 04 */
		break;
	case ONES:
		memset(bytes, 0xFF, n);
		break;
	case NEGATED_FORM:
		bytes[0] = 0x06; /* hybrid form of X9.62 */
		break;
	case CUT:
		n--;
		break;
	case LENGTHENED:
		bytes[n++] = 0;
		break;
	case COMPRESSED:
		bytes[0] = 0x02;
		n = 1 + FIELD;
		break;
	case X_TOO_LARGE:
		memset(bytes + 1, 0xFF, FIELD);
		break;
	default:
		memcpy(bytes + n, bytes, n);
		n *= 2;
		break;
	}
	set_object(x, w->n & 0xFF, sj_span(bytes, n), false);
}

/* The object stands there twice. */
static void repeated(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_span value = object(x, w->n);

	if (value.len == 0 || value.len > 100 || x->bytes[1] > 0x7F - 2 - value.len) {
		l->struck = 0;
		return;
	}
	memmove(x->bytes + 2 + 2 + value.len, x->bytes + 2, x->len - 2);
	x->bytes[1] = (uint8_t)(x->bytes[1] + 2 + value.len);
	x->len += 2 + value.len;
}

static void other_challenge(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memcpy(x->bytes, w->bytes.ptr, w->bytes.len);
	memcpy(x->bytes + w->bytes.len, "\x90\x00", 2);
	x->len = w->bytes.len + 2;
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define LONG_NAME "UTCVCAUTCVCAUTCVCAUTCVCAUTCVCAUTCVCAUTCVCAUTCVCAUTCVCAUTCVCA00001"
#define GENERATOR \
	"\x04\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03\x7D\x81\x2D\xEB" \
	"\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96\x4F\xE3\x42\xE2\xFE\x1A\x7F\x9B\x8E\xE7\xEB\x4A\x7C" \
	"\x0F\x9E\x16\x2B\xCE\x33\x57\x6B\x31\x5E\xCE\xCB\xB6\x40\x68\x37\xBF\x51\xF5"
#define PACE(name_, change_, n_, ...) \
	{ \
		.name = "pace-" name_, .where = WRONG_WIRE, .on = ON_PACE, .any_of = 0, \
		.fits = asks_for, .change = change_, .flags = NEVER, .n = n_, __VA_ARGS__ \
	}
/* Odd, and no lie. */
#define ODD(name_, change_, n_) \
	{ \
		.name = "pace-" name_, .where = WRONG_WIRE, .on = ON_PACE, .fits = asks_for, \
		.change = change_, .n = n_ \
	}
/* A point of the mapping (82) or of the agreement (84). */
#define POINT(name, tag) \
	PACE(name "-at-infinity", other_value, tag, DATA("\x00")), \
		PACE(name "-off-the-curve", spoilt, tag | FLIP_LAST << 8), \
		PACE(name "-of-zeros", spoilt, tag | ZEROS << 8), \
		PACE(name "-of-ones", spoilt, tag | ONES << 8), \
		PACE(name "-hybrid", spoilt, tag | NEGATED_FORM << 8), \
		PACE(name "-cut", spoilt, tag | CUT << 8), \
		PACE(name "-lengthened", spoilt, tag | LENGTHENED << 8), \
		PACE(name "-compressed", spoilt, tag | COMPRESSED << 8), \
		PACE(name "-x-beyond-the-field", spoilt, tag | X_TOO_LARGE << 8), \
		PACE(name "-twice-as-long", spoilt, tag | TWICE << 8), \
		PACE(name "-reflected", reflected, tag), \
		PACE(name "-absent", other_value, tag, .bytes = { NULL, 0 }), \
		PACE(name "-the-generator", other_value, tag, DATA(GENERATOR)), \
		ODD(name "-repeated", repeated, tag)
#define AGREED(name_, on_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_INNER, .on = on_, .any_of = 0, .fits = agrees, \
		.change = change_, .flags = NEVER, .n = n_, __VA_ARGS__ \
	}
#define CHALLENGE(name_, bytes_) \
	{ \
		.name = "ta-challenge-" name_, .where = WRONG_INNER, .on = ON_EID, \
		.fits = challenges, .change = other_challenge, DATA(bytes_) \
	}

static const struct wrong rows[] = {
	PACE("nonce-of-zeros", spoilt, 0x80 | ZEROS << 8),
	PACE("nonce-flipped", spoilt, 0x80 | FLIP_LAST << 8),
	PACE("nonce-cut", spoilt, 0x80 | CUT << 8),
	PACE("nonce-lengthened", spoilt, 0x80 | LENGTHENED << 8),
	PACE("nonce-of-a-byte", other_value, 0x80, DATA("\x00")),
	PACE("nonce-absent", other_value, 0x80, .bytes = { NULL, 0 }),
	PACE("nonce-twice-as-long", spoilt, 0x80 | TWICE << 8),
	ODD("nonce-repeated", repeated, 0x80),
	POINT("mapping", 0x82),
	POINT("agreement", 0x84),
	{ .name = "pace-all-reflected",
	  .where = WRONG_WIRE,
	  .on = ON_PACE,
	  .fits = asks,
	  .change = all_reflected,
	  .flags = STAYS | NEVER,
	  .rc = SJ_CARD_ANSWER },
	PACE("token-flipped", spoilt, 0x86 | FLIP_LAST << 8),
	PACE("token-of-zeros", spoilt, 0x86 | ZEROS << 8),
	PACE("token-cut", spoilt, 0x86 | CUT << 8),
	PACE("token-lengthened", spoilt, 0x86 | LENGTHENED << 8),
	PACE("token-reflected", reflected, 0x86),
	PACE("token-absent", other_value, 0x86, .bytes = { NULL, 0 }),
	ODD("token-repeated", repeated, 0x86),
	PACE("cam-data-flipped", spoilt, 0x8A | FLIP_LAST << 8),
	PACE("cam-data-of-zeros", spoilt, 0x8A | ZEROS << 8),
	PACE("cam-data-cut", spoilt, 0x8A | CUT << 8),
	PACE("cam-data-twice", spoilt, 0x8A | TWICE << 8),
	PACE("cam-data-absent", other_value, 0x8A, .bytes = { NULL, 0 }),
	PACE("car-too-long", other_value, 0x87, DATA(LONG_NAME)),
	PACE("car-empty-byte", other_value, 0x87, DATA("\x00")),
	PACE("car-absent", other_value, 0x87, .bytes = { NULL, 0 }),

	AGREED("ca-nonce-cut", ON_EID, spoilt, 0x81 | CUT << 8),
	AGREED("ca-nonce-flipped", ON_EID, spoilt, 0x81 | FLIP_LAST << 8),
	AGREED("ca-nonce-of-zeros", ON_EID, spoilt, 0x81 | ZEROS << 8),
	AGREED("ca-nonce-twice-as-long", ON_EID, spoilt, 0x81 | TWICE << 8),
	AGREED("ca-nonce-absent", ON_EID, other_value, 0x81, .bytes = { NULL, 0 }),
	AGREED("ca-token-flipped", ON_EID, spoilt, 0x82 | FLIP_LAST << 8),
	AGREED("ca-token-of-zeros", ON_EID, spoilt, 0x82 | ZEROS << 8),
	AGREED("ca-token-cut", ON_EID, spoilt, 0x82 | CUT << 8),
	AGREED("ca-token-lengthened", ON_EID, spoilt, 0x82 | LENGTHENED << 8),
	AGREED("ca-token-absent", ON_EID, other_value, 0x82, .bytes = { NULL, 0 }),

	CHALLENGE("empty", ""),
	CHALLENGE("of-seven-bytes", "1234567"),
	CHALLENGE("of-nine-bytes", "123456789"),
	CHALLENGE("of-zeros", "\0\0\0\0\0\0\0\0"),
	CHALLENGE("of-64-bytes",
		  "1234567812345678123456781234567812345678123456781234567812345678"),
};

struct wrongs wrongs_key_agreement(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
