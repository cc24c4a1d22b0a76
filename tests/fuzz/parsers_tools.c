/* What tools take from strangers or from files: pictures, what their decoder answers, and PEM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/portrait.h"
#include "key/key.h"
#include "portrait/portrait.h"
#include "tests/fuzz/command.h"
#include "wire/hex.h"

/* --- pictures ------------------------------------------------------------------------------- */

#define PIXELS 4096u /* of a picture: larger ones are decoded no other way */
#define TILES 64u /* times components: what more of them need is ended by the program's memory */

static const char *const pictures[] = {
	/* JPEG, gray */
	"FFD8FFE000104A46494600010100000100010000FFDB0043001B12141714111B1716171E1C1B2028"
	"422B28252528513A3D3042605565645F555D5B6A7899816A7190735B5D85B586909EA3ABADAB6780"
	"BCC9BAA6C799A8ABA4FFC0000B080008000801011100FFC400140001000000000000000000000000"
	"00000001FFC400191001010003010000000000000000000000010200031105FFDA0008010100003F"
	"003C3D73125DA4CC9D55E019FFD9",
	/* JPEG, progressive */
	"FFD8FFE000104A46494600010100000100010000FFDB0043001B12141714111B1716171E1C1B2028"
	"422B28252528513A3D3042605565645F555D5B6A7899816A7190735B5D85B586909EA3ABADAB6780"
	"BCC9BAA6C799A8ABA4FFC2000B080009000901011100FFC400170000030100000000000000000000"
	"00000001020304FFDA0008010100000001094C5FFFC4001910000203010000000000000000000000"
	"00000201031433FFDA0008010100010502A20D2E2F23FFC400181000020300000000000000000000"
	"0000000002103171FFDA0008010100063F022946C8FFC4001B100100010501000000000000000000"
	"00000100101121A1B1F1FFDA0008010100013F2100BB809E33373CA7FFDA0008010100000010CFFF"
	"C4001A10010002030100000000000000000000000100111051F0C1FFDA0008010100013F1004E02D"
	"56809CA7B3ABB63FFFD9",
	/* codestream */
	"FF4FFF51002900000000000500000004000000000000000000000005000000040000000000000000"
	"0001070101FF52000C00000001000004040001FF5C00044040FF6400250001437265617465642062"
	"79204F70656E4A5045472076657273696F6E20322E352E30FF90000A0000000000250001FF93DF80"
	"A01211520019BC4AB3924BC5433438189F575F9272FFD9",
	/* JP2, three colours */
	"0000000C6A5020200D0A870A00000014667479706A703220000000006A7032200000002D6A703268"
	"000000166968647200000005000000060003070700000000000F636F6C7201000000000010000000"
	"B66A703263FF4FFF51002F0000000000060000000500000000000000000000000600000005000000"
	"00000000000003070101070101070101FF52000C00000001000104040001FF5C00074040484850FF"
	"640025000143726561746564206279204F70656E4A5045472076657273696F6E20322E352E30FF90"
	"000A00000000003B0001FF93DF80300946E3AA817FDF8030077C5C55DABDDF80480695B9A2A7ECAF"
	"5677C1F38300158BC180C0F90180158BBFFFD9",
	/* JP2, sYCC */
	"0000000C6A5020200D0A870A00000014667479706A703220000000006A7032200000002D6A703268"
	"000000166968647200000005000000060003070700000000000F636F6C7201000000000012000000"
	"B66A703263FF4FFF51002F0000000000060000000500000000000000000000000600000005000000"
	"00000000000003070101070101070101FF52000C00000001000104040001FF5C00074040484850FF"
	"640025000143726561746564206279204F70656E4A5045472076657273696F6E20322E352E30FF90"
	"000A00000000003B0001FF93DF80300946E3AA817FDF8030077C5C55DABDDF80480695B9A2A7ECAF"
	"5677C1F38300158BC180C0F90180158BBFFFD9",
};

static bool picture_seed(size_t i, struct sj_writer *w)
{
	return i < sizeof(pictures) / sizeof(pictures[0]) &&
	       sj_hex_read(pictures[i], strlen(pictures[i]), w) && !w->failed;
}

static uint32_t be(const uint8_t *at, size_t n)
{
	struct sj_span in = sj_span(at, n);
	uint32_t value;

	return sj_take_be(&in, n, &value) ? value : 0;
}

/* How many tiles from the grid's first edge to the picture's last. */
static uint64_t tiles(uint32_t last, uint32_t first, uint32_t size)
{
	return size == 0 || last < first ? 0 : ((uint64_t)last - first + size - 1) / size;
}

/* OpenJPEG makes room for all tiles before it says how large the picture is (ITU-T T.800, A.5.1). */
static bool wants_much(struct sj_span in)
{
	static const uint8_t begin[] = { 0xFF, 0x4F, 0xFF, 0x51 };

	for (const uint8_t *at = in.ptr, *end = in.ptr + in.len;
	     (at = memmem(at, (size_t)(end - at), begin, sizeof(begin))) != NULL; at++) {
		const uint8_t *siz = at + sizeof(begin) + 4; /* after the length and the profile */

		if (end - siz < 34)
			return false;
		if (tiles(be(siz, 4), be(siz + 24, 4), be(siz + 16, 4)) *
			    tiles(be(siz + 4, 4), be(siz + 28, 4), be(siz + 20, 4)) *
			    be(siz + 32, 2) >
		    TILES)
			return true;
	}
	return false;
}

static bool picture_run(struct sj_span in)
{
	struct portrait p = { .most = PIXELS };
	bool ok;

	if (wants_much(in))
		return false;
	ok = portrait_decode(&p, in.ptr, in.len);
	if (ok)
		fuzz_touch(sj_span(p.pixels, (size_t)p.width * p.height * 3));
	else if (p.why[0] == '\0')
		abort(); /* refused without a word */
	free(p.pixels);
	return ok;
}

/* --- what the decoder answers, which may have been taken over ---------------------------------- */

static bool pixels_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = { SJ_SPAN_STR("1 2\nRGBrgb"),
					 SJ_SPAN_STR("1 1\n\xFF\x00\x80") };

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2 && !w->failed;
}

static bool pixels_run(struct sj_span in)
{
	char *text = malloc(in.len + 1); /* as a child's output is kept: with a zero behind it */
	const uint8_t *pixels = NULL;
	unsigned width, height;

	if (text != NULL) {
		memcpy(text, in.ptr, in.len);
		text[in.len] = '\0';
		pixels = cli_portrait_pixels(text, in.len, &width, &height);
	}
	if (pixels != NULL)
		fuzz_touch(sj_span(pixels, (size_t)width * height * 3));
	free(text);
	return pixels != NULL;
}

/* --- PEM ---------------------------------------------------------------------------------------- */

static bool pem_seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR("told before\n-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n"
			    "-----END PRIVATE KEY-----\n"),
		SJ_SPAN_STR("0\x03\x02\x01\x00"),
	};

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2 && !w->failed;
}

static bool pem_run(struct sj_span in)
{
	struct fuzz_command f;
	uint8_t *der = NULL;
	size_t len;
	bool ok = fuzz_command_begin(&f, in) &&
		  key_pem_read(&f.cli, f.path, "PRIVATE KEY", &der, &len) == 0;

	if (ok)
		fuzz_touch(sj_span(der, len));
	else if (der != NULL)
		abort(); /* refused, and kept */
	free(der);
	return fuzz_command_end(&f, ok);
}

static const struct fuzz_parser parsers[] = {
	{ "picture", picture_seed, picture_run },
	{ "picture-pixels", pixels_seed, pixels_run },
	{ "pem", pem_seed, pem_run },
};

struct fuzz_room fuzz_tools(void)
{
	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
