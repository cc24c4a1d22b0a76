/* picture.c -- what all pictures have in common. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portrait.h"

bool portrait_refuse(struct portrait *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->why, sizeof(p->why), format, args);
	va_end(args);
	return false;
}

bool portrait_room(struct portrait *p, uint32_t width, uint32_t height)
{
	if (width == 0 || height == 0)
		return portrait_refuse(p, "it has no pixels");
	if (width > PORTRAIT_SIDE_MAX || height > PORTRAIT_SIDE_MAX ||
	    (uint64_t)width * height > p->most)
		return portrait_refuse(p, "%u x %u pixels are too many", width, height);
	free(p->pixels);
	p->pixels = calloc((size_t)width * height, 3);
	if (p->pixels == NULL)
		return portrait_refuse(p, "no memory");
	p->width = width;
	p->height = height;
	return true;
}

bool portrait_decode(struct portrait *p, const uint8_t *bytes, size_t len)
{
	static const uint8_t jp2[] = { 0, 0, 0, 12, 'j', 'P', ' ', ' ' };
	static const uint8_t codestream[] = { 0xFF, 0x4F, 0xFF, 0x51 };
	static const uint8_t jpeg[] = { 0xFF, 0xD8, 0xFF };

	if (len > sizeof(jpeg) && memcmp(bytes, jpeg, sizeof(jpeg)) == 0)
		return portrait_jpeg(p, bytes, len);
	if (len > sizeof(jp2) && (memcmp(bytes, jp2, sizeof(jp2)) == 0 ||
				  memcmp(bytes, codestream, sizeof(codestream)) == 0))
		return portrait_jpeg2000(p, bytes, len);
	return portrait_refuse(p, "neither JPEG nor JPEG 2000");
}
