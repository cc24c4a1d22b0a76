/* jpeg.c -- JPEG by libjpeg, with an end to progressive ones. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "portrait.h"

struct decoder {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed; /* libjpeg's way out */
	struct portrait *portrait;
};

static void fail(j_common_ptr jpeg)
{
	struct decoder *d = jpeg->client_data;
	char text[JMSG_LENGTH_MAX];

	jpeg->err->format_message(jpeg, text);
	portrait_refuse(d->portrait, "JPEG: %.80s", text);
	longjmp(d->failed, 1);
}

/* A damaged file is shown as far as it is sound; nothing is printed. */
static void silent(j_common_ptr jpeg, int level)
{
	(void)jpeg;
	(void)level;
}

/* A file of a kilobyte can ask for thousands of passes over a large picture. */
static void watch(j_common_ptr jpeg)
{
	struct decoder *d = jpeg->client_data;

	if (d->jpeg.input_scan_number <= (int)PORTRAIT_SCANS_MAX)
		return;
	portrait_refuse(d->portrait, "JPEG: more than %u scans", PORTRAIT_SCANS_MAX);
	longjmp(d->failed, 1);
}

static bool decode(struct decoder *d, const uint8_t *bytes, size_t len)
{
	struct jpeg_decompress_struct *jpeg = &d->jpeg;

	jpeg_mem_src(jpeg, bytes, (unsigned long)len);
	jpeg_read_header(jpeg, TRUE);
	if (!portrait_room(d->portrait, jpeg->image_width, jpeg->image_height))
		return false;
	jpeg->out_color_space = JCS_RGB; /* of CMYK there is no way: fail() */
	jpeg->dct_method = JDCT_ISLOW;
	jpeg_start_decompress(jpeg);
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = d->portrait->pixels +
			       (size_t)jpeg->output_scanline * jpeg->output_width * 3;

		jpeg_read_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_decompress(jpeg);
	return true;
}

bool portrait_jpeg(struct portrait *p, const uint8_t *bytes, size_t len)
{
	struct decoder *d = calloc(1, sizeof(*d));
	volatile bool ok = false;

	if (d == NULL)
		return portrait_refuse(p, "no memory");
	d->portrait = p;
	d->jpeg.err = jpeg_std_error(&d->errors);
	d->errors.error_exit = fail;
	d->errors.emit_message = silent;
	d->progress.progress_monitor = watch;
	d->jpeg.client_data = d;
	if (setjmp(d->failed) == 0) {
		jpeg_create_decompress(&d->jpeg);
		d->jpeg.progress = &d->progress;
		ok = decode(d, bytes, len);
	}
	jpeg_destroy_decompress(&d->jpeg);
	free(d);
	return ok;
}
