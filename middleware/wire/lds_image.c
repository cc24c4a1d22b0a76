#include "wire/lds.h"

#include <string.h>

#include "wire/std/icao9303.h"

/* ISO/IEC 19794-5:2005, 5.4 to 5.7: sizes of the blocks in bytes. */
#define RECORD_HEADER 14u
#define FACIAL_INFORMATION 20u
#define FEATURE_POINT 8u
#define IMAGE_INFORMATION 12u

enum sj_image_type sj_image_sniff(struct sj_span image)
{
	static const uint8_t jpeg[] = { 0xFF, 0xD8, 0xFF };
	static const uint8_t jp2[] = { 0, 0, 0, 0x0C, 'j', 'P', ' ', ' ' };
	static const uint8_t codestream[] = { 0xFF, 0x4F, 0xFF, 0x51 };

	if (image.len >= sizeof(jpeg) && memcmp(image.ptr, jpeg, sizeof(jpeg)) == 0)
		return SJ_IMAGE_JPEG;
	if ((image.len >= sizeof(jp2) && memcmp(image.ptr, jp2, sizeof(jp2)) == 0) ||
	    (image.len >= sizeof(codestream) &&
	     memcmp(image.ptr, codestream, sizeof(codestream)) == 0))
		return SJ_IMAGE_JPEG2000;
	return SJ_IMAGE_UNKNOWN;
}

/* --- DG2: facial record -------------------------------------------------------- */

static bool skip(struct sj_span *in, size_t n)
{
	struct sj_span skipped;

	return sj_take(in, n, &skipped);
}

/* One facial record data block; `in` begins after its length field. */
static bool image_read(struct sj_span in, struct sj_face *out)
{
	uint32_t points, type, width, height;

	if (!sj_take_be(&in, 2, &points) || !skip(&in, FACIAL_INFORMATION - 4 - 2) ||
	    !skip(&in, points * FEATURE_POINT) || !skip(&in, 1) || !sj_take_be(&in, 1, &type) ||
	    !sj_take_be(&in, 2, &width) || !sj_take_be(&in, 2, &height) ||
	    !skip(&in, IMAGE_INFORMATION - 6) || in.len == 0)
		return false;
	*out = (struct sj_face){
		.image = in,
		.type = type == 0   ? SJ_IMAGE_JPEG
			: type == 1 ? SJ_IMAGE_JPEG2000
				    : SJ_IMAGE_UNKNOWN,
		.width = (uint16_t)width,
		.height = (uint16_t)height,
	};
	return true;
}

/* A facial record: header, then as many images as it announces. */
static bool record_read(struct sj_span in, struct sj_dg2 *out)
{
	const size_t size = in.len;
	struct sj_span magic, image;
	struct sj_face face;
	uint32_t announced, count, length;

	if (!sj_take(&in, 8, &magic) || !sj_span_eq(magic, SJ_SPAN_STR("FAC\0\x30\x31\x30\0")) ||
	    !sj_take_be(&in, 4, &announced) || announced != size || !sj_take_be(&in, 2, &count) ||
	    count == 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (!sj_take_be(&in, 4, &length) || length < 4 ||
		    !sj_take(&in, length - 4, &image) ||
		    !image_read(image, i == 0 ? &out->face : &face))
			return false;
	}
	out->images = count;
	return in.len == 0;
}

/* A biometric information template: header A1, then the data block. */
static bool template_data(struct sj_span template, struct sj_span *data)
{
	struct sj_span header;

	if (sj_tlv_find(template, SJ_TAG_BIOMETRIC_HEADER, &header) != SJ_TLV_FOUND)
		return false;
	return sj_tlv_find(template, SJ_TAG_BIOMETRIC_DATA, data) == SJ_TLV_FOUND ||
	       sj_tlv_find(template, SJ_TAG_BIOMETRIC_DATA_CONSTRUCTED, data) == SJ_TLV_FOUND;
}

bool sj_dg2_parse(struct sj_span file, struct sj_dg2 *out)
{
	struct sj_span content, group, number, template, data, first = { NULL, 0 };
	uint32_t announced;

	memset(out, 0, sizeof(*out));
	if (!sj_lds_open(file, SJ_TAG_DG2, &content) ||
	    !sj_lds_open(content, SJ_TAG_BIOMETRIC_GROUP, &group) ||
	    sj_tlv_take(&group, 0x02, &number) != SJ_TLV_FOUND || !sj_der_small(number, &announced))
		return false;
	while (group.len > 0) {
		if (sj_tlv_take(&group, SJ_TAG_BIOMETRIC_TEMPLATE, &template) != SJ_TLV_FOUND ||
		    !template_data(template, &data))
			return false;
		if (out->instances++ == 0)
			first = data;
	}
	return out->instances > 0 && out->instances == announced && record_read(first, out);
}

static void put_header(struct sj_writer *w)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, 0x80, SJ_SPAN_STR("\x01\x01")); /* ICAO header version 1.1 */
	sj_tlv_put(w, 0x81, SJ_SPAN_STR("\x02")); /* biometric type: facial features */
	sj_tlv_put(w, 0x82, SJ_SPAN_STR("\0")); /* subtype: no information */
	sj_tlv_put(w, 0x87, SJ_SPAN_STR("\x01\x01")); /* format owner: ISO/IEC JTC 1/SC 37 */
	sj_tlv_put(w, 0x88, SJ_SPAN_STR("\0\x08")); /* format type: face image */
	sj_tlv_close(w, SJ_TAG_BIOMETRIC_HEADER, at);
}

static void put_record(struct sj_writer *w, const struct sj_face *face, uint32_t block)
{
	sj_put(w, SJ_SPAN_STR("FAC\0\x30\x31\x30\0"));
	sj_put_be(w, 4, RECORD_HEADER + block);
	sj_put_be(w, 2, 1); /* one image */
	sj_put_be(w, 4, block);
	sj_put_fill(w, 0, FACIAL_INFORMATION - 4); /* no feature points, nothing else said */
	sj_put_u8(w, 0x01); /* full frontal */
	sj_put_u8(w, face->type == SJ_IMAGE_JPEG ? 0 : 1);
	sj_put_be(w, 2, face->width);
	sj_put_be(w, 2, face->height);
	sj_put_u8(w, 0x01); /* sRGB */
	sj_put_fill(w, 0, IMAGE_INFORMATION - 7); /* source, device and quality not said */
	sj_put(w, face->image);
}

void sj_dg2_put(struct sj_writer *w, const struct sj_face *face)
{
	const size_t fixed = FACIAL_INFORMATION + IMAGE_INFORMATION;
	size_t at = sj_tlv_open(w), group, template, data;

	if (face->image.len == 0 || face->image.len > UINT32_MAX - RECORD_HEADER - fixed ||
	    (face->type != SJ_IMAGE_JPEG && face->type != SJ_IMAGE_JPEG2000)) {
		w->failed = true;
		return;
	}
	group = sj_tlv_open(w);
	sj_der_put_small(w, 1);
	template = sj_tlv_open(w);
	put_header(w);
	data = sj_tlv_open(w);
	put_record(w, face, (uint32_t)(fixed + face->image.len));
	sj_tlv_close(w, SJ_TAG_BIOMETRIC_DATA, data);
	sj_tlv_close(w, SJ_TAG_BIOMETRIC_TEMPLATE, template);
	sj_tlv_close(w, SJ_TAG_BIOMETRIC_GROUP, group);
	sj_tlv_close(w, SJ_TAG_DG2, at);
}

/* --- DG7 ------------------------------------------------------------------------- */

bool sj_dg7_parse(struct sj_span file, struct sj_dg7 *out)
{
	struct sj_span content;
	uint32_t announced;

	memset(out, 0, sizeof(*out));
	if (!sj_lds_open(file, SJ_TAG_DG7, &content) || !sj_der_take_small(&content, &announced) ||
	    announced == 0 || announced > SJ_DG7_MAX)
		return false;
	for (; out->count < announced; out->count++) {
		if (sj_tlv_take(&content, SJ_TAG_SIGNATURE_IMAGE, &out->images[out->count]) !=
		    SJ_TLV_FOUND)
			return false;
	}
	return content.len == 0;
}

void sj_dg7_put(struct sj_writer *w, const struct sj_dg7 *dg7)
{
	size_t at = sj_tlv_open(w);

	if (dg7->count == 0 || dg7->count > SJ_DG7_MAX) {
		w->failed = true;
		return;
	}
	sj_der_put_small(w, dg7->count);
	for (unsigned i = 0; i < dg7->count; i++)
		sj_tlv_put(w, SJ_TAG_SIGNATURE_IMAGE, dg7->images[i]);
	sj_tlv_close(w, SJ_TAG_DG7, at);
}
