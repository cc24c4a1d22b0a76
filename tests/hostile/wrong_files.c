/* wrong_files.c -- cards whose files, keys and groups are not what their issuer made, or whose SELECT lies. */
#include "tests/hostile/liar.h"

#include "applets/emrtd/state.h"
#include "wire/lds.h"

#define MF(fid) (EMRTD_OBJECT_FILES_MF + (fid))
#define LDS(fid) (EMRTD_OBJECT_FILES_LDS + (fid))
#define DG(n) LDS(0x100u + (n))
#define COM LDS(0x11Eu)
#define SOD LDS(0x11Du)

/* --- identity games ------------------------------------------------------------------- */

static void drop(struct liar *l, uint32_t id)
{
	struct sj_span value;

	if (card_store_get(l->b->store, id, &value))
		assert_true(card_store_delete(l->b->store, id));
}

/* The object as the other person's card has it. */
static void take_over(struct liar *l, uint32_t id)
{
	struct sj_span value;

	if (card_store_get(l->foreign, id, &value))
		assert_true(card_store_set(l->b->store, id, value));
	else
		drop(l, id);
}

static void of_the_other(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	take_over(l, w->n);
}

/* All files, and whatever is a key stays. */
static void copy_of_the_other(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	(void)x;
	for (unsigned fid = 0x101; fid <= 0x11E; fid++)
		take_over(l, LDS(fid));
	take_over(l, MF(0x11C));
	take_over(l, MF(0x11D));
}

static void keys_of_the_other(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	(void)x;
	for (uint32_t id = EMRTD_OBJECT_CA; id < EMRTD_OBJECT_CA + 0x300u; id++)
		take_over(l, id);
	take_over(l, EMRTD_OBJECT_AA_EC);
	take_over(l, EMRTD_OBJECT_AA_RSA);
	for (uint32_t id = EMRTD_OBJECT_CA2; id < EMRTD_OBJECT_CA2 + 0x400u; id++)
		take_over(l, id);
}

static void face_and_lines_of_the_other(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	take_over(l, DG(1));
	take_over(l, DG(2));
	if (w->n != 0)
		take_over(l, SOD);
}

/* --- contents -------------------------------------------------------------------------- */

static void is(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	assert_true(card_store_set(l->b->store, w->n, w->bytes));
}

static void is_absent(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)x;
	drop(l, w->n);
}

/* A copy of what is there, for changes. */
static struct sj_writer taken(struct liar *l, uint32_t id)
{
	static uint8_t bytes[LIAR_ANSWER_MAX + 70000]; /* of this function */
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span value;

	if (card_store_get(l->b->store, id, &value))
		sj_put(&w, value);
	return w;
}

static void put_back(struct liar *l, uint32_t id, const struct sj_writer *w)
{
	assert_false(w->failed);
	assert_true(card_store_set(l->b->store, id, sj_written(w)));
}

static void ends_early(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, w->n);

	(void)x;
	file.len = file.len / 2;
	put_back(l, w->n, &file);
}

static void has_a_wrong_bit(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, w->n);

	(void)x;
	if (file.len == 0)
		return;
	file.ptr[file.len - 1] ^= 1;
	put_back(l, w->n, &file);
}

static void has_a_wrong_bit_inside(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, w->n);

	(void)x;
	if (file.len == 0)
		return;
	file.ptr[file.len / 2] ^= 1;
	put_back(l, w->n, &file);
}

static void goes_on(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, w->n);

	(void)x;
	sj_put_fill(&file, 0x5A, 300);
	put_back(l, w->n, &file);
}

/* Behind EF.COM's head: so many tags of groups, most of which there are not. */
static void com_of_65_groups(struct liar *l, const struct wrong *w, struct answer *x)
{
	uint8_t bytes[200];
	struct sj_writer file = SJ_WRITER_OF(bytes);
	const size_t at = sj_tlv_open(&file);
	size_t list;

	(void)w;
	(void)x;
	sj_put(&file, SJ_SPAN_STR("\x5F\x01\x04"
				  "0107"
				  "\x5F\x36\x06"
				  "040000"));
	list = sj_tlv_open(&file);
	for (unsigned i = 0; i < 65; i++)
		sj_put_u8(&file, (uint8_t)(0x60 + i % 31));
	sj_tlv_close(&file, 0x5C, list);
	sj_tlv_close(&file, 0x60, at);
	put_back(l, COM, &file);
}

/* `inside` n times, each in the one around it. */
static void nested(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, 0);
	const size_t depth = 8000;

	(void)x;
	file.len = 0;
	for (size_t i = 0; i < depth; i++) {
		sj_put_u8(&file, i == 0 && w->bytes.len > 0 ? w->bytes.ptr[0] : 0x30);
		sj_put_u8(&file, 0x82);
		sj_put_be(&file, 2, (uint32_t)(4 * (depth - i - 1)));
	}
	put_back(l, w->n, &file);
}

/* The same with lengths that nothing ends. */
static void nested_indefinite(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, 0);

	(void)x;
	file.len = 0;
	sj_put(&file, SJ_SPAN_STR("\x77\x82\x75\x30"));
	for (size_t i = 0; i < 15000; i++)
		sj_put(&file, SJ_SPAN_STR("\x30\x80"));
	put_back(l, w->n, &file);
}

/* A ContentInfo's start, then many small objects where certificates and hashes would be. */
static void many_objects(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, 0);
	size_t outer, info, wrapped, data, set;

	(void)x;
	file.len = 0;
	outer = sj_tlv_open(&file);
	info = sj_tlv_open(&file);
	sj_put(&file, SJ_SPAN_STR("\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"));
	wrapped = sj_tlv_open(&file);
	data = sj_tlv_open(&file);
	sj_put(&file,
	       SJ_SPAN_STR("\x02\x01\x03\x31\x0D\x30\x0B\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
			   "\x01\x30\x08\x06\x06\x67\x81\x08\x01\x01\x01"));
	set = sj_tlv_open(&file);
	for (size_t i = 0; i < 1000; i++)
		sj_put(&file,
		       SJ_SPAN_STR("\x30\x0D\x30\x03\x02\x01\x01\x30\x03\x06\x01\x2A\x03\x01\x00"));
	sj_tlv_close(&file, 0xA0, set);
	sj_tlv_close(&file, 0x30, data);
	sj_tlv_close(&file, 0xA0, wrapped);
	sj_tlv_close(&file, 0x30, info);
	sj_tlv_close(&file, 0x77, outer);
	put_back(l, w->n, &file);
}

/* A SOD whose certificate is there a thousand times: the signature still holds. */
static void sod_of_1000_certificates(struct liar *l, const struct wrong *w, struct answer *x)
{
	static uint8_t bytes[SJ_APDU_RESPONSE_MAX * 8]; /* of this function */
	struct sj_writer out = SJ_WRITER_OF(bytes), file = taken(l, SOD);
	struct sj_span in = sj_written(&file), cms, info, oid, wrapped, data, one, certs;
	size_t at[5];
	uint32_t tag;

	(void)w;
	(void)x;
	if (sj_tlv_take(&in, 0x77, &cms) != SJ_TLV_FOUND ||
	    sj_tlv_take(&cms, 0x30, &info) != SJ_TLV_FOUND ||
	    sj_tlv_take_element(&info, 0x06, &oid) != SJ_TLV_FOUND ||
	    sj_tlv_take(&info, 0xA0, &wrapped) != SJ_TLV_FOUND ||
	    sj_tlv_take(&wrapped, 0x30, &data) != SJ_TLV_FOUND)
		return;
	at[0] = sj_tlv_open(&out);
	at[1] = sj_tlv_open(&out);
	sj_put(&out, oid);
	at[2] = sj_tlv_open(&out);
	at[3] = sj_tlv_open(&out);
	while (data.len > 0) {
		if (sj_tlv_take(&data, 0xA0, &certs) == SJ_TLV_FOUND) {
			at[4] = sj_tlv_open(&out);
			for (size_t i = 0; i < 1000 && out.len < 60000; i++)
				sj_put(&out, certs);
			sj_tlv_close(&out, 0xA0, at[4]);
		} else if (sj_tlv_next(&(struct sj_span){ data.ptr, data.len }, &tag, &one) ==
				   SJ_TLV_FOUND &&
			   sj_tlv_take_element(&data, tag, &one) == SJ_TLV_FOUND) {
			sj_put(&out, one);
		} else {
			return;
		}
	}
	sj_tlv_close(&out, 0x30, at[3]);
	sj_tlv_close(&out, 0xA0, at[2]);
	sj_tlv_close(&out, 0x30, at[1]);
	sj_tlv_close(&out, 0x77, at[0]);
	put_back(l, SOD, &out);
}

/* A portrait of the largest size that a file has. */
static void huge_portrait(struct liar *l, const struct wrong *w, struct answer *x)
{
	struct sj_writer file = taken(l, 0);

	(void)x;
	file.len = 0;
	sj_put(&file, SJ_SPAN_STR("\x75\x82\xFF\xF0\x7F\x61\x82\xFF\xEB\x02\x01"));
	sj_put_u8(&file, (uint8_t)w->n);
	sj_put(&file, SJ_SPAN_STR("\x7F\x60\x82\xFF\xE3\xA1\x00\x5F\x2E\x82\xFF\xDC"));
	sj_put(&file, SJ_SPAN_STR("FAC\0"
				  "010\0"
				  "\xFF\xFF\xFF\xFF\xFF\xFF"));
	sj_put_fill(&file, 0xFF, 0xFFF4 - file.len);
	put_back(l, DG(2), &file);
}

/* A portrait of few bytes, whose own header promises more pixels than anybody has room for. */
static void pixel_bomb(struct liar *l, const struct wrong *w, struct answer *x)
{
	const struct sj_face face = { w->bytes, (enum sj_image_type)w->n, UINT16_MAX, UINT16_MAX };
	struct sj_writer file = taken(l, 0);

	(void)x;
	file.len = 0;
	sj_dg2_put(&file, &face);
	put_back(l, DG(2), &file);
}

/* --- what SELECT says ---------------------------------------------------------------- */

static bool selects(const struct liar *l)
{
	return l->command.ins == 0xA4 && (l->command.cla & 0x0C) == 0;
}

static bool selects_inside(const struct liar *l)
{
	return l->command.ins == 0xA4;
}

#define DATA(text) .bytes = SJ_SPAN_STR(text)
/* Asked for or not; in clear, and through secure messaging. */
#define FCI(name_, text_) \
	{ .name = "fci-" name_, \
	  .where = WRONG_WIRE, \
	  .on = ON_ALL, \
	  .any_of = 1, \
	  .fits = selects, \
	  .change = change_answers, \
	  .flags = STAYS, \
	  DATA(text_) }, \
	{ \
		.name = "inside-fci-" name_, .where = WRONG_INNER, \
		.on = ON_SM | ON_PIV_SM | ON_ISSUE, .any_of = 1, .fits = selects_inside, \
		.change = change_answers, .flags = STAYS, DATA(text_) \
	}
#define DOC(name_, change_, n_, ...) \
	{ \
		.name = name_, .where = WRONG_CARD, .on = ON_DOCUMENT, .any_of = 0, .fits = NULL, \
		.change = change_, .flags = 0, .n = n_, __VA_ARGS__ \
	}
#define GAME(name_, change_, n_) \
	{ \
		.name = "other-" name_, .where = WRONG_CARD, .on = ON_DOCUMENT | ON_IDENTITY, \
		.change = change_, .n = n_ \
	}
#define EACH(file, id) \
	DOC(file "-absent", is_absent, id), DOC(file "-empty", is, id, DATA("\x00")), \
		DOC(file "-cut-in-half", ends_early, id), \
		DOC(file "-last-bit", has_a_wrong_bit, id), \
		DOC(file "-middle-bit", has_a_wrong_bit_inside, id), \
		DOC(file "-goes-on-behind-its-end", goes_on, id), \
		DOC(file "-says-60000-bytes", is, id, DATA("\x61\x82\xEA\x60\x00")), \
		DOC(file "-says-four-gigabytes", is, id, DATA("\x61\x84\xFF\xFF\xFF\xFF")), \
		DOC(file "-is-8000-deep", nested, id, DATA("\x77"))

static const struct wrong rows[] = {
	GAME("dg1", of_the_other, DG(1)),
	GAME("dg2", of_the_other, DG(2)),
	GAME("dg14", of_the_other, DG(14)),
	GAME("dg15", of_the_other, DG(15)),
	GAME("sod", of_the_other, SOD),
	GAME("com", of_the_other, COM),
	GAME("card-access", of_the_other, MF(0x11C)),
	GAME("card-security", of_the_other, MF(0x11D)),
	GAME("dg1-and-dg2", face_and_lines_of_the_other, 0),
	{ .name = "other-dg1-dg2-and-sod",
	  .where = WRONG_CARD,
	  .on = ON_DOCUMENT | ON_BOUND,
	  .change = face_and_lines_of_the_other,
	  .n = 1 },
	GAME("files-without-its-keys", copy_of_the_other, 0),
	GAME("keys", keys_of_the_other, 0),
	EACH("com", COM),
	EACH("sod", SOD),
	EACH("dg1", DG(1)),
	EACH("dg2", DG(2)),
	EACH("dg14", DG(14)),
	EACH("dg15", DG(15)),
	EACH("card-access", MF(0x11C)),
	EACH("card-security", MF(0x11D)),
	EACH("atr-info", MF(0x2F01)),
	DOC("com-of-65-groups", com_of_65_groups, 0),
	DOC("sod-of-1000-certificates", sod_of_1000_certificates, 0),
	DOC("sod-of-1000-objects-that-are-none", many_objects, SOD),
	DOC("sod-of-15000-indefinite-lengths", nested_indefinite, SOD),
	DOC("dg2-of-one-huge-portrait", huge_portrait, 1),
	DOC("dg2-of-255-portraits", huge_portrait, 255),
	DOC("dg2-of-no-portrait", huge_portrait, 0),
	DOC("dg2-of-65535-by-65535-pixels", pixel_bomb, SJ_IMAGE_JPEG,
	    DATA("\xFF\xD8\xFF\xC2\x00\x11\x08\xFF\xFF\xFF\xFF\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
		 "\xFF\xDA\x00\x0C\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00\xFF\xD9")),
	DOC("dg2-of-four-billion-by-four-billion-pixels", pixel_bomb, SJ_IMAGE_JPEG2000,
	    DATA("\xFF\x4F\xFF\x51\x00\x2F\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00\x00\x00\x00\x00"
		 "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\xFF\xD9")),
	FCI("of-nothing", "\x6F\x00"),
	FCI("of-another-application", "\x6F\x09\x84\x07\xA0\x00\x00\x02\x47\x10\x7F"),
	FCI("of-four-gigabytes", "\x6F\x84\xFF\xFF\xFF\xFF"),
	FCI("of-a-file-of-two-gigabytes", "\x62\x06\x80\x04\x7F\xFF\xFF\xFF"),
	FCI("of-a-file-that-has-ended", "\x6F\x03\x8A\x01\x0C"),
	FCI("in-an-fci", "\x6F\x08\x6F\x06\x6F\x04\x6F\x02\x6F\x00"),
	FCI("of-commands-of-one-byte", "\x6F\x06\xA5\x04\x9F\x65\x01\x01"),
	FCI("of-commands-of-four-gigabytes", "\x6F\x09\xA5\x07\x9F\x65\x04\xFF\xFF\xFF\xFF"),
	FCI("of-commands-of-40-bits", "\x6F\x0A\xA5\x08\x9F\x65\x05\xFF\xFF\xFF\xFF\xFF"),
	FCI("without-an-end", "\x6F\x80\x84\x00\xA5\x80"),
	DOC("atr-info-of-commands-of-a-byte", is, MF(0x2F01),
	    DATA("\x7F\x66\x08\x02\x02\x00\x01\x02\x02\x00\x01")),
	DOC("atr-info-of-responses-of-nothing", is, MF(0x2F01),
	    DATA("\x47\x03\x00\x00\xE0\x7F\x66\x08\x02\x02\xFF\xFF\x02\x02\x00\x00")),
	DOC("atr-info-of-more-than-there-is", is, MF(0x2F01),
	    DATA("\x47\x03\x00\x00\xE0\x7F\x66\x0A\x02\x03\xFF\xFF\xFF\x02\x03\xFF\xFF\xFF")),
	DOC("card-access-without-anything", is, MF(0x11C), DATA("\x31\x00")),
	DOC("card-access-of-an-unknown-protocol", is, MF(0x11C),
	    DATA("\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x09\x02\x02\x01\x02\x02\x01"
		 "\x0D")),
	DOC("card-access-of-an-unknown-curve", is, MF(0x11C),
	    DATA("\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01"
		 "\x7F")),
	DOC("card-access-of-version-1", is, MF(0x11C),
	    DATA("\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x02\x01\x01\x02\x01"
		 "\x0C")),
};

struct wrongs wrongs_files(void)
{
	return (struct wrongs){ rows, sizeof(rows) / sizeof(rows[0]) };
}
