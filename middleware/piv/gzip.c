/* gzip.c -- zlib, into memory of fixed size: a bomb fills it and no more. */
#include "piv/gzip.h"

#define ZLIB_CONST
#include <zlib.h>

#define WINDOW_GZIP (15 + 16) /* zlib.h: gzip's header and trailer */

static void prepare(z_stream *z, struct sj_span in, const struct sj_writer *out)
{
	z->next_in = in.ptr;
	z->avail_in = (uInt)in.len;
	z->next_out = out->ptr + out->len;
	z->avail_out = (uInt)(out->cap - out->len);
}

bool sj_gunzip(struct sj_span in, struct sj_writer *out)
{
	z_stream z = { .zalloc = Z_NULL };
	bool ok;

	if (out->failed || in.len > INT32_MAX || out->cap - out->len > INT32_MAX ||
	    inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return false;
	prepare(&z, in, out);
	ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0;
	if (ok)
		out->len = out->cap - z.avail_out;
	inflateEnd(&z);
	return ok;
}

bool sj_gzip(struct sj_span in, struct sj_writer *out)
{
	z_stream z = { .zalloc = Z_NULL };
	bool ok;

	if (out->failed || in.len > INT32_MAX || out->cap - out->len > INT32_MAX ||
	    deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, 9, Z_DEFAULT_STRATEGY) !=
		    Z_OK)
		return false;
	prepare(&z, in, out);
	ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
	if (ok)
		out->len = out->cap - z.avail_out;
	deflateEnd(&z);
	return ok;
}
