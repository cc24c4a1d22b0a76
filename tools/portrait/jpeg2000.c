/* jpeg2000.c -- JPEG 2000 by OpenJPEG, file format or bare codestream. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openjpeg.h>

#include "portrait.h"

#define COMPONENTS_MAX 4u /* three colours and what we leave out */

struct source {
	const uint8_t *bytes;
	size_t len, at;
};

static OPJ_SIZE_T source_read(void *buffer, OPJ_SIZE_T n, void *user)
{
	struct source *s = user;

	if (s->at >= s->len)
		return (OPJ_SIZE_T)-1;
	if (n > s->len - s->at)
		n = s->len - s->at;
	memcpy(buffer, s->bytes + s->at, n);
	s->at += n;
	return n;
}

static OPJ_BOOL source_seek(OPJ_OFF_T to, void *user)
{
	struct source *s = user;

	if (to < 0 || (uint64_t)to > s->len)
		return OPJ_FALSE;
	s->at = (size_t)to;
	return OPJ_TRUE;
}

static OPJ_OFF_T source_skip(OPJ_OFF_T n, void *user)
{
	struct source *s = user;

	return n >= 0 && source_seek((OPJ_OFF_T)s->at + n, user) ? n : -1;
}

static opj_stream_t *stream_of(struct source *s)
{
	opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);

	if (stream == NULL)
		return NULL;
	opj_stream_set_read_function(stream, source_read);
	opj_stream_set_skip_function(stream, source_skip);
	opj_stream_set_seek_function(stream, source_seek);
	opj_stream_set_user_data(stream, s, NULL);
	opj_stream_set_user_data_length(stream, s->len);
	return stream;
}

/* The sample of a component at a pixel of the picture, 0 to 255. */
static int sample(const opj_image_comp_t *c, uint32_t x, uint32_t y)
{
	uint32_t cx = x / c->dx, cy = y / c->dy;
	int64_t v;

	if (cx >= c->w)
		cx = c->w - 1;
	if (cy >= c->h)
		cy = c->h - 1;
	v = c->data[(size_t)cy * c->w + cx];
	if (c->sgnd)
		v += INT64_C(1) << (c->prec - 1);
	v = c->prec > 8 ? v >> (c->prec - 8) : v * 255 / ((1 << c->prec) - 1);
	return v < 0 ? 0 : v > 255 ? 255 : (int)v;
}

static uint8_t clamp(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)lround(v);
}

/* ITU-T T.871, as sYCC has it. */
static void from_ycc(uint8_t *pixel, int y, int cb, int cr)
{
	pixel[0] = clamp(y + 1.402 * (cr - 128));
	pixel[1] = clamp(y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128));
	pixel[2] = clamp(y + 1.772 * (cb - 128));
}

static bool sound(const opj_image_t *image)
{
	for (uint32_t i = 0; i < image->numcomps; i++) {
		const opj_image_comp_t *c = &image->comps[i];

		if (c->data == NULL || c->w == 0 || c->h == 0 || c->dx == 0 || c->dy == 0 ||
		    c->prec == 0 || c->prec > 16)
			return false;
	}
	return true;
}

static bool convert(struct portrait *p, const opj_image_t *image)
{
	const opj_image_comp_t *c = image->comps;
	const bool colours = image->numcomps >= 3;

	if (!sound(image))
		return portrait_refuse(p, "JPEG 2000: samples that are none");
	for (uint32_t y = 0; y < p->height; y++) {
		for (uint32_t x = 0; x < p->width; x++) {
			uint8_t *pixel = p->pixels + ((size_t)y * p->width + x) * 3;
			int v[3];

			for (size_t i = 0; i < 3; i++)
				v[i] = sample(colours ? &c[i] : c, x, y);
			if (colours && image->color_space == OPJ_CLRSPC_SYCC)
				from_ycc(pixel, v[0], v[1], v[2]);
			else
				for (size_t i = 0; i < 3; i++)
					pixel[i] = (uint8_t)v[i];
		}
	}
	return true;
}

static bool setup(opj_codec_t *codec)
{
	opj_dparameters_t *parameters = calloc(1, sizeof(*parameters)); /* 8 KiB */
	bool ok = false;

	if (parameters != NULL) {
		opj_set_default_decoder_parameters(parameters);
		ok = opj_setup_decoder(codec, parameters) != 0;
	}
	free(parameters);
	return ok;
}

/* What the header promises is judged before a sample is decoded. */
static bool decode(struct portrait *p, opj_codec_t *codec, opj_stream_t *stream,
		   opj_image_t **image)
{
	if (!setup(codec) || !opj_read_header(stream, codec, image))
		return portrait_refuse(p, "JPEG 2000: no header");
	if ((*image)->numcomps != 1 && (*image)->numcomps != 3 &&
	    (*image)->numcomps != COMPONENTS_MAX)
		return portrait_refuse(p, "JPEG 2000: %u components", (*image)->numcomps);
	if ((*image)->x1 <= (*image)->x0 || (*image)->y1 <= (*image)->y0)
		return portrait_refuse(p, "it has no pixels");
	if (!portrait_room(p, (*image)->x1 - (*image)->x0, (*image)->y1 - (*image)->y0))
		return false;
	if (!opj_decode(codec, stream, *image) || !opj_end_decompress(codec, stream))
		return portrait_refuse(p, "JPEG 2000: the samples end too early");
	return convert(p, *image);
}

bool portrait_jpeg2000(struct portrait *p, const uint8_t *bytes, size_t len)
{
	struct source source = { bytes, len, 0 };
	opj_codec_t *codec =
		opj_create_decompress(bytes[0] == 0xFF ? OPJ_CODEC_J2K : OPJ_CODEC_JP2);
	opj_stream_t *stream = stream_of(&source);
	opj_image_t *image = NULL;
	bool ok = codec != NULL && stream != NULL ? decode(p, codec, stream, &image)
						  : portrait_refuse(p, "no memory");

	opj_image_destroy(image);
	opj_stream_destroy(stream);
	opj_destroy_codec(codec);
	return ok;
}
