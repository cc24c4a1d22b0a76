/* wrong_gate.c -- messages of EDHOC that are none, and what a card says around them (GATE.md). */
#include "tests/hostile/liar.h"

static void put_answer(struct answer *x, const struct sj_writer *w)
{
	assert_false(w->failed);
	memcpy(x->bytes, w->ptr, w->len);
	x->len = w->len;
	x->bytes[x->len++] = 0x90;
	x->bytes[x->len++] = 0x00;
}

static bool selects(const struct liar *l)
{
	return l->command.ins == 0xA4;
}

/* message_2 went to it: 7C with 82; the answer is message_3. */
static bool proves(const struct liar *l)
{
	struct sj_span in = l->command.data, template, value;

	return l->command.ins == 0x87 && sj_tlv_take(&in, 0x7C, &template) == SJ_TLV_FOUND &&
	       sj_tlv_find(template, 0x82, &value) == SJ_TLV_FOUND;
}

static bool comes_after(const struct liar *l)
{
	return l->command.ins == 0x87 && !proves(l);
}

/* The FCI with w->bytes in the place of message_1. */
static void message_1(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t bytes[400];
	struct sj_writer out = SJ_WRITER_OF(bytes);
	const size_t fci = sj_tlv_open(&out);
	size_t own;

	(void)l;
	sj_tlv_put(&out, 0x84, SJ_SPAN_STR("\xF0SOJOURN\x01"));
	own = sj_tlv_open(&out);
	sj_tlv_put(&out, 0x80, SJ_SPAN_STR("\x01"));
	sj_tlv_put(&out, 0x81, w->bytes);
	sj_tlv_close(&out, 0xA5, own);
	sj_tlv_close(&out, 0x6F, fci);
	put_answer(x, &out);
}

/* One byte of the honest answer is this. */
static void byte_is(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t at = w->n & 0xFFFF;

	if (at + 2 < x->len && x->bytes[at] != (uint8_t)(w->n >> 16))
		x->bytes[at] = (uint8_t)(w->n >> 16);
	else
		l->struck = 0;
}

/* 7C { 83 }: a byte string of so many bytes. */
static void message_3(struct liar *l, const struct wrong *w, struct answer *x)
{
	static uint8_t bytes[4200]; /* of this function */
	struct sj_writer out = SJ_WRITER_OF(bytes);
	const size_t template = sj_tlv_open(&out), message = sj_tlv_open(&out);

	(void)l;
	sj_put(&out, w->bytes);
	sj_put_fill(&out, 0x5A, w->n);
	sj_tlv_close(&out, 0x83, message);
	sj_tlv_close(&out, 0x7C, template);
	put_answer(x, &out);
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define GATE(name_, fits_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_GATE, .fits = fits_, \
		.change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
/* A gate that has tickets goes on without, so that only what stays wrong is never accepted. */
#define FIRST(name_, change_, n_, ...) \
	GATE("m1-" name_, selects, change_, STAYS | NEVER, n_, __VA_ARGS__)
#define THIRD(name_, change_, n_, ...) \
	GATE("m3-" name_, proves, change_, STAYS | NEVER, n_, __VA_ARGS__)
#define AFTER(name_, change_, n_, ...) \
	GATE("after-" name_, comes_after, change_, STAYS, n_, __VA_ARGS__)
#define ZEROS32 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ONES32 \
	"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" \
	"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
/* x of P-256's generator. */
#define KNOWN32 \
	"\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03\x7D\x81\x2D\xEB\x33" \
	"\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96"

static const struct wrong rows[] = {
	FIRST("key-of-zeros", message_1, 0, DATA("\x03\x03\x58\x20" ZEROS32 "\x00")),
	FIRST("key-of-ones", message_1, 0, DATA("\x03\x03\x58\x20" ONES32 "\x00")),
	FIRST("key-that-everybody-has", message_1, 0, DATA("\x03\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("key-of-31-bytes", message_1, 0,
	      DATA("\x03\x03\x58\x1F"
		   "1234567890123456789012345678901"
		   "\x00")),
	FIRST("key-of-33-bytes", message_1, 0,
	      DATA("\x03\x03\x58\x21" KNOWN32 "1"
		   "\x00")),
	FIRST("key-empty", message_1, 0, DATA("\x03\x03\x40\x00")),
	FIRST("key-of-four-gigabytes", message_1, 0, DATA("\x03\x03\x5A\xFF\xFF\xFF\xFF" KNOWN32)),
	FIRST("key-without-end", message_1, 0, DATA("\x03\x03\x5F\x58\x20" KNOWN32 "\xFF\x00")),
	FIRST("method-0", message_1, 0, DATA("\x00\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("method-4-of-one-without-ticket", message_1, 0,
	      DATA("\x04\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("method-of-four-gigabytes", message_1, 0,
	      DATA("\x1A\xFF\xFF\xFF\xFF\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("method-negative", message_1, 0, DATA("\x22\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("suite-2", message_1, 0, DATA("\x03\x02\x58\x20" KNOWN32 "\x00")),
	FIRST("suites-without-end", message_1, 0,
	      DATA("\x03\x9F\x03\x03\xFF\x58\x20" KNOWN32 "\x00")),
	FIRST("a-thousand-suites", message_1, 0,
	      DATA("\x03\x99\x03\xE8\x03\x03\x03\x58\x20" KNOWN32 "\x00")),
	FIRST("identifier-of-another", message_1, 0, DATA("\x03\x03\x58\x20" KNOWN32 "\x37")),
	FIRST("identifier-long", message_1, 0, DATA("\x03\x03\x58\x20" KNOWN32 "\x58\x20" KNOWN32)),
	FIRST("identifier-missing", message_1, 0, DATA("\x03\x03\x58\x20" KNOWN32)),
	FIRST("critical-ead", message_1, 0, DATA("\x03\x03\x58\x20" KNOWN32 "\x00\x20")),
	FIRST("more-behind", message_1, 0,
	      DATA("\x03\x03\x58\x20" KNOWN32 "\x00\x01\x41\x00\x01\x41\x00")),
	FIRST("empty", message_1, 0, DATA("")),
	FIRST("nested-arrays", message_1, 0,
	      DATA("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81")),
	FIRST("nested-tags", message_1, 0,
	      DATA("\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1\xC1")),
	FIRST("fci-of-another-application", change_answers, 0,
	      DATA("\x6F\x09\x84\x07\xA0\x00\x00\x02\x47\x10\x01")),
	FIRST("fci-without-message", change_answers, 0,
	      DATA("\x6F\x10\x84\x09\xF0SOJOURN\x01\xA5\x03\x80\x01\x01")),
	FIRST("fci-of-another-version", byte_is, 15 | 0x7Fu << 16),
	FIRST("method-changed", byte_is, 18 | 0x01u << 16),
	FIRST("suite-changed", byte_is, 19 | 0x06u << 16),
	FIRST("key-changed", byte_is, 30 | 0xA7u << 16),
	FIRST("identifier-changed", byte_is, 54 | 0x21u << 16),

	THIRD("empty", message_3, 0, DATA("")),
	THIRD("of-an-empty-string", message_3, 0, DATA("\x40")),
	THIRD("of-seven-bytes", message_3, 7, DATA("\x47")),
	THIRD("of-a-tag-alone", message_3, 16, DATA("\x50")),
	THIRD("of-a-hundred-bytes", message_3, 100, DATA("\x58\x64")),
	THIRD("of-4000-bytes", message_3, 4000, DATA("\x59\x0F\xA0")),
	THIRD("of-four-gigabytes", message_3, 100, DATA("\x5A\xFF\xFF\xFF\xFF")),
	THIRD("without-end", message_3, 10, DATA("\x5F\x4A")),
	THIRD("of-text", message_3, 100, DATA("\x78\x64")),
	THIRD("of-an-array", message_3, 100, DATA("\x98\x64")),
	THIRD("and-another", change_answers, 0, DATA("\x7C\x08\x83\x02\x41\x00\x83\x02\x41\x00")),
	THIRD("first-byte", byte_is, 9 | 0x5Au << 16),
	THIRD("byte-20", byte_is, 20 | 0x5Bu << 16),
	THIRD("byte-40", byte_is, 40 | 0x5Cu << 16),
	THIRD("edhoc-error", change_answers, 0, DATA("\x7C\x04\x8F\x02\x01\x60")),
	THIRD("edhoc-error-of-nothing", change_answers, 0, DATA("\x7C\x02\x8F\x00")),
	THIRD("edhoc-error-with-suites", change_answers, 0,
	      DATA("\x7C\x07\x8F\x05\x02\x83\x00\x02\x03")),

	AFTER("nothing-but-9000", change_answers, 0, DATA("")),
	AFTER("an-empty-object", change_answers, 0, DATA("\x7C\x02\x85\x00")),
	AFTER("an-object-of-zeros", change_answers, 0,
	      DATA("\x7C\x12\x85\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	AFTER("an-object-that-is-no-cbor", change_answers, 0, DATA("\x7C\x05\x85\x03\xFF\xFF\xFF")),
	AFTER("an-error", change_answers, 0, DATA("\x7C\x04\x8F\x02\x01\x60")),
	AFTER("byte-8", byte_is, 8 | 0x5Du << 16),
	AFTER("byte-30", byte_is, 30 | 0x5Eu << 16),
};

struct wrongs wrongs_gate(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
