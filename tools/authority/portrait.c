#include "authority/portrait.h"

#define JPEG_SOI 0xFFD8u
#define JPEG_SOS 0xFFDAu
#define END_OF_IMAGE 0xFFD9u /* EOI and EOC */
#define J2K_SOC_SIZ 0xFF4FFF51u
#define JP2_SIGNATURE 0x6A502020u /* "jP  " */
#define JP2_HEADER 0x6A703268u /* "jp2h" */
#define JP2_IMAGE_HEADER 0x69686472u /* "ihdr" */
#define JP2_CODESTREAM 0x6A703263u /* "jp2c" */

/* A frame header: SOF0 to SOF15 without DHT, JPG and DAC (T.81, table B.1). */
static bool is_frame(uint32_t marker)
{
	return marker >= 0xFFC0 && marker <= 0xFFCF && marker != 0xFFC4 && marker != 0xFFC8 &&
	       marker != 0xFFCC;
}

static bool set_size(uint32_t width, uint32_t height, struct sj_face *out)
{
	if (width == 0 || height == 0 || width > UINT16_MAX || height > UINT16_MAX)
		return false;
	out->width = (uint16_t)width;
	out->height = (uint16_t)height;
	return true;
}

static bool read_jpeg(struct sj_span in, struct sj_face *out)
{
	uint32_t marker, size, precision, height, width;
	struct sj_span segment;

	if (!sj_take_be(&in, 2, &marker) || marker != JPEG_SOI)
		return false;
	while (sj_take_be(&in, 2, &marker) && marker >= 0xFF00 && marker != JPEG_SOS) {
		if (marker == 0xFFFF) { /* fill byte: the next begins one byte on */
			in = sj_span(in.ptr - 1, in.len + 1);
			continue;
		}
		if (!sj_take_be(&in, 2, &size) || size < 2 || !sj_take(&in, size - 2, &segment))
			return false;
		if (is_frame(marker))
			return sj_take_be(&segment, 1, &precision) &&
			       sj_take_be(&segment, 2, &height) &&
			       sj_take_be(&segment, 2, &width) && set_size(width, height, out);
	}
	return false;
}

/* The SIZ segment at the codestream's beginning: extent minus offset. */
static bool read_codestream(struct sj_span in, struct sj_face *out)
{
	uint32_t markers, skipped, width, height, x, y;

	return sj_take_be(&in, 4, &markers) && markers == J2K_SOC_SIZ &&
	       sj_take_be(&in, 4, &skipped) && sj_take_be(&in, 4, &width) &&
	       sj_take_be(&in, 4, &height) && sj_take_be(&in, 4, &x) && sj_take_be(&in, 4, &y) &&
	       x <= width && y <= height && set_size(width - x, height - y, out);
}

/* Takes the next box (not one of 64-bit length); length 0: to the end. */
static bool take_box(struct sj_span *in, uint32_t *type, struct sj_span *content)
{
	struct sj_span rest = *in;
	uint32_t size;

	if (!sj_take_be(&rest, 4, &size) || !sj_take_be(&rest, 4, type))
		return false;
	if (size == 0)
		size = (uint32_t)(rest.len + 8);
	if (size < 8 || !sj_take(&rest, size - 8, content))
		return false;
	*in = rest;
	return true;
}

static bool find_box(struct sj_span in, uint32_t wanted, struct sj_span *content)
{
	uint32_t type;

	while (take_box(&in, &type, content)) {
		if (type == wanted)
			return true;
	}
	return false;
}

static bool read_jp2(struct sj_span in, struct sj_face *out)
{
	struct sj_span header, image;
	uint32_t height, width;

	return find_box(in, JP2_SIGNATURE, &header) && find_box(in, JP2_HEADER, &header) &&
	       find_box(header, JP2_IMAGE_HEADER, &image) && sj_take_be(&image, 4, &height) &&
	       sj_take_be(&image, 4, &width) && set_size(width, height, out);
}

bool sj_portrait_read(struct sj_span image, struct sj_face *out)
{
	struct sj_face face = { .image = image, .type = SJ_IMAGE_JPEG };

	if (!read_jpeg(image, &face)) {
		face.type = SJ_IMAGE_JPEG2000;
		if (!read_jp2(image, &face) && !read_codestream(image, &face))
			return false;
	}
	*out = face;
	return true;
}

static bool ends(struct sj_span image)
{
	uint32_t last;

	if (image.len < 2)
		return false;
	image = sj_span(image.ptr + image.len - 2, 2);
	return sj_take_be(&image, 2, &last) && last == END_OF_IMAGE;
}

bool sj_portrait_is_whole(const struct sj_face *face)
{
	struct sj_span in = face->image, content;
	bool whole = false;
	uint32_t type;

	if (face->type == SJ_IMAGE_JPEG || !find_box(in, JP2_SIGNATURE, &content))
		return ends(in);
	while (take_box(&in, &type, &content))
		whole = whole || (type == JP2_CODESTREAM && ends(content));
	return whole && in.len == 0;
}
