#include "crypt/internal.h"
#include "crypt/x509.h"
#include "wire/oid.h"

#include <string.h>

#define TAG_SET 0x31u
#define TAG_SEQUENCE 0x30u
#define TAG_OID 0x06u

/* Character string types of DirectoryString, and IA5String. */
enum {
	TAG_UTF8 = 0x0C,
	TAG_PRINTABLE = 0x13,
	TAG_TELETEX = 0x14,
	TAG_IA5 = 0x16,
	TAG_UNIVERSAL = 0x1C,
	TAG_BMP = 0x1E,
};

/* AttributeTypeAndValue. */
struct attribute {
	struct sj_span type, value;
	uint32_t tag;
};

static bool take_attribute(struct sj_span *set, struct attribute *a)
{
	struct sj_span body;

	return sj_der_take(set, TAG_SEQUENCE, &body) && sj_der_take(&body, TAG_OID, &a->type) &&
	       sj_tlv_next(&body, &a->tag, &a->value) == SJ_TLV_FOUND && body.len == 0;
}

static bool is_text(uint32_t tag)
{
	return tag == TAG_UTF8 || tag == TAG_PRINTABLE || tag == TAG_TELETEX || tag == TAG_IA5 ||
	       tag == TAG_UNIVERSAL || tag == TAG_BMP;
}

/* RFC 3629; what is not UTF-8 counts as Latin-1, byte by byte. */
static uint32_t take_utf8(struct sj_span *in)
{
	const uint8_t first = in->ptr[0];
	const size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
	uint32_t c = first & (0x3Fu >> more);

	in->ptr++;
	in->len--;
	if (first < 0xC2 || first > 0xF4 || in->len < more)
		return first;
	for (size_t i = 0; i < more; i++) {
		if ((in->ptr[i] & 0xC0) != 0x80)
			return first;
		c = c << 6 | (in->ptr[i] & 0x3Fu);
	}
	in->ptr += more;
	in->len -= more;
	return c;
}

/* The next character; false at the end. */
static bool take_character(uint32_t tag, struct sj_span *in, uint32_t *c)
{
	size_t n = tag == TAG_BMP ? 2 : tag == TAG_UNIVERSAL ? 4 : 1;

	if (in->len == 0)
		return false;
	if (tag == TAG_UTF8) {
		*c = take_utf8(in);
		return true;
	}
	return sj_take_be(in, n, c);
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xA0;
}

/* Lower case for ASCII and Latin-1, which is what names of the ICAO PKI use. */
static uint32_t fold(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7))
		return c + 0x20;
	return c;
}

/* The next character after folding case and runs of white space; false at the end. */
static bool take_folded(uint32_t tag, struct sj_span *in, uint32_t *c)
{
	struct sj_span ahead;

	if (!take_character(tag, in, c))
		return false;
	*c = fold(*c);
	if (!is_space(*c))
		return true;
	ahead = *in;
	while (is_space(*c) && take_character(tag, &ahead, c))
		if (is_space(*c))
			*in = ahead;
	if (is_space(*c)) /* nothing but space up to the end */
		return false;
	*c = ' ';
	return true;
}

static void skip_space(uint32_t tag, struct sj_span *in)
{
	struct sj_span ahead = *in;
	uint32_t c;

	while (take_character(tag, &ahead, &c) && is_space(c))
		*in = ahead;
}

/* RFC 5280, 7.1. */
static bool same_attribute(const struct attribute *a, const struct attribute *b)
{
	struct sj_span left = a->value, right = b->value;
	uint32_t c = 0, d = 0;
	bool more_left, more_right;

	if (!sj_span_eq(a->type, b->type))
		return false;
	if (!is_text(a->tag) || !is_text(b->tag))
		return a->tag == b->tag && sj_span_eq(a->value, b->value);
	skip_space(a->tag, &left);
	skip_space(b->tag, &right);
	do {
		more_left = take_folded(a->tag, &left, &c);
		more_right = take_folded(b->tag, &right, &d);
	} while (more_left && more_right && c == d);
	return !more_left && !more_right;
}

static bool set_has(struct sj_span set, const struct attribute *wanted)
{
	struct attribute a;

	while (take_attribute(&set, &a))
		if (same_attribute(&a, wanted))
			return true;
	return false;
}

/* Every attribute of `a` is in `b`, and nothing of `a` is malformed; *n counts them. */
static bool set_within(struct sj_span a, struct sj_span b, size_t *n)
{
	struct attribute one;

	for (*n = 0; a.len > 0; ++*n)
		if (!take_attribute(&a, &one) || !set_has(b, &one))
			return false;
	return true;
}

bool sj_name_eq(struct sj_span a, struct sj_span b)
{
	struct sj_span left, right, set_a, set_b;
	size_t n, m;

	if (sj_span_eq(a, b))
		return true;
	if (!sj_der_take(&a, TAG_SEQUENCE, &left) || !sj_der_take(&b, TAG_SEQUENCE, &right) ||
	    a.len != 0 || b.len != 0)
		return false;
	while (left.len > 0 && right.len > 0) {
		if (!sj_der_take(&left, TAG_SET, &set_a) || !sj_der_take(&right, TAG_SET, &set_b) ||
		    !set_within(set_a, set_b, &n) || !set_within(set_b, set_a, &m) || n != m)
			return false;
	}
	return left.len == 0 && right.len == 0;
}

/* Text that is cut to fit, between whole characters. */
struct text {
	char *at;
	size_t room; /* without the NUL */
};

static void put_text(struct text *t, const char *s, size_t n)
{
	if (n > t->room) {
		t->room = 0;
		return;
	}
	memcpy(t->at, s, n);
	t->at += n;
	t->room -= n;
}

/* Control and direction-changing characters could make a name show as another. */
static bool is_printable(uint32_t c)
{
	return !(c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C ||
		 (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
		 (c >= 0x2060 && c <= 0x206F) || (c >= 0xD800 && c <= 0xDFFF) || c == 0xFEFF ||
		 c > 0x10FFFF);
}

static void put_character(struct text *t, uint32_t c)
{
	char s[5];
	size_t n = 0;

	if (!is_printable(c))
		c = '?';
	if (c == ',' || c == '+' || c == '\\') /* RFC 4514, 2.4 */
		s[n++] = '\\';
	if (c < 0x80) {
		s[n++] = (char)c;
	} else if (c < 0x800) {
		s[n++] = (char)(0xC0 | c >> 6);
		s[n++] = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		s[n++] = (char)(0xE0 | c >> 12);
		s[n++] = (char)(0x80 | (c >> 6 & 0x3F));
		s[n++] = (char)(0x80 | (c & 0x3F));
	} else {
		s[n++] = (char)(0xF0 | c >> 18);
		s[n++] = (char)(0x80 | (c >> 12 & 0x3F));
		s[n++] = (char)(0x80 | (c >> 6 & 0x3F));
		s[n++] = (char)(0x80 | (c & 0x3F));
	}
	put_text(t, s, n);
}

/* RFC 4514, 3: short names; all of id-at (2.5.4). */
static const char *short_name(struct sj_span type)
{
	static const struct {
		uint8_t last;
		const char *name;
	} names[] = { { 3, "CN" }, { 5, "serialNumber" }, { 6, "C" },   { 7, "L" },
		      { 8, "ST" }, { 10, "O" },           { 11, "OU" }, { 12, "title" } };

	if (type.len != 3 || type.ptr[0] != 0x55 || type.ptr[1] != 0x04)
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].last == type.ptr[2])
			return names[i].name;
	return NULL;
}

static void put_attribute(struct text *t, const struct attribute *a)
{
	const char *name = short_name(a->type);
	struct sj_span value = a->value;
	char dotted[64];
	uint32_t c;

	if (name == NULL)
		name = sj_oid_text(a->type, dotted, sizeof(dotted)) ? dotted : "?";
	put_text(t, name, strlen(name));
	put_text(t, "=", 1);
	if (!is_text(a->tag)) {
		put_text(t, "?", 1);
		return;
	}
	while (take_character(a->tag, &value, &c))
		put_character(t, c);
}

void sj_name_text(struct sj_span name, char *out, size_t cap)
{
	struct text t = { out, cap > 0 ? cap - 1 : 0 };
	struct sj_span sets, set;
	struct attribute a;
	const char *between = "";

	if (cap == 0)
		return;
	if (sj_der_take(&name, TAG_SEQUENCE, &sets)) {
		while (sj_der_take(&sets, TAG_SET, &set)) {
			while (take_attribute(&set, &a)) {
				put_text(&t, between, strlen(between));
				put_attribute(&t, &a);
				between = "+";
			}
			between = ",";
		}
	}
	*t.at = '\0';
}
