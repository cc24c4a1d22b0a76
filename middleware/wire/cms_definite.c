#include "wire/cms.h"

#include "wire/std/rfc5652.h"

#define INDEFINITE 0x80u
#define CONSTRUCTED_OCTET_STRING 0x24u

/* An object of indefinite length that is open: its tag and where its content begins. */
struct level {
	uint32_t tag;
	size_t at;
};

struct state {
	struct sj_span in;
	struct sj_writer *out;
	struct level open[SJ_CMS_DEPTH];
	size_t depth;
};

/* Takes tag and 80 of an object of indefinite length; false: something else comes. */
static bool take_indefinite(struct sj_span *in, uint32_t *tag)
{
	struct sj_span rest = *in;
	uint8_t length;

	/* One-byte tags, constructed: all that CMS has outside definite lengths. */
	if (!sj_take_be(&rest, 1, tag) || !(*tag & 0x20) || (*tag & 0x1F) == 0x1F ||
	    !sj_take_u8(&rest, &length) || length != INDEFINITE)
		return false;
	*in = rest;
	return true;
}

bool sj_cms_is_indefinite(struct sj_span in)
{
	uint32_t tag;

	return take_indefinite(&in, &tag);
}

/* Joins the pieces of a constructed OCTET STRING of definite length. */
static bool put_pieces(struct sj_writer *w, struct sj_span pieces)
{
	struct sj_span piece;

	while (pieces.len > 0) {
		if (sj_tlv_take(&pieces, SJ_ASN1_OCTET_STRING, &piece) != SJ_TLV_FOUND)
			return false;
		sj_put(w, piece);
	}
	return true;
}

static bool inside_octet_string(const struct state *s)
{
	return s->depth > 0 && s->open[s->depth - 1].tag == CONSTRUCTED_OCTET_STRING;
}

/* Copies one object of definite length; inside an OCTET STRING its value only. */
static bool copy_definite(struct state *s)
{
	struct sj_span element, value, copy = s->in;
	uint32_t tag;
	size_t at;

	if (sj_tlv_take_any(&s->in, &element) != SJ_TLV_FOUND ||
	    sj_tlv_next(&copy, &tag, &value) != SJ_TLV_FOUND)
		return false;
	if (inside_octet_string(s)) {
		sj_put(s->out, value);
		return tag == SJ_ASN1_OCTET_STRING;
	}
	if (tag != CONSTRUCTED_OCTET_STRING) {
		sj_put(s->out, element);
		return true;
	}
	at = sj_tlv_open(s->out);
	if (!put_pieces(s->out, value))
		return false;
	sj_tlv_close(s->out, SJ_ASN1_OCTET_STRING, at);
	return true;
}

/* Opens, closes or copies the next object. */
static bool step(struct state *s)
{
	struct sj_span end;
	struct level *level;
	uint32_t tag;

	if (take_indefinite(&s->in, &tag)) {
		if (s->depth == SJ_CMS_DEPTH || inside_octet_string(s))
			return false;
		s->open[s->depth++] = (struct level){ tag, sj_tlv_open(s->out) };
		return true;
	}
	if (s->depth > 0 && s->in.len >= 2 && s->in.ptr[0] == 0 && s->in.ptr[1] == 0) {
		level = &s->open[--s->depth];
		tag = level->tag == CONSTRUCTED_OCTET_STRING ? SJ_ASN1_OCTET_STRING : level->tag;
		sj_tlv_close(s->out, tag, level->at);
		return sj_take(&s->in, 2, &end);
	}
	return copy_definite(s);
}

bool sj_cms_definite(struct sj_span in, struct sj_writer *out)
{
	struct state s = { .in = in, .out = out };

	do {
		if (!step(&s) || out->failed)
			return false;
	} while (s.depth > 0);
	return s.in.len == 0;
}
