/* output.c -- pixels to standard output. */
#include <setjmp.h>
#include <stdio.h>

#include <png.h>

#include "portrait.h"

bool portrait_write_png(const struct portrait *p)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
			    .width = p->width,
			    .height = p->height,
			    .format = PNG_FORMAT_RGB,
			    .flags = PNG_IMAGE_FLAG_FAST };

	return png_image_write_to_stdio(&image, stdout, 0, p->pixels, 0, NULL) != 0 &&
	       fflush(stdout) == 0;
}

/* The mean of the pixels from (x0, y0) to before (x1, y1). */
static void mean(const struct portrait *p, const unsigned box[static 4], uint8_t out[static 3])
{
	uint64_t sum[3] = { 0 }, n = 0;

	for (unsigned y = box[1]; y < box[3]; y++) {
		for (unsigned x = box[0]; x < box[2]; x++, n++) {
			for (size_t i = 0; i < 3; i++)
				sum[i] += p->pixels[((size_t)y * p->width + x) * 3 + i];
		}
	}
	for (size_t i = 0; i < 3; i++)
		out[i] = (uint8_t)(n == 0 ? 0 : sum[i] / n);
}

bool portrait_write_rgb(const struct portrait *p, unsigned width, unsigned height)
{
	if (p->width == 0 || p->height == 0)
		return false;
	if (width > p->width)
		width = p->width;
	if ((uint64_t)width * p->height > (uint64_t)height * p->width)
		width = (unsigned)((uint64_t)height * p->width / p->height);
	if (width == 0)
		width = 1;
	height = (unsigned)((uint64_t)width * p->height / p->width);
	if (height == 0)
		height = 1;
	printf("%u %u\n", width, height);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			const unsigned box[4] = { x * p->width / width, y * p->height / height,
						  (x + 1) * p->width / width,
						  (y + 1) * p->height / height };
			uint8_t pixel[3];

			mean(p, box, pixel);
			fwrite(pixel, 1, sizeof(pixel), stdout);
		}
	}
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}
