/* wrong_inner.c -- a genuine channel that lies: what the card's own secure messaging protects. */
#include "tests/hostile/liar.h"

static void put_instead(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memcpy(x->bytes, w->bytes.ptr, w->bytes.len);
	x->len = w->bytes.len + 2;
	answer_put_status(x, w->n != 0 ? w->n : 0x9000);
}

/* So many bytes of it, with a head that says that there are as many as can be said. */
static void zeros(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memset(x->bytes, 0, w->n);
	x->len = w->n + 2;
	answer_put_status(x, 0x9000);
}

static void fill(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)l;
	memset(x->bytes, (int)w->n, x->len - 2);
}

static void turn_bit(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t data = x->len - 2;
	const size_t at = w->n == 500 ? data / 2 : w->n == 1000 ? data - 1 : w->n;

	(void)l;
	if (data > 0 && at < data)
		x->bytes[at] ^= 1;
}

static void shorter(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t cut = w->n != 0 ? w->n : x->len / 2;
	const unsigned sw = (unsigned)(x->bytes[x->len - 2] << 8 | x->bytes[x->len - 1]);

	(void)l;
	if (x->len < 2 + cut)
		return;
	x->len -= cut;
	answer_put_status(x, sw);
}

static void longer(struct liar *l, const struct wrong *w, struct answer *x)
{
	const unsigned sw = (unsigned)(x->bytes[x->len - 2] << 8 | x->bytes[x->len - 1]);

	(void)l;
	memset(x->bytes + x->len - 2, 0x5A, w->n);
	x->len += w->n;
	answer_put_status(x, sw);
}

static void deep(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t n = 200;

	(void)l;
	for (size_t i = 0; i < n; i += 2) {
		x->bytes[i] = (uint8_t)w->n;
		x->bytes[i + 1] = (uint8_t)(n - i - 2 < 128 ? n - i - 2 : 127);
	}
	x->len = n + 2;
	answer_put_status(x, 0x9000);
}

static void other_size(struct liar *l, const struct wrong *w, struct answer *x)
{
	if (x->len > 4)
		x->bytes[1] = (uint8_t)(l->inner % 2 ? w->n : w->n >> 8);
}

/* --- the protection itself ---------------------------------------------------------------- */

static void wrong_mac_key(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	(void)x;
	l->sm.keys.mac[0] ^= 2;
}

static void wrong_enc_key(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	l->sm.keys.enc[0] ^= 2;
	if (x->len == 2) /* there is nothing to encrypt */
		l->struck = 0;
}

static void wrong_counter(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t last = sj_cipher_block_size(l->sm.keys.cipher) - 1;

	(void)x;
	l->sm.ssc.bytes[w->n == 0 ? 0 : last] ^= (uint8_t)(w->n == 0 ? 0x80 : w->n);
}

static void other_ins(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	(void)x;
	l->sm.odd = !l->sm.odd;
}

static void other_outside(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	l->sm.outer = (uint16_t)w->n;
}

static void odd_form(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	l->sm.form = w->n;
}

static bool reads(const struct liar *l)
{
	return l->command.ins == 0xB0 || l->command.ins == 0xB1;
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define INNER(name_, change_, flags_, n_, ...) \
	{ \
		.name = "inside-" name_, .where = WRONG_INNER, .on = ON_SM | ON_PIV_SM | ON_ISSUE, \
		.any_of = 1, .fits = NULL, .change = change_, .flags = flags_, .n = n_, \
		__VA_ARGS__ \
	}
#define READS(name_, change_, flags_, n_, ...) \
	{ \
		.name = "inside-" name_, .where = WRONG_INNER, .on = ON_SM, .any_of = 0, \
		.fits = reads, .change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
#define CRYPTO(name_, change_, flags_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_INNER, .on = ON_SM, .any_of = 0, .fits = NULL, \
		.change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}

static const struct wrong rows[] = {
	INNER("only-9000", change_only_status, 0, 0x9000),
	INNER("only-9000-for-ever", change_only_status, STAYS, 0x9000),
	INNER("6A82", change_only_status, 0, 0x6A82),
	INNER("6982", change_only_status, 0, 0x6982),
	INNER("6985", change_only_status, 0, 0x6985),
	INNER("6A88-for-ever", change_only_status, STAYS, 0x6A88),
	INNER("63C0", change_only_status, 0, 0x63C0),
	INNER("6300", change_only_status, 0, 0x6300),
	INNER("6282-with-data", change_other_status, 0, 0x6282),
	INNER("data-with-6A82", change_other_status, 0, 0x6A82),
	INNER("data-with-0000", change_other_status, 0, 0x0000),
	INNER("6100-for-ever", change_only_status, STAYS, 0x6100),
	INNER("6101-with-data-for-ever", put_instead, STAYS, 0x6101, DATA("\x30")),
	INNER("6C01-for-ever", change_only_status, STAYS, 0x6C01),
	INNER("6C00-once", change_only_status, 0, 0x6C00),
	INNER("first-bit", turn_bit, 0, 0),
	INNER("second-byte", turn_bit, 0, 1),
	INNER("middle-bit", turn_bit, 0, 500),
	INNER("last-bit", turn_bit, 0, 1000),
	INNER("all-zeros", fill, 0, 0),
	INNER("all-ones", fill, 0, 0xFF),
	INNER("a-byte-less", shorter, 0, 1),
	INNER("half", shorter, 0, 0),
	INNER("a-byte-more", longer, 0, 1),
	INNER("300-bytes-more", longer, 0, 300),
	INNER("4000-zeros", zeros, 0, 4000),
	INNER("as-deep-as-it-goes", deep, 0, 0x7C),
	INNER("sets-as-deep-as-it-goes", deep, 0, 0x31),
	INNER("a-template-without-anything", put_instead, 0, 0, DATA("\x7C\x00")),
	INNER("length-of-four-gigabytes", put_instead, 0, 0, DATA("\x7C\x84\xFF\xFF\xFF\xFF\x00")),
	INNER("length-indefinite", put_instead, 0, 0, DATA("\x30\x80\x00\x00")),
	INNER("a-tag-that-never-ends", put_instead, 0, 0, DATA("\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF")),

	READS("file-of-16-megabytes", put_instead, 0, 0, DATA("\x61\x83\xFF\xFF\xFF\x00")),
	READS("file-of-two-gigabytes", put_instead, 0, 0, DATA("\x61\x84\x7F\xFF\xFF\xFF")),
	READS("file-of-nothing", put_instead, 0, 0, DATA("\x61\x00")),
	READS("file-with-another-tag", put_instead, 0, 0, DATA("\x6F\x02\x00\x00")),
	READS("files-for-ever", put_instead, STAYS, 0, DATA("\x61\x82\xFF\xFF\x00")),
	READS("file-size-changes", other_size, STAYS, 0x10FF),
	READS("file-size-is-huge-and-small", other_size, STAYS, 0x0183),
	READS("file-ends-early-6282", change_other_status, 0, 0x6282),
	READS("file-ends-early-6B00", change_only_status, 0, 0x6B00),

	CRYPTO("mac-by-another-key", wrong_mac_key, STAYS | NEVER, 0),
	CRYPTO("encrypted-by-another-key", wrong_enc_key, STAYS | NEVER, 0),
	CRYPTO("counter-one-behind", wrong_counter, STAYS | NEVER, 1),
	CRYPTO("counter-another-high-bit", wrong_counter, STAYS | NEVER, 0),
	CRYPTO("object-of-the-other-ins", other_ins, 0, 0),
	CRYPTO("another-status-outside", other_outside, 0, 0x6A82),
	CRYPTO("an-error-inside-and-9000-outside", other_outside, 0, 0x9000),
	CRYPTO("6100-outside", other_outside, 0, 0x6100),
	CRYPTO("a-good-mac-without-status", odd_form, STAYS | NEVER, SM_NO_STATUS),
	CRYPTO("a-good-mac-over-empty-data", odd_form, STAYS | NEVER, SM_EMPTY_DATA),
	CRYPTO("a-good-mac-over-a-long-status", odd_form, STAYS | NEVER, SM_LONG_STATUS),
	CRYPTO("a-good-mac-over-data-without-padding", odd_form, STAYS | NEVER, SM_NO_PADDING),
};

struct wrongs wrongs_inner(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
