/* wrong_manager.c -- a manager that lies to who issues: SCP03 (Amendment D) and GP's commands. */
#include "tests/hostile/liar.h"

#define INS_INITIALIZE_UPDATE 0x50u
#define INS_EXTERNAL_AUTHENTICATE 0x82u
#define INS_PUT_KEY 0xD8u
#define INS_STORE_DATA 0xE2u
#define INS_INSTALL 0xE6u
#define INS_GET_STATUS 0xF2u
#define INS_SET_STATUS 0xF0u
#define INS_GET_DATA 0xCAu

static bool is_ins(const struct liar *l)
{
	return l->command.ins == (l->wrong->n & 0xFF);
}

/* STORE DATA that a key is to answer (P1 says so: GP 2.3.1, table 11-89). */
static bool makes_key(const struct liar *l)
{
	return l->command.ins == INS_STORE_DATA && (l->command.p1 & 0x01) != 0;
}

/* The next entries: one more round after 6310. */
static bool asks_for_the_rest(const struct liar *l)
{
	return l->command.ins == INS_GET_STATUS && l->command.p2 == 0x03;
}

/* Byte n >> 8 of the data is the first of w->bytes; or the data end there. */
static void byte_is(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t at = w->n >> 8;

	if (at + 2 < x->len && x->bytes[at] != w->bytes.ptr[0])
		x->bytes[at] = w->bytes.ptr[0];
	else
		l->struck = 0;
}

static void ends_at(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t n = w->n >> 8;

	if (n + 2 >= x->len) {
		l->struck = 0;
		return;
	}
	memcpy(x->bytes + n, "\x90\x00", 2);
	x->len = n + 2;
}

/* The host's own challenge as the card's; and as its cryptogram. */
static void reflects(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t at = w->n >> 8, n = l->command.data.len;

	if (n == 0 || at + n + 2 > x->len) {
		l->struck = 0;
		return;
	}
	memcpy(x->bytes + at, l->command.data.ptr, n);
}

static void status_is(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	x->len = 2;
	x->bytes[0] = w->bytes.ptr[0];
	x->bytes[1] = w->bytes.ptr[1];
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define OUTSIDE(name_, ins_, at_, flags_, change_, text_) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_ISSUE, .fits = is_ins, \
		.change = change_, .flags = flags_, .n = (ins_) | (at_) << 8, DATA(text_) \
	}
#define INSIDE(name_, ins_, at_, change_, text_) \
	{ \
		.name = name_, .where = WRONG_INNER, .on = ON_ISSUE, .fits = is_ins, \
		.change = change_, .flags = STAYS, .n = (ins_) | (at_) << 8, DATA(text_) \
	}
#define BEGINS(name_, at_, change_, text_) \
	OUTSIDE("channel-" name_, INS_INITIALIZE_UPDATE, at_, STAYS | NEVER, change_, text_)
/* Not proved by the channel, and harmless or told. */
#define TELLS(name_, at_, change_, text_) \
	OUTSIDE("channel-" name_, INS_INITIALIZE_UPDATE, at_, STAYS, change_, text_)
/* Who writes must not go on. */
#define WRITES(name_, where_, ins_, at_, change_, text_) \
	{ \
		.name = name_, .where = where_, .on = ON_ISSUE | ON_WRITES, .fits = is_ins, \
		.change = change_, .flags = STAYS | NEVER, .n = (ins_) | (at_) << 8, DATA(text_) \
	}
/* Who says what a card is now must know it. */
#define CHANGES(name_, ins_, at_, change_, text_) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_ISSUE | ON_CHANGES, .fits = is_ins, \
		.change = change_, .flags = STAYS | NEVER, .n = (ins_) | (at_) << 8, DATA(text_) \
	}
#define MAKES(name_, where_, ins_, at_, change_, text_) \
	{ \
		.name = name_, .where = where_, .on = ON_ISSUE | ON_WRITES, .fits = makes_key, \
		.change = change_, .flags = STAYS | NEVER, .n = (ins_) | (at_) << 8, DATA(text_) \
	}
#define ENTRY \
	"\xE3\x16\x4F\x07\xA0\x00\x00\x02\x47\x10\x01\x9F\x70\x01\x07\xC5\x01\x00\xC4\x04\xF0SJO"
#define POINT_OFF \
	"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07" \
	"\x03\x42\x00\x04" \
	"12345678123456781234567812345678" \
	"12345678123456781234567812345678"

static const struct wrong rows[] = {
	BEGINS("cryptogram-changed", 21, byte_is, "\x01"),
	BEGINS("challenge-changed", 13, byte_is, "\x01"),
	BEGINS("challenge-reflected", 13, reflects, ""),
	BEGINS("cryptogram-reflected", 21, reflects, ""),
	TELLS("serial-changed", 3, byte_is, "\x77"),
	BEGINS("version-of-keys-that-nobody-has", 10, byte_is, "\x7F"),
	BEGINS("protocol-02", 11, byte_is, "\x02"),
	CHANGES("channel-i-00", INS_INITIALIZE_UPDATE, 12, byte_is, "\x00"),
	CHANGES("channel-i-10", INS_INITIALIZE_UPDATE, 12, byte_is, "\x10"),
	TELLS("i-ff", 12, byte_is, "\xFF"),
	TELLS("i-01-for-s16", 12, byte_is, "\x71"),
	BEGINS("answer-of-nothing", 0, ends_at, ""),
	BEGINS("answer-of-12-bytes", 12, ends_at, ""),
	BEGINS("answer-of-28-bytes", 28, ends_at, ""),
	BEGINS("answer-without-sequence", 29, ends_at, ""),
	BEGINS("answer-of-zeros", 0, change_answers,
	       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BEGINS("refused-6A88", 0, status_is, "\x6A\x88"),
	BEGINS("refused-6982", 0, status_is, "\x69\x82"),
	OUTSIDE("channel-sequence-changed", INS_INITIALIZE_UPDATE, 31, STAYS, byte_is, "\x01"),
	OUTSIDE("host-refused-6300", INS_EXTERNAL_AUTHENTICATE, 0, STAYS | NEVER, status_is,
		"\x63\x00"),
	OUTSIDE("host-refused-6982", INS_EXTERNAL_AUTHENTICATE, 0, STAYS | NEVER, status_is,
		"\x69\x82"),
	OUTSIDE("put-key-refused", INS_PUT_KEY, 0, STAYS | NEVER, status_is, "\x6A\x84"),
	OUTSIDE("put-key-in-clear", INS_PUT_KEY, 0, STAYS | NEVER, change_answers,
		"\x31\x00\x00\x00"),
	OUTSIDE("install-refused", INS_INSTALL, 0, STAYS | NEVER, status_is, "\x6A\x88"),
	OUTSIDE("store-refused-6A84", INS_STORE_DATA, 0, STAYS | NEVER, status_is, "\x6A\x84"),
	OUTSIDE("store-refused-6581", INS_STORE_DATA, 0, NEVER, status_is, "\x65\x81"),
	OUTSIDE("store-answers-in-clear", INS_STORE_DATA, 0, STAYS | NEVER, change_answers,
		POINT_OFF),
	OUTSIDE("lock-refused-6985", INS_SET_STATUS, 0, STAYS | NEVER, status_is, "\x69\x85"),
	OUTSIDE("status-more-for-ever", INS_GET_STATUS, 0, STAYS | NEVER, status_is, "\x63\x10"),

	WRITES("put-key-check-values-of-others", WRONG_INNER, INS_PUT_KEY, 3, byte_is, "\x55"),
	WRITES("put-key-of-another-version", WRONG_INNER, INS_PUT_KEY, 0, byte_is, "\x66"),
	WRITES("put-key-of-nothing", WRONG_INNER, INS_PUT_KEY, 0, change_answers, ""),
	MAKES("key-of-nothing", WRONG_INNER, INS_STORE_DATA, 0, change_answers, ""),
	MAKES("key-off-the-curve", WRONG_INNER, INS_STORE_DATA, 0, change_answers, POINT_OFF),
	MAKES("key-of-another-kind", WRONG_INNER, INS_STORE_DATA, 0, change_answers,
	      "\x30\x1A\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01\x05\x00\x03\x09\x00\x30\x06\x02\x01\x07\x02\x01\x03"),
	MAKES("key-of-four-gigabytes", WRONG_INNER, INS_STORE_DATA, 0, change_answers,
	      "\x30\x84\xFF\xFF\xFF\xFF"),
	MAKES("key-of-zeros", WRONG_INNER, INS_STORE_DATA, 0, change_answers,
	      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	/* An error is not protected, and would hide applications. */
	{ .name = "status-the-rest-hidden",
	  .where = WRONG_WIRE,
	  .on = ON_ISSUE,
	  .fits = asks_for_the_rest,
	  .change = status_is,
	  .flags = NEVER,
	  DATA("\x6A\x88") },
	INSIDE("status-of-nothing", INS_GET_STATUS, 0, change_answers, ""),
	INSIDE("status-entry-without-name", INS_GET_STATUS, 0, change_answers,
	       "\xE3\x04\x9F\x70\x01\x07"),
	INSIDE("status-entry-cut", INS_GET_STATUS, 0, change_answers, "\xE3\x16\x4F\x07\xA0"),
	INSIDE("status-of-seven-entries", INS_GET_STATUS, 0, change_answers,
	       ENTRY ENTRY ENTRY ENTRY ENTRY ENTRY ENTRY),
	INSIDE("status-entry-in-an-entry", INS_GET_STATUS, 0, change_answers,
	       "\xE3\x06\xE3\x04\xE3\x02\xE3\x00"),
	INSIDE("data-of-nothing", INS_GET_DATA, 0, change_answers, ""),
	INSIDE("data-of-another-object", INS_GET_DATA, 0, change_answers, "\x66\x02\x73\x00"),
	INSIDE("data-with-more-behind", INS_GET_DATA, 0, change_answers, "\xE0\x00\xE0\x00"),
	INSIDE("key-information-of-nothing", INS_GET_DATA, 0, change_answers, "\xE0\x02\xC0\x00"),
	INSIDE("key-information-of-twenty-keys", INS_GET_DATA, 0, change_answers,
	       "\xE0\x78"
	       "\xC0\x04\x01\x30\x88\x10\xC0\x04\x02\x30\x88\x10\xC0\x04\x03\x30\x88\x10\xC0\x04\x01\x31\x88\x10"
	       "\xC0\x04\x01\x30\x88\x10\xC0\x04\x02\x30\x88\x10\xC0\x04\x03\x30\x88\x10\xC0\x04\x01\x31\x88\x10"
	       "\xC0\x04\x01\x30\x88\x10\xC0\x04\x02\x30\x88\x10\xC0\x04\x03\x30\x88\x10\xC0\x04\x01\x31\x88\x10"
	       "\xC0\x04\x01\x30\x88\x10\xC0\x04\x02\x30\x88\x10\xC0\x04\x03\x30\x88\x10\xC0\x04\x01\x31\x88\x10"
	       "\xC0\x04\x01\x30\x88\x10\xC0\x04\x02\x30\x88\x10\xC0\x04\x03\x30\x88\x10\xC0\x04\x01\x31\x88\x10"),
};

struct wrongs wrongs_manager(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
