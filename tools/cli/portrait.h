/* portrait.h -- a picture from a card, decoded by a process that can do nothing else. */
#ifndef SOJOURN_TOOLS_CLI_PORTRAIT_H
#define SOJOURN_TOOLS_CLI_PORTRAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_PORTRAIT_WHY 64

/*
 * JPEG or JPEG 2000 to PNG (free *png). False: refused, damaged, too large, too slow, or the
 * program is not there; `why` gets a clause.
 */
bool cli_portrait_png(const uint8_t *bytes, size_t len, uint8_t **png, size_t *png_len,
		      char why[static CLI_PORTRAIT_WHY]);

/* The same to standard output, a terminal of 24-bit colours: a small picture of 28 lines at most. */
bool cli_portrait_draw(const uint8_t *bytes, size_t len, char why[static CLI_PORTRAIT_WHY]);

/*
 * The bytes of pixels in the decoder's "width height\n" and so many of them, for such a picture; NULL: it
 * answered nonsense. `out` has a zero behind its len bytes.
 */
const uint8_t *cli_portrait_pixels(const char *out, size_t len, unsigned *width, unsigned *height);

#endif
