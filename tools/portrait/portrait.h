/*
 * portrait.h -- pictures that nobody vouches for, from a card to pixels.
 *
 * sojourn-portrait reads a JPEG or JPEG 2000 on standard input and writes a PNG: alone in a
 * process that can do nothing else. Whoever wants a picture starts it (cli/portrait.h).
 */
#ifndef SOJOURN_TOOLS_PORTRAIT_PORTRAIT_H
#define SOJOURN_TOOLS_PORTRAIT_PORTRAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PORTRAIT_INPUT_MAX (1u << 20) /* bytes of a file */
#define PORTRAIT_SIDE_MAX 8192u /* pixels of a side */
#define PORTRAIT_PIXELS (4u * 1024u * 1024u) /* of the whole, unless told otherwise */
#define PORTRAIT_SCANS_MAX 40u /* of a progressive JPEG */
#define PORTRAIT_MEMORY (256u << 20) /* bytes of the whole process */
#define PORTRAIT_SECONDS 3u /* of a processor */

/* Three bytes a pixel: red, green, blue. */
struct portrait {
	unsigned width, height;
	uint8_t *pixels; /* freed by the owner */
	uint32_t most; /* pixels; set it before decoding */
	char why[96]; /* a clause: why it was refused */
};

/* Notes why; false, so that it can be returned. */
__attribute__((format(printf, 2, 3))) bool portrait_refuse(struct portrait *p, const char *format,
							   ...);
/* Makes room for a picture of that size. False: too large, or no memory. */
bool portrait_room(struct portrait *p, uint32_t width, uint32_t height);

/* Each decodes one kind. False: refused, p->why says so. */
bool portrait_jpeg(struct portrait *p, const uint8_t *bytes, size_t len);
bool portrait_jpeg2000(struct portrait *p, const uint8_t *bytes, size_t len);
/* By its first bytes. */
bool portrait_decode(struct portrait *p, const uint8_t *bytes, size_t len);

/* To standard output. False: it cannot be written. */
bool portrait_write_png(const struct portrait *p);
/*
 * The picture in at most that many pixels, never enlarged, as `width height\n` and its bytes: for a
 * terminal, whose "pixels" are half a character high.
 */
bool portrait_write_rgb(const struct portrait *p, unsigned width, unsigned height);

#endif
