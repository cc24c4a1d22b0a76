/*
 * wrong_piv.c -- what a key application may say that is not so: its objects (SP 800-73-5, part 1),
 * metadata and other extensions, public keys, signatures.
 */
#include <stdlib.h>

#include "tests/hostile/liar.h"

#include "applets/piv/state.h"
#include "piv/gzip.h"

#define OBJECT(tag) (PIV_STORE_DATA + ((tag)&0xFFFFu))
#define CERTIFICATE OBJECT(PIV_OBJECT_AUTHENTICATION_CERTIFICATE)

/* --- objects -------------------------------------------------------------------------- */

static void put(struct liar *l, uint32_t id, struct sj_span value)
{
	assert_true(card_store_set(l->b->store, id, value));
}

static void object_is(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	put(l, OBJECT(w->n), w->bytes);
}

/* 70 around what gzip makes of so many zeros, and 71 01 01. */
static void certificate_bomb(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t *zeros = calloc(1, w->n), *object = malloc(40000);
	struct sj_writer z, out = sj_writer(object, 40000);
	uint8_t *packed = malloc(w->n / 500 + 4096);
	size_t len;

	(void)x;
	assert_true(zeros != NULL && object != NULL && packed != NULL);
	z = sj_writer(packed, w->n / 500 + 4096);
	assert_true(sj_gzip(sj_span(zeros, w->n), &z));
	len = z.len < 30000 ? z.len : 30000;
	sj_tlv_put(&out, PIV_TAG_CERTIFICATE, sj_span(packed, len));
	sj_put(&out, SJ_SPAN_STR("\x71\x01\x01\xFE\x00"));
	assert_false(out.failed);
	put(l, CERTIFICATE, sj_written(&out));
	free(zeros);
	free(object);
	free(packed);
}

/* What is there, packed and cut short, or with its check spoilt, or said to be packed and is not. */
enum { CUT_SHORT, WRONG_CHECK, MORE_BEHIND, SAID_ONLY };

static void certificate_packed(struct liar *l, const struct wrong *w, struct answer *x)
{
	static uint8_t packed[3000], object[3100]; /* of this function */
	struct sj_writer z = SJ_WRITER_OF(packed), out = SJ_WRITER_OF(object);
	struct sj_piv_certificate c;
	struct sj_span stored;

	(void)x;
	assert_true(card_store_get(l->b->store, CERTIFICATE, &stored));
	assert_true(sj_piv_certificate_read(stored, &c));
	if (w->n == SAID_ONLY)
		sj_put(&z, c.certificate);
	else
		assert_true(sj_gzip(c.certificate, &z));
	if (w->n == CUT_SHORT)
		z.len /= 2;
	else if (w->n == WRONG_CHECK)
		z.ptr[z.len - 6] ^= 1;
	else if (w->n == MORE_BEHIND)
		sj_put_fill(&z, 0x1F, 100);
	sj_tlv_put(&out, PIV_TAG_CERTIFICATE, sj_written(&z));
	sj_put(&out, SJ_SPAN_STR("\x71\x01\x01\xFE\x00"));
	assert_false(out.failed);
	put(l, CERTIFICATE, sj_written(&out));
}

/* The stored object, changed: bit n of its middle, or everything behind n bytes cut. */
static void certificate_spoilt(struct liar *l, const struct wrong *w, struct answer *x)
{
	static uint8_t bytes[3000]; /* of this function */
	struct sj_writer out = SJ_WRITER_OF(bytes);
	struct sj_span stored;

	(void)x;
	assert_true(card_store_get(l->b->store, CERTIFICATE, &stored));
	sj_put(&out, stored);
	assert_false(out.failed);
	if (w->n < 1000)
		out.ptr[w->n] ^= 0x10;
	else
		out.len -= w->n - 1000;
	put(l, CERTIFICATE, sj_written(&out));
}

/* All certificates are there, and are that of 9A: of a key that each of them has not. */
static void certificate_everywhere(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_span stored;
	static uint8_t bytes[3000]; /* of this function */
	struct sj_writer out = SJ_WRITER_OF(bytes);

	(void)w;
	(void)x;
	assert_true(card_store_get(l->b->store, CERTIFICATE, &stored));
	sj_put(&out, stored);
	for (uint32_t tag = PIV_OBJECT_RETIRED_FIRST; tag <= PIV_OBJECT_RETIRED_LAST; tag++)
		put(l, OBJECT(tag), sj_written(&out));
	put(l, OBJECT(PIV_OBJECT_SIGNATURE_CERTIFICATE), sj_written(&out));
	put(l, OBJECT(PIV_OBJECT_MANAGEMENT_CERTIFICATE), sj_written(&out));
	put(l, OBJECT(PIV_OBJECT_CARD_AUTHENTICATION_CERTIFICATE), sj_written(&out));
	put(l, OBJECT(PIV_OBJECT_KEY_HISTORY), w->bytes);
}

/* The public half of 9A is another's. */
static void public_key_is(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t content[1100];
	struct sj_writer out = SJ_WRITER_OF(content);

	(void)x;
	if (w->n != 0) {
		sj_tlv_put_header(&out, 0x81, w->n);
		sj_put_fill(&out, 0xFF, w->n);
		sj_tlv_put(&out, 0x82, w->bytes);
	} else {
		sj_put(&out, w->bytes);
	}
	assert_false(out.failed);
	put(l, PIV_STORE_PUBLIC + 0x9A, sj_written(&out));
}

static void public_key_of(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t bytes[200];
	struct sj_writer out = SJ_WRITER_OF(bytes);
	struct sj_span stored;

	(void)x;
	assert_true(card_store_get(l->b->store, PIV_STORE_PUBLIC + w->n, &stored));
	sj_put(&out, stored);
	assert_false(out.failed);
	put(l, PIV_STORE_PUBLIC + 0x9A, sj_written(&out));
}

/* --- answers ------------------------------------------------------------------------------ */

/* So many bytes of it, again and again, inside of 7C { 82 } if it says so. */
static void answers_much(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer out = sj_writer(x->bytes, LIAR_ANSWER_MAX);
	const size_t outer = sj_tlv_open(&out), inner = sj_tlv_open(&out);

	(void)l;
	sj_put_fill(&out, w->bytes.ptr[0], w->n);
	sj_tlv_close(&out, 0x82, inner);
	sj_tlv_close(&out, 0x7C, outer);
	sj_put_be(&out, 2, SJ_SW_OK);
	x->len = out.len;
}

static bool is_ins(const struct liar *l)
{
	return l->command.ins == (l->wrong->n & 0xFF);
}

/* GENERAL AUTHENTICATE with a private key, not the management key or that of a channel. */
static bool uses_key(const struct liar *l)
{
	return l->command.ins == PIV_INS_GENERAL_AUTHENTICATE &&
	       l->command.p2 != PIV_KEY_ADMINISTRATION && l->command.p2 != PIV_KEY_SECURE_MESSAGING;
}

/* The second half of mutual authentication: the card's own proof comes back. */
static bool proves_admin(const struct liar *l)
{
	struct sj_piv_auth auth;

	return l->command.ins == PIV_INS_GENERAL_AUTHENTICATE &&
	       l->command.p2 == PIV_KEY_ADMINISTRATION &&
	       sj_piv_auth_read(l->command.data, &auth) && auth.has_challenge &&
	       auth.challenge.len > 0;
}

static bool opens_channel(const struct liar *l)
{
	return l->command.ins == PIV_INS_GENERAL_AUTHENTICATE &&
	       l->command.p2 == PIV_KEY_SECURE_MESSAGING;
}

/* One bit of the answer, counted from the end where n is over 1000. */
static void turn(struct liar *l, const struct wrong *w, struct answer *x)
{
	const size_t at = w->n > 1000 ? x->len - 2 - (w->n - 1000) : w->n;

	(void)l;
	if (x->len > 4 && at < x->len - 2)
		x->bytes[at] ^= 1;
	else
		l->struck = 0;
}

/* GET DATA of the CHUID. */
static bool asks_for_the_chuid(const struct liar *l)
{
	return l->command.ins == PIV_INS_GET_DATA &&
	       sj_span_eq(l->command.data, SJ_SPAN_STR("\x5C\x03\x5F\xC1\x02"));
}

/* Another one each time. */
static void other_guid(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t *guid = memmem(x->bytes, x->len, "\x34\x10", 2);

	(void)w;
	if (guid != NULL)
		guid[2] = (uint8_t)(guid[2] + l->answers);
	else
		l->struck = 0;
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
#define STORED(name_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_CARD, .on = ON_PIV | ON_CONTACT, .change = change_, \
		.n = n_, __VA_ARGS__ \
	}
#define TELLS(name_, ins_, text_) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_PIV | ON_CONTACT, .fits = is_ins, \
		.change = change_answers, .flags = STAYS, .n = ins_, DATA(text_) \
	}
#define SELECTS(name_, text_) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_PIV, .fits = is_ins, \
		.change = change_answers, .flags = STAYS, .n = 0xA4, DATA(text_) \
	}
#define USES(name_, flags_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_PIV | ON_CONTACT, .fits = uses_key, \
		.change = change_, .flags = flags_, .n = n_, __VA_ARGS__ \
	}
#define ADMIN(name_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_PIV | ON_ADMIN, .fits = proves_admin, \
		.change = change_, .flags = NEVER, .n = n_, __VA_ARGS__ \
	}
#define CHANNEL(name_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_WIRE, .on = ON_PIV_SM, .fits = opens_channel, \
		.change = change_, .flags = NEVER, .n = n_, __VA_ARGS__ \
	}
#define ZEROS16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ONES16 "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
#define FASC_N \
	"\x30\x19" \
	"fascnfascnfascnfascnfascn"

static const struct wrong rows[] = {
	SELECTS("application-of-nothing", "\x61\x00"),
	SELECTS("application-of-another", "\x61\x0B\x4F\x07\xA0\x00\x00\x02\x47\x10\x01\x79\x00"),
	SELECTS("application-with-a-long-name", "\x61\x22\x4F\x20" ZEROS16 ZEROS16),
	SELECTS("application-with-an-unknown-suite",
		"\x61\x16\x4F\x06\x00\x00\x10\x00\x01\x00\xAC\x05\x80\x01\x99\x06\x00\x79\x05\x4F\x03\xA0\x00\x00"),
	SELECTS("application-with-commands-of-a-byte",
		"\x61\x0F\x4F\x06\x00\x00\x10\x00\x01\x00\x79\x05\x4F\x03\xA0\x00\x00\x7F\x66\x08\x02\x02\x00\x01\x02\x02\x00\x01"),
	SELECTS("application-with-answers-of-16-megabytes",
		"\x61\x0F\x4F\x06\x00\x00\x10\x00\x01\x00\x79\x05\x4F\x03\xA0\x00\x00\x7F\x66\x0A\x02\x03\xFF\xFF\xFF\x02\x03\xFF\xFF\xFF"),
	SELECTS("application-in-an-application", "\x61\x06\x61\x04\x61\x02\x61\x00"),
	SELECTS("application-of-four-gigabytes", "\x61\x84\xFF\xFF\xFF\xFF\x4F"),
	STORED("chuid-empty", object_is, PIV_OBJECT_CHUID, DATA("\x30\x00")),
	STORED("chuid-without-guid", object_is, PIV_OBJECT_CHUID, DATA(FASC_N "\x3E\x00\xFE\x00")),
	STORED("chuid-with-a-guid-of-zeros", object_is, PIV_OBJECT_CHUID,
	       DATA(FASC_N "\x34\x10" ZEROS16 "\x35\x08"
			   "20360101"
			   "\x3E\x00\xFE\x00")),
	STORED("chuid-with-a-guid-of-15-bytes", object_is, PIV_OBJECT_CHUID,
	       DATA(FASC_N "\x34\x0F"
			   "123456789012345"
			   "\x35\x08"
			   "20360101"
			   "\x3E\x00\xFE\x00")),
	STORED("chuid-with-two-guids", object_is, PIV_OBJECT_CHUID,
	       DATA(FASC_N "\x34\x10" ZEROS16 "\x34\x10" ONES16 "\x35\x08"
			   "20360101"
			   "\x3E\x00\xFE\x00")),
	STORED("chuid-that-ends-in-its-guid", object_is, PIV_OBJECT_CHUID,
	       DATA(FASC_N "\x34\x10"
			   "12")),
	STORED("chuid-of-four-gigabytes", object_is, PIV_OBJECT_CHUID,
	       DATA("\x30\x84\xFF\xFF\xFF\xFF")),
	{ .name = "chuid-with-another-guid-each-time",
	  .where = WRONG_WIRE,
	  .on = ON_PIV | ON_CONTACT,
	  .fits = asks_for_the_chuid,
	  .change = other_guid,
	  .flags = STAYS },
	TELLS("discovery-and-all-objects-empty", PIV_INS_GET_DATA, "\x53\x00"),
	TELLS("discovery-everywhere", PIV_INS_GET_DATA,
	      "\x7E\x12\x4F\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x5F\x2F\x02\x60\x20"),
	TELLS("discovery-with-every-policy", PIV_INS_GET_DATA,
	      "\x7E\x12\x4F\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x5F\x2F\x02\xFF\xFF"),
	TELLS("discovery-without-policy", PIV_INS_GET_DATA,
	      "\x7E\x0D\x4F\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00"),
	TELLS("discovery-of-another-application", PIV_INS_GET_DATA,
	      "\x7E\x12\x4F\x0B\xA0\x00\x00\x02\x47\x10\x01\x00\x00\x00\x00\x5F\x2F\x02\x40\x00"),
	TELLS("objects-of-four-gigabytes", PIV_INS_GET_DATA, "\x53\x84\xFF\xFF\xFF\xFF"),
	TELLS("objects-of-16-megabytes", PIV_INS_GET_DATA, "\x53\x83\xFF\xFF\xFF\x70\x00"),
	TELLS("objects-without-53", PIV_INS_GET_DATA, "\x70\x02\x30\x00"),
	TELLS("objects-with-more-behind", PIV_INS_GET_DATA, "\x53\x02\x30\x00\x53\x02\x30\x00"),
	STORED("history-of-255-keys", object_is, PIV_OBJECT_KEY_HISTORY,
	       DATA("\xC1\x01\xFF\xC2\x01\xFF\xF3\x00\xFE\x00")),
	STORED("history-of-no-numbers", object_is, PIV_OBJECT_KEY_HISTORY,
	       DATA("\xC1\x00\xC2\x00\xFE\x00")),
	STORED("history-of-long-numbers", object_is, PIV_OBJECT_KEY_HISTORY,
	       DATA("\xC1\x04\x00\x00\x00\x14\xC2\x01\x00\xFE\x00")),
	STORED("history-that-lies-of-20", object_is, PIV_OBJECT_KEY_HISTORY,
	       DATA("\xC1\x01\x14\xC2\x01\x00\xFE\x00")),
	STORED("the-same-certificate-everywhere", certificate_everywhere, 0,
	       DATA("\xC1\x01\x14\xC2\x01\x00\xFE\x00")),
	STORED("certificate-bomb-of-a-megabyte", certificate_bomb, 1u << 20),
	STORED("certificate-bomb-of-20-megabytes", certificate_bomb, 20u << 20),
	STORED("certificate-packed-and-cut", certificate_packed, CUT_SHORT),
	STORED("certificate-packed-with-a-wrong-check", certificate_packed, WRONG_CHECK),
	STORED("certificate-packed-with-more-behind", certificate_packed, MORE_BEHIND),
	STORED("certificate-said-to-be-packed", certificate_packed, SAID_ONLY),
	STORED("certificate-with-another-tag", certificate_spoilt, 4),
	STORED("certificate-with-a-wrong-length", certificate_spoilt, 6),
	STORED("certificate-with-a-wrong-algorithm", certificate_spoilt, 24),
	STORED("certificate-cut-by-one", certificate_spoilt, 1001),
	STORED("certificate-cut-by-100", certificate_spoilt, 1100),
	STORED("certificate-of-nothing", object_is, PIV_OBJECT_AUTHENTICATION_CERTIFICATE,
	       DATA("\x70\x00\x71\x01\x00\xFE\x00")),
	STORED("certificate-of-an-empty-sequence", object_is, PIV_OBJECT_AUTHENTICATION_CERTIFICATE,
	       DATA("\x70\x02\x30\x00\x71\x01\x00\xFE\x00")),
	STORED("certificate-in-an-unknown-packing", object_is,
	       PIV_OBJECT_AUTHENTICATION_CERTIFICATE, DATA("\x70\x02\x30\x00\x71\x01\x07\xFE\x00")),
	STORED("public-key-at-infinity", public_key_is, 0, DATA("\x86\x01\x00")),
	STORED("public-key-of-another-key", public_key_of, 0x9C),
	STORED("public-key-of-zeros", public_key_is, 0,
	       DATA("\x86\x41\x04" ZEROS16 ZEROS16 ZEROS16 ZEROS16)),
	STORED("public-key-of-ones", public_key_is, 0,
	       DATA("\x86\x41\x04" ONES16 ONES16 ONES16 ONES16)),
	STORED("public-key-empty", public_key_is, 0, DATA("\x86\x00")),
	STORED("public-key-of-rsa-with-8-bits", public_key_is, 1, DATA("\x03")),
	STORED("public-key-of-rsa-with-8000-bits", public_key_is, 1000, DATA("\x01\x00\x01")),
	STORED("public-key-of-rsa-with-exponent-0", public_key_is, 256, DATA("\x00")),
	STORED("public-key-of-rsa-with-exponent-1", public_key_is, 256, DATA("\x01")),
	TELLS("metadata-of-nothing", YUBICO_INS_GET_METADATA, "\x01\x00"),
	TELLS("metadata-of-another-algorithm", YUBICO_INS_GET_METADATA,
	      "\x01\x01\x07\x02\x02\x02\x01\x03\x01\x01\x04\x03\x86\x01\x00"),
	TELLS("metadata-of-an-unknown-algorithm", YUBICO_INS_GET_METADATA,
	      "\x01\x01\x99\x02\x02\x02\x01\x03\x01\x01\x04\x03\x86\x01\x00"),
	TELLS("metadata-with-tries-of-none", YUBICO_INS_GET_METADATA,
	      "\x01\x01\xFF\x05\x01\x01\x06\x02\x00\xFF"),
	TELLS("metadata-with-more-tries-than-there-are", YUBICO_INS_GET_METADATA,
	      "\x01\x01\xFF\x05\x01\x00\x06\x02\x03\xFF"),
	TELLS("metadata-with-one-byte-of-tries", YUBICO_INS_GET_METADATA,
	      "\x01\x01\xFF\x05\x01\x00\x06\x01\x03"),
	TELLS("version-of-one-byte", YUBICO_INS_GET_VERSION, "\x05"),
	TELLS("version-of-300-bytes-like", YUBICO_INS_GET_VERSION,
	      ONES16 ONES16 ONES16 ONES16 ONES16),
	TELLS("serial-of-one-byte", YUBICO_INS_GET_SERIAL, "\x05"),
	TELLS("serial-of-nothing", YUBICO_INS_GET_SERIAL, ""),
	TELLS("attestation-of-an-empty-sequence", YUBICO_INS_ATTEST, "\x30\x00"),
	TELLS("attestation-of-garbage", YUBICO_INS_ATTEST, ONES16 ONES16),
	TELLS("generated-point-at-infinity", PIV_INS_GENERATE, "\x7F\x49\x03\x86\x01\x00"),
	TELLS("generated-point-of-zeros", PIV_INS_GENERATE,
	      "\x7F\x49\x43\x86\x41\x04" ZEROS16 ZEROS16 ZEROS16 ZEROS16),
	TELLS("generated-point-of-ones", PIV_INS_GENERATE,
	      "\x7F\x49\x43\x86\x41\x04" ONES16 ONES16 ONES16 ONES16),
	TELLS("generated-key-of-another-kind", PIV_INS_GENERATE,
	      "\x7F\x49\x06\x81\x01\x07\x82\x01\x03"),
	TELLS("generated-key-of-nothing", PIV_INS_GENERATE, "\x7F\x49\x00"),

	USES("signature-of-r-and-s-zero", STAYS, change_answers, 0,
	     DATA("\x7C\x0A\x82\x08\x30\x06\x02\x01\x00\x02\x01\x00")),
	USES("signature-of-r-and-s-one", STAYS, change_answers, 0,
	     DATA("\x7C\x0A\x82\x08\x30\x06\x02\x01\x01\x02\x01\x01")),
	USES("signature-of-negative-numbers", STAYS, change_answers, 0,
	     DATA("\x7C\x0A\x82\x08\x30\x06\x02\x01\x80\x02\x01\xFF")),
	USES("signature-with-empty-numbers", STAYS, change_answers, 0,
	     DATA("\x7C\x08\x82\x06\x30\x04\x02\x00\x02\x00")),
	USES("signature-with-one-number", STAYS, change_answers, 0,
	     DATA("\x7C\x07\x82\x05\x30\x03\x02\x01\x01")),
	USES("signature-with-numbers-of-200-bytes", STAYS, answers_much, 200, DATA("\x02")),
	USES("signature-empty", STAYS, change_answers, 0, DATA("\x7C\x02\x82\x00")),
	USES("signature-instead-of-a-challenge", STAYS, change_answers, 0,
	     DATA("\x7C\x02\x81\x00")),
	USES("block-of-255-zeros", STAYS, answers_much, 255, DATA("\x00")),
	USES("block-of-256-zeros", STAYS, answers_much, 256, DATA("\x00")),
	USES("block-of-256-ones", STAYS, answers_much, 256, DATA("\xFF")),
	USES("block-of-32-zeros", STAYS, answers_much, 32, DATA("\x00")),
	USES("block-of-64-ones", STAYS, answers_much, 64, DATA("\xFF")),
	USES("block-of-65000-zeros", STAYS, answers_much, 65000, DATA("\x00")),
	USES("last-bit-of-what-a-key-says", STAYS, turn, 1001),
	USES("a-bit-in-what-a-key-says", STAYS, turn, 12),

	ADMIN("admin-witness-instead-of-proof", change_answers, 0,
	      DATA("\x7C\x12\x80\x10" ZEROS16)),
	ADMIN("admin-proof-of-zeros", change_answers, 0, DATA("\x7C\x12\x82\x10" ZEROS16)),
	ADMIN("admin-proof-empty", change_answers, 0, DATA("\x7C\x02\x82\x00")),
	ADMIN("admin-witness-of-8-bytes", change_answers, 0,
	      DATA("\x7C\x0A\x80\x08\0\0\0\0\0\0\0\0")),
	ADMIN("admin-nothing-but-9000", change_answers, 0, DATA("")),
	ADMIN("admin-last-bit", turn, 1001),

	CHANNEL("channel-cryptogram-bit", turn, 30),
	CHANNEL("channel-nonce-bit", turn, 8),
	CHANNEL("channel-control-byte", turn, 6),
	CHANNEL("channel-cvc-last-bit", turn, 1001),
	CHANNEL("channel-cvc-middle-bit", turn, 1070),
	CHANNEL("channel-answer-empty", change_answers, 0, DATA("\x7C\x02\x82\x00")),
	CHANNEL("channel-answer-of-zeros", answers_much, 300, DATA("\x00")),
	CHANNEL("channel-answer-of-ones", answers_much, 300, DATA("\xFF")),
	CHANNEL("channel-answer-without-cvc", change_answers, 0,
		DATA("\x7C\x23\x82\x21\x00" ZEROS16 ONES16)),
};

struct wrongs wrongs_piv(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
