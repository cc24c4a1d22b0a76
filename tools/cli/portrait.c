#include "cli/portrait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/child.h"

#define WAIT_MS 5000u
#define OUTPUT_MAX (16u << 20)
#define DRAWN 56u /* pixels of the longer side in a terminal */
#define DRAWN_SIZE "56x56"
#define REFUSED 13

/* What the program writes; argv[0] is its path. */
static bool decode(const uint8_t *bytes, size_t len, const char *rgb, char **out, size_t *out_len,
		   char why[static CLI_PORTRAIT_WHY])
{
	char *path = cli_program_path("portrait");
	const char *const argv[] = { path, rgb != NULL ? "--rgb" : NULL, rgb, NULL };
	int rc = -1;

	*out = NULL;
	if (path != NULL)
		rc = cli_child_filter(argv, bytes, len, WAIT_MS, OUTPUT_MAX, out, out_len);
	free(path);
	if (rc == 0 && *out != NULL && *out_len > 0)
		return true;
	free(*out);
	*out = NULL;
	snprintf(why, CLI_PORTRAIT_WHY, "%s",
		 rc == REFUSED         ? "the picture is damaged or too large"
		 : rc == 127 || rc < 0 ? "the decoder cannot be started"
				       : "the decoder was stopped");
	return false;
}

bool cli_portrait_png(const uint8_t *bytes, size_t len, uint8_t **png, size_t *png_len,
		      char why[static CLI_PORTRAIT_WHY])
{
	char *out;

	if (!decode(bytes, len, NULL, &out, png_len, why))
		return false;
	*png = (uint8_t *)out;
	return true;
}

/* Two pixels, one above the other, in one character: the upper half of a block. */
static void draw(const uint8_t *rgb, unsigned width, unsigned height)
{
	for (unsigned y = 0; y < height; y += 2) {
		for (unsigned x = 0; x < width; x++) {
			const uint8_t *upper = rgb + ((size_t)y * width + x) * 3;
			const uint8_t *lower = y + 1 < height ? upper + (size_t)width * 3 : upper;

			printf("\033[38;2;%u;%u;%u;48;2;%u;%u;%um\u2580", upper[0], upper[1],
			       upper[2], lower[0], lower[1], lower[2]);
		}
		fputs("\033[0m\n", stdout);
	}
}

const uint8_t *cli_portrait_pixels(const char *out, size_t len, unsigned *width, unsigned *height)
{
	char *at;

	*width = (unsigned)strtoul(out, &at, 10);
	*height = (unsigned)strtoul(at, &at, 10);
	if (*width == 0 || *width > DRAWN || *height == 0 || *height > DRAWN || *at != '\n' ||
	    len - (size_t)(at + 1 - out) != (size_t)*width * *height * 3)
		return NULL;
	return (const uint8_t *)at + 1;
}

bool cli_portrait_draw(const uint8_t *bytes, size_t len, char why[static CLI_PORTRAIT_WHY])
{
	unsigned width, height;
	const uint8_t *pixels;
	size_t out_len = 0;
	char *out;

	if (!decode(bytes, len, DRAWN_SIZE, &out, &out_len, why))
		return false;
	pixels = cli_portrait_pixels(out, out_len, &width, &height);
	if (pixels != NULL)
		draw(pixels, width, height);
	else
		snprintf(why, CLI_PORTRAIT_WHY, "the decoder answered nonsense");
	free(out);
	return pixels != NULL;
}
