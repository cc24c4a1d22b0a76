/* wrong_wire.c -- what any card may answer to anything: sizes, status words, syntax, time. */
#include "tests/hostile/liar.h"

#define ROOM LIAR_ANSWER_MAX

/* --- pieces ------------------------------------------------------------------------- */

static uint16_t status(const struct answer *x)
{
	return (uint16_t)(x->len < 2 ? 0 : x->bytes[x->len - 2] << 8 | x->bytes[x->len - 1]);
}

/* These data, with the status word that it had. */
static void put_data(struct answer *x, struct sj_span data)
{
	const uint16_t sw = status(x);

	memcpy(x->bytes, data.ptr, data.len);
	x->len = data.len + 2;
	answer_put_status(x, sw);
}

static uint32_t expected(const struct liar *l)
{
	return l->command.ne == 0 ? 256 : l->command.ne;
}

/* --- sizes ---------------------------------------------------------------------------- */

static void nothing(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	x->len = w->n < x->len ? w->n : x->len;
}

/* Filled up to w->n bytes more than were asked for. */
static void longer(struct liar *l, const struct wrong *w, struct answer *x)
{
	const uint16_t sw = status(x);
	const size_t n = expected(l) + w->n;

	if (x->len < 2 || n + 2 <= x->len)
		return;
	memset(x->bytes + x->len - 2, 0x5A, n + 2 - x->len);
	x->len = n + 2;
	answer_put_status(x, sw);
}

/* So many zeros. */
static void zeros(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memset(x->bytes, 0, w->n);
	x->len = w->n + 2;
	answer_put_status(x, 0x9000);
}

/* Without the last w->n bytes of data; 0: without the second half. */
static void shorter(struct liar *l, const struct wrong *w, struct answer *x)
{
	const uint16_t sw = status(x);
	const size_t cut = w->n != 0 ? w->n : x->len / 2;

	(void)l;
	if (x->len < 2 + cut)
		return;
	x->len -= cut;
	answer_put_status(x, sw);
}

static void twice(struct liar *l, const struct wrong *w, struct answer *x)
{
	const uint16_t sw = status(x);
	const size_t n = x->len < 2 ? 0 : x->len - 2;

	(void)l;
	(void)w;
	if (n == 0 || 2 * n + 2 > ROOM)
		return;
	memmove(x->bytes + n, x->bytes, n);
	x->len = 2 * n + 2;
	answer_put_status(x, sw);
}

/* --- status words ------------------------------------------------------------------------ */

/* These data, whatever was asked, and this status word. */
static void data_and_status(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	x->len = w->bytes.len + 2;
	memcpy(x->bytes, w->bytes.ptr, w->bytes.len);
	answer_put_status(x, w->n);
}

/* As many bytes as are asked for, and always more. */
static void more_for_ever(struct liar *l, const struct wrong *w, struct answer *x)
{
	const uint32_t n = expected(l);

	memset(x->bytes, 0x30, n);
	x->len = n + 2;
	answer_put_status(x, w->n);
}

static void more_then_wrong_length(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	x->len = 2;
	answer_put_status(x, l->command.ins == 0xC0 ? 0x6C01 : 0x6101);
}

/* --- bytes ---------------------------------------------------------------------------------- */

/* One bit of byte n of the data; from the end: n counted from 1000. */
static void turn_bit(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t data = x->len < 2 ? 0 : x->len - 2;
	const size_t at = w->n >= 1000 ? data - 1 - (w->n - 1000) : w->n == 500 ? data / 2 : w->n;

	(void)l;
	if (at < data)
		x->bytes[at] ^= 1;
}

static void fill(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	if (x->len > 2)
		memset(x->bytes, (int)w->n, x->len - 2);
}

static void echo(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	if (l->command.data.len > 0)
		put_data(x, l->command.data);
}

static void answer_before(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	memcpy(x->bytes, l->last, l->last_len);
	x->len = l->last_len;
}

/* What the honest card once said at this place; behind that, nothing but 6F00. */
static void replay(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_span in = l->recorded, answer = { NULL, 0 };
	uint32_t n = 0;

	(void)w;
	for (unsigned i = 0; i < l->answers; i++)
		if (!sj_take_be(&in, 4, &n) || !sj_take(&in, n, &answer))
			answer = SJ_SPAN_STR("\x6F\x00");
	if (sj_span_eq(answer, sj_span(x->bytes, x->len)))
		l->struck = 0; /* the card says it again */
	memcpy(x->bytes, answer.ptr, answer.len);
	x->len = answer.len;
}

/* --- syntax ------------------------------------------------------------------------------------ */

static void put_instead(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	if (x->len >= 2)
		put_data(x, w->bytes);
}

/* Templates in templates: as deep as an answer is long. */
static void deep(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t n = 240;

	(void)l;
	if (x->len < 2)
		return;
	for (size_t i = 0; i < n; i += 2) {
		x->bytes[i] = (uint8_t)w->n;
		x->bytes[i + 1] =
			w->bytes.len > 0 ? 0x80 : (uint8_t)(n - i - 2 < 128 ? n - i - 2 : 127);
	}
	x->len = n + 2;
	answer_put_status(x, 0x9000);
}

/* The outer object's length says so much more (n below 128) or is of another form. */
static void outer_length(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	if (x->len > 4)
		x->bytes[1] = w->n < 256 ? (uint8_t)(x->bytes[1] + w->n) : (uint8_t)w->n;
}

/* Its tag never ends. */
static void long_tag(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	(void)w;
	if (x->len < 4)
		return;
	memset(x->bytes, 0xFF, x->len - 2);
}

/* --- what is around the answer --------------------------------------------------------------------- */

static void wait_long(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	(void)x;
	liar_wait((int64_t)w->n);
}

static void reader_says(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	l->rc = (enum sj_rc)w->n;
}

static void restart_unseen(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t atr[CARD_ATR_MAX];

	(void)w;
	(void)x;
	if (l->b != NULL)
		(void)card_power_on(l->b->card, atr);
}

static void change_cards(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct bench *b = l->b;

	(void)w;
	(void)x;
	l->b = l->other;
	l->other = b;
}

/* The reader tells of it, and the card that answers next has another UID, and is another. */
static void reset_to_another(struct liar *l, const struct wrong *w, struct answer *x)
{
	change_cards(l, w, x);
	l->rc = SJ_CARD_RESET;
}

static void other_atr(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memcpy(x->bytes, w->bytes.ptr, w->bytes.len);
	x->len = w->bytes.len;
}

static void cut_atr(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	x->len = w->n < x->len ? w->n : x->len;
}

/* --- where ---------------------------------------------------------------------------------------- */

static bool protected_only(const struct liar *l)
{
	return (l->command.cla & 0x0C) == 0x0C;
}

/* The conversation that the answers are believed in has begun; before it, the other card is as good. */
static bool begun(const struct liar *l)
{
	return protected_only(l) || l->command.ins == 0x86 || l->command.ins == 0x82;
}

/* A protected answer of which only these are left: 1: 87, 2: 99, 4: 8E; 8: in the other order. */
static void some_objects(struct liar *l, const struct wrong *w, struct answer *x)
{
	static uint8_t bytes[LIAR_ANSWER_MAX]; /* of this function */
	struct sj_span in = sj_span(x->bytes, x->len - 2), one, parts[3] = { { NULL, 0 } };
	struct sj_writer out = SJ_WRITER_OF(bytes);
	static const uint32_t tags[] = { 0x87, 0x99, 0x8E };

	for (unsigned i = 0; i < 3; i++)
		if (sj_tlv_take_element(&in, tags[i], &one) == SJ_TLV_FOUND)
			parts[i] = one;
	for (unsigned i = 0; i < 3; i++) {
		const unsigned k = w->n & 8 ? 2 - i : i;

		if (w->n & 1u << k && parts[k].len > 0)
			sj_put(&out, parts[k]);
	}
	if (out.len + 2 == x->len && (w->n & 8) == 0) /* what is taken out was not there */
		l->struck = 0;
	else
		put_data(x, sj_written(&out));
}

static void short_mac(struct liar *l, const struct wrong *w, struct answer *x)
{
	const uint16_t sw = status(x);

	(void)l;
	if (x->len < 14 || x->bytes[x->len - 12] != 0x8E)
		return;
	x->bytes[x->len - 11] = (uint8_t)w->n;
	x->len -= 8 - w->n;
	answer_put_status(x, sw);
}

static void zero_mac(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	(void)w;
	if (x->len >= 14 && x->bytes[x->len - 12] == 0x8E)
		memset(x->bytes + x->len - 10, 0, 8);
}

static bool card_files(const struct liar *l)
{
	return l->command.ins == 0xB0 || l->command.ins == 0xB1;
}

/* The first read of a file and the second do not agree on its size. */
static void other_size(struct liar *l, const struct wrong *w, struct answer *x)
{
	if (x->len > 4)
		x->bytes[1] = (uint8_t)(l->answers % 2 ? w->n : w->n >> 8);
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define WIRE(name_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_ALL, .any_of = 1, .fits = NULL, \
		.change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
/* A channel that breaks once may be begun again; what stays wrong is never believed. */
#define SM_WIRE(name_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_SM | ON_PIV_SM, .any_of = 1, \
		.fits = protected_only, .change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
#define WITH_OTHER(name_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_IDENTITY, .any_of = 0, .fits = begun, \
		.change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
#define FILES(name_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_DOCUMENT | ON_EID, .any_of = 1, \
		.fits = card_files, .change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
#define ATR(name_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_ATR, .on = ON_ALL, .any_of = 1, .fits = NULL, \
		.change = change_, .flags = 0, .n = n_, __VA_ARGS__ \
	}

static const struct wrong rows[] = {
	WIRE("nothing-at-all", nothing, 0, 0),
	WIRE("one-byte", nothing, 0, 1),
	WIRE("only-9000", change_only_status, 0, 0x9000),
	WIRE("only-9000-for-ever", change_only_status, STAYS, 0x9000),
	WIRE("a-byte-more-than-le", longer, 0, 1),
	WIRE("much-more-than-le", longer, 0, 300),
	WIRE("65536-zeros", zeros, 0, 65536),
	WIRE("more-than-an-answer-holds", zeros, 0, 70000),
	WIRE("a-byte-less", shorter, 0, 1),
	WIRE("two-bytes-less", shorter, 0, 2),
	WIRE("half", shorter, 0, 0),
	WIRE("twice", twice, 0, 0),
	WIRE("data-with-6A82", change_other_status, 0, 0x6A82),
	WIRE("data-with-6F00", change_other_status, 0, 0x6F00),
	WIRE("data-with-6282", change_other_status, 0, 0x6282),
	WIRE("data-with-0000", change_other_status, 0, 0x0000),
	WIRE("data-with-9001", change_other_status, 0, 0x9001),
	WIRE("6A82", change_only_status, 0, 0x6A82),
	WIRE("6982", change_only_status, 0, 0x6982),
	WIRE("6985", change_only_status, 0, 0x6985),
	WIRE("6983", change_only_status, 0, 0x6983),
	WIRE("6700", change_only_status, 0, 0x6700),
	WIRE("6700-for-ever", change_only_status, STAYS, 0x6700),
	WIRE("6882", change_only_status, 0, 0x6882),
	WIRE("6883", change_only_status, 0, 0x6883),
	WIRE("6987", change_only_status, 0, 0x6987),
	WIRE("6988", change_only_status, 0, 0x6988),
	WIRE("6A88", change_only_status, 0, 0x6A88),
	WIRE("6D00-for-ever", change_only_status, STAYS, 0x6D00),
	WIRE("6E00", change_only_status, 0, 0x6E00),
	WIRE("6F00", change_only_status, 0, 0x6F00),
	WIRE("63C0", change_only_status, 0, 0x63C0),
	WIRE("63CF", change_only_status, 0, 0x63CF),
	WIRE("6300-for-ever", change_only_status, STAYS, 0x6300),
	WIRE("6310-for-ever", change_other_status, STAYS, 0x6310),
	WIRE("6283-with-data", change_other_status, 0, 0x6283),
	WIRE("6C00-for-ever", change_only_status, STAYS, 0x6C00),
	WIRE("6C01-for-ever", change_only_status, STAYS, 0x6C01),
	WIRE("6C20-once", change_only_status, 0, 0x6C20),
	WIRE("6100-without-data-for-ever", change_only_status, STAYS, 0x6100),
	WIRE("6101-and-a-byte-for-ever", data_and_status, STAYS, 0x6101, DATA("\x30")),
	WIRE("6100-and-all-that-fits-for-ever", more_for_ever, STAYS, 0x6100),
	WIRE("6101-then-6C01-for-ever", more_then_wrong_length, STAYS, 0),
	WIRE("61FF-once", change_other_status, 0, 0x61FF),
	WIRE("first-bit", turn_bit, 0, 0),
	WIRE("bit-of-the-second-byte", turn_bit, 0, 1),
	WIRE("bit-of-the-fourth-byte", turn_bit, 0, 3),
	WIRE("middle-bit", turn_bit, 0, 500),
	WIRE("last-bit", turn_bit, 0, 1000),
	WIRE("bit-before-the-mac", turn_bit, 0, 1012),
	WIRE("all-zeros", fill, 0, 0),
	WIRE("all-ones", fill, 0, 0xFF),
	WIRE("all-spaces", fill, 0, 0x20),
	WIRE("the-command-back", echo, 0, 0),
	WIRE("the-command-back-for-ever", echo, STAYS, 0),
	WIRE("the-answer-before", answer_before, 0, 0),
	WIRE("the-answer-before-for-ever", answer_before, STAYS, 0),
	{ .name = "replayed-from-here",
	  .where = WRONG_WIRE,
	  .on = ON_SM | ON_PIV_SM | ON_ISSUE,
	  .any_of = 1,
	  .change = replay,
	  .flags = STAYS | NEVER },
	{ .name = "replayed-in-clear",
	  .where = WRONG_WIRE,
	  .on = ON_CONTACT,
	  .change = replay,
	  .flags = STAYS },
	WIRE("constructed-as-deep-as-it-goes", deep, 0, 0x7C),
	WIRE("indefinite-as-deep-as-it-goes", deep, 0, 0x30, DATA("i")),
	WIRE("sets-as-deep-as-it-goes", deep, 0, 0x31),
	WIRE("length-says-one-more", outer_length, 0, 1),
	WIRE("length-says-one-less", outer_length, 0, 255),
	WIRE("length-indefinite", put_instead, 0, 0, DATA("\x30\x80\x04\x01\x00\x00\x00")),
	WIRE("length-of-four-gigabytes", put_instead, 0, 0, DATA("\x7C\x84\xFF\xFF\xFF\xFF\x80")),
	WIRE("length-of-a-hundred-bytes", put_instead, 0, 0,
	     DATA("\x7C\xE4\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")),
	WIRE("length-in-the-long-form-of-none", put_instead, 0, 0, DATA("\x7C\x81\x00")),
	WIRE("a-tag-that-never-ends", long_tag, 0, 0),
	WIRE("a-template-without-anything", put_instead, 0, 0, DATA("\x7C\x00")),
	WIRE("an-empty-object-hundreds-of-times", fill, 0, 0x7C),
	WIRE("a-second-reset", reader_says, STAYS, SJ_CARD_RESET),
	WIRE("a-reset", reader_says, 0, SJ_CARD_RESET),
	WIRE("card-lost", reader_says, 0, SJ_CARD_LOST),
	WIRE("waits-20-seconds-each-time", wait_long, STAYS, 20000),
	WIRE("waits-an-hour", wait_long, 0, 3600000),
	WIRE("restarted-unseen", restart_unseen, 0, 0),
	WITH_OTHER("another-card-from-here", change_cards, 0, 0),
	WITH_OTHER("two-cards-in-turn", change_cards, STAYS, 0),
	WITH_OTHER("reset-and-another-card", reset_to_another, 0, 0),
	WITH_OTHER("reset-and-another-card-each-time", reset_to_another, STAYS, 0),
	FILES("file-size-changes", other_size, STAYS, 0x10FF),
	FILES("file-size-is-huge-and-small", other_size, STAYS, 0x0183),

	SM_WIRE("mac-of-four-bytes", short_mac, STAYS | NEVER, 4),
	SM_WIRE("mac-of-no-bytes", short_mac, STAYS | NEVER, 0),
	SM_WIRE("mac-of-zeros", zero_mac, STAYS | NEVER, 0),
	SM_WIRE("without-mac", some_objects, STAYS | NEVER, 3),
	SM_WIRE("mac-alone", some_objects, STAYS | NEVER, 4),
	SM_WIRE("status-alone", some_objects, STAYS | NEVER, 2),
	SM_WIRE("data-alone", some_objects, STAYS | NEVER, 1),
	SM_WIRE("data-taken-out", some_objects, STAYS | NEVER, 6),
	SM_WIRE("status-taken-out", some_objects, STAYS | NEVER, 5),
	SM_WIRE("objects-in-the-other-order", some_objects, STAYS | NEVER, 15),
	SM_WIRE("unprotected-data-for-ever", put_instead, STAYS | NEVER, 0,
		DATA("\x61\x03\x5F\x1F\x00")),
	SM_WIRE("unprotected-9000-for-ever", change_only_status, STAYS | NEVER, 0x9000),

	ATR("atr-empty", cut_atr, 0),
	ATR("atr-cut-to-one", cut_atr, 1),
	ATR("atr-cut-to-two", cut_atr, 2),
	ATR("atr-cut-to-four", cut_atr, 4),
	ATR("atr-33-of-ff", other_atr, 0,
	    DATA("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
		 "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")),
	ATR("atr-longer-than-there-are", other_atr, 0,
	    DATA("\x3B\x8F\x80\x01\x80\x4F\x0C\xA0\x00\x00\x03\x06\x03\x00\x01\x00\x00\x00\x00\x6A"
		 "\x3B\x8F\x80\x01\x80\x4F\x0C\xA0\x00\x00\x03\x06\x03\x00\x01\x00\x00\x00\x00\x6A")),
	ATR("atr-interface-bytes-for-ever", other_atr, 0,
	    DATA("\x3B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")),
	ATR("atr-historical-objects-too-long", other_atr, 0,
	    DATA("\x3B\x85\x80\x01\x80\x7F\x31\x73\x00\x7F")),
	ATR("atr-historical-objects-empty", other_atr, 0,
	    DATA("\x3B\x84\x80\x01\x80\x73\x31\x70\x00")),
	ATR("atr-says-extended-and-no-mf", other_atr, 0,
	    DATA("\x3B\x87\x80\x01\x80\x31\xFF\x73\xFF\xFF\xFF\x00")),
	ATR("atr-all-zeros", other_atr, 0, DATA("\x00\x00\x00\x00\x00")),
};

struct wrongs wrongs_wire(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
